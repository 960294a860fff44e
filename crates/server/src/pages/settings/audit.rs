//! Who did what, newest first.

use std::collections::HashMap;

use axum::response::IntoResponse;
use domain::{channel::Channel, ids::AuditId};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{StoreError, audit::AuditEntry, registrants::PastCorrection, workshops::WorkshopFilter};

use super::when;
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::{correct, settings_page},
    ui::{
        head::{Card, Head},
        pagination::{Pagination, Trail},
        table::{Column, Place, Row, Table},
    },
};

const HREF: &str = "/settings/audit";
/// Entries of a page.
const PAGE: i64 = 50;
/// Workshops whose titles are looked up; older ones show their id.
const NAMES_MAX: i64 = 500;

/// Actions of the store, and the words for them.
const WORDS: &[(&str, &str)] = &[
    ("integration.connected", "Connected an account"),
    ("integration.changed", "Changed an account"),
    ("integration.secrets_replaced", "Replaced an account’s keys"),
    ("integration.stopped", "Stopped an account"),
    ("integration.released", "Released an account"),
    ("integration.removed", "Removed an account"),
    ("price.changed", "Set a price"),
    ("template.added", "Added a template"),
    ("template.changed", "Changed a template"),
    ("template.removed", "Removed a template"),
    ("broadcast.confirmed", "Confirmed a broadcast"),
    ("broadcast.sent_again", "Sent failed messages again"),
    ("broadcast.exported", "Exported a broadcast’s messages"),
    ("message.decided", "Decided about an unknown message"),
    ("workshop.added", "Added a workshop"),
    ("workshop.edited", "Changed a workshop"),
    ("workshop.cancelled", "Cancelled a workshop"),
    ("registrant.added", "Added a registrant"),
    ("registrant.status", "Changed a registration"),
    ("registrants.exported", "Exported a workshop’s registrants"),
    ("import.uploaded", "Uploaded a file"),
    ("import.words", "Said what words of a file mean"),
    ("import.started", "Started an import"),
    ("import.committed", "Finished an import"),
    ("import.undone", "Undid an import"),
    ("suppression.added", "Added a suppression"),
    ("suppression.removed", "Removed a suppression"),
    ("suppressions.exported", "Exported the opted-out list"),
    ("person.erased", "Erased a person"),
    ("person.exported", "Downloaded what is kept about a person"),
    ("retention.changed", "Changed how long people are kept"),
    ("registrant.corrected", CORRECTED_WORDS),
    ("retention.erased", "Erased the people of a workshop"),
    ("tag.added", "Added a tag"),
    ("tag.default", "Chose the default tag"),
    ("alerts.changed", "Changed who gets alerts"),
    ("alert.raised", "Told what needs a person"),
    ("alert.sent", "Sent an alert"),
    ("alert.failed", "Could not send an alert"),
    ("alert.unknown", "Does not know whether an alert went out"),
    ("alert.tested", "Tested an alert"),
    ("member.invited", "Invited a person"),
    ("member.invitation_revoked", "Took back an invitation"),
    ("member.joined", "Joined"),
    ("member.role", "Changed a role"),
    ("member.removed", "Removed a member"),
    ("organisation.created", "Created the organisation"),
    ("organisation.changed", "Changed the organisation"),
];

/// A correction of name or number, whose values stand with the person.
const CORRECTED: &str = "registrant.corrected";
const CORRECTED_WORDS: &str = "Corrected a registration";

/// The place to go on from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    after: String,
    from: i64,
    back: String,
}

/// `GET /settings/audit`
pub async fn show(member: Member, Query(place): Query<Page>) -> PageResult {
    let before: Option<AuditId> = place.after.parse().ok();
    // One more than is shown tells whether there are older ones.
    let mut entries = member.org.audit_log(before, PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let older = entries.get(shown).is_some();
    entries.truncate(shown);
    let next = entries.last().filter(|_| older).map(|last| last.id.to_string());
    let names = names(&member).await?;
    let corrected = entries.iter().filter(|entry| entry.action == CORRECTED);
    let corrected = corrected.filter_map(|entry| entry.subject.parse().ok()).collect();
    let corrections = member.org.corrections_among(corrected).await?;
    let trail = Trail::read(&place.after, place.from, &place.back);
    let foot = trail.foot(HREF, PAGE, entries.len() as i64, next, None);
    Ok(page(&member, &entries, &names, &corrections, &foot).into_response())
}

/// What accounts, templates and workshops are called now, by their ids. What was removed keeps its id alone.
async fn names(member: &Member) -> Result<HashMap<String, String>, StoreError> {
    let filter = WorkshopFilter { limit: NAMES_MAX, ..WorkshopFilter::default() };
    let accounts = member.org.integrations().await?;
    let mut templates = Vec::new();
    for channel in Channel::sending() {
        templates.extend(member.org.templates(channel).await?);
    }
    let workshops = member.org.workshops(&filter).await?;
    Ok(accounts
        .into_iter()
        .map(|one| (one.id.to_string(), one.name))
        .chain(templates.into_iter().map(|one| (one.id.to_string(), one.name)))
        .chain(workshops.into_iter().map(|one| (one.id.to_string(), one.title)))
        .collect())
}

fn page(
    member: &Member,
    entries: &[AuditEntry],
    names: &HashMap<String, String>,
    corrections: &[PastCorrection],
    foot: &Pagination,
) -> Markup {
    let later = foot.previous.is_some();
    let table = Table {
        caption: "What was done".into(),
        columns: vec![
            Column::new("What", Place::Title),
            Column::new("Who", Place::Line),
            Column::new("When", Place::Line),
            Column::new("Detail", Place::Wide),
        ],
        rows: entries.iter().map(|entry| row(member, entry, names, corrections)).collect(),
        empty: "Nothing was done yet.".into(),
    };
    let body = html! {
        (Head::new("Audit log").meta("Who did what, newest first. It holds ids, never phone numbers or messages. What was corrected stands with the person, and goes with them."))
        (Card::new("log", if later { "Older entries" } else { "Newest entries" }, html! {
            (table)
            @if later || foot.next.is_some() { (foot) }
        }))
    };
    settings_page(member, "Audit log", HREF, body).render()
}

fn row(
    member: &Member,
    entry: &AuditEntry,
    names: &HashMap<String, String>,
    corrections: &[PastCorrection],
) -> Row {
    let correction = corrections
        .iter()
        .find(|one| one.registrant.to_string() == entry.subject && one.at == entry.at)
        .filter(|_| entry.action == CORRECTED);
    let subject = names.get(&entry.subject).unwrap_or(&entry.subject);
    let about = match correction {
        Some(one) => correct::what(one),
        None => html! { (subject) },
    };
    Row::new(vec![
        html! { b { (words(&entry.action)) } span class="m-sub" title=(entry.subject) { (about) } },
        html! { (entry.actor) },
        html! { time datetime=(member.organization.zone.rfc3339(entry.at)) { (when(member, entry.at)) } },
        html! { (entry.detail) },
    ])
}

/// `broadcast.paused_by_person` reads "Broadcast: paused by person" where no better words are known.
fn words(action: &str) -> String {
    if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == action) {
        return (*words).to_owned();
    }
    let (thing, what) = action.split_once('.').unwrap_or(("", action));
    let plain = format!("{}: {}", thing.replace('_', " "), what.replace('_', " "));
    let mut letters = plain.trim_start_matches(": ").chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_words_of_its_own_can_still_be_read() {
        assert_eq!(words("integration.stopped"), "Stopped an account");
        assert_eq!(words("broadcast.paused_by_person"), "Broadcast: paused by person");
        assert_eq!(words("odd"), "Odd");
        assert_eq!(words(""), "");
    }
}
