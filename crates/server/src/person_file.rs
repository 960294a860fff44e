//! Everything that is kept about a person, as one file that people and programs can read.

use domain::{
    channel::{Category, Channel},
    ids::{LeadId, RegistrantId},
    phone::Phone,
    reason::Reason,
    template::{Content, Message, Part},
    time::{Millis, Zone},
};
use serde_json::{Value, json};
use store::{
    Org, Organization, StoreError,
    broadcasts::Broadcast,
    consents::Consent,
    people::{PersonRecord, RecordedMessage},
    registrants::{PastCorrection, Registrant},
    suppressions::{Lifted, Suppression},
};

use crate::{
    app::App,
    ui::words::{events::event, reasons},
    uploads,
};

/// What the file says of itself.
const ABOUT: &str = "Everything that is kept about this person. Times are in the organisation's zone. What providers posted word by word is \
                     left out where it may speak of other people; what it meant stands with each message. Other people who registered \
                     with the same number are counted and not named. Backups hold the same.";

/// Writes down in the audit log that somebody asked, and puts everything into one file.
///
/// # Errors
/// [`StoreError::Forbidden`] for whoever may not manage, [`StoreError::Missing`] when there is no such person.
pub async fn of(
    app: &App,
    org: &Org,
    organization: &Organization,
    lead: LeadId,
    now: Millis,
) -> Result<Value, StoreError> {
    let record = org.person_record(lead, &app.phone_key, now).await?;
    let mut numbers: Vec<Phone> = Phone::from_stored(&record.story.phone).into_iter().collect();
    numbers.extend(record.story.to_former.iter().filter_map(|one| Phone::from_stored(&one.number).ok()));
    let uploads = uploads::holding(app, organization.id, &numbers).await.len();
    Ok(File { record: &record, zone: &organization.zone }.json(&organization.name, uploads, now))
}

struct File<'a> {
    record: &'a PersonRecord,
    zone: &'a Zone,
}

/// What it is for, in the words of the screens.
fn scope(channel: Option<Channel>, category: Option<Category>) -> Value {
    json!({
        "channel": channel.map_or("every channel", Channel::title),
        "what": match category {
            None => "everything",
            Some(Category::Marketing) => "promotions",
            Some(Category::Utility) => "messages about a workshop",
            Some(Category::Authentication) => "codes",
        },
    })
}

impl File<'_> {
    fn at(&self, at: Millis) -> String {
        self.zone.rfc3339(at)
    }

    fn maybe(&self, at: Option<Millis>) -> Option<String> {
        at.map(|at| self.at(at))
    }

    fn json(&self, organisation: &str, uploads: usize, now: Millis) -> Value {
        let PersonRecord { story, registrations, messages, user_ids, file_rows, groups, posts, .. } =
            self.record;
        let others: Vec<&Registrant> =
            registrations.iter().filter(|one| !self.is_theirs(&one.name, &one.email)).collect();
        let own = |id: &RegistrantId| !others.iter().any(|other| other.id == *id);
        let is_own = |one: &&RecordedMessage| match one.message.addressee.registrant() {
            Some(registrant) => own(&registrant),
            None => true,
        };
        let is_own_row = |cells: &Value| {
            let text = cells.to_string().to_lowercase();
            let named = |name: &str| !name.is_empty() && text.contains(&name.to_lowercase());
            named(&story.name) || !others.iter().any(|other| named(&other.name) || named(&other.email))
        };
        json!({
            "about": ABOUT,
            "organisation": organisation,
            "made_at": self.at(now),
            "person": {
                "name": story.name,
                "number": story.phone,
                "email": story.email,
                "known_since": self.at(story.created_at),
            },
            "registrations": registrations.iter().filter(|one| own(&one.id)).map(|one| self.registration(one)).collect::<Vec<_>>(),
            "registrations_of_others_with_this_number": others.len(),
            "messages": messages.iter().filter(is_own).map(|one| self.message(one)).collect::<Vec<_>>(),
            "opted_out": story.suppressions.iter().map(|one| self.opted_out(one)).collect::<Vec<_>>(),
            "opt_outs_lifted": story.lifted.iter().map(|one| self.lifted(one)).collect::<Vec<_>>(),
            "agreements": story.consents.iter().map(|one| self.agreement(one)).collect::<Vec<_>>(),
            "corrections": story.corrections.iter().filter(|one| own(&one.registrant)).map(|one| self.correction(one)).collect::<Vec<_>>(),
            "whatsapp_user_ids": user_ids.iter().map(|one| json!({
                "id": one.id, "number": one.number, "account": one.account, "last_seen_at": self.at(one.seen_at),
            })).collect::<Vec<_>>(),
            "rows_of_files": file_rows.iter().filter(|one| is_own_row(&json!(one.cells))).map(|one| json!({
                "file": one.file, "line": one.line, "cells": one.cells,
            })).collect::<Vec<_>>(),
            "whatsapp_groups": groups.iter().map(|one| json!({
                "group": one.group, "joined_at": self.maybe(one.joined_at), "left_at": self.maybe(one.left_at),
            })).collect::<Vec<_>>(),
            "posts_in_groups_on_the_phone": posts.iter().map(|one| json!({
                "post": one.title, "on_the_phone_at": self.maybe(one.delivered_at), "opened_at": self.maybe(one.read_at),
                "reaction": one.reaction,
            })).collect::<Vec<_>>(),
            "uploaded_files_with_the_number_not_imported_yet": uploads,
        })
    }

    /// Whether an entry under this number is about the person who asks, and not about somebody who shares the number.
    /// It is when the e-mail address is the same, or when the words of one name are among those of the other. An
    /// initial counts as a word that begins with it. Without a name, another address is somebody else's.
    fn is_theirs(&self, name: &str, email: &str) -> bool {
        let words = |name: &str| -> Vec<String> {
            name.split_whitespace().map(|word| word.trim_matches('.').to_lowercase()).collect()
        };
        let (own, other) = (words(&self.record.story.name), words(name));
        let (own_email, other_email) = (self.record.story.email.as_str(), email);
        let same = |one: &String, other: &String| {
            one == other
                || (one.chars().count() == 1 && other.starts_with(one.as_str()))
                || (other.chars().count() == 1 && one.starts_with(other.as_str()))
        };
        let among = |these: &[String], those: &[String]| {
            these.iter().all(|one| those.iter().any(|other| same(one, other)))
        };
        let one_address = !own_email.is_empty() && own_email.eq_ignore_ascii_case(other_email);
        match (own.is_empty(), other.is_empty()) {
            (false, false) => one_address || among(&own, &other) || among(&other, &own),
            // Of whom nothing is known, an entry with a name is somebody else's.
            (true, false) => one_address,
            (false, true) => one_address || other_email.is_empty(),
            (true, true) => one_address || own_email.is_empty() || other_email.is_empty(),
        }
    }

    fn registration(&self, one: &Registrant) -> Value {
        let places = &self.record.story.registrations;
        let place = places.iter().find(|place| place.registrant == one.id);
        json!({
            "workshop": place.map(|place| &place.title),
            "starts_at": place.map(|place| self.at(place.starts_at)),
            "name": one.name,
            "number": one.phone,
            "number_as_typed": one.phone_typed,
            "other_numbers": one.other_phones.split_whitespace().collect::<Vec<_>>(),
            "email": one.email,
            "status": one.status.word(),
            "left_out_for": one.mark.map(|mark| reasons::excluded(mark).title),
            "registration_id": one.reference,
            "came_by": one.source,
            "source": one.came_from,
            "file": place.and_then(|place| place.file_name.as_deref()),
            "registered_at": self.at(one.registered_at),
        })
    }

    fn message(&self, one: &RecordedMessage) -> Value {
        let message = &one.message;
        let broadcast = self.record.broadcasts.get(&message.message.broadcast);
        json!({
            "broadcast": broadcast.map(|broadcast| &broadcast.title),
            "channel": broadcast.map(|broadcast| broadcast.channel.title()),
            "workshop": broadcast.map(|broadcast| &broadcast.workshop_title),
            "to": message.recipient,
            "former_number": message.recipient != self.record.story.phone && !message.recipient.is_empty(),
            "name": message.name,
            "text": broadcast.and_then(|broadcast| text(broadcast, &message.content)),
            "state": message.state.title(),
            "reason": because(&message.reason),
            "providers_words": message.reason_text,
            "attempts": message.attempt,
            "call_started_at": self.maybe(message.started_at),
            "handed_over_at": self.maybe(message.sent_at),
            "delivered_at": self.maybe(message.delivered_at),
            "read_at": self.maybe(message.read_at),
            "failed_at": self.maybe(message.failed_at),
            "changed_at": self.at(message.changed_at),
            "providers_id": message.provider_id,
            "networks_id": message.network_id,
            "cost_in_rupees": message.cost.map(|cost| cost.to_string()),
            "events": one.events.iter().map(|known| json!({
                "at": self.at(known.at), "what": event(known.kind).2, "detail": known.detail,
            })).collect::<Vec<_>>(),
            "calls": one.calls.iter().map(|call| json!({
                "placed_at": self.at(call.placed_at),
                "stands": call.stage.map(|stage| stage.word()),
                "key": call.record.key.map(|(_, digit)| digit.get()),
                "seconds_on_the_line": call.talk_s,
                "cost_in_rupees": call.record.cost.map(|cost| cost.to_string()),
            })).collect::<Vec<_>>(),
            "receipts": one.receipts.iter().map(|(at, note)| json!({ "at": self.at(*at), "taken_for": note }))
                .collect::<Vec<_>>(),
        })
    }

    fn opted_out(&self, one: &Suppression) -> Value {
        json!({
            "of": scope(one.channel, one.category),
            "reason": one.reason,
            "entered_by": if one.created_by.is_empty() { "the person" } else { &one.created_by },
            "at": self.at(one.created_at),
        })
    }

    fn lifted(&self, one: &Lifted) -> Value {
        json!({
            "entry": self.opted_out(&one.entry),
            "lifted_by": if one.by.is_empty() { "the person" } else { &one.by },
            "why": one.reason,
            "at": self.at(one.at),
        })
    }

    fn agreement(&self, one: &Consent) -> Value {
        json!({
            "to": scope(one.channel, Some(one.category)),
            "given_at": self.at(one.given_at),
            "where": one.source,
            "wording": one.wording,
            "note": one.note,
            "written_down_by": one.recorded_by,
            "written_down_at": self.at(one.recorded_at),
            "taken_back": one.withdrawn.as_ref().map(|back| json!({
                "at": self.at(back.at),
                "by": if back.by.is_empty() { "the person" } else { &back.by },
                "how": back.reason,
            })),
            "ended_by_opt_out_at": one.ended_by_opt_out.first().map(|(at, _)| self.at(*at)),
        })
    }

    fn correction(&self, one: &PastCorrection) -> Value {
        let pair = |(before, after): &(String, String)| json!({ "before": before, "after": after });
        json!({
            "workshop": one.workshop_title,
            "name": pair(&one.name),
            "number": pair(&one.phone),
            "email": pair(&one.email),
            "by": one.by,
            "file": one.file_name,
            "at": self.at(one.at),
        })
    }
}

/// The text as the person reads it; none for whoever was left out.
fn text(broadcast: &Broadcast, content: &str) -> Option<String> {
    let content = Content::from_json(broadcast.channel, content).ok()?;
    let template = Message::from_json(broadcast.channel, &broadcast.template).ok()?;
    let parts = template.preview(&content).into_iter().map(|part| match part {
        Part::Fixed(text) | Part::Filled(text) => text,
    });
    Some(parts.collect())
}

fn because(reason: &Reason) -> Option<String> {
    match reason {
        Reason::None => None,
        Reason::Ours(own) => Some(reasons::own(*own).title.to_owned()),
        Reason::Excluded(skip) => Some(reasons::excluded(*skip).title.to_owned()),
        Reason::Provider(code) => {
            let meaning = providers::codes::meaning(code);
            Some(meaning.map_or_else(|| format!("code {code}"), |meaning| meaning.title.to_owned()))
        }
    }
}
