//! The broadcasts that told a purpose.

use domain::{
    ids::{BroadcastId, TemplateId, WorkshopId},
    time::Millis,
    told::{Purpose, StepPeople},
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// The newest broadcast for a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTelling {
    /// Id of the broadcast.
    pub id: BroadcastId,
    /// The title of the broadcast.
    pub title: String,
    /// The member who confirmed it, by name.
    pub by: String,
    /// When it was confirmed.
    pub at: Millis,
    /// Whether any of its messages left or may still leave.
    pub counts: bool,
}

#[derive(sqlx::FromRow)]
struct TellingRow {
    id: Uuid,
    title: String,
    created_by: String,
    created_at: i64,
    counts: bool,
}

impl Org {
    /// The broadcasts of a purpose to a workshop, newest first. One that was cancelled before anything left does not
    /// count.
    pub async fn tellings(
        &self,
        workshop: WorkshopId,
        purpose: &Purpose,
        limit: i64,
    ) -> Result<Vec<LastTelling>, StoreError> {
        let rows: Vec<TellingRow> = self
            .db
            .all(
                "SELECT b.id, b.title, b.created_by, b.created_at,
                        (b.status NOT IN ('cancelled', 'completed') OR EXISTS (
                            SELECT 1 FROM broadcast_counts c WHERE c.broadcast_id = b.id AND c.n > 0
                              AND c.state IN ('in_flight', 'sent', 'delivered', 'read', 'unknown', 'failed'))) AS counts
                 FROM broadcasts b WHERE b.workshop_id = $1 AND b.purpose = $2 AND b.organization_id = $3
                 ORDER BY b.id DESC LIMIT $4",
                args![workshop.0, purpose.word(), self.id(), limit],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| LastTelling {
                id: BroadcastId(row.id),
                title: row.title,
                by: row.created_by,
                at: Millis(row.created_at),
                counts: row.counts,
            })
            .collect())
    }

    /// Whether any broadcast may have told people whom a step leaves out for it: one of the step itself, or one of no
    /// step that began when such broadcasts count for it. Without one the step goes to all registrants who belong to
    /// its audience, as `told_by_step!` has it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_told_for(
        &self,
        workshop: WorkshopId,
        purpose: &Purpose,
        people: &StepPeople,
    ) -> Result<bool, StoreError> {
        let (told,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM broadcasts
                                WHERE workshop_id = $1 AND organization_id = $2 AND purpose = $3
                                  AND (plan_row_id = $4 OR (plan_row_id IS NULL AND starts_at >= $5)))",
                args![workshop.0, self.id(), purpose.word(), people.row.0, people.untold_since],
            )
            .await?;
        Ok(told)
    }

    /// For what else a template told people of a workshop: the same words are the same message, whatever they were said
    /// to be for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn other_purposes(
        &self,
        workshop: WorkshopId,
        template: TemplateId,
        purpose: &Purpose,
    ) -> Result<Vec<Purpose>, StoreError> {
        let rows: Vec<(String,)> = self
            .db
            .all(
                "SELECT DISTINCT purpose FROM broadcasts
                 WHERE workshop_id = $1 AND organization_id = $2 AND template_id = $3 AND purpose <> $4 ORDER BY purpose",
                args![workshop.0, self.id(), template.0, purpose.word()],
            )
            .await?;
        Ok(rows.into_iter().map(|(purpose,)| Purpose::stored(purpose)).collect())
    }

    /// What a broadcast is for.
    pub async fn told_purpose(&self, broadcast: BroadcastId) -> Result<Purpose, StoreError> {
        let (purpose,): (String,) = self
            .db
            .one(
                "SELECT purpose FROM broadcasts WHERE id = $1 AND organization_id = $2",
                args![broadcast.0, self.id()],
            )
            .await?;
        Ok(Purpose::stored(purpose))
    }
}
