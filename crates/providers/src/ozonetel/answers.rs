//! What KooKoo's answers prove (NOTES.md §1, §5). It answers in XML; `queued` is acceptance, and its message the id of the call.

use domain::{outcome::Outcome, time::Millis};

use crate::{
    answer::{Class, Row, Status, Text},
    codes,
    http::Answer,
    lenient::{id, text},
    secret::Secret,
    voice::{DND, NOT_ALLOWED, ONCE, OUT_OF_HOURS, body_of, plain, read_answer},
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

const ANY: Status = Status::Within(200, 299);
const AGAIN: Class = Class::Retry { slow_down: false };

/// Refusals, which come with 200 and `error`, and answers with another status.
pub const PLACE_TEXTS: &[Row] = &[
    row(
        ANY,
        Text::Has(&[&["9pm to 9am", "9 pm to 9 am"]]),
        Class::Stop,
        OUT_OF_HOURS,
        "§1 CALLS WILL NOT BE MADE BETWEEN 9PM TO 9AM. (O)",
    ),
    row(ANY, Text::Has(&[&["dnd"]]), Class::Recipient, DND, "§1 PHONE NUMBER IN DND LIST (O)"),
    row(
        ANY,
        Text::Has(&[&["balance", "credit", "funds", "recharge"]]),
        Class::Stop,
        codes::NO_CREDIT,
        "§5 balance or credit (A)",
    ),
    row(
        ANY,
        Text::Has(&[&["not enabled", "disabled", "not allowed", "not permitted"]]),
        Class::Stop,
        NOT_ALLOWED,
        "§5 outbound … not enabled (A)",
    ),
    row(
        ANY,
        Text::Has(&[&["key", "account", "authenticat", "unauthori"]]),
        Class::Stop,
        codes::BAD_KEY,
        "§5 key or account (A)",
    ),
    row(ANY, Text::Has(&[&["number", "phone"]]), Class::Recipient, codes::INVALID_NUMBER, "§5 number (A)"),
    row(ANY, Text::Any, AGAIN, ONCE, "§5 other text: once more, then not (A)"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§5 time-out after sending (A)"),
    row(
        Status::Of(&[429]),
        Text::Any,
        Class::Retry { slow_down: true },
        codes::HTTP_429,
        "RFC 6585 §4; limits are not published",
    ),
    row(Status::Of(&[401, 403]), Text::Any, Class::Stop, codes::BAD_KEY, "§5 HTTP 4xx (A)"),
    row(Status::Within(400, 499), Text::Any, Class::Stop, codes::BAD_ADDRESS, "§5 HTTP 4xx (A)"),
    row(
        Status::Within(300, 399),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 the base address is a setting (D)",
    ),
    row(Status::Of(&[502, 503, 504]), Text::Any, Class::Unknown, codes::GATEWAY, "§5 HTTP 5xx (A)"),
    row(Status::Within(500, 599), Text::Any, Class::Unknown, codes::SERVER_BROKE, "§5 HTTP 5xx (A)"),
];

/// What the answer to a request for a call proves. An empty answer, or one that is no XML of theirs, proves nothing.
pub fn read_placed(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = body_of(answer);
    let status = text(&body["status"]).map(|status| plain(&status)).unwrap_or_default();
    let words = text(&body["message"]).unwrap_or_default();
    match (answer.status, status.as_str()) {
        (200..=299, "queued" | "success") => {
            Outcome::Accepted { provider_id: id(body.get("message")), cost: None }
        }
        (200..=299, "error" | "failed" | "failure") => {
            read_answer(PLACE_TEXTS, (answer, answer.status), &words, now, secrets)
        }
        // A status that says neither is no reason to call again.
        (200..=299, _) => read_answer(&[], (answer, answer.status), &words, now, secrets),
        _ => read_answer(PLACE_TEXTS, (answer, answer.status), &words, now, secrets),
    }
}
