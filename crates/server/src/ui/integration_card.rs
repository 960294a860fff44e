//! A provider's account in the settings: key, receipts, pace, last test, and what to do.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::Chip;
use super::head::KeyValues;
use super::menu::Menu;
use super::note::Note;
use super::status_card::Logo;

/// The card of an account, or of a provider that is not set up yet.
#[derive(Clone, Debug)]
pub struct IntegrationCard {
    /// The letters of the vendor.
    pub logo: Logo,
    /// The name of the vendor.
    pub title: String,
    /// Its own page; `None` for a provider that is not set up yet.
    pub href: Option<String>,
    /// The account's own name and its channel, such as "Udaan main · WhatsApp Personal".
    pub note: String,
    /// The state of the account, such as Ready, Low balance or Not set up.
    pub chip: Chip,
    /// The note about what needs a person; `None` where nothing does.
    pub alert: Option<Note>,
    /// The facts: key (only its last letters), receipts, pace, test.
    pub facts: KeyValues,
    /// The buttons: Test and Replace key, or Set up.
    pub actions: Vec<Button>,
    /// A quiet link after the buttons.
    pub link: Option<(String, String)>,
    /// The menu with the other actions; `None` without any.
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
