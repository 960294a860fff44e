//! Links that let somebody in once: to set up, to join, to sign in without a password.

use domain::{
    ids::{AccessLinkId, OrganizationId, UserId},
    role::Role,
    time::Millis,
};
use uuid::Uuid;

use super::{
    Access, note,
    sessions::{SignedIn, end_sessions},
    users::{NewUser, User, insert_user, put_member, read_user},
};
use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    members::{NewOrganization, insert_organization},
};

/// What a one-time link lets somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Create the first organisation and its admin.
    SetUp,
    /// Join an organisation as a member.
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
    /// Id of the link.
    pub id: AccessLinkId,
    /// What the link lets somebody do.
    pub kind: LinkKind,
    /// The organisation to join; `None` where the link joins none.
    pub organization: Option<OrganizationId>,
    /// The name of that organisation.
    pub organization_name: Option<String>,
    /// The user who signs in by the link; `None` for the other kinds.
    pub user: Option<UserId>,
    /// Who is invited, in lower case.
    pub email: Option<String>,
    /// The role that whoever accepts it gets.
    pub role: Option<Role>,
    /// When the link ends.
    pub expires_at: Millis,
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

/// Holds for a link `l` as long as whoever issued it may still do so. The command line needs no right.
macro_rules! issuer_may {
    () => {
        "(l.issued_by IS NULL OR EXISTS (
            SELECT 1 FROM users u LEFT JOIN memberships m ON m.user_id = u.id AND m.organization_id = l.organization_id
            WHERE u.id = l.issued_by AND (u.super_admin OR m.role = 'admin')))"
    };
}

impl Access {
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
                concat!(
                    "SELECT l.id, l.kind, l.organization_id, o.name AS organization_name, l.user_id, l.email, l.role, l.expires_at
                     FROM access_links l LEFT JOIN organizations o ON o.id = l.organization_id
                     WHERE l.token_hash = $1 AND l.kind = $2 AND l.used_at IS NULL AND l.expires_at > $3 AND ",
                    issuer_may!()
                ),
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
}

fn invitation(link: &AccessLink) -> Result<(OrganizationId, &str, Role), StoreError> {
    match (link.organization, link.email.as_deref(), link.role) {
        (Some(organization), Some(email), Some(role)) => Ok((organization, email, role)),
        _ => Err(StoreError::Missing),
    }
}

/// Marks a link as used, unless it was used or has ended meanwhile, also because whoever issued it may do so no more.
async fn use_link(tx: &mut Tx, link: &AccessLink, now: Millis) -> Result<(), StoreError> {
    let used = tx
        .run(
            concat!(
                "UPDATE access_links AS l SET used_at = $1
                 WHERE l.id = $2 AND l.used_at IS NULL AND l.expires_at > $3 AND ",
                issuer_may!()
            ),
            args![now, link.id.0, now],
        )
        .await?;
    if used == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
