//! Pages of broadcasts, and how many there are.

use domain::{broadcast::BroadcastStatus, channel::Channel};
use uuid::Uuid;

use super::{Broadcast, BroadcastFilter, BroadcastRow, KeyBroadcasts, assemble};
use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
    workshops::contains,
};

/// A page of broadcasts, the newest first. Broadcasts of one workshop have a statement and an index of their own: an
/// optional condition made SQLite walk over all of the organisation's, 3 ms among 6,000.
macro_rules! select_broadcasts {
    ($of:literal) => {
        concat!(
            "SELECT b.id, b.integration_id, b.workshop_id, w.title AS workshop_title, w.starts_at AS workshop_starts_at,
                    b.channel, b.category, b.title, b.template_id, b.template, b.status, b.created_by, b.created_at, b.starts_at, b.deadline,
                    b.started_at, b.finished_at, b.stopped_at, b.stopped_by, b.stop_code, b.stop_text, b.hours, b.unit_price, b.planned,
                    b.units, b.purpose, b.assignee_id, b.assignee
             FROM broadcasts b JOIN workshops w ON w.id = b.workshop_id
             WHERE b.organization_id = $1 AND ($2 = '' OR b.channel = $2) AND ",
            $of,
            " AND b.id < $4 AND ($6 = '' OR b.status = $6)
               AND ($8 = 0 OR ($8 = 1 AND b.keys_of IS NULL) OR b.keys_of = $9)
               AND (lower(b.title) LIKE lower($7) ESCAPE '\\' OR lower(w.title) LIKE lower($7) ESCAPE '\\')
             ORDER BY b.id DESC LIMIT $5"
        )
    };
}

impl Org {
    /// Broadcasts, the newest first.
    pub async fn broadcasts(
        &self,
        filter: &BroadcastFilter,
        limit: i64,
    ) -> Result<Vec<Broadcast>, StoreError> {
        let sql = match filter.workshop {
            Some(_) => select_broadcasts!("b.workshop_id = $3"),
            None => select_broadcasts!("b.workshop_id <> $3"),
        };
        let (shown, calls) = match filter.by_keys {
            KeyBroadcasts::Included => (0_i64, Uuid::nil()),
            KeyBroadcasts::LeftOut => (1, Uuid::nil()),
            KeyBroadcasts::Of(calls) => (2, calls.0),
        };
        let rows: Vec<BroadcastRow> = self
            .db
            .all(
                sql,
                args![
                    self.id(),
                    filter.channel.map_or("", Channel::word),
                    filter.workshop.map_or(Uuid::nil(), |id| id.0),
                    filter.before.map_or(Uuid::max(), |id| id.0),
                    limit,
                    filter.status.map_or("", BroadcastStatus::word),
                    contains(&filter.title),
                    shown,
                    calls
                ],
            )
            .await?;
        let counts = self
            .db
            .all_batch(
                "SELECT c.broadcast_id, c.state, c.reason, c.n, c.cost FROM @batch
                 CROSS JOIN broadcast_counts c WHERE c.broadcast_id = b.id",
                args![],
                Batch::new().uuids("id", rows.iter().map(|row| row.id)),
            )
            .await?;
        assemble(rows, counts)
    }

    /// How many broadcasts there are on a channel, and how many are running now; without those that keys of calls sent.
    pub async fn broadcast_numbers(&self, channel: Option<Channel>) -> Result<(i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN status IN ('planning', 'in_progress') THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM broadcasts WHERE organization_id = $1 AND ($2 = '' OR channel = $2) AND keys_of IS NULL",
                args![self.id(), channel.map_or("", Channel::word)],
            )
            .await
    }

    /// Broadcasts that are being prepared or sent now, none while all sending is stopped; every page asks.
    pub async fn running_broadcasts(&self) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM broadcasts WHERE organization_id = $1 AND status IN ('planning', 'in_progress')
                   AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = $1 AND o.stopped_at IS NOT NULL)",
                args![self.id()],
            )
            .await?;
        Ok(n)
    }
}
