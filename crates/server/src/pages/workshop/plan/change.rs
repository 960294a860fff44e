//! What a plan would follow instead, a newer version or another zone: the difference first, then one confirmation.

use ::compose::{PlanChange, PlanDifference, StepPreview, difference};
use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::WorkshopId,
    sequence::{Change, LateRule, PlanTarget, Replanned, RowState, Step, StepKey, replan},
    time::Millis,
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    StoreError,
    plans::{PlanChoice, WorkshopPlan},
    workshops::Workshop,
};

use super::{href, page as framed, plan_of, words};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    pages::settings::sequences::name_of,
    ui::{
        button::Button,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        plan::{Fill, StepMark},
    },
};

/// A changed step in words: what it is, when it was due, and when it is.
pub(super) struct Line {
    pub(super) mark: StepMark,
    pub(super) name: String,
    pub(super) was: String,
    pub(super) now: String,
}

/// Steps that change alike.
pub(super) struct Group {
    pub(super) tone: &'static str,
    pub(super) icon: Icon,
    pub(super) words: &'static str,
    pub(super) lines: Vec<Line>,
}

/// Everything that a change does to a plan, in groups.
pub(super) struct Shown {
    pub(super) groups: Vec<Group>,
    /// Steps that stay as they are.
    pub(super) same: usize,
    /// How many are moved, go no more, and go within ten minutes; a step counts once.
    pub(super) counts: (usize, usize, usize),
    /// How many more would not go, which otherwise would be moved or new.
    stuck: usize,
}

/// Steps that would not go after a change and would have gone before it, each with the reason in words.
pub(super) type NewlyBlocked = Vec<(StepKey, String)>;

/// What the review finds in the way of the changed plan's steps and not of the present one's. A step that stands still for the same reason
/// already is no news.
pub(super) async fn newly_blocked(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    plan: &WorkshopPlan,
    to: &PlanChange,
) -> Result<NewlyBlocked, StoreError> {
    let moved = Workshop { starts_at: to.times.starts_at, ends_at: to.times.ends_at, ..workshop.clone() };
    let before = app.composer.preview(member, workshop, &plan.steps, &plan.zone, &plan.rows).await?;
    let after = app.composer.preview(member, &moved, &to.steps, &to.zone, &plan.rows).await?;
    let is_to_go = |key: &StepKey| {
        let row = plan.rows.iter().find(|row| row.key == *key);
        row.is_none_or(|row| matches!(row.state, RowState::Planned | RowState::Missed))
    };
    let stood = |one: &StepPreview| {
        before.iter().any(|was| was.step.key == one.step.key && was.obstacle.why == one.obstacle.why)
    };
    let found = after
        .iter()
        .filter(|one| one.obstacle.why.needs_somebody() && is_to_go(&one.step.key) && !stood(one));
    Ok(found.map(|one| (one.step.key.clone(), words::why(one.obstacle.why, &one.obstacle.words))).collect())
}

impl Shown {
    pub(super) async fn of(
        member: &Member,
        plan: &WorkshopPlan,
        steps: &[Step],
        told: &PlanDifference,
        blocked: &NewlyBlocked,
    ) -> Result<Shown, StoreError> {
        let mut groups = [
            Group { tone: "fail", icon: Icon::Warning, words: "would not go", lines: vec![] },
            Group { tone: "fail", icon: Icon::Warning, words: "within ten minutes", lines: vec![] },
            Group { tone: "run", icon: Icon::Workshop, words: "moved", lines: vec![] },
            Group { tone: "run", icon: Icon::Plus, words: "new", lines: vec![] },
            Group { tone: "act", icon: Icon::Skip, words: "newly skipped", lines: vec![] },
            Group { tone: "rest", icon: Icon::Cancel, words: "taken out", lines: vec![] },
            Group { tone: "rest", icon: Icon::Question, words: "for late ones only", lines: vec![] },
        ];
        let at = |moment: Option<Millis>| {
            moment.map_or_else(|| "after each registration".to_owned(), |moment| words::at(member, moment))
        };
        let changes = told.difference.changes.iter().filter(|(key, _)| !stays_out(plan, steps, told, key));
        let mut changes: Vec<(&StepKey, Option<&Change>)> =
            changes.map(|(key, change)| (key, Some(change))).collect();
        // A step that keeps its moment may be stopped by the change all the same.
        let others = blocked.iter().filter(|(key, _)| !changes.iter().any(|(changed, _)| *changed == key));
        let others: Vec<&StepKey> = others.map(|(key, _)| key).collect();
        changes.extend(others.into_iter().map(|key| (key, None)));
        let mut changed = Vec::new();
        for (key, change) in changes {
            changed.push(key);
            let find = |all: &[Step]| all.iter().find(|step| step.key == *key).cloned();
            let Some(step) = find(steps).or_else(|| find(&plan.steps)) else { continue };
            let template = match member.org.template(step.template).await {
                Ok(template) => Some(template),
                Err(StoreError::Missing) => None,
                Err(error) => return Err(error),
            };
            let (place, was, now) = match change {
                Some(Change::Moved { from, to }) => (2, at(Some(*from)), at(Some(*to))),
                Some(Change::Revived { to }) => (2, "missed".to_owned(), at(Some(*to))),
                Some(Change::Added { to }) => (3, "–".to_owned(), at(*to)),
                Some(Change::NewlyMissed { from }) => (4, at(Some(*from)), "time has passed".to_owned()),
                Some(Change::Removed { from }) => (5, at(*from), "gone".to_owned()),
                None => {
                    let due = told.after.step(key).and_then(|planned| planned.due);
                    (2, at(due), at(due))
                }
            };
            let past = told.past.contains(key);
            let stuck = blocked.iter().find(|(other, _)| other == key).filter(|_| place < 4);
            let soon = told.difference.soon.contains(key);
            let (place, fill, now) = match stuck {
                _ if past && goes_late(&step) => (LATE_ONLY, Fill::Planned, format!("{now}, due already")),
                _ if past => (4, Fill::Skipped, "time has passed".to_owned()),
                Some((_, reason)) => (0, Fill::Blocked, format!("{now}. {reason}")),
                None if soon => (1, Fill::Planned, now),
                None if place >= 4 => (place, Fill::Skipped, now),
                None => (place, Fill::Planned, now),
            };
            groups[place].lines.push(Line {
                mark: StepMark { channel: step.channel, fill },
                name: name_of(&step, template.as_ref()),
                was,
                now,
            });
        }
        let n = |at: usize| groups[at].lines.len();
        let (counts, stuck) = ((n(2), n(4) + n(5), n(1)), n(0));
        let same = told.after.steps.iter().filter(|step| !changed.contains(&&step.key)).count();
        let groups = groups.into_iter().filter(|group| !group.lines.is_empty()).collect();
        Ok(Shown { groups, same, counts, stuck })
    }

    /// "would not go 2, " for the sentence that counts; empty where all go.
    pub(super) fn stuck_in_words(&self, words: &str) -> String {
        if self.stuck == 0 { String::new() } else { format!("{words} {}, ", self.stuck) }
    }

    pub(super) fn render(&self) -> Markup {
        html! {
            div class="m-mvgrps" {
                @for group in &self.groups {
                    section class={ "m-mvgrp m-mvgrp--" (group.tone) } {
                        h3 { (group.icon) (group.lines.len()) " " (group.words) }
                        ul { @for line in &group.lines {
                            li class="m-mvrow" {
                                (line.mark)
                                b { (line.name) }
                                span class="m-mvrow__was" { span class="mui-visually-hidden" { "was " } (line.was) }
                                span class="m-mvrow__arrow" aria-hidden="true" { (Icon::Next) }
                                span class="m-mvrow__now" { span class="mui-visually-hidden" { "becomes " } (line.now) }
                            }
                        } }
                    }
                }
            }
            @if self.same > 0 { p class="m-hint" { (counted(self.same, "step stays as it is.", "steps stay as they are.")) } }
        }
    }
}

/// The place of the group of steps that are due already and concern only people who register from now on.
const LATE_ONLY: usize = 6;

/// Whether people who register later get a step.
fn goes_late(step: &Step) -> bool {
    step.late != LateRule::Skip && PlanTarget::of(step.channel) == PlanTarget::Registrants
}

/// Whether a step that stands skipped stays so whatever its new moment is: the plan decides it as the store will.
fn stays_out(plan: &WorkshopPlan, steps: &[Step], told: &PlanDifference, key: &StepKey) -> bool {
    let Some(row) = plan.rows.iter().find(|row| row.key == *key) else { return false };
    let step = steps.iter().find(|step| step.key == *key);
    let (Some(step), Some(planned)) = (step, told.after.step(key)) else { return false };
    replan(Some((row.state, row.why)), planned, step.anchor, false) == Replanned::Kept
}

/// What a plan that follows the newest version in the present zone would be.
fn newest(member: &Member, plan: &WorkshopPlan, steps: Vec<Step>) -> PlanChange {
    PlanChange { times: plan.times, steps, zone: member.organization.zone.clone() }
}

/// `GET /workshops/{workshop}/plan/follow`
pub async fn ask_follow(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let steps = member.org.sequence_version(plan.sequence, plan.newest).await?;
    let to = newest(&member, &plan, steps.clone());
    let told = difference(&plan, &to, member.now);
    let blocked = newly_blocked(&app, &member, &workshop, &plan, &to).await?;
    let shown = Shown::of(&member, &plan, &steps, &told, &blocked).await?;
    let ((moved, lost, soon), stuck) = (shown.counts, shown.stuck_in_words("would not go"));
    let body = html! {
        (Head::new(format!("Let it follow version {} of “{}”?", plan.newest, plan.name)))
        (Card::new("difference", "What changes for this workshop", html! {
            @if told.difference.is_empty() { p class="m-p" { "No moment changes. Texts, people and accounts are those of the new version." } }
            (shown.render())
            form method="post" action={ (href(id)) "/follow" } {
                (member.csrf())
                input type="hidden" name="version" value=(plan.newest);
                input type="hidden" name="revision" value=(plan.revision);
                p class="m-hint" { "Moved " (moved) ", skipped or taken out " (lost) ", " (stuck) "within ten minutes " (soon) ". What went out keeps its time. Nothing changes before you confirm." }
                div class="m-acts" {
                    (Button::link("Keep it as it is", href(id)))
                    (Button::primary("Follow the new version").icon(Icon::Ok))
                }
            }
        }).padded())
    };
    Ok(framed(&member, &workshop, "Review the change", body).into_response())
}

/// What the confirmation sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FollowForm {
    version: i64,
    revision: i64,
}

/// `POST /workshops/{workshop}/plan/follow`
pub async fn follow(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<FollowForm>,
) -> PageResult {
    let plan = plan_of(&member, id).await?;
    if form.version != plan.newest {
        return Ok(see_other_failed(
            &app,
            &super::follow_href(id),
            "The sequence was changed meanwhile. Look at the change again.",
        ));
    }
    match member.org.follow(id, form.version, form.revision, &PlanChoice::default(), member.now).await {
        Ok(_) => {
            app.engine.wake_plans();
            Ok(see_other_saying(&app, &href(id), "The plan follows the new version."))
        }
        Err(StoreError::Stale) => {
            Ok(see_other_failed(&app, &href(id), "The plan was changed meanwhile. Nothing was changed."))
        }
        Err(error) => Err(error.into()),
    }
}
