//! The recipients of a broadcast. A row renders itself, for the page and for the live stream.

use maud::{Markup, Render, html};

use super::addressees::Addressees;
use super::chip::Chip;
use super::fragment::Fragment;
use super::pagination::Pagination;
use super::recipient_summary::{Pills, SummaryPart};
use super::table::Search;

/// The live part that holds the rows.
const LIST: &str = "recipients-list";

/// A row of the table: one message.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// The id of the row: the message's position.
    pub id: String,
    /// The name of the person or group.
    pub name: String,
    /// Their number, as it may be shown to the reader.
    pub address: String,
    /// The address of the message's page, which a script shows as a drawer.
    pub href: String,
    /// The chip of the message's state.
    pub chip: Chip,
    /// When the state changed, such as "6:15:44 PM".
    pub changed: String,
    /// "Read 22 s after delivery", "Not on WhatsApp (131026)".
    pub detail: String,
    /// "₹0.115"; empty where nothing is known to be charged.
    pub cost: String,
    /// The address at which the registration is corrected, for people who were left out and readers who may; `None`
    /// otherwise.
    pub correct: Option<String>,
}

impl MessageRow {
    fn live_id(&self) -> String {
        format!("message-{}", self.id)
    }
}

impl Render for MessageRow {
    fn render(&self) -> Markup {
        html! {
            tr data-live-id=(self.live_id()) data-row {
                td class="m-col-name" { a class="m-rowlink m-cut m-block" href=(self.href) data-drawer title=(self.name) { (self.name) } span class="m-sub" { (self.address) } }
                td class="m-col-state" { (self.chip) }
                td class="m-col-when" { (self.changed) }
                td class="m-col-why" {
                    span class="m-cut m-block m-soft" title=(self.detail) { (self.detail) }
                    @if let Some(to) = &self.correct { a class="m-link" href=(to) aria-label={ "Correct " (self.name) } { "Correct" } }
                }
                td class={ "m-col-cost is-num" @if self.cost.is_empty() { " is-none" } } { (self.cost) }
            }
        }
    }
}

/// The table of recipients, with search and filters.
#[derive(Clone, Debug)]
pub struct Recipients {
    /// Whether the list holds people or groups.
    pub of: Addressees,
    /// The search field above the table.
    pub search: Search,
    /// How the list would differ if it were read now, as in "3 newer, 12 moved on", and its address; `None` where it
    /// would not.
    pub newer: Option<(String, String)>,
    /// The filters: "All" and one for each state, with numbers.
    pub filters: Vec<SummaryPart>,
    /// The index of the chosen filter; `None` where none fits.
    pub current: Option<usize>,
    /// The messages of this page of the list.
    pub rows: Vec<MessageRow>,
    /// The place of this page in the list.
    pub pagination: Pagination,
    /// The words for an empty list, such as "Nobody here matches “Anya”."
    pub empty: String,
}

impl Render for Recipients {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-people" aria-labelledby="who" {
                header class="m-card__head m-people__head" {
                    h2 id="who" class="m-card__title" { (self.of.title()) }
                    (self.newer())
                    (self.search)
                }
                (self.pills())
                (self.list())
                (self.foot())
            }
        }
    }
}

impl Recipients {
    /// Everything that changes by itself. The search does not: somebody may be typing in it.
    pub fn fragments(&self) -> Vec<Fragment> {
        let shape = match self.rows.is_empty() {
            true => self.empty.clone(),
            false => self.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" "),
        };
        let mut parts = vec![
            Fragment::new("recipients-newer", self.newer()),
            Fragment::new("recipients-filters", self.pills().render()),
            Fragment::list(LIST, self.list(), shape),
            Fragment::new("recipients-foot", self.foot()),
        ];
        parts.extend(self.rows.iter().map(|row| Fragment::row(row.live_id(), row, LIST)));
        parts
    }

    fn newer(&self) -> Markup {
        html! {
            span data-live-id="recipients-newer" hidden[self.newer.is_none()] {
                @if let Some((words, href)) = &self.newer {
                    a class="m-newer" href=(href) data-keep-scroll title="Show the list as it is now" { (words) }
                }
            }
        }
    }

    fn pills(&self) -> Pills<'_> {
        Pills {
            parts: &self.filters,
            current: self.current,
            class: "m-filters",
            name: "Filter by state",
            live_id: Some("recipients-filters"),
        }
    }

    fn list(&self) -> Markup {
        html! {
            div data-live-id=(LIST) {
                @if self.rows.is_empty() { p class="m-none" { (self.empty) } } @else { (self.table()) }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! { div data-live-id="recipients-foot" { (self.pagination) } }
    }

    fn table(&self) -> Markup {
        html! {
            table class="m-table m-table--fixed" {
                thead { tr {
                    th scope="col" class="m-col-name m-w-name" { (self.of.column()) }
                    th scope="col" class="m-col-state" { "State" }
                    th scope="col" class="m-col-when" { "Last change" }
                    th scope="col" class="m-col-why m-w-why" { "Detail" }
                    th scope="col" class="m-col-cost is-num" { "Cost" }
                } }
                tbody { @for row in &self.rows { (row) } }
            }
        }
    }
}
