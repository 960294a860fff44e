//! Money as an integer of 1/10,000 rupee, so that a paisa is never lost to rounding.

use std::{fmt, iter::Sum, ops};

use serde::{Deserialize, Serialize};

/// An amount in 1/10,000 rupee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

/// Why a typed or received amount was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no amount; use rupees such as 0.145 (four places at most)")]
pub struct MoneyError(String);

impl Money {
    /// Whole rupees.
    pub const fn rupees(rupees: i64) -> Money {
        Money(rupees * 10_000)
    }

    /// Reads a decimal amount in rupees, such as `1250.5000` or `₹1,09,000.5`. Never through a float.
    pub fn parse(text: &str) -> Result<Money, MoneyError> {
        let wrong = || MoneyError(text.to_owned());
        let plain: String = text.trim().trim_start_matches('₹').chars().filter(|c| *c != ',').collect();
        let (negative, digits) =
            plain.trim().strip_prefix('-').map_or((false, plain.trim()), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let part = part.trim_end_matches('0');
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || part.len() > 4 || !all_digits(whole) || !all_digits(part)
        {
            return Err(wrong());
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let part: i64 = format!("{part:0<4}").parse().map_err(|_| wrong())?;
        let value = whole.checked_mul(10_000).and_then(|w| w.checked_add(part)).ok_or_else(wrong)?;
        Ok(Money(if negative { -value } else { value }))
    }

    /// The goods and services tax of India on an amount: 18 %, to the nearest 1/10,000 rupee.
    pub fn gst(self) -> Money {
        Money((self.0.saturating_mul(Money::GST_PERCENT) + 50) / 100)
    }

    /// The rate that messages are taxed with in India, in percent.
    pub const GST_PERCENT: i64 = 18;

    /// This amount `times` over.
    pub fn times(self, times: i64) -> Money {
        Money(self.0.saturating_mul(times))
    }
}

impl ops::Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl ops::Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money(0), ops::Add::add)
    }
}

/// Plain rupees with as many places as needed, at least two: `1250.50`, `0.145`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:04}", self.0.unsigned_abs() % 10_000);
        let part = part.trim_end_matches('0');
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{part:0<2}", self.0.unsigned_abs() / 10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_read_without_a_float() {
        for (typed, expected) in [
            ("1250.5000", 12_505_000),
            ("0.145", 1_450),
            ("₹1,09,000.5", 1_090_005_000),
            ("-3", -30_000),
            (".25", 2_500),
        ] {
            assert_eq!(Money::parse(typed), Ok(Money(expected)), "for {typed:?}");
        }
        for typed in ["", ".", "1.23456", "1e3", "abc", "9999999999999999999"] {
            assert!(Money::parse(typed).is_err(), "for {typed:?}");
        }
    }

    #[test]
    fn an_amount_is_written_with_the_places_it_needs() {
        for (amount, expected) in [(12_505_000, "1250.50"), (1_450, "0.145"), (0, "0.00"), (-30_000, "-3.00")]
        {
            assert_eq!(Money(amount).to_string(), expected);
        }
    }
}
