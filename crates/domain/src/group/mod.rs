//! Groups on WhatsApp and the linked accounts that post to them: their ids, the state of an account, and what a
//! gateway reports. The module [`post`](crate::post) holds what is posted.

mod account;
mod forecast;
mod ids;
mod news;
mod pace;

pub use account::{AccountState, AccountStateWord, Passkey};
pub use forecast::{PostLoad, days_of_use, slot};
pub use ids::{GROUP_ID_BYTES_MAX, InviteLink, Jid, JidError, Lid, Person};
pub use news::{GroupEvent, MemberMove, MemberReceiptKind};
pub use pace::PostPace;

use crate::time::Millis;

/// A group as a gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's id, the same for every account that is in the group.
    pub jid: Jid,
    /// The group's name. Several groups may share one.
    pub subject: String,
    /// The number of members, our account among them; `None` where the gateway does not say.
    pub size: Option<u32>,
    /// Whether only admins may post.
    pub announce: bool,
    /// Whether only admins may change the group's name and picture.
    pub locked: bool,
    /// Whether our account is an admin of the group; `None` where the gateway does not say.
    pub admin: Option<bool>,
    /// The group's place in a community.
    pub place: CommunityPlace,
    /// The invitation link, where the gateway's list carries it.
    pub invite: Option<InviteLink>,
    /// The seconds after which posts disappear; 0 where they stay.
    pub disappears_after: u32,
}

impl Group {
    /// Whether our account may post here. Nobody posts to the parent of a community, and only admins post where
    /// `announce` is set. Where the gateway does not say whether our account is an admin, the post is tried and
    /// WhatsApp decides.
    pub fn takes_posts(&self) -> bool {
        self.place != CommunityPlace::Parent && (!self.announce || self.admin != Some(false))
    }
}

/// The place of a group in a community.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CommunityPlace {
    /// The group belongs to no community.
    #[default]
    Alone,
    /// The group is the community itself: a heading, and never a place to post (docs/facts/groups.md §14).
    Parent,
    /// The group for a community's announcements. All members of the community are in it.
    Announcements {
        /// The id of the community; `None` where the gateway does not say.
        parent: Option<Jid>,
    },
    /// One of the other groups of a community.
    Of {
        /// The id of the community.
        parent: Jid,
    },
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's telephone number, hidden id, or both.
    pub person: Person,
    /// What the member may do in the group.
    pub role: MemberRole,
}

crate::text_enum! {
    /// What a member may do in a group.
    MemberRole, "role in a group" {
        /// Reads, and posts unless only admins may.
        Member = "member",
        /// Also posts where only admins may, and invites and removes members.
        Admin = "admin",
        /// Created the group. Other admins cannot remove this member.
        Owner = "owner",
    }
}

impl MemberRole {
    /// Whether the member may do what admins may. The owner may, too.
    pub fn is_admin(self) -> bool {
        self != MemberRole::Member
    }
}

/// A post that a gateway found in a group, when it was asked about a post whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPost {
    /// The gateway's id of the post.
    pub id: String,
    /// When the post was made; `None` where the gateway does not say.
    pub at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(place: CommunityPlace, announce: bool, admin: Option<bool>) -> Group {
        Group {
            jid: "120363000000000001@g.us".parse().unwrap(),
            subject: "Batch 7".into(),
            size: Some(3),
            announce,
            locked: false,
            admin,
            place,
            invite: None,
            disappears_after: 0,
        }
    }

    #[test]
    fn a_parent_takes_no_post_and_announcements_take_those_of_admins() {
        let parent: Jid = "120363000000000002@g.us".parse().unwrap();
        for (place, announce, admin, takes) in [
            (CommunityPlace::Parent, false, Some(true), false),
            (CommunityPlace::Alone, false, Some(false), true),
            (CommunityPlace::Alone, true, Some(false), false),
            (CommunityPlace::Alone, true, None, true),
            (CommunityPlace::Announcements { parent: None }, true, Some(true), true),
            (CommunityPlace::Of { parent }, false, None, true),
        ] {
            let group = group(place, announce, admin);
            assert_eq!(group.takes_posts(), takes, "{group:?}");
        }
    }
}
