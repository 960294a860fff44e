//! Ozonetel's KooKoo (`providers/src/ozonetel/NOTES.md`): calls that are answered with markup at every step.

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BodyForm;
use super::alarm::live;
use super::network::{Ended, Placed};
use super::talk::{self, Order, Talk};
use super::told::{self, Report, indian, pairs, value};
use crate::Shared;
use crate::exchange::{Answer, exchange};
use crate::line::Scissors;
use crate::rupees::PER_RUPEE;

/// The key of the sample account.
pub const KEY: &str = "KK-TEST-NOT-REAL-0001";

/// KooKoo's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KooKoo {
    /// API key of the account.
    pub key: String,
    /// Whether support enabled outgoing calls.
    pub outgoing: bool,
    /// The numbers of the account. The first is shown unless another is named.
    pub numbers: Vec<String>,
    /// The balance, in 1/10,000 rupee.
    pub balance: i64,
    /// The most calls at the same time.
    pub lines: usize,
    /// Whether no calls are placed from 9 PM to 9 AM.
    pub keeps_hours: bool,
}

impl Default for KooKoo {
    fn default() -> KooKoo {
        KooKoo {
            key: KEY.to_owned(),
            outgoing: true,
            numbers: vec!["0800000000".to_owned()],
            balance: 1_000 * PER_RUPEE,
            lines: 500,
            keeps_hours: false,
        }
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/kookoo/outbound/outbound.php", get(outbound))
        .route("/kookoo/outbound/checkdnd.php", get(check))
}

fn xml(status: &str, message: &str) -> Response {
    let body = format!("<request><status>{status}</status><message>{message}</message></request>");
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

struct Plan {
    url: String,
    callback: String,
    caller: String,
}

async fn outbound(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = pairs(&query.unwrap_or_default());
    let phone = told::phone(value(&query, "phone_no"));
    let server_error = |status| json!({ "status": status, "message": "Internal error" });
    exchange(&shared, &scissors, phone, server_error, |answered| match check_request(&shared, &query) {
        Err(words) => Answer { accepted: Vec::new(), response: xml("error", words) },
        Ok(phone) => {
            let id = format!("9{:010}", shared.ids.next());
            let order = Order {
                vendor: "ozonetel",
                account: "kookoo".to_owned(),
                id: id.clone(),
                phone,
                reference: value(&query, "url").to_owned(),
                flow: "kookoo".to_owned(),
                answered,
            };
            let plan = Plan {
                url: value(&query, "url").to_owned(),
                callback: value(&query, "callback_url").to_owned(),
                caller: value(&query, "caller_id").to_owned(),
            };
            let placed = talk::place(&shared, &order);
            live(&shared, run(shared.clone(), placed, plan));
            Answer { accepted: vec![placed.1], response: xml("queued", &id) }
        }
    })
    .await
}

/// What KooKoo says about a request (§1, §5).
fn check_request(shared: &Shared, query: &[(String, String)]) -> Result<u64, &'static str> {
    let account = shared.telephones.get().kookoo.clone();
    let hour = indian(shared.now())[11..13].parse::<u32>().unwrap_or(12);
    let caller = value(query, "caller_id");
    match () {
        () if value(query, "api_key") != account.key => Err("Invalid api key"),
        () if value(query, "outbound_version") != "2" => Err("This version is deprecated"),
        () if !account.outgoing => Err("Outbound calls are not enabled for your account"),
        () if account.balance <= 0 => Err("Insufficient balance"),
        () if account.keeps_hours && !(9..21).contains(&hour) => {
            Err("CALLS WILL NOT BE MADE BETWEEN 9PM TO 9AM.")
        }
        () if !caller.is_empty() && !account.numbers.iter().any(|own| own == caller) => {
            Err("Caller id is not allowed")
        }
        () => {
            let written = value(query, "phone_no");
            let phone = told::phone(written).filter(|_| written.len() == 11 && written.starts_with('0'));
            let phone = phone.ok_or("Invalid phone number")?;
            if shared.telephones.is_dnd(phone) { Err("PHONE NUMBER IN DND LIST") } else { Ok(phone) }
        }
    }
}

async fn check(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let query = pairs(&query.unwrap_or_default());
    if value(&query, "api_key") != shared.telephones.get().kookoo.key {
        return xml("error", "Invalid api key");
    }
    let listed = told::phone(value(&query, "phone_no")).is_some_and(|phone| shared.telephones.is_dnd(phone));
    xml("success", if listed { "DND" } else { "NOT IN DND LIST" })
}

fn zero(phone: u64) -> String {
    let digits = phone.to_string();
    format!("0{}", digits.strip_prefix("91").unwrap_or(&digits))
}

async fn run(shared: Arc<Shared>, placed: (super::network::At, crate::world::Place), plan: Plan) {
    let at = placed.0;
    let lines = shared.telephones.get().kookoo.lines;
    let Some(mut talk) = Talk::ring(&shared, placed, 30, lines).await else {
        report(&shared, shared.telephones.network.get(at), &plan);
        return;
    };
    converse(&mut talk, &plan).await;
    // Whoever hung up is told of as such, and we as the other.
    let event = if talk.is_there() { "Disconnect" } else { "Hangup" };
    let call = talk.call();
    if let Some(call) = &call {
        let request = step(&talk, &plan, call, event, "");
        talk.ask(request).await;
    }
    report(&shared, talk.end(), &plan);
}

/// The requests of a conversation, until the markup hangs up or the person does.
async fn converse(talk: &mut Talk, plan: &Plan) {
    let (mut event, mut data) = ("NewCall", String::new());
    // More steps than any script has.
    for _ in 0..20 {
        let Some(call) = talk.call() else { return };
        let lost = talk.shared.telephones.get().chaos.lose_keys;
        let is_lost = event == "GotDTMF" && talk.shared.faults.chance().hits(lost, "lose_keys", &call.id, 0);
        if is_lost {
            return;
        }
        let request = step(talk, plan, &call, event, &data);
        let Some(answer) = talk.ask(request).await.filter(|answer| answer.status == 200) else { return };
        let Some(markup) = Markup::read(&answer.body) else { return };
        if !talk.speak(&markup.said).await || markup.hangs_up {
            return;
        }
        let Some(wait_s) = markup.wait_s else { return };
        data = talk.key(wait_s).await.map(String::from).unwrap_or_default();
        if !talk.is_there() {
            return;
        }
        event = "GotDTMF";
    }
}

fn step(talk: &Talk, plan: &Plan, call: &Placed, event: &str, data: &str) -> reqwest::RequestBuilder {
    let mut query = vec![
        ("sid".to_owned(), call.id.clone()),
        ("event".to_owned(), event.to_owned()),
        ("data".to_owned(), data.to_owned()),
        ("outbound_sid".to_owned(), call.id.clone()),
    ];
    if event == "NewCall" {
        query.push(("cid".to_owned(), zero(call.phone)));
        query.push(("called_number".to_owned(), plan.caller.clone()));
        query.push(("operator".to_owned(), "Example".to_owned()));
        query.push(("circle".to_owned(), "DELHI".to_owned()));
    }
    let join = if plan.url.contains('?') { '&' } else { '?' };
    talk.client().get(format!("{}{join}{}", plan.url, told::query(&query)))
}

/// What a document says and asks, as far as ours use it.
struct Markup {
    said: String,
    wait_s: Option<i64>,
    hangs_up: bool,
}

impl Markup {
    /// Reads a document; `None` where the root is another, or an element is not closed.
    fn read(text: &str) -> Option<Markup> {
        let text = text.trim();
        let text = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap_or(text).trim();
        if !text.starts_with("<response") || !text.ends_with("</response>") {
            return None;
        }
        let mut said = Vec::new();
        let mut rest = text;
        // A recording is heard as its address.
        while let Some(start) = rest.find("<playtext").into_iter().chain(rest.find("<playaudio")).min() {
            let from = &rest[start..];
            let ending = if from.starts_with("<playtext") { "</playtext>" } else { "</playaudio>" };
            let (open, end) = (from.find('>')?, from.find(ending)?);
            said.push(unescaped(from.get(open + 1..end)?));
            rest = &from[end + ending.len()..];
        }
        let wait_s = text.find("<collectdtmf").and_then(|start| {
            let tag = &text[start..start + text[start..].find('>')?];
            let wait = tag.split("o=\"").nth(1)?.split('"').next()?;
            wait.parse::<i64>().ok().map(|ms| ms / 1_000)
        });
        Some(Markup { said: said.join(" "), wait_s, hangs_up: text.contains("<hangup") })
    }
}

fn unescaped(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    plain.replace("&amp;", "&")
}

/// The report after the call (§3).
fn report(shared: &Arc<Shared>, call: Option<Placed>, plan: &Plan) {
    let Some(call) = call else { return };
    let status = match call.ended {
        Some(Ended::Completed) | None => "answered",
        Some(Ended::Busy) => "Busy",
        Some(Ended::NoAnswer) => "not_answered",
        Some(Ended::Failed) => "SubcriberAbsent",
        Some(Ended::Cancelled) => "exception",
    };
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| _ = members.insert(name.to_owned(), value);
    put("sid", json!(call.id));
    put("status", json!(status));
    if !shared.telephones.get().chaos.bare_reports {
        put("status_details", json!(""));
        put("phone_no", json!(zero(call.phone)));
        put("caller_id", json!(plan.caller));
        put("start_time", json!(indian(call.placed_at)));
        put("duration", json!(call.talk_s().to_string()));
        put("ringing_time", json!(call.ring_s().to_string()));
    }
    let key = format!("{} status", call.id);
    let report =
        Report { key, url: plan.callback.clone(), members, form: BodyForm::Form, authorization: None };
    told::tell(shared, vec![report]);
}
