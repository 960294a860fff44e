//! The user who asks, signed in to an organisation. Pages, streams and programs take this; only pages load a frame
//! beside it.

use std::ops::Deref;

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::role::Permission;
use store::{SignedIn, User};

use super::{error::Problem, gate::who_may};

/// A person who is signed in, in an organisation. What this person may do was checked by the route's entry in the
/// table.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The store, the organisation, the member's role and the moment.
    pub asks: compose::Caller,
    /// The user who is signed in.
    pub user: User,
    /// The session, and the place in an organisation that it stands for.
    pub signed_in: SignedIn,
}

impl Deref for Caller {
    type Target = compose::Caller;
    fn deref(&self) -> &compose::Caller {
        &self.asks
    }
}

impl Caller {
    /// Refuses with the roles that may.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) { Ok(()) } else { Err(Problem::forbidden(who_may(self.role, permission))) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let none = || {
            Problem::forbidden("You belong to no organisation here. Ask an admin of yours for an invitation.")
        };
        parts.extensions.get::<Caller>().cloned().ok_or_else(none)
    }
}
