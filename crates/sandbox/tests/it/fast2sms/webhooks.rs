//! §6: delivery webhooks, unsigned, late, twice, out of order.

use axum::http::Method;
use munadi_sandbox::fast2sms::{
    DEFAULT_ACCOUNT, Webhook, WebhookContentType, WebhookEvent, WebhookMethod, WebhookTemplate,
};
use munadi_sandbox::faults::{ReceiptMode, Receipts};
use munadi_sandbox::{Faults, Sandbox};
use serde_json::{Value, json};

use super::help::{Inbox, dlt, sent, start, start_still};

/// Faults that keep receipts until they are asked for.
fn held(receipts: Receipts) -> Faults {
    Faults { receipts: Receipts { mode: ReceiptMode::Held, ..receipts }, ..Faults::default() }
}

/// A sandbox that accepted one request, and what was posted about it.
async fn told(faults: Faults, numbers: &str) -> (Sandbox, Inbox) {
    let sandbox = start(faults).await;
    let inbox = Inbox::of(&sandbox).await;
    sent(&sandbox, &dlt(numbers)).await;
    sandbox.flush_receipts().await;
    (sandbox, inbox)
}

#[tokio::test]
async fn a_delivery_is_told_in_the_documented_members_without_a_signature() {
    let sandbox = start(held(Receipts::default())).await;
    let inbox = Inbox::of(&sandbox).await;
    let mut body = dlt("9000000001");
    body["udf2"] = json!("two");
    body["udf3"] = json!("three");
    let id = sent(&sandbox, &body).await;
    let stats = sandbox.flush_receipts().await;
    assert_eq!((stats.posted, stats.taken), (2, 2));
    assert_eq!(inbox.statuses(), ["sent", "delivered"]);
    let delivered = &inbox.all()[1];
    let expected = json!({
        "request_id": id, "route": "dlt", "sender_id": "WRKSHP", "mobile": "9000000001",
        "status": "delivered", "status_description": "Delivered", "failure_reason": "",
        "amount_debited": "0.2000", "sms_count": 1, "sent_time": "01-01-2026 10:30:00",
        "delivery_time": "01-01-2026 10:30:00", "delivery_timestamp": 1_767_243_600,
        "channel": "sms", "category": "service",
        "udf1": "msg_00000001", "udf2": "two", "udf3": "three", "post_attempt": 1,
    });
    assert_eq!(delivered.body(), expected);
    assert_eq!(delivered.method, Method::POST);
    let told_by = |name: &String| name.contains("sign") || name.contains("auth") || name.starts_with("x-");
    assert!(!delivered.headers.iter().any(told_by), "nothing proves who posts: {:?}", delivered.headers);
}

#[tokio::test]
async fn every_number_of_a_request_is_told_of_by_itself() {
    let (sandbox, inbox) = told(held(Receipts::default()), "9000000001,9000009902,9000009905").await;
    let of = |number: &str| -> Vec<String> {
        let all = inbox.all();
        let own = all.iter().filter(|one| one.body()["mobile"] == number);
        own.map(|one| one.status()).collect()
    };
    assert_eq!(of("9000000001"), ["sent", "delivered"]);
    assert_eq!(of("9000009902"), ["sent", "undelivered"]);
    assert_eq!(of("9000009905"), ["blocked"]);
    let blocked = inbox.all().into_iter().find(|one| one.status() == "blocked").unwrap().body();
    assert_eq!((&blocked["amount_debited"], &blocked["udf1"]), (&json!("0.0000"), &json!("msg_00000001")));
    assert!(blocked["failure_reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    let ids: std::collections::BTreeSet<String> =
        inbox.all().iter().map(|one| one.body()["request_id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(sandbox.receipts().queued, 0);
}

#[tokio::test]
async fn a_refused_post_is_repeated_with_a_higher_post_attempt() {
    let sandbox = start(held(Receipts { retry_after_ms: 0, retries: 2, ..Receipts::default() })).await;
    let inbox = Inbox::answering(&sandbox, 500).await;
    sent(&sandbox, &dlt("9000009904")).await;
    for _ in 0..4 {
        sandbox.flush_receipts().await;
    }
    let attempts: Vec<Value> = inbox.all().iter().map(|one| one.body()["post_attempt"].clone()).collect();
    assert_eq!(attempts, [json!(1), json!(2), json!(3)]);
    assert!(!sandbox.receipts().suspended, "no document says that Fast2SMS gives up");
}

#[tokio::test]
async fn a_doubled_post_says_the_same_again() {
    let (_, inbox) = told(held(Receipts { duplicated: 1.0, ..Receipts::default() }), "9000000001").await;
    let all = inbox.all();
    assert_eq!(inbox.statuses(), ["sent", "sent", "delivered", "delivered"]);
    let key = |at: usize| {
        let body = all[at].body();
        ["request_id", "mobile", "status", "delivery_timestamp"].map(|name| body[name].clone())
    };
    assert_eq!(key(2), key(3));
    assert_eq!((&all[2].body()["post_attempt"], &all[3].body()["post_attempt"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn posts_come_late_and_out_of_order() {
    let (sandbox, hand) = start_still(Faults {
        receipts: Receipts { late_ms: 60_000, ..Receipts::default() },
        ..Faults::default()
    })
    .await;
    let inbox = Inbox::of(&sandbox).await;
    sent(&sandbox, &dlt("9000000001")).await;
    assert_eq!(sandbox.receipts().queued, 2);
    assert!(inbox.all().is_empty());
    hand.forward(60_000);
    sandbox.flush_receipts().await;
    // The report carries the moment of the event, not the moment of the post.
    while inbox.all().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(inbox.all()[1].body()["delivery_timestamp"], 1_767_243_600);

    let numbers: Vec<String> = (10..40).map(|n| format!("90000000{n}")).collect();
    let shuffled = held(Receipts { shuffle_ms: 3_600_000, ..Receipts::default() });
    let (_, inbox) = told(shuffled, &numbers.join(",")).await;
    let order: Vec<(Value, String)> =
        inbox.all().iter().map(|one| (one.body()["mobile"].clone(), one.status())).collect();
    let at = |number: &str, status: &str| order.iter().position(|one| one.0 == number && one.1 == status);
    let swapped = numbers.iter().filter(|number| at(number, "delivered") < at(number, "sent")).count();
    assert!(0 < swapped && swapped < numbers.len(), "some must come the wrong way round: {swapped}");
}

#[tokio::test]
async fn a_failure_can_come_before_and_after_the_delivery() {
    let (_, inbox) = told(held(Receipts::default()), "9000009909").await;
    assert_eq!(inbox.statuses(), ["sent", "failed", "delivered"]);
    let receipts = Receipts { failed_after_delivered: 1.0, unknown_topic: 1.0, ..Receipts::default() };
    let (_, inbox) = told(held(receipts), "9000000001").await;
    assert_eq!(inbox.statuses(), ["sent", "delivered", "failed", "parked"]);
}

#[tokio::test]
async fn without_a_request_id_only_the_mark_and_the_number_tell() {
    let mut faults = held(Receipts { without_id: 1.0, ..Receipts::default() });
    faults.habits.fast2sms.recipient_id = true;
    faults.habits.fast2sms.mobile_with_country = true;
    let (_, inbox) = told(faults, "9000000001").await;
    let body = inbox.all()[1].body();
    assert_eq!((&body["request_id"], &body["udf1"]), (&json!(""), &json!("msg_00000001")));
    assert_eq!((&body["recipient_id"], body.get("mobile")), (&json!("919000000001"), None));
}

#[tokio::test]
async fn who_does_not_know_the_secret_posts_to_another_address() {
    let (sandbox, inbox) = told(held(Receipts { forged: 1.0, ..Receipts::default() }), "9000000001").await;
    let stats = sandbox.receipts();
    assert_eq!((stats.posted, stats.forged, stats.forged_taken), (3, 1, 0));
    assert_eq!(inbox.statuses(), ["sent", "delivered"]);
}

/// What one delivered message brings to a webhook that `change` has set up.
async fn set_up(change: fn(&mut Webhook)) -> Vec<super::help::Delivery> {
    let sandbox = start(held(Receipts::default())).await;
    let inbox = Inbox::of(&sandbox).await;
    let mut webhook = Webhook::to(&inbox.url);
    change(&mut webhook);
    sandbox.fast2sms().set_webhooks(DEFAULT_ACCOUNT, vec![webhook]);
    sent(&sandbox, &dlt("9000000001,9000009901")).await;
    sandbox.flush_receipts().await;
    inbox.all()
}

#[tokio::test]
async fn a_webhook_is_told_what_it_was_set_up_for() {
    let statuses = |all: Vec<super::help::Delivery>| -> Vec<String> {
        all.iter().map(super::help::Delivery::status).collect()
    };
    assert_eq!(statuses(set_up(|one| one.event = WebhookEvent::Delivered).await), ["delivered"]);
    assert_eq!(statuses(set_up(|one| one.event = WebhookEvent::Failed).await), ["failed"]);
    let put = set_up(|one| one.method = WebhookMethod::Put).await;
    assert!(put.len() == 4 && put.iter().all(|one| one.method == Method::PUT));
}

#[tokio::test]
async fn a_webhook_may_be_a_form_or_a_query() {
    let form = set_up(|one| one.content_type = WebhookContentType::Form).await;
    let delivered = form.iter().find(|one| one.raw.contains("status=delivered")).unwrap();
    assert!(delivered.raw.contains("&mobile=9000000001&"), "{}", delivered.raw);
    assert!(delivered.raw.contains("&sent_time=01-01-2026+10%3A30%3A00&"), "{}", delivered.raw);
    assert!(delivered.raw.ends_with("&post_attempt=1"));
    let query = set_up(|one| one.method = WebhookMethod::Get).await;
    assert_eq!((query[0].method.clone(), query[0].raw.as_str()), (Method::GET, ""));
    assert!(query[0].uri.query().unwrap().contains("udf1=msg_00000001"));
}

#[tokio::test]
async fn the_clevertap_form_tells_of_states_by_message_id() {
    let all = set_up(|one| one.template = WebhookTemplate::Clevertap).await;
    let body = all[3].body();
    assert!(body["payloadVersion"].is_string());
    let status = &body["statuses"][0];
    assert_eq!((&status["status"], &status["timestamp"]), (&json!("failed"), &json!(1_767_243_600)));
    assert_eq!(status["msgId"].as_str().map(str::len), Some(15));
    let form = set_up(|one| {
        one.template = WebhookTemplate::Clevertap;
        one.content_type = WebhookContentType::Form;
    })
    .await;
    assert!(form[0].raw.starts_with("payloadVersion=1.0&statuses=%5B%7B%22msgId%22"), "{}", form[0].raw);
}

#[tokio::test]
async fn the_clevertap_message_id_may_be_the_senders_own_mark() {
    let mut faults = held(Receipts::default());
    faults.habits.fast2sms.clevertap_udf = true;
    let sandbox = start(faults).await;
    let inbox = Inbox::of(&sandbox).await;
    let webhook = Webhook { template: WebhookTemplate::Clevertap, ..Webhook::to(&inbox.url) };
    sandbox.fast2sms().set_webhooks(DEFAULT_ACCOUNT, vec![webhook]);
    sent(&sandbox, &dlt("9000000001")).await;
    sandbox.flush_receipts().await;
    assert_eq!(inbox.all()[0].body()["statuses"][0]["msgId"], "msg_00000001");
}

#[tokio::test]
async fn webhooks_of_one_vendor_do_not_hear_of_the_other() {
    let sandbox = start(held(Receipts::default())).await;
    let whatsapp = crate::help::Mailbox::of(&sandbox, 200).await;
    let sms = Inbox::of(&sandbox).await;
    sent(&sandbox, &dlt("9000000001")).await;
    crate::help::send(&sandbox, &crate::help::message("+919000000002")).await.unwrap();
    sandbox.flush_receipts().await;
    assert_eq!((whatsapp.all().len(), sms.all().len()), (2, 2));
    sandbox.reset();
    assert_eq!(sandbox.fast2sms().account(DEFAULT_ACCOUNT).unwrap().webhooks.len(), 1, "webhooks stay");
}
