//! Ozonetel's KooKoo: request, answers, events, statuses and markup, row by row.

use std::collections::BTreeSet;

use domain::{
    call::{CallProgress, CallReportKind, Digit, Ended, Failure, Language, Recorded, ScriptText},
    ids::RecordingId,
};
use munadi_providers::{
    Account,
    ozonetel::{EVENTS, OZONETEL, PLACE_TEXTS, STATUSES, read_placed},
    voice::{Step, StepKind, StoredCall},
};
use quick_xml::{Reader, events::Event};
use serde_json::json;

use super::{NOW, TO, answered, call, hear, kind, open, pairs, path_of, place, said, script, value, word};
use crate::server::{Server, answer};

const SECRETS: &[(&str, &str)] = &[("api_key", "KK-TEST-NOT-REAL-0001")];

fn account(url: &str) -> Box<dyn Account> {
    open(&OZONETEL, &json!({ "caller_id": "0800000000" }), SECRETS, url)
}

#[tokio::test]
async fn a_call_is_placed_with_zero_and_ten_digits_and_two_paths_of_its_own() {
    let reply = "<request><status>queued</status><message>90000000001</message></request>";
    let server = Server::start(vec![answer(200, reply)]).await;
    let account = account(&server.url);
    let outcome = place(account.voice().unwrap(), TO).await;
    assert_eq!(word(&outcome), ("accepted", "90000000001"));
    let head = &server.heard()[0].head;
    assert!(head.starts_with("GET /outbound/outbound.php?"), "{head}");
    let query = pairs(head.split_once('?').unwrap().1.split_once(' ').unwrap().0);
    for (name, expected) in [
        ("phone_no", "09000000001"),
        ("api_key", "KK-TEST-NOT-REAL-0001"),
        ("outbound_version", "2"),
        ("caller_id", "0800000000"),
    ] {
        assert_eq!(value(&query, name), expected, "{name}");
    }
    let voice = account.voice().unwrap();
    let step = hear(voice, path_of(value(&query, "url")), "sid=9&event=NewCall", "").unwrap();
    assert_eq!(step.ask.unwrap().call, Some(call(1)));
    let status =
        hear(voice, path_of(value(&query, "callback_url")), "", "sid=9&status=answered&duration=31").unwrap();
    assert_eq!(status.news[0].call, Some(call(1)));
}

#[test]
fn each_answer_proves_what_its_row_says() {
    let error = |words: &str| format!("<request><status>error</status><message>{words}</message></request>");
    let mut used = BTreeSet::new();
    for (status, body, proves, code) in [
        (200, "<request><status>queued</status><message>9</message></request>".to_owned(), "accepted", "9"),
        (
            200,
            "<?xml version=\"1.0\"?>\n<request>\n<status>queued</status>\n<message>9</message>\n</request>"
                .to_owned(),
            "accepted",
            "9",
        ),
        (200, error("CALLS WILL NOT BE MADE BETWEEN 9PM TO 9AM."), "stopped", "call_hours"),
        (200, error("PHONE NUMBER IN DND LIST"), "refused", "call_dnd"),
        (200, error("Insufficient balance"), "stopped", "http_402"),
        (200, error("Outbound calls are not enabled for your account"), "stopped", "call_not_allowed"),
        (200, error("Invalid api key"), "stopped", "bad_key"),
        (200, error("Invalid phone number"), "refused", "invalid_number"),
        (200, error("Something new"), "once", "call_once_more"),
        (200, "<request><status>pending</status></request>".to_owned(), "unknown", "unreadable"),
        (200, String::new(), "unknown", "unreadable"),
        (200, "OK".to_owned(), "unknown", "unreadable"),
        (401, String::new(), "stopped", "bad_key"),
        (404, "<html>".to_owned(), "stopped", "bad_address"),
        (408, String::new(), "unknown", "gateway"),
        (429, String::new(), "slower", "http_429"),
        (500, String::new(), "unknown", "http_500"),
        (502, "<html>".to_owned(), "unknown", "gateway"),
        (301, String::new(), "stopped", "bad_address"),
    ] {
        let outcome = read_placed(&answered(status, &body), NOW, &[]);
        assert_eq!(word(&outcome), (proves, code), "{status} {body}");
        used.insert(code.to_owned());
    }
    for row in PLACE_TEXTS {
        assert!(used.contains(row.code), "no answer of {}", row.code);
    }
}

#[test]
fn each_event_and_status_tells_what_its_row_says() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    for (event, expected, waits) in [
        ("NewCall", CallReportKind::PickedUp, true),
        ("GotDTMF", CallReportKind::Heard, true),
        ("GotDtmf", CallReportKind::Heard, true),
        ("Hangup", CallReportKind::Ended(Ended::Completed), false),
        ("Disconnect", CallReportKind::Ended(Ended::Completed), false),
        ("Record", CallReportKind::PickedUp, true),
        ("Dial", CallReportKind::PickedUp, true),
        ("Recognize", CallReportKind::PickedUp, true),
        ("Conference", CallReportKind::PickedUp, true),
        ("Stream", CallReportKind::PickedUp, true),
    ] {
        let taken = hear(voice, "step", &format!("sid=9&event={event}&data=1&cid=09000000001"), "").unwrap();
        assert_eq!((kind(&taken), taken.ask.is_some()), (Some(expected), waits), "{event}");
        assert_eq!(taken.news[0].digits.as_deref(), Some("919000000001"));
        assert_eq!(taken.pressed.is_some(), event.eq_ignore_ascii_case("gotdtmf"), "{event}");
    }
    assert_eq!(EVENTS.len(), 9);
    let (no_answer, network) =
        (CallReportKind::Ended(Ended::NoAnswer), CallReportKind::Ended(Ended::Failed(Failure::Network)));
    let invalid = CallReportKind::Ended(Ended::Failed(Failure::InvalidNumber));
    for (status, expected) in [
        ("queued", CallReportKind::Calling),
        ("Dialing", CallReportKind::Calling),
        ("answered", CallReportKind::Ended(Ended::Completed)),
        ("not_answered", no_answer),
        ("Not Answered", no_answer),
        ("NoResponse", no_answer),
        ("ring", no_answer),
        ("SubcriberAbsent", no_answer),
        ("SubscriberAbsent", no_answer),
        ("Busy", CallReportKind::Ended(Ended::Busy)),
        ("InvalidNumber", invalid),
        ("invalid_number", invalid),
        ("InvalidNumberFormat", invalid),
        ("ISDDisabled", invalid),
        ("Congestion", network),
        ("NoRouteDestination", network),
        ("exception", network),
    ] {
        let body = format!(
            "sid=9&status={}&phone_no=9000000001&start_time=2030-01-05+18%3A50%3A14&ringing_time=12",
            status.replace(' ', "+")
        );
        let taken = hear(voice, "status", "", &body).unwrap();
        assert_eq!(kind(&taken), Some(expected), "{status}");
        assert_eq!((taken.news[0].ring_s, taken.news[0].digits.as_deref()), (Some(12), Some("919000000001")));
    }
    assert_eq!(STATUSES.len(), 15);
    for (body, expected) in [
        ("sid=9&status=new&duration=31", Some(CallReportKind::Ended(Ended::Completed))),
        ("sid=9&status=new&duration=00%3A00%3A31", Some(CallReportKind::Ended(Ended::Completed))),
        ("sid=9&status=new&duration=0", Some(no_answer)),
        ("sid=9&status=new", None),
        ("sid=9", None),
    ] {
        let taken = hear(voice, "status", "", body).unwrap();
        assert_eq!((kind(&taken), taken.not_understood.is_some()), (expected, expected.is_none()), "{body}");
    }
}

/// An element: its name, its attributes, its text.
type Element = (String, Vec<(String, String)>, String);

/// The elements of a document in order.
fn elements(bytes: &[u8]) -> Vec<Element> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut reader = Reader::from_str(text);
    let mut all: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes = tag.attributes().map(|one| {
                    let one = one.unwrap();
                    (one.key.as_ref().to_string(), one.value.to_string())
                });
                let attributes = attributes.collect();
                all.push((tag.name().as_ref().to_string(), attributes, String::new()));
            }
            Event::Text(piece) => all.last_mut().unwrap().2.push_str(&piece),
            Event::GeneralRef(name) => {
                let plain = quick_xml::escape::unescape(&format!("&{};", &*name)).unwrap().into_owned();
                all.last_mut().unwrap().2.push_str(&plain);
            }
            Event::Eof => return all,
            _ => {}
        }
    }
}

#[test]
fn every_step_is_answered_with_markup_that_escapes_what_it_says() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (script, mut said) = (script(), said());
    said.text = "A < B & \"C\"".to_owned();
    let step = |heard: Option<&str>| Step {
        call: Some(call(1)),
        provider_id: None,
        digits: None,
        at: StepKind::Next,
        heard: heard.map(str::to_owned),
    };
    let answer = |heard, asked| {
        let line = StoredCall {
            script: &script,
            said: &said,
            so_far: CallProgress { asked, key: None },
            sounds: "",
        };
        elements(&voice.answer(&step(heard), Some(&line)).bytes)
    };
    let first = answer(None, 0);
    let names: Vec<&str> = first.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["response", "collectdtmf", "playtext"]);
    assert_eq!(first[0].1, [("sid".to_owned(), call(1).to_string())]);
    let wanted =
        [("l", "1"), ("t", "#"), ("o", "6000")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(first[1].1, wanted);
    assert_eq!(first[2].1, [("lang".to_owned(), "EN".to_owned()), ("speed".to_owned(), "3".to_owned())]);
    assert!(first[2].2.starts_with("A < B & \"C\" Press one"), "{}", first[2].2);
    let silent = answer(Some(""), 1);
    assert_eq!((silent[1].0.as_str(), silent[2].2.as_str()), ("collectdtmf", said.question.as_str()));
    let closing = answer(Some("9"), 1);
    let names: Vec<&str> = closing.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        (names, closing[1].2.as_str()),
        (vec!["response", "playtext", "hangup"], "All right. We will not call you again.")
    );
    assert_eq!(answer(Some("5"), 2)[1].2, "Thank you. Goodbye.");
    said.language = Language::Hindi;
    let line = StoredCall {
        script: &script,
        said: &said,
        so_far: CallProgress { asked: 1, key: Digit::new(1) },
        sounds: "",
    };
    let hindi = elements(&voice.answer(&step(None), Some(&line)).bytes);
    assert_eq!(hindi[1].1[0], ("lang".to_owned(), "HI".to_owned()));
    let nobody = elements(&voice.answer(&step(None), None).bytes);
    assert_eq!((nobody[1].2.as_str(), nobody[2].0.as_str()), ("Thank you for calling. Goodbye.", "hangup"));
}

#[test]
fn what_is_recorded_is_played_and_the_rest_is_spoken() {
    let account = account("https://vendor.example");
    let voice = account.voice().unwrap();
    let (mut script, said) = (script(), said());
    let recorded =
        |address: &str| Recorded { id: RecordingId::NIL, address: address.to_owned(), length_ms: 4_000 };
    script.recordings.insert(ScriptText::Question, recorded("0a"));
    script.recordings.insert(ScriptText::NoKey, recorded("0b"));
    let step = |heard: Option<&str>| Step {
        call: Some(call(1)),
        provider_id: None,
        digits: None,
        at: StepKind::Next,
        heard: heard.map(str::to_owned),
    };
    let answer = |heard, asked, sounds| {
        let line =
            StoredCall { script: &script, said: &said, so_far: CallProgress { asked, key: None }, sounds };
        let all = elements(&voice.answer(&step(heard), Some(&line)).bytes);
        all.into_iter().map(|(name, _, text)| (name, text)).collect::<Vec<_>>()
    };
    let at = "https://notify.example/recordings/";
    let first = answer(None, 0, at);
    assert_eq!((first[2].0.as_str(), first[2].1.as_str()), ("playtext", said.text.as_str()));
    assert_eq!(
        (first[3].0.as_str(), first[3].1.as_str()),
        ("playaudio", "https://notify.example/recordings/0a.wav")
    );
    let last = answer(Some(""), 2, at);
    assert_eq!(
        (last[1].0.as_str(), last[1].1.as_str()),
        ("playaudio", "https://notify.example/recordings/0b.wav")
    );
    // Where nobody can fetch a recording, its text is spoken.
    assert!(answer(None, 0, "").iter().all(|(name, _)| name != "playaudio"));
}
