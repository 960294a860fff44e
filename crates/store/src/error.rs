//! What can go wrong in the store, as far as a caller can act on it.

use sqlx::migrate::MigrateError;

/// Why a store call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such row, or none that this actor may see.
    #[error("there is no such record")]
    Missing,
    /// Somebody else changed it first, or its state does not allow the change.
    #[error("it was changed meanwhile")]
    Stale,
    /// Something of that name exists already.
    #[error("it exists already")]
    Taken,
    /// The actor's role does not allow it.
    #[error("your role does not allow this")]
    Forbidden,
    /// A stored value cannot be read.
    #[error("{table}.{column} holds “{value}”, which this program cannot read")]
    Corrupt {
        /// The table of the value.
        table: &'static str,
        /// The column of the value.
        column: &'static str,
        /// What was found; never a secret.
        value: String,
    },
    /// The database belongs to a newer program.
    #[error(
        "the database belongs to a newer version of Munadi (schema {found}, this program knows {known}); use that version, or restore a backup"
    )]
    Newer {
        /// Schema version of the database.
        found: i64,
        /// Newest schema version that this program knows.
        known: i64,
    },
    /// The database's address is not understood.
    #[error("{0}")]
    Address(String),
    /// The database cannot be reached or refused the statement.
    #[error("the database did not answer as expected: {0}")]
    Down(#[source] sqlx::Error),
    /// The database undid the whole transaction: it met another one in a deadlock or a conflict, or its connection was lost before
    /// anybody had asked for a COMMIT. Nothing of it stayed, and all of it may be run again.
    #[error("the database undid the change: {0}")]
    Undone(#[source] sqlx::Error),
    /// The statement took longer than its reader may wait, or was given up.
    #[error("the database took too long over it")]
    TookTooLong,
    /// A broadcast of the workshop is being planned: who is in it must not change until that is done.
    #[error(
        "a broadcast of this workshop is being prepared, and whoever is in it stays; try again in a minute"
    )]
    BeingPlanned,
    /// Others read much already, and none of them ended while this one waited.
    #[error("as many long exports or searches as may run at once are running")]
    Busy,
    /// A migration could not be applied.
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[source] MigrateError),
}

impl StoreError {
    /// The database let so much time pass without an answer.
    pub fn no_answer(wait: std::time::Duration) -> StoreError {
        let words = format!("no answer within {} s", wait.as_secs());
        StoreError::Down(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, words)))
    }

    /// Whether the database has no room, whatever it was doing: writing, opening, or bringing its tables up to date.
    pub fn is_full(&self) -> bool {
        let error = match self {
            StoreError::Down(error) | StoreError::Undone(error) => error,
            StoreError::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                error
            }
            _ => return false,
        };
        match error {
            sqlx::Error::Database(said) => said.code().is_some_and(|code| NO_ROOM.contains(&&*code)),
            sqlx::Error::Io(said) => said.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => StoreError::Taken,
            sqlx::Error::Database(db) if db.code().is_some_and(|code| CONFLICTS.contains(&&*code)) => {
                StoreError::Undone(error)
            }
            sqlx::Error::RowNotFound => StoreError::Missing,
            // SQLITE_INTERRUPT, and PostgreSQL's `query_canceled`.
            sqlx::Error::Database(db) if matches!(db.code().as_deref(), Some("9" | "57014")) => {
                StoreError::TookTooLong
            }
            _ => StoreError::Down(error),
        }
    }
}

/// `SQLITE_FULL`; `SQLITE_IOERR_SHMSIZE`, which a connection that opens a database on a full disk meets first; PostgreSQL's `disk_full`.
const NO_ROOM: [&str; 3] = ["13", "4874", "53100"];
/// A serialization failure and a deadlock: PostgreSQL has rolled the transaction back when it says so, also in answer to a COMMIT.
const CONFLICTS: [&str; 2] = ["40001", "40P01"];
/// The server, or a pooler before it, ends the connection: class 08, and shutting down, crashing, not being up yet.
const ENDINGS: [&str; 3] = ["57P01", "57P02", "57P03"];

/// Whether the connection was lost, so that nobody knows what became of the statement.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(db) => {
            db.code().is_some_and(|code| code.starts_with("08") || ENDINGS.contains(&&*code))
        }
        _ => false,
    }
}

/// The error of a statement within a PostgreSQL transaction, or of its BEGIN: a lost connection takes all of it along.
pub(crate) fn before_commit(error: sqlx::Error) -> StoreError {
    if is_lost(&error) { StoreError::Undone(error) } else { error.into() }
}

/// Reads a stored word as a domain enum.
pub(crate) fn word<T: std::str::FromStr>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { table, column, value: text.to_owned() })
}

/// Reads stored JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
        table,
        column,
        value: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, io};

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// What a database says of itself.
    #[derive(Debug, thiserror::Error)]
    #[error("database error {0}")]
    struct DatabaseMessage(&'static str);

    impl DatabaseError for DatabaseMessage {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn said(code: &'static str) -> sqlx::Error {
        sqlx::Error::Database(Box::new(DatabaseMessage(code)))
    }

    /// Every way in which the error of a database comes to a caller.
    fn wrapped(error: fn() -> sqlx::Error) -> [StoreError; 5] {
        [
            error().into(),
            before_commit(error()),
            StoreError::Undone(error()),
            StoreError::Migrate(MigrateError::Execute(error())),
            StoreError::Migrate(MigrateError::ExecuteMigration(error(), 1)),
        ]
    }

    #[test]
    fn a_full_disk_is_known_whatever_carries_the_news() {
        let full: [fn() -> sqlx::Error; 4] = [
            || said("13"),
            || said("4874"),
            || said("53100"),
            || sqlx::Error::Io(io::ErrorKind::StorageFull.into()),
        ];
        for error in full.into_iter().flat_map(wrapped) {
            assert!(error.is_full(), "{error:?}");
        }
        // SQLITE_BUSY, a deadlock, a connection that broke.
        let others: [fn() -> sqlx::Error; 3] =
            [|| said("5"), || said("40P01"), || sqlx::Error::Io(io::ErrorKind::BrokenPipe.into())];
        for error in others.into_iter().flat_map(wrapped) {
            assert!(!error.is_full(), "{error:?}");
        }
    }
}
