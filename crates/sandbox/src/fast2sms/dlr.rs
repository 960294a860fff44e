//! Delivery states by request (`providers/src/fast2sms/NOTES.md` §5), read from the world as it is.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::habits::Habits;
use super::send_request::Received;
use super::{Part, Request, manager, receipt, rupees};
use crate::Shared;
use crate::exchange;
use crate::world::{Message, Status};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/dev/dlr/{request_id}", get(report))
}

async fn report(State(shared): State<Arc<Shared>>, Path(id): Path<String>, request: HttpRequest) -> Response {
    let received = Received::read(request).await;
    let account = match manager::entitled(&shared, &received.key) {
        Ok(account) => account,
        Err(refused) => return refused.answer(&shared),
    };
    let well = manager::well(&shared);
    let Some(known) = shared.vendors.fast2sms.ask(&account.id, &id) else {
        // What is answered for an id that never was is not public.
        let message = "No delivery report for this request id";
        return exchange::json(400, &json!({ well: false, "message": message }));
    };
    let one = json!({ "request_id": known.id, "delivery_status": states(&shared, &known) });
    exchange::json(200, &json!({ well: true, "message": "Delivery report", "data": [one] }))
}

fn states(shared: &Shared, request: &Request) -> Vec<Value> {
    let habits = &shared.faults.get().habits.fast2sms;
    let of_part = |part: &Part| -> Vec<Value> {
        let messages = part.places.iter().filter_map(|place| shared.world.change(*place, |_| {}));
        messages.map(|message| state(habits, part, &message)).collect()
    };
    request.parts.iter().flat_map(of_part).collect()
}

fn state(habits: &Habits, part: &Part, message: &Message) -> Value {
    let (word, at) = word(habits, message);
    let mobile = receipt::mobile(habits, message.phone);
    let mut shown = json!({
        "sender_id": part.sender,
        "mobile": if habits.mobile_as_text { json!(mobile.to_string()) } else { json!(mobile) },
        "status": word, "status_description": receipt::describe(&word.to_lowercase()),
        "sms_language": part.language(), "character_count": part.units, "sms_count": part.segments,
        "amount_debited": rupees(if receipt::is_refunded(&word.to_lowercase()) { 0 } else { part.cost }),
        "delivery_time": at.map(receipt::clock).unwrap_or_default(),
        "delivery_timestamp": at.map(|at| at.div_euclid(1000)),
    });
    if habits.no_description
        && let Some(members) = shown.as_object_mut()
    {
        members.remove("status_description");
    }
    shown
}

/// The state with a capital letter, and when it was reached if it is an end.
fn word(habits: &Habits, message: &Message) -> (String, Option<i64>) {
    match message.status {
        Status::Accepted if habits.submitted => ("Submitted".to_owned(), None),
        Status::Accepted => ("Pending".to_owned(), None),
        Status::Sent => ("Sent".to_owned(), None),
        Status::Delivered | Status::Read => ("Delivered".to_owned(), message.delivered_at),
        Status::Failed => {
            let word = match message.failure_code.as_deref().unwrap_or("failed") {
                "dnd" => "DND".to_owned(),
                word => word[..1].to_uppercase() + &word[1..],
            };
            (word, message.failed_at)
        }
    }
}
