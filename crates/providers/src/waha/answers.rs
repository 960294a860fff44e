//! The table from WAHA's answer to an outcome (NOTES.md §4).

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::Millis,
};
use serde_json::Value;

use super::posts::id_of;
use crate::{
    answer::{Class, Row, Status, Text, find, fit, outcome, wait_ms},
    codes::{self, AGAIN, SLOWER},
    http::Answer,
    linked::{self, NO_GROUP, NO_SESSION, NOT_CONNECTED, POST_REFUSED},
    secret::Secret,
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

/// A refusal of WhatsApp itself is in the words: WAHA answers 500 (§4).
const WHATSAPP: Status = Status::Of(&[400, 409, 500]);

/// Answers of a call that sends, from the most certain to the least.
pub const SEND_ANSWERS: &[Row] = &[
    row(WHATSAPP, Text::Has(&[&["error 463"]]), Class::Stop, linked::RESTRICTED, "§4"),
    row(WHATSAPP, Text::Has(&[&["error 402"]]), Class::Stop, linked::BANNED, "§4"),
    row(WHATSAPP, Text::Has(&[&["error 420"]]), Class::Recipient, linked::PARENT, "§4"),
    row(WHATSAPP, Text::Has(&[&["error 479"]]), Class::Recipient, linked::STALE, "§4"),
    row(WHATSAPP, Text::Has(&[&["rate-overlimit", "error 429"]]), SLOWER, codes::HTTP_429, "§4"),
    row(WHATSAPP, Text::Has(&[&["item-not-found", "error 404"]]), Class::Recipient, NO_GROUP, "§4"),
    row(WHATSAPP, Text::Has(&[&["not-authorized", "error 401"]]), Class::Recipient, NO_GROUP, "§4"),
    row(WHATSAPP, Text::Has(&[&["forbidden", "error 403"]]), Class::Recipient, linked::ADMINS_ONLY, "§4"),
    row(WHATSAPP, Text::Has(&[&["server returned error"]]), Class::Recipient, linked::NOT_TAKEN, "§4"),
    row(Status::Of(&[401, 403]), Text::Any, Class::Stop, codes::BAD_KEY, "§1"),
    row(Status::Of(&[404]), Text::Any, Class::Stop, NO_SESSION, "§1"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§4"),
    row(Status::Of(&[422]), Text::Any, AGAIN, NOT_CONNECTED, "§4"),
    row(Status::Of(&[429]), Text::Any, SLOWER, codes::HTTP_429, "§4"),
    row(Status::Of(&[503]), Text::Any, SLOWER, codes::HTTP_503, "§4"),
    row(Status::Of(&[502, 504]), Text::Any, Class::Unknown, codes::GATEWAY, "§4"),
    row(Status::Within(500, 599), Text::Any, Class::Unknown, codes::SERVER_BROKE, "§4"),
    row(Status::Within(300, 499), Text::Any, Class::Config, POST_REFUSED, "§4"),
];

/// What an answer to a call that sends proves.
pub fn read_answer(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = linked::body_of(answer);
    let words = linked::words(&body);
    if let 200..=299 = answer.status {
        return match body.as_ref().and_then(accepted) {
            Some(provider_id) => Outcome::Accepted { provider_id: Some(provider_id), cost: None },
            None => {
                Outcome::Unknown(ProviderAnswer::new(codes::UNREADABLE, "The answer carries no message’s id"))
            }
        };
    }
    let text = match &body {
        // A 422 names the state that the session stands in (§4).
        Some(body) if answer.status == 422 && body["status"].is_string() => {
            format!("The session is {}", body["status"].as_str().unwrap_or_default())
        }
        _ if words.is_empty() => format!("HTTP {}", answer.status),
        _ => words,
    };
    let (class, code) = find(SEND_ANSWERS, answer.status, &text)
        .map_or((Class::Unknown, codes::UNREADABLE), |row| (row.class, row.code));
    outcome(class, ProviderAnswer::new(code, fit(&text, secrets)), wait_ms(answer, now))
}

/// The bare id of what was sent; three forms are in use (§3).
fn accepted(body: &Value) -> Option<String> {
    [&body["id"], &body["key"]["id"], &body["_data"]["id"]].into_iter().find_map(id_of)
}
