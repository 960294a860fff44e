//! The telephones under `/sandbox`: what a test or a person at a terminal sets and sees.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::Telephones;
use crate::control::{merge, say, value};
use crate::{Sandbox, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/voice", get(all).patch(change))
        .route("/sandbox/voice/calls", get(calls))
        .route("/sandbox/voice/phones/{phone}", get(phone))
}

impl Sandbox {
    /// The providers of calls and the phones behind them.
    pub fn telephones(&self) -> &Telephones {
        &self.shared.telephones
    }
}

async fn all(State(shared): State<Arc<Shared>>) -> Response {
    let phones = &shared.telephones;
    say(value(&*phones.get()).map(|mut shown| {
        shown["calls"] = json!(phones.calls().len());
        shown["under_way"] = json!(phones.under_way());
        shown["most_at_once"] = json!(phones.most_at_once());
        shown["busiest_minute"] = json!(phones.busiest_minute());
        shown["longest_wait_ms"] = json!(phones.longest_wait_ms());
        shown
    }))
}

async fn change(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(merge(&*shared.telephones.get(), &body).and_then(|config: super::Config| {
        shared.telephones.set(config);
        value(&*shared.telephones.get())
    }))
}

async fn calls(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.telephones.calls()))
}

async fn phone(State(shared): State<Arc<Shared>>, Path(phone): Path<String>) -> Response {
    let digits = super::told::phone(&phone).unwrap_or(0);
    say(value(shared.telephones.calls_to(digits)))
}
