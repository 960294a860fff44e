//! When a row may be tried again.

use rand::{Rng, RngExt};

use crate::time::{MINUTE, SECOND};

/// How often, and how long between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts_max: i64,
    /// Longest wait before the second attempt, in milliseconds; doubles each time.
    pub first_ms: i64,
    /// No wait is longer than this, in milliseconds.
    pub longest_ms: i64,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { attempts_max: 6, first_ms: 2 * SECOND, longest_ms: 5 * MINUTE }
    }
}

impl Retry {
    /// Milliseconds to wait after attempt number `attempt` (from 1) before the next: exponential with full jitter, so that
    /// rows refused together do not come back together. `None` when the tries are used up.
    pub fn wait_ms(&self, attempt: i64, rng: &mut impl Rng) -> Option<i64> {
        if attempt >= self.attempts_max {
            return None;
        }
        let doublings = u32::try_from(attempt.clamp(1, 32) - 1).unwrap_or(0);
        let ceiling = self.first_ms.saturating_mul(1_i64 << doublings).min(self.longest_ms).max(1);
        Some(rng.random_range(1..=ceiling))
    }
}
