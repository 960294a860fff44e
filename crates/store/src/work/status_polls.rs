//! Questions to a provider that are due later, about messages of which no receipt has come.

use domain::{
    ids::{BroadcastId, IntegrationId, OrganizationId},
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::{Batch, args},
    error::StoreError,
    hot::StatementBatch,
};

/// What a question is put with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPollTarget {
    /// What the provider knows it by: a request's id, or a campaign's name.
    As(String),
    /// Each message of the stretch by its own id. Most have settled by the time they would be asked about: who has not
    /// gets a question of their own then ([`Work::ask_each`]).
    Each,
}

/// A question that a provider is to be asked later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatusPoll {
    /// The broadcast of the question.
    pub broadcast: BroadcastId,
    /// What the question names: a request or campaign, or each message by its own id.
    pub asked: StatusPollTarget,
    /// First position that it may tell about.
    pub first: i64,
    /// Last position that it may tell about.
    pub last: i64,
    /// When it was handed over; steps count from here.
    pub since: Millis,
    /// When the question is asked first.
    pub due_at: Millis,
}

/// A question that is due.
#[derive(Clone, Debug)]
pub struct DueStatusPoll {
    /// The broadcast of the question.
    pub broadcast: BroadcastId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The account whose provider is asked.
    pub integration: IntegrationId,
    /// What the provider knows it by; where `each`, the question's own name.
    pub key: String,
    /// Whether it stands for one question about each message of its stretch.
    pub each: bool,
    /// When the messages were handed over.
    pub since: Millis,
    /// How often the question was asked before.
    pub step: i64,
    /// Whether no message of the question waits for news any more, so that nothing is to be asked.
    pub settled: bool,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    broadcast_id: Uuid,
    organization_id: Uuid,
    integration_id: Uuid,
    key: String,
    of_each: bool,
    since: i64,
    step: i64,
    settled: bool,
}

/// Enters what is to be asked about. A question that exists already stays as it is: several messages of one campaign
/// share it.
pub(super) fn write(statements: &mut StatementBatch, new: &[NewStatusPoll]) {
    if new.is_empty() {
        return;
    }
    let batch = Batch::new()
        .uuids("broadcast_id", new.iter().map(|n| n.broadcast.0))
        .texts("key", new.iter().map(NewStatusPoll::key))
        .ints("of_each", new.iter().map(|n| i64::from(n.asked == StatusPollTarget::Each)))
        .ints("first_position", new.iter().map(|n| n.first))
        .ints("last_position", new.iter().map(|n| n.last))
        .ints("since", new.iter().map(|n| n.since.0))
        .ints("due_at", new.iter().map(|n| n.due_at.0));
    statements.run_batch(
        "INSERT INTO look_ups (broadcast_id, key, integration_id, organization_id, first_position, last_position, since, step, due_at, of_each)
         SELECT b.broadcast_id, b.key, c.integration_id, c.organization_id, b.first_position, b.last_position, b.since, 0, b.due_at, b.of_each = 1
         FROM @batch CROSS JOIN broadcasts c WHERE c.id = b.broadcast_id
         ON CONFLICT (broadcast_id, key) DO NOTHING",
        args![],
        batch,
    );
}

impl NewStatusPoll {
    fn key(&self) -> String {
        match &self.asked {
            StatusPollTarget::As(key) => key.clone(),
            StatusPollTarget::Each => format!("{}..={}@{}", self.first, self.last, self.since.0),
        }
    }
}

impl Work {
    /// Puts questions about single messages, due at `now`, in the place of one that stands for them; about those that
    /// have settled there is nothing to ask.
    pub async fn ask_each(&self, asked: &DueStatusPoll, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        tx.run(
            "INSERT INTO look_ups (broadcast_id, key, integration_id, organization_id, first_position, last_position, since, step, due_at, of_each)
             SELECT m.broadcast_id, m.provider_id, l.integration_id, l.organization_id, m.position, m.position, COALESCE(m.sent_at, l.since), l.step, $3, FALSE
             FROM look_ups l
             JOIN messages m ON m.broadcast_id = l.broadcast_id AND m.position BETWEEN l.first_position AND l.last_position
             WHERE l.broadcast_id = $1 AND l.key = $2 AND m.state IN ('sent', 'unknown') AND m.provider_id IS NOT NULL
             ON CONFLICT (broadcast_id, key) DO NOTHING",
            args![asked.broadcast.0, &asked.key, now],
        )
        .await?;
        tx.run(
            "DELETE FROM look_ups WHERE broadcast_id = $1 AND key = $2",
            args![asked.broadcast.0, &asked.key],
        )
        .await?;
        tx.commit().await
    }

    /// Takes questions that are due at `now`, the oldest first, and none about these accounts; nobody else is given
    /// them before `hold_until`.
    pub async fn take_status_polls(
        &self,
        now: Millis,
        hold_until: Millis,
        limit: i64,
        but_of: &[IntegrationId],
    ) -> Result<Vec<DueStatusPoll>, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        let rows: Vec<DueRow> = tx
            .all_batch(
                "WITH due AS (
                     SELECT broadcast_id, key FROM look_ups
                     WHERE due_at <= $1 AND integration_id NOT IN (SELECT b.id FROM @batch)
                     ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE look_ups SET due_at = $2 FROM due
                 WHERE look_ups.broadcast_id = due.broadcast_id AND look_ups.key = due.key
                 RETURNING look_ups.broadcast_id, look_ups.organization_id, look_ups.integration_id, look_ups.key, look_ups.of_each, look_ups.since,
                           look_ups.step,
                           NOT EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = look_ups.broadcast_id
                               AND m.position BETWEEN look_ups.first_position AND look_ups.last_position
                               AND m.state IN ('sent', 'unknown', 'in_flight')) AS settled",
                args![now, hold_until, limit],
                Batch::new().uuids("id", but_of.iter().map(|account| account.0)),
            )
            .await?;
        tx.commit().await?;
        Ok(rows
            .into_iter()
            .map(|row| DueStatusPoll {
                broadcast: BroadcastId(row.broadcast_id),
                organization: OrganizationId(row.organization_id),
                integration: IntegrationId(row.integration_id),
                key: row.key,
                each: row.of_each,
                since: Millis(row.since),
                step: row.step,
                settled: row.settled,
            })
            .collect())
    }

    /// Asks again then, or, with `None`, never.
    pub async fn poll_again(
        &self,
        asked: &DueStatusPoll,
        at: Option<(i64, Millis)>,
    ) -> Result<(), StoreError> {
        match at {
            Some((step, due_at)) => {
                self.db
                    .by_index()
                    .run(
                        "UPDATE look_ups SET step = $3, due_at = $4 WHERE broadcast_id = $1 AND key = $2",
                        args![asked.broadcast.0, &asked.key, step, due_at],
                    )
                    .await?;
            }
            None => {
                self.db
                    .by_index()
                    .run(
                        "DELETE FROM look_ups WHERE broadcast_id = $1 AND key = $2",
                        args![asked.broadcast.0, &asked.key],
                    )
                    .await?;
            }
        }
        Ok(())
    }
}
