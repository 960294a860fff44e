//! Adding people: new ones in, those who are registered already left as they are.

use std::collections::HashSet;

use domain::{
    ids::{ImportId, RegistrantId, WorkshopId},
    message::SkipReason,
    phone::Phone,
    role::Permission,
    time::Millis,
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::{
    Added, NewRegistrant, Source,
    duplicates::{Tally, Traits, mark_of_number, told},
    removal::clear_hidden,
};
use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    org::Org,
    search::Blocks,
};

/// Rows bound to one statement; more make no difference to the speed and hold more memory.
const ROWS_PER_STATEMENT: usize = 2_000;

/// Rows of one call that are indexed at once. With more, the index would decide how fast an import is: 25,000 rows a second instead of
/// 87,000.
const INDEXED_AT_ONCE: usize = 2_000;

impl Org {
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
    /// the only writer of SQLite for long, fewer pay for more commits. A few are in the index of people at
    /// once, by a second transaction; those of a large import come into it behind them (`Work::index_people`).
    pub async fn add_registrants(
        &self,
        workshop: WorkshopId,
        import: ImportId,
        rows: Vec<NewRegistrant>,
        now: Millis,
    ) -> Result<Added, StoreError> {
        let mut tx = self.begin_adding(workshop).await?;
        let given = rows.len();
        let added = self.add_rows(&mut tx, workshop, Source::Import(import), rows, now).await?;
        tx.commit().await?;
        if given <= INDEXED_AT_ONCE {
            self.index_registered(workshop, given).await;
        }
        Ok(added)
    }

    /// How many of these people are in that workshop already; changes nothing.
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
                .by_index()
                .all_batch(
                    "SELECT COUNT(r.id) FROM @batch LEFT JOIN @registrants r
                     ON r.workshop_id = $2 AND r.phone = b.phone AND r.identity = b.identity AND r.organization_id = $1",
                    args![self.id(), workshop.0],
                    batch,
                )
                .await?;
            already += found.into_iter().map(|(there,)| there.unsigned_abs()).sum::<u64>();
        }
        Ok(already)
    }

    /// The status of these people's registrations in that workshop; `None` for a person without one. In the order
    /// given.
    pub async fn registrations_of(
        &self,
        workshop: WorkshopId,
        rows: Vec<NewRegistrant>,
        now: Millis,
    ) -> Result<Vec<Option<(RegistrantId, RegistrantStatus)>>, StoreError> {
        let rows = fresh(rows, None, now);
        let mut found = vec![None; rows.len()];
        for (from, chunk) in (0..).step_by(ROWS_PER_STATEMENT).zip(rows.chunks(ROWS_PER_STATEMENT)) {
            let batch = Batch::new()
                .ints("n", (0..).take(chunk.len()))
                .texts("phone", chunk.iter().map(|row| row.phone.clone()))
                .texts("identity", chunk.iter().map(|row| row.identity.clone()));
            let there: Vec<(i64, Option<Uuid>, Option<String>)> = self
                .db
                .by_index()
                .all_batch(
                    "SELECT b.n, r.id, r.status FROM @batch LEFT JOIN @registrants r
                     ON r.workshop_id = $2 AND r.phone = b.phone AND r.identity = b.identity AND r.organization_id = $1",
                    args![self.id(), workshop.0],
                    batch,
                )
                .await?;
            for (n, id, status) in there {
                if let (Some(id), Some(status), Ok(n)) = (id, status, usize::try_from(n)) {
                    found[from + n] = Some((RegistrantId(id), word("registrants", "status", &status)?));
                }
            }
        }
        Ok(found)
    }

    async fn begin_adding(&self, workshop: WorkshopId) -> Result<Tx, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.by_index().begin().await?;
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
        let blocks = (given > INDEXED_AT_ONCE).then(|| {
            let people = rows.iter().map(|r| (r.id, r.name.clone(), r.email.clone(), r.phone.clone()));
            Blocks::of(people.collect(), newest.map_or(Uuid::nil(), |(id,)| id))
        });
        // In the order of the unique key: each page of it is then read and written once, which is most of an import's work.
        rows.sort_unstable_by(|a, b| (&a.phone, &a.identity, a.id).cmp(&(&b.phone, &b.identity, b.id)));
        rows.dedup_by(|later, first| (&later.phone, &later.identity) == (&first.phone, &first.identity));
        let undoing = is_undoing(tx, self.id()).await?;
        let mut tally = Tally::default();
        let mut added = Added::default();
        while !rows.is_empty() {
            let rest = rows.split_off(end_of_statement(&rows));
            let mut chunk = std::mem::replace(&mut rows, rest);
            if undoing {
                added.lead_new += clear_met(tx, self.id(), workshop, source, &chunk).await?;
            }
            self.skip_registered(tx, workshop, &mut chunk).await?;
            chunk.iter().for_each(|row| tally.add(&row.traits(source), 1));
            added.new += chunk.len() as u64;
            added.lead_new += self.insert(tx, workshop, source, chunk, now).await?;
        }
        added.already = given as u64 - added.new;
        tally.write(tx, workshop).await?;
        if let Some(blocks) = blocks {
            blocks.write(tx, self.id(), workshop.0).await?;
        }
        Ok(added)
    }

    /// Takes out rows that are registered already, and marks those whose number is.
    async fn skip_registered(
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
                    "SELECT r.phone, r.identity, r.status FROM @batch LEFT JOIN @registrants r
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
                    "SELECT r.identity FROM @batch LEFT JOIN @registrants r
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
        let mut leads: Vec<&Fresh> = rows.iter().filter(|row| !row.phone.is_empty()).collect();
        // Of several people with one number, the first in the file is told and gives the lead its name.
        leads.sort_by(|a, b| (&a.phone, a.id).cmp(&(&b.phone, b.id)));
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
        if lead_new < leads.len() as u64 {
            share_leads(tx, self.id(), source, leads.iter().map(|row| row.phone.clone())).await?;
        }
        let batch = Batch::new()
            .uuids("id", rows.iter().map(|row| row.id))
            .ints("registered_at", rows.iter().map(|row| row.registered_at))
            .texts("status", rows.iter().map(|row| row.status.word().to_owned()))
            .texts("mark", rows.iter().map(|row| row.mark.map_or("", SkipReason::word).to_owned()))
            .texts("identity", rows.iter().map(|row| row.identity.clone()))
            .texts("phone_typed", rows.iter().map(|row| row.phone_typed.clone()))
            .texts("came_from", rows.iter().map(|row| row.came_from.clone()))
            .texts("other_phones", rows.iter().map(|row| row.other_phones.clone()))
            .texts("reference", rows.iter().map(|row| row.reference.clone()));
        let (mut names, mut emails, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            names.push(row.name);
            emails.push(row.email);
            phones.push(row.phone);
        }
        tx.run_batch(
            "INSERT INTO registrants (id, organization_id, workshop_id, name, email, phone, phone_typed, status, mark, source,
                                      import_id, identity, registered_at, came_from, other_phones, reference)
             SELECT b.id, $1, $2, b.name, b.email, b.phone, b.phone_typed, b.status, b.mark, $3, $4, b.identity,
                    b.registered_at, b.came_from, b.other_phones, b.reference
             FROM @batch",
            args![self.id(), workshop.0, source.word(), source.import()],
            batch.texts("name", names).texts("email", emails).texts("phone", phones),
        )
        .await?;
        Ok(lead_new)
    }
}

/// Whether rows of an undone import are still to be cleared in the organisation.
async fn is_undoing(tx: &mut Tx, organization: Uuid) -> Result<bool, StoreError> {
    let (any,): (bool,) = tx
        .one("SELECT EXISTS (SELECT 1 FROM undoing WHERE organization_id = $1)", args![organization])
        .await?;
    Ok(any)
}

/// Clears the rows that an undone import left behind of these people, so that they can be registered again. Returns how
/// many of them no other source had brought.
async fn clear_met(
    tx: &mut Tx,
    organization: Uuid,
    workshop: WorkshopId,
    source: Source,
    rows: &[Fresh],
) -> Result<u64, StoreError> {
    let batch = Batch::new()
        .texts("phone", rows.iter().map(|row| row.phone.clone()))
        .texts("identity", rows.iter().map(|row| row.identity.clone()));
    let met: Vec<(Uuid, String)> = tx
        .all_batch(
            "SELECT r.id, r.phone FROM @batch LEFT JOIN registrants r
             ON r.workshop_id = $1 AND r.phone = b.phone AND r.identity = b.identity
             WHERE COALESCE(r.import_id, r.id) IN (SELECT import_id FROM undoing WHERE workshop_id = $1)",
            args![workshop.0],
            batch,
        )
        .await?;
    clear_hidden(tx, workshop, met).await?;
    let known: Vec<&Fresh> = rows.iter().filter(|row| !row.phone.is_empty()).collect();
    let batch = Batch::new()
        .uuids("organization_id", known.iter().map(|_| organization))
        .texts("phone", known.iter().map(|row| row.phone.clone()))
        .texts("name", known.iter().map(|row| row.name.clone()))
        .texts("email", known.iter().map(|row| row.email.clone()));
    tx.run_batch(
        "UPDATE leads SET import_id = $1, name = b.name, email = b.email FROM @batch
         WHERE leads.organization_id = b.organization_id AND leads.phone = b.phone
           AND leads.import_id IN (SELECT import_id FROM undoing)",
        args![source.import()],
        batch,
    )
    .await
}

/// Somebody whom another source brought is no longer known by that import alone: an undo of it leaves them.
async fn share_leads(
    tx: &mut Tx,
    organization: Uuid,
    source: Source,
    phones: impl Iterator<Item = String>,
) -> Result<(), StoreError> {
    let phones: Vec<String> = phones.collect();
    let batch =
        Batch::new().uuids("organization_id", phones.iter().map(|_| organization)).texts("phone", phones);
    tx.run_batch(
        "UPDATE leads SET import_id = NULL FROM @batch
         WHERE leads.organization_id = b.organization_id AND leads.phone = b.phone
           AND leads.import_id IS NOT NULL AND leads.import_id <> $1",
        args![source.import().unwrap_or(Uuid::nil())],
        batch,
    )
    .await?;
    Ok(())
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
    other_phones: String,
    reference: String,
}

impl Fresh {
    fn traits(&self, source: Source) -> Traits {
        Traits {
            status: self.status,
            mark: self.mark,
            has_email: !self.email.is_empty(),
            has_name: !self.name.is_empty(),
            import: source.import(),
        }
    }
}

/// Rows whose ids grow in the given order, beginning after the workshop's `newest`. Of two with one number the first in
/// the file is therefore the first, and earlier registrations stay earlier, also within one millisecond or after a
/// clock was set back.
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
        other_phones: row.other_phones.iter().map(Phone::as_str).collect::<Vec<_>>().join(" "),
        reference: row.reference,
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
        let own = mark_of_number(&group[0].phone);
        for row in group.iter_mut().filter(registered) {
            row.mark = if Some(row.id) == first { own } else { Some(SkipReason::Duplicate) };
        }
    }
}
