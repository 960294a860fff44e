//! The plan of a workshop, played: what is to go wrong, the axis under a virtual clock, and everything that would go out. The page reloads while
//! it plays.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use domain::{
    channel::Channel,
    ids::{SequenceId, WorkshopId},
    rehearsal::{RehearsalState, Trouble, Turnout, Weather},
    role::Permission,
    sequence::{RowState, WhyNot},
    time::{HOUR, Millis, Zone},
};
use maud::{Markup, html};
use serde::Deserialize;
use store::{rehearsals::Rehearsal, workshops::Workshop};

use super::{
    href, page,
    played::{Which, list},
    proposed, words,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::{see_other, see_other_failed, see_other_saying},
    },
    pages::workshops::ok,
    play::{self, Report, Request, Script, StepReport},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        field::{Choice, Field},
        format::{counted, grouped, rupees},
        head::{Card, Fact, Head, Strip},
        icons::Icon,
        note::Note,
        plan::{Fill, Plan, PlanStep, StepMark},
        words::rehearsals as said,
    },
};

/// A page of a rehearsal that runs loads itself again after so many seconds.
const RELOAD: &str = "2";

/// The address of a workshop's rehearsal.
pub(super) fn rehearsal_href(workshop: WorkshopId) -> String {
    format!("{}/rehearsal", href(workshop))
}

/// `GET /workshops/{workshop}/plan/rehearsal`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(which): Query<Which>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let kept = member.org.rehearsal_of(id).await?;
    let running = kept.as_ref().is_some_and(|one| one.state == RehearsalState::Running);
    let mut head = Head::new(workshop.title.clone()).chip(Chip {
        tone: Tone::Run,
        icon: Icon::Play,
        word: "Rehearsal".into(),
    });
    if let Some(rehearsal) = &kept {
        head = head
            .meta(html! { "Played from " (words::at(&member, rehearsal.from)) " by " (rehearsal.run_by) });
        if !running && member.may(Permission::Manage) {
            let list = format!("{}.csv", rehearsal_href(id));
            head = head.action(Button::link("Export list", list).icon(Icon::Download));
        }
    }
    head = head.action(Button::link("Back to the plan", href(id)));
    let played = match &kept {
        Some(rehearsal) => Some(shown(&app, &member, &workshop, rehearsal, &which).await?),
        None => None,
    };
    let ask = match member.may(Permission::Send) && !running {
        true => Some(form(&member, &workshop, kept.is_some(), &which).await?),
        false => None,
    };
    let body = html! {
        (head)
        (Note::new(Tone::Run, "Rehearsal.", "The same planning as for real, over the real people, with stand-ins for the providers. Nothing is sent and nothing is charged."))
        @if let Some(played) = played { (played) }
        @else if ask.is_none() { p class="m-none" { "This plan was not rehearsed." } }
        @if let Some(ask) = ask { (ask) }
    };
    let mut framed = page_of(&member, &workshop, body);
    if running {
        framed.headers_mut().insert(header::REFRESH, HeaderValue::from_static(RELOAD));
    }
    Ok(framed)
}

fn page_of(member: &Member, workshop: &Workshop, body: Markup) -> Response {
    ok(page(member, workshop, "Rehearsal", body))
}

/// What a form says about a rehearsal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ScriptForm {
    weather: String,
    trouble: String,
    from: String,
    minutes: String,
    attend: String,
    leave_early: String,
    sequence: String,
}

impl ScriptForm {
    /// The usual turnout where the form does not ask.
    fn turnout(&self) -> Result<Turnout, String> {
        let usual = Turnout::default();
        let share = |typed: &str, usual: i64| match typed.trim() {
            "" => Ok(usual),
            typed => {
                typed.parse().map_err(|_| "Say how many of 100 people attend and leave early.".to_owned())
            }
        };
        let attend = share(&self.attend, usual.attend)?;
        let leave_early = share(&self.leave_early, usual.leave_early)?;
        // The form fills in the usual share. Left as it is, it means no more than attend.
        let leave_early =
            if leave_early == usual.leave_early { leave_early.min(attend) } else { leave_early };
        Turnout { attend, leave_early }.check().map_err(|error| error.to_string())
    }

    fn script(&self, zone: &Zone) -> Result<Script, String> {
        Ok(Script { turnout: self.turnout()?, ..self.faults(zone)? })
    }

    /// What goes wrong, with the usual turnout.
    fn faults(&self, zone: &Zone) -> Result<Script, &'static str> {
        let weather = self.weather.parse().unwrap_or(Weather::Good);
        let trouble = self.trouble.parse().unwrap_or(Trouble::None);
        if trouble == Trouble::None {
            return Ok(Script { weather, ..Script::smooth() });
        }
        let from = zone.parse_local(&self.from).map_err(|_| "Say from when it goes wrong.")?;
        let minutes: i64 =
            self.minutes.trim().parse().map_err(|_| "Say for how many minutes it goes wrong.")?;
        if !(1..=play::MINUTES_MAX).contains(&minutes) {
            return Err("Something goes wrong for 1 to 1,440 minutes.");
        }
        Ok(Script { weather, trouble, from, minutes, ..Script::smooth() })
    }
}

/// `POST /workshops/{workshop}/plan/rehearsal`: begins, and goes on without the page.
pub async fn start(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<ScriptForm>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let to = rehearsal_href(id);
    let script = match form.script(&member.organization.zone) {
        Ok(script) => script,
        Err(words) => return Ok(see_other_failed(&app, &to, &words)),
    };
    let sequence = proposed(&member, &workshop, &form.sequence).await?;
    let request = Request { script, sequence };
    match play::begin(&member, &workshop, request, app.clock.now()).await {
        Ok(begun) => {
            tokio::spawn(async move { play::play(&app, begun, |_, _| {}).await });
            Ok(see_other(&to))
        }
        Err(play::Refused::Store(error)) => Err(error.into()),
        Err(refused) => Ok(see_other_failed(&app, &to, &play::sentence(&refused))),
    }
}

/// `POST /workshops/{workshop}/plan/rehearsal/stop`
pub async fn stop(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.workshop(id).await?;
    let n = member.org.stop_rehearsal(id, app.clock.now()).await?;
    let words = if n > 0 { "The rehearsal is ended." } else { "No rehearsal was running." };
    Ok(see_other_saying(&app, &rehearsal_href(id), words))
}

async fn form(member: &Member, workshop: &Workshop, again: bool, which: &Which) -> Result<Card, Problem> {
    let plan = member.org.plan_of(workshop.id).await?.filter(|plan| !plan.is_taken_out());
    let sequence: Option<SequenceId> = match &plan {
        Some(plan) => Some(plan.sequence),
        None => proposed(member, workshop, &which.sequence).await?,
    };
    let Some(sequence) = sequence else {
        let none = member.org.sequences(member.now).await?.is_empty();
        return Ok(Card::new(
            "play",
            "Play the plan",
            html! { p class="m-none" {
                @if none { "There is no sequence yet. Make one under Settings, Sequences." }
                @else { "No sequence is chosen. " a class="m-link" href=(href(workshop.id)) { "Choose one on the plan" } " and play it from there." }
            } },
        ));
    };
    let (called, steps) = match plan {
        Some(plan) => (plan.name, plan.steps),
        None => {
            let sequence = member.org.sequence(sequence).await?;
            (sequence.name, sequence.steps)
        }
    };
    let supposes = play::needs_report(&steps) && !member.org.has_attendance(workshop.id).await?;
    let turnout = Turnout::default();
    let zone = &member.organization.zone;
    let from = Millis(workshop.starts_at.plus(-HOUR).0.max(member.now.0));
    let weathers = Weather::ALL.iter().map(|one| Choice::new(one.word(), said::weather(*one), "good"));
    let troubles = Trouble::ALL.iter().map(|one| Choice::new(one.word(), said::trouble(*one), "none"));
    let title = if again { "Play it again" } else { "Play the plan" };
    Ok(Card::new("play", title, html! {
        form class="m-stack" method="post" action=(rehearsal_href(workshop.id)) {
            (member.csrf())
            input type="hidden" name="sequence" value=(sequence);
            p class="m-p" { "“" (called) "” is played from now to its last step with " (counted(workshop.registrants, "person", "people")) ". It takes seconds for hundreds of people and minutes for thousands." }
            div class="m-two" {
                (Field::select("weather", "The providers", weathers.collect()))
                (Field::select("trouble", "What goes wrong", troubles.collect()))
                (Field::datetime("from", "From").value(zone.local_form(from)).help(format!("In {}. Only where something goes wrong.", zone.name())))
                (Field::number("minutes", "For so many minutes").value("15").between(1, play::MINUTES_MAX))
                @if supposes {
                    (Field::number("attend", "Of 100 people attend").value(turnout.attend.to_string()).between(0, 100).help("Steps go by who attended. A report is made up when the workshop is over."))
                    (Field::number("leave_early", "Of these leave early").value(turnout.leave_early.to_string()).between(0, 100))
                }
            }
            div class="m-acts" { (Button::primary("Play").icon(Icon::Play)) }
        }
    }).padded())
}

/// Everything about a rehearsal that runs or was played.
async fn shown(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    rehearsal: &Rehearsal,
    which: &Which,
) -> Result<Markup, Problem> {
    let report = Report::from_json(&rehearsal.report);
    let copy = play::open(app, member, rehearsal).await?;
    let list = match &copy {
        Some(copy) => Some(list(member, workshop, rehearsal, copy, which).await?),
        None => None,
    };
    let supposed = match &copy {
        Some(copy) => {
            copy.attendance_report(workshop.id).await?.filter(|report| report.file_name == play::REPORT)
        }
        None => None,
    };
    let drawn = drawn(member, workshop, rehearsal, &report);
    Ok(html! {
        (standing(member, workshop, rehearsal))
        @if let Some(report) = supposed {
            p class="m-hint" { "Supposed: " (counted(report.attended, "person attended", "people attended")) ", " (grouped(report.left_early)) " of them left early, " (grouped(report.absent)) " did not come." }
        }
        @if !report.steps.is_empty() {
            (strip(rehearsal, &report, &member.organization.zone))
            (found(&report))
            (ladders(workshop.id, &report))
            (drawn)
        }
        @match list {
            Some(list) => (list),
            None if rehearsal.state == RehearsalState::Running => {},
            None => p class="m-hint" { "Who got what is kept on the machine that played it." },
        }
    })
}

/// Where it stands, with the button that ends it.
fn standing(member: &Member, workshop: &Workshop, rehearsal: &Rehearsal) -> Markup {
    let zone = &member.organization.zone;
    let script: Option<Script> = serde_json::from_str(&rehearsal.script).ok();
    let wrong = script.filter(|script| script.trouble != Trouble::None).map(|script| {
        format!(
            "{}, {} – {}.",
            said::trouble(script.trouble),
            zone.moment(script.from, rehearsal.from),
            zone.time(script.until())
        )
    });
    let at = zone.moment(rehearsal.now, member.now);
    let note = match rehearsal.state {
        RehearsalState::Running => {
            Note::new(Tone::Run, format!("It plays: {at} by its clock."), "This page loads itself again.")
        }
        RehearsalState::Done => Note::new(
            Tone::Done,
            format!("Played to its end, {at} by its clock."),
            "It is kept for a day, or until the next one.",
        ),
        RehearsalState::Stopped => Note::new(
            Tone::Rest,
            format!("Ended at {at} by its clock."),
            "What went out until then is below.",
        ),
        RehearsalState::Failed => {
            let why = if rehearsal.why.is_empty() { "It broke off." } else { rehearsal.why.as_str() };
            Note::new(Tone::Act, "The rehearsal did not come to its end.", why)
        }
    };
    html! {
        (note)
        @if let Some(wrong) = wrong { p class="m-hint" { (wrong) } }
        @if rehearsal.state == RehearsalState::Running && member.may(Permission::Send) {
            form class="m-acts" method="post" action={ (rehearsal_href(workshop.id)) "/stop" } {
                (member.csrf())
                (Button::new("End rehearsal").icon(Icon::Cancel))
            }
        }
    }
}

fn strip(rehearsal: &Rehearsal, report: &Report, zone: &Zone) -> Strip {
    let counts = report.counts();
    let ran = report.steps.iter().filter(|step| !step.before && step.state == RowState::Broadcast).count();
    Strip(vec![
        Fact::figure("Clock", zone.time(rehearsal.now), "").note(zone.date(rehearsal.now, rehearsal.from)),
        Fact::figure("Steps", ran.to_string(), "").note(format!("went out, of {}", report.steps.len())),
        Fact::figure("Messages", grouped(counts.went()), "").note(format!(
            "{} arrived, {} handed over",
            grouped(counts.arrived),
            grouped(counts.handed_over)
        )),
        Fact::figure("Did not arrive", grouped(counts.failed + counts.unknown + counts.ended), "").note(
            format!(
                "{} failed, {} unknown, {} too late",
                grouped(counts.failed),
                grouped(counts.unknown),
                grouped(counts.ended)
            ),
        ),
        Fact::figure("Cost", rupees(report.cost().0), "").note("as the stand-ins charge"),
    ])
}

/// What somebody should know before it is for real.
fn found(report: &Report) -> Markup {
    let counts = report.counts();
    let missing: Vec<String> = report
        .did_not_go()
        .map(|step| {
            let why = step.why.parse().unwrap_or(WhyNot::Nothing);
            match words::why(why, &step.why_text) {
                why if why.is_empty() => {
                    format!("{}: its last useful moment passed before it could go", step.name)
                }
                why => format!("{}: {why}", step.name),
            }
        })
        .collect();
    let unknown = counts.unknown > 0;
    html! {
        (Card::new("found", "Found", html! {
            ul class="m-ul" {
                @for step in &missing { li { strong { "Did not go. " } (step) "." } }
                @if unknown { li { strong { (counted(counts.unknown, "message stays", "messages stay")) " unknown. " } "Nobody gets them a second time unless somebody says so." } }
                @if counts.failed > 0 { li { strong { (grouped(counts.failed)) " failed. " } "Some do on such a day; nobody is told twice for it." } }
                @if counts.ended > 0 { li { strong { (grouped(counts.ended)) " came too late. " } "They expire instead of going out late." } }
                @if missing.is_empty() && !unknown && counts.failed == 0 && counts.ended == 0 { li { "Nothing stood in the way." } }
            }
        }).padded())
    }
}

/// How many of the people each reach ladder reached, with the way to its rungs.
fn ladders(workshop: WorkshopId, report: &Report) -> Markup {
    html! {
        @for ladder in &report.ladders {
            p class="m-p" {
                a href=(format!("{}/ladders/{}", rehearsal_href(workshop), ladder.key)) { "Reach ladder" }
                ": " (grouped(ladder.reached)) " of " (counted(ladder.people, "person", "people")) " reached, "
                (rupees(ladder.cost.0))
                @if ladder.over_cap > 0 { ", " (grouped(ladder.over_cap)) " left out for cost" }
                "."
            }
        }
    }
}

/// The axis and the table, as of the virtual clock.
fn drawn<'a>(member: &'a Member, workshop: &Workshop, rehearsal: &Rehearsal, report: &Report) -> Plan<'a> {
    Plan {
        zone: &member.organization.zone,
        starts: workshop.starts_at,
        ends: workshop.ends_at,
        now: rehearsal.now,
        quiet: member.organization.quiet_hours,
        promotes: vec![],
        steps: report.steps.iter().map(|step| step_of(member, step)).collect(),
        foot: format!("{} so far, as the stand-ins charge", rupees(report.cost().0)),
        aside: html! { p class="m-hint" { (report.sequence) } },
    }
}

fn step_of(member: &Member, step: &StepReport) -> PlanStep {
    let counts = &step.counts;
    let groups = step.channel == Channel::WhatsappGroup;
    let why: WhyNot = step.why.parse().unwrap_or_default();
    let fill = match step.state {
        RowState::Planned => Fill::Planned,
        RowState::Broadcast if counts.to_go > 0 => Fill::Sending,
        RowState::Broadcast => Fill::Done,
        RowState::Skipped if why.needs_somebody() => Fill::Blocked,
        RowState::Skipped | RowState::Missed if step.rounds > 0 => Fill::Done,
        RowState::Skipped | RowState::Cancelled | RowState::Missed => Fill::Skipped,
    };
    let went = counts.went();
    let ran = step.rounds > 0;
    let whom = match groups {
        _ if !ran => "nobody".to_owned(),
        true => counted(counts.planned, "group", "groups"),
        false => counted(went + counts.to_go, "person", "people"),
    };
    let mut parts = Vec::new();
    for (n, word) in [
        (counts.arrived, "arrived"),
        (counts.handed_over, "handed over"),
        (counts.failed, "failed"),
        (counts.unknown, "unknown"),
        (counts.ended, "too late"),
        (counts.skipped, "left out"),
        (counts.to_go, "to go"),
    ] {
        if n > 0 {
            parts.push(format!("{} {word}", grouped(n)));
        }
    }
    // Of a step that went to late ones only, each round is a later one.
    let later = if step.state == RowState::Skipped { step.rounds } else { step.rounds - 1 };
    if later > 0 {
        parts.push(counted(later, "later round", "later rounds"));
    }
    if step.before {
        parts.push("before the rehearsal".to_owned());
    }
    if parts.is_empty() {
        parts.push(words::why(why, &step.why_text));
    }
    PlanStep {
        id: format!("step-{}", step.key),
        due: step.due,
        until: step.until,
        when: step.due.map_or_else(|| "After each registration".to_owned(), |due| words::at(member, due)),
        offset: format!("useful until {}", member.organization.zone.moment(step.until, member.now)),
        mark: StepMark { channel: step.channel, fill },
        name: step.name.clone(),
        href: None,
        chip: if ran { words::chip_of_run(step.state, why) } else { words::chip(step.state, why) },
        count: if ran { grouped(went) } else { String::new() },
        whom: (whom, parts.join(", ")),
        cost: match (groups, ran) {
            (true, _) => ("free".to_owned(), String::new()),
            (false, true) => {
                (rupees(step.cost.0), if step.cost_known { String::new() } else { "estimate".to_owned() })
            }
            (false, false) => ("–".to_owned(), String::new()),
        },
        acts: html! {},
    }
}

/// Leads to the rehearsal from the plan's page.
pub(super) fn play_button(workshop: WorkshopId, sequence: Option<SequenceId>) -> Button {
    let to = match sequence {
        Some(sequence) => format!("{}?sequence={sequence}", rehearsal_href(workshop)),
        None => rehearsal_href(workshop),
    };
    Button::link("Play", to).icon(Icon::Play)
}
