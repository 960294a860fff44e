//! How fast an account posts to groups (docs/facts/groups.md §12).

use serde::{Deserialize, Serialize};

/// The length of the slots by which posts are counted, in milliseconds. A window of whole slots is longer than the
/// hour or day that it stands for, so it allows fewer posts.
pub(super) const SLOT_MS: i64 = 600_000;

/// How fast a linked account posts: one post at a time, a random pause between two, and limits an hour and a day.
/// WhatsApp publishes no such numbers; all of these are our own caution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostPace {
    /// Shortest pause between two posts, in seconds.
    pub gap_from_s: i64,
    /// Longest pause between two posts, in seconds.
    pub gap_until_s: i64,
    /// Most posts within an hour.
    pub per_hour: i64,
    /// Most posts within 24 hours, once the first days of use are over.
    pub per_day_max: i64,
}

impl PostPace {
    /// The pace of an account for which nobody set another.
    pub const CAUTION: PostPace = PostPace { gap_from_s: 8, gap_until_s: 20, per_hour: 60, per_day_max: 300 };

    /// Most posts on each of the first days after a link. Afterwards [`PostPace::per_day_max`] holds, and it holds
    /// for these days too where it is lower.
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

    /// The pause after a post, in seconds. `share`, from 0 to 1, says how far the pause lies from the shortest to the
    /// longest. In an account's first days (`warming_up`) the pauses are longer: 20 to 45 seconds with the usual
    /// settings.
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
