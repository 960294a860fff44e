//! What happens to a message besides the straight way: tries that were put back, doubts, a person's decisions.

use crate::message::Next;

crate::text_enum! {
    /// What happened. The store writes these words and screens read them.
    EventKind, "kind of event" {
        /// A call proved nothing and may work later: the message waits for another try. (The word is older than the type.)
        Retry = "waiting",
        /// No call was made: the message waits again with the same number of tries.
        HandedBack = "handed_back",
        /// The answer stopped the whole broadcast: the message waits until somebody resumes it.
        Paused = "paused",
        /// The provider refused it, or the tries were used up.
        Failed = "failed",
        /// The last useful moment passed before another try.
        Expired = "expired",
        /// Nobody knows whether it went out.
        Unknown = "unknown",
        /// A person said what became of it.
        Decision = "decision",
    }
}

impl EventKind {
    /// What the end of an attempt is written down as; `None` for the straight way, which the message itself tells.
    pub fn of(next: &Next) -> Option<EventKind> {
        match next {
            Next::Sent { .. } => None,
            Next::Failed(_) => Some(EventKind::Failed),
            Next::Waiting { .. } => Some(EventKind::Retry),
            Next::HandBack { .. } => Some(EventKind::HandedBack),
            Next::Pause(_) => Some(EventKind::Paused),
            Next::Expired(_) => Some(EventKind::Expired),
            Next::Unknown(_) => Some(EventKind::Unknown),
        }
    }
}
