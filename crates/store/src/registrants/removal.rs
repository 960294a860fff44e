//! What takes people out of a workshop: what an erasure leaves of a registration, and rows that an undone import left behind.

use domain::{ids::WorkshopId, message::SkipReason, workshop::RegistrantStatus};
use uuid::Uuid;

use super::{
    ERASED,
    duplicates::{Tally, Traits, by_id},
};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    search::forget_registrants,
};

/// Says that people went, or stand elsewhere: a plan that was read before is not written ([`crate::work::Work::plan_write`]). The caller
/// holds the workshop's row.
pub(crate) async fn raise_revision(tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
    tx.run("UPDATE workshops SET people_revision = people_revision + 1 WHERE id = $1", args![workshop.0])
        .await?;
    Ok(())
}

/// Clears registrations (id and number) that no reader sees any more. The caller holds the workshop's row.
pub(crate) async fn clear_hidden(
    tx: &mut Tx,
    workshop: WorkshopId,
    rows: Vec<(Uuid, String)>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    tx.run_batch(
        "DELETE FROM registrants WHERE workshop_id = $1 AND id IN (SELECT b.id FROM @batch)",
        args![workshop.0],
        Batch::new().uuids("id", rows.iter().map(|row| row.0)),
    )
    .await?;
    let gone: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
    forget_beside(tx, workshop, &gone).await?;
    let numberless = rows.into_iter().filter(|row| row.1.is_empty()).map(|row| row.0).collect();
    forget_registrants(tx, workshop.0, numberless).await
}

/// Takes name, number and e-mail out of these registrations; places, states and counts stay, each without a number now. The caller holds
/// the workshop's row, and renews the index for their numbers.
pub(crate) async fn forget_rows(
    tx: &mut Tx,
    workshop: WorkshopId,
    ids: Vec<Uuid>,
) -> Result<u64, StoreError> {
    let hidden: Vec<(Uuid, String)> = tx
        .all_batch(
            "SELECT r.id, r.phone FROM @batch LEFT JOIN registrants r ON r.workshop_id = $1 AND r.id = b.id
             WHERE COALESCE(r.import_id, r.id) IN (SELECT import_id FROM undoing WHERE workshop_id = $1)",
            args![workshop.0],
            Batch::new().uuids("id", ids.iter().copied()),
        )
        .await?;
    clear_hidden(tx, workshop, hidden).await?;
    raise_revision(tx, workshop).await?;
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
        .uuids("workshop_id", rows.iter().map(|_| workshop.0))
        .texts("identity", rows.iter().map(|row| format!("{ERASED}{}", row.id)));
    let n = tx
        .run_batch(
            "UPDATE registrants SET name = '', email = '', phone = '', phone_typed = '', came_from = '', other_phones = '', reference = '', identity = b.identity,
                    mark = CASE WHEN registrants.status = 'registered' THEN 'no_phone' ELSE '' END
             FROM @batch WHERE registrants.workshop_id = b.workshop_id AND registrants.id = b.id",
            args![],
            batch,
        )
        .await?;
    tally.write(tx, workshop).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    forget_beside(tx, workshop, &ids).await?;
    forget_registrants(tx, workshop.0, rows.iter().map(|row| row.id).collect()).await?;
    Ok(n)
}

/// Takes away what is kept beside these registrations: what was corrected in them, with who they were, their short
/// links, and how long they were there.
pub(crate) async fn forget_beside(tx: &mut Tx, workshop: WorkshopId, ids: &[Uuid]) -> Result<(), StoreError> {
    tx.run_batch(
        "DELETE FROM corrections WHERE workshop_id = $1 AND registrant_id IN (SELECT b.id FROM @batch)",
        args![workshop.0],
        Batch::new().uuids("id", ids.iter().copied()),
    )
    .await?;
    tx.run_batch(
        "DELETE FROM join_links WHERE workshop_id = $1 AND registrant_id IN (SELECT b.id FROM @batch)",
        args![workshop.0],
        Batch::new().uuids("id", ids.iter().copied()),
    )
    .await?;
    tx.run_batch(
        "DELETE FROM attendance WHERE workshop_id = $1 AND registrant_id IN (SELECT b.id FROM @batch)",
        args![workshop.0],
        Batch::new().uuids("id", ids.iter().copied()),
    )
    .await?;
    Ok(())
}

/// Takes a number out of the history of others, and out of what they gave beside their own.
pub(crate) async fn forget_elsewhere(tx: &mut Tx, organization: Uuid, phone: &str) -> Result<(), StoreError> {
    for sql in [
        "UPDATE corrections SET phone_before = '', typed_before = '', name_before = ''
         WHERE organization_id = $1 AND phone_before = $2 AND phone_before <> ''",
        "UPDATE corrections SET phone_after = '', typed_after = '', name_after = ''
         WHERE organization_id = $1 AND phone_after = $2 AND phone_after <> ''",
        "UPDATE registrants SET other_phones = TRIM(REPLACE(' ' || other_phones || ' ', ' ' || $2 || ' ', ' '))
         WHERE organization_id = $1 AND other_phones <> '' AND ' ' || other_phones || ' ' LIKE '% ' || $2 || ' %'",
        "DELETE FROM import_differences WHERE phone = $2 AND import_id IN (SELECT id FROM imports WHERE organization_id = $1)",
    ] {
        tx.run(sql, args![organization, phone]).await?;
    }
    Ok(())
}
