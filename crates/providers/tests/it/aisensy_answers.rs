//! The answer table, row by row, from the document (providers/src/aisensy/NOTES.md §2.4, §2.5), over a socket.

use domain::outcome::{Outcome, ProviderAnswer};
use munadi_providers::{UNRECOGNISED, aisensy::ANSWERS, answer::Class, codes};

use crate::{
    aisensy_request::{KEY, TO, send, template},
    server::{Reply, Server, answer, with_headers},
};

/// The outcome in one line: class and code.
fn line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { provider_id, .. } => {
            format!("accepted {}", provider_id.as_deref().unwrap_or("-"))
        }
        Outcome::Refused(said) => format!("recipient {}", said.code),
        Outcome::AccountStopped(said) => format!("stop {}", said.code),
        Outcome::Misconfigured(said) => format!("config {}", said.code),
        Outcome::NotNow { said, wait_ms, slow_down, once: _ } => {
            format!(
                "retry {} {}{}",
                said.code,
                wait_ms.unwrap_or(-1),
                if *slow_down { " slower" } else { "" }
            )
        }
        Outcome::Unknown(said) => format!("unknown {}", said.code),
    }
}

fn said(outcome: Outcome) -> ProviderAnswer {
    match outcome {
        Outcome::Refused(said)
        | Outcome::AccountStopped(said)
        | Outcome::Misconfigured(said)
        | Outcome::Unknown(said) => said,
        Outcome::NotNow { said, .. } => said,
        Outcome::Accepted { .. } => panic!("accepted says nothing"),
    }
}

async fn after(reply: Reply) -> Outcome {
    let server = Server::start(vec![reply]).await;
    let outcome = send(&server.url, &template().into()).await;
    assert_eq!(server.heard().len(), 1, "one call, one request");
    outcome
}

#[tokio::test]
async fn each_row_of_the_document_ends_as_it_says() {
    let html = "<html><body>Bad gateway</body></html>";
    let plan = r#"{"message":"No Plan active on assistant!","name":"ERR400","errorCode":400,"errorMessage":"No Plan active on assistant!","aisTraceId":"ais_test_0001"}"#;
    let id = "00000000-0000-4000-8000-000000000001";
    let rows = [
        (200, format!(r#"{{"success":"true","submitted_message_id":"{id}"}}"#), format!("accepted {id}")),
        (200, format!(r#"{{"success":true,"submitted_message_id":"{id}"}}"#), format!("accepted {id}")),
        (200, r#"{"success":"true"}"#.into(), "accepted -".into()),
        (200, r#"{"success":"true","submitted_message_id":""}"#.into(), "accepted -".into()),
        (200, r#"{"success":"true","error":null}"#.into(), "accepted -".into()),
        (402, r#"{"message":"Insufficient WhatsApp Conversation Credits (WCC)","name":"ERR402","aisTraceId":"x"}"#.into(), "stop http_402".into()),
        (402, "{}".into(), "stop http_402".into()),
        (400, r#"{"message":"INSUFFICIENT wallet balance"}"#.into(), "stop http_402".into()),
        (403, r#"{"error":"insufficient credit"}"#.into(), "stop http_402".into()),
        (400, plan.into(), "stop no_plan".into()),
        (400, r#"{"errorMessage":"Template params does not match the campaign"}"#.into(), "config params_differ".into()),
        (400, r#"{"message":"campaign does not exist"}"#.into(), "config no_campaign".into()),
        (400, r#"{"message":"Campaign is Not Live"}"#.into(), "config not_live".into()),
        (400, r#"{"message":"Media URL Missing"}"#.into(), "config no_media".into()),
        (400, r#"{"message":"Invalid Number"}"#.into(), "recipient invalid_number".into()),
        (400, r#"{"error":{"message":"Invalid phone number"}}"#.into(), "recipient invalid_number".into()),
        (401, r#"{"message":"Invalid API key"}"#.into(), "stop bad_key".into()),
        (403, html.into(), "stop bad_key".into()),
        (400, r#"{"message":"INVALID apiKey"}"#.into(), "stop bad_key".into()),
        (400, r#"{"message":"User has opted out"}"#.into(), "recipient opted_out".into()),
        (400, r#"{"message":"contact is blocked"}"#.into(), "recipient opted_out".into()),
        (400, r#"{"message":"Contact unsubscribed"}"#.into(), "recipient opted_out".into()),
        (400, r#"{"message":"Your account is blocked"}"#.into(), "stop account_blocked".into()),
        // The answer is about one person, though its words name the business (§12).
        (400, r#"{"message":"User has blocked the business"}"#.into(), "recipient opted_out".into()),
        (403, r#"{"error":"The customer has blocked this business account"}"#.into(), "recipient opted_out".into()),
        // The answer is about the template, though its words name authentication (§12).
        (400, r#"{"message":"Authentication template requires OTP parameter"}"#.into(), "config template_refused".into()),
        (401, r#"{"message":"OTP parameter is missing"}"#.into(), "config template_refused".into()),
        (400, r#"{"message":"Authentication failed"}"#.into(), "stop bad_key".into()),
        (400, r#"{"message":"Your business has been suspended"}"#.into(), "stop account_blocked".into()),
        (408, String::new(), "retry http_408 -1".into()),
        (429, html.into(), "retry http_429 -1 slower".into()),
        (500, r#"{"message":"oops"}"#.into(), "unknown http_500".into()),
        (502, html.into(), "unknown gateway".into()),
        (503, html.into(), "retry http_503 -1 slower".into()),
        (504, html.into(), "unknown gateway".into()),
        (200, r#"{"success":"false","message":"Campaign is Not Live"}"#.into(), "config not_live".into()),
        (200, r#"{"success":false,"errorMessage":"Invalid Number"}"#.into(), "recipient invalid_number".into()),
        (200, r#"{"error":"Insufficient WCC credits"}"#.into(), "stop http_402".into()),
        (200, r#"{"success":false,"message":"something new"}"#.into(), "config refused".into()),
        (200, r#"{"error":"something new"}"#.into(), "config refused".into()),
        (404, r#"{"message":"something new"}"#.into(), format!("recipient {UNRECOGNISED}")),
        (422, html.into(), format!("recipient {UNRECOGNISED}")),
        // Nothing proves that these were not accepted.
        (200, html.into(), "unknown unreadable".into()),
        (200, String::new(), "unknown unreadable".into()),
        (200, "{}".into(), "unknown unreadable".into()),
        (200, format!(r#"{{"success":"true","submitted_message_id":"{id}","error":"late"}}"#), "unknown unreadable".into()),
        (200, format!(r#"{{"submitted_message_id":"{id}"}}"#), format!("accepted {id}")),
    ];
    for (status, body, expected) in rows {
        assert_eq!(line(&after(answer(status, &body)).await), expected, "for {status} {body}");
    }
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    for (status, header, expected) in [
        (429, "retry-after: 30\r\n", "retry http_429 30000 slower"),
        (408, "Retry-After: 2\r\n", "retry http_408 2000"),
        // The moment of the call is ten seconds earlier than that date.
        (503, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "retry http_503 10000 slower"),
        (429, "retry-after: later\r\n", "retry http_429 -1 slower"),
    ] {
        assert_eq!(line(&after(with_headers(status, header, "")).await), expected);
    }
}

#[tokio::test]
async fn what_a_person_reads_holds_neither_key_nor_number() {
    let body = format!(r#"{{"message":"Invalid phone number {TO} for key {KEY}"}}"#);
    let said = said(after(answer(400, &body)).await);
    assert_eq!(said.text, "Invalid phone number +9190*****001 for key ****");
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_not_shown() {
    let said = said(after(answer(502, "<html>nginx</html>")).await);
    assert_eq!(said.text, "HTTP 502 without a reason");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_stops_the_account() {
    let aim = Server::start(vec![answer(200, r#"{"success":"true"}"#)]).await;
    for status in [301, 302, 307, 308] {
        let reply = with_headers(status, &format!("location: {}/v2\r\n", aim.url), "");
        assert_eq!(line(&after(reply).await), "stop bad_address");
    }
    assert!(aim.heard().is_empty());
}

/// Meta's codes that come by receipt (§5, §12): what each proves and whether it stops the broadcast.
#[test]
fn each_code_of_meta_has_a_sentence_and_stops_what_nobody_else_survives() {
    let no_permission: Vec<String> = (200..=219).map(|code: u16| code.to_string()).collect();
    let stopping = [
        "10", "190", "368", "80007", "130429", "131005", "131031", "131037", "131042", "131045", "131048",
        "131051", "131052", "131053", "131057", "132000", "132001", "132005", "132007", "132012", "132015",
        "132016", "132018", "132068", "132069",
    ];
    for code in stopping.into_iter().chain(no_permission.iter().map(String::as_str)) {
        let meaning = codes::meaning(code).unwrap_or_else(|| panic!("{code} has no sentence"));
        assert!(meaning.pauses, "{code}");
        assert!(!matches!(meaning.class, Class::Recipient | Class::Unknown), "{code}");
    }
    for code in
        ["100", "130472", "130497", "131000", "131008", "131026", "131047", "131049", "131050", "131056"]
    {
        let meaning = codes::meaning(code).unwrap_or_else(|| panic!("{code} has no sentence"));
        assert!(!meaning.pauses, "{code} is about one message");
    }
    assert_eq!(codes::meaning("220"), None);
}

#[test]
fn every_row_names_its_source_and_its_words() {
    for row in ANSWERS {
        assert!(row.source.contains('§'), "{row:?}");
        assert!(codes::meaning(row.code).is_some(), "{row:?}");
    }
}
