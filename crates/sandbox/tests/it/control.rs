//! The sandbox's own interface.

use munadi_sandbox::aisensy::DEFAULT_PROJECT;
use munadi_sandbox::faults::ReceiptMode;
use munadi_sandbox::{Amount, Config, Faults};
use serde_json::json;

use crate::help::{Mailbox, call, get, message, number, send, start};

#[tokio::test]
async fn the_world_can_be_read_and_forgotten() {
    let sandbox = start(Faults::default()).await;
    for n in [0, 1, 1] {
        send(&sandbox, &message(&number(n))).await.unwrap();
    }
    let world = get(&sandbox, "/sandbox/world?list=true").await;
    assert_eq!((&world["messages"], &world["phones"], &world["repeats"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(world["phones_with_repeats_list"], json!(["919000000001"]));
    assert_eq!(world["by_campaign"]["workshop_reminder_1h"]["phones_with_more_than_one"], 1);
    assert_eq!(world["list"].as_array().unwrap().len(), 3);
    let phone = get(&sandbox, "/sandbox/world/phones/919000000001").await;
    assert_eq!((&phone["count"], &phone["messages"][0]["phone"]), (&json!(2), &json!("919000000001")));
    call(&sandbox, "POST", "/sandbox/reset", &json!({})).await;
    assert_eq!(get(&sandbox, "/sandbox/world").await["messages"], 0);
}

#[tokio::test]
async fn faults_can_be_replaced_and_changed_while_it_runs() {
    let sandbox = start(Faults::default()).await;
    let put = json!({ "too_many": 0.5, "stall": { "next": 2 }, "receipts": { "mode": "held" } });
    call(&sandbox, "PUT", "/sandbox/faults", &put).await;
    let now = sandbox.faults().get();
    assert_eq!((now.too_many, now.stall), (Amount::Rate(0.5), Amount::next(2)));
    call(&sandbox, "PATCH", "/sandbox/faults", &json!({ "receipts": { "forged": 1 } })).await;
    let now = sandbox.faults().get();
    assert_eq!((now.receipts.mode, now.receipts.forged), (ReceiptMode::Held, 1.0));
    assert_eq!(now.too_many, Amount::Rate(0.5));
    let wrong = call(&sandbox, "PUT", "/sandbox/faults", &json!({ "too_mny": 1 })).await;
    assert!(wrong["error"].as_str().unwrap().contains("too_mny"), "a misspelt fault must not pass");
}

#[tokio::test]
async fn a_webhook_set_by_hand_gets_what_is_flushed() {
    let mut faults = Faults::default();
    faults.receipts.mode = ReceiptMode::Held;
    let sandbox = start(faults).await;
    let mailbox = Mailbox::of(&sandbox, 200).await;
    let set = get(&sandbox, "/sandbox/webhook").await;
    call(&sandbox, "PUT", "/sandbox/webhook", &json!([])).await;
    call(&sandbox, "PUT", "/sandbox/webhook", &set[0]).await;
    send(&sandbox, &message(&number(0))).await.unwrap();
    let stats = call(&sandbox, "POST", "/sandbox/receipts/flush", &json!({})).await;
    assert_eq!((&stats["posted"], mailbox.all().len()), (&json!(2), 2));
    call(&sandbox, "POST", "/sandbox/inbound", &json!({ "phone": "9000000000", "text": "STOP" })).await;
    call(&sandbox, "POST", "/sandbox/receipts/flush", &json!({})).await;
    assert_eq!(mailbox.all().len(), 3);
}

#[tokio::test]
async fn accounts_and_campaigns_can_be_changed() {
    let sandbox = start(Faults::default()).await;
    let project = format!("/sandbox/aisensy/projects/{DEFAULT_PROJECT}");
    call(&sandbox, "PATCH", &project, &json!({ "credit": 0 })).await;
    assert_eq!(send(&sandbox, &message(&number(0))).await.unwrap().0, 402);
    let change = json!({ "credit": 5_000_000, "opted_out": ["9000000002"] });
    call(&sandbox, "PATCH", &project, &change).await;
    assert_eq!(send(&sandbox, &message(&number(0))).await.unwrap().0, 200);
    assert_eq!(send(&sandbox, &message(&number(2))).await.unwrap().0, 400);
    let campaign = format!("{project}/campaigns/new_one");
    call(&sandbox, "PUT", &campaign, &json!({ "parameters": 1, "category": "MARKETING" })).await;
    let mut body = message(&number(0));
    body["campaignName"] = json!("new_one");
    body["templateParams"] = json!(["a"]);
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
    call(&sandbox, "PUT", &campaign, &json!({ "status": "STOPPED" })).await;
    assert_eq!(send(&sandbox, &body).await.unwrap().1["message"], "Campaign is Not Live");
    call(&sandbox, "DELETE", &campaign, &json!({})).await;
    assert_eq!(send(&sandbox, &body).await.unwrap().1["message"], "Campaign does not exist");
    assert_eq!(get(&sandbox, &format!("{project}/campaigns")).await.as_array().unwrap().len(), 5);
    call(&sandbox, "PATCH", "/sandbox/aisensy", &json!({ "any_campaign": true })).await;
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
    let other = "/sandbox/aisensy/projects/000000000000000000000ddd";
    let shown = call(&sandbox, "PUT", other, &json!({ "keys": [{ "key": "second" }] })).await;
    assert_eq!(
        (&shown["id"], &shown["keys"][0]["valid"]),
        (&json!("000000000000000000000ddd"), &json!(true))
    );
}

#[test]
fn every_setting_survives_writing_and_reading() {
    let config = Config { faults: Faults::lifelike(), ..Config::default() };
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
}
