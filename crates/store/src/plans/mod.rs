//! The plans of workshops: which sequence each follows, and where its steps stand.
//!
//! A row is one step for one target. It exists from *Run sequence* on. `laying.rs` computes its moments anew whenever
//! the workshop, the sequence or the zone changes, in the same transaction. `running.rs` turns it into a broadcast, in
//! the transaction that confirms the broadcast. What becomes of a row is decided by [`domain::sequence::replan`].

mod calendar;
mod coming;
mod following;
mod progress;
mod putting_back;
mod replanning;
mod running;
mod runs;
mod stuck;
mod turning;

use std::collections::HashMap;

use domain::{
    ids::{BroadcastId, PlanRowId, SequenceId, TemplateId, WorkshopId},
    sequence::{Plan, PlanTarget, RowState, Step, StepKey, WhyNot, WorkshopTimes, plan},
    time::{Millis, Zone},
};
use uuid::Uuid;

pub use self::{
    calendar::CalendarStep,
    coming::ComingStep,
    following::{Following, PlanBehind, TemplateUses},
    progress::PlanProgress,
    replanning::PlanChoice,
    running::{DueRow, LateRow, PlanWork, RowDue, StepRun},
    runs::RowRuns,
};
use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
    sequences::steps,
};

/// The plan of one workshop.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkshopPlan {
    /// Id of the workshop.
    pub workshop: WorkshopId,
    /// The sequence that the plan follows.
    pub sequence: SequenceId,
    /// The name of the sequence.
    pub name: String,
    /// The version of the sequence that the plan follows.
    pub version: i64,
    /// The newest version of the sequence. The plan follows it only after somebody says so.
    pub newest: i64,
    /// The number of changes of the plan. Whoever changes it names the revision that they saw.
    pub revision: i64,
    /// The zone in which its clock times are meant.
    pub zone: Zone,
    /// The workshop's start and end, from which the plan was computed.
    pub times: WorkshopTimes,
    /// The steps of the version that it follows.
    pub steps: Vec<Step>,
    /// The member who ran the sequence, by name.
    pub run_by: String,
    /// When the sequence was run.
    pub run_at: Millis,
    /// The rows of the steps, ordered by their moments. Steps that follow each registration come last.
    pub rows: Vec<PlanRow>,
}

impl WorkshopPlan {
    /// What follows from its steps, as of `now`.
    pub fn computed(&self, now: Millis) -> Plan {
        plan(&self.steps, self.times, &self.zone, now)
    }

    /// The step of a row, where the version that the plan follows still has it.
    pub fn step(&self, key: &StepKey) -> Option<&Step> {
        self.steps.iter().find(|step| step.key == *key)
    }

    /// Whether every step was taken out before any ran. Such a plan counts as none: a sequence can be run.
    pub fn is_taken_out(&self) -> bool {
        self.rows.iter().all(|row| row.state == RowState::Cancelled)
    }

    /// Steps that keep their time whatever changes: they are a broadcast, or a person took them out.
    pub fn settled(&self) -> Vec<StepKey> {
        let by_person = WhyNot::Own(domain::sequence::OwnWhyNot::ByPerson);
        let settled = |row: &&PlanRow| row.state == RowState::Broadcast || row.why == by_person;
        self.rows.iter().filter(settled).map(|row| row.key.clone()).collect()
    }
}

/// A step of a workshop's plan, with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Id of the row of the plan.
    pub id: PlanRowId,
    /// The step's key in the sequence.
    pub key: StepKey,
    /// Whether the step goes to registrants or to groups.
    pub target: PlanTarget,
    /// When the step is due; `None` where it follows each registration.
    pub due: Option<Millis>,
    /// The first moment at which the step is no longer of use.
    pub until: Millis,
    /// The state of the step.
    pub state: RowState,
    /// The check or cause for which the step does not go out.
    pub why: WhyNot,
    /// The words of the provider or account that refused, or the names of values that are missing; may be empty.
    pub why_text: String,
    /// Who decided that: a member, by name, or the program.
    pub by: String,
    /// When a member decided about the step; `None` where nobody did.
    pub decided_at: Option<Millis>,
    /// What the checks found when they were tried ahead of the step's moment.
    pub obstacle: WhyNot,
    /// The words of the provider or account that refused then, or the names of values that were missing; may be empty.
    pub obstacle_text: String,
    /// The broadcasts of the step: its own, then those for people who registered later, oldest first. What was taken
    /// back before anything of it was planned is none of them.
    pub broadcasts: Vec<BroadcastId>,
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    workshop_id: Uuid,
    sequence_id: Uuid,
    name: String,
    version: i64,
    newest: i64,
    revision: i64,
    zone: String,
    starts_at: i64,
    ends_at: i64,
    steps: String,
    run_by: String,
    run_at: i64,
}

#[derive(sqlx::FromRow)]
struct StoredRow {
    id: Uuid,
    step_key: String,
    target: String,
    due_at: Option<i64>,
    until_at: i64,
    state: String,
    why: String,
    why_text: String,
    decided_by: String,
    decided_at: Option<i64>,
    obstacle: String,
    obstacle_text: String,
}

fn stored_zone(name: &str) -> Result<Zone, StoreError> {
    Zone::parse(name).map_err(|_| StoreError::Corrupt {
        table: "workshop_plans",
        column: "zone",
        value: name.to_owned(),
    })
}

impl StoredRow {
    fn with(self, broadcasts: Vec<BroadcastId>) -> Result<PlanRow, StoreError> {
        Ok(PlanRow {
            id: PlanRowId(self.id),
            key: StepKey::stored(self.step_key),
            target: word("plan_rows", "target", &self.target)?,
            due: self.due_at.map(Millis),
            until: Millis(self.until_at),
            state: word("plan_rows", "state", &self.state)?,
            why: word("plan_rows", "why", &self.why)?,
            why_text: self.why_text,
            by: self.decided_by,
            decided_at: self.decided_at.map(Millis),
            obstacle: word("plan_rows", "obstacle", &self.obstacle)?,
            obstacle_text: self.obstacle_text,
            broadcasts,
        })
    }
}

impl Org {
    /// The plan of a workshop; `None` where no sequence was run.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan_of(&self, workshop: WorkshopId) -> Result<Option<WorkshopPlan>, StoreError> {
        let head: Option<HeadRow> = self
            .db
            .optional(
                "SELECT p.workshop_id, p.sequence_id, s.name, p.version, s.version AS newest, p.revision, p.zone, p.starts_at, p.ends_at,
                        v.steps, p.run_by, p.run_at
                 FROM workshop_plans p JOIN sequences s ON s.id = p.sequence_id
                 JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
                 WHERE p.workshop_id = $1 AND p.organization_id = $2",
                args![workshop.0, self.id()],
            )
            .await?;
        let Some(head) = head else { return Ok(None) };
        Ok(Some(WorkshopPlan {
            workshop: WorkshopId(head.workshop_id),
            sequence: SequenceId(head.sequence_id),
            name: head.name,
            version: head.version,
            newest: head.newest,
            revision: head.revision,
            zone: stored_zone(&head.zone)?,
            times: WorkshopTimes { starts_at: Millis(head.starts_at), ends_at: Millis(head.ends_at) },
            steps: steps(&head.steps)?,
            run_by: head.run_by,
            run_at: Millis(head.run_at),
            rows: self.plan_rows(workshop).await?,
        }))
    }

    async fn plan_rows(&self, workshop: WorkshopId) -> Result<Vec<PlanRow>, StoreError> {
        let rows: Vec<StoredRow> = self
            .db
            .all(
                "SELECT id, step_key, target, due_at, until_at, state, why, why_text, decided_by, decided_at, obstacle, obstacle_text
                 FROM plan_rows WHERE workshop_id = $1 AND organization_id = $2 ORDER BY due_at IS NULL, due_at, step_key, target",
                args![workshop.0, self.id()],
            )
            .await?;
        let made: Vec<(Uuid, Uuid)> = self
            .db
            .all(
                concat!(
                    "SELECT b.plan_row_id, b.id FROM plan_rows r JOIN broadcasts b ON b.plan_row_id = r.id
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND b.organization_id = $2 AND ",
                    runs::is_run!(),
                    " ORDER BY b.id"
                ),
                args![workshop.0, self.id()],
            )
            .await?;
        let of =
            |row: Uuid| made.iter().filter(|(of, _)| *of == row).map(|(_, id)| BroadcastId(*id)).collect();
        rows.into_iter().map(|row| (of(row.id), row)).map(|(made, row)| row.with(made)).collect()
    }

    /// The names of the organisation's templates: what a step without words of its own is called.
    async fn template_names(&self) -> Result<HashMap<TemplateId, String>, StoreError> {
        let names: Vec<(Uuid, String)> = self
            .db
            .all("SELECT id, name FROM templates WHERE organization_id = $1", args![self.id()])
            .await?;
        Ok(names.into_iter().map(|(id, name)| (TemplateId(id), name)).collect())
    }

    /// Steps that need somebody: something stood or will stand in their way, or in the way of those who came later, or
    /// they were missed within a day. The
    /// member who ran or moved a plan saw which steps were past already. Those of the workshop that comes first stand
    /// first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan_matters(&self, now: Millis) -> Result<Vec<PlanMatter>, StoreError> {
        let rows: Vec<MatterRow> = self
            .db
            .all(
                "SELECT r.id, r.workshop_id, w.title, r.step_key, v.steps, r.due_at, r.until_at, r.state,
                        CASE WHEN r.obstacle <> '' THEN r.obstacle ELSE r.why END AS why,
                        CASE WHEN r.obstacle <> '' THEN r.obstacle_text ELSE r.why_text END AS words
                 FROM plan_rows r JOIN workshops w ON w.id = r.workshop_id
                 JOIN workshop_plans p ON p.workshop_id = r.workshop_id
                 JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
                 WHERE r.organization_id = $1 AND w.organization_id = $1 AND w.status <> 'cancelled'
                   -- These two need nobody (`WhyNot::needs_somebody`), and a plan may have many of them.
                   AND ((r.state = 'skipped' AND r.until_at > $2 AND r.why NOT IN ('past_at_run', 'recipients'))
                        OR (r.state = 'planned' AND r.obstacle <> '')
                        OR (r.late_after IS NOT NULL AND r.obstacle <> '' AND r.until_at > $2)
                        OR (r.state = 'missed' AND r.decided_by = '' AND r.decided_at > $3))
                 ORDER BY w.starts_at, r.due_at, r.id LIMIT 100",
                args![self.id(), now, now.plus(-domain::time::DAY)],
            )
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let templates = self.template_names().await?;
        rows.into_iter().map(|row| row.read(&templates)).collect()
    }
}

/// A step of a plan that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanMatter {
    /// Id of the row of the plan.
    pub row: PlanRowId,
    /// The workshop of the plan.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub title: String,
    /// The step's own words, else its template's name.
    pub label: String,
    /// When the step is or was due; `None` where it follows each registration.
    pub due: Option<Millis>,
    /// The last useful moment of the step.
    pub until: Millis,
    /// The state of the step.
    pub state: RowState,
    /// The check or cause that stands in the step's way.
    pub why: WhyNot,
    /// The words of the provider or account that refused; may be empty.
    pub words: String,
}

#[derive(sqlx::FromRow)]
struct MatterRow {
    id: Uuid,
    workshop_id: Uuid,
    title: String,
    step_key: String,
    steps: String,
    due_at: Option<i64>,
    until_at: i64,
    state: String,
    why: String,
    words: String,
}

impl MatterRow {
    fn read(self, templates: &HashMap<TemplateId, String>) -> Result<PlanMatter, StoreError> {
        let steps = steps(&self.steps)?;
        let step = steps.into_iter().find(|step| step.key.as_str() == self.step_key);
        let label = step.and_then(|step| match step.label.is_empty() {
            true => templates.get(&step.template).cloned(),
            false => Some(step.label),
        });
        Ok(PlanMatter {
            row: PlanRowId(self.id),
            workshop: WorkshopId(self.workshop_id),
            title: self.title,
            // Neither a name nor a template is left: the key still tells which one it is.
            label: label.unwrap_or(self.step_key),
            due: self.due_at.map(Millis),
            until: Millis(self.until_at),
            state: word("plan_rows", "state", &self.state)?,
            why: word("plan_rows", "why", &self.why)?,
            words: self.words,
        })
    }
}

/// The instant of an id that grows with time.
pub(crate) fn instant_of(id: Uuid) -> Millis {
    Millis(i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX))
}
