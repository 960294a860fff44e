//! R21: a row that cannot be read fails alone and stops none of its neighbours.

use domain::{
    broadcast::{BroadcastStatus, UNDO_MS},
    message::MessageState,
};
use serde_json::json;
use store::on_both;

use crate::{receipts::receipt, world::World};

on_both! {
    async fn r21_unreadable_values_fail_alone(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(12).await;
        let id = world.broadcast().await;
        // The contents are not JSON, or JSON of something else, or hold the separators under which rows cross from
        // the database.
        assert_eq!(db.damage("UPDATE messages SET content = '{' WHERE position = 3").await, 1);
        assert_eq!(db.damage("UPDATE messages SET content = '[1]' WHERE position = 5").await, 1);
        assert_eq!(db.damage("UPDATE messages SET content = '\u{1e}\u{1f}' WHERE position = 8").await, 1);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "12 = 9 sent + 3 failed");
        for row in world.rows(id).await {
            let damaged = [3, 5, 8].contains(&row.message.position);
            let expected = if damaged { (MessageState::Failed, "content") } else { (MessageState::Sent, "") };
            assert_eq!((row.state, row.reason.code()), expected, "{row:?}");
        }
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Completed);
        assert_eq!(world.sandbox.world().len(), 9);
    }

    async fn r21_an_unreadable_template_ends_its_own_broadcast_only(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        // From the oldest to the newest: JSON that is not a template, no JSON at all, and a sound one behind them.
        let mut new = world.reminder(&World::template());
        new.template = json!({ "campaign": 7 });
        let odd = world.org.confirm_broadcast(new, world.now()).await.unwrap();
        let torn = world.confirm(World::template()).await;
        db.damage("UPDATE broadcasts SET template = '{' WHERE template NOT LIKE '%7}'").await;
        let sound = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        assert_eq!(world.engine.work().planning().await.unwrap().len(), 0, "none comes again and again");
        world.clock.advance(UNDO_MS);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(sound).await, "4 = 4 sent");
        let truth = world.truth(odd).await;
        assert_eq!((truth.status, truth.stop_code.code()), (BroadcastStatus::Cancelled, "template"));
        // Its page cannot show what nobody can read. It is repaired here so that the pages of the others can be asked
        // for.
        db.damage("UPDATE broadcasts SET template = '{}' WHERE template = '{'").await;
        assert_eq!(world.truth(torn).await.status, BroadcastStatus::Cancelled);
    }

    async fn r21_a_template_or_hours_damaged_after_the_plan_pause_their_own_broadcast_only(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let one = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        db.damage("UPDATE broadcasts SET template = '{'").await;
        let two = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        db.damage("UPDATE broadcasts SET hours = '{' WHERE template <> '{'").await;
        let sound = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(sound).await, "4 = 4 sent");
        db.damage("UPDATE broadcasts SET template = '{}' WHERE template = '{'").await;
        db.damage("UPDATE broadcasts SET hours = '' WHERE hours = '{'").await;
        for id in [one, two] {
            assert_eq!(world.truth(id).await.status, BroadcastStatus::Paused);
            assert_eq!(world.sum(id).await, "4 = 4 waiting");
        }
    }

    async fn r21_an_unreadable_receipt_keeps_no_other_from_being_applied(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let rows = world.rows(id).await;
        let at = world.now().0;
        let good = |n: usize| {
            let row = &rows[n];
            let body = receipt("x", row.recipient.trim_start_matches('+'), row.provider_id.as_deref(), "DELIVERED", at);
            (format!("good{n}"), body)
        };
        let mut posts = vec![good(0)];
        for (n, bad) in ["", "{", "\u{0}\u{1}", "[]", "null", "{\"topic\":\"message.status.updated\",\"data\":7}"].iter().enumerate() {
            posts.push((format!("bad{n}"), (*bad).to_owned()));
        }
        posts.push(good(1));
        world.receive(posts).await;
        assert_eq!(world.sum(id).await, "2 = 2 delivered");
        let later = world.now().plus(domain::time::DAY);
        assert_eq!(world.engine.work().pending_receipts(later, 100).await.unwrap().len(), 0, "none comes again and again");
    }
}
