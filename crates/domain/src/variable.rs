//! Variables of a workshop: values that its messages name and that its people enter, such as a link to a recording.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{post::PLACEHOLDERS, text::line};

/// Longest name, in letters.
pub const NAME_MAX: usize = 40;
/// Longest value, in characters.
pub const VALUE_MAX: usize = 500;

/// What a variable is called: `zoom_link`, in messages `{zoom_link}`. Small letters of ASCII, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariableName(String);

/// The values of a workshop, by name. A variable without a value is not among them.
pub type Variables = BTreeMap<VariableName, String>;

/// Why a text is no name of a variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// The typed name is empty.
    #[error("A value needs a name, such as zoom_link.")]
    Empty,
    /// The name holds a character that no name may have.
    #[error("A name has letters, digits and underscores, such as zoom_link; “{0}” is none of these.")]
    Sign(char),
    /// The name is longer than a name may be.
    #[error("The name has {0} letters; {NAME_MAX} is the most.")]
    TooLong(usize),
    /// The name stands for something else already.
    #[error("“{0}” has a meaning of its own already. Choose another name.")]
    Taken(String),
}

/// Names that mean a person: a text that is the same for everybody cannot say them.
const OF_PEOPLE: &[&str] = &["name", "first_name", "full_name", "phone", "number", "email"];

impl VariableName {
    /// Reads a name as people type it, with or without its braces, in any case.
    ///
    /// # Errors
    /// When it is no name, or one that has a meaning already.
    pub fn parse(typed: &str) -> Result<VariableName, VariableError> {
        let bare = line(typed);
        let bare = bare.trim_start_matches('{').trim_end_matches('}').trim();
        let name = bare.to_ascii_lowercase().replace([' ', '-'], "_");
        if name.is_empty() {
            return Err(VariableError::Empty);
        }
        if let Some(sign) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
            return Err(VariableError::Sign(sign));
        }
        if name.len() > NAME_MAX {
            return Err(VariableError::TooLong(name.len()));
        }
        let taken = OF_PEOPLE.contains(&name.as_str()) || PLACEHOLDERS.iter().any(|(word, ..)| *word == name);
        if taken { Err(VariableError::Taken(name)) } else { Ok(VariableName(name)) }
    }

    /// The name without braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// What is wrong with a value, in words; nothing is wrong with an empty one, which is none.
pub fn value_error(value: &str) -> Option<String> {
    let len = value.chars().count();
    if len > VALUE_MAX {
        return Some(format!("{len} of {VALUE_MAX} characters. Shorten it."));
    }
    let open = value.contains('{') && value.contains('}');
    open.then(|| {
        "A value with a place for another value would be read as it stands. Enter it in full.".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_people_type_it() {
        for typed in ["zoom_link", "{zoom_link}", " Zoom Link ", "ZOOM-LINK"] {
            assert_eq!(VariableName::parse(typed).unwrap().as_str(), "zoom_link", "{typed}");
        }
        assert_eq!(VariableName::parse("video_1").unwrap().to_string(), "{video_1}");
    }

    #[test]
    fn what_means_something_already_or_nothing_is_refused() {
        assert_eq!(VariableName::parse(" "), Err(VariableError::Empty));
        assert_eq!(VariableName::parse("ज़ूम"), Err(VariableError::Sign('ज')));
        assert_eq!(VariableName::parse(&"a".repeat(41)), Err(VariableError::TooLong(41)));
        for taken in ["first_name", "Join_Link", "{time}", "email"] {
            assert!(matches!(VariableName::parse(taken), Err(VariableError::Taken(_))), "{taken}");
        }
    }

    #[test]
    fn a_value_is_short_and_holds_no_place_for_another() {
        assert_eq!(value_error("https://zoom.example/j/1?pwd=a"), None);
        assert_eq!(value_error(&"क".repeat(VALUE_MAX)), None);
        assert!(value_error(&"क".repeat(VALUE_MAX + 1)).is_some());
        assert!(value_error("{zoom_link}").is_some());
    }
}
