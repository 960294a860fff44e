//! Through which account the steps of a workshop go that name none: asked only where several could.

use axum::extract::State;
use domain::{channel::Channel, ids::WorkshopId, role::Permission, sequence::Step};
use maud::html;
use serde::Deserialize;
use store::{StoreError, workshops::Workshop};

use super::href;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::settings::integrations::default::{is_chosen, serving},
    ui::{
        button::Button,
        field::{Choice, Field},
        head::Card,
    },
};

/// The form that chooses the account of a channel for a workshop.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AccountForm {
    /// The word of the channel.
    channel: String,
    /// The account; empty for the channel's default.
    account: String,
}

/// A choice for each channel on which a step names no account and several could send; `None` where nothing is to be chosen.
pub(super) async fn card(
    member: &Member,
    workshop: &Workshop,
    steps: &[Step],
) -> Result<Option<Card>, Problem> {
    let asks = |channel: &Channel| {
        is_chosen(*channel) && steps.iter().any(|step| step.channel == *channel && step.account.is_none())
    };
    if !member.may(Permission::Send) || !Channel::ALL.iter().any(asks) {
        return Ok(None);
    }
    let all = member.org.integrations().await?;
    let own = member.org.workshop_accounts(workshop.id).await?;
    let defaults = member.org.channel_defaults().await?;
    let mut forms = Vec::new();
    for channel in Channel::ALL.iter().copied().filter(asks) {
        let accounts = serving(&all, channel);
        if accounts.len() < 2 {
            continue;
        }
        let chosen = own.get(&channel).map(ToString::to_string).unwrap_or_default();
        let default = accounts.iter().find(|one| defaults.get(&channel) == Some(&one.id));
        let none = match default {
            Some(default) => format!("The channel’s account: {}", default.name),
            None => "Nobody chose one".to_owned(),
        };
        let mut choices = vec![Choice::new("", none, &chosen)];
        choices.extend(accounts.iter().map(|one| Choice::new(one.id.to_string(), &one.name, &chosen)));
        let field =
            Field::select("account", channel.title(), choices).id(format!("account-{}", channel.word()));
        forms.push(html! {
            form class="m-stack" method="post" action={ (href(workshop.id)) "/account" } {
                (member.csrf())
                input type="hidden" name="channel" value=(channel.word());
                (field)
                div class="m-acts" { (Button::new("Use for this workshop")) }
            }
        });
    }
    if forms.is_empty() {
        return Ok(None);
    }
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Several accounts send on the same channel. Steps that name none go through the one that is chosen here." }
            @for form in &forms { (form) }
        }
    };
    Ok(Some(Card::new("accounts", "Accounts", body).padded()))
}

/// `POST /workshops/{workshop}/plan/account`
pub async fn choose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<AccountForm>,
) -> PageResult {
    member.org.workshop(id).await?;
    let channel: Channel = form.channel.parse().map_err(|_| StoreError::Missing)?;
    let all = member.org.integrations().await?;
    let wanted = serving(&all, channel).into_iter().find(|one| one.id.to_string() == form.account);
    if !is_chosen(channel) || (wanted.is_none() && !form.account.is_empty()) {
        return Err(StoreError::Missing.into());
    }
    member.org.set_workshop_account(id, channel, wanted.map(|one| one.id), member.now).await?;
    app.engine.wake_plans();
    let words = match wanted {
        Some(account) => format!("{} of this workshop goes through {}.", channel.title(), account.name),
        None => format!("{} of this workshop goes through the channel’s account.", channel.title()),
    };
    Ok(see_other_saying(&app, &format!("{}#accounts", href(id)), &words))
}
