//! *Move workshop*: the new times, what becomes of every step, and telling people, before anything changes.

use ::compose::{PlanChange, StepPreview};
use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::WorkshopId,
    sequence::{Anchor, LateRule, Step, StepAudience, StepKey, Timing, Until, WorkshopTimes},
    time::{DAY, MINUTE, Millis},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    plans::WorkshopPlan,
    templates::Template,
    workshops::{Workshop, WorkshopDraft},
};

use super::{
    difference::{Shown, look},
    move_href, page as framed,
    view::people,
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
        field::{Checkbox, Choice, Field},
        format::{counted, rupees, span},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        plan::Moved,
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
    /// The id of the template that tells it; empty for the first.
    with: String,
}

impl MoveForm {
    /// The times, or what is wrong with each.
    fn times(&self, member: &Member) -> Result<WorkshopTimes, (Option<String>, Option<String>)> {
        let zone = &member.organization.zone;
        let read = |text: &str| zone.parse_local(text).map_err(|_| "Enter a day and a time.".to_owned());
        match (read(&self.starts), read(&self.ends)) {
            (Ok(starts_at), Ok(ends_at)) => match ends_at.since(starts_at) {
                ms if ms < MINUTE => Err((None, Some("The end has to be after the start.".to_owned()))),
                ms if ms > 31 * DAY => Err((
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
    let templates = app.composer.moved_templates(&member, &workshop).await?;
    let chosen = templates.iter().find(|one| one.id.to_string() == form.with).or(templates.first());
    let to = chosen.filter(|_| form.tell.is_some()).map(|one| composer_href(&workshop, one));
    Ok(see_other_saying(&app, &to.unwrap_or_else(|| super::href(id)), &words))
}

/// The composer with a template that tells the new time.
fn composer_href(workshop: &Workshop, template: &Template) -> String {
    format!("/?channel={}&workshop={}&template={}", template.channel.word(), workshop.id, template.id)
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
    let shown = match &plan {
        Some(plan) => {
            let to = PlanChange { times, ..PlanChange::of(plan) };
            Some(look(app, member, workshop, plan, &to).await?)
        }
        None => None,
    };
    let known = known_times(member, workshop).await?;
    let open = member.org.open_broadcasts(workshop.id).await?;
    let by = difference_in_words(workshop.starts_at, times.starts_at);
    let tell = tell(app, member, workshop, times).await?;
    Ok(Card::new("difference", "What changes", html! {
        p class="m-p" { strong { (by) } ": from " (super::words::at(member, workshop.starts_at)) " to " (super::words::at(member, times.starts_at)) "." }
        @match (&plan, &shown) {
            (Some(plan), Some(shown)) => (both_plans(member, plan, times, shown)),
            _ => p class="m-hint" { "No sequence runs for it." },
        }
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
            (tell)
            div class="m-acts" {
                p class="m-hint m-mvfoot" { "Nothing changes before you confirm." }
                (Button::link("Keep the old time", workshop_href(workshop.id)))
                (Button::primary(format!("Move to {}", super::words::at(member, times.starts_at))).icon(Icon::Workshop))
            }
        }
    }).padded())
}

/// The old plan above the new one, and every step with what becomes of it.
fn both_plans(member: &Member, plan: &WorkshopPlan, times: WorkshopTimes, shown: &Shown) -> Markup {
    let drawn = Moved {
        zone: &member.organization.zone,
        now: member.now,
        was: (plan.times.starts_at, plan.times.ends_at),
        becomes: (times.starts_at, times.ends_at),
        steps: shown.marks(),
    };
    let (before, after) = shown.cost;
    let cost = match before == after {
        true if after.0 == 0 => String::new(),
        true => format!("What is to come costs about {} as before, estimate.", rupees(after.0)),
        false => format!(
            "What is to come costs about {} instead of {}, estimate.",
            rupees(after.0),
            rupees(before.0)
        ),
    };
    html! {
        (drawn)
        p class="m-hint" { (shown.counts().sentence()) " What went out keeps its time. " (cost) }
        (shown)
    }
}

/// Going on to a message that tells the new time: whom it would reach now, and for how much. Nothing where no template
/// tells it or nobody was told anything yet.
async fn tell(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    times: WorkshopTimes,
) -> Result<Markup, Problem> {
    let templates = app.composer.moved_templates(member, workshop).await?;
    if templates.is_empty() {
        return Ok(html! {});
    }
    let moved = Workshop { starts_at: times.starts_at, ends_at: times.ends_at, ..workshop.clone() };
    let steps: Vec<Step> = templates.iter().map(|template| told_now(member, &moved, template)).collect();
    let zone = &member.organization.zone;
    let mut previews = Vec::new();
    for step in &steps {
        let of_step = app.composer.preview(member, &moved, std::slice::from_ref(step), zone, &[]).await?;
        previews.extend(of_step);
    }
    let with: Vec<Choice> = templates
        .iter()
        .zip(&previews)
        .map(|(template, preview)| {
            let words = format!("{}, {}: {}", template.name, template.channel.title(), whom(preview));
            Choice::new(template.id.to_string(), words, &templates[0].id.to_string())
        })
        .collect();
    let first = format!(
        "With “{}” on {}: {}. Nothing is sent before you have seen and confirmed it.",
        templates[0].name,
        templates[0].channel.title(),
        previews.first().map(whom).unwrap_or_default()
    );
    Ok(html! {
        div class="m-tell" {
            (Checkbox::new("tell", "Go on to a message that tells the new time", true).help(first))
            @if with.len() > 1 { (Field::select("with", "Message", with)) }
        }
    })
}

/// A message to everybody at this moment, as a step that can be looked at like any other.
fn told_now(member: &Member, moved: &Workshop, template: &Template) -> Step {
    let minutes = member.now.since(moved.starts_at) / MINUTE;
    Step {
        key: StepKey::stored("moved".to_owned()),
        label: String::new(),
        channel: template.channel,
        template: template.id,
        account: None,
        anchor: Anchor::Start,
        timing: Timing::Offset { days: 0, minutes },
        purpose: template.purpose.word().to_owned(),
        until: Until::Minutes(DAY / MINUTE),
        audience: StepAudience::Everyone,
        late: LateRule::Skip,
        wait_out_quiet: false,
        rung: None,
    }
}

/// "1,232 people, ₹141.68 estimate"; else what stands in its way.
fn whom(preview: &StepPreview) -> String {
    if preview.obstacle.why.needs_somebody() {
        return super::words::why(preview.obstacle.why, &preview.obstacle.words);
    }
    let n = people(preview.step.channel, preview.people.unwrap_or(0));
    match preview.cost.filter(|cost| cost.0 > 0) {
        Some(cost) => format!("{n}, {} estimate", rupees(cost.0)),
        None => n,
    }
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
