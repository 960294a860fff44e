//! Messages of a broadcast: rows for screens, and the counts that move with them.

mod listing;

use std::collections::BTreeMap;

use domain::{
    broadcast::Addressee,
    event::EventKind,
    ids::{BroadcastId, GroupId, MessageRef, RegistrantId},
    message::MessageState,
    money::Money,
    reason::Reason,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    hot::StatementBatch,
    org::Org,
};

/// Changes to rows per state and reason, gathered while rows move and written once.
#[derive(Debug, Default)]
pub(crate) struct CountMoves(BTreeMap<(Uuid, &'static str, String), (i64, i64)>);

impl CountMoves {
    /// `n` rows of that broadcast came into (or, negative, left) a state.
    pub(crate) fn add(&mut self, broadcast: Uuid, state: MessageState, reason: &str, n: i64, cost: i64) {
        // On the straight way a reason is only an explanation; endings are grouped by it.
        let grouped = state.is_settled()
            && !matches!(state, MessageState::Sent | MessageState::Delivered | MessageState::Read);
        let reason = if grouped { reason } else { "" };
        let entry = self.0.entry((broadcast, state.word(), reason.to_owned())).or_default();
        entry.0 += n;
        entry.1 += cost;
    }
}

/// Writes the changes. Every transaction that changes a message's state ends with this; the rows are locked in key
/// order.
pub(crate) async fn move_counts(tx: &mut Tx, moves: CountMoves) -> Result<(), StoreError> {
    let mut statements = StatementBatch::default();
    move_counts_with(&mut statements, moves);
    statements.send(tx).await?;
    Ok(())
}

/// As [`move_counts`], sent with other statements; the last of them.
pub(crate) fn move_counts_with(statements: &mut StatementBatch, moves: CountMoves) {
    let moved: Vec<_> = moves.0.into_iter().filter(|(_, (n, cost))| *n != 0 || *cost != 0).collect();
    if moved.is_empty() {
        return;
    }
    let batch = Batch::new()
        .uuids("broadcast_id", moved.iter().map(|((id, _, _), _)| *id))
        .texts("state", moved.iter().map(|((_, state, _), _)| (*state).to_owned()))
        .texts("reason", moved.iter().map(|((_, _, reason), _)| reason.clone()))
        .ints("n", moved.iter().map(|(_, (n, _))| *n))
        .ints("cost", moved.iter().map(|(_, (_, cost))| *cost));
    statements.run_batch(
        "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost)
         SELECT b.broadcast_id, b.state, b.reason, b.n, b.cost FROM @batch WHERE TRUE
         ON CONFLICT (broadcast_id, state, reason)
         DO UPDATE SET n = broadcast_counts.n + excluded.n, cost = broadcast_counts.cost + excluded.cost",
        args![],
        batch,
    );
}

/// A message as a screen shows it.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The person or group that the message goes to.
    pub addressee: Addressee,
    /// The person's name; may be empty.
    pub name: String,
    /// Number in E.164 form; may be empty for a person who was left out.
    pub recipient: String,
    /// The state of the message.
    pub state: MessageState,
    /// The reason for the state; [`Reason::None`] where nothing needs explaining.
    pub reason: Reason,
    /// The provider's words for the reason, or ours.
    pub reason_text: String,
    /// The number of tries so far.
    pub attempt: i64,
    /// The earliest moment of the next try.
    pub next_attempt_at: Option<Millis>,
    /// When its state changed last.
    pub changed_at: Millis,
    /// Start of the latest attempt.
    pub started_at: Option<Millis>,
    /// When the provider accepted the message; `None` before.
    pub sent_at: Option<Millis>,
    /// When a receipt proved it on the phone; `None` before.
    pub delivered_at: Option<Millis>,
    /// When a receipt proved it read; `None` before.
    pub read_at: Option<Millis>,
    /// When it failed; `None` where it did not.
    pub failed_at: Option<Millis>,
    /// The provider's id of the message; `None` before it is known.
    pub provider_id: Option<String>,
    /// The network's id of the message; `None` before it is known.
    pub network_id: Option<String>,
    /// The charge that the provider reported; `None` where it reported none.
    pub cost: Option<Money>,
    /// The final values, as JSON of `domain::template::Content`.
    pub content: String,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    broadcast_id: Uuid,
    position: i64,
    registrant_id: Uuid,
    group_id: Option<Uuid>,
    name: String,
    recipient: String,
    state: String,
    reason: String,
    reason_text: String,
    attempt: i64,
    next_attempt_at: i64,
    changed_at: i64,
    started_at: Option<i64>,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
    failed_at: Option<i64>,
    provider_id: Option<String>,
    network_id: Option<String>,
    cost: Option<i64>,
    content: String,
}

impl TryFrom<MessageRow> for MessageView {
    type Error = StoreError;
    fn try_from(row: MessageRow) -> Result<MessageView, StoreError> {
        Ok(MessageView {
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            addressee: match row.group_id {
                Some(group) => Addressee::Group(GroupId(group)),
                None => Addressee::Registrant(RegistrantId(row.registrant_id)),
            },
            name: row.name,
            recipient: row.recipient,
            state: word("messages", "state", &row.state)?,
            reason: Reason::from(row.reason.as_str()),
            reason_text: row.reason_text,
            attempt: row.attempt,
            next_attempt_at: (row.next_attempt_at > 0).then_some(Millis(row.next_attempt_at)),
            changed_at: Millis(row.changed_at),
            started_at: row.started_at.map(Millis),
            sent_at: row.sent_at.map(Millis),
            delivered_at: row.delivered_at.map(Millis),
            read_at: row.read_at.map(Millis),
            failed_at: row.failed_at.map(Millis),
            provider_id: row.provider_id,
            network_id: row.network_id,
            cost: row.cost.map(Money),
            content: row.content,
        })
    }
}

/// Something that happened to a message, other than the usual steps to delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEvent {
    /// When it happened.
    pub at: Millis,
    /// The kind of event.
    pub kind: EventKind,
    /// Words about the event, for people.
    pub detail: String,
}

/// Which messages of a broadcast a list shows.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Only messages in this state.
    pub state: Option<MessageState>,
    /// Only messages with this reason.
    pub reason: Option<Reason>,
    /// Words of names, addresses and numbers, in any order (`domain::search`); empty for all messages.
    pub search: String,
}

impl Org {
    /// The message as pages show it.
    pub async fn message(&self, message: MessageRef) -> Result<MessageView, StoreError> {
        let page =
            self.messages(message.broadcast, &MessageFilter::default(), message.position - 1, 1).await?;
        page.into_iter().find(|row| row.message == message).ok_or(StoreError::Missing)
    }

    /// What happened to a message besides the straight way, oldest first.
    pub async fn message_events(&self, message: MessageRef) -> Result<Vec<MessageEvent>, StoreError> {
        let rows: Vec<(i64, String, String)> = self
            .db
            .all(
                "SELECT e.at, e.kind, e.detail FROM message_events e
                 JOIN broadcasts b ON b.id = e.broadcast_id
                 WHERE e.broadcast_id = $1 AND e.position = $2 AND b.organization_id = $3 ORDER BY e.at",
                args![message.broadcast.0, message.position, self.id()],
            )
            .await?;
        let event = |(at, kind, detail): (i64, String, String)| {
            Ok(MessageEvent { at: Millis(at), kind: word("message_events", "kind", &kind)?, detail })
        };
        rows.into_iter().map(event).collect()
    }

    /// Raw receipts that were applied to a message, oldest first: when, and the body as received.
    pub async fn message_receipts(&self, message: MessageRef) -> Result<Vec<(i64, String)>, StoreError> {
        self.db
            .all(
                "SELECT received_at, body FROM receipts
                 WHERE broadcast_id = $1 AND position = $2 AND organization_id = $3 ORDER BY id",
                args![message.broadcast.0, message.position, self.id()],
            )
            .await
    }
}
