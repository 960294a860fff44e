//! `/healthz`: for a supervisor or a load balancer.

use axum::{Json, extract::State, http::StatusCode};
use domain::time::Millis;
use engine::{Scheduler, SendingHealth};
use serde_json::{Value, json};

use crate::{app::App, disk::DiskSpace, health::HealthReport};

/// The answer is 200 when a test write and the last turn of the sending loop ended well, and otherwise 503 with the
/// cause and since when it holds.
pub async fn show(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let look = app.health.look().await;
    // Age of the newest heartbeat of any process, in milliseconds; null when nothing sends.
    let beat = app.engine.newest_beat().await.ok().flatten();
    let status = if look.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body(&look, beat, app.engine.scheduler(), app.clock.now())))
}

/// Anybody may read it: it names no path and repeats no error of the database.
fn body(look: &HealthReport, beat: Option<Millis>, steps: Option<Scheduler>, now: Millis) -> Value {
    let age = |at: Millis| now.since(at).max(0);
    let turns = match &look.turns {
        SendingHealth::Off => json!({ "state": "off" }),
        SendingHealth::Well(at) => json!({ "state": "ok", "last_ok_age_ms": age(*at) }),
        SendingHealth::Failing { since, lasting, .. } => json!({
            "state": "failing",
            "since": since.0,
            "for_ms": u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX),
        }),
    };
    let writes = match &look.refused {
        None => json!({ "state": "ok" }),
        Some(refused) => {
            json!({ "state": if refused.full { "full" } else { "failing" }, "since": refused.since.0 })
        }
    };
    json!({
        "status": if look.is_well() { "ok" } else { "failing" },
        "words": look.words(),
        "since": look.since().map(|at| at.0),
        "database": if look.refused.is_none() { "ok" } else { "down" },
        "writes": writes,
        "turns": turns,
        "disk": look.room.map(DiskSpace::word),
        // Of this process: null where it does not send.
        "scheduler": {
            "heartbeat_age_ms": beat.map(age),
            "last_look_age_ms": steps.map(|steps| age(steps.looked_at)),
            "lag_ms": steps.map(|steps| steps.lag_ms),
            "next_due": steps.and_then(|steps| steps.next_due).map(|at| at.0),
        },
        "version": env!("CARGO_PKG_VERSION"),
    })
}
