//! The operator's page: the scheduler, what waits, each account, what comes next, and the two stops for an emergency.

use axum::{extract::State, response::IntoResponse};
use compose::AccountState;
use domain::{
    broadcast::BroadcastStatus,
    ids::IntegrationId,
    message::MessageState,
    role::Permission,
    sequence::RowState,
    time::{DAY, Millis},
};
use engine::Scheduler;
use maud::{Markup, Render, html};
use providers::registry;
use store::{
    broadcasts::{Broadcast, BroadcastFilter},
    integrations::Integration,
    plans::CalendarStep,
    receipts_view::UnmatchedReceipt,
    work::WorkerBeat,
};

use super::{
    broadcast::{self, message::shown_body},
    machine,
    settings::integrations::state_chip,
    workshop::plan,
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Size},
        chip::{Chip, Tone},
        dialog::Confirm,
        format::{capital, counted, grouped, relative, span},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::{Crumb, Section},
        table::{Column, Place, Row, Table},
        words::steps::why_not,
    },
};

const HREF: &str = "/operator";
/// Newest broadcasts looked at for what waits.
const BROADCASTS: i64 = 200;
/// Steps looked at for those that are due and have not gone, and for those that come next.
const OVERDUE: i64 = 200;
/// Steps to come that are shown.
const NEXT: usize = 10;
/// Steps to come are looked for so many days ahead.
const WEEK: i64 = 7;
/// Receipts shown.
const RECEIPTS: i64 = 20;

/// `GET /operator`
pub async fn show(State(app): State<App>, member: Member) -> PageResult {
    let workers = app.engine.workers().await?;
    let integrations = member.org.integrations().await?;
    let open = open_broadcasts(&member).await?;
    let steps = open_steps(&member).await?;
    let receipts = member.org.unmatched_receipts(RECEIPTS).await?;
    let (unread, newest_unread) = member.org.posts_not_understood(RECEIPTS).await?;
    let waiting: i64 = open.iter().map(|broadcast| broadcast.in_state(MessageState::Waiting)).sum();
    let may_stop = member.may(Permission::Send);
    let mut head = Head::new("Operator").meta(format!("{} waiting", counted(waiting, "message", "messages")));
    if may_stop && member.organization.stopped.is_none() {
        let stop = Button::link(format!("Stop all sending ({})", grouped(waiting)), format!("{HREF}/stop"));
        head = head.action(stop.icon(Icon::Cancel));
    }
    let body = html! {
        (head)
        @if let Some((at, by)) = &member.organization.stopped { (stopped_note(&member, *at, by, waiting)) }
        @if let Some(note) = machine::note(&app, &member) { (note) }
        (workers_card(&member, &workers, app.engine.scheduler()))
        (machine::card(&app, &member))
        (queue_card(&member, &open))
        (steps_card(&member, &steps))
        (accounts_card(&app, &member, &integrations, &open, may_stop))
        (receipts_card(&member, &integrations, &receipts))
        @if unread > 0 { (not_understood_card(&member, &integrations, unread, &newest_unread)) }
    };
    Ok(member.page(Section::Operator, "Operator", body).render().into_response())
}

async fn open_broadcasts(member: &Member) -> Result<Vec<Broadcast>, store::StoreError> {
    let mut all = member.org.broadcasts(&BroadcastFilter::default(), BROADCASTS).await?;
    all.retain(|broadcast| {
        matches!(
            broadcast.status,
            BroadcastStatus::Planning
                | BroadcastStatus::Scheduled
                | BroadcastStatus::InProgress
                | BroadcastStatus::Paused
        )
    });
    all.sort_by_key(|broadcast| broadcast.starts_at);
    Ok(all)
}

/// Steps of plans that are due and have not gone, and those that come next.
async fn open_steps(member: &Member) -> Result<Vec<CalendarStep>, store::StoreError> {
    let now = member.now;
    let mut steps = member.org.steps_between(now.plus(-DAY), now, OVERDUE).await?;
    steps.retain(|step| step.state == RowState::Planned);
    let mut next = member.org.steps_between(now, now.plus(WEEK * DAY), OVERDUE).await?;
    next.retain(|step| step.state == RowState::Planned);
    next.truncate(NEXT);
    steps.extend(next);
    Ok(steps)
}

fn waiting_on(open: &[Broadcast], integration: IntegrationId) -> i64 {
    let of_account = open.iter().filter(|broadcast| broadcast.integration == integration);
    of_account.map(|broadcast| broadcast.in_state(MessageState::Waiting)).sum()
}

fn when(member: &Member, at: Millis) -> String {
    let zone = &member.organization.zone;
    format!("{}, {}", zone.date(at, member.now), zone.time(at))
}

fn stopped_note(member: &Member, at: Millis, by: &str, waiting: i64) -> Note {
    let text = format!(
        "{by}, {}. {} wait; nothing was lost.",
        when(member, at),
        counted(waiting, "message", "messages")
    );
    Note::paused("All sending is stopped.", text).action(html! {
        form method="post" action={ (HREF) "/release" } { (member.csrf()) (Button::primary(format!("Release ({})", grouped(waiting)))) }
    })
}

fn workers_card(member: &Member, workers: &[WorkerBeat], scheduler: Option<Scheduler>) -> Card {
    let row = |worker: &WorkerBeat| {
        let alive = worker.alive_until > member.now.0;
        let look = if alive {
            Chip { tone: Tone::Done, icon: Icon::Ok, word: "Running".into() }
        } else {
            Chip { tone: Tone::Fail, icon: Icon::Error, word: "Silent".into() }
        };
        Row::new(vec![
            html! { b { (worker.name) } },
            look.render(),
            html! { (relative(worker.beat_at, member.now.0)) },
            html! { (when(member, Millis(worker.started_at))) },
        ])
    };
    let table = Table {
        caption: "Processes that may send".into(),
        columns: vec![
            Column::new("Process", Place::Title),
            Column::new("State", Place::State),
            Column::new("Last heartbeat", Place::Line),
            Column::new("Started", Place::Wide),
        ],
        rows: workers.iter().map(row).collect(),
        empty: "No process is sending. Start `munadi serve` or `munadi work`.".into(),
    };
    let card = Card::new("scheduler", "Scheduler", table);
    // Another process looks at the plans where this one does not send.
    match scheduler {
        Some(looks) => {
            let late = match looks.lag_ms {
                0 => "no step waits".to_owned(),
                lag_ms => format!("the oldest step waits for {}", span(lag_ms)),
            };
            let looked_at = relative(looks.looked_at.0, member.now.0);
            card.aside(html! { span class="m-hint" { "Plans looked at " (looked_at) ", " (late) } })
        }
        None => card,
    }
}

fn steps_card(member: &Member, steps: &[CalendarStep]) -> Card {
    let row = |step: &CalendarStep| {
        let lag = member.now.since(step.due);
        let due =
            if lag >= 0 { format!("due for {}", span(lag)) } else { relative(step.due.0, member.now.0) };
        let obstacle = step.why.needs_somebody();
        let look = match obstacle {
            true => Chip { tone: Tone::Act, icon: Icon::Warning, word: "Would not go".into() },
            false => Chip { tone: Tone::Rest, icon: Icon::Wait, word: "Planned".into() },
        };
        Row::new(vec![
            html! { a class="m-rowlink" href=(plan::href(step.workshop)) { (step.label) } span class="m-sub" { (step.title) } },
            look.render(),
            html! {
                (when(member, step.due)) span class="m-sub" { (due) }
                @if obstacle { span class="m-sub" { (capital(why_not(step.why).title)) } }
            },
        ])
    };
    let table = Table {
        caption: "Steps of workshops' plans that are due or come within a week, the earliest first".into(),
        columns: vec![
            Column::new("Step", Place::Title),
            Column::new("State", Place::State),
            Column::new("Due", Place::Line),
        ],
        rows: steps.iter().map(row).collect(),
        empty: "No step is due within a week.".into(),
    };
    Card::new("steps", "Next steps due", table)
}

fn queue_card(member: &Member, open: &[Broadcast]) -> Card {
    let row = |broadcast: &Broadcast| {
        let waiting = broadcast.in_state(MessageState::Waiting);
        let lag = member.now.since(broadcast.starts_at);
        let due = if lag >= 0 {
            format!("due for {}", span(lag))
        } else {
            relative(broadcast.starts_at.0, member.now.0)
        };
        Row::new(vec![
            html! { a class="m-rowlink" href=(broadcast::href(broadcast.id)) { (broadcast.title) } span class="m-sub" { (broadcast.workshop_title) } },
            broadcast::status_chip(broadcast.status).render(),
            html! { (when(member, broadcast.starts_at)) span class="m-sub" { (due) } },
            html! { (when(member, broadcast.deadline)) },
            html! { (grouped(waiting)) },
        ])
    };
    let table = Table {
        caption: "Broadcasts under way or to come, the earliest first".into(),
        columns: vec![
            Column::new("Broadcast", Place::Title),
            Column::new("State", Place::State),
            Column::new("Due", Place::Line),
            Column::new("Not after", Place::Wide),
            Column::new("Waiting", Place::Number),
        ],
        rows: open.iter().map(row).collect(),
        empty: "Nothing waits.".into(),
    };
    Card::new("queue", "Next messages due", table)
}

fn accounts_card(
    app: &App,
    member: &Member,
    accounts: &[Integration],
    open: &[Broadcast],
    may_stop: bool,
) -> Card {
    let row = |account: &Integration| {
        let waiting = waiting_on(open, account.id);
        let state = app.composer.account_state(account);
        let note = match &state {
            AccountState::Stopped { by, at } => format!("Stopped by {by}, {}", when(member, *at)),
            AccountState::HeldBack { until } => format!("until {}", when(member, *until)),
            AccountState::KeyNeeded
            | AccountState::NotTested
            | AccountState::LowBalance
            | AccountState::Told(_) => String::new(),
        };
        let look = state_chip(&state);
        let stopped = account.stopped_at.is_some();
        let act = format!("{HREF}/integrations/{}", account.id);
        Row::new(vec![
            html! { a class="m-rowlink" href={ "/settings/integrations/" (account.id) } { (account.name) } span class="m-sub" { (registry::vendor(&account.kind).map_or(account.kind.as_str(), |vendor| vendor.name())) } },
            html! { (look) @if !note.is_empty() { span class="m-sub" { (note) } } },
            html! { (account.last_receipt_at.map_or("Never".to_owned(), |at| relative(at.0, member.now.0))) },
            html! { (grouped(account.calls_today)) },
            html! { (grouped(waiting)) },
            html! {
                @if may_stop && stopped {
                    form method="post" action={ (act) "/release" } {
                        (member.csrf())
                        (Button { size: Size::Small, ..Button::new(format!("Release ({})", grouped(waiting))) }.spoken(format!("Release {}", account.name)))
                    }
                } @else if may_stop {
                    (Button::link(format!("Stop ({})", grouped(waiting)), format!("{act}/stop")).small().spoken(format!("Stop {}", account.name)))
                }
            },
        ])
    };
    let table = Table {
        caption: "Provider accounts".into(),
        columns: vec![
            Column::new("Account", Place::Title),
            Column::new("State", Place::State),
            Column::new("Last receipt", Place::Line),
            Column::new("Calls today", Place::Number),
            Column::new("Waiting", Place::Number),
            Column::new("Actions", Place::Actions),
        ],
        rows: accounts.iter().map(row).collect(),
        empty: "No account is connected yet.".into(),
    };
    Card::new("accounts", "Providers", table)
}

fn receipts_card(member: &Member, accounts: &[Integration], receipts: &[UnmatchedReceipt]) -> Card {
    let empty = "Every receipt that could be read found its message.";
    let table =
        receipts_table(member, accounts, receipts, "Receipts that fit no message, the newest first", empty);
    let body = html! {
        @if !receipts.is_empty() {
            p class="m-sub m-card__lead" { "They tell of messages that something else sent through the same account, or that were sent more than 30 days ago. There is nothing to do." }
        }
        (table)
    };
    Card::new("receipts", "Receipts without a message", body)
}

/// What providers posted and nobody here could read: counted, because a report may be among them.
fn not_understood_card(
    member: &Member,
    accounts: &[Integration],
    count: i64,
    newest: &[UnmatchedReceipt],
) -> Card {
    let table =
        receipts_table(member, accounts, newest, "Posts that could not be read, the newest first", "None.");
    let title = format!("{} not understood", counted(count, "post", "posts"));
    let body = html! {
        p class="m-sub m-card__lead" { "At the provider, set the callback to JSON, and to the product that is used here. What these posts told is not counted anywhere." }
        form method="post" action={ (HREF) "/posts-seen" } {
            (member.csrf())
            (Button { size: Size::Small, ..Button::new(format!("I have seen them ({})", grouped(count))) })
        }
        (table)
    };
    Card::new("not-understood", title, body)
}

fn receipts_table(
    member: &Member,
    accounts: &[Integration],
    receipts: &[UnmatchedReceipt],
    caption: &str,
    empty: &str,
) -> Table {
    let name = |id: IntegrationId| {
        accounts
            .iter()
            .find(|account| account.id == id)
            .map_or("A removed account".to_owned(), |a| a.name.clone())
    };
    let row = |alike: &Vec<&UnmatchedReceipt>| {
        let newest = alike[0];
        let several = match alike.len() {
            1 => "Receipt as received".to_owned(),
            n => format!("{n} receipts as received"),
        };
        Row::new(vec![
            html! { b { (capital(&newest.note)) } span class="m-sub" { (name(newest.integration)) } },
            html! { (relative(newest.received_at.0, member.now.0)) },
            html! { details class="m-ev__more" { summary { (several) } @for receipt in alike { pre { (shown_body(&receipt.body)) } } } },
        ])
    };
    // The same reason at the same account is told once.
    let mut groups: Vec<Vec<&UnmatchedReceipt>> = Vec::new();
    for receipt in receipts {
        let alike = |group: &&mut Vec<&UnmatchedReceipt>| {
            group[0].note == receipt.note && group[0].integration == receipt.integration
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(receipt),
            None => groups.push(vec![receipt]),
        }
    }
    Table {
        caption: caption.into(),
        columns: vec![
            Column::new("Why", Place::Title),
            Column::new("Newest", Place::Line),
            Column::new("Receipt", Place::Line),
        ],
        rows: groups.iter().map(row).collect(),
        empty: empty.into(),
    }
}

/// `GET /operator/stop`
pub async fn ask_stop(member: Member) -> PageResult {
    let open = open_broadcasts(&member).await?;
    let waiting = open.iter().map(|broadcast| broadcast.in_state(MessageState::Waiting)).sum();
    let running = i64::try_from(open.len()).unwrap_or(0);
    let ask = Confirm {
        id: "stop".to_owned(),
        title: format!("Stop all sending of {}?", member.organization.name),
        body: stop_words(waiting, running),
        action: format!("{HREF}/stop"),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Stop all sending ({})", grouped(waiting))),
        back: ("Keep sending".to_owned(), HREF.to_owned()),
    };
    Ok(asked(&member, "Stop all sending", &ask).into_response())
}

/// `POST /operator/stop`
pub async fn stop(State(app): State<App>, member: Member) -> PageResult {
    member.org.stop_organization(true, member.now).await?;
    Ok(see_other_saying(&app, HREF, "All sending is stopped. Calls under way end."))
}

/// `POST /operator/release`
pub async fn release(State(app): State<App>, member: Member) -> PageResult {
    member.org.stop_organization(false, member.now).await?;
    wake(&app, &member, None).await?;
    Ok(see_other_saying(&app, HREF, "Sending goes on where it stood."))
}

/// `GET /operator/integrations/{integration}/stop`
pub async fn ask_stop_integration(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let account = member.org.integration(id).await?;
    let mut open = open_broadcasts(&member).await?;
    open.retain(|broadcast| broadcast.integration == id);
    let waiting = waiting_on(&open, id);
    let ask = Confirm {
        id: "stop".to_owned(),
        title: format!("Stop {}?", account.name),
        body: stop_words(waiting, i64::try_from(open.len()).unwrap_or(0)),
        action: format!("{HREF}/integrations/{id}/stop"),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Stop this account ({})", grouped(waiting))),
        back: ("Keep sending".to_owned(), HREF.to_owned()),
    };
    Ok(asked(&member, "Stop an account", &ask).into_response())
}

/// `POST /operator/integrations/{integration}/stop`
pub async fn stop_integration(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
) -> PageResult {
    let account = member.org.integration(id).await?;
    member.org.stop_integration(id, true, member.now).await?;
    Ok(see_other_saying(&app, HREF, &format!("{} is stopped. Calls under way end.", account.name)))
}

/// `POST /operator/integrations/{integration}/release`
pub async fn release_integration(
    State(app): State<App>,
    member: Member,
    Path(id): Path<IntegrationId>,
) -> PageResult {
    let account = member.org.integration(id).await?;
    member.org.stop_integration(id, false, member.now).await?;
    wake(&app, &member, Some(id)).await?;
    Ok(see_other_saying(&app, HREF, &format!("{} sends again.", account.name)))
}

/// What was held back may go at once.
async fn wake(app: &App, member: &Member, only: Option<IntegrationId>) -> Result<(), store::StoreError> {
    for broadcast in open_broadcasts(member).await? {
        if only.is_none_or(|id| id == broadcast.integration) {
            app.engine.wake(broadcast.id);
        }
    }
    Ok(())
}

fn stop_words(waiting: i64, broadcasts: i64) -> Markup {
    html! {
        p {
            (counted(waiting, "message", "messages")) " of " (counted(broadcasts, "broadcast", "broadcasts"))
            " keep waiting until it is released. Calls under way end. A message whose last useful moment passes meanwhile expires."
        }
    }
}

fn asked(member: &Member, title: &str, ask: &Confirm) -> Markup {
    let mut page = member.page(Section::Operator, title, ask.page());
    page.crumbs = vec![Crumb::to("Operator", HREF), Crumb::here(title)];
    page.render()
}
