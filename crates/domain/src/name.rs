//! Names of people as they are typed: tidied, never corrected.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::phone::is_invisible;

/// Longest name kept, in characters. Longer ones are a form's free text, and no template has room for them.
pub const NAME_CHARS_MAX: usize = 120;

/// A person's name: single spaces, no invisible marks, at least one letter or digit. Upper and lower case stay as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);

impl PersonName {
    /// Tidies a name. `None` when nothing is left to greet anybody with (empty, `-`, `.`, `N/A`, `null`) or when it
    /// is longer than 120 characters.
    pub fn parse(text: &str) -> Option<PersonName> {
        // The joiners between Indian letters (ZWNJ, ZWJ) belong to the spelling and stay.
        let kept = |c: &char| !is_invisible(*c) || matches!(c, '\u{200C}' | '\u{200D}');
        let spaced: String = text.chars().filter(kept).collect();
        let tidy = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
        let tidy = tidy.trim_matches(['"', '\'', '=', ',', ';']).trim();
        let says_nothing = NOTHING.iter().any(|word| tidy.eq_ignore_ascii_case(word));
        let usable = tidy.chars().any(char::is_alphanumeric) && tidy.chars().count() <= NAME_CHARS_MAX;
        (usable && !says_nothing).then(|| PersonName(tidy.to_owned()))
    }

    /// Joins a first and a last name column; either may be empty.
    pub fn from_parts(first: &str, last: &str) -> Option<PersonName> {
        match (PersonName::parse(first), PersonName::parse(last)) {
            (Some(first), Some(last)) => PersonName::parse(&format!("{first} {last}")),
            (one, other) => one.or(other),
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What to greet with: the first word that is neither a form of address nor an initial (`Dr. Asha Rao` and
    /// `A. K. Sen` give `Asha` and `Sen`). The whole name when there is no such word.
    pub fn first(&self) -> &str {
        first_of(&self.0)
    }
}

/// What to greet with, of a name as it is stored; empty for an empty name. See [`PersonName::first`].
pub fn first_of(name: &str) -> &str {
    let greets = |word: &&str| !is_address(word) && word.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    name.split_whitespace().find(greets).map_or(name, |word| word.trim_matches([',', '.', '(', ')', '"']))
}

/// What forms and exports write instead of a name.
const NOTHING: &[&str] =
    &["na", "n/a", "n.a.", "nil", "none", "null", "undefined", "nan", "not available", "#n/a", "unknown"];

/// Forms of address, without their dot, in lower case.
const ADDRESSES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "master",
    "dr",
    "prof",
    "professor",
    "er",
    "adv",
    "advocate",
    "ca",
    "cs",
    "sir",
    "madam",
    "shri",
    "sri",
    "shree",
    "smt",
    "shrimati",
    "kumari",
    "sushri",
    "capt",
    "col",
    "maj",
    "lt",
    "श्री",
    "श्रीमती",
    "सुश्री",
    "कुमारी",
    "डॉ",
    "डॉक्टर",
    "प्रो",
];

fn is_address(word: &str) -> bool {
    let bare = word.trim_matches(['.', ',']).to_lowercase();
    bare.split('.').all(|part| ADDRESSES.contains(&part))
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PersonName, D::Error> {
        let text = String::deserialize(from)?;
        PersonName::parse(&text).ok_or_else(|| serde::de::Error::custom("not a person's name"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(typed: &str, whole: &str, first: &str) {
        let name = PersonName::parse(typed).unwrap_or_else(|| panic!("{typed:?} is a name"));
        assert_eq!((name.as_str(), name.first()), (whole, first), "for {typed:?}");
    }

    #[test]
    fn a_name_is_tidied_and_its_first_word_greets() {
        check("  Asha   Rao\u{a0}", "Asha Rao", "Asha");
        check("Dr. Asha Rao", "Dr. Asha Rao", "Asha");
        check("Prof. Dr. Asha Rao", "Prof. Dr. Asha Rao", "Asha");
        check("MRS ASHA RAO", "MRS ASHA RAO", "ASHA");
        check("Smt. Asha", "Smt. Asha", "Asha");
        check("श्रीमती आशा राव", "श्रीमती आशा राव", "आशा");
        check("सुश्री आशा", "सुश्री आशा", "आशा");
        check("A. K. Sen", "A. K. Sen", "Sen");
        check("Rao, Asha", "Rao, Asha", "Rao");
        check("Asha\tRao\n", "Asha Rao", "Asha");
        check("\u{feff}\u{202a}Asha\u{202c}", "Asha", "Asha");
        check("Shrikant Iyer", "Shrikant Iyer", "Shrikant");
        check("J", "J", "J");
        check("Dr.", "Dr.", "Dr.");
        check("क्‍ष", "क्‍ष", "क्‍ष");
    }

    #[test]
    fn what_says_nothing_is_no_name() {
        for empty in ["", "  ", "-", ".", "N/A", "null", "\u{200b}", "\"\"", "NaN"] {
            assert_eq!(PersonName::parse(empty), None, "{empty:?}");
        }
        assert_eq!(PersonName::parse(&"a".repeat(121)), None);
    }

    #[test]
    fn two_columns_make_one_name() {
        let joined = |first, last| PersonName::from_parts(first, last).map(|name| name.0);
        assert_eq!(joined("Asha", " Rao ").as_deref(), Some("Asha Rao"));
        assert_eq!(joined("Asha", "-").as_deref(), Some("Asha"));
        assert_eq!(joined("", "Rao").as_deref(), Some("Rao"));
        assert_eq!(joined("", ""), None);
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing(text in any::<String>()) {
            if let Some(name) = PersonName::parse(&text) {
                prop_assert!(!name.first().is_empty());
                prop_assert_eq!(PersonName::parse(name.as_str()), Some(name));
            }
        }
    }
}
