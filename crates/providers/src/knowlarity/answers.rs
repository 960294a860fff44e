//! What Knowlarity's answers prove (NOTES.md §1, §4).

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::Millis,
};
use serde_json::Value;

use crate::{
    answer::{Class, QueryError, Row, Status, Text, fit},
    codes,
    http::Answer,
    lenient::{id, integer},
    secret::Secret,
    voice::{DND, NO_FLOW, ONCE, body_of, read_answer, words_of},
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

/// A refusal comes with 200 and another `status_code` than 1, or with 400.
const SAID: Status = Status::Of(&[200, 201, 202, 400]);

/// Refusals and failures; acceptance is `status_code` 1 with an `order_id`.
pub const ORDER_ANSWERS: &[Row] = &[
    row(
        SAID,
        Text::Has(&[&["balance", "credit", "expired", "recharge"]]),
        Class::Stop,
        codes::NO_CREDIT,
        "§4 balance, credit, plan expired (A)",
    ),
    row(
        SAID,
        Text::Has(&[&["time", "schedul", "past"]]),
        Class::Retry { slow_down: false },
        ONCE,
        "§4 time or schedule: once more, later (A)",
    ),
    row(SAID, Text::Has(&[&["dnd", "ndnc"]]), Class::Recipient, DND, "§2 ndnc_count (D)"),
    row(
        SAID,
        Text::Has(&[&["ivr", "k_number", "plan", "sound_id", "caller_id"]]),
        Class::Config,
        NO_FLOW,
        "§4 ivr_id, k_number, plan (A)",
    ),
    row(SAID, Text::Has(&[&["number"]]), Class::Recipient, codes::INVALID_NUMBER, "§4 on a number (A)"),
    row(SAID, Text::Any, Class::Config, codes::REFUSED_WITH_200, "§4 otherwise (A)"),
    row(Status::Of(&[401, 403]), Text::Any, Class::Stop, codes::BAD_KEY, "§4 401, 403 (D)"),
    row(
        Status::Of(&[404]),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 the channel is part of the path (D)",
    ),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§4 time-out after sending (A)"),
    row(Status::Of(&[429]), Text::Any, Class::Retry { slow_down: true }, codes::HTTP_429, "§4 429 (A)"),
    row(
        Status::Of(&[502, 503, 504]),
        Text::Any,
        Class::Unknown,
        codes::GATEWAY,
        "§4 5xx: look in the list of orders (A)",
    ),
    row(
        Status::Within(500, 599),
        Text::Any,
        Class::Unknown,
        codes::SERVER_BROKE,
        "§4 5xx: look in the list of orders (A)",
    ),
    row(Status::Within(400, 499), Text::Any, Class::Config, codes::REFUSED_WITH_200, "§4 otherwise (A)"),
    row(
        Status::Within(300, 399),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 the base address is a setting (A)",
    ),
];

/// What the answer to an order proves.
pub fn read_ordered(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = body_of(answer);
    let words = words_of(&body);
    let code = integer(&body["status_code"]);
    let order = id(body.get("order_id"));
    match answer.status {
        200..=299 if code == Some(1) && order.is_some() => {
            Outcome::Accepted { provider_id: order, cost: None }
        }
        // Neither a code nor words of a refusal: it may have been taken.
        200..=299 if code.is_none() && body["error"].is_null() => {
            read_answer(&[], (answer, answer.status), &words, now, secrets)
        }
        200..=299 if code == Some(1) => read_answer(&[], (answer, answer.status), &words, now, secrets),
        200..=299 => read_answer(ORDER_ANSWERS, (answer, 400), &words, now, secrets),
        status => read_answer(ORDER_ANSWERS, (answer, status), &words, now, secrets),
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
        200..=299 => Err(QueryError::Silent(said(codes::UNREADABLE))),
        401 | 403 => Err(QueryError::Refused(said(codes::BAD_KEY))),
        429 => Err(QueryError::Silent(said(codes::HTTP_429))),
        400..=499 => Err(QueryError::Refused(said(codes::UNRECOGNISED))),
        _ => Err(QueryError::Silent(said(codes::SERVER_BROKE))),
    }
}
