//! What a person can do to a broadcast. What sends or ends something asks first, with the number in its button.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::BroadcastId,
    message::MessageState,
    reason::Reason,
    time::{HOUR, Millis},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::broadcasts::Broadcast;

use super::{href, view::escape, why};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other_failed, see_other_saying},
    },
    pages::unprocessable,
    ui::{
        button::Button,
        dialog::Confirm,
        field::{Checkbox, Field},
        format::{counted, grouped},
        shell::{Crumb, Section},
    },
};

/// `POST /broadcasts/{broadcast}/pause`
pub async fn pause(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    member.org.pause_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Paused. Calls under way end; everyone else keeps waiting."))
}

/// `POST /broadcasts/{broadcast}/resume`
pub async fn resume(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    member.org.resume_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Resumed where it stood."))
}

/// `GET /broadcasts/{broadcast}/cancel`
pub async fn ask_cancel(member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let waiting = broadcast.in_state(MessageState::Waiting);
    let people = counted(waiting, "person", "people");
    let ask = Confirm {
        id: "cancel".to_owned(),
        title: format!("Cancel {}?", counted(waiting, "message", "messages")),
        body: html! { p { "Who has it keeps it. The " (people) " still waiting will not be told by this broadcast." } },
        action: format!("{}/cancel", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Cancel remaining ({})", grouped(waiting))),
        back: ("Keep sending".to_owned(), href(id)),
    };
    Ok(asked(&member, &broadcast, "Cancel remaining", &ask).into_response())
}

/// `POST /broadcasts/{broadcast}/cancel`: also takes a launch back.
pub async fn cancel(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    member.org.cancel_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Cancelled. Nothing more of it goes out."))
}

/// Which rows go again.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Again {
    /// `failed`, `expired` or `unknown`.
    #[serde(default)]
    state: String,
    /// One code; all that another try can change when empty.
    #[serde(default)]
    reason: String,
    /// The new last moment, as the field sends it.
    #[serde(default)]
    deadline: String,
    /// Whether the person accepts that it may arrive twice.
    #[serde(default)]
    twice: String,
}

/// Rows to go again: their state, their codes, how many.
struct Rows {
    state: MessageState,
    reasons: Vec<Reason>,
    n: i64,
}

impl Again {
    fn rows(&self, broadcast: &Broadcast) -> Result<Rows, Problem> {
        let wrong = || Problem::bad_request("Only failed, expired or unknown messages can go again.");
        let state: MessageState = self.state.parse().map_err(|_| wrong())?;
        if !matches!(state, MessageState::Failed | MessageState::Expired | MessageState::Unknown) {
            return Err(wrong());
        }
        let fits = |reason: &Reason| state == MessageState::Unknown || why::can_retry(state, reason);
        let wanted = |reason: &Reason| self.reason.is_empty() || *reason == self.reason.as_str();
        let groups: Vec<_> = broadcast
            .counts
            .iter()
            .filter(|count| count.state == state && fits(&count.reason) && wanted(&count.reason))
            .collect();
        let n = groups.iter().map(|count| count.n).sum();
        Ok(Rows { state, reasons: groups.iter().map(|count| count.reason.clone()).collect(), n })
    }
}

/// `GET /broadcasts/{broadcast}/retry`
pub async fn ask_retry(
    member: Member,
    Path(id): Path<BroadcastId>,
    Query(again): Query<Again>,
) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let rows = again.rows(&broadcast)?;
    let ask = retry_question(&member, &broadcast, &again, &rows, None);
    Ok(asked(&member, &broadcast, "Send again", &ask).into_response())
}

/// `POST /broadcasts/{broadcast}/retry`
pub async fn retry(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Form(again): Form<Again>,
) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let rows = again.rows(&broadcast)?;
    let deadline = match new_deadline(&member, &broadcast, &again) {
        Ok(deadline) => deadline,
        Err(words) => {
            let ask = retry_question(&member, &broadcast, &again, &rows, Some(words));
            return Ok(unprocessable(asked(&member, &broadcast, "Send again", &ask)));
        }
    };
    if rows.state == MessageState::Unknown && again.twice != "yes" {
        let words = "Tick the box: a message that did go out arrives twice.".to_owned();
        let ask = retry_question(&member, &broadcast, &again, &rows, Some(words));
        return Ok(unprocessable(asked(&member, &broadcast, "Send again", &ask)));
    }
    let n = member.org.send_again(id, rows.state, &rows.reasons, deadline, member.now).await?;
    app.engine.wake(id);
    if n == 0 {
        let words = "None could be sent again. Another broadcast told these people meanwhile, or a call that a stopped process had begun may still be under way: then try again in a minute.";
        return Ok(see_other_failed(&app, &href(id), words));
    }
    let words = format!("{} will be sent again.", counted(n, "message", "messages"));
    Ok(see_other_saying(&app, &href(id), &words))
}

/// Whether the old last moment leaves no room.
fn is_too_late(member: &Member, broadcast: &Broadcast) -> bool {
    broadcast.deadline <= member.now
}

fn new_deadline(member: &Member, broadcast: &Broadcast, again: &Again) -> Result<Millis, String> {
    if !is_too_late(member, broadcast) {
        return Ok(broadcast.deadline);
    }
    let at = member.organization.zone.parse_local(&again.deadline).map_err(|error| error.to_string())?;
    if at > member.now { Ok(at) } else { Err("Choose a moment that is still to come.".to_owned()) }
}

fn retry_question(
    member: &Member,
    broadcast: &Broadcast,
    again: &Again,
    rows: &Rows,
    error: Option<String>,
) -> Confirm {
    let unknown = rows.state == MessageState::Unknown;
    let number = grouped(rows.n);
    let zone = &member.organization.zone;
    let late = is_too_late(member, broadcast);
    let value = if again.deadline.is_empty() {
        zone.local_form(member.now.plus(HOUR))
    } else {
        again.deadline.clone()
    };
    let body = html! {
        @if unknown {
            p { b { "They may have it already." } " Nobody knows whether these messages went out. Sent again, a person may get the message twice. To settle a single one, open it in the list and say whether it went out." }
            (Checkbox::of("twice", "yes", "I accept that it may arrive twice", again.twice == "yes"))
        } @else {
            p { "Only failures that a retry can fix are sent again. Each counts as one message, at the price of " (crate::ui::format::unit_price(broadcast.unit_price.0)) "." }
        }
        @if late {
            (Field::datetime("deadline", "Not after").value(value).help(format!("The last moment of this broadcast was {}, {}.", zone.date(broadcast.deadline, member.now), zone.time(broadcast.deadline))).error(error.clone()).required())
        } @else if let Some(error) = &error { p class="m-bad" role="alert" { (error) } }
        @if late && unknown && again.twice != "yes" && !again.deadline.is_empty() { p class="m-bad" role="alert" { "Tick the box to go on." } }
    };
    let label = if unknown {
        format!("Send again ({number})")
    } else {
        format!("Retry {} ({number})", rows.state.title().to_lowercase())
    };
    let button = if unknown { Button::danger(label) } else { Button::primary(label) };
    Confirm {
        id: "retry".to_owned(),
        title: format!("Send {} again?", counted(rows.n, "message", "messages")),
        body,
        action: format!("{}/retry", href(broadcast.id)),
        csrf: member.csrf().clone(),
        hidden: vec![
            ("state".to_owned(), rows.state.word().to_owned()),
            ("reason".to_owned(), again.reason.clone()),
        ],
        confirm: button.disabled(rows.n == 0),
        back: ("Back".to_owned(), back(broadcast, again)),
    }
}

fn back(broadcast: &Broadcast, again: &Again) -> String {
    if again.reason.is_empty() {
        return href(broadcast.id);
    }
    format!("{}?state={}&reason={}", href(broadcast.id), escape(&again.state), escape(&again.reason))
}

fn asked(member: &Member, broadcast: &Broadcast, title: &str, ask: &Confirm) -> Markup {
    let mut page = member.page(Section::Broadcasts, title, ask.page());
    page.crumbs = vec![
        Crumb::to("Broadcasts", "/broadcasts"),
        Crumb::to(&broadcast.title, href(broadcast.id)),
        Crumb::here(title),
    ];
    page.render()
}
