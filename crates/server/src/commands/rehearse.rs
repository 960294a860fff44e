//! `munadi rehearse`: plays a workshop's plan on the stand-ins and says what would go out.

use std::{fmt::Write as _, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use compose::Caller;
use domain::{
    rehearsal::{RehearsalState, Trouble, Turnout, Weather},
    sequence::WhyNot,
    time::{Millis, WallClock, Zone},
};
use serde_json::json;
use store::{Actor, Org, attendance::AttendanceReport, workshops::Workshop};

use super::{
    pick::{pick_organisation, pick_workshop},
    say,
    sequence::named,
};
use crate::{
    app::App,
    config::Config,
    play::{self, Report, Request, Script},
    ui::words::steps,
};

/// Messages that are listed at once.
const ROWS: i64 = 1_000;

/// A rehearsal.
#[derive(Args, Clone, Debug)]
pub struct RehearseCommand {
    /// The workshop's title, or the beginning of it
    #[arg(long)]
    pub workshop: String,
    /// The organisation's name, when there are several
    #[arg(long)]
    pub organisation: Option<String>,
    /// The sequence to play where none was run; left out, the one that the workshop's tag carries
    #[arg(long)]
    pub sequence: Option<String>,
    /// How the providers are: good or usual
    #[arg(long, default_value = "good")]
    pub day: String,
    /// What goes wrong: none, silent, down, busy or off
    #[arg(long, default_value = "none")]
    pub trouble: String,
    /// From when, in the organisation's zone: 2026-10-13T18:00
    #[arg(long)]
    pub from: Option<String>,
    /// For so many minutes
    #[arg(long, default_value_t = 15)]
    pub minutes: i64,
    /// Of 100 people so many attend, where steps go by who attended and no report says it
    #[arg(long, default_value_t = Turnout::default().attend)]
    pub attend: i64,
    /// Of these 100 so many leave before the end; left out, 10, but no more than attend
    #[arg(long)]
    pub leave_early: Option<i64>,
    /// List every message: when, whom, channel, state, cost, text
    #[arg(long)]
    pub list: bool,
    /// The result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: RehearseCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = obey(&app, &command).await;
    app.store.close().await;
    say(done?)
}

/// Plays it; what is to be said.
///
/// # Errors
/// When something that was named is not there, or it is refused.
pub async fn obey(app: &App, command: &RehearseCommand) -> anyhow::Result<String> {
    let organisation = pick_organisation(app, command.organisation.as_deref()).await?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let workshop = pick_workshop(&org, &command.workshop).await?;
    let caller = Caller::new(org, organisation, app.clock.now());
    let script = script(command, &workshop, &caller.organization.zone)?;
    let sequence = match (&command.sequence, &workshop.tag) {
        (Some(name), _) => Some(named(&caller.org, name).await?.id),
        (None, Some(tag)) => caller.org.tag_sequence(tag.id).await?,
        (None, None) => None,
    };
    let begun = play::begin(&caller, &workshop, Request { script, sequence }, app.clock.now()).await?;
    let report = play::play(app, begun, |_, _| {}).await;
    let kept = caller.org.rehearsal_of(workshop.id).await?.context("the rehearsal is gone")?;
    if kept.state == RehearsalState::Failed {
        bail!("the rehearsal did not come to its end: {}", kept.why);
    }
    let copy = play::open(app, &caller, &kept).await?.context("the rehearsal left nothing")?;
    let said = if command.json {
        whole(&caller, &workshop, &report, &copy, kept.from, command.list).await?
    } else {
        in_words(&caller, &workshop, &report, &copy, kept.from, command.list).await?
    };
    Ok(said)
}

fn script(command: &RehearseCommand, workshop: &Workshop, zone: &Zone) -> anyhow::Result<Script> {
    let weather: Weather = command.day.parse()?;
    let trouble: Trouble = command.trouble.parse()?;
    let from = match &command.from {
        Some(from) => zone.parse_local(from)?,
        None => workshop.starts_at.plus(-domain::time::HOUR),
    };
    if !(1..=play::MINUTES_MAX).contains(&command.minutes) {
        bail!("--minutes lies between 1 and {}", play::MINUTES_MAX);
    }
    let usual = Turnout::default().leave_early.min(command.attend);
    let turnout = Turnout { attend: command.attend, leave_early: command.leave_early.unwrap_or(usual) };
    Ok(Script { weather, trouble, from, minutes: command.minutes, turnout: turnout.check()? })
}

async fn in_words(
    caller: &Caller,
    workshop: &Workshop,
    report: &Report,
    copy: &Org,
    from: Millis,
    list: bool,
) -> anyhow::Result<String> {
    let zone = &caller.organization.zone;
    let at = |at: Millis| zone.moment(at, caller.now).replace('\u{a0}', " ");
    let (counts, mut said) = (report.counts(), String::new());
    writeln!(said, "“{}” for “{}”, played on stand-ins. Nothing was sent.", report.sequence, workshop.title)?;
    for step in &report.steps {
        let when = step.due.map_or_else(|| "after each registration".to_owned(), at);
        let n = &step.counts;
        write!(said, "{} · {when} · {} · {}", step.key, step.channel.title(), steps::state(step.state))?;
        if n.planned > 0 {
            write!(
                said,
                " · {} went, {} arrived, {} failed, {} unknown, {} too late, {} left out · ₹{}",
                n.went(),
                n.arrived,
                n.failed,
                n.unknown,
                n.ended,
                n.skipped,
                step.cost
            )?;
        }
        let why: WhyNot = step.why.parse().unwrap_or_default();
        if why != WhyNot::Nothing {
            write!(said, " · {}", steps::why_not(why).title)?;
        }
        writeln!(said, "{}", if step.before { " · before the rehearsal" } else { "" })?;
    }
    if let Some(report) = attendance(copy, workshop).await? {
        let (attended, early, absent) = (report.attended, report.left_early, report.absent);
        writeln!(said, "Supposed: {attended} attended, {early} of them left early, {absent} did not come.")?;
    }
    for ladder in &report.ladders {
        writeln!(
            said,
            "Reach ladder {}: {} of {} reached · ₹{} · {} left out for cost",
            ladder.key, ladder.reached, ladder.people, ladder.cost, ladder.over_cap
        )?;
    }
    if list {
        for row in rows(copy, workshop, from).await? {
            let text = row.text.replace('\n', " ");
            writeln!(
                said,
                "{} · {} {} · {} · {} · {text}",
                at(row.at),
                row.name,
                row.phone,
                row.title,
                row.state
            )?;
        }
    }
    write!(said, "{} messages, ₹{}", counts.went(), report.cost())?;
    Ok(said)
}

async fn whole(
    caller: &Caller,
    workshop: &Workshop,
    report: &Report,
    copy: &Org,
    from: Millis,
    list: bool,
) -> anyhow::Result<String> {
    let zone = &caller.organization.zone;
    let messages = if list { rows(copy, workshop, from).await? } else { Vec::new() };
    let each: Vec<_> = messages
        .iter()
        .map(|row| {
            json!({ "when": zone.rfc3339(row.at), "name": row.name, "phone": row.phone, "step": row.title, "state": row.state, "text": row.text })
        })
        .collect();
    let mut said = json!({
        "workshop": workshop.title, "sequence": report.sequence, "counts": report.counts(), "cost": report.cost(), "steps": report.steps,
        "ladders": report.ladders,
        "attendance": attendance(copy, workshop).await?.map(|report| json!({
            "attended": report.attended, "left_early": report.left_early, "absent": report.absent,
        })),
    });
    if list {
        said["messages"] = json!(each);
    }
    Ok(serde_json::to_string_pretty(&said)?)
}

/// Who attended by the report that the rehearsal made up; `None` where it made none.
async fn attendance(copy: &Org, workshop: &Workshop) -> anyhow::Result<Option<AttendanceReport>> {
    let report = copy.attendance_report(workshop.id).await?;
    Ok(report.filter(|report| report.file_name == play::REPORT))
}

/// A message in words.
struct Row {
    at: Millis,
    name: String,
    phone: String,
    title: String,
    state: &'static str,
    text: String,
}

async fn rows(copy: &Org, workshop: &Workshop, from: Millis) -> anyhow::Result<Vec<Row>> {
    let mut all = Vec::new();
    loop {
        let skip = i64::try_from(all.len())?;
        let page = copy.played(workshop.id, from, &[], (skip, ROWS)).await?;
        let more = page.len() as i64 == ROWS;
        all.extend(page.into_iter().map(|message| Row {
            at: message.at,
            text: play::text_of(&message),
            name: message.name,
            phone: message.recipient,
            title: message.title,
            state: message.state.word(),
        }));
        if !more {
            all.reverse();
            return Ok(all);
        }
    }
}
