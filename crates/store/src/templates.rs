//! Templates of an organisation. Their content belongs to the channel; in this table it is one JSON text.

use std::collections::HashMap;

use domain::{
    channel::Channel, ids::TemplateId, role::Permission, template::Message, time::Millis, told::Purpose,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    db::{Batch, Db, args},
    error::{StoreError, json, word},
    org::Org,
};

/// A template on one channel.
#[derive(Clone, Debug)]
pub struct Template {
    /// Id of the template.
    pub id: TemplateId,
    /// The channel of the template.
    pub channel: Channel,
    /// The organisation's name for it, unique per channel.
    pub name: String,
    /// The template in the channel's own form, such as `domain::whatsapp::WhatsappTemplate`, as JSON.
    pub body: Value,
    /// The purpose of messages with this template.
    pub purpose: Purpose,
    /// How long before the workshop's start it usually goes out, in minutes; 0 where nothing is usual.
    pub lead_minutes: i64,
    /// The member who made it, by name.
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

    /// Says what a template is for, and how long before the start it usually goes out. Broadcasts already confirmed
    /// keep theirs.
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

/// What the provider's receipts call the messages of a broadcast of this template; empty where they do not, or nobody
/// can tell.
pub(crate) fn batch_name(channel: Channel, template: &Value) -> String {
    Message::from_json(channel, template).map_or(String::new(), |message| message.batch_name().to_owned())
}

/// Broadcasts that one transaction fills in.
const FILLED_AT_ONCE: i64 = 200;

#[derive(sqlx::FromRow)]
struct BlankRow {
    id: Uuid,
    organization_id: Uuid,
    channel: String,
    template: String,
}

/// Fills in two columns of broadcasts that older releases made: the name by which their receipts call them, and their
/// template, where exactly one template of the channel has that name at the provider.
pub(crate) async fn fill_in(db: &Db) -> Result<(), StoreError> {
    let mut known: HashMap<Uuid, Vec<(Uuid, Channel, String)>> = HashMap::new();
    loop {
        let blank: Vec<BlankRow> = db
            .all(
                "SELECT id, organization_id, channel, template FROM broadcasts WHERE batch_name IS NULL ORDER BY id LIMIT $1",
                args![FILLED_AT_ONCE],
            )
            .await?;
        if blank.is_empty() {
            return Ok(());
        }
        let mut filled = Vec::with_capacity(blank.len());
        for row in &blank {
            let templates = match known.entry(row.organization_id) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(names_there(db, row.organization_id).await?)
                }
            };
            filled.push(told_of(row, templates));
        }
        let mut tx = db.begin().await?;
        tx.run_batch(
            "UPDATE broadcasts SET template_id = COALESCE(broadcasts.template_id, b.template_id), batch_name = b.batch_name
             FROM @batch WHERE broadcasts.id = b.id",
            args![],
            Batch::new()
                .uuids("id", blank.iter().map(|row| row.id))
                .uuids("template_id", filled.iter().map(|(template, _)| *template))
                .texts("batch_name", filled.iter().map(|(_, name)| name.clone())),
        )
        .await?;
        tx.commit().await?;
    }
}

/// An organisation's templates, those that were taken out of the lists as well, and by what the provider knows each.
async fn names_there(db: &Db, organization: Uuid) -> Result<Vec<(Uuid, Channel, String)>, StoreError> {
    let rows: Vec<(Uuid, String, String)> = db
        .all("SELECT id, channel, body FROM templates WHERE organization_id = $1", args![organization])
        .await?;
    let named = rows.into_iter().filter_map(|(id, channel, body)| {
        let channel: Channel = channel.parse().ok()?;
        let message = Message::from_json(channel, &serde_json::from_str(&body).ok()?).ok()?;
        Some((id, channel, message.name_there().to_owned()))
    });
    Ok(named.collect())
}

/// Template and name of a broadcast, as far as they can be told.
fn told_of(row: &BlankRow, templates: &[(Uuid, Channel, String)]) -> (Option<Uuid>, String) {
    let message = row.channel.parse().ok().and_then(|channel: Channel| {
        let template = serde_json::from_str(&row.template).ok()?;
        Some((channel, Message::from_json(channel, &template).ok()?))
    });
    let Some((channel, message)) = message else { return (None, String::new()) };
    let mut same = templates.iter().filter(|(_, on, name)| *on == channel && name == message.name_there());
    let only = same.next().filter(|_| same.next().is_none());
    (only.map(|(id, _, _)| *id), message.batch_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_templates_have_tells_of_neither() {
        let row = BlankRow {
            id: Uuid::nil(),
            organization_id: Uuid::nil(),
            channel: "personal".into(),
            template: r#"{"campaign":"today","category":"utility","language":"en","header":"","body":"Hi","footer":"","parameters":[],"media":null,"buttons":[]}"#.into(),
        };
        let template = |n: u128, on: Channel, name: &str| (Uuid::from_u128(n), on, name.to_owned());
        let one = [
            template(1, Channel::WhatsappPersonal, "today"),
            template(2, Channel::WhatsappPersonal, "tomorrow"),
            template(3, Channel::Sms, "today"),
        ];
        assert_eq!(told_of(&row, &one), (Some(Uuid::from_u128(1)), "today".to_owned()));
        let two = [one[0].clone(), template(4, Channel::WhatsappPersonal, "today")];
        assert_eq!(told_of(&row, &two), (None, "today".to_owned()));
        let unreadable = BlankRow { template: "{".into(), ..row };
        assert_eq!(told_of(&unreadable, &one), (None, String::new()));
    }
}
