//! Registrants: a person's place in a workshop, and how many are what.
//!
//! From a batch into the table it is always LEFT JOIN: both databases then keep that order, where they would otherwise
//! walk the whole table (db.rs). Every change here holds the workshop's row first, so that marks, counters and rows
//! agree whoever writes at the same time.

mod adding;
mod correcting;
mod duplicates;
mod listing;
mod moment;
mod removal;
mod sharing;
mod shown;
mod status;

use std::collections::HashMap;

use domain::{
    audience::AudienceSummary,
    channel::{Category, Channel},
    email::Email,
    ids::{ImportId, RegistrantId, WorkshopId},
    message::SkipReason,
    name::PersonName,
    phone::Phone,
    time::Millis,
    workshop::RegistrantStatus,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
};

pub use correcting::{Corrected, Correction, PastCorrection};
pub(crate) use duplicates::{mark_numbers, renew_duplicate_marks, tally_of, tally_of_import};
pub(crate) use removal::{forget_beside, forget_elsewhere, forget_rows, raise_revision};
pub use sharing::SameNumber;

/// How the identity of somebody begins who was erased; nobody else's can, being hexadecimal.
const ERASED: &str = "erased-";

/// A person to put into a workshop; every value was checked before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRegistrant {
    /// Name, when there is one.
    pub name: Option<PersonName>,
    /// E-mail, when there is one.
    pub email: Option<Email>,
    /// Number, when what was typed is one.
    pub phone: Option<Phone>,
    /// What was typed as the number.
    pub phone_typed: String,
    /// When they registered, when the file says so.
    pub registered_at: Option<Millis>,
    /// Where the registration stands; `None` is registered.
    pub status: Option<RegistrantStatus>,
    /// Where they came from, in the words of the file; empty when it says nothing.
    pub came_from: String,
    /// Their other numbers in the file, in its order.
    pub other_phones: Vec<Phone>,
    /// The id that the list's maker gave the registration, by which a newer list knows it again; empty without one.
    pub reference: String,
}

impl NewRegistrant {
    /// A short key of number and identity, by which repeats are found in a long file. Two entries that are one
    /// registration have the same key. Two of a million different ones share one in one of forty million files.
    pub fn key(&self) -> u64 {
        key_of(self.phone.as_ref().map_or("", Phone::as_str), &self.identity())
    }

    /// What makes two entries with one number the same person: the name, the address and, without a number, what was
    /// typed for it.
    fn identity(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.name.as_ref().map_or(String::new(), |name| name.as_str().to_lowercase()));
        hash.update([0]);
        hash.update(self.email.as_ref().map_or(String::new(), |email| email.as_str().to_lowercase()));
        if self.phone.is_none() {
            hash.update([0]);
            hash.update(self.phone_typed.trim());
        }
        hex::encode(&hash.finalize()[..8])
    }
}

/// See [`NewRegistrant::key`].
pub(crate) fn key_of(phone: &str, identity: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(phone);
    hash.update([0]);
    hash.update(identity);
    u64::from_be_bytes(hash.finalize().first_chunk().copied().expect("SHA-256 has 32 bytes"))
}

/// The result of adding people. `new + already` is the number of rows given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Registrations that were made.
    pub new: u64,
    /// Rows whose person was registered before.
    pub already: u64,
    /// People that the organisation did not know before.
    pub lead_new: u64,
}

/// How a registration came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member typed it.
    ByHand,
    /// This import brought it.
    Import(ImportId),
}

impl Source {
    fn word(self) -> &'static str {
        match self {
            Source::ByHand => "by_hand",
            Source::Import(_) => "import",
        }
    }

    fn import(self) -> Option<Uuid> {
        match self {
            Source::ByHand => None,
            Source::Import(id) => Some(id.0),
        }
    }
}

/// A registrant as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// Id of the registration.
    pub id: RegistrantId,
    /// The workshop of the registration.
    pub workshop: WorkshopId,
    /// Name; may be empty.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// E.164; empty when there is none or none that can be read.
    pub phone: String,
    /// What was typed as the number.
    pub phone_typed: String,
    /// The status of the registration.
    pub status: RegistrantStatus,
    /// Why nothing can be sent to this person, whatever the message; `None` where something can.
    pub mark: Option<SkipReason>,
    /// Whether the person must not be contacted on some channel.
    pub suppressed: bool,
    /// How the registration came: `by_hand` or `import`.
    pub source: String,
    /// Where they came from, in the words of a file; may be empty.
    pub came_from: String,
    /// Their other numbers in the file, E.164, with a space between two; mostly empty.
    pub other_phones: String,
    /// The id that the list's maker gave the registration; mostly empty.
    pub reference: String,
    /// The import that brought the registration; `None` where a member typed it.
    pub import: Option<ImportId>,
    /// When they registered.
    pub registered_at: Millis,
    /// When they registered again or their number was corrected; `None` for nearly everybody.
    pub back_at: Option<Millis>,
    /// Whether the person was erased. The registration keeps its place.
    pub is_erased: bool,
}

/// Which registrants a list shows. Each of these is a number on a screen that leads to its people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All registrations of the workshop, whatever their status.
    #[default]
    All,
    /// Registered people without a number.
    NoPhone,
    /// Registered people with a typed text that is not a number.
    InvalidPhone,
    /// Registered people with a landline of their own.
    Landline,
    /// Registered people with the number of an earlier registration.
    Duplicate,
    /// Registered people who must not be contacted on some channel.
    Suppressed,
    /// Registered people with a number of their own who agreed to promotion on no channel.
    NoConsent,
    /// Registrations without a name, whatever their status.
    NoName,
    /// Registrations with this status.
    Status(RegistrantStatus),
}

/// Which registrants a page of the list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrantFilter {
    /// Which registrants the list shows.
    pub which: Which,
    /// Words of names, addresses and numbers, in any order (`domain::search`); empty for all.
    pub search: String,
    /// The last registrant of the page before; `None` for the first page.
    pub after: Option<RegistrantId>,
    /// The largest number of registrants.
    pub limit: i64,
}

/// The number of registrations of a workshop in each respect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistrantCounts {
    /// Registrations of people who have a place.
    pub registered: i64,
    /// Registrations of people who gave the place back.
    pub cancelled: i64,
    /// Registrations of people who got the money back.
    pub refunded: i64,
    /// Registered people without a number.
    pub no_phone: i64,
    /// Registered people with a typed text that is not a number.
    pub invalid_phone: i64,
    /// Registered people with a landline of their own, which no text reaches.
    pub landline: i64,
    /// Registered people with the number of an earlier registration.
    pub duplicate: i64,
    /// Registered people with an e-mail address.
    pub with_email: i64,
    /// Registered people with a mobile number of their own and without a name.
    pub without_name: i64,
}

/// What a change of status did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusChanged {
    /// Messages that waited for this person and were taken out.
    pub messages_skipped: u64,
}

#[derive(sqlx::FromRow)]
struct RegistrantRow {
    id: Uuid,
    workshop_id: Uuid,
    name: String,
    email: String,
    phone: String,
    phone_typed: String,
    status: String,
    mark: String,
    suppressed: bool,
    source: String,
    came_from: String,
    other_phones: String,
    reference: String,
    import_id: Option<Uuid>,
    registered_at: i64,
    back_id: Option<Uuid>,
    is_erased: bool,
}

impl Registrant {
    /// Steps of a plan that went before this moment did not concern the person.
    pub fn came_at(&self) -> Millis {
        self.back_at.unwrap_or(self.registered_at)
    }
}

impl TryFrom<RegistrantRow> for Registrant {
    type Error = StoreError;
    fn try_from(row: RegistrantRow) -> Result<Registrant, StoreError> {
        Ok(Registrant {
            id: RegistrantId(row.id),
            workshop: WorkshopId(row.workshop_id),
            name: row.name,
            email: row.email,
            phone: row.phone,
            phone_typed: row.phone_typed,
            status: word("registrants", "status", &row.status)?,
            mark: mark_from(&row.mark)?,
            suppressed: row.suppressed,
            source: row.source,
            came_from: row.came_from,
            other_phones: row.other_phones,
            reference: row.reference,
            import: row.import_id.map(ImportId),
            registered_at: Millis(row.registered_at),
            back_at: row.back_id.map(crate::plans::instant_of),
            is_erased: row.is_erased,
        })
    }
}

pub(crate) fn mark_from(text: &str) -> Result<Option<SkipReason>, StoreError> {
    if text.is_empty() { Ok(None) } else { word("registrants", "mark", text).map(Some) }
}

/// The mark of those whom this channel reaches besides those without one; none where it is empty.
fn mark_reached(channel: Channel) -> &'static str {
    if channel.reaches_landlines() { SkipReason::Landline.word() } else { "" }
}

pub(crate) use self::moment::Moment;

/// Steps that went before now did not concern this person, as if they registered now: they registered again, or no message
/// could reach the number before its correction. Whom a step told under the same number it does not tell again.
async fn comes_late(
    tx: &mut Tx,
    workshop: WorkshopId,
    id: RegistrantId,
    now: Millis,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE registrants SET back_id = $3 WHERE workshop_id = $1 AND id = $2",
        args![workshop.0, id.0, RegistrantId::new(now).0],
    )
    .await?;
    Ok(())
}

impl Org {
    /// Holds the workshop's row until the transaction ends, so that nobody else changes its registrants; its status.
    pub(crate) async fn hold(&self, tx: &mut Tx, workshop: WorkshopId) -> Result<String, StoreError> {
        let (status,): (String,) = tx
            .one(
                "SELECT status FROM workshops WHERE organization_id = $1 AND id = $2 FOR UPDATE",
                args![self.id(), workshop.0],
            )
            .await?;
        Ok(status)
    }

    /// One registrant.
    pub async fn registrant(&self, workshop: WorkshopId, id: RegistrantId) -> Result<Registrant, StoreError> {
        let row: RegistrantRow = self
            .db
            .one(
                "SELECT r.id, r.workshop_id, r.name, r.email, r.phone, r.phone_typed, r.status, r.mark, r.source, r.import_id,
                        r.came_from, r.other_phones, r.reference, r.registered_at, r.back_id, r.identity LIKE 'erased-%' AS is_erased,
                        r.phone <> '' AND EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = r.organization_id
                                                  AND s.phone = r.phone AND s.phone <> '') AS suppressed
                 FROM @registrants r WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id = $3",
                args![self.id(), workshop.0, id.0],
            )
            .await?;
        row.try_into()
    }

    /// How many registrants of a workshop are what. Read from counters: a page may ask at any size.
    pub async fn registrant_counts(&self, workshop: WorkshopId) -> Result<RegistrantCounts, StoreError> {
        let rows: Vec<(String, i64)> = self
            .db
            .all(
                "SELECT c.what, c.n FROM workshop_counts c JOIN workshops w ON w.id = c.workshop_id
                 WHERE w.organization_id = $1 AND c.workshop_id = $2",
                args![self.id(), workshop.0],
            )
            .await?;
        let counts: HashMap<String, i64> = rows.into_iter().collect();
        let n = |what: &str| counts.get(what).copied().unwrap_or(0);
        Ok(RegistrantCounts {
            registered: n("registered"),
            cancelled: n("cancelled"),
            refunded: n("refunded"),
            no_phone: n("no_phone"),
            invalid_phone: n("invalid_phone"),
            landline: n("landline"),
            duplicate: n("duplicate"),
            with_email: n("with_email"),
            without_name: n("without_name"),
        })
    }

    /// How many registrations were made since an instant, counted up to `limit`: ids grow with time, so only those are
    /// looked at.
    pub async fn registered_since(
        &self,
        workshop: WorkshopId,
        since: Millis,
        limit: i64,
    ) -> Result<i64, StoreError> {
        let ms = u128::try_from(since.0).unwrap_or(0);
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM (SELECT 1 FROM @registrants r
                                       WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id >= $3 LIMIT $4) AS lately",
                args![self.id(), workshop.0, Uuid::from_u128(ms << 80), limit],
            )
            .await?;
        Ok(n)
    }

    /// The people that a message of that category on that channel would reach, and why others are left out. `bad_value`
    /// is 0: only the template knows it.
    pub async fn audience(
        &self,
        workshop: WorkshopId,
        channel: Channel,
        category: Category,
    ) -> Result<AudienceSummary, StoreError> {
        let counts = self.registrant_counts(workshop).await?;
        // From the list of suppressions, which is short, into the workshop, which is not.
        let (suppressed, nameless): (i64, i64) = self
            .db
            .one(
                "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN r.name = '' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM (SELECT DISTINCT phone FROM suppressions
                       WHERE organization_id = $1 AND phone <> '' AND channel IN ('all', $3) AND category IN ('all', $4)) s
                 CROSS JOIN @registrants r
                 WHERE r.workshop_id = $2 AND r.phone = s.phone AND r.organization_id = $1
                   AND r.status = 'registered' AND r.mark IN ('', $5)",
                args![self.id(), workshop.0, channel.word(), category.word(), mark_reached(channel)],
            )
            .await?;
        let landline = if channel.reaches_landlines() { 0 } else { counts.landline };
        let left_out = counts.no_phone + counts.invalid_phone + landline + counts.duplicate + suppressed;
        let mut summary = AudienceSummary {
            total: counts.registered,
            reachable: counts.registered - left_out,
            missing_phone: counts.no_phone,
            invalid: counts.invalid_phone,
            landline,
            duplicate: counts.duplicate,
            suppressed,
            no_consent: 0,
            bad_value: 0,
            with_email: counts.with_email,
            without_name: counts.without_name - nameless,
        };
        if category == Category::Marketing {
            let (agreed, nameless) = self.agreed(workshop, channel, category).await?;
            summary.no_consent = summary.reachable - agreed;
            summary.reachable = agreed;
            summary.without_name = nameless;
        }
        Ok(summary)
    }

    /// Of the people whom a message could reach, those who agreed to that category on that channel; and of these, those
    /// without a name.
    async fn agreed(
        &self,
        workshop: WorkshopId,
        channel: Channel,
        category: Category,
    ) -> Result<(i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN r.name = '' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM (SELECT DISTINCT c.phone FROM consents c
                       WHERE c.organization_id = $1 AND c.phone <> '' AND c.withdrawn_at IS NULL AND c.channel IN ('all', $3)
                         AND c.category = $4
                         AND NOT EXISTS (SELECT 1 FROM suppressions_lifted l
                                         WHERE l.organization_id = $1 AND l.phone_key = c.phone_key
                                           AND l.channel IN ('all', $3) AND l.category IN ('all', $4)
                                           AND l.source IN ('person', 'link') AND l.lifted_by <> ''
                                           AND l.created_at >= c.given_at)
                         AND NOT EXISTS (SELECT 1 FROM suppressions s
                                         WHERE s.organization_id = $1 AND s.phone_key = c.phone_key
                                           AND s.channel IN ('all', $3) AND s.category IN ('all', $4))) a
                 CROSS JOIN @registrants r
                 WHERE r.workshop_id = $2 AND r.phone = a.phone AND r.organization_id = $1
                   AND r.status = 'registered' AND r.mark IN ('', $5)",
                args![self.id(), workshop.0, channel.word(), category.word(), mark_reached(channel)],
            )
            .await
    }
}
