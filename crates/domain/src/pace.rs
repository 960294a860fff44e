//! How fast one integration may send, over all broadcasts, workers and restarts.
//!
//! A generic cell rate: the store keeps one instant per integration, the earliest at which the next call is free. A grant
//! moves it forward. When in doubt it under-sends: an hour of silence buys no more than one burst.

use serde::{Deserialize, Serialize};

/// The limits at which an integration may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The largest number of calls in a second.
    pub per_second: i64,
    /// The largest number of people within 24 hours; 0 for no limit.
    pub per_day: i64,
}

/// The setting of an account that names its portfolio: accounts with the same one share a ceiling.
pub const PORTFOLIO: &str = "portfolio";

/// Length of the window that a grant may fill at once, in microseconds. Short, so that several processes take turns.
const BURST_US: i64 = 200_000;

/// The clocks of two machines that share an account may be so far apart, in microseconds. A next free instant further ahead than this and a
/// burst was written by a clock that was set back since.
const CLOCKS_APART_US: i64 = 5_000_000;

/// What a grant allows and what the store must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Calls that may start now.
    pub calls: i64,
    /// Milliseconds until at least one more call is free, when `calls` is 0.
    pub wait_ms: i64,
}

impl Pace {
    fn interval_us(&self) -> i64 {
        (1_000_000 / self.per_second.max(1)).max(1)
    }

    /// How many of `wanted` calls may start at `now_us`, when the next free instant is `free_at_us`.
    pub fn grant(&self, now_us: i64, free_at_us: i64, wanted: i64) -> Grant {
        let interval = self.interval_us();
        let next = self.believable(now_us, free_at_us).max(now_us);
        let room = now_us + BURST_US.max(interval) - next;
        let calls = (room / interval).clamp(0, wanted.max(0));
        let wait_ms = if calls > 0 { 0 } else { ((interval - room) / 1000).max(1) };
        Grant { calls, wait_ms }
    }

    /// The next free instant after `calls` calls were started at `now_us`.
    pub fn after(&self, now_us: i64, free_at_us: i64, calls: i64) -> i64 {
        self.believable(now_us, free_at_us).max(now_us) + self.interval_us() * calls
    }

    /// The next free instant; where it lies further ahead than any grant puts it, the one that leaves room for a single call of the burst.
    fn believable(&self, now_us: i64, free_at_us: i64) -> i64 {
        let interval = self.interval_us();
        let furthest = now_us + BURST_US.max(interval);
        if free_at_us > furthest + CLOCKS_APART_US { furthest - interval } else { free_at_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_second_ever_holds_more_than_the_pace_and_one_burst(per_second in 1_i64..200, wanted in prop::collection::vec(0_i64..100, 1..200)) {
            let pace = Pace { per_second, per_day: 0 };
            let (mut free, mut now, mut total) = (0_i64, 0_i64, 0_i64);
            for want in wanted {
                let got = pace.grant(now, free, want).calls;
                free = pace.after(now, free, got);
                total += got;
                now += 10_000;
            }
            let burst = (BURST_US.max(1_000_000 / per_second) / (1_000_000 / per_second)) + 1;
            prop_assert!(total <= now * per_second / 1_000_000 + burst + total / 50);
        }
    }

    #[test]
    fn a_clock_set_back_costs_no_more_than_one_burst() {
        for per_second in [1, 33, 1_000] {
            let pace = Pace { per_second, per_day: 0 };
            let (mut now, hour) = (7_200_000_000_i64, 3_600_000_000);
            let mut free = pace.after(now, 0, pace.grant(now, 0, 100).calls);
            now -= hour;
            let mut total = 0;
            for _ in 0..1_000 {
                let calls = pace.grant(now, free, 1_000).calls;
                free = pace.after(now, free, calls);
                total += calls;
                now += 10_000;
            }
            let due = 10 * per_second;
            // The last look was 10 ms before the end.
            assert!(
                (due - per_second / 100 - 1..=due + per_second / 5 + 1).contains(&total),
                "{total} in ten seconds at {per_second}/s"
            );
        }
    }

    #[test]
    fn machines_whose_clocks_differ_a_little_share_one_pace() {
        let pace = Pace { per_second: 10, per_day: 0 };
        let ahead = pace.after(4_000_000, 0, 2);
        assert_eq!(pace.grant(0, ahead, 5).calls, 0, "the one behind waits for the one ahead");
    }

    #[test]
    fn an_empty_bucket_says_when_to_come_back() {
        let pace = Pace { per_second: 10, per_day: 0 };
        assert_eq!(pace.grant(0, 0, 50), Grant { calls: 2, wait_ms: 0 });
        let free = pace.after(0, 0, 2);
        assert_eq!(free, 200_000);
        assert_eq!(pace.grant(0, free, 1), Grant { calls: 0, wait_ms: 100 });
        assert_eq!(pace.grant(100_000, free, 1).calls, 1);
    }
}
