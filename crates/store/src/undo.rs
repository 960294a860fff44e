//! Taking an import back.
//!
//! One transaction marks the import (a row of `undoing`), takes its registrants out of the counts, and raises the
//! workshop's `people_revision`: from then on no reader sees them, and a plan that was read before is not written. Rows
//! are cleared behind the mark in steps that the engine's loop makes ([`Org::clear_undone`]); after a crash it goes on
//! with those that are left.
//!
//! Registrations that a message was planned for stay. Where a broadcast may hold some of them, [`Org::undo_import`]
//! first takes them out of the import, in steps as well. The import shows as *being taken back* meanwhile.

use domain::{
    broadcast::BroadcastStatus,
    ids::{ImportId, OrganizationId, RegistrantId, WorkshopId},
    role::Permission,
    time::{HOUR, Millis},
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    imports::{Import, ImportState, Undone},
    org::Org,
    registrants::{Moment, forget_beside, raise_revision, renew_duplicate_marks, tally_of, tally_of_import},
    search::{forget_registrants, renew},
    work::Work,
};

/// Registrations that one transaction looks at: short enough that sending does not notice.
const STEP: i64 = 2_000;
/// Duplicates that are given new marks within the transaction that marks the import.
const MARKED_AT_ONCE: i64 = 5_000;
/// A broadcast that was confirmed so long before an import was uploaded holds nobody of it.
const PLANNED_BY_MS: i64 = HOUR;

/// What one step of clearing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Registrations whose rows are gone.
    pub rows: u64,
    /// Whether there is more to do for this import.
    pub more: bool,
}

impl Work {
    /// Imports that are being taken back, or whose rows are still to be cleared.
    pub async fn undoing(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
        let rows: Vec<(Uuid, Uuid)> = self
            .db
            .all(
                "SELECT organization_id, import_id FROM undoing
                 UNION SELECT organization_id, id FROM imports WHERE state = 'undoing' ORDER BY 2",
                args![],
            )
            .await?;
        Ok(rows.into_iter().map(|(org, import)| (OrganizationId(org), ImportId(import))).collect())
    }
}

impl Org {
    /// Takes the registrants of an import away, but for those that a message was planned for: at once for every reader, whatever their
    /// number. Then gives back what it had changed. [`Org::clear_undone`] clears the rows afterwards, and goes on with all of it after a
    /// crash. `progress` hears how many of those that may have been told were looked at, where there are any.
    ///
    /// # Errors
    /// [`StoreError::Stale`] unless its rows are in. [`StoreError::BeingPlanned`] while a broadcast of the workshop is planned.
    pub async fn undo_import(
        &self,
        id: ImportId,
        now: Millis,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Undone, StoreError> {
        let at = Moment::beginning(now);
        self.allow(Permission::Manage)?;
        let import = self.import(id).await?;
        if !matches!(import.state, ImportState::Committed | ImportState::Undoing) {
            return Err(StoreError::Stale);
        }
        let mut tx = self.begin_undo(&import).await?;
        let mut undone = Undone::default();
        if may_be_told(&mut tx, &import).await? {
            tx.commit().await?;
            let (mut looked_at, mut after) = (0, None);
            loop {
                let step = self.keep_told(&import, after).await?;
                undone.kept += step.kept;
                looked_at += step.looked_at;
                progress(looked_at);
                after = step.next;
                if after.is_none() {
                    break;
                }
            }
            tx = self.begin_undo(&import).await?;
        }
        undone.deleted = self.hide(&mut tx, &import, undone.kept, now).await?;
        tx.commit().await?;
        while let Some((_, marked_to, false)) = self.undoing(id).await? {
            self.settle_undone(id, import.workshop, marked_to, at).await?;
        }
        Ok(undone)
    }

    /// Holds the workshop; from here on no broadcast of it is planned until the import is hidden and settled.
    async fn begin_undo(&self, import: &Import) -> Result<Tx, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        self.hold(&mut tx, import.workshop).await?;
        let (planning,): (bool,) = tx
            .one(
                "SELECT EXISTS (SELECT 1 FROM broadcasts WHERE workshop_id = $1 AND status = $2 AND planned > 0)",
                args![import.workshop.0, BroadcastStatus::Planning.word()],
            )
            .await?;
        if planning {
            return Err(StoreError::BeingPlanned);
        }
        let begun = tx
            .run(
                "UPDATE imports SET state = 'undoing' WHERE organization_id = $1 AND id = $2 AND state IN ('committed', 'undoing')",
                args![self.id(), import.id.0],
            )
            .await?;
        if begun == 0 {
            return Err(StoreError::Stale);
        }
        raise_revision(&mut tx, import.workshop).await?;
        Ok(tx)
    }

    /// Takes the next registrations that a message was planned for out of the import: they stay, with their number and their agreements.
    async fn keep_told(&self, import: &Import, after: Option<RegistrantId>) -> Result<Kept, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        self.hold(&mut tx, import.workshop).await?;
        let rows: Vec<(Uuid, String, bool)> = tx
            .all(
                "SELECT r.id, r.phone,
                        EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                                WHERE o.workshop_id = r.workshop_id AND m.recipient = r.phone AND m.planned
                                  AND m.registrant_id = r.id)
                        -- Told at a number that was corrected since.
                        OR EXISTS (SELECT 1 FROM corrections c
                                   JOIN broadcasts o ON o.workshop_id = c.workshop_id
                                   JOIN messages m ON m.broadcast_id = o.id AND m.recipient = c.phone_before AND m.planned
                                   WHERE c.workshop_id = r.workshop_id AND c.registrant_id = r.id AND c.phone_before <> ''
                                     AND m.registrant_id = r.id) AS told
                 FROM registrants r
                 WHERE r.organization_id = $1 AND r.import_id = $2 AND r.id > $3 AND r.workshop_id = $4
                 ORDER BY r.id LIMIT $5",
                args![self.id(), import.id.0, after.map_or(Uuid::nil(), |id| id.0), import.workshop.0, STEP],
            )
            .await?;
        let is_last = i64::try_from(rows.len()) != Ok(STEP);
        let next = rows.last().map(|row| RegistrantId(row.0)).filter(|_| !is_last);
        let looked_at = rows.len() as u64;
        let (ids, phones): (Vec<Uuid>, Vec<String>) =
            rows.into_iter().filter(|row| row.2).map(|(id, phone, _)| (id, phone)).unzip();
        let kept = ids.len() as u64;
        if kept > 0 {
            tally_of(&mut tx, import.workshop, ids.clone())
                .await?
                .leave_import(&mut tx, import.workshop)
                .await?;
            tx.run_batch(
                "UPDATE registrants SET import_id = NULL WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
                args![import.workshop.0],
                Batch::new().uuids("id", ids),
            )
            .await?;
            for sql in [
                "UPDATE leads SET import_id = NULL WHERE organization_id = $1 AND import_id = $2
                   AND phone IN (SELECT b.phone FROM @batch)",
                "UPDATE consents SET import_id = NULL WHERE organization_id = $1 AND import_id = $2
                   AND phone IN (SELECT b.phone FROM @batch)",
            ] {
                let batch = Batch::new().texts("phone", phones.iter().cloned());
                tx.run_batch(sql, args![self.id(), import.id.0], batch).await?;
            }
        }
        tx.commit().await?;
        Ok(Kept { kept, looked_at, next })
    }

    /// The mark; how many registrations it takes away.
    async fn hide(&self, tx: &mut Tx, import: &Import, kept: u64, now: Millis) -> Result<u64, StoreError> {
        let counts = tally_of_import(tx, import.id).await?;
        let hidden = counts.rows().unsigned_abs();
        counts.taken_away().write(tx, import.workshop).await?;
        tx.run("DELETE FROM import_counts WHERE import_id = $1", args![import.id.0]).await?;
        tx.run(
            "INSERT INTO undoing (import_id, organization_id, workshop_id, marked_to, settled)
             VALUES ($2, $1, $3, NULL, FALSE)",
            args![self.id(), import.id.0, import.workshop.0],
        )
        .await?;
        tx.run(
            "UPDATE imports SET state = 'undone', undone_at = $3 WHERE organization_id = $1 AND id = $2",
            args![self.id(), import.id.0, now],
        )
        .await?;
        if let Some(marked) = renew_duplicate_marks(tx, import.workshop, None, MARKED_AT_ONCE).await?.last {
            tx.run("UPDATE undoing SET marked_to = $2 WHERE import_id = $1", args![import.id.0, marked])
                .await?;
        }
        self.note(tx, "import.undone", import.id, &format!("deleted={hidden} kept={kept}"), now).await?;
        Ok(hidden)
    }

    /// One step behind an undo, in short transactions: gives marks, agreements and states back first, then clears rows, the newest
    /// first. For the engine's loop; nobody sees any of those rows.
    pub async fn clear_undone(&self, id: ImportId, now: Millis, limit: i64) -> Result<Cleared, StoreError> {
        let more = Cleared { rows: 0, more: true };
        match self.undoing(id).await? {
            None if self.import(id).await?.state == ImportState::Undoing => {
                self.undo_import(id, now, |_| {}).await?;
                Ok(more)
            }
            None => Ok(Cleared::default()),
            Some((workshop, marked_to, false)) => {
                self.settle_undone(id, WorkshopId(workshop), marked_to, Moment::beginning(now)).await?;
                Ok(more)
            }
            Some((workshop, _, true)) => self.clear_rows(id, WorkshopId(workshop), limit).await,
        }
    }

    /// Of an import whose rows are still to be cleared: its workshop, how far marks were looked at, whether all but the rows is done.
    async fn undoing(&self, id: ImportId) -> Result<Option<(Uuid, Option<Uuid>, bool)>, StoreError> {
        self.db
            .optional(
                "SELECT workshop_id, marked_to, settled FROM undoing WHERE organization_id = $1 AND import_id = $2",
                args![self.id(), id.0],
            )
            .await
    }

    /// The next step of what an undo gives back: marks, then agreements, then where registrations stood.
    async fn settle_undone(
        &self,
        id: ImportId,
        workshop: WorkshopId,
        marked_to: Option<Uuid>,
        at: Moment,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        self.hold(&mut tx, workshop).await?;
        let marked = renew_duplicate_marks(&mut tx, workshop, marked_to, STEP).await?;
        if let Some(last) = marked.last {
            tx.run("UPDATE undoing SET marked_to = $2 WHERE import_id = $1", args![id.0, last]).await?;
            return tx.commit().await;
        }
        let agreements = tx
            .run(
                "DELETE FROM consents WHERE id IN
                     (SELECT id FROM consents WHERE import_id = $2 AND organization_id = $1 LIMIT $3)",
                args![self.id(), id.0, STEP],
            )
            .await?;
        tx.commit().await?;
        if agreements > 0 {
            return Ok(());
        }
        self.give_back_statuses(id, workshop, at).await?;
        self.give_back_corrections(id, workshop, at).await?;
        self.db.run("UPDATE undoing SET settled = TRUE WHERE import_id = $1", args![id.0]).await?;
        Ok(())
    }

    async fn clear_rows(
        &self,
        id: ImportId,
        workshop: WorkshopId,
        limit: i64,
    ) -> Result<Cleared, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        self.hold(&mut tx, workshop).await?;
        let rows: Vec<(Uuid, String)> = tx
            .all(
                "SELECT id, phone FROM registrants WHERE import_id = $1 AND organization_id = $2 ORDER BY id DESC LIMIT $3",
                args![id.0, self.id(), limit],
            )
            .await?;
        if rows.is_empty() {
            tx.run("DELETE FROM undoing WHERE import_id = $1", args![id.0]).await?;
            tx.commit().await?;
            return Ok(Cleared::default());
        }
        let n = rows.len() as u64;
        let mut phones: Vec<String> =
            rows.iter().map(|row| row.1.clone()).filter(|phone| !phone.is_empty()).collect();
        phones.sort_unstable();
        phones.dedup();
        tx.run_batch(
            "DELETE FROM registrants WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0],
            Batch::new().uuids("id", rows.iter().map(|row| row.0)),
        )
        .await?;
        let gone: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
        forget_beside(&mut tx, workshop, &gone).await?;
        // A lead of this import alone goes with it; one that several sources knew, when none of them is left.
        tx.run_batch(
            "DELETE FROM leads WHERE organization_id = $1 AND phone IN (SELECT b.phone FROM @batch)
               AND (import_id = $2 OR (import_id IS NULL
                    AND NOT EXISTS (SELECT 1 FROM workshops w JOIN registrants r ON r.workshop_id = w.id
                                    WHERE w.organization_id = $1 AND r.phone = leads.phone)))",
            args![self.id(), id.0],
            Batch::new().texts("phone", phones.iter().cloned()),
        )
        .await?;
        let numberless = rows.into_iter().filter(|row| row.1.is_empty()).map(|row| row.0).collect();
        forget_registrants(&mut tx, workshop.0, numberless).await?;
        renew(&mut tx, self.id(), &phones).await?;
        tx.commit().await?;
        Ok(Cleared { rows: n, more: true })
    }
}

/// What one look at those that may have been told did.
struct Kept {
    kept: u64,
    looked_at: u64,
    next: Option<RegistrantId>,
}

/// Whether a message may have been planned for somebody of the import.
async fn may_be_told(tx: &mut Tx, import: &Import) -> Result<bool, StoreError> {
    let ms = u128::try_from(import.created_at.0 - PLANNED_BY_MS).unwrap_or(0);
    let (told,): (bool,) = tx
        .one(
            "SELECT EXISTS (SELECT 1 FROM broadcasts WHERE workshop_id = $1 AND id >= $2 AND planned > 0)",
            args![import.workshop.0, Uuid::from_u128(ms << 80)],
        )
        .await?;
    Ok(told)
}
