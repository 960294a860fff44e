//! Where each value of the template comes from, and what it becomes for the person of the preview.

use std::collections::BTreeSet;

use domain::{
    template::{Message, Slot, Source, ValueError},
    variable::VariableName,
};

use super::{composer_state::ComposerState, parts::name};
use crate::ui::{
    composer::{Variable, Variables},
    field::{Choice, Field},
};

/// Where each value comes from.
pub(super) fn variables(composer: &ComposerState) -> Variables {
    let longest = |at: usize| match &composer.review.draft.message {
        Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => None,
        Message::Sms(template) => {
            template.variables.get(at).map(|variable| (variable.tag, template.limits.of(variable.tag)))
        }
    };
    let row = |(at, parameter): (usize, Slot<'_>)| {
        let place = at + 1;
        let current = match &*parameter.source {
            Source::Variable(name) => format!("{}{}", Source::VARIABLE, name.as_str()),
            other => other.word().to_owned(),
        };
        let listed = Source::LISTED.iter().filter(|(_, _, source)| !source.is_of_alerts());
        let mut choices: Vec<Choice> =
            listed.map(|(word, title, _)| Choice::new(*word, *title, &current)).collect();
        choices.extend(own_values(composer, &parameter).into_iter().map(|name| {
            let word = format!("{}{}", Source::VARIABLE, name.as_str());
            Choice::new(word, format!("Workshop · {name}"), &current)
        }));
        choices.push(Choice::new("fixed", "The same text for everybody", &current));
        let shown = composer.shown.as_ref().and_then(|shown| shown.values.get(at));
        let mut more = Vec::new();
        if let Source::Fixed(text) = &*parameter.source {
            let field = Field::text(format!("fixed-{place}"), "Text");
            more.push(field.value(text).autosubmit());
        }
        if matches!(
            &*parameter.source,
            Source::RegistrantName | Source::RegistrantFirstName | Source::RegistrantEmail
        ) {
            let field = Field::text(format!("fallback-{place}"), "When empty");
            let field = field.value(parameter.fallback).placeholder("The person is left out");
            more.push(field.autosubmit());
        }
        Variable {
            placeholder: match longest(at) {
                None => format!("{{{{{place}}}}}"),
                Some((tag, _)) => format!("{{#{tag}#}}"),
            },
            name: parameter.label.clone().into_owned(),
            source: Field::select(format!("source-{place}"), format!("Source of value {place}"), choices)
                .autosubmit(),
            more,
            value: match shown {
                Some(Ok(value)) => value.clone(),
                Some(Err(_)) | None => "–".to_owned(),
            },
            length: match (longest(at), shown) {
                (Some((_, most)), Some(Ok(value))) => Some((whole(value.chars().count()), whole(most))),
                _ => None,
            },
            error: match shown {
                Some(Err(words)) => {
                    let way = match &*parameter.source {
                        Source::RegistrantName | Source::RegistrantFirstName | Source::RegistrantEmail
                            if matches!(words, ValueError::Empty(_)) =>
                        {
                            "a fallback includes them"
                        }
                        Source::Variable(_) => "enter it for this workshop above",
                        _ => "another source or a fixed text includes them",
                    };
                    Some(format!("{words} for this person. They are left out; {way}."))
                }
                Some(Ok(_)) | None => None,
            },
        }
    };
    let person =
        composer.shown.as_ref().map(|shown| name(shown).split(' ').next().unwrap_or_default().to_owned());
    let rows: Vec<Variable> =
        composer.review.draft.message.places().into_iter().enumerate().map(row).collect();
    Variables {
        head: "Value",
        person: person.unwrap_or_else(|| "a person".to_owned()),
        folded: fold_words(composer, &rows),
        rows,
    }
}

/// What is said of the values where nothing has to be done about them; `None` where something has.
fn fold_words(composer: &ComposerState, rows: &[Variable]) -> Option<&'static str> {
    let wrong = composer.review.audience.bad_value > 0 || rows.iter().any(|row| row.error.is_some());
    // Where there is nobody to fill them for, nothing is known of them.
    let words = if composer.shown.is_some() { ", filled for everybody" } else { "" };
    (!wrong).then_some(words)
}

/// The values of its own that a workshop has, and the one that the template names.
fn own_values(composer: &ComposerState, slot: &Slot<'_>) -> BTreeSet<VariableName> {
    let mut names: BTreeSet<VariableName> =
        composer.review.draft.workshop.variables.keys().cloned().collect();
    if let Source::Variable(name) = &*slot.source {
        names.insert(name.clone());
    }
    names
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
