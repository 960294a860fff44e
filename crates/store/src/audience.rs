//! The people of a workshop as the rules see them, in stretches: for the planner as for whoever looks before it.

use std::{collections::HashSet, sync::Arc};

use domain::{
    channel::{Category, Channel},
    ids::{OrganizationId, RegistrantId, WorkshopId},
    template::Facts,
    time::{Millis, Zone},
};
use uuid::Uuid;

use crate::{
    db::{Batch, Db, args},
    error::StoreError,
    figures::Figures,
    org::Org,
    work::{CONSENTING, SUPPRESSED, Work},
    workshops::stored_variables,
};

/// Reads the audience of one organisation's broadcasts: within the organisation's walls from a member's handle, as the
/// owner of the tables from the engine's.
#[derive(Clone, Debug)]
pub struct AudienceReader {
    pub(crate) db: Db,
    pub(crate) organization: OrganizationId,
    /// The cache of recent counts; `None` for the engine, which decides by what it reads.
    pub(crate) figures: Option<Arc<Figures>>,
}

/// A registration that stands, as the audience query reads it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Registered {
    /// Id of the registration.
    #[sqlx(rename = "id")]
    registrant: Uuid,
    /// Full name; may be empty.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// E.164; empty when missing or unusable.
    pub phone: String,
    /// What was typed; tells *missing* from *invalid*.
    pub phone_typed: String,
    /// Orders registrations with the same number; with the number it is a unique key.
    pub identity: String,
    /// Whether another registration with this number gets the message (`registrants/duplicates.rs` decides which).
    pub duplicate: bool,
}

impl Registered {
    /// Id of the registration.
    pub fn registrant(&self) -> RegistrantId {
        RegistrantId(self.registrant)
    }

    /// Its place in the order of number and identity.
    pub fn place(&self) -> AudienceCursor {
        (self.phone.clone(), self.identity.clone())
    }
}

/// A place in the order of number and identity: a unique key, so that nobody is passed over. Empty at the beginning.
pub type AudienceCursor = (String, String);

impl Org {
    /// Reads the audience of this organisation's broadcasts.
    pub fn audience_reader(&self) -> AudienceReader {
        let figures = Some(Arc::clone(&self.figures));
        AudienceReader { db: self.db.clone(), organization: self.actor.organization, figures }
    }
}

impl Work {
    /// Reads the audience of that organisation's broadcasts.
    pub fn audience_reader(&self, organization: OrganizationId) -> AudienceReader {
        AudienceReader { db: self.db.clone(), organization, figures: None }
    }
}

impl AudienceReader {
    /// Whose audience it reads.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The next registrations that stand after a place, in order of number and identity.
    pub async fn stretch(
        &self,
        workshop: WorkshopId,
        after: &AudienceCursor,
        limit: i64,
    ) -> Result<Vec<Registered>, StoreError> {
        self.db
            .by_index()
            .all(
                "SELECT id, name, email, phone, phone_typed, identity, mark = 'duplicate' AS duplicate FROM @registrants registrants
                 WHERE workshop_id = $1 AND (phone, identity) > ($2, $3) AND status = 'registered' AND organization_id = $5
                 ORDER BY phone, identity LIMIT $4",
                args![workshop.0, &after.0, &after.1, limit, self.organization.0],
            )
            .await
    }

    /// The newest registrations that stand.
    pub async fn newest(&self, workshop: WorkshopId, limit: i64) -> Result<Vec<Registered>, StoreError> {
        self.db
            .all(
                "SELECT id, name, email, phone, phone_typed, identity, mark = 'duplicate' AS duplicate FROM @registrants registrants
                 WHERE workshop_id = $1 AND organization_id = $3 AND status = 'registered' ORDER BY id DESC LIMIT $2",
                args![workshop.0, limit, self.organization.0],
            )
            .await
    }

    /// Whether anybody is suppressed in that organisation at all.
    pub async fn suppresses(&self) -> Result<bool, StoreError> {
        let (any,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM suppressions WHERE organization_id = $1)",
                args![self.organization.0],
            )
            .await?;
        Ok(any)
    }

    /// Which of these keys must not be contacted on that channel for that category.
    pub async fn suppressed(
        &self,
        channel: Channel,
        category: Category,
        keys: Vec<String>,
    ) -> Result<HashSet<String>, StoreError> {
        self.listed(SUPPRESSED, channel, category, keys).await
    }

    /// Which of these keys agreed to that category on that channel. For promotions: whoever is missing gets
    /// [`domain::message::SkipReason::NoConsent`].
    pub async fn consenting(
        &self,
        channel: Channel,
        category: Category,
        keys: Vec<String>,
    ) -> Result<HashSet<String>, StoreError> {
        self.listed(CONSENTING, channel, category, keys).await
    }

    async fn listed(
        &self,
        list: &'static str,
        channel: Channel,
        category: Category,
        keys: Vec<String>,
    ) -> Result<HashSet<String>, StoreError> {
        let batch = Batch::new().texts("phone_key", keys);
        let args = args![self.organization.0, channel.word(), category.word()];
        let found: Vec<(String,)> = self.db.by_index().all_batch(list, args, batch).await?;
        Ok(found.into_iter().map(|(key,)| key).collect())
    }

    /// Whether the people of a workshop have something that [`Org::audience`] cannot count. It compares numbers and
    /// reads no names, so it misses opt-outs and agreements whose number was erased, and names that look like a
    /// placeholder.
    pub async fn is_beyond_counting(&self, workshop: WorkshopId) -> Result<bool, StoreError> {
        let (beyond,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM suppressions WHERE organization_id = $1 AND phone = '')
                     OR EXISTS (SELECT 1 FROM consents WHERE organization_id = $1 AND phone = '')
                     OR EXISTS (SELECT 1 FROM @registrants r WHERE r.workshop_id = $2 AND r.name LIKE '%{{%')",
                args![self.organization.0, workshop.0],
            )
            .await?;
        Ok(beyond)
    }

    /// What every message of a workshop's broadcasts may say about the event and its organisation, written out in its
    /// zone.
    pub async fn event(&self, workshop: WorkshopId) -> Result<Facts, StoreError> {
        let row: EventRow = self
            .db
            .one(
                "SELECT o.name AS organisation, o.zone, w.title, w.starts_at, w.join_link, w.variables
                 FROM workshops w JOIN organizations o ON o.id = w.organization_id WHERE w.id = $1 AND o.id = $2",
                args![workshop.0, self.organization.0],
            )
            .await?;
        let zone = Zone::parse(&row.zone).map_err(|_| StoreError::Corrupt {
            table: "organizations",
            column: "zone",
            value: row.zone.clone(),
        })?;
        let starts = Millis(row.starts_at);
        Ok(Facts {
            workshop_title: row.title,
            workshop_date: zone.long_date(starts),
            workshop_time: zone.plain_time(starts),
            workshop_join_link: row.join_link,
            variables: stored_variables(&row.variables)?,
            organisation: row.organisation,
            ..Facts::default()
        })
    }
}

#[derive(sqlx::FromRow)]
struct EventRow {
    organisation: String,
    zone: String,
    title: String,
    starts_at: i64,
    join_link: String,
    variables: String,
}
