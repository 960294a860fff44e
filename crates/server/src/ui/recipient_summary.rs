//! Who will get it: one sentence, one bar, one link per reason.

use maud::{Markup, Render, html};

use super::bar::{Bar, Key};
use super::format::grouped;

/// A reason and the people behind it.
#[derive(Clone, Debug)]
pub struct SummaryPart {
    /// Its colour in the bar and its dot.
    pub key: Key,
    /// "Reachable", "Missing phone", "Invalid", "Duplicate", "Suppressed".
    pub label: String,
    /// How many.
    pub n: i64,
    /// The list of them.
    pub href: String,
}

/// The summary; its parts are disjoint and sum to the total.
#[derive(Clone, Debug)]
pub struct RecipientSummary {
    /// First those who will get it, then each reason; zeros may be left out.
    pub parts: Vec<SummaryPart>,
    /// How many of them will get it: the first part in most cases.
    pub reachable: i64,
    /// "1,190 with e-mail, 94 without", and the list.
    pub aside: Option<(String, String)>,
    /// "will get it", "rows are ready".
    pub verb: &'static str,
    /// A part chosen now, by its place.
    pub current: Option<usize>,
}

impl RecipientSummary {
    /// Everyone.
    pub fn total(&self) -> i64 {
        self.parts.iter().map(|part| part.n).sum()
    }
}

impl Render for RecipientSummary {
    fn render(&self) -> Markup {
        html! {
            div class="m-sum" role="group" aria-label="Recipient summary" data-live-id="summary" {
                p class="m-sum__line" {
                    strong { (grouped(self.reachable)) } " of " (grouped(self.total())) " " (self.verb)
                    @if let Some((words, href)) = &self.aside { a class="m-sum__mail" href=(href) { (words) } }
                }
                (Bar::thin(self.parts.iter().map(|part| (part.key, part.n)).collect()))
                (Pills { parts: &self.parts, current: self.current, class: "m-sum__chips", name: "People by reason", live_id: None })
            }
        }
    }
}

/// Figures as links, in a line that wraps: reasons, or filters of a list.
pub struct Pills<'a> {
    /// The links.
    pub parts: &'a [SummaryPart],
    /// The one chosen now.
    pub current: Option<usize>,
    /// `m-sum__chips`, or `m-filters` over a table.
    pub class: &'static str,
    /// What a screen reader calls the list.
    pub name: &'static str,
    /// By which the stream finds it.
    pub live_id: Option<&'static str>,
}

impl Render for Pills<'_> {
    fn render(&self) -> Markup {
        html! {
            ul class=(self.class) aria-label=(self.name) data-live-id=[self.live_id] {
                @for (at, part) in self.parts.iter().enumerate() {
                    li {
                        a.m-pill.is-zero[part.n == 0] href=(part.href) aria-current=[(self.current == Some(at)).then_some("true")] {
                            (part.key) (part.label) " " b { (grouped(part.n)) }
                        }
                    }
                }
            }
        }
    }
}
