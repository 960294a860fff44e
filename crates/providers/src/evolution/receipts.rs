//! What Evolution API posts: whether it is genuine, and what it says (NOTES.md §5).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    group::{GroupEvent, Jid, MemberMove, Person},
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::calls::state_of;
use crate::{
    lenient::{id, integer, text},
    linked,
    secret::Secret,
};

/// Whether an `Authorization` header carries a token that is signed with the key: HS256, for this purpose (§5). Its time is not looked
/// at: a post that comes late is as genuine, and one that comes twice is kept once.
pub fn is_genuine(key: &Secret, header: &str) -> bool {
    let Some(token) = header.trim().strip_prefix("Bearer ") else { return false };
    let Some((signed, signature)) = token.trim().rsplit_once('.') else { return false };
    let Some((head, claims)) = signed.split_once('.') else { return false };
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
    };
    let (Some(head), Some(claims)) = (json(head), json(claims)) else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')) else { return false };
    let ours = head["alg"] == "HS256" && claims["action"] == "webhook";
    let mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes());
    ours && mac.is_ok_and(|mut mac| {
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature).is_ok()
    })
}

/// Posts carry no id: the same body is the same post.
pub fn dedupe_key(raw: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(raw)))
}

/// What a post about that instance says.
pub fn read(instance: &str, raw: &[u8]) -> Vec<Event> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else {
        return vec![Event::NotUnderstood("it is not the JSON that Evolution API posts")];
    };
    let Some(event) = body["event"].as_str() else { return vec![Event::Other] };
    if text(&body["instance"]).is_some_and(|named| named != instance) {
        return vec![Event::Other];
    }
    let data = &body["data"];
    match event.to_lowercase().replace(['_', '-'], ".").as_str() {
        "connection.update" => vec![connection(data)],
        // Their data may be empty: the gateway is asked (§5).
        "status.instance" | "logout.instance" | "remove.instance" => {
            vec![Event::Group(GroupEvent::AskAccount)]
        }
        "messages.update" => rows(data).iter().map(|row| update(row)).collect(),
        "groups.upsert" => rows(data).iter().filter_map(|row| changed(row)).collect(),
        "group.participants.update" => vec![members(data).unwrap_or(INCOMPLETE)],
        _ => vec![Event::Other],
    }
}

const INCOMPLETE: Event = Event::NotUnderstood("a post of a known kind lacks what it should say");

/// One row, or a list of rows.
fn rows(data: &Value) -> Vec<&Value> {
    match data {
        Value::Array(rows) => rows.iter().collect(),
        one => vec![one],
    }
}

fn connection(data: &Value) -> Event {
    let Some(state) = data["state"].as_str() else { return INCOMPLETE };
    let me = text(&data["wuid"]).and_then(|jid| Person::parse(&jid));
    // Whether a phone is linked is told only when it opens; a connection that is being made says nothing about it.
    if state == "connecting" || (state == "close" && integer(&data["statusReason"]).is_none()) {
        return Event::Group(GroupEvent::AskAccount);
    }
    let state = state_of(state, integer(&data["statusReason"]), true);
    let phone = me.as_ref().and_then(Person::phone).cloned();
    // The instant of a post is the local time of the gateway with a Z stuck on (§5): it is not taken.
    Event::Group(GroupEvent::Account { state, phone, at: None })
}

/// A refusal of a message, without its code; everything better is never told for groups (§5).
fn update(row: &Value) -> Event {
    let Some(provider_id) = id(Some(&row["keyId"])) else { return INCOMPLETE };
    if row["status"].as_str() != Some("ERROR") {
        return Event::Other;
    }
    let said =
        ProviderAnswer::new(linked::NOT_TAKEN, "WhatsApp refused the post; Evolution API does not tell why");
    Event::Receipt(ParsedReceipt {
        provider_id: Some(provider_id),
        network_id: None,
        digits: None,
        user_id: None,
        campaign: None,
        udf: None,
        proof: Proof::Failed(said),
        at: None,
        cost: None,
    })
}

fn changed(row: &Value) -> Option<Event> {
    let group = text(&row["id"])?.parse().ok()?;
    Some(Event::Group(GroupEvent::GroupChanged { group }))
}

fn members(data: &Value) -> Option<Event> {
    let group: Jid = text(&data["id"])?.parse().ok()?;
    let to = match data["action"].as_str()? {
        "add" => MemberMove::Joined,
        "remove" => MemberMove::Left,
        "promote" => MemberMove::Promoted,
        "demote" => MemberMove::Demoted,
        _ => return Some(Event::Other),
    };
    let told = data["participantsData"].as_array().filter(|rows| !rows.is_empty());
    let rows = told.or_else(|| data["participants"].as_array())?;
    let people = rows.iter().filter_map(person).collect();
    Some(Event::Group(GroupEvent::Members { group, to, people, at: None }))
}

fn person(row: &Value) -> Option<Person> {
    let ids = [row, &row["jid"], &row["id"], &row["phoneNumber"]].into_iter().filter_map(text);
    let mut people = ids.filter_map(|id| Person::parse(&id));
    let first = people.next()?;
    Some(people.fold(first, |all, one| all.and(Some(one))))
}
