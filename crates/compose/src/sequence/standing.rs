//! Where a step of a plan stands: by its row, and by what its broadcasts came to.

use domain::sequence::{RowState, Standing, WhyNot};
use store::plans::{PlanRow, RowRuns};

/// Where a step stands. `runs` are its broadcasts, where there are any; `is_stuck` says whether something stands in its
/// way that needs somebody.
pub fn standing(row: &PlanRow, runs: Option<&RowRuns>, is_stuck: bool) -> Standing {
    let (ran, follows_each) = (runs.is_some(), row.due.is_none());
    let is_going = runs.is_some_and(|runs| runs.going > 0 && !runs.not_begun);
    match row.state {
        RowState::Broadcast if runs.is_some_and(|runs| runs.not_begun) => Standing::Scheduled,
        RowState::Broadcast if is_going => Standing::Sending,
        RowState::Skipped if is_going && !is_stuck => Standing::Sending,
        RowState::Skipped if ran => Standing::LateOnly,
        // It followed each registration until its time was over: it was not missed.
        RowState::Missed if ran && follows_each && is_going => Standing::Sending,
        RowState::Missed if ran && follows_each => Standing::Row(RowState::Broadcast),
        RowState::Planned if is_stuck => Standing::WouldNotGo,
        RowState::Planned if ran && follows_each => Standing::GoesOn,
        state => Standing::Row(state),
    }
}

/// Whether a step is still to go: planned, or confirmed ahead of its moment with nothing gone yet.
pub fn is_to_come(row: &PlanRow, runs: Option<&RowRuns>) -> bool {
    row.state == RowState::Planned || standing(row, runs, false) == Standing::Scheduled
}

/// Rounds for people who registered later. Of a step that went to late ones only, each round is one. A step that follows
/// each registration has none.
pub fn later_rounds(row: &PlanRow, runs: &RowRuns) -> i64 {
    match row.state {
        _ if row.due.is_none() => 0,
        RowState::Skipped => runs.runs,
        _ => runs.runs - 1,
    }
}

/// What keeps those who register now from a step whose moment has come, with the words of whoever refused; `None` where
/// nothing does that somebody can mend.
pub fn keeps_late(row: &PlanRow) -> Option<(WhyNot, &str)> {
    let has_come = matches!(row.state, RowState::Broadcast | RowState::Skipped);
    (has_come && row.obstacle.needs_somebody()).then_some((row.obstacle, row.obstacle_text.as_str()))
}
