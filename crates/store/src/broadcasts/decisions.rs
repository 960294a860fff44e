//! What people decide about a broadcast on its way: pause, go on, cancel, send again, settle a doubt.

use std::collections::BTreeMap;

use domain::{
    broadcast::{BroadcastStatus, Move},
    event::EventKind,
    ids::{BroadcastId, MessageRef},
    message::MessageState,
    reason::{OwnReason, Reason},
    role::Permission,
    time::{MINUTE, Millis},
};

use crate::{
    changes::Change,
    db::{Batch, Tx, args},
    error::{StoreError, word},
    messages::{CountMoves, move_counts},
    org::Org,
    work::SETTLE_ROWS,
};

/// No call lasts so long: providers are given up on far earlier.
const LOST_CALL_MS: i64 = MINUTE;

impl Org {
    /// Pauses; untried rows keep waiting.
    pub async fn pause_broadcast(&self, id: BroadcastId, now: Millis) -> Result<(), StoreError> {
        self.change(id, Move::Pause, OwnReason::PausedByPerson.into(), now).await
    }

    /// Lets a paused broadcast go on where it stood.
    pub async fn resume_broadcast(&self, id: BroadcastId, now: Millis) -> Result<(), StoreError> {
        self.change(id, Move::Resume, Reason::None, now).await
    }

    /// Ends a broadcast: nothing untried goes out any more. The engine moves the rows.
    pub async fn cancel_broadcast(&self, id: BroadcastId, now: Millis) -> Result<(), StoreError> {
        self.change(id, Move::Cancel, OwnReason::Cancelled.into(), now).await
    }

    async fn change(
        &self,
        id: BroadcastId,
        happened: Move,
        reason: Reason,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.by_index().begin().await?;
        let status = self.status(&mut tx, id).await?;
        let next = status.after(happened).ok_or(StoreError::Stale)?;
        let stopped = matches!(next, BroadcastStatus::Paused | BroadcastStatus::Cancelled);
        tx.run(
            "UPDATE broadcasts SET status = $3, stopped_at = $4, stopped_by = $5, stop_code = $6, stop_text = '',
                    finished_at = CASE WHEN $3 = 'cancelled' THEN $7 ELSE NULL END
             WHERE id = $1 AND organization_id = $2",
            args![
                id.0,
                self.id(),
                next.word(),
                stopped.then_some(now),
                stopped.then(|| self.actor.name.clone()),
                stopped.then(|| reason.code().to_owned()),
                now
            ],
        )
        .await?;
        let action = match happened {
            Move::Pause => "broadcast.paused",
            Move::Resume => "broadcast.resumed",
            Move::Cancel => "broadcast.cancelled",
            Move::Planned | Move::Start | Move::Complete | Move::Reopen => "broadcast.changed",
        };
        self.note(&mut tx, action, id, "", now).await?;
        tx.tell(Change::Work(id));
        tx.commit().await
    }

    /// Its status, with its row locked.
    pub(super) async fn status(&self, tx: &mut Tx, id: BroadcastId) -> Result<BroadcastStatus, StoreError> {
        let row: Option<(String,)> = tx
            .optional(
                "SELECT status FROM broadcasts WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![id.0, self.id()],
            )
            .await?;
        word("broadcasts", "status", &row.ok_or(StoreError::Missing)?.0)
    }

    /// Puts rows of that state and these reasons back into the queue, by a person's decision; how many. The deadline may be
    /// moved, because the old one may have passed.
    ///
    /// A call of a process that was lost may still be under way: its row goes back only a minute after it began.
    ///
    /// It goes in stretches, so that nobody waits long for the one writer, and each row goes back once: what fails again
    /// meanwhile lies behind the stretch. A broadcast that somebody cancels meanwhile keeps the rest as it is.
    pub async fn send_again(
        &self,
        id: BroadcastId,
        state: MessageState,
        reasons: &[Reason],
        deadline: Millis,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.plan_again(id, state, reasons, (now, deadline), now).await
    }

    /// As [`Org::send_again`], with the first and the last moment of the further try: the rows wait until the first.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where rows of that state cannot go again, or the broadcast cannot be opened again.
    pub async fn plan_again(
        &self,
        id: BroadcastId,
        state: MessageState,
        reasons: &[Reason],
        (from, deadline): (Millis, Millis),
        now: Millis,
    ) -> Result<i64, StoreError> {
        if !matches!(state, MessageState::Failed | MessageState::Unknown | MessageState::Expired) {
            return Err(StoreError::Stale);
        }
        let (mut total, mut after) = (0, Some(0));
        while let Some(position) = after {
            let again = Again { id, state, reasons, from, deadline, now };
            let stretch = self.send_stretch_again(&again, position).await?;
            total += stretch.rows;
            after = stretch.last;
        }
        Ok(total)
    }

    /// Whether another broadcast of the same purpose is being planned: whom it tells is not known yet. Holds the workshop's row, so that none
    /// is confirmed meanwhile.
    async fn is_told_by_a_plan(&self, tx: &mut Tx, id: BroadcastId) -> Result<bool, StoreError> {
        let own: Option<(uuid::Uuid, String)> = tx
            .optional(
                "SELECT workshop_id, purpose FROM broadcasts WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        let Some((workshop, purpose)) = own else { return Ok(false) };
        let _held: Option<(uuid::Uuid,)> =
            tx.optional("SELECT id FROM workshops WHERE id = $1 FOR UPDATE", args![workshop]).await?;
        let (planned,): (bool,) = tx
            .one(
                "SELECT EXISTS (SELECT 1 FROM broadcasts
                                WHERE workshop_id = $1 AND purpose = $2 AND status = 'planning' AND id <> $3)",
                args![workshop, &purpose, id.0],
            )
            .await?;
        Ok(planned)
    }

    /// Puts the next stretch of rows behind `after` back into the queue.
    async fn send_stretch_again(&self, again: &Again<'_>, after: i64) -> Result<Stretch, StoreError> {
        self.allow(Permission::Send)?;
        let Again { id, state, reasons, from, deadline, now } = *again;
        let mut tx = self.db.by_index().begin().await?;
        if self.is_told_by_a_plan(&mut tx, id).await? {
            return Err(StoreError::Stale);
        }
        let status = self.status(&mut tx, id).await?;
        if status == BroadcastStatus::Cancelled && after > 0 {
            return Ok(Stretch::default());
        }
        let next = status.after(Move::Reopen).ok_or(StoreError::Stale)?;
        // The literal list is what makes the index of exceptions usable.
        let rows: Vec<(i64, String, Option<i64>)> = tx
            .all_batch(
                "WITH again AS (
                     SELECT broadcast_id, position FROM messages
                     WHERE broadcast_id = $1 AND state = $2 AND state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                       AND reason IN (SELECT b.reason FROM @batch) AND planned AND position > $4
                       AND (reason NOT IN ($7, $8) OR COALESCE(started_at, 0) <= $6)
                       -- Whoever another broadcast told meanwhile, or is telling, is told.
                       AND NOT EXISTS (
                           SELECT 1 FROM broadcasts own JOIN broadcasts o
                             ON o.workshop_id = own.workshop_id AND o.purpose = own.purpose AND o.id <> own.id
                           JOIN messages t ON t.broadcast_id = o.id AND t.recipient = messages.recipient AND t.planned
                             AND t.state IN ('waiting', 'in_flight', 'sent', 'delivered', 'read', 'unknown')
                             AND NOT (o.status = 'cancelled' AND t.state = 'waiting')
                           WHERE own.id = $1)
                     ORDER BY position LIMIT $5
                 )
                 UPDATE messages SET state = 'waiting', next_attempt_at = $9, changed_at = $3, attempt = 0, failed_at = NULL, earlier_cost = cost
                 FROM again WHERE messages.broadcast_id = again.broadcast_id AND messages.position = again.position
                   -- A receipt may have settled a doubt since it was found.
                   AND messages.state = $2
                 RETURNING messages.position, messages.reason, messages.cost",
                args![
                    id.0,
                    state.word(),
                    now,
                    after,
                    SETTLE_ROWS,
                    now.plus(-LOST_CALL_MS),
                    OwnReason::WorkerLost.word(),
                    OwnReason::DecidedNotSent.word(),
                    from.max(now)
                ],
                Batch::new().texts("reason", reasons.iter().map(|reason| reason.code().to_owned())),
            )
            .await?;
        let mut moves = CountMoves::default();
        let mut by_reason: BTreeMap<&str, i64> = BTreeMap::new();
        for (_, reason, cost) in &rows {
            moves.add(id.0, state, reason, -1, -cost.unwrap_or(0));
            moves.add(id.0, MessageState::Waiting, "", 1, cost.unwrap_or(0));
            *by_reason.entry(reason).or_default() += 1;
        }
        move_counts(&mut tx, moves).await?;
        tx.run(
            "UPDATE broadcasts SET status = $2, deadline = CASE WHEN deadline < $3 THEN $3 ELSE deadline END, finished_at = NULL
             WHERE id = $1",
            args![id.0, next.word(), deadline],
        )
        .await?;
        for (reason, n) in by_reason {
            self.note(&mut tx, "broadcast.sent_again", id, &format!("{n} {reason}"), now).await?;
        }
        tx.tell(Change::Work(id));
        tx.commit().await?;
        let last = rows.iter().map(|(position, ..)| *position).max();
        let n = i64::try_from(rows.len()).unwrap_or(0);
        Ok(Stretch { rows: n, last: last.filter(|_| n == SETTLE_ROWS) })
    }

    /// The rows that wait for a moment that a person chose, or for a retry of more than `after`: how many, and the next moment. `None` when
    /// there are none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn waiting_until(
        &self,
        id: BroadcastId,
        after: Millis,
    ) -> Result<Option<(i64, Millis)>, StoreError> {
        let (n, at): (i64, Option<i64>) = self
            .db
            .by_index()
            .one(
                "SELECT COUNT(*), MIN(m.next_attempt_at) FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
                 WHERE m.broadcast_id = $1 AND m.state = 'waiting' AND m.next_attempt_at > 0 AND m.next_attempt_at > $2
                   AND b.organization_id = $3",
                args![id.0, after, self.id()],
            )
            .await?;
        Ok(at.map(|at| (n, Millis(at))))
    }

    /// How many unknown messages of a broadcast the provider can still be asked about.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn can_poll_status(&self, id: BroadcastId) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .by_index()
            .one(
                "SELECT COUNT(*) FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
                 WHERE m.broadcast_id = $1 AND b.organization_id = $2 AND m.state = 'unknown'
                   AND m.state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                   AND EXISTS (SELECT 1 FROM look_ups l WHERE l.broadcast_id = m.broadcast_id
                                 AND m.position BETWEEN l.first_position AND l.last_position)",
                args![id.0, self.id()],
            )
            .await?;
        Ok(n)
    }

    /// Asks the provider now about a broadcast's unknown messages, instead of at the next step; how many of them it is asked about.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such broadcast.
    pub async fn poll_status_now(&self, id: BroadcastId, now: Millis) -> Result<i64, StoreError> {
        self.allow(Permission::Send)?;
        let n = self.can_poll_status(id).await?;
        let mut tx = self.db.by_index().begin().await?;
        self.status(&mut tx, id).await?;
        if n == 0 {
            return Ok(0);
        }
        tx.run(
            "UPDATE look_ups SET due_at = $3
             WHERE broadcast_id = $1 AND organization_id = $2 AND due_at > $3
               AND EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = look_ups.broadcast_id AND m.state = 'unknown'
                             AND m.position BETWEEN look_ups.first_position AND look_ups.last_position)",
            args![id.0, self.id(), now],
        )
        .await?;
        self.note(&mut tx, "broadcast.looked_up", id, &format!("unknown={n}"), now).await?;
        tx.tell(Change::Work(id));
        tx.commit().await?;
        Ok(n)
    }

    /// Settles a doubt by a person's word: an unknown message did go out, or did not.
    pub async fn decide_unknown(
        &self,
        message: MessageRef,
        went_out: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.by_index().begin().await?;
        self.status(&mut tx, message.broadcast).await?;
        let to = if went_out { MessageState::Sent } else { MessageState::Failed };
        let reason = if went_out { "" } else { OwnReason::DecidedNotSent.word() };
        let row: Option<(String, Option<i64>)> = tx
            .optional(
                "SELECT reason, cost FROM messages WHERE broadcast_id = $1 AND position = $2 AND state = 'unknown' FOR UPDATE",
                args![message.broadcast.0, message.position],
            )
            .await?;
        let (was, cost) = row.ok_or(StoreError::Stale)?;
        tx.run(
            "UPDATE messages SET state = $3, reason = $4, reason_text = '', changed_at = $5 WHERE broadcast_id = $1 AND position = $2",
            args![message.broadcast.0, message.position, to.word(), reason, now],
        )
        .await?;
        tx.run(
            "INSERT INTO message_events (broadcast_id, position, at, kind, detail) VALUES ($1, $2, $3, $5, $4)",
            args![
                message.broadcast.0,
                message.position,
                now,
                format!("{} says that it {}.", self.actor.name, if went_out { "went out" } else { "did not go out" }),
                EventKind::Decision.word()
            ],
        )
        .await?;
        let mut moves = CountMoves::default();
        moves.add(message.broadcast.0, MessageState::Unknown, &was, -1, -cost.unwrap_or(0));
        moves.add(message.broadcast.0, to, reason, 1, cost.unwrap_or(0));
        move_counts(&mut tx, moves).await?;
        self.note(&mut tx, "message.decided", message, to.word(), now).await?;
        tx.tell(Change::Rows(message.broadcast));
        tx.commit().await
    }
}

/// What a person wants to be sent again.
#[derive(Clone, Copy)]
struct Again<'a> {
    id: BroadcastId,
    state: MessageState,
    reasons: &'a [Reason],
    /// The earliest moment of the further try.
    from: Millis,
    deadline: Millis,
    now: Millis,
}

/// Rows that one transaction put back.
#[derive(Default)]
struct Stretch {
    rows: i64,
    /// The last of them, when there may be more.
    last: Option<i64>,
}
