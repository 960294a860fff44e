//! The former gateway under `/sandbox`: what a phone or WhatsApp would do.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::json;

use super::hooks;
use crate::control::{missing, parse, say, value};
use crate::devices::Device;
use crate::{Sandbox, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/baileys_gateway", get(all))
        .route("/sandbox/baileys_gateway/callbacks", put(put_callbacks))
        .route("/sandbox/baileys_gateway/groups/{group}/posts", get(posts))
        .route("/sandbox/baileys_gateway/sessions/{session}/scan", post(scan))
        .route("/sandbox/baileys_gateway/sessions/{session}/fail", post(fail))
        .route("/sandbox/baileys_gateway/restart", post(restart))
}

fn change<T>(shared: &Shared, session: &str, change: impl FnOnce(&mut Device) -> T) -> Option<T> {
    let changed =
        shared.vendors.baileys_gateway.devices.change(session, |device| (change(device), device.clone()));
    let (changed, device) = changed?;
    hooks::tell_session(shared, &device);
    Some(changed)
}

impl Sandbox {
    /// A phone scans the code that the former gateway shows for a session; whether there was one.
    pub fn baileys_scan(&self, session: &str, phone: u64) -> bool {
        let now = self.shared.now();
        change(&self.shared, session, |device| device.scan(phone, false, now)).unwrap_or(false)
    }

    /// WhatsApp ends a session of the former gateway's.
    pub fn baileys_fail(&self, session: &str, code: u32) {
        let now = self.shared.now();
        change(&self.shared, session, |device| device.fail(code, now));
    }

    /// A member joins a group or leaves it.
    pub fn baileys_member(&self, group: &str, phone: u64, joins: bool) {
        let network = &self.shared.vendors.baileys_gateway.network;
        let member = network.move_member(group, phone, joins);
        if let Some(member) = member {
            hooks::tell_member(&self.shared, group, &member, joins);
        }
    }

    /// A member reacts to a post, or takes that back with an empty `emoji`.
    pub fn baileys_react(&self, session: &str, group: &str, id: &str, phone: u64, emoji: &str) {
        hooks::tell_reaction(&self.shared, session, group, id, phone, emoji);
    }
}

async fn all(State(shared): State<Arc<Shared>>) -> Response {
    let gateway = &shared.vendors.baileys_gateway;
    say(Ok(json!({
        "sessions": gateway.devices.all(), "groups": gateway.network.groups(), "callbacks": gateway.callbacks(),
        "posts": gateway.network.all_posts().len(),
    })))
}

async fn put_callbacks(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(parse::<Vec<String>>(&body).map(|urls| {
        shared.vendors.baileys_gateway.set_callbacks(urls);
        json!({})
    }))
}

async fn posts(State(shared): State<Arc<Shared>>, Path(group): Path<String>) -> Response {
    let posts = shared.vendors.baileys_gateway.network.posts(&group);
    say(value(posts.iter().map(|post| &**post).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
struct Phone {
    phone: u64,
}

async fn scan(State(shared): State<Arc<Shared>>, Path(session): Path<String>, body: Bytes) -> Response {
    let now = shared.now();
    say(parse::<Phone>(&body).and_then(|who| {
        match change(&shared, &session, |device| device.scan(who.phone, false, now)) {
            Some(true) => Ok(json!({})),
            _ => Err((409, "no code shows".to_owned())),
        }
    }))
}

#[derive(Deserialize)]
struct Code {
    code: u32,
}

async fn fail(State(shared): State<Arc<Shared>>, Path(session): Path<String>, body: Bytes) -> Response {
    let now = shared.now();
    say(parse::<Code>(&body).and_then(|why| {
        let changed = change(&shared, &session, |device| device.fail(why.code, now));
        changed.map(|()| json!({})).ok_or_else(|| missing("session"))
    }))
}

async fn restart(State(shared): State<Arc<Shared>>) -> Response {
    shared.vendors.baileys_gateway.restart(shared.now());
    say(Ok(json!({})))
}
