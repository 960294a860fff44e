//! What the messages of a broadcast are counted in.

use domain::channel::Channel;

/// Whom a broadcast addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressees {
    /// Each message goes to a person.
    People,
    /// Each message goes to a group.
    Groups,
}

impl Addressees {
    /// Of a channel.
    pub fn of(channel: Channel) -> Addressees {
        match channel {
            Channel::WhatsappGroup => Addressees::Groups,
            Channel::WhatsappPersonal | Channel::Sms | Channel::IvrCall => Addressees::People,
        }
    }

    /// "person", "people", "group", "groups".
    pub fn noun(self, n: i64) -> &'static str {
        match (self, n) {
            (Addressees::People, 1) => "person",
            (Addressees::People, _) => "people",
            (Addressees::Groups, 1) => "group",
            (Addressees::Groups, _) => "groups",
        }
    }

    /// Title of the list of them.
    pub fn title(self) -> &'static str {
        match self {
            Addressees::People => "Recipients",
            Addressees::Groups => "Groups",
        }
    }

    /// Head of the column of their names.
    pub fn column(self) -> &'static str {
        match self {
            Addressees::People => "Person",
            Addressees::Groups => "Group",
        }
    }

    /// What they are searched by.
    pub fn search(self) -> &'static str {
        match self {
            Addressees::People => "Name, number or e-mail",
            Addressees::Groups => "Name of a group",
        }
    }

    /// "Nobody", "No group", as the beginning of a sentence.
    pub fn none(self) -> &'static str {
        match self {
            Addressees::People => "Nobody",
            Addressees::Groups => "No group",
        }
    }
}
