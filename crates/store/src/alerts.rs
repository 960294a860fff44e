//! Alerts: who is told by which way, what was raised, and the outbox of what goes out.
//!
//! A matter that stands has one row in `alerts` (a unique index sees to it), so that several processes that look at
//! once tell it once. Its sends are written in the same transaction. [`Work::claim_alert`](crate::Work::claim_alert)
//! turns a send to `sending` before a byte of it leaves; a send that is still `sending` after its time belonged to a
//! process that was killed, and is unknown from then on.

mod outbox;
mod raise;

use domain::{
    alert::{AlertState, Way},
    ids::{AlertId, IntegrationId, TemplateId, UserId},
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
};

pub use outbox::{AlertFailures, DueAlert, Tried};

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

/// A member, and the ways by which alerts reach this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMember {
    /// Id of the member.
    pub user: UserId,
    /// Name of the member.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Whether alerts go out to this member by e-mail.
    pub by_mail: bool,
    /// Whether alerts go out to this member by WhatsApp.
    pub by_whatsapp: bool,
    /// Whether alerts go out to this member by SMS.
    pub by_sms: bool,
    /// Number in E.164 form; may be empty.
    pub phone: String,
}

/// A matter of which members are to be alerted.
#[derive(Clone, Debug)]
pub struct NewAlert {
    /// The matter's key. Equal matters have equal keys.
    pub matter: String,
    /// The alert in one sentence.
    pub title: String,
    /// The facts behind the sentence.
    pub why: String,
    /// The alert in a few words, for a message to a phone.
    pub short: String,
    /// The number of people, messages or posts that it concerns.
    pub n: i64,
    /// The account that it is about.
    pub account: Option<IntegrationId>,
    /// Whether the alert goes out at any hour of the day.
    pub urgent: bool,
    /// The earliest moment at which the alert may go out.
    pub from: Millis,
}

/// What an alert says.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Id of the alert.
    pub id: AlertId,
    /// The key of the matter that the alert is about.
    pub matter: String,
    /// The alert in one sentence.
    pub title: String,
    /// The facts behind the sentence.
    pub why: String,
    /// The alert in a few words, for a message to a phone.
    pub short: String,
    /// How many people or messages it concerns.
    pub n: i64,
    /// The account that it is about.
    pub account: Option<IntegrationId>,
    /// Whether the alert goes out at any hour of the day.
    pub urgent: bool,
    /// When the matter was first seen.
    pub raised_at: Millis,
    /// When the matter was last seen to stand.
    pub seen_at: Millis,
    /// When the matter was settled; `None` while it stands.
    pub settled_at: Option<Millis>,
}

impl Alert {
    /// Whether it only tries a way out.
    pub fn is_test(&self) -> bool {
        self.matter.starts_with(TEST)
    }
}

/// One send of an alert, as the list of recent ones shows it.
#[derive(Clone, Debug)]
pub struct SentAlert {
    /// Id of the alert that was sent.
    pub alert: AlertId,
    /// The alert in one sentence.
    pub title: String,
    /// The way by which it was sent.
    pub way: Way,
    /// The member's name; empty for the webhook.
    pub to: String,
    /// The state of this send.
    pub state: AlertState,
    /// The number of tries so far.
    pub attempt: i64,
    /// When the next try is due, where the send waits.
    pub next_at: Millis,
    /// The receiver's words about the last try; may be empty.
    pub said: String,
    /// When the state last changed.
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
