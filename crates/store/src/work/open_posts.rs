//! Posts of linked accounts of which too little is proven: their id is not known, or not even whether they are in their
//! group.

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef},
    message::MessageState,
    time::{DAY, MINUTE, Millis},
};
use uuid::Uuid;

use super::{ReceiptChange, Work, sent_ids::SentIds};
use crate::{
    db::{Batch, args},
    error::{StoreError, word},
};

/// Key of the question about a post begins so; its position follows.
const QUESTION: &str = "post:";
/// A post of which nobody knows what became of it is asked about for so long.
const ASKED_FOR_MS: i64 = DAY;
/// When it is asked about first, after its call began.
const ASKED_AFTER_MS: i64 = MINUTE;

/// A post whose call began and of which no id is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPost {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The group's id on WhatsApp.
    pub group: String,
    /// The state of the post.
    pub state: MessageState,
    /// The code of the post's reason; empty without one.
    pub reason: String,
    /// When the latest request for it began.
    pub started_at: Millis,
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    broadcast_id: Uuid,
    position: i64,
    recipient: String,
    state: String,
    reason: String,
    started_at: i64,
}

impl TryFrom<OpenRow> for OpenPost {
    type Error = StoreError;
    fn try_from(row: OpenRow) -> Result<OpenPost, StoreError> {
        Ok(OpenPost {
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            group: row.recipient,
            state: word("messages", "state", &row.state)?,
            reason: row.reason,
            started_at: Millis(row.started_at),
        })
    }
}

/// The position that a question names; `None` where it is about no post.
pub fn asked_post(key: &str) -> Option<i64> {
    key.strip_prefix(QUESTION)?.parse().ok()
}

impl Work {
    /// The posts to these groups by that account of which no id is known, and whose call began since then.
    pub async fn open_posts(
        &self,
        integration: IntegrationId,
        groups: Vec<String>,
        since: Millis,
    ) -> Result<Vec<OpenPost>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<OpenRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.broadcast_id, m.position, m.recipient, m.state, m.reason, m.started_at
                 FROM @batch CROSS JOIN broadcasts o JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.jid AND m.planned
                 WHERE o.channel = 'group' AND o.integration_id = $1 AND o.deadline > $2 AND o.assignee_id IS NULL
                   AND m.provider_id IS NULL AND m.started_at >= $2 AND m.state IN ('in_flight', 'sent', 'unknown')
                 ORDER BY m.started_at, m.broadcast_id, m.position",
                args![integration.0, since],
                Batch::new().texts("jid", groups),
            )
            .await?;
        rows.into_iter().map(OpenPost::try_from).collect()
    }

    /// One post, while nobody knows what became of it.
    pub async fn unknown_post(&self, message: MessageRef) -> Result<Option<OpenPost>, StoreError> {
        let row: Option<OpenRow> = self
            .db
            .by_index()
            .optional(
                "SELECT broadcast_id, position, recipient, state, reason, COALESCE(started_at, changed_at) AS started_at FROM messages
                 WHERE broadcast_id = $1 AND position = $2 AND state = 'unknown' AND planned",
                args![message.broadcast.0, message.position],
            )
            .await?;
        row.map(OpenPost::try_from).transpose()
    }

    /// Enters a question about each post of which nobody knows what became of it. One that is entered stays as it is.
    pub async fn ask_about_posts(&self, now: Millis) -> Result<u64, StoreError> {
        let (any,): (bool,) = self
            .db
            .by_index()
            .one(
                "SELECT EXISTS (SELECT 1 FROM broadcast_counts c JOIN broadcasts o ON o.id = c.broadcast_id
                                WHERE c.state = 'unknown' AND c.n > 0 AND o.channel = 'group' AND o.assignee_id IS NULL AND o.deadline > $1)",
                args![now.plus(-ASKED_FOR_MS)],
            )
            .await?;
        if !any {
            return Ok(0);
        }
        self.db
            .by_index()
            .run(
                "INSERT INTO look_ups (broadcast_id, key, integration_id, organization_id, first_position, last_position, since, step, due_at,
                                       of_each)
                 SELECT m.broadcast_id, $1 || CAST(m.position AS TEXT), o.integration_id, o.organization_id, m.position, m.position,
                        m.started_at, 0, m.started_at + $3, FALSE
                 FROM broadcast_counts c JOIN broadcasts o ON o.id = c.broadcast_id
                 JOIN messages m ON m.broadcast_id = o.id AND m.state = 'unknown'
                   AND m.state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                 WHERE c.state = 'unknown' AND c.n > 0 AND o.channel = 'group' AND o.assignee_id IS NULL AND m.planned
                   AND m.started_at > $2
                 ON CONFLICT (broadcast_id, key) DO NOTHING",
                args![QUESTION, now.plus(-ASKED_FOR_MS), ASKED_AFTER_MS],
            )
            .await
    }

    /// Records that an unknown post is in its group, under that id of the gateway. Nothing where it was settled
    /// meanwhile.
    pub async fn prove_post(
        &self,
        post: &OpenPost,
        id: &str,
        at: Option<Millis>,
        now: Millis,
    ) -> Result<Vec<BroadcastId>, StoreError> {
        let change = ReceiptChange {
            to: MessageState::Sent,
            reason: String::new(),
            sent_at: Some(at.unwrap_or(post.started_at)),
            provider_id: Some(id.to_owned()),
            ..ReceiptChange::none(post.message, post.state, &post.reason, None)
        };
        self.note_ids(&[(post.message, id.to_owned())], now).await?;
        self.apply_receipts(Vec::new(), vec![change], now).await
    }

    /// Notes ids that became known after their calls, so that what gateways tell under them is found.
    pub async fn note_ids(&self, ids: &[(MessageRef, String)], now: Millis) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut sent = SentIds::default();
        for (message, id) in ids {
            sent.note(*message, id);
        }
        sent.write_alone(&self.db, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_about_a_post_names_its_position() {
        assert_eq!(asked_post(&format!("{QUESTION}17")), Some(17));
        assert_eq!(asked_post("abc0123456789xy"), None);
        assert_eq!(asked_post("post:x"), None);
    }
}
