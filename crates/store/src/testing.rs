//! Fresh databases for tests, on both engines. Only with the feature `testing`.

mod fresh;
mod pooler;
mod server;

use std::{cell::RefCell, collections::BTreeSet};

pub use pooler::Pooled;
pub use server::OwnServer;

use crate::{DatabaseAddress, Org, Store, StoreError, db::Db};

tokio::task_local! {
    /// Statements of a task that is listened to.
    static SEEN: RefCell<BTreeSet<String>>;
}

/// Hears of a statement, as the database gets it.
pub(crate) fn saw(text: &str) {
    // Most tasks are not listened to.
    let _ = SEEN.try_with(|seen| seen.borrow_mut().insert(text.to_owned()));
}

/// The statements that some calls of the store make, as the database gets them: to look at their plans.
pub async fn statements_of(calls: impl Future<Output = ()>) -> BTreeSet<String> {
    let said = SEEN.scope(RefCell::default(), async {
        calls.await;
        SEEN.with(RefCell::take)
    });
    said.await
}

/// A fresh database that goes away with the test.
pub struct TestStore {
    /// The store, opened on the database.
    pub store: Store,
    /// The address of the database, for a process or a second handle.
    pub url: String,
    /// The server and the name of a database on PostgreSQL.
    on_server: Option<(String, String)>,
    folder: tempfile::TempDir,
}

impl TestStore {
    /// A folder of the test's own.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Writes past the store what it would never write: for tests of what a damaged row may do. One text for both databases.
    pub async fn damage(&self, sql: &'static str) -> u64 {
        self.store.db.run(sql, Vec::new()).await.expect("the statement is right on both databases")
    }

    /// The lines of SQLite's plan of a statement with parameters; none on PostgreSQL.
    pub async fn explain(&self, statement: &str) -> Vec<String> {
        let Db::Sqlite { writer, .. } = &self.store.db else { return vec![] };
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql).fetch_all(writer.pool()).await.expect("the statement was run before");
        rows.into_iter().map(|row| row.3).collect()
    }

    /// Takes the database away. A SQLite one goes with its folder.
    pub async fn remove(self) {
        self.store.close().await;
        if let Some((server, database)) = self.on_server {
            fresh::drop_postgres(&server, &database).await;
        }
    }
}

impl Store {
    /// Lets a SQLite database grow no further, as on a full disk, for as long as its present writer lives.
    pub async fn fill_disk(&self) {
        self.db.run("PRAGMA max_page_count = 1", Vec::new()).await.expect("the writer takes a setting");
    }

    /// The same SQLite database with hardly any time for what a page asks.
    pub fn impatient(&self) -> Store {
        let mut store = self.clone();
        if let Db::Sqlite { readers, .. } = &mut store.db {
            *readers = readers.allowing(std::time::Duration::from_millis(50));
        }
        store
    }

    /// Statements that still run although nobody waits for them, after some time to end.
    pub async fn statements_under_way(&self) -> i64 {
        let mut left = 0;
        for _ in 0..100 {
            left = match &self.db {
                Db::Sqlite { readers, .. } => i64::try_from(readers.under_way()).expect("a few"),
                Db::Postgres { .. } => {
                    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH RECURSIVE n(i)%'
                                   AND datname = current_database()";
                    let (left,): (i64,) = self.engine.one(count, Vec::new()).await.expect("the server tells");
                    left
                }
            };
            if left == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        left
    }

    /// Leaves a transaction open on the writer, as SQLite's own rollback does in the eyes of its driver.
    pub async fn begin_and_give_up(&self) {
        let begun = self.db.begin();
        let given_up = futures::FutureExt::now_or_never(begun);
        drop(given_up);
    }
}

/// A fresh SQLite database in a folder of its own.
pub async fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("munadi.db");
    fresh::sqlite(&file).await;
    let url = format!("sqlite:{}", file.display());
    let address = DatabaseAddress { is_scratch: true, ..DatabaseAddress::from(&url) };
    let store = Store::open(address).await.expect("a fresh database opens");
    TestStore { store, url, on_server: None, folder }
}

/// A fresh database on the server that `TEST_POSTGRES_URL` names; `None`, said aloud, when there is none.
pub async fn postgres() -> Option<TestStore> {
    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        tracing::warn!("skipped on PostgreSQL: TEST_POSTGRES_URL is not set (cargo xtask test sets it)");
        return None;
    };
    let database = fresh::postgres(&server).await;
    // Some tests put another schema in the place of this one.
    let url = fresh::database_on(&server, &database, "options=-c%20search_path%3Dpublic");
    let store = Store::open(&url).await.expect("a fresh database opens");
    let folder = tempfile::tempdir().expect("a temporary folder");
    Some(TestStore { store, url, on_server: Some((server, database)), folder })
}

impl Org {
    /// One number by a query as it stands, with nothing bound: a query in which the organisation was forgotten.
    pub async fn forgetful_number(&self, sql: &'static str) -> Result<i64, StoreError> {
        let (number,): (i64,) = self.db.one(sql, vec![]).await?;
        Ok(number)
    }

    /// As [`Org::forgetful_number`], for a statement that changes; rows touched.
    pub async fn forgetful_change(&self, sql: &'static str) -> Result<u64, StoreError> {
        self.db.run(sql, vec![]).await
    }

    /// As [`Org::forgetful_number`], within a transaction.
    pub async fn forgetful_number_in_transaction(&self, sql: &'static str) -> Result<i64, StoreError> {
        let (number,): (i64,) = self.db.begin().await?.one(sql, vec![]).await?;
        Ok(number)
    }
}

/// Runs a test on SQLite, and on PostgreSQL where there is one: `on_both! { async fn a_promise(db: TestStore) { … } }`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: TestStore) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn promise($db: &$crate::testing::TestStore) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let db = $crate::testing::sqlite().await;
                promise(&db).await;
                db.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(db) = $crate::testing::postgres().await {
                    promise(&db).await;
                    db.remove().await;
                }
            }
        }
    )+};
}
