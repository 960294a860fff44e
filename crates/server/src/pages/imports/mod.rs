//! Importing a file of people: file, columns, rows, import; and its undoing. Here is what the steps share.

pub mod again;
pub mod columns;
pub mod finish;
pub mod left_out;
pub mod rows;
pub mod statuses;
pub mod upload;

use std::path::PathBuf;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::ids::ImportId;
use intake::{
    ImportError, Importer,
    importer::{Job, Progress},
    read::Mapping,
};
use maud::{Markup, Render, html};
use store::{
    StoreError,
    imports::{Import, ImportState},
};

use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path, Query},
        notice::see_other,
    },
    pages::workshops::{href as workshop_href, ok},
    ui::{
        bar::Key,
        button::Button,
        chip::{Chip, Tone},
        format::counted,
        head::Head,
        icons::Icon,
        note::Note,
        outside_page::Wizard,
        progress::Progress as ProgressBar,
        shell::{Crumb, Section},
    },
};
use columns::columns_page;
use finish::{done_page, interrupted_page};
use rows::{RowsQuery, rows_page};

/// Largest file, in bytes: several million rows of CSV.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most bytes of one page of corrections.
pub const ROWS_BYTES_MAX: usize = 1024 * 1024;
/// Longest upload.
pub const UPLOAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15 * 60);
/// A small file is done within this; its person sees the result and no progress page.
const WAIT_FOR_SMALL: std::time::Duration = std::time::Duration::from_millis(900);

fn href(id: ImportId) -> String {
    format!("/imports/{id}")
}

/// A count for a screen.
fn n(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The four steps; `now` is the one under way, from 1.
fn steps(now: usize) -> Wizard {
    Wizard { steps: vec!["File", "Columns", "Rows", "Import"], at: now - 1 }
}

fn state_chip(state: ImportState) -> Chip {
    let (tone, icon) = match state {
        ImportState::Uploaded | ImportState::Checked => (Tone::Act, Icon::Wait),
        ImportState::Committing => (Tone::Run, Icon::Play),
        ImportState::Committed => (Tone::Done, Icon::Ok),
        ImportState::Undoing => (Tone::Run, Icon::Cancel),
        ImportState::Undone => (Tone::Rest, Icon::Cancel),
    };
    Chip { tone, icon, word: state.title().to_owned() }
}

fn stored_mapping(import: &Import) -> Option<Mapping> {
    serde_json::from_value(import.mapping.clone()).ok()
}

/// An import of which nothing is written yet.
async fn before_commit(member: &Member, id: ImportId) -> Result<Import, Problem> {
    let import = member.org.import(id).await?;
    match import.state {
        ImportState::Uploaded | ImportState::Checked => Ok(import),
        ImportState::Committing | ImportState::Committed | ImportState::Undoing | ImportState::Undone => {
            Err(StoreError::Stale.into())
        }
    }
}

fn importer(app: &App, member: &Member, file: PathBuf) -> Importer {
    Importer {
        org: member.org.clone(),
        clock: app.clock.clone(),
        home: member.organization.country,
        zone: member.organization.zone.clone(),
        file,
        phone_key: app.phone_key.clone(),
    }
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
            Ok(ok(columns_page(&app, &member, &import, None, &columns::Wrong::because(words)).await?))
        }
        ImportState::Checked => Ok(ok(rows_page(&member, &import, &query, failed.as_deref()).await?)),
        ImportState::Committing => Ok(ok(interrupted_page(&member, &import, failed.as_deref()))),
        // Begun before the program was stopped: the engine goes on with it.
        ImportState::Undoing if failed.is_none() => Ok(progress_page(&member, &import, Progress::default())),
        ImportState::Committed | ImportState::Undoing | ImportState::Undone => {
            Ok(ok(done_page(&member, &import, &query, failed.as_deref()).await?))
        }
    }
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
        ImportState::Committed | ImportState::Undoing | ImportState::Undone => ("Undoing", 4),
        ImportState::Uploaded | ImportState::Checked => ("Reading the rows", 3),
    };
    let (done, total) = (n(progress.bytes), n(progress.bytes_total));
    let body = html! {
        (head(title, import, step))
        section class="m-card m-card--in" aria-live="polite" {
            div class="m-card__body" {
                (ProgressBar {
                    figure: counted(progress.rows, "row", "rows"),
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

/// Runs something for an import in the background, and waits a moment for small files.
async fn run<F>(app: &App, id: ImportId, work: F)
where
    F: Future<Output = Result<(), ImportError>> + Send + 'static,
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

fn failure(error: &ImportError) -> String {
    use ImportError::{Interrupted, Sheet, Store};
    match error {
        Sheet(error) => error.to_string(),
        Interrupted => error.to_string(),
        Store(StoreError::Stale) => {
            "The workshop was cancelled, or somebody else changed this import. Load the page again."
                .to_owned()
        }
        Store(error) if error.is_full() => {
            "The disk is full. When there is room again, start it again: nobody is added twice.".to_owned()
        }
        Store(_) => "The database did not answer. Nobody is added twice: start it again.".to_owned(),
    }
}

/// An import that could not go on, as an answer of its own.
fn problem(error: ImportError) -> Problem {
    match error {
        ImportError::Store(error) => error.into(),
        other => Problem::unavailable(other.to_string()),
    }
}

fn gone_page(member: &Member, import: &Import, words: &str) -> Markup {
    let body = html! {
        (head("This file cannot be read", import, 1))
        (Note::new(Tone::Fail, "", words).action(Button::link("Upload again", format!("/imports?workshop={}", import.workshop)).small()))
    };
    page(member, import, body, None)
}
