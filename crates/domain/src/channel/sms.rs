//! SMS: a text to each registrant with an Indian mobile.

use super::{Medium, Reach, Rules, Tariff};
use crate::time::MINUTE;

pub(super) const RULES: Rules = Rules {
    title: "SMS",
    short_title: "SMS",
    send_by: "Send by SMS",
    invitation: "Reach people without WhatsApp",
    not_available: None,
    by: ("by SMS", "SMS से"),
    medium: Medium::Texts,
    reach: Reach::IndianMobiles,
    // Two on the same number within two minutes are refused as spam (docs/facts/india.md §6.5).
    gap_ms: 2 * MINUTE,
    closed: None,
    proves_read: false,
    // An SMS is service or promotional, or goes by the Quick route (docs/facts/india.md §1.2).
    tariffs: &[
        (Tariff::Utility, "Service"),
        (Tariff::Marketing, "Promotional"),
        (Tariff::Quick, "Quick route"),
    ],
    charged: "each segment that is sent",
    unit: Some(("segment", "segments")),
};
