//! The ids of an SMS. Two have nineteen digits and one is short; sending one for another is the commonest mistake
//! (docs/facts/india.md §1.1).

use std::{fmt, str::FromStr};

/// Why a typed id was not taken; the words are for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The typed id is empty.
    #[error("It is empty")]
    Empty,
    /// A 19-digit id of another length.
    #[error("The {what} has 19 digits; this has {digits}")]
    NotNineteen {
        /// The name of the id, for the message.
        what: &'static str,
        /// How many digits were typed.
        digits: usize,
    },
    /// The id holds something other than digits.
    #[error("The {what} is made of digits only. A spreadsheet may have rounded it: copy it from the portal")]
    NotDigits {
        /// The name of the id, for the message.
        what: &'static str,
    },
    /// The content template's id where the message id belongs.
    #[error(
        "This is the 19-digit DLT content-template id. The message id is the short number of the template in the provider’s DLT Manager"
    )]
    TemplateIdAsMessageId,
    /// A message id with too many digits.
    #[error("The message id is a short number, 10 digits at most; this has {0}")]
    LongMessageId(usize),
    /// A header that no operator gives.
    #[error("The sender id has 3 to 6 letters, without prefix or suffix, such as WRKSHP")]
    Sender,
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident = $check:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads what a person typed or pasted.
            ///
            /// # Errors
            /// With words for that person.
            pub fn parse(text: &str) -> Result<$name, IdError> {
                let text = text.trim();
                if text.is_empty() {
                    return Err(IdError::Empty);
                }
                let check: fn(&str) -> Result<(), IdError> = $check;
                check(text).map(|()| $name(text.to_owned()))
            }

            /// The id as it was typed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                $name::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

typed! {
    /// The business's id on the DLT register (principal entity), 19 digits.
    EntityId = |text| nineteen(text, "entity id");
    /// The content template's id on the DLT register, 19 digits. Not what `dlt` sends: see [`MessageId`].
    DltTemplateId = |text| nineteen(text, "DLT content-template id");
    /// The provider's own short number of an approved template, which route `dlt` sends.
    MessageId = |text| match text.len() {
        _ if !all_digits(text) => Err(IdError::NotDigits { what: "message id" }),
        19 => Err(IdError::TemplateIdAsMessageId),
        digits if digits > 10 => Err(IdError::LongMessageId(digits)),
        _ => Ok(()),
    };
    /// The header that people see, 3 to 6 letters. The `-S` or `-P` behind it is the operator's (docs/facts/india.md
    /// §1.2).
    SenderId = |text| {
        let letters = text.bytes().all(|b| b.is_ascii_alphabetic());
        if letters && (3..=6).contains(&text.len()) { Ok(()) } else { Err(IdError::Sender) }
    };
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn nineteen(text: &str, what: &'static str) -> Result<(), IdError> {
    match text.len() {
        _ if !all_digits(text) => Err(IdError::NotDigits { what }),
        19 => Ok(()),
        digits => Err(IdError::NotNineteen { what, digits }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ids_are_not_taken_for_one_another() {
        let template = "1100000000000000001";
        assert!(EntityId::parse(template).is_ok() && DltTemplateId::parse(&format!(" {template}\n")).is_ok());
        let words = MessageId::parse(template).unwrap_err().to_string();
        assert!(words.contains("DLT content-template id") && words.contains("short number"), "{words}");
        assert_eq!(MessageId::parse("12345678901"), Err(IdError::LongMessageId(11)));
        assert_eq!(MessageId::parse("111111").unwrap().as_str(), "111111");
        let words = DltTemplateId::parse("111111").unwrap_err().to_string();
        assert_eq!(words, "The DLT content-template id has 19 digits; this has 6");
        assert!(EntityId::parse("1.10E+18").unwrap_err().to_string().contains("spreadsheet"));
        assert_eq!(EntityId::parse("  "), Err(IdError::Empty));
    }

    #[test]
    fn a_sender_is_three_to_six_letters() {
        for good in ["ABC", "WRKSHP", "Wrkshp"] {
            assert_eq!(SenderId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["AB", "WRKSHOP", "WRKSH1", "VM-WRK", "WRKS P", "वर्कशॉप"] {
            assert_eq!(SenderId::parse(bad), Err(IdError::Sender), "{bad}");
        }
    }

    #[test]
    fn a_stored_id_is_text_and_is_checked_when_read() {
        let id = MessageId::parse("111111").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""111111""#);
        assert_eq!(serde_json::from_str::<MessageId>(r#""111111""#).unwrap(), id);
        assert!(serde_json::from_str::<MessageId>(r#""1100000000000000001""#).is_err());
    }
}
