//! When a process ends by itself: its turns fail while others write.

use std::time::Duration;

use store::on_both;

use crate::world::World;

/// Longer than two looks and the wait between them.
const SOON: Duration = Duration::from_secs(40);

on_both! {
    async fn a_process_whose_turns_fail_for_a_minute_ends_when_a_fresh_connection_writes_and_not_before(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        let engine = world.engine_on(&world.store);
        let running = engine.run("doomed", 1).await.unwrap();
        // What every turn asks is away; a test write is not.
        db.damage("ALTER TABLE broadcasts RENAME TO broadcasts_away").await;
        engine.wake(id);
        let failing = async {
            while !matches!(engine.standing(), munadi_engine::Standing::Failing { .. }) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, failing).await.expect("turns fail");
        world.clock.advance(59_000);
        assert!(tokio::time::timeout(Duration::from_secs(6), running.beyond_help()).await.is_err(), "not before a minute");
        world.clock.advance(2_000);
        tokio::time::timeout(SOON, running.beyond_help()).await.expect("it ends after a minute");
        db.damage("ALTER TABLE broadcasts_away RENAME TO broadcasts").await;
        running.stop().await;
    }
}
