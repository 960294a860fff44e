//! How long it takes to call everybody, with more channels or fewer.

use maud::{Markup, Render, html};

use super::format::grouped;

/// So many channels, and the minutes that they take.
#[derive(Clone, Debug)]
pub struct Channels {
    /// How many calls go on at once.
    pub channels: i64,
    /// "yours".
    pub note: String,
    /// Minutes, one for each length.
    pub minutes: Vec<i64>,
}

/// The table.
#[derive(Clone, Debug)]
pub struct CallMinutes {
    /// What it says.
    pub caption: String,
    /// How long somebody is on the line, in seconds: its columns.
    pub lengths_s: Vec<i64>,
    /// Its rows.
    pub rows: Vec<Channels>,
    /// Row and column of what is expected, from 0.
    pub chosen: (usize, usize),
    /// What holds it back besides.
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
