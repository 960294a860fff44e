//! Registrants: a person's place in a workshop, and how many are what.
//!
//! From a batch into the table it is always CROSS JOIN: SQLite then keeps that order, where it would otherwise walk the whole table.
//! Every change here holds the workshop's row first, so that marks, counters and rows agree whoever writes at the same time.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    channel::{Category, Channel},
    checks::AudienceSummary,
    email::Email,
    ids::{ImportId, RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    name::PersonName,
    phone::Phone,
    role::Permission,
    time::Millis,
    workshop::RegistrantStatus,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    messages::{CountMoves, move_counts},
    org::Org,
    workshops::contains,
};

/// Rows bound to one statement; more make no difference to the speed and hold more memory.
const ROWS_PER_STATEMENT: usize = 2_000;
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
}

impl NewRegistrant {
    /// The same for two entries that are one registration: number and identity, in few bytes, to find repeats in a long file.
    pub fn key(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.phone.as_ref().map_or("", Phone::as_str));
        hash.update([0]);
        hash.update(self.identity());
        hash.finalize().first_chunk().copied().expect("SHA-256 has 32 bytes")
    }

    /// What makes two entries with one number the same person: the name, the address and, without a number, what was typed for it.
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

/// What adding people did. `new + already` is the number of rows given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Registrations made.
    pub new: u64,
    /// Rows whose person was registered before.
    pub already: u64,
    /// People that the organisation did not know before.
    pub lead_new: u64,
}

/// Where a registration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Typed by a member.
    ByHand,
    /// A file.
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
    /// Which.
    pub id: RegistrantId,
    /// In which workshop.
    pub workshop: WorkshopId,
    /// Name; may be empty.
    pub name: String,
    /// E-mail; may be empty.
    pub email: String,
    /// E.164; empty when there is none or none that can be read.
    pub phone: String,
    /// What was typed as the number.
    pub phone_typed: String,
    /// Where the registration stands.
    pub status: RegistrantStatus,
    /// Why nothing can be told to this person, whatever the message.
    pub mark: Option<SkipReason>,
    /// On the list of people who must not be contacted, on some channel.
    pub suppressed: bool,
    /// `by_hand` or `import`.
    pub source: String,
    /// Where they came from, in the words of a file; may be empty.
    pub came_from: String,
    /// The import that brought them.
    pub import: Option<ImportId>,
    /// When they registered.
    pub registered_at: Millis,
    /// Who they were was erased; their place is kept.
    pub is_erased: bool,
}

/// Which registrants a list shows. One at a time: each is a number on a screen and leads to its people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Everyone.
    #[default]
    All,
    /// Registered, without a number.
    NoPhone,
    /// Registered, with something typed that is no number.
    InvalidPhone,
    /// Registered, with the number of an earlier registration.
    Duplicate,
    /// Registered, and on the list of people who must not be contacted on some channel.
    Suppressed,
    /// Registered, with a number of their own, who agreed to promotion on no channel.
    NoConsent,
    /// Without a name.
    NoName,
    /// By where the registration stands.
    Status(RegistrantStatus),
}

/// A page of the list of registrants, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrantFilter {
    /// Which ones.
    pub which: Which,
    /// A part of a name, or of a number; empty for all.
    pub search: String,
    /// The last one seen.
    pub after: Option<RegistrantId>,
    /// Rows at most.
    pub limit: i64,
}

/// How many registrants of a workshop are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistrantCounts {
    /// Have a place.
    pub registered: i64,
    /// Gave it back.
    pub cancelled: i64,
    /// Got the money back.
    pub refunded: i64,
    /// Registered, without a number.
    pub no_phone: i64,
    /// Registered, with something typed that is no number.
    pub invalid_phone: i64,
    /// Registered, with the number of an earlier registration.
    pub duplicate: i64,
    /// Registered, with an e-mail address.
    pub with_email: i64,
    /// Registered, with a number of their own, without a name.
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
    import_id: Option<Uuid>,
    registered_at: i64,
    is_erased: bool,
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
            import: row.import_id.map(ImportId),
            registered_at: Millis(row.registered_at),
            is_erased: row.is_erased,
        })
    }
}

pub(crate) fn mark_from(text: &str) -> Result<Option<SkipReason>, StoreError> {
    if text.is_empty() { Ok(None) } else { word("registrants", "mark", text).map(Some) }
}

/// Registrants of a workshop, newest first. The condition stands at the call: a query is one text in full view.
macro_rules! select_registrants {
    ($which:literal) => {
        concat!(
            "SELECT r.id, r.workshop_id, r.name, r.email, r.phone, r.phone_typed, r.status, r.mark, r.source, r.import_id,
                    r.came_from, r.registered_at, r.identity LIKE 'erased-%' AS is_erased,
                    r.phone <> '' AND EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = r.organization_id
                                              AND s.phone = r.phone AND s.phone <> '') AS suppressed
             FROM registrants r
             WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id < $3
               AND ($4 = '%%' OR lower(r.name) LIKE lower($4) ESCAPE '\\' OR r.phone LIKE $5 ESCAPE '\\'
                    OR lower(r.email) LIKE lower($4) ESCAPE '\\') ",
            $which,
            " ORDER BY r.id DESC LIMIT $6"
        )
    };
}

impl Org {
    /// A page of a workshop's registrants, newest first.
    pub async fn registrants(
        &self,
        workshop: WorkshopId,
        filter: &RegistrantFilter,
    ) -> Result<Vec<Registrant>, StoreError> {
        let sql = match filter.which {
            Which::All => select_registrants!(""),
            Which::NoPhone => {
                select_registrants!("AND r.mark = 'no_phone' AND r.mark <> '' AND r.status = 'registered'")
            }
            Which::InvalidPhone => {
                select_registrants!(
                    "AND r.mark = 'invalid_phone' AND r.mark <> '' AND r.status = 'registered'"
                )
            }
            Which::Duplicate => {
                select_registrants!("AND r.mark = 'duplicate' AND r.mark <> '' AND r.status = 'registered'")
            }
            Which::Suppressed => select_registrants!(
                "AND r.status = 'registered' AND r.id IN
                     (SELECT n.id FROM suppressions s CROSS JOIN registrants n
                      WHERE s.organization_id = $1 AND s.phone <> '' AND n.workshop_id = $2 AND n.phone = s.phone)"
            ),
            Which::NoConsent => select_registrants!(
                "AND r.status = 'registered' AND r.mark = '' AND NOT EXISTS
                     (SELECT 1 FROM consents c
                      WHERE c.organization_id = $1 AND c.phone = r.phone AND c.phone <> '' AND c.withdrawn_at IS NULL)"
            ),
            Which::NoName => select_registrants!("AND r.name = ''"),
            Which::Status(RegistrantStatus::Registered) => {
                select_registrants!("AND r.status = 'registered'")
            }
            Which::Status(RegistrantStatus::Cancelled) => {
                select_registrants!("AND r.status = 'cancelled' AND r.status <> 'registered'")
            }
            Which::Status(RegistrantStatus::Refunded) => {
                select_registrants!("AND r.status = 'refunded' AND r.status <> 'registered'")
            }
        };
        let digits: String = filter.search.chars().filter(char::is_ascii_digit).collect();
        // Two digits or less are found in half of all numbers, and letters are a name.
        let is_number = digits.len() > 2 && !filter.search.chars().any(char::is_alphabetic);
        // No number holds a hyphen.
        let number = if is_number { contains(&digits) } else { "-".to_owned() };
        let rows: Vec<RegistrantRow> = self
            .db
            .all(
                sql,
                args![
                    self.id(),
                    workshop.0,
                    filter.after.map_or(Uuid::max(), |id| id.0),
                    contains(&filter.search),
                    number,
                    filter.limit
                ],
            )
            .await?;
        rows.into_iter().map(Registrant::try_from).collect()
    }

    /// One registrant.
    pub async fn registrant(&self, workshop: WorkshopId, id: RegistrantId) -> Result<Registrant, StoreError> {
        let row: RegistrantRow = self
            .db
            .one(
                "SELECT r.id, r.workshop_id, r.name, r.email, r.phone, r.phone_typed, r.status, r.mark, r.source, r.import_id,
                        r.came_from, r.registered_at, r.identity LIKE 'erased-%' AS is_erased,
                        r.phone <> '' AND EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = r.organization_id
                                                  AND s.phone = r.phone AND s.phone <> '') AS suppressed
                 FROM registrants r WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id = $3",
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
            duplicate: n("duplicate"),
            with_email: n("with_email"),
            without_name: n("without_name"),
        })
    }

    /// How many registrations were made since an instant, counted up to `limit`: ids grow with time, so only those are looked at.
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
                "SELECT COUNT(*) FROM (SELECT 1 FROM registrants
                                       WHERE organization_id = $1 AND workshop_id = $2 AND id >= $3 LIMIT $4) AS lately",
                args![self.id(), workshop.0, Uuid::from_u128(ms << 80), limit],
            )
            .await?;
        Ok(n)
    }

    /// The people that a message of that category on that channel would reach, and why others are left out. `bad_value` is 0:
    /// only the template knows it.
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
                 CROSS JOIN registrants r
                 WHERE r.workshop_id = $2 AND r.phone = s.phone AND r.organization_id = $1
                   AND r.status = 'registered' AND r.mark = ''",
                args![self.id(), workshop.0, channel.word(), category.word()],
            )
            .await?;
        let left_out = counts.no_phone + counts.invalid_phone + counts.duplicate + suppressed;
        let mut summary = AudienceSummary {
            total: counts.registered,
            reachable: counts.registered - left_out,
            missing_phone: counts.no_phone,
            invalid: counts.invalid_phone,
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

    /// Of the people whom a message could reach, those who agreed to that category on that channel; and of these, those without a name.
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
                 CROSS JOIN registrants r
                 WHERE r.workshop_id = $2 AND r.phone = a.phone AND r.organization_id = $1
                   AND r.status = 'registered' AND r.mark = ''",
                args![self.id(), workshop.0, channel.word(), category.word()],
            )
            .await
    }

    /// Registers one person by hand.
    pub async fn add_registrant(
        &self,
        workshop: WorkshopId,
        person: NewRegistrant,
        now: Millis,
    ) -> Result<Added, StoreError> {
        let mut tx = self.begin_adding(workshop).await?;
        let added = self.add_rows(&mut tx, workshop, Source::ByHand, vec![person], now).await?;
        self.note(&mut tx, "registrant.added", workshop, &format!("new={}", added.new), now).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Registers many people in one transaction. Given the same rows again it adds nobody. Give up to some 20,000 rows: more hold
    /// the only writer of SQLite for long, fewer pay for more commits.
    pub async fn add_registrants(
        &self,
        workshop: WorkshopId,
        import: ImportId,
        rows: Vec<NewRegistrant>,
        now: Millis,
    ) -> Result<Added, StoreError> {
        let mut tx = self.begin_adding(workshop).await?;
        let added = self.add_rows(&mut tx, workshop, Source::Import(import), rows, now).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// How many of these people are registered in that workshop already; changes nothing.
    pub async fn count_registered(
        &self,
        workshop: WorkshopId,
        rows: Vec<NewRegistrant>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let rows = fresh(rows, None, now);
        let mut already = 0;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            // With the number first, so that the key's index serves it.
            let batch = Batch::new()
                .texts("phone", chunk.iter().map(|row| row.phone.clone()))
                .texts("identity", chunk.iter().map(|row| row.identity.clone()));
            let found: Vec<(i64,)> = self
                .db
                .all_batch(
                    "SELECT COUNT(r.id) FROM @batch LEFT JOIN registrants r
                     ON r.workshop_id = $2 AND r.phone = b.phone AND r.identity = b.identity AND r.organization_id = $1",
                    args![self.id(), workshop.0],
                    batch,
                )
                .await?;
            already += found.first().map_or(0, |(n,)| n.unsigned_abs());
        }
        Ok(already)
    }

    async fn begin_adding(&self, workshop: WorkshopId) -> Result<Tx, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        if self.hold(&mut tx, workshop).await? == "cancelled" {
            return Err(StoreError::Stale);
        }
        // There is somebody to erase again.
        tx.run(
            "UPDATE workshops SET erased_at = NULL WHERE id = $1 AND erased_at IS NOT NULL",
            args![workshop.0],
        )
        .await?;
        Ok(tx)
    }

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

    async fn add_rows(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        source: Source,
        rows: Vec<NewRegistrant>,
        now: Millis,
    ) -> Result<Added, StoreError> {
        let given = rows.len();
        let newest: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM registrants WHERE workshop_id = $1 ORDER BY id DESC LIMIT 1",
                args![workshop.0],
            )
            .await?;
        let mut rows = fresh(rows, newest.map(|(id,)| id), now);
        // In the order of the unique key: each page of it is then read and written once, which is most of an import's work.
        rows.sort_unstable_by(|a, b| (&a.phone, &a.identity, a.id).cmp(&(&b.phone, &b.identity, b.id)));
        rows.dedup_by(|later, first| (&later.phone, &later.identity) == (&first.phone, &first.identity));

        let mut tally = Tally::default();
        let mut added = Added::default();
        while !rows.is_empty() {
            let rest = rows.split_off(end_of_statement(&rows));
            let mut chunk = std::mem::replace(&mut rows, rest);
            self.leave_out_known(tx, workshop, &mut chunk).await?;
            chunk.iter().for_each(|row| tally.add(&row.traits(), 1));
            added.new += chunk.len() as u64;
            added.lead_new += self.insert(tx, workshop, source, chunk, now).await?;
        }
        added.already = given as u64 - added.new;
        tally.write(tx, workshop).await?;
        Ok(added)
    }

    /// Takes out rows that are registered already, and marks those whose number is.
    async fn leave_out_known(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        rows: &mut Vec<Fresh>,
    ) -> Result<(), StoreError> {
        let mut known = HashSet::new();
        let mut taken = HashSet::new();
        let mut numbers: Vec<_> =
            rows.iter().filter(|r| !r.phone.is_empty()).map(|r| r.phone.clone()).collect();
        numbers.dedup();
        if !numbers.is_empty() {
            let found: Vec<(String, String, String)> = tx
                .all_batch(
                    "SELECT r.phone, r.identity, r.status FROM @batch LEFT JOIN registrants r
                     ON r.workshop_id = $1 AND r.phone = b.phone WHERE COALESCE(r.status, '') <> ''",
                    args![workshop.0],
                    Batch::new().texts("phone", numbers),
                )
                .await?;
            for (phone, identity, status) in found {
                if status == RegistrantStatus::Registered.word() {
                    taken.insert(phone.clone());
                }
                known.insert((phone, identity));
            }
        }
        let phoneless: Vec<_> =
            rows.iter().filter(|r| r.phone.is_empty()).map(|r| r.identity.clone()).collect();
        if !phoneless.is_empty() {
            let found: Vec<(String,)> = tx
                .all_batch(
                    "SELECT r.identity FROM @batch LEFT JOIN registrants r
                     ON r.workshop_id = $1 AND r.phone = '' AND r.identity = b.identity WHERE COALESCE(r.status, '') <> ''",
                    args![workshop.0],
                    Batch::new().texts("identity", phoneless),
                )
                .await?;
            known.extend(found.into_iter().map(|(identity,)| (String::new(), identity)));
        }
        if !known.is_empty() {
            rows.retain(|row| !known.contains(&(row.phone.clone(), row.identity.clone())));
        }
        mark_duplicates(rows, &taken);
        Ok(())
    }

    /// Writes rows that are known to be new; how many people the organisation did not know.
    async fn insert(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        source: Source,
        rows: Vec<Fresh>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let leads: Vec<&Fresh> = rows.iter().filter(|row| !row.phone.is_empty()).collect();
        let batch = Batch::new()
            .uuids("id", leads.iter().map(|row| row.id))
            .texts("phone", leads.iter().map(|row| row.phone.clone()))
            .texts("name", leads.iter().map(|row| row.name.clone()))
            .texts("email", leads.iter().map(|row| row.email.clone()));
        let lead_new = tx
            .run_batch(
                "INSERT INTO leads (id, organization_id, phone, name, email, import_id, created_at)
                 SELECT b.id, $1, b.phone, b.name, b.email, $2, $3 FROM @batch WHERE TRUE
                 ON CONFLICT (organization_id, phone) DO NOTHING",
                args![self.id(), source.import(), now],
                batch,
            )
            .await?;
        let batch = Batch::new()
            .uuids("id", rows.iter().map(|row| row.id))
            .ints("registered_at", rows.iter().map(|row| row.registered_at))
            .texts("status", rows.iter().map(|row| row.status.word().to_owned()))
            .texts("mark", rows.iter().map(|row| row.mark.map_or("", SkipReason::word).to_owned()))
            .texts("identity", rows.iter().map(|row| row.identity.clone()))
            .texts("phone_typed", rows.iter().map(|row| row.phone_typed.clone()))
            .texts("came_from", rows.iter().map(|row| row.came_from.clone()));
        let (mut names, mut emails, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            names.push(row.name);
            emails.push(row.email);
            phones.push(row.phone);
        }
        tx.run_batch(
            "INSERT INTO registrants (id, organization_id, workshop_id, name, email, phone, phone_typed, status, mark, source,
                                      import_id, identity, registered_at, came_from)
             SELECT b.id, $1, $2, b.name, b.email, b.phone, b.phone_typed, b.status, b.mark, $3, $4, b.identity,
                    b.registered_at, b.came_from
             FROM @batch",
            args![self.id(), workshop.0, source.word(), source.import()],
            batch.texts("name", names).texts("email", emails).texts("phone", phones),
        )
        .await?;
        Ok(lead_new)
    }

    /// Sets where a registration stands. Leaving *registered* takes the person's waiting messages out of this workshop's broadcasts;
    /// the next registration with the same number, if there is one, becomes the one that is told.
    pub async fn set_registrant_status(
        &self,
        workshop: WorkshopId,
        id: RegistrantId,
        status: RegistrantStatus,
        now: Millis,
    ) -> Result<StatusChanged, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        self.hold(&mut tx, workshop).await?;
        let (phone,): (String,) = tx
            .one(
                "SELECT phone FROM registrants WHERE organization_id = $1 AND workshop_id = $2 AND id = $3",
                args![self.id(), workshop.0, id.0],
            )
            .await?;
        let mut group = same_number(&mut tx, workshop, id, &phone).await?;
        let mut tally = Tally::default();
        group.iter().for_each(|row| tally.add(&row.traits, -1));
        let before: Vec<_> = group.iter().map(|row| row.traits).collect();
        if let Some(row) = group.iter_mut().find(|row| row.id == id.0) {
            row.traits.status = status;
        }
        if !phone.is_empty() {
            mark_group(&mut group);
        }
        group.iter().for_each(|row| tally.add(&row.traits, 1));
        for (row, before) in group.iter().zip(before).filter(|(row, before)| row.traits != *before) {
            let mark = row.traits.mark.map_or("", SkipReason::word);
            tx.run(
                "UPDATE registrants SET status = $3, mark = $4 WHERE workshop_id = $1 AND id = $2",
                args![workshop.0, row.id, row.traits.status.word(), mark],
            )
            .await?;
            debug_assert!(row.id == id.0 || row.traits.status == before.status);
        }
        tally.write(&mut tx, workshop).await?;
        let messages_skipped = match status {
            RegistrantStatus::Registered => 0,
            RegistrantStatus::Cancelled | RegistrantStatus::Refunded => {
                self.skip_waiting(&mut tx, workshop, id, &phone, now).await?
            }
        };
        let detail = format!("{status} messages_skipped={messages_skipped}");
        self.note(&mut tx, "registrant.status", id, &detail, now).await?;
        tx.commit().await?;
        Ok(StatusChanged { messages_skipped })
    }

    /// Takes this registrant's waiting messages out of the workshop's open broadcasts. What is in flight may have gone out and stays.
    async fn skip_waiting(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        id: RegistrantId,
        phone: &str,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let skipped: Vec<(Uuid,)> = tx
            .all(
                "UPDATE messages SET state = 'skipped', reason = 'not_registered', reason_text = '', changed_at = $5
                 WHERE broadcast_id IN (SELECT id FROM broadcasts WHERE organization_id = $1 AND workshop_id = $2
                                        AND status IN ('planning', 'scheduled', 'in_progress', 'paused'))
                   AND recipient = $3 AND planned AND registrant_id = $4 AND state = 'waiting'
                 RETURNING broadcast_id",
                args![self.id(), workshop.0, phone, id.0, now],
            )
            .await?;
        let mut moves = CountMoves::default();
        for (broadcast,) in &skipped {
            moves.add(*broadcast, MessageState::Waiting, "", -1, 0);
            moves.add(*broadcast, MessageState::Skipped, SkipReason::NotRegistered.word(), 1, 0);
        }
        move_counts(tx, moves).await?;
        Ok(skipped.len() as u64)
    }
}

/// What the counters look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) status: RegistrantStatus,
    pub(crate) mark: Option<SkipReason>,
    pub(crate) has_email: bool,
    pub(crate) has_name: bool,
}

/// Changes to `workshop_counts`, gathered while rows change and written once.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, i64>);

impl Tally {
    /// `n` rows like this came (or, negative, went). No other code knows which counters a row is in.
    pub(crate) fn add(&mut self, row: &Traits, n: i64) {
        let mut count = |what| *self.0.entry(what).or_default() += n;
        count(row.status.word());
        if row.status != RegistrantStatus::Registered {
            return;
        }
        if let Some(mark) = row.mark {
            count(mark.word());
        } else if !row.has_name {
            count("without_name");
        }
        if row.has_email {
            count("with_email");
        }
    }

    pub(crate) async fn write(self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
        let changed: Vec<_> = self.0.into_iter().filter(|(_, n)| *n != 0).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let registered = changed.iter().find(|(what, _)| *what == "registered").map_or(0, |(_, n)| *n);
        let batch = Batch::new()
            .texts("what", changed.iter().map(|(what, _)| (*what).to_owned()))
            .ints("n", changed.iter().map(|(_, n)| *n));
        tx.run_batch(
            "INSERT INTO workshop_counts (workshop_id, what, n) SELECT $1, b.what, b.n FROM @batch WHERE TRUE
             ON CONFLICT (workshop_id, what) DO UPDATE SET n = workshop_counts.n + excluded.n",
            args![workshop.0],
            batch,
        )
        .await?;
        tx.run(
            "UPDATE workshops SET registrants = registrants + $2 WHERE id = $1",
            args![workshop.0, registered],
        )
        .await?;
        Ok(())
    }
}

/// A row about to be written.
#[derive(Debug)]
struct Fresh {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
    phone_typed: String,
    status: RegistrantStatus,
    mark: Option<SkipReason>,
    identity: String,
    registered_at: i64,
    came_from: String,
}

impl Fresh {
    fn traits(&self) -> Traits {
        Traits {
            status: self.status,
            mark: self.mark,
            has_email: !self.email.is_empty(),
            has_name: !self.name.is_empty(),
        }
    }
}

/// Rows with ids that grow in the given order, and from the workshop's `newest` on: the first of two with one number is the first
/// in the file, and who was entered before stays before, also within one millisecond or after a clock was set back.
fn fresh(rows: Vec<NewRegistrant>, newest: Option<Uuid>, now: Millis) -> Vec<Fresh> {
    // One random start and then one more each: 62 random bits leave room, and asking for random bits each time is slow.
    let first = RegistrantId::new(now).0.as_u128().max(newest.map_or(0, |id| id.as_u128() + 1));
    let make = |(at, row): (usize, NewRegistrant)| Fresh {
        id: Uuid::from_u128(first + at as u128),
        identity: row.identity(),
        mark: match (&row.phone, row.phone_typed.trim()) {
            (Some(_), _) => None,
            (None, "") => Some(SkipReason::NoPhone),
            (None, _) => Some(SkipReason::InvalidPhone),
        },
        name: row.name.map_or(String::new(), |name| name.as_str().to_owned()),
        email: row.email.map_or(String::new(), |email| email.as_str().to_owned()),
        phone: row.phone.map_or(String::new(), |phone| phone.as_str().to_owned()),
        phone_typed: row.phone_typed.trim().to_owned(),
        status: row.status.unwrap_or(RegistrantStatus::Registered),
        registered_at: row.registered_at.unwrap_or(now).0,
        came_from: row.came_from,
    };
    rows.into_iter().enumerate().map(make).collect()
}

/// Where to cut sorted rows: about [`ROWS_PER_STATEMENT`], never between two of one number.
fn end_of_statement(rows: &[Fresh]) -> usize {
    let mut end = ROWS_PER_STATEMENT.min(rows.len());
    while end < rows.len() && !rows[end].phone.is_empty() && rows[end].phone == rows[end - 1].phone {
        end += 1;
    }
    end
}

/// Which of the registrations with one number is told: the one that was entered first among those that stand. No other code
/// decides this; screens, counters and the planner read the mark that the others get.
fn told(group: impl IntoIterator<Item = (Uuid, RegistrantStatus)>) -> Option<Uuid> {
    let standing = group.into_iter().filter(|(_, status)| *status == RegistrantStatus::Registered);
    standing.map(|(id, _)| id).min()
}

/// Marks the later ones of each number, and all of a number that is `taken`: whoever has it was entered before. Rows are sorted
/// by number.
fn mark_duplicates(rows: &mut [Fresh], taken: &HashSet<String>) {
    for group in rows.chunk_by_mut(|a, b| a.phone == b.phone) {
        if group[0].phone.is_empty() {
            continue;
        }
        let registered = |row: &&mut Fresh| row.status == RegistrantStatus::Registered;
        let taken = taken.contains(&group[0].phone);
        let first = told(group.iter().map(|row| (row.id, row.status))).filter(|_| !taken);
        for row in group.iter_mut().filter(registered) {
            row.mark = (Some(row.id) != first).then_some(SkipReason::Duplicate);
        }
    }
}

/// A stored row as marks and counters see it.
struct Stored {
    id: Uuid,
    traits: Traits,
}

#[derive(sqlx::FromRow)]
struct StoredRow {
    id: Uuid,
    status: String,
    mark: String,
    has_email: bool,
    has_name: bool,
}

impl TryFrom<StoredRow> for Stored {
    type Error = StoreError;
    fn try_from(row: StoredRow) -> Result<Stored, StoreError> {
        let traits = Traits {
            status: word("registrants", "status", &row.status)?,
            mark: mark_from(&row.mark)?,
            has_email: row.has_email,
            has_name: row.has_name,
        };
        Ok(Stored { id: row.id, traits })
    }
}

/// The registrations with one number, first one first; without a number, that registration alone.
async fn same_number(
    tx: &mut Tx,
    workshop: WorkshopId,
    id: RegistrantId,
    phone: &str,
) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<StoredRow> = tx
        .all(
            "SELECT id, status, mark, email <> '' AS has_email, name <> '' AS has_name FROM registrants
             WHERE workshop_id = $1 AND phone = $2 AND (phone <> '' OR id = $3) ORDER BY id",
            args![workshop.0, phone, id.0],
        )
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Marks all but the first registered one. One that gave the place back is no duplicate of anybody.
fn mark_group(group: &mut [Stored]) {
    let first = told(group.iter().map(|row| (row.id, row.traits.status)));
    for row in group {
        let registered = row.traits.status == RegistrantStatus::Registered;
        row.traits.mark = (registered && Some(row.id) != first).then_some(SkipReason::Duplicate);
    }
}

/// What an undo took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOut {
    /// Registrations deleted.
    pub deleted: u64,
    /// Registrations that a message was planned for, and which stay.
    pub kept: u64,
    /// People that only this import had brought.
    pub leads: u64,
    /// The last one looked at; `None` when there are no more.
    pub next: Option<RegistrantId>,
}

impl Org {
    /// Takes away up to `limit` registrants of an import, from `after` on, in one transaction.
    pub(crate) async fn take_out(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        after: Option<RegistrantId>,
        limit: i64,
    ) -> Result<TakenOut, StoreError> {
        let mut tx = self.db.begin().await?;
        self.hold(&mut tx, workshop).await?;
        let mut rows: Vec<TakenRow> = tx
            .all(
                "SELECT r.id, r.phone,
                        EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                                WHERE o.workshop_id = r.workshop_id AND m.recipient = r.phone AND m.planned
                                  AND m.registrant_id = r.id) AS told
                 FROM registrants r
                 WHERE r.organization_id = $1 AND r.import_id = $2 AND r.id > $3 AND r.workshop_id = $4
                 ORDER BY r.id LIMIT $5",
                args![self.id(), import.0, after.map_or(Uuid::nil(), |id| id.0), workshop.0, limit],
            )
            .await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(TakenOut::default()) };
        let looked_at = rows.len() as u64;
        rows.retain(|row| !row.told);
        let deleted = rows.len() as u64;
        let mut phones: Vec<_> = rows.iter().map(|row| row.phone.clone()).filter(|p| !p.is_empty()).collect();
        phones.sort_unstable();
        phones.dedup();

        let mut tally = Tally::default();
        for (_, traits) in with_numbers(&mut tx, workshop, &phones).await? {
            tally.add(&traits.traits, -1);
        }
        let phoneless: Vec<_> = rows.iter().filter(|row| row.phone.is_empty()).map(|row| row.id).collect();
        for traits in by_id(&mut tx, workshop, phoneless).await? {
            tally.add(&traits.traits, -1);
        }
        tx.run_batch(
            "DELETE FROM registrants WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0],
            Batch::new().uuids("id", rows.iter().map(|row| row.id)),
        )
        .await?;
        // Those left with these numbers may have a new first one.
        let left = with_numbers(&mut tx, workshop, &phones).await?;
        let mut unmarked = Vec::new();
        for group in left.chunk_by(|a, b| a.0 == b.0) {
            let mut group: Vec<_> =
                group.iter().map(|(_, row)| Stored { id: row.id, traits: row.traits }).collect();
            let before: Vec<_> = group.iter().map(|row| row.traits.mark).collect();
            mark_group(&mut group);
            for (row, before) in group.iter().zip(before) {
                tally.add(&row.traits, 1);
                if row.traits.mark != before {
                    unmarked.push(row.id);
                }
            }
        }
        tx.run_batch(
            "UPDATE registrants SET mark = '' WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0],
            Batch::new().uuids("id", unmarked),
        )
        .await?;
        let leads = tx
            .run_batch(
                "DELETE FROM leads WHERE organization_id = $1 AND import_id = $2
                   AND phone IN (SELECT b.phone FROM @batch)
                   AND NOT EXISTS (SELECT 1 FROM workshops w JOIN registrants r ON r.workshop_id = w.id
                                   WHERE w.organization_id = $1 AND r.phone = leads.phone)",
                args![self.id(), import.0],
                Batch::new().texts("phone", phones),
            )
            .await?;
        tally.write(&mut tx, workshop).await?;
        tx.commit().await?;
        Ok(TakenOut { deleted, kept: looked_at - deleted, leads, next: Some(RegistrantId(last)) })
    }
}

#[derive(sqlx::FromRow)]
struct TakenRow {
    id: Uuid,
    phone: String,
    told: bool,
}

#[derive(sqlx::FromRow)]
struct NumberedRow {
    phone: String,
    #[sqlx(flatten)]
    row: StoredRow,
}

/// The registrations with these numbers, by number, first one first.
async fn with_numbers(
    tx: &mut Tx,
    workshop: WorkshopId,
    phones: &[String],
) -> Result<Vec<(String, Stored)>, StoreError> {
    let rows: Vec<NumberedRow> = tx
        .all_batch(
            "SELECT r.phone, r.id, r.status, r.mark, r.email <> '' AS has_email, r.name <> '' AS has_name
             FROM @batch LEFT JOIN registrants r ON r.workshop_id = $1 AND r.phone = b.phone
             WHERE COALESCE(r.status, '') <> '' ORDER BY r.phone, r.id",
            args![workshop.0],
            Batch::new().texts("phone", phones.to_vec()),
        )
        .await?;
    rows.into_iter().map(|row| Ok((row.phone, Stored::try_from(row.row)?))).collect()
}

async fn by_id(tx: &mut Tx, workshop: WorkshopId, ids: Vec<Uuid>) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<StoredRow> = tx
        .all_batch(
            "SELECT r.id, r.status, r.mark, r.email <> '' AS has_email, r.name <> '' AS has_name
             FROM @batch LEFT JOIN registrants r ON r.workshop_id = $1 AND r.id = b.id
             WHERE COALESCE(r.status, '') <> ''",
            args![workshop.0],
            Batch::new().uuids("id", ids),
        )
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Takes name, number and e-mail out of these registrations; places, states and counts stay, each without a number now. The caller holds
/// the workshop's row.
pub(crate) async fn forget_rows(
    tx: &mut Tx,
    workshop: WorkshopId,
    ids: Vec<Uuid>,
) -> Result<u64, StoreError> {
    let mut tally = Tally::default();
    let rows = by_id(tx, workshop, ids).await?;
    for row in &rows {
        tally.add(&row.traits, -1);
        let registered = row.traits.status == RegistrantStatus::Registered;
        let mark = registered.then_some(SkipReason::NoPhone);
        tally.add(&Traits { mark, has_email: false, has_name: false, ..row.traits }, 1);
    }
    let batch = Batch::new()
        .uuids("id", rows.iter().map(|row| row.id))
        .texts("identity", rows.iter().map(|row| format!("{ERASED}{}", row.id)));
    let n = tx
        .run_batch(
            "UPDATE registrants SET name = '', email = '', phone = '', phone_typed = '', came_from = '', identity = b.identity,
                    mark = CASE WHEN registrants.status = 'registered' THEN 'no_phone' ELSE '' END
             FROM @batch WHERE registrants.workshop_id = $1 AND registrants.id = b.id",
            args![workshop.0],
            batch,
        )
        .await?;
    tally.write(tx, workshop).await?;
    Ok(n)
}
