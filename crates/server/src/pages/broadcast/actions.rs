//! What a person can do to a broadcast. Each action that sends or ends something asks first, with the number in its
//! button.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    ids::BroadcastId,
    message::MessageState,
    reason::Reason,
    time::{HOUR, Millis},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::broadcasts::Broadcast;

use super::{
    href,
    later::{self, When},
    view::escape,
    why,
};
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
        words::matters::is_moved,
    },
};

/// `POST /broadcasts/{broadcast}/pause`
pub async fn pause(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    member.org.pause_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Paused. Calls under way end; everyone else keeps waiting."))
}

/// The form of the resume button.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Resume {
    /// `yes` where the person confirmed that the text goes out unchanged although its workshop was moved.
    #[serde(default)]
    as_it_is: String,
}

/// `POST /broadcasts/{broadcast}/resume`: asks first where the workshop was moved, because the messages name the old
/// time.
pub async fn resume(
    State(app): State<App>,
    member: Member,
    Path(id): Path<BroadcastId>,
    Form(form): Form<Resume>,
) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    if is_moved(&broadcast.stop_code) && form.as_it_is != "yes" {
        let ask = ask_old_time(&member, &broadcast).await?;
        let page = asked(&member, &broadcast, "Resume", &ask);
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    member.org.resume_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Resumed where it stood."))
}

/// The question whether messages go out that were written for the workshop's old time.
async fn ask_old_time(member: &Member, broadcast: &Broadcast) -> Result<Confirm, Problem> {
    let waiting = broadcast.in_state(MessageState::Waiting);
    let workshop = member.org.workshop(broadcast.workshop).await?;
    let zone = &member.organization.zone;
    let starts = format!("{}, {}", zone.date(workshop.starts_at, member.now), zone.time(workshop.starts_at));
    Ok(Confirm {
        id: "old-time".to_owned(),
        title: format!("Send {} as written?", counted(waiting, "message", "messages")),
        body: html! {
            p { (workshop.title) " was moved: it starts " b { (starts) } " now. These messages were written before, and what they say of its time is the old one." }
            p { "To tell the new time, go back and choose “Cancel and write again”." }
        },
        action: format!("{}/resume", href(broadcast.id)),
        csrf: member.csrf().clone(),
        hidden: vec![("as_it_is".to_owned(), "yes".to_owned())],
        confirm: Button::danger(format!("Send as written ({})", grouped(waiting))),
        back: ("Back".to_owned(), href(broadcast.id)),
    })
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

/// `POST /broadcasts/{broadcast}/cancel`: cancels what still waits. Before the start that is everything.
pub async fn cancel(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    member.org.cancel_broadcast(id, member.now).await?;
    app.engine.wake(id);
    Ok(see_other_saying(&app, &href(id), "Cancelled. Nothing more of it goes out."))
}

/// Which messages are sent again, from a query or a form.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Again {
    /// The state of the messages: `failed`, `expired` or `unknown`.
    #[serde(default)]
    state: String,
    /// The reason's code. Empty selects every reason that another try can change now.
    #[serde(default)]
    reason: String,
    /// The new last useful moment, as the browser's field writes it.
    #[serde(default)]
    deadline: String,
    /// `yes` where the person accepts that a message may arrive twice.
    #[serde(default)]
    twice: String,
}

/// The messages to send again.
struct Rows {
    state: MessageState,
    reasons: Vec<Reason>,
    n: i64,
    /// The moment from which they are sent; `None` for now.
    from: Option<Millis>,
}

impl Again {
    fn rows(&self, member: &Member, broadcast: &Broadcast) -> Result<Rows, Problem> {
        let wrong = || Problem::bad_request("Only failed, expired or unknown messages can go again.");
        let state: MessageState = self.state.parse().map_err(|_| wrong())?;
        if !matches!(state, MessageState::Failed | MessageState::Expired | MessageState::Unknown) {
            return Err(wrong());
        }
        let (zone, now) = (&member.organization.zone, member.now);
        // Without a reason, only what can go now is selected; with one, also what is planned for later.
        let fits = |reason: &Reason| match (state, self.reason.is_empty()) {
            (MessageState::Unknown, _) => true,
            (_, true) => later::can_go_now(broadcast, state, reason, zone, now),
            (_, false) => {
                why::can_retry(state, reason)
                    && later::when(broadcast, state, reason, zone, now) != When::TooLate
            }
        };
        let wanted = |reason: &Reason| self.reason.is_empty() || *reason == self.reason.as_str();
        let groups: Vec<_> = broadcast
            .counts
            .iter()
            .filter(|count| count.state == state && fits(&count.reason) && wanted(&count.reason))
            .collect();
        let n = groups.iter().map(|count| count.n).sum();
        let reasons: Vec<Reason> = groups.iter().map(|count| count.reason.clone()).collect();
        let from = reasons.iter().find_map(|reason| match later::when(broadcast, state, reason, zone, now) {
            When::At(at) => Some(at),
            When::Now | When::TooLate => None,
        });
        Ok(Rows { state, reasons, n, from })
    }
}

/// `GET /broadcasts/{broadcast}/retry`
pub async fn ask_retry(
    member: Member,
    Path(id): Path<BroadcastId>,
    Query(again): Query<Again>,
) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let rows = again.rows(&member, &broadcast)?;
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
    let rows = again.rows(&member, &broadcast)?;
    if rows.n == 0 {
        let words =
            "Nothing is left to send again: these messages are on their way already, or wait for their turn.";
        return Ok(see_other_saying(&app, &href(id), words));
    }
    let from = rows.from.unwrap_or(member.now);
    let deadline = match new_deadline(&member, &broadcast, &again, from) {
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
    let n = member.org.plan_again(id, rows.state, &rows.reasons, (from, deadline), member.now).await?;
    app.engine.wake(id);
    if n == 0 {
        let words = "None could be sent again. Another broadcast told these people meanwhile, or a call that a stopped process had begun may still be under way: then try again in a minute.";
        return Ok(see_other_failed(&app, &href(id), words));
    }
    let when = rows
        .from
        .map(|at| format!(" {}", later::in_words(&member.organization.zone, at, member.now)))
        .unwrap_or_default();
    let words = format!("{} will be sent again{when}.", counted(n, "message", "messages"));
    Ok(see_other_saying(&app, &href(id), &words))
}

/// The last useful moment of a further try that begins at `from`: the broadcast's own where it is later, else the one
/// that was typed.
fn new_deadline(
    member: &Member,
    broadcast: &Broadcast,
    again: &Again,
    from: Millis,
) -> Result<Millis, String> {
    if broadcast.deadline > from {
        return Ok(broadcast.deadline);
    }
    let zone = &member.organization.zone;
    let at = zone.parse_local(&again.deadline).map_err(|error| error.to_string())?;
    if at > from {
        return Ok(at);
    }
    Err(format!("Choose a moment after {}.", zone.moment(from, member.now)))
}

/// `POST /broadcasts/{broadcast}/look-up`: has the provider asked now about the unknown messages.
pub async fn look_up(State(app): State<App>, member: Member, Path(id): Path<BroadcastId>) -> PageResult {
    let n = member.org.poll_status_now(id, member.now).await?;
    app.engine.wake(id);
    if n == 0 {
        let words =
            "There is nothing that the provider can be asked about. Decide about each message instead.";
        return Ok(see_other_failed(&app, &href(id), words));
    }
    let words = format!(
        "The provider is asked about {}. What it says stands here in a minute.",
        counted(n, "message", "messages")
    );
    Ok(see_other_saying(&app, &href(id), &words))
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
    let from = rows.from.unwrap_or(member.now);
    let late = broadcast.deadline <= from;
    let value =
        if again.deadline.is_empty() { zone.local_form(from.plus(HOUR)) } else { again.deadline.clone() };
    let body = html! {
        @if unknown {
            p { b { "They may have it already." } " Nobody knows whether these messages went out. Sent again, a person may get the message twice. To settle a single one, open it in the list and say whether it went out." }
            (Checkbox::of("twice", "yes", "I accept that it may arrive twice", again.twice == "yes"))
        } @else if let Some(at) = rows.from {
            p { "The provider refused them for a while. They wait until " (later::in_words(zone, at, member.now)) " and are tried once more then, within the hours of this broadcast. Each counts as one message, at the price of " (crate::ui::format::unit_price(broadcast.unit_price.0)) "." }
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
        match rows.from {
            Some(at) => format!("Retry {} ({number})", later::in_words(zone, at, member.now)),
            None => format!("Retry {} ({number})", rows.state.title().to_lowercase()),
        }
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
