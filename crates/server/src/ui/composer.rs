//! The composer's frame: numbered parts that fold when they are complete, the column beside, the bar below.

use maud::{Markup, Render, html};

use super::button::{Button, Csrf};
use super::format::{counted, rupees};
use super::icons::Icon;

/// The form of the composer, and the column beside it.
#[derive(Clone, Debug)]
pub struct Composer {
    /// The id of the form, for buttons outside it.
    pub id: String,
    /// The address of the form. It is sent with GET, so that the choices are in the address.
    pub action: String,
    /// The session's token, where the form is posted because its texts are too long for an address; `None` for GET.
    pub posts: Option<Csrf>,
    /// Whether the form has a field for a file.
    pub uploads: bool,
    /// Names and values that go along unseen: the channel, the draft.
    pub hidden: Vec<(String, String)>,
    /// The parts *Who*, *What* and *When*.
    pub parts: Vec<ComposerPart>,
    /// The column with preview and checks.
    pub aside: Markup,
}

/// One numbered part.
#[derive(Clone, Debug)]
pub struct ComposerPart {
    /// The title: "Who", "What" or "When".
    pub title: String,
    /// What was chosen, in one line: "Everyone registered, 1,231 people". Set once the part is complete.
    pub summary: Option<String>,
    /// Whether it is shown open although it is complete: it is the part at hand, or has an error.
    pub open: bool,
    /// The fields of the part.
    pub body: Markup,
}

impl Render for Composer {
    fn render(&self) -> Markup {
        html! {
            div class="m-compose" {
                form class="m-card m-form" id=(self.id) method=(if self.posts.is_some() { "post" } else { "get" }) action=(self.action) enctype=[self.uploads.then_some("multipart/form-data")] aria-label="New broadcast" data-composer[self.posts.is_none()] data-posts[self.posts.is_some()] {
                    @if let Some(csrf) = &self.posts {
                        (csrf)
                        // The first button of a form is what Enter presses: it changes nothing.
                        button class="mui-visually-hidden" type="submit" tabindex="-1" formnovalidate { "Update" }
                    }
                    @for (name, value) in &self.hidden { input type="hidden" name=(name) value=(value); }
                    @for (at, part) in self.parts.iter().enumerate() { (part.numbered(at + 1)) }
                    div class="m-noscript m-part__update" { (Button::new("Update").unchecked()) }
                }
                div class="m-aside" { (self.aside) }
            }
        }
    }
}

impl ComposerPart {
    fn numbered(&self, n: usize) -> Markup {
        html! {
            details class="m-part" open[self.open || self.summary.is_none()] {
                summary class="m-part__head" {
                    h2 class="m-part__title" { span class="m-part__n" aria-hidden="true" { (n) } (self.title) }
                    @if let Some(summary) = &self.summary { span class="m-part__sum" { (summary) } }
                    (Icon::Down)
                }
                div class="m-part__body" { (self.body) }
            }
        }
    }
}

/// The table of a template's values, with the source of each.
#[derive(Clone, Debug)]
pub struct Variables {
    /// Head of the first column: "Value" or "Slot".
    pub head: &'static str,
    /// The person of the preview: "Ananya".
    pub person: String,
    /// The rows, one for each value.
    pub rows: Vec<Variable>,
    /// Behind a fold with these words after their number, because nothing has to be done about them; `None` shows them.
    pub folded: Option<&'static str>,
}

/// A row of the table: one value of the template.
#[derive(Clone, Debug)]
pub struct Variable {
    /// As the template has it: `{{1}}`, `{name}`, `1`.
    pub placeholder: String,
    /// The label of the value, such as "first name" or "Text, up to 30".
    pub name: String,
    /// A select of sources; its label is heard, the column shows it.
    pub source: super::field::Field,
    /// What belongs to that source: the fixed text, the fallback.
    pub more: Vec<super::field::Field>,
    /// What it becomes for the person of the preview.
    pub value: String,
    /// The number of characters that are used and allowed; `None` without a limit.
    pub length: Option<(i64, i64)>,
    /// The error: the fact, then the way out.
    pub error: Option<String>,
}

impl Render for Variables {
    fn render(&self) -> Markup {
        html! {
            @if let Some(words) = self.folded {
                details class="m-fold" id="values" {
                    summary class="m-fold__head" { (counted(self.rows.len(), "value", "values")) (words) (Icon::Down) }
                    (self.table())
                }
            } @else { (self.table()) }
        }
    }
}

impl Variables {
    fn table(&self) -> Markup {
        html! {
            table class="m-vars" {
                caption class="mui-visually-hidden" { "Where each value comes from" }
                thead { tr { th scope="col" { (self.head) } th scope="col" { "Comes from" } th scope="col" { "For " (self.person) } } }
                tbody { @for row in &self.rows { (row) } }
            }
        }
    }
}

impl Render for Variable {
    fn render(&self) -> Markup {
        html! {
            tr.is-bad[self.error.is_some()] {
                th scope="row" { code class="m-ph" { (self.placeholder) } (self.name) }
                td class="m-vars__from" { (self.source.bare()) @for field in &self.more { (field) } }
                td class="m-vars__value" {
                    span class="m-len" {
                        span class="m-cut" title=(self.value) { (self.value) }
                        @if let Some((used, allowed)) = self.length { span class="m-len__n" { (used) "/" (allowed) } }
                    }
                }
            }
            @if let Some(error) = &self.error {
                tr class="m-vars__err" { td colspan="3" { p class="m-error" { (Icon::Error) span { (error) } } } }
            }
        }
    }
}

/// The bar that stays at the bottom: what will happen, and the one violet button.
#[derive(Clone, Debug)]
pub struct SendBar {
    /// What will happen, such as "1,231 people".
    pub main: String,
    /// "₹141.57 estimate", "done by 6:03 PM".
    pub more: Vec<String>,
    /// The result of the checks, such as "2 warnings, no errors".
    pub note: String,
    /// The quiet button; not shown on a phone.
    pub second: Option<Button>,
    /// The violet button with the next step.
    pub next: Button,
}

impl SendBar {
    /// The bar of a broadcast; `cost` in 1/10,000 rupee.
    pub fn broadcast(
        people: i64,
        cost: Option<i64>,
        done_by: Option<&str>,
        note: impl Into<String>,
        next: Button,
    ) -> SendBar {
        let cost = cost.map(|cost| format!("{} estimate", rupees(cost)));
        let done = done_by.map(|at| format!("done by {at}"));
        let more = cost.into_iter().chain(done).collect();
        SendBar { main: counted(people, "person", "people"), more, note: note.into(), second: None, next }
    }

    /// Numbers that are reckoned up from some of the people.
    pub fn about(self) -> SendBar {
        let more = self.more.into_iter().map(|part| match part.strip_suffix(" estimate") {
            Some(cost) => format!("about {cost}"),
            None => part,
        });
        SendBar { main: format!("About {}", self.main), more: more.collect(), ..self }
    }

    /// With a quiet button before the violet one.
    pub fn second(self, button: Button) -> SendBar {
        SendBar { second: Some(button), ..self }
    }
}

impl Render for SendBar {
    fn render(&self) -> Markup {
        html! {
            div class="m-sendbar" role="region" aria-label="Next step" {
                div class="m-sendbar__text" {
                    p class="m-sendbar__main" { (self.main) @for (at, part) in self.more.iter().enumerate() { span.m-hide-s[at > 0] { (part) } } }
                    p class="m-sub" { (self.note) }
                }
                div class="m-sendbar__acts" {
                    @if let Some(second) = &self.second { span class="m-hide-s" { (second) } }
                    (self.next)
                }
            }
        }
    }
}
