//! `munadi import`: a file of people into a workshop, from the server's own command line.
//!
//! It says what the page says. Where the file does not decide, the page asks; here the file is refused with the word or column that is in
//! question and the option that answers. Nobody is registered by a default.

mod told;
mod top;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args;
use domain::{ids::ImportId, time::WallClock, workshop::Difference};
use indicatif::{ProgressBar, ProgressStyle};
use intake::{
    Importer, Summary,
    importer::{Progress, TWICE_KEY},
    read::{DateOrder, Field, Mapping, NO_STATUS_KEY, OrderFound, StatusMeaning, status_key},
};
use store::{
    Actor, Org,
    workshops::{Workshop, WorkshopFilter},
};

pub(super) use top::Top;

use self::told::Told;
use super::{say, user::choose};
use crate::{app::App, config::Config, ui::format::counted};

/// Rows that cannot be taken and are printed; all of them are on the import's page.
const BAD_ROWS_SAID: i64 = 20;
/// Words that are not known and are printed.
const WORDS_SAID: usize = 30;
/// Everybody in the file is taken.
const ALL_TAKEN: u8 = 0;
/// Nobody was registered: something has to be said first.
const REFUSED: u8 = 1;
/// Some rows were left out.
const SOME_LEFT_OUT: u8 = 3;

/// `munadi import …`: exits with 0 when every row was taken, 3 when some were left out, 1 when the file was refused
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
    /// What a status in the file means: registered, left-out, cancelled or refunded; remembered for the next file. For rows with nothing
    /// there: --status "(empty)=registered"
    #[arg(long, value_name = "WORD=MEANING")]
    status: Vec<String>,
    /// Which column holds what, by its title or letters: phone, name, first-name, last-name, email, country-code, status, consent, opt-out,
    /// source, registered-at; "none" for no column. Given several times, phone, status and opt-out take several, in that order
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
    /// A column, by its title or letters, that decides nothing: neither whose a number is nor who has a place
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// Take over in what a newer list differs from what is registered here: ended (cancelled or refunded in the file), no-place (failed,
    /// expired), other-payment (another payment or order of theirs failed or ended), changed (another number or name), returned (registered again), gone (not in the file any more). Without a word: ended,
    /// no-place and changed; nobody is added to those who get messages
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    take: Vec<String>,
    /// Leave such differences as they stand here
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    leave: Vec<String>,
    /// The sheet of a workbook to read, by its name
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Take rows that the workbook hides, such as those that a filter leaves out
    #[arg(long)]
    hidden_rows: bool,
    /// What comes first in dates of registration such as 03/04/2026, where the file itself does not tell
    #[arg(long, value_parser = ["day-first", "month-first"])]
    dates: Option<String>,
    /// Register nobody unless every row can be taken and nothing had to be guessed from cells
    #[arg(long)]
    strict: bool,
    /// Read and count every row, and register nobody
    #[arg(long)]
    dry_run: bool,
    /// Answer with one line of JSON, also where it is refused
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs it; the exit code.
pub async fn run(config: Config, command: ImportCommand) -> anyhow::Result<u8> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = import(&app, &command).await;
    app.store.close().await;
    done
}

/// `--status failed=left-out`: what a word means.
struct StatusSaid {
    /// The word of the status, as it was typed.
    word: String,
    /// The normalised form under which the word is remembered.
    key: String,
    meaning: StatusMeaning,
}

fn status_words(said: &[String]) -> anyhow::Result<Vec<StatusSaid>> {
    let read = |text: &String| {
        let (word, meaning) =
            text.rsplit_once('=').with_context(|| format!("write --status WORD=MEANING, not {text}"))?;
        let meaning = meaning.parse::<StatusMeaning>().map_err(|()| {
            anyhow::anyhow!("--status {word}: say registered, left-out, cancelled or refunded, not {meaning}")
        })?;
        let of_the_file = [NO_STATUS_KEY, TWICE_KEY].into_iter().find(|key| *key == word.trim());
        let key = of_the_file.map_or_else(|| status_key(word), str::to_owned);
        Ok(StatusSaid { word: word.to_owned(), key, meaning })
    };
    said.iter().map(read).collect()
}

/// `--take gone,returned --leave changed`.
fn differences(command: &ImportCommand) -> anyhow::Result<Vec<(Difference, bool)>> {
    let read = |(word, take): (&String, bool)| {
        let kind = word.trim().replace('-', "_").parse::<Difference>().map_err(|_| {
            let option = if take { "--take" } else { "--leave" };
            anyhow::anyhow!("{option} {word}: say ended, no-place, other-payment, changed, returned or gone")
        })?;
        Ok((kind, take))
    };
    let said = command.take.iter().map(|word| (word, true));
    let kinds: Vec<(Difference, bool)> = said
        .chain(command.leave.iter().map(|word| (word, false)))
        .map(read)
        .collect::<anyhow::Result<_>>()?;
    for (kind, take) in &kinds {
        if *take && kinds.contains(&(*kind, false)) {
            bail!("{}: say --take or --leave, not both", kind.word().replace('_', "-"));
        }
    }
    Ok(kinds)
}

/// Words of statuses that nobody has explained, each with the option that does.
pub(super) fn open_words(summary: &Summary) -> Vec<String> {
    let open: Vec<&_> = summary.open_statuses().collect();
    let mut says: Vec<String> = open
        .iter()
        .take(WORDS_SAID)
        .map(|word| {
            let key = if word.key == NO_STATUS_KEY || word.key == TWICE_KEY { &word.key } else { &word.word };
            format!(
                "the status “{}” ({}) is not known: say --status \"{key}=registered\" (or left-out, cancelled, refunded)",
                word.word,
                counted(word.rows, "row", "rows")
            )
        })
        .collect();
    if open.len() > WORDS_SAID {
        says.push(format!(
            "and {} more words: perhaps another column holds the status (--map status=COLUMN, or none)",
            open.len() - WORDS_SAID
        ));
    }
    says
}

/// Adds to the top what a look at all rows leaves open or --strict forbids; the words of --status that some row has.
fn collect_refusals(
    command: &ImportCommand,
    statuses: &[StatusSaid],
    summary: &Summary,
    top: &mut Top,
) -> Vec<(String, StatusMeaning)> {
    top.refused.extend(open_words(summary));
    if nobody_has_a_number(summary) && top.formulas_without_value > 0 {
        top.refused.push(format!(
            "nobody has a number, and {} no stored result: open the file in Excel, save it, and import it again",
            counted(top.formulas_without_value, "formula has", "formulas have")
        ));
    }
    let is_met = |said: &&StatusSaid| summary.statuses.iter().any(|met| met.key == said.key);
    let (met, not_met): (Vec<_>, Vec<_>) = statuses.iter().partition(is_met);
    top.statuses_not_met = not_met.into_iter().map(|said| said.word.clone()).collect();
    if command.strict {
        let reasons = strictly(top, summary);
        top.refused.extend(reasons);
    }
    met.into_iter().map(|said| (said.key.clone(), said.meaning)).collect()
}

/// Where its page is; the address of a server that listens elsewhere than usual is not known here.
fn page_of(app: &App, id: ImportId) -> String {
    let path = format!("/imports/{id}");
    match app.config.public_url_is_set {
        true => app.config.url(&path),
        false => format!("the page {path} of the running program"),
    }
}

async fn import(app: &App, command: &ImportCommand) -> anyhow::Result<u8> {
    let organisation = choose(app.store.access().organizations().await?, command.organisation.as_deref())?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let workshop = workshop(&org, &command.workshop).await?;
    let now = app.clock.now();
    let id = ImportId::new(now);
    let name = name_of(&command.file);
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
    let statuses = status_words(&command.status)?;
    let differences = differences(command)?;
    if !tokio::fs::try_exists(&command.file).await.unwrap_or(true) {
        bail!("cannot read {}: there is no such file", command.file.display());
    }
    let sheet = importer
        .open_tab(&name, command.sheet.as_deref())
        .await
        .with_context(|| format!("cannot read {}", command.file.display()))?;
    let mut top = Top::of(&sheet, &command.map, &command.ignore, command.sheet.is_some())?;
    drop(sheet);
    top.mapping.tab.clone_from(&command.sheet);
    top.mapping.take_hidden_rows = command.hidden_rows;
    top.mapping.statuses.extend(statuses.iter().map(|said| (said.key.clone(), said.meaning)));
    let mut mapping = importer.with_remembered(top.mapping.clone()).await?;
    let dates = date_order(&importer, &name, &mut mapping, command.dates.as_deref()).await?;
    copy(&command.file, &file).await?;
    org.add_import(id, workshop.id, &name, &path, now).await?;
    let importer = Importer { file, ..importer };

    let mut summary = Summary::default();
    if top.mapping.chosen().next().is_some() {
        let bar = bar(command, "Reading");
        summary = importer.check(&org.import(id).await?, &mapping, |at| advance(&bar, at)).await?;
        bar.finish_and_clear();
    }
    let met = collect_refusals(command, &statuses, &summary, &mut top);
    let refused = !top.refused.is_empty();
    if !refused {
        importer.remember(&met).await?;
    }
    for (kind, take) in differences {
        summary.again.choose(kind, take);
    }
    let differs = summary.again.met().any(|(_, group)| group.take);
    let shared_before = org.registrant_counts(workshop.id).await?.duplicate;
    if !refused && !command.dry_run && (differs || summary.ready + summary.opting_out > 0) {
        org.import_summary(id, &summary.json()).await?;
        let bar = self::bar(command, "Importing");
        summary = importer.commit(&org.import(id).await?, |at| advance(&bar, at)).await?;
        bar.finish_and_clear();
        // Nobody needs the copy again; those that wait count against what may be uploaded.
        let _ = tokio::fs::remove_file(&importer.file).await;
    }
    let code = exit_code(refused, &summary);
    let told = Told {
        id,
        workshop: &workshop,
        top: &top,
        summary: &summary,
        dates,
        same_number: org.registrant_counts(workshop.id).await?.duplicate.saturating_sub(shared_before),
        page: page_of(app, id),
        code,
        dry_run: command.dry_run,
    };
    if command.json {
        say(told.json(command)?)?;
    } else {
        told.words(&org, command).await?;
    }
    Ok(code)
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Copies the file, so that the page can show its rows and an interrupted import can go on.
async fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = to.parent().context("the copy lies in a folder")?;
    tokio::fs::create_dir_all(folder).await.with_context(|| format!("cannot create {}", folder.display()))?;
    tokio::fs::copy(from, to).await.with_context(|| format!("cannot copy to {}", to.display()))?;
    Ok(())
}

fn exit_code(refused: bool, summary: &Summary) -> u8 {
    match () {
        () if refused => REFUSED,
        () if summary.rows_left_out() > 0 || nobody_has_a_number(summary) => SOME_LEFT_OUT,
        () => ALL_TAKEN,
    }
}

fn nobody_has_a_number(summary: &Summary) -> bool {
    summary.ready > 0 && summary.without_phone == summary.ready
}

/// What `--strict` refuses besides.
fn strictly(top: &Top, summary: &Summary) -> Vec<String> {
    let rows = |n: u64| counted(n, "row", "rows");
    let mut reasons = Vec::new();
    let mut reason = |n: u64, what: &str| {
        if n > 0 {
            reasons.push(format!("--strict: {} {what}", rows(n)));
        }
    };
    reason(summary.bad, "cannot be read");
    reason(summary.left_out, "would be left out by their status");
    reason(summary.hidden_rows, "hidden in the sheet would be left out");
    reason(summary.other_table, "of another table would be left out");
    reason(summary.warned, "would be taken without something");
    if !top.guessed.is_empty() {
        let columns: Vec<String> = top
            .guessed
            .iter()
            .map(|(field, title)| {
                let named = title.strip_prefix("column ").unwrap_or(title);
                format!("--map {}=\"{named}\"", field.word().replace('_', "-"))
            })
            .collect();
        reasons.push(format!(
            "--strict: {}; say {}",
            counted(
                columns.len() as u64,
                "column was guessed from its cells",
                "columns were guessed from their cells"
            ),
            columns.join(" ")
        ));
    }
    for word in &top.statuses_not_met {
        reasons.push(format!("--strict: --status “{word}” is in no row"));
    }
    if !top.hidden_sheets.is_empty() {
        reasons.push(format!("--strict: a hidden sheet holds people ({})", top.hidden_sheets.join(", ")));
    }
    if !top.not_used.is_empty() {
        reasons.push(format!(
            "--strict: {} not used",
            counted(top.not_used.len() as u64, "column that may matter is", "columns that may matter are")
        ));
    }
    if !top.sheets_not_read.is_empty() {
        reasons.push(format!("--strict: not every sheet is read ({})", top.sheets_not_read.join(", ")));
    }
    reasons
}

/// The order that fits every date of the file, or the one that was said. Where neither is there, times that can be read in two ways are
/// left out, and said: they order a list and decide nothing.
async fn date_order(
    importer: &Importer,
    name: &str,
    mapping: &mut Mapping,
    said: Option<&str>,
) -> anyhow::Result<Option<String>> {
    if mapping.get(Field::RegisteredAt).is_none() {
        return Ok(None);
    }
    let said = said.and_then(|word| word.replace('-', "_").parse::<DateOrder>().ok());
    let (order, says) = match (importer.date_order(name, mapping).await?, said) {
        (OrderFound::NotNeeded, _) => (None, None),
        (OrderFound::Only(order), _) | (OrderFound::Open { .. } | OrderFound::Mixed { .. }, Some(order)) => {
            (Some(order), None)
        }
        (OrderFound::Open { example }, None) => (
            None,
            Some(format!(
                "“{example}” can be read in two ways; times like it are left out. Say --dates day-first or --dates month-first."
            )),
        ),
        (OrderFound::Mixed { day, month }, None) => (
            None,
            Some(format!(
                "“{day}” has the day first and “{month}” the month; times that can be read in two ways are left out. Say --dates day-first or --dates month-first."
            )),
        ),
    };
    mapping.set_date_order(order);
    Ok(says)
}

/// The workshop of that id or title; a title that two have is not guessed.
pub(super) async fn workshop(org: &Org, wanted: &str) -> anyhow::Result<Workshop> {
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
