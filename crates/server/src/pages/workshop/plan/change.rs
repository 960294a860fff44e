//! What a plan would follow instead, a newer version or another zone: the difference first, then one confirmation.

use ::compose::{PlanChange, PlanDifference, difference};
use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::WorkshopId,
    sequence::{Change, LateRule, PlanTarget, Replanned, Step, StepKey, replan},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    StoreError,
    plans::{PlanChoice, WorkshopPlan},
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
}

impl Shown {
    pub(super) async fn of(
        member: &Member,
        plan: &WorkshopPlan,
        steps: &[Step],
        told: &PlanDifference,
    ) -> Result<Shown, StoreError> {
        let mut groups = [
            Group { tone: "fail", icon: Icon::Warning, words: "within ten minutes", lines: vec![] },
            Group { tone: "run", icon: Icon::Workshop, words: "moved", lines: vec![] },
            Group { tone: "run", icon: Icon::Plus, words: "new", lines: vec![] },
            Group { tone: "act", icon: Icon::Skip, words: "newly skipped", lines: vec![] },
            Group { tone: "rest", icon: Icon::Cancel, words: "taken out", lines: vec![] },
            Group { tone: "rest", icon: Icon::Question, words: "for late ones only", lines: vec![] },
        ];
        let changes = told.difference.changes.iter().filter(|(key, _)| !stays_out(plan, steps, told, key));
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
            let at = |moment: Option<domain::time::Millis>| {
                moment
                    .map_or_else(|| "after each registration".to_owned(), |moment| words::at(member, moment))
            };
            let (place, was, now) = match change {
                Change::Moved { from, to } => (1, at(Some(*from)), at(Some(*to))),
                Change::Revived { to } => (1, "missed".to_owned(), at(Some(*to))),
                Change::Added { to } => (2, "–".to_owned(), at(*to)),
                Change::NewlyMissed { from } => (3, at(Some(*from)), "time has passed".to_owned()),
                Change::Removed { from } => (4, at(*from), "gone".to_owned()),
            };
            let (place, now) = match () {
                () if told.difference.soon.contains(key) => (0, now),
                () if told.past.contains(key) && goes_late(&step) => {
                    (LATE_ONLY, format!("{now}, due already"))
                }
                () if told.past.contains(key) => (3, "time has passed".to_owned()),
                () => (place, now),
            };
            let fill = if place >= 3 && place != LATE_ONLY { Fill::Skipped } else { Fill::Planned };
            groups[place].lines.push(Line {
                mark: StepMark { channel: step.channel, fill },
                name: name_of(&step, template.as_ref()),
                was,
                now,
            });
        }
        let n = |at: usize| groups[at].lines.len();
        let counts = (n(1), n(3) + n(4), n(0));
        let same = told.after.steps.iter().filter(|step| !changed.contains(&&step.key)).count();
        let groups = groups.into_iter().filter(|group| !group.lines.is_empty()).collect();
        Ok(Shown { groups, same, counts })
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
const LATE_ONLY: usize = 5;

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
pub async fn ask_follow(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let steps = member.org.sequence_version(plan.sequence, plan.newest).await?;
    let told = difference(&plan, &newest(&member, &plan, steps.clone()), member.now);
    let shown = Shown::of(&member, &plan, &steps, &told).await?;
    let (moved, lost, soon) = shown.counts;
    let body = html! {
        (Head::new(format!("Let it follow version {} of “{}”?", plan.newest, plan.name)))
        (Card::new("difference", "What changes for this workshop", html! {
            @if told.difference.is_empty() { p class="m-p" { "No moment changes. Texts, people and accounts are those of the new version." } }
            (shown.render())
            form method="post" action={ (href(id)) "/follow" } {
                (member.csrf())
                input type="hidden" name="version" value=(plan.newest);
                input type="hidden" name="revision" value=(plan.revision);
                p class="m-hint" { "Moved " (moved) ", skipped or taken out " (lost) ", within ten minutes " (soon) ". What went out keeps its time. Nothing changes before you confirm." }
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
