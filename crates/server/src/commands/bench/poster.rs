//! Posts that were made ready beforehand, sent by a process of its own: what posting costs is not counted as the program's. Each connection
//! stays open and sends the next post after the answer to the one before.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::{growth::helpers, seconds};
use crate::commands::say;

/// Connections, each with one post under way: after an outage a provider brings what waited on many at once.
const LINES: usize = 256;
/// Bytes of an answer that is read; ours have some hundred.
const ANSWER_MOST: usize = 64 * 1024;

/// The destination and the file of posts.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    /// The address and port of the server.
    host: String,
    /// The file with whole requests. Each has its length in four bytes before it.
    file: PathBuf,
}

/// The result of posting a file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Posted {
    /// Posts that were answered with 200.
    pub(super) taken: usize,
    /// Posts that were answered otherwise, or not at all.
    pub(super) refused: usize,
    /// The time from the first to the last answer, in seconds.
    pub(super) seconds: f64,
}

/// A request as it goes out.
pub(super) fn request(
    host: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut all = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        all.push_str(&format!("{name}: {value}\r\n"));
    }
    all.push_str("\r\n");
    [all.as_bytes(), body].concat()
}

/// Lets the other process send these requests to that address.
pub(super) async fn post_all(host: &str, requests: &[Vec<u8>]) -> anyhow::Result<Posted> {
    let file = std::env::temp_dir().join(format!("munadi-posts-{}", std::process::id()));
    let mut bytes = Vec::new();
    for request in requests {
        bytes.extend(u32::try_from(request.len())?.to_le_bytes());
        bytes.extend(request);
    }
    tokio::fs::write(&file, &bytes).await?;
    let order = Order { host: host.to_owned(), file: file.clone() };
    let answer = helpers::ask("poster", &serde_json::to_string(&order)?).await;
    let _ = tokio::fs::remove_file(&file).await;
    let posted: Posted = serde_json::from_str(&answer?)?;
    ensure!(posted.taken + posted.refused == requests.len(), "not all were posted: {posted:?}");
    Ok(posted)
}

/// Is that process: reads its order, posts, says what became of it.
pub(super) async fn be() -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let requests = Arc::new(read(&tokio::fs::read(&order.file).await?)?);
    let mut streams = Vec::new();
    for _ in 0..LINES {
        streams.push(TcpStream::connect(&order.host).await?);
    }
    let (next, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut lines = JoinSet::new();
    for mut stream in streams {
        stream.set_nodelay(true)?;
        let (requests, next, taken) = (Arc::clone(&requests), Arc::clone(&next), Arc::clone(&taken));
        lines.spawn(async move {
            let mut answer = Vec::with_capacity(1_024);
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                stream.write_all(request).await?;
                if status(&mut stream, &mut answer).await? == 200 {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(line) = lines.join_next().await {
        line??;
    }
    let taken = taken.load(Ordering::Relaxed);
    let posted = Posted { taken, refused: requests.len() - taken, seconds: seconds(start) };
    say(serde_json::to_string(&posted)?)
}

fn read(mut bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (request, rest) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).context("the file is cut off")?;
        all.push(request.to_vec());
        bytes = rest;
    }
    Ok(all)
}

/// Reads one answer to its end; its status.
async fn status(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    answer.clear();
    let head = loop {
        if let Some(at) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        ensure!(answer.len() < ANSWER_MOST, "an answer has no end");
        ensure!(stream.read_buf(answer).await? > 0, "the connection was closed");
    };
    let text = std::str::from_utf8(&answer[..head])?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let whole = head + 4 + length.context("an answer without a length")?;
    while answer.len() < whole {
        ensure!(stream.read_buf(answer).await? > 0, "the connection was closed");
    }
    Ok(status)
}
