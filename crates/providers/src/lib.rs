//! Adapters to the services that carry messages, one file per vendor.
//!
//! An adapter turns a message into a call and the call's ending into an [`Outcome`]. It asks nothing of the store, decides
//! nothing about retries, and never makes a call a second time.

pub mod aisensy;
pub mod answer;
pub mod codes;
pub mod fast2sms;
pub mod form;
pub mod http;
mod lenient;
pub mod secret;

use std::fmt;

use domain::{
    channel::Channel,
    checks::Probe,
    ids::MessageSpan,
    outcome::{Outcome, Said},
    receipt::Event,
    sending_hours::OpenHours,
    sms::SmsTemplate,
    template::Content,
    time::Millis,
    whatsapp::WhatsappTemplate,
};

pub use aisensy::{AisensyAccount, AisensySecrets, AisensySettings};
pub use answer::NotTold;
pub use codes::{Meaning, NextAction, UNRECOGNISED, meaning, pauses_broadcast};
pub use fast2sms::{Fast2smsAccount, Fast2smsSecrets, Fast2smsSettings};
pub use http::{Http, HttpSettings};
pub use secret::Secret;

/// What a broadcast sends, frozen when it was confirmed. Read once per broadcast, used for each message.
#[derive(Clone, Debug)]
pub enum Wire {
    /// A template of WhatsApp Personal; boxed, for it is much larger than the others.
    Whatsapp(Box<aisensy::WhatsappWire>),
    /// An SMS.
    Sms(fast2sms::SmsWire),
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

/// One call, ready to go: one message, or several that share their content where the account takes that ([`Account::batch`]).
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What the broadcast sends.
    pub wire: &'a Wire,
    /// What differs from call to call.
    pub content: &'a Content,
    /// Who gets it, in E.164 form; never empty, and one alone unless [`Account::batch`] allows more.
    pub to: &'a [&'a str],
    /// Which messages they are, sent along where the provider echoes it; `None` for a test message.
    pub span: Option<MessageSpan>,
    /// The present moment, for answers that name a date.
    pub now: Millis,
}

/// Neither the number nor what is said to it.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("to", &self.to.len()).field("now", &self.now).finish_non_exhaustive()
    }
}

/// A connected account of any vendor. A vendor is one variant and one folder; an enum, so that a call needs no box.
#[derive(Clone, Debug)]
pub enum Account {
    /// AiSensy, or a reseller of it.
    Aisensy(AisensyAccount),
    /// Fast2SMS, or a clone of it.
    Fast2sms(Fast2smsAccount),
}

/// What a provider knows messages by when it is asked about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUpKey {
    /// The id that it gave to one call.
    Call(String),
    /// A name that all messages of the broadcast share.
    Broadcast(String),
}

impl Account {
    /// The channel that it serves.
    pub fn channel(&self) -> Channel {
        match self {
            Account::Aisensy(_) => Channel::WhatsappPersonal,
            Account::Fast2sms(_) => Channel::Sms,
        }
    }

    /// The account's own hours, in the organisation's zone; `None` for any hour.
    pub fn hours(&self) -> Option<OpenHours> {
        match self {
            Account::Aisensy(_) => None,
            Account::Fast2sms(account) => account.hours(),
        }
    }

    /// How many messages may share one call of this broadcast; their content has to be the same.
    pub fn batch(&self, wire: &Wire) -> usize {
        match (self, wire) {
            (Account::Fast2sms(account), Wire::Sms(wire)) => account.batch(wire),
            (Account::Aisensy(_), _) | (Account::Fast2sms(_), Wire::Whatsapp(_)) => 1,
        }
    }

    /// Makes one call. Always ends: the client has a total time limit.
    pub async fn send(&self, http: &Http, call: &Call<'_>) -> Outcome {
        match (self, call.wire, call.to) {
            (Account::Aisensy(account), Wire::Whatsapp(wire), [to]) => {
                account.send(http, wire, call.content, to, call.now).await
            }
            (Account::Fast2sms(account), Wire::Sms(wire), to) => {
                account.send(http, wire, call.content, to, call.span, call.now).await
            }
            (Account::Aisensy(_), Wire::Whatsapp(_), _) => Outcome::Misconfigured(Said::new(
                codes::NOT_SET_UP,
                format!("AiSensy takes one number per call, not {}", call.to.len()),
            )),
            (Account::Aisensy(_), Wire::Sms(_), _) | (Account::Fast2sms(_), Wire::Whatsapp(_), _) => {
                Outcome::Misconfigured(wrong_channel(self))
            }
        }
    }

    /// Whether this refusal of several messages may be the fault of one of them: the others deserve calls of their own.
    pub fn blames_one(said: &Said) -> bool {
        [codes::NUMBERS_REFUSED, codes::SAME_NUMBER, codes::INVALID_NUMBER].contains(&said.code.as_str())
    }

    /// Asks the provider about what a broadcast would send, without sending. Free of charge.
    pub async fn probe(&self, http: &Http, wire: &Wire) -> Probe {
        match (self, wire) {
            (Account::Aisensy(account), Wire::Whatsapp(wire)) => {
                account.probe(http, &wire.template.campaign).await
            }
            (Account::Fast2sms(account), Wire::Sms(wire)) => account.probe(http, &wire.template).await,
            (Account::Aisensy(_), Wire::Sms(_)) | (Account::Fast2sms(_), Wire::Whatsapp(_)) => {
                Probe::Refused(wrong_channel(self).text)
            }
        }
    }

    /// Whether a post to our callback comes from this provider. To be asked before anything in it is believed.
    /// `header` looks a header up by its name in lower case.
    pub fn is_genuine<'h>(&self, raw: &[u8], header: impl Fn(&str) -> Option<&'h str>) -> bool {
        match self {
            Account::Aisensy(account) => account.is_genuine(raw, header(aisensy::SIGNATURE_HEADER)),
            // It signs nothing (providers/fast2sms.md §6): the unguessable path that led here is the proof.
            Account::Fast2sms(_) => true,
        }
    }

    /// Whether a post with these headers can be genuine at all; asked before its body is read.
    pub fn may_be_genuine<'h>(&self, header: impl Fn(&str) -> Option<&'h str>) -> bool {
        match self {
            Account::Aisensy(_) => header(aisensy::SIGNATURE_HEADER).is_some(),
            Account::Fast2sms(_) => true,
        }
    }

    /// The key under which a post is stored once, however often it comes.
    pub fn dedupe_key(&self, raw: &[u8]) -> String {
        match self {
            Account::Aisensy(_) => aisensy::dedupe_key(raw),
            Account::Fast2sms(_) => fast2sms::dedupe_key(raw),
        }
    }

    /// What a stored post says. Never fails: what cannot be read is [`Event::Other`].
    pub fn read(&self, raw: &[u8]) -> Vec<Event> {
        match self {
            Account::Aisensy(_) => aisensy::read(raw),
            Account::Fast2sms(_) => fast2sms::read(raw),
        }
    }

    /// By what the messages of a call can be asked about later; `None` where they cannot.
    pub fn look_up_key(&self, wire: &Wire, provider_id: Option<&str>) -> Option<LookUpKey> {
        match (self, wire) {
            (Account::Aisensy(account), Wire::Whatsapp(wire)) if account.has_project() => {
                Some(LookUpKey::Broadcast(wire.template.campaign.clone()))
            }
            (Account::Fast2sms(_), Wire::Sms(_)) => Some(LookUpKey::Call(provider_id?.to_owned())),
            (Account::Aisensy(_) | Account::Fast2sms(_), _) => None,
        }
    }

    /// Asks what became of messages, for accounts whose posts do not reach us: the provider's id of a call at Fast2SMS, the
    /// campaign's name at AiSensy. What comes back is stored and read like posts.
    ///
    /// # Errors
    /// The provider's words, or ours.
    pub async fn look_up(&self, http: &Http, key: &str) -> Result<Vec<String>, String> {
        let told = match self {
            Account::Aisensy(account) => account.look_up(http, key).await,
            Account::Fast2sms(account) => account.dlr(http, key).await.map(|body| vec![body]),
        };
        told.map_err(|not_told| match not_told {
            NotTold::NotConnected => "The project’s password is not set up".to_owned(),
            NotTold::Refused(said) | NotTold::Silent(said) => said.text,
        })
    }

    /// Whether an outcome that came `in_a_row` times says that the broadcast, not the people, is at fault: answers that
    /// no row of the table knows (providers/aisensy.md §2.5, “other 4xx”).
    pub fn strikes_out(said: &Said, in_a_row: usize) -> bool {
        said.code == UNRECOGNISED && in_a_row >= codes::STRIKES_MAX
    }
}

/// A broadcast whose template belongs to another channel than its account.
fn wrong_channel(account: &Account) -> Said {
    let words =
        format!("The account sends on {}, the template is another channel’s", account.channel().title());
    Said::new(codes::NOT_SET_UP, words)
}
