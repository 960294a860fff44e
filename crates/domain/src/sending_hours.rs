//! When a broadcast may send: what the law and the organisation close, and what happens to the rest then.

use serde::{Deserialize, Serialize};

use crate::{
    channel::Category,
    quiet_hours::QuietHours,
    time::{DAY, Millis, Zone},
};

crate::words! {
    /// What happens to people who have not got it when the hours end.
    AfterHours, "choice for the end of the hours" {
        /// They wait until the hours begin again, as far as their deadline allows.
        Wait = "wait",
        /// They are cancelled; the usual choice for reminders.
        Cancel = "cancel",
    }
}

/// Closed hours with the zone that they are meant in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Closed {
    zone: String,
    #[serde(flatten)]
    hours: QuietHours,
}

impl Closed {
    /// An unknown zone is read as India's, whose hours the law means; zones are checked where they enter.
    fn zone(&self) -> Zone {
        Zone::parse(&self.zone).unwrap_or_else(|_| Zone::india())
    }
}

/// The hours in which a broadcast may send, frozen when it was confirmed and asked right before each call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingHours {
    closed: Vec<Closed>,
    then: AfterHours,
}

impl AfterHours {
    /// What is chosen unless a person chooses: a reminder that comes the next day is worth nothing.
    pub const USUAL: AfterHours = AfterHours::Cancel;
}

/// Promotion may not be sent from 21:00 to 10:00 Indian time (providers/regulation-india.md §1.5).
pub const PROMOTION_CLOSED: QuietHours = QuietHours { from_minute: 21 * 60, to_minute: 10 * 60 };

impl SendingHours {
    /// At any hour.
    pub fn any() -> SendingHours {
        SendingHours { closed: Vec::new(), then: AfterHours::USUAL }
    }

    /// Outside an organisation's quiet hours.
    pub fn outside(quiet: QuietHours, zone: &Zone, then: AfterHours) -> SendingHours {
        SendingHours { closed: vec![Closed { zone: zone.name().to_owned(), hours: quiet }], then }
    }

    /// As the category demands: promotion only when the law and the organisation allow it, the rest at any hour.
    pub fn of(category: Category, quiet: QuietHours, zone: &Zone, then: AfterHours) -> SendingHours {
        match category {
            Category::Marketing => {
                let mut hours = SendingHours::outside(quiet, zone, then);
                let india = Zone::india().name().to_owned();
                hours.closed.push(Closed { zone: india, hours: PROMOTION_CLOSED });
                hours
            }
            Category::Utility | Category::Authentication => SendingHours::any(),
        }
    }

    /// What happens to the rest when they end.
    pub fn then(&self) -> AfterHours {
        self.then
    }

    /// Whether there are hours at which it may not send.
    pub fn are_limited(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The stretch in which it may send at that instant, or the next one: its beginning and its end. `None` when it may send at
    /// any hour.
    pub fn open_around(&self, at: Millis) -> Option<(Millis, Millis)> {
        let real = || self.closed.iter().filter(|closed| closed.hours.from_minute != closed.hours.to_minute);
        let open = self.closed_until(at).unwrap_or(at);
        let ends = real().map(|closed| closed.zone().next_at_minute(open, closed.hours.from_minute)).min()?;
        // The last opening at or before `open` is the first one after the same minute of the day before.
        let opens =
            real().map(|closed| closed.zone().next_at_minute(open.plus(-DAY), closed.hours.to_minute));
        Some((opens.max()?, ends))
    }

    /// When it may send again, if it may not at that instant.
    pub fn closed_until(&self, at: Millis) -> Option<Millis> {
        let mut open = at;
        // Each round steps over one closed stretch; hours that leave no minute open end the search a day later.
        while open < at.plus(DAY) {
            let next = self.closed.iter().map(|closed| closed.hours.end(&closed.zone(), open)).max()?;
            if next == open {
                break;
            }
            open = next;
        }
        (open > at).then_some(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_stops_at_nine_and_begins_at_ten() {
        let zone = Zone::india();
        let hours = SendingHours::of(Category::Marketing, QuietHours::default(), &zone, AfterHours::Wait);
        let at = |text: &str| zone.parse_local(text).unwrap();
        assert_eq!(hours.closed_until(at("2026-10-13T20:59")), None);
        for closed in ["2026-10-13T21:00", "2026-10-13T23:30", "2026-10-14T09:59"] {
            assert_eq!(hours.closed_until(at(closed)), Some(at("2026-10-14T10:00")), "at {closed}");
        }
        assert_eq!(hours.closed_until(at("2026-10-14T10:00")), None);
    }

    #[test]
    fn the_later_of_two_closed_stretches_counts() {
        let zone = Zone::parse("Asia/Dubai").unwrap();
        let at = |text: &str| zone.parse_local(text).unwrap();
        // India's ten o'clock is half past eight in Dubai, where it is quiet until nine.
        let quiet = QuietHours { from_minute: 20 * 60, to_minute: 9 * 60 };
        let hours = SendingHours::of(Category::Marketing, quiet, &zone, AfterHours::Cancel);
        assert_eq!(hours.closed_until(at("2026-10-13T22:00")), Some(at("2026-10-14T09:00")));
        // And 21:00 in India, half past seven in the evening there, begins before the organisation's own quiet.
        assert_eq!(hours.closed_until(at("2026-10-13T19:30")), Some(at("2026-10-14T09:00")));
        assert_eq!(hours.closed_until(at("2026-10-13T19:29")), None);
    }

    #[test]
    fn the_open_stretch_is_the_one_of_now_or_the_next() {
        let zone = Zone::india();
        let hours = SendingHours::of(Category::Marketing, QuietHours::default(), &zone, AfterHours::Cancel);
        let at = |text: &str| zone.parse_local(text).unwrap();
        let today = Some((at("2026-10-13T10:00"), at("2026-10-13T21:00")));
        for inside in ["2026-10-13T03:00", "2026-10-13T10:00", "2026-10-13T15:00", "2026-10-13T20:59"] {
            assert_eq!(hours.open_around(at(inside)), today, "at {inside}");
        }
        let tomorrow = Some((at("2026-10-14T10:00"), at("2026-10-14T21:00")));
        assert_eq!(hours.open_around(at("2026-10-13T21:00")), tomorrow);
        assert_eq!(SendingHours::any().open_around(at("2026-10-13T15:00")), None);
        let no_quiet =
            SendingHours::outside(QuietHours { from_minute: 0, to_minute: 0 }, &zone, AfterHours::Wait);
        assert_eq!(no_quiet.open_around(at("2026-10-13T15:00")), None);
    }

    #[test]
    fn a_reminder_goes_at_any_hour() {
        let hours =
            SendingHours::of(Category::Utility, QuietHours::default(), &Zone::india(), AfterHours::Cancel);
        assert!(!hours.are_limited());
        assert_eq!(hours.closed_until(Millis(0)), None);
    }

    #[test]
    fn hours_that_never_open_hold_for_a_day_at_a_time() {
        let (zone, day) = (Zone::india(), QuietHours { from_minute: 0, to_minute: 12 * 60 });
        let mut hours = SendingHours::outside(day, &zone, AfterHours::Wait);
        hours.closed.push(Closed {
            zone: zone.name().to_owned(),
            hours: QuietHours { from_minute: 12 * 60, to_minute: 0 },
        });
        assert!(hours.closed_until(Millis(0)).is_some_and(|open| open >= Millis(DAY)));
    }
}
