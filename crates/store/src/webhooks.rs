//! Addresses to which a form or a shop posts registrations of a workshop, one at a time.

use domain::{
    ids::{ImportId, OrganizationId, WorkshopId},
    role::Permission,
    time::Millis,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{Store, db::args, error::StoreError, org::Org};

/// What an import of posts is called.
const FILE_NAME: &str = "Webhook";

/// The address of a workshop, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The import that holds what came.
    pub import: ImportId,
    /// Who made the present address.
    pub made_by: String,
    /// When the address was made.
    pub made_at: Millis,
    /// Posts that came, to this address and those before it.
    pub posts: i64,
    /// When the last one came.
    pub last_at: Option<Millis>,
}

/// Registrations of a workshop that came by webhook and could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadRegistrations {
    /// The workshop of the webhook.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub workshop_title: String,
    /// The import that holds them.
    pub import: ImportId,
    /// The number of registrations that nobody has decided about.
    pub n: i64,
}

/// The organisation and workshop that a webhook's post belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookOwner {
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The workshop of the webhook.
    pub workshop: WorkshopId,
    /// The import that holds what comes.
    pub import: ImportId,
}

impl Store {
    /// The owner of the address whose secret has this hash. It is asked before anybody is signed in.
    pub async fn webhook_owner(&self, secret_hash: &str) -> Result<Option<WebhookOwner>, StoreError> {
        let found: Option<(Uuid, Uuid, Uuid)> = self
            .db
            .optional(
                "SELECT organization_id, workshop_id, import_id FROM webhooks WHERE secret_hash = $1",
                args![secret_hash],
            )
            .await?;
        Ok(found.map(|(organization, workshop, import)| WebhookOwner {
            organization: OrganizationId(organization),
            workshop: WorkshopId(workshop),
            import: ImportId(import),
        }))
    }
}

impl Org {
    /// The address of a workshop; none where none was made.
    pub async fn webhook(&self, workshop: WorkshopId) -> Result<Option<Webhook>, StoreError> {
        let found: Option<(Uuid, String, i64, i64, Option<i64>)> = self
            .db
            .optional(
                "SELECT import_id, made_by, made_at, posts, last_at FROM webhooks WHERE organization_id = $1 AND workshop_id = $2",
                args![self.id(), workshop.0],
            )
            .await?;
        Ok(found.map(|(import, made_by, made_at, posts, last_at)| Webhook {
            import: ImportId(import),
            made_by,
            made_at: Millis(made_at),
            posts,
            last_at: last_at.map(Millis),
        }))
    }

    /// Makes an address for a workshop, or another one instead of the one before, which then leads nowhere. `mapping`
    /// is how the importer keeps the cells of posts.
    pub async fn make_webhook(
        &self,
        workshop: WorkshopId,
        secret_hash: &str,
        mapping: &Value,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE webhooks SET secret_hash = $3, made_by = $4, made_at = $5 WHERE organization_id = $1 AND workshop_id = $2",
                args![self.id(), workshop.0, secret_hash, &self.actor.name, now],
            )
            .await?;
        if changed == 0 {
            let import = ImportId::new(now);
            let mapping = serde_json::to_string(mapping).unwrap_or_default();
            let made = tx
                .run(
                    "INSERT INTO imports (id, organization_id, workshop_id, file_name, file_path, state, mapping, summary, created_by,
                                          created_at, committed_at)
                     SELECT $2, w.organization_id, w.id, $4, '', 'committed', $5, 'null', $6, $7, $7
                     FROM workshops w WHERE w.organization_id = $1 AND w.id = $3",
                    args![self.id(), import.0, workshop.0, FILE_NAME, mapping, &self.actor.name, now],
                )
                .await?;
            if made == 0 {
                return Err(StoreError::Missing);
            }
            tx.run(
                "INSERT INTO webhooks (import_id, organization_id, workshop_id, secret_hash, made_by, made_at, posts)
                 VALUES ($1, $2, $3, $4, $5, $6, 0)",
                args![import.0, self.id(), workshop.0, secret_hash, &self.actor.name, now],
            )
            .await?;
        }
        self.note(&mut tx, "webhook.made", workshop, "", now).await?;
        tx.commit().await
    }

    /// Takes the address of a workshop away; whoever came by it stays.
    pub async fn remove_webhook(&self, workshop: WorkshopId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let gone = tx
            .run(
                "DELETE FROM webhooks WHERE organization_id = $1 AND workshop_id = $2",
                args![self.id(), workshop.0],
            )
            .await?;
        if gone == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "webhook.removed", workshop, "", now).await?;
        tx.commit().await
    }

    /// Registrations that came by addresses, could not be read and wait for a person; of workshops that are not over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn registrations_kept(&self, now: Millis) -> Result<Vec<UnreadRegistrations>, StoreError> {
        let rows: Vec<(Uuid, String, Uuid, i64)> = self
            .db
            .all(
                "SELECT w.id, w.title, h.import_id, COUNT(*) AS n
                 FROM webhooks h JOIN workshops w ON w.id = h.workshop_id
                 JOIN import_rows r ON r.import_id = h.import_id
                 WHERE h.organization_id = $1 AND w.ends_at > $2 AND w.status <> 'cancelled' AND r.decision IN ('open', 'wrong')
                 GROUP BY w.id, w.title, h.import_id ORDER BY w.id",
                args![self.id(), now],
            )
            .await?;
        let kept = |(workshop, workshop_title, import, n)| UnreadRegistrations {
            workshop: WorkshopId(workshop),
            workshop_title,
            import: ImportId(import),
            n,
        };
        Ok(rows.into_iter().map(kept).collect())
    }

    /// Counts a post; its number, from 1.
    pub async fn webhook_came(&self, import: ImportId, now: Millis) -> Result<i64, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let (n,): (i64,) = tx
            .one(
                "UPDATE webhooks SET posts = posts + 1, last_at = $3 WHERE organization_id = $1 AND import_id = $2 RETURNING posts",
                args![self.id(), import.0, now],
            )
            .await?;
        tx.commit().await?;
        Ok(n)
    }
}
