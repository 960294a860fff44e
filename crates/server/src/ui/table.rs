//! Lists: a table on a desktop, cards on a phone, by class names.

use maud::{Markup, Render, html};

use super::icons::Icon;

/// Where a cell goes when a row becomes a card on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the top left: the name of the row.
    Title,
    /// At the top right: the state of the row.
    State,
    /// On a line below the title.
    Line,
    /// At the right, as a figure.
    Number,
    /// Nowhere: the cell is shown only where there is room for the whole table.
    Wide,
    /// At the foot: the buttons.
    Actions,
}

impl Place {
    fn class(self) -> &'static str {
        match self {
            Place::Title => "m-col-name",
            Place::State => "m-col-state",
            Place::Line => "m-col-line",
            Place::Number => "m-col-number is-num",
            Place::Wide => "m-col-wide",
            Place::Actions => "m-col-acts is-act",
        }
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its head; heard but not seen for actions.
    pub head: String,
    /// Where its cells go on a phone.
    pub place: Place,
}

impl Column {
    /// A column.
    pub fn new(head: impl Into<String>, place: Place) -> Column {
        Column { head: head.into(), place }
    }
}

/// A row: an id for live changes, and a cell per column.
#[derive(Clone, Debug)]
pub struct Row {
    /// For the live stream: "workshop-0190…"; none if the row never changes by itself.
    pub live_id: Option<String>,
    /// The cells, in the order of the columns.
    pub cells: Vec<Markup>,
}

impl Row {
    /// A row that does not change by itself.
    pub fn new(cells: Vec<Markup>) -> Row {
        Row { live_id: None, cells }
    }
}

/// A table that becomes a list of cards on a phone.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it lists, for a screen reader.
    pub caption: String,
    /// The columns of the table.
    pub columns: Vec<Column>,
    /// The rows of the table.
    pub rows: Vec<Row>,
    /// The words for an empty list.
    pub empty: String,
}

impl Render for Table {
    fn render(&self) -> Markup {
        if self.rows.is_empty() {
            return html! { p class="m-none" { (self.empty) } };
        }
        html! {
            table class="m-table m-list-table" {
                caption class="mui-visually-hidden" { (self.caption) }
                thead { tr { @for column in &self.columns {
                    th scope="col" class=(column.place.class()) {
                        @if column.place == Place::Actions { span class="mui-visually-hidden" { (column.head) } } @else { (column.head) }
                    }
                } } }
                tbody { @for row in &self.rows { (self.row(row)) } }
            }
        }
    }
}

impl Table {
    fn row(&self, row: &Row) -> Markup {
        html! {
            tr data-live-id=[&row.live_id] data-row {
                @for (column, cell) in self.columns.iter().zip(&row.cells) {
                    td class=(column.place.class()) data-label=(column.head) { (cell) }
                }
            }
        }
    }
}

/// The name of a row, as a link, and a quiet line under it.
pub fn name(href: &str, name: &str, note: &str) -> Markup {
    html! { a class="m-rowlink" href=(href) { (name) } @if !note.is_empty() { span class="m-sub" { (note) } } }
}

/// A search field over a list; a form of its own, so that it works without script.
#[derive(Clone, Debug)]
pub struct Search {
    /// The address that the form is sent to.
    pub action: String,
    /// The label, such as "Name or number".
    pub label: String,
    /// The text that was searched for.
    pub value: String,
    /// Names and values that go along: the filter chosen now.
    pub keep: Vec<(String, String)>,
}

impl Render for Search {
    fn render(&self) -> Markup {
        html! {
            form class="m-search" role="search" method="get" action=(self.action) {
                @for (name, value) in &self.keep { input type="hidden" name=(name) value=(value); }
                label class="mui-visually-hidden" for="q" { (self.label) }
                (Icon::Search)
                input class="mui-input" type="search" name="q" id="q" placeholder=(self.label) value=(self.value) autocomplete="off" data-search;
            }
        }
    }
}
