//! Who will get it: one sentence, one bar, one link per reason.

use maud::{Markup, Render, html};

use super::bar::{Bar, Key};
use super::format::grouped;

/// A figure of the summary, with the people behind it.
#[derive(Clone, Debug)]
pub struct SummaryPart {
    /// The colour of its piece of the bar and of its dot.
    pub key: Key,
    /// The label, such as "Reachable", "Missing phone" or "Duplicate".
    pub label: String,
    /// The number of people.
    pub n: i64,
    /// The address of the list of these people.
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
    /// The figures, each of which is a link.
    pub parts: &'a [SummaryPart],
    /// The index of the one that is chosen; `None` where none is.
    pub current: Option<usize>,
    /// `m-sum__chips`, or `m-filters` over a table.
    pub class: &'static str,
    /// What a screen reader calls the list.
    pub name: &'static str,
    /// The id by which the live stream finds it; `None` for a list that does not change.
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
