//! The proof for reach ladders: the program is killed while rungs go out, and the phones are counted afterwards. Nobody gets a rung twice, nobody
//! is lost, and the ladder costs no more than it may and leaves no money that somebody could have had a message for.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{bail, ensure};
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::WorkshopId,
    message::{MessageState, SkipReason},
    money::Money,
    pace::Pace,
    reason::Reason,
    sequence::{Anchor, CostCaps, Rung, Step, StepKey, Timing, Until},
    template::Message,
    time::{MINUTE, Millis, SECOND},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sandbox::Sandbox;
use serde::Serialize;
use store::{messages::MessageFilter, plans::PlanChoice, sequences::SequenceDraft};

use super::{CrashProof, Fleet, one_of, steps};
use crate::{
    app::App,
    commands::say,
    config::Config,
    rehearsal::{Stage, crowd},
};

/// People at least.
const PEOPLE: u64 = 240;
/// A rung takes about so many seconds: kills meet it.
const RUNG_S: u64 = 20;
/// The first rung is due so long after everything stands.
const LEAD_MS: i64 = 12 * SECOND;
/// The ladder ends so many minutes behind its last rung.
const BEHIND_MIN: i64 = 3;
/// What a message costs, by the prices that an organisation begins with: ₹ 0.145.
const PRICE: Money = Money(1_450);

/// The figures of a proof with a reach ladder.
#[derive(Debug, Default, Serialize)]
struct Verdict {
    /// How often a process was killed.
    kills: u64,
    /// Rungs that became exactly one broadcast.
    rungs: usize,
    /// Rungs that became none or several. Must be 0.
    not_once: usize,
    /// The largest cost that the ladder allows, in 1/10,000 rupee.
    cap: i64,
    /// The cost of what went out or may have, in 1/10,000 rupee. It must be at most the cap, and leave less than a
    /// message where somebody was left out for cost.
    cost: i64,
    /// Messages that reached phones.
    heard: u64,
    /// People who were left out because they would have cost more. Must be more than 0.
    over_cap: u64,
    /// Phones that got more than their messages. Must be 0.
    twice: u64,
    /// Messages that were handed over and reached no phone. Must be 0.
    lost: u64,
    /// Messages whose state has no reason. Must be 0.
    unexplained: u64,
    /// Messages whose fate nobody knows.
    unknown: u64,
    /// Most calls that were under way at once.
    in_flight_max: u64,
    /// Rows whose kept counts differ from their count. Must be 0.
    differences: usize,
}

impl Verdict {
    fn holds(&self) -> bool {
        let left = self.cap - self.cost;
        let on_phones = i64::try_from(self.heard).unwrap_or(i64::MAX).saturating_mul(PRICE.0);
        self.not_once == 0
            && self.twice == 0
            && self.lost == 0
            && self.unexplained == 0
            && self.differences == 0
            && self.over_cap > 0
            && (0..PRICE.0).contains(&left)
            && on_phones <= self.cap
            && self.unknown <= self.in_flight_max.max(1) * self.kills
    }

    fn tell(&self) -> anyhow::Result<()> {
        say(format_args!("killed                         {}", self.kills))?;
        say(format_args!("rungs that ran once            {}", self.rungs))?;
        say(format_args!("rungs that did not             {}", self.not_once))?;
        say(format_args!("the ladder may cost            ₹{}", Money(self.cap)))?;
        say(format_args!("it cost                        ₹{}", Money(self.cost)))?;
        say(format_args!("messages on phones             {}", self.heard))?;
        say(format_args!("left out for cost              {}", self.over_cap))?;
        say(format_args!("got more than their messages   {}", self.twice))?;
        say(format_args!("lost                           {}", self.lost))?;
        say(format_args!("stand without a reason         {}", self.unexplained))?;
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
    let people = args.people.max(PEOPLE);
    let pace = Pace { per_second: i64::try_from(people.div_ceil(RUNG_S))?, per_day: 0 };
    let stage = Stage::set_up(app, "Crash Proof", "Proof", "proof@example.com", pace).await?;
    let (workshop, due, cap) = plan(app, &stage, args, people).await?;
    let mut fleet = Fleet::start(config, args.processes, false)?;
    let kills = kill(config, app, sandbox, &mut fleet, (args, due)).await?;
    let end = due.plus((i64::try_from(args.rungs)? + BEHIND_MIN) * MINUTE);
    while app.clock.now() < end && !steps::is_done(&stage, workshop).await? {
        fleet.check()?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(fleet);
    let verdict = count(app, &stage, sandbox, workshop, (kills, cap)).await?;
    match args.json {
        true => say(serde_json::to_string(&verdict)?)?,
        false => verdict.tell()?,
    }
    if !verdict.holds() {
        bail!("the proof does not hold");
    }
    Ok(())
}

/// A workshop whose ladder begins a few seconds after it stands; when, and what it may cost: all of the first rung, and half of the others.
async fn plan(
    app: &App,
    stage: &Stage,
    args: &CrashProof,
    people: u64,
) -> anyhow::Result<(WorkshopId, Millis, Money)> {
    let (org, now) = (&stage.org, app.clock.now());
    let message: Message = crate::rehearsal::templates().swap_remove(1).1.into();
    let template = org.add_template(Channel::WhatsappPersonal, "Proof", &message.to_json(), now).await?;
    let rungs = i64::try_from(args.rungs)?;
    let messages = i64::try_from(people + people * (args.rungs - 1) / 2)?;
    // A tenth of a paisa less than one message more.
    let cap = Money(messages * PRICE.0 + PRICE.0 - 1);
    let rung = Rung {
        ladder: StepKey::stored("reach".to_owned()),
        caps: CostCaps { per_person: None, in_all: Some(cap) },
    };
    let step = |nth: i64| Step {
        rung: Some(rung.clone()),
        until: Until::At(Anchor::Start, Timing::before(0)),
        ..steps::step(template, &format!("r{nth}"), Timing::before(rungs + BEHIND_MIN - nth))
    };
    let draft = SequenceDraft {
        name: "Proof".to_owned(),
        description: String::new(),
        steps: (0..rungs).map(step).collect(),
    };
    let sequence = org.add_sequence(&draft, now).await?;
    let due = now.plus(LEAD_MS);
    let starts_at = due.plus((rungs + BEHIND_MIN) * MINUTE);
    let workshop = stage.workshop("Ladder", starts_at, "https://meet.example/x", now).await?;
    stage.register(workshop, crowd(usize::try_from(people)?, now), now).await?;
    org.write_plan(workshop, sequence, 1, &PlanChoice::default(), app.clock.now()).await?;
    ensure!(app.clock.now() < due, "this machine took too long to register {people} people");
    Ok((workshop, due, cap))
}

/// Kills a process again and again while something goes out, as often during each rung.
async fn kill(
    config: &Config,
    app: &App,
    sandbox: &Sandbox,
    fleet: &mut Fleet,
    (args, due): (&CrashProof, Millis),
) -> anyhow::Result<u64> {
    let mut rng = SmallRng::seed_from_u64(args.seed);
    let each = args.kills.div_ceil(args.rungs);
    let end = due.plus((i64::try_from(args.rungs)? + BEHIND_MIN) * MINUTE);
    let (mut kills, mut before) = (0, 0);
    while kills < args.kills && app.clock.now() < end {
        tokio::time::sleep(Duration::from_millis(10)).await;
        fleet.check()?;
        let rung = app.clock.now().since(due).max(0) / MINUTE;
        let goes_out = sandbox.world().len() > before;
        if !goes_out || kills >= each * (u64::try_from(rung)? + 1) {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(5..600))).await;
        let all = args.processes > 1 && kills % 3 == 2;
        let victims = if all { 0..args.processes } else { one_of(args.processes, &mut rng) };
        kills += fleet.replace(config, victims, false)?;
        before = sandbox.world().len();
    }
    Ok(kills)
}

async fn count(
    app: &App,
    stage: &Stage,
    sandbox: &Sandbox,
    workshop: WorkshopId,
    (kills, cap): (u64, Money),
) -> anyhow::Result<Verdict> {
    let mut verdict = Verdict {
        kills,
        cap: cap.0,
        cost: stage.org.ladder_spent(workshop, &StepKey::stored("reach".to_owned())).await?.0,
        in_flight_max: sandbox.world().summary().in_flight_max,
        differences: app.engine.work().differences().await?.len(),
        ..Verdict::default()
    };
    let Some(plan) = stage.org.plan_of(workshop).await? else { bail!("the plan is gone") };
    // Of each person: messages that left, and those that may have.
    let mut each: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in &plan.rows {
        match row.broadcasts.len() {
            1 => verdict.rungs += 1,
            _ => verdict.not_once += 1,
        }
        for made in &row.broadcasts {
            let broadcast = stage.org.broadcast(*made).await?;
            ensure!(
                broadcast.unit_price == PRICE,
                "the price of a message is not the one that the cap is made of"
            );
            ensure!(broadcast.status != BroadcastStatus::Paused, "paused: {}", broadcast.stop_text);
            for message in stage.org.messages(*made, &MessageFilter::default(), 0, 100_000).await? {
                let (left, may_have) = each.entry(message.recipient).or_default();
                match message.state {
                    MessageState::Sent => *left += 1,
                    MessageState::Unknown => *may_have += 1,
                    MessageState::Skipped => {
                        let over = message.reason == Reason::Excluded(SkipReason::LadderCap);
                        verdict.over_cap += u64::from(over);
                        verdict.unexplained += u64::from(!over);
                    }
                    _ => verdict.unexplained += 1,
                }
            }
        }
    }
    for (phone, (left, may_have)) in each {
        let heard = u64::try_from(sandbox.world().count(&phone))?;
        verdict.heard += heard;
        verdict.unknown += may_have;
        verdict.twice += heard.saturating_sub(left + may_have);
        verdict.lost += left.saturating_sub(heard);
    }
    Ok(verdict)
}
