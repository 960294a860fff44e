//! Alerts: who is told by which way, what was raised, and the outbox of what goes out.
//!
//! A matter that stands has one row in `alerts` (a unique index sees to it), so that several processes that look at once tell it once. Its
//! sends are written in the same transaction. [`Work::claim_alert`] turns a send to `sending` before a byte of it leaves; one that is found
//! so after its time was being sent by a process that was killed, and is unknown from then on.

use domain::{
    alert::{AlertState, Way},
    ids::{AlertId, IntegrationId, OrganizationId, TemplateId, UserId},
    role::Permission,
    time::{HOUR, MINUTE, Millis},
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    org::Org,
    work::Work,
};

/// A matter that nobody saw for so long is settled. Processes know different things about accounts: one look that misses it settles nothing.
const SETTLED_AFTER_MS: i64 = 5 * MINUTE;
/// That a matter still stands is written this often.
const SEEN_EVERY_MS: i64 = 30_000;
/// The same matter is not told again so soon after it was settled.
const QUIET_MS: i64 = 6 * HOUR;
/// Before the matter of a test, which is settled from the start.
const TEST: &str = "test ";

/// How an organisation's alerts go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// First minute after local midnight in which what is not urgent goes out.
    pub from_minute: i64,
    /// First minute in which it does not any more; the same as `from_minute` for any hour.
    pub until_minute: i64,
    /// Where alerts are posted; empty for nowhere.
    pub webhook_url: String,
    /// Which of the webhook's secrets is in force.
    pub webhook_nth: i64,
    /// The template that goes out by WhatsApp.
    pub whatsapp: Option<TemplateId>,
    /// The template that goes out by SMS.
    pub sms: Option<TemplateId>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        AlertSettings {
            from_minute: 8 * 60,
            until_minute: 21 * 60,
            webhook_url: String::new(),
            webhook_nth: 1,
            whatsapp: None,
            sms: None,
        }
    }
}

impl AlertSettings {
    /// The template of a channel's way.
    pub fn template(&self, way: Way) -> Option<TemplateId> {
        match way {
            Way::Mail | Way::Webhook => None,
            Way::Whatsapp => self.whatsapp,
            Way::Sms => self.sms,
        }
    }
}

/// A member, and by what alerts reach this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMember {
    /// Who.
    pub user: UserId,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Whether by e-mail.
    pub by_mail: bool,
    /// Whether by WhatsApp.
    pub by_whatsapp: bool,
    /// Whether by SMS.
    pub by_sms: bool,
    /// Number in E.164 form; may be empty.
    pub phone: String,
}

/// A matter that is to be told.
#[derive(Clone, Debug)]
pub struct NewAlert {
    /// Its key: equal matters have equal keys.
    pub matter: String,
    /// One sentence.
    pub title: String,
    /// What stands behind it.
    pub why: String,
    /// The same in a few words, for a message to a phone.
    pub short: String,
    /// How many people, messages or posts.
    pub n: i64,
    /// The account that it is about.
    pub account: Option<IntegrationId>,
    /// Whether it goes out at any hour.
    pub urgent: bool,
    /// When it may go out.
    pub from: Millis,
}

/// A send that this process is to carry out.
#[derive(Clone, Debug)]
pub struct DueAlert {
    /// Whose.
    pub organization: OrganizationId,
    /// Which alert.
    pub alert: AlertId,
    /// By what.
    pub way: Way,
    /// To whom; `None` for the webhook.
    pub user: Option<UserId>,
    /// This try, from 1.
    pub attempt: i64,
    /// The account that the try before went by.
    pub last_account: Option<IntegrationId>,
    worker: Uuid,
}

/// What an alert says.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Which.
    pub id: AlertId,
    /// Its matter's key.
    pub matter: String,
    /// One sentence.
    pub title: String,
    /// What stands behind it.
    pub why: String,
    /// In a few words.
    pub short: String,
    /// How many.
    pub n: i64,
    /// The account that it is about.
    pub account: Option<IntegrationId>,
    /// Whether it goes out at any hour.
    pub urgent: bool,
    /// When it was raised.
    pub raised_at: Millis,
    /// When somebody last saw that it stands.
    pub seen_at: Millis,
    /// When it was settled.
    pub settled_at: Option<Millis>,
}

impl Alert {
    /// Whether it only tries a way out.
    pub fn is_test(&self) -> bool {
        self.matter.starts_with(TEST)
    }
}

/// A line of what went out lately.
#[derive(Clone, Debug)]
pub struct SentAlert {
    /// Which alert.
    pub alert: AlertId,
    /// One sentence.
    pub title: String,
    /// By what.
    pub way: Way,
    /// The member's name; empty for the webhook.
    pub to: String,
    /// Where it stands.
    pub state: AlertState,
    /// Tries so far.
    pub attempt: i64,
    /// When it goes, if it waits.
    pub next_at: Millis,
    /// What was said about the last try.
    pub said: String,
    /// When it last changed.
    pub changed_at: Millis,
}

#[derive(sqlx::FromRow)]
struct AlertRow {
    id: Uuid,
    matter: String,
    title: String,
    why: String,
    short: String,
    n: i64,
    account_id: Option<Uuid>,
    urgent: bool,
    raised_at: i64,
    seen_at: i64,
    settled_at: i64,
}

impl From<AlertRow> for Alert {
    fn from(row: AlertRow) -> Alert {
        Alert {
            id: AlertId(row.id),
            matter: row.matter,
            title: row.title,
            why: row.why,
            short: row.short,
            n: row.n,
            account: row.account_id.map(IntegrationId),
            urgent: row.urgent,
            raised_at: Millis(row.raised_at),
            seen_at: Millis(row.seen_at),
            settled_at: (row.settled_at > 0).then_some(Millis(row.settled_at)),
        }
    }
}

#[derive(sqlx::FromRow)]
struct SentRow {
    alert_id: Uuid,
    title: String,
    way: String,
    name: Option<String>,
    state: String,
    attempt: i64,
    next_at: i64,
    said: String,
    changed_at: i64,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: Uuid,
    name: String,
    email: String,
    by_mail: Option<bool>,
    by_whatsapp: Option<bool>,
    by_sms: Option<bool>,
    phone: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SettingsRow {
    from_minute: i64,
    until_minute: i64,
    webhook_url: String,
    webhook_nth: i64,
    whatsapp_template: Option<Uuid>,
    sms_template: Option<Uuid>,
}

impl Org {
    /// How alerts go out.
    pub async fn alert_settings(&self) -> Result<AlertSettings, StoreError> {
        let row: Option<SettingsRow> = self
            .db
            .optional(
                "SELECT from_minute, until_minute, webhook_url, webhook_nth, whatsapp_template, sms_template
                 FROM alert_settings WHERE organization_id = $1",
                args![self.id()],
            )
            .await?;
        Ok(row.map_or_else(AlertSettings::default, |row| AlertSettings {
            from_minute: row.from_minute,
            until_minute: row.until_minute,
            webhook_url: row.webhook_url,
            webhook_nth: row.webhook_nth,
            whatsapp: row.whatsapp_template.map(TemplateId),
            sms: row.sms_template.map(TemplateId),
        }))
    }

    /// Every member, and by what alerts reach each.
    pub async fn alert_members(&self) -> Result<Vec<AlertMember>, StoreError> {
        self.allow(Permission::Manage)?;
        let rows: Vec<MemberRow> = self
            .db
            .all(
                "SELECT u.id, u.name, u.email, a.by_mail, a.by_whatsapp, a.by_sms, a.phone
                 FROM memberships m JOIN users u ON u.id = m.user_id
                 LEFT JOIN alert_members a ON a.organization_id = m.organization_id AND a.user_id = m.user_id
                 WHERE m.organization_id = $1 ORDER BY lower(u.name), u.id",
                args![self.id()],
            )
            .await?;
        let member = |row: MemberRow| AlertMember {
            user: UserId(row.id),
            name: row.name,
            email: row.email,
            by_mail: row.by_mail.unwrap_or(false),
            by_whatsapp: row.by_whatsapp.unwrap_or(false),
            by_sms: row.by_sms.unwrap_or(false),
            phone: row.phone.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(member).collect())
    }

    /// Says how alerts go out, and to whom; members that are not listed keep what they have.
    pub async fn set_alerts(
        &self,
        settings: &AlertSettings,
        members: &[AlertMember],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO alert_settings (organization_id, from_minute, until_minute, webhook_url, webhook_nth, whatsapp_template, sms_template)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (organization_id) DO UPDATE SET from_minute = excluded.from_minute, until_minute = excluded.until_minute,
                 webhook_url = excluded.webhook_url, webhook_nth = excluded.webhook_nth,
                 whatsapp_template = excluded.whatsapp_template, sms_template = excluded.sms_template",
            args![
                self.id(),
                settings.from_minute,
                settings.until_minute,
                &settings.webhook_url,
                settings.webhook_nth,
                settings.whatsapp.map(|id| id.0),
                settings.sms.map(|id| id.0)
            ],
        )
        .await?;
        for member in members {
            tx.run(
                "INSERT INTO alert_members (organization_id, user_id, by_mail, by_whatsapp, by_sms, phone)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (organization_id, user_id) DO UPDATE SET by_mail = excluded.by_mail, by_whatsapp = excluded.by_whatsapp,
                     by_sms = excluded.by_sms, phone = excluded.phone",
                args![
                    self.id(),
                    member.user.0,
                    member.by_mail,
                    member.by_whatsapp,
                    member.by_sms,
                    &member.phone
                ],
            )
            .await?;
        }
        self.note(&mut tx, "alerts.changed", self.id(), "", now).await?;
        tx.commit().await
    }

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
               AND alert_id IN (SELECT a.id FROM @batch JOIN alerts a ON a.organization_id = $1 AND a.settled_at = 0 AND a.matter = b.matter)",
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

    /// What an alert says.
    pub async fn alert(&self, id: AlertId) -> Result<Alert, StoreError> {
        let row: AlertRow = self
            .db
            .one(
                "SELECT id, matter, title, why, short, n, account_id, urgent, raised_at, seen_at, settled_at
                 FROM alerts WHERE organization_id = $1 AND id = $2",
                args![self.id(), id.0],
            )
            .await?;
        Ok(row.into())
    }

    /// Alerts that went to a member by one way since that moment.
    pub async fn alerts_since(
        &self,
        user: Option<UserId>,
        way: Way,
        since: Millis,
    ) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM alert_sends
                 WHERE organization_id = $1 AND user_id = $2 AND way = $3 AND changed_at >= $4 AND state IN ('sent', 'unknown')",
                args![self.id(), user.map_or(Uuid::nil(), |user| user.0), way.word(), since],
            )
            .await?;
        Ok(n)
    }

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

    /// What went out lately, and what waits; the newest first.
    pub async fn alerts_lately(&self, limit: i64) -> Result<Vec<SentAlert>, StoreError> {
        self.allow(Permission::Manage)?;
        let rows: Vec<SentRow> = self
            .db
            .all(
                "SELECT s.alert_id, a.title, s.way, u.name, s.state, s.attempt, s.next_at, s.said, s.changed_at
                 FROM alert_sends s JOIN alerts a ON a.id = s.alert_id LEFT JOIN users u ON u.id = s.user_id
                 WHERE s.organization_id = $1 ORDER BY s.alert_id DESC, s.way, s.user_id LIMIT $2",
                args![self.id(), limit],
            )
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(SentAlert {
                    alert: AlertId(row.alert_id),
                    title: row.title,
                    way: word("alert_sends", "way", &row.way)?,
                    to: row.name.unwrap_or_default(),
                    state: word("alert_sends", "state", &row.state)?,
                    attempt: row.attempt,
                    next_at: Millis(row.next_at),
                    said: row.said,
                    changed_at: Millis(row.changed_at),
                })
            })
            .collect()
    }
}

/// Alerts that did not go out as they should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OddAlerts {
    /// Refused, or never taken.
    pub failed: i64,
    /// Of which nobody knows.
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
    pub async fn odd_alerts(&self, since: Millis) -> Result<OddAlerts, StoreError> {
        let (failed, unknown): (i64, i64) = self
            .db
            .one(
                "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(COALESCE(SUM(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM alert_sends WHERE changed_at >= $1",
                args![since],
            )
            .await?;
        Ok(OddAlerts { failed, unknown })
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
