//! The form of an SMS template: what was typed, what is wrong with it, and the template it makes.

use std::collections::BTreeMap;

use domain::{
    channel::Category,
    sms::{
        DltTemplateId, EntityId, IdError, MessageId, SenderId, SmsRoute, SmsTemplate, ValueLimits, Variable,
        tags_in,
    },
    template::{Facts, Source, ValueError},
    text::line,
};

use super::super::values::{
    Errors, LABEL_CHARS_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX, VALUES_MAX, Value, too_long,
};
use crate::pages::length_error;

/// A registered text has so many characters at most.
pub(super) const SMS_CHARS_MAX: usize = 2_000;

/// What was typed. The ids stay as typed, so that a wrong one is shown again beside what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SmsForm {
    pub(super) name: String,
    pub(super) route: String,
    pub(super) category: String,
    pub(super) sender: String,
    pub(super) message_id: String,
    pub(super) template_id: String,
    pub(super) entity_id: String,
    /// The registered text, every space as it was pasted.
    pub(super) text: String,
    pub(super) values: Vec<Value>,
    /// Whose message the preview shows: a registrant's id, or empty for an invented person.
    pub(super) preview_as: String,
    /// `save`, or anything else to look at it.
    pub(super) action: String,
}

impl SmsForm {
    /// An empty form.
    pub(super) fn blank(route: SmsRoute) -> SmsForm {
        SmsForm {
            route: route.word().into(),
            category: Category::Utility.word().into(),
            ..SmsForm::default()
        }
    }

    /// The form that makes this template.
    pub(super) fn of(name: &str, template: &SmsTemplate) -> SmsForm {
        let value = |variable: &Variable| {
            let fixed = match &variable.source {
                Source::Fixed(text) => text.clone(),
                _ => String::new(),
            };
            // Nothing was chosen yet: see `unmapped`.
            let open = variable.source == unmapped();
            Value {
                label: variable.label.clone(),
                source: if open { String::new() } else { variable.source.word().into() },
                fixed,
                fallback: variable.fallback.clone(),
            }
        };
        SmsForm {
            name: name.to_owned(),
            route: template.route.word().into(),
            category: template.category.word().into(),
            sender: shown(template.sender.as_ref()),
            message_id: shown(template.message_id.as_ref()),
            template_id: shown(template.template_id.as_ref()),
            entity_id: shown(template.entity_id.as_ref()),
            text: template.text.clone(),
            values: template.variables.iter().map(value).collect(),
            ..SmsForm::default()
        }
    }

    /// Reads what a browser sends; rows follow the places of the text.
    pub(super) fn read(pairs: &[(String, String)]) -> SmsForm {
        let typed: BTreeMap<&str, &str> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let raw = |name: &str| typed.get(name).copied().unwrap_or_default();
        let one = |name: &str| line(raw(name));
        let row = |name: &str, n: usize| one(&format!("{name}_{n}"));
        let text = registered(raw("text"));
        let count = tags_in(&text).len().min(VALUES_MAX);
        let value = |n: usize| Value {
            label: row("label", n),
            source: row("source", n),
            fixed: row("fixed", n),
            fallback: row("fallback", n),
        };
        SmsForm {
            name: one("name"),
            route: one("route"),
            category: one("category"),
            sender: one("sender"),
            message_id: one("message_id"),
            template_id: one("template_id"),
            entity_id: one("entity_id"),
            text,
            values: (1..=count).map(value).collect(),
            preview_as: one("preview_as"),
            action: one("do"),
        }
    }

    /// The chosen way, or the usual one.
    pub(super) fn route(&self) -> SmsRoute {
        self.route.parse().unwrap_or(SmsRoute::Dlt)
    }

    /// The template as far as it can be read; for the preview. An id that cannot be read is none.
    pub(super) fn draft(&self) -> SmsTemplate {
        let tags = tags_in(&self.text);
        let variable = |(at, (value, tag)): (usize, (&Value, _))| Variable {
            label: if value.label.is_empty() { format!("value {}", at + 1) } else { value.label.clone() },
            tag,
            source: Source::from_word(&value.source, &value.fixed).unwrap_or_else(unmapped),
            fallback: value.fallback.clone(),
        };
        SmsTemplate {
            limits: ValueLimits::default(),
            route: self.route(),
            sender: self.sender.parse().ok(),
            message_id: self.message_id.parse().ok(),
            template_id: self.template_id.parse().ok(),
            entity_id: self.entity_id.parse().ok(),
            category: self.category.parse().unwrap_or(Category::Utility),
            text: self.text.clone(),
            variables: self.values.iter().zip(tags).enumerate().map(variable).collect(),
        }
    }

    /// The template, or all that is wrong at once. What is missing for sending is no mistake of the form, a wrong id is.
    pub(super) fn check(&self) -> Result<SmsTemplate, Errors> {
        let mut errors = Errors::new();
        let mut say = |name: &str, error: Option<String>| {
            if let Some(error) = error {
                errors.insert(name.to_owned(), error);
            }
        };
        let route = self.route();
        say("name", length_error(&self.name, NAME_CHARS_MAX, "A template needs a name of its own."));
        say("route", self.route.parse::<SmsRoute>().is_err().then(|| "Choose one of the ways.".into()));
        let known = self.category.parse().is_ok_and(|one: Category| CATEGORIES.contains(&one));
        say("category", (!known).then(|| "Choose Service or Promotional.".into()));
        say("sender", id_error::<SenderId>(&self.sender, false));
        say("message_id", id_error::<MessageId>(&self.message_id, route == SmsRoute::Dlt));
        say("template_id", id_error::<DltTemplateId>(&self.template_id, route == SmsRoute::DltManual));
        say("entity_id", id_error::<EntityId>(&self.entity_id, false));
        say("text", text_error(&self.text));
        for (n, value) in (1..).zip(&self.values) {
            check_value(n, value, &mut say);
        }
        if errors.is_empty() { Ok(self.draft()) } else { Err(errors) }
    }
}

/// Service and promotional: the two that a workshop's operator has (providers/regulation-india.md §1.2).
pub(super) const CATEGORIES: [Category; 2] = [Category::Utility, Category::Marketing];

/// The words for a category of an SMS.
pub(super) fn sms_category(category: Category) -> &'static str {
    match category {
        Category::Utility => "Service",
        Category::Marketing => "Promotional",
        Category::Authentication => "Codes",
    }
}

/// A value that nobody said the source of; it fills nothing, so nobody is sent it.
pub(super) fn unmapped() -> Source {
    Source::Fixed(String::new())
}

/// A pasted text: a browser sends line breaks as two characters, and no database keeps a zero. Nothing else changes.
pub(super) fn registered(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

fn shown(id: Option<&impl ToString>) -> String {
    id.map(ToString::to_string).unwrap_or_default()
}

/// The domain's own words, as a sentence.
fn id_error<T: std::str::FromStr<Err = IdError>>(typed: &str, needed: bool) -> Option<String> {
    match typed.parse::<T>() {
        Ok(_) => None,
        Err(IdError::Empty) if needed => Some("This way of sending needs it.".into()),
        Err(IdError::Empty) => None,
        Err(error) => Some(format!("{error}.")),
    }
}

fn text_error(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Paste the registered text.".into());
    }
    if let Some(hidden) = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t') {
        return Some(format!(
            "It holds a control character, U+{:04X}. Copy the text from the portal again.",
            u32::from(hidden)
        ));
    }
    let places = tags_in(text).len();
    too_long(text, SMS_CHARS_MAX).or_else(|| {
        (places > VALUES_MAX)
            .then(|| format!("It has {places} places for values; {VALUES_MAX} are the most."))
    })
}

fn check_value(n: usize, value: &Value, say: &mut impl FnMut(&str, Option<String>)) {
    say(&format!("label_{n}"), too_long(&value.label, LABEL_CHARS_MAX));
    say(
        &format!("fallback_{n}"),
        too_long(&value.fallback, TEXT_CHARS_MAX).or_else(|| tag_inside(&value.fallback)),
    );
    match Source::from_word(&value.source, &value.fixed) {
        None => say(&format!("source_{n}"), Some("Choose where this value comes from.".into())),
        Some(Source::Fixed(text)) => {
            let missing = text.is_empty().then(|| "Type the text that everybody gets.".to_owned());
            let error = missing.or_else(|| too_long(&text, TEXT_CHARS_MAX)).or_else(|| tag_inside(&text));
            say(&format!("fixed_{n}"), error);
        }
        Some(_) => {}
    }
}

fn tag_inside(text: &str) -> Option<String> {
    (!tags_in(text).is_empty()).then(|| "A place for a value cannot stand inside a value.".to_owned())
}

/// What one value becomes, by the function that sends.
pub(super) fn value(variable: &Variable, facts: &Facts, limits: ValueLimits) -> Result<String, ValueError> {
    let alone = SmsTemplate { variables: vec![variable.clone()], limits, ..SmsForm::default().draft() };
    alone.fill(facts).map(|content| content.values.into_iter().next().unwrap_or_default())
}
