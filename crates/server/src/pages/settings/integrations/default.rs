//! Which account sends on a channel where nobody names one: asked only where several could.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::{channel::Channel, ids::IntegrationId, role::Permission, sequence::PlanTarget};
use maud::html;
use providers::registry;
use serde::Deserialize;
use store::{StoreError, integrations::Integration};

use super::{href, vendor_of};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::Button,
        head::{Card, KeyValues},
    },
};

/// The form that chooses a channel's default account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DefaultForm {
    /// The word of the channel.
    channel: String,
}

/// The connected accounts that serve a channel.
pub(in crate::pages) fn serving(all: &[Integration], channel: Channel) -> Vec<&Integration> {
    let serves = |one: &&Integration| registry::serving(channel).any(|vendor| vendor.kind() == one.kind);
    all.iter().filter(serves).collect()
}

/// The card of an account's page; `None` where it is the only one of each of its channels.
pub(super) async fn card(member: &Member, integration: &Integration) -> Result<Option<Card>, Problem> {
    let vendor = vendor_of(integration)?;
    let all = member.org.integrations().await?;
    let defaults: BTreeMap<Channel, IntegrationId> = member.org.channel_defaults().await?;
    let shared: Vec<Channel> = vendor
        .channels()
        .iter()
        .copied()
        .filter(|channel| is_chosen(*channel) && serving(&all, *channel).len() > 1)
        .collect();
    if shared.is_empty() {
        return Ok(None);
    }
    let stands = |channel: &Channel| {
        let chosen = defaults.get(channel);
        let other = all.iter().find(|one| Some(&one.id) == chosen);
        let said = match other {
            None => "Nobody chose one: steps of sequences ask.".to_owned(),
            Some(one) if one.id == integration.id => "This account.".to_owned(),
            Some(one) => format!("“{}”.", one.name),
        };
        (channel.title().to_owned(), html! { (said) }, None)
    };
    let may = member.may(Permission::Integrations);
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Several accounts send on the same channel. A step of a sequence that names none goes through the channel’s account." }
            (KeyValues { rows: shared.iter().map(stands).collect(), inset: false })
            @if may {
                div class="m-acts" {
                    @for channel in shared.iter().filter(|channel| defaults.get(channel) != Some(&integration.id)) {
                        form method="post" action={ (href(integration.id)) "/default" } {
                            (member.csrf())
                            input type="hidden" name="channel" value=(channel.word());
                            (Button::new(format!("Send {} through this account", channel.title())))
                        }
                    }
                }
            }
        }
    };
    Ok(Some(Card::new("default", "The channel’s account", body).padded()))
}

/// Whether an account is chosen on that channel: posts go through the account of their group.
pub(in crate::pages) fn is_chosen(channel: Channel) -> bool {
    channel.sends() && PlanTarget::of(channel) == PlanTarget::Registrants
}

/// `POST /settings/integrations/{integration}/default`
pub async fn set_default(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
    Form(form): Form<DefaultForm>,
) -> PageResult {
    let integration = member.org.integration(id).await?;
    let vendor = vendor_of(&integration)?;
    let channel: Channel = form.channel.parse().map_err(|_| StoreError::Missing)?;
    if !vendor.channels().contains(&channel) {
        return Err(StoreError::Missing.into());
    }
    member.org.set_channel_default(channel, id, member.now).await?;
    let words =
        format!("{} goes through {} where nobody names an account.", channel.title(), integration.name);
    Ok(see_other_saying(&app, &format!("{}#default", href(id)), &words))
}
