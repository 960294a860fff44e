//! Nothing here yet: what this does for you, then the button.

use maud::{Markup, Render, html};

use super::button::Button;
use super::icons::Icon;
use super::status_card::Logo;

/// The state of a page with nothing to show yet.
#[derive(Clone, Debug)]
pub struct Empty {
    /// The icon on its tile.
    pub icon: Icon,
    /// The heading, such as "Call people who missed the message".
    pub title: String,
    /// The explanation in one or two sentences.
    pub text: String,
    /// One violet button at most.
    pub actions: Vec<Button>,
    /// Ways to begin: providers, examples.
    pub ways: Vec<Way>,
}

/// A card for one way to begin.
#[derive(Clone, Debug)]
pub struct Way {
    /// The letters of the vendor.
    pub logo: Logo,
    /// The vendor’s name.
    pub title: String,
    /// A quiet word, such as "Flow with key press".
    pub note: String,
    /// The address that the card leads to.
    pub href: String,
}

impl Render for Way {
    fn render(&self) -> Markup {
        html! {
            li { a href=(self.href) class="m-way" {
                (self.logo)
                span { b { (self.title) } span class="m-sub" { (self.note) } }
                (Icon::Next)
            } }
        }
    }
}

impl Render for Empty {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-blank" {
                div class="mui-empty-state" {
                    div class="m-blank__sign" aria-hidden="true" {
                        svg class="m-ring" viewBox="0 0 120 88" focusable="false" {
                            circle cx="60" cy="44" r="43" class="m-ring__a" {}
                            circle cx="60" cy="44" r="31" class="m-ring__a" {}
                            rect x="41" y="25" width="38" height="38" rx="12" class="m-ring__tile" {}
                        }
                        (self.icon)
                    }
                    h2 class="m-blank__title" { (self.title) }
                    p class="m-blank__text" { (self.text) }
                    @if !self.actions.is_empty() { div class="m-blank__acts" { @for button in &self.actions { (button) } } }
                }
                @if !self.ways.is_empty() { ul class="m-blank__ways" aria-label="Ways to begin" { @for way in &self.ways { (way) } } }
            }
        }
    }
}
