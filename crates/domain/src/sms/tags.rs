//! What kind of value a variable takes (docs/facts/india.md §1.3).

use serde::{Deserialize, Serialize};

use crate::email::Email;

crate::text_enum! {
    /// The kind of a variable, as the `{#name#}` in the registered text says.
    Tag, "kind of variable" {
        /// Any text, `{#var#}`; being phased out. Unknown names are this.
        Var = "var",
        /// Digits only.
        Numeric = "numeric",
        /// Letters and digits only.
        Alphanumeric = "alphanumeric",
        /// A link on the allow-list.
        Url = "url",
        /// An app or streaming link on its list.
        UrlOtt = "urlott",
        /// A call-back number that is registered.
        Cbn = "cbn",
        /// An e-mail address only.
        Email = "email",
    }
}

impl Tag {
    /// Reads the name between `{#` and `#}`. Portals spell them differently; an unknown one takes any text.
    pub fn of_name(name: &str) -> Tag {
        match name.trim().to_ascii_lowercase().as_str() {
            "numeric" | "number" => Tag::Numeric,
            "alphanumeric" => Tag::Alphanumeric,
            "url" => Tag::Url,
            "urlott" => Tag::UrlOtt,
            "cbn" => Tag::Cbn,
            "email" => Tag::Email,
            _ => Tag::Var,
        }
    }

    /// What may stand in it, for people.
    pub fn rule(self) -> &'static str {
        match self {
            Tag::Var => "any text without a link",
            Tag::Numeric => "digits only",
            Tag::Alphanumeric => "letters and digits",
            Tag::Url => "a link on your allow-list",
            Tag::UrlOtt => "an app or streaming link on your allow-list",
            Tag::Cbn => "a registered call-back number",
            Tag::Email => "an e-mail address",
        }
    }

    /// Whether a value is of this kind. A value on which the rules are not clear is accepted: see
    /// [`doubt`](Tag::value_warning).
    pub fn takes(self, value: &str) -> bool {
        match self {
            Tag::Var | Tag::Alphanumeric => true,
            Tag::Numeric => !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()),
            Tag::Url | Tag::UrlOtt => is_link(value),
            Tag::Cbn => is_number(value),
            Tag::Email => Email::parse(value).is_ok(),
        }
    }

    /// What an operator may dislike about a value that is sent all the same.
    pub fn value_warning(self, value: &str, limits: &ValueLimits) -> Option<&'static str> {
        match self {
            Tag::Alphanumeric if !value.chars().all(char::is_alphanumeric) => {
                Some("holds something other than letters and digits; some operators refuse that")
            }
            // An operator who set a length knows their portal.
            Tag::Alphanumeric
                if limits.alphanumeric == ValueLimits::default().alphanumeric
                    && value.chars().count() > ValueLimits::default().text =>
            {
                Some("is longer than 30 characters; some operators refuse that")
            }
            Tag::Var if link_in(value).is_some() => Some("is a link, which has to be on your allow-list"),
            Tag::Var | Tag::Alphanumeric | Tag::Numeric | Tag::Url | Tag::UrlOtt | Tag::Cbn | Tag::Email => {
                None
            }
        }
    }
}

/// Longest values in characters, by what the place takes. Portals differ (docs/facts/india.md §1.3): a setting of the
/// account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueLimits {
    /// The longest value for `var`, and for `numeric`, `cbn` and `email`, for which nothing is published.
    pub text: usize,
    /// The longest value for `alphanumeric`, in characters.
    pub alphanumeric: usize,
    /// The longest value for `url` and `urlott`, in characters.
    pub link: usize,
}

impl Default for ValueLimits {
    fn default() -> Self {
        ValueLimits::USUAL
    }
}

impl ValueLimits {
    /// 30 is the register's for `var`, and taken where nothing is published; some portals allow 40 in `alphanumeric`.
    pub const USUAL: ValueLimits = ValueLimits { text: 30, alphanumeric: 40, link: 30 };

    /// Most that can be set: more than a whole SMS in one value is a slip of the keyboard.
    pub const MOST: usize = 160;

    /// The longest value of such a place.
    pub fn of(&self, tag: Tag) -> usize {
        match tag {
            Tag::Alphanumeric => self.alphanumeric,
            Tag::Url | Tag::UrlOtt => self.link,
            Tag::Var | Tag::Numeric | Tag::Cbn | Tag::Email => self.text,
        }
    }

    /// Whether nothing was set.
    pub fn are_usual(&self) -> bool {
        *self == ValueLimits::default()
    }
}

/// Ends of host names that people write without `https://`; longer ones are taken where a path follows.
const USUAL_ENDS: &[&str] = &[
    "in", "com", "org", "net", "co", "io", "me", "ly", "app", "dev", "ai", "edu", "gov", "info", "live",
    "link", "site", "online", "page", "us", "uk", "gl", "gd", "id", "tech", "academy", "events", "club",
    "to", "ee", "be", "gg",
];

/// The first link in a text, with `https://` or without it as people type it: `example.in/j`, `www.example.in`.
pub fn link_in(text: &str) -> Option<&str> {
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '“' | '”'));
    words.map(|word| word.trim_matches(['.', ',', ';', ':', '!', '?', '\''])).find(|word| reads_as_link(word))
}

fn reads_as_link(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return true;
    }
    if lower.contains('@') || !is_link(&lower) {
        return false;
    }
    let host = lower.split(['/', '?', '#']).next().unwrap_or("");
    let has_path = lower[host.len()..].len() > 1;
    let name = host.split(':').next().unwrap_or("");
    let Some((before, end)) = name.rsplit_once('.') else { return false };
    let is_name = end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic());
    // “Dr.Rao” and “7.30” are none.
    is_name && (before.starts_with("www.") || USUAL_ENDS.contains(&end) || (has_path && before.len() > 3))
}

/// `https://example.in/j/abc` or `example.in/j/abc`.
fn is_link(value: &str) -> bool {
    let rest = match value.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") =>
        {
            rest
        }
        Some(_) => return false,
        None => value,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let shaped =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let name = host.split(':').next().unwrap_or("");
    name.contains('.') && name.split('.').all(shaped) && !value.contains(char::is_whitespace)
}

/// Digits as people write a number: `+91 80000 00000`, `1800-000-000`.
fn is_number(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (3..=15).contains(&digits)
        && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_in_every_spelling() {
        for (name, tag) in [
            ("var", Tag::Var),
            ("VAR", Tag::Var),
            ("var1", Tag::Var),
            ("something new", Tag::Var),
            ("numeric", Tag::Numeric),
            ("number", Tag::Numeric),
            (" Alphanumeric ", Tag::Alphanumeric),
            ("url", Tag::Url),
            ("urlott", Tag::UrlOtt),
            ("cbn", Tag::Cbn),
            ("email", Tag::Email),
        ] {
            assert_eq!(Tag::of_name(name), tag, "{name}");
        }
        for tag in Tag::ALL {
            assert_eq!(Tag::of_name(tag.word()), *tag);
            assert!(ValueLimits::default().of(*tag) >= 30 && !tag.rule().is_empty());
        }
    }

    #[test]
    fn a_value_has_to_be_of_its_kind() {
        for (tag, good, bad) in [
            (Tag::Numeric, vec!["7", "0042"], vec!["7 PM", "-1", "1.5", "७", ""]),
            (
                Tag::Url,
                vec!["https://example.in/j/a1", "example.in/j", "http://a.b-c.in:8080?x=1"],
                vec![
                    "join",
                    "ftp://example.in",
                    "https://",
                    "https://localhost",
                    "example .in",
                    "a..in",
                    ".",
                ],
            ),
            (Tag::Cbn, vec!["+91 80000 00000", "1800-000-000"], vec!["call us", "12", "1234567890123456"]),
            (Tag::Email, vec!["asha@example.in"], vec!["asha", "asha@"]),
            (Tag::Alphanumeric, vec!["Asha", "7:00 PM"], vec![]),
            (Tag::Var, vec!["anything — at all"], vec![]),
        ] {
            for value in good {
                assert!(tag.takes(value), "{tag} {value}");
            }
            for value in bad {
                assert!(!tag.takes(value), "{tag} {value}");
            }
        }
    }

    #[test]
    fn what_the_rules_leave_open_is_a_doubt_and_no_refusal() {
        let usual = ValueLimits::default();
        assert!(Tag::Alphanumeric.value_warning("7:00 PM", &usual).is_some());
        assert!(Tag::Alphanumeric.value_warning(&"a".repeat(31), &usual).is_some());
        let set = ValueLimits { alphanumeric: 35, ..usual };
        assert_eq!(
            Tag::Alphanumeric.value_warning(&"a".repeat(31), &set),
            None,
            "somebody set what their portal takes"
        );
        assert_eq!(Tag::Alphanumeric.value_warning("Asha", &usual), None);
        for link in [
            "at https://example.in/j",
            "example.in/j",
            "(www.example.org)",
            "zoom.us/j/1.",
            "HTTP://x.y",
            "meet.example.events",
        ] {
            assert!(Tag::Var.value_warning(link, &usual).is_some(), "{link}");
        }
        for none in ["Dr.Rao", "7.30pm", "7.30", "Rs.500/-", "asha@example.in", "a.b", "Node.js", "St.Mary/2"]
        {
            assert!(Tag::Var.value_warning(none, &usual).is_none(), "{none}");
        }
        assert_eq!(Tag::Var.value_warning("7:00 PM", &usual), None);
    }
}
