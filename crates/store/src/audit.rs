//! The audit log: who did what. It holds ids, and no number or text.

use domain::{
    ids::{AuditId, BroadcastId, IntegrationId, WorkshopId},
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::StoreError,
    org::Org,
};

/// One entry of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Id of the entry. A list goes on from here.
    pub id: AuditId,
    /// The name of the member who did it, or of the program.
    pub actor: String,
    /// The word of what was done, such as `broadcast.confirmed`.
    pub action: String,
    /// The id of what it was done to; may be empty.
    pub subject: String,
    /// Numbers and words that explain the entry.
    pub detail: String,
    /// When it was done.
    pub at: Millis,
}

/// A list of people that a member takes away as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    /// The registrants of a workshop.
    Registrants(WorkshopId),
    /// Registrants of a workshop and members of its groups, held against each other.
    Members(WorkshopId),
    /// The messages of a broadcast, each with its number.
    Messages(BroadcastId),
    /// Who must not be sent anything.
    OptedOut,
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    actor: String,
    action: String,
    subject: String,
    detail: String,
    at: i64,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> AuditEntry {
        let AuditRow { id, actor, action, subject, detail, at } = row;
        AuditEntry { id: AuditId(id), actor, action, subject, detail, at: Millis(at) }
    }
}

impl Org {
    /// Writes an entry in the transaction that does the thing.
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        action: &'static str,
        subject: impl ToString,
        detail: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        tx.run(
            "INSERT INTO audit_log (id, organization_id, actor, action, subject, detail, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![AuditId::new(now).0, self.id(), &self.actor.name, action, subject.to_string(), detail, now],
        )
        .await?;
        self.try_stuck_steps(tx, action, now).await
    }

    /// Writes down that a member sent one message outside every broadcast, to try an account, and how that ended.
    /// Neither number nor text is kept.
    pub async fn note_test_message(
        &self,
        integration: IntegrationId,
        ended: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        self.note(&mut tx, "integration.test_message", integration, ended, now).await?;
        tx.commit().await
    }

    /// Whether a provider took a test message of this organisation.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_tested(&self) -> Result<bool, StoreError> {
        let (tested,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM audit_log WHERE organization_id = $1 AND action = 'integration.test_message'
                                AND detail = 'accepted')",
                args![self.id()],
            )
            .await?;
        Ok(tested)
    }

    /// Records that a member exports a list. It is recorded before the first byte leaves, so that a download that
    /// breaks off is in the log too. `part` says that a filter was set; what it looked for may be a name or a number,
    /// and is not kept.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for whoever may not manage.
    pub async fn note_export(&self, what: Exported, part: bool, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let detail = if part { "those of a filter" } else { "all" };
        let mut tx = self.db.begin().await?;
        match what {
            Exported::Registrants(workshop) => {
                self.note(&mut tx, "registrants.exported", workshop, detail, now).await?;
            }
            Exported::Members(workshop) => {
                self.note(&mut tx, "members.exported", workshop, detail, now).await?;
            }
            Exported::Messages(broadcast) => {
                self.note(&mut tx, "broadcast.exported", broadcast, detail, now).await?;
            }
            Exported::OptedOut => self.note(&mut tx, "suppressions.exported", "", detail, now).await?,
        }
        tx.commit().await
    }

    /// The newest entries, newest first; `before` is the id of the last one seen.
    pub async fn audit_log(
        &self,
        before: Option<AuditId>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.allow(Permission::Manage)?;
        let rows: Vec<AuditRow> = self
            .db
            .all(
                "SELECT id, actor, action, subject, detail, at FROM audit_log
                 WHERE organization_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                args![self.id(), before.map_or(Uuid::max(), |id| id.0), limit],
            )
            .await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }
}
