//! Where a list of a workshop may find somebody, while rows of an undone import are still to be cleared.
//!
//! Readers pass over such rows one by one, which takes seconds among a million. The registrations of an import have
//! neighbouring ids, so two counts in indexes tell whether a stretch holds nothing else. A stretch that holds more is
//! halved until the others are in a short stretch.

use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// Registrations after the first id and before the second.
pub(crate) type Stretch = (Uuid, Uuid);

/// A stretch so short is read as it is.
const SHORT: i64 = 2_000;
/// Most stretches that are counted; what is left then is read as it is.
const COUNTED_MAX: usize = 48;

fn behind(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_add(1))
}

fn ahead_of(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_sub(1))
}

impl Org {
    /// The stretches of a workshop within one that may hold somebody whom readers see, the newest first.
    pub(crate) async fn shown_stretches(
        &self,
        workshop: Uuid,
        within: Stretch,
    ) -> Result<Vec<Stretch>, StoreError> {
        let hidden: Vec<(Uuid,)> = self
            .db
            .by_index()
            .all(
                "SELECT import_id FROM undoing WHERE organization_id = $1 AND workshop_id = $2 ORDER BY import_id",
                args![self.id(), workshop],
            )
            .await?;
        let mut stretches = vec![within];
        for (import,) in hidden {
            let mut left = vec![];
            for stretch in stretches {
                left.extend(self.without(import, workshop, stretch).await?);
            }
            stretches = left;
        }
        Ok(stretches)
    }

    /// What a stretch holds besides the rows of one import, the newest first.
    async fn without(
        &self,
        import: Uuid,
        workshop: Uuid,
        (after, before): Stretch,
    ) -> Result<Vec<Stretch>, StoreError> {
        let ends: Vec<(Option<Uuid>, Option<Uuid>)> = self
            .db
            .by_index()
            .all(
                "SELECT (SELECT id FROM registrants WHERE import_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT 1),
                        (SELECT id FROM registrants WHERE import_id = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT 1)",
                args![import, after, before],
            )
            .await?;
        let Some((Some(first), Some(last))) = ends.first().copied() else {
            return Ok(vec![(after, before)]);
        };
        let mut kept = vec![(last, before)];
        let mut to_count = vec![(ahead_of(first), behind(last))];
        let mut counted = 0;
        while let Some((after, before)) = to_count.pop() {
            let (all, own) = self.counts(import, workshop, (after, before)).await?;
            counted += 1;
            if all == own {
                continue;
            }
            match self.middle(workshop, (after, before), all / 2).await? {
                Some(middle) if all > SHORT && counted < COUNTED_MAX => {
                    // The newer half is looked at next.
                    to_count.push((after, behind(middle)));
                    to_count.push((middle, before));
                }
                _ => kept.push((after, before)),
            }
        }
        kept.push((after, first));
        kept.retain(|(after, before)| behind(*after) < *before);
        Ok(kept)
    }

    /// Registrations of a stretch: all, and those of one import.
    async fn counts(
        &self,
        import: Uuid,
        workshop: Uuid,
        (after, before): Stretch,
    ) -> Result<(i64, i64), StoreError> {
        self.db
            .by_index()
            .one(
                "SELECT (SELECT COUNT(*) FROM registrants WHERE workshop_id = $2 AND id > $3 AND id < $4),
                        (SELECT COUNT(*) FROM registrants WHERE import_id = $1 AND id > $3 AND id < $4)",
                args![import, workshop, after, before],
            )
            .await
    }

    /// The registration behind so many of a stretch.
    async fn middle(
        &self,
        workshop: Uuid,
        (after, before): Stretch,
        n: i64,
    ) -> Result<Option<Uuid>, StoreError> {
        let middle: Option<(Uuid,)> = self
            .db
            .by_index()
            .optional(
                "SELECT id FROM registrants WHERE workshop_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT 1 OFFSET $4",
                args![workshop, after, before, n],
            )
            .await?;
        Ok(middle.map(|(id,)| id))
    }

    /// How many rows of a workshop a list without an end reads.
    #[cfg(feature = "testing")]
    pub async fn rows_that_a_list_reads(&self, workshop: domain::ids::WorkshopId) -> Result<i64, StoreError> {
        let mut rows = 0;
        for stretch in self.shown_stretches(workshop.0, (Uuid::nil(), Uuid::max())).await? {
            rows += self.counts(Uuid::nil(), workshop.0, stretch).await?.0;
        }
        Ok(rows)
    }
}
