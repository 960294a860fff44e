//! The steps of a workshop's plan: what each would do now, and how a step becomes a broadcast. A step is reviewed and
//! confirmed by the same functions as a person's draft.

mod account;
mod ladder;
mod preview;
mod standing;

use domain::{
    broadcast::Audience,
    checks::{CheckId, Finding, Severity},
    ids::{BroadcastId, IntegrationId},
    post_checks::PostFinding,
    sending_hours::AfterHours,
    sequence::{OwnWhyNot, PlanTarget, Step, StepAudience, WhyNot},
    template::Message,
    time::Millis,
    told::StepPeople,
    variable::VariableName,
};
use store::{
    StoreError,
    integrations::Integration,
    plans::{DueRow, LateRow, RowDue, StepRun},
    posts::Assignee,
    workshops::Workshop,
};

pub use self::{
    preview::{
        MissingValue, PlanChange, PlanDifference, RungPreview, StepPreview, ahead, difference, plan_cost,
        why_not,
    },
    standing::{is_to_come, keeps_late, later_rounds, standing},
};
use crate::{Caller, Composer, Confirmation, Draft, PostDraft, PostReview, Refusal, Review, Timing, Wait};

/// What a step's run ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// The step became this broadcast.
    Confirmed(BroadcastId),
    /// This obstacle stands in the step's way.
    Blocked(Obstacle),
    /// Another broadcast of the same purpose was confirmed, or is being planned at this moment. The step is tried
    /// again when it is known who is told by that broadcast.
    Later,
    /// The step ran, was moved or was removed from the plan meanwhile, or nobody is to be told.
    Gone,
}

/// What prevents a step from going out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obstacle {
    /// The failed check, or the plan's own cause.
    pub why: WhyNot,
    /// The words of the provider or account that refused, or the names of the values that are missing; may be empty.
    pub words: String,
}

impl Obstacle {
    fn own(why: OwnWhyNot) -> Obstacle {
        Obstacle { why: WhyNot::Own(why), words: String::new() }
    }

    /// Whether it is no obstacle yet: attendance can be missing only once the workshop is over.
    pub fn is_early(&self, ends_at: Millis, now: Millis) -> bool {
        self.why == WhyNot::Own(OwnWhyNot::NoReport) && now < ends_at
    }

    /// The first error among these findings. That nobody is left to be told counts only where nothing else is wrong.
    fn among(findings: &[Finding]) -> Option<Obstacle> {
        let errors = || findings.iter().filter(|finding| finding.severity() == Severity::Error);
        let found =
            errors().find(|finding| finding.id() != CheckId::Recipients).or_else(|| errors().next())?;
        Some(Obstacle { why: WhyNot::Check(found.id()), words: words(found) })
    }

    /// Values that the message names and nobody entered.
    fn missing(names: &[VariableName]) -> Obstacle {
        Obstacle { why: WhyNot::Check(CheckId::Variables), words: in_a_row(names) }
    }
}

/// The words of a provider or account, or the names of values, where a finding carries them.
fn words(finding: &Finding) -> String {
    match finding {
        Finding::CampaignRefused { words }
        | Finding::AccountRefused { words }
        | Finding::AccountUnopened { words }
        | Finding::ProviderSilent { words } => words.clone(),
        Finding::VariablesMissing { names } => in_a_row(names),
        _ => String::new(),
    }
}

fn in_a_row(names: &[VariableName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A reviewed step: of messages to people, or of posts in groups.
#[derive(Clone, Debug)]
pub(crate) enum StepReview {
    People(Box<Review>),
    Posts(Box<PostReview>),
}

impl StepReview {
    fn obstacle(&self) -> Option<Obstacle> {
        match self {
            StepReview::People(review) => Obstacle::among(&review.findings),
            StepReview::Posts(review) if review.may_send() => None,
            StepReview::Posts(review) if review.draft.groups.is_empty() => {
                Some(Obstacle::own(OwnWhyNot::NoGroup))
            }
            StepReview::Posts(review) => Some(match review.findings.first() {
                Some(PostFinding::VariablesMissing(names)) => Obstacle::missing(names),
                _ => Obstacle::own(OwnWhyNot::Post),
            }),
        }
    }
}

/// Which step is reviewed, for whom, and for what.
struct Looking<'a> {
    workshop: &'a Workshop,
    step: &'a Step,
    people: Audience,
    timing: Timing,
    run: Option<StepRun>,
    run_by: (Option<domain::ids::UserId>, &'a str),
    /// Whether the review looks at the file of a post. That sends a request to a server that somebody named, so the
    /// review for a page leaves it out.
    files: bool,
}

impl Composer {
    /// Runs a step that is due now or within a minute. Its broadcast starts at the step's moment, has no undo pause,
    /// and ends with the step's last useful moment.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn run_step(&self, caller: &Caller, row: &DueRow) -> Result<StepEnd, StoreError> {
        let RowDue::At(due) = row.due else { return Ok(StepEnd::Gone) };
        let start = Millis(due.0.max(caller.now.0));
        let people = row.computed(caller.now).people(&row.steps, &row.step, row.id);
        self.confirm_step(caller, row, people, start, row.first_run()).await
    }

    /// Sends a step to the people who registered after it went out. A step that follows each registration goes to the
    /// people whose turn has come. [`StepEnd::Gone`] means that nobody is to be told.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn run_late(&self, caller: &Caller, late: &LateRow) -> Result<StepEnd, StoreError> {
        let row = &late.row;
        let mut people = row.computed(caller.now).people(&row.steps, &row.step, row.id);
        (people.registered_after, people.registered_until) = (late.after, late.until);
        let selection = store::told::Selection::everyone(row.workshop, row.step.purpose(), caller.now)
            .of(Audience::Step(Box::new(people.clone())));
        if caller.org.audience_reader().count(&selection).await? == 0 {
            return Ok(StepEnd::Gone);
        }
        self.confirm_step(caller, row, people, caller.now, Some(late.run(caller.now))).await
    }

    /// What would stand in a step's way if its moment had come; asked ahead of that moment. That nobody is left to be
    /// told is no obstacle yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn rehearse_step(&self, caller: &Caller, row: &DueRow) -> Result<Obstacle, StoreError> {
        let RowDue::At(due) = row.due else { return Ok(Obstacle::default()) };
        let workshop = caller.org.workshop(row.workshop).await?;
        let people = row.computed(caller.now).people(&row.steps, &row.step, row.id);
        let looking = Looking {
            workshop: &workshop,
            step: &row.step,
            people: Audience::Step(Box::new(people)),
            timing: Timing { start: due, deadline: row.until, unreadable: false },
            run: None,
            run_by: (row.run_by.0, &row.run_by.1),
            files: true,
        };
        let found = match self.look_at_step(caller, looking, Wait::Page).await? {
            Ok(review) => obstacle_of(caller, &workshop, &row.step, &review).await?,
            Err(obstacle) => Some(obstacle),
        };
        let stands_in_the_way = |obstacle: &Obstacle| {
            obstacle.why != WhyNot::Check(CheckId::Recipients)
                && !obstacle.is_early(workshop.ends_at, caller.now)
        };
        Ok(found.filter(stands_in_the_way).unwrap_or_default())
    }

    async fn confirm_step(
        &self,
        caller: &Caller,
        row: &DueRow,
        people: StepPeople,
        start: Millis,
        run: Option<StepRun>,
    ) -> Result<StepEnd, StoreError> {
        let workshop = caller.org.workshop(row.workshop).await?;
        let looking = Looking {
            workshop: &workshop,
            step: &row.step,
            people: Audience::Step(Box::new(people)),
            timing: Timing { start, deadline: row.until, unreadable: false },
            run,
            run_by: (row.run_by.0, &row.run_by.1),
            files: true,
        };
        let review = match self.look_at_step(caller, looking, Wait::Decision).await? {
            Ok(review) => review,
            Err(obstacle) => return Ok(StepEnd::Blocked(obstacle)),
        };
        if let Some(obstacle) = obstacle_of(caller, &workshop, &row.step, &review).await? {
            return Ok(StepEnd::Blocked(obstacle));
        }
        let id = BroadcastId::new(caller.now);
        let confirmed = match &review {
            StepReview::People(review) => {
                // A step is repeated because its sequence says so, so the number of people who get it again is not
                // limited.
                let confirmation = Confirmation { id, named: None, again: Some(i64::MAX), knew: None };
                review.confirm(caller, &confirmation).await
            }
            StepReview::Posts(review) => review.confirm(caller, id, i64::MAX).await,
        };
        match confirmed {
            Ok(confirmed) => Ok(StepEnd::Confirmed(confirmed.id)),
            Err(Refusal::Store(StoreError::Stale)) => Ok(StepEnd::Gone),
            Err(Refusal::Store(error)) => Err(error),
            Err(
                Refusal::Blocked
                | Refusal::SentBefore(_)
                | Refusal::ToldMeanwhile
                | Refusal::BeingPrepared(_)
                | Refusal::MorePeople { .. },
            ) => Ok(StepEnd::Later),
        }
    }

    async fn look_at_step(
        &self,
        caller: &Caller,
        looking: Looking<'_>,
        wait: Wait,
    ) -> Result<Result<StepReview, Obstacle>, StoreError> {
        let template = match caller.org.template(looking.step.template).await {
            Ok(template) if template.channel == looking.step.channel => template,
            Ok(_) | Err(StoreError::Missing) => return Ok(Err(Obstacle::own(OwnWhyNot::NoTemplate))),
            Err(error) => return Err(error),
        };
        let message = match Message::from_json(template.channel, &template.body) {
            Ok(message) => message,
            Err(error) => {
                return Ok(Err(Obstacle {
                    words: error.to_string(),
                    ..Obstacle::own(OwnWhyNot::NoTemplate)
                }));
            }
        };
        match (PlanTarget::of(template.channel), message) {
            (PlanTarget::Groups, Message::Group(post)) => {
                let draft = self.post_draft(caller, looking, template, post).await?;
                Ok(Ok(StepReview::Posts(Box::new(draft.review(caller)))))
            }
            (PlanTarget::Groups | PlanTarget::Registrants, _) => {
                let account = match account::of(caller, looking.workshop.id, looking.step).await? {
                    Ok(account) => account,
                    Err(obstacle) => return Ok(Err(obstacle)),
                };
                self.review_people(caller, looking, template, account, wait).await
            }
        }
    }

    async fn review_people(
        &self,
        caller: &Caller,
        looking: Looking<'_>,
        mut template: store::templates::Template,
        account: Integration,
        wait: Wait,
    ) -> Result<Result<StepReview, Obstacle>, StoreError> {
        template.purpose = looking.step.purpose();
        if !looking.step.label.trim().is_empty() {
            template.name = looking.step.label.trim().to_owned();
        }
        let after_end = looking.timing.start >= looking.workshop.ends_at;
        let draft = match Draft::new(looking.workshop.clone(), template, account, looking.timing) {
            Ok(draft) => Draft {
                audience: looking.people,
                wait_out_quiet: looking.step.wait_out_quiet,
                after: AfterHours::Wait,
                after_end,
                run: looking.run,
                ..draft
            },
            Err(error) => {
                return Ok(Err(Obstacle {
                    words: error.to_string(),
                    ..Obstacle::own(OwnWhyNot::NoTemplate)
                }));
            }
        };
        let opened = self.open(&draft.account, wait).await;
        let review = self.review(caller, draft, &opened, wait).await?;
        Ok(Ok(StepReview::People(Box::new(review))))
    }
}

/// The obstacle of a reviewed step. Where no report says who attended, a step for attendance has no people yet and
/// waits for the report.
async fn obstacle_of(
    caller: &Caller,
    workshop: &Workshop,
    step: &Step,
    review: &StepReview,
) -> Result<Option<Obstacle>, StoreError> {
    let found = review.obstacle();
    let nobody = found.as_ref().is_some_and(|found| found.why == WhyNot::Check(CheckId::Recipients));
    let waits = nobody
        && matches!(step.audience, StepAudience::Attendance(_))
        && !caller.org.has_attendance(workshop.id).await?;
    Ok(if waits { Some(Obstacle::own(OwnWhyNot::NoReport)) } else { found })
}

impl Composer {
    /// The posts of a step in the workshop's groups. The groups' account posts them; groups that were named by hand
    /// are posted to by whoever ran the sequence.
    async fn post_draft(
        &self,
        caller: &Caller,
        looking: Looking<'_>,
        template: store::templates::Template,
        post: domain::post::GroupPost,
    ) -> Result<PostDraft, StoreError> {
        let own = caller.org.workshop_groups(looking.workshop.id).await?;
        let mut groups = caller.org.groups().await?;
        groups.retain(|group| own.contains(&group.id) && group.gone_at.is_none());
        let account: Option<IntegrationId> = groups.first().map(|group| group.account);
        let by_hand = groups.iter().any(|group| group.by_hand);
        let not_ready = match account.filter(|_| !by_hand) {
            Some(account) => {
                let linked = caller.org.linked_account(account).await?;
                linked.is_none_or(|linked| !linked.posts(caller.now))
            }
            None => false,
        };
        let asked = match by_hand {
            true => {
                let posters = caller.org.posters().await?;
                let who = |one: &&Assignee| Some(one.user) == looking.run_by.0;
                posters.iter().find(who).or(posters.first()).cloned()
            }
            false => None,
        };
        let label = looking.step.label.trim();
        let pace = match account.filter(|_| !by_hand) {
            Some(account) => self.post_pace(caller, account, looking.timing.start).await?,
            None => None,
        };
        let media = match looking.files {
            true => self.look_at_media(&caller.org, &post).await?,
            false => None,
        };
        Ok(PostDraft {
            workshop: looking.workshop.clone(),
            groups,
            post,
            title: if label.is_empty() { template.name } else { label.to_owned() },
            template_id: Some(template.id),
            account,
            asked,
            not_ready,
            pace,
            media,
            gap_s: 0,
            timing: looking.timing,
            run: looking.run,
        })
    }
}
