//! Landlines of other countries that were registered before there was a mark for them (migration 0016 knew those of India alone).

use domain::ids::WorkshopId;
use uuid::Uuid;

use super::Work;
use crate::{db::args, error::StoreError, registrants::mark_numbers};

/// Where numbers behind those of India begin: their landlines have been marked by the migration.
const BEHIND_INDIA: &str = "+92";

impl Work {
    /// Looks at the next `limit` numbers of the next workshop that is to be looked at, in one short transaction; whether there may be more.
    /// The place is kept, so that a start goes on where the last one was stopped.
    pub async fn mark_landlines(&self, limit: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let due: Option<(Uuid, String)> = tx
            .optional(
                "SELECT id, marks_to FROM workshops WHERE marks_to IS NOT NULL ORDER BY id LIMIT 1 FOR UPDATE",
                args![],
            )
            .await?;
        let Some((workshop, from)) = due else { return Ok(false) };
        let mut numbers: Vec<(String,)> = tx
            .all(
                "SELECT DISTINCT r.phone FROM @registrants r
                 WHERE r.workshop_id = $1 AND r.phone > $2 AND r.phone < '+91' AND r.phone <> '' ORDER BY r.phone LIMIT $3",
                args![workshop, &from, limit],
            )
            .await?;
        if numbers.is_empty() {
            let from = if from.as_str() < BEHIND_INDIA { BEHIND_INDIA } else { &from };
            numbers = tx
                .all(
                    "SELECT DISTINCT r.phone FROM @registrants r
                     WHERE r.workshop_id = $1 AND r.phone > $2 AND r.phone <> '' ORDER BY r.phone LIMIT $3",
                    args![workshop, from, limit],
                )
                .await?;
        }
        let numbers: Vec<String> = numbers.into_iter().map(|(phone,)| phone).collect();
        mark_numbers(&mut tx, WorkshopId(workshop), &numbers).await?;
        tx.run(
            "UPDATE workshops SET marks_to = $2 WHERE id = $1",
            args![workshop, numbers.last().map(String::as_str)],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}
