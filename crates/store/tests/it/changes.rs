//! What one process changes reaches the others.

use domain::{
    ids::{BroadcastId, IntegrationId, RegistrantId, SessionId, WorkerId},
    outcome::ProviderAnswer,
};
use store::{Change, Changes, Store, work::RawReceipt};

use crate::on_both::{NOW, World};

/// Another process that is listening already.
async fn second(world: &World) -> (Store, Changes) {
    let store = world.second_store().await;
    let changes = listening(&store).await;
    (store, changes)
}

async fn listening(store: &Store) -> Changes {
    let mut changes = store.changes();
    assert_eq!(changes.next().await, Change::Missed, "who begins to listen has to look once");
    changes
}

async fn broadcast(world: &World, status: &str) -> BroadcastId {
    let workshop = world.workshop("Rust for Beginners").await;
    world.broadcast(workshop, status, (RegistrantId::new(NOW), "+919000000001")).await
}

on_postgres! {
    async fn what_a_person_changes_wakes_the_other_process_and_not_its_own(world) {
        let (here, there) = (broadcast(&world, "scheduled").await, broadcast(&world, "paused").await);
        let mut own = listening(&world.store).await;
        let (second, mut heard) = second(&world).await;
        world.org.pause_broadcast(here, NOW).await.unwrap();
        assert_eq!(heard.next().await, Change::Work(here));
        let org = second.org(world.org.actor().clone());
        org.resume_broadcast(there, NOW).await.unwrap();
        assert_eq!(own.next().await, Change::Work(there), "its own change came first and is not told back");
        second.close().await;
    }

    async fn rows_and_receipts_of_a_worker_are_heard_by_the_others(world) {
        let id = broadcast(&world, "in_progress").await;
        let (second, mut heard) = second(&world).await;
        let work = world.store.work(WorkerId::new(NOW));
        work.pause(id, &ProviderAnswer::new("wallet", "The wallet is empty."), NOW).await.unwrap();
        assert_eq!(heard.next().await, Change::Rows(id));
        let receipt = RawReceipt {
            organization: world.org.actor().organization,
            integration: IntegrationId::new(NOW),
            dedupe_key: "once".to_owned(),
            body: "{}".to_owned(),
        };
        work.store_receipts(vec![receipt], NOW).await.unwrap();
        assert_eq!(heard.next().await, Change::Receipts);
        second.close().await;
    }

    async fn a_session_that_ends_is_heard_by_the_others(world) {
        let (second, mut heard) = second(&world).await;
        world.store.access().end_session(SessionId::new(NOW)).await.unwrap();
        assert_eq!(heard.next().await, Change::Access);
        second.close().await;
    }

    async fn the_last_of_many_changes_is_told_as_well(world) {
        let id = broadcast(&world, "scheduled").await;
        let (second, mut heard) = second(&world).await;
        let _telling = listening(&world.store).await;
        world.org.pause_broadcast(id, NOW).await.unwrap();
        world.org.resume_broadcast(id, NOW).await.unwrap();
        assert_eq!([heard.next().await, heard.next().await], [Change::Work(id); 2]);
        second.close().await;
    }

    async fn what_is_taken_back_is_not_told(world) {
        let (finished, running) = (broadcast(&world, "completed").await, broadcast(&world, "scheduled").await);
        let (second, mut heard) = second(&world).await;
        assert!(world.org.pause_broadcast(finished, NOW).await.is_err());
        world.org.pause_broadcast(running, NOW).await.unwrap();
        assert_eq!(heard.next().await, Change::Work(running));
        second.close().await;
    }

    async fn notifications_can_be_tried(world) {
        assert_eq!(world.store.notifies().await.unwrap(), Some(true));
    }

    async fn a_listener_that_was_cut_off_says_so_and_hears_again(world) {
        let id = broadcast(&world, "scheduled").await;
        let (second, mut heard) = second(&world).await;
        let cut = world
            .number(
                "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE query = 'LISTEN \"munadi_' || (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) || '\"'"
                    .to_owned(),
            )
            .await;
        assert_eq!(cut, 1);
        assert_eq!(heard.next().await, Change::Missed);
        world.org.pause_broadcast(id, NOW).await.unwrap();
        assert_eq!(heard.next().await, Change::Work(id));
        second.close().await;
    }
}
