//! `providers/src/aisensy/NOTES.md` §2.

use munadi_sandbox::aisensy::{CampaignStatus, DEFAULT_KEY, DEFAULT_PROJECT, key_of};
use munadi_sandbox::aisensy::{ErrorShape, Habits as AisensyHabits, RequestBodyIn};
use munadi_sandbox::registry::Habits;
use munadi_sandbox::{Config, Faults, Sandbox};
use serde_json::{Value, json};

use crate::help::{call, client, message, number, send, start};

#[tokio::test]
async fn an_accepted_message_is_answered_with_the_string_true_and_an_id() {
    let sandbox = start(Faults::default()).await;
    let (status, body) = send(&sandbox, &message("+919000000001")).await.unwrap();
    assert_eq!((status, &body["success"]), (200, &json!("true")));
    let id = body["submitted_message_id"].as_str().unwrap();
    let got = sandbox.world().of_phone("9000000001");
    assert_eq!((got.len(), &*got[0].id, got[0].answered), (1, id, true));
    assert_eq!(&*got[0].text, "Asha | Rust for Beginners | 7:00 PM | https://example.in/join/abc");
}

#[tokio::test]
async fn the_same_body_twice_is_two_messages() {
    let sandbox = start(Faults::default()).await;
    let first = send(&sandbox, &message("+919000000001")).await.unwrap().1;
    let second = send(&sandbox, &message("919000000001")).await.unwrap().1;
    assert_ne!(first["submitted_message_id"], second["submitted_message_id"]);
    assert_eq!(sandbox.world().count("+91 90000 00001"), 2);
    let summary = sandbox.world().summary();
    assert_eq!((summary.messages, summary.phones, summary.phones_with_more_than_one), (2, 1, 1));
    assert_eq!((summary.repeats, summary.same_text_repeats), (1, 1));
    assert_eq!(sandbox.world().repeated_phones(10), ["919000000001"]);
}

#[tokio::test]
async fn the_other_ways_of_saying_yes() {
    let habits = AisensyHabits { boolean_success: true, no_id: true, ..AisensyHabits::default() };
    let sandbox =
        start(Faults { habits: Habits { aisensy: habits, ..Habits::default() }, ..Faults::default() }).await;
    let (_, body) = send(&sandbox, &message("+919000000001")).await.unwrap();
    assert_eq!(body, json!({ "success": true }));
}

#[tokio::test]
async fn a_key_shaped_like_the_vendors_works_as_well() {
    let sandbox = start(Faults::default()).await;
    let mut body = message("+919000000001");
    body["apiKey"] = json!(key_of(DEFAULT_PROJECT));
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
}

/// Sends to a sandbox that `prepare` has changed, and checks the refusal.
async fn check(prepare: impl FnOnce(&Sandbox, &mut Value), status: u16, text: &str) {
    let sandbox = start(Faults::default()).await;
    let mut body = message("+919000000001");
    prepare(&sandbox, &mut body);
    let (got, answer) = send(&sandbox, &body).await.unwrap();
    assert_eq!((got, answer["message"].as_str()), (status, Some(text)));
    assert_eq!(answer["errorMessage"], answer["message"]);
    assert!(sandbox.world().is_empty(), "{text} must not be accepted");
    assert_eq!(sandbox.world().summary().refused, 1);
}

#[tokio::test]
async fn refusals_have_the_documented_status_and_text() {
    let project = |sandbox: &Sandbox, change: fn(&mut munadi_sandbox::aisensy::Project)| {
        sandbox.aisensy().change(|config| change(&mut config.projects[0]));
    };
    let wcc = "Insufficient WhatsApp Conversation Credits (WCC)";
    check(|s, _| project(s, |p| p.credit = 0), 402, wcc).await;
    check(|s, _| project(s, |p| p.plan_active = false), 400, "No Plan active on assistant!").await;
    check(|_, b| b["templateParams"] = json!(["one"]), 400, "Template params does not match the campaign")
        .await;
    check(|_, b| b["campaignName"] = json!("no_such"), 400, "Campaign does not exist").await;
    for status in [CampaignStatus::Paused, CampaignStatus::Stopped] {
        let change = |s: &Sandbox, _: &mut Value| {
            s.aisensy().change(|config| config.projects[0].campaigns[0].status = status);
        };
        check(change, 400, "Campaign is Not Live").await;
    }
    let media = |_: &Sandbox, b: &mut Value| {
        b["campaignName"] = json!("welcome_pdf");
        b["templateParams"] = json!(["a", "b"]);
    };
    check(media, 400, "Media URL Missing").await;
    check(|_, b| b["destination"] = json!("91919000000001"), 400, "Invalid Number").await;
    let invalid = |p: &mut munadi_sandbox::aisensy::Project| {
        p.invalid_endings.insert("0001".to_owned());
    };
    check(|s, _| project(s, invalid), 400, "Invalid phone number").await;
    check(|_, b| b["apiKey"] = json!("wrong"), 401, "Invalid API key").await;
    check(|s, _| project(s, |p| p.keys[0].valid = false), 401, "Invalid API key").await;
    let opted_out = |p: &mut munadi_sandbox::aisensy::Project| {
        p.opted_out.insert("+91 90000 00001".to_owned());
    };
    let text = "The contact has opted out of messages from this business";
    check(|s, _| project(s, opted_out), 400, text).await;
    check(|_, b| b["userName"] = json!(""), 400, "userName is required").await;
}

#[tokio::test]
async fn refusals_come_in_every_shape_that_was_seen() {
    let members = [
        (ErrorShape::Full, vec!["message", "name", "errorCode", "errorMessage", "aisTraceId"]),
        (ErrorShape::Message, vec!["message"]),
        (ErrorShape::ErrorMessage, vec!["name", "errorCode", "errorMessage"]),
        (ErrorShape::Error, vec!["error"]),
    ];
    let sandbox = start(Faults::default()).await;
    let mut body = message("+919000000001");
    body["campaignName"] = json!("no_such");
    for (shape, expected) in members {
        sandbox.faults().change(|faults| faults.habits.aisensy.error_shape = shape);
        let (_, answer) = send(&sandbox, &body).await.unwrap();
        let got: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(got, expected, "for {shape:?}");
    }
    sandbox.faults().change(|faults| faults.habits.aisensy.refusal_as_200 = 1.0);
    let (status, answer) = send(&sandbox, &body).await.unwrap();
    assert_eq!((status, &answer["success"]), (200, &json!(false)));
}

#[tokio::test]
async fn campaign_details_tell_parameters_and_media_wherever_they_are_put() {
    let sandbox = start(Faults::default()).await;
    let ask = json!({ "apiKey": DEFAULT_KEY, "campaignName": "welcome_pdf" });
    let path = "/campaign/t1/api/campaign-details";
    let wanted = json!({ "templateParams": ["", ""], "media": { "url": "", "filename": "" } });
    for (place, pointer) in [
        (RequestBodyIn::Top, "/requestBody"),
        (RequestBodyIn::Data, "/data/requestBody"),
        (RequestBodyIn::Campaign, "/campaign/requestBody"),
    ] {
        sandbox.faults().change(|faults| faults.habits.aisensy.request_body_in = place);
        let answer = call(&sandbox, "POST", path, &ask).await;
        assert_eq!(answer.pointer(pointer), Some(&wanted), "for {place:?}");
        assert_eq!(answer["success"], json!(true));
        assert_eq!(answer["campaign"]["name"], "welcome_pdf");
        assert_eq!(
            (&answer["campaign"]["status"], &answer["campaign"]["type"]),
            (&json!("LIVE"), &json!("API"))
        );
        assert_eq!(answer["campaign"]["_id"].as_str().map(str::len), Some(24));
    }
    let wrong = json!({ "apiKey": DEFAULT_KEY, "campaignName": "no_such" });
    assert_eq!(call(&sandbox, "POST", path, &wrong).await["message"], "Campaign does not exist");
    assert!(sandbox.world().is_empty());
}

#[tokio::test]
async fn any_campaign_means_any_name_and_any_number_of_parameters() {
    let mut config = Config::default();
    config.vendors.aisensy.any_campaign = true;
    let sandbox = Sandbox::start(config).await.unwrap();
    let mut body = message("+919000000001");
    body["campaignName"] = json!("whatever");
    body["templateParams"] = json!([]);
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
    assert_eq!(sandbox.world().summary().by_campaign["whatever"].messages, 1);
}

#[tokio::test]
async fn values_that_meta_does_not_take_are_refused_in_its_words() {
    let sandbox = start(Faults::default()).await;
    for (value, words) in [
        ("", "Parameter of type text is missing text value"),
        ("  ", "Parameter of type text is missing text value"),
        ("two\nlines", "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"),
        ("a\ttab", "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"),
        (
            "five     spaces",
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        ),
    ] {
        let mut body = message(&number(1));
        body["templateParams"][1] = json!(value);
        let (status, answer) = send(&sandbox, &body).await.unwrap();
        assert_eq!((status, answer["message"].as_str()), (400, Some(words)), "{value:?}");
    }
    let mut body = message(&number(1));
    body["templateParams"][1] = json!("four    spaces");
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
}

#[tokio::test]
async fn every_error_is_json_and_the_key_test_of_n8n_is_answered() {
    let sandbox = start(Faults::default()).await;
    for (method, path) in [
        ("GET", "/campaign/t1/api/v2"),
        ("DELETE", "/dev/wallet"),
        ("GET", "/nowhere"),
        ("GET", "/project-apis/v1/project/000000000000000000000ccc/wa_template?limit=many"),
        ("PUT", "/dev/bulkV2"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = client().request(method, format!("{}{path}", sandbox.url())).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
        let body: Value = answer.json().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(body["message"].is_string(), "{path}: {body}");
    }
    let test = |key: &str| json!({ "apiKey": key, "campaignName": "test" });
    let url = format!("{}/campaign/t1/api/campaign-details", sandbox.url());
    let good = client().post(&url).json(&test(DEFAULT_KEY)).send().await.unwrap();
    let bad = client().post(&url).json(&test("WRONG")).send().await.unwrap();
    assert_eq!((good.status().as_u16(), bad.status().as_u16()), (200, 401));
}
