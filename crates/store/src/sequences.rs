//! Sequences of an organisation, and the tags that carry them. A version is never changed; a change makes the next one.

use domain::{
    ids::{SequenceId, TagId},
    role::Permission,
    sequence::Step,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, json},
    org::Org,
};

/// A sequence as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Id of the sequence.
    pub id: SequenceId,
    /// The sequence's name, unique in its organisation.
    pub name: String,
    /// What the sequence is for, in words; may be empty.
    pub description: String,
    /// The number of the newest version, from 1.
    pub version: i64,
    /// The steps of that version.
    pub steps: Vec<Step>,
    /// The member who made the newest version, by name.
    pub changed_by: String,
    /// When its newest version was made.
    pub changed_at: Millis,
}

/// A line of the list of sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSummary {
    /// The sequence in its newest version.
    pub sequence: Sequence,
    /// Workshops whose plan follows it and runs.
    pub workshops: i64,
    /// The number of tags that carry it.
    pub tags: i64,
}

/// What a person enters about a sequence. The steps were checked by [`domain::sequence::check_steps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceDraft {
    /// The sequence's name, unique in its organisation.
    pub name: String,
    /// What the sequence is for, in words; may be empty.
    pub description: String,
    /// The steps of the sequence.
    pub steps: Vec<Step>,
}

#[derive(sqlx::FromRow)]
struct SequenceRow {
    id: Uuid,
    name: String,
    description: String,
    version: i64,
    steps: String,
    changed_by: String,
    changed_at: i64,
    workshops: i64,
    tags: i64,
}

impl TryFrom<SequenceRow> for SequenceSummary {
    type Error = StoreError;
    fn try_from(row: SequenceRow) -> Result<SequenceSummary, StoreError> {
        Ok(SequenceSummary {
            sequence: Sequence {
                id: SequenceId(row.id),
                name: row.name,
                description: row.description,
                version: row.version,
                steps: steps(&row.steps)?,
                changed_by: row.changed_by,
                changed_at: Millis(row.changed_at),
            },
            workshops: row.workshops,
            tags: row.tags,
        })
    }
}

/// Stored steps.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, StoreError> {
    json("sequence_versions", "steps", text)
}

fn stored(steps: &[Step]) -> String {
    serde_json::to_string(steps).expect("steps are always JSON")
}

/// Whether the plan `p` of the workshop `w` runs at the moment of that parameter: the workshop is not over, or a step is to come, or goes to
/// those who register late.
macro_rules! plan_runs {
    ($now:literal) => {
        concat!(
            "(w.status <> 'cancelled' AND (w.ends_at > ",
            $now,
            " OR EXISTS (SELECT 1 FROM plan_rows r WHERE r.workshop_id = p.workshop_id AND r.until_at > ",
            $now,
            " AND (r.state = 'planned' OR r.late_after IS NOT NULL))))"
        )
    };
}
pub(crate) use plan_runs;

/// Sequences with their newest steps; `$1` the organisation, `$2` the moment at which plans run. The end stands at the
/// call.
macro_rules! select_sequences {
    ($end:literal) => {
        concat!(
            "SELECT s.id, s.name, s.description, s.version, v.steps, s.changed_by, s.changed_at,
                    (SELECT COUNT(*) FROM workshop_plans p JOIN workshops w ON w.id = p.workshop_id
                     WHERE p.sequence_id = s.id AND p.organization_id = $1 AND ",
            plan_runs!("$2"),
            ") AS workshops,
                    (SELECT COUNT(*) FROM workshop_tags t WHERE t.organization_id = $1 AND t.sequence_id = s.id) AS tags
             FROM sequences s JOIN sequence_versions v ON v.sequence_id = s.id AND v.version = s.version
             WHERE s.organization_id = $1 AND s.removed_at IS NULL ",
            $end
        )
    };
}

impl Org {
    /// Every sequence, by name; `now` decides which plans run.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sequences(&self, now: Millis) -> Result<Vec<SequenceSummary>, StoreError> {
        let rows: Vec<SequenceRow> =
            self.db.all(select_sequences!("ORDER BY lower(s.name), s.id"), args![self.id(), now]).await?;
        rows.into_iter().map(SequenceSummary::try_from).collect()
    }

    /// One sequence with its newest steps.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn sequence(&self, id: SequenceId) -> Result<Sequence, StoreError> {
        let row: Option<SequenceRow> =
            self.db.optional(select_sequences!("AND s.id = $3"), args![self.id(), 0_i64, id.0]).await?;
        Ok(SequenceSummary::try_from(row.ok_or(StoreError::Missing)?)?.sequence)
    }

    /// The steps of one version of a sequence, also of one that was removed.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn sequence_version(&self, id: SequenceId, version: i64) -> Result<Vec<Step>, StoreError> {
        let (text,): (String,) = self
            .db
            .one(
                "SELECT steps FROM sequence_versions WHERE sequence_id = $1 AND version = $2 AND organization_id = $3",
                args![id.0, version, self.id()],
            )
            .await?;
        steps(&text)
    }

    /// Adds a sequence, whose version is 1.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one of that name.
    pub async fn add_sequence(&self, draft: &SequenceDraft, now: Millis) -> Result<SequenceId, StoreError> {
        self.allow(Permission::Manage)?;
        let id = SequenceId::new(now);
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO sequences (id, organization_id, name, description, version, created_by, created_at, changed_by, changed_at)
             VALUES ($1, $2, $3, $4, 1, $5, $6, $5, $6)",
            args![id.0, self.id(), &draft.name, &draft.description, &self.actor.name, now],
        )
        .await?;
        self.write_version(&mut tx, id, 1, &draft.steps, now).await?;
        self.note(&mut tx, "sequence.added", id, &format!("steps={}", draft.steps.len()), now).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn write_version(
        &self,
        tx: &mut Tx,
        id: SequenceId,
        version: i64,
        steps: &[Step],
        now: Millis,
    ) -> Result<(), StoreError> {
        tx.run(
            "INSERT INTO sequence_versions (sequence_id, version, organization_id, steps, made_by, made_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![id.0, version, self.id(), stored(steps), &self.actor.name, now],
        )
        .await?;
        Ok(())
    }

    /// Changes a sequence; its new version. Plans keep the version that they follow until somebody lets them follow the
    /// new one ([`Org::follow`]).
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody changed it since version `expected`, [`StoreError::Taken`] when another one
    /// has the name.
    pub async fn change_sequence(
        &self,
        id: SequenceId,
        expected: i64,
        draft: &SequenceDraft,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let version = expected.saturating_add(1);
        let changed = tx
            .run(
                "UPDATE sequences SET name = $4, description = $5, version = $6, changed_by = $7, changed_at = $8
                 WHERE id = $1 AND organization_id = $2 AND version = $3 AND removed_at IS NULL",
                args![
                    id.0,
                    self.id(),
                    expected,
                    &draft.name,
                    &draft.description,
                    version,
                    &self.actor.name,
                    now
                ],
            )
            .await?;
        if changed == 0 {
            let there: Option<(Uuid,)> = tx
                .optional(
                    "SELECT id FROM sequences WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                    args![id.0, self.id()],
                )
                .await?;
            return Err(if there.is_some() { StoreError::Stale } else { StoreError::Missing });
        }
        self.write_version(&mut tx, id, version, &draft.steps, now).await?;
        let detail = format!("version={version} steps={}", draft.steps.len());
        self.note(&mut tx, "sequence.changed", id, &detail, now).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// Takes a sequence out of the lists, and from the tags that carry it.
    ///
    /// # Errors
    /// [`StoreError::Stale`] while the plan of a workshop runs it.
    pub async fn remove_sequence(&self, id: SequenceId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let removed = tx
            .run(
                "UPDATE sequences SET removed_at = $3 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id(), now],
            )
            .await?;
        if removed == 0 {
            return Err(StoreError::Missing);
        }
        let followed: Option<(Uuid,)> = tx
            .optional(
                concat!(
                    "SELECT p.workshop_id FROM workshop_plans p JOIN workshops w ON w.id = p.workshop_id
                     WHERE p.sequence_id = $1 AND p.organization_id = $2 AND ",
                    plan_runs!("$3"),
                    " LIMIT 1"
                ),
                args![id.0, self.id(), now],
            )
            .await?;
        if followed.is_some() {
            return Err(StoreError::Stale);
        }
        tx.run(
            "UPDATE workshop_tags SET sequence_id = NULL WHERE organization_id = $1 AND sequence_id = $2",
            args![self.id(), id.0],
        )
        .await?;
        self.note(&mut tx, "sequence.removed", id, "", now).await?;
        tx.commit().await
    }

    /// The sequence that a tag carries.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the tag is not there.
    pub async fn tag_sequence(&self, tag: TagId) -> Result<Option<SequenceId>, StoreError> {
        let (id,): (Option<Uuid>,) = self
            .db
            .one(
                "SELECT sequence_id FROM workshop_tags WHERE organization_id = $1 AND id = $2",
                args![self.id(), tag.0],
            )
            .await?;
        Ok(id.map(SequenceId))
    }

    /// Says which sequence the workshops with a tag are offered. Plans that are written stay.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when tag or sequence is not there.
    pub async fn set_tag_sequence(
        &self,
        tag: TagId,
        sequence: Option<SequenceId>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, Some(tag)).await?;
        if let Some(sequence) = sequence {
            let _: (Uuid,) = tx
                .one(
                    "SELECT id FROM sequences WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                    args![sequence.0, self.id()],
                )
                .await?;
        }
        tx.run(
            "UPDATE workshop_tags SET sequence_id = $3 WHERE organization_id = $1 AND id = $2",
            args![self.id(), tag.0, sequence.map(|id| id.0)],
        )
        .await?;
        let detail = sequence.map_or_else(String::new, |id| id.to_string());
        self.note(&mut tx, "tag.sequence", tag, &detail, now).await?;
        tx.commit().await
    }

    /// Says what a tag is for.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not there.
    pub async fn describe_tag(&self, tag: TagId, description: &str, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.own_tag(&mut tx, Some(tag)).await?;
        let changed = tx
            .run(
                "UPDATE workshop_tags SET description = $3 WHERE organization_id = $1 AND id = $2 AND description <> $3",
                args![self.id(), tag.0, description],
            )
            .await?;
        if changed > 0 {
            self.note(&mut tx, "tag.described", tag, "", now).await?;
        }
        tx.commit().await
    }

    /// What each tag is for and which sequence it carries.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tag_plans(&self) -> Result<Vec<TagPlan>, StoreError> {
        let rows: Vec<(Uuid, String, Option<Uuid>)> = self
            .db
            .all(
                "SELECT id, description, sequence_id FROM workshop_tags WHERE organization_id = $1 ORDER BY id",
                args![self.id()],
            )
            .await?;
        let plan = |(id, description, sequence): (Uuid, String, Option<Uuid>)| TagPlan {
            tag: TagId(id),
            description,
            sequence: sequence.map(SequenceId),
        };
        Ok(rows.into_iter().map(plan).collect())
    }
}

/// The sequence and description that a tag carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPlan {
    /// Id of the tag.
    pub tag: TagId,
    /// What the tag is for, in words; may be empty.
    pub description: String,
    /// The sequence that its workshops are offered.
    pub sequence: Option<SequenceId>,
}
