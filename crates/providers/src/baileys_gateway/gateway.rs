//! What the former gateway can do with an account.

use domain::{
    group::{FoundPost, Group, InviteLink, Jid, Member, PostPace},
    outcome::Outcome,
    post::FilledPost,
    time::Millis,
};

use super::BaileysAccount;
use crate::{
    account::BoxFuture,
    gateway::{
        Created, Gateway, GatewayAbilities, GatewayAnswer, GroupCall, Link, LinkBy, NewGroup, PostMemory,
        Session, cannot,
    },
    http::Http,
};

/// What it can (NOTES.md §6).
const ABILITIES: GatewayAbilities = GatewayAbilities {
    sees_refusal_code: true,
    sees_delivered: true,
    sees_read: true,
    sees_reactions: true,
    sees_members_move: true,
    looks_up: PostMemory::Last,
    media_by_url: true,
    creates_communities: true,
    invites: true,
    proxy: true,
    one_post_per_group: true,
    ..GatewayAbilities::NONE
};

impl Gateway for BaileysAccount {
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
        match link.by {
            LinkBy::Qr => Box::pin(self.begin(http, link)),
            LinkBy::PairingCode(_) => cannot("link by a code that is typed"),
        }
    }

    fn cancel_link<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()> {
        Box::pin(self.stop_linking(http))
    }

    fn unlink<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, ()> {
        Box::pin(self.disconnect(http))
    }

    fn groups<'a>(&'a self, http: &'a Http) -> GatewayAnswer<'a, Vec<Group>> {
        Box::pin(self.list_groups(http))
    }

    fn members<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, Vec<Member>> {
        Box::pin(self.list_members(http, group))
    }

    fn invite<'a>(&'a self, http: &'a Http, group: &'a Jid) -> GatewayAnswer<'a, InviteLink> {
        Box::pin(self.invite_of(http, group))
    }

    fn create<'a>(&'a self, http: &'a Http, new: &'a NewGroup) -> GatewayAnswer<'a, Created> {
        if new.community {
            return Box::pin(self.create_community(http, new));
        }
        cannot("make groups outside of communities")
    }

    fn post<'a>(&'a self, http: &'a Http, call: &'a GroupCall<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.post_once(http, call))
    }

    fn find<'a>(
        &'a self,
        http: &'a Http,
        group: &'a Jid,
        _post: &'a FilledPost,
        since: Millis,
    ) -> GatewayAnswer<'a, Option<FoundPost>> {
        Box::pin(self.last_post(http, group, since))
    }
}
