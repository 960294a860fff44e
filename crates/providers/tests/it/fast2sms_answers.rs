//! The code table, row by row, from the document (providers/src/fast2sms/NOTES.md §2.4, §2.5), over a socket.

use domain::{
    money::Money,
    outcome::{Outcome, ProviderAnswer},
};
use munadi_providers::{
    Account,
    codes::{self, NextAction},
    fast2sms::{CODES, HTTP_ANSWERS, TEXT_ANSWERS},
};

use crate::{
    aisensy_request::http,
    fast2sms_request::{KEY, TO, fast2sms, send, send_by, send_to, template},
    server::{Reply, Server, answer, with_headers},
};

const ACCEPTED: &str = include_str!("../../fixtures/fast2sms/accepted.json");
const ACCEPTED_DETAILS: &str = include_str!("../../fixtures/fast2sms/accepted_details.json");
const REFUSED: &str = include_str!("../../fixtures/fast2sms/refused.json");

/// The outcome in one line: class and code.
fn line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { provider_id, cost } => {
            let cost = cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string());
            format!("accepted {} {cost}", provider_id.as_deref().unwrap_or("-"))
        }
        Outcome::Refused(said) => format!("recipient {}", said.code),
        Outcome::AccountStopped(said) => format!("stop {}", said.code),
        Outcome::Misconfigured(said) => format!("config {}", said.code),
        Outcome::NotNow { said, wait_ms, slow_down, once } => {
            let wait = wait_ms.unwrap_or(-1);
            let words = [(*slow_down, " slower"), (*once, " once")];
            let words: String = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            format!("retry {} {wait}{words}", said.code)
        }
        Outcome::Unknown(said) => format!("unknown {}", said.code),
    }
}

fn said(outcome: Outcome) -> ProviderAnswer {
    match outcome {
        Outcome::Refused(said)
        | Outcome::AccountStopped(said)
        | Outcome::Misconfigured(said)
        | Outcome::NotNow { said, .. }
        | Outcome::Unknown(said) => said,
        Outcome::Accepted { .. } => panic!("accepted says nothing"),
    }
}

async fn after(reply: Reply) -> Outcome {
    let server = Server::start(vec![reply]).await;
    let outcome = send(&server.url).await;
    assert_eq!(server.heard().len(), 1, "one call, one request: {outcome:?}");
    outcome
}

async fn becomes(status: u16, body: &str) -> String {
    line(&after(answer(status, body)).await)
}

/// Every row of the document: code, what it is called there, its HTTP status, and the outcome.
const TABLE: &[(u16, &str, u16, &str)] = &[
    (401, "sender id missing", 400, "config f2s_401"),
    (402, "message missing", 400, "config f2s_402"),
    (403, "route missing", 400, "config f2s_403"),
    (404, "language missing", 400, "config f2s_404"),
    (405, "numbers missing", 400, "config f2s_405"),
    (406, "sender id not valid", 400, "config f2s_406"),
    (407, "text holds refused words", 400, "config f2s_407"),
    (408, "route not valid", 400, "config f2s_408"),
    (409, "route not allowed for the account", 400, "stop f2s_409"),
    (410, "language not valid", 400, "config f2s_410"),
    (411, "numbers not valid", 400, "recipient f2s_411"),
    (412, "key not valid", 401, "stop f2s_412"),
    (413, "key disabled", 401, "stop f2s_413"),
    (414, "our IP is blacklisted", 400, "stop f2s_414"),
    (415, "account disabled", 400, "stop f2s_415"),
    (416, "wallet too low", 400, "stop f2s_416"),
    (417, "text needs unicode", 400, "config f2s_417"),
    (424, "message id not valid", 400, "config f2s_424"),
    (425, "template not valid", 400, "config f2s_425"),
    (426, "link in the variables not allowed", 400, "config f2s_426"),
    (427, "number blocked in Fast2SMS DND list", 400, "recipient f2s_427"),
    (428, "number not allowed", 400, "recipient f2s_428"),
    (500, "template or sender blacklisted at DLT", 400, "stop f2s_500"),
    (990, "old API used", 400, "config f2s_990"),
    (995, "several SMS to the same number", 400, "retry f2s_995 120000 once"),
    (996, "account or website verification not done", 400, "stop f2s_996"),
    (997, "otp route takes digits only", 400, "config f2s_997"),
    (998, "bulk must use DLT or Quick", 400, "config f2s_998"),
    (999, "a first recharge is needed", 400, "stop f2s_999"),
];

#[tokio::test]
async fn every_code_is_understood_however_it_is_written() {
    assert_eq!(TABLE.len(), CODES.len(), "no row without a test");
    for (code, text, documented, expected) in TABLE {
        let mut answers = Vec::new();
        for status in [*documented, 200, 400, 401, 503] {
            for (code, message) in [
                (format!("{code}"), format!("{text:?}")),
                (format!("\"{code}\""), format!("[{text:?}]")),
                (format!("\" {code} \""), format!("{{\"reason\":{text:?}}}")),
            ] {
                for no in ["false", "\"false\""] {
                    let body = format!(r#"{{"return":{no},"status_code":{code},"message":{message}}}"#);
                    answers.push((status, body));
                }
            }
        }
        let server =
            Server::start(answers.iter().map(|(status, body)| answer(*status, body)).collect()).await;
        let (account, http) = (fast2sms(&server.url), http());
        for (status, body) in answers {
            let outcome = send_by(&http, &account).await;
            assert_eq!(line(&outcome), *expected, "for {status} {body}");
            assert_eq!(said(outcome).text, *text, "for {body}");
        }
    }
}

#[tokio::test]
async fn a_status_code_is_no_http_status() {
    // 401 is a missing sender and not a wrong key, 408 is a wrong route and not a time-out, and 500 must not be tried
    // again.
    for (code, expected) in [
        (401, "config f2s_401"),
        (402, "config f2s_402"),
        (403, "config f2s_403"),
        (404, "config f2s_404"),
        (408, "config f2s_408"),
        (500, "stop f2s_500"),
    ] {
        let body = format!(r#"{{"return":false,"status_code":{code},"message":"x"}}"#);
        for status in [200, 400, 500] {
            assert_eq!(becomes(status, &body).await, expected, "{status} {body}");
        }
        let bare = format!(r#"{{"status_code":{code},"message":"x"}}"#);
        assert_eq!(becomes(400, &bare).await, expected, "{bare}");
    }
    // A program that breaks calls its own failure 500, so nothing proves that it refused.
    let broke = r#"{"status_code":500,"message":"Server Error"}"#;
    assert_eq!(becomes(500, broke).await, "unknown http_500");
}

#[tokio::test]
async fn a_yes_is_a_yes_with_or_without_details() {
    for (body, expected) in [
        (ACCEPTED, "accepted abc0123456789xy -"),
        (ACCEPTED_DETAILS, "accepted abc0123456789xy 0.20"),
        (r#"{"return":true,"request_id":"r1","message":"SMS sent to all NON-DND numbers"}"#, "accepted r1 -"),
        (r#"{"return":"true","request_id":42}"#, "accepted 42 -"),
        (r#"{"return":true}"#, "accepted - -"),
        (r#"{"return":true,"request_id":""}"#, "accepted - -"),
        (r#"{"return":true,"request_id":"r1","amount_debited":0.25}"#, "accepted r1 0.25"),
        (
            r#"{"return":true,"request_id":"r1","data":{"sms_details":{"amount_debited":"5.0000"}}}"#,
            "accepted r1 5.00",
        ),
        (
            r#"{"return":true,"request_id":"r1","data":[{"amount_debited":"0.2000"},{"amount_debited":"0.4000"}]}"#,
            "accepted r1 0.60",
        ),
        // A unit that no single message can have is not booked.
        (r#"{"return":true,"request_id":"r1","amount_debited":"20000"}"#, "accepted r1 -"),
        (r#"{"return":true,"request_id":"r1","amount_debited":"free"}"#, "accepted r1 -"),
    ] {
        assert_eq!(becomes(200, body).await, expected, "for {body}");
    }
    // The member `return` decides, whatever stands beside it.
    assert_eq!(becomes(400, ACCEPTED).await, "accepted abc0123456789xy -");
    let long = format!(r#"{{"return":true,"request_id":"{}"}}"#, "x".repeat(200));
    assert_eq!(becomes(200, &long).await, "accepted - -");
}

#[tokio::test]
async fn the_sum_of_a_request_may_be_as_large_as_its_numbers_make_it() {
    let server = Server::start(vec![answer(200, r#"{"return":true,"amount_debited":"150.0000"}"#)]).await;
    let outcome = send_to(fast2sms(&server.url), &template().into(), &[TO, "+919000000002"]).await;
    assert!(matches!(outcome, Outcome::Accepted { cost: Some(cost), .. } if cost == Money::rupees(150)));
}

#[tokio::test]
async fn what_no_row_knows_is_read_by_its_return_and_then_by_http() {
    let html = "<html>nginx</html>";
    for (status, body, expected) in [
        (200, REFUSED, "stop f2s_412"),
        (400, r#"{"return":false,"status_code":777,"message":"something new"}"#, "recipient unrecognised"),
        (200, r#"{"return":false,"status_code":777,"message":"something new"}"#, "recipient unrecognised"),
        (200, r#"{"return":false}"#, "recipient unrecognised"),
        // The refusal has words without a code, or with a new code (§12).
        (400, r#"{"return":false,"message":"Number blocked in Fast2SMS DND list"}"#, "recipient f2s_427"),
        (
            200,
            r#"{"return":false,"status_code":777,"message":["number blocked in fast2sms dnd list"]}"#,
            "recipient f2s_427",
        ),
        (400, r#"{"return":false,"message":"Invalid Numbers"}"#, "recipient f2s_411"),
        (
            400,
            r#"{"return":false,"message":"Invalid Authentication, Authorization Key Disabled"}"#,
            "stop f2s_412",
        ),
        (
            400,
            r#"{"return":false,"message":"Spamming detected (sending multiple SMS to same number is not allowed)"}"#,
            "retry f2s_995 120000 once",
        ),
        (422, html, "recipient unrecognised"),
        (401, html, "stop bad_key"),
        (403, html, "stop bad_key"),
        (404, html, "stop bad_address"),
        (301, html, "stop bad_address"),
        (408, "", "retry http_408 -1"),
        (429, html, "retry http_429 -1 slower"),
        (429, r#"{"return":false,"message":"Too many requests"}"#, "retry http_429 -1 slower"),
        // The message is known not to be accepted, so it may be tried again.
        (503, r#"{"return":false,"message":"Busy"}"#, "retry http_503 -1 slower"),
        (500, r#"{"return":false}"#, "retry http_503 -1 slower"),
        // Nothing proves that these were not accepted.
        (500, html, "unknown http_500"),
        (502, html, "unknown gateway"),
        (503, html, "unknown gateway"),
        (504, "", "unknown gateway"),
        (200, html, "unknown unreadable"),
        (200, "", "unknown unreadable"),
        (200, "{}", "unknown unreadable"),
        (200, "[]", "unknown unreadable"),
        (200, r#"{"request_id":"r1"}"#, "unknown unreadable"),
        (200, r#"{"return":null,"request_id":"r1"}"#, "unknown unreadable"),
    ] {
        assert_eq!(becomes(status, body).await, expected, "for {status} {body}");
    }
    // The wallet is asked about afterwards, so that two requests are heard.
    let poor = r#"{"return":false,"message":"You don't have sufficient wallet balance"}"#;
    let server = Server::start(vec![answer(400, poor)]).await;
    assert_eq!(line(&send(&server.url).await), "stop f2s_416");
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let reply = |status, body| with_headers(status, "retry-after: 30\r\n", body);
    assert_eq!(line(&after(reply(429, "")).await), "retry http_429 30000 slower");
    assert_eq!(line(&after(reply(503, r#"{"return":false}"#)).await), "retry http_503 30000 slower");
}

#[tokio::test]
async fn silence_and_cuts_are_unknown_and_the_request_is_sent_once() {
    let part = r#"{"return":true,"request_id":"r1""#;
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{part}");
    for (reply, expected) in [(Reply::Close, "unknown silence"), (Reply::Part(cut), "unknown unreadable")] {
        assert_eq!(line(&after(reply).await), expected);
    }
    let outcome = send("http://127.0.0.1:1").await;
    assert_eq!(line(&outcome), "retry not_reached -1", "nothing left");
}

#[tokio::test]
async fn what_a_person_reads_holds_neither_key_nor_number() {
    let body = format!(
        r#"{{"return":false,"status_code":411,"message":["Invalid Numbers 9000000001, {TO} of {KEY}"]}}"#
    );
    let said = said(after(answer(400, &body)).await);
    assert_eq!(said.text, "Invalid Numbers 9000*****001, +9190*****001 of ****");
    let page = after(answer(502, "<html>9000000001</html>")).await;
    assert!(matches!(&page, Outcome::Unknown(said) if said.text == "HTTP 502 without a reason"), "{page:?}");
}

#[test]
fn every_code_has_words_and_a_next_step() {
    for row in CODES {
        let meaning = codes::meaning(row.code).unwrap_or_else(|| panic!("{} has no words", row.code));
        assert_eq!(row.code, format!("f2s_{}", row.status_code));
        assert_eq!(row.class, meaning.class, "{}", row.code);
        // A receipt never carries one of these codes. If it did, a code that stops would stop the broadcast.
        let stops = matches!(meaning.action, NextAction::PauseAccount | NextAction::TopUp);
        assert_eq!(meaning.pauses, stops, "{}", row.code);
    }
    for row in HTTP_ANSWERS.iter().chain(TEXT_ANSWERS) {
        assert!(codes::meaning(row.code).is_some() && row.source.contains('§'), "{row:?}");
    }
    for state in ["failed", "undelivered", "expired", "rejected", "blocked", "dnd"] {
        let meaning = codes::meaning(state).unwrap();
        assert_eq!(meaning.action == NextAction::Suppress, state == "blocked");
        assert!(!meaning.pauses);
    }
}

#[test]
fn only_what_one_number_may_have_caused_splits_a_batch() {
    let account = fast2sms("https://sms.example");
    let blames = |code: &str| account.blames_one(&ProviderAnswer::new(code, ""));
    assert!(["f2s_411", "f2s_427", "f2s_428", "f2s_995"].into_iter().all(blames));
    for code in ["f2s_416", "f2s_424", "http_429", "silence"] {
        assert!(!blames(code), "{code}");
    }
}
