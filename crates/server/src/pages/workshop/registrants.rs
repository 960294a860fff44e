//! The list of a workshop’s registrants, with its filters.

use domain::{ids::WorkshopId, message::SkipReason, role::Permission, workshop::RegistrantStatus};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    registrants::{Registrant, RegistrantCounts, RegistrantFilter, Which},
    workshops::Workshop,
};

use super::super::{
    correct, people,
    workshops::{form_value, href, pills},
};
use crate::{
    http::extract::Member,
    ui::{
        bar::Key,
        button::Button,
        chip::{Chip, Tone},
        format::phone,
        icons::Icon,
        menu::{Menu, MenuItem},
        pagination::{Pagination, Trail},
        table::{self, Column, Place, Row, Search, Table},
        words::reasons,
    },
};

/// Registrants of a page of the list.
pub(super) const PAGE: usize = 50;

/// What the address of the page says about the list of registrants.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    pub(super) which: String,
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    pub(super) after: String,
    #[serde(default)]
    pub(super) from: i64,
    #[serde(default)]
    pub(super) back: String,
}

impl ListQuery {
    pub(super) fn which(&self) -> Which {
        FILTERS.iter().find(|(word, _, _)| *word == self.which).map_or(Which::All, |(_, which, _)| *which)
    }

    /// What the store is asked for.
    pub(in crate::pages) fn filter(&self) -> RegistrantFilter {
        RegistrantFilter {
            which: self.which(),
            search: self.q.clone(),
            after: self.after.parse().ok(),
            limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
        }
    }

    pub(super) fn to(&self, workshop: WorkshopId, which: &str) -> String {
        let q = form_value(&self.q);
        let q = if q.is_empty() { q } else { format!("&q={q}") };
        format!("{}?which={which}{q}", href(workshop))
    }
}

/// The filters of the list: word in the address, what it means, label.
const FILTERS: &[(&str, Which, &str)] = &[
    ("", Which::All, "All"),
    ("no_phone", Which::NoPhone, "Missing phone"),
    ("invalid_phone", Which::InvalidPhone, "Invalid"),
    ("landline", Which::Landline, "Landline"),
    ("duplicate", Which::Duplicate, "Duplicate"),
    ("suppressed", Which::Suppressed, "Suppressed"),
    ("no_consent", Which::NoConsent, "No consent"),
    ("no_name", Which::NoName, "No name"),
    ("cancelled", Which::Status(RegistrantStatus::Cancelled), "Cancelled"),
    ("refunded", Which::Status(RegistrantStatus::Refunded), "Refunded"),
];

/// The word on screens.
pub(in crate::pages) fn status_word(status: RegistrantStatus) -> &'static str {
    match status {
        RegistrantStatus::Registered => "Registered",
        RegistrantStatus::Cancelled => "Cancelled",
        RegistrantStatus::Refunded => "Refunded",
    }
}

/// Why somebody cannot be told, or where the registration stands.
pub(in crate::pages) fn registrant_chip(
    status: RegistrantStatus,
    mark: Option<SkipReason>,
    suppressed: bool,
) -> Chip {
    let chip = |tone, icon, word: &str| Chip { tone, icon, word: word.to_owned() };
    match (status, mark) {
        (RegistrantStatus::Cancelled | RegistrantStatus::Refunded, _) => {
            chip(Tone::Rest, Icon::Cancel, status_word(status))
        }
        (RegistrantStatus::Registered, Some(reason)) => {
            chip(Tone::Act, Icon::Warning, reasons::excluded(reason).title)
        }
        (RegistrantStatus::Registered, None) if suppressed => {
            chip(Tone::Rest, Icon::Skip, reasons::excluded(SkipReason::Suppressed).title)
        }
        (RegistrantStatus::Registered, None) => chip(Tone::Done, Icon::Ok, "Registered"),
    }
}

/// Of a place that is counted still, and nobody's any more.
fn erased_chip() -> Chip {
    Chip { tone: Tone::Rest, icon: Icon::Cancel, word: "Erased".to_owned() }
}

pub(super) fn registrants_card(
    member: &Member,
    workshop: &Workshop,
    counts: &RegistrantCounts,
    query: &ListQuery,
    people: &[Registrant],
    more: bool,
) -> Markup {
    let current = FILTERS.iter().position(|(word, _, _)| *word == query.which).unwrap_or(0);
    let n = |which: Which| match which {
        Which::All => Some(counts.registered + counts.cancelled + counts.refunded),
        Which::NoPhone => Some(counts.no_phone),
        Which::InvalidPhone => Some(counts.invalid_phone),
        Which::Landline => Some(counts.landline),
        Which::Duplicate => Some(counts.duplicate),
        Which::Status(RegistrantStatus::Cancelled) => Some(counts.cancelled),
        Which::Status(RegistrantStatus::Refunded) => Some(counts.refunded),
        Which::Status(RegistrantStatus::Registered) => Some(counts.registered),
        // Not counted: by channel, and by list.
        Which::Suppressed | Which::NoConsent | Which::NoName => None,
    };
    let key = |which: Which| match which {
        Which::All | Which::Status(RegistrantStatus::Registered) => Key::Done,
        Which::InvalidPhone | Which::Landline => Key::Failed,
        Which::Duplicate => Key::Expired,
        Which::Suppressed | Which::Status(_) => Key::Cancelled,
        Which::NoPhone | Which::NoConsent | Which::NoName => Key::Skipped,
    };
    let place = |word: &str| format!("{}#registrants", query.to(workshop.id, word));
    let counted_parts: Vec<_> = FILTERS
        .iter()
        .enumerate()
        .filter_map(|(at, (word, which, label))| {
            Some((at, (key(*which), (*label).to_owned(), n(*which)?, place(word))))
        })
        .collect();
    let chosen = counted_parts.iter().position(|(at, _)| *at == current).unwrap_or(usize::MAX);
    let parts: Vec<_> = counted_parts.into_iter().map(|(_, part)| part).collect();
    let search = Search {
        action: format!("{}#registrants", href(workshop.id)),
        label: "Name, number or e-mail".into(),
        value: query.q.clone(),
        keep: vec![("which".into(), query.which.clone())],
    };
    let export = query.to(workshop.id, &query.which).replacen(
        &href(workshop.id),
        &format!("{}/registrants.csv", href(workshop.id)),
        1,
    );
    html! {
        section class="m-card m-people" id="registrants" aria-labelledby="registrants-title" {
            header class="m-card__head m-people__head" { h2 class="m-card__title" id="registrants-title" { "Registrants" } (search)
                (Button { download: true, ..Button::link("Export", export).icon(Icon::Download).small() })
            }
            (pills(&parts, chosen, "Filter registrants"))
            nav class="m-filters" aria-label="More filters" {
                @for (word, which, label) in FILTERS.iter().filter(|(_, which, _)| n(*which).is_none()) {
                    a class="m-pill" href=(place(word)) aria-current=[(query.which() == *which).then_some("true")] { (key(*which)) (label) }
                }
            }
            (people_table(member, workshop, query, people))
            (pagination(workshop, query, people, more, n(query.which())))
        }
    }
}

fn pagination(
    workshop: &Workshop,
    query: &ListQuery,
    people: &[Registrant],
    more: bool,
    total: Option<i64>,
) -> Pagination {
    let shown = i64::try_from(people.len()).unwrap_or(0);
    let here = format!("{}#registrants", query.to(workshop.id, &query.which));
    let next = people.last().filter(|_| more).map(|last| last.id.to_string());
    let total = total.filter(|_| query.q.is_empty());
    Trail::read(&query.after, query.from, &query.back).foot(&here, PAGE as i64, shown, next, total)
}

fn people_table(member: &Member, workshop: &Workshop, query: &ListQuery, people: &[Registrant]) -> Table {
    let zone = &member.organization.zone;
    let row = |person: &Registrant| {
        let name = match person.name.as_str() {
            _ if person.is_erased => "Erased person",
            "" => "No name",
            name => name,
        };
        let number = match (person.phone.as_str(), person.phone_typed.as_str()) {
            ("", "") => "–".to_owned(),
            ("", typed) => typed.to_owned(),
            (number, _) => phone(number),
        };
        let title = if person.phone.is_empty() {
            html! { b { (name) } @if !person.email.is_empty() { span class="m-sub" { (person.email) } } }
        } else {
            table::name(
                &format!("/people/number/{}", person.phone.trim_start_matches('+')),
                name,
                &person.email,
            )
        };
        Row::new(vec![
            title,
            if person.is_erased {
                erased_chip().render()
            } else {
                registrant_chip(person.status, person.mark, person.suppressed).render()
            },
            html! { (number) },
            html! {
                (zone.date(person.registered_at, member.now)) ", " (zone.time(person.registered_at))
                span class="m-sub" { @if !person.came_from.is_empty() { (person.came_from) " · " } (source_word(&person.source)) }
            },
            if member.may(Permission::Manage) && !person.is_erased {
                menu(member, workshop, person).render()
            } else {
                html! {}
            },
        ])
    };
    let empty = match (query.q.as_str(), query.which()) {
        ("", Which::All) => "Nobody has registered yet. Import a file, or add a person.".to_owned(),
        ("", _) => "Nobody here.".to_owned(),
        (q, _) => people::nobody_matches(q),
    };
    Table {
        caption: "Registrants".into(),
        columns: vec![
            Column::new("Person", Place::Title),
            Column::new("State", Place::State),
            Column::new("Phone", Place::Line),
            Column::new("Registered", Place::Wide),
            Column::new("Actions", Place::Actions),
        ],
        rows: people.iter().map(row).collect(),
        empty,
    }
}

/// How somebody came here.
pub(in crate::pages) fn source_word(source: &str) -> &'static str {
    match source {
        "import" => "from a file",
        _ => "by hand",
    }
}

pub(super) fn menu(member: &Member, workshop: &Workshop, person: &Registrant) -> Menu {
    let name = if person.name.is_empty() { person.phone.as_str() } else { person.name.as_str() };
    let action = format!("{}/registrants/{}/status", href(workshop.id), person.id);
    let item = |status: RegistrantStatus, label: &str| {
        let mut item = MenuItem::post(label, &action, member.csrf());
        if let crate::ui::menu::MenuAction::Post { fields, .. } = &mut item.action {
            fields.push(("status".to_owned(), status.word().to_owned()));
        }
        item
    };
    let mut items = match person.status {
        RegistrantStatus::Registered => vec![
            item(RegistrantStatus::Cancelled, "Mark as cancelled"),
            item(RegistrantStatus::Refunded, "Mark as refunded"),
        ],
        RegistrantStatus::Cancelled | RegistrantStatus::Refunded => {
            vec![item(RegistrantStatus::Registered, "Register again")]
        }
    };
    items.insert(0, MenuItem::link("Correct name or number", correct::href(workshop.id, person.id)));
    let stands = person.status == RegistrantStatus::Registered && !person.phone.is_empty();
    if stands && member.may(Permission::Send) {
        items.insert(0, MenuItem::link(correct::TELL, correct::tell_href(workshop.id, &[person.id])));
    }
    Menu { label: format!("More for {name}"), items }
}
