//! Receipts: stored raw first, applied afterwards, each once for ever.

use std::collections::{BTreeMap, HashSet};

use domain::{
    call::CallRef,
    ids::{BroadcastId, IntegrationId, MessageRef, OrganizationId, ReceiptId},
    message::MessageState,
    money::Money,
    time::Millis,
};
use uuid::Uuid;

use super::{
    OnLine, Work,
    calls::{lines_by_call, write_lines},
    late_proof, lines,
};
use crate::{
    changes::Change,
    db::{Batch, again, args},
    error::{StoreError, word},
    messages::{CountMoves, move_counts},
};

/// A receipt as it came in, already verified.
#[derive(Clone, Debug)]
pub struct RawReceipt {
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The account that the receipt came to.
    pub integration: IntegrationId,
    /// The key by which repetitions are recognised. It is derived from the provider's own id, so the same event
    /// always has the same key.
    pub dedupe_key: String,
    /// The body as received.
    pub body: String,
}

/// A stored receipt that is not yet applied.
#[derive(Clone, Debug)]
pub struct PendingReceipt {
    /// Id of the stored receipt.
    pub id: ReceiptId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The account that the receipt came to.
    pub integration: IntegrationId,
    /// The word of the account's vendor.
    pub kind: String,
    /// The body as received.
    pub body: String,
    /// When it came.
    pub received_at: Millis,
}

/// A message that a receipt may be about.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// Phone number in E.164 form.
    pub recipient: String,
    /// The state of the message.
    pub state: MessageState,
    /// The code of the message's reason; empty without one.
    pub reason: String,
    /// The provider's id, where the answer carried one.
    pub provider_id: Option<String>,
    /// The network's id, where an earlier receipt carried one.
    pub network_id: Option<String>,
    /// The charge that is known so far.
    pub cost: Option<Money>,
    /// What it had been charged when a person sent it again, as a part of that; `None` where nobody did.
    pub earlier_cost: Option<Money>,
    /// Start of the latest attempt.
    pub started_at: Millis,
    /// The name by which receipts know the broadcast's messages; may be empty.
    pub batch_name: String,
    /// Whether the message was tried, so that it could have been handed over.
    pub tried: bool,
    /// Whether it was found by the provider's id of a request that carried no other number.
    pub alone: bool,
}

/// What becomes of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is about that message, whether or not it changed it.
    To(MessageRef),
    /// It fits no row; kept and shown.
    Unmatched(&'static str),
    /// It may concern us and could not be read; kept, counted and shown.
    NotUnderstood(&'static str),
    /// Nothing that concerns us: its body is not kept.
    Ignored,
    /// It is about a number that was erased on request: its body is not kept.
    Erased,
    /// Its message is in flight: tried again then.
    Later(Millis),
}

/// A change of a message that receipts brought about: the last of several in one batch.
#[derive(Clone, Debug)]
pub struct ReceiptChange {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The state in which the message was read. The message is left alone where its state changed meanwhile.
    pub from: MessageState,
    /// The code of the reason it had.
    pub from_reason: String,
    /// The new state. It may be the same where only an id or a charge was learnt.
    pub to: MessageState,
    /// The code of the new reason; empty without one.
    pub reason: String,
    /// The provider's words for the reason.
    pub reason_text: String,
    /// When the message was handed over, where the receipts say so.
    pub sent_at: Option<Millis>,
    /// When the message was on the phone, where the receipts say so.
    pub delivered_at: Option<Millis>,
    /// When the message was opened, where the receipts say so.
    pub read_at: Option<Millis>,
    /// When the message was refused, where the receipts say so.
    pub failed_at: Option<Millis>,
    /// The provider's id, where it was learnt now.
    pub provider_id: Option<String>,
    /// The network's id, where it was learnt now.
    pub network_id: Option<String>,
    /// The charge, where it was learnt now.
    pub cost: Option<Money>,
    /// The charge that the counts hold for this message so far.
    pub cost_before: Option<Money>,
    /// When the person is called again, for a call that goes back to waiting.
    pub again_at: Option<Millis>,
}

impl ReceiptChange {
    /// Nothing is learnt yet of a message that stands so and is counted with that cost.
    pub fn none(
        message: MessageRef,
        state: MessageState,
        reason: &str,
        cost: Option<Money>,
    ) -> ReceiptChange {
        ReceiptChange {
            message,
            from: state,
            from_reason: reason.to_owned(),
            to: state,
            reason: reason.to_owned(),
            reason_text: String::new(),
            sent_at: None,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            provider_id: None,
            network_id: None,
            cost: None,
            cost_before: cost,
            again_at: None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
    broadcast_id: Uuid,
    position: i64,
    recipient: String,
    state: String,
    reason: String,
    provider_id: Option<String>,
    network_id: Option<String>,
    cost: Option<i64>,
    earlier_cost: Option<i64>,
    started_at: Option<i64>,
    batch_name: Option<String>,
}

impl Work {
    /// Stores receipts; those whose key is known already are dropped. How many were new.
    pub async fn store_receipts(&self, receipts: Vec<RawReceipt>, now: Millis) -> Result<u64, StoreError> {
        self.store_posts(receipts, Vec::new(), now).await
    }

    /// Stores posts that may be steps of calls, and in the same transaction how far these calls have come.
    pub async fn store_posts(
        &self,
        receipts: Vec<RawReceipt>,
        lines: Vec<OnLine>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        if receipts.is_empty() {
            return Ok(0);
        }
        let lines = lines_by_call(lines);
        // Ids are in the order in which they came, because they are applied in that order.
        let mut receipts: Vec<(ReceiptId, RawReceipt)> =
            receipts.into_iter().map(|receipt| (ReceiptId::new(now), receipt)).collect();
        // Two processes that store the same posts at the same moment wait for each other's keys in the same order.
        receipts.sort_by(|(_, a), (_, b)| {
            (a.integration.0, &a.dedupe_key).cmp(&(b.integration.0, &b.dedupe_key))
        });
        again(|| self.try_store_receipts(&receipts, &lines, now)).await
    }

    async fn try_store_receipts(
        &self,
        receipts: &[(ReceiptId, RawReceipt)],
        lines: &BTreeMap<CallRef, OnLine>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let batch = Batch::new()
            .uuids("id", receipts.iter().map(|(id, _)| id.0))
            .uuids("organization_id", receipts.iter().map(|(_, r)| r.organization.0))
            .uuids("integration_id", receipts.iter().map(|(_, r)| r.integration.0))
            .texts("dedupe_key", receipts.iter().map(|(_, r)| r.dedupe_key.clone()))
            .texts("body", receipts.iter().map(|(_, r)| r.body.clone()));
        let mut tx = self.db.by_index().begin().await?;
        let new = tx
            .run_batch(
                "INSERT INTO receipts (id, organization_id, integration_id, dedupe_key, body, state, note, received_at, try_at)
                 SELECT b.id, b.organization_id, b.integration_id, b.dedupe_key, b.body, 'pending', '', $1, $1 FROM @batch
                 WHERE TRUE ON CONFLICT DO NOTHING",
                args![now],
                batch,
            )
            .await?;
        let mut integrations: Vec<Uuid> = receipts.iter().map(|(_, r)| r.integration.0).collect();
        integrations.sort_unstable();
        integrations.dedup();
        tx.run_batch(
            "UPDATE integrations SET last_receipt_at = $1 FROM @batch WHERE integrations.id = b.id",
            args![now],
            Batch::new().uuids("id", integrations),
        )
        .await?;
        write_lines(&mut tx, lines).await?;
        tx.tell(Change::Receipts);
        tx.commit().await?;
        Ok(new)
    }

    /// Receipts to apply at `now`, oldest first.
    pub async fn pending_receipts(&self, now: Millis, limit: i64) -> Result<Vec<PendingReceipt>, StoreError> {
        let rows: Vec<(Uuid, Uuid, Uuid, String, String, i64)> = self
            .db
            .by_index()
            .all(
                "SELECT r.id, r.organization_id, r.integration_id, i.kind, r.body, r.received_at
                 FROM receipts r JOIN integrations i ON i.id = r.integration_id
                 WHERE r.state = 'pending' AND r.try_at <= $1 ORDER BY r.try_at, r.id LIMIT $2",
                args![now, limit],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, organization, integration, kind, body, received_at)| PendingReceipt {
                id: ReceiptId(id),
                organization: OrganizationId(organization),
                integration: IntegrationId(integration),
                kind,
                body,
                received_at: Millis(received_at),
            })
            .collect())
    }

    /// Candidates of an integration: messages to these numbers in broadcasts that it served since `since`, the only
    /// message of one of these requests, and these messages themselves. Each once.
    pub async fn candidates(
        &self,
        integration: IntegrationId,
        recipients: Vec<String>,
        requests: Vec<String>,
        messages: Vec<MessageRef>,
        since: Millis,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut rows: Vec<CandidateRow> = self.db.by_index().all_batch(
                "SELECT m.broadcast_id, m.position, m.recipient, m.state, m.reason, m.provider_id, m.network_id, m.cost,
                        m.earlier_cost, m.started_at, t.batch_name
                 FROM (SELECT id, batch_name FROM broadcasts WHERE integration_id = $1 AND served_at > $2) t
                 CROSS JOIN @batch CROSS JOIN messages m
                 WHERE m.broadcast_id = t.id AND m.recipient = b.recipient AND m.planned",
                args![integration.0, since],
                Batch::new().texts("recipient", recipients),
            )
            .await?;
        if !messages.is_empty() {
            rows.extend(self.candidates_named(integration, &messages).await?);
        }
        let others = rows.len();
        if !requests.is_empty() {
            rows.extend(self.candidates_of_requests(integration, requests, since).await?);
        }
        let alone: HashSet<(Uuid, i64)> =
            rows[others..].iter().map(|row| (row.broadcast_id, row.position)).collect();
        let mut seen = HashSet::with_capacity(rows.len());
        rows.into_iter()
            .filter(|row| seen.insert((row.broadcast_id, row.position)))
            .map(|row| {
                Ok(Candidate {
                    alone: alone.contains(&(row.broadcast_id, row.position)),
                    message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
                    recipient: row.recipient,
                    state: word("messages", "state", &row.state)?,
                    reason: row.reason,
                    provider_id: row.provider_id,
                    network_id: row.network_id,
                    cost: row.cost.map(Money),
                    earlier_cost: row.earlier_cost.map(Money),
                    tried: row.started_at.is_some(),
                    started_at: Millis(row.started_at.unwrap_or(0)),
                    batch_name: row.batch_name.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Questions know the requests that are open, by their id or, before they are asked, by where their messages lie;
    /// messages are not found by that id. A request of several numbers names none of them, also when all but one of its
    /// messages went again under another id. (`IS TRUE` keeps PostgreSQL from making a join of the last condition: it
    /// would compare every message with every request, where it now looks each message up.)
    async fn candidates_of_requests(
        &self,
        integration: IntegrationId,
        requests: Vec<String>,
        since: Millis,
    ) -> Result<Vec<CandidateRow>, StoreError> {
        self.db.by_index().all_batch(
                "SELECT m.broadcast_id, m.position, m.recipient, m.state, m.reason, m.provider_id, m.network_id, m.cost,
                        m.earlier_cost, m.started_at, t.batch_name
                 FROM (SELECT id, batch_name FROM broadcasts WHERE integration_id = $1 AND served_at > $2) t
                 CROSS JOIN @batch CROSS JOIN look_ups l CROSS JOIN messages m
                 WHERE l.broadcast_id = t.id AND l.key = b.request AND l.first_position = l.last_position
                   AND m.broadcast_id = l.broadcast_id AND m.position = l.first_position AND m.provider_id = l.key AND m.planned
                   AND NOT l.of_each
                 UNION
                 SELECT m.broadcast_id, m.position, m.recipient, m.state, m.reason, m.provider_id, m.network_id, m.cost,
                        m.earlier_cost, m.started_at, t.batch_name
                 FROM (SELECT id, batch_name FROM broadcasts WHERE integration_id = $1 AND served_at > $2) t
                 CROSS JOIN look_ups l CROSS JOIN messages m
                 WHERE l.broadcast_id = t.id AND l.of_each AND m.broadcast_id = l.broadcast_id
                   AND m.position BETWEEN l.first_position AND l.last_position AND m.planned
                   AND (m.provider_id IN (SELECT b.request FROM @batch)) IS TRUE",
                args![integration.0, since],
                Batch::new().texts("request", requests),
            )
            .await
    }

    async fn candidates_named(
        &self,
        integration: IntegrationId,
        messages: &[MessageRef],
    ) -> Result<Vec<CandidateRow>, StoreError> {
        self.db.by_index().all_batch(
                "SELECT m.broadcast_id, m.position, m.recipient, m.state, m.reason, m.provider_id, m.network_id, m.cost,
                        m.earlier_cost, m.started_at, t.batch_name
                 FROM @batch CROSS JOIN messages m CROSS JOIN broadcasts t
                 WHERE m.broadcast_id = b.broadcast_id AND m.position = b.position AND m.planned AND t.id = m.broadcast_id
                   AND t.integration_id = $1",
                args![integration.0],
                Batch::new()
                    .uuids("broadcast_id", messages.iter().map(|message| message.broadcast.0))
                    .ints("position", messages.iter().map(|message| message.position)),
            )
            .await
    }

    /// Writes what receipts brought about; broadcasts that changed. Rows that moved meanwhile are left alone and their
    /// receipts tried again.
    ///
    /// Several processes may do this with the same receipts at the same moment. Both lock messages first, then
    /// receipts, then counts, each in the order of its key, so that one waits for the other. The second one finds that
    /// its receipts do not wait any more, and leaves everything to the next look.
    pub async fn apply_receipts(
        &self,
        mut results: Vec<(ReceiptId, Applied)>,
        mut changes: Vec<ReceiptChange>,
        now: Millis,
    ) -> Result<Vec<BroadcastId>, StoreError> {
        results.sort_by_key(|(id, _)| id.0);
        changes.sort_by_key(|change| (change.message.broadcast.0, change.message.position));
        again(|| self.try_apply_receipts(&results, &changes, now)).await
    }

    async fn try_apply_receipts(
        &self,
        results: &[(ReceiptId, Applied)],
        changes: &[ReceiptChange],
        now: Millis,
    ) -> Result<Vec<BroadcastId>, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let mut moves = CountMoves::default();
        let mut touched: Vec<BroadcastId> = Vec::new();
        let mut missed: Vec<MessageRef> = Vec::new();
        if !changes.is_empty() {
            let at = |get: fn(&ReceiptChange) -> Option<Millis>| {
                changes.iter().map(move |c| get(c).map(|at| at.0)).collect::<Vec<_>>()
            };
            let batch = Batch::new()
                .uuids("broadcast_id", changes.iter().map(|c| c.message.broadcast.0))
                .ints("position", changes.iter().map(|c| c.message.position))
                .texts("was", changes.iter().map(|c| c.from.word().to_owned()))
                .texts("state", changes.iter().map(|c| c.to.word().to_owned()))
                .texts("reason", changes.iter().map(|c| c.reason.clone()))
                .texts("reason_text", changes.iter().map(|c| c.reason_text.clone()))
                .ints("sent_at", at(|c| c.sent_at))
                .ints("delivered_at", at(|c| c.delivered_at))
                .ints("read_at", at(|c| c.read_at))
                .ints("failed_at", at(|c| c.failed_at))
                .texts("provider_id", changes.iter().map(|c| c.provider_id.clone()))
                .texts("network_id", changes.iter().map(|c| c.network_id.clone()))
                .ints("cost", changes.iter().map(|c| c.cost.map(|cost| cost.0)))
                .ints("again_at", at(|c| c.again_at));
            let written: Vec<(Uuid, i64)> = tx
                .all_batch(
                    "UPDATE messages SET state = b.state, reason = b.reason, reason_text = b.reason_text, changed_at = $1,
                            sent_at = COALESCE(messages.sent_at, b.sent_at),
                            delivered_at = COALESCE(messages.delivered_at, b.delivered_at),
                            read_at = COALESCE(messages.read_at, b.read_at),
                            failed_at = COALESCE(b.failed_at, messages.failed_at),
                            provider_id = COALESCE(messages.provider_id, b.provider_id),
                            network_id = COALESCE(messages.network_id, b.network_id),
                            cost = COALESCE(b.cost, messages.cost),
                            next_attempt_at = COALESCE(b.again_at, messages.next_attempt_at)
                     FROM @batch
                     WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position AND messages.state = b.was
                     RETURNING messages.broadcast_id, messages.position",
                    args![now],
                    batch,
                )
                .await?;
            let written: HashSet<(Uuid, i64)> = written.into_iter().collect();
            for change in changes {
                let key = (change.message.broadcast.0, change.message.position);
                if !written.contains(&key) {
                    missed.push(change.message);
                    continue;
                }
                let before = change.cost_before.map_or(0, |cost| cost.0);
                let after = change.cost.map_or(before, |cost| cost.0);
                moves.add(key.0, change.from, &change.from_reason, -1, -before);
                moves.add(key.0, change.to, &change.reason, 1, after);
                touched.push(change.message.broadcast);
            }
        }
        if !write_results(&mut tx, results, &missed, now).await? {
            return Ok(Vec::new());
        }
        let proven: Vec<MessageRef> = changes
            .iter()
            .filter(|change| late_proof::is_first_proof(change) && !missed.contains(&change.message))
            .map(|change| change.message)
            .collect();
        late_proof::count(&mut tx, &proven).await?;
        lines::reopen(&mut tx, changes, now).await?;
        move_counts(&mut tx, moves).await?;
        touched.sort_unstable();
        touched.dedup();
        for broadcast in &touched {
            tx.tell(Change::Rows(*broadcast));
        }
        tx.commit().await?;
        Ok(touched)
    }
}

/// `false` when somebody else has dealt with one of them.
async fn write_results(
    tx: &mut crate::db::Tx,
    results: &[(ReceiptId, Applied)],
    missed: &[MessageRef],
    now: Millis,
) -> Result<bool, StoreError> {
    let rows: Vec<_> = results
        .iter()
        .map(|(id, applied)| match applied {
            Applied::To(message) if missed.contains(message) => (id, "pending", "", None, now.plus(1)),
            Applied::To(message) => (id, "applied", "", Some(*message), now),
            Applied::Unmatched(why) => (id, "unmatched", *why, None, now),
            Applied::NotUnderstood(why) => (id, "not_understood", *why, None, now),
            Applied::Ignored => (id, "ignored", "", None, now),
            Applied::Erased => (id, "erased", "", None, now),
            Applied::Later(at) => (id, "pending", "", None, *at),
        })
        .collect();
    if rows.is_empty() {
        return Ok(true);
    }
    let batch = Batch::new()
        .uuids("id", rows.iter().map(|row| row.0.0))
        .texts("state", rows.iter().map(|row| row.1.to_owned()))
        .texts("note", rows.iter().map(|row| row.2.to_owned()))
        .uuids("broadcast_id", rows.iter().map(|row| row.3.map(|message| message.broadcast.0)))
        .ints("position", rows.iter().map(|row| row.3.map(|message| message.position)))
        .ints("try_at", rows.iter().map(|row| row.4.0));
    // The state is written so that no index of pending receipts fits: SQLite would walk over all of them for each row
    // of the batch.
    let written = tx
        .run_batch(
        "UPDATE receipts SET state = b.state, note = b.note, broadcast_id = b.broadcast_id, position = b.position, try_at = b.try_at,
                body = CASE WHEN b.state IN ('erased', 'ignored') THEN '' ELSE receipts.body END
         FROM @batch WHERE receipts.id = b.id AND receipts.state || '' = 'pending'",
        args![],
        batch,
    )
    .await?;
    Ok(written == rows.len() as u64)
}
