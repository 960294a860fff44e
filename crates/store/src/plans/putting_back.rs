//! A step that a member took out of a plan and puts back.

use domain::{
    ids::{PlanRowId, WorkshopId},
    role::Permission,
    sequence::{OwnWhyNot, PlanTarget, RowState, StepKey, StepState, WorkshopTimes, plan},
    time::Millis,
};
use uuid::Uuid;

use super::{
    PlanChoice,
    replanning::{Laying, OldRow},
    stored_zone,
};
use crate::{db::args, error::StoreError, org::Org, sequences::steps};

impl Org {
    /// Puts a step back that a member took out, as if the sequence were run for it now. A step whose moment has come, or
    /// that follows each registration, concerns those who register from now on; with `include` also those already there.
    /// Whom the step told already is not told again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when nobody took it out, it is of no use any more, its sequence has it no more, or the
    /// workshop was cancelled.
    pub async fn put_row_back(&self, row: PlanRowId, include: bool, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let (workshop,): (Uuid,) = tx
            .one(
                "SELECT workshop_id FROM plan_rows WHERE id = $1 AND organization_id = $2",
                args![row.0, self.id()],
            )
            .await?;
        let workshop = WorkshopId(workshop);
        self.hold_workshop(&mut tx, workshop).await?;
        let taken_out: Option<OldRow> = tx
            .optional(
                "SELECT id, step_key, target, state, why, late_after FROM plan_rows
                 WHERE id = $1 AND organization_id = $2 AND state = $3 AND why = $4 FOR UPDATE",
                args![row.0, self.id(), RowState::Cancelled.word(), OwnWhyNot::ByPerson.word()],
            )
            .await?;
        let was = taken_out.ok_or(StoreError::Stale)?;
        let (text, zone, starts_at, ends_at): (String, String, i64, i64) = tx
            .one(
                "SELECT v.steps, p.zone, p.starts_at, p.ends_at FROM workshop_plans p
                 JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
                 WHERE p.workshop_id = $1 AND p.organization_id = $2",
                args![workshop.0, self.id()],
            )
            .await?;
        let (steps, zone) = (steps(&text)?, stored_zone(&zone)?);
        let times = WorkshopTimes { starts_at: Millis(starts_at), ends_at: Millis(ends_at) };
        let key = StepKey::stored(was.step_key.clone());
        let computed = plan(&steps, times, &zone, now);
        let step = steps.iter().find(|step| step.key == key).ok_or(StoreError::Stale)?;
        let planned = computed.step(&key).ok_or(StoreError::Stale)?;
        let target = PlanTarget::of(step.channel);
        if target.word() != was.target || planned.state == StepState::Missed {
            return Err(StoreError::Stale);
        }
        let included = if include { vec![key] } else { Vec::new() };
        let choice = PlanChoice { include: included, ..PlanChoice::default() };
        let laying = Laying {
            workshop,
            steps: &steps,
            times,
            zone: &zone,
            choice: &choice,
            moved: false,
            anew: true,
            now,
        };
        self.lay_row(&mut tx, &laying, (step, planned, target), Some(&was)).await?;
        self.raise_revision(&mut tx, workshop).await?;
        self.note(&mut tx, "plan.step_put_back", workshop, &row.to_string(), now).await?;
        tx.commit().await
    }
}
