//! A WhatsApp template as providers know it: the approved text, and what is put into it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    channel::Category,
    template::{Content, Facts, Part, Source, ValueError, WhatsappContent, first_filled},
};

/// One positional value of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The label of the value on screens, such as "first name".
    pub label: String,
    /// The source of the value.
    pub source: Source,
    /// Taken when the source is empty; "there" in "Hi there". Empty means that an empty value leaves the person out.
    #[serde(default)]
    pub fallback: String,
}

/// A picture, video or document at the head of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The HTTPS address from which WhatsApp fetches the file.
    pub url: String,
    /// The name shown for a document.
    pub filename: String,
}

/// A button whose address ends in a value of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlButton {
    /// The words on the button.
    pub label: String,
    /// The value appended to its address; `None` when the approved address is fixed.
    pub value: Option<Source>,
}

/// A WhatsApp template as providers know it, and our reading of it. Frozen into each broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsappTemplate {
    /// Exact name of the Live API campaign; not the template's name.
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
    /// The values of the numbered placeholders, in order.
    pub parameters: Vec<Parameter>,
    /// Header media, when the campaign was made with it.
    #[serde(default)]
    pub media: Option<Media>,
    /// The buttons that open an address, in order.
    #[serde(default)]
    pub buttons: Vec<UrlButton>,
    /// What only the provider that sends it knows, under the keys of its template fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The name that goes along when a registrant has none; the provider wants one.
const NO_NAME: &str = "there";

impl Parameter {
    /// The value for one person.
    pub(crate) fn fill(&self, facts: &Facts) -> Result<String, ValueError> {
        filled(facts, &self.source, &self.fallback, &self.label)
    }
}

impl WhatsappTemplate {
    /// Puts the values in. Values are never looked into again, so a name such as `{{2}}` stays text, and is refused.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            values.push(parameter.fill(facts)?);
        }
        let mut buttons = Vec::new();
        for button in &self.buttons {
            if let Some(source) = &button.value {
                let value = filled(facts, source, "", &button.label)?;
                let is_own = matches!(source, Source::OptOutLink | Source::RegistrantJoinLink);
                buttons.push(if is_own { last_part(&value) } else { value });
            }
        }
        Ok(Content::Whatsapp(WhatsappContent { name: folded_or(&facts.name, NO_NAME), values, buttons }))
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

    /// The text as one person will see it, in pieces, so that a screen can mark the values.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        pieces(&self.body)
            .map(|piece| match piece {
                Err(text) => Part::Fixed(text.to_owned()),
                Ok(n) => match content.values().get(n.wrapping_sub(1)) {
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

/// Meta refuses newlines, tabs and more than four spaces in a row: white space is folded.
fn folded_or(value: &str, fallback: &str) -> String {
    first_filled(value, fallback, |_| false)
}

fn filled(facts: &Facts, source: &Source, fallback: &str, label: &str) -> Result<String, ValueError> {
    let value = folded_or(facts.value(source), fallback);
    if value.is_empty() {
        return Err(ValueError::Empty(label.to_owned()));
    }
    if value.contains("{{") && value.contains("}}") {
        return Err(ValueError::Unresolved(label.to_owned()));
    }
    Ok(value)
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
            extra: Default::default(),
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
        assert_eq!(content.values(), ["Asha", "Rust for Beginners"]);
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
        let Content::Whatsapp(content) = content else { panic!("{content:?}") };
        assert_eq!(content.values, ["https://example.in/o/abc"]);
        assert_eq!(content.buttons, ["abc"]);
        assert!(Source::OptOutLink.is_personal());
    }

    #[test]
    fn each_recipient_gets_their_own_values() {
        // R16: the values of recipient 0 were sent to all.
        let template = template("Hi {{1}}", &[Source::RegistrantFirstName]);
        let names = ["Asha", "Ravi", "Meera"];
        let sent: Vec<_> =
            names.iter().map(|name| template.fill(&facts(name)).unwrap().values()[0].clone()).collect();
        assert_eq!(sent, names);
    }

    proptest! {
        #[test]
        fn a_value_that_goes_out_has_no_character_that_meta_refuses(name in ".{0,40}") {
            if let Ok(content) = template("{{1}}", &[Source::RegistrantName]).fill(&facts(&name)) {
                let value = &content.values()[0];
                prop_assert!(!value.is_empty() && !value.contains(['\n', '\t', '\r']) && !value.contains("  "));
            }
        }

        #[test]
        fn pieces_put_together_are_the_text(body in r"([a-z ]|\{\{|\}\}|[{}1-9]){0,20}") {
            let whole: String = pieces(&body).map(|p| p.map_or_else(str::to_owned, |n| format!("{{{{{n}}}}}"))).collect();
            // Only the spaces around a number are dropped.
            prop_assert_eq!(whole.replace(' ', ""), body.replace(' ', ""));
        }
    }
}
