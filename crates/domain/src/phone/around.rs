//! One number with something around it: a link, a name, a note, an extension, or the same number once more.

use super::{Country, DIGITS_MAX, PIECE_DIGITS, Phone, is_invisible, parse_with_library, plain_char};

/// Longest cell that is searched for a number, in characters.
const CHARS_MAX: usize = 200;
/// A piece of fewer digits beside the number is a note (a flat, an hour, an extension).
const NOTE_DIGITS_MAX: usize = 6;
/// What stands before the digits in links that open a chat.
const LINKS: &[&str] = &["wa.me/", "whatsapp.com/send", "whatsapp://send", "wa.link/"];

/// The digits of a link that opens a WhatsApp chat: they always begin with the country code.
pub(super) fn digits_of_link(text: &str) -> Option<String> {
    if text.len() > CHARS_MAX || !text.contains(['/', '?']) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let behind = LINKS.iter().find_map(|link| lower.find(link).map(|at| &lower[at + link.len()..]))?;
    let behind = behind.split_once("phone=").map_or(behind, |(_, phone)| phone);
    let digits: String = behind
        .trim_start_matches(['+', '/', ' '])
        .trim_start_matches("%2b")
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (digits.len() >= PIECE_DIGITS).then_some(digits)
}

/// The number of a text that holds exactly one, perhaps twice, among words and short figures. Stars and crosses hide digits, and a
/// long piece that is no number leaves the whole in doubt: then there is none.
pub(super) fn only_number_in(text: &str, home: Country) -> Option<Phone> {
    if text.len() > CHARS_MAX * 4 || text.contains(['*', '#', '\u{2022}', '\u{25CF}']) {
        return None;
    }
    let plain: String = text
        .chars()
        .take(CHARS_MAX)
        .filter(|c| !is_invisible(*c))
        .map(|c| plain_char(c).unwrap_or(' '))
        .collect();
    // "9.81E+09" has lost its digits, and "98765xxx10" hides them: what is left of them is no number.
    if plain.to_ascii_lowercase().contains("xx") || lost_digits(&plain) {
        return None;
    }
    // "9812345678/79" is two numbers, the second one shortened.
    let shortened =
        |piece: &str| !piece.is_empty() && piece.len() <= 5 && piece.bytes().all(|b| b.is_ascii_digit());
    if plain.split('/').skip(1).any(|piece| shortened(piece.trim())) {
        return None;
    }
    let mut found: Option<Phone> = None;
    for piece in
        plain.split(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '(' | ')' | '.')))
    {
        for number in numbers_of(piece, home)? {
            match &found {
                Some(other) if *other != number => return None,
                _ => found = Some(number),
            }
        }
    }
    found
}

/// A figure with an exponent, somewhere.
pub(super) fn lost_digits(plain: &str) -> bool {
    let bytes = plain.as_bytes();
    bytes.windows(3).any(|three| {
        three[0].is_ascii_digit()
            && three[1].eq_ignore_ascii_case(&b'e')
            && matches!(three[2], b'+' | b'0'..=b'9')
    })
}

/// The numbers of a piece without words: none in a short one, one, or two with a space between. `None` when it is none of these.
fn numbers_of(piece: &str, home: Country) -> Option<Vec<Phone>> {
    let count = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if count(piece) <= NOTE_DIGITS_MAX {
        return Some(Vec::new());
    }
    // A time or a date has left its separators: "2026-05-12 19" is no number.
    if looks_like_date(piece.trim()) {
        return None;
    }
    if count(piece) <= DIGITS_MAX
        && let Ok(phone) = parse_with_library(piece.trim_matches([' ', '-', '.', '(', ')']), home)
    {
        return Some(vec![phone]);
    }
    let cuts = piece.char_indices().filter(|(_, c)| matches!(c, ' ' | '+' | '-')).map(|(at, _)| at);
    let parse = |text: &str| parse_with_library(text.trim_matches([' ', '-', '.', '(', ')']), home).ok();
    cuts.map(|at| piece.split_at(at)).find_map(|(left, right)| {
        // A short figure beside it is a note; two numbers are two.
        match (count(left) <= NOTE_DIGITS_MAX, count(right) <= NOTE_DIGITS_MAX) {
            (false, false) => Some(vec![parse(left)?, parse(right)?]),
            _ => None,
        }
    })
}

fn looks_like_date(piece: &str) -> bool {
    let groups: Vec<usize> = piece.split(['-', '.', ' ']).map(str::len).collect();
    matches!(groups.as_slice(), [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}
