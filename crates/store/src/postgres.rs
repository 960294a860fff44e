//! The way to PostgreSQL: straight to a server, or through a pooler that may serve each transaction on another of its connections.
//!
//! Behind a pooler nothing may outlive a transaction: no setting of the connection, no lock of the session, no statement prepared by name.
//! The driver sends a statement with parameters in two exchanges, so each goes within a transaction there. Nothing else in the store
//! asks which of both it is.
//!
//! `open` finds out whether there is a pooler: a setting that means nothing is handed over at the start of a
//! connection, and a pooler does not pass it on. Straight to a server, the engine’s single statements go alone. Each
//! migration is a transaction that holds an advisory lock; a start that finds nothing to do takes none.
//!
//! A transaction that the database undid (deadlock, conflict, connection lost before its COMMIT) ends with
//! `StoreError::Undone`, and `db::again` runs it from its begin. After a connection is lost at a COMMIT nothing is
//! repeated: the engine asks the database what it holds (`Sender::reconcile`). After a loss, connections that lay in
//! the pool are asked before they are used.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::info;

use crate::{
    CONNECTION_WAIT, DatabaseAddress, PAGE_STATEMENT,
    changes::Signals,
    db::Db,
    error::{StoreError, before_commit, is_lost},
    hot::Plans,
    migrate,
    tenancy::{self, Tenant},
};

/// Connections of one process's pages and commands to PostgreSQL.
const CONNECTIONS: u32 = 10;
/// Those of its engine, which pages cannot take.
const ENGINE_CONNECTIONS: u32 = 8;
/// A connection that was used so recently is not asked whether it is still there: that is one exchange more for each transaction.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The pool, and what holds for all that goes through it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) pool: PgPool,
    /// Whether a pooler hands out its connections transaction by transaction.
    pub(crate) is_pooled: bool,
    /// Whether statements are prepared once for a connection and known by name from then on.
    pub(crate) prepares: bool,
    /// An address without the pooler, for what needs a connection of its own.
    direct: Option<PgConnectOptions>,
    lost: Lost,
}

/// When a connection was last found lost. Its neighbours were mostly lost with it: those that lay in the pool then are asked before use.
#[derive(Clone, Debug, Default)]
struct Lost(Arc<Mutex<Option<Instant>>>);

impl Lost {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn since(&self, idle: Duration) -> bool {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() <= idle)
    }
}

impl Server {
    /// The same server on connections of the engine's own, opened when they are needed.
    pub(crate) fn for_engine(&self) -> Server {
        let options = (*self.pool.connect_options()).clone();
        Server {
            pool: pool(ENGINE_CONNECTIONS, self.lost.clone()).connect_lazy_with(options),
            is_pooled: self.is_pooled,
            prepares: self.prepares,
            direct: self.direct.clone(),
            lost: self.lost.clone(),
        }
    }

    /// Whether a single statement may go without a transaction around it.
    pub(crate) fn goes_alone(&self, plans: Plans) -> bool {
        !self.is_pooled && plans == Plans::Kept
    }

    /// Begins in a task of its own: a request that is given up while the answer to `BEGIN` is on its way would hand the connection back
    /// with a transaction open that nobody knows of.
    pub(crate) async fn begin(&self, plans: Plans) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin_with(plans.opening()).await });
        begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// The error of a statement that had not been committed.
    pub(crate) fn undone(&self, error: sqlx::Error) -> StoreError {
        if is_lost(&error) {
            self.lost.now();
        }
        before_commit(error)
    }

    /// A pool of one connection that stays the same: straight to the server. `None` behind a pooler without an address that goes round it.
    pub(crate) fn listening_pool(&self) -> Option<PgPool> {
        let options = match &self.direct {
            Some(direct) => direct.clone(),
            None if self.is_pooled => return None,
            None => (*self.pool.connect_options()).clone(),
        };
        Some(
            PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(CONNECTION_WAIT)
                .max_lifetime(None)
                .idle_timeout(None)
                .connect_lazy_with(options),
        )
    }
}

/// Opens the pool, brings the schema up to date and builds row-level security.
pub(crate) async fn open(address: &DatabaseAddress) -> Result<Db, StoreError> {
    let options = options(&address.url)?;
    let is_pooled = match address.is_pooled {
        Some(said) => said,
        None => is_behind_pooler(&options).await?,
    };
    let prepares = address.prepares.unwrap_or(!is_pooled);
    if is_pooled {
        let words = if prepares { "which keeps prepared statements" } else { "without prepared statements" };
        let heard = if address.direct.is_some() { "heard round it" } else { "seen by looking each second" };
        info!("the database is reached through a pooler, {words}; changes of other processes are {heard}");
    }
    let lost = Lost::default();
    let server = Arc::new(Server {
        pool: pool(CONNECTIONS, lost.clone()).connect_with(options).await?,
        lost,
        is_pooled,
        prepares,
        direct: address.direct.as_deref().map(self::options).transpose()?,
    });
    migrate::run_postgres(&server.pool).await?;
    let signals = Arc::new(Signals::of(&server.pool).await?);
    let tenancy = Arc::new(tenancy::raise(&server.pool).await?);
    Ok(Db::Postgres { server, signals, tenancy, tenant: None, plans: Plans::Kept })
}

/// The address as the driver reads it. What it asks for at the start of a connection and poolers do not know is left out; nothing here
/// reads floating-point numbers.
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Address(format!("the database address cannot be read: {error}")))?;
    let name = options.get_application_name().unwrap_or("munadi").to_owned();
    Ok(options.application_name(&name).extra_float_digits(None))
}

fn pool(connections: u32, lost: Lost) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECTION_WAIT)
        .test_before_acquire(false)
        .before_acquire(move |connection, used| {
            let is_trusted = used.idle_for < TRUSTED_FOR && !lost.since(used.idle_for);
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // What was left open there is nobody's.
                    return Ok(false);
                }
                if !is_trusted {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// A setting that means nothing to PostgreSQL; whoever is connected to a server itself can hand it over and find it again.
const MARK: &str = "munadi.straight";
/// What a pooler says to a parameter that it does not pass on: PgBouncer, and Amazon's RDS Proxy.
const REFUSED: [&str; 2] = ["08P01", "0A000"];

/// Whether something stands between this program and the server that does not pass on what a connection starts with.
async fn is_behind_pooler(options: &PgConnectOptions) -> Result<bool, StoreError> {
    let marked = options.clone().options([(MARK, "1")]);
    let mut connection = match marked.connect().await {
        Ok(connection) => connection,
        Err(sqlx::Error::Database(said)) if said.code().is_some_and(|code| REFUSED.contains(&&*code)) => {
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    let ask = format!("SELECT COALESCE(current_setting('{MARK}', TRUE), '') = '1'");
    let row = sqlx::raw_sql(AssertSqlSafe(ask)).fetch_one(&mut connection).await?;
    let is_straight: bool = sqlx::Row::try_get(&row, 0)?;
    // Whether it says good-bye does not matter any more.
    let _ = connection.close().await;
    Ok(!is_straight)
}

/// A connection for one statement within a transaction of its own. Unless that statement has come to its end, it is closed rather than
/// given back: a query that was given up in the middle may have left role and settings behind.
pub(crate) struct Visit {
    connection: PoolConnection<Postgres>,
    is_over: bool,
}

impl Visit {
    pub(crate) async fn begin(pool: &PgPool) -> Result<Visit, sqlx::Error> {
        Ok(Visit { connection: pool.acquire().await?, is_over: false })
    }

    /// Begins and binds in one exchange. A dropped transaction is rolled back when the connection is given back, which a reading
    /// statement need not wait for.
    pub(crate) async fn enter(
        &mut self,
        plans: Plans,
        tenant: Option<&Tenant>,
    ) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        let opening = plans.opening();
        match tenant {
            // A page asks here, as the owner of the tables.
            None if plans == Plans::Fresh => {
                let limits = tenancy::limits(PAGE_STATEMENT);
                self.connection.begin_with(AssertSqlSafe(format!("{opening}; {limits}"))).await
            }
            None => self.connection.begin_with(opening).await,
            Some(tenant) => {
                self.connection.begin_with(AssertSqlSafe(format!("{opening}; {}", tenant.reading()))).await
            }
        }
    }

    pub(crate) fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}
