//! Connections of a SQLite database that read, in lanes of their own: what pages ask never keeps the engine waiting, and what walks far
//! never keeps pages waiting.
//!
//! A statement ends when whoever waits for it gives up, or when its lane's time is over: SQLite asks back every [`STEPS`] steps. Its driver
//! alone would run it to its end, on a thread and a connection that others wait for.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, Sqlite, SqliteConnection,
    query::QueryAs,
    sqlite::{SqliteArguments, SqliteConnectOptions},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    db::Record,
    traffic::{self, Traffic},
    writer::spoils,
};

/// Steps of SQLite's machine between two looks at whether a statement is still wanted: about a tenth of a millisecond.
const STEPS: i32 = 4_096;

/// Who reads from the database, and with which priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The engine. Nobody else takes its connections.
    Engine,
    /// Pages and commands, for which somebody waits.
    Pages,
    /// Exports, backups and whatever else walks through much. Gives way to messages that go out, and leaves half of the time of its thread to others
    /// anyway.
    Scans,
}

impl Lane {
    /// Most connections at once.
    fn connections(self) -> usize {
        match self {
            Lane::Engine => 3,
            Lane::Pages => 4,
            Lane::Scans => crate::SCANS_AT_ONCE,
        }
    }

    /// Longest time of one statement.
    fn statement(self) -> Option<Duration> {
        match self {
            Lane::Engine => None,
            Lane::Pages => Some(crate::PAGE_STATEMENT),
            Lane::Scans => Some(crate::SCAN_STATEMENT),
        }
    }
}

/// The readers of one database, as one lane sees them.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    lane: Lane,
    /// Longest time of one statement.
    statement: Option<Duration>,
}

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    wait: Duration,
    traffic: Traffic,
    engine: Idle,
    pages: Idle,
    scans: Idle,
    open: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Idle {
    free: Arc<Semaphore>,
    connections: Mutex<Vec<Reader>>,
}

impl Idle {
    fn of(lane: Lane) -> Idle {
        Idle { free: Arc::new(Semaphore::new(lane.connections())), connections: Mutex::default() }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Reader {
    connection: SqliteConnection,
    watch: Arc<Watch>,
}

/// Whether the statement under way is still wanted.
#[derive(Debug)]
struct Watch {
    opened: Instant,
    given_up: AtomicBool,
    /// Milliseconds after `opened` at which it began.
    from_ms: AtomicU64,
    /// Milliseconds after `opened` at which its time is over.
    until_ms: AtomicU64,
    /// Rests in proportion to its work.
    restful: Option<Traffic>,
    /// Connections of the same database whose thread has not ended.
    open: Arc<AtomicUsize>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Watch {
    fn allow(&self, time: Option<Duration>) {
        let now = self.opened.elapsed();
        self.from_ms.store(millis(now), Ordering::Release);
        let until = time.map_or(u64::MAX, |time| millis(now + time));
        self.until_ms.store(until, Ordering::Release);
    }

    /// How long to rest after so much work. A stretch of an export is short; whoever reads it rests between two of them.
    fn rest_after(&self, worked: Duration) -> Duration {
        let Some(traffic) = &self.restful else { return Duration::ZERO };
        if self.hurries() {
            return Duration::ZERO;
        }
        let from = Duration::from_millis(self.from_ms.load(Ordering::Acquire));
        let is_short = self.opened.elapsed().saturating_sub(from) < SHORT;
        if is_short { Duration::ZERO } else { traffic.rest_after(worked) }
    }

    fn hurries(&self) -> bool {
        self.from_ms.load(Ordering::Acquire) == HURRIES
    }

    fn is_wanted(&self) -> bool {
        !self.given_up.load(Ordering::Acquire)
            && millis(self.opened.elapsed()) < self.until_ms.load(Ordering::Acquire)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Readers {
    /// Opens the first connection, so that what is wrong is known at the start.
    pub(crate) async fn open(
        options: SqliteConnectOptions,
        wait: Duration,
        traffic: Traffic,
    ) -> Result<Readers, sqlx::Error> {
        let shared = Shared {
            options,
            wait,
            traffic,
            engine: Idle::of(Lane::Engine),
            pages: Idle::of(Lane::Pages),
            scans: Idle::of(Lane::Scans),
            open: Arc::default(),
        };
        let lane = Lane::Pages;
        let readers = Readers { shared: Arc::new(shared), lane, statement: lane.statement() };
        readers.read().await?.over();
        Ok(readers)
    }

    pub(crate) fn of(&self, lane: Lane) -> Readers {
        Readers { shared: Arc::clone(&self.shared), lane, statement: lane.statement() }
    }

    pub(crate) async fn all<T: Record>(
        &self,
        query: QueryAs<'static, Sqlite, T, SqliteArguments>,
    ) -> Result<Vec<T>, sqlx::Error> {
        let mut reading = self.read().await?;
        let rows = query.fetch_all(reading.connection()).await;
        reading.ended(rows)
    }

    pub(crate) async fn optional<T: Record>(
        &self,
        query: QueryAs<'static, Sqlite, T, SqliteArguments>,
    ) -> Result<Option<T>, sqlx::Error> {
        let mut reading = self.read().await?;
        let row = query.fetch_optional(reading.connection()).await;
        reading.ended(row)
    }

    /// Does something in the length of a read transaction: what was committed before stays in the files of the database. It should take
    /// little time: the log behind the database grows with every message meanwhile, and whoever writes when it ends carries all of that into
    /// the database.
    pub(crate) async fn during_a_read<T>(&self, work: impl Future<Output = T>) -> Result<T, sqlx::Error> {
        let mut reading = self.read().await?;
        reading.hurries();
        let begun = async {
            sqlx::query("BEGIN").execute(reading.connection()).await?;
            // The transaction begins with the first look.
            sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(reading.connection()).await
        };
        if let Err(error) = begun.await {
            return reading.ended(Err(error));
        }
        let done = work.await;
        let over = sqlx::query("COMMIT").execute(reading.connection()).await;
        reading.ended(over)?;
        Ok(done)
    }

    /// The file of the database.
    pub(crate) fn file(&self) -> &Path {
        self.shared.options.get_filename()
    }

    /// The same readers with so much time for a statement.
    #[cfg(feature = "testing")]
    pub(crate) fn allowing(&self, statement: Duration) -> Readers {
        Readers { statement: Some(statement), ..self.clone() }
    }

    /// Connections on which a statement runs, wanted or not.
    #[cfg(feature = "testing")]
    pub(crate) fn under_way(&self) -> usize {
        let idle = [&self.shared.engine, &self.shared.pages, &self.shared.scans];
        self.shared.open.load(Ordering::Acquire)
            - idle.iter().map(|idle| idle.connections().len()).sum::<usize>()
    }

    fn idle(&self) -> &Idle {
        match self.lane {
            Lane::Engine => &self.shared.engine,
            Lane::Pages => &self.shared.pages,
            Lane::Scans => &self.shared.scans,
        }
    }

    async fn read(&self) -> Result<Reading<'_>, sqlx::Error> {
        let idle = self.idle();
        let permit = tokio::time::timeout(self.shared.wait, Arc::clone(&idle.free).acquire_owned())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let found = idle.connections().pop();
        let reader = match found {
            Some(reader) => reader,
            None => connect(&self.shared, self.lane).await?,
        };
        reader.watch.allow(self.statement);
        Ok(Reading { reader: Some(reader), idle, _permit: permit })
    }

    /// Closes every connection; waits for those in use.
    pub(crate) async fn close(&self) {
        for lane in [Lane::Engine, Lane::Pages, Lane::Scans] {
            let idle = self.of(lane);
            let idle = idle.idle();
            let all = u32::try_from(lane.connections()).unwrap_or(u32::MAX);
            // Closed already: nothing is in use.
            let in_use = idle.free.acquire_many(all).await;
            drop(in_use);
            idle.free.close();
            let readers = std::mem::take(&mut *idle.connections());
            for reader in readers {
                // Whatever it says, it is gone.
                let _ = reader.connection.close().await;
            }
        }
    }
}

async fn connect(shared: &Shared, lane: Lane) -> Result<Reader, sqlx::Error> {
    let mut connection = SqliteConnection::connect_with(&shared.options).await?;
    let watch = Arc::new(Watch {
        opened: Instant::now(),
        given_up: AtomicBool::new(false),
        from_ms: AtomicU64::new(0),
        until_ms: AtomicU64::new(u64::MAX),
        restful: (lane == Lane::Scans).then(|| shared.traffic.clone()),
        open: Arc::clone(&shared.open),
    });
    shared.open.fetch_add(1, Ordering::AcqRel);
    let watched = Arc::clone(&watch);
    let mut worked_from = Instant::now();
    let mut steps_back = lane == Lane::Scans;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || {
        // SQLite asks on the thread that works.
        if !watched.hurries() && std::mem::take(&mut steps_back) {
            traffic::lower_thread_priority();
        }
        // From one statement to the next it did nothing: no more than a look takes counts as work.
        let rest = watched.rest_after(worked_from.elapsed().min(LONGEST_LOOK));
        if !rest.is_zero() {
            std::thread::sleep(rest);
        }
        worked_from = Instant::now();
        watched.is_wanted()
    });
    Ok(Reader { connection, watch })
}

/// Stands for the begin of a statement that does not rest.
const HURRIES: u64 = u64::MAX;
/// A statement that has run no longer rests not at all.
const SHORT: Duration = Duration::from_millis(25);
/// Between two looks a scan works no longer than this.
const LONGEST_LOOK: Duration = Duration::from_millis(2);

/// A connection while somebody reads. Dropped before the statement has ended, the statement is ended and the connection closed.
struct Reading<'a> {
    reader: Option<Reader>,
    idle: &'a Idle,
    _permit: OwnedSemaphorePermit,
}

impl Reading<'_> {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.reader.as_mut().expect("it is there until the end").connection
    }

    fn hurries(&self) {
        if let Some(reader) = &self.reader {
            reader.watch.from_ms.store(HURRIES, Ordering::Release);
        }
    }

    fn over(mut self) {
        if let Some(reader) = self.reader.take() {
            self.idle.connections().push(reader);
        }
    }

    fn ended<T>(self, ended: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if !ended.as_ref().is_err_and(spoils) {
            self.over();
        }
        ended
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            reader.watch.given_up.store(true, Ordering::Release);
        }
    }
}
