//! `munadi send`: a whole broadcast without a browser: read a file, register its people, plan, send, account for everybody.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;
use compose::{Caller, Confirmation, Draft, ExcludedPerson, Refusal, Review, Timing, Wait};
use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::Channel,
    checks::Severity,
    group::PostPace,
    ids::{BroadcastId, ImportId, TagId},
    message::MessageState,
    time::{HOUR, MINUTE, Millis, WallClock},
};
use indicatif::{ProgressBar, ProgressStyle};
use intake::{Importer, Summary, read::Field};
use providers::registry;
use store::{Actor, Org, Organization, broadcasts::Broadcast, workshops::Workshop};

use super::{
    AlreadyReported, demo,
    import::{Top, open_words},
    pick::{pick_integration, pick_organisation, pick_template, pick_workshop},
    say, send_groups,
};
use crate::{
    app::App,
    config::Config,
    ui::{
        format::{self, counted, relative},
        words::{
            findings::{self, About},
            reasons,
        },
    },
};

/// What to send to whom.
#[derive(Args, Clone, Debug)]
pub struct SendCommand {
    /// CSV, TSV or XLSX with the people: they are registered and get it, with --yes. Left out, the people already registered get it
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The workshop's title, or the beginning of it
    #[arg(long)]
    workshop: String,
    /// The template's name
    #[arg(long, required_unless_present = "text")]
    template: Option<String>,
    /// Post in the groups of the workshop instead: all of them, or those whose names, or last digits of whose ids, are given with commas
    /// between them. A linked account posts; `--template` is one for groups, or `--text` says it
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["file", "people", "again"])]
    groups: Option<String>,
    /// What is posted in the groups; may hold {workshop_title}, {start_time}, {join_link} and the like
    #[arg(long, value_name = "TEXT", requires = "groups", conflicts_with = "template")]
    text: Option<String>,
    /// Seconds between two posts at least, where the account's own pauses are shorter: 10, 15, 30, 60, 120 or 300
    #[arg(long, value_name = "SECONDS", requires = "groups", value_parser = gap)]
    gap: Option<i64>,
    /// The channel, `personal` or `sms`, when templates of both have the name
    #[arg(long)]
    channel: Option<Channel>,
    /// The account's name, when there are several
    #[arg(long)]
    integration: Option<String>,
    /// The organisation's name, when there are several
    #[arg(long)]
    organisation: Option<String>,
    /// Minutes after which what has not gone out expires
    #[arg(long, default_value_t = 120)]
    pub(super) within_minutes: i64,
    /// Send without asking; without it the command only says what it would do
    #[arg(long)]
    pub(super) yes: bool,
    /// Send also to those who got a message for the same purpose before
    #[arg(long)]
    pub(super) again: bool,
    /// Who of them: `everyone`, `not-told`, `failed`, `no-receipt`, `not-read`, `in-no-group`, `left-group`, or `source:` and where they came from, or `tag:` and the
    /// tag of another workshop for which they are registered. Left out, whoever was not told yet; with --again everyone
    #[arg(long, value_name = "WHO", value_parser = who)]
    people: Option<Who>,
    /// The result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sends. Exit code 0 when everybody who could get it was handed over, 1 when the command failed, 2 when somebody was not reached,
/// 3 when the broadcast was paused.
pub async fn run(config: Config, command: SendCommand) -> anyhow::Result<u8> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let code = send(&app, &command).await;
    app.store.close().await;
    code
}

async fn send(app: &App, command: &SendCommand) -> anyhow::Result<u8> {
    demo::refuse(app).await?;
    let organisation = pick_organisation(app, command.organisation.as_deref()).await?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let workshop = pick_workshop(&org, &command.workshop).await?;
    if let Some(groups) = &command.groups {
        let caller = Caller::new(org, organisation, app.clock.now());
        let typed = send_groups::Typed {
            groups,
            text: command.text.as_deref(),
            template: command.template.as_deref(),
            gap_s: command.gap.unwrap_or(0),
        };
        return send_groups::send(app, caller, workshop, command, &typed).await;
    }
    let name = command.template.as_deref().unwrap_or_default();
    let template = pick_template(&org, name, command.channel).await?;
    let integration = pick_integration(&org, command.integration.as_deref(), template.channel).await?;
    if let Some(file) = &command.file {
        let summary = import(app, &org, &organisation, &workshop, file, command.yes).await?;
        if !command.json {
            say(registered(&summary, command.yes))?;
        }
        if !command.yes {
            bail!(
                "nobody was registered and nothing was sent; say --yes to do both, or register them with munadi import and look at the costs first"
            );
        }
        only_the_file(&org, &workshop, &summary, command).await?;
    }
    let now = app.clock.now();
    let caller = Caller::new(org, organisation, now);
    let deadline = now.plus(command.within_minutes.max(1) * MINUTE);
    let timing = Timing { start: now, deadline, unreadable: false };
    let mut draft = Draft::new(workshop, template, integration, timing)?;
    draft.audience = match &command.people {
        Some(Who::Said(audience)) => audience.clone(),
        Some(Who::Tagged(name)) => Audience::Tagged(tag_named(&caller.org, name).await?),
        None => {
            let tellings = caller.org.tellings(draft.workshop.id, &draft.template.purpose, TELLINGS).await?;
            let told = tellings.iter().any(|telling| telling.counts);
            if told && !command.again { Audience::NotTold } else { Audience::Registered }
        }
    };
    let opened = app.composer.open(&draft.account, Wait::Decision).await;
    let review = app.composer.review(&caller, draft, &opened, Wait::Decision).await?;
    let refusal = match told_before(&review, command, now) {
        Some(words) => Some(format!("nothing was sent: {words}")),
        None if !review.may_send() => Some(format!("nothing was sent: {}", obstacle(&caller, &review))),
        None if !command.yes => Some("nothing was sent; say --yes to send".to_owned()),
        None => None,
    };
    // Without `--yes` the people who are left out are listed; after sending they are on the broadcast's page.
    let left_out = if command.yes { Vec::new() } else { review.left_out(LEFT_OUT_SAID).await? };
    tell_review(&caller, &review, &left_out, command.json, refusal.as_deref())?;
    if let Some(words) = refusal {
        return Err(AlreadyReported(words).into());
    }
    let again = command.again.then_some(review.before.again);
    let confirmation = Confirmation { id: BroadcastId::new(now), named: None, again, knew: None };
    let id = match review.confirm(&caller, &confirmation).await {
        Ok(confirmed) => confirmed.id,
        Err(Refusal::ToldMeanwhile) => bail!(
            "nothing was sent: another broadcast for the same purpose was confirmed just now; look at it, and send again"
        ),
        Err(Refusal::BeingPrepared(_)) => bail!(
            "nothing was sent: another broadcast for the same purpose is being prepared; send again in a moment"
        ),
        Err(refusal) => return Err(refusal.into()),
    };
    // A server that runs on the same database sends as well; alone, this process does it.
    let sending = app.start_sending("send").await.ok();
    app.engine.wake(id);
    let broadcast = watch(app, &caller.org, id, command).await;
    if let Some(sending) = sending {
        sending.stop().await;
    }
    tell(&broadcast?, "people", command.json)
}

/// People who would not get it and are named.
const LEFT_OUT_SAID: usize = 20;

/// Broadcasts of a purpose that are looked at for one that told something.
const TELLINGS: i64 = 50;

/// Which people get the message, as far as the words of the flag tell.
#[derive(Clone, Debug)]
enum Who {
    /// People of this audience.
    Said(Audience),
    /// People who are registered for another workshop with the tag of this name.
    Tagged(String),
}

/// The tag of that name, whatever its letters' case.
async fn tag_named(org: &Org, name: &str) -> anyhow::Result<TagId> {
    let tags = org.tags().await?;
    if let Some(tag) = tags.iter().find(|tag| tag.name.to_lowercase() == name.to_lowercase()) {
        return Ok(tag.id);
    }
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    match names.is_empty() {
        true => bail!("there is no tag “{name}”, nor any other"),
        false => bail!("there is no tag “{name}”; there are {}", names.join(", ")),
    }
}

/// Who of the people, as it is typed.
fn gap(typed: &str) -> Result<i64, String> {
    let gap = typed.parse().ok().filter(|gap| PostPace::GAPS_S.contains(gap));
    gap.ok_or_else(|| format!("choose one of {}", PostPace::GAPS_S.map(|gap| gap.to_string()).join(", ")))
}

fn who(typed: &str) -> Result<Who, String> {
    let rest = |kind: &str| typed.strip_prefix(kind).map(str::trim).filter(|rest| !rest.is_empty());
    if let Some(tag) = rest("tag:") {
        return Ok(Who::Tagged(tag.to_owned()));
    }
    let said =
        match typed {
            "everyone" => Ok(Audience::Registered),
            "not-told" => Ok(Audience::NotTold),
            "failed" => Ok(Audience::Failed),
            "no-receipt" => Ok(Audience::NoReceipt { minutes: Audience::NO_RECEIPT_MINUTES }),
            "not-read" => Ok(Audience::NotRead),
            "attended" => Ok(Audience::Attended),
            "left-early" => Ok(Audience::LeftEarly),
            "absent" => Ok(Audience::Absent),
            "another-date" => Ok(Audience::AnotherDate),
            "in-no-group" => Ok(Audience::NoGroup),
            "left-group" => Ok(Audience::LeftGroup),
            _ => match rest("source:") {
                Some(source) => Ok(Audience::Source(source.to_owned())),
                None => Err("say everyone, not-told, failed, no-receipt, not-read, attended, left-early, absent, another-date, in-no-group, left-group, \
                             source:WHERE or tag:NAME"
                    .to_owned()),
            },
        };
    said.map(Who::Said)
}

/// Why whoever was told before keeps it from being sent; `None` where nobody gets it again, or somebody said so.
fn told_before(review: &Review, command: &SendCommand, now: Millis) -> Option<String> {
    let nobody_left = review.draft.audience == Audience::NotTold && review.audience.reachable == 0;
    let last =
        review.before.last.as_ref().filter(|_| nobody_left || (review.before.again > 0 && !command.again))?;
    let workshop = &review.draft.workshop.title;
    let (by, title, ago) = (&last.by, &last.title, relative(last.at.0, now.0));
    Some(match nobody_left {
        true => format!(
            "{by} confirmed “{title}” for “{workshop}” {ago}, and everybody got it or is getting it; say --again to send it to them again"
        ),
        false => format!(
            "{by} confirmed “{title}” for “{workshop}” {ago}, and {} would get it again; say --again to send it again",
            counted(review.before.again, "person", "people")
        ),
    })
}

/// The findings in words, errors first.
fn in_words(caller: &Caller, review: &Review) -> Vec<findings::Words> {
    let draft = &review.draft;
    let about = About {
        zone: &caller.organization.zone,
        now: caller.now,
        provider: registry::vendor(&draft.account.kind).map_or("The provider", |vendor| vendor.name()),
        account: &draft.account.name,
        kind: draft.message.category().word(),
    };
    review.findings.iter().map(|finding| findings::finding(finding, &about)).collect()
}

/// The first thing that stands in the way.
fn obstacle(caller: &Caller, review: &Review) -> String {
    in_words(caller, review)
        .into_iter()
        .next()
        .map_or(String::new(), |words| format!("{}. {}", words.title, words.why))
}

/// Who would get it, what it costs, and every finding that somebody should know; as JSON all of them.
fn tell_review(
    caller: &Caller,
    review: &Review,
    left_out: &[ExcludedPerson],
    json: bool,
    refusal: Option<&str>,
) -> anyhow::Result<()> {
    let (audience, draft) = (&review.audience, &review.draft);
    let words = in_words(caller, review);
    let found = || review.findings.iter().zip(&words);
    if json {
        let checks: Vec<serde_json::Value> = found()
            .map(|(finding, words)| {
                serde_json::json!({
                    "check": finding.id(), "severity": finding.severity(), "title": words.title, "why": words.why,
                    "people": finding.people().map(|(_, n)| n),
                })
            })
            .collect();
        let left_out: Vec<serde_json::Value> = left_out
            .iter()
            .map(|one| serde_json::json!({ "name": one.name, "phone": one.phone, "reason": one.reason.word() }))
            .collect();
        return say(serde_json::json!({
            "left_out": left_out, "would_get_it": audience.reachable, "registered": audience.total, "units": review.units,
            "cost_estimate": review.forecast.cost, "done_at": review.forecast.done_at, "may_send": review.may_send(),
            "checks": checks, "refused": refusal, "exit_code": refusal.map(|_| 1),
        }));
    }
    let unit = draft.template.channel.rules().unit;
    let units = unit.map_or(String::new(), |(one, many)| format!("{}, ", counted(review.units, one, many)));
    say(format_args!(
        "{} of {} people would get “{}” by {}, {units}about ₹{} (estimate).",
        audience.reachable, audience.total, draft.template.name, draft.account.name, review.forecast.cost
    ))?;
    for (finding, words) in found() {
        let grade = match finding.severity() {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Passed => continue,
        };
        say(format_args!("{grade}: {}. {}", words.title, words.why))?;
    }
    say_left_out(left_out, audience.total - audience.reachable)
}

/// Who would not get it, and why each.
fn say_left_out(people: &[ExcludedPerson], of: i64) -> anyhow::Result<()> {
    for one in people {
        let who = if one.name.is_empty() { format::phone(&one.phone) } else { one.name.clone() };
        let who = if who.is_empty() { "Somebody without a name" } else { &who };
        say(format_args!("  Left out: {who}: {}.", reasons::excluded(one.reason).title))?;
    }
    let more = of - i64::try_from(people.len()).unwrap_or(of);
    if more > 0 && !people.is_empty() {
        say(format_args!("  and {more} more."))?;
    }
    Ok(())
}

async fn import(
    app: &App,
    org: &Org,
    organisation: &Organization,
    workshop: &Workshop,
    file: &Path,
    register: bool,
) -> anyhow::Result<Summary> {
    let now = app.clock.now();
    let id = ImportId::new(now);
    let name =
        file.file_name().map_or_else(|| "people".to_owned(), |name| name.to_string_lossy().into_owned());
    let importer = Importer {
        org: org.clone(),
        clock: app.clock.clone(),
        home: organisation.country,
        zone: organisation.zone.clone(),
        file: file.to_owned(),
        phone_key: app.phone_key.clone(),
    };
    let sheet = importer.open(&name).await.with_context(|| format!("cannot read {}", file.display()))?;
    let Top { mut mapping, mut refused, .. } = Top::of(&sheet, &[], &[], false)?;
    // Who is told now does not depend on when they registered: nobody is asked how dates are meant.
    mapping.set(Field::RegisteredAt, None);
    drop(sheet);
    let mapping = importer.with_remembered(mapping).await?;
    org.add_import(id, workshop.id, &name, &file.display().to_string(), now).await?;
    let bar = ProgressBar::new_spinner().with_message("reading");
    let import = org.import(id).await?;
    let look = importer.check(&import, &mapping, |_| bar.tick()).await?;
    refused.extend(open_words(&look));
    if !refused.is_empty() {
        bar.finish_and_clear();
        bail!(
            "nobody was registered from {}: {}; import it first with munadi import",
            file.display(),
            refused.join("; ")
        );
    }
    if !register {
        bar.finish_and_clear();
        return Ok(look);
    }
    let import = org.import(id).await?;
    let summary = importer.commit(&import, |_| bar.tick()).await?;
    bar.finish_and_clear();
    Ok(summary)
}

/// What became of the rows of a file, or would.
fn registered(summary: &Summary, done: bool) -> String {
    if !done {
        return format!(
            "{} rows: {} can be registered, {} left out by their status, {} need a person.",
            summary.rows, summary.ready, summary.left_out, summary.bad
        );
    }
    format!(
        "{} rows: {} registered now, {} were registered before, {} left out by their status, {} need a person (see People, Imports).",
        summary.rows, summary.new, summary.already, summary.left_out, summary.bad
    )
}

/// Whoever names a file means its people. Where others are registered for the workshop too, somebody has to say that they are meant.
async fn only_the_file(
    org: &Org,
    workshop: &Workshop,
    summary: &Summary,
    command: &SendCommand,
) -> anyhow::Result<()> {
    let of_the_file = i64::try_from(summary.new + summary.already).unwrap_or(i64::MAX);
    let others = org.registrant_counts(workshop.id).await?.registered - of_the_file;
    if others <= 0 || command.people.is_some() {
        return Ok(());
    }
    bail!(
        "nothing was sent: besides the {of_the_file} of the file, {} registered for “{}”; say --people everyone or --people not-told to tell them too",
        counted(others, "person is", "people are"),
        workshop.title
    )
}

pub(super) async fn watch(
    app: &App,
    org: &Org,
    id: BroadcastId,
    command: &SendCommand,
) -> anyhow::Result<Broadcast> {
    let bar = if command.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} · {eta} left · {msg}")?);
    let last = app.clock.now().plus(command.within_minutes.max(1) * MINUTE + HOUR);
    loop {
        let broadcast = org.broadcast(id).await?;
        let open = broadcast.in_state(MessageState::Waiting) + broadcast.in_state(MessageState::InFlight);
        // While it is being planned there is nothing to fill.
        bar.set_length(u64::try_from(broadcast.planned).unwrap_or(0).max(1));
        bar.set_position(u64::try_from(broadcast.planned - open).unwrap_or(0));
        bar.set_message(broadcast.status.title());
        let ended = matches!(
            broadcast.status,
            BroadcastStatus::Completed | BroadcastStatus::Cancelled | BroadcastStatus::Paused
        );
        if ended && broadcast.in_state(MessageState::InFlight) == 0 {
            bar.finish_and_clear();
            return Ok(broadcast);
        }
        if app.clock.now() > last {
            bail!("the broadcast did not end in time; it goes on as soon as a server runs");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The sum, to the last person.
pub(super) fn tell(broadcast: &Broadcast, whom: &str, json: bool) -> anyhow::Result<u8> {
    let states: Vec<(MessageState, i64)> = MessageState::ALL
        .iter()
        .map(|state| (*state, broadcast.in_state(*state)))
        .filter(|(_, n)| *n > 0)
        .collect();
    if json {
        let counts: serde_json::Map<String, serde_json::Value> =
            states.iter().map(|(state, n)| (state.word().to_owned(), (*n).into())).collect();
        say(serde_json::json!({
            "broadcast": broadcast.id, "status": broadcast.status, "planned": broadcast.planned, "counts": counts,
            "stop_code": broadcast.stop_code, "stop_text": broadcast.stop_text,
        }))?;
    } else {
        let parts: Vec<String> =
            states.iter().map(|(state, n)| format!("{n} {}", state.title().to_lowercase())).collect();
        say(format_args!("{} {whom} = {}", broadcast.planned, parts.join(" + ")))?;
        if broadcast.status == BroadcastStatus::Paused {
            say(format_args!("Paused: {}", broadcast.stop_text))?;
        }
    }
    let missed =
        [MessageState::Failed, MessageState::Unknown, MessageState::Expired, MessageState::Cancelled];
    Ok(match broadcast.status {
        BroadcastStatus::Paused => 3,
        _ if missed.iter().any(|state| broadcast.in_state(*state) > 0) => 2,
        _ => 0,
    })
}
