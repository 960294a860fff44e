//! What AiSensy posts to us (NOTES.md §4): whether it is genuine, whether we know it, what it says.

use domain::{
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof, opt_word},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{message, project};
use crate::{
    answer::fit,
    lenient::{digits, id, instant, is_something, price, text},
    secret::Secret,
};

/// Name of the header that carries the signature, in lower case (§4.1).
pub const SIGNATURE_HEADER: &str = "x-aisensy-signature";

/// Whether the signature is the body's (§4.1): HMAC-SHA256 over the bytes as they came, or over the compact form with key order
/// kept, which is what the vendor's own sample hashes. Without a secret nothing is genuine. Nothing is parsed: a body that nobody signed
/// costs two passes over its bytes and no memory.
pub fn verify(secret: Option<&Secret>, raw: &[u8], signature: Option<&str>) -> bool {
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { return false };
    let Some(signature) = signature else { return false };
    let signature = signature.trim();
    let Ok(claimed) = hex::decode(signature.strip_prefix("sha256=").unwrap_or(signature)) else {
        return false;
    };
    signs(secret, [raw].into_iter(), &claimed) || signs(secret, compact(raw), &claimed)
}

/// Compares in constant time, and only a whole signature.
fn signs<'b>(secret: &Secret, pieces: impl Iterator<Item = &'b [u8]>, claimed: &[u8]) -> bool {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    pieces.for_each(|piece| mac.update(piece));
    mac.verify_slice(claimed).is_ok()
}

/// A JSON text without the spaces between its parts, piece by piece.
fn compact(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut in_text, mut escaped) = (false, false);
    raw.split(move |byte| {
        let space = !in_text && matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        match (in_text, escaped, byte) {
            (true, false, b'\\') => escaped = true,
            (true, false, b'"') => in_text = false,
            (false, _, b'"') => in_text = true,
            _ => escaped = false,
        }
        space
    })
}

/// The envelope's `id` (§4.5: deduplicate on it); of a post without one, a digest of its bytes.
pub fn dedupe_key(raw: &[u8]) -> String {
    let body: Option<Value> = serde_json::from_slice(raw).ok();
    match body.as_ref().and_then(|body| id(body.get("id"))) {
        Some(id) => id,
        None => format!("sha256:{}", hex::encode(Sha256::digest(raw))),
    }
}

/// What a post says. Unknown topics, and what cannot be read, concern us not.
pub fn read(raw: &[u8]) -> Vec<Event> {
    match serde_json::from_slice::<Value>(raw) {
        Ok(Value::Array(envelopes)) => envelopes.iter().map(read_one).collect(),
        Ok(post) if post["topic"] == project::LOOK_UP_TOPIC => project::read_told(&post),
        Ok(envelope) => vec![read_one(&envelope)],
        Err(_) => vec![Event::NotUnderstood("It is no JSON")],
    }
}

fn read_one(envelope: &Value) -> Event {
    let topic = envelope["topic"].as_str().unwrap_or("").trim().to_ascii_lowercase();
    match topic.as_str() {
        "message.status.updated" | message::MESSAGE_TOPIC => receipt(envelope, None),
        "contact.campaign.sent" => receipt(envelope, Some(Stage::Sent)),
        "contact.campaign.delivered" => receipt(envelope, Some(Stage::Delivered)),
        "contact.campaign.read" => receipt(envelope, Some(Stage::Read)),
        "message.sender.user" => inbound(&envelope["data"]),
        // Nothing of AiSensy's comes without one, and a topic that may tell of messages is not passed over.
        "" => Event::NotUnderstood("It names no topic"),
        new if new.starts_with("message.status") || new.starts_with("contact.campaign") => {
            Event::NotUnderstood("Its topic tells of messages and is not known")
        }
        _ => Event::Other,
    }
}

/// How far a message got; a later one holds what an earlier one says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Sent,
    Delivered,
    Read,
}

/// `topic` is what the topic proves by itself.
fn receipt(envelope: &Value, topic: Option<Stage>) -> Event {
    let message = &envelope["data"]["message"];
    let status = message["status"].as_str().unwrap_or("").trim().to_ascii_uppercase();
    let failure = &message["failureResponse"];
    let (stage, failed) = match status.as_str() {
        "SENT" => (Some(Stage::Sent), false),
        "DELIVERED" => (Some(Stage::Delivered), false),
        "READ" => (Some(Stage::Read), false),
        "FAILED" => (None, true),
        // No status, but the time of one (§12).
        "" if topic.is_none() && instant(&message["read_at"]).is_some() => (Some(Stage::Read), false),
        "" if topic.is_none() && instant(&message["delivered_at"]).is_some() => {
            (Some(Stage::Delivered), false)
        }
        // No status, but a reason: an empty object is none (§4.4).
        "" if topic.is_none() && is_something(failure) => (None, true),
        _ => (None, false),
    };
    // Arrival beats failure (§4.6), whichever of the two said it.
    let (proof, at) = match stage.max(topic) {
        Some(Stage::Read) => (Proof::Read, "read_at"),
        Some(Stage::Delivered) => (Proof::Delivered, "delivered_at"),
        Some(Stage::Sent) | None if failed => (Proof::Failed(why(failure)), "failed_at"),
        Some(Stage::Sent) => (Proof::Sent, "sent_at"),
        None => return Event::NotUnderstood("It tells of a state that is not known"),
    };
    Event::Receipt(ParsedReceipt {
        provider_id: id(message.get("submitted_message_id")),
        network_id: id(message.get("messageId")),
        digits: number(&envelope["data"]),
        user_id: user_id(&envelope["data"]),
        campaign: text(&message["campaign"]["name"]).or_else(|| text(&message["campaign"])),
        udf: None,
        proof,
        at: instant(&message[at]).or_else(|| instant(&envelope["created_at"])),
        cost: price(&message["message_price"]),
    })
}

/// Code and reason of a failure; its code is Meta's (§5), a number or text.
fn why(failure: &Value) -> ProviderAnswer {
    let code = id(failure.get("code")).unwrap_or_else(|| "failed".to_owned());
    let reason = failure.as_str().map(str::to_owned).or_else(|| text(&failure["reason"]));
    ProviderAnswer::new(
        code,
        reason.map_or_else(|| "Failed without a reason".to_owned(), |reason| fit(&reason, &[])),
    )
}

/// The other side's number: digits with country code, or ten digits and `countryCode` beside them.
fn number(data: &Value) -> Option<String> {
    let found = [&data["message"], &data["contact"]].into_iter().find_map(|side| {
        let number = digits(&side["phone_number"])?;
        let country = text(&side["countryCode"]).unwrap_or_default();
        Some((number, country.trim_start_matches('+').to_owned()))
    });
    let (number, country) = found?;
    let is_code = !country.is_empty() && country.len() <= 3 && country.bytes().all(|b| b.is_ascii_digit());
    Some(if number.len() <= 10 && is_code { format!("{country}{number}") } else { number })
}

/// WhatsApp's id of the other side, `IN.` and letters and digits, which may come without a number (§12). Where AiSensy writes it is not
/// published: in a place of its own, or in the number's.
fn user_id(data: &Value) -> Option<String> {
    let sides = [&data["message"], &data["contact"], data];
    let places = ["from_user_id", "user_id", "userId", "phone_number"];
    let mut found = sides.iter().flat_map(|side| places.iter().filter_map(|place| id(side.get(*place))));
    found.find(|id| is_user_id(id))
}

/// Two letters of a country, a dot, letters and digits.
pub(super) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && !rest.is_empty()
        && rest.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Longest inbound text that is kept, in characters; only whole opt-out words matter.
const INBOUND_CHARS_MAX: usize = 1_000;

fn inbound(data: &Value) -> Event {
    let message = &data["message"];
    let sender = message["sender"].as_str().unwrap_or("USER");
    let said = said(&message["message_content"]);
    let (digits, user_id) = (number(data), user_id(data));
    match said {
        Some(said) if sender.eq_ignore_ascii_case("USER") && (digits.is_some() || user_id.is_some()) => {
            Event::Inbound { digits, user_id, text: said.chars().take(INBOUND_CHARS_MAX).collect() }
        }
        _ => Event::Other,
    }
}

/// What a person said: of a pressed button, its words or its payload, whichever is a word that opts out or in.
fn said(content: &Value) -> Option<String> {
    let mut all = Vec::new();
    words(content, 4, &mut all);
    let decides = all.iter().position(|text| opt_word(text).is_some()).unwrap_or(0);
    (!all.is_empty()).then(|| all.swap_remove(decides))
}

/// The texts in a message's content: plain text, or the words on the pressed button. Where they sit differs by kind (§4.4).
fn words(content: &Value, depth: usize, all: &mut Vec<String>) {
    if let Some(text) = content.as_str().map(str::trim).filter(|text| !text.is_empty()) {
        all.push(text.to_owned());
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    let places = [
        "text",
        "body",
        "title",
        "button",
        "button_reply",
        "list_reply",
        "reply",
        "interactive",
        "payload",
        "id",
        "caption",
    ];
    places.iter().filter_map(|place| content.get(place)).for_each(|inner| words(inner, depth, all));
}
