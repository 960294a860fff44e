//! A workshop without a plan: which sequence it takes, every step before anything runs, and *Run sequence* in two steps.

use ::compose::StepPreview;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::{SequenceId, WorkshopId},
    money::Money,
    role::Permission,
    sequence::{StepKey, StepState},
    workshop::WorkshopStatus,
};
use maud::{Markup, html};
use store::{StoreError, plans::PlanChoice, sequences::Sequence, workshops::Workshop};

use super::{
    PlanQuery, accounts, href, page as framed, proposed, values,
    view::{people, price_now, promotes, stands_still, step_name, whom_later, whom_now},
    words,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other_failed, see_other_saying},
    },
    pages::{settings::sequences, workshops::form_value},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        dialog::Confirm,
        empty::Empty,
        field::{Choice, Field},
        format::{counted, rupees},
        head::Card,
        icons::Icon,
        note::Note,
        plan::{Fill, Plan, PlanStep, StepMark},
        words::steps::WOULD_NOT_GO,
    },
};

/// The form that carries the choices of single steps.
const FORM: &str = "run";

/// A query or a form as it came.
type Pairs = Vec<(String, String)>;

/// What becomes of a step when the sequence is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Would {
    /// The step goes out at its moment.
    Go,
    /// The step is due already, or follows each registration. People who are already registered get it only if
    /// somebody says so.
    Ask,
    /// The step is no longer of use.
    Missed,
}

fn would(preview: &StepPreview) -> Would {
    match preview.planned.state {
        StepState::Planned => Would::Go,
        StepState::Due | StepState::PerPerson => Would::Ask,
        StepState::Missed => Would::Missed,
    }
}

pub(super) async fn page(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    query: &PlanQuery,
) -> Result<Markup, Problem> {
    if workshop.status == WorkshopStatus::Cancelled {
        return Ok(
            html! { (Note::new(Tone::Rest, "This workshop is cancelled.", "No sequence runs for it.")) },
        );
    }
    let Some(id) = proposed(member, workshop, &query.sequence).await? else {
        return if member.org.sequences(member.now).await?.is_empty() {
            Ok(nothing_to_run(member))
        } else {
            Ok(html! { (choose(member, workshop, None).await?) })
        };
    };
    let sequence = member.org.sequence(id).await?;
    let zone = &member.organization.zone;
    let previews = app.composer.preview(member, workshop, &sequence.steps, zone, &[]).await?;
    let may = member.may(Permission::Send);
    let drawn = Plan {
        zone,
        starts: workshop.starts_at,
        ends: workshop.ends_at,
        now: member.now,
        quiet: member.organization.quiet_hours,
        promotes: promotes(member, &previews).await?,
        steps: previews.iter().map(|preview| step(member, preview, may)).collect(),
        foot: match blocked(previews.iter().filter(|one| would(one) == Would::Go)) {
            0 => format!("{} planned, estimate", rupees(cost(&previews).0)),
            _ => format!("{} planned without steps that would not go, estimate", rupees(cost(&previews).0)),
        },
        aside: html! { p class="m-hint" { "Nothing runs yet." } },
    };
    let back = format!("{}?sequence={}", href(workshop.id), sequence.id);
    Ok(html! {
        (choose(member, workshop, Some(&sequence)).await?)
        (values::card(member, workshop, previews.iter(), &back))
        (blocked_note(&previews))
        (drawn)
        @if let Some(accounts) = accounts::card(member, workshop, &sequence.steps).await? { (accounts) }
        @if may && !sequence.steps.is_empty() {
            form class="m-acts" id=(FORM) method="get" action={ (href(workshop.id)) "/run" } {
                input type="hidden" name="sequence" value=(sequence.id);
                input type="hidden" name="version" value=(sequence.version);
                (Button::primary("Run sequence").icon(Icon::Play))
            }
        }
    })
}

fn nothing_to_run(member: &Member) -> Markup {
    let may = member.may(Permission::Manage);
    html! { (Empty {
        icon: Icon::Workshop,
        title: "No sequence yet".into(),
        text: "A sequence is everything that is sent around a workshop. Begin with a starter, look at its texts, and run it here: the whole plan is shown before anything goes out.".into(),
        actions: if may { vec![Button::primary_link("Add a sequence", sequences::HREF).icon(Icon::Plus)] } else { vec![] },
        ways: vec![],
    }) }
}

/// What steps that would go as things stand cost together.
fn cost(previews: &[StepPreview]) -> Money {
    let goes = |preview: &&StepPreview| would(preview) == Would::Go && !stands_still(preview);
    previews.iter().filter(goes).filter_map(StepPreview::expected_cost).sum()
}

/// The sequence, and another one to choose; `None` where none is chosen yet.
async fn choose(
    member: &Member,
    workshop: &Workshop,
    sequence: Option<&Sequence>,
) -> Result<Card, StoreError> {
    let current = sequence.map(|sequence| sequence.id.to_string()).unwrap_or_default();
    let all = member.org.sequences(member.now).await?;
    let none = sequence.is_none().then(|| Choice::new("", "Choose a sequence", &current));
    let choices: Vec<Choice> = none
        .into_iter()
        .chain(all.iter().map(|one| Choice::new(one.sequence.id.to_string(), &one.sequence.name, &current)))
        .collect();
    let carried = match &workshop.tag {
        Some(tag) => member.org.tag_sequence(tag.id).await?,
        None => None,
    };
    let why = match &workshop.tag {
        Some(tag) if carried.is_none() => format!("The tag “{}” carries no sequence.", tag.name),
        Some(tag) if carried == sequence.map(|one| one.id) => format!("Proposed by the tag “{}”.", tag.name),
        Some(tag) => format!("The tag “{}” carries another one.", tag.name),
        None => "With a tag, workshops of one kind are offered their sequence.".to_owned(),
    };
    Ok(Card::new(
        "sequence-choice",
        "Sequence",
        html! {
            form class="m-stack" method="get" action=(href(workshop.id)) {
                (Field::select("sequence", "This workshop takes", choices).help(why).autosubmit())
                div class="m-acts" {
                    @if let Some(sequence) = sequence { (Button::link("Open it", sequences::href(sequence.id))) }
                    (Button::new("Show its plan"))
                }
            }
        },
    )
    .padded())
}

/// How many of these steps would not go as things stand.
fn blocked<'a>(previews: impl Iterator<Item = &'a StepPreview>) -> usize {
    previews.filter(|preview| stands_still(preview)).count()
}

/// Says that steps would not go as things stand.
fn blocked_note(previews: &[StepPreview]) -> Markup {
    let planned = || previews.iter().filter(|one| would(one) == Would::Go);
    let (blocked, of) = (blocked(planned()), counted(planned().count(), "planned step", "planned steps"));
    html! {
        @if blocked > 0 {
            (Note::new(Tone::Act, format!("{blocked} of {of} would not go as things stand."), "You can run the sequence all the same: each is looked at again three days, a day and an hour ahead, and you are told."))
        }
    }
}

fn step(member: &Member, preview: &StepPreview, may: bool) -> PlanStep {
    let (key, channel) = (&preview.step.key, preview.step.channel);
    let reason = words::why(preview.obstacle.why, &preview.obstacle.words);
    let needs = stands_still(preview);
    let (fill, chip) = match would(preview) {
        Would::Missed => {
            (Fill::Skipped, Chip { tone: Tone::Rest, icon: Icon::Expired, word: "Has passed".into() })
        }
        _ if needs => {
            (Fill::Blocked, Chip { tone: Tone::Act, icon: Icon::Warning, word: WOULD_NOT_GO.into() })
        }
        Would::Go => (Fill::Planned, Chip { tone: Tone::Rest, icon: Icon::Wait, word: "Would go".into() }),
        Would::Ask => {
            (Fill::Planned, Chip { tone: Tone::Rest, icon: Icon::Question, word: "Late ones only".into() })
        }
    };
    let name = step_name(preview);
    let tick = |field: &str, words: &str| {
        html! { label class="m-tickline" { input type="checkbox" name=(field) value=(key) form=(FORM); " " (words) span class="mui-visually-hidden" { ": " (name) } } }
    };
    let whom = match preview.people {
        Some(_) => whom_now(preview, String::new()).0,
        None if would(preview) == Would::Missed => "nobody".to_owned(),
        None => whom_later(preview).0,
    };
    let reason = if reason.is_empty() && preview.people.is_none() { whom_later(preview).1 } else { reason };
    let count = preview.people.filter(|_| would(preview) != Would::Missed);
    PlanStep {
        id: format!("step-{key}"),
        due: preview.planned.due,
        until: preview.planned.until,
        when: preview
            .planned
            .due
            .map_or_else(|| "After each registration".to_owned(), |due| words::at(member, due)),
        offset: words::offset(member, &preview.step, preview.planned.until),
        mark: StepMark { channel, fill },
        href: None,
        chip,
        count: count
            .map(|n| people(channel, n).trim_end_matches(" people").trim_end_matches(" person").to_owned())
            .unwrap_or_default(),
        whom: (whom, reason),
        cost: price_now(preview),
        acts: match would(preview) {
            _ if !may => html! {},
            Would::Go => tick("leave_out", "Leave out"),
            Would::Ask => tick("include", "Those already there too"),
            Would::Missed => html! {},
        },
        name,
    }
}

/// What a form says about single steps.
fn choice(pairs: &Pairs) -> PlanChoice {
    let keys = |field: &str| -> Vec<StepKey> {
        pairs.iter().filter(|(name, _)| name == field).map(|(_, key)| StepKey::stored(key.clone())).collect()
    };
    PlanChoice { include: keys("include"), leave_out: keys("leave_out") }
}

/// The sequence and the version that were shown.
fn named(pairs: &Pairs) -> Result<(SequenceId, i64), Problem> {
    let find = |field: &str| pairs.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str());
    let sequence = find("sequence").and_then(|id| id.parse().ok());
    let version = find("version").and_then(|version| version.parse().ok());
    sequence.zip(version).ok_or_else(|| Problem::bad_request("Choose a sequence on the workshop’s plan."))
}

/// `GET /workshops/{workshop}/plan/run`: the question.
pub async fn ask_run(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(pairs): Query<Pairs>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let (sequence_id, version) = named(&pairs)?;
    let sequence = member.org.sequence(sequence_id).await?;
    if sequence.version != version {
        return Ok(changed_meanwhile(&app, id));
    }
    let choice = choice(&pairs);
    let previews =
        app.composer.preview(&member, &workshop, &sequence.steps, &member.organization.zone, &[]).await?;
    let goes = |preview: &&StepPreview| match would(preview) {
        Would::Go => !choice.leave_out.contains(&preview.step.key),
        Would::Ask => choice.include.contains(&preview.step.key),
        Would::Missed => false,
    };
    let going: Vec<&StepPreview> = previews.iter().filter(goes).collect();
    let at_once: Vec<String> = going
        .iter()
        .filter(|preview| preview.planned.state == StepState::Due)
        .map(|preview| step_name(preview))
        .collect();
    let stuck = blocked(going.iter().copied());
    let goes = going.iter().filter(|preview| !stands_still(preview));
    let total: Money = goes.filter_map(|preview| preview.expected_cost()).sum();
    let first = going.iter().filter_map(|preview| preview.planned.due).filter(|due| *due > member.now).min();
    let body = html! {
        ul class="m-ul" {
            li { (counted(going.len(), "step is", "steps are")) " planned" @if let Some(first) = first { ", the first " (words::at(&member, first)) } "." }
            @if stuck > 0 { li { strong { (stuck) " of them would not go as things stand." } " The sum below leaves out what would not go." } }
            @if !at_once.is_empty() { li { strong { "At once: " } (at_once.join(", ")) "." } }
            @if !choice.leave_out.is_empty() { li { (counted(choice.leave_out.len(), "step is", "steps are")) " left out." } }
            li { "About " strong { (rupees(total.0)) } " with the people of now, estimate." }
        }
        p class="m-p" { "Whoever registers later gets the newest useful message once. Nothing depends on this page staying open; every step can be cancelled until it goes." }
    };
    let hidden: Pairs = pairs
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "sequence" | "version" | "include" | "leave_out"))
        .cloned()
        .collect();
    // After the values are saved, the same question is asked again.
    let chosen: Vec<String> =
        hidden.iter().map(|(name, value)| format!("{name}={}", form_value(value))).collect();
    let again = format!("{}/run?{}", href(id), chosen.join("&"));
    let values = values::card(&member, &workshop, going.iter().copied(), &again);
    let ask = Confirm {
        id: "run".into(),
        title: format!("Run “{}” for “{}”?", sequence.name, workshop.title),
        body,
        action: format!("{}/run", href(id)),
        csrf: member.csrf().clone(),
        hidden,
        confirm: Button::primary(format!("Run {}", counted(going.len(), "step", "steps"))).icon(Icon::Play),
        back: ("Back".into(), format!("{}?sequence={}", href(id), sequence.id)),
    };
    let body = html! { (values) (ask.page()) };
    Ok(framed(&member, &workshop, "Run sequence", body).into_response())
}

fn changed_meanwhile(app: &App, id: WorkshopId) -> Response {
    see_other_failed(
        app,
        &href(id),
        "The sequence or the plan was changed meanwhile. Look at it again; nothing was run.",
    )
}

/// `POST /workshops/{workshop}/plan/run`
pub async fn run(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(pairs): Form<Pairs>,
) -> PageResult {
    member.org.workshop(id).await?;
    let (sequence, version) = named(&pairs)?;
    if member.org.sequence(sequence).await?.version != version {
        return Ok(changed_meanwhile(&app, id));
    }
    match member.org.write_plan(id, sequence, version, &choice(&pairs), member.now).await {
        Ok(_) => {
            app.engine.wake_plans();
            Ok(see_other_saying(&app, &href(id), "The sequence runs. Each step goes at its moment."))
        }
        Err(StoreError::Stale) => Ok(changed_meanwhile(&app, id)),
        Err(error) => Err(error.into()),
    }
}
