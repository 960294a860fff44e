//! The ways from a broadcast back to the composer. A broadcast that is taken back or changed opens as it was; a copy
//! leaves the time open.

use axum::{extract::State, response::Response};
use domain::{
    broadcast::{Audience, BroadcastStatus, UNDO_MS},
    channel::Category,
    ids::BroadcastId,
    message::MessageState,
    sending_hours::AfterHours,
    template::Message,
};
use serde::Deserialize;
use store::{broadcasts::Broadcast, templates::Template};

use super::href;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path, Query},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    pages::home::compose::{Chosen, Compose},
    ui::format::counted,
};

/// The query of a copy.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CopyQuery {
    /// `others` for the people who were not told yet. Any other value leaves the choice open.
    #[serde(default)]
    who: String,
}

/// `GET /broadcasts/{broadcast}/copy`: the composer with the same workshop, template and values.
pub async fn copy(
    member: Member,
    Path(id): Path<BroadcastId>,
    Query(query): Query<CopyQuery>,
) -> Result<Response, Problem> {
    let broadcast = member.org.broadcast(id).await?;
    let mut state = composed(&member, &broadcast).await?;
    state.who = (query.who == "others").then_some(Audience::NotTold);
    state.later = false;
    (state.at, state.until) = (String::new(), String::new());
    Ok(see_other(&format!("{}#compose", state.href("/"))))
}

/// The address of a broadcast's page.
pub(in crate::pages) fn page(id: BroadcastId) -> String {
    href(id)
}

/// `POST /broadcasts/{broadcast}/change`: opens a broadcast that has not begun in the composer. Within the undo pause
/// it is cancelled. Later it is paused until the change is confirmed, so that a person who leaves the composer still
/// finds it.
pub async fn change(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let mut state = composed(&member, &broadcast).await?;
    let before = member.org.broadcast_audience(id).await?;
    let waits =
        broadcast.status == BroadcastStatus::Scheduled && member.now > broadcast.created_at.plus(UNDO_MS);
    if waits {
        member.org.pause_broadcast(id, member.now).await?;
    } else {
        member.org.cancel_broadcast(id, member.now).await?;
    }
    app.engine.wake(id);
    // The broadcast may have begun after the page was shown.
    let ended = member.org.broadcast(id).await?;
    let left: i64 = ended.counts.iter().filter(|count| has_left(count.state)).map(|count| count.n).sum();
    if left > 0 {
        let so = if waits { "Paused" } else { "Cancelled" };
        let words = format!("{so}. It had begun: {} went out before.", counted(left, "message", "messages"));
        return Ok(see_other_failed(&app, &href(id), &words));
    }
    state.who = Some(before);
    state.replaces = waits.then_some(id);
    let words = if waits {
        format!(
            "“{}” waits while you change it. Confirm the change, or resume it as it was.",
            broadcast.title
        )
    } else {
        format!("“{}” is taken back. Nothing was sent. Change it, and confirm it again.", broadcast.title)
    };
    Ok(see_other_saying(&app, &format!("{}#compose", state.href("/")), &words))
}

/// Whether a message in this state went out, or may have.
fn has_left(state: MessageState) -> bool {
    match state {
        MessageState::Waiting | MessageState::Skipped | MessageState::Expired | MessageState::Cancelled => {
            false
        }
        MessageState::InFlight
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read
        | MessageState::Failed
        | MessageState::Unknown => true,
    }
}

/// Whether a broadcast has not begun and so can be changed.
pub(super) fn can_change(broadcast: &Broadcast) -> bool {
    matches!(broadcast.status, BroadcastStatus::Planning | BroadcastStatus::Scheduled)
}

/// The composer with the choices that this broadcast was confirmed with.
pub(in crate::pages) async fn composed(member: &Member, broadcast: &Broadcast) -> Result<Compose, Problem> {
    let zone = &member.organization.zone;
    let templates = member.org.templates(broadcast.channel).await?;
    let template = templates.iter().find(|one| Some(one.id) == broadcast.template_id);
    let frozen = Message::from_json(broadcast.channel, &broadcast.template).ok();
    let later = broadcast.starts_at > broadcast.created_at.plus(UNDO_MS);
    let limited = broadcast.hours.are_limited();
    let mut state = Compose {
        channel: broadcast.channel,
        workshop: Some(broadcast.workshop),
        template: template.map(|one| one.id),
        account: Some(broadcast.integration),
        later,
        at: if later { zone.local_form(broadcast.starts_at) } else { String::new() },
        until: zone.local_form(broadcast.deadline),
        ..Compose::default()
    };
    if broadcast.category == Category::Marketing {
        state.after = Some(broadcast.hours.then());
    } else {
        state.wait_out_quiet = Some(limited && broadcast.hours.then() == AfterHours::Wait);
    }
    if let (Some(template), Some(frozen)) = (template, frozen) {
        set_values(&mut state, template, &frozen);
    }
    Ok(state)
}

/// Takes over the values of the frozen template that differ from the template's own.
fn set_values(state: &mut Compose, template: &Template, frozen: &Message) {
    let Ok(own) = Message::from_json(template.channel, &template.body) else { return };
    let (own, was) = (own.places(), frozen.places());
    for (at, slot) in was.iter().enumerate() {
        let same = own.get(at).is_some_and(|now| now.source == slot.source && now.fallback == slot.fallback);
        if same || own.len() != was.len() {
            continue;
        }
        let typed = slot.source.typed();
        let fixed = (!typed.is_empty()).then(|| typed.to_owned());
        let chosen = Chosen {
            source: Some(slot.source.word().to_owned()),
            fixed,
            fallback: Some(slot.fallback.to_owned()),
        };
        state.values.insert(at + 1, chosen);
    }
}
