//! `munadi attendance`: who was at a workshop, from the server's own command line.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use clap::Args;
use domain::time::WallClock;
use intake::attendance::{MatchedBy, ReadContext, match_report, read};
use store::{Actor, Org};

use super::{import, say, user::choose};
use crate::{app::App, config::Config, ui::format::counted};

/// Unclear rows that are named one by one.
const UNCLEAR_SHOWN: usize = 20;

/// `munadi attendance …`
#[derive(Args, Debug)]
pub struct AttendanceCommand {
    /// The report of the meeting: CSV, TSV or XLSX
    file: PathBuf,
    /// Title or id of the workshop
    #[arg(long)]
    workshop: String,
    /// Organisation, by name; may be left out when there is only one
    #[arg(long)]
    organisation: Option<String>,
    /// Take also those who are found by first and last name alone
    #[arg(long)]
    by_name: bool,
    /// Say what the report says, and take nothing over
    #[arg(long)]
    dry_run: bool,
    /// Answer with one line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: AttendanceCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = take(&app, &command).await;
    app.store.close().await;
    done
}

async fn take(app: &App, command: &AttendanceCommand) -> anyhow::Result<()> {
    let organisation = choose(app.store.access().organizations().await?, command.organisation.as_deref())?;
    let org: Org = app.store.org(Actor::command_line(organisation.id));
    let workshop = import::workshop(&org, &command.workshop).await?;
    let with =
        ReadContext { home: organisation.country, zone: organisation.zone, starts_at: workshop.starts_at };
    let name = command.file.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let (file, file_name) = (command.file.clone(), name.clone());
    let report = match tokio::task::spawn_blocking(move || read(&file, &file_name, &with)).await? {
        Ok(report) => report,
        Err(error) => bail!("{error}"),
    };
    let (hosts, away, unclear) = (report.hosts, report.away, report.unclear.clone());
    let beside = match_report(&org, workshop.id, report).await?;
    let (people, unknown) = beside.to_take(command.by_name);
    let names = beside.attended.iter().filter(|one| one.by == MatchedBy::Name).count();
    let taken = match command.dry_run {
        true => i64::try_from(people.len()).unwrap_or(i64::MAX),
        false => org.take_attendance(workshop.id, &name, &people, unknown, app.clock.now()).await?,
    };
    if command.json {
        return say(serde_json::json!({
            "workshop": workshop.id.to_string(),
            "attended": taken,
            "by_name": names,
            "unknown": unknown,
            "hosts": hosts,
            "away": away,
            "unclear": unclear.iter().map(|one| serde_json::json!({ "row": one.row, "word": one.word })).collect::<Vec<_>>(),
            "taken": !command.dry_run,
        }));
    }
    say(format!("{} attended “{}”", counted(taken, "registrant", "registrants"), workshop.title))?;
    if names > 0 {
        let so =
            if command.by_name { "were taken too" } else { "were not taken; say --by-name to take them" };
        say(format!("{} found by name alone {so}", counted(names, "person", "people")))?;
    }
    if unknown > 0 {
        say(format!("{} nobody of the registrants", counted(unknown, "visitor is", "visitors are")))?;
    }
    for one in unclear.iter().take(UNCLEAR_SHOWN) {
        say(format!("row {}: “{}” under “Attended” is neither yes nor no; not counted", one.row, one.word))?;
    }
    if let Some(more @ 1..) = unclear.len().checked_sub(UNCLEAR_SHOWN) {
        say(format!("{} like that", counted(more, "more row is", "more rows are")))?;
    }
    if command.dry_run { say("nothing was taken over") } else { Ok(()) }
}
