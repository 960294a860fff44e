//! Readers that keep out of each other's way.

use std::time::Duration;

use domain::{ids::WorkerId, time::SECOND};
use store::{Change, SCANS_AT_ONCE, StoreError};

use crate::on_both::{NOW, on_sqlite};

/// A statement that runs longer than any test.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n)
                       SELECT COUNT(*) FROM n WHERE i < 0";

both! {
    async fn a_statement_ends_when_its_page_gives_up_and_others_have_its_place(world) {
        // More statements than there are connections for pages.
        for _ in 0..30 {
            let asked = world.org.forgetful_number(ENDLESS);
            assert!(tokio::time::timeout(Duration::from_millis(20), asked).await.is_err(), "it walks on");
        }
        assert_eq!(world.org.forgetful_number("SELECT CAST(7 AS BIGINT)").await.unwrap(), 7);
        assert_eq!(world.store.statements_under_way().await, 0, "nothing walks on for nobody");
    }

    async fn the_engine_reads_and_writes_while_pages_take_every_connection_they_have(world) {
        let pages: Vec<_> = (0..30)
            .map(|_| {
                let org = world.org.clone();
                tokio::spawn(async move { org.forgetful_number(ENDLESS).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let work = world.store.work(WorkerId::new(NOW));
        work.register("test", NOW, NOW.plus(15 * SECOND)).await.unwrap();
        assert_eq!(work.workers().await.unwrap().len(), 1);
        for page in pages {
            page.abort();
        }
    }

    async fn one_long_reading_more_than_may_run_waits_for_one_to_end(world) {
        let mut running = Vec::new();
        for _ in 0..SCANS_AT_ONCE {
            running.push(world.org.scan_permit().await.unwrap());
        }
        let another = world.org.scan_permit();
        tokio::pin!(another);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut another).await.is_err(), "it waits");
        running.pop();
        let last = another.await.unwrap();
        assert_eq!(last.forgetful_number("SELECT CAST(7 AS BIGINT)").await.unwrap(), 7);
    }

    async fn statistics_are_renewed_while_everything_runs(world) {
        world.workshop("Rust for Beginners").await;
        world.store.work(WorkerId::new(NOW)).renew_statistics().await.unwrap();
    }
}

#[test]
fn on_sqlite_what_the_command_line_commits_is_noticed_by_the_server_and_its_own_commits_are_not() {
    on_sqlite(|world| async move {
        let mut changes = world.store.changes();
        assert_eq!(changes.next().await, Change::Missed, "who begins to listen has to look once");
        world.workshop("Its own").await;
        let own = tokio::time::timeout(Duration::from_millis(500), changes.next()).await;
        assert!(own.is_err(), "what this process wrote is no news to it");
        let other = world.second_store().await;
        let work = other.work(WorkerId::new(NOW));
        work.try_write(NOW).await.unwrap();
        assert_eq!(changes.next().await, Change::Missed);
        other.close().await;
    });
}

#[test]
fn a_page_is_told_that_it_took_too_long() {
    on_sqlite(|world| async move {
        let org = world.store.impatient().org(world.org.actor().clone());
        assert!(matches!(org.forgetful_number(ENDLESS).await, Err(StoreError::TookTooLong)));
    });
}
