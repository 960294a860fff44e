//! Evolution API under `/sandbox`: what a phone or WhatsApp would do.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::hooks;
use crate::control::{missing, parse, say, value};
use crate::devices::Device;
use crate::{Sandbox, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/evolution", get(all))
        .route("/sandbox/evolution/groups/{group}/posts", get(posts))
        .route("/sandbox/evolution/instances/{instance}/scan", post(scan))
        .route("/sandbox/evolution/instances/{instance}/fail", post(fail))
}

fn change<T>(shared: &Shared, instance: &str, change: impl FnOnce(&mut Device) -> T) -> Option<T> {
    let changed =
        shared.vendors.evolution.devices.change(instance, |device| (change(device), device.clone()));
    let (changed, device) = changed?;
    hooks::tell_instance(shared, &device);
    Some(changed)
}

fn scanned(shared: &Shared, instance: &str, phone: u64) -> bool {
    let (now, passkey) = (shared.now(), shared.faults.get().habits.evolution.wants_passkey);
    change(shared, instance, |device| device.scan(phone, passkey, now)).unwrap_or(false)
}

impl Sandbox {
    /// A phone scans the code that Evolution shows for an instance; whether there was one.
    pub fn evolution_scan(&self, instance: &str, phone: u64) -> bool {
        scanned(&self.shared, instance, phone)
    }

    /// WhatsApp ends an instance of Evolution's with a code.
    pub fn evolution_fail(&self, instance: &str, code: u32) {
        let now = self.shared.now();
        change(&self.shared, instance, |device| device.fail(code, now));
    }

    /// A member joins a group or leaves it.
    pub fn evolution_member(&self, group: &str, phone: u64, joins: bool) {
        let network = &self.shared.vendors.evolution.network;
        let member = network.move_member(group, phone, joins);
        if let Some(member) = member {
            hooks::tell_member(&self.shared, group, &member, joins);
        }
    }
}

async fn all(State(shared): State<Arc<Shared>>) -> Response {
    let evolution = &shared.vendors.evolution;
    say(Ok(json!({
        "instances": evolution.devices.all(), "groups": evolution.network.groups(), "posts": evolution.network.all_posts().len(),
    })))
}

async fn posts(State(shared): State<Arc<Shared>>, Path(group): Path<String>) -> Response {
    let posts = shared.vendors.evolution.network.posts(&group);
    say(value(posts.iter().map(|post| &**post).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
struct Phone {
    phone: u64,
}

async fn scan(State(shared): State<Arc<Shared>>, Path(instance): Path<String>, body: Bytes) -> Response {
    say(parse::<Phone>(&body).and_then(|who| match scanned(&shared, &instance, who.phone) {
        true => Ok(json!({})),
        false => Err((409, "no code shows".to_owned())),
    }))
}

#[derive(Deserialize)]
struct Code {
    code: u32,
}

async fn fail(State(shared): State<Arc<Shared>>, Path(instance): Path<String>, body: Bytes) -> Response {
    let now = shared.now();
    say(parse::<Code>(&body).and_then(|why| {
        let changed = change(&shared, &instance, |device| device.fail(why.code, now));
        changed.map(|()| json!({})).ok_or_else(|| missing("instance"))
    }))
}
