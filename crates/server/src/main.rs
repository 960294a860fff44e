//! The `munadi` program.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use munadi::cli::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // What happened, then why; nobody is left to tell if this fails too.
            let _ = writeln!(std::io::stderr(), "munadi: {error:#}");
            ExitCode::FAILURE
        }
    }
}
