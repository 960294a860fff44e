//! What Fast2SMS tells us later: posts to our callback, and the report that we ask for (NOTES.md §5, §6, §7, §12). All of them are
//! read here, so that a polled report is stored and applied like a post.

use domain::{
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof},
    time::{Millis, SECOND},
};
use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::post::parse;
use crate::{
    answer::fit,
    lenient::{digits, id, integer, price, text},
};

/// What a post or a polled report says.
pub fn read(raw: &[u8]) -> Vec<Event> {
    match parse(raw) {
        Value::Array(posts) => posts.iter().flat_map(read_one).collect(),
        post => read_one(&post),
    }
}

/// A repeat of a post has the key of the first (§6): request, number, state and time. They are hashed, so that the key can be
/// kept when the number is erased. A report is known by its bytes.
pub fn dedupe_key(raw: &[u8]) -> String {
    let post = parse(raw);
    let members = [
        text(&post["request_id"]).or_else(|| text(&post["udf1"])),
        number(&post),
        text(&post["status"]).map(|status| status.to_ascii_lowercase()),
        text(&post["delivery_timestamp"]),
    ];
    if members[..3].iter().any(Option::is_none) {
        return format!("sha256:{}", hex::encode(Sha256::digest(raw)));
    }
    let members = members.map(Option::unwrap_or_default).join("\n");
    format!("post:{}", hex::encode(Sha256::digest(members)))
}

fn read_one(post: &Value) -> Vec<Event> {
    if !post.is_object() {
        return vec![Event::NotUnderstood("It is neither JSON, a form nor XML that can be read")];
    }
    if let Some(reports) = post["data"].as_array() {
        return reports.iter().flat_map(report).collect();
    }
    // XML knows no list of one.
    if post["data"].is_object() {
        return report(&post["data"]);
    }
    if let Some(statuses) = post["statuses"].as_array() {
        return statuses.iter().map(clevertap).collect();
    }
    vec![custom(post)]
}

/// One request of the polled report (§5), or a report of another product of Fast2SMS (§12).
fn report(request: &Value) -> Vec<Event> {
    if let Some(product) = other_product(request) {
        return vec![Event::NotUnderstood(product)];
    }
    let provider_id = id(request.get("request_id"));
    let own = |row: &Value| event(row, id(row.get("request_id")).or_else(|| provider_id.clone()));
    match &request["delivery_status"] {
        Value::Array(rows) => rows.iter().map(own).collect(),
        row @ Value::Object(_) => vec![own(row)],
        // A request that nothing is known of yet has no state of its own.
        _ if request["status"].is_null() => Vec::new(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![own(request)],
    }
}

/// Reports of WhatsApp and RCS come to the same address when it is entered for them, and are about no SMS (§12).
fn other_product(row: &Value) -> Option<&'static str> {
    let product = ["type", "channel", "service"].iter().find_map(|name| text(&row[*name]))?;
    match product.to_ascii_lowercase().as_str() {
        "rcs" => Some("It is a report of Fast2SMS’s RCS, which is not used here"),
        "whatsapp" | "wa" => Some("It is a report of Fast2SMS’s WhatsApp, which is not used here"),
        "voice" | "call" | "ivr" => Some("It is a report of Fast2SMS’s voice calls, which are not used here"),
        _ => None,
    }
}

/// The custom form (§6), which operators are asked for.
fn custom(post: &Value) -> Event {
    match other_product(post) {
        Some(product) => Event::NotUnderstood(product),
        None => event(post, id(post.get("request_id"))),
    }
}

fn event(row: &Value, provider_id: Option<String>) -> Event {
    let words = ["failure_reason", "status_description"].iter().find_map(|name| text(&row[*name]));
    let Some((proof, free)) = proof(&row["status"], words).or_else(|| by_time(row)) else {
        return Event::NotUnderstood("It tells of a state that is not known");
    };
    let digits = number(row);
    let udf = row["udf1"].as_str().and_then(|udf| udf.trim().parse().ok());
    if provider_id.is_none() && udf.is_none() {
        return Event::NotUnderstood("It names no request");
    }
    Event::Receipt(ParsedReceipt {
        provider_id,
        network_id: None,
        digits,
        user_id: None,
        campaign: None,
        udf,
        proof,
        at: instant(row),
        cost: if free { Some(Money(0)) } else { price(&row["amount_debited"]) },
    })
}

/// A report without a state that has a time of delivery (§12).
fn by_time(row: &Value) -> Option<(Proof, bool)> {
    let delivered = text(&row["delivered_at"]).is_some_and(|at| at != "0");
    (text(&row["status"]).is_none() && delivered).then_some((Proof::Delivered, false))
}

/// The clevertap form (§6). `msgId` is the request's id, or what we sent along.
fn clevertap(row: &Value) -> Event {
    let Some((proof, free)) = proof(&row["status"], text(&row["description"])) else {
        return Event::NotUnderstood("It tells of a state that is not known");
    };
    let Some(message) = id(row.get("msgId")) else { return Event::NotUnderstood("It names no request") };
    let udf = message.parse().ok();
    Event::Receipt(ParsedReceipt {
        provider_id: if udf.is_some() { None } else { Some(message) },
        network_id: None,
        digits: number(row),
        user_id: None,
        campaign: None,
        udf,
        proof,
        at: seconds(&row["timestamp"]),
        cost: free.then_some(Money(0)),
    })
}

/// What a state proves, and whether it costs nothing (§7); `None` for a state that nobody documents.
fn proof(status: &Value, words: Option<String>) -> Option<(Proof, bool)> {
    let status = plain(&text(status)?);
    let free = matches!(status.as_str(), "blocked" | "dnd");
    let proof = match status.as_str() {
        "pending" | "submitted" | "sent" | "accepted" | "acceptd" | "enroute" | "buffered" => Proof::Sent,
        "delivered" | "delivrd" | "deliveredtohandset" => Proof::Delivered,
        other => {
            let code = match other {
                "failed" | "undelivered" | "expired" | "rejected" | "blocked" | "dnd" => other,
                "undeliv" | "undelivrd" | "notdelivered" => "undelivered",
                "rejectd" => "rejected",
                "faild" | "deleted" => "failed",
                _ => return None,
            };
            let words = words.map_or_else(|| "Failed without a reason".to_owned(), |words| fit(&words, &[]));
            Proof::Failed(ProviderAnswer::new(code, words))
        }
    };
    Some((proof, free))
}

/// A state without what differs between its spellings (§7, §12): `DELIVRD`, `Delivered to handset`, `NOT_DELIVERED`.
fn plain(status: &str) -> String {
    status.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The recipient's digits with country code: number or text, with or without 91 (§5).
fn number(row: &Value) -> Option<String> {
    let digits = ["mobile", "recipient_id"].iter().find_map(|name| digits(&row[*name]))?;
    let ten = digits.trim_start_matches('0');
    let is_mobile = ten.len() == 10 && ten.starts_with(['6', '7', '8', '9']);
    Some(if is_mobile { format!("91{ten}") } else { digits })
}

/// `delivery_timestamp` in unix seconds, else the written time, which is Indian (§5).
fn instant(row: &Value) -> Option<Millis> {
    let written = || {
        ["delivery_time", "delivered_at", "sent_time"].iter().find_map(|name| indian(row[*name].as_str()?))
    };
    seconds(&row["delivery_timestamp"]).or_else(|| seconds(&row["delivered_at"])).or_else(written)
}

/// So many seconds are the year 5138; as many milliseconds are 1973. A larger number is milliseconds.
const SECONDS_MAX: i64 = 100_000_000_000;

fn seconds(value: &Value) -> Option<Millis> {
    let number = integer(value).filter(|number| *number > 0)?;
    Some(Millis(if number < SECONDS_MAX { number * SECOND } else { number }))
}

/// `01-01-2026 10:30:05`, in Asia/Kolkata, which knows no summer time.
fn indian(text: &str) -> Option<Millis> {
    let at = DateTime::strptime("%d-%m-%Y %H:%M:%S", text.trim()).ok()?;
    let zone = TimeZone::fixed(Offset::from_seconds(5 * 3_600 + 1_800).ok()?);
    Some(Millis(at.to_zoned(zone).ok()?.timestamp().as_millisecond()))
}
