//! Everything that is kept about one person, for when they ask for it.

use std::collections::BTreeMap;

use domain::{
    ids::{BroadcastId, LeadId},
    phone::Phone,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use super::{Most, Story};
use crate::{
    broadcasts::Broadcast,
    calls::CallView,
    db::{Batch, args},
    error::StoreError,
    membership::GroupMembership,
    messages::{MessageEvent, MessageView},
    org::Org,
    phone_key::PhoneKey,
    registrants::Registrant,
};

/// Everything: nobody has as many.
const EVERYTHING: Most = Most { registrations: 1_000_000, messages: 1_000_000 };

/// Everything that is kept about one person.
#[derive(Clone, Debug)]
pub struct PersonRecord {
    /// The person, with all consents, opt-outs and corrections and not only the newest.
    pub story: Story,
    /// The person's places in workshops, with everything that each registration holds.
    pub registrations: Vec<Registrant>,
    /// Messages to their present number and to former ones, and those that they were left out of; newest first.
    pub messages: Vec<RecordedMessage>,
    /// The broadcasts of these messages.
    pub broadcasts: BTreeMap<BroadcastId, Broadcast>,
    /// The ids by which WhatsApp names the person.
    pub user_ids: Vec<UserId>,
    /// Rows of imported files that were kept for a member to look at.
    pub file_rows: Vec<FileRow>,
    /// WhatsApp groups that the person is or was in.
    pub groups: Vec<GroupMembership>,
    /// Posts in groups that reached the person's phone.
    pub posts: Vec<PostSeen>,
}

/// A post in a group that reached somebody's phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostSeen {
    /// The title of the post's broadcast.
    pub title: String,
    /// When the post was on the phone; `None` where that was not reported.
    pub delivered_at: Option<Millis>,
    /// When the post was opened; `None` where that was not reported.
    pub read_at: Option<Millis>,
    /// The emoji of the reaction; empty without one.
    pub reaction: String,
}

/// A message and what happened to it.
#[derive(Clone, Debug)]
pub struct RecordedMessage {
    /// The message, as it stands.
    pub message: MessageView,
    /// What happened besides the straight way.
    pub events: Vec<MessageEvent>,
    /// When the provider wrote about it, and what that was taken for.
    pub receipts: Vec<(Millis, String)>,
    /// The attempts to call them, the first first; empty on every other channel.
    pub calls: Vec<CallView>,
}

/// An id by which WhatsApp names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId {
    /// The name of the account that learnt the id.
    pub account: String,
    /// The id at WhatsApp.
    pub id: String,
    /// The number that the id came with, in E.164 form.
    pub number: String,
    /// When the id last came.
    pub seen_at: Millis,
}

/// A row of an imported file with the person in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// The file's name, as it was uploaded.
    pub file: String,
    /// The line in the file, from 1.
    pub line: i64,
    /// The cells of the row.
    pub cells: Vec<String>,
}

impl Org {
    /// Everything that is kept about one person, former numbers and WhatsApp's ids included; written down in the audit log. What a provider
    /// posted word by word is left out: one post may speak of several people.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for whoever may not manage, [`StoreError::Missing`] when there is no such person.
    pub async fn person_record(
        &self,
        lead: LeadId,
        key: &PhoneKey,
        now: Millis,
    ) -> Result<PersonRecord, StoreError> {
        self.allow(Permission::Manage)?;
        let story = self.story_of(lead, key, EVERYTHING).await?;
        let mut registrations = vec![];
        for place in &story.registrations {
            registrations.push(self.registrant(place.workshop, place.registrant).await?);
        }
        let (mut messages, mut broadcasts) = (vec![], BTreeMap::new());
        let former = story.to_former.iter().map(|one| &one.message);
        for one in story.messages.iter().chain(former) {
            let id = one.message.broadcast;
            if let std::collections::btree_map::Entry::Vacant(place) = broadcasts.entry(id) {
                place.insert(self.broadcast(id).await?);
            }
            messages.push(RecordedMessage {
                message: self.message(one.message).await?,
                events: self.message_events(one.message).await?,
                receipts: self.receipt_notes(id, one.message.position).await?,
                calls: self.calls_of(one.message).await?,
            });
        }
        messages.sort_by_key(|one| std::cmp::Reverse(one.message.changed_at));
        let (mut user_ids, mut file_rows, mut groups, mut posts) = (vec![], vec![], vec![], vec![]);
        if let Ok(phone) = Phone::from_stored(&story.phone) {
            user_ids = self.all_user_ids(&phone).await?;
            file_rows = self.file_rows_about(&phone).await?;
            groups = self.groups_of(&phone).await?;
            posts = self.posts_seen(&phone).await?;
        }
        let detail = format!("registrations={} messages={}", registrations.len(), messages.len());
        let mut tx = self.db.begin().await?;
        self.note(&mut tx, "person.exported", lead, &detail, now).await?;
        tx.commit().await?;
        Ok(PersonRecord { story, registrations, messages, broadcasts, user_ids, file_rows, groups, posts })
    }

    /// Posts in groups that reached a phone, by their broadcast.
    async fn posts_seen(&self, phone: &Phone) -> Result<Vec<PostSeen>, StoreError> {
        let rows: Vec<(String, Option<i64>, Option<i64>, String)> = self
            .db
            .all(
                "SELECT b.title, s.delivered_at, s.read_at, s.reaction FROM broadcasts b JOIN member_receipts s ON s.broadcast_id = b.id AND s.person = $2
                 WHERE b.organization_id = $1 AND b.channel = 'group' ORDER BY b.id, s.position",
                args![self.id(), phone.as_str()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(title, delivered, read, reaction)| PostSeen {
                title,
                delivered_at: delivered.map(Millis),
                read_at: read.map(Millis),
                reaction,
            })
            .collect())
    }

    async fn receipt_notes(
        &self,
        broadcast: BroadcastId,
        position: i64,
    ) -> Result<Vec<(Millis, String)>, StoreError> {
        let rows: Vec<(i64, String, String)> = self
            .db
            .all(
                "SELECT received_at, state, note FROM receipts
                 WHERE organization_id = $1 AND broadcast_id = $2 AND position = $3 ORDER BY id",
                args![self.id(), broadcast.0, position],
            )
            .await?;
        let says = |state: String, note: String| if note.is_empty() { state } else { note };
        Ok(rows.into_iter().map(|(at, state, note)| (Millis(at), says(state, note))).collect())
    }

    /// WhatsApp's ids of whoever has this number or had it before.
    async fn all_user_ids(&self, phone: &Phone) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<(String, String, String, i64)> = self
            .db
            .all_batch(
                "SELECT COALESCE(i.name, ''), u.user_id, u.phone, u.seen_at
                 FROM @batch CROSS JOIN user_ids u LEFT JOIN integrations i ON i.id = u.integration_id
                 WHERE u.organization_id = $1 AND u.phone = b.phone ORDER BY u.seen_at DESC",
                args![self.id()],
                Batch::new().texts("phone", self.own_numbers(phone).await?),
            )
            .await?;
        let read = |(account, id, number, seen_at)| UserId { account, id, number, seen_at: Millis(seen_at) };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn file_rows_about(&self, phone: &Phone) -> Result<Vec<FileRow>, StoreError> {
        let lines = self.import_lines_of(phone).await?;
        let rows: Vec<(String, i64, String)> = self
            .db
            .all_batch(
                "SELECT i.file_name, r.line, r.cells FROM @batch CROSS JOIN import_rows r JOIN imports i ON i.id = r.import_id
                 WHERE r.import_id = b.import_id AND r.line = b.line AND i.organization_id = $1 ORDER BY r.import_id, r.line",
                args![self.id()],
                Batch::new()
                    .uuids("import_id", lines.iter().map(|(import, _): &(Uuid, i64)| *import))
                    .ints("line", lines.iter().map(|(_, line)| *line)),
            )
            .await?;
        let read = |(file, line, cells): (String, i64, String)| FileRow {
            file,
            line,
            cells: serde_json::from_str(&cells).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
