//! A vendor's field on a form, drawn from its description: of an account and of a template alike.

use providers::field::{Field as VendorField, FieldKind, PER_DAY_MAX};

use crate::ui::field::{Choice, Field};

/// The field of one line, with what was typed into it and what is wrong with that.
pub(super) fn draw(field: &VendorField, typed: &str, error: Option<String>) -> Field {
    let text = || Field::text(field.key, field.label);
    let number = || Field::number(field.key, field.label);
    let drawn = match field.kind {
        FieldKind::Choice { options, .. } => {
            let options = options.iter().map(|(word, title)| Choice::new(*word, *title, typed)).collect();
            return Field::select(field.key, field.label, options).error(error).help(field.help);
        }
        FieldKind::Id { digits: true, .. } => text().autocomplete("off").inputmode("numeric"),
        FieldKind::Id { digits: false, .. } => text().autocomplete("off"),
        FieldKind::Number { min, max, .. } => number().between(min, max),
        FieldKind::Rate { max, .. } => number().between(1, max),
        FieldKind::Ceiling { .. } => number().between(0, PER_DAY_MAX),
        FieldKind::Text { .. } | FieldKind::Base { .. } | FieldKind::Secret | FieldKind::Hours => text(),
    };
    let drawn = drawn.value(typed.to_owned()).error(error).help(field.help);
    let drawn = if field.placeholder.is_empty() { drawn } else { drawn.placeholder(field.placeholder) };
    let must = !field.missing.is_empty() || matches!(field.kind, FieldKind::Rate { .. });
    if must { drawn.required() } else { drawn }
}
