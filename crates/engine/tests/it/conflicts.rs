//! Transactions that PostgreSQL undoes are run again without anybody noticing.

use store::on_both;

use crate::world::World;

on_both! {
    async fn what_postgresql_undoes_for_a_conflict_or_a_deadlock_is_run_again_and_everybody_is_told_once(db: TestStore) {
        if !db.store.is_shared() {
            // SQLite has one writer, so nothing can conflict.
            return;
        }
        let mut world = World::new(db).await;
        world.crowd(40).await;
        // Numbers drawn from a sequence stay drawn when a transaction is undone. So the first change is refused for a
        // conflict, the third for a deadlock, and two more later.
        db.damage("CREATE SEQUENCE tries").await;
        db.damage(
            "CREATE FUNCTION undo_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 CASE nextval('tries')
                     WHEN 1, 60 THEN RAISE EXCEPTION 'forced' USING ERRCODE = '40001';
                     WHEN 3, 62 THEN RAISE EXCEPTION 'forced' USING ERRCODE = '40P01';
                     ELSE RETURN NULL;
                 END CASE;
             END $$",
        )
        .await;
        db.damage("CREATE TRIGGER undo_some AFTER UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION undo_some()").await;
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "40 = 40 sent");
        assert_eq!(world.sandbox.world().repeated_phones(10), Vec::<String>::new());
        assert_eq!(db.damage("UPDATE broadcasts SET title = title WHERE (SELECT last_value FROM tries) > 62").await, 1, "all four were forced");
    }
}
