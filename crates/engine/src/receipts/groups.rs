//! What gateways tell of groups: whose phone got a post, and how a linked account stands.

use std::collections::{HashMap, HashSet};

use domain::{
    group::News,
    ids::{IntegrationId, MessageRef},
    receipt::{Event, Proof, Reading},
    time::{MINUTE, Millis, SECOND},
};
use providers::{
    Account,
    codes::{self, NextAction},
};
use store::{
    StoreError,
    work::{Applied, MemberSeen},
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
        let (mut results, mut seen, mut ask) = (HashMap::new(), Vec::new(), false);
        for (at, received_at, news) in news {
            match news {
                News::Seen { message, person: Some(person), seen: what, at: when, .. } => {
                    match known.get(message) {
                        Some(found) => {
                            let at_ms = when.unwrap_or(received_at);
                            seen.push(MemberSeen {
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
                News::Account { state, phone, at: when } => {
                    let at_ms = when.unwrap_or(received_at);
                    self.work.account_news(integration, state, phone.as_ref(), at_ms).await?;
                }
                News::AskAccount => ask = true,
                News::Members { group, to, people, at: when } => {
                    let organization = read[at].0.organization;
                    let at_ms = when.unwrap_or(received_at);
                    self.work
                        .members_moved((organization, integration), (group, *to), people, (at_ms, &self.key))
                        .await?;
                    results.insert(at, Applied::Ignored);
                }
                // What proves something of a post of ours has become its receipt.
                News::Seen { person: None, .. }
                | News::HandedOver { .. }
                | News::Refused { .. }
                | News::Reacted { .. }
                | News::GroupChanged { .. } => {}
            }
        }
        if ask || read.iter().flat_map(|(_, events)| events).any(stops_the_account) {
            self.ask_account(integration, account, now).await?;
        }
        if let Some((first, _)) = read.first().filter(|_| !seen.is_empty()) {
            self.work.saw_members(first.organization, &seen).await?;
            self.tell(seen.iter().map(|one| one.message.broadcast).collect::<HashSet<_>>());
        }
        Ok(results)
    }
}

impl Engine {
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
    let Event::Receipt(Reading { proof: Proof::Failed(said), .. }) = event else { return false };
    codes::meaning(&said.code).is_some_and(|meaning| meaning.action == NextAction::PauseAccount)
}

/// The news of these posts, each with the place of its post and when that came.
fn news_in(read: &[Read]) -> Vec<(usize, Millis, &News)> {
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
