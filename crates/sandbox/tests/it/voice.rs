//! Providers of calls: what each refuses, and phones that ring by the clock of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use munadi_sandbox::voice::{Callee, Does, Ended, exotel, knowlarity, kookoo, myoperator};
use munadi_sandbox::{Config, Sandbox};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::help::client;

/// 2030-01-05 18:50:00 in India.
const NOW: i64 = 1_893_849_600_000;

async fn start(config: Config) -> (Sandbox, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let read = clock.clone();
    let sandbox =
        Sandbox::start_with_clock(config, Arc::new(move || read.load(Ordering::SeqCst))).await.unwrap();
    (sandbox, clock)
}

fn exotel_call(sandbox: &Sandbox, form: &str) -> RequestBuilder {
    let url = format!("{}/exotel/v1/Accounts/udaan1/Calls/connect.json", sandbox.url());
    let form = form.to_owned();
    client().post(url).basic_auth(exotel::KEY, Some(exotel::TOKEN)).body(form)
}

const GOOD: &str = "From=%2B919000000001&CallerId=08000000000&Url=http%3A%2F%2Fmy.exotel.com%2Fudaan1%2Fexoml%2Fstart_voice%2F4711";

async fn answer(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Waits until every phone rings; the clock stands meanwhile.
async fn ringing(sandbox: &Sandbox) {
    while sandbox.telephones().calls().iter().any(|call| call.rang_at.is_none()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until so many calls are over; the clock stands meanwhile.
async fn over(sandbox: &Sandbox, calls: usize) -> bool {
    for _ in 0..1_000 {
        if sandbox.telephones().calls().iter().filter(|call| call.ended.is_some()).count() == calls {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

#[tokio::test]
async fn a_phone_rings_for_as_long_as_the_clock_says() {
    let mut config = Config::default();
    config.voice.callee = Callee::who(Does::NoAnswer);
    let (sandbox, clock) = start(config).await;
    assert_eq!(answer(exotel_call(&sandbox, &format!("{GOOD}&TimeOut=20"))).await.0, 200);
    ringing(&sandbox).await;
    clock.store(NOW + 19_000, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sandbox.telephones().under_way(), 1, "nineteen seconds are no twenty");
    clock.store(NOW + 20_000, Ordering::SeqCst);
    assert!(over(&sandbox, 1).await);
    let call = &sandbox.telephones().calls()[0];
    assert_eq!((call.ended, call.ring_s(), call.talk_s()), (Some(Ended::NoAnswer), 20, 0));
    assert_eq!(sandbox.world().count("+919000000001"), 1, "the world has it");
    sandbox.stop().await;
}

#[tokio::test]
async fn each_phone_has_habits_of_its_own_and_a_call_without_words_ends() {
    let mut config = Config::default();
    config.voice.by_ending =
        [("01".to_owned(), Callee::who(Does::Busy)), ("1".to_owned(), Callee::who(Does::Unreachable))].into();
    let (sandbox, clock) = start(config).await;
    for number in ["9000000001", "9000000011", "9000000012"] {
        assert_eq!(answer(exotel_call(&sandbox, &GOOD.replace("%2B919000000001", number))).await.0, 200);
    }
    ringing(&sandbox).await;
    for second in 1..=60 {
        clock.store(NOW + second * 1_000, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
    assert!(over(&sandbox, 3).await);
    let ended: Vec<_> = sandbox.telephones().calls().iter().map(|call| call.ended).collect();
    // The longest ending counts. A flow that was not drawn has nothing to say.
    assert_eq!(ended, [Some(Ended::Busy), Some(Ended::Failed), Some(Ended::Completed)]);
    sandbox.stop().await;
}

#[tokio::test]
async fn exotel_refuses_what_it_documents() {
    let mut config = Config::default();
    config.voice.dnd_endings = ["99".to_owned()].into();
    let (sandbox, _clock) = start(config).await;
    for (form, status, words) in [
        ("CallerId=08000000000".to_owned(), 400, "Mandatory"),
        (GOOD.replace("%2B919000000001", "123"), 400, "not a valid phone number"),
        (GOOD.replace("08000000000", "08011111111"), 403, "CallerId"),
        (GOOD.replace("4711", "4712"), 404, "Flow"),
        (format!("{GOOD}&CallType=promo"), 400, "CallType"),
        (format!("{GOOD}&TimeLimit=14401"), 400, "TimeLimit"),
        (GOOD.replace("9000000001", "9000000099"), 403, "NDNC"),
        (GOOD.to_lowercase(), 400, "Mandatory"),
    ] {
        let (got, body) = answer(exotel_call(&sandbox, &form)).await;
        assert!(got == status && body.contains(words), "{form}: {got} {body}");
    }
    let url = format!("{}/exotel/v1/Accounts/udaan1/Calls/connect.json", sandbox.url());
    for (user, token) in [("x", exotel::TOKEN), (exotel::KEY, "x")] {
        let wrong = client().post(&url).basic_auth(user, Some(token)).body(GOOD);
        assert_eq!(answer(wrong).await.0, 401, "{user} {token}");
    }
    // Very old clients use the SID as the user name.
    let other =
        client().post(url.replace("udaan1", "other1")).basic_auth("udaan1", Some(exotel::TOKEN)).body(GOOD);
    assert_eq!(answer(other).await.0, 404);
    let xml = client().post(format!("{}/exotel/v1/Accounts/udaan1/Calls/connect", sandbox.url()));
    let (status, body) = answer(xml.basic_auth(exotel::KEY, Some("wrong")).body(GOOD)).await;
    assert!(status == 401 && body.contains("<RestException>"), "{body}");
    sandbox.telephones().change(|config| config.exotel.per_minute_max = Some(0));
    assert_eq!(answer(exotel_call(&sandbox, GOOD)).await.0, 429);
    sandbox.telephones().change(|config| config.exotel.balance = 0);
    assert_eq!(answer(exotel_call(&sandbox, GOOD)).await.0, 402);
    sandbox.telephones().change(|config| config.exotel.broke_is_401 = true);
    assert_eq!(answer(exotel_call(&sandbox, GOOD)).await.0, 401);
    assert!(sandbox.telephones().calls().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn kookoo_refuses_in_xml_with_200() {
    let (sandbox, clock) = start(Config::default()).await;
    let good =
        format!("phone_no=09000000001&api_key={}&outbound_version=2&url=http://127.0.0.1:9", kookoo::KEY);
    let ask = |query: String| client().get(format!("{}/kookoo/outbound/outbound.php?{query}", sandbox.url()));
    for (query, words) in [
        (good.replace(kookoo::KEY, "x"), "Invalid api key"),
        (good.replace("version=2", "version=1"), "deprecated"),
        (good.replace("09000000001", "9000000001"), "Invalid phone number"),
        (format!("{good}&caller_id=0811111111"), "Caller id"),
    ] {
        let (status, body) = answer(ask(query.clone())).await;
        assert!(
            status == 200 && body.contains("<status>error</status>") && body.contains(words),
            "{query}: {body}"
        );
    }
    sandbox.telephones().change(|config| config.kookoo.keeps_hours = true);
    clock.store(NOW + 3 * 3_600_000, Ordering::SeqCst);
    assert!(answer(ask(good.clone())).await.1.contains("CALLS WILL NOT BE MADE BETWEEN 9PM TO 9AM."));
    clock.store(NOW, Ordering::SeqCst);
    assert!(answer(ask(good.clone())).await.1.contains("<status>queued</status>"));
    sandbox.telephones().change(|config| config.kookoo.outgoing = false);
    assert!(answer(ask(good)).await.1.contains("not enabled"));
    sandbox.stop().await;
}

#[tokio::test]
async fn myoperator_takes_a_reference_once() {
    let (sandbox, _clock) = start(Config::default()).await;
    let good = json!({
        "company_id": "comp0001", "secret_token": myoperator::TOKEN, "type": "2", "number": "+919000000001",
        "public_ivr_id": "ivr0001", "reference_id": "r-1", "max_call_duration": 120,
    });
    let ask = |body: &Value, key: &str| {
        client().post(format!("{}/myoperator/obd-api-v1", sandbox.url())).header("x-api-key", key).json(body)
    };
    for (name, value, status) in [
        ("secret_token", json!("x"), 401),
        ("type", json!("1"), 403),
        ("number", json!("9000000001"), 400),
        ("public_ivr_id", json!("x"), 404),
        ("reference_id", json!(""), 400),
        ("max_call_duration", json!(5_401), 400),
    ] {
        let mut body = good.clone();
        body[name] = value;
        assert_eq!(answer(ask(&body, myoperator::KEY)).await.0, status, "{name}");
    }
    assert_eq!(answer(ask(&good, "x")).await.0, 403);
    assert_eq!(answer(ask(&good, myoperator::KEY)).await.0, 200);
    let (status, body) = answer(ask(&good, myoperator::KEY)).await;
    assert!(status == 403 && body.contains("Duplicate reference_id"), "{body}");
    assert_eq!(sandbox.telephones().calls().len(), 1, "the phone rings once");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_stopped_order_rings_nobody() {
    let (sandbox, clock) = start(Config::default()).await;
    let base = format!("{}/knowlarity/Basic/v1/account/call/campaign", sandbox.url());
    let signed = |request: RequestBuilder| {
        request.header("x-api-key", knowlarity::KEY).header("authorization", knowlarity::ACCOUNT_KEY)
    };
    let order = json!({
        "ivr_id": "1000000001", "k_number": "+910000000099", "additional_number": "+919000000001,Hello;+919000000002,Hello",
        "start_time": "2030-01-05 18:52", "end_time": "2030-01-05 19:00",
    });
    let mut soon = order.clone();
    soon["start_time"] = json!("2030-01-05 18:50");
    for (body, words) in [(soon, "future"), (json!({ "ivr_id": "1" }), "Invalid ivr_id")] {
        let (status, said) = answer(signed(client().post(&base).json(&body))).await;
        assert!(status == 200 && said.contains(words), "{said}");
    }
    assert_eq!(answer(client().post(&base).json(&order)).await.0, 403);
    let (_, taken) = answer(signed(client().post(&base).json(&order))).await;
    let id = serde_json::from_str::<Value>(&taken).unwrap()["order_id"].as_u64().unwrap();
    let stop = signed(client().put(format!("{base}/{id}")).json(&json!({ "status": "stop" })));
    assert_eq!(answer(stop).await.0, 200);
    clock.store(NOW + 180_000, Ordering::SeqCst);
    assert!(over(&sandbox, 2).await);
    assert!(
        sandbox
            .telephones()
            .calls()
            .iter()
            .all(|call| call.ended == Some(Ended::Cancelled) && call.rang_at.is_none())
    );
    let (_, list) = answer(signed(client().get(&base))).await;
    assert!(list.contains("Stopped"), "{list}");
    sandbox.stop().await;
}
