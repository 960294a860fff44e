//! Everything that would go out in a rehearsal: on the page, and as a file.

use axum::extract::State;
use domain::{
    ids::WorkshopId,
    message::MessageState,
    time::{Millis, Zone},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    Org, StoreError,
    rehearsals::{PlayedMessage, Rehearsal},
    workshops::Workshop,
};

use super::rehearsal::rehearsal_href;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
    },
    pages::{broadcast::state_chip, csv::streamed},
    play,
    ui::{
        format::{grouped, phone, rupees},
        pagination::Pagination,
        table::{Column, Place, Row, Table},
    },
};

/// Messages on a page.
const ROWS: i64 = 50;
/// Messages that an export reads at once.
const CHUNK: i64 = 2_000;

/// Which messages are listed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The word of the kind of messages that are listed.
    show: String,
    /// The page of the list, from 0.
    page: i64,
    /// The id of the sequence that is played where none runs.
    pub(super) sequence: String,
}

/// Kinds of messages: word, what it is called, and their states.
const KINDS: [(&str, &str, &[MessageState]); 5] = [
    ("", "All", &[]),
    ("delivered", "Delivered", &[MessageState::Delivered, MessageState::Read]),
    ("handed-over", "Handed over", &[MessageState::Sent]),
    ("failed", "Failed", &[MessageState::Failed]),
    ("unknown", "Unknown", &[MessageState::Unknown]),
];

impl Which {
    fn states(&self) -> &'static [MessageState] {
        KINDS.iter().find(|(word, ..)| *word == self.show).map_or(&[], |(_, _, states)| *states)
    }

    fn page(&self) -> i64 {
        self.page.clamp(0, 1_000_000)
    }
}

/// What would go out: who, when, on which channel, which text, and what it costs.
pub(super) async fn list(
    member: &Member,
    workshop: &Workshop,
    rehearsal: &Rehearsal,
    copy: &Org,
    which: &Which,
) -> Result<Markup, Problem> {
    let counts = copy.played_counts(workshop.id, rehearsal.from).await?;
    let of = |states: &[MessageState]| -> i64 {
        let counted = counts.iter().filter(|(state, _)| states.is_empty() || states.contains(state));
        counted.map(|(_, n)| *n).sum()
    };
    let skip = which.page() * ROWS;
    let rows = copy.played(workshop.id, rehearsal.from, which.states(), (skip, ROWS)).await?;
    let zone = &member.organization.zone;
    let base = rehearsal_href(workshop.id);
    let at_page = |page: i64| format!("{base}?show={}&page={page}#went-out", which.show);
    let shown = i64::try_from(rows.len()).unwrap_or(0);
    let total = of(which.states());
    let foot = Pagination {
        first: if shown == 0 { 0 } else { skip + 1 },
        last: skip + shown,
        total: Some(total),
        previous: (which.page() > 0).then(|| at_page(which.page() - 1)),
        next: (skip + shown < total).then(|| at_page(which.page() + 1)),
    };
    let pills = KINDS.iter().filter(|(word, _, states)| word.is_empty() || of(states) > 0);
    Ok(html! {
        section class="m-card" id="went-out" aria-labelledby="went-out-title" {
            header class="m-card__head" { h2 class="m-card__title" id="went-out-title" { "What would go out" } }
            nav class="m-filters" aria-label="Which messages" {
                @for (word, name, states) in pills {
                    a class="m-pill" href={ (base) "?show=" (word) "#went-out" } aria-current=[(which.show == *word).then_some("true")] {
                        (name) " " b { (grouped(of(states))) }
                    }
                }
            }
            (table(&rows, zone, rehearsal.from))
            (foot)
        }
    })
}

fn table(rows: &[PlayedMessage], zone: &Zone, from: Millis) -> Table {
    let row = |message: &PlayedMessage| {
        let (text, cost) = (play::text_of(message), play::cost_of(message));
        let name = if message.name.is_empty() { "No name" } else { &message.name };
        Row::new(vec![
            html! { span class="m-rowname" { (name) } span class="m-sub" { (phone(&message.recipient)) } },
            html! { (state_chip(message.state)) },
            html! { (zone.time(message.at)) span class="m-sub" { (zone.date(message.at, from)) } },
            html! { (message.channel.short_title()) span class="m-sub" { (message.title) } },
            html! { span class="m-clamp" { (text) } },
            html! { @match cost { Some((cost, known)) => { (rupees(cost.0)) @if !known { span class="m-sub" { "estimate" } } }, None => "free" } },
        ])
    };
    Table {
        caption: "Messages, the newest first".into(),
        columns: vec![
            Column::new("Who", Place::Title),
            Column::new("State", Place::State),
            Column::new("When", Place::Line),
            Column::new("Channel", Place::Line),
            Column::new("Text", Place::Line),
            Column::new("Cost", Place::Number),
        ],
        rows: rows.iter().map(row).collect(),
        empty: "Nothing went out yet.".into(),
    }
}

/// `GET /workshops/{workshop}/plan/rehearsal.csv`: all that would go out.
pub async fn export(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.workshop(id).await?;
    let rehearsal = member.org.rehearsal_of(id).await?.ok_or(StoreError::Missing)?;
    let copy = play::open(&app, &member, &rehearsal).await?.ok_or(StoreError::Missing)?;
    let zone = member.organization.zone.clone();
    let titles = ["When", "Name", "Phone", "Channel", "What", "Text", "State", "Cost in rupees"];
    Ok(streamed("rehearsal.csv", titles, copy, 0_i64, move |copy, skip| {
        let (zone, from) = (zone.clone(), rehearsal.from);
        async move {
            let rows = copy.played(id, from, &[], (skip, CHUNK)).await?;
            let next = (rows.len() as i64 == CHUNK).then_some(skip + CHUNK);
            Ok((rows.iter().map(|row| cells(row, &zone)).collect(), next))
        }
    }))
}

fn cells(message: &PlayedMessage, zone: &Zone) -> [String; 8] {
    let (text, cost) = (play::text_of(message), play::cost_of(message));
    [
        zone.rfc3339(message.at),
        message.name.clone(),
        message.recipient.clone(),
        message.channel.title().to_owned(),
        message.title.clone(),
        text,
        message.state.word().to_owned(),
        cost.map_or_else(|| "0".to_owned(), |(cost, _)| cost.to_string()),
    ]
}
