//! People who can sign in, and their passwords.

use domain::{
    ids::{OrganizationId, SessionId, UserId},
    role::Role,
    time::Millis,
};
use uuid::Uuid;

use super::{Access, note, sessions::end_sessions};
use crate::{
    db::{Tx, args},
    error::StoreError,
};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id of the user.
    pub id: UserId,
    /// E-mail address in lower case, with which the user signs in.
    pub email: String,
    /// The name that others see.
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
    /// E-mail address; kept in lower case.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// argon2id text; `None` for a user who signs in by link first.
    pub password_hash: Option<String>,
    /// Whether this user is above organisations.
    pub super_admin: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
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

impl Access {
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
        Ok(row.map(|row| {
            let hash = row.password_hash.clone();
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
}

pub(super) async fn insert_user(tx: &mut Tx, new: &NewUser, now: Millis) -> Result<UserId, StoreError> {
    let id = UserId::new(now);
    tx.run(
        "INSERT INTO users (id, email, name, password_hash, super_admin, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        args![id.0, new.email.to_lowercase(), &new.name, new.password_hash.clone(), new.super_admin, now],
    )
    .await?;
    Ok(id)
}

pub(super) async fn read_user(tx: &mut Tx, id: UserId) -> Result<User, StoreError> {
    let row: UserRow = tx
        .one(
            "SELECT id, email, name, password_hash, super_admin, created_at FROM users WHERE id = $1",
            args![id.0],
        )
        .await?;
    Ok(User::from(row))
}

pub(super) async fn put_member(
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
