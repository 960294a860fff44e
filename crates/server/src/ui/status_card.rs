//! The state of a channel's account: connected or not, money, last receipt, and what to do.

use maud::{Markup, Render, html};

use super::button::Button;
use super::chip::Chip;
use super::head::Fact;

/// The ground of the two letters that stand for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoColour {
    /// Violet.
    Violet,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Amber.
    Amber,
    /// Grey, for a provider that is not set up.
    Grey,
}

/// Two letters that stand for a provider.
#[derive(Clone, Copy, Debug)]
pub struct Logo {
    /// The two letters, such as "Ai".
    pub letters: &'static str,
    /// The colour behind the letters.
    pub colour: LogoColour,
}

impl Render for Logo {
    fn render(&self) -> Markup {
        let colour = match self.colour {
            LogoColour::Violet => "violet",
            LogoColour::Green => "green",
            LogoColour::Blue => "blue",
            LogoColour::Amber => "amber",
            LogoColour::Grey => "grey",
        };
        html! { span class={ "m-logo m-logo--" (colour) } aria-hidden="true" { (self.letters) } }
    }
}

/// The card of the account behind a channel's tab.
#[derive(Clone, Debug)]
pub struct StatusCard {
    /// The letters of the vendor.
    pub logo: Logo,
    /// The names of vendor and account: "Vendor · Udaan main".
    pub name: String,
    /// The state of the account, such as Ready or Low balance.
    pub chip: Chip,
    /// A quiet line, such as "+91 90000 00001 · receipts on".
    pub note: String,
    /// The facts: wallet or tier, use, last receipt.
    pub facts: Vec<Fact>,
    /// The buttons, such as Test and Configure.
    pub actions: Vec<Button>,
}

impl Render for StatusCard {
    fn render(&self) -> Markup {
        html! {
            section class="m-card m-status" aria-label={ "Channel: " (self.name) } data-live-id="status" {
                div class="m-status__id" {
                    (self.logo)
                    div {
                        p class="m-status__name" { (self.name) (self.chip) }
                        p class="m-sub" { (self.note) }
                    }
                }
                @if !self.facts.is_empty() { dl class="m-facts m-status__facts" { @for fact in &self.facts { (fact) } } }
                @if !self.actions.is_empty() { div class="m-status__acts" { @for button in &self.actions { (button) } } }
            }
        }
    }
}
