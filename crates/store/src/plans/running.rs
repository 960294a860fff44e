//! The rows of plans that are to be worked on. A row is claimed for a moment, so that processes share the work.

use domain::{
    ids::{OrganizationId, PlanRowId, UserId, WorkshopId},
    sequence::{LateRule, Plan, PlanTarget, RowState, RungRun, Step, StepKey, WhyNot, WorkshopTimes, plan},
    time::{DAY, MINUTE, Millis, Zone},
};
use uuid::Uuid;

use super::{
    instant_of, stored_zone,
    stuck::{LEASE_LEAST_MS, STUCK_MS},
};
use crate::{
    db::{Batch, Tx, args},
    error::{StoreError, word},
    reached::last_id_of,
    sequences::steps,
    work::Work,
};

/// Registrations are written down under an id of the moment at which their transaction began, and can be read when it
/// ends: those of so long before are looked through again.
pub(super) const UNDER_WAY_MS: i64 = 2 * MINUTE;

/// A row of a plan that is to be worked on, with everything that its step follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct DueRow {
    /// Id of the row of the plan.
    pub id: PlanRowId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The workshop of the plan.
    pub workshop: WorkshopId,
    /// The step as its version of the sequence has it.
    pub step: Step,
    /// Whether the step goes to registrants or to groups.
    pub target: PlanTarget,
    /// When it is due.
    pub due: RowDue,
    /// The first moment at which the step is no longer of use.
    pub until: Millis,
    /// The state of the step.
    pub state: RowState,
    /// The version of the sequence that the plan follows.
    pub version: i64,
    /// Every step of the plan.
    pub steps: Vec<Step>,
    /// The times from which the plan was computed.
    pub times: WorkshopTimes,
    /// The zone of its clock times.
    pub zone: Zone,
    /// The member who ran the sequence, and their name.
    pub run_by: (Option<UserId>, String),
    late_after: Option<Uuid>,
}

/// When a row is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowDue {
    /// The step goes to everybody at this moment.
    At(Millis),
    /// The step goes to each person after their registration.
    EachRegistration,
}

/// A row that people who came later may get, and who these are.
#[derive(Clone, Debug, PartialEq)]
pub struct LateRow {
    /// The row of the plan.
    pub row: DueRow,
    /// Only people who were registered after that moment.
    pub after: Millis,
    /// Only people who were registered at that moment or before.
    pub until: Millis,
}

/// The step of a plan that a broadcast runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepRun {
    /// The step's own run, of which there is one.
    First {
        /// Id of the row of the plan.
        row: PlanRowId,
        /// When the step was due when it was reviewed. A row that was moved since is not run.
        due: Millis,
        /// The version of the sequence that was reviewed. A plan that follows another since does not run the row.
        version: i64,
        /// Whether people who register later get the step, too.
        late: bool,
        /// The ladder that the step is a rung of; `None` for a step on its own.
        rung: Option<RungRun>,
    },
    /// A run for people who registered later.
    Late {
        /// Id of the row of the plan.
        row: PlanRowId,
        /// The registration after which the look for such people began; `None` for the first.
        after: Option<Uuid>,
        /// The registration after which the next look begins.
        next: Uuid,
        /// The version of the sequence that was reviewed.
        version: i64,
        /// The ladder that the step is a rung of; `None` for a step on its own.
        rung: Option<RungRun>,
    },
}

impl StepRun {
    /// Which row.
    pub fn row(&self) -> PlanRowId {
        match self {
            StepRun::First { row, .. } | StepRun::Late { row, .. } => *row,
        }
    }

    pub(super) fn rung(&self) -> Option<&RungRun> {
        match self {
            StepRun::First { rung, .. } | StepRun::Late { rung, .. } => rung.as_ref(),
        }
    }
}

impl DueRow {
    /// The plan, as of `now`.
    pub fn computed(&self, now: Millis) -> Plan {
        plan(&self.steps, self.times, &self.zone, now)
    }

    /// Its own run, for who is registered when it goes out.
    pub fn first_run(&self) -> Option<StepRun> {
        let RowDue::At(due) = self.due else { return None };
        let late = self.tells_later();
        Some(StepRun::First { row: self.id, due, version: self.version, late, rung: self.rung() })
    }

    /// Whether who registers after its moment gets it, too.
    pub(super) fn tells_later(&self) -> bool {
        self.step.late != LateRule::Skip && self.target == PlanTarget::Registrants
    }

    /// The ladder that the step is a rung of. Its moments alone decide, whatever the time is.
    fn rung(&self) -> Option<RungRun> {
        self.computed(Millis(0)).rung(&self.steps, &self.step)
    }

    /// For whom the step is who registered later, as of `now`; `None` where it is for nobody.
    pub fn later(&self, now: Millis) -> Option<LateRow> {
        let after = instant_of(self.late_after?);
        let until = match (self.due, self.step.late) {
            (RowDue::EachRegistration, _) => self.registered_until(now),
            (RowDue::At(due), _) if due > now => return None,
            (RowDue::At(_), LateRule::Skip) => return None,
            (RowDue::At(_), LateRule::NewestOnly)
                if self.computed(now).has_newer(&self.steps, &self.step.key, now) =>
            {
                return None;
            }
            (RowDue::At(_), LateRule::NewestOnly | LateRule::Always) => Millis::MAX,
        };
        (until > after).then(|| LateRow { row: self.clone(), after, until })
    }

    /// People who registered then or before are due now.
    fn registered_until(&self, now: Millis) -> Millis {
        use domain::sequence::Timing;
        match self.step.timing {
            Timing::Offset { days, minutes } => self.zone.days_later(now, -days).plus(-minutes * MINUTE),
            Timing::At { .. } => now,
        }
    }
}

impl LateRow {
    /// The run for these people: the next look begins behind those who can be in nobody's transaction any more.
    pub fn run(&self, now: Millis) -> StepRun {
        let (row, version, rung) = (self.row.id, self.row.version, self.row.rung());
        StepRun::Late { row, after: self.row.late_after, next: self.next(now), version, rung }
    }

    fn next(&self, now: Millis) -> Uuid {
        let settled = Millis(now.0.min(self.until.0)).plus(-UNDER_WAY_MS);
        last_id_of(settled).max(self.row.late_after.unwrap_or(Uuid::nil()))
    }
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: Uuid,
    organization_id: Uuid,
    workshop_id: Uuid,
    step_key: String,
    target: String,
    due_at: Option<i64>,
    until_at: i64,
    state: String,
    late_after: Option<Uuid>,
    version: i64,
    steps: String,
    starts_at: i64,
    ends_at: i64,
    zone: String,
    run_by: String,
    run_by_id: Option<Uuid>,
}

impl ClaimedRow {
    /// `None` where the version has no such step any more.
    fn read(self) -> Result<Option<DueRow>, StoreError> {
        let all = steps(&self.steps)?;
        let key = StepKey::stored(self.step_key);
        let Some(step) = all.iter().find(|step| step.key == key).cloned() else { return Ok(None) };
        Ok(Some(DueRow {
            id: PlanRowId(self.id),
            organization: OrganizationId(self.organization_id),
            workshop: WorkshopId(self.workshop_id),
            step,
            target: word("plan_rows", "target", &self.target)?,
            due: self.due_at.map_or(RowDue::EachRegistration, |due| RowDue::At(Millis(due))),
            until: Millis(self.until_at),
            state: word("plan_rows", "state", &self.state)?,
            version: self.version,
            steps: all,
            times: WorkshopTimes { starts_at: Millis(self.starts_at), ends_at: Millis(self.ends_at) },
            zone: stored_zone(&self.zone)?,
            run_by: (self.run_by_id.map(UserId), self.run_by),
            late_after: self.late_after,
        }))
    }
}

/// The kinds of work that plans need now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PlanWork {
    /// Whether a step is due.
    pub due: bool,
    /// Whether people may have registered after a step went out.
    pub late: bool,
    /// Whether a step is to be checked ahead of its moment.
    pub rehearse: bool,
    /// Whether the last useful moment of a step has passed.
    pub missed: bool,
}

impl Work {
    /// The kinds of work that are due, so that a look that finds nothing writes nothing. `ahead` is that of
    /// [`Work::due_rows`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan_work(&self, now: Millis, ahead: Millis) -> Result<PlanWork, StoreError> {
        self.db
            .one(
                "SELECT EXISTS (SELECT 1 FROM plan_rows WHERE state = 'planned' AND due_at <= $2 AND until_at > $1
                                                            AND claimed_until <= $1) AS due,
                        EXISTS (SELECT 1 FROM plan_rows WHERE late_after IS NOT NULL AND until_at > $1 AND claimed_until <= $1) AS late,
                        EXISTS (SELECT 1 FROM plan_rows WHERE state = 'planned' AND rehearse_at <= $1) AS rehearse,
                        EXISTS (SELECT 1 FROM plan_rows WHERE state = 'planned' AND due_at <= $1 AND until_at <= $1)
                            OR EXISTS (SELECT 1 FROM plan_rows WHERE state = 'planned' AND due_at IS NULL AND until_at <= $1) AS missed",
                args![now, ahead],
            )
            .await
    }

    /// Steps that are due before `ahead`, the first due first; nobody else gets them for `lease_ms`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn due_rows(
        &self,
        now: Millis,
        ahead: Millis,
        limit: i64,
        lease_ms: i64,
    ) -> Result<Vec<DueRow>, StoreError> {
        let mut tx = self.db.begin().await?;
        let claimed: Vec<(Uuid,)> = tx
            .all(
                "WITH due AS (
                     SELECT id FROM plan_rows
                     WHERE state = 'planned' AND due_at <= $1 AND until_at > $2 AND claimed_until <= $2
                     ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE plan_rows SET claimed_until = $4 WHERE id IN (SELECT id FROM due) RETURNING id",
                args![ahead, now, limit, now.plus(lease_ms)],
            )
            .await?;
        let rows = read(&mut tx, claimed).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Steps for which somebody may have registered later, or who follow each registration; nobody else gets them for
    /// `lease_ms`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn late_rows(&self, now: Millis, limit: i64, lease_ms: i64) -> Result<Vec<DueRow>, StoreError> {
        // Nearly always nobody came: looking writes nothing.
        let found: Vec<(Uuid,)> = self
            .db
            .all(
                "SELECT p.id FROM plan_rows p
                 WHERE p.late_after IS NOT NULL AND p.until_at > $1 AND p.claimed_until <= $1
                   AND ((p.due_at IS NULL AND p.state = 'planned') OR (p.due_at <= $1 AND p.state IN ('broadcast', 'skipped')))
                   AND (EXISTS (SELECT 1 FROM @registrants r
                                WHERE r.workshop_id = p.workshop_id AND r.id > p.late_after AND r.status = 'registered')
                        OR EXISTS (SELECT 1 FROM @registrants r
                                   WHERE r.workshop_id = p.workshop_id AND r.back_id > p.late_after AND r.status = 'registered'))
                 ORDER BY p.until_at LIMIT $2",
                args![now, limit],
            )
            .await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        let claimed: Vec<(Uuid,)> = tx
            .all_batch(
                "UPDATE plan_rows SET claimed_until = $2
                 WHERE id IN (SELECT b.id FROM @batch) AND late_after IS NOT NULL AND claimed_until <= $1 RETURNING id",
                args![now, now.plus(lease_ms)],
                Batch::new().uuids("id", found.into_iter().map(|(id,)| id)),
            )
            .await?;
        let rows = read(&mut tx, claimed).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Steps to come whose checks are to be tried ahead; nobody else gets them for `lease_ms`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn rows_to_rehearse(
        &self,
        now: Millis,
        limit: i64,
        lease_ms: i64,
    ) -> Result<Vec<DueRow>, StoreError> {
        let mut tx = self.db.begin().await?;
        let claimed: Vec<(Uuid,)> = tx
            .all(
                "WITH due AS (
                     SELECT id FROM plan_rows
                     WHERE state = 'planned' AND rehearse_at <= $1 ORDER BY rehearse_at LIMIT $2 FOR UPDATE SKIP LOCKED
                 )
                 UPDATE plan_rows SET rehearse_at = $3 WHERE id IN (SELECT id FROM due) RETURNING id",
                args![now, limit, now.plus(lease_ms)],
            )
            .await?;
        let rows = read(&mut tx, claimed).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Lets others have a row again from that moment on.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn release_row(&self, row: PlanRowId, from: Millis) -> Result<(), StoreError> {
        self.db.run("UPDATE plan_rows SET claimed_until = $2 WHERE id = $1", args![row.0, from]).await?;
        Ok(())
    }

    /// Says what the checks found ahead of a step's moment, and when they are to be tried next.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn note_rehearsal(
        &self,
        row: &DueRow,
        found: WhyNot,
        words: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        // A step that was moved meanwhile is tried ahead of its new moment.
        let RowDue::At(due) = row.due else { return Ok(()) };
        let next = next_rehearsal(due, found, now);
        self.db
            .run(
                // Whoever claims it puts its next trial further off than that. Something was changed since: the checks are made again.
                "UPDATE plan_rows SET obstacle = $2, obstacle_text = $3, rehearse_at = CASE WHEN rehearse_at <= $6 THEN rehearse_at ELSE $4 END
                 WHERE id = $1 AND state = 'planned' AND due_at = $5",
                args![row.id.0, found.code(), words, next, due, now.plus(LEASE_LEAST_MS)],
            )
            .await?;
        Ok(())
    }

    /// Nobody of those who came later is to get it: the next look begins behind them.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn looked_through(
        &self,
        late: &LateRow,
        now: Millis,
        again_at: Millis,
    ) -> Result<(), StoreError> {
        self.db
            .run(
                "UPDATE plan_rows SET late_after = $2, claimed_until = $3, obstacle = '', obstacle_text = ''
                 WHERE id = $1 AND late_after = $4",
                args![late.row.id.0, late.next(now), again_at, late.row.late_after],
            )
            .await?;
        Ok(())
    }

    /// Says what stands in the way of telling those who came later, and when they are tried again; whether that is new.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn hold_late(
        &self,
        row: &DueRow,
        found: WhyNot,
        words: &str,
        again_at: Millis,
    ) -> Result<bool, StoreError> {
        let noted = self
            .db
            .run(
                "UPDATE plan_rows SET obstacle = $2, obstacle_text = $3, claimed_until = $4
                 WHERE id = $1 AND late_after IS NOT NULL AND (obstacle <> $2 OR obstacle_text <> $3)",
                args![row.id.0, found.code(), words, again_at],
            )
            .await?;
        match noted {
            0 => self.release_row(row.id, again_at).await.map(|()| false),
            _ => Ok(true),
        }
    }

    /// Ends the steps whose last useful moment passed before they could go; how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn miss_rows(&self, now: Millis) -> Result<u64, StoreError> {
        let at_once = self
            .db
            .run(
                "UPDATE plan_rows SET state = 'missed', why = obstacle, why_text = obstacle_text, decided_by = '', decided_at = $1
                 WHERE state = 'planned' AND due_at <= $1 AND until_at <= $1",
                args![now],
            )
            .await?;
        let each = self
            .db
            .run(
                "UPDATE plan_rows SET state = 'missed', why = obstacle, why_text = obstacle_text, decided_by = '',
                        decided_at = CASE WHEN obstacle <> '' THEN $1 END, late_after = NULL
                 WHERE state = 'planned' AND due_at IS NULL AND until_at <= $1",
                args![now],
            )
            .await?;
        Ok(at_once + each)
    }

    /// When the next step is due, and since when the oldest of those that are due waits; both `None` where there is
    /// none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next_row_due(&self, now: Millis) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
        let (next, oldest): (Option<i64>, Option<i64>) = self
            .db
            .one(
                "SELECT (SELECT MIN(due_at) FROM plan_rows WHERE state = 'planned' AND due_at > $1),
                        (SELECT MIN(due_at) FROM plan_rows WHERE state = 'planned' AND due_at <= $1 AND until_at > $1)",
                args![now],
            )
            .await?;
        Ok((next.map(Millis), oldest.map(Millis)))
    }
}

/// Tried three days, a day and an hour ahead; every minute while something stands in the way.
fn next_rehearsal(due: Millis, found: WhyNot, now: Millis) -> Millis {
    if found != WhyNot::Nothing {
        return now.plus(STUCK_MS);
    }
    let ahead = [DAY, 60 * MINUTE].map(|ms| due.plus(-ms));
    ahead.into_iter().find(|at| *at > now).unwrap_or(Millis::MAX)
}

async fn read(tx: &mut Tx, claimed: Vec<(Uuid,)>) -> Result<Vec<DueRow>, StoreError> {
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<ClaimedRow> = tx
        .all_batch(
            "SELECT r.id, r.organization_id, r.workshop_id, r.step_key, r.target, r.due_at, r.until_at, r.state, r.late_after, p.version, v.steps,
                    p.starts_at, p.ends_at, p.zone, p.run_by, p.run_by_id
             FROM @batch CROSS JOIN plan_rows r JOIN workshop_plans p ON p.workshop_id = r.workshop_id
             JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
             WHERE r.id = b.id",
            args![],
            Batch::new().uuids("id", claimed.into_iter().map(|(id,)| id)),
        )
        .await?;
    rows.sort_by_key(|row| (row.due_at, row.id));
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        match row.read() {
            Ok(row) => read.extend(row),
            // It stands still alone; its neighbours go.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!("step {id} of a plan cannot be read: {error}")
            }
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
