//! A house that has grown: searches over a large base, and a million messages going out while people search, export and back up.

mod base;
pub(super) mod helpers;
mod pressed;

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use clap::{Args, ValueEnum};
use domain::{
    broadcast::Audience,
    time::{HOUR, WallClock},
    told::Purpose,
};
use store::told::Selection;

use super::{Board, pages, process, say, seconds};
use crate::{app::App, config::Config};

pub(crate) use helpers::Part;
pub(super) use helpers::be;

/// How large the grown house is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Growth {
    /// With growth: people that there are already
    #[arg(long, default_value_t = 1_000_000)]
    base_people: usize,
    /// With growth: workshops that they registered for
    #[arg(long, default_value_t = 200)]
    base_workshops: usize,
    /// With growth: messages that they were sent
    #[arg(long, default_value_t = 5_000_000)]
    base_messages: usize,
    /// With growth: people of each broadcast that is measured
    #[arg(long, default_value_t = 1_000_000)]
    going_out: usize,
    /// With growth: what there is beside the measured broadcasts, to see what each costs
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Press::Searches, Press::Exports, Press::Backup, Press::Undo])]
    pub(super) beside: Vec<Press>,
    /// One of bench's own processes
    #[arg(long, hide = true)]
    pub(super) part: Option<Part>,
}

/// What goes on beside the measured broadcasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Press {
    /// Four searches that find nobody
    Searches,
    /// Two exports
    Exports,
    /// A backup by the command
    Backup,
    /// An import that is taken back
    Undo,
}

/// Makes the base, searches it, and sends beside others' work.
pub(super) async fn run(
    mut config: Config,
    growth: &Growth,
    pairs: usize,
    board: &mut Board,
) -> anyhow::Result<()> {
    let vendor = helpers::Vendor::start().await?;
    config.providers = providers::Urls::all_at(&vendor.url);
    let app = App::open(config.clone(), Arc::new(WallClock)).await?;
    if app.store.access().has_users().await? {
        anyhow::bail!("the database is not empty; bench wants a fresh one");
    }
    let base = base::make(&app, growth, board).await?;
    search(&app, &base, board).await?;
    visits(&app, &base, board).await?;
    pressed::run(&app, &base, (pairs, &growth.beside), &vendor, board).await?;
    // The server proves what rests, one broadcast after the other.
    let start = Instant::now();
    let later = app.clock.now().plus(HOUR);
    while app.engine.work().prove_next(later).await?.is_some() {}
    board.note("growth: every count proven, which a server does while it runs", seconds(start), "s", None)?;
    app.store.close().await;
    quick_doctor(&config, board)?;
    process::run(&config, board).await?;
    vendor.stop().await
}

/// The command as a monitor runs it.
fn quick_doctor(config: &Config, board: &mut Board) -> anyhow::Result<()> {
    let start = Instant::now();
    let ended = Command::new(std::env::current_exe()?)
        .args(["doctor", "--quick", "--json", "--log", "error"])
        .arg("--data")
        .arg(&config.data)
        .env("MUNADI_DATABASE_URL", &config.database)
        .stdin(Stdio::null())
        .output()?;
    let took = seconds(start);
    anyhow::ensure!(
        ended.status.success(),
        "the quick doctor found: {}",
        String::from_utf8_lossy(&ended.stdout)
    );
    board.note("growth: doctor --quick", took, "s", Some(('≤', 2.0)))
}

/// The pages that are opened most, with all of it behind them, and the counts of the people chooser.
async fn visits(app: &App, base: &base::Base, board: &mut Board) -> anyhow::Result<()> {
    let cookie = pages::session(app).await?;
    let person = pages::leads_to(app, &format!("/people/number/{}", base.somebodys_digits), &cookie).await?;
    let visited = [
        ("growth: home page, server time", format!("/?channel=personal&workshop={}", base.usual)),
        ("growth: workshop page, server time", format!("/workshops/{}", base.usual)),
        ("growth: broadcast page, server time", format!("/broadcasts/{}", base.broadcast)),
        ("growth: person page, server time", person),
    ];
    for (name, path) in visited {
        board.note(name, pages::median_ms(app, &path, &cookie).await?, "ms", Some(('≤', 20.0)))?;
    }
    let everyone = Selection::everyone(base.chosen, Purpose::default(), app.clock.now());
    let reader = base.stage.org.audience_reader();
    let start = Instant::now();
    let told = reader.told(&everyone).await?;
    reader.count(&everyone.of(Audience::Since(app.clock.now().plus(-HOUR)))).await?;
    reader.sources(base.chosen, 5).await?;
    let took = seconds(start) * 1_000.0;
    anyhow::ensure!(told.everyone == base::CHOSEN as i64, "{told:?} of {} people", base::CHOSEN);
    board.note("growth: counts of the people chooser, 20,000 registrants", took, "ms", Some(('≤', 100.0)))
}

/// Every list is searched for what one person has, what many have, and what nobody has; the slowest of each kind is held against the bar.
async fn search(app: &App, base: &base::Base, board: &mut Board) -> anyhow::Result<()> {
    let cookie = pages::session(app).await?;
    let bar = if app.store.is_shared() { 100.0 } else { 50.0 };
    let (one, many) = (format!("person{}", base.somebody), format!("{} na", base.somebodys_ending));
    let beginning = &base.somebodys_beginning;
    let hits =
        [one.as_str(), &base.somebodys_ending, "as", "ra na", &beginning[..2], &beginning[..4], &many, "राज"];
    let misses = ["zzqx", "asha zzqx", "na zzqx", "+44 7400 999", "example zzqx"];
    let workshop = format!("/workshops/{}", base.large);
    let broadcast = format!("/broadcasts/{}", base.broadcast);
    let lists = [
        ("People", "/people"),
        ("Registrants of a workshop", &workshop),
        ("Recipients of a broadcast", &broadcast),
        ("Opted out", "/people/opted-out"),
    ];
    for (kind, texts) in [("search, hit", &hits[..]), ("search, miss", &misses[..])] {
        let mut slowest: f64 = 0.0;
        for (list, path) in lists {
            for text in texts {
                let address = format!("{path}?q={}", crate::ui::format::form_value(text));
                let ms = pages::median_ms(app, &address, &cookie).await?;
                board.remark(format_args!("{kind}: {list}, “{text}”: {ms:.1} ms"))?;
                slowest = slowest.max(ms);
            }
        }
        let name = if texts.len() == hits.len() {
            "search, hit: the slowest page of all lists"
        } else {
            "search, miss: the slowest page of all lists"
        };
        board.note(name, slowest, "ms", Some(('≤', bar)))?;
    }
    Ok(())
}
