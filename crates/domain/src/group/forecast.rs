//! When the posts of an account will be out: from its pauses, its limits an hour and a day, and the age of its link.

use std::collections::BTreeMap;

use super::{PostPace, pace::SLOT_MS};
use crate::time::{DAY, HOUR, Millis};

/// The longest time that a forecast looks ahead.
const AHEAD_MS: i64 = 60 * DAY;

/// What an account has posted lately and what still waits before the posts of a forecast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostLoad {
    /// When the account's phone was first linked; `None` where no phone was linked yet.
    pub linked_at: Option<Millis>,
    /// The posts of the last 24 hours, counted by the [`slot`] in which each began.
    pub spent: BTreeMap<i64, i64>,
    /// The earliest moment at which the next post may begin.
    pub free_at: Millis,
    /// The number of other posts that are due before those of the forecast.
    pub ahead: usize,
    /// The shortest pause between two posts of the forecast, in seconds. The account's own pause holds where it is
    /// longer.
    pub gap_s: i64,
}

/// The number of the ten-minute slot that holds a moment. Posts are counted by these slots.
pub fn slot(at: Millis) -> i64 {
    at.0.div_euclid(SLOT_MS)
}

/// The whole days since an account was linked. A new account may post less.
pub fn days_of_use(linked_at: Option<Millis>, now: Millis) -> usize {
    let days = linked_at.map_or(0, |at| now.since(at).max(0) / DAY);
    usize::try_from(days).unwrap_or(usize::MAX)
}

impl PostLoad {
    /// The expected beginning of each of `posts` posts, in order, the first not before `start`. The list is shorter
    /// where a post would begin more than 60 days after `start`.
    pub fn moments(&self, pace: &PostPace, posts: usize, start: Millis) -> Vec<Millis> {
        let mut spent = self.spent.clone();
        let mut at = start.max(self.free_at);
        let mut moments = Vec::with_capacity(posts);
        for nth in 0..self.ahead.saturating_add(posts) {
            while !self.may_begin(pace, &spent, at) {
                at = self.next_change(at);
                if at.since(start) > AHEAD_MS {
                    return moments;
                }
            }
            *spent.entry(slot(at)).or_default() += 1;
            if nth >= self.ahead {
                moments.push(at);
            }
            let warming_up = days_of_use(self.linked_at, at) < PostPace::WARM_UP.len();
            // On average a drawn pause is in the middle of its range.
            let pause = (pace.gap_s(0.5, warming_up) * 1_000.0) as i64;
            let least = if nth < self.ahead { 0 } else { self.gap_s * 1_000 };
            at = at.plus(pause.max(least));
        }
        moments
    }

    fn may_begin(&self, pace: &PostPace, spent: &BTreeMap<i64, i64>, at: Millis) -> bool {
        let since = |ms: i64| spent.range(slot(at.plus(-ms))..).map(|(_, n)| n).sum::<i64>();
        since(HOUR) < pace.per_hour && since(DAY) < pace.per_day(days_of_use(self.linked_at, at))
    }

    /// The next moment at which more may be allowed: the next slot begins, or the account is a day older.
    fn next_change(&self, at: Millis) -> Millis {
        let slot_ends = Millis((slot(at) + 1) * SLOT_MS);
        let older = self.linked_at.map(|linked| linked.plus((at.since(linked).max(0) / DAY + 1) * DAY));
        older.map_or(slot_ends, |older| slot_ends.min(older))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MINUTE, SECOND};

    const START: Millis = Millis(1_791_878_400_000);

    fn old() -> PostLoad {
        PostLoad { linked_at: Some(START.plus(-60 * DAY)), ..PostLoad::default() }
    }

    #[test]
    fn twenty_groups_take_some_minutes_and_wait_for_what_is_ahead() {
        // There are nineteen pauses of 8 to 20 seconds, 14 on average.
        let moments = old().moments(&PostPace::CAUTION, 20, START);
        assert_eq!((moments.len(), moments[0], moments[19]), (20, START, START.plus(19 * 14 * SECOND)));
        let busy = PostLoad { ahead: 10, free_at: START.plus(MINUTE), ..old() };
        let moments = busy.moments(&PostPace::CAUTION, 1, START);
        assert_eq!(moments, [START.plus(MINUTE + 140 * SECOND)]);
    }

    #[test]
    fn a_chosen_gap_makes_it_longer_and_never_shorter() {
        let with = |gap_s| PostLoad { gap_s, ..old() }.moments(&PostPace::CAUTION, 3, START)[2];
        assert_eq!((with(60), with(5)), (START.plus(2 * MINUTE), START.plus(28 * SECOND)));
        // The chosen gap does not apply to the posts of others.
        let busy = PostLoad { ahead: 2, gap_s: 60, ..old() }.moments(&PostPace::CAUTION, 2, START);
        assert_eq!(busy, [START.plus(28 * SECOND), START.plus(88 * SECOND)]);
    }

    #[test]
    fn what_is_over_the_hour_waits_until_the_hour_has_passed() {
        let moments = old().moments(&PostPace::CAUTION, 61, START);
        assert_eq!(moments[59], START.plus(59 * 14 * SECOND));
        // Posts are counted by ten minutes, so those of the first ten minutes leave the hour after seventy.
        assert_eq!(moments[60], START.plus(70 * MINUTE));
        let spent = BTreeMap::from([(slot(START), 60)]);
        let full = PostLoad { spent, ..old() }.moments(&PostPace::CAUTION, 1, START);
        assert_eq!(full, [START.plus(70 * MINUTE)]);
    }

    #[test]
    fn a_new_account_takes_days_for_what_an_old_one_does_in_minutes() {
        let new = PostLoad { linked_at: Some(START), ..PostLoad::default() };
        let moments = new.moments(&PostPace::CAUTION, 50, START);
        let within = |from: i64, to: i64| {
            moments.iter().filter(|at| (from * DAY..to * DAY).contains(&at.since(START))).count()
        };
        // The limit is 10 on the first day, then 20 in any 24 hours, and 40 in any 24 hours of the third day.
        assert_eq!(within(0, 1), 10);
        assert!((10..=20).contains(&within(1, 2)), "{}", within(1, 2));
        assert_eq!(moments.len(), 50);
        for (at, moment) in moments.iter().enumerate() {
            let lately = moments[..at].iter().filter(|before| moment.since(**before) < DAY).count();
            let allowed = PostPace::CAUTION.per_day(days_of_use(Some(START), *moment));
            assert!(i64::try_from(lately).unwrap() < allowed, "post {at} at {moment:?}");
        }
        assert_eq!(
            moments[9],
            START.plus((9.0 * 32.5 * 1_000.0) as i64),
            "20 to 45 s, and the mean of these"
        );
    }

    #[test]
    fn what_will_never_be_allowed_ends_the_forecast() {
        let none = PostPace { per_day_max: 0, ..PostPace::CAUTION };
        assert_eq!(old().moments(&none, 3, START), []);
    }
}
