//! Importing a file of people: file, columns, rows, import; and its undoing.

use std::path::{Path as FilePath, PathBuf};

use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{ImportId, WorkshopId},
    role::Permission,
    workshop::WorkshopStatus,
};
use engine::import::{Field as Meaning, Kind, Mapping, Sheet};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    imports::{Decision, Import, ImportRow, ImportRowCounts, ImportState},
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};
use tokio::io::AsyncWriteExt;

use super::{
    unprocessable,
    workshops::{href as workshop_href, ok},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other, see_other_saying},
    },
    importing::{Importer, Job, Progress, ROWS_TO_FIX_MAX, Summary, read_again, with_typed, wrongs},
    ui::{
        bar::{Bar, Key},
        button::{Button, Csrf},
        chip::{Chip, Tone},
        composer::SendBar,
        dialog::Confirm,
        field::{Choice, Field},
        format::{counted, grouped},
        head::{Card, Fact, Head, Strip},
        icons::Icon,
        import_grid::{GridCell, GridRow, ImportGrid},
        note::Note,
        pagination::Pagination,
        progress::Progress as ProgressBar,
        recipient_summary::{RecipientSummary, SummaryPart},
        shell::{Crumb, Section},
        table::{self, Column, Place, Row, Table},
    },
};

/// Largest file, in bytes: several million rows of CSV.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most bytes of one page of corrections.
pub const ROWS_BYTES_MAX: usize = 1024 * 1024;
/// Longest upload.
pub const UPLOAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15 * 60);
/// Workshops that the form offers; the nearest ones.
const WORKSHOPS_OFFERED: i64 = 100;
/// Imports in the list.
const IMPORTS_SHOWN: i64 = 30;
/// Rows to fix on one page.
const GRID_ROWS: usize = 50;
/// A small file is done within this; its person sees the result and no progress page.
const WAIT_FOR_SMALL: std::time::Duration = std::time::Duration::from_millis(900);
/// Longest file name that is kept, in characters.
const FILE_NAME_CHARS_MAX: usize = 120;
/// What a file field of a browser offers.
const ACCEPT: &str = ".csv,.tsv,.txt,.xlsx,text/csv,text/tab-separated-values,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn href(id: ImportId) -> String {
    format!("/imports/{id}")
}

/// What the address of the list says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    workshop: String,
}

/// What is wrong with an upload.
#[derive(Clone, Debug, Default)]
struct UploadErrors {
    workshop: Option<String>,
    file: Option<String>,
}

/// `GET /imports`: the form, and what was imported before.
pub async fn list(member: Member, Query(query): Query<ListQuery>) -> PageResult {
    Ok(ok(list_page(&member, &query.workshop, &UploadErrors::default()).await?))
}

async fn list_page(member: &Member, workshop: &str, errors: &UploadErrors) -> Result<Markup, Problem> {
    let workshops = offered(member, workshop).await?;
    let imports = member.org.imports(None, IMPORTS_SHOWN).await?;
    let body = html! {
        (Head::new("Import people").aside(steps(1)))
        @if workshops.is_empty() {
            (Note::new(Tone::Act, "There is no workshop to import into.", "People register for a workshop: enter one first.")
                .action(Button::link("New workshop", "/workshops/new").small()))
        } @else {
            (upload_card(member, workshop, &workshops, errors))
        }
        (imports_card(member, &imports))
    };
    let mut page = member.page(Section::People, "Import people", body);
    page.crumbs = vec![Crumb::to("People", "/people"), Crumb::here("Import")];
    Ok(page.render())
}

/// Workshops to choose from: those ahead, then the latest ones, and the one that was asked for.
async fn offered(member: &Member, asked: &str) -> Result<Vec<Workshop>, Problem> {
    let upcoming = WorkshopFilter {
        when: WorkshopWhen::Upcoming(member.now),
        limit: WORKSHOPS_OFFERED,
        ..WorkshopFilter::default()
    };
    let past =
        WorkshopFilter { when: WorkshopWhen::Past(member.now), limit: 20, ..WorkshopFilter::default() };
    let mut all = member.org.workshops(&upcoming).await?;
    all.extend(member.org.workshops(&past).await?);
    if let Ok(id) = asked.parse::<WorkshopId>()
        && all.iter().all(|workshop| workshop.id != id)
    {
        match member.org.workshop(id).await {
            Ok(workshop) => all.insert(0, workshop),
            Err(StoreError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    all.retain(|workshop| workshop.status != WorkshopStatus::Cancelled);
    Ok(all)
}

fn upload_card(member: &Member, chosen: &str, workshops: &[Workshop], errors: &UploadErrors) -> Card {
    let zone = &member.organization.zone;
    let choice = |workshop: &Workshop| {
        let label = format!(
            "{} · {}, {}",
            workshop.title,
            zone.date(workshop.starts_at, member.now),
            zone.time(workshop.starts_at)
        );
        Choice::new(workshop.id.to_string(), label, chosen)
    };
    Card::new(
        "upload",
        "File",
        html! {
            // The token comes first: the gate looks for it in the first bytes, so that no file is read whole.
            form class="m-stack" method="post" action="/imports" enctype="multipart/form-data" {
                (member.csrf())
                (Field::select("workshop", "Workshop", workshops.iter().map(choice).collect()).error(errors.workshop.clone()))
                (Field::file("file", "File", ACCEPT)
                    .help("CSV, TSV or Excel (.xlsx), up to 256 MB. Nothing is stored as a registration before you have seen the rows.")
                    .error(errors.file.clone()).required())
                div { (Button::primary("Upload").icon(Icon::Upload).busy("Uploading…")) }
            }
        },
    )
    .padded()
}

fn imports_card(member: &Member, imports: &[Import]) -> Card {
    let zone = &member.organization.zone;
    let row = |import: &Import| {
        let summary = Summary::of(import);
        Row::new(vec![
            table::name(&href(import.id), &import.file_name, &import.workshop_title),
            state_chip(import.state).render(),
            html! { (zone.date(import.created_at, member.now)) ", " (zone.time(import.created_at)) span class="m-sub" { "by " (import.created_by) } },
            html! { @if matches!(import.state, ImportState::Committed | ImportState::Undone) { (grouped(n(summary.new))) } @else { "–" } },
        ])
    };
    Card::new(
        "imports",
        "Earlier imports",
        Table {
            caption: "Imports".into(),
            columns: vec![
                Column::new("File", Place::Title),
                Column::new("State", Place::State),
                Column::new("Uploaded", Place::Line),
                Column::new("Registered", Place::Number),
            ],
            rows: imports.iter().map(row).collect(),
            empty: "No file was imported yet.".into(),
        },
    )
}

fn state_chip(state: ImportState) -> Chip {
    let (tone, icon) = match state {
        ImportState::Uploaded | ImportState::Checked => (Tone::Act, Icon::Wait),
        ImportState::Committing => (Tone::Run, Icon::Play),
        ImportState::Committed => (Tone::Done, Icon::Ok),
        ImportState::Undone => (Tone::Rest, Icon::Cancel),
    };
    Chip { tone, icon, word: state.title().to_owned() }
}

/// A count for a screen.
fn n(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The four steps; `now` is the one under way, from 1.
fn steps(now: usize) -> Markup {
    html! {
        ol class="m-wizard" aria-label="Steps of an import" {
            @for (at, name) in ["File", "Columns", "Rows", "Import"].iter().enumerate() {
                li.m-wizard__step.is-done[at + 1 < now].is-on[at + 1 == now] aria-current=[(at + 1 == now).then_some("step")] {
                    span class="m-wizard__n" aria-hidden="true" { @if at + 1 < now { (Icon::Check) } @else { (at + 1) } }
                    (name)
                }
            }
        }
    }
}

/// `POST /imports`: streams the file to the data folder and looks whether it is a table.
pub async fn upload(
    State(app): State<App>,
    member: Member,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let multipart = multipart
        .map_err(|_| Problem::bad_request("The upload has no file in it. Choose the file again."))?;
    let id = ImportId::new(member.now);
    let folder = format!("imports/{}", member.organization.id);
    let path = format!("{folder}/{id}");
    tokio::fs::create_dir_all(app.config.data.join(&folder)).await.map_err(disk)?;
    let file = app.config.data.join(&path);
    let received = match receive(multipart, &file).await {
        Ok(received) => received,
        Err(problem) => {
            remove(&file).await;
            return Err(problem);
        }
    };
    let mut errors = received.errors;
    let workshop = match received.workshop.parse::<WorkshopId>() {
        Ok(workshop) => Some(workshop),
        Err(_) => {
            errors.workshop = Some("Choose the workshop that these people registered for.".to_owned());
            None
        }
    };
    if errors.file.is_none() {
        let importer = importer(&app, &member, file.clone());
        errors.file = importer.open(&received.file_name).await.err().map(|error| error.to_string());
    }
    let (Some(workshop), None) = (workshop, &errors.file) else {
        remove(&file).await;
        return Ok(unprocessable(list_page(&member, &received.workshop, &errors).await?));
    };
    if let Err(error) = member.org.add_import(id, workshop, &received.file_name, &path, member.now).await {
        remove(&file).await;
        return Err(error.into());
    }
    Ok(see_other(&format!("{}/columns", href(id))))
}

/// What an upload brought.
struct Received {
    workshop: String,
    file_name: String,
    errors: UploadErrors,
}

/// Writes the file as it comes; only one piece of it is in memory at a time.
async fn receive(mut multipart: Multipart, file: &FilePath) -> Result<Received, Problem> {
    let mut received = Received {
        workshop: String::new(),
        file_name: String::new(),
        errors: UploadErrors { file: Some("Choose a file.".to_owned()), ..UploadErrors::default() },
    };
    while let Some(mut field) = multipart.next_field().await.map_err(broke_off)? {
        match field.name() {
            Some("workshop") => received.workshop = field.text().await.map_err(broke_off)?,
            Some("file") if field.file_name().is_some_and(|name| !name.trim().is_empty()) => {
                received.file_name = tidy_name(field.file_name().unwrap_or_default());
                let mut to = tokio::fs::File::create(file).await.map_err(disk)?;
                while let Some(piece) = field.chunk().await.map_err(broke_off)? {
                    to.write_all(&piece).await.map_err(disk)?;
                }
                to.sync_all().await.map_err(disk)?;
                received.errors.file = None;
            }
            _ => {}
        }
    }
    Ok(received)
}

/// The last part of a name, without signs that no screen shows.
fn tidy_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).take(FILE_NAME_CHARS_MAX).collect();
    if shown.trim().is_empty() { "file".to_owned() } else { shown.trim().to_owned() }
}

fn broke_off(error: axum::extract::multipart::MultipartError) -> Problem {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            error.status(),
            "file_too_large",
            "This file is too large",
            "A file may have 256 MB. Split it, or remove columns that are not needed, and upload the parts one after the other.",
        );
    }
    Problem::bad_request(
        "The upload broke off before the file was here. Nothing was stored. Upload it again.",
    )
}

fn disk(error: std::io::Error) -> Problem {
    Problem::unavailable(format!("cannot write an uploaded file: {error}"))
}

async fn remove(file: &FilePath) {
    // Nothing may be there yet.
    let _ = tokio::fs::remove_file(file).await;
}

fn importer(app: &App, member: &Member, file: PathBuf) -> Importer {
    Importer { org: member.org.clone(), clock: app.clock.clone(), home: member.organization.country, file }
}

fn importer_of(app: &App, member: &Member, import: &Import) -> Importer {
    importer(app, member, app.config.data.join(&import.file_path))
}

/// `GET /imports/{import}`: whatever step it is at.
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Query(query): Query<RowsQuery>,
) -> PageResult {
    let import = member.org.import(id).await?;
    let failed = match app.jobs.get(id) {
        Some(Job::Running(progress)) => return Ok(progress_page(&member, &import, progress)),
        Some(Job::Failed(words)) => Some(words),
        None => None,
    };
    match import.state {
        ImportState::Uploaded => Ok(see_other(&format!("{}/columns", href(id)))),
        // The look did not come to its end: the program was stopped meanwhile, or the file broke.
        ImportState::Checked if import.summary.is_null() => {
            let words =
                failed.unwrap_or_else(|| "The look at the rows was interrupted. Start it again.".to_owned());
            Ok(ok(columns_page(&app, &member, &import, None, Some(&words)).await?))
        }
        ImportState::Checked => Ok(ok(rows_page(&member, &import, &query, failed.as_deref()).await?)),
        ImportState::Committing => Ok(ok(interrupted_page(&member, &import, failed.as_deref()))),
        ImportState::Committed | ImportState::Undone => {
            Ok(ok(done_page(&member, &import, failed.as_deref())))
        }
    }
}

/// Which rows to fix are shown.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RowsQuery {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    from: i64,
}

fn page(member: &Member, import: &Import, body: Markup, foot: Option<Markup>) -> Markup {
    let mut page = member.page(Section::People, import.file_name.clone(), body);
    page.crumbs =
        vec![Crumb::to("People", "/people"), Crumb::to("Import", "/imports"), Crumb::here(&import.file_name)];
    page.foot = foot;
    page.render()
}

fn head(title: &str, import: &Import, step: usize) -> Head {
    Head::new(title)
        .meta(html! { (import.file_name) })
        .meta(html! { a class="m-link" href=(workshop_href(import.workshop)) { (import.workshop_title) } })
        .aside(steps(step))
}

/// A page that looks again by itself, with script or without.
fn progress_page(member: &Member, import: &Import, progress: Progress) -> Response {
    let (title, step) = match import.state {
        ImportState::Committing => ("Importing", 4),
        ImportState::Committed | ImportState::Undone => ("Undoing", 4),
        ImportState::Uploaded | ImportState::Checked => ("Reading the rows", 3),
    };
    let (done, total) = (n(progress.bytes), n(progress.bytes_total));
    let body = html! {
        (head(title, import, step))
        section class="m-card m-card--in" aria-live="polite" {
            div class="m-card__body" {
                (ProgressBar {
                    figure: counted(n(progress.rows), "row", "rows"),
                    note: if total > 0 { format!("{} % of the file", done.saturating_mul(100) / total) } else { String::new() },
                    parts: vec![(Key::Done, done), (Key::Waiting, (total - done).max(0))],
                })
                p class="m-p" { "You can leave this page; it goes on by itself." }
            }
        }
    };
    let mut response = page(member, import, body, None).into_response();
    response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("1"));
    response
}

// Columns

/// `GET /imports/{import}/columns`
pub async fn columns(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = before_commit(&member, id).await?;
    Ok(ok(columns_page(&app, &member, &import, None, None).await?))
}

/// An import of which nothing is written yet.
async fn before_commit(member: &Member, id: ImportId) -> Result<Import, Problem> {
    let import = member.org.import(id).await?;
    match import.state {
        ImportState::Uploaded | ImportState::Checked => Ok(import),
        ImportState::Committing | ImportState::Committed | ImportState::Undone => {
            Err(StoreError::Stale.into())
        }
    }
}

async fn columns_page(
    app: &App,
    member: &Member,
    import: &Import,
    chosen: Option<&Mapping>,
    error: Option<&str>,
) -> Result<Markup, Problem> {
    let sheet = match importer_of(app, member, import).open(&import.file_name).await {
        Ok(sheet) => sheet,
        Err(broken) => return Ok(gone_page(member, import, &broken.to_string())),
    };
    let mapping = match (chosen, stored_mapping(import)) {
        (Some(chosen), _) => chosen.clone(),
        (None, Some(stored)) => stored,
        (None, None) => Mapping::guess(&sheet),
    };
    let body = html! {
        (head("Choose the columns", import, 2))
        @if let Some(error) = error { (Note::new(Tone::Fail, "", error)) }
        @if let Kind::Xlsx { tab, other_tabs } = sheet.kind() {
            @if !other_tabs.is_empty() {
                (Note::new(Tone::Act, format!("Only the sheet “{tab}” is read."), format!("Not read: {}. To import another sheet, save it as a file of its own.", other_tabs.join(", "))))
            }
        }
        @if sheet.header_line().is_none() {
            (Note::new(Tone::Act, "This file has no row of titles.", "The first row is taken as a person. Check that each column below is right."))
        }
        (Card::new("columns", "Columns", columns_form(member, import, &sheet, &mapping)).padded())
    };
    Ok(page(member, import, body, None))
}

fn stored_mapping(import: &Import) -> Option<Mapping> {
    serde_json::from_value(import.mapping.clone()).ok()
}

fn columns_form(member: &Member, import: &Import, sheet: &Sheet, mapping: &Mapping) -> Markup {
    let choice = |current: &str| {
        let columns = sheet.columns().iter().map(|column| {
            let title = column.header.as_deref().unwrap_or("no title");
            let samples: Vec<String> = column.samples.iter().take(2).map(|sample| cut(sample, 24)).collect();
            let samples = if samples.is_empty() { "empty".to_owned() } else { samples.join(", ") };
            Choice::new(
                column.index.to_string(),
                format!("{} · {} — {samples}", column.letters, cut(title, 30)),
                current,
            )
        });
        std::iter::once(Choice::new("", "Not in the file", current)).chain(columns).collect::<Vec<_>>()
    };
    html! {
        form class="m-stack" method="post" action={ (href(import.id)) "/columns" } {
            (member.csrf())
            p class="m-p" { "Guessed from the titles and the first rows. Each line shows what the column holds." }
            div class="m-two" {
                @for field in Meaning::ALL.iter().filter(|field| **field != Meaning::RegisteredAt && **field != Meaning::Source) {
                    @let current = mapping.get(*field).map_or(String::new(), |column| column.to_string());
                    (Field::select(field.word(), field.title(), choice(&current)))
                }
            }
            div class="m-door__acts" {
                (Button::primary("Check the rows").busy("Reading…"))
                " " (Button::link("Back", "/imports"))
            }
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain("…".chars()).collect()
}

/// `POST /imports/{import}/columns`: reads every row once, and stores none.
pub async fn choose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Form(form): Form<Vec<(String, String)>>,
) -> PageResult {
    let import = before_commit(&member, id).await?;
    let mut mapping = Mapping::default();
    for field in Meaning::ALL {
        let column =
            form.iter().find(|(name, _)| name == field.word()).and_then(|(_, value)| value.parse().ok());
        mapping.set(field, column);
    }
    let names_somebody =
        [Meaning::Phone, Meaning::Email, Meaning::Name, Meaning::FirstName, Meaning::LastName]
            .iter()
            .any(|field| mapping.get(*field).is_some());
    if !names_somebody {
        let words = "Choose at least the column of the phone numbers, the e-mail addresses or the names.";
        return Ok(unprocessable(columns_page(&app, &member, &import, Some(&mapping), Some(words)).await?));
    }
    let importer = importer_of(&app, &member, &import);
    if let Err(error) = importer.open(&import.file_name).await {
        return Ok(unprocessable(gone_page(&member, &import, &error.to_string())));
    }
    let jobs = app.jobs.clone();
    run(
        &app,
        id,
        async move { importer.check(&import, &mapping, |at| jobs.progress(id, at)).await.map(drop) },
    )
    .await;
    Ok(see_other(&href(id)))
}

/// Runs something for an import in the background, and waits a moment for small files.
async fn run<F>(app: &App, id: ImportId, work: F)
where
    F: Future<Output = Result<(), crate::importing::ImportError>> + Send + 'static,
{
    if !app.jobs.begin(id) {
        return;
    }
    let jobs = app.jobs.clone();
    let task = tokio::spawn(async move {
        let ended = work.await;
        if let Err(error) = &ended {
            tracing::warn!(import.id = %id, "import {id} stopped: {error}");
        }
        jobs.end(id, ended.err().map(|error| failure(&error)));
    });
    // Dropping the handle after the wait lets the task go on.
    let _ = tokio::time::timeout(WAIT_FOR_SMALL, task).await;
}

fn failure(error: &crate::importing::ImportError) -> String {
    use crate::importing::ImportError::{Interrupted, Sheet, Store};
    match error {
        Sheet(error) => error.to_string(),
        Interrupted => error.to_string(),
        Store(StoreError::Stale) => {
            "The workshop was cancelled, or somebody else changed this import. Load the page again."
                .to_owned()
        }
        Store(_) => "The database did not answer. Nobody is added twice: start it again.".to_owned(),
    }
}

fn gone_page(member: &Member, import: &Import, words: &str) -> Markup {
    let body = html! {
        (head("This file cannot be read", import, 1))
        (Note::new(Tone::Fail, "", words).action(Button::link("Upload again", format!("/imports?workshop={}", import.workshop)).small()))
    };
    page(member, import, body, None)
}

// Rows

async fn rows_page(
    member: &Member,
    import: &Import,
    query: &RowsQuery,
    failed: Option<&str>,
) -> Result<Markup, Problem> {
    let summary = Summary::of(import);
    let counts = member.org.import_row_counts(import.id).await?;
    let mapping = stored_mapping(import).unwrap_or_default();
    let limit = i64::try_from(GRID_ROWS + 1).unwrap_or(i64::MAX);
    let mut rows = member.org.import_rows(import.id, query.after, limit).await?;
    let more = rows.len() > GRID_ROWS;
    rows.truncate(GRID_ROWS);
    let ready = n(summary.ready) + counts.fix;
    let left_out = n(summary.bad) - counts.fix;
    let body = html! {
        (head("Check the rows", import, 3))
        @if let Some(words) = failed { (Note::new(Tone::Fail, "", words)) }
        (summary_card(import, &summary, &counts))
        (notes(import, &summary))
        @if !rows.is_empty() {
            form id="rows" method="post" action={ (href(import.id)) "/rows" } {
                (member.csrf())
                input type="hidden" name="after" value=(query.after);
            }
            (grid(import, &mapping, &rows, query, more, n(summary.bad)))
            p { (Button::new("Save corrections").form("rows").busy("Saving…")) }
        }
        form id="commit" method="post" action={ (href(import.id)) "/commit" } { (member.csrf()) }
    };
    let next = Button::primary(format!("Import {}", counted(ready, "person", "people")))
        .icon(Icon::Check)
        .form("commit")
        .disabled(ready == 0)
        .busy("Importing…");
    let mut bar = SendBar::broadcast(ready, None, None, "You can undo an import.", next)
        .second(Button::link("Back", format!("{}/columns", href(import.id))));
    bar.main = format!("Import {}", counted(ready, "person", "people"));
    bar.more = vec![format!("{} left out", counted(left_out + n(summary.already), "row", "rows"))];
    Ok(page(member, import, body, Some(bar.render())))
}

fn summary_card(import: &Import, summary: &Summary, counts: &ImportRowCounts) -> Markup {
    let part = |key, label: &str, n: i64, to: &str| SummaryPart {
        key,
        label: label.to_owned(),
        n,
        href: to.to_owned(),
    };
    let fixed = counts.fix;
    let here = href(import.id);
    let parts = vec![
        part(Key::Done, "Ready", n(summary.ready) + fixed, "#main"),
        part(Key::Unknown, "Already registered", n(summary.already), &workshop_href(import.workshop)),
        part(Key::Failed, "Cannot be read", n(summary.bad) - fixed, &format!("{here}#rows")),
    ];
    html! {
        section class="m-card m-impsum" aria-label="Rows of the file" {
            div class="m-stack" {
                (RecipientSummary { parts, reachable: n(summary.ready) + fixed, aside: None, verb: "rows are ready", current: None })
                p class="m-hint" {
                    "Nothing is stored yet."
                    @if fixed > 0 { " " (counted(fixed, "row was", "rows were")) " corrected here." }
                    @if summary.without_phone > 0 { " " (counted(n(summary.without_phone), "person has", "people have")) " no phone number." }
                    @if summary.warned > summary.without_phone { " " (counted(n(summary.warned - summary.without_phone), "row is", "rows are")) " taken without something that could not be read, such as an e-mail address." }
                }
            }
        }
    }
}

fn notes(import: &Import, summary: &Summary) -> Markup {
    let again = || {
        Button::link("Upload again", format!("/imports?workshop={}", import.workshop))
            .icon(Icon::Upload)
            .small()
    };
    html! {
        @if summary.digits_lost > 0 {
            (Note::new(Tone::Act,
                format!("{} turned into a short form (such as 9.81E+09) by Excel.", counted(n(summary.digits_lost), "phone number was", "phone numbers were")),
                "Format the column as text, save, and upload the file again.").action(again()))
        }
        @if summary.bad > ROWS_TO_FIX_MAX {
            (Note::new(Tone::Act, format!("Only the first {} rows that cannot be read are shown.", grouped(n(ROWS_TO_FIX_MAX))),
                "So many usually mean a wrong column. Go back and choose the columns again.")
                .action(Button::link("Choose columns", format!("{}/columns", href(import.id))).small()))
        }
    }
}

fn grid(
    import: &Import,
    mapping: &Mapping,
    rows: &[ImportRow],
    query: &RowsQuery,
    more: bool,
    bad: i64,
) -> ImportGrid {
    let (after, place) = (query.after, query.from.max(0));
    let download = Button {
        download: true,
        ..Button::link("Download these rows", format!("{}/rows.csv", href(import.id)))
    };
    ImportGrid {
        title: counted(bad, "row to fix", "rows to fix"),
        action: Some(download.icon(Icon::Download).small()),
        columns: mapping.chosen().map(|(field, _)| field.title().to_owned()).collect(),
        rows: rows.iter().map(grid_row).collect(),
        pagination: Pagination {
            first: place + 1,
            last: place + i64::try_from(rows.len()).unwrap_or(0),
            total: Some(bad),
            previous: (after > 0).then(|| format!("{}#rows", href(import.id))),
            next: rows.last().filter(|_| more).map(|last| {
                format!("{}?after={}&from={}#rows", href(import.id), last.line, place + n(rows.len() as u64))
            }),
        },
        form: "rows".into(),
    }
}

fn grid_row(row: &ImportRow) -> GridRow {
    let cells = match &row.decision {
        Decision::Fix(typed) | Decision::StillWrong(typed) => with_typed(row, typed),
        Decision::Open | Decision::Skip => row.cells.clone(),
    };
    let wrong = wrongs(row);
    let of = |place: usize| {
        let fault =
            wrong.iter().find(|wrong| wrong.cell == Some(place) || (wrong.cell.is_none() && place == 0));
        fault.map(|wrong| (format!("c{}.{place}", row.line), wrong.says.clone()))
    };
    let cells =
        cells.into_iter().enumerate().map(|(place, value)| GridCell { value, wrong: of(place) }).collect();
    GridRow { number: row.line, cells }
}

/// `POST /imports/{import}/rows`: what a person typed into the cells that are wrong.
pub async fn fix(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Form(form): Form<Vec<(String, String)>>,
) -> PageResult {
    let import = before_commit(&member, id).await?;
    let mapping = stored_mapping(&import).unwrap_or_default();
    let after =
        form.iter().find(|(name, _)| name == "after").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let limit = i64::try_from(GRID_ROWS).unwrap_or(i64::MAX);
    let rows = member.org.import_rows(id, after, limit).await?;
    let (mut fixed, mut wrong) = (0, 0);
    for row in &rows {
        let before = match &row.decision {
            Decision::Fix(typed) | Decision::StillWrong(typed) => with_typed(row, typed),
            Decision::Open | Decision::Skip => row.cells.clone(),
        };
        let now: Vec<String> = before
            .iter()
            .enumerate()
            .map(|(place, text)| typed_into(&form, row.line, place).unwrap_or(text).to_owned())
            .collect();
        if now == before {
            continue;
        }
        let typed: Vec<(usize, String)> = now
            .iter()
            .enumerate()
            .filter(|(place, text)| row.cells.get(*place) != Some(text))
            .map(|(p, t)| (p, t.clone()))
            .collect();
        let (decision, problems) = match read_again(&now, &mapping, member.organization.country) {
            Ok(_) => (Decision::Fix(typed), vec![]),
            Err(faults) => (Decision::StillWrong(typed), faults),
        };
        match decision {
            Decision::Fix(_) => fixed += 1,
            Decision::Open | Decision::Skip | Decision::StillWrong(_) => wrong += 1,
        }
        let problems = serde_json::to_value(problems).map_err(|error| Problem::fault(error.to_string()))?;
        member.org.decide_import_row(id, row.line, &decision, &problems).await?;
    }
    let words = match (fixed, wrong) {
        (0, 0) => "Nothing was changed.".to_owned(),
        (fixed, 0) => format!("{} corrected.", counted(fixed, "row", "rows")),
        (fixed, wrong) => {
            format!("{} corrected, {} still to fix.", counted(fixed, "row", "rows"), grouped(wrong))
        }
    };
    let place =
        if after > 0 { format!("{}?after={after}#rows", href(id)) } else { format!("{}#rows", href(id)) };
    Ok(see_other_saying(&app, &place, &words))
}

fn typed_into(form: &[(String, String)], line: i64, place: usize) -> Option<&str> {
    let name = format!("c{line}.{place}");
    form.iter().find(|(given, _)| *given == name).map(|(_, value)| value.trim())
}

/// `GET /imports/{import}/rows.csv`: the rows to fix, with what is wrong.
pub async fn download(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    let mapping = stored_mapping(&import).unwrap_or_default();
    let limit = i64::try_from(ROWS_TO_FIX_MAX).unwrap_or(i64::MAX);
    let rows = member.org.import_rows(id, 0, limit).await?;
    // The mark tells Excel that it is UTF-8.
    let mut csv = String::from("\u{feff}");
    let titles = mapping.chosen().map(|(field, _)| field.title().to_owned());
    line(&mut csv, std::iter::once("Row".to_owned()).chain(titles).chain(["Problem".to_owned()]));
    for row in &rows {
        let says: Vec<String> = wrongs(row).into_iter().map(|wrong| wrong.says).collect();
        line(
            &mut csv,
            std::iter::once(row.line.to_string()).chain(row.cells.clone()).chain([says.join(" ")]),
        );
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rows-to-fix.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// One line of CSV. A cell that a spreadsheet would run as a formula gets a quote before it; a number's plus does not.
pub(crate) fn line(csv: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            csv.push(',');
        }
        let number =
            cell.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == ' '));
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number;
        csv.push('"');
        if formula {
            csv.push('\'');
        }
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    }
    csv.push_str("\r\n");
}

// Import and undo

/// `POST /imports/{import}/commit`: registers the good rows. Also goes on with what a restart interrupted.
pub async fn commit(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    let may = matches!(import.state, ImportState::Checked | ImportState::Committing);
    let (true, Some(mapping)) = (may, stored_mapping(&import)) else { return Err(StoreError::Stale.into()) };
    let importer = importer_of(&app, &member, &import);
    let jobs = app.jobs.clone();
    run(
        &app,
        id,
        async move { importer.commit(&import, &mapping, |at| jobs.progress(id, at)).await.map(drop) },
    )
    .await;
    Ok(see_other(&href(id)))
}

fn interrupted_page(member: &Member, import: &Import, failed: Option<&str>) -> Markup {
    let words = failed.unwrap_or("The program was stopped in the middle. Go on: nobody is added twice.");
    let body = html! {
        (head("Import interrupted", import, 4))
        (Note::new(Tone::Act, "Not all rows are in yet.", words))
        form method="post" action={ (href(import.id)) "/commit" } { (member.csrf()) (Button::primary("Go on").busy("Importing…")) }
    };
    page(member, import, body, None)
}

fn done_page(member: &Member, import: &Import, failed: Option<&str>) -> Markup {
    let summary = Summary::of(import);
    let undone = import.state == ImportState::Undone;
    let title = if undone { "Undone" } else { "Imported" };
    let may_undo = !undone && summary.new > 0 && member.may(Permission::Manage);
    let mut head = head(title, import, 5).chip(state_chip(import.state));
    if may_undo {
        let to = format!("{}/undo", href(import.id));
        head = head.action(Button::link("Undo import", to).icon(Icon::Back).opens("undo-import"));
    }
    let left = n(summary.bad) - n(summary.fixed);
    let body = html! {
        (head)
        @if let Some(words) = failed { (Note::new(Tone::Fail, "", words)) }
        @if undone {
            (Note::new(Tone::Rest, "This import was taken back.", "Registrations that a message was planned for stayed; see the workshop."))
        }
        (Strip(vec![
            Fact::figure("Registered", grouped(n(summary.new)), "").note("from this file"),
            Fact::figure("New to you", grouped(n(summary.lead_new)), "").note("numbers not known before"),
            Fact::figure("Already registered", grouped(n(summary.already)), "").note("nothing changed for them"),
            Fact::figure("Corrected here", grouped(n(summary.fixed)), "").note("and registered"),
            Fact::figure("Left out", grouped(left.max(0)), "").note("could not be read"),
        ]))
        (Bar::thin(vec![(Key::Done, n(summary.new)), (Key::Unknown, n(summary.already)), (Key::Failed, left.max(0))]))
        p { (Button::primary_link("Open workshop", workshop_href(import.workshop)).icon(Icon::Workshop)) }
        @if may_undo { (undo_confirm(import, &summary, member.csrf())) }
    };
    page(member, import, body, None)
}

fn undo_confirm(import: &Import, summary: &Summary, csrf: &Csrf) -> Confirm {
    let people = counted(n(summary.new), "registration", "registrations");
    Confirm {
        id: "undo-import".into(),
        title: format!("Take back {people}?"),
        body: html! {
            p class="m-p" { "They leave “" (import.workshop_title) "”. Those that a message was planned for stay, and you are told how many." }
        },
        action: format!("{}/undo", href(import.id)),
        csrf: csrf.clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Take back {people}")),
        back: ("Keep them".into(), href(import.id)),
    }
}

/// `GET /imports/{import}/undo`: the question, without script.
pub async fn ask_undo(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    if import.state != ImportState::Committed {
        return Err(StoreError::Stale.into());
    }
    let confirm = undo_confirm(&import, &Summary::of(&import), member.csrf());
    Ok(ok(page(&member, &import, confirm.page(), None)))
}

/// `POST /imports/{import}/undo`
pub async fn undo(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    if import.state != ImportState::Committed {
        return Err(StoreError::Stale.into());
    }
    let importer = importer_of(&app, &member, &import);
    let jobs = app.jobs.clone();
    let progress = move |undone: &store::imports::Undone| {
        jobs.progress(id, Progress { rows: undone.deleted + undone.kept, bytes: 0, bytes_total: 0 });
    };
    run(&app, id, async move { importer.undo(&import, progress).await.map(drop) }).await;
    Ok(see_other(&href(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_a_formula_is_told_as_text() {
        let mut csv = String::new();
        let cells = ["=1+1", "+91 90000 00001", "+cmd", "a \"b\"", "-"].map(str::to_owned);
        line(&mut csv, cells.into_iter());
        assert_eq!(csv, "\"'=1+1\",\"+91 90000 00001\",\"'+cmd\",\"a \"\"b\"\"\",\"'-\"\r\n");
    }

    #[test]
    fn a_file_name_is_only_a_name() {
        assert_eq!(tidy_name("../../etc/passwd"), "passwd");
        assert_eq!(tidy_name(r"C:\Users\a\people.csv"), "people.csv");
        assert_eq!(tidy_name("a\u{7}\n.csv"), "a.csv");
        assert_eq!(tidy_name("  "), "file");
        assert_eq!(tidy_name(&"ह".repeat(500)).chars().count(), 120);
    }
}
