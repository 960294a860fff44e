//! Figures of a large workshop, which are not counted for each page, and what a page reads of lists that have grown.

use domain::{
    broadcast::Audience,
    ids::{BroadcastId, ImportId, RegistrantId, WorkshopId},
    time::HOUR,
    told::Purpose,
    workshop::RegistrantStatus,
};
use store::{
    broadcasts::BroadcastFilter,
    reached::ReachCounts,
    registrants::{Correction, RegistrantFilter},
    testing::statements_of,
    told::Selection,
};

use crate::on_both::{NOW, World, person};

/// More people than are counted for each page.
const MANY: i64 = 2_100;

fn purpose() -> Purpose {
    Purpose::default()
}

/// A workshop of many people, who are returned in the order of registration.
async fn crowd(world: &World) -> (WorkshopId, Vec<(RegistrantId, String)>) {
    let id = world.workshop("Excel").await;
    let rows = (0..MANY).map(|n| person(&format!("Asha {n}"), &format!("90000 {n:05}"), ""));
    world.org.add_registrants(id, ImportId::new(NOW), rows.collect(), NOW).await.unwrap();
    let filter = RegistrantFilter { limit: MANY, ..Default::default() };
    let everyone = world.org.registrants(id, &filter).await.unwrap();
    let mut all: Vec<_> = everyone.into_iter().map(|one| (one.id, one.phone)).collect();
    all.reverse();
    (id, all)
}

/// A broadcast of the usual purpose to everybody of the workshop, delivered.
async fn delivered(world: &World, workshop: WorkshopId, first: &(RegistrantId, String)) -> BroadcastId {
    let id = world.broadcast(workshop, "completed", (first.0, &first.1)).await;
    let broadcast = world.id(id.0);
    world.run(format!("DELETE FROM messages WHERE broadcast_id = {broadcast}")).await;
    world
        .run(format!(
            "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, name, recipient, planned, content,
                                   state, reason, reason_text, attempt, next_attempt_at, changed_at)
             SELECT {broadcast}, ROW_NUMBER() OVER (ORDER BY phone), organization_id, id, '', phone, true, '{{}}', 'delivered', '', '', 1, 0, 0
             FROM registrants WHERE workshop_id = {}",
            world.id(workshop.0)
        ))
        .await;
    counts(world, id, &[("delivered", MANY)]).await;
    id
}

async fn counts(world: &World, id: BroadcastId, rows: &[(&str, i64)]) {
    let broadcast = world.id(id.0);
    world.run(format!("DELETE FROM broadcast_counts WHERE broadcast_id = {broadcast}")).await;
    for (state, n) in rows {
        world
            .run(format!(
                "INSERT INTO broadcast_counts (broadcast_id, state, reason, n, cost) VALUES ({broadcast}, '{state}', '', {n}, 0)"
            ))
            .await;
    }
}

/// Moves a message and the counts with it, as a transaction of the engine does.
async fn reads(world: &World, id: BroadcastId, n: i64) {
    world
        .run(format!(
            "UPDATE messages SET state = 'read' WHERE broadcast_id = {} AND position <= {n}",
            world.id(id.0)
        ))
        .await;
    counts(world, id, &[("delivered", MANY - n), ("read", n)]).await;
}

async fn reached(world: &World, workshop: WorkshopId) -> ReachCounts {
    let all = world.org.reached(&[workshop], &purpose(), NOW.plus(HOUR)).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1
}

both! {
    async fn figures_of_a_large_workshop_follow_its_people_at_once(world) {
        let (id, who) = crowd(&world).await;
        delivered(&world, id, &who[0]).await;
        let all = ReachCounts { registered: MANY, delivered: MANY, ..ReachCounts::default() };
        assert_eq!(reached(&world, id).await, all);
        assert_eq!(reached(&world, id).await, all, "a second time");
        // A person is added.
        world.org.add_registrant(id, person("Ravi", "98000 00001", ""), NOW).await.unwrap();
        let expected = ReachCounts { registered: MANY + 1, not_told: 1, can_be_told: 1, ..all };
        assert_eq!(reached(&world, id).await, expected);
        // One person gives the place back.
        world.org.set_registrant_status(id, who[0].0, RegistrantStatus::Cancelled, NOW).await.unwrap();
        let expected = ReachCounts { registered: MANY, delivered: MANY - 1, ..expected };
        assert_eq!(reached(&world, id).await, expected);
        // One person has another number from now on, which was told nothing.
        let other = person("Asha 1", "98000 00002", "");
        let correction = Correction {
            name: other.name, email: None, phone: other.phone, phone_typed: other.phone_typed,
            may_share: true,
        };
        world.org.correct_registrant(id, who[1].0, &correction, NOW).await.unwrap();
        let expected = ReachCounts { not_told: 2, can_be_told: 2, delivered: MANY - 2, ..expected };
        assert_eq!(reached(&world, id).await, expected);
        let told = world.org.audience_reader().told(&Selection::everyone(id, purpose(), NOW)).await.unwrap();
        assert_eq!((told.everyone, told.not_told, told.told), (MANY, 2, MANY - 2));
        // Another organisation has figures of its own, which are empty.
        assert!(world.other.reached(&[id], &purpose(), NOW).await.unwrap().is_empty());
    }

    async fn figures_are_counted_beside_the_answer_while_only_messages_move(world) {
        let (id, who) = crowd(&world).await;
        let broadcast = delivered(&world, id, &who[0]).await;
        let before = reached(&world, id).await;
        assert_eq!((before.delivered, before.read, before.seconds_old), (MANY, 0, 0));
        // It is two hours later: a person who has had the message for a minute could not have read it yet.
        let everyone = Selection::everyone(id, purpose(), NOW.plus(2 * HOUR));
        let reader = world.org.audience_reader();
        assert_eq!(reader.told(&everyone).await.unwrap().not_read, MANY);
        reads(&world, broadcast, 5).await;
        // The choice of people shows them as they are now.
        assert_eq!(reader.told(&everyone).await.unwrap().not_read, MANY - 5);
        assert_eq!(reader.told_among(&everyone).await.unwrap(), MANY);
        let mut seen = vec![];
        for _ in 0..200 {
            let now = reached(&world, id).await;
            seen.push((now.delivered, now.read));
            if now.read > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(seen.first(), Some(&(MANY, 0)), "nobody waits for a count");
        assert_eq!(seen.last(), Some(&(MANY - 5, 5)), "and it comes");
    }

    async fn nobody_of_an_undone_import_is_in_the_figures(world) {
        let (id, who) = crowd(&world).await;
        delivered(&world, id, &who[0]).await;
        let import = ImportId::new(NOW.plus(1));
        world.org.add_import(import, id, "file.csv", "file.csv", NOW).await.unwrap();
        world.org.import_checked(import, &serde_json::Value::Null, &serde_json::Value::Null).await.unwrap();
        world.org.import_committing(import, NOW).await.unwrap();
        let rows = (0..50).map(|n| person(&format!("Neha {n}"), &format!("97000 {n:05}"), ""));
        world.org.add_registrants(id, import, rows.collect(), NOW.plus(1)).await.unwrap();
        world.org.import_committed(import, &serde_json::Value::Null, NOW).await.unwrap();
        let with = ReachCounts {
            registered: MANY + 50, not_told: 50, can_be_told: 50, delivered: MANY, ..ReachCounts::default()
        };
        assert_eq!(reached(&world, id).await, with);
        world.org.undo_import(import, NOW.plus(2), |_| ()).await.unwrap();
        let without = ReachCounts { registered: MANY, delivered: MANY, ..ReachCounts::default() };
        assert_eq!(reached(&world, id).await, without);
    }

    async fn only_broadcasts_that_may_need_somebody_are_looked_at(world) {
        let workshop = world.workshop("Excel").await;
        world.org.add_registrant(workshop, person("Asha", "90000 00001", ""), NOW).await.unwrap();
        let filter = RegistrantFilter { limit: 1, ..Default::default() };
        let asha = world.org.registrants(workshop, &filter).await.unwrap().remove(0);
        let make = async |status: &str, began: i64, rows: &[(&str, i64)]| {
            let id = world.broadcast(workshop, status, (asha.id, &asha.phone)).await;
            world
                .run(format!(
                    "UPDATE broadcasts SET started_at = {} WHERE id = {}",
                    NOW.plus(-began).0,
                    world.id(id.0)
                ))
                .await;
            counts(&world, id, rows).await;
            id
        };
        let mut expected = vec![
            make("paused", 90 * HOUR, &[("waiting", 3)]).await,
            make("in_progress", HOUR / 2, &[("waiting", 3), ("sent", 2)]).await,
            make("completed", 90 * HOUR, &[("unknown", 1), ("read", 5)]).await,
            // Receipts should have begun to come.
            make("completed", 2 * HOUR, &[("sent", 9)]).await,
        ];
        for (began, rows) in [
            // In turn: receipts may still come; it is too late to wonder; they came; nothing was handed over.
            (HOUR / 2, vec![("sent", 9)]),
            (90 * HOUR, vec![("sent", 9)]),
            (2 * HOUR, vec![("sent", 9), ("delivered", 1)]),
            (2 * HOUR, vec![("failed", 9)]),
        ] {
            make("completed", began, &rows).await;
        }
        let looked_at = world.org.broadcasts_to_look_at(NOW).await.unwrap();
        expected.sort_by_key(|id| id.0);
        assert_eq!(looked_at.iter().map(|one| one.broadcast.id).collect::<Vec<_>>(), expected);
        assert!(world.other.broadcasts_to_look_at(NOW).await.unwrap().is_empty());
    }

    async fn what_a_page_shows_is_looked_up_and_no_list_is_walked_over(world) {
        let (id, who) = crowd(&world).await;
        for _ in 0..3 {
            delivered(&world, id, &who[0]).await;
        }
        // The database knows how many rows there are, as it does after weeks.
        world.run("ANALYZE".to_owned()).await;
        let page = who[..50].to_vec();
        let statements = statements_of(async {
            let places = world.org.told_people(id, &page).await.unwrap();
            assert_eq!(places.len(), 150);
            let people = world.org.find_people("", None, 50).await.unwrap();
            assert_eq!(people.found.len(), 50);
            let of_it = BroadcastFilter { workshop: Some(id), ..BroadcastFilter::default() };
            assert_eq!(world.org.broadcasts(&of_it, 50).await.unwrap().len(), 3);
            assert_eq!(world.org.running_broadcasts().await.unwrap(), 0);
            let reader = world.org.audience_reader();
            let later = Selection::everyone(id, purpose(), NOW).of(Audience::Since(NOW.plus(HOUR)));
            assert_eq!(reader.count(&later).await.unwrap(), 0);
        })
        .await;
        if world.is_postgres() {
            return;
        }
        let of = async |part: &str| {
            let found: Vec<&String> = statements.iter().filter(|text| text.contains(part)).collect();
            assert_eq!(found.len(), 1, "{part}: {found:?}");
            world.plan(found[0]).await.join("\n")
        };
        let told = of("m.registrant_id, m.planned, o.id AS broadcast_id").await;
        assert!(told.contains("messages_recipient (broadcast_id=? AND recipient=?)"), "{told}");
        assert!(told.contains("messages_left_out (broadcast_id=? AND recipient=? AND registrant_id=?)"), "{told}");
        let newest = of("SELECT l.id, l.name, l.email, l.phone FROM").await;
        assert!(newest.contains("leads_newest") && !newest.contains("TEMP B-TREE"), "{newest}");
        let of_workshop = of("b.workshop_id = $3").await;
        assert!(of_workshop.contains("broadcasts_workshop (workshop_id=? AND id<?)"), "{of_workshop}");
        let running = of("status IN ('planning', 'in_progress')").await;
        assert!(running.contains("COVERING INDEX broadcasts_standing (organization_id=? AND status=?)"), "{running}");
        let since = of("r.id > $3 AND r.status = 'registered'").await;
        assert!(since.contains("(workshop_id=? AND id>?)"), "{since}");
    }
}
