//! Text that looks like a placeholder and is none. Operators take it for fixed text: everybody would read it, or the
//! SMS is refused.

use super::template::{Piece, pieces};

/// The text in brackets or between signs that is meant as a placeholder, in lower case and without digits at its end.
const MEANT: &[&str] = &[
    "var",
    "variable",
    "val",
    "value",
    "param",
    "parameter",
    "field",
    "name",
    "first name",
    "firstname",
    "first_name",
    "last name",
    "lastname",
    "last_name",
    "full name",
    "fullname",
    "full_name",
    "user",
    "username",
    "user_name",
    "student",
    "student name",
    "customer",
    "customer name",
    "participant",
    "email",
    "phone",
    "mobile",
    "number",
    "numeric",
    "alphanumeric",
    "date",
    "day",
    "time",
    "start time",
    "link",
    "url",
    "urlott",
    "cbn",
    "join link",
    "workshop",
    "workshop name",
    "course",
    "course name",
    "event",
    "event name",
    "title",
    "topic",
    "venue",
    "city",
    "amount",
    "code",
    "otp",
    "नाम",
    "तारीख",
    "समय",
    "लिंक",
];

/// Spellings that portals have; between `{#` and `#}`.
const REGISTERED: &[&str] = &["var", "numeric", "alphanumeric", "url", "urlott", "cbn", "email"];

/// Longest thing that is looked at, in characters.
const CHARS_MAX: usize = 32;

/// Each spelling in a text that was meant as a place for a value and that no portal has, in its order, each once.
pub fn near_misses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Tag { written, .. } => {
                let name = &written[2..written.len() - 2];
                if !REGISTERED.contains(&name) {
                    found.push(written.to_owned());
                }
            }
            Piece::Text(part) => in_fixed_text(part, &mut found),
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|spelling| seen.insert(spelling.clone()));
    found
}

/// Whether two places stand side by side with nothing between them: operators refuse that, because nobody can tell where one value
/// ends and the next begins.
pub fn has_adjacent_places(text: &str) -> bool {
    let mut after_place = false;
    pieces(text).any(|piece| {
        let place = matches!(piece, Piece::Tag { .. });
        std::mem::replace(&mut after_place, place) && place
    })
}

fn in_fixed_text(text: &str, found: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '#', '[', '%', '<']) {
        let from = &rest[at..];
        let end = spelling(from);
        if let Some(end) = end {
            found.push(from[..end].to_owned());
        }
        let sign = from.chars().next().map_or(1, char::len_utf8);
        rest = &from[end.unwrap_or(sign)..];
    }
}

/// Where the spelling at the beginning of a text ends, if it is one.
fn spelling(from: &str) -> Option<usize> {
    match from.as_bytes().first()? {
        b'{' => braces(from),
        b'#' => between(from, '#', '#').filter(|(_, inner)| is_word(inner)).map(|(end, _)| end),
        b'%' => between(from, '%', '%').filter(|(_, inner)| is_word(inner)).map(|(end, _)| end),
        b'<' => between(from, '<', '>').filter(|(_, inner)| is_meant(inner)).map(|(end, _)| end),
        _ => between(from, '[', ']').filter(|(_, inner)| is_meant(inner)).map(|(end, _)| end),
    }
}

/// Nobody writes braces to be read: whatever is in them was meant as a place, also when they are not closed.
fn braces(from: &str) -> Option<usize> {
    let opened = from.chars().take_while(|c| *c == '{').count();
    let near: String = from.chars().take(CHARS_MAX).take_while(|c| *c != '\n').collect();
    if let Some(close) = near.find('}') {
        let closed = near[close..].chars().take_while(|c| *c == '}').count();
        let inner = near[opened..close].trim_matches(['#', ' ']);
        return (!inner.is_empty()).then_some(close + closed);
    }
    // `{#var` and `{name`, up to the end of the word.
    let word = near[opened..].find(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | '!'));
    let end = opened + word.unwrap_or(near.len() - opened);
    is_meant(near[opened..end].trim_matches('#')).then_some(end)
}

/// What stands between two signs, near enough.
fn between(from: &str, open: char, close: char) -> Option<(usize, &str)> {
    let inside = from.strip_prefix(open)?;
    let end = inside.find(close).filter(|end| inside[..*end].chars().count() <= CHARS_MAX)?;
    Some((open.len_utf8() + end + close.len_utf8(), &inside[..end]))
}

/// One word with a letter, and nothing around it: `#VAR#`, `%FIRST_NAME%`.
fn is_word(inner: &str) -> bool {
    inner.chars().all(|c| c.is_alphanumeric() || c == '_') && inner.chars().any(char::is_alphabetic)
}

fn is_meant(inner: &str) -> bool {
    let plain = inner.trim().trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['_', '-', ' ']);
    let plain = plain.to_lowercase().replace(['_', '-'], " ");
    MEANT.iter().any(|word| word.replace('_', " ") == plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_nearly_a_place_is_pointed_out() {
        for spelling in [
            "{var}",
            "{{1}}",
            "{{name}}",
            "{#var}",
            "{var#}",
            "{##var##}",
            "{ #var# }",
            "{# #var}",
            "#VAR#",
            "#name#",
            "[Name]",
            "[FIRST_NAME]",
            "[Join Link]",
            "[var1]",
            "%NAME%",
            "%first_name%",
            "<name>",
            "<Join-Link>",
            "{name",
            "{#var",
            "{#Var#}",
            "{#var1#}",
            "{# var #}",
            "{#VAR#}",
            "[नाम]",
            "<लिंक>",
        ] {
            let text = format!("Dear {spelling}, hi. -Case Academy");
            assert_eq!(near_misses(&text), [spelling], "{text}");
        }
        assert_eq!(
            near_misses("Hi {var}, {{1}} at [time]. {var}"),
            ["{var}", "{{1}}", "[time]"],
            "each once"
        );
    }

    #[test]
    fn what_people_write_to_be_read_is_left_alone() {
        for text in [
            "Hi {#var#}, {#alphanumeric#} at {#url#}: {#numeric#} {#urlott#} {#cbn#} {#email#}",
            "50% off, 20% more",
            "#1 of 10, #Rust and #Go",
            "Rs <500 and >20; 3 < 4",
            "[Limited seats] Rust [batch 2]",
            "I <3 Rust",
            "Pay 5#6#7",
            "",
        ] {
            assert_eq!(near_misses(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn places_side_by_side_are_seen() {
        assert!(has_adjacent_places("Join: {#var#}{#var#} -Case Academy"));
        assert!(has_adjacent_places("{#url#}{#var#}"));
        for text in ["{#var#} {#var#}", "{#var#}/{#var#}", "{#var#}", "", "{var}{var}"] {
            assert!(!has_adjacent_places(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(text in "[a{}#%<>\\[\\] नvr1\n]{0,60}", any in ".{0,80}") {
            for text in [text, any] {
                for spelling in near_misses(&text) {
                    prop_assert!(text.contains(&spelling));
                }
                has_adjacent_places(&text);
            }
        }
    }
}
