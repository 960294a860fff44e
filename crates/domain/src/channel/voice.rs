//! IVR call: a call to each registrant that speaks and takes a key.

use super::{Medium, Reach, Rules};
use crate::quiet_hours::QuietHours;

/// No phone rings from 9 PM to 9 AM in India (docs/facts/calls.md §15).
const NO_CALLS: QuietHours = QuietHours { from_minute: 21 * 60, to_minute: 9 * 60 };

pub(super) const RULES: Rules = Rules {
    title: "IVR Call",
    short_title: "IVR",
    send_by: "Call them",
    invitation: "Call people who missed the message",
    not_available: None,
    by: ("by phone call", "फ़ोन कॉल से"),
    medium: Medium::Call,
    reach: Reach::Telephones,
    gap_ms: 0,
    closed: Some(NO_CALLS),
    proves_read: false,
    tariffs: &[],
    charged: "each begun pulse of a call that is picked up",
    unit: None,
};
