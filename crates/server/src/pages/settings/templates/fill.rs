//! Templates that an account's provider has: shown first, then taken.

use std::collections::BTreeMap;

use axum::{extract::State, response::IntoResponse};
use maud::{Markup, html};
use providers::{Vendor, registry};
use store::{StoreError, integrations::Integration};

use super::{
    account::{
        AskedAccount, account_choice, chosen, listing, listing_vendors, nowhere, serving, that_list, unread,
    },
    form::Errors,
    kind::{Kind, Of},
    offer::{ChoiceForm, Offers},
    page::below,
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Query},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{format::counted, head::Head},
};

/// What is missing where no account can be asked.
const NOWHERE: &str =
    "Connect an account that can list its templates. Some need a further credential for that: see its keys.";

/// `GET /settings/templates/import`, `GET /settings/templates/sms/fill`
pub async fn ask(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Query(asked): Query<AskedAccount>,
) -> PageResult {
    let (typed, errors) = (BTreeMap::new(), Errors::new());
    let accounts = that_list(&app, serving(&member, kind.channel()).await?);
    let body = match chosen(&accounts, &asked.account) {
        None => nowhere(NOWHERE),
        Some(account) => match offers(&app, &member, kind, account).await? {
            Ok(offers) => offered(&member, kind, &accounts, account, &offers, &typed, &errors),
            Err(words) => unread(kind.words().fill, &accounts, account, &words),
        },
    };
    Ok(page(&member, kind, body).into_response())
}

/// `POST` of the same: takes what is ticked.
pub async fn fill(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let typed: BTreeMap<String, String> = pairs.into_iter().collect();
    let accounts = that_list(&app, serving(&member, kind.channel()).await?);
    let body = match chosen(&accounts, typed.get("account").map_or("", String::as_str)) {
        None => nowhere(NOWHERE),
        Some(account) => match offers(&app, &member, kind, account).await? {
            Ok(offers) => match offers.take(&member, &typed).await? {
                Ok(taken) => return Ok(see_other_saying(&app, kind.words().home, &taken_words(taken))),
                Err(errors) => offered(&member, kind, &accounts, account, &offers, &typed, &errors),
            },
            Err(words) => unread(kind.words().fill, &accounts, account, &words),
        },
    };
    Ok(unprocessable(page(&member, kind, body)))
}

/// What was done, and what is next.
pub(super) fn taken_words(taken: i64) -> String {
    format!("{} added. Say next where each value comes from.", counted(taken, "template", "templates"))
}

/// Asks the account's vendor; its refusal is told in words.
async fn offers<'k>(
    app: &App,
    member: &Member,
    kind: &'k dyn Kind,
    account: &Integration,
) -> Result<Result<Offers<'k>, String>, StoreError> {
    let fields = registry::vendor(&account.kind).map_or(&[][..], Vendor::template_fields);
    match listing(app, account).await {
        Ok(mut listing) => {
            for template in &mut listing.templates {
                template.text = kind.kept(&template.text);
            }
            Offers::listed(member, kind, listing, fields).await.map(Ok)
        }
        Err(words) => Ok(Err(words)),
    }
}

/// `Fill from X`.
pub(super) fn title(kind: &dyn Kind) -> String {
    format!("{} {}", kind.words().fill_from, listing_vendors(kind.channel()))
}

fn page(member: &Member, kind: &dyn Kind, body: Markup) -> Markup {
    let body = html! {
        (Head::new(title(kind)).meta("Shows what the account’s provider has; nothing is changed there."))
        (body)
    };
    below(member, kind, &title(kind), body)
}

fn offered(
    member: &Member,
    kind: &dyn Kind,
    accounts: &[Integration],
    account: &Integration,
    offers: &Offers<'_>,
    typed: &BTreeMap<String, String>,
    errors: &Errors,
) -> Markup {
    let choice = ChoiceForm {
        member,
        offers,
        action: kind.words().fill.to_owned(),
        hidden: ("account", account.id.to_string()),
        whence: format!(" in {}", account.name),
        typed,
        errors,
        otherwise: None,
    };
    html! { (account_choice(kind.words().fill, accounts, account)) (choice.page()) }
}
