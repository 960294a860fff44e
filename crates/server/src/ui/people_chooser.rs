//! Who a broadcast is for: radio buttons with a number each. Works without script: the form's own button sends it.

use maud::{Markup, Render, html};

use super::icons::Icon;

/// One choice of people.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends as `who`.
    pub value: String,
    /// The choice in a few words.
    pub name: String,
    /// What the choice means for this workshop.
    pub sub: String,
    /// The number of people; `None` where they are counted only when chosen.
    pub n: Option<String>,
    /// Whether this one is chosen.
    pub chosen: bool,
}

/// The choices of people in the composer.
#[derive(Clone, Debug)]
pub struct Chooser {
    /// The choices that are always shown, the usual one first.
    pub choices: Vec<Choice>,
    /// The choices behind a fold, which few need. The fold is open while one of them is chosen.
    pub more: Vec<Choice>,
}

impl Render for Chooser {
    fn render(&self) -> Markup {
        html! {
            fieldset class="m-choices" {
                legend class="m-label" { "People" }
                @for choice in &self.choices { (choice) }
                @if !self.more.is_empty() {
                    details class="m-fold m-choices__more" id="more-people" open[self.more.iter().any(|choice| choice.chosen)] {
                        summary class="m-fold__head" { "By source or tag (" (self.more.len()) ")" (Icon::Down) }
                        div class="m-choices" { @for choice in &self.more { (choice) } }
                    }
                }
            }
        }
    }
}

impl Render for Choice {
    fn render(&self) -> Markup {
        html! {
            label class="m-choice" {
                input type="radio" name="who" value=(self.value) checked[self.chosen] data-autosubmit="";
                span class="m-choice__text" {
                    span class="m-choice__name" { (self.name) }
                    @if !self.sub.is_empty() { span class="m-sub" { (self.sub) } }
                }
                span class="m-choice__n" { (self.n.as_deref().unwrap_or("–")) }
            }
        }
    }
}
