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
    /// One import of a file.
    ImportId,
    /// A person who must not be contacted.
    SuppressionId,
    /// Something that a person agreed to.
    ConsentId,
    /// A template on one channel.
    TemplateId,
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
