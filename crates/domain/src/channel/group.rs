//! WhatsApp Group: a post to each group of a workshop.

use super::{Medium, Reach, Rules};

pub(super) const RULES: Rules = Rules {
    title: "WhatsApp Group",
    short_title: "Groups",
    send_by: "Post in groups",
    invitation: "Post once to the groups of a workshop",
    not_available: Some(
        "One message to each WhatsApp group that belongs to the workshop, through a gateway on your own server, with how many members it reached. This version of Munadi does not post to groups.",
    ),
    by: ("on WhatsApp", "WhatsApp पर"),
    medium: Medium::WhatsApp,
    reach: Reach::Mobiles,
    gap_ms: 0,
    proves_read: true,
    tariffs: &[],
    charged: "",
    unit: None,
};
