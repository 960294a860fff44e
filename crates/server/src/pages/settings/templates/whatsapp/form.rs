//! The form of a template: what was typed, what is wrong with it, and the template it makes.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    channel::Category,
    template::{Content, Facts, Part, Source, ValueError},
    text::{line, lines},
    whatsapp::{Media, Parameter, UrlButton, WhatsappTemplate},
};

use super::super::values::{
    Errors, LABEL_CHARS_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX, VALUES_MAX, Value, too_long,
};
use crate::{pages::length_error, ui::preview::Part as Shown};

/// Longest campaign name.
pub(super) const CAMPAIGN_CHARS_MAX: usize = 200;
/// Meta's limits of a template's parts.
pub(super) const BODY_CHARS_MAX: usize = 1_024;
pub(super) const HEADER_CHARS_MAX: usize = 60;
pub(super) const FOOTER_CHARS_MAX: usize = 60;
/// Buttons with an address that the form has room for.
pub(super) const BUTTONS_MAX: usize = 3;
const URL_CHARS_MAX: usize = 2_000;

/// One button, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Press {
    pub(super) label: String,
    /// Word of the source; empty for an address that is the same for everybody.
    pub(super) source: String,
    pub(super) fixed: String,
}

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TemplateForm {
    pub(super) name: String,
    pub(super) campaign: String,
    pub(super) category: String,
    pub(super) language: String,
    pub(super) header: String,
    pub(super) body: String,
    pub(super) footer: String,
    pub(super) media_url: String,
    pub(super) media_filename: String,
    pub(super) values: Vec<Value>,
    pub(super) buttons: Vec<Press>,
    /// Whose message the preview shows: a registrant's id, or empty for an invented person.
    pub(super) preview_as: String,
    /// The account that is asked about the campaign.
    pub(super) account: String,
    /// `save`, `check`, or anything else to look at it.
    pub(super) action: String,
}

impl TemplateForm {
    /// An empty form.
    pub(super) fn blank() -> TemplateForm {
        TemplateForm {
            category: Category::Utility.word().into(),
            language: "en".into(),
            buttons: vec![Press::default(); BUTTONS_MAX],
            ..TemplateForm::default()
        }
    }

    /// The form that makes this template.
    pub(super) fn of(name: &str, template: &WhatsappTemplate) -> TemplateForm {
        let fixed = |source: &Source| match source {
            Source::Fixed(text) => text.clone(),
            _ => String::new(),
        };
        let value = |parameter: &Parameter| Value {
            label: parameter.label.clone(),
            source: parameter.source.word().into(),
            fixed: fixed(&parameter.source),
            fallback: parameter.fallback.clone(),
        };
        let press = |button: &UrlButton| Press {
            label: button.label.clone(),
            source: button.value.as_ref().map(Source::word).unwrap_or_default().into(),
            fixed: button.value.as_ref().map(fixed).unwrap_or_default(),
        };
        let mut buttons: Vec<Press> = template.buttons.iter().map(press).collect();
        buttons.resize(BUTTONS_MAX.max(buttons.len()), Press::default());
        TemplateForm {
            name: name.to_owned(),
            campaign: template.campaign.clone(),
            category: template.category.word().into(),
            language: template.language.clone(),
            header: template.header.clone(),
            body: template.body.clone(),
            footer: template.footer.clone(),
            media_url: template.media.as_ref().map(|media| media.url.clone()).unwrap_or_default(),
            media_filename: template.media.as_ref().map(|media| media.filename.clone()).unwrap_or_default(),
            values: template.parameters.iter().map(value).collect(),
            buttons,
            ..TemplateForm::default()
        }
    }

    /// Reads what a browser sends; rows follow the placeholders of the text.
    pub(super) fn read(pairs: &[(String, String)]) -> TemplateForm {
        let typed: BTreeMap<&str, &str> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let one = |name: &str| line(typed.get(name).copied().unwrap_or_default());
        let row = |name: &str, n: usize| one(&format!("{name}_{n}"));
        let body = lines(typed.get("body").copied().unwrap_or_default());
        let count = placeholders(&body).count.min(VALUES_MAX);
        let value = |n: usize| Value {
            label: row("label", n),
            source: row("source", n),
            fixed: row("fixed", n),
            fallback: row("fallback", n),
        };
        let press = |n: usize| Press {
            label: row("button_label", n),
            source: row("button_source", n),
            fixed: row("button_fixed", n),
        };
        TemplateForm {
            name: one("name"),
            campaign: one("campaign"),
            category: one("category"),
            language: one("language"),
            header: one("header"),
            body,
            footer: one("footer"),
            media_url: one("media_url"),
            media_filename: one("media_filename"),
            values: (1..=count).map(value).collect(),
            buttons: (1..=BUTTONS_MAX).map(press).collect(),
            preview_as: one("preview_as"),
            account: one("account"),
            action: one("do"),
        }
    }

    /// The template as far as it can be read; for the preview and for questions.
    pub(super) fn draft(&self) -> WhatsappTemplate {
        let source = |word: &str, fixed: &str| {
            Source::from_word(word, fixed).unwrap_or_else(|| Source::Fixed(String::new()))
        };
        let parameter = |(at, value): (usize, &Value)| Parameter {
            label: if value.label.is_empty() { format!("value {}", at + 1) } else { value.label.clone() },
            source: source(&value.source, &value.fixed),
            fallback: value.fallback.clone(),
        };
        let button = |press: &Press| UrlButton {
            label: press.label.clone(),
            value: (!press.source.is_empty()).then(|| source(&press.source, &press.fixed)),
        };
        WhatsappTemplate {
            campaign: self.campaign.clone(),
            category: self.category.parse().unwrap_or(Category::Utility),
            language: self.language.clone(),
            header: self.header.clone(),
            body: self.body.clone(),
            footer: self.footer.clone(),
            parameters: self.values.iter().enumerate().map(parameter).collect(),
            media: (!self.media_url.is_empty())
                .then(|| Media { url: self.media_url.clone(), filename: self.filename() }),
            buttons: self.buttons.iter().filter(|press| !press.label.is_empty()).map(button).collect(),
        }
    }

    /// The name of the media as typed, or else the last part of its address.
    fn filename(&self) -> String {
        if !self.media_filename.is_empty() {
            return self.media_filename.clone();
        }
        let path = self.media_url.split(['?', '#']).next().unwrap_or_default();
        let name = path.trim_start_matches("https://").split('/').skip(1).last().unwrap_or_default();
        if name.is_empty() { "file".to_owned() } else { name.to_owned() }
    }

    /// The template, or all that is wrong at once.
    pub(super) fn check(&self) -> Result<WhatsappTemplate, Errors> {
        let mut errors = Errors::new();
        let mut say = |name: &str, error: Option<String>| {
            if let Some(error) = error {
                errors.insert(name.to_owned(), error);
            }
        };
        say("name", length_error(&self.name, NAME_CHARS_MAX, "A template needs a name of its own."));
        say("campaign", length_error(&self.campaign, CAMPAIGN_CHARS_MAX, "Type the campaign’s name."));
        say(
            "category",
            self.category.parse::<Category>().is_err().then(|| "Choose one of the categories.".into()),
        );
        say("language", (!is_language(&self.language)).then(|| "A code such as en, hi or en_US.".into()));
        say("header", part_error(&self.header, HEADER_CHARS_MAX));
        say("footer", part_error(&self.footer, FOOTER_CHARS_MAX));
        say("body", body_error(&self.body));
        say("media_url", url_error(&self.media_url));
        say(
            "media_filename",
            (self.media_filename.chars().count() > LABEL_CHARS_MAX)
                .then(|| format!("At most {LABEL_CHARS_MAX} characters. Shorten it.")),
        );
        for (n, value) in (1..).zip(&self.values) {
            check_value(value, n, &mut say);
        }
        for (n, press) in (1..).zip(&self.buttons) {
            press.check(n, &mut say);
        }
        if errors.is_empty() { Ok(self.draft()) } else { Err(errors) }
    }
}

/// Puts what is wrong with value `n` under its fields' names.
fn check_value(value: &Value, n: usize, say: &mut impl FnMut(&str, Option<String>)) {
    say(&format!("label_{n}"), too_long(&value.label, LABEL_CHARS_MAX));
    say(
        &format!("fallback_{n}"),
        too_long(&value.fallback, TEXT_CHARS_MAX).or_else(|| still_open(&value.fallback)),
    );
    match Source::from_word(&value.source, &value.fixed) {
        None => say(&format!("source_{n}"), Some("Choose where this value comes from.".into())),
        Some(Source::Fixed(text)) => {
            let missing = text.is_empty().then(|| "Type the text that everybody gets.".to_owned());
            say(
                &format!("fixed_{n}"),
                missing.or_else(|| too_long(&text, TEXT_CHARS_MAX)).or_else(|| still_open(&text)),
            );
        }
        Some(_) => {}
    }
}

impl Press {
    fn check(&self, n: usize, say: &mut impl FnMut(&str, Option<String>)) {
        let used = !self.label.is_empty() || !self.source.is_empty();
        if !used {
            return;
        }
        say(
            &format!("button_label_{n}"),
            length_error(&self.label, LABEL_CHARS_MAX, "Type the words on the button."),
        );
        if self.source.is_empty() {
            return;
        }
        match Source::from_word(&self.source, &self.fixed) {
            None => say(&format!("button_source_{n}"), Some("Choose one of the list.".into())),
            Some(Source::Fixed(text)) => {
                let missing = text.is_empty().then(|| "Type the end of the address.".to_owned());
                say(
                    &format!("button_fixed_{n}"),
                    missing.or_else(|| too_long(&text, TEXT_CHARS_MAX)).or_else(|| still_open(&text)),
                );
            }
            Some(_) => {}
        }
    }
}

/// A value that holds a placeholder is never sent; it is said here, not to everybody's cost later.
fn still_open(text: &str) -> Option<String> {
    (text.contains("{{") && text.contains("}}"))
        .then(|| "A placeholder cannot stand inside a value.".to_owned())
}

fn part_error(text: &str, max: usize) -> Option<String> {
    too_long(text, max)
        .or_else(|| text.contains("{{").then(|| "Placeholders are possible in the text only.".to_owned()))
}

fn is_language(code: &str) -> bool {
    let mut parts = code.split(['_', '-']);
    let letters = |part: &str, from: usize, to: usize| {
        (from..=to).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(|part| letters(part, 2, 3))
        && parts.all(|part| letters(part, 2, 4))
        && code.len() <= 10
}

fn url_error(url: &str) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    let host =
        url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let fine = host.contains('.') && !host.contains('@') && !url.contains(char::is_whitespace);
    if !fine {
        return Some("A public address that begins with https:// and needs no login.".into());
    }
    too_long(url, URL_CHARS_MAX)
}

/// `{{n}}` of a text.
pub(super) struct Placeholders {
    /// The largest n.
    pub(super) count: usize,
    /// The smallest n below it that is not in the text.
    missing: Option<usize>,
}

/// Reads a text's placeholders with the reader that sends.
pub(super) fn placeholders(body: &str) -> Placeholders {
    let template = text_only(body);
    let count = template.placeholders();
    let numbers: BTreeSet<String> = template
        .preview(&numbered(count.min(VALUES_MAX)))
        .into_iter()
        .filter_map(|part| match part {
            Part::Filled(number) => Some(number),
            Part::Fixed(_) => None,
        })
        .collect();
    let missing = (1..=count.min(VALUES_MAX)).find(|n| !numbers.contains(&n.to_string()));
    Placeholders { count, missing }
}

fn text_only(body: &str) -> WhatsappTemplate {
    let form = TemplateForm { body: body.to_owned(), ..TemplateForm::default() };
    form.draft()
}

/// Each value is its own number.
fn numbered(count: usize) -> Content {
    Content { values: (1..=count).map(|n| n.to_string()).collect(), ..Content::default() }
}

fn body_error(body: &str) -> Option<String> {
    let found = placeholders(body);
    length_error(body, BODY_CHARS_MAX, "Paste the approved text of the template.")
        .or_else(|| {
            (found.count > VALUES_MAX).then(|| {
                format!(
                    "{{{{{}}}}} is more than {VALUES_MAX} values. Number them from {{{{1}}}} on.",
                    found.count
                )
            })
        })
        .or_else(|| {
            found.missing.map(|n| {
                format!(
                    "The text has {{{{{}}}}} but no {{{{{n}}}}}. Number the values from {{{{1}}}} on.",
                    found.count
                )
            })
        })
}

/// The text as one person would read it: what would be refused is marked, not hidden.
pub(super) fn preview(template: &WhatsappTemplate, facts: &Facts) -> Vec<Shown> {
    let values: Vec<Result<String, ValueError>> =
        template.parameters.iter().map(|one| value(one, facts)).collect();
    let place = |number: &str| number.parse::<usize>().ok().and_then(|n| values.get(n.checked_sub(1)?));
    template
        .preview(&numbered(values.len()))
        .into_iter()
        .map(|part| match part {
            Part::Fixed(text) => Shown::Fixed(text),
            Part::Filled(number) => match place(&number) {
                Some(Ok(value)) => Shown::Filled(value.clone()),
                Some(Err(_)) | None => Shown::Wrong(format!("{{{{{number}}}}}")),
            },
        })
        .collect()
}

/// What one value becomes, by the function that sends.
pub(super) fn value(parameter: &Parameter, facts: &Facts) -> Result<String, ValueError> {
    let alone = WhatsappTemplate { parameters: vec![parameter.clone()], buttons: vec![], ..text_only("") };
    alone.fill(facts).map(|content| content.values.into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(pairs: &[(&str, &str)]) -> TemplateForm {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TemplateForm::read(&pairs)
    }

    fn reminder() -> TemplateForm {
        typed(&[
            ("name", "Reminder"),
            ("campaign", "workshop_reminder_1h"),
            ("category", "utility"),
            ("language", "en"),
            ("body", "Hi {{1}}, {{2}} starts."),
            ("source_1", "registrant_first_name"),
            ("fallback_1", "there"),
            ("source_2", "fixed"),
            ("fixed_2", "Rust"),
            ("button_label_1", "Join"),
            ("button_source_1", "workshop_join_link"),
        ])
    }

    #[test]
    fn rows_follow_the_placeholders_of_the_text() {
        assert_eq!(reminder().values.len(), 2);
        assert_eq!(typed(&[("body", "no values")]).values.len(), 0);
        assert_eq!(typed(&[("body", "{{999999999}}")]).values.len(), VALUES_MAX);
    }

    #[test]
    fn a_form_makes_its_template_and_back() {
        let template = reminder().check().unwrap();
        assert_eq!(template.parameters[0].fallback, "there");
        assert_eq!(template.parameters[1].source, Source::Fixed("Rust".into()));
        assert_eq!(template.buttons.len(), 1);
        let again = TemplateForm::of("Reminder", &template);
        assert_eq!(again.check().unwrap(), template);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let errors = typed(&[
            ("category", "x"),
            ("language", "english please"),
            ("body", "Hi {{1}}, {{3}}"),
            ("header", "{{1}}"),
            ("media_url", "http://plain.example/a.png"),
            ("source_1", "fixed"),
            ("button_source_2", "workshop_title"),
        ])
        .check()
        .unwrap_err();
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
        let template = reminder().draft();
        let facts = Facts::default();
        assert_eq!(
            preview(&template, &facts),
            [
                Shown::Fixed("Hi ".into()),
                Shown::Filled("there".into()),
                Shown::Fixed(", ".into()),
                Shown::Filled("Rust".into()),
                Shown::Fixed(" starts.".into())
            ]
        );
        let open = typed(&[("body", "{{1}}")]).draft();
        assert_eq!(preview(&open, &facts), [Shown::Wrong("{{1}}".into())]);
    }

    #[test]
    fn a_file_without_a_name_takes_the_end_of_its_address() {
        let form = typed(&[("media_url", "https://a.example/x/banner.png?v=1")]);
        assert_eq!(form.filename(), "banner.png");
        assert_eq!(typed(&[("media_url", "https://a.example")]).filename(), "file");
    }

    proptest! {
        #[test]
        fn anything_typed_can_be_read_checked_and_previewed(fields in prop::collection::vec(
            (prop::sample::select(vec!["name", "campaign", "category", "language", "header", "body", "source_1", "fixed_1", "media_url", "button_label_1", "button_source_1"]), "[\\PC\\n{}0-9]{0,60}"), 0..12)) {
            let pairs: Vec<(String, String)> = fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            let form = TemplateForm::read(&pairs);
            let _ = form.check();
            let _ = preview(&form.draft(), &Facts::default());
        }
    }
}
