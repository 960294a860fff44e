//! How far something is: figures over a thin bar; set-up steps; a meter of segments.

use maud::{Markup, Render, html};

use super::bar::{Bar, Key};

/// Two figures over a thin bar, as in the history.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The figure, such as "1,041 of 1,229".
    pub figure: String,
    /// The quiet word beside it, such as "9.6 /s".
    pub note: String,
    /// The pieces of the bar, with their numbers.
    pub parts: Vec<(Key, i64)>,
}

impl Render for Progress {
    fn render(&self) -> Markup {
        html! {
            div class="m-stats" {
                p class="m-stats__top" { span { (self.figure) } span { (self.note) } }
                (Bar::thin(self.parts.clone()))
            }
        }
    }
}

/// Set-up steps, done or not.
#[derive(Clone, Debug)]
pub struct Steps {
    /// Name and whether it is done: `("tag", true)`.
    pub steps: Vec<(String, bool)>,
}

impl Steps {
    /// How many are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|(_, done)| *done).count()
    }

    fn in_words(&self) -> String {
        let missing: Vec<&str> =
            self.steps.iter().filter(|(_, done)| !done).map(|(name, _)| name.as_str()).collect();
        let rest =
            if missing.is_empty() { String::new() } else { format!("; missing: {}", missing.join(", ")) };
        format!("{} of {} steps done{rest}", self.done(), self.steps.len())
    }
}

impl Render for Steps {
    fn render(&self) -> Markup {
        html! {
            span class="m-steps" role="img" aria-label=(self.in_words()) {
                @for (_, done) in &self.steps { span.is-done[*done] {} }
            }
        }
    }
}

/// How much of a limit is used, such as characters of a segment or people of a day.
#[derive(Clone, Debug)]
pub struct Meter {
    /// The amount that is used.
    pub used: i64,
    /// The amount that is allowed.
    pub of: i64,
    /// What a screen reader says.
    pub label: String,
}

impl Render for Meter {
    fn render(&self) -> Markup {
        let share = if self.of > 0 { (self.used.max(0).saturating_mul(100) / self.of).min(100) } else { 0 };
        html! {
            span class="m-segs" role="img" aria-label=(self.label) {
                svg aria-hidden="true" focusable="false" {
                    rect class="m-segs__bg" width="100%" height="100%" rx="3" {}
                    rect.m-segs__on.is-over[self.used > self.of] width={ (share) "%" } height="100%" rx="3" {}
                }
            }
        }
    }
}
