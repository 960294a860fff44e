//! Reading JSON of vendors who write a number as text one day and as a number the next.

use domain::{money::Money, time::Millis};
use serde_json::Value;

/// Longest id that is kept; those of messages have 15 to 60 characters, those of people up to 131.
const ID_BYTES_MAX: usize = 160;

/// An id, as text or number; empty and absurd ones are none.
pub(crate) fn id(value: Option<&Value>) -> Option<String> {
    text(value?).filter(|text| text.len() <= ID_BYTES_MAX)
}

/// Text, or a number as text; trimmed, never empty.
pub(crate) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A whole number, as number or text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An instant: epoch milliseconds as number or text, or an RFC 3339 text. Zero and less are “not yet”.
pub(crate) fn instant(value: &Value) -> Option<Millis> {
    let parsed = || value.as_str()?.trim().parse::<jiff::Timestamp>().ok();
    integer(value).or_else(|| parsed().map(|at| at.as_millisecond())).filter(|ms| *ms > 0).map(Millis)
}

/// `true` and `"true"` are both in use.
pub(crate) fn yes_or_no(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::String(_) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a member holds anything: `{}`, `""`, `null` and `false` do not.
pub(crate) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// A price in rupees. One that no single message can have is written in a unit that we do not know, and not taken.
pub(crate) fn price(value: &Value) -> Option<Money> {
    let price = Money::parse(&text(value)?).ok()?;
    (Money(0)..=Money::rupees(100)).contains(&price).then_some(price)
}

/// The digits of a number as a vendor writes it. A text with letters is no number, whatever digits it has.
pub(crate) fn digits(value: &Value) -> Option<String> {
    let text = text(value)?;
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (8..=15).contains(&digits.len()).then_some(digits)
}
