//! A type per kind of id, so that a workshop's cannot be passed where a broadcast's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Millis;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id of nothing.
            pub const NIL: Self = Self(Uuid::nil());

            /// A new id. Ids sort by `now`, so that inserts stay local in an index.
            pub fn new(now: Millis) -> Self {
                Self(uuid_at(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }
    )+};
}

/// A UUIDv7 of the given instant; its random part comes from the operating system.
fn uuid_at(now: Millis) -> Uuid {
    let ms = now.0.max(0).unsigned_abs();
    let seconds = ms / 1000;
    let nanos = u32::try_from(ms % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

ids! {
    /// A tenant.
    OrganizationId,
    /// A person who signs in.
    UserId,
    /// A signed-in browser.
    SessionId,
    /// A link that lets somebody in once: set-up, invitation, sign-in.
    AccessLinkId,
    /// A workshop.
    WorkshopId,
    /// A tag on workshops.
    TagId,
    /// A person known to an organisation.
    LeadId,
    /// A lead's place in a workshop.
    RegistrantId,
    /// A group on a messenger, to which one message goes for all of its members.
    GroupId,
    /// One import of a file.
    ImportId,
    /// A person who must not be contacted.
    SuppressionId,
    /// Something that a person agreed to.
    ConsentId,
    /// Something that was told to members because it needs one of them.
    AlertId,
    /// A short link with a name.
    LinkId,
    /// A recording that calls play.
    RecordingId,
    /// A template on one channel.
    TemplateId,
    /// A sequence of steps around a workshop.
    SequenceId,
    /// A step in the plan of one workshop.
    PlanRowId,
    /// One play of a workshop's plan on the stand-ins.
    RehearsalId,
    /// A connected provider account.
    IntegrationId,
    /// One send of one template to many recipients.
    BroadcastId,
    /// Something a provider told us about a message.
    ReceiptId,
    /// One run of a process that may send; a restart is another worker. Serves as the fence of its claims.
    WorkerId,
    /// An entry of the audit log.
    AuditId,
}

/// A message: its broadcast and its place in the plan, counted from 1. No two messages share one, and no id column is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageRef {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// Place in the plan, from 1.
    pub position: i64,
}

impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.broadcast, self.position)
    }
}

/// The messages of one call: neighbours in the plan, from the first to the last. Sent along where a provider echoes what it
/// gets, as `<broadcast>.<first>.<last>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageSpan {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// Place of the first in the plan, from 1.
    pub first: i64,
    /// Place of the last; the first again for a single one.
    pub last: i64,
}

impl MessageSpan {
    /// Whether a place lies in it.
    pub fn holds(&self, position: i64) -> bool {
        (self.first..=self.last).contains(&position)
    }
}

impl From<MessageRef> for MessageSpan {
    fn from(one: MessageRef) -> MessageSpan {
        MessageSpan { broadcast: one.broadcast, first: one.position, last: one.position }
    }
}

impl fmt::Display for MessageSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.broadcast.0.simple(), self.first, self.last)
    }
}

impl FromStr for MessageSpan {
    type Err = crate::UnknownWord;

    fn from_str(text: &str) -> Result<MessageSpan, crate::UnknownWord> {
        let read = || {
            let (broadcast, places) = text.split_once('.')?;
            let (first, last) = places.split_once('.')?;
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            let broadcast = BroadcastId(Uuid::try_parse(broadcast).ok()?);
            (1 <= first && first <= last).then_some(MessageSpan { broadcast, first, last })
        };
        read().ok_or_else(|| crate::UnknownWord { what: "span of messages", word: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_back_as_it_was_written() {
        let broadcast = BroadcastId::new(Millis(1_767_240_000_000));
        let span = MessageSpan { broadcast, first: 7, last: 106 };
        assert_eq!(span.to_string().parse(), Ok(span));
        assert!(span.to_string().len() < 64 && span.holds(7) && span.holds(106) && !span.holds(107));
        let one = MessageSpan::from(MessageRef { broadcast, position: 7 });
        assert_eq!((one.first, one.last), (7, 7));
        let id = broadcast.0.simple();
        for wrong in [
            "",
            "msg_1",
            &format!("{id}.7"),
            &format!("{id}.8.7"),
            &format!("{id}.0.7"),
            &format!("{id}.7.7.7"),
        ] {
            assert!(wrong.parse::<MessageSpan>().is_err(), "{wrong}");
        }
    }
}
