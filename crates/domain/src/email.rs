//! E-mail addresses, checked lightly: a typo is shown, an unusual but working address is not turned away.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::phone::is_invisible;

/// RFC 5321 §4.5.3.1: 64 before the `@`, 255 after it, 254 in all by the limit of a path.
const LENGTH_MAX: usize = 254;

/// An address such as `Asha.Rao@example.com`: trimmed, the part after `@` in lower case (the part before it is
/// the receiving server's business).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Takes one address. Drops `mailto:`, angle brackets, quotes and invisible marks around it.
    pub fn parse(text: &str) -> Result<Email, EmailError> {
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let around = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ',' | ';');
        let bare = visible.trim_matches(around);
        let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
        if bare.is_empty() {
            return Err(EmailError::Empty);
        }
        if bare.chars().any(|c| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')')) {
            return Err(EmailError::Space);
        }
        let (user, host) = bare.split_once('@').ok_or(EmailError::NoAt)?;
        if host.contains('@') {
            return Err(EmailError::TwoAts);
        }
        let dotted = host.contains('.') && host.split('.').all(|label| !label.is_empty());
        if user.is_empty()
            || user.starts_with('.')
            || user.ends_with('.')
            || !dotted
            || bare.len() > LENGTH_MAX
        {
            return Err(EmailError::Incomplete);
        }
        Ok(Email(format!("{user}@{}", host.to_lowercase())))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For logs and shared screens: `As***@example.com`.
    pub fn masked(&self) -> String {
        let (user, host) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let shown: String = user.chars().take(2.min(user.chars().count().saturating_sub(1))).collect();
        format!("{shown}***@{host}")
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Email, D::Error> {
        let text = String::deserialize(from)?;
        Email::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Why a text is not an e-mail address. Its `Display` is shown to people as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// The text is empty or blank.
    #[error("There is no e-mail address.")]
    Empty,
    /// A name, a word, a number.
    #[error("An e-mail address needs an @, as in asha@example.com.")]
    NoAt,
    /// Two addresses, or a slip.
    #[error("There are two @ here. Keep one address.")]
    TwoAts,
    /// A space, comma, semicolon or bracket inside.
    #[error("There is a space, comma or bracket inside this e-mail address. Keep one address without them.")]
    Space,
    /// `asha@`, `asha@example`, `@example.com`, `asha@example..com`.
    #[error("This e-mail address is not complete. It should look like asha@example.com.")]
    Incomplete,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let got = Email::parse(typed).map_or_else(|e| format!("{e:?}"), |email| email.0);
        assert_eq!(got, expected, "for {typed:?}");
    }

    #[test]
    fn an_address_is_trimmed_and_its_host_lowered() {
        check("asha@example.com", "asha@example.com");
        check(" Asha.Rao@Example.COM ", "Asha.Rao@example.com");
        check("<asha@example.com>;", "asha@example.com");
        check("mailto:asha@example.com", "asha@example.com");
        check("\u{feff}asha@example\u{200b}.com\u{a0}", "asha@example.com");
        check("o'neil+tag@mail.example.co.in", "o'neil+tag@mail.example.co.in");
    }

    #[test]
    fn a_slip_is_named() {
        check("", "Empty");
        check(" ; ", "Empty");
        check("asha", "NoAt");
        check("asha@@example.com", "TwoAts");
        check("a@example.com,b@example.com", "Space");
        check("asha rao@example.com", "Space");
        for incomplete in
            ["asha@", "@example.com", "asha@example", "asha@example..com", "asha@.com", "asha.@example.com"]
        {
            check(incomplete, "Incomplete");
        }
        check(&format!("{}@example.com", "a".repeat(250)), "Incomplete");
    }

    #[test]
    fn an_address_hides_itself_in_logs() {
        assert_eq!(format!("{:?}", Email::parse("asha@example.com").unwrap()), "Email(as***@example.com)");
        assert_eq!(Email::parse("a@example.com").unwrap().masked(), "***@example.com");
    }

    proptest! {
        #[test]
        fn what_was_taken_is_taken_again_unchanged(text in "\\PC{0,6}@?[a-zA-Z.@ <>;]{0,12}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Ok(email.clone()), Email::parse(email.as_str()));
                let _ = email.masked();
            }
        }
    }
}
