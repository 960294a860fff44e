//! What goes out: claimed before a byte of it leaves, and ended once.

use domain::{
    alert::{AlertState, Way},
    ids::{AlertId, IntegrationId, OrganizationId, UserId},
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
    work::Work,
};

/// A send that this process is to carry out.
#[derive(Clone, Debug)]
pub struct DueAlert {
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// Id of the alert.
    pub alert: AlertId,
    /// The way by which it goes out.
    pub way: Way,
    /// The member who gets it; `None` for the webhook.
    pub user: Option<UserId>,
    /// The number of this try, from 1.
    pub attempt: i64,
    /// The account through which the try before went; `None` for the first.
    pub last_account: Option<IntegrationId>,
    worker: Uuid,
}

impl Org {
    /// Writes how a try ended, unless somebody else did.
    pub async fn alert_ended(
        &self,
        due: &DueAlert,
        to: AlertState,
        next_at: Millis,
        tried: Tried<'_>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let changed = tx
            .run(
                "UPDATE alert_sends SET state = $5, next_at = $6, said = $7, account_id = $8, attempt = $9, changed_at = $10, worker_id = NULL
                 WHERE alert_id = $1 AND way = $2 AND user_id = $3 AND organization_id = $4 AND state = 'sending' AND worker_id = $11
                   AND attempt = $12",
                args![
                    due.alert.0,
                    due.way.word(),
                    due.user.map_or(Uuid::nil(), |user| user.0),
                    self.id(),
                    to.word(),
                    next_at,
                    tried.said,
                    tried.account.or(due.last_account).map(|account| account.0),
                    due.attempt - i64::from(!tried.counts),
                    now,
                    due.worker,
                    due.attempt
                ],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Stale);
        }
        let action = match to {
            AlertState::Sent => Some("alert.sent"),
            AlertState::Failed => Some("alert.failed"),
            AlertState::Unknown => Some("alert.unknown"),
            AlertState::Waiting | AlertState::Sending | AlertState::Settled => None,
        };
        if let Some(action) = action {
            self.note(&mut tx, action, due.alert, due.way.word(), now).await?;
        }
        tx.commit().await
    }
}

/// The number of alerts that did not go out as they should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFailures {
    /// Alerts that were refused, or never accepted.
    pub failed: i64,
    /// Alerts of which nobody knows whether they went out.
    pub unknown: i64,
}

/// How a try went, besides where it takes the alert.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// What was said about it.
    pub said: &'a str,
    /// The account that it went by.
    pub account: Option<IntegrationId>,
    /// Whether it counts as a try.
    pub counts: bool,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    alert_id: Uuid,
    way: String,
    user_id: Uuid,
    organization_id: Uuid,
    attempt: i64,
    account_id: Option<Uuid>,
}

impl Work {
    /// Organisations that want to be told something by any way.
    pub async fn organizations_to_alert(&self) -> Result<Vec<OrganizationId>, StoreError> {
        let rows: Vec<(Uuid,)> = self
            .db
            .all(
                "SELECT organization_id FROM alert_settings WHERE webhook_url <> ''
                 UNION SELECT organization_id FROM alert_members WHERE by_mail OR ((by_whatsapp OR by_sms) AND phone <> '')
                 UNION SELECT organization_id FROM alerts WHERE settled_at = 0",
                args![],
            )
            .await?;
        Ok(rows.into_iter().map(|(id,)| OrganizationId(id)).collect())
    }

    /// Takes the next send that is due; nobody else gets it. What a lost process was sending is unknown from then on.
    pub async fn claim_alert(&self, now: Millis, until: Millis) -> Result<Option<DueAlert>, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "UPDATE alert_sends SET state = 'unknown', changed_at = $1, worker_id = NULL
             WHERE state = 'sending' AND claimed_until <= $1",
            args![now],
        )
        .await?;
        let row: Option<DueRow> = tx
            .optional(
                "WITH due AS (
                     SELECT alert_id, way, user_id FROM alert_sends WHERE state = 'waiting' AND next_at <= $1
                     ORDER BY next_at, alert_id, way, user_id LIMIT 1 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE alert_sends SET state = 'sending', attempt = attempt + 1, worker_id = $2, claimed_until = $3, changed_at = $1
                 WHERE (alert_id, way, user_id) IN (SELECT alert_id, way, user_id FROM due)
                 RETURNING alert_id, way, user_id, organization_id, attempt, account_id",
                args![now, self.worker.0, until],
            )
            .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(DueAlert {
            organization: OrganizationId(row.organization_id),
            alert: AlertId(row.alert_id),
            way: word("alert_sends", "way", &row.way)?,
            user: (!row.user_id.is_nil()).then_some(UserId(row.user_id)),
            attempt: row.attempt,
            last_account: row.account_id.map(IntegrationId),
            worker: self.worker.0,
        }))
    }

    /// Alerts since that moment that did not go out as they should.
    pub async fn alert_failures(&self, since: Millis) -> Result<AlertFailures, StoreError> {
        let (failed, unknown): (i64, i64) = self
            .db
            .one(
                "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(COALESCE(SUM(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM alert_sends WHERE changed_at >= $1",
                args![since],
            )
            .await?;
        Ok(AlertFailures { failed, unknown })
    }

    /// Drops alerts that were settled before that moment, with what went out about them.
    pub async fn drop_alerts(&self, before: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "DELETE FROM alert_sends WHERE alert_id IN (SELECT id FROM alerts WHERE settled_at > 0 AND settled_at < $1)",
            args![before],
        )
        .await?;
        tx.run("DELETE FROM alerts WHERE settled_at > 0 AND settled_at < $1", args![before]).await?;
        tx.commit().await
    }
}
