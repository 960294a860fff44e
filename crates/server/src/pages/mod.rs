//! Pages. A handler parses, calls the store or the engine, and answers; business belongs below.

pub mod account;
pub mod attendance;
pub mod attention;
pub mod broadcast;
pub mod calendar;
pub mod consents;
pub mod correct;
mod csv;
pub mod demo;
pub mod erase;
pub mod group_new;
pub mod groups;
pub mod health;
pub mod home;
pub mod imports;
pub mod invite;
mod kept_upload;
pub mod keys;
pub mod link;
pub mod login;
mod machine;
pub mod members;
pub mod operator;
pub mod opt_out;
pub mod opted_out;
pub mod opted_out_import;
pub mod organisation;
pub mod people;
pub mod person;
pub mod person_export;
pub mod person_opt_out;
mod person_reach;
mod person_told;
pub mod post_file;
pub mod posts_by_hand;
pub mod problem;
pub mod registrants_export;
pub mod settings;
pub mod setup;
pub mod stream;
pub mod team;
mod told_answer;
pub mod webhook;
pub mod workshop;
pub mod workshops;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::role::Permission;
use maud::{Markup, Render};

use crate::{
    http::extract::Member,
    ui::{
        head::Settings,
        shell::{Crumb, Page, Section},
    },
};

/// The foot of pages outside: "Munadi 0.1.0 · runs on your own server".
pub fn foot() -> String {
    format!("Munadi {} · runs on your own server", env!("CARGO_PKG_VERSION"))
}

/// A form that was sent back, with its errors at their places.
pub fn unprocessable(page: impl Render) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page.render()).into_response()
}

/// "Fact, then way out" for a text that is missing or too long, in characters.
fn length_error(text: &str, max: usize, missing: &str) -> Option<String> {
    match text.chars().count() {
        0 => Some(missing.to_owned()),
        n if n > max => Some(format!("{n} of {max} characters. Shorten it.")),
        _ => None,
    }
}

/// Pages of the settings, with who sees them in the list.
const SETTINGS: &[(&str, &str, Permission)] = &[
    ("Integrations", "/settings/integrations", Permission::Read),
    ("WhatsApp accounts", settings::accounts::HREF, Permission::Read),
    ("Templates", "/settings/templates", Permission::Read),
    ("Recordings", settings::recordings::HREF, Permission::Read),
    ("Purposes", settings::purposes::HREF, Permission::Manage),
    ("Sequences", settings::sequences::HREF, Permission::Read),
    ("Tags", settings::tags::HREF, Permission::Read),
    ("Prices", "/settings/prices", Permission::Read),
    ("Links", settings::links::HREF, Permission::Read),
    ("Alerts", settings::alerts::HREF, Permission::Manage),
    ("Team", "/settings/team", Permission::Team),
    ("Organisation", "/settings/organisation", Permission::Read),
    ("Audit log", "/settings/audit", Permission::Manage),
];

/// A page of the settings: the list of those this person may open beside it. `href` is one of the list.
pub fn settings_page<'a>(member: &'a Member, title: &str, href: &str, body: Markup) -> Page<'a> {
    let items = SETTINGS
        .iter()
        .filter(|(_, _, permission)| member.may(*permission))
        .map(|(label, to, _)| ((*label).to_owned(), (*to).to_owned(), *to == href))
        .collect();
    let mut page = member.page(Section::Settings, title, Settings { items, body }.render());
    page.crumbs = vec![Crumb::to("Settings", "/settings"), Crumb::here(title)];
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_counted_in_characters() {
        assert_eq!(length_error("नमस्ते", 6, "x"), None);
        assert_eq!(length_error("", 6, "Type it."), Some("Type it.".into()));
        assert!(length_error("1234567", 6, "x").is_some());
    }
}
