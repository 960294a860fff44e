//! Sending while somebody attacks: half-open connections and forged posts from a process of its own, beside the same process aimed at a server
//! that does nothing.

use std::{
    net::SocketAddr,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::time::WallClock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use super::{Bench, Board, folder_mb, sends};
use crate::{app::App, commands::flood::Reached, config::Config, listener, router};

/// Until the attacker has opened its connections.
const WARM_UP: Duration = Duration::from_secs(6);
/// A page is asked for after this, for ever.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// A page that has not answered by then does not answer.
const ANSWER_MOST: Duration = Duration::from_secs(20);

pub(crate) async fn run(
    mut config: Config,
    args: &Bench,
    board: &mut Board,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    let null = sandbox::null::start().await?;
    config.providers = providers::Urls::all_at(&null.url());
    let app = App::open(config, Arc::new(WallClock)).await?;
    ensure!(!app.store.access().has_users().await?, "the database is not empty; bench wants a fresh one");
    let stage = sends::stage(&app).await?;
    let people = sends::people(&app, &stage, "Flood", args.flood_people).await?;
    let sockets = TcpListener::bind("127.0.0.1:0").await?;
    let address = sockets.local_addr()?;
    let server = app.clone();
    let serving = tokio::spawn(async move { router::serve(&server, sockets).await });
    let half_open =
        args.half_open.min(usize::try_from(listener::available()).unwrap_or(0).saturating_sub(1_000));
    let target = address.to_string();
    let key = app.keys.callback_key(stage.integration);
    let (mut ratios, mut slowest, mut grown) = (Vec::new(), 0.0_f64, 0.0_f64);
    let mut reached = Reached::default();
    for _ in 0..args.pairs.max(1) {
        let quiet = attack(None, half_open, args.forged, &key).await?;
        let before = folder_mb(folder);
        let alone = sends::send(&app, &stage, people, &sends::whatsapp()).await?.per_second;
        let usual = folder_mb(folder) - before;
        quiet.end().await?;
        let flood = attack(Some(&target), half_open, args.forged, &key).await?;
        let watched = CancellationToken::new();
        let pages = tokio::spawn(watch_pages(address, watched.clone()));
        let before = folder_mb(folder);
        let flooded = sends::send(&app, &stage, people, &sends::whatsapp()).await?.per_second;
        grown = grown.max(folder_mb(folder) - before - usual);
        watched.cancel();
        slowest = slowest.max(pages.await?);
        reached = flood.end().await?;
        ensure!(reached.taken == 0, "{} forged posts were taken", reached.taken);
        ratios.push(flooded / alone);
    }
    ratios.sort_by(f64::total_cmp);
    board.note("flood: half-open connections asked for", half_open as f64, "", None)?;
    board.note("flood: half-open connections that the server ended", reached.ended as f64, "", None)?;
    board.note("flood: forged posts answered", reached.posts_per_second, "/s", None)?;
    board.note(
        "flood: sending, as a part of quiet",
        ratios[ratios.len() / 2],
        "of quiet",
        Some(('≥', 0.8)),
    )?;
    board.note("flood: slowest page", slowest, "ms", Some(('≤', 2_000.0)))?;
    board.note("flood: the disk holds more than without", grown, "MB", Some(('≤', 16.0)))?;
    app.stopping.cancel();
    serving.await??;
    app.store.close().await;
    null.stop().await;
    Ok(())
}

/// An attacker at work.
struct Attack {
    child: Child,
}

/// Starts an attacker and lets it come to its pace. Without a target it attacks a server of its own.
async fn attack(target: Option<&str>, half_open: usize, posts: u32, key: &str) -> anyhow::Result<Attack> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([
        "flood",
        "--half-open",
        &half_open.to_string(),
        "--posts",
        &posts.to_string(),
        "--key",
        key,
    ]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the attacker does not start")?;
    tokio::time::sleep(WARM_UP).await;
    Ok(Attack { child })
}

impl Attack {
    /// Stops it; what it reached.
    async fn end(mut self) -> anyhow::Result<Reached> {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().await?;
        serde_json::from_slice(&output.stdout).context("the attacker said nothing")
    }
}

/// Asks for pages as people do, each on a connection of its own; the longest wait in milliseconds, infinite when one did not answer.
async fn watch_pages(address: SocketAddr, stop: CancellationToken) -> f64 {
    let mut slowest = 0.0_f64;
    loop {
        for path in ["/sign-in", "/healthz"] {
            let start = Instant::now();
            let answered = tokio::time::timeout(ANSWER_MOST, page(address, path)).await;
            let took = start.elapsed().as_secs_f64() * 1e3;
            slowest = slowest.max(if matches!(answered, Ok(Ok(true))) { took } else { f64::INFINITY });
        }
        tokio::select! {
            () = stop.cancelled() => return slowest,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}

async fn page(address: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut line = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    line.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}
