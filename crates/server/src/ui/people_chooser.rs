//! Who a broadcast is for: radio buttons with a number each. Works without script: the form's own button sends it.

use maud::{Markup, Render, html};

/// One choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends as `who`.
    pub value: String,
    /// A few words.
    pub name: String,
    /// What they mean here.
    pub sub: String,
    /// How many people; `None` where they are counted only when chosen.
    pub n: Option<String>,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// The choices.
#[derive(Clone, Debug)]
pub struct Chooser {
    /// The usual one first.
    pub choices: Vec<Choice>,
}

impl Render for Chooser {
    fn render(&self) -> Markup {
        html! {
            fieldset class="m-choices" {
                legend class="m-label" { "People" }
                @for choice in &self.choices { (choice) }
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
