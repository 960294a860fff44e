//! What the last test of an account proved: kept with the account, and how it looks.

use compose::AccountState;
use domain::time::Millis;
use maud::html;
use providers::{AccountStanding, Status};
use serde::{Deserialize, Serialize};
use store::integrations::Integration;

use super::{Fact, chip, when};
use crate::{
    http::extract::Member,
    ui::{
        chip::{Chip, State as Look, Tone},
        format::{phone, rupees},
        icons::Icon,
        note::Note,
    },
};

/// What the last test of an account proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// When the account was tested; `None` before the first test.
    pub tested_at: Option<Millis>,
    /// The member who tested it, by name.
    pub tested_by: String,
    /// The vendor's answer to the test.
    pub status: Status,
}

/// How the state of an account looks, wherever it is shown.
pub(crate) fn state_chip(state: &AccountState) -> Chip {
    match state {
        AccountState::KeyNeeded => chip(Tone::Fail, Icon::Key, "Key needed"),
        AccountState::Stopped { .. } => chip(Tone::Fail, Icon::Pause, "Stopped"),
        AccountState::HeldBack { .. } => chip(Tone::Act, Icon::Wait, "Held back"),
        AccountState::NotTested => chip(Tone::Act, Icon::Test, "Not tested"),
        AccountState::LowBalance => Look::LowBalance.chip(),
        AccountState::Told(standing) => standing_chip(*standing),
    }
}

/// How a standing looks.
fn standing_chip(standing: AccountStanding) -> Chip {
    match standing {
        AccountStanding::Ready => Look::Ready.chip(),
        AccountStanding::NoMoney => Look::LowBalance.chip(),
        AccountStanding::NotProven => chip(Tone::Act, Icon::Warning, "Not proven"),
        AccountStanding::NotLive => chip(Tone::Act, Icon::Warning, "Not live"),
        AccountStanding::NotActive => chip(Tone::Fail, Icon::Error, "Not active"),
        AccountStanding::Refused => chip(Tone::Fail, Icon::Error, "Refused"),
        AccountStanding::Silent => chip(Tone::Act, Icon::Warning, "No answer"),
    }
}

impl Health {
    /// What is kept with an account; a health that an older version wrote reads as untested.
    pub fn of(integration: &Integration) -> Health {
        serde_json::from_value(integration.health.clone()).unwrap_or_default()
    }

    /// A test of this moment.
    pub(super) fn now(member: &Member, status: Status) -> Health {
        Health { tested_at: Some(member.now), tested_by: member.user.name.clone(), status }
    }

    /// What a test found in the way, and what to do.
    pub(super) fn alert(&self) -> Option<Note> {
        let (title, text) = &self.status.alert;
        if self.tested_at.is_none() || text.is_empty() {
            return None;
        }
        let tone = standing_chip(self.status.standing).tone;
        let tone = if tone == Tone::Act && self.status.standing == AccountStanding::NoMoney {
            Tone::Fail
        } else {
            tone
        };
        Some(Note::new(tone, title.clone(), text.clone()))
    }

    /// The wallet on a card, as the last test told it.
    pub(super) fn wallet(&self, member: &Member) -> Option<Fact> {
        let (balance, at) = (self.status.balance?, self.tested_at?);
        Some(("Wallet".into(), html! { (rupees(balance.0)) }, Some(format!("Asked {}", when(member, at)))))
    }

    /// Everything that it told, for the card of the test.
    pub(super) fn facts(&self, member: &Member) -> Vec<Fact> {
        let Some(at) = self.tested_at else { return Vec::new() };
        let status = &self.status;
        let quiet = |words: &str| (!words.is_empty()).then(|| words.to_owned());
        let about =
            if status.about.is_empty() { None } else { Some(format!("Asked about “{}”", status.about)) };
        let mut rows = vec![("Result".into(), html! { (status.said) }, about)];
        match status.balance {
            Some(balance) => {
                rows.push(("Wallet".into(), html! { (rupees(balance.0)) }, quiet(&status.balance_note)));
            }
            None if !status.balance_note.is_empty() && status.standing != AccountStanding::Refused => {
                rows.push(("Wallet".into(), html! { "Not known" }, quiet(&status.balance_note)));
            }
            None => {}
        }
        if !status.number.is_empty() {
            rows.push(("Number".into(), html! { (shown_number(&status.number)) }, None));
        }
        rows.extend(
            status.facts.iter().map(|told| (told.name.clone(), html! { (told.value) }, quiet(&told.note))),
        );
        rows.push(("Tested".into(), html! { (when(member, at)) }, Some(format!("By {}", self.tested_by))));
        rows
    }
}

/// Vendors write numbers as digits, with a plus or without.
pub(crate) fn shown_number(number: &str) -> String {
    let bare = number.trim_start_matches('+');
    if bare.bytes().all(|b| b.is_ascii_digit()) { phone(&format!("+{bare}")) } else { number.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_that_cannot_be_read_is_an_untested_one() {
        for older in [serde_json::json!({}), serde_json::json!({"verdict": "live", "balance": 3})] {
            let health: Health = serde_json::from_value(older).unwrap();
            assert_eq!(health, Health::default());
        }
        assert_eq!(shown_number("919000000001"), "+91 90000 00001");
    }
}
