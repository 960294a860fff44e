//! What happened to a message, in the line of its timeline.

use domain::event::EventKind;

use crate::ui::{chip::Tone, icons::Icon};

/// Colour, picture and title of an event.
pub fn event(kind: EventKind) -> (Tone, Icon, &'static str) {
    match kind {
        EventKind::Retry => (Tone::Act, Icon::Retry, "Will be tried again"),
        EventKind::HandedBack => (Tone::Rest, Icon::Wait, "Put back untried"),
        EventKind::Paused => (Tone::Act, Icon::Pause, "Stopped the broadcast; put back untried"),
        EventKind::Failed => (Tone::Fail, Icon::Error, "Failed"),
        EventKind::Expired => (Tone::Rest, Icon::Expired, "Expired"),
        EventKind::Unknown => (Tone::Act, Icon::Question, "Not known whether it went out"),
        EventKind::Decision => (Tone::Run, Icon::Person, "Decided by a person"),
    }
}
