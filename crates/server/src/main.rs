//! The `munadi` program.

use clap::Parser;
use munadi::cli::{Cli, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(Cli::parse()).await
}
