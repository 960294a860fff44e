//! Duplicates: which of several registrations with one number is told. Also the counters that move with the rows.

use std::{collections::BTreeMap, str::FromStr as _};

use domain::{
    ids::{ImportId, RegistrantId, WorkshopId},
    message::SkipReason,
    phone::is_landline,
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
    /// The import that brought it.
    pub(super) import: Option<Uuid>,
}

/// Changes to `workshop_counts` and `import_counts`, gathered while rows change and written once.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<(Option<Uuid>, &'static str), i64>);

impl Tally {
    /// `n` rows like this came (or, negative, went). No other code knows which counters a row is in.
    pub(super) fn add(&mut self, row: &Traits, n: i64) {
        let mut count = |what| *self.0.entry((row.import, what)).or_default() += n;
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

    /// Registrations, whatever became of them.
    pub(crate) fn rows(&self) -> i64 {
        let is_status = |what: &str| RegistrantStatus::from_str(what).is_ok();
        self.0.iter().filter(|((_, what), _)| is_status(what)).map(|(_, n)| n).sum()
    }

    /// The counts to subtract for an import that is gone, whose own counts go with it.
    pub(crate) fn taken_away(self) -> Tally {
        let mut away = Tally::default();
        for ((_, what), n) in self.0 {
            *away.0.entry((None, what)).or_default() -= n;
        }
        away
    }

    /// Takes these rows out of the counts of their imports; they stay in those of their workshop.
    pub(crate) async fn leave_import(self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
        let negative = self.0.into_iter().map(|(key, n)| (key, -n)).collect();
        write_import_counts(tx, workshop, &negative).await
    }

    pub(crate) async fn write(self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
        let mut changed: BTreeMap<&'static str, i64> = BTreeMap::new();
        for ((_, what), n) in &self.0 {
            *changed.entry(*what).or_default() += n;
        }
        changed.retain(|_, n| *n != 0);
        write_import_counts(tx, workshop, &self.0).await?;
        if changed.is_empty() {
            return Ok(());
        }
        let registered = changed.get("registered").copied().unwrap_or(0);
        let batch = Batch::new()
            .texts("what", changed.keys().map(|what| (*what).to_owned()))
            .ints("n", changed.values().copied());
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

async fn write_import_counts(
    tx: &mut Tx,
    workshop: WorkshopId,
    counts: &BTreeMap<(Option<Uuid>, &'static str), i64>,
) -> Result<(), StoreError> {
    let of = |((import, what), n): (&(Option<Uuid>, &'static str), &i64)| Some(((*import)?, *what, *n));
    let changed: Vec<(Uuid, &str, i64)> = counts.iter().filter_map(of).filter(|row| row.2 != 0).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .uuids("import_id", changed.iter().map(|row| row.0))
        .texts("what", changed.iter().map(|row| row.1.to_owned()))
        .ints("n", changed.iter().map(|row| row.2));
    // Registrations may name an import that nobody uploaded: those of the demonstration.
    tx.run_batch(
        "INSERT INTO import_counts (import_id, organization_id, what, n)
         SELECT b.import_id, w.organization_id, b.what, b.n FROM @batch CROSS JOIN workshops w WHERE w.id = $1
         ON CONFLICT (import_id, what) DO UPDATE SET n = import_counts.n + excluded.n",
        args![workshop.0],
        batch,
    )
    .await?;
    Ok(())
}

/// The counts of these rows.
pub(crate) async fn tally_of(tx: &mut Tx, workshop: WorkshopId, ids: Vec<Uuid>) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for row in by_id(tx, workshop, ids).await? {
        tally.add(&row.traits, 1);
    }
    Ok(tally)
}

/// The counts of everything that an import brought, as they are kept; counted now where an earlier version began the import.
pub(crate) async fn tally_of_import(tx: &mut Tx, import: ImportId) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let (counted,): (bool,) = tx.one("SELECT counted FROM imports WHERE id = $1", args![import.0]).await?;
    if counted {
        let kept: Vec<(String, i64)> =
            tx.all("SELECT what, n FROM import_counts WHERE import_id = $1", args![import.0]).await?;
        for (what, n) in kept {
            let known = WHATS.into_iter().find(|known| *known == what);
            let what =
                known.ok_or(StoreError::Corrupt { table: "import_counts", column: "what", value: what })?;
            tally.0.insert((Some(import.0), what), n);
        }
        return Ok(tally);
    }
    let groups: Vec<CountedRow> = tx
        .all(
            "SELECT status, mark, email <> '' AS has_email, name <> '' AS has_name, COUNT(*) AS n FROM registrants
             WHERE import_id = $1 GROUP BY status, mark, email <> '', name <> ''",
            args![import.0],
        )
        .await?;
    for group in groups {
        let traits = Traits {
            status: word("registrants", "status", &group.status)?,
            mark: mark_from(&group.mark)?,
            has_email: group.has_email,
            has_name: group.has_name,
            import: Some(import.0),
        };
        tally.add(&traits, group.n);
    }
    Ok(tally)
}

/// What a look at duplicates came to.
pub(crate) struct RenewedDuplicates {
    /// The last one looked at; none when there are no more.
    pub(crate) last: Option<Uuid>,
}

/// Gives the next duplicates of a workshop behind `after` the marks that they should have, up to `limit`: those with their numbers may have a
/// new first one. The caller holds the workshop's row.
pub(crate) async fn renew_duplicate_marks(
    tx: &mut Tx,
    workshop: WorkshopId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<RenewedDuplicates, StoreError> {
    let rows: Vec<(Uuid, String)> = tx
        .all(
            "SELECT r.id, r.phone FROM @registrants r
             WHERE r.workshop_id = $1 AND r.mark = 'duplicate' AND r.mark <> '' AND r.id > $2 ORDER BY r.id LIMIT $3",
            args![workshop.0, after.unwrap_or(Uuid::nil()), limit],
        )
        .await?;
    let last = rows.last().map(|row| row.0);
    let mut phones: Vec<String> = rows.into_iter().map(|row| row.1).collect();
    phones.sort_unstable();
    phones.dedup();
    mark_numbers(tx, workshop, &phones).await?;
    Ok(RenewedDuplicates { last })
}

/// Gives the registrations with these numbers the marks that they should have, and moves the counters with them. The caller holds the
/// workshop's row.
pub(crate) async fn mark_numbers(
    tx: &mut Tx,
    workshop: WorkshopId,
    phones: &[String],
) -> Result<(), StoreError> {
    let mut tally = Tally::default();
    let mut changed: BTreeMap<&'static str, Vec<Uuid>> = BTreeMap::new();
    for group in with_numbers(tx, workshop, phones).await?.chunk_by(|a, b| a.0 == b.0) {
        let phone = group[0].0.clone();
        let before: Vec<Traits> = group.iter().map(|(_, row)| row.traits).collect();
        let mut group: Vec<_> =
            group.iter().map(|(_, row)| Stored { id: row.id, traits: row.traits }).collect();
        mark_group(&phone, &mut group);
        for (row, before) in group.iter().zip(before).filter(|(row, before)| row.traits.mark != before.mark) {
            tally.add(&before, -1);
            tally.add(&row.traits, 1);
            changed.entry(row.traits.mark.map_or("", SkipReason::word)).or_default().push(row.id);
        }
    }
    for (mark, ids) in changed {
        tx.run_batch(
            "UPDATE registrants SET mark = $2 WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0, mark],
            Batch::new().uuids("id", ids),
        )
        .await?;
    }
    tally.write(tx, workshop).await
}

/// Every word that the counters use.
const WHATS: [&str; 9] = [
    "registered",
    "cancelled",
    "refunded",
    "no_phone",
    "invalid_phone",
    "landline",
    "duplicate",
    "without_name",
    "with_email",
];

#[derive(sqlx::FromRow)]
struct CountedRow {
    status: String,
    mark: String,
    has_email: bool,
    has_name: bool,
    n: i64,
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
    import_id: Option<Uuid>,
}

impl TryFrom<StoredRow> for Stored {
    type Error = StoreError;
    fn try_from(row: StoredRow) -> Result<Stored, StoreError> {
        let traits = Traits {
            status: word("registrants", "status", &row.status)?,
            mark: mark_from(&row.mark)?,
            has_email: row.has_email,
            has_name: row.has_name,
            import: row.import_id,
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
            "SELECT r.id, r.status, r.mark, r.email <> '' AS has_email, r.name <> '' AS has_name, r.import_id
             FROM @registrants r
             WHERE r.workshop_id = $1 AND r.phone = $2 AND (r.phone <> '' OR r.id = $3) ORDER BY r.id",
            args![workshop.0, phone, id.0],
        )
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// The mark of the one among registrations with this number who is told: none, or that the number is a landline's.
pub(super) fn mark_of_number(phone: &str) -> Option<SkipReason> {
    is_landline(phone).then_some(SkipReason::Landline)
}

/// Marks the registrations with one number: all but the first registered one are duplicates. One that gave the place back has no mark.
pub(super) fn mark_group(phone: &str, group: &mut [Stored]) {
    let first = told(group.iter().map(|row| (row.id, row.traits.status)));
    for row in group {
        row.traits.mark = match row.traits.status {
            RegistrantStatus::Registered if Some(row.id) == first => mark_of_number(phone),
            RegistrantStatus::Registered => Some(SkipReason::Duplicate),
            RegistrantStatus::Cancelled | RegistrantStatus::Refunded => None,
        };
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
            "SELECT r.phone, r.id, r.status, r.mark, r.email <> '' AS has_email, r.name <> '' AS has_name, r.import_id
             FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.phone = b.phone
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
            "SELECT r.id, r.status, r.mark, r.email <> '' AS has_email, r.name <> '' AS has_name, r.import_id
             FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.id = b.id
             WHERE COALESCE(r.status, '') <> ''",
            args![workshop.0],
            Batch::new().uuids("id", ids),
        )
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}
