//! What it posts to webhooks, with a token (`providers/src/evolution/NOTES.md` §5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::instances::state_word;
use crate::Shared;
use crate::devices::Device;
use crate::network::{Job, Member, PostNotice};
use crate::receipts::{self, Post};

/// The requests that tell what became of a post: only that it was sent, and that it was refused; never by whom it was got.
pub(super) fn tell(shared: &Shared, job: &Job) -> Vec<Post> {
    let post = &job.post;
    let habits = &shared.faults.get().habits.evolution;
    let (event, data) = match job.told {
        PostNotice::Accepted => ("send.message", super::messages::shown(post)),
        PostNotice::Refused(_) => {
            let lost = shared.faults.chance().hits(habits.loses_refusals, "loses_refusals", &post.id, 0);
            if lost {
                return Vec::new();
            }
            let data = json!({
                "keyId": post.id, "remoteJid": post.group, "fromMe": true, "status": "ERROR",
                "messageId": format!("db-{}", post.id), "instanceId": format!("id-{}", job.session),
            });
            ("messages.update", data)
        }
        PostNotice::Delivered(_) | PostNotice::Read(_) => return Vec::new(),
    };
    posts(shared, &job.session, event, &data, job.forged)
}

/// One body to the webhook of an instance, where it is on and wants the event.
fn posts(shared: &Shared, instance: &str, event: &str, data: &Value, forged: bool) -> Vec<Post> {
    let Some(device) = shared.vendors.evolution.devices.get(instance, shared.now()) else {
        return Vec::new();
    };
    let hook = &device.config["webhook"];
    let subscribed = event.replace(['.', '-'], "_").to_uppercase();
    let wants = hook["events"].as_array().is_none_or(|events| {
        events.is_empty() || events.iter().any(|one| one.as_str() == Some(subscribed.as_str()))
    });
    let Some(url) = hook["url"].as_str().filter(|_| wants && hook["enabled"].as_bool() == Some(true)) else {
        return Vec::new();
    };
    let body = json!({
        "event": event, "instance": instance, "data": data, "destination": url,
        // Local time with a Z stuck on.
        "date_time": "2026-01-01T09:30:00.000Z", "sender": device.phone.map(|phone| format!("{phone}@s.whatsapp.net")),
        "server_url": "http://localhost:8080", "apikey": Value::Null,
    });
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if let Some(key) = hook["headers"]["jwt_key"].as_str() {
        let key = if forged { "TEST-SOMEBODY-ELSE" } else { key };
        headers.push(("authorization", format!("Bearer {}", token(key, shared.now() / 1_000))));
    }
    vec![Post { method: Method::POST, url: url.to_owned(), headers, body: body.to_string().into_bytes() }]
}

/// A token as `jwt_key` asks for it: HS256, ten minutes.
pub(super) fn token(key: &str, now_s: i64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = part(json!({ "iat": now_s, "exp": now_s + 600, "app": "evolution", "action": "webhook" }));
    let signed = format!("{head}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// News that are no receipt.
#[derive(Clone, Debug)]
struct News {
    instance: String,
    event: &'static str,
    data: Value,
}

impl receipts::Job for News {
    fn happen(&self, _shared: &Shared) {}

    fn is_forged(&self) -> bool {
        false
    }

    fn posts(&self, shared: &Shared, _attempt: u32) -> Vec<Post> {
        posts(shared, &self.instance, self.event, &self.data, false)
    }
}

fn queue(shared: &Shared, instance: &str, event: &'static str, data: Value) {
    let news = News { instance: instance.to_owned(), event, data };
    shared.courier.add([(shared.now(), receipts::queued(news))]);
}

/// Tells how an instance stands now.
pub(super) fn tell_instance(shared: &Shared, device: &Device) {
    let mut data =
        json!({ "instance": device.name, "state": state_word(device.standing), "statusReason": device.code });
    if let Some(phone) = device.phone {
        data["wuid"] = json!(format!("{phone}@s.whatsapp.net"));
        data["statusReason"] = device.code.map_or(json!(200), |code| json!(code));
    }
    queue(shared, &device.name, "connection.update", data);
}

/// Tells that a member came or went, once for every instance that is in the group.
pub(super) fn tell_member(shared: &Shared, group: &str, member: &Member, joins: bool) {
    let evolution = &shared.vendors.evolution;
    let known = evolution.network.group(group);
    let jid = format!("{}@lid", member.lid);
    let phone = if member.hidden { jid.clone() } else { format!("{}@s.whatsapp.net", member.phone) };
    let data = json!({
        "id": group, "participants": [jid], "action": if joins { "add" } else { "remove" },
        "participantsData": [{ "jid": jid, "phoneNumber": phone }],
    });
    for device in evolution.devices.all() {
        let inside =
            known.as_ref().zip(device.phone).is_some_and(|(group, phone)| group.member(phone).is_some());
        if inside {
            queue(shared, &device.name, "group-participants.update", data.clone());
        }
    }
}
