//! Processes that die or fall asleep.

use domain::{
    message::MessageState,
    reason::OwnReason,
    time::{MINUTE, SECOND},
};
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

    async fn a_call_that_may_still_be_under_way_is_not_made_again_by_a_person(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        let turn = second.work().turn(&Endings::default(), &[Want::rows(id, 3)], &world.key, world.now()).await.unwrap();
        assert_eq!(turn.claimed.len(), 3);
        world.give_up_others().await;
        let (deadline, reasons) = (world.truth(id).await.deadline, [OwnReason::WorkerLost.into()]);
        let again = async || {
            world.org.send_again(id, MessageState::Unknown, &reasons, deadline, world.now()).await.unwrap()
        };
        // The lease of the second process ended, its calls perhaps did not. It may come back and record them for the
        // new attempt.
        assert_eq!(again().await, 0);
        world.clock.advance(MINUTE - 17 * SECOND);
        assert_eq!(again().await, 0);
        world.clock.advance(SECOND);
        assert_eq!(again().await, 3);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "3 = 3 sent");
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

    async fn what_was_claimed_by_a_commit_whose_answer_was_lost_goes_out_once(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        let id = world.broadcast().await;
        // The claim is in the database, and the loop never learnt of it.
        let now = world.now();
        world.engine.work().turn(&Endings::default(), &[Want::rows(id, 5)], &world.key, now).await.unwrap();
        db.damage("ALTER TABLE suppressions RENAME TO suppressions_away").await;
        while world.sender.turn(true).await.is_ok() {
            tokio::task::yield_now().await;
        }
        db.damage("ALTER TABLE suppressions_away RENAME TO suppressions").await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "20 = 20 sent");
        assert_eq!(world.sandbox.world().len(), 20);
        assert!(world.sandbox.world().repeated_phones(1).is_empty());
    }

    async fn what_was_claimed_by_a_commit_that_arrives_minutes_late_goes_out_as_well(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let id = world.broadcast().await;
        db.damage("ALTER TABLE suppressions RENAME TO suppressions_away").await;
        while world.sender.turn(true).await.is_ok() {
            tokio::task::yield_now().await;
        }
        db.damage("ALTER TABLE suppressions_away RENAME TO suppressions").await;
        world.org.pause_broadcast(id, world.now()).await.unwrap();
        for _ in 0..20 {
            world.clock.advance(10 * SECOND);
            world.beat().await;
            world.sender.turn(true).await.unwrap();
        }
        world.org.resume_broadcast(id, world.now()).await.unwrap();
        let now = world.now();
        let late = world.engine.work().turn(&Endings::default(), &[Want::rows(id, 5)], &world.key, now).await.unwrap();
        assert_eq!(late.claimed.len(), 5);
        world.clock.advance(MINUTE);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "5 = 5 sent");
        assert_eq!(world.sandbox.world().len(), 5);
    }

    async fn a_process_that_leaves_with_something_in_flight_is_given_up(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        second.work().turn(&Endings::default(), &[Want::rows(id, 3)], &world.key, world.now()).await.unwrap();
        second.work().retire().await.unwrap();
        world.give_up_others().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "5 = 2 sent + 3 unknown");
        // A process without anything in flight leaves at once.
        let third = world.second_engine().await;
        assert_eq!(world.engine.work().workers().await.unwrap().len(), 2);
        third.work().retire().await.unwrap();
        assert_eq!(world.engine.work().workers().await.unwrap().len(), 1);
    }

    async fn a_process_that_is_in_no_list_is_given_up_at_the_next_start(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        second.work().turn(&Endings::default(), &[Want::rows(id, 3)], &world.key, world.now()).await.unwrap();
        db.damage("DELETE FROM workers WHERE name = 'second'").await;
        world.give_up_others().await;
        assert_eq!(world.sum(id).await, "5 = 2 waiting + 3 in_flight");
        world.engine.work().enter_forgotten().await.unwrap();
        world.give_up_others().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "5 = 2 sent + 3 unknown");
    }
}
