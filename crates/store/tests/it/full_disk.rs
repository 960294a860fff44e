//! A disk that is full, and has room again.

use domain::{
    ids::WorkerId,
    time::{DAY, SECOND},
};
use store::StoreError;

use crate::on_both::{NOW, draft, on_sqlite};

/// More than the pages that a fresh database has left hold.
const MANY: i64 = 500;

#[test]
fn what_a_full_disk_refused_is_written_when_there_is_room_again() {
    on_sqlite(|world| async move {
        let before = world.number("SELECT COUNT(*) FROM workshops".into()).await;
        world.store.fill_disk().await;
        let mut refused = None;
        for n in 0..MANY {
            let title = format!("{n} {}", "x".repeat(3_000));
            if let Err(error) = world.org.add_workshop(&draft(&title, NOW.plus(DAY)), NOW).await {
                refused = Some((n, error));
                break;
            }
        }
        let (written, error) = refused.expect("the disk fills");
        assert!(matches!(error, StoreError::Down(_)), "{error}");
        assert!(error.to_string().contains("full"), "{error}");
        // Room again: a writer of its own has no such limit.
        world.org.add_workshop(&draft("Afterwards", NOW.plus(DAY)), NOW).await.unwrap();
        let work = world.store.work(WorkerId::new(NOW));
        work.try_write(NOW).await.unwrap();
        let after = world.number("SELECT COUNT(*) FROM workshops".into()).await;
        assert_eq!(after - before, written + 1, "each that was confirmed, and the one afterwards");
    });
}

#[test]
fn a_transaction_given_up_while_it_begins_leaves_the_writer_to_others() {
    on_sqlite(|world| async move {
        for _ in 0..50 {
            world.store.begin_and_give_up().await;
        }
        world.org.add_workshop(&draft("Afterwards", NOW.plus(DAY)), NOW).await.unwrap();
    });
}

both! {
    async fn a_test_write_tells_that_the_database_takes_writes_through_the_pool_and_past_it(world) {
        let work = world.store.work(WorkerId::new(NOW));
        work.try_write(NOW).await.unwrap();
        assert_eq!(world.number("SELECT written_at FROM test_writes".into()).await, NOW.0);
        let later = NOW.plus(5 * SECOND);
        world.store.try_fresh_write(later).await.unwrap();
        assert_eq!(world.number("SELECT written_at FROM test_writes".into()).await, later.0);
    }
}
