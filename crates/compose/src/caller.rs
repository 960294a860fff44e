//! Who asks: a person on a page, the command line, a token.

use domain::{
    role::{Permission, Role},
    time::Millis,
};
use store::{Org, Organization};

/// Who asks for something: the user, the organisation, the role, and the moment. What it may do was not checked yet:
/// [`Caller::may`].
#[derive(Clone, Debug)]
pub struct Caller {
    /// The store, bound to the actor in this organisation.
    pub org: Org,
    /// The organisation's settings, as its zone.
    pub organization: Organization,
    /// What the actor is here.
    pub role: Role,
    /// The moment of the request.
    pub now: Millis,
}

impl Caller {
    /// The actor behind a handle, in its organisation, now.
    pub fn new(org: Org, organization: Organization, now: Millis) -> Caller {
        let role = org.actor().role;
        Caller { org, organization, role, now }
    }

    /// Whether the actor may do that.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}
