//! What AiSensy can be asked. Facts: providers/src/aisensy/NOTES.md §2.6, §3.

use domain::{
    checks::Probe,
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, Proof},
    time::Millis,
};
use munadi_providers::{
    Account,
    aisensy::{AisensyAccount, AisensySettings, AudienceCategory, Campaign, QueryError},
};
use serde_json::{Value, json};

use crate::{
    aisensy_request::{KEY, account, http, secrets, settings, template},
    server::{Reply, Server, answer},
};

const DETAILS: &str = include_str!("../../fixtures/aisensy/campaign_details.json");
const PROJECT: &str = include_str!("../../fixtures/aisensy/project.json");
const AUDIENCE: &str = include_str!("../../fixtures/aisensy/audience_failed.json");
const TEMPLATES: &str = include_str!("../../fixtures/aisensy/templates.json");

async fn probed(reply: Reply) -> (Probe, Server) {
    let server = Server::start(vec![reply]).await;
    let probe = account(&server.url).probe(&http(), &template().into()).await;
    (probe, server)
}

fn with_project(server: &Server) -> AisensyAccount {
    let settings = AisensySettings {
        project_base_url: format!("{}/project-apis/v1", server.url),
        project_id: "000000000000000000000ccc".into(),
        ..settings(&server.url)
    };
    AisensyAccount::new(&settings, secrets()).unwrap()
}

#[tokio::test]
async fn a_probe_asks_for_the_campaign_and_sends_nothing() {
    let (probe, server) = probed(answer(200, DETAILS)).await;
    assert_eq!(probe, Probe::Answered { live: true, parameters: Some(3), media: Some(true) });
    let heard = server.heard();
    assert!(heard[0].head.starts_with("POST /campaign/t1/api/campaign-details "), "{}", heard[0].head);
    assert_eq!(
        serde_json::from_str::<Value>(&heard[0].body).unwrap(),
        json!({"apiKey": KEY, "campaignName": "workshop_reminder_1h"})
    );
}

#[tokio::test]
async fn a_probe_reads_the_answer_wherever_it_sits() {
    let request = json!({"templateParams": ["", ""]});
    for (body, live) in [
        (json!({"data": {"requestBody": request, "campaign": {"status": "PAUSED"}}}), false),
        (json!({"success": "true", "campaign": {"status": "live", "requestBody": request}}), true),
        (json!({"requestBody": request}), true),
    ] {
        let (probe, _server) = probed(answer(200, &body.to_string())).await;
        assert_eq!(probe, Probe::Answered { live, parameters: Some(2), media: Some(false) }, "{body}");
    }
}

#[tokio::test]
async fn a_probe_tells_a_refusal_from_silence() {
    for (status, body) in [
        (400, r#"{"message":"Campaign does not exist"}"#),
        (200, r#"{"success":false,"error":"Campaign does not exist"}"#),
    ] {
        assert_eq!(probed(answer(status, body)).await.0, Probe::Refused("Campaign does not exist".into()));
    }
    for (status, body) in [
        (401, r#"{"message":"Forbidden"}"#),
        (400, r#"{"message":"Invalid API key"}"#),
        (200, r#"{"success":false,"error":"Invalid apiKey"}"#),
    ] {
        assert!(matches!(probed(answer(status, body)).await.0, Probe::KeyRefused(_)), "{body}");
    }
    for reply in [answer(502, "<html>"), answer(200, "<html>"), answer(429, ""), Reply::Close] {
        assert!(matches!(probed(reply).await.0, Probe::Silent(_)));
    }
}

#[tokio::test]
async fn the_project_tells_balance_and_tier() {
    let server = Server::start(vec![answer(200, PROJECT)]).await;
    let facts = with_project(&server).project(&http()).await.unwrap();
    assert_eq!(facts.credit, Some(Money::rupees(550)));
    assert_eq!((facts.tier.as_str(), facts.tier_limit), ("TIER_2K", Some(2_000)));
    assert_eq!((facts.status.as_str(), facts.quality.as_str()), ("ACTIVE", "GREEN"));
    assert_eq!((facts.plan.as_str(), facts.wa_number.as_str()), ("PRO_MONTHLY", "919000000000"));
    let head = server.heard()[0].head.to_lowercase();
    assert!(head.starts_with("get /project-apis/v1/project/000000000000000000000ccc http"), "{head}");
    assert!(head.contains("x-aisensy-project-api-pwd: test-password-not-real"), "{head}");
}

#[tokio::test]
async fn without_the_second_credential_nothing_is_asked() {
    let bare = AisensyAccount::new(&AisensySettings::default(), secrets()).unwrap();
    assert!(!bare.has_project(), "an opaque key names no project");
    assert_eq!(bare.project(&http()).await, Err(QueryError::NotConnected));
}

#[tokio::test]
async fn templates_are_read_page_by_page() {
    let one = TEMPLATES.replace("\n}\n", r#", "paging": {"cursors": {"after": "c2"}}}"#);
    let two = r#"{"template":[{"id":"000000000000000000000203","name":"third"}]}"#;
    let server = Server::start(vec![answer(200, &one), answer(200, two)]).await;
    let templates = with_project(&server).template_facts(&http()).await.unwrap();
    assert_eq!(
        templates.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["workshop_reminder", "offer", "third"]
    );
    assert_eq!(templates[0].parameters, Some(3));
    assert_eq!(
        (templates[1].parameters, templates[1].rejected_reason.as_str()),
        (Some(1), "ABUSIVE_CONTENT")
    );
    let heard = server.heard();
    assert!(heard[0].head.contains("/wa_template/?limit=100 "), "{}", heard[0].head);
    assert!(heard[1].head.contains("/wa_template/?limit=100&after=c2 "), "{}", heard[1].head);
}

/// The vendor's page shows the list as a bare array, with former words for categories and with buttons written after
/// the text (§12).
#[tokio::test]
async fn templates_are_read_in_every_documented_form() {
    let body = r#"[
        {"id":"t1","name":"one","category":"TRANSACTIONAL","text":"Hi {{1}}, pay now. | [Pay Now,https://pay.example/{{2}}]","total_parameters":2},
        {"_id":"t2","name":"two","category":"OTP","text":"Your code is {{1}} | [Copy code] | [Not me]"},
        {"id":"t3","name":"three","category":"MARKETING","text":"Rust | Go [both]"},
        {"id":"t4","name":"four","text":"a | [b] c"},
        {"id":"t5","name":"five","category":"UTILITY","text":"Seats [3|4]"}
    ]"#;
    let server = Server::start(vec![answer(200, body)]).await;
    let templates = with_project(&server).template_facts(&http()).await.unwrap();
    let read: Vec<_> = templates.iter().map(|t| (t.category.as_str(), t.text.as_str())).collect();
    assert_eq!(
        read,
        [
            ("UTILITY", "Hi {{1}}, pay now."),
            ("AUTHENTICATION", "Your code is {{1}}"),
            ("MARKETING", "Rust | Go [both]"),
            ("", "a | [b] c"),
            ("UTILITY", "Seats [3|4]"),
        ]
    );
    assert_eq!(server.heard().len(), 1, "a short page is the last");
}

/// The listing answers with one page of `size`, and with `count` of all (§12).
#[tokio::test]
async fn campaigns_are_read_page_by_page_until_all_that_are_counted_are_there() {
    let page = |from: usize, to: usize| {
        let rows: Vec<Value> = (from..to)
            .map(|n| json!({"id": format!("c{n}"), "name": format!("campaign {n}"), "status": "LIVE"}))
            .collect();
        answer(200, &json!({"campaign": rows, "size": to - from, "count": 25}).to_string())
    };
    let server = Server::start(vec![page(0, 10), page(10, 20), page(20, 25)]).await;
    let campaigns = with_project(&server).campaigns(&http()).await.unwrap();
    assert_eq!(campaigns.len(), 25);
    let heard = server.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard[2].head.contains("/campaign/api?limit=100&skip=20 "), "{}", heard[2].head);
}

#[tokio::test]
async fn a_listing_that_repeats_itself_ends() {
    let same = TEMPLATES.replace("\n}\n", r#", "paging": {"cursors": {"after": "c1"}}}"#);
    let server = Server::start(vec![answer(200, &same)]).await;
    assert_eq!(with_project(&server).template_facts(&http()).await.unwrap().len(), 2);
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn who_failed_can_be_polled_with_reasons() {
    let server = Server::start(vec![
        answer(200, AUDIENCE),
        answer(200, r#"{"total":2,"data":[],"paging":{"cursors":{"after":"c2"}}}"#),
    ])
    .await;
    let account = with_project(&server);
    let campaign = Campaign {
        id: "000000000000000000000fff".into(),
        name: "workshop_reminder_1h".into(),
        status: "LIVE".into(),
    };
    let http = http();
    let page = account.audience(&http, &campaign, AudienceCategory::Failed, None).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("c2"));
    assert_eq!(page.items[0].digits.as_deref(), Some("919000000001"));
    assert_eq!(page.items[0].campaign.as_deref(), Some("workshop_reminder_1h"));
    assert_eq!(page.items[0].proof, Proof::Failed(ProviderAnswer::new("failed", "Message undeliverable")));
    assert_eq!(page.items[0].at, Some(Millis(1_767_240_004_000)));
    assert!(matches!(&page.items[1].proof, Proof::Failed(said) if said.code == "131049"));
    assert_eq!(page.items[1].at, Some(Millis(1_767_240_004_000)));
    let last =
        account.audience(&http, &campaign, AudienceCategory::Failed, page.next.as_deref()).await.unwrap();
    assert_eq!((last.items.len(), last.next), (0, None));
    let heard = server.heard();
    assert!(
        heard[0].head.contains("/campaign/audience/000000000000000000000fff?category=FAILED&limit=1000 "),
        "{}",
        heard[0].head
    );
    assert!(heard[1].head.contains("&after=c2 "), "{}", heard[1].head);
}

#[tokio::test]
async fn campaigns_are_listed_and_a_wrong_password_is_a_refusal() {
    let body = r#"{"campaign":[{"id":"000000000000000000000fff","name":"workshop_reminder_1h","status":"LIVE"}],"size":1,"count":1}"#;
    let server = Server::start(vec![
        answer(200, body),
        answer(400, r#"{"message":"TEST-PASSWORD-NOT-REAL is wrong"}"#),
    ])
    .await;
    let account = with_project(&server);
    let http = http();
    assert_eq!(account.campaigns(&http).await.unwrap()[0].name, "workshop_reminder_1h");
    let refused = account.campaigns(&http).await;
    assert_eq!(refused, Err(QueryError::Refused(ProviderAnswer::new("http_400", "**** is wrong"))));
}

#[tokio::test]
async fn one_message_is_asked_for_by_the_id_of_its_call_and_read_like_a_receipt() {
    let id = "00000000-0000-4000-8000-000000000001";
    let message = json!({
        "messageId": "wamid.TESTONLY0001", "phone_number": "919000000001", "userName": "Asha Test", "status": "DELIVERED",
        "delivered_at": 1_767_240_003_000_i64, "message_price": "0.145", "message_content": { "text": "Hi Asha" },
    });
    for body in [
        json!({ "message": message }),
        json!({ "data": { "message": message } }),
        json!({ "messages": [message] }),
        message.clone(),
    ] {
        let server = Server::start(vec![answer(200, &body.to_string())]).await;
        let key = with_project(&server).message_key(id).unwrap();
        let posts = with_project(&server).poll_status(&http(), &key).await.unwrap();
        let head = server.heard()[0].head.clone();
        assert!(
            head.starts_with(&format!(
                "GET /project-apis/v1/project/000000000000000000000ccc/messages/{id} "
            )),
            "{head}"
        );
        assert!(posts.len() == 1 && !posts[0].contains("Asha"), "{posts:?}");
        let [Event::Receipt(reading)] = &munadi_providers::aisensy::read(posts[0].as_bytes())[..] else {
            panic!("{posts:?}")
        };
        assert_eq!((reading.provider_id.as_deref(), &reading.proof), (Some(id), &Proof::Delivered), "{body}");
        assert_eq!(reading.cost, Some(Money(1_450)));
    }
    // A report that is absent, says nothing or belongs to another message is not believed.
    let other = json!({ "message": { "submitted_message_id": "another", "status": "READ" } }).to_string();
    for reply in [answer(404, r#"{"message":"Message not found"}"#), answer(200, "{}"), answer(200, &other)] {
        let server = Server::start(vec![reply]).await;
        let account = with_project(&server);
        assert!(account.poll_status(&http(), &account.message_key(id).unwrap()).await.is_err());
    }
}
