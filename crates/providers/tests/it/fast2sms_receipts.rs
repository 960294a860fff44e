//! What Fast2SMS tells us later, in each of its forms (providers/src/fast2sms/NOTES.md §5, §6, §7).

use domain::{
    ids::MessageSpan,
    message::MessageState,
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof, advance},
    time::Millis,
};
use munadi_providers::{
    Account,
    account::Post,
    fast2sms::{dedupe_key, read},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fast2sms_request::{fast2sms, span};

const WEBHOOK: &str = include_str!("../../fixtures/fast2sms/webhook.json");
const CLEVERTAP: &str = include_str!("../../fixtures/fast2sms/webhook_clevertap.json");
const DLR: &str = include_str!("../../fixtures/fast2sms/dlr.json");

fn readings(raw: &str) -> Vec<ParsedReceipt> {
    let events = read(raw.as_bytes()).into_iter();
    events
        .filter_map(|event| match event {
            Event::Receipt(reading) => Some(reading),
            Event::Inbound { .. } | Event::Group(_) | Event::Other | Event::NotUnderstood(_) => None,
        })
        .collect()
}

#[track_caller]
fn one(post: &Value) -> ParsedReceipt {
    let mut readings = readings(&post.to_string());
    assert_eq!(readings.len(), 1, "{post}");
    readings.remove(0)
}

fn webhook() -> Value {
    serde_json::from_str(WEBHOOK).unwrap()
}

fn with(name: &str, value: Value) -> Value {
    let mut post = webhook();
    post[name] = value;
    post
}

fn delivered() -> ParsedReceipt {
    ParsedReceipt {
        provider_id: Some("abc0123456789xy".into()),
        network_id: None,
        digits: Some("919000000001".into()),
        user_id: None,
        campaign: None,
        udf: Some(MessageSpan { last: 100, ..span() }),
        proof: Proof::Delivered,
        at: Some(Millis(1_767_243_605_000)),
        cost: Some(Money(2_000)),
    }
}

#[test]
fn the_custom_form_is_read_as_json_and_as_a_form() {
    assert_eq!(readings(WEBHOOK), [delivered()]);
    let form = "request_id=abc0123456789xy&route=dlt&sender_id=WRKSHP&mobile=%2B919000000001&status=delivered\
        &status_description=Delivered+to+handset&failure_reason=&amount_debited=0.2000&sms_count=1\
        &delivery_time=01-01-2026+10%3A30%3A05&delivery_timestamp=1767243605\
        &udf1=019b77740cc47000800000000000000a.1.100&post_attempt=1";
    assert_eq!(readings(form), [delivered()]);
    assert_eq!(readings(&format!("[{WEBHOOK},{WEBHOOK}]")), [delivered(), delivered()]);
}

#[test]
fn the_clevertap_form_is_read_by_request_or_by_what_we_sent_along() {
    let readings = readings(CLEVERTAP);
    assert_eq!(
        readings[0],
        ParsedReceipt { digits: None, udf: None, cost: None, ..delivered() },
        "by the request's id"
    );
    let statuses = serde_json::from_str::<Value>(CLEVERTAP).unwrap()["statuses"].to_string();
    let form =
        reqwest::Url::parse_with_params("http://x", [("payloadVersion", "1"), ("statuses", &statuses)]);
    assert_eq!(self::readings(form.unwrap().query().unwrap()), readings, "lists in a form are JSON text");
    assert_eq!(
        readings[1],
        ParsedReceipt {
            provider_id: None,
            digits: None,
            udf: Some(MessageSpan { first: 7, last: 7, ..span() }),
            proof: Proof::Failed(ProviderAnswer::new("blocked", "Blocked")),
            at: Some(Millis(1_767_243_606_000)),
            cost: Some(Money(0)),
            ..delivered()
        }
    );
}

#[test]
fn a_polled_report_is_read_number_by_number() {
    let readings = readings(DLR);
    assert_eq!(readings[0], ParsedReceipt { udf: None, ..delivered() });
    assert_eq!(
        readings[1],
        ParsedReceipt {
            digits: Some("919000000002".into()),
            udf: None,
            proof: Proof::Failed(ProviderAnswer::new("dnd", "Failed without a reason")),
            at: None,
            cost: Some(Money(0)),
            ..delivered()
        },
        "not charged, whatever the report says"
    );
    let renamed = DLR.replace("success", "return");
    assert_eq!(readings.len(), self::readings(&renamed).len());
}

#[test]
fn a_number_is_the_same_in_every_spelling() {
    for mobile in [
        json!(9000000001_i64),
        json!("9000000001"),
        json!(919000000001_i64),
        json!("919000000001"),
        json!("+919000000001"),
        json!("09000000001"),
        json!("+91 90000 00001"),
    ] {
        assert_eq!(one(&with("mobile", mobile.clone())).digits.as_deref(), Some("919000000001"), "{mobile}");
    }
    let mut renamed = webhook();
    renamed["recipient_id"] = renamed.as_object_mut().unwrap().remove("mobile").unwrap();
    assert_eq!(one(&renamed), delivered());
}

#[test]
fn every_state_moves_a_message_where_the_document_says() {
    use MessageState::{Delivered, Failed, Sent};
    // The columns are the vendor's state, the state of an accepted message after it, the code that is kept, and
    // whether nothing is charged.
    for (status, to, code, free) in [
        ("Pending", None, None, false),
        ("Submitted", None, None, false),
        ("Sent", None, None, false),
        ("Delivered", Some(Delivered), None, false),
        ("Failed", Some(Failed), Some("failed"), false),
        ("Undelivered", Some(Failed), Some("undelivered"), false),
        ("Expired", Some(Failed), Some("expired"), false),
        ("Rejected", Some(Failed), Some("rejected"), false),
        ("Blocked", Some(Failed), Some("blocked"), true),
        ("DND", Some(Failed), Some("dnd"), true),
    ] {
        for status in [status.to_owned(), status.to_lowercase(), format!(" {} ", status.to_uppercase())] {
            let reading = one(&with("status", json!(status)));
            assert_eq!(advance(Sent, &reading.proof), to, "{status}");
            assert_eq!(reading.cost, Some(Money(if free { 0 } else { 2_000 })), "{status}");
            let kept = match &reading.proof {
                Proof::Failed(said) => Some(said.code.as_str()),
                Proof::Sent | Proof::Delivered | Proof::Read => None,
            };
            assert_eq!(kept, code, "{status}");
            if code.is_some() {
                assert_eq!(advance(Failed, &one(&webhook()).proof), Some(Delivered), "arrival beats failure");
                assert_eq!(advance(Delivered, &reading.proof), None, "never the other way round");
            }
        }
    }
    for status in [json!("scrubbing"), json!(""), json!(null), json!({}), json!(true)] {
        let told = read(with("status", status.clone()).to_string().as_bytes());
        assert!(matches!(told[..], [Event::NotUnderstood(_)]), "kept and shown: {status}");
    }
}

/// These are operators' own spellings (§12).
#[test]
fn the_operators_spellings_of_a_state_are_known() {
    for (status, expected) in [
        ("DELIVRD", "delivered"),
        ("Delivered to handset", "delivered"),
        ("ACCEPTD", "sent"),
        ("ENROUTE", "sent"),
        ("UNDELIV", "undelivered"),
        ("NOT_DELIVERED", "undelivered"),
        ("REJECTD", "rejected"),
        ("FAILD", "failed"),
    ] {
        let told = match one(&with("status", json!(status))).proof {
            Proof::Delivered => "delivered".to_owned(),
            Proof::Sent => "sent".to_owned(),
            Proof::Read => "read".to_owned(),
            Proof::Failed(said) => said.code,
        };
        assert_eq!(told, expected, "{status}");
    }
}

#[test]
fn a_time_of_delivery_without_a_state_is_a_delivery() {
    let mut post = with("status", json!(null));
    post["delivered_at"] = json!("01-01-2026 10:30:05");
    assert_eq!(one(&post), delivered());
    post["delivered_at"] = json!(null);
    assert!(readings(&post.to_string()).is_empty(), "neither a state nor its time");
}

#[test]
fn xml_and_multipart_say_the_same_as_json() {
    let members = [
        ("request_id", "abc0123456789xy"),
        ("mobile", "919000000001"),
        ("status", "DELIVRD"),
        ("status_description", "Delivered &amp; read"),
        ("amount_debited", "0.2000"),
        ("delivery_timestamp", "1767243605"),
        ("udf1", "019b77740cc47000800000000000000a.1.100"),
    ];
    let elements: String =
        members.iter().map(|(name, text)| format!("  <{name}>{text}</{name}>\n")).collect();
    for xml in [
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>\n{elements}<udf2/></report>"),
        format!("\u{feff}<response><data>{elements}</data></response>"),
        format!("<response><data>{elements}</data><data>{elements}</data></response>"),
        format!(
            "<x:report xmlns:x='urn:x'><status><![CDATA[delivered]]></status>{}</x:report>",
            elements.replace("<status>DELIVRD</status>", "")
        ),
    ] {
        let told = readings(&xml);
        assert!(!told.is_empty() && told.iter().all(|one| *one == delivered()), "{xml}: {told:?}");
    }
    let parts: String = members
        .iter()
        .map(|(name, text)| {
            format!("--x7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        })
        .collect();
    assert_eq!(readings(&format!("{parts}--x7--\r\n")), [delivered()]);
    let key = |body: &str| dedupe_key(body.as_bytes());
    assert_eq!(
        key(&format!("{parts}--x7--\r\n")),
        key(&format!("<report>{elements}</report>")),
        "one post, told twice"
    );
}

#[test]
fn what_cannot_be_read_is_no_silence() {
    let why = |raw: &str| match &read(raw.as_bytes())[..] {
        [Event::NotUnderstood(why)] => *why,
        other => panic!("{raw}: {other:?}"),
    };
    for raw in ["", "hello", "7", "<report><status>delivered</report>", "<report>", "--x7\r\nnothing"] {
        assert!(why(raw).contains("neither JSON"), "{raw}");
    }
    for (product, named) in [("rcs", "RCS"), ("WhatsApp", "WhatsApp"), ("voice", "voice")] {
        let post = json!({"data": [{"type": product, "request_id": "r1", "recipient_id": "919000000001", "status": "delivered", "errors": []}]});
        assert!(why(&post.to_string()).contains(named), "{product}");
    }
    assert!(read(br#"{"success":true,"data":[{"request_id":"r1"}]}"#).is_empty(), "nothing known yet");
}

#[test]
fn a_reason_is_kept_without_a_number() {
    let mut post = with("status", json!("failed"));
    post["failure_reason"] = json!("Handset\n of 919000000001 is off");
    let Proof::Failed(said) = one(&post).proof else { panic!("failed") };
    assert_eq!(said.text, "Handset of 9190*****001 is off");
    post["failure_reason"] = json!("");
    post["status_description"] = json!("Absent subscriber");
    assert_eq!(one(&post).proof, Proof::Failed(ProviderAnswer::new("failed", "Absent subscriber")));
}

#[test]
fn a_time_is_seconds_or_indian_words() {
    for seconds in [json!("1767243605"), json!(1_767_243_605_000_i64)] {
        assert_eq!(one(&with("delivery_timestamp", seconds)), delivered());
    }
    for nothing in [json!(null), json!(0), json!("")] {
        assert_eq!(one(&with("delivery_timestamp", nothing)), delivered(), "10:30:05 in India");
    }
    let mut post = with("delivery_timestamp", json!(null));
    post["delivery_time"] = json!("soon");
    assert_eq!(one(&post).at, Some(Millis(1_767_243_600_000)), "when it was sent, at least");
    post["sent_time"] = json!("");
    assert_eq!(one(&post).at, None);
}

#[test]
fn what_names_no_message_is_not_ours() {
    let mut post = webhook();
    post["request_id"] = json!("");
    assert_eq!(one(&post), ParsedReceipt { provider_id: None, ..delivered() }, "by what we sent along");
    post["udf1"] = json!("somebody else's");
    assert_eq!(read(post.to_string().as_bytes()), [Event::NotUnderstood("It names no request")]);
    for raw in [
        "",
        "null",
        "7",
        "[]",
        "{}",
        "<xml>a=1</xml>",
        "hello",
        "a=1&b=2",
        r#"{"data":[]}"#,
        r#"{"statuses":[{}]}"#,
    ] {
        assert_eq!(readings(raw), [], "{raw}");
    }
}

#[test]
fn a_repeat_has_the_key_of_the_first_and_shows_no_number() {
    let key = |post: &Value| dedupe_key(post.to_string().as_bytes());
    let first = dedupe_key(WEBHOOK.as_bytes());
    assert_eq!(key(&with("post_attempt", json!(2))), first);
    assert_eq!(key(&with("mobile", json!(919000000001_i64))), first);
    assert_eq!(key(&with("status", json!("Delivered"))), first);
    for other in [
        with("status", json!("failed")),
        with("mobile", json!("9000000002")),
        with("request_id", json!("r2")),
        with("delivery_timestamp", json!(1767243606)),
    ] {
        assert_ne!(key(&other), first, "{other}");
    }
    assert!(first.starts_with("post:") && !first.contains("9000000001"), "{first}");
    let report = dedupe_key(DLR.as_bytes());
    assert!(report.starts_with("sha256:") && report != dedupe_key(CLEVERTAP.as_bytes()));
    assert_eq!(report, dedupe_key(DLR.as_bytes()), "an unchanged report is stored once");
    let mut anonymous = with("request_id", json!(""));
    let without = key(&anonymous);
    anonymous["post_attempt"] = json!(3);
    assert_eq!(key(&anonymous), without, "known by what we sent along");
}

#[test]
fn the_secret_address_is_the_proof() {
    // Fast2SMS signs nothing (§6).
    let post = Post { raw: WEBHOOK.as_bytes(), header: &|_| None };
    assert!(fast2sms("https://sms.example").receive(&post).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "request_id",
        "data",
        "delivery_status",
        "statuses",
        "mobile",
        "status",
        "udf1",
        "msgId",
        "timestamp",
        "delivery_timestamp",
        "delivery_time",
        "amount_debited",
        "failure_reason",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just("delivered".to_owned()), Just("01-01-2026 10:30:05".to_owned()), ".{0,12}"]
            .prop_map(Value::from),
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
    fn no_bytes_bring_the_reader_down(raw in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,100}") {
        read(&raw);
        dedupe_key(&raw);
        read(format!("<a><status>{text}</status>{text}</a>").as_bytes());
        read(format!("--x\n{text}\n\n{text}--x").as_bytes());
        read(text.as_bytes());
        read(format!("status={text}&request_id={text}").as_bytes());
        dedupe_key(format!("status={text}&request_id={text}&mobile={text}").as_bytes());
    }

    #[test]
    fn no_json_brings_the_reader_down(body in any_json()) {
        for raw in [body.to_string(), json!({"data": body}).to_string(), json!({"statuses": body}).to_string()] {
            read(raw.as_bytes());
            dedupe_key(raw.as_bytes());
        }
    }
}
