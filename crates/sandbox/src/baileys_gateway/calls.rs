//! The twelve calls (`providers/src/baileys_gateway/NOTES.md` §2, §3).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks;
use crate::Shared;
use crate::devices::{Device, Standing};
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::network::{Group, GroupPost, PostKind, PostNotice, Refusal, plan, world_key};

/// Where it answers: below a path of its own, since its calls have names that others have too.
pub(super) const PATH: &str = "/baileys";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/baileys/health", get(health))
        .route("/baileys/connect", post(connect))
        .route("/baileys/status/{session}", get(status))
        .route("/baileys/disconnect/{session}", post(disconnect))
        .route("/baileys/send", post(send))
        .route("/baileys/groups/{session}", get(groups))
        .route("/baileys/groups/{session}/{group}/invite", get(invite))
        .route("/baileys/groups/{session}/{group}/participants", get(participants))
        .route("/baileys/groups/{session}/{group}/participants/{verb}", post(never))
        .route("/baileys/create-community", post(create_community))
        .route("/baileys/message-status", post(message_status))
}

type ErrorAnswer = Result<Value, (u16, Value)>;

fn say(said: ErrorAnswer) -> Response {
    match said {
        Ok(body) => exchange::json(200, &body),
        Err((status, body)) => exchange::json(status, &body),
    }
}

fn wrong(status: u16, words: &str) -> (u16, Value) {
    (status, json!({ "error": words }))
}

fn allowed(shared: &Shared, headers: &HeaderMap) -> Result<(), (u16, Value)> {
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let known = key == Some(shared.vendors.baileys_gateway.key.as_str());
    if known { Ok(()) } else { Err(wrong(401, "Unauthorized")) }
}

fn device(shared: &Shared, session: &str) -> Result<Device, (u16, Value)> {
    let device = shared.vendors.baileys_gateway.devices.get(session, shared.now());
    device.ok_or_else(|| wrong(404, "Session not found"))
}

/// The session's number, or the refusal of a call that needs a connection.
fn connected(shared: &Shared, session: &str) -> Result<u64, (u16, Value)> {
    let device = device(shared, session)?;
    device
        .phone
        .filter(|_| device.standing == Standing::Working)
        .ok_or_else(|| wrong(503, "Session is not connected"))
}

async fn health() -> Response {
    say(Ok(json!({ "status": "ok" })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named {
    session_id: String,
    group_jid: String,
}

async fn connect(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let made = || {
        let asked: Named = serde_json::from_slice(&body).unwrap_or_default();
        if asked.session_id.is_empty() {
            return Err(wrong(400, "sessionId is required"));
        }
        let config: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (now, devices) = (shared.now(), &shared.vendors.baileys_gateway.devices);
        devices.add(Device { name: asked.session_id.clone(), ..Device::default() });
        devices.change(&asked.session_id, |device| {
            device.config = config;
            device.start(now);
        });
        Ok(json!({ "success": true, "sessionId": asked.session_id }))
    };
    say(allowed(&shared, &headers).and_then(|()| made()))
}

/// Its word for how a session stands.
pub(super) fn status_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Scan => "qr",
        Standing::Starting | Standing::Passkey | Standing::Compare => "connecting",
        Standing::Working => "connected",
        Standing::Stopped | Standing::Failed => "disconnected",
    }
}

async fn status(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = || {
        let device = device(&shared, &session)?;
        let mut body = json!({ "sessionId": session, "status": status_word(device.standing) });
        // The picture of a code is its text in Base64 here: nobody looks at it.
        if let Some(code) = device.qr(shared.now()) {
            use base64::Engine;
            let picture = base64::engine::general_purpose::STANDARD.encode(code);
            body["qr"] = json!(format!("data:image/png;base64,{picture}"));
        }
        if let Some(phone) = device.phone {
            body["phoneNumber"] = json!(phone.to_string());
        }
        Ok(body)
    };
    say(allowed(&shared, &headers).and_then(|()| told()))
}

async fn disconnect(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Response {
    let done = || {
        if !shared.vendors.baileys_gateway.devices.remove(&session) {
            return Err(wrong(404, "Session not found"));
        }
        Ok(json!({ "success": true }))
    };
    say(allowed(&shared, &headers).and_then(|()| done()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    session_id: String,
    phone: String,
    message: String,
    media_url: Option<String>,
    media_type: Option<String>,
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked: Sent = serde_json::from_slice(&body).unwrap_or_default();
    let key = world_key(&asked.phone);
    exchange(
        &shared,
        &scissors,
        Some(key),
        |_| json!({ "error": "Internal server error" }),
        |answered| {
            let taken = allowed(&shared, &headers).and_then(|()| take(&shared, &asked, answered));
            let none = Vec::new();
            match taken {
                Ok(Some(post)) => {
                    let body = if shared.faults.get().habits.baileys_gateway.sync_answers {
                        json!({ "success": true, "messageId": post.id })
                    } else {
                        json!({ "accepted": true })
                    };
                    Answer {
                        accepted: post.phones.iter().map(|(_, place)| *place).collect(),
                        response: exchange::json(200, &body),
                    }
                }
                Ok(None) => {
                    Answer { accepted: none, response: exchange::json(200, &json!({ "accepted": true })) }
                }
                Err((status, body)) => Answer { accepted: none, response: exchange::json(status, &body) },
            }
        },
    )
    .await
}

/// Takes a post; `None` where it says so and posts nothing.
fn take(shared: &Shared, asked: &Sent, answered: bool) -> Result<Option<Arc<GroupPost>>, (u16, Value)> {
    let gateway = &shared.vendors.baileys_gateway;
    let habits = &shared.faults.get().habits.baileys_gateway;
    let account = match connected(shared, &asked.session_id) {
        Ok(account) => account,
        Err((503, _)) if habits.accepts_when_down => return Ok(None),
        Err(refused) => return Err(refused),
    };
    if asked.message.is_empty() && asked.media_url.is_none() {
        return Err(wrong(400, "message is required"));
    }
    let kind = match asked.media_type.as_deref() {
        Some("image") => PostKind::Image,
        Some("video") => PostKind::Video,
        Some("document") => PostKind::Document,
        Some(_) => return Err(wrong(400, "mediaType is image, video or document")),
        None => PostKind::Text,
    };
    let nth = shared.ids.next();
    let post = GroupPost {
        id: format!("3EB0{:016X}", shared.ids.chance().bits("baileys", "message", nth)),
        group: asked.phone.clone(),
        account,
        kind,
        text: asked.message.clone(),
        media: asked.media_url.clone(),
        at: shared.now(),
        answered,
        ..GroupPost::default()
    };
    let refusal = |refusal| match refusal {
        Refusal::NoGroup => wrong(400, "item-not-found"),
        Refusal::AdminsOnly => wrong(400, "forbidden: only admins may post"),
    };
    let group = gateway.network.may_post(&post.group, account).map_err(refusal)?;
    let post = gateway.network.post(shared, "baileys_gateway", &asked.session_id, post).map_err(refusal)?;
    plan(shared, &asked.session_id, &post, &group, hooks::tell, |shared, job| {
        if let PostNotice::Refused(code) = job.told {
            let network = &shared.vendors.baileys_gateway.network;
            network.change_post(&job.post.group, &job.post.id, |post| post.refused = Some(code));
        }
    });
    Ok(Some(post))
}

async fn groups(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Response {
    let list = || {
        let phone = connected(&shared, &session)?;
        let habits = &shared.faults.get().habits.baileys_gateway;
        if shared.faults.strikes(habits.list_fails, "baileys_list_fails", &session, 0) {
            return Err(wrong(500, "rate-overlimit"));
        }
        if shared.faults.strikes(habits.list_empty, "baileys_list_empty", &session, 0) {
            return Ok(json!({ "groups": [] }));
        }
        let groups = shared.vendors.baileys_gateway.network.groups_of(phone);
        Ok(json!({ "groups": groups.iter().map(|group| shown(group, phone)).collect::<Vec<_>>() }))
    };
    say(allowed(&shared, &headers).and_then(|()| list()))
}

fn is_admin(group: &Group, phone: u64) -> bool {
    group.member(phone).is_some_and(|member| member.admin || member.owner)
}

fn shown(group: &Group, phone: u64) -> Value {
    let admin = is_admin(group, phone);
    let mut shown = json!({
        "id": group.jid, "name": group.subject, "participants": group.members.len(), "isAdmin": admin,
        "isCommunity": group.is_parent, "isCommunityAnnounce": group.is_announcements,
    });
    if admin {
        shown["inviteLink"] = json!(format!("https://chat.whatsapp.com/{}", group.invite));
    }
    shown
}

fn group_of(shared: &Shared, session: &str, jid: &str) -> Result<(Group, u64), (u16, Value)> {
    let phone = connected(shared, session)?;
    let group = shared.vendors.baileys_gateway.network.group(jid);
    let group = group.filter(|group| group.member(phone).is_some() && !group.is_parent);
    Ok((group.ok_or_else(|| wrong(404, "item-not-found"))?, phone))
}

async fn invite(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid));
    say(said.and_then(|(group, phone)| match is_admin(&group, phone) {
        true => Ok(json!({ "inviteCode": group.invite })),
        false => Err(wrong(403, "not-authorized")),
    }))
}

async fn participants(
    State(shared): State<Arc<Shared>>,
    Path((session, jid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| group_of(&shared, &session, &jid));
    say(said.map(|(group, _)| {
        let people = group.members.iter().map(|member| {
            let (phone, id) = match member.hidden {
                true => (Value::Null, format!("{}@lid", member.lid)),
                false => (json!(member.phone.to_string()), format!("{}@s.whatsapp.net", member.phone)),
            };
            json!({ "phone": phone, "id": id, "isAdmin": member.admin || member.owner })
        });
        json!({ "groupName": group.subject, "participants": people.collect::<Vec<_>>() })
    }))
}

/// Adding and promoting never worked where it was needed.
async fn never(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    say(allowed(&shared, &headers).and_then(|()| Err(wrong(403, "not-authorized"))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NewCommunity {
    session_id: String,
    name: String,
    description: String,
    admin_numbers: Vec<String>,
}

async fn create_community(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let made = || {
        let new: NewCommunity = serde_json::from_slice(&body).unwrap_or_default();
        let phone = connected(&shared, &new.session_id)?;
        if new.name.is_empty() {
            return Err(wrong(400, "name is required"));
        }
        let nth = shared.ids.next();
        let (parent, jid) = (format!("1203638{nth:011}@g.us"), format!("1203637{nth:011}@g.us"));
        let base = |jid: &str| Group {
            description: new.description.clone(),
            locked: true,
            ..Group::of(jid, &new.name, [phone])
        };
        let announcements =
            Group { announce: true, is_announcements: true, parent: Some(parent.clone()), ..base(&jid) };
        let body = json!({
            "success": true, "groupId": parent, "communityId": parent, "announcementGroupId": jid,
            "inviteLink": format!("https://chat.whatsapp.com/{}", announcements.invite),
            "adminInvitesSent": new.admin_numbers.len(), "adminNumbersInvited": new.admin_numbers,
        });
        let network = &shared.vendors.baileys_gateway.network;
        network.add_group(Group { is_parent: true, ..base(&parent) });
        network.add_group(announcements);
        Ok(body)
    };
    say(allowed(&shared, &headers).and_then(|()| made()))
}

/// The last message to a group, as long as the service remembers.
async fn message_status(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let told = || {
        let asked: Named = serde_json::from_slice(&body).unwrap_or_default();
        device(&shared, &asked.session_id)?;
        let gateway = &shared.vendors.baileys_gateway;
        let since = gateway.restarted_at();
        let last = gateway.network.posts(&asked.group_jid).into_iter().rev().find(|post| post.at >= since);
        Ok(match last {
            Some(post) => json!({
                "success": true, "found": true, "messageId": post.id, "status": "sent", "timestamp": post.at,
            }),
            None => json!({ "success": true, "found": false }),
        })
    };
    say(allowed(&shared, &headers).and_then(|()| told()))
}
