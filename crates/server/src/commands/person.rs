//! `munadi person`: what somebody may ask for about themselves, from the server's own command line.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use domain::{phone::Phone, time::WallClock};
use store::{Actor, StoreError};

use super::{say, user::choose};
use crate::{app::App, config::Config, person_file};

/// `munadi person …`
#[derive(Args, Debug)]
pub struct PersonCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Write everything that is kept about a person into one JSON file; the audit log says that it was asked for
    Export {
        /// The number, with its country code unless it is one of the organisation's country
        number: String,
        /// Organisation, by name; may be left out when there is only one
        #[arg(long)]
        organisation: Option<String>,
        /// Where to write it, a file that is not there yet; standard output when left out
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: PersonCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let What::Export { number, organisation, to } = command.what;
    let done = export(&app, &number, organisation.as_deref(), to.as_deref()).await;
    app.store.close().await;
    done
}

/// Writes the file, or says why there is nobody to write about.
pub async fn export(
    app: &App,
    number: &str,
    organisation: Option<&str>,
    to: Option<&Path>,
) -> anyhow::Result<()> {
    let organisation = choose(app.store.access().organizations().await?, organisation)?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let phone = Phone::parse(number, organisation.country)
        .map_err(|error| anyhow::anyhow!("{number} is no number: {error}"))?;
    let lead = match org.lead_by_phone(phone.as_str()).await {
        Err(StoreError::Missing) => {
            anyhow::bail!("nobody with the number {} is known in {}", phone.as_str(), organisation.name)
        }
        found => found?,
    };
    let file = person_file::of(app, &org, &organisation, lead, app.clock.now()).await?;
    let Some(to) = to else { return say(format!("{file:#}")) };
    // Never over something that is there. The process keeps others out of what it makes.
    let mut written = std::fs::File::create_new(to)
        .with_context(|| format!("cannot write to {}: is it there already?", to.display()))?;
    writeln!(written, "{file:#}")?;
    written.sync_all()?;
    say(format!("Written to {}", to.display()))
}
