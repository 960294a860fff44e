//! What `munadi` does from the command line: one file per command, each with its arguments and a `run`.

pub mod config;
pub mod crash_proof;
pub mod demo;
pub mod serve;
pub mod user;

use std::io::Write;

/// Writes a line for the person at the terminal.
pub fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
