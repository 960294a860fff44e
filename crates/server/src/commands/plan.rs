//! `munadi plan`: the plan of a workshop as a table or JSON, and what a person does with it: run a sequence, let the
//! plan follow it, cancel.

use std::{fmt::Write as _, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use compose::{
    Caller, PlanChange, PlanDifference, StepPreview, difference, is_to_come, keeps_late, later_rounds,
    plan_cost, standing,
};
use domain::{
    ids::PlanRowId,
    sequence::{Change, OwnWhyNot, PlanTarget, RowState, Standing, StepKey, StepState, WhyNot},
    time::{Millis, WallClock},
};
use serde_json::{Value, json};
use store::{
    Actor, StoreError,
    plans::{PlanChoice, PlanRow, RowRuns, WorkshopPlan},
    sequences::Sequence,
    workshops::Workshop,
};

use super::{
    pick::{pick_organisation, pick_workshop},
    say,
    sequence::named,
};
use crate::{
    app::App,
    config::Config,
    ui::{format::rupees, words::steps},
};

/// The plan of a workshop.
#[derive(Args, Clone, Debug)]
pub struct PlanCommand {
    /// The workshop's title, or the beginning of it
    #[arg(long)]
    pub workshop: String,
    /// The organisation's name, when there are several
    #[arg(long)]
    pub organisation: Option<String>,
    /// The sequence to look at or to run; left out, the one that the workshop's tag carries
    #[arg(long)]
    pub sequence: Option<String>,
    /// Run the sequence: write the plan, whose steps then go by themselves
    #[arg(long, conflicts_with_all = ["follow", "cancel", "cancel_all", "try_again"])]
    pub run: bool,
    /// Let the plan follow the newest version of its sequence, in the organisation's present zone
    #[arg(long, conflicts_with_all = ["cancel", "cancel_all", "try_again"])]
    pub follow: bool,
    /// With --run or --follow: a step that concerns those already there although it is due already, or follows each
    /// registration
    #[arg(long, value_name = "STEP")]
    pub include: Vec<String>,
    /// With --run or --follow: a step that is not to go
    #[arg(long, value_name = "STEP")]
    pub leave_out: Vec<String>,
    /// Take a step out of the plan
    #[arg(long, value_name = "STEP", conflicts_with_all = ["cancel_all", "try_again"])]
    pub cancel: Option<String>,
    /// Take every step out of the plan that has not run
    #[arg(long, conflicts_with = "try_again")]
    pub cancel_all: bool,
    /// Try a step again in whose way something stood
    #[arg(long, value_name = "STEP")]
    pub try_again: Option<String>,
    /// The result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: PlanCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = obey(&app, &command).await;
    app.store.close().await;
    say(done?)
}

/// Does what was asked for; what is to be said.
///
/// # Errors
/// When something that was named is not there, or somebody changed the plan meanwhile.
pub async fn obey(app: &App, command: &PlanCommand) -> anyhow::Result<String> {
    let organisation = pick_organisation(app, command.organisation.as_deref()).await?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let workshop = pick_workshop(&org, &command.workshop).await?;
    let caller = Caller::new(org, organisation, app.clock.now());
    let done = act(&caller, &workshop, command).await.map_err(in_words)?;
    app.engine.wake_plans();
    let Some(plan) = caller.org.plan_of(workshop.id).await? else {
        let sequence = offered(&caller, &workshop, command).await?;
        let zone = &caller.organization.zone;
        let previews = app.composer.preview(&caller, &workshop, &sequence.steps, zone, &[]).await?;
        return preview(&caller, &workshop, &sequence, &previews, command.json);
    };
    let previews = app.composer.preview(&caller, &workshop, &plan.steps, &plan.zone, &plan.rows).await?;
    let runs = caller.org.plan_runs(workshop.id, caller.now).await?;
    let ladders = ladders(&caller, &workshop, &plan).await?;
    let looked = Looked { plan: &plan, previews: &previews, runs: &runs };
    show(&caller, &workshop, &looked, (done, &ladders), command.json)
}

/// A plan with what is known of it now.
struct Looked<'a> {
    plan: &'a WorkshopPlan,
    previews: &'a [StepPreview],
    runs: &'a [RowRuns],
}

impl<'a> Looked<'a> {
    /// A step of it.
    fn step(&self, preview: &'a StepPreview) -> Step<'a> {
        let row = self.plan.rows.iter().find(|row| row.key == preview.step.key);
        Step { preview, row, runs: row.and_then(|row| self.runs_of(row)) }
    }

    fn runs_of(&self, row: &PlanRow) -> Option<&'a RowRuns> {
        self.runs.iter().find(|runs| runs.row == row.id)
    }
}

/// A step of a plan; without a row where the sequence was not run.
#[derive(Clone, Copy)]
struct Step<'a> {
    preview: &'a StepPreview,
    row: Option<&'a PlanRow>,
    runs: Option<&'a RowRuns>,
}

impl Step<'_> {
    /// Why it does not go, or would not, as the plan's page says it.
    fn why_not(&self) -> (WhyNot, &str) {
        match self.row {
            Some(row) => compose::why_not(row, Some(self.preview)),
            None => (self.preview.obstacle.why, self.preview.obstacle.words.as_str()),
        }
    }

    fn is_to_come(&self) -> bool {
        self.row.is_none_or(|row| is_to_come(row, self.runs))
    }

    /// Where it stands, as the plan's page says it; `None` where the sequence was not run.
    fn standing(&self) -> Option<Standing> {
        self.row.map(|row| standing(row, self.runs, self.why_not().0.needs_somebody()))
    }

    /// Whether something stands in its way that somebody can mend.
    fn is_stuck(&self) -> bool {
        match self.standing() {
            Some(standing) => standing == Standing::WouldNotGo,
            None => self.why_not().0.needs_somebody(),
        }
    }
}

/// `Ladder reach: 1,960 of 2,000 reached, ₹231.45; rung 1 … `, a line for each ladder that has run.
async fn ladders(caller: &Caller, workshop: &Workshop, plan: &WorkshopPlan) -> anyhow::Result<String> {
    let mut said = String::new();
    for key in domain::sequence::ladders(&plan.steps) {
        let Some(ladder) = domain::sequence::Ladder::of(&plan.steps, &key) else { continue };
        let row = |key: &StepKey| plan.rows.iter().find(|row| row.key == *key);
        let rows: Vec<PlanRowId> = ladder.rungs.iter().filter_map(|rung| Some(row(&rung.key)?.id)).collect();
        let report = caller.org.ladder_report(workshop.id, &key, &rows, caller.now).await?;
        if report.rungs.iter().all(|rung| rung.tried == 0) {
            continue;
        }
        let cost = rupees(report.likely_cost().0);
        write!(said, "Ladder {key}: {} of {} reached, {cost}", report.reached, report.people)?;
        for (rung, did) in ladder.rungs.iter().zip(&report.rungs) {
            let cost = rupees(did.likely_cost().0);
            write!(said, "; {} went to {}, reached {}, {cost}", rung.key, did.tried, did.reached)?;
        }
        writeln!(said)?;
    }
    Ok(said)
}

fn in_words(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Stale) => anyhow::anyhow!(
            "nothing was done: the workshop was cancelled, the step ran, or the plan was changed meanwhile; look at it again"
        ),
        _ => error,
    }
}

/// What was done, in a sentence; nothing where the plan was only looked at.
async fn act(caller: &Caller, workshop: &Workshop, command: &PlanCommand) -> anyhow::Result<Option<String>> {
    let (org, now) = (&caller.org, caller.now);
    let keys = |words: &[String]| words.iter().cloned().map(StepKey::stored).collect();
    let choice = PlanChoice { include: keys(&command.include), leave_out: keys(&command.leave_out) };
    let plan = org.plan_of(workshop.id).await?;
    if command.run {
        let sequence = offered(caller, workshop, command).await?;
        refuse_unknown(&choice, &sequence)?;
        org.write_plan(workshop.id, sequence.id, sequence.version, &choice, now).await?;
        return Ok(Some(format!("“{}” runs for “{}”.", sequence.name, workshop.title)));
    }
    let acts =
        command.follow || command.cancel.is_some() || command.cancel_all || command.try_again.is_some();
    if !acts {
        return Ok(None);
    }
    let plan = plan.with_context(|| format!("“{}” has no plan yet; say --run", workshop.title))?;
    if command.follow {
        let sequence = org.sequence(plan.sequence).await?;
        refuse_unknown(&choice, &sequence)?;
        let to = PlanChange {
            steps: sequence.steps.clone(),
            zone: caller.organization.zone.clone(),
            ..PlanChange::of(&plan)
        };
        let told = changes(caller, &plan, &to, &choice);
        org.follow(workshop.id, sequence.version, plan.revision, &choice, now).await?;
        return Ok(Some(format!("The plan follows version {}. {told}", sequence.version)));
    }
    if let Some(word) = &command.cancel {
        org.cancel_row(row(&plan, word)?, now).await?;
        return Ok(Some(format!("Step “{word}” is cancelled.")));
    }
    if let Some(word) = &command.try_again {
        org.retry_row(row(&plan, word)?, now).await?;
        return Ok(Some(format!("Step “{word}” is tried again.")));
    }
    let n = org.cancel_plan(workshop.id, now).await?;
    Ok(Some(format!("{n} steps are cancelled.")))
}

fn row(plan: &WorkshopPlan, word: &str) -> anyhow::Result<PlanRowId> {
    let row = plan.rows.iter().find(|row| row.key.as_str() == word);
    row.map(|row| row.id).with_context(|| format!("the plan has no step “{word}”"))
}

/// Refuses a step that the sequence does not have: a typing error must not leave anybody out or in.
fn refuse_unknown(choice: &PlanChoice, sequence: &Sequence) -> anyhow::Result<()> {
    let named = choice.include.iter().chain(&choice.leave_out);
    let mut unknown = named.filter(|key| !sequence.steps.iter().any(|step| step.key == **key));
    match unknown.next() {
        Some(key) => bail!("“{}” has no step “{key}”", sequence.name),
        None => Ok(()),
    }
}

/// The sequence that was named, else the one of the workshop's tag.
async fn offered(caller: &Caller, workshop: &Workshop, command: &PlanCommand) -> anyhow::Result<Sequence> {
    if let Some(name) = &command.sequence {
        return named(&caller.org, name).await;
    }
    let carried = match &workshop.tag {
        Some(tag) => caller.org.tag_sequence(tag.id).await?,
        None => None,
    };
    match carried {
        Some(id) => Ok(caller.org.sequence(id).await?),
        None => {
            bail!("no sequence was run for “{}”, and its tag carries none; say --sequence", workshop.title)
        }
    }
}

/// `3 steps move: day (Mon 12 Oct, 7:00 PM → Tue 13 Oct, 7:00 PM) …`
fn changes(caller: &Caller, plan: &WorkshopPlan, to: &PlanChange, choice: &PlanChoice) -> String {
    let PlanDifference { difference, past, .. } = difference(plan, to, caller.now);
    let at = |at: Millis| caller.organization.zone.moment(at, caller.now).replace('\u{a0}', " ");
    let change = |(key, change): &(StepKey, Change)| match change {
        Change::Moved { from, to } => format!("{key} moves from {} to {}", at(*from), at(*to)),
        Change::NewlyMissed { .. } => format!("{key} is missed now"),
        Change::Revived { to } => format!("{key} comes again, {}", at(*to)),
        Change::Added { to: Some(to) } if past.contains(key) && !choice.include.contains(key) => {
            format!("{key} is new, due already, {}, and does not concern those already there", at(*to))
        }
        Change::Added { to: Some(to) } => format!("{key} is new, {}", at(*to)),
        Change::Added { to: None } => format!("{key} is new, after each registration"),
        Change::Removed { .. } => format!("{key} is gone"),
    };
    match difference.is_empty() {
        true => "Nothing changes.".to_owned(),
        false => format!("{}.", difference.changes.iter().map(change).collect::<Vec<_>>().join("; ")),
    }
}

/// A sequence that was not run: what it would do.
fn preview(
    caller: &Caller,
    workshop: &Workshop,
    sequence: &Sequence,
    previews: &[StepPreview],
    json: bool,
) -> anyhow::Result<String> {
    let steps = || previews.iter().map(|preview| Step { preview, row: None, runs: None });
    if json {
        let each: Vec<Value> = steps().map(|step| line(caller, step)).collect();
        let said = json!({ "workshop": workshop.title, "sequence": sequence.name, "version": sequence.version, "running": false, "steps": each });
        return Ok(serde_json::to_string_pretty(&said)?);
    }
    let mut said =
        format!("“{}” would do this for “{}”. It does not run: say --run.\n", sequence.name, workshop.title);
    for step in steps() {
        write_line(&mut said, caller, step)?;
    }
    Ok(said.trim_end().to_owned())
}

fn show(
    caller: &Caller,
    workshop: &Workshop,
    looked: &Looked<'_>,
    (done, ladders): (Option<String>, &str),
    json: bool,
) -> anyhow::Result<String> {
    let (plan, previews) = (looked.plan, looked.previews);
    let (so_far, ahead) = plan_cost(&plan.rows, looked.runs, previews);
    if json {
        let each: Vec<Value> = previews.iter().map(|preview| line(caller, looked.step(preview))).collect();
        let said = json!({
            "workshop": workshop.title, "sequence": plan.name, "version": plan.version, "newest_version": plan.newest,
            "zone": plan.zone.name(), "running": true, "done": done, "steps": each,
            "cost": { "so_far": so_far, "planned": ahead },
        });
        return Ok(serde_json::to_string_pretty(&said)?);
    }
    let mut said = String::new();
    if let Some(done) = done {
        writeln!(said, "{done}")?;
    }
    let newer = if plan.newest > plan.version { "; a newer one can be followed: --follow" } else { "" };
    writeln!(said, "“{}” follows “{}”, version {}{newer}.", workshop.title, plan.name, plan.version)?;
    for preview in previews {
        write_line(&mut said, caller, looked.step(preview))?;
    }
    said.push_str(ladders);
    let gone = plan.rows.iter().filter(|row| plan.step(&row.key).is_none());
    for row in gone {
        let stands = steps::standing(standing(row, looked.runs_of(row), row.why.needs_somebody()));
        writeln!(said, "{} · {stands}: {}", row.key, steps::why(row.why, &row.why_text))?;
    }
    let (so_far, ahead, all) = (rupees(so_far.0), rupees(ahead.0), rupees((so_far + ahead).0));
    write!(said, "{so_far} so far + {ahead} planned = {all}, estimate")?;
    Ok(said)
}

/// When a step goes, in the organisation's zone.
fn moment(caller: &Caller, preview: &StepPreview) -> String {
    match preview.planned.due {
        Some(due) => caller.organization.zone.moment(due, caller.now).replace('\u{a0}', " "),
        None => steps::when(&preview.step),
    }
}

fn write_line(to: &mut String, caller: &Caller, of: Step<'_>) -> std::fmt::Result {
    let (preview, step) = (of.preview, &of.preview.step);
    let template = preview.template.as_deref().unwrap_or("its template is gone");
    write!(to, "{} · {} · {} · {template}", step.key, moment(caller, preview), step.channel.title())?;
    match of.standing() {
        Some(standing) => write!(to, " · {}", steps::standing(standing))?,
        None if preview.planned.state == StepState::Missed => write!(to, " · its time is over")?,
        None if of.is_stuck() => write!(to, " · {}", steps::WOULD_NOT_GO)?,
        None => {}
    }
    write_why(to, of)?;
    if of.row.is_none() && preview.planned.state == StepState::Due {
        write!(to, " · due already: it concerns those already there only with --include {}", step.key)?;
    }
    if let Some((why, said)) = of.row.and_then(keeps_late) {
        write!(to, ", {}", steps::reaches_nobody(why, said))?;
    }
    if let (Some(row), Some(runs)) = (of.row, of.runs)
        && let Some(rounds) = steps::later_rounds(later_rounds(row, runs))
    {
        write!(to, ", {rounds}")?;
    }
    write_people(to, of)?;
    writeln!(to)
}

/// Why it does not go, in the words of the plan's page.
fn write_why(to: &mut String, of: Step<'_>) -> std::fmt::Result {
    let (why, said) = of.why_not();
    let went = of.row.is_some_and(|row| row.state == RowState::Broadcast);
    let past = why == WhyNot::Own(OwnWhyNot::PastAtRun);
    match steps::why(why, said) {
        reason if reason.is_empty() || went => Ok(()),
        _ if past && of.runs.is_some() => write!(to, ": {}", steps::not_to_the_others(why, said)),
        reason => write!(to, ": {reason}"),
    }
}

/// Whom it went to or would go to, and what that costs, counted as the plan's page counts it.
fn write_people(to: &mut String, of: Step<'_>) -> std::fmt::Result {
    let preview = of.preview;
    let is_post = PlanTarget::of(preview.step.channel) == PlanTarget::Groups;
    let unit = if is_post { "groups" } else { "people" };
    if let Some(runs) = of.runs {
        write!(to, " · {} {unit}", runs.planned)?;
        let note = if runs.cost_known { "" } else { " (estimate)" };
        return if is_post { Ok(()) } else { write!(to, ", {}{note}", rupees(runs.cost.0)) };
    }
    if of.is_to_come() && preview.awaits_report {
        return write!(to, " · {}", steps::KNOWN_AFTERWARDS);
    }
    let Some(people) = preview.people.filter(|_| of.is_to_come()) else { return Ok(()) };
    write!(to, " · {people} {unit} as of now")?;
    match (preview.rung, preview.cost) {
        (Some(rung), _) if !is_post => {
            let (tried, expected) = (rung.expected.tried, rung.expected);
            let (cost, worst) = (rupees(expected.cost.0), rupees(expected.worst.0));
            write!(to, ", {tried} expected for {cost}, at worst {worst} (estimates)")
        }
        (_, Some(cost)) => write!(to, ", about {} (estimate)", rupees(cost.0)),
        (_, None) => Ok(()),
    }
}

fn line(caller: &Caller, of: Step<'_>) -> Value {
    let (preview, row, runs) = (of.preview, of.row, of.runs);
    let (why, said) = of.why_not();
    json!({
        "key": preview.step.key,
        "channel": preview.step.channel,
        "template": preview.template,
        "account": preview.account,
        "purpose": preview.step.purpose,
        "when": steps::when(&preview.step),
        "due": preview.planned.due.map(|at| caller.organization.zone.rfc3339(at)),
        "until": caller.organization.zone.rfc3339(preview.planned.until),
        "state": row.map(|row| row.state),
        "would_go": of.is_to_come() && !of.is_stuck() && preview.planned.state != StepState::Missed,
        "why": row.map(|row| row.why),
        "obstacle": if of.is_to_come() { why } else { row.map_or(why, |row| row.obstacle) },
        "reason": steps::why(why, said),
        "people_now": preview.people,
        "cost_estimate": preview.expected_cost(),
        "cost": runs.map(|runs| runs.cost),
        "cost_known": runs.map(|runs| runs.cost_known),
        "ladder": preview.step.rung.as_ref().map(|rung| json!({
            "key": rung.ladder, "per_person": rung.caps.per_person, "in_all": rung.caps.in_all,
            "expected": preview.rung.map(|rung| json!({
                "people": rung.expected.tried, "reached": rung.expected.reached, "cost": rung.expected.cost, "worst": rung.expected.worst,
            })),
        })),
        "broadcasts": row.map(|row| row.broadcasts.clone()).unwrap_or_default(),
    })
}
