//! People across workshops: one search by words of name, number and e-mail.

use domain::{ids::RegistrantId, role::Permission};
use maud::html;
use serde::Deserialize;
use store::people::{FoundPerson, NewestMessage};

use super::workshops::{form_value, ok};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    ui::{
        button::Button,
        format::{grouped, phone},
        head::Head,
        icons::Icon,
        pagination::Trail,
        shell::Section,
        table::{self, Column, Place, Row, Search, Table},
    },
};

/// People of a page of the list.
const PAGE: usize = 50;
/// So many new people are in the index of searches within a second; nothing is said of them.
const WAITING_FEW: i64 = 20_000;
/// People without an entry in the index are counted up to this.
const WAITING_MOST: i64 = 200_000;
/// Longest search text; more is cut.
const SEARCH_CHARS_MAX: usize = 100;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
}

/// `GET /people`
pub async fn search(member: Member, Query(query): Query<SearchQuery>) -> PageResult {
    let q: String = query.q.chars().take(SEARCH_CHARS_MAX).collect();
    let q = q.trim();
    let people = member.org.find_people(q, Some(&query.after), PAGE).await?;
    let waiting = match q {
        "" => 0,
        _ => member.org.behind_index(WAITING_MOST).await?,
    };
    let phones = people.found.iter().map(|one| one.phone.clone()).filter(|phone| !phone.is_empty()).collect();
    let numberless: Vec<RegistrantId> = people
        .found
        .iter()
        .filter(|one| one.phone.is_empty())
        .filter_map(|one| one.registration.as_ref().map(|(_, registrant, _)| *registrant))
        .collect();
    let newest = member.org.newest_messages(phones, numberless).await?;
    let title = if q.is_empty() { "Newest people" } else { "Found" };
    let mut head =
        Head::new("People").action(Button::link("Opted out", "/people/opted-out").icon(Icon::Skip));
    if member.may(Permission::AddRegistrants) {
        head = head.action(Button::primary_link("Import people", "/imports").icon(Icon::Upload));
    }
    let empty = match q {
        "" => "Nobody yet. Import a file of registrants, or add a person on a workshop's page.".to_owned(),
        q => nobody_matches(q),
    };
    let is_short = people.next.is_some() && people.found.len() < PAGE;
    let empty = if is_short { "Nobody among those looked at so far.".to_owned() } else { empty };
    let base = if q.is_empty() { "/people".to_owned() } else { format!("/people?q={}", form_value(q)) };
    let trail = Trail::read(&query.after, query.from, &query.back);
    let shown = i64::try_from(people.found.len()).unwrap_or(0);
    let foot = trail.foot(&base, i64::try_from(PAGE).unwrap_or(0), shown, people.next, None);
    let search = Search {
        action: "/people".into(),
        label: "Name, number or e-mail".into(),
        value: q.to_owned(),
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
                    Column::new("Last message", Place::Line),
                    Column::new("State", Place::State),
                ],
                rows: people.found.iter().map(|one| row(&member, one, &newest)).collect(),
                empty,
            })
            @if is_short {
                p class="m-tablefoot" { "The people of an import that was taken back are being cleared. Older people are on the next page." }
            }
            @if waiting > WAITING_FEW {
                p class="m-tablefoot" { (words_of_waiting(waiting)) }
            }
            (foot)
        }
    };
    Ok(ok(member.page(Section::People, "People", body)))
}

/// What is said when a search finds nobody: what was searched for, and how else it may be found.
pub(super) fn nobody_matches(q: &str) -> String {
    format!(
        "Nobody matches “{q}”. Every word is looked for at the beginning of names and e-mail addresses; a number by its beginning or its last four digits. Try fewer words or letters."
    )
}

/// How far the index is behind an import.
fn words_of_waiting(n: i64) -> String {
    let more = if n == WAITING_MOST { "more than " } else { "" };
    format!(
        "A large import is being indexed, {more}{} people to go. Searches find everybody meanwhile, and take longer.",
        grouped(n)
    )
}

fn row(member: &Member, person: &FoundPerson, newest: &[NewestMessage]) -> Row {
    let name = if person.name.is_empty() { "No name" } else { person.name.as_str() };
    let (to, note, number) = match (&person.lead, &person.registration) {
        (Some(lead), _) => (format!("/people/{lead}"), String::new(), phone(&person.phone)),
        (None, Some((workshop, registrant, title))) => {
            (super::workshop::registrant::href(*workshop, *registrant), title.clone(), "–".to_owned())
        }
        (None, None) => ("/people".to_owned(), String::new(), "–".to_owned()),
    };
    let note = if note.is_empty() { person.email.clone() } else { note };
    let registrant = person.registration.as_ref().map(|(_, registrant, _)| *registrant);
    let is_theirs = |one: &&NewestMessage| match person.phone.as_str() {
        "" => one.registrant.is_some() && one.registrant == registrant,
        number => one.phone == number,
    };
    let last = newest.iter().find(is_theirs);
    let zone = &member.organization.zone;
    Row::new(vec![
        table::name(&to, name, &note),
        html! { (number) },
        html! {
            @match last {
                Some(last) => {
                    (last.title) " · " (last.workshop_title)
                    span class="m-sub" { (last.channel.title()) ", " (zone.moment(last.changed_at, member.now)) }
                }
                None => { span class="m-soft" { "None lately" } }
            }
        },
        html! { @if let Some(last) = last { (super::broadcast::state_chip(last.state)) } },
    ])
}
