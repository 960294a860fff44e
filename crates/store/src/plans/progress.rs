//! How far the plans of several workshops are, for their list.

use std::collections::HashMap;

use domain::{ids::WorkshopId, time::Millis};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

/// How far the plan of a workshop is. Steps that were taken out do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanProgress {
    /// Steps that have not been taken out.
    pub steps: i64,
    /// Steps that went out or are going out.
    pub went: i64,
    /// Steps to come.
    pub to_come: i64,
    /// Steps to come in whose way something stood when they were tried ahead.
    pub blocked: i64,
    /// When the next step is due; `None` where none is, or each follows a registration.
    pub next: Option<Millis>,
}

#[derive(sqlx::FromRow)]
struct ProgressRow {
    workshop_id: Uuid,
    steps: i64,
    went: i64,
    to_come: i64,
    blocked: i64,
    next_due: Option<i64>,
}

impl Org {
    /// How far the plans of these workshops are. A workshop without a plan, or whose plan was taken out, is not among
    /// them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plans_progress(
        &self,
        workshops: &[WorkshopId],
        now: Millis,
    ) -> Result<HashMap<WorkshopId, PlanProgress>, StoreError> {
        let rows: Vec<ProgressRow> = self
            .db
            .all_batch(
                "SELECT r.workshop_id, COUNT(*) AS steps,
                        CAST(SUM(CASE WHEN r.state = 'broadcast' THEN 1 ELSE 0 END) AS BIGINT) AS went,
                        CAST(SUM(CASE WHEN r.state = 'planned' AND r.until_at > $2 THEN 1 ELSE 0 END) AS BIGINT) AS to_come,
                        CAST(SUM(CASE WHEN r.state = 'planned' AND r.until_at > $2 AND r.obstacle <> '' THEN 1 ELSE 0 END) AS BIGINT)
                            AS blocked,
                        MIN(CASE WHEN r.state = 'planned' AND r.until_at > $2 THEN r.due_at END) AS next_due
                 FROM @batch CROSS JOIN plan_rows r
                 WHERE r.workshop_id = b.id AND r.organization_id = $1 AND r.state <> 'cancelled'
                 GROUP BY r.workshop_id",
                args![self.id(), now],
                Batch::new().uuids("id", workshops.iter().map(|id| id.0)),
            )
            .await?;
        let read = |row: ProgressRow| {
            let ProgressRow { steps, went, to_come, blocked, .. } = row;
            let next = row.next_due.map(Millis);
            (WorkshopId(row.workshop_id), PlanProgress { steps, went, to_come, blocked, next })
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
