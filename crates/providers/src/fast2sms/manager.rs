//! What Fast2SMS can be asked, at no cost: the wallet, the registered senders and templates, and what became of a request
//! (NOTES.md §4, §5).

use domain::{
    checks::Probe,
    money::Money,
    sms::{DltTemplateId, EntityId, MessageId, SenderId, SmsRoute, SmsTemplate, Tag, tags_in},
};
use serde_json::Value;

use super::{Fast2smsAccount, KEY_HEADER, answers::said};
use crate::{
    answer::{QueryError, text_of},
    codes,
    http::{Answer, Http, NoResponse},
    lenient::{integer, text, yes_or_no},
};

/// The wallet (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The credit that is left.
    pub balance: Money,
    /// The number of SMS that it lasts for, where Fast2SMS says so.
    pub sms_count: Option<i64>,
}

/// A header in the account's DLT Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSender {
    /// The header as it is registered.
    pub sender: SenderId,
    /// The business that it belongs to.
    pub entity_id: Option<EntityId>,
    /// The name of the business; may be empty.
    pub entity_name: String,
    /// The templates that are approved for the header.
    pub templates: Vec<RegisteredTemplate>,
}

/// An approved template in the account's DLT Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredTemplate {
    /// The register's id of the text.
    pub template_id: Option<DltTemplateId>,
    /// Fast2SMS's short number for it.
    pub message_id: Option<MessageId>,
    /// The registered text, character by character.
    pub text: String,
}

impl RegisteredTemplate {
    /// The kinds of its values, in order.
    pub fn tags(&self) -> Vec<Tag> {
        tags_in(&self.text)
    }
}

impl Fast2smsAccount {
    /// The balance. Sends nothing and costs nothing, and so is the test of a connection.
    ///
    /// # Errors
    /// [`QueryError`], as with every question below.
    pub async fn wallet(&self, http: &Http) -> Result<Wallet, QueryError> {
        let key = Some((KEY_HEADER, &self.api_key));
        let (body, _) = self.told(http.post(&self.wallet, b"{}".to_vec(), key).await)?;
        let places = [&body["wallet"], &body["data"]["wallet"]];
        let balance = places.into_iter().find_map(balance).ok_or_else(|| unreadable("no balance"))?;
        let sms_count = integer(&body["sms_count"]).or_else(|| integer(&body["data"]["sms_count"]));
        Ok(Wallet { balance, sms_count })
    }

    /// The account's headers.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn senders(&self, http: &Http) -> Result<Vec<RegisteredSender>, QueryError> {
        self.dlt_manager(http, "sender").await
    }

    /// The account's approved templates, by header.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn registered(&self, http: &Http) -> Result<Vec<RegisteredSender>, QueryError> {
        self.dlt_manager(http, "template").await
    }

    async fn dlt_manager(&self, http: &Http, kind: &str) -> Result<Vec<RegisteredSender>, QueryError> {
        let key = Some((KEY_HEADER, &self.api_key));
        let (body, _) = self.told(http.get(&self.manager, &[("type", kind)], key).await)?;
        Ok(rows(&body["data"]).iter().filter_map(sender).collect())
    }

    /// What became of a request, as Fast2SMS wrote it: for [`read`](super::read), like a post.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn dlr(&self, http: &Http, request_id: &str) -> Result<String, QueryError> {
        let at = self.reports.join(&[request_id]);
        let (_, raw) = self.told(http.get(&at, &[], Some((KEY_HEADER, &self.api_key))).await)?;
        Ok(raw)
    }

    /// Asks for the wallet, and on route `dlt` how many values the registered text takes. A template that is not found is no
    /// objection: the members of that listing vary (§4), and a send would say so with code 424.
    pub async fn ask_template(&self, http: &Http, template: &SmsTemplate) -> Probe {
        match self.wallet(http).await {
            Ok(_) => {}
            Err(QueryError::Refused(said)) => return Probe::KeyRefused(said.text),
            Err(QueryError::Silent(said)) => return Probe::Silent(said.text),
            Err(QueryError::NotConnected) => return Probe::Silent("Not connected".to_owned()),
        }
        let parameters = match (template.route, &template.message_id) {
            (SmsRoute::Dlt, Some(wanted)) => {
                let senders = self.registered(http).await.unwrap_or_default();
                let mut all = senders.iter().flat_map(|sender| &sender.templates);
                all.find(|one| one.message_id.as_ref() == Some(wanted)).map(|one| one.tags().len())
            }
            (SmsRoute::Dlt | SmsRoute::DltManual | SmsRoute::Quick, _) => None,
        };
        Probe::Answered { live: true, parameters, media: None }
    }

    /// The body of a good answer, read and as it came. `return` in the older answers, `success` in the newer ones.
    fn told(&self, ended: Result<Answer, NoResponse>) -> Result<(Value, String), QueryError> {
        let answer = ended?;
        let read = serde_json::from_slice::<Value>(&answer.body)
            .ok()
            .filter(|body| answer.whole && body.is_object());
        let body = read.unwrap_or_default();
        let words = text_of(&body).unwrap_or("");
        let said = |code: &str| said(code, answer.status, words, &[&self.api_key]);
        let yes = ["return", "success"].iter().find_map(|name| yes_or_no(&body[*name]));
        let code = match integer(&body["status_code"]) {
            Some(code) => format!("f2s_{code}"),
            None => format!("http_{}", answer.status),
        };
        match (yes, answer.status) {
            (Some(false), _) => Err(QueryError::Refused(said(&code))),
            (_, 408 | 429) => Err(QueryError::Silent(said(&code))),
            (_, 300..=499) => Err(QueryError::Refused(said(&code))),
            (_, 200..=299) if body.is_object() => {
                let raw = String::from_utf8_lossy(&answer.body).into_owned();
                Ok((body, raw))
            }
            _ => Err(QueryError::Silent(said(codes::UNREADABLE))),
        }
    }
}

fn unreadable(what: &str) -> QueryError {
    QueryError::Silent(domain::outcome::ProviderAnswer::new(
        codes::UNREADABLE,
        format!("Fast2SMS’s answer holds {what}"),
    ))
}

/// A decimal text with four places (§4). Further places would be less than our smallest unit, and are left out.
fn balance(value: &Value) -> Option<Money> {
    let text = text(value)?;
    let text = match text.split_once('.') {
        Some((whole, part)) if part.len() > 4 && part.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{whole}.{}", &part[..4])
        }
        _ => text,
    };
    Money::parse(&text).ok()
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Headers that are no letters, such as the six digits of older promotional ones, cannot be sent with (§2.2) and are left out.
fn sender(row: &Value) -> Option<RegisteredSender> {
    Some(RegisteredSender {
        sender: parsed(row, &["sender_id", "sender", "header"])?,
        entity_id: parsed(row, &["entity_id", "pe_id", "principal_entity_id"]),
        entity_name: text(&row["entity_name"])
            .map(|name| name.chars().take(200).collect())
            .unwrap_or_default(),
        templates: rows(&row["templates"]).iter().filter_map(template).collect(),
    })
}

fn template(row: &Value) -> Option<RegisteredTemplate> {
    // Not trimmed: a space at the end is part of what was registered.
    let text = ["message", "template", "text", "content"].iter().find_map(|name| row[*name].as_str())?;
    Some(RegisteredTemplate {
        template_id: parsed(row, &["template_id", "dlt_template_id", "content_template_id"]),
        message_id: parsed(row, &["message_id", "id"]),
        // A registered text has 2000 characters at most; an absurd one must not fill a page.
        text: text.chars().take(2_000).collect(),
    })
}

fn parsed<T: std::str::FromStr>(row: &Value, names: &[&str]) -> Option<T> {
    names.iter().find_map(|name| text(&row[*name])?.parse().ok())
}
