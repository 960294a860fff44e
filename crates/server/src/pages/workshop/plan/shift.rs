//! *Move workshop*: the new times, what becomes of every step, and telling people, before anything changes.

use ::compose::{PlanChange, difference};
use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::WorkshopId,
    sequence::WorkshopTimes,
    time::{MINUTE, Millis},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::workshops::{Workshop, WorkshopDraft};

use super::{
    change::{Shown, newly_blocked},
    move_href, page as framed,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    pages::{
        unprocessable,
        workshops::{
            form::{old_time, open},
            href as workshop_href,
        },
    },
    ui::{
        button::Button,
        chip::Tone,
        field::{Checkbox, Field},
        format::{counted, span},
        head::{Card, Head},
        icons::Icon,
        note::Note,
    },
};

/// New times as fields write them, in the organisation's zone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MoveForm {
    starts: String,
    ends: String,
    /// The revision of the plan whose difference was shown; 0 where there is none.
    revision: i64,
    /// Go on to a message that tells it.
    tell: Option<String>,
}

impl MoveForm {
    /// The times, or what is wrong with each.
    fn times(&self, member: &Member) -> Result<WorkshopTimes, (Option<String>, Option<String>)> {
        let zone = &member.organization.zone;
        let read = |text: &str| zone.parse_local(text).map_err(|_| "Enter a day and a time.".to_owned());
        match (read(&self.starts), read(&self.ends)) {
            (Ok(starts_at), Ok(ends_at)) => match ends_at.since(starts_at) {
                ms if ms < MINUTE => Err((None, Some("The end has to be after the start.".to_owned()))),
                ms if ms > 31 * domain::time::DAY => Err((
                    None,
                    Some("The end is more than a month after the start. Check the day.".to_owned()),
                )),
                _ => Ok(WorkshopTimes { starts_at, ends_at }),
            },
            (starts, ends) => Err((starts.err(), ends.err())),
        }
    }
}

/// `GET /workshops/{workshop}/move`
pub async fn ask_move(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(form): Query<MoveForm>,
) -> PageResult {
    let workshop = open(&member, id).await?;
    Ok(page(&app, &member, &workshop, &form).await?.into_response())
}

/// `POST /workshops/{workshop}/move`
pub async fn move_workshop(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<MoveForm>,
) -> PageResult {
    let workshop = open(&member, id).await?;
    let plan = member.org.plan_of(id).await?;
    let stale = plan.as_ref().is_some_and(|plan| plan.revision != form.revision);
    let Ok(times) = form.times(&member) else {
        return Ok(unprocessable(page(&app, &member, &workshop, &form).await?));
    };
    if stale {
        return Ok(unprocessable(page(&app, &member, &workshop, &form).await?));
    }
    let draft = WorkshopDraft {
        title: workshop.title.clone(),
        starts_at: times.starts_at,
        ends_at: times.ends_at,
        join_link: workshop.join_link.clone(),
        tag: workshop.tag.as_ref().map(|tag| tag.id),
    };
    let stopped = member.org.edit_workshop(id, &draft, member.now).await?;
    app.engine.wake_plans();
    let mut words = format!("Moved to {}.", super::words::at(&member, times.starts_at));
    if stopped > 0 {
        words.push_str(&format!(
            " {} with the old time stopped.",
            counted(stopped, "broadcast", "broadcasts")
        ));
    }
    words.push_str(&old_time(&member, id).await?);
    let to = match form.tell.is_some() {
        true => tell(&app, &member, &workshop).await?,
        false => None,
    };
    Ok(see_other_saying(&app, &to.unwrap_or_else(|| super::href(id)), &words))
}

/// The composer with the template that tells a new time; `None` where there is none or nobody was told anything yet.
async fn tell(app: &App, member: &Member, workshop: &Workshop) -> Result<Option<String>, Problem> {
    let templates = app.composer.moved_templates(member, workshop).await?;
    let to = |template: &store::templates::Template| {
        format!("/?channel={}&workshop={}&template={}", template.channel.word(), workshop.id, template.id)
    };
    Ok(templates.first().map(to))
}

async fn page(app: &App, member: &Member, workshop: &Workshop, form: &MoveForm) -> Result<Markup, Problem> {
    let zone = &member.organization.zone;
    let typed = !form.starts.is_empty() || !form.ends.is_empty();
    let now_stands = MoveForm {
        starts: zone.local_form(workshop.starts_at),
        ends: zone.local_form(workshop.ends_at),
        ..MoveForm::default()
    };
    let shown = if typed { form } else { &now_stands };
    let (times, errors) = match shown.times(member) {
        Ok(times) => (Some(times), (None, None)),
        Err(errors) => (None, errors),
    };
    let to = move_href(workshop.id);
    let question = match times.filter(|times| typed && differs(workshop, *times)) {
        Some(times) => Some(question(app, member, workshop, shown, times).await?),
        None => None,
    };
    let body = html! {
        (Head::new(format!("Move “{}”", workshop.title)).meta(html! { "Now " (super::words::at(member, workshop.starts_at)) }))
        (Card::new("times", "New times", html! {
            form class="m-stack" method="get" action=(to) {
                div class="m-two" {
                    (Field::datetime("starts", "Starts").value(&shown.starts).help(format!("In {}.", zone.name())).error(errors.0).required())
                    (Field::datetime("ends", "Ends").value(&shown.ends).error(errors.1).required())
                }
                div class="m-acts" {
                    (Button::link("Back", workshop_href(workshop.id)))
                    (Button::new("Show what changes"))
                }
            }
        }).padded())
        @if let Some(question) = question { (question) }
        @else if typed && times.is_some() { (Note::new(Tone::Rest, "These are its times now.", "Enter other ones.")) }
    };
    Ok(framed(member, workshop, "Move", body))
}

fn differs(workshop: &Workshop, times: WorkshopTimes) -> bool {
    (workshop.starts_at, workshop.ends_at) != (times.starts_at, times.ends_at)
}

/// What becomes of every step, and the confirmation.
async fn question(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    form: &MoveForm,
    times: WorkshopTimes,
) -> Result<Card, Problem> {
    let plan = member.org.plan_of(workshop.id).await?;
    let mut shown = None;
    let mut counts = String::new();
    if let Some(plan) = &plan {
        let to = PlanChange { times, ..PlanChange::of(plan) };
        let told = difference(plan, &to, member.now);
        let blocked = newly_blocked(app, member, workshop, plan, &to).await?;
        let of = Shown::of(member, plan, &plan.steps, &told, &blocked).await?;
        let (moved, lost, soon) = of.counts;
        let stuck = of.stuck_in_words("would not go at its new time");
        counts = format!(
            "Moved {moved}, newly skipped {lost}, {stuck}within ten minutes {soon}. What went out keeps its time."
        );
        shown = Some(of);
    }
    let can_tell = tell(app, member, workshop).await?.is_some();
    let known = known_times(member, workshop).await?;
    let open = member.org.open_broadcasts(workshop.id).await?;
    let by = difference_in_words(workshop.starts_at, times.starts_at);
    Ok(Card::new("difference", "What changes", html! {
        p class="m-p" { strong { (by) } ": from " (super::words::at(member, workshop.starts_at)) " to " (super::words::at(member, times.starts_at)) "." }
        @if let Some(shown) = &shown { (shown.render()) } @else { p class="m-hint" { "No sequence runs for it." } }
        @if !open.broadcasts.is_empty() && workshop.starts_at != times.starts_at {
            p class="m-hint" { (counted(open.broadcasts.len(), "broadcast that is", "broadcasts that are")) " under way with the old time " @if open.broadcasts.len() == 1 { "is" } @else { "are" } " stopped." }
        }
        @if workshop.starts_at != times.starts_at { @for (people, at) in known {
            p class="m-hint" { (counted(people, "person was", "people were")) " told " (super::words::at(member, at)) "." }
        } }
        form class="m-stack" method="post" action=(move_href(workshop.id)) {
            (member.csrf())
            input type="hidden" name="starts" value=(form.starts);
            input type="hidden" name="ends" value=(form.ends);
            input type="hidden" name="revision" value=(plan.as_ref().map_or(0, |plan| plan.revision));
            @if can_tell { (Checkbox::new("tell", "Go on to a message that tells the new time", true).help("Nothing is sent before you have seen and confirmed it.")) }
            @if !counts.is_empty() { p class="m-hint" { (counts) } }
            div class="m-acts" {
                (Button::link("Keep the old time", workshop_href(workshop.id)))
                (Button::primary(format!("Move to {}", super::words::at(member, times.starts_at))).icon(Icon::Workshop))
            }
        }
    }).padded())
}

/// How many people know which start: after a move, whoever was told nothing since knows the one before it.
async fn known_times(member: &Member, workshop: &Workshop) -> Result<Vec<(i64, Millis)>, Problem> {
    let all = member.org.told_before(workshop.id, member.now).await?;
    let old = member.org.told_old_time(workshop.id).await?;
    let before = old.map_or((0, workshop.starts_at), |old| (old.people, old.starts_at));
    let known = [before, (all - before.0, workshop.starts_at)];
    Ok(known.into_iter().filter(|(people, _)| *people > 0).collect())
}

/// "1 h 30 min earlier".
fn difference_in_words(from: Millis, to: Millis) -> String {
    match to.since(from) {
        0 => "The start stays".to_owned(),
        ms if ms < 0 => format!("{} earlier", span(-ms)),
        ms => format!("{} later", span(ms)),
    }
}
