//! The way in: sign-in, set-up, invitation. A form at the left, the promise at the right.

use maud::{Markup, Render, html};

use super::bar::{Bar, HatchPattern, Key};
use super::format::grouped;
use super::icons::{Icon, ProductMark};
use super::shell::{Theme, document};

/// A page outside: sign-in, set-up, invitation, or a page that says that something is not there.
#[derive(Clone, Debug)]
pub struct OutsidePage {
    /// The `h1`, and the tab of the browser.
    pub title: String,
    /// The line under the title.
    pub text: String,
    /// The theme of the cookie.
    pub theme: Theme,
    /// The steps of a set-up; `None` for other pages.
    pub steps: Option<Wizard>,
    /// What went wrong, over the form; `None` where nothing did.
    pub error: Option<String>,
    /// The form of the page.
    pub form: Markup,
    /// The hint under the form.
    pub hint: Option<Markup>,
    /// The line at the foot: "Munadi 1.0 · runs on your own server".
    pub foot: String,
    /// Whether there is room for two fields in a row.
    pub wide: bool,
}

impl Render for OutsidePage {
    fn render(&self) -> Markup {
        document(
            &format!("{} · Munadi", self.title),
            self.theme,
            "m-door",
            &html! {
                (HatchPattern)
                main class="m-door__main" {
                    div.m-door__form.m-door__form--wide[self.wide] {
                        div class="m-door__brand" { (ProductMark) span { "Munadi" } }
                        @if let Some(steps) = &self.steps { (steps) }
                        h1 { (self.title) }
                        p class="m-p" { (self.text) }
                        @if let Some(error) = &self.error {
                            p class="m-note m-note--fail" role="alert" { (Icon::Error) span { (error) } }
                        }
                        (self.form)
                        @if let Some(hint) = &self.hint { p class="m-hint" { (hint) } }
                    }
                    p class="m-door__foot" { (self.foot) }
                }
                (art())
            },
        )
    }
}

/// The panel beside the form: an invented broadcast that adds up.
fn art() -> Markup {
    let cells = [
        (Key::Read, "Read", 5_562),
        (Key::Done, "Delivered", 6_067),
        (Key::HandedOver, "Handed over", 632),
        (Key::Failed, "Failed", 177),
        (Key::Skipped, "Skipped", 202),
    ];
    html! {
        aside class="m-door__art" data-theme="dark" aria-label="What Munadi does" {
            div class="m-door__quote" {
                p class="m-door__word" lang="hi" { "मुनादी" }
                p class="m-door__line" { "Everyone is told. Once, in time, and you can prove it." }
                div class="m-door__card" {
                    p class="m-truth__head" { span { b { (grouped(cells.iter().map(|(_, _, n)| n).sum::<i64>())) } " people" } span class="m-sub" { "An example" } }
                    (Bar::new(cells.iter().map(|(key, _, n)| (*key, *n)).collect()))
                    ul class="m-door__sum" { @for (key, label, n) in cells { li { (key) (label) b { (grouped(n)) } } } }
                }
            }
        }
    }
}

/// The steps of a set-up or an import.
#[derive(Clone, Debug)]
pub struct Wizard {
    /// The words of the steps.
    pub steps: Vec<&'static str>,
    /// The number of the present step, from 0.
    pub at: usize,
}

impl Render for Wizard {
    fn render(&self) -> Markup {
        html! {
            ol class="m-wizard" aria-label="Steps" {
                @for (at, step) in self.steps.iter().enumerate() {
                    li.m-wizard__step.is-done[at < self.at].is-on[at == self.at] aria-current=[(at == self.at).then_some("step")] {
                        span class="m-wizard__n" { @if at < self.at { (Icon::Check) } @else { (at + 1) } }
                        span class="m-wizard__word" { (step) }
                        @if at < self.at { span class="mui-visually-hidden" { ", done" } }
                    }
                }
            }
        }
    }
}
