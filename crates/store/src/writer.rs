//! The one connection of a SQLite database that writes, and when it is no longer fit to.
//!
//! SQLite ends a transaction by itself when the disk is full, reading or writing fails, or memory runs out. The driver goes on counting that
//! transaction as open, refuses to begin another one inside it, and its pool keeps the connection: nothing would be written again until the
//! program is restarted. So a writer whose statement failed is closed and replaced before the next use, and so is one that the driver
//! believes to be within a transaction.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection as _, Sqlite, SqlitePool, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions},
};

/// A pool of one.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pool: SqlitePool,
    unfit: Unfit,
}

/// Whether a statement of the writer failed since it was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unfit(Arc<AtomicBool>);

impl Unfit {
    /// Takes notice of how a statement ended.
    pub(crate) fn heed<T>(&self, ended: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if let Err(error) = &ended
            && spoils(error)
        {
            self.0.store(true, Ordering::Release);
        }
        ended
    }
}

/// Whether a connection on which this happened is not to be used again. A row that a constraint refuses is an answer like any other.
pub(crate) fn spoils(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(said) => said.kind() == sqlx::error::ErrorKind::Other,
        sqlx::Error::RowNotFound | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => false,
        _ => true,
    }
}

impl Writer {
    pub(crate) async fn open(options: SqliteConnectOptions, wait: Duration) -> Result<Writer, sqlx::Error> {
        let unfit = Unfit::default();
        let mark = unfit.clone();
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(wait)
            .test_before_acquire(false)
            .before_acquire(move |connection, _| {
                let fit = !mark.0.swap(false, Ordering::AcqRel) && !connection.is_in_transaction();
                Box::pin(async move { Ok(fit) })
            })
            .connect_with(options)
            .await?;
        Ok(Writer { pool, unfit })
    }

    /// Changes when another process has committed something, and never by what this connection wrote.
    pub(crate) async fn version(&self) -> Result<i64, sqlx::Error> {
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&self.pool).await;
        self.unfit.heed(version)
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Begins a transaction that writes. A deferred one that turns from reading to writing fails at once when another wrote in between.
    pub(crate) async fn begin(&self) -> Result<(Transaction<'static, Sqlite>, Unfit), sqlx::Error> {
        let tx = self.unfit.heed(self.pool.begin_with("BEGIN IMMEDIATE").await)?;
        Ok((tx, self.unfit.clone()))
    }

    /// Runs one statement in a transaction of its own; rows touched.
    pub(crate) async fn run(
        &self,
        query: Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<u64, sqlx::Error> {
        Ok(self.unfit.heed(query.execute(&self.pool).await)?.rows_affected())
    }
}
