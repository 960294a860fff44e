//! WhatsApp Personal: a message to each registrant.

use super::{Medium, Reach, Rules, Tariff};

pub(super) const RULES: Rules = Rules {
    title: "WhatsApp Personal",
    short_title: "Personal",
    send_by: "Send by WhatsApp",
    invitation: "Write to each registrant on WhatsApp",
    not_available: None,
    by: ("on WhatsApp", "WhatsApp पर"),
    medium: Medium::WhatsApp,
    reach: Reach::Mobiles,
    gap_ms: 0,
    closed: None,
    proves_read: true,
    tariffs: &[
        (Tariff::Utility, "Utility"),
        (Tariff::Marketing, "Marketing"),
        (Tariff::Authentication, "Authentication"),
    ],
    charged: "each delivered message",
    unit: None,
};
