//! Writing a plan, and computing it anew: what *Run sequence*, a moved workshop, an edited sequence and another zone have in common.

use domain::{
    ids::{PlanRowId, SequenceId, WorkshopId},
    reason::OwnReason,
    role::Permission,
    sequence::{
        Anchor, LateRule, OwnWhyNot, PlanTarget, PlannedStep, Replanned, RowState, Step, StepKey, WhyNot,
        WorkshopTimes, plan, replan,
    },
    time::{DAY, Millis, Zone},
};
use uuid::Uuid;

use super::{runs::not_begun, stored_zone};
use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
    reached::last_id_of,
    sequences::steps,
};

/// What a person says about single steps when a plan is written or follows a new version. By default nobody is added: a
/// step that is due already concerns only people who register from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanChoice {
    /// Steps that concern those already there although they are due already, or follow each registration.
    pub include: Vec<StepKey>,
    /// Steps that are not to go.
    pub leave_out: Vec<StepKey>,
}

/// The checks before sending are tried so long ahead of a step for the first time.
const REHEARSED_MS: i64 = 3 * DAY;

/// A plan while it is computed anew.
pub(super) struct Laying<'a> {
    pub(super) workshop: WorkshopId,
    pub(super) steps: &'a [Step],
    pub(super) times: WorkshopTimes,
    pub(super) zone: &'a Zone,
    pub(super) choice: &'a PlanChoice,
    /// The workshop was moved: what went out told the old time, and nobody gets it later.
    pub(super) moved: bool,
    /// The sequence is run anew: who runs it says of each step whether it goes, so a step that was taken out before is as good as new.
    pub(super) anew: bool,
    pub(super) now: Millis,
}

#[derive(sqlx::FromRow)]
pub(super) struct OldRow {
    id: Uuid,
    pub(super) step_key: String,
    pub(super) target: String,
    state: String,
    why: String,
    late_after: Option<Uuid>,
}

impl Org {
    /// Writes the plan of a workshop: *Run sequence*. Its first revision, or the next one where an earlier plan has nothing to come any more.
    /// What went out under a step's key is not sent again; steps that were taken out before are planned like new ones.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the workshop was cancelled or a plan of it still has steps to come, [`StoreError::Missing`] when workshop,
    /// sequence or version is not there.
    pub async fn write_plan(
        &self,
        workshop: WorkshopId,
        sequence: SequenceId,
        version: i64,
        choice: &PlanChoice,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let times = self.hold_workshop(&mut tx, workshop).await?;
        let steps = self.version_to_follow(&mut tx, sequence, version).await?;
        let to_come: (i64,) = tx
            .one(
                "SELECT COUNT(*) FROM plan_rows WHERE workshop_id = $1 AND organization_id = $2 AND state = 'planned'",
                args![workshop.0, self.id()],
            )
            .await?;
        if to_come.0 > 0 {
            return Err(StoreError::Stale);
        }
        let zone = self.zone_now(&mut tx).await?;
        let (revision,): (i64,) = tx
            .one(
                "INSERT INTO workshop_plans (workshop_id, organization_id, sequence_id, version, revision, zone, starts_at, ends_at,
                                             run_by, run_by_id, run_at)
                 VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (workshop_id) DO UPDATE
                 SET sequence_id = excluded.sequence_id, version = excluded.version, revision = workshop_plans.revision + 1,
                     zone = excluded.zone, starts_at = excluded.starts_at, ends_at = excluded.ends_at, run_by = excluded.run_by,
                     run_by_id = excluded.run_by_id, run_at = excluded.run_at
                 RETURNING revision",
                args![
                    workshop.0,
                    self.id(),
                    sequence.0,
                    version,
                    zone.name(),
                    times.starts_at,
                    times.ends_at,
                    &self.actor.name,
                    self.actor.user.map(|user| user.0),
                    now
                ],
            )
            .await?;
        let laying =
            Laying { workshop, steps: &steps, times, zone: &zone, choice, moved: false, anew: true, now };
        self.lay(&mut tx, &laying).await?;
        let detail = format!("sequence={sequence} version={version}");
        self.note(&mut tx, "plan.written", workshop, &detail, now).await?;
        tx.commit().await?;
        Ok(revision)
    }

    /// Lets a plan follow a version of its sequence, in the organisation's present zone. What ran keeps its time; everything else is computed
    /// anew in one transaction. The plan's new revision.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the plan is no longer at revision `expected`, or the workshop was cancelled.
    pub async fn follow(
        &self,
        workshop: WorkshopId,
        version: i64,
        expected: i64,
        choice: &PlanChoice,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let times = self.hold_workshop(&mut tx, workshop).await?;
        let (sequence,): (Uuid,) = tx
            .one(
                "SELECT sequence_id FROM workshop_plans WHERE workshop_id = $1 AND organization_id = $2",
                args![workshop.0, self.id()],
            )
            .await?;
        let steps = self.version_to_follow(&mut tx, SequenceId(sequence), version).await?;
        let zone = self.zone_now(&mut tx).await?;
        let revision = expected.saturating_add(1);
        let changed = tx
            .run(
                "UPDATE workshop_plans SET version = $4, zone = $5, starts_at = $6, ends_at = $7, revision = $8
                 WHERE workshop_id = $1 AND organization_id = $2 AND revision = $3",
                args![
                    workshop.0,
                    self.id(),
                    expected,
                    version,
                    zone.name(),
                    times.starts_at,
                    times.ends_at,
                    revision
                ],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Stale);
        }
        let laying =
            Laying { workshop, steps: &steps, times, zone: &zone, choice, moved: false, anew: false, now };
        self.lay(&mut tx, &laying).await?;
        let detail = format!("version={version} zone={}", zone.name());
        self.note(&mut tx, "plan.followed", workshop, &detail, now).await?;
        tx.commit().await?;
        Ok(revision)
    }

    /// Moves the steps of a workshop's plan with the workshop, in the transaction that moves it; how many of them come at another moment.
    pub(crate) async fn move_plan(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        times: WorkshopTimes,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let head: Option<(String, String, i64)> = tx
            .optional(
                "SELECT v.steps, p.zone, p.starts_at FROM workshop_plans p
                 JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
                 WHERE p.workshop_id = $1 AND p.organization_id = $2",
                args![workshop.0, self.id()],
            )
            .await?;
        let Some((text, zone, before)) = head else { return Ok(0) };
        tx.run(
            "UPDATE workshop_plans SET starts_at = $3, ends_at = $4, revision = revision + 1
             WHERE workshop_id = $1 AND organization_id = $2",
            args![workshop.0, self.id(), times.starts_at, times.ends_at],
        )
        .await?;
        let (steps, zone) = (steps(&text)?, stored_zone(&zone)?);
        let choice = PlanChoice::default();
        let moved = before != times.starts_at.0;
        let laying =
            Laying { workshop, steps: &steps, times, zone: &zone, choice: &choice, moved, anew: false, now };
        self.lay(tx, &laying).await
    }

    /// The workshop's times, with its row held until the end of the transaction.
    pub(super) async fn hold_workshop(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
    ) -> Result<WorkshopTimes, StoreError> {
        let (starts_at, ends_at, status): (i64, i64, String) = tx
            .one(
                "SELECT starts_at, ends_at, status FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![workshop.0, self.id()],
            )
            .await?;
        if status == "cancelled" {
            return Err(StoreError::Stale);
        }
        Ok(WorkshopTimes { starts_at: Millis(starts_at), ends_at: Millis(ends_at) })
    }

    /// Steps of a version, with the sequence held so that it is not removed meanwhile.
    async fn version_to_follow(
        &self,
        tx: &mut Tx,
        sequence: SequenceId,
        version: i64,
    ) -> Result<Vec<Step>, StoreError> {
        let _: (Uuid,) = tx
            .one(
                "SELECT id FROM sequences WHERE id = $1 AND organization_id = $2 AND removed_at IS NULL FOR SHARE",
                args![sequence.0, self.id()],
            )
            .await?;
        let (text,): (String,) = tx
            .one(
                "SELECT steps FROM sequence_versions WHERE sequence_id = $1 AND version = $2 AND organization_id = $3",
                args![sequence.0, version, self.id()],
            )
            .await?;
        steps(&text)
    }

    async fn zone_now(&self, tx: &mut Tx) -> Result<Zone, StoreError> {
        let (name,): (String,) =
            tx.one("SELECT zone FROM organizations WHERE id = $1", args![self.id()]).await?;
        stored_zone(&name)
    }

    /// Computes every row anew; how many come at another moment than before.
    async fn lay(&self, tx: &mut Tx, to: &Laying<'_>) -> Result<i64, StoreError> {
        self.take_back(tx, to.workshop, None, to.now).await?;
        let old: Vec<OldRow> = tx
            .all(
                "SELECT id, step_key, target, state, why, late_after FROM plan_rows
                 WHERE workshop_id = $1 AND organization_id = $2 FOR UPDATE",
                args![to.workshop.0, self.id()],
            )
            .await?;
        let computed = plan(to.steps, to.times, to.zone, to.now);
        let mut moved = 0;
        for planned in &computed.steps {
            let Some(step) = to.steps.iter().find(|step| step.key == planned.key) else { continue };
            let target = PlanTarget::of(step.channel);
            let was = old.iter().find(|row| row.step_key == step.key.as_str() && row.target == target.word());
            moved += self.lay_row(tx, to, (step, planned, target), was).await?;
        }
        let is_there = |row: &&OldRow| {
            to.steps.iter().any(|step| {
                step.key.as_str() == row.step_key && PlanTarget::of(step.channel).word() == row.target
            })
        };
        for gone in old.iter().filter(|row| !is_there(row)) {
            tx.run(
                "UPDATE plan_rows SET state = CASE WHEN state IN ('planned', 'skipped', 'missed') THEN 'cancelled' ELSE state END,
                        why = CASE WHEN state IN ('planned', 'skipped', 'missed') THEN $3 ELSE why END,
                        decided_by = CASE WHEN state IN ('planned', 'skipped', 'missed') THEN $4 ELSE decided_by END,
                        decided_at = CASE WHEN state IN ('planned', 'skipped', 'missed') THEN $5 ELSE decided_at END, late_after = NULL
                 WHERE id = $1 AND organization_id = $2",
                args![gone.id, self.id(), OwnWhyNot::Removed.word(), &self.actor.name, to.now],
            )
            .await?;
        }
        Ok(moved)
    }

    /// Computes one row; 1 where it comes at another moment than before.
    pub(super) async fn lay_row(
        &self,
        tx: &mut Tx,
        to: &Laying<'_>,
        (step, planned, target): (&Step, &PlannedStep, PlanTarget),
        was: Option<&OldRow>,
    ) -> Result<i64, StoreError> {
        let stood = match was {
            Some(row) => Some((word("plan_rows", "state", &row.state)?, word("plan_rows", "why", &row.why)?)),
            None => None,
        };
        let include = to.choice.include.contains(&step.key);
        let relaid = match to.choice.leave_out.contains(&step.key) {
            true => Replanned::Stands(RowState::Cancelled, WhyNot::Own(OwnWhyNot::ByPerson)),
            false => {
                let was = stood.filter(|(state, _)| !(to.anew && *state == RowState::Cancelled));
                replan(was, planned, step.anchor, include)
            }
        };
        let ran = stood.is_some_and(|(state, _)| state == RowState::Broadcast);
        let (state, why) = match relaid {
            Replanned::Stands(state, why) if !ran => (state, why),
            Replanned::Kept | Replanned::Stands(..) => {
                return self.keep_row(tx, to, planned, was).await;
            }
        };
        let late = late_after(step, state, why, include, was.and_then(|row| row.late_after), to.now);
        let decided = (state != RowState::Planned).then_some(to.now);
        let rehearse_at = planned.due.map_or(Millis::MAX, |due| due.plus(-REHEARSED_MS));
        let id = was.map_or_else(|| PlanRowId::new(to.now), |row| PlanRowId(row.id));
        let touched = tx
            .run(
                "INSERT INTO plan_rows (id, organization_id, workshop_id, step_key, target, due_at, until_at, state, why, why_text,
                                        decided_by, decided_at, broadcast_id, late_after, claimed_until, rehearse_at, obstacle, obstacle_text)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, NULL, $12, 0, $13, '', '')
                 ON CONFLICT (workshop_id, step_key, target) DO UPDATE
                 SET due_at = excluded.due_at, until_at = excluded.until_at, state = excluded.state, why = excluded.why, why_text = '',
                     decided_by = excluded.decided_by, decided_at = excluded.decided_at, broadcast_id = NULL,
                     late_after = excluded.late_after, claimed_until = 0, rehearse_at = excluded.rehearse_at, obstacle = '',
                     obstacle_text = ''
                 WHERE plan_rows.due_at IS DISTINCT FROM excluded.due_at OR plan_rows.until_at <> excluded.until_at
                    OR plan_rows.state <> excluded.state OR plan_rows.why <> excluded.why",
                args![
                    id.0,
                    self.id(),
                    to.workshop.0,
                    step.key.as_str(),
                    target.word(),
                    planned.due,
                    planned.until,
                    state.word(),
                    why.code(),
                    if state == RowState::Planned { "" } else { self.actor.name.as_str() },
                    decided,
                    late,
                    rehearse_at
                ],
            )
            .await?;
        Ok(i64::from(touched > 0 && was.is_some()))
    }

    /// A row that ran, or about which a person decided: only the end of its window moves. Where a move takes its moment into the future,
    /// nobody gets it later.
    async fn keep_row(
        &self,
        tx: &mut Tx,
        to: &Laying<'_>,
        planned: &PlannedStep,
        was: Option<&OldRow>,
    ) -> Result<i64, StoreError> {
        let Some(row) = was else { return Ok(0) };
        // A step whose moment has come told the new time to everybody who came since, and goes on doing so.
        let over = to.moved && planned.due.is_some_and(|due| due > to.now);
        tx.run(
            "UPDATE plan_rows SET until_at = $3, late_after = CASE WHEN $4 THEN NULL ELSE late_after END
             WHERE id = $1 AND organization_id = $2",
            args![row.id, self.id(), planned.until, over],
        )
        .await?;
        Ok(0)
    }

    /// Takes back broadcasts of steps that have not begun: they were confirmed ahead of their moment, or wait for the hours of sending.
    /// Their rows are planned again.
    pub(crate) async fn take_back(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        only: Option<PlanRowId>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let rows: Vec<(Uuid, Uuid)> = tx
            .all(
                concat!(
                    "SELECT r.id, b.id FROM plan_rows r JOIN broadcasts b ON b.id = r.broadcast_id
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.state = 'broadcast' AND ($3 OR r.id = $4) AND ",
                    not_begun!("$5")
                ),
                args![workshop.0, self.id(), only.is_none(), only.map_or(Uuid::nil(), |row| row.0), now],
            )
            .await?;
        for (row, broadcast) in rows {
            let taken = tx
                .run(
                    "UPDATE broadcasts SET status = 'cancelled', stopped_at = $3, stopped_by = $4, stop_code = $5, stop_text = NULL,
                            finished_at = $3
                     WHERE id = $1 AND organization_id = $2 AND status IN ('planning', 'scheduled') AND started_at IS NULL",
                    args![broadcast, self.id(), now, &self.actor.name, OwnReason::PlanChanged.word()],
                )
                .await?;
            if taken > 0 {
                tx.run(
                    "UPDATE plan_rows SET state = 'planned', broadcast_id = NULL, late_after = NULL, decided_by = '', decided_at = NULL
                     WHERE id = $1 AND organization_id = $2",
                    args![row, self.id()],
                )
                .await?;
                tx.tell(crate::Change::Work(domain::ids::BroadcastId(broadcast)));
            }
        }
        Ok(())
    }

    /// Takes one step out of its plan, also one that was confirmed ahead of its moment and has not begun.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it ran or stands still already.
    pub async fn cancel_row(&self, row: PlanRowId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let (workshop,): (Uuid,) = tx
            .one(
                "SELECT workshop_id FROM plan_rows WHERE id = $1 AND organization_id = $2",
                args![row.0, self.id()],
            )
            .await?;
        self.hold_plan(&mut tx, WorkshopId(workshop)).await?;
        self.take_back(&mut tx, WorkshopId(workshop), Some(row), now).await?;
        let cancelled = tx
            .run(
                "UPDATE plan_rows SET state = 'cancelled', why = $3, why_text = '', decided_by = $4, decided_at = $5, late_after = NULL
                 WHERE id = $1 AND organization_id = $2 AND state IN ('planned', 'skipped')",
                args![row.0, self.id(), OwnWhyNot::ByPerson.word(), &self.actor.name, now],
            )
            .await?;
        if cancelled == 0 {
            return Err(StoreError::Stale);
        }
        self.raise_revision(&mut tx, WorkshopId(workshop)).await?;
        self.note(&mut tx, "plan.step_cancelled", workshop, &row.to_string(), now).await?;
        tx.commit().await
    }

    /// Takes every step out of a plan that has not run; how many. Nobody gets anything of it later either.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn cancel_plan(&self, workshop: WorkshopId, now: Millis) -> Result<u64, StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        self.hold_plan(&mut tx, workshop).await?;
        self.take_back(&mut tx, workshop, None, now).await?;
        let cancelled = self.end_rows(&mut tx, workshop, OwnWhyNot::ByPerson, now).await?;
        self.raise_revision(&mut tx, workshop).await?;
        self.note(&mut tx, "plan.cancelled", workshop, &format!("steps={cancelled}"), now).await?;
        tx.commit().await?;
        Ok(cancelled)
    }

    /// Ends the rows of a workshop that have not run, for that reason; how many.
    pub(crate) async fn end_rows(
        &self,
        tx: &mut Tx,
        workshop: WorkshopId,
        why: OwnWhyNot,
        now: Millis,
    ) -> Result<u64, StoreError> {
        tx.run(
            "UPDATE plan_rows SET late_after = NULL, obstacle = '', obstacle_text = '' WHERE workshop_id = $1 AND organization_id = $2",
            args![workshop.0, self.id()],
        )
        .await?;
        tx.run(
            "UPDATE plan_rows SET state = 'cancelled', why = $3, why_text = '', decided_by = $4, decided_at = $5
             WHERE workshop_id = $1 AND organization_id = $2 AND state = 'planned'",
            args![workshop.0, self.id(), why.word(), &self.actor.name, now],
        )
        .await
    }

    /// Tries a step again in whose way something stood, as long as it is of use.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it does not stand skipped, or is of no use any more.
    pub async fn retry_row(&self, row: PlanRowId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Send)?;
        let mut tx = self.db.begin().await?;
        let again = tx
            .run(
                "UPDATE plan_rows SET state = 'planned', why = '', why_text = '', decided_by = $3, decided_at = $4, claimed_until = 0,
                        late_after = NULL
                 WHERE id = $1 AND organization_id = $2 AND state = 'skipped' AND until_at > $4
                   AND EXISTS (SELECT 1 FROM workshops w WHERE w.id = plan_rows.workshop_id AND w.status <> 'cancelled')",
                args![row.0, self.id(), &self.actor.name, now],
            )
            .await?;
        if again == 0 {
            return Err(StoreError::Stale);
        }
        self.note(&mut tx, "plan.step_tried_again", row, "", now).await?;
        tx.commit().await
    }

    /// Waits for a step that is being confirmed, which holds the workshop, too: it is then seen and taken back.
    async fn hold_plan(&self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
        let _: (Uuid,) = tx
            .one(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(())
    }

    pub(super) async fn raise_revision(&self, tx: &mut Tx, workshop: WorkshopId) -> Result<(), StoreError> {
        tx.run(
            "UPDATE workshop_plans SET revision = revision + 1 WHERE workshop_id = $1 AND organization_id = $2",
            args![workshop.0, self.id()],
        )
        .await?;
        Ok(())
    }
}

/// Behind which registrations a row is for people who come later; `None` where it is for none, or is not known before it went out.
fn late_after(
    step: &Step,
    state: RowState,
    why: WhyNot,
    include: bool,
    before: Option<Uuid>,
    now: Millis,
) -> Option<Uuid> {
    let of_use = match state {
        RowState::Planned => step.anchor == Anchor::Registration,
        // Due before the plan was written: whoever registers from now on gets it as everybody does who comes late.
        RowState::Skipped => why == WhyNot::Own(OwnWhyNot::PastAtRun) && step.late != LateRule::Skip,
        RowState::Broadcast | RowState::Cancelled | RowState::Missed => false,
    };
    let from = if include { Uuid::nil() } else { last_id_of(now) };
    (of_use && PlanTarget::of(step.channel) == PlanTarget::Registrants).then(|| before.unwrap_or(from))
}
