//! Posting, finding, editing and deleting (NOTES.md §3, §6).

use domain::{
    group::{FoundPost, Jid},
    outcome::Outcome,
    post::{FilledPost, MediaKind},
    time::Millis,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{WahaAccount, answers::read_answer};
use crate::{
    answer::{self, QueryError},
    gateway::GroupCall,
    http::Http,
    lenient::{instant, text},
    linked::{file_name, mime},
};

/// Messages of a group that are looked through for one post.
const LOOK_UP: &str = "50";

/// The bare part of a message's id, which is the same in every event: WAHA wraps it as `true_<chat>_<id>[_<participant>]` (§3).
pub fn bare_id(id: &str) -> &str {
    let mut parts = id.split('_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("true" | "false"), Some(_), Some(bare)) => bare,
        _ => id,
    }
}

/// An id as text, or as an object that holds it.
pub(super) fn id_of(value: &Value) -> Option<String> {
    let whole = match value {
        Value::Object(_) => text(&value["_serialized"]).or_else(|| text(&value["id"]))?,
        other => text(other)?,
    };
    let bare = bare_id(&whole);
    (!bare.is_empty() && bare.len() <= 160).then(|| bare.to_owned())
}

impl WahaAccount {
    /// The one call that posts.
    pub(super) async fn post_once(&self, http: &Http, call: &GroupCall<'_>) -> Outcome {
        let (path, body) = self.body(call.group, call.post);
        match self.wire.call(http, (Method::POST, &["api", path], &[]), Some(body), false).await {
            Ok(answer) => read_answer(&answer, call.now, &[&self.wire.key]),
            Err(silence) => answer::unanswered(silence),
        }
    }

    fn body(&self, group: &Jid, post: &FilledPost) -> (&'static str, Value) {
        let mut body = json!({ "session": self.session, "chatId": group.as_str() });
        if post.mention_all {
            body["mentions"] = json!(["all"]);
        }
        if let Some(poll) = &post.poll {
            body["poll"] = json!({
                "name": poll.question, "options": poll.options, "multipleAnswers": poll.several,
            });
            return ("sendPoll", body);
        }
        let Some(media) = &post.media else {
            body["text"] = json!(post.text);
            body["linkPreview"] = json!(post.link_preview);
            return ("sendText", body);
        };
        body["file"] = json!({ "mimetype": mime(media), "filename": file_name(media), "url": media.url });
        body["caption"] = json!(post.text);
        match media.kind {
            MediaKind::Image => ("sendImage", body),
            MediaKind::Video => {
                // Not every film is in the form that phones play (§3).
                body["convert"] = json!(true);
                ("sendVideo", body)
            }
            MediaKind::Document => ("sendFile", body),
        }
    }

    /// Looks through our own messages in the group since then.
    pub(super) async fn find_post(
        &self,
        http: &Http,
        group: &Jid,
        post: &FilledPost,
        since: Millis,
    ) -> Result<Option<FoundPost>, QueryError> {
        let from = (since.0 / 1_000).to_string();
        let query = [
            ("limit", LOOK_UP),
            ("downloadMedia", "false"),
            ("filter.fromMe", "true"),
            ("filter.timestamp.gte", from.as_str()),
        ];
        let path = ["api", &self.session, "chats", group.as_str(), "messages"];
        let list = self.wire.list(http, &path, &query).await?;
        let wanted = post.poll.as_ref().map_or(post.text.as_str(), |poll| poll.question.as_str()).trim();
        let found = list.as_array().into_iter().flatten().find_map(|message| {
            let at = instant(&message["timestamp"]).map(|at| Millis(seconds_to_ms(at.0)));
            let ours = message["fromMe"].as_bool() == Some(true)
                && at.is_none_or(|at| at.0 >= since.0 - since.0 % 1_000);
            let texts = [
                &message["body"],
                &message["caption"],
                &message["poll"]["name"],
                &message["_data"]["poll"]["name"],
            ];
            let same = texts.iter().any(|text| text.as_str().is_some_and(|text| text.trim() == wanted));
            let id = id_of(&message["id"]).filter(|_| ours && same)?;
            Some(FoundPost { id, at })
        });
        Ok(found)
    }

    /// A message's id as a path wants it.
    fn whole_id(group: &Jid, message: &str) -> String {
        format!("true_{}_{}", group.as_str(), bare_id(message))
    }

    pub(super) async fn edit_post(
        &self,
        http: &Http,
        group: &Jid,
        message: &str,
        text: &str,
    ) -> Result<(), QueryError> {
        let id = WahaAccount::whole_id(group, message);
        let path = ["api", &self.session, "chats", group.as_str(), "messages", &id];
        self.wire.ask(http, (Method::PUT, &path, &[]), Some(json!({ "text": text }))).await.map(drop)
    }

    pub(super) async fn delete_post(
        &self,
        http: &Http,
        group: &Jid,
        message: &str,
    ) -> Result<(), QueryError> {
        let id = WahaAccount::whole_id(group, message);
        let path = ["api", &self.session, "chats", group.as_str(), "messages", &id];
        self.wire.ask(http, (Method::DELETE, &path, &[]), None).await.map(drop)
    }
}

/// Messages carry seconds, posts to our callback milliseconds; an instant of this century in seconds has ten digits.
pub(super) fn seconds_to_ms(at: i64) -> i64 {
    if at < 100_000_000_000 { at * 1_000 } else { at }
}
