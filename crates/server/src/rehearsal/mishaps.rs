//! Broadcasts that a demonstration shows something with: confirmed like every other, to people who are invented.

use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::BroadcastId,
    sending_hours::SendingHours,
    template::Message,
    time::{HOUR, MINUTE, Millis},
};
use store::{
    Org, StoreError,
    broadcasts::{KnownTelling, NewBroadcast, Telling},
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};

use crate::app::App;

/// The workshop whose people see it: for SMS the one with most people, for the other channels the one with fewest. Nobody gets two SMS
/// within two minutes, so the people of the demonstration's first SMS would only wait.
async fn workshop(org: &Org, channel: Channel, now: Millis) -> Result<Option<Workshop>, StoreError> {
    let when = WorkshopWhen::Upcoming(now.plus(30 * MINUTE));
    let filter = WorkshopFilter { when, limit: 20, ..WorkshopFilter::default() };
    let ahead = org.workshops(&filter).await?;
    let with_people = ahead.into_iter().filter(|one| one.registrants > 0);
    Ok(match channel {
        Channel::Sms => with_people.max_by_key(|one| one.registrants),
        _ => with_people.min_by_key(|one| one.registrants),
    })
}

/// Confirms a broadcast to the people of a workshop that begins in so many milliseconds: a further round, because it is only shown. Its id
/// and title; `None` when there is no workshop with people, no account or no template.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn rehearse(
    app: &App,
    org: &Org,
    channel: Channel,
    wait_ms: i64,
) -> Result<Option<(BroadcastId, String)>, StoreError> {
    let now = app.clock.now();
    let Some(workshop) = workshop(org, channel, now).await? else { return Ok(None) };
    let account = org.integrations().await?.into_iter().find_map(|account| {
        let vendor = providers::registry::vendor(&account.kind)?;
        vendor.channels().contains(&channel).then_some((account, vendor))
    });
    let fits = |message: &Message| {
        message.category() == Category::Utility && !message.sources().any(|source| source.is_of_alerts())
    };
    let template = org.templates(channel).await?.into_iter().find_map(|template| {
        let message = Message::from_json(channel, &template.body).ok()?;
        fits(&message).then_some((template, message))
    });
    let (Some((account, vendor)), Some((template, message))) = (account, template) else { return Ok(None) };
    let starts_at = now.plus(wait_ms);
    let new = NewBroadcast {
        integration: account.id,
        workshop: workshop.id,
        channel,
        title: template.name.clone(),
        template_id: Some(template.id),
        category: message.category(),
        template: message.to_json(),
        audience: Audience::Registered,
        telling: Telling {
            purpose: template.purpose.clone(),
            further: Some("A rehearsal of the demonstration".to_owned()),
            known: KnownTelling::Anything,
            run: None,
            keys_of: None,
        },
        starts_at,
        deadline: workshop.starts_at.max(starts_at.plus(HOUR)),
        hours: SendingHours::any(),
        unit_price: vendor.list_price(message.tariff()),
    };
    let id = org.confirm_broadcast(new, now).await?;
    app.engine.wake(id);
    Ok(Some((id, template.name)))
}
