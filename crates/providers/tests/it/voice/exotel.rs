//! Exotel: requests, answers, statuses, the flow and look-ups, row by row.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    call::{
        AnsweredBy, CallProgress, CallReportKind, CallScript, Digit, Ended, Failure, Recorded, ScriptText,
    },
    ids::RecordingId,
    money::Money,
    time::Millis,
};
use munadi_providers::{
    Account,
    exotel::{EXOTEL, LEG_STATUSES, PLACE_ANSWERS, STATUSES, V3_STATUSES, read_placed},
    voice::{CallQuery, CallStatus, CallbackRequest, NO_HEADERS, StepKind, StoredCall},
};
use sandbox::{Config, Sandbox, voice::exotel};
use serde_json::{Value, json};

use super::{
    CALLBACK, NOW, TO, answered, call, hear, kind, open, pairs, path_of, place, said, script, value, word,
};
use crate::{
    aisensy_request::http,
    server::{Server, answer},
};

const SECRETS: &[(&str, &str)] = &[("api_key", exotel::KEY), ("api_token", exotel::TOKEN)];

fn settings() -> Value {
    json!({ "sid": "udaan1", "exophone": "08000000000", "flow_id": "4711" })
}

fn account(url: &str) -> Box<dyn Account> {
    open(&EXOTEL, &settings(), SECRETS, url)
}

#[tokio::test]
async fn a_call_is_placed_with_the_documented_form_and_names_itself_twice() {
    let server = Server::start(vec![answer(
        200,
        r#"{"Call":{"Sid":"0123456789abcdef0123456789abcdef","Status":"in-progress"}}"#,
    )])
    .await;
    let account = account(&server.url);
    let outcome = place(account.voice().unwrap(), TO).await;
    assert_eq!(word(&outcome), ("accepted", "0123456789abcdef0123456789abcdef"));
    let heard = &server.heard()[0];
    assert!(heard.head.starts_with("POST /v1/Accounts/udaan1/Calls/connect.json "), "{}", heard.head);
    let basic = STANDARD.encode(format!("{}:{}", exotel::KEY, exotel::TOKEN));
    assert!(heard.head.contains(&format!("authorization: Basic {basic}")), "{}", heard.head);
    assert!(heard.head.contains("content-type: application/x-www-form-urlencoded"));
    let form = pairs(&heard.body);
    for (name, expected) in [
        ("From", TO),
        ("CallerId", "08000000000"),
        ("Url", "http://my.exotel.com/udaan1/exoml/start_voice/4711"),
        ("CallType", "trans"),
        ("TimeLimit", "120"),
        ("TimeOut", "30"),
        ("StatusCallbackEvents[0]", "terminal"),
        ("StatusCallbackEvents[1]", "answered"),
        ("StatusCallbackContentType", "application/json"),
    ] {
        assert_eq!(value(&form, name), expected, "{name}");
    }
    assert!(
        form.iter().all(|(name, _)| name != "To" && name != "Record"),
        "a request with To is no flow call"
    );
    // Both the path and the field lead back to the call, and to no other call.
    let path = path_of(value(&form, "StatusCallback"));
    let body = r#"{"CallSid":"c1","Status":"completed","EventType":"terminal"}"#;
    let taken = hear(account.voice().unwrap(), path, "", body).unwrap();
    assert_eq!(taken.news[0].call, Some(call(1)));
    let query = format!("CallSid=c1&CustomField={}", value(&form, "CustomField"));
    assert_eq!(
        hear(account.voice().unwrap(), "prompt", &query, "").unwrap().ask.unwrap().call,
        Some(call(1))
    );
}

#[tokio::test]
async fn older_flow_addresses_and_the_other_cluster_are_settings() {
    for (host, expected) in [
        ("my.exotel.com", "http://my.exotel.com/udaan1/exoml/start_voice/4711"),
        ("my.in.exotel.com", "http://my.in.exotel.com/udaan1/exoml/start_voice/4711"),
        ("my.exotel.in", "http://my.exotel.in/exoml/start/4711"),
    ] {
        let server = Server::start(vec![answer(200, r#"{"Call":{"Sid":"c1"}}"#)]).await;
        let mut settings = settings();
        settings["flow_host"] = host.into();
        let account = open(&EXOTEL, &settings, SECRETS, &server.url);
        place(account.voice().unwrap(), TO).await;
        assert_eq!(value(&pairs(&server.heard()[0].body), "Url"), expected);
    }
    let urls = munadi_providers::Urls::default().with("exotel_singapore_url", "http://127.0.0.1:9/sg");
    let mut settings = settings();
    settings["cluster"] = "singapore".into();
    let secrets = munadi_providers::Secrets::default().with("api_key", "k").with("api_token", "t");
    let opened = munadi_providers::Vendor::open(&EXOTEL, &settings, &secrets, &urls).unwrap();
    assert!(format!("{opened:?}").contains("/sg"), "{opened:?}");
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let refusal = |status: u16, message: &str| {
        (status, json!({ "RestException": { "Status": status, "Message": message } }).to_string())
    };
    let xml = |status: u16, message: &str| {
        (
            status,
            format!(
                "<?xml version=\"1.0\"?><TwilioResponse><RestException><Status>{status}</Status><Message>{message}</Message></RestException></TwilioResponse>"
            ),
        )
    };
    let mut used = BTreeSet::new();
    for ((status, body), proves, code) in [
        ((200, r#"{"Call":{"Sid":"c1","Status":"in-progress"}}"#.to_owned()), "accepted", "c1"),
        (
            (
                200,
                "<?xml version=\"1.0\"?><TwilioResponse><Call><Sid>c2</Sid></Call></TwilioResponse>"
                    .to_owned(),
            ),
            "accepted",
            "c2",
        ),
        ((202, r#"{"Call":{"Sid":"c3"}}"#.to_owned()), "accepted", "c3"),
        ((200, "{}".to_owned()), "unknown", "unreadable"),
        ((200, refusal(403, "NDNC").1), "refused", "call_dnd"),
        (refusal(400, "From is not a valid phone number"), "refused", "invalid_number"),
        (xml(400, "Invalid number"), "refused", "invalid_number"),
        (refusal(400, "Mandatory parameter missing"), "refused", "unrecognised"),
        (refusal(401, "Authentication failed"), "stopped", "bad_key"),
        (xml(401, "Authentication failed"), "stopped", "bad_key"),
        (refusal(401, "Insufficient balance"), "stopped", "http_402"),
        (refusal(402, "Payment required"), "stopped", "http_402"),
        (
            refusal(403, "Call to this number cannot be made because of TRAI NDNC regulations"),
            "refused",
            "call_dnd",
        ),
        (refusal(403, "CallerId does not belong to the account"), "stopped", "call_not_allowed"),
        (refusal(404, "Flow not found"), "misconfigured", "call_no_flow"),
        (refusal(409, "Conflict"), "once", "call_once_more"),
        (refusal(408, ""), "unknown", "gateway"),
        (refusal(429, "Too many calls"), "slower", "http_429"),
        (refusal(500, "Internal error"), "unknown", "http_500"),
        ((502, "<html>".to_owned()), "unknown", "gateway"),
        ((503, String::new()), "unknown", "gateway"),
        ((504, String::new()), "unknown", "gateway"),
        (refusal(410, "Gone"), "refused", "unrecognised"),
        ((302, String::new()), "stopped", "bad_address"),
    ] {
        let outcome = read_placed(&answered(status, &body), NOW, &[]);
        assert_eq!(word(&outcome), (proves, code), "{status} {body}");
        used.insert(code.to_owned());
    }
    for row in PLACE_ANSWERS {
        assert!(used.contains(row.code) && row.source.starts_with('§'), "no answer of {}", row.code);
    }
    // Where Exotel does not say how long to wait, the limit of a minute is waited for.
    let soon = read_placed(&answered(429, ""), NOW.plus(45_000), &[]);
    assert!(matches!(soon, domain::outcome::Outcome::NotNow { wait_ms: Some(15_000), .. }), "{soon:?}");
}

fn told(body: &Value) -> munadi_providers::voice::CallbackContent {
    let account = account("https://vendor.example");
    hear(account.voice().unwrap(), "status", "", &body.to_string()).unwrap()
}

#[test]
fn each_status_tells_what_its_row_says() {
    let failed = CallReportKind::Ended(Ended::Failed(Failure::Other));
    for (status, expected) in [
        ("queued", CallReportKind::Calling),
        ("ringing", CallReportKind::Calling),
        ("in-progress", CallReportKind::Calling),
        ("completed", CallReportKind::Ended(Ended::Completed)),
        ("busy", CallReportKind::Ended(Ended::Busy)),
        ("no-answer", CallReportKind::Ended(Ended::NoAnswer)),
        ("failed", failed),
        ("canceled", CallReportKind::Ended(Ended::Cancelled)),
        ("Completed", CallReportKind::Ended(Ended::Completed)),
    ] {
        assert_eq!(kind(&told(&json!({ "CallSid": "c1", "Status": status }))), Some(expected), "{status}");
    }
    assert_eq!(
        (STATUSES.len(), V3_STATUSES.len(), LEG_STATUSES.len()),
        (10, 6, 7),
        "a row of each is tested here or below"
    );
}

#[test]
fn events_without_a_status_are_read_by_what_else_they_say() {
    for (body, expected) in [
        (
            json!({ "CallSid": "c", "EventType": "answered", "Status": "in-progress" }),
            Some(CallReportKind::PickedUp),
        ),
        (json!({ "CallSid": "c", "EventType": "answered" }), Some(CallReportKind::PickedUp)),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "ConversationDuration": 33, "Price": 0.6 }),
            Some(CallReportKind::Ended(Ended::Completed)),
        ),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "busy", "OnCallDuration": 0 }] }),
            Some(CallReportKind::Ended(Ended::Busy)),
        ),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "failed" }] }),
            Some(CallReportKind::Ended(Ended::Failed(Failure::Other))),
        ),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "no-answer" }] }),
            Some(CallReportKind::Ended(Ended::NoAnswer)),
        ),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "completed" }] }),
            Some(CallReportKind::Ended(Ended::Completed)),
        ),
        (
            json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "canceled" }] }),
            Some(CallReportKind::Ended(Ended::Cancelled)),
        ),
        (json!({ "CallSid": "c", "EventType": "terminal", "Legs": [{ "Status": "in-progress" }] }), None),
        (json!({ "CallSid": "c", "EventType": "terminal" }), None),
        (json!({ "CallSid": "c", "Status": "dancing" }), None),
    ] {
        let taken = told(&body);
        assert_eq!(kind(&taken), expected, "{body}");
        assert_eq!(taken.not_understood.is_some(), expected.is_none(), "{body}");
    }
}

#[test]
fn a_report_is_read_in_each_encoding_number_and_time() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let json = json!({
        "CallSid": "c1", "EventType": "terminal", "Status": "completed", "From": "09000000001", "To": "08000000000",
        "StartTime": "2030-01-05 18:50:14", "EndTime": "2030-01-05 18:50:47", "ConversationDuration": 33, "Price": "0.600000",
        "Legs": [{ "OnCallDuration": 33, "Status": "completed", "AnsweredBy": "NA" }],
    });
    let form = "CallSid=c1&EventType=terminal&Status=completed&From=%2B919000000001&EndTime=2030-01-05+18%3A50%3A47&ConversationDuration=33&Price=0.6&Legs%5B0%5D%5BOnCallDuration%5D=33&Legs%5B0%5D%5BAnsweredBy%5D=NA";
    let part = |name: &str, value: &str| {
        format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = [
        part("CallSid", "c1"),
        part("EventType", "terminal"),
        part("Status", "completed"),
        part("From", "9000000001"),
        part("EndTime", "2030-01-05 18:50:47"),
        part("Legs[0][OnCallDuration]", "33"),
        part("Price", "-0.6"),
        "--b0--\r\n".to_owned(),
    ]
    .concat();
    for (query, body) in
        [("", json.to_string()), ("", form.to_owned()), ("", multipart), (form, String::new())]
    {
        let hook = CallbackRequest {
            path: "status",
            query,
            content_type: "text/plain",
            header: NO_HEADERS,
            proven: false,
            body: body.as_bytes(),
        };
        let news = voice.hear(&hook).unwrap().news.remove(0);
        assert_eq!(news.kind, CallReportKind::Ended(Ended::Completed), "{query}{body}");
        assert_eq!(news.digits.as_deref(), Some("919000000001"), "{query}{body}");
        assert_eq!(
            (news.talk_s, news.cost, news.answered_by),
            (Some(33), Some(Money(6_000)), None),
            "{query}{body}"
        );
        assert_eq!(news.at, Some(Millis(1_893_849_647_000)), "{query}{body}");
    }
    let unanswered = told(
        &json!({ "CallSid": "c", "Status": "no-answer", "StartTime": "1970-01-01 05:30:00", "EndTime": "1970-01-01 05:30:00" }),
    );
    assert_eq!(unanswered.news[0].at, None, "a time that is not known");
    let machine = told(
        &json!({ "CallSid": "c", "Status": "completed", "Legs": [{ "AnsweredBy": "Machine", "OnCallDuration": "20" }] }),
    );
    assert_eq!(machine.news[0].answered_by, Some(AnsweredBy::Machine));
    let human = told(&json!({ "CallSid": "c", "Status": "completed", "AnsweredBy": "Human" }));
    assert_eq!(human.news[0].answered_by, Some(AnsweredBy::Human));
}

#[test]
fn a_repeat_has_the_key_of_the_first_and_another_event_has_its_own() {
    let key = |body: Value| told(&body).dedupe_key;
    let ended = json!({ "CallSid": "c1", "EventType": "terminal", "Status": "completed", "DateUpdated": "2030-01-05 18:50:49" });
    let mut again = ended.clone();
    again["DateUpdated"] = "2030-01-05 18:51:49".into();
    assert_eq!(key(ended.clone()), key(again));
    let mut answered = ended.clone();
    answered["EventType"] = "answered".into();
    assert_ne!(key(ended), key(answered));
}

#[test]
fn a_foreign_call_on_a_path_is_refused() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (mine, other) = (call(1), call(2));
    let paths = munadi_providers::voice::Paths::of(&munadi_providers::Secret::new(exotel::TOKEN));
    let path = path_of(&paths.of_call(CALLBACK, mine, munadi_providers::voice::HookKind::Status)).to_owned();
    let body =
        |call| json!({ "CallSid": "c1", "Status": "completed", "CustomField": paths.mark(call) }).to_string();
    assert!(hear(voice, &path, "", &body(mine)).is_ok());
    assert!(hear(voice, &path, "", &body(other)).is_err(), "the text names another call than the path");
    let unproven =
        json!({ "CallSid": "c1", "Status": "completed", "CustomField": format!("{other}.0000") }).to_string();
    assert_eq!(
        hear(voice, &path, "", &unproven).unwrap().news[0].call,
        Some(mine),
        "a text without proof says nothing"
    );
    assert_eq!(hear(voice, "status", "", &unproven).unwrap().news[0].call, None);
}

#[test]
fn the_flow_asks_once_for_all_rounds_and_gets_the_closing_words_of_the_key() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (script, said) = (script(), said());
    let line = |key: Option<u8>| StoredCall {
        script: &script,
        said: &said,
        so_far: CallProgress { asked: 0, key: key.and_then(Digit::new) },
        sounds: "",
    };
    let prompt = hear(voice, "prompt", "CallSid=c1&CallFrom=09000000001", "").unwrap();
    assert_eq!(
        kind(&prompt),
        Some(CallReportKind::PickedUp),
        "whoever is asked for words has been picked up"
    );
    let step = prompt.ask.unwrap();
    assert_eq!((step.at, step.digits.as_deref()), (StepKind::Opening, Some("919000000001")));
    let body = voice.answer(&step, Some(&line(None)));
    assert_eq!(body.content_type, "application/json");
    let gather: Value = serde_json::from_slice(&body.bytes).unwrap();
    assert_eq!(gather["gather_prompt"]["text"], said.opening());
    assert_eq!(gather["repeat_gather_prompt"]["text"], said.question);
    for (name, expected) in [
        ("max_input_digits", json!(1)),
        ("finish_on_key", json!("")),
        ("input_timeout", json!(6)),
        ("repeat_menu", json!(1)),
    ] {
        assert_eq!(gather[name], expected, "{name}");
    }
    // The key comes with the next step, in quotes.
    for (digits, expected) in [
        ("%221%22", Some(1)),
        ("1", Some(1)),
        ("%229%23%22", Some(9)),
        ("%22%22", None),
        ("null", None),
        ("%225%22", None),
    ] {
        let taken = hear(voice, "digit", &format!("CallSid=c1&digits={digits}"), "").unwrap();
        let pressed = taken.news_of(&script).into_iter().find_map(|news| match news.kind {
            CallReportKind::Pressed(digit) => Some(digit.get()),
            _ => None,
        });
        assert_eq!(pressed, expected, "{digits}");
        let noted = voice.answer(&taken.ask.unwrap(), Some(&line(None)));
        assert_eq!(noted.content_type, "text/plain");
    }
    let closing = hear(voice, "closing", "CallSid=c1", "").unwrap().ask.unwrap();
    for (key, words) in [
        (Some(1), "Thank you. See you."),
        (Some(9), "All right. We will not call you again."),
        (None, "Thank you. Goodbye."),
    ] {
        let body = voice.answer(&closing, Some(&line(key)));
        assert_eq!(
            (body.content_type, String::from_utf8(body.bytes).unwrap().as_str()),
            ("text/plain", words)
        );
    }
    assert_eq!(voice.answer(&closing, None).bytes, b"Thank you for calling. Goodbye.");
}

#[tokio::test]
async fn a_look_up_brings_state_price_and_keys() {
    let old = json!({ "Call": {
        "Sid": "c1", "Status": "completed", "From": "09000000001", "EndTime": "2030-01-05 18:50:47", "Duration": "45", "Price": 1.2,
        "Details": { "ConversationDuration": 33, "Legs": [{ "Leg": { "Id": 1, "OnCallDuration": 33 } }] },
    } });
    let new = |status: Value, talk: i64, digits: Value| json!({ "response": { "call_details": { "state": if status.is_null() { "active" } else { "terminal" }, "status": status, "total_talk_time": talk, "digits": digits } } });
    let about =
        CallQuery { call: call(1), provider_id: Some("c1"), to: TO, placed: NOW, now: NOW.plus(600_000) };
    for (status, talk, expected) in [
        (json!("completed"), 33, CallReportKind::Ended(Ended::Completed)),
        (json!("from_leg_unanswered"), 0, CallReportKind::Ended(Ended::NoAnswer)),
        (json!("to_leg_unanswered"), 0, CallReportKind::Ended(Ended::NoAnswer)),
        (json!("from_leg_cancelled"), 5, CallReportKind::Ended(Ended::Completed)),
        (json!("from_leg_cancelled"), 0, CallReportKind::Ended(Ended::NoAnswer)),
        (json!("from_leg_no_dial"), 0, CallReportKind::Ended(Ended::Failed(Failure::Other))),
        (json!("to_leg_no_dial"), 0, CallReportKind::Ended(Ended::Failed(Failure::Other))),
        (Value::Null, 0, CallReportKind::Calling),
    ] {
        let replies = vec![
            answer(200, &old.to_string()),
            answer(200, &new(status.clone(), talk, json!("1-2")).to_string()),
        ];
        let server = Server::start(replies).await;
        let account = account(&server.url);
        let CallStatus::Call(news, pressed) =
            account.voice().unwrap().poll_status(&http(), &about).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(pressed.as_deref(), Some("1-2"));
        assert_eq!((news[0].talk_s, news[0].cost), (Some(33), Some(Money(12_000))));
        assert_eq!(news[1].kind, expected, "{status} {talk}");
        let heads: Vec<String> = server.heard().iter().map(|heard| heard.head.clone()).collect();
        assert!(heads[0].starts_with("GET /v1/Accounts/udaan1/Calls/c1.json?details=true "), "{}", heads[0]);
        assert!(heads[1].starts_with("GET /v3/accounts/udaan1/calls/c1 "), "{}", heads[1]);
    }
    // The newer version is a beta. Where it is missing, the older version answers.
    let server = Server::start(vec![answer(200, &old.to_string()), answer(404, "{}")]).await;
    let found = account(&server.url).voice().unwrap().poll_status(&http(), &about).await.unwrap();
    assert!(matches!(found, CallStatus::Call(news, None) if news.len() == 1));
}

#[tokio::test]
async fn an_uncertain_call_is_absent_only_after_a_minute_and_an_account_that_is_not_there_says_nothing() {
    let about = |after_ms| CallQuery {
        call: call(1),
        provider_id: None,
        to: TO,
        placed: NOW,
        now: NOW.plus(after_ms),
    };
    for (reply, after_ms, expected) in [
        (answer(200, r#"{"Calls":[]}"#), 59_000, Ok(CallStatus::NotYet)),
        (answer(200, r#"{"Calls":[]}"#), 60_000, Ok(CallStatus::Absent)),
        (
            answer(200, r#"{"Calls":[{"Sid":"c9","From":"09000000002","Status":"completed"}]}"#),
            60_000,
            Ok(CallStatus::Absent),
        ),
        (answer(404, "{}"), 60_000, Err(())),
        (answer(500, ""), 60_000, Err(())),
        (answer(200, "<html>"), 60_000, Err(())),
    ] {
        let server = Server::start(vec![reply.clone()]).await;
        let found = account(&server.url).voice().unwrap().poll_status(&http(), &about(after_ms)).await;
        assert_eq!(found.map_err(|_| ()), expected, "{reply:?}");
    }
    let listed = r#"{"Calls":[{"Sid":"c9","From":"09000000001","Status":"in-progress","Direction":"outbound-api","DateCreated":"2030-01-05 18:50:01"}]}"#;
    let server = Server::start(vec![answer(200, listed)]).await;
    let found = account(&server.url).voice().unwrap().poll_status(&http(), &about(5_000)).await.unwrap();
    let CallStatus::Call(news, None) = found else { panic!("{found:?}") };
    assert_eq!((news[0].provider_id.as_deref(), news[0].kind), (Some("c9"), CallReportKind::Calling));
    let head = &server.heard()[0].head;
    assert!(
        head.contains("From=%2B919000000001")
            && head.contains("DateCreated=gte%3A2030-01-05+18%3A49%3A00%3Blte%3A"),
        "{head}"
    );
}

/// The requests of three public clients that place calls, written down from how they do it: names, order and values
/// of the forms, and how they identify themselves.
const CLIENTS: &str = include_str!("../../../fixtures/exotel/clients.json");

#[tokio::test]
async fn the_stand_in_takes_the_requests_of_three_public_clients() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let clients: Vec<Value> = serde_json::from_str(CLIENTS).unwrap();
    assert_eq!(clients.iter().map(|one| one["client"].as_str().unwrap()).collect::<BTreeSet<_>>().len(), 3);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (at, one) in clients.iter().enumerate() {
        let text = |name: &str| one[name].as_str().unwrap();
        let user = match text("user") {
            "sid" => "udaan1",
            _ => exotel::KEY,
        };
        let url = format!("{}/exotel{}", sandbox.url(), text("path"));
        let request = client.post(url).basic_auth(user, Some(exotel::TOKEN));
        let request = match &one["json"] {
            Value::Null => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(text("form").to_owned()),
            body => request.json(body),
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{}: {body}", text("client"));
        let id = body["Call"]["Sid"].as_str().or(body["response"][0]["data"]["id"].as_str());
        assert!(id.is_some_and(|id| !id.is_empty()), "{}: {body}", text("client"));
        assert_eq!(sandbox.telephones().calls().len(), at + 1, "{}: a phone rings", text("client"));
    }
    // Field names are case-sensitive.
    let wrong = client.post(format!("{}/exotel/v1/Accounts/udaan1/Calls/connect.json", sandbox.url()));
    let wrong =
        wrong.basic_auth(exotel::KEY, Some(exotel::TOKEN)).body("from=09000000001&callerid=08000000000");
    assert_eq!(wrong.send().await.unwrap().status(), 400);
    sandbox.stop().await;
}

#[test]
fn a_prompt_is_played_when_all_of_it_is_recorded_and_spoken_otherwise() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (mut script, said) = (script(), said());
    let recorded =
        |address: &str| Recorded { id: RecordingId::NIL, address: address.to_owned(), length_ms: 4_000 };
    script.recordings.insert(ScriptText::Text, recorded("0a"));
    let ask = |script: &CallScript, path: &str, key| {
        let step = hear(voice, path, "CallSid=c1&CallFrom=09000000001", "").unwrap().ask.unwrap();
        let so_far = CallProgress { asked: 0, key };
        let line = StoredCall { script, said: &said, so_far, sounds: "https://notify.example/recordings/" };
        voice.answer(&step, Some(&line))
    };
    let gather = |script: &CallScript| -> Value {
        serde_json::from_slice(&ask(script, "prompt", None).bytes).unwrap()
    };
    assert_eq!(gather(&script)["gather_prompt"]["text"], said.opening(), "half of it is not");
    script.recordings.insert(ScriptText::Question, recorded("0b"));
    let played = gather(&script);
    assert_eq!(
        played["gather_prompt"],
        json!({ "audio_url": "https://notify.example/recordings/0a+0b.wav" })
    );
    assert_eq!(
        played["repeat_gather_prompt"],
        json!({ "audio_url": "https://notify.example/recordings/0b.wav" })
    );
    let nine = Digit::new(9).unwrap();
    script.recordings.insert(ScriptText::Closing(nine), recorded("0c"));
    let closing = ask(&script, "closing", Some(nine));
    assert_eq!(
        (closing.content_type, closing.bytes.as_slice()),
        ("text/plain", &b"https://notify.example/recordings/0c.wav"[..])
    );
}
