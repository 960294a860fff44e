//! The steps of all workshops between two moments, for the calendar.

use std::collections::{HashMap, hash_map::Entry};

use domain::{
    channel::Channel,
    ids::{BroadcastId, PlanRowId, WorkshopId},
    sequence::{RowState, WhyNot},
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
    sequences::steps,
};

/// A step of a workshop's plan, for the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarStep {
    /// Id of the row of the plan.
    pub row: PlanRowId,
    /// The workshop of the plan.
    pub workshop: WorkshopId,
    /// The title of that workshop.
    pub title: String,
    /// The step's own words, else its template's name.
    pub label: String,
    /// The channel of the step; `None` where the version that the plan follows no longer has the step.
    pub channel: Option<Channel>,
    /// When it is due.
    pub due: Millis,
    /// The state of the step.
    pub state: RowState,
    /// The check or cause that stands or stood in the step's way.
    pub why: WhyNot,
    /// The broadcast that the step became; `None` before.
    pub broadcast: Option<BroadcastId>,
}

#[derive(sqlx::FromRow)]
struct CalendarRow {
    id: Uuid,
    workshop_id: Uuid,
    title: String,
    step_key: String,
    sequence_id: Uuid,
    version: i64,
    due_at: i64,
    state: String,
    why: String,
    broadcast_id: Option<Uuid>,
}

impl Org {
    /// Steps that are due from `from` on and before `until`, of workshops that were not cancelled, in order of moments;
    /// at most `limit`. Steps that a person took out, or that the sequence has no more, are not listed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn steps_between(
        &self,
        from: Millis,
        until: Millis,
        limit: i64,
    ) -> Result<Vec<CalendarStep>, StoreError> {
        let rows: Vec<CalendarRow> = self
            .db
            .all(
                "SELECT r.id, r.workshop_id, w.title, r.step_key, p.sequence_id, p.version, r.due_at, r.state, r.broadcast_id,
                        CASE WHEN r.state = 'planned' THEN r.obstacle ELSE r.why END AS why
                 FROM plan_rows r JOIN workshops w ON w.id = r.workshop_id JOIN workshop_plans p ON p.workshop_id = r.workshop_id
                 WHERE r.organization_id = $1 AND r.due_at >= $2 AND r.due_at < $3 AND r.state <> 'cancelled' AND w.status <> 'cancelled'
                 ORDER BY r.due_at, r.id LIMIT $4",
                args![self.id(), from, until, limit],
            )
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let templates = self.template_names().await?;
        // Many workshops follow one version: each is read once.
        let mut versions = HashMap::new();
        for row in &rows {
            let key = (row.sequence_id, row.version);
            if let Entry::Vacant(unread) = versions.entry(key) {
                let (text,): (String,) = self
                    .db
                    .one(
                        "SELECT steps FROM sequence_versions WHERE sequence_id = $1 AND version = $2 AND organization_id = $3",
                        args![row.sequence_id, row.version, self.id()],
                    )
                    .await?;
                unread.insert(steps(&text)?);
            }
        }
        let read = |row: CalendarRow| {
            let version = versions.get(&(row.sequence_id, row.version));
            let step = version.and_then(|all| all.iter().find(|step| step.key.as_str() == row.step_key));
            let label = step.and_then(|step| match step.label.is_empty() {
                true => templates.get(&step.template).cloned(),
                false => Some(step.label.clone()),
            });
            Ok(CalendarStep {
                row: PlanRowId(row.id),
                workshop: WorkshopId(row.workshop_id),
                title: row.title,
                label: label.unwrap_or(row.step_key),
                channel: step.map(|step| step.channel),
                due: Millis(row.due_at),
                state: word("plan_rows", "state", &row.state)?,
                why: word("plan_rows", "why", &row.why)?,
                broadcast: row.broadcast_id.map(BroadcastId),
            })
        };
        rows.into_iter().map(read).collect()
    }
}
