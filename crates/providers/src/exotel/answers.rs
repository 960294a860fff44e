//! What Exotel's answers prove (NOTES.md §7).

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::{MINUTE, Millis},
};
use serde_json::Value;

use crate::{
    answer::{Class, QueryError, Row, Status, Text, fit},
    codes,
    http::Answer,
    lenient::{id, integer},
    secret::Secret,
    voice::{DND, NO_FLOW, NOT_ALLOWED, ONCE, body_of, read_answer, words_of},
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

const AGAIN: Class = Class::Retry { slow_down: false };
const SLOWER: Class = Class::Retry { slow_down: true };

/// Refusals and failures of a request for a call; acceptance is a `Call` with a `Sid`.
pub const PLACE_ANSWERS: &[Row] = &[
    row(
        Status::Of(&[400]),
        Text::Has(&[
            &["number", "from", "phone"],
            &["invalid", "not valid", "not a valid", "incorrect", "malformed"],
        ]),
        Class::Recipient,
        codes::INVALID_NUMBER,
        "§7 400 (D)",
    ),
    // The same words for three people in a row are the account's fault: those strikes are the engine's.
    row(Status::Of(&[400]), Text::Any, Class::Recipient, codes::UNRECOGNISED, "§7 400 (D)"),
    row(
        Status::Of(&[401]),
        Text::Has(&[&["balance", "credit", "funds"]]),
        Class::Stop,
        codes::NO_CREDIT,
        "§7 401 for an empty balance (1)",
    ),
    row(Status::Of(&[401]), Text::Any, Class::Stop, codes::BAD_KEY, "§7 401, 1010, 20003 (D)"),
    row(Status::Of(&[402]), Text::Any, Class::Stop, codes::NO_CREDIT, "§7 402 (D)"),
    row(
        Status::Of(&[403]),
        Text::Has(&[&["ndnc", "trai", "dnd", "do not disturb"]]),
        Class::Recipient,
        DND,
        "§7 403 NDNC (O)",
    ),
    row(Status::Of(&[403]), Text::Any, Class::Stop, NOT_ALLOWED, "§7 403 (D)"),
    row(Status::Of(&[404]), Text::Any, Class::Config, NO_FLOW, "§7 404, 10716, 1017 (D)"),
    row(Status::Of(&[409]), Text::Any, AGAIN, ONCE, "§7 409 (D)"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§7 a time-out after sending (A)"),
    row(Status::Of(&[429]), Text::Any, SLOWER, codes::HTTP_429, "§7 429, 10724 (D)"),
    row(
        Status::Of(&[502, 503, 504]),
        Text::Any,
        Class::Unknown,
        codes::GATEWAY,
        "§7 5xx: look for the call (A)",
    ),
    row(
        Status::Within(500, 599),
        Text::Any,
        Class::Unknown,
        codes::SERVER_BROKE,
        "§7 5xx, 1100: look for the call (A)",
    ),
    row(Status::Within(400, 499), Text::Any, Class::Recipient, codes::UNRECOGNISED, "§7 other 4xx (A)"),
    row(
        Status::Within(300, 399),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 the address is a setting (O)",
    ),
];

/// What the answer to a request for a call proves. A refusal may come with 200; its own status counts then.
pub fn read_placed(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = body_of(answer);
    let call = &body["Call"];
    if let Some(sid) = id(call.get("Sid")).filter(|_| (200..300).contains(&answer.status)) {
        return Outcome::Accepted { provider_id: Some(sid), cost: None };
    }
    let told = integer(&body["RestException"]["Status"]).and_then(|status| u16::try_from(status).ok());
    let status = match answer.status {
        200..=299 => told.unwrap_or(answer.status),
        status => status,
    };
    match read_answer(PLACE_ANSWERS, (answer, status), &words_of(&body), now, secrets) {
        // The limit is one of minutes (§8).
        Outcome::NotNow { said, wait_ms: None, slow_down: true, once } => {
            let wait = MINUTE - now.0.rem_euclid(MINUTE);
            Outcome::NotNow { said, wait_ms: Some(wait), slow_down: true, once }
        }
        outcome => outcome,
    }
}

/// The JSON of a good answer to a question.
pub(super) fn told(answer: Answer, secrets: &[&Secret]) -> Result<Value, QueryError> {
    let body = body_of(&answer);
    let words = fit(&words_of(&body), secrets);
    let words = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
    let said = |code: &str| ProviderAnswer::new(code, words.clone());
    match answer.status {
        200..=299 if body.is_object() => Ok(body),
        200..=299 => {
            Err(QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, "The answer cannot be read")))
        }
        401 | 403 => Err(QueryError::Refused(said(codes::BAD_KEY))),
        404 => Err(QueryError::Refused(said(NO_FLOW))),
        429 => Err(QueryError::Silent(said(codes::HTTP_429))),
        400..=499 => Err(QueryError::Refused(said(codes::UNRECOGNISED))),
        _ => Err(QueryError::Silent(said(codes::SERVER_BROKE))),
    }
}
