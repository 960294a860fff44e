//! What Fast2SMS's answer to a send call proves (NOTES.md §2.4, §2.5): `return` decides, then `status_code`, then
//! HTTP. The two tables are the whole of it.
//!
//! `status_code` looks like an HTTP status and is none: 401 is a missing sender, and 500 must not be tried again.

use domain::{
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    time::{Millis, SECOND},
};
use serde_json::Value;

use crate::{
    answer::{Class, Row, Status, Text, find, find_by_text, fit, outcome, text_of, wait_ms},
    codes,
    http::Answer,
    lenient::{id, integer, text, yes_or_no},
    secret::Secret,
};

/// A number of the request is none to Fast2SMS. In a batch one bad number refuses all.
pub const NUMBERS_REFUSED: &str = "f2s_411";
/// The number is on Fast2SMS's own do-not-disturb list, or may not be written to. In a batch one such number refuses all.
pub const NUMBER_BLOCKED: &str = "f2s_427";
/// The other code of [`NUMBER_BLOCKED`].
pub const NUMBER_NOT_ALLOWED: &str = "f2s_428";
/// Several SMS went to one number within a short time.
pub const SAME_NUMBER: &str = "f2s_995";
/// The wallet is too low.
pub const SMS_NO_CREDIT: &str = "f2s_416";

/// A row of the code table (§2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// Fast2SMS's `status_code`.
    pub status_code: i64,
    /// What an answer with this code proves.
    pub class: Class,
    /// The code under which equal endings are grouped. Its words stand in `codes.rs`.
    pub code: &'static str,
    /// The time after which the same message may be tried once more, in milliseconds; `None` where it may not.
    pub again_ms: Option<i64>,
}

const fn row(status_code: i64, class: Class, code: &'static str) -> CodeRow {
    CodeRow { status_code, class, code, again_ms: None }
}

/// Two minutes: within less, a second SMS to one number is seen as spam (§2.5, 995).
const SAME_NUMBER_MS: i64 = 120 * SECOND;

/// Every documented code.
pub const CODES: &[CodeRow] = &[
    row(401, Class::Config, "f2s_401"),
    row(402, Class::Config, "f2s_402"),
    row(403, Class::Config, "f2s_403"),
    row(404, Class::Config, "f2s_404"),
    row(405, Class::Config, "f2s_405"),
    row(406, Class::Config, "f2s_406"),
    row(407, Class::Config, "f2s_407"),
    row(408, Class::Config, "f2s_408"),
    row(409, Class::Stop, "f2s_409"),
    row(410, Class::Config, "f2s_410"),
    row(411, Class::Recipient, NUMBERS_REFUSED),
    row(412, Class::Stop, "f2s_412"),
    row(413, Class::Stop, "f2s_413"),
    row(414, Class::Stop, "f2s_414"),
    row(415, Class::Stop, "f2s_415"),
    row(416, Class::Stop, SMS_NO_CREDIT),
    row(417, Class::Config, "f2s_417"),
    row(424, Class::Config, "f2s_424"),
    row(425, Class::Config, "f2s_425"),
    row(426, Class::Config, "f2s_426"),
    row(427, Class::Recipient, NUMBER_BLOCKED),
    row(428, Class::Recipient, NUMBER_NOT_ALLOWED),
    row(500, Class::Stop, "f2s_500"),
    row(990, Class::Config, "f2s_990"),
    CodeRow {
        status_code: 995,
        class: Class::Retry { slow_down: false },
        code: SAME_NUMBER,
        again_ms: Some(SAME_NUMBER_MS),
    },
    row(996, Class::Stop, "f2s_996"),
    row(997, Class::Config, "f2s_997"),
    row(998, Class::Config, "f2s_998"),
    row(999, Class::Stop, "f2s_999"),
];

const fn words(has: &'static [&'static [&'static str]], class: Class, code: &'static str) -> Row {
    Row {
        http: Status::Within(0, 999),
        text: Text::Has(has),
        class,
        code,
        source: "§12 texts of the error list (O)",
    }
}

/// What a refusal without a known code says by its words. Read from the top.
pub const TEXT_ANSWERS: &[Row] = &[
    words(&[&["dnd"], &["number", "mobile"]], Class::Recipient, NUMBER_BLOCKED),
    words(&[&["invalid number", "invalid mobile"]], Class::Recipient, NUMBERS_REFUSED),
    words(&[&["spamming detected", "spam detected"]], Class::Retry { slow_down: false }, SAME_NUMBER),
    words(&[&["sufficient", "too low"], &["wallet", "balance"]], Class::Stop, SMS_NO_CREDIT),
    words(&[&["invalid authentication", "authorization key"]], Class::Stop, "f2s_412"),
];

const fn http(status: Status, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http: status, text: Text::Any, class, code, source }
}

/// What a status proves when the body says neither `return` nor a known code. Read from the top.
pub const HTTP_ANSWERS: &[Row] = &[
    http(
        Status::Of(&[401, 403]),
        Class::Stop,
        codes::BAD_KEY,
        "§2.5 HTTP 401 for codes 412, 413 (D); 403 (A)",
    ),
    http(Status::Of(&[404]), Class::Stop, codes::BAD_ADDRESS, "§1 paths are case-sensitive (1)"),
    http(Status::Of(&[408]), Class::Retry { slow_down: false }, codes::HTTP_408, "RFC 9110 §15.5.9"),
    http(Status::Of(&[429]), Class::Retry { slow_down: true }, codes::HTTP_429, "§2.5 HTTP 429 (A)"),
    http(
        Status::Within(400, 499),
        Class::Recipient,
        codes::UNRECOGNISED,
        "§2.5 other 4xx: strikes are the engine's (A)",
    ),
    http(
        Status::Of(&[502, 503, 504]),
        Class::Unknown,
        codes::GATEWAY,
        "§2.5 5xx, not known to be refused: unknown (O/A)",
    ),
    http(
        Status::Within(500, 599),
        Class::Unknown,
        codes::SERVER_BROKE,
        "§2.5 5xx, not known to be refused: unknown (O/A)",
    ),
    http(Status::Within(300, 399), Class::Stop, codes::BAD_ADDRESS, "§1 the base URL is a setting (O)"),
];

/// What the answer to a request for so many numbers proves. `secrets` are taken out of the text, should the answer repeat them.
pub fn read_answer(answer: &Answer, numbers: usize, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.whole);
    let body = body.filter(Value::is_object).unwrap_or_default();
    let words = text_of(&body).unwrap_or("");
    let said = |code: &str| said(code, answer.status, words, secrets);
    let known = integer(&body["status_code"]).and_then(|n| CODES.iter().find(|row| row.status_code == n));
    match (body.get("return").and_then(yes_or_no), known) {
        (Some(true), _) => {
            Outcome::Accepted { provider_id: id(body.get("request_id")), cost: charged(&body, numbers) }
        }
        (Some(false), Some(row)) => by_code(row, said(row.code)),
        (Some(false), None) if find_by_text(TEXT_ANSWERS, words).is_some() => by_text(words, said),
        // A program that broke may call its own breaking 500; only a refusal makes it the code table's.
        (None, Some(row)) if (200..500).contains(&answer.status) => by_code(row, said(row.code)),
        (Some(false), None) if answer.status >= 500 => {
            outcome(Class::Retry { slow_down: true }, said(codes::HTTP_503), wait_ms(answer, now))
        }
        (Some(false), None) if (200..300).contains(&answer.status) => {
            Outcome::Refused(said(codes::UNRECOGNISED))
        }
        _ => match find(HTTP_ANSWERS, answer.status, "") {
            Some(row) => outcome(row.class, said(row.code), wait_ms(answer, now)),
            None => Outcome::Unknown(said(codes::UNREADABLE)),
        },
    }
}

/// A refusal whose code is missing or new, by its words: as by the code that has the same meaning.
fn by_text(words: &str, said: impl Fn(&str) -> ProviderAnswer) -> Outcome {
    let row =
        find_by_text(TEXT_ANSWERS, words).and_then(|row| CODES.iter().find(|known| known.code == row.code));
    row.map_or_else(|| Outcome::Refused(said(codes::UNRECOGNISED)), |row| by_code(row, said(row.code)))
}

fn by_code(row: &CodeRow, said: ProviderAnswer) -> Outcome {
    match row.again_ms {
        Some(wait_ms) => Outcome::NotNow { said, wait_ms: Some(wait_ms), slow_down: false, once: true },
        None => outcome(row.class, said, None),
    }
}

/// The provider's words, or ours where it sent none (an HTML page, an empty body).
pub(super) fn said(code: &str, status: u16, words: &str, secrets: &[&Secret]) -> ProviderAnswer {
    let words = fit(words, secrets);
    let words = if words.is_empty() { format!("HTTP {status} without a reason") } else { words };
    ProviderAnswer::new(code, words)
}

/// How deep the block of details is looked for; where it sits varies (§2.4).
const DETAILS_DEPTH: usize = 3;

/// No message of ours is dearer than a Quick one of twenty segments; a larger sum is written in a unit that we do not know.
const RUPEES_EACH_MAX: i64 = 100;

/// What the request was charged, where the answer says so: `amount_debited`, added up where it is told per number.
fn charged(body: &Value, numbers: usize) -> Option<Money> {
    let numbers = i64::try_from(numbers).unwrap_or(i64::MAX);
    let most = Money::rupees(RUPEES_EACH_MAX).times(numbers);
    amount(body, DETAILS_DEPTH).filter(|sum| (Money(0)..=most).contains(sum))
}

fn amount(value: &Value, depth: usize) -> Option<Money> {
    match value {
        Value::Object(members) => {
            let own = members.get("amount_debited").and_then(|amount| Money::parse(&text(amount)?).ok());
            own.or_else(|| members.values().find_map(|inner| amount(inner, depth.checked_sub(1)?)))
        }
        Value::Array(items) => {
            let found: Vec<Money> =
                items.iter().filter_map(|item| amount(item, depth.checked_sub(1)?)).collect();
            (!found.is_empty()).then(|| found.into_iter().sum())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
