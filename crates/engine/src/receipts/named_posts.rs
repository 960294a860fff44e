//! News that names a post by its group, or by an id that was not known before. Gateways that answer before they post
//! tell the id or the refusal later, by callback. Such news is turned into a receipt of the post here. Where several
//! posts to the group are open, none of them is meant.

use std::collections::{HashMap, HashSet};

use domain::{
    group::{GroupEvent, Jid},
    ids::{IntegrationId, MessageRef},
    message::MessageState,
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof},
    time::{MINUTE, Millis, SECOND},
};
use store::{StoreError, work::OpenPost};

use super::Read;
use crate::Engine;

/// News of a post comes within this time after its call began: what is open for longer is not meant.
const NEWS_WITHIN_MS: i64 = 15 * MINUTE;
/// The first receipts of members come within this time.
const RECEIPT_WITHIN_MS: i64 = 10 * MINUTE;
/// The clocks of gateway and program may differ by so much.
const CLOCKS_DIFFER_MS: i64 = 5 * SECOND;
/// How ids of messages begin that were sent by a linked device and not on the phone (docs/facts/groups.md §2).
const LINKED_DEVICE: &str = "3EB0";

/// The posts that the ids in this batch belong to.
#[derive(Debug, Default)]
pub(super) struct NamedPosts {
    /// The posts by the gateway's id of them.
    pub(super) by_id: HashMap<String, MessageRef>,
    /// The posts whose id was not known before, with that id.
    pub(super) learnt: Vec<(MessageRef, String)>,
}

/// What one piece of news names its post by, and what it proves.
struct Naming<'a> {
    group: &'a Jid,
    id: Option<&'a String>,
    proof: Option<Proof>,
    /// It is about a message of our account, whoever wrote it: a post that is open may get the id.
    ours: bool,
}

fn naming(event: &Event) -> Option<Naming<'_>> {
    let Event::Group(news) = event else { return None };
    match news {
        GroupEvent::HandedOver { group, message } => {
            Some(Naming { group, id: Some(message), proof: Some(Proof::Sent), ours: true })
        }
        GroupEvent::Refused { group, message, code, text } => {
            let said = ProviderAnswer::new(code.clone(), text.clone());
            Some(Naming { group, id: message.as_ref(), proof: Some(Proof::Failed(said)), ours: true })
        }
        GroupEvent::Seen { group, message, .. } => {
            Some(Naming { group, id: Some(message), proof: None, ours: true })
        }
        // People react to what anybody in the group wrote.
        GroupEvent::Reacted { group, message, .. } => {
            Some(Naming { group, id: Some(message), proof: None, ours: false })
        }
        GroupEvent::Account { .. }
        | GroupEvent::AskAccount
        | GroupEvent::Members { .. }
        | GroupEvent::GroupChanged { .. } => None,
    }
}

impl Engine {
    /// Finds the posts that news of these posts to our callback names. What proves something of a post becomes a
    /// receipt of it.
    pub(super) async fn name_posts(
        &self,
        integration: IntegrationId,
        read: &mut [Read],
        now: Millis,
    ) -> Result<NamedPosts, StoreError> {
        let all: Vec<Naming<'_>> = read.iter().flat_map(|(_, events)| events).filter_map(naming).collect();
        if all.is_empty() {
            return Ok(NamedPosts::default());
        }
        let ids: HashSet<String> = all.iter().filter_map(|one| one.id.cloned()).collect();
        let by_id = self.work.messages_of_ids(integration, ids.into_iter().collect(), now).await?;
        let mut named = NamedPosts { by_id, learnt: Vec::new() };
        let groups: HashSet<String> = all
            .iter()
            .filter(|one| one.ours && one.id.is_none_or(|id| !named.by_id.contains_key(id)))
            .map(|one| one.group.as_str().to_owned())
            .collect();
        let since = read.iter().map(|(receipt, _)| receipt.received_at).min().unwrap_or(now);
        let mut open = self
            .work
            .open_posts(integration, groups.into_iter().collect(), since.plus(-NEWS_WITHIN_MS))
            .await?;
        for (receipt, events) in read.iter_mut() {
            let received_at = receipt.received_at;
            let mut proven = Vec::new();
            for event in events.iter_mut() {
                let Some(one) = naming(event) else { continue };
                let Some(message) = named.find(&one, &mut open, received_at) else { continue };
                let reading = reading(one.id.cloned(), message, one.proof.clone().unwrap_or(Proof::Sent));
                match &one.proof {
                    Some(_) => *event = Event::Receipt(reading),
                    // A member's phone has it: whatever became of the call, it stands in the group.
                    None if named.is_new(message) => proven.push(Event::Receipt(reading)),
                    None => {}
                }
            }
            events.extend(proven);
        }
        Ok(named)
    }
}

impl NamedPosts {
    fn is_new(&self, message: Option<MessageRef>) -> bool {
        message.is_some_and(|message| self.learnt.iter().any(|(learnt, _)| *learnt == message))
    }

    /// The post that is meant: by its id, else the only one of the group that is open. `None` where nobody of ours is
    /// meant; a post of `None` where several could be.
    fn find(
        &mut self,
        one: &Naming<'_>,
        open: &mut Vec<OpenPost>,
        received_at: Millis,
    ) -> Option<Option<MessageRef>> {
        if let Some(known) = one.id.and_then(|id| self.by_id.get(id)) {
            return Some(Some(*known));
        }
        if !one.ours {
            return None;
        }
        let within = if one.proof.is_some() { NEWS_WITHIN_MS } else { RECEIPT_WITHIN_MS };
        let meant = |post: &OpenPost| {
            let age = received_at.since(post.started_at);
            post.group == one.group.as_str() && (-CLOCKS_DIFFER_MS..=within).contains(&age)
        };
        let fitting: Vec<usize> = (0..open.len()).filter(|at| meant(&open[*at])).collect();
        match (fitting[..].first(), fitting.len(), &one.proof) {
            (None, ..) => None,
            (Some(at), 1, Some(_)) => Some(Some(self.learn(one.id, open, *at))),
            // A receipt names a message of the account, which may have been written on the phone.
            (Some(at), 1, None) => {
                let ours = one.id.is_some_and(|id| id.starts_with(LINKED_DEVICE));
                let ended = open[*at].state != MessageState::InFlight;
                (ours && ended).then(|| Some(self.learn(one.id, open, *at)))
            }
            // Two posts to one group: nothing is guessed.
            (Some(_), _, Some(_)) => Some(None),
            (Some(_), _, None) => None,
        }
    }

    /// The open post gets this id, unless its call has not ended: then the news waits for it.
    fn learn(&mut self, id: Option<&String>, open: &mut Vec<OpenPost>, at: usize) -> MessageRef {
        let message = open[at].message;
        if open[at].state != MessageState::InFlight
            && let Some(id) = id
        {
            self.by_id.insert(id.clone(), message);
            self.learnt.push((message, id.clone()));
            open.remove(at);
        }
        message
    }
}

fn reading(id: Option<String>, message: Option<MessageRef>, proof: Proof) -> ParsedReceipt {
    ParsedReceipt {
        provider_id: id,
        network_id: None,
        digits: None,
        user_id: None,
        campaign: None,
        udf: message.map(Into::into),
        proof,
        at: None,
        cost: None,
    }
}
