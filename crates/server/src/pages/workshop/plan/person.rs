//! *Person mode*: what one person gets of a workshop's plan, what they got, and why not.

use ::compose::StepPreview;
use domain::{
    channel::Channel,
    checks::CheckId,
    ids::RegistrantId,
    reason::Reason,
    sequence::{Anchor, LateRule, OwnWhyNot, Presence, RowState, StepAudience, WhyNot},
    time::Millis,
    workshop::RegistrantStatus,
};
use maud::{Markup, html};
use providers::codes;
use store::{
    plans::{PlanRow, WorkshopPlan},
    reached::RegistrantMessage as Told,
    registrants::Registrant,
    workshops::Workshop,
};

use super::{
    href,
    view::{Around, due_for, step_name},
    words,
};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    pages::{broadcast::state_chip, workshop::registrant},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        format::phone,
        head::{Card, Fact, Strip},
        icons::Icon,
        plan::{Fill, Plan, PlanStep, StepMark},
        table::{Column, Place, Row, Table, name},
        words::{reasons, steps},
    },
};

/// Nobody was left to be told at its moment.
const NOBODY_LEFT: WhyNot = WhyNot::Check(CheckId::Recipients);
/// Due already when the sequence was run.
const PAST_AT_RUN: WhyNot = WhyNot::Own(OwnWhyNot::PastAtRun);

/// What a step is for one person.
struct Line<'a> {
    preview: Option<&'a StepPreview>,
    row: &'a PlanRow,
    /// Their message, where there is one.
    message: Option<&'a Told>,
    /// Whether they get it, with the reason where they do not.
    gets: Gets,
    at: Option<Millis>,
}

/// Whether somebody gets a step.
enum Gets {
    /// The person has a message of the step, or was left out for a reason.
    Told,
    /// The person gets the step; the words say what it depends on.
    Comes(String),
    /// The person does not get the step, for this reason.
    Not(String),
}

pub(super) async fn page(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    plan: &WorkshopPlan,
    who: RegistrantId,
) -> Result<Markup, Problem> {
    let person = member.org.registrant(workshop.id, who).await?;
    let around = Around::load(app, member, workshop, plan).await?;
    let told = member.org.told_people(workshop.id, &[(person.id, person.phone.clone())]).await?;
    let lines: Vec<Line<'_>> =
        plan.rows.iter().map(|row| line(member, plan, &around, &person, &told, row)).collect();
    let comes = lines.iter().filter(|line| matches!(line.gets, Gets::Comes(_))).count();
    let got = lines.iter().filter(|line| line.message.is_some()).count();
    let not = lines.len() - comes - got;
    let shown = if person.name.is_empty() { "No name" } else { &person.name };
    Ok(html! {
        (Strip(vec![
            Fact::new("Person", html! { a class="m-link" href=(registrant::href(workshop.id, person.id)) { (shown) } }).note(phone(&person.phone)),
            Fact::figure("Have a message", got.to_string(), "").note("also where it did not arrive"),
            Fact::figure("Still come", comes.to_string(), "").note("as things stand"),
            Fact::figure("Do not come", not.to_string(), "").note("each with its reason"),
            Fact::new("Registered", html! { (words::at(member, person.registered_at)) }),
        ]))
        (axis(member, workshop, shown, &lines).axis_card(&format!("What does {shown} get?"), "Each mark leads to its reason below."))
        (Card::new("person-plan", format!("What {shown} gets"), table(member, &lines)).aside(html! { (Button::link("Everyone", href(workshop.id)).small()) }))
    })
}

fn line<'a>(
    member: &Member,
    plan: &WorkshopPlan,
    around: &'a Around,
    person: &Registrant,
    told: &'a [Told],
    row: &'a PlanRow,
) -> Line<'a> {
    let preview = around.preview(row);
    let message = told.iter().find(|one| row.broadcasts.contains(&one.message.broadcast));
    let at = preview.map(|preview| due_for(preview, person.registered_at, &plan.zone));
    let gets = match (message, preview) {
        (Some(_), _) => Gets::Told,
        (None, Some(preview)) => gets((member.now, plan.run_at), person, told, row, preview),
        (None, None) => Gets::Not(words::why(row.why, &row.why_text)),
    };
    Line { preview, row, message, gets, at: row.due.or(at) }
}

/// Whether somebody without a message of a step gets one.
fn gets(
    (now, run_at): (Millis, Millis),
    person: &Registrant,
    told: &[Told],
    row: &PlanRow,
    preview: &StepPreview,
) -> Gets {
    let step = &preview.step;
    let not = |words: &str| Gets::Not(words.to_owned());
    if step.channel == Channel::WhatsappGroup {
        return match row.state {
            RowState::Planned | RowState::Broadcast => {
                Gets::Comes("as a member of the workshop’s groups".to_owned())
            }
            _ => Gets::Not(words::why(row.why, &row.why_text)),
        };
    }
    match person.status {
        RegistrantStatus::Registered => {}
        RegistrantStatus::Cancelled => return not("They cancelled their registration"),
        RegistrantStatus::Refunded => return not("They got their money back"),
    }
    if let Some(mark) = person.mark {
        return not(reasons::excluded(mark).title);
    }
    match row.state {
        RowState::Planned => {}
        RowState::Broadcast if row.until > now => return late(row.due, preview, person),
        RowState::Skipped if row.until > now && row.why == PAST_AT_RUN && person.registered_at > run_at => {
            return late(Some(run_at), preview, person);
        }
        // At its moment nobody was left to be told: it is for those who came since.
        RowState::Skipped if row.until > now && row.why == NOBODY_LEFT => {
            return late(row.due, preview, person);
        }
        RowState::Broadcast => {
            return not("They registered after it was of use, or were not among its people");
        }
        RowState::Skipped | RowState::Cancelled | RowState::Missed => {
            let reason = words::why(row.why, &row.why_text);
            return if reason.is_empty() { not("Its last useful moment passed") } else { Gets::Not(reason) };
        }
    }
    if preview.obstacle.why.needs_somebody() {
        return Gets::Not(words::why(preview.obstacle.why, &preview.obstacle.words));
    }
    if step.anchor == Anchor::Registration && person.registered_at < run_at {
        return not(
            "They were registered before the sequence was run, and nobody said that it concerns them",
        );
    }
    depends(person, told, preview)
}

/// Whoever came after a step was due.
fn late(since: Option<Millis>, preview: &StepPreview, person: &Registrant) -> Gets {
    let came_later = since.is_none_or(|since| person.registered_at > since);
    match preview.step.late {
        LateRule::Skip => Gets::Not("Who registers after it was due gets nothing of it".to_owned()),
        LateRule::NewestOnly | LateRule::Always if came_later => {
            Gets::Comes("as somebody who registered later, if nothing newer is due".to_owned())
        }
        LateRule::NewestOnly | LateRule::Always => Gets::Not("They were not among its people".to_owned()),
    }
}

/// What the audience of a step makes of them, as far as it is known now.
fn depends(person: &Registrant, told: &[Told], preview: &StepPreview) -> Gets {
    let step = &preview.step;
    let suppressed = if person.suppressed { ", unless their opt-out covers it" } else { "" };
    let comes = |words: &str| Gets::Comes(format!("{words}{suppressed}"));
    let purpose = step.purpose();
    let told_this = told.iter().any(|one| one.left_out.is_none() && one.purpose == purpose);
    if step.rung.is_some() {
        return comes("unless something proves before that the ladder reached them");
    }
    match &step.audience {
        StepAudience::Everyone => comes("everyone gets it"),
        StepAudience::NotTold if told_this => comes("if nobody tells them the same by hand before"),
        StepAudience::NotTold => comes("they were not told this yet"),
        StepAudience::NotReached(channel) => {
            comes(&format!("if nothing proves that {} reached them", channel.title()))
        }
        StepAudience::RegisteredLate => comes("if they registered after the step before"),
        StepAudience::InNoGroup => comes("if they are in no group of the workshop then"),
        StepAudience::Attendance(Presence::Attended) => comes("if the report says that they attended"),
        StepAudience::Attendance(Presence::LeftEarly) => comes("if the report says that they left early"),
        StepAudience::Attendance(Presence::Absent) => comes("if the report says that they were not there"),
        StepAudience::Opened(true) => comes("if they open their own link"),
        StepAudience::Opened(false) => comes("if they do not open their own link"),
        StepAudience::Source(source) if person.came_from == *source => comes("they came by its source"),
        StepAudience::Source(_) => Gets::Not("They came by another source".to_owned()),
        StepAudience::Tag(_) => comes("if they are registered for another workshop with its tag"),
    }
}

fn fill(gets: &Gets) -> Fill {
    match gets {
        Gets::Told => Fill::Done,
        Gets::Comes(_) => Fill::Planned,
        Gets::Not(_) => Fill::Skipped,
    }
}

fn chip(line: &Line<'_>) -> Chip {
    match (&line.gets, line.message) {
        (Gets::Comes(_), None) => Chip { tone: Tone::Run, icon: Icon::Wait, word: "Gets it".into() },
        (_, Some(_)) => Chip { tone: Tone::Done, icon: Icon::Ok, word: "Told".into() },
        (Gets::Told | Gets::Not(_), None) => {
            Chip { tone: Tone::Rest, icon: Icon::Skip, word: "Does not".into() }
        }
    }
}

/// Why they get it or not, in a few words; what became of their message, where there is one.
fn reason(line: &Line<'_>) -> String {
    match (&line.gets, line.message) {
        (_, Some(told)) => told_why(told),
        (Gets::Comes(words) | Gets::Not(words), None) => words.clone(),
        (Gets::Told, None) => String::new(),
    }
}

/// The person's steps on the axis. A step after each registration stands at this person's own moment.
fn axis<'a>(member: &'a Member, workshop: &Workshop, who: &str, lines: &[Line<'_>]) -> Plan<'a> {
    let step = |line: &Line<'_>| {
        let channel = line.preview.map_or(Channel::WhatsappPersonal, |preview| preview.step.channel);
        let chip = chip(line);
        PlanStep {
            id: step_id(line.row),
            due: line.at,
            until: line.row.until,
            when: line.at.map_or_else(String::new, |at| words::at(member, at)),
            offset: String::new(),
            mark: StepMark { channel, fill: fill(&line.gets) },
            name: line.preview.map_or_else(|| line.row.key.to_string(), step_name),
            href: None,
            count: match line.message {
                Some(told) => state_chip(told.state).word().to_owned(),
                None => chip.word.clone(),
            },
            chip,
            whom: (who.to_owned(), reason(line)),
            cost: (String::new(), String::new()),
            acts: html! {},
        }
    };
    Plan {
        zone: &member.organization.zone,
        starts: workshop.starts_at,
        ends: workshop.ends_at,
        now: member.now,
        quiet: member.organization.quiet_hours,
        promotes: vec![],
        steps: lines.iter().map(step).collect(),
        foot: String::new(),
        aside: html! {},
    }
}

fn step_id(row: &PlanRow) -> String {
    format!("step-{}", row.key)
}

fn table(member: &Member, lines: &[Line<'_>]) -> Table {
    let row = |line: &Line<'_>| {
        let channel = line.preview.map_or(Channel::WhatsappPersonal, |preview| preview.step.channel);
        let fill = fill(&line.gets);
        let called = line.preview.map_or_else(|| line.row.key.to_string(), step_name);
        let when = line.preview.map(|preview| steps::when(&preview.step)).unwrap_or_default();
        Row::new(vec![
            html! {
                div class="m-what" id=(step_id(line.row)) {
                    (StepMark { channel, fill })
                    span {
                        @match line.message {
                            Some(told) => (name(&format!("/broadcasts/{}/messages/{}", told.message.broadcast, told.message.position), &called, channel.title())),
                            None => { span class="m-rowname" { (called) } span class="m-sub" { (channel.title()) } }
                        }
                    }
                }
            },
            html! {
                @match line.message {
                    Some(told) => (state_chip(told.state)),
                    None => (chip(line)),
                }
            },
            html! { @match line.at { Some(at) => (words::at(member, at)), None => "–" } span class="m-sub" { (when) } },
            html! { (reason(line)) },
        ])
    };
    Table {
        caption: "Every step for this person".into(),
        columns: vec![
            Column::new("What", Place::Title),
            Column::new("State", Place::State),
            Column::new("When", Place::Line),
            Column::new("Why", Place::Line),
        ],
        rows: lines.iter().map(row).collect(),
        empty: "There is no step.".into(),
    }
}

/// Why a message stands where it does; empty where it is in order.
fn told_why(told: &Told) -> String {
    match &told.reason {
        Reason::Excluded(skip) => reasons::excluded(*skip).title.to_owned(),
        Reason::Ours(own) => reasons::own(*own).title.to_owned(),
        Reason::Provider(code) => codes::meaning(code)
            .map_or_else(|| format!("The provider says {code}"), |known| known.title.to_owned()),
        Reason::None => String::new(),
    }
}
