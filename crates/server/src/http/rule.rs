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
    /// Anybody; forms are guarded.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// A member whose role allows it.
    Role(Permission),
    /// The host of the installation.
    SuperAdmin,
}

impl From<Permission> for Needs {
    fn from(permission: Permission) -> Needs {
        Needs::Role(permission)
    }
}

/// What the gate knows about a route.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Pattern of the path.
    pub path: &'static str,
    /// Who may use it.
    pub needs: Needs,
    /// Who reads its answers.
    pub kind: Kind,
    /// Most bytes of a body.
    pub body_max: usize,
    /// Longest time until the answer begins.
    pub timeout: Duration,
    /// Whether sessions may end by it, or rights change: live streams look again at once.
    pub changes_access: bool,
}
