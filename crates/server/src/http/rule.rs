//! What the gate knows about a route.

use std::time::Duration;

use domain::role::Permission;

use super::error::Kind;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody and any program; no session is looked up and no form is guarded. For assets, health, and callbacks that prove
    /// themselves.
    Anyone,
    /// Anybody; forms have to carry their token.
    Public,
    /// Anybody who is signed in, also without an organisation.
    SignedIn,
    /// A member whose role has this permission.
    Role(Permission),
    /// The host of the installation.
    SuperAdmin,
}

impl From<Permission> for Needs {
    fn from(permission: Permission) -> Needs {
        Needs::Role(permission)
    }
}

/// What the gate has to know about a route.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The pattern of the path, such as `/broadcasts/{broadcast}`.
    pub path: &'static str,
    /// Who may use the route.
    pub needs: Needs,
    /// Who reads its answers.
    pub kind: Kind,
    /// The largest body of a request, in bytes.
    pub body_max: usize,
    /// The longest time until the answer begins.
    pub timeout: Duration,
    /// Whether the route may end sessions or change rights. Live streams then check their rights again at once.
    pub changes_access: bool,
}
