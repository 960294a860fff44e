//! Posting, listing, changing and deleting messages (`providers/src/waha/NOTES.md` §3, §4).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::hooks::{tell, wrapped};
use super::sessions::{ErrorAnswer, allowed, say, working};
use crate::Shared;
use crate::exchange::{self, Answer, exchange};
use crate::line::Scissors;
use crate::network::{GroupPost, PostKind, Refusal, plan, world_key};

pub(super) fn routes() -> Router<Arc<Shared>> {
    let send = |kind| {
        post(move |state, line, headers, body| async move { send(state, line, headers, body, kind).await })
    };
    Router::new()
        .route("/api/sendText", send(PostKind::Text))
        .route("/api/sendImage", send(PostKind::Image))
        .route("/api/sendVideo", send(PostKind::Video))
        .route("/api/sendFile", send(PostKind::Document))
        .route("/api/sendPoll", send(PostKind::Poll))
        .route("/api/{session}/chats/{chat}/messages", get(messages))
        .route("/api/{session}/chats/{chat}/messages/{id}", put(edit).delete(delete))
}

/// What a call that sends holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    session: String,
    chat_id: String,
    text: String,
    caption: String,
    mentions: Vec<String>,
    link_preview: Option<bool>,
    file: Value,
    poll: Value,
}

/// A failure that has no words of its own: 500 with the exception within (§4).
pub(super) fn exception(message: &str) -> (u16, Value) {
    (
        500,
        json!({
            "statusCode": 500, "timestamp": "2026-01-01T04:00:00.000Z",
            "exception": { "message": message, "name": "Error" }, "request": {}, "version": { "version": "2026.8.1" },
        }),
    )
}

fn bad(message: &str) -> (u16, Value) {
    (400, json!({ "statusCode": 400, "message": [message], "error": "Bad Request" }))
}

async fn send(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
    kind: PostKind,
) -> Response {
    let asked: Sent = serde_json::from_slice(&body).unwrap_or_default();
    let key = world_key(&asked.chat_id);
    let server_error = |_| exception("Internal server error").1;
    exchange(&shared, &scissors, Some(key), server_error, |answered| {
        let taken = allowed(&shared, &headers).and_then(|()| take(&shared, &asked, kind, answered));
        match taken {
            Ok(post) => Answer {
                accepted: post.phones.iter().map(|(_, place)| *place).collect(),
                response: exchange::json(201, &answer(&shared, &post)),
            },
            Err((status, body)) => Answer { accepted: Vec::new(), response: exchange::json(status, &body) },
        }
    })
    .await
}

/// Judges a post as the gateway and WhatsApp would, and lays it on the phones.
fn take(
    shared: &Shared,
    asked: &Sent,
    kind: PostKind,
    answered: bool,
) -> Result<Arc<GroupPost>, (u16, Value)> {
    let (_, account) = working(shared, &asked.session)?;
    let post = read(asked, kind)?;
    let waha = &shared.vendors.waha;
    let faults = shared.faults.get();
    let habits = &faults.habits.waha;
    if shared.faults.strikes(habits.refuses, "waha_refuses", &asked.chat_id, shared.ids.next()) {
        let code = habits.refuses_with.unwrap_or(463);
        return Err(exception(&format!("2 UNKNOWN: server returned error {code}")));
    }
    let nth = shared.ids.next();
    let id = format!("3EB0{:016X}", shared.ids.chance().bits("waha", "message", nth));
    let post = GroupPost { id, account, at: shared.now(), answered, ..post };
    let group = waha.network.may_post(&post.group, account).map_err(refusal)?;
    let post = waha.network.post(shared, "waha", &asked.session, post).map_err(refusal)?;
    plan(shared, &asked.session, &post, &group, tell, |shared, job| {
        if let crate::network::PostNotice::Refused(code) = job.told {
            let (group, id) = (&job.post.group, &job.post.id);
            shared.vendors.waha.network.change_post(group, id, |post| post.refused = Some(code));
            // A time-lock shows on the account as soon as WhatsApp says so (§4).
            if code == 463 {
                let until = shared.now() + 24 * 60 * 60 * 1_000;
                shared.vendors.waha.devices.change(&job.session, |device| device.locked_until = Some(until));
            }
        }
    });
    Ok(post)
}

fn refusal(refusal: Refusal) -> (u16, Value) {
    exception(match refusal {
        Refusal::NoGroup => "2 UNKNOWN: info query returned status 404: item-not-found",
        Refusal::AdminsOnly => "2 UNKNOWN: server returned error 403: forbidden",
    })
}

fn read(asked: &Sent, kind: PostKind) -> Result<GroupPost, (u16, Value)> {
    if !asked.chat_id.contains('@') {
        return Err(bad("chatId must be a chat id"));
    }
    let mut post = GroupPost {
        group: asked.chat_id.clone(),
        kind,
        mentions_all: asked.mentions.iter().any(|one| one == "all"),
        link_preview: asked.link_preview.unwrap_or(true),
        ..GroupPost::default()
    };
    match kind {
        PostKind::Text if asked.text.is_empty() => return Err(bad("text should not be empty")),
        PostKind::Text => post.text.clone_from(&asked.text),
        PostKind::Poll => {
            let options: Vec<String> =
                serde_json::from_value(asked.poll["options"].clone()).unwrap_or_default();
            if !(2..=12).contains(&options.len()) {
                return Err(bad("poll.options must contain 2 to 12 elements"));
            }
            post.text = asked.poll["name"].as_str().unwrap_or_default().to_owned();
            post.options = options;
        }
        PostKind::Image | PostKind::Video | PostKind::Document => {
            let source = asked.file["url"].as_str().or_else(|| asked.file["data"].as_str());
            let has_type = asked.file["mimetype"].as_str().is_some_and(|mime| mime.contains('/'));
            post.media = Some(
                source
                    .filter(|_| has_type)
                    .ok_or_else(|| bad("file must have mimetype and url or data"))?
                    .to_owned(),
            );
            post.text.clone_from(&asked.caption);
        }
    }
    Ok(post)
}

/// The answer of a good call; its id in the form of the engine (§3).
fn answer(shared: &Shared, post: &GroupPost) -> Value {
    let whole = wrapped(post);
    let at = post.at / 1_000;
    match shared.faults.get().habits.waha.id_form {
        0 => {
            json!({ "id": { "fromMe": true, "remote": post.group, "id": post.id, "_serialized": whole }, "timestamp": at })
        }
        1 => json!({ "id": whole, "timestamp": at, "fromMe": true, "ack": 0 }),
        _ => {
            json!({ "key": { "remoteJid": post.group, "fromMe": true, "id": post.id }, "messageTimestamp": at })
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<usize>,
    #[serde(rename = "filter.timestamp.gte")]
    from: Option<i64>,
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    Path((session, chat)): Path<(String, String)>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let list = || {
        let (_, account) = working(&shared, &session)?;
        let posts = shared.vendors.waha.network.posts(&chat);
        let own = posts.iter().rev().filter(|post| post.account == account && !post.deleted);
        let since = own.filter(|post| page.from.is_none_or(|from| post.at / 1_000 >= from));
        let shown = since.take(page.limit.unwrap_or(10)).map(|post| {
            json!({
                "id": wrapped(post), "timestamp": post.at / 1_000, "from": post.group, "fromMe": true,
                "body": post.edited.as_ref().unwrap_or(&post.text), "hasMedia": post.media.is_some(), "ack": 1,
            })
        });
        Ok(Value::Array(shown.collect()))
    };
    say(allowed(&shared, &headers).and_then(|()| list()), 200)
}

/// The bare id within a wrapped one.
fn bare(id: &str) -> &str {
    id.split('_').nth(2).unwrap_or(id)
}

fn change(
    shared: &Shared,
    (session, chat, id): &(String, String, String),
    change: impl FnOnce(&mut GroupPost),
) -> ErrorAnswer {
    working(shared, session)?;
    let changed = shared.vendors.waha.network.change_post(chat, bare(id), change);
    changed.map(|()| Value::Bool(true)).ok_or_else(|| exception("Message not found"))
}

async fn edit(
    State(shared): State<Arc<Shared>>,
    Path(whose): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text =
        serde_json::from_slice::<Value>(&body).ok().and_then(|body| body["text"].as_str().map(str::to_owned));
    let said = allowed(&shared, &headers)
        .and_then(|()| text.ok_or_else(|| bad("text should not be empty")))
        .and_then(|text| change(&shared, &whose, |post| post.edited = Some(text)));
    say(said, 200)
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Path(whose): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let said = allowed(&shared, &headers).and_then(|()| change(&shared, &whose, |post| post.deleted = true));
    say(said, 200)
}
