//! Asking an account for the templates that its provider has: which one, and what to say when it does not tell.

use std::sync::Arc;

use domain::{channel::Channel, ids::IntegrationId};
use maud::{Markup, html};
use providers::{Account, QueryError, Vendor, account::VendorTemplates, registry};
use serde::Deserialize;
use store::{StoreError, integrations::Integration};

use crate::{
    app::App,
    http::extract::Member,
    ui::{
        button::{Button, Link},
        chip::Tone,
        field::{Choice, Field},
        note::Note,
    },
};

/// Which account is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AskedAccount {
    pub(super) account: String,
}

/// The accounts that serve a channel, oldest first.
pub(super) async fn serving(member: &Member, channel: Channel) -> Result<Vec<Integration>, StoreError> {
    let all = member.org.integrations().await?;
    let serves = |one: &Integration| registry::serving(channel).any(|vendor| vendor.kind() == one.kind);
    Ok(all.into_iter().filter(serves).collect())
}

/// How the vendor of an account is called.
pub(super) fn vendor_name(account: &Integration) -> &'static str {
    registry::vendor(&account.kind).map_or("The provider", Vendor::name)
}

/// The vendors of a channel, as a sentence names them: “X” or “X or Y”.
pub(super) fn vendor_names(channel: Channel) -> String {
    registry::serving(channel).map(Vendor::name).collect::<Vec<_>>().join(" or ")
}

/// Those of them whose accounts can be asked which templates they have.
pub(super) fn listing_vendors(channel: Channel) -> String {
    let asked = registry::serving(channel).filter(|vendor| vendor.about().lists_templates);
    asked.map(Vendor::name).collect::<Vec<_>>().join(" or ")
}

/// The accounts of those that can be asked which templates they have.
pub(super) fn that_list(app: &App, accounts: Vec<Integration>) -> Vec<Integration> {
    let lists = |one: &Integration| {
        let opened = app.accounts.open_integration(one);
        // One that cannot be opened says why when it is asked.
        opened.map_or(true, |account| account.can().lists_templates)
    };
    accounts.into_iter().filter(lists).collect()
}

/// The templates that an account's vendor has of it; or why they are not told, in words.
pub(super) async fn listing(app: &App, account: &Integration) -> Result<VendorTemplates, String> {
    let opened: Arc<dyn Account> = app.accounts.open_integration(account).map(Arc::from)?;
    let name = vendor_name(account);
    opened.templates(&app.out).await.map_err(|not_told| match &not_told {
        QueryError::NotConnected => not_told.words(),
        QueryError::Refused(said) => format!("{name} refused: {}", said.text),
        QueryError::Silent(said) => format!("{name} gave no usable answer: {}", said.text),
    })
}

/// In the place of templates, that nobody can be asked for them.
pub(super) fn nowhere(words: &str) -> Markup {
    let note = Note::new(Tone::Act, "No account can be asked.", words.to_owned());
    html! { (note.action(Link::new("Integrations", "/settings/integrations"))) }
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
