//! What a sequence would do around a workshop, before anything runs; and in what a changed plan differs.

use domain::{
    broadcast::Audience,
    checks::Finding,
    ids::PlanRowId,
    money::Money,
    post_checks::PostFinding,
    sequence::{
        Difference, Plan, PlannedStep, RungExpectation, Step, StepState, WhyNot, WorkshopTimes,
        difference as differ, plan,
    },
    time::{Millis, Zone},
};
use store::{
    StoreError,
    plans::{PlanRow, WorkshopPlan},
    templates::Template,
    workshops::Workshop,
};

use super::{Looking, Obstacle, StepReview, obstacle_of};
use crate::{Caller, Composer, Timing, Wait};

/// What stands for the row of a step that has none yet.
const NO_ROW: PlanRowId = PlanRowId::NIL;

/// A step as it would go, with what is known of it now.
#[derive(Clone, Debug)]
pub struct StepPreview {
    /// The step.
    pub step: Step,
    /// Its moments, and what becomes of it. A step that is due now goes at once if somebody says so.
    pub planned: PlannedStep,
    /// What the template is called; `None` where it is gone.
    pub template: Option<String>,
    /// Which account would send it; `None` where there is none, or where groups are posted to.
    pub account: Option<String>,
    /// People who would get it now, or groups; `None` where that is not known ahead, as for steps that follow each registration.
    pub people: Option<i64>,
    /// What it would cost now; an estimate.
    pub cost: Option<Money>,
    /// What was found, errors first.
    pub findings: Vec<Finding>,
    /// What was found about posts, errors first.
    pub posts: Vec<PostFinding>,
    /// What stands in its way now; nothing where it would go.
    pub obstacle: Obstacle,
    /// What it does as a rung of a reach ladder; `None` for a step that is none, or whose moment has passed.
    pub rung: Option<RungPreview>,
}

impl StepPreview {
    /// What it is expected to cost: of a rung for whom the rungs before it leave, else for everybody whom it would go to now.
    pub fn expected_cost(&self) -> Option<Money> {
        self.rung.map(|rung| rung.expected.cost).or(self.cost)
    }
}

/// A rung before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RungPreview {
    /// People it goes to, those it reaches, and the cost: expected from what the channels reached lately, and at worst.
    pub expected: RungExpectation,
    /// Whether anything is known of what its channel reaches; without that nobody is expected to be reached.
    pub known: bool,
}

/// What a plan would follow instead.
#[derive(Clone, Debug)]
pub struct PlanChange {
    /// The workshop's times.
    pub times: WorkshopTimes,
    /// The steps.
    pub steps: Vec<Step>,
    /// The zone of their clock times.
    pub zone: Zone,
}

/// In what a changed plan differs from the one that holds.
#[derive(Clone, Debug)]
pub struct PlanDifference {
    /// As it holds.
    pub before: Plan,
    /// As it would be.
    pub after: Plan,
    /// What that changes; what ran keeps its time.
    pub difference: Difference,
}

impl PlanChange {
    /// The plan as it is: what is not changed is taken from here.
    pub fn of(plan: &WorkshopPlan) -> PlanChange {
        PlanChange { times: plan.times, steps: plan.steps.clone(), zone: plan.zone.clone() }
    }
}

/// In what a plan differs once it is changed. Nothing of it holds yet: [`store::Org::follow`] and [`store::Org::edit_workshop`] compute the
/// same in the transaction that changes it.
pub fn difference(plan_now: &WorkshopPlan, to: &PlanChange, now: Millis) -> PlanDifference {
    let before = plan_now.computed(now);
    let after = plan(&to.steps, to.times, &to.zone, now);
    let difference = differ(&before, &after, &plan_now.settled(), now);
    PlanDifference { before, after, difference }
}

impl Composer {
    /// Every step of a sequence around a workshop: its moments, who would get it now, what that costs and what stands in the way. `rows` are
    /// those of the plan, where there is one: whom a step told already is left out.
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
            let row = rows.iter().find(|row| row.key == step.key);
            let audience = self.who(caller, workshop, (steps, &computed), step, row).await?;
            previews.push(self.preview_step(caller, workshop, step, planned, audience).await?);
        }
        self.foresee_ladders(caller, workshop, steps, rows, &mut previews).await?;
        Ok(previews)
    }

    /// The people of a step as of now. Where nothing was told for its purpose, everybody is whom counters know.
    async fn who(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        (steps, computed): (&[Step], &Plan),
        step: &Step,
        row: Option<&PlanRow>,
    ) -> Result<Audience, StoreError> {
        let id = row.map_or(NO_ROW, |row| row.id);
        let people = computed.people(steps, step, id);
        if people.of == Audience::Registered
            && people.unproven.is_none()
            && caller.org.tellings(workshop.id, &step.purpose(), 1).await?.is_empty()
        {
            return Ok(Audience::Registered);
        }
        Ok(Audience::Step(Box::new(people)))
    }

    async fn preview_step(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        step: &Step,
        planned: &PlannedStep,
        people: Audience,
    ) -> Result<StepPreview, StoreError> {
        let template = match caller.org.template(step.template).await {
            Ok(template) => Some(template.name),
            Err(StoreError::Missing) => None,
            Err(error) => return Err(error),
        };
        let mut preview = StepPreview {
            step: step.clone(),
            planned: planned.clone(),
            template,
            account: None,
            people: None,
            cost: None,
            findings: Vec::new(),
            posts: Vec::new(),
            obstacle: Obstacle::default(),
            rung: None,
        };
        if planned.state == StepState::Missed {
            return Ok(preview);
        }
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
        // Nobody is registered yet for what goes to each of them later.
        if each && preview.obstacle.why == WhyNot::Check(domain::checks::CheckId::Recipients) {
            preview.obstacle = Obstacle::default();
        }
        Ok(preview)
    }

    /// Templates by which people can be told that a workshop was moved, where anybody was told anything about it; else none.
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
