//! What the forms of every channel's templates share: a name, and values with a source each.

use std::collections::BTreeMap;

use domain::template::Source;

use crate::ui::field::{Choice, Control, Field, OptionGroup};

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

/// One value, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) label: String,
    /// Word of the source; empty until one is chosen.
    pub(super) source: String,
    pub(super) fixed: String,
    pub(super) fallback: String,
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
    }
    let fixed = Choice::new("fixed", "The same text for everybody", chosen);
    groups.push(OptionGroup { name: Some("Fixed".into()), options: vec![fixed] });
    groups
}

/// A field for a longer text.
pub(super) fn tall(mut field: Field) -> Field {
    if let Control::Area { rows, .. } = &mut field.control {
        *rows = 8;
    }
    field
}

/// `Reminder copy`, cut so that it fits.
pub(super) fn copy_name(name: &str) -> String {
    const ENDING: &str = " copy";
    let kept: String = name.chars().take(NAME_CHARS_MAX - ENDING.len()).collect();
    format!("{kept}{ENDING}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_a_name_that_fits() {
        assert_eq!(copy_name("Reminder"), "Reminder copy");
        assert_eq!(copy_name(&"क".repeat(200)).chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn every_source_is_offered_under_its_heading() {
        let groups = sources("workshop_title", "Choose…");
        let count: usize = groups.iter().map(|group| group.options.len()).sum();
        assert_eq!(count, Source::LISTED.len() + 2);
        assert!(
            groups.iter().flat_map(|group| &group.options).any(|one| one.selected && one.label == "Title")
        );
    }
}
