//! Applies what gateways report of groups: a member's phone got a post, somebody joined or left, the state of a linked
//! account changed. A post's own state stays *handed over*, because no member speaks for all.

use std::collections::{HashMap, HashSet};

use domain::{
    group::{GroupEvent, Person},
    ids::{IntegrationId, MessageRef, OrganizationId},
    receipt::{Event, ParsedReceipt, Proof},
    time::{MINUTE, Millis, SECOND},
};
use providers::{
    Account,
    codes::{self, NextAction},
};
use store::{
    StoreError,
    work::{Applied, MemberReacted, MemberReceipt},
};

use super::Read;
use crate::Engine;

/// A receipt that comes before the call of its post was recorded waits so long for it.
const WAIT_MS: i64 = MINUTE;

impl Engine {
    /// Applies the news of these posts; what becomes of each that has some, by its place. `known` are the posts that ids belong to.
    pub(super) async fn group_news(
        &self,
        (integration, account): (IntegrationId, &dyn Account),
        read: &[Read],
        known: &HashMap<String, MessageRef>,
        now: Millis,
    ) -> Result<HashMap<usize, Applied>, StoreError> {
        let news = news_in(read);
        let (mut results, mut seen, mut reacted, mut ask) = (HashMap::new(), Vec::new(), Vec::new(), false);
        for (at, received_at, news) in news {
            match news {
                GroupEvent::Seen { message, person: Some(person), seen: what, at: when, .. } => {
                    match known.get(message) {
                        Some(found) => {
                            let at_ms = when.unwrap_or(received_at);
                            seen.push(MemberReceipt {
                                message: *found,
                                person: person.clone(),
                                seen: *what,
                                at: at_ms,
                            });
                            results.insert(at, Applied::Ignored);
                        }
                        None if now.since(received_at) < WAIT_MS => {
                            results.insert(at, Applied::Later(now.plus(2 * SECOND)));
                        }
                        // Somebody else posted it, from the phone or before.
                        None => {}
                    }
                }
                GroupEvent::Account { state, phone, at: when } => {
                    let at_ms = when.unwrap_or(received_at);
                    self.work.account_news(integration, state, phone.as_ref(), at_ms).await?;
                }
                GroupEvent::AskAccount => ask = true,
                GroupEvent::Members { group, to, people, at: when } => {
                    let organization = read[at].0.organization;
                    let at_ms = when.unwrap_or(received_at);
                    self.work
                        .members_moved((organization, integration), (group, *to), people, (at_ms, &self.key))
                        .await?;
                    results.insert(at, Applied::Ignored);
                }
                // Most reactions are to what somebody else wrote: they are no news of ours.
                GroupEvent::Reacted { message, person, emoji, at: when, .. } => {
                    if let Some(found) = known.get(message) {
                        reacted.push(MemberReacted {
                            message: *found,
                            person: person.clone(),
                            emoji: emoji.clone(),
                            at: when.unwrap_or(received_at),
                        });
                    }
                    results.insert(at, Applied::Ignored);
                }
                // What proves something of a post of ours has become its receipt.
                GroupEvent::Seen { person: None, .. }
                | GroupEvent::HandedOver { .. }
                | GroupEvent::Refused { .. }
                | GroupEvent::GroupChanged { .. } => {}
            }
        }
        if ask || read.iter().flat_map(|(_, events)| events).any(stops_the_account) {
            self.ask_account(integration, account, now).await?;
        }
        if let Some((first, _)) = read.first().filter(|_| !seen.is_empty() || !reacted.is_empty()) {
            self.drop_erased_members(first.organization, &mut seen, &mut reacted).await?;
            self.work.record_member_receipts(first.organization, &seen, &reacted).await?;
            let posts = seen.iter().map(|one| one.message).chain(reacted.iter().map(|one| one.message));
            self.tell(posts.map(|message| message.broadcast).collect::<HashSet<_>>());
        }
        Ok(results)
    }
}

impl Engine {
    /// A person who was erased lately is not entered again because of a late receipt.
    async fn drop_erased_members(
        &self,
        organization: OrganizationId,
        seen: &mut Vec<MemberReceipt>,
        reacted: &mut Vec<MemberReacted>,
    ) -> Result<(), StoreError> {
        let people = seen.iter().map(|one| &one.person).chain(reacted.iter().map(|one| &one.person));
        let numbers: HashSet<&str> =
            people.filter_map(|person| person.phone()).map(|phone| phone.as_str()).collect();
        let keys: Vec<String> = numbers.into_iter().map(|number| self.key.of(number)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let erased = self.work.erased_numbers(organization, keys).await?;
        if erased.is_empty() {
            return Ok(());
        }
        let stays = |person: &Person| {
            person.phone().is_none_or(|phone| !erased.contains(&self.key.of(phone.as_str())))
        };
        seen.retain(|one| stays(&one.person));
        reacted.retain(|one| stays(&one.person));
        Ok(())
    }

    /// Asks the gateway how the account stands; one that does not answer is asked again when somebody looks.
    async fn ask_account(
        &self,
        integration: IntegrationId,
        account: &dyn Account,
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(gateway) = account.gateway() else { return Ok(()) };
        match gateway.session(&self.http, now).await {
            Ok(session) => {
                self.work.account_news(integration, &session.state, session.phone.as_ref(), now).await
            }
            Err(_) => Ok(()),
        }
    }
}

/// Whether a refusal speaks of the account and not of the post: then the gateway knows more.
fn stops_the_account(event: &Event) -> bool {
    let Event::Receipt(ParsedReceipt { proof: Proof::Failed(said), .. }) = event else { return false };
    codes::meaning(&said.code).is_some_and(|meaning| meaning.action == NextAction::PauseAccount)
}

/// The news of these posts, each with the place of its post and when that came.
fn news_in(read: &[Read]) -> Vec<(usize, Millis, &GroupEvent)> {
    let mut all = Vec::new();
    for (at, (receipt, events)) in read.iter().enumerate() {
        for event in events {
            if let Event::Group(news) = event {
                all.push((at, receipt.received_at, news));
            }
        }
    }
    all
}
