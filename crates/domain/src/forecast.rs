//! What a broadcast will cost and when it will be done. Always said to be an estimate.

use crate::{money::Money, pace::Pace, time::Millis};

/// An estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Price of one message.
    pub unit: Money,
    /// People times price.
    pub cost: Money,
    /// When the last one would be handed over.
    pub done_at: Millis,
}

/// Estimates for `people` recipients from `start` on, behind `ahead` messages already booked on the same integration.
pub fn forecast(people: i64, ahead: i64, unit: Money, pace: Pace, start: Millis) -> Forecast {
    let calls = people.max(0).saturating_add(ahead.max(0));
    let took_ms = calls.saturating_mul(1000) / pace.per_second.max(1);
    Forecast { unit, cost: unit.times(people.max(0)), done_at: start.plus(took_ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_hundred_utility_reminders_cost_72_50_and_take_50_seconds() {
        // providers/aisensy.md §7: utility ₹0.145; §6: 10 per second.
        let got = forecast(500, 0, Money(1_450), Pace { per_second: 10, per_day: 0 }, Millis(0));
        assert_eq!(got.cost.to_string(), "72.50");
        assert_eq!(got.done_at, Millis(50_000));
    }
}
