//! Brings a database up to date, and refuses one that is newer than the program.

use sqlx::migrate::{MigrateError, Migrator};

use crate::{db::Db, error::StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Rows of `messages` are changed three times each: room on the page, and statistics that keep up.
const POSTGRES_TUNING: &str = "ALTER TABLE messages SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)";

pub(crate) async fn run(db: &Db) -> Result<(), StoreError> {
    let done = match db {
        Db::Sqlite { writer, .. } => MIGRATIONS.run(writer).await,
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
