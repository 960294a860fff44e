//! The body of a `bulkV2` call (NOTES.md §2.2).

use std::borrow::Cow;

use domain::{
    ids::MessageSpan,
    phone::Phone,
    sms::{Alphabet, SmsRoute, SmsTemplate, segments},
    template::Content,
};
use serde::Serialize;

use super::Fast2smsAccount;

/// Members that are empty are not sent.
#[derive(Serialize)]
struct Body<'a> {
    route: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<&'a str>,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    variables_values: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'static str>,
    numbers: String,
    flash: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_details: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    udf1: Option<String>,
}

/// Why no call can be made.
pub(super) enum Unsendable {
    /// One of the numbers, or all.
    Numbers,
    /// What is missing, in words.
    Setup(String),
}

pub(super) fn body(
    account: &Fast2smsAccount,
    template: &SmsTemplate,
    content: &Content,
    to: &[&str],
    span: Option<MessageSpan>,
) -> Result<Vec<u8>, Unsendable> {
    let setup = |missing: &str| Unsendable::Setup(format!("The {missing} is missing"));
    let numbers = numbers(to).ok_or(Unsendable::Numbers)?;
    let sender = template.sender.as_ref().or(account.sender.as_ref()).map(|sender| sender.as_str());
    let entity = template.entity_id.as_ref().or(account.entity.as_ref()).map(|entity| entity.as_str());
    let bare = Body {
        route: "dlt",
        sender_id: None,
        message: Cow::Borrowed(""),
        variables_values: String::new(),
        template_id: None,
        entity_id: None,
        language: None,
        numbers,
        flash: "0",
        sms_details: None,
        udf1: None,
    };
    // Details and our own mark are documented for the two DLT routes alone.
    let details = Some("1");
    let udf1 = span.map(|span| span.to_string());
    let body = match template.route {
        SmsRoute::Dlt => Body {
            sender_id: Some(sender.ok_or_else(|| setup("sender id"))?),
            message: template.message_id.as_ref().ok_or_else(|| setup("message id"))?.as_str().into(),
            // A `|` within a value was replaced when it was put in; an older row may still hold one.
            variables_values: joined(content.values()),
            entity_id: entity,
            sms_details: details,
            udf1,
            ..bare
        },
        SmsRoute::DltManual => Body {
            route: "dlt_manual",
            sender_id: Some(sender.ok_or_else(|| setup("sender id"))?),
            message: template.text(content).into(),
            template_id: Some(
                template.template_id.as_ref().ok_or_else(|| setup("DLT template id"))?.as_str(),
            ),
            entity_id: Some(entity.ok_or_else(|| setup("entity id"))?),
            sms_details: details,
            udf1,
            ..bare
        },
        SmsRoute::Quick => {
            let text = template.text(content);
            let language = match segments(&text).alphabet {
                Alphabet::Gsm7 => "english",
                Alphabet::Unicode => "unicode",
            };
            Body { route: "q", message: text.into(), language: Some(language), ..bare }
        }
    };
    Ok(serde_json::to_vec(&body).expect("text is always JSON"))
}

/// The values with `|` between them.
fn joined(values: &[String]) -> String {
    let mut joined = String::with_capacity(values.iter().map(|value| value.len() + 1).sum());
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            joined.push('|');
        }
        joined.extend(value.chars().map(|c| if c == '|' { ' ' } else { c }));
    }
    joined
}

/// Ten digits each, separated by commas (§2.2); `None` when one is no Indian mobile number, or there is none at all.
fn numbers(to: &[&str]) -> Option<String> {
    let mut numbers = String::with_capacity(to.len() * 11);
    for number in to {
        let phone = Phone::from_stored(number).ok()?;
        let ten = phone.national_ten().filter(|ten| ten.starts_with(['6', '7', '8', '9']))?;
        if !numbers.is_empty() {
            numbers.push(',');
        }
        numbers.push_str(ten);
    }
    (!numbers.is_empty()).then_some(numbers)
}
