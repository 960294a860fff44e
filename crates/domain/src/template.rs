//! Templates: what to say, where each value comes from, and the one renderer that previews and sends.

mod content;
mod source;

use std::{borrow::Cow, collections::BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    call::CallScript,
    channel::{Category, Channel, Tariff},
    post::GroupPost,
    sms::SmsTemplate,
    variable::{VariableName, Variables},
    whatsapp::WhatsappTemplate,
};

pub use content::{CallContent, Content, PostContent, SmsContent, WhatsappContent};
pub use source::{Facts, Source};

/// A value that the provider would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The source is empty and there is no fallback.
    #[error("“{0}” is empty")]
    Empty(String),
    /// The value still holds a placeholder.
    #[error("“{0}” still holds a placeholder")]
    Unresolved(String),
    /// The value is longer than its place in the text takes.
    #[error("“{label}” has {len} characters; {max} is the most")]
    TooLong {
        /// The value, by its label.
        label: String,
        /// The longest value that the place takes, in characters.
        max: usize,
        /// The length of the value, in characters.
        len: usize,
    },
    /// The value is of another kind than its place in the text takes.
    #[error("“{label}” has to be {rule}")]
    Kind {
        /// The value, by its label.
        label: String,
        /// What may stand in the place, in words.
        rule: &'static str,
    },
}

impl ValueError {
    /// Whether it says that one of these variables is missing.
    pub fn is_of(&self, variables: &[VariableName]) -> bool {
        matches!(self, ValueError::Empty(label) if variables.iter().any(|name| name.to_string() == *label))
    }

    /// Whether both say the same but for what differs from person to person.
    pub fn is_like(&self, other: &ValueError) -> bool {
        if let (
            ValueError::TooLong { label, max, len: _ },
            ValueError::TooLong { label: other_label, max: other_max, len: _ },
        ) = (self, other)
        {
            return label == other_label && max == other_max;
        }
        self == other
    }
}

/// White space, control characters and what `also` names become one space.
fn folded(value: &str, also: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(value.len());
    let parts = value.split(|c: char| c.is_whitespace() || c.is_control() || also(c));
    for word in parts.filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The folded value, or the folded fallback when it is empty.
pub(crate) fn first_filled(value: &str, fallback: &str, also: impl Fn(char) -> bool + Copy) -> String {
    let value = folded(value, also);
    if value.is_empty() { folded(fallback, also) } else { value }
}

/// A template of any channel, as it is stored and as it is frozen into a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A template of WhatsApp Personal.
    Whatsapp(WhatsappTemplate),
    /// A template of an SMS.
    Sms(SmsTemplate),
    /// A template of a post in groups.
    Group(GroupPost),
    /// The script of a call.
    Call(CallScript),
}

/// A stored template that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not the JSON that the channel has.
    #[error("the template cannot be read: {0}")]
    Form(#[from] serde_json::Error),
}

/// One value of a template, wherever it stands in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// The label of the value on screens.
    pub label: Cow<'a, str>,
    /// The source of the value.
    pub source: Cow<'a, Source>,
    /// The text that is taken where the source is empty; may be empty itself.
    pub fallback: &'a str,
}

impl Message {
    /// Reads the channel's own description. What this version does not know in it is kept as [`Message::extra`].
    ///
    /// # Errors
    /// When it is not a template of that channel.
    pub fn from_json(channel: Channel, body: &Value) -> Result<Message, MessageError> {
        match channel {
            Channel::WhatsappPersonal => Ok(Message::Whatsapp(WhatsappTemplate::deserialize(body)?)),
            Channel::Sms => Ok(Message::Sms(SmsTemplate::deserialize(body)?)),
            Channel::WhatsappGroup => Ok(Message::Group(GroupPost::deserialize(body)?)),
            Channel::IvrCall => Ok(Message::Call(CallScript::deserialize(body)?)),
        }
    }

    /// Reads the text of such a description.
    ///
    /// # Errors
    /// When it is not a template of that channel.
    pub fn from_text(channel: Channel, text: &str) -> Result<Message, MessageError> {
        Message::from_json(channel, &serde_json::from_str(text)?)
    }

    /// The description as [`from_json`](Message::from_json) reads it.
    pub fn to_json(&self) -> Value {
        match self {
            Message::Whatsapp(template) => serde_json::to_value(template),
            Message::Sms(template) => serde_json::to_value(template),
            Message::Group(post) => serde_json::to_value(post),
            Message::Call(script) => serde_json::to_value(script),
        }
        .expect("text, lists and maps with text keys are always JSON")
    }

    /// What only the provider that sends it knows, under the keys of its template fields.
    pub fn extra(&self) -> &Map<String, Value> {
        match self {
            Message::Whatsapp(template) => &template.extra,
            Message::Sms(template) => &template.extra,
            Message::Group(post) => &post.extra,
            Message::Call(script) => &script.extra,
        }
    }

    /// Changes what only the provider knows.
    pub fn extra_mut(&mut self) -> &mut Map<String, Value> {
        match self {
            Message::Whatsapp(template) => &mut template.extra,
            Message::Sms(template) => &mut template.extra,
            Message::Group(post) => &mut post.extra,
            Message::Call(script) => &mut script.extra,
        }
    }

    /// What the provider knows it by: the campaign, an id, or the text itself.
    pub fn name_there(&self) -> &str {
        match self {
            Message::Whatsapp(template) => &template.campaign,
            Message::Sms(template) => {
                let id = template.message_id.as_ref().map(|id| id.as_str());
                let id = id.or(template.template_id.as_ref().map(|id| id.as_str()));
                id.unwrap_or(&template.text)
            }
            Message::Group(post) => &post.text,
            Message::Call(script) => &script.text,
        }
    }

    /// What the provider's receipts call all messages of one broadcast; empty where they have no name for them.
    pub fn batch_name(&self) -> &str {
        match self {
            Message::Whatsapp(template) => &template.campaign,
            Message::Sms(_) | Message::Group(_) | Message::Call(_) => "",
        }
    }

    /// What it is priced as.
    pub fn tariff(&self) -> Tariff {
        match self {
            Message::Whatsapp(template) => template.category.into(),
            Message::Sms(template) => template.tariff(),
            // A post costs nothing; a call costs what its account says.
            Message::Group(_) | Message::Call(_) => Tariff::Utility,
        }
    }

    /// The channel that it goes by.
    pub fn channel(&self) -> Channel {
        match self {
            Message::Whatsapp(_) => Channel::WhatsappPersonal,
            Message::Sms(_) => Channel::Sms,
            Message::Group(_) => Channel::WhatsappGroup,
            Message::Call(_) => Channel::IvrCall,
        }
    }

    /// Decides price, hours and consent.
    pub fn category(&self) -> Category {
        match self {
            Message::Whatsapp(template) => template.category,
            Message::Sms(template) => template.category,
            // Providers carry no promotion by voice (docs/facts/calls.md §3.2).
            Message::Group(_) | Message::Call(_) => Category::Utility,
        }
    }

    /// Puts one person's values in.
    ///
    /// # Errors
    /// A value that the provider or the operator would refuse.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        match self {
            Message::Whatsapp(template) => template.fill(facts),
            Message::Sms(template) => template.fill(facts),
            Message::Group(post) => post.fill(facts),
            Message::Call(script) => script.fill(facts),
        }
    }

    /// The text that is the same for every reader, with fixed values filled in.
    pub fn fixed_text(&self) -> String {
        let mut text = match self {
            Message::Whatsapp(template) => {
                [&template.header, &template.body, &template.footer].map(String::as_str).join("\n")
            }
            Message::Sms(template) => template.text.clone(),
            Message::Group(post) => {
                let question = post.poll.as_ref().map_or("", |poll| &poll.question);
                [post.text.as_str(), question].join("\n")
            }
            Message::Call(script) => script.texts().collect::<Vec<_>>().join("\n"),
        };
        for source in self.sources() {
            if let Source::Fixed(value) = &*source {
                text.push('\n');
                text.push_str(value);
            }
        }
        text
    }

    /// The text as one person will see it, in pieces.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        match self {
            Message::Whatsapp(template) => template.preview(content),
            Message::Sms(template) => template.preview(content),
            Message::Group(post) => post.preview(content),
            Message::Call(script) => script.preview(content),
        }
    }

    /// Every value of it: of the text first, then of the buttons.
    pub fn slots(&self) -> Vec<Slot<'_>> {
        match self {
            Message::Whatsapp(template) => {
                let values = template.parameters.iter().map(|p| Slot {
                    label: Cow::Borrowed(p.label.as_str()),
                    source: Cow::Borrowed(&p.source),
                    fallback: &p.fallback,
                });
                let buttons = template.buttons.iter().filter_map(|button| {
                    let source = Cow::Borrowed(button.value.as_ref()?);
                    Some(Slot { label: Cow::Borrowed(button.label.as_str()), source, fallback: "" })
                });
                values.chain(buttons).collect()
            }
            Message::Sms(template) => template
                .variables
                .iter()
                .map(|v| Slot {
                    label: Cow::Borrowed(v.label.as_str()),
                    source: Cow::Borrowed(&v.source),
                    fallback: &v.fallback,
                })
                .collect(),
            Message::Group(post) => post
                .places()
                .into_iter()
                .map(|(label, source)| Slot { label, source, fallback: "" })
                .collect(),
            Message::Call(script) => script.places(),
        }
    }

    /// The values of its text, in order, without those of buttons.
    pub fn places(&self) -> Vec<Slot<'_>> {
        let mut slots = self.slots();
        slots.truncate(match self {
            Message::Whatsapp(template) => template.parameters.len(),
            Message::Sms(template) => template.variables.len(),
            Message::Group(_) | Message::Call(_) => slots.len(),
        });
        slots
    }

    /// Maps the value at a place of its text, counted from 0, to another source; `None` keeps the fallback. The places
    /// of a post and of a call say themselves what they are.
    pub fn map(&mut self, place: usize, source: Source, fallback: Option<String>) {
        let (old_source, old_fallback) = match self {
            Message::Whatsapp(template) => match template.parameters.get_mut(place) {
                Some(parameter) => (&mut parameter.source, &mut parameter.fallback),
                None => return,
            },
            Message::Sms(template) => match template.variables.get_mut(place) {
                Some(variable) => (&mut variable.source, &mut variable.fallback),
                None => return,
            },
            Message::Group(_) | Message::Call(_) => return,
        };
        *old_source = source;
        if let Some(fallback) = fallback {
            *old_fallback = fallback;
        }
    }

    /// Each value of its text by itself, through the same rules that fill the whole.
    pub fn each(&self, facts: &Facts) -> Vec<Result<String, ValueError>> {
        match self {
            Message::Whatsapp(template) => {
                template.parameters.iter().map(|parameter| parameter.fill(facts)).collect()
            }
            Message::Sms(template) => {
                template.variables.iter().map(|one| one.fill(facts, &template.limits)).collect()
            }
            Message::Group(post) => post.each(facts),
            Message::Call(script) => script.each(facts),
        }
    }

    /// Where its values come from.
    pub fn sources(&self) -> impl Iterator<Item = Cow<'_, Source>> {
        self.slots().into_iter().map(|slot| slot.source)
    }

    /// The variables of a workshop that it names, each once.
    pub fn variables(&self) -> BTreeSet<VariableName> {
        let named = |source: Cow<'_, Source>| match source.into_owned() {
            Source::Variable(name) => Some(name),
            _ => None,
        };
        self.sources().filter_map(named).collect()
    }

    /// The variables that it names and that have no value there, where nothing stands in for them.
    pub fn missing_variables(&self, values: &Variables) -> Vec<VariableName> {
        let is_missing = |slot: &Slot<'_>| match &*slot.source {
            Source::Variable(name) => {
                slot.fallback.trim().is_empty()
                    && values.get(name).is_none_or(|value| value.trim().is_empty())
            }
            _ => false,
        };
        let missing = self.slots().into_iter().filter(is_missing);
        let names: BTreeSet<VariableName> = missing
            .filter_map(|slot| match slot.source.into_owned() {
                Source::Variable(name) => Some(name),
                _ => None,
            })
            .collect();
        names.into_iter().collect()
    }

    /// Whether what is sent differs from person to person.
    pub fn is_personal(&self) -> bool {
        match self {
            // The person's name goes along with each.
            Message::Whatsapp(_) => true,
            Message::Sms(template) => template.is_personal(),
            Message::Group(_) => false,
            Message::Call(script) => script.is_personal(),
        }
    }

    /// Whether a picture, video or document stands at its head.
    pub fn has_media(&self) -> bool {
        match self {
            Message::Whatsapp(template) => template.media.is_some(),
            Message::Sms(_) | Message::Call(_) => false,
            Message::Group(post) => post.media.is_some(),
        }
    }

    /// What one message is charged as: SMS in segments, everything else once.
    pub fn segments(&self, content: &Content) -> i64 {
        match self {
            Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => 1,
            Message::Sms(template) => i64::try_from(template.segments(content).count).unwrap_or(i64::MAX),
        }
    }
}

impl From<WhatsappTemplate> for Message {
    fn from(template: WhatsappTemplate) -> Message {
        Message::Whatsapp(template)
    }
}

impl From<SmsTemplate> for Message {
    fn from(template: SmsTemplate) -> Message {
        Message::Sms(template)
    }
}

impl From<CallScript> for Message {
    fn from(script: CallScript) -> Message {
        Message::Call(script)
    }
}

impl From<GroupPost> for Message {
    fn from(post: GroupPost) -> Message {
        Message::Group(post)
    }
}

/// A piece of a previewed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text of the template, which is the same for everybody.
    Fixed(String),
    /// The value that fills a placeholder.
    Filled(String),
}
