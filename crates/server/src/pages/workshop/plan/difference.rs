//! What a change does to a plan, step by step: a moved workshop, an edited sequence and another zone are shown alike before they hold.

use ::compose::{PlanChange, PlanDifference, StepPreview, difference, is_to_come};
use domain::{
    channel::Channel,
    money::Money,
    sequence::{Change, LateRule, PlanTarget, Replanned, RowState, Step, StepAudience, StepKey, replan},
    time::Millis,
};
use maud::{Markup, Render, html};
use store::{
    StoreError,
    plans::{PlanRow, WorkshopPlan},
    workshops::Workshop,
};

use super::{
    fate::{Counts, Fate},
    view::{people, step_name},
    words,
};
use crate::{
    app::App,
    http::extract::Member,
    pages::settings::sequences,
    ui::{
        format::{counted, rupees},
        icons::Icon,
        plan::{MovedStep, StepMark},
    },
};

/// A step before and after a change, in words and as moments.
struct Line {
    mark: StepMark,
    name: String,
    /// Whom it goes to and for how much, as of now.
    whom: String,
    was: String,
    now: String,
    moments: (Option<Millis>, Option<Millis>),
}

/// Everything that a change does to a plan.
pub(super) struct Shown {
    lines: Vec<(Fate, Line)>,
    /// Steps that changed in the sequence and went out before.
    gone: usize,
    /// What is left of the plan costs before the change and after it, estimates as of now.
    pub(super) cost: (Money, Money),
}

/// The change of one plan, and all that is known of both sides.
struct Sides<'a> {
    member: &'a Member,
    plan: &'a WorkshopPlan,
    to: &'a PlanChange,
    told: PlanDifference,
    /// The rows as the change leaves them.
    rows: Vec<PlanRow>,
    before: Vec<StepPreview>,
    after: Vec<StepPreview>,
}

/// Holds a plan against its changed form. Nothing is changed here.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn look(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    plan: &WorkshopPlan,
    to: &PlanChange,
) -> Result<Shown, StoreError> {
    let runs = member.org.plan_runs(workshop.id, member.now).await?;
    let mut plan = plan.clone();
    for row in &mut plan.rows {
        // What is confirmed ahead and has not begun is taken back by the change, and planned anew.
        if is_to_come(row, runs.iter().find(|run| run.row == row.id)) {
            row.state = RowState::Planned;
        }
    }
    let plan = &plan;
    let moved = Workshop { starts_at: to.times.starts_at, ends_at: to.times.ends_at, ..workshop.clone() };
    let told = difference(plan, to, member.now);
    let rows = rows_after(plan, to, &told);
    let before = app.composer.preview(member, workshop, &plan.steps, &plan.zone, &plan.rows).await?;
    let after = app.composer.preview(member, &moved, &to.steps, &to.zone, &rows).await?;
    Ok(Sides { member, plan, to, told, rows, before, after }.shown())
}

/// The rows of the plan as the change leaves them: a step that was missed may come again, another one no more.
fn rows_after(plan: &WorkshopPlan, to: &PlanChange, told: &PlanDifference) -> Vec<PlanRow> {
    let mut rows = plan.rows.clone();
    for row in &mut rows {
        let step = to.steps.iter().find(|step| step.key == row.key);
        let Some((step, planned)) = step.zip(told.after.step(&row.key)) else { continue };
        if let Replanned::Stands(state, why) = replan(Some((row.state, row.why)), planned, step.anchor, false)
            && row.state != RowState::Broadcast
        {
            (row.state, row.why) = (state, why);
        }
    }
    rows
}

impl Sides<'_> {
    fn shown(&self) -> Shown {
        let mut lines = Vec::new();
        for (key, change) in &self.told.difference.changes {
            if !self.stays_out(key) {
                lines.extend(self.changed(key, change));
            }
        }
        for planned in &self.told.after.steps {
            let changes = self.told.difference.changes.iter().any(|(key, _)| *key == planned.key);
            if !changes && self.is_to_go(&planned.key) {
                lines.extend(self.kept(&planned.key));
            }
        }
        lines.sort_by_key(|(fate, line)| (*fate, line.moments.1.or(line.moments.0)));
        Shown {
            lines,
            gone: self.gone(),
            cost: (cost(&self.plan.rows, &self.before, &[]), cost(&self.rows, &self.after, &self.told.past)),
        }
    }

    fn step(&self, key: &StepKey) -> Option<&Step> {
        self.to.steps.iter().find(|step| step.key == *key).or_else(|| self.plan.step(key))
    }

    /// Whether the changed plan has the step to come.
    fn is_to_go(&self, key: &StepKey) -> bool {
        let is_past = self.told.past.contains(key);
        !is_past && has_to_come(&self.rows, key)
    }

    /// What the review finds in the way of the changed step and not of the present one. A step that stands still for the same reason
    /// already is no news.
    fn newly_blocked(&self, key: &StepKey) -> Option<String> {
        let one = self.after.iter().find(|one| one.step.key == *key)?;
        let why = one.obstacle.why;
        let stood = self.before.iter().any(|was| was.step.key == *key && was.obstacle.why == why);
        let news = why.needs_somebody() && self.is_to_go(key) && !stood;
        news.then(|| words::why(why, &one.obstacle.words))
    }

    /// Whether a step that stands skipped stays so whatever its new moment is: the plan decides it as the store will.
    fn stays_out(&self, key: &StepKey) -> bool {
        let Some(row) = self.plan.rows.iter().find(|row| row.key == *key) else { return false };
        let step = self.to.steps.iter().find(|step| step.key == *key);
        let (Some(step), Some(planned)) = (step, self.told.after.step(key)) else { return false };
        replan(Some((row.state, row.why)), planned, step.anchor, false) == Replanned::Kept
    }

    fn changed(&self, key: &StepKey, change: &Change) -> Option<(Fate, Line)> {
        let step = self.step(key)?;
        let becomes = self.told.after.step(key).and_then(|planned| planned.due);
        let passed = || "time has passed".to_owned();
        let (mut fate, from, was, mut now) = match change {
            Change::Moved { from, to } => {
                (Fate::Moved, Some(*from), self.at(Some(*from)), self.at(Some(*to)))
            }
            Change::Revived { to } => (Fate::Moved, None, "missed".to_owned(), self.at(Some(*to))),
            Change::Added { to } => (Fate::New, None, "–".to_owned(), self.at(*to)),
            Change::NewlyMissed { from } => (Fate::Skipped, Some(*from), self.at(Some(*from)), passed()),
            Change::Removed { from } => (Fate::TakenOut, *from, self.at(*from), "gone".to_owned()),
        };
        if self.told.past.contains(key) {
            (fate, now) = match goes_late(step) {
                true => (Fate::LateOnly, format!("{now}, due already")),
                false => (Fate::Skipped, passed()),
            };
        } else if let Some(reason) =
            self.newly_blocked(key).filter(|_| matches!(fate, Fate::Moved | Fate::New))
        {
            (fate, now) = (Fate::Stuck, format!("{now}. {reason}"));
        } else if matches!(fate, Fate::Moved | Fate::New) && self.told.difference.soon.contains(key) {
            fate = Fate::Soon;
        }
        Some(self.line(fate, step, (was, now), (from, becomes)))
    }

    /// A step that keeps its moment: it may send something else all the same, or be stopped by the change.
    fn kept(&self, key: &StepKey) -> Option<(Fate, Line)> {
        let step = self.step(key)?;
        let due = self.told.after.step(key).and_then(|planned| planned.due);
        let differs = self.plan.step(key).map(|old| what_differs(old, step)).unwrap_or_default();
        let (fate, now) = match self.newly_blocked(key) {
            Some(reason) => (Fate::Stuck, format!("{}. {reason}", self.at(due))),
            None if differs.is_empty() => (Fate::Stays, "same".to_owned()),
            None => (Fate::Replaced, differs.join(", ")),
        };
        Some(self.line(fate, step, (self.at(due), now), (due, due)))
    }

    fn line(
        &self,
        fate: Fate,
        step: &Step,
        (was, now): (String, String),
        moments: (Option<Millis>, Option<Millis>),
    ) -> (Fate, Line) {
        let mut previews = self.after.iter().chain(&self.before);
        let preview = previews.find(|one| one.step.key == step.key);
        let name = preview.map_or_else(|| step.label.clone(), step_name);
        let mark = StepMark { channel: step.channel, fill: fate.fill() };
        let whom = match fate {
            Fate::LateOnly | Fate::Skipped | Fate::TakenOut => String::new(),
            _ => whom(step, preview),
        };
        (fate, Line { mark, name, whom, was, now, moments })
    }

    /// Steps that changed in the sequence and went out before.
    fn gone(&self) -> usize {
        let went = self.plan.rows.iter().filter(|row| row.state == RowState::Broadcast);
        let differs = |key: &StepKey| {
            let new = self.to.steps.iter().find(|step| step.key == *key);
            new != self.plan.step(key)
        };
        went.filter(|row| differs(&row.key)).count()
    }

    fn at(&self, moment: Option<Millis>) -> String {
        moment.map_or_else(|| "after each registration".to_owned(), |moment| words::at(self.member, moment))
    }
}

/// Whether a step has not run and is not taken out; a step without a row is new.
fn has_to_come(rows: &[PlanRow], key: &StepKey) -> bool {
    rows.iter().find(|row| row.key == *key).is_none_or(|row| row.state == RowState::Planned)
}

/// What is to come of a plan is expected to cost, but for steps that concern only who registers from now on.
fn cost(rows: &[PlanRow], previews: &[StepPreview], past: &[StepKey]) -> Money {
    let goes = |one: &&StepPreview| {
        let key = &one.step.key;
        has_to_come(rows, key) && !past.contains(key) && !one.obstacle.why.needs_somebody()
    };
    previews.iter().filter(goes).filter_map(StepPreview::expected_cost).sum()
}

/// "1,232 people, ₹141.68"; of people whom only the report will name, which they are.
fn whom(step: &Step, preview: Option<&StepPreview>) -> String {
    if let (StepAudience::Attendance(_), true) = (&step.audience, step.channel != Channel::WhatsappGroup) {
        return sequences::audience(&step.audience, &[]);
    }
    let Some((n, preview)) = preview.and_then(|one| Some((one.people?, one))) else { return String::new() };
    let n = preview.rung.map_or(n, |rung| rung.expected.tried);
    let cost = preview.expected_cost().filter(|cost| cost.0 > 0);
    match cost {
        Some(cost) => format!("{}, {}", people(step.channel, n), rupees(cost.0)),
        None => people(step.channel, n),
    }
}

/// Whether people who register later get a step.
fn goes_late(step: &Step) -> bool {
    step.late != LateRule::Skip && PlanTarget::of(step.channel) == PlanTarget::Registrants
}

/// What a step does otherwise than before, its moment aside.
fn what_differs(old: &Step, new: &Step) -> Vec<&'static str> {
    let all = [
        (old.channel != new.channel, "another channel"),
        (old.template != new.template, "another template"),
        (old.audience != new.audience, "other people"),
        (old.account != new.account, "another account"),
        (old.purpose != new.purpose, "another purpose"),
        (old.until != new.until, "useful for another time"),
        (old.late != new.late, "another rule for late ones"),
        (old.wait_out_quiet != new.wait_out_quiet, "quiet hours"),
        (old.rung != new.rung, "another ladder"),
        (old.label != new.label, "another name"),
    ];
    all.into_iter().filter(|(differs, _)| *differs).map(|(_, words)| words).collect()
}

impl Shown {
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.lines.iter().for_each(|(fate, _)| counts.count(*fate, 1));
        counts.count(Fate::Gone, self.gone);
        counts
    }

    /// Whether no step of the plan that is still to come is another one.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|(fate, _)| *fate == Fate::Stays)
    }

    /// The steps as marks, old above new.
    pub(super) fn marks(&self) -> Vec<MovedStep> {
        let mark = |(fate, line): &(Fate, Line)| MovedStep {
            mark: line.mark,
            was: line.moments.0,
            becomes: line.moments.1.filter(|_| *fate != Fate::TakenOut),
            way: fate.way(),
        };
        self.lines.iter().map(mark).collect()
    }

    fn groups(&self) -> impl Iterator<Item = (Fate, &[(Fate, Line)])> {
        self.lines.chunk_by(|(one, _), (next, _)| one == next).map(|lines| (lines[0].0, lines))
    }
}

impl Render for Shown {
    fn render(&self) -> Markup {
        html! {
            div class="m-mvgrps" {
                @for (fate, lines) in self.groups() {
                    section class={ "m-mvgrp m-mvgrp--" (fate.tone().class()) @if fate.keeps_its_moment() { " m-mvgrp--kept" } } {
                        h3 { (fate.icon()) (lines.len()) " " (fate.words(lines.len())) }
                        ul { @for (_, line) in lines { (line) } }
                    }
                }
            }
            @if self.gone > 0 { p class="m-hint" { (counted(self.gone, "changed step went", "changed steps went")) " out already: only who registers from now on may get what is new." } }
        }
    }
}

impl Render for Line {
    fn render(&self) -> Markup {
        html! {
            li class="m-mvrow" {
                (self.mark)
                span class="m-mvrow__what" { b { (self.name) } @if !self.whom.is_empty() { span class="m-sub" { (self.whom) } } }
                span class="m-mvrow__was" { span class="mui-visually-hidden" { "was " } (self.was) }
                span class="m-mvrow__arrow" aria-hidden="true" { (Icon::Next) }
                span class="m-mvrow__now" { span class="mui-visually-hidden" { "becomes " } (self.now) }
            }
        }
    }
}
