//! `munadi import`: a file of people into a workshop, from the server's own command line.

use std::{io::IsTerminal, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use domain::{ids::ImportId, time::WallClock};
use indicatif::{ProgressBar, ProgressStyle};
use intake::{
    Importer, Summary,
    importer::{Progress, wrongs},
    read::{DateOrder, Field, Mapping, OrderFound},
};
use serde_json::json;
use store::{
    Actor, Org,
    workshops::{Workshop, WorkshopFilter},
};

use super::{say, user::choose};
use crate::{app::App, config::Config};

/// Rows that cannot be taken and are printed; all of them are on the import's page.
const BAD_ROWS_SAID: i64 = 20;

/// `munadi import …`
#[derive(Args, Debug)]
pub struct ImportCommand {
    /// CSV, TSV or XLSX file
    file: PathBuf,
    /// Title or id of the workshop that the people registered for
    #[arg(long)]
    workshop: String,
    /// Organisation, by name; may be left out when there is only one
    #[arg(long)]
    organisation: Option<String>,
    /// What comes first in dates of registration such as 03/04/2026, where the file itself does not tell
    #[arg(long, value_parser = ["day-first", "month-first"])]
    dates: Option<String>,
    /// Read and count every row, and register nobody
    #[arg(long)]
    dry_run: bool,
    /// Answer with one line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(config: Config, command: ImportCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = import(&app, &command).await;
    app.store.close().await;
    done
}

async fn import(app: &App, command: &ImportCommand) -> anyhow::Result<()> {
    let organisation = choose(app.store.access().organizations().await?, command.organisation.as_deref())?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let workshop = workshop(&org, &command.workshop).await?;
    let now = app.clock.now();
    let id = ImportId::new(now);
    let name = command
        .file
        .file_name()
        .map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
    let path = format!("imports/{}/{id}", organisation.id);
    let file = app.config.data.join(&path);
    let importer = Importer {
        org: org.clone(),
        clock: app.clock.clone(),
        home: organisation.country,
        zone: organisation.zone.clone(),
        file: command.file.clone(),
        phone_key: app.phone_key.clone(),
    };
    let sheet =
        importer.open(&name).await.with_context(|| format!("cannot read {}", command.file.display()))?;
    let mut mapping = Mapping::guess(&sheet);
    drop(sheet);
    if mapping.chosen().next().is_none() {
        bail!(
            "no column of {} looks like names, numbers or addresses; import it on the page, where columns can be chosen",
            command.file.display()
        );
    }
    if let Some(column) = mapping.get(Field::RegisteredAt) {
        let order = date_order(&importer, &name, column, command.dates.as_deref()).await?;
        mapping.set_date_order(order);
    }
    // A copy, so that the page can show the rows and an interrupted import can go on.
    let folder = file.parent().context("the copy lies in a folder")?;
    tokio::fs::create_dir_all(folder).await.with_context(|| format!("cannot create {}", folder.display()))?;
    tokio::fs::copy(&command.file, &file)
        .await
        .with_context(|| format!("cannot copy to {}", file.display()))?;
    org.add_import(id, workshop.id, &name, &path, now).await?;
    let importer = Importer { file, ..importer };

    let bar = bar(command, "Reading");
    let mut summary = importer.check(&org.import(id).await?, &mapping, |at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    if !command.dry_run && summary.ready > 0 {
        let bar = self::bar(command, "Importing");
        summary = importer.commit(&org.import(id).await?, &mapping, |at| advance(&bar, at)).await?;
        bar.finish_and_clear();
    }
    if command.json {
        let mut answer = json!({ "import": id.to_string(), "workshop": workshop.id.to_string(), "dry_run": command.dry_run });
        answer["counts"] = serde_json::to_value(&summary)?;
        return say(answer);
    }
    tell(app, &org, id, &workshop, &summary, command.dry_run).await
}

/// The order that fits every date of the file, or the one that was said.
async fn date_order(
    importer: &Importer,
    name: &str,
    column: usize,
    said: Option<&str>,
) -> anyhow::Result<Option<DateOrder>> {
    let said = said.and_then(|word| word.replace('-', "_").parse::<DateOrder>().ok());
    match (importer.date_order(name, column).await?, said) {
        (OrderFound::NotNeeded, _) => Ok(None),
        (OrderFound::Only(order), _) | (OrderFound::Open { .. } | OrderFound::Mixed { .. }, Some(order)) => {
            Ok(Some(order))
        }
        (OrderFound::Open { example }, None) => {
            bail!("“{example}” can be read in two ways; say --dates day-first or --dates month-first")
        }
        (OrderFound::Mixed { day, month }, None) => {
            bail!(
                "“{day}” has the day first and “{month}” the month; say --dates day-first or --dates month-first"
            )
        }
    }
}

async fn tell(
    app: &App,
    org: &Org,
    id: ImportId,
    workshop: &Workshop,
    summary: &Summary,
    dry_run: bool,
) -> anyhow::Result<()> {
    let Summary { rows, ready, already, bad, new, .. } = summary;
    if dry_run {
        say(format_args!(
            "{rows} rows: {ready} ready for “{}”, {already} registered already, {bad} cannot be read.",
            workshop.title
        ))?;
    } else {
        say(format_args!(
            "{rows} rows: {new} registered for “{}”, {already} were already, {bad} could not be read.",
            workshop.title
        ))?;
    }
    for row in org.import_rows(id, 0, BAD_ROWS_SAID).await? {
        let says: Vec<String> = wrongs(&row).into_iter().map(|wrong| wrong.says).collect();
        say(format_args!("  row {}: {}", row.line, says.join(" ")))?;
    }
    let page = app.config.url(&format!("/imports/{id}"));
    match (dry_run, bad) {
        (true, _) => say(format_args!("Nobody was registered. Correct rows and import on {page}")),
        (false, 0) => Ok(()),
        (false, _) => say(format_args!(
            "Correct these in the file and import it again (nobody is added twice), or see {page}"
        )),
    }
}

/// The workshop of that id or title; a title that two have is not guessed.
async fn workshop(org: &Org, wanted: &str) -> anyhow::Result<Workshop> {
    if let Ok(id) = wanted.parse() {
        return org.workshop(id).await.with_context(|| format!("there is no workshop {wanted}"));
    }
    let filter = WorkshopFilter { title: wanted.to_owned(), limit: 50, ..WorkshopFilter::default() };
    let mut found = org.workshops(&filter).await?;
    if found.iter().any(|workshop| workshop.title.eq_ignore_ascii_case(wanted)) {
        found.retain(|workshop| workshop.title.eq_ignore_ascii_case(wanted));
    }
    match found.len() {
        0 => bail!("no workshop's title has “{wanted}” in it"),
        1 => found.pop().context("there is one workshop"),
        n => {
            let list: Vec<String> = found
                .iter()
                .take(10)
                .map(|workshop| format!("  {}  {}", workshop.id, workshop.title))
                .collect();
            bail!("{n} workshops fit “{wanted}”; give the id of one:\n{}", list.join("\n"))
        }
    }
}

/// A bar on the terminal; nothing where nobody looks.
fn bar(command: &ImportCommand, doing: &'static str) -> ProgressBar {
    if command.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(doing)
}

fn advance(bar: &ProgressBar, at: Progress) {
    bar.set_length(at.bytes_total);
    bar.set_position(at.bytes);
}
