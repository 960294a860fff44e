//! Sessions: making them, linking phones, how they stand (`providers/src/waha/NOTES.md` §1, §2).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks;
use crate::Shared;
use crate::devices::{Device, Standing};
use crate::exchange::json;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/sessions", get(list).post(create))
        .route("/api/sessions/{session}", get(one).put(replace).delete(remove))
        .route("/api/sessions/{session}/{verb}", post(act))
        .route("/api/{session}/auth/qr", get(qr))
        .route("/api/{session}/auth/request-code", post(request_code))
        .route("/api/{session}/auth/passkey", post(answer))
        .route("/api/{session}/auth/passkey/challenge", get(challenge))
        .route("/api/{session}/auth/passkey/confirmation", get(confirmation))
        .route("/api/{session}/auth/passkey/confirm", post(confirm))
}

/// A refusal, as WAHA writes it.
pub(super) type ErrorAnswer = Result<Value, (u16, Value)>;

pub(super) fn say(said: ErrorAnswer, good: u16) -> Response {
    match said {
        Ok(body) => json(good, &body),
        Err((status, body)) => json(status, &body),
    }
}

/// The key is the server's (§1).
pub(super) fn allowed(shared: &Shared, headers: &HeaderMap) -> Result<(), (u16, Value)> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    if key == Some(shared.vendors.waha.key.as_str()) {
        return Ok(());
    }
    Err((401, json!({ "message": "Unauthorized", "statusCode": 401 })))
}

pub(super) fn no_session(name: &str) -> (u16, Value) {
    (
        404,
        json!({ "statusCode": 404, "message": format!("Session \"{name}\" does not exist"), "error": "Not Found" }),
    )
}

/// The session, or the refusal of a call that needs it to work (§4).
pub(super) fn working(shared: &Shared, name: &str) -> Result<(Device, u64), (u16, Value)> {
    let device = shared.vendors.waha.devices.get(name, shared.now()).ok_or_else(|| no_session(name))?;
    match (device.standing, device.phone) {
        (Standing::Working, Some(phone)) => Ok((device, phone)),
        (standing, _) => Err((
            422,
            json!({
                "error": "Session status is not as expected. Try again later or restart the session",
                "session": name, "status": status_word(standing), "expected": ["WORKING"],
            }),
        )),
    }
}

/// Its word for how a session stands.
pub(super) fn status_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Stopped => "STOPPED",
        Standing::Starting => "STARTING",
        Standing::Scan => "SCAN_QR_CODE",
        Standing::Passkey => "PASSKEY_REQUIRED",
        Standing::Compare => "PASSKEY_CONFIRMATION_REQUIRED",
        Standing::Working => "WORKING",
        Standing::Failed => "FAILED",
    }
}

/// Whose session it is; null while no phone is linked.
pub(super) fn me(device: &Device) -> Value {
    let Some(phone) = device.phone else { return Value::Null };
    json!({
        "id": format!("{phone}@c.us"),
        "lid": format!("{}@lid", crate::network::Member::of(phone).lid),
        "pushName": "Front desk",
        "reachoutTimelock": device.locked_until.map(|until| json!({
            "isActive": true, "enforcementType": "RESTRICT_ALL_COMPANIONS", "enforcementEnds": until,
        })),
        "messageCapping": device.capped_until.map(|until| json!({
            "cappingStatus": "CAPPED", "totalQuota": 100, "usedQuota": 100, "cycleEnd": until,
        })),
    })
}

fn shown(device: &Device) -> Value {
    let status = status_word(device.standing);
    let mut shown = json!({
        "name": device.name, "status": status, "config": device.config, "me": me(device),
        "engine": { "engine": "GOWS" }, "statuses": [{ "status": status, "timestamp": device.since }],
    });
    if let Some(code) = device.code {
        shown["data"] = json!({ "code": code });
    }
    shown
}

async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let said = allowed(&shared, &headers);
    say(said.map(|()| shared.vendors.waha.devices.all().iter().map(shown).collect()), 200)
}

async fn one(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let find = || shared.vendors.waha.devices.get(&name, shared.now()).ok_or_else(|| no_session(&name));
    say(allowed(&shared, &headers).and_then(|()| find()).map(|device| shown(&device)), 200)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewSession {
    name: String,
    start: bool,
    config: Value,
}

async fn create(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let made = || {
        let new: NewSession = serde_json::from_slice(&body)
            .map_err(|error| (400, json!({ "statusCode": 400, "message": error.to_string() })))?;
        let mut device = Device { name: new.name, config: new.config, ..Device::default() };
        if new.start {
            device.start(shared.now());
        }
        let shown = shown(&device);
        if !shared.vendors.waha.devices.add(device) {
            return Err((422, json!({ "statusCode": 422, "message": "Session already exists" })));
        }
        Ok(shown)
    };
    say(allowed(&shared, &headers).and_then(|()| made()), 201)
}

/// Replaces the whole configuration and starts a running session anew.
async fn replace(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let changed = || {
        let new: NewSession = serde_json::from_slice(&body)
            .map_err(|error| (400, json!({ "statusCode": 400, "message": error.to_string() })))?;
        let now = shared.now();
        let changed = shared.vendors.waha.devices.change(&name, |device| {
            device.config = new.config;
            if device.standing == Standing::Working {
                device.stop(now);
                device.start(now);
            }
            shown(device)
        });
        changed.ok_or_else(|| no_session(&name))
    };
    say(allowed(&shared, &headers).and_then(|()| changed()), 200)
}

async fn remove(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let said = allowed(&shared, &headers).map(|()| {
        shared.vendors.waha.devices.remove(&name);
        Value::Null
    });
    say(said, 200)
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path((name, verb)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let done = || {
        let now = shared.now();
        let change = |device: &mut Device| match verb.as_str() {
            "start" => device.start(now),
            "stop" => device.stop(now),
            "restart" => {
                device.stop(now);
                device.start(now);
            }
            _ => device.log_out(now),
        };
        if !["start", "stop", "restart", "logout"].contains(&verb.as_str()) {
            return Err((
                404,
                json!({ "statusCode": 404, "message": format!("Cannot POST /api/sessions/{name}/{verb}") }),
            ));
        }
        let changed = shared.vendors.waha.devices.change(&name, |device| {
            change(device);
            device.clone()
        });
        let device = changed.ok_or_else(|| no_session(&name))?;
        hooks::tell_session(&shared, &device);
        Ok(shown(&device))
    };
    say(allowed(&shared, &headers).and_then(|()| done()), 201)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct QrForm {
    format: String,
}

async fn qr(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(form): Query<QrForm>,
    headers: HeaderMap,
) -> Response {
    let shows = || {
        let device = shared.vendors.waha.devices.get(&name, shared.now()).ok_or_else(|| no_session(&name))?;
        let value = device.qr(shared.now()).ok_or_else(|| {
            (422, json!({ "error": "No QR code", "session": name, "status": status_word(device.standing), "expected": ["SCAN_QR_CODE"] }))
        })?;
        Ok(match form.format.as_str() {
            "raw" => json!({ "value": value }),
            _ => json!({ "mimetype": "image/png", "data": "VEVTVA==" }),
        })
    };
    say(allowed(&shared, &headers).and_then(|()| shows()), 200)
}

async fn request_code(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let now = shared.now();
    let asked = || {
        let asked = shared.vendors.waha.devices.change(&name, |device| device.ask_pairing(now));
        let code = asked.ok_or_else(|| no_session(&name))?;
        code.map(|code| json!({ "code": code })).ok_or_else(|| {
            (422, json!({ "error": "No code", "session": name, "expected": ["SCAN_QR_CODE"] }))
        })
    };
    say(allowed(&shared, &headers).and_then(|()| asked()), 201)
}

fn nothing_pending(name: &str) -> (u16, Value) {
    (422, json!({ "error": "No passkey step is pending", "session": name }))
}

fn pending(shared: &Shared, name: &str, standing: Standing, body: Value) -> ErrorAnswer {
    let device = shared.vendors.waha.devices.get(name, shared.now()).ok_or_else(|| no_session(name))?;
    if device.standing == standing { Ok(body) } else { Err(nothing_pending(name)) }
}

async fn challenge(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let options = json!({ "publicKey": {
        "challenge": "VEVTVC1OT1QtUkVBTA", "rpId": "whatsapp.com", "timeout": 600_000, "userVerification": "required",
    } });
    say(allowed(&shared, &headers).and_then(|()| pending(&shared, &name, Standing::Passkey, options)), 200)
}

async fn confirmation(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let code = json!({ "code": "TEST-CODE" });
    say(allowed(&shared, &headers).and_then(|()| pending(&shared, &name, Standing::Compare, code)), 200)
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = shared.now();
    let said = || {
        let is_assertion =
            serde_json::from_slice::<Value>(&body).is_ok_and(|body| body["response"].is_object());
        if !is_assertion {
            return Err((
                400,
                json!({ "statusCode": 400, "message": ["response must be an object"], "error": "Bad Request" }),
            ));
        }
        let answered = shared.vendors.waha.devices.change(&name, |device| device.answered(now));
        if answered.ok_or_else(|| no_session(&name))? { Ok(Value::Null) } else { Err(nothing_pending(&name)) }
    };
    say(allowed(&shared, &headers).and_then(|()| said()), 201)
}

async fn confirm(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let now = shared.now();
    let said = || {
        let compared = shared.vendors.waha.devices.change(&name, |device| device.compared(now));
        if compared.ok_or_else(|| no_session(&name))? { Ok(Value::Null) } else { Err(nothing_pending(&name)) }
    };
    say(allowed(&shared, &headers).and_then(|()| said()), 201)
}
