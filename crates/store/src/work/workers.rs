//! Workers: their heartbeat, and the rows that a lost one leaves behind. A process renews its row six times per lease.
//! What a lost worker had in flight becomes *unknown*, a few thousand rows per transaction; its row in the list is
//! removed last, so that a crash in the middle is picked up by the next process. A worker stays in the list as long as
//! anything is in flight by it. On SQLite no other process sends, so the rows of an earlier run are reclaimed at the
//! start.

use std::collections::BTreeSet;

use domain::{
    ids::{BroadcastId, MessageRef, WorkerId},
    message::MessageState,
    reason::OwnReason,
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    changes::Change,
    db::args,
    error::StoreError,
    messages::{CountMoves, move_counts},
};

/// Rows taken over from a lost worker in one transaction.
const RECLAIM_ROWS: i64 = 4_000;

/// A process that may send, as the operator sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WorkerBeat {
    /// Its name: host and role.
    pub name: String,
    /// When the process started, in UTC milliseconds.
    pub started_at: i64,
    /// When its last heartbeat came, in UTC milliseconds.
    pub beat_at: i64,
    /// After this instant its calls in flight are given up as unknown.
    pub alive_until: i64,
    /// When a turn of its sending loop last ended well, UTC milliseconds; 0 while there was none.
    pub turned_at: i64,
}

impl Work {
    /// Enters this run. `alive_until` is when others may give up on it.
    pub async fn register(&self, name: &str, now: Millis, alive_until: Millis) -> Result<(), StoreError> {
        self.db
            .run(
                "INSERT INTO workers (id, name, started_at, beat_at, alive_until) VALUES ($1, $2, $3, $3, $4)",
                args![self.worker.0, name, now, alive_until],
            )
            .await?;
        Ok(())
    }

    /// Says that this run is alive, and when a turn of its sending loop last ended well. [`StoreError::Stale`] when others have given up
    /// on it: it must not start another call.
    pub async fn beat(
        &self,
        now: Millis,
        alive_until: Millis,
        turned_at: Option<Millis>,
    ) -> Result<(), StoreError> {
        let touched = self
            .db
            .run(
                "UPDATE workers SET beat_at = $2, alive_until = $3, turned_at = COALESCE($4, turned_at) WHERE id = $1",
                args![self.worker.0, now, alive_until, turned_at],
            )
            .await?;
        if touched == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// Leaves in good order. Where something of this run is in flight all the same it stays in the list, and others give it up in time.
    pub async fn retire(&self) -> Result<(), StoreError> {
        self.db
            .by_index()
            .run(
                "DELETE FROM workers WHERE id = $1
                   AND NOT EXISTS (SELECT 1 FROM broadcast_counts c CROSS JOIN messages m
                                   WHERE c.state = 'in_flight' AND c.n > 0 AND m.broadcast_id = c.broadcast_id
                                     AND m.worker_id = $1 AND m.state || '' = 'in_flight')",
                args![self.worker.0],
            )
            .await?;
        Ok(())
    }

    /// Rows that are in flight by this worker, with the number of the attempt.
    pub async fn in_flight_here(&self) -> Result<Vec<(MessageRef, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64, i64)> = self
            .db
            .by_index()
            .all(
                "SELECT m.broadcast_id, m.position, m.attempt FROM broadcast_counts c CROSS JOIN messages m
                 WHERE c.state = 'in_flight' AND c.n > 0 AND m.broadcast_id = c.broadcast_id
                   AND m.worker_id = $1 AND m.state || '' = 'in_flight'",
                args![self.worker.0],
            )
            .await?;
        let row = |(broadcast, position, attempt)| {
            (MessageRef { broadcast: BroadcastId(broadcast), position }, attempt)
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Enters workers that have rows in flight and are not in the list, so that these rows are reclaimed. Such a worker
    /// was given up while it claimed, and ended before it entered itself again.
    pub async fn enter_forgotten(&self) -> Result<(), StoreError> {
        self.db.by_index().run(
                "INSERT INTO workers (id, name, started_at, beat_at, alive_until)
                 SELECT DISTINCT m.worker_id, 'forgotten', 0, 0, 0
                 FROM broadcast_counts c CROSS JOIN messages m
                 WHERE c.state = 'in_flight' AND c.n > 0 AND m.broadcast_id = c.broadcast_id AND m.state || '' = 'in_flight'
                   AND m.worker_id <> $1 AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = m.worker_id)
                 ON CONFLICT DO NOTHING",
                args![self.worker.0],
            )
            .await?;
        Ok(())
    }

    /// Turns what lost workers had in flight into `unknown`; how many rows. A lost worker is one whose time is over, or, when
    /// this process is known to be alone, every other one.
    pub async fn reclaim(&self, now: Millis, alone: bool) -> Result<u64, StoreError> {
        let lost: Vec<(Uuid,)> = self
            .db
            .all(
                "SELECT id FROM workers WHERE id <> $1 AND ($3 OR alive_until < $2)",
                args![self.worker.0, now, alone],
            )
            .await?;
        let mut rows = 0;
        for (worker,) in lost {
            rows += self.reclaim_from(WorkerId(worker), now).await?;
        }
        Ok(rows)
    }

    async fn reclaim_from(&self, lost: WorkerId, now: Millis) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let mut tx = self.db.by_index().begin().await?;
            // Locks the worker: a late heartbeat waits, and then finds that it is gone.
            let found: Option<(Uuid,)> =
                tx.optional("SELECT id FROM workers WHERE id = $1 FOR UPDATE", args![lost.0]).await?;
            if found.is_none() {
                return Ok(rows);
            }
            let sending: Vec<(Uuid,)> = tx
                .all(
                    "SELECT broadcast_id FROM broadcast_counts WHERE state = 'in_flight' AND n > 0 ORDER BY broadcast_id",
                    args![],
                )
                .await?;
            let mut taken: Vec<(Uuid, i64)> = Vec::new();
            for (broadcast,) in sending {
                let room = RECLAIM_ROWS - i64::try_from(taken.len()).unwrap_or(RECLAIM_ROWS);
                if room <= 0 {
                    break;
                }
                let of_it: Vec<(Uuid, i64)> = tx.all(
                    "WITH lost AS (
                         SELECT broadcast_id, position FROM messages
                         WHERE broadcast_id = $4 AND worker_id = $1 AND state || '' = 'in_flight' LIMIT $3 FOR UPDATE
                     )
                     UPDATE messages SET state = 'unknown', reason = $5, changed_at = $2,
                         reason_text = 'The program stopped while this call was under way; it may have gone out.'
                     FROM lost WHERE messages.broadcast_id = lost.broadcast_id AND messages.position = lost.position
                     RETURNING messages.broadcast_id, messages.position",
                    args![lost.0, now, room, broadcast, OwnReason::WorkerLost.word()],
                )
                .await?;
                taken.extend(of_it);
            }
            let mut moves = CountMoves::default();
            for (broadcast, _) in &taken {
                moves.add(*broadcast, MessageState::InFlight, "", -1, 0);
                moves.add(*broadcast, MessageState::Unknown, OwnReason::WorkerLost.word(), 1, 0);
            }
            move_counts(&mut tx, moves).await?;
            let touched: BTreeSet<Uuid> = taken.iter().map(|(broadcast, _)| *broadcast).collect();
            for broadcast in touched {
                tx.tell(Change::Rows(BroadcastId(broadcast)));
            }
            rows += taken.len() as u64;
            let all = (taken.len() as i64) < RECLAIM_ROWS;
            if all {
                tx.run("DELETE FROM workers WHERE id = $1", args![lost.0]).await?;
            }
            tx.commit().await?;
            if all {
                return Ok(rows);
            }
        }
    }

    /// When any worker last said that it is alive.
    pub async fn newest_beat(&self) -> Result<Option<Millis>, StoreError> {
        let (at,): (Option<i64>,) = self.db.one("SELECT MAX(beat_at) FROM workers", args![]).await?;
        Ok(at.map(Millis))
    }

    /// Every worker, the newest heartbeat first.
    pub async fn workers(&self) -> Result<Vec<WorkerBeat>, StoreError> {
        self.db
            .all(
                "SELECT name, started_at, beat_at, alive_until, turned_at FROM workers ORDER BY beat_at DESC",
                args![],
            )
            .await
    }
}
