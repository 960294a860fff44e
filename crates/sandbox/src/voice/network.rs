//! The calls that were placed, and what became of each.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use super::lock;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Somebody or something picked up.
    Completed,
    /// The line was busy.
    Busy,
    /// Nobody picked up.
    NoAnswer,
    /// The phone could not be reached.
    Failed,
    /// It was withdrawn before it rang.
    Cancelled,
}

/// A call on the stand-ins' telephones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placed {
    /// The word of the provider that placed it.
    pub vendor: &'static str,
    /// The provider's id of the call.
    pub id: String,
    /// The phone: digits with country code.
    pub phone: u64,
    /// The caller's own reference of the call.
    pub reference: String,
    /// When it was accepted, in UTC milliseconds, as are all instants below.
    pub placed_at: i64,
    /// When the phone began to ring; `None` where it did not.
    pub rang_at: Option<i64>,
    /// When somebody or something picked up; `None` where nobody did.
    pub answered_at: Option<i64>,
    /// When it was over; `None` before.
    pub ended_at: Option<i64>,
    /// How it ended; `None` before.
    pub ended: Option<Ended>,
    /// The texts that the person heard, in order.
    pub heard: Vec<String>,
    /// The key that the person pressed; `None` for none.
    pub pressed: Option<char>,
    /// Whether a machine picked up.
    pub machine: bool,
}

impl Placed {
    /// How long somebody was on the line, in seconds.
    pub fn talk_s(&self) -> i64 {
        match (self.answered_at, self.ended_at) {
            (Some(answered), Some(ended)) => (ended - answered + 999) / 1_000,
            _ => 0,
        }
    }

    /// How long it rang, in seconds.
    pub fn ring_s(&self) -> i64 {
        let until = self.answered_at.or(self.ended_at);
        self.rang_at.zip(until).map_or(0, |(from, until)| (until - from) / 1_000)
    }
}

#[derive(Default)]
struct Inner {
    era: u64,
    calls: Vec<Placed>,
    active: usize,
    most: usize,
    minutes: BTreeMap<i64, usize>,
    waits_ms: Vec<u64>,
}

/// The place of a call in the network; the next reset ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    era: u64,
    pub(super) index: usize,
}

#[derive(Default)]
pub(super) struct Network(Mutex<Inner>);

impl Network {
    pub(super) fn reset(&self) {
        let mut inner = lock(&self.0);
        *inner = Inner { era: inner.era + 1, ..Inner::default() };
    }

    pub(super) fn place(&self, call: Placed) -> At {
        let mut inner = lock(&self.0);
        *inner.minutes.entry(call.placed_at.div_euclid(60_000)).or_default() += 1;
        inner.calls.push(call);
        At { era: inner.era, index: inner.calls.len() - 1 }
    }

    /// Takes a line for a call where one is free.
    pub(super) fn take_line(&self, at: At, lines: usize) -> bool {
        let mut inner = lock(&self.0);
        if inner.era != at.era || inner.active >= lines {
            return inner.era != at.era;
        }
        inner.active += 1;
        inner.most = inner.most.max(inner.active);
        true
    }

    pub(super) fn free_line(&self, at: At) {
        let mut inner = lock(&self.0);
        if inner.era == at.era {
            inner.active = inner.active.saturating_sub(1);
        }
    }

    /// Changes one call and returns it; nothing when the network was reset since.
    pub(super) fn change(&self, at: At, change: impl FnOnce(&mut Placed)) -> Option<Placed> {
        let mut inner = lock(&self.0);
        if inner.era != at.era {
            return None;
        }
        let call = inner.calls.get_mut(at.index)?;
        change(call);
        Some(call.clone())
    }

    pub(super) fn get(&self, at: At) -> Option<Placed> {
        self.change(at, |_| {})
    }

    pub(super) fn find(&self, wanted: impl Fn(&Placed) -> bool) -> Option<Placed> {
        lock(&self.0).calls.iter().rev().find(|call| wanted(call)).cloned()
    }

    pub(super) fn waited(&self, ms: u64) {
        lock(&self.0).waits_ms.push(ms);
    }

    pub(super) fn all(&self) -> Vec<Placed> {
        lock(&self.0).calls.clone()
    }

    pub(super) fn under_way(&self) -> usize {
        lock(&self.0).calls.iter().filter(|call| call.ended.is_none()).count()
    }

    pub(super) fn most_at_once(&self) -> usize {
        lock(&self.0).most
    }

    pub(super) fn busiest_minute(&self) -> usize {
        lock(&self.0).minutes.values().copied().max().unwrap_or(0)
    }

    pub(super) fn waits_ms(&self) -> Vec<u64> {
        lock(&self.0).waits_ms.clone()
    }
}
