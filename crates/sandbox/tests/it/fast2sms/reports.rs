//! §5, §7: delivery reports by request, and what becomes of a message.

use munadi_sandbox::fast2sms::Fate;
use munadi_sandbox::faults::{Outcomes, ReceiptMode};
use munadi_sandbox::{Amount, Faults, Sandbox, Status};
use serde_json::{Value, json};

use super::help::{dlt, get, manual, rows, sent, start, start_still};

/// Nothing happens to a message before a flush.
fn held() -> Faults {
    let mut faults = Faults::default();
    faults.receipts.mode = ReceiptMode::Held;
    faults
}

#[tokio::test]
async fn a_report_has_the_documented_shape() {
    let (sandbox, hand) = start_still(held()).await;
    let id = sent(&sandbox, &dlt("9000000001")).await;
    hand.forward(5_000);
    sandbox.faults().change(|faults| faults.receipts.mode = ReceiptMode::On);
    sandbox.flush_receipts().await;
    let row = json!({
        "sender_id": "WRKSHP", "mobile": 9_000_000_001_u64, "status": "Delivered",
        "status_description": "Delivered", "sms_language": "english", "character_count": 60,
        "sms_count": 1, "amount_debited": "0.2000", "delivery_time": "01-01-2026 10:30:00",
        "delivery_timestamp": 1_767_243_600,
    });
    let expected = json!({
        "success": true, "message": "Delivery report",
        "data": [{ "request_id": id, "delivery_status": [row] }],
    });
    assert_eq!(get(&sandbox, &format!("/dev/dlr/{id}")).await, (200, expected));
}

#[tokio::test]
async fn numbers_and_members_come_in_every_way_that_was_seen() {
    let sandbox = start(Faults::default()).await;
    let id = sent(&sandbox, &dlt("9000000001")).await;
    sandbox.flush_receipts().await;
    sandbox.faults().change(|faults| {
        faults.habits.fast2sms.return_key = true;
        faults.habits.fast2sms.mobile_as_text = true;
        faults.habits.fast2sms.no_description = true;
    });
    let answer = get(&sandbox, &format!("/dev/dlr/{id}")).await.1;
    assert_eq!((&answer["return"], answer.get("success")), (&json!(true), None));
    let row = &answer["data"][0]["delivery_status"][0];
    assert_eq!((&row["mobile"], row.get("status_description")), (&json!("9000000001"), None));
    sandbox.faults().change(|faults| faults.habits.fast2sms.mobile_with_country = true);
    assert_eq!(rows(&sandbox, &id).await[0]["mobile"], "919000000001");
}

/// Where one message to this number ends: the state in the report, and what it cost.
async fn end(sandbox: &Sandbox, mut body: Value, number: &str) -> (String, String) {
    body["numbers"] = json!(number);
    let id = sent(sandbox, &body).await;
    sandbox.flush_receipts().await;
    let row = rows(sandbox, &id).await[0].clone();
    (row["status"].as_str().unwrap().to_owned(), row["amount_debited"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_last_digits_decide_what_becomes_of_a_message() {
    let sandbox = start(held()).await;
    let promotional = json!({
        "route": "dlt", "sender_id": "WRKSHP", "message": "111113", "variables_values": "Rust|1 March",
    });
    for (ending, status, cost) in [
        ("0000", "Delivered", "0.2000"),
        ("9901", "Failed", "0.2000"),
        ("9902", "Undelivered", "0.2000"),
        ("9903", "Expired", "0.2000"),
        ("9904", "Rejected", "0.2000"),
        ("9905", "Blocked", "0.0000"),
        ("9906", "DND", "0.0000"),
        ("9907", "Sent", "0.2000"),
        ("9908", "Pending", "0.2000"),
        ("9909", "Delivered", "0.2000"),
    ] {
        let got = end(&sandbox, promotional.clone(), &format!("900000{ending}")).await;
        assert_eq!((got.0.as_str(), got.1.as_str()), (status, cost), "for {ending}");
    }
    let failed = &sandbox.world().of_phone("9000009905")[0];
    assert_eq!((failed.status, failed.failure_code.as_deref()), (Status::Failed, Some("blocked")));
}

#[tokio::test]
async fn an_ending_can_be_set_and_the_longest_counts() {
    let mut faults = held();
    faults.habits.fast2sms.endings = [("1", Fate::Failed), ("01", Fate::Expired), ("", Fate::Sent)]
        .map(|(ending, fate)| (ending.to_owned(), fate))
        .into();
    let sandbox = start(faults).await;
    for (number, status) in [("9000000011", "Failed"), ("9000000001", "Expired"), ("9000000002", "Sent")] {
        assert_eq!(end(&sandbox, dlt(""), number).await.0, status);
    }
}

#[tokio::test]
async fn shares_decide_for_everybody_else() {
    let mut faults = held();
    faults.outcomes = Outcomes { delivered: 0.6, failed: 0.3, ..Outcomes::default() };
    faults.habits.fast2sms.failures = [(Fate::Undelivered, 1.0), (Fate::Blocked, 1.0)].into();
    faults.habits.fast2sms.submitted = true;
    let sandbox = start(faults).await;
    let numbers: Vec<String> = (0..100).map(|n| format!("90000000{n:02}")).collect();
    let id = sent(&sandbox, &dlt(&numbers.join(","))).await;
    assert!(rows(&sandbox, &id).await.iter().all(|row| row["status"] == "Submitted"));
    sandbox.flush_receipts().await;
    let rows = rows(&sandbox, &id).await;
    let count = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    let counts = ["Delivered", "Undelivered", "Blocked", "Sent"].map(count);
    assert_eq!(counts.iter().sum::<usize>(), 100);
    assert!(counts.iter().all(|count| *count > 3), "needs some of each: {counts:?}");
    assert_eq!(sandbox.fast2sms().ledger().refunds, counts[2] as u64);
}

#[tokio::test]
async fn a_text_that_differs_from_its_template_by_one_character_is_rejected_and_charged() {
    let sandbox = start(held()).await;
    let good = "Hi Asha, Rust for Beginners starts at 7 PM today. -Example Academy";
    let texts = [
        (good.to_owned(), "Delivered"),
        (format!("{good} "), "Rejected"),
        (good.replace("-E", "- E"), "Rejected"),
        (good.replace("Hi Asha", "hi Asha"), "Rejected"),
        (good.replace("Asha", &"A".repeat(31)), "Rejected"),
    ];
    for (nth, (text, status)) in texts.into_iter().enumerate() {
        let mut body = manual("");
        body["message"] = json!(text);
        let got = end(&sandbox, body, &format!("900000000{nth}")).await;
        assert_eq!((got.0.as_str(), got.1.as_str()), (status, "0.2000"), "for {text:?}");
    }
    let mut other_entity = manual("");
    other_entity["entity_id"] = json!("1100000000000000099");
    assert_eq!(end(&sandbox, other_entity, "9000000011").await.0, "Rejected");
    let mut unknown = manual("");
    unknown["template_id"] = json!("1100000000000000099");
    assert_eq!(end(&sandbox, unknown, "9000000012").await.0, "Rejected");
    // The text is not in the DLT Manager, and the operators know it.
    let mut outside = manual("");
    outside["template_id"] = json!("1100000000000000009");
    outside["message"] = json!("Dear Asha, your seat in Rust is confirmed. -Example Academy");
    assert_eq!(end(&sandbox, outside, "9000000013").await.0, "Delivered");
    assert_eq!(sandbox.fast2sms().ledger().refunded, 0);
}

#[tokio::test]
async fn a_wrong_number_of_values_and_values_that_do_not_fit_are_rejected_later() {
    let sandbox = start(held()).await;
    for (nth, (values, status)) in [
        ("A|B|C", "Delivered"),
        ("A|B", "Rejected"),
        ("A|B|C|D", "Rejected"),
        ("A||C", "Rejected"),
        ("A| |C", "Rejected"),
        ("A|two\nlines|C", "Rejected"),
        ("A|https://example.in/j/abc|C", "Delivered"),
        ("A|a value with more than 30 letters|C", "Rejected"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = dlt("");
        body["variables_values"] = json!(values);
        assert_eq!(end(&sandbox, body, &format!("900000000{nth}")).await.0, status, "for {values:?}");
    }
    let typed = |values: &str| {
        let mut body = dlt("");
        body["message"] = json!("111115");
        body["variables_values"] = json!(values);
        body
    };
    let good = "Rust|40|https://example.in/j/abc";
    assert_eq!(end(&sandbox, typed(good), "9000000021").await.0, "Delivered");
    assert_eq!(end(&sandbox, typed("Rust|forty|https://example.in/j/abc"), "9000000022").await.0, "Rejected");
    assert_eq!(end(&sandbox, typed("Rust|40|soon"), "9000000023").await.0, "Rejected");
    sandbox.faults().change(|faults| faults.habits.fast2sms.strict_alphanumeric = true);
    let spaced = "Rust at 7|40|https://example.in/j/abc";
    assert_eq!(end(&sandbox, typed(spaced), "9000000024").await.0, "Rejected");
}

#[tokio::test]
async fn questions_can_fail_and_answered_ones_are_counted() {
    let sandbox = start(Faults::default()).await;
    let id = sent(&sandbox, &dlt("9000000001")).await;
    sandbox.faults().change(|faults| faults.habits.fast2sms.questions_fail = Amount::next(2));
    for path in ["/dev/wallet".to_owned(), format!("/dev/dlr/{id}")] {
        let (status, page) = get(&sandbox, &path).await;
        assert!(status == 502 && page.as_str().is_some_and(|page| page.starts_with("<html>")), "for {path}");
    }
    assert_eq!(sandbox.fast2sms().times_asked(&id), 0);
    rows(&sandbox, &id).await;
    rows(&sandbox, &id).await;
    assert_eq!((sandbox.fast2sms().times_asked(&id), sandbox.fast2sms().ledger().reports), (2, 2));
}

#[tokio::test]
async fn a_report_is_for_the_account_that_sent() {
    let sandbox = start(Faults::default()).await;
    let id = sent(&sandbox, &dlt("9000000001")).await;
    let account = json!({ "keys": [{ "key": "second" }] });
    crate::help::call(&sandbox, "PUT", "/sandbox/fast2sms/accounts/second", &account).await;
    let url = format!("{}/dev/dlr/{id}?authorization=second", sandbox.url());
    assert_eq!(super::help::read(crate::help::client().get(url)).await.unwrap().0, 400);
}
