//! Sessions: which user and organisation a browser's token belongs to, and until when.

use domain::{
    ids::{OrganizationId, SessionId, UserId},
    role::Role,
    time::{Millis, SECOND},
};
use uuid::Uuid;

use super::{
    Access,
    users::{User, UserRow},
};
use crate::{
    Actor, Change,
    db::{Tx, args},
    error::{StoreError, word},
    members::{Organization, OrganizationRow},
};

/// How often a session's last use is written, at most.
const SEEN_EVERY_MS: i64 = 60 * SECOND;

/// The user, organisation and role that a session stands for at this moment.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Id of the session.
    pub session: SessionId,
    /// The user who signed in.
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

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    organization_id: Option<Uuid>,
    seen_at: i64,
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    #[sqlx(flatten)]
    organization: OrganizationRow,
    role: Option<String>,
}

impl Access {
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

    /// The user of a session token; `None` when the token is unknown or the session has ended. Writes the last use at
    /// most once a minute.
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
        let mut tx = self.db.begin().await?;
        tx.run(
            "UPDATE web_sessions SET organization_id = $1 WHERE id = $2",
            args![organization.0, who.session.0],
        )
        .await?;
        tx.tell(Change::Access);
        tx.commit().await
    }

    /// Signs out.
    pub async fn end_session(&self, session: SessionId) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM web_sessions WHERE id = $1", args![session.0]).await?;
        tx.tell(Change::Access);
        tx.commit().await
    }

    /// Signs out every other browser of this user; how many there were.
    pub async fn end_other_sessions(&self, who: &SignedIn) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let ended = end_sessions(&mut tx, who.user.id, Some(who.session)).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

/// Ends all sessions of a user but `keep`; how many there were.
pub(crate) async fn end_sessions(
    tx: &mut Tx,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<u64, StoreError> {
    let ended = tx
        .run(
            "DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2",
            args![user.0, keep.map_or(Uuid::nil(), |session| session.0)],
        )
        .await?;
    tx.tell(Change::Access);
    Ok(ended)
}
