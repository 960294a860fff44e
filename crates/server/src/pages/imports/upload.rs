//! The first step: the form of a file, what was imported before, and the upload.

use std::path::Path as FilePath;

use axum::extract::{Multipart, State, multipart::MultipartRejection};
use domain::{ids::WorkshopId, text::line, workshop::WorkshopStatus};
use intake::{
    Summary,
    paste::{PASTED_BYTES_MAX, Pasted, as_table},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    imports::{Import, ImportState},
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};
use tokio::io::AsyncWriteExt;

use super::{href, importer, state_chip, steps};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Query},
        notice::see_other,
    },
    pages::{
        kept_upload::{self, Came},
        unprocessable,
        workshops::ok,
    },
    ui::{
        button::Button,
        chip::Tone,
        field::{Choice, Field},
        format::{counted, grouped},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::{Crumb, Section},
        table,
        table::{Column, Place, Row, Table},
    },
};

/// The folder of imports.
const KIND: &str = "imports";

/// Workshops that the form offers; the nearest ones.
const WORKSHOPS_OFFERED: i64 = 100;
/// Imports in the list.
const IMPORTS_SHOWN: i64 = 30;
/// The field of a pasted list.
const PASTED: &str = "pasted";
/// Longest file name that is kept, in characters.
const FILE_NAME_CHARS_MAX: usize = 120;
/// Most bytes of a field of an upload's form that is no file, and most of such fields.
const FIELD_BYTES_MAX: usize = 64 * 1024;
const FIELDS_MAX: usize = 20;
/// What a file field of a browser offers.
pub(in crate::pages) const ACCEPT: &str = ".csv,.tsv,.txt,.xlsx,text/csv,text/tab-separated-values,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

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
    paste: Option<String>,
    /// What was pasted, to stand there again.
    pasted: String,
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
                    .error(errors.file.clone()))
                (Field::area(PASTED, "Or paste the list", &errors.pasted)
                    .help("Rows copied from a sheet, or a chat with a person on each line.").error(errors.paste.clone()))
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
            // What an undo left is the workshop's to say.
            html! { @if import.state == ImportState::Committed { (grouped(summary.new)) } @else { "–" } },
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

/// `POST /imports`: streams the file to the data folder and looks whether it is a table.
pub async fn upload(
    State(app): State<App>,
    member: Member,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let Came { id, file, received } = kept_upload::take_in(&app, &member, KIND, multipart).await?;
    let path = format!("{KIND}/{}/{id}", member.organization.id);
    let pasted = received.field(PASTED);
    let mut errors = UploadErrors { pasted: pasted.to_owned(), ..UploadErrors::default() };
    let is_pasted = !pasted.trim().is_empty();
    let file_name = match (&received.file_name, is_pasted) {
        (Some(name), false) => name.clone(),
        (None, true) => keep_pasted(pasted, &file).await?,
        (None, false) => {
            errors.file = Some("Choose a file.".to_owned());
            String::new()
        }
        (Some(_), true) => {
            errors.paste = Some("There is a file and a text. Keep one of them.".to_owned());
            String::new()
        }
    };
    let workshop = match received.field("workshop").parse::<WorkshopId>() {
        Ok(workshop) => Some(workshop),
        Err(_) => {
            errors.workshop = Some("Choose the workshop that these people registered for.".to_owned());
            None
        }
    };
    if !file_name.is_empty() {
        let importer = importer(&app, &member, file.clone());
        let wrong = importer.open(&file_name).await.err().map(|error| error.to_string());
        *if is_pasted { &mut errors.paste } else { &mut errors.file } = wrong;
    }
    let (Some(workshop), None, None) = (workshop, &errors.file, &errors.paste) else {
        remove(&file).await;
        return Ok(unprocessable(list_page(&member, received.field("workshop"), &errors).await?));
    };
    if let Err(error) = member.org.add_import(id, workshop, &file_name, &path, member.now).await {
        remove(&file).await;
        return Err(error.into());
    }
    Ok(see_other(&format!("{}/columns", href(id))))
}

/// Writes a pasted list as a file; what it is called.
async fn keep_pasted(text: &str, file: &FilePath) -> Result<String, Problem> {
    let Pasted { table, left_out } = as_table(text);
    tokio::fs::write(file, table).await.map_err(disk)?;
    Ok(match left_out {
        0 => "Pasted list".to_owned(),
        n => format!("Pasted list ({} without a number left out)", counted(n, "line", "lines")),
    })
}

/// What an upload brought: its fields, and the name of the file if there was one.
#[derive(Debug, Default)]
pub(in crate::pages) struct Received {
    fields: Vec<(String, String)>,
    pub(in crate::pages) file_name: Option<String>,
}

impl Received {
    /// What was sent as that field; empty when nothing was.
    pub(in crate::pages) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }
}

/// Writes the file as it comes; only one piece of it is in memory at a time.
pub(in crate::pages) async fn receive(
    mut multipart: Multipart,
    file: &FilePath,
) -> Result<Received, Problem> {
    let mut received = Received::default();
    while let Some(mut field) = multipart.next_field().await.map_err(broke_off)? {
        match field.name().map(str::to_owned) {
            Some(name) if name == "file" => {
                if field.file_name().is_none_or(|name| name.trim().is_empty()) {
                    continue;
                }
                received.file_name = Some(tidy_name(field.file_name().unwrap_or_default()));
                let mut to = tokio::fs::File::create(file).await.map_err(disk)?;
                while let Some(piece) = field.chunk().await.map_err(broke_off)? {
                    to.write_all(&piece).await.map_err(disk)?;
                }
                to.sync_all().await.map_err(disk)?;
            }
            Some(name) => {
                if received.fields.len() == FIELDS_MAX {
                    return Err(too_much());
                }
                let most = if name == PASTED { PASTED_BYTES_MAX } else { FIELD_BYTES_MAX };
                received.fields.push((name, text_of(&mut field, most).await?));
            }
            None => {}
        }
    }
    Ok(received)
}

/// The text of a field that is no file. The size of the whole upload is no limit for it: it would be in memory at once.
async fn text_of(field: &mut axum::extract::multipart::Field<'_>, most: usize) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broke_off)? {
        if text.len() + piece.len() > most {
            return Err(too_much());
        }
        text.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn too_much() -> Problem {
    Problem::bad_request(
        "The form that came with the file holds far more than its fields take. Fill it in again.",
    )
}

/// The last part of a name, without signs that no screen shows.
fn tidy_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = line(last).chars().take(FILE_NAME_CHARS_MAX).collect();
    if shown.is_empty() { "file".to_owned() } else { shown }
}

fn broke_off(error: axum::extract::multipart::MultipartError) -> Problem {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            error.status(),
            "file_too_large",
            "This file is too large",
            "Split it, or remove columns that are not needed, and upload the parts one after the other.",
        );
    }
    Problem::bad_request(
        "The upload broke off before the file was here. Nothing was stored. Upload it again.",
    )
}

pub(in crate::pages) fn disk(error: std::io::Error) -> Problem {
    let log = format!("cannot write an uploaded file: {error}");
    match error.kind() {
        std::io::ErrorKind::StorageFull => Problem::disk_full(log),
        _ => Problem::unavailable(log),
    }
}

pub(in crate::pages) async fn remove(file: &FilePath) {
    // Nothing may be there yet.
    let _ = tokio::fs::remove_file(file).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_only_a_name() {
        assert_eq!(tidy_name("../../etc/passwd"), "passwd");
        assert_eq!(tidy_name(r"C:\Users\a\people.csv"), "people.csv");
        assert_eq!(tidy_name("a\0b.csv"), "a b.csv");
        assert_eq!(tidy_name("people\u{202E}vsc.exe"), "peoplevsc.exe");
        assert_eq!(tidy_name("  "), "file");
        assert_eq!(tidy_name(&"ह".repeat(500)).chars().count(), 120);
    }
}
