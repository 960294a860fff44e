//! Templates of an organisation. What they say is the channel's business: here it is one JSON text.

use domain::{channel::Channel, ids::TemplateId, role::Permission, time::Millis, told::Purpose};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, json, word},
    org::Org,
};

/// A template.
#[derive(Clone, Debug)]
pub struct Template {
    /// Which.
    pub id: TemplateId,
    /// On which channel.
    pub channel: Channel,
    /// The organisation's name for it, unique per channel.
    pub name: String,
    /// The channel's own description, such as `domain::whatsapp::WhatsappTemplate`.
    pub body: Value,
    /// What it is for.
    pub purpose: Purpose,
    /// How long before the workshop's start it usually goes out, in minutes; 0 where nothing is usual.
    pub lead_minutes: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Millis,
}

#[derive(sqlx::FromRow)]
struct TemplateRow {
    id: Uuid,
    channel: String,
    name: String,
    body: String,
    purpose: String,
    lead_minutes: i64,
    created_by: String,
    created_at: i64,
}

impl TryFrom<TemplateRow> for Template {
    type Error = StoreError;
    fn try_from(row: TemplateRow) -> Result<Template, StoreError> {
        Ok(Template {
            id: TemplateId(row.id),
            channel: word("templates", "channel", &row.channel)?,
            name: row.name,
            body: json("templates", "body", &row.body)?,
            purpose: Purpose::stored(row.purpose),
            lead_minutes: row.lead_minutes,
            created_by: row.created_by,
            created_at: Millis(row.created_at),
        })
    }
}

impl Org {
    /// Templates of a channel, by name.
    pub async fn templates(&self, channel: Channel) -> Result<Vec<Template>, StoreError> {
        let rows: Vec<TemplateRow> = self
            .db
            .all(
                "SELECT id, channel, name, body, purpose, lead_minutes, created_by, created_at FROM templates
                 WHERE organization_id = $1 AND channel = $2 AND removed_at IS NULL ORDER BY name",
                args![self.id(), channel.word()],
            )
            .await?;
        rows.into_iter().map(Template::try_from).collect()
    }

    /// One template.
    pub async fn template(&self, id: TemplateId) -> Result<Template, StoreError> {
        let row: Option<TemplateRow> = self
            .db
            .optional(
                "SELECT id, channel, name, body, purpose, lead_minutes, created_by, created_at FROM templates
                 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id()],
            )
            .await?;
        row.ok_or(StoreError::Missing)?.try_into()
    }

    /// Adds a template; [`StoreError::Taken`] when the name is in use on that channel.
    pub async fn add_template(
        &self,
        channel: Channel,
        name: &str,
        body: &Value,
        now: Millis,
    ) -> Result<TemplateId, StoreError> {
        self.allow(Permission::Manage)?;
        let id = TemplateId::new(now);
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO templates (id, organization_id, channel, name, body, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![id.0, self.id(), channel.word(), name, body.to_string(), &self.actor.name, now],
        )
        .await?;
        self.note(&mut tx, "template.added", id, channel.word(), now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a template. Broadcasts already confirmed keep theirs.
    pub async fn update_template(
        &self,
        id: TemplateId,
        name: &str,
        body: &Value,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE templates SET name = $3, body = $4 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id(), name, body.to_string()],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "template.changed", id, "", now).await?;
        tx.commit().await
    }

    /// Says what a template is for, and how long before the start it usually goes out. Broadcasts already confirmed keep theirs.
    pub async fn set_purpose(
        &self,
        id: TemplateId,
        purpose: &Purpose,
        lead_minutes: i64,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE templates SET purpose = $3, lead_minutes = $4
                 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL AND (purpose <> $3 OR lead_minutes <> $4)",
                args![id.0, self.id(), purpose.word(), lead_minutes],
            )
            .await?;
        if touched > 0 {
            self.note(&mut tx, "template.purpose", id, purpose.word(), now).await?;
        }
        tx.commit().await
    }

    /// Takes a template out of the lists. Broadcasts already confirmed keep theirs.
    pub async fn remove_template(&self, id: TemplateId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE templates SET removed_at = $3 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id(), now],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "template.removed", id, "", now).await?;
        tx.commit().await
    }
}
