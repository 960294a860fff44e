//! What one person was told: a row per workshop, a column per purpose.

use domain::told::Purpose;
use maud::{Markup, Render, html};
use store::people::{Registration, Story};

use super::{broadcast::state_chip, workshops::href};
use crate::{http::extract::Member, ui::format::counted};

/// Columns: the newest purposes.
const COLUMNS: usize = 4;
/// Workshops in the table; the list below has the others.
const ROWS: usize = 10;

/// The table.
pub(super) struct ToldTable<'a> {
    member: &'a Member,
    story: &'a Story,
    purposes: Vec<&'a Purpose>,
}

impl ToldTable<'_> {
    /// `None` when nothing was planned for this person.
    pub(super) fn of<'a>(member: &'a Member, story: &'a Story) -> Option<ToldTable<'a>> {
        let mut purposes: Vec<&Purpose> = vec![];
        for message in &story.messages {
            if purposes.len() < COLUMNS && !purposes.contains(&&message.purpose) {
                purposes.push(&message.purpose);
            }
        }
        purposes.reverse();
        (!purposes.is_empty() && !story.registrations.is_empty()).then_some(ToldTable {
            member,
            story,
            purposes,
        })
    }

    fn row(&self, place: &Registration) -> Markup {
        let (zone, now) = (&self.member.organization.zone, self.member.now);
        html! {
            tr {
                th scope="row" class="m-col-name" {
                    a class="m-rowlink" href=(href(place.workshop)) { (place.title) }
                    span class="m-sub" { (zone.moment(place.starts_at, now)) }
                    span class="m-sub" { "Registered " (zone.date(place.registered_at, now)) }
                }
                @for purpose in &self.purposes {
                    td class="m-told__cell" data-label=(purpose.title()) { (self.cell(place, purpose)) }
                }
            }
        }
    }

    fn cell(&self, place: &Registration, purpose: &Purpose) -> Markup {
        let own = self
            .story
            .messages
            .iter()
            .filter(|message| message.workshop == place.workshop && message.purpose == *purpose);
        let (zone, now) = (&self.member.organization.zone, self.member.now);
        match own.max_by_key(|message| (message.state.proof(), message.changed_at)) {
            Some(best) => html! {
                (state_chip(best.state))
                span class="m-told__by" { (best.channel.short_title()) }
                span class="m-sub" { (zone.moment(best.changed_at, now)) }
            },
            None => html! { span class="m-told__none" { "–" } },
        }
    }
}

impl Render for ToldTable<'_> {
    fn render(&self) -> Markup {
        let workshops = self.story.registrations.len();
        html! {
            section class="m-card m-told" aria-labelledby="told-title" {
                header class="m-card__head" {
                    h2 class="m-card__title" id="told-title" { "What this person was told" }
                    span class="m-sub" { (counted(workshops, "workshop", "workshops")) }
                }
                table class="m-table m-told__table" {
                    thead { tr { th scope="col" { "Workshop" } @for purpose in &self.purposes { th scope="col" { (purpose.title()) } } } }
                    tbody { @for place in self.story.registrations.iter().take(ROWS) { (self.row(place)) } }
                }
            }
        }
    }
}
