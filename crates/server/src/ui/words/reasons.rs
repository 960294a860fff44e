//! Why people were excluded and messages ended, as far as the reason is ours. What a provider's code means stands with its vendor.

use domain::{message::SkipReason, reason::OwnReason};

/// The words for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// A few words for a list.
    pub title: &'static str,
    /// One sentence that helps the person who reads it.
    pub note: &'static str,
}

/// Why a person was excluded.
pub fn excluded(reason: SkipReason) -> Words {
    let (title, note) = match reason {
        SkipReason::NoPhone => ("No phone number", "The registration has no number."),
        SkipReason::InvalidPhone => {
            ("Number cannot be reached", "This channel does not reach it. Correct the number if it is wrong.")
        }
        SkipReason::Landline => ("Landline", "It can be called, and gets no WhatsApp and no SMS."),
        SkipReason::Duplicate => ("Same number twice", "First registration kept."),
        SkipReason::Suppressed => ("Opted out", "On the list of people who must not be contacted."),
        SkipReason::NoConsent => ("No consent", "Promotion needs consent."),
        SkipReason::BadValue => {
            ("A value is missing", "A value of the template is empty or would be refused.")
        }
        SkipReason::NotRegistered => ("No longer registered", "Cancelled or refunded after planning."),
        SkipReason::ReachedBefore => {
            ("Reached by an earlier rung", "Something proved it after this rung was planned.")
        }
        SkipReason::PersonCap => {
            ("Over the limit per person", "The reach ladder may not cost more for them.")
        }
        SkipReason::LadderCap => ("Over the limit in all", "The reach ladder may not cost more."),
    };
    Words { title, note }
}

/// What Munadi itself states.
pub fn own(reason: OwnReason) -> Words {
    const IN_DOUBT: &str = "May have gone out. Never sent again by itself.";
    let (title, note) = match reason {
        OwnReason::WorkerLost => ("Program stopped during the call", IN_DOUBT),
        OwnReason::WorkerLate => ("Program held up before the call", IN_DOUBT),
        OwnReason::Panic => ("Program failed during the call", IN_DOUBT),
        OwnReason::DecidedNotSent => ("Did not go out", "Somebody looked and decided so."),
        OwnReason::Deadline => ("Too late", "Its last useful moment passed before its turn."),
        OwnReason::AfterHours => ("Hours ended", "The hours in which it may be sent ended before its turn."),
        OwnReason::Gap => {
            ("Waits for a gap", "This number had another message less than two minutes before.")
        }
        OwnReason::RungWait => ("Waits for a receipt", "The message before has some minutes to be proven."),
        OwnReason::HandedBack => ("Put back untried", "No call was made for it."),
        OwnReason::Content => ("Values cannot be read", "Its planned values were damaged."),
        OwnReason::Template => ("Template cannot be read", "Look at the template."),
        OwnReason::Account => ("Account cannot be opened", "Look at the integration."),
        OwnReason::Cancelled => ("Cancelled", "Not sent, as somebody asked."),
        OwnReason::PausedByPerson => ("Paused", "Somebody paused it."),
        OwnReason::WorkshopCancelled => ("Workshop cancelled", "Not sent: the workshop does not take place."),
        OwnReason::CannotPost => ("Could not be posted", "Whoever was to post it by hand could not."),
        OwnReason::PlanChanged => ("Plan changed", "Not sent: its step was changed before it began."),
        OwnReason::WorkshopMoved => ("Workshop moved", "Not sent: it would have told the old time."),
    };
    Words { title, note }
}
