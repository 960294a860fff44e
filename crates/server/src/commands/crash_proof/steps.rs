//! The proof for steps of plans: many workshops whose step is due in the same minute, every process a scheduler and a sender, killed at random while steps
//! become broadcasts and while these go out; the database may be stopped and started again meanwhile. Each step runs once, none twice, none is lost.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::{TemplateId, WorkshopId},
    message::MessageState,
    pace::Pace,
    sequence::{Anchor, LateRule, RowState, Step, StepAudience, StepKey, Timing, Until},
    template::Message,
    time::{MINUTE, Millis, SECOND},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sandbox::Sandbox;
use serde::Serialize;
use store::{messages::MessageFilter, plans::PlanChoice, sequences::SequenceDraft};

use super::{CrashProof, Fleet, one_of};
use crate::{
    app::App,
    commands::say,
    config::Config,
    rehearsal::{Stage, crowd},
};

/// People of each workshop at least.
const PEOPLE: u64 = 5;
/// The step is due so long before its workshop, and of use until then.
const BEFORE_MIN: i64 = 5;
/// Calls per second: what is planned goes out within seconds, and kills meet it.
const PER_SECOND: i64 = 400;
/// Time to set a workshop up on a busy machine.
const SET_UP_MS: i64 = 120;
/// Time besides.
const LEAD_MS: i64 = 12 * SECOND;

/// The figures of a proof with steps of plans.
#[derive(Debug, Default, Serialize)]
pub(super) struct Verdict {
    /// How often a process was killed.
    kills: u64,
    /// How often the database was stopped and started again.
    restarts: u64,
    /// Steps whose moment came.
    steps: u64,
    /// Steps that became exactly one broadcast.
    ran_once: u64,
    /// Steps that became several broadcasts. Must be 0.
    ran_twice: u64,
    /// Steps that became no broadcast. Must be 0.
    not_run: u64,
    /// People who were to be told.
    planned: u64,
    /// Phones that got the message exactly once.
    once: u64,
    /// Phones that got it more than once. Must be 0.
    twice: u64,
    /// People without a message whose row does not say that this may be. Must be 0.
    lost: u64,
    /// Rows whose fate nobody knows.
    unknown: u64,
    /// Most calls that were under way at once.
    in_flight_max: u64,
    /// Rows whose kept counts differ from their count. Must be 0.
    differences: usize,
}

impl Verdict {
    fn holds(&self) -> bool {
        self.ran_twice == 0
            && self.not_run == 0
            && self.twice == 0
            && self.lost == 0
            && self.differences == 0
            && self.ran_once == self.steps
            && self.unknown <= self.in_flight_max.max(1) * (self.kills + self.restarts)
    }

    fn tell(&self) -> anyhow::Result<()> {
        say(format_args!("killed                         {}", self.kills))?;
        say(format_args!("database started again         {}", self.restarts))?;
        say(format_args!("steps due in one minute        {}", self.steps))?;
        say(format_args!("ran once                       {}", self.ran_once))?;
        say(format_args!("ran twice                      {}", self.ran_twice))?;
        say(format_args!("did not run                    {}", self.not_run))?;
        say(format_args!("people planned                 {}", self.planned))?;
        say(format_args!("got exactly once               {}", self.once))?;
        say(format_args!("got twice                      {}", self.twice))?;
        say(format_args!("lost                           {}", self.lost))?;
        say(format_args!("unknown                        {}", self.unknown))?;
        say(format_args!("counts that differ from rows   {}", self.differences))
    }
}

/// Runs the proof; fails when it does not hold.
pub(super) async fn run(
    config: &Config,
    app: &App,
    sandbox: &Sandbox,
    args: &CrashProof,
) -> anyhow::Result<()> {
    let mut rng = SmallRng::seed_from_u64(args.seed);
    let pace = Pace { per_second: PER_SECOND, per_day: 0 };
    let stage = Stage::set_up(app, "Crash Proof", "Proof", "proof@example.com", pace).await?;
    let (workshops, due) = plan(app, &stage, args).await?;
    let restarts = if args.restart_with.is_some() { args.restarts } else { 0 };
    let (mut kills, mut restarted) = (0, 0);
    let mut fleet = Fleet::start(config, args.processes, false)?;
    while kills < args.kills || restarted < restarts {
        tokio::time::sleep(Duration::from_millis(rng.random_range(120..900))).await;
        // One half strikes while steps become broadcasts, the other while these go out.
        if kills >= args.kills / 2 {
            let left = due.since(app.clock.now()).max(0);
            tokio::time::sleep(Duration::from_millis(left.unsigned_abs())).await;
        }
        // Spread evenly among the kills.
        let is_time = kills >= args.kills * (restarted + 1) / (restarts + 1);
        if let Some(command) = args.restart_with.as_deref().filter(|_| restarted < restarts && is_time) {
            restart(command)?;
            restarted += 1;
        } else {
            let all = args.processes > 1 && kills % 5 == 4;
            let victims = if all { 0..args.processes } else { one_of(args.processes, &mut rng) };
            kills += fleet.replace(config, victims, false)?;
        }
        if restarts > 0 {
            fleet.revive(config)?;
        }
    }
    until_done(config, app, &stage, &workshops, &mut fleet, restarts > 0).await?;
    drop(fleet);
    let verdict = count(app, &stage, sandbox, &workshops, (kills, restarted)).await?;
    match args.json {
        true => say(serde_json::to_string(&verdict)?)?,
        false => verdict.tell()?,
    }
    if !verdict.holds() {
        bail!("the proof does not hold");
    }
    Ok(())
}

/// Stops the database and starts it again, as the operator said.
fn restart(command: &str) -> anyhow::Result<()> {
    let mut shell = Command::new("sh");
    // What it starts outlives it, and must hold nothing of ours open.
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null());
    let status = shell.status().context("the command that starts the database again cannot be run")?;
    ensure!(status.success(), "the command that starts the database again failed: {status}");
    Ok(())
}

/// A WhatsApp message before the start, by the channel's only account.
pub(super) fn step(template: TemplateId, key: &str, timing: Timing) -> Step {
    Step {
        key: StepKey::stored(key.to_owned()),
        label: String::new(),
        channel: Channel::WhatsappPersonal,
        template,
        account: None,
        anchor: Anchor::Start,
        timing,
        purpose: "link".to_owned(),
        until: Until::default(),
        audience: StepAudience::default(),
        late: LateRule::Skip,
        wait_out_quiet: false,
        rung: None,
    }
}

/// Workshops whose step is due at the same moment, a few seconds after they are set up; and that moment.
async fn plan(app: &App, stage: &Stage, args: &CrashProof) -> anyhow::Result<(Vec<WorkshopId>, Millis)> {
    let (org, now) = (&stage.org, app.clock.now());
    let message: Message = crate::rehearsal::templates().swap_remove(1).1.into();
    let template = org.add_template(Channel::WhatsappPersonal, "Proof", &message.to_json(), now).await?;
    let step = step(template, "five", Timing::before(BEFORE_MIN));
    let draft = SequenceDraft { name: "Proof".to_owned(), description: String::new(), steps: vec![step] };
    let sequence = org.add_sequence(&draft, now).await?;
    let n = i64::try_from(args.workshops)?;
    let due = now.plus(LEAD_MS + n * SET_UP_MS);
    let people = usize::try_from(args.people.max(PEOPLE))?;
    let mut workshops = Vec::new();
    for nth in 0..n {
        // All within one minute, four to a moment.
        let starts_at = due.plus(BEFORE_MIN * MINUTE + nth % 4 * SECOND);
        let workshop =
            stage.workshop(&format!("Workshop {nth}"), starts_at, "https://meet.example/x", now).await?;
        let first = usize::try_from(nth)? * people;
        stage.register(workshop, crowd(first + people, now).skip(first), now).await?;
        org.write_plan(workshop, sequence, 1, &PlanChoice::default(), app.clock.now()).await?;
        workshops.push(workshop);
    }
    if app.clock.now() >= due {
        bail!("this machine took too long to set {n} workshops up");
    }
    Ok((workshops, due))
}

/// Waits until each step is a broadcast that has ended, or its last useful moment has passed.
async fn until_done(
    config: &Config,
    app: &App,
    stage: &Stage,
    workshops: &[WorkshopId],
    fleet: &mut Fleet,
    was_away: bool,
) -> anyhow::Result<()> {
    let end = app.clock.now().plus((BEFORE_MIN + 1) * MINUTE);
    let mut open: Vec<WorkshopId> = workshops.to_vec();
    while !open.is_empty() && app.clock.now() < end {
        match was_away {
            true => fleet.revive(config)?,
            false => fleet.check()?,
        }
        let mut still = Vec::new();
        for workshop in open {
            match is_done(stage, workshop).await {
                Ok(true) => {}
                Ok(false) => still.push(workshop),
                // A connection from before the database was away.
                Err(_) if was_away => still.push(workshop),
                Err(error) => return Err(error),
            }
        }
        open = still;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Whether each step of a workshop's plan is a broadcast that has ended.
pub(super) async fn is_done(stage: &Stage, workshop: WorkshopId) -> anyhow::Result<bool> {
    let Some(plan) = stage.org.plan_of(workshop).await? else { return Ok(false) };
    for row in &plan.rows {
        if row.state != RowState::Broadcast {
            return Ok(false);
        }
        for made in &row.broadcasts {
            if stage.org.broadcast(*made).await?.status != BroadcastStatus::Completed {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn count(
    app: &App,
    stage: &Stage,
    sandbox: &Sandbox,
    workshops: &[WorkshopId],
    (kills, restarts): (u64, u64),
) -> anyhow::Result<Verdict> {
    let mut verdict = Verdict {
        kills,
        restarts,
        in_flight_max: sandbox.world().summary().in_flight_max,
        differences: app.engine.work().differences().await?.len(),
        ..Verdict::default()
    };
    for workshop in workshops {
        let Some(plan) = stage.org.plan_of(*workshop).await? else { bail!("a plan is gone") };
        for row in &plan.rows {
            verdict.steps += 1;
            match row.broadcasts.len() {
                0 => verdict.not_run += 1,
                1 => verdict.ran_once += 1,
                _ => verdict.ran_twice += 1,
            }
            for made in &row.broadcasts {
                let messages = stage.org.messages(*made, &MessageFilter::default(), 0, 10_000).await?;
                verdict.planned += u64::try_from(messages.len())?;
                for message in &messages {
                    let unknown = message.state == MessageState::Unknown;
                    verdict.unknown += u64::from(unknown);
                    match sandbox.world().count(&message.recipient) {
                        0 => verdict.lost += u64::from(!unknown),
                        1 => verdict.once += 1,
                        _ => verdict.twice += 1,
                    }
                }
            }
        }
    }
    Ok(verdict)
}
