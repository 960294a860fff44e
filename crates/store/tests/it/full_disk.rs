//! A disk that is full, and has room again.

use domain::{
    ids::{ImportId, IntegrationId, WorkerId},
    time::{DAY, SECOND},
};
use store::{StoreError, registrants::NewRegistrant, work::RawReceipt};

use crate::on_both::{NOW, draft, on_sqlite, person};

/// More workshops than the free pages of a new database hold.
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
        assert!(error.is_full() && error.to_string().contains("full"), "{error}");
        // There is room again: another writer has no such limit.
        world.org.add_workshop(&draft("Afterwards", NOW.plus(DAY)), NOW).await.unwrap();
        let work = world.store.work(WorkerId::new(NOW));
        work.try_write(NOW).await.unwrap();
        let after = world.number("SELECT COUNT(*) FROM workshops".into()).await;
        assert_eq!(after - before, written + 1, "each that was confirmed, and the one afterwards");
    });
}

/// The rows that one transaction of this import writes.
const STRETCH: usize = 500;

/// Registers stretch after stretch, as an import does; returns how many people that made, and what stopped it.
async fn import(
    org: &store::Org,
    into: (domain::ids::WorkshopId, ImportId),
    people: &[NewRegistrant],
) -> (u64, Option<StoreError>) {
    let mut new = 0;
    for stretch in people.chunks(STRETCH) {
        match org.add_registrants(into.0, into.1, stretch.to_vec(), NOW).await {
            Ok(added) => new += added.new,
            Err(error) => return (new, Some(error)),
        }
    }
    (new, None)
}

#[test]
fn an_import_that_meets_a_full_disk_has_whole_stretches_and_brings_the_rest_when_run_again() {
    on_sqlite(|world| async move {
        let workshop = world.workshop("Excel").await;
        let people: Vec<_> =
            (0..8 * STRETCH).map(|n| person(&format!("Person {n}"), &format!("90000 {n:05}"), "")).collect();
        let into = (workshop, ImportId::new(NOW));
        let before = import(&world.org, into, &people[..2 * STRETCH]).await;
        assert!(matches!(before, (1_000, None)), "{before:?}");
        world.store.fill_disk().await;
        let (during, stopped) = import(&world.org, into, &people).await;
        let stopped = stopped.expect("the disk fills");
        assert!(stopped.is_full(), "{stopped}");
        let rows = || world.number("SELECT COUNT(*) FROM registrants".into());
        assert_eq!(
            rows().await,
            1_000 + i64::try_from(during).unwrap(),
            "what was confirmed, and nothing else"
        );
        assert_eq!(world.org.registrant_counts(workshop).await.unwrap().registered, rows().await);

        let (rest, stopped) = import(&world.org, into, &people).await;
        assert!(stopped.is_none(), "{stopped:?}");
        assert_eq!(1_000 + during + rest, people.len() as u64, "each once");
        assert_eq!(rows().await, 4_000);
        let counts = world.org.registrant_counts(workshop).await.unwrap();
        assert_eq!((counts.registered, counts.duplicate), (4_000, 0));
    });
}

#[test]
fn receipts_that_a_full_disk_refuses_are_refused_whole_and_taken_when_they_come_again() {
    on_sqlite(|world| async move {
        let work = world.store.work(WorkerId::new(NOW));
        let (organization, integration) = (world.org.actor().organization, IntegrationId::new(NOW));
        let post = |from: i64| {
            (from..from + 20)
                .map(|n| RawReceipt {
                    organization,
                    integration,
                    dedupe_key: format!("receipt {n}"),
                    body: "x".repeat(1_000),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(work.store_receipts(post(0), NOW).await.unwrap(), 20);
        world.store.fill_disk().await;
        let (mut taken, mut refused) = (20, None);
        while refused.is_none() && taken < MANY {
            match work.store_receipts(post(taken), NOW).await {
                Ok(new) => taken += i64::try_from(new).unwrap(),
                Err(error) => refused = Some(error),
            }
        }
        let refused = refused.expect("the disk fills");
        assert!(refused.is_full(), "{refused}");
        let stored = || world.number("SELECT COUNT(*) FROM receipts".into());
        assert_eq!(stored().await, taken, "whoever was told to come again has left nothing");

        assert_eq!(work.store_receipts(post(taken), NOW).await.unwrap(), 20);
        assert_eq!(work.store_receipts(post(0), NOW).await.unwrap(), 0, "those of before are still known");
        assert_eq!(stored().await, taken + 20);
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
