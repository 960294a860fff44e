//! Whether and when a person is called again.

use serde::{Deserialize, Serialize};

use super::{CallRecord, CallState, CallingHours, Hearing};
use crate::time::{HOUR, MINUTE, Millis, Zone};

/// How often one person may be called about one thing. The providers' own retries are switched off: a provider does
/// not know what happened between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The largest number of calls, the first one included.
    pub most: i64,
    /// The shortest time between the starts of two calls, in milliseconds.
    pub gap_ms: i64,
    /// The largest number of calls to one person on one day in India, whatever the calls are about.
    pub a_day: i64,
}

impl Attempts {
    /// The limits that docs/facts/calls.md §16 advises for a reminder `before_ms` milliseconds before its workshop.
    /// In the last hour there are two calls, three minutes apart; earlier there are three, half an hour apart.
    pub fn usual(before_ms: i64) -> Attempts {
        match before_ms < HOUR {
            true => Attempts { most: 2, gap_ms: 3 * MINUTE, a_day: 3 },
            false => Attempts { most: 3, gap_ms: 30 * MINUTE, a_day: 3 },
        }
    }
}

/// Whether a person is called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redial {
    /// The next call rings at this moment, unless something happens before.
    At(Millis),
    /// There is no further call about this.
    Not(WhyNoRedial),
}

/// Why a person is not called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNoRedial {
    /// The call is not over, or nobody knows how it ended. A phone that rings twice is worse than a lost report.
    NotKnown,
    /// The person was reached, or this number cannot be reached.
    Settled,
    /// All calls of [`Attempts::most`] were made.
    UsedUp,
    /// The person had all calls of [`Attempts::a_day`] on the day of the next call.
    OftenToday,
    /// The next allowed moment is not before the reminder's last useful moment.
    TooLate,
}

/// Decides whether a person is called again after the call of `record`. `calls` are the starts of all calls to the
/// number, whatever they were about; the latest of them is this call. A busy line and a phone that nobody picked up
/// are called again. A person who hung up at once is called again once.
pub fn again(
    record: &CallRecord,
    text_s: i64,
    (attempt, plan): (i64, Attempts),
    calls: &[Millis],
    (now, useful_until): (Millis, Millis),
    hours: CallingHours,
) -> Redial {
    let may = match record.state() {
        CallState::Calling | CallState::Answered => return Redial::Not(WhyNoRedial::NotKnown),
        CallState::NoAnswer | CallState::Busy => true,
        CallState::Completed => attempt == 1 && record.hearing(text_s) == Hearing::HungUp,
        CallState::Failed | CallState::Cancelled => false,
    };
    if !may {
        return Redial::Not(WhyNoRedial::Settled);
    }
    if attempt >= plan.most {
        return Redial::Not(WhyNoRedial::UsedUp);
    }
    let last = calls.iter().copied().max().unwrap_or(now);
    let from = hours.next(last.plus(plan.gap_ms).max(now));
    if from >= useful_until {
        return Redial::Not(WhyNoRedial::TooLate);
    }
    let (day, next_day) = Zone::india().day(from);
    let of_day = calls.iter().filter(|at| (day..next_day).contains(*at)).count();
    if i64::try_from(of_day).unwrap_or(i64::MAX) >= plan.a_day {
        return Redial::Not(WhyNoRedial::OftenToday);
    }
    Redial::At(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallReport, CallReportKind, Ended, Failure};

    fn at(text: &str) -> Millis {
        Zone::india().parse_local(text).unwrap()
    }

    fn ended(ended: Ended) -> CallRecord {
        let mut record = CallRecord::default();
        record.hear(&CallReport::of(CallReportKind::Ended(ended)), Millis(0)).unwrap();
        record
    }

    fn after(record: &CallRecord, attempt: i64, calls: &[&str], until: &str) -> Redial {
        let calls: Vec<Millis> = calls.iter().map(|text| at(text)).collect();
        let now = calls.last().copied().unwrap().plus(40_000);
        again(
            record,
            10,
            (attempt, Attempts::usual(2 * HOUR)),
            &calls,
            (now, at(until)),
            CallingHours::default(),
        )
    }

    const SEVEN: &str = "2026-10-13T19:00";

    #[test]
    fn only_busy_and_unanswered_phones_ring_again_and_not_soon() {
        let half_past = Redial::At(at("2026-10-13T12:30"));
        let noon = ["2026-10-13T12:00"];
        let settled = Redial::Not(WhyNoRedial::Settled);
        for (how, expected) in [
            (Ended::Busy, half_past),
            (Ended::NoAnswer, half_past),
            (Ended::Completed, settled),
            (Ended::Failed(Failure::InvalidNumber), settled),
            (Ended::Failed(Failure::Network), settled),
            (Ended::Cancelled, settled),
        ] {
            assert_eq!(after(&ended(how), 1, &noon, SEVEN), expected, "{how:?}");
        }
        let unknown = CallRecord::default();
        assert_eq!(after(&unknown, 1, &noon, SEVEN), Redial::Not(WhyNoRedial::NotKnown));
        let mut hung_up = ended(Ended::Completed);
        hung_up.talk_s = Some(2);
        assert_eq!(after(&hung_up, 1, &noon, SEVEN), half_past);
        assert_eq!(after(&hung_up, 2, &noon, SEVEN), settled, "once");
    }

    #[test]
    fn attempts_end_with_their_number_the_day_and_their_use() {
        let busy = ended(Ended::Busy);
        assert_eq!(after(&busy, 3, &["2026-10-13T12:00"], SEVEN), Redial::Not(WhyNoRedial::UsedUp));
        let often = ["2026-10-13T09:00", "2026-10-13T10:00", "2026-10-13T11:00"];
        assert_eq!(after(&busy, 1, &often, SEVEN), Redial::Not(WhyNoRedial::OftenToday));
        assert_eq!(after(&busy, 1, &["2026-10-13T18:30"], SEVEN), Redial::Not(WhyNoRedial::TooLate));
        // After nine in the evening the next call falls on the next morning, where the calls of today no longer
        // count.
        let late = ["2026-10-13T18:00", "2026-10-13T19:00", "2026-10-13T20:45"];
        assert_eq!(after(&busy, 1, &late, "2026-10-14T12:00"), Redial::At(at("2026-10-14T09:00")));
        assert_eq!(Attempts::usual(10 * MINUTE), Attempts { most: 2, gap_ms: 3 * MINUTE, a_day: 3 });
    }
}
