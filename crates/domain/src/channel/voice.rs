//! IVR call: a call to each registrant that speaks and takes a key.

use super::{Medium, Reach, Rules};

pub(super) const RULES: Rules = Rules {
    title: "IVR Call",
    short_title: "IVR",
    send_by: "Call them",
    invitation: "Call people who missed the message",
    not_available: Some(
        "A recorded voice reads the reminder and asks for a key: 1 to attend, 2 to opt out. This version of Munadi does not place calls.",
    ),
    by: ("by phone call", "फ़ोन कॉल से"),
    medium: Medium::Call,
    reach: Reach::Telephones,
    gap_ms: 0,
    proves_read: false,
    tariffs: &[],
    charged: "",
    unit: None,
};
