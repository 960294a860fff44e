//! The table from Evolution's answer to an outcome (NOTES.md §4).

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

/// Answers of a call that sends, from the most certain to the least.
pub const SEND_ANSWERS: &[Row] = &[
    row(Status::Of(&[401]), Text::Any, Class::Stop, codes::BAD_KEY, "§1"),
    row(Status::Of(&[403]), Text::Any, Class::Stop, codes::BAD_KEY, "§1"),
    row(Status::Of(&[404]), Text::Has(&[&["group not found"]]), Class::Recipient, NO_GROUP, "§4"),
    row(Status::Of(&[404]), Text::Has(&[&["instance does not exist"]]), Class::Stop, NO_SESSION, "§4"),
    row(Status::Of(&[404]), Text::Any, Class::Stop, codes::BAD_ADDRESS, "§4"),
    row(Status::Of(&[400]), Text::Has(&[&["connection closed"]]), AGAIN, NOT_CONNECTED, "§4"),
    row(Status::Of(&[400]), Text::Has(&[&["cannot read propert"]]), AGAIN, NOT_CONNECTED, "§4"),
    row(Status::Of(&[400, 500]), Text::Has(&[&["rate-overlimit"]]), SLOWER, codes::HTTP_429, "§4"),
    row(Status::Of(&[400]), Text::Has(&[&["item-not-found"]]), Class::Recipient, NO_GROUP, "§4"),
    row(Status::Of(&[400]), Text::Has(&[&["does not exist on whatsapp"]]), Class::Recipient, NO_GROUP, "§4"),
    row(Status::Of(&[408]), Text::Any, Class::Unknown, codes::GATEWAY, "§4"),
    row(Status::Of(&[429]), Text::Any, SLOWER, codes::HTTP_429, "§4"),
    row(Status::Of(&[503]), Text::Any, SLOWER, codes::HTTP_503, "§4"),
    row(Status::Of(&[502, 504]), Text::Any, Class::Unknown, codes::GATEWAY, "§4"),
    row(Status::Within(500, 599), Text::Any, Class::Unknown, codes::SERVER_BROKE, "§4"),
    row(Status::Within(300, 499), Text::Any, Class::Config, POST_REFUSED, "§4"),
];

/// What an answer to a call that sends proves. An accepted post was written to the gateway's socket, and no more (§3).
pub fn read_answer(answer: &Answer, now: Millis, secrets: &[&Secret]) -> Outcome {
    let body = linked::body_of(answer);
    let words = refusal(&body);
    if let 200..=299 = answer.status {
        // Some calls answer 200 with an error inside (§2).
        let erred = body.as_ref().is_some_and(|body| yes_or_no(&body["error"]) == Some(true));
        return match body.as_ref().filter(|_| !erred).and_then(|body| id(Some(&body["key"]["id"]))) {
            Some(provider_id) => Outcome::Accepted { provider_id: Some(provider_id), cost: None },
            None => {
                Outcome::Unknown(ProviderAnswer::new(codes::UNREADABLE, "The answer carries no message’s id"))
            }
        };
    }
    let text = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
    let (class, code) = find(SEND_ANSWERS, answer.status, &text)
        .map_or((Class::Unknown, codes::UNREADABLE), |row| (row.class, row.code));
    outcome(class, ProviderAnswer::new(code, fit(&text, secrets)), wait_ms(answer, now))
}

/// Evolution's words: a text, a list, a list in a list, or a list of objects about numbers that do not exist (§4).
fn refusal(body: &Option<Value>) -> String {
    let missing = body.as_ref().is_some_and(|body| {
        let mut people = body["response"]["message"].as_array().into_iter().flatten();
        people.any(|person| yes_or_no(&person["exists"]) == Some(false))
    });
    if missing { "It does not exist on WhatsApp".to_owned() } else { linked::words(body) }
}
