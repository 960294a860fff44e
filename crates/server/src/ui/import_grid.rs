//! Rows of a file that cannot be read: a wrong cell is an input at once, with its error under it.

use maud::{Markup, Render, html};

use super::button::Button;
use super::field::Field;
use super::format::grouped;
use super::pagination::Pagination;

/// A cell of a row that needs correcting.
#[derive(Clone, Debug)]
pub struct GridCell {
    /// The text of the cell in the file.
    pub value: String,
    /// The name of the field that sends its correction, unique in the form, and the words for what is wrong; `None`
    /// for a good cell.
    pub wrong: Option<(String, String)>,
}

/// A row of the file.
#[derive(Clone, Debug)]
pub struct GridRow {
    /// Its number in the file.
    pub number: i64,
    /// Its cells, in the order of the columns.
    pub cells: Vec<GridCell>,
}

/// The grid of rows that need correcting.
#[derive(Clone, Debug)]
pub struct ImportGrid {
    /// The id of its heading on the page.
    pub id: &'static str,
    /// The title, such as "41 rows to fix".
    pub title: String,
    /// The button that downloads these rows.
    pub action: Option<Button>,
    /// The titles of the columns.
    pub columns: Vec<String>,
    /// The rows with their cells.
    pub rows: Vec<GridRow>,
    /// The place of this page in the list.
    pub pagination: Pagination,
    /// The id of the form the corrections belong to.
    pub form: String,
}

impl ImportGrid {
    fn cell(&self, row: i64, head: &str, cell: &GridCell) -> Markup {
        html! {
            @match &cell.wrong {
                Some((name, fact)) => td class="is-bad" data-label=(head) {
                    (Field::text(name, format!("{head}, row {}", grouped(row))).value(&cell.value).error(Some(fact.clone())).form(&self.form).bare())
                },
                None => td data-label=(head) { span class="m-cut m-block" title=(cell.value) { (cell.value) } },
            }
        }
    }
}

impl Render for ImportGrid {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-rows" aria-labelledby=(self.id) {
                header class="m-card__head" {
                    h2 id=(self.id) class="m-card__title" { (self.title) }
                    @if let Some(action) = &self.action { (action) }
                }
                table class="m-table m-grid" {
                    thead { tr {
                        th scope="col" class="is-num m-w-no" { "Row" }
                        @for column in &self.columns { th scope="col" { (column) } }
                    } }
                    tbody { @for row in &self.rows { tr data-row {
                        th scope="row" class="is-num" { (grouped(row.number)) }
                        @for (head, cell) in self.columns.iter().zip(&row.cells) { (self.cell(row.number, head, cell)) }
                    } } }
                }
                (self.pagination)
            }
        }
    }
}
