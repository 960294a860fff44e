//! Instants, the clock, and an organisation's zone. All arithmetic on dates is the time-zone library's.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A UTC instant in milliseconds since 1970; what the store keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// One second, in milliseconds.
pub const SECOND: i64 = 1_000;
/// One minute, in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour, in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// Twenty-four hours, in milliseconds. Not a calendar day: ask a [`Zone`] for that.
pub const DAY: i64 = 24 * HOUR;

impl Millis {
    /// No instant comes after it.
    pub const MAX: Millis = Millis(i64::MAX);

    /// This instant and `ms` milliseconds more.
    pub fn plus(self, ms: i64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

/// Where the present moment comes from. Only the program's start knows the wall clock; tests turn their own.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Millis;

    /// Time since some beginning, by a clock that nobody sets: how long something took.
    fn steady(&self) -> Duration;

    /// What the computer's clock says, believed or not: what other machines compare theirs with.
    fn wall_clock(&self) -> Millis {
        self.now()
    }

    /// The step in doubt, or the last one that came to be believed.
    fn step(&self) -> Option<ClockStep> {
        None
    }
}

/// The wall clock was set by more than it could have gone wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// By how much, in milliseconds; negative when it was set back.
    pub by_ms: i64,
    /// The believed time when it was last looked at, or when it came to be believed.
    pub at: Millis,
    /// Whether the new time is believed.
    pub believed: bool,
}

impl<C: Clock> Clock for Arc<C> {
    fn now(&self) -> Millis {
        (**self).now()
    }

    fn steady(&self) -> Duration {
        (**self).steady()
    }

    fn wall_clock(&self) -> Millis {
        (**self).wall_clock()
    }

    fn step(&self) -> Option<ClockStep> {
        (**self).step()
    }
}

/// The clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Millis {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        Millis(Timestamp::now().as_millisecond())
    }

    fn steady(&self) -> Duration {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        BEGINNING.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that a test turns by hand.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: AtomicI64,
    passed: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Millis) -> Self {
        Self { wall: now.0.into(), passed: 0.into() }
    }

    /// Lets `ms` milliseconds pass.
    pub fn advance(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.passed.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the clock by `ms` milliseconds, forward or back, while no time passes.
    pub fn set_by(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(self.wall.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// Why a typed date, time or zone was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// No IANA zone has this name.
    #[error("“{0}” is no time zone; use a name such as Asia/Kolkata")]
    Zone(String),
    /// Neither `2026-10-13T19:00` nor a date and a time.
    #[error("“{0}” is no date and time; use 2026-10-13T19:00")]
    Form(String),
}

/// An organisation's IANA time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    tz: TimeZone,
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl Zone {
    /// The zone of that IANA name.
    pub fn parse(name: &str) -> Result<Zone, TimeError> {
        let tz = TimeZone::get(name).map_err(|_| TimeError::Zone(name.to_owned()))?;
        Ok(Zone { name: name.to_owned(), tz })
    }

    /// The IANA names of all zones, as `Area/Place`: no aliases without a place.
    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db().available().map(|name| name.to_string()).filter(|name| name.contains('/'))
    }

    /// Asia/Kolkata, the default.
    pub fn india() -> Zone {
        Zone::parse("Asia/Kolkata").expect("the bundled database has Asia/Kolkata")
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short name in force at that instant, such as `IST`.
    pub fn abbreviation(&self, at: Millis) -> String {
        self.tz.to_offset_info(at.timestamp()).abbreviation().to_owned()
    }

    /// Reads what a `datetime-local` field sends (`2026-10-13T19:00`). A time that a clock change skips or repeats is taken
    /// as the zone database's "compatible" rule says: later when skipped, the first when repeated.
    pub fn parse_local(&self, text: &str) -> Result<Millis, TimeError> {
        let wrong = || TimeError::Form(text.to_owned());
        let civil: civil::DateTime = text.trim().replace(' ', "T").parse().map_err(|_| wrong())?;
        let zoned = civil.to_zoned(self.tz.clone()).map_err(|_| wrong())?;
        Ok(Millis(zoned.timestamp().as_millisecond()))
    }

    /// The form that a `datetime-local` field takes.
    pub fn local_form(&self, at: Millis) -> String {
        self.zoned(at).strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// First instant of the calendar day that holds `at`, and first instant of the next one.
    pub fn day(&self, at: Millis) -> (Millis, Millis) {
        let today = self.zoned(at);
        let start = today.start_of_day().unwrap_or_else(|_| today.clone());
        let next =
            start.checked_add(1.day()).and_then(|z| z.start_of_day()).unwrap_or_else(|_| start.clone());
        (Millis(start.timestamp().as_millisecond()), Millis(next.timestamp().as_millisecond()))
    }

    /// Minutes since local midnight, 0 to 1439.
    pub fn minute_of_day(&self, at: Millis) -> i64 {
        let local = self.zoned(at);
        i64::from(local.hour()) * 60 + i64::from(local.minute())
    }

    /// The next instant after `at` whose local time is `minute` minutes after midnight.
    pub fn next_at_minute(&self, at: Millis, minute: i64) -> Millis {
        let date = self.zoned(at).date();
        let hour = i8::try_from(minute / 60).unwrap_or(0);
        let min = i8::try_from(minute % 60).unwrap_or(0);
        let mut day = date;
        for _ in 0..3 {
            let local = day.at(hour, min, 0, 0).to_zoned(self.tz.clone());
            if let Ok(zoned) = local
                && zoned.timestamp().as_millisecond() > at.0
            {
                return Millis(zoned.timestamp().as_millisecond());
            }
            day = day.tomorrow().unwrap_or(day);
        }
        at.plus(DAY)
    }

    /// The same clock time so many calendar days later, or earlier where negative. One that a clock change skips or repeats is taken as
    /// [`parse_local`](Zone::parse_local) does.
    pub fn days_later(&self, at: Millis, days: i64) -> Millis {
        let moved = self.zoned(at).checked_add(jiff::Span::new().days(days));
        moved.map_or_else(|_| at.plus(days * DAY), |zoned| Millis(zoned.timestamp().as_millisecond()))
    }

    /// So many minutes after midnight by the clock, on the day that lies so many days after that of `at`.
    pub fn at_minute(&self, at: Millis, days: i64, minute: i64) -> Millis {
        let clock = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
        let day = self.zoned(at).date().checked_add(jiff::Span::new().days(days));
        let zoned = day.and_then(|day| day.at(clock.0, clock.1, 0, 0).to_zoned(self.tz.clone()));
        zoned.map_or_else(|_| at.plus(days * DAY), |zoned| Millis(zoned.timestamp().as_millisecond()))
    }

    /// `Tue 13 Oct`, with the year when it is not that of `now`.
    pub fn date(&self, at: Millis, now: Millis) -> String {
        let day = self.zoned(at);
        let form = if day.year() == self.zoned(now).year() { "%a %-d %b" } else { "%a %-d %b %Y" };
        day.strftime(form).to_string()
    }

    /// `7:00 PM` on the day of `now`, `Tue 13 Oct, 7:00 PM` on another.
    pub fn moment(&self, at: Millis, now: Millis) -> String {
        let (day, next_day) = self.day(now);
        let time = self.time(at);
        if (day..next_day).contains(&at) { time } else { format!("{}, {time}", self.date(at, now)) }
    }

    /// `13 October 2026`, as written inside messages.
    pub fn long_date(&self, at: Millis) -> String {
        self.zoned(at).strftime("%-d %B %Y").to_string()
    }

    /// `7:00 PM`, with a no-break space.
    pub fn time(&self, at: Millis) -> String {
        self.zoned(at).strftime("%-I:%M\u{a0}%p").to_string()
    }

    /// `7:00 PM` with an ordinary space, as written inside messages.
    pub fn plain_time(&self, at: Millis) -> String {
        self.zoned(at).strftime("%-I:%M %p").to_string()
    }

    /// `6:15:44 PM`, with a no-break space.
    pub fn time_with_seconds(&self, at: Millis) -> String {
        self.zoned(at).strftime("%-I:%M:%S\u{a0}%p").to_string()
    }

    /// `Tuesday`.
    pub fn weekday(&self, at: Millis) -> String {
        self.zoned(at).strftime("%A").to_string()
    }

    /// RFC 3339 with the zone's offset, for `datetime` attributes and exports.
    pub fn rfc3339(&self, at: Millis) -> String {
        self.zoned(at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn zoned(&self, at: Millis) -> jiff::Zoned {
        at.timestamp().to_zoned(self.tz.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_in_the_evening_in_india_is_half_past_one_utc() {
        let zone = Zone::india();
        let at = zone.parse_local("2026-10-13T19:00").unwrap();
        assert_eq!(at, Millis(1_791_898_200_000)); // 2026-10-13T13:30:00Z
        assert_eq!(zone.local_form(at), "2026-10-13T19:00");
        assert_eq!(zone.time(at), "7:00\u{a0}PM");
        assert_eq!(zone.date(at, at), "Tue 13 Oct");
        assert_eq!(zone.abbreviation(at), "IST");
    }

    #[test]
    fn the_day_of_the_organisation_is_not_the_day_of_utc() {
        let zone = Zone::india();
        let late = zone.parse_local("2026-10-13T23:59").unwrap();
        let (start, end) = zone.day(late);
        assert_eq!(zone.local_form(start), "2026-10-13T00:00");
        assert_eq!(zone.local_form(end), "2026-10-14T00:00");
    }

    #[test]
    fn r19_a_day_of_a_clock_change_has_its_own_length() {
        let zone = Zone::parse("America/New_York").unwrap();
        let (start, end) = zone.day(zone.parse_local("2026-03-08T12:00").unwrap());
        assert_eq!(end.since(start), 23 * HOUR);
        let skipped = zone.parse_local("2026-03-08T02:30").unwrap();
        assert_eq!(zone.local_form(skipped), "2026-03-08T03:30");
    }

    #[test]
    fn the_next_ten_in_the_morning_is_today_or_tomorrow() {
        let zone = Zone::india();
        let early = zone.parse_local("2026-10-13T09:59").unwrap();
        assert_eq!(zone.local_form(zone.next_at_minute(early, 600)), "2026-10-13T10:00");
        let sharp = zone.parse_local("2026-10-13T10:00").unwrap();
        assert_eq!(zone.local_form(zone.next_at_minute(sharp, 600)), "2026-10-14T10:00");
    }

    #[test]
    fn a_zone_or_time_that_does_not_exist_is_named() {
        assert_eq!(
            Zone::parse("Asia/Bombai").unwrap_err().to_string(),
            "“Asia/Bombai” is no time zone; use a name such as Asia/Kolkata"
        );
        assert!(Zone::india().parse_local("13/10/2026 7pm").is_err());
    }
}
