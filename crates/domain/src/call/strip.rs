//! The calls of a broadcast in numbers, as its page shows them while the phones ring.

use std::collections::BTreeMap;

use super::{CallRecord, CallState, Digit};

/// The stage of one person's call, as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallStage {
    /// The phone has not rung yet.
    Waiting,
    /// The phone rings, or the provider has accepted the call.
    Calling,
    /// The person picked up, and no key is known.
    Answered,
    /// The person pressed this key.
    Pressed(Digit),
    /// Nobody picked up.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The call could not be placed, or it was withdrawn.
    Failed,
    /// The phone did not ring before the last useful moment, or the message was cancelled.
    Expired,
}

impl CallStage {
    /// The stored word. The digit of a pressed key is stored beside it.
    pub fn word(self) -> &'static str {
        match self {
            CallStage::Waiting => "waiting",
            CallStage::Calling => "calling",
            CallStage::Answered => "answered",
            CallStage::Pressed(_) => "pressed",
            CallStage::NoAnswer => "no_answer",
            CallStage::Busy => "busy",
            CallStage::Failed => "failed",
            CallStage::Expired => "expired",
        }
    }

    /// Reads what [`word`](CallStage::word) wrote; `None` for any other text, and for `pressed` without a digit.
    pub fn read(word: &str, digit: Option<Digit>) -> Option<CallStage> {
        Some(match word {
            "waiting" => CallStage::Waiting,
            "calling" => CallStage::Calling,
            "answered" => CallStage::Answered,
            "pressed" => CallStage::Pressed(digit?),
            "no_answer" => CallStage::NoAnswer,
            "busy" => CallStage::Busy,
            "failed" => CallStage::Failed,
            "expired" => CallStage::Expired,
            _ => return None,
        })
    }

    /// The stage of a call that was placed.
    pub fn of(record: &CallRecord) -> CallStage {
        if let Some((_, digit)) = record.key {
            return CallStage::Pressed(digit);
        }
        match record.state() {
            CallState::Calling => CallStage::Calling,
            CallState::Answered | CallState::Completed => CallStage::Answered,
            CallState::NoAnswer => CallStage::NoAnswer,
            CallState::Busy => CallStage::Busy,
            CallState::Failed | CallState::Cancelled => CallStage::Failed,
        }
    }
}

/// The number of people at each stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStageCounts(BTreeMap<CallStage, i64>);

impl CallStageCounts {
    /// Counts one more person at this stage.
    pub fn add(&mut self, stage: CallStage) {
        *self.0.entry(stage).or_default() += 1;
    }

    /// Moves one person from one stage to another. Nothing changes where nobody stands at the first.
    pub fn shift(&mut self, from: CallStage, to: CallStage) {
        let left = self.0.entry(from).or_default();
        if *left > 0 {
            *left -= 1;
            self.add(to);
        }
    }

    /// Counts `n` more people at this stage.
    pub fn add_many(&mut self, stage: CallStage, n: i64) {
        *self.0.entry(stage).or_default() += n;
    }

    /// The number of people at this stage.
    pub fn at(&self, stage: CallStage) -> i64 {
        self.0.get(&stage).copied().unwrap_or(0)
    }

    /// The stages at which anybody stands, in the order of [`CallStage`], with their numbers.
    pub fn all(&self) -> impl Iterator<Item = (CallStage, i64)> {
        self.0.iter().map(|(stage, count)| (*stage, *count)).filter(|(_, count)| *count > 0)
    }

    /// The number of people at all stages.
    pub fn sum(&self) -> i64 {
        self.0.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{CallReport, CallReportKind, Ended},
        time::Millis,
    };

    #[test]
    fn a_stage_is_read_back_as_it_was_kept() {
        let nine = Digit::new(9);
        for stage in [
            CallStage::Waiting,
            CallStage::Calling,
            CallStage::Answered,
            CallStage::Pressed(nine.unwrap()),
            CallStage::NoAnswer,
            CallStage::Busy,
            CallStage::Failed,
            CallStage::Expired,
        ] {
            assert_eq!(CallStage::read(stage.word(), nine), Some(stage));
        }
        assert_eq!((CallStage::read("pressed", None), CallStage::read("x", nine)), (None, None));
    }

    #[test]
    fn everybody_stands_somewhere_and_a_key_is_counted_by_itself() {
        let mut counts = CallStageCounts::default();
        for _ in 0..3 {
            counts.add(CallStage::Waiting);
        }
        let one = Digit::new(1).unwrap();
        let mut record = CallRecord::default();
        counts.shift(CallStage::Waiting, CallStage::of(&record));
        for (kind, stage) in [
            (CallReportKind::PickedUp, CallStage::Answered),
            (CallReportKind::Pressed(one), CallStage::Pressed(one)),
            (CallReportKind::Ended(Ended::NoAnswer), CallStage::Pressed(one)),
        ] {
            let before = CallStage::of(&record);
            record.hear(&CallReport::of(kind), Millis(0)).unwrap();
            counts.shift(before, CallStage::of(&record));
            assert_eq!((counts.at(stage), counts.sum()), (1, 3), "{kind:?}");
        }
        counts.shift(CallStage::Busy, CallStage::Waiting);
        assert_eq!(counts.all().collect::<Vec<_>>(), [(CallStage::Waiting, 2), (CallStage::Pressed(one), 1)]);
    }
}
