//! `munadi doctor`: looks at everything that has to be right, and says what to do. It changes nothing but the row of the test write.

mod alerts;
mod calls;
mod linked;
mod machine;

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use domain::{
    ids::{BroadcastId, WorkerId},
    time::{Clock, DAY, MINUTE, Millis, SECOND, WallClock},
};
use serde::Serialize;
use store::{
    Depth, Inspection, Store, Tenancy,
    work::{BroadcastToCount, Work},
};

use self::alerts::ways_out;
use self::calls::calls;
use self::linked::linked_accounts;
use self::machine::{
    CLOCK_WARN_MS, clock_is_sane, compare_clocks, disk, folder, key_file, private, settings,
};
use super::say;
use crate::{config::Config, seal::KeyRing, secrets, ui::format::counted};

/// Longest wait for the database.
const DATABASE_WAIT: Duration = Duration::from_secs(20);

/// Unmatched receipts older than this are history.
const RECEIPTS_LOOK_BACK_MS: i64 = 7 * DAY;

/// Longest wait for the check of every page.
const INSPECTION_WAIT: Duration = Duration::from_secs(30 * 60);

/// Rows that a quick look counts at most: those of broadcasts that changed since they were proven.
const QUICK_ROWS: i64 = 300_000;

/// A receipt that has waited longer than this is stuck: even one that waits for its call waits ten minutes at most.
const RECEIPT_OVERDUE_MS: i64 = 15 * MINUTE;

/// A sending loop turns at least every second, and tells with its heartbeat.
const TURN_OVERDUE_MS: i64 = 30 * SECOND;

/// `munadi doctor …`
#[derive(Args, Debug)]
pub struct DoctorCommand {
    /// Print the findings as one line of JSON
    #[arg(long)]
    json: bool,
    /// Leave out what takes long in a large database: for a monitor
    #[arg(long)]
    quick: bool,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It works and should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How grave the finding is.
    pub level: Level,
    /// The thing that was looked at.
    pub about: &'static str,
    /// What was found about it.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub todo: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, about: &'static str, found: impl Into<String>) {
        self.add(Level::Ok, about, found, "");
    }

    fn warn(&mut self, about: &'static str, found: impl Into<String>, todo: impl Into<String>) {
        self.add(Level::Warn, about, found, todo);
    }

    fn fail(&mut self, about: &'static str, found: impl Into<String>, todo: impl Into<String>) {
        self.add(Level::Fail, about, found, todo);
    }

    fn add(&mut self, level: Level, about: &'static str, found: impl Into<String>, todo: impl Into<String>) {
        self.0.push(Finding { level, about, found: found.into(), todo: todo.into() });
    }

    /// The findings, in the order of the checks.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    /// The worst of them.
    pub fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

/// Looks, prints, and ends with an error when something failed.
pub async fn run(config: Config, command: DoctorCommand) -> anyhow::Result<()> {
    let bar = indicatif::ProgressBar::new_spinner();
    let depth = if command.quick { Depth::Quick } else { Depth::Full };
    let report = look(&config, &WallClock, depth, &|words| {
        bar.set_message(words);
        bar.tick();
    })
    .await;
    bar.finish_and_clear();
    if command.json {
        say(serde_json::json!({ "worst": report.worst(), "findings": report.findings() }))?;
    } else {
        for finding in report.findings() {
            say(line(finding))?;
        }
    }
    let failed = report.findings().iter().filter(|finding| finding.level == Level::Fail).count();
    if failed > 0 {
        bail!("{failed} checks failed");
    }
    Ok(())
}

fn line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Ok => "ok  ",
        Level::Warn => "warn",
        Level::Fail => "FAIL",
    };
    let todo = if finding.todo.is_empty() { String::new() } else { format!("\n      → {}", finding.todo) };
    format!("{level}  {}: {}{todo}", finding.about, finding.found)
}

/// Makes every check that the ones before it allow. Creates nothing, and changes nothing but the time of the last test write.
pub async fn examine(config: &Config, clock: &dyn Clock) -> Report {
    look(config, clock, Depth::Full, &|_| {}).await
}

/// As [`examine`], as closely as asked; `progress` is told what is looked at.
pub async fn look(
    config: &Config,
    clock: &dyn Clock,
    depth: Depth,
    progress: &(dyn Fn(String) + Sync),
) -> Report {
    let mut report = Report::default();
    let now = clock.now();
    settings(config, &mut report);
    let has_folder = folder(config, &mut report);
    let keys = key_file(config, &mut report);
    if has_folder {
        disk(config, &mut report);
    }
    clock_is_sane(now, &mut report);
    progress("the database".to_owned());
    if let Some(found) = database(config, now, depth, &mut report).await {
        opened(config, keys.as_ref(), &found, now, depth, progress, &mut report).await;
    }
    report
}

async fn database(config: &Config, now: Millis, depth: Depth, report: &mut Report) -> Option<Inspection> {
    const ABOUT: &str = "database";
    if let Some(file) = config.sqlite_file() {
        if !file.exists() {
            let todo = "the first start creates it; if you expected one, check --data and --database";
            report.warn(ABOUT, format!("{} does not exist", file.display()), todo);
            return None;
        }
        private(&file, report);
    }
    // Every page of a large database takes its time.
    let wait = if depth == Depth::Quick { DATABASE_WAIT } else { INSPECTION_WAIT };
    let found = match tokio::time::timeout(wait, store::inspect(&config.database, depth)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            report.fail(ABOUT, error.to_string(), "check that it runs, its address, user and password");
            return None;
        }
        Err(_) => {
            let words = format!("it did not answer within {} s", wait.as_secs());
            report.fail(ABOUT, words, "check that it runs and that this machine reaches it");
            return None;
        }
    };
    let version = format!("{}, schema {}", found.engine, found.schema);
    if let Some(broken) = found.broken.first() {
        let words = format!("{version}: damaged ({broken})");
        report.fail(ABOUT, words, "stop Munadi, keep a copy of the data folder, restore the newest backup");
        return None;
    }
    if let Some(theirs) = found.clock {
        compare_clocks(config, now, theirs, report);
    }
    if found.schema > found.known {
        let words = format!("{version}; this program knows {} at most", found.known);
        report.fail(ABOUT, words, "use the newer version of Munadi that it was used with");
        return None;
    }
    if found.schema < found.known {
        let words = format!("{version}; this program has {}", found.known);
        report.warn(ABOUT, words, "make a backup; the next start brings it up to date");
        return None;
    }
    report.ok(ABOUT, version);
    Some(found)
}

async fn opened(
    config: &Config,
    keys: Option<&KeyRing>,
    found: &Inspection,
    now: Millis,
    depth: Depth,
    progress: &(dyn Fn(String) + Sync),
    report: &mut Report,
) {
    let store = match Store::open(config.database_address()).await {
        Ok(store) => store,
        Err(error) => {
            report.fail("database", error.to_string(), format!("see above; the schema is {}", found.schema));
            return;
        }
    };
    let work = store.work(WorkerId::new(now));
    let checks = async {
        test_write(&store, now, report).await;
        tenancy(&store, report);
        notifications(&store, report).await?;
        sums(&work, now, depth, progress, report).await?;
        if let Some(keys) = keys {
            accounts(&store, keys, report).await?;
        }
        workers(&work, now, report).await?;
        linked_accounts(&work, now, report).await?;
        calls(&work, config, now, report).await?;
        ways_out(config, &work, now, report).await?;
        receipts(&work, now, report).await
    };
    let done: Result<(), store::StoreError> = checks.await;
    if let Err(error) = done {
        report.fail("database", error.to_string(), "run: munadi doctor again; if it stays, restore a backup");
    }
    store.close().await;
}

async fn test_write(store: &Store, now: Millis, report: &mut Report) {
    const ABOUT: &str = "test write";
    let wrote = tokio::time::timeout(DATABASE_WAIT, store.try_fresh_write(now)).await;
    match wrote.unwrap_or_else(|_| Err(store::StoreError::no_answer(DATABASE_WAIT))) {
        Ok(()) => report.ok(ABOUT, "the database takes writes"),
        Err(error) if error.is_full() => report.fail(
            ABOUT,
            format!("the disk is full: {error}"),
            "free some space: nothing is recorded and nothing is sent until then; it goes on by itself",
        ),
        Err(error) => report.fail(
            ABOUT,
            format!("the database takes no writes: {error}"),
            "nothing is sent until it does; check its disk, its rights and what else uses it",
        ),
    }
}

fn tenancy(store: &Store, report: &mut Report) {
    const ABOUT: &str = "row-level security";
    match store.tenancy() {
        None => {}
        Some(Tenancy::Stands) => {
            report.ok(ABOUT, "the database keeps organisations apart a second time, below the queries");
        }
        Some(Tenancy::Missing(why)) => report.warn(
            ABOUT,
            format!("organisations are kept apart by the queries alone: {why}"),
            "as an administrator of the server: CREATE ROLE munadi_tenant NOLOGIN; GRANT munadi_tenant TO the user that Munadi signs in as; then start Munadi again",
        ),
    }
}

async fn notifications(store: &Store, report: &mut Report) -> Result<(), store::StoreError> {
    const ABOUT: &str = "notifications";
    match store.notifies().await? {
        // One process hears itself.
        None => {}
        Some(true) => report.ok(ABOUT, "what one process changes reaches the others at once"),
        Some(false) => report.warn(
            ABOUT,
            "what one process changes does not reach the others; each looks every second",
            "set database_direct to an address of PostgreSQL without the pooler: LISTEN and NOTIFY need it",
        ),
    }
    Ok(())
}

async fn sums(
    work: &Work,
    now: Millis,
    depth: Depth,
    progress: &(dyn Fn(String) + Sync),
    report: &mut Report,
) -> Result<(), store::StoreError> {
    const ABOUT: &str = "sums";
    let (to_count, left) = match depth {
        Depth::Full => (work.counted_broadcasts().await?, (0, 0)),
        Depth::Quick => within(work.unproven().await?, QUICK_ROWS),
    };
    let mut differences = Vec::new();
    for (at, broadcast) in to_count.iter().enumerate() {
        progress(format!("the sums of broadcast {} of {}", at + 1, to_count.len()));
        differences.extend(work.prove(*broadcast, now).await?);
    }
    match (differences.first(), left) {
        (None, (0, _)) if depth == Depth::Full => {
            report.ok(ABOUT, "the kept counts of every broadcast equal its rows");
        }
        (None, (0, _)) => {
            report.ok(ABOUT, "the kept counts of every broadcast equal its rows, or have not changed since they did");
        }
        (None, (broadcasts, rows)) => report.ok(
            ABOUT,
            format!("{broadcasts} broadcasts with {rows} rows changed since they were proven; munadi doctor without --quick counts them, and so does a running process in time"),
        ),
        (Some(first), _) => report.fail(
            ABOUT,
            format!(
                "{} counts differ; broadcast {} keeps {} {} and has {}",
                differences.len(),
                first.broadcast,
                first.kept,
                first.state,
                first.counted
            ),
            "this is a defect of Munadi: make a backup, trust the rows, and report it with this line",
        ),
    }
    Ok(())
}

/// Those that may be counted now, the smallest first, and how many broadcasts and rows are left.
fn within(unproven: Vec<BroadcastToCount>, rows_most: i64) -> (Vec<BroadcastId>, (usize, i64)) {
    let (mut now, mut rows, mut left) = (Vec::new(), 0, (0, 0));
    for one in unproven {
        rows += one.rows;
        if rows <= rows_most {
            now.push(one.broadcast);
        } else {
            left = (left.0 + 1, left.1 + one.rows);
        }
    }
    (now, left)
}

async fn accounts(store: &Store, keys: &KeyRing, report: &mut Report) -> Result<(), store::StoreError> {
    const ABOUT: &str = "accounts";
    let opened = secrets::try_all(store, keys).await?;
    match opened.unopened.first() {
        Some(first) => report.fail(
            ABOUT,
            format!("{} of {} do not open ({first})", opened.unopened.len(), opened.accounts),
            "put the right key file back, or enter their keys again under Settings, Integrations",
        ),
        None if opened.accounts == 0 => report.warn(
            ABOUT,
            "none is connected",
            "connect one under Settings, Integrations, before anything can be sent",
        ),
        None => report.ok(ABOUT, format!("{} open with the key file", opened.accounts)),
    }
    if secrets::any_under_an_older_key(store, keys).await? {
        report.warn(
            ABOUT,
            "some are sealed under an older key",
            "a rotation did not end; stop Munadi and run: munadi rotate-key",
        );
    }
    Ok(())
}

async fn workers(work: &Work, now: Millis, report: &mut Report) -> Result<(), store::StoreError> {
    const ABOUT: &str = "workers";
    let all = work.workers().await?;
    let (alive, lost): (Vec<_>, Vec<_>) = all.iter().partition(|worker| worker.alive_until > now.0);
    let due = work.due(now).await?.len();
    if alive.is_empty() {
        let found = "no process sends";
        if due > 0 {
            let words = format!("{found}, and {due} broadcasts are due");
            report.fail(ABOUT, words, "start one: munadi serve");
        } else {
            report.warn(ABOUT, found, "nothing is due now; start one: munadi serve");
        }
    } else {
        let names: Vec<String> = alive
            .iter()
            .map(|worker| {
                format!("{} (heartbeat {} s ago)", worker.name, now.since(Millis(worker.beat_at)) / SECOND)
            })
            .collect();
        report.ok(ABOUT, names.join(", "));
    }
    for stuck in alive.iter().filter(|worker| {
        let last = Millis(worker.turned_at.max(worker.started_at));
        now.since(last) > TURN_OVERDUE_MS
    }) {
        let words = match stuck.turned_at {
            0 => "no turn of its sending loop ended since it started".to_owned(),
            at => format!("the last turn of its sending loop ended {} s ago", now.since(Millis(at)) / SECOND),
        };
        report.fail(
            ABOUT,
            format!("{} lives and does not send: {words}", stuck.name),
            "look at its log; it ends by itself after a minute if only a fresh process can help, else start it again",
        );
    }
    if let Some(first) = lost.first() {
        let words = format!(
            "{} was lost, last heartbeat {} s ago",
            first.name,
            now.since(Millis(first.beat_at)) / SECOND
        );
        report.warn(
            ABOUT,
            words,
            "another process gives up on it at its next look; its calls in flight become unknown, for a receipt or a person to decide",
        );
    }
    if let Some(ahead) = all.iter().find(|worker| now.since(Millis(worker.beat_at)) < -CLOCK_WARN_MS) {
        let words = format!(
            "the heartbeat of {} is {} s in the future",
            ahead.name,
            -now.since(Millis(ahead.beat_at)) / SECOND
        );
        report.warn("clock", words, "this machine's clock is behind, or was set back; set all by NTP");
    }
    Ok(())
}

async fn receipts(work: &Work, now: Millis, report: &mut Report) -> Result<(), store::StoreError> {
    const ABOUT: &str = "receipts";
    let odd =
        work.receipts_to_review(now.plus(-RECEIPTS_LOOK_BACK_MS), now.plus(-RECEIPT_OVERDUE_MS)).await?;
    if odd.overdue > 0 {
        report.warn(
            ABOUT,
            format!("{} have waited for more than {} minutes", odd.overdue, RECEIPT_OVERDUE_MS / MINUTE),
            "check that a process runs and that the accounts open",
        );
    }
    if odd.unmatched > 0 {
        report.warn(
            ABOUT,
            format!("{} of the last seven days fit no message", odd.unmatched),
            "usual when the same account is also used elsewhere; otherwise look at them before you decide about unknown messages",
        );
    }
    if odd.not_understood > 0 {
        report.warn(
            ABOUT,
            format!(
                "{} of providers in the last seven days could not be read",
                counted(odd.not_understood, "post", "posts")
            ),
            "see them on the operator page; at the provider, set the callback to JSON and to the product that is used here",
        );
    }
    if odd.overdue == 0 && odd.unmatched == 0 && odd.not_understood == 0 {
        report.ok(ABOUT, "all of the last seven days found their message");
    }
    Ok(())
}
