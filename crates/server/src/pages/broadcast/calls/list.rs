//! The list of people at one stage of a broadcast of calls.

use axum::response::IntoResponse;
use domain::{
    broadcast::Audience,
    channel::Channel,
    ids::{BroadcastId, RegistrantId},
    role::Permission,
    time::Millis,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::call_people::CallPerson;

use super::{super::href, stage, stage_href, stage_title};
use crate::{
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path, Query},
    },
    pages::correct,
    ui::{
        button::Button,
        format::{counted, phone},
        head::{Card, Head},
        icons::Icon,
        shell::{Crumb, Section},
        table::{Column, Place, Row, Table, name},
    },
};

/// The number of people on one page.
const ROWS: i64 = 200;

/// The query of the page: after which position the list goes on. A value that cannot be read shows the beginning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct After {
    after: String,
}

/// `GET /broadcasts/{broadcast}/calls/{stage}`
pub async fn show(
    member: Member,
    Path((id, word)): Path<(BroadcastId, String)>,
    Query(from): Query<After>,
) -> PageResult {
    let broadcast = member.org.broadcast(id).await?;
    let stage =
        stage(&word).filter(|_| broadcast.channel == Channel::IvrCall).ok_or_else(Problem::not_found)?;
    let after = from.after.parse().unwrap_or(0).max(0);
    let mut people = member.org.call_people(id, stage, after, ROWS + 1).await?;
    let more = i64::try_from(people.len()).is_ok_and(|n| n > ROWS);
    people.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let title = stage_title(stage);
    let mut head = Head::new(&title)
        .meta(html! { a class="m-link" href=(href(id)) { (broadcast.title) } })
        .meta(html! { a class="m-plain" href={ "/workshops/" (broadcast.workshop) } { (broadcast.workshop_title) } });
    let known: Vec<RegistrantId> = people.iter().filter_map(|person| person.registrant).collect();
    if member.may(Permission::Send) && !known.is_empty() && known.len() <= Audience::CHOSEN_MAX {
        let to = format!("{}#compose", correct::tell_href(broadcast.workshop, &known));
        let words = format!("Write to {}", counted(known.len(), "person", "people"));
        head = head.action(Button::link(words, to).icon(Icon::Send));
    }
    let next = people
        .last()
        .filter(|_| more)
        .map(|last| format!("{}?after={}", stage_href(id, stage), last.position));
    let body = html! {
        (head)
        (Card::new("people", "People", table(&member, id, &people)))
        @if let Some(next) = next { div class="m-acts" { (Button::link("Next page", next)) } }
    };
    let mut page = member.page(Section::Broadcasts, title.clone(), body);
    page.crumbs = vec![
        Crumb::to("Broadcasts", "/broadcasts"),
        Crumb::to(&broadcast.title, href(id)),
        Crumb::here(title),
    ];
    Ok(page.render().into_response())
}

fn table(member: &Member, broadcast: BroadcastId, people: &[CallPerson]) -> Table {
    Table {
        caption: "People of this stage".into(),
        columns: vec![
            Column::new("Person", Place::Title),
            Column::new("Called", Place::Line),
            Column::new("On the line", Place::Number),
            Column::new("What came of it", Place::Wide),
        ],
        rows: people.iter().map(|person| row(member, broadcast, person)).collect(),
        empty: "Nobody stands here now.".into(),
    }
}

fn row(member: &Member, broadcast: BroadcastId, person: &CallPerson) -> Row {
    let who = if person.name.is_empty() { "No name" } else { &person.name };
    let story = format!("{}/messages/{}", href(broadcast), person.position);
    let number = if person.phone.is_empty() { "erased".to_owned() } else { phone(&person.phone) };
    Row::new(vec![
        name(&story, who, &number),
        called(member, person),
        html! { @match person.talk_s { Some(seconds) if seconds > 0 => { (seconds) " s" }, _ => "–" } },
        came_of(member, person),
    ])
}

fn called(member: &Member, person: &CallPerson) -> Markup {
    match person.placed_at {
        None => html! { "Not yet" },
        Some(at) => {
            html! { (moment(member, at)) @if person.attempts > 1 { span class="m-sub" { "try " (person.attempts) } } }
        }
    }
}

fn moment(member: &Member, at: Millis) -> String {
    member.organization.zone.moment(at, member.now)
}

fn came_of(member: &Member, person: &CallPerson) -> Markup {
    if !person.note.is_empty() {
        return html! { (person.note) };
    }
    match person.acted_at {
        Some(at) => html! { "Done " (moment(member, at)) },
        None => html! { "–" },
    }
}
