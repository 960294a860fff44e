//! What may need a person now, as the store knows it; which of it does, the pages decide.

use domain::{
    attention::AboutBroadcast,
    broadcast::BroadcastStatus,
    ids::{BroadcastId, IntegrationId, WorkshopId},
    money::Money,
    reason::Reason,
    retry::LONGEST_MS,
    time::{DAY, HOUR, Millis},
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
};

/// Doubts and silent accounts are looked for in broadcasts that were confirmed within this time; what is under way counts always.
const LOOK_BACK_MS: i64 = 30 * DAY;
/// Receipts that have not begun to come after this time do not come.
pub const RECEIPTS_DUE_MS: i64 = HOUR;
/// A silence is of interest for so long after the first message.
pub const SILENCE_SHOWN_MS: i64 = 3 * DAY;

/// A broadcast that is under way or to come, or that has messages nobody knows enough about.
#[derive(Clone, Debug)]
pub struct UnsettledBroadcast {
    /// The broadcast with its account, title and workshop.
    pub broadcast: AboutBroadcast,
    /// The status of the broadcast.
    pub status: BroadcastStatus,
    /// The start of the broadcast's workshop.
    pub workshop_starts_at: Millis,
    /// The start of the broadcast: nothing is sent before.
    pub starts_at: Millis,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// When its first message was claimed.
    pub started_at: Option<Millis>,
    /// When the broadcast was paused; `None` where it is not.
    pub stopped_at: Option<Millis>,
    /// Who paused it; empty for the engine, and where it is not paused.
    pub stopped_by: String,
    /// The reason for the pause.
    pub stop_code: Reason,
    /// The provider's words for the pause; may be empty.
    pub stop_text: String,
    /// Estimated price of one unit.
    pub unit_price: Money,
    /// Who was asked to post it by hand; `None` where the program sends.
    pub asked: Option<String>,
    /// Recipients that are written down.
    pub planned: i64,
    /// Units that all of them are charged as.
    pub units: i64,
    /// Whether all messages have one text, so that a call may carry several.
    pub is_shared: bool,
    /// Messages that wait or are in flight.
    pub waiting: i64,
    /// Messages of which nobody knows whether they went out.
    pub unknown: i64,
    /// Messages that were handed over and have no receipt.
    pub handed_over: i64,
    /// Messages that have a receipt.
    pub reported: i64,
    /// How often a message that its provider does not take was tried; 0 where it takes them.
    pub tries: i64,
}

impl UnsettledBroadcast {
    /// What the waiting messages are expected to cost.
    pub fn cost_to_come(&self) -> Money {
        let units = self.units.saturating_mul(self.waiting) / self.planned.max(1);
        Money(self.unit_price.0.saturating_mul(units))
    }
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    id: Uuid,
    integration_id: Uuid,
    integration_kind: String,
    channel: String,
    title: String,
    workshop_id: Uuid,
    workshop_title: String,
    workshop_starts_at: i64,
    status: String,
    starts_at: i64,
    deadline: i64,
    started_at: Option<i64>,
    stopped_at: Option<i64>,
    stopped_by: Option<String>,
    stop_code: Option<String>,
    stop_text: Option<String>,
    unit_price: i64,
    by_hand: bool,
    assignee: String,
    planned: i64,
    units: i64,
    is_shared: bool,
    waiting: i64,
    unknown: i64,
    handed_over: i64,
    reported: i64,
    tries: i64,
}

impl TryFrom<OpenRow> for UnsettledBroadcast {
    type Error = StoreError;
    fn try_from(row: OpenRow) -> Result<UnsettledBroadcast, StoreError> {
        Ok(UnsettledBroadcast {
            broadcast: AboutBroadcast {
                id: BroadcastId(row.id),
                account: IntegrationId(row.integration_id),
                account_kind: row.integration_kind,
                title: row.title,
                channel: word("broadcasts", "channel", &row.channel)?,
                workshop: WorkshopId(row.workshop_id),
                workshop_title: row.workshop_title,
            },
            status: word("broadcasts", "status", &row.status)?,
            workshop_starts_at: Millis(row.workshop_starts_at),
            starts_at: Millis(row.starts_at),
            deadline: Millis(row.deadline),
            started_at: row.started_at.map(Millis),
            stopped_at: row.stopped_at.map(Millis),
            stopped_by: row.stopped_by.unwrap_or_default(),
            stop_code: Reason::from(row.stop_code.as_deref().unwrap_or_default()),
            stop_text: row.stop_text.unwrap_or_default(),
            unit_price: Money(row.unit_price),
            asked: row.by_hand.then_some(row.assignee),
            planned: row.planned,
            units: row.units,
            is_shared: row.is_shared,
            waiting: row.waiting,
            unknown: row.unknown,
            handed_over: row.handed_over,
            reported: row.reported,
            tries: row.tries,
        })
    }
}

impl Org {
    /// Every broadcast that may need a person, from the kept counts. That is what is under way or to come, what has unknown messages, and what
    /// was handed over of late without a receipt: of everything else nobody asks. Rows of messages are read only of what is being sent, and
    /// of it a few of those that go again within minutes.
    pub async fn broadcasts_to_look_at(&self, now: Millis) -> Result<Vec<UnsettledBroadcast>, StoreError> {
        let since = BroadcastId::new(now.plus(-LOOK_BACK_MS)).0;
        let (silent_from, silent_to) = (now.plus(-SILENCE_SHOWN_MS), now.plus(-RECEIPTS_DUE_MS));
        // Rows that a person or the hours put off go again later than that.
        let (again_from, again_to) = (now.plus(-LONGEST_MS), now.plus(LONGEST_MS));
        let rows: Vec<OpenRow> = self
            .db
            .all(
                "WITH near AS (
                     SELECT id FROM broadcasts
                     WHERE organization_id = $1 AND status IN ('planning', 'scheduled', 'in_progress', 'paused')
                     UNION
                     SELECT broadcast_id FROM broadcast_counts WHERE state = 'unknown' AND n > 0 AND broadcast_id > $2
                     UNION
                     SELECT id FROM broadcasts
                     WHERE organization_id = $1 AND id > $2 AND started_at > $3 AND started_at < $4
                 ), counted AS (
                     SELECT c.broadcast_id AS id,
                            CAST(SUM(CASE WHEN c.state IN ('waiting', 'in_flight') THEN c.n ELSE 0 END) AS BIGINT) AS waiting,
                            CAST(SUM(CASE WHEN c.state = 'unknown' THEN c.n ELSE 0 END) AS BIGINT) AS unknown,
                            CAST(SUM(CASE WHEN c.state = 'sent' THEN c.n ELSE 0 END) AS BIGINT) AS handed_over,
                            CAST(SUM(CASE WHEN c.state IN ('delivered', 'read') THEN c.n ELSE 0 END) AS BIGINT) AS reported
                     FROM near JOIN broadcast_counts c ON c.broadcast_id = near.id GROUP BY c.broadcast_id
                 )
                 SELECT b.id, b.integration_id, i.kind AS integration_kind, b.channel, b.title, b.workshop_id, w.title AS workshop_title,
                        w.starts_at AS workshop_starts_at, b.status, b.starts_at, b.deadline, b.started_at, b.stopped_at, b.stopped_by,
                        b.stop_code, b.stop_text, b.assignee_id IS NOT NULL AS by_hand, b.assignee, b.unit_price, b.planned, b.units, b.content <> '' AS is_shared, counted.waiting, counted.unknown,
                        counted.handed_over, counted.reported,
                        CASE WHEN b.status = 'in_progress' AND counted.waiting > 0 THEN COALESCE((
                            SELECT MAX(late.attempt) FROM (
                                SELECT m.attempt FROM messages m
                                WHERE m.broadcast_id = b.id AND m.state = 'waiting' AND m.next_attempt_at > 0
                                  AND m.next_attempt_at > $5 AND m.next_attempt_at < $6
                                ORDER BY m.next_attempt_at DESC LIMIT 50) AS late), 0) ELSE 0 END AS tries
                 FROM counted JOIN broadcasts b ON b.id = counted.id JOIN workshops w ON w.id = b.workshop_id
                 JOIN integrations i ON i.id = b.integration_id
                 WHERE b.organization_id = $1
                   AND (b.status IN ('planning', 'scheduled', 'in_progress', 'paused') OR counted.unknown > 0
                        OR (counted.handed_over > 0 AND counted.reported = 0))
                 ORDER BY b.id",
                args![self.id(), since, silent_from, silent_to, again_from, again_to],
            )
            .await?;
        rows.into_iter().map(UnsettledBroadcast::try_from).collect()
    }

    /// Posts of providers that could not be read and that nobody has seen.
    pub async fn posts_to_look_at(&self) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM receipts r JOIN organizations o ON o.id = r.organization_id
                 WHERE r.organization_id = $1 AND r.state = 'not_understood' AND r.received_at > o.posts_seen_at",
                args![self.id()],
            )
            .await?;
        Ok(n)
    }

    /// Says that somebody saw the posts that could not be read, up to now.
    pub async fn saw_posts(&self, now: Millis) -> Result<(), StoreError> {
        self.allow(domain::role::Permission::Operate)?;
        let mut tx = self.db.begin().await?;
        tx.run("UPDATE organizations SET posts_seen_at = $2 WHERE id = $1", args![self.id(), now]).await?;
        self.note(&mut tx, "posts.seen", "", "", now).await?;
        tx.commit().await
    }
}
