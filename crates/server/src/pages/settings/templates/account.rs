//! Asking an account for the templates that its provider has: which one, and what to say when it does not tell.

use domain::ids::IntegrationId;
use maud::{Markup, html};
use serde::Deserialize;
use store::integrations::Integration;

use crate::ui::{
    button::Button,
    chip::Tone,
    field::{Choice, Field},
    note::Note,
};

/// Which account is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub(super) account: String,
}

/// The account of that id, or else the first.
pub(super) fn chosen<'a>(accounts: &'a [Integration], id: &str) -> Option<&'a Integration> {
    let id = id.parse::<IntegrationId>().ok();
    accounts.iter().find(|one| Some(one.id) == id).or(accounts.first())
}

/// In the place of templates, why there are none to show.
pub(super) fn unread(action: &str, accounts: &[Integration], account: &Integration, words: &str) -> Markup {
    html! {
        (account_choice(action, accounts, account))
        (Note::new(Tone::Fail, "The templates could not be read.", words))
    }
}

/// Which account is asked; only where there is a choice.
pub(super) fn account_choice(action: &str, accounts: &[Integration], account: &Integration) -> Markup {
    let current = account.id.to_string();
    let options = accounts.iter().map(|one| Choice::new(one.id.to_string(), &one.name, &current)).collect();
    html! {
        @if accounts.len() > 1 {
            form method="get" action=(action) {
                (Field::select("account", "Account", options).id("ask-account").autosubmit())
                (Button { without_script_only: true, ..Button::new("Show") })
            }
        }
    }
}
