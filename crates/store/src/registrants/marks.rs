//! Which of several registrations with one number is told, and the counters that move with the rows.

use std::collections::BTreeMap;

use domain::{
    ids::{RegistrantId, WorkshopId},
    message::SkipReason,
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::mark_from;
use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
};

/// What the counters look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) status: RegistrantStatus,
    pub(super) mark: Option<SkipReason>,
    pub(super) has_email: bool,
    pub(super) has_name: bool,
}

/// Changes to `workshop_counts`, gathered while rows change and written once.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<&'static str, i64>);

impl Tally {
    /// `n` rows like this came (or, negative, went). No other code knows which counters a row is in.
    pub(super) fn add(&mut self, row: &Traits, n: i64) {
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

    pub(super) async fn write(self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
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
            "UPDATE workshops SET registrants = registrants + $2, index_behind = TRUE WHERE id = $1",
            args![workshop.0, registered],
        )
        .await?;
        Ok(())
    }
}

/// Which of the registrations with one number is told: the one that was entered first among those that stand. No other code
/// decides this; screens, counters and the planner read the mark that the others get.
pub(super) fn told(group: impl IntoIterator<Item = (Uuid, RegistrantStatus)>) -> Option<Uuid> {
    let standing = group.into_iter().filter(|(_, status)| *status == RegistrantStatus::Registered);
    standing.map(|(id, _)| id).min()
}

/// A stored row as marks and counters see it.
pub(super) struct Stored {
    pub(super) id: Uuid,
    pub(super) traits: Traits,
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
pub(super) async fn same_number(
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
pub(super) fn mark_group(group: &mut [Stored]) {
    let first = told(group.iter().map(|row| (row.id, row.traits.status)));
    for row in group {
        let registered = row.traits.status == RegistrantStatus::Registered;
        row.traits.mark = (registered && Some(row.id) != first).then_some(SkipReason::Duplicate);
    }
}

#[derive(sqlx::FromRow)]
struct NumberedRow {
    phone: String,
    #[sqlx(flatten)]
    row: StoredRow,
}

/// The registrations with these numbers, by number, first one first.
pub(super) async fn with_numbers(
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

pub(super) async fn by_id(
    tx: &mut Tx,
    workshop: WorkshopId,
    ids: Vec<Uuid>,
) -> Result<Vec<Stored>, StoreError> {
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
