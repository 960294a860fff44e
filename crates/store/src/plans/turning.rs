//! From a row to its broadcast. It is turned in the transaction that confirms the broadcast; that transaction alone
//! decides that a step runs once.

use domain::{checks::CheckId, ids::BroadcastId, role::Permission, sequence::WhyNot, time::Millis};

use super::{DueRow, RowDue, StepRun, running::UNDER_WAY_MS};
use crate::{
    db::{Tx, args},
    error::StoreError,
    org::Org,
    reached::last_id_of,
};

impl Org {
    /// Turns a row to the broadcast that is being confirmed, in the same transaction: the one place where a step runs.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it ran, was moved or was taken out since it was reviewed, or its plan follows another
    /// version.
    pub(crate) async fn run_row(
        &self,
        tx: &mut Tx,
        run: &StepRun,
        broadcast: BroadcastId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let turned = match run {
            StepRun::First { row, due, version, late, .. } => {
                let late_after = late.then(|| last_id_of(now.plus(-UNDER_WAY_MS)));
                tx.run(
                    "UPDATE plan_rows SET state = 'broadcast', why = '', why_text = '', broadcast_id = $4, decided_by = $5, decided_at = $6,
                            late_after = $7, claimed_until = 0, obstacle = '', obstacle_text = ''
                     WHERE id = $1 AND organization_id = $2 AND state = 'planned' AND due_at = $3
                       AND EXISTS (SELECT 1 FROM workshop_plans p WHERE p.workshop_id = plan_rows.workshop_id AND p.version = $8)",
                    args![row.0, self.id(), *due, broadcast.0, &self.actor.name, now, late_after, *version],
                )
                .await?
            }
            StepRun::Late { row, after, next, version, .. } => {
                tx.run(
                    "UPDATE plan_rows SET late_after = $4, obstacle = '', obstacle_text = ''
                     WHERE id = $1 AND organization_id = $2 AND late_after = $3 AND until_at > $5
                       AND EXISTS (SELECT 1 FROM workshop_plans p WHERE p.workshop_id = plan_rows.workshop_id AND p.version = $6)",
                    args![row.0, self.id(), *after, *next, now, *version],
                )
                .await?
            }
        };
        if turned == 0 {
            return Err(StoreError::Stale);
        }
        match run.rung() {
            Some(rung) => self.join_ladder(tx, rung, broadcast).await,
            None => Ok(()),
        }
    }

    /// Leaves a step out because something stands in its way at its moment.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it ran, was moved or was taken out meanwhile.
    pub async fn skip_row(
        &self,
        row: &DueRow,
        why: WhyNot,
        words: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let RowDue::At(due) = row.due else { return Err(StoreError::Stale) };
        // Whoever registers from now on gets it as everybody does who comes late.
        let of_use = why == WhyNot::Check(CheckId::Recipients) && row.tells_later();
        let late_after = of_use.then(|| last_id_of(now.plus(-UNDER_WAY_MS)));
        let mut tx = self.db.begin().await?;
        let skipped = tx
            .run(
                "UPDATE plan_rows SET state = 'skipped', why = $4, why_text = $5, decided_by = $6, decided_at = $7, late_after = $8,
                        claimed_until = 0, obstacle = '', obstacle_text = ''
                 WHERE id = $1 AND organization_id = $2 AND state = 'planned' AND due_at = $3",
                args![row.id.0, self.id(), due, why.code(), words, &self.actor.name, now, late_after],
            )
            .await?;
        if skipped == 0 {
            return Err(StoreError::Stale);
        }
        self.note(&mut tx, "plan.step_skipped", row.workshop, why.code(), now).await?;
        tx.commit().await
    }
}
