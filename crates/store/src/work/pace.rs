//! How much an account may send now: its pace, which all broadcasts and processes share.

use domain::{
    ids::IntegrationId,
    pace::Pace,
    time::{DAY, Millis},
};
use uuid::Uuid;

use super::{Ceiling, TurnResult, Want, Work};
use crate::{
    db::{Tx, again, args},
    error::StoreError,
    hot::StatementBatch,
};

/// Limits of an account, and what is spent of them.
#[derive(sqlx::FromRow)]
pub(super) struct PaceRow {
    per_second: i64,
    pub(super) per_day: i64,
    /// Accounts with the same one share a ceiling; empty for none.
    pub(super) portfolio: String,
    free_at_us: i64,
    day: i64,
    day_calls: i64,
    held_until: i64,
}

/// India has no daylight saving: the day whose calls are counted turns at midnight there (05:30 before UTC's).
const DAY_SHIFT_MS: i64 = 19_800_000;

impl Work {
    /// One more call of that integration, outside a claim: `None` when it may start now, else the milliseconds to wait.
    pub async fn reserve_call(
        &self,
        integration: IntegrationId,
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        again(|| self.try_reserve_call(integration, now)).await
    }

    async fn try_reserve_call(
        &self,
        integration: IntegrationId,
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.db.begin().await?;
        let pace = pace_of(&mut tx, integration.0).await?;
        if pace.held_until > now.0 {
            return Ok(Some(pace.held_until - now.0));
        }
        let grant = pace.limits().grant(now.0 * 1_000, pace.free_at_us, 1);
        if grant.calls == 0 {
            return Ok(Some(grant.wait_ms));
        }
        let mut statements = StatementBatch::default();
        spend(&mut statements, integration.0, &pace, 1, 0, now);
        statements.send(&mut tx).await?;
        tx.commit().await?;
        Ok(None)
    }
}

impl Work {
    /// Lets no account be held for longer than `longest_ms` from now: what was written by a clock that was set back since.
    pub async fn shorten_holds(&self, now: Millis, longest_ms: i64) -> Result<(), StoreError> {
        let latest = now.plus(longest_ms);
        self.db
            .run("UPDATE integration_pace SET held_until = $1 WHERE held_until > $1", args![latest])
            .await?;
        Ok(())
    }
}

/// Calls for so many rows, `batch` of them in each.
pub(super) fn calls_for(rows: i64, batch: i64) -> i64 {
    let batch = batch.max(1);
    rows / batch + i64::from(rows % batch > 0)
}

/// The day whose calls are counted.
fn today(now: Millis) -> i64 {
    (now.0 + DAY_SHIFT_MS) / DAY
}

async fn pace_of(tx: &mut Tx, integration: Uuid) -> Result<PaceRow, StoreError> {
    tx.one(
        "SELECT i.per_second, i.per_day, i.portfolio, p.free_at_us, p.day, p.day_calls, p.held_until
         FROM integration_pace p JOIN integrations i ON i.id = p.integration_id
         WHERE p.integration_id = $1 FOR UPDATE",
        args![integration],
    )
    .await
}

impl PaceRow {
    fn limits(&self) -> Pace {
        Pace { per_second: self.per_second, per_day: self.per_day }
    }
}

/// How many rows the integration's pace and ceiling allow now; `None` for none.
pub(super) fn grant(
    pace: &PaceRow,
    ceiling: &Ceiling,
    want: Want,
    turn: &mut TurnResult,
    now: Millis,
) -> Option<i64> {
    if pace.held_until > now.0 {
        return None;
    }
    let left = ceiling.left();
    let rows = want.rows.min(left);
    let grant = pace.limits().grant(now.0 * 1_000, pace.free_at_us, calls_for(rows, want.batch));
    if grant.calls == 0 {
        let wait = if left == 0 { ceiling.wait_ms(now) } else { grant.wait_ms };
        turn.wait_ms = Some(turn.wait_ms.map_or(wait, |known| known.min(wait)));
        return None;
    }
    if grant.calls < calls_for(want.rows, want.batch) {
        turn.wait_ms = Some(turn.wait_ms.map_or(1, |known| known.min(1_000 / pace.per_second.max(1))).max(1));
    }
    Some(rows.min(grant.calls.saturating_mul(want.batch.max(1))))
}

/// Writes down what a claim takes of the account's pace and day.
pub(super) fn spend(
    statements: &mut StatementBatch,
    integration: Uuid,
    pace: &PaceRow,
    calls: i64,
    rows: i64,
    now: Millis,
) {
    let day = today(now);
    let used = if pace.day == day { pace.day_calls } else { 0 };
    statements.run(
        "UPDATE integration_pace SET free_at_us = $2, day = $3, day_calls = $4 WHERE integration_id = $1",
        args![integration, pace.limits().after(now.0 * 1_000, pace.free_at_us, calls), day, used + rows],
    );
}
