//! Running a command so that Ctrl-C and SIGTERM end it, and the caller still gets to tidy up.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// How often a running child is looked at; short against any step, long against the cost of looking.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a child gets to end by itself after it was asked to.
const GRACE: Duration = Duration::from_secs(15);

/// Who answers Ctrl-C while a command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyboard {
    /// The child has the terminal, as a shell or `psql` needs it: it decides what Ctrl-C means.
    Child,
    /// The child is a process group of its own; Ctrl-C ends the group and then the chore.
    Chore,
}

/// Remembers that somebody asked to stop; nothing dies until the chore has tidied up.
pub(crate) struct Interrupts {
    ctrl_c: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
}

impl Interrupts {
    /// From here on SIGINT, SIGTERM and SIGHUP are only noted.
    pub(crate) fn listen() -> anyhow::Result<Interrupts> {
        let interrupts = Interrupts { ctrl_c: Arc::default(), terminate: Arc::default() };
        for (signal, flag) in
            [(SIGINT, &interrupts.ctrl_c), (SIGTERM, &interrupts.terminate), (SIGHUP, &interrupts.terminate)]
        {
            signal_hook::flag::register(signal, Arc::clone(flag)).context("cannot listen for signals")?;
        }
        Ok(interrupts)
    }

    /// Fails if somebody asked to stop.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.asked(Keyboard::Chore) { bail!("interrupted") } else { Ok(()) }
    }

    /// Runs `command` to its end. When somebody asks to stop, ends it first and then fails.
    pub(crate) fn wait_for(&self, command: &mut Command, keyboard: Keyboard) -> anyhow::Result<ExitStatus> {
        self.check()?;
        if keyboard == Keyboard::Chore {
            command.process_group(0);
        }
        for variable in cargos_own() {
            command.env_remove(variable);
        }
        let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.asked(keyboard) {
                let pid = pid(&child);
                end(&mut child, GRACE, |signal| match keyboard {
                    Keyboard::Child => rustix::process::kill_process(pid, signal),
                    Keyboard::Chore => rustix::process::kill_process_group(pid, signal),
                })?;
                bail!("interrupted");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn asked(&self, keyboard: Keyboard) -> bool {
        let ctrl_c = keyboard == Keyboard::Chore && self.ctrl_c.load(Ordering::Relaxed);
        ctrl_c || self.terminate.load(Ordering::Relaxed)
    }
}

/// What `cargo run` tells the program it starts about its package. Handed on, it would make build scripts that
/// look at it, such as that of ring, run again, and half of the workspace be built twice.
fn cargos_own() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    })
}

/// Sends SIGTERM, waits for `grace`, then sends SIGKILL; returns when the child is gone.
fn end(
    child: &mut Child,
    grace: Duration,
    send: impl Fn(Signal) -> rustix::io::Result<()>,
) -> anyhow::Result<()> {
    // A child that ended in this very moment is not an error: the wait below finds it.
    let _ = send(Signal::TERM);
    if !ends_within(child, grace)? {
        let _ = send(Signal::KILL);
        child.wait()?;
    }
    Ok(())
}

/// Whether the child ends by itself within `limit`.
pub(crate) fn ends_within(child: &mut Child, limit: Duration) -> anyhow::Result<bool> {
    let deadline = Instant::now() + limit;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(true)
}

/// The id of a child that was not waited for yet.
pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
