//! What needs somebody now, as the strip over every page shows it.

use domain::{
    attention::{AboutBroadcast, Matter},
    reason::Reason,
    time::{Millis, Zone},
};
use providers::{codes, registry};
use store::StoreError;

use super::top_up;
use crate::{
    app::App,
    ui::{
        attention::{FORM, Row, Strip},
        button::{Button, Size},
        icons::Icon,
        words::{
            matters::{self, About, button},
            reasons,
        },
    },
};

/// Reads the strip of an organisation. A user who may not send sees what is paused, without buttons.
///
/// # Errors
/// When the store cannot be read.
pub async fn strip(app: &App, asks: &compose::Caller, may_send: bool) -> Result<Strip, StoreError> {
    let attention = app.composer.attention(&asks.org, &asks.organization).await?;
    let matters = attention.matters.iter();
    Ok(Strip {
        rows: matters.map(|matter| row(app, matter, &asks.organization.zone, asks.now, may_send)).collect(),
    })
}

/// The sentences of a matter, as they stand on screens and in what goes out.
pub fn words(matter: &Matter, zone: &Zone, now: Millis) -> matters::Words {
    let (cause, help) = match matter {
        Matter::Paused { why, .. } => cause(why),
        _ => (String::new(), String::new()),
    };
    let provider = provider(matter);
    matters::matter(matter, &About { zone, now, provider, cause: &cause, help: &help })
}

/// Why a broadcast stands still, in a few words, and what helps.
fn cause(why: &Reason) -> (String, String) {
    match why {
        Reason::None => ("Paused".to_owned(), String::new()),
        Reason::Ours(own) => {
            let words = reasons::own(*own);
            (words.title.to_owned(), String::new())
        }
        Reason::Excluded(skip) => (reasons::excluded(*skip).title.to_owned(), String::new()),
        Reason::Provider(code) => match codes::meaning(code) {
            Some(meaning) => (meaning.title.to_owned(), meaning.help.to_owned()),
            None => (format!("Code {code}"), String::new()),
        },
    }
}

fn provider(matter: &Matter) -> &'static str {
    let kind = match matter {
        Matter::AccountStopped { account, .. }
        | Matter::AccountRefused { account, .. }
        | Matter::WalletLow { account, .. }
        | Matter::NotTaking { account, .. }
        | Matter::AccountNotReady { account, .. }
        | Matter::ReceiptsSilent { account, .. } => account.kind.as_str(),
        Matter::Unknown { .. }
        | Matter::SendingStopped { .. }
        | Matter::Paused { .. }
        | Matter::Late { .. }
        | Matter::PostDue { .. }
        | Matter::OldTime { .. }
        | Matter::Kept { .. }
        | Matter::Step { .. }
        | Matter::NotUnderstood { .. } => "",
    };
    registry::vendor(kind).map_or("The provider", |vendor| vendor.name())
}

fn row(app: &App, matter: &Matter, zone: &Zone, now: Millis, may_send: bool) -> Row {
    let words = words(matter, zone, now);
    let (icon, act) = act(matter, may_send);
    let first = top_up_first(app, matter).filter(|_| may_send);
    Row { icon, title: words.title, link: link(matter), why: words.why, first, act }
}

/// Where credit is bought, for what stands still or will for want of it.
fn top_up_first(app: &App, matter: &Matter) -> Option<Button> {
    let (kind, account) = match matter {
        Matter::Paused { broadcast, why, .. } if codes::wants_credit(why.code()) => {
            (&broadcast.account_kind, broadcast.account)
        }
        Matter::WalletLow { account, .. } => (&account.kind, account.id),
        Matter::Paused { .. }
        | Matter::SendingStopped { .. }
        | Matter::AccountStopped { .. }
        | Matter::AccountRefused { .. }
        | Matter::NotTaking { .. }
        | Matter::AccountNotReady { .. }
        | Matter::ReceiptsSilent { .. }
        | Matter::Unknown { .. }
        | Matter::Late { .. }
        | Matter::PostDue { .. }
        | Matter::OldTime { .. }
        | Matter::Kept { .. }
        | Matter::Step { .. }
        | Matter::NotUnderstood { .. } => return None,
    };
    Some(top_up::button(app, kind, account).small())
}

fn link(matter: &Matter) -> Option<(String, String)> {
    let to = |of: &AboutBroadcast| Some((of.title.clone(), format!("/broadcasts/{}", of.id)));
    match matter {
        Matter::Paused { broadcast, .. }
        | Matter::Late { broadcast, .. }
        | Matter::PostDue { broadcast, .. }
        | Matter::Unknown { broadcast, .. } => to(broadcast),
        Matter::Step { workshop, workshop_title, .. } => {
            Some((workshop_title.clone(), format!("/workshops/{workshop}/plan")))
        }
        Matter::OldTime { workshop, workshop_title, .. } => {
            Some((workshop_title.clone(), format!("/workshops/{workshop}")))
        }
        Matter::SendingStopped { .. }
        | Matter::AccountStopped { .. }
        | Matter::AccountRefused { .. }
        | Matter::WalletLow { .. }
        | Matter::NotTaking { .. }
        | Matter::AccountNotReady { .. }
        | Matter::ReceiptsSilent { .. }
        | Matter::Kept { .. }
        | Matter::NotUnderstood { .. } => None,
    }
}

/// The one thing to do: posted by the form outside the strip, or a page that leads on.
fn act(matter: &Matter, may_send: bool) -> (Icon, Option<Button>) {
    let label = button(matter);
    let post = |icon, to: String| {
        let button = Button::new(label.clone()).icon(icon).form(FORM).formaction(to);
        may_send.then_some(Button { size: Size::Small, ..button })
    };
    let page = |to: String| Some(Button::link(label.clone(), to).small());
    match matter {
        Matter::SendingStopped { .. } => (Icon::Pause, post(Icon::Play, "/operator/release".to_owned())),
        Matter::AccountStopped { account, .. } => {
            (Icon::Pause, post(Icon::Play, format!("/operator/integrations/{}/release", account.id)))
        }
        Matter::Paused { broadcast, why, .. } if matters::is_moved(why) => {
            (Icon::Pause, post(Icon::Edit, format!("/broadcasts/{}/rewrite", broadcast.id)))
        }
        Matter::Paused { broadcast, .. } => {
            (Icon::Pause, post(Icon::Play, format!("/broadcasts/{}/resume", broadcast.id)))
        }
        Matter::AccountRefused { account, .. }
        | Matter::WalletLow { account, .. }
        | Matter::NotTaking { account, .. } => {
            (Icon::Plug, page(format!("/settings/integrations/{}#test", account.id)))
        }
        Matter::PostDue { broadcast, .. } => {
            (Icon::Group, page(format!("/broadcasts/{}/post", broadcast.id)))
        }
        Matter::AccountNotReady { account, .. } => {
            (Icon::Plug, page(format!("/settings/accounts/{}", account.id)))
        }
        Matter::Late { broadcast, .. } => (Icon::Wait, page(format!("/broadcasts/{}", broadcast.id))),
        Matter::Unknown { broadcast, .. } => {
            (Icon::Question, page(format!("/broadcasts/{}?state=unknown#recipients", broadcast.id)))
        }
        Matter::ReceiptsSilent { account, .. } => {
            (Icon::Warning, page(format!("/settings/integrations/{}#receipts", account.id)))
        }
        Matter::Step { workshop, why, state, .. } => {
            let place = if matters::asks_for_value(*why, *state) { "#values-missing" } else { "" };
            (Icon::Warning, page(format!("/workshops/{workshop}/plan{place}")))
        }
        Matter::NotUnderstood { .. } => (Icon::Warning, page("/operator#not-understood".to_owned())),
        Matter::OldTime { workshop, .. } => {
            let to = format!("/?workshop={workshop}&purpose={}#compose", domain::told::Purpose::MOVED);
            (Icon::Wait, page(to).filter(|_| may_send))
        }
        Matter::Kept { import, .. } => (Icon::Person, page(format!("/imports/{import}"))),
    }
}
