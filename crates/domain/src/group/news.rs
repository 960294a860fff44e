//! What a gateway reports by itself about accounts, groups and members.

use super::{AccountState, Jid, Person};
use crate::{phone::Phone, time::Millis};

/// One event that a gateway reported. The same event may come again, and it comes from every account that is in the
/// group. The store keeps it once for each group, message, person and kind (docs/facts/groups.md §14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// The state of the account changed.
    Account {
        /// The state that the gateway reports.
        state: AccountState,
        /// The number of the linked phone, where the gateway says.
        phone: Option<Phone>,
        /// When the state changed, where the gateway says.
        at: Option<Millis>,
    },
    /// The state of the account may have changed. The report itself proves nothing, so the gateway has to be asked.
    AskAccount,
    /// A post left the gateway with this id, and the answer to our request did not carry the id. It does not prove
    /// that WhatsApp accepted the post.
    HandedOver {
        /// The group of the post.
        group: Jid,
        /// The gateway's id of the post.
        message: String,
    },
    /// WhatsApp refused a post. The gateway may not have told the post’s id before; a report whose id is unknown is
    /// about the post that is under way to the group.
    Refused {
        /// The group of the post.
        group: Jid,
        /// The gateway's id of the post, where the report carries it.
        message: Option<String>,
        /// Our code of the refusal.
        code: String,
        /// The gateway's words for the refusal, fit for a screen.
        text: String,
    },
    /// A post reached a member's phone, or the member opened it.
    Seen {
        /// The group of the post.
        group: Jid,
        /// The gateway's id of the post.
        message: String,
        /// The member; `None` where the gateway does not say. Such a receipt cannot be counted, because nobody knows
        /// whose it is.
        person: Option<Person>,
        /// Whether the post was delivered or read.
        seen: MemberReceiptKind,
        /// When that happened, where the gateway says.
        at: Option<Millis>,
    },
    /// A member reacted to a post, or took the reaction back.
    Reacted {
        /// The group of the post.
        group: Jid,
        /// The gateway's id of the post.
        message: String,
        /// The member who reacted.
        person: Person,
        /// The emoji; `None` where the member took the reaction back.
        emoji: Option<String>,
        /// When that happened, where the gateway says.
        at: Option<Millis>,
    },
    /// Members joined or left a group, or their role changed.
    Members {
        /// The group whose members changed.
        group: Jid,
        /// Whether they joined, left, or changed their role.
        to: MemberMove,
        /// The members whose place in the group changed.
        people: Vec<Person>,
        /// When that happened, where the gateway says.
        at: Option<Millis>,
    },
    /// Our account joined or left a group, or the group's name or rules changed. The list of groups has to be read
    /// again.
    GroupChanged {
        /// The group that changed.
        group: Jid,
    },
}

crate::text_enum! {
    /// What a receipt says about a post and one member.
    MemberReceiptKind, "member receipt" {
        /// The post is on the member's phone.
        Delivered = "delivered",
        /// The member opened the post.
        Read = "read",
    }
}

crate::text_enum! {
    /// How the members of a group changed.
    MemberMove, "change of members" {
        /// The people joined or were added.
        Joined = "joined",
        /// The people left or were removed.
        Left = "left",
        /// The people became admins.
        Promoted = "promoted",
        /// The people are no longer admins.
        Demoted = "demoted",
    }
}
