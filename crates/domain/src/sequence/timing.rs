//! When a step is due: so long before or after a workshop's start or end, or at a clock time on a day near it.

use serde::{Deserialize, Serialize};

use crate::time::{MINUTE, Millis, Zone};

/// Farthest that a step may lie from its anchor, in days.
const DAYS_MAX: i64 = 365;

/// What a step is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The start of the workshop.
    Start,
    /// The end of the workshop.
    End,
    /// The moment that each person registered: such a step has no moment of its own in the plan.
    Registration,
}

/// When a step is due, measured from its anchor in the organisation's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// So many calendar days later at the same clock time, then so many minutes later; earlier where negative. A day before 7 PM is 7 PM of the day
    /// before, also where the clocks change between the two; an hour before is sixty minutes before.
    Offset {
        /// Calendar days after the anchor; negative for days before it.
        days: i64,
        /// Minutes after that, of sixty seconds each; negative for minutes before.
        minutes: i64,
    },
    /// At a clock time on the day that lies so many days from the anchor's day.
    At {
        /// Days from the anchor's day; 0 is that day itself.
        days: i64,
        /// Minutes after midnight, 0 to 1439.
        minute: i64,
    },
}

/// Why a timing cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// The moment is too far from its anchor.
    #[error("A step lies at most {DAYS_MAX} days from the workshop.")]
    Far,
    /// The minute is not one of a day.
    #[error("Choose a time of the day.")]
    Clock,
    /// A clock time for something that happens at any hour.
    #[error("A step after the registration is measured in minutes, hours or days, not by the clock.")]
    ClockAfterRegistration,
}

impl Timing {
    /// So many minutes before.
    pub fn before(minutes: i64) -> Timing {
        Timing::Offset { days: 0, minutes: -minutes }
    }

    /// So many minutes after.
    pub fn after(minutes: i64) -> Timing {
        Timing::Offset { days: 0, minutes }
    }

    /// Whether it can be used with that anchor.
    ///
    /// # Errors
    /// When it lies too far away, or is no time of day.
    pub fn check(self, anchor: Anchor) -> Result<(), TimingError> {
        let (days, minutes) = match self {
            Timing::Offset { days, minutes } => (days, minutes),
            Timing::At { .. } if anchor == Anchor::Registration => {
                return Err(TimingError::ClockAfterRegistration);
            }
            Timing::At { minute, .. } if !(0..1_440).contains(&minute) => return Err(TimingError::Clock),
            Timing::At { days, .. } => (days, 0),
        };
        let far = days.unsigned_abs() > DAYS_MAX.unsigned_abs()
            || minutes.unsigned_abs() > DAYS_MAX.unsigned_abs() * 1_440;
        if far { Err(TimingError::Far) } else { Ok(()) }
    }

    /// Whether it comes at `other` or before it wherever their common anchor lies. A clock time and a span can only be compared where the hour
    /// of the anchor does not matter.
    pub(super) fn never_after(self, other: Timing) -> bool {
        match (self, other) {
            (Timing::Offset { .. }, Timing::At { .. }) => self.minutes() + 1_440 <= other.minutes(),
            (Timing::Offset { .. }, Timing::Offset { .. })
            | (Timing::At { .. }, Timing::Offset { .. } | Timing::At { .. }) => {
                self.minutes() <= other.minutes()
            }
        }
    }

    /// Whether it comes before its anchor, whatever the anchor's hour.
    pub(super) fn is_before(self) -> bool {
        self.minutes() < 0
    }

    /// Minutes from the anchor, or for a clock time from the midnight before it.
    pub(super) fn minutes(self) -> i64 {
        match self {
            Timing::Offset { days, minutes } | Timing::At { days, minute: minutes } => days * 1_440 + minutes,
        }
    }

    /// The moment that follows from an anchor's. A clock time that a change of the clocks skips is as much later as the clocks were set
    /// forward; one that comes twice is the first of the two.
    pub fn due(self, anchor: Millis, zone: &Zone) -> Millis {
        match self {
            Timing::Offset { days: 0, minutes } => anchor.plus(minutes * MINUTE),
            Timing::Offset { days, minutes } => zone.days_later(anchor, days).plus(minutes * MINUTE),
            Timing::At { days, minute } => zone.at_minute(anchor, days, minute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments as Python's `zoneinfo` (tzdata 2025) gives them, in UTC.
    fn utc(text: &str) -> Millis {
        Zone::parse("UTC").unwrap().parse_local(text).unwrap()
    }

    #[test]
    fn steps_keep_their_clock_time_over_changes_of_the_clocks() {
        let day_before = Timing::Offset { days: -1, minutes: 0 };
        let hours_24 = Timing::Offset { days: 0, minutes: -24 * 60 };
        let week_before = Timing::Offset { days: -7, minutes: 0 };
        let nine_that_day = Timing::At { days: 0, minute: 9 * 60 };
        let half_past_one = |days| Timing::At { days, minute: 90 };
        for (zone, start, timing, expected) in [
            // London: clocks go forward on 29 March 2026 at 01:00 UTC and back on 25 October 2026 at 01:00 UTC.
            ("Europe/London", "2026-03-29T19:00", day_before, "2026-03-28T19:00"),
            ("Europe/London", "2026-03-29T19:00", hours_24, "2026-03-28T18:00"),
            ("Europe/London", "2026-03-29T19:00", half_past_one(0), "2026-03-29T01:30"),
            ("Europe/London", "2026-10-25T19:00", day_before, "2026-10-24T18:00"),
            ("Europe/London", "2026-10-25T19:00", hours_24, "2026-10-24T19:00"),
            ("Europe/London", "2026-10-25T19:00", half_past_one(0), "2026-10-25T00:30"),
            // New York: forward on 8 March 2026 at 07:00 UTC, back on 1 November 2026 at 06:00 UTC.
            ("America/New_York", "2026-03-08T19:00", day_before, "2026-03-08T00:00"),
            ("America/New_York", "2026-03-08T19:00", week_before, "2026-03-02T00:00"),
            ("America/New_York", "2026-11-01T19:00", nine_that_day, "2026-11-01T14:00"),
            ("America/New_York", "2026-11-01T19:00", day_before, "2026-10-31T23:00"),
            // These zones are half an hour or three quarters of an hour off.
            ("Asia/Kolkata", "2026-10-13T19:00", nine_that_day, "2026-10-13T03:30"),
            ("Asia/Kathmandu", "2026-10-13T19:00", nine_that_day, "2026-10-13T03:15"),
            ("Australia/Lord_Howe", "2026-10-04T19:00", day_before, "2026-10-03T08:30"),
            // The workshop begins at a quarter past midnight, so the evening before is another day.
            (
                "Asia/Kolkata",
                "2026-10-14T00:15",
                Timing::At { days: -1, minute: 18 * 60 },
                "2026-10-13T12:30",
            ),
            ("Asia/Kolkata", "2026-10-14T00:15", Timing::before(30), "2026-10-13T18:15"),
            // The reminder falls on 29 February.
            ("Asia/Kolkata", "2028-03-01T19:00", day_before, "2028-02-29T13:30"),
            ("Asia/Kolkata", "2028-02-29T19:00", Timing::At { days: 1, minute: 10 * 60 }, "2028-03-01T04:30"),
        ] {
            let zone = Zone::parse(zone).unwrap();
            let start = zone.parse_local(start).unwrap();
            let due = timing.due(start, &zone);
            let shown = Zone::parse("UTC").unwrap().local_form(due);
            assert_eq!(due, utc(expected), "{zone:?}, {timing:?}: {shown} instead of {expected}");
        }
    }

    /// The start is the same instant, and the clock has another zone. For a workshop shortly after midnight in India
    /// that zone's date is the day before. The moments are those of Python's `zoneinfo`, computed apart from this
    /// program.
    #[test]
    fn another_zone_of_the_organisation_moves_clock_times_and_leaves_spans() {
        let india = Zone::india();
        let (quarter_past, seven) = ("2026-10-14T00:15", "2026-10-13T19:00");
        let nine_that_day = Timing::At { days: 0, minute: 9 * 60 };
        let six_the_day_before = Timing::At { days: -1, minute: 18 * 60 };
        let hour_before = Timing::before(60);
        for (start, timing, zone, expected) in [
            (quarter_past, nine_that_day, "Asia/Kolkata", "2026-10-14T03:30"),
            (quarter_past, nine_that_day, "Europe/London", "2026-10-13T08:00"),
            (quarter_past, nine_that_day, "America/New_York", "2026-10-13T13:00"),
            (quarter_past, nine_that_day, "Asia/Kathmandu", "2026-10-14T03:15"),
            (quarter_past, six_the_day_before, "Europe/London", "2026-10-12T17:00"),
            (quarter_past, hour_before, "Asia/Kolkata", "2026-10-13T17:45"),
            (quarter_past, hour_before, "America/New_York", "2026-10-13T17:45"),
            (seven, nine_that_day, "Europe/London", "2026-10-13T08:00"),
            (seven, six_the_day_before, "America/New_York", "2026-10-12T22:00"),
            (seven, six_the_day_before, "Asia/Kathmandu", "2026-10-12T12:15"),
        ] {
            let anchor = india.parse_local(start).unwrap();
            let due = timing.due(anchor, &Zone::parse(zone).unwrap());
            assert_eq!(due, utc(expected), "{start} in India, {timing:?} in {zone}");
        }
        // The workshop is in London on the day after the clocks went back. Two days and a week before it, only London
        // is in summer time.
        let london = Zone::parse("Europe/London").unwrap();
        let anchor = london.parse_local("2026-10-26T19:00").unwrap();
        let (two_days, week) =
            (Timing::Offset { days: -2, minutes: 0 }, Timing::Offset { days: -7, minutes: 0 });
        for (timing, zone, expected) in [
            (two_days, "Europe/London", "2026-10-24T18:00"),
            (two_days, "Asia/Kolkata", "2026-10-24T19:00"),
            (two_days, "America/New_York", "2026-10-24T19:00"),
            (week, "Europe/London", "2026-10-19T18:00"),
            (week, "Asia/Kolkata", "2026-10-19T19:00"),
        ] {
            let due = timing.due(anchor, &Zone::parse(zone).unwrap());
            assert_eq!(due, utc(expected), "{timing:?} in {zone}");
        }
    }

    #[test]
    fn a_step_lies_within_a_year_and_at_a_time_of_day() {
        assert_eq!(Timing::before(5).check(Anchor::Start), Ok(()));
        assert_eq!(Timing::Offset { days: -366, minutes: 0 }.check(Anchor::Start), Err(TimingError::Far));
        assert_eq!(Timing::before(i64::MAX).check(Anchor::Start), Err(TimingError::Far));
        assert_eq!(Timing::At { days: 0, minute: 1_440 }.check(Anchor::End), Err(TimingError::Clock));
        let clock = Timing::At { days: 0, minute: 9 * 60 };
        assert_eq!(clock.check(Anchor::Registration), Err(TimingError::ClockAfterRegistration));
    }
}
