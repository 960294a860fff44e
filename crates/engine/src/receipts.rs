//! Receipts: read by their adapter, matched in three steps, applied forwards only.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef, ReceiptId},
    message::MessageState,
    outcome::ProviderAnswer,
    receipt::{Event, OptWord, Proof, Reading, advance, opt_word},
    time::{HOUR, MINUTE, Millis, SECOND},
};
use providers::{
    Account,
    codes::{self, NextAction},
};
use store::{
    StoreError,
    work::{Applied, Candidate, OptOut, PendingReceipt, ReceiptChange},
};
use tracing::warn;

use crate::{Engine, accounts::OpenAccounts};

/// Receipts applied in one transaction.
const BATCH: i64 = 1_000;
/// Broadcasts older than this are not looked through.
const LOOK_BACK_MS: i64 = 72 * HOUR;
/// A receipt for a message whose call has not ended waits this long before it is looked at again (R9).
const AGAIN_MS: i64 = 2 * SECOND;
/// A receipt that names nothing but its request waits this long for the call's answer, which brings the request's id: a call ends
/// within 20 seconds.
const CALL_MOST_MS: i64 = 30 * SECOND;
/// A receipt waits for the end of its call no longer than this.
const WAIT_MOST_MS: i64 = 10 * MINUTE;

impl Engine {
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
                Ok(Ok(account)) => self.apply(integration, account.as_ref(), receipts, now).await?,
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
        let read: Vec<(PendingReceipt, Vec<Event>)> = receipts
            .into_iter()
            .map(|receipt| {
                let events = account.read(receipt.body.as_bytes());
                (receipt, events)
            })
            .collect();
        let numbers: HashSet<String> =
            read.iter().flat_map(|(_, events)| events).filter_map(reading).flat_map(numbers).collect();
        let named =
            read.iter().flat_map(|(_, events)| events).filter_map(reading).filter_map(nameless).collect();
        let requests: HashSet<String> =
            read.iter().flat_map(|(_, events)| events).filter_map(reading).filter_map(request).collect();
        let requests = requests.into_iter().collect();
        let candidates = self
            .work
            .candidates(integration, numbers.into_iter().collect(), requests, named, now.plus(-LOOK_BACK_MS))
            .await?;
        let mut book = CandidateSet::new(candidates, now);
        let mut results = Vec::with_capacity(read.len());
        let mut unmatched = Vec::new();
        for (receipt, events) in &read {
            let mut result = Applied::Ignored;
            for event in events {
                match event {
                    Event::Other => {}
                    Event::NotUnderstood(why) => result = weightier(result, Applied::NotUnderstood(why)),
                    Event::Inbound { digits, text } => {
                        self.heard(receipt, account, digits, text, now).await?
                    }
                    Event::Receipt(reading) => {
                        let applied = book.enter(reading, receipt.received_at);
                        let whose = book.recipient(&applied);
                        self.follow(receipt, account, reading, whose, &applied, now).await?;
                        result = weightier(result, applied);
                    }
                }
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
        let touched = self.work.apply_receipts(results, book.changes(), now).await?;
        self.tell(touched);
        Ok(())
    }

    /// News about a number that was erased fits nothing any more, and is not kept either.
    async fn drop_erased(
        &self,
        read: &[(PendingReceipt, Vec<Event>)],
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

    /// What a refusal by receipt asks for besides the row's own state.
    async fn follow(
        &self,
        receipt: &PendingReceipt,
        account: &dyn Account,
        reading: &Reading,
        whose: Option<String>,
        result: &Applied,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (Proof::Failed(said), Applied::To(message)) = (&reading.proof, result) else { return Ok(()) };
        let Some(meaning) = codes::meaning(&said.code) else { return Ok(()) };
        if meaning.pauses_broadcast() {
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

    /// STOP suppresses, START lifts only what the same person stopped themselves (providers/regulation-india.md §3).
    async fn heard(
        &self,
        receipt: &PendingReceipt,
        account: &dyn Account,
        digits: &str,
        text: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(word) = opt_word(text) else { return Ok(()) };
        let phone = format!("+{digits}");
        let entry = OptOut {
            organization: receipt.organization,
            phone_key: self.key.of(&phone),
            phone,
            channel: account.channel(),
            category: "all",
            reason: "Wrote STOP",
        };
        match word {
            OptWord::Stop => self.work.opt_out(&entry, now).await,
            OptWord::Start => self.work.opt_in(&entry, now).await,
        }
    }
}

fn reading(event: &Event) -> Option<&Reading> {
    match event {
        Event::Receipt(reading) => Some(reading),
        Event::Inbound { .. } | Event::Other | Event::NotUnderstood(_) => None,
    }
}

/// The recipient as our rows have it: receipts carry digits without `+`.
fn number(reading: &Reading) -> Option<String> {
    reading.digits.as_ref().map(|digits| format!("+{digits}"))
}

/// What may be a number in a post that could not be read: with its country, or ten digits of India.
fn numbers_in(body: &str) -> impl Iterator<Item = String> {
    let runs = body.split(|c: char| !c.is_ascii_digit()).filter(|run| (10..=15).contains(&run.len()));
    runs.map(|run| if run.len() == 10 { format!("+91{run}") } else { format!("+{run}") })
}

/// The recipient in every form in which our rows may have the number: as the receipt writes it, and as people do. WhatsApp writes
/// Mexico's mobiles with a 1 after the country, Argentina's with a 9, and Brazil's older ones without their 9.
fn numbers(reading: &Reading) -> Vec<String> {
    let Some(digits) = &reading.digits else { return Vec::new() };
    let mut forms = vec![format!("+{digits}")];
    let mut also = |country: &str, rest: &str| forms.push(format!("+{country}{rest}"));
    match (digits.get(..2), digits.get(2..)) {
        (Some("52"), Some(rest)) if rest.len() == 11 && rest.starts_with('1') => also("52", &rest[1..]),
        (Some("52"), Some(rest)) if rest.len() == 10 => also("521", rest),
        (Some("54"), Some(rest)) if rest.len() == 11 && rest.starts_with('9') => also("54", &rest[1..]),
        (Some("54"), Some(rest)) if rest.len() == 10 => also("549", rest),
        (Some("55"), Some(rest)) if rest.len() == 10 => also("55", &format!("{}9{}", &rest[..2], &rest[2..])),
        (Some("55"), Some(rest)) if rest.len() == 11 && rest[2..].starts_with('9') => {
            also("55", &format!("{}{}", &rest[..2], &rest[3..]));
        }
        _ => {}
    }
    if digits.len() == 10 && digits.starts_with(['6', '7', '8', '9']) {
        also("91", digits);
    }
    forms
}

/// The one message that a receipt without a number names by what we sent along.
fn nameless(reading: &Reading) -> Option<MessageRef> {
    let span = reading.udf.filter(|span| reading.digits.is_none() && span.first == span.last)?;
    Some(MessageRef { broadcast: span.broadcast, position: span.first })
}

/// The request of a receipt that says nothing else about its message.
fn request(reading: &Reading) -> Option<String> {
    reading.provider_id.clone().filter(|_| reading.digits.is_none() && reading.udf.is_none())
}

/// What a receipt that speaks of several messages counts as: one that has to wait makes all wait, because applying the others
/// again changes nothing.
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

/// The candidates of a batch, and what its receipts make of them one after the other.
struct CandidateSet {
    now: Millis,
    rows: Vec<Candidate>,
    campaigns: HashMap<BroadcastId, String>,
    by_number: HashMap<String, Vec<usize>>,
    changes: BTreeMap<MessageRef, ReceiptChange>,
}

impl CandidateSet {
    fn new(rows: Vec<Candidate>, now: Millis) -> CandidateSet {
        let mut by_number: HashMap<String, Vec<usize>> = HashMap::new();
        let mut campaigns = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            by_number.entry(row.recipient.clone()).or_default().push(at);
            campaigns.entry(row.message.broadcast).or_insert_with(|| {
                let template: serde_json::Value = serde_json::from_str(&row.template).unwrap_or_default();
                template["campaign"].as_str().unwrap_or_default().to_owned()
            });
        }
        CandidateSet { now, rows, campaigns, by_number, changes: BTreeMap::new() }
    }

    /// The number of the message that a receipt was applied to, as the message has it.
    fn recipient(&self, applied: &Applied) -> Option<String> {
        let Applied::To(message) = applied else { return None };
        self.rows.iter().find(|row| row.message == *message).map(|row| row.recipient.clone())
    }

    /// Finds the message of a receipt and moves it; never guesses.
    fn enter(&mut self, reading: &Reading, received_at: Millis) -> Applied {
        let rows = &self.rows;
        let by_name: Vec<usize>;
        let places = match (number(reading), nameless(reading)) {
            (Some(_), _) => {
                let ours = numbers(reading).into_iter().filter_map(|number| self.by_number.get(&number));
                by_name = ours.flatten().copied().collect();
                if by_name.is_empty() {
                    return Applied::Unmatched("nothing was sent to this number lately");
                }
                &by_name
            }
            (None, Some(message)) => {
                by_name = rows.iter().position(|row| row.message == message).into_iter().collect();
                &by_name
            }
            (None, None) => match request(reading) {
                Some(request) => {
                    let of_it = |row: &Candidate| row.alone && row.provider_id.as_ref() == Some(&request);
                    by_name = (0..rows.len()).filter(|at| of_it(&rows[*at])).collect();
                    match by_name.len() {
                        // Its call may not have ended here.
                        0 if self.now.since(received_at) < CALL_MOST_MS => {
                            return Applied::Later(self.now.plus(AGAIN_MS));
                        }
                        1 => &by_name,
                        _ => {
                            return Applied::Unmatched(
                                "it names no number, and no request of one number alone",
                            );
                        }
                    }
                }
                None => return Applied::Unmatched("it names no number"),
            },
        };
        let same = |theirs: &Option<String>, ours: &Option<String>| theirs.is_some() && theirs == ours;
        let named = |row: &Candidate| {
            let theirs = reading.provider_id.is_none() || row.provider_id.is_none();
            reading.udf.is_some_and(|span| {
                row.tried
                    && theirs
                    && span.broadcast == row.message.broadcast
                    && span.holds(row.message.position)
            })
        };
        let found = places
            .iter()
            .find(|at| same(&reading.provider_id, &rows[**at].provider_id))
            // What we named in the call and the provider echoes: the way back to a call that never answered.
            .or_else(|| places.iter().find(|at| named(&rows[**at])))
            .or_else(|| places.iter().find(|at| same(&reading.network_id, &rows[**at].network_id)))
            .or_else(|| {
                places
                    .iter()
                    .filter(|at| {
                        let row = &rows[**at];
                        // A row that has an id of its own is not the one that a receipt with another id means.
                        let id_fits = reading.provider_id.is_none() || row.provider_id.is_none();
                        row.tried
                            && id_fits
                            && row.network_id.is_none()
                            && reading.campaign.is_some()
                            && self.campaigns.get(&row.message.broadcast) == reading.campaign.as_ref()
                    })
                    .max_by_key(|at| rows[**at].started_at)
            });
        let waits = |since: Millis| {
            if self.now.since(since) < WAIT_MOST_MS {
                Applied::Later(self.now.plus(AGAIN_MS))
            } else {
                Applied::Unmatched("the call that it belongs to never ended")
            }
        };
        match found.copied() {
            Some(at) if self.rows[at].state == MessageState::InFlight => waits(received_at),
            Some(at) => self.turn(at, reading),
            None if places.iter().any(|at| rows[*at].state == MessageState::InFlight) => waits(received_at),
            None => Applied::Unmatched("no message to this number has this id"),
        }
    }

    fn turn(&mut self, at: usize, reading: &Reading) -> Applied {
        let now = self.now;
        let row = &mut self.rows[at];
        let message = row.message;
        let next = advance(row.state, &reading.proof);
        let learns_network = row.network_id.is_none() && reading.network_id.is_some();
        let learns_provider = row.provider_id.is_none() && reading.provider_id.is_some();
        let learns_cost = reading.cost.is_some() && reading.cost != row.cost;
        if next.is_none() && !learns_network && !learns_provider && !learns_cost {
            return Applied::To(message);
        }
        let change = self.changes.entry(message).or_insert_with(|| ReceiptChange {
            message,
            from: row.state,
            from_reason: row.reason.clone(),
            to: row.state,
            reason: row.reason.clone(),
            reason_text: String::new(),
            sent_at: None,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            provider_id: None,
            network_id: None,
            cost: None,
            cost_before: row.cost,
        });
        if let Some(next) = next {
            let happened = reading.at.unwrap_or(now);
            change.to = next;
            (change.reason, change.reason_text) = match &reading.proof {
                Proof::Failed(said) => (said.code.clone(), said.text.clone()),
                Proof::Sent | Proof::Delivered | Proof::Read => Default::default(),
            };
            match next {
                MessageState::Sent => change.sent_at = Some(happened),
                MessageState::Delivered => change.delivered_at = Some(happened),
                // A read message was delivered: the time is filled when no receipt brought it (§4.6).
                MessageState::Read => {
                    change.read_at = Some(happened);
                    change.delivered_at = change.delivered_at.or(Some(happened));
                }
                MessageState::Failed => change.failed_at = Some(happened),
                MessageState::Waiting
                | MessageState::InFlight
                | MessageState::Skipped
                | MessageState::Expired
                | MessageState::Cancelled
                | MessageState::Unknown => {}
            }
            row.state = next;
            row.reason.clone_from(&change.reason);
        }
        if learns_network {
            row.network_id.clone_from(&reading.network_id);
            change.network_id.clone_from(&reading.network_id);
        }
        if learns_provider {
            row.provider_id.clone_from(&reading.provider_id);
            change.provider_id.clone_from(&reading.provider_id);
        }
        if learns_cost {
            row.cost = reading.cost;
            change.cost = reading.cost;
        }
        Applied::To(message)
    }

    fn changes(self) -> Vec<ReceiptChange> {
        self.changes.into_values().collect()
    }
}
