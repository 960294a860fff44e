//! One workshop: overview, its broadcasts, its registrants.

mod add_person;
pub mod plan;
pub(super) mod registrant;
mod registrants;
mod told;
pub mod variables;

use axum::extract::State;
use domain::{
    broadcast::Audience,
    ids::{RegistrantId, WorkshopId},
    role::Permission,
    time::MINUTE,
    told::Purpose,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    broadcasts::{Broadcast, BroadcastFilter, KeyBroadcasts},
    moved::OldTime,
    reached::ReachCounts,
    registrants::RegistrantCounts,
    workshops::Workshop,
};

pub use self::registrant::show as show_registrant;
pub(super) use self::registrants::{ListQuery, registrant_chip, source_word, status_word};
use self::{
    add_person::{PersonErrors, PersonForm, add_card},
    registrants::{PAGE, People, registrants_card},
    told::Ledger,
};
use super::{
    attendance, correct, groups, unprocessable, webhook,
    workshops::{cancel_confirm, crumbs, href, ok, status_chip, tag_chip},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    ui::{
        button::Button,
        chip::Tone,
        format::{counted, grouped, percent, relative},
        head::{Card, Fact, Head, KeyValues, Strip},
        icons::Icon,
        note::Note,
        shell::Section,
    },
};

/// Broadcasts shown on the workshop's page.
const BROADCASTS_SHOWN: i64 = 50;
/// Word of the tab in the address.
const SET_UP: &str = "set-up";

/// `GET /workshops/{workshop}`
pub async fn show(member: Member, Path(id): Path<WorkshopId>, Query(query): Query<ListQuery>) -> PageResult {
    Ok(ok(page(&member, id, &query, &PersonForm::default(), &PersonErrors::default()).await?))
}

/// `GET /workshops/{workshop}/tell?who=…`: the composer for the people that were ticked. Who cannot be read is left out.
pub async fn tell_ticked(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> PageResult {
    member.org.workshop(id).await?;
    let ticked = pairs.iter().filter(|(name, _)| name == "who");
    let people: Vec<RegistrantId> =
        ticked.filter_map(|(_, person)| person.parse().ok()).take(Audience::CHOSEN_MAX).collect();
    if people.is_empty() {
        let back = format!("{}#registrants", href(id));
        return Ok(see_other_failed(&app, &back, "Nobody was ticked. Tick the people to write to."));
    }
    Ok(see_other(&format!("{}#compose", correct::tell_href(id, &people))))
}

/// `POST /workshops/{workshop}/registrants`: one person, by hand.
pub async fn add(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<PersonForm>,
) -> PageResult {
    let person = match form.check(&member) {
        Ok(person) => person,
        Err(errors) => {
            return Ok(unprocessable(page(&member, id, &ListQuery::default(), &form, &errors).await?));
        }
    };
    let phone: Vec<String> = person.phone.iter().map(|phone| phone.as_str().to_owned()).collect();
    let added = member.org.add_registrant(id, person, member.now).await?;
    member.org.know_numbers_again(&phone, &app.phone_key).await?;
    let words =
        if added.new == 1 { "Registered." } else { "This person was registered already; nothing changed." };
    Ok(see_other_saying(&app, &format!("{}#registrants", href(id)), words))
}

/// What the menu of a registrant sends.
#[derive(Debug, Deserialize)]
pub struct StatusForm {
    status: String,
}

/// `POST /workshops/{workshop}/registrants/{registrant}/status`
pub async fn set_status(
    State(app): State<App>,
    member: Member,
    Path((workshop, registrant)): Path<(WorkshopId, RegistrantId)>,
    Form(form): Form<StatusForm>,
) -> PageResult {
    let status: RegistrantStatus =
        form.status.parse().map_err(|_| Problem::bad_request("Choose registered, cancelled or refunded."))?;
    let changed = member.org.set_registrant_status(workshop, registrant, status, member.now).await?;
    let words = match changed.messages_skipped {
        0 => format!("{} now.", status_word(status)),
        n => format!(
            "{} now. {} taken out.",
            status_word(status),
            counted(n, "waiting message was", "waiting messages were")
        ),
    };
    Ok(see_other_saying(&app, &format!("{}#registrants", href(workshop)), &words))
}

/// Everything that the page shows of a workshop.
struct View<'a> {
    member: &'a Member,
    workshop: &'a Workshop,
    counts: &'a RegistrantCounts,
    broadcasts: &'a [Broadcast],
    purposes: &'a [Purpose],
    /// What the figures are about, and they; none before anything was told.
    told: Option<(&'a Purpose, ReachCounts)>,
    /// People who were given a link of their own, and who opened it.
    own_links: (i64, i64),
    /// What was entered for its messages, and what a template would ask for.
    values: Vec<(String, Markup, Option<String>)>,
}

async fn page(
    member: &Member,
    id: WorkshopId,
    query: &ListQuery,
    form: &PersonForm,
    errors: &PersonErrors,
) -> Result<Markup, Problem> {
    let workshop = member.org.workshop(id).await?;
    let counts = member.org.registrant_counts(id).await?;
    let filter =
        BroadcastFilter { workshop: Some(id), by_keys: KeyBroadcasts::LeftOut, ..BroadcastFilter::default() };
    let broadcasts = member.org.broadcasts(&filter, BROADCASTS_SHOWN).await?;
    let purposes = told::purposes(&broadcasts);
    let chosen = purposes.iter().find(|purpose| purpose.word() == query.told).or(purposes.first());
    let mut told = None;
    if let Some(purpose) = chosen {
        let (today, _) = member.organization.zone.day(member.now);
        let reached = member.org.reached(&[id], purpose, today).await?;
        told = Some((purpose, reached.first().map(|(_, reached)| *reached).unwrap_or_default()));
    }
    let old_time = match workshop.starts_at > member.now {
        true => member.org.told_old_time(id).await?,
        false => None,
    };
    let stops = member.org.open_broadcasts(id).await?;
    let steps = plan::steps_to_come(member, id).await?;
    let own_links = member.org.own_links(id).await?;
    let values = variables::rows(member, &workshop).await?;
    let view = View {
        member,
        workshop: &workshop,
        counts: &counts,
        broadcasts: &broadcasts,
        purposes: &purposes,
        told,
        own_links,
        values,
    };
    let open = workshop.status != WorkshopStatus::Cancelled;
    let setting_up = query.sets_up() || *errors != PersonErrors::default();
    let main = if setting_up { set_up(&view, form, errors) } else { view.told(query).await? };
    let body = html! {
        (view.head())
        @if !open { (cancelled_note(member, &workshop, &counts)) }
        @if let Some(old) = &old_time { (moved_note(member, &workshop, old)) }
        (tabs(id, if setting_up { Tab::SetUp } else { Tab::Told }))
        (main)
        @if open && member.may(Permission::Manage) { (cancel_confirm(&workshop, &stops, steps, member.csrf())) }
    };
    let mut page = member.page(Section::Workshops, workshop.title.clone(), body);
    page.crumbs = crumbs(None, &workshop.title);
    Ok(page.render())
}

/// That it will not take place, and the way to say so to its people.
fn cancelled_note(member: &Member, workshop: &Workshop, counts: &RegistrantCounts) -> Note {
    let note = Note::new(
        Tone::Rest,
        "This workshop is cancelled.",
        "Nothing more is sent for it, but that it is cancelled. Its people and messages stay on record.",
    );
    if counts.registered == 0 || !member.may(Permission::Send) {
        return note;
    }
    let to = format!("/?workshop={}&purpose={}#compose", workshop.id, Purpose::CANCELLED);
    note.action(Button::link(format!("Tell them ({})", grouped(counts.registered)), to).small())
}

/// That people know a time that does not hold any more, and the way to tell them the new one.
fn moved_note(member: &Member, workshop: &Workshop, old: &OldTime) -> Note {
    let at = |at| member.organization.zone.moment(at, member.now);
    let note = Note::new(
        Tone::Act,
        format!("{} told {}.", counted(old.people, "person was", "people were"), at(old.starts_at)),
        format!("It starts {} now, and nothing has told them since.", at(workshop.starts_at)),
    );
    if !member.may(Permission::Send) {
        return note;
    }
    let to = format!("/?workshop={}&purpose={}#compose", workshop.id, Purpose::MOVED);
    note.action(Button::link(format!("Tell them the new time ({})", grouped(old.people)), to).small())
}

/// The parts of a workshop's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Told,
    Plan,
    SetUp,
}

/// What was told, what is planned, and how the workshop is set up.
fn tabs(workshop: WorkshopId, current: Tab) -> Markup {
    let tab = |icon: Icon, word: &str, to: String, current: bool| {
        html! {
            a class="m-tabs__tab" href=(to) aria-current=[current.then_some("page")] { (icon) span { (word) } }
        }
    };
    html! {
        nav class="m-tabs m-tabs--sub" aria-label="Workshop" {
            (tab(Icon::CheckTwice, "Told", href(workshop), current == Tab::Told))
            (tab(Icon::Workshop, "Plan", plan::href(workshop), current == Tab::Plan))
            (tab(Icon::Settings, "Set-up", format!("{}?tab={SET_UP}", href(workshop)), current == Tab::SetUp))
        }
    }
}

/// The workshop's variables, and the way to enter somebody.
fn set_up(view: &View<'_>, form: &PersonForm, errors: &PersonErrors) -> Markup {
    let open = view.workshop.status != WorkshopStatus::Cancelled;
    html! {
        div class="m-split m-split--list" {
            div class="m-stack" {
                (facts(view.workshop, view.counts))
                (details_card(view))
            }
            div class="m-stack" {
                @if open && view.member.may(Permission::AddRegistrants) { (add_card(view.member, view.workshop, form, errors)) }
            }
        }
    }
}

impl View<'_> {
    /// Figures, broadcasts, people.
    async fn told(&self, query: &ListQuery) -> Result<Markup, Problem> {
        let (member, workshop) = (self.member, self.workshop);
        let mut people = member.org.registrants(workshop.id, &query.filter()).await?;
        let more = people.len() > PAGE;
        people.truncate(PAGE);
        let shown: Vec<_> = people.iter().map(|person| (person.id, person.phone.clone())).collect();
        let places = match shown.is_empty() || self.purposes.is_empty() {
            true => vec![],
            false => member.org.told_people(workshop.id, &shown).await?,
        };
        let attendance = match member.org.has_attendance(workshop.id).await? {
            true => Some(member.org.attendance_of(workshop.id, people.iter().map(|person| person.id)).await?),
            false => None,
        };
        let cost = member.org.workshop_cost(workshop.id).await?;
        let ledger =
            Ledger { purposes: told::columns(self.purposes), places: &places, broadcasts: self.broadcasts };
        Ok(html! {
            @match &self.told {
                Some((purpose, reached)) => {
                    (told::chooser(workshop, self.purposes, purpose))
                    (told::facts(workshop, purpose, reached, cost))
                    (told::Broadcasts { member, workshop, broadcasts: self.broadcasts, same_number: self.counts.duplicate })
                }
                None => { (facts(workshop, self.counts)) }
            }
            (registrants_card(member, workshop, self.counts, query, &People { people: &people, more, ledger, attendance }))
        })
    }
}

impl View<'_> {
    fn head(&self) -> Head {
        let (member, workshop) = (self.member, self.workshop);
        let mut head = title(member, workshop);
        if workshop.status == WorkshopStatus::Cancelled {
            return head;
        }
        if member.may(Permission::Manage) {
            head = head
                .action(Button::link("Edit", format!("{}/edit", href(workshop.id))).icon(Icon::Edit))
                .action(Button::link("Copy", format!("/workshops/new?from={}", workshop.id)).icon(Icon::Copy))
                .action(
                    Button::link("Cancel workshop", format!("{}/cancel", href(workshop.id)))
                        .icon(Icon::Cancel)
                        .opens("cancel-workshop"),
                );
        }
        if member.may(Permission::AddRegistrants) {
            let to = format!("/imports?workshop={}", workshop.id);
            let import = if self.counts.registered == 0 {
                Button::primary_link("Import people", to)
            } else {
                Button::link("Import people", to)
            };
            head = head.action(import.icon(Icon::Upload));
        }
        if workshop.ends_at <= member.now && member.may(Permission::Manage) {
            head =
                head.action(Button::link("Attendance", attendance::href(workshop.id)).icon(Icon::CheckTwice));
        }
        if self.counts.registered > 0 && member.may(Permission::Send) {
            head = head.action(self.next_telling().icon(Icon::Send));
        }
        head
    }

    /// The next thing to do: whoever was not told is told, once anybody was.
    fn next_telling(&self) -> Button {
        match &self.told {
            Some((purpose, reached))
                if reached.can_be_told > 0 && self.workshop.ends_at > self.member.now =>
            {
                let to = told::tell_the_rest(self.workshop, purpose, self.broadcasts);
                Button::primary_link(format!("Tell those not told ({})", grouped(reached.can_be_told)), to)
            }
            _ => Button::primary_link("Send Message Now", format!("/?workshop={}", self.workshop.id)),
        }
    }
}

/// Its title, state and time.
fn title(member: &Member, workshop: &Workshop) -> Head {
    let zone = &member.organization.zone;
    let (starts, ends) = (workshop.starts_at, workshop.ends_at);
    let same_day = zone.day(starts) == zone.day(ends);
    let end = if same_day {
        zone.time(ends)
    } else {
        format!("{}, {}", zone.date(ends, member.now), zone.time(ends))
    };
    let when = format!("{}, {} – {end}", zone.date(starts, member.now), zone.time(starts));
    let mut head = Head::new(&workshop.title).chip(status_chip(workshop, member.now)).meta(html! { (when) });
    if workshop.status != WorkshopStatus::Cancelled && ends > member.now {
        let words = if starts > member.now { "Starts" } else { "Started" };
        head = head.meta(html! { (words) " " (relative(starts.0, member.now.0)) });
    }
    if let Some(tag) = &workshop.tag {
        head = head.meta(tag_chip(tag));
    }
    head
}

fn facts(workshop: &Workshop, counts: &RegistrantCounts) -> Strip {
    let left_out = counts.no_phone + counts.invalid_phone + counts.landline + counts.duplicate;
    let list = |which: &str, n: i64| html! { a class="m-num m-link" href={ (href(workshop.id)) "?which=" (which) "#registrants" } { (grouped(n)) } };
    let gone = counts.cancelled + counts.refunded;
    Strip(vec![
        Fact::figure("Registered", grouped(counts.registered), "")
            .note(format!("{} cancelled or refunded", grouped(gone))),
        Fact::figure("With a number of their own", grouped(counts.registered - left_out), "")
            .note(format!("{} left out", grouped(left_out))),
        Fact::figure("Missing phone", list("no_phone", counts.no_phone), "").note(format!(
            "{} invalid, {}",
            grouped(counts.invalid_phone),
            counted(counts.landline, "landline", "landlines")
        )),
        Fact::figure("Same number twice", list("duplicate", counts.duplicate), "")
            .note("The first one is told"),
        Fact::figure("With e-mail", grouped(counts.with_email), "")
            .note(share(counts.with_email, counts.registered)),
    ])
}

fn share(n: i64, of: i64) -> String {
    match percent(n, of) {
        share if share.is_empty() => "–".to_owned(),
        share => format!("{share} of all"),
    }
}

/// How many opened the link of their own; nothing where nobody was given one.
fn own_links((given, opened): (i64, i64)) -> Option<String> {
    (given > 0).then(|| {
        format!("{} of {} opened their own link", grouped(opened), counted(given, "person", "people"))
    })
}

fn details_card(view: &View<'_>) -> Card {
    let (member, workshop) = (view.member, view.workshop);
    let zone = &member.organization.zone;
    let link = if workshop.join_link.is_empty() {
        html! { span class="m-soft" { "Not entered" } }
    } else {
        html! { a class="m-link m-cut m-block" href=(workshop.join_link) rel="noreferrer" title=(workshop.join_link) { (workshop.join_link) } }
    };
    let entered =
        format!("{}, {}", zone.date(workshop.created_at, member.now), zone.time(workshop.created_at));
    let mut rows = vec![
        ("Join link".into(), link, own_links(view.own_links)),
        ("Date".into(), html! { (zone.long_date(workshop.starts_at)) }, None),
        (
            "Time".into(),
            html! { (zone.time(workshop.starts_at)) },
            Some(format!("{} min", workshop.ends_at.since(workshop.starts_at) / MINUTE)),
        ),
        ("Entered by".into(), html! { (workshop.created_by) }, Some(entered)),
        (
            "Groups".into(),
            html! { a class="m-link" href=(groups::of_workshop(workshop.id)) { "WhatsApp groups" } },
            None,
        ),
        (
            "Attendance".into(),
            html! { a class="m-link" href=(attendance::href(workshop.id)) { "Report of who was there" } },
            None,
        ),
        (
            "Webhook".into(),
            html! { a class="m-link" href=(webhook::href(workshop.id)) { "Registrations from a form or a shop" } },
            None,
        ),
    ];
    rows.splice(1..1, view.values.iter().cloned());
    let card = Card::new("details", "Variables", KeyValues { rows, inset: true });
    if workshop.status == WorkshopStatus::Cancelled || !member.may(Permission::Manage) {
        return card;
    }
    card.aside(Button::link("Edit values", variables::page_href(workshop.id)).small().icon(Icon::Edit))
}
