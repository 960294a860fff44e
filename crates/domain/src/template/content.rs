//! The final values of one message, as its row keeps them.

use serde::{Deserialize, Serialize};

use super::MessageError;
use crate::channel::Channel;

/// The content for one addressee: final values, ready to be sent. Kept in the message's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// The values of a WhatsApp message to one person.
    Whatsapp(WhatsappContent),
    /// The values of an SMS.
    Sms(SmsContent),
    /// The values of a post in a group.
    Group(PostContent),
    /// The values of a call.
    Call(CallContent),
}

/// The values of a call, as they are spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallContent {
    /// Values in order of the script's places.
    #[serde(rename = "p")]
    pub values: Vec<String>,
}

/// The values of a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostContent {
    /// The values in the order of the post's placeholders.
    #[serde(rename = "p")]
    pub values: Vec<String>,
}

/// The values of a WhatsApp message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsappContent {
    /// The person's name, which the provider gets beside the values.
    #[serde(rename = "n", default)]
    pub name: String,
    /// The values in the order of the numbered placeholders.
    #[serde(rename = "p")]
    pub values: Vec<String>,
    /// Button values in order of the buttons that take one.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<String>,
}

/// The values of an SMS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsContent {
    /// The values in the order of the text.
    #[serde(rename = "p")]
    pub values: Vec<String>,
}

impl Content {
    /// Reads what a row of that channel keeps.
    ///
    /// # Errors
    /// When it is no content of that channel.
    pub fn from_json(channel: Channel, text: &str) -> Result<Content, MessageError> {
        match channel {
            Channel::WhatsappPersonal => Ok(Content::Whatsapp(serde_json::from_str(text)?)),
            Channel::Sms => Ok(Content::Sms(serde_json::from_str(text)?)),
            Channel::WhatsappGroup => Ok(Content::Group(serde_json::from_str(text)?)),
            Channel::IvrCall => Ok(Content::Call(serde_json::from_str(text)?)),
        }
    }

    /// An SMS with these values.
    pub fn sms(values: impl IntoIterator<Item = String>) -> Content {
        Content::Sms(SmsContent { values: values.into_iter().collect() })
    }

    /// Values alone, to preview a text of any channel with: they are all that a text shows.
    pub fn for_preview(values: impl IntoIterator<Item = String>) -> Content {
        Content::sms(values)
    }

    /// The values of its text, in order.
    pub fn values(&self) -> &[String] {
        match self {
            Content::Whatsapp(content) => &content.values,
            Content::Sms(content) => &content.values,
            Content::Group(content) => &content.values,
            Content::Call(content) => &content.values,
        }
    }
}
