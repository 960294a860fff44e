//! What went out in a rehearsal, in figures that name nobody.

use domain::{
    channel::Channel,
    ids::{PlanRowId, WorkshopId},
    message::MessageState,
    money::Money,
    sequence::{RowState, Step, StepKey, WhyNot, ladders, rungs_of},
    template::{Content, Message, Part},
    time::Millis,
};
use serde::{Deserialize, Serialize};
use store::{
    Org, StoreError,
    plans::{PlanRow, RowRuns, WorkshopPlan},
    rehearsals::PlayedMessage,
};

/// The text that somebody would read; empty where it cannot be read.
pub fn text_of(message: &PlayedMessage) -> String {
    let template = Message::from_json(message.channel, &message.template);
    let content = Content::from_json(message.channel, &message.content);
    let (Ok(template), Ok(content)) = (template, content) else { return String::new() };
    let parts = template.preview(&content).into_iter();
    parts
        .map(|part| match part {
            Part::Fixed(text) | Part::Filled(text) => text,
        })
        .collect()
}

/// What a message costs, and whether the provider said so; nothing for a post, which is free.
pub fn cost_of(message: &PlayedMessage) -> Option<(Money, bool)> {
    if message.channel == Channel::WhatsappGroup {
        return None;
    }
    if let Some(cost) = message.cost {
        return Some((cost, true));
    }
    let template = Message::from_json(message.channel, &message.template).ok()?;
    let content = Content::from_json(message.channel, &message.content).ok()?;
    Some((Money(message.unit_price.0.saturating_mul(template.segments(&content))), false))
}

/// What became of one step in a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The key of the step in its sequence.
    pub key: StepKey,
    /// The name of the step.
    pub name: String,
    /// The channel of the step.
    pub channel: Channel,
    /// When it was due; `None` where it follows each registration.
    pub due: Option<Millis>,
    /// The first moment at which it was no longer of use.
    pub until: Millis,
    /// The state of the step.
    pub state: RowState,
    /// The word of the reason for which it did not go out.
    pub why: String,
    /// The words of the provider or account that refused; may be empty.
    pub why_text: String,
    /// Whether it went out before the rehearsal began.
    pub before: bool,
    /// The number of its broadcasts: its own, and those for people who registered later.
    pub rounds: i64,
    /// The people or groups, by the states that their messages ended in.
    pub counts: Counts,
    /// What its messages cost.
    pub cost: Money,
    /// Whether the provider reported that cost. Otherwise it is an estimate.
    pub cost_known: bool,
}

/// The number of messages by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All messages that were planned.
    pub planned: i64,
    /// Messages that arrived or were read.
    pub arrived: i64,
    /// Messages that were handed over and have no receipt.
    pub handed_over: i64,
    /// Messages that failed.
    pub failed: i64,
    /// Messages of which nobody knows whether they went out.
    pub unknown: i64,
    /// Messages to people who were left out, each for a reason.
    pub skipped: i64,
    /// Messages that came too late or were cancelled.
    pub ended: i64,
    /// Messages that are still to go out.
    pub to_go: i64,
}

impl Counts {
    fn of(runs: &RowRuns) -> Counts {
        let n = |state| runs.in_state(state);
        Counts {
            planned: runs.planned,
            arrived: n(MessageState::Delivered) + n(MessageState::Read),
            handed_over: n(MessageState::Sent),
            failed: n(MessageState::Failed),
            unknown: n(MessageState::Unknown),
            skipped: n(MessageState::Skipped),
            ended: n(MessageState::Expired) + n(MessageState::Cancelled),
            to_go: n(MessageState::Waiting) + n(MessageState::InFlight),
        }
    }

    /// All that left.
    pub fn went(&self) -> i64 {
        self.arrived + self.handed_over + self.failed + self.unknown
    }

    fn add(&mut self, other: &Counts) {
        self.planned += other.planned;
        self.arrived += other.arrived;
        self.handed_over += other.handed_over;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.skipped += other.skipped;
        self.ended += other.ended;
        self.to_go += other.to_go;
    }
}

/// What a rehearsal did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the sequence is called.
    pub sequence: String,
    /// Every step, in order of moments.
    pub steps: Vec<StepReport>,
    /// Every reach ladder, once the rehearsal has ended.
    #[serde(default)]
    pub ladders: Vec<LadderPlayed>,
}

/// What a reach ladder did in a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderPlayed {
    /// The key of the ladder.
    pub key: StepKey,
    /// People whom it was for.
    pub people: i64,
    /// People who are proven to be reached.
    pub reached: i64,
    /// What all of its rungs cost.
    pub cost: Money,
    /// Messages that did not go out because the ladder would have cost more than it may.
    pub over_cap: i64,
}

impl Report {
    /// The report as JSON, as the rehearsal keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was kept; empty where it cannot be read.
    pub fn from_json(text: &str) -> Report {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// All messages of the steps that the rehearsal ran.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.steps.iter().filter(|step| !step.before).for_each(|step| all.add(&step.counts));
        all
    }

    /// What they cost.
    pub fn cost(&self) -> Money {
        self.steps.iter().filter(|step| !step.before).map(|step| step.cost).sum()
    }

    /// Steps that did not go although they were to.
    pub fn did_not_go(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| match step.state {
            RowState::Missed => !step.before,
            RowState::Skipped => !step.before && step.why.parse::<WhyNot>().is_ok_and(WhyNot::needs_somebody),
            RowState::Planned | RowState::Broadcast | RowState::Cancelled => false,
        })
    }

    /// What stands in the database of a rehearsal that began at `from`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(org: &Org, workshop: WorkshopId, from: Millis) -> Result<Report, StoreError> {
        let Some(plan) = org.plan_of(workshop).await? else { return Ok(Report::default()) };
        let runs = org.plan_runs(workshop, from).await?;
        let mut templates = Vec::new();
        for channel in Channel::ALL {
            templates.extend(org.templates(*channel).await?.into_iter().map(|one| (one.id, one.name)));
        }
        let called = |row: &PlanRow| {
            let step = plan.step(&row.key)?;
            if !step.label.is_empty() {
                return Some(step.label.clone());
            }
            templates.iter().find(|(id, _)| *id == step.template).map(|(_, name)| name.clone())
        };
        let step = |row: &PlanRow| {
            let name = called(row).unwrap_or_else(|| row.key.to_string());
            report_step(&plan, row, name, runs.iter().find(|runs| runs.row == row.id), from)
        };
        let steps = plan.rows.iter().map(step).collect();
        Ok(Report { sequence: plan.name.clone(), steps, ladders: Vec::new() })
    }

    /// The same with what reach ladders did, for which every message of theirs is read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn whole(
        org: &Org,
        workshop: WorkshopId,
        from: Millis,
        now: Millis,
    ) -> Result<Report, StoreError> {
        let mut report = Report::of(org, workshop, from).await?;
        let Some(plan) = org.plan_of(workshop).await? else { return Ok(report) };
        for key in ladders(&plan.steps) {
            let rungs = rungs_of(&plan.steps, &key);
            let row = |step: &&Step| plan.rows.iter().find(|row| row.key == step.key);
            let ids: Vec<PlanRowId> = rungs.iter().filter_map(row).map(|row| row.id).collect();
            let did = org.ladder_report(workshop, &key, &ids, now).await?;
            report.ladders.push(LadderPlayed {
                key,
                people: did.people,
                reached: did.reached,
                cost: did.likely_cost(),
                over_cap: did.rungs.iter().map(|rung| rung.over_cap).sum(),
            });
        }
        Ok(report)
    }
}

fn report_step(
    plan: &WorkshopPlan,
    row: &PlanRow,
    name: String,
    runs: Option<&RowRuns>,
    from: Millis,
) -> StepReport {
    let decided_before = row.decided_at.is_some_and(|at| at < from);
    let ended_before = |runs: &RowRuns| runs.going == 0 && runs.finished_at.is_some_and(|at| at < from);
    StepReport {
        key: row.key.clone(),
        name,
        channel: plan.step(&row.key).map_or(Channel::WhatsappPersonal, |step| step.channel),
        due: row.due,
        until: row.until,
        state: row.state,
        why: row.why.code().to_owned(),
        why_text: row.why_text.clone(),
        before: runs.map_or(decided_before, ended_before),
        rounds: runs.map_or(0, |runs| runs.runs),
        counts: runs.map(Counts::of).unwrap_or_default(),
        cost: runs.map_or(Money(0), |runs| runs.cost),
        cost_known: runs.is_none_or(|runs| runs.cost_known),
    }
}
