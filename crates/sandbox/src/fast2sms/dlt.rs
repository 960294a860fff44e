//! The operators' scrubbing: does a text fit its registered template (`docs/facts/india.md` §1)?
//!
//! The fixed part has to match character by character. What fails here was already accepted and
//! charged; it becomes *Rejected* (`providers/src/fast2sms/NOTES.md` §7).

use std::collections::BTreeSet;

/// Longest value of `{#var#}`, in characters.
const VAR_MAX: usize = 30;
/// Longest value of `{#alphanumeric#}` and `{#numeric#}` where a portal names one.
const TYPED_MAX: usize = 40;
/// No source names a limit for links and addresses; this only keeps the search short.
const LINK_MAX: usize = 200;

/// What the operators know besides the text.
pub(super) struct Rules<'a> {
    /// What links may start with.
    pub(super) allowed_links: &'a BTreeSet<String>,
    /// Whether `{#alphanumeric#}` takes letters and digits only, without spaces and signs.
    pub(super) strict_alphanumeric: bool,
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Fixed(&'a str),
    /// The name between `{#` and `#}`.
    Tag(&'a str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((start, end)) = next_tag(rest) {
        if start > 0 {
            pieces.push(Piece::Fixed(&rest[..start]));
        }
        pieces.push(Piece::Tag(&rest[start + 2..end]));
        rest = &rest[end + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Fixed(rest));
    }
    pieces
}

/// Where the first `{#name#}` starts, and where its `#}` does.
fn next_tag(text: &str) -> Option<(usize, usize)> {
    let start = text.find("{#")?;
    let end = start + 2 + text[start + 2..].find("#}")?;
    Some((start, end))
}

/// Puts values in their places, and says whether their number and each of them fit. Places without a
/// value stay empty; values without a place are left out.
pub(super) fn fill(template: &str, values: &[&str], rules: &Rules<'_>) -> (String, bool) {
    let mut left = values.iter().copied();
    let mut fits = true;
    let mut text = String::new();
    for piece in pieces(template) {
        match piece {
            Piece::Fixed(fixed) => text.push_str(fixed),
            Piece::Tag(name) => {
                let value = left.next().unwrap_or_default();
                fits &= takes(name, value, rules);
                text.push_str(value);
            }
        }
    }
    (text, fits && left.next().is_none())
}

/// Whether `text` is `template` with some values that fit.
pub(super) fn matches(template: &str, text: &str, rules: &Rules<'_>) -> bool {
    // All the places in the text that the pieces so far can end at.
    let mut ends: BTreeSet<usize> = [0].into();
    for piece in pieces(template) {
        ends = match piece {
            Piece::Fixed(fixed) => {
                let fits = |end: &usize| text[*end..].starts_with(fixed);
                ends.into_iter().filter(fits).map(|end| end + fixed.len()).collect()
            }
            Piece::Tag(name) => {
                ends.into_iter().flat_map(|start| value_ends(name, text, start, rules)).collect()
            }
        };
    }
    ends.contains(&text.len())
}

fn value_ends(name: &str, text: &str, start: usize, rules: &Rules<'_>) -> Vec<usize> {
    text[start..]
        .char_indices()
        .map(|(at, c)| start + at + c.len_utf8())
        .take(longest(name))
        .filter(|end| takes(name, &text[start..*end], rules))
        .collect()
}

fn longest(name: &str) -> usize {
    match name {
        "numeric" | "number" | "alphanumeric" => TYPED_MAX,
        "url" | "urlott" | "email" => LINK_MAX,
        _ => VAR_MAX,
    }
}

/// Whether a tag takes a value. A name that nobody knows behaves as `var`.
fn takes(name: &str, value: &str, rules: &Rules<'_>) -> bool {
    let length = value.chars().count();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=longest(name)).contains(&length)
        && match name {
            "numeric" | "number" => digits(value),
            "alphanumeric" if rules.strict_alphanumeric => value.chars().all(char::is_alphanumeric),
            "url" | "urlott" => link_in(value) == Some(value) && is_allowed(value, rules.allowed_links),
            "cbn" => digits(value.strip_prefix('+').unwrap_or(value)),
            "email" => {
                value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            }
            _ => link_in(value).is_none_or(|link| is_allowed(link, rules.allowed_links)),
        }
}

/// The part of a value from its first link on.
pub(super) fn link_in(value: &str) -> Option<&str> {
    let lower = value.to_ascii_lowercase();
    let start = ["http://", "https://", "www."].iter().filter_map(|mark| lower.find(mark)).min()?;
    Some(&value[start..])
}

/// Whether a link is on the allow-list.
pub(super) fn is_allowed(link: &str, allowed: &BTreeSet<String>) -> bool {
    allowed.iter().any(|prefix| link.starts_with(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy";

    #[track_caller]
    fn check(template: &str, text: &str, expected: bool) {
        let allowed = ["https://example.in/".to_owned()].into();
        let rules = Rules { allowed_links: &allowed, strict_alphanumeric: false };
        assert_eq!(matches(template, text, &rules), expected, "for {text:?}");
    }

    #[test]
    fn the_fixed_part_has_to_match_character_by_character() {
        check(TEXT, "Hi Asha, Rust for Beginners starts at 7 PM. -Example Academy", true);
        check(TEXT, "Hi Asha, Rust for Beginners starts at 7 PM today. -Example Academy", true);
        check(TEXT, "Hi Asha, Rust for Beginners starts at 7 PM. - Example Academy", false);
        check(TEXT, "Hi  Asha, Rust for Beginners starts at 7 PM. -Example Academy ", false);
        check(TEXT, "hi Asha, Rust for Beginners starts at 7 PM. -Example Academy", false);
        check(TEXT, "Hi , Rust starts at 7 PM. -Example Academy", false);
        check("No variable at all", "No variable at all", true);
        check("", "x", false);
    }

    #[test]
    fn a_value_has_thirty_characters_and_the_kind_its_tag_names() {
        check("Hi {#var#}.", &format!("Hi {}.", "न".repeat(30)), true);
        check("Hi {#var#}.", &format!("Hi {}.", "न".repeat(31)), false);
        check("{#numeric#} seats", "40 seats", true);
        check("{#number#} seats", "forty seats", false);
        check("See {#url#} now", "See https://example.in/j/abc now", true);
        check("See {#url#} now", "See https://example.com/j now", false);
        check("See {#var#} now", "See https://example.com/j now", false);
        check("Mail {#email#}", "Mail asha@example.in", true);
        check("Call {#cbn#}", "Call +919000000001", true);
        check("Odd {#whatever#}", "Odd value", true);
    }

    #[test]
    fn values_go_into_their_places_and_their_number_counts() {
        let allowed = BTreeSet::new();
        let rules = Rules { allowed_links: &allowed, strict_alphanumeric: true };
        let filled = |values: &[&str]| fill(TEXT, values, &rules);
        let good = "Hi Asha, Rust starts at 7 PM. -Example Academy".to_owned();
        assert_eq!(filled(&["Asha", "Rust", "7 PM"]), (good.clone(), true));
        assert_eq!(filled(&["Asha", "Rust", "7 PM", "more"]), (good, false));
        assert!(!filled(&["Asha", "Rust"]).1);
        assert!(!fill("{#alphanumeric#}", &["7:00 PM"], &rules).1);
    }
}
