//! What the reason of a message's end means in our words, and what a person can do about it.

use domain::{
    message::MessageState,
    reason::{OwnReason, Reason},
};
use providers::codes::{self, NextAction};

use crate::ui::words::reasons;

/// The words for a reason.
pub(super) struct Why {
    /// The reason in a few words.
    pub(super) title: String,
    /// The code, and one sentence that helps.
    pub(super) note: String,
    /// The next step that helps.
    pub(super) step: Step,
}

/// What a person can do about a message that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send it again: the answer can change.
    Retry,
    /// Send it again, but not before the provider's waiting time is over.
    Later {
        /// The waiting time after the refusal, in hours.
        hours: i64,
    },
    /// Write to the people anew: they were not told, and nothing prevents it.
    Write,
    /// Decide: only a person can find out whether the message went out.
    Decide,
    /// Mend the template: the frozen one would be refused again.
    Template,
    /// Send by another channel: this one does not reach them.
    OtherChannel,
    /// Export the people and reach them another way: sending again cannot help.
    Export,
    /// Only show the list: nothing is to be done.
    Show,
}

/// The step for a reason of our own.
fn step_of(reason: OwnReason) -> Step {
    match reason {
        OwnReason::WorkerLost | OwnReason::WorkerLate | OwnReason::Panic => Step::Decide,
        OwnReason::DecidedNotSent | OwnReason::Deadline => Step::Retry,
        OwnReason::Content => Step::Export,
        OwnReason::Cancelled | OwnReason::WorkshopMoved | OwnReason::AfterHours => Step::Write,
        OwnReason::Gap
        | OwnReason::RungWait
        | OwnReason::HandedBack
        | OwnReason::PausedByPerson
        | OwnReason::Account
        | OwnReason::Template
        | OwnReason::CannotPost
        | OwnReason::PlanChanged
        | OwnReason::WorkshopCancelled => Step::Show,
    }
}

/// The words and the step for a message's state and reason.
pub(super) fn of(state: MessageState, reason: &Reason) -> Why {
    let said = |words: reasons::Words, step| Why {
        title: words.title.to_owned(),
        note: words.note.to_owned(),
        step,
    };
    let code = match reason {
        Reason::Ours(own) => return said(reasons::own(*own), step_in(state, step_of(*own))),
        Reason::Excluded(skip) => return said(reasons::excluded(*skip), Step::Show),
        Reason::None => {
            return Why {
                title: state.title().to_owned(),
                note: "No reason was given.".to_owned(),
                step: step_in(state, Step::Export),
            };
        }
        Reason::Provider(code) => code,
    };
    let Some(meaning) = codes::meaning(code) else {
        return Why {
            title: format!("Code {}", codes::written(code)),
            note: "The provider's own code.".to_owned(),
            step: step_in(state, Step::Export),
        };
    };
    let step = match meaning.action {
        // Once the account is mended, the same request gets another answer.
        NextAction::Retry | NextAction::PauseAccount | NextAction::TopUp => Step::Retry,
        NextAction::RetryLater { hours } => Step::Later { hours },
        NextAction::Resolve => Step::Decide,
        NextAction::FixTemplate => Step::Template,
        NextAction::SmsFallback => Step::OtherChannel,
        NextAction::SuppressMarketing | NextAction::Suppress | NextAction::None => Step::Export,
    };
    Why {
        title: meaning.title.to_owned(),
        note: format!("{} · {}", shown(reason), meaning.help),
        step: step_in(state, step),
    }
}

/// The code as the provider's own pages write it.
pub(super) fn shown(reason: &Reason) -> &str {
    codes::written(reason.code())
}

/// Whether sending these messages again can change anything, now or later.
pub(super) fn can_retry(state: MessageState, reason: &Reason) -> bool {
    matches!(of(state, reason).step, Step::Retry | Step::Later { .. })
}

/// The hours that must pass before sending again can change anything; `None` where it can at once, or never.
pub(super) fn wait_hours(state: MessageState, reason: &Reason) -> Option<i64> {
    match of(state, reason).step {
        Step::Later { hours } => Some(hours),
        _ => None,
    }
}

/// Limits a step to what the state allows. An unknown message asks for a person's decision, whatever its code says.
fn step_in(state: MessageState, step: Step) -> Step {
    match state {
        MessageState::Unknown => Step::Decide,
        MessageState::Expired => Step::Retry,
        MessageState::Failed if matches!(step, Step::Decide | Step::Write) => Step::Export,
        MessageState::Failed => step,
        MessageState::Cancelled if step == Step::Write => Step::Write,
        MessageState::Skipped
        | MessageState::Cancelled
        | MessageState::Waiting
        | MessageState::InFlight
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read => Step::Show,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_try_can_change_is_offered_to_be_tried_again() {
        for (state, code, expected) in [
            (MessageState::Failed, "131026", Step::OtherChannel),
            (MessageState::Failed, "131049", Step::Later { hours: 12 }),
            (MessageState::Failed, "http_503", Step::Retry),
            (MessageState::Failed, "132000", Step::Template),
            (MessageState::Failed, "999999", Step::Export),
            (MessageState::Unknown, "silence", Step::Decide),
            (MessageState::Unknown, "worker_lost", Step::Decide),
            (MessageState::Expired, "deadline", Step::Retry),
            (MessageState::Skipped, "duplicate", Step::Show),
            (MessageState::Cancelled, "cancelled", Step::Write),
            (MessageState::Cancelled, "after_hours", Step::Write),
            (MessageState::Cancelled, "workshop_moved", Step::Write),
            (MessageState::Cancelled, "workshop_cancelled", Step::Show),
            (MessageState::Failed, "f2s_416", Step::Retry),
            (MessageState::Failed, "f2s_995", Step::Retry),
            (MessageState::Failed, "f2s_424", Step::Template),
            (MessageState::Unknown, "f2s_424", Step::Decide),
            (MessageState::Skipped, "f2s_424", Step::Show),
            (MessageState::Failed, "rejected", Step::Export),
            (MessageState::Failed, "blocked", Step::Export),
            (MessageState::Failed, "dnd", Step::Export),
        ] {
            assert_eq!(of(state, &Reason::from(code)).step, expected, "{state} {code}");
        }
    }

    #[test]
    fn a_code_is_shown_as_the_provider_writes_it() {
        let why = of(MessageState::Failed, &Reason::from("f2s_406"));
        assert_eq!(why.title, "Sender id refused");
        assert!(why.note.starts_with("406 · "), "{}", why.note);
    }
}
