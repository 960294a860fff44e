//! Templates that the provider of an account has registered: shown first, then taken.

use std::collections::BTreeMap;

use axum::{extract::State, response::IntoResponse};
use maud::{Markup, html};
use providers::account::Registered;
use store::{StoreError, integrations::Integration};

use super::{
    super::account::{
        Asked, account_choice, chosen, listing, nowhere, serving, that_list, unread, vendor_names,
    },
    CHANNEL, HREF, below,
    offer::{Found, Offer, Standing, choice, compared, take},
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Query},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::Button,
        chip::Tone,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
    },
};

/// `GET /settings/templates/sms/fill`
pub async fn ask(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> PageResult {
    let accounts = accounts(&app, &member).await?;
    let Some(account) = chosen(&accounts, &asked.account) else {
        return Ok(
            page(&member, nowhere(&format!("Connect {} first.", vendor_names(CHANNEL)))).into_response()
        );
    };
    let body = match offers(&app, &member, account).await? {
        Ok(offers) => offered(&member, &accounts, account, &offers, &BTreeMap::new(), None),
        Err(words) => unread(&action(), &accounts, account, &words),
    };
    Ok(page(&member, body).into_response())
}

/// `POST /settings/templates/sms/fill`
pub async fn fill(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let typed: BTreeMap<String, String> = pairs.into_iter().collect();
    let accounts = accounts(&app, &member).await?;
    let Some(account) = chosen(&accounts, typed.get("account").map_or("", String::as_str)) else {
        return Ok(unprocessable(page(
            &member,
            nowhere(&format!("Connect {} first.", vendor_names(CHANNEL))),
        )));
    };
    let offers = match offers(&app, &member, account).await? {
        Ok(offers) => offers,
        Err(words) => return Ok(unprocessable(page(&member, unread(&action(), &accounts, account, &words)))),
    };
    match take(&member, &offers, &typed).await? {
        Ok(taken) => Ok(see_other_saying(&app, HREF, &taken_words(taken))),
        Err(words) => {
            let body = offered(&member, &accounts, account, &offers, &typed, Some(&words));
            Ok(unprocessable(page(&member, body)))
        }
    }
}

fn action() -> String {
    format!("{HREF}/fill")
}

/// What was done, and what is next.
pub(super) fn taken_words(taken: i64) -> String {
    format!("{} added. Say next where each value comes from.", counted(taken, "template", "templates"))
}

async fn accounts(app: &App, member: &Member) -> Result<Vec<Integration>, StoreError> {
    Ok(that_list(app, serving(member, CHANNEL).await?))
}

/// Asks the account's vendor; its refusal is told in words.
async fn offers(
    app: &App,
    member: &Member,
    account: &Integration,
) -> Result<Result<Vec<Offer>, String>, StoreError> {
    let known = member.org.templates(CHANNEL).await?;
    Ok(listing(app, account)
        .await
        .map(|listing| compared(listing.templates.into_iter().map(found).collect(), &known)))
}

fn found(template: Registered) -> Found {
    Found {
        name: template.name,
        sender: template.sender,
        entity_id: template.entity_id,
        template_id: template.template_id,
        message_id: template.message_id,
        text: super::form::registered(&template.text),
        ..Found::default()
    }
}

/* ---------- The page ---------- */

/// `Fill from X`.
pub(super) fn title() -> String {
    format!("Fill from {}", vendor_names(CHANNEL))
}

fn page(member: &Member, body: Markup) -> Markup {
    let body = html! {
        (Head::new(title()).meta("Shows what the account’s provider has registered; nothing is changed there."))
        (body)
    };
    below(member, &title(), body)
}

fn offered(
    member: &Member,
    accounts: &[Integration],
    account: &Integration,
    offers: &[Offer],
    typed: &BTreeMap<String, String>,
    wrong: Option<&str>,
) -> Markup {
    let (table, category) = choice(offers, typed, wrong.is_none());
    let new = offers.iter().filter(|one| one.standing == Standing::New).count();
    html! {
        (account_choice(&action(), accounts, account))
        @if let Some(words) = wrong { (Note::new(Tone::Fail, "Nothing was added.", words)) }
        form method="post" action=(action()) class="m-stack" {
            (member.csrf())
            input type="hidden" name="account" value=(account.id);
            (Card::new("offers", format!("{} of {} in {}", counted(new, "new template", "new templates"), offers.len(), account.name), table))
            @if new > 0 {
                (category)
                div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Add ticked templates").icon(Icon::Download).busy("Adding…")) }
            }
        }
    }
}
