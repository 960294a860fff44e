//! Receipts: genuine or not, known or not, and what they say. Facts: providers/src/aisensy/NOTES.md §4.

use domain::{
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, OptWord, ParsedReceipt, Proof, opt_word},
    time::Millis,
};
use munadi_providers::{
    Secret,
    aisensy::{dedupe_key, read, verify},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const DELIVERED: &str = include_str!("../../fixtures/aisensy/receipt_delivered.json");
const FAILED: &str = include_str!("../../fixtures/aisensy/receipt_failed.json");
const READ: &str = include_str!("../../fixtures/aisensy/receipt_campaign_read.json");
const STOP: &str = include_str!("../../fixtures/aisensy/inbound_text.json");
const QUICK_REPLY: &str = include_str!("../../fixtures/aisensy/inbound_quick_reply.json");

/// Test vectors of §4.1.
const HELLO: (&str, &str) =
    (r#"{"hello":"world"}"#, "ee8f918d3b57697f128ead2a9be920463ac2fb46f48eaa8e19879027d0a657c5");
const DELIVERED_SIGNATURE: &str = "9d0ae0e7b611cc1637c609f5cc2ee886033f26fc92ba0698e8619bd58488f587";

fn genuine(raw: &str, signature: &str) -> bool {
    verify(Some(&Secret::new("test-shared-secret")), raw.as_bytes(), Some(signature))
}

#[test]
fn the_documents_signatures_are_genuine() {
    assert_eq!(DELIVERED.len(), 423);
    assert!(genuine(HELLO.0, HELLO.1));
    assert!(genuine(DELIVERED, DELIVERED_SIGNATURE));
    assert!(genuine(HELLO.0, &format!("sha256={}", HELLO.1)));
}

#[test]
fn a_body_that_was_spread_out_is_genuine_by_its_compact_form_with_its_own_order() {
    let spread = serde_json::to_string_pretty(&serde_json::from_str::<Value>(DELIVERED).unwrap()).unwrap();
    assert_ne!(spread, DELIVERED);
    assert!(genuine(&spread, DELIVERED_SIGNATURE));
}

/// The signature was made with another implementation of HMAC-SHA256 (Python's) over the text without its spaces.
#[test]
fn a_body_is_not_parsed_to_be_checked_so_figures_and_signs_stay_as_they_were_written() {
    let spread = "{ \"price\" : 1.50,\r\n\t\"name\": \"A \\u0041 \\\" b\" }";
    let signature = "5a04e9b4ee33f4a33359bf078d75d671cb60393307b3dd421aafc8faa89a67a0";
    assert!(genuine(spread, signature));
    assert!(!genuine(&spread.replace("A \\u", "A\\u"), signature), "spaces within a text count");
}

#[test]
fn anything_else_is_a_forgery() {
    let (body, good) = HELLO;
    for signature in [
        "",
        "sha256=",
        "00",
        &good[..62],
        &format!("{good}00"),
        &good.replace('e', "f"),
        "not hex",
        DELIVERED_SIGNATURE,
    ] {
        assert!(!genuine(body, signature), "{signature:?}");
    }
    assert!(!genuine(r#"{"hello":"World"}"#, good));
    let key = Secret::new("test-shared-secret");
    assert!(!verify(Some(&key), body.as_bytes(), None), "unsigned");
    assert!(!verify(None, body.as_bytes(), Some(good)), "no secret");
    assert!(!verify(Some(&Secret::new("")), body.as_bytes(), Some(good)), "empty secret");
    assert!(!verify(Some(&Secret::new("another")), body.as_bytes(), Some(good)), "another secret");
}

#[test]
fn a_repeat_has_the_key_of_the_first() {
    assert_eq!(dedupe_key(DELIVERED.as_bytes()), "ntf_0000000001");
    let again = DELIVERED.replace(r#""delivery_attempt":"1""#, r#""delivery_attempt":2"#);
    assert_eq!(dedupe_key(again.as_bytes()), "ntf_0000000001");
    let without = dedupe_key(b"{}");
    assert!(without.starts_with("sha256:") && without != dedupe_key(b"{ }"));
}

#[track_caller]
fn reading(raw: &str) -> ParsedReceipt {
    match read(raw.as_bytes()).remove(0) {
        Event::Receipt(reading) => reading,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_fixtures_are_read() {
    assert_eq!(
        reading(DELIVERED),
        ParsedReceipt {
            provider_id: Some("00000000-0000-4000-8000-000000000001".into()),
            network_id: Some("wamid.TESTONLY0001".into()),
            digits: Some("919000000001".into()),
            user_id: None,
            campaign: None,
            udf: None,
            proof: Proof::Delivered,
            at: Some(Millis(1_767_240_000_000)),
            cost: None,
        }
    );
    assert_eq!(
        reading(FAILED),
        ParsedReceipt {
            provider_id: None,
            network_id: Some("wamid.TESTONLY0002".into()),
            digits: Some("919000000002".into()),
            user_id: None,
            campaign: Some("workshop_reminder_1h".into()),
            udf: None,
            proof: Proof::Failed(ProviderAnswer::new("131026", "Message undeliverable")),
            at: Some(Millis(1_767_240_004_000)),
            cost: Some(Money(0)),
        }
    );
    assert_eq!(
        reading(READ),
        ParsedReceipt {
            provider_id: None,
            network_id: Some("wamid.TESTONLY0001".into()),
            digits: Some("919000000001".into()),
            user_id: None,
            campaign: Some("workshop_reminder_1h".into()),
            udf: None,
            proof: Proof::Read,
            at: Some(Millis(1_767_240_008_000)),
            cost: Some(Money(1_450)),
        }
    );
}

#[test]
fn a_button_that_says_stop_in_its_payload_is_heard() {
    for content in [
        json!({"type": "button", "button": {"text": "Not for me", "payload": "STOP"}}),
        json!({"button_reply": {"id": "stop", "title": "No, thank you"}}),
        json!({"interactive": {"list_reply": {"id": "opt-out", "title": "Later"}}}),
        json!({"text": "Stop promotions", "payload": "choice_2"}),
    ] {
        let post = json!({"topic": "message.sender.user", "data": {"message": {
            "phone_number": "919000000002", "sender": "USER", "message_type": "QUICK_REPLY", "message_content": content}}});
        let Event::Inbound { text, .. } = read(post.to_string().as_bytes()).remove(0) else {
            panic!("inbound")
        };
        assert_eq!(opt_word(&text), Some(OptWord::Stop), "{content}");
    }
}

#[test]
fn a_person_who_says_stop_is_heard_in_text_and_by_button() {
    for (raw, digits) in [(STOP, "919000000001"), (QUICK_REPLY, "919000000002")] {
        let Event::Inbound { digits: Some(from), text, .. } = read(raw.as_bytes()).remove(0) else {
            panic!("inbound")
        };
        assert_eq!((from.as_str(), opt_word(&text)), (digits, Some(OptWord::Stop)), "{text}");
    }
}

fn updated(message: Value) -> Vec<Event> {
    read(json!({"topic": "message.status.updated", "data": {"message": message}}).to_string().as_bytes())
}

#[test]
fn what_is_written_in_several_ways_is_read_the_same() {
    for (status, expected) in [("sent", Proof::Sent), ("Delivered", Proof::Delivered), ("READ", Proof::Read)]
    {
        for failure in [json!(null), json!({})] {
            let events = updated(json!({"status": status, "failureResponse": failure}));
            assert!(
                matches!(&events[..], [Event::Receipt(r)] if r.proof == expected),
                "{status}: {events:?}"
            );
        }
    }
    for code in [json!(131049), json!("131049")] {
        let events =
            updated(json!({"status": "FAILED", "failureResponse": {"code": code, "reason": "later"}}));
        let [Event::Receipt(reading)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(reading.proof, Proof::Failed(ProviderAnswer::new("131049", "later")));
    }
    let unknown = [Event::NotUnderstood("It tells of a state that is not known")];
    assert_eq!(updated(json!({"failureResponse": {}})), unknown, "an empty object is no failure");
    assert_eq!(updated(json!({"status": "QUEUED"})), unknown);
    let timed = |name: &str| updated(json!({name: "1767240008000"}));
    for (name, proof) in [("delivered_at", Proof::Delivered), ("read_at", Proof::Read)] {
        let told = timed(name);
        assert!(matches!(&told[..], [Event::Receipt(one)] if one.proof == proof), "{name}: {told:?}");
    }
    // A price in an impossible unit is not booked.
    let events = updated(json!({"status": "SENT", "message_price": 109_000}));
    assert!(matches!(&events[..], [Event::Receipt(r)] if r.cost.is_none()));
}

#[test]
fn a_topic_proves_what_its_message_has_not_noted_yet() {
    let campaign = |topic: &str, status: &str| {
        let body = json!({"topic": topic, "data": {"contact": {"phone_number": "919000000001"}, "message": {"status": status}}});
        reading(&body.to_string()).proof
    };
    assert_eq!(campaign("contact.campaign.delivered", "SENT"), Proof::Delivered);
    assert_eq!(campaign("contact.campaign.sent", "READ"), Proof::Read);
    assert_eq!(campaign("contact.campaign.read", ""), Proof::Read);
    assert_eq!(campaign("contact.campaign.delivered", "FAILED"), Proof::Delivered, "arrival beats failure");
    assert!(matches!(campaign("contact.campaign.sent", "FAILED"), Proof::Failed(_)));
}

#[test]
fn other_topics_do_not_concern_us() {
    for topic in
        ["message.created", "contact.created", "order.placed", "lead_form.submitted", "something.new"]
    {
        let raw = DELIVERED.replace("message.status.updated", topic);
        assert_eq!(read(raw.as_bytes()), [Event::Other], "{topic}");
    }
    // A topic that may be about messages, and a post without a topic, are kept and shown.
    for topic in ["message.status.revised", "contact.campaign.bounced", ""] {
        let raw = DELIVERED.replace("message.status.updated", topic);
        assert!(matches!(read(raw.as_bytes())[..], [Event::NotUnderstood(_)]), "{topic}");
    }
    let from_us = STOP.replace(r#""sender": "USER""#, r#""sender": "AGENT""#);
    assert_eq!(read(from_us.as_bytes()), [Event::Other], "an operator who types STOP opts nobody out");
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "topic",
        "data",
        "message",
        "contact",
        "status",
        "failureResponse",
        "code",
        "reason",
        "campaign",
        "name",
        "phone_number",
        "message_content",
        "text",
        "button",
        "id",
        "created_at",
        "message_price",
        "sender",
        "countryCode",
        "messageId",
    ]);
    let words = prop_oneof![
        Just("message.status.updated".to_owned()),
        Just("message.sender.user".to_owned()),
        Just("contact.campaign.read".to_owned()),
        Just("FAILED".to_owned()),
        Just("919000000001".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_bring_the_reader_down(raw in prop::collection::vec(any::<u8>(), 0..200), signature in ".{0,80}") {
        read(&raw);
        dedupe_key(&raw);
        prop_assert!(!verify(Some(&Secret::new("test-shared-secret")), &raw, Some(&signature)));
    }

    #[test]
    fn no_json_brings_the_reader_down(body in any_json()) {
        read(body.to_string().as_bytes());
        for topic in ["message.status.updated", "message.sender.user", "contact.campaign.sent"] {
            read(json!({"topic": topic, "data": body}).to_string().as_bytes());
            read(json!({"topic": topic, "data": {"message": body}}).to_string().as_bytes());
        }
    }
}
