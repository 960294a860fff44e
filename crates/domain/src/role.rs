//! Roles, and what each of them may do.

crate::text_enum! {
    /// A member's role in one organisation.
    Role, "role" {
        /// May do everything in the organisation.
        Admin = "admin",
        /// May do everything but manage the team, integrations' secrets and tokens.
        Manager = "manager",
        /// May read people and messages, and add registrants.
        Agent = "agent",
        /// May only read.
        Viewer = "viewer",
    }
}

/// Something a member may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See workshops, people, broadcasts and settings without secrets.
    Read,
    /// Add and import people to workshops.
    AddRegistrants,
    /// Workshops, templates, suppressions, organisation settings: create, change, cancel.
    Manage,
    /// Confirm, pause, resume, cancel and retry broadcasts.
    Send,
    /// Connect provider accounts, replace keys.
    Integrations,
    /// Invite members and change their roles.
    Team,
    /// See the page of whoever runs the installation.
    Operate,
    /// Erase a person, and say how long people are kept.
    Erase,
}

impl Role {
    /// Whether this role may do that. No other code decides this.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::{AddRegistrants, Erase, Integrations, Manage, Operate, Read, Send, Team};
        match (self, permission) {
            (Role::Admin, Read | AddRegistrants | Manage | Send | Integrations | Team | Operate | Erase) => {
                true
            }
            (Role::Manager, Read | AddRegistrants | Manage | Send | Operate) => true,
            (Role::Manager, Integrations | Team | Erase) => false,
            (Role::Agent, Read | AddRegistrants) => true,
            (Role::Agent, Manage | Send | Integrations | Team | Operate | Erase) => false,
            (Role::Viewer, Read) => true,
            (Role::Viewer, AddRegistrants | Manage | Send | Integrations | Team | Operate | Erase) => false,
        }
    }

    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            Role::Admin => "Admin",
            Role::Manager => "Manager",
            Role::Agent => "Agent",
            Role::Viewer => "Viewer",
        }
    }
}
