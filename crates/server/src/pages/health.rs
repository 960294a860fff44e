//! `/healthz`: for a supervisor or a load balancer.

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use crate::app::App;

/// 200 when the database answers, else 503.
pub async fn show(State(app): State<App>) -> (StatusCode, Json<Value>) {
    match app.store.access().ping().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "database": "ok", "version": env!("CARGO_PKG_VERSION") }))),
        Err(error) => {
            tracing::error!("the database does not answer: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "database": "down" })))
        }
    }
}
