//! People across workshops: one search by name or number.

use domain::role::Permission;
use maud::{Render, html};
use serde::Deserialize;
use store::people::Found;

use super::workshops::{href, ok};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    ui::{
        button::Button,
        format::phone,
        head::Head,
        icons::Icon,
        shell::Section,
        table::{self, Column, Place, Row, Search, Table},
    },
};

/// People that a search shows.
const SHOWN_MAX: i64 = 50;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
}

/// `GET /people`
pub async fn search(member: Member, Query(query): Query<SearchQuery>) -> PageResult {
    let code = member.organization.country.calling_code();
    let found = member.org.find_people(&query.q, code, SHOWN_MAX).await?;
    let all_shown = found.len() < usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX);
    let title = match (query.q.trim(), all_shown) {
        ("", _) => "Newest people".to_owned(),
        (_, true) => "Found".to_owned(),
        (_, false) => format!("The first {SHOWN_MAX} found"),
    };
    let mut head =
        Head::new("People").action(Button::link("Opted out", "/people/opted-out").icon(Icon::Skip));
    if member.may(Permission::AddRegistrants) {
        head = head.action(Button::primary_link("Import people", "/imports").icon(Icon::Upload));
    }
    let empty = match query.q.trim() {
        "" => "Nobody yet. Import a file of registrants, or add a person on a workshop's page.".to_owned(),
        q => format!("Nobody matches “{q}”. Try fewer letters, or the last digits of the number."),
    };
    let search = Search {
        action: "/people".into(),
        label: "Name, number or e-mail".into(),
        value: query.q.clone(),
        keep: vec![],
    };
    let body = html! {
        (head)
        section class="m-card m-people" aria-labelledby="people-title" {
            header class="m-card__head m-people__head" { h2 class="m-card__title" id="people-title" { (title) } (search) }
            (Table {
                caption: "People".into(),
                columns: vec![
                    Column::new("Person", Place::Title),
                    Column::new("Phone", Place::Line),
                    Column::new("E-mail", Place::Line),
                ],
                rows: found.iter().map(row).collect(),
                empty,
            })
        }
    };
    Ok(ok(member.page(Section::People, "People", body)))
}

fn row(person: &Found) -> Row {
    let name = if person.name.is_empty() { "No name" } else { person.name.as_str() };
    let (to, note, number) = match (&person.lead, &person.registration) {
        (Some(lead), _) => (format!("/people/{lead}"), String::new(), phone(&person.phone)),
        (None, Some((workshop, _, title))) => {
            (format!("{}?which=no_phone#registrants", href(*workshop)), title.clone(), "–".to_owned())
        }
        (None, None) => ("/people".to_owned(), String::new(), "–".to_owned()),
    };
    let email = if person.email.is_empty() { "–" } else { person.email.as_str() };
    Row::new(vec![table::name(&to, name, &note), html! { (number) }, html! { (email) }.render()])
}
