//! Instances: making them, linking phones, how they stand (`providers/src/evolution/NOTES.md` §1, §2).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks;
use crate::Shared;
use crate::devices::{Device, Standing};
use crate::exchange::json;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/evolution/instance/create", post(create))
        .route("/evolution/instance/fetchInstances", get(fetch))
        .route("/evolution/instance/connect/{instance}", get(connect))
        .route("/evolution/instance/connectionState/{instance}", get(state))
        .route("/evolution/instance/restart/{instance}", post(restart))
        .route("/evolution/instance/logout/{instance}", delete(log_out))
        .route("/evolution/instance/delete/{instance}", delete(remove))
        .route("/evolution/webhook/set/{instance}", post(set_webhook))
        .route("/evolution/settings/set/{instance}", post(set_settings))
}

/// A refusal, as Evolution writes it.
pub(super) type ErrorAnswer = Result<Value, (u16, Value)>;

pub(super) fn say(said: ErrorAnswer, good: u16) -> Response {
    match said {
        Ok(body) => json(good, &body),
        Err((status, body)) => json(status, &body),
    }
}

/// Its form of a refusal (§4).
pub(super) fn wrong(status: u16, error: &str, message: Value) -> (u16, Value) {
    (status, json!({ "status": status, "error": error, "response": { "message": message } }))
}

/// Either the server's key or the instance's own, which is its name with a mark here.
pub(super) fn allowed(shared: &Shared, headers: &HeaderMap, instance: &str) -> Result<(), (u16, Value)> {
    let key = headers.get("apikey").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let own = format!("TEST-TOKEN-{instance}");
    if key == shared.vendors.evolution.key || (!instance.is_empty() && key == own) {
        return Ok(());
    }
    Err(wrong(401, "Unauthorized", json!("Unauthorized")))
}

pub(super) fn no_instance(name: &str) -> (u16, Value) {
    wrong(404, "Not Found", json!([format!("The \"{name}\" instance does not exist")]))
}

pub(super) fn device(shared: &Shared, name: &str) -> Result<Device, (u16, Value)> {
    shared.vendors.evolution.devices.get(name, shared.now()).ok_or_else(|| no_instance(name))
}

/// The instance's number, or the refusal of a call that needs a connection (§4).
pub(super) fn connected(shared: &Shared, name: &str) -> Result<u64, (u16, Value)> {
    let device = device(shared, name)?;
    match device.phone {
        Some(phone) if device.standing == Standing::Working => Ok(phone),
        Some(_) => Err(wrong(400, "Bad Request", json!(["Error: Connection Closed"]))),
        None => Err(wrong(
            400,
            "Bad Request",
            json!(["TypeError: Cannot read properties of undefined (reading 'sendMessage')"]),
        )),
    }
}

/// Its word for a connection.
pub(super) fn state_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Working => "open",
        Standing::Scan | Standing::Starting | Standing::Passkey | Standing::Compare => "connecting",
        Standing::Stopped | Standing::Failed => "close",
    }
}

fn row(device: &Device) -> Value {
    json!({
        "id": format!("id-{}", device.name), "name": device.name, "connectionStatus": state_word(device.standing),
        "ownerJid": device.phone.map(|phone| format!("{phone}@s.whatsapp.net")),
        "profileName": device.phone.map(|_| "Front desk"), "number": Value::Null,
        "token": format!("TEST-TOKEN-{}", device.name),
        "disconnectionReasonCode": device.code, "disconnectionObject": Value::Null,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NewInstance {
    instance_name: String,
    integration: String,
    webhook: Value,
    groups_ignore: bool,
}

async fn create(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let made = || {
        let new: NewInstance = serde_json::from_slice(&body).unwrap_or_default();
        if new.integration.is_empty() {
            return Err(wrong(400, "Bad Request", json!([["instance requires property \"integration\""]])));
        }
        let name = new.instance_name;
        let config = json!({ "webhook": new.webhook, "groupsIgnore": new.groups_ignore });
        if !shared.vendors.evolution.devices.add(Device { name: name.clone(), config, ..Device::default() }) {
            let words = format!("This name \"{name}\" is already in use.");
            return Err(wrong(403, "Forbidden", json!([words])));
        }
        Ok(json!({
            "instance": { "instanceName": name, "instanceId": format!("id-{name}"), "integration": "WHATSAPP-BAILEYS", "status": "close" },
            "hash": format!("TEST-TOKEN-{name}"), "webhook": {}, "settings": {},
        }))
    };
    say(allowed(&shared, &headers, "").and_then(|()| made()), 201)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named {
    instance_name: String,
    number: String,
}

async fn fetch(
    State(shared): State<Arc<Shared>>,
    Query(named): Query<Named>,
    headers: HeaderMap,
) -> Response {
    let found = || {
        let device = device(&shared, &named.instance_name)?;
        Ok(json!([row(&device)]))
    };
    say(allowed(&shared, &headers, &named.instance_name).and_then(|()| found()), 200)
}

async fn connect(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(named): Query<Named>,
    headers: HeaderMap,
) -> Response {
    let asked = || {
        let now = shared.now();
        let changed = shared.vendors.evolution.devices.change(&name, |device| {
            device.tick(now);
            device.start(now);
            let pairing = (!named.number.is_empty()).then(|| device.ask_pairing(now)).flatten();
            (device.clone(), pairing)
        });
        let (device, pairing) = changed.ok_or_else(|| no_instance(&name))?;
        if device.standing == Standing::Working {
            return Ok(json!({ "instance": { "instanceName": name, "state": "open" } }));
        }
        Ok(
            json!({ "pairingCode": pairing, "code": device.qr(now), "base64": "data:image/png;base64,VEVTVA==", "count": 1 }),
        )
    };
    say(allowed(&shared, &headers, &name).and_then(|()| asked()), 200)
}

async fn state(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let said = allowed(&shared, &headers, &name).and_then(|()| device(&shared, &name));
    say(
        said.map(
            |device| json!({ "instance": { "instanceName": name, "state": state_word(device.standing) } }),
        ),
        200,
    )
}

/// A closed one answers 200 with an error inside.
async fn restart(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let done = || {
        let now = shared.now();
        let device = device(&shared, &name)?;
        if device.standing != Standing::Working {
            return Ok(json!({ "error": true, "message": "The instance is not connected" }));
        }
        shared.vendors.evolution.devices.change(&name, |device| {
            device.stop(now);
            device.start(now);
        });
        Ok(json!({ "instance": { "instanceName": name, "state": "open" } }))
    };
    say(allowed(&shared, &headers, &name).and_then(|()| done()), 200)
}

async fn log_out(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let done = || {
        let now = shared.now();
        if device(&shared, &name)?.standing == Standing::Stopped {
            return Err(wrong(
                400,
                "Bad Request",
                json!([format!("The \"{name}\" instance is not connected")]),
            ));
        }
        let changed = shared.vendors.evolution.devices.change(&name, |device| {
            device.log_out(now);
            device.clone()
        });
        hooks::tell_instance(&shared, &changed.ok_or_else(|| no_instance(&name))?);
        Ok(json!({ "status": "SUCCESS", "error": false, "response": { "message": "Instance logged out" } }))
    };
    say(allowed(&shared, &headers, &name).and_then(|()| done()), 200)
}

async fn remove(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let done = || {
        if !shared.vendors.evolution.devices.remove(&name) {
            return Err(no_instance(&name));
        }
        Ok(json!({ "status": "SUCCESS", "error": false, "response": { "message": "Instance deleted" } }))
    };
    say(allowed(&shared, &headers, &name).and_then(|()| done()), 200)
}

/// Lays a member of the configuration over the old one.
fn set(shared: &Shared, name: &str, member: &str, value: Value) -> ErrorAnswer {
    let changed = shared.vendors.evolution.devices.change(name, |device| {
        if !device.config.is_object() {
            device.config = json!({});
        }
        device.config[member] = value.clone();
    });
    changed.map(|()| value).ok_or_else(|| no_instance(name))
}

async fn set_webhook(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = allowed(&shared, &headers, &name).and_then(|()| match body["webhook"].is_object() {
        true => set(&shared, &name, "webhook", body["webhook"].clone()),
        false => Err(wrong(400, "Bad Request", json!([["instance requires property \"webhook\""]]))),
    });
    say(said, 201)
}

async fn set_settings(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = allowed(&shared, &headers, &name)
        .and_then(|()| set(&shared, &name, "groupsIgnore", body["groupsIgnore"].clone()));
    say(said, 201)
}
