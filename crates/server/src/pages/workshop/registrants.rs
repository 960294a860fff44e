//! The list of a workshop’s registrants, with its filters.

use std::collections::BTreeMap;

use domain::{
    ids::{RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    role::Permission,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    attendance::Attendance,
    registrants::{Registrant, RegistrantCounts, RegistrantFilter, Which},
    workshops::Workshop,
};

use super::super::{
    attendance, correct, people,
    workshops::{form_value, href, pills},
};
use super::told::Ledger;
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
        table::Search,
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
    /// The purpose that the figures are about.
    #[serde(default)]
    pub(super) told: String,
    /// The word of the open tab.
    #[serde(default)]
    pub(super) tab: String,
}

/// The registrants of a page of the list.
pub(super) struct People<'a> {
    pub(super) people: &'a [Registrant],
    /// Whether there is a next page.
    pub(super) more: bool,
    /// What these people were told.
    pub(super) ledger: Ledger<'a>,
    /// Who attended; `None` where no report was uploaded.
    pub(super) attendance: Option<BTreeMap<RegistrantId, Attendance>>,
}

impl ListQuery {
    pub(super) fn which(&self) -> Which {
        FILTERS.iter().find(|(word, _, _)| *word == self.which).map_or(Which::All, |(_, which, _)| *which)
    }

    /// Whether the tab of the workshop's own settings is asked for.
    pub(super) fn sets_up(&self) -> bool {
        self.tab == super::SET_UP
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
    list: &People<'_>,
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
        Which::All => Key::All,
        Which::Status(RegistrantStatus::Registered) => Key::Done,
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
        section class="m-card m-people m-ledger" id="registrants" aria-labelledby="registrants-title" {
            header class="m-card__head m-people__head" { h2 class="m-card__title" id="registrants-title" { "Registrants" } (search)
                @if member.may(Permission::Manage) { (Button { download: true, ..Button::link("Export", export).icon(Icon::Download).small() }) }
            }
            (pills(&parts, chosen, "Filter registrants"))
            nav class="m-filters" aria-label="More filters" {
                @for (word, which, label) in FILTERS.iter().filter(|(_, which, _)| n(*which).is_none()) {
                    a class="m-pill" href=(place(word)) aria-current=[(query.which() == *which).then_some("true")] { (key(*which)) (label) }
                }
            }
            (people_table(member, workshop, query, list))
            (pagination(workshop, query, list.people, list.more, n(query.which())))
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

fn people_table(member: &Member, workshop: &Workshop, query: &ListQuery, list: &People<'_>) -> Markup {
    let empty = match (query.q.as_str(), query.which()) {
        ("", Which::All) => "Nobody has registered yet. Import a file, or enter one person.".to_owned(),
        ("", _) => "Nobody here.".to_owned(),
        (q, _) => people::nobody_matches(q),
    };
    if list.people.is_empty() {
        let nobody = query.q.is_empty() && query.which() == Which::All;
        return html! {
            p class="m-none" {
                (empty)
                @if nobody && member.may(Permission::AddRegistrants) {
                    " " a class="m-link" href={ (href(workshop.id)) "?tab=" (super::SET_UP) "#add" } { "Add a person" }
                }
            }
        };
    }
    let ticks = can_tick(member, workshop);
    html! {
        @if ticks {
            form id=(TICKS) method="get" action={ (href(workshop.id)) "/tell" } class="m-rowticks" {
                label class="m-tick-all" hidden { input type="checkbox" data-tick-all autocomplete="off"; "Tick all on this page" }
                (Button::new("Write to ticked people").icon(Icon::Send).ticked("who").small())
                span class="m-sub" { "Tick people below. Nothing is sent before you have seen the message." }
            }
        }
        table class="m-table m-ledger__table" {
            caption class="mui-visually-hidden" { "Registrants" }
            thead { tr {
                th scope="col" class="m-w-name" { "Person" }
                th scope="col" { "Registered" }
                @for purpose in list.ledger.purposes { th scope="col" { (purpose.title()) } }
                th scope="col" class="is-act" { span class="mui-visually-hidden" { "Actions" } }
            } }
            tbody { @for person in list.people { (person_row(member, workshop, person, list)) } }
        }
    }
}

fn person_row(member: &Member, workshop: &Workshop, person: &Registrant, list: &People<'_>) -> Markup {
    let ledger = &list.ledger;
    let zone = &member.organization.zone;
    let name = match person.name.as_str() {
        _ if person.is_erased => "Erased person",
        "" => "No name",
        name => name,
    };
    let number = match (person.phone.as_str(), person.phone_typed.as_str()) {
        ("", "") => "no phone".to_owned(),
        ("", typed) => typed.to_owned(),
        (number, _) => phone(number),
    };
    let chip = if person.is_erased {
        Some(erased_chip())
    } else if person.status == RegistrantStatus::Registered && person.mark.is_none() && !person.suppressed {
        None
    } else {
        Some(registrant_chip(person.status, person.mark, person.suppressed))
    };
    let source = source_word(&person.source);
    let came = if person.came_from.is_empty() {
        source.to_owned()
    } else {
        format!("{} · {source}", person.came_from)
    };
    let may = member.may(Permission::Manage) && !person.is_erased;
    let tells = person.status == RegistrantStatus::Registered;
    let ticks = can_tick(member, workshop);
    html! {
        tr data-row {
            td class={ "m-col-name" @if ticks { " has-tick" } } {
                @if ticks && tells && !person.is_erased && !person.phone.is_empty() {
                    label class="m-rowtick" {
                        input type="checkbox" name="who" value=(person.id) form=(TICKS) autocomplete="off";
                        span class="mui-visually-hidden" { "Tick " (name) }
                    }
                }
                @if person.is_erased { b { (name) } }
                @else if person.phone.is_empty() { a class="m-rowlink" href=(super::registrant::href(workshop.id, person.id)) { (name) } }
                @else {
                    a class="m-rowlink" href={ "/people/number/" (person.phone.trim_start_matches('+')) } { (name) }
                }
                span class="m-sub" { (number) @if !person.email.is_empty() { span class="m-hide-s" { " · " (person.email) } } }
                @if let Some(chip) = chip { div class="m-inrow" { (chip) } }
                @if let Some(words) = attended(workshop, person, list) { span class="m-sub" { (words) } }
            }
            td class="m-col-reg" { (zone.date(person.registered_at, member.now)) span class="m-sub" { (came) } }
            @for purpose in ledger.purposes {
                td class="m-p" data-label=(purpose.title()) { @if tells || ledger.place(person, purpose).is_some() { (ledger.cell(member, person, purpose)) } @else { "–" } }
            }
            td class="is-act" {
                div class="m-rowacts" {
                    @if let Some((words, to)) = next_for(member, workshop, person, ledger) { a class="m-link" href=(to) { (words) } }
                    @if may { (menu(member, workshop, person)) }
                }
            }
        }
    }
}

/// Whether somebody was there, where that is known.
fn attended(workshop: &Workshop, person: &Registrant, list: &People<'_>) -> Option<String> {
    let known = list.attendance.as_ref()?;
    match known.get(&person.id) {
        Some(attendance) => Some(attendance::word(attendance)),
        None => {
            let could_come =
                person.status == RegistrantStatus::Registered && workshop.in_time(person.registered_at);
            (could_come && !person.is_erased).then(|| "Absent".to_owned())
        }
    }
}

/// The form that ticks belong to; it stands outside the table, whose rows have forms of their own.
const TICKS: &str = "ticks";

/// Whether people can be ticked to be written to.
fn can_tick(member: &Member, workshop: &Workshop) -> bool {
    member.may(Permission::Send)
        && workshop.status != WorkshopStatus::Cancelled
        && workshop.ends_at > member.now
}

/// The one thing to do about somebody: a number that is missing, or what they were not told.
fn next_for(
    member: &Member,
    workshop: &Workshop,
    person: &Registrant,
    ledger: &Ledger<'_>,
) -> Option<(&'static str, String)> {
    if person.is_erased
        || person.status != RegistrantStatus::Registered
        || workshop.status == WorkshopStatus::Cancelled
    {
        return None;
    }
    let corrects = member.may(Permission::Manage);
    match person.mark {
        Some(SkipReason::NoPhone) if corrects => {
            return Some(("Add number", correct::href(workshop.id, person.id)));
        }
        Some(_) if corrects => return Some(("Change number", correct::href(workshop.id, person.id))),
        Some(_) => return None,
        None => {}
    }
    let ahead = workshop.ends_at > member.now && member.may(Permission::Send) && !person.suppressed;
    let left = ledger.purposes.iter().any(|purpose| match ledger.place(person, purpose) {
        None => true,
        Some(place) => {
            matches!(place.state, MessageState::Failed | MessageState::Expired | MessageState::Skipped)
        }
    });
    (ahead && left).then(|| (correct::TELL, correct::tell_href(workshop.id, &[person.id])))
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
