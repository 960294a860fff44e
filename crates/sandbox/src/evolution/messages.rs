//! Posting, listing, changing and deleting messages (`providers/src/evolution/NOTES.md` §3, §4).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks::tell;
use super::instances::{ErrorAnswer, allowed, connected, say, wrong};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::network::{GroupPost, PostKind, PostNotice, Refusal, plan, world_key};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/evolution/message/{action}/{instance}", post(send))
        .route("/evolution/chat/findMessages/{instance}", post(find))
        .route("/evolution/chat/updateMessage/{instance}", post(edit))
        .route("/evolution/chat/deleteMessageForEveryone/{instance}", delete(remove))
}

/// What a call that sends holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    number: String,
    text: String,
    mentions_every_one: bool,
    link_preview: Option<bool>,
    mediatype: String,
    media: String,
    caption: String,
    name: String,
    selectable_count: Option<u32>,
    values: Vec<String>,
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path((action, instance)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked: Sent = serde_json::from_slice(&body).unwrap_or_default();
    let key = world_key(&asked.number);
    let server_error = |_| wrong(500, "Internal Server Error", json!("Internal server error")).1;
    exchange(&shared, &scissors, Some(key), server_error, |answered| {
        let taken = allowed(&shared, &headers, &instance)
            .and_then(|()| take(&shared, &instance, &action, &asked, answered));
        match taken {
            Ok(post) => Answer {
                accepted: post.phones.iter().map(|(_, place)| *place).collect(),
                response: exchange::json(201, &shown(&post)),
            },
            Err((status, body)) => Answer { accepted: Vec::new(), response: exchange::json(status, &body) },
        }
    })
    .await
}

fn bad(message: Value) -> (u16, Value) {
    wrong(400, "Bad Request", message)
}

/// Judges a post as the gateway would, and lays it on the phones.
fn take(
    shared: &Shared,
    instance: &str,
    action: &str,
    asked: &Sent,
    answered: bool,
) -> Result<Arc<GroupPost>, (u16, Value)> {
    let post = read(action, asked)?;
    let account = connected(shared, instance)?;
    let evolution = &shared.vendors.evolution;
    let faults = shared.faults.get();
    let habits = &faults.habits.evolution;
    if shared.faults.strikes(habits.refuses, "evolution_refuses", &asked.number, shared.ids.next()) {
        let words = habits.refuses_with.as_deref().unwrap_or("Error: Connection Closed");
        return Err(bad(json!([words])));
    }
    let nth = shared.ids.next();
    let id = format!("3EB0{:016X}", shared.ids.chance().bits("evolution", "message", nth));
    let post = GroupPost { id, account, at: shared.now(), answered, ..post };
    let refusal = |refusal| match refusal {
        Refusal::NoGroup => bad(json!(["Error: item-not-found"])),
        // The gateway writes it to its socket; what WhatsApp says to it is never told.
        Refusal::AdminsOnly => bad(json!(["Error: forbidden"])),
    };
    let group = evolution.network.may_post(&post.group, account).map_err(refusal)?;
    let post = evolution.network.post(shared, "evolution", instance, post).map_err(refusal)?;
    plan(shared, instance, &post, &group, tell, |shared, job| {
        if let PostNotice::Refused(code) = job.told {
            let network = &shared.vendors.evolution.network;
            network.change_post(&job.post.group, &job.post.id, |post| post.refused = Some(code));
        }
    });
    Ok(post)
}

fn read(action: &str, asked: &Sent) -> Result<GroupPost, (u16, Value)> {
    let mut post = GroupPost {
        group: asked.number.clone(),
        mentions_all: asked.mentions_every_one,
        link_preview: asked.link_preview.unwrap_or(true),
        ..GroupPost::default()
    };
    match action {
        "sendText" if asked.text.trim().is_empty() => return Err(bad(json!(["Text is required"]))),
        "sendText" => post.text.clone_from(&asked.text),
        "sendMedia" => {
            post.kind = match asked.mediatype.as_str() {
                "image" => PostKind::Image,
                "video" => PostKind::Video,
                "document" => PostKind::Document,
                _ => return Err(bad(json!([["instance.mediatype is not one of enum values"]]))),
            };
            if !asked.media.starts_with("http") {
                return Err(bad(json!(["Owned media must be a url or base64"])));
            }
            post.media = Some(asked.media.clone());
            post.text.clone_from(&asked.caption);
        }
        "sendPoll" => {
            let fits =
                (2..=10).contains(&asked.values.len()) && asked.selectable_count.is_some_and(|n| n <= 10);
            if !fits || asked.name.is_empty() {
                return Err(bad(json!([["instance.values does not meet minimum length of 2"]])));
            }
            post.kind = PostKind::Poll;
            post.text.clone_from(&asked.name);
            post.options.clone_from(&asked.values);
        }
        other => {
            return Err((
                404,
                json!({ "status": 404, "error": "Not Found", "response": { "message": [format!("Cannot POST /message/{other}")] } }),
            ));
        }
    }
    Ok(post)
}

/// A stored message, in the answer of a call and in lists alike.
pub(super) fn shown(post: &GroupPost) -> Value {
    let text = post.edited.as_ref().unwrap_or(&post.text);
    let (kind, message) = match post.kind {
        PostKind::Text => ("conversation", json!({ "conversation": text })),
        PostKind::Image => ("imageMessage", json!({ "imageMessage": { "caption": text } })),
        PostKind::Video => ("videoMessage", json!({ "videoMessage": { "caption": text } })),
        PostKind::Document => ("documentMessage", json!({ "documentMessage": { "caption": text } })),
        PostKind::Poll => ("pollCreationMessage", json!({ "pollCreationMessage": { "name": text } })),
    };
    json!({
        "key": { "remoteJid": post.group, "fromMe": true, "id": post.id }, "pushName": "", "status": "PENDING",
        "message": message, "messageType": kind, "messageTimestamp": post.at / 1_000, "source": "unknown",
    })
}

async fn find(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let list = || {
        let account = connected(&shared, &instance)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let jid = body["where"]["key"]["remoteJid"].as_str().unwrap_or_default();
        let posts = shared.vendors.evolution.network.posts(jid);
        let own = posts.iter().rev().filter(|post| post.account == account && !post.deleted);
        let records: Vec<Value> = own.take(50).map(|post| shown(post)).collect();
        Ok(
            json!({ "messages": { "total": records.len(), "pages": 1, "currentPage": 1, "records": records } }),
        )
    };
    say(allowed(&shared, &headers, &instance).and_then(|()| list()), 200)
}

fn change(
    shared: &Shared,
    instance: &str,
    jid: &Value,
    id: &Value,
    change: impl FnOnce(&mut GroupPost),
) -> ErrorAnswer {
    connected(shared, instance)?;
    let (jid, id) = (jid.as_str().unwrap_or_default(), id.as_str().unwrap_or_default());
    let changed = shared.vendors.evolution.network.change_post(jid, id, change);
    changed.map(|()| json!({ "key": { "id": id } })).ok_or_else(|| bad(json!(["Message not found"])))
}

async fn edit(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    let said = allowed(&shared, &headers, &instance).and_then(|()| {
        change(&shared, &instance, &body["key"]["remoteJid"], &body["key"]["id"], |post| {
            post.edited = Some(text)
        })
    });
    say(said, 200)
}

async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(instance): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = allowed(&shared, &headers, &instance).and_then(|()| {
        change(&shared, &instance, &body["remoteJid"], &body["id"], |post| post.deleted = true)
    });
    say(said, 201)
}
