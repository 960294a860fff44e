//! Settling: rows that will not be sent any more, and broadcasts that are done.

use domain::{
    ids::BroadcastId,
    message::MessageState,
    reason::{OwnReason, Reason},
    sending_hours::AfterHours,
    time::Millis,
};
use uuid::Uuid;

use super::{Work, sending_hours};
use crate::{
    changes::Change,
    db::{again, args},
    error::StoreError,
    messages::{CountMoves, move_counts},
};

/// Rows settled in one transaction, so that nobody waits long for the one writer.
pub(crate) const SETTLE_ROWS: i64 = 4_000;

/// What one round of settling did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Broadcasts whose rows or status changed.
    pub touched: Vec<BroadcastId>,
    /// More rows are left than one round takes.
    pub more: bool,
}

impl Work {
    /// Cancels what waits in cancelled broadcasts, expires what waits past its deadline, completes what is done.
    pub async fn settle(&self, now: Millis) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        let over: Vec<(Uuid, String, String)> = self.db.by_index().all(
                "SELECT b.id, b.status, COALESCE(b.stop_code, '') FROM broadcast_counts c JOIN broadcasts b ON b.id = c.broadcast_id
                 WHERE c.state = 'waiting' AND c.n > 0
                   AND (b.status = 'cancelled' OR (b.status IN ('scheduled', 'in_progress', 'paused') AND b.deadline <= $1))
                 LIMIT 100",
                args![now],
            )
            .await?;
        for broadcast in self.after_hours(now).await? {
            let reason = Reason::from(OwnReason::AfterHours);
            let rows = again(|| self.end_waiting(broadcast, MessageState::Cancelled, &reason, now)).await?;
            settled.more |= rows >= SETTLE_ROWS;
            settled.touched.push(broadcast);
        }
        for (broadcast, status, code) in over {
            let (state, reason) = if status == "cancelled" {
                let stopped_by = Reason::from(code.as_str());
                let reason = if stopped_by.is_none() { OwnReason::Cancelled.into() } else { stopped_by };
                (MessageState::Cancelled, reason)
            } else {
                (MessageState::Expired, OwnReason::Deadline.into())
            };
            let rows = again(|| self.end_waiting(BroadcastId(broadcast), state, &reason, now)).await?;
            settled.more |= rows >= SETTLE_ROWS;
            settled.touched.push(BroadcastId(broadcast));
        }
        settled.touched.extend(self.complete(now).await?);
        Ok(settled)
    }

    /// Broadcasts whose hours have ended and whose rest is to be cancelled then.
    async fn after_hours(&self, now: Millis) -> Result<Vec<BroadcastId>, StoreError> {
        let limited: Vec<(Uuid, String)> = self
            .db
            .by_index()
            .all(
                "SELECT b.id, b.hours FROM broadcast_counts c JOIN broadcasts b ON b.id = c.broadcast_id
                 WHERE c.state = 'waiting' AND c.n > 0 AND b.hours <> '' AND b.starts_at <= $1
                   AND b.status IN ('scheduled', 'in_progress')",
                args![now],
            )
            .await?;
        let mut over = Vec::new();
        for (id, hours) in limited {
            // Hours that cannot be read pause their broadcast when it is to be sent; others go on.
            let Ok(hours) = sending_hours(&hours) else { continue };
            if hours.then() == AfterHours::Cancel && hours.closed_until(now).is_some() {
                over.push(BroadcastId(id));
            }
        }
        Ok(over)
    }

    async fn end_waiting(
        &self,
        broadcast: BroadcastId,
        state: MessageState,
        reason: &Reason,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        // The broadcast's lock keeps claims and a person's "resume" out of the way.
        let (status,): (String,) =
            tx.one("SELECT status FROM broadcasts WHERE id = $1 FOR UPDATE", args![broadcast.0]).await?;
        let still = match state {
            MessageState::Cancelled if *reason != Reason::Ours(OwnReason::AfterHours) => {
                status == "cancelled"
            }
            _ => status != "cancelled" && status != "completed",
        };
        if !still {
            return Ok(0);
        }
        let rows: Vec<(i64,)> = tx
            .all(
                "WITH over AS (
                     SELECT broadcast_id, position FROM messages WHERE broadcast_id = $1 AND state = 'waiting'
                     ORDER BY position DESC LIMIT $4
                 )
                 UPDATE messages SET state = $2, reason = $3, changed_at = $5
                 FROM over WHERE messages.broadcast_id = over.broadcast_id AND messages.position = over.position
                   -- Somebody may have taken a row out since it was found.
                   AND messages.state = 'waiting'
                 RETURNING messages.position",
                args![broadcast.0, state.word(), reason.code(), SETTLE_ROWS, now],
            )
            .await?;
        let n = i64::try_from(rows.len()).unwrap_or(0);
        let mut moves = CountMoves::default();
        moves.add(broadcast.0, MessageState::Waiting, "", -n, 0);
        moves.add(broadcast.0, state, reason.code(), n, 0);
        move_counts(&mut tx, moves).await?;
        tx.tell(Change::Rows(broadcast));
        tx.commit().await?;
        Ok(n)
    }

    /// Completes broadcasts without a row waiting or in flight, and without a call under way. A paused one whose rows all expired is done as well.
    pub async fn complete(&self, now: Millis) -> Result<Vec<BroadcastId>, StoreError> {
        let done: Vec<(Uuid,)> = self.db.by_index().all(
                "SELECT id FROM broadcasts b
                 WHERE (status IN ('scheduled', 'in_progress') OR (status = 'paused' AND deadline <= $1))
                   AND (starts_at <= $1 OR deadline <= $1)
                   AND NOT EXISTS (SELECT 1 FROM broadcast_counts c
                                   WHERE c.broadcast_id = b.id AND c.n > 0 AND c.state IN ('waiting', 'in_flight'))
                   -- Whose call is under way may be called again.
                   AND NOT EXISTS (SELECT 1 FROM calls k WHERE k.broadcast_id = b.id AND k.holds_until > $1)",
                args![now],
            )
            .await?;
        let mut completed = Vec::new();
        for (id,) in done {
            let mut tx = self.db.by_index().begin().await?;
            let touched = tx
                .run(
                    "UPDATE broadcasts SET status = 'completed', finished_at = $2
                     WHERE id = $1 AND status IN ('scheduled', 'in_progress', 'paused')
                       AND NOT EXISTS (SELECT 1 FROM broadcast_counts c
                                       WHERE c.broadcast_id = $1 AND c.n > 0 AND c.state IN ('waiting', 'in_flight'))
                       AND NOT EXISTS (SELECT 1 FROM calls k WHERE k.broadcast_id = $1 AND k.holds_until > $2)",
                    args![id, now],
                )
                .await?;
            if touched > 0 {
                tx.tell(Change::Rows(BroadcastId(id)));
                tx.commit().await?;
                completed.push(BroadcastId(id));
            }
        }
        Ok(completed)
    }
}
