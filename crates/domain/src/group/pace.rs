//! How fast an account posts to groups (docs/facts/groups.md §12).

use serde::{Deserialize, Serialize};

/// Posts are counted by ten minutes, in milliseconds, so that a window over them errs on the side of fewer.
pub(super) const SLOT_MS: i64 = 600_000;

/// How fast a linked account posts: one post at a time, a drawn pause between two, so many an hour and a day at most.
/// No number is WhatsApp's: all of them are our caution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostPace {
    /// Shortest pause between two posts, in seconds.
    pub gap_from_s: i64,
    /// Longest pause between two posts, in seconds.
    pub gap_until_s: i64,
    /// Most posts within an hour.
    pub per_hour: i64,
    /// Most posts within 24 hours, once the account is warmed up.
    pub per_day_max: i64,
}

impl PostPace {
    /// What an account has unless something else is set.
    pub const CAUTION: PostPace = PostPace { gap_from_s: 8, gap_until_s: 20, per_hour: 60, per_day_max: 300 };

    /// Most posts on each of the first days after a link, counted in days of use; then [`PostPace::per_day_max`].
    pub const WARM_UP: [i64; 6] = [10, 20, 40, 80, 150, 300];

    /// Seconds that somebody may let the posts of one broadcast keep apart at least.
    pub const GAPS_S: [i64; 6] = [10, 15, 30, 60, 120, 300];

    /// Whether posts that are to keep so many seconds apart at least do so more than the account's own pauses see to.
    pub fn is_lengthened_by(&self, gap_s: i64) -> bool {
        gap_s > self.gap_from_s
    }

    /// Most posts in the 24 hours of the `nth` day of use, counted from 0.
    pub fn per_day(&self, nth: usize) -> i64 {
        PostPace::WARM_UP.get(nth).map_or(self.per_day_max, |warm| (*warm).min(self.per_day_max))
    }

    /// Seconds to wait after a post: a share from 0 to 1 of the way from the shortest to the longest pause. While the
    /// account is warmed up both are longer, from 20 to 45 seconds with our own numbers.
    pub fn gap_s(&self, share: f64, warming_up: bool) -> f64 {
        let (from, until) = (self.gap_from_s.max(0), self.gap_until_s.max(self.gap_from_s).max(0));
        let factor = if warming_up { (2.5, 2.25) } else { (1.0, 1.0) };
        let (from, until) = (from as f64 * factor.0, until as f64 * factor.1);
        from + (until.max(from) - from) * share.clamp(0.0, 1.0)
    }
}

impl Default for PostPace {
    fn default() -> Self {
        PostPace::CAUTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_posts_little_and_slowly_and_its_own_ceiling_holds_from_the_first_day() {
        let pace = PostPace::CAUTION;
        let days: Vec<i64> = (0..8).map(|nth| pace.per_day(nth)).collect();
        assert_eq!(days, [10, 20, 40, 80, 150, 300, 300, 300]);
        assert_eq!(PostPace { per_day_max: 15, ..pace }.per_day(3), 15);
        assert_eq!((pace.gap_s(0.0, false), pace.gap_s(1.0, false)), (8.0, 20.0));
        assert_eq!((pace.gap_s(0.0, true), pace.gap_s(1.0, true)), (20.0, 45.0));
        let odd = PostPace { gap_from_s: 30, gap_until_s: 5, ..pace };
        assert_eq!(
            (odd.gap_s(0.5, false), odd.gap_s(9.0, false)),
            (30.0, 30.0),
            "never shorter than the shortest"
        );
    }
}
