//! Receipts: read by their adapter, matched by our id, the provider's and the number, applied forwards only.

mod candidate_set;
mod forms;
mod groups;
mod named_posts;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    ids::{IntegrationId, ReceiptId},
    outcome::ProviderAnswer,
    receipt::{Event, OptWord, ParsedReceipt, Proof, opt_word},
    time::{HOUR, MINUTE, Millis, SECOND},
};
use providers::{
    Account,
    codes::{self, NextAction},
};
use store::{
    StoreError,
    work::{Applied, IDS_KEPT_MS, OptOut, PendingReceipt},
};
use tracing::warn;

use self::{
    candidate_set::CandidateSet,
    forms::{forms, likely, nameless, number, numbers_in, request},
};
use crate::{Engine, accounts::OpenAccounts};

/// Receipts applied in one transaction.
const BATCH: i64 = 1_000;
/// Numbers are looked for in the broadcasts of these last hours first: nearly all receipts are about them.
const LATELY_MS: i64 = 72 * HOUR;
/// A receipt for a message whose call has not ended waits this long before it is looked at again (R9).
const AGAIN_MS: i64 = 2 * SECOND;
/// A receipt that names nothing but its request waits this long for the call's answer, which brings the request's id: a
/// call ends within 20 seconds.
const CALL_MOST_MS: i64 = 30 * SECOND;
/// A receipt waits for the end of its call no longer than this.
const WAIT_MOST_MS: i64 = 10 * MINUTE;

/// A stored post and what it says.
type Read = (PendingReceipt, Vec<Event>);

impl Engine {
    /// One look at what providers told: applies it, and does what keys of calls have left to do. Returns whether there may be more.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn receive(&self) -> Result<bool, StoreError> {
        if self.apply_receipts().await? > 0 {
            return Ok(true);
        }
        // Of a key whose message had to wait, or whose process ended.
        self.act_on_keys().await?;
        Ok(false)
    }

    /// Applies what came in; how many receipts were dealt with. Zero when there is nothing to do now.
    pub async fn apply_receipts(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let pending = self.work.pending_receipts(now, BATCH).await?;
        let count = pending.len();
        let mut by_integration: BTreeMap<IntegrationId, Vec<PendingReceipt>> = BTreeMap::new();
        for receipt in pending {
            by_integration.entry(receipt.integration).or_default().push(receipt);
        }
        let mut accounts = OpenAccounts::default();
        for (integration, receipts) in by_integration {
            match accounts.get(integration, &self.work, self.accounts.as_ref(), now).await {
                Ok(Ok(account)) => match account.voice() {
                    Some(voice) => self.apply_calls(integration, voice, receipts, now).await?,
                    None => self.apply(integration, account.as_ref(), receipts, now).await?,
                },
                Ok(Err(words)) => {
                    warn!(integration.id = %integration, "receipts of {integration} wait: {words}");
                    let later = receipts.iter().map(|r| (r.id, Applied::Later(now.plus(MINUTE)))).collect();
                    self.work.apply_receipts(later, Vec::new(), now).await?;
                }
                Err(StoreError::Missing) => {
                    let results = receipts
                        .iter()
                        .map(|r| (r.id, Applied::Unmatched("the account was removed")))
                        .collect();
                    self.work.apply_receipts(results, Vec::new(), now).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    async fn apply(
        &self,
        integration: IntegrationId,
        account: &dyn Account,
        receipts: Vec<PendingReceipt>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut read: Vec<Read> = receipts
            .into_iter()
            .map(|receipt| {
                let events = account.read(receipt.body.as_bytes());
                (receipt, events)
            })
            .collect();
        let posts = self.name_posts(integration, &mut read, now).await?;
        let groups = self.group_news((integration, account), &read, &posts.by_id, now).await?;
        let mut people = self.name_people(integration, &mut read).await?;
        let mut candidates = self.candidates_of(integration, account, &read, now).await?;
        let mut results = Vec::with_capacity(read.len());
        let mut unmatched = Vec::new();
        for (at, (receipt, events)) in read.iter().enumerate() {
            let mut result = groups.get(&at).cloned().unwrap_or(Applied::Ignored);
            for event in events {
                let applied = match event {
                    Event::Group(_) | Event::Other => Applied::Ignored,
                    Event::NotUnderstood(why) => Applied::NotUnderstood(why),
                    Event::Inbound { digits, user_id, text } => {
                        self.heard(receipt, account, (digits.as_deref(), user_id.as_deref()), text, now)
                            .await?
                    }
                    Event::Receipt(reading) => {
                        let applied = candidates.enter(reading, receipt.received_at);
                        let whose = candidates.recipient(&applied);
                        if let (Some(user), Some(number)) = (&reading.user_id, &whose) {
                            people.learn(user, number);
                        }
                        self.follow(receipt, account, reading, whose, &applied, now).await?;
                        applied
                    }
                };
                result = weightier(result, applied);
            }
            if matches!(result, Applied::Unmatched(_)) {
                unmatched.extend(
                    events
                        .iter()
                        .filter_map(reading)
                        .filter_map(number)
                        .map(|number| (results.len(), number)),
                );
            }
            if matches!(result, Applied::NotUnderstood(_)) {
                unmatched.extend(numbers_in(&receipt.body).map(|number| (results.len(), number)));
            }
            results.push((receipt.id, result));
        }
        self.drop_erased(&read, unmatched, &mut results).await?;
        self.keep_people(integration, &read, &people, &mut results, now).await?;
        // Before what they prove is applied: an id without a post is harmless, a post without its id would lose its
        // members' receipts.
        self.work.note_ids(&posts.learnt, now).await?;
        let touched = self.work.apply_receipts(results, candidates.changes(), now).await?;
        self.tell(touched);
        Ok(())
    }

    /// Fills in the numbers of people who come under the network's id alone, as far as they are known.
    async fn name_people(&self, integration: IntegrationId, read: &mut [Read]) -> Result<People, StoreError> {
        let mut people = People::default();
        let users: HashSet<String> =
            read.iter().flat_map(|(_, events)| events).filter_map(|event| who(event).1).cloned().collect();
        if users.is_empty() {
            return Ok(people);
        }
        people.known = self.work.numbers_of_users(integration, users).await?;
        let both: Vec<(&String, &String)> = read
            .iter()
            .flat_map(|(_, events)| events)
            .filter_map(|event| match who(event) {
                (Some(digits), Some(user)) => Some((user, digits)),
                _ => None,
            })
            .collect();
        if let Some((first, _)) = read.first().filter(|_| !both.is_empty()) {
            let all: Vec<String> = both.iter().flat_map(|(_, digits)| forms(digits)).collect();
            let ours = self.work.known_numbers(first.organization, &all).await?;
            for (user, digits) in both {
                let form = forms(digits).into_iter().find(|form| ours.contains(form));
                people.learn(user, &form.unwrap_or_else(|| likely(digits)));
            }
        }
        for event in read.iter_mut().flat_map(|(_, events)| events) {
            let (digits, user) = match event {
                Event::Receipt(reading) => (&mut reading.digits, &reading.user_id),
                Event::Inbound { digits, user_id, .. } => (digits, &*user_id),
                Event::Group(_) | Event::Other | Event::NotUnderstood(_) => continue,
            };
            if digits.is_none() {
                *digits = user
                    .as_ref()
                    .and_then(|user| people.number(user))
                    .map(|number| number.trim_start_matches('+').to_owned());
            }
        }
        Ok(people)
    }

    /// The messages that receipts may be about. First those that our reference or the provider's id names, then recent
    /// ones to the same number. For a receipt that fits none of them, older ones to the same number follow, as far back
    /// as receipts come.
    async fn candidates_of(
        &self,
        integration: IntegrationId,
        account: &dyn Account,
        read: &[Read],
        now: Millis,
    ) -> Result<CandidateSet, StoreError> {
        let readings: Vec<&ParsedReceipt> =
            read.iter().flat_map(|(_, events)| events).filter_map(reading).collect();
        let mut by_id = HashMap::new();
        if !account.can().echoes {
            let ids: HashSet<String> = readings.iter().filter_map(|r| r.provider_id.clone()).collect();
            by_id = self.work.messages_of_ids(integration, ids.into_iter().collect(), now).await?;
        }
        let named = readings.iter().filter_map(|r| nameless(r)).chain(by_id.values().copied()).collect();
        let mut candidates = CandidateSet::new(by_id, now);
        let none = Vec::new;
        let since = now.plus(-IDS_KEPT_MS);
        candidates.add(self.work.candidates(integration, none(), none(), named, since).await?);
        for since in [now.plus(-LATELY_MS), since] {
            let open: Vec<&&ParsedReceipt> =
                readings.iter().filter(|reading| !candidates.is_sure_of(reading)).collect();
            if open.is_empty() {
                break;
            }
            let numbers: HashSet<String> = open.iter().flat_map(|reading| forms_of(reading)).collect();
            let requests: HashSet<String> = open.iter().filter_map(|reading| request(reading)).collect();
            let (numbers, requests) = (numbers.into_iter().collect(), requests.into_iter().collect());
            candidates.add(self.work.candidates(integration, numbers, requests, Vec::new(), since).await?);
        }
        Ok(candidates)
    }

    /// News about a number that was erased fits nothing any more, and is not kept either.
    async fn drop_erased(
        &self,
        read: &[Read],
        unmatched: Vec<(usize, String)>,
        results: &mut [(ReceiptId, Applied)],
    ) -> Result<(), StoreError> {
        let Some((first, _)) = read.first().filter(|_| !unmatched.is_empty()) else { return Ok(()) };
        let keys: Vec<String> = unmatched.iter().map(|(_, number)| self.key.of(number)).collect();
        let erased = self.work.erased_numbers(first.organization, keys.clone()).await?;
        for ((at, _), key) in unmatched.iter().zip(&keys) {
            if erased.contains(key) {
                results[*at].1 = Applied::Erased;
            }
        }
        Ok(())
    }

    /// Keeps the numbers of people that posts brought, and applies what they wrote before: a post of this batch in the
    /// next look.
    async fn keep_people(
        &self,
        integration: IntegrationId,
        read: &[Read],
        people: &People,
        results: &mut [(ReceiptId, Applied)],
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some((first, _)) = read.first() else { return Ok(()) };
        let waited = self.work.learn_users(first.organization, integration, &people.learnt, now).await?;
        for (id, applied) in results {
            if waited.contains(id) {
                *applied = Applied::Later(now);
            }
        }
        Ok(())
    }

    /// What a refusal by receipt asks for besides the row's own state.
    async fn follow(
        &self,
        receipt: &PendingReceipt,
        account: &dyn Account,
        reading: &ParsedReceipt,
        whose: Option<String>,
        result: &Applied,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (Proof::Failed(said), Applied::To(message)) = (&reading.proof, result) else { return Ok(()) };
        let Some(meaning) = codes::meaning(&said.code) else { return Ok(()) };
        if meaning.pauses {
            let words =
                ProviderAnswer::new(said.code.clone(), format!("{}. {}", meaning.title, meaning.help));
            self.work.pause(message.broadcast, &words, now).await?;
            self.tell([message.broadcast]);
        }
        let category = match meaning.action {
            NextAction::SuppressMarketing => Some("marketing"),
            NextAction::Suppress => Some("all"),
            _ => None,
        };
        if let (Some(category), Some(number)) = (category, whose) {
            self.work
                .opt_out(
                    &OptOut {
                        organization: receipt.organization,
                        phone_key: self.key.of(&number),
                        phone: number,
                        channel: account.channel(),
                        category,
                        reason: meaning.title,
                    },
                    now,
                )
                .await?;
        }
        Ok(())
    }

    /// STOP suppresses, START lifts only what the same person stopped themselves (docs/facts/india.md §3). A wish under
    /// an id whose number is not known is applied when the number becomes known.
    async fn heard(
        &self,
        receipt: &PendingReceipt,
        account: &dyn Account,
        (digits, user_id): (Option<&str>, Option<&str>),
        text: &str,
        now: Millis,
    ) -> Result<Applied, StoreError> {
        let Some(word) = opt_word(text) else { return Ok(Applied::Ignored) };
        let Some(digits) = digits else {
            let Some(user) = user_id else { return Ok(Applied::Ignored) };
            let (organization, integration) = (receipt.organization, receipt.integration);
            let known = self.work.wait_for_number(organization, integration, user, receipt.id, now).await?;
            return Ok(match known {
                Some(_) => Applied::Later(now),
                None => Applied::Unmatched(match word {
                    OptWord::Stop => {
                        "STOP from somebody whose number is not known yet; it holds as soon as it is"
                    }
                    OptWord::Start => {
                        "START from somebody whose number is not known yet; it holds as soon as it is"
                    }
                }),
            });
        };
        let mut numbers = self.work.known_numbers(receipt.organization, &forms(digits)).await?;
        if numbers.is_empty() {
            numbers.push(likely(digits));
        }
        for phone in numbers {
            let entry = OptOut {
                organization: receipt.organization,
                phone_key: self.key.of(&phone),
                phone,
                channel: account.channel(),
                category: "all",
                reason: "Wrote STOP",
            };
            match word {
                OptWord::Stop => self.work.opt_out(&entry, now).await?,
                OptWord::Start => self.work.opt_in(&entry, now).await?,
            }
        }
        Ok(Applied::Ignored)
    }
}

/// The people whom receipts name by the network's id.
#[derive(Default)]
struct People {
    /// The numbers that were known, by the network's id.
    known: HashMap<String, String>,
    /// The numbers that this batch brought, by the network's id.
    learnt: BTreeMap<String, String>,
}

impl People {
    fn number(&self, user: &str) -> Option<&String> {
        self.learnt.get(user).or_else(|| self.known.get(user))
    }

    fn learn(&mut self, user: &str, number: &str) {
        if self.number(user).is_none_or(|known| known != number) {
            self.learnt.insert(user.to_owned(), number.to_owned());
        }
    }
}

fn reading(event: &Event) -> Option<&ParsedReceipt> {
    match event {
        Event::Receipt(reading) => Some(reading),
        Event::Inbound { .. } | Event::Group(_) | Event::Other | Event::NotUnderstood(_) => None,
    }
}

/// Digits and id of the other side.
fn who(event: &Event) -> (Option<&String>, Option<&String>) {
    match event {
        Event::Receipt(reading) => (reading.digits.as_ref(), reading.user_id.as_ref()),
        Event::Inbound { digits, user_id, .. } => (digits.as_ref(), user_id.as_ref()),
        Event::Group(_) | Event::Other | Event::NotUnderstood(_) => (None, None),
    }
}

fn forms_of(reading: &ParsedReceipt) -> Vec<String> {
    reading.digits.as_deref().map(forms).unwrap_or_default()
}

/// What a receipt that speaks of several messages counts as: one that has to wait makes all wait, because applying the
/// others again changes nothing.
fn weightier(one: Applied, other: Applied) -> Applied {
    let weight = |applied: &Applied| match applied {
        Applied::Later(_) => 4,
        Applied::To(_) => 3,
        Applied::Unmatched(_) => 2,
        Applied::NotUnderstood(_) => 1,
        Applied::Ignored | Applied::Erased => 0,
    };
    if weight(&other) > weight(&one) { other } else { one }
}
