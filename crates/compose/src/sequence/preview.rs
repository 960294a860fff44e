//! What a sequence would do around a workshop before anything runs, and how a changed plan differs from the present
//! one.

use domain::{
    broadcast::Audience,
    channel::Category,
    checks::{CheckId, Finding},
    ids::PlanRowId,
    money::Money,
    post_checks::PostFinding,
    sequence::{
        Difference, LateRule, OwnWhyNot, Plan, PlanTarget, PlannedStep, Replanned, RowState, RungExpectation,
        Step, StepAudience, StepKey, StepState, WhyNot, WorkshopTimes, difference as differ, plan, replan,
    },
    template::{Message, Source},
    time::{Millis, Zone},
    variable::VariableName,
};
use store::{
    StoreError,
    plans::{PlanRow, RowRuns, WorkshopPlan},
    templates::Template,
    workshops::Workshop,
};

use super::{Looking, Obstacle, StepReview, account, obstacle_of};
use crate::{Caller, Composer, Timing, Wait};

/// Stands for the id of the plan row where a step has no row yet.
const NO_ROW: PlanRowId = PlanRowId::NIL;

/// A step as it would run, with what is known of it now.
#[derive(Clone, Debug)]
pub struct StepPreview {
    /// The step.
    pub step: Step,
    /// The moments of the step and its state. A step that is due now goes out at once if somebody runs the sequence.
    pub planned: PlannedStep,
    /// The name of the template; `None` where the template was removed.
    pub template: Option<String>,
    /// The category of its message; `None` where the template was removed or cannot be read.
    pub category: Option<Category>,
    /// The name of the account that would send it; `None` where there is none, and for posts in groups.
    pub account: Option<String>,
    /// The number of people who would get it now, or of groups. `None` where that is not known ahead, as for steps
    /// that follow each registration, and for a step that is not to come any more.
    pub people: Option<i64>,
    /// What the step would cost now, an estimate; `None` where it is not known or nothing is charged.
    pub cost: Option<Money>,
    /// The findings about messages to people, errors first.
    pub findings: Vec<Finding>,
    /// The findings about posts, errors first.
    pub posts: Vec<PostFinding>,
    /// What stands in the step's way now; the default where it would go out.
    pub obstacle: Obstacle,
    /// The values that its message names and that nobody entered for the workshop, where somebody may still get it.
    pub missing: Vec<MissingValue>,
    /// Whether its people are known only after the workshop, by the report of who attended.
    pub awaits_report: bool,
    /// What is expected of the step as a rung of a reach ladder; `None` for a step that is no rung, and for a rung
    /// whose moment has passed.
    pub rung: Option<RungPreview>,
}

impl StepPreview {
    /// The expected cost. For a rung it counts the people whom the rungs before it are expected to leave, for another
    /// step all people it would go to now.
    pub fn expected_cost(&self) -> Option<Money> {
        self.rung.map(|rung| rung.expected.cost).or(self.cost)
    }

    /// A step as it stands in its sequence, before anybody looked who would get it.
    fn unreviewed(
        workshop: &Workshop,
        step: &Step,
        planned: &PlannedStep,
        template: Option<Template>,
    ) -> StepPreview {
        let message = template.as_ref().and_then(|one| Message::from_json(one.channel, &one.body).ok());
        StepPreview {
            step: step.clone(),
            planned: planned.clone(),
            category: message.as_ref().map(Message::category),
            template: template.map(|template| template.name),
            account: None,
            people: None,
            cost: None,
            findings: Vec::new(),
            posts: Vec::new(),
            obstacle: Obstacle::default(),
            missing: message.map(|message| MissingValue::of(&message, workshop)).unwrap_or_default(),
            awaits_report: false,
            rung: None,
        }
    }

    /// Whether its checks were made for this preview: a step whose time is over is not looked at.
    fn is_reviewed(&self) -> bool {
        self.planned.state != StepState::Missed
    }
}

/// What stands in the way of a step that is still to go, with the words of whoever refused: what was found now. What was found when the step was
/// last tried ahead counts where nobody looked now, and for the file of a post, which is not looked at for a page.
pub fn ahead<'a>(row: &'a PlanRow, preview: Option<&'a StepPreview>) -> (WhyNot, &'a str) {
    let tried = (row.obstacle, row.obstacle_text.as_str());
    match preview.filter(|preview| preview.is_reviewed()) {
        None => tried,
        Some(preview) if preview.obstacle.why.needs_somebody() => {
            (preview.obstacle.why, preview.obstacle.words.as_str())
        }
        Some(_) if row.obstacle == WhyNot::Own(OwnWhyNot::Post) => tried,
        Some(_) => (WhyNot::Nothing, ""),
    }
}

/// Why the step of a row does not go, or would not, with the words of whoever refused.
pub fn why_not<'a>(row: &'a PlanRow, preview: Option<&'a StepPreview>) -> (WhyNot, &'a str) {
    match row.state {
        RowState::Planned => ahead(row, preview),
        // Of a step that went out: what keeps those who registered since from it.
        RowState::Broadcast => (row.obstacle, row.obstacle_text.as_str()),
        RowState::Skipped | RowState::Cancelled | RowState::Missed => (row.why, row.why_text.as_str()),
    }
}

/// What a plan cost so far, and what its steps to come are expected to cost. A step that would not go as things stand
/// costs nothing.
pub fn plan_cost(rows: &[PlanRow], runs: &[RowRuns], previews: &[StepPreview]) -> (Money, Money) {
    let is_of = |runs: &&RowRuns| rows.iter().any(|row| row.id == runs.row);
    let planned = rows.iter().filter(|row| row.state == RowState::Planned);
    let expected = |row: &PlanRow| {
        let preview = previews.iter().find(|preview| preview.step.key == row.key)?;
        preview.expected_cost().filter(|_| !ahead(row, Some(preview)).0.needs_somebody())
    };
    (runs.iter().filter(is_of).map(|runs| runs.cost).sum(), planned.filter_map(expected).sum())
}

/// A value of the workshop that a message names and that nobody entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingValue {
    /// The name of the value.
    pub name: VariableName,
    /// What the template calls the place of the value; empty where it has only the name or a number for it.
    pub label: String,
}

impl MissingValue {
    /// The missing values of a message.
    fn of(message: &Message, workshop: &Workshop) -> Vec<MissingValue> {
        let slots = message.slots();
        let label = |name: &VariableName| {
            let slot = slots.iter().find(|slot| *slot.source == Source::Variable(name.clone()));
            let label = slot.map_or("", |slot| slot.label.trim());
            let says_more = label != name.to_string() && label.chars().any(char::is_alphabetic);
            if says_more { label.to_owned() } else { String::new() }
        };
        let names = message.missing_variables(&workshop.variables).into_iter();
        names.map(|name| MissingValue { label: label(&name), name }).collect()
    }
}

/// The forecast of a rung before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RungPreview {
    /// The people of the rung, those it reaches, and its cost: expected from what the channels reached lately, and at
    /// worst.
    pub expected: RungExpectation,
    /// Whether it is known what the rung's channel reaches. Without that, nobody is expected to be reached.
    pub known: bool,
}

/// The plan that would replace the present one.
#[derive(Clone, Debug)]
pub struct PlanChange {
    /// The start and end of the workshop.
    pub times: WorkshopTimes,
    /// The steps of the sequence.
    pub steps: Vec<Step>,
    /// The zone in which the steps' clock times are read.
    pub zone: Zone,
}

/// How a changed plan differs from the present one.
#[derive(Clone, Debug)]
pub struct PlanDifference {
    /// The present plan.
    pub before: Plan,
    /// The changed plan.
    pub after: Plan,
    /// What the change moves, adds and removes. Steps that ran keep their time.
    pub difference: Difference,
    /// Steps among them that are due already and concern only people who register from now on, unless somebody
    /// includes those already there.
    pub past: Vec<StepKey>,
}

impl PlanChange {
    /// The present plan, from which a change takes what it leaves alone.
    pub fn of(plan: &WorkshopPlan) -> PlanChange {
        PlanChange { times: plan.times, steps: plan.steps.clone(), zone: plan.zone.clone() }
    }
}

/// Compares a plan with its changed form. Nothing is changed here: [`store::Org::follow`] and
/// [`store::Org::edit_workshop`] compute the same in the transaction that makes the change.
pub fn difference(plan_now: &WorkshopPlan, to: &PlanChange, now: Millis) -> PlanDifference {
    let before = plan_now.computed(now);
    let after = plan(&to.steps, to.times, &to.zone, now);
    let mut difference = differ(&before, &after, &plan_now.settled(), now);
    let is_past = |key: &StepKey| {
        let step = to.steps.iter().find(|step| step.key == *key);
        let (Some(step), Some(planned)) = (step, after.step(key)) else { return false };
        let stood = row_of(&plan_now.rows, step).map(|row| (row.state, row.why));
        let past = Replanned::Stands(RowState::Skipped, WhyNot::Own(OwnWhyNot::PastAtRun));
        replan(stood, planned, step.anchor, false) == past
    };
    let changed = difference.changes.iter().map(|(key, _)| key);
    let past: Vec<StepKey> = changed.filter(|key| is_past(key)).cloned().collect();
    // The store leaves them out, so that they do not go at once.
    difference.soon.retain(|key| !past.contains(key));
    PlanDifference { before, after, difference, past }
}

/// The row of a step. A step whose channel changed between people and groups has another row than before.
fn row_of<'a>(rows: &'a [PlanRow], step: &Step) -> Option<&'a PlanRow> {
    rows.iter().find(|row| row.key == step.key && row.target == PlanTarget::of(step.channel))
}

/// Whether a step is for people of whom nobody can know yet how they attend.
async fn awaits_report(caller: &Caller, workshop: &Workshop, step: &Step) -> Result<bool, StoreError> {
    let is_ahead = matches!(step.audience, StepAudience::Attendance(_)) && caller.now < workshop.ends_at;
    Ok(is_ahead && !caller.org.has_attendance(workshop.id).await?)
}

/// Whether anybody may still get the step of a row: it is to come, is tried again, or goes to people who register later.
fn may_reach(step: &Step, row: &PlanRow, now: Millis) -> bool {
    let goes_late = step.late != LateRule::Skip && row.target == PlanTarget::Registrants;
    let stands = match row.state {
        RowState::Planned => true,
        RowState::Skipped => row.why.needs_somebody() || goes_late,
        RowState::Broadcast => goes_late,
        RowState::Cancelled | RowState::Missed => false,
    };
    stands && row.until > now
}

impl Composer {
    /// Every step of a sequence around a workshop: its moments, who would get it now, what that costs and what stands
    /// in its way. `rows` are the rows of the plan, where there is one; people whom a step told already are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn preview(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        steps: &[Step],
        zone: &Zone,
        rows: &[PlanRow],
    ) -> Result<Vec<StepPreview>, StoreError> {
        let times = WorkshopTimes { starts_at: workshop.starts_at, ends_at: workshop.ends_at };
        let computed = plan(steps, times, zone, caller.now);
        let mut previews = Vec::with_capacity(steps.len());
        for planned in &computed.steps {
            let Some(step) = steps.iter().find(|step| step.key == planned.key) else { continue };
            let row = row_of(rows, step);
            let to_come = row.is_none_or(|row| row.state == RowState::Planned);
            let people = match to_come && planned.state != StepState::Missed {
                true => Some(self.who(caller, workshop, (steps, &computed), step, row).await?),
                false => None,
            };
            let mut preview = self.preview_step(caller, workshop, step, planned, people).await?;
            if planned.state == StepState::Missed || row.is_some_and(|row| !may_reach(step, row, caller.now))
            {
                preview.missing.clear();
            }
            previews.push(preview);
        }
        self.foresee_ladders(caller, workshop, steps, rows, &mut previews).await?;
        Ok(previews)
    }

    /// The people of a step as of now. Where the step, as far as it counts broadcasts as its own, told nobody yet, they
    /// are all registrants, whom the store has counted already. For a step that follows each registration they are
    /// nobody: whom it goes to is not known ahead, and everybody would be looked up in each of its rounds, of which
    /// there may be one a minute.
    async fn who(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        (steps, computed): (&[Step], &Plan),
        step: &Step,
        row: Option<&PlanRow>,
    ) -> Result<Audience, StoreError> {
        if computed.step(&step.key).is_some_and(|planned| planned.state == StepState::PerPerson) {
            return Ok(Audience::Chosen(Vec::new()));
        }
        let id = row.map_or(NO_ROW, |row| row.id);
        let people = computed.people(steps, step, id);
        if people.of == Audience::Registered
            && people.unproven.is_none()
            && !caller.org.has_told_for(workshop.id, &step.purpose(), &people).await?
        {
            return Ok(Audience::Registered);
        }
        Ok(Audience::Step(Box::new(people)))
    }

    /// One step. A step without `people` is not to come any more, and is not reviewed.
    async fn preview_step(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        step: &Step,
        planned: &PlannedStep,
        people: Option<Audience>,
    ) -> Result<StepPreview, StoreError> {
        let template = match caller.org.template(step.template).await {
            Ok(template) => Some(template),
            Err(StoreError::Missing) => None,
            Err(error) => return Err(error),
        };
        let mut preview = StepPreview::unreviewed(workshop, step, planned, template);
        let Some(people) = people else {
            if PlanTarget::of(step.channel) == PlanTarget::Registrants {
                let account = account::of(caller, workshop.id, step).await?;
                preview.account = account.ok().map(|account| account.name);
            }
            return Ok(preview);
        };
        let start = planned.due.map_or(caller.now, |due| Millis(due.0.max(caller.now.0)));
        let looking = Looking {
            workshop,
            step,
            people,
            timing: Timing { start, deadline: planned.until, unreadable: false },
            run: None,
            run_by: (caller.org.actor().user, &caller.org.actor().name),
            files: false,
        };
        let each = planned.state == StepState::PerPerson;
        match self.look_at_step(caller, looking, Wait::Page).await? {
            Err(obstacle) => preview.obstacle = obstacle,
            Ok(review) => {
                preview.obstacle = obstacle_of(caller, workshop, step, &review).await?.unwrap_or_default();
                match review {
                    StepReview::People(review) => {
                        if preview.obstacle.why == WhyNot::Check(CheckId::Wallet) {
                            self.ask_for_money(&review.draft.account);
                        }
                        preview.account = Some(review.draft.account.name.clone());
                        preview.people = (!each).then_some(review.audience.reachable);
                        preview.cost = (!each).then_some(review.forecast.cost);
                        preview.findings = review.findings;
                    }
                    StepReview::Posts(review) => {
                        preview.people = i64::try_from(review.draft.groups.len()).ok();
                        preview.posts = review.findings;
                    }
                }
            }
        }
        if awaits_report(caller, workshop, step).await? {
            (preview.awaits_report, preview.people, preview.cost) = (true, None, None);
            // That nobody knows who attended is no obstacle before the end.
            if preview.obstacle.is_early(workshop.ends_at, caller.now) {
                preview.obstacle = Obstacle::default();
            }
        }
        // A step that goes to each person after registering was reviewed for nobody.
        if each && preview.obstacle.why == WhyNot::Check(CheckId::Recipients) {
            preview.obstacle = Obstacle::default();
        }
        Ok(preview)
    }

    /// The templates that tell people that a workshop was moved. The list is empty where no broadcast of this
    /// workshop was ever confirmed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn moved_templates(
        &self,
        caller: &Caller,
        workshop: &Workshop,
    ) -> Result<Vec<Template>, StoreError> {
        let filter = store::broadcasts::BroadcastFilter {
            workshop: Some(workshop.id),
            ..store::broadcasts::BroadcastFilter::default()
        };
        if caller.org.broadcasts(&filter, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut templates = Vec::new();
        for channel in domain::channel::Channel::to_people() {
            templates.extend(caller.org.templates(channel).await?);
        }
        templates.retain(|template| template.purpose.word() == domain::told::Purpose::MOVED);
        Ok(templates)
    }
}
