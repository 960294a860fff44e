//! What a plan would follow instead, a newer version or another zone: the difference first, then one confirmation.

use ::compose::PlanChange;
use axum::{extract::State, response::IntoResponse};
use domain::{ids::WorkshopId, sequence::Step};
use maud::html;
use serde::Deserialize;
use store::{
    StoreError,
    plans::{PlanChoice, WorkshopPlan},
};

use super::{difference::look, fate::Fate, follow_href, href, page as framed, plan_of};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        button::Button,
        head::{Card, Head},
        icons::Icon,
    },
};

/// What a plan that follows the newest version in the present zone would be.
pub(super) fn newest(member: &Member, plan: &WorkshopPlan, steps: Vec<Step>) -> PlanChange {
    PlanChange { times: plan.times, steps, zone: member.organization.zone.clone() }
}

/// What makes a plan another one: "version 3 of “Masterclass”", "the time zone Asia/Kolkata".
pub(super) fn what_it_follows(member: &Member, plan: &WorkshopPlan) -> String {
    let zone = &member.organization.zone;
    let version = format!("version {} of “{}”", plan.newest, plan.name);
    match (plan.newest > plan.version, plan.zone.name() != zone.name()) {
        (true, true) => format!("{version} and the time zone {}", zone.name()),
        (false, true) => format!("the time zone {}", zone.name()),
        (_, false) => version,
    }
}

/// `GET /workshops/{workshop}/plan/follow`
pub async fn ask_follow(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let steps = member.org.sequence_version(plan.sequence, plan.newest).await?;
    let to = newest(&member, &plan, steps);
    let shown = look(&app, &member, &workshop, &plan, &to).await?;
    let counts = shown.counts();
    let body = html! {
        (Head::new(format!("Let it follow {}?", what_it_follows(&member, &plan))))
        (Card::new("difference", "What changes for this workshop", html! {
            @if plan.zone.name() != member.organization.zone.name() {
                p class="m-p" { "Clock times of this plan are meant in " (plan.zone.name()) ", and after this in " (member.organization.zone.name()) ". The workshop itself stays when it is." }
            }
            @if shown.is_empty() { p class="m-p" { "No step that is still to come changes." } }
            (shown)
            form method="post" action=(follow_href(id)) {
                (member.csrf())
                input type="hidden" name="version" value=(plan.newest);
                input type="hidden" name="revision" value=(plan.revision);
                input type="hidden" name="zone" value=(member.organization.zone.name());
                p class="m-hint" { (counts.sentence()) " What went out keeps its time. Nothing changes before you confirm." @if counts.of(Fate::Replaced) > 0 { " A step that is replaced keeps its moment." } }
                div class="m-acts" {
                    (Button::link("Keep it as it is", href(id)))
                    (Button::primary("Let it follow").icon(Icon::Ok))
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
    /// The zone in which the difference was shown.
    zone: String,
}

/// `POST /workshops/{workshop}/plan/follow`
pub async fn follow(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<FollowForm>,
) -> PageResult {
    let plan = plan_of(&member, id).await?;
    if form.version != plan.newest || form.zone != member.organization.zone.name() {
        return Ok(see_other_failed(
            &app,
            &follow_href(id),
            "The sequence or the time zone was changed meanwhile. Look at the change again.",
        ));
    }
    let now_follows = what_it_follows(&member, &plan);
    match member.org.follow(id, form.version, form.revision, &PlanChoice::default(), member.now).await {
        Ok(_) => {
            app.engine.wake_plans();
            Ok(see_other_saying(&app, &href(id), &format!("The plan follows {now_follows}.")))
        }
        Err(StoreError::Stale) => {
            Ok(see_other_failed(&app, &href(id), "The plan was changed meanwhile. Nothing was changed."))
        }
        Err(error) => Err(error.into()),
    }
}
