//! What the end of a call proves: the table from answer to outcome, and the text that a person may see.

use domain::{
    outcome::{Outcome, ProviderAnswer},
    time::{DAY, Millis, SECOND},
};
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use crate::{
    codes,
    http::{Answer, NoResponse},
    secret::Secret,
};

/// What an answer proves about the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The message is refused for this person for good.
    Recipient,
    /// The account cannot send now.
    Stop,
    /// The broadcast is set up wrongly.
    Config,
    /// The message was certainly not accepted, and may be later.
    Retry {
        /// Whether the whole integration should slow down.
        slow_down: bool,
    },
    /// The message may have been accepted.
    Unknown,
}

/// The HTTP statuses that a row of the table matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// One of these statuses.
    Of(&'static [u16]),
    /// A status from the first to the last.
    Within(u16, u16),
}

impl Status {
    fn fits(self, status: u16) -> bool {
        match self {
            Status::Of(all) => all.contains(&status),
            Status::Within(first, last) => (first..=last).contains(&status),
        }
    }
}

/// The texts that a row of the table matches. They are compared in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Any text, and none.
    Any,
    /// A text in which one of each group occurs.
    Has(&'static [&'static [&'static str]]),
}

impl Text {
    fn fits(self, lower: &str) -> bool {
        match self {
            Text::Any => true,
            Text::Has(groups) => groups.iter().all(|any| any.iter().any(|part| lower.contains(part))),
        }
    }
}

/// One row of a table of answers: what it matches, what that proves, and where that is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The HTTP statuses that it matches.
    pub http: Status,
    /// The text that an answer has to carry to match this line.
    pub text: Text,
    /// What a matching answer proves.
    pub class: Class,
    /// The code under which equal endings are grouped. Its words stand in `codes.rs`.
    pub code: &'static str,
    /// The paragraph or fixture that documents the answer.
    pub source: &'static str,
}

/// The first row that fits.
pub fn find<'t>(table: &'t [Row], status: u16, text: &str) -> Option<&'t Row> {
    let lower = text.to_lowercase();
    table.iter().find(|row| row.http.fits(status) && row.text.fits(&lower))
}

/// The first row that fits by its text, whatever the status: for refusals that come with 200.
pub fn find_by_text<'t>(table: &'t [Row], text: &str) -> Option<&'t Row> {
    let lower = text.to_lowercase();
    table.iter().find(|row| row.text != Text::Any && row.text.fits(&lower))
}

/// The outcome of a class.
pub fn outcome(class: Class, said: ProviderAnswer, wait_ms: Option<i64>) -> Outcome {
    match class {
        Class::Recipient => Outcome::Refused(said),
        Class::Stop => Outcome::AccountStopped(said),
        Class::Config => Outcome::Misconfigured(said),
        Class::Retry { slow_down } => Outcome::NotNow { said, wait_ms, slow_down, once: false },
        Class::Unknown => Outcome::Unknown(said),
    }
}

/// The outcome of a call that brought no status.
pub fn unanswered(silence: NoResponse) -> Outcome {
    match silence {
        NoResponse::Never(why) => Outcome::AccountStopped(ProviderAnswer::new(codes::BAD_ADDRESS, why)),
        NoResponse::Before(why) => {
            let said = ProviderAnswer::new(codes::NOT_REACHED, why);
            Outcome::NotNow { said, wait_ms: None, slow_down: false, once: false }
        }
        NoResponse::After(why) => Outcome::Unknown(ProviderAnswer::new(codes::NO_ANSWER, why)),
    }
}

/// Why a question was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// The credential that the question needs is not set up.
    NotConnected,
    /// The provider refused; its words.
    Refused(ProviderAnswer),
    /// The provider could not be asked, or its answer could not be read.
    Silent(ProviderAnswer),
}

impl QueryError {
    /// The provider's words, or ours.
    pub fn words(&self) -> String {
        match self {
            QueryError::NotConnected => {
                "The password or key that this question needs is not set up".to_owned()
            }
            QueryError::Refused(said) | QueryError::Silent(said) => said.text.clone(),
        }
    }
}

impl From<NoResponse> for QueryError {
    fn from(silence: NoResponse) -> QueryError {
        match silence {
            NoResponse::Never(why) => QueryError::Refused(ProviderAnswer::new(codes::BAD_ADDRESS, why)),
            NoResponse::Before(why) => QueryError::Silent(ProviderAnswer::new(codes::NOT_REACHED, why)),
            NoResponse::After(why) => QueryError::Silent(ProviderAnswer::new(codes::NO_ANSWER, why)),
        }
    }
}

/// Milliseconds that the provider asked us to wait: `Retry-After` in seconds or as an HTTP date, a day at most.
pub fn wait_ms(answer: &Answer, now: Millis) -> Option<i64> {
    let text = answer.retry_after.as_deref()?.trim();
    let ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND),
        Err(_) => DateTimeParser::new().parse_timestamp(text).ok()?.as_millisecond().saturating_sub(now.0),
    };
    Some(ms.clamp(0, DAY))
}

/// The text of an answer: the first present of the three members, looked up inside objects and arrays as well.
pub fn text_of(body: &Value) -> Option<&str> {
    ["message", "errorMessage", "error"].iter().find_map(|name| body.get(name).and_then(text_in))
}

fn text_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Array(items) => items.iter().find_map(text_in),
        Value::Object(_) => text_of(value).or_else(|| {
            ["reason", "description", "details"]
                .iter()
                .find_map(|name| value.get(name).and_then(Value::as_str))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Longest text of a provider that is kept, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// A provider's text fit for a screen: one line, cut to length, without our keys, and with long numbers masked.
pub fn fit(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.expose().len() >= 4) {
        if text.contains(secret.expose()) {
            text = text.replace(secret.expose(), "****");
        }
    }
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.map(masked).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A word in which every run of ten digits and more is masked: it may be somebody's number.
fn masked(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        out.push_str(before);
        if digits.len() >= 10 {
            out.push_str(&digits[..4]);
            out.push_str("*****");
            out.push_str(&digits[digits.len() - 3..]);
        } else {
            out.push_str(digits);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_shown_holds_no_key_and_no_number() {
        let key = Secret::new("TEST.KEY.NOT-REAL");
        let text = fit("Invalid\n number +919000000001, key TEST.KEY.NOT-REAL", &[&key]);
        assert_eq!(text, "Invalid number +9190*****001, key ****");
        assert_eq!(fit(&"अ".repeat(400), &[]).chars().count(), 301);
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_as_a_date() {
        let wait = |text: &str, now| {
            let answer =
                Answer { status: 429, body: Default::default(), whole: true, retry_after: Some(text.into()) };
            wait_ms(&answer, Millis(now))
        };
        assert_eq!(wait("30", 0), Some(30_000));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT", 1_445_412_470_000), Some(10_000));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT", 1_445_412_490_000), Some(0));
        assert_eq!(wait("999999999999999999", 0), Some(DAY));
        assert_eq!(wait("soon", 0), None);
    }
}
