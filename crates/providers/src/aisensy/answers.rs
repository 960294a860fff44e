//! What AiSensy's answer to a send call proves (NOTES.md §2.4, §2.5). The table is the whole of it.

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::Millis,
};
use serde_json::Value;

use crate::{
    answer::{Class, Row, Status, Text, find, find_by_text, fit, outcome, text_of, wait_ms},
    codes,
    http::Answer,
    lenient::{id, is_something, yes_or_no},
    secret::Secret,
};

const fn row(http: Status, text: Text, class: Class, code: &'static str, source: &'static str) -> Row {
    Row { http, text, class, code, source }
}

const REFUSED: Status = Status::Within(400, 499);

/// Read from the top; the first row that fits decides.
pub const ANSWERS: &[Row] = &[
    row(Status::Of(&[402]), Text::Any, Class::Stop, codes::NO_CREDIT, "§2.5 402, with and without text (O)"),
    row(
        REFUSED,
        Text::Has(&[&["insufficient"], &["wallet", "balance", "credit"]]),
        Class::Stop,
        codes::NO_CREDIT,
        "§2.5 insufficient with wallet, balance or credit (1)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["no plan active"]]),
        Class::Stop,
        codes::NO_PLAN,
        "§2.5 No Plan active on assistant (O)",
    ),
    // Before the accounts: “User has blocked the business” names both, and is one person's.
    row(
        REFUSED,
        Text::Has(&[
            &["user", "recipient", "contact", "customer"],
            &[
                "has blocked",
                "have blocked",
                "blocked the business",
                "blocked this business",
                "blocked your business",
            ],
        ]),
        Class::Recipient,
        codes::OPTED_OUT,
        "§12 User has blocked the business: one person (O)",
    ),
    // Before the keys: “Authentication template requires OTP parameter” is about the template.
    row(
        REFUSED,
        Text::Has(&[&["otp parameter", "authentication template"]]),
        Class::Config,
        codes::TEMPLATE_REFUSED,
        "§12 Authentication template requires OTP parameter (O)",
    ),
    // An account that is blocked must not read as a person who blocked us: the whole list would burn.
    row(
        REFUSED,
        Text::Has(&[&["account", "assistant", "project", "business"], &["blocked", "suspended", "disabled"]]),
        Class::Stop,
        codes::ACCOUNT_BLOCKED,
        "§3 status SUSPENDED, STOPPED; its wording is assumed (A)",
    ),
    row(Status::Of(&[401, 403]), Text::Any, Class::Stop, codes::BAD_KEY, "§2.5, §9 401 and 403 (A)"),
    row(
        REFUSED,
        Text::Has(&[&[
            "api key",
            "apikey",
            "api-key",
            "api_key",
            "unauthorized",
            "unauthorised",
            "authentication",
            "authorization",
        ]]),
        Class::Stop,
        codes::BAD_KEY,
        "§2.5 Invalid API key in any spelling (A)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["template params does not match", "template params do not match"]]),
        Class::Config,
        codes::PARAMS_DIFFER,
        "§2.5 Template params does not match the campaign (O)",
    ),
    // Our own texts have neither: a template was mended by hand, or another program's rules differ.
    row(
        REFUSED,
        Text::Has(&[&["missing text value", "new-line/tab", "more than 4 consecutive spaces"]]),
        Class::Recipient,
        codes::VALUE_REFUSED,
        "§2.1 empty values, line ends, tabs, many spaces: the value is this person's (A)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["campaign does not exist"]]),
        Class::Config,
        codes::NO_CAMPAIGN,
        "§2.5 Campaign does not exist (O)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["campaign is not live"]]),
        Class::Config,
        codes::NOT_LIVE,
        "§2.5 Campaign is Not Live (O)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["media url missing"]]),
        Class::Config,
        codes::NO_MEDIA,
        "§2.5 Media URL Missing (1)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["invalid number", "invalid phone number", "invalid destination"]]),
        Class::Recipient,
        codes::INVALID_NUMBER,
        "§2.5 Invalid Number, Invalid phone number (O)",
    ),
    row(
        REFUSED,
        Text::Has(&[&["opted out", "opted-out", "opt out", "opt-out", "optout", "blocked", "unsubscribed"]]),
        Class::Recipient,
        codes::OPTED_OUT,
        "§2.5 text naming opt-out, blocked or unsubscribed (A)",
    ),
    // RFC 9110 §15.5.9: the server gave up waiting for the request, so it cannot have taken it.
    row(Status::Of(&[408]), Text::Any, Class::Retry { slow_down: false }, codes::HTTP_408, "§2.5 408 (A)"),
    row(Status::Of(&[429]), Text::Any, Class::Retry { slow_down: true }, codes::HTTP_429, "§2.5 429 (A)"),
    row(
        REFUSED,
        Text::Any,
        Class::Recipient,
        codes::UNRECOGNISED,
        "§2.5 other 4xx: strikes are the engine's (A)",
    ),
    // The server says that it does not handle requests just now (RFC 9110 §15.6.4): that proves that nothing was sent.
    row(Status::Of(&[503]), Text::Any, Class::Retry { slow_down: true }, codes::HTTP_503, "§2.5 503 (A)"),
    // The table's “retry, but see below”: a gateway that lost its upstream has passed the request on, and a program
    // that broke with 500 may have broken after it had queued the message. Neither proves that nothing went out.
    row(Status::Of(&[502, 504]), Text::Any, Class::Unknown, codes::GATEWAY, "§2.5 502, 504: unknown (A)"),
    row(Status::Within(500, 599), Text::Any, Class::Unknown, codes::SERVER_BROKE, "§2.5 500 (A)"),
    // We follow none: the address is not the interface's.
    row(
        Status::Within(300, 399),
        Text::Any,
        Class::Stop,
        codes::BAD_ADDRESS,
        "§1 both base URLs are settings (O)",
    ),
];

/// What an answer proves. `secrets` are taken out of the text, should the answer repeat them.
pub fn read_answer(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let text = body.as_ref().and_then(text_of).unwrap_or("");
    if (200..300).contains(&answer.status) {
        return read_success(answer, body.as_ref(), text, secrets);
    }
    match find(ANSWERS, answer.status, text) {
        Some(row) => outcome(row.class, said(row.code, answer.status, text, secrets), wait_ms(answer, now)),
        None => Outcome::Unknown(said(codes::UNREADABLE, answer.status, text, secrets)),
    }
}

/// 200 means queued only when the body says so (§2.4). A body that says neither yes nor no proves nothing.
fn read_success(answer: &Answer, body: Option<&Value>, text: &str, secrets: &[&Secret]) -> Outcome {
    let Some(body) = body.filter(|body| answer.whole && body.is_object()) else {
        return Outcome::Unknown(said(codes::UNREADABLE, answer.status, "", secrets));
    };
    let success = body.get("success").and_then(yes_or_no);
    let error = body.get("error").is_some_and(is_something);
    let provider_id = id(body.get("submitted_message_id"));
    match (success, error) {
        (Some(true), false) => Outcome::Accepted { provider_id, cost: None },
        (None, false) if provider_id.is_some() => Outcome::Accepted { provider_id, cost: None },
        (None, false) => Outcome::Unknown(said(codes::UNREADABLE, answer.status, text, secrets)),
        // It says both; what was taken cannot be taken back.
        (Some(true), true) if provider_id.is_some() => {
            Outcome::Unknown(said(codes::UNREADABLE, answer.status, text, secrets))
        }
        (Some(false), _) | (_, true) => match find_by_text(ANSWERS, text) {
            Some(row) => outcome(row.class, said(row.code, answer.status, text, secrets), None),
            None => Outcome::Misconfigured(said(codes::REFUSED_WITH_200, answer.status, text, secrets)),
        },
    }
}

/// Whether the table of answers takes a refusal for a bad key.
pub(super) fn is_bad_key(said: &ProviderAnswer) -> bool {
    let status = said.code.strip_prefix("http_").and_then(|status| status.parse().ok()).unwrap_or(0);
    let row = find(ANSWERS, status, &said.text).or_else(|| find_by_text(ANSWERS, &said.text));
    row.is_some_and(|row| row.code == codes::BAD_KEY)
}

/// The provider's words, or ours where it sent none (an HTML page, an empty body).
pub(super) fn said(code: &str, status: u16, text: &str, secrets: &[&Secret]) -> ProviderAnswer {
    let text = fit(text, secrets);
    let text = if text.is_empty() { format!("HTTP {status} without a reason") } else { text };
    ProviderAnswer::new(code, text)
}
