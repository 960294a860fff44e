//! The attacker of `munadi bench --with flood`, as a process of its own: connections that never send a whole request, and forged posts.
//! Hidden: it is of no use by itself, and aims at this machine only.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::Args;
use providers::{registry::VENDORS, vendor::CallbackProof};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::say;

/// Lines on which posts are sent, each after the answer to the one before.
const LINES: u32 = 64;
/// Addresses that half-open connections come from: one address alone would be easy to turn away.
const ADDRESSES: usize = 200;
/// New half-open connections per second, so that the client itself is no bottleneck.
const OPENED_PER_SECOND: u64 = 2_000;
/// After a failure the next try.
const AGAIN: Duration = Duration::from_millis(200);

/// `munadi flood …`
#[derive(Args, Clone, Debug)]
pub struct FloodCommand {
    /// The attacked server, on this machine; without it a server of its own that does nothing, for comparison
    #[arg(long)]
    target: Option<SocketAddr>,
    /// Connections that never send a whole request
    #[arg(long)]
    half_open: usize,
    /// Forged posts per second
    #[arg(long)]
    posts: u32,
    /// The address of a real account's callbacks, for posts with a wrong signature; others go to addresses of nobody
    #[arg(long, default_value = "nobody")]
    key: String,
}

/// The figures of an attack.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Reached {
    /// The posts that were answered, in a second.
    pub posts_per_second: f64,
    /// Posts among them that were answered with 2xx. Forged posts never should be.
    pub taken: u64,
    /// The half-open connections at the end.
    pub half_open: u64,
    /// The half-open connections that the server ended.
    pub ended: u64,
}

#[derive(Default)]
struct Counts {
    posts: AtomicU64,
    taken: AtomicU64,
    half_open: AtomicU64,
    ended: AtomicU64,
}

/// Attacks until its standard input ends, then says what it reached.
pub async fn run(command: FloodCommand) -> anyhow::Result<()> {
    ensure!(
        command.target.is_none_or(|target| target.ip().is_loopback()),
        "only this machine may be attacked"
    );
    let null = match command.target {
        Some(_) => None,
        None => Some(sandbox::null::start().await?),
    };
    let target =
        command.target.or(null.as_ref().map(sandbox::null::Null::address)).context("one of them is there")?;
    let (counts, stop) = (Arc::new(Counts::default()), CancellationToken::new());
    let started = Instant::now();
    for line in 0..LINES {
        tokio::spawn(post(target, line, command.clone(), counts.clone(), stop.clone()));
    }
    let opening = tokio::spawn(open_half(target, command.half_open, counts.clone(), stop.clone()));
    // Ends when the parent closes it, or is gone.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    let seconds = started.elapsed().as_secs_f64();
    let reached = Reached {
        posts_per_second: counts.posts.load(Ordering::Relaxed) as f64 / seconds,
        taken: counts.taken.load(Ordering::Relaxed),
        half_open: counts.half_open.load(Ordering::Relaxed),
        ended: counts.ended.load(Ordering::Relaxed),
    };
    stop.cancel();
    opening.abort();
    say(serde_json::to_string(&reached)?)
}

/// Keeps so many half-open connections, opening anew those that the server ends.
async fn open_half(target: SocketAddr, wanted: usize, counts: Arc<Counts>, stop: CancellationToken) {
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / OPENED_PER_SECOND));
    let mut next = 0;
    loop {
        pace.tick().await;
        if counts.half_open.load(Ordering::Relaxed) < wanted as u64 {
            counts.half_open.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(hold(target, next % ADDRESSES, counts.clone(), stop.clone()));
            next += 1;
        }
    }
}

/// One half-open connection, until the server ends it.
async fn hold(target: SocketAddr, from: usize, counts: Arc<Counts>, stop: CancellationToken) {
    if let Ok(mut line) = connect(target, from).await {
        let sent = line.write_all(b"GET / HTTP/1.1\r\nHost: half-open.example\r\nX-").await;
        let mut byte = [0];
        tokio::select! {
            _ = line.read(&mut byte), if sent.is_ok() => { counts.ended.fetch_add(1, Ordering::Relaxed); }
            () = stop.cancelled() => {}
        }
    } else {
        tokio::time::sleep(AGAIN).await;
    }
    counts.half_open.fetch_sub(1, Ordering::Relaxed);
}

/// From one of the addresses of this machine.
async fn connect(target: SocketAddr, from: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(from % ADDRESSES + 1).unwrap_or(1);
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 9, last)), 0))?;
    socket.connect(target).await
}

/// Forged posts on one line, at its part of the pace.
async fn post(
    target: SocketAddr,
    line: u32,
    command: FloodCommand,
    counts: Arc<Counts>,
    stop: CancellationToken,
) {
    let mut pace = tokio::time::interval(Duration::from_secs(1) * LINES / command.posts.max(1));
    let mut open: Option<TcpStream> = None;
    for n in 0_u64.. {
        tokio::select! {
            _ = pace.tick() => {}
            () = stop.cancelled() => return,
        }
        let connected = match open.take() {
            Some(stream) => Ok(stream),
            None => connect(target, line as usize).await,
        };
        let key = if n % 2 == 0 { command.key.clone() } else { format!("forged{line}x{n}") };
        let Ok(mut stream) = connected else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        if let Ok((status, goes_on)) = ask(&mut stream, &forged(&key, n)).await {
            counts.posts.fetch_add(1, Ordering::Relaxed);
            counts.taken.fetch_add(u64::from((200..300).contains(&status)), Ordering::Relaxed);
            open = goes_on.then_some(stream);
        }
    }
}

fn forged(key: &str, n: u64) -> String {
    let body = format!(
        r#"{{"id":"forged_{n}","created_at":"1767240000000","topic":"message.status.updated","data":{{"message":{{"id":"m{n}","phone_number":"919000000001","status":"READ"}}}}}}"#
    );
    // Every header in which some vendor signs, so that no post is refused because the header is missing.
    let signature = "0".repeat(64);
    let signed = VENDORS.iter().filter_map(|vendor| match vendor.callback().proof {
        CallbackProof::Signed { header, .. } => Some(format!("{header}: {signature}\r\n")),
        CallbackProof::Address => None,
    });
    let signed: String = signed.collect();
    format!(
        "POST /callbacks/{key} HTTP/1.1\r\nHost: forged.example\r\nContent-Type: application/json\r\n{signed}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status of the answer, and whether the line may be used again.
async fn ask(stream: &mut TcpStream, request: &str) -> std::io::Result<(u16, bool)> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(1_024);
    loop {
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
            let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let length: usize = value("content-length:").and_then(|text| text.parse().ok()).unwrap_or(0);
            if answer.len() >= head + length {
                let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                return Ok((status, value("connection:") != Some("close")));
            }
        }
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
