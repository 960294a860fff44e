//! What calls cost, when the last of them will be over, and when too many people ask for no more.

use serde::{Deserialize, Serialize};

use crate::{
    money::Money,
    time::{MINUTE, SECOND},
};

/// What a provider charges for a call that was picked up. One that nobody answers costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Begun stretches of so many seconds are charged.
    pub pulse_s: i64,
    /// For each of them, before tax.
    pub pulse: Money,
}

impl Rate {
    /// The cost of a call in which somebody was on the line for so long; of one that nobody picked up (`None`) nothing.
    pub fn cost(self, talk_s: Option<i64>) -> Money {
        let Some(talk_s) = talk_s else { return Money(0) };
        let pulse_s = self.pulse_s.max(1);
        let begun = talk_s.max(1).saturating_add(pulse_s - 1) / pulse_s;
        self.pulse.times(begun)
    }

    /// What calls to so many people would cost when so many of a hundred pick up, each for so long. An estimate.
    pub fn estimate(self, people: i64, pick_up_percent: i64, talk_s: i64) -> Money {
        let all = self.cost(Some(talk_s)).times(people.max(0));
        Money(all.0.saturating_mul(pick_up_percent.clamp(0, 100)).saturating_add(50) / 100)
    }
}

/// How long a phone rings before it is picked up or nobody counts as there, on an average day, in seconds
/// (docs/facts/calls.md §13).
pub const RINGS_S: i64 = 20;

/// Between the end of a call and the next one on its line, in seconds (docs/facts/calls.md §13).
pub const GAP_S: i64 = 3;

/// How long calls to so many people take, in milliseconds, on so many lines and with so many new calls a minute; each
/// rings and talks for so many seconds.
pub fn finish_ms(people: i64, lines: i64, per_minute: i64, ring_s: i64, talk_s: i64) -> i64 {
    let people = people.max(0);
    let by_lines = people.saturating_mul((ring_s + talk_s + GAP_S) * SECOND) / lines.max(1);
    let by_pace =
        people.saturating_mul(MINUTE) / per_minute.max(1) + (ring_s + talk_s) * SECOND * people.signum();
    by_lines.max(by_pace)
}

/// With fewer answers than this a single opt-out would say too much.
const ANSWERED_LEAST: i64 = 40;

/// Whether so many opt-outs among the answered calls of a batch stop it: more than so many of a hundred.
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
        // 15 paise for fifteen seconds, in parts of a paisa that are kept.
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
        // The pace holds back what the lines would allow.
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
