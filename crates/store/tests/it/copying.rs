//! What is copied for a rehearsal.

use std::collections::BTreeSet;

use domain::{
    broadcast::BroadcastStatus,
    ids::{RegistrantId, WorkerId},
    message::MessageState,
};
use store::testing;

use crate::on_both::NOW;

/// A new table has to say here what a rehearsal does with it.
#[test]
fn every_table_of_an_organisation_is_copied_or_left_out_on_purpose() {
    let known: BTreeSet<&str> = store::copying::known_tables().collect();
    let all: BTreeSet<&str> = store::copying::all_tables().collect();
    assert!(all.len() > 50, "needs tables");
    assert_eq!(
        all.difference(&known).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "neither copied nor left out"
    );
    assert_eq!(known.difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new(), "there is no such table");
}

both! {
    async fn a_broadcast_that_waits_with_a_reason_is_completed_in_the_copy(world) {
        let workshop = world.workshop("Excel").await;
        let id = world.broadcast(workshop, "in_progress", (RegistrantId::new(NOW), "+919000000001")).await;
        world.run("UPDATE messages SET reason = 'gap'".to_owned()).await;
        let copy = testing::sqlite().await;
        world.org.copy_workshop(workshop, &copy.store, &[]).await.unwrap();
        let own = copy.store.org(world.org.actor().clone());
        assert_eq!(own.broadcast(id).await.unwrap().counts, world.org.broadcast(id).await.unwrap().counts);
        // Its deadline has passed.
        copy.store.work(WorkerId::new(NOW)).settle(NOW).await.unwrap();
        let ended = own.broadcast(id).await.unwrap();
        assert_eq!((ended.status, ended.in_state(MessageState::Expired)), (BroadcastStatus::Completed, 1));
        copy.remove().await;
    }
}
