//! The vendor's books, in exact integers of 1/10,000 rupee.

use std::collections::BTreeMap;

use serde::Serialize;

/// What an account was charged, and what for. `charged - refunded` is what left its wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Send requests that were accepted.
    pub requests: u64,
    /// Messages that were accepted: one for each number of each request.
    pub messages: u64,
    /// The segments of those messages, which are charged.
    pub segments: i64,
    /// Charged on acceptance, in 1/10,000 rupee.
    pub charged: i64,
    /// Given back for Blocked and DND, in 1/10,000 rupee.
    pub refunded: i64,
    /// Messages for which something was given back.
    pub refunds: u64,
    /// Numbers left out without a word, neither sent to nor charged.
    pub dropped: u64,
    /// Promotional messages accepted outside 10:00–21:00 IST. A sender keeps this at zero.
    pub promotional_outside_hours: u64,
    /// Delivery reports that were asked for and found.
    pub reports: u64,
    /// Refused requests, by the code of the refusal.
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
