//! The six callbacks (NOTES.md §5).

use domain::{
    group::{GroupEvent, Jid, Lid, MemberMove, MemberReceiptKind, Person},
    receipt::Event,
    time::Millis,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    lenient::{id, instant, integer, text},
    linked::{self, whatsapp_code},
};

/// Posts carry no id: the same body is the same post.
pub fn dedupe_key(raw: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(raw)))
}

/// What a post about that session says.
pub fn read(session: &str, raw: &[u8]) -> Vec<Event> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else {
        return vec![Event::NotUnderstood("it is not the JSON that the gateway posts")];
    };
    if text(&body["sessionId"]).is_some_and(|named| named != session) {
        return vec![Event::Other];
    }
    let at = instant(&body["timestamp"]);
    let Some(event) = body["event"].as_str() else {
        // Only the post about the session's state has no event, and it is proven by nothing: the gateway is asked instead (§5).
        let about_state = text(&body["sessionId"]).is_some() && body["status"].is_string();
        return vec![if about_state { Event::Group(GroupEvent::AskAccount) } else { Event::Other }];
    };
    let Some(group) = text(&body["groupJid"]).and_then(|jid| jid.parse::<Jid>().ok()) else {
        return vec![Event::Other];
    };
    let read = match event {
        "message_sent" => {
            id(Some(&body["messageId"])).map(|message| GroupEvent::HandedOver { group, message })
        }
        "message_failed" | "message_error" => Some(refused(group, &body)),
        "delivered" => seen(group, &body, MemberReceiptKind::Delivered, at),
        "read" => seen(group, &body, MemberReceiptKind::Read, at),
        "reaction_add" | "reaction_remove" => reacted(group, &body, event == "reaction_add", at),
        "join" => moved(group, &body, MemberMove::Joined, at),
        "leave" => moved(group, &body, MemberMove::Left, at),
        _ => return vec![Event::Other],
    };
    vec![
        read.map_or(
            Event::NotUnderstood("a callback of a known kind lacks what it should say"),
            Event::Group,
        ),
    ]
}

/// A refusal, at once or late. The group is all that a post of ours can be found by before its id is known.
fn refused(group: Jid, body: &Value) -> GroupEvent {
    let code = integer(&body["errorCode"]).or_else(|| integer(&body["error"]["code"]));
    let words = text(&body["errorMessage"]).or_else(|| text(&body["error"])).unwrap_or_default();
    GroupEvent::Refused {
        group,
        message: id(Some(&body["messageId"])),
        code: code.map_or(linked::NOT_TAKEN, |code| whatsapp_code(code).0).to_owned(),
        text: crate::answer::fit(&words, &[]),
    }
}

fn seen(group: Jid, body: &Value, seen: MemberReceiptKind, at: Option<Millis>) -> Option<GroupEvent> {
    let message = id(Some(&body["messageId"]))?;
    Some(GroupEvent::Seen { group, message, person: who(&body["readerPhone"]), seen, at })
}

fn reacted(group: Jid, body: &Value, added: bool, at: Option<Millis>) -> Option<GroupEvent> {
    let message = id(Some(&body["messageId"]))?;
    let person = who(&body["reactorPhone"])?;
    Some(GroupEvent::Reacted { group, message, person, emoji: text(&body["emoji"]).filter(|_| added), at })
}

fn moved(group: Jid, body: &Value, to: MemberMove, at: Option<Millis>) -> Option<GroupEvent> {
    let participant = &body["participant"];
    let by_phone = who(&participant["phone"]);
    let by_id = text(&participant["id"]).and_then(|id| Person::parse(&id));
    let person = match (by_phone, by_id) {
        (Some(one), other) => one.and(other),
        (None, one) => one?,
    };
    Some(GroupEvent::Members { group, to, people: vec![person], at })
}

/// A person as the gateway writes them: a number, or a hidden id, which has more digits than the numbers of people (§5).
pub(super) fn who(value: &Value) -> Option<Person> {
    let text = text(value)?;
    let bare = text.trim_start_matches('+');
    if !text.contains('@') && bare.len() >= 14 {
        return Lid::parse(bare).map(Person::Hidden);
    }
    Person::parse(&text)
}
