//! What providers report about people who were erased.

use domain::{
    ids::MessageRef,
    phone::{Country, Phone},
    time::DAY,
};
use store::{erasure::Erasure, on_both};

use crate::{receipts::receipt, world::World};

on_both! {
    async fn news_about_an_erased_number_is_applied_to_nobody_and_not_kept(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let before = world.sum(id).await;
        let phone = Phone::parse("90000 00000", Country::INDIA).unwrap();
        let erased = world.org.forget_number(&phone, &world.key, world.now()).await.unwrap();
        let Erasure::Done(erased) = erased else { panic!("{erased:?}") };
        assert_eq!(erased.messages, 1);
        world.assert_sum().await;
        let late = receipt("late", "919000000000", None, "READ", world.now().0);
        let strange = receipt("strange", "919000099999", None, "READ", world.now().0);
        world.receive(vec![("late".into(), late), ("strange".into(), strange)]).await;
        assert_eq!(world.sum(id).await, before);
        let kept = world.org.unmatched_receipts(9).await.unwrap();
        assert_eq!(kept.len(), 1, "only the one that is about somebody else");
        assert!(kept[0].body.contains("919000099999"));
        // Nobody sends to the erased people again, whatever a person asks for.
        let rows = world.rows(id).await;
        let gone: Vec<_> = rows.iter().filter(|row| row.recipient.is_empty()).collect();
        assert_eq!(gone.len(), 1);
        assert_eq!((gone[0].name.as_str(), gone[0].content.as_str()), ("", ""));
        let events = world.org.message_receipts(MessageRef { broadcast: id, ..gone[0].message }).await.unwrap();
        assert!(events.iter().all(|(_, body)| body.is_empty()));
    }

    async fn two_processes_erase_a_workshop_once(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        world.org.keep_for(Some(7), world.now()).await.unwrap();
        world.clock.advance(8 * DAY);
        let other = world.second_engine().await;
        let (one, two) = (world.engine.forget().await.unwrap(), other.forget().await.unwrap());
        assert_eq!((one, two), (1, 0));
        let (_, did) = world.org.retention().await.unwrap().erased.unwrap();
        assert_eq!((did.workshops, did.people, did.messages), (1, 3, 3));
        assert!(world.rows(id).await.iter().all(|row| row.recipient.is_empty() && row.name.is_empty()));
        world.assert_sum().await;
    }
}
