//! What `munadi` does from the command line: one file per command, each with its arguments and a `run`.

pub mod attendance;
pub mod backup;
pub mod bench;
pub mod config;
pub mod crash_proof;
pub mod demo;
pub mod doctor;
pub mod flood;
pub mod import;
pub mod new_keys;
pub mod person;
mod pick;
pub mod plan;
pub mod rehearse;
pub mod restore;
pub mod rotate_key;
pub mod sandbox;
pub mod send;
mod send_groups;
pub mod sequence;
pub mod serve;
pub mod user;
pub mod work;

use std::io::Write;

/// A refusal that stands in the JSON of an answer already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AlreadyReported(pub String);

/// Writes a line for the person at the terminal.
pub fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
