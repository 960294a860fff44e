//! Taking people out: the undo of an import, and what an erasure leaves of a registration.

use domain::{
    ids::{ImportId, RegistrantId, WorkshopId},
    message::SkipReason,
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::{
    ERASED,
    marks::{Stored, Tally, Traits, by_id, mark_group, with_numbers},
};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
    search::{forget_registrants, renew},
};

/// What an undo took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Registrations deleted.
    pub deleted: u64,
    /// Registrations that a message was planned for, and which stay.
    pub kept: u64,
    /// People that only this import had brought.
    pub leads: u64,
    /// The last one looked at; `None` when there are no more.
    pub next: Option<RegistrantId>,
}

impl Org {
    /// Takes away up to `limit` registrants of an import, from `after` on, in one transaction.
    pub(crate) async fn remove_imported(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        after: Option<RegistrantId>,
        limit: i64,
    ) -> Result<Removed, StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        self.hold(&mut tx, workshop).await?;
        let mut rows: Vec<TakenRow> = tx
            .all(
                "SELECT r.id, r.phone,
                        EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                                WHERE o.workshop_id = r.workshop_id AND m.recipient = r.phone AND m.planned
                                  AND m.registrant_id = r.id) AS told
                 FROM registrants r
                 WHERE r.organization_id = $1 AND r.import_id = $2 AND r.id > $3 AND r.workshop_id = $4
                 ORDER BY r.id LIMIT $5",
                args![self.id(), import.0, after.map_or(Uuid::nil(), |id| id.0), workshop.0, limit],
            )
            .await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(Removed::default()) };
        let looked_at = rows.len() as u64;
        rows.retain(|row| !row.told);
        let deleted = rows.len() as u64;
        let mut phones: Vec<_> = rows.iter().map(|row| row.phone.clone()).filter(|p| !p.is_empty()).collect();
        phones.sort_unstable();
        phones.dedup();

        let mut tally = Tally::default();
        for (_, traits) in with_numbers(&mut tx, workshop, &phones).await? {
            tally.add(&traits.traits, -1);
        }
        let phoneless: Vec<_> = rows.iter().filter(|row| row.phone.is_empty()).map(|row| row.id).collect();
        for traits in by_id(&mut tx, workshop, phoneless.clone()).await? {
            tally.add(&traits.traits, -1);
        }
        tx.run_batch(
            "DELETE FROM registrants WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0],
            Batch::new().uuids("id", rows.iter().map(|row| row.id)),
        )
        .await?;
        // Those left with these numbers may have a new first one.
        let left = with_numbers(&mut tx, workshop, &phones).await?;
        let mut unmarked = Vec::new();
        for group in left.chunk_by(|a, b| a.0 == b.0) {
            let mut group: Vec<_> =
                group.iter().map(|(_, row)| Stored { id: row.id, traits: row.traits }).collect();
            let before: Vec<_> = group.iter().map(|row| row.traits.mark).collect();
            mark_group(&mut group);
            for (row, before) in group.iter().zip(before) {
                tally.add(&row.traits, 1);
                if row.traits.mark != before {
                    unmarked.push(row.id);
                }
            }
        }
        tx.run_batch(
            "UPDATE registrants SET mark = '' WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
            args![workshop.0],
            Batch::new().uuids("id", unmarked),
        )
        .await?;
        let leads = tx
            .run_batch(
                "DELETE FROM leads WHERE organization_id = $1 AND import_id = $2
                   AND phone IN (SELECT b.phone FROM @batch)
                   AND NOT EXISTS (SELECT 1 FROM workshops w JOIN registrants r ON r.workshop_id = w.id
                                   WHERE w.organization_id = $1 AND r.phone = leads.phone)",
                args![self.id(), import.0],
                Batch::new().texts("phone", phones.iter().cloned()),
            )
            .await?;
        tally.write(&mut tx, workshop).await?;
        forget_registrants(&mut tx, workshop.0, phoneless).await?;
        renew(&mut tx, self.id(), &phones).await?;
        tx.commit().await?;
        Ok(Removed { deleted, kept: looked_at - deleted, leads, next: Some(RegistrantId(last)) })
    }
}

#[derive(sqlx::FromRow)]
struct TakenRow {
    id: Uuid,
    phone: String,
    told: bool,
}

/// Takes name, number and e-mail out of these registrations; places, states and counts stay, each without a number now. The caller holds
/// the workshop's row, and renews the index for their numbers.
pub(crate) async fn forget_rows(
    tx: &mut Tx,
    workshop: WorkshopId,
    ids: Vec<Uuid>,
) -> Result<u64, StoreError> {
    let mut tally = Tally::default();
    let rows = by_id(tx, workshop, ids).await?;
    for row in &rows {
        tally.add(&row.traits, -1);
        let registered = row.traits.status == RegistrantStatus::Registered;
        let mark = registered.then_some(SkipReason::NoPhone);
        tally.add(&Traits { mark, has_email: false, has_name: false, ..row.traits }, 1);
    }
    let batch = Batch::new()
        .uuids("id", rows.iter().map(|row| row.id))
        .texts("identity", rows.iter().map(|row| format!("{ERASED}{}", row.id)));
    let n = tx
        .run_batch(
            "UPDATE registrants SET name = '', email = '', phone = '', phone_typed = '', came_from = '', identity = b.identity,
                    mark = CASE WHEN registrants.status = 'registered' THEN 'no_phone' ELSE '' END
             FROM @batch WHERE registrants.workshop_id = $1 AND registrants.id = b.id",
            args![workshop.0],
            batch,
        )
        .await?;
    tally.write(tx, workshop).await?;
    forget_registrants(tx, workshop.0, rows.iter().map(|row| row.id).collect()).await?;
    Ok(n)
}
