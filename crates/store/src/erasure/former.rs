//! Numbers that a person had before a correction or a newer list: messages went there, and what is kept about them is about this person.

use std::collections::{BTreeMap, BTreeSet};

use domain::phone::Phone;
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

/// A registration, by its workshop and its id.
type Place = (Uuid, Uuid);

/// What identifies a person besides their present number.
#[derive(Clone, Debug, Default)]
pub(super) struct PersonTraces {
    /// Former numbers, and the registrations that had them.
    former: BTreeMap<String, BTreeSet<Place>>,
    /// Former numbers that nobody else has or had.
    own: Vec<Phone>,
    /// Text in lower case that was typed as a number and is none.
    typed: BTreeSet<String>,
    /// Names and addresses of theirs, in lower case.
    names: BTreeSet<String>,
}

#[derive(sqlx::FromRow)]
struct CorrectedRow {
    workshop_id: Uuid,
    registrant_id: Uuid,
    phone_before: String,
    typed_before: String,
    name_before: String,
    name_after: String,
    email_before: String,
    email_after: String,
}

impl PersonTraces {
    /// The number that they have now, and the former ones that were theirs alone.
    pub(super) fn numbers<'a>(&'a self, now: &'a Phone) -> impl Iterator<Item = &'a Phone> {
        std::iter::once(now).chain(&self.own)
    }

    /// Former numbers, each with a registration that had it.
    pub(super) fn places(&self) -> Batch {
        let each = || self.former.iter().flat_map(|(phone, of)| of.iter().map(move |place| (phone, place)));
        Batch::new()
            .texts("phone", each().map(|(phone, _)| phone.clone()))
            .uuids("workshop_id", each().map(|(_, place)| place.0))
            .uuids("registrant_id", each().map(|(_, place)| place.1))
    }

    /// Whether a row of a file is theirs by what was typed as a number and was none: it stands there beside one of their names.
    pub(super) fn wrote(&self, cells: &[&str]) -> bool {
        let has = |among: &BTreeSet<String>| {
            cells.iter().any(|cell| {
                let cell = cell.trim().to_lowercase();
                !cell.is_empty() && among.contains(&cell)
            })
        };
        has(&self.typed) && has(&self.names)
    }

    fn add(&mut self, row: CorrectedRow, now: &Phone) {
        let place = (row.workshop_id, row.registrant_id);
        if !row.phone_before.is_empty() && row.phone_before != now.as_str() {
            self.former.entry(row.phone_before).or_default().insert(place);
        } else if !row.typed_before.is_empty() {
            self.typed.insert(row.typed_before.trim().to_lowercase());
        }
        for name in [row.name_before, row.name_after, row.email_before, row.email_after] {
            if !name.is_empty() {
                self.names.insert(name.trim().to_lowercase());
            }
        }
    }
}

impl Org {
    /// What the registrations with a number said before they had it.
    pub(super) async fn traces_of(&self, phone: &Phone) -> Result<PersonTraces, StoreError> {
        let rows: Vec<CorrectedRow> = self
            .db
            .all(
                "SELECT c.workshop_id, c.registrant_id, c.phone_before, c.typed_before, c.name_before, c.name_after, c.email_before,
                        c.email_after
                 FROM workshops w JOIN registrants r ON r.workshop_id = w.id AND r.phone = $2
                 JOIN corrections c ON c.workshop_id = r.workshop_id AND c.registrant_id = r.id
                 WHERE w.organization_id = $1 AND c.organization_id = $1",
                args![self.id(), phone.as_str()],
            )
            .await?;
        let mut person = PersonTraces::default();
        for row in rows {
            person.add(row, phone);
        }
        for (number, places) in &person.former {
            if let (Ok(number), true) =
                (Phone::from_stored(number), self.is_nobody_elses(number, places).await?)
            {
                person.own.push(number);
            }
        }
        Ok(person)
    }

    /// Whether nobody but these registrations has or had a number, or got a message there.
    async fn is_nobody_elses(&self, phone: &str, of: &BTreeSet<Place>) -> Result<bool, StoreError> {
        let others: Vec<(Uuid, Uuid)> = self
            .db
            .all(
                "SELECT r.workshop_id, r.id FROM workshops w JOIN registrants r ON r.workshop_id = w.id AND r.phone = $2
                 WHERE w.organization_id = $1
                 UNION
                 SELECT c.workshop_id, c.registrant_id FROM corrections c
                 WHERE c.organization_id = $1 AND c.phone_before = $2 AND c.phone_before <> ''
                 UNION
                 SELECT o.workshop_id, m.registrant_id FROM broadcasts o
                 JOIN messages m ON m.broadcast_id = o.id AND m.recipient = $2 AND m.planned
                 WHERE o.organization_id = $1",
                args![self.id(), phone],
            )
            .await?;
        Ok(others.iter().all(|place| of.contains(place)))
    }
}
