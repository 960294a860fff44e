//! §4: wallet and DLT Manager.

use munadi_sandbox::fast2sms::{DEFAULT_ACCOUNT, DEFAULT_KEY};
use serde_json::json;

use super::help::{get, post, read, start, start_with};
use crate::help::client;

#[tokio::test]
async fn the_wallet_is_a_decimal_text_with_four_places() {
    let sandbox = start(Default::default()).await;
    sandbox.fast2sms().set_wallet(DEFAULT_ACCOUNT, 12_505_000);
    let expected = json!({ "return": true, "wallet": "1250.5000", "sms_count": 6252 });
    assert_eq!(get(&sandbox, "/dev/wallet").await, (200, expected.clone()));
    assert_eq!(post(&sandbox, "/dev/wallet", DEFAULT_KEY, &json!({})).await, (200, expected.clone()));
    let url = format!("{}/dev/wallet?authorization={DEFAULT_KEY}", sandbox.url());
    assert_eq!(read(client().get(url)).await.unwrap(), (200, expected));
    sandbox.faults().change(|faults| faults.habits.fast2sms.no_sms_count = true);
    assert_eq!(get(&sandbox, "/dev/wallet").await.1, json!({ "return": true, "wallet": "1250.5000" }));
    let (status, refused) = post(&sandbox, "/dev/wallet", "wrong", &json!({})).await;
    assert_eq!((status, &refused["status_code"]), (401, &json!(412)));
    assert!(sandbox.world().is_empty());
}

#[tokio::test]
async fn the_dlt_manager_lists_headers_and_the_templates_entered_there() {
    let sandbox = start(Default::default()).await;
    let (status, senders) = get(&sandbox, "/dev/dlt_manager?type=sender").await;
    let sender = json!({
        "sender_id": "WRKSHP", "entity_id": "1100000000000000002", "entity_name": "Example Academy",
    });
    assert_eq!((status, senders), (200, json!({ "success": true, "data": [sender] })));
    let (_, templates) = get(&sandbox, "/dev/dlt_manager?type=template").await;
    let templates = templates["data"][0]["templates"].as_array().unwrap().clone();
    let first = json!({
        "template_id": "1100000000000000001", "message_id": "111111",
        "message": "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy",
    });
    assert_eq!(templates[0], first);
    assert!(templates.iter().all(|one| one["template_id"] != "1100000000000000009"), "only what was entered");
    assert_eq!(get(&sandbox, "/dev/dlt_manager?type=other").await.0, 400);
}

#[tokio::test]
async fn success_may_be_called_return() {
    let sandbox = start_with(|habits| habits.return_key = true).await;
    let answer = get(&sandbox, "/dev/dlt_manager?type=sender").await.1;
    assert_eq!((&answer["return"], answer.get("success")), (&json!(true), None));
}
