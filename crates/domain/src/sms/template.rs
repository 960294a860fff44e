//! An SMS template: the registered text, kept character by character, and what is put into it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DltTemplateId, EntityId, MessageId, Segments, SenderId, Tag, ValueLimits, segments};
use crate::{
    channel::{Category, Tariff},
    template::{Content, Facts, Part, Source, ValueError, first_filled},
};

crate::text_enum! {
    /// How a provider is asked to send.
    SmsRoute, "SMS route" {
        /// A registered template by the provider's message id: the usual way.
        Dlt = "dlt",
        /// The final text with the register's ids.
        DltManual = "dlt_manual",
        /// Any text from a random number, ₹5 each.
        Quick = "quick",
    }
}

impl SmsRoute {
    /// The words on screens.
    pub fn title(self) -> &'static str {
        match self {
            SmsRoute::Dlt => "DLT, by message id",
            SmsRoute::DltManual => "DLT, by text",
            SmsRoute::Quick => "Quick",
        }
    }
}

/// One value of an SMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The label of the value on screens, such as "first name".
    pub label: String,
    /// The kind that the registered text asks for at this place.
    pub tag: Tag,
    /// The source of the value.
    pub source: Source,
    /// Taken when the source is empty. Empty means that an empty value leaves the person out.
    #[serde(default)]
    pub fallback: String,
}

/// An SMS template and our reading of it. Frozen into each broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsTemplate {
    /// The route of the SMS at the provider.
    pub route: SmsRoute,
    /// The header; `None` takes the account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<SenderId>,
    /// The provider's short number, for route `dlt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The register's id of the text, for route `dlt_manual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<DltTemplateId>,
    /// The business's id; `None` takes the account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// `Utility` is "Service" and `Marketing` "Promotional" here (docs/facts/india.md §1.2).
    pub category: Category,
    /// The registered text with its `{#var#}`, every space as registered: operators compare character by character.
    pub text: String,
    /// Values in the order of the text.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Longest values, as the account that sends has them.
    #[serde(default, skip_serializing_if = "ValueLimits::are_usual")]
    pub limits: ValueLimits,
    /// What only the provider that sends it knows, under the keys of its template fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Problems that prevent sending with a template to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmsProblem {
    /// The template has no text.
    NoText,
    /// Neither template nor account names a header.
    NoSender,
    /// Route `dlt` without message id.
    NoMessageId,
    /// Route `dlt_manual` without the register's id of the text.
    NoTemplateId,
    /// Route `dlt_manual` without the business's id.
    NoEntityId,
    /// The text has another number of places than there are values.
    Count {
        /// The number of places for values in the text.
        places: usize,
        /// The number of values that the template maps.
        values: usize,
    },
    /// A value is mapped as another kind than its place asks for.
    Kind {
        /// The place in the text, counted from 1.
        place: usize,
        /// The kind that the text asks for at this place.
        wants: Tag,
    },
    /// Fixed text that no recipient could get.
    Value(ValueError),
}

impl fmt::Display for SmsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SmsProblem::NoText => f.write_str("The text is empty"),
            SmsProblem::NoSender => f.write_str("The sender id is missing"),
            SmsProblem::NoMessageId => f.write_str("The message id of the provider’s DLT Manager is missing"),
            SmsProblem::NoTemplateId => f.write_str("The 19-digit DLT content-template id is missing"),
            SmsProblem::NoEntityId => f.write_str("The 19-digit entity id is missing"),
            SmsProblem::Count { places, values } => {
                write!(f, "The text has {places} places for values, and {values} are mapped")
            }
            SmsProblem::Kind { place, wants } => {
                write!(f, "Place {place} of the text is {{#{wants}#}}: {}", wants.rule())
            }
            SmsProblem::Value(error) => error.fmt(f),
        }
    }
}

impl SmsTemplate {
    /// Puts the values in, or says why this person's would be refused. Sends no name along.
    ///
    /// # Errors
    /// A value that is empty, too long, or of the wrong kind.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        let values =
            self.variables.iter().map(|one| one.fill(facts, &self.limits)).collect::<Result<Vec<_>, _>>()?;
        Ok(Content::sms(values))
    }

    /// The text as it arrives. A place without a value stays as it is registered.
    pub fn text(&self, content: &Content) -> String {
        let mut values = content.values().iter();
        let mut text = String::with_capacity(self.text.len());
        for piece in pieces(&self.text) {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Tag { written, .. } => text.push_str(values.next().map_or(written, String::as_str)),
            }
        }
        text
    }

    /// The text in pieces, so that a screen can mark what was filled in.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        let mut values = content.values().iter();
        pieces(&self.text)
            .map(|piece| match piece {
                Piece::Text(part) => Part::Fixed(part.to_owned()),
                Piece::Tag { written, .. } => match values.next() {
                    Some(value) => Part::Filled(value.clone()),
                    None => Part::Fixed(written.to_owned()),
                },
            })
            .collect()
    }

    /// What one message is charged as.
    pub fn segments(&self, content: &Content) -> Segments {
        segments(&self.text(content))
    }

    /// The kinds that the text asks for, in order.
    pub fn tags(&self) -> Vec<Tag> {
        tags_in(&self.text)
    }

    /// This template with the account's header and business where it names none itself, and the account's limits.
    #[must_use]
    pub fn or_account(
        mut self,
        sender: Option<&SenderId>,
        entity: Option<&EntityId>,
        limits: ValueLimits,
    ) -> SmsTemplate {
        self.sender = self.sender.or_else(|| sender.cloned());
        self.entity_id = self.entity_id.or_else(|| entity.cloned());
        self.limits = limits;
        self
    }

    /// Everything that stands in the way of sending, at once. Ask it of [`or_account`](SmsTemplate::or_account).
    pub fn problems(&self) -> Vec<SmsProblem> {
        let mut problems = Vec::new();
        let mut missing = |missing: bool, problem| {
            if missing {
                problems.push(problem);
            }
        };
        missing(self.text.trim().is_empty(), SmsProblem::NoText);
        match self.route {
            SmsRoute::Dlt => {
                missing(self.sender.is_none(), SmsProblem::NoSender);
                missing(self.message_id.is_none(), SmsProblem::NoMessageId);
            }
            SmsRoute::DltManual => {
                missing(self.sender.is_none(), SmsProblem::NoSender);
                missing(self.template_id.is_none(), SmsProblem::NoTemplateId);
                missing(self.entity_id.is_none(), SmsProblem::NoEntityId);
            }
            SmsRoute::Quick => {}
        }
        let tags = self.tags();
        let (places, values) = (tags.len(), self.variables.len());
        missing(places != values, SmsProblem::Count { places, values });
        for (place, (wants, variable)) in (1..).zip(tags.into_iter().zip(&self.variables)) {
            missing(wants != variable.tag, SmsProblem::Kind { place, wants });
        }
        for variable in &self.variables {
            if let (Source::Fixed(_), Err(error)) =
                (&variable.source, variable.fill(&Facts::default(), &self.limits))
            {
                problems.push(SmsProblem::Value(error));
            }
        }
        problems
    }

    /// What it is priced as.
    pub fn tariff(&self) -> Tariff {
        match self.route {
            SmsRoute::Dlt | SmsRoute::DltManual => self.category.into(),
            SmsRoute::Quick => Tariff::Quick,
        }
    }

    /// Whether the text differs from person to person, so that each needs a request of their own.
    pub fn is_personal(&self) -> bool {
        self.variables.iter().any(|variable| variable.source.is_personal())
    }
}

impl Variable {
    pub(crate) fn fill(&self, facts: &Facts, limits: &ValueLimits) -> Result<String, ValueError> {
        // `|` separates values on the wire: in one it would shift every later one.
        let value = first_filled(facts.value(&self.source), &self.fallback, |c| c == '|');
        let label = || self.label.clone();
        if value.is_empty() {
            return Err(ValueError::Empty(label()));
        }
        if value.contains("{#") && value.contains("#}") {
            return Err(ValueError::Unresolved(label()));
        }
        let (len, max) = (value.chars().count(), limits.of(self.tag));
        if len > max {
            return Err(ValueError::TooLong { label: label(), max, len });
        }
        if !self.tag.takes(&value) {
            return Err(ValueError::Kind { label: label(), rule: self.tag.rule() });
        }
        Ok(value)
    }

    /// What an operator may dislike about this person's value, which is sent all the same.
    pub fn value_warning(&self, value: &str, limits: &ValueLimits) -> Option<&'static str> {
        self.tag.value_warning(value, limits)
    }
}

/// The kinds of the `{#name#}` in a text, in order.
pub fn tags_in(text: &str) -> Vec<Tag> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Tag { tag, .. } => Some(tag),
            Piece::Text(_) => None,
        })
        .collect()
}

/// A stretch of a registered text.
pub(super) enum Piece<'t> {
    Text(&'t str),
    Tag { written: &'t str, tag: Tag },
}

/// Longest name between `{#` and `#}`; the known ones have twelve characters at most.
const NAME_CHARS_MAX: usize = 30;

/// Splits a text at its `{#name#}`; one pass. Whatever is no whole one is text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match first_tag(rest) {
            Some((0, end, tag)) => {
                let (written, after) = rest.split_at(end);
                rest = after;
                Some(Piece::Tag { written, tag })
            }
            Some((start, ..)) => {
                let (part, after) = rest.split_at(start);
                rest = after;
                Some(Piece::Text(part))
            }
            None => Some(Piece::Text(std::mem::take(&mut rest))),
        }
    })
}

/// Where the first whole `{#name#}` begins and ends.
fn first_tag(text: &str) -> Option<(usize, usize, Tag)> {
    let mut from = 0;
    while let Some(start) = text[from..].find("{#").map(|at| from + at) {
        let name_from = start + 2;
        let inside = &text[name_from..];
        let end = inside.find("#}").filter(|end| is_name(&inside[..*end]));
        match end {
            Some(end) => return Some((start, name_from + end + 2, Tag::of_name(&inside[..end]))),
            None => from = name_from,
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Message;
    use proptest::prelude::*;

    const TEXT: &str = "Hi {#var#}, {#var#} starts at {#alphanumeric#}: {#url#} -Example Academy ";

    fn variable(label: &str, tag: Tag, source: Source) -> Variable {
        Variable { label: label.into(), tag, source, fallback: String::new() }
    }

    fn template() -> SmsTemplate {
        SmsTemplate {
            limits: ValueLimits::default(),
            route: SmsRoute::Dlt,
            sender: SenderId::parse("WRKSHP").ok(),
            message_id: MessageId::parse("111111").ok(),
            template_id: None,
            entity_id: None,
            category: Category::Utility,
            text: TEXT.into(),
            variables: vec![
                variable("first name", Tag::Var, Source::RegistrantFirstName),
                variable("title", Tag::Var, Source::WorkshopTitle),
                variable("time", Tag::Alphanumeric, Source::WorkshopTime),
                variable("link", Tag::Url, Source::WorkshopJoinLink),
            ],
            extra: Default::default(),
        }
    }

    fn facts(name: &str) -> Facts {
        Facts {
            name: name.into(),
            workshop_title: "Rust for Beginners".into(),
            workshop_time: "7:00 PM".into(),
            workshop_join_link: "https://example.in/j/a1".into(),
            ..Facts::default()
        }
    }

    fn with(source: Source, tag: Tag) -> SmsTemplate {
        SmsTemplate { text: "{#var#}".into(), variables: vec![variable("value", tag, source)], ..template() }
    }

    #[test]
    fn a_value_is_as_long_as_the_account_says_and_the_usual_is_not_written_down() {
        let facts = Facts { name: "Venkatanarasimharajuvaripetachala".into(), ..Facts::default() };
        let usual = with(Source::RegistrantFirstName, Tag::Var);
        assert!(matches!(usual.fill(&facts), Err(ValueError::TooLong { max: 30, len: 33, .. })));
        let json = serde_json::to_value(&usual).unwrap();
        assert!(json.get("limits").is_none(), "{json}");
        let longer = usual.or_account(None, None, ValueLimits { text: 33, ..ValueLimits::default() });
        assert!(longer.fill(&facts).is_ok());
        let frozen: SmsTemplate = serde_json::from_value(serde_json::to_value(&longer).unwrap()).unwrap();
        assert_eq!(frozen, longer, "a broadcast keeps what it was confirmed with");
    }

    #[test]
    fn the_registered_text_is_kept_to_the_last_space() {
        let content = template().fill(&facts("Dr. Asha Test")).unwrap();
        assert_eq!(content.values(), ["Asha", "Rust for Beginners", "7:00 PM", "https://example.in/j/a1"]);
        let text = template().text(&content);
        assert_eq!(
            text,
            "Hi Asha, Rust for Beginners starts at 7:00 PM: https://example.in/j/a1 -Example Academy "
        );
        assert_eq!(template().segments(&content), segments(&text));
        let stored = serde_json::to_string(&template()).unwrap();
        assert_eq!(serde_json::from_str::<SmsTemplate>(&stored).unwrap(), template());
    }

    #[test]
    fn the_preview_marks_what_was_filled_in_and_leaves_what_was_not() {
        let content = Content::sms(["Asha".to_owned()]);
        let template = SmsTemplate { text: "Hi {#var#} at {#numeric#} {#\n#}".into(), ..template() };
        assert_eq!(
            template.preview(&content),
            [
                Part::Fixed("Hi ".into()),
                Part::Filled("Asha".into()),
                Part::Fixed(" at ".into()),
                Part::Fixed("{#numeric#}".into()),
                Part::Fixed(" {#\n#}".into()),
            ]
        );
        assert_eq!(template.tags(), [Tag::Var, Tag::Numeric]);
    }

    #[test]
    fn a_bar_a_line_break_or_a_tab_in_a_value_becomes_one_space() {
        let name = with(Source::RegistrantName, Tag::Var);
        let content = name.fill(&facts(" Asha |\n\t Test|")).unwrap();
        assert_eq!(content.values(), ["Asha Test"]);
    }

    #[test]
    fn a_value_that_an_operator_would_refuse_is_found_before_sending() {
        let error = |template: &SmsTemplate, name: &str| template.fill(&facts(name)).unwrap_err().to_string();
        let name = with(Source::RegistrantName, Tag::Var);
        assert_eq!(error(&name, " | "), "“value” is empty");
        assert_eq!(error(&name, "{#var#}"), "“value” still holds a placeholder");
        assert!(name.fill(&facts(&"अ".repeat(30))).is_ok());
        assert_eq!(error(&name, &"अ".repeat(31)), "“value” has 31 characters; 30 is the most");
        for (tag, rule) in [
            (Tag::Numeric, "digits only"),
            (Tag::Url, "a link on your allow-list"),
            (Tag::Email, "an e-mail address"),
        ] {
            assert_eq!(
                error(&with(Source::RegistrantName, tag), "Asha"),
                format!("“value” has to be {rule}")
            );
        }
        assert!(with(Source::RegistrantName, Tag::Alphanumeric).fill(&facts("7:00 PM")).is_ok());
    }

    #[test]
    fn a_fallback_takes_the_place_of_an_empty_value() {
        let mut template = with(Source::RegistrantFirstName, Tag::Var);
        template.variables[0].fallback = "there".into();
        assert_eq!(template.fill(&facts("")).unwrap().values(), ["there"]);
    }

    #[test]
    fn every_problem_of_a_template_is_named_at_once() {
        assert_eq!(template().problems(), []);
        let bare = SmsTemplate {
            sender: None,
            message_id: None,
            text: "{#numeric#} {#var#}".into(),
            variables: vec![variable("x", Tag::Var, Source::Fixed(String::new()))],
            ..template()
        };
        assert_eq!(
            bare.problems(),
            [
                SmsProblem::NoSender,
                SmsProblem::NoMessageId,
                SmsProblem::Count { places: 2, values: 1 },
                SmsProblem::Kind { place: 1, wants: Tag::Numeric },
                SmsProblem::Value(ValueError::Empty("x".into())),
            ]
        );
        let manual = SmsTemplate { route: SmsRoute::DltManual, ..template() };
        assert_eq!(manual.problems(), [SmsProblem::NoTemplateId, SmsProblem::NoEntityId]);
        let entity = EntityId::parse("1100000000000000002").unwrap();
        assert_eq!(
            manual.or_account(None, Some(&entity), ValueLimits::default()).problems(),
            [SmsProblem::NoTemplateId]
        );
        let quick = SmsTemplate {
            route: SmsRoute::Quick,
            sender: None,
            message_id: None,
            text: " ".into(),
            variables: vec![],
            ..template()
        };
        assert_eq!(quick.problems(), [SmsProblem::NoText]);
        assert!(SmsProblem::Kind { place: 2, wants: Tag::Url }.to_string().contains("{#url#}"));
    }

    #[test]
    fn the_account_fills_in_only_what_the_template_leaves_open() {
        let (ours, theirs) = (SenderId::parse("WRKSHP").unwrap(), SenderId::parse("ACADEM").unwrap());
        assert_eq!(template().or_account(Some(&theirs), None, ValueLimits::default()).sender, Some(ours));
        let bare = SmsTemplate { sender: None, ..template() };
        assert_eq!(bare.or_account(Some(&theirs), None, ValueLimits::default()).sender, Some(theirs));
    }

    #[test]
    fn a_message_of_either_channel_is_used_the_same_way() {
        let message = Message::from(template());
        let read = Message::from_json(message.channel(), &message.to_json()).unwrap();
        assert_eq!(read, message);
        let content = message.fill(&facts("Asha Test")).unwrap();
        assert_eq!(
            serde_json::to_string(&content).unwrap(),
            r#"{"p":["Asha","Rust for Beginners","7:00 PM","https://example.in/j/a1"]}"#
        );
        assert_eq!(
            Content::from_json(message.channel(), &serde_json::to_string(&content).unwrap()).unwrap(),
            content
        );
        assert_eq!((message.segments(&content), message.is_personal()), (1, true));
        assert_eq!(message.sources().count(), 4);
        assert_eq!(message.slots()[0].label, "first name");
        assert!(!Message::from(with(Source::WorkshopTitle, Tag::Var)).is_personal());
        assert!(Message::from_json(crate::channel::Channel::IvrCall, &message.to_json()).is_err());
        assert!(Message::from_json(crate::channel::Channel::WhatsappPersonal, &message.to_json()).is_err());
    }

    proptest! {
        #[test]
        fn a_text_in_pieces_is_the_text(text in "([a-z अ]|\\{#|#\\}|\\{#var#\\}|[{}#\n]){0,30}") {
            let template = SmsTemplate { text: text.clone(), variables: vec![], ..template() };
            prop_assert_eq!(template.text(&Content::sms([])), text);
        }

        #[test]
        fn what_goes_out_has_no_character_that_shifts_a_value(name in ".{0,60}") {
            if let Ok(content) = with(Source::RegistrantName, Tag::Var).fill(&facts(&name)) {
                let value = &content.values()[0];
                prop_assert!(!value.is_empty() && value.chars().count() <= 30);
                prop_assert!(!value.contains(['|', '\n', '\t', '\r']) && !value.contains("  "));
            }
        }
    }
}
