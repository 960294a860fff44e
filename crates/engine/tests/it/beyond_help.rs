//! When a process ends itself to be started again, and when it does not.

use std::time::Duration;

use domain::time::SECOND;
use munadi_engine::{Limits, Running, SendingHealth};
use store::{on_both, testing::TestStore};

use crate::world::{World, limits};

/// The time for which turns have to fail, in milliseconds. The loop that watches looks twelve times meanwhile.
const GIVE_UP_MS: i64 = 600;
/// Long enough for every look that could end the process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The kinds of writes that the database still accepts.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    /// The write that a fresh connection tries succeeds; turns fail.
    TestWrites,
}

/// Makes the database refuse statements: without its table a statement fails on every connection.
async fn refuse(db: &TestStore, takes: Takes) {
    db.damage("ALTER TABLE integration_pace RENAME TO integration_pace_gone").await;
    if matches!(takes, Takes::Nothing) {
        db.damage("ALTER TABLE test_writes RENAME TO test_writes_gone").await;
    }
}

/// Starts a process whose turns have failed for longer than it tolerates.
async fn failing(world: &World, db: &TestStore, takes: Takes) -> (munadi_engine::Engine, Running) {
    let engine = world.engine_to_run(Limits { give_up_after_ms: GIVE_UP_MS, ..limits() });
    let running = engine.run("serve", 1).await.unwrap();
    refuse(db, takes).await;
    for _ in 0..3_000 {
        if matches!(engine.standing(), SendingHealth::Failing { .. }) {
            world.clock.advance(GIVE_UP_MS + SECOND);
            return (engine, running);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the turns did not fail: {:?}", engine.standing());
}

on_both! {
    async fn a_process_ends_when_a_fresh_connection_writes_and_its_turns_still_fail(db: TestStore) {
        let world = World::new(db).await;
        let (_engine, running) = failing(&world, db, Takes::TestWrites).await;
        tokio::time::timeout(PATIENCE, running.until_unrecoverable()).await.expect("it asks to be started again");
        running.stop().await;
    }

    async fn a_process_whose_database_takes_nothing_from_anybody_goes_on_and_recovers_by_itself(db: TestStore) {
        let world = World::new(db).await;
        let (engine, running) = failing(&world, db, Takes::Nothing).await;
        let ended = tokio::time::timeout(PATIENCE, running.until_unrecoverable()).await;
        assert!(ended.is_err(), "a fresh process would fare no better");
        db.damage("ALTER TABLE test_writes_gone RENAME TO test_writes").await;
        db.damage("ALTER TABLE integration_pace_gone RENAME TO integration_pace").await;
        for _ in 0..1_000 {
            if matches!(engine.standing(), SendingHealth::Well(_)) {
                running.stop().await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("turns go on by themselves: {:?}", engine.standing());
    }
}
