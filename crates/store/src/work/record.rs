//! Recording: what became of calls, many at a time, only for rows that are still this worker's.

use std::collections::{BTreeMap, HashSet};

use domain::{
    broadcast::{BroadcastStatus, Move},
    ids::{BroadcastId, MessageRef},
    message::{MessageState, Next},
    money::Money,
    outcome::Said,
    time::Millis,
};
use uuid::Uuid;

use super::{Turn, Work};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    messages::CountMoves,
};

/// What became of one claimed row.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which.
    pub message: MessageRef,
    /// The attempt that ended; part of the fence.
    pub attempt: i64,
    /// Where it goes.
    pub next: Next,
    /// When the answer came.
    pub at: Millis,
}

/// A slot of the pace chart, in milliseconds.
pub(crate) const PACE_SLOT_MS: i64 = 10_000;

struct Change {
    message: MessageRef,
    attempt: i64,
    state: MessageState,
    reason: String,
    text: String,
    next_attempt_at: i64,
    back: i64,
    failed_at: Option<i64>,
    provider_id: Option<String>,
    cost: Option<Money>,
    at: Millis,
}

impl Change {
    fn of(record: Record) -> (Change, Option<Said>) {
        let mut change = Change {
            message: record.message,
            attempt: record.attempt,
            state: MessageState::Waiting,
            reason: String::new(),
            text: String::new(),
            next_attempt_at: 0,
            back: 0,
            failed_at: None,
            provider_id: None,
            cost: None,
            at: record.at,
        };
        let mut pause = None;
        let said = match record.next {
            Next::Sent { provider_id, cost } => {
                change.state = MessageState::Sent;
                change.provider_id = provider_id;
                change.cost = cost;
                Said::default()
            }
            Next::Failed(said) => {
                change.state = MessageState::Failed;
                change.failed_at = Some(record.at.0);
                said
            }
            Next::Waiting { from, said } => {
                change.next_attempt_at = from.0.max(1);
                said
            }
            Next::Pause(said) => {
                // The row that met it is untried: its attempt does not count.
                change.next_attempt_at = record.at.0.max(1);
                change.back = 1;
                pause = Some(said.clone());
                said
            }
            Next::Expired(said) => {
                change.state = MessageState::Expired;
                said
            }
            Next::Unknown(said) => {
                change.state = MessageState::Unknown;
                said
            }
        };
        change.reason = said.code;
        change.text = said.text;
        (change, pause)
    }
}

impl Work {
    pub(super) async fn record(
        &self,
        tx: &mut Tx,
        records: Vec<Record>,
        moves: &mut CountMoves,
        turn: &mut Turn,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut pauses: BTreeMap<Uuid, Said> = BTreeMap::new();
        let mut changes = Vec::with_capacity(records.len());
        for record in records {
            let broadcast = record.message.broadcast.0;
            let (change, pause) = Change::of(record);
            if let Some(said) = pause {
                pauses.entry(broadcast).or_insert(said);
            }
            changes.push(change);
        }
        let written = self.write_changes(tx, &changes).await?;
        turn.stale += changes.len() - written.len();
        let mut slots: BTreeMap<(Uuid, i64), i64> = BTreeMap::new();
        let mut events = Vec::new();
        for change in &changes {
            let key = (change.message.broadcast.0, change.message.position);
            if !written.contains(&key) {
                continue;
            }
            moves.add(key.0, MessageState::InFlight, "", -1, 0);
            moves.add(key.0, change.state, &change.reason, 1, change.cost.map_or(0, |cost| cost.0));
            if change.state == MessageState::Sent {
                *slots.entry((key.0, change.at.0 / PACE_SLOT_MS)).or_default() += 1;
            } else {
                events.push(change);
            }
            turn.touched.insert(change.message.broadcast);
        }
        write_events(tx, &events).await?;
        write_slots(tx, &slots).await?;
        for (broadcast, said) in pauses {
            pause(tx, BroadcastId(broadcast), &said, now).await?;
        }
        Ok(())
    }

    /// Writes endings of rows that are still this worker's; which they were.
    async fn write_changes(
        &self,
        tx: &mut Tx,
        changes: &[Change],
    ) -> Result<HashSet<(Uuid, i64)>, StoreError> {
        let (sent, others): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|c| c.state == MessageState::Sent);
        let mut written = HashSet::with_capacity(changes.len());
        if !sent.is_empty() {
            written.extend(self.write_sent(tx, &sent).await?);
        }
        if !others.is_empty() {
            written.extend(self.write_others(tx, &others).await?);
        }
        Ok(written)
    }

    /// The many: only what differs from row to row is bound.
    async fn write_sent(&self, tx: &mut Tx, changes: &[&Change]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.message.position))
            .ints("attempt", changes.iter().map(|c| c.attempt))
            .texts("provider_id", changes.iter().map(|c| c.provider_id.clone()))
            .ints("cost", changes.iter().map(|c| c.cost.map(|cost| cost.0)))
            .ints("at", changes.iter().map(|c| c.at.0));
        tx.all_batch(
            "UPDATE messages SET state = 'sent', reason = '', reason_text = '', next_attempt_at = 0, sent_at = b.at,
                    failed_at = NULL, provider_id = b.provider_id, cost = b.cost, changed_at = b.at, worker_id = NULL
             FROM @batch
             WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position
               -- COALESCE keeps SQLite from walking this worker's calls for every row of the batch.
               AND messages.state = 'in_flight' AND COALESCE(messages.worker_id, $1) = $1 AND messages.attempt = b.attempt
             RETURNING messages.broadcast_id, messages.position",
            args![self.worker.0],
            batch,
        )
        .await
    }

    async fn write_others(&self, tx: &mut Tx, changes: &[&Change]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.message.position))
            .ints("attempt", changes.iter().map(|c| c.attempt))
            .texts("state", changes.iter().map(|c| c.state.word().to_owned()))
            .texts("reason", changes.iter().map(|c| c.reason.clone()))
            .texts("reason_text", changes.iter().map(|c| c.text.clone()))
            .ints("next_attempt_at", changes.iter().map(|c| c.next_attempt_at))
            .ints("back", changes.iter().map(|c| c.back))
            .ints("failed_at", changes.iter().map(|c| c.failed_at))
            .ints("at", changes.iter().map(|c| c.at.0));
        tx.all_batch(
            "UPDATE messages SET state = b.state, reason = b.reason, reason_text = b.reason_text,
                    attempt = messages.attempt - b.back, next_attempt_at = b.next_attempt_at,
                    failed_at = b.failed_at, changed_at = b.at, worker_id = NULL
             FROM @batch
             WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position
               -- As above.
               AND messages.state = 'in_flight' AND COALESCE(messages.worker_id, $1) = $1 AND messages.attempt = b.attempt
             RETURNING messages.broadcast_id, messages.position",
            args![self.worker.0],
            batch,
        )
        .await
    }

    /// Gives back rows that were claimed but whose call never started: they wait again, untried.
    pub async fn give_back(&self, claimed: &[super::Claimed], now: Millis) -> Result<(), StoreError> {
        let records = claimed
            .iter()
            .map(|row| Record {
                message: row.message,
                attempt: row.attempt,
                next: Next::Waiting { from: now, said: Said::new("handed_back", "Handed back untried.") },
                at: now,
            })
            .collect::<Vec<_>>();
        let mut tx = self.db.begin().await?;
        let (mut moves, mut turn) = (CountMoves::default(), Turn::default());
        let changes: Vec<Change> = records
            .into_iter()
            .map(|record| {
                let (mut change, _) = Change::of(record);
                change.back = 1;
                change
            })
            .collect();
        for (broadcast, _) in self.write_changes(&mut tx, &changes).await? {
            moves.add(broadcast, MessageState::InFlight, "", -1, 0);
            moves.add(broadcast, MessageState::Waiting, "", 1, 0);
            turn.touched.insert(BroadcastId(broadcast));
        }
        crate::messages::move_counts(&mut tx, moves).await?;
        tx.commit().await
    }

    /// Stops a broadcast because of what the provider said; untried rows keep waiting.
    pub async fn pause(&self, broadcast: BroadcastId, said: &Said, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        pause(&mut tx, broadcast, said, now).await?;
        tx.commit().await
    }

    /// The provider was asked about the campaign and has no objection.
    pub async fn mark_probed(&self, broadcast: BroadcastId) -> Result<(), StoreError> {
        self.db.run("UPDATE broadcasts SET probed = TRUE WHERE id = $1", args![broadcast.0]).await?;
        Ok(())
    }

    /// Holds an integration back until that instant: it asked for less, or does not answer.
    pub async fn hold(
        &self,
        integration: domain::ids::IntegrationId,
        until: Millis,
    ) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE integration_pace SET held_until = $2 WHERE integration_id = $1 AND held_until < $2",
                args![integration.0, until],
            )
            .await?;
        Ok(())
    }
}

async fn pause(tx: &mut Tx, broadcast: BroadcastId, said: &Said, now: Millis) -> Result<(), StoreError> {
    debug_assert_eq!(
        BroadcastStatus::before(Move::Pause),
        [BroadcastStatus::Scheduled, BroadcastStatus::InProgress]
    );
    tx.run(
        "UPDATE broadcasts SET status = 'paused', stopped_at = $2, stopped_by = '', stop_code = $3, stop_text = $4, probed = FALSE
         WHERE id = $1 AND status IN ('scheduled', 'in_progress')",
        args![broadcast.0, now, &said.code, &said.text],
    )
    .await?;
    Ok(())
}

async fn write_events(tx: &mut Tx, changes: &[&Change]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
        .ints("position", changes.iter().map(|c| c.message.position))
        .ints("at", changes.iter().map(|c| c.at.0))
        .texts("kind", changes.iter().map(|c| c.state.word().to_owned()))
        .texts("detail", changes.iter().map(|c| c.text.clone()));
    tx.run_batch(
        "INSERT INTO message_events (broadcast_id, position, at, kind, detail)
         SELECT b.broadcast_id, b.position, b.at, b.kind, b.detail FROM @batch",
        args![],
        batch,
    )
    .await?;
    Ok(())
}

async fn write_slots(tx: &mut Tx, slots: &BTreeMap<(Uuid, i64), i64>) -> Result<(), StoreError> {
    if slots.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .uuids("broadcast_id", slots.keys().map(|(id, _)| *id))
        .ints("slot", slots.keys().map(|(_, slot)| *slot))
        .ints("n", slots.values().copied());
    tx.run_batch(
        "INSERT INTO broadcast_pace (broadcast_id, slot, n) SELECT b.broadcast_id, b.slot, b.n FROM @batch WHERE TRUE
         ON CONFLICT (broadcast_id, slot) DO UPDATE SET n = broadcast_pace.n + excluded.n",
        args![],
        batch,
    )
    .await?;
    Ok(())
}
