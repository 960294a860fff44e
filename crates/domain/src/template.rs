//! Templates: what to say, where each value comes from, and the one renderer that previews and sends.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    channel::{Category, Channel, Tariff},
    name::first_of,
    sms::SmsTemplate,
};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "text")]
pub enum Source {
    /// The registrant's full name.
    RegistrantName,
    /// The first word of the registrant's name.
    RegistrantFirstName,
    /// The registrant's e-mail address.
    RegistrantEmail,
    /// The registrant's number in E.164 form.
    RegistrantPhone,
    /// The address of the page where this person stops such messages. In a button only its last part, because the approved address
    /// stands before it.
    OptOutLink,
    /// The workshop's title.
    WorkshopTitle,
    /// The day of its start, `13 October 2026`.
    WorkshopDate,
    /// The time of its start, `7:00 PM`.
    WorkshopTime,
    /// Its join link.
    WorkshopJoinLink,
    /// The organisation's name.
    OrganisationName,
    /// The same text for everybody.
    Fixed(String),
}

impl Source {
    /// Every source but fixed text, with its word in forms and its words on screens.
    pub const LISTED: &'static [(&'static str, &'static str, Source)] = &[
        ("registrant_first_name", "Registrant · First name", Source::RegistrantFirstName),
        ("registrant_name", "Registrant · Full name", Source::RegistrantName),
        ("registrant_email", "Registrant · E-mail", Source::RegistrantEmail),
        ("registrant_phone", "Registrant · Phone", Source::RegistrantPhone),
        ("opt_out_link", "Registrant · Opt-out link", Source::OptOutLink),
        ("workshop_title", "Workshop · Title", Source::WorkshopTitle),
        ("workshop_date", "Workshop · Date", Source::WorkshopDate),
        ("workshop_time", "Workshop · Start time", Source::WorkshopTime),
        ("workshop_join_link", "Workshop · Join link", Source::WorkshopJoinLink),
        ("organisation_name", "Organisation · Name", Source::OrganisationName),
    ];

    /// The word in forms.
    pub fn word(&self) -> &'static str {
        Self::LISTED.iter().find(|(_, _, source)| source == self).map_or("fixed", |(word, _, _)| word)
    }

    /// Reads the word of a form; `fixed` is what was typed beside it.
    pub fn from_word(word: &str, fixed: &str) -> Option<Source> {
        if word == "fixed" {
            return Some(Source::Fixed(fixed.to_owned()));
        }
        Self::LISTED.iter().find(|(known, _, _)| *known == word).map(|(_, _, source)| source.clone())
    }

    /// Whether the value differs from person to person.
    pub fn is_personal(&self) -> bool {
        matches!(
            self,
            Source::RegistrantName
                | Source::RegistrantFirstName
                | Source::RegistrantEmail
                | Source::RegistrantPhone
                | Source::OptOutLink
        )
    }
}

/// One positional value of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// What it means, for people: "first name".
    pub label: String,
    /// Where it comes from.
    pub source: Source,
    /// Taken when the source is empty; "there" in "Hi there". Empty means that an empty value leaves the person out.
    #[serde(default)]
    pub fallback: String,
}

/// A picture, video or document at the head of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Public HTTPS address.
    pub url: String,
    /// The name shown for a document.
    pub filename: String,
}

/// A button whose address ends in a value of its own (providers/aisensy.md §2.1, `buttons`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlButton {
    /// The words on the button.
    pub label: String,
    /// The value appended to its address; `None` when the approved address is fixed.
    pub value: Option<Source>,
}

/// A WhatsApp template as AiSensy knows it, and our reading of it. Frozen into each broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsappTemplate {
    /// Exact name of the Live API campaign; not the template's name (providers/aisensy.md §2.1).
    pub campaign: String,
    /// Decides the price and the rules.
    pub category: Category,
    /// Language of the text, such as `en` or `hi`.
    pub language: String,
    /// Bold line above the text; may be empty.
    #[serde(default)]
    pub header: String,
    /// The approved text with `{{1}}`, `{{2}}` …; only for the preview.
    pub body: String,
    /// Small line below the text; may be empty.
    #[serde(default)]
    pub footer: String,
    /// Values in order.
    pub parameters: Vec<Parameter>,
    /// Header media, when the campaign was made with it.
    #[serde(default)]
    pub media: Option<Media>,
    /// Buttons in order.
    #[serde(default)]
    pub buttons: Vec<UrlButton>,
}

/// What is known about a recipient and the event when values are put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Full name; may be empty.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// E.164; may be empty.
    pub phone: String,
    /// The page where this person stops such messages; empty while nobody makes links.
    pub opt_out_link: String,
    /// The workshop's title.
    pub workshop_title: String,
    /// Written out for messages in the organisation's zone.
    pub workshop_date: String,
    /// Written out for messages in the organisation's zone.
    pub workshop_time: String,
    /// May be empty.
    pub workshop_join_link: String,
    /// The organisation's name.
    pub organisation: String,
}

impl Facts {
    pub(crate) fn value<'a>(&'a self, source: &'a Source) -> &'a str {
        match source {
            Source::RegistrantName => &self.name,
            Source::RegistrantFirstName => first_of(&self.name),
            Source::RegistrantEmail => &self.email,
            Source::RegistrantPhone => &self.phone,
            Source::OptOutLink => &self.opt_out_link,
            Source::WorkshopTitle => &self.workshop_title,
            Source::WorkshopDate => &self.workshop_date,
            Source::WorkshopTime => &self.workshop_time,
            Source::WorkshopJoinLink => &self.workshop_join_link,
            Source::OrganisationName => &self.organisation,
            Source::Fixed(text) => text,
        }
    }
}

/// What is sent to one person: final values, ready for the wire. Kept in the message's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The name that goes along; empty on channels that send none.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Values in order.
    #[serde(rename = "p")]
    pub values: Vec<String>,
    /// Button values in order of the buttons that take one.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<String>,
}

/// A value that the provider would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The source is empty and there is no fallback.
    #[error("“{0}” is empty")]
    Empty(String),
    /// The value still holds a placeholder.
    #[error("“{0}” still holds a placeholder")]
    Unresolved(String),
    /// Longer than the place in the text takes.
    #[error("“{label}” has {len} characters; {max} is the most")]
    TooLong {
        /// Which value.
        label: String,
        /// The most, in characters.
        max: usize,
        /// How many it has.
        len: usize,
    },
    /// Of another kind than the place in the text takes.
    #[error("“{label}” has to be {rule}")]
    Kind {
        /// Which value.
        label: String,
        /// What may stand there.
        rule: &'static str,
    },
}

/// The name that goes along when a registrant has none; the provider wants one (providers/aisensy.md §2.1, `userName`).
const NO_NAME: &str = "there";

/// Meta refuses newlines, tabs and more than four spaces in a row (providers/aisensy.md §2.1): white space is folded.
fn clean(value: &str) -> String {
    folded(value, |_| false)
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

impl WhatsappTemplate {
    /// Puts the values in. Values are never looked into again, so a name such as `{{2}}` stays text, and is refused.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            values.push(filled(facts, &parameter.source, &parameter.fallback, &parameter.label)?);
        }
        let mut buttons = Vec::new();
        for button in &self.buttons {
            if let Some(source) = &button.value {
                let value = filled(facts, source, "", &button.label)?;
                buttons.push(if *source == Source::OptOutLink { last_part(&value) } else { value });
            }
        }
        let name = clean(&facts.name);
        Ok(Content { name: if name.is_empty() { NO_NAME.to_owned() } else { name }, values, buttons })
    }

    /// Whether a value or a button takes it.
    pub fn uses(&self, source: &Source) -> bool {
        let buttons = self.buttons.iter().filter_map(|button| button.value.as_ref());
        self.parameters.iter().map(|parameter| &parameter.source).chain(buttons).any(|used| used == source)
    }

    /// How many `{{n}}` the text holds: the largest n.
    pub fn placeholders(&self) -> usize {
        pieces(&self.body).filter_map(|piece| piece.ok()).max().unwrap_or(0)
    }

    /// The text as one person will see it, in pieces, so that a screen can mark what was filled in.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        pieces(&self.body)
            .map(|piece| match piece {
                Err(text) => Part::Fixed(text.to_owned()),
                Ok(n) => match content.values.get(n.wrapping_sub(1)) {
                    Some(value) => Part::Filled(value.clone()),
                    None => Part::Fixed(format!("{{{{{n}}}}}")),
                },
            })
            .collect()
    }
}

/// What stands behind the last slash of an address.
fn last_part(address: &str) -> String {
    address.rsplit('/').next().unwrap_or_default().to_owned()
}

fn filled(facts: &Facts, source: &Source, fallback: &str, label: &str) -> Result<String, ValueError> {
    let value = first_filled(facts.value(source), fallback, |_| false);
    if value.is_empty() {
        return Err(ValueError::Empty(label.to_owned()));
    }
    if value.contains("{{") && value.contains("}}") {
        return Err(ValueError::Unresolved(label.to_owned()));
    }
    Ok(value)
}

/// A template of any channel, as it is stored and as it is frozen into a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// WhatsApp Personal.
    Whatsapp(WhatsappTemplate),
    /// SMS.
    Sms(SmsTemplate),
}

/// A stored template that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not the JSON that the channel has.
    #[error("the template cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// The channel has no templates yet.
    #[error("there are no templates for {}", .0.title())]
    Channel(Channel),
}

/// One value of a template, wherever in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// What it means, for people.
    pub label: &'a str,
    /// Where it comes from.
    pub source: &'a Source,
    /// Taken when the source is empty; may be empty.
    pub fallback: &'a str,
}

impl Message {
    /// Reads the channel's own description. What this version does not know in it is not kept: store the original.
    ///
    /// # Errors
    /// When it is not a template of that channel.
    pub fn from_json(channel: Channel, body: &Value) -> Result<Message, MessageError> {
        match channel {
            Channel::WhatsappPersonal => Ok(Message::Whatsapp(WhatsappTemplate::deserialize(body)?)),
            Channel::Sms => Ok(Message::Sms(SmsTemplate::deserialize(body)?)),
            Channel::WhatsappGroup | Channel::IvrCall => Err(MessageError::Channel(channel)),
        }
    }

    /// What is frozen into a broadcast: the stored template with what was changed here. What this version does not know in it
    /// stays.
    pub fn over(&self, stored: &Value) -> Value {
        let mut body = stored.clone();
        if let (Some(object), Value::Object(ours)) = (body.as_object_mut(), self.to_json()) {
            object.extend(ours);
        }
        body
    }

    /// The description as [`from_json`](Message::from_json) reads it.
    pub fn to_json(&self) -> Value {
        match self {
            Message::Whatsapp(template) => serde_json::to_value(template),
            Message::Sms(template) => serde_json::to_value(template),
        }
        .expect("text, lists and maps with text keys are always JSON")
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
        }
    }

    /// What it is priced as.
    pub fn tariff(&self) -> Tariff {
        match self {
            Message::Whatsapp(template) => template.category.into(),
            Message::Sms(template) => template.tariff(),
        }
    }

    /// The channel that it goes by.
    pub fn channel(&self) -> Channel {
        match self {
            Message::Whatsapp(_) => Channel::WhatsappPersonal,
            Message::Sms(_) => Channel::Sms,
        }
    }

    /// Decides price, hours and consent.
    pub fn category(&self) -> Category {
        match self {
            Message::Whatsapp(template) => template.category,
            Message::Sms(template) => template.category,
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
        }
    }

    /// The text as one person will see it, in pieces.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        match self {
            Message::Whatsapp(template) => template.preview(content),
            Message::Sms(template) => template.preview(content),
        }
    }

    /// Every value of it: of the text first, then of the buttons.
    pub fn slots(&self) -> Vec<Slot<'_>> {
        match self {
            Message::Whatsapp(template) => {
                let values = template.parameters.iter().map(|p| Slot {
                    label: &p.label,
                    source: &p.source,
                    fallback: &p.fallback,
                });
                let buttons = template.buttons.iter().filter_map(|button| {
                    Some(Slot { label: &button.label, source: button.value.as_ref()?, fallback: "" })
                });
                values.chain(buttons).collect()
            }
            Message::Sms(template) => template
                .variables
                .iter()
                .map(|v| Slot { label: &v.label, source: &v.source, fallback: &v.fallback })
                .collect(),
        }
    }

    /// The values of its text, in order, without those of buttons.
    pub fn places(&self) -> Vec<Slot<'_>> {
        let mut slots = self.slots();
        slots.truncate(match self {
            Message::Whatsapp(template) => template.parameters.len(),
            Message::Sms(template) => template.variables.len(),
        });
        slots
    }

    /// Maps the value at a place of its text, counted from 0, to another source; `None` keeps the fallback.
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
                template.parameters.iter().map(|p| filled(facts, &p.source, &p.fallback, &p.label)).collect()
            }
            Message::Sms(template) => {
                template.variables.iter().map(|one| one.fill(facts, &template.limits)).collect()
            }
        }
    }

    /// Where its values come from.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.slots().into_iter().map(|slot| slot.source)
    }

    /// Whether what is sent differs from person to person.
    pub fn is_personal(&self) -> bool {
        match self {
            // The person's name goes along with each.
            Message::Whatsapp(_) => true,
            Message::Sms(template) => template.is_personal(),
        }
    }

    /// What one message is charged as: SMS in segments, everything else once.
    pub fn segments(&self, content: &Content) -> i64 {
        match self {
            Message::Whatsapp(_) => 1,
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

/// A piece of a previewed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Approved text.
    Fixed(String),
    /// What a value became.
    Filled(String),
}

/// Splits a text at its `{{n}}`; one pass.
fn pieces(body: &str) -> impl Iterator<Item = Result<usize, &str>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(open) = rest[from..].find("{{").map(|at| from + at) {
            let inside = &rest[open + 2..];
            let number =
                inside.find("}}").and_then(|end| Some((end, inside[..end].trim().parse::<usize>().ok()?)));
            match number {
                Some((end, n)) if n > 0 && open == 0 => {
                    rest = &inside[end + 2..];
                    return Some(Ok(n));
                }
                Some((_, n)) if n > 0 => {
                    let (text, after) = rest.split_at(open);
                    rest = after;
                    return Some(Err(text));
                }
                _ => from = open + 2,
            }
        }
        Some(Err(std::mem::take(&mut rest)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(body: &str, sources: &[Source]) -> WhatsappTemplate {
        WhatsappTemplate {
            campaign: "workshop_reminder_1h".into(),
            category: Category::Utility,
            language: "en".into(),
            header: String::new(),
            body: body.into(),
            footer: String::new(),
            parameters: sources
                .iter()
                .map(|source| Parameter {
                    label: source.word().into(),
                    source: source.clone(),
                    fallback: String::new(),
                })
                .collect(),
            media: None,
            buttons: vec![],
        }
    }

    fn facts(name: &str) -> Facts {
        Facts { name: name.into(), workshop_title: "Rust for Beginners".into(), ..Facts::default() }
    }

    #[test]
    fn the_preview_marks_what_was_filled_in() {
        let template =
            template("Hi {{1}}, {{2}} starts. {{x}}", &[Source::RegistrantFirstName, Source::WorkshopTitle]);
        let content = template.fill(&facts("Dr. Asha  Test")).unwrap();
        assert_eq!(content.values, ["Asha", "Rust for Beginners"]);
        assert_eq!(
            template.preview(&content),
            [
                Part::Fixed("Hi ".into()),
                Part::Filled("Asha".into()),
                Part::Fixed(", ".into()),
                Part::Filled("Rust for Beginners".into()),
                Part::Fixed(" starts. {{x}}".into())
            ]
        );
        assert_eq!(template.placeholders(), 2);
    }

    #[test]
    fn an_empty_or_unresolved_value_is_never_sent() {
        let name = template("{{1}}", &[Source::RegistrantFirstName]);
        assert_eq!(name.fill(&facts(" \n ")), Err(ValueError::Empty("registrant_first_name".into())));
        assert_eq!(name.fill(&facts("{{2}}")), Err(ValueError::Unresolved("registrant_first_name".into())));
    }

    #[test]
    fn an_opt_out_link_is_whole_in_the_text_and_its_end_in_a_button() {
        let mut template = template("Stop: {{1}}", &[Source::OptOutLink]);
        template.buttons = vec![UrlButton { label: "Stop".into(), value: Some(Source::OptOutLink) }];
        let facts = Facts { opt_out_link: "https://example.in/o/abc".into(), ..facts("Asha") };
        let content = template.fill(&facts).unwrap();
        assert_eq!(
            (content.values, content.buttons),
            (vec!["https://example.in/o/abc".into()], vec!["abc".into()])
        );
        assert!(Source::OptOutLink.is_personal());
    }

    #[test]
    fn each_recipient_gets_their_own_values() {
        // R16: personalisation of recipient 0 sent to all.
        let template = template("Hi {{1}}", &[Source::RegistrantFirstName]);
        let names = ["Asha", "Ravi", "Meera"];
        let sent: Vec<_> =
            names.iter().map(|name| template.fill(&facts(name)).unwrap().values[0].clone()).collect();
        assert_eq!(sent, names);
    }

    proptest! {
        #[test]
        fn a_value_that_goes_out_has_no_character_that_meta_refuses(name in ".{0,40}") {
            if let Ok(content) = template("{{1}}", &[Source::RegistrantName]).fill(&facts(&name)) {
                let value = &content.values[0];
                prop_assert!(!value.is_empty() && !value.contains(['\n', '\t', '\r']) && !value.contains("  "));
            }
        }

        #[test]
        fn pieces_put_together_are_the_text(body in r"[a-z{} 0-9]{0,40}") {
            let whole: String = pieces(&body).map(|p| p.map_or_else(str::to_owned, |n| format!("{{{{{n}}}}}"))).collect();
            prop_assert_eq!(whole.len() <= body.len(), true);
        }
    }
}
