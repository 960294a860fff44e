//! Attendance of a workshop: a meeting program's report is uploaded, looked at, and taken over.
//!
//! Until it is taken over, a report is an upload that is looked at (`kept_upload.rs`).

use std::path::PathBuf;

use axum::extract::{Multipart, State, multipart::MultipartRejection};
use domain::{
    broadcast::Audience,
    ids::{ImportId, RegistrantId, WorkshopId},
    role::Permission,
    time::DAY,
};
use intake::attendance::{
    AttendanceMatch, Attended, MatchedBy, ReadContext, Report, ReportError, UnclearRow, Visitor,
    match_report, read,
};
use maud::{Markup, Render, html};
use serde::{Deserialize, Serialize};
use store::{attendance::AttendanceReport, workshops::Workshop};

use super::{
    imports::upload::ACCEPT,
    kept_upload::{self, Came},
    unprocessable,
    workshops::{crumbs, href as workshop_href, ok},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other, see_other_saying},
    },
    ui::{
        bar::Key,
        button::Button,
        chip::Tone,
        field::{Checkbox, Field},
        format::{counted, grouped, relative},
        head::{Card, Fact, Head, Strip},
        icons::Icon,
        note::Note,
        recipient_summary::{RecipientSummary, SummaryPart},
        shell::Section,
        table::{Column, Place, Row, Table},
    },
};

/// Largest report, in bytes.
pub const REPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// People who are shown by name in each list of a report.
const SHOWN: usize = 200;

/// The page of a workshop's attendance.
pub(super) fn href(workshop: WorkshopId) -> String {
    format!("{}/attendance", workshop_href(workshop))
}

/// The folder of reports.
const KIND: &str = "attendance";

/// What is kept beside a report's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    workshop: WorkshopId,
    file_name: String,
}

/// What was chosen when a report is taken over.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TakeForm {
    /// Those who were found by their name alone are taken too.
    #[serde(default)]
    by_name: String,
}

/// `GET /workshops/{workshop}/attendance`
pub async fn show(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let report = member.org.attendance_report(id).await?;
    Ok(ok(page(&member, &workshop, report.as_ref(), None)))
}

/// `POST /workshops/{workshop}/attendance`: keeps the report, to be looked at.
pub async fn upload(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let Came { id: upload, file, received } = kept_upload::take_in(&app, &member, KIND, multipart).await?;
    let error = match &received.file_name {
        None => Some("Choose a file.".to_owned()),
        Some(name) => {
            look(&member, &workshop, file.clone(), name.clone()).await?.err().map(|error| error.to_string())
        }
    };
    if let Some(error) = error {
        kept_upload::discard(&file).await;
        let report = member.org.attendance_report(id).await?;
        return Ok(unprocessable(page(&member, &workshop, report.as_ref(), Some(error))));
    }
    let kept = Kept { workshop: id, file_name: received.file_name.unwrap_or_default() };
    kept_upload::keep(&file, &kept).await?;
    Ok(see_other(&format!("{}/{upload}", href(id))))
}

/// The file of a report of this workshop, and its name.
async fn open(
    app: &App,
    member: &Member,
    workshop: WorkshopId,
    upload: ImportId,
) -> Result<(PathBuf, Kept), Problem> {
    let (file, kept): (PathBuf, Kept) = kept_upload::open(app, member, KIND, upload).await?;
    if kept.workshop == workshop { Ok((file, kept)) } else { Err(Problem::not_found()) }
}

/// Reads a report, on a thread of its own.
async fn look(
    member: &Member,
    workshop: &Workshop,
    file: PathBuf,
    file_name: String,
) -> Result<Result<Report, ReportError>, Problem> {
    let with = ReadContext {
        home: member.organization.country,
        zone: member.organization.zone.clone(),
        starts_at: workshop.starts_at,
    };
    kept_upload::read_apart(move || read(&file, &file_name, &with)).await
}

/// `GET /workshops/{workshop}/attendance/{list}`: whom the report names, before anything is taken over.
pub async fn look_at(
    State(app): State<App>,
    member: Member,
    Path((id, upload)): Path<(WorkshopId, ImportId)>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let (file, kept) = open(&app, &member, id, upload).await?;
    let report = match look(&member, &workshop, file, kept.file_name.clone()).await? {
        Ok(report) => report,
        Err(error) => {
            let before = member.org.attendance_report(id).await?;
            return Ok(unprocessable(page(&member, &workshop, before.as_ref(), Some(error.to_string()))));
        }
    };
    let about = About {
        first_joined: report.first_joined(),
        hosts: report.hosts,
        away: report.away,
        unclear: report.unclear.clone(),
        cut: report.cut,
    };
    let before = member.org.attendance_report(id).await?;
    let beside = match_report(&member.org, id, report).await?;
    Ok(ok(look_page(&member, &workshop, upload, &kept, &about, &beside, before.as_ref())))
}

/// `POST /workshops/{workshop}/attendance/{list}`: takes over what the report says. Done twice it says the same.
pub async fn take(
    State(app): State<App>,
    member: Member,
    Path((id, upload)): Path<(WorkshopId, ImportId)>,
    Form(form): Form<TakeForm>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let (file, kept) = open(&app, &member, id, upload).await?;
    let report = look(&member, &workshop, file.clone(), kept.file_name.clone()).await?;
    let report = report.map_err(|error| Problem::bad_request(error.to_string()))?;
    let beside = match_report(&member.org, id, report).await?;
    let names = !form.by_name.is_empty();
    let (people, unknown) = beside.to_take(names);
    let n = member.org.take_attendance(id, &kept.file_name, &people, unknown, member.now).await?;
    kept_upload::discard(&file).await;
    let words = format!("{}.", of_registrants(n, &workshop));
    Ok(see_other_saying(&app, &href(id), &words))
}

/// `POST /workshops/{workshop}/attendance/remove`
pub async fn forget(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.forget_attendance(id, member.now).await?;
    Ok(see_other_saying(
        &app,
        &href(id),
        "Removed. Nobody counts as attended or absent until there is another report.",
    ))
}

fn page(
    member: &Member,
    workshop: &Workshop,
    report: Option<&AttendanceReport>,
    error: Option<String>,
) -> Markup {
    let body = html! {
        (Head::new("Attendance").meta(html! { a class="m-link" href=(workshop_href(workshop.id)) { (workshop.title) } }))
        @if let Some(report) = report { (taken_card(member, workshop, report)) }
        @if member.may(Permission::Manage) { (upload_card(member, workshop, report.is_some(), error)) }
        @else if report.is_none() { (Note::new(Tone::Rest, "Nothing is known of who attended.", "A manager imports the report of the meeting.")) }
    };
    let mut page = member.page(Section::Workshops, "Attendance", body);
    page.crumbs = crumbs(Some(workshop), "Attendance");
    page.render()
}

fn upload_card(member: &Member, workshop: &Workshop, again: bool, error: Option<String>) -> Card {
    let early = workshop.starts_at > member.now;
    let help = "The attendance report of Zoom, Microsoft Teams or Google Meet as it is, or a list with “Attended” or minutes in it: CSV, TSV or Excel (.xlsx), up to 16 MB. Nothing is taken over before you have seen it.";
    Card::new(
        "report",
        if again { "Another report instead" } else { "Report of the meeting" },
        html! {
            // The token comes first: the gate looks for it in the first bytes, so that no file is read whole.
            form class="m-stack" method="post" action=(href(workshop.id)) enctype="multipart/form-data" {
                (member.csrf())
                @if early { p class="m-p" { "This workshop has not begun yet. Come back when it is over." } }
                (Field::file("file", "Report", ACCEPT).help(help).error(error).required())
                div { (Button::primary("Look at it").icon(Icon::Upload).busy("Uploading…")) }
            }
        },
    )
    .padded()
}

/// The composer for these people.
fn write_to(workshop: &Workshop, audience: &Audience) -> String {
    format!("/?workshop={}&who={audience}#compose", workshop.id)
}

fn taken_card(member: &Member, workshop: &Workshop, report: &AttendanceReport) -> Markup {
    let may = member.may(Permission::Send);
    let to = |audience: &Audience, n: i64, words: &str| -> Markup {
        html! {
            @if may && n > 0 { (Button::link(format!("{words} ({})", grouped(n)), write_to(workshop, audience)).icon(Icon::Send)) }
        }
    };
    let away =
        format!("{} nobody of the registrants", counted(report.unknown, "visitor was", "visitors were"));
    html! {
        (Strip(vec![
            Fact::figure("Attended", grouped(report.attended), "").note(away),
            Fact::figure("Left early", grouped(report.left_early), "").note("more than 15 minutes before the end"),
            Fact::figure("Absent", grouped(report.absent), "").note("registered, and not in the report"),
        ]))
        (Card::new("taken", "What can be done with it", html! {
            div class="m-stack" {
                p class="m-p" { "From “" (report.file_name) "”, taken over by " (report.by) " " (relative(report.at.0, member.now.0)) "." }
                div class="m-acts" {
                    (to(&Audience::Attended, report.attended, "Write to those who attended"))
                    (to(&Audience::LeftEarly, report.left_early, "Write to those who left early"))
                    (to(&Audience::Absent, report.absent, "Write to those who were absent"))
                    @if member.may(Permission::Manage) {
                        form method="post" action={ (href(workshop.id)) "/remove" } { (member.csrf()) (Button::new("Remove this report").busy("Removing…")) }
                    }
                }
            }
        }).padded())
    }
}

/// What a report says besides its people.
struct About {
    first_joined: Option<domain::time::Millis>,
    hosts: usize,
    away: usize,
    unclear: Vec<UnclearRow>,
    cut: bool,
}

/// "4 of 6 registrants attended".
fn of_registrants(attended: i64, workshop: &Workshop) -> String {
    // A report may name people whose registration ended since.
    let all = workshop.registrants.max(attended);
    format!("{} of {} attended", grouped(attended), counted(all, "registrant", "registrants"))
}

fn n(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn look_page(
    member: &Member,
    workshop: &Workshop,
    upload: ImportId,
    kept: &Kept,
    about: &About,
    beside: &AttendanceMatch,
    before: Option<&AttendanceReport>,
) -> Markup {
    let by_name: Vec<&Attended> = beside.attended.iter().filter(|one| one.by == MatchedBy::Name).collect();
    let sure = beside.attended.len() - by_name.len();
    let part = |key, label: &str, count: usize, to: &str| SummaryPart {
        key,
        label: label.to_owned(),
        n: n(count),
        href: to.to_owned(),
    };
    let parts = vec![
        part(Key::Done, "Found by number or e-mail", sure, "#take"),
        part(Key::Waiting, "Found by name alone", by_name.len(), "#by-name"),
        part(Key::Unknown, "Not among the registrants", beside.unknown.len(), "#unknown"),
    ];
    let zone = &member.organization.zone;
    let other_day = about.first_joined.filter(|at| (at.0 - workshop.starts_at.0).abs() > DAY);
    let action = format!("{}/{upload}", href(workshop.id));
    let body = html! {
        (Head::new("Check the report").meta(html! { (kept.file_name) }).meta(html! { a class="m-link" href=(workshop_href(workshop.id)) { (workshop.title) } }))
        @if let Some(at) = other_day {
            (Note::new(Tone::Act, format!("This report is about {}.", zone.long_date(at)), format!("The workshop is on {}. Is it the report of another meeting?", zone.long_date(workshop.starts_at))))
        }
        @if about.cut { (Note::new(Tone::Act, "The report has more rows than are read.", "Only its first 2,00,000 rows count.")) }
        @if !about.unclear.is_empty() {
            (Note::new(Tone::Act, format!("{} neither yes nor no under “Attended”.", counted(n(about.unclear.len()), "row says", "rows say")), "Nobody of them counts as attended; they would count as absent. Write yes or no there, and upload the file again."))
        }
        section class="m-card m-impsum" aria-label="People of the report" {
            (RecipientSummary {
                parts,
                reachable: n(sure),
                aside: Some((of_registrants(n(sure), workshop), workshop_href(workshop.id))),
                verb: "people in the report are registrants",
                current: None,
            })
        }
        (Card::new("take", "Take over", html! {
            form class="m-stack" method="post" action=(action) {
                (member.csrf())
                @if about.hosts + about.away > 0 {
                    p class="m-p" { (left_out(about)) }
                }
                @if let Some(before) = before {
                    p class="m-p" { "It takes the place of “" (before.file_name) "”, by which " (counted(before.attended, "registrant", "registrants")) " attended." }
                }
                @if !by_name.is_empty() {
                    (Checkbox::new("by_name", format!("Also take {} found by name alone", counted(n(by_name.len()), "person", "people")), false)
                        .help("First and last name fit one registrant and one visitor. Look through the list below first."))
                }
                div class="m-acts" {
                    (Button::primary(format!("Take over {}", counted(n(sure), "person", "people"))).icon(Icon::Check).busy("Taking over…"))
                    (Button::link("Back", href(workshop.id)))
                }
            }
        }).padded())
        @if !by_name.is_empty() { (names_card(&by_name, workshop.id)) }
        @if !beside.unknown.is_empty() { (unknown_card(&beside.unknown)) }
        @if !about.unclear.is_empty() { (unclear_card(&about.unclear)) }
    };
    let mut page = member.page(Section::Workshops, "Check the report", body);
    page.crumbs = crumbs(Some(workshop), "Attendance");
    page.render()
}

fn left_out(about: &About) -> String {
    let hosts = (about.hosts > 0)
        .then(|| format!("{} of hosts and panelists", counted(n(about.hosts), "row", "rows")));
    let away =
        (about.away > 0).then(|| format!("{} that did not come", counted(n(about.away), "person", "people")));
    let both: Vec<String> = hosts.into_iter().chain(away).collect();
    format!("Left out: {}.", both.join(", "))
}

fn minutes(minutes: Option<i64>) -> String {
    minutes.map_or_else(|| "not said".to_owned(), |minutes| format!("{} min", grouped(minutes)))
}

fn title(what: &str, all: usize) -> String {
    if all > SHOWN {
        format!("{what}: the first {SHOWN} of {}", grouped(n(all)))
    } else {
        format!("{what}: {}", grouped(n(all)))
    }
}

fn names_card(people: &[&Attended], workshop: WorkshopId) -> Card {
    let to = |registrant: RegistrantId| format!("{}/registrants/{registrant}", workshop_href(workshop));
    let row = |one: &&Attended| {
        Row::new(vec![
            html! { a class="m-link" href=(to(one.registrant)) { (one.name) } },
            html! { (one.called) },
            html! { (minutes(one.stay.minutes())) },
        ])
    };
    Card::new(
        "by-name",
        title("Found by name alone", people.len()),
        Table {
            caption: "People found by name alone".into(),
            columns: vec![
                Column::new("Registered as", Place::Title),
                Column::new("In the report", Place::Line),
                Column::new("There for", Place::Line),
            ],
            rows: people.iter().take(SHOWN).map(row).collect(),
            empty: String::new(),
        },
    )
}

fn unknown_card(visitors: &[Visitor]) -> Card {
    let row = |visitor: &Visitor| {
        let known = visitor.email.as_ref().map(|email| email.as_str().to_owned());
        let known = known.or(visitor.phone.as_ref().map(|phone| phone.as_str().to_owned()));
        let name = if visitor.name.is_empty() { "No name" } else { &visitor.name };
        Row::new(vec![
            html! { (name) },
            html! { (known.unwrap_or_else(|| "neither number nor e-mail".to_owned())) },
            html! { (minutes(visitor.stay.minutes())) },
        ])
    };
    Card::new(
        "unknown",
        title("Not among the registrants", visitors.len()),
        Table {
            caption: "Visitors who are nobody of the registrants".into(),
            columns: vec![
                Column::new("In the report", Place::Title),
                Column::new("Known by", Place::Line),
                Column::new("There for", Place::Line),
            ],
            rows: visitors.iter().take(SHOWN).map(row).collect(),
            empty: String::new(),
        },
    )
}

fn unclear_card(rows: &[UnclearRow]) -> Card {
    let row = |one: &UnclearRow| {
        Row::new(vec![
            html! { (one.name) },
            html! { "“" (one.word) "”" },
            html! { (grouped(i64::try_from(one.row).unwrap_or(i64::MAX))) },
        ])
    };
    Card::new(
        "unclear",
        title("Neither yes nor no", rows.len()),
        Table {
            caption: "Rows that say neither yes nor no".into(),
            columns: vec![
                Column::new("In the report", Place::Title),
                Column::new("Under “Attended”", Place::Line),
                Column::new("Row", Place::Line),
            ],
            rows: rows.iter().take(SHOWN).map(row).collect(),
            empty: String::new(),
        },
    )
}

/// How long somebody was there, for the row of a registrant.
pub(super) fn word(attendance: &store::attendance::Attendance) -> String {
    let stayed = attendance.stayed.minutes.map(|minutes| format!("{} min", grouped(minutes)));
    let what = if attendance.left_early { "Left early" } else { "Attended" };
    stayed.map_or_else(|| what.to_owned(), |stayed| format!("{what}, {stayed}"))
}
