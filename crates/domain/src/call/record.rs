//! How one call stands, from all reports of it, in whatever order they came.
//!
//! Providers report late, twice, in the wrong order or not at all, and some report a call as *missed* that was heard.
//! A [`CallRecord`] therefore keeps what is proven, and the state of the call is computed from that. A later report
//! never takes away what was proven before (docs/facts/calls.md §1.1).

use serde::{Deserialize, Serialize};

use super::{CallProgress, CallRef, Digit, Ring};
use crate::{
    money::Money,
    outcome::ProviderAnswer,
    receipt::Proof,
    time::{MINUTE, Millis, SECOND},
};

crate::text_enum! {
    /// The state of one call.
    CallState, "state of a call" {
        /// The provider accepted the request. An accepted request alone proves no more than this.
        Calling = "calling",
        /// Somebody picked up, and no end of the call was reported.
        Answered = "answered",
        /// Somebody picked up, and the call is over.
        Completed = "completed",
        /// Nobody picked up, or the phone could not be reached.
        NoAnswer = "no_answer",
        /// The line was busy.
        Busy = "busy",
        /// The call could not be placed.
        Failed = "failed",
        /// The call was withdrawn before anybody picked up.
        Cancelled = "cancelled",
    }
}

impl CallState {
    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        !matches!(self, CallState::Calling | CallState::Answered)
    }
}

crate::text_enum! {
    /// Why a call could not be placed.
    Failure, "reason of a failed call" {
        /// The provider gave no reason.
        Other = "call_failed",
        /// The network did not reach the phone.
        Network = "call_network",
        /// No phone has this number.
        InvalidNumber = "invalid_number",
        /// The number stands on a register of people who must not be called.
        Dnd = "call_dnd",
    }
}

/// How a provider says that a call ended. The variants stand from the weakest to the strongest: of two reports the
/// stronger one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The call was withdrawn before anybody picked up.
    Cancelled,
    /// The call could not be placed.
    Failed(Failure),
    /// Nobody picked up.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// Somebody picked up, and the call is over.
    Completed,
}

/// Who picked up, where a provider says so. Only a pressed key proves a person. Of two reports `Machine` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The provider says that a person picked up.
    Human,
    /// The provider says that a voicemail picked up.
    Machine,
}

/// What one report says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallReportKind {
    /// The provider accepted the request, or the phone rings.
    Calling,
    /// Somebody picked up: the provider says so, or asks what to say.
    PickedUp,
    /// The text was spoken to its end: the provider asks what comes after it.
    Heard,
    /// The person pressed this key.
    Pressed(Digit),
    /// The call is over.
    Ended(Ended),
}

/// One report of a call, from a callback, the answer to a request, or a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// Our own reference of the call, where the report carries it.
    pub call: Option<CallRef>,
    /// The provider's id of the call, where the report carries it.
    pub provider_id: Option<String>,
    /// The number that was called, as digits with country code.
    pub digits: Option<String>,
    /// What happened to the call.
    pub kind: CallReportKind,
    /// When that happened, where the report says so.
    pub at: Option<Millis>,
    /// How long somebody was on the line, in seconds, where the report says so.
    pub talk_s: Option<i64>,
    /// How long the phone rang, in seconds, where the report says so.
    pub ring_s: Option<i64>,
    /// What the provider charged, where the report says so.
    pub cost: Option<Money>,
    /// Who picked up, where the report says so.
    pub answered_by: Option<AnsweredBy>,
    /// The provider's own words, fit for a screen.
    pub said: String,
}

impl CallReport {
    /// A report of this kind, with nothing else known.
    pub fn of(kind: CallReportKind) -> CallReport {
        CallReport {
            call: None,
            provider_id: None,
            digits: None,
            kind,
            at: None,
            talk_s: None,
            ring_s: None,
            cost: None,
            answered_by: None,
            said: String::new(),
        }
    }
}

/// Why a report was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportRefused {
    /// The report names another call than the one it was addressed to.
    #[error("the report names another call than the one of its address")]
    Foreign,
}

/// What is proven of one call. The order of the reports changes nothing in it except the provider's id, which is the
/// first one reported. The store keeps the record as JSON; members that this version does not know are ignored, so
/// that the rest can still be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallRecord {
    /// The provider's id of the call: the first one that was reported.
    pub provider_id: Option<String>,
    /// Whether a report said that somebody picked up. [`CallRecord::was_picked_up`] also weighs the other proofs.
    pub picked_up: bool,
    /// Whether the text was spoken to its end.
    pub heard: bool,
    /// The key that was pressed first, and when.
    pub key: Option<(Millis, Digit)>,
    /// How the call ended: the strongest end that was reported.
    pub ended: Option<Ended>,
    /// How long somebody was on the line, in seconds: the longest time that was reported.
    pub talk_s: Option<i64>,
    /// How long the phone rang, in seconds: the longest time that was reported.
    pub ring_s: Option<i64>,
    /// The charge: the highest one reported, because some providers report nothing first.
    pub cost: Option<Money>,
    /// Who picked up, where a report said so.
    pub answered_by: Option<AnsweredBy>,
}

impl CallRecord {
    /// Takes in a report that came at `now`. Returns whether the record changed.
    ///
    /// # Errors
    /// [`ReportRefused::Foreign`] where the report carries another provider's id than the record; the record stays as
    /// it is.
    pub fn hear(&mut self, news: &CallReport, now: Millis) -> Result<bool, ReportRefused> {
        if let (Some(bound), Some(told)) = (&self.provider_id, &news.provider_id)
            && bound != told
        {
            return Err(ReportRefused::Foreign);
        }
        let before = self.clone();
        if self.provider_id.is_none() {
            self.provider_id.clone_from(&news.provider_id);
        }
        match news.kind {
            CallReportKind::Calling => {}
            CallReportKind::PickedUp => self.picked_up = true,
            CallReportKind::Heard => self.heard = true,
            CallReportKind::Pressed(digit) => {
                let pressed = (news.at.unwrap_or(now), digit);
                self.key = Some(self.key.map_or(pressed, |known| known.min(pressed)));
            }
            CallReportKind::Ended(ended) => self.ended = self.ended.max(Some(ended)),
        }
        self.talk_s = self.talk_s.max(news.talk_s);
        self.ring_s = self.ring_s.max(news.ring_s);
        self.cost = self.cost.max(news.cost);
        self.answered_by = self.answered_by.max(news.answered_by);
        Ok(*self != before)
    }

    /// Whether a person or a machine certainly picked up.
    pub fn was_picked_up(&self) -> bool {
        self.picked_up
            || self.heard
            || self.key.is_some()
            || self.talk_s.is_some_and(|seconds| seconds > 0)
            || self.answered_by.is_some()
            || self.ended == Some(Ended::Completed)
    }

    /// The state of the call.
    pub fn state(&self) -> CallState {
        match (self.was_picked_up(), self.ended) {
            (true, Some(_)) => CallState::Completed,
            (true, None) => CallState::Answered,
            (false, None) => CallState::Calling,
            (false, Some(Ended::NoAnswer)) => CallState::NoAnswer,
            (false, Some(Ended::Busy)) => CallState::Busy,
            (false, Some(Ended::Failed(_))) => CallState::Failed,
            (false, Some(Ended::Cancelled)) => CallState::Cancelled,
            (false, Some(Ended::Completed)) => CallState::Completed,
        }
    }

    /// How far the conversation has come, for the choice of the next words; `asked` is how often the question was
    /// asked.
    pub fn so_far(&self, asked: u8) -> CallProgress {
        CallProgress { asked, key: self.key.map(|(_, digit)| digit) }
    }

    /// How much of a reminder of `text_s` seconds the person heard.
    pub fn hearing(&self, text_s: i64) -> Hearing {
        if let Some((_, digit)) = self.key {
            return Hearing::Confirmed(digit);
        }
        if !self.was_picked_up() {
            return Hearing::NotPickedUp;
        }
        if self.answered_by == Some(AnsweredBy::Machine) {
            return Hearing::Machine;
        }
        match self.talk_s {
            _ if self.heard => Hearing::Heard,
            Some(seconds) if seconds >= text_s => Hearing::Heard,
            Some(seconds) if seconds > 0 && seconds <= AT_ONCE_S => Hearing::HungUp,
            // The length of the text is an estimate. Less than half of it is certainly not the whole.
            Some(seconds) if seconds > 0 && seconds * 2 < text_s => Hearing::InPart,
            _ => Hearing::NotKnown,
        }
    }

    /// What the call proves about its message; `None` while the phone rings. A person who heard the reminder was
    /// told; a voicemail was not.
    pub fn proof(&self, text_s: i64) -> Option<Proof> {
        let failed = |code: &str, words: &str| Some(Proof::Failed(ProviderAnswer::new(code, words)));
        match (self.state(), self.hearing(text_s)) {
            (_, Hearing::Confirmed(_) | Hearing::Heard) => Some(Proof::Delivered),
            (CallState::Calling, _) => None,
            (CallState::Completed, Hearing::Machine) => failed("voicemail", "A voicemail picked up"),
            (CallState::Completed, Hearing::HungUp) => failed("hung_up", "They hung up at once"),
            (CallState::Completed, Hearing::InPart) => {
                failed("hung_up", "They hung up before the text was over")
            }
            (CallState::Answered | CallState::Completed, _) => Some(Proof::Sent),
            (CallState::NoAnswer, _) => failed("no_answer", "Nobody picked up"),
            (CallState::Busy, _) => failed("busy", "The line was busy"),
            (CallState::Cancelled, _) => {
                failed("call_cancelled", "The call was withdrawn before anybody picked up")
            }
            (CallState::Failed, _) => {
                let why = match self.ended {
                    Some(Ended::Failed(why)) => why,
                    _ => Failure::Other,
                };
                failed(why.word(), "The call could not be placed")
            }
        }
    }
}

/// A person who hangs up within this many seconds has not heard who calls.
const AT_ONCE_S: i64 = 3;

/// How much of the reminder a person heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// The person pressed this key.
    Confirmed(Digit),
    /// The reminder was spoken to its end.
    Heard,
    /// The person hung up within seconds.
    HungUp,
    /// The person hung up in the first half of the reminder.
    InPart,
    /// A voicemail picked up.
    Machine,
    /// Somebody picked up, and how much they heard is not known.
    NotKnown,
    /// Nobody picked up.
    NotPickedUp,
}

impl Hearing {
    /// Whether the person counts as told.
    pub fn is_told(self) -> bool {
        matches!(self, Hearing::Confirmed(_) | Hearing::Heard)
    }
}

/// When a provider is asked for a call whose end it has not reported: five minutes after the latest moment at which
/// the call can end.
pub fn poll_after(placed: Millis, ring: Ring) -> Millis {
    placed.plus((ring.ring_s + ring.longest_s) * SECOND + 5 * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_767_240_000_000);

    fn digit(n: u8) -> Digit {
        Digit::new(n).unwrap()
    }

    fn any_kind() -> impl Strategy<Value = CallReportKind> {
        prop_oneof![
            Just(CallReportKind::Calling),
            Just(CallReportKind::PickedUp),
            Just(CallReportKind::Heard),
            (0u8..10).prop_map(|n| CallReportKind::Pressed(digit(n))),
            Just(CallReportKind::Ended(Ended::Cancelled)),
            Just(CallReportKind::Ended(Ended::Failed(Failure::Network))),
            Just(CallReportKind::Ended(Ended::NoAnswer)),
            Just(CallReportKind::Ended(Ended::Busy)),
            Just(CallReportKind::Ended(Ended::Completed)),
        ]
    }

    prop_compose! {
        fn any_news()(
            kind in any_kind(), at in 0i64..4, talk_s in prop::option::of(0i64..60), cost in prop::option::of(0i64..9_000),
            machine in prop::option::weighted(0.2, any::<bool>()), named in any::<bool>(),
        ) -> CallReport {
            CallReport {
                provider_id: named.then(|| "call-1".to_owned()),
                at: Some(NOW.plus(at)),
                talk_s,
                cost: cost.map(Money),
                answered_by: machine.map(|machine| if machine { AnsweredBy::Machine } else { AnsweredBy::Human }),
                ..CallReport::of(kind)
            }
        }
    }

    fn record<'n>(news: impl IntoIterator<Item = &'n CallReport>) -> CallRecord {
        let mut record = CallRecord::default();
        for one in news {
            record.hear(one, NOW).unwrap();
        }
        record
    }

    proptest! {
        #[test]
        fn late_doubled_and_reordered_reports_end_the_same(
            (news, shuffled) in prop::collection::vec(any_news(), 1..10)
                .prop_flat_map(|news| (Just(news.clone()), Just([news.clone(), news].concat()).prop_shuffle())),
        ) {
            prop_assert_eq!(record(&news), record(&shuffled));
        }

        #[test]
        fn a_call_never_goes_back_and_nothing_takes_a_key_away(news in prop::collection::vec(any_news(), 1..12)) {
            let mut record = CallRecord::default();
            for one in &news {
                let (before, hearing) = (record.state(), record.hearing(10));
                record.hear(one, NOW).unwrap();
                let after = record.state();
                prop_assert!(!before.is_final() || after.is_final(), "{before:?} to {after:?}");
                prop_assert!(before != CallState::Completed || after == CallState::Completed, "{after:?}");
                prop_assert!(before != CallState::Answered || after != CallState::Calling);
                if let Hearing::Confirmed(_) = hearing {
                    prop_assert!(matches!(record.hearing(10), Hearing::Confirmed(_)));
                    prop_assert_eq!(record.proof(10), Some(Proof::Delivered));
                }
            }
        }

        #[test]
        fn a_record_is_read_back_as_it_was_kept(news in prop::collection::vec(any_news(), 0..6)) {
            let record = record(&news);
            let kept = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<CallRecord>(&kept).unwrap(), record);
        }

        #[test]
        fn what_was_told_once_is_no_news_again(news in any_news()) {
            let mut record = CallRecord::default();
            record.hear(&news, NOW).unwrap();
            prop_assert_eq!(record.hear(&news, NOW.plus(9)), Ok(false));
        }
    }

    #[test]
    fn a_key_a_prompt_and_talk_each_beat_missed() {
        let missed = CallReport::of(CallReportKind::Ended(Ended::NoAnswer));
        for proof in [
            CallReport::of(CallReportKind::Pressed(digit(1))),
            CallReport::of(CallReportKind::PickedUp),
            CallReport::of(CallReportKind::Heard),
            CallReport { talk_s: Some(20), ..CallReport::of(CallReportKind::Calling) },
        ] {
            assert_eq!(record([&missed, &proof]).state(), CallState::Completed, "{proof:?}");
            assert_eq!(record([&proof, &missed]).state(), CallState::Completed, "{proof:?}");
        }
        let silent = CallReport { talk_s: Some(0), ..missed.clone() };
        assert_eq!(record([&silent]).state(), CallState::NoAnswer);
        assert_eq!(record([&CallReport::of(CallReportKind::Calling)]).state(), CallState::Calling);
    }

    #[test]
    fn only_who_heard_the_reminder_was_told() {
        let ended = CallReport::of(CallReportKind::Ended(Ended::Completed));
        let talked = |seconds| CallReport { talk_s: Some(seconds), ..ended.clone() };
        let voicemail =
            CallReport { answered_by: Some(AnsweredBy::Machine), talk_s: Some(40), ..ended.clone() };
        for (news, hearing, told) in [
            (talked(12), Hearing::Heard, true),
            (talked(11), Hearing::NotKnown, false),
            (talked(6), Hearing::NotKnown, false),
            (talked(5), Hearing::InPart, false),
            (talked(3), Hearing::HungUp, false),
            (ended.clone(), Hearing::NotKnown, false),
            (voicemail, Hearing::Machine, false),
        ] {
            let record = record([&news]);
            assert_eq!((record.hearing(12), record.hearing(12).is_told()), (hearing, told), "{news:?}");
            assert_eq!(record.proof(12) == Some(Proof::Delivered), told, "{news:?}");
        }
        let pressed = record([&talked(2), &CallReport::of(CallReportKind::Pressed(digit(9)))]);
        assert!(pressed.hearing(12).is_told(), "a key proves a person, however short the call was");
    }

    #[test]
    fn a_report_that_names_another_call_changes_nothing() {
        let named = |id: &str, kind| CallReport { provider_id: Some(id.into()), ..CallReport::of(kind) };
        let mut record = CallRecord::default();
        record.hear(&named("call-1", CallReportKind::Calling), NOW).unwrap();
        let before = record.clone();
        assert_eq!(
            record.hear(&named("call-2", CallReportKind::Ended(Ended::Completed)), NOW),
            Err(ReportRefused::Foreign)
        );
        assert_eq!(record, before);
        assert_eq!(
            record.hear(&CallReport::of(CallReportKind::PickedUp), NOW),
            Ok(true),
            "a report without an id is its own"
        );
    }

    #[test]
    fn the_first_key_counts() {
        let key = |n, at| CallReport {
            at: Some(NOW.plus(at)),
            ..CallReport::of(CallReportKind::Pressed(digit(n)))
        };
        let record = record([&key(9, 5), &key(1, 2), &key(2, 7)]);
        assert_eq!(record.key, Some((NOW.plus(2), digit(1))));
        assert_eq!(poll_after(NOW, Ring::default()), NOW.plus(450_000), "30 s, 120 s and five minutes");
    }
}
