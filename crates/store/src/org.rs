//! The handle of a member in one organisation. Every tenant query is a method of it, in the file of its table.

use std::{sync::Arc, time::Duration};

use domain::{
    ids::{OrganizationId, UserId},
    role::{Permission, Role},
};
use uuid::Uuid;

use crate::{db::Db, error::StoreError, figures::Figures, scan_permits::ScanPermits};

/// The user who asks, the organisation, and the user's role in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The organisation whose rows can be seen.
    pub organization: OrganizationId,
    /// The person; `None` for the command line.
    pub user: Option<UserId>,
    /// The name that is written beside what this actor does.
    pub name: String,
    /// What this actor may do.
    pub role: Role,
}

impl Actor {
    /// The person at the server's own command line, who may do everything.
    pub fn command_line(organization: OrganizationId) -> Actor {
        Actor { organization, user: None, name: "command line".to_owned(), role: Role::Admin }
    }
}

impl Actor {
    /// The program itself, where it goes on with what a member of that organisation began.
    pub fn program(organization: OrganizationId) -> Actor {
        Actor { organization, user: None, name: "Munadi".to_owned(), role: Role::Admin }
    }
}

/// Store calls of one actor.
#[derive(Clone, Debug)]
pub struct Org {
    pub(crate) db: Db,
    pub(crate) actor: Actor,
    pub(crate) scans: ScanPermits,
    pub(crate) figures: Arc<Figures>,
}

impl Org {
    /// Who calls.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same handle for one who reads much, such as an export: beside it pages and sending go on. At most
    /// [`SCANS_AT_ONCE`](crate::SCANS_AT_ONCE) are given out; the next one waits for one of them to be dropped.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after a wait of [`SCAN_WAIT`](crate::SCAN_WAIT).
    pub async fn scan_permit(&self) -> Result<Org, StoreError> {
        Ok(Org { scans: self.scans.begin().await?, ..self.in_the_background() })
    }

    /// The same handle on the connections of those who read much, for a short look that nobody waits for.
    pub(crate) fn in_the_background(&self) -> Org {
        Org { db: self.db.scan_permit(), ..self.clone() }
    }

    /// Rests in proportion to the work of the last stretch of an export; longer while messages go out.
    pub async fn yield_to_sending(&self, worked: Duration) {
        if self.scans.traffic.is_out() {
            tokio::time::sleep(self.scans.traffic.rest_after(worked)).await;
        }
    }

    /// The organisation's id as it is bound in queries.
    pub(crate) fn id(&self) -> Uuid {
        self.actor.organization.0
    }

    /// Refuses what the role does not allow; a second net below the pages.
    pub(crate) fn allow(&self, permission: Permission) -> Result<(), StoreError> {
        if self.actor.role.may(permission) { Ok(()) } else { Err(StoreError::Forbidden) }
    }
}
