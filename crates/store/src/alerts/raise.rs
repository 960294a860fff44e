//! Raises matters as alerts: each matter once, together with its sends. A matter that no process sees any more is
//! settled.

use domain::{
    alert::Way,
    ids::AlertId,
    role::Permission,
    time::{MINUTE, Millis},
};
use uuid::Uuid;

use super::{NewAlert, TEST};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
};

/// A matter that nobody saw for so long is settled. Processes know different things about accounts: one look that misses it settles nothing.
const SETTLED_AFTER_MS: i64 = 5 * MINUTE;
/// That a matter still stands is written this often.
const SEEN_EVERY_MS: i64 = 30_000;
/// The same matter is not told again so soon after it was settled: what comes and goes by the minute is one matter, and an account that
/// runs empty once more in the afternoon is another.
const QUIET_MS: i64 = 30 * MINUTE;

impl Org {
    /// Tells the matters that stand and were not told yet, remembers those that still stand, and settles those that do not any more. How
    /// many are new.
    pub async fn raise_alerts(&self, standing: &[NewAlert], now: Millis) -> Result<usize, StoreError> {
        let open: Vec<(String, i64, bool)> = self
            .db
            .all(
                "SELECT matter, seen_at, urgent FROM alerts WHERE organization_id = $1 AND settled_at = 0",
                args![self.id()],
            )
            .await?;
        let is_open = |matter: &str| open.iter().any(|(known, _, _)| known == matter);
        let stands = |matter: &str| standing.iter().any(|one| one.matter == matter);
        let seen: Vec<String> = open
            .iter()
            .filter(|(matter, at, _)| stands(matter) && now.0 - at >= SEEN_EVERY_MS)
            .map(|(matter, _, _)| matter.clone())
            .collect();
        let became_urgent = |matter: &str| standing.iter().any(|one| one.urgent && one.matter == matter);
        let pressing: Vec<String> = open
            .iter()
            .filter(|(matter, _, urgent)| !urgent && became_urgent(matter))
            .map(|(matter, _, _)| matter.clone())
            .collect();
        let gone = open.iter().any(|(matter, at, _)| !stands(matter) && now.0 - at >= SETTLED_AFTER_MS);
        let new: Vec<&NewAlert> = standing.iter().filter(|one| !is_open(&one.matter)).collect();
        if seen.is_empty() && pressing.is_empty() && new.is_empty() && !gone {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        if !seen.is_empty() {
            tx.run_batch(
                "UPDATE alerts SET seen_at = $2 WHERE organization_id = $1 AND settled_at = 0
                   AND matter IN (SELECT b.matter FROM @batch)",
                args![self.id(), now],
                Batch::new().texts("matter", seen),
            )
            .await?;
        }
        if !pressing.is_empty() {
            self.hurry_alerts(&mut tx, pressing, now).await?;
        }
        if gone {
            self.settle_alerts(&mut tx, now).await?;
        }
        let mut told = 0;
        for one in new {
            told += usize::from(self.raise(&mut tx, one, now).await?);
        }
        tx.commit().await?;
        Ok(told)
    }

    /// What waited for the morning goes out now, because its matter cannot wait any more.
    async fn hurry_alerts(&self, tx: &mut Tx, matters: Vec<String>, now: Millis) -> Result<(), StoreError> {
        tx.run_batch(
            "UPDATE alert_sends SET next_at = $2 WHERE organization_id = $1 AND state = 'waiting' AND attempt = 0 AND next_at > $2
               AND alert_id IN (SELECT a.id FROM @batch CROSS JOIN alerts a
                                WHERE a.organization_id = $1 AND a.settled_at = 0 AND a.matter = b.matter)",
            args![self.id(), now],
            Batch::new().texts("matter", matters.clone()),
        )
        .await?;
        tx.run_batch(
            "UPDATE alerts SET urgent = TRUE WHERE organization_id = $1 AND settled_at = 0 AND matter IN (SELECT b.matter FROM @batch)",
            args![self.id()],
            Batch::new().texts("matter", matters),
        )
        .await?;
        Ok(())
    }

    async fn settle_alerts(&self, tx: &mut Tx, now: Millis) -> Result<(), StoreError> {
        tx.run(
            "UPDATE alert_sends SET state = 'settled', changed_at = $2
             WHERE organization_id = $1 AND state = 'waiting'
               AND alert_id IN (SELECT id FROM alerts WHERE organization_id = $1 AND settled_at = 0 AND seen_at <= $3)",
            args![self.id(), now, now.plus(-SETTLED_AFTER_MS)],
        )
        .await?;
        tx.run(
            "UPDATE alerts SET settled_at = $2 WHERE organization_id = $1 AND settled_at = 0 AND seen_at <= $3",
            args![self.id(), now, now.plus(-SETTLED_AFTER_MS)],
        )
        .await?;
        Ok(())
    }

    /// Writes a matter and what is to go out about it, unless another process was first or it was told a short while ago.
    async fn raise(&self, tx: &mut Tx, new: &NewAlert, now: Millis) -> Result<bool, StoreError> {
        let id = AlertId::new(now);
        let made = tx
            .run(
                "INSERT INTO alerts (id, organization_id, matter, title, why, short, n, account_id, urgent, raised_at, seen_at, settled_at)
                 SELECT $1, o.id, $3, $4, $5, $6, $7, $8, $9, $10, $10, 0 FROM organizations o
                 WHERE o.id = $2
                   AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.organization_id = $2 AND a.matter = $3 AND a.settled_at > $11)
                 ON CONFLICT (organization_id, matter) WHERE settled_at = 0 DO NOTHING",
                args![
                    id.0,
                    self.id(),
                    &new.matter,
                    &new.title,
                    &new.why,
                    &new.short,
                    new.n,
                    new.account.map(|account| account.0),
                    new.urgent,
                    now,
                    now.plus(-QUIET_MS)
                ],
            )
            .await?;
        if made == 0 {
            return Ok(false);
        }
        tx.run(
            "INSERT INTO alert_sends (alert_id, way, user_id, organization_id, state, attempt, next_at, claimed_until, said, changed_at)
             SELECT $1, w.way, a.user_id, a.organization_id, 'waiting', 0, $3, 0, '', $4
             FROM alert_members a JOIN memberships m ON m.organization_id = a.organization_id AND m.user_id = a.user_id
             CROSS JOIN (SELECT 'mail' AS way UNION ALL SELECT 'whatsapp' UNION ALL SELECT 'sms') w
             WHERE a.organization_id = $2
               AND ((w.way = 'mail' AND a.by_mail) OR (a.phone <> '' AND ((w.way = 'whatsapp' AND a.by_whatsapp) OR (w.way = 'sms' AND a.by_sms))))",
            args![id.0, self.id(), new.from, now],
        )
        .await?;
        tx.run(
            "INSERT INTO alert_sends (alert_id, way, user_id, organization_id, state, attempt, next_at, claimed_until, said, changed_at)
             SELECT $1, 'webhook', $5, s.organization_id, 'waiting', 0, $3, 0, '', $4
             FROM alert_settings s WHERE s.organization_id = $2 AND s.webhook_url <> ''",
            args![id.0, self.id(), new.from, now, Uuid::nil()],
        )
        .await?;
        self.note(tx, "alert.raised", id, "", now).await?;
        Ok(true)
    }

    /// Writes a test of one way to the member who asks, ready to be claimed at once.
    pub async fn test_alert(
        &self,
        way: Way,
        title: &str,
        why: &str,
        short: &str,
        now: Millis,
    ) -> Result<AlertId, StoreError> {
        self.allow(Permission::Manage)?;
        let id = AlertId::new(now);
        let user = match way {
            Way::Webhook => Uuid::nil(),
            Way::Mail | Way::Whatsapp | Way::Sms => self.actor.user.ok_or(StoreError::Missing)?.0,
        };
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO alerts (id, organization_id, matter, title, why, short, n, account_id, urgent, raised_at, seen_at, settled_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, NULL, TRUE, $7, $7, $7)",
            args![id.0, self.id(), format!("{TEST}{id}"), title, why, short, now],
        )
        .await?;
        tx.run(
            "INSERT INTO alert_sends (alert_id, way, user_id, organization_id, state, attempt, next_at, claimed_until, said, changed_at)
             VALUES ($1, $2, $3, $4, 'waiting', 0, $5, 0, '', $5)",
            args![id.0, way.word(), user, self.id(), now],
        )
        .await?;
        self.note(&mut tx, "alert.tested", id, way.word(), now).await?;
        tx.commit().await?;
        Ok(id)
    }
}
