//! What can go wrong in the store, as far as a caller can act on it.

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
        /// Table.
        table: &'static str,
        /// Column.
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
    /// Others read much already, and none of them ended while this one waited.
    #[error("as many long exports or searches as may run at once are running")]
    Busy,
    /// A migration could not be applied.
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// The database let so much time pass without an answer.
    pub fn no_answer(wait: std::time::Duration) -> StoreError {
        let words = format!("no answer within {} s", wait.as_secs());
        StoreError::Down(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, words)))
    }

    /// Whether the database has no room: `SQLITE_FULL`, or PostgreSQL's `disk_full`.
    pub fn is_full(&self) -> bool {
        let StoreError::Down(sqlx::Error::Database(said)) = self else { return false };
        matches!(said.code().as_deref(), Some("13" | "53100"))
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
