//! Short links with a name, and how many opened their own: what a member sees and changes.

use domain::{
    ids::{LinkId, RegistrantId, WorkshopId},
    link::LinkName,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// A short link with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLink {
    /// Id of the link.
    pub id: LinkId,
    /// The last part of the link's address, unique on the host.
    pub name: LinkName,
    /// The address that the link leads to now.
    pub target: String,
    /// How often people opened the link.
    pub opens: i64,
    /// When it was last opened; `None` before the first time.
    pub opened_at: Option<Millis>,
    /// The member who made the link, by name.
    pub created_by: String,
    /// When the target was last set.
    pub changed_at: Millis,
}

/// How a registrant's own link was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnLinkUse {
    /// When it was opened first; `None` while it was not.
    pub opened_at: Option<Millis>,
    /// How often it was opened.
    pub opens: i64,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    id: Uuid,
    name: String,
    target: String,
    opens: i64,
    opened_at: Option<i64>,
    created_by: String,
    changed_at: i64,
}

impl From<LinkRow> for NamedLink {
    fn from(row: LinkRow) -> NamedLink {
        NamedLink {
            id: LinkId(row.id),
            name: LinkName::stored(row.name),
            target: row.target,
            opens: row.opens,
            opened_at: row.opened_at.map(Millis),
            created_by: row.created_by,
            changed_at: Millis(row.changed_at),
        }
    }
}

/// Most named links of an organisation.
const LINKS_MAX: i64 = 500;

impl Org {
    /// The organisation's named links, by name.
    pub async fn named_links(&self) -> Result<Vec<NamedLink>, StoreError> {
        let rows: Vec<LinkRow> = self
            .db
            .all(
                "SELECT id, name, target, opens, opened_at, created_by, changed_at FROM named_links
                 WHERE organization_id = $1 AND removed_at IS NULL ORDER BY name LIMIT $2",
                args![self.id(), LINKS_MAX],
            )
            .await?;
        Ok(rows.into_iter().map(NamedLink::from).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn named_link(&self, id: LinkId) -> Result<NamedLink, StoreError> {
        let row: Option<LinkRow> = self
            .db
            .optional(
                "SELECT id, name, target, opens, opened_at, created_by, changed_at FROM named_links
                 WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL",
                args![self.id(), id.0],
            )
            .await?;
        row.map(NamedLink::from).ok_or(StoreError::Missing)
    }

    /// Makes a named link, or one of this organisation's again that was removed; `None` when the name is taken.
    pub async fn add_named_link(
        &self,
        name: &LinkName,
        target: &str,
        now: Millis,
    ) -> Result<Option<LinkId>, StoreError> {
        self.allow(Permission::Manage)?;
        let id = LinkId::new(now);
        let mut tx = self.db.begin().await?;
        let made: Option<(Uuid,)> = tx
            .optional(
                "INSERT INTO named_links (id, organization_id, name, target, created_by, created_at, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6)
                 ON CONFLICT (name) DO UPDATE SET target = excluded.target, removed_at = NULL, changed_at = excluded.changed_at
                 WHERE named_links.organization_id = excluded.organization_id AND named_links.removed_at IS NOT NULL
                 RETURNING id",
                args![id.0, self.id(), name.as_str(), target, &self.actor.name, now],
            )
            .await?;
        let Some((id,)) = made else { return Ok(None) };
        self.note(&mut tx, "link.added", id, name.as_str(), now).await?;
        tx.commit().await?;
        Ok(Some(LinkId(id)))
    }

    /// Lets a named link lead elsewhere from now on, wherever it stands already.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn change_named_link(&self, id: LinkId, target: &str, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE named_links SET target = $3, changed_at = $4
                 WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL",
                args![self.id(), id.0, target, now],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "link.changed", id, "", now).await?;
        tx.commit().await
    }

    /// Ends a named link: whoever opens it is told that it is no longer used. Nobody else gets its name.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn remove_named_link(&self, id: LinkId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE named_links SET removed_at = $3 WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL",
                args![self.id(), id.0, now],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "link.removed", id, "", now).await?;
        tx.commit().await
    }

    /// How many of a workshop's people were given a link of their own, and how many opened it.
    pub async fn own_links(&self, workshop: WorkshopId) -> Result<(i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(*), COUNT(opened_at) FROM join_links WHERE organization_id = $1 AND workshop_id = $2",
                args![self.id(), workshop.0],
            )
            .await
    }

    /// How a registrant's own link was used; `None` when they were given none.
    pub async fn own_link(
        &self,
        workshop: WorkshopId,
        registrant: RegistrantId,
    ) -> Result<Option<OwnLinkUse>, StoreError> {
        let row: Option<(Option<i64>, i64)> = self
            .db
            .optional(
                "SELECT opened_at, opens FROM join_links WHERE organization_id = $1 AND workshop_id = $2 AND registrant_id = $3",
                args![self.id(), workshop.0, registrant.0],
            )
            .await?;
        Ok(row.map(|(opened_at, opens)| OwnLinkUse { opened_at: opened_at.map(Millis), opens }))
    }
}
