//! Sequences: what is sent around a workshop, when, on which channel and to whom; and the plan that follows from one for one workshop.
//!
//! A plan is computed and never edited. It follows from the steps, the workshop's times, the zone and the moment. A
//! moved workshop, an edited sequence or another zone is the same computation once more, and the difference between the
//! two plans can be shown before the new one holds.

mod difference;
mod ladder;
mod plan;
mod reach;
mod row;
mod rung_forecast;
mod step;
mod timing;

pub use difference::{Change, Difference, difference};
pub use ladder::{
    Admission, Claimant, CostCaps, Ladder, LadderRung, RUNG_WAIT_MAX, RUNGS_MAX, Rung, RungRun, admit,
    ladders, rungs_of,
};
pub use plan::{Plan, PlannedStep, StepState, WorkshopTimes, plan};
pub use reach::{LadderMessage, LadderReport, RungReport, report};
pub use row::{OwnWhyNot, PlanTarget, Replanned, RowState, Standing, WhyNot, replan};
pub use rung_forecast::{RungExpectation, RungForecast, forecast_rungs};
pub use step::{LateRule, Presence, STEPS_MAX, Step, StepAudience, StepError, StepKey, Until, check_steps};
pub use timing::{Anchor, Timing, TimingError};
