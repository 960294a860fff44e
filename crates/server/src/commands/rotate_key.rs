//! `munadi rotate-key`: a new sealing key, and every secret sealed under it. May be repeated after a crash in the middle.

use std::sync::Arc;

use anyhow::{Context, bail};
use domain::time::WallClock;

use super::say;
use crate::{app::App, config::Config, seal::KeyRing, secrets};

/// Rotates while nothing else runs.
pub async fn run(config: Config) -> anyhow::Result<()> {
    if !KeyRing::exists(&config.key_file) {
        bail!("there is no key file {} to rotate", config.key_file.display());
    }
    let app = App::open(config, Arc::new(WallClock)).await?;
    let done = match rotate(&app).await {
        Ok(rotation) => tell(&app, &rotation),
        Err(error) => Err(error),
    };
    app.store.close().await;
    done
}

/// The result of a rotation of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whether an earlier rotation was completed instead of beginning another.
    pub resumed: bool,
    /// The number of accounts whose secrets were sealed with the new key.
    pub resealed: usize,
    /// The id of the key that seals from now on.
    pub newest: String,
}

/// Writes the new key, seals every account's secrets under it, then lets go of the keys in between. Refused while another
/// process runs: it would not know the new key, and pause broadcasts whose account it could no longer open.
pub async fn rotate(app: &App) -> anyhow::Result<Rotation> {
    let _alone = alone(app).await?;
    // Not the ring that the program began with: a rotation may have ended since.
    let file = &app.config.key_file;
    let before = KeyRing::open(file)?;
    let resumed = secrets::any_under_an_older_key(&app.store, &before).await?;
    let ring = if resumed { before } else { before.rotated() };
    if !resumed {
        // The key is on the disk before the first secret needs it.
        ring.replace(file)?;
    }
    let done = secrets::reseal_all(&app.store, &ring).await.context(
        "not every account is under the new key yet; the old keys are kept, run the command again to go on",
    )?;
    if let Some(first) = done.unopened.first() {
        bail!(
            "{} accounts open with no key of {} ({first}); they are left as they were and every old key is kept. \
             Enter their keys again under Settings, Integrations, then run the command again",
            done.unopened.len(),
            file.display()
        );
    }
    ring.without_middle().replace(file)?;
    Ok(Rotation { resumed, resealed: done.changed, newest: ring.newest().to_owned() })
}

/// Refused while another process runs; the lock where there can be only one.
pub(super) async fn alone(app: &App) -> anyhow::Result<Option<std::fs::File>> {
    let now = app.clock.now();
    let running: Vec<String> = app
        .engine
        .work()
        .workers()
        .await?
        .into_iter()
        .filter(|worker| app.store.is_shared() && worker.alive_until > now.0)
        .map(|worker| worker.name)
        .collect();
    if !running.is_empty() {
        bail!("stop every Munadi process first; running: {}", running.join(", "));
    }
    if app.store.is_shared() { Ok(None) } else { app.lock_sending().context("stop Munadi first").map(Some) }
}

fn tell(app: &App, rotation: &Rotation) -> anyhow::Result<()> {
    if rotation.resumed {
        say("An earlier rotation had not ended; it has now.")?;
    }
    say(format_args!(
        "Accounts sealed anew: {}, under the key {}. Forms that were open in browsers must be opened again.",
        rotation.resealed, rotation.newest
    ))?;
    if app.store.is_shared() {
        say(format_args!("Copy {} to every machine before you start them.", app.config.key_file.display()))?;
    }
    say("Make a backup now: earlier ones hold the earlier key.")
}
