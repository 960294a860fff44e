//! Why people were not reached, grouped by cause, largest first, each with one action that carries its number.

use maud::{Markup, Render, html};

use super::addressees::Addressees;
use super::bar::Key;
use super::button::Button;
use super::format::grouped;

/// A reason with the people behind it.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The kind of ending, which gives the colour.
    pub key: Key,
    /// The number of people.
    pub n: i64,
    /// The reason in a few words, such as "Not on WhatsApp".
    pub title: String,
    /// The provider's code, or what we do about it.
    pub note: String,
    /// The address of the list of these people.
    pub href: String,
    /// The button that helps them, such as "Send by SMS (112)"; `None` without one.
    pub action: Option<Button>,
    /// What else helps: "Look up (3)" beside "Decide (3)".
    pub other: Option<Button>,
}

/// All reasons for which people were not reached.
#[derive(Clone, Debug)]
pub struct Reasons {
    /// The reasons, in any order.
    pub all: Vec<Reason>,
    /// Whether people or groups are counted.
    pub of: Addressees,
}

impl Render for Reasons {
    fn render(&self) -> Markup {
        let total: i64 = self.all.iter().map(|reason| reason.n).sum();
        let mut reasons: Vec<&Reason> = self.all.iter().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.n));
        html! {
            section class="m-card m-reasons" aria-labelledby="why" data-live-id="reasons" {
                header class="m-card__head" {
                    h2 id="why" class="m-card__title" { "Reasons" }
                    span class="m-sub m-nowrap" { (grouped(total)) " " (self.of.noun(total)) }
                }
                @if reasons.is_empty() { p class="m-none" { (self.of.none()) " was left out so far." } } @else {
                    ul { @for reason in reasons { (reason) } }
                }
            }
        }
    }
}

impl Render for Reason {
    fn render(&self) -> Markup {
        html! {
            li class="m-reason" {
                (self.key)
                a class="m-reason__n" href=(self.href) aria-label={ (grouped(self.n)) ": " (self.title) } { (grouped(self.n)) }
                div { p class="m-reason__title" { (self.title) } p class="m-sub" { (self.note) } }
                @if self.action.is_some() || self.other.is_some() {
                    span class="m-reason__act" {
                        @if let Some(other) = &self.other { (other) }
                        @if let Some(action) = &self.action { (action) }
                    }
                }
            }
        }
    }
}
