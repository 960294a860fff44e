//! Plays a workshop's plan. The scheduler, the planner and the sender of the real program run under a virtual clock,
//! with a copy of the real people, and the providers are stand-ins. Nothing reaches a phone and nothing is charged.
//!
//! The copy keeps what went out until the next rehearsal of the workshop, and for a day at most. The figures, which
//! name nobody, are in the program's own database. A partial unique index lets an organisation play one plan at a time;
//! a rehearsal whose beat is a minute old has broken off. Whoever erases somebody erases the rehearsals of the
//! organisation with them.

mod report;
mod script;
mod stage;
mod turnout;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use compose::Caller;
use domain::{
    broadcast::BroadcastStatus,
    ids::{RehearsalId, SequenceId, WorkshopId},
    rehearsal::RehearsalState,
    sequence::{PlannedStep, RowState, StepState, WorkshopTimes, plan},
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
    workshop::WorkshopStatus,
};
use engine::{AHEAD_MS, Sender};
use store::{
    Actor, Org, Store, StoreError,
    broadcasts::BroadcastFilter,
    plans::{PlanChoice, PlanRow},
    rehearsals::{NewRehearsal, Played, Rehearsal},
    workshops::Workshop,
};

use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};

use self::stage::Stage;
pub use self::{
    report::{Counts, LadderPlayed, Report, StepReport, cost_of, text_of},
    script::{MINUTES_MAX, Script},
    turnout::{REPORT, needs_report},
};
use crate::{app::App, config::Config};

/// Most people of a rehearsal.
pub const PEOPLE_MAX: i64 = 20_000;
/// A rehearsal takes no longer than this by the real clock.
pub const LONGEST: Duration = Duration::from_secs(20 * 60);
/// The virtual clock runs no further than this.
const SPAN_MAX_MS: i64 = 400 * DAY;
/// Everything but the sending loop looks once in so much virtual time while messages go out, as it does in life.
const LOOK_MS: i64 = SECOND;
/// While the pace holds messages back, the clock goes on in such steps: a grant fills no more than this at once.
const PACE_STEP_MS: i64 = 200;
/// Where nothing is to come, the clock goes on so far at most while steps may follow registrations.
const IDLE_MS: i64 = 2 * MINUTE;
/// And so far where none does.
const IDLE_FAR_MS: i64 = 30 * MINUTE;
/// And so far while a broadcast is going out.
const GOING_MS: i64 = 15 * SECOND;
/// How often the figures are written by the real clock.
const NOTE_EVERY: Duration = Duration::from_millis(700);
/// The clock runs on so long behind the last useful moment, for receipts.
const AFTERWARDS_MS: i64 = 5 * MINUTE;

/// Why a rehearsal was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There are too many people.
    #[error("a rehearsal takes at most {PEOPLE_MAX} people, and this workshop has {0}")]
    TooMany(i64),
    /// Another rehearsal of the organisation runs.
    #[error("“{0}” is being rehearsed; an organisation plays one plan at a time")]
    Running(String),
    /// The workshop has no plan, and no sequence was named.
    #[error("there is no sequence to rehearse")]
    NoSequence,
    /// No step of the plan is still to come.
    #[error("nothing of this plan is to come")]
    NothingToCome,
    /// The workshop was cancelled.
    #[error("the workshop was cancelled")]
    Cancelled,
    /// The store refused or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a plan is not played, as a sentence.
pub fn sentence(refused: &Refused) -> String {
    let words = refused.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What is to be played.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What is to go wrong.
    pub script: Script,
    /// By which sequence, where none runs.
    pub sequence: Option<SequenceId>,
}

/// A rehearsal that has begun.
pub struct Rehearsing {
    /// Id of the rehearsal.
    pub id: RehearsalId,
    caller: Caller,
    workshop: WorkshopId,
    request: Request,
    until: Millis,
}

/// The folder of rehearsals.
pub fn folder(config: &Config) -> PathBuf {
    config.data.join(engine::REHEARSALS)
}

/// The database of a rehearsal.
pub(crate) fn file_of(config: &Config, id: RehearsalId) -> PathBuf {
    folder(config).join(format!("{id}.db"))
}

/// What a rehearsal left, to be read as whoever asks; `None` where it lies on another machine, is gone, or is being
/// played by another process.
///
/// # Errors
/// When the file is there and cannot be read.
pub async fn open(app: &App, caller: &Caller, rehearsal: &Rehearsal) -> Result<Option<Org>, StoreError> {
    let id = rehearsal.id;
    let known = |id| {
        let copies = app.copies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        copies.get(&id).cloned()
    };
    let file = file_of(&app.config, id);
    if !file.exists() {
        close_gone(app).await;
        return Ok(None);
    }
    let store = match known(id) {
        Some(store) => store,
        // It may be being made at this moment.
        None if rehearsal.state == RehearsalState::Running => return Ok(None),
        None => {
            let store = Store::open(format!("sqlite:{}", file.display()).as_str()).await?;
            keep_open(app, id, store.clone()).await;
            store
        }
    };
    Ok(Some(store.org(caller.org.actor().clone())))
}

/// Keeps a copy open for those who look at it, and closes others: one of a process is looked at at a time, mostly.
async fn keep_open(app: &App, id: RehearsalId, store: Store) {
    let others: Vec<Store> = {
        let mut copies = app.copies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let others = if copies.len() < 4 { Vec::new() } else { copies.drain().map(|(_, one)| one).collect() };
        copies.insert(id, store);
        others
    };
    for store in others {
        store.close().await;
    }
}

/// Lets go of copies whose file was removed: what is open keeps its room on the disk.
pub async fn close_gone(app: &App) {
    let gone: Vec<Store> = {
        let mut copies = app.copies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ids: Vec<RehearsalId> =
            copies.keys().copied().filter(|id| !file_of(&app.config, *id).exists()).collect();
        ids.into_iter().filter_map(|id| copies.remove(&id)).collect()
    };
    for store in gone {
        store.close().await;
    }
}

/// Takes a rehearsal on: refused where it would be too large, another one runs, or there is nothing to play.
///
/// # Errors
/// [`Refused`], said in words.
pub async fn begin(
    caller: &Caller,
    workshop: &Workshop,
    request: Request,
    started_at: Millis,
) -> Result<Rehearsing, Refused> {
    if workshop.status == WorkshopStatus::Cancelled {
        return Err(Refused::Cancelled);
    }
    if workshop.registrants > PEOPLE_MAX {
        return Err(Refused::TooMany(workshop.registrants));
    }
    let until = last_moment(caller, workshop, request.sequence).await?;
    let script = serde_json::to_string(&request.script).unwrap_or_default();
    let new = NewRehearsal { workshop: workshop.id, script, from: caller.now, until };
    let Some(id) = caller.org.begin_rehearsal(&new, started_at).await? else {
        let other = caller.org.rehearsing(started_at).await?.map(|(_, title)| title);
        return Err(Refused::Running(other.unwrap_or_else(|| workshop.title.clone())));
    };
    Ok(Rehearsing { id, caller: caller.clone(), workshop: workshop.id, request, until })
}

/// Where the clock of a rehearsal ends: behind the last useful moment of what is to come.
async fn last_moment(
    caller: &Caller,
    workshop: &Workshop,
    sequence: Option<SequenceId>,
) -> Result<Millis, Refused> {
    let untils: Vec<Millis> = match caller.org.plan_of(workshop.id).await? {
        Some(plan) if !plan.is_taken_out() => {
            let goes = |row: &&PlanRow| matches!(row.state, RowState::Planned | RowState::Broadcast);
            plan.rows.iter().filter(goes).map(|row| row.until).collect()
        }
        Some(_) | None => {
            let sequence = caller.org.sequence(sequence.ok_or(Refused::NoSequence)?).await?;
            let times = WorkshopTimes { starts_at: workshop.starts_at, ends_at: workshop.ends_at };
            let computed = plan(&sequence.steps, times, &caller.organization.zone, caller.now);
            let comes = |step: &&PlannedStep| matches!(step.state, StepState::Planned | StepState::PerPerson);
            computed.steps.iter().filter(comes).map(|step| step.until).collect()
        }
    };
    let last = untils.into_iter().filter(|until| *until > caller.now).max();
    let last = last.ok_or(Refused::NothingToCome)?;
    Ok(Millis(last.plus(AFTERWARDS_MS).0.min(caller.now.plus(SPAN_MAX_MS).0)))
}

/// Plays it to its end, and says on the way how far it is; what went out. It ends early when somebody stops it, and
/// after [`LONGEST`].
pub async fn play(app: &App, rehearsing: Rehearsing, mut on: impl FnMut(Millis, &Report)) -> Report {
    let Rehearsing { id, caller, workshop, request, until } = rehearsing;
    let org = caller.org.clone();
    let played = async {
        let stage = Stage::set(app, &caller, workshop, id, &request.script).await?;
        keep_open(app, id, stage.app.store.clone()).await;
        let mut player = Player {
            stage,
            workshop,
            request,
            until,
            from: caller.now,
            noted: Instant::now(),
            idle_ms: IDLE_MS,
            report_at: None,
        };
        // What goes wrong on the stand-ins is on the page, and nothing for those who read the program's log.
        let ended = player.run(app, &org, id, &mut on).with_subscriber(NoSubscriber::default()).await;
        let now = player.stage.now();
        let report = Report::whole(&player.stage.caller.org, workshop, caller.now, now).await;
        player.stage.strike().await;
        anyhow::Ok((ended?, now, report?))
    }
    .await;
    let (state, now, report, why) = match played {
        Ok((End::Whole, now, report)) => (RehearsalState::Done, now, report, String::new()),
        Ok((End::Stopped, _, report)) => return report,
        Ok((End::TooLong, now, report)) => {
            let minutes = LONGEST.as_secs() / 60;
            (RehearsalState::Failed, now, report, format!("It took longer than {minutes} minutes."))
        }
        Err(error) => {
            tracing::warn!("a rehearsal broke off: {error:#}");
            (RehearsalState::Failed, caller.now, Report::default(), "Something did not answer.".to_owned())
        }
    };
    let last = Played { state, now, report: report.to_json(), why };
    if let Err(error) = org.note_played(id, &last, app.clock.now()).await {
        tracing::warn!("how a rehearsal ended could not be written: {error}");
    }
    on(now, &report);
    report
}

/// How a rehearsal ended.
enum End {
    Whole,
    Stopped,
    TooLong,
}

struct Player {
    stage: Stage,
    workshop: WorkshopId,
    request: Request,
    until: Millis,
    from: Millis,
    noted: Instant,
    /// How far the clock goes at most where nothing is to come.
    idle_ms: i64,
    /// When it becomes known who attended; `None` where that is known already, or no step goes by it.
    report_at: Option<Millis>,
}

impl Player {
    async fn run(
        &mut self,
        app: &App,
        org: &Org,
        id: RehearsalId,
        on: &mut impl FnMut(Millis, &Report),
    ) -> anyhow::Result<End> {
        self.write_plan().await?;
        let plan = self.stage.caller.org.plan_of(self.workshop).await?;
        let follows = plan.as_ref().is_some_and(|plan| plan.rows.iter().any(|row| row.due.is_none()));
        if plan.is_some_and(|plan| needs_report(&plan.steps)) {
            self.report_at = self.when_reported().await?;
        }
        self.idle_ms = if follows { IDLE_MS } else { IDLE_FAR_MS };
        let engine = self.stage.app.engine.clone();
        let began = Instant::now();
        let first = self.stage.now();
        engine.work().register("rehearsal", first, first.plus(HOUR)).await?;
        let mut sender = Sender::new(engine.clone(), 1);
        let mut look_at = first;
        loop {
            let now = self.stage.now();
            self.strike(now);
            let mut held = None;
            if !self.request.script.is_off(now) {
                if self.report_at.is_some_and(|at| now >= at) {
                    self.report_attendance(now).await?;
                }
                if now >= look_at {
                    engine.work().beat(now, now.plus(HOUR), None).await?;
                    // On the heap: unoptimised, all loops at once are much for one stack.
                    Box::pin(self.look()).await?;
                    look_at = now.plus(LOOK_MS);
                }
                held = sender.turn_until_idle().await?;
            }
            if self.noted.elapsed() >= NOTE_EVERY || began.elapsed() >= LONGEST {
                self.noted = Instant::now();
                let report = Report::of(&self.stage.caller.org, self.workshop, self.from).await?;
                let played = Played {
                    state: RehearsalState::Running,
                    now,
                    report: report.to_json(),
                    why: String::new(),
                };
                if !org.note_played(id, &played, app.clock.now()).await? {
                    return Ok(End::Stopped);
                }
                on(now, &report);
                if began.elapsed() >= LONGEST {
                    return Ok(End::TooLong);
                }
            }
            if now >= self.until {
                return Ok(End::Whole);
            }
            // Calls that were placed at this moment begin to ring.
            self.stage.sandbox.catch_up_calls().await;
            let next = self.next(now, look_at, held).await?;
            self.go_on(now, next.max(now.plus(1))).await;
        }
    }

    /// Lets the clock go on to that moment. Phones ring, talk and fall silent in between, each at its own moment.
    async fn go_on(&self, mut now: Millis, next: Millis) {
        let stage = &self.stage;
        while let Some(due) = stage.sandbox.next_call_due().map(Millis).filter(|due| *due < next) {
            stage.clock.advance(due.since(now).max(0));
            now = now.max(due);
            stage.sandbox.catch_up_calls().await;
        }
        stage.clock.advance(next.since(now));
    }

    /// Lets the providers be as the script says. What is set anew counts anew, so that nothing is set which stands.
    fn strike(&self, now: Millis) {
        let faults = self.request.script.faults(&self.stage.weather, now);
        if *self.stage.sandbox.faults().get() != faults {
            self.stage.sandbox.faults().set(faults);
        }
    }

    /// Writes the plan where no sequence was run or all of it was cancelled, as *Run sequence* does: steps whose moment has passed stay
    /// out.
    async fn write_plan(&self) -> anyhow::Result<()> {
        let caller = &self.stage.caller;
        if caller.org.plan_of(self.workshop).await?.is_some_and(|plan| !plan.is_taken_out()) {
            return Ok(());
        }
        let sequence = self.request.sequence.ok_or(Refused::NoSequence)?;
        let version = caller.org.sequence(sequence).await?.version;
        let choice = PlanChoice::default();
        caller.org.write_plan(self.workshop, sequence, version, &choice, caller.now).await?;
        Ok(())
    }

    /// The end of the workshop, unless a report is there already.
    async fn when_reported(&self) -> Result<Option<Millis>, StoreError> {
        let org = &self.stage.caller.org;
        let known = org.has_attendance(self.workshop).await?;
        Ok((!known).then_some(org.workshop(self.workshop).await?.ends_at))
    }

    /// Takes the report of who attended. In life a person does that who may manage; whoever plays may only send.
    async fn report_attendance(&mut self, now: Millis) -> Result<(), StoreError> {
        self.report_at = None;
        let organization = &self.stage.caller.organization;
        let org = self.stage.app.store.org(Actor::command_line(organization.id));
        let workshop = org.workshop(self.workshop).await?;
        let of = (self.request.script.turnout, organization.country);
        turnout::take_report(&org, &workshop, of, now).await
    }

    /// One look of every loop that a plan needs, through the same functions as the running program.
    async fn look(&self) -> anyhow::Result<()> {
        let engine = &self.stage.app.engine;
        self.stage.sandbox.catch_up().await;
        while engine.receive().await? {}
        while engine.poll_status().await? > 0 {}
        while engine.schedule().await? {}
        engine.plan().await?;
        engine.settle().await?;
        Ok(())
    }

    /// The next moment at which there is something to do.
    async fn next(&self, now: Millis, look_at: Millis, held: Option<i64>) -> Result<Millis, StoreError> {
        let last = self.until.max(now.plus(1));
        let receipts = self.stage.sandbox.next_due().map(|due| Millis(due.max(look_at.0)));
        if let Some(ms) = held {
            let free = now.plus(ms.max(PACE_STEP_MS));
            return Ok(receipts.map_or(free, |due| free.min(due.max(now.plus(1)))).min(last));
        }
        let work = self.stage.app.engine.work();
        // Posts in groups wait for a drawn pause that nothing else tells.
        let going = BroadcastFilter {
            workshop: Some(self.workshop),
            status: Some(BroadcastStatus::InProgress),
            ..BroadcastFilter::default()
        };
        let going = !self.stage.caller.org.broadcasts(&going, 1).await?.is_empty();
        let idle = if going { GOING_MS } else { self.idle_ms };
        let (row, _) = work.next_row_due(now).await?;
        let moments = [
            row,
            row.map(|due| due.plus(-AHEAD_MS)),
            work.next_due(now).await?,
            receipts,
            self.request.script.next(now),
            self.report_at,
            Some(now.plus(idle)),
        ];
        let next = moments.into_iter().flatten().filter(|at| *at > now).min().unwrap_or(last);
        Ok(next.min(last))
    }
}
