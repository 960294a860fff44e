//! What Evolution API can do with an account.

use domain::{
    group::{FoundPost, Group, InviteLink, Jid, Member, PostPace},
    outcome::Outcome,
    post::FilledPost,
    time::Millis,
};

use super::EvolutionAccount;
use crate::{
    account::BoxFuture,
    gateway::{
        Created, Gateway, GatewayAbilities, GatewayAnswer, GroupCall, Link, NewGroup, PostMemory, Session,
        cannot,
    },
    http::Http,
};

/// What it can (NOTES.md §6). Nothing is ever told of a group's post after it was handed over, besides a refusal without its code.
const ABILITIES: GatewayAbilities = GatewayAbilities {
    sees_members_move: true,
    looks_up: PostMemory::Messages,
    edits: true,
    deletes: true,
    poll_answers_max: 10,
    mentions_all: true,
    link_preview: true,
    media_by_url: true,
    creates_groups: true,
    invites: true,
    pairing_code: true,
    proxy: true,
    notice: "This account is held by Evolution API, which is in use on your server.",
    ..GatewayAbilities::NONE
};

impl Gateway for EvolutionAccount {
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
