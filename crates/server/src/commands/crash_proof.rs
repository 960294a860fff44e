//! `munadi crash-proof` starts the real program on a fresh store, kills it with SIGKILL in the middle of sends again
//! and again, and counts what every phone really got.

pub(super) mod calls;
mod fleet;
pub(crate) mod groups;
mod ladders;
mod steps;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::Channel,
    ids::BroadcastId,
    message::MessageState,
    pace::Pace,
    sequence::RUNGS_MAX,
    template::Message,
    time::{HOUR, Millis, WallClock},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sandbox::{Sandbox, registry::FACES};
use serde::Serialize;
use store::{Org, Store, broadcasts::Broadcast, messages::MessageFilter, told::Selection};

pub(super) use self::fleet::start;
use self::fleet::{Fleet, one_of};
use super::{demo::stand_in, say};
use crate::{
    app::App,
    config::Config,
    rehearsal::{Stage, crowd, sms_templates, templates},
};

/// How often, and on which store.
#[derive(Args, Clone, Debug)]
pub struct CrashProof {
    /// How often the program is killed in the middle of sends
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Processes on the database, all started at once; more than one needs PostgreSQL. Each kill takes one of them, every third all
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=8))]
    processes: u64,
    /// People at least
    #[arg(long, default_value_t = 0)]
    people: u64,
    /// Steps of plans instead of one broadcast: so many workshops, each with a step that is due in the same minute
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=2_000))]
    workshops: u64,
    /// A reach ladder of so many rungs instead of one broadcast, a minute apart, which may cost about half of what all of them would
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=RUNGS_MAX as u64), conflicts_with = "workshops")]
    rungs: u64,
    /// With workshops: a command that stops the database and starts it again, run amid the kills
    #[arg(long, value_name = "COMMAND", requires = "workshops")]
    restart_with: Option<String>,
    /// How often that command is run
    #[arg(long, default_value_t = 3)]
    restarts: u64,
    /// What is sent
    #[arg(long, value_enum, default_value_t = What::Whatsapp)]
    channel: What,
    /// Of a post in groups the gateway, of calls the provider, by the word of its vendor, or its number from 1 on; left out, the first
    #[arg(long, value_name = "VENDOR")]
    gateway: Option<String>,
    /// Seed of the moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// What is sent while the program is killed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A WhatsApp message for each person
    Whatsapp,
    /// An SMS for each person
    Sms,
    /// One SMS for all, many numbers in one request
    SmsBatch,
    /// A post in each group, by a linked account
    Group,
    /// A call to each person
    Ivr,
}

impl What {
    fn message(self) -> anyhow::Result<Message> {
        Ok(match self {
            What::Whatsapp => templates().swap_remove(1).1.into(),
            What::Sms => sms_templates()?.swap_remove(0).1.into(),
            What::SmsBatch => sms_templates()?.swap_remove(1).1.into(),
            What::Group => Message::Group(domain::post::GroupPost::of_text("Proof")),
            What::Ivr => calls::script().into(),
        })
    }

    /// Rows that one call can leave unknown.
    fn rows_per_call(self) -> u64 {
        match self {
            What::Whatsapp | What::Sms | What::Group | What::Ivr => 1,
            What::SmsBatch => BATCH,
        }
    }

    /// People who outlast so many kills.
    fn people_for(self, kills: u64) -> u64 {
        let people = kills * PEOPLE_PER_KILL + 300;
        match self {
            What::Whatsapp | What::Sms | What::Group => people,
            // A kill leaves up to a hundred of them unknown, which are asked about and never called again.
            What::Ivr => kills * 200,
            What::SmsBatch => people * 20,
        }
    }

    /// Calls per second of the rehearsal, so that enough of them are under way at every moment.
    fn per_second(self) -> i64 {
        match self {
            What::Whatsapp | What::Sms | What::Group | What::Ivr => PER_SECOND,
            What::SmsBatch => PER_SECOND / 10,
        }
    }
}

/// What was counted.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Kills in the middle of sends.
    pub kills: u64,
    /// Recipients planned.
    pub planned: i64,
    /// Phones that got the message exactly once.
    pub once: u64,
    /// Phones that got it more than once. Must be 0.
    pub twice: u64,
    /// People whom the ledger calls told, or perhaps told. Must be those who got it, and those of whom nobody knows.
    /// Nothing for posts in groups, which tell nobody in person.
    pub told: Option<i64>,
    /// People whom the ledger calls not told, or failed, and whose phones got it all the same. Must be 0.
    pub told_and_not_known: u64,
    /// Recipients that got nothing although their row does not say that this may be. Must be 0.
    pub lost: u64,
    /// Rows whose fate nobody knows: at most those of the calls in flight at each kill.
    pub unknown: u64,
    /// Of these, phones that did get it.
    pub unknown_but_arrived: u64,
    /// Most calls that were under way at once.
    pub in_flight_max: u64,
    /// Rows that one call carries at most.
    pub rows_per_call: u64,
    /// Rows whose kept counts differ from their count. Must be 0.
    pub differences: usize,
}

impl Verdict {
    fn holds(&self) -> bool {
        let accounted = self.once + self.lost + (self.unknown - self.unknown_but_arrived);
        self.twice == 0
            && self.lost == 0
            && self.differences == 0
            && self.told_and_not_known == 0
            && self.unknown <= self.in_flight_max.max(1) * self.rows_per_call * self.kills
            && i64::try_from(accounted) == Ok(self.planned)
            && self.told.is_none_or(|told| i64::try_from(accounted - self.lost) == Ok(told))
    }
}

/// Numbers of one call where the text is the same for all: what the stand-in's account is set up with.
const BATCH: u64 = 100;
/// People per kill: at [`PER_SECOND`] more than one life of the program can send.
const PEOPLE_PER_KILL: u64 = 130;
/// Pace of the rehearsal: enough calls in flight at every moment, and a broadcast that outlasts the kills.
const PER_SECOND: i64 = 500;
/// As many calls at once as there are people.
const UNHURRIED: i64 = 1_000_000;

/// Runs the proof; fails when it does not hold.
pub async fn run(mut config: Config, database_given: bool, args: CrashProof) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("munadi-crash-proof-{}", std::process::id()));
    config.data.clone_from(&folder);
    config.key_file = folder.join("munadi.key");
    if !database_given {
        config.database = format!("sqlite:{}", folder.join("munadi.db").display());
    }
    if args.workshops > 0 || args.rungs > 0 {
        let proved = prove_plans(&config, &args).await;
        let _ = std::fs::remove_dir_all(&folder);
        return proved;
    }
    let result = prove(&config, &args).await;
    // The folder is this run's own; a PostgreSQL database is the caller's.
    let _ = std::fs::remove_dir_all(&folder);
    let verdict = result?;
    if args.json {
        say(serde_json::to_string(&verdict)?)?;
    } else {
        tell(&verdict)?;
    }
    if !verdict.holds() {
        bail!("the proof does not hold");
    }
    Ok(())
}

fn tell(v: &Verdict) -> anyhow::Result<()> {
    say(format_args!("killed in the middle of sends  {}", v.kills))?;
    say(format_args!("planned                        {}", v.planned))?;
    say(format_args!("got exactly once               {}", v.once))?;
    if let Some(told) = v.told {
        say(format_args!("told, as the ledger has it     {told}"))?;
    }
    say(format_args!("got twice                      {}", v.twice))?;
    say(format_args!("lost                           {}", v.lost))?;
    say(format_args!(
        "unknown                        {} ({} of them did arrive; at most {} calls were in flight at once)",
        v.unknown, v.unknown_but_arrived, v.in_flight_max
    ))?;
    say(format_args!("counts that differ from rows   {}", v.differences))
}

impl CrashProof {
    /// The gateway by which posts go, or the provider that places calls.
    fn gateway(&self) -> anyhow::Result<String> {
        let channel = match self.channel {
            What::Ivr => Channel::IvrCall,
            What::Whatsapp | What::Sms | What::SmsBatch | What::Group => Channel::WhatsappGroup,
        };
        let wanted = self.gateway.as_deref().unwrap_or("1");
        let Ok(nth) = wanted.parse::<usize>() else { return Ok(wanted.to_owned()) };
        let vendor = providers::registry::serving(channel).nth(nth.saturating_sub(1));
        let vendor = vendor.with_context(|| format!("no {nth}. vendor serves {}", channel.title()))?;
        Ok(vendor.kind().to_owned())
    }
}

/// Registers the people, and confirms what is sent to them.
async fn confirm(
    stage: &Stage,
    workshop: domain::ids::WorkshopId,
    args: &CrashProof,
    now: Millis,
) -> anyhow::Result<BroadcastId> {
    let people = args.channel.people_for(args.kills).max(args.people);
    let people = usize::try_from(people)?;
    stage.register(workshop, crowd(people, now), now).await?;
    stage.confirm(workshop, "Proof", &args.channel.message()?, now, now.plus(20 * HOUR), now).await
}

/// A stand-in that is slow enough for kills to meet calls under way, and an installation on it without anybody.
async fn stand(config: &Config, args: &CrashProof) -> anyhow::Result<(Sandbox, Config, App)> {
    let mut stand = sandbox::Config { keep_text: false, seed: args.seed, ..sandbox::Config::default() };
    stand.faults.latency_ms = 15;
    stand.faults.jitter_ms = 45;
    stand.faults.receipts.mode = sandbox::faults::ReceiptMode::Off;
    // A number that is written to twice is to be seen, not refused; an empty wallet would pause the broadcast for good.
    for face in FACES {
        face.unhindered(&mut stand);
    }
    let rings = args.channel == What::Ivr;
    let sandbox =
        if rings { calls::phones(stand, calls::SPEED).await? } else { Sandbox::start(stand).await? };
    let mut config = config.clone();
    if rings {
        // Phones ask whichever life of the program there is.
        config.listen = calls::free_address()?;
        config.public_url = format!("http://{}", config.listen);
    }
    config.providers = stand_in(&sandbox);
    let app = App::open(config.clone(), Arc::new(WallClock)).await?;
    if app.store.access().has_users().await? {
        bail!("the database is not empty; crash-proof wants a fresh one");
    }
    Ok((sandbox, config, app))
}

async fn prove_plans(config: &Config, args: &CrashProof) -> anyhow::Result<()> {
    let (sandbox, config, app) = stand(config, args).await?;
    let proved = match args.rungs {
        0 => steps::run(&config, &app, &sandbox, args).await,
        _ => ladders::run(&config, &app, &sandbox, args).await,
    };
    app.store.close().await;
    sandbox.stop().await;
    proved
}

async fn prove(config: &Config, args: &CrashProof) -> anyhow::Result<Verdict> {
    let mut rng = SmallRng::seed_from_u64(args.seed);
    let (sandbox, config, app) = stand(config, args).await?;
    let rings = args.channel == What::Ivr;
    let now = app.clock.now();
    let mut stage = Stage::set_up(
        &app,
        "Crash Proof",
        "Proof",
        "proof@example.com",
        Pace { per_second: args.channel.per_second(), per_day: 0 },
    )
    .await?;
    if rings {
        let provider = args.gateway()?;
        calls::connect(&app, &mut stage, &sandbox, (&provider, args.channel.per_second(), UNHURRIED), now)
            .await?;
    }
    let workshop = stage.workshop("Rehearsal", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    let broadcast = if args.channel == What::Group {
        let kind = args.gateway()?;
        {
            let size = groups::Size::for_kills(args.kills);
            groups::confirm(&app, &stage, &sandbox, (&kind, size), workshop, now).await?
        }
    } else {
        confirm(&stage, workshop, args, now).await?
    };
    let bar = indicatif::ProgressBar::new(args.kills);
    let mut kills = 0;
    let mut fleet = Fleet::start(&config, args.processes, rings)?;
    while kills < args.kills {
        if !sending_again(&sandbox, &mut fleet, &stage.org, (broadcast, rings)).await? {
            break;
        }
        let moment = rng.random_range(5..220);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let all = args.processes > 1 && kills % 3 == 2;
        let victims = if all { 0..args.processes } else { one_of(args.processes, &mut rng) };
        kills += fleet.replace(&config, victims, rings)?;
        bar.set_position(kills);
    }
    bar.finish_and_clear();
    let truth = until_done(&app.store, &stage, broadcast, rings).await;
    if rings {
        calls::quiet(&sandbox).await;
    }
    drop(fleet);
    let verdict = count(&app, &stage, &sandbox, truth?, kills, args).await?;
    app.store.close().await;
    sandbox.stop().await;
    Ok(verdict)
}

/// Waits until something was sent since the last kill; `false` when nothing is left to send. The first life plans before that.
async fn sending_again(
    sandbox: &Sandbox,
    fleet: &mut Fleet,
    org: &Org,
    (id, rings): (BroadcastId, bool),
) -> anyhow::Result<bool> {
    let before = sandbox.world().len();
    for look in 0..30_000 {
        if sandbox.world().len() > before {
            return Ok(true);
        }
        fleet.check()?;
        if look % 100 == 0 {
            let broadcast = org.broadcast(id).await?;
            if broadcast.status == BroadcastStatus::Completed || rings && calls::all_placed(&broadcast) {
                return Ok(false);
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    bail!("the program was started and sent nothing for a minute")
}

/// Calls that are under way may go on: of them it is enough that all were placed.
async fn until_done(store: &Store, stage: &Stage, id: BroadcastId, rings: bool) -> anyhow::Result<Broadcast> {
    let org = store.org(stage.org.actor().clone());
    for _ in 0..12_000 {
        let broadcast = org.broadcast(id).await?;
        if broadcast.status == BroadcastStatus::Completed || rings && calls::all_placed(&broadcast) {
            return Ok(broadcast);
        }
        if broadcast.status == BroadcastStatus::Paused {
            bail!("the broadcast was paused: {}", broadcast.stop_text);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the broadcast did not end within ten minutes")
}

/// What the told ledger says of the broadcast's purpose: how many it calls told, and how many of the others have it on their phones.
async fn told_by_the_ledger(
    stage: &Stage,
    sandbox: &Sandbox,
    truth: &Broadcast,
    now: Millis,
) -> anyhow::Result<(i64, u64)> {
    let purpose = stage.org.told_purpose(truth.id).await?;
    let everyone = Selection::everyone(truth.workshop, purpose, now);
    let reader = stage.org.audience_reader();
    let mut not_known = 0;
    for audience in [Audience::NotTold, Audience::Failed] {
        let people =
            reader.selected(&everyone.of(audience), &Default::default(), truth.planned.max(1)).await?;
        let got = people.iter().filter(|person| sandbox.world().count(&person.phone) > 0);
        not_known += got.count() as u64;
    }
    Ok((reader.told(&everyone).await?.told, not_known))
}

async fn count(
    app: &App,
    stage: &Stage,
    sandbox: &Sandbox,
    truth: Broadcast,
    kills: u64,
    args: &CrashProof,
) -> anyhow::Result<Verdict> {
    let summary = sandbox.world().summary();
    let (told, told_and_not_known) = match args.channel {
        What::Group => (None, 0),
        What::Whatsapp | What::Sms | What::SmsBatch | What::Ivr => {
            let (told, not_known) = told_by_the_ledger(stage, sandbox, &truth, app.clock.now()).await?;
            (Some(told), not_known)
        }
    };
    let mut verdict = Verdict {
        kills,
        planned: truth.planned,
        told,
        told_and_not_known,
        once: 0,
        twice: 0,
        lost: 0,
        unknown: 0,
        unknown_but_arrived: 0,
        in_flight_max: summary.in_flight_max,
        rows_per_call: args.channel.rows_per_call(),
        differences: app.engine.work().differences().await?.len(),
    };
    let mut after = 0;
    loop {
        let page = stage.org.messages(truth.id, &MessageFilter::default(), after, 2_000).await?;
        let Some(last) = page.last() else { break };
        after = last.message.position;
        for row in &page {
            let unknown = row.state == MessageState::Unknown;
            verdict.unknown += u64::from(unknown);
            let got = match args.channel {
                What::Group => groups::network(sandbox, &args.gateway()?)?.posts(&row.recipient).len(),
                What::Whatsapp | What::Sms | What::SmsBatch | What::Ivr => {
                    sandbox.world().count(&row.recipient)
                }
            };
            match got {
                0 if unknown => {}
                0 => verdict.lost += 1,
                1 => {
                    verdict.once += 1;
                    verdict.unknown_but_arrived += u64::from(unknown);
                }
                _ => verdict.twice += 1,
            }
        }
    }
    Ok(verdict)
}
