//! `/healthz`: for a supervisor or a load balancer.

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use crate::app::App;

/// 200 when the database answers, else 503.
pub async fn show(State(app): State<App>) -> (StatusCode, Json<Value>) {
    match app.store.access().ping().await {
        Ok(()) => {
            // Age of the newest heartbeat of any process, in milliseconds; null when nothing sends.
            let workers = app.engine.work().workers().await.unwrap_or_default();
            let age = workers.first().map(|worker| (app.clock.now().0 - worker.beat_at).max(0));
            let body = json!({ "database": "ok", "scheduler": { "heartbeat_age_ms": age }, "version": env!("CARGO_PKG_VERSION") });
            (StatusCode::OK, Json(body))
        }
        Err(error) => {
            tracing::error!("the database does not answer: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "database": "down" })))
        }
    }
}
