//! When somebody registered, as files write it. A date is read whole or not at all, and never guessed: what `03/04/2026` means is said by
//! the rest of the file, or by a person.

use domain::time::{HOUR, MINUTE, Millis, Zone};
use serde::{Deserialize, Serialize};

use super::words::{NAMED_OFFSETS, is_date_filler as is_filler, month, plain_date_char as plain_char};

/// What comes first in dates such as `03/04/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 3 April, as in India.
    DayFirst,
    /// 4 March, as in the United States.
    MonthFirst,
}

impl DateOrder {
    /// For forms: `day_first`.
    pub fn word(self) -> &'static str {
        match self {
            DateOrder::DayFirst => "day_first",
            DateOrder::MonthFirst => "month_first",
        }
    }
}

impl std::str::FromStr for DateOrder {
    type Err = ();
    fn from_str(text: &str) -> Result<DateOrder, ()> {
        [DateOrder::DayFirst, DateOrder::MonthFirst].into_iter().find(|order| order.word() == text).ok_or(())
    }
}

/// Why a cell is no moment; for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Day and month can be read in either order.
    #[error(
        "“{0}” can be read in two ways: day first, or month first. Write the year first, as in 2026-10-13 19:00."
    )]
    TwoWays(String),
    /// The date does not fit the order that all other rows have.
    #[error("“{0}” does not fit the other dates of this file. Write the year first, as in 2026-10-13 19:00.")]
    OtherOrder(String),
    /// The cell holds no date that can be read.
    #[error("“{0}” is no date that can be read. Write it as 2026-10-13 19:00, or 13 Oct 2026 7:00 PM.")]
    NoDate(String),
}

/// First and last year that a registration can have.
const YEARS: std::ops::RangeInclusive<i64> = 2000..=2100;
/// Years that are written with two digits.
const SHORT_YEARS: std::ops::RangeInclusive<i64> = 15..=49;
/// Longest text that is looked at, in characters.
const CHARS_MAX: usize = 60;

/// Reads a moment. One without an offset is east of UTC by `offset_ms` where the column's title says so, else in `zone`; one without a
/// time is midnight there.
pub fn read_date(
    text: &str,
    order: Option<DateOrder>,
    zone: &Zone,
    offset_ms: Option<i64>,
) -> Result<Millis, DateError> {
    let shown = || text.trim().chars().take(CHARS_MAX).collect::<String>();
    let no_date = || DateError::NoDate(shown());
    let written = match Written::parse(text) {
        Some(written) => written,
        None => return number_as_moment(text, zone, offset_ms).ok_or_else(no_date),
    };
    let (day, month) = match (written.day, order) {
        (Day::Known { day, month }, _) => (day, month),
        (Day::Numbers(first, second), order) => {
            let (day_first, month_first) = (second <= 12, first <= 12);
            match order {
                Some(DateOrder::DayFirst) if day_first => (first, second),
                Some(DateOrder::MonthFirst) if month_first => (second, first),
                Some(_) => return Err(DateError::OtherOrder(shown())),
                None if first == second || !month_first => (first, second),
                None if !day_first => (second, first),
                None => return Err(DateError::TwoWays(shown())),
            }
        }
    };
    let Written { year, seconds, .. } = written;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let local = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    at_local(&local, zone, written.offset_ms.or(offset_ms)).ok_or_else(no_date)
}

/// A local time as a moment.
fn at_local(local: &str, zone: &Zone, offset_ms: Option<i64>) -> Option<Millis> {
    match offset_ms {
        None => zone.parse_local(local).ok(),
        Some(offset) => Zone::parse("UTC").ok()?.parse_local(local).ok().map(|at| at.plus(-offset)),
    }
}

/// Days since the end of 1899, as spreadsheets count them (`46399.4`), or seconds or milliseconds since 1970, as programs do.
fn number_as_moment(text: &str, zone: &Zone, offset_ms: Option<i64>) -> Option<Millis> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.len() > CHARS_MAX {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        // 1 January 2000 to 2100.
        5 if (36_526..73_050).contains(&number) => {
            let share: f64 = format!("0.{fraction}0").parse().ok()?;
            let seconds = (share * 86_400.0).round() as i64;
            let (year, month, day) = civil(number - 25_569);
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let local = format!("{year:04}-{month:02}-{day:02}T{:02}:{minute:02}:{second:02}", hour.min(23));
            at_local(&local, zone, offset_ms)
        }
        10 if fraction.is_empty() && (946_684_800..4_102_444_800).contains(&number) => {
            Some(Millis(number * 1000))
        }
        13 if fraction.is_empty() && (946_684_800_000..4_102_444_800_000).contains(&number) => {
            Some(Millis(number))
        }
        _ => None,
    }
}

/// Year, month and day of a day counted from 1970 (the proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The offset that a title names: "Created at (UTC)", "Time (GMT+05:30)", `registered_at_ist`, "Order date (PST)".
pub(super) fn zone_in_title(title: &str) -> Option<i64> {
    let lower = title.to_ascii_lowercase().replace(['_', '[', ']', '(', ')', ','], " ");
    lower.split_whitespace().rev().find_map(|word| {
        let named = ["utc", "gmt", "+", "-"].iter().any(|name| word.starts_with(name));
        let known = named || NAMED_OFFSETS.iter().any(|(name, _)| *name == word);
        if known { offset(word).flatten() } else { None }
    })
}

/// The zone that a title names by its place: "Registered (Asia/Dubai)".
pub(super) fn place_in_title(title: &str) -> Option<Zone> {
    let words = title.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ','));
    words.filter(|word| word.contains('/')).find_map(|word| Zone::parse(word).ok())
}

/// Whether a cell is a date, in whatever order.
pub(super) fn is_date(text: &str) -> bool {
    Written::parse(text).is_some()
}

/// What the dates of a whole column say about their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// The first one that has its day first for sure.
    day_first: Option<String>,
    /// The first one that has its month first for sure.
    month_first: Option<String>,
    /// The first one that can be read in two ways.
    open: Option<String>,
}

/// What came of looking at a whole column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderFound {
    /// No date has its day or month in doubt.
    NotNeeded,
    /// One order fits every row.
    Only(DateOrder),
    /// Both fit every row: a person has to say.
    Open {
        /// One of them, as it stands in the file.
        example: String,
    },
    /// Neither fits every row: a person has to say, and the rows that do not fit are faults.
    Mixed {
        /// One that has its day first for sure.
        day: String,
        /// One that has its month first for sure.
        month: String,
    },
}

impl Orders {
    /// Looks at one more cell.
    pub fn see(&mut self, text: &str) {
        let Some(Written { day: Day::Numbers(first, second), .. }) = Written::parse(text) else { return };
        let kind = match (first <= 12, second <= 12) {
            (false, true) => &mut self.day_first,
            (true, false) => &mut self.month_first,
            (true, true) if first != second => &mut self.open,
            _ => return,
        };
        kind.get_or_insert_with(|| text.trim().to_owned());
    }

    /// The order that fits all rows seen.
    pub fn found(&self) -> OrderFound {
        match (&self.day_first, &self.month_first, &self.open) {
            (None, None, None) => OrderFound::NotNeeded,
            (Some(_), None, _) => OrderFound::Only(DateOrder::DayFirst),
            (None, Some(_), _) => OrderFound::Only(DateOrder::MonthFirst),
            (Some(day), Some(month), _) => OrderFound::Mixed { day: day.clone(), month: month.clone() },
            (None, None, Some(example)) => OrderFound::Open { example: example.clone() },
        }
    }
}

enum Day {
    Known {
        day: i64,
        month: i64,
    },
    /// Two numbers before the year, in the order of the file.
    Numbers(i64, i64),
}

struct Written {
    year: i64,
    day: Day,
    /// The time of day, in seconds since midnight.
    seconds: i64,
    /// The offset east of UTC, in milliseconds; `None` where the text has none.
    offset_ms: Option<i64>,
}

impl Written {
    fn parse(text: &str) -> Option<Written> {
        if text.len() > 4 * CHARS_MAX || text.chars().count() > CHARS_MAX {
            return None;
        }
        let text: String = text.trim().chars().map(plain_char).collect();
        // `2026-10-13T19:00`
        let text = match text.split_once('t') {
            Some((date, time))
                if date.ends_with(|c: char| c.is_ascii_digit())
                    && time.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                format!("{date} {time}")
            }
            _ => text,
        };
        let words: Vec<&str> = text.split_whitespace().filter(|word| !is_filler(word)).collect();
        let is_time = |at: &usize| {
            words[*at].contains(':') || (*at > 0 && half_follows(&words, *at)) || is_pointed(&words, *at)
        };
        let time_at = (0..words.len()).find(is_time).unwrap_or(words.len());
        let (date, time) = words.split_at(time_at);
        let (seconds, offset_ms) = match time {
            [] => (0, None),
            // `10.05 am`, `7pm`, `09.30`: a time without a colon says which half of the day, or has all four figures.
            [first, rest @ ..] if !first.contains(':') => {
                let (digits, half) = first.split_at(first.find(char::is_alphabetic).unwrap_or(first.len()));
                let digits =
                    if digits.contains('.') { digits.replace('.', ":") } else { format!("{digits}:00") };
                clock(&format!("{digits}{half}{}", rest.concat()))?
            }
            _ => clock(&time.concat())?,
        };
        let (year, day) = calendar(date)?;
        YEARS.contains(&year).then_some(Written { year, day, seconds, offset_ms })
    }
}

/// `10.05 am`, `10.05am`, `7 pm`: figures that a half of the day belongs to.
fn half_follows(words: &[&str], at: usize) -> bool {
    let is_half = |word: &str| matches!(word, "am" | "pm" | "a.m." | "p.m.");
    let (figures, half) = words[at].split_at(words[at].find(char::is_alphabetic).unwrap_or(words[at].len()));
    let figured = !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    figured && (is_half(half) || (half.is_empty() && words.get(at + 1).is_some_and(|next| is_half(next))))
}

/// `25.01.2027 09.30`: behind a whole date, two figures with a point between them are hours and minutes.
fn is_pointed(words: &[&str], at: usize) -> bool {
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let pointed = words[at].split_once('.').is_some_and(|(hour, minute)| two(hour) && two(minute));
    at > 0 && pointed && calendar(&words[..at]).is_some()
}

fn calendar(words: &[&str]) -> Option<(i64, Day)> {
    let parts: Vec<&str> = match words {
        [one] if one.len() == 8 && one.bytes().all(|b| b.is_ascii_digit()) => {
            vec![&one[..4], &one[4..6], &one[6..]]
        }
        [one] => one.split(['-', '/', '.']).collect(),
        [_, _, _] => words.to_vec(),
        _ => return None,
    };
    let &[first, second, third] = parts.as_slice() else { return None };
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| -> Option<i64> {
        let fits = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if fits { text.parse().ok() } else { None }
    };
    let day = |text: &str| {
        let bare = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
        number(bare, 1..=2).filter(|day| (1..=31).contains(day))
    };
    if let Some(year) = number(first, 4..=4) {
        let month =
            number(second, 1..=2).or_else(|| month(second)).filter(|month| (1..=12).contains(month))?;
        return Some((year, Day::Known { day: day(third)?, month }));
    }
    // `12/01/27`, `12-Jan-27`, `12 Jan '27`: two digits are a year of this time.
    let third = third.trim_start_matches(['\'', '’']);
    let short = || number(third, 2..=2).filter(|year| SHORT_YEARS.contains(year)).map(|year| 2000 + year);
    let year = number(third, 4..=4).or_else(short)?;
    if let Some(month) = month(second) {
        return Some((year, Day::Known { day: day(first)?, month }));
    }
    if let Some(month) = month(first) {
        return Some((year, Day::Known { day: day(second)?, month }));
    }
    // Three words with spaces between are no date in numbers.
    if words.len() != 1 {
        return None;
    }
    let (first, second) = (day(first)?, day(second)?);
    (first <= 12 || second <= 12).then_some((year, Day::Numbers(first, second)))
}

/// `19:00`, `7:00:05 pm`, `19:00:00.123+05:30`, `19:00z`, with spaces taken out: seconds since midnight, and the offset.
fn clock(text: &str) -> Option<(i64, Option<i64>)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    let mut parts =
        whole.split(':').map(|part| if part.len() <= 2 { part.parse::<i64>().ok() } else { None });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || minute > 59 || second > 59 {
        return None;
    }
    let half = ["am", "pm", "a.m.", "p.m."].iter().position(|word| rest.starts_with(word));
    let (hour, rest) = match half {
        Some(at) => {
            let noon = if at % 2 == 1 { 12 } else { 0 };
            let word = if at < 2 { 2 } else { 4 };
            ((1..=12).contains(&hour).then_some(hour % 12 + noon)?, &rest[word..])
        }
        None => (hour, rest),
    };
    if hour > 23 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second, offset(rest)?))
}

/// Outside `None`: no offset that can be read. Inside: none is written. `+05:30`, `+5:30`, `gmt+5:30`, `utc+5`, `ist`, `z`.
fn offset(text: &str) -> Option<Option<i64>> {
    // "GMT+0530 (India Standard Time)" says it twice.
    let text = match text.split_once('(') {
        Some(("", inside)) => inside.trim_end_matches(')'),
        Some((before, _)) => before,
        None => text,
    };
    if let Some((_, minutes)) = NAMED_OFFSETS.iter().find(|(name, _)| *name == text) {
        return Some(Some(minutes * MINUTE));
    }
    let named = ["utc", "gmt", "z"].iter().find_map(|name| text.strip_prefix(name));
    let rest = named.unwrap_or(text);
    if rest.is_empty() {
        return Some(named.map(|_| 0));
    }
    let sign = match rest.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = match rest[1..].split_once(':') {
        Some((hours, minutes)) => format!("{hours:0>2}{minutes}"),
        None if rest.len() <= 3 => format!("{:0>2}00", &rest[1..]),
        None => format!("{:0>4}", &rest[1..]),
    };
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours <= 14 && minutes <= 59).then_some(Some(sign * (hours * HOUR + minutes * MINUTE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, expected: &str) {
        let zone = Zone::india();
        let got = read_date(text, order, &zone, None);
        let got = got.map_or_else(|error| format!("{error:?}"), |at| zone.rfc3339(at));
        assert!(got.starts_with(expected), "{text:?} with {order:?}: {got}, not {expected}");
    }

    #[test]
    fn a_date_is_read_whole_or_not_at_all() {
        for text in [
            "2026-10-13 19:00",
            "2026-10-13T19:00:00",
            "2026/10/13 7:00 PM",
            "13 Oct 2026 19:00",
            "13-Oct-2026 07:00pm",
            "Oct 13, 2026 07:00 PM",
            "Tue, 13 October 2026, 7:00 p.m.",
            "October 13th, 2026 19:00:00.250",
            "2026-10-13T13:30:00Z",
            "2026-10-13T13:30:00+00:00",
            "2026-10-13 19:00:00 +0530",
            "2026-10-13 13:30 GMT+0000",
            "13/10/2026 19:00",
            "10/13/2026 7:00:00 PM",
            "13.10.2026 19:00",
            "2026-10-13 19:00:00 IST",
            "13 Oct 2026 at 7:00 PM",
            "13-Oct-26 19:00",
            "13/10/26 19:00",
            "2026/10/13 7:00:00 PM GMT+5:30",
            "2026-10-13 13:30 UTC",
            "2026-10-13 18:30 UTC+5",
            "Tue Oct 13 2026 19:00:00 GMT+0530 (India Standard Time)",
            "2026-10-13 19:00 (IST)",
            "46308.791666667",
            "1791898200",
            "1791898200000",
            "13th Oct 2026 7.00 PM",
            "13 Oct 2026 7pm",
            "13/10/2026 19:00 hrs",
            "१३/१०/२०२६ १९:००",
            "13 अक्टूबर 2026 19:00",
            "१३ अक्तूबर २०२६, ७:०० PM",
            "मंगलवार, 13 अक्टूबर 2026 को 19:00 बजे",
            "13 Oct '26 19:00",
            "20261013 19:00",
            "13.10.2026 19.00",
            "13 Oct 2026 19.00 IST",
            "2026-10-13 19.00",
        ] {
            check(text, None, "2026-10-13T19:00:00");
        }
        check("13/10/2026", None, "2026-10-13T00:00:00");
        check("04/04/2026", None, "2026-04-04T");
        check("12:30 2026-10-13", None, "NoDate");
        for text in [
            "",
            "soon",
            "32/01/2026",
            "30 Feb 2026",
            "2026-13-01",
            "2026-10-13 25:00",
            "13/13/2026",
            "10/13/2026 13:00 PM",
            "9000000001",
            "1999-01-01",
            "13 10 2026",
            "2026-10-13 19:00 XYZ",
            "560001",
            "12345",
            "9812345678901",
            "20261345",
            "98123456",
            "13 Oct 2026 7.75 PM",
            "13 Oct 2026 13 PM",
            "13.10 2026",
            "13.10.2026 19.75",
            "13.10.2026 9.3",
            "10.05",
            "yesterday",
            "Oct 2026",
        ] {
            check(text, None, "NoDate");
        }
    }

    #[test]
    fn a_title_that_names_a_zone_is_believed_and_a_cell_that_names_one_more() {
        let zone = Zone::india();
        let at = |title: &str, text: &str| {
            zone.rfc3339(read_date(text, None, &zone, zone_in_title(title)).unwrap())
        };
        for title in ["Created at (UTC)", "created_at_utc", "Created At UTC", "Time (GMT+00:00)"] {
            assert!(at(title, "2026-10-13 13:30").starts_with("2026-10-13T19:00"), "{title}");
        }
        assert!(at("Created at (UTC)", "2026-10-13 19:00 IST").starts_with("2026-10-13T19:00"));
        assert!(at("Time (GMT+04:00)", "2026-10-13 17:30").starts_with("2026-10-13T19:00"));
        assert!(at("Registered at", "2026-10-13 19:00").starts_with("2026-10-13T19:00"));
        // Eight hours behind UTC in October's winter time that the title names: 13:30 UTC.
        assert!(at("Order Date (PST)", "2026-10-13 05:30").starts_with("2026-10-13T19:00"));
        let dubai = place_in_title("Registered (Asia/Dubai)").unwrap();
        let read = read_date("2026-10-13 17:30", None, &dubai, None).unwrap();
        assert!(zone.rfc3339(read).starts_with("2026-10-13T19:00"), "four hours east of UTC");
        for none in ["Date (dd/mm/yyyy)", "Registered at", "Phone / WhatsApp", "and/or date"] {
            assert!(place_in_title(none).is_none() && zone_in_title(none).is_none(), "{none}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_read_in_the_way_that_was_said_or_not_at_all() {
        check("03/04/2026 10:00", None, "TwoWays");
        check("03/04/2026 10:00", Some(DateOrder::DayFirst), "2026-04-03T10:00:00");
        check("03/04/2026 10:00", Some(DateOrder::MonthFirst), "2026-03-04T10:00:00");
        check("13/04/2026", Some(DateOrder::MonthFirst), "OtherOrder");
        check("04/13/2026", Some(DateOrder::DayFirst), "OtherOrder");
        check("2026-04-13", Some(DateOrder::MonthFirst), "2026-04-13T");
    }

    #[track_caller]
    fn found(cells: &[&str], expected: OrderFound) {
        let mut orders = Orders::default();
        cells.iter().for_each(|cell| orders.see(cell));
        assert_eq!(orders.found(), expected, "{cells:?}");
    }

    #[test]
    fn the_order_that_fits_every_row_is_taken_and_else_a_person_is_asked() {
        let mixed = OrderFound::Mixed { day: "13/04/2026".into(), month: "04/13/2026".into() };
        found(&["03/04/2026", "13/04/2026", "soon"], OrderFound::Only(DateOrder::DayFirst));
        found(&["03/04/2026", "04/13/2026"], OrderFound::Only(DateOrder::MonthFirst));
        found(&["03/04/2026", "05/05/2026"], OrderFound::Open { example: "03/04/2026".into() });
        found(&["03/04/2026", "13/04/2026", "04/13/2026"], mixed.clone());
        found(&["13/04/2026", "04/13/2026"], mixed);
        found(&["2026-04-03", "3 Apr 2026", "", "04/04/2026"], OrderFound::NotNeeded);
    }
}
