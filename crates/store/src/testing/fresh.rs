//! Fresh databases, made and taken away. Most are copied from a migrated one: a hundred migrations take a second of PostgreSQL, and hundreds of tests
//! begin with a fresh database. How migrations run on an empty database is tested by itself.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::OnceCell;

use crate::{Store, migrate};

/// One process at a time makes the template on a server.
const LOCK: &str = "SELECT pg_advisory_lock(20261130)";

/// Puts a migrated database without rows in that file.
pub(super) async fn sqlite(file: &Path) {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let bytes = MIGRATED.get_or_init(async || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("template.db");
        let store = Store::open(&format!("sqlite:{}", file.display())).await.expect("a fresh database opens");
        store.close().await;
        let log = std::fs::metadata(file.with_extension("db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "the log goes into the database when it is closed");
        std::fs::read(file).expect("the database is a file")
    });
    let bytes = bytes.await;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    opened.and_then(|mut file| file.write_all(bytes)).expect("a test writes in its own folder");
}

/// Makes a migrated database without rows on that server; its name.
pub(super) async fn postgres(server: &str) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| postgres_template(server)).await;
    create(server, &format!(" TEMPLATE \"{template}\"")).await
}

/// Makes an empty database on that server; its name.
pub(super) async fn empty_postgres(server: &str) -> String {
    create(server, "").await
}

/// Takes a database off that server, whoever is connected to it.
pub(super) async fn drop_postgres(server: &str, database: &str) {
    let mut admin = PgConnection::connect(server).await.expect("the test server answers");
    run(&mut admin, &format!("DROP DATABASE \"{database}\" WITH (FORCE)")).await;
}

async fn create(server: &str, from: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let database = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(server).await.expect("the test server answers");
    run(&mut admin, &format!("CREATE DATABASE \"{database}\"{from}")).await;
    database
}

/// The name of the template, which the test programs of one version share.
async fn postgres_template(server: &str) -> String {
    let mut hasher = DefaultHasher::new();
    migrate::checksums().for_each(|checksum| checksum.hash(&mut hasher));
    let name = format!("munadi_template_{:016x}", hasher.finish());
    let mut admin = PgConnection::connect(server).await.expect("the test server answers");
    run(&mut admin, LOCK).await;
    let finished: Option<bool> =
        sqlx::query_scalar("SELECT datistemplate FROM pg_database WHERE datname = $1")
            .bind(&name)
            .fetch_optional(&mut admin)
            .await
            .expect("the server tells its databases");
    if finished != Some(true) {
        run(&mut admin, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        run(&mut admin, &format!("CREATE DATABASE \"{name}\"")).await;
        let store = Store::open(&database_on(server, &name, "")).await.expect("a fresh database opens");
        store.close().await;
        // Nobody connects to it any more: a copy waits until nobody does.
        run(&mut admin, &format!("ALTER DATABASE \"{name}\" IS_TEMPLATE true ALLOW_CONNECTIONS false")).await;
    }
    // The lock ends with the connection.
    admin.close().await.expect("the test server answers");
    name
}

async fn run(admin: &mut PgConnection, sql: &str) {
    let run = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await;
    run.unwrap_or_else(|error| panic!("a test's server does not {sql}: {error}"));
}

/// The address of another database on that server, with one more option where there is one.
pub(super) fn database_on(server: &str, database: &str, option: &str) -> String {
    let (base, options) = server.split_once('?').unwrap_or((server, ""));
    let names_one = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let host = if names_one { base.rsplit_once('/').map_or(base, |(host, _)| host) } else { base };
    let options: Vec<&str> = [options, option].into_iter().filter(|option| !option.is_empty()).collect();
    match options.is_empty() {
        true => format!("{host}/{database}"),
        false => format!("{host}/{database}?{}", options.join("&")),
    }
}
