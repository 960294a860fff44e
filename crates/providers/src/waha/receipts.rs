//! What WAHA posts: whether it is genuine, and what it says (NOTES.md §6).

use domain::{
    group::{GroupEvent, Jid, MemberMove, MemberReceiptKind, Person},
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof},
    time::Millis,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

use super::{
    groups::person,
    posts::{id_of, seconds_to_ms},
    sessions::session_of,
};
use crate::{
    lenient::{instant, integer, text},
    linked::{self, whatsapp_code},
    secret::Secret,
};

/// Whether the body is signed with the key: hex of HMAC-SHA512 over it as it came (§6).
pub fn is_signed(key: &Secret, raw: &[u8], signature: &str) -> bool {
    let Ok(signature) = hex::decode(signature.trim()) else { return false };
    let mac = Hmac::<Sha512>::new_from_slice(key.expose().as_bytes());
    mac.is_ok_and(|mut mac| {
        mac.update(raw);
        mac.verify_slice(&signature).is_ok()
    })
}

/// The envelope's id; a body without one is its own.
pub fn dedupe_key(raw: &[u8]) -> String {
    let body: Value = serde_json::from_slice(raw).unwrap_or_default();
    match text(&body["id"]).filter(|id| id.len() <= 160) {
        Some(id) => id,
        None => format!("sha256:{}", hex::encode(Sha256::digest(raw))),
    }
}

/// What a post to the callback of that session says.
pub fn read(session: &str, raw: &[u8]) -> Vec<Event> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else {
        return vec![Event::NotUnderstood("it is not the JSON that WAHA posts")];
    };
    let Some(event) = body["event"].as_str() else { return vec![Event::Other] };
    if text(&body["session"]).is_some_and(|named| named != session) {
        return vec![Event::Other];
    }
    let at = instant(&body["timestamp"]).map(|at| Millis(seconds_to_ms(at.0)));
    let payload = &body["payload"];
    let read = match event {
        "session.status" => return vec![account(&body, at)],
        "message.ack" => ack(payload, at),
        "message.ack.group" => member_ack(payload, at).or_else(|| ack(payload, at)),
        "message.reaction" => reaction(payload, at),
        "group.v2.participants" => members(payload, at),
        "group.v2.join" | "group.v2.leave" | "group.v2.update" => changed(payload),
        _ => return vec![Event::Other],
    };
    vec![read.unwrap_or(Event::NotUnderstood("a post of a known kind lacks what it should say"))]
}

fn account(body: &Value, at: Option<Millis>) -> Event {
    // The payload has the status, the envelope whose it is.
    let mut whole = body["payload"].clone();
    if whole["me"].is_null() {
        whole["me"] = body["me"].clone();
    }
    if let (Value::Null, Some(status)) = (&whole["status"], text(&body["status"])) {
        whole["status"] = status.into();
    }
    let session = session_of(&whole);
    let state = match session.state {
        domain::group::AccountState::Waiting { since } => {
            domain::group::AccountState::Waiting { since: since.or(at) }
        }
        state => state,
    };
    Event::Group(GroupEvent::Account { state, phone: session.phone, at })
}

/// Where a message stands, in the number and the name of an acknowledgement; both are in use (§6).
fn standing(payload: &Value) -> Option<i64> {
    let by_name = match payload["ackName"].as_str() {
        Some("ERROR") => Some(-1),
        Some("PENDING") => Some(0),
        Some("SERVER") => Some(1),
        Some("DEVICE") => Some(2),
        Some("READ") => Some(3),
        Some("PLAYED") => Some(4),
        _ => None,
    };
    by_name.or_else(|| integer(&payload["ack"]))
}

fn group_of(payload: &Value) -> Option<Jid> {
    [&payload["from"], &payload["to"], &payload["chatId"]].into_iter().find_map(|id| text(id)?.parse().ok())
}

/// An acknowledgement of the whole message: WhatsApp took it, or refused it.
fn ack(payload: &Value, at: Option<Millis>) -> Option<Event> {
    let id = id_of(&payload["id"])?;
    let proof = match standing(payload)? {
        i64::MIN..=-1 => {
            let code = ["code", "errorCode", "error"].iter().find_map(|name| integer(&payload[*name]));
            let code = code.or_else(|| integer(&payload["_data"]["error"]));
            let ours = code.map_or(linked::NOT_TAKEN, |code| whatsapp_code(code).0);
            let words = code.map_or("WhatsApp refused the post".to_owned(), |code| {
                format!("WhatsApp refused the post: {code}")
            });
            Proof::Failed(ProviderAnswer::new(ours, words))
        }
        0 => return Some(Event::Other),
        _ => Proof::Sent,
    };
    Some(Event::Receipt(ParsedReceipt {
        provider_id: Some(id),
        network_id: None,
        digits: None,
        user_id: None,
        campaign: None,
        udf: None,
        proof,
        at,
        cost: None,
    }))
}

/// An acknowledgement by one member. An older build says SERVER where it means DEVICE (§6).
fn member_ack(payload: &Value, at: Option<Millis>) -> Option<Event> {
    let participant = text(&payload["participant"])?;
    let seen = match standing(payload)? {
        3.. => MemberReceiptKind::Read,
        1 | 2 => MemberReceiptKind::Delivered,
        _ => return None,
    };
    let alternative = text(&payload["participantAlt"]).and_then(|id| Person::parse(&id));
    let person = Person::parse(&participant).map(|person| person.and(alternative));
    let (group, message) = (group_of(payload)?, id_of(&payload["id"])?);
    Some(Event::Group(GroupEvent::Seen { group, message, person, seen, at }))
}

fn reaction(payload: &Value, at: Option<Millis>) -> Option<Event> {
    let said = &payload["reaction"];
    let person =
        [&payload["participant"], &payload["from"]].into_iter().find_map(|id| Person::parse(&text(id)?));
    let Some(group) = group_of(payload) else { return Some(Event::Other) };
    Some(Event::Group(GroupEvent::Reacted {
        group,
        message: id_of(&said["messageId"])?,
        person: person?,
        emoji: text(&said["text"]),
        at,
    }))
}

fn members(payload: &Value, at: Option<Millis>) -> Option<Event> {
    let group = text(&payload["group"]["id"])?.parse().ok()?;
    let to = match payload["type"].as_str()? {
        "join" => MemberMove::Joined,
        "leave" => MemberMove::Left,
        "promote" => MemberMove::Promoted,
        "demote" => MemberMove::Demoted,
        _ => return Some(Event::Other),
    };
    let people: Vec<Person> = payload["participants"].as_array()?.iter().filter_map(person).collect();
    let at = instant(&payload["timestamp"]).map(|at| Millis(seconds_to_ms(at.0))).or(at);
    Some(Event::Group(GroupEvent::Members { group, to, people, at }))
}

fn changed(payload: &Value) -> Option<Event> {
    let group = text(&payload["group"]["id"]).or_else(|| text(&payload["id"]))?.parse().ok()?;
    Some(Event::Group(GroupEvent::GroupChanged { group }))
}
