//! Adapters to the services that carry messages, one file per vendor.
//!
//! An adapter turns a message into a call and the call's ending into an [`Outcome`]. It asks nothing of the store, decides
//! nothing about retries, and never makes a call a second time.

pub mod aisensy;
pub mod answer;
pub mod codes;
pub mod http;
mod lenient;
pub mod secret;

use std::fmt;

use domain::{
    channel::Channel,
    checks::Probe,
    outcome::{Outcome, Said},
    receipt::Event,
    template::{Content, WhatsappTemplate},
    time::Millis,
};

pub use aisensy::{AisensyAccount, AisensySecrets, AisensySettings};
pub use codes::{Meaning, NextAction, UNRECOGNISED, meaning, pauses_broadcast};
pub use http::{Http, HttpSettings};
pub use secret::Secret;

/// What a broadcast sends, frozen when it was confirmed. Read once per broadcast, used for each message.
#[derive(Clone, Debug)]
pub enum Wire {
    /// A template of WhatsApp Personal.
    Whatsapp(aisensy::WhatsappWire),
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
            Channel::WhatsappGroup | Channel::Sms | Channel::IvrCall => Err(WireError::Channel(channel)),
        }
    }
}

impl From<WhatsappTemplate> for Wire {
    fn from(template: WhatsappTemplate) -> Wire {
        Wire::Whatsapp(template.into())
    }
}

/// One message, ready to go.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What the broadcast sends.
    pub wire: &'a Wire,
    /// What differs from person to person.
    pub content: &'a Content,
    /// Who gets it, in E.164 form.
    pub to: &'a str,
    /// The present moment, for answers that name a date.
    pub now: Millis,
}

/// Neither the number nor what is said to it.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("now", &self.now).finish_non_exhaustive()
    }
}

/// A connected account of any vendor. A vendor is one variant and one file; an enum, so that a call needs no box.
#[derive(Clone, Debug)]
pub enum Account {
    /// AiSensy, or a reseller of it.
    Aisensy(AisensyAccount),
}

impl Account {
    /// The channel that it serves.
    pub fn channel(&self) -> Channel {
        match self {
            Account::Aisensy(_) => Channel::WhatsappPersonal,
        }
    }

    /// Makes one call for one message. Always ends: the client has a total time limit.
    pub async fn send(&self, http: &Http, call: &Call<'_>) -> Outcome {
        match (self, call.wire) {
            (Account::Aisensy(account), Wire::Whatsapp(wire)) => {
                account.send(http, wire, call.content, call.to, call.now).await
            }
        }
    }

    /// Asks the provider about what a broadcast would send, without sending. Free of charge.
    pub async fn probe(&self, http: &Http, wire: &Wire) -> Probe {
        match (self, wire) {
            (Account::Aisensy(account), Wire::Whatsapp(wire)) => {
                account.probe(http, &wire.template.campaign).await
            }
        }
    }

    /// Whether a post to our callback comes from this provider. To be asked before anything in it is believed.
    /// `header` looks a header up by its name in lower case.
    pub fn is_genuine<'h>(&self, raw: &[u8], header: impl Fn(&str) -> Option<&'h str>) -> bool {
        match self {
            Account::Aisensy(account) => account.is_genuine(raw, header(aisensy::SIGNATURE_HEADER)),
        }
    }

    /// The key under which a post is stored once, however often it comes.
    pub fn dedupe_key(&self, raw: &[u8]) -> String {
        match self {
            Account::Aisensy(_) => aisensy::dedupe_key(raw),
        }
    }

    /// What a stored post says. Never fails: what cannot be read is [`Event::Other`].
    pub fn read(&self, raw: &[u8]) -> Vec<Event> {
        match self {
            Account::Aisensy(_) => aisensy::read(raw),
        }
    }

    /// Whether an outcome that came `in_a_row` times says that the broadcast, not the people, is at fault: answers that
    /// no row of the table knows (providers/aisensy.md §2.5, “other 4xx”).
    pub fn strikes_out(said: &Said, in_a_row: usize) -> bool {
        said.code == UNRECOGNISED && in_a_row >= codes::STRIKES_MAX
    }
}
