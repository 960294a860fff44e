//! People across workshops: one search, one story.

mod record;
mod search;

use domain::{
    channel::Channel,
    ids::{BroadcastId, LeadId, MessageRef, RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    money::Money,
    reason::Reason,
    time::Millis,
    told::Purpose,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use uuid::Uuid;

use crate::{
    calls::CallView,
    consents::Consent,
    db::{Batch, args},
    error::{StoreError, word},
    org::Org,
    phone_key::PhoneKey,
    registrants::PastCorrection,
    suppressions::{Lifted, Suppression},
};

pub use record::{FileRow, PersonRecord, RecordedMessage, UserId};
pub use search::{FoundPerson, People};

/// How much a story tells at most; the newest.
#[derive(Clone, Copy, Debug)]
struct Most {
    registrations: i64,
    messages: i64,
}

/// What a page shows.
const SHOWN: Most = Most { registrations: 200, messages: 500 };
/// Broadcasts among which the newest message of each person in a list is looked for: about two months of ten workshops
/// a week. A look-up for each of them and each person: 50 people take 10,000.
const NEWEST_AMONG: i64 = 200;
/// Broadcasts among which the newest one that left a person out is looked for. That is of interest while it is fresh.
const LEFT_OUT_AMONG: i64 = 50;

/// A person and everything that happened with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Id of the person.
    pub lead: LeadId,
    /// Name; may be empty.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// Phone number in E.164 form.
    pub phone: String,
    /// When the organisation first had this person.
    pub created_at: Millis,
    /// The person's places in workshops, the latest workshop first.
    pub registrations: Vec<Registration>,
    /// Messages to the person's number, newest first.
    pub messages: Vec<PersonMessage>,
    /// The opt-outs and suppressions that hold for the person.
    pub suppressions: Vec<Suppression>,
    /// The opt-outs and suppressions that were lifted, newest first.
    pub lifted: Vec<Lifted>,
    /// What the person agreed to, newest first, withdrawn agreements included.
    pub consents: Vec<Consent>,
    /// When they last opted out of promotions on some channel; a request for consent waits from then on.
    pub opted_out_at: Option<Millis>,
    /// The corrections of their registrations, newest first.
    pub corrections: Vec<PastCorrection>,
    /// Messages to numbers that their registrations had before, newest first.
    pub to_former: Vec<FormerMessage>,
}

/// A message to a number that the registration had before it was corrected, or before a newer list gave another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerMessage {
    /// The former number, in E.164 form.
    pub number: String,
    /// The message to that number.
    pub message: PersonMessage,
}

/// A place in a workshop, from the person's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Id of the workshop.
    pub workshop: WorkshopId,
    /// Title of the workshop.
    pub title: String,
    /// When the workshop begins.
    pub starts_at: Millis,
    /// The status of the workshop.
    pub workshop_status: WorkshopStatus,
    /// Id of the registration.
    pub registrant: RegistrantId,
    /// The name given with the registration; may be empty.
    pub name: String,
    /// The status of the registration.
    pub status: RegistrantStatus,
    /// Why nothing can be sent to this registration; `None` where it can.
    pub mark: Option<SkipReason>,
    /// How the registration came: `by_hand` or `import`.
    pub source: String,
    /// Where the person came from, in the words of a file; may be empty.
    pub came_from: String,
    /// Other numbers that the file gave for them, E.164, with a space between two.
    pub other_phones: String,
    /// The name of the imported file; `None` where no import brought them.
    pub file_name: Option<String>,
    /// When the person registered.
    pub registered_at: Millis,
}

/// A message, from the person's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonMessage {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The broadcast's title.
    pub broadcast_title: String,
    /// The channel of the message.
    pub channel: Channel,
    /// The purpose of the broadcast.
    pub purpose: Purpose,
    /// The workshop of the broadcast.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub workshop_title: String,
    /// The state of the message.
    pub state: MessageState,
    /// The reason for the state; [`Reason::None`] where nothing needs explaining.
    pub reason: Reason,
    /// The provider's words for the reason, or ours.
    pub reason_text: String,
    /// When its state changed last.
    pub changed_at: Millis,
    /// The estimated price of one unit of the message.
    pub unit_price: Money,
    /// The calls to the person, the first one first; empty on every other channel.
    pub calls: Vec<CallView>,
}

/// The newest message to a number, or the newest broadcast that left the number out, for a list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestMessage {
    /// Number in E.164 form; empty for a registration without a number.
    pub phone: String,
    /// Id of the registration, where it has no number.
    pub registrant: Option<RegistrantId>,
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The broadcast's title.
    pub title: String,
    /// The channel of the message.
    pub channel: Channel,
    /// The title of the broadcast's workshop.
    pub workshop_title: String,
    /// The state of the message.
    pub state: MessageState,
    /// When its state changed last.
    pub changed_at: Millis,
}

#[derive(sqlx::FromRow)]
struct NewestRow {
    recipient: String,
    registrant_id: Uuid,
    broadcast_id: Uuid,
    position: i64,
    title: String,
    channel: String,
    workshop_title: String,
    state: String,
    changed_at: i64,
}

impl TryFrom<NewestRow> for NewestMessage {
    type Error = StoreError;
    fn try_from(row: NewestRow) -> Result<NewestMessage, StoreError> {
        Ok(NewestMessage {
            registrant: row.recipient.is_empty().then_some(RegistrantId(row.registrant_id)),
            phone: row.recipient,
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            title: row.title,
            channel: word("broadcasts", "channel", &row.channel)?,
            workshop_title: row.workshop_title,
            state: word("messages", "state", &row.state)?,
            changed_at: Millis(row.changed_at),
        })
    }
}

#[derive(sqlx::FromRow)]
struct LeadRow {
    name: String,
    email: String,
    phone: String,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct RegistrationRow {
    workshop_id: Uuid,
    title: String,
    starts_at: i64,
    workshop_status: String,
    id: Uuid,
    name: String,
    status: String,
    mark: String,
    source: String,
    came_from: String,
    other_phones: String,
    file_name: Option<String>,
    registered_at: i64,
}

impl TryFrom<RegistrationRow> for Registration {
    type Error = StoreError;
    fn try_from(row: RegistrationRow) -> Result<Registration, StoreError> {
        Ok(Registration {
            workshop: WorkshopId(row.workshop_id),
            title: row.title,
            starts_at: Millis(row.starts_at),
            workshop_status: word("workshops", "status", &row.workshop_status)?,
            registrant: RegistrantId(row.id),
            name: row.name,
            status: word("registrants", "status", &row.status)?,
            mark: crate::registrants::mark_from(&row.mark)?,
            source: row.source,
            came_from: row.came_from,
            other_phones: row.other_phones,
            file_name: row.file_name,
            registered_at: Millis(row.registered_at),
        })
    }
}

#[derive(sqlx::FromRow)]
struct PersonMessageRow {
    broadcast_id: Uuid,
    position: i64,
    broadcast_title: String,
    channel: String,
    purpose: String,
    workshop_id: Uuid,
    workshop_title: String,
    state: String,
    reason: String,
    reason_text: String,
    changed_at: i64,
    unit_price: i64,
}

impl TryFrom<PersonMessageRow> for PersonMessage {
    type Error = StoreError;
    fn try_from(row: PersonMessageRow) -> Result<PersonMessage, StoreError> {
        Ok(PersonMessage {
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            broadcast_title: row.broadcast_title,
            channel: word("broadcasts", "channel", &row.channel)?,
            purpose: Purpose::stored(row.purpose),
            workshop: WorkshopId(row.workshop_id),
            workshop_title: row.workshop_title,
            state: word("messages", "state", &row.state)?,
            reason: Reason::from(row.reason.as_str()),
            reason_text: row.reason_text,
            changed_at: Millis(row.changed_at),
            unit_price: Money(row.unit_price),
            calls: Vec::new(),
        })
    }
}

#[derive(sqlx::FromRow)]
struct FormerRow {
    recipient: String,
    #[sqlx(flatten)]
    row: PersonMessageRow,
}

impl TryFrom<FormerRow> for FormerMessage {
    type Error = StoreError;
    fn try_from(row: FormerRow) -> Result<FormerMessage, StoreError> {
        Ok(FormerMessage { number: row.recipient, message: row.row.try_into()? })
    }
}

impl Org {
    /// The person with that number.
    pub async fn lead_by_phone(&self, phone: &str) -> Result<LeadId, StoreError> {
        let (id,): (Uuid,) = self
            .db
            .one(
                "SELECT l.id FROM @leads l WHERE l.organization_id = $1 AND l.phone = $2",
                args![self.id(), phone],
            )
            .await?;
        Ok(LeadId(id))
    }

    /// The newest message of each of these numbers, among the newest broadcasts, or that such a broadcast left them
    /// out; the same for these registrations without a number. People without a message among them are not in the
    /// answer.
    pub async fn newest_messages(
        &self,
        phones: Vec<String>,
        numberless: Vec<RegistrantId>,
    ) -> Result<Vec<NewestMessage>, StoreError> {
        // Every number is looked up in every broadcast: joined otherwise, SQLite read all messages of these, for five
        // seconds among 120,000.
        let mut rows: Vec<NewestRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.recipient, m.registrant_id, m.broadcast_id, m.position, o.title, o.channel, w.title AS workshop_title, m.state,
                        m.changed_at
                 FROM (SELECT id, title, channel, workshop_id FROM broadcasts WHERE organization_id = $1 ORDER BY id DESC LIMIT $2) o
                 CROSS JOIN @batch
                 LEFT JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone AND m.planned
                 LEFT JOIN workshops w ON w.id = o.workshop_id
                 WHERE b.phone <> '' AND COALESCE(m.recipient, '') <> '' ORDER BY o.id DESC",
                args![self.id(), NEWEST_AMONG],
                Batch::new().texts("phone", phones.iter().cloned()),
            )
            .await?;
        rows.extend(self.newest_left_out(phones, numberless).await?);
        // Of one broadcast the message comes before the row that was left out.
        rows.sort_by_key(|row| std::cmp::Reverse(row.broadcast_id));
        let mut newest: Vec<NewestMessage> = vec![];
        for row in rows {
            let row = NewestMessage::try_from(row)?;
            if !newest.iter().any(|known| known.phone == row.phone && known.registrant == row.registrant) {
                newest.push(row);
            }
        }
        Ok(newest)
    }

    /// The rows of the newest broadcasts that left these out.
    async fn newest_left_out(
        &self,
        phones: Vec<String>,
        numberless: Vec<RegistrantId>,
    ) -> Result<Vec<NewestRow>, StoreError> {
        let mut rows: Vec<NewestRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.recipient, m.registrant_id, m.broadcast_id, m.position, o.title, o.channel, w.title AS workshop_title, m.state,
                        m.changed_at
                 FROM (SELECT id, title, channel, workshop_id FROM broadcasts WHERE organization_id = $1 ORDER BY id DESC LIMIT $2) o
                 CROSS JOIN @batch
                 LEFT JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone AND NOT m.planned
                 LEFT JOIN workshops w ON w.id = o.workshop_id
                 WHERE b.phone <> '' AND COALESCE(m.recipient, '') <> '' ORDER BY o.id DESC",
                args![self.id(), LEFT_OUT_AMONG],
                Batch::new().texts("phone", phones),
            )
            .await?;
        if numberless.is_empty() {
            return Ok(rows);
        }
        let without: Vec<NewestRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.recipient, m.registrant_id, m.broadcast_id, m.position, o.title, o.channel, w.title AS workshop_title, m.state,
                        m.changed_at
                 FROM (SELECT id, title, channel, workshop_id FROM broadcasts WHERE organization_id = $1 ORDER BY id DESC LIMIT $2) o
                 CROSS JOIN @batch
                 LEFT JOIN messages m ON m.broadcast_id = o.id AND m.recipient = '' AND m.registrant_id = b.id AND NOT m.planned
                 LEFT JOIN workshops w ON w.id = o.workshop_id
                 WHERE m.state IS NOT NULL ORDER BY o.id DESC",
                args![self.id(), LEFT_OUT_AMONG],
                Batch::new().uuids("id", numberless.into_iter().map(|id| id.0)),
            )
            .await?;
        rows.extend(without);
        Ok(rows)
    }

    /// Everything that happened with one person. `key` finds what was entered before their number was erased.
    pub async fn story(&self, lead: LeadId, key: &PhoneKey) -> Result<Story, StoreError> {
        self.story_of(lead, key, SHOWN).await
    }

    async fn story_of(&self, lead: LeadId, key: &PhoneKey, most: Most) -> Result<Story, StoreError> {
        let person: LeadRow = self
            .db
            .one(
                "SELECT l.name, l.email, l.phone, l.created_at FROM @leads l WHERE l.organization_id = $1 AND l.id = $2",
                args![self.id(), lead.0],
            )
            .await?;
        let registrations: Vec<RegistrationRow> = self
            .db
            .all(
                "SELECT w.id AS workshop_id, w.title, w.starts_at, w.status AS workshop_status, r.id, r.name, r.status, r.mark,
                        r.source, r.came_from, r.other_phones, i.file_name, r.registered_at
                 FROM workshops w
                 JOIN @registrants r ON r.workshop_id = w.id AND r.phone = $2
                 LEFT JOIN imports i ON i.id = r.import_id
                 WHERE w.organization_id = $1 ORDER BY w.starts_at DESC, r.id LIMIT $3",
                args![self.id(), &person.phone, most.registrations],
            )
            .await?;
        // The number is looked up in every broadcast, whose own rows (they hold whole templates) are read only where it
        // was found.
        let mut messages: Vec<PersonMessageRow> = self
            .db
            .all(
                "SELECT m.broadcast_id, m.position, o.title AS broadcast_title, o.channel, o.workshop_id, o.purpose,
                        w.title AS workshop_title, m.state, m.reason, m.reason_text, m.changed_at, o.unit_price
                 FROM (SELECT id FROM broadcasts WHERE organization_id = $1) each_one
                 CROSS JOIN messages m CROSS JOIN broadcasts o CROSS JOIN workshops w
                 WHERE m.broadcast_id = each_one.id AND m.recipient = $2 AND m.planned
                   AND o.id = m.broadcast_id AND o.organization_id = $1 AND w.id = o.workshop_id
                 ORDER BY m.changed_at DESC LIMIT $3",
                args![self.id(), &person.phone, most.messages],
            )
            .await?;
        messages.extend(self.left_out_by_plans(&person.phone, most).await?);
        messages.sort_by_key(|message| std::cmp::Reverse(message.changed_at));
        let mut messages: Vec<PersonMessage> =
            messages.into_iter().map(PersonMessage::try_from).collect::<Result<_, _>>()?;
        self.add_calls(&mut messages).await?;
        Ok(Story {
            lead,
            suppressions: self.suppressions_of(&person.phone, key).await?,
            lifted: self.lifted_of(&person.phone, key).await?,
            consents: self.consents_of(&person.phone, key).await?,
            corrections: self.corrections_of(&person.phone, most.messages).await?,
            to_former: self.to_former_numbers(&person.phone, most).await?,
            opted_out_at: self.opted_out_at(&key.of(&person.phone), None).await?,
            name: person.name,
            email: person.email,
            phone: person.phone,
            created_at: Millis(person.created_at),
            registrations: registrations.into_iter().map(Registration::try_from).collect::<Result<_, _>>()?,
            messages,
        })
    }

    /// Puts the attempts to call somebody beside their messages.
    async fn add_calls(&self, messages: &mut [PersonMessage]) -> Result<(), StoreError> {
        let called = messages.iter().filter(|one| one.channel == Channel::IvrCall);
        let mut calls = self.calls_of_all(&called.map(|one| one.message).collect::<Vec<_>>()).await?;
        for one in messages {
            one.calls = calls.remove(&one.message).unwrap_or_default();
        }
        Ok(())
    }

    /// Rows of a person who was left out while a broadcast was planned: they are found by the registration, among the few that were skipped.
    /// In this order: SQLite would begin with every broadcast of the organisation, 14 ms among 6,000 instead of 2.
    async fn left_out_by_plans(&self, phone: &str, most: Most) -> Result<Vec<PersonMessageRow>, StoreError> {
        self.db
            .all(
                "SELECT m.broadcast_id, m.position, o.title AS broadcast_title, o.channel, o.workshop_id, o.purpose,
                        w.title AS workshop_title, m.state, m.reason, m.reason_text, m.changed_at, o.unit_price
                 FROM workshops w CROSS JOIN @registrants r CROSS JOIN broadcasts o CROSS JOIN messages m
                 WHERE w.organization_id = $1 AND o.organization_id = $1 AND r.organization_id = $1
                   AND r.workshop_id = w.id AND r.phone = $2 AND o.workshop_id = w.id
                   AND m.broadcast_id = o.id AND m.state = 'skipped' AND m.registrant_id = r.id AND NOT m.planned
                 ORDER BY m.changed_at DESC LIMIT $3",
                args![self.id(), phone, most.messages],
            )
            .await
    }

    /// What went to numbers that a person's registrations had before.
    async fn to_former_numbers(&self, phone: &str, most: Most) -> Result<Vec<FormerMessage>, StoreError> {
        let rows: Vec<FormerRow> = self
            .db
            .all(
                "SELECT DISTINCT m.recipient, m.broadcast_id, m.position, o.title AS broadcast_title, o.channel, o.workshop_id, o.purpose,
                        w.title AS workshop_title, m.state, m.reason, m.reason_text, m.changed_at, o.unit_price
                 FROM workshops w CROSS JOIN @registrants r CROSS JOIN corrections c CROSS JOIN broadcasts o CROSS JOIN messages m
                 WHERE w.organization_id = $1 AND o.organization_id = $1 AND r.organization_id = $1
                   AND r.workshop_id = w.id AND r.phone = $2
                   AND c.workshop_id = w.id AND c.registrant_id = r.id AND c.phone_before <> '' AND c.phone_before <> $2
                   AND o.workshop_id = w.id
                   AND m.broadcast_id = o.id AND m.recipient = c.phone_before AND m.planned AND m.registrant_id = r.id
                 ORDER BY m.changed_at DESC LIMIT $3",
                args![self.id(), phone, most.messages],
            )
            .await?;
        rows.into_iter().map(FormerMessage::try_from).collect()
    }
}
