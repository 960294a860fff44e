//! What may be sent now: broadcasts with rows that wait, and what is needed to send them.

use domain::{
    ids::{BroadcastId, IntegrationId, OrganizationId},
    sending_hours::SendingHours,
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::args,
    error::{StoreError, json},
};

/// A broadcast that has something to send now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueBroadcast {
    /// Id of the broadcast.
    pub broadcast: BroadcastId,
    /// The account that sends it.
    pub integration: IntegrationId,
    /// The number of messages that wait.
    pub waiting: i64,
    /// When the broadcast was last served. The one that was served longest ago goes first.
    pub served_at: Millis,
}

/// What is needed to send any message of a broadcast; the same for all of them.
#[derive(Clone, Debug)]
pub struct Job {
    /// Id of the broadcast.
    pub broadcast: BroadcastId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The account that sends it.
    pub integration: IntegrationId,
    /// The frozen template, as JSON.
    pub template: serde_json::Value,
    /// Whether the provider was asked about the campaign before the first message.
    pub probed: bool,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// The hours in which it may send.
    pub hours: SendingHours,
    /// The final values of every message, where all have the same; the rows then carry none.
    pub content: Option<String>,
    /// The secret part of the account's callback address.
    pub callback_key: String,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    integration_id: Uuid,
    n: i64,
    served_at: i64,
    hours: String,
}

#[derive(sqlx::FromRow)]
struct JobRow {
    organization_id: Uuid,
    integration_id: Uuid,
    template: String,
    probed: bool,
    deadline: i64,
    hours: String,
    content: String,
    callback_key: String,
}

impl Work {
    /// Broadcasts with rows to send at `now`, the longest unserved first. One that has begun goes on when the clock is
    /// set back before its start.
    pub async fn due(&self, now: Millis) -> Result<Vec<DueBroadcast>, StoreError> {
        let rows: Vec<DueRow> = self.db.by_index().all(
                "SELECT b.id, b.integration_id, c.n, b.served_at, b.hours FROM broadcasts b
                 JOIN broadcast_counts c ON c.broadcast_id = b.id AND c.state = 'waiting' AND c.reason = '' AND c.n > 0
                 JOIN integrations i ON i.id = b.integration_id
                 JOIN organizations o ON o.id = b.organization_id
                 JOIN integration_pace p ON p.integration_id = i.id
                 WHERE b.status IN ('scheduled', 'in_progress') AND (b.status = 'in_progress' OR b.starts_at <= $1)
                   AND b.deadline > $1
                   -- What a person posts by hand is no work of the program.
                   AND b.assignee_id IS NULL
                   -- Posts keep their own gap. A clock that was set back since the last one makes none of them wait.
                   AND (b.gap_s = 0 OR b.served_at > $1 OR b.served_at + b.gap_s * 1000 <= $1)
                   AND i.stopped_at IS NULL AND i.removed_at IS NULL AND o.stopped_at IS NULL AND p.held_until <= $1
                 ORDER BY b.served_at, b.id",
                args![now],
            )
            .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            // Hours that cannot be read are found out by `job`, which stops this broadcast and no other.
            if sending_hours(&row.hours).is_ok_and(|hours| hours.closed_until(now).is_some()) {
                continue;
            }
            due.push(DueBroadcast {
                broadcast: BroadcastId(row.id),
                integration: IntegrationId(row.integration_id),
                waiting: row.n,
                served_at: Millis(row.served_at),
            });
        }
        Ok(due)
    }

    /// The next instant at which something may become due: a start, a deadline, a retry, the end of a hold.
    pub async fn next_due(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        let (next,): (Option<i64>,) = self.db.by_index().one(
                "SELECT MIN(at) FROM (
                     SELECT MIN(starts_at) AS at FROM broadcasts WHERE status IN ('scheduled', 'in_progress') AND starts_at > $1
                     UNION ALL
                     SELECT MIN(deadline) FROM broadcasts WHERE status IN ('scheduled', 'in_progress') AND deadline > $1
                     UNION ALL
                     SELECT MIN(held_until) FROM integration_pace WHERE held_until > $1
                     UNION ALL
                     SELECT MIN(served_at + gap_s * 1000) FROM broadcasts
                     WHERE status = 'in_progress' AND gap_s > 0 AND served_at + gap_s * 1000 > $1
                     UNION ALL
                     SELECT (SELECT m.next_attempt_at FROM messages m
                             WHERE m.broadcast_id = b.id AND m.state = 'waiting' AND m.next_attempt_at > 0 AND m.next_attempt_at > $1
                             ORDER BY m.next_attempt_at LIMIT 1)
                     FROM broadcasts b WHERE b.status IN ('scheduled', 'in_progress')
                 ) AS moments",
                args![now],
            )
            .await?;
        Ok(next.map(Millis))
    }

    /// What is needed to send any message of that broadcast.
    pub async fn job(&self, broadcast: BroadcastId) -> Result<Job, StoreError> {
        let row: JobRow = self
            .db
            .one(
                "SELECT b.organization_id, b.integration_id, b.template, b.probed, b.deadline, b.hours, b.content, i.callback_key
                 FROM broadcasts b JOIN integrations i ON i.id = b.integration_id WHERE b.id = $1",
                args![broadcast.0],
            )
            .await?;
        Ok(Job {
            broadcast,
            organization: OrganizationId(row.organization_id),
            integration: IntegrationId(row.integration_id),
            template: json("broadcasts", "template", &row.template)?,
            probed: row.probed,
            deadline: Millis(row.deadline),
            hours: sending_hours(&row.hours)?,
            content: (!row.content.is_empty()).then_some(row.content),
            callback_key: row.callback_key,
        })
    }
}

/// Reads frozen hours; empty text means any hour.
pub(crate) fn sending_hours(text: &str) -> Result<SendingHours, StoreError> {
    if text.is_empty() {
        return Ok(SendingHours::any());
    }
    json("broadcasts", "hours", text)
}
