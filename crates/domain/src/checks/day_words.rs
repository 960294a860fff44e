//! Words of a text that name a day or a span, held against the workshop's start: "today" sent a day early brings people a day early.

use crate::time::{HOUR, MINUTE, Millis, Zone};

/// What a word says about the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// It is on the day of the message, or so many days later.
    Day(i64),
    /// It is in about an hour.
    InOneHour,
}

/// Words as people write them; longer ones first, so that "tomorrow" is not looked for within another.
const WORDS: &[(&str, Says)] = &[
    ("in one hour", Says::InOneHour),
    ("in 1 hour", Says::InOneHour),
    ("in an hour", Says::InOneHour),
    ("एक घंटे में", Says::InOneHour),
    ("tomorrow", Says::Day(1)),
    ("today", Says::Day(0)),
    ("tonight", Says::Day(0)),
    ("आज", Says::Day(0)),
    ("कल", Says::Day(1)),
];

/// A span that an hour may stand for.
const ABOUT_AN_HOUR: std::ops::RangeInclusive<i64> = 30 * MINUTE..=2 * HOUR;

/// A word of the text that is wrong about the start, when it is read at `read_at`: the word as it stands in the text.
pub(super) fn wrong_word(text: &str, read_at: Millis, starts_at: Millis, zone: &Zone) -> Option<String> {
    let lower = text.to_lowercase();
    WORDS
        .iter()
        .find(|(word, says)| stands_in(&lower, word) && !fits(*says, read_at, starts_at, zone))
        .map(|(word, _)| (*word).to_owned())
}

fn fits(says: Says, read_at: Millis, starts_at: Millis, zone: &Zone) -> bool {
    match says {
        Says::InOneHour => ABOUT_AN_HOUR.contains(&starts_at.since(read_at)),
        Says::Day(after) => {
            let (mut from, mut to) = zone.day(read_at);
            for _ in 0..after {
                (from, to) = zone.day(to);
            }
            (from..to).contains(&starts_at)
        }
    }
}

/// Whether a word stands in a text by itself, not within another one.
fn stands_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || is_mark(c));
        !inside(before) && !inside(after)
    })
}

/// Vowel signs and the like of Devanagari belong to the word before them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{0903}' | '\u{093A}'..='\u{094F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    #[test]
    fn a_day_that_is_not_the_workshops_is_found_in_english_and_hindi() {
        let zone = Zone::india();
        // Noon of a day in India.
        let noon = zone.day(Millis(1_791_880_200_000)).0.plus(12 * HOUR);
        let check = |text: &str, starts_at: Millis| wrong_word(text, noon, starts_at, &zone);
        assert_eq!(check("It begins today at 7 PM", noon.plus(7 * HOUR)), None);
        assert_eq!(check("It begins today at 7 PM", noon.plus(DAY)), Some("today".into()));
        assert_eq!(check("See you Tomorrow!", noon.plus(DAY)), None);
        assert_eq!(check("See you Tomorrow!", noon.plus(HOUR)), Some("tomorrow".into()));
        assert_eq!(check("कार्यशाला आज है", noon.plus(DAY)), Some("आज".into()));
        assert_eq!(check("कार्यशाला कल है", noon.plus(DAY)), None);
        assert_eq!(check("It starts in one hour", noon.plus(3 * HOUR)), Some("in one hour".into()));
        assert_eq!(check("It starts in one hour", noon.plus(HOUR)), None);
    }

    #[test]
    fn a_word_within_another_says_nothing() {
        let zone = Zone::india();
        let noon = zone.day(Millis(1_791_880_200_000)).0.plus(12 * HOUR);
        for text in ["todayish", "USAToday", "कलाकार", "आजाद", "nothing about a day"] {
            assert_eq!(wrong_word(text, noon, noon.plus(5 * DAY), &zone), None, "{text}");
        }
    }
}
