//! MyOperator: request, answers, nodes and reports, row by row.

use std::collections::BTreeSet;

use domain::call::{AnsweredBy, CallProgress, CallRecord, CallReportKind, CallState, Ended};
use munadi_providers::{
    Account,
    myoperator::{LEGS, MYOPERATOR, PLACE_ANSWERS, STATUSES, read_placed},
    voice::{CallQuery, CallStatus, CallbackRequest, StoredCall},
};
use serde_json::{Value, json};

use super::{NOW, TO, answered, call, hear, kind, open, place, said, script, word};
use crate::{
    aisensy_request::http,
    server::{Server, answer},
};

const SECRETS: &[(&str, &str)] = &[
    ("api_key", "TEST-KEY-NOT-REAL"),
    ("secret_token", "TEST-TOKEN-NOT-REAL"),
    ("search_token", "TEST-SEARCH-NOT-REAL"),
];

fn settings() -> Value {
    json!({ "company_id": "comp0001", "public_ivr_id": "ivr0001", "ask_node": "n-ask", "digit_node": "n-digit" })
}

fn account(url: &str) -> Box<dyn Account> {
    open(&MYOPERATOR, &settings(), SECRETS, url)
}

#[tokio::test]
async fn a_call_is_placed_with_a_reference_that_is_its_own() {
    let reply = r#"{"status":"success","code":"200","details":"ok","unique_id":"u-0001"}"#;
    let server = Server::start(vec![answer(200, reply)]).await;
    let outcome = place(account(&server.url).voice().unwrap(), TO).await;
    assert_eq!(word(&outcome), ("accepted", "u-0001"));
    let heard = &server.heard()[0];
    assert!(
        heard.head.starts_with("POST /obd-api-v1 ") && heard.head.contains("x-api-key: TEST-KEY-NOT-REAL")
    );
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    for (name, expected) in [
        ("company_id", json!("comp0001")),
        ("secret_token", json!("TEST-TOKEN-NOT-REAL")),
        ("type", json!("2")),
        ("number", json!(TO)),
        ("public_ivr_id", json!("ivr0001")),
        ("reference_id", json!(call(1).to_string())),
        ("max_call_duration", json!(120)),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let refusal = |words: &str| json!({ "status": "error", "code": 400, "details": words }).to_string();
    let mut used = BTreeSet::new();
    for (status, body, proves, code) in [
        (200, r#"{"status":"success","code":"200","unique_id":"u"}"#.to_owned(), "accepted", "u"),
        (200, r#"{"status":"success","code":200,"unique_id":"u"}"#.to_owned(), "accepted", "u"),
        (200, refusal("Insufficient balance in the plan"), "stopped", "http_402"),
        (200, refusal("Number is in DND"), "refused", "call_dnd"),
        (200, refusal("number is not valid"), "refused", "invalid_number"),
        (200, refusal("Something new"), "once", "call_once_more"),
        (200, "{}".to_owned(), "unknown", "unreadable"),
        (400, refusal("number is not valid"), "refused", "invalid_number"),
        (400, refusal("max_call_duration is not valid"), "misconfigured", "call_no_flow"),
        (401, refusal("Invalid secret token"), "stopped", "bad_key"),
        (403, refusal("Duplicate reference_id, request already received"), "accepted", ""),
        (403, refusal("This dialer type is not allowed"), "stopped", "call_not_allowed"),
        (404, refusal("Ivr not found"), "misconfigured", "call_no_flow"),
        (408, String::new(), "unknown", "gateway"),
        (418, String::new(), "misconfigured", "call_no_flow"),
        (429, String::new(), "slower", "http_429"),
        (500, String::new(), "unknown", "http_500"),
        (503, String::new(), "unknown", "gateway"),
        (302, String::new(), "stopped", "bad_address"),
    ] {
        let outcome = read_placed(&answered(status, &body), NOW, &[]);
        assert_eq!(word(&outcome), (proves, code), "{status} {body}");
        used.insert(code.to_owned());
    }
    for row in PLACE_ANSWERS {
        assert!(used.contains(row.code), "no answer of {}", row.code);
    }
}

/// What the short keys of a report are.
fn short(su: i64, leg: &str, talked: &str) -> Value {
    json!({
        "_ai": "log-1", "_ci": "comp0001", "_ev": 2, "_ns": 2, "_cl": "9000000001", "_cr": "+919000000001", "_su": su,
        "_st": 1_893_849_601, "_et": 1_893_849_634, "_ss": 33, "_dr": "00:00:33", "_ri": call(1).to_string(),
        "_ld": [{ "_ds": leg, "_st": 1_893_849_614, "_et": 1_893_849_634, "_dr": talked }],
        "_pm": [{ "ky": "ui", "vl": "s4.0001" }],
    })
}

#[test]
fn each_state_after_a_call_tells_what_its_row_says() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    for (su, leg, talked, ended, by, talk_s) in [
        (1, "ANSWER", "00:00:20", Ended::Completed, None, Some(20)),
        (2, "NOANSWER", "00:00:00", Ended::NoAnswer, None, None),
        (2, "CANCEL", "00:00:00", Ended::NoAnswer, None, None),
        // The colleagues missed the call, and the person heard it.
        (2, "ANSWER", "00:00:20", Ended::Completed, None, Some(20)),
        (3, "ANSWER", "00:00:20", Ended::Completed, Some(AnsweredBy::Machine), Some(20)),
    ] {
        let member = format!(
            "myoperator={}",
            short(su, leg, talked).to_string().replace('&', "%26").replace('+', "%2B")
        );
        for body in [
            member,
            short(su, leg, talked).to_string(),
            json!({ "myoperator": short(su, leg, talked) }).to_string(),
        ] {
            let taken = hear(voice, "status", "", &body).unwrap();
            assert_eq!(kind(&taken), Some(CallReportKind::Ended(ended)), "{su} {leg} {body}");
            let news = &taken.news[0];
            assert_eq!((news.call, news.digits.as_deref()), (Some(call(1)), Some("919000000001")), "{body}");
            assert_eq!((news.answered_by, news.talk_s), (by, talk_s), "{su} {leg}");
            assert_eq!(news.at, Some(domain::time::Millis(1_893_849_634_000)));
        }
    }
    for (status, ended) in
        [("connected", Ended::Completed), ("Missed", Ended::NoAnswer), ("voicemail", Ended::Completed)]
    {
        let query = format!(
            "id=log-1&clid=9000000001&status={status}&call_time=00%3A00%3A20&reference_id={}",
            call(1)
        );
        let taken = hear(voice, "status", &query, "").unwrap();
        assert_eq!(
            (kind(&taken), taken.news[0].call),
            (Some(CallReportKind::Ended(ended)), Some(call(1))),
            "{status}"
        );
    }
    assert_eq!((STATUSES.len(), LEGS.len()), (6, 4));
    for body in [json!({ "_su": 7 }).to_string(), "myoperator=%7Bx".to_owned()] {
        assert!(hear(voice, "status", "", &body).unwrap().not_understood.is_some(), "{body}");
    }
}

#[test]
fn missed_does_not_undo_a_node_that_asked_and_a_notice_tells_who_picked_up() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let notice = |state: i64| {
        let body = json!({ "uid": "s4.1", "clid": "9000000001", "public_ivr_id": "ivr0001", "call_state": state, "event": 1, "reference_id": call(1).to_string() });
        hear(voice, "status", "", &body.to_string()).unwrap()
    };
    assert_eq!(
        (kind(&notice(0)), kind(&notice(1))),
        (Some(CallReportKind::Calling), Some(CallReportKind::PickedUp))
    );
    assert!(notice(5).not_understood.is_some());
    let node =
        hear(voice, "step", "", "uid=s4.1&node_id=n-ask&timestamp=1893849630&clid=9000000001").unwrap();
    assert_eq!((kind(&node), node.pressed.clone()), (Some(CallReportKind::PickedUp), None));
    let missed = hear(voice, "status", "", &short(2, "NOANSWER", "00:00:00").to_string()).unwrap();
    let mut record = CallRecord::default();
    for news in [&node.news[0], &missed.news[0]] {
        record.hear(news, NOW).unwrap();
    }
    assert_eq!(record.state(), CallState::Completed);
}

#[test]
fn nodes_are_told_to_speak_jump_and_hang_up() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (script, said) = (script(), said());
    let line = |asked| StoredCall {
        script: &script,
        said: &said,
        so_far: CallProgress { asked, key: None },
        sounds: "",
    };
    let answer = |form: &str, asked| -> Value {
        let step = hear(voice, "step", "", form).unwrap().ask.unwrap();
        let body = voice.answer(&step, Some(&line(asked)));
        assert_eq!(body.content_type, "application/json");
        serde_json::from_slice(&body.bytes).unwrap()
    };
    let ask = "uid=s4.1&node_id=n-ask&timestamp=1893849630&clid=9000000001";
    assert_eq!(
        answer(ask, 0),
        json!({ "action": "tts", "value": said.opening(), "operation": "jump-node", "operation-data": "n-digit" })
    );
    let digit =
        |input: &str| format!("uid=s4.1&node_id=n-digit&timestamp=1893849640&clid=9000000001&input={input}");
    let end = |words: &str| json!({ "action": "tts", "value": words, "operation": "hangup" });
    assert_eq!(answer(&digit("9"), 1), end("All right. We will not call you again."));
    assert_eq!(answer(&digit(""), 1)["value"], json!(said.question));
    assert_eq!(answer(&digit(""), 2), end("Thank you. Goodbye."));
    // Where no node takes the key, the reminder is spoken without a question.
    let mut bare = settings();
    bare["digit_node"] = "".into();
    let bare = open(&MYOPERATOR, &bare, SECRETS, "https://vendor.example");
    let voice = bare.voice().unwrap();
    let step = hear(voice, "step", "", ask).unwrap().ask.unwrap();
    let body: Value = serde_json::from_slice(&voice.answer(&step, Some(&line(0))).bytes).unwrap();
    assert_eq!(body, end(&said.text));
}

#[test]
fn with_a_password_nothing_is_believed_that_comes_without() {
    let mut settings = settings();
    settings["hook_user"] = "munadi".into();
    let mut secrets = SECRETS.to_vec();
    secrets.push(("hook_password", "TEST-PASSWORD"));
    let account = open(&MYOPERATOR, &settings, &secrets, "https://vendor.example");
    let body = short(1, "ANSWER", "00:00:20").to_string();
    let hear = |authorization: &str| {
        let hook = CallbackRequest {
            path: "status",
            query: "",
            content_type: "",
            header: &|name| (name == "authorization").then(|| authorization.to_owned()),
            proven: false,
            body: body.as_bytes(),
        };
        account.voice().unwrap().hear(&hook).is_ok()
    };
    // The header is `munadi:TEST-PASSWORD`, encoded with another program.
    assert!(hear("Basic bXVuYWRpOlRFU1QtUEFTU1dPUkQ="));
    for wrong in ["", "Basic bXVuYWRpOnh4eA==", "Bearer bXVuYWRpOlRFU1QtUEFTU1dPUkQ="] {
        assert!(!hear(wrong), "{wrong}");
    }
}

#[tokio::test]
async fn a_lost_report_is_found_in_the_log_by_its_reference() {
    let log =
        |hits: Value| answer(200, &json!({ "status": "success", "data": { "hits": hits } }).to_string());
    let about = CallQuery { call: call(1), provider_id: None, to: TO, placed: NOW, now: NOW.plus(600_000) };
    let ours = json!([{ "_source": short(1, "ANSWER", "00:00:20") }]);
    let server = Server::start(vec![log(ours)]).await;
    let found = account(&server.url).voice().unwrap().poll_status(&http(), &about).await.unwrap();
    assert!(
        matches!(found, CallStatus::Call(news, None) if news[0].kind == CallReportKind::Ended(Ended::Completed))
    );
    let body: Value = serde_json::from_str(&server.heard()[0].body).unwrap();
    assert_eq!(
        (body["token"].as_str(), body["search_key"].as_str()),
        (Some("TEST-SEARCH-NOT-REAL"), Some("9000000001"))
    );
    let mut other = short(1, "ANSWER", "00:00:20");
    other["_ri"] = json!(call(2).to_string());
    for hits in [json!([]), json!([other])] {
        let server = Server::start(vec![log(hits)]).await;
        let found = account(&server.url).voice().unwrap().poll_status(&http(), &about).await.unwrap();
        assert_eq!(found, CallStatus::NotYet, "a call that is not in the log may still ring");
    }
}
