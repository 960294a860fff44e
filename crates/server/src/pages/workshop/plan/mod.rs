//! The plan of a workshop: its sequence, every step on a time axis, and what each person gets. A member can run, cancel
//! and move it here.

mod accounts;
mod change;
mod difference;
mod fate;
mod ladder;
mod person;
pub mod played;
mod propose;
pub mod rehearsal;
mod shift;
mod together;
mod values;
mod view;
mod words;

use ::compose::is_to_come;
use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::{PlanRowId, RegistrantId, SequenceId, WorkshopId},
    role::Permission,
    sequence::{LateRule, PlanTarget, RowState, StepKey},
    time::Millis,
    workshop::WorkshopStatus,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    plans::{PlanRow, WorkshopPlan},
    workshops::Workshop,
};

pub(crate) use self::together::{HREF as REVIEW, review_href};
pub use self::{
    accounts::choose as choose_account,
    change::{ask_follow, follow},
    ladder::{played as ladder_played, show as ladder},
    propose::{ask_run, run},
    shift::{ask_move, move_workshop},
    together::{follow_together, review},
};
use super::{Tab, tabs, title};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other_failed, see_other_saying},
    },
    pages::workshops::{crumbs, form_value, href as workshop_href, ok},
    ui::{button::Button, dialog::Confirm, field::Checkbox, format::counted, icons::Icon, shell::Section},
};

/// The address of a workshop's plan.
pub(crate) fn href(workshop: WorkshopId) -> String {
    format!("{}/plan", workshop_href(workshop))
}

/// Where it is shown what a plan would follow instead.
pub(crate) fn follow_href(workshop: WorkshopId) -> String {
    format!("{}/follow", href(workshop))
}

/// Where a workshop is moved.
pub(crate) fn move_href(workshop: WorkshopId) -> String {
    format!("{}/move", workshop_href(workshop))
}

/// Where it is shown what a reach ladder did.
pub(crate) fn ladder_href(workshop: WorkshopId, ladder: &StepKey) -> String {
    format!("{}/ladders/{ladder}", href(workshop))
}

/// The page on which a workshop is moved to new times that were typed, with what they change.
pub(in crate::pages) fn move_to_href(workshop: WorkshopId, starts: &str, ends: &str) -> String {
    format!("{}?starts={}&ends={}", move_href(workshop), form_value(starts), form_value(ends))
}

/// The query of a plan's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlanQuery {
    /// The id of the sequence that is proposed where none runs.
    sequence: String,
    /// The words of a name or number by which a person is looked for.
    q: String,
    /// The id of the person whose plan is shown.
    person: String,
}

/// `GET /workshops/{workshop}/plan`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(query): Query<PlanQuery>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = member.org.plan_of(id).await?.filter(|plan| still_stands(plan, &workshop));
    let main = match (&plan, query.person.parse::<RegistrantId>()) {
        (Some(plan), Ok(person)) => person::page(&app, &member, &workshop, plan, person).await?,
        (Some(plan), Err(_)) => view::page(&app, &member, &workshop, plan, &query).await?,
        (None, _) => propose::page(&app, &member, &workshop, &query).await?,
    };
    let to_come = match &plan {
        Some(plan) => to_come(&member, plan).await?,
        None => 0,
    };
    let mut head = title(&member, &workshop);
    let open = workshop.status != WorkshopStatus::Cancelled;
    if open {
        let proposes = plan.is_none().then(|| query.sequence.parse().ok()).flatten();
        head = head.action(rehearsal::play_button(id, proposes));
    }
    if open && member.may(Permission::Manage) {
        head = head.action(Button::link("Move workshop", move_href(id)).icon(Icon::Workshop));
    }
    if open && to_come > 0 && member.may(Permission::Send) {
        let label = format!("Cancel All ({to_come})");
        head = head.action(Button::link(label, format!("{}/cancel", href(id))).icon(Icon::Cancel));
    }
    if open && workshop.registrants > 0 && member.may(Permission::Send) {
        let to = format!("/?workshop={id}");
        head = head.action(Button::link("Send Message Now", to).icon(Icon::Send));
    }
    let body = html! {
        (head)
        (tabs(id, Tab::Plan))
        (main)
    };
    Ok(ok(page(&member, &workshop, "Plan", body)))
}

/// A plan whose steps were all taken out before any ran counts as none: another sequence can be run.
fn still_stands(plan: &WorkshopPlan, workshop: &Workshop) -> bool {
    workshop.status == WorkshopStatus::Cancelled || !plan.is_taken_out()
}

/// Steps of a workshop's plan that are still to come; 0 where it has none.
///
/// # Errors
/// When the store cannot be read.
pub(in crate::pages) async fn steps_to_come(
    member: &Member,
    workshop: WorkshopId,
) -> Result<usize, StoreError> {
    match member.org.plan_of(workshop).await? {
        Some(plan) => to_come(member, &plan).await,
        None => Ok(0),
    }
}

/// Steps that are still to come. One that was confirmed ahead of its moment is among them: it is taken back with them.
async fn to_come(member: &Member, plan: &WorkshopPlan) -> Result<usize, StoreError> {
    let runs = member.org.plan_runs(plan.workshop, member.now).await?;
    let is_ahead = |row: &&PlanRow| is_to_come(row, runs.iter().find(|runs| runs.row == row.id));
    Ok(plan.rows.iter().filter(is_ahead).count())
}

fn page(member: &Member, workshop: &Workshop, here: &str, body: Markup) -> Markup {
    let mut page = member.page(Section::Workshops, format!("{here} · {}", workshop.title), body);
    page.crumbs = crumbs(Some(workshop), here);
    page.render()
}

/// The plan of a workshop that has one.
async fn plan_of(member: &Member, workshop: WorkshopId) -> Result<WorkshopPlan, Problem> {
    Ok(member.org.plan_of(workshop).await?.ok_or(StoreError::Missing)?)
}

/// `GET /workshops/{workshop}/plan/cancel`
pub async fn ask_cancel(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let steps = to_come(&member, &plan).await?;
    let ask = Confirm {
        id: "cancel-plan".into(),
        title: format!("Cancel what is left of “{}”?", plan.name),
        body: html! {
            p class="m-p" { (counted(steps, "step that is still to come does not go", "steps that are still to come do not go")) ". What went out stays. Whoever registers later gets nothing of it either." }
        },
        action: format!("{}/cancel", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger(format!("Cancel {}", counted(steps, "step", "steps"))),
        back: ("Keep them".into(), href(id)),
    };
    Ok(page(&member, &workshop, "Cancel", ask.page()).into_response())
}

/// `POST /workshops/{workshop}/plan/cancel`
pub async fn cancel(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.workshop(id).await?;
    let n = member.org.cancel_plan(id, member.now).await?;
    Ok(see_other_saying(&app, &href(id), &format!("{} cancelled.", counted(n, "step", "steps"))))
}

/// `GET /workshops/{workshop}/plan/{row}/cancel`
pub async fn ask_cancel_row(member: Member, Path((id, row)): Path<(WorkshopId, PlanRowId)>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let found = plan.rows.iter().find(|one| one.id == row).ok_or(StoreError::Missing)?;
    let name = words::name(&member, &plan, &found.key).await?;
    let ask = Confirm {
        id: "cancel-step".into(),
        title: format!("Take “{name}” out of the plan?"),
        body: html! { p class="m-p" { "It does not go to anybody of this workshop. The sequence keeps it for others." } },
        action: format!("{}/{row}/cancel", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Take it out"),
        back: ("Keep it".into(), href(id)),
    };
    Ok(page(&member, &workshop, "Cancel a step", ask.page()).into_response())
}

/// `POST /workshops/{workshop}/plan/{row}/cancel`
pub async fn cancel_row(
    State(app): State<App>,
    member: Member,
    Path((id, row)): Path<(WorkshopId, PlanRowId)>,
) -> PageResult {
    of_workshop(&member, id, row).await?;
    match member.org.cancel_row(row, member.now).await {
        Ok(()) => Ok(see_other_saying(&app, &href(id), "Taken out of the plan.")),
        Err(StoreError::Stale) => {
            Ok(see_other_failed(&app, &href(id), "It ran, or stands still already. Nothing was changed."))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /workshops/{workshop}/plan/{row}/put-back`: the question about a step whose moment has passed, or that follows
/// each registration.
pub async fn ask_put_back(member: Member, Path((id, row)): Path<(WorkshopId, PlanRowId)>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let plan = plan_of(&member, id).await?;
    let found = plan.rows.iter().find(|one| one.id == row).ok_or(StoreError::Missing)?;
    let name = words::name(&member, &plan, &found.key).await?;
    let goes_late = found.target == PlanTarget::Registrants
        && plan.step(&found.key).is_some_and(|step| step.late != LateRule::Skip);
    let past = found.due.filter(|due| *due <= member.now);
    // Nobody gets it later: putting it back sends it now, or does nothing.
    let at_once = past.is_some() && !goes_late;
    let body = html! {
        @match (found.due, past) {
            (_, Some(due)) => p class="m-p" {
                "Its moment, " (words::at(&member, due)) ", has passed. It is of use until " (words::at(&member, found.until)) ": "
                @if at_once { "it goes at once." } @else { "people who register from now on get it." }
            },
            (Some(due), None) => p class="m-p" { "It goes at its moment, " (words::at(&member, due)) "." },
            (None, None) => p class="m-p" { "People who register from now on get it." },
        }
        @if !at_once && (past.is_some() || found.due.is_none()) { (those_already_there()) }
    };
    let mut hidden = vec![("asked".into(), moment_of(found, member.now).into())];
    if at_once {
        hidden.push(("include".into(), "on".into()));
    }
    let ask = Confirm {
        id: "put-back".into(),
        title: format!("Put “{name}” back into the plan?"),
        body,
        action: format!("{}/{row}/put-back", href(id)),
        csrf: member.csrf().clone(),
        hidden,
        confirm: Button::primary(if at_once { "Put it back and send it now" } else { "Put it back" }),
        back: ("Leave it out".into(), href(id)),
    };
    Ok(page(&member, &workshop, "Put a step back", ask.page()).into_response())
}

/// On which side of its moment a step stands, as the question about putting it back says it.
fn moment_of(row: &PlanRow, now: Millis) -> &'static str {
    match row.due {
        Some(due) if due <= now => "past",
        Some(_) => "ahead",
        None => "each",
    }
}

fn those_already_there() -> Markup {
    Checkbox::new("include", "Those already there too", false)
        .help("They get it at once. Nobody whom it told already is told again.")
        .render()
}

/// What the question about putting a step back sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PutBackForm {
    /// Whether people who are registered already get it, too; empty where not.
    include: String,
    /// On which side of its moment the step stood when it was asked about; empty where nobody was asked.
    asked: String,
}

/// `POST /workshops/{workshop}/plan/{row}/put-back`
pub async fn put_back(
    State(app): State<App>,
    member: Member,
    Path((id, row)): Path<(WorkshopId, PlanRowId)>,
    Form(form): Form<PutBackForm>,
) -> PageResult {
    let plan = plan_of(&member, id).await?;
    let found = plan.rows.iter().find(|one| one.id == row).ok_or_else(Problem::not_found)?;
    let stands = moment_of(found, member.now);
    // What was agreed to is not what would happen now: nobody gets it, say, who was to get it at its moment.
    if found.state == RowState::Cancelled && !form.asked.is_empty() && form.asked != stands {
        let words = match stands {
            "past" => "Its moment has passed meanwhile. Nothing was changed: look at what it means now.",
            _ => "Its moment is another one now. Nothing was changed: look at what it means now.",
        };
        return Ok(see_other_failed(&app, &format!("{}/{row}/put-back", href(id)), words));
    }
    match member.org.put_row_back(row, !form.include.is_empty(), member.now).await {
        Ok(()) => {
            app.engine.wake_plans();
            Ok(see_other_saying(&app, &href(id), "Put back into the plan."))
        }
        Err(StoreError::Stale) => Ok(see_other_failed(
            &app,
            &href(id),
            "It stands in the plan already, or is of no use any more. Nothing was changed.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// `POST /workshops/{workshop}/plan/{row}/retry`
pub async fn retry_row(
    State(app): State<App>,
    member: Member,
    Path((id, row)): Path<(WorkshopId, PlanRowId)>,
) -> PageResult {
    of_workshop(&member, id, row).await?;
    match member.org.retry_row(row, member.now).await {
        Ok(()) => {
            app.engine.wake_plans();
            Ok(see_other_saying(&app, &href(id), "It is tried again."))
        }
        Err(StoreError::Stale) => {
            Ok(see_other_failed(&app, &href(id), "It is of no use any more, or does not stand still."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a row of another workshop.
async fn of_workshop(member: &Member, workshop: WorkshopId, row: PlanRowId) -> Result<(), Problem> {
    let plan = plan_of(member, workshop).await?;
    plan.rows.iter().any(|one| one.id == row).then_some(()).ok_or_else(Problem::not_found)
}

/// The sequence that a workshop takes: the chosen one, or its tag's. A workshop without a tag takes the only sequence
/// there is. `None` where a member has to choose.
async fn proposed(
    member: &Member,
    workshop: &Workshop,
    chosen: &str,
) -> Result<Option<SequenceId>, StoreError> {
    let all = member.org.sequences(member.now).await?;
    let is_there = |id: &SequenceId| all.iter().any(|one| one.sequence.id == *id);
    if let Some(id) = chosen.parse().ok().filter(is_there) {
        return Ok(Some(id));
    }
    match (&workshop.tag, &all[..]) {
        (Some(tag), _) => Ok(member.org.tag_sequence(tag.id).await?.filter(is_there)),
        (None, [only]) => Ok(Some(only.sequence.id)),
        (None, _) => Ok(None),
    }
}
