//! `munadi restore FILE`: puts a backup into an empty data folder, after it was unpacked beside and opened.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use domain::time::{Clock, Millis, WallClock, Zone};
use serde_json::json;
use store::{Depth, Store, StoreError};

use super::{
    backup::{ABOUT, ASIDE, About, DATABASE, FILES, FORMAT, KEYS, STAGING},
    say,
};
use crate::{
    config::Config,
    seal::KeyRing,
    secrets::{self, OpenedSecrets},
};

/// `munadi restore …`
#[derive(Args, Debug)]
pub struct RestoreCommand {
    /// The archive that `munadi backup` wrote
    file: PathBuf,
    /// Move what is in the data folder aside, into a folder inside it
    #[arg(long)]
    force: bool,
    /// Say what was restored as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the archive says about itself.
    pub about: About,
    /// Accounts whose secrets open with the restored keys.
    pub accounts: usize,
    /// Accounts whose secrets do not open.
    pub unopened: usize,
    /// Accounts that were stopped, because open broadcasts would have gone on by them.
    pub stopped: u64,
    /// Where the former content went.
    pub aside: Option<PathBuf>,
}

/// Restores, and says what is next.
pub async fn run(config: Config, command: RestoreCommand) -> anyhow::Result<()> {
    let restored = restore(&config, &command.file, command.force, WallClock.now()).await?;
    if command.json {
        return say(json!({
            "data": config.data, "about": restored.about, "accounts": restored.accounts,
            "unopened": restored.unopened, "stopped": restored.stopped, "aside": restored.aside,
        }));
    }
    let taken = Zone::india();
    let at = Millis(restored.about.taken_at);
    say(format_args!(
        "The backup of {} {} IST is in {} and opens. Accounts that can be used: {}.",
        taken.long_date(at),
        taken.plain_time(at),
        config.data.display(),
        restored.accounts
    ))?;
    if restored.unopened > 0 {
        say(format_args!(
            "Accounts that do not open: {}. Enter their keys again under Settings, Integrations.",
            restored.unopened
        ))?;
    }
    if let Some(aside) = &restored.aside {
        say(format_args!("What was there before is in {}.", aside.display()))?;
    }
    if restored.stopped > 0 {
        say(format_args!(
            "The backup does not know what was sent after it. Accounts with open broadcasts ({}) are therefore stopped: \
             look at those broadcasts, cancel what went out already, then release the accounts under Settings, Integrations.",
            restored.stopped
        ))?;
    }
    say("Start with: munadi serve")
}

/// Unpacks into a folder inside the data folder, opens what came out, and only then puts it in place.
pub async fn restore(config: &Config, file: &Path, force: bool, now: Millis) -> anyhow::Result<Restored> {
    config.create_data_folder()?;
    let places = Places::of(config)?;
    let _alone = not_running(&config.data)?;
    let in_the_way = places.in_the_way(config)?;
    if let (Some(first), false) = (in_the_way.first(), force) {
        bail!(
            "{} is in the way; restore into an empty folder (--data FOLDER), or move what is there aside with --force",
            first.display()
        );
    }
    let staging = config.data.join(STAGING);
    if staging.exists() {
        std::fs::remove_dir_all(&staging).with_context(|| {
            format!("cannot remove {}, left from a restore that was cut off", staging.display())
        })?;
    }
    DirBuilder::new().mode(0o700).create(&staging)?;
    let opened = match unpack(file, &staging) {
        Ok(about) => check(config, &staging, about, now).await,
        Err(error) => Err(error),
    };
    let mut restored = match opened {
        Ok(restored) => restored,
        Err(error) => {
            // Nothing of it is used, and nothing that was there was touched.
            std::fs::remove_dir_all(&staging)?;
            return Err(error);
        }
    };
    if !in_the_way.is_empty() {
        restored.aside = Some(move_aside(config, &in_the_way, now)?);
    }
    places.fill(&staging, config, restored.about.schema.is_some())?;
    std::fs::remove_dir_all(&staging)?;
    Ok(restored)
}

/// Where database and keys belong.
struct Places {
    database: Option<PathBuf>,
    keys: PathBuf,
}

impl Places {
    fn of(config: &Config) -> anyhow::Result<Places> {
        let path = config.database.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        Ok(Places { database: path.map(PathBuf::from), keys: config.key_file.clone() })
    }

    /// What would be mixed up with the restored files.
    fn in_the_way(&self, config: &Config) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&config.data)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !(name.starts_with(ASIDE) || [STAGING, LOCK, "lost+found"].contains(&name.as_ref())) {
                found.push(entry.path());
            }
        }
        let outside = self.database.iter().flat_map(|path| {
            ["", "-wal", "-shm"].map(|end| {
                let mut path = path.clone().into_os_string();
                path.push(end);
                PathBuf::from(path)
            })
        });
        let outside: Vec<PathBuf> = outside
            .chain([self.keys.clone()])
            .filter(|path| path.exists() && !is_in(path, &config.data))
            .collect();
        found.extend(outside);
        found.sort();
        Ok(found)
    }

    fn fill(&self, staging: &Path, config: &Config, with_database: bool) -> anyhow::Result<()> {
        // The keys first: a database without its keys would be given new ones by the next start.
        put(&staging.join(KEYS), &self.keys)?;
        let files = staging.join(FILES);
        if files.exists() {
            for entry in std::fs::read_dir(&files)? {
                let entry = entry?;
                put(&entry.path(), &config.data.join(entry.file_name()))?;
            }
        }
        if let (Some(database), true) = (&self.database, with_database) {
            put(&staging.join(DATABASE), database)?;
        }
        Ok(())
    }
}

/// Held by a process that sends; see `App::lock_sending`.
const LOCK: &str = "sending.lock";

fn not_running(data: &Path) -> anyhow::Result<Option<File>> {
    let path = data.join(LOCK);
    if !path.exists() {
        return Ok(None);
    }
    let lock = OpenOptions::new()
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if lock.try_lock().is_err() {
        bail!("Munadi runs in {}; stop it first", data.display());
    }
    Ok(Some(lock))
}

fn is_in(path: &Path, folder: &Path) -> bool {
    match (std::path::absolute(path), std::path::absolute(folder)) {
        (Ok(path), Ok(folder)) => path.parent() == Some(folder.as_path()),
        _ => false,
    }
}

fn move_aside(config: &Config, what: &[PathBuf], now: Millis) -> anyhow::Result<PathBuf> {
    let stamp = Zone::india().local_form(now).replace(':', "");
    let name = |n: usize| if n == 0 { format!("{ASIDE}{stamp}") } else { format!("{ASIDE}{stamp}-{n}") };
    let aside = (0..)
        .map(|n| config.data.join(name(n)))
        .find(|folder| !folder.exists())
        .context("there is always a free name")?;
    DirBuilder::new().mode(0o700).create(&aside)?;
    for path in what {
        let name = path.file_name().context("a file has a name")?;
        put(path, &aside.join(name))?;
    }
    Ok(aside)
}

/// Moves a file or folder; copies a file where the way leads to another file system.
fn put(from: &Path, to: &Path) -> anyhow::Result<()> {
    let what = || format!("cannot move {} to {}", from.display(), to.display());
    match std::fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices && from.is_file() => {
            // The copy keeps the mode: private stays private.
            std::fs::copy(from, to).with_context(what)?;
            std::fs::remove_file(from).with_context(what)
        }
        Err(error) => Err(error).with_context(what),
    }
}

fn unpack(file: &Path, to: &Path) -> anyhow::Result<About> {
    let archive = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut about = None;
    let broken = || format!("{} is not a whole backup of Munadi", file.display());
    for entry in tar::Archive::new(archive).entries().with_context(broken)? {
        let mut entry = entry.with_context(broken)?;
        let name = entry.path().with_context(broken)?.into_owned();
        if !entry.header().entry_type().is_file() || !expected(&name) {
            bail!("{}: {} does not belong into it", broken(), name.display());
        }
        let path = to.join(&name);
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let bytes = std::io::copy(&mut entry, &mut out).with_context(broken)?;
        if bytes != entry.size() {
            bail!("{}: {} ends early", broken(), name.display());
        }
        out.sync_all()?;
        if name == Path::new(ABOUT) {
            let read: About = serde_json::from_str(&std::fs::read_to_string(&path)?).with_context(broken)?;
            if read.format > FORMAT {
                bail!(
                    "{} was written by a newer version of Munadi ({}); use that one",
                    file.display(),
                    read.version
                );
            }
            about = Some(read);
        }
    }
    let about = about.with_context(broken)?;
    if !to.join(KEYS).exists() || (about.schema.is_some() && !to.join(DATABASE).exists()) {
        bail!("{}: keys or database are missing", broken());
    }
    Ok(about)
}

/// Only our own names, and no way out of the folder.
fn expected(name: &Path) -> bool {
    let mut parts = name.components();
    let first = parts.next();
    let rest: Vec<Component<'_>> = parts.collect();
    match first {
        Some(Component::Normal(top)) if rest.is_empty() => {
            [ABOUT, DATABASE, KEYS].iter().any(|known| top == *known)
        }
        Some(Component::Normal(top)) => {
            // Files lie in folders: beside them are the keys and the database, which have places of their own in an archive.
            top == FILES && rest.len() >= 2 && rest.iter().all(|part| matches!(part, Component::Normal(_)))
        }
        _ => false,
    }
}

/// Opens keys and database as the program would, counts, and keeps open broadcasts from going on by themselves.
async fn check(config: &Config, staging: &Path, about: About, now: Millis) -> anyhow::Result<Restored> {
    let keys = KeyRing::open(&staging.join(KEYS))?;
    let is_sqlite = config.database.starts_with("sqlite:");
    let url = match about.schema {
        Some(_) if !is_sqlite => bail!(
            "the archive holds a SQLite database, and the settings name PostgreSQL; restore with --database sqlite:FILE"
        ),
        Some(schema) => {
            let url = format!("sqlite:{}", staging.join(DATABASE).display());
            check_copy(&url, schema, &about).await?;
            url
        }
        None if is_sqlite => bail!(
            "the rows of this archive are in PostgreSQL: run pg_restore first, as the backup said, then this with --database postgres://…"
        ),
        None => config.database.clone(),
    };
    // Brings an older one up to date, as the next start would.
    let store = Store::open(&url).await.context("the restored database does not open")?;
    let done = prepare(&store, &keys, now).await;
    store.close().await;
    let (opened, stopped) = done?;
    let log = staging.join(format!("{DATABASE}-wal"));
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        bail!("the restored database could not be closed cleanly");
    }
    let unopened = opened.unopened.len();
    Ok(Restored { about, accounts: opened.accounts - unopened, unopened, stopped, aside: None })
}

async fn prepare(store: &Store, keys: &KeyRing, now: Millis) -> Result<(OpenedSecrets, u64), StoreError> {
    let opened = secrets::try_all(store, keys).await?;
    let stopped = store.stop_accounts_in_use("restore of a backup", now).await?;
    Ok((opened, stopped))
}

/// The copy is whole, not newer than this program, and holds what the archive says.
async fn check_copy(url: &str, schema: i64, about: &About) -> anyhow::Result<()> {
    let found =
        store::inspect(url, Depth::Full).await.context("the database in the archive does not open")?;
    if let Some(broken) = found.broken.first() {
        bail!("the database in the archive is damaged: {broken}");
    }
    if found.schema > found.known {
        return Err(StoreError::Newer { found: found.schema, known: found.known }.into());
    }
    if found.schema != schema || found.rows != about.rows {
        bail!("the database in the archive does not hold what the archive says of it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_unpacked() {
        for good in [ABOUT, DATABASE, KEYS, "files/imports/a.csv"] {
            assert!(expected(Path::new(good)), "{good}");
        }
        for bad in [
            "../munadi.db",
            "/munadi.db",
            "files/../../x",
            "files",
            "other",
            "files/../munadi.key",
            "files/munadi.key",
            "",
        ] {
            assert!(!expected(Path::new(bad)), "{bad}");
        }
    }
}
