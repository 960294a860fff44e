//! Who did what, newest first.

use axum::response::IntoResponse;
use domain::{
    channel::Channel,
    ids::{AuditId, TemplateId},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    audit::AuditEntry,
    audit_subjects::{Subject, SubjectKind},
    registrants::PastCorrection,
};
use uuid::Uuid;

use super::{
    audit_words::{detail, words},
    templates::page_of,
    when,
};
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

/// A correction of name or number, whose values stand with the person.
const CORRECTED: &str = "registrant.corrected";

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
    let subjects = subjects(&member, &entries).await?;
    let corrected = entries.iter().filter(|entry| entry.action == CORRECTED);
    let corrected = corrected.filter_map(|entry| entry.subject.parse().ok()).collect();
    let corrections = member.org.corrections_among(corrected).await?;
    let trail = Trail::read(&place.after, place.from, &place.back);
    let foot = trail.foot(HREF, PAGE, entries.len() as i64, next, None);
    Ok(page(&member, &entries, &subjects, &corrections, &foot).into_response())
}

/// What the entries are about, as far as it is still there.
async fn subjects(member: &Member, entries: &[AuditEntry]) -> Result<Vec<Subject>, StoreError> {
    let ids = |wanted: fn(&AuditEntry) -> bool| -> Vec<Uuid> {
        entries.iter().filter(|entry| wanted(entry)).filter_map(|entry| id_of(&entry.subject)).collect()
    };
    let mut found = member.org.audit_subjects(&ids(|_| true)).await?;
    let registrations = ids(|entry| entry.action == "registrant.status" || entry.action == CORRECTED);
    found.extend(member.org.audit_registrants(&registrations).await?);
    Ok(found)
}

/// The id in an entry's subject; of a message, which is its broadcast's and its place, the broadcast's.
fn id_of(subject: &str) -> Option<Uuid> {
    subject.get(..36)?.parse().ok()
}

fn page(
    member: &Member,
    entries: &[AuditEntry],
    subjects: &[Subject],
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
        rows: entries.iter().map(|entry| row(member, entry, subjects, corrections)).collect(),
        empty: "Nothing was done yet.".into(),
    };
    let body = html! {
        (Head::new("Audit log").meta("Who did what, newest first. It never holds phone numbers or messages. What was corrected stands with the person, and goes with them."))
        (Card::new("log", if later { "Older entries" } else { "Newest entries" }, html! {
            (table)
            @if later || foot.next.is_some() { (foot) }
        }))
    };
    settings_page(member, "Audit log", HREF, body).render()
}

fn row(member: &Member, entry: &AuditEntry, subjects: &[Subject], corrections: &[PastCorrection]) -> Row {
    let correction = corrections
        .iter()
        .find(|one| one.registrant.to_string() == entry.subject && one.at == entry.at)
        .filter(|_| entry.action == CORRECTED);
    let subject = id_of(&entry.subject).and_then(|id| subjects.iter().find(|one| one.id == id));
    let own = member.organization.id.0;
    let about = match (correction, subject) {
        (Some(one), _) => html! { (about(own, &entry.subject, subject)) (correct::what(one)) },
        (None, subject) => about(own, &entry.subject, subject),
    };
    Row::new(vec![
        html! { b { (words(&entry.action)) } span class="m-sub" { (about) } },
        html! { (actor(&entry.actor)) },
        html! { time datetime=(member.organization.zone.rfc3339(entry.at)) { (when(member, entry.at)) } },
        html! { (detail(&entry.action, &entry.detail, member)) },
    ])
}

/// Who did it; what no member did begins as a name does.
fn actor(name: &str) -> &str {
    match name {
        "command line" => "Command line",
        name => name,
    }
}

/// What an entry is about, by its name, with the way there. What was removed since has neither.
fn about(own: Uuid, id: &str, subject: Option<&Subject>) -> Markup {
    let Some(subject) = subject else {
        let channel = id.parse::<Channel>().map(Channel::title);
        let gone = id_of(id).is_some_and(|id| id != own);
        return html! { @if let Ok(title) = channel { (title) } @else if gone { "Not there any more" } };
    };
    let id = subject.id;
    let (noun, href) = match subject.kind {
        SubjectKind::Workshop => ("Workshop", format!("/workshops/{id}")),
        SubjectKind::Broadcast => ("Broadcast", format!("/broadcasts/{id}")),
        SubjectKind::Template => {
            let channel = subject.of.parse().unwrap_or(Channel::WhatsappPersonal);
            ("Template", page_of(channel, Some(TemplateId(id))))
        }
        SubjectKind::Account => ("Account", format!("/settings/integrations/{id}")),
        SubjectKind::Tag => ("Tag", format!("/settings/tags/{id}")),
        SubjectKind::Link => ("Link", format!("/settings/links/{id}")),
        SubjectKind::Import => ("Import", format!("/imports/{id}")),
        SubjectKind::Member => ("Member", "/settings/team".to_owned()),
        SubjectKind::Registrant => ("Registration", format!("/workshops/{}/registrants/{id}", subject.of)),
        SubjectKind::Person => ("Person", format!("/people/{id}")),
        SubjectKind::Alert => ("Alert", super::alerts::HREF.to_owned()),
        SubjectKind::Group => ("Group", super::accounts::HREF.to_owned()),
        SubjectKind::Sequence => ("Sequence", format!("/settings/sequences/{id}")),
    };
    let name = if subject.name.is_empty() { noun } else { subject.name.as_str() };
    html! { a class="m-link" href=(href) { (name) } }
}
