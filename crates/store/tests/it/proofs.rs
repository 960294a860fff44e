//! The proven counts of a broadcast are not counted again, and changed ones are.

use domain::{
    ids::{BroadcastId, RegistrantId, WorkerId},
    time::{HOUR, MINUTE},
};

use crate::on_both::{NOW, World};

async fn ended(world: &World) -> BroadcastId {
    let workshop = world.workshop("Rust for Beginners").await;
    let id = world.broadcast(workshop, "completed", (RegistrantId::new(NOW), "+919000000001")).await;
    world.run(format!("UPDATE broadcasts SET finished_at = {}", NOW.0)).await;
    id
}

both! {
    async fn a_proven_broadcast_is_not_counted_again_until_its_counts_change(world) {
        let id = ended(&world).await;
        let work = world.store.work(WorkerId::new(NOW));
        assert_eq!(work.counted_broadcasts().await.unwrap(), [id]);
        let unproven = work.unproven().await.unwrap();
        assert_eq!(unproven.iter().map(|one| (one.broadcast, one.rows, one.ended)).collect::<Vec<_>>(), [(id, 1, true)]);
        assert_eq!(work.prove(id, NOW).await.unwrap(), []);
        assert_eq!(work.unproven().await.unwrap(), []);
        // A receipt moves the row, and the counts with it.
        world.run("UPDATE messages SET state = 'read'".into()).await;
        world.run("UPDATE broadcast_counts SET state = 'read'".into()).await;
        assert_eq!(work.unproven().await.unwrap().len(), 1);
    }

    async fn a_count_that_is_not_the_rows_is_found_and_never_remembered_as_proven(world) {
        let id = ended(&world).await;
        let work = world.store.work(WorkerId::new(NOW));
        world.run("UPDATE messages SET state = 'failed'".into()).await;
        let found = work.prove(id, NOW).await.unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.state.as_str(), one.kept, one.counted)).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&("waiting", 1, 0)) && found.contains(&("failed", 0, 1)), "{found:?}");
        assert_eq!(work.unproven().await.unwrap().len(), 1);
    }

    async fn a_running_process_proves_what_has_ended_and_rests(world) {
        ended(&world).await;
        let work = world.store.work(WorkerId::new(NOW));
        assert_eq!(work.prove_next(NOW.plus(MINUTE)).await.unwrap(), None, "receipts still come");
        assert_eq!(work.prove_next(NOW.plus(HOUR)).await.unwrap(), Some(vec![]));
        assert_eq!(work.prove_next(NOW.plus(HOUR)).await.unwrap(), None);
    }
}
