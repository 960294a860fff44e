//! Tags of workshops: a word and a colour; one of them is taken for new workshops.

use domain::{
    ids::{TagId, WorkshopId},
    role::Permission,
    time::Millis,
    workshop::TagColour,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
};

/// A tag on workshops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Id of the tag.
    pub id: TagId,
    /// Name of the tag, as people see it.
    pub name: String,
    /// The colour of the tag's dot.
    pub colour: TagColour,
    /// Whether new workshops get this tag.
    pub is_default: bool,
}

impl Tag {
    /// Whether it is the tag that somebody typed: spaces and the case of letters make no other one.
    pub fn is_called(&self, typed: &str) -> bool {
        folded(&self.name) == folded(typed)
    }
}

/// A tag's name without spaces and in small letters. Two tags that differ in these only would be one to people.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<String>().to_lowercase()
}

/// A tag, and the number of workshops with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagUse {
    /// The tag itself.
    pub tag: Tag,
    /// The number of workshops with this tag.
    pub workshops: i64,
}

#[derive(sqlx::FromRow)]
pub(crate) struct TagRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) colour: String,
    pub(crate) is_default: bool,
}

impl TryFrom<TagRow> for Tag {
    type Error = StoreError;
    fn try_from(row: TagRow) -> Result<Tag, StoreError> {
        Ok(Tag {
            id: TagId(row.id),
            name: row.name,
            colour: word("workshop_tags", "colour", &row.colour)?,
            is_default: row.is_default,
        })
    }
}

impl Org {
    /// Every tag, the default one first.
    pub async fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let rows: Vec<TagRow> = self
            .db
            .all(
                "SELECT id, name, colour, is_default FROM workshop_tags WHERE organization_id = $1
                 ORDER BY is_default DESC, lower(name), id",
                args![self.id()],
            )
            .await?;
        rows.into_iter().map(Tag::try_from).collect()
    }

    /// Adds a tag; the first one becomes the default. [`StoreError::Taken`] when there is one of that name, whatever
    /// its spaces and the case of its letters.
    pub async fn add_tag(&self, name: &str, colour: TagColour, now: Millis) -> Result<TagId, StoreError> {
        self.allow(Permission::Manage)?;
        let id = TagId::new(now);
        let mut tx = self.db.begin().await?;
        self.free_name(&mut tx, name, None).await?;
        tx.run(
            "INSERT INTO workshop_tags (id, organization_id, name, colour, is_default)
             VALUES ($1, $2, $3, $4, NOT EXISTS (SELECT 1 FROM workshop_tags WHERE organization_id = $2))",
            args![id.0, self.id(), name, colour.word()],
        )
        .await?;
        self.note(&mut tx, "tag.added", id, name, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a tag the one that new workshops get.
    pub async fn set_default_tag(&self, id: TagId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, Some(id)).await?;
        tx.run(
            "UPDATE workshop_tags SET is_default = (id = $2) WHERE organization_id = $1",
            args![self.id(), id.0],
        )
        .await?;
        self.note(&mut tx, "tag.default", id, "", now).await?;
        tx.commit().await
    }

    /// Refuses a name that another tag has. A tag that is called so already keeps its name: older versions let two such
    /// names in.
    async fn free_name(&self, tx: &mut Tx, name: &str, own: Option<TagId>) -> Result<(), StoreError> {
        // The database compares letters as they stand, so that two members could add one tag at the same moment.
        let _: (Uuid,) =
            tx.one("SELECT id FROM organizations WHERE id = $1 FOR UPDATE", args![self.id()]).await?;
        let names: Vec<(Uuid, String)> =
            tx.all("SELECT id, name FROM workshop_tags WHERE organization_id = $1", args![self.id()]).await?;
        let same = names.iter().filter(|(_, other)| folded(other) == folded(name));
        let same: Vec<TagId> = same.map(|(id, _)| TagId(*id)).collect();
        let free = same.is_empty() || own.is_some_and(|own| same.contains(&own));
        if free { Ok(()) } else { Err(StoreError::Taken) }
    }

    /// Refuses a tag of another organisation.
    pub(crate) async fn own_tag(&self, tx: &mut Tx, tag: Option<TagId>) -> Result<(), StoreError> {
        let Some(tag) = tag else { return Ok(()) };
        let _: (Uuid,) = tx
            .one(
                "SELECT id FROM workshop_tags WHERE organization_id = $1 AND id = $2",
                args![self.id(), tag.0],
            )
            .await?;
        Ok(())
    }

    /// Every tag with its workshops counted, the default one first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tags_in_use(&self) -> Result<Vec<TagUse>, StoreError> {
        let counts: Vec<(Uuid, i64)> = self
            .db
            .all(
                "SELECT tag_id, COUNT(*) FROM workshops WHERE organization_id = $1 AND tag_id IS NOT NULL GROUP BY tag_id",
                args![self.id()],
            )
            .await?;
        let of = |tag: &Tag| counts.iter().find(|(id, _)| *id == tag.id.0).map_or(0, |(_, n)| *n);
        Ok(self.tags().await?.into_iter().map(|tag| TagUse { workshops: of(&tag), tag }).collect())
    }

    /// Tags that another workshop with people has, those of most workshops first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tags_of_others(&self, workshop: WorkshopId, limit: i64) -> Result<Vec<Tag>, StoreError> {
        let rows: Vec<TagRow> = self
            .db
            .all(
                "SELECT t.id, t.name, t.colour, t.is_default
                 FROM workshop_tags t JOIN (SELECT w.tag_id, COUNT(*) AS n FROM workshops w
                                            WHERE w.organization_id = $1 AND w.id <> $2 AND w.tag_id IS NOT NULL AND w.registrants > 0
                                            GROUP BY w.tag_id) u ON u.tag_id = t.id
                 WHERE t.organization_id = $1 ORDER BY u.n DESC, lower(t.name), t.id LIMIT $3",
                args![self.id(), workshop.0, limit],
            )
            .await?;
        rows.into_iter().map(Tag::try_from).collect()
    }

    /// Gives a tag another word and colour; its workshops keep it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there, [`StoreError::Taken`] when another one has that word.
    pub async fn edit_tag(
        &self,
        id: TagId,
        name: &str,
        colour: TagColour,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, Some(id)).await?;
        self.free_name(&mut tx, name, Some(id)).await?;
        tx.run(
            "UPDATE workshop_tags SET name = $3, colour = $4 WHERE organization_id = $1 AND id = $2",
            args![self.id(), id.0, name, colour.word()],
        )
        .await?;
        self.note(&mut tx, "tag.changed", id, name, now).await?;
        tx.commit().await
    }

    /// Takes a tag away, also from the workshops that have it; how many these were. Was it the default, the first by
    /// name is the next one. Nobody's messages change by it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn remove_tag(&self, id: TagId, now: Millis) -> Result<i64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, Some(id)).await?;
        let workshops = tx
            .run(
                "UPDATE workshops SET tag_id = NULL WHERE organization_id = $1 AND tag_id = $2",
                args![self.id(), id.0],
            )
            .await?;
        tx.run("DELETE FROM workshop_tags WHERE organization_id = $1 AND id = $2", args![self.id(), id.0])
            .await?;
        tx.run(
            "UPDATE workshop_tags SET is_default = TRUE
             WHERE organization_id = $1
               AND id = (SELECT id FROM workshop_tags WHERE organization_id = $1 ORDER BY lower(name), id LIMIT 1)
               AND NOT EXISTS (SELECT 1 FROM workshop_tags WHERE organization_id = $1 AND is_default)",
            args![self.id()],
        )
        .await?;
        self.note(&mut tx, "tag.removed", id, &format!("workshops={workshops}"), now).await?;
        tx.commit().await?;
        Ok(i64::try_from(workshops).unwrap_or(i64::MAX))
    }
}
