//! A copy of a database while others write to it.

use std::{path::Path, str::FromStr, sync::Arc, sync::atomic::AtomicBool, sync::atomic::Ordering};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// The number of copies that are made.
const COPIES: usize = 40;

async fn open(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", file.display())).unwrap();
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// Writes both halves of a pair in one transaction, again and again, over pages that change all the time, and carries
/// the log into the file as often as it can.
async fn write_pairs(file: &Path, over: &AtomicBool) {
    let mut connection = open(file).await;
    run(&mut connection, "PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 3").await;
    let mut round = 0;
    while !over.load(Ordering::Relaxed) {
        run(
            &mut connection,
            "BEGIN IMMEDIATE;
             INSERT INTO ones (filler) VALUES (randomblob(abs(random()) % 9000));
             UPDATE ones SET filler = randomblob(3000) WHERE n % 7 = abs(random()) % 7 AND n > (SELECT MAX(n) - 60 FROM ones);
             INSERT INTO twos (n) SELECT MAX(n) FROM ones;
             COMMIT",
        )
        .await;
        round += 1;
        if round % 20 == 0 {
            run(
                &mut connection,
                "BEGIN IMMEDIATE;
                 DELETE FROM ones WHERE n % 5 = 0 AND n < (SELECT MAX(n) FROM ones);
                 DELETE FROM twos WHERE n % 5 = 0 AND n < (SELECT MAX(n) FROM twos);
                 COMMIT;
                 PRAGMA wal_checkpoint(TRUNCATE)",
            )
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_copy_made_while_others_write_is_a_whole_database_of_one_moment() {
    let test = store::testing::sqlite().await;
    let file = Path::new(test.url.trim_start_matches("sqlite:")).to_owned();
    let mut ours = open(&file).await;
    run(
        &mut ours,
        "CREATE TABLE ones (n INTEGER PRIMARY KEY, filler BLOB); CREATE TABLE twos (n INTEGER PRIMARY KEY)",
    )
    .await;
    let over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (file, over) = (file.clone(), over.clone());
        async move { write_pairs(&file, &over).await }
    });
    let mut grown = 0;
    for at in 0..COPIES {
        let before = number(&mut ours, "SELECT COALESCE(MAX(n), 0) FROM twos").await;
        let to = test.folder().join(format!("copy-{at}.db"));
        test.store.backup_sqlite(&to).await.unwrap();
        let mut copy = open(&to).await;
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await.unwrap();
        assert_eq!(sound, "ok", "copy {at}");
        let odd = "SELECT (SELECT COUNT(*) FROM ones WHERE n NOT IN (SELECT n FROM twos))
                        + (SELECT COUNT(*) FROM twos WHERE n NOT IN (SELECT n FROM ones))";
        assert_eq!(number(&mut copy, odd).await, 0, "copy {at}: half a transaction");
        let newest = number(&mut copy, "SELECT COALESCE(MAX(n), 0) FROM twos").await;
        assert!(newest >= before, "copy {at}: what was committed before is in it");
        grown = newest.max(grown);
        copy.close().await.unwrap();
        let rest = ["-wal", "-shm"].map(|end| test.folder().join(format!("copy-{at}.db{end}")).exists());
        assert_eq!(rest, [false, false], "copy {at} is one file");
        std::fs::remove_file(to).unwrap();
    }
    assert!(!writing.is_finished(), "somebody wrote all the time");
    over.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    assert!(grown > 20, "only {grown} pairs came meanwhile");
}
