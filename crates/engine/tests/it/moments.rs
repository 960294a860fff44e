//! A broadcast begins at its moment: the sending loop sleeps no longer, whatever else is under way.

use std::time::Duration;

use domain::time::MINUTE;
use munadi_engine::TurnReport;
use store::on_both;

use crate::world::World;

/// The next broadcast begins so long after the first one.
const NEXT_MS: i64 = 300;

on_both! {
    async fn the_next_broadcast_begins_at_its_moment_whatever_is_under_way(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        world.broadcast().await;
        let mut next = world.reminder(&World::template());
        next.starts_at = world.now().plus(NEXT_MS);
        let next = world.org.confirm_broadcast(next, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        world.sender.turn_until_idle().await.unwrap();

        let idle = TurnReport::default();
        for report in [
            idle,
            TurnReport { recorded: 3, ..idle },
            TurnReport { in_flight: 3, ..idle },
            TurnReport { wait_ms: Some(MINUTE), ..idle },
        ] {
            let until = world.sender.until_due(report).await;
            assert_eq!(until.wait_ms, Some(NEXT_MS), "after {report:?}");
        }
        let soon = TurnReport { wait_ms: Some(5), ..idle };
        assert_eq!(world.sender.until_due(soon).await, soon, "a pace that lets more go before that");

        // The list of due broadcasts was read a moment ago, when this one was not on it.
        world.clock.advance(NEXT_MS - 50);
        assert_eq!(world.sender.turn(true).await.unwrap().claimed, 0);
        assert_eq!(world.sender.until_due(idle).await.wait_ms, Some(50));
        world.clock.advance(50);
        let mut claimed = 0;
        for _ in 0..2_000 {
            claimed += world.sender.turn(true).await.unwrap().claimed;
            if claimed > 0 {
                break;
            }
            // The provider is asked about the broadcast first.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(claimed, 3, "{next} begins at its moment");
    }
}
