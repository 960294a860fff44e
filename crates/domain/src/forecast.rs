//! What a broadcast will cost and when it will be done. Always said to be an estimate.

use crate::{
    money::Money,
    pace::Pace,
    time::{DAY, Millis},
};

/// The estimated cost and end of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The price of one message.
    pub unit: Money,
    /// The price of one message, times the people.
    pub cost: Money,
    /// When the last message would be handed over.
    pub done_at: Millis,
}

/// Estimates for `people` recipients from `start` on, behind `ahead` messages already booked on the same integration.
pub fn forecast(people: i64, ahead: i64, unit: Money, pace: Pace, start: Millis) -> Forecast {
    let calls = people.max(0).saturating_add(ahead.max(0));
    let took_ms = calls.saturating_mul(1000) / pace.per_second.max(1);
    Forecast { unit, cost: unit.times(people.max(0)), done_at: start.plus(took_ms) }
}

/// Milliseconds that a ceiling of `allowed` people in any 24 hours puts the last of `people` off, when `used` of it is
/// taken; 0 without one. Nobody knows when those who were written to begin to count no more: at the latest after a day.
pub fn ceiling_wait(people: i64, used: i64, allowed: i64) -> i64 {
    let left = allowed.saturating_sub(used).max(0);
    let over = people.max(0).saturating_sub(left);
    if allowed <= 0 || over <= 0 {
        return 0;
    }
    (over / allowed + i64::from(over % allowed > 0)).saturating_mul(DAY)
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_is_over_the_ceiling_waits_a_day_for_each_ceiling_full() {
        for (people, used, allowed, days) in [
            (5_000, 0, 0, 0),
            (2_000, 0, 2_000, 0),
            (2_000, 1, 2_000, 1),
            (4_000, 0, 2_000, 1),
            (4_001, 0, 2_000, 2),
            (100, 3_000, 2_000, 1),
            (0, 3_000, 2_000, 0),
        ] {
            assert_eq!(
                super::ceiling_wait(people, used, allowed),
                days * 86_400_000,
                "{people} {used} {allowed}"
            );
        }
    }

    use super::*;

    #[test]
    fn five_hundred_utility_reminders_cost_72_50_and_take_50_seconds() {
        // providers/src/aisensy/NOTES.md §7: utility ₹0.145; §6: 10 per second.
        let got = forecast(500, 0, Money(1_450), Pace { per_second: 10, per_day: 0 }, Millis(0));
        assert_eq!(got.cost.to_string(), "72.50");
        assert_eq!(got.done_at, Millis(50_000));
    }
}
