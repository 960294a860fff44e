//! The list of workshops; entering, changing and cancelling one.

pub mod form;
mod progress;

use std::collections::HashMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::{TagId, WorkshopId},
    role::Permission,
    time::Millis,
    workshop::WorkshopStatus,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    plans::PlanProgress,
    tags::Tag,
    workshops::{OpenBroadcasts, Workshop, WorkshopFilter, WorkshopWhen},
};

use self::form::open;
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
        notice::see_other_saying,
    },
    pages::workshop::plan,
    ui::{
        bar::Key,
        button::{Button, Csrf},
        chip::{self, Chip, State as Chips, TagColour, Tone},
        dialog::Confirm,
        empty::Empty,
        format::{counted, grouped, relative},
        head::Head,
        icons::Icon,
        pagination::Trail,
        recipient_summary::{Pills, SummaryPart},
        shell::{Crumb, Section},
        table::{self, Column, Place, Row, Search, Table},
    },
};

pub(crate) use crate::ui::format::form_value;
pub(crate) use form::{link_error, whole_link};

/// Rows of a page of the list.
const PAGE: i64 = 50;

/// The address of a workshop's page.
pub fn href(id: WorkshopId) -> String {
    format!("/workshops/{id}")
}

/// What the address of the list says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    when: String,
    #[serde(default)]
    q: String,
    /// Only those with that tag.
    #[serde(default)]
    tag: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
}

impl ListQuery {
    fn filter(&self, now: Millis) -> WorkshopFilter {
        let when = match self.when.as_str() {
            "past" => WorkshopWhen::Past(now),
            "all" => WorkshopWhen::All,
            _ => WorkshopWhen::Upcoming(now),
        };
        let after = self
            .after
            .split_once('_')
            .and_then(|(at, id)| Some((Millis(at.parse().ok()?), id.parse().ok()?)));
        WorkshopFilter { when, title: self.q.clone(), tag: self.tag(), after, limit: PAGE + 1 }
    }

    /// A tag that cannot be read is taken as not said.
    fn tag(&self) -> Option<TagId> {
        self.tag.parse().ok()
    }

    fn to(&self, when: &str, tag: Option<TagId>) -> String {
        let q = form_value(&self.q);
        let q = if q.is_empty() { q } else { format!("&q={q}") };
        let tag = tag.map_or_else(String::new, |tag| format!("&tag={tag}"));
        format!("/workshops?when={when}{q}{tag}")
    }
}

/// `GET /workshops`
pub async fn list(member: Member, Query(query): Query<ListQuery>) -> PageResult {
    let mut workshops = member.org.workshops(&query.filter(member.now)).await?;
    let more = workshops.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    workshops.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let nothing_at_all = workshops.is_empty() && query.q.is_empty() && query.tag().is_none() && {
        let any = WorkshopFilter { limit: 1, ..WorkshopFilter::default() };
        member.org.workshops(&any).await?.is_empty()
    };
    let tags = member.org.tags().await?;
    let ids: Vec<WorkshopId> = workshops.iter().map(|workshop| workshop.id).collect();
    let progress = member.org.plans_progress(&ids, member.now).await?;
    let may = member.may(Permission::Manage);
    let mut head = Head::new("Workshops").action(super::calendar::button());
    if may && !nothing_at_all {
        head = head.action(Button::primary_link("New workshop", "/workshops/new").icon(Icon::Plus));
    }
    let body = html! {
        (head)
        @if nothing_at_all {
            (Empty {
                icon: Icon::Workshop,
                title: "No workshops yet".into(),
                text: "A workshop holds the people who registered and everything they are told.".into(),
                actions: if may { vec![Button::primary_link("New workshop", "/workshops/new").icon(Icon::Plus)] } else { vec![] },
                ways: vec![],
            })
        } @else {
            (list_card(&member, &query, (&workshops, &progress), more, &tags))
        }
    };
    Ok(member.page(Section::Workshops, "Workshops", body).render().into_response())
}

fn list_card(
    member: &Member,
    query: &ListQuery,
    (workshops, progress): (&[Workshop], &HashMap<WorkshopId, PlanProgress>),
    more: bool,
    tags: &[Tag],
) -> Markup {
    let when = if query.when.is_empty() { "upcoming" } else { query.when.as_str() };
    let search = Search {
        action: "/workshops".into(),
        label: "Title".into(),
        value: query.q.clone(),
        keep: vec![("when".into(), when.to_owned()), ("tag".into(), query.tag.clone())],
    };
    let tabs = html! {
        nav class="m-filters" aria-label="Which workshops" {
            @for (word, label) in [("upcoming", "Upcoming"), ("past", "Past"), ("all", "All")] {
                a class="m-pill" href=(query.to(word, query.tag())) aria-current=[(word == when).then_some("true")] { (label) }
            }
        }
        @if !tags.is_empty() {
            nav class="m-filters" aria-label="Which tag" {
                a class="m-pill" href=(query.to(when, None)) aria-current=[query.tag().is_none().then_some("true")] { "Any tag" }
                @for tag in tags {
                    a class="m-pill" href=(query.to(when, Some(tag.id))) aria-current=[(query.tag() == Some(tag.id)).then_some("true")] { (tag_chip(tag)) }
                }
            }
        }
    };
    let shown = i64::try_from(workshops.len()).unwrap_or(0);
    let next = workshops.last().filter(|_| more).map(|last| format!("{}_{}", last.starts_at.0, last.id));
    let trail = Trail::read(&query.after, query.from, &query.back);
    let pagination = trail.foot(&query.to(when, query.tag()), PAGE, shown, next, None);
    let title = match when {
        "upcoming" => "Upcoming workshops",
        "past" => "Past workshops",
        _ => "All workshops",
    };
    let empty = if query.q.is_empty() && query.tag().is_some() {
        "No workshop with this tag here. Look under another heading above.".to_owned()
    } else if query.q.is_empty() {
        "Nothing here. Look under another heading above.".to_owned()
    } else {
        format!("No title has “{}” in it.", query.q)
    };
    html! {
        section class="m-card" aria-labelledby="workshops-title" {
            header class="m-card__head m-people__head" { h2 class="m-card__title" id="workshops-title" { (title) } (search) }
            (tabs)
            (Table {
                caption: "Workshops".into(),
                columns: vec![
                    Column::new("Workshop", Place::Title),
                    Column::new("State", Place::State),
                    Column::new("When", Place::Line),
                    Column::new("Plan", Place::Line),
                    Column::new("Registered", Place::Number),
                ],
                rows: workshops.iter().map(|workshop| row(member, workshop, progress.get(&workshop.id))).collect(),
                empty,
            })
            (pagination)
        }
    }
}

fn row(member: &Member, workshop: &Workshop, progress: Option<&PlanProgress>) -> Row {
    let zone = &member.organization.zone;
    Row::new(vec![
        html! {
            (table::name(&href(workshop.id), &workshop.title, ""))
            @if let Some(tag) = &workshop.tag { " " (tag_chip(tag)) }
        },
        status_chip(workshop, member.now).render(),
        html! {
            (zone.date(workshop.starts_at, member.now)) ", " (zone.time(workshop.starts_at))
            span class="m-sub" { (relative(workshop.starts_at.0, member.now.0)) }
        },
        progress::cell(member, workshop, progress),
        html! { (grouped(workshop.registrants)) },
    ])
}

/// Where a workshop stands: what was decided, and what the clock says.
pub(super) fn status_chip(workshop: &Workshop, now: Millis) -> Chip {
    let chip = |tone, icon, word: &str| Chip { tone, icon, word: word.to_owned() };
    match workshop.status {
        WorkshopStatus::Cancelled => Chips::Cancelled.chip(),
        _ if workshop.ends_at <= now => chip(Tone::Rest, Icon::Ok, "Over"),
        _ if workshop.starts_at <= now => chip(Tone::Run, Icon::Play, "Live"),
        WorkshopStatus::Planned => chip(Tone::Rest, Icon::Wait, "Planned"),
        WorkshopStatus::Confirmed | WorkshopStatus::Completed => chip(Tone::Done, Icon::Ok, "Confirmed"),
    }
}

/// A tag as screens show it.
pub(super) fn tag_chip(tag: &Tag) -> chip::Tag {
    chip::Tag { name: tag.name.clone(), colour: TagColour::named(tag.colour.word()) }
}

/// The way to a page below the list or below a workshop.
pub(super) fn crumbs(workshop: Option<&Workshop>, here: &str) -> Vec<Crumb> {
    let mut crumbs = vec![Crumb::to("Workshops", "/workshops")];
    if let Some(workshop) = workshop {
        crumbs.push(Crumb::to(&workshop.title, href(workshop.id)));
    }
    crumbs.push(Crumb::here(here));
    crumbs
}

/// `GET /workshops/{workshop}/cancel`: what it would stop, and the button.
pub async fn ask_cancel(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = open(&member, id).await?;
    let stops = member.org.open_broadcasts(id).await?;
    let steps = plan::steps_to_come(&member, id).await?;
    let confirm = cancel_confirm(&workshop, &stops, steps, member.csrf());
    let mut page = member.page(Section::Workshops, "Cancel workshop", confirm.page());
    page.crumbs = crumbs(Some(&workshop), "Cancel");
    Ok(page.render().into_response())
}

/// The question before a workshop is cancelled. It names what stops.
pub(super) fn cancel_confirm(
    workshop: &Workshop,
    stops: &OpenBroadcasts,
    steps: usize,
    csrf: &Csrf,
) -> Confirm {
    let n = stops.broadcasts.len();
    let body = html! {
        @if n == 0 {
            p class="m-p" { "No broadcast of this workshop is open. Its " (counted(workshop.registrants, "registrant stays", "registrants stay")) " on record." }
        } @else {
            p class="m-p" {
                (counted(n, "broadcast stops", "broadcasts stop")) ", and "
                (counted(stops.waiting, "message that still waits is", "messages that still wait are")) " not sent:"
            }
            ul class="m-ul" { @for (_, title) in stops.broadcasts.iter().take(10) { li { (title) } } }
            @if n > 10 { p class="m-p" { "And " (grouped(n - 10)) " more." } }
        }
        @if steps > 0 { p class="m-p" { (counted(steps, "step of its plan that is still to come does", "steps of its plan that are still to come do")) " not go." } }
        p class="m-p" { "Nobody is told by this alone. Afterwards you can send them a message for the purpose “Cancelled”. Cancelling cannot be undone." }
    };
    let words = match n {
        0 => "Cancel workshop".to_owned(),
        _ => format!("Cancel workshop and {}", counted(n, "broadcast", "broadcasts")),
    };
    Confirm {
        id: "cancel-workshop".into(),
        title: format!("Cancel “{}”?", workshop.title),
        body,
        action: format!("{}/cancel", href(workshop.id)),
        csrf: csrf.clone(),
        hidden: vec![],
        confirm: Button::danger(words),
        back: ("Keep workshop".into(), href(workshop.id)),
    }
}

/// `POST /workshops/{workshop}/cancel`
pub async fn cancel(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let ended = member.org.cancel_workshop(id, member.now).await?;
    let words = match ended {
        0 => "Workshop cancelled.".to_owned(),
        n => format!("Workshop cancelled. {} stopped.", counted(n, "broadcast", "broadcasts")),
    };
    Ok(see_other_saying(&app, &href(id), &words))
}

/// Filters of a list, as figures that lead to it.
pub(super) fn pills(parts: &[(Key, String, i64, String)], current: usize, name: &'static str) -> Markup {
    let parts: Vec<SummaryPart> = parts
        .iter()
        .map(|(key, label, n, href)| SummaryPart {
            key: *key,
            label: label.clone(),
            n: *n,
            href: href.clone(),
        })
        .collect();
    Pills { parts: &parts, current: Some(current), class: "m-filters", name, live_id: None }.render()
}

/// An answer of a page.
pub(super) fn ok(page: impl Render) -> Response {
    page.render().into_response()
}
