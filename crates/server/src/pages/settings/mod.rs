//! Settings of an organisation that concern sending: provider accounts, templates, prices, and the record of who did what.

pub mod audit;
pub mod charges;
pub mod integrations;
pub mod prices;
pub mod templates;

use domain::time::Millis;

use crate::http::extract::Member;

/// A line as typed, without control characters (PostgreSQL keeps no zero) and without white space around or doubled.
fn line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Several lines as typed, with plain line breaks and no other control character.
fn lines(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain: String = unix.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    plain.trim().to_owned()
}

/// "Fact, then way out" for a text that is missing or too long.
fn length_error(text: &str, max: usize, missing: &str) -> Option<String> {
    match text.chars().count() {
        0 => Some(missing.to_owned()),
        n if n > max => Some(format!("{n} of {max} characters. Shorten it.")),
        _ => None,
    }
}

/// `Today 4:16 PM`, `Tue 3 Oct, 9:02 AM`.
pub(super) fn when(member: &Member, at: Millis) -> String {
    on_day(member, at, "Today ")
}

/// The same inside a sentence, where a time of today is enough: `4:16 PM`.
fn when_short(member: &Member, at: Millis) -> String {
    on_day(member, at, "")
}

fn on_day(member: &Member, at: Millis, today: &str) -> String {
    let zone = &member.organization.zone;
    let (from, to) = zone.day(member.now);
    if at >= from && at < to {
        return format!("{today}{}", zone.time(at));
    }
    format!("{}, {}", zone.date(at, member.now), zone.time(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_loses_what_no_database_keeps() {
        assert_eq!(line(" Udaan\0  main\n"), "Udaan main");
        assert_eq!(lines(" Hi {{1}},\r\nsee\0 you \r"), "Hi {{1}},\nsee you");
    }

    #[test]
    fn a_length_is_counted_in_characters() {
        assert_eq!(length_error("नमस्ते", 6, "x"), None);
        assert_eq!(length_error("", 6, "Type it."), Some("Type it.".into()));
        assert!(length_error("1234567", 6, "x").is_some());
    }
}
