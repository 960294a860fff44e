//! Processes that die or fall asleep.

use domain::time::SECOND;
use munadi_engine::Sender;
use store::{
    on_both,
    work::{Endings, Want},
};

use crate::world::World;

on_both! {
    async fn r03_what_a_lost_worker_had_in_flight_is_unknown_and_never_resent(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(40).await;
        let id = world.broadcast().await;
        // A second process claims ten rows and dies before any answer.
        let second = world.second_engine().await;
        let now = domain::time::Clock::now(world.clock.as_ref());
        let turn = second.work().turn(&Endings::default(), &[Want::rows(id, 10)], &world.key, now).await.unwrap();
        assert_eq!(turn.claimed.len(), 10);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "40 = 10 in_flight + 30 sent");
        world.clock.advance(16 * SECOND);
        world.beat().await;
        assert_eq!(world.engine.work().reclaim(domain::time::Clock::now(world.clock.as_ref()), false).await.unwrap(), 10);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "40 = 30 sent + 10 unknown");
        assert_eq!(world.sandbox.world().len(), 30);
    }

    async fn a_worker_that_was_given_up_records_nothing(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        let start = domain::time::Clock::now(world.clock.as_ref());
        let turn = second.work().turn(&Endings::default(), &[Want::rows(id, 3)], &world.key, start).await.unwrap();
        world.clock.advance(20 * SECOND);
        world.beat().await;
        let now = domain::time::Clock::now(world.clock.as_ref());
        world.engine.work().reclaim(now, false).await.unwrap();
        let late: Vec<_> = turn
            .claimed
            .iter()
            .map(|row| store::work::Record {
                message: row.message,
                attempt: row.attempt,
                next: domain::message::Next::Sent { provider_id: None, cost: None },
                at: now,
            })
            .collect();
        let refused = second.work().turn(&late.into(), &[], &world.key, now).await.unwrap();
        assert_eq!(refused.stale, 3);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "3 = 3 unknown");
    }

    async fn r01_two_workers_share_a_broadcast_and_nobody_is_told_twice(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(400).await;
        let id = world.broadcast().await;
        let mut second = Sender::new(world.second_engine().await, 2);
        let (one, two) = tokio::join!(world.sender.turn_until_idle(), second.turn_until_idle());
        one.unwrap();
        two.unwrap();
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "400 = 400 sent");
        assert_eq!(world.sandbox.world().len(), 400);
        assert!(world.sandbox.world().repeated_phones(1).is_empty());
    }
}
