//! The wall clock is set while the program runs.

use domain::{
    message::MessageState,
    time::{HOUR, MINUTE, SECOND},
};
use store::on_both;

use crate::world::World;

/// Turns ten times a second for so many milliseconds; returns how many messages were handed over meanwhile.
async fn sent_within(world: &mut World, ms: i64) -> usize {
    let before = world.sandbox.world().len();
    for _ in 0..ms / 100 {
        world.clock.advance(100);
        world.beat().await;
        world.sender.turn_until_idle().await.unwrap();
        world.engine.settle().await.unwrap();
    }
    world.sandbox.world().len() - before
}

on_both! {
    async fn a_clock_set_back_does_not_stop_the_sending(db: TestStore) {
        let mut world = World::new(db).await;
        world.pace(10, 0).await;
        world.crowd(300).await;
        let id = world.broadcast().await;
        assert!(sent_within(&mut world, 2 * SECOND).await >= 15);
        world.clock.set_by(-HOUR);
        assert!(sent_within(&mut world, 2 * SECOND).await >= 15, "time goes on while the step is in doubt");
        world.clock.advance(MINUTE);
        assert!(sent_within(&mut world, 2 * SECOND).await >= 15, "and when it is believed");
        let pace = sent_within(&mut world, 5 * SECOND).await;
        assert!((45..=55).contains(&pace), "{pace} in five seconds at 10 a second");
        assert_eq!(world.truth(id).await.in_state(MessageState::Expired), 0);
        world.assert_sum().await;
    }

    async fn a_clock_set_forward_neither_expires_nor_sends_anything_for_a_minute(db: TestStore) {
        let mut world = World::new(db).await;
        world.pace(10, 0).await;
        world.crowd(100).await;
        let running = world.broadcast().await;
        let mut later = world.reminder(&World::template());
        later.starts_at = world.now().plus(2 * HOUR);
        let later = world.org.confirm_broadcast(later, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        assert!(sent_within(&mut world, SECOND).await > 0);

        // The clock stands beyond the deadline of one broadcast and the start of the other.
        world.clock.set_by(6 * HOUR);
        assert_eq!(sent_within(&mut world, 50 * SECOND).await, 0);
        assert_eq!(world.truth(running).await.in_state(MessageState::Expired), 0);
        assert_eq!(world.truth(later).await.in_state(MessageState::Waiting), 100);

        // The clock is set back, and nothing was lost.
        world.clock.set_by(-6 * HOUR);
        assert!(sent_within(&mut world, SECOND).await > 0);

        // The clock stays: then it is the time, and messages that are too late by it expire.
        world.clock.set_by(6 * HOUR);
        assert_eq!(sent_within(&mut world, 50 * SECOND).await, 0);
        world.clock.advance(11 * SECOND);
        world.beat().await;
        world.engine.settle().await.unwrap();
        let truth = world.truth(running).await;
        assert_eq!(truth.in_state(MessageState::Waiting), 0);
        assert!(truth.in_state(MessageState::Expired) > 50);
        world.assert_sum().await;
    }
}
