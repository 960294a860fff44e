//! One workshop: overview, its broadcasts, its registrants.

use axum::extract::State;
use domain::{
    email::Email,
    ids::{RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    name::PersonName,
    phone::Phone,
    role::Permission,
    time::MINUTE,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    broadcasts::{Broadcast, BroadcastFilter},
    registrants::{NewRegistrant, Registrant, RegistrantCounts, RegistrantFilter, Which},
    workshops::Workshop,
};

use super::{
    people, unprocessable,
    workshops::{self, cancel_confirm, crumbs, form_value, href, ok, pills, status_chip, tag_chip},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    ui::{
        bar::Key,
        button::{Button, Link},
        chip::{Chip, State as Chips, Tone},
        field::Field,
        format::{counted, grouped, percent, phone, relative},
        head::{Card, Fact, Head, KeyValues, Strip},
        icons::Icon,
        menu::{Menu, MenuItem},
        note::Note,
        pagination::{Pagination, Trail},
        shell::Section,
        table::{self, Column, Place, Row, Search, Table},
        words::reasons,
    },
};

/// Registrants of a page of the list.
const PAGE: usize = 50;
/// Broadcasts shown on the workshop's page.
const BROADCASTS_SHOWN: i64 = 10;

/// What the address of the page says about the list of registrants.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    which: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
}

impl ListQuery {
    fn which(&self) -> Which {
        FILTERS.iter().find(|(word, _, _)| *word == self.which).map_or(Which::All, |(_, which, _)| *which)
    }

    /// What the store is asked for.
    pub(super) fn filter(&self) -> RegistrantFilter {
        RegistrantFilter {
            which: self.which(),
            search: self.q.clone(),
            after: self.after.parse().ok(),
            limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
        }
    }

    fn to(&self, workshop: WorkshopId, which: &str) -> String {
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
    ("duplicate", Which::Duplicate, "Duplicate"),
    ("suppressed", Which::Suppressed, "Suppressed"),
    ("no_consent", Which::NoConsent, "No consent"),
    ("no_name", Which::NoName, "No name"),
    ("cancelled", Which::Status(RegistrantStatus::Cancelled), "Cancelled"),
    ("refunded", Which::Status(RegistrantStatus::Refunded), "Refunded"),
];

/// What the form of one new registrant sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PersonForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PersonErrors {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

impl PersonForm {
    /// All that is wrong at once, or the person.
    fn check(&self, member: &Member) -> Result<NewRegistrant, PersonErrors> {
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

/// The word on screens.
pub(super) fn status_word(status: RegistrantStatus) -> &'static str {
    match status {
        RegistrantStatus::Registered => "Registered",
        RegistrantStatus::Cancelled => "Cancelled",
        RegistrantStatus::Refunded => "Refunded",
    }
}

/// Why somebody cannot be told, or where the registration stands.
pub(super) fn registrant_chip(status: RegistrantStatus, mark: Option<SkipReason>, suppressed: bool) -> Chip {
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
    let left_out = counts.no_phone + counts.invalid_phone + counts.duplicate;
    let list = |which: &str, n: i64| html! { a class="m-num m-link" href={ (href(workshop.id)) "?which=" (which) "#registrants" } { (grouped(n)) } };
    let gone = counts.cancelled + counts.refunded;
    Strip(vec![
        Fact::figure("Registered", grouped(counts.registered), "")
            .note(format!("{} cancelled or refunded", grouped(gone))),
        Fact::figure("With a number of their own", grouped(counts.registered - left_out), "")
            .note(format!("{} left out", grouped(left_out))),
        Fact::figure("Missing phone", list("no_phone", counts.no_phone), "")
            .note(format!("{} invalid", grouped(counts.invalid_phone))),
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

fn registrants_card(
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
        Which::Duplicate => Some(counts.duplicate),
        Which::Status(RegistrantStatus::Cancelled) => Some(counts.cancelled),
        Which::Status(RegistrantStatus::Refunded) => Some(counts.refunded),
        Which::Status(RegistrantStatus::Registered) => Some(counts.registered),
        // Not counted: by channel, and by list.
        Which::Suppressed | Which::NoConsent | Which::NoName => None,
    };
    let key = |which: Which| match which {
        Which::All | Which::Status(RegistrantStatus::Registered) => Key::Done,
        Which::InvalidPhone => Key::Failed,
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
pub(super) fn source_word(source: &str) -> &'static str {
    match source {
        "import" => "from a file",
        _ => "by hand",
    }
}

fn menu(member: &Member, workshop: &Workshop, person: &Registrant) -> Menu {
    let name = if person.name.is_empty() { person.phone.as_str() } else { person.name.as_str() };
    let action = format!("{}/registrants/{}/status", href(workshop.id), person.id);
    let item = |status: RegistrantStatus, label: &str| {
        let mut item = MenuItem::post(label, &action, member.csrf());
        if let crate::ui::menu::MenuAction::Post { fields, .. } = &mut item.action {
            fields.push(("status".to_owned(), status.word().to_owned()));
        }
        item
    };
    let items = match person.status {
        RegistrantStatus::Registered => vec![
            item(RegistrantStatus::Cancelled, "Mark as cancelled"),
            item(RegistrantStatus::Refunded, "Mark as refunded"),
        ],
        RegistrantStatus::Cancelled | RegistrantStatus::Refunded => {
            vec![item(RegistrantStatus::Registered, "Register again")]
        }
    };
    Menu { label: format!("More for {name}"), items }
}

fn add_card(member: &Member, workshop: &Workshop, form: &PersonForm, errors: &PersonErrors) -> Card {
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
