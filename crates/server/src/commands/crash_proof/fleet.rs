//! The processes that are killed: the real program, as an operator starts it.

use std::{
    ops::Range,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use rand::{RngExt, rngs::SmallRng};

use crate::config::Config;

/// One process, drawn.
pub(super) fn one_of(processes: u64, rng: &mut SmallRng) -> Range<u64> {
    let one = rng.random_range(0..processes);
    one..one + 1
}

/// The processes that send; they end with this.
pub(super) struct Fleet(Vec<Child>);

impl Fleet {
    /// Starts all of them at once.
    pub(super) fn start(config: &Config, processes: u64, here: bool) -> anyhow::Result<Fleet> {
        let mut fleet = Fleet(Vec::new());
        for nth in 0..processes {
            fleet.0.push(start_at(config, nth, here)?);
        }
        Ok(fleet)
    }

    /// Kills these and starts others in their place; how many.
    pub(super) fn replace(
        &mut self,
        config: &Config,
        victims: Range<u64>,
        here: bool,
    ) -> anyhow::Result<u64> {
        let killed = victims.end - victims.start;
        let at = |nth: u64| usize::try_from(nth).unwrap_or(usize::MAX);
        for child in self.0.iter_mut().take(at(victims.end)).skip(at(victims.start)) {
            child.kill().context("cannot kill the program")?;
            child.wait()?;
        }
        for nth in victims {
            self.0[at(nth)] = start_at(config, nth, here)?;
        }
        Ok(killed)
    }

    /// Starts those anew that ended by themselves, as whoever watches over them does: one that starts while the database is away ends.
    pub(super) fn revive(&mut self, config: &Config) -> anyhow::Result<()> {
        for (nth, child) in self.0.iter_mut().enumerate() {
            if child.try_wait()?.is_some() {
                *child = start_at(config, u64::try_from(nth)?, false)?;
            }
        }
        Ok(())
    }

    /// Fails when one of them ended by itself.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for child in &mut self.0 {
            if let Some(status) = child.try_wait()? {
                bail!("the program ended by itself: {status}");
            }
        }
        Ok(())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The real program, as an operator starts it: the first with pages, the others to send only.
pub(in crate::commands) fn start(config: &Config, nth: u64) -> anyhow::Result<Child> {
    start_at(config, nth, false)
}

/// As [`start`]; where somebody asks it by its address, the first listens `here`, where the configuration says.
fn start_at(config: &Config, nth: u64, here: bool) -> anyhow::Result<Child> {
    let listen = if here && nth == 0 { config.listen.to_string() } else { "127.0.0.1:0".to_owned() };
    let me = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new(me);
    let said = [
        ("MUNADI_DATABASE_DIRECT_URL", config.database_direct.clone()),
        ("MUNADI_DATABASE_POOLER", config.database_pooler.map(|said| said.to_string())),
        ("MUNADI_DATABASE_PREPARES", config.database_prepares.map(|said| said.to_string())),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .arg(if nth == 0 { "serve" } else { "work" })
        .args(["--listen", &listen, "--lease-seconds", "1", "--log", "error"])
        .args(here.then(|| ["--public-url".to_owned(), config.public_url.clone()]).into_iter().flatten())
        .arg("--data")
        .arg(&config.data)
        .args(
            config
                .providers
                .all()
                .into_iter()
                .flat_map(|(key, url)| [format!("--{}", key.replace('_', "-")), url.to_owned()]),
        )
        .env("MUNADI_DATABASE_URL", &config.database)
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start this program again")
}
