//! Late proof: the receipt of a telling comes after the further round that was sent for want of it. Counted with the further round.

use domain::{
    ids::{BroadcastId, MessageRef, WorkshopId},
    message::MessageState,
    told::Purpose,
};
use uuid::Uuid;

use super::receipts::ReceiptChange;
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
};

/// Whether a change is the first proof that a message arrived.
pub(super) fn is_first_proof(change: &ReceiptChange) -> bool {
    let proven = |state| matches!(state, MessageState::Delivered | MessageState::Read);
    proven(change.to) && !proven(change.from)
}

/// Counts those of these messages whose people got a further round meanwhile. One look by key for each broadcast, unless one was followed.
pub(super) async fn count(tx: &mut Tx, proven: &[MessageRef]) -> Result<(), StoreError> {
    let mut broadcasts: Vec<Uuid> = proven.iter().map(|message| message.broadcast.0).collect();
    broadcasts.sort_unstable();
    broadcasts.dedup();
    if broadcasts.is_empty() {
        return Ok(());
    }
    let followed: Vec<(Uuid,)> = tx
        .all_batch(
            "SELECT x.id FROM @batch CROSS JOIN broadcasts x WHERE x.id = b.id AND x.followed",
            args![],
            Batch::new().uuids("id", broadcasts),
        )
        .await?;
    let late: Vec<&MessageRef> =
        proven.iter().filter(|message| followed.iter().any(|(id,)| *id == message.broadcast.0)).collect();
    if late.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .uuids("broadcast_id", late.iter().map(|message| message.broadcast.0))
        .ints("position", late.iter().map(|message| message.position));
    let found: Vec<(Uuid, i64)> = tx
        .all_batch(
            "SELECT later.id, COUNT(*) FROM @batch
             CROSS JOIN messages m CROSS JOIN broadcasts e CROSS JOIN broadcasts later CROSS JOIN messages n
             WHERE m.broadcast_id = b.broadcast_id AND m.position = b.position AND e.id = m.broadcast_id
               AND later.workshop_id = e.workshop_id AND later.purpose = e.purpose AND later.round > e.round
               AND n.broadcast_id = later.id AND n.recipient = m.recipient AND n.planned AND n.sent_at IS NOT NULL
             GROUP BY later.id ORDER BY later.id",
            args![],
            batch,
        )
        .await?;
    for (id, n) in found {
        tx.run(
            "INSERT INTO late_proofs (broadcast_id, n) VALUES ($1, $2)
             ON CONFLICT (broadcast_id) DO UPDATE SET n = late_proofs.n + excluded.n",
            args![id, n],
        )
        .await?;
    }
    Ok(())
}

impl Org {
    /// Marks the broadcasts before a further round, if it is one: their receipts look from now on whether they come too late.
    pub(crate) async fn follow_round(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        purpose: &Purpose,
        round: i64,
    ) -> Result<(), StoreError> {
        if round == 0 {
            return Ok(());
        }
        tx.run(
            "UPDATE broadcasts SET followed = TRUE
             WHERE workshop_id = $1 AND purpose = $2 AND organization_id = $3 AND round < $4 AND NOT followed",
            args![workshop.0, purpose.word(), self.id(), round],
        )
        .await?;
        Ok(())
    }

    /// Of how many people of a further round the proof of an earlier telling came after this one had gone out to them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn late_proofs(&self, id: BroadcastId) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = self
            .db
            .by_index()
            .optional(
                "SELECT l.n FROM late_proofs l JOIN broadcasts b ON b.id = l.broadcast_id
                 WHERE l.broadcast_id = $1 AND b.organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        Ok(row.map_or(0, |(n,)| n))
    }
}
