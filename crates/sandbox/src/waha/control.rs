//! WAHA under `/sandbox`: what a phone or WhatsApp would do.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::{Waha, hooks};
use crate::Shared;
use crate::control::{ControlResult, missing, parse, say, value};
use crate::{Sandbox, network::Group};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/waha", get(all))
        .route("/sandbox/waha/groups", get(groups).put(put_groups))
        .route("/sandbox/waha/groups/{group}/posts", get(posts))
        .route("/sandbox/waha/groups/{group}/members", post(move_member))
        .route("/sandbox/waha/sessions/{session}/scan", post(scan))
        .route("/sandbox/waha/sessions/{session}/fail", post(fail))
        .route("/sandbox/waha/sessions/{session}/limit", post(limit))
        .route("/sandbox/waha/sessions/{session}/restart", post(restart))
}

impl Waha {
    /// A phone scans the code of a session, or types it; the gateway tells of it.
    pub(crate) fn scan(&self, shared: &Shared, session: &str, phone: u64) -> bool {
        let passkey = shared.faults.get().habits.waha.wants_passkey;
        self.change(shared, session, |device| device.scan(phone, passkey, shared.now())).unwrap_or(false)
    }

    /// Changes a session and tells how it stands.
    fn change<T>(
        &self,
        shared: &Shared,
        session: &str,
        change: impl FnOnce(&mut crate::devices::Device) -> T,
    ) -> Option<T> {
        let changed = self.devices.change(session, |device| (change(device), device.clone()));
        let (changed, device) = changed?;
        hooks::tell_session(shared, &device);
        Some(changed)
    }
}

impl Sandbox {
    /// A phone scans the code that WAHA shows for a session; whether there was one.
    pub fn waha_scan(&self, session: &str, phone: u64) -> bool {
        self.shared.vendors.waha.scan(&self.shared, session, phone)
    }

    /// WhatsApp ends a session of WAHA's with a code: 401, 402, 403, 440.
    pub fn waha_fail(&self, session: &str, code: u32) {
        let now = self.shared.now();
        self.shared.vendors.waha.change(&self.shared, session, |device| device.fail(code, now));
    }

    /// WhatsApp restricts a session of WAHA's until then: by a time-lock, or by message capping.
    pub fn waha_limit(&self, session: &str, locked_until: Option<i64>, capped_until: Option<i64>) {
        self.shared.vendors.waha.change(&self.shared, session, |device| {
            (device.locked_until, device.capped_until) = (locked_until, capped_until);
        });
    }

    /// A member joins a group of WAHA's (`join`) or leaves it (`leave`), and every session that is in the group tells of it.
    pub fn waha_member(&self, group: &str, phone: u64, joins: bool) {
        moved(&self.shared, group, phone, joins);
    }

    /// A member reacts to a post.
    pub fn waha_react(&self, session: &str, group: &str, id: &str, phone: u64, emoji: &str) {
        let waha = &self.shared.vendors.waha;
        let post = waha.network.posts(group).into_iter().find(|post| post.id == id);
        let member = waha.network.group(group).and_then(|group| group.member(phone).cloned());
        if let (Some(post), Some(member)) = (post, member) {
            hooks::tell_reaction(&self.shared, session, &post, &member, emoji);
        }
    }
}

fn moved(shared: &Shared, group: &str, phone: u64, joins: bool) -> bool {
    let network = &shared.vendors.waha.network;
    let member = network.move_member(group, phone, joins);
    if let Some(member) = &member {
        hooks::tell_members(
            shared,
            group,
            if joins { "join" } else { "leave" },
            std::slice::from_ref(member),
        );
    }
    member.is_some()
}

async fn all(State(shared): State<Arc<Shared>>) -> Response {
    let waha = &shared.vendors.waha;
    say(Ok(json!({
        "sessions": waha.devices.all(), "groups": waha.network.groups().len(), "posts": waha.network.all_posts().len(),
    })))
}

async fn groups(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.vendors.waha.network.groups()))
}

async fn put_groups(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(parse::<Vec<Group>>(&body).map(|groups| {
        let count = groups.len();
        shared.vendors.waha.network.set_groups(groups);
        json!({ "groups": count })
    }))
}

async fn posts(State(shared): State<Arc<Shared>>, Path(group): Path<String>) -> Response {
    let posts = shared.vendors.waha.network.posts(&group);
    say(value(posts.iter().map(|post| &**post).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
struct Moved {
    phone: u64,
    joins: bool,
}

async fn move_member(State(shared): State<Arc<Shared>>, Path(group): Path<String>, body: Bytes) -> Response {
    say(parse::<Moved>(&body).and_then(|who| {
        if moved(&shared, &group, who.phone, who.joins) { Ok(json!({})) } else { Err(missing("group")) }
    }))
}

#[derive(Deserialize)]
struct Phone {
    phone: u64,
}

async fn scan(State(shared): State<Arc<Shared>>, Path(session): Path<String>, body: Bytes) -> Response {
    say(parse::<Phone>(&body).and_then(|who| {
        let scanned = shared.vendors.waha.scan(&shared, &session, who.phone);
        if scanned { Ok(json!({})) } else { Err((409, "no code shows".to_owned())) }
    }))
}

#[derive(Deserialize)]
struct Code {
    code: u32,
}

async fn fail(State(shared): State<Arc<Shared>>, Path(session): Path<String>, body: Bytes) -> Response {
    let now = shared.now();
    say(parse::<Code>(&body).and_then(|why| {
        done(shared.vendors.waha.change(&shared, &session, |device| device.fail(why.code, now)))
    }))
}

fn done(changed: Option<()>) -> ControlResult {
    changed.map(|()| json!({})).ok_or_else(|| missing("session"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Limits {
    locked_until: Option<i64>,
    capped_until: Option<i64>,
}

async fn limit(State(shared): State<Arc<Shared>>, Path(session): Path<String>, body: Bytes) -> Response {
    say(parse::<Limits>(&body).and_then(|limits| {
        done(shared.vendors.waha.change(&shared, &session, |device| {
            (device.locked_until, device.capped_until) = (limits.locked_until, limits.capped_until);
        }))
    }))
}

/// The gateway is started anew: every session connects again.
async fn restart(State(shared): State<Arc<Shared>>, Path(session): Path<String>) -> Response {
    let now = shared.now();
    say(done(shared.vendors.waha.change(&shared, &session, |device| {
        device.stop(now);
        device.start(now);
    })))
}
