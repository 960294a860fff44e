//! A sender, a mailbox for receipts, and little else.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use munadi_sandbox::aisensy::DEFAULT_KEY;
use munadi_sandbox::{Config, Faults, Sandbox, Webhook};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "test-shared-secret";

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn start(faults: Faults) -> Sandbox {
    Sandbox::start(Config { faults, seed: 7, ..Config::default() }).await.unwrap()
}

/// A good send call to `destination`.
pub(crate) fn message(destination: &str) -> Value {
    json!({
        "apiKey": DEFAULT_KEY, "campaignName": "workshop_reminder_1h", "destination": destination,
        "userName": "Asha Test", "source": "workshop-console",
        "templateParams": ["Asha", "Rust for Beginners", "7:00 PM", "https://example.in/join/abc"],
    })
}

pub(crate) async fn send(sandbox: &Sandbox, body: &Value) -> reqwest::Result<(u16, Value)> {
    let url = format!("{}/campaign/t1/api/v2", sandbox.url());
    let answer = client().post(url).json(body).send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

/// The `n`th test number.
pub(crate) fn number(n: usize) -> String {
    format!("+9190000{n:05}")
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    client().get(format!("{}{path}", sandbox.url())).send().await.unwrap().json().await.unwrap()
}

pub(crate) async fn call(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("{}{path}", sandbox.url());
    client().request(method, url).json(body).send().await.unwrap().json().await.unwrap()
}

/// One receipt as it came in.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) signature: String,
    pub(crate) project: String,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn status(&self) -> &str {
        self.body["data"]["message"]["status"].as_str().unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    pub(crate) fn is_genuine(&self) -> bool {
        self.signature == munadi_sandbox::signature(SECRET, &self.raw)
    }
}

/// Somebody who takes receipts and answers each with a status.
#[derive(Clone)]
pub(crate) struct Mailbox {
    got: Arc<Mutex<Vec<Received>>>,
    status: StatusCode,
}

impl Mailbox {
    pub(crate) async fn of(sandbox: &Sandbox, status: u16) -> Mailbox {
        let mailbox = Mailbox { got: Arc::default(), status: StatusCode::from_u16(status).unwrap() };
        let routes = Router::new().route("/hook", post(take)).with_state(mailbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        sandbox.set_webhooks(vec![Webhook { url, secret: SECRET.to_owned() }]);
        mailbox
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.got.lock().unwrap().clone()
    }
}

async fn take(State(mailbox): State<Mailbox>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    mailbox.got.lock().unwrap().push(Received {
        signature: header("X-AiSensy-Signature"),
        project: header("X-AiSensy-Project-Id"),
        body: serde_json::from_slice(&raw).unwrap(),
        raw: raw.to_vec(),
    });
    mailbox.status
}
