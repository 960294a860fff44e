//! The vendor's books, in exact integers of 1/10,000 rupee.

use std::collections::BTreeMap;

use serde::Serialize;

use super::account::PER_RUPEE;

/// What an account was charged, and what for. `charged - refunded` is what left its wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Requests that were accepted.
    pub requests: u64,
    /// Messages that were accepted: one for each number of each request.
    pub messages: u64,
    /// Segments of those messages.
    pub segments: i64,
    /// Charged on acceptance, in 1/10,000 rupee.
    pub charged: i64,
    /// Given back for Blocked and DND, in 1/10,000 rupee.
    pub refunded: i64,
    /// Messages it was given back for.
    pub refunds: u64,
    /// Numbers left out without a word, neither sent to nor charged.
    pub dropped: u64,
    /// Promotional messages accepted outside 10:00–21:00 IST. A sender keeps this at zero.
    pub promotional_outside_hours: u64,
    /// Delivery reports that were asked for and found.
    pub reports: u64,
    /// Refused requests by code.
    pub refusals: BTreeMap<u16, u64>,
}

impl Ledger {
    /// What left the wallet for good, in 1/10,000 rupee.
    pub fn net(&self) -> i64 {
        self.charged - self.refunded
    }

    /// Lays another account's books on top.
    pub(super) fn add(&mut self, other: &Ledger) {
        self.requests += other.requests;
        self.messages += other.messages;
        self.segments += other.segments;
        self.charged += other.charged;
        self.refunded += other.refunded;
        self.refunds += other.refunds;
        self.dropped += other.dropped;
        self.promotional_outside_hours += other.promotional_outside_hours;
        self.reports += other.reports;
        for (code, times) in &other.refusals {
            *self.refusals.entry(*code).or_default() += times;
        }
    }
}

/// An amount in rupees with four places, as the vendor writes it: `1250.5000`.
pub fn rupees(amount: i64) -> String {
    let (sign, size) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    let whole = PER_RUPEE.unsigned_abs();
    format!("{sign}{}.{:04}", size / whole, size % whole)
}

/// Reads an amount in rupees with at most four places, in 1/10,000 rupee. Nothing else is an amount.
pub fn parse_rupees(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 4 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<4}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(PER_RUPEE)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_part_of_a_rupee() {
        for (text, amount) in [("1250.5000", 12_505_000), ("0.2000", 2_000), ("0.0001", 1), ("0.0000", 0)] {
            assert_eq!((parse_rupees(text), rupees(amount).as_str()), (Some(amount), text));
        }
        assert_eq!((parse_rupees("5"), parse_rupees("0.2")), (Some(50_000), Some(2_000)));
        for odd in ["", ".5", "1.00005", "-1", "1e3", "1,000", "99999999999999999"] {
            assert_eq!(parse_rupees(odd), None, "for {odd:?}");
        }
        assert_eq!(rupees(-1), "-0.0001");
    }
}
