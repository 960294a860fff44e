//! Connected provider accounts. Secrets are sealed before they come here and opened after they leave.

use std::collections::BTreeMap;

use domain::{
    channel::{Channel, Tariff},
    ids::{IntegrationId, OrganizationId},
    money::Money,
    pace::{PORTFOLIO, Pace},
    role::Permission,
    time::Millis,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Store,
    db::args,
    error::{StoreError, json, word},
    groups::BY_HAND,
    org::Org,
    work::{Work, count_from_now},
};

/// An account as screens see it. It has hints of the secrets, never the secrets.
#[derive(Clone, Debug)]
pub struct Integration {
    /// Id of the account.
    pub id: IntegrationId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The vendor’s word, stored and part of the names of settings.
    pub kind: String,
    /// The organisation's name for it.
    pub name: String,
    /// The settings that are not secrets, in the form that the vendor's adapter reads.
    pub settings: Value,
    /// The secrets, sealed.
    pub sealed: String,
    /// The last characters of each secret, for recognition.
    pub hints: Value,
    /// The secret part of the account's callback address.
    pub callback_key: String,
    /// The limits at which the account may send.
    pub pace: Pace,
    /// What the last test of the account proved.
    pub health: Value,
    /// When a receipt came last; `None` where none ever came.
    pub last_receipt_at: Option<Millis>,
    /// When somebody stopped the account; `None` where it is not stopped.
    pub stopped_at: Option<Millis>,
    /// Who stopped the account; `None` where it is not stopped.
    pub stopped_by: Option<String>,
    /// The member who set the secrets, by name.
    pub secrets_set_by: String,
    /// When the secrets were set.
    pub secrets_set_at: Millis,
    /// Until when the provider or the circuit breaker holds the account back.
    pub held_until: Millis,
    /// The number of calls to the provider today.
    pub calls_today: i64,
}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewIntegration {
    /// Id of the account. The caller makes it, because the secrets are sealed to it.
    pub id: IntegrationId,
    /// The vendor’s word, stored and part of the names of settings.
    pub kind: String,
    /// The organisation's name for it.
    pub name: String,
    /// The settings that are not secrets.
    pub settings: Value,
    /// The secrets, sealed.
    pub sealed: String,
    /// The last characters of each secret, for recognition.
    pub hints: Value,
    /// The secret part of the account's callback address.
    pub callback_key: String,
    /// The limits at which the account may send.
    pub pace: Pace,
}

/// What one message costs from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The tariff that the price belongs to.
    pub tariff: Tariff,
    /// The moment from which the price is in force.
    pub from: Millis,
    /// The price of one message.
    pub price: Money,
}

#[derive(sqlx::FromRow)]
struct IntegrationRow {
    id: Uuid,
    organization_id: Uuid,
    kind: String,
    name: String,
    settings: String,
    secrets: String,
    hints: String,
    callback_key: String,
    per_second: i64,
    per_day: i64,
    health: String,
    last_receipt_at: Option<i64>,
    stopped_at: Option<i64>,
    stopped_by: Option<String>,
    secrets_set_by: String,
    secrets_set_at: i64,
    held_until: i64,
    day_calls: i64,
}

/// The portfolio that an account's settings name; accounts of one share a ceiling. Spaces and letter case make no other
/// one.
fn portfolio(settings: &Value) -> String {
    let named = settings.get(PORTFOLIO).and_then(Value::as_str).unwrap_or_default();
    named.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl TryFrom<IntegrationRow> for Integration {
    type Error = StoreError;
    fn try_from(row: IntegrationRow) -> Result<Integration, StoreError> {
        Ok(Integration {
            id: IntegrationId(row.id),
            organization: OrganizationId(row.organization_id),
            kind: row.kind,
            name: row.name,
            settings: json("integrations", "settings", &row.settings)?,
            sealed: row.secrets,
            hints: json("integrations", "hints", &row.hints)?,
            callback_key: row.callback_key,
            pace: Pace { per_second: row.per_second, per_day: row.per_day },
            health: json("integrations", "health", &row.health)?,
            last_receipt_at: row.last_receipt_at.map(Millis),
            stopped_at: row.stopped_at.map(Millis),
            stopped_by: row.stopped_by,
            secrets_set_by: row.secrets_set_by,
            secrets_set_at: Millis(row.secrets_set_at),
            held_until: Millis(row.held_until),
            calls_today: row.day_calls,
        })
    }
}

impl Org {
    /// Every connected account, oldest first. That of groups which people post to by hand is none.
    pub async fn integrations(&self) -> Result<Vec<Integration>, StoreError> {
        let rows: Vec<IntegrationRow> = self
            .db
            .all(
                "SELECT i.id, i.organization_id, i.kind, i.name, i.settings, i.secrets, i.hints, i.callback_key, i.per_second,
                        i.per_day, i.health, i.last_receipt_at, i.stopped_at, i.stopped_by, i.secrets_set_by, i.secrets_set_at,
                        p.held_until, p.day_calls
                 FROM integrations i JOIN integration_pace p ON p.integration_id = i.id
                 WHERE i.organization_id = $1 AND i.removed_at IS NULL AND i.kind <> $2 ORDER BY i.id",
                args![self.id(), BY_HAND],
            )
            .await?;
        rows.into_iter().map(Integration::try_from).collect()
    }

    /// One connected account.
    pub async fn integration(&self, id: IntegrationId) -> Result<Integration, StoreError> {
        let row: Option<IntegrationRow> = self
            .db
            .optional(
                "SELECT i.id, i.organization_id, i.kind, i.name, i.settings, i.secrets, i.hints, i.callback_key, i.per_second,
                        i.per_day, i.health, i.last_receipt_at, i.stopped_at, i.stopped_by, i.secrets_set_by, i.secrets_set_at,
                        p.held_until, p.day_calls
                 FROM integrations i JOIN integration_pace p ON p.integration_id = i.id
                 WHERE i.id = $1 AND i.organization_id = $2 AND i.removed_at IS NULL",
                args![id.0, self.id()],
            )
            .await?;
        row.ok_or(StoreError::Missing)?.try_into()
    }

    /// Connects an account.
    pub async fn add_integration(&self, new: NewIntegration, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO integrations (id, organization_id, kind, name, settings, secrets, hints, callback_key, per_second, per_day,
                                       health, secrets_set_by, secrets_set_at, created_at, portfolio)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '{}', $11, $12, $12, $13)",
            args![
                new.id.0,
                self.id(),
                &new.kind,
                &new.name,
                new.settings.to_string(),
                &new.sealed,
                new.hints.to_string(),
                &new.callback_key,
                new.pace.per_second,
                new.pace.per_day,
                &self.actor.name,
                now,
                portfolio(&new.settings)
            ],
        )
        .await?;
        tx.run(
            "INSERT INTO integration_pace (integration_id, free_at_us, day, day_calls, held_until)
             VALUES ($1, 0, 0, 0, 0)",
            args![new.id.0],
        )
        .await?;
        self.note(&mut tx, "integration.connected", new.id, &new.kind, now).await?;
        tx.commit().await
    }

    /// Changes what is no secret.
    pub async fn update_integration(
        &self,
        id: IntegrationId,
        name: &str,
        settings: &Value,
        pace: Pace,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                // A proof that was made with other settings does not count any more.
                "UPDATE integrations SET name = $3, settings = $4, per_second = $5, per_day = $6, portfolio = $7,
                        health = CASE WHEN settings = $4 THEN health ELSE '{}' END
                 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id(), name, settings.to_string(), pace.per_second, pace.per_day, portfolio(settings)],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        if pace.per_day > 0 || !portfolio(settings).is_empty() {
            count_from_now(&mut tx, id.0, now).await?;
        }
        self.note(&mut tx, "integration.changed", id, "", now).await?;
        tx.commit().await
    }

    /// Replaces the secrets. What a test proved with the old ones is forgotten.
    pub async fn replace_secrets(
        &self,
        id: IntegrationId,
        sealed: &str,
        hints: &Value,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE integrations SET secrets = $3, hints = $4, secrets_set_by = $5, secrets_set_at = $6, health = '{}'
                 WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL",
                args![id.0, self.id(), sealed, hints.to_string(), &self.actor.name, now],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "integration.secrets_replaced", id, "", now).await?;
        tx.commit().await
    }

    /// Keeps what a test proved.
    pub async fn set_health(&self, id: IntegrationId, health: &Value) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE integrations SET health = $3 WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id(), health.to_string()],
            )
            .await?;
        Ok(())
    }

    /// Stops or releases an account at once; untried rows keep waiting.
    pub async fn stop_integration(
        &self,
        id: IntegrationId,
        stop: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE integrations SET stopped_at = $3, stopped_by = $4 WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id(), stop.then_some(now), stop.then(|| self.actor.name.clone())],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, if stop { "integration.stopped" } else { "integration.released" }, id, "", now)
            .await?;
        tx.commit().await
    }

    /// Takes an account out. Its history stays; its secrets go. Refused ([`StoreError::Stale`]) while a broadcast needs
    /// it.
    pub async fn remove_integration(&self, id: IntegrationId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let mut tx = self.db.begin().await?;
        let (busy,): (bool,) = tx
            .one(
                "SELECT EXISTS (SELECT 1 FROM broadcasts WHERE integration_id = $1
                                AND status IN ('planning', 'scheduled', 'in_progress', 'paused'))",
                args![id.0],
            )
            .await?;
        if busy {
            return Err(StoreError::Stale);
        }
        let touched = tx
            .run(
                "UPDATE integrations SET removed_at = $3, secrets = '', hints = '{}' WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id(), now],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "integration.removed", id, "", now).await?;
        tx.commit().await
    }

    /// Which account sends on a channel where nobody names one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn channel_defaults(&self) -> Result<BTreeMap<Channel, IntegrationId>, StoreError> {
        let rows: Vec<(String, Uuid)> = self
            .db
            .all(
                "SELECT d.channel, d.integration_id FROM channel_defaults d JOIN integrations i ON i.id = d.integration_id
                 WHERE d.organization_id = $1 AND i.organization_id = $1 AND i.removed_at IS NULL",
                args![self.id()],
            )
            .await?;
        let read = |(channel, id): (String, Uuid)| {
            Ok((word("channel_defaults", "channel", &channel)?, IntegrationId(id)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Says which account sends on a channel where nobody names one.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such account.
    pub async fn set_channel_default(
        &self,
        channel: Channel,
        id: IntegrationId,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let mut tx = self.db.begin().await?;
        let set = tx
            .run(
                "INSERT INTO channel_defaults (organization_id, channel, integration_id)
                 SELECT i.organization_id, $3, i.id FROM integrations i
                 WHERE i.id = $1 AND i.organization_id = $2 AND i.removed_at IS NULL
                 ON CONFLICT (organization_id, channel) DO UPDATE SET integration_id = excluded.integration_id",
                args![id.0, self.id(), channel.word()],
            )
            .await?;
        if set == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "integration.default", id, channel.word(), now).await?;
        tx.commit().await
    }

    /// The price of one message in force at `at`, where the organisation set one.
    pub async fn price(
        &self,
        channel: Channel,
        tariff: Tariff,
        at: Millis,
    ) -> Result<Option<Money>, StoreError> {
        let row: Option<(i64,)> = self
            .db
            .optional(
                "SELECT price FROM prices WHERE organization_id = $1 AND channel = $2 AND category = $3 AND from_at <= $4
                 ORDER BY from_at DESC LIMIT 1",
                args![self.id(), channel.word(), tariff.word(), at],
            )
            .await?;
        Ok(row.map(|(price,)| Money(price)))
    }

    /// Every price that was set on a channel, the latest start first.
    pub async fn prices(&self, channel: Channel) -> Result<Vec<Price>, StoreError> {
        let rows: Vec<(String, i64, i64)> = self
            .db
            .all(
                "SELECT category, from_at, price FROM prices WHERE organization_id = $1 AND channel = $2
                 ORDER BY from_at DESC, category",
                args![self.id(), channel.word()],
            )
            .await?;
        rows.into_iter()
            .map(|(tariff, from, price)| {
                let tariff = word("prices", "category", &tariff)?;
                Ok(Price { tariff, from: Millis(from), price: Money(price) })
            })
            .collect()
    }

    /// Sets the price of one message from `from` on.
    pub async fn set_price(
        &self,
        channel: Channel,
        tariff: Tariff,
        from: Millis,
        price: Money,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO prices (organization_id, channel, category, from_at, price) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organization_id, channel, category, from_at) DO UPDATE SET price = excluded.price",
            args![self.id(), channel.word(), tariff.word(), from, price],
        )
        .await?;
        let detail = format!("{tariff} {price}");
        self.note(&mut tx, "price.changed", channel, &detail, now).await?;
        tx.commit().await
    }
}

/// What the engine needs of an account to call its provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// Id of the account.
    pub id: IntegrationId,
    /// The organisation of the account. The secrets are bound to both ids.
    pub organization: OrganizationId,
    /// The vendor’s word, stored and part of the names of settings.
    pub kind: String,
    /// The settings that are not secrets.
    pub settings: Value,
    /// The secrets, sealed.
    pub sealed: String,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: Uuid,
    organization_id: Uuid,
    kind: String,
    settings: String,
    secrets: String,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;
    fn try_from(row: AccountRow) -> Result<Account, StoreError> {
        Ok(Account {
            id: IntegrationId(row.id),
            organization: OrganizationId(row.organization_id),
            kind: row.kind,
            settings: json("integrations", "settings", &row.settings)?,
            sealed: row.secrets,
        })
    }
}

impl Work {
    /// An account by its id.
    pub async fn account(&self, id: IntegrationId) -> Result<Account, StoreError> {
        let row: Option<AccountRow> = self
            .db
            .optional(
                "SELECT id, organization_id, kind, settings, secrets FROM integrations WHERE id = $1 AND removed_at IS NULL",
                args![id.0],
            )
            .await?;
        row.ok_or(StoreError::Missing)?.try_into()
    }

    /// The account that a callback address belongs to. The key is unguessable; no other check is made here.
    pub async fn account_of_callback(&self, key: &str) -> Result<Account, StoreError> {
        let row: Option<AccountRow> = self
            .db
            .optional(
                "SELECT id, organization_id, kind, settings, secrets FROM integrations
                 WHERE callback_key = $1 AND removed_at IS NULL",
                args![key],
            )
            .await?;
        row.ok_or(StoreError::Missing)?.try_into()
    }
}

impl Store {
    /// Every sealed secret of the installation, for the rotation of its key.
    pub async fn sealed_secrets(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountRow> = self
            .db
            .all(
                "SELECT id, organization_id, kind, settings, secrets FROM integrations WHERE removed_at IS NULL AND kind <> $1 ORDER BY id",
                args![BY_HAND],
            )
            .await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// Whether something in it can be used only with the keys that it was set up with: sealed secrets, or hashed
    /// numbers.
    pub async fn depends_on_keys(&self) -> Result<bool, StoreError> {
        let (any,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM integrations WHERE secrets <> '') OR EXISTS (SELECT 1 FROM suppressions)
                     OR EXISTS (SELECT 1 FROM consents)",
                args![],
            )
            .await?;
        Ok(any)
    }

    /// Replaces a sealed text by the same secrets under another key; [`StoreError::Stale`] if it was changed meanwhile.
    pub async fn reseal(&self, id: IntegrationId, old: &str, new: &str) -> Result<(), StoreError> {
        let touched = self
            .db
            .run("UPDATE integrations SET secrets = $3 WHERE id = $1 AND secrets = $2", args![id.0, old, new])
            .await?;
        if touched == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }
}
