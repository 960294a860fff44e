//! A vendor's field on a form, drawn from its description: of an account and of a template alike.

use providers::field::{Field as VendorField, Kind, PER_DAY_MAX};

use crate::ui::field::{Choice, Field};

/// The field of one line, with what was typed into it and what is wrong with that.
pub(super) fn draw(field: &VendorField, typed: &str, error: Option<String>) -> Field {
    let text = || Field::text(field.key, field.label);
    let number = || Field::number(field.key, field.label);
    let drawn = match field.kind {
        Kind::Choice { options, .. } => {
            let options = options.iter().map(|(word, title)| Choice::new(*word, *title, typed)).collect();
            return Field::select(field.key, field.label, options).error(error).help(field.help);
        }
        Kind::Id { digits: true, .. } => text().autocomplete("off").inputmode("numeric"),
        Kind::Id { digits: false, .. } => text().autocomplete("off"),
        Kind::Number { min, max, .. } => number().between(min, max),
        Kind::Rate { max, .. } => number().between(1, max),
        Kind::Ceiling { .. } => number().between(0, PER_DAY_MAX),
        Kind::Text { .. } | Kind::Base { .. } | Kind::Secret | Kind::Hours => text(),
    };
    let drawn = drawn.value(typed.to_owned()).error(error).help(field.help);
    let drawn = if field.placeholder.is_empty() { drawn } else { drawn.placeholder(field.placeholder) };
    let must = !field.missing.is_empty() || matches!(field.kind, Kind::Rate { .. });
    if must { drawn.required() } else { drawn }
}
