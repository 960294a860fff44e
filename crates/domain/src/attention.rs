//! What needs a person now: matters that are derived from what stands in the store, and gone when they are settled.

use crate::{
    channel::Channel,
    ids::{BroadcastId, ImportId, IntegrationId, PlanRowId, WorkshopId},
    money::Money,
    reason::{OwnReason, Reason},
    sequence::{RowState, WhyNot},
    time::Millis,
};

/// The broadcast that a matter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AboutBroadcast {
    /// Id of the broadcast.
    pub id: BroadcastId,
    /// The account through which the broadcast is sent.
    pub account: IntegrationId,
    /// The word by which the program knows the account's vendor.
    pub account_kind: String,
    /// The broadcast's title in lists.
    pub title: String,
    /// The channel of the broadcast.
    pub channel: Channel,
    /// The workshop whose people get it.
    pub workshop: WorkshopId,
    /// The workshop's title.
    pub workshop_title: String,
}

/// The account that a matter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AboutAccount {
    /// Id of the account.
    pub id: IntegrationId,
    /// The organisation's name for it.
    pub name: String,
    /// The word by which the program knows the account's vendor.
    pub kind: String,
}

/// Something that needs a person now. Equal matters have equal [keys](Matter::key), however their numbers move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// All sending of the organisation is stopped.
    SendingStopped {
        /// The member who paused sending, by name.
        by: String,
        /// The moment at which it was paused.
        at: Millis,
        /// The messages of the organisation that wait.
        waiting: i64,
    },
    /// A member stopped an account.
    AccountStopped {
        /// The account that was stopped.
        account: AboutAccount,
        /// The member who stopped it, by name.
        by: String,
        /// The moment at which it was stopped.
        at: Millis,
        /// The messages that wait for the account.
        waiting: i64,
    },
    /// A broadcast is paused, by a person or by the engine.
    Paused {
        /// The broadcast that stands still.
        broadcast: AboutBroadcast,
        /// The reason for the pause.
        why: Reason,
        /// The provider's words, where its answer was the reason; may be empty.
        said: String,
        /// The member who paused the broadcast, by name; empty for the engine.
        by: String,
        /// The moment since which the broadcast is paused.
        at: Millis,
        /// The people whose messages wait.
        waiting: i64,
        /// The last useful moment of the broadcast.
        deadline: Millis,
    },
    /// A vendor refuses an account, or calls it not active.
    AccountRefused {
        /// The account that it is about.
        account: AboutAccount,
        /// The vendor's words for the refusal.
        said: String,
        /// The messages that wait for the account.
        waiting: i64,
    },
    /// The wallet holds less than what is planned will cost.
    WalletLow {
        /// The account that it is about.
        account: AboutAccount,
        /// The credit that is left in the wallet.
        balance: Money,
        /// What the waiting messages are expected to cost.
        needed: Money,
    },
    /// Not everybody has the message when the workshop begins.
    Late {
        /// The broadcast that it is about.
        broadcast: AboutBroadcast,
        /// The people whose messages still wait.
        waiting: i64,
        /// When the workshop begins, or began.
        starts_at: Millis,
        /// When the last of them would have the message, an estimate.
        done_at: Millis,
    },
    /// A provider takes no messages of an account for more than a moment. The program tries them again as long as they
    /// are of use.
    NotTaking {
        /// The account that it is about.
        account: AboutAccount,
        /// The messages that wait in the broadcasts whose messages the provider does not accept.
        waiting: i64,
        /// The earliest of the last useful moments of these broadcasts.
        deadline: Millis,
    },
    /// Posts wait for a linked account that cannot post now.
    AccountNotReady {
        /// The account that it is about.
        account: AboutAccount,
        /// The posts that wait for the account and are due within the hour or already.
        waiting: i64,
        /// The earliest of the last useful moments of these posts.
        deadline: Millis,
    },
    /// A post is due, and a person is to make it.
    PostDue {
        /// The broadcast that it is about.
        broadcast: AboutBroadcast,
        /// The member who was asked to post, by name.
        asked: String,
        /// The groups in which nobody has posted yet.
        waiting: i64,
        /// The last useful moment of the post.
        deadline: Millis,
    },
    /// Nobody knows whether messages went out.
    Unknown {
        /// The broadcast of the messages whose outcome is unknown.
        broadcast: AboutBroadcast,
        /// The number of these messages.
        n: i64,
    },
    /// An account was to report what became of messages, and reports nothing.
    ReceiptsSilent {
        /// The account that it is about.
        account: AboutAccount,
        /// Messages handed over and never reported.
        handed_over: i64,
        /// When the first of them was handed over.
        since: Millis,
    },
    /// A step of a workshop's plan does not go out: something stands or stood in its way, or its last useful moment
    /// passed.
    Step {
        /// Id of the row of the plan.
        row: PlanRowId,
        /// The step's name in the plan.
        name: String,
        /// The workshop of the plan.
        workshop: WorkshopId,
        /// The workshop's title.
        workshop_title: String,
        /// When the step is or was due; `None` where it follows each registration.
        due: Option<Millis>,
        /// The last useful moment of the step.
        until: Millis,
        /// The check or cause that stands in the step's way; the default where the step was missed.
        why: WhyNot,
        /// The words of the provider or account that refused; may be empty.
        said: String,
        /// Where the step stands: it is to come, it goes to those who register later, or it is over.
        state: RowState,
    },
    /// Providers posted what could not be read.
    NotUnderstood {
        /// The number of posts that could not be read.
        n: i64,
    },
    /// People were told a start of a workshop that does not hold any more, and nothing since.
    OldTime {
        /// Id of the workshop.
        workshop: WorkshopId,
        /// The workshop's title.
        workshop_title: String,
        /// The start that they were told.
        told: Millis,
        /// The start that the workshop has now.
        starts_at: Millis,
        /// The number of people who know only the old start.
        n: i64,
    },
    /// A form or a shop posted registrations that could not be read: nobody of them is told anything.
    Kept {
        /// The workshop of the registrations.
        workshop: WorkshopId,
        /// The workshop's title.
        workshop_title: String,
        /// The import that keeps the registrations.
        import: ImportId,
        /// The number of registrations that could not be read.
        n: i64,
    },
}

impl Matter {
    /// The name of the matter, for what is done once per matter. The code that sends alerts decides when an equal
    /// matter is new again.
    pub fn key(&self) -> String {
        match self {
            Matter::SendingStopped { at, .. } => format!("stopped {}", at.0),
            Matter::AccountStopped { account, at, .. } => format!("account_stopped {} {}", account.id, at.0),
            // Resumed and refused again for the same reason, it is the same matter.
            Matter::Paused { broadcast, why, .. } => format!("paused {} {why}", broadcast.id),
            Matter::AccountRefused { account, .. } => format!("account_refused {}", account.id),
            Matter::WalletLow { account, .. } => format!("wallet_low {}", account.id),
            Matter::Late { broadcast, starts_at, .. } => format!("late {} {}", broadcast.id, starts_at.0),
            Matter::NotTaking { account, .. } => format!("not_taking {}", account.id),
            Matter::AccountNotReady { account, .. } => format!("account_not_ready {}", account.id),
            Matter::PostDue { broadcast, .. } => format!("post_due {}", broadcast.id),
            Matter::Unknown { broadcast, .. } => format!("unknown {}", broadcast.id),
            Matter::ReceiptsSilent { account, since, .. } => {
                format!("receipts_silent {} {}", account.id, since.0)
            }
            Matter::Step { row, why, state, .. } => format!("step {row} {why} {state}"),
            Matter::NotUnderstood { .. } => "not_understood".to_owned(),
            Matter::OldTime { workshop, starts_at, .. } => format!("old_time {workshop} {}", starts_at.0),
            Matter::Kept { import, .. } => format!("kept {import}"),
        }
    }

    /// The account that it is about: nothing about it goes out through that one.
    pub fn account(&self) -> Option<IntegrationId> {
        match self {
            Matter::SendingStopped { .. }
            | Matter::Step { .. }
            | Matter::NotUnderstood { .. }
            | Matter::OldTime { .. }
            | Matter::Kept { .. } => None,
            Matter::AccountStopped { account, .. }
            | Matter::AccountRefused { account, .. }
            | Matter::WalletLow { account, .. }
            | Matter::NotTaking { account, .. }
            | Matter::AccountNotReady { account, .. }
            | Matter::ReceiptsSilent { account, .. } => Some(account.id),
            Matter::Paused { broadcast, .. }
            | Matter::Late { broadcast, .. }
            | Matter::PostDue { broadcast, .. }
            | Matter::Unknown { broadcast, .. } => Some(broadcast.account),
        }
    }

    /// Its number: people, messages or posts.
    pub fn count(&self) -> i64 {
        match self {
            Matter::SendingStopped { waiting, .. }
            | Matter::AccountStopped { waiting, .. }
            | Matter::Paused { waiting, .. }
            | Matter::AccountRefused { waiting, .. }
            | Matter::PostDue { waiting, .. }
            | Matter::NotTaking { waiting, .. }
            | Matter::AccountNotReady { waiting, .. }
            | Matter::Late { waiting, .. } => *waiting,
            Matter::Unknown { n, .. }
            | Matter::NotUnderstood { n }
            | Matter::OldTime { n, .. }
            | Matter::Kept { n, .. } => *n,
            Matter::ReceiptsSilent { handed_over, .. } => *handed_over,
            Matter::WalletLow { .. } | Matter::Step { .. } => 0,
        }
    }

    /// Whether somebody should hear of it at night as well: people wait, and wait in vain after a moment that is near.
    pub fn is_urgent(&self, now: Millis) -> bool {
        match self {
            Matter::Paused { deadline, waiting, why, .. } => {
                let own_decision = *why == Reason::Ours(OwnReason::PausedByPerson);
                *waiting > 0 && !own_decision && deadline.since(now) < URGENT_MS
            }
            Matter::NotTaking { deadline, .. } => deadline.since(now) < URGENT_MS,
            Matter::Late { .. } | Matter::PostDue { .. } | Matter::AccountNotReady { .. } => true,
            Matter::Step { due, until, .. } => {
                *until > now && due.is_none_or(|due| due.since(now) < URGENT_MS)
            }
            // People who were told a later start come too late, and people who were told an earlier one wait.
            Matter::OldTime { told, starts_at, .. } => (*told).min(*starts_at).since(now) < URGENT_MS,
            Matter::SendingStopped { .. }
            | Matter::AccountStopped { .. }
            | Matter::AccountRefused { .. }
            | Matter::WalletLow { .. }
            | Matter::Unknown { .. }
            | Matter::ReceiptsSilent { .. }
            | Matter::Kept { .. }
            | Matter::NotUnderstood { .. } => false,
        }
    }

    /// From when on it is worth telling outside the program. What a person decided is known to that person: it is told
    /// once it looks forgotten.
    pub fn told_from(&self) -> Millis {
        match self {
            Matter::SendingStopped { at, .. } | Matter::AccountStopped { at, .. } => at.plus(FORGOTTEN_MS),
            Matter::Paused { at, by, .. } if !by.is_empty() => at.plus(FORGOTTEN_MS),
            Matter::Paused { .. }
            | Matter::AccountRefused { .. }
            | Matter::WalletLow { .. }
            | Matter::Late { .. }
            | Matter::PostDue { .. }
            | Matter::NotTaking { .. }
            | Matter::AccountNotReady { .. }
            | Matter::Unknown { .. }
            | Matter::ReceiptsSilent { .. }
            | Matter::OldTime { .. }
            | Matter::Kept { .. }
            | Matter::Step { .. }
            | Matter::NotUnderstood { .. } => Millis(0),
        }
    }

    /// Its place in a list: what holds most people back soonest comes first.
    fn rank(&self) -> u8 {
        match self {
            Matter::SendingStopped { .. } => 0,
            Matter::Paused { .. } => 1,
            Matter::AccountStopped { .. } => 2,
            Matter::AccountRefused { .. } | Matter::NotTaking { .. } => 3,
            Matter::PostDue { .. } | Matter::AccountNotReady { .. } => 4,
            Matter::Late { .. } | Matter::Step { .. } | Matter::OldTime { .. } => 5,
            Matter::WalletLow { .. } => 6,
            Matter::Unknown { .. } | Matter::Kept { .. } => 7,
            Matter::ReceiptsSilent { .. } => 8,
            Matter::NotUnderstood { .. } => 9,
        }
    }
}

/// What a person stopped or paused looks forgotten after this time.
const FORGOTTEN_MS: i64 = 15 * crate::time::MINUTE;
/// A last useful moment nearer than this makes a paused broadcast urgent.
const URGENT_MS: i64 = 2 * crate::time::HOUR;

/// Matters in the order in which somebody should see to them.
pub fn in_order(mut matters: Vec<Matter>) -> Vec<Matter> {
    matters.sort_by_key(|matter| {
        let until = if let Matter::Paused { deadline, .. } = matter { deadline.0 } else { 0 };
        (matter.rank(), until, std::cmp::Reverse(matter.count()))
    });
    matters
}

/// The facts of a running or paused broadcast from which matters are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingBroadcast {
    /// The broadcast that it is about.
    pub broadcast: AboutBroadcast,
    /// The people whose messages still wait.
    pub waiting: i64,
    /// The start of the broadcast's workshop.
    pub workshop_starts_at: Millis,
    /// The last useful moment of the broadcast.
    pub deadline: Millis,
    /// When the last person would have the message, at the pace of the account.
    pub done_at: Millis,
}

impl OngoingBroadcast {
    /// The matter, when people would still wait at the workshop's start. A broadcast that was begun or planned to go on
    /// after the start, as a word of thanks is, is never late.
    pub fn late(&self, now: Millis) -> Option<Matter> {
        let start = self.workshop_starts_at;
        let before_start = now < start.plus(AFTER_START_MS) && self.deadline <= start.plus(AFTER_START_MS);
        (self.waiting > 0 && before_start && self.done_at > start).then(|| Matter::Late {
            broadcast: self.broadcast.clone(),
            waiting: self.waiting,
            starts_at: start,
            done_at: self.done_at,
        })
    }
}

/// A message that is of use until the workshop begins stays of use for so long after.
const AFTER_START_MS: i64 = 10 * crate::time::MINUTE;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::time::{HOUR, MINUTE};

    fn broadcast() -> AboutBroadcast {
        AboutBroadcast {
            id: BroadcastId(Uuid::from_u128(1)),
            account: IntegrationId(Uuid::from_u128(2)),
            account_kind: "vendor".into(),
            title: "Reminder today".into(),
            channel: Channel::Sms,
            workshop: WorkshopId(Uuid::from_u128(3)),
            workshop_title: "Excel".into(),
        }
    }

    fn going(start: i64, deadline: i64, done_at: i64) -> OngoingBroadcast {
        OngoingBroadcast {
            broadcast: broadcast(),
            waiting: 140,
            workshop_starts_at: Millis(start),
            deadline: Millis(deadline),
            done_at: Millis(done_at),
        }
    }

    #[test]
    fn what_would_not_be_done_when_the_workshop_begins_is_late_and_thanks_never_are() {
        let now = Millis(0);
        assert!(going(HOUR, HOUR + 10 * MINUTE, HOUR + MINUTE).late(now).is_some());
        assert!(going(HOUR, HOUR + 10 * MINUTE, HOUR - MINUTE).late(now).is_none(), "done in time");
        assert!(going(-HOUR, HOUR, HOUR).late(now).is_none(), "sent after the workshop");
        assert!(going(HOUR, 5 * HOUR, 2 * HOUR).late(now).is_none(), "of use long after the start");
    }

    #[test]
    fn a_matter_keeps_its_key_while_its_number_moves_and_when_it_is_back_and_another_reason_is_another_matter()
     {
        let paused_for = |code: &str, at: i64, waiting| Matter::Paused {
            broadcast: broadcast(),
            why: Reason::from(code),
            said: String::new(),
            by: String::new(),
            at: Millis(at),
            waiting,
            deadline: Millis(HOUR),
        };
        let paused = |at, waiting| paused_for("http_402", at, waiting);
        assert_eq!(paused(1, 140).key(), paused(1, 12).key());
        assert_eq!(paused(1, 140).key(), paused(2, 140).key(), "resumed, and refused again");
        assert_ne!(paused(1, 140).key(), paused_for("http_401", 1, 140).key());
        assert!(paused(1, 140).is_urgent(Millis(0)));
        assert!(!paused(1, 0).is_urgent(Millis(0)));
    }

    #[test]
    fn what_a_person_paused_is_told_when_it_looks_forgotten_and_everything_else_at_once() {
        let paused = |by: &str| Matter::Paused {
            broadcast: broadcast(),
            why: Reason::from("http_402"),
            said: String::new(),
            by: by.into(),
            at: Millis(HOUR),
            waiting: 140,
            deadline: Millis(9 * HOUR),
        };
        assert_eq!(paused("Meera").told_from(), Millis(HOUR + 15 * MINUTE));
        assert_eq!(paused("").told_from(), Millis(0));
    }

    #[test]
    fn what_stops_everything_is_listed_first() {
        let unknown = Matter::Unknown { broadcast: broadcast(), n: 2 };
        let stopped = Matter::SendingStopped { by: "Meera".into(), at: Millis(0), waiting: 3 };
        assert_eq!(in_order(vec![unknown.clone(), stopped.clone()]), vec![stopped, unknown]);
    }
}
