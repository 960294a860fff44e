//! The request as the document writes it, and the secrets that must not show.

use domain::{
    channel::Category,
    outcome::Outcome,
    template::{Content, Message, Source, WhatsappContent},
    time::Millis,
    whatsapp::{Media, Parameter, UrlButton, WhatsappTemplate},
};
use munadi_providers::{
    Account, Call, Http, HttpSettings, Secret,
    aisensy::{AisensyAccount, AisensySecrets, AisensySettings},
};
use serde_json::{Value, json};

use crate::server::{Server, answer};

pub(crate) const KEY: &str = "TEST.KEY.NOT-REAL";
pub(crate) const TO: &str = "+919000000001";

pub(crate) fn http() -> Http {
    Http::new(HttpSettings { local_targets: true, ..HttpSettings::default() }).unwrap()
}

pub(crate) fn settings(url: &str) -> AisensySettings {
    AisensySettings { base_url: format!("{url}/campaign/t1/api"), ..AisensySettings::default() }
}

pub(crate) fn secrets() -> AisensySecrets {
    AisensySecrets {
        api_key: Secret::new(KEY),
        project_password: Some(Secret::new("TEST-PASSWORD-NOT-REAL")),
        webhook_secret: Some(Secret::new("test-shared-secret")),
    }
}

pub(crate) fn account(url: &str) -> AisensyAccount {
    AisensyAccount::new(&settings(url), secrets()).unwrap()
}

pub(crate) fn template() -> WhatsappTemplate {
    let parameter = |source: Source| Parameter { label: "value".into(), source, fallback: String::new() };
    WhatsappTemplate {
        campaign: "workshop_reminder_1h".into(),
        category: Category::Utility,
        language: "en".into(),
        header: String::new(),
        body: "Hi {{1}}, {{2}} starts".into(),
        footer: String::new(),
        parameters: vec![parameter(Source::RegistrantFirstName), parameter(Source::WorkshopTitle)],
        media: None,
        buttons: vec![],
        extra: Default::default(),
    }
}

pub(crate) fn content() -> Content {
    with_buttons(vec![])
}

fn with_buttons(buttons: Vec<String>) -> Content {
    Content::Whatsapp(WhatsappContent {
        name: "Asha Test".into(),
        values: vec!["Asha".into(), "Rust for Beginners".into()],
        buttons,
    })
}

pub(crate) async fn send(url: &str, message: &Message) -> Outcome {
    let call = Call {
        template: message,
        content: &content(),
        to: &[TO],
        span: None,
        ring: None,
        now: Millis(1_445_412_470_000),
    };
    account(url).send(&http(), &call).await
}

#[tokio::test]
async fn a_plain_message_carries_exactly_what_is_needed() {
    let server = Server::start(vec![answer(200, r#"{"success":"true"}"#)]).await;
    send(&server.url, &template().into()).await;
    let heard = server.heard();
    assert!(heard[0].head.starts_with("POST /campaign/t1/api/v2 HTTP/1.1"), "{}", heard[0].head);
    assert!(heard[0].head.contains("content-type: application/json"));
    assert!(!heard[0].head.to_lowercase().contains("authorization"));
    assert_eq!(
        serde_json::from_str::<Value>(&heard[0].body).unwrap(),
        json!({
            "apiKey": KEY, "campaignName": "workshop_reminder_1h", "destination": "+919000000001",
            "userName": "Asha Test", "source": "munadi", "templateParams": ["Asha", "Rust for Beginners"],
        })
    );
}

#[tokio::test]
async fn every_field_of_the_document_can_be_sent() {
    let server = Server::start(vec![answer(200, r#"{"success":"true"}"#)]).await;
    let mut template = template();
    template.media =
        Some(Media { url: "https://example.in/static/banner.png".into(), filename: "banner.png".into() });
    template.buttons = vec![
        UrlButton { label: "Help".into(), value: None },
        UrlButton { label: "Join".into(), value: Some(Source::WorkshopJoinLink) },
    ];
    // The frozen template is its own JSON and what AiSensy takes beyond it.
    let mut frozen = serde_json::to_value(&template).unwrap();
    for (name, value) in [
        ("tags", json!(["workshop"])),
        ("attributes", json!({"workshop_id": "W-0001"})),
        ("carousel_cards", json!([{"a": 1}])),
        ("location", json!({"latitude": "12.9"})),
        ("params_fallback", json!({"FirstName": "there"})),
    ] {
        frozen[name] = value;
    }
    let message = Message::from_json(domain::channel::Channel::WhatsappPersonal, &frozen).unwrap();
    let content = with_buttons(vec!["abc".into()]);
    let settings = AisensySettings {
        country: "IN".into(),
        base_url: format!("{}/campaign/t1/api/v2/", server.url),
        ..settings("")
    };
    let account = AisensyAccount::new(&settings, secrets()).unwrap();
    let call =
        Call { template: &message, content: &content, to: &[TO], span: None, ring: None, now: Millis(0) };
    account.send(&http(), &call).await;
    let heard = server.heard();
    assert!(heard[0].head.starts_with("POST /campaign/t1/api/v2 HTTP/1.1"), "a pasted /v2 is not doubled");
    assert_eq!(
        serde_json::from_str::<Value>(&heard[0].body).unwrap(),
        json!({
            "apiKey": KEY, "campaignName": "workshop_reminder_1h", "destination": "+919000000001",
            "userName": "Asha Test", "source": "munadi", "templateParams": ["Asha", "Rust for Beginners"],
            "media": {"url": "https://example.in/static/banner.png", "filename": "banner.png"},
            "buttons": [{"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "abc"}]}],
            "carouselCards": [{"a": 1}], "location": {"latitude": "12.9"},
            "attributes": {"workshop_id": "W-0001"}, "paramsFallbackValue": {"FirstName": "there"},
            "tags": ["workshop"], "defaultCountryCode": "IN",
        })
    );
}

#[test]
fn a_secret_shows_in_no_debug_text() {
    let account = account("https://backend.example");
    for text in [format!("{account:?}"), format!("{:?}", secrets())] {
        for secret in [KEY, "TEST-PASSWORD-NOT-REAL", "test-shared-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
