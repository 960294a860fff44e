//! Late proof: the receipt of a telling comes after the further round that was sent for want of it.

use domain::{
    broadcast::{Audience, UNDO_MS},
    time::HOUR,
};
use store::{broadcasts::Telling, on_both, told::Selection};

use crate::{receipts::receipt, world::World};

on_both! {
    async fn proof_that_comes_after_the_next_round_is_counted_once_with_that_round(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let first = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(first).await, "4 = 4 sent", "needs people without a receipt");
        let rows = world.rows(first).await;
        let digits: Vec<String> = rows.iter().map(|row| row.recipient.trim_start_matches('+').to_owned()).collect();
        let ids: Vec<Option<&str>> = rows.iter().map(|row| row.provider_id.as_deref()).collect();
        // One proof comes in time and has nothing to do with a further round.
        world.receive(vec![("early".into(), receipt("early", &digits[0], ids[0], "DELIVERED", world.now().0))]).await;

        world.clock.advance(2 * HOUR);
        world.beat().await;
        let mut further = world.reminder(&World::template());
        further.audience = Audience::NoReceipt { minutes: 60 };
        further.telling = Telling { further: Some("No receipt".into()), ..Telling::default() };
        let second = world.org.confirm_broadcast(further, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS);
        world.beat().await;
        // A proof that comes before the further round goes out is not late.
        assert_eq!(world.org.late_proofs(second).await.unwrap(), 0);
        world.run_dry().await;
        assert_eq!(world.sum(second).await, "3 = 3 sent");

        let at = world.now().0;
        let late = [
            ("l1", receipt("l1", &digits[1], ids[1], "DELIVERED", at)),
            ("l2", receipt("l2", &digits[2], ids[2], "READ", at)),
            // These are a read receipt after a delivered one, a repetition, and a receipt that proves nothing.
            ("l3", receipt("l3", &digits[1], ids[1], "READ", at)),
            ("l4", receipt("l4", &digits[3], ids[3], "FAILED", at)),
        ];
        for _ in 0..2 {
            world.receive(late.iter().map(|(key, body)| ((*key).to_owned(), body.clone())).collect()).await;
        }
        assert_eq!(world.org.late_proofs(second).await.unwrap(), 2, "two of the three had it after all");
        assert_eq!(world.org.late_proofs(first).await.unwrap(), 0, "the first round is late to nobody");
        // The ledger takes the better result of both rounds.
        let everyone = Selection::everyone(world.workshop, Default::default(), world.now());
        let told = world.org.audience_reader().told(&everyone).await.unwrap();
        assert_eq!((told.everyone, told.told, told.not_told), (4, 4, 0));
    }
}
