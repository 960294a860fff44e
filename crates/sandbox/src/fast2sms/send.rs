//! Sending: `bulkV2`, `custom` and the retired `bulk` (`providers/src/fast2sms/NOTES.md` §2, §3).

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use serde_json::{Map, Value, json};

use super::habits::{DetailsIn, Habits, MessageAs};
use super::send_request::{self, Received, SendRequest};
use super::{Request, codes, rupees, times};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/dev/bulkV2", get(bulk).post(bulk))
        .route("/dev/custom", post(custom))
        .route("/dev/bulk", any(retired))
}

async fn bulk(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: HttpRequest,
) -> Response {
    let received = Received::read(request).await;
    let texts = vec![SendRequest::read(&received.members)];
    submit(&shared, &scissors, &received.key, &texts).await
}

/// Many texts in one call. How it fails is not public (§3); here one bad entry refuses all.
async fn custom(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: HttpRequest,
) -> Response {
    let received = Received::read(request).await;
    let route = send_request::text(&received.members, "route");
    let texts: Vec<SendRequest> = entries(&received.members)
        .iter()
        .map(|entry| SendRequest { route: route.clone(), ..SendRequest::read(entry) })
        .collect();
    // Nothing in it is a request with everything missing.
    let texts = if texts.is_empty() { vec![SendRequest { route, ..SendRequest::default() }] } else { texts };
    submit(&shared, &scissors, &received.key, &texts).await
}

/// The list `requests`; a form carries it as JSON text.
fn entries(members: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let list = match members.get("requests") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(list) => list.clone(),
        None => Value::Null,
    };
    serde_json::from_value(list).unwrap_or_default()
}

async fn retired(State(shared): State<Arc<Shared>>) -> Response {
    refuse(&shared, 990)
}

async fn submit(shared: &Arc<Shared>, scissors: &Scissors, key: &str, texts: &[SendRequest]) -> Response {
    let phone = texts.first().and_then(SendRequest::first_phone);
    // No `status_code`: 500 is one of the vendor's own codes and means something else.
    let server_error = |_| json!({ "return": false, "message": "Internal server error" });
    exchange(shared, scissors, phone, server_error, |answered| {
        match shared.vendors.fast2sms.submit(shared, key, texts, answered) {
            Ok(request) => Answer {
                accepted: request.parts.iter().flat_map(|part| part.places.iter().copied()).collect(),
                response: accepted(shared, &request, texts.iter().any(|asked| asked.details)),
            },
            Err(code) => Answer { accepted: Vec::new(), response: refuse(shared, code) },
        }
    })
    .await
}

fn accepted(shared: &Shared, request: &Request, details: bool) -> Response {
    let habits = &shared.faults.get().habits.fast2sms;
    let text = "SMS sent successfully.";
    let message = match habits.message_as {
        MessageAs::Documented | MessageAs::List => json!([text]),
        MessageAs::Text => json!(text),
    };
    let mut answer = json!({ "return": true, "request_id": request.id, "message": message });
    if details && request.parts.iter().all(|part| part.route.is_dlt()) {
        add_details(&mut answer, request, habits);
    }
    exchange::json(200, &answer)
}

/// The block that `sms_details` asks for. `amount_debited` is for the whole request, the counts are
/// for one number of its first text (§2.4; which of them it is, no source tells).
fn add_details(answer: &mut Value, request: &Request, habits: &Habits) {
    let Some(first) = request.parts.first() else { return };
    let total: i64 = request.parts.iter().map(|part| times(part.cost, part.phones.len())).sum();
    let details = json!({
        "character_count": first.units, "sms_count": first.segments, "sms_language": first.language(),
        "per_sms_rate": rupees(first.cost / first.segments.max(1)), "amount_debited": rupees(total),
    });
    match (habits.details_in, details) {
        (DetailsIn::Top, Value::Object(details)) => {
            for (name, value) in details {
                answer[name] = value;
            }
        }
        (DetailsIn::SmsDetails, details) => answer["sms_details"] = details,
        (DetailsIn::Data, details) => answer["data"] = details,
        (DetailsIn::Top | DetailsIn::Nowhere, _) => {}
    }
}

/// A refusal with the vendor's code (§2.5).
pub(super) fn refuse(shared: &Shared, code: u16) -> Response {
    let habits = &shared.faults.get().habits.fast2sms;
    let words = codes::words(code);
    let message = match habits.message_as {
        MessageAs::Documented | MessageAs::Text => json!(words),
        MessageAs::List => json!([words]),
    };
    let shown = if habits.code_as_text { json!(code.to_string()) } else { json!(code) };
    let body = json!({ "return": false, "status_code": shown, "message": message });
    let nth = shared.ids.next();
    let as_200 = shared.faults.chance().hits(habits.refusal_as_200, "refusal_as_200", words, nth);
    exchange::json(if as_200 { 200 } else { codes::http_status(code) }, &body)
}
