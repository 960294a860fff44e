//! The layer under all SQL: one text per query, run on SQLite or PostgreSQL.
//!
//! A query is written as PostgreSQL reads it. For SQLite, row locks are dropped (it has one writer). `@batch` stands for many
//! rows bound as one value: `unnest` of arrays on PostgreSQL, `jsonb_each` of one JSON text on SQLite (`json_each` would write each row
//! as text and read it anew for every column); in the query it is a
//! table named `b` with the columns of the [`Batch`]. SQLite knows nothing of its size: join it with `CROSS JOIN`, which keeps
//! `b` outside, and in an `UPDATE … FROM @batch` compare every column of the key with one of `b`, none with a constant. PostgreSQL may turn a
//! `CROSS JOIN` around: where a part of the key is compared with a constant, `LEFT JOIN` and a condition on `COALESCE` keep it.
//!
//! PostgreSQL plans by statistics, which fresh tables lack, and keeps for a connection what it planned when they were
//! empty. Statements over rows that come by the thousand (claims, records, plans, receipts, imports, erasure) therefore
//! go through `Db::by_index`. For the length of their transaction it forbids whole walks, bitmaps, hash and merge
//! joins, materialising, parallel workers and compiling, because each of them has an index for its way. A page’s
//! statement is planned for the tables as they are at that moment (`Plans::Fresh`). A new table inherits none of it.
//! SQLite has one writing connection and begins with `BEGIN IMMEDIATE`. Stretches of a plan do not wait for
//! PostgreSQL’s disk (`Tx::is_a_step`): a lost one is noticed by its mark and written again.
//!
//! Readers of people write `@registrants r` and `@leads l` for the tables without what an undone import left behind (`shown`).

mod again;
mod batch;
mod shown;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, RwLock},
};

use domain::ids::OrganizationId;
use sqlx::{
    AssertSqlSafe, FromRow, Postgres, Sqlite, Transaction,
    postgres::{PgArguments, PgRow},
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

pub(crate) use self::{
    again::again,
    batch::{Batch, Column},
};
use crate::{
    changes::{Change, Signals},
    error::{StoreError, before_commit},
    hot::Plans,
    postgres::{Server, Visit},
    readers::{Lane, Readers},
    tenancy::{Tenancy, Tenant},
    writer::{Unfit, Writer},
};

/// A row type that either engine can fill.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// One bound value.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
    Bool(bool),
    Bytes(Vec<u8>),
}

/// Text without NUL characters: PostgreSQL refuses them, and nobody types one. Both databases keep the same.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

macro_rules! arg_from {
    ($($from:ty => |$v:ident| $make:expr),+ $(,)?) => {$(
        impl From<$from> for Arg { fn from($v: $from) -> Arg { $make } }
    )+};
}

arg_from! {
    i64 => |v| Arg::Int(Some(v)),
    Option<i64> => |v| Arg::Int(v),
    domain::time::Millis => |v| Arg::Int(Some(v.0)),
    Option<domain::time::Millis> => |v| Arg::Int(v.map(|at| at.0)),
    domain::money::Money => |v| Arg::Int(Some(v.0)),
    Option<domain::money::Money> => |v| Arg::Int(v.map(|m| m.0)),
    &str => |v| Arg::Text(Some(storable(v.to_owned()))),
    String => |v| Arg::Text(Some(storable(v))),
    &String => |v| Arg::Text(Some(storable(v.clone()))),
    Option<&str> => |v| Arg::Text(v.map(|text| storable(text.to_owned()))),
    Option<String> => |v| Arg::Text(v.map(storable)),
    Uuid => |v| Arg::Uuid(Some(v)),
    Option<Uuid> => |v| Arg::Uuid(v),
    bool => |v| Arg::Bool(v),
    Vec<u8> => |v| Arg::Bytes(v),
}

/// The bound values of a query, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}

pub(crate) use args;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Row locks: the only words that SQLite does not know.
const LOCKS: [&str; 6] = [
    "FOR UPDATE OF b SKIP LOCKED",
    "FOR UPDATE OF p",
    "FOR UPDATE SKIP LOCKED",
    "FOR NO KEY UPDATE SKIP LOCKED",
    "FOR UPDATE",
    "FOR SHARE",
];

/// The text of a query in one dialect. Kept, because the same text comes again and again.
pub(crate) fn translated(
    sql: &'static str,
    dialect: Dialect,
    args: usize,
    batch: Option<&Batch>,
) -> Arc<str> {
    type Known = RwLock<HashMap<(usize, Dialect), Arc<str>>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::default);
    let key = (sql.as_ptr().addr(), dialect);
    if let Some(text) = known.read().expect("no panic while held").get(&key) {
        #[cfg(feature = "testing")]
        crate::testing::saw(text);
        return Arc::clone(text);
    }
    let mut text = sql.to_owned();
    if dialect == Dialect::Sqlite {
        for lock in LOCKS {
            text = text.replace(lock, "");
        }
    }
    for (name, rows) in shown::shown(dialect) {
        text = text.replace(name, rows);
    }
    if let Some(batch) = batch {
        text = text.replace("@batch", &batch.table(dialect, args + 1));
    }
    let text: Arc<str> = text.into();
    #[cfg(feature = "testing")]
    crate::testing::saw(&text);
    known.write().expect("no panic while held").insert(key, Arc::clone(&text));
    text
}

macro_rules! bind_all {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::db::Arg::Int(v) => query.bind(v),
                $crate::db::Arg::Text(v) => query.bind(v),
                $crate::db::Arg::Uuid(v) => query.bind(v),
                $crate::db::Arg::Bool(v) => query.bind(v),
                $crate::db::Arg::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}

pub(crate) use bind_all;

macro_rules! bind_postgres_batch {
    ($query:expr, $batch:expr) => {{
        let mut query = $query;
        for (_, column) in $batch.columns {
            query = match column {
                $crate::db::Column::Ints(v) => query.bind(v),
                $crate::db::Column::Texts(v) => query.bind(v),
                $crate::db::Column::Uuids(v) => query.bind(v),
                $crate::db::Column::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}

pub(crate) use bind_postgres_batch;

fn sqlite_query(
    sql: &'static str,
    args: Vec<Arg>,
    batch: Option<Batch>,
) -> Query<'static, Sqlite, SqliteArguments> {
    let text = translated(sql, Dialect::Sqlite, args.len(), batch.as_ref());
    let query = bind_all!(sqlx::query(AssertSqlSafe(text)), args);
    match batch {
        Some(batch) => query.bind(batch.json()),
        None => query,
    }
}

/// `prepares`: whether the connection knows the statement by name from then on.
fn postgres_query(
    sql: &'static str,
    args: Vec<Arg>,
    batch: Option<Batch>,
    prepares: bool,
) -> Query<'static, Postgres, PgArguments> {
    let text = translated(sql, Dialect::Postgres, args.len(), batch.as_ref());
    let query = bind_all!(sqlx::query(AssertSqlSafe(text)).persistent(prepares), args);
    match batch {
        Some(batch) => bind_postgres_batch!(query, batch),
        None => query,
    }
}

fn sqlite_query_as<T: Record>(
    sql: &'static str,
    args: Vec<Arg>,
    batch: Option<Batch>,
) -> QueryAs<'static, Sqlite, T, SqliteArguments> {
    let text = translated(sql, Dialect::Sqlite, args.len(), batch.as_ref());
    let query = bind_all!(sqlx::query_as(AssertSqlSafe(text)), args);
    match batch {
        Some(batch) => query.bind(batch.json()),
        None => query,
    }
}

fn postgres_query_as<T: Record>(
    sql: &'static str,
    args: Vec<Arg>,
    batch: Option<Batch>,
    prepares: bool,
) -> QueryAs<'static, Postgres, T, PgArguments> {
    let text = translated(sql, Dialect::Postgres, args.len(), batch.as_ref());
    let query = bind_all!(sqlx::query_as(AssertSqlSafe(text)).persistent(prepares), args);
    match batch {
        Some(batch) => bind_postgres_batch!(query, batch),
        None => query,
    }
}

/// The pools of one database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// One writer, several readers, as WAL allows.
    Sqlite { writer: Writer, readers: Readers },
    Postgres {
        server: Arc<Server>,
        signals: Arc<Signals>,
        tenancy: Arc<Tenancy>,
        /// The organisation that every statement is bound to, where the [`Tenancy`] stands and the handle is a member's.
        tenant: Option<Tenant>,
        plans: Plans,
    },
}

impl Db {
    /// The same database as a member's handle sees it.
    pub(crate) fn within(&self, organization: OrganizationId) -> Db {
        let mut db = self.clone();
        if let Db::Postgres { tenancy, tenant, plans, .. } = &mut db {
            *tenant = (**tenancy == Tenancy::Stands).then(|| Tenant::of(organization));
            *plans = Plans::Fresh;
        }
        db
    }

    /// The same database for statements over thousands of rows that are found by an index. For the length of a
    /// transaction PostgreSQL must use that index ([`Plans::ByIndex`]). Everything else is planned as PostgreSQL thinks
    /// best.
    pub(crate) fn by_index(&self) -> Db {
        let mut db = self.clone();
        if let Db::Postgres { plans, .. } = &mut db {
            *plans = Plans::ByIndex;
        }
        db
    }

    /// The same database as the owner of its tables sees it, whom row-level security does not concern.
    pub(crate) fn as_owner(&self) -> Db {
        let mut db = self.clone();
        if let Db::Postgres { tenant, .. } = &mut db {
            *tenant = None;
        }
        db
    }

    /// The same database for one who reads much: its statements have more time and, on SQLite, connections of their own.
    pub(crate) fn scan_permit(&self) -> Db {
        let mut db = self.clone();
        match &mut db {
            Db::Sqlite { readers, .. } => *readers = readers.of(Lane::Scans),
            Db::Postgres { tenant, .. } => *tenant = tenant.take().map(Tenant::scan_permit),
        }
        db
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Db::Sqlite { writer, .. } => {
                let (tx, unfit) = writer.begin().await?;
                Tx::Sqlite { tx, unfit }
            }
            Db::Postgres { server, signals, tenant, plans, .. } => {
                let mut tx = server.begin(*plans).await.map_err(|error| server.undone(error))?;
                if let Some(tenant) = tenant {
                    tenant.enter(&mut tx).await.map_err(|error| server.undone(error))?;
                }
                let prepares = server.prepares;
                Tx::Postgres { tx, prepares, signals: Arc::clone(signals), told: vec![] }
            }
        })
    }

    pub(crate) async fn all<T: Record>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        self.all_with(sql, args, None).await
    }

    /// As [`Db::all`], with many rows bound as `@batch`.
    pub(crate) async fn all_batch<T: Record>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Batch,
    ) -> Result<Vec<T>, StoreError> {
        self.all_with(sql, args, Some(batch)).await
    }

    async fn all_with<T: Record>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Option<Batch>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Db::Sqlite { readers, .. } => Ok(readers.all(sqlite_query_as(sql, args, batch)).await?),
            Db::Postgres { server, tenant, plans, .. } => {
                // A question may be asked again, whatever became of the first one.
                again(|| async {
                    let query = postgres_query_as(sql, args.clone(), batch.clone(), server.prepares);
                    if tenant.is_none() && server.goes_alone(*plans) {
                        return query.fetch_all(&server.pool).await.map_err(|error| server.undone(error));
                    }
                    let mut visit = Visit::begin(&server.pool).await.map_err(|error| server.undone(error))?;
                    let mut tx =
                        visit.enter(*plans, tenant.as_ref()).await.map_err(|error| server.undone(error))?;
                    let rows = query.fetch_all(&mut *tx).await.map_err(|error| server.undone(error))?;
                    drop(tx);
                    visit.over();
                    Ok(rows)
                })
                .await
            }
        }
    }

    pub(crate) async fn optional<T: Record>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Db::Sqlite { readers, .. } => Ok(readers.optional(sqlite_query_as(sql, args, None)).await?),
            // No statement here asks for the first of many rows.
            Db::Postgres { .. } => Ok(self.all_with(sql, args, None).await?.into_iter().next()),
        }
    }

    /// The one row that the query always has.
    pub(crate) async fn one<T: Record>(&self, sql: &'static str, args: Vec<Arg>) -> Result<T, StoreError> {
        self.optional(sql, args).await?.ok_or(StoreError::Missing)
    }

    /// Runs one statement in a transaction of its own; rows touched.
    pub(crate) async fn run(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        match self {
            Db::Sqlite { writer, .. } => Ok(writer.run(sqlite_query(sql, args, None)).await?),
            Db::Postgres { server, tenant, plans, .. } => {
                again(|| async {
                    if tenant.is_none() && server.goes_alone(*plans) {
                        // It commits by itself: a connection that is lost meanwhile leaves a doubt.
                        let query = postgres_query(sql, args.clone(), None, server.prepares);
                        return Ok(query.execute(&server.pool).await?.rows_affected());
                    }
                    let mut tx = self.begin().await?;
                    let rows = tx.run(sql, args.clone()).await?;
                    tx.commit().await?;
                    Ok(rows)
                })
                .await
            }
        }
    }
}

/// An open transaction. Dropped without [`Tx::commit`], nothing of it stays.
pub(crate) enum Tx {
    Sqlite {
        tx: Transaction<'static, Sqlite>,
        unfit: Unfit,
    },
    Postgres {
        tx: Transaction<'static, Postgres>,
        /// Whether statements are kept by name on the connection.
        prepares: bool,
        signals: Arc<Signals>,
        /// What this transaction changes, for the other processes.
        told: Vec<Change>,
    },
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite { tx, unfit } => unfit.heed(tx.commit().await)?,
            Tx::Postgres { mut tx, prepares, signals, told } => {
                let later = signals.tell(&mut tx, told, prepares).await.map_err(before_commit)?;
                // Lost here, nobody knows what became of it: that is no error to run it again for.
                tx.commit().await?;
                signals.hold(later);
            }
        }
        Ok(())
    }

    /// Its COMMIT need not wait until PostgreSQL has written it to the disk: a step of a longer work that ends with a COMMIT that waits, and
    /// that is begun again when it did not end. A crash of the database may lose the last such steps, never one before a kept one.
    pub(crate) async fn is_a_step(&mut self) -> Result<(), StoreError> {
        if let Tx::Postgres { tx, .. } = self {
            let words = "SET LOCAL synchronous_commit = off";
            sqlx::raw_sql(words).execute(&mut **tx).await.map_err(before_commit)?;
        }
        Ok(())
    }

    /// Tells the other processes, once this is committed. SQLite has none.
    pub(crate) fn tell(&mut self, change: Change) {
        match self {
            Tx::Sqlite { .. } => {}
            Tx::Postgres { told, .. } => told.push(change),
        }
    }

    pub(crate) async fn all<T: Record>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        self.all_with(sql, args, None).await
    }

    pub(crate) async fn all_batch<T: Record>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Batch,
    ) -> Result<Vec<T>, StoreError> {
        self.all_with(sql, args, Some(batch)).await
    }

    async fn all_with<T: Record>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Option<Batch>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(match self {
            Tx::Sqlite { tx, unfit } => {
                unfit.heed(sqlite_query_as(sql, args, batch).fetch_all(&mut **tx).await)?
            }
            Tx::Postgres { tx, prepares, .. } => {
                let query = postgres_query_as(sql, args, batch, *prepares);
                query.fetch_all(&mut **tx).await.map_err(before_commit)?
            }
        })
    }

    pub(crate) async fn optional<T: Record>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, StoreError> {
        Ok(match self {
            Tx::Sqlite { tx, unfit } => {
                unfit.heed(sqlite_query_as(sql, args, None).fetch_optional(&mut **tx).await)?
            }
            Tx::Postgres { tx, prepares, .. } => {
                let query = postgres_query_as(sql, args, None, *prepares);
                query.fetch_optional(&mut **tx).await.map_err(before_commit)?
            }
        })
    }

    pub(crate) async fn one<T: Record>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<T, StoreError> {
        self.optional(sql, args).await?.ok_or(StoreError::Missing)
    }

    /// Rows touched; the caller says what zero means.
    pub(crate) async fn run(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        self.run_with(sql, args, None).await
    }

    pub(crate) async fn run_batch(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Batch,
    ) -> Result<u64, StoreError> {
        self.run_with(sql, args, Some(batch)).await
    }

    async fn run_with(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
        batch: Option<Batch>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Tx::Sqlite { tx, unfit } => {
                unfit.heed(sqlite_query(sql, args, batch).execute(&mut **tx).await)?.rows_affected()
            }
            Tx::Postgres { tx, prepares, .. } => {
                let query = postgres_query(sql, args, batch, *prepares);
                query.execute(&mut **tx).await.map_err(before_commit)?.rows_affected()
            }
        })
    }
}
