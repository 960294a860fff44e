//! What MyOperator's answers prove (NOTES.md §1, §5).

use domain::{outcome::Outcome, time::Millis};

use crate::{
    answer::{Class, Row, Status, Text},
    codes,
    http::Answer,
    lenient::{id, text},
    secret::Secret,
    voice::{DND, NO_FLOW, NOT_ALLOWED, ONCE, body_of, plain, read_answer, words_of},
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

const GOOD: Status = Status::Within(200, 299);

/// Refusals and failures; acceptance is a good status and `success`. A repeated reference is acceptance too.
pub const PLACE_ANSWERS: &[Row] = &[
    row(
        GOOD,
        Text::Has(&[&["balance", "credit", "plan", "recharge"]]),
        Class::Stop,
        codes::NO_CREDIT,
        "§5 200 that is no success: balance, plan (A)",
    ),
    row(
        GOOD,
        Text::Has(&[&["dnd", "do not disturb", "ndnc"]]),
        Class::Recipient,
        DND,
        "§5 200 that is no success: DND (A)",
    ),
    row(
        GOOD,
        Text::Has(&[&["number"]]),
        Class::Recipient,
        codes::INVALID_NUMBER,
        "§5 200 that is no success: number (A)",
    ),
    row(GOOD, Text::Any, Class::Retry { slow_down: false }, ONCE, "§5 200 that is no success: once more (A)"),
    row(
        Status::Of(&[400]),
        Text::Has(&[&["number"]]),
        Class::Recipient,
        codes::INVALID_NUMBER,
        "§5 400 on number (D)",
    ),
    row(Status::Of(&[400]), Text::Any, Class::Config, NO_FLOW, "§5 400 otherwise (D)"),
    row(Status::Of(&[401]), Text::Any, Class::Stop, codes::BAD_KEY, "§5 401 (D)"),
    row(
        Status::Of(&[403]),
        Text::Any,
        Class::Stop,
        NOT_ALLOWED,
        "§5 403 permission, dialler type, number not allowed (D)",
    ),
    row(Status::Of(&[404]), Text::Any, Class::Config, NO_FLOW, "§5 404 (D)"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§5 time-out after sending (A)"),
    row(Status::Of(&[429]), Text::Any, Class::Retry { slow_down: true }, codes::HTTP_429, "§5 429 (D)"),
    row(
        Status::Of(&[502, 503, 504]),
        Text::Any,
        Class::Unknown,
        codes::GATEWAY,
        "§5 5xx: the same reference again (1)",
    ),
    row(
        Status::Within(500, 599),
        Text::Any,
        Class::Unknown,
        codes::SERVER_BROKE,
        "§5 5xx: the same reference again (1)",
    ),
    row(Status::Within(400, 499), Text::Any, Class::Config, NO_FLOW, "§5 other 4xx (A)"),
    row(
        Status::Within(300, 399),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 the base address is a setting (A)",
    ),
];

/// Words of a refusal that says: this reference was used before (§1). The call that it named was taken then.
const USED_BEFORE: &[&str] = &["duplicate", "already", "repeat"];

/// What the answer to a request for a call proves.
pub fn read_placed(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = body_of(answer);
    let words = words_of(&body);
    let success = text(&body["status"]).is_some_and(|status| plain(&status) == "success");
    let lower = words.to_lowercase();
    let used_before = lower.contains("reference") && USED_BEFORE.iter().any(|word| lower.contains(word));
    match answer.status {
        200..=299 if success => Outcome::Accepted { provider_id: id(body.get("unique_id")), cost: None },
        403 | 409 if used_before => Outcome::Accepted { provider_id: None, cost: None },
        200..=299 if !body.is_object() || body.get("status").is_none() => {
            read_answer(&[], (answer, answer.status), &words, now, secrets)
        }
        status => read_answer(PLACE_ANSWERS, (answer, status), &words, now, secrets),
    }
}
