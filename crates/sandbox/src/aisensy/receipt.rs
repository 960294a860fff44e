//! What becomes of a message, and the webhooks that tell of it (`providers/src/aisensy/NOTES.md` §4, §5).

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::Epoch;
use super::{campaign_id, object_id};
use crate::Shared;
use crate::faults::Faults;
use crate::network;
use crate::receipts::{self, Post, Webhook, signature};
use crate::world::{Message, Place, Status};

/// One thing that happens, or is said to have happened.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    kind: Kind,
    /// When it happened, in milliseconds UTC; the receipt may be later.
    at: i64,
    /// The number of the receipt's envelope. A repeated receipt has the same.
    envelope: u64,
    with_id: bool,
    indented: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Sent(Place),
    Delivered(Place),
    Read(Place),
    Failed(Place, Box<str>),
    /// The vendor says that a delivered message failed.
    FailedAfterAll(Place),
    /// The campaign topics, which say the same in other words.
    Campaign(Place, Status),
    UnknownTopic(Place),
    /// Somebody else says that the message was read.
    Forged(Place),
    /// A person writes to the business.
    Inbound {
        project: Box<str>,
        phone: u64,
        text: Box<str>,
    },
}

/// Meta's words for a code (§5).
pub(crate) fn reason(code: &str) -> &'static str {
    match code {
        "131026" => "Message undeliverable",
        "131049" => "This message was not delivered to maintain healthy ecosystem engagement",
        "131050" => "User has stopped marketing messages from your business",
        "131047" => "Re-engagement message",
        "131056" => "Pair rate limit hit",
        "130472" => "User's number is part of an experiment",
        "130429" => "Rate limit hit",
        "131048" => "Spam rate limit hit",
        "131031" => "Business account has been locked",
        "131042" => "Business eligibility payment issue",
        "368" => "Temporarily blocked for policies violations",
        "132000" => "Number of parameters does not match the expected number of params",
        "132001" => "Template name does not exist in the translation",
        "132015" => "Template is paused",
        "132016" => "Template is disabled",
        "131008" => "Required parameter is missing",
        "100" => "Invalid parameter",
        _ => "Something went wrong",
    }
}

/// Decides what becomes of an accepted message and queues it.
pub(crate) fn plan(shared: &Shared, place: Place, phone: u64) {
    let faults = shared.faults.get();
    let key = phone.to_string();
    let events = events(shared, &faults, place, &key);
    let chance = shared.faults.chance();
    let mut queue = Vec::with_capacity(events.len());
    for (number, (at, kind)) in events.into_iter().enumerate() {
        // Distinct for each event of each message to this phone.
        let nth = place.nth * 16 + number as u64;
        let hits = |share, what| chance.hits(share, what, &key, nth);
        let job = Job {
            kind,
            at,
            envelope: shared.ids.next(),
            with_id: !hits(faults.receipts.without_id, "without_id"),
            indented: hits(faults.receipts.indented, "indented"),
        };
        let late = at.saturating_add_unsigned(faults.receipts.late_ms);
        let moved =
            |what| late.saturating_add_unsigned(chance.up_to(faults.receipts.shuffle_ms, what, &key, nth));
        if hits(faults.receipts.duplicated, "duplicated") {
            queue.push((moved("shuffle_second"), receipts::queued(job.clone())));
        }
        queue.push((moved("shuffle"), receipts::queued(job)));
    }
    if !queue.is_empty() {
        shared.courier.add(queue);
    }
}

fn events(shared: &Shared, faults: &Faults, place: Place, key: &str) -> Vec<(i64, Kind)> {
    let outcomes = &faults.outcomes;
    let chance = shared.faults.chance();
    let hits = |share, what| chance.hits(share, what, key, place.nth);
    let start =
        shared.now().saturating_add_unsigned(chance.up_to(outcomes.spread_ms, "spread", key, place.nth));
    let sent_at = start.saturating_add_unsigned(outcomes.sent_after_ms);
    let end_at = start.saturating_add_unsigned(outcomes.delivered_after_ms.max(outcomes.sent_after_ms));
    let mut events = Vec::new();
    if outcomes.sent {
        events.push((sent_at, Kind::Sent(place)));
    }
    if faults.habits.aisensy.campaign_topics {
        events.push((sent_at, Kind::Campaign(place, Status::Sent)));
    }
    let fate = chance.unit("fate", key, place.nth);
    let by_ending = outcomes.code_by_ending.iter().find(|(ending, _)| key.ends_with(ending.as_str()));
    if let Some((_, code)) = by_ending {
        events.push((end_at, Kind::Failed(place, code.as_str().into())));
    } else if fate < outcomes.failed {
        let code = draw_code(shared, faults, place, key);
        events.push((end_at, Kind::Failed(place, code)));
    } else if fate < outcomes.failed + outcomes.delivered {
        events.push((end_at, Kind::Delivered(place)));
        if faults.habits.aisensy.campaign_topics {
            events.push((end_at, Kind::Campaign(place, Status::Delivered)));
        }
        if hits(faults.receipts.failed_after_delivered, "failed_after_delivered") {
            events.push((end_at, Kind::FailedAfterAll(place)));
        }
        let read_at = end_at.saturating_add_unsigned(outcomes.read_after_ms);
        if hits(outcomes.read, "read") {
            events.push((read_at, Kind::Read(place)));
            if faults.habits.aisensy.campaign_topics {
                events.push((read_at, Kind::Campaign(place, Status::Read)));
            }
        }
    }
    if hits(faults.receipts.unknown_topic, "unknown_topic") {
        events.push((end_at, Kind::UnknownTopic(place)));
    }
    if hits(faults.receipts.forged, "forged") {
        events.push((end_at, Kind::Forged(place)));
    }
    events
}

fn draw_code(shared: &Shared, faults: &Faults, place: Place, key: &str) -> Box<str> {
    let own = &faults.habits.aisensy.codes;
    let named: BTreeMap<_, _> =
        faults.outcomes.codes.iter().filter(|(code, _)| !network::refuses_with(code)).collect();
    let codes = if named.is_empty() { own.iter().collect() } else { named };
    let total: f64 = codes.values().copied().sum();
    let mut left = shared.faults.chance().unit("code", key, place.nth) * total;
    for (code, weight) in codes {
        left -= weight;
        if left < 0.0 {
            return code.as_str().into();
        }
    }
    "131026".into()
}

/// Queues a text that a person sends to the business.
pub(crate) fn inbound(shared: &Shared, project: &str, phone: u64, text: &str) {
    let kind = Kind::Inbound { project: project.into(), phone, text: text.into() };
    let at = shared.now();
    let job = Job { kind, at, envelope: shared.ids.next(), with_id: false, indented: false };
    shared.courier.add([(at, receipts::queued(job))]);
}

impl receipts::Job for Job {
    fn is_forged(&self) -> bool {
        matches!(self.kind, Kind::Forged(_))
    }

    /// Makes it true in the world, and takes the money. Doing it twice changes nothing.
    fn happen(&self, shared: &Shared) {
        let at = self.at;
        match &self.kind {
            Kind::Sent(place) => forward(shared, *place, Status::Sent, |_| {}),
            Kind::Delivered(place) => deliver(shared, *place, at, Status::Delivered),
            Kind::Read(place) => {
                deliver(shared, *place, at, Status::Read);
                shared.world.change(*place, |message| {
                    message.read_at.get_or_insert(at);
                });
            }
            Kind::Failed(place, code) => forward(shared, *place, Status::Failed, |message| {
                message.failed_at.get_or_insert(at);
                message.failure_code.get_or_insert_with(|| code.clone());
            }),
            Kind::FailedAfterAll(_)
            | Kind::Campaign(..)
            | Kind::UnknownTopic(_)
            | Kind::Forged(_)
            | Kind::Inbound { .. } => {}
        }
    }

    /// The vendor's documents say so (§4.5).
    fn can_be_suspended(&self) -> bool {
        true
    }

    fn posts(&self, shared: &Shared, attempt: u32) -> Vec<Post> {
        let webhooks = shared.courier.webhooks();
        webhooks.iter().filter_map(|webhook| self.post(shared, attempt, webhook)).collect()
    }
}

impl Job {
    /// The request that tells of it; nothing when the world was reset since.
    fn post(&self, shared: &Shared, attempt: u32, webhook: &Webhook) -> Option<Post> {
        let faults = shared.faults.get();
        let (project, topic, data) = self.content(shared, &faults)?;
        let created_at = match faults.habits.aisensy.epoch {
            Epoch::AsCaptured | Epoch::String => json!(self.at.to_string()),
            Epoch::Iso => json!(iso(self.at)),
            Epoch::Number => json!(self.at),
        };
        let envelope = json!({
            "id": format!("ntf_{}", object_id(shared, "envelope", self.envelope)),
            "created_at": created_at, "topic": topic, "delivery_attempt": attempt.to_string(),
            "app_id": object_id(shared, "app", 0), "webhook_id": object_id(shared, "webhook", 0),
            "project_id": project, "data": data,
        });
        Some(self.sign(&faults, webhook, &project, &envelope))
    }

    fn sign(&self, faults: &Faults, webhook: &Webhook, project: &str, envelope: &Value) -> Post {
        let secret = webhook.secret.as_str();
        let compact = envelope.to_string();
        let forger = format!("{secret}, or so the forger thinks");
        let key = if receipts::Job::is_forged(self) { &forger } else { secret };
        let prefix = if faults.habits.aisensy.signature_prefix { "sha256=" } else { "" };
        let signature = format!("{prefix}{}", signature(key, compact.as_bytes()));
        let body = if self.indented { format!("{envelope:#}") } else { compact };
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-aisensy-signature", signature),
            ("x-aisensy-project-id", project.to_owned()),
            ("x-aisensy-api-version", "v1".to_owned()),
        ];
        Post { method: Method::POST, url: webhook.url.clone(), headers, body: body.into_bytes() }
    }

    /// Project, topic and `data` (§4.2–§4.4).
    fn content(&self, shared: &Shared, faults: &Faults) -> Option<(String, &'static str, Value)> {
        let status = "message.status.updated";
        let (place, topic, shown) = match &self.kind {
            Kind::Sent(place) => (place, status, Shown::as_is(Status::Sent)),
            Kind::Delivered(place) => (place, status, Shown::as_is(Status::Delivered)),
            Kind::Read(place) | Kind::Forged(place) => (place, status, Shown::as_is(Status::Read)),
            Kind::Failed(place, code) => (place, status, Shown::failed(code)),
            Kind::FailedAfterAll(place) => (place, status, Shown::failed("131000")),
            Kind::Campaign(place, Status::Sent) => {
                (place, "contact.campaign.sent", Shown::as_is(Status::Sent))
            }
            Kind::Campaign(place, Status::Read) => {
                (place, "contact.campaign.read", Shown::as_is(Status::Read))
            }
            Kind::Campaign(place, _) => {
                (place, "contact.campaign.delivered", Shown::as_is(Status::Delivered))
            }
            Kind::UnknownTopic(place) => (place, "message.weather.updated", Shown::as_is(Status::Sent)),
            Kind::Inbound { project, phone, text } => {
                let message = self.inbound_message(shared, *phone, text);
                return Some((project.to_string(), "message.sender.user", json!({ "message": message })));
            }
        };
        let message = shared.world.change(*place, |_| {})?;
        let mut data = json!({});
        if topic.starts_with("contact.") {
            data["contact"] = json!({
                "id": object_id(shared, "contact", message.phone),
                "name": message.name, "phone_number": message.phone.to_string(),
            });
        }
        let price = shared.vendors.aisensy.price_of(&message.account, &message.campaign);
        let told = (self.at, self.with_id, price);
        data["message"] = object(shared, faults, place.index as u64, &message, &shown, told);
        Some((message.account.to_string(), topic, data))
    }

    fn inbound_message(&self, shared: &Shared, phone: u64, text: &str) -> Value {
        json!({
            "id": object_id(shared, "inbound", self.envelope),
            "messageId": format!("wamid.TEST{}", object_id(shared, "wamid in", self.envelope).to_uppercase()),
            "submitted_message_id": "", "phone_number": phone.to_string(), "userName": phone.to_string(),
            "contact_id": object_id(shared, "contact", phone), "campaign": null, "sender": "USER",
            "message_type": "TEXT", "message_content": { "text": text }, "status": "DELIVERED",
            "sent_at": self.at, "delivered_at": self.at, "read_at": null, "failed_at": null,
            "failureResponse": null, "is_HSM": false,
        })
    }
}

/// The object that tells of a message (§4.4): when it is said to have happened, whether with the send call's id, and what it costs when it
/// arrives.
fn object(
    shared: &Shared,
    faults: &Faults,
    nth: u64,
    message: &Message,
    shown: &Shown<'_>,
    (at, with_id, price): (i64, bool, i64),
) -> Value {
    let epoch = |at: Option<i64>| match faults.habits.aisensy.epoch {
        Epoch::AsCaptured | Epoch::Iso | Epoch::Number => json!(at),
        Epoch::String => json!(at.map(|at| at.to_string())),
    };
    let when = |reached: bool, known: Option<i64>| epoch(reached.then_some(known.unwrap_or(at)));
    let failed = shown.status == Status::Failed;
    let id = if with_id { &*message.id } else { "" };
    json!({
        "id": object_id(shared, "message", nth),
        "messageId": format!("wamid.TEST{}", object_id(shared, "wamid", nth).to_uppercase()),
        "submitted_message_id": id,
        "phone_number": message.phone.to_string(), "userName": message.name,
        "contact_id": object_id(shared, "contact", message.phone),
        "campaign": {
            "name": message.campaign, "campaign_id": campaign_id(None, &message.campaign),
            "sent_at": epoch(Some(message.accepted_at)),
        },
        "sender": "API", "message_type": "TEXT", "message_content": {},
        "status": shown.word(),
        "sent_at": epoch(Some(message.accepted_at)),
        "delivered_at": when(shown.status >= Status::Delivered, message.delivered_at),
        "read_at": when(shown.status == Status::Read, message.read_at),
        "failed_at": when(failed, Some(at)),
        "failureResponse": shown.failure(faults.habits.aisensy.numeric_codes),
        "message_price": if shown.status >= Status::Delivered { json!(price) } else { Value::Null },
        "deductionType": "WC",
        "is_HSM": true,
    })
}

/// A message as `GET /messages/{id}` shows it: the object of a receipt, with where it stands now (§12).
pub(crate) fn as_it_stands(shared: &Shared, index: usize, message: &Message, price: i64) -> Value {
    let at = message.read_at.or(message.delivered_at).or(message.failed_at).unwrap_or(message.accepted_at);
    let code = message.failure_code.clone().unwrap_or_default();
    let shown = match message.status {
        Status::Failed => Shown::failed(&code),
        status => Shown::as_is(status),
    };
    object(shared, &shared.faults.get(), index as u64, message, &shown, (at, true, price))
}

fn iso(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// What a receipt claims, which need not be what is true.
struct Shown<'a> {
    status: Status,
    code: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn as_is(status: Status) -> Shown<'a> {
        Shown { status, code: None }
    }

    fn failed(code: &'a str) -> Shown<'a> {
        Shown { status: Status::Failed, code: Some(code) }
    }

    fn word(&self) -> &'static str {
        match self.status {
            Status::Accepted | Status::Sent => "SENT",
            Status::Delivered => "DELIVERED",
            Status::Read => "READ",
            Status::Failed => "FAILED",
        }
    }

    /// An empty object where nothing failed, as the vendor sends it (§4.4).
    fn failure(&self, numeric: bool) -> Value {
        let Some(code) = self.code else { return json!({}) };
        let shown = match code.parse::<u32>() {
            Ok(number) if numeric => json!(number),
            Ok(_) | Err(_) => json!(code),
        };
        json!({ "code": shown, "reason": reason(code) })
    }
}

fn forward(shared: &Shared, place: Place, status: Status, change: impl FnOnce(&mut Message)) {
    shared.world.change(place, |message| {
        message.status = message.status.max(status);
        change(message);
    });
}

fn deliver(shared: &Shared, place: Place, at: i64, status: Status) {
    let mut first = false;
    let message = shared.world.change(place, |message| {
        first = message.delivered_at.is_none();
        message.delivered_at.get_or_insert(at);
        message.status = message.status.max(status);
    });
    // Only what is delivered costs (§7), and only once however often it is told.
    if let Some(message) = message.filter(|_| first) {
        shared.vendors.aisensy.bill(&message.account, &message.campaign);
    }
}
