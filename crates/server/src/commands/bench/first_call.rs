//! How soon the first call begins after `munadi send`, typed beside a server that runs on the same database.

use std::{
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use domain::{
    channel::Channel,
    time::{HOUR, WallClock},
};
use store::{broadcasts::BroadcastFilter, messages::MessageFilter};
use tokio::process::Command;

use super::{Board, sends};
use crate::{
    app::App,
    commands::crash_proof,
    config::Config,
    rehearsal::{settled, templates},
};

/// How often the command is typed.
const TIMES: usize = 20;
/// Until the server has started and rests.
const START: Duration = Duration::from_secs(3);

/// The server's process, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) async fn run(mut config: Config, board: &mut Board) -> anyhow::Result<()> {
    let null = sandbox::null::start().await?;
    config.providers = providers::Urls::all_at(&null.url());
    let app = App::open(config.clone(), Arc::new(WallClock)).await?;
    ensure!(!app.store.access().has_users().await?, "the database is not empty; bench wants a fresh one");
    let stage = sends::stage(&app).await?;
    let now = app.clock.now();
    let (name, template) = templates().swap_remove(1);
    let body = serde_json::to_value(&template)?;
    stage.org.add_template(Channel::WhatsappPersonal, name, &body, now).await?;
    for at in 0..TIMES {
        let starts = now.plus(20 * HOUR);
        let id = stage.workshop(&format!("Call {at:02}"), starts, "https://meet.example/x", now).await?;
        stage.register(id, settled(at, 1), now).await?;
    }
    let _server = Server(crash_proof::start(&config, 0)?);
    tokio::time::sleep(START).await;
    let (mut confirmed, mut typed) = (vec![], vec![]);
    for at in 0..TIMES {
        let start = app.clock.now();
        send(&config, &format!("Call {at:02}"), name).await?;
        let filter = BroadcastFilter::default();
        let newest =
            stage.org.broadcasts(&filter, 1).await?.into_iter().next().context("nothing was sent")?;
        let rows = stage.org.messages(newest.id, &MessageFilter::default(), 0, 1).await?;
        let called = rows.first().and_then(|row| row.started_at).context("nobody was called")?;
        ensure!(newest.created_at >= start, "the command sent nothing");
        confirmed.push(called.since(newest.created_at) as f64);
        typed.push(called.since(start) as f64);
    }
    confirmed.sort_by(f64::total_cmp);
    typed.sort_by(f64::total_cmp);
    board.note("first call after the confirmation, middle of 20", confirmed[TIMES / 2], "ms", None)?;
    board.note(
        "first call after the confirmation, slowest of 20",
        confirmed[TIMES - 1],
        "ms",
        Some(('≤', 250.0)),
    )?;
    board.note("first call after the command is typed, middle of 20", typed[TIMES / 2], "ms", None)?;
    app.store.close().await;
    null.stop().await;
    Ok(())
}

async fn send(config: &Config, workshop: &str, template: &str) -> anyhow::Result<()> {
    let addresses = config.providers.all();
    let ended = Command::new(std::env::current_exe()?)
        .args(["send", "--yes", "--json", "--log", "error", "--workshop", workshop, "--template", template])
        .arg("--data")
        .arg(&config.data)
        .args(
            addresses
                .into_iter()
                .flat_map(|(key, url)| [format!("--{}", key.replace('_', "-")), url.to_owned()]),
        )
        .env("MUNADI_DATABASE_URL", &config.database)
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(
        ended.status.success(),
        "munadi send ended with {}: {}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(())
}
