//! Knowlarity (`providers/src/knowlarity/NOTES.md`): orders that dial many numbers from a minute on, an IVR that runs
//! alone, and one hook for the whole account.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BodyForm;
use super::alarm::{Alarm, live};
use super::lock;
use super::network::{At, Ended, Placed};
use super::talk::{self, Order as CallOrder, Talk};
use super::told::{self, Report, indian, minute, pairs, value};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::rupees::PER_RUPEE;
use crate::world::Place;

/// The application's key of the sample account.
pub const KEY: &str = "TEST-KNOWLARITY-KEY-NOT-REAL";
/// The account's key.
pub const ACCOUNT_KEY: &str = "00000000-0000-0000-0000-000000000000";

/// The names of the hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The hook writes `callid`, `caller_id`, `type`, `action`.
    #[default]
    A,
    /// The hook writes `call_uuid`, `customer_number`, `call_transfer_status`. Keys come as in A.
    B,
}

/// Knowlarity's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knowlarity {
    /// The key of the application.
    pub key: String,
    /// The key of the account.
    pub account_key: String,
    /// The number that calls come from.
    pub number: String,
    /// The ids of its IVRs.
    pub ivrs: Vec<String>,
    /// The closing words of the IVR, after a key and without one.
    pub closing: String,
    /// The balance, in 1/10,000 rupee.
    pub balance: i64,
    /// The most calls at the same time.
    pub lines: usize,
    /// The address of the hook that gets reports.
    pub hook_url: String,
    /// The names that the hook writes.
    pub preset: Preset,
    /// Whether numbers are escaped once too often.
    pub escapes_twice: bool,
    /// Whether an order whose start has passed is refused. Otherwise it begins at once.
    pub refuses_late: bool,
}

impl Default for Knowlarity {
    fn default() -> Knowlarity {
        Knowlarity {
            key: KEY.to_owned(),
            account_key: ACCOUNT_KEY.to_owned(),
            number: "+910000000099".to_owned(),
            ivrs: vec!["1000000001".to_owned()],
            closing: "Thank you.".to_owned(),
            balance: 1_000 * PER_RUPEE,
            lines: 500,
            hook_url: String::new(),
            preset: Preset::A,
            escapes_twice: false,
            refuses_late: true,
        }
    }
}

/// An order as it was taken.
#[derive(Clone, Debug)]
pub(super) struct Order {
    id: u64,
    numbers: String,
    start: String,
    end: String,
    ndnc: usize,
    stopped: bool,
    calls: Vec<At>,
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/knowlarity/{channel}/v1/account/call/campaign", get(orders).post(order))
        .route("/knowlarity/{channel}/v1/account/call/campaign/{order}", put(change).delete(stop))
        .route("/knowlarity/{channel}/v1/account/calllog", get(log))
}

fn allowed(shared: &Shared, headers: &HeaderMap) -> bool {
    let account = &shared.telephones.get().knowlarity;
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let given = header("authorization");
    let own = given.strip_prefix("Token ").unwrap_or(&given) == account.account_key;
    own && header("x-api-key") == account.key
}

fn refused() -> Response {
    exchange::json(403, &json!({ "message": "Forbidden" }))
}

/// One number of an order with its text.
struct Number {
    phone: u64,
    text: String,
}

async fn order(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let numbers = body["additional_number"].as_str().unwrap_or("").to_owned();
    let phone = numbers.split([',', ';']).next().and_then(told::phone);
    let server_error = |status| json!({ "message": format!("Internal error {status}") });
    exchange(&shared, &scissors, phone, server_error, |answered| {
        if !allowed(&shared, &headers) {
            return Answer { accepted: Vec::new(), response: refused() };
        }
        match check_request(&shared, &body) {
            Err(words) => {
                let response = exchange::json(200, &json!({ "status_code": 0, "result": words }));
                Answer { accepted: Vec::new(), response }
            }
            Ok(listed) => {
                let id = 550_001 + shared.ids.next();
                let places = take(&shared, (id, &body), listed, answered);
                let response = exchange::json(
                    200,
                    &json!({ "status_code": 1, "order_id": id, "result": "Order placed" }),
                );
                Answer { accepted: places, response }
            }
        }
    })
    .await
}

/// What Knowlarity says about an order (§1, §4).
fn check_request(shared: &Shared, body: &Value) -> Result<Vec<Number>, &'static str> {
    let account = shared.telephones.get().knowlarity.clone();
    let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
    if account.balance <= 0 {
        return Err("Insufficient balance, please recharge");
    }
    if !account.ivrs.contains(&text("ivr_id")) {
        return Err("Invalid ivr_id");
    }
    if text("k_number") != account.number {
        return Err("Invalid k_number");
    }
    // Whole minutes: the start has to lie after the present one.
    let is_late = account.refuses_late && text("start_time") <= minute(shared.now());
    if is_late || text("end_time") <= text("start_time") {
        return Err("start_time should be in the future");
    }
    let numbers: Option<Vec<Number>> = text("additional_number")
        .split(';')
        .map(|one| {
            let (number, text) = one.split_once(',').unwrap_or((one, ""));
            let phone = told::phone(number).filter(|_| number.starts_with("+91"))?;
            Some(Number { phone, text: text.to_owned() })
        })
        .collect();
    numbers.filter(|all| !all.is_empty()).ok_or("additional_number is not valid")
}

/// Takes an order in: every number is a call that begins at its start. Numbers on the register are counted and not
/// dialled.
fn take(shared: &Arc<Shared>, (id, body): (u64, &Value), listed: Vec<Number>, answered: bool) -> Vec<Place> {
    let (dnd, dialled): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|one| shared.telephones.is_dnd(one.phone));
    let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
    let (start, end) = (text("start_time"), text("end_time"));
    let mut places = Vec::new();
    let mut calls = Vec::new();
    for one in dialled {
        let order = CallOrder {
            vendor: "knowlarity",
            account: "knowlarity".to_owned(),
            id: format!("k-{:04}", shared.ids.next()),
            phone: one.phone,
            reference: id.to_string(),
            flow: text("ivr_id"),
            answered,
        };
        let placed = talk::place(shared, &order);
        places.push(placed.1);
        calls.push(placed.0);
        live(shared, run(shared.clone(), placed, (start.clone(), end.clone()), (id, one.text)));
    }
    lock(&shared.telephones.orders).push(Order {
        id,
        numbers: text("additional_number"),
        start,
        end,
        ndnc: dnd.len(),
        stopped: false,
        calls,
    });
    places
}

fn is_stopped(shared: &Shared, id: u64) -> bool {
    lock(&shared.telephones.orders).iter().any(|order| order.id == id && order.stopped)
}

async fn run(
    shared: Arc<Shared>,
    placed: (At, Place),
    (start, end): (String, String),
    (id, text): (u64, String),
) {
    while minute(shared.now()) < start {
        Alarm::until(&shared, shared.now() + 500).await;
        if is_stopped(&shared, id) {
            break;
        }
    }
    if is_stopped(&shared, id) || minute(shared.now()) > end {
        talk::withdraw(&shared, placed);
        return;
    }
    let at = placed.0;
    let lines = shared.telephones.get().knowlarity.lines;
    let Some(mut talk) = Talk::ring(&shared, placed, 30, lines).await else {
        push(&shared, shared.telephones.network.get(at), None);
        return;
    };
    if talk.speak(&text).await {
        let key = talk.key(5).await;
        let lost = shared.telephones.get().chaos.lose_keys;
        if key.is_some() && !shared.faults.chance().hits(lost, "lose_keys", &text, 0) {
            push(&shared, talk.call(), key);
        }
        let closing = shared.telephones.get().knowlarity.closing.clone();
        talk.speak(&closing).await;
    }
    push(&shared, talk.end(), None);
}

/// What the hook tells (§2): a key, or the end.
fn push(shared: &Arc<Shared>, call: Option<Placed>, key: Option<char>) {
    let Some(call) = call else { return };
    let account = shared.telephones.get().knowlarity.clone();
    let number = match account.escapes_twice {
        true => format!("%2B{}", call.phone),
        false => format!("+{}", call.phone),
    };
    let picked = call.answered_at.is_some();
    let length = if key.is_some() { 0 } else { call.talk_s() };
    let members = match (account.preset, key) {
        (Preset::A, _) | (Preset::B, Some(_)) => json!({
            "callid": call.id, "dispnumber": account.number, "caller_id": number, "call_type": "outgoing",
            "type": if key.is_some() { "dtmf" } else { "cdr" }, "action": key.map(String::from),
            "start_time": indian(call.placed_at), "call_duration": length.to_string(), "timezone": "Asia/Kolkata",
            "hangup_cause": "900",
        }),
        (Preset::B, None) => json!({
            "call_uuid": call.id, "call_date": indian(call.placed_at)[..10], "call_time": indian(call.placed_at)[11..],
            "customer_number": number, "called_number": account.number,
            "call_duration": format!("{}:{:02}:{:02}", length / 3_600, length / 60 % 60, length % 60),
            "call_transfer_status": if picked { "" } else { "Not Connected" }, "call_status": "Connected",
            "call_direction": "Outbound", "recording_url": "None", "agent_number": "False",
        }),
    };
    let Value::Object(members) = members else { return };
    let members: Map<String, Value> = members;
    let kind = key.map_or_else(|| "end".to_owned(), |key| format!("key {key}"));
    let report = Report {
        key: format!("{} {kind}", call.id),
        url: account.hook_url,
        members,
        form: BodyForm::Json,
        authorization: None,
    };
    told::tell(shared, vec![report]);
}

/// How an order stands: over when all of its calls are.
fn status_of(shared: &Shared, order: &Order) -> &'static str {
    let over = order
        .calls
        .iter()
        .filter_map(|at| shared.telephones.network.get(*at))
        .all(|call| call.ended.is_some());
    match (order.stopped, over) {
        (true, _) => "Stopped",
        (false, true) => "Completed",
        (false, false) => "Running",
    }
}

async fn orders(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !allowed(&shared, &headers) {
        return refused();
    }
    let all = lock(&shared.telephones.orders).clone();
    let shown = |order: &Order| {
        json!({
            "order_id": order.id, "order_status": status_of(&shared, order), "additional_number": order.numbers,
            "ndnc_count": order.ndnc, "created_time": order.start, "start_time": order.start, "end_time": order.end,
            "ivr_id": "1000000001", "priority": 1,
        })
    };
    let objects: Vec<Value> = all.iter().map(shown).collect();
    let meta =
        json!({ "limit": 100, "next": null, "offset": 0, "previous": null, "total_count": objects.len() });
    exchange::json(200, &json!({ "meta": meta, "objects": objects }))
}

async fn change(
    State(shared): State<Arc<Shared>>,
    Path((_, order)): Path<(String, u64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if body["status"].as_str() != Some("stop") {
        return exchange::json(400, &json!({ "message": "status is not valid" }));
    }
    stopped(&shared, &headers, order)
}

async fn stop(
    State(shared): State<Arc<Shared>>,
    Path((_, order)): Path<(String, u64)>,
    headers: HeaderMap,
) -> Response {
    stopped(&shared, &headers, order)
}

fn stopped(shared: &Shared, headers: &HeaderMap, id: u64) -> Response {
    if !allowed(shared, headers) {
        return refused();
    }
    let mut orders = lock(&shared.telephones.orders);
    match orders.iter_mut().find(|order| order.id == id) {
        Some(order) => {
            order.stopped = true;
            exchange::json(200, &json!({ "status_code": 1, "order_id": id, "result": "Order stopped" }))
        }
        None => exchange::json(404, &json!({ "message": "Not found" })),
    }
}

/// Calls that were dialled (§3).
async fn log(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    if !allowed(&shared, &headers) {
        return refused();
    }
    let query = pairs(&query.unwrap_or_default());
    let bound = |name: &str| value(&query, name).get(..19).unwrap_or("").to_owned();
    let (from, until) = (bound("start_time"), bound("end_time"));
    let calls = shared.telephones.calls();
    let wanted = calls.iter().filter(|call| {
        let at = indian(call.placed_at);
        let dialled = call.ended.is_some_and(|ended| ended != Ended::Cancelled);
        call.vendor == "knowlarity" && dialled && at >= from && (until.is_empty() || at <= until)
    });
    let objects: Vec<Value> = wanted
        .map(|call| {
            json!({
                "uuid": call.id, "customer_number": format!("+{}", call.phone), "start_time": indian(call.placed_at),
                "call_duration": call.talk_s(), "business_call_type": "outgoing", "knowlarity_number": "+910000000099",
            })
        })
        .collect();
    exchange::json(200, &json!({ "meta": { "total_count": objects.len() }, "objects": objects }))
}
