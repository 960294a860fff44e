//! Claiming: a row becomes *in flight* in a committed transaction, and only then may bytes leave.

use std::collections::HashSet;

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef, OrganizationId},
    message::{MessageState, SkipReason},
    pace::Pace,
    time::{DAY, Millis},
};
use uuid::Uuid;

use super::{Work, record::Record};
use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, json},
    messages::{CountMoves, move_counts},
    phone_key::PhoneKey,
};

/// A broadcast that has something to send now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueBroadcast {
    /// Which.
    pub broadcast: BroadcastId,
    /// By which account.
    pub integration: IntegrationId,
    /// Rows waiting.
    pub waiting: i64,
    /// When it was last served; the longest unserved goes first.
    pub served_at: Millis,
}

/// What is needed to send any message of a broadcast; the same for all of them.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub broadcast: BroadcastId,
    /// Whose.
    pub organization: OrganizationId,
    /// By which account.
    pub integration: IntegrationId,
    /// The frozen template, JSON.
    pub template: serde_json::Value,
    /// The provider was asked about the campaign before the first message.
    pub probed: bool,
    /// Nothing goes out after this.
    pub deadline: Millis,
}

/// How much of which broadcast a turn would like to claim.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// Which.
    pub broadcast: BroadcastId,
    /// At most so many rows.
    pub rows: i64,
}

/// A row that is in flight by this worker.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which.
    pub message: MessageRef,
    /// E.164.
    pub recipient: String,
    /// Final values, JSON of `domain::template::Content`.
    pub content: String,
    /// Number of this attempt, from 1; with the worker's id the fence of the record.
    pub attempt: i64,
}

/// What a turn of the store brought.
#[derive(Debug, Default)]
pub struct Turn {
    /// Rows that may be sent now.
    pub claimed: Vec<Claimed>,
    /// Rows of the records that were no longer this worker's; nothing was written for them.
    pub stale: usize,
    /// Milliseconds after which the pace of a wanted integration allows more; `None` when pace held nothing back.
    pub wait_ms: Option<i64>,
    /// Broadcasts whose rows changed.
    pub touched: HashSet<BroadcastId>,
}

#[derive(sqlx::FromRow)]
struct BroadcastHead {
    organization_id: Uuid,
    integration_id: Uuid,
    channel: String,
    category: String,
    starts_at: i64,
    deadline: i64,
    cursor: i64,
    suppressing: bool,
}

#[derive(sqlx::FromRow)]
struct PaceRow {
    per_second: i64,
    per_day: i64,
    free_at_us: i64,
    day: i64,
    day_calls: i64,
    held_until: i64,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    position: i64,
    recipient: String,
    content: String,
    attempt: i64,
}

/// India has no daylight saving: the day of a daily ceiling turns at midnight there (05:30 before UTC's).
const DAY_SHIFT_MS: i64 = 19_800_000;

impl Work {
    /// Broadcasts with rows to send at `now`, the longest unserved first.
    pub async fn due(&self, now: Millis) -> Result<Vec<DueBroadcast>, StoreError> {
        let rows: Vec<(Uuid, Uuid, i64, i64)> = self
            .db
            .all(
                "SELECT b.id, b.integration_id, c.n, b.served_at FROM broadcasts b
                 JOIN broadcast_counts c ON c.broadcast_id = b.id AND c.state = 'waiting' AND c.reason = '' AND c.n > 0
                 JOIN integrations i ON i.id = b.integration_id
                 JOIN organizations o ON o.id = b.organization_id
                 JOIN integration_pace p ON p.integration_id = i.id
                 WHERE b.status IN ('scheduled', 'in_progress') AND b.starts_at <= $1 AND b.deadline > $1
                   AND i.stopped_at IS NULL AND i.removed_at IS NULL AND o.stopped_at IS NULL AND p.held_until <= $1
                 ORDER BY b.served_at, b.id",
                args![now],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, integration, waiting, served_at)| DueBroadcast {
                broadcast: BroadcastId(id),
                integration: IntegrationId(integration),
                waiting,
                served_at: Millis(served_at),
            })
            .collect())
    }

    /// The next instant at which something may become due: a start, a deadline, a retry, the end of a hold.
    pub async fn next_due(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        let (next,): (Option<i64>,) = self
            .db
            .one(
                "SELECT MIN(at) FROM (
                     SELECT MIN(starts_at) AS at FROM broadcasts WHERE status IN ('scheduled', 'in_progress') AND starts_at > $1
                     UNION ALL
                     SELECT MIN(deadline) FROM broadcasts WHERE status IN ('scheduled', 'in_progress') AND deadline > $1
                     UNION ALL
                     SELECT MIN(held_until) FROM integration_pace WHERE held_until > $1
                     UNION ALL
                     SELECT MIN(m.next_attempt_at) FROM broadcasts b
                     JOIN messages m ON m.broadcast_id = b.id AND m.state = 'waiting' AND m.next_attempt_at > 0
                     WHERE b.status = 'in_progress' AND m.next_attempt_at > $1
                 ) AS moments",
                args![now],
            )
            .await?;
        Ok(next.map(Millis))
    }

    /// What is needed to send any message of that broadcast.
    pub async fn job(&self, broadcast: BroadcastId) -> Result<Job, StoreError> {
        let (organization, integration, template, probed, deadline): (Uuid, Uuid, String, bool, i64) = self
            .db
            .one(
                "SELECT organization_id, integration_id, template, probed, deadline FROM broadcasts WHERE id = $1",
                args![broadcast.0],
            )
            .await?;
        Ok(Job {
            broadcast,
            organization: OrganizationId(organization),
            integration: IntegrationId(integration),
            template: json("broadcasts", "template", &template)?,
            probed,
            deadline: Millis(deadline),
        })
    }

    /// Records what ended and claims what comes next, in one transaction: one commit carries both.
    pub async fn turn(
        &self,
        records: Vec<Record>,
        wants: &[Want],
        key: &PhoneKey,
        now: Millis,
    ) -> Result<Turn, StoreError> {
        let mut turn = Turn::default();
        if records.is_empty() && wants.is_empty() {
            return Ok(turn);
        }
        let mut moves = CountMoves::default();
        let mut tx = self.db.begin().await?;
        if !records.is_empty() {
            self.record(&mut tx, records, &mut moves, &mut turn, now).await?;
        }
        for want in wants {
            self.claim(&mut tx, *want, key, &mut moves, &mut turn, now).await?;
        }
        move_counts(&mut tx, moves).await?;
        tx.commit().await?;
        Ok(turn)
    }

    async fn claim(
        &self,
        tx: &mut Tx,
        want: Want,
        key: &PhoneKey,
        moves: &mut CountMoves,
        turn: &mut Turn,
        now: Millis,
    ) -> Result<(), StoreError> {
        let head: Option<BroadcastHead> = tx
            .optional(
                "SELECT organization_id, integration_id, channel, category, starts_at, deadline, cursor,
                        EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = broadcasts.organization_id) AS suppressing
                 FROM broadcasts WHERE id = $1 AND status IN ('scheduled', 'in_progress') FOR UPDATE SKIP LOCKED",
                args![want.broadcast.0],
            )
            .await?;
        let Some(head) = head else { return Ok(()) };
        if head.starts_at > now.0 || head.deadline <= now.0 {
            return Ok(());
        }
        let Some((pace, calls)) = self.grant(tx, &head, want.rows, turn, now).await? else { return Ok(()) };

        let mut rows = self.claim_again(tx, want.broadcast, calls, now).await?;
        let room = calls - i64::try_from(rows.len()).unwrap_or(calls);
        let mut cursor = head.cursor;
        if room > 0 {
            let fresh = self.claim_fresh(tx, want.broadcast, cursor, room, now).await?;
            cursor = fresh.iter().map(|row| row.position).max().unwrap_or(cursor);
            rows.extend(fresh);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let claimed_calls = i64::try_from(rows.len()).unwrap_or(0);
        moves.add(want.broadcast.0, MessageState::Waiting, "", -claimed_calls, 0);
        moves.add(want.broadcast.0, MessageState::InFlight, "", claimed_calls, 0);
        if head.suppressing {
            self.leave_out_suppressed(tx, want.broadcast, &head, &mut rows, key, moves, now).await?;
        }
        tx.run(
            "UPDATE broadcasts SET cursor = $2, served_at = $3, status = 'in_progress', started_at = COALESCE(started_at, $3)
             WHERE id = $1",
            args![want.broadcast.0, cursor, now],
        )
        .await?;
        let now_us = now.0 * 1_000;
        let today = (now.0 + DAY_SHIFT_MS) / DAY;
        let day_calls = if pace.day == today { pace.day_calls } else { 0 } + claimed_calls;
        let limits = Pace { per_second: pace.per_second, per_day: pace.per_day };
        tx.run(
            "UPDATE integration_pace SET free_at_us = $2, day = $3, day_calls = $4 WHERE integration_id = $1",
            args![
                head.integration_id,
                limits.after(now_us, pace.free_at_us, claimed_calls),
                today,
                day_calls
            ],
        )
        .await?;
        turn.touched.insert(want.broadcast);
        rows.sort_unstable_by_key(|row| row.position);
        turn.claimed.extend(rows.into_iter().map(|row| Claimed {
            message: MessageRef { broadcast: want.broadcast, position: row.position },
            recipient: row.recipient,
            content: row.content,
            attempt: row.attempt,
        }));
        Ok(())
    }

    /// How many calls the integration's pace allows now; `None` for none.
    async fn grant(
        &self,
        tx: &mut Tx,
        head: &BroadcastHead,
        wanted: i64,
        turn: &mut Turn,
        now: Millis,
    ) -> Result<Option<(PaceRow, i64)>, StoreError> {
        let pace: PaceRow = tx
            .one(
                "SELECT i.per_second, i.per_day, p.free_at_us, p.day, p.day_calls, p.held_until
                 FROM integration_pace p JOIN integrations i ON i.id = p.integration_id
                 WHERE p.integration_id = $1 FOR UPDATE",
                args![head.integration_id],
            )
            .await?;
        if pace.held_until > now.0 {
            return Ok(None);
        }
        let today = (now.0 + DAY_SHIFT_MS) / DAY;
        let used = if pace.day == today { pace.day_calls } else { 0 };
        let left_today = if pace.per_day > 0 { (pace.per_day - used).max(0) } else { i64::MAX };
        let limits = Pace { per_second: pace.per_second, per_day: pace.per_day };
        let grant = limits.grant(now.0 * 1_000, pace.free_at_us, wanted.min(left_today));
        if grant.calls == 0 {
            let wait = if left_today == 0 { (today + 1) * DAY - DAY_SHIFT_MS - now.0 } else { grant.wait_ms };
            turn.wait_ms = Some(turn.wait_ms.map_or(wait, |known| known.min(wait)));
            return Ok(None);
        }
        if grant.calls < wanted {
            turn.wait_ms =
                Some(turn.wait_ms.map_or(1, |known| known.min(1_000 / pace.per_second.max(1))).max(1));
        }
        Ok(Some((pace, grant.calls)))
    }

    /// Rows that go again: put back by a retry, a pause, a person.
    async fn claim_again(
        &self,
        tx: &mut Tx,
        broadcast: BroadcastId,
        limit: i64,
        now: Millis,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        tx.all(
            "WITH due AS (
                 SELECT broadcast_id, position FROM messages
                 WHERE broadcast_id = $1 AND state = 'waiting' AND next_attempt_at > 0 AND next_attempt_at <= $2
                 ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
             )
             UPDATE messages SET state = 'in_flight', reason = '', reason_text = '', attempt = attempt + 1, worker_id = $4,
                    started_at = $2, changed_at = $2
             FROM due WHERE messages.broadcast_id = due.broadcast_id AND messages.position = due.position
             RETURNING messages.position, messages.recipient, messages.content, messages.attempt",
            args![broadcast.0, now, limit, self.worker.0],
        )
        .await
    }

    /// Untried rows behind the cursor. The broadcast's row is locked, so no other worker looks at the same stretch.
    async fn claim_fresh(
        &self,
        tx: &mut Tx,
        broadcast: BroadcastId,
        cursor: i64,
        limit: i64,
        now: Millis,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        tx.all(
            "WITH due AS (
                 SELECT broadcast_id, position FROM messages
                 WHERE broadcast_id = $1 AND position > $5 AND state = 'waiting' AND next_attempt_at = 0
                 ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED
             )
             UPDATE messages SET state = 'in_flight', attempt = attempt + 1, worker_id = $4, started_at = $2, changed_at = $2
             FROM due WHERE messages.broadcast_id = due.broadcast_id AND messages.position = due.position
             RETURNING messages.position, messages.recipient, messages.content, messages.attempt",
            args![broadcast.0, now, limit, self.worker.0, cursor],
        )
        .await
    }

    /// Suppression is checked at the moment of sending: whoever opted out since the plan was written is left out here.
    #[expect(clippy::too_many_arguments, reason = "one step of a claim, with the claim's own state")]
    async fn leave_out_suppressed(
        &self,
        tx: &mut Tx,
        broadcast: BroadcastId,
        head: &BroadcastHead,
        rows: &mut Vec<ClaimedRow>,
        key: &PhoneKey,
        moves: &mut CountMoves,
        now: Millis,
    ) -> Result<(), StoreError> {
        let keys: Vec<String> = rows.iter().map(|row| key.of(&row.recipient)).collect();
        let listed: Vec<(String,)> = tx
            .all_batch(
                "SELECT s.phone_key FROM @batch CROSS JOIN suppressions s
                 WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.channel IN ('all', $2) AND s.category IN ('all', $3)",
                args![head.organization_id, &head.channel, &head.category],
                Batch::new().texts("phone_key", keys.iter().cloned()),
            )
            .await?;
        if listed.is_empty() {
            return Ok(());
        }
        let listed: HashSet<String> = listed.into_iter().map(|(key,)| key).collect();
        let mut out = Vec::new();
        let mut at = 0;
        rows.retain(|row| {
            let suppressed = listed.contains(&keys[at]);
            at += 1;
            if suppressed {
                out.push(row.position);
            }
            !suppressed
        });
        for _ in &out {
            moves.add(broadcast.0, MessageState::InFlight, "", -1, 0);
            moves.add(broadcast.0, MessageState::Skipped, SkipReason::Suppressed.word(), 1, 0);
        }
        tx.run_batch(
            "UPDATE messages SET state = 'skipped', reason = $1, attempt = attempt - 1, worker_id = NULL, started_at = NULL,
                    changed_at = $2
             FROM @batch WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position",
            args![SkipReason::Suppressed.word(), now],
            Batch::new().uuids("broadcast_id", out.iter().map(|_| broadcast.0)).ints("position", out),
        )
        .await?;
        Ok(())
    }
}
