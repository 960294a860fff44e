//! What a gateway tells by itself, besides receipts of whole messages.

use super::{AccountState, Jid, Person};
use crate::{phone::Phone, time::Millis};

/// One thing that a gateway told. The same news may come again, and comes from every account that is in the group. The
/// store keeps it once for each group, message, person and kind (docs/facts/groups.md §14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// How the account stands now.
    Account {
        /// The state that the gateway reports.
        state: AccountState,
        /// The linked phone, where it is told.
        phone: Option<Phone>,
        /// When, where it is told.
        at: Option<Millis>,
    },
    /// The account may stand otherwise than before, and what said so proves nothing: the gateway has to be asked.
    AskAccount,
    /// A post left the gateway with this id, where the answer to the call did not carry one. Not proof that WhatsApp
    /// took it.
    HandedOver {
        /// The group that the news is about.
        group: Jid,
        /// The gateway's id of the message.
        message: String,
    },
    /// WhatsApp refused a post, told by a gateway that may not have told the post’s id before: it is that message, or
    /// else the post that is under way to the group.
    Refused {
        /// The group that the news is about.
        group: Jid,
        /// The gateway's id of the message, where it has one.
        message: Option<String>,
        /// Our code of the refusal.
        code: String,
        /// The gateway's words, fit for a screen.
        text: String,
    },
    /// A member's phone got a post, or the member saw it.
    Seen {
        /// The group that the news is about.
        group: Jid,
        /// The gateway's id of the message.
        message: String,
        /// Who; `None` where the gateway does not say, and then nobody can be counted.
        person: Option<Person>,
        /// Which of the two.
        seen: MemberReceiptKind,
        /// When, where it is told.
        at: Option<Millis>,
    },
    /// A member reacted to a post, or took a reaction back.
    Reacted {
        /// The group that the news is about.
        group: Jid,
        /// The gateway's id of the message.
        message: String,
        /// The member whose phone it is.
        person: Person,
        /// With what; `None` takes it back.
        emoji: Option<String>,
        /// When, where it is told.
        at: Option<Millis>,
    },
    /// People came, went, or changed roles.
    Members {
        /// The group that the news is about.
        group: Jid,
        /// Which of these.
        to: MemberMove,
        /// The members that joined or left.
        people: Vec<Person>,
        /// When, where it is told.
        at: Option<Millis>,
    },
    /// Our account came into a group or left it, or its name or rules changed: its description has to be read again.
    GroupChanged {
        /// The group that the news is about.
        group: Jid,
    },
}

crate::text_enum! {
    /// What a member's phone did with a post.
    MemberReceiptKind, "member receipt" {
        /// It is on the phone.
        Delivered = "delivered",
        /// It was opened.
        Read = "read",
    }
}

crate::text_enum! {
    /// What became of members of a group.
    MemberMove, "change of members" {
        /// They joined or were added.
        Joined = "joined",
        /// They left or were removed.
        Left = "left",
        /// They became admins.
        Promoted = "promoted",
        /// They are admins no more.
        Demoted = "demoted",
    }
}
