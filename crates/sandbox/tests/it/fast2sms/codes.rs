//! §2.5: every code, and the order they come in.

use munadi_sandbox::Sandbox;
use munadi_sandbox::fast2sms::{Account, BadNumbers, DEFAULT_ACCOUNT};
use serde_json::{Value, json};

use super::help::{Hand, dlt, manual, quick, send, sent, start, start_still, start_with};

/// Sends to a fresh sandbox whose account `change` has changed, and checks the refusal.
async fn check(code: u16, body: Value, change: fn(&mut Account)) {
    let sandbox = start(Default::default()).await;
    sandbox.fast2sms().change_account(DEFAULT_ACCOUNT, change);
    let wallet = sandbox.fast2sms().wallet(DEFAULT_ACCOUNT);
    let (status, answer) = send(&sandbox, &body).await;
    let expected = if matches!(code, 412 | 413) { 401 } else { 400 };
    assert_eq!((status, &answer["status_code"]), (expected, &json!(code)), "{body} gave {answer}");
    assert_eq!(answer["return"], json!(false));
    assert!(answer["message"].is_string());
    assert!(sandbox.world().is_empty(), "{code} must not be accepted");
    assert_eq!(sandbox.world().summary().refused, 1);
    let ledger = sandbox.fast2sms().ledger();
    assert_eq!((ledger.charged, ledger.refusals.get(&code)), (0, Some(&1)));
    assert_eq!(sandbox.fast2sms().wallet(DEFAULT_ACCOUNT), wallet);
}

/// The body with one member changed; null takes it away.
fn with(mut body: Value, member: &str, value: Value) -> Value {
    if value.is_null() {
        body.as_object_mut().unwrap().remove(member);
    } else {
        body[member] = value;
    }
    body
}

fn nothing(_: &mut Account) {}

const NUMBER: &str = "9000000001";

#[tokio::test]
async fn what_is_missing_is_named() {
    check(401, with(dlt(NUMBER), "sender_id", Value::Null), nothing).await;
    check(401, with(manual(NUMBER), "sender_id", json!("")), nothing).await;
    check(402, with(dlt(NUMBER), "message", Value::Null), nothing).await;
    check(402, json!({ "route": "otp", "numbers": NUMBER }), nothing).await;
    check(403, with(dlt(NUMBER), "route", Value::Null), nothing).await;
    check(404, with(quick("Hi", NUMBER), "language", json!("")), nothing).await;
    check(405, with(dlt(NUMBER), "numbers", json!("")), nothing).await;
}

#[tokio::test]
async fn what_is_not_valid_is_named() {
    check(406, with(dlt(NUMBER), "sender_id", json!("OTHERS")), nothing).await;
    check(407, quick("You won the LOTTERY", NUMBER), nothing).await;
    check(407, with(dlt(NUMBER), "variables_values", json!("lottery|b|c")), nothing).await;
    for legacy in ["v3", "p", "t", "qt", "DLT"] {
        check(408, with(dlt(NUMBER), "route", json!(legacy)), nothing).await;
    }
    check(409, quick("Hi", NUMBER), |account| {
        account.routes.retain(|route| route.name() != "q");
    })
    .await;
    check(410, with(quick("Hi", NUMBER), "language", json!("hindi")), nothing).await;
    for numbers in
        ["+919000000001", "919000000001", "5000000001", "900000000", "9000000001,", "9000000001, 9000000002"]
    {
        check(411, dlt(numbers), nothing).await;
    }
    check(411, dlt(NUMBER), |account| {
        account.invalid.insert("+91 90000 00001".to_owned());
    })
    .await;
}

#[tokio::test]
async fn an_account_that_cannot_send_says_why() {
    check(412, dlt(NUMBER), |account| account.keys.clear()).await;
    check(413, dlt(NUMBER), |account| account.keys[0].disabled = true).await;
    check(414, dlt(NUMBER), |account| account.address_allowed = false).await;
    check(415, dlt(NUMBER), |account| account.enabled = false).await;
    check(416, dlt(NUMBER), |account| account.wallet = 1_999).await;
    check(996, json!({ "route": "otp", "variables_values": "12", "numbers": NUMBER }), |account| {
        account.verified = false;
    })
    .await;
    check(999, dlt(NUMBER), |account| account.recharged = false).await;
}

#[tokio::test]
async fn a_text_that_cannot_go_out_says_why() {
    check(417, quick("₹500 only", NUMBER), nothing).await;
    // The 19-digit content-template id is not the message id (§2.2).
    check(424, with(dlt(NUMBER), "message", json!("1100000000000000001")), nothing).await;
    check(424, with(dlt(NUMBER), "message", json!("999999")), nothing).await;
    check(425, with(manual(NUMBER), "template_id", json!("111111")), nothing).await;
    let unknown = with(manual(NUMBER), "template_id", json!("1100000000000000077"));
    check(425, with(unknown, "entity_id", Value::Null), nothing).await;
    let free = with(manual(NUMBER), "message", json!("Anything at all"));
    check(425, with(free, "template_id", Value::Null), nothing).await;
    check(426, with(dlt(NUMBER), "variables_values", json!("A|see https://example.com/x|C")), nothing).await;
    for body in [dlt(NUMBER), manual(NUMBER)] {
        check(500, body.clone(), |account| account.senders[0].templates[0].blacklisted = true).await;
        check(500, body, |account| account.senders[0].blacklisted = true).await;
    }
    check(997, json!({ "route": "otp", "variables_values": "12a", "numbers": NUMBER }), nothing).await;
    let bulk = json!({ "route": "otp", "variables_values": "12", "numbers": "9000000001,9000000002" });
    check(998, bulk, nothing).await;
}

#[tokio::test]
async fn the_first_code_of_the_table_is_answered() {
    let sandbox = start(Default::default()).await;
    sandbox.fast2sms().change_account(DEFAULT_ACCOUNT, |account| {
        account.wallet = 0;
        account.recharged = false;
    });
    // Everything is wrong at once, and is put right in the order of the answers.
    let mut body = json!({});
    let steps = [
        (401, "sender_id", json!("OTHERS")),
        (402, "message", json!("lottery")),
        (403, "route", json!("v3")),
        (405, "numbers", json!("123")),
        (406, "sender_id", json!("WRKSHP")),
        (407, "message", json!("999999")),
        (408, "route", json!("dlt")),
        (411, "numbers", json!(NUMBER)),
    ];
    for (code, member, repair) in steps {
        assert_eq!(send(&sandbox, &body).await.1["status_code"], code);
        body[member] = repair;
    }
    assert_eq!(send(&sandbox, &body).await.1["status_code"], 416);
    assert!(sandbox.fast2sms().set_wallet(DEFAULT_ACCOUNT, 2_000));
    assert_eq!(send(&sandbox, &body).await.1["status_code"], 424);
    body["message"] = json!("111112");
    assert_eq!(send(&sandbox, &body).await.1["status_code"], 999);
}

#[tokio::test]
async fn one_bad_number_refuses_the_list_or_is_left_out_without_a_word() {
    let list = "9000000001,1234,9000000002";
    let sandbox = start(Default::default()).await;
    assert_eq!(send(&sandbox, &dlt(list)).await.1["status_code"], 411);
    sandbox.faults().change(|faults| faults.habits.fast2sms.bad_numbers = BadNumbers::Drop);
    let id = sent(&sandbox, &dlt(list)).await;
    assert_eq!(sandbox.fast2sms().request(&id).unwrap().parts[0].phones, [919_000_000_001, 919_000_000_002]);
    let ledger = sandbox.fast2sms().ledger();
    assert_eq!((ledger.messages, ledger.dropped, ledger.charged), (2, 1, 4_000));
    assert_eq!(super::help::rows(&sandbox, &id).await.len(), 2);
    assert_eq!(send(&sandbox, &dlt("1234")).await.1["status_code"], 411, "nothing is left");
}

#[tokio::test]
async fn a_number_is_left_alone_for_two_minutes() {
    let (sandbox, hand) = start_still(Default::default()).await;
    sent(&sandbox, &dlt("9000000001")).await;
    let again = |sandbox: Sandbox, hand: Hand, ms: i64| async move {
        hand.forward(ms);
        // A different text makes no difference.
        let code = send(&sandbox, &quick("Hi", "9000000001")).await.1["status_code"].clone();
        (sandbox, hand, code)
    };
    let (sandbox, hand, code) = again(sandbox, hand, 119_999).await;
    assert_eq!(code, 995);
    let (sandbox, _, code) = again(sandbox, hand, 1).await;
    assert_eq!(code, Value::Null);
    assert_eq!(sandbox.world().count("9000000001"), 2);
    assert_eq!(send(&sandbox, &dlt("9000000002,9000000002")).await.1["status_code"], 995);
}

#[tokio::test]
async fn without_that_rule_nothing_is_deduplicated() {
    let sandbox = start_with(|habits| habits.repeat_window_ms = 0).await;
    for _ in 0..3 {
        sent(&sandbox, &dlt("9000000001,9000000001")).await;
    }
    assert_eq!(sandbox.world().count("9000000001"), 6);
    let ledger = sandbox.fast2sms().ledger();
    assert_eq!((ledger.messages, ledger.charged), (6, 6 * 2_000));
}

#[tokio::test]
async fn a_repeated_number_can_also_be_left_out_without_a_word() {
    let sandbox = start_with(|habits| habits.repeats = BadNumbers::Drop).await;
    sent(&sandbox, &dlt("9000000001")).await;
    sent(&sandbox, &dlt("9000000001,9000000002")).await;
    assert_eq!((sandbox.world().count("9000000001"), sandbox.world().count("9000000002")), (1, 1));
    assert_eq!(send(&sandbox, &dlt("9000000001")).await.1["status_code"], 995, "nothing is left");
}

#[tokio::test]
async fn a_time_that_is_none_is_refused() {
    for time in [
        "tomorrow",
        "2026-01-02 10:00",
        "32-01-2026-10-00",
        "01-13-2026-10-00",
        "1-1-2026-10-00",
        "01-01-2026-24-00",
        "17672436",
    ] {
        check(400, with(dlt(NUMBER), "schedule_time", json!(time)), nothing).await;
    }
    let sandbox = start(Default::default()).await;
    for (number, time) in [("9000000001", "02-01-2026-10-30"), ("9000000002", "1767330000")] {
        sent(&sandbox, &with(dlt(number), "schedule_time", json!(time))).await;
    }
}
