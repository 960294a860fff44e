//! `munadi bench`: how fast, beside the raw rate of the same HTTP client in the same run, on this machine. Prints what is reached,
//! as it is. Meant for a release build.

mod calls;
mod first_call;
mod flood;
mod groups;
mod growth;
mod imports;
mod pages;
mod plans;
mod poster;
mod process;
mod receipts;
mod sends;

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::bail;
use clap::Args;
use domain::time::WallClock;
use providers::Urls;

use super::say;
use crate::{
    app::App,
    config::{Config, Flags},
};

/// What is measured, and how large.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    /// People of the large broadcast
    #[arg(long, default_value_t = 1_000_000)]
    people: usize,
    /// People of the small one, for the cost per message
    #[arg(long, default_value_t = 10_000)]
    few: usize,
    /// Calls of the raw client
    #[arg(long, default_value_t = 200_000)]
    raw: usize,
    /// People who get a text of their own
    #[arg(long, default_value_t = 20_000)]
    texts: usize,
    /// Receipts posted
    #[arg(long, default_value_t = 50_000)]
    receipts: usize,
    /// Measure this instead
    #[arg(long, value_enum)]
    with: Option<With>,
    /// With flood: people of each broadcast
    #[arg(long, default_value_t = 300_000)]
    flood_people: usize,
    /// With flood: connections that never send a whole request; at most what descriptors allow, less 1,000
    #[arg(long, default_value_t = 10_000)]
    half_open: usize,
    /// With flood: forged posts per second
    #[arg(long, default_value_t = 2_000)]
    forged: u32,
    /// With something: how often quiet and pressed are measured, in turns
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    #[command(flatten)]
    growth: growth::Growth,
    #[command(flatten)]
    plans: plans::Plans,
    #[command(flatten)]
    calls: calls::Calls,
    #[command(flatten)]
    groups: groups::Groups,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

/// What goes on beside the sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum With {
    /// Half-open connections and forged posts
    Flood,
    /// A large base: searches, and sending beside searches, exports, a backup and an undo
    Growth,
    /// An import alone, as large as the large broadcast, and taking it back
    Import,
    /// How soon the first call begins after `munadi send` beside a running server
    FirstCall,
    /// Calls: how long somebody at the ear waits for the next words beside the large broadcast, and reports absorbed
    Calls,
    /// Plans: looking for due steps among many rows, the first call of steps, and pages of large plans
    Plans,
    /// Posts in many large groups: receipts of members, and pages
    Groups,
}

/// One figure, and the bar it is held against where there is one.
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    bar: Option<(char, f64)>,
}

/// The measurements so far; each is printed as it comes.
pub(crate) struct Board {
    figures: Vec<Figure>,
    json: bool,
}

impl Figure {
    fn is_met(&self) -> bool {
        match self.bar {
            Some(('≥', least)) => self.value >= least,
            Some((_, most)) => self.value <= most,
            None => true,
        }
    }
}

impl Board {
    /// Notes a figure. `bar` is `('≥', least)` or `('≤', most)`.
    pub(crate) fn note(
        &mut self,
        name: &'static str,
        value: f64,
        unit: &'static str,
        bar: Option<(char, f64)>,
    ) -> anyhow::Result<()> {
        let figure = Figure { name, value, unit, bar };
        if !self.json {
            let met = bar.map_or(String::new(), |(sign, limit)| {
                format!("   {} {sign} {}", if figure.is_met() { "met    " } else { "NOT MET" }, short(limit))
            });
            say(format_args!("{name:<58} {:>12} {unit:<9}{met}", short(value)))?;
        }
        self.figures.push(figure);
        Ok(())
    }

    /// Says what stands behind a figure.
    fn remark(&self, words: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { say(format_args!("    {words}")) }
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Measures everything once.
///
/// # Errors
/// Also when a bar was not met, after everything was measured.
pub async fn run(mut config: Config, flags: &Flags, args: Bench) -> anyhow::Result<()> {
    if let Some(part) = args.growth.part {
        return growth::be(part).await;
    }
    if cfg!(debug_assertions) {
        bail!("this is a debug build; its figures would say nothing. Run: cargo run --release -- bench");
    }
    let folder = std::env::temp_dir().join(format!("munadi-bench-{}", std::process::id()));
    config.data.clone_from(&folder);
    config.key_file = folder.join("munadi.key");
    if flags.database.is_none() {
        config.database = format!("sqlite:{}", folder.join("munadi.db").display());
    }
    let mut board = Board { figures: Vec::new(), json: args.json };
    let result = measure(config, &args, &mut board, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    result?;
    if args.json {
        let figures: Vec<_> = board
            .figures
            .iter()
            .map(|f| serde_json::json!({ "name": f.name, "value": f.value, "unit": f.unit, "bar": f.bar.map(|(sign, limit)| format!("{sign} {limit}")) }))
            .collect();
        say(serde_json::to_string_pretty(&figures)?)?;
    }
    let missed: Vec<_> = board.figures.iter().filter(|figure| !figure.is_met()).map(|f| f.name).collect();
    if missed.is_empty() { Ok(()) } else { bail!("not met: {}", missed.join("; ")) }
}

async fn measure(
    mut config: Config,
    args: &Bench,
    board: &mut Board,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    match args.with {
        Some(With::Flood) => return flood::run(config, args, board, folder).await,
        Some(With::Growth) => return growth::run(config, &args.growth, args.pairs, board).await,
        Some(With::Import) => {
            let app = App::open(config, Arc::new(WallClock)).await?;
            imports::run(&app, &sends::stage(&app).await?, args.people, board).await?;
            app.store.close().await;
            return Ok(());
        }
        Some(With::FirstCall) => return first_call::run(config, board).await,
        Some(With::Calls) => return calls::run(config, &args.calls, args.people, board).await,
        Some(With::Plans) => return plans::run(config, &args.plans, board).await,
        Some(With::Groups) => return groups::run(config, &args.groups, args.raw, board).await,
        None => {}
    }
    let null = sandbox::null::start().await?;
    // It takes any path; the probe's answer is the same and proves nothing, so the campaign is asked in vain.
    config.providers = Urls::all_at(&null.url());
    let raw = sends::raw(&null, args.raw).await?;
    board.note("raw calls of the same HTTP client", raw, "/s", None)?;
    let app = App::open(config.clone(), Arc::new(WallClock)).await?;
    if app.store.access().has_users().await? {
        bail!("the database is not empty; bench wants a fresh one");
    }
    let made = sends::run(&app, args, raw, board).await?;
    receipts::run(&app, &made, args.receipts, board).await?;
    pages::run(&app, &made, board).await?;
    imports::run(&app, &made.stage, args.people, board).await?;
    app.store.close().await;
    process::run(&config, board).await?;
    board.note("size of this program", file_mb(&std::env::current_exe()?)?, "MB", Some(('≤', 30.0)))?;
    board.note("size of the data folder", folder_mb(folder), "MB", None)?;
    null.stop().await;
    Ok(())
}

fn file_mb(path: &PathBuf) -> anyhow::Result<f64> {
    Ok(std::fs::metadata(path)?.len() as f64 / 1e6)
}

fn folder_mb(folder: &std::path::Path) -> f64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len() as f64 / 1e6).sum()
}

/// Resident memory of a process in MB, from the kernel's own account.
pub(crate) fn resident_mb(pid: &str) -> f64 {
    status_mb(pid, "VmRSS:")
}

/// The part of a process's resident memory that is its alone, in MB: without the pages of the program file, which the
/// kernel reads again when it needs their place.
pub(crate) fn private_mb(pid: &str) -> f64 {
    status_mb(pid, "RssAnon:")
}

fn status_mb(pid: &str, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}

/// Seconds since `start`.
pub(crate) fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64().max(1e-9)
}
