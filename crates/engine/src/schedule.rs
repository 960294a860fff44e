//! Runs the steps of workshops' plans. A step is claimed when it is due, confirmed as a person confirms a broadcast,
//! told to people who register later, and tried ahead of its moment. Every process does this, and the rows decide which
//! process does what. What becomes of a step is decided in `domain::sequence`.
//!
//! A step is confirmed up to a minute ahead of its moment with a start at that moment: its people are written down by
//! then, and the first request leaves with the sending loop's next turn. People who cancel or opt out meanwhile are
//! excluded at the claim. People who register meanwhile are late registrants.

use std::sync::{Mutex, PoisonError};

use compose::{Caller, StepEnd};
use domain::{
    ids::{OrganizationId, PlanRowId},
    sequence::{OwnWhyNot, WhyNot},
    time::{MINUTE, Millis, SECOND},
};
use store::{
    Actor, StoreError,
    plans::{DueRow, RowDue},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    Engine,
    loops::{Every, Rest, every},
    run::LOOK,
};

/// A step is confirmed so long ahead of its moment.
pub const AHEAD_MS: i64 = MINUTE;
/// Steps that one look takes at most.
const ROWS: i64 = 64;
/// Steps that are reviewed at once: each waits for the database, and perhaps for a provider.
const AT_ONCE: usize = 8;
/// So long nobody else reviews a step that was taken: longer than any provider is waited for.
const LEASE_MS: i64 = 30 * SECOND;
/// A step in whose way something stands ahead of its moment is tried again after this.
const AGAIN_MS: i64 = 2 * SECOND;
/// After this it is known whom another broadcast of the purpose tells.
const LATER_MS: i64 = SECOND / 4;
/// A step that waits for the report of who attended is tried again after this, and at once when a report comes.
const REPORT_MS: i64 = MINUTE;
/// People who registered late are told together, so many minutes' worth at a time after the first.
const LATE_EVERY_MS: i64 = MINUTE;
/// A step that nobody new is to get is looked at again after this.
const LATE_LOOK_MS: i64 = 2 * SECOND;
/// Late registrants of a step that something stands in the way of are tried again after this.
const LATE_AGAIN_MS: i64 = 10 * SECOND;
/// Steps that are tried ahead in one look.
const REHEARSED: i64 = 16;

/// How the scheduler of this process fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// When it last looked to the end.
    pub looked_at: Millis,
    /// The next step that is due, of any organisation.
    pub next_due: Option<Millis>,
    /// So long the oldest step that is due has waited, in milliseconds; 0 where none does.
    pub lag_ms: i64,
}

/// What is known of the scheduler of this process; nothing before its first look.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Option<Scheduler>>);

/// What is done with a row.
#[derive(Clone, Copy, Debug)]
enum Job {
    Run,
    Late,
    Rehearse,
}

impl Engine {
    /// How the scheduler of this process fares; `None` where it has not looked yet, or this process does not send.
    pub fn scheduler(&self) -> Option<Scheduler> {
        *self.looks.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a plan was written or changed.
    pub fn wake_plans(&self) {
        self.wakes.steps.notify_one();
    }

    pub(crate) async fn scheduling(self, stop: CancellationToken) {
        let when = Every {
            stop,
            wake: Some(&self.wakes.steps),
            look: LOOK,
            after_error: LOOK,
            what: "steps will be looked at again",
        };
        every(when, || async { Ok(if self.schedule().await? { Rest::None } else { Rest::UntilLook }) }).await;
        *self.looks.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// One look at the plans: ends missed rows, runs due ones, tells late registrants, tries steps ahead. Returns
    /// whether there may be more to do.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn schedule(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let ahead = now.plus(AHEAD_MS);
        let waiting = self.work.plan_work(now, ahead).await?;
        if waiting.missed {
            self.work.miss_rows(now).await?;
        }
        let mut more = false;
        if waiting.due {
            let rows = self.work.due_rows(now, ahead, ROWS, LEASE_MS).await?;
            more = i64::try_from(rows.len()).is_ok_and(|n| n == ROWS);
            self.each(Job::Run, rows).await?;
        }
        if waiting.late {
            let rows = self.work.late_rows(now, ROWS, LEASE_MS).await?;
            self.each(Job::Late, rows).await?;
        }
        if waiting.rehearse {
            let rows = self.work.rows_to_rehearse(now, REHEARSED, LEASE_MS).await?;
            self.each(Job::Rehearse, rows).await?;
        }
        let (next_due, oldest) = self.work.next_row_due(now).await?;
        let lag_ms = oldest.map_or(0, |oldest| now.since(oldest).max(0));
        *self.looks.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Scheduler { looked_at: self.clock.now(), next_due, lag_ms });
        Ok(more)
    }

    /// Does that with each row, several at once. A row that cannot be read stands still alone.
    async fn each(&self, job: Job, rows: Vec<DueRow>) -> Result<(), StoreError> {
        let (mut rows, mut under_way, mut failed) = (rows.into_iter(), JoinSet::new(), None);
        loop {
            while under_way.len() < AT_ONCE
                && let Some(row) = rows.next()
            {
                let engine = self.clone();
                under_way.spawn(async move { (row.id, engine.work_on(job, row).await) });
            }
            match under_way.join_next().await {
                None => return failed.map_or(Ok(()), Err),
                Some(Ok((_, Ok(()) | Err(StoreError::Stale)))) => {}
                Some(Ok((id, Err(wrong @ (StoreError::Corrupt { .. } | StoreError::Missing))))) => {
                    error!("step {id} of a plan cannot be reviewed: {wrong}");
                }
                Some(Ok((id, Err(wrong)))) => {
                    warn!("step {id} of a plan will be tried again: {wrong}");
                    self.release(id, self.clock.now().plus(LATER_MS)).await;
                    failed = Some(wrong);
                }
                Some(Err(broken)) => error!("a step of a plan broke off: {broken}"),
            }
        }
    }

    async fn work_on(&self, job: Job, row: DueRow) -> Result<(), StoreError> {
        match job {
            Job::Run => self.run_row(row).await,
            Job::Late => self.run_late(row).await,
            Job::Rehearse => self.rehearse(row).await,
        }
    }

    async fn caller(&self, organization: OrganizationId) -> Result<Caller, StoreError> {
        let org = self.store.org(Actor::program(organization));
        let settings = org.organization().await?;
        Ok(Caller::new(org, settings, self.clock.now()))
    }

    async fn run_row(&self, row: DueRow) -> Result<(), StoreError> {
        let caller = self.caller(row.organization).await?;
        match self.composer.run_step(&caller, &row).await? {
            StepEnd::Confirmed(broadcast) => self.wake(broadcast),
            // Where its plan follows another version since, it is read anew.
            StepEnd::Later | StepEnd::Gone => {
                self.work.release_row(row.id, caller.now.plus(LATER_MS)).await?;
            }
            StepEnd::Blocked(obstacle) => match row.due {
                RowDue::At(due) if caller.now < due => {
                    let again = due.0.min(caller.now.plus(AGAIN_MS).0);
                    self.work.release_row(row.id, Millis(again)).await?;
                }
                RowDue::At(_) if obstacle.why == WhyNot::Own(OwnWhyNot::NoReport) => {
                    self.work.note_rehearsal(&row, obstacle.why, &obstacle.words, caller.now).await?;
                    self.work.release_row(row.id, caller.now.plus(REPORT_MS)).await?;
                    self.composer.attention_changed(row.organization);
                }
                RowDue::At(_) | RowDue::EachRegistration => {
                    caller.org.skip_row(&row, obstacle.why, &obstacle.words, caller.now).await?;
                    self.composer.attention_changed(row.organization);
                }
            },
        }
        Ok(())
    }

    async fn run_late(&self, row: DueRow) -> Result<(), StoreError> {
        let caller = self.caller(row.organization).await?;
        let now = caller.now;
        let Some(late) = row.later(now) else {
            return self.work.release_row(row.id, now.plus(LATE_AGAIN_MS)).await;
        };
        match self.composer.run_late(&caller, &late).await? {
            StepEnd::Confirmed(broadcast) => {
                self.wake(broadcast);
                // The nearer its last useful moment, the sooner the next ones are told.
                let left = row.until.since(now) / 4;
                self.work.release_row(row.id, now.plus(LATE_EVERY_MS.min(left))).await
            }
            StepEnd::Later => self.work.release_row(row.id, now.plus(LATER_MS)).await,
            StepEnd::Gone => self.work.looked_through(&late, now, now.plus(LATE_LOOK_MS)).await,
            StepEnd::Blocked(obstacle) if !obstacle.why.needs_somebody() => {
                self.work.looked_through(&late, now, now.plus(LATE_LOOK_MS)).await
            }
            StepEnd::Blocked(obstacle) if obstacle.is_early(row.times.ends_at, now) => {
                self.work.release_row(row.id, now.plus(LATE_AGAIN_MS)).await
            }
            StepEnd::Blocked(obstacle) => {
                let again_at = now.plus(LATE_AGAIN_MS);
                if self.work.hold_late(&row, obstacle.why, &obstacle.words, again_at).await? {
                    self.composer.attention_changed(row.organization);
                }
                Ok(())
            }
        }
    }

    async fn rehearse(&self, row: DueRow) -> Result<(), StoreError> {
        let caller = self.caller(row.organization).await?;
        let found = self.composer.rehearse_step(&caller, &row).await?;
        self.work.note_rehearsal(&row, found.why, &found.words, caller.now).await?;
        self.composer.attention_changed(row.organization);
        Ok(())
    }

    /// A row that is not released comes back when its time is over.
    async fn release(&self, row: PlanRowId, from: Millis) {
        if let Err(wrong) = self.work.release_row(row, from).await {
            warn!("step {row} of a plan waits until it is free: {wrong}");
        }
    }
}
