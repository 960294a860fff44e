//! Calls as pages show them: where the people of a broadcast stand, what was pressed, and each call of one message.

use std::collections::HashMap;

use domain::{
    call::{CallRecord, CallStage, CallStageCounts, Digit, GAP_S},
    ids::{BroadcastId, IntegrationId, MessageRef, WorkshopId},
    message::MessageState,
    time::{MINUTE, Millis, SECOND},
};

use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, word},
    org::Org,
    work::digit_of,
};

/// One attempt to call somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallView {
    /// The number of the attempt, from 1.
    pub attempt: i64,
    /// The stage of the call; `None` where it was never placed.
    pub stage: Option<CallStage>,
    /// When the call was placed.
    pub placed_at: Millis,
    /// How long it rang, in seconds.
    pub ring_s: Option<i64>,
    /// How long somebody was on the line, in seconds.
    pub talk_s: Option<i64>,
    /// The word of what the pressed key does; empty where no key was pressed.
    pub action: String,
    /// When the key's work was done; `None` where nothing was done.
    pub acted_at: Option<Millis>,
    /// What prevented the key's work; empty where nothing did.
    pub note: String,
    /// Everything that is proven of the call, with its charge.
    pub record: CallRecord,
}

#[derive(sqlx::FromRow)]
struct ViewRow {
    broadcast_id: Uuid,
    position: i64,
    record: String,
    attempt: i64,
    stage: String,
    digit: Option<i64>,
    placed_at: i64,
    ring_s: Option<i64>,
    talk_s: Option<i64>,
    action: String,
    acted_at: Option<i64>,
    note: String,
}

impl From<ViewRow> for CallView {
    fn from(row: ViewRow) -> CallView {
        CallView {
            attempt: row.attempt,
            stage: CallStage::read(&row.stage, digit_of(row.digit)),
            placed_at: Millis(row.placed_at),
            ring_s: row.ring_s,
            talk_s: row.talk_s,
            action: row.action,
            acted_at: row.acted_at.map(Millis),
            note: row.note,
            // What this version cannot read of it tells nothing; the columns beside it do.
            record: serde_json::from_str(&row.record).unwrap_or_default(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct StageRow {
    state: String,
    stage: Option<String>,
    digit: Option<i64>,
    n: i64,
}

/// Fewer calls than this say nothing about how long they are.
const LENGTHS_LEAST: i64 = 20;
/// A call that was over later was told of late.
const LONGEST_MS: i64 = 4 * MINUTE;

impl Org {
    /// Where the people of a broadcast of calls stand.
    pub async fn call_counts(&self, broadcast: BroadcastId) -> Result<CallStageCounts, StoreError> {
        let rows: Vec<StageRow> = self
            .db
            .all(
                "SELECT m.state, c.stage, c.digit, COUNT(*) AS n FROM messages m
                 LEFT JOIN calls c ON c.broadcast_id = m.broadcast_id AND c.position = m.position AND c.attempt = m.attempt
                 WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND m.planned GROUP BY m.state, c.stage, c.digit",
                args![broadcast.0, self.id()],
            )
            .await?;
        let mut counts = CallStageCounts::default();
        for row in rows {
            let state: MessageState = word("messages", "state", &row.state)?;
            let of_call = row.stage.as_deref().and_then(|stage| CallStage::read(stage, digit_of(row.digit)));
            let stage = match state {
                MessageState::Waiting => CallStage::Waiting,
                MessageState::Expired | MessageState::Cancelled => CallStage::Expired,
                MessageState::Skipped => continue,
                MessageState::InFlight => of_call.unwrap_or(CallStage::Calling),
                MessageState::Failed => {
                    of_call.filter(|stage| *stage != CallStage::Calling).unwrap_or(CallStage::Failed)
                }
                MessageState::Sent | MessageState::Delivered | MessageState::Read | MessageState::Unknown => {
                    of_call.unwrap_or(CallStage::Calling)
                }
            };
            counts.add_many(stage, row.n);
        }
        Ok(counts)
    }

    /// The calls of one message, the first first.
    pub async fn calls_of(&self, message: MessageRef) -> Result<Vec<CallView>, StoreError> {
        Ok(self.calls_of_all(&[message]).await?.remove(&message).unwrap_or_default())
    }

    /// The calls of several messages.
    pub async fn calls_of_all(
        &self,
        messages: &[MessageRef],
    ) -> Result<HashMap<MessageRef, Vec<CallView>>, StoreError> {
        let mut calls: HashMap<MessageRef, Vec<CallView>> = HashMap::new();
        if messages.is_empty() {
            return Ok(calls);
        }
        let rows: Vec<ViewRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT c.broadcast_id, c.position, c.record, c.attempt, c.stage, c.digit, c.placed_at, c.ring_s, c.talk_s, c.action,
                        c.acted_at, c.note
                 FROM @batch CROSS JOIN calls c
                 WHERE c.broadcast_id = b.broadcast_id AND c.position = b.position AND c.organization_id = $1 ORDER BY c.attempt",
                args![self.id()],
                Batch::new()
                    .uuids("broadcast_id", messages.iter().map(|message| message.broadcast.0))
                    .ints("position", messages.iter().map(|message| message.position)),
            )
            .await?;
        for row in rows {
            let message = MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position };
            calls.entry(message).or_default().push(row.into());
        }
        Ok(calls)
    }

    /// Those who pressed that key in a broadcast of calls: the position of each message, the oldest press first.
    pub async fn pressed(&self, broadcast: BroadcastId, digit: Digit) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<(i64,)> = self
            .db
            .all(
                "SELECT position FROM calls WHERE broadcast_id = $1 AND organization_id = $2 AND stage = 'pressed' AND digit = $3
                 ORDER BY placed_at, position",
                args![broadcast.0, self.id(), i64::from(digit.get())],
            )
            .await?;
        Ok(rows.into_iter().map(|(position,)| position).collect())
    }

    /// How many people of a workshop pressed a key because another date would suit them.
    pub async fn want_another_date(&self, workshop: WorkshopId) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(DISTINCT m.recipient) FROM broadcasts o JOIN calls c ON c.broadcast_id = o.id
                 JOIN messages m ON m.broadcast_id = c.broadcast_id AND m.position = c.position
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND o.channel = 'ivr' AND c.action = 'another_date'",
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(n)
    }

    /// Average seconds of an account's calls since then: the time besides the talk, and the talk of calls that were
    /// picked up. With the gap to the next call they make the time for which a call holds a channel. `None` while too
    /// few are over to say.
    pub async fn call_lengths(
        &self,
        integration: IntegrationId,
        since: Millis,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let (n, held_ms, talk_s): (i64, i64, i64) = self
            .db
            .one(
                "SELECT COUNT(CASE WHEN talk_s > 0 THEN 1 END), CAST(COALESCE(AVG(ended_at - placed_at), 0) AS BIGINT),
                        CAST(COALESCE(AVG(CASE WHEN talk_s > 0 THEN talk_s END), 0) AS BIGINT)
                 FROM calls WHERE integration_id = $1 AND organization_id = $2 AND placed_at > $3
                   AND ended_at IS NOT NULL AND ended_at - placed_at < $4",
                args![integration.0, self.id(), since, LONGEST_MS],
            )
            .await?;
        let besides_s = held_ms / SECOND - talk_s - GAP_S;
        Ok((n >= LENGTHS_LEAST).then_some((besides_s, talk_s)))
    }

    /// Keeps what a test call to the number with that key says while it may be asked about; under the id that its address names.
    pub async fn keep_test_call(
        &self,
        id: BroadcastId,
        integration: IntegrationId,
        phone_key: &str,
        (template, content): (&str, &str),
        now: Millis,
    ) -> Result<(), StoreError> {
        self.db
            .run(
                "INSERT INTO test_calls (id, organization_id, integration_id, template, content, placed_at, phone_key)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                args![id.0, self.id(), integration.0, template, content, now, phone_key],
            )
            .await?;
        Ok(())
    }
}
