//! A copy of a SQLite database while others write to it: its file and the log behind it, as they lie there.
//!
//! A read transaction is held meanwhile. Nobody can then begin the log anew, and pages that a checkpoint carries into
//! the file meanwhile are still in the log (sqlite.org/wal.html, "Checkpointing"). The two copies together are the
//! database as it was committed at some moment of the copying, even where a page was read while it was written. A
//! half-written part behind the last commit of the log does not count (sqlite.org/fileformat2.html, §4.1). SQLite reads
//! the copy once and makes one file of both.
//!
//! `VACUUM INTO` builds every tree anew instead, and holds its read transaction all the while. Beside a backup with it sending came to 0.74
//! of quiet on two processors, beside one with this to 0.76; beside a backup and everything else of a busy hour to 0.57 and 0.68.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::{
    error::StoreError,
    readers::{Lane, Readers},
};

/// Bytes copied at a time.
const CHUNK: usize = 1 << 20;
/// Bytes after which the copy is put on the disk: whoever commits meanwhile waits for no more than that.
const PUT_AFTER: u64 = 16 << 20;

/// Copies the database of those readers into `to`.
pub(crate) async fn copy(readers: &Readers, to: &Path) -> Result<(), StoreError> {
    let from = readers.file().to_owned();
    let into = to.to_owned();
    let copying = async move {
        tokio::task::spawn_blocking(move || both(&from, &into)).await.map_err(io::Error::other)?
    };
    readers.of(Lane::Scans).during_a_read(copying).await?.map_err(sqlx::Error::Io)?;
    let options = SqliteConnectOptions::new().filename(to).journal_mode(SqliteJournalMode::Delete);
    SqliteConnection::connect_with(&options).await?.close().await?;
    Ok(())
}

/// The file, and then the log: what is committed meanwhile is only in the log.
fn both(from: &Path, to: &Path) -> io::Result<()> {
    copy_file(opened(from)?.as_ref(), to)?;
    match File::open(beside(from)) {
        Ok(log) => copy_file(&log, &beside(to)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where SQLite keeps the log of a database.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn copy_file(from: &File, to: &Path) -> io::Result<()> {
    let into = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let (mut chunk, mut at) = (vec![0; CHUNK], 0);
    loop {
        match from.read_at(&mut chunk, at) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                into.write_all_at(&chunk[..read], at)?;
                at += read as u64;
                if at % PUT_AFTER < read as u64 {
                    into.sync_data()?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The file of a database, opened once and kept until the process ends: to close it would release every lock that SQLite holds on it here
/// (sqlite.org/howtocorrupt.html, §2.2).
fn opened(database: &Path) -> io::Result<Arc<File>> {
    type Opened = HashMap<(u64, u64), Arc<File>>;
    static OPENED: OnceLock<Mutex<Opened>> = OnceLock::new();
    let mut all = OPENED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let about = std::fs::metadata(database)?;
    match all.entry((about.dev(), about.ino())) {
        Entry::Occupied(known) => Ok(Arc::clone(known.get())),
        Entry::Vacant(new) => Ok(Arc::clone(new.insert(Arc::new(File::open(database)?)))),
    }
}
