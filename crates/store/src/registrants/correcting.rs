//! Correcting a registration: its name, address and number, each time with who did it, when, and what stood there
//! before.
//!
//! Messages that are planned or sent keep the number they were planned for, so a search for a person's messages by
//! number asks for their former numbers too. Marks, counters, leads and the search index move with the row.

use domain::{
    email::Email,
    ids::{ImportId, LeadId, RegistrantId, WorkshopId},
    message::SkipReason,
    name::PersonName,
    phone::Phone,
    role::Permission,
    time::Millis,
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::{
    ERASED, Moment, NewRegistrant, SameNumber, comes_late,
    duplicates::{Stored, Tally, mark_group, same_number},
    removal::{clear_hidden, raise_revision},
};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
    search::{index_again, renew},
};

/// What a registration says from now on; every value was checked before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// Name, when there is one.
    pub name: Option<PersonName>,
    /// E-mail, when there is one.
    pub email: Option<Email>,
    /// Number, when there is one.
    pub phone: Option<Phone>,
    /// What was typed as the number.
    pub phone_typed: String,
    /// Somebody saw that others of the workshop have this number, and wants it all the same.
    pub may_share: bool,
}

/// The result of a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corrected {
    /// The registration was corrected.
    Done,
    /// The registration says all of that already.
    Same,
    /// Another registration of this workshop says exactly the same.
    Taken,
    /// Nothing was changed, because these registrations of the workshop have the number. The first entered comes
    /// first.
    Shared(Vec<SameNumber>),
}

/// A correction that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCorrection {
    /// The workshop of the registration.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub workshop_title: String,
    /// Id of the registration.
    pub registrant: RegistrantId,
    /// Name before and after; either may be empty.
    pub name: (String, String),
    /// E-mail before and after; either may be empty.
    pub email: (String, String),
    /// Number before and after, E.164; either may be empty, also because it was erased.
    pub phone: (String, String),
    /// The member who corrected it, by name.
    pub by: String,
    /// When it was corrected.
    pub at: Millis,
    /// The name of the file of the newer list that brought it; `None` where a member corrected it.
    pub file_name: Option<String>,
}

/// The parts of a registration that a correction may change.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct Said {
    name: String,
    email: String,
    phone: String,
    phone_typed: String,
}

impl Said {
    /// Reads back what was stored.
    fn read(&self) -> Correction {
        Correction {
            name: PersonName::parse(&self.name),
            email: Email::parse(&self.email).ok(),
            phone: Phone::from_stored(&self.phone).ok(),
            phone_typed: self.phone_typed.clone(),
            may_share: true,
        }
    }
}

impl From<&Correction> for Said {
    fn from(correction: &Correction) -> Said {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Said {
            name: text(correction.name.as_ref().map(PersonName::as_str)),
            email: text(correction.email.as_ref().map(Email::as_str)),
            phone: text(correction.phone.as_ref().map(Phone::as_str)),
            phone_typed: correction.phone_typed.trim().to_owned(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct PastRow {
    workshop_id: Uuid,
    title: String,
    registrant_id: Uuid,
    name_before: String,
    name_after: String,
    email_before: String,
    email_after: String,
    phone_before: String,
    phone_after: String,
    corrected_by: String,
    corrected_at: i64,
    file_name: Option<String>,
}

impl From<PastRow> for PastCorrection {
    fn from(row: PastRow) -> PastCorrection {
        PastCorrection {
            workshop: WorkshopId(row.workshop_id),
            workshop_title: row.title,
            registrant: RegistrantId(row.registrant_id),
            name: (row.name_before, row.name_after),
            email: (row.email_before, row.email_after),
            phone: (row.phone_before, row.phone_after),
            by: row.corrected_by,
            at: Millis(row.corrected_at),
            file_name: row.file_name,
        }
    }
}

/// Corrections that a person's page shows; the newest.
const SHOWN_MAX: i64 = 100;

impl Org {
    /// Corrects a registration by hand. A number that others of the workshop have is asked about first.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none, or nobody's any more.
    pub async fn correct_registrant(
        &self,
        workshop: WorkshopId,
        id: RegistrantId,
        correction: &Correction,
        now: Millis,
    ) -> Result<Corrected, StoreError> {
        self.allow(Permission::Manage)?;
        let said = Said::from(correction);
        let mut tx = self.db.begin().await?;
        if !correction.may_share {
            self.hold(&mut tx, workshop).await?;
            let others = self.sharing(&mut tx, (workshop, id), &said.phone, &identity_of(&said)).await?;
            if !others.is_empty() {
                return Ok(Corrected::Shared(others));
            }
        }
        let corrected = self.correct(&mut tx, None, (workshop, id), &said, now).await?;
        tx.commit().await?;
        Ok(corrected)
    }

    /// Takes over from a newer list what a registration says, so that an undo of the import gives back what it said
    /// before.
    pub async fn take_over_correction(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        id: RegistrantId,
        correction: &Correction,
        now: Millis,
    ) -> Result<Corrected, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let said = Said::from(correction);
        let corrected = self.correct(&mut tx, Some(import), (workshop, id), &said, now).await?;
        tx.commit().await?;
        Ok(corrected)
    }

    /// Gives back what registrations said before an import corrected them, where nobody has corrected them since; how
    /// many.
    pub(crate) async fn give_back_corrections(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        at: Moment,
    ) -> Result<u64, StoreError> {
        let made: Vec<(Uuid, String, String, String, String)> = self
            .db
            .all(
                "SELECT c.registrant_id, c.name_before, c.email_before, c.phone_before, c.typed_before
                 FROM corrections c JOIN @registrants r ON r.workshop_id = c.workshop_id AND r.id = c.registrant_id
                 WHERE c.organization_id = $1 AND c.import_id = $2 AND c.workshop_id = $3
                   AND r.name = c.name_after AND r.email = c.email_after AND r.phone = c.phone_after
                   AND NOT EXISTS (SELECT 1 FROM corrections later
                                   WHERE later.workshop_id = c.workshop_id AND later.registrant_id = c.registrant_id AND later.id > c.id)
                 ORDER BY c.registrant_id",
                args![self.id(), import.0, workshop.0],
            )
            .await?;
        let mut given_back = 0;
        for (id, name, email, phone, phone_typed) in made {
            let mut tx = self.db.begin().await?;
            let before = Said { name, email, phone, phone_typed };
            let corrected =
                self.correct(&mut tx, None, (workshop, RegistrantId(id)), &before, at.now()).await?;
            tx.commit().await?;
            given_back += u64::from(corrected == Corrected::Done);
        }
        Ok(given_back)
    }

    /// Corrections that led to this number, or away from it, newest first; `most` of them.
    pub async fn corrections_of(&self, phone: &str, most: i64) -> Result<Vec<PastCorrection>, StoreError> {
        if phone.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<PastRow> = self
            .db
            .all(
                "SELECT c.workshop_id, w.title, c.registrant_id, c.name_before, c.name_after, c.email_before, c.email_after,
                        c.phone_before, c.phone_after, c.corrected_by, c.corrected_at, i.file_name
                 FROM corrections c JOIN workshops w ON w.id = c.workshop_id LEFT JOIN imports i ON i.id = c.import_id
                 WHERE c.organization_id = $1
                   AND c.id IN (SELECT a.id FROM corrections a
                                WHERE a.organization_id = $1 AND a.phone_before = $2 AND a.phone_before <> ''
                                UNION SELECT a.id FROM corrections a
                                WHERE a.organization_id = $1 AND a.phone_after = $2 AND a.phone_after <> '')
                 ORDER BY c.id DESC LIMIT $3",
                args![self.id(), phone, most],
            )
            .await?;
        Ok(rows.into_iter().map(PastCorrection::from).collect())
    }

    /// Corrections of one registration, newest first: of somebody who has no number, and so no page of their own.
    pub async fn corrections_of_registrant(
        &self,
        workshop: WorkshopId,
        id: RegistrantId,
    ) -> Result<Vec<PastCorrection>, StoreError> {
        let rows: Vec<PastRow> = self
            .db
            .all(
                "SELECT c.workshop_id, w.title, c.registrant_id, c.name_before, c.name_after, c.email_before, c.email_after,
                        c.phone_before, c.phone_after, c.corrected_by, c.corrected_at, i.file_name
                 FROM corrections c JOIN workshops w ON w.id = c.workshop_id LEFT JOIN imports i ON i.id = c.import_id
                 WHERE c.organization_id = $1 AND c.workshop_id = $2 AND c.registrant_id = $3 ORDER BY c.id DESC LIMIT $4",
                args![self.id(), workshop.0, id.0, SHOWN_MAX],
            )
            .await?;
        Ok(rows.into_iter().map(PastCorrection::from).collect())
    }

    /// Corrections of these registrations, for whoever reads the audit log: it holds no numbers, they do.
    pub async fn corrections_among(&self, ids: Vec<RegistrantId>) -> Result<Vec<PastCorrection>, StoreError> {
        let rows: Vec<PastRow> = self
            .db
            .all_batch(
                "SELECT c.workshop_id, w.title, c.registrant_id, c.name_before, c.name_after, c.email_before, c.email_after,
                        c.phone_before, c.phone_after, c.corrected_by, c.corrected_at, i.file_name
                 FROM @batch CROSS JOIN workshops w
                 JOIN corrections c ON c.workshop_id = w.id AND c.registrant_id = b.id
                 LEFT JOIN imports i ON i.id = c.import_id
                 WHERE w.organization_id = $1 AND c.organization_id = $1 ORDER BY c.id DESC",
                args![self.id()],
                Batch::new().uuids("id", ids.into_iter().map(|id| id.0)),
            )
            .await?;
        Ok(rows.into_iter().map(PastCorrection::from).collect())
    }

    /// Writes what a registration says, and moves marks, counters, leads and the index with it.
    async fn correct(
        &self,
        tx: &mut Tx,
        import: Option<ImportId>,
        (workshop, id): (WorkshopId, RegistrantId),
        now_says: &Said,
        now: Millis,
    ) -> Result<Corrected, StoreError> {
        self.hold(tx, workshop).await?;
        let before: Said = tx
            .one(
                "SELECT r.name, r.email, r.phone, r.phone_typed FROM @registrants r
                 WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id = $3 AND r.identity NOT LIKE $4",
                args![self.id(), workshop.0, id.0, format!("{ERASED}%")],
            )
            .await?;
        let same = |a: &Said, b: &Said| (&a.name, &a.email, &a.phone) == (&b.name, &b.email, &b.phone);
        if same(&before, now_says) && (!before.phone.is_empty() || before.phone_typed == now_says.phone_typed)
        {
            return Ok(Corrected::Same);
        }
        let identity = identity_of(now_says);
        // What an undone import left behind under this number and name is in nobody's way.
        let hidden: Vec<(Uuid, String)> = tx
            .all(
                "SELECT r.id, r.phone FROM registrants r WHERE r.workshop_id = $1 AND r.phone = $2 AND r.identity = $3
                   AND COALESCE(r.import_id, r.id) IN (SELECT import_id FROM undoing WHERE workshop_id = $1)",
                args![workshop.0, &now_says.phone, &identity],
            )
            .await?;
        clear_hidden(tx, workshop, hidden).await?;
        let taken: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM registrants WHERE workshop_id = $1 AND phone = $2 AND identity = $3 AND id <> $4",
                args![workshop.0, &now_says.phone, &identity, id.0],
            )
            .await?;
        if taken.is_some() {
            return Ok(Corrected::Taken);
        }
        raise_revision(tx, workshop).await?;
        let mut phones = vec![before.phone.clone(), now_says.phone.clone()];
        phones.sort_unstable();
        phones.dedup();
        let mut tally = Tally::default();
        for row in together(tx, workshop, id, &phones).await?.iter().flat_map(|(_, group)| group) {
            tally.add(&row.traits, -1);
        }
        tx.run(
            "UPDATE registrants SET name = $3, email = $4, phone = $5, phone_typed = $6, identity = $7
             WHERE workshop_id = $1 AND id = $2",
            args![
                workshop.0,
                id.0,
                &now_says.name,
                &now_says.email,
                &now_says.phone,
                &now_says.phone_typed,
                identity
            ],
        )
        .await?;
        if before.phone != now_says.phone {
            comes_late(tx, workshop, id, now).await?;
        }
        for (phone, mut group) in together(tx, workshop, id, &phones).await? {
            self.mark_anew(tx, workshop, &phone, &mut group, now_says, &mut tally).await?;
        }
        tally.write(tx, workshop).await?;
        self.move_lead(tx, &before, now_says, now).await?;
        self.remember(tx, import, (workshop, id), (&before, now_says), now).await?;
        phones.retain(|phone| !phone.is_empty());
        renew(tx, self.id(), &phones).await?;
        index_again(tx, self.id(), workshop.0, id.0).await?;
        self.note(tx, "registrant.corrected", id, &what_changed(&before, now_says), now).await?;
        Ok(Corrected::Done)
    }

    /// Keeps what stood there before, and who changed it.
    async fn remember(
        &self,
        tx: &mut Tx,
        import: Option<ImportId>,
        (workshop, id): (WorkshopId, RegistrantId),
        (before, now_says): (&Said, &Said),
        now: Millis,
    ) -> Result<(), StoreError> {
        tx.run(
            "INSERT INTO corrections (id, organization_id, workshop_id, registrant_id, import_id, name_before, name_after, email_before,
                                      email_after, phone_before, phone_after, typed_before, typed_after, corrected_by, corrected_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            args![
                RegistrantId::new(now).0,
                self.id(),
                workshop.0,
                id.0,
                import.map(|import| import.0),
                &before.name,
                &now_says.name,
                &before.email,
                &now_says.email,
                &before.phone,
                &now_says.phone,
                &before.phone_typed,
                &now_says.phone_typed,
                &self.actor.name,
                now
            ],
        )
        .await?;
        Ok(())
    }

    /// Marks the registrations with one number after one of them came or went; without a number, that one alone.
    async fn mark_anew(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        phone: &str,
        group: &mut [Stored],
        now_says: &Said,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        let before: Vec<_> = group.iter().map(|row| row.traits.mark).collect();
        if phone.is_empty() {
            for row in group.iter_mut() {
                let missing = now_says.phone_typed.is_empty();
                let mark = if missing { SkipReason::NoPhone } else { SkipReason::InvalidPhone };
                row.traits.mark = (row.traits.status == RegistrantStatus::Registered).then_some(mark);
            }
        } else {
            mark_group(phone, group);
        }
        for (row, before) in group.iter().zip(before) {
            tally.add(&row.traits, 1);
            if row.traits.mark != before {
                tx.run(
                    "UPDATE registrants SET mark = $3 WHERE workshop_id = $1 AND id = $2",
                    args![workshop.0, row.id, row.traits.mark.map_or("", SkipReason::word)],
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Makes the person of the new number known, and forgets the one of the old number where nothing of it is left.
    async fn move_lead(
        &self,
        tx: &mut Tx,
        before: &Said,
        after: &Said,
        now: Millis,
    ) -> Result<(), StoreError> {
        if !after.phone.is_empty() {
            // Of a lead that only an undone import brought nothing is left; one that stands is known from here as well.
            tx.run(
                "UPDATE leads SET name = $3, email = $4
                 WHERE organization_id = $1 AND phone = $2 AND import_id IN (SELECT import_id FROM undoing)",
                args![self.id(), &after.phone, &after.name, &after.email],
            )
            .await?;
            tx.run(
                "UPDATE leads SET import_id = NULL WHERE organization_id = $1 AND phone = $2",
                args![self.id(), &after.phone],
            )
            .await?;
            tx.run(
                "INSERT INTO leads (id, organization_id, phone, name, email, import_id, created_at)
                 VALUES ($1, $2, $3, $4, $5, NULL, $6)
                 ON CONFLICT (organization_id, phone) DO NOTHING",
                args![LeadId::new(now).0, self.id(), &after.phone, &after.name, &after.email, now],
            )
            .await?;
            // A person is known by what was said first; what was wrong in it goes.
            tx.run(
                "UPDATE leads SET name = CASE WHEN name IN ('', $3) THEN $4 ELSE name END,
                                  email = CASE WHEN email IN ('', $5) THEN $6 ELSE email END
                 WHERE organization_id = $1 AND phone = $2",
                args![self.id(), &after.phone, &before.name, &after.name, &before.email, &after.email],
            )
            .await?;
        }
        if before.phone.is_empty() || before.phone == after.phone {
            return Ok(());
        }
        tx.run(
            "DELETE FROM leads WHERE organization_id = $1 AND phone = $2
               AND NOT EXISTS (SELECT 1 FROM workshops w JOIN registrants r ON r.workshop_id = w.id
                               WHERE w.organization_id = $1 AND r.phone = $2)
               AND NOT EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id AND m.recipient = $2 AND m.planned
                               WHERE o.organization_id = $1)
               AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = $1 AND s.phone = $2 AND s.phone <> '')
               AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.organization_id = $1 AND c.phone = $2 AND c.phone <> '')",
            args![self.id(), &before.phone],
        )
        .await?;
        // Another registration with the old number gives the lead its name.
        let left: Option<(String, String)> = tx
            .optional(
                "SELECT r.name, r.email FROM workshops w JOIN @registrants r ON r.workshop_id = w.id AND r.phone = $2
                 WHERE w.organization_id = $1 ORDER BY r.id LIMIT 1",
                args![self.id(), &before.phone],
            )
            .await?;
        if let Some((name, email)) = left {
            tx.run(
                "UPDATE leads SET name = $3, email = $4 WHERE organization_id = $1 AND phone = $2 AND name = $5",
                args![self.id(), &before.phone, name, email, &before.name],
            )
            .await?;
        }
        Ok(())
    }
}

/// The registrations with each of these numbers; without one, the registration itself where it has none.
async fn together(
    tx: &mut Tx,
    workshop: WorkshopId,
    id: RegistrantId,
    phones: &[String],
) -> Result<Vec<(String, Vec<Stored>)>, StoreError> {
    let mut groups = Vec::with_capacity(phones.len());
    for phone in phones {
        groups.push((phone.clone(), same_number(tx, workshop, id, phone).await?));
    }
    Ok(groups)
}

fn identity_of(said: &Said) -> String {
    let Correction { name, email, phone, phone_typed, .. } = said.read();
    NewRegistrant { name, email, phone, phone_typed, ..NewRegistrant::default() }.identity()
}

/// Which parts changed, for the audit log: it holds no numbers and no names.
fn what_changed(before: &Said, after: &Said) -> String {
    let parts = [
        (before.name != after.name, "name"),
        (before.phone != after.phone || before.phone_typed != after.phone_typed, "number"),
        (before.email != after.email, "email"),
    ];
    parts.iter().filter(|(changed, _)| *changed).map(|(_, what)| *what).collect::<Vec<_>>().join(" ")
}

/// The numbers that a registration had before, as far as they are known.
pub(super) async fn former_numbers(
    tx: &mut Tx,
    workshop: WorkshopId,
    id: RegistrantId,
) -> Result<Vec<String>, StoreError> {
    let found: Vec<(String,)> = tx
        .all(
            "SELECT DISTINCT phone_before FROM corrections WHERE workshop_id = $1 AND registrant_id = $2 AND phone_before <> ''",
            args![workshop.0, id.0],
        )
        .await?;
    Ok(found.into_iter().map(|(phone,)| phone).collect())
}
