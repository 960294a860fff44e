//! The form of a template: what was typed, what is wrong with it, and the template that it makes.

use std::collections::BTreeMap;

use domain::{
    template::{Content, Facts, Message, Part, Source},
    text::line,
    variable::VariableName,
};

use super::kind::{Kind, Say};
use crate::{
    pages::length_error,
    ui::{
        field::{Choice, OptionGroup},
        preview::Part as Shown,
    },
};

/// Longest name of a template: it must fit a list.
pub(super) const NAME_CHARS_MAX: usize = 80;
/// Values of one template; a number such as `{{9999}}` is a slip, and would make as many rows.
pub(super) const VALUES_MAX: usize = 20;
/// Words on a button, and the meaning of a value.
pub(super) const LABEL_CHARS_MAX: usize = 60;
/// A text that is the same for everybody, or a fallback.
pub(super) const TEXT_CHARS_MAX: usize = 500;

/// What is wrong, by the field's name.
pub(super) type Errors = BTreeMap<String, String>;

/// What was typed, by the names of the fields. It stays as typed, so that a wrong id is shown beside what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

/// One value, as typed.
pub(super) struct Value<'a> {
    pub(super) label: &'a str,
    /// Word of the source; empty until one is chosen.
    pub(super) source: &'a str,
    pub(super) fixed: &'a str,
    pub(super) fallback: &'a str,
}

/// A value that nobody said the source of; it fills nothing, so nobody is sent it.
pub(super) fn unmapped() -> Source {
    Source::Fixed(String::new())
}

impl Form {
    /// Reads what a browser sends.
    pub(super) fn read(kind: &dyn Kind, pairs: &[(String, String)]) -> Form {
        let text = kind.words().text_field;
        let one = |(name, value): &(String, String)| {
            let value = if name == text { kind.kept(value) } else { line(value) };
            (name.clone(), value)
        };
        Form(pairs.iter().map(one).collect())
    }

    /// The form that makes this template.
    pub(super) fn of(kind: &dyn Kind, name: &str, message: &Message) -> Form {
        let mut form = Form(kind.fields(message).into_iter().collect());
        form.set("name", name);
        for (n, slot) in (1..).zip(message.places()) {
            form.set_value(n, &slot.label, &slot.source, slot.fallback);
        }
        form
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn set_value(&mut self, n: usize, label: &str, source: &Source, fallback: &str) {
        self.set(&format!("label_{n}"), label);
        self.set(&format!("source_{n}"), if *source == unmapped() { "" } else { source.word() });
        self.set(&format!("fixed_{n}"), source.typed());
        self.set(&format!("fallback_{n}"), fallback);
    }

    /// Values that it has rows for: as many as its text has places.
    pub(super) fn values(&self, kind: &dyn Kind) -> usize {
        kind.places(self.get(kind.words().text_field)).min(VALUES_MAX)
    }

    /// Value `n`, from 1.
    pub(super) fn value(&self, n: usize) -> Value<'_> {
        let row = |name: &str| self.get(&format!("{name}_{n}"));
        Value { label: row("label"), source: row("source"), fixed: row("fixed"), fallback: row("fallback") }
    }

    /// Button `n`, from 1. Its source is empty for an address that is the same for everybody.
    pub(super) fn button(&self, n: usize) -> Value<'_> {
        let row = |name: &str| self.get(&format!("button_{name}_{n}"));
        Value { label: row("label"), source: row("source"), fixed: row("fixed"), fallback: "" }
    }

    /// The template, or all that is wrong at once. What is missing for sending is no mistake of the form.
    pub(super) fn check(&self, kind: &dyn Kind) -> Result<Message, Errors> {
        let mut errors = Errors::new();
        let mut say = |name: &str, error: Option<String>| {
            if let Some(error) = error {
                errors.insert(name.to_owned(), error);
            }
        };
        say("name", length_error(self.get("name"), NAME_CHARS_MAX, "A template needs a name of its own."));
        kind.check(self, &mut say);
        for n in 1..=self.values(kind) {
            self.value(n).check(kind, n, &mut say);
        }
        for n in 1..=kind.words().buttons {
            self.button(n).check_button(kind, n, &mut say);
        }
        if errors.is_empty() { Ok(kind.draft(self)) } else { Err(errors) }
    }
}

impl Value<'_> {
    /// The source of the value; a source that was not chosen fills nothing.
    pub(super) fn source(&self) -> Source {
        Source::from_word(self.source, self.fixed).unwrap_or_else(unmapped)
    }

    /// Its meaning, or its number.
    pub(super) fn label(&self, n: usize) -> String {
        if self.label.is_empty() { format!("value {n}") } else { self.label.to_owned() }
    }

    fn check(&self, kind: &dyn Kind, n: usize, say: Say<'_>) {
        say(&format!("label_{n}"), too_long(self.label, LABEL_CHARS_MAX));
        let fallback = too_long(self.fallback, TEXT_CHARS_MAX).or_else(|| place_inside(kind, self.fallback));
        say(&format!("fallback_{n}"), fallback);
        let wrong = (format!("source_{n}"), "Choose where this value comes from.");
        self.check_source(kind, wrong, &format!("fixed_{n}"), "Type the text that everybody gets.", say);
    }

    fn check_button(&self, kind: &dyn Kind, n: usize, say: Say<'_>) {
        if self.label.is_empty() && self.source.is_empty() {
            return;
        }
        let label = length_error(self.label, LABEL_CHARS_MAX, "Type the words on the button.");
        say(&format!("button_label_{n}"), label);
        if !self.source.is_empty() {
            let wrong = (format!("button_source_{n}"), "Choose one of the list.");
            self.check_source(kind, wrong, &format!("button_fixed_{n}"), "Type the end of the address.", say);
        }
    }

    fn check_source(
        &self,
        kind: &dyn Kind,
        (source, wrong): (String, &str),
        fixed: &str,
        missing: &str,
        say: Say<'_>,
    ) {
        if self.source == Source::VARIABLE {
            return say(fixed, VariableName::parse(self.fixed).err().map(|error| error.to_string()));
        }
        match Source::from_word(self.source, self.fixed) {
            None => say(&source, Some(wrong.to_owned())),
            Some(Source::Fixed(text)) if text.is_empty() => say(fixed, Some(missing.to_owned())),
            Some(Source::Fixed(text)) => {
                say(fixed, too_long(&text, TEXT_CHARS_MAX).or_else(|| place_inside(kind, &text)));
            }
            Some(_) => {}
        }
    }
}

/// A value that holds a place for a value is never sent; it is said here, not to everybody's cost later.
fn place_inside(kind: &dyn Kind, text: &str) -> Option<String> {
    let open = text.contains("{{") && text.contains("}}");
    (open || kind.places(text) > 0).then(|| kind.words().place_inside.to_owned())
}

pub(super) fn too_long(text: &str, max: usize) -> Option<String> {
    let count = text.chars().count();
    (count > max).then(|| format!("{count} of {max} characters. Shorten it."))
}

/// Every source, under the headings that their words name; `first` stands before them.
pub(super) fn sources(chosen: &str, first: &str) -> Vec<OptionGroup> {
    let mut groups = vec![OptionGroup { name: None, options: vec![Choice::new("", first, chosen)] }];
    for (word, title, _) in Source::LISTED {
        let (group, label) = title.split_once(" · ").unwrap_or(("", title));
        if groups.last().and_then(|last| last.name.as_deref()) != Some(group) {
            groups.push(OptionGroup { name: Some(group.to_owned()), options: vec![] });
        }
        if let Some(last) = groups.last_mut() {
            last.options.push(Choice::new(*word, label, chosen));
        }
        if *word == "workshop_join_link"
            && let Some(last) = groups.last_mut()
        {
            last.options.push(Choice::new(Source::VARIABLE, "A value of your own…", chosen));
        }
    }
    let fixed = Choice::new("fixed", "The same text for everybody", chosen);
    groups.push(OptionGroup { name: Some("Fixed".into()), options: vec![fixed] });
    groups
}

/// `Reminder copy`, cut so that it fits.
pub(super) fn copy_name(name: &str) -> String {
    const ENDING: &str = " copy";
    let kept: String = name.chars().take(NAME_CHARS_MAX - ENDING.len()).collect();
    format!("{kept}{ENDING}")
}

/// Each value is its own number, so that the pieces of a text say where each stands.
pub(super) fn numbered(count: usize) -> Content {
    Content::for_preview((1..=count).map(|n| n.to_string()))
}

/// The text as one person would read it: what would be refused is marked, not hidden.
pub(super) fn shown(kind: &dyn Kind, message: &Message, facts: &Facts) -> Vec<Shown> {
    let values = message.each(facts);
    let pieces = message.preview(&numbered(values.len())).into_iter();
    let filled = |number: String| match number
        .parse::<usize>()
        .ok()
        .and_then(|n| Some((n, values.get(n.checked_sub(1)?)?)))
    {
        Some((_, Ok(value))) => Shown::Filled(value.clone()),
        Some((n, Err(_))) => Shown::Wrong(kind.sign(message, n)),
        None => Shown::Wrong(number),
    };
    pieces
        .map(|piece| match piece {
            Part::Fixed(text) => Shown::Fixed(text),
            Part::Filled(number) => filled(number),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{kind::KINDS, sms::Sms, whatsapp::Whatsapp},
        *,
    };

    fn typed(kind: &dyn Kind, pairs: &[(&str, &str)]) -> Form {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Form::read(kind, &pairs)
    }

    fn reminder() -> Form {
        typed(
            &Whatsapp,
            &[
                ("name", "Reminder"),
                ("campaign", "workshop_reminder_1h"),
                ("category", "utility"),
                ("language", "en"),
                ("body", "Hi {{1}}, {{2}} starts."),
                ("label_1", "first name"),
                ("source_1", "registrant_first_name"),
                ("fallback_1", "there"),
                ("label_2", "title"),
                ("source_2", "fixed"),
                ("fixed_2", "Rust"),
                ("button_label_1", "Join"),
                ("button_source_1", "workshop_join_link"),
            ],
        )
    }

    #[test]
    fn rows_follow_the_places_of_the_text() {
        assert_eq!(reminder().values(&Whatsapp), 2);
        assert_eq!(typed(&Whatsapp, &[("body", "no values")]).values(&Whatsapp), 0);
        assert_eq!(typed(&Whatsapp, &[("body", "{{999999999}}")]).values(&Whatsapp), VALUES_MAX);
        assert_eq!(typed(&Sms, &[("text", "{#var#} {#url#}")]).values(&Sms), 2);
    }

    #[test]
    fn a_form_makes_its_template_and_back() {
        let message = reminder().check(&Whatsapp).unwrap();
        let places = message.places();
        assert_eq!((places[0].fallback, &*places[1].source), ("there", &Source::Fixed("Rust".into())));
        assert_eq!(message.slots().len(), 3, "a button has a value as well");
        assert_eq!(Form::of(&Whatsapp, "Reminder", &message).check(&Whatsapp).unwrap(), message);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = typed(
            &Whatsapp,
            &[
                ("category", "x"),
                ("language", "english please"),
                ("body", "Hi {{1}}, {{3}}"),
                ("header", "{{1}}"),
                ("media_url", "http://plain.example/a.png"),
                ("source_1", "fixed"),
                ("button_source_2", "workshop_title"),
            ],
        );
        let errors = form.check(&Whatsapp).unwrap_err();
        let names: Vec<&str> = errors.keys().map(String::as_str).collect();
        let expected = [
            "body",
            "button_label_2",
            "campaign",
            "category",
            "fixed_1",
            "header",
            "language",
            "media_url",
            "name",
            "source_2",
            "source_3",
        ];
        assert_eq!(names, expected);
        assert!(errors["body"].contains("no {{2}}"), "{}", errors["body"]);
    }

    #[test]
    fn a_value_that_would_be_refused_is_marked_in_the_preview() {
        let template = Whatsapp.draft(&reminder());
        let fixed = |text: &str| Shown::Fixed(text.to_owned());
        let filled = |text: &str| Shown::Filled(text.to_owned());
        let expected = [fixed("Hi "), filled("there"), fixed(", "), filled("Rust"), fixed(" starts.")];
        assert_eq!(shown(&Whatsapp, &template, &Facts::default()), expected);
        let open = Whatsapp.draft(&typed(&Whatsapp, &[("body", "{{1}}")]));
        assert_eq!(shown(&Whatsapp, &open, &Facts::default()), [Shown::Wrong("{{1}}".into())]);
        let open = Sms.draft(&typed(&Sms, &[("text", "{#url#}")]));
        assert_eq!(shown(&Sms, &open, &Facts::default()), [Shown::Wrong("{#url#}".into())]);
    }

    #[test]
    fn a_copy_keeps_a_name_that_fits() {
        assert_eq!(copy_name("Reminder"), "Reminder copy");
        assert_eq!(copy_name(&"क".repeat(200)).chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn every_source_is_offered_under_its_heading() {
        let groups = sources("workshop_title", "Choose…");
        let all: Vec<&Choice> = groups.iter().flat_map(|group| &group.options).collect();
        assert_eq!(all.len(), Source::LISTED.len() + 3);
        assert!(all.iter().any(|one| one.selected && one.label == "Title"));
    }

    proptest! {
        #[test]
        fn anything_typed_can_be_read_checked_and_previewed(fields in prop::collection::vec(
            (prop::sample::select(vec![
                "name", "campaign", "category", "language", "header", "body", "text", "route", "message_id", "sender", "source_1",
                "fixed_1", "media_url", "button_label_1", "button_source_1",
            ]), "[\\PC\\n{}#var0-9]{0,60}"), 0..12)) {
            let pairs: Vec<(String, String)> = fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            for kind in KINDS {
                let form = Form::read(*kind, &pairs);
                let _ = form.check(*kind);
                let _ = shown(*kind, &kind.draft(&form), &Facts::default());
            }
        }
    }
}
