//! Linked accounts that are to be asked how they stand, and groups whose members are to be read.

use domain::{
    ids::{GroupId, IntegrationId, OrganizationId},
    time::{HOUR, MINUTE, Millis},
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::args,
    error::StoreError,
    linked::{LinkedAccount, LinkedRow},
};

/// An account is asked so often when nothing is due.
const ASKED_EVERY_MS: i64 = 5 * MINUTE;
/// Its posts are due soon, or under way: it is asked so often.
const ASKED_BEFORE_POSTS_MS: i64 = MINUTE;
/// Posts are due soon when they begin within this time.
const SOON_MS: i64 = 30 * MINUTE;
/// The members of a workshop's groups are read again after this, as long as the workshop is not over.
const MEMBERS_EVERY_MS: i64 = 6 * HOUR;

impl Work {
    /// Accounts that nobody asked for five minutes, or for one where posts are due soon; each is given to one process.
    pub async fn accounts_to_ask(&self, now: Millis, limit: i64) -> Result<Vec<IntegrationId>, StoreError> {
        let (oldest,): (Option<i64>,) =
            self.db.one("SELECT MIN(asked_at) FROM linked_accounts", args![]).await?;
        if oldest.is_none_or(|oldest| oldest > now.0 - ASKED_BEFORE_POSTS_MS) {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        let rows: Vec<(Uuid,)> = tx
            .all(
                "WITH due AS (
                     SELECT l.integration_id FROM linked_accounts l
                     WHERE EXISTS (SELECT 1 FROM integrations i WHERE i.id = l.integration_id AND i.removed_at IS NULL) AND (l.asked_at <= $2 OR (l.asked_at <= $3 AND EXISTS (
                         SELECT 1 FROM broadcasts o WHERE o.channel = 'group' AND o.integration_id = l.integration_id AND o.deadline > $1
                           AND o.starts_at <= $4 AND o.status IN ('scheduled', 'in_progress'))))
                     ORDER BY l.asked_at, l.integration_id LIMIT $5 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE linked_accounts SET asked_at = $1 FROM due WHERE linked_accounts.integration_id = due.integration_id
                 RETURNING linked_accounts.integration_id",
                args![
                    now,
                    now.plus(-ASKED_EVERY_MS),
                    now.plus(-ASKED_BEFORE_POSTS_MS),
                    now.plus(SOON_MS),
                    limit
                ],
            )
            .await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|(id,)| IntegrationId(id)).collect())
    }

    /// Keeps that the gateway of an account did not answer.
    pub async fn account_is_silent(&self, integration: IntegrationId, now: Millis) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE linked_accounts SET silent_since = COALESCE(silent_since, $2) WHERE integration_id = $1",
                args![integration.0, now],
            )
            .await?;
        Ok(())
    }

    /// The next group of that account whose members are to be read: one that belongs to a workshop that is not over,
    /// and was not read for six hours.
    pub async fn members_to_read(
        &self,
        integration: IntegrationId,
        now: Millis,
    ) -> Result<Option<GroupToRead>, StoreError> {
        let row: Option<(Uuid, Uuid, String)> = self
            .db
            .optional(
                "SELECT g.id, g.organization_id, g.jid FROM groups g
                 WHERE g.integration_id = $1 AND g.jid <> '' AND g.gone_at IS NULL AND g.kind <> 'community'
                   AND COALESCE(g.members_synced_at, 0) <= $3
                   AND EXISTS (SELECT 1 FROM workshop_groups w JOIN workshops x ON x.id = w.workshop_id
                               WHERE w.group_id = g.id AND x.ends_at > $2 AND x.erased_at IS NULL)
                 ORDER BY COALESCE(g.members_synced_at, 0), g.id LIMIT 1",
                args![integration.0, now, now.plus(-MEMBERS_EVERY_MS)],
            )
            .await?;
        Ok(row.map(|(id, organization, jid)| GroupToRead {
            group: GroupId(id),
            organization: OrganizationId(organization),
            jid,
        }))
    }
}

/// How a linked account of any organisation stands.
#[derive(Clone, Debug)]
pub struct LinkedStanding {
    /// What the account is called.
    pub name: String,
    /// What is known of it.
    pub linked: LinkedAccount,
    /// When it was asked last by the program.
    pub asked_at: Millis,
    /// Posts that wait for it.
    pub waiting: i64,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    name: String,
    asked_at: i64,
    waiting: i64,
    #[sqlx(flatten)]
    linked: LinkedRow,
}

impl Work {
    /// Every linked account of every organisation, for whoever runs the program.
    pub async fn linked_standings(&self) -> Result<Vec<LinkedStanding>, StoreError> {
        let rows: Vec<StandingRow> = self
            .db
            .all(
                "SELECT i.name, l.asked_at, l.integration_id, l.state, l.since, l.seen_at, l.phone, l.linked_at, l.risk_by, l.risk_at,
                        l.warned_until, l.silent_since,
                        CAST(COALESCE((SELECT SUM(c.n) FROM broadcasts o JOIN broadcast_counts c ON c.broadcast_id = o.id
                                       WHERE o.channel = 'group' AND o.integration_id = l.integration_id AND c.state = 'waiting'
                                         AND o.status IN ('scheduled', 'in_progress')), 0) AS BIGINT) AS waiting
                 FROM linked_accounts l JOIN integrations i ON i.id = l.integration_id
                 WHERE i.removed_at IS NULL ORDER BY l.integration_id",
                args![],
            )
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(LinkedStanding {
                    name: row.name,
                    linked: row.linked.try_into()?,
                    asked_at: Millis(row.asked_at),
                    waiting: row.waiting,
                })
            })
            .collect()
    }
}

/// A group whose members are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupToRead {
    /// Id of the group.
    pub group: GroupId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The group's id on WhatsApp.
    pub jid: String,
}
