//! Where a registration stands: cancelled, refunded, registered again.

use domain::{
    ids::{ImportId, RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    role::Permission,
    time::Millis,
    workshop::RegistrantStatus,
};
use uuid::Uuid;

use super::{
    Moment, StatusChanged, comes_late,
    correcting::former_numbers,
    duplicates::{Tally, Traits, mark_group, same_number},
    raise_revision,
};
use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    messages::{CountMoves, move_counts},
    org::Org,
};

impl Org {
    /// Sets where a registration stands. Leaving *registered* takes the person's waiting messages out of this workshop's broadcasts;
    /// the next registration with the same number, if there is one, becomes the one that is told.
    pub async fn set_registrant_status(
        &self,
        workshop: WorkshopId,
        id: RegistrantId,
        status: RegistrantStatus,
        now: Millis,
    ) -> Result<StatusChanged, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let changed = self.change_status(&mut tx, workshop, id, status, now).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Takes over from a file where a registration stands now, and remembers where it stood. False when it is not there, or stands
    /// there already.
    pub async fn take_over_status(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        id: RegistrantId,
        status: RegistrantStatus,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.begin().await?;
        let noted = tx
            .run(
                "INSERT INTO import_changes (import_id, registrant_id, status_before, status_after, changed_at)
                 SELECT i.id, r.id, r.status, $5, $6 FROM imports i, @registrants r
                 WHERE i.organization_id = $1 AND i.id = $2 AND r.organization_id = $1 AND r.workshop_id = $3 AND r.id = $4
                   AND r.status <> $5
                 ON CONFLICT (import_id, registrant_id)
                 DO UPDATE SET status_after = excluded.status_after, changed_at = excluded.changed_at",
                args![self.id(), import.0, workshop.0, id.0, status.word(), now],
            )
            .await?;
        if noted > 0 {
            self.change_status(&mut tx, workshop, id, status, now).await?;
        }
        tx.commit().await?;
        Ok(noted > 0)
    }

    /// Gives back what an import took over, where nobody has changed it since; how many.
    pub(crate) async fn give_back_statuses(
        &self,
        import: ImportId,
        workshop: WorkshopId,
        at: Moment,
    ) -> Result<u64, StoreError> {
        let changed: Vec<(Uuid, String, String)> = self
            .db
            .all(
                "SELECT c.registrant_id, c.status_before, r.status FROM import_changes c
                 JOIN @registrants r ON r.workshop_id = $3 AND r.id = c.registrant_id AND r.organization_id = $1
                 WHERE c.import_id = $2 AND r.status = c.status_after ORDER BY c.registrant_id",
                args![self.id(), import.0, workshop.0],
            )
            .await?;
        let mut given_back = 0;
        for (id, before, _) in changed {
            let before: RegistrantStatus = word("import_changes", "status_before", &before)?;
            let mut tx = self.db.begin().await?;
            self.change_status(&mut tx, workshop, RegistrantId(id), before, at.now()).await?;
            tx.run(
                "DELETE FROM import_changes WHERE import_id = $1 AND registrant_id = $2",
                args![import.0, id],
            )
            .await?;
            tx.commit().await?;
            given_back += 1;
        }
        Ok(given_back)
    }

    /// Sets a status, and marks, counters and waiting messages with it.
    async fn change_status(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        id: RegistrantId,
        status: RegistrantStatus,
        now: Millis,
    ) -> Result<StatusChanged, StoreError> {
        self.hold(tx, workshop).await?;
        raise_revision(tx, workshop).await?;
        let (phone,): (String,) = tx
            .one(
                "SELECT r.phone FROM @registrants r WHERE r.organization_id = $1 AND r.workshop_id = $2 AND r.id = $3",
                args![self.id(), workshop.0, id.0],
            )
            .await?;
        let mut group = same_number(tx, workshop, id, &phone).await?;
        let mut tally = Tally::default();
        group.iter().for_each(|row| tally.add(&row.traits, -1));
        let before: Vec<_> = group.iter().map(|row| row.traits).collect();
        if let Some(row) = group.iter_mut().find(|row| row.id == id.0) {
            row.traits.status = status;
        }
        if !phone.is_empty() {
            mark_group(&phone, &mut group);
        }
        group.iter().for_each(|row| tally.add(&row.traits, 1));
        for (row, before) in group.iter().zip(before).filter(|(row, before)| row.traits != *before) {
            let mark = row.traits.mark.map_or("", SkipReason::word);
            tx.run(
                "UPDATE registrants SET status = $3, mark = $4 WHERE workshop_id = $1 AND id = $2",
                args![workshop.0, row.id, row.traits.status.word(), mark],
            )
            .await?;
            debug_assert!(row.id == id.0 || row.traits.status == before.status);
            // They registered again, or are the next one with the number of somebody who left.
            let is_told = |of: &Traits| {
                of.status == RegistrantStatus::Registered && of.mark != Some(SkipReason::Duplicate)
            };
            if is_told(&row.traits) && !is_told(&before) {
                comes_late(tx, workshop, RegistrantId(row.id), now).await?;
            }
        }
        tally.write(tx, workshop).await?;
        let messages_skipped = match status {
            RegistrantStatus::Registered => 0,
            RegistrantStatus::Cancelled | RegistrantStatus::Refunded => {
                self.skip_waiting(tx, workshop, id, &phone, now).await?
            }
        };
        let detail = format!("{status} messages_skipped={messages_skipped}");
        self.note(tx, "registrant.status", id, &detail, now).await?;
        Ok(StatusChanged { messages_skipped })
    }

    /// Takes this registrant's waiting messages out of the workshop's open broadcasts. Rows in flight may have gone
    /// out, and stay.
    async fn skip_waiting(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        id: RegistrantId,
        phone: &str,
        now: Millis,
    ) -> Result<u64, StoreError> {
        // A message that was planned before a correction goes to the number of that time.
        let mut phones = former_numbers(tx, workshop, id).await?;
        phones.push(phone.to_owned());
        let mut skipped: Vec<(Uuid,)> = Vec::new();
        for phone in phones {
            let of_one: Vec<(Uuid,)> = tx
            .all(
                "UPDATE messages SET state = 'skipped', reason = 'not_registered', reason_text = '', changed_at = $5
                 WHERE broadcast_id IN (SELECT id FROM broadcasts WHERE organization_id = $1 AND workshop_id = $2
                                        AND status IN ('planning', 'scheduled', 'in_progress', 'paused'))
                   AND recipient = $3 AND planned AND registrant_id = $4 AND state = 'waiting'
                 RETURNING broadcast_id",
                args![self.id(), workshop.0, phone, id.0, now],
            )
            .await?;
            skipped.extend(of_one);
        }
        let mut moves = CountMoves::default();
        for (broadcast,) in &skipped {
            moves.add(*broadcast, MessageState::Waiting, "", -1, 0);
            moves.add(*broadcast, MessageState::Skipped, SkipReason::NotRegistered.word(), 1, 0);
        }
        move_counts(tx, moves).await?;
        Ok(skipped.len() as u64)
    }
}
