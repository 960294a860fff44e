//! One send call and what can go wrong around it, the same for every vendor.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use crate::Shared;
use crate::line::Scissors;
use crate::world::Place;

/// How a vendor answered one call.
pub(crate) struct Answer {
    /// Messages taken in; none when it was refused.
    pub(crate) accepted: Vec<Place>,
    /// What it says, if the line holds.
    pub(crate) response: Response,
}

/// What befalls a call before or after the vendor looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    ResetBefore,
    TooMany,
    ServerError,
    BadGateway,
    BadGatewayAccepted,
    ResetAfter,
    Stall,
}

/// Carries out one send call to `phone`. `judge` is asked only if the call gets as far as the
/// vendor, and is told whether its answer will reach the sender.
pub(crate) async fn exchange(
    shared: &Shared,
    scissors: &Scissors,
    phone: Option<u64>,
    server_error: impl FnOnce(u16) -> Value,
    validate: impl FnOnce(bool) -> Answer,
) -> Response {
    let _call = shared.world.call();
    let nth = phone.map_or(0, |phone| shared.world.ask(phone));
    let key = phone.map_or_else(String::new, |phone| phone.to_string());
    be_slow(shared, &key, nth).await;
    let trouble = draw(shared, &key, nth);
    let faults = shared.faults.get();
    let response = match trouble {
        Trouble::ResetBefore => cut(scissors),
        Trouble::TooMany => too_many(faults.retry_after_s),
        Trouble::ServerError => {
            let status = faults.server_error_status.unwrap_or(500);
            json(status, &server_error(status))
        }
        Trouble::BadGateway => bad_gateway(),
        Trouble::None | Trouble::BadGatewayAccepted | Trouble::ResetAfter | Trouble::Stall => {
            let answer = validate(trouble == Trouble::None);
            if !answer.accepted.is_empty() {
                return after_acceptance(shared, scissors, trouble, answer).await;
            }
            answer.response
        }
    };
    shared.world.count_refused();
    response
}

async fn after_acceptance(
    shared: &Shared,
    scissors: &Scissors,
    trouble: Trouble,
    answer: Answer,
) -> Response {
    match trouble {
        Trouble::ResetAfter => cut(scissors),
        Trouble::BadGatewayAccepted => bad_gateway(),
        Trouble::Stall => {
            let silence = Duration::from_millis(shared.faults.get().stall_ms);
            if shared.stopped_within(silence).await {
                return cut(scissors);
            }
            for place in answer.accepted {
                shared.world.change(place, |message| message.answered = true);
            }
            answer.response
        }
        Trouble::None
        | Trouble::ResetBefore
        | Trouble::TooMany
        | Trouble::ServerError
        | Trouble::BadGateway => answer.response,
    }
}

async fn be_slow(shared: &Shared, key: &str, nth: u64) {
    let faults = shared.faults.get();
    let jitter = shared.faults.chance().up_to(faults.jitter_ms, "jitter", key, nth);
    let wait = faults.latency_ms.saturating_add(jitter);
    if wait > 0 {
        shared.stopped_within(Duration::from_millis(wait)).await;
    }
}

/// The first trouble that strikes. At most one does.
fn draw(shared: &Shared, key: &str, nth: u64) -> Trouble {
    let board = &shared.faults;
    let faults = board.get();
    let strikes = |amount, what| board.strikes(amount, what, key, nth);
    if strikes(faults.reset_before, "reset_before") {
        Trouble::ResetBefore
    } else if strikes(faults.too_many, "too_many") || board.over_rate(shared.now()) {
        Trouble::TooMany
    } else if strikes(faults.server_error, "server_error") {
        Trouble::ServerError
    } else if strikes(faults.bad_gateway, "bad_gateway") {
        Trouble::BadGateway
    } else if strikes(faults.bad_gateway_accepted, "bad_gateway_accepted") {
        Trouble::BadGatewayAccepted
    } else if strikes(faults.reset_after, "reset_after") {
        Trouble::ResetAfter
    } else if strikes(faults.stall, "stall") {
        Trouble::Stall
    } else {
        Trouble::None
    }
}

fn cut(scissors: &Scissors) -> Response {
    scissors.cut();
    // Never seen: writing it is what ends the connection.
    Response::new(Body::empty())
}

fn too_many(retry_after_s: Option<u64>) -> Response {
    let mut response = json(429, &serde_json::json!({ "message": "Too many requests" }));
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Wraps routes so that what the framework refuses (another method, a query that cannot be read) is answered in the
/// vendor's own JSON.
pub(crate) fn in_json(routes: Router<Arc<Shared>>, body: fn(u16, &str) -> Value) -> Router<Arc<Shared>> {
    let retell = move |response: Response| async move {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_ours = kind.is_some_and(|kind| !kind.starts_with("text/plain"));
        let status = response.status();
        if is_ours || !status.is_client_error() {
            return response;
        }
        json(status.as_u16(), &body(status.as_u16(), status.canonical_reason().unwrap_or("Bad Request")))
    };
    routes.layer(axum::middleware::map_response(retell))
}

/// An address that no vendor has.
pub(crate) async fn nowhere() -> Response {
    json(404, &serde_json::json!({ "message": "Not Found" }))
}

/// A page such as a proxy answers when nobody is behind it.
pub(crate) fn bad_gateway() -> Response {
    let page = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n\
                <center><h1>502 Bad Gateway</h1></center>\n</body>\n</html>\n";
    (StatusCode::BAD_GATEWAY, Html(page)).into_response()
}

/// A JSON answer with any status; an impossible one becomes 500.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}
