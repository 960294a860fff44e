//! WhatsApp groups: what an account has, what was named by hand, and which of them belong to a workshop.

use domain::{
    ids::{GroupId, IntegrationId, WorkshopId},
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
};

/// Kind of the account behind groups that were named by hand. No vendor has this word: nothing is ever sent through it.
pub const BY_HAND: &str = "by_hand";
/// Groups of an organisation that are read at once.
const READ_MAX: i64 = 5_000;
/// Word of a community itself, which takes no posts.
pub(crate) const COMMUNITY: &str = "community";

/// A group as one account has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Id of the group.
    pub id: GroupId,
    /// The account that posts to the group.
    pub account: IntegrationId,
    /// Whether the group was named by hand, so that a person posts to it.
    pub by_hand: bool,
    /// The group's id on WhatsApp; empty for one that was named by hand.
    pub jid: String,
    /// The group's name. Several groups may share one.
    pub subject: String,
    /// The link by which people join; may be empty.
    pub invite_link: String,
    /// The number of members, where that is known.
    pub members: Option<i64>,
    /// Whether only admins may post.
    pub announce: bool,
    /// Whether the account is an admin of the group.
    pub is_admin: bool,
    /// Whether it is a community itself: a heading, and not a place to post.
    pub is_community: bool,
    /// The id of the community that the group belongs to; empty for none.
    pub parent: String,
    /// When it vanished from the account's list.
    pub gone_at: Option<Millis>,
    /// When it was last in the account's list.
    pub synced_at: Option<Millis>,
}

impl Group {
    /// Whether it can be posted to: it is there, it is no community, and where only admins may write the account is
    /// one.
    pub fn takes_posts(&self) -> bool {
        self.gone_at.is_none() && !self.is_community && (self.by_hand || !self.announce || self.is_admin)
    }
}

/// What a person types about a group that no account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGroup {
    /// The group's name.
    pub subject: String,
    /// The link by which people join; may be empty.
    pub invite_link: String,
    /// The number of members, where somebody entered it.
    pub members: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    id: Uuid,
    integration_id: Uuid,
    by_hand: bool,
    jid: String,
    subject: String,
    invite_link: String,
    members: Option<i64>,
    announce: bool,
    is_admin: bool,
    kind: String,
    parent_jid: String,
    gone_at: Option<i64>,
    synced_at: Option<i64>,
}

impl From<GroupRow> for Group {
    fn from(row: GroupRow) -> Group {
        Group {
            id: GroupId(row.id),
            account: IntegrationId(row.integration_id),
            by_hand: row.by_hand,
            jid: row.jid,
            subject: row.subject,
            invite_link: row.invite_link,
            members: row.members,
            announce: row.announce,
            is_admin: row.is_admin,
            is_community: row.kind == COMMUNITY,
            parent: row.parent_jid,
            gone_at: row.gone_at.map(Millis),
            synced_at: row.synced_at.map(Millis),
        }
    }
}

impl Org {
    /// Every group of the organisation, by name; those that vanished as well.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        let rows: Vec<GroupRow> = self
            .db
            .all(
                "SELECT g.id, g.integration_id, i.kind = $2 AS by_hand, g.jid, g.subject, g.invite_link, g.members, g.announce,
                        g.is_admin, g.kind, g.parent_jid, g.gone_at, g.synced_at
                 FROM groups g JOIN integrations i ON i.id = g.integration_id
                 WHERE g.organization_id = $1 AND i.removed_at IS NULL ORDER BY lower(g.subject), g.id LIMIT $3",
                args![self.id(), BY_HAND, READ_MAX],
            )
            .await?;
        Ok(rows.into_iter().map(Group::from).collect())
    }

    /// One group.
    pub async fn group(&self, id: GroupId) -> Result<Group, StoreError> {
        let row: Option<GroupRow> = self
            .db
            .optional(
                "SELECT g.id, g.integration_id, i.kind = $3 AS by_hand, g.jid, g.subject, g.invite_link, g.members, g.announce,
                        g.is_admin, g.kind, g.parent_jid, g.gone_at, g.synced_at
                 FROM groups g JOIN integrations i ON i.id = g.integration_id WHERE g.id = $1 AND g.organization_id = $2",
                args![id.0, self.id(), BY_HAND],
            )
            .await?;
        row.map(Group::from).ok_or(StoreError::Missing)
    }

    /// The groups of a workshop, in the order of [`Org::groups`].
    pub async fn workshop_groups(&self, workshop: WorkshopId) -> Result<Vec<GroupId>, StoreError> {
        let rows: Vec<(Uuid,)> = self
            .db
            .all(
                "SELECT g.id FROM workshop_groups w JOIN groups g ON g.id = w.group_id
                 WHERE w.workshop_id = $1 AND w.organization_id = $2 ORDER BY lower(g.subject), g.id",
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
    }

    /// The account of groups that are named by hand; made when it is first asked for. Many may ask at once: it is one
    /// all the same.
    pub async fn by_hand_account(&self, now: Millis) -> Result<IntegrationId, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let account = self.by_hand_within(&mut tx, now).await?;
        tx.commit().await?;
        Ok(account)
    }

    async fn by_hand_within(&self, tx: &mut Tx, now: Millis) -> Result<IntegrationId, StoreError> {
        // Whoever else makes it waits here.
        let _held: (Uuid,) =
            tx.one("SELECT id FROM organizations WHERE id = $1 FOR UPDATE", args![self.id()]).await?;
        let known: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM integrations WHERE organization_id = $1 AND kind = $2 AND removed_at IS NULL",
                args![self.id(), BY_HAND],
            )
            .await?;
        if let Some((id,)) = known {
            return Ok(IntegrationId(id));
        }
        let id = IntegrationId::new(now);
        tx.run(
            "INSERT INTO integrations (id, organization_id, kind, name, settings, secrets, hints, callback_key, per_second, per_day,
                                       health, secrets_set_by, secrets_set_at, created_at, portfolio)
             VALUES ($1, $2, $3, '', '{}', '', '{}', $4, 1, 0, '{}', '', $5, $5, '')",
            args![id.0, self.id(), BY_HAND, format!("{BY_HAND} {id}"), now],
        )
        .await?;
        tx.run(
            "INSERT INTO integration_pace (integration_id, free_at_us, day, day_calls, held_until) VALUES ($1, 0, 0, 0, 0)",
            args![id.0],
        )
        .await?;
        Ok(id)
    }

    /// Names a group by hand, and chooses it for a workshop where one is given.
    pub async fn name_group(
        &self,
        new: &NamedGroup,
        workshop: Option<WorkshopId>,
        now: Millis,
    ) -> Result<GroupId, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let account = self.by_hand_within(&mut tx, now).await?;
        let id = GroupId::new(now);
        tx.run(
            "INSERT INTO groups (id, organization_id, integration_id, jid, subject, invite_link, members, announce, is_admin, kind,
                                 parent_jid, created_by, created_at)
             VALUES ($1, $2, $3, '', $4, $5, $6, FALSE, FALSE, 'group', '', $7, $8)",
            args![id.0, self.id(), account.0, &new.subject, &new.invite_link, new.members, &self.actor.name, now],
        )
        .await?;
        if let Some(workshop) = workshop {
            self.choose(&mut tx, workshop, &[id], now).await?;
        }
        // The note holds steps in whose way something stands: after the workshop, as everybody else does.
        self.note(&mut tx, "group.named", id, "", now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes what was typed about a group. Name and members of one that an account has come from the account: there
    /// only the link changes.
    pub async fn change_group(&self, id: GroupId, to: &NamedGroup, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE groups SET invite_link = $4, subject = CASE WHEN jid = '' THEN $3 ELSE subject END,
                        members = CASE WHEN jid = '' THEN $5 ELSE members END
                 WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id(), &to.subject, &to.invite_link, to.members],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "group.changed", id, "", now).await?;
        tx.commit().await
    }

    /// Takes a group that was named by hand out of every list. What was posted to it stays on record.
    pub async fn remove_group(&self, id: GroupId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "UPDATE groups SET gone_at = $3 WHERE id = $1 AND organization_id = $2 AND jid = '' AND gone_at IS NULL",
                args![id.0, self.id(), now],
            )
            .await?;
        if touched == 0 {
            return Err(StoreError::Missing);
        }
        tx.run("DELETE FROM workshop_groups WHERE group_id = $1", args![id.0]).await?;
        self.note(&mut tx, "group.removed", id, "", now).await?;
        tx.commit().await
    }

    /// Says which groups belong to a workshop; those that belonged to it before and are not named do not any more.
    /// Refused ([`StoreError::Stale`]) when a group cannot be posted to, or is chosen twice under two accounts.
    pub async fn set_workshop_groups(
        &self,
        workshop: WorkshopId,
        groups: &[GroupId],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let _held: (Uuid,) = tx
            .optional(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![workshop.0, self.id()],
            )
            .await?
            .ok_or(StoreError::Missing)?;
        tx.run("DELETE FROM workshop_groups WHERE workshop_id = $1", args![workshop.0]).await?;
        self.choose(&mut tx, workshop, groups, now).await?;
        self.note(&mut tx, "workshop.groups", workshop, &groups.len().to_string(), now).await?;
        tx.commit().await
    }

    async fn choose(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        groups: &[GroupId],
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut ids: Vec<Uuid> = groups.iter().map(|group| group.0).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let n = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let chosen = tx
            .run_batch(
                "INSERT INTO workshop_groups (workshop_id, group_id, organization_id, chosen_by, chosen_at)
                 SELECT w.id, g.id, $2, $3, $4 FROM @batch CROSS JOIN groups g CROSS JOIN workshops w
                 WHERE g.id = b.id AND w.id = $1 AND g.organization_id = $2 AND w.organization_id = $2 AND g.gone_at IS NULL AND g.kind <> $5",
                args![workshop.0, self.id(), &self.actor.name, now, COMMUNITY],
                Batch::new().uuids("id", ids),
            )
            .await?;
        let (twice,): (i64,) = tx
            .one(
                "SELECT COUNT(*) FROM workshop_groups w JOIN groups g ON g.id = w.group_id
                 JOIN groups o ON o.organization_id = g.organization_id AND o.jid = g.jid AND o.id > g.id
                 JOIN workshop_groups x ON x.group_id = o.id AND x.workshop_id = w.workshop_id
                 WHERE w.workshop_id = $1 AND g.jid <> ''",
                args![workshop.0],
            )
            .await?;
        if chosen < n || twice > 0 { Err(StoreError::Stale) } else { Ok(()) }
    }
}
