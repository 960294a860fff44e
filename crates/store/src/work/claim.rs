//! Claiming: a row becomes *in flight* in a committed transaction, and only then may bytes leave.
//!
//! An exchange with the database costs more than most statements, so the plain case has four. The first begins the
//! transaction. The second is one question that locks the broadcast and its pace and returns the next untried rows. The
//! third is one `StatementBatch` of everything that needs no answer (rows that ended, the claim, pace, counts). The
//! fourth commits. Fresh rows are read as one text and changed as a stretch. Rows that ended are counted and not read
//! back, because reading a row costs more than changing it.
//!
//! On PostgreSQL the question sees everything but the locked rows as it was before it waited for them. A row that was
//! taken out meanwhile makes the count too low; the turn is undone and done again, and then the rows are read under the
//! lock (`RowCheck`). What could be too close to a message of another broadcast (`crowded`) is asked again under the
//! lock. Accounts of one organisation have separate pace rows, so whoever asks holds the organisation’s row as well,
//! and a worker that does not get it tries again later.

use std::collections::HashSet;

use domain::{
    channel::Channel,
    ids::{BroadcastId, MessageRef},
    message::MessageState,
    time::Millis,
};
use uuid::Uuid;

use super::{
    CallLimits, Endings, PostLimits, Work, ceiling,
    lines::{self, Holder},
    pace::{PaceRow, calls_for, grant, spend},
    posts,
    record::{RowCheck, SideRows},
    rungs,
};
use crate::{
    changes::Change,
    db::{Tx, again, args},
    error::{StoreError, word},
    hot::{FIELD, ROW, StatementBatch, fields_of},
    messages::{CountMoves, move_counts_with},
    phone_key::PhoneKey,
};

/// How many messages of a broadcast a turn would like to claim.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// Id of the broadcast.
    pub broadcast: BroadcastId,
    /// The largest number of messages to claim.
    pub rows: i64,
    /// The number of messages that go into one call to the provider.
    pub batch: i64,
    /// The pace of posts to groups; `None` for messages to people.
    pub posts: Option<PostLimits>,
    /// The account's limits of calls; `None` for messages.
    pub calls: Option<CallLimits>,
}

impl Want {
    /// So many rows, each with a call of its own.
    pub fn rows(broadcast: BroadcastId, rows: i64) -> Want {
        Want { broadcast, rows, batch: 1, posts: None, calls: None }
    }
}

/// A row that is in flight by this worker.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// Phone number in E.164 form.
    pub recipient: String,
    /// Final values, JSON of `domain::template::Content`.
    pub content: String,
    /// Number of this attempt, from 1; with the worker's id the fence of the record.
    pub attempt: i64,
}

/// The result of one turn at the store.
#[derive(Debug, Default)]
pub struct TurnResult {
    /// Rows that may be sent now.
    pub claimed: Vec<Claimed>,
    /// Rows of the records that were no longer this worker's; nothing was written for them.
    pub stale: usize,
    /// Those of the stale rows that were handed over, with the provider's id and the moment, and that no question of
    /// the records covers. The provider can be asked about them.
    pub given_up: Vec<(MessageRef, String, Millis)>,
    /// Milliseconds after which the pace of a wanted integration allows more; `None` when pace held nothing back.
    pub wait_ms: Option<i64>,
    /// The rows that were claimed and put back, because they may not go out, or not yet. Other rows may wait behind
    /// them.
    pub left_out: usize,
    /// The broadcasts whose rows changed.
    pub touched: HashSet<BroadcastId>,
}

#[derive(sqlx::FromRow)]
pub(super) struct BroadcastHead {
    pub(super) organization_id: Uuid,
    pub(super) integration_id: Uuid,
    pub(super) channel: String,
    pub(super) category: String,
    /// Its start has come, now or before the clock was set back.
    begun: bool,
    /// Its own gap after the post before has not passed.
    rests: bool,
    deadline: i64,
    cursor: i64,
    pub(super) suppressing: bool,
    /// It is a rung of a reach ladder.
    rung: bool,
    /// Rows that go again are due.
    again: bool,
    /// Another broadcast of the channel may have been served so recently that two of their messages are too close to
    /// each other. Also true for one that is open and may be served at this moment: what another process claims while
    /// this one waits for the pace is not seen here.
    crowded: bool,
    /// Untried rows behind the cursor, as one text.
    fresh: Option<String>,
    #[sqlx(flatten)]
    pace: PaceRow,
}

impl BroadcastHead {
    /// Milliseconds that two of its channel's messages to one number keep apart; 0 when none can be too close.
    pub(super) fn gap_ms(&self) -> Result<i64, StoreError> {
        let channel: Channel = word("broadcasts", "channel", &self.channel)?;
        Ok(if self.crowded { channel.gap_ms() } else { 0 })
    }

    /// The account's own ceiling and its portfolio.
    pub(super) fn ceiling(&self) -> (i64, &str) {
        (self.pace.per_day, &self.pace.portfolio)
    }

    /// Whether this worker is the one that may look for recent messages of the organisation, or at what several of its
    /// accounts share, and claim: they share no pace whose lock would keep two workers apart. A worker that does not
    /// get the row tries again soon. If it waited here, it could hold a row that the other worker needs next.
    pub(super) async fn locks_organisation(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let gate: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED",
                args![self.organization_id],
            )
            .await?;
        Ok(gate.is_some())
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct ClaimedRow {
    pub(super) position: i64,
    pub(super) recipient: String,
    content: String,
    pub(super) attempt: i64,
}

impl Work {
    /// Records what ended and claims what comes next, in one transaction: one commit carries both.
    pub async fn turn(
        &self,
        endings: &Endings,
        wants: &[Want],
        key: &PhoneKey,
        now: Millis,
    ) -> Result<TurnResult, StoreError> {
        if endings.is_empty() && wants.is_empty() {
            return Ok(TurnResult::default());
        }
        if let Some(turn) = again(|| self.try_turn(endings, wants, key, RowCheck::Count, now)).await? {
            return Ok(turn);
        }
        // Others have given up on some of these rows, or taken some out that were to be claimed: once more, looking
        // which.
        again(|| self.try_turn(endings, wants, key, RowCheck::ReadBack, now)).await?.ok_or(StoreError::Stale)
    }

    async fn try_turn(
        &self,
        endings: &Endings,
        wants: &[Want],
        key: &PhoneKey,
        care: RowCheck,
        now: Millis,
    ) -> Result<Option<TurnResult>, StoreError> {
        let mut turn = TurnResult::default();
        let mut moves = CountMoves::default();
        let mut statements = StatementBatch::default();
        let mut tx = self.db.by_index().begin().await?;
        let aside = if endings.is_empty() {
            SideRows::default()
        } else {
            self.record(&mut tx, &mut statements, endings, care, &mut moves, &mut turn, now).await?
        };
        for (at, want) in wants.iter().enumerate() {
            if at > 0 {
                // It looks at what the one before has spent.
                statements.send(&mut tx).await?;
            }
            self.claim(&mut tx, &mut statements, *want, key, care, &mut moves, &mut turn, now).await?;
        }
        aside.write(&mut statements, now);
        move_counts_with(&mut statements, moves);
        if !statements.send(&mut tx).await? {
            return Ok(None);
        }
        for broadcast in &turn.touched {
            tx.tell(Change::Rows(*broadcast));
        }
        tx.commit().await?;
        Ok(Some(turn))
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a turn, with the turn's own state")]
    async fn claim(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        want: Want,
        key: &PhoneKey,
        care: RowCheck,
        moves: &mut CountMoves,
        turn: &mut TurnResult,
        now: Millis,
    ) -> Result<(), StoreError> {
        // Rows and conditions are read as they were before the wait for the locks. A row that was taken out meanwhile
        // makes the claim's count too low, and the turn is tried again; then the rows are read when the locks are
        // there.
        let with_rows = if care == RowCheck::Count { want.rows } else { 0 };
        let gap = Channel::longest_gap_ms();
        let head: Option<BroadcastHead> = tx
            .optional(
                "SELECT b.organization_id, b.integration_id, b.channel, b.category, b.deadline, b.cursor,
                        b.status = 'in_progress' OR b.starts_at <= $2 AS begun, b.ladder IS NOT NULL AS rung,
                        b.gap_s > 0 AND b.served_at <= $2 AND b.served_at + b.gap_s * 1000 > $2 AS rests,
                        EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = b.organization_id) AS suppressing,
                        EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = b.id AND m.state = 'waiting'
                                AND m.next_attempt_at > 0 AND m.next_attempt_at <= $2) AS again,
                        EXISTS (SELECT 1 FROM integrations a CROSS JOIN broadcasts o
                                WHERE a.organization_id = b.organization_id AND o.integration_id = a.id AND o.served_at > $6
                                  AND o.channel = b.channel AND o.id <> b.id)
                          OR EXISTS (SELECT 1 FROM broadcasts o
                                     WHERE o.status IN ('planning', 'scheduled', 'in_progress', 'paused') AND o.starts_at <= $7
                                       AND o.organization_id = b.organization_id AND o.channel = b.channel AND o.id <> b.id) AS crowded,
                        (SELECT string_agg(CAST(position AS TEXT) || $4 || recipient || $4 || CAST(attempt + 1 AS TEXT) || $4 || content, $5)
                         FROM (SELECT position, recipient, attempt, content FROM messages
                               WHERE broadcast_id = b.id AND position > b.cursor AND state = 'waiting' AND next_attempt_at = 0
                               ORDER BY position LIMIT $3) AS untried) AS fresh,
                        i.per_second, i.per_day, i.portfolio, p.free_at_us, p.day, p.day_calls, p.held_until
                 FROM broadcasts b
                 JOIN integrations i ON i.id = b.integration_id
                 JOIN integration_pace p ON p.integration_id = b.integration_id
                 WHERE b.id = $1 AND b.status IN ('scheduled', 'in_progress') AND b.assignee_id IS NULL FOR UPDATE OF b SKIP LOCKED FOR UPDATE OF p",
                args![
                    want.broadcast.0,
                    now,
                    with_rows,
                    FIELD,
                    ROW,
                    now.plus(-gap),
                    now.plus(gap)
                ],
            )
            .await?;
        let Some(mut head) = head else { return Ok(()) };
        if !head.begun || head.rests || head.deadline <= now.0 {
            return Ok(());
        }
        let (want, pause_ms) = match want.posts {
            Some(limits) => match posts::pause_after(tx, head.integration_id, &limits, turn, now).await? {
                Some(pause_ms) => (Want { rows: 1, batch: 1, ..want }, Some(pause_ms)),
                None => return Ok(()),
            },
            None => (want, None),
        };
        let want = match want.calls {
            Some(limits) => {
                let room = lines::room(tx, head.integration_id, &limits, turn, now).await?;
                Want { rows: want.rows.min(room), batch: 1, ..want }
            }
            None => want,
        };
        if want.rows == 0 {
            return Ok(());
        }
        let Some(ceiling) = ceiling::left(tx, &head, now).await? else { return Ok(()) };
        let Some(granted) = grant(&head.pace, &ceiling, want, turn, now) else { return Ok(()) };
        if head.gap_ms()? > 0 && !head.locks_organisation(tx).await? {
            return Ok(());
        }
        // Posts cost nothing and reach nobody in person: they belong to a ladder and are not weighed.
        let ladder = match head.rung && want.posts.is_none() {
            false => None,
            true => match rungs::hold(tx, want.broadcast).await? {
                Some(ladder) => Some(ladder),
                None => return Ok(()),
            },
        };

        let mut rows = Vec::new();
        if head.again {
            // What ended comes first: a row that goes again must not be taken for the attempt that ended.
            statements.send(tx).await?;
            rows = self.claim_again(tx, want.broadcast, granted, now).await?;
        }
        let room = granted - i64::try_from(rows.len()).unwrap_or(granted);
        let mut cursor = head.cursor;
        if room > 0 {
            let found = match head.fresh.take() {
                Some(found) => Some(found),
                None if care == RowCheck::Count => None,
                None => untried(tx, want.broadcast, cursor, room).await?,
            };
            let fresh = match found {
                Some(found) => {
                    self.claim_fresh(tx, statements, want.broadcast, cursor, &found, room, now).await?
                }
                None => Vec::new(),
            };
            cursor = fresh.iter().map(|row| row.position).max().unwrap_or(cursor);
            rows.extend(fresh);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let claimed = i64::try_from(rows.len()).unwrap_or(0);
        moves.add(want.broadcast.0, MessageState::Waiting, "", -claimed, 0);
        moves.add(want.broadcast.0, MessageState::InFlight, "", claimed, 0);
        self.exclude(tx, statements, want.broadcast, &head, &mut rows, key, moves, now).await?;
        if let Some(ladder) = &ladder {
            self.admit_to_rung(tx, statements, want.broadcast, ladder, &mut rows, moves, now).await?;
        }
        if let Some(limits) = want.calls.filter(|_| !rows.is_empty()) {
            let of = Holder {
                broadcast: want.broadcast.0,
                organization: head.organization_id,
                integration: head.integration_id,
            };
            lines::hold(statements, &of, &rows, &limits, now);
        }
        statements.run(
            "UPDATE broadcasts SET cursor = $2, served_at = $3, status = 'in_progress', started_at = COALESCE(started_at, $3)
             WHERE id = $1",
            args![want.broadcast.0, cursor, now],
        );
        let going = i64::try_from(rows.len()).unwrap_or(claimed);
        turn.left_out += usize::try_from(claimed - going).unwrap_or(0);
        // Rows that were left out take nothing of the pace: thousands of them must not stand between an account and those who may be told.
        let taken = if pause_ms.is_some() { claimed } else { going };
        match pause_ms {
            Some(pause_ms) => posts::spend(statements, head.integration_id, taken, pause_ms, now),
            None if taken > 0 => ceiling::spend(statements, head.integration_id, &ceiling, taken, now),
            None => {}
        }
        if taken > 0 {
            spend(statements, head.integration_id, &head.pace, calls_for(taken, want.batch), taken, now);
        }
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

    /// Claims the first of the untried rows that were found behind the cursor. The broadcast's row is locked, so no
    /// other worker looks at the same stretch. They were read as one text and are changed by their stretch: a row that
    /// crosses from the database costs more than its change.
    #[expect(clippy::too_many_arguments, reason = "one step of a claim, with the claim's own state")]
    async fn claim_fresh(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        broadcast: BroadcastId,
        cursor: i64,
        found: &str,
        limit: i64,
        now: Millis,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        let mut rows = match fresh_rows(found) {
            Some(rows) => rows,
            // One of them holds a separator: it must not stop its neighbours.
            None => fresh_one_by_one(tx, broadcast, cursor, limit).await?,
        };
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        let Some(last) = rows.iter().map(|row| row.position).max() else { return Ok(rows) };
        statements.run(
            "UPDATE messages SET state = 'in_flight', attempt = attempt + 1, worker_id = $4, started_at = $5, changed_at = $5
             WHERE broadcast_id = $1 AND position > $2 AND position <= $3 AND state = 'waiting' AND next_attempt_at = 0",
            args![broadcast.0, cursor, last, self.worker.0, now],
        );
        statements.expecting(rows.len());
        Ok(rows)
    }
}

/// Untried rows behind the cursor, as one text.
async fn untried(
    tx: &mut Tx,
    broadcast: BroadcastId,
    cursor: i64,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let (found,): (Option<String>,) = tx
        .one(
            "SELECT string_agg(CAST(position AS TEXT) || $4 || recipient || $4 || CAST(attempt + 1 AS TEXT) || $4 || content, $5)
             FROM (SELECT position, recipient, attempt, content FROM messages
                   WHERE broadcast_id = $1 AND position > $2 AND state = 'waiting' AND next_attempt_at = 0
                   ORDER BY position LIMIT $3 FOR UPDATE) AS untried",
            args![broadcast.0, cursor, limit, FIELD, ROW],
        )
        .await?;
    Ok(found)
}

/// The rows of one text; `None` when it cannot be taken apart.
fn fresh_rows(text: &str) -> Option<Vec<ClaimedRow>> {
    fields_of::<4>(text)
        .map(|row| {
            let [position, recipient, attempt, content] = row?;
            Some(ClaimedRow {
                position: position.parse().ok()?,
                recipient: recipient.to_owned(),
                attempt: attempt.parse().ok()?,
                content: content.to_owned(),
            })
        })
        .collect()
}

async fn fresh_one_by_one(
    tx: &mut Tx,
    broadcast: BroadcastId,
    cursor: i64,
    limit: i64,
) -> Result<Vec<ClaimedRow>, StoreError> {
    tx.all(
        "SELECT position, recipient, content, attempt + 1 AS attempt FROM messages
         WHERE broadcast_id = $1 AND position > $2 AND state = 'waiting' AND next_attempt_at = 0 ORDER BY position LIMIT $3",
        args![broadcast.0, cursor, limit],
    )
    .await
}
