//! The second step: which column of the file means what.

use axum::extract::State;
use domain::ids::ImportId;
use intake::{
    Importer,
    read::{DateOrder, Field as Meaning, Kind, Mapping, OrderFound, Sheet},
};
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
        format::cut,
        head::Card,
        note::Note,
    },
};

/// `GET /imports/{import}/columns`
pub async fn columns(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = before_commit(&member, id).await?;
    Ok(ok(columns_page(&app, &member, &import, None, &Wrong::default()).await?))
}

/// What is wrong with a choice of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrong {
    /// With all of it.
    all: Option<String>,
    /// With the order of the dates: what a person has to say.
    dates: Option<String>,
}

impl Wrong {
    pub(super) fn because(words: impl Into<String>) -> Wrong {
        Wrong { all: Some(words.into()), ..Wrong::default() }
    }
}

pub(super) async fn columns_page(
    app: &App,
    member: &Member,
    import: &Import,
    chosen: Option<&Mapping>,
    wrong: &Wrong,
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
        @if let Some(error) = &wrong.all { (Note::new(Tone::Fail, "", error)) }
        @if let Kind::Xlsx { tab, other_tabs } = sheet.kind() {
            @if !other_tabs.is_empty() {
                (Note::new(Tone::Act, format!("Only the sheet “{tab}” is read."), format!("Not read: {}. To import another sheet, save it as a file of its own.", other_tabs.join(", "))))
            }
        }
        @if sheet.header_line().is_none() {
            (Note::new(Tone::Act, "This file has no row of titles.", "The first row is taken as a person. Check that each column below is right."))
        }
        (Card::new("columns", "Columns", columns_form(member, import, &sheet, &mapping, wrong)).padded())
    };
    Ok(page(member, import, body, None))
}

fn columns_form(member: &Member, import: &Import, sheet: &Sheet, mapping: &Mapping, wrong: &Wrong) -> Markup {
    let order = mapping.date_order().map_or("", DateOrder::word);
    let orders = vec![
        Choice::new("", "Choose", order),
        Choice::new(DateOrder::DayFirst.word(), "Day first: 03/04/2026 is 3 April", order),
        Choice::new(DateOrder::MonthFirst.word(), "Month first: 03/04/2026 is 4 March", order),
    ];
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
                @for field in &Meaning::ALL {
                    @let current = mapping.get(*field).map_or(String::new(), |column| column.to_string());
                    (Field::select(field.word(), field.title(), choice(&current)))
                }
                @if wrong.dates.is_some() || !order.is_empty() {
                    (Field::select("dates", "Dates are written", orders).error(wrong.dates.clone()))
                }
            }
            div class="m-acts" {
                (Button::link("Back", "/imports"))
                (Button::primary("Check the rows").busy("Reading…"))
            }
        }
    }
}

/// Takes the order of dates that fits every row. Where none or both do, what a person said; else the question to them.
async fn settle_dates(importer: &Importer, import: &Import, mapping: &mut Mapping) -> Option<String> {
    let column = mapping.get(Meaning::RegisteredAt)?;
    let found = match importer.date_order(&import.file_name, column).await {
        Ok(found) => found,
        Err(error) => return Some(error.to_string()),
    };
    match (found, mapping.date_order()) {
        (OrderFound::NotNeeded, _) => mapping.set_date_order(None),
        (OrderFound::Only(order), _) => mapping.set_date_order(Some(order)),
        (OrderFound::Open { .. } | OrderFound::Mixed { .. }, Some(_)) => {}
        (OrderFound::Open { example }, None) => {
            return Some(format!(
                "“{example}” can be read in two ways, and no other row tells which. Say how dates are written."
            ));
        }
        (OrderFound::Mixed { day, month }, None) => {
            return Some(format!(
                "“{day}” has the day first and “{month}” the month. Say which is right; the rows that do not fit are shown to be corrected."
            ));
        }
    }
    None
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
        let wrong = Wrong::because(words);
        return Ok(unprocessable(columns_page(&app, &member, &import, Some(&mapping), &wrong).await?));
    }
    let importer = importer_of(&app, &member, &import);
    if let Err(error) = importer.open(&import.file_name).await {
        return Ok(unprocessable(gone_page(&member, &import, &error.to_string())));
    }
    let said = form.iter().find(|(name, _)| name == "dates").and_then(|(_, word)| word.parse().ok());
    mapping.set_date_order(said);
    if let Some(words) = settle_dates(&importer, &import, &mut mapping).await {
        let wrong = Wrong { dates: Some(words), ..Wrong::default() };
        return Ok(unprocessable(columns_page(&app, &member, &import, Some(&mapping), &wrong).await?));
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
