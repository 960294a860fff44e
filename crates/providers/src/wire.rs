//! What a broadcast sends, frozen when it was confirmed.

use std::collections::BTreeMap;

use domain::{channel::Channel, sms::SmsTemplate, template::Message, whatsapp::WhatsappTemplate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a broadcast sends, frozen when it was confirmed. Read once per broadcast, used for each message.
#[derive(Clone, Debug)]
pub enum Wire {
    /// A template of WhatsApp Personal; boxed, for it is much larger than the others.
    Whatsapp(Box<WhatsappWire>),
    /// An SMS.
    Sms(SmsWire),
}

/// A template of WhatsApp Personal, and what a vendor may take beyond it. All of it may stand in the frozen template; empty
/// members are not sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhatsappWire {
    /// The template.
    #[serde(flatten)]
    pub template: WhatsappTemplate,
    /// Tags of the vendor's project; it ignores those that it does not know.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Attributes of the contact; their keys must exist in the project.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Cards of a carousel template, in the vendor's shape.
    #[serde(default)]
    pub carousel_cards: Vec<Value>,
    /// Place of a location template, in the vendor's shape.
    #[serde(default)]
    pub location: Map<String, Value>,
    /// Fallbacks of `$Name` parameters.
    #[serde(default)]
    pub params_fallback: BTreeMap<String, String>,
}

/// An SMS on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SmsWire {
    /// The template.
    pub template: SmsTemplate,
}

/// A frozen template that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not the JSON that the channel has.
    #[error("the frozen template cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// No adapter sends on that channel.
    #[error("nothing sends on {}", .0.title())]
    Channel(Channel),
}

impl Wire {
    /// Reads what the broadcast froze.
    ///
    /// # Errors
    /// When the text is not a template of that channel.
    pub fn from_json(channel: Channel, frozen: &str) -> Result<Wire, WireError> {
        match channel {
            Channel::WhatsappPersonal => Ok(Wire::Whatsapp(serde_json::from_str(frozen)?)),
            Channel::Sms => Ok(Wire::Sms(serde_json::from_str(frozen)?)),
            Channel::WhatsappGroup | Channel::IvrCall => Err(WireError::Channel(channel)),
        }
    }

    /// The channel that it goes by.
    pub fn channel(&self) -> Channel {
        match self {
            Wire::Whatsapp(_) => Channel::WhatsappPersonal,
            Wire::Sms(_) => Channel::Sms,
        }
    }

    /// The template of it.
    pub fn message(&self) -> Message {
        match self {
            Wire::Whatsapp(wire) => Message::Whatsapp(wire.template.clone()),
            Wire::Sms(wire) => Message::Sms(wire.template.clone()),
        }
    }
}

impl From<WhatsappTemplate> for WhatsappWire {
    fn from(template: WhatsappTemplate) -> Self {
        WhatsappWire {
            template,
            tags: Vec::new(),
            attributes: BTreeMap::new(),
            carousel_cards: Vec::new(),
            location: Map::new(),
            params_fallback: BTreeMap::new(),
        }
    }
}

impl From<SmsTemplate> for SmsWire {
    fn from(template: SmsTemplate) -> SmsWire {
        SmsWire { template }
    }
}

impl From<WhatsappTemplate> for Wire {
    fn from(template: WhatsappTemplate) -> Wire {
        Wire::Whatsapp(Box::new(template.into()))
    }
}

impl From<SmsTemplate> for Wire {
    fn from(template: SmsTemplate) -> Wire {
        Wire::Sms(template.into())
    }
}
