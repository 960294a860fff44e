//! The third step: what was found, and the rows that somebody has to correct.

use axum::extract::State;
use domain::ids::{ImportId, RegistrantId};
use intake::{
    Summary,
    importer::{ROWS_TO_FIX_MAX, read_again, with_typed, wrongs},
    read::Mapping,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::imports::{Decision, Import, ImportRow, ImportRowCounts, ImportState};

use super::super::csv::{line, whole};
use super::{
    again::again_card, before_commit, head, href, importer_of, left_out::left_out_card, n, page, problem,
    statuses::statuses_card, stored_mapping,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::workshops::href as workshop_href,
    ui::{
        bar::Key,
        button::Button,
        chip::Tone,
        composer::SendBar,
        format::{counted, grouped},
        icons::Icon,
        import_grid::{GridCell, GridRow, ImportGrid},
        note::Note,
        pagination::Trail,
        recipient_summary::{RecipientSummary, SummaryPart},
    },
};

/// Rows to fix on one page.
const GRID_ROWS: usize = 50;

/// Which rows to fix are shown.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RowsQuery {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
    /// Registrations that were made of corrected rows just now.
    #[serde(default)]
    registered: String,
}

impl RowsQuery {
    /// The registrations that were made of corrected rows just now.
    pub(super) fn registered(&self) -> Vec<RegistrantId> {
        self.registered.split(',').filter_map(|id| id.parse().ok()).take(GRID_ROWS).collect()
    }

    fn trail(&self) -> Trail {
        let after = if self.after > 0 { self.after.to_string() } else { String::new() };
        Trail::read(&after, self.from, &self.back)
    }
}

pub(super) async fn rows_page(
    member: &Member,
    import: &Import,
    query: &RowsQuery,
    failed: Option<&str>,
) -> Result<Markup, Problem> {
    let summary = Summary::of(import);
    let counts = member.org.import_row_counts(import.id).await?;
    let to_fix = to_fix(&summary, &counts);
    let grid = corrections(member, import, query, &counts, to_fix).await?;
    let differences = match summary.again.met().next() {
        Some(_) => Some(again_card(member, import, &summary).await?),
        None => None,
    };
    let ready = n(summary.ready) + counts.fix;
    let left_out = left_out_card(member, import, &summary).await?;
    let body = html! {
        (head("Check the rows", import, 3))
        @if let Some(words) = failed { (Note::new(Tone::Fail, "", words)) }
        (summary_card(import, &summary, &counts))
        (notes(import, &summary))
        form id="commit" method="post" action={ (href(import.id)) "/commit" } {
            (member.csrf())
            @if let Some(card) = &differences { (card) }
        }
        @if !summary.statuses.is_empty() { (statuses_card(member, import, &summary)) }
        @if let Some(grid) = &grid { (grid) }
        (left_out)
    };
    let open = summary.open_statuses().count();
    // Whom nobody is registered for may still have asked for no messages.
    let nothing = ready == 0 && summary.opting_out == 0 && summary.again.met().next().is_none();
    let next = Button::primary(format!("Import {}", counted(ready, "person", "people")))
        .icon(Icon::Check)
        .form("commit")
        .disabled(nothing || open > 0)
        .busy("Importing…");
    let mut bar = SendBar::broadcast(ready, None, None, "You can undo an import.", next)
        .second(Button::link("Back", format!("{}/columns", href(import.id))));
    bar.main = format!("Import {}", counted(ready, "person", "people"));
    let left_out = summary.left_out + summary.undecided + summary.hidden_rows + summary.other_table;
    bar.more = vec![format!("{} left out", counted(to_fix + n(summary.already + left_out), "row", "rows"))];
    let changes: u64 = summary.again.met().map(|(_, group)| if group.take { group.people } else { 0 }).sum();
    if changes > 0 {
        bar.more.push(format!("{} as ticked", counted(changes, "change", "changes")));
    }
    if open > 0 {
        bar.more
            .push(format!("Say first what {} above", counted(open as i64, "status means", "statuses mean")));
    }
    Ok(page(member, import, body, Some(bar.render())))
}

/// Rows that cannot be taken as they are, with the form that corrects them; none where there are none.
pub(super) async fn corrections(
    member: &Member,
    import: &Import,
    query: &RowsQuery,
    counts: &ImportRowCounts,
    to_fix: i64,
) -> Result<Option<Markup>, Problem> {
    let mapping = stored_mapping(import).unwrap_or_default();
    let limit = i64::try_from(GRID_ROWS + 1).unwrap_or(i64::MAX);
    let mut rows = member.org.import_rows(import.id, query.after, limit).await?;
    let more = rows.len() > GRID_ROWS;
    rows.truncate(GRID_ROWS);
    let shown = html! {
        form id="corrections" method="post" action={ (href(import.id)) "/rows" } {
            (member.csrf())
            input type="hidden" name="after" value=(query.after);
            input type="hidden" name="from" value=(query.from);
            input type="hidden" name="back" value=(query.trail().back());
        }
        (grid(import, &mapping, &rows, query, more, counts, to_fix))
        p { (Button::new("Save corrections").form("corrections").busy("Saving…")) }
    };
    Ok((!rows.is_empty()).then_some(shown))
}

/// Rows that would be left out now.
pub(super) fn to_fix(summary: &Summary, counts: &ImportRowCounts) -> i64 {
    (n(summary.bad) - counts.fix).max(0)
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
        part(
            Key::Unknown,
            "Already registered, or twice in the file",
            n(summary.already),
            &workshop_href(import.workshop),
        ),
        part(Key::Failed, "Cannot be read", to_fix(summary, counts), &format!("{here}#rows")),
        part(Key::Expired, "Left out by their status", n(summary.left_out), "#statuses"),
        part(Key::Waiting, "Status not known", n(summary.undecided), "#statuses"),
        part(
            Key::Expired,
            "Hidden or of another table",
            n(summary.hidden_rows + summary.other_table),
            &format!("{here}/columns"),
        ),
    ];
    let parts: Vec<SummaryPart> = parts
        .into_iter()
        .enumerate()
        .filter(|(at, part)| *at < 3 || part.n > 0)
        .map(|(_, part)| part)
        .collect();
    let verb =
        if parts.iter().map(|part| part.n).sum::<i64>() == 1 { "row is ready" } else { "rows are ready" };
    html! {
        section class="m-card m-impsum" aria-label="Rows of the file" {
            div class="m-stack" {
                (RecipientSummary { parts, reachable: n(summary.ready) + fixed, aside: None, verb, current: None })
                p class="m-hint" {
                    "Nothing is stored yet."
                    @if fixed > 0 { " " (counted(fixed, "row was", "rows were")) " corrected here." }
                    @if summary.agreed > 0 { " " (counted(summary.agreed, "person agreed", "people agreed")) " to promotions; that is recorded with the import." }
                    @if summary.without_phone > 0 { " " (counted(summary.without_phone, "person has", "people have")) " no phone number." }
                    @if summary.opting_out > 0 { " " (counted(summary.opting_out, "person wants", "people want")) " no messages; they are entered as opted out." }
                    @if summary.without_place > 0 { " " (counted(summary.without_place, "person is", "people are")) " registered as cancelled or refunded and told nothing." }
                    @if summary.no_people > 0 { " " (counted(summary.no_people, "row is", "rows are")) " no people: titles again, totals, notes." }
                    @if summary.landlines > 0 { " " (counted(summary.landlines, "person has", "people have")) " a landline: no WhatsApp and no SMS reaches it." }
                    @if summary.warned > summary.without_phone { " " (counted(summary.warned - summary.without_phone, "row is", "rows are")) " taken without something that could not be read, such as an e-mail address." }
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
    let choose = || Button::link("Choose columns", format!("{}/columns", href(import.id))).small();
    html! {
        @if summary.digits_lost > 0 {
            (Note::new(Tone::Act,
                format!("{} turned into a short form (such as 9.81E+09) by Excel.", counted(summary.digits_lost, "phone number was", "phone numbers were")),
                "Format the column as text, save, and upload the file again.").action(again()))
        }
        @if summary.other_table > 0 {
            (Note::new(Tone::Act, format!("Another table begins in row {}.", grouped(summary.other_table_line.unwrap_or_default())),
                format!("{} of it are not read. Save it as a file of its own to import it.", counted(summary.other_table, "row", "rows"))))
        }
        @if summary.bad > ROWS_TO_FIX_MAX {
            (Note::new(Tone::Act, format!("Only the first {} rows that cannot be read are shown.", grouped(ROWS_TO_FIX_MAX)),
                "So many usually mean a wrong column. Go back and choose the columns again.")
                .action(choose()))
        }
        @if summary.ready > 0 && summary.without_phone == summary.ready {
            (Note::new(Tone::Act, "Nobody in this file has a phone number.",
                "They would be registered, and no message would reach them. Choose the column with the numbers if there is one.")
                .action(choose()))
        }
    }
}

fn grid(
    import: &Import,
    mapping: &Mapping,
    rows: &[ImportRow],
    query: &RowsQuery,
    more: bool,
    counts: &ImportRowCounts,
    to_fix: i64,
) -> ImportGrid {
    let download = Button {
        download: true,
        ..Button::link("Download these rows", format!("{}/rows.csv", href(import.id)))
    };
    ImportGrid {
        id: "rows",
        title: match to_fix {
            0 => "All rows are corrected".to_owned(),
            n => counted(n, "row to fix", "rows to fix"),
        },
        action: Some(download.icon(Icon::Download).small()),
        columns: mapping.chosen().map(|(field, _)| field.title().to_owned()).collect(),
        rows: rows.iter().map(grid_row).collect(),
        pagination: query.trail().foot(
            &format!("{}#rows", href(import.id)),
            GRID_ROWS as i64,
            n(rows.len() as u64),
            rows.last().filter(|_| more).map(|last| last.line.to_string()),
            // Corrected rows stay in the list.
            Some(counts.open + counts.skip + counts.fix),
        ),
        form: "corrections".into(),
    }
}

fn grid_row(row: &ImportRow) -> GridRow {
    let cells = match &row.decision {
        Decision::Fix(typed) | Decision::StillWrong(typed) => with_typed(row, typed),
        Decision::Open | Decision::Skip | Decision::ByStatus => row.cells.clone(),
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
    let mut import = member.org.import(id).await?;
    let is_done = import.state == ImportState::Committed;
    if !is_done {
        before_commit(&member, id).await?;
    }
    let mapping = stored_mapping(&import).unwrap_or_default();
    let number = |wanted: &str| -> i64 {
        form.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    };
    let (after, from) = (number("after").max(0), number("from").max(0));
    let limit = i64::try_from(GRID_ROWS).unwrap_or(i64::MAX);
    let rows = member.org.import_rows(id, after, limit).await?;
    let (mut fixed, mut wrong) = (0, 0);
    let mut registered_now: Vec<String> = Vec::new();
    for row in &rows {
        let before = match &row.decision {
            Decision::Fix(typed) | Decision::StillWrong(typed) => with_typed(row, typed),
            Decision::Open | Decision::Skip | Decision::ByStatus => row.cells.clone(),
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
        // Once the others are registered, a corrected row is registered at once.
        let read = match is_done {
            true => {
                let importer = importer_of(&app, &member, &import);
                let registered =
                    importer.register_corrected(&import, &mapping, &now).await.map_err(problem)?;
                registered.map(|id| registered_now.push(id.to_string()))
            }
            false => {
                read_again(&now, &mapping, member.organization.country, &member.organization.zone).map(drop)
            }
        };
        let (decision, problems) = match read {
            Ok(()) => (Decision::Fix(typed), vec![]),
            Err(faults) => (Decision::StillWrong(typed), faults),
        };
        if is_done {
            import = member.org.import(id).await?;
        }
        match decision {
            Decision::Fix(_) => fixed += 1,
            Decision::Open | Decision::Skip | Decision::ByStatus | Decision::StillWrong(_) => wrong += 1,
        }
        let problems = serde_json::to_value(problems).map_err(|error| Problem::fault(error.to_string()))?;
        member.org.decide_import_row(id, row.line, &decision, &problems).await?;
    }
    let left = to_fix(&Summary::of(&import), &member.org.import_row_counts(id).await?);
    let back = form.iter().find(|(name, _)| name == "back").map_or("", |(_, back)| back);
    let here = match registered_now.as_slice() {
        [] => href(id),
        people => format!("{}?registered={}", href(id), people.join(",")),
    };
    let query = RowsQuery { after, from, back: back.to_owned(), ..RowsQuery::default() };
    let place = query.trail().href(&format!("{here}#rows"));
    let words = match is_done {
        true if fixed > 0 => format!("{} Registered.", told(fixed, wrong, left)),
        _ => told(fixed, wrong, left),
    };
    Ok(see_other_saying(&app, &place, &words))
}

/// What saving did: rows corrected, rows changed and still wrong, rows left to fix.
fn told(fixed: i64, wrong: i64, left: i64) -> String {
    let corrected = counted(fixed, "row", "rows");
    match (fixed, wrong, left) {
        (0, 0, _) => "Nothing was changed.".to_owned(),
        (_, _, 0) => format!("{corrected} corrected. Nothing is left to fix."),
        (0, _, left) => format!("{} still to fix.", counted(left, "row is", "rows are")),
        (_, _, left) => format!("{corrected} corrected, {} still to fix.", grouped(left)),
    }
}

fn typed_into(form: &[(String, String)], line: i64, place: usize) -> Option<&str> {
    let name = format!("c{line}.{place}");
    form.iter().find(|(given, _)| *given == name).map(|(_, value)| value.trim())
}

/// Why a row is not taken, for a file.
pub(super) fn reasons(row: &ImportRow) -> String {
    wrongs(row).into_iter().map(|wrong| wrong.says).collect::<Vec<_>>().join(" ")
}

/// `GET /imports/{import}/rows.csv`: the rows to fix, with what is wrong.
pub async fn download(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    let mapping = stored_mapping(&import).unwrap_or_default();
    let limit = i64::try_from(ROWS_TO_FIX_MAX).unwrap_or(i64::MAX);
    let rows = member.org.import_rows(id, 0, limit).await?;
    let mut csv = String::new();
    let titles = mapping.chosen().map(|(field, _)| field.title().to_owned());
    line(&mut csv, std::iter::once("Row".to_owned()).chain(titles).chain(["Problem".to_owned()]));
    let open = rows.iter().filter(|row| !matches!(row.decision, Decision::Fix(_)));
    for row in open {
        let cells = row.cells.clone();
        line(&mut csv, std::iter::once(row.line.to_string()).chain(cells).chain([reasons(row)]));
    }
    Ok(whole("rows-to-fix.csv", &csv))
}
