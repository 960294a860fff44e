//! What goes wrong on the way with AiSensy, and the promise that a seed repeats a run.

use std::time::Duration;

use munadi_sandbox::{Amount, Faults, Sandbox};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::help::{call, client, message, number, send, start};

/// Sends one message over a bare connection and returns every byte that came back.
async fn bare(sandbox: &Sandbox) -> std::io::Result<Vec<u8>> {
    let body = message("+919000000001").to_string();
    let mut stream = tokio::net::TcpStream::connect(sandbox.address()).await?;
    let head = format!(
        "POST /campaign/t1/api/v2 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_cut_line_ends_in_a_reset_and_not_one_byte_of_answer() {
    let sandbox = start(Faults { reset_after: Amount::ALWAYS, ..Faults::default() }).await;
    let error = bare(&sandbox).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(sandbox.world().count("+919000000001"), 1);
    assert_eq!(sandbox.world().summary().unanswered, 1);
}

#[tokio::test]
async fn a_line_cut_before_acceptance_leaves_no_message() {
    let sandbox = start(Faults { reset_before: Amount::next(1), ..Faults::default() }).await;
    assert_eq!(bare(&sandbox).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(sandbox.world().count("+919000000001"), 0);
    assert_eq!(send(&sandbox, &message("+919000000001")).await.unwrap().0, 200);
    assert_eq!(sandbox.world().summary().refused, 1);
}

#[tokio::test]
async fn a_stalled_call_is_accepted_and_never_answered_to_who_will_not_wait() {
    let sandbox = start(Faults { stall: Amount::ALWAYS, stall_ms: 600_000, ..Faults::default() }).await;
    let url = format!("{}/campaign/t1/api/v2", sandbox.url());
    let call = client().post(url).json(&message("+919000000001")).timeout(Duration::from_millis(300));
    assert!(call.send().await.unwrap_err().is_timeout());
    let got = sandbox.world().of_phone("+919000000001");
    assert_eq!((got.len(), got[0].answered), (1, false));
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_stalled_call() {
    let sandbox = start(Faults { stall: Amount::ALWAYS, stall_ms: 600_000, ..Faults::default() }).await;
    let url = format!("{}/campaign/t1/api/v2", sandbox.url());
    let call = tokio::spawn(client().post(url).json(&message("+919000000001")).send());
    while sandbox.world().is_empty() {
        tokio::task::yield_now().await;
    }
    sandbox.stop().await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn server_trouble_has_its_status_and_its_body() {
    let sandbox = start(Faults::default()).await;
    let mut faults = Faults { bad_gateway: Amount::ALWAYS, ..Faults::default() };
    sandbox.faults().set(faults.clone());
    let (status, body) = send(&sandbox, &message("+919000000001")).await.unwrap();
    assert_eq!(status, 502);
    assert!(body.as_str().unwrap().starts_with("<html>"), "a gateway answers with a page");
    assert!(sandbox.world().is_empty());

    faults.bad_gateway = Amount::NEVER;
    faults.bad_gateway_accepted = Amount::ALWAYS;
    sandbox.faults().set(faults);
    assert_eq!(send(&sandbox, &message("+919000000001")).await.unwrap().0, 502);
    assert_eq!(sandbox.world().len(), 1);

    sandbox.faults().set(Faults {
        server_error: Amount::ALWAYS,
        server_error_status: Some(503),
        ..Faults::default()
    });
    let (status, body) = send(&sandbox, &message("+919000000001")).await.unwrap();
    assert_eq!((status, &body["errorCode"]), (503, &json!(503)));
    assert_eq!(sandbox.world().len(), 1);
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let faults = Faults { too_many: Amount::next(1), retry_after_s: Some(7), ..Faults::default() };
    let sandbox = start(faults).await;
    let url = format!("{}/campaign/t1/api/v2", sandbox.url());
    let answer = client().post(url).json(&message("+919000000001")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert!(sandbox.world().is_empty());
}

#[tokio::test]
async fn a_pace_that_is_exceeded_is_refused_within_the_same_second() {
    let faults = Faults { rate_per_second_max: Some(2), ..Faults::default() };
    let config = munadi_sandbox::Config { faults, ..Default::default() };
    let still = std::sync::Arc::new(|| 1_767_240_000_000);
    let sandbox = Sandbox::start_with_clock(config, still).await.unwrap();
    let mut statuses = Vec::new();
    for n in 0..3 {
        statuses.push(send(&sandbox, &message(&number(n))).await.unwrap().0);
    }
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(sandbox.world().summary().busiest_second, 2);
}

/// Sends five messages and returns the statuses.
async fn five(sandbox: &Sandbox) -> Vec<u16> {
    let mut statuses = Vec::new();
    for n in 0..5 {
        statuses.push(send(sandbox, &message(&number(n))).await.unwrap().0);
    }
    statuses
}

#[tokio::test]
async fn money_keys_and_campaigns_run_out_after_so_many_and_can_be_repaired() {
    let sandbox = start(Faults { no_credit_after: Some(3), ..Faults::default() }).await;
    assert_eq!(five(&sandbox).await, [200, 200, 200, 402, 402]);
    sandbox.aisensy().change(|config| config.projects[0].credit = 1_000_000_000);
    assert_eq!(five(&sandbox).await, [200; 5]);

    sandbox.faults().set(Faults { campaign_paused_after: Some(2), ..Faults::default() });
    assert_eq!(five(&sandbox).await, [200, 200, 400, 400, 400]);
    let path = "/sandbox/aisensy/projects/000000000000000000000ccc/campaigns/workshop_reminder_1h";
    call(&sandbox, "PUT", path, &json!({ "status": "LIVE" })).await;
    assert_eq!(five(&sandbox).await, [200; 5]);

    sandbox.faults().set(Faults { key_disabled_after: Some(0), ..Faults::default() });
    assert_eq!(five(&sandbox).await, [401; 5]);
}

/// The ending of the calls to each of sixty people, sent in the given order.
async fn endings(seed: u64, order: impl Iterator<Item = usize>) -> Vec<(usize, Option<u16>)> {
    let faults = Faults {
        reset_after: Amount::Rate(0.2),
        server_error: Amount::Rate(0.2),
        too_many: Amount::Rate(0.2),
        ..Faults::default()
    };
    let config = munadi_sandbox::Config { faults, seed, ..Default::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let mut endings = Vec::new();
    for n in order {
        endings.push((n, send(&sandbox, &message(&number(n))).await.ok().map(|(status, _)| status)));
    }
    endings.sort_unstable();
    endings
}

#[tokio::test]
async fn a_seed_repeats_a_run_whatever_the_order_of_calls() {
    let forwards = endings(1, 0..60).await;
    assert_eq!(endings(1, (0..60).rev()).await, forwards);
    assert_ne!(endings(2, 0..60).await, forwards);
    for ending in [None, Some(200), Some(429), Some(500)] {
        assert!(forwards.iter().any(|(_, got)| *got == ending), "needs one that ended in {ending:?}");
    }
}
