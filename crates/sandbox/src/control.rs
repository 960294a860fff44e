//! The stand-in's own interface under `/sandbox`: look at the phones, change what goes wrong.
//!
//! It has no password, which is one reason why a sandbox listens on the loopback address only.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shared;
use crate::exchange;
use crate::faults::Faults;
use crate::receipts::Webhook;

/// Most messages or phones in one list.
const LIST_MAX: usize = 10_000;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/world", get(world))
        .route("/sandbox/world/messages", get(messages))
        .route("/sandbox/world/phones/{phone}", get(phone))
        .route("/sandbox/faults", get(faults).put(put_faults).patch(patch_faults))
        .route("/sandbox/receipts", get(receipts))
        .route("/sandbox/receipts/flush", post(flush))
        .route("/sandbox/reset", post(reset))
        .route("/sandbox/webhook", get(webhook).put(put_webhook))
}

/// Either what was asked for, or what is wrong with the question.
pub(crate) type ControlResult = Result<Value, (u16, String)>;

pub(crate) fn say(said: ControlResult) -> Response {
    match said {
        Ok(value) => exchange::json(200, &value),
        Err((status, text)) => exchange::json(status, &json!({ "error": text })),
    }
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

pub(crate) fn value(of: impl Serialize) -> ControlResult {
    serde_json::to_value(of).map_err(|error| (500, error.to_string()))
}

/// Lays the members of `change` over `of`, deeply (RFC 7396 without the removal).
pub(crate) fn merge<T: Serialize + DeserializeOwned>(of: &T, change: &[u8]) -> Result<T, (u16, String)> {
    fn lay(over: &mut Value, change: Value) {
        match (over, change) {
            (Value::Object(over), Value::Object(change)) => {
                for (name, change) in change {
                    lay(over.entry(name).or_insert(Value::Null), change);
                }
            }
            (over, change) => *over = change,
        }
    }
    let mut merged = value(of)?;
    lay(&mut merged, parse(change)?);
    serde_json::from_value(merged).map_err(|error| (400, error.to_string()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listing {
    list: bool,
    skip: usize,
    limit: Option<usize>,
}

async fn world(State(shared): State<Arc<Shared>>, Query(listing): Query<Listing>) -> Response {
    let limit = listing.limit.unwrap_or(100).min(LIST_MAX);
    say(value(shared.world.summary()).map(|mut summary| {
        summary["receipts"] = json!(shared.courier.stats());
        summary["phones_with_repeats_list"] = json!(shared.world.repeated_phones(limit));
        if listing.list {
            summary["list"] = json!(shared.world.messages(listing.skip, limit));
        }
        summary
    }))
}

async fn messages(State(shared): State<Arc<Shared>>, Query(listing): Query<Listing>) -> Response {
    let limit = listing.limit.unwrap_or(100).min(LIST_MAX);
    let messages = shared.world.messages(listing.skip, limit);
    say(Ok(json!({ "total": shared.world.len(), "messages": messages })))
}

async fn phone(State(shared): State<Arc<Shared>>, Path(phone): Path<String>) -> Response {
    let messages = shared.world.of_phone(&phone);
    say(Ok(json!({ "phone": phone, "count": messages.len(), "messages": messages })))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    say(value(&*shared.faults.get()))
}

async fn put_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(parse(&body).and_then(|faults| set_faults(&shared, faults)))
}

async fn patch_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(merge(&*shared.faults.get(), &body).and_then(|faults| set_faults(&shared, faults)))
}

fn set_faults(shared: &Shared, faults: Faults) -> ControlResult {
    shared.faults.set(faults);
    shared.courier.look();
    value(&*shared.faults.get())
}

async fn receipts(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.courier.stats()))
}

async fn flush(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.courier.flush(&shared).await))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    shared.reset();
    say(Ok(json!({})))
}

async fn webhook(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.courier.webhooks()))
}

/// One webhook, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Webhooks {
    One(Webhook),
    Many(Vec<Webhook>),
}

async fn put_webhook(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(parse(&body).and_then(|webhooks| {
        shared.courier.set_webhooks(match webhooks {
            Webhooks::One(webhook) => vec![webhook],
            Webhooks::Many(webhooks) => webhooks,
        });
        value(shared.courier.webhooks())
    }))
}

pub(crate) fn missing(what: &str) -> (u16, String) {
    (404, format!("there is no such {what}"))
}
