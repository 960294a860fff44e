//! Templates from the DLT Manager of a Fast2SMS account (providers/fast2sms.md §4): shown first, then taken.

use std::collections::BTreeMap;

use axum::{extract::State, response::IntoResponse};
use maud::{Markup, html};
use providers::{Account, NotTold, fast2sms::RegisteredSender};
use store::{StoreError, integrations::Integration};

use super::{
    super::account::{Asked, account_choice, chosen, unread},
    CHANNEL, HREF, below,
    offer::{Found, Offer, Standing, choice, compared, take},
};
use crate::{
    accounts::FAST2SMS,
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Query},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::{Button, Link},
        chip::Tone,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
    },
};

/// `GET /settings/templates/sms/fill`
pub async fn ask(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> PageResult {
    let accounts = accounts(&member).await?;
    let Some(account) = chosen(&accounts, &asked.account) else {
        return Ok(page(&member, nowhere()).into_response());
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
    let accounts = accounts(&member).await?;
    let Some(account) = chosen(&accounts, typed.get("account").map_or("", String::as_str)) else {
        return Ok(unprocessable(page(&member, nowhere())));
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

async fn accounts(member: &Member) -> Result<Vec<Integration>, StoreError> {
    let all = member.org.integrations().await?;
    Ok(all.into_iter().filter(|one| one.kind == FAST2SMS).collect())
}

/// Asks Fast2SMS; its refusal is told in words.
async fn offers(
    app: &App,
    member: &Member,
    account: &Integration,
) -> Result<Result<Vec<Offer>, String>, StoreError> {
    let known = member.org.templates(CHANNEL).await?;
    let opened = match app.accounts.open_integration(account) {
        Ok(opened) => opened,
        Err(words) => return Ok(Err(words)),
    };
    let Account::Fast2sms(opened) = &opened else {
        return Ok(Err("Only a Fast2SMS account has SMS templates.".into()));
    };
    match opened.templates(&app.out).await {
        Ok(senders) => Ok(Ok(compared(senders.into_iter().flat_map(found).collect(), &known))),
        Err(NotTold::NotConnected) => Ok(Err("No key is stored.".into())),
        Err(NotTold::Refused(said)) => Ok(Err(format!("Fast2SMS refused: {}", said.text))),
        Err(NotTold::Silent(said)) => Ok(Err(format!("Fast2SMS gave no usable answer: {}", said.text))),
    }
}

fn found(sender: RegisteredSender) -> Vec<Found> {
    let RegisteredSender { sender, entity_id, templates, .. } = sender;
    let own = |template: providers::fast2sms::RegisteredTemplate| Found {
        sender: Some(sender.clone()),
        entity_id: entity_id.clone(),
        template_id: template.template_id,
        message_id: template.message_id,
        text: super::form::registered(&template.text),
        ..Found::default()
    };
    templates.into_iter().map(own).collect()
}

/* ---------- The page ---------- */

fn page(member: &Member, body: Markup) -> Markup {
    let body = html! {
        (Head::new("Fill from Fast2SMS").meta("Shows what the account’s DLT Manager has; nothing is changed there."))
        (body)
    };
    below(member, "Fill from Fast2SMS", body)
}

fn nowhere() -> Markup {
    let note = Note::new(Tone::Act, "No account can be asked.", "Connect Fast2SMS first.");
    html! { (note.action(Link::new("Integrations", "/settings/integrations"))) }
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
