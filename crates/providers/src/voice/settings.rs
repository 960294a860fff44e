//! Settings that accounts of all providers of calls have.

use domain::{
    call::{CallingHours, Rate, Ring},
    money::Money,
    sending_hours::OpenHours,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CallCapacity;
use crate::field::{Field, FieldDisplay, FieldError, FieldKind, PLAIN, TEXT};

/// The settings that every account of calls has besides its vendor's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommonSettings {
    /// How long a phone rings, in seconds.
    pub ring_s: i64,
    /// The most calls at the same time: the channels of the plan.
    pub lines: i64,
    /// The most new calls in a minute.
    pub per_minute: i64,
    /// The length of a charged stretch, in seconds.
    pub pulse_s: i64,
    /// The price of one such stretch, in rupees; empty while nobody entered it.
    pub pulse_price: String,
    /// The account's own hours; `None` for all hours in which calls may ring.
    pub hours: Option<OpenHours>,
}

impl Default for CommonSettings {
    fn default() -> CommonSettings {
        CommonSettings {
            ring_s: 30,
            lines: 10,
            per_minute: 60,
            pulse_s: 60,
            pulse_price: String::new(),
            hours: None,
        }
    }
}

impl CommonSettings {
    /// How a call rings. A call that talks longer than any script is cut.
    pub fn ring(&self) -> Ring {
        Ring { ring_s: self.ring_s.clamp(15, 60), longest_s: Ring::default().longest_s }
    }

    /// How many calls the account takes.
    pub fn lines(&self) -> CallCapacity {
        CallCapacity { at_once: self.lines.max(1), per_minute: self.per_minute.max(1) }
    }

    /// What its calls cost.
    pub fn rate(&self) -> Option<Rate> {
        let pulse = Money::parse(&self.pulse_price).ok()?;
        Some(Rate { pulse_s: self.pulse_s.max(1), pulse })
    }

    /// When it may call; wider hours than allowed are those that are allowed.
    pub fn hours(&self) -> OpenHours {
        let own = self.hours.and_then(|hours| CallingHours::new(hours.from_minute, hours.until_minute).ok());
        own.unwrap_or_default().open()
    }

    /// What no single field shows to be wrong.
    pub fn check(settings: &Value) -> Vec<FieldError> {
        let read: CommonSettings = serde_json::from_value(settings.clone()).unwrap_or_default();
        let Some(hours) = read.hours else { return Vec::new() };
        match CallingHours::new(hours.from_minute, hours.until_minute) {
            Ok(_) => Vec::new(),
            Err(wrong) => vec![FieldError::new("hours_from", wrong.to_string())],
        }
    }
}

/// A price in rupees as it is kept.
fn price(text: &str) -> Result<String, String> {
    match Money::parse(text) {
        Ok(price) if (Money(0)..=Money::rupees(100)).contains(&price) => Ok(price.to_string()),
        Ok(_) => Err("A price of one pulse, up to ₹100.".to_owned()),
        Err(wrong) => Err(format!("{wrong}.")),
    }
}

/// The fields of [`CommonSettings`] and of the account's pace, after those of the provider.
pub const fn common_fields() -> [Field; 7] {
    [
        number(
            "lines",
            "Simultaneous calls",
            (1, 500, 10),
            "The channels of your plan. More would only wait at the provider.",
        ),
        number(
            "per_minute",
            "New calls a minute",
            (1, 600, 60),
            "The most that the account starts in a minute.",
        ),
        number(
            "ring_s",
            "Rings for",
            (15, 60, 30),
            "How long a phone rings before nobody counts as there, in seconds.",
        ),
        number(
            "pulse_s",
            "Pulse",
            (1, 120, 60),
            "Begun stretches of so many seconds are charged. Your contract says.",
        ),
        Field {
            key: "pulse_price",
            label: "Price of a pulse",
            kind: FieldKind::Id { read: price, digits: false },
            help: "In rupees, before tax. Forecasts are made from it; empty shows none.",
            placeholder: "0.60",
            shown: FieldDisplay { around: "₹{}", empty: "Not known", ..PLAIN },
            ..TEXT
        },
        Field {
            key: "hours",
            label: "Calls",
            kind: FieldKind::Hours,
            help: "Within 9:00 AM to 9:00 PM in India, which the rules for calls allow.",
            shown: FieldDisplay { label: "Hours", empty: "9:00 AM to 9:00 PM", ..PLAIN },
            ..TEXT
        },
        Field {
            key: "per_day",
            label: "Calls per day",
            kind: FieldKind::Ceiling { counts: "calls" },
            help: "Your own ceiling. Empty means none.",
            ..TEXT
        },
    ]
}

const fn number(
    key: &'static str,
    label: &'static str,
    (min, max, default): (i64, i64, i64),
    help: &'static str,
) -> Field {
    Field { key, label, kind: FieldKind::Number { min, max, default }, help, ..TEXT }
}

/// Calls per second, the pace that every account has. A provider takes a few a second at most.
pub(crate) const PACE: Field = Field {
    key: "per_second",
    label: "Requests per second",
    kind: FieldKind::Rate { max: 10, default: 2 },
    help: "How fast requests follow each other within a minute.",
    ..TEXT
};

/// An id as a provider shows it: no spaces, no signs that an address could not carry.
pub(crate) fn id_text(text: &str) -> Result<String, String> {
    let fits = text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b));
    if fits { Ok(text.to_owned()) } else { Err("Letters, digits, hyphens and dots only.".to_owned()) }
}

/// A field that an account cannot do without, where it is empty.
pub(crate) fn missing(settings: &Value, fields: &[(&str, &str)]) -> Vec<FieldError> {
    let empty = |key: &str| settings[key].as_str().unwrap_or("").trim().is_empty();
    fields.iter().filter(|(key, _)| empty(key)).map(|(key, words)| FieldError::new(*key, *words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hours_of_an_account_are_within_those_of_calls() {
        let of = |from: i64, until: i64| CommonSettings {
            hours: OpenHours::new(from, until),
            ..CommonSettings::default()
        };
        assert_eq!(of(600, 1_140).hours(), OpenHours { from_minute: 600, until_minute: 1_140 });
        let allowed = OpenHours { from_minute: 540, until_minute: 1_260 };
        assert_eq!((of(0, 1_439).hours(), CommonSettings::default().hours()), (allowed, allowed));
        assert_eq!(
            CommonSettings::check(&json!({ "hours": { "from_minute": 0, "until_minute": 1_000 } })).len(),
            1
        );
        assert!(
            CommonSettings::check(&json!({ "hours": { "from_minute": 600, "until_minute": 1_000 } }))
                .is_empty()
        );
    }

    #[test]
    fn a_price_is_kept_to_a_ten_thousandth_of_a_rupee() {
        let rate = |price: &str| {
            CommonSettings { pulse_price: price.to_owned(), ..CommonSettings::default() }.rate()
        };
        assert_eq!(rate("0.6125").map(|rate| rate.pulse), Some(Money(6_125)));
        assert_eq!(rate(""), None);
        assert!(price("0.61251").is_err() && price("101").is_err() && price("0.5").is_ok());
    }
}
