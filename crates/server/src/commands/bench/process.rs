//! A process of its own on the database that is there now: how soon it answers, and what it holds when idle.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Board, private_mb, resident_mb, seconds};
use crate::config::Config;

pub(crate) async fn run(config: &Config, board: &mut Board) -> anyhow::Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .args(["--listen", &port.to_string(), "--log", "error"])
        .arg("--data")
        .arg(&config.data)
        .env("MUNADI_DATABASE_URL", &config.database)
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()?;
    let mut first = f64::NAN;
    while seconds(start) < 20.0 {
        if answers(port).await {
            first = seconds(start) * 1_000.0;
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let pid = child.id().to_string();
    let (idle, private) = (resident_mb(&pid), private_mb(&pid));
    child.kill()?;
    child.wait()?;
    board.note("start to the first answered page, existing database", first, "ms", Some(('≤', 200.0)))?;
    board.note("memory when idle, with the pages of the program file", idle, "MB", None)?;
    board.note("memory when idle, its own", private, "MB", Some(('≤', 30.0)))
}

async fn answers(port: std::net::SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let Ok(mut socket) = tokio::net::TcpStream::connect(port).await else { return false };
    let asked =
        socket.write_all(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let mut head = [0; 12];
    asked.is_ok() && socket.read_exact(&mut head).await.is_ok() && head.starts_with(b"HTTP/1.1 200")
}
