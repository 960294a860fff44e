//! One registration without a usable number: nobody else's page tells whether this person was told, and why not.

use domain::{
    ids::{RegistrantId, WorkshopId},
    message::SkipReason,
    role::Permission,
};
use maud::{Render, html};

use super::super::{correct, workshops, workshops::crumbs};
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Path},
        notice::see_other,
    },
    pages::{broadcast::state_chip, workshops::ok},
    ui::{
        button::Button,
        chip::Tone,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Section,
        table::{self, Column, Place, Row, Table},
        words::reasons,
    },
};

/// The page of a registration.
pub(in crate::pages) fn href(workshop: WorkshopId, id: RegistrantId) -> String {
    format!("{}/registrants/{id}", workshops::href(workshop))
}

/// `GET /workshops/{workshop}/registrants/{registrant}`: whoever has a number has a page of their own.
pub async fn show(member: Member, Path((workshop, id)): Path<(WorkshopId, RegistrantId)>) -> PageResult {
    let person = member.org.registrant(workshop, id).await?;
    if !person.phone.is_empty() {
        return Ok(see_other(&format!("/people/number/{}", person.phone.trim_start_matches('+'))));
    }
    let workshop = member.org.workshop(workshop).await?;
    let places = member.org.told_people(workshop.id, &[(id, String::new())]).await?;
    let zone = &member.organization.zone;
    let name = if person.name.is_empty() { "No name" } else { person.name.as_str() };
    let typed = match person.phone_typed.as_str() {
        "" => "No number was given".to_owned(),
        typed => format!("“{typed}” is no number that can be written to"),
    };
    let mut head = Head::new(name).meta(html! { (workshop.title) }).meta(html! {
        "Registered " (zone.date(person.registered_at, member.now))
    });
    if !person.email.is_empty() {
        head = head.meta(html! { (person.email) });
    }
    if member.may(Permission::Manage) && !person.is_erased {
        let words = if person.phone_typed.is_empty() { "Add number" } else { "Correct number" };
        head = head.action(Button::primary_link(words, correct::href(workshop.id, id)).icon(Icon::Edit));
    }
    let row = |place: &store::reached::RegistrantMessage| {
        let to = format!("/broadcasts/{}/messages/{}", place.message.broadcast, place.message.position);
        let why = match &place.reason {
            domain::reason::Reason::Excluded(skip) => reasons::excluded(*skip).title,
            _ => reasons::excluded(SkipReason::NoPhone).title,
        };
        Row::new(vec![
            table::name(&to, &place.title, place.channel.title()),
            state_chip(place.state).render(),
            html! { (zone.moment(place.changed_at, member.now)) },
            html! { (why) },
        ])
    };
    let body = html! {
        (head)
        (Note::new(Tone::Act, format!("Not told: {typed}."), "They are left out of every message until a number is entered."))
        (Card::new("messages", "Every message, also those that did not go out", Table {
            caption: "Messages that left this person out".into(),
            columns: vec![
                Column::new("Message", Place::Title),
                Column::new("State", Place::State),
                Column::new("When", Place::Line),
                Column::new("Why", Place::Line),
            ],
            rows: places.iter().map(row).collect(),
            empty: "No message was planned for this workshop yet.".into(),
        }))
    };
    let mut page = member.page(Section::People, name, body);
    page.crumbs = crumbs(Some(&workshop), name);
    Ok(ok(page))
}
