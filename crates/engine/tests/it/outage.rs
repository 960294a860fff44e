//! A provider is out of order for longer than a moment. Its messages are tried as long as they are of use, and nobody
//! gets one twice.

use domain::{
    message::MessageState,
    retry::{LONGEST_MS, OFTEN},
    time::{HOUR, MINUTE},
};
use sandbox::faults::Amount;
use store::{on_both, testing::TestStore};

use crate::world::World;

/// Fewer than the bad endings in a row that hold an account back, so each message is put off by itself.
const FEW: usize = 3;

/// A world whose provider takes nothing from now on.
async fn out_of_order(db: &TestStore) -> World {
    let world = World::new(db).await;
    world.crowd(FEW).await;
    world.sandbox.faults().change(|faults| {
        faults.server_error = Amount::ALWAYS;
        faults.server_error_status = Some(503);
    });
    world
}

/// How often a waiting message was tried, as the attention strip reads it.
async fn tries(world: &World) -> i64 {
    let open = world.org.broadcasts_to_look_at(world.now()).await.unwrap();
    open.iter().map(|one| one.tries).max().unwrap_or(0)
}

on_both! {
    async fn after_an_outage_of_an_hour_everybody_of_a_small_broadcast_is_told_once(db: TestStore) {
        let mut world = out_of_order(db).await;
        world.sandbox.aisensy().change(|config| {
            let words = "User has blocked the business".to_owned();
            config.projects[0].refused_endings = [("0001".to_owned(), words)].into();
        });
        let id = world.broadcast().await;
        world.pass(5_000).await;
        assert!(tries(&world).await < OFTEN, "a moment's trouble needs nobody");
        world.pass(HOUR).await;
        assert_eq!(world.sum(id).await, "3 = 3 waiting", "an hour fails nobody");
        assert_eq!(world.sandbox.world().len(), 0);
        assert!(tries(&world).await >= OFTEN, "somebody should know");
        let tried: Vec<i64> = world.rows(id).await.iter().map(|row| row.attempt).collect();
        assert!(tried.iter().all(|tries| (13..120).contains(tries)), "neither given up nor hammered: {tried:?}");

        world.sandbox.faults().change(|faults| faults.server_error = Amount::NEVER);
        world.pass(LONGEST_MS).await;
        assert_eq!(world.sum(id).await, "3 = 2 sent + 1 failed");
        let rows = world.rows(id).await;
        let refused = &rows[1];
        assert_eq!((refused.state, refused.attempt), (MessageState::Failed, tried[1] + 1), "the first answer ends it");
        assert_eq!(world.sandbox.world().count(&refused.recipient), 0);
        for told in [&rows[0], &rows[2]] {
            assert_eq!(world.sandbox.world().count(&told.recipient), 1, "{told:?}");
        }
        assert_eq!(tries(&world).await, 0, "gone when it is settled");
    }

    async fn a_refusal_that_names_the_person_or_the_text_is_not_tried_again(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(FEW).await;
        world.sandbox.aisensy().change(|config| {
            let words = "User has blocked the business".to_owned();
            config.projects[0].refused_endings = [("0001".to_owned(), words)].into();
        });
        let id = world.broadcast().await;
        world.pass(HOUR).await;
        assert_eq!(world.sum(id).await, "3 = 2 sent + 1 failed");
        assert!(world.rows(id).await.iter().all(|row| row.attempt == 1), "each was tried once");
    }

    async fn an_outage_that_outlasts_a_message_ends_it_at_its_last_useful_moment_and_not_before(db: TestStore) {
        let mut world = out_of_order(db).await;
        let id = world.broadcast().await;
        let deadline = world.truth(id).await.deadline;
        world.pass(deadline.since(world.now()) - MINUTE).await;
        assert_eq!(world.sum(id).await, "3 = 3 waiting", "a minute before it may still go");
        world.pass(2 * MINUTE).await;
        assert_eq!(world.sum(id).await, "3 = 3 expired");
        assert_eq!(tries(&world).await, 0);
        world.sandbox.faults().change(|faults| faults.server_error = Amount::NEVER);
        world.pass(HOUR).await;
        assert_eq!(world.sandbox.world().len(), 0, "too late is not at all");
    }
}
