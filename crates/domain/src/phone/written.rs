//! How a number was written: its digits, without the labels, quotes and signs that people and spreadsheets put around it.

use super::{DIGITS_MAX, PhoneError};

/// Longest text looked at, in characters. A cell longer than this holds something else.
const TEXT_CHARS_MAX: usize = 100;

/// So many digits in one piece of a cell are a number of their own.
pub(super) const PIECE_DIGITS: usize = 7;

/// A cell reduced to its digits, and whether a `+` stood before them.
pub(super) struct Written {
    pub(super) plus: bool,
    pub(super) digits: String,
}

/// Quotation marks that spreadsheets and people put around a number to keep it as text.
pub(super) const QUOTES: &[char] = &['"', '\'', '`', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '='];

/// Words that stand before a number: Facebook's `p:`, `tel:` of address books, labels of forms.
const LABELS: &[&str] = &["whatsapp", "mobile", "phone", "cell", "tel", "mob", "ph", "p", "m"];

impl Written {
    pub(super) fn read(text: &str) -> Result<Written, PhoneError> {
        let mut plain = String::with_capacity(text.len().min(TEXT_CHARS_MAX));
        for (at, c) in text.chars().filter(|c| !is_invisible(*c)).enumerate() {
            if at >= TEXT_CHARS_MAX {
                return Err(PhoneError::NotANumber);
            }
            plain.push(plain_char(c).ok_or(PhoneError::Stray(c))?);
        }
        let edges = |c: char| c.is_whitespace() || QUOTES.contains(&c);
        let bare = without_label(plain.trim_matches(edges)).trim_matches(edges);
        if bare.is_empty() {
            return Err(PhoneError::Empty);
        }
        let bare = match without_exponent(bare)? {
            Some(digits) => digits,
            None => without_zero_fraction(bare)?.to_owned(),
        };
        refuse_two_numbers(&bare)?;
        digits_of(&bare)
    }
}

/// Drops `p:`, `Mobile no. ` and the like.
fn without_label(text: &str) -> &str {
    for label in LABELS {
        let Some(head) = text.get(..label.len()).filter(|head| head.eq_ignore_ascii_case(label)) else {
            continue;
        };
        let rest = &text[head.len()..];
        let rest = rest.trim_start_matches([' ', '.', ':', '-', '\t']);
        let numbered = rest.get(..2).is_some_and(|no| no.eq_ignore_ascii_case("no"));
        let rest = if numbered { rest[2..].trim_start_matches([' ', '.', ':', '-', '\t']) } else { rest };
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(') {
            return rest;
        }
    }
    text
}

/// `9.812345678E+09`: taken when every digit is there, refused as [`PhoneError::DigitsLost`] when not.
fn without_exponent(text: &str) -> Result<Option<String>, PhoneError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Ok(None) };
    let exponent = exponent.trim_start_matches('+');
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('+');
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_number =
        !whole.is_empty() && !exponent.is_empty() && [whole, fraction, exponent].into_iter().all(all_digits);
    if !is_number {
        return Ok(None);
    }
    let places = exponent.parse::<usize>().map_err(|_| PhoneError::NotANumber)?;
    match fraction.len().checked_sub(places) {
        Some(extra) if fraction[fraction.len() - extra..].bytes().all(|b| b == b'0') => {
            Ok(Some(format!("{whole}{}", &fraction[..places])))
        }
        _ => Err(PhoneError::DigitsLost),
    }
}

/// `9812345678.0`: a spreadsheet's number. Any other fraction is not a phone number; `98123.45678` is a way to write one.
fn without_zero_fraction(text: &str) -> Result<&str, PhoneError> {
    let Some((whole, fraction)) = text.split_once('.') else { return Ok(text) };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match digits(whole.trim_start_matches('+')) && whole.len() >= PIECE_DIGITS && digits(fraction) {
        true if fraction.bytes().all(|b| b == b'0') => Ok(whole),
        true => Err(PhoneError::NotANumber),
        false => Ok(text),
    }
}

/// `98…/99…`. A short first piece is an area or country code written apart (`022/24567890`), short pieces
/// all through are grouping (`9,812,345,678`).
fn refuse_two_numbers(text: &str) -> Result<(), PhoneError> {
    let lower = text.to_ascii_lowercase();
    let one_sign = lower.replace(" or ", "/").replace(" and ", "/");
    let count = |piece: &str| piece.bytes().filter(u8::is_ascii_digit).count();
    let pieces: Vec<usize> =
        one_sign.split(['/', '\\', ',', ';', '|', '&', '\n', '\r']).map(count).filter(|n| *n > 0).collect();
    let short_code_first = pieces.len() == 2 && pieces[0] <= 5;
    if pieces.len() > 1 && !short_code_first && pieces.iter().any(|n| *n >= PIECE_DIGITS) {
        return Err(PhoneError::TwoNumbers);
    }
    // Two numbers with only a space or a plus between them.
    let more_than_one = count(text) > DIGITS_MAX;
    let halves = text.match_indices([' ', '+', '\t']).any(|(at, _)| {
        let (left, right) = text.split_at(at);
        count(left) >= 10 && count(right) >= 10
    });
    if more_than_one && halves { Err(PhoneError::TwoNumbers) } else { Ok(()) }
}

fn digits_of(text: &str) -> Result<Written, PhoneError> {
    let rest = text.trim_start_matches(['(', ' ', '[']);
    let after_plus = rest.trim_start_matches('+');
    let plus = after_plus.len() < rest.len();
    let mut digits = String::with_capacity(16);
    let mut letters = 0;
    let mut stray = None;
    for (at, c) in after_plus.char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '\t' | '\n' | '\r' | '-' | '.' | '(' | ')' | '[' | ']' | '_' | '~' | '/' | ',' => {}
            '+' => return second_plus(&digits, &after_plus[at + 1..]),
            '*' | '#' | 'x' | 'X' if !digits.is_empty() || letters > 0 || c == '*' => {
                return Err(PhoneError::Hidden);
            }
            _ => {
                letters += 1;
                stray = stray.or(Some(c));
            }
        }
    }
    match stray {
        _ if digits.is_empty() => Err(PhoneError::NotANumber),
        Some(_) if letters > 3 => Err(PhoneError::NotANumber),
        Some(c) => Err(PhoneError::Stray(c)),
        None => Ok(Written { plus, digits }),
    }
}

/// `+91 +91 98123 45678`: fine when both codes agree.
fn second_plus(code: &str, rest: &str) -> Result<Written, PhoneError> {
    let second = digits_of(rest).map_err(|_| PhoneError::Stray('+'))?;
    match !code.is_empty() && second.digits.len() >= 10 && second.digits.starts_with(code) {
        true => Ok(Written { plus: true, digits: second.digits }),
        false if second.digits.len() >= PIECE_DIGITS => Err(PhoneError::TwoCountryCodes),
        false => Err(PhoneError::Stray('+')),
    }
}

/// Marks without a shape: zero-width, direction, byte order, soft hyphen, controls that are not spaces.
pub(crate) fn is_invisible(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    control
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}')
}

/// The zeros of the scripts whose digits people type here; each is followed by its one to nine.
const ZEROS: [u32; 13] =
    [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0xFF10, 0x1D7CE];

/// Fullwidth and Indian digits, odd spaces and dashes as their ASCII twin; `None` for emoji and other pictures.
pub(super) fn plain_char(c: char) -> Option<char> {
    if c.is_ascii() || QUOTES.contains(&c) {
        return Some(c);
    }
    let digit = ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero).filter(|value| *value < 10));
    if let Some(digit) = digit {
        return char::from_digit(digit, 10);
    }
    match c {
        _ if c.is_whitespace() => Some(' '),
        '\u{FF0B}' => Some('+'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' | '\u{FE63}' => Some('-'),
        '\u{FF08}' => Some('('),
        '\u{FF09}' => Some(')'),
        '\u{FF0E}' | '\u{B7}' | '\u{2022}' => Some('.'),
        '\u{FF0F}' => Some('/'),
        '\u{FF0C}' | '\u{3001}' => Some(','),
        _ if c.is_alphabetic() => Some(c),
        _ => None,
    }
}
