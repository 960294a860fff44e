//! How many people accounts may write to within 24 hours: a ceiling that moves with the clock, and that accounts of one portfolio share.

use domain::{
    ids::IntegrationId,
    time::{DAY, Millis},
};
use uuid::Uuid;

use super::{Work, claim::BroadcastHead};
use crate::{
    db::{Db, Tx, args},
    error::StoreError,
    hot::StatementBatch,
    org::Org,
};

/// People are counted per ten minutes: what is half over counts whole, so that the ceiling is kept rather than used up.
const SLOT_MS: i64 = 600_000;

/// What an account and those that share its portfolio may do, and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Ceiling {
    /// People whom they wrote to in the last 24 hours.
    pub used: i64,
    /// People whom they may write to in 24 hours: the lowest that is set for one of them; 0 for no ceiling.
    pub allowed: i64,
    /// The earliest ten minutes that count.
    earliest: i64,
    /// Accounts that share it, this one included.
    pub accounts: i64,
}

impl Ceiling {
    /// People whom they may still write to now; `i64::MAX` without a ceiling.
    pub(super) fn left(&self) -> i64 {
        if self.allowed > 0 { (self.allowed - self.used).max(0) } else { i64::MAX }
    }

    /// Milliseconds until the first of those who count do so no more.
    pub(super) fn wait_ms(&self, now: Millis) -> i64 {
        ((self.earliest + 1) * SLOT_MS + DAY - now.0).max(1)
    }
}

/// Accounts whose people count together.
const CEILING: &str = "SELECT CAST(COALESCE(SUM(a.used), 0) AS BIGINT) AS used, COALESCE(MIN(a.earliest), 0) AS earliest,
        COALESCE(MIN(CASE WHEN a.per_day > 0 AND a.removed_at IS NULL THEN a.per_day END), 0) AS allowed,
        COUNT(CASE WHEN a.removed_at IS NULL THEN 1 END) AS accounts
     FROM (SELECT j.per_day, j.removed_at,
                  (SELECT SUM(q.n) FROM integration_people q WHERE q.integration_id = j.id AND q.slot >= $2) AS used,
                  (SELECT MIN(q.slot) FROM integration_people q WHERE q.integration_id = j.id AND q.slot >= $2) AS earliest
           FROM integrations i JOIN integrations j ON j.organization_id = i.organization_id
           WHERE i.id = $1 AND (j.id = i.id OR (i.portfolio <> '' AND j.portfolio = i.portfolio))) AS a";

fn oldest(now: Millis) -> i64 {
    (now.0 - DAY).div_euclid(SLOT_MS)
}

/// What the ceiling of this account leaves, looked at under the lock of its pace, or, where others share it, of the organisation. `None`
/// when another process holds that one: it comes back soon.
pub(super) async fn left(
    tx: &mut Tx,
    head: &BroadcastHead,
    now: Millis,
) -> Result<Option<Ceiling>, StoreError> {
    let (own, portfolio) = head.ceiling();
    if own == 0 && portfolio.is_empty() {
        return Ok(Some(Ceiling::default()));
    }
    if !portfolio.is_empty() && !head.locks_organisation(tx).await? {
        return Ok(None);
    }
    tx.one(CEILING, args![head.integration_id, oldest(now)]).await.map(Some)
}

/// Writes down whom a claim takes, where somebody counts.
pub(super) fn spend(
    statements: &mut StatementBatch,
    integration: Uuid,
    ceiling: &Ceiling,
    people: i64,
    now: Millis,
) {
    if ceiling.accounts == 0 {
        return;
    }
    statements.run(
        "INSERT INTO integration_people (integration_id, slot, n) VALUES ($1, $2, $3)
         ON CONFLICT (integration_id, slot) DO UPDATE SET n = integration_people.n + excluded.n",
        args![integration, now.0.div_euclid(SLOT_MS), people],
    );
}

/// Counts those whom an account wrote to before anybody counted: it has a ceiling, or shares one, from now on.
pub(crate) async fn count_from_now(tx: &mut Tx, integration: Uuid, now: Millis) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO integration_people (integration_id, slot, n)
         SELECT b.integration_id, p.slot / 60, SUM(p.n) FROM broadcasts b JOIN broadcast_pace p ON p.broadcast_id = b.id
         WHERE b.integration_id = $1 AND b.served_at >= $2 AND p.slot / 60 >= $3 GROUP BY b.integration_id, p.slot / 60
         ON CONFLICT (integration_id, slot) DO NOTHING",
        args![integration, now.plus(-DAY), oldest(now)],
    )
    .await?;
    Ok(())
}

async fn of(db: &Db, integration: IntegrationId, now: Millis) -> Result<Ceiling, StoreError> {
    db.one(CEILING, args![integration.0, oldest(now)]).await
}

impl Org {
    /// What an account, and those that share its portfolio, may do in 24 hours, and did.
    pub async fn ceiling(&self, integration: IntegrationId, now: Millis) -> Result<Ceiling, StoreError> {
        of(&self.db, integration, now).await
    }
}

impl Work {
    /// Drops counts that nobody asks for any more.
    pub async fn drop_people(&self, now: Millis) -> Result<(), StoreError> {
        self.db.run("DELETE FROM integration_people WHERE slot < $1", args![oldest(now.plus(-DAY))]).await?;
        Ok(())
    }
}
