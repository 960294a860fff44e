//! Signing in: users, sessions, one-time links, failed attempts. Nobody is known yet, so nothing here belongs to one organisation.
//!
//! Tokens never reach the store: callers pass their SHA-256. Passwords never reach it either: callers pass an argon2id text.

mod attempts;
mod links;
mod organizations;
mod sessions;
mod users;

use domain::{ids::OrganizationId, time::Millis};

use crate::{
    db::{Db, Tx, args},
    error::StoreError,
};

pub use self::{
    attempts::SignInLimits,
    links::{AccessLink, LinkKind},
    sessions::{SessionLife, SignedIn},
    users::{NewUser, User},
};
pub(crate) use sessions::end_sessions;

/// Store calls for signing in.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) db: Db,
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
