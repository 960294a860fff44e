//! Rows that their status leaves out: who they are, before the import and as long as it is kept.

use domain::ids::ImportId;
use intake::{Summary, importer::ROWS_LEFT_OUT_MAX, read::Mapping};
use maud::{Markup, Render, html};
use store::{
    StoreError,
    imports::{Import, ImportRow},
};

use super::{
    super::csv::{line, whole},
    href, n,
    rows::reasons,
    stored_mapping,
};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Path},
    },
    ui::{
        button::Button,
        format::{counted, grouped},
        icons::Icon,
        import_grid::{GridCell, GridRow, ImportGrid},
        pagination::Pagination,
    },
};

/// Rows that the page shows; the file to download has all that are kept.
const ROWS_SHOWN: i64 = 20;

/// The rows with the way to download them; nothing where no row is left out.
pub(super) async fn left_out_card(
    member: &Member,
    import: &Import,
    summary: &Summary,
) -> Result<Markup, StoreError> {
    let rows = member.org.import_rows_by_status(import.id, 0, ROWS_SHOWN).await?;
    if rows.is_empty() {
        return Ok(html! {});
    }
    let mapping = stored_mapping(import).unwrap_or_default();
    let shown = n(rows.len() as u64);
    let download = Button {
        download: true,
        ..Button::link("Download these rows", format!("{}/left-out.csv", href(import.id)))
    };
    let grid = ImportGrid {
        id: "left-out",
        title: format!("{} left out by their status", counted(n(summary.left_out), "row", "rows")),
        action: Some(download.icon(Icon::Download).small()),
        columns: titles(&mapping),
        rows: rows.into_iter().map(grid_row).collect(),
        pagination: Pagination {
            first: 1,
            last: shown,
            total: Some(n(summary.left_out)),
            ..Pagination::default()
        },
        form: String::new(),
    };
    Ok(html! {
        (grid)
        @if summary.left_out > ROWS_LEFT_OUT_MAX {
            p class="m-hint" { "Only the first " (grouped(ROWS_LEFT_OUT_MAX)) " of them are kept." }
        }
    }
    .render())
}

fn titles(mapping: &Mapping) -> Vec<String> {
    mapping.chosen().map(|(field, _)| field.title().to_owned()).collect()
}

fn grid_row(row: ImportRow) -> GridRow {
    let cells = row.cells.into_iter().map(|value| GridCell { value, wrong: None }).collect();
    GridRow { number: row.line, cells }
}

/// `GET /imports/{import}/left-out.csv`: the rows that their status leaves out.
pub async fn download(member: Member, Path(id): Path<ImportId>) -> PageResult {
    let import = member.org.import(id).await?;
    let mapping = stored_mapping(&import).unwrap_or_default();
    let mut csv = String::new();
    line(&mut csv, std::iter::once("Row".to_owned()).chain(titles(&mapping)).chain(["Reason".to_owned()]));
    for row in member.org.import_rows_by_status(id, 0, n(ROWS_LEFT_OUT_MAX)).await? {
        let why = reasons(&row);
        line(&mut csv, std::iter::once(row.line.to_string()).chain(row.cells).chain([why]));
    }
    Ok(whole("rows-left-out.csv", &csv))
}
