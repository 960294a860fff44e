//! What WAHA can do with an account.

use domain::{
    group::{FoundPost, Group, InviteLink, Jid, Member, PostPace},
    outcome::Outcome,
    post::FilledPost,
    time::Millis,
};

use super::{
    WahaAccount,
    sessions::{me_of, session_of},
};
use crate::{
    account::BoxFuture,
    gateway::{
        Created, Gateway, GatewayAbilities, GatewayAnswer, GroupCall, Link, NewGroup, PostMemory, Session,
        cannot, not_ready,
    },
    http::Http,
};

/// What the engine GOWS can (NOTES.md §7).
const ABILITIES: GatewayAbilities = GatewayAbilities {
    sees_acceptance: true,
    sees_refusal_code: true,
    sees_delivered: true,
    sees_read: true,
    sees_reactions: true,
    sees_members_move: true,
    looks_up: PostMemory::Messages,
    edits: true,
    deletes: true,
    poll_answers_max: 12,
    mentions_all: true,
    link_preview: true,
    media_by_url: true,
    creates_groups: true,
    invites: true,
    pairing_code: true,
    passkey: true,
    proxy: true,
    ..GatewayAbilities::NONE
};

impl Gateway for WahaAccount {
    fn abilities(&self) -> &'static GatewayAbilities {
        &ABILITIES
    }

    fn pace(&self) -> PostPace {
        self.pace
    }

    fn session<'a>(&'a self, http: &'a Http, now: Millis) -> GatewayAnswer<'a, Session> {
        Box::pin(self.standing(http, now))
    }

    fn link<'a>(&'a self, http: &'a Http, link: &'a Link<'a>) -> GatewayAnswer<'a, Session> {
        Box::pin(self.begin(http, link))
    }

    fn cancel_link<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()> {
        Box::pin(self.stop_linking(http))
    }

    fn unlink<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()> {
        Box::pin(self.log_out(http))
    }

    fn answer_passkey<'a>(
        &'a self,
        http: &'a Http,
        assertion: &'a str,
        now: Millis,
    ) -> GatewayAnswer<'a, Session> {
        Box::pin(self.answer(http, assertion, now))
    }

    fn confirm_passkey<'a>(&'a self, http: &'a Http, now: Millis) -> GatewayAnswer<'a, Session> {
        Box::pin(self.confirm(http, now))
    }

    /// An account that is not connected has a list that is old or empty (NOTES.md §5): then there is none.
    fn groups<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, Vec<Group>> {
        Box::pin(async move {
            let stored = self.stored(http).await?;
            match stored.filter(|stored| session_of(stored).state.is_connected()) {
                Some(stored) => self.list_groups(http, me_of(&stored).as_ref()).await,
                None => Err(not_ready()),
            }
        })
    }

    fn members<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, Vec<Member>> {
        Box::pin(self.list_members(http, group))
    }

    fn invite<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, InviteLink> {
        Box::pin(self.invite_of(http, group))
    }

    fn create<'a>(&'a self, http: &'a Http, new: &'a NewGroup) -> GatewayAnswer<'a, Created> {
        if new.community {
            return cannot("make communities");
        }
        Box::pin(self.create_group(http, new))
    }

    fn post<'a>(&'a self, http: &'a Http, call: &'a GroupCall<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.post_once(http, call))
    }

    fn find<'a>(
        &'a self,
        http: &'a Http,
        group: &'a Jid,
        post: &'a FilledPost,
        since: Millis,
    ) -> GatewayAnswer<'a, Option<FoundPost>> {
        Box::pin(self.find_post(http, group, post, since))
    }

    fn edit<'a>(
        &'a self,
        http: &'a Http,
        group: &'a Jid,
        message: &'a str,
        text: &'a str,
    ) -> GatewayAnswer<'a, ()> {
        Box::pin(self.edit_post(http, group, message, text))
    }

    fn delete<'a>(&'a self, http: &'a Http, group: &'a Jid, message: &'a str) -> GatewayAnswer<'a, ()> {
        Box::pin(self.delete_post(http, group, message))
    }
}
