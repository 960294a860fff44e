//! Workshops that were moved after people had been told their time.

use domain::{ids::WorkshopId, time::Millis};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::StoreError,
    org::Org,
};

/// The people who know a start of the workshop that no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldTime {
    /// When the workshop was moved.
    pub moved_at: Millis,
    /// The start that they were told.
    pub starts_at: Millis,
    /// The number of telephone numbers that were told it.
    pub people: i64,
}

impl Org {
    /// The people who were told the old time of this workshop and nothing since it was moved. `None` when it was not
    /// moved, when it is back at its old time, or when there are no such people.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn told_old_time(&self, id: WorkshopId) -> Result<Option<OldTime>, StoreError> {
        let moved: Option<(i64, i64)> = self
            .db
            .optional(
                "SELECT moved_at, moved_from FROM workshops
                 WHERE organization_id = $1 AND id = $2 AND moved_at IS NOT NULL AND moved_from <> starts_at AND status <> 'cancelled'",
                args![self.id(), id.0],
            )
            .await?;
        let Some((moved_at, starts_at)) = moved else { return Ok(None) };
        let (moved_at, starts_at) = (Millis(moved_at), Millis(starts_at));
        let people = self.told_before(id, moved_at).await?;
        Ok((people > 0).then_some(OldTime { moved_at, starts_at, people }))
    }

    /// Workshops ahead whose people know an old time alone, with title and start. Only those that were moved are looked at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn old_times(
        &self,
        now: Millis,
    ) -> Result<Vec<(WorkshopId, String, Millis, OldTime)>, StoreError> {
        let moved: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                "SELECT id, title, starts_at FROM workshops
                 WHERE organization_id = $1 AND starts_at > $2 AND moved_at IS NOT NULL AND moved_from <> starts_at
                   AND status <> 'cancelled'
                 ORDER BY starts_at, id LIMIT 20",
                args![self.id(), now],
            )
            .await?;
        let mut old = Vec::new();
        for (id, title, starts_at) in moved {
            let id = WorkshopId(id);
            if let Some(one) = self.told_old_time(id).await? {
                old.push((id, title, Millis(starts_at), one));
            }
        }
        Ok(old)
    }

    /// How many numbers of this workshop's people were told something by broadcasts that were confirmed before a moment, and nothing by
    /// those that were confirmed since. Whether it arrived is not asked: what was handed over counts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn told_before(&self, id: WorkshopId, at: Millis) -> Result<i64, StoreError> {
        let (people,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(DISTINCT r.phone) FROM @registrants r
                 WHERE r.workshop_id = $2 AND r.organization_id = $1 AND r.status = 'registered' AND r.phone <> ''
                   AND EXISTS (
                       SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                       WHERE o.workshop_id = $2 AND o.organization_id = $1 AND o.created_at < $3 AND m.recipient = r.phone AND m.planned
                         AND m.state IN ('sent', 'delivered', 'read', 'unknown'))
                   AND NOT EXISTS (
                       SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                       WHERE o.workshop_id = $2 AND o.organization_id = $1 AND o.created_at >= $3 AND m.recipient = r.phone AND m.planned
                         AND m.state NOT IN ('skipped', 'failed', 'expired', 'cancelled'))",
                args![self.id(), id.0, at],
            )
            .await?;
        Ok(people)
    }

    /// Notes that a workshop started at `from` until now. A start that nobody was told is no old time: the one before it stays.
    pub(crate) async fn note_move(
        &self,
        tx: &mut Tx,
        id: WorkshopId,
        from: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        tx.run(
            "UPDATE workshops SET moved_at = $3, moved_from = CASE
                 WHEN moved_at IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM broadcasts o
                     WHERE o.workshop_id = $2 AND o.organization_id = $1 AND o.created_at >= workshops.moved_at AND o.status <> 'cancelled')
                 THEN moved_from ELSE $4 END
             WHERE organization_id = $1 AND id = $2",
            args![self.id(), id.0, now, from],
        )
        .await?;
        Ok(())
    }
}
