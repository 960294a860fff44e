//! Where the people of a broadcast of calls stand, each counted once, and what they pressed.

use maud::{Markup, Render, html};

use super::{
    bar::{Bar, Key},
    conversation::cap,
    format::{grouped, percent},
    head::Fact,
    icons::Icon,
    truth_strip::{Live, live_sign},
};

/// One stage of the strip, with the people at it.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The colour and mark of the stage.
    pub key: Key,
    /// The name of the stage, such as "Pressed 1".
    pub label: String,
    /// The number of people at it.
    pub n: i64,
    /// The address of the list of these people.
    pub href: String,
}

/// The strip of a broadcast of calls. The live stream sends it whole, in place of the strip of messages.
#[derive(Clone, Debug)]
pub struct CallStrip {
    /// What the strip is about, beside the sum; empty on the broadcast's own page.
    pub about: Markup,
    /// Picked up, did not pick up, still to go, left out: each with its stages.
    pub groups: Vec<(&'static str, Vec<Stop>)>,
    /// Further facts: the average length of a call, and the cost so far.
    pub facts: Vec<Fact>,
    /// Whether the page gets changes.
    pub live: Live,
}

impl CallStrip {
    /// Everyone, each counted once.
    pub fn total(&self) -> i64 {
        self.groups.iter().flat_map(|(_, stops)| stops).map(|stop| stop.n).sum()
    }
}

impl Render for CallStrip {
    fn render(&self) -> Markup {
        let total = self.total();
        let parts = self.groups.iter().flat_map(|(_, stops)| stops).map(|stop| (stop.key, stop.n)).collect();
        html! {
            section class="m-card m-truth m-calls" aria-labelledby="truth" data-live-id="truth-strip" {
                header class="m-truth__head" {
                    h2 id="truth" { span class="m-truth__total" { (grouped(total)) } " " (if total == 1 { "person" } else { "people" }) ", each counted once" (self.about) }
                    (live_sign(self.live))
                }
                (Bar::new(parts))
                div class="m-truth__groups m-truth__groups--calls" {
                    @for (name, stops) in &self.groups {
                        @let sum: i64 = stops.iter().map(|stop| stop.n).sum();
                        div class="m-truth__group" role="group" aria-label={ (name) ", " (grouped(sum)) } {
                            p class="m-truth__name" aria-hidden="true" { (name) ", " (grouped(sum)) }
                            ul { @for stop in stops { li {
                                a.m-cell.is-zero[stop.n == 0] href=(stop.href) {
                                    span class="m-cell__label" { (stop.key) (stop.label) }
                                    span class="m-cell__n" { (grouped(stop.n)) }
                                    span class="m-cell__pc" { (percent(stop.n, total)) }
                                }
                            } } }
                        }
                    }
                }
                @if !self.facts.is_empty() { dl class="m-facts m-calls__foot" { @for fact in &self.facts { (fact) } } }
            }
        }
    }
}

/// A row of the table of keys.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The key; `None` for an icon in its place.
    pub key: Option<u8>,
    /// The icon in place of a key.
    pub icon: Option<Icon>,
    /// The number of people.
    pub n: i64,
    /// What the key does, or what happened without one.
    pub title: String,
    /// What was done for these people.
    pub note: String,
    /// The address of the list of these people.
    pub href: String,
    /// The words and the address of what can be done next for them.
    pub next: Option<(String, String)>,
}

/// The table of the keys that people pressed.
#[derive(Clone, Debug)]
pub struct CallKeys {
    /// The number of people who picked up.
    pub picked_up: i64,
    /// A row for each key, for none, and for those who were not reached.
    pub rows: Vec<KeyRow>,
}

impl Render for CallKeys {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-keys" aria-labelledby="keys" data-live-id="call-keys" {
                header class="m-card__head" { h2 class="m-card__title" id="keys" { "What people pressed" } span class="m-hint" { (grouped(self.picked_up)) " picked up" } }
                ul class="m-keylist" { @for row in &self.rows { (row) } }
            }
        }
    }
}

impl Render for KeyRow {
    fn render(&self) -> Markup {
        let show = format!("Show ({})", grouped(self.n));
        html! {
            li class="m-keyrow" {
                @match self.icon { Some(icon) => span class="m-cap m-cap--0" { (icon) }, None => (cap(self.key)) }
                span class="m-keyrow__n" { (grouped(self.n)) }
                span class="m-keyrow__t" { b { (self.title) } @if !self.note.is_empty() { span class="m-sub" { (self.note) } } }
                @if self.n > 0 { span class="m-keyrow__acts" {
                    @if let Some((words, href)) = &self.next { a class="m-link" href=(href) { (words) } }
                    a class="m-link" href=(self.href) aria-label={ (show) ": " (self.title) } { (show) }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_and_the_bar_sum_to_the_printed_total() {
        let stop = |key, label: &str, n| Stop { key, label: label.into(), n, href: "/x".into() };
        let strip = CallStrip {
            about: html! {},
            groups: vec![
                ("Picked up", vec![stop(Key::Pressed(1), "Pressed 1", 62), stop(Key::Read, "No key", 31)]),
                ("Did not pick up", vec![stop(Key::Skipped, "No answer", 38)]),
                ("Still to go", vec![stop(Key::Waiting, "Waiting", 1_169)]),
            ],
            facts: vec![],
            live: Live::Ended,
        };
        assert_eq!(strip.total(), 1_300);
        let html = strip.render().into_string();
        assert!(html.contains(">1,300</span> people") && html.contains("Picked up, 93"), "{html}");
        assert_eq!(html.matches("<rect").count(), 4, "{html}");
    }
}
