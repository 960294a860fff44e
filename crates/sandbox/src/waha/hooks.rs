//! What it posts to webhooks, signed (`providers/src/waha/NOTES.md` §6).

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha512;

use super::sessions::{me, status_word};
use crate::Shared;
use crate::devices::Device;
use crate::network::{GroupPost, Job, Member, PostNotice};
use crate::receipts::{self, Post};

/// A member's id as the group names them.
pub(super) fn member_id(shared: &Shared, group: &str, member: &Member) -> String {
    if is_hidden(shared, group, member) {
        format!("{}@lid", member.lid)
    } else {
        format!("{}@c.us", member.phone)
    }
}

/// Whether WhatsApp tells only the hidden id of a member.
pub(super) fn is_hidden(shared: &Shared, group: &str, member: &Member) -> bool {
    let share = shared.faults.get().habits.waha.hidden;
    member.hidden || shared.faults.chance().hits(share, "hidden", group, member.phone)
}

/// A message's id as WAHA wraps it.
pub(super) fn wrapped(post: &GroupPost) -> String {
    format!("true_{}_{}_{}@c.us", post.group, post.id, post.account)
}

/// The requests that tell what became of a post.
pub(super) fn tell(shared: &Shared, job: &Job) -> Vec<Post> {
    let post = &job.post;
    let ack = |ack: i64, name: &str| {
        json!({
            "id": wrapped(post), "from": post.group, "to": post.group, "fromMe": true, "ack": ack, "ackName": name,
        })
    };
    let habits = &shared.faults.get().habits.waha;
    let (event, payload) = match job.told {
        PostNotice::Accepted => ("message.ack", ack(1, "SERVER")),
        PostNotice::Refused(code) => {
            let mut payload = ack(-1, "ERROR");
            payload["_data"] = json!({ "error": code });
            ("message.ack", payload)
        }
        PostNotice::Delivered(at) | PostNotice::Read(at) => {
            let mut payload = match job.told {
                PostNotice::Read(_) => ack(3, "READ"),
                _ if habits.server_for_device => ack(1, "SERVER"),
                _ => ack(2, "DEVICE"),
            };
            payload["participant"] = json!(member_id(shared, &post.group, &post.phones[at].0));
            ("message.ack.group", payload)
        }
    };
    posts(shared, &job.session, (event, payload), job.at, job.nth, job.forged)
}

/// One envelope to every webhook of a session.
fn posts(
    shared: &Shared,
    session: &str,
    (event, payload): (&str, Value),
    at: i64,
    nth: u64,
    forged: bool,
) -> Vec<Post> {
    let Some(device) = shared.vendors.waha.devices.get(session, shared.now()) else { return Vec::new() };
    let body = json!({
        "id": format!("evt_TEST{:016x}", shared.ids.chance().bits("waha", "event", nth)),
        "timestamp": at, "event": event, "session": session, "metadata": {}, "me": me(&device),
        "payload": payload, "engine": "GOWS",
        "environment": { "version": "2026.8.1", "engine": "GOWS", "tier": "CORE" },
    });
    let body = body.to_string().into_bytes();
    let hooks = device.config["webhooks"].as_array().cloned().unwrap_or_default();
    let wants = |hook: &Value| {
        let events = hook["events"].as_array();
        events.is_none_or(|events| events.iter().any(|one| one == event || one == "*"))
    };
    hooks.iter().filter(|hook| wants(hook)).map(|hook| post(hook, &body, at, forged)).collect()
}

fn post(hook: &Value, body: &[u8], at: i64, forged: bool) -> Post {
    let mut headers =
        vec![("content-type", "application/json".to_owned()), ("x-webhook-timestamp", at.to_string())];
    if let Some(key) = hook["hmac"]["key"].as_str() {
        let key = if forged { "TEST-SOMEBODY-ELSE" } else { key };
        headers.push(("x-webhook-hmac-algorithm", "sha512".to_owned()));
        headers.push(("x-webhook-hmac", signature(key, body)));
    }
    let url = hook["url"].as_str().unwrap_or_default().to_owned();
    Post { method: Method::POST, url, headers, body: body.to_vec() }
}

/// Lower-case hex of HMAC-SHA512.
pub(super) fn signature(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// News that are no receipt: of a session or of a group.
#[derive(Clone, Debug)]
pub(super) struct News {
    session: String,
    event: &'static str,
    payload: Value,
    at: i64,
    nth: u64,
}

impl receipts::Job for News {
    fn happen(&self, _shared: &Shared) {}

    fn is_forged(&self) -> bool {
        false
    }

    fn posts(&self, shared: &Shared, _attempt: u32) -> Vec<Post> {
        posts(shared, &self.session, (self.event, self.payload.clone()), self.at, self.nth, false)
    }
}

fn queue(shared: &Shared, session: &str, event: &'static str, payload: Value) {
    let (at, nth) = (shared.now(), shared.ids.next());
    let news = News { session: session.to_owned(), event, payload, at, nth };
    shared.courier.add([(at, receipts::queued(news))]);
}

/// Tells how a session stands now.
pub(super) fn tell_session(shared: &Shared, device: &Device) {
    let status = status_word(device.standing);
    let mut payload = json!({
        "name": device.name, "status": status, "statuses": [{ "status": status, "timestamp": device.since }],
    });
    if let Some(code) = device.code {
        payload["data"] = json!({ "code": code });
    }
    queue(shared, &device.name, "session.status", payload);
}

/// Tells that members came, went or changed roles, once for every linked account that is in the group.
pub(super) fn tell_members(shared: &Shared, group: &str, kind: &str, members: &[Member]) {
    let people: Vec<Value> = members
        .iter()
        .map(|member| {
            let hidden = is_hidden(shared, group, member);
            let pn = if hidden { Value::Null } else { json!(format!("{}@c.us", member.phone)) };
            let role = if kind == "leave" { "left" } else { "participant" };
            json!({ "id": format!("{}@lid", member.lid), "pn": pn, "role": role })
        })
        .collect();
    let payload =
        json!({ "type": kind, "group": { "id": group }, "participants": people, "timestamp": shared.now() });
    let known = shared.vendors.waha.network.group(group);
    for device in shared.vendors.waha.devices.all() {
        let inside =
            known.as_ref().zip(device.phone).is_some_and(|(group, phone)| group.member(phone).is_some());
        if inside {
            queue(shared, &device.name, "group.v2.participants", payload.clone());
        }
    }
}

/// Tells that a member reacted to a post.
pub(super) fn tell_reaction(shared: &Shared, session: &str, post: &GroupPost, member: &Member, emoji: &str) {
    let payload = json!({
        "id": format!("false_{}_TESTREACTION{:x}", post.group, shared.ids.next()),
        "from": post.group, "participant": member_id(shared, &post.group, member), "fromMe": false,
        "reaction": { "text": emoji, "messageId": wrapped(post) },
    });
    queue(shared, session, "message.reaction", payload);
}
