//! When calls may ring: 09:00 to 21:00 in India. An organisation may narrow these hours and never widen them
//! (docs/facts/calls.md §15).

use serde::{Deserialize, Serialize};

use crate::{
    quiet_hours::QuietHours,
    sending_hours::{AfterHours, OpenHours, SendingHours},
    time::{Millis, Zone},
};

const FIRST: i64 = 9 * 60;
const LAST: i64 = 21 * 60;

/// No phone rings from 21:00 to 09:00 Indian time (docs/facts/calls.md §15).
pub const CALLS_CLOSED: QuietHours = QuietHours { from_minute: LAST, to_minute: FIRST };

/// The hours in which calls may ring, in minutes after midnight in India. They lie within 09:00 and 21:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CallingHours {
    from_minute: i64,
    until_minute: i64,
}

/// Why hours for calls were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// The hours end before they begin, or at the same minute.
    #[error("The hours for calls have to begin before they end.")]
    Empty,
    /// The hours begin before 09:00 or end after 21:00.
    #[error("Calls may ring from 9:00 AM to 9:00 PM in India. The hours can be narrowed, not widened.")]
    TooWide,
}

impl Default for CallingHours {
    fn default() -> CallingHours {
        CallingHours { from_minute: FIRST, until_minute: LAST }
    }
}

impl CallingHours {
    /// Hours within 09:00 and 21:00.
    ///
    /// # Errors
    /// [`HoursError::Empty`] where the hours do not begin before they end, [`HoursError::TooWide`] where they are
    /// wider than allowed.
    pub fn new(from_minute: i64, until_minute: i64) -> Result<CallingHours, HoursError> {
        if from_minute >= until_minute {
            return Err(HoursError::Empty);
        }
        if from_minute < FIRST || until_minute > LAST {
            return Err(HoursError::TooWide);
        }
        Ok(CallingHours { from_minute, until_minute })
    }

    /// The same hours as an account's opening hours. Their zone is that of India.
    pub fn open(self) -> OpenHours {
        OpenHours { from_minute: self.from_minute, until_minute: self.until_minute }
    }

    /// The same hours as a broadcast's sending hours, in the zone of India whatever the organisation's zone is.
    pub fn sending_hours(self, then: AfterHours) -> SendingHours {
        SendingHours::outside(self.closed(), &Zone::india(), then)
    }

    /// Whether a phone may ring at the instant `at`.
    pub fn covers(self, at: Millis) -> bool {
        !self.closed().covers(&Zone::india(), at)
    }

    /// The first instant, not before `at`, at which a phone may ring.
    pub fn next(self, at: Millis) -> Millis {
        self.closed().end(&Zone::india(), at)
    }

    fn closed(self) -> QuietHours {
        QuietHours { from_minute: self.until_minute, to_minute: self.from_minute }
    }
}

impl<'de> Deserialize<'de> for CallingHours {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<CallingHours, D::Error> {
        let read = OpenHours::deserialize(from)?;
        CallingHours::new(read.from_minute, read.until_minute).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        Zone::india().parse_local(text).unwrap()
    }

    #[test]
    fn no_phone_rings_before_nine_or_from_nine_in_the_evening() {
        let usual = CallingHours::default();
        for (time, may) in
            [("08:59", false), ("09:00", true), ("20:59", true), ("21:00", false), ("02:00", false)]
        {
            assert_eq!(usual.covers(at(&format!("2026-10-13T{time}"))), may, "{time}");
        }
        assert_eq!(usual.next(at("2026-10-13T21:00")), at("2026-10-14T09:00"));
        assert_eq!(usual.next(at("2026-10-13T12:00")), at("2026-10-13T12:00"));
        let hours = usual.sending_hours(AfterHours::Cancel);
        assert_eq!(hours.closed_until(at("2026-10-13T21:30")), Some(at("2026-10-14T09:00")));
    }

    #[test]
    fn hours_can_be_narrowed_and_never_widened() {
        let narrow = CallingHours::new(10 * 60, 19 * 60).unwrap();
        assert!(!narrow.covers(at("2026-10-13T09:30")) && !narrow.covers(at("2026-10-13T19:00")));
        for (from, until, why) in [
            (8 * 60, 21 * 60, HoursError::TooWide),
            (9 * 60, 21 * 60 + 1, HoursError::TooWide),
            (12 * 60, 12 * 60, HoursError::Empty),
            (20 * 60, 9 * 60, HoursError::Empty),
        ] {
            assert_eq!(CallingHours::new(from, until), Err(why), "{from} to {until}");
        }
        let stored = serde_json::to_string(&narrow).unwrap();
        assert_eq!(serde_json::from_str::<CallingHours>(&stored).unwrap(), narrow);
        assert!(serde_json::from_str::<CallingHours>(r#"{"from_minute":0,"until_minute":1440}"#).is_err());
    }
}
