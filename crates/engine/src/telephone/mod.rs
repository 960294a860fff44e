//! Calls after they were placed: what providers tell of them, what is asked where they tell nothing, what keys do, and what is said to whoever
//! is on the line.

mod keys;
mod line;
mod silence;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    call::{
        Attempts, CallRecord, CallRef, CallReport, CallScript, CallState, CallingHours, FilledScript,
        Hearing, Redial, ReportRefused, again,
    },
    ids::{IntegrationId, ReceiptId},
    message::MessageState,
    money::Money,
    receipt::{Proof, advance},
    template::{Content, Message},
    time::{DAY, MINUTE, Millis, SECOND, Zone},
};
use providers::{
    account::NotGenuine,
    voice::{CallbackContent, StoredPost, Voice},
};
use store::{
    StoreError,
    work::{Applied, Call, CallChange, EarlierCall, PendingReceipt, ReceiptChange},
};

use crate::Engine;

pub use line::Conversation;

/// A report that comes before the request behind its call has ended is looked at again after this.
const AGAIN_MS: i64 = 2 * SECOND;
/// It waits for that no longer than this.
const WAIT_MOST_MS: i64 = 10 * MINUTE;
/// What a call cost is asked about so long after its end: about five minutes, elsewhere ten to fifteen (docs/facts/calls.md §14).
const PRICED_MS: i64 = 15 * MINUTE;
/// A report that names nothing but a number is about the newest call to it within this time.
const NUMBER_WITHIN_MS: i64 = DAY;

/// A call with what is said in it and what became of it.
pub(crate) struct KnownCall {
    call: Call,
    script: CallScript,
    said: FilledScript,
    record: CallRecord,
    /// Nobody was in doubt about it: the person may be called again.
    sure: bool,
}

impl KnownCall {
    /// `None` for a script that this version cannot read.
    fn of(call: Call) -> Option<KnownCall> {
        let channel = domain::channel::Channel::IvrCall;
        let Ok(Message::Call(script)) = Message::from_text(channel, &call.template) else { return None };
        let content = Content::from_json(channel, &call.content).ok()?;
        let (said, record) = (script.said(&content), call.record.clone());
        Some(KnownCall { call, script, said, record, sure: true })
    }

    /// What the key does that was pressed first; empty where nothing more was written.
    fn action(&self) -> &'static str {
        let key = self.record.key.and_then(|(_, digit)| self.script.key(digit));
        key.filter(|_| self.call.action.is_empty()).map_or("", |key| key.action.word())
    }

    /// Whether the person is somebody whom a further call may reach.
    fn may_be_called_again(&self) -> bool {
        match self.record.state() {
            CallState::NoAnswer | CallState::Busy => true,
            CallState::Completed => self.record.hearing(self.said.text_s()) == Hearing::HungUp,
            _ => false,
        }
    }

    /// What the message cost once this call's cost is known; `None` where that is not new. Whoever was called twice was charged for twice.
    fn cost_of_message(&self) -> Option<Money> {
        let (known, before) = (self.record.cost?, self.call.record.cost);
        let others = self.call.cost.unwrap_or(Money(0)).0 - before.unwrap_or(Money(0)).0;
        (Some(known) != before).then_some(Money(others.max(0) + known.0))
    }

    /// When the provider is asked what the call cost, once.
    fn ask_price_at(&self, voice: &dyn Voice, now: Millis) -> Option<Millis> {
        let record = &self.record;
        let is_open = record.cost.is_none() && record.was_picked_up() && record.state().is_final();
        (voice.abilities().prices_later && self.sure && is_open).then(|| now.plus(PRICED_MS))
    }

    fn change(&self, voice: &dyn Voice, now: Millis) -> CallChange {
        CallChange {
            ask_at: self.ask_price_at(voice, now),
            call: self.call.call,
            was: self.call.kept.clone(),
            record: self.record.clone(),
            action: self.action(),
        }
    }
}

/// Calls of one account, by the number that they went to, the earliest first.
type CallsBefore = HashMap<String, Vec<EarlierCall>>;

/// The calls that a batch of reports may be about.
#[derive(Default)]
struct CallIndex {
    calls: BTreeMap<CallRef, KnownCall>,
    by_id: HashMap<String, CallRef>,
    by_number: HashMap<String, CallRef>,
    /// Changed by a report of this batch.
    touched: HashSet<CallRef>,
}

impl CallIndex {
    fn add(&mut self, calls: Vec<Call>) {
        for told in calls.into_iter().filter_map(KnownCall::of) {
            let call = told.call.call;
            if !told.call.provider_id.is_empty() {
                self.by_id.insert(told.call.provider_id.clone(), call);
            }
            self.calls.entry(call).or_insert(told);
        }
    }

    /// The newest call to each number: they come in that order.
    fn add_numbers(&mut self, calls: Vec<Call>) {
        for call in &calls {
            self.by_number.entry(call.recipient.clone()).or_insert(call.call);
        }
        self.add(calls);
    }

    fn find(&self, taken: &CallbackContent) -> Option<CallRef> {
        named(taken)
            .or_else(|| self.by_id.get(&provider_id(taken)?).copied())
            .or_else(|| self.by_number.get(&number(taken)?).copied())
    }

    /// Takes a report in.
    fn hear(&mut self, taken: &CallbackContent, received_at: Millis, now: Millis) -> Applied {
        if let Some(why) = taken.not_understood {
            return Applied::NotUnderstood(why);
        }
        let Some(told) = self.find(taken).and_then(|call| self.calls.get_mut(&call)) else {
            return match named(taken) {
                // A test call, or one whose person was erased.
                Some(_) => Applied::Ignored,
                None if taken.news.is_empty() => Applied::Ignored,
                None => Applied::Unmatched("nobody of this number was called lately"),
            };
        };
        if told.call.state == MessageState::InFlight && told.call.call.attempt == told.call.newest {
            return match now.since(received_at) < WAIT_MOST_MS {
                true => Applied::Later(now.plus(AGAIN_MS)),
                false => Applied::Unmatched("the request behind its call never ended"),
            };
        }
        let before = told.record.clone();
        for news in taken.news_of(&told.script) {
            if told.record.hear(&news, received_at) == Err(ReportRefused::Foreign) {
                told.record = before;
                return Applied::Unmatched("it names another call than the one of its address");
            }
        }
        self.touched.insert(told.call.call);
        Applied::To(told.call.call.message)
    }
}

/// The call that a report names in our words.
fn named(taken: &CallbackContent) -> Option<CallRef> {
    let asked = taken.ask.as_ref().and_then(|step| step.call);
    asked.or_else(|| taken.news.iter().find_map(|news| news.call))
}

fn provider_id(taken: &CallbackContent) -> Option<String> {
    let asked = taken.ask.as_ref().and_then(|step| step.provider_id.clone());
    asked.or_else(|| taken.news.iter().find_map(|news| news.provider_id.clone()))
}

/// The number that a report names, in E.164 form.
fn number(taken: &CallbackContent) -> Option<String> {
    let asked = taken.ask.as_ref().and_then(|step| step.digits.clone());
    let digits = asked.or_else(|| taken.news.iter().find_map(|news| news.digits.clone()))?;
    Some(format!("+{digits}"))
}

impl Engine {
    /// Applies what an account's provider told of its calls.
    pub(crate) async fn apply_calls(
        &self,
        integration: IntegrationId,
        voice: &dyn Voice,
        receipts: Vec<PendingReceipt>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let read: Vec<(PendingReceipt, Result<CallbackContent, NotGenuine>)> = receipts
            .into_iter()
            .map(|receipt| {
                let taken = voice.hear(&StoredPost::read(&receipt.body).hook());
                (receipt, taken)
            })
            .collect();
        let taken: Vec<&CallbackContent> = read.iter().filter_map(|(_, taken)| taken.as_ref().ok()).collect();
        let mut book = self.book_of(integration, &taken, now).await?;
        let mut results = Vec::with_capacity(read.len());
        for (receipt, taken) in &read {
            let applied = match taken {
                Ok(taken) => book.hear(taken, receipt.received_at, now),
                Err(NotGenuine) => Applied::Unmatched("its address names no call of this account"),
            };
            results.push((receipt.id, applied));
        }
        let touched = std::mem::take(&mut book.touched);
        let calls = book.calls.into_values().filter(|told| touched.contains(&told.call.call)).collect();
        self.settle_calls(voice, calls, results, now).await
    }

    async fn book_of(
        &self,
        integration: IntegrationId,
        taken: &[&CallbackContent],
        now: Millis,
    ) -> Result<CallIndex, StoreError> {
        let mut book = CallIndex::default();
        let calls: HashSet<CallRef> = taken.iter().filter_map(|taken| named(taken)).collect();
        book.add(self.work.calls_named(integration, &calls.into_iter().collect::<Vec<_>>()).await?);
        let nameless: Vec<&&CallbackContent> = taken.iter().filter(|taken| named(taken).is_none()).collect();
        let ids: HashSet<String> = nameless.iter().filter_map(|taken| provider_id(taken)).collect();
        book.add(self.work.calls_of_ids(integration, ids.into_iter().collect()).await?);
        let numbers: HashSet<String> = nameless
            .iter()
            .filter(|taken| book.find(taken).is_none())
            .filter_map(|taken| number(taken))
            .collect();
        let since = now.plus(-NUMBER_WITHIN_MS);
        book.add_numbers(self.work.calls_to(integration, numbers.into_iter().collect(), since).await?);
        Ok(book)
    }

    /// Writes what is proven of calls, and what it means for their messages. A record that somebody else changed meanwhile is left alone,
    /// and its reports are looked at again.
    async fn settle_calls(
        &self,
        voice: &dyn Voice,
        calls: Vec<KnownCall>,
        mut results: Vec<(ReceiptId, Applied)>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let changes: Vec<CallChange> = calls.iter().map(|told| told.change(voice, now)).collect();
        let missed = self.work.change_calls(&changes, now).await?;
        let missed_messages: HashSet<_> = missed.iter().map(|call| call.message).collect();
        for (_, applied) in &mut results {
            if matches!(applied, Applied::To(message) if missed_messages.contains(message)) {
                *applied = Applied::Later(now.plus(1));
            }
        }
        let before = self.calls_before(&calls).await?;
        let (mut moved, mut frees, mut acts) = (Vec::new(), false, false);
        for told in calls.iter().filter(|told| !missed.contains(&told.call.call)) {
            if let Some(change) = message_change(voice, told, &before, now) {
                merge(&mut moved, change);
            }
            frees |= told.record.state().is_final();
            acts |= !told.action().is_empty();
        }
        let touched = self.work.apply_receipts(results, moved, now).await?;
        self.tell(touched);
        self.tell(calls.iter().map(|told| told.call.call.message.broadcast).collect::<HashSet<_>>());
        if frees {
            self.wakes.send.notify_one();
        }
        let answered = calls.iter().filter(|told| told.record.was_picked_up());
        let answered: HashSet<_> = answered.map(|told| told.call.call.message.broadcast).collect();
        for broadcast in answered {
            self.weigh_opt_outs(broadcast, now).await?;
        }
        if acts {
            self.act_on_keys().await?;
        }
        Ok(())
    }

    /// The calls of the day to everybody who may be called again, or whom this call did not reach.
    async fn calls_before(&self, calls: &[KnownCall]) -> Result<CallsBefore, StoreError> {
        let unanswered = |told: &KnownCall| told.record.state().is_final() && !told.record.was_picked_up();
        let again: Vec<&KnownCall> =
            calls.iter().filter(|told| told.may_be_called_again() || unanswered(told)).collect();
        let Some(first) = again.iter().min_by_key(|told| told.call.placed_at) else {
            return Ok(CallsBefore::new());
        };
        // All are of one account: its reports come together.
        let (day, _) = Zone::india().day(first.call.placed_at);
        let numbers: HashSet<String> = again.iter().map(|told| told.call.recipient.clone()).collect();
        self.work.calls_since(first.call.integration, numbers.into_iter().collect(), day).await
    }

    /// News of one call that was asked about, whatever id it names.
    async fn take_in(
        &self,
        voice: &dyn Voice,
        call: Call,
        news: Vec<CallReport>,
        pressed: Option<String>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(told) = KnownCall::of(call) else { return Ok(()) };
        let mut told = KnownCall { sure: false, ..told };
        let taken =
            CallbackContent { dedupe_key: String::new(), news, pressed, ask: None, not_understood: None };
        for news in taken.news_of(&told.script) {
            // An order is not a call: its id binds nothing.
            let nameless = CallReport { provider_id: None, ..news };
            // Without an id nothing is foreign.
            let _ = told.record.hear(&nameless, now);
        }
        self.settle_calls(voice, vec![told], Vec::new(), now).await
    }
}

/// What a call proves about its message. A text that was spoken to its end was heard by a voicemail as well: where the provider marks one, the
/// end of the call decides, unless a key does.
fn proof_of(voice: &dyn Voice, told: &KnownCall) -> Option<Proof> {
    let record = &told.record;
    let is_open = record.key.is_none() && !record.state().is_final() && voice.abilities().marks_voicemail;
    let proof = record.proof(told.said.text_s())?;
    Some(if is_open && proof == Proof::Delivered { Proof::Sent } else { proof })
}

/// What a call means for its message; `None` where it stays.
fn message_change(
    voice: &dyn Voice,
    told: &KnownCall,
    before: &CallsBefore,
    now: Millis,
) -> Option<ReceiptChange> {
    let call = &told.call;
    let is_newest = call.call.attempt == call.newest;
    let cost = told.cost_of_message();
    let mut change =
        ReceiptChange { cost, ..ReceiptChange::none(call.call.message, call.state, &call.reason, call.cost) };
    let unmoved = cost.is_some().then(|| change.clone());
    let Some(proof) = proof_of(voice, told) else { return unmoved };
    let to = match &proof {
        // Whoever was reached is not called again, whatever was planned since.
        Proof::Delivered if call.state == MessageState::Waiting => Some(MessageState::Delivered),
        Proof::Delivered => advance(call.state, &proof),
        // What became of an earlier attempt says nothing about this one.
        Proof::Sent | Proof::Read | Proof::Failed(_) if !is_newest => None,
        Proof::Sent | Proof::Read => advance(call.state, &proof),
        Proof::Failed(_) => advance(call.state, &proof),
    };
    let Some(to) = to else { return unmoved };
    change.to = to;
    (change.reason, change.reason_text) = match &proof {
        Proof::Failed(said) => (said.code.clone(), said.text.clone()),
        Proof::Sent | Proof::Delivered | Proof::Read => Default::default(),
    };
    match to {
        MessageState::Delivered => change.delivered_at = Some(now),
        MessageState::Sent => change.sent_at = Some(call.placed_at),
        MessageState::Failed => {
            change.failed_at = Some(now);
            // A call that nobody was sure of is never placed again.
            if call.state == MessageState::Sent
                && told.sure
                && let Redial::At(from) = called_again(voice, told, before, now)
            {
                (change.to, change.failed_at, change.again_at) = (MessageState::Waiting, None, Some(from));
            } else if call.cost.is_none() && costs_nothing(told, before) {
                change.cost = change.cost.or(Some(Money(0)));
            }
        }
        _ => {}
    }
    Some(change)
}

/// Whether nobody picked up, neither this call nor an earlier one of the message: that costs nothing.
fn costs_nothing(told: &KnownCall, before: &CallsBefore) -> bool {
    let all = before.get(&told.call.recipient).map_or(&[][..], Vec::as_slice);
    let mut own = all.iter().filter(|one| one.message == told.call.call.message);
    !told.record.was_picked_up() && !own.any(|one| one.picked_up)
}

/// Adds what a call means for its message. Where another call of the message is among the same reports, what proves more holds, and the costs
/// add up.
fn merge(changes: &mut Vec<ReceiptChange>, change: ReceiptChange) {
    let Some(first) = changes.iter_mut().find(|first| first.message == change.message) else {
        changes.push(change);
        return;
    };
    let known = |one: &ReceiptChange| one.cost.or(one.cost_before).unwrap_or(Money(0));
    let own = known(&change).0 - change.cost_before.unwrap_or(Money(0)).0;
    let cost = Some(Money(known(first).0 + own)).filter(|_| first.cost.is_some() || change.cost.is_some());
    if first.to == first.from || change.to == MessageState::Delivered {
        *first = change;
    }
    first.cost = cost;
}

/// Whether and when the person is called again: only busy lines, phones that nobody picked up and, once, who hung up at once.
fn called_again(voice: &dyn Voice, told: &KnownCall, before: &CallsBefore, now: Millis) -> Redial {
    if !told.may_be_called_again() {
        return Redial::Not(domain::call::WhyNoRedial::Settled);
    }
    let KnownCall { call, record, said, .. } = told;
    // A call that comes tomorrow has tomorrow's count; two days hold both.
    let (day, _) = Zone::india().day(call.placed_at);
    let all = before.get(&call.recipient).map_or(&[][..], Vec::as_slice);
    let all = || all.iter().filter(|one| one.placed_at > day);
    let about_this = all().filter(|one| one.message == call.call.message).count();
    let attempt = i64::try_from(about_this).unwrap_or(i64::MAX).max(1);
    let plan = Attempts::usual(call.deadline.since(now));
    let times: Vec<Millis> = all().map(|one| one.placed_at).collect();
    let own = voice.hours();
    let hours = CallingHours::new(own.from_minute, own.until_minute).unwrap_or_default();
    again(record, said.text_s(), (attempt, plan), &times, (now, call.deadline), hours)
}
