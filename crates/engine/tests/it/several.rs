//! Several processes on one PostgreSQL database.

use std::time::Duration;

use domain::time::Clock;
use store::{Store, testing};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_changes_reaches_the_screens_of_this_one() {
    let Some(db) = testing::postgres().await else { return };
    let world = World::new(&db).await;
    world.crowd(3).await;
    let id = world.confirm(World::template()).await;
    world.engine.plan().await.unwrap();
    let store = Store::open(&db.url).await.unwrap();
    let engine = world.engine_on(&store);
    let mut feed = engine.feed();
    // The clock stands before the start, so this process has nothing of its own to do.
    let running = engine.run("serve", 1).await.unwrap();
    let seen = loop {
        // The process may not listen yet.
        world.org.pause_broadcast(id, world.clock.now()).await.unwrap();
        world.org.resume_broadcast(id, world.clock.now()).await.unwrap();
        if let Ok(seen) = tokio::time::timeout(Duration::from_millis(300), feed.recv()).await {
            break seen;
        }
    };
    assert_eq!(seen, Ok(id));
    running.stop().await;
    store.close().await;
    db.remove().await;
}
