//! §4, §7, §8: segments, charges and refunds, to the last 1/10,000 rupee.

use munadi_sandbox::fast2sms::{DEFAULT_ACCOUNT, PER_RUPEE};
use munadi_sandbox::faults::ReceiptMode;
use munadi_sandbox::{Faults, Sandbox};
use serde_json::json;

use super::help::{dlt, manual, quick, send, sent, start, start_still, start_with};
use crate::help;

/// Charged for one request in a fresh sandbox.
async fn charged(body: serde_json::Value) -> i64 {
    let sandbox = start(Faults::default()).await;
    let before = sandbox.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap();
    sent(&sandbox, &body).await;
    let charged = sandbox.fast2sms().ledger().charged;
    assert_eq!(before - sandbox.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap(), charged);
    charged
}

#[tokio::test]
async fn a_text_is_charged_by_number_and_segment_on_acceptance() {
    assert_eq!(charged(dlt("9000000001")).await, 2_000);
    assert_eq!(charged(dlt("9000000001,9000000002,9000000003")).await, 6_000);
    // Quick is ₹5 for each segment; 160 / 306 and 70 / 134 are the vendor's own borders.
    let text = |letter: &str, length: usize| quick(&letter.repeat(length), "9000000001");
    assert_eq!(charged(text("a", 160)).await, 5 * PER_RUPEE);
    assert_eq!(charged(text("a", 161)).await, 10 * PER_RUPEE);
    assert_eq!(charged(text("a", 306)).await, 10 * PER_RUPEE);
    assert_eq!(charged(text("a", 307)).await, 15 * PER_RUPEE);
    for (length, segments) in [(70, 1), (71, 2), (134, 2), (135, 3)] {
        let mut body = text("अ", length);
        body["language"] = json!("unicode");
        assert_eq!(charged(body).await, segments * 5 * PER_RUPEE, "for {length}");
    }
}

#[tokio::test]
async fn the_tighter_table_bills_a_segment_more_at_its_border() {
    let sandbox = start_with(|habits| habits.tight_unicode = true).await;
    let mut body = quick(&"अ".repeat(134), "9000000001");
    body["language"] = json!("unicode");
    sent(&sandbox, &body).await;
    assert_eq!(sandbox.fast2sms().ledger().segments, 3);
}

#[tokio::test]
async fn a_wallet_pays_to_the_last_part_and_then_no_more() {
    let sandbox = start(Faults::default()).await;
    sandbox.fast2sms().set_wallet(DEFAULT_ACCOUNT, 6_000);
    sent(&sandbox, &dlt("9000000001,9000000002")).await;
    assert_eq!(send(&sandbox, &dlt("9000000003,9000000004")).await.1["status_code"], 416);
    sent(&sandbox, &dlt("9000000003")).await;
    assert_eq!(sandbox.fast2sms().wallet(DEFAULT_ACCOUNT), Some(0));
    assert_eq!(send(&sandbox, &dlt("9000000004")).await.1["status_code"], 416);
    assert_eq!(sandbox.world().len(), 3);
}

/// Sends a promotional text to each number and lets everything happen.
async fn promote(sandbox: &Sandbox, numbers: &str) -> String {
    let body = json!({
        "route": "dlt", "sender_id": "WRKSHP", "message": "111113", "variables_values": "Rust|1 March",
        "numbers": numbers,
    });
    let id = sent(sandbox, &body).await;
    sandbox.flush_receipts().await;
    id
}

#[tokio::test]
async fn only_blocked_and_dnd_are_given_back_and_only_once() {
    let mut faults = Faults::default();
    faults.receipts.mode = ReceiptMode::Held;
    faults.receipts.duplicated = 1.0;
    let sandbox = start(faults).await;
    let before = sandbox.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap();
    let endings = (9901..=9909).map(|ending| format!("900000{ending}")).collect::<Vec<_>>();
    promote(&sandbox, &endings.join(",")).await;
    let ledger = sandbox.fast2sms().ledger();
    assert_eq!((ledger.messages, ledger.charged), (9, 9 * 2_000));
    assert_eq!((ledger.refunds, ledger.refunded, ledger.net()), (2, 2 * 2_000, 7 * 2_000));
    assert_eq!(before - sandbox.fast2sms().wallet(DEFAULT_ACCOUNT).unwrap(), ledger.net());
    sandbox.flush_receipts().await;
    assert_eq!(sandbox.fast2sms().ledger(), ledger);
}

#[tokio::test]
async fn a_service_text_to_a_dnd_number_is_delivered_and_paid() {
    let sandbox = start(Faults::default()).await;
    sent(&sandbox, &dlt("9000009906")).await;
    sandbox.flush_receipts().await;
    assert_eq!(sandbox.fast2sms().ledger().refunds, 0);
    assert!(sandbox.world().of_phone("9000009906")[0].delivered_at.is_some());
}

#[tokio::test]
async fn promotion_outside_ten_to_nine_in_india_is_counted() {
    const HOUR: i64 = 3_600_000;
    // 10:30.
    let (sandbox, hand) = start_still(Faults::default()).await;
    promote(&sandbox, "9000000001").await;
    assert_eq!(sandbox.fast2sms().ledger().promotional_outside_hours, 0);
    // 20:59 and 21:00.
    hand.forward(10 * HOUR + 29 * 60_000);
    promote(&sandbox, "9000000002").await;
    assert_eq!(sandbox.fast2sms().ledger().promotional_outside_hours, 0);
    hand.forward(60_000);
    promote(&sandbox, "9000000003,9000000004").await;
    sent(&sandbox, &dlt("9000000005")).await;
    assert_eq!(sandbox.fast2sms().ledger().promotional_outside_hours, 2);
    // 09:59 and 10:00.
    hand.forward(13 * HOUR - 60_000);
    promote(&sandbox, "9000000006").await;
    hand.forward(60_000);
    promote(&sandbox, "9000000007").await;
    assert_eq!(sandbox.fast2sms().ledger().promotional_outside_hours, 3);
}

#[tokio::test]
async fn books_wallet_and_requests_can_be_read_and_the_wallet_set() {
    let sandbox = start(Faults::default()).await;
    let account = format!("/sandbox/fast2sms/accounts/{DEFAULT_ACCOUNT}");
    let wallet = format!("{account}/wallet");
    let set = help::call(&sandbox, "PUT", &wallet, &json!({ "wallet": "1250.5" })).await;
    assert_eq!(set["wallet"], "1250.5000");
    let odd = help::call(&sandbox, "PUT", &wallet, &json!({ "wallet": "a lot" })).await;
    assert!(odd["error"].is_string());
    let id = sent(&sandbox, &manual("9000000001")).await;
    assert_eq!(help::get(&sandbox, &wallet).await["wallet"], "1250.3000");
    for path in ["/sandbox/fast2sms/ledger".to_owned(), format!("{account}/ledger")] {
        let ledger = help::get(&sandbox, &path).await;
        assert_eq!((&ledger["charged"], &ledger["messages"]), (&json!(2_000), &json!(1)));
    }
    let request = help::get(&sandbox, &format!("/sandbox/fast2sms/requests/{id}")).await;
    assert_eq!(request["parts"][0]["udf"][0], "msg_00000001");
    assert_eq!(request["parts"][0]["phones"], json!([919_000_000_001_u64]));
    let change = json!({ "enabled": false });
    help::call(&sandbox, "PATCH", &account, &change).await;
    assert_eq!(send(&sandbox, &dlt("9000000002")).await.1["status_code"], 415);
    help::call(&sandbox, "PATCH", "/sandbox/fast2sms", &json!({ "dlt_price": 2_500 })).await;
    help::call(&sandbox, "PATCH", &account, &json!({ "enabled": true })).await;
    sent(&sandbox, &dlt("9000000002")).await;
    assert_eq!(sandbox.fast2sms().ledger_of(DEFAULT_ACCOUNT).charged, 4_500);
    let other = "/sandbox/fast2sms/accounts/second";
    help::call(&sandbox, "PUT", other, &json!({ "keys": [{ "key": "second" }], "wallet": 0 })).await;
    let (_, refused) = super::help::post(&sandbox, "/dev/bulkV2", "second", &dlt("9000000003")).await;
    assert_eq!(refused["status_code"], 416);
    help::call(&sandbox, "POST", "/sandbox/reset", &json!({})).await;
    assert_eq!(sandbox.fast2sms().ledger().charged, 0);
    assert_eq!(sandbox.fast2sms().wallet(DEFAULT_ACCOUNT), Some(10_000 * PER_RUPEE));
    assert!(sandbox.fast2sms().request(&id).is_none());
}
