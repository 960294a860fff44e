//! A broadcast's states, and the one function that knows the legal moves.

use crate::ids::{GroupId, RegistrantId};

crate::text_enum! {
    /// The stage of a broadcast, from its confirmation to its end.
    BroadcastStatus, "broadcast status" {
        /// Confirmed; its recipients are being written down.
        Planning = "planning",
        /// Planned; waits for its moment.
        Scheduled = "scheduled",
        /// Messages are being sent.
        InProgress = "in_progress",
        /// Stopped with a reason; untried rows keep waiting.
        Paused = "paused",
        /// No row is waiting or in flight.
        Completed = "completed",
        /// Ended by a person; rows not yet tried are cancelled.
        Cancelled = "cancelled",
    }
}

/// To whom a message goes. Of one broadcast, nobody gets two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Addressee {
    /// A person who is registered for the workshop.
    Registrant(RegistrantId),
    /// A group, which reads one message together.
    Group(GroupId),
}

impl Addressee {
    /// The registration, where it is a person's.
    pub fn registrant(self) -> Option<RegistrantId> {
        match self {
            Addressee::Registrant(id) => Some(id),
            Addressee::Group(_) => None,
        }
    }

    /// The group, where it is one.
    pub fn group(self) -> Option<GroupId> {
        match self {
            Addressee::Registrant(_) => None,
            Addressee::Group(id) => Some(id),
        }
    }
}

/// Something that happens to a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The last recipient was written down.
    Planned,
    /// The broadcast's start has come.
    Start,
    /// A person or the engine stops it.
    Pause,
    /// A person lets it go on.
    Resume,
    /// A person cancels what still waits.
    Cancel,
    /// No row is waiting or in flight.
    Complete,
    /// A person puts rows back into the queue.
    Reopen,
}

impl BroadcastStatus {
    /// Where that move leads; `None` when it is not legal. No other code decides this.
    pub fn after(self, happened: Move) -> Option<BroadcastStatus> {
        use BroadcastStatus::{Cancelled, Completed, InProgress, Paused, Planning, Scheduled};
        match (self, happened) {
            (Planning, Move::Planned) => Some(Scheduled),
            (Scheduled, Move::Start) => Some(InProgress),
            (Scheduled | InProgress, Move::Pause) => Some(Paused),
            // The engine starts it again when its moment has come.
            (Paused, Move::Resume) => Some(Scheduled),
            (Planning | Scheduled | InProgress | Paused, Move::Cancel) => Some(Cancelled),
            // Scheduled: nobody was left to send to. Paused: everything expired meanwhile.
            (Scheduled | InProgress | Paused, Move::Complete) => Some(Completed),
            (Completed | Cancelled, Move::Reopen) => Some(Scheduled),
            (Scheduled | InProgress | Paused, Move::Reopen) => Some(self),
            (Planning, Move::Start | Move::Pause | Move::Resume | Move::Complete | Move::Reopen)
            | (Scheduled, Move::Planned | Move::Resume)
            | (InProgress, Move::Planned | Move::Start | Move::Resume)
            | (Paused, Move::Planned | Move::Start | Move::Pause)
            | (
                Completed,
                Move::Planned | Move::Start | Move::Pause | Move::Resume | Move::Cancel | Move::Complete,
            )
            | (
                Cancelled,
                Move::Planned | Move::Start | Move::Pause | Move::Resume | Move::Cancel | Move::Complete,
            ) => None,
        }
    }

    /// The statuses from which `happened` is legal; for conditional updates in the store.
    pub fn before(happened: Move) -> Vec<BroadcastStatus> {
        Self::ALL.iter().copied().filter(|status| status.after(happened).is_some()).collect()
    }

    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            BroadcastStatus::Planning => "Preparing",
            BroadcastStatus::Scheduled => "Scheduled",
            BroadcastStatus::InProgress => "Sending",
            BroadcastStatus::Paused => "Paused",
            BroadcastStatus::Completed => "Sent",
            BroadcastStatus::Cancelled => "Cancelled",
        }
    }
}

pub use crate::told::Audience;

/// How long a launch can be taken back, in milliseconds. Nothing is sent before it is over.
pub const UNDO_MS: i64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_whose_plan_is_unfinished_is_never_completed() {
        assert_eq!(BroadcastStatus::Planning.after(Move::Complete), None);
        assert_eq!(BroadcastStatus::Cancelled.after(Move::Complete), None);
    }

    #[test]
    fn what_has_ended_can_only_be_reopened() {
        for ended in [BroadcastStatus::Completed, BroadcastStatus::Cancelled] {
            for happened in [Move::Planned, Move::Start, Move::Pause, Move::Resume, Move::Complete] {
                assert_eq!(ended.after(happened), None);
            }
        }
    }
}
