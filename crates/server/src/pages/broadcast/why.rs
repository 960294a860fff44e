//! What the code of an ending means in our words, and what a person can do about it.

use domain::message::{MessageState, SkipReason};
use providers::codes::{self, NextAction};

/// Words for a cause.
pub(super) struct Why {
    /// A few words.
    pub(super) title: String,
    /// The code, and one sentence that helps.
    pub(super) note: String,
    /// What helps.
    pub(super) step: Step,
}

/// What a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Sending again can change the answer.
    Retry,
    /// Only a person knows whether it went out.
    Decide,
    /// The template has to be mended: the frozen one would be refused again.
    Template,
    /// Sending again cannot help: reach them another way.
    Export,
    /// Nothing is to be done.
    Show,
}

/// Codes of ours besides those of `providers::codes`.
const OURS: &[(&str, &str, &str, Step)] = &[
    (
        "worker_lost",
        "Program stopped during the call",
        "May have gone out. Never sent again by itself.",
        Step::Decide,
    ),
    (
        "panic",
        "Program failed during the call",
        "May have gone out. Never sent again by itself.",
        Step::Decide,
    ),
    ("decided_not_sent", "Did not go out", "Somebody looked and decided so.", Step::Retry),
    ("deadline", "Too late", "Its last useful moment passed before its turn.", Step::Retry),
    ("after_hours", "Hours ended", "The hours in which it may be sent ended before its turn.", Step::Show),
    ("cancelled", "Cancelled", "Not sent, as somebody asked.", Step::Show),
    ("paused_by_person", "Paused", "Somebody paused it.", Step::Show),
    ("account", "Account cannot be opened", "Look at the integration.", Step::Show),
    ("template", "Template cannot be read", "Look at the template.", Step::Show),
    ("content", "Values cannot be read", "Its planned values were damaged.", Step::Export),
    ("workshop_cancelled", "Workshop cancelled", "Not sent: the workshop does not take place.", Step::Show),
    ("workshop_moved", "Workshop moved", "Not sent: it would have told the old time.", Step::Show),
];

/// The words for a cause.
pub(super) fn of(state: MessageState, code: &str) -> Why {
    if let Some((_, title, note, step)) = OURS.iter().find(|(ours, ..)| *ours == code) {
        return Why { title: (*title).to_owned(), note: (*note).to_owned(), step: step_in(state, *step) };
    }
    if let Ok(skip) = code.parse::<SkipReason>() {
        return Why { title: skip.title().to_owned(), note: skip_note(skip).to_owned(), step: Step::Show };
    }
    if let Some(meaning) = codes::meaning(code) {
        let step = match meaning.action {
            // Once the account is mended, the same call has another answer.
            NextAction::Retry | NextAction::RetryLater { .. } | NextAction::PauseAccount => Step::Retry,
            NextAction::Resolve => Step::Decide,
            NextAction::FixTemplate => Step::Template,
            NextAction::SmsFallback
            | NextAction::SuppressMarketing
            | NextAction::Suppress
            | NextAction::None => Step::Export,
        };
        return Why {
            title: meaning.title.to_owned(),
            note: format!("{} · {}", shown(code), meaning.help),
            step: step_in(state, step),
        };
    }
    let title = if code.is_empty() { state.title().to_owned() } else { format!("Code {code}") };
    let note = if code.is_empty() {
        "No reason was given.".to_owned()
    } else {
        "The provider's own code.".to_owned()
    };
    Why { title, note, step: step_in(state, Step::Export) }
}

/// A code as the provider's own pages have it: ours has the provider before it where numbers would mean something else.
pub(super) fn shown(code: &str) -> &str {
    code.strip_prefix("f2s_").unwrap_or(code)
}

/// Whether sending again those that ended so can change anything.
pub(super) fn can_retry(state: MessageState, code: &str) -> bool {
    of(state, code).step == Step::Retry
}

/// The state decides first: what is unknown asks for a person, whatever the code says.
fn step_in(state: MessageState, step: Step) -> Step {
    match state {
        MessageState::Unknown => Step::Decide,
        MessageState::Expired => Step::Retry,
        MessageState::Failed if step == Step::Decide => Step::Export,
        MessageState::Failed => step,
        MessageState::Skipped
        | MessageState::Cancelled
        | MessageState::Waiting
        | MessageState::InFlight
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read => Step::Show,
    }
}

fn skip_note(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::NoPhone => "The registration has no number.",
        SkipReason::InvalidPhone => "This channel does not reach it. Correct the number if it is wrong.",
        SkipReason::Duplicate => "First registration kept.",
        SkipReason::Suppressed => "On the list of people who must not be contacted.",
        SkipReason::NoConsent => "Promotion needs consent.",
        SkipReason::BadValue => "A value of the template is empty or would be refused.",
        SkipReason::NotRegistered => "Cancelled or refunded after planning.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_try_can_change_is_offered_to_be_tried_again() {
        for (state, code, expected) in [
            (MessageState::Failed, "131026", Step::Export),
            (MessageState::Failed, "131049", Step::Retry),
            (MessageState::Failed, "http_503", Step::Retry),
            (MessageState::Failed, "132000", Step::Template),
            (MessageState::Failed, "999999", Step::Export),
            (MessageState::Unknown, "silence", Step::Decide),
            (MessageState::Unknown, "worker_lost", Step::Decide),
            (MessageState::Expired, "deadline", Step::Retry),
            (MessageState::Skipped, "duplicate", Step::Show),
            (MessageState::Cancelled, "cancelled", Step::Show),
            (MessageState::Cancelled, "after_hours", Step::Show),
            (MessageState::Failed, "f2s_416", Step::Retry),
            (MessageState::Failed, "f2s_995", Step::Retry),
            (MessageState::Failed, "f2s_424", Step::Template),
            (MessageState::Unknown, "f2s_424", Step::Decide),
            (MessageState::Skipped, "f2s_424", Step::Show),
            (MessageState::Failed, "rejected", Step::Export),
            (MessageState::Failed, "blocked", Step::Export),
            (MessageState::Failed, "dnd", Step::Export),
        ] {
            assert_eq!(of(state, code).step, expected, "{state} {code}");
        }
    }

    #[test]
    fn a_code_is_shown_as_the_provider_writes_it() {
        let why = of(MessageState::Failed, "f2s_406");
        assert_eq!(why.title, "Sender id refused");
        assert!(why.note.starts_with("406 · "), "{}", why.note);
    }
}
