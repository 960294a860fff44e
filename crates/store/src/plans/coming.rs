//! The steps to come of several workshops, for the week on the home page.

use std::collections::HashMap;

use domain::{channel::Channel, ids::WorkshopId, sequence::Step, time::Millis, told::Purpose};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
    sequences::steps,
};

/// A step of a running plan that has not gone yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComingStep {
    /// The workshop of the plan.
    pub workshop: WorkshopId,
    /// The step's own words, else its template's name.
    pub label: String,
    /// The purpose of its message.
    pub purpose: Purpose,
    /// The channel of the step.
    pub channel: Channel,
    /// When it is due; `None` where it follows each registration.
    pub due: Option<Millis>,
    /// Whether the checks that are tried ahead of its moment found something in its way.
    pub blocked: bool,
}

/// Steps that are listed at most: all of twenty workshops.
const STEPS_MAX: i64 = 20 * domain::sequence::STEPS_MAX as i64;

#[derive(sqlx::FromRow)]
struct ComingRow {
    workshop_id: Uuid,
    step_key: String,
    due_at: Option<i64>,
    blocked: bool,
}

impl Org {
    /// The steps to come of these workshops, in order of their moments; those that follow each registration come last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn coming_steps(
        &self,
        workshops: &[WorkshopId],
        now: Millis,
    ) -> Result<Vec<ComingStep>, StoreError> {
        let batch = || Batch::new().uuids("id", workshops.iter().map(|id| id.0));
        let rows: Vec<ComingRow> = self
            .db
            .all_batch(
                "SELECT r.workshop_id, r.step_key, r.due_at, r.obstacle <> '' AS blocked
                 FROM @batch CROSS JOIN plan_rows r
                 WHERE r.workshop_id = b.id AND r.organization_id = $1 AND r.state = 'planned' AND r.until_at > $2
                 ORDER BY r.due_at IS NULL, r.due_at, r.id LIMIT $3",
                args![self.id(), now, STEPS_MAX],
                batch(),
            )
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let plans: Vec<(Uuid, String)> = self
            .db
            .all_batch(
                "SELECT p.workshop_id, v.steps FROM @batch CROSS JOIN workshop_plans p
                 JOIN sequence_versions v ON v.sequence_id = p.sequence_id AND v.version = p.version
                 WHERE p.workshop_id = b.id AND p.organization_id = $1",
                args![self.id()],
                batch(),
            )
            .await?;
        let mut plan_steps: HashMap<Uuid, Vec<Step>> = HashMap::new();
        for (workshop, text) in plans {
            plan_steps.insert(workshop, steps(&text)?);
        }
        let names = self.template_names().await?;
        let read = |row: ComingRow| {
            let all = plan_steps.get(&row.workshop_id)?;
            let step = all.iter().find(|step| step.key.as_str() == row.step_key)?;
            let name = || names.get(&step.template).cloned().unwrap_or(row.step_key);
            Some(ComingStep {
                workshop: WorkshopId(row.workshop_id),
                label: if step.label.is_empty() { name() } else { step.label.clone() },
                purpose: step.purpose(),
                channel: step.channel,
                due: row.due_at.map(Millis),
                blocked: row.blocked,
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }
}
