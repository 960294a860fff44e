//! One message, asked for by its id (NOTES.md §3, §12).

use domain::outcome::ProviderAnswer;
use serde_json::{Value, json};

use super::AisensyAccount;
use crate::{
    answer::QueryError,
    codes,
    http::Http,
    lenient::{id, is_something},
};

/// The topic of posts that a question about one message makes.
pub(super) const MESSAGE_TOPIC: &str = "munadi.message";
/// What [`read`](super::read) wants of a message.
const MESSAGE_MEMBERS: &[&str] = &[
    "submitted_message_id",
    "messageId",
    "phone_number",
    "countryCode",
    "status",
    "sent_at",
    "delivered_at",
    "read_at",
    "failed_at",
    "failureResponse",
    "message_price",
];

impl AisensyAccount {
    /// What became of one message, by the id that the send call was answered with: a post of our own making for
    /// [`read`](super::read). The vendor documents that a message can be asked for (D). That this is its id, and where
    /// in the answer the message is, is assumed (A), so an answer that names another message is not believed.
    ///
    /// # Errors
    /// [`QueryError`], also when the answer holds no state of this message.
    pub async fn ask_message(&self, http: &Http, submitted: &str) -> Result<String, QueryError> {
        let body = self.ask(http, &["messages", submitted], &[]).await?;
        let places = [&body["message"], &body["data"]["message"], &body["messages"][0], &body["data"], &body];
        let message = places.into_iter().find(|at| is_something(&at["status"]));
        let unread = || {
            let words = "The answer tells of no such message".to_owned();
            QueryError::Silent(ProviderAnswer::new(codes::UNREADABLE, words))
        };
        let mut message = message.cloned().ok_or_else(unread)?;
        match id(message.get("submitted_message_id")) {
            None => message["submitted_message_id"] = Value::from(submitted),
            Some(own) if own == submitted => {}
            Some(_) => return Err(unread()),
        }
        // What is said and to whom is not kept.
        if let Some(members) = message.as_object_mut() {
            members.retain(|name, _| MESSAGE_MEMBERS.contains(&name.as_str()));
        }
        Ok(json!({ "topic": MESSAGE_TOPIC, "data": { "message": message } }).to_string())
    }
}
