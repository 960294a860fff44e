//! The hours in which an organisation leaves people alone.

use serde::{Deserialize, Serialize};

use crate::time::{Millis, Zone};

/// The beginning and end of quiet hours, in minutes after local midnight. They may cross midnight. Equal ends mean no
/// quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first quiet minute, counted from midnight.
    pub from_minute: i64,
    /// The first minute that is not quiet any more, counted from midnight.
    pub to_minute: i64,
}

impl Default for QuietHours {
    /// 22:00 to 08:00, the hours for which docs/facts/india.md §1.5 advises a warning.
    fn default() -> Self {
        QuietHours { from_minute: 22 * 60, to_minute: 8 * 60 }
    }
}

impl QuietHours {
    /// Whether that instant is quiet.
    pub fn covers(&self, zone: &Zone, at: Millis) -> bool {
        let minute = zone.minute_of_day(at);
        let (from, to) = (self.from_minute, self.to_minute);
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }

    /// When the quiet that covers `at` ends; `at` itself when it is not quiet.
    pub fn end(&self, zone: &Zone, at: Millis) -> Millis {
        if self.covers(zone, at) { zone.next_at_minute(at, self.to_minute) } else { at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_night_crosses_midnight() {
        let (zone, quiet) = (Zone::india(), QuietHours::default());
        let at = |text: &str| zone.parse_local(text).unwrap();
        for (time, expected) in
            [("21:59", false), ("22:00", true), ("03:00", true), ("07:59", true), ("08:00", false)]
        {
            assert_eq!(quiet.covers(&zone, at(&format!("2026-10-13T{time}"))), expected, "at {time}");
        }
        assert_eq!(quiet.end(&zone, at("2026-10-13T23:00")), at("2026-10-14T08:00"));
        assert_eq!(quiet.end(&zone, at("2026-10-13T12:00")), at("2026-10-13T12:00"));
    }

    #[test]
    fn equal_ends_mean_no_quiet() {
        let never = QuietHours { from_minute: 0, to_minute: 0 };
        assert!(!never.covers(&Zone::india(), Millis(0)));
    }
}
