//! An organisation's settings, its members and invitations.

use domain::{
    ids::{AccessLinkId, OrganizationId, UserId},
    phone::Country,
    quiet_hours::QuietHours,
    role::{Permission, Role},
    time::{Millis, Zone},
};
use uuid::Uuid;

use crate::{
    access::end_sessions,
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
};

/// A tenant of the installation.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Id of the organisation.
    pub id: OrganizationId,
    /// Name of the organisation.
    pub name: String,
    /// The zone of every time that its members see or type.
    pub zone: Zone,
    /// The country of numbers that are written without a country code.
    pub country: Country,
    /// The hours of the day in which the organisation leaves people alone.
    pub quiet_hours: QuietHours,
    /// When all sending was stopped, and by whom; `None` where it is not stopped.
    pub stopped: Option<(Millis, String)>,
    /// When it was created.
    pub created_at: Millis,
}

/// The settings of an organisation.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Name of the organisation.
    pub name: String,
    /// The zone of every time that its members see or type.
    pub zone: Zone,
    /// The country of numbers that are written without a country code.
    pub country: Country,
    /// The hours of the day in which the organisation leaves people alone.
    pub quiet_hours: QuietHours,
}

/// A user as a member of the organisation.
#[derive(Clone, Debug)]
pub struct Member {
    /// Id of the user.
    pub user: UserId,
    /// Name of the user.
    pub name: String,
    /// E-mail address, with which the member signs in.
    pub email: String,
    /// The member's role in this organisation.
    pub role: Role,
    /// When the member joined.
    pub since: Millis,
    /// When a session that is still open was last used; `None` without one.
    pub seen_at: Option<Millis>,
    /// Whether this user is the host of the installation. Only the host can change the host.
    pub host: bool,
}

/// An invitation that was not used yet.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Id of the link that was sent.
    pub id: AccessLinkId,
    /// The e-mail address of the invited person.
    pub email: String,
    /// The role that the person gets by accepting.
    pub role: Role,
    /// The member who invited, by name.
    pub created_by: String,
    /// When the invitation ends; it may have passed.
    pub expires_at: Millis,
}

/// What became of a change to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Done; the person's sessions ended.
    Done,
    /// Refused: nobody would be left who can manage the team.
    LastAdmin,
    /// Refused: the host of the installation is no admin's to change.
    Host,
}

#[derive(sqlx::FromRow)]
pub(crate) struct OrganizationRow {
    id: Uuid,
    name: String,
    zone: String,
    country: String,
    quiet_from: i64,
    quiet_to: i64,
    stopped_at: Option<i64>,
    stopped_by: Option<String>,
    created_at: i64,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;
    fn try_from(row: OrganizationRow) -> Result<Organization, StoreError> {
        let country = Country::parse(&row.country).ok_or(StoreError::Corrupt {
            table: "organizations",
            column: "country",
            value: row.country,
        })?;
        Ok(Organization {
            id: OrganizationId(row.id),
            name: row.name,
            zone: zone(&row.zone)?,
            country,
            quiet_hours: QuietHours { from_minute: row.quiet_from, to_minute: row.quiet_to },
            stopped: row.stopped_at.map(|at| (Millis(at), row.stopped_by.unwrap_or_default())),
            created_at: Millis(row.created_at),
        })
    }
}

/// Whether a stored zone name is one that this program knows.
fn zone(name: &str) -> Result<Zone, StoreError> {
    Zone::parse(name).map_err(|_| StoreError::Corrupt {
        table: "organizations",
        column: "zone",
        value: name.to_owned(),
    })
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: Uuid,
    name: String,
    email: String,
    role: String,
    created_at: i64,
    seen_at: Option<i64>,
    super_admin: bool,
}

#[derive(sqlx::FromRow)]
struct InvitationRow {
    id: Uuid,
    email: String,
    role: String,
    created_by: String,
    expires_at: i64,
}

impl Org {
    /// The organisation's settings.
    pub async fn organization(&self) -> Result<Organization, StoreError> {
        let row: OrganizationRow = self
            .db
            .one(
                "SELECT id, name, zone, country, quiet_from, quiet_to, stopped_at, stopped_by, created_at
                 FROM organizations WHERE id = $1",
                args![self.id()],
            )
            .await?;
        Organization::try_from(row)
    }

    /// Changes the organisation's settings.
    pub async fn update_organization(&self, to: &NewOrganization, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        tx.run(
            "UPDATE organizations SET name = $1, zone = $2, country = $3, quiet_from = $4, quiet_to = $5 WHERE id = $6",
            args![
                &to.name,
                to.zone.name(),
                to.country.letters(),
                to.quiet_hours.from_minute,
                to.quiet_hours.to_minute,
                self.id()
            ],
        )
        .await?;
        self.note(&mut tx, "organisation.changed", self.id(), "", now).await?;
        tx.commit().await
    }

    /// Stops all sending of the organisation at once, or lets it go on; untried rows keep waiting.
    pub async fn stop_organization(&self, stop: bool, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        tx.run(
            "UPDATE organizations SET stopped_at = $2, stopped_by = $3 WHERE id = $1",
            args![self.id(), stop.then_some(now), stop.then(|| self.actor.name.clone())],
        )
        .await?;
        let action = if stop { "organisation.stopped" } else { "organisation.released" };
        self.note(&mut tx, action, self.id(), "", now).await?;
        tx.commit().await
    }

    /// The members, by name.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        self.allow(Permission::Team)?;
        let rows: Vec<MemberRow> = self
            .db
            .all(
                "SELECT u.id, u.name, u.email, u.super_admin, m.role, m.created_at,
                        (SELECT MAX(s.seen_at) FROM web_sessions s WHERE s.user_id = u.id) AS seen_at
                 FROM memberships m JOIN users u ON u.id = m.user_id
                 WHERE m.organization_id = $1 ORDER BY lower(u.name), u.id",
                args![self.id()],
            )
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Member {
                    user: UserId(row.id),
                    name: row.name,
                    email: row.email,
                    role: word("memberships", "role", &row.role)?,
                    since: Millis(row.created_at),
                    seen_at: row.seen_at.map(Millis),
                    host: row.super_admin,
                })
            })
            .collect()
    }

    /// Gives a member another role and ends the person's sessions.
    pub async fn change_role(
        &self,
        user: UserId,
        role: Role,
        now: Millis,
    ) -> Result<MemberChange, StoreError> {
        self.allow(Permission::Team)?;
        let mut tx = self.db.begin().await?;
        if self.is_host_to_others(&mut tx, user).await? {
            return Ok(MemberChange::Host);
        }
        if role != Role::Admin && self.is_last_admin(&mut tx, user).await? {
            return Ok(MemberChange::LastAdmin);
        }
        let changed = tx
            .run(
                "UPDATE memberships SET role = $1 WHERE organization_id = $2 AND user_id = $3",
                args![role.word(), self.id(), user.0],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Missing);
        }
        if role != Role::Admin {
            self.end_invitations_of(&mut tx, user).await?;
        }
        end_sessions(&mut tx, user, None).await?;
        self.note(&mut tx, "member.role", user, role.word(), now).await?;
        tx.commit().await?;
        Ok(MemberChange::Done)
    }

    /// Takes a person out of the organisation and ends the person's sessions.
    pub async fn remove_member(&self, user: UserId, now: Millis) -> Result<MemberChange, StoreError> {
        self.allow(Permission::Team)?;
        let mut tx = self.db.begin().await?;
        if self.is_host_to_others(&mut tx, user).await? {
            return Ok(MemberChange::Host);
        }
        if self.is_last_admin(&mut tx, user).await? {
            return Ok(MemberChange::LastAdmin);
        }
        self.end_invitations_of(&mut tx, user).await?;
        // As long as they are a member: row-level security shows no sessions of anybody else.
        end_sessions(&mut tx, user, None).await?;
        let removed = tx
            .run(
                "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2",
                args![self.id(), user.0],
            )
            .await?;
        if removed == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "member.removed", user, "", now).await?;
        tx.commit().await?;
        Ok(MemberChange::Done)
    }

    /// Whether `user` is the host and whoever acts is not: an organisation's admin may not take the installation from
    /// its owner.
    async fn is_host_to_others(&self, tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
        let Some(actor) = self.actor.user else { return Ok(false) };
        let hosts: Vec<(Uuid,)> = tx
            .all("SELECT id FROM users WHERE super_admin AND id IN ($1, $2)", args![user.0, actor.0])
            .await?;
        Ok(hosts.contains(&(user.0,)) && !hosts.contains(&(actor.0,)))
    }

    /// Invitations of a member end with the right to invite. [`crate::Access::link`] looks at the right as well; this
    /// keeps an invitation from coming back with it.
    async fn end_invitations_of(&self, tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
        tx.run(
            "DELETE FROM access_links
             WHERE organization_id = $1 AND issued_by = $2 AND kind = 'invitation' AND used_at IS NULL",
            args![self.id(), user.0],
        )
        .await?;
        Ok(())
    }

    /// Whether `user` is the only admin. Locks the admins' rows, so that two admins cannot demote each other at once.
    async fn is_last_admin(&self, tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
        let admins: Vec<(Uuid,)> = tx
            .all(
                "SELECT user_id FROM memberships WHERE organization_id = $1 AND role = 'admin'
                 ORDER BY user_id FOR UPDATE",
                args![self.id()],
            )
            .await?;
        Ok(admins == [(user.0,)])
    }

    /// Invites a person: whoever holds the token joins once, until `expires_at`. An earlier invitation to the same
    /// address ends.
    pub async fn invite(
        &self,
        email: &str,
        role: Role,
        token_hash: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<AccessLinkId, StoreError> {
        self.allow(Permission::Team)?;
        let email = email.to_lowercase();
        let id = AccessLinkId::new(now);
        let mut tx = self.db.begin().await?;
        let member: Option<(i64,)> = tx
            .optional(
                "SELECT m.created_at FROM memberships m JOIN users u ON u.id = m.user_id
                 WHERE m.organization_id = $1 AND u.email = $2",
                args![self.id(), &email],
            )
            .await?;
        if member.is_some() {
            return Err(StoreError::Taken);
        }
        tx.run(
            "DELETE FROM access_links WHERE organization_id = $1 AND kind = 'invitation' AND email = $2 AND used_at IS NULL",
            args![self.id(), &email],
        )
        .await?;
        tx.run(
            "INSERT INTO access_links (id, token_hash, kind, organization_id, email, role, created_by, issued_by, created_at, expires_at)
             VALUES ($1, $2, 'invitation', $3, $4, $5, $6, $7, $8, $9)",
            args![
                id.0,
                token_hash,
                self.id(),
                &email,
                role.word(),
                &self.actor.name,
                self.actor.user.map(|user| user.0),
                now,
                expires_at
            ],
        )
        .await?;
        self.note(&mut tx, "member.invited", id, role.word(), now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Invitations that were not used, newest first.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, StoreError> {
        self.allow(Permission::Team)?;
        let rows: Vec<InvitationRow> = self
            .db
            .all(
                "SELECT id, email, role, created_by, expires_at FROM access_links
                 WHERE organization_id = $1 AND kind = 'invitation' AND used_at IS NULL ORDER BY id DESC",
                args![self.id()],
            )
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Invitation {
                    id: AccessLinkId(row.id),
                    email: row.email,
                    role: word("access_links", "role", &row.role)?,
                    created_by: row.created_by,
                    expires_at: Millis(row.expires_at),
                })
            })
            .collect()
    }

    /// Takes an invitation back.
    pub async fn revoke_invitation(&self, id: AccessLinkId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Team)?;
        let mut tx = self.db.begin().await?;
        let removed = tx
            .run(
                "DELETE FROM access_links
                 WHERE id = $1 AND organization_id = $2 AND kind = 'invitation' AND used_at IS NULL",
                args![id.0, self.id()],
            )
            .await?;
        if removed == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "member.invitation_revoked", id, "", now).await?;
        tx.commit().await
    }
}

pub(crate) async fn insert_organization(
    tx: &mut Tx,
    new: &NewOrganization,
    now: Millis,
) -> Result<OrganizationId, StoreError> {
    let id = OrganizationId::new(now);
    tx.run(
        "INSERT INTO organizations (id, name, zone, country, quiet_from, quiet_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            id.0,
            &new.name,
            new.zone.name(),
            new.country.letters(),
            new.quiet_hours.from_minute,
            new.quiet_hours.to_minute,
            now
        ],
    )
    .await?;
    Ok(id)
}
