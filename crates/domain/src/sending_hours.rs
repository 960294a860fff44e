//! When a broadcast may send: what the law, the organisation and the account close, and what happens to the rest then.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    channel::{Category, Channel},
    quiet_hours::QuietHours,
    time::{DAY, Millis, Zone},
};

crate::text_enum! {
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

/// The hours of a day in which an account may send, in the organisation's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHours {
    /// First minute after local midnight in which it may send.
    pub from_minute: i64,
    /// First minute in which it may not any more; before `from_minute` when the hours cross midnight.
    pub until_minute: i64,
}

impl OpenHours {
    /// `None` for the same minute twice: that could mean always, or never.
    pub fn new(from_minute: i64, until_minute: i64) -> Option<OpenHours> {
        (from_minute != until_minute).then_some(OpenHours { from_minute, until_minute })
    }

    /// Whether it may send at that instant.
    pub fn covers(&self, zone: &Zone, at: Millis) -> bool {
        !self.closed().covers(zone, at)
    }

    fn closed(self) -> QuietHours {
        QuietHours { from_minute: self.until_minute, to_minute: self.from_minute }
    }
}

impl fmt::Display for OpenHours {
    /// `9:00 AM to 6:00 PM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: i64| {
            let (hour, half) = (minute / 60, if minute < 12 * 60 { "AM" } else { "PM" });
            format!("{}:{:02} {half}", if hour % 12 == 0 { 12 } else { hour % 12 }, minute % 60)
        };
        write!(f, "{} to {}", clock(self.from_minute), clock(self.until_minute))
    }
}

/// The hours in which a broadcast may send, frozen when it was confirmed and asked right before each call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingHours {
    closed: Vec<Closed>,
    then: AfterHours,
}

impl AfterHours {
    /// The default: a reminder that comes the next day is worth nothing.
    pub const USUAL: AfterHours = AfterHours::Cancel;
}

/// Nobody looks further ahead for the end of a broadcast than so many open stretches.
const DAYS_AHEAD_MAX: usize = 60;

/// Promotion may not be sent from 21:00 to 10:00 Indian time (docs/facts/india.md §1.5).
pub const PROMOTION_CLOSED: QuietHours = QuietHours { from_minute: 21 * 60, to_minute: 10 * 60 };

impl SendingHours {
    /// At any hour.
    pub fn any() -> SendingHours {
        SendingHours { closed: Vec::new(), then: AfterHours::USUAL }
    }

    /// As the law alone demands.
    pub fn by_law(category: Category) -> SendingHours {
        match category {
            Category::Marketing => SendingHours::outside(PROMOTION_CLOSED, &Zone::india(), AfterHours::USUAL),
            Category::Utility | Category::Authentication => SendingHours::any(),
        }
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
                hours.closed.extend(SendingHours::by_law(category).closed);
                hours
            }
            Category::Utility | Category::Authentication => SendingHours { closed: Vec::new(), then },
        }
    }

    /// Narrows the hours to those of the account that sends.
    pub fn within(mut self, open: Option<OpenHours>, zone: &Zone) -> SendingHours {
        if let Some(open) = open {
            self.closed.push(Closed { zone: zone.name().to_owned(), hours: open.closed() });
        }
        self
    }

    /// Narrows the hours to those in which something may be sent on this channel in India.
    pub fn on(mut self, channel: Channel) -> SendingHours {
        if let Some(hours) = channel.rules().closed {
            self.closed.push(Closed { zone: Zone::india().name().to_owned(), hours });
        }
        self
    }

    /// What happens to the rest when they end.
    pub fn then(&self) -> AfterHours {
        self.then
    }

    /// Whether there are hours at which it may not send.
    pub fn are_limited(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The stretch in which it may send at that instant, or the next one: its beginning and its end. `None` when it may
    /// send at any hour.
    pub fn open_around(&self, at: Millis) -> Option<(Millis, Millis)> {
        let real = || self.closed.iter().filter(|closed| closed.hours.from_minute != closed.hours.to_minute);
        let open = self.closed_until(at).unwrap_or(at);
        let ends = real().map(|closed| closed.zone().next_at_minute(open, closed.hours.from_minute)).min()?;
        // The last opening at or before `open` is the first one after the same minute of the day before.
        let opens =
            real().map(|closed| closed.zone().next_at_minute(open.plus(-DAY), closed.hours.to_minute));
        Some((opens.max()?, ends))
    }

    /// When sending is over that begins at that instant and takes so many milliseconds: it rests while the hours are closed. Where the rest is
    /// cancelled when they end, it is over then.
    pub fn done_at(&self, from: Millis, took_ms: i64) -> Millis {
        let (mut at, mut left) = (from, took_ms);
        for _ in 0..DAYS_AHEAD_MAX {
            let Some((opens, ends)) = self.open_around(at).filter(|_| !self.never_open(at)) else { break };
            if self.then == AfterHours::Cancel {
                return if opens > at { at } else { Millis(at.plus(left).0.min(ends.0)) };
            }
            at = at.max(opens);
            let room = ends.since(at);
            if left <= room {
                break;
            }
            (at, left) = (ends, left - room);
        }
        at.plus(left)
    }

    /// Whether the hours leave no moment of a day: what one of them opens, another closes.
    pub fn never_open(&self, at: Millis) -> bool {
        let closed = |at| self.closed.iter().any(|closed| closed.hours.covers(&closed.zone(), at));
        self.closed_until(at).is_some_and(closed)
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
    fn no_phone_rings_at_night_in_india_whatever_the_account_and_its_organisation_say() {
        let at = |text: &str| Zone::india().parse_local(text).unwrap();
        let dubai = Zone::parse("Asia/Dubai").unwrap();
        let hours = SendingHours::any().on(Channel::IvrCall).within(OpenHours::new(0, 1_439), &dubai);
        assert_eq!(hours.closed_until(at("2026-10-13T21:00")), Some(at("2026-10-14T09:00")));
        assert_eq!(hours.closed_until(at("2026-10-13T20:59")), None);
        assert_eq!(SendingHours::any().on(Channel::Sms), SendingHours::any());
    }

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
        // And 21:00 in India is half past seven in the evening there, before the organisation's own quiet hours
        // begin.
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
    fn an_account_with_hours_narrows_what_law_and_organisation_leave() {
        let zone = Zone::india();
        let at = |text: &str| zone.parse_local(text).unwrap();
        let account = OpenHours::new(9 * 60, 18 * 60);
        let of = |category| {
            SendingHours::of(category, QuietHours::default(), &zone, AfterHours::Wait).within(account, &zone)
        };
        // Promotion may be sent from 10:00 by the law (docs/facts/india.md §1.5), and until 18:00 by the account.
        let promotion = of(Category::Marketing);
        assert_eq!(promotion.closed_until(at("2026-10-13T09:00")), Some(at("2026-10-13T10:00")));
        assert_eq!(promotion.closed_until(at("2026-10-13T17:59")), None);
        assert_eq!(promotion.closed_until(at("2026-10-13T18:00")), Some(at("2026-10-14T10:00")));
        let day = Some((at("2026-10-13T10:00"), at("2026-10-13T18:00")));
        assert_eq!(promotion.open_around(at("2026-10-13T12:00")), day);
        // A reminder has only the hours of the account.
        let reminder = of(Category::Utility);
        assert!(reminder.are_limited());
        assert_eq!(reminder.closed_until(at("2026-10-13T08:59")), Some(at("2026-10-13T09:00")));
        assert_eq!(reminder.closed_until(at("2026-10-13T09:00")), None);
        assert_eq!(reminder.closed_until(at("2026-10-13T18:00")), Some(at("2026-10-14T09:00")));
        assert_eq!(reminder.then(), AfterHours::Wait);
    }

    #[test]
    fn hours_of_an_account_may_cross_midnight_and_may_leave_promotion_no_moment() {
        let zone = Zone::india();
        let at = |text: &str| zone.parse_local(text).unwrap();
        let of = |category, from, until| {
            SendingHours::of(category, QuietHours { from_minute: 0, to_minute: 0 }, &zone, AfterHours::Wait)
                .within(OpenHours::new(from, until), &zone)
        };
        let night = of(Category::Utility, 18 * 60, 2 * 60);
        assert_eq!(night.closed_until(at("2026-10-13T01:59")), None);
        assert_eq!(night.closed_until(at("2026-10-13T02:00")), Some(at("2026-10-13T18:00")));
        assert_eq!(night.closed_until(at("2026-10-13T23:00")), None);
        // Promotion is left with two stretches of the day, 10 to 11 and 20 to 21.
        let evening = of(Category::Marketing, 20 * 60, 11 * 60);
        assert_eq!(evening.closed_until(at("2026-10-13T11:00")), Some(at("2026-10-13T20:00")));
        assert_eq!(evening.closed_until(at("2026-10-13T21:00")), Some(at("2026-10-14T10:00")));
        let never = of(Category::Marketing, 22 * 60, 9 * 60);
        for hour in ["03", "09", "12", "21", "23"] {
            let at = at(&format!("2026-10-13T{hour}:00"));
            assert!(never.never_open(at) && !evening.never_open(at) && !night.never_open(at), "at {hour}");
        }
    }

    #[test]
    fn hours_that_open_and_close_in_the_same_minute_are_no_hours() {
        assert_eq!(OpenHours::new(540, 540), None);
    }

    #[test]
    fn hours_are_written_as_people_say_them() {
        for (from, until, words) in [
            (9 * 60, 18 * 60 + 30, "9:00 AM to 6:30 PM"),
            (12 * 60, 0, "12:00 PM to 12:00 AM"),
            (13 * 60 + 5, 30, "1:05 PM to 12:30 AM"),
        ] {
            assert_eq!(OpenHours::new(from, until).map(|hours| hours.to_string()).as_deref(), Some(words));
        }
    }

    #[test]
    fn a_reminder_goes_at_any_hour() {
        let hours =
            SendingHours::of(Category::Utility, QuietHours::default(), &Zone::india(), AfterHours::Cancel);
        assert!(!hours.are_limited());
        assert_eq!(hours.closed_until(Millis(0)), None);
    }

    #[test]
    fn sending_rests_while_the_hours_are_closed_and_goes_on_afterwards() {
        let zone = Zone::india();
        let at = |text: &str| zone.parse_local(text).unwrap();
        let of = |then| SendingHours { closed: Vec::new(), then }.on(Channel::IvrCall);
        let (waits, cancels) = (of(AfterHours::Wait), of(AfterHours::Cancel));
        for (from, minutes, done, cancelled) in [
            ("2026-10-13T20:00", 30, "2026-10-13T20:30", "2026-10-13T20:30"),
            ("2026-10-13T20:50", 30, "2026-10-14T09:20", "2026-10-13T21:00"),
            ("2026-10-13T22:00", 30, "2026-10-14T09:30", "2026-10-13T22:00"),
            // Half an hour this evening, twelve hours each of the two days after it.
            ("2026-10-13T20:30", 24 * 60 + 45, "2026-10-16T09:15", "2026-10-13T21:00"),
        ] {
            let took = minutes * crate::time::MINUTE;
            assert_eq!(waits.done_at(at(from), took), at(done), "{from}");
            assert_eq!(cancels.done_at(at(from), took), at(cancelled), "{from}");
            assert_eq!(SendingHours::any().done_at(at(from), took), at(from).plus(took));
        }
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
