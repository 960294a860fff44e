//! Where values come from, and what is known when they are put in.

use serde::{Deserialize, Serialize};

use crate::{
    name::first_of,
    variable::{VariableName, Variables},
};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "text")]
pub enum Source {
    /// The registrant's full name.
    RegistrantName,
    /// The first word of the registrant's name.
    RegistrantFirstName,
    /// The registrant's e-mail address.
    RegistrantEmail,
    /// The registrant's number in E.164 form.
    RegistrantPhone,
    /// The address of the page where this person stops such messages. In a button only its last part, because the approved address
    /// stands before it.
    OptOutLink,
    /// This registrant's own short link, which leads to the workshop's join link as it stands when it is opened, and counts who opened it.
    /// In a button only its last part.
    RegistrantJoinLink,
    /// The workshop's title.
    WorkshopTitle,
    /// The day of its start, `13 October 2026`.
    WorkshopDate,
    /// The time of its start, `7:00 PM`.
    WorkshopTime,
    /// The workshop's join link.
    WorkshopJoinLink,
    /// The organisation's name.
    OrganisationName,
    /// What needs a person, in a few words. Only alerts have one.
    AlertMatter,
    /// How many people, messages or posts it concerns.
    AlertCount,
    /// Where everything that needs somebody is listed.
    AlertLink,
    /// A value that the workshop's people enter for it.
    Variable(VariableName),
    /// The same text for everybody.
    Fixed(String),
}

impl Source {
    /// Every source but variables and fixed text, with its word in forms and its words on screens.
    pub const LISTED: &'static [(&'static str, &'static str, Source)] = &[
        ("registrant_first_name", "Registrant · First name", Source::RegistrantFirstName),
        ("registrant_name", "Registrant · Full name", Source::RegistrantName),
        ("registrant_email", "Registrant · E-mail", Source::RegistrantEmail),
        ("registrant_phone", "Registrant · Phone", Source::RegistrantPhone),
        ("opt_out_link", "Registrant · Opt-out link", Source::OptOutLink),
        ("registrant_join_link", "Registrant · Own join link", Source::RegistrantJoinLink),
        ("workshop_title", "Workshop · Title", Source::WorkshopTitle),
        ("workshop_date", "Workshop · Date", Source::WorkshopDate),
        ("workshop_time", "Workshop · Start time", Source::WorkshopTime),
        ("workshop_join_link", "Workshop · Join link", Source::WorkshopJoinLink),
        ("organisation_name", "Organisation · Name", Source::OrganisationName),
        ("alert_matter", "Alert · Matter", Source::AlertMatter),
        ("alert_count", "Alert · Count", Source::AlertCount),
        ("alert_link", "Alert · Short link", Source::AlertLink),
    ];

    /// The word of any variable in forms. Its name stands behind it, or is typed beside it.
    pub const VARIABLE: &'static str = "variable:";

    /// The word in forms.
    pub fn word(&self) -> &'static str {
        match self {
            Source::Variable(_) => Self::VARIABLE,
            _ => {
                Self::LISTED.iter().find(|(_, _, source)| source == self).map_or("fixed", |(word, _, _)| word)
            }
        }
    }

    /// What is typed beside the word: the name of a variable, or the fixed text.
    pub fn typed(&self) -> &str {
        match self {
            Source::Variable(name) => name.as_str(),
            Source::Fixed(text) => text,
            _ => "",
        }
    }

    /// Reads the word of a form; `fixed` is what was typed beside it.
    pub fn from_word(word: &str, fixed: &str) -> Option<Source> {
        if let Some(name) = word.strip_prefix(Self::VARIABLE) {
            let name = if name.is_empty() { fixed } else { name };
            return VariableName::parse(name).ok().map(Source::Variable);
        }
        if word == "fixed" {
            return Some(Source::Fixed(fixed.to_owned()));
        }
        Self::LISTED.iter().find(|(known, _, _)| *known == word).map(|(_, _, source)| source.clone())
    }

    /// Whether only alerts have this value.
    pub fn is_of_alerts(&self) -> bool {
        matches!(self, Source::AlertMatter | Source::AlertCount | Source::AlertLink)
    }

    /// Whether the value differs from person to person.
    pub fn is_personal(&self) -> bool {
        matches!(
            self,
            Source::RegistrantName
                | Source::RegistrantFirstName
                | Source::RegistrantEmail
                | Source::RegistrantPhone
                | Source::OptOutLink
                | Source::RegistrantJoinLink
        )
    }
}

/// What is known about a recipient and the event when values are put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Full name; may be empty.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Number in E.164 form; may be empty.
    pub phone: String,
    /// The page where this person stops such messages; empty while nobody makes links.
    pub opt_out_link: String,
    /// This person's own short link to the workshop; empty while nobody makes links.
    pub own_join_link: String,
    /// The workshop's title.
    pub workshop_title: String,
    /// Written out for messages in the organisation's zone.
    pub workshop_date: String,
    /// Written out for messages in the organisation's zone.
    pub workshop_time: String,
    /// The workshop's join link; may be empty.
    pub workshop_join_link: String,
    /// What was entered for the workshop, by name.
    pub variables: Variables,
    /// The organisation's name.
    pub organisation: String,
    /// Alerts alone: what needs a person; empty in broadcasts.
    pub alert_matter: String,
    /// Alerts alone: how many it concerns.
    pub alert_count: String,
    /// Alerts alone: where it is listed.
    pub alert_link: String,
}

impl Facts {
    pub(crate) fn value<'a>(&'a self, source: &'a Source) -> &'a str {
        match source {
            Source::RegistrantName => &self.name,
            Source::RegistrantFirstName => first_of(&self.name),
            Source::RegistrantEmail => &self.email,
            Source::RegistrantPhone => &self.phone,
            Source::OptOutLink => &self.opt_out_link,
            Source::RegistrantJoinLink => &self.own_join_link,
            Source::WorkshopTitle => &self.workshop_title,
            Source::WorkshopDate => &self.workshop_date,
            Source::WorkshopTime => &self.workshop_time,
            Source::WorkshopJoinLink => &self.workshop_join_link,
            Source::OrganisationName => &self.organisation,
            Source::AlertMatter => &self.alert_matter,
            Source::AlertCount => &self.alert_count,
            Source::AlertLink => &self.alert_link,
            Source::Variable(name) => self.variables.get(name).map_or("", String::as_str),
            Source::Fixed(text) => text,
        }
    }
}
