//! All SQL of Munadi, for SQLite and PostgreSQL. Nothing else knows that a database exists.
//!
//! [`Store`] opens a database and hands out three handles. [`Org`] is for a member in one organisation: every tenant
//! query is a method of it, so the organisation cannot be forgotten. [`Work`] is for the engine, [`Access`] for signing
//! in.

mod access;
pub mod alerts;
mod backup;
mod changes;
mod db;
mod error;
mod figures;
mod group_members;
mod health;
mod hot;
mod migrate;
mod org;
mod phone_key;
mod postgres;
mod readers;
mod restored;
mod scan_permits;
mod search;
mod tenancy;
mod traffic;
mod undo;
pub mod work;
mod writer;

pub mod attendance;
pub mod attention;
pub mod audience;
pub mod audit;
pub mod audit_subjects;
pub mod broadcasts;
pub mod call_people;
pub mod calls;
pub mod consents;
pub mod copying;
pub mod costs;
pub mod differences;
pub mod erasure;
pub mod groups;
pub mod imports;
pub mod integrations;
pub mod ladders;
pub mod linked;
pub mod links;
pub mod lost_keys;
pub mod members;
pub mod membership;
pub mod messages;
pub mod moved;
pub mod people;
pub mod plans;
pub mod post_files;
pub mod posts;
pub mod reached;
pub mod receipts_view;
pub mod recordings;
pub mod registrants;
pub mod rehearsals;
pub mod sequences;
pub mod suppressions;
pub mod tags;
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
pub mod told;
pub mod webhooks;
mod workshop_accounts;
pub mod workshops;

use std::{convert::Infallible, path::Path, sync::Arc, time::Duration};

use domain::time::Clock;

use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

pub use access::{Access, AccessLink, LinkKind, NewUser, SessionLife, SignInLimits, SignedIn, User};
pub use changes::{Change, Changes};
pub use error::StoreError;
pub use health::{Depth, Inspection, ReceiptsToReview, inspect};
pub use members::{NewOrganization, Organization};
pub use org::{Actor, Org};
pub use phone_key::PhoneKey;
pub use search::Indexed;
pub use tenancy::Tenancy;
pub use traffic::lower_thread_priority;
pub use undo::Cleared;
pub use work::Work;

use db::{Db, args};
use figures::Figures;
use readers::{Lane, Readers};
use scan_permits::ScanPermits;
use traffic::Traffic;
use writer::Writer;

/// Exports, backups and other long readings that run at once.
pub const SCANS_AT_ONCE: usize = 2;
/// One more waits so long for one of them to end.
pub const SCAN_WAIT: Duration = Duration::from_secs(20);
/// Longest time of one statement that a page waits for; below the time of the page itself.
const PAGE_STATEMENT: Duration = Duration::from_secs(15);
/// Longest time of one statement of a long reading.
const SCAN_STATEMENT: Duration = Duration::from_secs(6 * 60 * 60);
/// Page cache of the writer, in KiB. Bounds memory; the operating system caches the rest.
const WRITER_CACHE_KIB: &str = "-4096";
/// Page cache of one reader, in KiB.
const READER_CACHE_KIB: &str = "-1024";
/// Pages in the log before they are carried over into the database: rows that change three times within seconds are carried once.
const CHECKPOINT_PAGES: &str = "6000";
/// A broadcast whose messages were claimed less long ago is taken to go out.
const SENDS_STILL_MS: i64 = 3_000;
/// How often a command looks whether messages go out.
const SENDERS_LOOK: Duration = Duration::from_secs(1);
/// Longest wait for a free connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(20);

/// Where a database is, and how it is reached. What is `None` is found out.
#[derive(Clone, Default)]
pub struct DatabaseAddress {
    /// `sqlite:PATH` (created when missing) or `postgres://…`. May hold a password.
    pub url: String,
    /// The same PostgreSQL database round the pooler that stands before `url`: for hearing what other processes change, which needs a
    /// connection of its own.
    pub direct: Option<String>,
    /// Whether a pooler stands before PostgreSQL that may serve each transaction on another connection.
    pub is_pooled: Option<bool>,
    /// Whether statements are prepared once for each connection. `None`: unless there is a pooler, because not every one keeps them.
    pub prepares: Option<bool>,
    /// Whether a power cut may take the whole database: no commit on SQLite then waits for the disk. For copies that are thrown away.
    pub is_scratch: bool,
}

impl From<&str> for DatabaseAddress {
    fn from(url: &str) -> DatabaseAddress {
        DatabaseAddress { url: url.to_owned(), ..DatabaseAddress::default() }
    }
}

impl From<&String> for DatabaseAddress {
    fn from(url: &String) -> DatabaseAddress {
        url.as_str().into()
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    /// The same database on connections that pages cannot take.
    engine: Db,
    scans: ScanPermits,
    figures: Arc<Figures>,
}

impl Store {
    /// Opens a database, and brings its schema up to date.
    ///
    /// A database of a newer program is refused ([`StoreError::Newer`]) and left untouched.
    pub async fn open(address: impl Into<DatabaseAddress>) -> Result<Store, StoreError> {
        let address = address.into();
        let url = &address.url;
        let traffic = Traffic::new();
        let db = if let Some(path) = url.strip_prefix("sqlite:") {
            let db =
                open_sqlite(Path::new(path.trim_start_matches("//")), address.is_scratch, traffic.clone())
                    .await?;
            migrate::run_sqlite(&db).await?;
            db
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres::open(&address).await?
        } else {
            let words =
                "use sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE as the database".to_owned();
            return Err(StoreError::Address(words));
        };
        templates::fill_in(&db).await?;
        let engine = match &db {
            Db::Sqlite { writer, readers } => {
                Db::Sqlite { writer: writer.clone(), readers: readers.of(Lane::Engine) }
            }
            Db::Postgres { server, signals, tenancy, tenant, plans } => Db::Postgres {
                server: Arc::new(server.for_engine()),
                signals: Arc::clone(signals),
                tenancy: Arc::clone(tenancy),
                tenant: tenant.clone(),
                plans: *plans,
            },
        };
        Ok(Store { db, engine, scans: ScanPermits::new(traffic), figures: Arc::default() })
    }

    /// Whether several machines may share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres { .. })
    }

    /// The handle of a member in one organisation.
    pub fn org(&self, actor: Actor) -> Org {
        let figures = Arc::clone(&self.figures);
        Org { db: self.db.within(actor.organization), actor, scans: self.scans.clone(), figures }
    }

    /// The engine's handle, bound to one run of one process.
    pub fn work(&self, worker: domain::ids::WorkerId) -> Work {
        Work { db: self.engine.clone(), worker }
    }

    /// The handle for signing in, before anybody is known.
    pub fn access(&self) -> Access {
        Access { db: self.db.clone() }
    }

    /// Says that calls are under way: for the next two seconds long readings and writings of this process give way.
    pub fn messages_go_out(&self) {
        self.scans.traffic.goes_out();
    }

    /// How long whoever worked so long in the background is to rest: a quarter of it, and many times as long while messages go out.
    pub fn rest_after(&self, worked: Duration) -> Duration {
        self.scans.traffic.rest_after(worked)
    }

    /// Whether messages go out now.
    pub fn is_sending(&self) -> bool {
        self.scans.traffic.is_out()
    }

    /// Gives way to messages that another process sends from this database, as long as it is polled: looks for them every second. For commands
    /// beside a server.
    pub async fn heed_senders(&self, clock: &dyn Clock) -> Infallible {
        loop {
            let sending: Result<(bool,), _> = self
                .engine
                .by_index()
                .one(
                    "SELECT EXISTS (SELECT 1 FROM broadcasts WHERE status = 'in_progress' AND served_at > $1)",
                    args![clock.now().plus(-SENDS_STILL_MS)],
                )
                .await;
            match sending {
                Ok((true,)) => self.messages_go_out(),
                Ok((false,)) => {}
                Err(error) => tracing::debug!("nobody knows whether messages go out: {error}"),
            }
            tokio::time::sleep(SENDERS_LOOK).await;
        }
    }

    /// Empties SQLite's log into the database: what was erased stands in its older pages until then. Waits for nobody: while somebody reads,
    /// nothing happens, and the next call tries again. Nothing to do on PostgreSQL, whose log is its own.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        let Db::Sqlite { writer, .. } = &self.db else { return Ok(()) };
        let options = (*writer.pool().connect_options()).clone();
        let mut connection = SqliteConnection::connect_with(
            &options.busy_timeout(Duration::ZERO).optimize_on_close(false, None),
        )
        .await?;
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_optional(&mut connection).await;
        connection.close().await?;
        emptied?;
        Ok(())
    }

    /// What other processes change from now on. On SQLite those of the command line; silent behind a
    /// pooler without an address round it.
    pub fn changes(&self) -> Changes {
        match &self.db {
            Db::Sqlite { writer, .. } => Changes::of_file(writer.clone()),
            Db::Postgres { server, signals, .. } => {
                Changes::of(server.pool.clone(), server.listening_pool(), Arc::clone(signals))
            }
        }
    }

    /// Writes a consistent copy of a SQLite database into `file` while the program runs.
    pub async fn backup_sqlite(&self, file: &Path) -> Result<(), StoreError> {
        match &self.db {
            Db::Sqlite { readers, .. } => {
                let _right = self.scans.begin().await?;
                backup::copy(readers, &self.scans.traffic, file).await
            }
            Db::Postgres { .. } => {
                Err(StoreError::Address("use pg_dump for a PostgreSQL database".to_owned()))
            }
        }
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.pool().close().await;
            }
            Db::Postgres { server, .. } => {
                if let Db::Postgres { server, .. } = &self.engine {
                    server.pool.close().await;
                }
                server.pool.close().await;
            }
        }
    }
}

/// Rows that SQLite's thread hands over before somebody has to fetch them: a claim's worth.
const ROWS_ACROSS: usize = 1_024;

async fn open_sqlite(path: &Path, is_scratch: bool, traffic: Traffic) -> Result<Db, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An intent or an outcome that was committed survives a power cut.
        .synchronous(if is_scratch { SqliteSynchronous::Off } else { SqliteSynchronous::Full })
        .foreign_keys(true)
        .busy_timeout(CONNECTION_WAIT)
        .pragma("cache_size", WRITER_CACHE_KIB)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("temp_store", "FILE")
        // What is erased is written over, also in pages that become free: `FAST` would leave those as they were.
        .pragma("secure_delete", "ON")
        // A claim's rows cross from SQLite's thread in one go.
        .row_buffer_size(ROWS_ACROSS)
        .statement_cache_capacity(200);
    let writer = Writer::open(options.clone(), CONNECTION_WAIT).await?;
    // Of an earlier version.
    health::forget_small_tables(&writer).await?;
    let readers = options.pragma("cache_size", READER_CACHE_KIB);
    let readers = Readers::open(readers, CONNECTION_WAIT, traffic).await?;
    Ok(Db::Sqlite { writer, readers })
}
