//! `munadi backup FILE`: one archive with everything that is needed to go on elsewhere.
//!
//! It is a tar file, so that any computer can look into it: [`ABOUT`] first, then the database, the keys, and under `files/`
//! what lies in the data folder besides.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, bail};
use clap::Args;
use domain::time::{Millis, WallClock};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Store;

use super::say;
use crate::{app::App, config::Config, seal::KeyRing};

/// First entry of an archive: what is in it, as JSON of [`About`].
pub const ABOUT: &str = "munadi-backup.json";
/// The database's entry; absent where it is PostgreSQL.
pub const DATABASE: &str = "munadi.db";
/// The keys' entry.
pub const KEYS: &str = "munadi.key";
/// Everything else of the data folder lies under it.
pub const FILES: &str = "files";
/// Version of the archive's form.
pub const FORMAT: u32 = 1;
/// What an earlier restore moved aside begins with this, and is not backed up.
pub const ASIDE: &str = "before-restore-";
/// What a restore that was cut off may have left; not backed up.
pub const STAGING: &str = "restoring";

/// `munadi backup …`
#[derive(Args, Debug)]
pub struct BackupCommand {
    /// The archive to write; must not exist yet
    file: PathBuf,
    /// Say what was written as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The description that an archive carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The number of the archive's form.
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// When the backup was taken, in UTC milliseconds.
    pub taken_at: i64,
    /// Schema version of the database; `None` where it is PostgreSQL and not in here.
    pub schema: Option<i64>,
    /// The number of rows in each table of the copy.
    pub rows: BTreeMap<String, i64>,
}

/// Writes it, and says what is left to do.
pub async fn run(config: Config, command: BackupCommand) -> anyhow::Result<()> {
    if !KeyRing::exists(&config.key_file) {
        bail!(
            "there is no key file {}: nothing was set up in {} yet",
            config.key_file.display(),
            config.data.display()
        );
    }
    let app = App::open(config, Arc::new(WallClock)).await?;
    let store = app.store.clone();
    let heeding = tokio::spawn(async move { store.heed_senders(&WallClock).await });
    let done = write(&app, &command.file).await;
    heeding.abort();
    app.store.close().await;
    let about = done?;
    let bytes = std::fs::metadata(&command.file)?.len();
    if command.json {
        return say(json!({ "file": command.file, "bytes": bytes, "about": about }));
    }
    say(format_args!("{} holds the backup, {} KiB.", command.file.display(), bytes.div_ceil(1024)))?;
    say(
        "It holds the sealing keys: whoever has it can read every account's secrets. Keep it as you keep a password.",
    )?;
    if about.schema.is_none() {
        say(postgres_words(&app.config.database, &command.file))?;
    }
    Ok(())
}

/// Writes the archive; the program may be running and writing meanwhile. Refused when the file exists.
pub async fn write(app: &App, file: &Path) -> anyhow::Result<About> {
    if file.exists() {
        bail!("{} exists already; a backup never overwrites", file.display());
    }
    let beside = Beside::create(file)?;
    let mut about = About {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: app.clock.now().0,
        schema: None,
        rows: BTreeMap::new(),
    };
    let copy = beside.0.join(DATABASE);
    if !app.store.is_shared() {
        app.store.backup_sqlite(&copy).await.context("cannot copy the database")?;
        // The check reads all of it at once; a server that sends beside this goes first.
        store::lower_thread_priority();
        let found = store::inspect(&format!("sqlite:{}", copy.display()), store::Depth::Full).await?;
        if let Some(broken) = found.broken.first() {
            bail!("the copy of the database is damaged ({broken}); run: munadi doctor");
        }
        about.schema = Some(found.schema);
        about.rows = found.rows;
    }
    let part = beside.0.join("archive.tar");
    let copy = about.schema.is_some().then_some(copy.as_path());
    let others = other_files(&app.config, file)?;
    write_tar(app, &about, copy, &others, &part)
        .with_context(|| format!("cannot write {}", file.display()))?;
    if file.exists() {
        bail!("{} came into being meanwhile; a backup never overwrites", file.display());
    }
    std::fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(about)
}

/// A private folder beside the archive, gone in the end: half an archive never has the archive's name.
struct Beside(PathBuf);

impl Beside {
    fn create(file: &Path) -> anyhow::Result<Beside> {
        let mut name = file.file_name().context("the backup needs a file name")?.to_owned();
        name.push(".part");
        let folder = file.with_file_name(name);
        DirBuilder::new().mode(0o700).create(&folder).with_context(|| {
            format!(
                "cannot create {} (if it is left from a backup that was cut off, remove it)",
                folder.display()
            )
        })?;
        Ok(Beside(folder))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} could not be removed: {error}", self.0.display());
        }
    }
}

fn write_tar(
    app: &App,
    about: &About,
    database: Option<&Path>,
    others: &[(PathBuf, String)],
    to: &Path,
) -> anyhow::Result<()> {
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let config = &app.config;
    let out = Unhurried { file: out, store: &app.store, waiting: 0, since: Instant::now() };
    let mut tar = tar::Builder::new(std::io::BufWriter::new(out));
    let at = Millis(about.taken_at);
    append(&mut tar, ABOUT, serde_json::to_string_pretty(about)?.as_bytes(), at)?;
    if let Some(database) = database {
        let copy = File::open(database)?;
        append_reader(&mut tar, Path::new(DATABASE), copy.metadata()?.len(), copy, at)?;
    }
    // After the database: whatever is sealed in there, its key is in here.
    let keys = std::fs::read(&config.key_file)
        .with_context(|| format!("cannot read the key file {}", config.key_file.display()))?;
    append(&mut tar, KEYS, &keys, at)?;
    for (path, name) in others {
        match File::open(path) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                // An upload under way may grow or be cut short meanwhile: the archive holds what it said it would.
                let whole = file.chain(std::io::repeat(0)).take(bytes);
                append_reader(&mut tar, Path::new(name), bytes, whole, at)?;
            }
            // It may have been removed since the folder was read.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    let out = tar.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    out.file.sync_all()?;
    Ok(())
}

/// Bytes after which the archive is put on the disk: a server that commits meanwhile waits for no more than that.
const PUT_AFTER: usize = 4 << 20;

/// A file that is put on the disk often, with a rest behind it for whoever sends.
struct Unhurried<'a> {
    file: File,
    store: &'a Store,
    waiting: usize,
    since: Instant,
}

impl Write for Unhurried<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.waiting += written;
        if self.waiting >= PUT_AFTER {
            self.file.sync_data()?;
            std::thread::sleep(self.store.rest_after(self.since.elapsed()));
            (self.waiting, self.since) = (0, Instant::now());
        }
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8], at: Millis) -> anyhow::Result<()> {
    append_reader(tar, Path::new(name), bytes.len() as u64, bytes, at)
}

fn append_reader(
    tar: &mut tar::Builder<impl Write>,
    name: &Path,
    bytes: u64,
    from: impl Read,
    at: Millis,
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(at.0 / 1_000).unwrap_or(0));
    tar.append_data(&mut header, name, from)?;
    Ok(())
}

/// Files in folders of the data folder, with their names in the archive. What lies at its top is database, keys and locks;
/// the folder that the archive itself is written to holds backups, and a backup of backups would double each time.
fn other_files(config: &Config, archive: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let backups = std::path::absolute(archive)?.parent().map(Path::to_owned);
    let is_backups = |folder: &Path| std::path::absolute(folder).ok() == backups;
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![];
    for entry in std::fs::read_dir(&config.data)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours =
            name.starts_with(ASIDE) || name == STAGING || name == "lost+found" || name.ends_with(".part");
        if entry.file_type()?.is_dir() && !ours && !is_backups(&entry.path()) {
            folders.push(entry.path());
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if !is_backups(&entry.path()) {
                    folders.push(entry.path());
                }
            } else if kind.is_file() {
                let path = entry.path();
                let inside = path.strip_prefix(&config.data)?.to_str().context("a file name is not UTF-8")?;
                found.push((path.clone(), format!("{FILES}/{inside}")));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What to run for a PostgreSQL database, whose rows are not in the archive.
pub fn postgres_words(url: &str, file: &Path) -> String {
    let url = without_password(url);
    let dump = file.with_extension("dump");
    format!(
        "\nThe rows are in PostgreSQL and not in this file. Right after it, run:\n\n  \
         pg_dump --format=custom --no-owner --file='{dump}' --dbname='{url}'\n\n\
         To restore, create an empty database, then run (the first only where the server has no such role yet):\n\n  \
         psql --command='CREATE ROLE munadi_tenant NOLOGIN' '{url}'\n  \
         pg_restore --no-owner --exit-on-error --single-transaction --dbname='{url}' '{dump}'\n\n\
         and then, to put the key file back and to stop what would send twice: munadi restore '{file}'\n\
         They ask for the password, or take it from PGPASSWORD or ~/.pgpass.",
        dump = dump.display(),
        file = file.display(),
    )
}

/// The address without the password that it may hold.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, place)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_for_postgresql_hold_no_password() {
        let words = postgres_words("postgres://munadi:s3cr@t@db.example/munadi", Path::new("b/one.tar"));
        assert!(!words.contains("s3cr"), "{words}");
        assert!(words.contains("--dbname='postgres://munadi@db.example/munadi'"), "{words}");
        assert!(words.contains("--file='b/one.dump'"), "{words}");
    }
}
