//! What becomes of a message, and the webhooks that tell of it (`providers/src/fast2sms/NOTES.md` §6, §7).
//!
//! The general settings of receipts mean this here: `without_id` leaves `request_id` empty, so that only `udf1` and the
//! number identify the message; `unknown_topic` brings an undocumented state; `forged` is a post to a wrong address, by
//! somebody who does not know the secret in ours.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use reqwest::Method;
use serde_json::{Value, json};

use super::account::{Webhook, WebhookContentType, WebhookEvent, WebhookMethod, WebhookTemplate};
use super::habits::{Fate, Habits};
use super::{Part, Request, rupees};
use crate::Shared;
use crate::faults::Faults;
use crate::receipts::{self, Post};
use crate::world::{Message, Place, Status};

/// India's distance from UTC, in seconds.
const IST_AHEAD_S: i32 = 19_800;

/// One thing that happens, or is said to have happened.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    kind: Kind,
    request: Arc<Request>,
    /// Which part of the request, and which number of it.
    part: usize,
    number: usize,
    /// When it happened, in milliseconds UTC; the post may be later.
    at: i64,
    /// Posts about the same that came before.
    before: u32,
    with_id: bool,
    indented: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sent,
    Delivered,
    Failed(Fate),
    /// The vendor says that a delivered message failed.
    FailedAfterAll,
    UnknownState,
    /// Somebody else says that the message failed.
    Forged,
}

/// Decides what becomes of the messages of a request and queues it.
pub(super) fn plan(shared: &Shared, request: &Arc<Request>) {
    let faults = shared.faults.get();
    let mut queue = Vec::new();
    for (part, what) in request.parts.iter().enumerate() {
        for (number, place) in what.places.iter().enumerate() {
            plan_one(shared, &faults, request, (part, number), *place, &mut queue);
        }
    }
    if !queue.is_empty() {
        shared.courier.add(queue);
    }
}

fn plan_one(
    shared: &Shared,
    faults: &Faults,
    request: &Arc<Request>,
    (part, number): (usize, usize),
    place: Place,
    queue: &mut Vec<(i64, Arc<dyn receipts::Job>)>,
) {
    let what = &request.parts[part];
    let key = what.phones[number].to_string();
    let chance = shared.faults.chance();
    for (event, (at, kind)) in events(shared, faults, what, place, &key).into_iter().enumerate() {
        // Distinct for each event of each message to this phone.
        let nth = place.nth * 16 + event as u64;
        let hits = |share, what| chance.hits(share, what, &key, nth);
        let job = Job {
            kind,
            request: request.clone(),
            part,
            number,
            at,
            before: 0,
            with_id: !hits(faults.receipts.without_id, "without_id"),
            indented: hits(faults.receipts.indented, "indented"),
        };
        let late = at.saturating_add_unsigned(faults.receipts.late_ms);
        let moved =
            |what| late.saturating_add_unsigned(chance.up_to(faults.receipts.shuffle_ms, what, &key, nth));
        let twice = hits(faults.receipts.duplicated, "duplicated");
        queue.push((moved("shuffle"), receipts::queued(job.clone())));
        if twice {
            queue.push((moved("shuffle_second"), receipts::queued(Job { before: 1, ..job })));
        }
    }
}

fn events(shared: &Shared, faults: &Faults, part: &Part, place: Place, key: &str) -> Vec<(i64, Kind)> {
    let outcomes = &faults.outcomes;
    let chance = shared.faults.chance();
    let hits = |share, what| chance.hits(share, what, key, place.nth);
    let start =
        shared.now().saturating_add_unsigned(chance.up_to(outcomes.spread_ms, "spread", key, place.nth));
    let sent_at = start.saturating_add_unsigned(outcomes.sent_after_ms);
    let end_at = start.saturating_add_unsigned(outcomes.delivered_after_ms.max(outcomes.sent_after_ms));
    let fate = fate(shared, faults, part, place, key);
    let mut events = Vec::new();
    // The first three never reach an operator's network.
    let held_back = matches!(fate, Some(Fate::Blocked | Fate::Dnd | Fate::Rejected | Fate::Pending));
    if (outcomes.sent || fate == Some(Fate::Sent)) && !held_back {
        events.push((sent_at, Kind::Sent));
    }
    match fate {
        Some(Fate::Delivered) => {
            events.push((end_at, Kind::Delivered));
            if hits(faults.receipts.failed_after_delivered, "failed_after_delivered") {
                events.push((end_at, Kind::FailedAfterAll));
            }
        }
        Some(Fate::DeliveredAfterFailed) => {
            events.push((end_at, Kind::Failed(Fate::Failed)));
            events.push((end_at, Kind::Delivered));
        }
        Some(Fate::Blocked | Fate::Dnd | Fate::Rejected) => {
            events.extend(fate.map(|fate| (sent_at, Kind::Failed(fate))));
        }
        Some(Fate::Failed | Fate::Undelivered | Fate::Expired) => {
            events.extend(fate.map(|fate| (end_at, Kind::Failed(fate))));
        }
        Some(Fate::Sent | Fate::Pending) | None => {}
    }
    if hits(faults.receipts.unknown_topic, "unknown_topic") {
        events.push((end_at, Kind::UnknownState));
    }
    if hits(faults.receipts.forged, "forged") {
        events.push((end_at, Kind::Forged));
    }
    events
}

/// What becomes of one message: scrubbing first, then the number's ending, then the shares. Nothing
/// where the shares leave it open.
fn fate(shared: &Shared, faults: &Faults, part: &Part, place: Place, key: &str) -> Option<Fate> {
    let outcomes = &faults.outcomes;
    if part.rejected {
        return Some(Fate::Rejected);
    }
    let endings = faults.habits.fast2sms.endings.iter().filter(|(ending, _)| key.ends_with(ending.as_str()));
    if let Some((_, fate)) = endings.max_by_key(|(ending, _)| ending.len()) {
        return Some(register(*fate, part));
    }
    let drawn = shared.faults.chance().unit("fate", key, place.nth);
    if drawn < outcomes.failed {
        Some(register(draw_failure(shared, &faults.habits.fast2sms, place, key), part))
    } else if drawn < outcomes.failed + outcomes.delivered {
        Some(Fate::Delivered)
    } else {
        None
    }
}

/// The register of those who do not want promotion lets service texts pass.
fn register(fate: Fate, part: &Part) -> Fate {
    if fate == Fate::Dnd && !part.promotional { Fate::Delivered } else { fate }
}

fn draw_failure(shared: &Shared, habits: &Habits, place: Place, key: &str) -> Fate {
    let total: f64 = habits.failures.values().sum();
    let mut left = shared.faults.chance().unit("failure", key, place.nth) * total;
    for (fate, weight) in &habits.failures {
        left -= weight;
        if left < 0.0 {
            return *fate;
        }
    }
    Fate::Failed
}

impl receipts::Job for Job {
    fn is_forged(&self) -> bool {
        self.kind == Kind::Forged
    }

    /// Makes it true in the world, and gives money back where that is due. Doing it twice changes
    /// nothing.
    fn happen(&self, shared: &Shared) {
        let at = self.at;
        match self.kind {
            Kind::Sent => {
                shared.world.change(self.place(), |message| {
                    message.status = message.status.max(Status::Sent);
                });
            }
            Kind::Delivered => {
                shared.world.change(self.place(), |message| {
                    message.status = message.status.max(Status::Delivered);
                    message.delivered_at.get_or_insert(at);
                });
            }
            Kind::Failed(fate) => self.fail(shared, fate),
            Kind::FailedAfterAll | Kind::UnknownState | Kind::Forged => {}
        }
    }

    /// The requests that tell of it; none when the world was reset since.
    fn posts(&self, shared: &Shared, attempt: u32) -> Vec<Post> {
        let Some(message) = shared.world.change(self.place(), |_| {}) else { return Vec::new() };
        let faults = shared.faults.get();
        let webhooks = shared.vendors.fast2sms.account(&self.request.account).map(|account| account.webhooks);
        let webhooks = webhooks.unwrap_or_default();
        webhooks
            .iter()
            .filter(|webhook| self.is_told_to(webhook))
            .map(|webhook| self.post(&faults.habits.fast2sms, webhook, &message, attempt))
            .collect()
    }
}

impl Job {
    fn part(&self) -> &Part {
        &self.request.parts[self.part]
    }

    fn place(&self) -> Place {
        self.part().places[self.number]
    }

    fn fail(&self, shared: &Shared, fate: Fate) {
        let mut first = false;
        let known = shared.world.change(self.place(), |message| {
            first = message.failed_at.is_none();
            message.status = message.status.max(Status::Failed);
            message.failed_at.get_or_insert(self.at);
            message.failure_code.get_or_insert_with(|| fate.failure().into());
        });
        if known.is_some() && first && is_refunded(fate.failure()) {
            shared.vendors.fast2sms.refund(&self.request.account, self.part().cost);
        }
    }

    /// The state that is told, in small letters.
    fn word(&self) -> &'static str {
        match self.kind {
            Kind::Sent => "sent",
            Kind::Delivered => "delivered",
            Kind::Failed(fate) => fate.failure(),
            Kind::FailedAfterAll | Kind::Forged => "failed",
            Kind::UnknownState => "parked",
        }
    }

    fn is_told_to(&self, webhook: &Webhook) -> bool {
        match webhook.event {
            WebhookEvent::All => true,
            WebhookEvent::Delivered => self.kind == Kind::Delivered,
            WebhookEvent::Failed => {
                matches!(self.kind, Kind::Failed(_) | Kind::FailedAfterAll | Kind::Forged)
            }
        }
    }

    fn post(&self, habits: &Habits, webhook: &Webhook, message: &Message, attempt: u32) -> Post {
        let body = match webhook.template {
            WebhookTemplate::Custom => self.custom(habits, message, self.before + attempt),
            WebhookTemplate::Clevertap => self.clevertap(habits),
        };
        let mut url = webhook.url.clone();
        if receipts::Job::is_forged(self) {
            let folder = url.rfind('/').map_or(url.len(), |slash| slash + 1);
            url.replace_range(folder.., "guessed-by-somebody-else");
        }
        let method = match webhook.method {
            WebhookMethod::Post => Method::POST,
            WebhookMethod::Put => Method::PUT,
            WebhookMethod::Get => {
                let mark = if url.contains('?') { '&' } else { '?' };
                let url = format!("{url}{mark}{}", form(&body));
                return Post { method: Method::GET, url, headers: Vec::new(), body: Vec::new() };
            }
        };
        let (kind, body) = match webhook.content_type {
            WebhookContentType::Form => ("application/x-www-form-urlencoded", form(&body)),
            WebhookContentType::Json if self.indented => ("application/json", format!("{body:#}")),
            WebhookContentType::Json => ("application/json", body.to_string()),
        };
        Post { method, url, headers: vec![("content-type", kind.to_owned())], body: body.into_bytes() }
    }

    fn custom(&self, habits: &Habits, message: &Message, post_attempt: u32) -> Value {
        let part = self.part();
        let word = self.word();
        let failed = matches!(self.kind, Kind::Failed(_) | Kind::FailedAfterAll | Kind::Forged);
        let done = failed || self.kind == Kind::Delivered;
        let id = if self.with_id { &*self.request.id } else { "" };
        let number = if habits.recipient_id { "recipient_id" } else { "mobile" };
        json!({
            "request_id": id, "route": part.route.name(), "sender_id": part.sender,
            number: mobile(habits, message.phone).to_string(),
            "status": word, "status_description": describe(word),
            "failure_reason": if failed { describe(word) } else { "" },
            "amount_debited": rupees(if is_refunded(word) { 0 } else { part.cost }),
            "sms_count": part.segments,
            "sent_time": clock(self.request.accepted_at),
            "delivery_time": if done { clock(self.at) } else { String::new() },
            "delivery_timestamp": done.then(|| self.at.div_euclid(1000)),
            "channel": "sms", "category": if part.promotional { "promotional" } else { "service" },
            "udf1": part.udf[0], "udf2": part.udf[1], "udf3": part.udf[2],
            "post_attempt": post_attempt,
        })
    }

    /// The other shape. What `msgId` is, no source tells, and none of the members is the number: of a
    /// request to several it does not tell whom it is about.
    fn clevertap(&self, habits: &Habits) -> Value {
        let id = if habits.clevertap_udf { &self.part().udf[0] } else { &self.request.id };
        let word = self.word();
        let status = json!({
            "msgId": id, "status": word, "timestamp": self.at.div_euclid(1000), "description": describe(word),
        });
        json!({ "payloadVersion": "1.0", "statuses": [status] })
    }
}

/// Members as a form: texts as they are, everything else as JSON.
fn form(body: &Value) -> String {
    let pairs = body.as_object().into_iter().flatten().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        format!("{name}={}", percent(&text))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A number as it is reported: without the country code, unless that is set.
pub(super) fn mobile(habits: &Habits, phone: u64) -> u64 {
    if habits.mobile_with_country { phone } else { phone % 10_000_000_000 }
}

/// Whether a state means that the charge comes back.
pub(super) fn is_refunded(word: &str) -> bool {
    matches!(word, "blocked" | "dnd")
}

/// The vendor's words for a state.
pub(super) fn describe(word: &str) -> &'static str {
    match word {
        "pending" => "Pending",
        "submitted" => "Submitted",
        "sent" => "Sent to the operator",
        "delivered" => "Delivered",
        "undelivered" => "Not delivered: phone switched off or out of reach",
        "expired" => "Validity period expired",
        "rejected" => "Rejected by DLT scrubbing",
        "blocked" => "Number is on the do-not-disturb list",
        "dnd" => "Number is registered for DND",
        "failed" => "Failed",
        _ => "",
    }
}

/// An instant as the vendor writes it, in India's time: `01-01-2026 10:30:05`.
pub(super) fn clock(at: i64) -> String {
    let zone = Offset::from_seconds(IST_AHEAD_S).map(TimeZone::fixed).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    at.to_zoned(zone).strftime("%d-%m-%Y %H:%M:%S").to_string()
}
