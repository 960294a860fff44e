//! Brings a database up to date, and refuses one that is newer than the program.
//!
//! On PostgreSQL each migration is a transaction that holds [`LOCK`], so that a pooler may serve each on another connection; a start that
//! finds nothing to do takes no lock at all.

use std::collections::HashMap;

use sqlx::{
    PgConnection, PgPool, SqlitePool,
    migrate::{MigrateError, Migration, Migrator},
};

use crate::{
    db::{Db, again},
    error::{StoreError, before_commit},
    search::lexemes,
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// One process at a time migrates, and the others find it done.
const LOCK: &str = "SELECT pg_advisory_xact_lock(20261122)";
/// As the driver would make it, so that older programs read it.
const MAKE_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// What only PostgreSQL needs, under [`LOCK`]. An ALTER would wait for a vacuum under way and cancel it: what is done is not done again.
const POSTGRES_TUNING: &str = concat!(
    "DO $$ BEGIN
    -- Rows of messages are changed three times each: room on the page, and statistics that keep up.
    IF NOT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass('messages') AND 'fillfactor=60' = ANY (reloptions)) THEN
        ALTER TABLE messages SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
    END IF;
    -- A lost worker's calls. SQLite finds them by a walk over the broadcast; here that walk would cost many times as much. The predicate
    -- is written so that only the query that looks for them knows the index again (workers.rs): every claim and every ending leaves a
    -- dead entry in it, and a turn that took this way to its rows would walk over them all.
    IF to_regclass('messages_in_flight') IS NOT NULL THEN
        DROP INDEX messages_in_flight;
    END IF;
    IF to_regclass('messages_of_worker') IS NULL THEN
        CREATE INDEX messages_of_worker ON messages (worker_id) WHERE state || '' = 'in_flight';
    END IF;
    -- A statement of its own for each row, half of what an import's insert costs here. The transaction that inserts has locked the
    -- workshop's row already (Org::hold), and workshops are never deleted.
    IF EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass('registrants')
               AND conname = 'registrants_workshop_id_fkey') THEN
        ALTER TABLE registrants DROP CONSTRAINT registrants_workshop_id_fkey;
    END IF;
    -- Entries that wait to be merged into the index are walked over by every search: few of them.
    IF to_regclass('search_entries_words') IS NULL THEN
        CREATE INDEX search_entries_words ON search_entries USING gin ((",
    lexemes!(),
    ")) WITH (gin_pending_list_limit = 256);
    END IF;
END $$"
);

/// What only SQLite needs: the index of words over `search_entries`, kept by triggers so that no way of writing can
/// forget it. The tokenizer `ascii` takes every character beyond ASCII for a part of a word. `domain::search` has split
/// and folded the words already, and its table of characters alone decides. Neither places nor lengths are kept
/// (`detail`, `columnsize`): nobody asks for phrases or ranks. (`detail = none` would be smaller by a tenth; with
/// `secure-delete` SQLite 3.51 damages such an index: `the_index_finds_whom_…` fails with a wrong checksum.) The option
/// `prefix` makes short beginnings as quick as whole words: "as" among 300,000 people takes 0.4 ms instead of 8, and
/// rows cost a fifth more. What is deleted leaves the file, not only the answers (`secure-delete`).
const SQLITE_TUNING: [&str; 5] = [
    "CREATE VIRTUAL TABLE search_index USING fts5(words, content = 'search_entries', content_rowid = 'n', detail = column,
         columnsize = 0, tokenize = 'ascii', prefix = '1 2 3')",
    "INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1)",
    "CREATE TRIGGER search_index_insert AFTER INSERT ON search_entries BEGIN
         INSERT INTO search_index (rowid, words) VALUES (new.n, new.words);
     END",
    "CREATE TRIGGER search_index_delete AFTER DELETE ON search_entries BEGIN
         INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.n, old.words);
     END",
    "CREATE TRIGGER search_index_update AFTER UPDATE OF words ON search_entries BEGIN
         INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.n, old.words);
         INSERT INTO search_index (rowid, words) VALUES (new.n, new.words);
     END",
];

/// Whether [`POSTGRES_TUNING`] has nothing to do.
const IS_TUNED: &str = "SELECT
    EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass('messages') AND 'fillfactor=60' = ANY (reloptions))
    AND to_regclass('messages_in_flight') IS NULL AND to_regclass('messages_of_worker') IS NOT NULL
    AND to_regclass('search_entries_words') IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass('registrants')
                    AND conname = 'registrants_workshop_id_fkey')";

/// What the migrations are known by, for tests that copy a migrated database.
#[cfg(feature = "testing")]
pub(crate) fn checksums() -> impl Iterator<Item = &'static [u8]> {
    MIGRATIONS.iter().map(|migration| &*migration.checksum)
}

pub(crate) async fn run_sqlite(db: &Db) -> Result<(), StoreError> {
    let Db::Sqlite { writer, .. } = db else { return Ok(()) };
    MIGRATIONS.run(writer.pool()).await.map_err(refusal)?;
    tune_sqlite(writer.pool()).await
}

async fn tune_sqlite(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    let (is_tuned,): (bool,) =
        sqlx::query_as("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'search_index')")
            .fetch_one(&mut *tx)
            .await?;
    if !is_tuned {
        for sql in SQLITE_TUNING {
            sqlx::query(sql).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

pub(crate) async fn run_postgres(pool: &PgPool) -> Result<(), StoreError> {
    while again(|| step(pool)).await? == Step::Done {}
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Something was done; there may be more.
    Done,
    /// There is nothing to do.
    Nothing,
}

/// The next migration, or the tuning behind the last one.
async fn step(pool: &PgPool) -> Result<Step, StoreError> {
    let mut tx = pool.begin().await.map_err(before_commit)?;
    if to_do(&mut tx).await? == ToDo::Nothing {
        return Ok(Step::Nothing);
    }
    sqlx::raw_sql(LOCK).execute(&mut *tx).await.map_err(before_commit)?;
    // Makes this connection forget as well that there was no such table: it has only its own word for that so far.
    sqlx::raw_sql(MAKE_TABLE).execute(&mut *tx).await.map_err(before_commit)?;
    // Somebody else may have done it meanwhile.
    match to_do(&mut tx).await? {
        ToDo::Nothing => return Ok(Step::Nothing),
        ToDo::Migrate(next) => apply(&mut tx, next).await?,
        ToDo::Tune => {
            sqlx::raw_sql(POSTGRES_TUNING).execute(&mut *tx).await.map_err(before_commit)?;
        }
    }
    tx.commit().await?;
    Ok(Step::Done)
}

#[derive(PartialEq, Eq)]
enum ToDo {
    Migrate(&'static Migration),
    Tune,
    Nothing,
}

async fn to_do(db: &mut PgConnection) -> Result<ToDo, StoreError> {
    let (ours,): (bool,) = sqlx::query_as("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .persistent(false)
        .fetch_one(&mut *db)
        .await
        .map_err(before_commit)?;
    let applied: Vec<(i64, Vec<u8>, bool)> = match ours {
        false => Vec::new(),
        true => sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations")
            .persistent(false)
            .fetch_all(&mut *db)
            .await
            .map_err(before_commit)?,
    };
    if let Some(next) = next_of(applied).map_err(refusal)? {
        return Ok(ToDo::Migrate(next));
    }
    let (is_tuned,): (bool,) =
        sqlx::query_as(IS_TUNED).persistent(false).fetch_one(&mut *db).await.map_err(before_commit)?;
    Ok(if is_tuned { ToDo::Nothing } else { ToDo::Tune })
}

/// The first migration that is not applied, when those that are (version, checksum, success) are this program's.
fn next_of(applied: Vec<(i64, Vec<u8>, bool)>) -> Result<Option<&'static Migration>, MigrateError> {
    let mut applied: HashMap<i64, (Vec<u8>, bool)> =
        applied.into_iter().map(|(version, checksum, success)| (version, (checksum, success))).collect();
    let mut next = None;
    for migration in MIGRATIONS.iter() {
        match applied.remove(&migration.version) {
            None => next = next.or(Some(migration)),
            Some((_, false)) => return Err(MigrateError::Dirty(migration.version)),
            Some((checksum, true)) if checksum != *migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version));
            }
            Some(_) => {}
        }
    }
    match applied.into_keys().max() {
        Some(stranger) => Err(MigrateError::VersionMissing(stranger)),
        None => Ok(next),
    }
}

async fn apply(db: &mut PgConnection, migration: &'static Migration) -> Result<(), StoreError> {
    sqlx::raw_sql(migration.sql.clone()).execute(&mut *db).await.map_err(|error| {
        match before_commit(error) {
            StoreError::Down(error) => {
                StoreError::Migrate(MigrateError::ExecuteMigration(error, migration.version))
            }
            other => other,
        }
    })?;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, TRUE, $3, -1)",
    )
    .persistent(false)
    .bind(migration.version)
    .bind(&*migration.description)
    .bind(&*migration.checksum)
    .execute(db)
    .await
    .map_err(before_commit)?;
    Ok(())
}

fn refusal(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => {
            StoreError::Newer { found, known: newest() }
        }
        other => StoreError::Migrate(other),
    }
}

/// Where the applied migrations are noted down.
pub(crate) const TABLE: &str = "_sqlx_migrations";
/// The newest of them; 0 when there is none.
pub(crate) const NEWEST_APPLIED: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";

/// The newest schema version that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}
