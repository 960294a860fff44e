//! All running plans that a change concerns, on one page: what it does to each, a tick for each, the counts together,
//! and one confirmation. An edited sequence leads here, and another time zone of the organisation.

use axum::{extract::State, response::IntoResponse};
use domain::ids::{SequenceId, WorkshopId};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    plans::{PlanChoice, WorkshopPlan},
    workshops::Workshop,
};

use super::{
    change::{newest, what_it_follows},
    difference::{Shown, look},
    fate::Counts,
    href, words,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Query},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    pages::settings::sequences,
    ui::{
        button::Button,
        chip::Tone,
        field::Checkbox,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::{Crumb, Section},
    },
};

/// Where the running plans are reviewed that do not follow the newest version of their sequence, or the
/// organisation's time zone.
pub(crate) const HREF: &str = "/plans/review";

/// Plans that one page reviews at most.
const PLANS_MAX: usize = 50;

/// Where the plans of one sequence are reviewed.
pub(crate) fn review_href(sequence: SequenceId) -> String {
    format!("{HREF}?sequence={sequence}")
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReviewQuery {
    /// The id of the sequence whose plans are reviewed; empty for all.
    sequence: String,
}

/// A plan with what changes for it.
struct Behind {
    workshop: Workshop,
    plan: WorkshopPlan,
    shown: Shown,
}

/// `GET /plans/review`
pub async fn review(State(app): State<App>, member: Member, Query(query): Query<ReviewQuery>) -> PageResult {
    let sequence: Option<SequenceId> = query.sequence.parse().ok();
    let all = member.org.plans_behind(sequence, member.now).await?;
    if all.is_empty() {
        return Ok(see_other(&back(sequence)));
    }
    let mut plans = Vec::new();
    for one in all.iter().take(PLANS_MAX) {
        plans.extend(behind(&app, &member, one.workshop).await?);
    }
    let title = match sequence {
        Some(id) => format!("Review the change of “{}”", member.org.sequence(id).await?.name),
        None => "Review what changed".to_owned(),
    };
    let body = html! {
        (Head::new(title).meta(counted(all.len(), "running workshop", "running workshops")))
        @if all.len() > plans.len() {
            (Note::new(Tone::Rest, format!("These are the first {} of {}.", plans.len(), all.len()), "The others are shown once some of these follow or are over; each workshop’s plan has its own review."))
        }
        (form(&member, sequence, &plans))
    };
    let mut page = member.page(Section::Workshops, "Review what changed", body);
    page.crumbs = vec![Crumb::to("Workshops", "/workshops"), Crumb::here("Review what changed")];
    Ok(page.render().into_response())
}

/// The page that the review was opened from.
fn back(sequence: Option<SequenceId>) -> String {
    sequence.map_or_else(|| "/settings/organisation".to_owned(), sequences::href)
}

/// `None` where the plan or its sequence is gone meanwhile.
async fn behind(app: &App, member: &Member, id: WorkshopId) -> Result<Option<Behind>, Problem> {
    let workshop = member.org.workshop(id).await?;
    let Some(plan) = member.org.plan_of(id).await? else { return Ok(None) };
    let steps = member.org.sequence_version(plan.sequence, plan.newest).await?;
    let shown = look(app, member, &workshop, &plan, &newest(member, &plan, steps)).await?;
    Ok(Some(Behind { workshop, plan, shown }))
}

fn form(member: &Member, sequence: Option<SequenceId>, plans: &[Behind]) -> Markup {
    let mut all = Counts::default();
    for one in plans {
        all.add(&one.shown.counts());
    }
    html! {
        form class="m-seqgrid" method="post" action=(HREF) {
            (member.csrf())
            input type="hidden" name="zone" value=(member.organization.zone.name());
            @if let Some(sequence) = sequence { input type="hidden" name="sequence" value=(sequence); }
            (Card::new("running", "Running workshops", html! {
                ul class="m-runlist" { @for one in plans { (one.row(member)) } }
            }))
            (Card::new("together", "Together", html! {
                dl class="m-kv m-sums" { @for (fate, n) in all.named() {
                    div { dt { (fate.title()) } dd data-sum=(fate.word()) { (n) } }
                } }
                p class="m-hint" { "The plan of a workshop that is not ticked stays as it is. What went out keeps its time. Nobody who was told already is told again." }
                div class="m-acts" {
                    (Button::link("Keep all as they are", back(sequence)))
                    (Button::primary("Let the ticked plans follow").icon(Icon::Ok).ticked("plan"))
                }
            }).padded())
        }
    }
}

impl Behind {
    fn row(&self, member: &Member) -> Markup {
        let counts = self.shown.counts();
        let id = self.workshop.id;
        let tick = Checkbox {
            id: format!("plan-{id}"),
            help: Some(format!(
                "{}, {}. Would follow {}.",
                words::at(member, self.workshop.starts_at),
                counted(self.workshop.registrants, "person", "people"),
                what_it_follows(member, &self.plan)
            )),
            ..Checkbox::of(
                "plan",
                format!("{id}:{}:{}", self.plan.newest, self.plan.revision),
                &self.workshop.title,
                true,
            )
        };
        html! {
            li class="m-runws" data-counts=(counts.as_json()) {
                (tick)
                div class="m-chips" { (counts.chips()) @if self.shown.is_empty() { span class="m-sub" { "No step that is still to come changes." } } }
                details class="m-runws__what" {
                    summary { "What changes" span class="mui-visually-hidden" { " for " (self.workshop.title) } }
                    (self.shown)
                    p class="m-p" { a class="m-link" href=(href(id)) { "Open its plan" } }
                }
            }
        }
    }
}

/// What the confirmation says of one plan: the version that was shown for the plan's revision.
struct Ticked {
    workshop: WorkshopId,
    version: i64,
    revision: i64,
}

impl Ticked {
    fn read(value: &str) -> Option<Ticked> {
        let mut parts = value.split(':');
        let (workshop, version, revision) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Ticked {
            workshop: workshop.parse().ok()?,
            version: version.parse().ok()?,
            revision: revision.parse().ok()?,
        })
    }
}

/// `POST /plans/review`: every ticked plan follows, each in a transaction of its own. A plan that was changed
/// meanwhile stays as it is, and is named.
pub async fn follow_together(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let find = |field: &str| pairs.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str());
    let sequence: Option<SequenceId> = find("sequence").and_then(|id| id.parse().ok());
    let again = sequence.map_or_else(|| HREF.to_owned(), review_href);
    if find("zone") != Some(member.organization.zone.name()) {
        return Ok(see_other_failed(
            &app,
            &again,
            "The time zone was changed meanwhile. Look at the plans again; nothing was changed.",
        ));
    }
    let ticked: Vec<Ticked> = pairs
        .iter()
        .filter(|(name, _)| name == "plan")
        .filter_map(|(_, value)| Ticked::read(value))
        .collect();
    if ticked.is_empty() {
        return Ok(see_other_failed(&app, &again, "Tick at least one workshop. Nothing was changed."));
    }
    let (mut follow, mut stale) = (0, Vec::new());
    for one in &ticked {
        match follow_one(&member, one).await {
            Ok(()) => follow += 1,
            Err(StoreError::Stale) => stale.push(member.org.workshop(one.workshop).await?.title),
            Err(error) => return Err(error.into()),
        }
    }
    app.engine.wake_plans();
    let done = format!("{} the change.", counted(follow, "plan follows", "plans follow"));
    if stale.is_empty() {
        return Ok(see_other_saying(&app, &back(sequence), &done));
    }
    let words =
        format!("{done} Changed meanwhile, and left as they are: {}. Look at them again.", stale.join(", "));
    Ok(see_other_failed(&app, &again, &words))
}

async fn follow_one(member: &Member, one: &Ticked) -> Result<(), StoreError> {
    let stands = |plan: &WorkshopPlan| plan.newest == one.version && !plan.is_taken_out();
    let plan = member.org.plan_of(one.workshop).await?.filter(stands);
    plan.ok_or(StoreError::Stale)?;
    let choice = PlanChoice::default();
    member.org.follow(one.workshop, one.version, one.revision, &choice, member.now).await?;
    Ok(())
}
