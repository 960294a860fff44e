//! Sending beside searches, exports and a backup, against sending with nobody about.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::{broadcast::BroadcastStatus, time::HOUR};
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

use super::{
    super::{Board, pages, seconds, sends::whatsapp},
    base::Base,
    helpers::{Load, Loader, Vendor, get},
};
use crate::{app::App, router};

/// How often the count of a broadcast is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often the home page is opened.
const HOME_EVERY: Duration = Duration::from_millis(250);

/// What one broadcast came to.
struct Run {
    per_second: f64,
    /// Milliseconds of each time that the home page was opened.
    home: Vec<f64>,
    backups: usize,
}

pub(super) async fn run(
    app: &App,
    base: &Base,
    pairs: usize,
    vendor: &Vendor,
    board: &mut Board,
) -> anyhow::Result<()> {
    let cookie = pages::session(app).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let serving = tokio::spawn({
        let app = app.clone();
        async move { router::serve(&app, listener).await }
    });
    let sending = app.start_sending("bench").await?;
    let large = format!("/workshops/{}/registrants.csv", base.large);
    let misses = ["/people?q=zzqx", "/people?q=asha+zzqx", "/people?q=na+zzqx", "/people/opted-out?q=zzqx"];
    let mut paths: Vec<String> = misses.map(str::to_owned).to_vec();
    paths.extend([large, format!("/broadcasts/{}/export", base.broadcast)]);
    let answered = get(&host, &cookie, &paths[5]).await?;
    ensure!(answered.contains(" 200 "), "the export answered {answered}");
    let busy = Load { host: host.clone(), cookie: cookie.clone(), paths };
    let quiet = Load { host: vendor.host().to_owned(), ..busy.clone() };
    let (mut calm, mut pressed) = (vec![], vec![]);
    for _ in 0..pairs.max(1) {
        calm.push(one(app, base, &quiet, (&host, &cookie), false).await?);
        pressed.push(one(app, base, &busy, (&host, &cookie), true).await?);
    }
    let middle = |runs: &[Run]| median(runs.iter().map(|run| run.per_second).collect());
    board.note("growth: sending, quiet", middle(&calm), "/s", None)?;
    board.note("growth: sending beside 4 searches, 2 exports, a backup", middle(&pressed), "/s", None)?;
    let parts = calm.iter().zip(&pressed).map(|(calm, pressed)| pressed.per_second / calm.per_second);
    board.note("growth: as a part of quiet", median(parts.collect()), "of quiet", Some(('≥', 0.8)))?;
    board.note("growth: backups meanwhile", pressed.iter().map(|run| run.backups as f64).sum(), "", None)?;
    let mut home: Vec<f64> = pressed.into_iter().flat_map(|run| run.home).collect();
    home.sort_by(f64::total_cmp);
    board.note("growth: home meanwhile, 95 of 100", home[home.len() * 95 / 100], "ms", Some(('≤', 100.0)))?;
    board.note("growth: home meanwhile, slowest", home[home.len() - 1], "ms", None)?;
    app.stopping.cancel();
    serving.await??;
    sending.stop().await;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Sends to everybody of the large workshop beside a load.
async fn one(
    app: &App,
    base: &Base,
    load: &Load,
    (host, cookie): (&str, &str),
    with_backup: bool,
) -> anyhow::Result<Run> {
    let now = app.clock.now();
    let id = base.stage.confirm(base.large, "Growth", &whatsapp(), now, now.plus(19 * HOUR), now).await?;
    app.engine.wake(id);
    let done = |broadcast: &store::broadcasts::Broadcast| {
        broadcast.planned - broadcast.in_state(domain::message::MessageState::Waiting)
    };
    let mut first = loop {
        let broadcast = base.stage.org.broadcast(id).await?;
        if broadcast.status == BroadcastStatus::InProgress && done(&broadcast) > 0 {
            break done(&broadcast);
        }
        tokio::time::sleep(LOOK).await;
    };
    let loader = Loader::start(load).await?;
    let over = Arc::new(AtomicBool::new(false));
    let backups = with_backup.then(|| backups(app, Arc::clone(&over)));
    let home = home(host.to_owned(), cookie.to_owned(), Arc::clone(&over));
    tokio::time::sleep(LOOK).await;
    first = done(&base.stage.org.broadcast(id).await?).max(first);
    let start = Instant::now();
    let last = loop {
        let broadcast = base.stage.org.broadcast(id).await?;
        if broadcast.status == BroadcastStatus::Completed {
            break broadcast;
        }
        ensure!(broadcast.status == BroadcastStatus::InProgress, "the broadcast is {}", broadcast.status);
        tokio::time::sleep(LOOK).await;
    };
    let per_second = (last.planned - first) as f64 / seconds(start);
    over.store(true, Ordering::Relaxed);
    loader.stop().await?;
    let backups = match backups {
        Some(backups) => backups.await??,
        None => 0,
    };
    Ok(Run { per_second, home: home.await??, backups })
}

/// Opens the home page again and again.
fn home(host: String, cookie: String, over: Arc<AtomicBool>) -> JoinHandle<anyhow::Result<Vec<f64>>> {
    tokio::spawn(async move {
        let mut times = vec![];
        while times.is_empty() || !over.load(Ordering::Relaxed) {
            let start = Instant::now();
            let status = get(&host, &cookie, "/").await?;
            // A page that is refused is as slow as one that never comes.
            times.push(if status.contains(" 200 ") { seconds(start) * 1_000.0 } else { f64::INFINITY });
            tokio::time::sleep(HOME_EVERY).await;
        }
        Ok(times)
    })
}

/// Backs up by the program's own command, one after the other.
fn backups(app: &App, over: Arc<AtomicBool>) -> JoinHandle<anyhow::Result<usize>> {
    let (data, database) = (app.config.data.clone(), app.config.database.clone());
    tokio::spawn(async move {
        let mut n = 0;
        while n == 0 || !over.load(Ordering::Relaxed) {
            let file = data.with_extension("backup.tar");
            let ended = Command::new(std::env::current_exe()?)
                .arg("backup")
                .arg(&file)
                .args(["--json", "--log", "error"])
                .arg("--data")
                .arg(&data)
                .env("MUNADI_DATABASE_URL", &database)
                .stdout(std::process::Stdio::null())
                .status()
                .await?;
            ensure!(ended.success(), "the backup ended with {ended}");
            std::fs::remove_file(&file)?;
            n += 1;
        }
        Ok(n)
    })
}
