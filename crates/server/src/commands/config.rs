//! `munadi config`: prints the commented settings file.

use std::io::Write;

/// Prints it as it is, to be kept as `munadi.toml`.
pub fn run() -> anyhow::Result<()> {
    std::io::stdout().write_all(crate::config::default_file().as_bytes())?;
    Ok(())
}
