//! Attendance: how long people were at a workshop, and whether they left before its end.

use crate::time::{MINUTE, Millis};

/// How long somebody was at a workshop, as far as a report says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeAttended {
    /// The minutes at the workshop in all, over several visits; `None` where the report does not say.
    pub minutes: Option<i64>,
    /// When the person came first; `None` where the report does not say.
    pub joined_at: Option<Millis>,
    /// When the person left last; `None` where the report does not say.
    pub left_at: Option<Millis>,
}

/// People who leave within this time before the end count as present to the end, in milliseconds.
const LAST_MS: i64 = 15 * MINUTE;

impl TimeAttended {
    /// Whether somebody left before the workshop was over: a quarter of an hour before its end or earlier. Where the report says no moment,
    /// whoever stayed shorter than that left early or came late, and either way did not see it all. Where it says nothing, nobody is said to
    /// have left.
    pub fn left_early(&self, starts_at: Millis, ends_at: Millis) -> bool {
        match (self.left_at, self.minutes) {
            (Some(left), _) => left.0 < ends_at.0 - LAST_MS,
            (None, Some(minutes)) => minutes * MINUTE < ends_at.since(starts_at) - LAST_MS,
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_in_the_last_quarter_of_an_hour_saw_the_end() {
        let (start, end) = (Millis(0), Millis(120 * MINUTE));
        let left =
            |minute: i64| TimeAttended { left_at: Some(Millis(minute * MINUTE)), ..TimeAttended::default() };
        assert!(left(104).left_early(start, end));
        assert!(!left(105).left_early(start, end));
        assert!(!left(130).left_early(start, end));
        let stayed = |minutes| TimeAttended { minutes: Some(minutes), ..TimeAttended::default() };
        assert!(stayed(30).left_early(start, end));
        assert!(!stayed(110).left_early(start, end));
        assert!(!TimeAttended::default().left_early(start, end));
    }
}
