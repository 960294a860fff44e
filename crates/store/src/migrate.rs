//! Brings a database up to date, and refuses one that is newer than the program.

use sqlx::migrate::{MigrateError, Migrator};

use crate::{db::Db, error::StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What only PostgreSQL needs. Processes that start together do it once, and one that finds it done locks nothing: an ALTER would wait for
/// a vacuum under way and cancel it.
const POSTGRES_TUNING: &str = "DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(20261122);
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
END $$";

pub(crate) async fn run(db: &Db) -> Result<(), StoreError> {
    let done = match db {
        Db::Sqlite { writer, .. } => MIGRATIONS.run(writer.pool()).await,
        Db::Postgres { pool, .. } => MIGRATIONS.run(pool).await,
    };
    done.map_err(|error| match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => {
            StoreError::Newer { found, known: newest() }
        }
        other => StoreError::Migrate(other),
    })?;
    if let Db::Postgres { pool, .. } = db {
        sqlx::query(POSTGRES_TUNING).execute(pool).await?;
    }
    Ok(())
}

/// Where the applied migrations are noted down.
pub(crate) const TABLE: &str = "_sqlx_migrations";
/// The newest of them; 0 when there is none.
pub(crate) const NEWEST_APPLIED: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";

/// The newest schema version that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}
