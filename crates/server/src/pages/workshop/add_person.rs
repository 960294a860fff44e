//! The form that registers one person.

use domain::{email::Email, name::PersonName, phone::Phone};
use maud::html;
use serde::Deserialize;
use store::{registrants::NewRegistrant, workshops::Workshop};

use super::super::workshops;
use crate::{
    http::extract::Member,
    ui::{button::Button, field::Field, head::Card},
};

/// What the form of one new registrant sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PersonForm {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) phone: String,
    #[serde(default)]
    pub(super) email: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PersonErrors {
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
}

impl PersonForm {
    /// All that is wrong at once, or the person.
    pub(super) fn check(&self, member: &Member) -> Result<NewRegistrant, PersonErrors> {
        let name = PersonName::parse(&self.name);
        let name_error = (name.is_none() && !self.name.trim().is_empty())
            .then(|| "This is no name a message could greet with.".to_owned());
        let phone = match self.phone.trim() {
            "" => Ok(None),
            typed => {
                Phone::parse(typed, member.organization.country).map(Some).map_err(|error| error.to_string())
            }
        };
        let email = match self.email.trim() {
            "" => Ok(None),
            typed => Email::parse(typed).map(Some).map_err(|error| error.to_string()),
        };
        match (name_error, phone, email) {
            (None, Ok(None), Ok(None)) => Err(PersonErrors {
                phone: Some("Enter a number, or at least an e-mail address.".to_owned()),
                ..PersonErrors::default()
            }),
            (None, Ok(phone), Ok(email)) => Ok(NewRegistrant {
                name,
                email,
                phone,
                phone_typed: self.phone.trim().to_owned(),
                ..NewRegistrant::default()
            }),
            (name, phone, email) => Err(PersonErrors { name, phone: phone.err(), email: email.err() }),
        }
    }
}

pub(super) fn add_card(
    member: &Member,
    workshop: &Workshop,
    form: &PersonForm,
    errors: &PersonErrors,
) -> Card {
    Card::new(
        "add",
        "Add a person",
        html! {
            form class="m-stack" method="post" action={ (workshops::href(workshop.id)) "/registrants" } {
                (member.csrf())
                (Field::text("name", "Name").value(&form.name).autocomplete("off").error(errors.name.clone()))
                (Field::phone("phone", "Phone").value(&form.phone).autocomplete("off").help("With its country code, unless it is a number of your country.").error(errors.phone.clone()))
                (Field::email("email", "E-mail").value(&form.email).autocomplete("off").error(errors.email.clone()))
                (Button::new("Add person").busy("Adding…"))
            }
        },
    )
    .padded()
}
