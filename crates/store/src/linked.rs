//! Accounts that are linked to a phone through a gateway: how they stand, and the groups that they are in.

use domain::{
    group::{self, AccountState, CommunityPlace, PostLoad, slot},
    ids::{BroadcastId, GroupId, IntegrationId},
    phone::Phone,
    role::Permission,
    time::{DAY, MINUTE, Millis},
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, json},
    groups::COMMUNITY,
    org::Org,
};

/// After a warning on the phone an account rests for so long (docs/facts/groups.md §16, our caution).
pub const REST_MS: i64 = 7 * DAY;

/// A gateway that has not answered for so long is not counted on: one lost answer is none.
const SILENT_MS: i64 = MINUTE;

/// A WhatsApp account that is linked to a phone or is to be, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedAccount {
    /// Id of the account.
    pub account: IntegrationId,
    /// The state of the account when the gateway last told it.
    pub state: AccountState,
    /// The moment since which the account has this state.
    pub since: Millis,
    /// When the gateway last told the state.
    pub seen_at: Millis,
    /// The number of the linked phone; empty before the first link.
    pub phone: String,
    /// When the account was first linked; `None` before.
    pub linked_at: Option<Millis>,
    /// The member who confirmed the risk to the number, and when; `None` before.
    pub risk: Option<(String, Millis)>,
    /// Until when the account rests because WhatsApp warned on the phone; `None` where it did not.
    pub warned_until: Option<Millis>,
    /// Since when its gateway does not answer; `None` while it does.
    pub silent_since: Option<Millis>,
}

impl LinkedAccount {
    /// Whether it may post at that instant, as far as is known here.
    pub fn posts(&self, now: Millis) -> bool {
        let answers = self.silent_since.is_none_or(|since| now.since(since) < SILENT_MS);
        self.state.posts() && answers && self.warned_until.is_none_or(|until| until <= now)
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct LinkedRow {
    integration_id: Uuid,
    state: String,
    since: i64,
    seen_at: i64,
    phone: String,
    linked_at: Option<i64>,
    risk_by: String,
    risk_at: Option<i64>,
    warned_until: Option<i64>,
    silent_since: Option<i64>,
}

impl TryFrom<LinkedRow> for LinkedAccount {
    type Error = StoreError;
    fn try_from(row: LinkedRow) -> Result<LinkedAccount, StoreError> {
        Ok(LinkedAccount {
            account: IntegrationId(row.integration_id),
            // What another version wrote is not known here, and is asked for anew soon.
            state: json("linked_accounts", "state", &row.state)
                .unwrap_or(AccountState::Waiting { since: None }),
            since: Millis(row.since),
            seen_at: Millis(row.seen_at),
            phone: row.phone,
            linked_at: row.linked_at.map(Millis),
            risk: row.risk_at.map(|at| (row.risk_by, Millis(at))),
            warned_until: row.warned_until.map(Millis),
            silent_since: row.silent_since.map(Millis),
        })
    }
}

#[derive(sqlx::FromRow)]
struct PostLoadRow {
    linked_at: Option<i64>,
    held_until: i64,
    ahead: i64,
    gap_s: i64,
}

/// What a sync changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Groups that the account has now.
    pub groups: i64,
    /// Groups that it had before and has no more.
    pub gone: i64,
}

impl Org {
    /// Every account that was ever asked how it stands.
    pub async fn linked_accounts(&self) -> Result<Vec<LinkedAccount>, StoreError> {
        let rows: Vec<LinkedRow> = self
            .db
            .all(
                "SELECT l.integration_id, l.state, l.since, l.seen_at, l.phone, l.linked_at, l.risk_by, l.risk_at, l.warned_until, l.silent_since
                 FROM linked_accounts l JOIN integrations i ON i.id = l.integration_id
                 WHERE l.organization_id = $1 AND i.removed_at IS NULL ORDER BY l.integration_id",
                args![self.id()],
            )
            .await?;
        rows.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// What is known of one account; `None` before it was asked for the first time.
    pub async fn linked_account(&self, id: IntegrationId) -> Result<Option<LinkedAccount>, StoreError> {
        let all = self.linked_accounts().await?;
        Ok(all.into_iter().find(|linked| linked.account == id))
    }

    /// What an account posted lately, and what waits for it besides posts that begin at `start`: of other broadcasts than `but`, whose own gap
    /// it has. An account that is not there has an empty one.
    pub async fn post_load(
        &self,
        id: IntegrationId,
        but: Option<BroadcastId>,
        (start, now): (Millis, Millis),
    ) -> Result<PostLoad, StoreError> {
        let row: Option<PostLoadRow> = self
            .db
            .optional(
                "SELECT l.linked_at, p.held_until,
                        (SELECT CAST(COALESCE(SUM(c.n), 0) AS BIGINT) FROM broadcasts o JOIN broadcast_counts c ON c.broadcast_id = o.id
                         WHERE o.integration_id = $1 AND o.organization_id = $2 AND o.channel = 'group' AND o.status IN ('scheduled', 'in_progress')
                           AND o.assignee_id IS NULL AND o.starts_at <= $3 AND o.deadline > $4 AND o.id <> $5
                           AND c.state IN ('waiting', 'in_flight')) AS ahead,
                        COALESCE((SELECT b.gap_s FROM broadcasts b WHERE b.id = $5 AND b.organization_id = $2), 0) AS gap_s
                 FROM integrations i JOIN integration_pace p ON p.integration_id = i.id
                 LEFT JOIN linked_accounts l ON l.integration_id = i.id
                 WHERE i.id = $1 AND i.organization_id = $2",
                args![id.0, self.id(), start, now, but.map_or(Uuid::nil(), |but| but.0)],
            )
            .await?;
        let Some(row) = row else { return Ok(PostLoad::default()) };
        let spent: Vec<(i64, i64)> = self
            .db
            .all(
                "SELECT p.slot, p.n FROM integration_people p JOIN integrations i ON i.id = p.integration_id
                 WHERE p.integration_id = $1 AND i.organization_id = $2 AND p.slot >= $3 ORDER BY p.slot",
                args![id.0, self.id(), slot(now.plus(-DAY))],
            )
            .await?;
        Ok(PostLoad {
            linked_at: row.linked_at.map(Millis),
            spent: spent.into_iter().collect(),
            free_at: Millis(row.held_until.max(now.0)),
            ahead: usize::try_from(row.ahead).unwrap_or(0),
            gap_s: row.gap_s,
        })
    }

    /// Writes down that an admin read what may happen to the number of an account.
    pub async fn accept_risk(&self, id: IntegrationId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Integrations)?;
        let unlinked = serde_json::to_string(&AccountState::Unlinked).expect("a state is always JSON");
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "INSERT INTO linked_accounts (integration_id, organization_id, state, since, seen_at, phone, risk_by, risk_at)
                 SELECT i.id, i.organization_id, $3, $4, $4, '', $5, $4 FROM integrations i
                 WHERE i.id = $1 AND i.organization_id = $2 AND i.removed_at IS NULL
                 ON CONFLICT (integration_id) DO UPDATE SET risk_by = excluded.risk_by, risk_at = excluded.risk_at",
                args![id.0, self.id(), unlinked, now, &self.actor.name],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "account.risk_accepted", id, "", now).await?;
        tx.commit().await
    }

    /// Keeps how an account stood when its gateway was asked, and the number of its phone where that was told.
    pub async fn saw_account(
        &self,
        id: IntegrationId,
        state: &AccountState,
        phone: Option<&Phone>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(state).expect("a state is always JSON");
        let phone = phone.map_or("", |phone| phone.as_str());
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "INSERT INTO linked_accounts (integration_id, organization_id, state, since, seen_at, phone, risk_by, linked_at)
                 SELECT i.id, i.organization_id, $3, $4, $4, $5, '', $6 FROM integrations i
                 WHERE i.id = $1 AND i.organization_id = $2 AND i.removed_at IS NULL
                 ON CONFLICT (integration_id) DO UPDATE SET
                     since = CASE WHEN linked_accounts.state = excluded.state THEN linked_accounts.since ELSE excluded.since END,
                     state = excluded.state, seen_at = excluded.seen_at, silent_since = NULL,
                     phone = CASE WHEN excluded.phone = '' THEN linked_accounts.phone ELSE excluded.phone END,
                     linked_at = COALESCE(linked_accounts.linked_at, excluded.linked_at)",
                args![id.0, self.id(), text, now, phone, state.posts().then_some(now)],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        tx.commit().await
    }

    /// Writes down that WhatsApp warned on the phone: the account rests for seven days; or that it need not rest any
    /// more.
    pub async fn warned_on_phone(
        &self,
        id: IntegrationId,
        warned: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let until = warned.then(|| now.plus(REST_MS));
        let touched = tx
            .run(
                "UPDATE linked_accounts SET warned_until = $3 WHERE integration_id = $1 AND organization_id = $2",
                args![id.0, self.id(), until],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        let action = if warned { "account.rests" } else { "account.rests_no_more" };
        self.note(&mut tx, action, id, "", now).await?;
        tx.commit().await
    }

    /// Takes over the whole list of an account's groups: what is new is added, what changed is changed, what vanished
    /// is marked and not deleted. All of it in one transaction; whoever could not read the whole list does not call
    /// this.
    pub async fn sync_groups(
        &self,
        id: IntegrationId,
        groups: &[group::Group],
        now: Millis,
    ) -> Result<Synced, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let _held: (Uuid,) = tx
            .optional(
                "SELECT id FROM integrations WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL FOR UPDATE",
                args![id.0, self.id()],
            )
            .await?
            .ok_or(StoreError::Missing)?;
        if !groups.is_empty() {
            tx.run_batch(
                "INSERT INTO groups (id, organization_id, integration_id, jid, subject, invite_link, members, announce, is_admin, kind,
                                     parent_jid, synced_at, created_by, created_at)
                 SELECT b.id, $1, $2, b.jid, b.subject, b.invite, b.members, b.announce = 1, b.admin = 1, b.kind, b.parent, $3, $4, $3
                 FROM @batch WHERE TRUE
                 ON CONFLICT (integration_id, jid) WHERE jid <> '' DO UPDATE SET
                     subject = excluded.subject, members = COALESCE(excluded.members, groups.members), announce = excluded.announce,
                     is_admin = excluded.is_admin, kind = excluded.kind, parent_jid = excluded.parent_jid, gone_at = NULL,
                     synced_at = excluded.synced_at,
                     invite_link = CASE WHEN excluded.invite_link = '' THEN groups.invite_link ELSE excluded.invite_link END",
                args![self.id(), id.0, now, &self.actor.name],
                batch(groups, now),
            )
            .await?;
        }
        let gone = tx
            .run(
                "UPDATE groups SET gone_at = $3
                 WHERE integration_id = $1 AND organization_id = $2 AND gone_at IS NULL AND COALESCE(synced_at, 0) <> $3",
                args![id.0, self.id(), now],
            )
            .await?;
        self.note(&mut tx, "groups.synced", id, &groups.len().to_string(), now).await?;
        tx.commit().await?;
        let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(Synced { groups: i64::try_from(groups.len()).unwrap_or(i64::MAX), gone: n(gone) })
    }
}

fn batch(groups: &[group::Group], now: Millis) -> Batch {
    let kind = |place: &CommunityPlace| match place {
        CommunityPlace::Parent => COMMUNITY,
        CommunityPlace::Announcements { .. } => "announcements",
        CommunityPlace::Alone | CommunityPlace::Of { .. } => "group",
    };
    let parent = |place: &CommunityPlace| match place {
        CommunityPlace::Of { parent } | CommunityPlace::Announcements { parent: Some(parent) } => {
            parent.as_str().to_owned()
        }
        CommunityPlace::Alone | CommunityPlace::Parent | CommunityPlace::Announcements { parent: None } => {
            String::new()
        }
    };
    Batch::new()
        .uuids("id", groups.iter().map(|_| GroupId::new(now).0))
        .texts("jid", groups.iter().map(|group| group.jid.as_str().to_owned()))
        .texts("subject", groups.iter().map(|group| group.subject.clone()))
        .texts(
            "invite",
            groups
                .iter()
                .map(|group| group.invite.as_ref().map_or(String::new(), |link| link.as_str().to_owned())),
        )
        .ints("members", groups.iter().map(|group| group.size.map(i64::from)))
        .ints("announce", groups.iter().map(|group| i64::from(group.announce)))
        // Where the gateway does not say whether we are an admin, WhatsApp will.
        .ints("admin", groups.iter().map(|group| i64::from(group.admin.unwrap_or(true))))
        .texts("kind", groups.iter().map(|group| kind(&group.place).to_owned()))
        .texts("parent", groups.iter().map(|group| parent(&group.place)))
}
