//! When a row may be tried again.

use rand::{Rng, RngExt};

use crate::time::{MINUTE, SECOND};

/// How long between two tries. How often is not bounded: a message is tried as long as it is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Longest wait before the second attempt, in milliseconds; doubles each time. Nearer to its last useful moment than this a message
    /// is not tried any more.
    pub first_ms: i64,
    /// No wait is longer than this, in milliseconds: so long after a provider is back, every message has gone.
    pub longest_ms: i64,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { first_ms: 2 * SECOND, longest_ms: LONGEST_MS }
    }
}

/// Longest wait between two tries, in milliseconds.
pub const LONGEST_MS: i64 = 5 * MINUTE;

/// A message that was put off so often is put off by more than a moment's trouble: two minutes have passed, give or take.
pub const OFTEN: i64 = 8;

impl Retry {
    /// Milliseconds to wait after attempt number `attempt` (from 1), when the last useful moment is `left_ms` away. The
    /// wait grows exponentially with full jitter, so that rows that were refused together do not come back together. It
    /// is at most half of what is left, so that the last try is close to the last useful moment. `None` when too little
    /// is left.
    pub fn wait_ms(&self, attempt: i64, left_ms: i64, rng: &mut impl Rng) -> Option<i64> {
        if left_ms <= self.first_ms {
            return None;
        }
        let doublings = u32::try_from(attempt.clamp(1, 32) - 1).unwrap_or(0);
        let ceiling =
            self.first_ms.saturating_mul(1_i64 << doublings).min(self.longest_ms).min(left_ms / 2).max(1);
        Some(rng.random_range(1..=ceiling))
    }
}
