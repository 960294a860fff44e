//! Registrations that have no entry in the index yet: read as they are, the newest first, and judged one by one.

use domain::{
    ids::{RegistrantId, WorkshopId},
    search::Query,
};
use uuid::Uuid;

use super::{Search, Who};
use crate::{db::args, error::StoreError, org::Org};

/// Registrations that one search reads at most. An import indexes each of its transactions, of some 20,000 rows, before the next; more wait only
/// after an update from a version without an index.
const READ_MAX: usize = 60_000;
/// Registrations read at once.
const STRETCH: i64 = 5_000;

/// What a look behind the index found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behind {
    /// Those that the search finds, the newest first.
    pub(crate) found: Vec<BehindRow>,
    /// Whether more wait for the index than were read.
    pub(crate) is_cut: bool,
}

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

    fn is_found_by(&self, query: &Query) -> bool {
        query.finds_person(&self.name, &self.email, &self.phone)
    }
}

impl Org {
    /// Registrations that have no entry yet and that the search finds: of one workshop or of all, before `before`.
    pub(crate) async fn behind(
        &self,
        search: &Search,
        within: Option<WorkshopId>,
        before: Option<Uuid>,
    ) -> Result<Behind, StoreError> {
        let mut workshops: Vec<(Uuid, Option<Uuid>)> = self.db.by_index().all(
                "SELECT id, indexed_to FROM workshops WHERE organization_id = $1 AND index_behind ORDER BY id DESC",
                args![self.id()],
            )
            .await?;
        workshops.retain(|(id, _)| within.is_none_or(|within| within.0 == *id));
        let mut behind = Behind::default();
        let mut read = 0;
        for (workshop, indexed_to) in workshops {
            let mut next = Some(before.unwrap_or(Uuid::max()));
            while let Some(before) = next {
                if read >= READ_MAX {
                    behind.is_cut = true;
                    break;
                }
                let rows: Vec<BehindRow> = self.db.by_index().all(
                        "SELECT id, workshop_id, phone, name, email FROM registrants
                         WHERE workshop_id = $1 AND id > $2 AND id < $3 AND organization_id = $4 ORDER BY id DESC LIMIT $5",
                        args![workshop, indexed_to.unwrap_or(Uuid::nil()), before, self.id(), STRETCH],
                    )
                    .await?;
                read += rows.len();
                next = rows.last().map(|row| row.id).filter(|_| i64::try_from(rows.len()) == Ok(STRETCH));
                behind.found.extend(rows.into_iter().filter(|row| row.is_found_by(&search.query)));
            }
        }
        behind.found.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        Ok(behind)
    }
}
