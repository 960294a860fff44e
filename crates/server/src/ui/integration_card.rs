//! A provider's account in the settings: key, receipts, pace, last test, and what to do.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::Chip;
use super::head::KeyValues;
use super::menu::Menu;
use super::note::Note;
use super::status_card::Logo;

/// An account, or a provider that is not set up yet.
#[derive(Clone, Debug)]
pub struct IntegrationCard {
    /// The provider's letters.
    pub logo: Logo,
    /// The name of its vendor.
    pub title: String,
    /// Its own page; `None` for a provider that is not set up yet.
    pub href: Option<String>,
    /// "Udaan main · WhatsApp Personal".
    pub note: String,
    /// Ready, Low balance, Not set up…
    pub chip: Chip,
    /// What needs a hand.
    pub alert: Option<Note>,
    /// Key (only its last letters), receipts, pace, test.
    pub facts: KeyValues,
    /// Test, Replace key; or Set up.
    pub actions: Vec<Button>,
    /// A quiet link after the buttons.
    pub link: Option<(String, String)>,
    /// Everything else.
    pub menu: Option<Menu>,
}

impl Render for IntegrationCard {
    fn render(&self) -> Markup {
        html! {
            article class="m-card m-integ" aria-label={ (self.title) ", " (self.note) } {
                header class="m-integ__head" {
                    (self.logo)
                    div { h2 class="m-integ__title" { @if let Some(href) = &self.href { a class="m-rowlink" href=(href) { (self.title) } } @else { (self.title) } } p class="m-sub" { (self.note) } }
                    (self.chip)
                }
                @if let Some(alert) = &self.alert { (alert) }
                (self.facts)
                footer class="m-integ__foot" {
                    @for button in &self.actions { (button) }
                    @if let Some((label, href)) = &self.link { a class="m-link" href=(href) { (label) } }
                    @if let Some(menu) = &self.menu { (menu) }
                }
            }
        }
    }
}

/// The accounts, two in a row.
#[derive(Clone, Debug)]
pub struct Integrations(
    /// The cards.
    pub Vec<IntegrationCard>,
);

impl Render for Integrations {
    fn render(&self) -> Markup {
        html! { div class="m-integs" { @for card in &self.0 { (card) } } }
    }
}
