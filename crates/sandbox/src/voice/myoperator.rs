//! MyOperator (`providers/src/myoperator/NOTES.md`): calls with a reference that may be used once, input nodes, and webhooks of the whole
//! account.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BodyForm;
use super::alarm::live;
use super::lock;
use super::network::{Ended, Placed};
use super::talk::{self, Order, Talk};
use super::told::{self, Report};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::rupees::PER_RUPEE;

/// The application's key of the sample account.
pub const KEY: &str = "TEST-MYOPERATOR-KEY-NOT-REAL";
/// The account's own secret.
pub const TOKEN: &str = "TEST-MYOPERATOR-TOKEN-NOT-REAL";
/// The token of the log search.
pub const SEARCH_TOKEN: &str = "TEST-MYOPERATOR-SEARCH-NOT-REAL";

/// The shapes of the report after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A form with one member that holds short keys as JSON.
    #[default]
    Member,
    /// JSON in the body, with long names.
    Long,
    /// A GET with long names.
    Query,
}

/// MyOperator's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MyOperator {
    /// The key of the application.
    pub key: String,
    /// The account's company id.
    pub company: String,
    /// The secret token of the account.
    pub token: String,
    /// The token of the log search.
    pub search_token: String,
    /// The ids of its IVRs.
    pub ivrs: Vec<String>,
    /// Whether the campaign feature is enabled.
    pub campaigns: bool,
    /// The balance, in 1/10,000 rupee.
    pub balance: i64,
    /// The most calls at the same time.
    pub lines: usize,
    /// Address that input nodes call; empty where they are not enabled.
    pub node_url: String,
    /// Ids of the nodes that ask and get the key.
    pub nodes: (String, String),
    /// The address of the webhooks that get reports.
    pub hook_url: String,
    /// The `authorization` header that nodes and webhooks carry; empty for none.
    pub hook_authorization: String,
    /// The shape of the report after a call.
    pub shape: Shape,
    /// Whether a voicemail that picked up is reported as one.
    pub marks_voicemail: bool,
}

impl Default for MyOperator {
    fn default() -> MyOperator {
        MyOperator {
            key: KEY.to_owned(),
            company: "comp0001".to_owned(),
            token: TOKEN.to_owned(),
            search_token: SEARCH_TOKEN.to_owned(),
            ivrs: vec!["ivr0001".to_owned()],
            campaigns: true,
            balance: 1_000 * PER_RUPEE,
            lines: 500,
            node_url: String::new(),
            nodes: ("n-ask".to_owned(), "n-digit".to_owned()),
            hook_url: String::new(),
            hook_authorization: String::new(),
            shape: Shape::Member,
            marks_voicemail: true,
        }
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/myoperator/obd-api-v1", post(obd)).route("/myoperator-search/search", post(search))
}

fn refuse(status: u16, words: &str) -> Response {
    exchange::json(status, &json!({ "status": "error", "code": status.to_string(), "details": words }))
}

async fn obd(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let phone = body["number"].as_str().and_then(told::phone);
    let server_error = |status| json!({ "status": "error", "code": status, "details": "Internal error" });
    exchange(&shared, &scissors, phone, server_error, |answered| match check_request(&shared, &headers, &body) {
        Err((status, words)) => Answer { accepted: Vec::new(), response: refuse(status, words) },
        Ok(phone) => {
            let reference = body["reference_id"].as_str().unwrap_or("").to_owned();
            lock(&shared.telephones.references).insert(reference.clone());
            let id = format!("u-{}", shared.ids.uuid().simple());
            let order = Order {
                vendor: "myoperator",
                account: body["company_id"].as_str().unwrap_or("").to_owned(),
                id: id.clone(),
                phone,
                reference: reference.clone(),
                flow: body["public_ivr_id"].as_str().unwrap_or("").to_owned(),
                answered,
            };
            let placed = talk::place(&shared, &order);
            live(&shared, run(shared.clone(), placed));
            let response = exchange::json(
                200,
                &json!({
                    "status": "success", "code": "200", "details": "Request accepted successfully", "unique_id": id,
                    "reference_id": reference,
                }),
            );
            Answer { accepted: vec![placed.1], response }
        }
    })
    .await
}

/// What MyOperator says about a request (§1, §5).
fn check_request(shared: &Shared, headers: &HeaderMap, body: &Value) -> Result<u64, (u16, &'static str)> {
    let account = shared.telephones.get().myoperator.clone();
    let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok()).unwrap_or("");
    let reference = text("reference_id");
    match () {
        () if key != account.key => Err((403, "Forbidden")),
        () if text("company_id") != account.company || text("secret_token") != account.token => {
            Err((401, "Invalid secret token"))
        }
        () if text("type") != "2" => Err((403, "This dialer type is not allowed")),
        () if !account.campaigns => Err((403, "Campaigns are not enabled")),
        () if account.balance <= 0 => Err((200, "Insufficient balance in the plan")),
        () if !account.ivrs.contains(&text("public_ivr_id")) => Err((404, "Ivr not found")),
        () if body["max_call_duration"].as_i64().is_some_and(|most| most > 5_400) => {
            Err((400, "max_call_duration is not valid"))
        }
        () if reference.is_empty() => Err((400, "reference_id is missing")),
        () if lock(&shared.telephones.references).contains(&reference) => {
            Err((403, "Duplicate reference_id, request already received"))
        }
        () => {
            let written = text("number");
            let phone = told::phone(&written).filter(|_| written.starts_with("+91"));
            let phone = phone.ok_or((400, "number is not valid"))?;
            if shared.telephones.is_dnd(phone) { Err((200, "Number is in DND")) } else { Ok(phone) }
        }
    }
}

fn ten(phone: u64) -> String {
    let digits = phone.to_string();
    digits.strip_prefix("91").unwrap_or(&digits).to_owned()
}

async fn run(shared: Arc<Shared>, placed: (super::network::At, crate::world::Place)) {
    let at = placed.0;
    during(&shared, shared.telephones.network.get(at), 0);
    let lines = shared.telephones.get().myoperator.lines;
    let Some(mut talk) = Talk::ring(&shared, placed, 30, lines).await else {
        after(&shared, shared.telephones.network.get(at));
        return;
    };
    during(&shared, talk.call(), 1);
    nodes(&mut talk).await;
    after(&shared, talk.end());
}

/// The two input nodes, as often as the answers lead from one to the other (§2).
async fn nodes(talk: &mut Talk) {
    let account = talk.shared.telephones.get().myoperator.clone();
    if account.node_url.is_empty() {
        return;
    }
    let (mut node, mut input) = (account.nodes.0.clone(), None);
    for _ in 0..20 {
        let Some(call) = talk.call() else { return };
        let lost = talk.shared.telephones.get().chaos.lose_keys;
        let is_digit = node == account.nodes.1;
        if is_digit && talk.shared.faults.chance().hits(lost, "lose_keys", &call.id, 0) {
            return;
        }
        let mut form = vec![
            ("uid".to_owned(), format!("s4.{}", call.id)),
            ("node_id".to_owned(), node.clone()),
            ("timestamp".to_owned(), (talk.shared.now() / 1_000).to_string()),
            ("clid".to_owned(), ten(call.phone)),
        ];
        if is_digit {
            form.push(("input".to_owned(), input.map(String::from).unwrap_or_default()));
        }
        let mut request = talk
            .client()
            .post(&account.node_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(told::query(&form));
        if !account.hook_authorization.is_empty() {
            request = request.header("authorization", account.hook_authorization.clone());
        }
        let Some(next) = talk.ask(request).await.and_then(|answer| answer.json()) else { return };
        if !talk.speak(next["value"].as_str().unwrap_or("")).await {
            return;
        }
        match next["operation"].as_str() {
            Some("jump-node") if next["operation-data"].as_str() == Some(account.nodes.1.as_str()) => {
                input = talk.key(6).await;
                if !talk.is_there() {
                    return;
                }
                node.clone_from(&account.nodes.1);
            }
            _ => return,
        }
    }
}

fn report(shared: &Shared, key: String, members: Map<String, Value>, form: BodyForm) -> Report {
    let account = shared.telephones.get().myoperator.clone();
    let authorization = Some(account.hook_authorization).filter(|value| !value.is_empty());
    Report { key, url: account.hook_url, members, form, authorization }
}

/// A notice during the call: 0 rings, 1 was picked up (§3).
fn during(shared: &Arc<Shared>, call: Option<Placed>, state: i64) {
    let Some(call) = call else { return };
    let members = json!({
        "uid": format!("s4.{}", call.id), "clid": ten(call.phone), "public_ivr_id": "ivr0001", "call_state": state,
        "event": if state == 0 { 1 } else { 2 }, "users": [], "reference_id": call.reference,
    });
    let Value::Object(members) = members else { return };
    let report = report(shared, format!("{} {state}", call.id), members, BodyForm::Json);
    told::tell(shared, vec![report]);
}

/// What the report after a call holds, in short keys. *Missed* may be said of a call that was heard (§3).
fn short(shared: &Shared, call: &Placed) -> Value {
    let heard_missed = shared.telephones.get().chaos.call_heard_missed;
    let picked = call.ended == Some(Ended::Completed);
    let missed = shared.faults.chance().hits(heard_missed, "call_heard_missed", &call.id, 0);
    let status = match picked {
        true if call.machine && shared.telephones.get().myoperator.marks_voicemail => 3,
        true if !missed => 1,
        _ => 2,
    };
    let (start, end) = (call.placed_at / 1_000, call.ended_at.unwrap_or(call.placed_at) / 1_000);
    let leg = if picked && !missed { "ANSWER" } else { "NOANSWER" };
    let clock = |seconds: i64| format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    json!({
        "_ai": format!("log-{}", call.id), "_ci": "comp0001", "_ev": 2, "_ns": 2, "_cl": ten(call.phone),
        "_cr": format!("+{}", call.phone), "_su": status, "_st": start, "_et": end, "_ss": end - start,
        "_dr": clock(end - start), "_ri": call.reference, "_ivid": "ivr0001",
        "_ld": [{ "_ds": leg, "_st": start, "_et": end, "_dr": clock(call.talk_s()) }],
        "_pm": [{ "ky": "ui", "vl": format!("s4.{}", call.id) }],
    })
}

/// The report after a call, in the shape that the panel is set to.
fn after(shared: &Arc<Shared>, call: Option<Placed>) {
    let Some(call) = call else { return };
    let short = short(shared, &call);
    let shape = shared.telephones.get().myoperator.shape;
    let (members, form) = match shape {
        Shape::Member => (json!({ "myoperator": short.to_string() }), BodyForm::Form),
        Shape::Long | Shape::Query => {
            let status = match short["_su"].as_i64() {
                Some(1) => "connected",
                Some(3) => "voicemail",
                _ => "missed",
            };
            let long = json!({
                "id": short["_ai"], "clid": short["_cl"], "clid_raw": short["_cr"], "company_id": "comp0001", "event": 2,
                "status": status, "call_time": call.talk_s().to_string(), "reference_id": call.reference,
                "public_ivr_id": "ivr0001", "uid": format!("s4.{}", call.id),
            });
            (long, if shape == Shape::Long { BodyForm::Json } else { BodyForm::Query })
        }
    };
    let Value::Object(members) = members else { return };
    let report = report(shared, format!("{} after", call.id), members, form);
    told::tell(shared, vec![report]);
}

/// The log of calls that are over (§4).
async fn search(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if body["token"].as_str() != Some(shared.telephones.get().myoperator.search_token.as_str()) {
        return refuse(401, "Invalid token");
    }
    let key = body["search_key"].as_str().unwrap_or("");
    let calls = shared.telephones.calls();
    let over = calls.iter().filter(|call| call.vendor == "myoperator" && call.ended.is_some());
    let wanted = over.filter(|call| key.is_empty() || ten(call.phone) == key);
    let hits: Vec<Value> = wanted.map(|call| json!({ "_source": short(&shared, call) })).collect();
    exchange::json(
        200,
        &json!({ "status": "success", "code": 200, "data": { "total": hits.len(), "hits": hits } }),
    )
}
