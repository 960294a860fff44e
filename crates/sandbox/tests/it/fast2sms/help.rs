//! A sender of SMS, an inbox for delivery webhooks, a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use munadi_sandbox::fast2sms::{DEFAULT_ACCOUNT, DEFAULT_KEY, Habits, Webhook};
use munadi_sandbox::{Config, Faults, Sandbox};
use serde_json::{Value, json};

use crate::help::client;

/// 2026-01-01 10:30:00 in India, the instant of the document's examples.
pub(super) const NOON: i64 = 1_767_243_600_000;

/// A clock that a test moves.
#[derive(Clone)]
pub(super) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(super) fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A sandbox whose clock stands at [`NOON`].
pub(super) async fn start_still(faults: Faults) -> (Sandbox, Hand) {
    let hand = Hand(Arc::new(AtomicI64::new(NOON)));
    let clock = hand.clone();
    let config = Config { faults, seed: 7, ..Config::default() };
    let clock = Arc::new(move || clock.0.load(Ordering::SeqCst));
    (Sandbox::start_with_clock(config, clock).await.unwrap(), hand)
}

pub(super) async fn start(faults: Faults) -> Sandbox {
    start_still(faults).await.0
}

pub(super) async fn start_with(change: impl FnOnce(&mut Habits)) -> Sandbox {
    let mut faults = Faults::default();
    change(&mut faults.habits.fast2sms);
    start(faults).await
}

/// The document's first example (§2.3), to these numbers.
pub(super) fn dlt(numbers: &str) -> Value {
    json!({
        "route": "dlt", "sender_id": "WRKSHP", "message": "111111",
        "variables_values": "Asha|Rust for Beginners|7 PM", "numbers": numbers,
        "flash": "0", "sms_details": "1", "udf1": "msg_00000001",
    })
}

/// The document's second example (§2.3), to these numbers.
pub(super) fn manual(numbers: &str) -> Value {
    json!({
        "route": "dlt_manual", "sender_id": "WRKSHP",
        "message": "Hi Asha, Rust for Beginners starts at 7 PM today. -Example Academy",
        "template_id": "1100000000000000001", "entity_id": "1100000000000000002",
        "numbers": numbers, "udf1": "msg_00000001",
    })
}

/// A Quick text to these numbers.
pub(super) fn quick(text: &str, numbers: &str) -> Value {
    json!({ "route": "q", "message": text, "numbers": numbers })
}

pub(super) async fn post(sandbox: &Sandbox, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}{path}", sandbox.url());
    read(client().post(url).header("authorization", key).json(body)).await.unwrap()
}

/// One call to `bulkV2` with the good key.
pub(super) async fn send(sandbox: &Sandbox, body: &Value) -> (u16, Value) {
    post(sandbox, "/dev/bulkV2", DEFAULT_KEY, body).await
}

/// A call that must be accepted; its request id.
pub(super) async fn sent(sandbox: &Sandbox, body: &Value) -> String {
    let (status, answer) = send(sandbox, body).await;
    assert_eq!((status, &answer["return"]), (200, &json!(true)), "{answer}");
    answer["request_id"].as_str().unwrap().to_owned()
}

pub(super) async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

pub(super) async fn get(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let url = format!("{}{path}", sandbox.url());
    read(client().get(url).header("authorization", DEFAULT_KEY)).await.unwrap()
}

/// The delivery report's rows of a request.
pub(super) async fn rows(sandbox: &Sandbox, request_id: &str) -> Vec<Value> {
    let (status, report) = get(sandbox, &format!("/dev/dlr/{request_id}")).await;
    assert_eq!((status, &report["data"][0]["request_id"]), (200, &json!(request_id)), "{report}");
    report["data"][0]["delivery_status"].as_array().unwrap().clone()
}

/// One delivery post as it came in.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: Vec<String>,
    pub(super) raw: String,
}

impl Delivery {
    pub(super) fn body(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap()
    }

    pub(super) fn status(&self) -> String {
        self.body()["status"].as_str().unwrap().to_owned()
    }
}

/// Somebody who takes delivery webhooks under `/hook/secret` and nowhere else.
#[derive(Clone)]
pub(super) struct Inbox {
    got: Arc<Mutex<Vec<Delivery>>>,
    status: StatusCode,
    pub(super) url: String,
}

impl Inbox {
    /// An inbox of the default account, told of everything in JSON.
    pub(super) async fn of(sandbox: &Sandbox) -> Inbox {
        Inbox::answering(sandbox, 200).await
    }

    pub(super) async fn answering(sandbox: &Sandbox, status: u16) -> Inbox {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/secret", listener.local_addr().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        let inbox = Inbox { got: Arc::default(), status, url };
        let routes = Router::new().fallback(take).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        assert!(sandbox.fast2sms().set_webhooks(DEFAULT_ACCOUNT, vec![Webhook::to(&inbox.url)]));
        inbox
    }

    pub(super) fn all(&self) -> Vec<Delivery> {
        self.got.lock().unwrap().clone()
    }

    pub(super) fn statuses(&self) -> Vec<String> {
        self.all().iter().map(Delivery::status).collect()
    }
}

async fn take(
    State(inbox): State<Inbox>,
    method: Method,
    uri: Uri,
    headers: axum::http::HeaderMap,
    raw: Bytes,
) -> StatusCode {
    if uri.path() != "/hook/secret" {
        return StatusCode::NOT_FOUND;
    }
    let headers = headers.keys().map(|name| name.as_str().to_owned()).collect();
    let raw = String::from_utf8(raw.to_vec()).unwrap();
    inbox.got.lock().unwrap().push(Delivery { method, uri, headers, raw });
    inbox.status
}
