//! Questions about calls and the account, in both versions, and campaigns (§5, §6).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Refusal, allowed, check_request, is_flow, refuse, run, shown, status_of};
use crate::Shared;
use crate::exchange;
use crate::voice::alarm::live;
use crate::voice::network::Ended;
use crate::voice::talk::{self, Order};
use crate::voice::told::{self, indian, pairs};

pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Path((sid, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = allowed(&shared, &headers, &sid) {
        return refuse(refusal, false);
    }
    let id = file.strip_suffix(".json").unwrap_or(&file);
    let Some(call) = shared.telephones.network.find(|call| call.vendor == "exotel" && call.id == id) else {
        return refuse((404, "Call not found"), false);
    };
    let mut body = shown(Some(&shared), &call, &sid);
    body["Details"] = json!({
        "ConversationDuration": call.talk_s(), "Leg1Status": status_of(&call), "Leg2Status": "",
        "Legs": [{ "Leg": { "Id": 1, "OnCallDuration": call.talk_s() } }],
    });
    exchange::json(200, &json!({ "Call": body }))
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = allowed(&shared, &headers, &sid) {
        return refuse(refusal, false);
    }
    let query = pairs(&query.unwrap_or_default());
    let from = told::phone(told::value(&query, "From"));
    let (mut least, mut most) = (String::new(), "9999".to_owned());
    for bound in told::value(&query, "DateCreated").split(';') {
        match bound.split_once(':') {
            Some(("gte", at)) => at.clone_into(&mut least),
            Some(("lte", at)) => at.clone_into(&mut most),
            _ => {}
        }
    }
    let calls = shared.telephones.calls();
    let wanted = calls.iter().filter(|call| {
        let created = indian(call.placed_at);
        call.vendor == "exotel"
            && from.is_none_or(|from| call.phone == from)
            && created >= least
            && created <= most
    });
    let shown: Vec<Value> = wanted.map(|call| shown(Some(&shared), call, &sid)).collect();
    exchange::json(200, &json!({ "Metadata": { "Total": shown.len(), "PageSize": 50 }, "Calls": shown }))
}

pub(super) async fn balance(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
) -> Response {
    match allowed(&shared, &headers, &sid) {
        Err(refusal) => refuse(refusal, false),
        Ok(account) => exchange::json(
            200,
            &json!({ "Account": { "BalanceData": {
                "Balance": crate::rupees::rupees(account.balance), "Currency": "INR", "PricingPlan": "Dabbler",
                "DateUpdated": indian(shared.now()),
            } } }),
        ),
    }
}

/// The newer look-up, which alone tells digits after the call (§5).
pub(super) async fn details(
    State(shared): State<Arc<Shared>>,
    Path((sid, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err((status, words)) = allowed(&shared, &headers, &sid) {
        let error =
            json!({ "error_data": { "code": if status == 401 { 1010 } else { 1017 }, "message": words } });
        return exchange::json(status, &json!({ "response": error, "http_code": status }));
    }
    let Some(call) = shared.telephones.network.find(|call| call.vendor == "exotel" && call.id == id) else {
        let error = json!({ "error_data": { "code": 10716, "message": "Call not found" } });
        return exchange::json(404, &json!({ "response": error, "http_code": 404 }));
    };
    let status = match call.ended {
        None => Value::Null,
        Some(Ended::Completed) => json!("completed"),
        Some(Ended::Busy | Ended::NoAnswer) => json!("from_leg_unanswered"),
        Some(Ended::Cancelled) => json!("from_leg_cancelled"),
        Some(Ended::Failed) => json!("from_leg_no_dial"),
    };
    exchange::json(
        200,
        &json!({ "http_code": 200, "response": { "call_details": {
            "sid": call.id, "state": if call.ended.is_none() { "active" } else { "terminal" }, "status": status,
            "total_duration": call.talk_s() + call.ring_s(), "total_talk_time": call.talk_s(),
            "custom_field": call.reference, "app_id": "4711", "digits": call.pressed.map(String::from),
        } } }),
    )
}

/// A campaign calls its numbers at once; wrapped as clients send it, or flat (§6).
pub(super) async fn campaign(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let refusal = |(status, words): Refusal| {
        let item =
            json!({ "code": status, "error_data": { "code": 1000, "message": words, "description": words } });
        exchange::json(status, &json!({ "http_code": status, "response": [item] }))
    };
    let account = match allowed(&shared, &headers, &sid) {
        Ok(account) => account,
        Err(refused) => return refusal(refused),
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let wanted = match body["campaigns"].as_array() {
        Some(all) => all.clone(),
        None => vec![body],
    };
    let mut items = Vec::new();
    for one in wanted {
        if !is_flow(&account, one["url"].as_str().unwrap_or("")) {
            return refusal((400, "Invalid url"));
        }
        let listed =
            one["from"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let numbers = listed.unwrap_or_else(|| one["from"].as_str().unwrap_or("").split(',').collect());
        for number in numbers {
            let form: Vec<(String, String)> = [
                ("From", number),
                ("CallerId", one["caller_id"].as_str().unwrap_or("")),
                ("Url", one["url"].as_str().unwrap_or("")),
                ("CustomField", one["custom_field"].as_str().unwrap_or("")),
                ("StatusCallback", one["call_status_callback"].as_str().unwrap_or("")),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
            let Ok((phone, plan)) = check_request(&shared, &account, &form) else { continue };
            let order = Order {
                vendor: "exotel",
                account: sid.clone(),
                id: shared.ids.uuid().simple().to_string(),
                phone,
                reference: plan.custom.clone(),
                flow: told::value(&form, "Url").to_owned(),
                answered: true,
            };
            let placed = talk::place(&shared, &order);
            live(&shared, run(shared.clone(), placed, plan));
        }
        let id = shared.ids.uuid().simple().to_string();
        items.push(json!({ "code": 200, "status": "success", "data": {
            "id": id, "name": one["name"], "status": "Created",
            "stats": { "created": 0, "completed": 0, "failed": 0, "pending": 0 },
        } }));
    }
    let request = shared.ids.uuid().simple().to_string();
    exchange::json(
        200,
        &json!({ "request_id": request, "method": "POST", "http_code": 200, "response": items }),
    )
}
