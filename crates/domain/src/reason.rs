//! Why a message or a broadcast stands where it does: our own causes, a rule that excluded the person, or the provider's code.

use std::{convert::Infallible, fmt, str::FromStr};

use crate::message::SkipReason;

crate::text_enum! {
    /// A cause that Munadi itself states.
    OwnReason, "reason" {
        /// The process stopped while the call was under way; it may have gone out.
        WorkerLost = "worker_lost",
        /// The process was held up before the call, and others may have given it up.
        WorkerLate = "worker_late",
        /// The program failed during the call; it may have gone out.
        Panic = "panic",
        /// A person looked at an unknown message and said that it did not go out.
        DecidedNotSent = "decided_not_sent",
        /// The last useful moment passed.
        Deadline = "deadline",
        /// The hours in which it may be sent ended.
        AfterHours = "after_hours",
        /// The number had another message a moment before.
        Gap = "gap",
        /// The rung before has some minutes to be proven.
        RungWait = "rung_wait",
        /// The message was put back before any call.
        HandedBack = "handed_back",
        /// The planned values cannot be read.
        Content = "content",
        /// The frozen template cannot be read.
        Template = "template",
        /// The account cannot be opened.
        Account = "account",
        /// A person cancelled the broadcast.
        Cancelled = "cancelled",
        /// A person paused the broadcast.
        PausedByPerson = "paused_by_person",
        /// The workshop was cancelled, so its messages are of no use.
        WorkshopCancelled = "workshop_cancelled",
        /// A person was to post it by hand, and could not.
        CannotPost = "cannot_post",
        /// The workshop was moved, and the message would tell the old time.
        WorkshopMoved = "workshop_moved",
        /// The workshop's plan was changed before the step began.
        PlanChanged = "plan_changed",
    }
}

impl From<OwnReason> for String {
    fn from(reason: OwnReason) -> String {
        reason.word().to_owned()
    }
}

/// Why a message or a broadcast stands where it does. Equal endings are grouped by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is nothing to explain.
    #[default]
    None,
    /// A cause that Munadi states.
    Ours(OwnReason),
    /// The person was excluded before any call.
    Excluded(SkipReason),
    /// The provider's code, as its adapter groups it: `131026`, `f2s_411`, `http_503`.
    Provider(String),
}

impl Reason {
    /// The code as it is stored and as it stands in addresses; empty for [`Reason::None`].
    pub fn code(&self) -> &str {
        match self {
            Reason::None => "",
            Reason::Ours(reason) => reason.word(),
            Reason::Excluded(reason) => reason.word(),
            Reason::Provider(code) => code,
        }
    }

    /// Whether there is nothing to explain.
    pub fn is_none(&self) -> bool {
        matches!(self, Reason::None)
    }
}

impl From<&str> for Reason {
    fn from(code: &str) -> Reason {
        if code.is_empty() {
            return Reason::None;
        }
        if let Ok(reason) = code.parse() {
            return Reason::Ours(reason);
        }
        code.parse().map_or_else(|_| Reason::Provider(code.to_owned()), Reason::Excluded)
    }
}

impl From<OwnReason> for Reason {
    fn from(reason: OwnReason) -> Reason {
        Reason::Ours(reason)
    }
}

impl From<SkipReason> for Reason {
    fn from(reason: SkipReason) -> Reason {
        Reason::Excluded(reason)
    }
}

/// Every text is a code: what is not ours is a provider's.
impl FromStr for Reason {
    type Err = Infallible;
    fn from_str(code: &str) -> Result<Reason, Infallible> {
        Ok(Reason::from(code))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialEq<&str> for Reason {
    fn eq(&self, code: &&str) -> bool {
        self.code() == *code
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_as_what_it_was_written_for() {
        let ours = OwnReason::ALL.iter().map(|reason| Reason::Ours(*reason));
        let excluded = SkipReason::ALL.iter().map(|reason| Reason::Excluded(*reason));
        let others = [Reason::None, Reason::Provider("131026".into())];
        for reason in ours.chain(excluded).chain(others) {
            assert_eq!(Reason::from(reason.code()), reason);
        }
    }
}
