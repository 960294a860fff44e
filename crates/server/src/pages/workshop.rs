//! One workshop: overview, its broadcasts, its registrants.

mod add_person;
mod registrants;

use axum::extract::State;
use domain::{
    ids::{RegistrantId, WorkshopId},
    message::MessageState,
    role::Permission,
    time::MINUTE,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    broadcasts::{Broadcast, BroadcastFilter},
    registrants::RegistrantCounts,
    workshops::Workshop,
};

pub(super) use self::registrants::{ListQuery, registrant_chip, source_word, status_word};
use self::{
    add_person::{PersonErrors, PersonForm, add_card},
    registrants::{PAGE, registrants_card},
};
use super::{
    unprocessable, webhook,
    workshops::{cancel_confirm, crumbs, href, ok, status_chip, tag_chip},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Link},
        chip::{Chip, State as Chips, Tone},
        format::{counted, grouped, percent, relative},
        head::{Card, Fact, Head, KeyValues, Strip},
        icons::Icon,
        note::Note,
        shell::Section,
        table::{self, Column, Place, Row, Table},
    },
};

/// Broadcasts shown on the workshop's page.
const BROADCASTS_SHOWN: i64 = 10;

/// `GET /workshops/{workshop}`
pub async fn show(member: Member, Path(id): Path<WorkshopId>, Query(query): Query<ListQuery>) -> PageResult {
    Ok(ok(page(&member, id, &query, &PersonForm::default(), &PersonErrors::default()).await?))
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

async fn page(
    member: &Member,
    id: WorkshopId,
    query: &ListQuery,
    form: &PersonForm,
    errors: &PersonErrors,
) -> Result<Markup, Problem> {
    let workshop = member.org.workshop(id).await?;
    let counts = member.org.registrant_counts(id).await?;
    let mut people = member.org.registrants(id, &query.filter()).await?;
    let more = people.len() > PAGE;
    people.truncate(PAGE);
    let filter = BroadcastFilter { workshop: Some(id), ..BroadcastFilter::default() };
    let broadcasts = member.org.broadcasts(&filter, BROADCASTS_SHOWN).await?;
    let stops = member.org.open_broadcasts(id).await?;
    let open = workshop.status != WorkshopStatus::Cancelled;
    let body = html! {
        (head(member, &workshop))
        @if !open { (Note::new(Tone::Rest, "This workshop is cancelled.", "Nothing more is sent for it. Its people and messages stay on record.")) }
        (facts(&workshop, &counts))
        div class="m-split m-split--list" {
            div class="m-stack" {
                (broadcasts_card(member, &workshop, &broadcasts))
                (registrants_card(member, &workshop, &counts, query, &people, more))
            }
            div class="m-stack" {
                (details_card(member, &workshop))
                @if open && member.may(Permission::AddRegistrants) { (add_card(member, &workshop, form, errors)) }
            }
        }
        @if open && member.may(Permission::Manage) { (cancel_confirm(&workshop, &stops, member.csrf())) }
    };
    let mut page = member.page(Section::Workshops, workshop.title.clone(), body);
    page.crumbs = crumbs(None, &workshop.title);
    Ok(page.render())
}

fn head(member: &Member, workshop: &Workshop) -> Head {
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
    if workshop.status == WorkshopStatus::Cancelled {
        return head;
    }
    if member.may(Permission::Manage) {
        head =
            head.action(Button::link("Edit", format!("{}/edit", href(workshop.id))).icon(Icon::Edit)).action(
                Button::link("Cancel workshop", format!("{}/cancel", href(workshop.id)))
                    .icon(Icon::Cancel)
                    .opens("cancel-workshop"),
            );
    }
    if member.may(Permission::AddRegistrants) {
        let import =
            Button::link("Import people", format!("/imports?workshop={}", workshop.id)).icon(Icon::Upload);
        head = head.action(import);
    }
    if member.may(Permission::Send) {
        let send = format!("/?workshop={}", workshop.id);
        head = head.action(Button::primary_link("Send Message Now", send).icon(Icon::Send));
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

fn details_card(member: &Member, workshop: &Workshop) -> Card {
    let zone = &member.organization.zone;
    let link = if workshop.join_link.is_empty() {
        html! { span class="m-soft" { "Not entered" } }
    } else {
        html! { a class="m-link m-cut m-block" href=(workshop.join_link) rel="noreferrer" title=(workshop.join_link) { (workshop.join_link) } }
    };
    let entered =
        format!("{}, {}", zone.date(workshop.created_at, member.now), zone.time(workshop.created_at));
    Card::new(
        "details",
        "Variables",
        KeyValues {
            rows: vec![
                ("Join link".into(), link, None),
                ("Date".into(), html! { (zone.long_date(workshop.starts_at)) }, None),
                (
                    "Time".into(),
                    html! { (zone.time(workshop.starts_at)) },
                    Some(format!("{} min", workshop.ends_at.since(workshop.starts_at) / MINUTE)),
                ),
                ("Entered by".into(), html! { (workshop.created_by) }, Some(entered)),
                (
                    "Webhook".into(),
                    html! { a class="m-link" href=(webhook::href(workshop.id)) { "Registrations from a form or a shop" } },
                    None,
                ),
            ],
            inset: true,
        },
    )
}

fn broadcasts_card(member: &Member, workshop: &Workshop, broadcasts: &[Broadcast]) -> Card {
    let zone = &member.organization.zone;
    let row = |broadcast: &Broadcast| {
        let settled: i64 =
            broadcast.counts.iter().filter(|count| count.state.is_settled()).map(|count| count.n).sum();
        // Whoever is left out is in neither figure, as in every list of broadcasts.
        let left_out = broadcast.in_state(MessageState::Skipped);
        let (done, all) = (settled - left_out, broadcast.planned - left_out);
        let failed = broadcast.in_state(MessageState::Failed);
        Row {
            live_id: Some(format!("broadcast-{}", broadcast.id)),
            cells: vec![
                table::name(
                    &format!("/broadcasts/{}", broadcast.id),
                    &broadcast.title,
                    &format!("{} · {}", broadcast.channel.title(), broadcast.created_by),
                ),
                broadcast_chip(broadcast).render(),
                html! { (zone.date(broadcast.starts_at, member.now)) ", " (zone.time(broadcast.starts_at)) },
                html! { (grouped(done)) " of " (grouped(all)) @if failed > 0 { span class="m-sub" { (grouped(failed)) " failed" } } },
            ],
        }
    };
    Card::new(
        "broadcasts",
        "Broadcasts",
        Table {
            caption: "Broadcasts of this workshop".into(),
            columns: vec![
                Column::new("Broadcast", Place::Title),
                Column::new("State", Place::State),
                Column::new("When", Place::Line),
                Column::new("Done", Place::Number),
            ],
            rows: broadcasts.iter().map(row).collect(),
            empty: "Nothing was sent for this workshop yet.".into(),
        },
    )
    .aside(Link::new("All broadcasts", format!("/broadcasts?workshop={}", workshop.id)))
}

fn broadcast_chip(broadcast: &Broadcast) -> Chip {
    use domain::broadcast::BroadcastStatus::{Cancelled, Completed, InProgress, Paused, Planning, Scheduled};
    match broadcast.status {
        Planning => Chip { word: broadcast.status.title().to_owned(), ..Chips::Next.chip() },
        Scheduled => Chips::Scheduled.chip(),
        InProgress => Chips::Sending.chip(),
        Paused => Chips::Paused.chip(),
        Completed => Chips::Sent.chip(),
        Cancelled => Chips::Cancelled.chip(),
    }
}
