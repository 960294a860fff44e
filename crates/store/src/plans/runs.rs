//! What the broadcasts of a plan's steps add up to. A step may go to people who registered later once a minute, so that
//! they are summed where they are: a list of the newest would leave out the step's own.

use domain::{
    ids::{PlanRowId, WorkshopId},
    message::MessageState,
    money::Money,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::args,
    error::{StoreError, word},
    org::Org,
};

/// The sums of all broadcasts of a row: its own, and those for people who registered later. What was taken back before
/// anything of it was planned is no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRuns {
    /// The row of the plan.
    pub row: PlanRowId,
    /// The number of broadcasts.
    pub runs: i64,
    /// The number of broadcasts among them that have not ended.
    pub going: i64,
    /// When the last of those that ended did so; `None` where none has ended.
    pub finished_at: Option<Millis>,
    /// The number of recipients.
    pub planned: i64,
    /// What they cost, each as [`crate::broadcasts::Broadcast::likely_cost`] has it.
    pub cost: Money,
    /// Whether the provider reported that cost. Otherwise a part of it is an estimate.
    pub cost_known: bool,
    states: Vec<(MessageState, i64)>,
}

impl RowRuns {
    /// Messages in that state, whatever the reason.
    pub fn in_state(&self, state: MessageState) -> i64 {
        self.states.iter().filter(|(stands, _)| *stands == state).map(|(_, n)| n).sum()
    }
}

#[derive(sqlx::FromRow)]
struct SumRow {
    plan_row_id: Uuid,
    runs: i64,
    going: i64,
    finished_at: Option<i64>,
    planned: i64,
    cost: i64,
    estimated: i64,
}

impl Org {
    /// The broadcasts of every row of a workshop's plan, in figures. Rows without a broadcast are not among them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan_runs(&self, workshop: WorkshopId) -> Result<Vec<RowRuns>, StoreError> {
        // The share of a price that is still owed is divided first: the product of price and people could overflow.
        let sums: Vec<SumRow> = self
            .db
            .all(
                "WITH each_run AS (
                     SELECT b.id, b.plan_row_id, b.planned, b.finished_at, b.unit_price * b.units AS expected,
                            CAST(COALESCE(SUM(c.cost), 0) AS BIGINT) AS charged,
                            b.planned - CAST(COALESCE(SUM(CASE WHEN c.state = 'skipped' THEN c.n ELSE 0 END), 0) AS BIGINT) AS of_planned,
                            CAST(COALESCE(SUM(CASE WHEN c.state IN ('cancelled', 'expired') THEN c.n ELSE 0 END), 0) AS BIGINT) AS gone
                     FROM plan_rows r JOIN broadcasts b ON b.plan_row_id = r.id LEFT JOIN broadcast_counts c ON c.broadcast_id = b.id
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND b.organization_id = $2
                       AND NOT (b.status = 'cancelled' AND b.planned = 0)
                     GROUP BY b.id
                 ),
                 priced AS (
                     SELECT plan_row_id, planned, finished_at, charged,
                            CASE WHEN charged > 0 THEN charged WHEN of_planned <= 0 THEN expected
                                 ELSE expected / of_planned * (of_planned - gone) + expected % of_planned * (of_planned - gone) / of_planned
                            END AS cost
                     FROM each_run
                 )
                 SELECT plan_row_id, COUNT(*) AS runs, COUNT(*) - COUNT(finished_at) AS going, MAX(finished_at) AS finished_at,
                        CAST(SUM(planned) AS BIGINT) AS planned, CAST(SUM(cost) AS BIGINT) AS cost,
                        CAST(SUM(CASE WHEN cost > 0 AND charged <= 0 THEN 1 ELSE 0 END) AS BIGINT) AS estimated
                 FROM priced GROUP BY plan_row_id",
                args![workshop.0, self.id()],
            )
            .await?;
        let states: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                "SELECT b.plan_row_id, c.state, CAST(SUM(c.n) AS BIGINT)
                 FROM plan_rows r JOIN broadcasts b ON b.plan_row_id = r.id JOIN broadcast_counts c ON c.broadcast_id = b.id
                 WHERE r.workshop_id = $1 AND r.organization_id = $2 AND b.organization_id = $2
                 GROUP BY b.plan_row_id, c.state",
                args![workshop.0, self.id()],
            )
            .await?;
        sums.into_iter().map(|sum| sum.with(&states)).collect()
    }
}

impl SumRow {
    fn with(self, states: &[(Uuid, String, i64)]) -> Result<RowRuns, StoreError> {
        let own = states.iter().filter(|(row, ..)| *row == self.plan_row_id);
        let states = own
            .map(|(_, state, n)| Ok((word("broadcast_counts", "state", state)?, *n)))
            .collect::<Result<_, StoreError>>()?;
        Ok(RowRuns {
            row: PlanRowId(self.plan_row_id),
            runs: self.runs,
            going: self.going,
            finished_at: self.finished_at.map(Millis),
            planned: self.planned,
            cost: Money(self.cost),
            cost_known: self.estimated == 0,
            states,
        })
    }
}
