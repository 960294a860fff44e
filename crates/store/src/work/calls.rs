//! Calls that were placed: what is proven of each, what its key does, and which of them nobody told anything of.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    call::{CallRecord, CallRef, CallStage, Digit, QuestionRounds},
    ids::{BroadcastId, IntegrationId, MessageRef, OrganizationId, RegistrantId, WorkshopId},
    message::MessageState,
    money::Money,
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::{Batch, Tx, again, args},
    error::{StoreError, json, word},
};

/// When somebody was called, and whether the phone was picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierCall {
    /// For which message.
    pub message: MessageRef,
    /// When it began.
    pub placed_at: Millis,
    /// Somebody or a machine picked up.
    pub picked_up: bool,
}

/// An attempt to call a person, with the message that it delivers.
#[derive(Clone, Debug)]
pub struct Call {
    /// Our own reference of the call.
    pub call: CallRef,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The account that places the call.
    pub integration: IntegrationId,
    /// What is proven of the call.
    pub record: CallRecord,
    /// The stored form of the record, with which a change is compared.
    pub kept: String,
    /// The provider's id of the call; empty before it is known.
    pub provider_id: String,
    /// When the call was placed.
    pub placed_at: Millis,
    /// How often the provider was asked about the call.
    pub asked: i64,
    /// Phone number in E.164 form.
    pub recipient: String,
    /// The state of the message.
    pub state: MessageState,
    /// The code of the message's reason; empty without one.
    pub reason: String,
    /// The number of the message's newest attempt.
    pub newest: i64,
    /// The charge that the provider reported; `None` before.
    pub cost: Option<Money>,
    /// The frozen script, JSON.
    pub template: String,
    /// The values of the person, JSON.
    pub content: String,
    /// The last useful moment of the message.
    pub deadline: Millis,
    /// The word of what the pressed key does; empty without one.
    pub action: String,
    /// How often the question was asked.
    pub rounds: QuestionRounds,
    /// The key that was pressed, known before its post is applied.
    pub line_key: Option<Digit>,
}

/// The progress of a call that somebody is on the line of, for the process that is asked for the next words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnLine {
    /// Our own reference of the call.
    pub call: CallRef,
    /// How often the question was asked.
    pub rounds: QuestionRounds,
    /// The key that was pressed; `None` before.
    pub key: Option<Digit>,
}

#[derive(sqlx::FromRow)]
struct CallRow {
    broadcast_id: Uuid,
    position: i64,
    attempt: i64,
    organization_id: Uuid,
    integration_id: Uuid,
    record: String,
    provider_id: String,
    placed_at: i64,
    asked: i64,
    action: String,
    questions: i64,
    question_at: i64,
    line_key: Option<i64>,
    recipient: String,
    state: String,
    reason: String,
    newest: i64,
    cost: Option<i64>,
    template: String,
    content: String,
    deadline: i64,
}

impl TryFrom<CallRow> for Call {
    type Error = StoreError;
    fn try_from(row: CallRow) -> Result<Call, StoreError> {
        let message = MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position };
        Ok(Call {
            call: CallRef { message, attempt: row.attempt },
            organization: OrganizationId(row.organization_id),
            integration: IntegrationId(row.integration_id),
            record: json("calls", "record", &row.record)?,
            kept: row.record,
            provider_id: row.provider_id,
            placed_at: Millis(row.placed_at),
            asked: row.asked,
            recipient: row.recipient,
            state: word("messages", "state", &row.state)?,
            reason: row.reason,
            newest: row.newest,
            cost: row.cost.map(Money),
            template: row.template,
            content: row.content,
            deadline: Millis(row.deadline),
            action: row.action,
            rounds: QuestionRounds::of(row.questions, Millis(row.question_at)),
            line_key: digit_of(row.line_key),
        })
    }
}

/// What is read of a call; `c` is its row, `m` its message and `t` its broadcast.
macro_rules! call_columns {
    () => {
        "SELECT c.broadcast_id, c.position, c.attempt, c.organization_id, c.integration_id, c.record, c.provider_id, c.placed_at, c.asked,
                c.action, c.questions, c.question_at, c.line_key, m.recipient, m.state, m.reason, m.attempt AS newest, m.cost, t.template,
                CASE WHEN m.content = '' THEN t.content ELSE m.content END AS content, t.deadline "
    };
}

/// A change of a call that reports brought about.
#[derive(Clone, Debug)]
pub struct CallChange {
    /// Our own reference of the call.
    pub call: CallRef,
    /// The stored record that the change was made from. Where another one is stored by now, somebody else was faster.
    pub was: String,
    /// What is proven of the call now.
    pub record: CallRecord,
    /// The word of what the pressed key does; empty without one. The first word that was stored stays.
    pub action: &'static str,
    /// When the provider is asked again about a call that is over; `None` where it is not.
    pub ask_at: Option<Millis>,
}

impl Work {
    /// These calls, as far as they are that account's.
    pub async fn calls_named(
        &self,
        integration: IntegrationId,
        calls: &[CallRef],
    ) -> Result<Vec<Call>, StoreError> {
        let mut found = self.calls_at(calls).await?;
        found.retain(|call| call.integration == integration);
        Ok(found)
    }

    async fn calls_at(&self, calls: &[CallRef]) -> Result<Vec<Call>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<CallRow> = self
            .db
            .by_index()
            .all_batch(
                concat!(
                    call_columns!(),
                    "FROM @batch CROSS JOIN calls c CROSS JOIN messages m CROSS JOIN broadcasts t
                     WHERE c.broadcast_id = b.broadcast_id AND c.position = b.position AND c.attempt = b.attempt
                       AND m.broadcast_id = c.broadcast_id AND m.position = c.position AND t.id = c.broadcast_id"
                ),
                args![],
                Batch::new()
                    .uuids("broadcast_id", calls.iter().map(|call| call.message.broadcast.0))
                    .ints("position", calls.iter().map(|call| call.message.position))
                    .ints("attempt", calls.iter().map(|call| call.attempt)),
            )
            .await?;
        rows.into_iter().map(Call::try_from).collect()
    }

    /// The calls that an account's provider knows by these ids.
    pub async fn calls_of_ids(
        &self,
        integration: IntegrationId,
        ids: Vec<String>,
    ) -> Result<Vec<Call>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<CallRow> = self
            .db
            .by_index()
            .all_batch(
                concat!(
                    call_columns!(),
                    "FROM @batch CROSS JOIN calls c CROSS JOIN messages m CROSS JOIN broadcasts t
                     WHERE c.provider_id = b.id AND c.provider_id <> '' AND c.integration_id = $1
                       AND m.broadcast_id = c.broadcast_id AND m.position = c.position AND t.id = c.broadcast_id"
                ),
                args![integration.0],
                Batch::new().texts("id", ids),
            )
            .await?;
        rows.into_iter().map(Call::try_from).collect()
    }

    /// The calls of an account to these numbers that were placed since then, the newest first.
    pub async fn calls_to(
        &self,
        integration: IntegrationId,
        numbers: Vec<String>,
        since: Millis,
    ) -> Result<Vec<Call>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<CallRow> = self
            .db
            .by_index()
            .all_batch(
                concat!(
                    call_columns!(),
                    "FROM (SELECT DISTINCT broadcast_id FROM calls WHERE integration_id = $1 AND placed_at > $2) x
                     CROSS JOIN @batch CROSS JOIN messages m CROSS JOIN calls c CROSS JOIN broadcasts t
                     WHERE m.broadcast_id = x.broadcast_id AND m.recipient = b.recipient AND m.planned
                       AND c.broadcast_id = m.broadcast_id AND c.position = m.position AND c.placed_at + 0 > $2 AND t.id = m.broadcast_id
                     ORDER BY c.placed_at DESC, c.attempt DESC"
                ),
                args![integration.0, since],
                Batch::new().texts("recipient", numbers),
            )
            .await?;
        rows.into_iter().map(Call::try_from).collect()
    }

    /// Writes what is proven of calls; those that somebody else changed meanwhile. A call that is over holds no channel
    /// any more.
    pub async fn change_calls(
        &self,
        changes: &[CallChange],
        now: Millis,
    ) -> Result<HashSet<CallRef>, StoreError> {
        if changes.is_empty() {
            return Ok(HashSet::new());
        }
        let written: HashSet<CallRef> = again(|| self.try_change_calls(changes, now)).await?;
        Ok(changes.iter().map(|change| change.call).filter(|call| !written.contains(call)).collect())
    }

    async fn try_change_calls(
        &self,
        changes: &[CallChange],
        now: Millis,
    ) -> Result<HashSet<CallRef>, StoreError> {
        let digit = |record: &CallRecord| record.key.map(|(_, digit)| i64::from(digit.get()));
        let kept = |record: &CallRecord| serde_json::to_string(record).expect("a record is always JSON");
        let batch = Batch::new()
            .uuids("broadcast_id", changes.iter().map(|c| c.call.message.broadcast.0))
            .ints("position", changes.iter().map(|c| c.call.message.position))
            .ints("attempt", changes.iter().map(|c| c.call.attempt))
            .texts("was", changes.iter().map(|c| c.was.clone()))
            .texts("record", changes.iter().map(|c| kept(&c.record)))
            .texts("provider_id", changes.iter().map(|c| c.record.provider_id.clone().unwrap_or_default()))
            .texts("stage", changes.iter().map(|c| CallStage::of(&c.record).word().to_owned()))
            .ints("digit", changes.iter().map(|c| digit(&c.record)))
            .ints("talk_s", changes.iter().map(|c| c.record.talk_s))
            .ints("ring_s", changes.iter().map(|c| c.record.ring_s))
            .ints("is_over", changes.iter().map(|c| i64::from(c.record.state().is_final())))
            .ints("ask_at", changes.iter().map(|c| c.ask_at.map(|at| at.0)))
            .texts("action", changes.iter().map(|c| c.action.to_owned()));
        let mut tx = self.db.by_index().begin().await?;
        let written: Vec<(Uuid, i64, i64)> = tx
            .all_batch(
                "UPDATE calls SET record = b.record, stage = b.stage, digit = b.digit, talk_s = b.talk_s, ring_s = b.ring_s,
                        provider_id = CASE WHEN b.provider_id = '' THEN calls.provider_id ELSE b.provider_id END,
                        holds_until = CASE WHEN b.is_over = 1 THEN 0 ELSE calls.holds_until END,
                        ask_at = CASE WHEN b.is_over = 1 THEN b.ask_at ELSE calls.ask_at END,
                        ended_at = CASE WHEN b.is_over = 1 AND calls.ended_at IS NULL THEN $1 ELSE calls.ended_at END,
                        action = CASE WHEN calls.action = '' THEN b.action ELSE calls.action END
                 FROM @batch
                 WHERE calls.broadcast_id = b.broadcast_id AND calls.position = b.position AND calls.attempt = b.attempt
                   AND calls.record = b.was
                 RETURNING calls.broadcast_id, calls.position, calls.attempt",
                args![now],
                batch,
            )
            .await?;
        tx.commit().await?;
        Ok(written.into_iter().map(call_ref).collect())
    }

    /// When calls to these numbers began since then, by this account, the earliest first; by number. A call is found by
    /// its message, as a broadcast is of one account: by the account and the time SQLite walked over all calls of the
    /// day for each number.
    pub async fn calls_since(
        &self,
        integration: IntegrationId,
        recipients: Vec<String>,
        since: Millis,
    ) -> Result<HashMap<String, Vec<EarlierCall>>, StoreError> {
        let mut calls: HashMap<String, Vec<EarlierCall>> = HashMap::new();
        if recipients.is_empty() {
            return Ok(calls);
        }
        let rows: Vec<(String, Uuid, i64, i64, bool)> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.recipient, c.broadcast_id, c.position, c.placed_at, c.stage IN ('answered', 'pressed') AS picked_up
                 FROM (SELECT DISTINCT broadcast_id FROM calls WHERE integration_id = $1 AND placed_at > $2) x
                 CROSS JOIN @batch CROSS JOIN messages m CROSS JOIN calls c
                 WHERE m.broadcast_id = x.broadcast_id AND m.recipient = b.recipient AND m.planned
                   AND c.broadcast_id = m.broadcast_id AND c.position = m.position
                   AND c.placed_at + 0 > $2 AND c.stage <> 'not_placed'
                 ORDER BY c.placed_at",
                args![integration.0, since],
                Batch::new().texts("recipient", recipients),
            )
            .await?;
        for (recipient, broadcast, position, at, picked_up) in rows {
            let message = MessageRef { broadcast: BroadcastId(broadcast), position };
            calls.entry(recipient).or_default().push(EarlierCall {
                message,
                placed_at: Millis(at),
                picked_up,
            });
        }
        Ok(calls)
    }

    /// Calls of which nothing final was told in time, the longest first, and none of these accounts; nobody else is
    /// given them before `hold_until`.
    pub async fn silent_calls(
        &self,
        now: Millis,
        hold_until: Millis,
        limit: i64,
        but_of: &[IntegrationId],
    ) -> Result<Vec<Call>, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let taken: Vec<(Uuid, i64, i64)> = tx
            .all_batch(
                "WITH due AS (
                     SELECT broadcast_id, position, attempt FROM calls
                     WHERE ask_at <= $1 AND integration_id NOT IN (SELECT b.id FROM @batch)
                     ORDER BY ask_at LIMIT $3 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE calls SET ask_at = $2 FROM due
                 WHERE calls.broadcast_id = due.broadcast_id AND calls.position = due.position AND calls.attempt = due.attempt
                 RETURNING calls.broadcast_id, calls.position, calls.attempt",
                args![now, hold_until, limit],
                Batch::new().uuids("id", but_of.iter().map(|account| account.0)),
            )
            .await?;
        tx.commit().await?;
        self.calls_at(&taken.into_iter().map(call_ref).collect::<Vec<_>>()).await
    }

    /// Says when a call is asked about next; with `None` never again.
    pub async fn ask_again(&self, call: CallRef, at: Option<Millis>) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE calls SET ask_at = $4, asked = asked + 1 WHERE broadcast_id = $1 AND position = $2 AND attempt = $3",
                args![call.message.broadcast.0, call.message.position, call.attempt, at.map(|at| at.0)],
            )
            .await?;
        Ok(())
    }

    /// A call is asked about at that moment, and it does not count as asked.
    pub async fn postpone_question(&self, call: CallRef, at: Millis) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE calls SET ask_at = $4 WHERE broadcast_id = $1 AND position = $2 AND attempt = $3",
                args![call.message.broadcast.0, call.message.position, call.attempt, at],
            )
            .await?;
        Ok(())
    }

    /// Of whose registration a message is, and of which workshop.
    pub async fn person_of(&self, message: MessageRef) -> Result<(WorkshopId, RegistrantId), StoreError> {
        let (workshop, registrant): (Uuid, Uuid) = self
            .db
            .one(
                "SELECT t.workshop_id, m.registrant_id FROM messages m JOIN broadcasts t ON t.id = m.broadcast_id
                 WHERE m.broadcast_id = $1 AND m.position = $2",
                args![message.broadcast.0, message.position],
            )
            .await?;
        Ok((WorkshopId(workshop), RegistrantId(registrant)))
    }

    /// Calls whose key has something to do that was not done yet, the oldest first. One that cannot be read stands among them with its error,
    /// so that it holds up no other.
    pub async fn keys_to_act_on(
        &self,
        limit: i64,
    ) -> Result<Vec<(CallRef, Result<Call, StoreError>)>, StoreError> {
        let rows: Vec<CallRow> = self
            .db
            .by_index()
            .all(
                concat!(
                    call_columns!(),
                    "FROM calls c JOIN messages m ON m.broadcast_id = c.broadcast_id AND m.position = c.position
                     JOIN broadcasts t ON t.id = c.broadcast_id
                     WHERE c.action <> '' AND c.acted_at IS NULL ORDER BY c.placed_at, c.position LIMIT $1"
                ),
                args![limit],
            )
            .await?;
        let each = |row: CallRow| {
            let message = MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position };
            (CallRef { message, attempt: row.attempt }, Call::try_from(row))
        };
        Ok(rows.into_iter().map(each).collect())
    }

    /// What a key does was done, or cannot be: then the note says why.
    pub async fn acted(&self, call: CallRef, note: &str, now: Millis) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE calls SET acted_at = $4, note = $5
                 WHERE broadcast_id = $1 AND position = $2 AND attempt = $3 AND acted_at IS NULL",
                args![call.message.broadcast.0, call.message.position, call.attempt, now, note],
            )
            .await?;
        Ok(())
    }

    /// How many people of a broadcast picked up, and how many of them want no more calls; without those that were
    /// weighed before.
    pub async fn opted_out_of(&self, broadcast: BroadcastId) -> Result<(i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(CASE WHEN stage IN ('answered', 'pressed') THEN 1 END), COUNT(CASE WHEN action = 'stop_calls' THEN 1 END)
                 FROM calls WHERE broadcast_id = $1 AND NOT weighed",
                args![broadcast.0],
            )
            .await
    }

    /// The calls of a broadcast that were picked up so far are weighed no more.
    pub async fn weighed(&self, broadcast: BroadcastId) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE calls SET weighed = TRUE WHERE broadcast_id = $1 AND stage IN ('answered', 'pressed')",
                args![broadcast.0],
            )
            .await?;
        Ok(())
    }

    /// Accounts that placed calls since then, their calls, and those of which nothing was told although they must be
    /// over by `now`.
    pub async fn calls_lately(&self, since: Millis, now: Millis) -> Result<(i64, i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(DISTINCT integration_id), COUNT(*),
                        COUNT(CASE WHEN stage = 'calling' AND holds_until > 0 AND holds_until <= $2 THEN 1 END)
                 FROM calls WHERE placed_at > $1 AND stage <> 'not_placed'",
                args![since, now],
            )
            .await
    }

    /// Drops what test calls said before that moment.
    pub async fn forget_test_calls(&self, before: Millis) -> Result<(), StoreError> {
        self.db.run("DELETE FROM test_calls WHERE placed_at < $1", args![before]).await?;
        Ok(())
    }
}

/// Writes down how far calls have come, in the transaction that stores the posts behind them. What another process counted further stays.
pub(super) async fn write_lines(tx: &mut Tx, lines: &BTreeMap<CallRef, OnLine>) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .uuids("broadcast_id", lines.keys().map(|call| call.message.broadcast.0))
        .ints("position", lines.keys().map(|call| call.message.position))
        .ints("attempt", lines.keys().map(|call| call.attempt))
        .ints("questions", lines.values().map(|line| line.rounds.kept().0))
        .ints("question_at", lines.values().map(|line| line.rounds.kept().1.0))
        .ints("line_key", lines.values().map(|line| line.key.map(|key| i64::from(key.get()))));
    tx.run_batch(
        "UPDATE calls SET line_key = COALESCE(calls.line_key, b.line_key),
                question_at = CASE WHEN b.questions > calls.questions THEN b.question_at ELSE calls.question_at END,
                questions = CASE WHEN b.questions > calls.questions THEN b.questions ELSE calls.questions END
         FROM @batch WHERE calls.broadcast_id = b.broadcast_id AND calls.position = b.position AND calls.attempt = b.attempt",
        args![],
        batch,
    )
    .await?;
    Ok(())
}

/// Of several steps of one call that are stored together, what is known after the last.
pub(super) fn lines_by_call(lines: impl IntoIterator<Item = OnLine>) -> BTreeMap<CallRef, OnLine> {
    let mut all: BTreeMap<CallRef, OnLine> = BTreeMap::new();
    for line in lines {
        let known = all.entry(line.call).or_insert(line);
        known.rounds.learn(line.rounds);
        known.key = known.key.or(line.key);
    }
    all
}

/// Reads the digit of a row.
pub(crate) fn digit_of(kept: Option<i64>) -> Option<Digit> {
    kept.and_then(|digit| u8::try_from(digit).ok()).and_then(Digit::new)
}

fn call_ref((broadcast, position, attempt): (Uuid, i64, i64)) -> CallRef {
    CallRef { message: MessageRef { broadcast: BroadcastId(broadcast), position }, attempt }
}
