//! How long somebody was there.

use domain::time::{MINUTE, Millis};

/// When somebody came and went, and how long they stayed. Somebody who came twice, or with two devices at once, stayed once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// From when until when, as often as they came.
    times: Vec<(Millis, Millis)>,
    /// Minutes of which only their number is known.
    counted: Option<i64>,
    joined: Option<Millis>,
    left: Option<Millis>,
}

impl Stay {
    /// From one moment to another.
    pub fn between(joined: Millis, left: Millis) -> Stay {
        Stay { times: vec![(joined, left)], counted: None, joined: Some(joined), left: Some(left) }
    }

    /// So many minutes, perhaps with the first and the last moment.
    pub(super) fn of(minutes: Option<i64>, joined: Option<Millis>, left: Option<Millis>) -> Stay {
        Stay { times: Vec::new(), counted: minutes, joined, left }
    }

    /// The first moment, where it is known.
    pub fn joined(&self) -> Option<Millis> {
        self.joined
    }

    /// The last moment, where it is known.
    pub fn left(&self) -> Option<Millis> {
        self.left
    }

    /// Minutes in all, a begun one as a whole; `None` where the report says nothing of it.
    pub fn minutes(&self) -> Option<i64> {
        if self.times.is_empty() {
            return self.counted;
        }
        let mut times = self.times.clone();
        times.sort_unstable();
        let (mut ms, mut until) = (0, i64::MIN);
        for (from, to) in times {
            ms += (to.0 - from.0.max(until)).max(0);
            until = until.max(to.0);
        }
        Some((ms + MINUTE - 1) / MINUTE + self.counted.unwrap_or(0))
    }

    /// With what another row says of the same person.
    pub(super) fn join(&mut self, other: Stay) {
        self.times.extend(other.times);
        self.counted = match (self.counted, other.counted) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        self.joined = [self.joined, other.joined].into_iter().flatten().min();
        self.left = [self.left, other.left].into_iter().flatten().max();
    }
}

/// Minutes as reports write them: `42`, `42.5`, `1h 27m 51s`, `1 hr 5 min`, `01:27:51`, `27:51`. A begun minute counts as a whole.
pub(super) fn minutes(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    if let Ok(minutes) = text.parse::<f64>() {
        return in_reason(minutes * 60.0);
    }
    if text.contains(':') {
        // Of 32 bits and without a sign: no cell makes the sum too large.
        let part = |part: &str| part.parse::<u32>().ok().map(i64::from);
        let parts: Vec<i64> = text.split(':').map(part).collect::<Option<_>>()?;
        return match parts[..] {
            [hours, minutes, seconds] => in_reason((hours * 3_600 + minutes * 60 + seconds) as f64),
            [minutes, seconds] => in_reason((minutes * 60 + seconds) as f64),
            _ => None,
        };
    }
    let (mut seconds, mut number, mut unit, mut any) = (0.0, String::new(), String::new(), false);
    // A blank ends a part, so that the last one needs no care of its own.
    for c in text.chars().chain([' ', '0']) {
        let starts_number = c.is_ascii_digit() && !unit.is_empty();
        if starts_number {
            let one = match unit.as_str() {
                "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
                "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
                "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
                _ => return None,
            };
            seconds += number.parse::<f64>().ok()? * one;
            any = true;
            number.clear();
            unit.clear();
        }
        match c {
            '0'..='9' | '.' => number.push(c),
            ' ' | ',' => {}
            c => unit.push(c),
        }
    }
    if any { in_reason(seconds) } else { None }
}

/// Up to a week.
fn in_reason(seconds: f64) -> Option<i64> {
    (0.0..=7.0 * 86_400.0).contains(&seconds).then(|| (seconds / 60.0).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_read_as_reports_write_them() {
        for (text, expected) in [
            ("42", Some(42)),
            ("41.2", Some(42)),
            ("0", Some(0)),
            ("1h 27m 51s", Some(88)),
            ("6m 31s", Some(7)),
            ("30s", Some(1)),
            ("1 hr 5 min", Some(65)),
            ("55 min", Some(55)),
            ("01:27:51", Some(88)),
            ("27:51", Some(28)),
            ("--", None),
            ("", None),
            ("yes", None),
            ("5 apples", None),
            ("-3", None),
            ("99999999", None),
            ("2562047788015216:00:00", None),
            ("999999999999999999:10", None),
            ("1:-30", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }

    #[test]
    fn two_devices_at_once_are_one_stay() {
        let at = |minute: i64| Millis(minute * MINUTE);
        let mut stay = Stay::between(at(0), at(40));
        stay.join(Stay::between(at(10), at(30)));
        stay.join(Stay::between(at(50), at(60)));
        assert_eq!((stay.minutes(), stay.joined(), stay.left()), (Some(50), Some(at(0)), Some(at(60))));
        let mut counted = Stay::of(Some(12), None, None);
        counted.join(Stay::of(Some(8), None, Some(at(9))));
        assert_eq!((counted.minutes(), counted.left()), (Some(20), Some(at(9))));
        assert_eq!(Stay::of(None, None, None).minutes(), None);
    }
}
