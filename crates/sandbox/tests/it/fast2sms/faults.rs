//! What goes wrong on the way, and what each phone got nevertheless.

use std::time::Duration;

use munadi_sandbox::fast2sms::DEFAULT_KEY;
use munadi_sandbox::{Amount, Faults};
use serde_json::json;

use super::help::{dlt, get, manual, read, send, sent, start};
use crate::help::client;

/// The call that [`dlt`] makes, as a request.
fn request(sandbox: &munadi_sandbox::Sandbox, numbers: &str) -> reqwest::RequestBuilder {
    let url = format!("{}/dev/bulkV2", sandbox.url());
    client().post(url).header("authorization", DEFAULT_KEY).json(&dlt(numbers))
}

#[tokio::test]
async fn a_stall_after_acceptance_charges_and_sends_and_tells_nobody() {
    let sandbox = start(Faults { stall: Amount::ALWAYS, stall_ms: 600_000, ..Faults::default() }).await;
    let call = request(&sandbox, "9000000001,9000000002").timeout(Duration::from_millis(300));
    assert!(call.send().await.unwrap_err().is_timeout());
    for phone in ["9000000001", "9000000002"] {
        let got = sandbox.world().of_phone(phone);
        assert_eq!((got.len(), got[0].answered), (1, false));
    }
    assert_eq!(sandbox.fast2sms().ledger().charged, 4_000);
    assert_eq!(sandbox.world().summary().unanswered, 2);
}

#[tokio::test]
async fn a_stalled_answer_that_is_waited_for_counts_as_answered() {
    let sandbox = start(Faults { stall: Amount::ALWAYS, stall_ms: 1, ..Faults::default() }).await;
    sent(&sandbox, &dlt("9000000001,9000000002")).await;
    assert_eq!(sandbox.world().summary().unanswered, 0);
}

#[tokio::test]
async fn a_cut_line_leaves_the_messages_or_nothing() {
    let faults = Faults { reset_after: Amount::next(1), ..Faults::default() };
    let sandbox = start(faults).await;
    assert!(read(request(&sandbox, "9000000001,9000000002")).await.is_err());
    assert_eq!((sandbox.world().len(), sandbox.fast2sms().ledger().charged), (2, 4_000));
    // A sender that tries again at once hears that it is spam, and no phone rings twice.
    assert_eq!(send(&sandbox, &dlt("9000000001")).await.1["status_code"], 995);

    sandbox.faults().set(Faults { reset_before: Amount::next(1), ..Faults::default() });
    assert!(read(request(&sandbox, "9000000003")).await.is_err());
    assert_eq!((sandbox.world().count("9000000003"), sandbox.fast2sms().ledger().charged), (0, 4_000));
    sent(&sandbox, &dlt("9000000003")).await;
}

#[tokio::test]
async fn server_trouble_is_a_page_or_a_body_without_a_code_of_the_vendor() {
    let sandbox = start(Faults { bad_gateway: Amount::ALWAYS, ..Faults::default() }).await;
    let (status, body) = send(&sandbox, &dlt("9000000001")).await;
    assert!(status == 502 && body.as_str().unwrap().starts_with("<html>"));
    assert!(sandbox.world().is_empty());

    sandbox.faults().set(Faults { bad_gateway_accepted: Amount::ALWAYS, ..Faults::default() });
    assert_eq!(send(&sandbox, &dlt("9000000001")).await.0, 502);
    assert_eq!(sandbox.world().count("9000000001"), 1);

    sandbox.faults().set(Faults { server_error: Amount::ALWAYS, ..Faults::default() });
    let (status, body) = send(&sandbox, &dlt("9000000002")).await;
    assert_eq!((status, &body["return"], body.get("status_code")), (500, &json!(false), None));
    assert_eq!(sandbox.world().count("9000000002"), 0);
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let sandbox =
        start(Faults { too_many: Amount::next(1), retry_after_s: Some(7), ..Faults::default() }).await;
    let answer = request(&sandbox, "9000000001").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert!(sandbox.world().is_empty());
    sent(&sandbox, &dlt("9000000001")).await;
}

#[tokio::test]
async fn key_wallet_and_template_give_out_half_way() {
    let five = async |faults: Faults| -> Vec<u64> {
        let sandbox = start(faults).await;
        let mut codes = Vec::new();
        for n in 1..=5 {
            let answer = send(&sandbox, &dlt(&format!("900000000{n}"))).await.1;
            codes.push(answer["status_code"].as_u64().unwrap_or_default());
        }
        codes
    };
    assert_eq!(
        five(Faults { key_disabled_after: Some(2), ..Faults::default() }).await,
        [0, 0, 413, 413, 413]
    );
    assert_eq!(five(Faults { no_credit_after: Some(3), ..Faults::default() }).await, [0, 0, 0, 416, 416]);
    let blacklisted = Faults { campaign_paused_after: Some(1), ..Faults::default() };
    assert_eq!(five(blacklisted).await, [0, 500, 500, 500, 500]);
}

#[tokio::test]
async fn a_disabled_key_opens_nothing_else_either() {
    let sandbox = start(Faults { key_disabled_after: Some(1), ..Faults::default() }).await;
    let id = sent(&sandbox, &dlt("9000000001")).await;
    assert_eq!(send(&sandbox, &manual("9000000002")).await.0, 401);
    for path in
        ["/dev/wallet".to_owned(), format!("/dev/dlr/{id}"), "/dev/dlt_manager?type=sender".to_owned()]
    {
        let (status, answer) = get(&sandbox, &path).await;
        assert_eq!((status, &answer["status_code"]), (401, &json!(413)), "for {path}");
    }
}
