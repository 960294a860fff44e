//! A copy of a SQLite database while others write to it: its file and the log behind it, as they lie there.
//!
//! The file is copied twice. The first copy takes its time and rests for whoever sends; what changes meanwhile is torn in it. The second time
//! a read transaction is held, and only blocks that are no longer as they were copied are written again. During that transaction nobody begins
//! the log anew, and what is carried from it into the file stands in the log as well (sqlite.org/wal.html, "Checkpointing"): the copies of file
//! and log together are the database as it was committed at some moment of that transaction, even where a page was read while it was written.
//! What was half written behind the last commit of the log does not count (sqlite.org/fileformat2.html, §4.1). SQLite reads the copy once and
//! makes one file of both.
//!
//! The transaction is short, because the log grows with every message meanwhile, and whoever writes when it ends carries all of that into the
//! database. `VACUUM INTO` would hold its transaction to the end, and build every tree anew.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::{File, OpenOptions},
    hash::{DefaultHasher, Hasher as _},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::{
    error::StoreError,
    readers::{Lane, Readers},
    traffic::Traffic,
};

/// Bytes compared and copied at a time.
const BLOCK: usize = 256 << 10;
/// Bytes of the first copy between two rests. They are put on the disk then: whoever commits meanwhile waits for no more than that.
const STRETCH: u64 = 4 << 20;

/// Copies the database of those readers into `to`.
pub(crate) async fn copy(readers: &Readers, traffic: &Traffic, to: &Path) -> Result<(), StoreError> {
    let from = readers.file().to_owned();
    let mut copy = Copy::begin(&from, to).map_err(sqlx::Error::Io)?;
    loop {
        let start = Instant::now();
        let (back, is_whole) = blocking(copy, |copy| copy.stretch()).await?;
        copy = back;
        if is_whole {
            break;
        }
        tokio::time::sleep(traffic.rest_after(start.elapsed())).await;
    }
    let log = beside(to);
    let second = async move {
        let (copy, ()) = blocking(copy, Copy::catch_up).await?;
        let (copy, ()) = blocking(copy, move |_| copy_log(&beside(&from), &log)).await?;
        Ok::<_, StoreError>(copy)
    };
    readers.of(Lane::Scans).during_a_read(second).await??;
    let options = SqliteConnectOptions::new().filename(to).journal_mode(SqliteJournalMode::Delete);
    SqliteConnection::connect_with(&options).await?.close().await?;
    Ok(())
}

/// Does a part of the work on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    mut copy: Copy,
    part: impl FnOnce(&mut Copy) -> io::Result<T> + Send + 'static,
) -> Result<(Copy, T), StoreError> {
    let done = tokio::task::spawn_blocking(move || part(&mut copy).map(|done| (copy, done))).await;
    Ok(done.map_err(io::Error::other).and_then(|done| done).map_err(sqlx::Error::Io)?)
}

/// A copy that is being made.
struct Copy {
    from: Arc<File>,
    to: File,
    /// What each block was when it was copied.
    blocks: Vec<u64>,
    buffer: Vec<u8>,
}

impl Copy {
    fn begin(from: &Path, to: &Path) -> io::Result<Copy> {
        let to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        Ok(Copy { from: opened(from)?, to, blocks: vec![], buffer: vec![0; BLOCK] })
    }

    /// Copies the next stretch; whether that was the end of the file.
    fn stretch(&mut self) -> io::Result<bool> {
        let mut copied = 0;
        while copied < STRETCH {
            let block = self.read(self.blocks.len())?;
            if block == 0 {
                return Ok(true);
            }
            self.write(self.blocks.len(), block)?;
            self.blocks.push(hash(&self.buffer[..block]));
            copied += block as u64;
        }
        self.to.sync_data()?;
        Ok(false)
    }

    /// Writes what is not as it was copied.
    fn catch_up(&mut self) -> io::Result<()> {
        let mut at = 0;
        loop {
            let block = self.read(at)?;
            if block == 0 {
                return self.to.set_len(self.from.metadata()?.len());
            }
            if self.blocks.get(at).copied() != Some(hash(&self.buffer[..block])) {
                self.write(at, block)?;
            }
            at += 1;
        }
    }

    /// Reads a block; its length, 0 behind the end of the file.
    fn read(&mut self, block: usize) -> io::Result<usize> {
        let mut filled = 0;
        while filled < BLOCK {
            match self.from.read_at(&mut self.buffer[filled..], (block * BLOCK + filled) as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write(&self, block: usize, bytes: usize) -> io::Result<()> {
        self.to.write_all_at(&self.buffer[..bytes], (block * BLOCK) as u64)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// The log behind the file: what is committed during the second copy is only there.
fn copy_log(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = match File::open(from) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut to).map(|_| ())
}

/// Where SQLite keeps the log of a database.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
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
