//! Sending beside searches, exports, a backup and an undo, against sending with nobody about.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::{
    broadcast::BroadcastStatus,
    ids::ImportId,
    time::{HOUR, Millis},
};
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

use super::{
    super::{Board, pages, seconds, sends::whatsapp},
    Press,
    base::Base,
    helpers::{Load, Loader, Reader, Vendor, get},
};
use crate::{app::App, router};

/// How often the count of a broadcast is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often the home page is opened.
const HOME_EVERY: Duration = Duration::from_millis(250);

/// Between an answer and the next search of the same person.
const SEARCH_PAUSE_MS: u64 = 1_000;
/// Between the end of an export and the next one of the same person.
const EXPORT_PAUSE_MS: u64 = 5_000;

/// What one broadcast came to.
struct Run {
    per_second: f64,
    /// Milliseconds of each time that the home page was opened.
    home: Vec<f64>,
    /// Seconds that the backup took.
    backup: Option<f64>,
}

pub(super) async fn run(
    app: &App,
    base: &Base,
    (pairs, beside): (usize, &[Press]),
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
    let export = format!("/broadcasts/{}/export", base.broadcast);
    let answered = get(&host, &cookie, &export).await?;
    ensure!(answered.contains(" 200 "), "the export answered {answered}");
    let searches = misses.map(|path| Reader { path: path.to_owned(), pause_ms: SEARCH_PAUSE_MS });
    let exports = [large, export].map(|path| Reader { path, pause_ms: EXPORT_PAUSE_MS });
    let searches = searches.into_iter().filter(|_| beside.contains(&Press::Searches));
    let exports = exports.into_iter().filter(|_| beside.contains(&Press::Exports));
    let readers = searches.chain(exports).collect();
    board.remark(format_args!(
        "pressed: at once {beside:?}, of 4 searches that find nobody, 2 exports, a backup by the command, an undo of {} people; each search again {} s \
         after its answer, each export {} s after its end; home 4 times a second. quiet: the same requests to a server that does nothing",
        base.taken_back, SEARCH_PAUSE_MS / 1_000, EXPORT_PAUSE_MS / 1_000
    ))?;
    let busy = Load { host: host.clone(), cookie: cookie.clone(), readers };
    let quiet = Load { host: vendor.host().to_owned(), ..busy.clone() };
    let (mut calm, mut pressed) = (vec![], vec![]);
    for _ in 0..pairs.max(1) {
        calm.push(one(app, base, &quiet, (&host, &cookie), &[]).await?);
        pressed.push(one(app, base, &busy, (&host, &cookie), beside).await?);
    }
    let middle = |runs: &[Run]| median(runs.iter().map(|run| run.per_second).collect());
    board.note("growth: sending, quiet", middle(&calm), "/s", None)?;
    board.note("growth: sending beside all of that", middle(&pressed), "/s", None)?;
    let parts = calm.iter().zip(&pressed).map(|(calm, pressed)| pressed.per_second / calm.per_second);
    board.note("growth: as a part of quiet", median(parts.collect()), "of quiet", Some(('≥', 0.8)))?;
    let backups: Vec<f64> = pressed.iter().filter_map(|run| run.backup).collect();
    if !backups.is_empty() {
        board.note("growth: the backup meanwhile", median(backups), "s", None)?;
    }
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
    beside: &[Press],
) -> anyhow::Result<Run> {
    let now = app.clock.now();
    let import = if beside.contains(&Press::Undo) { Some(base.import(app).await?) } else { None };
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
    let backup = beside.contains(&Press::Backup).then(|| backup(app));
    let undo = import.map(|import| undo(base, import, now));
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
    let backup = match backup {
        Some(backup) => Some(backup.await??),
        None => None,
    };
    if let Some(undo) = undo {
        undo.await??;
    }
    Ok(Run { per_second, home: home.await??, backup })
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

/// Backs up by the program's own command; seconds.
fn backup(app: &App) -> JoinHandle<anyhow::Result<f64>> {
    let (data, database) = (app.config.data.clone(), app.config.database.clone());
    tokio::spawn(async move {
        let file = data.with_extension("backup.tar");
        let start = Instant::now();
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
        Ok(seconds(start))
    })
}

/// Takes an import back.
fn undo(base: &Base, import: ImportId, now: Millis) -> JoinHandle<anyhow::Result<()>> {
    let org = base.stage.org.clone();
    tokio::spawn(async move {
        org.undo_import(import, now, |_| {}).await?;
        Ok(())
    })
}
