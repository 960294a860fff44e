//! Recording: what became of calls, many at a time. The fence is in the condition: a row is written only while it is in
//! flight by this worker and this attempt. Records of other rows write nothing, and are counted as `stale`.

use std::collections::{BTreeMap, HashSet};

use domain::{
    broadcast::{BroadcastStatus, Move},
    event::EventKind,
    ids::{BroadcastId, MessageRef},
    message::{MessageState, Next},
    money::Money,
    outcome::ProviderAnswer,
    time::Millis,
};
use uuid::Uuid;

use super::{NewStatusPoll, StatusPollTarget, TurnResult, Work, lines, sent_ids::SentIds, status_polls};
use crate::{
    changes,
    db::{Batch, Tx, again, args},
    error::StoreError,
    hot::StatementBatch,
    messages::CountMoves,
};

/// How one claimed message ended its attempt.
#[derive(Clone, Debug)]
pub struct Record {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The attempt that ended; part of the fence.
    pub attempt: i64,
    /// What happens to the message next.
    pub next: Next,
    /// When the answer came.
    pub at: Millis,
}

/// A request that was accepted for many rows at once: one change covers them all.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// The broadcast of the request.
    pub broadcast: BroadcastId,
    /// Positions of its rows, ascending and without a hole, so that requests never overlap; each row's first attempt.
    pub positions: Vec<i64>,
    /// The provider's id of the request.
    pub provider_id: Option<String>,
    /// What the provider charged for all of them together.
    pub cost: Option<Money>,
    /// When the answer came.
    pub at: Millis,
}

/// Everything that ended since the last turn.
#[derive(Clone, Debug, Default)]
pub struct Endings {
    /// Endings of single messages.
    pub rows: Vec<Record>,
    /// Endings of requests for many messages.
    pub requests: Vec<SentRequest>,
    /// The questions that the provider is to be asked later.
    pub look_ups: Vec<NewStatusPoll>,
    /// Broadcasts whose receipts will not say what we sent along: their messages are found by the provider's ids.
    pub found_by_id: HashSet<BroadcastId>,
    /// Broadcasts of calls, whose attempts hold channels of the account.
    pub rings: HashSet<BroadcastId>,
}

impl Endings {
    /// Nothing ended.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.requests.is_empty() && self.look_ups.is_empty()
    }

    /// Rows that they speak of.
    pub fn len(&self) -> usize {
        self.rows.len() + self.requests.iter().map(|request| request.positions.len()).sum::<usize>()
    }
}

impl Endings {
    /// Enters a question; what is asked in the same way about others of that broadcast is one question with it, unless
    /// they lie far apart.
    pub fn ask(&mut self, new: NewStatusPoll) {
        let near = |known: &NewStatusPoll| {
            new.asked != StatusPollTarget::Each
                || new.first.saturating_sub(NEAR) <= known.last
                    && new.last.saturating_add(NEAR) >= known.first
        };
        let same = |known: &&mut NewStatusPoll| {
            known.broadcast == new.broadcast && known.asked == new.asked && near(known)
        };
        match self.look_ups.iter_mut().find(same) {
            Some(known) => {
                known.first = known.first.min(new.first);
                known.last = known.last.max(new.last);
            }
            None => self.look_ups.push(new),
        }
    }
}

impl From<Vec<Record>> for Endings {
    fn from(rows: Vec<Record>) -> Endings {
        Endings { rows, ..Endings::default() }
    }
}

/// Messages that are asked about by one question lie no further apart than this.
const NEAR: i64 = 256;

/// A slot of the pace chart, in milliseconds.
pub(crate) const PACE_SLOT_MS: i64 = 10_000;

/// How rows are written: trusting that all are still this worker's, or finding out which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowCheck {
    /// Counted only; a row that is missing undoes the transaction. Rows that cross from the database cost more than
    /// their change.
    Count,
    /// Which rows were written is read back.
    ReadBack,
}

/// What a turn's endings leave to be written beside the rows. It goes last: other processes write the same rows of
/// these tables, and everybody locks them after those of the claim.
#[derive(Default)]
pub(super) struct SideRows {
    slots: BTreeMap<(Uuid, i64), i64>,
    look_ups: Vec<NewStatusPoll>,
    sent_ids: SentIds,
}

impl SideRows {
    pub(super) fn write(&self, statements: &mut StatementBatch, now: Millis) {
        write_slots(statements, &self.slots);
        self.sent_ids.write(statements, now);
        status_polls::write(statements, &self.look_ups);
    }
}

struct Change<'a> {
    message: MessageRef,
    attempt: i64,
    state: MessageState,
    event: Option<EventKind>,
    said: &'a ProviderAnswer,
    next_attempt_at: i64,
    back: i64,
    failed_at: Option<i64>,
    provider_id: Option<&'a str>,
    cost: Option<Money>,
    at: Millis,
}

static NOTHING_SAID: ProviderAnswer = ProviderAnswer { code: String::new(), text: String::new() };

impl<'a> Change<'a> {
    fn of(record: &'a Record) -> Change<'a> {
        let mut change = Change {
            message: record.message,
            attempt: record.attempt,
            state: MessageState::Waiting,
            event: EventKind::of(&record.next),
            said: &NOTHING_SAID,
            next_attempt_at: 0,
            back: 0,
            failed_at: None,
            provider_id: None,
            cost: None,
            at: record.at,
        };
        match &record.next {
            Next::Sent { provider_id, cost } => {
                change.state = MessageState::Sent;
                change.provider_id = provider_id.as_deref();
                change.cost = *cost;
            }
            Next::Failed(said) => {
                change.state = MessageState::Failed;
                change.failed_at = Some(record.at.0);
                change.said = said;
            }
            Next::Waiting { from, said } => {
                change.next_attempt_at = from.0.max(1);
                change.said = said;
            }
            Next::HandBack { from, said } => {
                change.next_attempt_at = from.0.max(1);
                change.back = 1;
                change.said = said;
            }
            Next::Pause(said) => {
                // The row that met it is untried: its attempt does not count.
                change.next_attempt_at = record.at.0.max(1);
                change.back = 1;
                change.said = said;
            }
            Next::Expired(said) => {
                change.state = MessageState::Expired;
                change.said = said;
            }
            Next::Unknown(said) => {
                change.state = MessageState::Unknown;
                change.said = said;
            }
        }
        change
    }

    fn key(&self) -> (Uuid, i64) {
        (self.message.broadcast.0, self.message.position)
    }
}

impl Work {
    /// Writes what ended, with `together` as far as it may wait. With [`RowCheck::Count`] every row is assumed to be
    /// this worker's still. The transaction may only be committed when the statements touch as many rows as expected.
    #[expect(clippy::too_many_arguments, reason = "one step of a turn, with the turn's own state")]
    pub(super) async fn record(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        endings: &Endings,
        check: RowCheck,
        moves: &mut CountMoves,
        turn: &mut TurnResult,
        now: Millis,
    ) -> Result<SideRows, StoreError> {
        let changes: Vec<Change<'_>> = endings.rows.iter().map(Change::of).collect();
        let stale = self.write_changes(tx, statements, &changes, check).await?;
        turn.stale += stale.len();
        let mut look_ups = endings.look_ups.clone();
        // Others hold them for unknown, without the provider's id: what became of them can still be asked with it.
        for change in changes.iter().filter(|change| stale.contains(&change.key())) {
            let since = change.at;
            let about = endings
                .look_ups
                .iter()
                .find(|new| new.asked == StatusPollTarget::Each && new.broadcast == change.message.broadcast);
            let Some(id) = change.provider_id else { continue };
            if let Some(about) = about {
                let (first, last) = (change.message.position, change.message.position);
                let asked = StatusPollTarget::As(id.to_owned());
                look_ups.push(NewStatusPoll {
                    broadcast: about.broadcast,
                    asked,
                    first,
                    last,
                    since,
                    due_at: about.due_at,
                });
            } else {
                turn.given_up.push((change.message, id.to_owned(), since));
            }
        }
        let mut slots: BTreeMap<(Uuid, i64), i64> = BTreeMap::new();
        for request in &endings.requests {
            let (rows, cost) = self.write_request(tx, statements, request, check).await?;
            turn.stale += request.positions.len().saturating_sub(usize::try_from(rows).unwrap_or(0));
            moves.add(request.broadcast.0, MessageState::InFlight, "", -rows, 0);
            moves.add(request.broadcast.0, MessageState::Sent, "", rows, cost);
            *slots.entry((request.broadcast.0, request.at.0 / PACE_SLOT_MS)).or_default() += rows;
            turn.touched.insert(request.broadcast);
        }
        let mut events = Vec::new();
        for change in changes.iter().filter(|change| !stale.contains(&change.key())) {
            let broadcast = change.message.broadcast;
            moves.add(broadcast.0, MessageState::InFlight, "", -1, 0);
            moves.add(broadcast.0, change.state, &change.said.code, 1, change.cost.map_or(0, |cost| cost.0));
            if change.state == MessageState::Sent {
                *slots.entry((broadcast.0, change.at.0 / PACE_SLOT_MS)).or_default() += 1;
            }
            if let Some(kind) = change.event {
                events.push((change, kind));
            }
            turn.touched.insert(broadcast);
        }
        write_events(statements, &events);
        lines::ended(statements, endings, &stale);
        let mut pauses: BTreeMap<Uuid, &ProviderAnswer> = BTreeMap::new();
        for record in &endings.rows {
            if let Next::Pause(said) = &record.next {
                pauses.entry(record.message.broadcast.0).or_insert(said);
            }
        }
        for (broadcast, said) in pauses {
            // Before the claim, which asks whether it may go on.
            pause(tx, BroadcastId(broadcast), said, now).await?;
        }
        Ok(SideRows { slots, look_ups, sent_ids: sent_ids(endings) })
    }

    /// Writes endings of rows that are still this worker's; the keys of those that are not, where somebody looks which.
    async fn write_changes(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        changes: &[Change<'_>],
        check: RowCheck,
    ) -> Result<HashSet<(Uuid, i64)>, StoreError> {
        let mine = match check {
            RowCheck::Count => None,
            RowCheck::ReadBack => Some(self.still_mine(tx, changes).await?),
        };
        let is_mine = |change: &&Change<'_>| mine.as_ref().is_none_or(|mine| mine.contains(&change.key()));
        let (sent, others): (Vec<&Change<'_>>, Vec<&Change<'_>>) =
            changes.iter().filter(is_mine).partition(|c| c.state == MessageState::Sent);
        self.write_sent(statements, &sent);
        self.write_others(statements, &others);
        Ok(changes.iter().filter(|change| !is_mine(change)).map(Change::key).collect())
    }

    /// Which of these rows are in flight by this worker and this attempt; locked, so that it stays so.
    async fn still_mine(
        &self,
        tx: &mut Tx,
        changes: &[Change<'_>],
    ) -> Result<HashSet<(Uuid, i64)>, StoreError> {
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.message.position))
            .ints("attempt", changes.iter().map(|c| c.attempt));
        let rows: Vec<(Uuid, i64)> = tx
            .all_batch(
                "SELECT m.broadcast_id, m.position FROM @batch CROSS JOIN messages m
                 WHERE m.broadcast_id = b.broadcast_id AND m.position = b.position AND m.attempt = b.attempt
                   AND m.state = 'in_flight' AND m.worker_id = $1 FOR UPDATE",
                args![self.worker.0],
                batch,
            )
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// The many: only what differs from row to row is bound. What an earlier attempt cost stays: a call that is placed again, or what a person
    /// sent again, costs both.
    fn write_sent(&self, statements: &mut StatementBatch, changes: &[&Change<'_>]) {
        if changes.is_empty() {
            return;
        }
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.message.position))
            .ints("attempt", changes.iter().map(|c| c.attempt))
            .texts("provider_id", changes.iter().map(|c| c.provider_id.map(str::to_owned)))
            .ints("cost", changes.iter().map(|c| c.cost.map(|cost| cost.0)))
            .ints("at", changes.iter().map(|c| c.at.0));
        statements.run_batch(
            "UPDATE messages SET state = 'sent', reason = '', reason_text = '', next_attempt_at = 0, sent_at = b.at,
                    failed_at = NULL, provider_id = b.provider_id,
                    cost = COALESCE(messages.cost + b.cost, b.cost, messages.cost), changed_at = b.at, worker_id = NULL
             FROM @batch
             WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position
               AND messages.state = 'in_flight' AND messages.worker_id = $1 AND messages.attempt = b.attempt",
            args![self.worker.0],
            batch,
        );
        statements.expecting(changes.len());
    }

    /// One change for all rows of a request, which lie side by side; how many it changes and what they cost together.
    async fn write_request(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        request: &SentRequest,
        check: RowCheck,
    ) -> Result<(i64, i64), StoreError> {
        let (Some(first), Some(last)) = (request.positions.first(), request.positions.last()) else {
            return Ok((0, 0));
        };
        let expected = i64::try_from(request.positions.len()).unwrap_or(i64::MAX);
        // A charge that does not divide evenly: the first rows carry one 1/10,000 ₹ more, so that the sum is exact.
        let (each, one_more) =
            request.cost.map_or((None, 0), |total| (Some(total.0 / expected), total.0 % expected));
        let cut = usize::try_from(one_more).ok().and_then(|at| request.positions.get(at)).unwrap_or(first);
        let mut rows = expected;
        let mut cost = request.cost.map_or(0, |cost| cost.0);
        if check == RowCheck::ReadBack {
            (rows, cost) = tx
                .one(
                    "WITH mine AS (
                         SELECT position FROM messages
                         WHERE broadcast_id = $1 AND position BETWEEN $2 AND $3 AND state = 'in_flight' AND attempt = 1
                           AND worker_id = $4 FOR UPDATE
                     )
                     SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN position < $6 THEN $5 + 1 ELSE $5 END), 0) AS BIGINT) FROM mine",
                    args![request.broadcast.0, *first, *last, self.worker.0, each.unwrap_or(0), *cut],
                )
                .await?;
        }
        statements.run(
            "UPDATE messages SET state = 'sent', reason = '', reason_text = '', next_attempt_at = 0, sent_at = $5,
                    failed_at = NULL, provider_id = $6,
                    cost = CASE WHEN $7 IS NULL THEN cost ELSE COALESCE(cost, 0) + $7 + CASE WHEN position < $8 THEN 1 ELSE 0 END END,
                    changed_at = $5, worker_id = NULL
             WHERE broadcast_id = $1 AND position BETWEEN $2 AND $3 AND state = 'in_flight' AND attempt = 1
               AND worker_id = $4",
            args![
                request.broadcast.0,
                *first,
                *last,
                self.worker.0,
                request.at,
                request.provider_id.as_deref(),
                each,
                *cut
            ],
        );
        statements.expecting(usize::try_from(rows).unwrap_or(0));
        Ok((rows, cost))
    }

    fn write_others(&self, statements: &mut StatementBatch, changes: &[&Change<'_>]) {
        if changes.is_empty() {
            return;
        }
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.message.position))
            .ints("attempt", changes.iter().map(|c| c.attempt))
            .texts("state", changes.iter().map(|c| c.state.word().to_owned()))
            .texts("reason", changes.iter().map(|c| c.said.code.clone()))
            .texts("reason_text", changes.iter().map(|c| c.said.text.clone()))
            .ints("next_attempt_at", changes.iter().map(|c| c.next_attempt_at))
            .ints("back", changes.iter().map(|c| c.back))
            .ints("failed_at", changes.iter().map(|c| c.failed_at))
            .ints("at", changes.iter().map(|c| c.at.0));
        statements.run_batch(
            "UPDATE messages SET state = b.state, reason = b.reason, reason_text = b.reason_text,
                    attempt = messages.attempt - b.back, next_attempt_at = b.next_attempt_at,
                    failed_at = b.failed_at, changed_at = b.at, worker_id = NULL
             FROM @batch
             WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position
               AND messages.state = 'in_flight' AND messages.worker_id = $1 AND messages.attempt = b.attempt",
            args![self.worker.0],
            batch,
        );
        statements.expecting(changes.len());
    }

    /// Stops a broadcast because of what the provider said; untried rows keep waiting.
    pub async fn pause(
        &self,
        broadcast: BroadcastId,
        said: &ProviderAnswer,
        now: Millis,
    ) -> Result<(), StoreError> {
        again(|| async {
            let mut tx = self.db.begin().await?;
            pause(&mut tx, broadcast, said, now).await?;
            tx.tell(changes::Change::Rows(broadcast));
            tx.commit().await
        })
        .await
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

/// Also of rows that others hold for unknown by now: their receipts are the way back from it. A request of several
/// numbers names none of them.
fn sent_ids(endings: &Endings) -> SentIds {
    let mut ids = SentIds::default();
    for record in endings.rows.iter().filter(|row| endings.found_by_id.contains(&row.message.broadcast)) {
        if let Next::Sent { provider_id: Some(id), .. } = &record.next {
            ids.note(record.message, id);
        }
    }
    ids
}

async fn pause(
    tx: &mut Tx,
    broadcast: BroadcastId,
    said: &ProviderAnswer,
    now: Millis,
) -> Result<(), StoreError> {
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

fn write_events(statements: &mut StatementBatch, events: &[(&Change<'_>, EventKind)]) {
    if events.is_empty() {
        return;
    }
    let batch = Batch::new()
        .uuids("broadcast_id", events.iter().map(|(c, _)| c.message.broadcast.0))
        .ints("position", events.iter().map(|(c, _)| c.message.position))
        .ints("at", events.iter().map(|(c, _)| c.at.0))
        .texts("kind", events.iter().map(|(_, kind)| kind.word().to_owned()))
        .texts("detail", events.iter().map(|(c, _)| c.said.text.clone()));
    statements.run_batch(
        "INSERT INTO message_events (broadcast_id, position, at, kind, detail)
         SELECT b.broadcast_id, b.position, b.at, b.kind, b.detail FROM @batch",
        args![],
        batch,
    );
}

fn write_slots(statements: &mut StatementBatch, slots: &BTreeMap<(Uuid, i64), i64>) {
    if slots.is_empty() {
        return;
    }
    let batch = Batch::new()
        .uuids("broadcast_id", slots.keys().map(|(id, _)| *id))
        .ints("slot", slots.keys().map(|(_, slot)| *slot))
        .ints("n", slots.values().copied());
    statements.run_batch(
        "INSERT INTO broadcast_pace (broadcast_id, slot, n) SELECT b.broadcast_id, b.slot, b.n FROM @batch WHERE TRUE
         ON CONFLICT (broadcast_id, slot) DO UPDATE SET n = broadcast_pace.n + excluded.n",
        args![],
        batch,
    );
}
