//! Registrations that have no entry in the index yet: read as they are, the newest first, and judged one by one.
//!
//! After a large import these may be a million for a minute. The database then skips most of them by a condition that
//! every found person meets ([`Query::trace`]), so that few rows cross to the program. A search that walks far first
//! takes the permit to read much.

use domain::{
    ids::{RegistrantId, WorkshopId},
    search::Query,
};
use uuid::Uuid;

use super::{Search, Who, blocks};
use crate::{
    db::{Batch, Db, args},
    error::StoreError,
    org::Org,
};

/// Registrations that a page may walk over; whoever has to read more takes the right to read much, as exports do.
const WALKED_AS_A_PAGE: i64 = 60_000;
/// Found registrations read at once.
const STRETCH: i64 = 1_000;

/// A registration without an entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct BehindRow {
    pub(crate) id: Uuid,
    pub(crate) workshop_id: Uuid,
    pub(crate) phone: String,
    name: String,
    email: String,
}

impl BehindRow {
    pub(crate) fn who(&self) -> Who {
        match self.phone.as_str() {
            "" => Who::Registrant(WorkshopId(self.workshop_id), RegistrantId(self.id)),
            phone => Who::Number(phone.to_owned()),
        }
    }

    pub(crate) fn is_found_by(&self, query: &Query) -> bool {
        query.finds_person(&self.name, &self.email, &self.phone)
    }
}

/// Registrations between two ids that the search may find, the newest first. Names and addresses that are not plain
/// ASCII are judged in the program: neither database folds letters as `domain::search` does. `$fold` makes ASCII small
/// and leaves the rest alone. Numbers may have spaces between their digits, which are taken out before they are
/// compared. A word with a letter needs no such step, and a million rows then take half as long.
macro_rules! may_be_found {
    (word, $fold:literal, $after:literal) => {
        may_be_found!(concat!("replace(", $fold, "(name || '@' || email", $after, "), '''', '')"))
    };
    (number, $fold:literal, $after:literal) => {
        may_be_found!(concat!(
            "replace(replace(replace(replace(replace(replace(replace(",
            $fold,
            "(name || '@' || email || '@' || phone",
            $after,
            "), '''', ''), ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', '')"
        ))
    };
    ($text:expr) => {
        concat!(
            "SELECT id, workshop_id, phone, name, email FROM @registrants registrants
             WHERE workshop_id = $1 AND id > $2 AND id < $3 AND organization_id = $4
               AND (octet_length(name) + octet_length(email) <> length(name) + length(email) OR ",
            $text,
            " LIKE $6)
             ORDER BY id DESC LIMIT $5"
        )
    };
}

/// A workshop with registrations that have no entry, and the last one that has.
type IndexedTo = (Uuid, Option<Uuid>);

impl Org {
    /// Registrations that have no entry yet and that the search finds: of one workshop or of all, before `before`, the newest first. At least
    /// the first `limit` of them; fewer are all.
    pub(crate) async fn behind(
        &self,
        search: &Search,
        within: Option<WorkshopId>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<BehindRow>, StoreError> {
        let mut workshops: Vec<IndexedTo> = self
            .db
            .by_index()
            .all(
                "SELECT id, indexed_to FROM workshops WHERE organization_id = $1 AND index_behind ORDER BY id DESC",
                args![self.id()],
            )
            .await?;
        workshops.retain(|(id, _)| within.is_none_or(|within| within.0 == *id));
        let before = before.unwrap_or(Uuid::max());
        let mut found = vec![];
        for (workshop, to) in workshops {
            let most = found.len() + limit;
            let within = (to.unwrap_or(Uuid::nil()), before);
            let stretches = blocks::to_read(&self.db, search, workshop, within).await?;
            let scans = match self.walks_far(workshop, &stretches).await? {
                true => Some(self.scan_permit().await?),
                false => None,
            };
            let reader = scans.as_ref().unwrap_or(self);
            for (after, before) in stretches {
                let left = most.saturating_sub(found.len());
                reader.walk(search, (workshop, Some(after)), before, (left, STRETCH), &mut found).await?;
            }
        }
        found.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        Ok(found)
    }

    /// Whether there is more to read in these stretches than a page may.
    async fn walks_far(&self, workshop: Uuid, stretches: &[blocks::Stretch]) -> Result<bool, StoreError> {
        let mut left = WALKED_AS_A_PAGE;
        for (after, before) in stretches {
            let (rows,): (i64,) = self
                .db
                .by_index()
                .one(
                    "SELECT COUNT(*) FROM (SELECT 1 FROM registrants WHERE workshop_id = $1 AND id > $2 AND id < $3 LIMIT $4) AS walked",
                    args![workshop, *after, *before, left + 1],
                )
                .await?;
            left -= rows;
            if left < 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds what the search finds in one workshop behind its index, until there are `limit` of it; `at_once` rows are read together. With
    /// no index at all (`None`), of all that are registered.
    pub(crate) async fn walk(
        &self,
        search: &Search,
        (workshop, to): IndexedTo,
        before: Uuid,
        (limit, at_once): (usize, i64),
        found: &mut Vec<BehindRow>,
    ) -> Result<(), StoreError> {
        let is_number = search.query.trace().bytes().all(|b| b.is_ascii_digit());
        let sql = match (&self.db, is_number) {
            (Db::Sqlite { .. }, false) => may_be_found!(word, "lower", ""),
            (Db::Sqlite { .. }, true) => may_be_found!(number, "lower", ""),
            // In no country's way: a Turkish server would make another letter of I.
            (Db::Postgres { .. }, false) => may_be_found!(word, "lower(", ") COLLATE \"C\""),
            (Db::Postgres { .. }, true) => may_be_found!(number, "lower(", ") COLLATE \"C\""),
        };
        let most = found.len() + limit;
        for (after, before) in self.shown_stretches(workshop, (to.unwrap_or(Uuid::nil()), before)).await? {
            let mut next = Some(before);
            while let Some(before) = next.filter(|_| found.len() < most) {
                let trace = format!("%{}%", search.query.trace());
                let args = args![workshop, after, before, self.id(), at_once, trace];
                let rows: Vec<BehindRow> = self.db.by_index().all(sql, args).await?;
                next = rows.last().map(|row| row.id).filter(|_| i64::try_from(rows.len()) == Ok(at_once));
                found.extend(rows.into_iter().filter(|row| row.is_found_by(&search.query)));
            }
        }
        Ok(())
    }

    /// Every registration of these numbers that has no entry yet, found or not.
    pub(crate) async fn behind_of(&self, phones: Vec<String>) -> Result<Vec<BehindRow>, StoreError> {
        if phones.is_empty() {
            return Ok(vec![]);
        }
        self.db
            .by_index()
            .all_batch(
                "SELECT r.id, r.workshop_id, r.phone, r.name, r.email
                 FROM @batch CROSS JOIN workshops w LEFT JOIN @registrants r ON r.workshop_id = w.id AND r.phone = b.phone
                 WHERE w.organization_id = $1 AND w.index_behind AND COALESCE(r.phone, '') <> ''
                   AND r.id > COALESCE(w.indexed_to, $2)",
                args![self.id(), Uuid::nil()],
                Batch::new().texts("phone", phones),
            )
            .await
    }

    /// How many registrations have no entry yet, counted up to `most`.
    pub async fn behind_index(&self, most: i64) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .by_index()
            .one(
                "SELECT COUNT(*) FROM (SELECT 1 FROM workshops w CROSS JOIN registrants r
                     WHERE w.organization_id = $1 AND w.index_behind AND r.workshop_id = w.id AND r.id > COALESCE(w.indexed_to, $2)
                     LIMIT $3) AS waiting",
                args![self.id(), Uuid::nil(), most],
            )
            .await?;
        Ok(n)
    }
}
