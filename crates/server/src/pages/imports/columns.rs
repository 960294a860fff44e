//! The second step: which column of the file means what.

use axum::extract::State;
use domain::ids::ImportId;
use engine::import::{Field as Meaning, Kind, Mapping, Sheet};
use maud::{Markup, html};
use store::imports::Import;

use super::{before_commit, gone_page, head, href, importer_of, page, run, stored_mapping};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other,
    },
    pages::{unprocessable, workshops::ok},
    ui::{
        button::Button,
        chip::Tone,
        field::{Choice, Field},
        head::Card,
        note::Note,
    },
};

/// `GET /imports/{import}/columns`
pub async fn columns(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = before_commit(&member, id).await?;
    Ok(ok(columns_page(&app, &member, &import, None, None).await?))
}

pub(super) async fn columns_page(
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

pub(in crate::pages) fn cut(text: &str, most: usize) -> String {
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
