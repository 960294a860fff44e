//! Pages of a workshop's registrants, and searching among them.

use std::cmp::Reverse;

use domain::{
    ids::{RegistrantId, WorkshopId},
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::{Registrant, RegistrantFilter, RegistrantRow, Which};
use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
    search::{Found, STRETCH, Search, Who},
};

/// Registrants of a workshop, newest first: all in the order of the key, and those with the ids of a batch. The condition stands at the call:
/// a query is one text in full view. (`OFFSET` keeps PostgreSQL from reading every opted-out number first, to hash them.)
macro_rules! select_registrants {
    ($which:literal) => {
        (
            select_registrants!("@registrants r WHERE r.workshop_id = $2", $which, ""),
            // Every condition stands in ON: one in WHERE would let the database turn the join around and walk over the workshop.
            select_registrants!(
                "@batch LEFT JOIN @registrants r ON r.workshop_id = $2 AND r.id = b.id",
                $which,
                "WHERE COALESCE(r.identity, '') <> ''"
            ),
        )
    };
    ($from:literal, $which:literal, $there:literal) => {
        concat!(
            "SELECT r.id, r.workshop_id, r.name, r.email, r.phone, r.phone_typed, r.status, r.mark, r.source, r.import_id,
                    r.came_from, r.other_phones, r.reference, r.registered_at, r.back_id, r.identity LIKE 'erased-%' AS is_erased,
                    r.phone <> '' AND EXISTS (SELECT 1 FROM suppressions s WHERE s.organization_id = r.organization_id
                                              AND s.phone = r.phone AND s.phone <> '' LIMIT 1 OFFSET 0) AS suppressed
             FROM ",
            $from,
            " AND r.organization_id = $1 AND r.id < $3 AND r.id > $5 ",
            $which,
            " ",
            $there,
            " ORDER BY r.id DESC LIMIT $4"
        )
    };
}

/// The queries for one kind of registrants: among all, and among those with given ids.
fn queries(which: Which) -> (&'static str, &'static str) {
    match which {
        Which::All => select_registrants!(""),
        Which::NoPhone => {
            select_registrants!("AND r.mark = 'no_phone' AND r.mark <> '' AND r.status = 'registered'")
        }
        Which::InvalidPhone => {
            select_registrants!("AND r.mark = 'invalid_phone' AND r.mark <> '' AND r.status = 'registered'")
        }
        Which::Landline => {
            select_registrants!("AND r.mark = 'landline' AND r.mark <> '' AND r.status = 'registered'")
        }
        Which::Duplicate => {
            select_registrants!("AND r.mark = 'duplicate' AND r.mark <> '' AND r.status = 'registered'")
        }
        Which::Suppressed => select_registrants!(
            "AND r.status = 'registered' AND r.id IN
                 (SELECT n.id FROM suppressions s CROSS JOIN @registrants n
                  WHERE s.organization_id = $1 AND s.phone <> '' AND n.workshop_id = $2 AND n.phone = s.phone)"
        ),
        Which::NoConsent => select_registrants!(
            "AND r.status = 'registered' AND r.mark = '' AND NOT EXISTS
                 (SELECT 1 FROM consents c
                  WHERE c.organization_id = $1 AND c.phone = r.phone AND c.phone <> '' AND c.withdrawn_at IS NULL)"
        ),
        Which::NoName => select_registrants!("AND r.name = ''"),
        Which::Status(RegistrantStatus::Registered) => select_registrants!("AND r.status = 'registered'"),
        Which::Status(RegistrantStatus::Cancelled) => {
            select_registrants!("AND r.status = 'cancelled' AND r.status <> 'registered'")
        }
        Which::Status(RegistrantStatus::Refunded) => {
            select_registrants!("AND r.status = 'refunded' AND r.status <> 'registered'")
        }
    }
}

#[derive(sqlx::FromRow)]
struct SoughtRow {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
}

impl Org {
    /// A page of a workshop's registrants, newest first.
    pub async fn registrants(
        &self,
        workshop: WorkshopId,
        filter: &RegistrantFilter,
    ) -> Result<Vec<Registrant>, StoreError> {
        let before = filter.after.map_or(Uuid::max(), |id| id.0);
        if filter.search.trim().is_empty() {
            return self.registrants_before(workshop, filter.which, before, filter.limit).await;
        }
        let search = self.search(&filter.search).await?;
        match self.find(&search, Some(workshop)).await? {
            Found::Few(who) => {
                let mut ids = self.sought_registrants(workshop, &search, who).await?;
                ids.retain(|id| *id < before);
                self.registrants_among(workshop, filter, before, ids).await
            }
            Found::Many => self.registrants_judged(workshop, filter, &search, before).await,
        }
    }

    async fn registrants_before(
        &self,
        workshop: WorkshopId,
        which: Which,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<Registrant>, StoreError> {
        let mut rows: Vec<RegistrantRow> = vec![];
        for (after, before) in self.shown_stretches(workshop.0, (Uuid::nil(), before)).await? {
            let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
            if left <= 0 {
                break;
            }
            let args = args![self.id(), workshop.0, before, left, after];
            rows.extend(self.db.by_index().all::<RegistrantRow>(queries(which).0, args).await?);
        }
        rows.into_iter().map(Registrant::try_from).collect()
    }

    async fn registrants_among(
        &self,
        workshop: WorkshopId,
        filter: &RegistrantFilter,
        before: Uuid,
        ids: Vec<Uuid>,
    ) -> Result<Vec<Registrant>, StoreError> {
        let rows: Vec<RegistrantRow> = self
            .db
            .by_index()
            .all_batch(
                queries(filter.which).1,
                args![self.id(), workshop.0, before, filter.limit, Uuid::nil()],
                Batch::new().uuids("id", ids),
            )
            .await?;
        rows.into_iter().map(Registrant::try_from).collect()
    }

    /// Reads the list in order and keeps those that the search finds, until the page is full.
    async fn registrants_judged(
        &self,
        workshop: WorkshopId,
        filter: &RegistrantFilter,
        search: &Search,
        before: Uuid,
    ) -> Result<Vec<Registrant>, StoreError> {
        let limit = usize::try_from(filter.limit).unwrap_or(0);
        if filter.which == Which::All {
            let ids = self.all_registrants_judged(workshop, search, before, limit).await?;
            return self.registrants_among(workshop, filter, before, ids).await;
        }
        let (mut found, mut next) = (vec![], Some(before));
        while let Some(before) = next.filter(|_| found.len() < limit) {
            let rows = self.registrants_before(workshop, filter.which, before, STRETCH).await?;
            let is_last = i64::try_from(rows.len()).unwrap_or(0) < STRETCH;
            next = rows.last().map(|row| row.id.0).filter(|_| !is_last);
            found.extend(rows.into_iter().filter(|r| search.query.finds_person(&r.name, &r.email, &r.phone)));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Finds the ids among all registrants by reading only what decides. A row of the list costs several times as
    /// much, and most rows are not on the page.
    async fn all_registrants_judged(
        &self,
        workshop: WorkshopId,
        search: &Search,
        before: Uuid,
        limit: usize,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut found = vec![];
        // As few rows at once as a page has: where a word is seldom, the database walks far for more.
        let at_once = i64::try_from(limit * 2).unwrap_or(STRETCH).clamp(1, STRETCH);
        self.walk(search, (workshop.0, None), before, (limit, at_once), &mut found).await?;
        found.truncate(limit);
        Ok(found.into_iter().map(|row| row.id).collect())
    }

    /// Registrations of these people in that workshop, as far as the search finds themselves: several people may share a number. The newest
    /// first.
    async fn sought_registrants(
        &self,
        workshop: WorkshopId,
        search: &Search,
        who: Vec<Who>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (mut phones, mut ids) = (vec![], vec![]);
        for who in who {
            match who {
                Who::Number(phone) => phones.push(phone),
                Who::Registrant(at, RegistrantId(id)) if at == workshop => ids.push(id),
                Who::Registrant(..) => {}
            }
        }
        let mut rows: Vec<SoughtRow> = self.db.by_index().all_batch(
                "SELECT r.id, r.name, r.email, r.phone FROM @batch LEFT JOIN @registrants r
                 ON r.workshop_id = $1 AND r.phone = b.phone AND r.organization_id = $2 WHERE COALESCE(r.phone, '') <> ''",
                args![workshop.0, self.id()],
                Batch::new().texts("phone", phones),
            )
            .await?;
        let numberless: Vec<SoughtRow> = self.db.by_index().all_batch(
                "SELECT r.id, r.name, r.email, r.phone FROM @batch LEFT JOIN @registrants r
                 ON r.workshop_id = $1 AND r.id = b.id AND r.organization_id = $2 WHERE COALESCE(r.identity, '') <> ''",
                args![workshop.0, self.id()],
                Batch::new().uuids("id", ids),
            )
            .await?;
        rows.extend(numberless);
        rows.retain(|row| search.query.finds_person(&row.name, &row.email, &row.phone));
        rows.sort_unstable_by_key(|row| Reverse(row.id));
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}
