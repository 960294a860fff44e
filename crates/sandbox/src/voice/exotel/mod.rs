//! Exotel (`providers/src/exotel/NOTES.md`): calls into a flow that asks for prompt, key and closing words; status
//! callbacks; look-ups in two versions; the balance.

mod flow;
mod status_polls;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::BodyForm;
use super::alarm::live;
use super::network::{Ended, Placed};
use super::talk::{self, Order, Talk};
use super::told::{self, Report, indian, pairs};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::rupees::PER_RUPEE;

/// The key of the sample account.
pub const KEY: &str = "TEST-EXOTEL-KEY-NOT-REAL";
/// Its token.
pub const TOKEN: &str = "TEST-EXOTEL-TOKEN-NOT-REAL";

/// Exotel's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exotel {
    /// The SID of the account, which is part of every path.
    pub sid: String,
    /// API key: the user name of each request.
    pub key: String,
    /// The token: the password of each request.
    pub token: String,
    /// The ExoPhones, from which calls are placed.
    pub exophones: Vec<String>,
    /// The ids of its flows.
    pub flows: Vec<String>,
    /// Address that a flow asks, below which `/prompt`, `/digit` and `/closing` lie; empty for a flow that was not
    /// drawn.
    pub flow_url: String,
    /// The balance, in 1/10,000 rupee.
    pub balance: i64,
    /// Price of a pulse of a minute, in 1/10,000 rupee.
    pub pulse_price: i64,
    /// The most calls at the same time.
    pub lines: usize,
    /// The calls of one minute after which requests are answered 429; `None` for no limit.
    pub per_minute_max: Option<usize>,
    /// Whether an empty balance is answered 401 instead of 402, as one client saw.
    pub broke_is_401: bool,
    /// Whether a voicemail that picked up is reported as one; of a flow call it is not to be expected (§3).
    pub marks_voicemail: bool,
    /// Whether the last report of a call names its price, which usually comes some minutes after the end.
    pub prices_at_end: bool,
}

impl Default for Exotel {
    fn default() -> Exotel {
        Exotel {
            sid: "udaan1".to_owned(),
            key: KEY.to_owned(),
            token: TOKEN.to_owned(),
            exophones: vec!["08000000000".to_owned()],
            flows: vec!["4711".to_owned()],
            flow_url: String::new(),
            balance: 1_000 * PER_RUPEE,
            pulse_price: 6_000,
            lines: 500,
            per_minute_max: None,
            broke_is_401: false,
            marks_voicemail: false,
            prices_at_end: false,
        }
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/exotel/v1/Accounts/{sid}/Calls/connect.json", post(connect_json))
        .route("/exotel/v1/Accounts/{sid}/Calls/connect", post(connect_xml))
        .route("/exotel/v1/Accounts/{sid}/Calls.json", get(status_polls::list))
        .route("/exotel/v1/Accounts/{sid}/Calls/{file}", get(status_polls::one))
        .route("/exotel/v1/Accounts/{sid}/Balance.json", get(status_polls::balance))
        .route("/exotel/v2/accounts/{sid}/campaigns", post(status_polls::campaign))
        .route("/exotel-calls/v3/accounts/{sid}/calls/{id}", get(status_polls::details))
}

/// A refusal: status and words.
type Refusal = (u16, &'static str);

fn account(shared: &Shared) -> Exotel {
    shared.telephones.get().exotel.clone()
}

/// Whether a request may speak for the account: key and token, or with very old clients the SID and the token (§1).
fn allowed(shared: &Shared, headers: &HeaderMap, sid: &str) -> Result<Exotel, Refusal> {
    let account = account(shared);
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{}", account.token)));
    if given != basic(&account.key) && given != basic(&account.sid) {
        return Err((401, "Authentication failed"));
    }
    if sid != account.sid {
        return Err((404, "Account not found"));
    }
    Ok(account)
}

/// In JSON, or in XML where the address has no suffix.
fn refuse((status, words): Refusal, xml: bool) -> Response {
    if xml {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TwilioResponse>\n <RestException>\n  <Status>{status}</Status>\n  <Message>{words}</Message>\n </RestException>\n</TwilioResponse>\n"
        );
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response();
    }
    let code = match status {
        401 => json!(20003),
        _ => Value::Null,
    };
    let mut body = json!({ "RestException": { "Status": status, "Message": words } });
    if !code.is_null() {
        body["RestException"]["Code"] = code;
    }
    exchange::json(status, &body)
}

async fn connect_json(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    connect(&shared, &scissors, (&sid, &headers, &body), false).await
}

async fn connect_xml(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    connect(&shared, &scissors, (&sid, &headers, &body), true).await
}

/// What a call into a flow is placed with.
#[derive(Clone, Debug)]
struct Plan {
    from: String,
    caller: String,
    custom: String,
    callback: String,
    events: Vec<String>,
    json: bool,
    ring_s: i64,
    two_parties: bool,
}

async fn connect(
    shared: &Arc<Shared>,
    scissors: &Scissors,
    (sid, headers, body): (&str, &HeaderMap, &[u8]),
    xml: bool,
) -> Response {
    let form = pairs(&String::from_utf8_lossy(body));
    let phone = told::phone(told::value(&form, "From"));
    let server_error = |status| json!({ "RestException": { "Status": status, "Message": "Internal error" } });
    exchange(shared, scissors, phone, server_error, |answered| {
        let judged = allowed(shared, headers, sid).and_then(|account| check_request(shared, &account, &form));
        match judged {
            Err(refusal) => Answer { accepted: Vec::new(), response: refuse(refusal, xml) },
            Ok((phone, plan)) => {
                let id = shared.ids.uuid().simple().to_string();
                let order = Order {
                    vendor: "exotel",
                    account: sid.to_owned(),
                    id: id.clone(),
                    phone,
                    reference: plan.custom.clone(),
                    flow: told::value(&form, "Url").to_owned(),
                    answered,
                };
                let placed = talk::place(shared, &order);
                live(shared, run(shared.clone(), placed, plan));
                let call = shared.telephones.network.get(placed.0);
                Answer { accepted: vec![placed.1], response: shown_as(call.as_ref(), sid, xml) }
            }
        }
    })
    .await
}

/// What Exotel says about a request (§2, §7).
fn check_request(
    shared: &Shared,
    account: &Exotel,
    form: &[(String, String)],
) -> Result<(u64, Plan), Refusal> {
    let value = |name| told::value(form, name);
    let broke = if account.broke_is_401 { (401, "Insufficient balance") } else { (402, "Payment required") };
    if account.balance <= 0 {
        return Err(broke);
    }
    if value("From").is_empty() || value("CallerId").is_empty() {
        return Err((400, "Mandatory parameter missing"));
    }
    let phone = told::phone(value("From")).ok_or((400, "From is not a valid phone number"))?;
    if !account
        .exophones
        .iter()
        .any(|own| told::phone(own) == told::phone(value("CallerId")) && told::phone(own).is_some())
    {
        return Err((403, "CallerId does not belong to the account"));
    }
    let (url, to) = (value("Url"), value("To"));
    if !url.is_empty() && !is_flow(account, url) {
        return Err((404, "Flow not found"));
    }
    if !matches!(value("CallType"), "" | "trans") {
        return Err((400, "CallType must be trans"));
    }
    if value("TimeLimit").parse::<i64>().is_ok_and(|limit| limit > 14_400) {
        return Err((400, "TimeLimit is too long"));
    }
    if shared.telephones.is_dnd(phone) {
        return Err((403, "Call to this number cannot be made because of TRAI NDNC regulations"));
    }
    let minute = shared.now().div_euclid(60_000);
    let of_minute =
        shared.telephones.calls().iter().filter(|call| call.placed_at.div_euclid(60_000) == minute).count();
    if account.per_minute_max.is_some_and(|most| of_minute >= most) {
        return Err((429, "Too many calls"));
    }
    let events = form
        .iter()
        .filter(|(name, _)| name.starts_with("StatusCallbackEvents["))
        .map(|(_, event)| event.clone());
    Ok((
        phone,
        Plan {
            from: value("From").to_owned(),
            caller: value("CallerId").to_owned(),
            custom: value("CustomField").to_owned(),
            callback: value("StatusCallback").to_owned(),
            events: events.collect(),
            json: value("StatusCallbackContentType") == "application/json",
            ring_s: value("TimeOut").parse().unwrap_or(30),
            // Without both the call is dropped right after somebody picks up.
            two_parties: !to.is_empty() || url.is_empty(),
        },
    ))
}

/// The forms of a flow's address that clients use (§2).
fn is_flow(account: &Exotel, url: &str) -> bool {
    let flow = url.rsplit('/').next().unwrap_or("");
    let known = account.flows.iter().any(|own| own == flow);
    let hosts = [
        format!("http://my.exotel.com/{}/exoml/start_voice/", account.sid),
        format!("http://my.in.exotel.com/{}/exoml/start_voice/", account.sid),
        "http://my.exotel.in/exoml/start/".to_owned(),
        "http://my.exotel.com/exoml/start/".to_owned(),
    ];
    known && hosts.iter().any(|host| url.strip_prefix(host.as_str()) == Some(flow))
}

/// The numbers as Exotel writes them back.
fn zero(phone: u64) -> String {
    let digits = phone.to_string();
    format!("0{}", digits.strip_prefix("91").unwrap_or(&digits))
}

fn status_of(call: &Placed) -> &'static str {
    match call.ended {
        None => "in-progress",
        Some(Ended::Completed) => "completed",
        Some(Ended::Busy) => "busy",
        Some(Ended::NoAnswer) => "no-answer",
        Some(Ended::Failed) => "failed",
        Some(Ended::Cancelled) => "canceled",
    }
}

/// The price of a call that is over: its pulses, and nothing where nobody picked up.
fn price_of(shared: &Shared, call: &Placed) -> String {
    let pulses = if call.answered_at.is_some() { (call.talk_s().max(1) + 59) / 60 } else { 0 };
    crate::rupees::rupees(pulses * account(shared).pulse_price)
}

/// The `Call` of an answer (§2). `Price` and `Duration` come some minutes after the end.
fn shown(shared: Option<&Shared>, call: &Placed, sid: &str) -> Value {
    let over = call.ended_at.zip(shared).filter(|(ended, shared)| shared.now() - ended > 5 * 60_000);
    let (duration, price) = match over {
        Some((_, shared)) => (json!(call.talk_s().to_string()), json!(price_of(shared, call))),
        None => (Value::Null, Value::Null),
    };
    let marks = shared.is_some_and(|shared| account(shared).marks_voicemail);
    let by = (marks && call.machine && over.is_some()).then_some("machine");
    json!({
        "Sid": call.id, "ParentCallSid": null, "AccountSid": sid,
        "DateCreated": indian(call.placed_at), "DateUpdated": indian(call.ended_at.unwrap_or(call.placed_at)),
        "From": zero(call.phone), "To": "08000000000", "PhoneNumberSid": "08000000000",
        "Status": status_of(call), "StartTime": indian(call.placed_at), "EndTime": call.ended_at.map(indian),
        "Duration": duration, "Price": price, "Direction": "outbound-api", "AnsweredBy": by,
        "ForwardedFrom": null, "CallerName": null,
        "Uri": format!("/v1/Accounts/{sid}/Calls.json/{}", call.id), "RecordingUrl": null,
    })
}

fn shown_as(call: Option<&Placed>, sid: &str, xml: bool) -> Response {
    let Some(call) = call else { return refuse((500, "Internal error"), xml) };
    if !xml {
        return exchange::json(200, &json!({ "Call": shown(None, call, sid) }));
    }
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TwilioResponse>\n <Call>\n  <Sid>{}</Sid>\n  <Status>in-progress</Status>\n  <Direction>outbound-api</Direction>\n </Call>\n</TwilioResponse>\n",
        call.id
    );
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// The whole call: it rings, the flow speaks and asks, reports go out.
async fn run(shared: Arc<Shared>, placed: (super::network::At, crate::world::Place), plan: Plan) {
    let lines = account(&shared).lines;
    let at = placed.0;
    let Some(mut talk) = Talk::ring(&shared, placed, plan.ring_s, lines).await else {
        report(&shared, shared.telephones.network.get(at), &plan, "terminal");
        return;
    };
    if plan.events.iter().any(|event| event == "answered") {
        report(&shared, talk.call(), &plan, "answered");
    }
    if !plan.two_parties {
        flow::flow(&mut talk, &plan).await;
    }
    let call = talk.end();
    charge(&shared, call.as_ref());
    report(&shared, call, &plan, "terminal");
}

fn charge(shared: &Shared, call: Option<&Placed>) {
    let Some(call) = call else { return };
    let pulses = (call.talk_s().max(1) + 59) / 60;
    shared.telephones.change(|config| config.exotel.balance -= pulses * config.exotel.pulse_price);
}

/// A status callback (§3).
fn report(shared: &Arc<Shared>, call: Option<Placed>, plan: &Plan, event: &str) {
    let Some(call) = call else { return };
    let chaos = shared.telephones.get().chaos.clone();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| _ = members.insert(name.to_owned(), value);
    put("CallSid", json!(call.id));
    if event == "terminal" || plan.events.is_empty() {
        put("Status", json!(status_of(&call)));
    } else {
        put("Status", json!("in-progress"));
    }
    put("DateUpdated", json!(indian(shared.now())));
    put("RecordingUrl", json!(""));
    if !plan.events.is_empty() {
        put("EventType", json!(event));
    }
    if !plan.events.is_empty() && !chaos.bare_reports {
        let none = if chaos.times_of_1970 { json!("1970-01-01 05:30:00") } else { json!("") };
        put("DateCreated", json!(indian(call.placed_at)));
        put("From", json!(if plan.from.starts_with('+') { zero(call.phone) } else { plan.from.clone() }));
        put("To", json!(plan.caller));
        put("PhoneNumberSid", json!(plan.caller));
        put("Direction", json!("outbound-api"));
        put("StartTime", call.answered_at.map_or(none.clone(), |at| json!(indian(at))));
        put("EndTime", call.ended_at.map_or(none, |at| json!(indian(at))));
        if event == "terminal" {
            put("ConversationDuration", json!(call.talk_s()));
            put("CustomField", json!(plan.custom));
            let by = if call.machine && account(shared).marks_voicemail { "Machine" } else { "NA" };
            let leg =
                json!({ "OnCallDuration": call.talk_s(), "Status": status_of(&call), "AnsweredBy": by });
            put("Legs", json!([leg]));
            if account(shared).prices_at_end {
                put("Price", json!(price_of(shared, &call)));
            }
        }
    }
    let form = if plan.json { BodyForm::Json } else { BodyForm::Multipart };
    let key = format!("{} {event}", call.id);
    told::tell(shared, vec![Report { key, url: plan.callback.clone(), members, form, authorization: None }]);
}
