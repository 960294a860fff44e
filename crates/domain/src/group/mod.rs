//! Groups on WhatsApp and the linked accounts that post to them: who is named how, how an account stands, and what a
//! gateway tells of it. The module [`post`](crate::post) holds what is posted in them.

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
    /// Its identity, the same for every account that is in it.
    pub jid: Jid,
    /// What people call it; several groups may share a name.
    pub subject: String,
    /// Members, our account among them; `None` where the gateway does not say.
    pub size: Option<u32>,
    /// Only admins may post.
    pub announce: bool,
    /// Only admins may change subject and picture.
    pub locked: bool,
    /// Whether our account is an admin; `None` where the gateway does not say.
    pub admin: Option<bool>,
    /// Where it stands in a community.
    pub place: CommunityPlace,
    /// The invitation, where the listing carries it.
    pub invite: Option<InviteLink>,
    /// Seconds after which posts disappear; 0 for never.
    pub disappears_after: u32,
}

impl Group {
    /// Whether our account may post here: never to a community's parent, and to a group of announcements only as an
    /// admin. Where the gateway does not say whether we are one, WhatsApp will.
    pub fn takes_posts(&self) -> bool {
        self.place != CommunityPlace::Parent && (!self.announce || self.admin != Some(false))
    }
}

/// Where a group stands in a community.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CommunityPlace {
    /// In none.
    #[default]
    Alone,
    /// It *is* a community: a heading, never a place to post (docs/facts/groups.md §14).
    Parent,
    /// The group of a community's announcements, which all of its members are in.
    Announcements {
        /// The community, where the gateway says.
        parent: Option<Jid>,
    },
    /// One of a community's groups.
    Of {
        /// The community.
        parent: Jid,
    },
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member, by number or hidden id.
    pub person: Person,
    /// What they may do there.
    pub role: MemberRole,
}

crate::text_enum! {
    /// What a member of a group may do.
    MemberRole, "role in a group" {
        /// Reads, and posts where members may.
        Member = "member",
        /// Also invites, removes and, where only admins may, posts.
        Admin = "admin",
        /// Made the group; cannot be removed by other admins.
        Owner = "owner",
    }
}

impl MemberRole {
    /// Whether they are an admin.
    pub fn is_admin(self) -> bool {
        self != MemberRole::Member
    }
}

/// A post that a gateway found in a group when it was asked about one whose ending is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPost {
    /// The gateway's id of it.
    pub id: String,
    /// When it says that it was posted.
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
