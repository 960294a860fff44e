//! WhatsApp Group: a post to each group of a workshop.

use super::{Medium, Reach, Rules};

pub(super) const RULES: Rules = Rules {
    title: "WhatsApp Group",
    short_title: "Groups",
    send_by: "Post in groups",
    invitation: "Post once to the groups of a workshop",
    not_available: None,
    by: ("on WhatsApp", "WhatsApp पर"),
    medium: Medium::WhatsApp,
    reach: Reach::Groups,
    gap_ms: 0,
    closed: None,
    proves_read: true,
    tariffs: &[],
    charged: "",
    unit: None,
};
