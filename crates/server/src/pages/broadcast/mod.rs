//! The pages of a broadcast: the list of all, the page of one, the story of a message, actions and export.

pub mod actions;
pub mod again;
pub mod calls;
mod corrected;
pub mod export;
mod later;
pub mod list;
pub mod message;
pub mod page;
pub mod post;
pub mod recipients;
pub mod view;
mod why;

use domain::{broadcast::BroadcastStatus, ids::BroadcastId, message::MessageState};

use crate::ui::chip::State;

/// The address of a broadcast's page.
pub(crate) fn href(id: BroadcastId) -> String {
    format!("/broadcasts/{id}")
}

/// The chip of a broadcast's status.
pub(crate) fn status_chip(status: BroadcastStatus) -> State {
    match status {
        BroadcastStatus::Planning | BroadcastStatus::Scheduled => State::Scheduled,
        BroadcastStatus::InProgress => State::Sending,
        BroadcastStatus::Paused => State::Paused,
        BroadcastStatus::Completed => State::Completed,
        BroadcastStatus::Cancelled => State::Cancelled,
    }
}

/// The chip of a message's state.
pub(crate) fn state_chip(state: MessageState) -> State {
    match state {
        MessageState::Waiting => State::Waiting,
        MessageState::InFlight => State::InFlight,
        MessageState::Sent => State::HandedOver,
        MessageState::Delivered => State::Delivered,
        MessageState::Read => State::Read,
        MessageState::Failed => State::Failed,
        MessageState::Skipped => State::Skipped,
        MessageState::Expired => State::Expired,
        MessageState::Cancelled => State::Cancelled,
        MessageState::Unknown => State::Unknown,
    }
}
