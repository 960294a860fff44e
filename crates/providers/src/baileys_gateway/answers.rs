//! The table from the gateway's answer to an outcome (NOTES.md §3).

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::Millis,
};
use serde_json::Value;

use crate::{
    answer::{Class, Row, Status, Text, find, fit, outcome, wait_ms},
    codes::{self, AGAIN, SLOWER},
    http::Answer,
    lenient::{id, yes_or_no},
    linked::{self, NO_GROUP, NO_SESSION, NOT_CONNECTED, POST_REFUSED},
    secret::Secret,
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

const ANY: Status = Status::Within(200, 599);

/// Answers of a call that sends, from the most certain to the least.
pub const SEND_ANSWERS: &[Row] = &[
    row(Status::Of(&[401, 403]), Text::Any, Class::Stop, codes::BAD_KEY, "§1"),
    row(Status::Of(&[503]), Text::Any, AGAIN, NOT_CONNECTED, "§3"),
    row(Status::Of(&[429]), Text::Any, SLOWER, codes::HTTP_429, "§3"),
    row(Status::Of(&[404]), Text::Has(&[&["session"]]), Class::Stop, NO_SESSION, "§1"),
    row(
        Status::Within(200, 499),
        Text::Has(&[&["not connected", "connection closed", "disconnected", "session is down"]]),
        AGAIN,
        NOT_CONNECTED,
        "§3",
    ),
    row(
        Status::Within(200, 499),
        Text::Has(&[&["item-not-found", "group not found"]]),
        Class::Recipient,
        NO_GROUP,
        "§3",
    ),
    row(Status::Within(200, 499), Text::Has(&[&["rate-overlimit"]]), SLOWER, codes::HTTP_429, "§3"),
    row(Status::Of(&[404]), Text::Any, Class::Stop, NO_SESSION, "§1"),
    row(Status::Within(200, 299), Text::Any, Class::Recipient, linked::NOT_TAKEN, "§3"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§3"),
    row(Status::Of(&[502, 504]), Text::Any, Class::Unknown, codes::GATEWAY, "§3"),
    row(Status::Within(500, 599), Text::Any, Class::Unknown, codes::SERVER_BROKE, "§3"),
    row(ANY, Text::Any, Class::Config, POST_REFUSED, "§3"),
];

/// What an answer to a call that sends proves. Taken is what the gateway took, and no more: it posts later, and tells of it by
/// callback (§3).
pub fn read_answer(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = linked::body_of(answer);
    let words = linked::words(&body);
    let said_no = body.as_ref().and_then(|body| yes_or_no(&body["success"])) == Some(false);
    if let 200..=299 = answer.status {
        let taken = body.as_ref().is_some_and(|body| {
            ["accepted", "success"].iter().any(|name| yes_or_no(&body[*name]) == Some(true))
        });
        if taken {
            return Outcome::Accepted { provider_id: body.as_ref().and_then(id_in), cost: None };
        }
        if !said_no && words.is_empty() {
            let words = "The answer says neither yes nor no";
            return Outcome::Unknown(ProviderAnswer::new(codes::UNREADABLE, words));
        }
    }
    let text = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
    let (class, code) = find(SEND_ANSWERS, answer.status, &text)
        .map_or((Class::Unknown, codes::UNREADABLE), |row| (row.class, row.code));
    outcome(class, ProviderAnswer::new(code, fit(&text, secrets)), wait_ms(answer, now))
}

/// The id of what was sent, where the older, synchronous form tells it.
fn id_in(body: &Value) -> Option<String> {
    id(Some(&body["messageId"])).or_else(|| id(Some(&body["key"]["id"])))
}
