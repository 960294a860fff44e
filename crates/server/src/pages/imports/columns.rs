//! The second step: which column of the file means what.

use axum::extract::State;
use domain::ids::ImportId;
use intake::{
    Importer,
    read::{DateOrder, Field as Meaning, Kind, Mapping, NotUsed, OrderFound, Sheet},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::imports::Import;

use super::{before_commit, gone_page, head, href, importer_of, page, problem, run, stored_mapping};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other,
    },
    pages::{unprocessable, workshops::ok},
    ui::{
        button::Button,
        chip::Tone,
        field::{Checkbox, Choice, Field},
        format::{counted, cut},
        head::Card,
        note::Note,
    },
};

/// Columns of one field that a form offers, for fields that take several.
const SEVERAL_MAX: usize = 6;

/// What the address of the columns says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ColumnsQuery {
    /// Another sheet of the workbook than the one that is proposed.
    #[serde(default)]
    tab: String,
}

/// `GET /imports/{import}/columns`
pub async fn columns(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Query(query): Query<ColumnsQuery>,
) -> PageResult {
    let import = before_commit(&member, id).await?;
    if query.tab.is_empty() {
        return Ok(ok(columns_page(&app, &member, &import, None, &Wrong::default()).await?));
    }
    let importer = importer_of(&app, &member, &import);
    let sheet = match importer.open_tab(&import.file_name, Some(&query.tab)).await {
        Ok(sheet) => sheet,
        Err(broken) => return Ok(unprocessable(gone_page(&member, &import, &broken.to_string()))),
    };
    let mut mapping = Mapping::guess(&sheet);
    mapping.tab = Some(query.tab);
    Ok(ok(columns_page(&app, &member, &import, Some(&mapping), &Wrong::default()).await?))
}

/// What is wrong with a choice of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrong {
    /// What is wrong with the choice as a whole.
    all: Option<String>,
    /// What is wrong with the order of the dates: a person has to say which it is.
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
    let known = chosen.cloned().or_else(|| stored_mapping(import));
    let tab = known.as_ref().and_then(|mapping| mapping.tab.as_deref());
    let sheet = match importer_of(app, member, import).open_tab(&import.file_name, tab).await {
        Ok(sheet) => sheet,
        Err(broken) => return Ok(gone_page(member, import, &broken.to_string())),
    };
    let mapping = known.unwrap_or_else(|| Mapping::guess(&sheet));
    let body = html! {
        (head("Choose the columns", import, 2))
        @if let Some(error) = &wrong.all { (Note::new(Tone::Fail, "", error)) }
        @if let Kind::Xlsx { tab, other_tabs } = sheet.kind() {
            @if !other_tabs.is_empty() { (sheets_note(import, &sheet, &tab, &other_tabs)) }
        }
        (unseen_notes(&sheet))
        (not_used_note(&mapping.not_used(&sheet)))
        @if sheet.header_line().is_some() { (guessed_note(&sheet, &mapping)) }
        @if sheet.header_line().is_none() {
            (Note::new(Tone::Act, "This file has no row of titles.", "The first row is taken as a person. Check that each column below is right."))
        }
        (Card::new("columns", "Columns", columns_form(member, import, &sheet, &mapping, wrong)).padded())
    };
    Ok(page(member, import, body, None))
}

/// Which sheet is read, and the way to another.
fn sheets_note(import: &Import, sheet: &Sheet, tab: &str, other_tabs: &[String]) -> Markup {
    let people = sheet.other_tabs_with_people();
    let text = match people.len() {
        0 => format!("Not read: {}. They hold no numbers.", other_tabs.join(", ")),
        _ => format!("Not read: {}. There are people in {}.", other_tabs.join(", "), people.join(", ")),
    };
    let choice = |name: &String| Choice::new(name.clone(), name.clone(), tab);
    let tabs: Vec<Choice> = std::iter::once(&tab.to_owned()).chain(other_tabs).map(choice).collect();
    let form = html! {
        form class="m-inline m-inline--end" method="get" action={ (href(import.id)) "/columns" } {
            (Field::select("tab", "Sheet", tabs))
            (Button::new("Read this sheet").small())
        }
    };
    html! { (Note::new(Tone::Act, format!("Only the sheet “{tab}” is read."), text).action(form)) }
}

/// What the workbook shows or hides otherwise than it is read.
fn unseen_notes(sheet: &Sheet) -> Markup {
    let marks = sheet.marks();
    let hidden = sheet.hidden_tabs_with_people();
    html! {
        @if let Some(lines) = sheet.lines_left_out() {
            (Note::new(Tone::Act, "This file is a list and no table.",
                format!("Each person in it was read as a row. {} without a number or an address left out. Look at the names.", counted(lines, "line", "lines"))))
        }
        @if !hidden.is_empty() {
            (Note::new(Tone::Act, format!("The workbook hides {} with people.", counted(hidden.len() as i64, "sheet", "sheets")),
                format!("Not read: {}. Unhide it in Excel and upload the file again to import it.", hidden.join(", "))))
        }
        @if !marks.hidden_columns.is_empty() {
            (Note::new(Tone::Act, format!("The sheet hides {}.", counted(marks.hidden_columns.len() as i64, "column", "columns")),
                "They were not guessed. Choose one below if you want it."))
        }
        @if marks.formulas_without_value > 0 {
            (Note::new(Tone::Act, format!("{} a formula without a stored result.", counted(marks.formulas_without_value, "cell has", "cells have")),
                "Excel shows a value, the file holds none. Open it in Excel, save it, and upload it again."))
        }
    }
}

/// Columns whose title does not say what they hold.
fn guessed_note(sheet: &Sheet, mapping: &Mapping) -> Markup {
    let title = |at: usize| {
        let column = sheet.columns().get(at);
        column.map_or(String::new(), |column| {
            column.header.clone().unwrap_or_else(|| format!("column {}", column.letters))
        })
    };
    let guessed: Vec<String> = mapping
        .guessed_from_cells(sheet)
        .into_iter()
        .map(|(field, column)| format!("“{}” as {}", cut(&title(column), 40), field.title().to_lowercase()))
        .collect();
    html! {
        @if !guessed.is_empty() {
            (Note::new(Tone::Act, "Guessed from the cells, no title says it.", format!("{}. Check it below.", guessed.join("; "))))
        }
    }
}

fn not_used_note(columns: &[NotUsed]) -> Markup {
    let names: Vec<String> =
        columns.iter().map(|column| format!("“{}” ({})", cut(&column.title, 40), column.why)).collect();
    html! {
        @if !columns.is_empty() {
            (Note::new(Tone::Act, format!("{} not used.", counted(columns.len() as i64, "column that may matter is", "columns that may matter are")),
                format!("{}. Choose one below if it holds what you want read.", names.join("; "))))
        }
    }
}

/// The columns that a form offers for a field: its own and, for a number, one more.
fn places(mapping: &Mapping, field: Meaning) -> Vec<Option<usize>> {
    let mut places: Vec<Option<usize>> = mapping.all(field).map(Some).collect();
    if places.is_empty() || (field == Meaning::Phone && places.len() < SEVERAL_MAX) {
        places.push(None);
    }
    places.truncate(SEVERAL_MAX);
    places
}

fn label(field: Meaning, at: usize) -> String {
    match (field, at) {
        (_, 0) => field.title().to_owned(),
        (Meaning::Phone, _) => "Phone number, if that is empty".to_owned(),
        (field, _) => format!("{}, also in", field.title()),
    }
}

fn place_name(field: Meaning, at: usize) -> String {
    if at == 0 { field.word().to_owned() } else { format!("{}.{at}", field.word()) }
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
    let hidden: u64 = sheet.marks().hidden_rows.iter().map(|(from, to)| to - from + 1).sum();
    html! {
        form class="m-stack" method="post" action={ (href(import.id)) "/columns" } {
            (member.csrf())
            p class="m-p" { "Guessed from the titles and the first rows. Each line shows what the column holds." }
            div class="m-two" {
                @for field in Meaning::ALL {
                    @for (at, column) in places(mapping, field).into_iter().enumerate() {
                        @let current = column.map_or(String::new(), |column| column.to_string());
                        (Field::select(place_name(field, at), label(field, at), choice(&current)))
                    }
                }
                @if wrong.dates.is_some() || !order.is_empty() {
                    (Field::select("dates", "Dates are written", orders).error(wrong.dates.clone()))
                }
            }
            @if hidden > 0 {
                (Checkbox::new("hidden_rows", format!("Take {} that the sheet hides", counted(hidden, "row", "rows")), mapping.take_hidden_rows)
                    .help("A filter or a person has hidden them. They are left out unless you tick this."))
            }
            @if let Some(tab) = &mapping.tab { input type="hidden" name="tab" value=(tab); }
            div class="m-acts" {
                (Button::link("Back", "/imports"))
                (Button::primary("Check the rows").busy("Reading…"))
            }
        }
    }
}

/// Takes the order of dates that fits every row. Where none or both do, what a person said; else the question to them.
async fn settle_dates(importer: &Importer, import: &Import, mapping: &mut Mapping) -> Option<String> {
    mapping.get(Meaning::RegisteredAt)?;
    let found = match importer.date_order(&import.file_name, mapping).await {
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
    let said = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    for field in Meaning::ALL {
        let columns: Vec<usize> = (0..SEVERAL_MAX)
            .filter_map(|at| said(&place_name(field, at)).and_then(|value| value.parse().ok()))
            .collect();
        mapping.set_all(field, &columns);
    }
    mapping.tab = said("tab").map(str::to_owned);
    mapping.take_hidden_rows = said("hidden_rows").is_some();
    if let Some(earlier) = stored_mapping(&import) {
        mapping.statuses = earlier.statuses;
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
    if let Err(error) = importer.open_tab(&import.file_name, mapping.tab.as_deref()).await {
        return Ok(unprocessable(gone_page(&member, &import, &error.to_string())));
    }
    mapping.set_date_order(said("dates").and_then(|word| word.parse().ok()));
    if let Some(words) = settle_dates(&importer, &import, &mut mapping).await {
        let wrong = Wrong { dates: Some(words), ..Wrong::default() };
        return Ok(unprocessable(columns_page(&app, &member, &import, Some(&mapping), &wrong).await?));
    }
    let mapping = importer.with_remembered(mapping).await.map_err(problem)?;
    let jobs = app.jobs.clone();
    run(
        &app,
        id,
        async move { importer.check(&import, &mapping, |at| jobs.progress(id, at)).await.map(drop) },
    )
    .await;
    Ok(see_other(&href(id)))
}
