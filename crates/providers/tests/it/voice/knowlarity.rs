//! Knowlarity: orders, answers, the hook's names and look-ups, row by row.

use std::collections::BTreeSet;

use domain::{
    call::{CallReportKind, Ended, Failure},
    outcome::Outcome,
};
use munadi_providers::{
    Account,
    knowlarity::{KNOWLARITY, NAMES, ORDER_ANSWERS, STATUSES, read_ordered},
    voice::{CallQuery, CallStatus, Callee, Dial},
};
use serde_json::{Value, json};

use super::{CALLBACK, NOW, TO, answered, call, hear, kind, open, said, script, word};
use crate::{
    aisensy_request::http,
    server::{Server, answer},
};

const SECRETS: &[(&str, &str)] =
    &[("api_key", "TEST-KEY-NOT-REAL"), ("account_key", "00000000-0000-0000-0000-000000000000")];

fn account(url: &str) -> Box<dyn Account> {
    open(&KNOWLARITY, &json!({ "number": "+910000000099", "ivr_id": "1000000001" }), SECRETS, url)
}

async fn order(url: &str, people: usize, minutes: i64) -> Outcome {
    let (script, said) = (script(), said());
    let numbers: Vec<String> = (1..=people).map(|n| format!("+91900000{n:04}")).collect();
    let calls: Vec<Callee<'_>> =
        numbers.iter().zip(1..).map(|(to, n)| Callee { call: call(n), to, said: &said }).collect();
    let dial = Dial {
        script: &script,
        calls: &calls,
        callback: CALLBACK,
        now: NOW,
        until: NOW.plus(minutes * 60_000),
    };
    account(url).voice().unwrap().place(&http(), &dial).await
}

#[tokio::test]
async fn an_order_has_a_text_for_each_number_and_ends_while_a_call_is_of_use() {
    let server =
        Server::start(vec![answer(200, r#"{"status_code":1,"order_id":550001,"result":"Order placed"}"#)])
            .await;
    assert_eq!(word(&order(&server.url, 2, 10).await), ("accepted", "550001"));
    let heard = &server.heard()[0];
    assert!(heard.head.starts_with("POST /Basic/v1/account/call/campaign "), "{}", heard.head);
    for header in [
        "x-api-key: TEST-KEY-NOT-REAL",
        "authorization: 00000000-0000-0000-0000-000000000000",
        "channel: Basic",
    ] {
        assert!(heard.head.contains(header), "{header}");
    }
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    let text = "Hello Asha. This is Udaan. Your workshop Excel and Power BI starts at seven P M. Press one to get the link two to choose another day nine for no more calls.";
    assert_eq!(body["additional_number"], format!("+919000000001,{text};+919000000002,{text}"));
    for (name, expected) in [
        ("ivr_id", "1000000001"),
        ("k_number", "+910000000099"),
        ("timezone", "Asia/Kolkata"),
        ("max_retry", "0"),
        ("start_time", "2030-01-05 18:52"),
        ("end_time", "2030-01-05 19:00"),
        ("order_throttling", "10"),
        ("call_scheduling", "[1, 1, 1, 1, 1, 1, 1]"),
        ("call_scheduling_start_time", "09:00"),
        ("call_scheduling_stop_time", "21:00"),
        ("is_transactional", "True"),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
    // Two minutes later it would be too late, and forty minutes are the most.
    assert_eq!(word(&order(&server.url, 1, 2).await), ("refused", "call_too_late"));
    assert_eq!(word(&order(&server.url, 41, 10).await), ("misconfigured", "not_set_up"));
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let refusal = |words: &str| json!({ "status_code": 0, "result": words }).to_string();
    let mut used = BTreeSet::new();
    for (status, body, proves, code) in [
        (200, r#"{"status_code":1,"order_id":550001}"#.to_owned(), "accepted", "550001"),
        (200, r#"{"status_code":"1","order_id":"550001"}"#.to_owned(), "accepted", "550001"),
        (200, r#"{"status_code":1}"#.to_owned(), "unknown", "unreadable"),
        (200, "{}".to_owned(), "unknown", "unreadable"),
        (200, refusal("Insufficient balance, please recharge"), "stopped", "http_402"),
        (200, refusal("start_time should be in the future"), "once", "call_once_more"),
        (400, refusal("start_time should be in the future"), "once", "call_once_more"),
        (200, refusal("Invalid ivr_id"), "misconfigured", "call_no_flow"),
        (200, refusal("Invalid k_number"), "misconfigured", "call_no_flow"),
        (200, refusal("number is in DND"), "refused", "call_dnd"),
        (
            200,
            r#"{"error":{"message":"additional_number is not valid"}}"#.to_owned(),
            "refused",
            "invalid_number",
        ),
        (200, refusal("Something new"), "misconfigured", "refused"),
        (401, r#"{"message":"Unauthorized"}"#.to_owned(), "stopped", "bad_key"),
        (403, r#"{"message":"Forbidden"}"#.to_owned(), "stopped", "bad_key"),
        (404, String::new(), "stopped", "bad_address"),
        (408, String::new(), "unknown", "gateway"),
        (418, String::new(), "misconfigured", "refused"),
        (429, String::new(), "slower", "http_429"),
        (500, String::new(), "unknown", "http_500"),
        (504, String::new(), "unknown", "gateway"),
        (302, String::new(), "stopped", "bad_address"),
    ] {
        let outcome = read_ordered(&answered(status, &body), NOW, &[]);
        assert_eq!(word(&outcome), (proves, code), "{status} {body}");
        used.insert(code.to_owned());
    }
    for row in ORDER_ANSWERS {
        assert!(used.contains(row.code), "no answer of {}", row.code);
    }
}

#[test]
fn both_presets_and_names_of_ones_own_are_read() {
    let account = account("https://vendor.example");
    let own = open(
        &KNOWLARITY,
        &json!({ "number": "+910000000099", "ivr_id": "1000000001", "names": "digit=key_pressed, number=phone id=cid" }),
        SECRETS,
        "https://vendor.example",
    );
    let key = json!({ "callid": "k-1", "caller_id": "%2B919000000001", "type": "dtmf", "action": "1", "call_duration": "21" });
    for body in [
        key.to_string(),
        "callid=k-1&caller_id=%2B919000000001&type=DTMF&action=1".to_owned(),
        "callid=k-1&caller_id=%252B919000000001&type=dtmf&action=1".to_owned(),
    ] {
        let taken = hear(account.voice().unwrap(), "status", "", &body).unwrap();
        assert_eq!(
            (kind(&taken), taken.pressed.as_deref()),
            (Some(CallReportKind::PickedUp), Some("1")),
            "{body}"
        );
        assert_eq!(taken.news[0].digits.as_deref(), Some("919000000001"), "{body}");
    }
    let mine =
        hear(own.voice().unwrap(), "status", "", r#"{"cid":"k-1","phone":9000000001,"key_pressed":2}"#)
            .unwrap();
    assert_eq!((mine.pressed.as_deref(), mine.news[0].digits.as_deref()), (Some("2"), Some("919000000001")));
    let (completed, no_answer) =
        (CallReportKind::Ended(Ended::Completed), CallReportKind::Ended(Ended::NoAnswer));
    for (status, length, expected) in [
        ("completed", "21", completed),
        ("answered", "21", completed),
        ("Connected", "21", completed),
        ("Missed", "0", no_answer),
        ("Not Connected", "0:00:00", no_answer),
        ("Abandoned", "0", no_answer),
        ("no-answer", "0", no_answer),
        ("busy", "0", CallReportKind::Ended(Ended::Busy)),
        ("failed", "0", CallReportKind::Ended(Ended::Failed(Failure::Other))),
        // A length of the call beats the word that is always there, also a length of zero.
        ("Connected", "0:00:00", no_answer),
        ("Missed", "0:00:21", completed),
    ] {
        let body = json!({
            "call_uuid": "k-1", "call_date": "2030-01-05", "call_time": "18:51:20", "customer_number": "+919000000001",
            "call_duration": length, "call_transfer_status": status, "call_status": "Connected", "recording_url": "None",
            "agent_number": "False",
        });
        let taken = hear(account.voice().unwrap(), "status", "", &body.to_string()).unwrap();
        assert_eq!(kind(&taken), Some(expected), "{status} {length}");
        assert_eq!(taken.news[0].at, Some(domain::time::Millis(1_893_849_680_000)), "{status}");
    }
    assert_eq!((STATUSES.len(), NAMES.len()), (9, 10));
    for body in ["{}", r#"{"customer_number":"+919000000001"}"#, r#"{"call_duration":3}"#] {
        assert!(
            hear(account.voice().unwrap(), "status", "", body).unwrap().not_understood.is_some(),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_order_is_found_by_its_number_and_a_silent_call_ends_with_it() {
    let log = |calls: Value| answer(200, &json!({ "objects": calls }).to_string());
    let listed = |status: &str, ndnc: i64, numbers: &str| {
        answer(200, &json!({ "objects": [{
            "order_id": 550_001, "order_status": status, "additional_number": numbers, "ndnc_count": ndnc, "end_time": "2030-01-05 19:00:00",
        }] }).to_string())
    };
    let alone = "+919000000001,Hello";
    let two = "+919000000001,Hello;+919000000002,Hello";
    let cancelled = CallReportKind::Ended(Ended::Cancelled);
    for (calls, order, known, after_min, expected) in [
        (
            json!([{ "customer_number": "+919000000001", "call_duration": 21 }]),
            None,
            true,
            30,
            Some(CallReportKind::Ended(Ended::Completed)),
        ),
        (
            json!([{ "customer_number": "+919000000001", "call_duration": 0 }]),
            None,
            true,
            30,
            Some(CallReportKind::Ended(Ended::NoAnswer)),
        ),
        (
            json!([]),
            Some(listed("Completed", 0, two)),
            true,
            30,
            Some(CallReportKind::Ended(Ended::NoAnswer)),
        ),
        (json!([]), Some(listed("Completed", 0, two)), true, 15, Some(CallReportKind::Calling)),
        (
            json!([]),
            Some(listed("Completed", 1, alone)),
            true,
            30,
            Some(CallReportKind::Ended(Ended::Failed(Failure::Dnd))),
        ),
        (
            json!([]),
            Some(listed("Completed", 1, two)),
            true,
            30,
            Some(CallReportKind::Ended(Ended::NoAnswer)),
        ),
        (json!([]), Some(listed("Stopped", 0, two)), true, 30, Some(cancelled)),
        (json!([]), Some(listed("Running", 0, two)), false, 5, Some(CallReportKind::Calling)),
        (json!([]), Some(listed("Running", 0, "+919000000002,Hello")), false, 5, None),
    ] {
        let mut replies = vec![log(calls.clone())];
        replies.extend(order.clone());
        let server = Server::start(replies).await;
        let about = CallQuery {
            call: call(1),
            provider_id: known.then_some("550001"),
            to: TO,
            placed: NOW,
            now: NOW.plus(after_min * 60_000),
        };
        let found = account(&server.url).voice().unwrap().poll_status(&http(), &about).await.unwrap();
        match expected {
            Some(kind) => assert!(
                matches!(&found, CallStatus::Call(news, None) if news[0].kind == kind),
                "{order:?} {found:?}"
            ),
            None => assert_eq!(found, CallStatus::Absent, "{order:?}"),
        }
    }
}

#[tokio::test]
async fn an_order_that_has_not_rung_can_be_stopped() {
    let server = Server::start(vec![answer(200, r#"{"status_code":1}"#)]).await;
    account(&server.url).voice().unwrap().cancel(&http(), "550001").await.unwrap();
    let heard = &server.heard()[0];
    assert!(heard.head.starts_with("PUT /Basic/v1/account/call/campaign/550001 "), "{}", heard.head);
    assert_eq!(heard.body, r#"{"status":"stop"}"#);
}
