//! Every vendor that is stood in for: one line each.

use crate::{aisensy, face::Face, fast2sms};

/// In the order in which they are told.
pub const FACES: &[&dyn Face] = &[&aisensy::FACE, &fast2sms::FACE];

/// The stand-in of that vendor.
pub fn face(kind: &str) -> Option<&'static dyn Face> {
    FACES.iter().copied().find(|face| face.kind() == kind)
}
