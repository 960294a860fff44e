//! How long it takes to call everybody, with more channels or fewer.

use maud::{Markup, Render, html};

use super::format::grouped;

/// A row of the table: a number of channels, and the minutes that it takes with them.
#[derive(Clone, Debug)]
pub struct Channels {
    /// The number of calls at the same time.
    pub channels: i64,
    /// A quiet word beside the number, such as "yours"; may be empty.
    pub note: String,
    /// The minutes, one for each length of a call.
    pub minutes: Vec<i64>,
}

/// The table of how long it takes to call everybody.
#[derive(Clone, Debug)]
pub struct CallMinutes {
    /// The caption of the table.
    pub caption: String,
    /// The lengths of a call in seconds, which are the columns.
    pub lengths_s: Vec<i64>,
    /// The rows, one for each number of channels.
    pub rows: Vec<Channels>,
    /// The row and column of what is expected, each from 0.
    pub chosen: (usize, usize),
    /// A further limit, in words.
    pub limit: String,
}

impl Render for CallMinutes {
    fn render(&self) -> Markup {
        html! {
            div class="m-minutes" {
                table class="m-mx" data-live-id="call-minutes" {
                    caption class="m-label" { (self.caption) }
                    thead { tr { th scope="col" { "Channels" } @for seconds in &self.lengths_s { th scope="col" { (seconds) " s" } } } }
                    tbody { @for (at, row) in self.rows.iter().enumerate() {
                        tr {
                            th scope="row" { (grouped(row.channels)) @if !row.note.is_empty() { span class="m-sub" { (row.note) } } }
                            @for (column, minutes) in row.minutes.iter().enumerate() {
                                td.is-on[(at, column) == self.chosen] { (grouped(*minutes)) " min" }
                            }
                        }
                    } }
                }
                p class="m-hint" { (self.limit) }
            }
        }
    }
}
