//! Signing in: users, sessions, one-time links, failed attempts. Nobody is known yet, so nothing here belongs to one organisation.
//!
//! Tokens never reach the store: callers pass their SHA-256. Passwords never reach it either: callers pass an argon2id text.

use domain::{
    ids::{AccessLinkId, OrganizationId, SessionId, UserId},
    role::Role,
    time::{DAY, Millis, SECOND, Zone},
};
use uuid::Uuid;

use crate::{
    Actor,
    db::{Db, Tx, args},
    error::{StoreError, word},
    members::{NewOrganization, Organization, OrganizationRow, insert_organization},
};

/// How often a session's last use is written, at most.
const SEEN_EVERY_MS: i64 = 60 * SECOND;
/// After a day without a failure an account's or address's failures are forgotten.
const FAILURES_KEPT_MS: i64 = DAY;
/// Longest wait between two attempts: long enough to make guessing hopeless, short enough to sit out.
const WAIT_MAX_MS: i64 = 15 * 60 * SECOND;

/// Store calls for signing in.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) db: Db,
}

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Address, in lower case.
    pub email: String,
    /// Name as shown.
    pub name: String,
    /// Whether this person is above organisations.
    pub super_admin: bool,
    /// Whether a password is set; without one only a sign-in link lets this person in.
    pub has_password: bool,
    /// When the user was created.
    pub created_at: Millis,
}

/// A user to be created.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Address; kept in lower case.
    pub email: String,
    /// Name as shown.
    pub name: String,
    /// argon2id text; `None` for a user who signs in by link first.
    pub password_hash: Option<String>,
    /// Above organisations.
    pub super_admin: bool,
}

/// What a session stands for at this moment.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: User,
    /// The organisation the session is in, with the person's role there. A super_admin is an admin in each.
    pub place: Option<(Organization, Role)>,
}

impl SignedIn {
    /// The actor for [`crate::Store::org`]; `None` outside organisations.
    pub fn actor(&self) -> Option<Actor> {
        self.place.as_ref().map(|(organization, role)| Actor {
            organization: organization.id,
            user: Some(self.user.id),
            name: self.user.name.clone(),
            role: *role,
        })
    }
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub struct SessionLife {
    /// Unused for so long, it ends. Milliseconds.
    pub idle_ms: i64,
    /// After so long it ends in any case. Milliseconds.
    pub total_ms: i64,
}

/// What a one-time link lets somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Create the first organisation and its admin.
    SetUp,
    /// Join an organisation.
    Invitation,
    /// Sign in without a password, once.
    SignIn,
}

impl LinkKind {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            LinkKind::SetUp => "set_up",
            LinkKind::Invitation => "invitation",
            LinkKind::SignIn => "sign_in",
        }
    }
}

impl std::str::FromStr for LinkKind {
    type Err = ();
    fn from_str(text: &str) -> Result<LinkKind, ()> {
        [LinkKind::SetUp, LinkKind::Invitation, LinkKind::SignIn]
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or(())
    }
}

/// A one-time link that can still be used.
#[derive(Clone, Debug)]
pub struct AccessLink {
    /// Id.
    pub id: AccessLinkId,
    /// What it does.
    pub kind: LinkKind,
    /// The organisation to join.
    pub organization: Option<OrganizationId>,
    /// Its name.
    pub organization_name: Option<String>,
    /// Who signs in.
    pub user: Option<UserId>,
    /// Who is invited, in lower case.
    pub email: Option<String>,
    /// As what.
    pub role: Option<Role>,
    /// Last useful moment.
    pub expires_at: Millis,
}

/// What a wrong password costs, per account or per address.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// So many failures cost nothing; each further one doubles the wait, from one second to fifteen minutes.
    pub free_failures: i64,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    password_hash: Option<String>,
    super_admin: bool,
    created_at: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> User {
        User {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            super_admin: row.super_admin,
            has_password: row.password_hash.is_some(),
            created_at: Millis(row.created_at),
        }
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    organization_id: Option<Uuid>,
    seen_at: i64,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    id: Uuid,
    kind: String,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    user_id: Option<Uuid>,
    email: Option<String>,
    role: Option<String>,
    expires_at: i64,
}

impl TryFrom<LinkRow> for AccessLink {
    type Error = StoreError;
    fn try_from(row: LinkRow) -> Result<AccessLink, StoreError> {
        Ok(AccessLink {
            id: AccessLinkId(row.id),
            kind: word("access_links", "kind", &row.kind)?,
            organization: row.organization_id.map(OrganizationId),
            organization_name: row.organization_name,
            user: row.user_id.map(UserId),
            email: row.email,
            role: row.role.map(|role| word("access_links", "role", &role)).transpose()?,
            expires_at: Millis(row.expires_at),
        })
    }
}

impl Access {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (_,): (i64,) = self.db.one("SELECT CAST(1 AS BIGINT)", args![]).await?;
        Ok(())
    }

    /// Whether anybody can sign in yet.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let (count,): (i64,) = self.db.one("SELECT CAST(COUNT(*) AS BIGINT) FROM users", args![]).await?;
        Ok(count > 0)
    }

    /// All users, by address.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = self
            .db
            .all(
                "SELECT id, email, name, password_hash, super_admin, created_at FROM users ORDER BY email",
                args![],
            )
            .await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// The user of that address and the argon2id text of the password.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let row: Option<UserRow> = self
            .db
            .optional(
                "SELECT id, email, name, password_hash, super_admin, created_at FROM users WHERE email = $1",
                args![email.to_lowercase()],
            )
            .await?;
        Ok(row.map(|mut row| {
            let hash = row.password_hash.clone();
            row.password_hash = hash.clone();
            (User::from(row), hash)
        }))
    }

    /// The argon2id text of a user's password.
    pub async fn password_of(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let (hash,): (Option<String>,) =
            self.db.one("SELECT password_hash FROM users WHERE id = $1", args![user.0]).await?;
        Ok(hash)
    }

    /// Creates a user. [`StoreError::Taken`] when the address is known.
    pub async fn create_user(&self, new: &NewUser, now: Millis) -> Result<UserId, StoreError> {
        let mut tx = self.db.begin().await?;
        let id = insert_user(&mut tx, new, now).await?;
        note(&mut tx, None, "command line", "user.created", id, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a user a member of an organisation, or changes the role there; from the command line.
    pub async fn put_member(
        &self,
        organization: OrganizationId,
        user: UserId,
        role: Role,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        put_member(&mut tx, organization, user, role, now).await?;
        end_sessions(&mut tx, user, None).await?;
        note(&mut tx, Some(organization), "command line", "member.role", user, now).await?;
        tx.commit().await
    }

    /// Sets or takes away a password, and ends all sessions of the user but `keep`.
    /// Sign-in links that are still open end too.
    pub async fn set_password(
        &self,
        user: UserId,
        password_hash: Option<&str>,
        keep: Option<SessionId>,
        by: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let changed =
            tx.run("UPDATE users SET password_hash = $1 WHERE id = $2", args![password_hash, user.0]).await?;
        if changed == 0 {
            return Err(StoreError::Missing);
        }
        end_sessions(&mut tx, user, keep).await?;
        tx.run(
            "UPDATE access_links SET used_at = $1 WHERE user_id = $2 AND used_at IS NULL",
            args![now, user.0],
        )
        .await?;
        note(&mut tx, None, by, "user.password", user, now).await?;
        tx.commit().await
    }

    /// Changes the name that others see.
    pub async fn rename_user(&self, user: UserId, name: &str) -> Result<(), StoreError> {
        self.db.run("UPDATE users SET name = $1 WHERE id = $2", args![name, user.0]).await?;
        Ok(())
    }

    /// All organisations, by name; for super_admins and the command line.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let rows: Vec<OrganizationRow> = self
            .db
            .all(
                "SELECT id, name, zone, country, quiet_from, quiet_to, stopped_at, stopped_by, created_at
                 FROM organizations ORDER BY name, id",
                args![],
            )
            .await?;
        rows.into_iter().map(Organization::try_from).collect()
    }

    /// The organisations that a user may switch to, by name.
    pub async fn organizations_of(&self, user: &User) -> Result<Vec<Organization>, StoreError> {
        if user.super_admin {
            return self.organizations().await;
        }
        let rows: Vec<OrganizationRow> = self
            .db
            .all(
                "SELECT o.id, o.name, o.zone, o.country, o.quiet_from, o.quiet_to, o.stopped_at, o.stopped_by, o.created_at
                 FROM organizations o JOIN memberships m ON m.organization_id = o.id
                 WHERE m.user_id = $1 ORDER BY o.name, o.id",
                args![user.id.0],
            )
            .await?;
        rows.into_iter().map(Organization::try_from).collect()
    }

    /// Creates an organisation and makes its creator an admin of it.
    pub async fn create_organization(
        &self,
        new: &NewOrganization,
        creator: &User,
        now: Millis,
    ) -> Result<OrganizationId, StoreError> {
        if !creator.super_admin {
            return Err(StoreError::Forbidden);
        }
        let mut tx = self.db.begin().await?;
        let organization = insert_organization(&mut tx, new, now).await?;
        put_member(&mut tx, organization, creator.id, Role::Admin, now).await?;
        note(&mut tx, Some(organization), &creator.name, "organisation.created", organization, now).await?;
        tx.commit().await?;
        Ok(organization)
    }

    /// Starts a session in `organization`, or in the user's first organisation by name.
    pub async fn start_session(
        &self,
        user: &User,
        token_hash: &str,
        life: SessionLife,
        now: Millis,
    ) -> Result<SessionId, StoreError> {
        let place = self.organizations_of(user).await?.first().map(|organization| organization.id.0);
        let id = SessionId::new(now);
        let mut tx = self.db.begin().await?;
        // Ended sessions are of no use to anybody; sign-ins are rare enough to tidy here.
        tx.run(
            "DELETE FROM web_sessions WHERE expires_at <= $1 OR seen_at <= $2",
            args![now, now.plus(-life.idle_ms)],
        )
        .await?;
        tx.run(
            "INSERT INTO web_sessions (id, token_hash, user_id, organization_id, created_at, seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![id.0, token_hash, user.id.0, place, now, now, now.plus(life.total_ms)],
        )
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Whom a session token stands for; `None` when it is unknown or has ended. Writes the last use at most once a minute.
    pub async fn session(
        &self,
        token_hash: &str,
        life: SessionLife,
        now: Millis,
    ) -> Result<Option<SignedIn>, StoreError> {
        let row: Option<SessionRow> = self
            .db
            .optional(
                "SELECT id, user_id, organization_id, seen_at FROM web_sessions
                 WHERE token_hash = $1 AND expires_at > $2 AND seen_at > $3",
                args![token_hash, now, now.plus(-life.idle_ms)],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let user: UserRow = self
            .db
            .one(
                "SELECT id, email, name, password_hash, super_admin, created_at FROM users WHERE id = $1",
                args![row.user_id],
            )
            .await?;
        let user = User::from(user);
        if now.since(Millis(row.seen_at)) >= SEEN_EVERY_MS {
            self.db.run("UPDATE web_sessions SET seen_at = $1 WHERE id = $2", args![now, row.id]).await?;
        }
        let place = match row.organization_id {
            Some(id) => self.place(&user, OrganizationId(id)).await?,
            None => None,
        };
        Ok(Some(SignedIn { session: SessionId(row.id), user, place }))
    }

    /// An organisation and the user's role there; `None` for a stranger.
    async fn place(
        &self,
        user: &User,
        organization: OrganizationId,
    ) -> Result<Option<(Organization, Role)>, StoreError> {
        let found: Option<PlaceRow> = self
            .db
            .optional(
                "SELECT o.id, o.name, o.zone, o.country, o.quiet_from, o.quiet_to, o.stopped_at, o.stopped_by, o.created_at, m.role
                 FROM organizations o
                 LEFT JOIN memberships m ON m.organization_id = o.id AND m.user_id = $1
                 WHERE o.id = $2",
                args![user.id.0, organization.0],
            )
            .await?;
        let Some(found) = found else { return Ok(None) };
        let role = match (user.super_admin, found.role) {
            (true, _) => Role::Admin,
            (false, Some(role)) => word("memberships", "role", &role)?,
            (false, None) => return Ok(None),
        };
        Ok(Some((Organization::try_from(found.organization)?, role)))
    }

    /// Moves a session into another organisation. [`StoreError::Missing`] when the user has no place there.
    pub async fn switch_organization(
        &self,
        who: &SignedIn,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        self.place(&who.user, organization).await?.ok_or(StoreError::Missing)?;
        self.db
            .run(
                "UPDATE web_sessions SET organization_id = $1 WHERE id = $2",
                args![organization.0, who.session.0],
            )
            .await?;
        Ok(())
    }

    /// Signs out.
    pub async fn end_session(&self, session: SessionId) -> Result<(), StoreError> {
        self.db.run("DELETE FROM web_sessions WHERE id = $1", args![session.0]).await?;
        Ok(())
    }

    /// Signs out every other browser of this user; how many there were.
    pub async fn end_other_sessions(&self, who: &SignedIn) -> Result<u64, StoreError> {
        self.db
            .run(
                "DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2",
                args![who.user.id.0, who.session.0],
            )
            .await
    }

    /// Makes a new set-up link; older ones end.
    pub async fn create_set_up_link(
        &self,
        token_hash: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM access_links WHERE kind = 'set_up'", args![]).await?;
        tx.run(
            "INSERT INTO access_links (id, token_hash, kind, created_by, created_at, expires_at)
             VALUES ($1, $2, 'set_up', 'first start', $3, $4)",
            args![AccessLinkId::new(now).0, token_hash, now, expires_at],
        )
        .await?;
        tx.commit().await
    }

    /// Makes a link that signs `user` in once.
    pub async fn create_sign_in_link(
        &self,
        user: UserId,
        token_hash: &str,
        expires_at: Millis,
        by: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO access_links (id, token_hash, kind, user_id, created_by, created_at, expires_at)
             VALUES ($1, $2, 'sign_in', $3, $4, $5, $6)",
            args![AccessLinkId::new(now).0, token_hash, user.0, by, now, expires_at],
        )
        .await?;
        note(&mut tx, None, by, "user.sign_in_link", user, now).await?;
        tx.commit().await
    }

    /// A link that can still be used; looking does not use it up.
    pub async fn link(
        &self,
        kind: LinkKind,
        token_hash: &str,
        now: Millis,
    ) -> Result<Option<AccessLink>, StoreError> {
        let row: Option<LinkRow> = self
            .db
            .optional(
                "SELECT l.id, l.kind, l.organization_id, o.name AS organization_name, l.user_id, l.email, l.role, l.expires_at
                 FROM access_links l LEFT JOIN organizations o ON o.id = l.organization_id
                 WHERE l.token_hash = $1 AND l.kind = $2 AND l.used_at IS NULL AND l.expires_at > $3",
                args![token_hash, kind.word(), now],
            )
            .await?;
        row.map(AccessLink::try_from).transpose()
    }

    /// Uses a set-up link: creates the first organisation and its admin, who is a super_admin.
    /// [`StoreError::Stale`] when the link was used, has ended, or somebody can sign in already.
    pub async fn set_up(
        &self,
        link: &AccessLink,
        organization: &NewOrganization,
        admin: &NewUser,
        now: Millis,
    ) -> Result<User, StoreError> {
        let mut tx = self.db.begin().await?;
        use_link(&mut tx, link, now).await?;
        let (users,): (i64,) = tx.one("SELECT CAST(COUNT(*) AS BIGINT) FROM users", args![]).await?;
        if users > 0 {
            return Err(StoreError::Stale);
        }
        let organization = insert_organization(&mut tx, organization, now).await?;
        let admin = NewUser { super_admin: true, ..admin.clone() };
        let user = insert_user(&mut tx, &admin, now).await?;
        put_member(&mut tx, organization, user, Role::Admin, now).await?;
        note(&mut tx, Some(organization), &admin.name, "organisation.created", organization, now).await?;
        let user = read_user(&mut tx, user).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Uses an invitation for a person who has no account yet.
    pub async fn accept_as_new(
        &self,
        link: &AccessLink,
        name: &str,
        password_hash: &str,
        now: Millis,
    ) -> Result<User, StoreError> {
        let mut tx = self.db.begin().await?;
        let (organization, email, role) = invitation(link)?;
        use_link(&mut tx, link, now).await?;
        let new = NewUser {
            email: email.to_owned(),
            name: name.to_owned(),
            password_hash: Some(password_hash.to_owned()),
            super_admin: false,
        };
        let user = insert_user(&mut tx, &new, now).await?;
        put_member(&mut tx, organization, user, role, now).await?;
        note(&mut tx, Some(organization), name, "member.joined", user, now).await?;
        let user = read_user(&mut tx, user).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Uses an invitation for a signed-in person, and moves the session into the organisation.
    /// [`StoreError::Forbidden`] when the invitation is for another address.
    pub async fn accept_as(&self, link: &AccessLink, who: &SignedIn, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let (organization, email, role) = invitation(link)?;
        if email != who.user.email {
            return Err(StoreError::Forbidden);
        }
        use_link(&mut tx, link, now).await?;
        put_member(&mut tx, organization, who.user.id, role, now).await?;
        // The role may have changed: other browsers start afresh.
        end_sessions(&mut tx, who.user.id, Some(who.session)).await?;
        tx.run(
            "UPDATE web_sessions SET organization_id = $1 WHERE id = $2",
            args![organization.0, who.session.0],
        )
        .await?;
        note(&mut tx, Some(organization), &who.user.name, "member.joined", who.user.id, now).await?;
        tx.commit().await
    }

    /// Uses a sign-in link up; whom it signs in.
    pub async fn use_sign_in_link(&self, link: &AccessLink, now: Millis) -> Result<User, StoreError> {
        let mut tx = self.db.begin().await?;
        use_link(&mut tx, link, now).await?;
        let user = read_user(&mut tx, link.user.ok_or(StoreError::Missing)?).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Books an attempt to sign in under each subject (an account, an address) before the password is looked at, so that
    /// many attempts at once cannot pass as one. Returns how long to wait, in milliseconds, when it is too early;
    /// then nothing was booked. [`Access::attempt_succeeded`] takes the booking back.
    pub async fn attempt(
        &self,
        subjects: &[(String, Patience)],
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.db.begin().await?;
        let mut wait_ms = 0;
        for (subject, patience) in subjects {
            // The row must exist before it can be locked.
            tx.run(
                "INSERT INTO sign_in_failures (subject, failures, last_at) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
                args![subject],
            )
            .await?;
            let (failures, last_at): (i64, i64) = tx
                .one(
                    "SELECT failures, last_at FROM sign_in_failures WHERE subject = $1 FOR UPDATE",
                    args![subject],
                )
                .await?;
            wait_ms = wait_ms.max(wait_after(failures, Millis(last_at), *patience, now));
        }
        if wait_ms > 0 {
            return Ok(Some(wait_ms));
        }
        for (subject, _) in subjects {
            tx.run(
                "UPDATE sign_in_failures SET failures = CASE WHEN last_at > $1 THEN failures + 1 ELSE 1 END, last_at = $2
                 WHERE subject = $3",
                args![now.plus(-FAILURES_KEPT_MS), now, subject],
            )
            .await?;
        }
        tx.commit().await?;
        // Rows of attempts under way are skipped: waiting for them while holding others would be a deadlock.
        self.db
            .run(
                "DELETE FROM sign_in_failures WHERE subject IN
                     (SELECT subject FROM sign_in_failures WHERE last_at <= $1 FOR UPDATE SKIP LOCKED)",
                args![now.plus(-FAILURES_KEPT_MS)],
            )
            .await?;
        Ok(None)
    }

    /// The password was right: the account starts afresh. The address only gets this attempt back, so that somebody with
    /// one account of his own cannot guess at others' for ever.
    pub async fn attempt_succeeded(&self, account: &str, address: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM sign_in_failures WHERE subject = $1", args![account]).await?;
        tx.run(
            "UPDATE sign_in_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0",
            args![address],
        )
        .await?;
        tx.commit().await
    }
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    #[sqlx(flatten)]
    organization: OrganizationRow,
    role: Option<String>,
}

/// Milliseconds still to wait after so many failures.
fn wait_after(failures: i64, last_at: Millis, patience: Patience, now: Millis) -> i64 {
    let beyond = failures - patience.free_failures;
    if beyond < 0 || now.since(last_at) >= FAILURES_KEPT_MS {
        return 0;
    }
    let wait_ms = WAIT_MAX_MS.min(SECOND << beyond.min(20));
    (last_at.plus(wait_ms).since(now)).max(0)
}

fn invitation(link: &AccessLink) -> Result<(OrganizationId, &str, Role), StoreError> {
    match (link.organization, link.email.as_deref(), link.role) {
        (Some(organization), Some(email), Some(role)) => Ok((organization, email, role)),
        _ => Err(StoreError::Missing),
    }
}

/// Marks a link as used, unless it was used or has ended meanwhile.
async fn use_link(tx: &mut Tx, link: &AccessLink, now: Millis) -> Result<(), StoreError> {
    let used = tx
        .run(
            "UPDATE access_links SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND expires_at > $3",
            args![now, link.id.0, now],
        )
        .await?;
    if used == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

async fn insert_user(tx: &mut Tx, new: &NewUser, now: Millis) -> Result<UserId, StoreError> {
    let id = UserId::new(now);
    tx.run(
        "INSERT INTO users (id, email, name, password_hash, super_admin, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        args![id.0, new.email.to_lowercase(), &new.name, new.password_hash.clone(), new.super_admin, now],
    )
    .await?;
    Ok(id)
}

async fn read_user(tx: &mut Tx, id: UserId) -> Result<User, StoreError> {
    let row: UserRow = tx
        .one(
            "SELECT id, email, name, password_hash, super_admin, created_at FROM users WHERE id = $1",
            args![id.0],
        )
        .await?;
    Ok(User::from(row))
}

async fn put_member(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    role: Role,
    now: Millis,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
        args![organization.0, user.0, role.word(), now],
    )
    .await?;
    Ok(())
}

/// Ends all sessions of a user but `keep`.
pub(crate) async fn end_sessions(
    tx: &mut Tx,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2",
        args![user.0, keep.map_or(Uuid::nil(), |session| session.0)],
    )
    .await?;
    Ok(())
}

/// An audit entry where there is no [`crate::Org`].
async fn note(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
    actor: &str,
    action: &'static str,
    subject: impl ToString,
    now: Millis,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO audit_log (id, organization_id, actor, action, subject, detail, at)
         VALUES ($1, $2, $3, $4, $5, '', $6)",
        args![
            domain::ids::AuditId::new(now).0,
            organization.map(|id| id.0),
            actor,
            action,
            subject.to_string(),
            now
        ],
    )
    .await?;
    Ok(())
}

/// Whether a stored zone name is one that this program knows.
pub(crate) fn zone(name: &str) -> Result<Zone, StoreError> {
    Zone::parse(name).map_err(|_| StoreError::Corrupt {
        table: "organizations",
        column: "zone",
        value: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let patience = Patience { free_failures: 5 };
        let at = Millis(1_000_000);
        for (failures, expected_ms) in
            [(0, 0), (4, 0), (5, 1_000), (6, 2_000), (9, 16_000), (15, 900_000), (1_000, 900_000)]
        {
            assert_eq!(wait_after(failures, at, patience, at), expected_ms, "after {failures}");
        }
        assert_eq!(wait_after(6, at, patience, at.plus(1_500)), 500);
        assert_eq!(wait_after(6, at, patience, at.plus(2_000)), 0);
        assert_eq!(wait_after(100, at, patience, at.plus(DAY)), 0);
    }
}
