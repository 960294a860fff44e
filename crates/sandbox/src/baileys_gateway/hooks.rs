//! The six callbacks (`providers/src/baileys_gateway/NOTES.md` §5).

use reqwest::Method;
use serde_json::{Value, json};

use super::calls::status_word;
use crate::Shared;
use crate::devices::Device;
use crate::network::{Job, Member, PostNotice};
use crate::receipts::{self, Post};

/// The requests that tell what became of a post.
pub(super) fn tell(shared: &Shared, job: &Job) -> Vec<Post> {
    let habits = &shared.faults.get().habits.baileys_gateway;
    let chance = shared.faults.chance();
    let post = &job.post;
    let mut body = json!({
        "sessionId": &*job.session, "groupJid": post.group, "messageId": post.id, "timestamp": job.at,
    });
    let event = match job.told {
        PostNotice::Accepted => {
            body["status"] = json!("sent");
            "message_sent"
        }
        PostNotice::Refused(code) => {
            body["errorCode"] = json!(code);
            body["errorMessage"] = json!(format!("WhatsApp refused the message: {code}"));
            "message_error"
        }
        PostNotice::Delivered(at) | PostNotice::Read(at) => {
            let member = &post.phones[at].0;
            let key = member.phone.to_string();
            let hits = |share, what| chance.hits(share, what, &key, job.nth);
            if hits(habits.by_lid, "by_lid") || member.hidden {
                body["readerPhone"] = json!(member.lid.to_string());
            } else if !hits(habits.nameless, "nameless") {
                body["readerPhone"] = json!(key);
            }
            if matches!(job.told, PostNotice::Read(_)) { "read" } else { "delivered" }
        }
    };
    body["event"] = json!(event);
    let is_result = matches!(job.told, PostNotice::Accepted | PostNotice::Refused(_));
    if is_result && chance.hits(habits.loses_results, "loses_results", &post.id, 0) {
        return Vec::new();
    }
    posts(shared, &body, job.forged)
}

/// One callback to every address; somebody who does not know it posts next to it.
fn posts(shared: &Shared, body: &Value, forged: bool) -> Vec<Post> {
    let raw = body.to_string().into_bytes();
    let urls = shared.vendors.baileys_gateway.callbacks();
    let to = |url: String| Post {
        method: Method::POST,
        url: if forged { format!("{url}x") } else { url },
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("x-api-key", "TEST-SHARED".to_owned()),
        ],
        body: raw.clone(),
    };
    urls.into_iter().map(to).collect()
}

/// News that are no receipt.
#[derive(Clone, Debug)]
struct News(Value);

impl receipts::Job for News {
    fn happen(&self, _shared: &Shared) {}

    fn is_forged(&self) -> bool {
        false
    }

    fn posts(&self, shared: &Shared, _attempt: u32) -> Vec<Post> {
        posts(shared, &self.0, false)
    }
}

fn queue(shared: &Shared, body: Value) {
    shared.courier.add([(shared.now(), receipts::queued(News(body)))]);
}

/// Tells how a session stands now, without any proof.
pub(super) fn tell_session(shared: &Shared, device: &Device) {
    let mut body = json!({ "sessionId": device.name, "status": status_word(device.standing), "timestamp": shared.now() });
    if let Some(phone) = device.phone {
        body["phoneNumber"] = json!(phone.to_string());
    }
    queue(shared, body);
}

/// Tells that a member came or went.
pub(super) fn tell_member(shared: &Shared, group: &str, member: &Member, joins: bool) {
    let gateway = &shared.vendors.baileys_gateway;
    let known = gateway.network.group(group);
    for device in gateway.devices.all() {
        let inside =
            known.as_ref().zip(device.phone).is_some_and(|(group, phone)| group.member(phone).is_some());
        if !inside {
            continue;
        }
        let phone = if member.hidden { member.lid } else { member.phone };
        let body = json!({
            "event": if joins { "join" } else { "leave" }, "sessionId": device.name, "groupJid": group,
            "participant": { "phone": phone.to_string() }, "timestamp": shared.now(),
        });
        if shared.faults.get().habits.baileys_gateway.tells_joins_twice {
            queue(shared, body.clone());
        }
        queue(shared, body);
    }
}

/// Tells that a member reacted to a post.
pub(super) fn tell_reaction(shared: &Shared, session: &str, group: &str, id: &str, phone: u64, emoji: &str) {
    let event = if emoji.is_empty() { "reaction_remove" } else { "reaction_add" };
    queue(
        shared,
        json!({
            "event": event, "sessionId": session, "groupJid": group, "messageId": id,
            "reactorPhone": phone.to_string(), "emoji": emoji, "timestamp": shared.now(),
        }),
    );
}
