//! Processes of bench's own: the vendor that accepts everything, and whoever loads the pages. Their cost does not count
//! as the program's.

use std::process::Stdio;

use anyhow::Context;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::Duration,
};

use super::say;
use crate::commands::bench::poster;

/// What such a process is. It ends with its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Accepts every message; writes its address.
    Vendor,
    /// Asks for pages as [`Load`] says, which it reads.
    Load,
    /// Posts what it is told to, and says what became of it.
    Poster,
}

/// What to ask for, again and again: one reader for each address, who reads what came before the next request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) host: String,
    pub(super) cookie: String,
    pub(super) readers: Vec<Reader>,
}

/// Somebody who asks for one page or file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reader {
    pub(super) path: String,
    /// Milliseconds between an answer and the next request.
    pub(super) pause_ms: u64,
}

/// The vendor's process.
pub(in super::super) struct Vendor {
    child: Child,
    pub(in super::super) url: String,
}

impl Vendor {
    pub(in super::super) async fn start() -> anyhow::Result<Vendor> {
        let (child, mut out) = start("vendor")?;
        let mut url = String::new();
        out.read_line(&mut url).await?;
        Ok(Vendor { child, url: url.trim().to_owned() })
    }

    /// Where it is, without the scheme.
    pub(in super::super) fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(in super::super) async fn stop(self) -> anyhow::Result<()> {
        stop(self.child).await
    }
}

/// A process that loads pages.
pub(super) struct Loader(Child);

impl Loader {
    pub(super) async fn start(load: &Load) -> anyhow::Result<Loader> {
        let (mut child, _) = start("load")?;
        let line = format!("{}\n", serde_json::to_string(load)?);
        child.stdin.as_mut().context("it has an input")?.write_all(line.as_bytes()).await?;
        Ok(Loader(child))
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        stop(self.0).await
    }
}

/// Starts one of these processes, gives it a line, and returns the line that it answers with.
pub(in super::super) async fn ask(part: &str, line: &str) -> anyhow::Result<String> {
    let (mut child, mut out) = start(part)?;
    child.stdin.as_mut().context("it has an input")?.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = String::new();
    out.read_line(&mut answer).await?;
    stop(child).await?;
    Ok(answer)
}

fn start(part: &str) -> anyhow::Result<(Child, BufReader<ChildStdout>)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "--part", part, "--log", "error"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child.stdout.take().context("it has an output")?;
    Ok((child, BufReader::new(out)))
}

async fn stop(mut child: Child) -> anyhow::Result<()> {
    drop(child.stdin.take());
    child.wait().await?;
    Ok(())
}

/// Is one of these processes until the input ends.
pub(in super::super) async fn be(part: Part) -> anyhow::Result<()> {
    match part {
        Part::Vendor => {
            let null = sandbox::null::start().await?;
            say(null.url())?;
            input_ended().await?;
            null.stop().await;
        }
        Part::Load => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            let load: Load = serde_json::from_str(&line)?;
            let readers: Vec<_> = load
                .readers
                .iter()
                .map(|reader| tokio::spawn(read_for_ever(load.clone(), reader.clone())))
                .collect();
            input_ended().await?;
            readers.into_iter().for_each(|reader| reader.abort());
        }
        Part::Poster => poster::be().await?,
    }
    Ok(())
}

/// Waits until whoever started this process closes its input.
async fn input_ended() -> anyhow::Result<()> {
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

async fn read_for_ever(load: Load, Reader { path, pause_ms }: Reader) {
    loop {
        // A page that fails is asked for again: what is measured is the sending beside it.
        let _ = get(&load.host, &load.cookie, &path).await;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}

/// Asks for a page and reads it whole; its status line.
pub(super) async fn get(host: &str, cookie: &str, path: &str) -> anyhow::Result<String> {
    let stream = TcpStream::connect(host).await?;
    let mut stream = BufReader::new(stream);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = String::new();
    stream.read_line(&mut status).await?;
    let mut length: Option<u64> = None;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            debug_assert!(!name.is_empty());
            length = value.trim().parse().ok();
        }
    }
    let mut body = stream.take(length.unwrap_or(u64::MAX));
    tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
    Ok(status.trim().to_owned())
}
