//! One sequence: its path of steps, its name, the workshops that follow it; and taking it away.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::SequenceId,
    role::Permission,
    sequence::{Anchor, Ladder, Step},
};
use maud::{Markup, html};
use store::{
    StoreError,
    plans::Following,
    sequences::{Sequence, SequenceDraft},
    tags::Tag,
};

use super::{HREF, SequenceForm, below, href, ladders::ladder_href, step_form::Parts, taken, words};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{unprocessable, workshop::plan, workshops::tag_chip},
    ui::{
        button::{Button, Weight},
        chip::Tone,
        dialog::Confirm,
        field::Field,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        plan::{Fill, StepMark},
    },
};

/// `GET /settings/sequences/{sequence}`
pub async fn show(member: Member, Path(id): Path<SequenceId>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let form = form_of(&sequence);
    Ok(page(&member, &sequence, &form, None).await?.into_response())
}

fn form_of(sequence: &Sequence) -> SequenceForm {
    SequenceForm {
        name: sequence.name.clone(),
        description: sequence.description.clone(),
        version: sequence.version,
        ..SequenceForm::default()
    }
}

/// `POST /settings/sequences/{sequence}`: its name and what it is for.
pub async fn save(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SequenceId>,
    Form(form): Form<SequenceForm>,
) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let error = match form.name() {
        Ok(name) => {
            let draft = SequenceDraft {
                name: name.clone(),
                description: form.description(),
                steps: sequence.steps.clone(),
            };
            match member.org.change_sequence(id, form.version, &draft, member.now).await {
                Ok(_) => return Ok(see_other_saying(&app, &href(id), "Sequence saved.")),
                Err(StoreError::Taken) => taken(&name),
                Err(error) => return Err(error.into()),
            }
        }
        Err(words) => words,
    };
    Ok(unprocessable(page(&member, &sequence, &form, Some(error)).await?))
}

/// `GET /settings/sequences/{sequence}/remove`
pub async fn ask_removal(member: Member, Path(id): Path<SequenceId>) -> PageResult {
    let sequence = member.org.sequence(id).await?;
    let following = member.org.following(id, member.now).await?;
    let name = &sequence.name;
    if !following.is_empty() {
        let body = html! {
            (Head::new(format!("“{name}” cannot be removed now")))
            (Note::new(Tone::Act, format!("{} it.", counted(following.len(), "workshop follows", "workshops follow")), "Cancel what is left of their plans first, or wait until the workshops are over and their last steps have gone."))
            ul class="m-ul" { @for one in &following { li { a class="m-link" href=(plan::href(one.workshop)) { (one.title) } } } }
        };
        return Ok(below(&member, vec![], "Remove sequence", body).into_response());
    }
    let ask = Confirm {
        id: "remove".to_owned(),
        title: format!("Remove sequence “{name}”?"),
        body: html! { p { "Tags lose it. Nothing that was sent changes." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove sequence"),
        back: ("Back".to_owned(), href(id)),
    };
    Ok(below(&member, vec![], "Remove sequence", ask.page()).into_response())
}

/// `POST /settings/sequences/{sequence}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<SequenceId>) -> PageResult {
    member.org.remove_sequence(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, "Sequence removed."))
}

async fn page(
    member: &Member,
    sequence: &Sequence,
    form: &SequenceForm,
    error: Option<String>,
) -> Result<Markup, StoreError> {
    let parts = Parts::load(member).await?;
    let following = member.org.following(sequence.id, member.now).await?;
    let carried: Vec<_> = member.org.tag_plans().await?;
    let tags: Vec<&Tag> = parts
        .tags
        .iter()
        .filter(|tag| carried.iter().any(|plan| plan.tag == tag.id && plan.sequence == Some(sequence.id)))
        .collect();
    let (may, decides) = (member.may(Permission::Manage), member.may(Permission::Send));
    // As many as the page lists: a plan in another zone than the organisation's is reviewed there, too.
    let to_review = member.org.plans_behind(Some(sequence.id), member.now).await?.len();
    let own = href(sequence.id);
    let mut head = Head::new(&sequence.name)
        .meta(counted(sequence.steps.len(), "step", "steps"))
        .meta(format!("version {}", sequence.version));
    for tag in &tags {
        head = head.meta(tag_chip(tag));
    }
    if may {
        head = head
            .action(Button::link("Remove", format!("{own}/remove")).icon(Icon::Trash))
            .action(Button::link("Add reach ladder", format!("{own}/ladders/new")).icon(Icon::Plus));
        let add = Button { icon: Some(Icon::Plus), ..Button::link("Add step", format!("{own}/steps/new")) };
        head = head.action(if to_review == 0 { Button { weight: Weight::Primary, ..add } } else { add });
    }
    if to_review > 0 && decides {
        let label = format!("Review for {}", counted(to_review, "workshop", "workshops"));
        head = head.action(Button::primary_link(label, plan::review_href(sequence.id)).icon(Icon::Ok));
    }
    let body = html! {
        (head)
        div class="m-seqgrid" {
            section class="m-card" aria-labelledby="path-title" {
                header class="m-card__head" { h2 class="m-card__title" id="path-title" { "Steps" } }
                @if sequence.steps.is_empty() { p class="m-none" { "There is no step yet. A first one may be a reminder an hour before the start." } }
                @else { (path(sequence, &parts, may)) }
            }
            div class="m-stack" {
                (followers(sequence, &following, decides))
                @if may {
                    (Card::new("about", "About it", html! {
                        form class="m-stack" method="post" action=(own) {
                            (member.csrf())
                            input type="hidden" name="version" value=(form.version);
                            (Field::text("name", "Name").value(&form.name).at_most(60).error(error).required())
                            (Field::text("description", "What it is for").value(&form.description).at_most(200))
                            div class="m-acts" { (Button::new("Save")) }
                        }
                    }).padded())
                }
            }
        }
    };
    Ok(below(member, vec![], &sequence.name, body))
}

/// The part of the path that a step belongs to: before the start, between start and end, after the end, or after each
/// registration.
fn part(step: &Step) -> usize {
    use domain::sequence::Timing;
    let (days, minutes) = match step.timing {
        Timing::Offset { days, minutes } => (days, minutes),
        Timing::At { days, minute } => (days, if days == 0 { 0 } else { minute }),
    };
    let before = days < 0 || (days == 0 && minutes < 0);
    match step.anchor {
        Anchor::Registration => 0,
        Anchor::Start if before => 1,
        Anchor::Start => 2,
        Anchor::End if before => 2,
        Anchor::End => 3,
    }
}

/// The steps in order of an evening of two hours: what comes first stands first.
pub(super) fn in_order(steps: &[Step]) -> Vec<&Step> {
    let zone = domain::time::Zone::india();
    let Ok(starts) = zone.parse_local("2026-01-15T19:00") else { return steps.iter().collect() };
    let mut sorted: Vec<(usize, domain::time::Millis, &Step)> = steps
        .iter()
        .map(|step| {
            let anchor =
                if step.anchor == Anchor::End { starts.plus(2 * domain::time::HOUR) } else { starts };
            (part(step), step.timing.due(anchor, &zone), step)
        })
        .collect();
    sorted.sort_by_key(|(part, due, _)| (*part, *due));
    sorted.into_iter().map(|(_, _, step)| step).collect()
}

fn path(sequence: &Sequence, parts: &Parts, may: bool) -> Markup {
    let steps = in_order(&sequence.steps);
    let heads = [
        (0, Icon::Person, "Registration", "each person at a moment of their own"),
        (1, Icon::Wait, "Before the start", "late registrants get the newest useful message once"),
        (2, Icon::Workshop, "Start", ""),
        (3, Icon::Ok, "End", ""),
    ];
    html! {
        ol class="m-path" {
            @for (at, icon, name, note) in heads {
                @let of: Vec<&&Step> = steps.iter().filter(|step| part(step) == at).collect();
                @if !of.is_empty() || at == 2 {
                    li class="m-sq m-sq--anchor" {
                        span class="m-sq__at" {}
                        span class="m-sq__pin" { (icon) }
                        span class="m-sq__body" { b { (name) } @if !note.is_empty() { span class="m-hint" { (note) } } }
                    }
                }
                @for step in of { (row(sequence, step, parts, may)) }
            }
        }
    }
}

/// What a step is called: its own words, else its template's name.
pub(crate) fn name_of(step: &Step, template: Option<&store::templates::Template>) -> String {
    match (step.label.is_empty(), template) {
        (false, _) => step.label.clone(),
        (true, Some(template)) => template.name.clone(),
        (true, None) => "A template that is gone".to_owned(),
    }
}

fn row(sequence: &Sequence, step: &Step, parts: &Parts, may: bool) -> Markup {
    let template = parts.template(step.template);
    let name = name_of(step, template);
    let ladder = step.rung.as_ref().and_then(|rung| Ladder::of(&sequence.steps, &rung.ladder));
    let to = match &ladder {
        Some(ladder) => ladder_href(sequence.id, &ladder.key),
        None => format!("{}/steps/{}", href(sequence.id), step.key),
    };
    let (at, under) = words::short(step.anchor, step.timing);
    let fill = if template.is_none() { Fill::Blocked } else { Fill::Planned };
    html! {
        li class="m-sq" {
            span class="m-sq__at" { b { (at) } @if !under.is_empty() { span class="m-sub" { (under) } } }
            span class="m-sq__pin" { (StepMark { channel: step.channel, fill }) }
            div class="m-sq__body" {
                p class="m-sq__top" {
                    @if may { a class="m-rowlink" href=(to) { (name) } } @else { b { (name) } }
                    span class="m-sq__ch" { (step.channel.short_title()) }
                }
                ul class="m-toks" {
                    @if let Some(ladder) = &ladder { @for words in words::rung(step, ladder) { li { (Icon::Down) (words) } } }
                    li { (Icon::Announce) (step.purpose().title()) }
                    li { (Icon::People) (words::whom(step, &parts.tags)) }
                    li { (Icon::Expired) (words::until(step)) }
                    li { (Icon::Plus) (words::late(step.late)) }
                    @if step.wait_out_quiet { li { (Icon::Dark) "waits out the quiet hours" } }
                }
            }
        }
    }
}

/// The workshops whose plan follows it, and whether each follows the newest version.
fn followers(sequence: &Sequence, following: &[Following], may: bool) -> Card {
    let list = html! {
        @if following.is_empty() { p class="m-none" { "No workshop runs it now. Run it on a workshop’s plan." } }
        @else {
            ul class="m-runlist" {
                @for one in following {
                    li class="m-runws" {
                        a class="m-rowlink" href=(plan::href(one.workshop)) { (one.title) }
                        @if one.version == sequence.version { span class="m-sub" { "follows version " (one.version) } }
                        @else {
                            span class="m-sub" { "keeps version " (one.version) " of " (sequence.version) }
                            @if may { (Button::link("Review the change", plan::follow_href(one.workshop)).spoken(format!("Review the change for {}", one.title)).small()) }
                        }
                    }
                }
            }
        }
    };
    Card::new("running", "Running workshops", list)
}
