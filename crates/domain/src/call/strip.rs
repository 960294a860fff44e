//! The calls of a broadcast in numbers, as its page shows them while they ring.

use std::collections::BTreeMap;

use super::{CallRecord, CallState, Digit};

/// Where a person's call stands on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Their phone has not rung yet.
    Waiting,
    /// It rings.
    Calling,
    /// They picked up, and no key is known.
    Answered,
    /// They pressed this key.
    Pressed(Digit),
    /// Nobody picked up.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The call could not be placed, or was withdrawn.
    Failed,
    /// It would have come too late.
    Expired,
}

impl Stage {
    /// Its word where it is kept, with the key beside it.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Calling => "calling",
            Stage::Answered => "answered",
            Stage::Pressed(_) => "pressed",
            Stage::NoAnswer => "no_answer",
            Stage::Busy => "busy",
            Stage::Failed => "failed",
            Stage::Expired => "expired",
        }
    }

    /// Reads what [`word`](Stage::word) wrote; `None` for any other text.
    pub fn read(word: &str, digit: Option<Digit>) -> Option<Stage> {
        Some(match word {
            "waiting" => Stage::Waiting,
            "calling" => Stage::Calling,
            "answered" => Stage::Answered,
            "pressed" => Stage::Pressed(digit?),
            "no_answer" => Stage::NoAnswer,
            "busy" => Stage::Busy,
            "failed" => Stage::Failed,
            "expired" => Stage::Expired,
            _ => return None,
        })
    }

    /// The stage of a call that was placed.
    pub fn of(record: &CallRecord) -> Stage {
        if let Some((_, digit)) = record.key {
            return Stage::Pressed(digit);
        }
        match record.state() {
            CallState::Calling => Stage::Calling,
            CallState::Answered | CallState::Completed => Stage::Answered,
            CallState::NoAnswer => Stage::NoAnswer,
            CallState::Busy => Stage::Busy,
            CallState::Failed | CallState::Cancelled => Stage::Failed,
        }
    }
}

/// How many people stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Stage, i64>);

impl Counts {
    /// One more person at that stage.
    pub fn add(&mut self, stage: Stage) {
        *self.0.entry(stage).or_default() += 1;
    }

    /// A person moves on.
    pub fn shift(&mut self, from: Stage, to: Stage) {
        let left = self.0.entry(from).or_default();
        if *left > 0 {
            *left -= 1;
            self.add(to);
        }
    }

    /// So many more at that stage.
    pub fn add_many(&mut self, stage: Stage, n: i64) {
        *self.0.entry(stage).or_default() += n;
    }

    /// How many stand there.
    pub fn at(&self, stage: Stage) -> i64 {
        self.0.get(&stage).copied().unwrap_or(0)
    }

    /// The stages where anybody stands, in order.
    pub fn all(&self) -> impl Iterator<Item = (Stage, i64)> {
        self.0.iter().map(|(stage, count)| (*stage, *count)).filter(|(_, count)| *count > 0)
    }

    /// Everybody.
    pub fn sum(&self) -> i64 {
        self.0.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{Ended, News, NewsKind},
        time::Millis,
    };

    #[test]
    fn a_stage_is_read_back_as_it_was_kept() {
        let nine = Digit::new(9);
        for stage in [
            Stage::Waiting,
            Stage::Calling,
            Stage::Answered,
            Stage::Pressed(nine.unwrap()),
            Stage::NoAnswer,
            Stage::Busy,
            Stage::Failed,
            Stage::Expired,
        ] {
            assert_eq!(Stage::read(stage.word(), nine), Some(stage));
        }
        assert_eq!((Stage::read("pressed", None), Stage::read("x", nine)), (None, None));
    }

    #[test]
    fn everybody_stands_somewhere_and_a_key_is_counted_by_itself() {
        let mut counts = Counts::default();
        for _ in 0..3 {
            counts.add(Stage::Waiting);
        }
        let one = Digit::new(1).unwrap();
        let mut record = CallRecord::default();
        counts.shift(Stage::Waiting, Stage::of(&record));
        for (kind, stage) in [
            (NewsKind::PickedUp, Stage::Answered),
            (NewsKind::Pressed(one), Stage::Pressed(one)),
            (NewsKind::Ended(Ended::NoAnswer), Stage::Pressed(one)),
        ] {
            let before = Stage::of(&record);
            record.hear(&News::of(kind), Millis(0)).unwrap();
            counts.shift(before, Stage::of(&record));
            assert_eq!((counts.at(stage), counts.sum()), (1, 3), "{kind:?}");
        }
        counts.shift(Stage::Busy, Stage::Waiting);
        assert_eq!(counts.all().collect::<Vec<_>>(), [(Stage::Waiting, 2), (Stage::Pressed(one), 1)]);
    }
}
