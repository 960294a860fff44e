//! What it will cost and when it will be done. Estimates say so.

use maud::{Markup, Render, html};

use super::format::{grouped, rupees, unit_price};
use super::head::Fact;

/// The forecast under *When*.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The number of messages that are paid for.
    pub messages: i64,
    /// The number of people whose messages were counted, where those were not all; `None` where they were.
    pub about: Option<i64>,
    /// The segments or pulses of one message.
    pub units: i64,
    /// Price of one unit in 1/10,000 rupee; none if the account has no price.
    pub unit_price: Option<i64>,
    /// The whole cost in 1/10,000 rupee.
    pub cost: Option<i64>,
    /// The pace, such as "10 /s".
    pub pace: String,
    /// Where the pace comes from, such as "this account’s limit".
    pub pace_note: String,
    /// When the last message would go out, such as "6:03 PM".
    pub done_by: String,
    /// How that lies to the workshop's start, such as "57 min before start".
    pub done_note: String,
    /// Whether it ends after the workshop's start, or close to it.
    pub late: bool,
    /// The credit that would be left in the wallet, in 1/10,000 rupee; `None` where the provider does not tell it.
    pub wallet_after: Option<i64>,
}

impl Forecast {
    fn cost(&self) -> Fact {
        let Some(cost) = self.cost else {
            return Fact::new("Cost, estimate", "n/a").note("no price is set for this account");
        };
        let price = self.unit_price.map(unit_price).unwrap_or_default();
        let note = match self.units {
            _ if price.is_empty() => String::new(),
            1 => format!("{} × {price}", grouped(self.messages)),
            units => format!("{} × {} × {price}", grouped(self.messages), grouped(units)),
        };
        match self.about {
            None => Fact::new("Cost, estimate", rupees(cost)).note(note),
            Some(looked_at) => Fact::new("Cost, about", rupees(cost))
                .note(format!("{note}, from the first {} people; exact when you review", grouped(looked_at))),
        }
    }

    fn wallet(&self) -> Fact {
        match self.wallet_after {
            Some(left) => Fact::new("Wallet after", rupees(left)).note("estimate"),
            None => Fact::new("Wallet after", "n/a").note("this account does not tell"),
        }
    }
}

impl Render for Forecast {
    fn render(&self) -> Markup {
        html! {
            dl class="m-facts m-fore" aria-label="Cost and finish" data-live-id="forecast" {
                (self.cost())
                (Fact::new("Pace", &self.pace).note(&self.pace_note))
                div {
                    dt { "Done by" }
                    dd.is-late[self.late] { (self.done_by) span class="m-sub" { (self.done_note) } }
                }
                (self.wallet())
            }
        }
    }
}
