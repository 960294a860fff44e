//! The `bulkV2` request as the document writes it (providers/src/fast2sms/NOTES.md §2.2, §2.3), and what must not show.

use domain::{
    channel::{Category, Channel},
    ids::{BroadcastId, MessageSpan},
    outcome::Outcome,
    sms::{DltTemplateId, EntityId, MessageId, SenderId, SmsRoute, SmsTemplate, Tag, Variable},
    template::{Content, Message, Source},
    time::Millis,
};
use munadi_providers::{
    Account, Call, Http, Secret, codes,
    fast2sms::{
        Fast2smsAccount, Fast2smsSecrets, Fast2smsSettings, NUMBERS_PER_REQUEST_MAX, NUMBERS_REFUSED,
    },
};
use serde_json::{Value, json};

use crate::{
    aisensy_request::{self, http},
    server::{Server, answer},
};

pub(crate) const KEY: &str = "TESTKEYNOTREAL0123456789";
pub(crate) const TO: &str = "+919000000001";

pub(crate) fn settings(url: &str) -> Fast2smsSettings {
    Fast2smsSettings { base_url: format!("{url}/dev"), ..Fast2smsSettings::default() }
}

pub(crate) fn secrets() -> Fast2smsSecrets {
    Fast2smsSecrets { api_key: Secret::new(KEY) }
}

pub(crate) fn fast2sms(url: &str) -> Fast2smsAccount {
    Fast2smsAccount::new(&settings(url), secrets()).unwrap()
}

pub(crate) fn template() -> SmsTemplate {
    let variable = |label: &str, source: Source| Variable {
        label: label.into(),
        tag: Tag::Var,
        source,
        fallback: String::new(),
    };
    SmsTemplate {
        limits: domain::sms::ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: SenderId::parse("WRKSHP").ok(),
        message_id: MessageId::parse("111111").ok(),
        template_id: DltTemplateId::parse("1100000000000000001").ok(),
        entity_id: None,
        category: Category::Utility,
        text: "Hi {#var#}, {#var#} starts at {#var#} today. -Example Academy".into(),
        variables: vec![
            variable("first name", Source::RegistrantFirstName),
            variable("title", Source::WorkshopTitle),
            variable("time", Source::WorkshopTime),
        ],
        extra: Default::default(),
    }
}

pub(crate) fn content() -> Content {
    Content::sms(["Asha", "Rust for Beginners", "7 PM"].map(str::to_owned))
}

pub(crate) fn span() -> MessageSpan {
    let broadcast: BroadcastId = "019b7774-0cc4-7000-8000-00000000000a".parse().unwrap();
    MessageSpan { broadcast, first: 1, last: 1 }
}

pub(crate) async fn send_to(account: Fast2smsAccount, message: &Message, to: &[&str]) -> Outcome {
    let call = Call {
        template: message,
        content: &content(),
        to,
        span: Some(span()),
        ring: None,
        now: Millis(1_445_412_470_000),
    };
    account.send(&http(), &call).await
}

pub(crate) async fn send_by(http: &Http, account: &Fast2smsAccount) -> Outcome {
    let (message, content) = (template().into(), content());
    let call = Call {
        template: &message,
        content: &content,
        to: &[TO],
        span: Some(span()),
        ring: None,
        now: Millis(0),
    };
    account.send(http, &call).await
}

pub(crate) async fn send(url: &str) -> Outcome {
    send_to(fast2sms(url), &template().into(), &[TO]).await
}

/// What was posted for a template, and what became of it.
async fn posted(template: SmsTemplate, to: &[&str]) -> (Value, Outcome) {
    let server = Server::start(vec![answer(200, r#"{"return":true,"request_id":"r1"}"#)]).await;
    let outcome = send_to(fast2sms(&server.url), &template.into(), to).await;
    let body = server.heard().first().map(|heard| serde_json::from_str(&heard.body).unwrap());
    (body.unwrap_or_default(), outcome)
}

#[tokio::test]
async fn a_dlt_message_carries_exactly_what_is_needed() {
    let server = Server::start(vec![answer(200, r#"{"return":true,"request_id":"r1"}"#)]).await;
    send(&server.url).await;
    let heard = server.heard();
    let head = &heard[0].head;
    assert!(head.starts_with("POST /dev/bulkV2 HTTP/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: {KEY}\r\n")), "bare, without Bearer: {head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(!heard[0].body.contains(KEY));
    assert_eq!(
        serde_json::from_str::<Value>(&heard[0].body).unwrap(),
        json!({
            "route": "dlt", "sender_id": "WRKSHP", "message": "111111",
            "variables_values": "Asha|Rust for Beginners|7 PM", "numbers": "9000000001",
            "flash": "0", "sms_details": "1", "udf1": "019b77740cc47000800000000000000a.1.1",
        })
    );
}

#[tokio::test]
async fn a_manual_message_carries_its_whole_text_and_both_ids() {
    let manual = SmsTemplate {
        route: SmsRoute::DltManual,
        entity_id: EntityId::parse("1100000000000000002").ok(),
        ..template()
    };
    let (body, _) = posted(manual, &[TO]).await;
    assert_eq!(
        body,
        json!({
            "route": "dlt_manual", "sender_id": "WRKSHP",
            "message": "Hi Asha, Rust for Beginners starts at 7 PM today. -Example Academy",
            "template_id": "1100000000000000001", "entity_id": "1100000000000000002",
            "numbers": "9000000001", "flash": "0", "sms_details": "1",
            "udf1": "019b77740cc47000800000000000000a.1.1",
        })
    );
}

#[tokio::test]
async fn a_quick_message_names_its_alphabet() {
    for (text, language) in [("Hi {#var#}", "english"), ("नमस्ते {#var#}", "unicode")] {
        let quick = SmsTemplate { route: SmsRoute::Quick, text: text.into(), ..template() };
        let (body, _) = posted(quick, &[TO]).await;
        let message = text.replace("{#var#}", "Asha");
        let expected = json!({"route": "q", "message": message, "language": language, "numbers": "9000000001", "flash": "0"});
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn a_text_that_is_the_same_for_all_goes_to_many_in_one_request() {
    let (body, outcome) = posted(template(), &[TO, "+919000000002", "+916000000003"]).await;
    assert_eq!(body["numbers"], "9000000001,9000000002,6000000003");
    assert!(matches!(outcome, Outcome::Accepted { .. }));
    let message = |source| {
        let mut template = template();
        template.variables[0].source = source;
        Message::from(template)
    };
    let batch = |numbers_per_request, source| {
        let settings = Fast2smsSettings { numbers_per_request, ..settings("http://127.0.0.1:9") };
        let account = Fast2smsAccount::new(&settings, secrets()).unwrap();
        account.batch(&message(source))
    };
    assert_eq!(batch(100, Source::RegistrantFirstName), 1, "personal");
    assert_eq!(batch(100, Source::WorkshopTitle), 100);
    assert_eq!(batch(0, Source::WorkshopTitle), 1);
    assert_eq!(batch(usize::MAX, Source::WorkshopTitle), NUMBERS_PER_REQUEST_MAX);
    assert_eq!(Fast2smsSettings::default().numbers_per_request, 100);
}

#[tokio::test]
async fn a_number_outside_indian_mobiles_is_refused_without_a_call() {
    for to in [
        &["+14155550100"][..],
        &["+912212345678"],
        &["+915000000001"],
        &["9000000001"],
        &[TO, "+14155550100"],
        &[],
    ] {
        let (body, outcome) = posted(template(), to).await;
        assert_eq!(body, Value::Null, "{to:?}");
        let Outcome::Refused(said) = outcome else { panic!("{outcome:?}") };
        assert_eq!(said.code, NUMBERS_REFUSED);
        assert!(fast2sms("https://sms.example").blames_one(&said), "a batch is split and the bad one found");
    }
}

#[tokio::test]
async fn what_is_not_set_up_is_said_without_a_call() {
    let bare = SmsTemplate { sender: None, message_id: None, template_id: None, ..template() };
    let named = SmsTemplate { sender: SenderId::parse("WRKSHP").ok(), ..bare.clone() };
    for (template, missing) in [
        (bare.clone(), "The sender id is missing"),
        (named.clone(), "The message id is missing"),
        (SmsTemplate { route: SmsRoute::DltManual, ..named }, "The DLT template id is missing"),
        (SmsTemplate { route: SmsRoute::DltManual, ..template() }, "The entity id is missing"),
    ] {
        let (body, outcome) = posted(template, &[TO]).await;
        assert_eq!(body, Value::Null);
        assert!(
            matches!(&outcome, Outcome::Misconfigured(said) if said.text == missing),
            "{outcome:?} for {missing}"
        );
    }
    // The account's own header and business are used for templates that name none.
    let server = Server::start(vec![answer(200, r#"{"return":true}"#)]).await;
    let settings = Fast2smsSettings {
        default_sender: SenderId::parse("ACADEM").ok(),
        entity_id: EntityId::parse("1100000000000000002").ok(),
        ..settings(&server.url)
    };
    let account = Fast2smsAccount::new(&settings, secrets()).unwrap();
    let template = SmsTemplate { sender: None, ..template() };
    let Message::Sms(complete) = account.complete(template.clone().into()) else { panic!("an SMS") };
    assert_eq!(complete.problems(), []);
    send_to(account, &template.into(), &[TO]).await;
    let body: Value = serde_json::from_str(&server.heard()[0].body).unwrap();
    assert_eq!((&body["sender_id"], &body["entity_id"]), (&json!("ACADEM"), &json!("1100000000000000002")));
}

#[tokio::test]
async fn a_bar_in_a_stored_value_shifts_no_other() {
    let server = Server::start(vec![answer(200, r#"{"return":true}"#)]).await;
    let content = Content::sms(["A|B", "C"].map(str::to_owned));
    let message = template().into();
    let call =
        Call { template: &message, content: &content, to: &[TO], span: None, ring: None, now: Millis(0) };
    fast2sms(&server.url).send(&http(), &call).await;
    let body: Value = serde_json::from_str(&server.heard()[0].body).unwrap();
    assert_eq!(body["variables_values"], "A B|C");
    assert_eq!(body.get("udf1"), None, "a test message belongs to no broadcast");
}

#[tokio::test]
async fn a_template_of_another_channel_never_leaves() {
    let server = Server::start(vec![answer(200, r#"{"return":true}"#)]).await;
    let message = aisensy_request::template().into();
    let outcome = send_to(fast2sms(&server.url), &message, &[TO]).await;
    assert!(matches!(&outcome, Outcome::Misconfigured(said) if said.code == codes::NOT_SET_UP));
    let message: Message = template().into();
    let call =
        Call { template: &message, content: &content(), to: &[TO], span: None, ring: None, now: Millis(0) };
    let outcome = aisensy_request::account(&server.url).send(&http(), &call).await;
    assert!(matches!(&outcome, Outcome::Misconfigured(said) if said.code == codes::NOT_SET_UP));
    let message = aisensy_request::template().into();
    let call = Call {
        template: &message,
        content: &content(),
        to: &[TO, TO],
        span: None,
        ring: None,
        now: Millis(0),
    };
    let outcome = aisensy_request::account(&server.url).send(&http(), &call).await;
    assert!(matches!(outcome, Outcome::Misconfigured(_)), "AiSensy takes one number per call");
    assert!(server.heard().is_empty());
}

#[test]
fn a_frozen_template_is_read_back() {
    let frozen = serde_json::to_string(&template()).unwrap();
    let Message::Sms(read) = Message::from_text(Channel::Sms, &frozen).unwrap() else { panic!("an SMS") };
    assert_eq!(read, template());
    assert!(Message::from_text(Channel::Sms, "{}").is_err());
    let confused = frozen.replace("111111", "1100000000000000001");
    let error = Message::from_text(Channel::Sms, &confused).unwrap_err().to_string();
    assert!(error.contains("DLT content-template id"), "{error}");
}

#[test]
fn the_settings_are_stored_without_the_address() {
    let settings = Fast2smsSettings { base_url: "http://127.0.0.1:9".into(), ..Fast2smsSettings::default() };
    let stored = serde_json::to_value(&settings).unwrap();
    assert_eq!(
        stored,
        json!({
            "default_sender": null, "entity_id": null, "default_route": "dlt", "numbers_per_request": 100, "hours": null,
            "limits": { "text": 30, "alphanumeric": 40, "link": 30 },
        })
    );
    for body in [stored, json!({})] {
        assert_eq!(
            serde_json::from_value::<Fast2smsSettings>(body).unwrap(),
            Fast2smsSettings::default(),
            "the vendor's own address"
        );
    }
}

#[test]
fn no_debug_text_shows_a_key_a_number_or_a_message() {
    let message: Message = template().into();
    let call = Call {
        template: &message,
        content: &content(),
        to: &[TO],
        span: Some(span()),
        ring: None,
        now: Millis(0),
    };
    let account = fast2sms("https://sms.example");
    for text in [format!("{account:?}"), format!("{:?}", secrets()), format!("{call:?}")] {
        for secret in [KEY, "9000000001", "Asha"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let bare = Http::new(Default::default()).unwrap();
    assert!(!format!("{bare:?}").contains(KEY));
}

#[tokio::test]
async fn a_pasted_path_is_not_doubled() {
    let server = Server::start(vec![answer(200, r#"{"return":true}"#)]).await;
    let settings =
        Fast2smsSettings { base_url: format!("{}/dev/bulkV2/", server.url), ..Fast2smsSettings::default() };
    send_to(Fast2smsAccount::new(&settings, secrets()).unwrap(), &template().into(), &[TO]).await;
    assert!(server.heard()[0].head.starts_with("POST /dev/bulkV2 "));
}
