//! A setting of an account or of a template, described once: its name, its kind and limits, its help, and the error for
//! anything else. Pages draw it, read it and show it from here.

use std::fmt;

use domain::{
    sending_hours::OpenHours,
    text::{grouped, line},
};
use serde_json::{Map, Value, json};

/// Keys have a few hundred characters; more is a pasted page.
pub const SECRET_CHARS_MAX: usize = 4_096;
/// Highest ceiling of a day.
pub const PER_DAY_MAX: i64 = 10_000_000;

/// One setting of a vendor's account.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in forms, and in stored settings unless [`Field::at`] says otherwise.
    pub key: &'static str,
    /// Its place in what is stored, with a dot between an object and its member; empty takes the key.
    pub at: &'static str,
    /// The label in forms: a noun.
    pub label: &'static str,
    /// What may stand in it.
    pub kind: FieldKind,
    /// The help below the field: one or two sentences.
    pub help: &'static str,
    /// The example that an empty field shows.
    pub placeholder: &'static str,
    /// The error for a missing value; empty where the field may be empty.
    pub missing: &'static str,
    /// How the page of the account shows it.
    pub shown: FieldDisplay,
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// A key or password: sealed, never shown again.
    Secret,
    /// One line of text.
    Text {
        /// The most characters that it may have.
        max: usize,
        /// What a new account begins with.
        default: &'static str,
    },
    /// An id with a shape of its own.
    Id {
        /// The id as it is kept, or what is wrong with it, as a sentence.
        read: fn(&str) -> Result<String, String>,
        /// Whether it is made of digits only.
        digits: bool,
    },
    /// A whole number. One that may be empty then takes what the vendor's adapter takes by itself.
    Number {
        /// The smallest number that is accepted.
        min: i64,
        /// The largest number that is accepted.
        max: i64,
        /// What a new account begins with.
        default: i64,
    },
    /// One of several values.
    Choice {
        /// Stored words with those that people read; a new account begins with the first.
        options: &'static [(&'static str, &'static str)],
        /// The error for any other value.
        wrong: &'static str,
    },
    /// One of the servers that the host listed under that key of the configuration. An account picks one
    /// ([`Urls::picked`](crate::Urls::picked)). Where there is but one, none need be picked.
    Base {
        /// The key of the [`BaseUrl`](crate::vendor::BaseUrl).
        url: &'static str,
    },
    /// Calls per second. Kept as the account's pace, not among its settings.
    Rate {
        /// The highest rate that is accepted.
        max: i64,
        /// What a new account begins with.
        default: i64,
    },
    /// Most messages of a day; empty is none. Kept as the account's pace, not among its settings.
    Ceiling {
        /// What is counted: “people”, “messages”.
        counts: &'static str,
    },
    /// Hours of the day in the organisation's zone: two fields, `KEY_from` and `KEY_until`; both empty is any hour.
    Hours,
}

/// How the page of an account shows a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldDisplay {
    /// Its label there; empty takes the field's.
    pub label: &'static str,
    /// The text for an empty value. Without such a text an empty field is not shown.
    pub empty: &'static str,
    /// Around the value, as in `Up to {} characters`; empty is the value alone.
    pub around: &'static str,
    /// A quiet word beside it.
    pub note: &'static str,
    /// Also on the card in the list of accounts.
    pub on_card: bool,
}

/// Nothing besides label and value.
pub const PLAIN: FieldDisplay =
    FieldDisplay { label: "", empty: "Not set", around: "", note: "", on_card: false };

/// An optional line of text: what other fields begin from.
pub const TEXT: Field = Field {
    key: "",
    at: "",
    label: "",
    kind: FieldKind::Text { max: 200, default: "" },
    help: "",
    placeholder: "",
    missing: "",
    shown: PLAIN,
};

/// A key or password: what such fields begin from.
pub const SECRET: Field = Field { kind: FieldKind::Secret, ..TEXT };

/// An error in a form: the field, and the words for whoever typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the form's field.
    pub field: String,
    /// The words for whoever typed the value.
    pub words: String,
}

impl FieldError {
    /// These words about that field.
    pub fn new(field: impl Into<String>, words: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), words: words.into() }
    }
}

/// The values of a form, by the names of its fields.
pub trait FormValues {
    /// The text of a field; empty when it was not sent.
    fn typed(&self, name: &str) -> &str;
}

impl FormValues for [(String, String)] {
    fn typed(&self, name: &str) -> &str {
        self.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl FormValues for Vec<(String, String)> {
    fn typed(&self, name: &str) -> &str {
        self.as_slice().typed(name)
    }
}

impl Field {
    /// Whether it is sealed.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Secret)
    }

    /// Whether it is kept among the account's settings: secrets and pace have places of their own.
    pub fn is_setting(&self) -> bool {
        !matches!(self.kind, FieldKind::Secret | FieldKind::Rate { .. } | FieldKind::Ceiling { .. })
    }

    /// Names of its fields in a form.
    pub fn names(&self) -> Vec<String> {
        match self.kind {
            FieldKind::Hours => vec![format!("{}_from", self.key), format!("{}_until", self.key)],
            _ => vec![self.key.to_owned()],
        }
    }

    /// What the form of a new account holds, name by name.
    pub fn initial(&self) -> Vec<(String, String)> {
        let text = match self.kind {
            FieldKind::Text { default, .. } => default.to_owned(),
            FieldKind::Number { default, .. } | FieldKind::Rate { default, .. } => default.to_string(),
            FieldKind::Choice { options, .. } => {
                options.first().map_or(String::new(), |(word, _)| (*word).to_owned())
            }
            FieldKind::Secret
            | FieldKind::Id { .. }
            | FieldKind::Base { .. }
            | FieldKind::Ceiling { .. }
            | FieldKind::Hours => String::new(),
        };
        self.names().into_iter().map(|name| (name, text.clone())).collect()
    }

    /// What the form holds for stored settings, name by name.
    pub fn filled(&self, settings: &Value) -> Vec<(String, String)> {
        let stored = self.stored(settings);
        match (self.kind, stored) {
            (FieldKind::Hours, Some(stored)) => {
                let hours: Option<OpenHours> = serde_json::from_value(stored.clone()).ok();
                let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
                let texts = hours.map(|hours| [clock(hours.from_minute), clock(hours.until_minute)]);
                self.names().into_iter().zip(texts.unwrap_or_default()).collect()
            }
            (_, Some(stored)) => vec![(self.key.to_owned(), as_text(stored))],
            (FieldKind::Number { .. } | FieldKind::Choice { .. }, None) => self.initial(),
            (_, None) => self.names().into_iter().map(|name| (name, String::new())).collect(),
        }
    }

    /// The stored value; `None` when there is none.
    pub fn stored<'v>(&self, settings: &'v Value) -> Option<&'v Value> {
        let at = if self.at.is_empty() { self.key } else { self.at };
        let found = at.split('.').try_fold(settings, |value, name| value.get(name))?;
        (!found.is_null() && found.as_str() != Some("")).then_some(found)
    }

    /// Puts a value at its place; `None` takes it out, so that the adapter's own takes effect.
    pub fn store(&self, settings: &mut Map<String, Value>, value: Option<Value>) {
        let at = if self.at.is_empty() { self.key } else { self.at };
        let Some((object, member)) = at.split_once('.') else {
            put(settings, at, value);
            return;
        };
        let inner = settings.entry(object).or_insert_with(|| json!({}));
        if !inner.is_object() {
            *inner = json!({});
        }
        if let Value::Object(inner) = inner {
            put(inner, member, value);
        }
    }

    /// Reads what was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, form: &(impl FormValues + ?Sized)) -> Result<Option<Value>, Vec<FieldError>> {
        if let FieldKind::Hours = self.kind {
            return self.read_hours(form);
        }
        let typed = form.typed(self.key);
        let text = line(typed);
        let wrong = |words: String| Err(vec![FieldError::new(self.key, words)]);
        let is_text = matches!(self.kind, FieldKind::Text { .. });
        if text.is_empty() {
            return match self.missing {
                _ if matches!(self.kind, FieldKind::Rate { .. }) => self.read_number(&text),
                "" if is_text => Ok(Some(json!(""))),
                "" => Ok(None),
                missing => wrong(missing.to_owned()),
            };
        }
        match self.kind {
            FieldKind::Secret => match secret_error(typed) {
                Some(words) => wrong(words),
                None => Ok(Some(json!(typed.trim()))),
            },
            FieldKind::Base { .. } => Ok(Some(json!(text.trim_end_matches('/')))),
            FieldKind::Text { max, .. } if text.chars().count() > max => {
                wrong(format!("At most {max} characters. Shorten it."))
            }
            FieldKind::Text { .. } => Ok(Some(json!(text))),
            FieldKind::Id { read, .. } => match read(&text) {
                Ok(id) => Ok(Some(json!(id))),
                Err(words) => wrong(words),
            },
            FieldKind::Choice { options, wrong: words } => {
                if options.iter().any(|(word, _)| *word == text) {
                    Ok(Some(json!(text)))
                } else {
                    wrong(words.to_owned())
                }
            }
            FieldKind::Number { .. } | FieldKind::Rate { .. } | FieldKind::Ceiling { .. } => {
                self.read_number(&text)
            }
            FieldKind::Hours => Ok(None),
        }
    }

    fn read_number(&self, text: &str) -> Result<Option<Value>, Vec<FieldError>> {
        let (min, max, words) = match self.kind {
            FieldKind::Number { min, max, .. } if self.missing.is_empty() => {
                (min, max, format!("A whole number from {min} to {}, or empty for the usual.", grouped(max)))
            }
            FieldKind::Ceiling { .. } => {
                let most = grouped(PER_DAY_MAX);
                (0, PER_DAY_MAX, format!("A whole number up to {most}, or empty for no ceiling."))
            }
            FieldKind::Number { min, max, .. } => (min, max, out_of(min, max)),
            FieldKind::Rate { max, .. } => (1, max, out_of(1, max)),
            _ => return Ok(None),
        };
        match whole(text).filter(|n| (min..=max).contains(n)) {
            Some(n) => Ok(Some(json!(n))),
            None => Err(vec![FieldError::new(self.key, words)]),
        }
    }

    fn read_hours(&self, form: &(impl FormValues + ?Sized)) -> Result<Option<Value>, Vec<FieldError>> {
        const TIME: &str = "A time such as 09:00.";
        let names = self.names();
        let [from_name, until_name] = [&names[0], &names[1]];
        let (from, until) = (form.typed(from_name).trim(), form.typed(until_name).trim());
        let (from, until) = match (from.is_empty(), until.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => {
                return Err(vec![FieldError::new(from_name, "From when? Or leave both empty.")]);
            }
            (false, true) => {
                return Err(vec![FieldError::new(until_name, "Until when? Or leave both empty.")]);
            }
            (false, false) => (minute(from), minute(until)),
        };
        let (Some(from), Some(until)) = (from, until) else {
            let wrong = [(from_name, from), (until_name, until)];
            return Err(wrong
                .into_iter()
                .filter(|(_, read)| read.is_none())
                .map(|(name, _)| FieldError::new(name, TIME))
                .collect());
        };
        match OpenHours::new(from, until) {
            Some(hours) => Ok(Some(json!(hours))),
            None => Err(vec![FieldError::new(
                until_name,
                "The same time twice leaves it open whether that is always or never. Leave both empty for any hour.",
            )]),
        }
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => _ = object.insert(name.to_owned(), value),
        None => _ = object.remove(name),
    }
}

/// A stored text or number as a form holds it.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn out_of(min: i64, max: i64) -> String {
    format!("A whole number from {min} to {}.", grouped(max))
}

/// A whole number, with or without grouping.
fn whole(text: &str) -> Option<i64> {
    text.trim().replace(',', "").parse().ok()
}

/// The minute of the day of `22:00` or `22:00:00`.
fn minute(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':');
    let (hour, minute): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

fn secret_error(text: &str) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > SECRET_CHARS_MAX {
        return Some("This is far longer than a key. Copy the key alone.".into());
    }
    text.chars()
        .any(|c| c.is_control() || c.is_whitespace())
        .then(|| "It has a space or a line break inside. Copy the key alone.".into())
}

/// A parsed id as [`FieldKind::Id`] wants it: the words of its error end with a full stop.
pub fn id_of<T: std::str::FromStr<Err: fmt::Display> + fmt::Display>(text: &str) -> Result<String, String> {
    text.parse::<T>().map(|id| id.to_string()).map_err(|wrong| {
        let words = wrong.to_string();
        if words.ends_with(['.', '!', '?']) { words } else { format!("{words}.") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_field_reads_back_what_it_stored_wherever_it_is_kept() {
        let number = Field {
            key: "text_chars",
            at: "limits.text",
            kind: FieldKind::Number { min: 1, max: 160, default: 30 },
            ..TEXT
        };
        let hours = Field { key: "hours", kind: FieldKind::Hours, ..TEXT };
        let typed = form(&[("text_chars", "25"), ("hours_from", "9:00"), ("hours_until", "18:30")]);
        let mut settings = Map::new();
        for field in [number, hours] {
            field.store(&mut settings, field.read(&typed).unwrap());
        }
        let settings = Value::Object(settings);
        assert_eq!(settings["limits"]["text"], 25);
        assert_eq!(number.filled(&settings), form(&[("text_chars", "25")]));
        assert_eq!(hours.filled(&settings), form(&[("hours_from", "09:00"), ("hours_until", "18:30")]));
        let mut emptied = settings.as_object().unwrap().clone();
        number.store(&mut emptied, number.read(&form(&[])).unwrap());
        assert!(emptied["limits"].as_object().unwrap().is_empty(), "the adapter's own takes effect");
    }

    #[test]
    fn a_key_keeps_no_space_around_it_and_takes_none_inside() {
        let key = Field { key: "api_key", missing: "Paste the API key.", ..SECRET };
        let read = |text: &str| key.read(&form(&[("api_key", text)]));
        assert_eq!(read(" abcdef\n"), Ok(Some(json!("abcdef"))));
        assert!(read("abc def").unwrap_err()[0].words.contains("a space"));
        assert_eq!(read(" ").unwrap_err()[0].words, "Paste the API key.");
        assert!(read(&"x".repeat(SECRET_CHARS_MAX + 1)).is_err());
    }
}
