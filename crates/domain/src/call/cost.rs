//! What calls cost, when the last of them will be over, and when too many people ask not to be called.

use serde::{Deserialize, Serialize};

use crate::{
    money::Money,
    time::{MINUTE, SECOND},
};

/// What a provider charges for a call that was picked up. A call that nobody picks up costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The length of one pulse, in seconds. A pulse that has begun is charged in full.
    pub pulse_s: i64,
    /// The price of one pulse, before tax.
    pub pulse: Money,
}

impl Rate {
    /// The cost of a call in which somebody was on the line for `talk_s` seconds. `None` is a call that nobody picked
    /// up, which costs nothing.
    pub fn cost(self, talk_s: Option<i64>) -> Money {
        let Some(talk_s) = talk_s else { return Money(0) };
        let pulse_s = self.pulse_s.max(1);
        let begun = talk_s.max(1).saturating_add(pulse_s - 1) / pulse_s;
        self.pulse.times(begun)
    }

    /// An estimate of what calls to `people` cost, if `pick_up_percent` of 100 people pick up and each stays for
    /// `talk_s` seconds.
    pub fn estimate(self, people: i64, pick_up_percent: i64, talk_s: i64) -> Money {
        let all = self.cost(Some(talk_s)).times(people.max(0));
        Money(all.0.saturating_mul(pick_up_percent.clamp(0, 100)).saturating_add(50) / 100)
    }
}

/// How long a phone rings on an average day until somebody picks up or the call counts as not answered, in seconds
/// (docs/facts/calls.md §13).
pub const RINGS_S: i64 = 20;

/// The time between the end of a call and the next call on the same line, in seconds (docs/facts/calls.md §13).
pub const GAP_S: i64 = 3;

/// How long calls to `people` take, in milliseconds, on `lines` lines and with at most `per_minute` new calls a
/// minute. Each call rings for `ring_s` and talks for `talk_s` seconds.
pub fn finish_ms(people: i64, lines: i64, per_minute: i64, ring_s: i64, talk_s: i64) -> i64 {
    let people = people.max(0);
    let by_lines = people.saturating_mul((ring_s + talk_s + GAP_S) * SECOND) / lines.max(1);
    let by_pace =
        people.saturating_mul(MINUTE) / per_minute.max(1) + (ring_s + talk_s) * SECOND * people.signum();
    by_lines.max(by_pace)
}

/// The smallest number of answered calls that is judged: with fewer, one opt-out would be too large a share.
const ANSWERED_LEAST: i64 = 40;

/// Whether the opt-outs stop a batch of calls: more than `percent_most` of 100 answered calls.
pub fn opt_outs_stop(answered: i64, opted_out: i64, percent_most: i64) -> bool {
    answered >= ANSWERED_LEAST && opted_out.saturating_mul(100) > answered.saturating_mul(percent_most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begun_pulses_are_charged_and_calls_that_nobody_answers_are_free() {
        let rate = Rate { pulse_s: 60, pulse: Money(6_000) };
        for (talk_s, cost) in
            [(None, 0), (Some(0), 6_000), (Some(1), 6_000), (Some(60), 6_000), (Some(61), 12_000)]
        {
            assert_eq!(rate.cost(talk_s), Money(cost), "{talk_s:?}");
        }
        // 15.25 paise for each 15 seconds: the fraction of a paisa is kept.
        let fine = Rate { pulse_s: 15, pulse: Money(1_525) };
        assert_eq!(fine.cost(Some(31)).to_string(), "0.4575");
        assert_eq!(rate.estimate(300, 60, 40), Money(300 * 6_000 * 60 / 100));
        assert_eq!(rate.estimate(1, 33, 40), Money(1_980));
        assert_eq!(rate.estimate(-5, 60, 40), Money(0));
    }

    #[test]
    fn three_hundred_people_take_24_minutes_on_ten_lines_and_8_on_thirty() {
        // docs/facts/calls.md §13, with a ring of 20 and a talk of 25 seconds.
        assert_eq!(finish_ms(300, 10, 200, 20, 25), 24 * MINUTE);
        assert_eq!(finish_ms(300, 30, 200, 20, 25), 8 * MINUTE);
        // The pace is slower than what a hundred lines would allow.
        assert_eq!(finish_ms(300, 100, 60, 20, 25), 5 * MINUTE + 45 * SECOND);
        assert_eq!(finish_ms(0, 10, 60, 20, 25), 0);
    }

    #[test]
    fn more_than_five_in_a_hundred_stop_a_batch_that_is_under_way() {
        for (answered, opted_out, stops) in
            [(40, 3, true), (40, 2, false), (39, 39, false), (100, 5, false), (100, 6, true), (0, 0, false)]
        {
            assert_eq!(opt_outs_stop(answered, opted_out, 5), stops, "{opted_out} of {answered}");
        }
    }
}
