//! A change of every row of a large broadcast is made in stretches, and the sum holds between them.

use domain::{
    broadcast::BroadcastStatus,
    message::MessageState,
    reason::OwnReason,
    time::{DAY, HOUR},
};
use store::on_both;

use crate::world::World;

/// More rows than two stretches of 4,000.
const MANY: usize = 9_000;

on_both! {
    async fn cancelling_and_sending_again_go_in_stretches_and_the_sum_holds_between_them(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(MANY).await;
        let id = world.broadcast().await;
        let deadline = world.truth(id).await.deadline;
        world.org.cancel_broadcast(id, world.now()).await.unwrap();
        for expected in ["9000 = 5000 waiting + 4000 cancelled", "9000 = 1000 waiting + 8000 cancelled", "9000 = 9000 cancelled"] {
            world.engine.work().settle(world.now()).await.unwrap();
            assert_eq!(world.sum(id).await, expected);
            world.assert_sum().await;
        }
        assert!(world.org.send_again(id, MessageState::Cancelled, &[OwnReason::Cancelled.into()], deadline, world.now()).await.is_err());

        let id = world.broadcast().await;
        world.clock.advance(5 * HOUR);
        world.beat().await;
        world.engine.settle().await.unwrap();
        assert_eq!(world.sum(id).await, "9000 = 9000 expired");
        let deadline = world.now().plus(DAY);
        let reasons = [OwnReason::Deadline.into()];
        let looking = async {
            // At every moment the kept counts equal the rows, and all people of the broadcast are there.
            loop {
                world.assert_sum().await;
                let truth = world.truth(id).await;
                let (waiting, expired) = (truth.in_state(MessageState::Waiting), truth.in_state(MessageState::Expired));
                assert_eq!((waiting + expired, truth.planned), (9_000, 9_000));
                if waiting == 9_000 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let (again, ()) =
            tokio::join!(world.org.send_again(id, MessageState::Expired, &reasons, deadline, world.now()), looking);
        assert_eq!(again.unwrap(), 9_000);
        let log = world.org.audit_log(None, 10).await.unwrap();
        let mut stretches: Vec<&str> =
            log.iter().filter(|e| e.action == "broadcast.sent_again").map(|e| e.detail.as_str()).collect();
        stretches.sort_unstable();
        assert_eq!(stretches, ["1000 deadline", "4000 deadline", "4000 deadline"]);
        let truth = world.truth(id).await;
        assert_eq!((truth.status, truth.deadline), (BroadcastStatus::Scheduled, deadline));
    }
}
