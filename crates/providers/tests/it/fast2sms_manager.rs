//! What Fast2SMS can be asked (providers/src/fast2sms/NOTES.md §4, §5), and the look-ups of both vendors.

use domain::{
    checks::Probe,
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, Proof},
    sms::Tag,
};
use munadi_providers::{
    Account, QueryError,
    aisensy::{AisensyAccount, AisensySettings},
    fast2sms::{Fast2smsAccount, Fast2smsSettings, RegisteredSender, Wallet},
};

use crate::{
    aisensy_request::{self, http},
    fast2sms_request::{KEY, fast2sms, secrets, template},
    server::{Reply, Server, answer},
};

const WALLET: &str = include_str!("../../fixtures/fast2sms/wallet.json");
const TEMPLATES: &str = include_str!("../../fixtures/fast2sms/dlt_templates.json");
const REFUSED: &str = include_str!("../../fixtures/fast2sms/refused.json");
const DLR: &str = include_str!("../../fixtures/fast2sms/dlr.json");

async fn wallet(reply: Reply) -> Result<Wallet, QueryError> {
    let server = Server::start(vec![reply]).await;
    fast2sms(&server.url).wallet(&http()).await
}

#[tokio::test]
async fn the_wallet_is_read_to_the_last_place() {
    let server = Server::start(vec![answer(200, WALLET)]).await;
    let wallet = fast2sms(&server.url).wallet(&http()).await.unwrap();
    assert_eq!(wallet, Wallet { balance: Money(12_505_000), sms_count: Some(6_252) });
    let head = &server.heard()[0].head;
    assert!(
        head.starts_with("POST /dev/wallet HTTP/1.1") && head.contains(&format!("authorization: {KEY}")),
        "{head}"
    );
}

#[tokio::test]
async fn a_balance_never_passes_through_a_float() {
    for (written, expected) in [
        ("\"1250.5000\"", 12_505_000),
        ("\"0.0001\"", 1),
        ("\"0\"", 0),
        ("\"-3.5\"", -35_000),
        // Above 2^53 a floating-point number would lose the last places.
        ("\"900719925474099.3001\"", 9_007_199_254_740_993_001),
        ("\"1250.50009\"", 12_505_000),
        ("1250", 12_500_000),
        ("0.1", 1_000),
    ] {
        let body = format!(r#"{{"return":true,"wallet":{written}}}"#);
        let wallet = wallet(answer(200, &body)).await.unwrap();
        assert_eq!(wallet, Wallet { balance: Money(expected), sms_count: None }, "for {written}");
    }
    for written in ["\"\"", "\"much\"", "null", "true"] {
        let body = format!(r#"{{"return":true,"wallet":{written}}}"#);
        assert!(matches!(wallet(answer(200, &body)).await, Err(QueryError::Silent(_))), "for {written}");
    }
}

#[tokio::test]
async fn a_refused_question_says_why_and_hides_the_key() {
    for status in [200, 400, 401] {
        let told = wallet(answer(status, REFUSED)).await;
        let words = "Invalid Authentication, Check Authorization Key";
        assert_eq!(told, Err(QueryError::Refused(ProviderAnswer::new("f2s_412", words))));
    }
    let echo = format!(r#"{{"return":false,"message":"No key {KEY}"}}"#);
    assert_eq!(
        wallet(answer(403, &echo)).await,
        Err(QueryError::Refused(ProviderAnswer::new("http_403", "No key ****")))
    );
    for reply in [answer(502, "<html>"), answer(200, "<html>"), answer(429, "{}"), Reply::Close] {
        assert!(matches!(wallet(reply).await, Err(QueryError::Silent(_))));
    }
}

#[tokio::test]
async fn registered_senders_and_templates_are_read_with_every_space() {
    let server = Server::start(vec![answer(200, TEMPLATES)]).await;
    let senders = fast2sms(&server.url).registered(&http()).await.unwrap();
    let [RegisteredSender { sender, entity_id, entity_name, templates }] = &senders[..] else {
        panic!("{senders:?}")
    };
    assert_eq!((sender.as_str(), entity_name.as_str()), ("WRKSHP", "Example Academy"));
    assert_eq!(entity_id.as_ref().map(|id| id.as_str()), Some("1100000000000000002"));
    assert_eq!(templates[0].message_id.as_ref().map(|id| id.as_str()), Some("111111"));
    assert_eq!(templates[0].template_id.as_ref().map(|id| id.as_str()), Some("1100000000000000001"));
    assert_eq!(templates[0].tags(), [Tag::Var; 3]);
    let head = &server.heard()[0].head;
    assert!(head.starts_with("GET /dev/dlt_manager?type=template HTTP/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: {KEY}")), "in no query: {head}");

    // The answer has another spelling of the same, a header that cannot be sent with, and rows that are no templates.
    let body = r#"{"return":"true","data":[{"sender_id":"WRKSHP","templates":[{"id":111111,"text":" Hi {#var#} "},{"id":2},7]},
        {"sender_id":"600123"},{},null]}"#;
    let server = Server::start(vec![answer(200, body)]).await;
    let senders = fast2sms(&server.url).senders(&http()).await.unwrap();
    assert_eq!(senders.len(), 1);
    assert_eq!(senders[0].templates.len(), 1);
    assert_eq!(senders[0].templates[0].text, " Hi {#var#} ");
    assert_eq!(senders[0].templates[0].message_id.as_ref().map(|id| id.as_str()), Some("111111"));
    assert!(server.heard()[0].head.starts_with("GET /dev/dlt_manager?type=sender "));
}

#[tokio::test]
async fn a_probe_costs_nothing_and_counts_the_registered_values() {
    let probe = async |replies| {
        let server = Server::start(replies).await;
        let probe = fast2sms(&server.url).probe(&http(), &template().into()).await;
        assert!(server.heard().iter().all(|heard| !heard.head.contains("bulkV2")), "nothing is sent");
        probe
    };
    let answered = |parameters| Probe::Answered { live: true, parameters, media: None };
    assert_eq!(probe(vec![answer(200, WALLET), answer(200, TEMPLATES)]).await, answered(Some(3)));
    let other = TEMPLATES.replace("111111", "222222");
    assert_eq!(probe(vec![answer(200, WALLET), answer(200, &other)]).await, answered(None));
    assert_eq!(probe(vec![answer(200, WALLET), answer(500, "")]).await, answered(None));
    let refused = probe(vec![answer(401, REFUSED)]).await;
    assert_eq!(refused, Probe::KeyRefused("Invalid Authentication, Check Authorization Key".into()));
    assert!(matches!(probe(vec![answer(502, "")]).await, Probe::Silent(_)));
}

#[tokio::test]
async fn a_look_up_brings_the_report_and_it_is_read_like_a_post() {
    let server = Server::start(vec![
        answer(200, DLR),
        answer(400, r#"{"success":false,"message":"No delivery report for 9000000001"}"#),
    ])
    .await;
    let account = fast2sms(&server.url);
    let posts = account.poll_status(&http(), "abc/0123?x=1").await.unwrap();
    assert_eq!(posts, [DLR]);
    let events: Vec<Event> = posts.iter().flat_map(|post| account.read(post.as_bytes())).collect();
    assert_eq!(events.len(), 2);
    let head = &server.heard()[0].head;
    assert!(head.starts_with("GET /dev/dlr/abc%2F0123%3Fx=1 HTTP/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: {KEY}")), "{head}");
    let refused = account.poll_status(&http(), "r2").await.unwrap_err();
    assert_eq!(refused.words(), "No delivery report for 9000*****001");
}

#[tokio::test]
async fn a_look_up_at_aisensy_walks_the_audience_of_the_campaign() {
    let campaigns =
        r#"{"campaign":[{"id":"000000000000000000000fff","name":"workshop_reminder_1h","status":"LIVE"}]}"#;
    let empty = r#"{"data":[]}"#;
    let failed = include_str!("../../fixtures/aisensy/audience_failed.json");
    let delivered =
        r#"{"data":[{"userNumber":"919000000003","userName":"Meera Test","deliveredAt":1767240004000}]}"#;
    let server = Server::start(vec![
        answer(200, campaigns),
        answer(200, empty),
        answer(200, failed),
        answer(200, empty),
        answer(200, delivered),
        answer(200, empty),
        answer(200, r#"{"campaign":[]}"#),
    ])
    .await;
    let settings = AisensySettings {
        project_base_url: format!("{}/project-apis/v1", server.url),
        project_id: "000000000000000000000ccc".into(),
        ..aisensy_request::settings(&server.url)
    };
    let account = AisensyAccount::new(&settings, aisensy_request::secrets()).unwrap();
    let posts = account.poll_status(&http(), "workshop_reminder_1h").await.unwrap();
    assert!(posts.iter().all(|post| !post.contains("Test")), "no name is kept: {posts:?}");
    let events: Vec<Event> = posts.iter().flat_map(|post| account.read(post.as_bytes())).collect();
    let readings: Vec<(String, bool)> = events
        .into_iter()
        .map(|event| match event {
            Event::Receipt(reading) => {
                assert_eq!(reading.campaign.as_deref(), Some("workshop_reminder_1h"));
                (reading.digits.unwrap(), reading.proof == Proof::Delivered)
            }
            Event::Inbound { .. } | Event::Group(_) | Event::Other | Event::NotUnderstood(_) => {
                panic!("a receipt")
            }
        })
        .collect();
    let expected = [("919000000001", false), ("919000000002", false), ("919000000003", true)];
    assert_eq!(readings, expected.map(|(digits, delivered)| (digits.to_owned(), delivered)));
    let heard = server.heard();
    for (request, category) in [(1, "SENT"), (2, "FAILED"), (4, "DELIVERED"), (5, "READ")] {
        assert!(heard[request].head.contains(&format!("category={category}&")), "{}", heard[request].head);
    }
    assert!(heard[3].head.contains("&after=c2 "), "{}", heard[3].head);
    assert_eq!(account.poll_status(&http(), "another").await, Ok(vec![]));
    let bare = aisensy_request::account("http://127.0.0.1:9");
    assert!(bare.poll_status(&http(), "x").await.unwrap_err().words().contains("password"));
}

#[test]
fn an_address_that_is_none_is_not_taken() {
    for wrong in ["", "www.fast2sms.com", "https://x.example/dev?authorization=1"] {
        let settings = Fast2smsSettings { base_url: wrong.into(), ..Fast2smsSettings::default() };
        assert!(Fast2smsAccount::new(&settings, secrets()).is_err(), "{wrong}");
    }
    assert!(Fast2smsAccount::new(&Fast2smsSettings::default(), secrets()).is_ok());
}
