//! The words and rules of Munadi. No I/O, no SQL, no HTTP, no clock of its own: time and chance are passed in.

pub mod alert;
pub mod attendance;
pub mod attention;
pub mod audience;
pub mod believed_clock;
pub mod broadcast;
pub mod call;
pub mod channel;
pub mod checks;
pub mod email;
pub mod event;
pub mod forecast;
pub mod group;
pub mod ids;
pub mod link;
pub mod message;
pub mod money;
pub mod name;
pub mod outcome;
pub mod pace;
pub mod phone;
pub mod post;
pub mod post_checks;
pub mod post_media;
pub mod quiet_hours;
pub mod reason;
pub mod receipt;
pub mod rehearsal;
pub mod retry;
pub mod role;
pub mod search;
pub mod sending_hours;
pub mod sequence;
pub mod sms;
pub mod template;
pub mod text;
pub mod time;
pub mod told;
pub mod variable;
pub mod whatsapp;
pub mod workshop;

/// A word in the store or in a form that names no variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{word}” is no {what}")]
pub struct UnknownWord {
    /// What was expected, such as "channel".
    pub what: &'static str,
    /// The word that was found instead.
    pub word: String,
}

/// An enum whose variants are kept in the store and in URLs as one word each.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every variant, in the order in which screens list them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word that the store and URLs use.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err($crate::UnknownWord { what: $what, word: word.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_enum;
