//! The broadcasts of a channel, a workshop or all: a table, cards on a phone.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::Chip;
use super::fragment::Fragment;
use super::menu::Menu;
use super::progress::Progress;

/// A row of the history: one broadcast. It renders itself, for the page and for the live stream.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    /// The id of the broadcast.
    pub id: String,
    /// The title of the broadcast.
    pub name: String,
    /// The address of the broadcast's page.
    pub href: String,
    /// Template and who or what made it: "workshop_today · Meera Iyer".
    pub note: String,
    /// The chip of the broadcast's status.
    pub chip: Chip,
    /// The day and time, such as "Today, 4:05 PM".
    pub when: String,
    /// The time from now, such as "13 min ago".
    pub when_note: String,
    /// The bar of how many messages went out.
    pub progress: Progress,
    /// The cost, such as "₹119.72".
    pub cost: String,
    /// What kind of figure the cost is: "so far", "estimate" or "actual".
    pub cost_note: String,
    /// The one thing most often done: pause, resume, edit. An icon button; a posting one names its form.
    pub action: Option<Button>,
    /// The menu with the other actions; `None` without any.
    pub menu: Option<Menu>,
}

impl HistoryRow {
    fn live_id(&self) -> String {
        format!("broadcast-{}", self.id)
    }
}

impl Render for HistoryRow {
    fn render(&self) -> Markup {
        html! {
            tr data-live-id=(self.live_id()) data-row {
                td class="m-col-name" { a class="m-rowlink" href=(self.href) { (self.name) } span class="m-sub m-cut" { (self.note) } }
                td class="m-col-state" { (self.chip) }
                td class="m-col-when" { (self.when) span class="m-sub" { (self.when_note) } }
                td class="m-col-progress" { (self.progress) }
                td class="m-col-cost is-num" { (self.cost) span class="m-sub" { (self.cost_note) } }
                td class="m-col-acts is-act" {
                    @if let Some(action) = &self.action { (action) }
                    @if let Some(menu) = &self.menu { (menu) }
                }
            }
        }
    }
}

/// Where a stream finds the whole history.
const LIST: &str = "history";

/// The history with its head.
#[derive(Clone, Debug)]
pub struct History {
    /// The title, such as "Broadcast history".
    pub title: String,
    /// Words and address of the whole list.
    pub all: Option<(String, String)>,
    /// The broadcasts, newest first.
    pub rows: Vec<HistoryRow>,
    /// The words for an empty list.
    pub empty: String,
}

impl Render for History {
    fn render(&self) -> Markup {
        html! {
            section class={ "m-card m-history" @if self.all.is_some() { " m-history--short" } } aria-labelledby="history" data-live-id=(LIST) {
                header class="m-card__head" {
                    h2 id="history" class="m-card__title" { (self.title) }
                    @if let Some((label, href)) = &self.all { a class="m-link" href=(href) { (label) } }
                }
                @if self.rows.is_empty() { p class="m-none" { (self.empty) } } @else { (self.table()) }
            }
        }
    }
}

impl History {
    /// Everything that changes by itself: the rows, and the whole when there are others.
    pub fn fragments(&self) -> Vec<Fragment> {
        let ids = self.rows.iter().map(|row| row.id.as_str());
        let all = self.all.as_ref().map_or("", |(words, _)| words);
        let shape = [self.title.as_str(), all].into_iter().chain(ids).collect::<Vec<_>>().join(" ");
        let mut parts = vec![Fragment::list(LIST, self, shape)];
        parts.extend(self.rows.iter().map(|row| Fragment::row(row.live_id(), row, LIST)));
        parts
    }

    fn table(&self) -> Markup {
        html! {
            table class="m-table" {
                thead { tr {
                    th scope="col" class="m-col-name" { "Broadcast" }
                    th scope="col" class="m-col-state" { "State" }
                    th scope="col" class="m-col-when" { "When" }
                    th scope="col" class="m-col-progress" { "Progress" }
                    th scope="col" class="m-col-cost is-num" { "Cost" }
                    th scope="col" class="m-col-acts" { span class="mui-visually-hidden" { "Actions" } }
                } }
                tbody { @for row in &self.rows { (row) } }
            }
        }
    }
}
