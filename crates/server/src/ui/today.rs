//! Today's workshop: how it stands, what goes out next, the one next thing to do.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::Tag;
use super::format::grouped;
use super::icons::Icon;
use super::progress::Steps;

/// The card of today's (or the next) workshop.
#[derive(Clone, Debug)]
pub struct Today {
    /// The line above the title: "Today’s workshop" or "Next workshop".
    pub eyebrow: String,
    /// The words for further workshops, such as "+2 more today", and the address of the list.
    pub more: Option<(String, String)>,
    /// The title of the workshop.
    pub title: String,
    /// The address of the workshop's page.
    pub href: String,
    /// Day and times, such as "Tue 13 Oct" and "7:00 – 9:00 PM".
    pub when: Vec<String>,
    /// The tag of the workshop; `None` without one.
    pub tag: Option<Tag>,
    /// The words before the countdown: "Starts in" or "Running for".
    pub countdown_label: String,
    /// Figures with their units: `[("2", "h"), ("42", "min")]`.
    pub countdown: Vec<(String, String)>,
    /// When it starts, in UTC milliseconds: the script keeps the countdown true.
    pub starts_at_ms: Option<i64>,
    /// The number of registrations.
    pub registrations: i64,
    /// The number of registrations made today.
    pub today: i64,
    /// Whether there are more than that, because counting stopped.
    pub today_more: bool,
    /// The steps of setting it up: tag, sequence, account, groups.
    pub setup: Steps,
    /// "6:00 PM" and "1-hour reminder, Personal"; none if nothing is planned.
    pub next: Option<(String, String)>,
    /// Steps of its plan that went out, and all of them; none where no sequence runs.
    pub steps: Option<(usize, usize)>,
    /// What is missing: "No WhatsApp group chosen".
    pub todo: Option<String>,
    /// What to do about it, or what comes next.
    pub action: Option<Button>,
}

impl Render for Today {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-today" aria-labelledby="today" data-live-id="today" {
                div class="m-today__who" {
                    p class="m-eyebrow" { (self.eyebrow) @if let Some((label, href)) = &self.more { " " a href=(href) { (label) } } }
                    h2 id="today" class="m-today__title" { a href=(self.href) { (self.title) } }
                    p class="m-meta" {
                        @for part in &self.when { span { (part) } }
                        @if let Some(tag) = &self.tag { (tag) }
                    }
                }
                (self.facts())
                div class="m-today__do" {
                    @if let Some(todo) = &self.todo { p class="m-todo" { (Icon::Warning) span { (todo) } } }
                    @if let Some(action) = &self.action { (action) }
                }
            }
        }
    }
}

impl Today {
    fn facts(&self) -> Markup {
        html! {
            dl class="m-facts m-today__facts" {
                div { dt { (self.countdown_label) } dd { span class="m-num" data-countdown=[self.starts_at_ms] {
                    @for (figure, unit) in &self.countdown { (figure) small { " " (unit) " " } }
                } } }
                div { dt { "Registrations" } dd {
                    span class="m-num" { (grouped(self.registrations)) }
                    @if self.today > 0 { span class="m-delta" { "+" (grouped(self.today)) @if self.today_more { " or more" } " today" } } @else { span class="m-sub" { "none today" } }
                } }
                div { dt { "Set-up" } dd { span class="m-num" { (self.setup.done()) small { " of " (self.setup.steps.len()) } } (self.setup) } }
                div { dt { "Next message due" } dd {
                    @match &self.next {
                        Some((at, what)) => { span class="m-num" { (at) } span class="m-sub" { (what) } }
                        None => { span class="m-num" { "–" } span class="m-sub" { "nothing planned" } }
                    }
                    @if let Some((out, all)) = self.steps { span class="m-sub" { (out) " of " (all) @if all == 1 { " step went out" } @else { " steps went out" } } }
                } }
            }
        }
    }
}
