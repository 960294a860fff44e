//! Looking at a database without changing it: for `munadi doctor`, and for backups before they are trusted.

use std::{collections::BTreeMap, path::Path};

use domain::time::Millis;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};

use crate::{
    Store,
    db::{Db, args},
    error::StoreError,
    migrate,
    work::Work,
    writer::Writer,
};

/// What a look at a database found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The engine and its version, such as `SQLite 3.50.4`.
    pub engine: String,
    /// Schema version of the database; 0 when it holds none of ours yet.
    pub schema: i64,
    /// Newest schema version that this program knows.
    pub known: i64,
    /// What the engine's own check says is broken; always empty for PostgreSQL, which checks its pages itself.
    pub broken: Vec<String>,
    /// Rows per table, of a SQLite database only; after a quick look only those of our migrations.
    pub rows: BTreeMap<String, i64>,
    /// The database server's clock; `None` where it is this machine's own.
    pub clock: Option<Millis>,
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// At what takes no longer in a large database than in a small one.
    Quick,
    /// At every page and every row.
    Full,
}

/// Looks at `sqlite:FILE` or `postgres://…`: creates nothing, brings nothing up to date.
pub async fn inspect(url: &str, depth: Depth) -> Result<Inspection, StoreError> {
    match url.strip_prefix("sqlite:") {
        Some(path) => inspect_sqlite(Path::new(path.trim_start_matches("//")), depth).await,
        None => inspect_postgres(url).await,
    }
}

async fn inspect_sqlite(path: &Path, depth: Depth) -> Result<Inspection, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false);
    let mut db: SqliteConnection = options.connect().await?;
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(&mut db).await?;
    let said: Vec<(String,)> = match depth {
        Depth::Quick => vec![],
        Depth::Full => sqlx::query_as("PRAGMA integrity_check(20)").fetch_all(&mut db).await?,
    };
    let broken: Vec<String> = said.into_iter().map(|(line,)| line).filter(|line| line != "ok").collect();
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
           -- FTS5 and the tables that it keeps: their rows are none of anybody's.
           AND name NOT LIKE 'search!_index%' ESCAPE '!' ORDER BY name",
    )
    .fetch_all(&mut db)
    .await?;
    let mut found = Inspection {
        engine: format!("SQLite {version}"),
        known: migrate::newest(),
        broken,
        ..Inspection::default()
    };
    for (table,) in tables {
        if depth == Depth::Quick && table != migrate::TABLE {
            continue;
        }
        // The name comes from the database's own catalogue and is quoted.
        let count = format!("SELECT COUNT(*) FROM \"{}\"", table.replace('"', "\"\""));
        let (rows,): (i64,) = sqlx::query_as(AssertSqlSafe(count)).fetch_one(&mut db).await?;
        found.rows.insert(table, rows);
    }
    if found.rows.contains_key(migrate::TABLE) {
        (found.schema,) = sqlx::query_as(migrate::NEWEST_APPLIED).fetch_one(&mut db).await?;
    }
    db.close().await?;
    Ok(found)
}

async fn inspect_postgres(url: &str) -> Result<Inspection, StoreError> {
    let mut db: PgConnection = crate::postgres::options(url)?.connect().await?;
    // One transaction: a pooler may serve each on another connection.
    let mut tx = db.begin().await?;
    let (version, ours): (String, bool) =
        sqlx::query_as("SELECT current_setting('server_version'), to_regclass($1) IS NOT NULL")
            .persistent(false)
            .bind(migrate::TABLE)
            .fetch_one(&mut *tx)
            .await?;
    // The one question about the present moment that SQL is asked: whether the machines agree on it.
    let (clock,): (i64,) =
        sqlx::query_as("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
            .persistent(false)
            .fetch_one(&mut *tx)
            .await?;
    let mut schema = 0;
    if ours {
        (schema,) = sqlx::query_as(migrate::NEWEST_APPLIED).persistent(false).fetch_one(&mut *tx).await?;
    }
    drop(tx);
    db.close().await?;
    Ok(Inspection {
        engine: format!("PostgreSQL {version}"),
        schema,
        known: migrate::newest(),
        clock: Some(Millis(clock)),
        ..Inspection::default()
    })
}

/// How much of each index SQLite looks at for its statistics: some milliseconds whatever the size.
const ANALYSED_ROWS: &str = "PRAGMA analysis_limit = 400";
const TEST_WRITE: &str = "UPDATE test_writes SET written_at = $1 WHERE id = 1";

impl Work {
    /// Writes one row that nobody reads, the way every write goes: whether the database takes writes.
    pub async fn try_write(&self, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(TEST_WRITE, args![now]).await?;
        tx.commit().await
    }
}

impl Work {
    /// When an import was last finished.
    pub async fn newest_import(&self) -> Result<Option<Millis>, StoreError> {
        let (at,): (Option<i64>,) = self.db.one("SELECT MAX(committed_at) FROM imports", args![]).await?;
        Ok(at.map(Millis))
    }

    /// Tells the planner of the database what the tables hold by now. On SQLite `ANALYSED_ROWS` of each index are looked at; PostgreSQL,
    /// which looks after itself, does so at once where an import may have changed most.
    pub async fn renew_statistics(&self) -> Result<(), StoreError> {
        let (limit, analyse) = match &self.db {
            Db::Sqlite { .. } => (Some(ANALYSED_ROWS), "ANALYZE"),
            Db::Postgres { .. } => (None, "ANALYZE registrants, leads, workshop_counts"),
        };
        if let Some(limit) = limit {
            self.db.run(limit, args![]).await?;
        }
        self.db.run(analyse, args![]).await?;
        if let Db::Sqlite { writer, .. } = &self.db {
            forget_small_tables(writer).await?;
            // Pages that nothing but this has looked at: an idle program holds 4 MB less.
            writer.run(sqlx::query("PRAGMA shrink_memory")).await?;
        }
        Ok(())
    }
}

/// Rows of a table from which on its statistics are kept.
const STATISTICS_FROM: i64 = 10_000;

/// Removes the statistics of small tables, so that SQLite plans for many rows. With statistics from the day of the
/// first three messages it would walk over all messages for each claim of the first large broadcast, until they are
/// renewed an hour later.
pub(crate) async fn forget_small_tables(writer: &Writer) -> Result<(), StoreError> {
    let known = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1')";
    let (known,): (bool,) = sqlx::query_as(known).fetch_one(writer.pool()).await?;
    if !known {
        return Ok(());
    }
    let small = "SELECT EXISTS (SELECT 1 FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < $1)";
    let (small,): (bool,) = sqlx::query_as(small).bind(STATISTICS_FROM).fetch_one(writer.pool()).await?;
    if small {
        let forget = "DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < $1";
        writer.run(sqlx::query(forget).bind(STATISTICS_FROM)).await?;
        // Reads them again.
        writer.run(sqlx::query("ANALYZE sqlite_schema")).await?;
    }
    Ok(())
}

impl Store {
    /// As [`Work::try_write`], on a connection that was opened for it: when that writes and the others do not, the fault is this process's.
    pub async fn try_fresh_write(&self, now: Millis) -> Result<(), StoreError> {
        match &self.db {
            Db::Sqlite { writer, .. } => {
                let options = writer.pool().connect_options();
                let mut db = SqliteConnection::connect_with(&options).await?;
                sqlx::query(TEST_WRITE).bind(now.0).execute(&mut db).await?;
                db.close_hard().await?;
            }
            Db::Postgres { server, .. } => {
                let mut db = PgConnection::connect_with(&server.pool.connect_options()).await?;
                // A pooler may serve each transaction on another connection.
                let mut tx = db.begin().await?;
                sqlx::query(TEST_WRITE).persistent(false).bind(now.0).execute(&mut *tx).await?;
                tx.commit().await?;
                db.close().await?;
            }
        }
        Ok(())
    }
}

/// Receipts that somebody should look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct ReceiptsToReview {
    /// Came in since the asked instant and fit no message.
    pub unmatched: i64,
    /// Came in since the asked instant and could not be read.
    pub not_understood: i64,
    /// Stored before the asked instant and still not applied.
    pub overdue: i64,
}

impl Work {
    /// Receipts that fit nothing among those received since `since`, and those received before `due` that still wait.
    pub async fn receipts_to_review(
        &self,
        since: Millis,
        due: Millis,
    ) -> Result<ReceiptsToReview, StoreError> {
        self.db
            .one(
                "SELECT (SELECT COUNT(*) FROM receipts WHERE state = 'unmatched' AND received_at >= $1) AS unmatched,
                        (SELECT COUNT(*) FROM receipts WHERE state = 'not_understood' AND received_at >= $1) AS not_understood,
                        (SELECT COUNT(*) FROM receipts WHERE state = 'pending' AND received_at < $2) AS overdue",
                args![since, due],
            )
            .await
    }
}
