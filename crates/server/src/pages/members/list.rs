//! The lists of people behind the figures.

use domain::{
    broadcast::Audience,
    channel::Channel,
    ids::WorkshopId,
    role::Permission,
    time::{Millis, Zone},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::membership::{ListedPerson, MembershipFilter};

use super::{View, of_workshop, tell};
use crate::{
    pages::workshops::pills,
    ui::{
        bar::Key,
        button::Button,
        chip::{Chip, Tone},
        format::{form_value, grouped, phone},
        icons::Icon,
        pagination::Pagination,
        table::{Column, Place, Row, Search, Table, name},
    },
};

/// People of a page.
pub(super) const PAGE: i64 = 50;

/// What the address says about the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    list: String,
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    page: i64,
}

/// The lists: word in the address, which, what it is called, its key.
const LISTS: [(&str, MembershipFilter, &str, Key); 6] = [
    ("", MembershipFilter::Missing, "Missing", Key::Failed),
    ("never", MembershipFilter::Never, "Never joined", Key::Waiting),
    ("left", MembershipFilter::Left, "Left", Key::Skipped),
    ("here", MembershipFilter::Here, "In a group", Key::Done),
    ("unknown", MembershipFilter::Unknown, "Not registered", Key::Unknown),
    ("hidden", MembershipFilter::Hidden, "Hidden number", Key::Expired),
];

fn word(which: MembershipFilter) -> &'static str {
    LISTS.iter().find(|(_, listed, ..)| *listed == which).map_or("", |(word, ..)| word)
}

impl ListQuery {
    pub(super) fn which(&self) -> MembershipFilter {
        LISTS
            .iter()
            .find(|(word, ..)| *word == self.list)
            .map_or(MembershipFilter::Missing, |(_, which, ..)| *which)
    }

    /// People above this page.
    pub(super) fn skip(&self) -> i64 {
        self.page.clamp(0, 100_000).saturating_mul(PAGE)
    }

    pub(super) fn to(&self, workshop: WorkshopId, which: MembershipFilter) -> String {
        format!("{}?list={}#people", of_workshop(workshop), word(which))
    }

    /// The file of the same list.
    pub(super) fn file(&self, workshop: WorkshopId) -> String {
        format!("{}.csv?list={}&q={}", of_workshop(workshop), word(self.which()), form_value(&self.q))
    }

    fn turned(&self, workshop: WorkshopId, page: i64) -> String {
        let (list, q) = (word(self.which()), form_value(&self.q));
        format!("{}?list={list}&q={q}&page={page}#people", of_workshop(workshop))
    }
}

fn state(person: &ListedPerson, which: MembershipFilter) -> (Tone, Icon, &'static str) {
    match which {
        MembershipFilter::Unknown => (Tone::Act, Icon::Question, "Not registered"),
        MembershipFilter::Hidden => (Tone::Rest, Icon::Question, "Hidden number"),
        MembershipFilter::Missing
        | MembershipFilter::Never
        | MembershipFilter::Left
        | MembershipFilter::Here
            if person.is_here =>
        {
            (Tone::Done, Icon::Ok, "In a group")
        }
        _ if person.left_at.is_some() => (Tone::Act, Icon::Back, "Left"),
        _ => (Tone::Rest, Icon::Skip, "Never joined"),
    }
}

/// The line of a file.
pub(super) fn cells(person: ListedPerson, which: MembershipFilter, zone: &Zone) -> [String; 6] {
    let (.., words) = state(&person, which);
    let at = |at: Option<Millis>| at.map_or(String::new(), |at| zone.rfc3339(at));
    [person.name, person.phone, words.to_owned(), at(person.registered_at), at(person.left_at), person.group]
}

pub(super) fn people(view: &View<'_>, rows: &[ListedPerson], more: bool) -> Markup {
    let (workshop, query) = (view.workshop.id, view.query);
    let which = query.which();
    let n = |of: MembershipFilter| match of {
        MembershipFilter::Missing => view.joined.missing(),
        MembershipFilter::Never => view.joined.never(),
        MembershipFilter::Left => view.joined.left,
        MembershipFilter::Here => view.joined.here,
        MembershipFilter::Unknown => view.known.unknown(),
        MembershipFilter::Hidden => view.known.hidden,
    };
    let parts: Vec<_> = LISTS
        .iter()
        .map(|(_, of, label, key)| (*key, (*label).to_owned(), n(*of), query.to(workshop, *of)))
        .collect();
    let current = LISTS.iter().position(|(_, of, ..)| *of == which).unwrap_or(0);
    let search = Search {
        action: format!("{}#people", of_workshop(workshop)),
        label: "Name or number".into(),
        value: query.q.clone(),
        keep: vec![("list".into(), word(which).into())],
    };
    let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let foot = Pagination {
        first: query.skip() + 1,
        last: if shown == 0 { 0 } else { query.skip() + shown },
        total: query.q.is_empty().then(|| n(which)),
        previous: (query.skip() > 0).then(|| query.turned(workshop, query.page - 1)),
        next: more.then(|| query.turned(workshop, query.page + 1)),
    };
    html! {
        section class="m-card m-people" id="people" aria-labelledby="people-title" {
            header class="m-card__head m-people__head" { h2 class="m-card__title" id="people-title" { "People" } (search) }
            (pills(&parts, current, "People by state"))
            (acting(view, which, n(which)))
            (table(view, rows, which))
            (foot)
        }
    }
}

/// What can be done for the people of a list.
fn acting(view: &View<'_>, which: MembershipFilter, n: i64) -> Markup {
    let audience = match which {
        MembershipFilter::Missing => Some(Audience::NoGroup),
        MembershipFilter::Left => Some(Audience::LeftGroup),
        MembershipFilter::Never
        | MembershipFilter::Here
        | MembershipFilter::Unknown
        | MembershipFilter::Hidden => None,
    };
    let audience = audience.filter(|_| n > 0 && view.member.may(Permission::Send));
    html! {
        @if let Some(audience) = audience {
            div class="m-acting" {
                p { b { (grouped(n)) @if which == MembershipFilter::Left { " left." } @else { " missing." } } " They are told on another channel." }
                div {
                    (Button::link(format!("By WhatsApp Personal ({})", grouped(n)), tell(view.workshop.id, Channel::WhatsappPersonal, &audience)).small())
                    (Button::link(format!("By SMS ({})", grouped(n)), tell(view.workshop.id, Channel::Sms, &audience)).small())
                }
            }
        }
    }
}

fn table(view: &View<'_>, rows: &[ListedPerson], which: MembershipFilter) -> Table {
    let (zone, now) = (&view.member.organization.zone, view.member.now);
    let row = |person: &ListedPerson| {
        let number = phone(&person.phone);
        let digits: String = person.phone.chars().filter(char::is_ascii_digit).collect();
        let title = if person.name.is_empty() { number.clone() } else { person.name.clone() };
        let who = match digits.is_empty() {
            true => html! { @if title.is_empty() { "Number hidden" } @else { (title) } },
            false => {
                let below = if person.name.is_empty() { "" } else { number.as_str() };
                name(&format!("/people/number/{digits}"), &title, below)
            }
        };
        let (tone, icon, words) = state(person, which);
        let since = match (person.left_at, person.registered_at) {
            (Some(at), _) => format!("Left “{}” {}", person.group, zone.moment(at, now)),
            (None, Some(at)) => format!("Registered {}", zone.moment(at, now)),
            (None, None) => String::new(),
        };
        let group = if person.left_at.is_none() { person.group.as_str() } else { "" };
        Row::new(vec![
            who,
            html! { (Chip { tone, icon, word: words.to_owned() }) },
            html! { (since) },
            html! { (group) },
        ])
    };
    Table {
        caption: "People of this list".into(),
        columns: vec![
            Column::new("Person", Place::Title),
            Column::new("State", Place::State),
            Column::new("Since", Place::Line),
            Column::new("Group", Place::Line),
        ],
        rows: rows.iter().map(row).collect(),
        empty: "Nobody.".into(),
    }
}
