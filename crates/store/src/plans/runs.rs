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
    costs::costs,
    db::args,
    error::{StoreError, word},
    org::Org,
    work::{counted, uncharged},
};

/// Whether the broadcast `b` has not begun, so that a step can still be taken out. Parameter: the present moment.
macro_rules! not_begun {
    ($now:literal) => {
        concat!(
            "b.status IN ('planning', 'scheduled') AND b.started_at IS NULL",
            // Whoever was asked to post may have posted.
            " AND (b.starts_at > ",
            $now,
            " OR b.assignee_id IS NULL)"
        )
    };
}

pub(super) use not_begun;

/// Whether the broadcast `b` is a run of the row `r`: what was taken back before it sent anything is none.
macro_rules! is_run {
    () => {
        "NOT (b.status = 'cancelled' AND (b.planned = 0 OR (b.started_at IS NULL AND r.broadcast_id IS DISTINCT FROM b.id)))"
    };
}

pub(super) use is_run;

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
    /// Whether the row's own broadcast has not begun: nothing of the step has gone, and it can still be taken out.
    pub not_begun: bool,
    /// When the last of those that ended did so; `None` where none has ended.
    pub finished_at: Option<Millis>,
    /// The number of recipients.
    pub planned: i64,
    /// What they cost, by the one rule of [`crate::costs`].
    pub cost: Money,
    /// Whether all of that was charged. Otherwise a part of it is an estimate.
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
    not_begun: i64,
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
    pub async fn plan_runs(&self, workshop: WorkshopId, now: Millis) -> Result<Vec<RowRuns>, StoreError> {
        let sums: Vec<SumRow> = self
            .db
            .all(
                concat!(
                    "WITH chosen AS (
                     SELECT b.id FROM plan_rows r JOIN broadcasts b ON b.plan_row_id = r.id
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND b.organization_id = $2 AND ",
                    is_run!(),
                    "), ",
                    costs!(),
                    " SELECT b.plan_row_id, COUNT(*) AS runs, COUNT(*) - COUNT(b.finished_at) AS going, MAX(b.finished_at) AS finished_at,
                        CAST(MAX(CASE WHEN r.broadcast_id = b.id AND ",
                    not_begun!("$3"),
                    " THEN 1 ELSE 0 END) AS BIGINT) AS not_begun,
                        CAST(SUM(b.planned) AS BIGINT) AS planned, CAST(SUM(c.cost) AS BIGINT) AS cost,
                        CAST(SUM(c.estimated) AS BIGINT) AS estimated
                 FROM costs c JOIN broadcasts b ON b.id = c.id JOIN plan_rows r ON r.id = b.plan_row_id GROUP BY b.plan_row_id"
                ),
                args![workshop.0, self.id(), now],
            )
            .await?;
        let states: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                concat!(
                    "SELECT b.plan_row_id, c.state, CAST(SUM(c.n) AS BIGINT)
                     FROM plan_rows r JOIN broadcasts b ON b.plan_row_id = r.id JOIN broadcast_counts c ON c.broadcast_id = b.id
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND b.organization_id = $2 AND ",
                    is_run!(),
                    " GROUP BY b.plan_row_id, c.state"
                ),
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
            not_begun: self.not_begun > 0,
            finished_at: self.finished_at.map(Millis),
            planned: self.planned,
            cost: Money(self.cost),
            cost_known: self.estimated == 0,
            states,
        })
    }
}
