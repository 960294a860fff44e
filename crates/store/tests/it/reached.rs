//! Who was told and reached: each person counts once, by the best of their messages.

use domain::{
    ids::{BroadcastId, ImportId, RegistrantId, WorkshopId},
    message::MessageState,
    told::Purpose,
    workshop::RegistrantStatus,
};
use store::{
    reached::ReachCounts,
    registrants::{Registrant, RegistrantFilter},
};

use crate::on_both::{NOW, World, person};

async fn all(world: &World, workshop: WorkshopId) -> Vec<Registrant> {
    let filter = RegistrantFilter { limit: 100, ..Default::default() };
    let mut everyone = world.org.registrants(workshop, &filter).await.unwrap();
    everyone.reverse();
    everyone
}

/// A broadcast of a purpose with one message for each of these people, in these states.
async fn broadcast(
    world: &World,
    workshop: WorkshopId,
    (purpose, status): (&str, &str),
    people: &[(&Registrant, &str)],
) -> BroadcastId {
    let first = people[0].0;
    let id = world.broadcast(workshop, status, (first.id, &first.phone)).await;
    let sql = format!("UPDATE broadcasts SET purpose = '{purpose}' WHERE id = {}", world.id(id.0));
    world.run(sql).await;
    world.run(format!("DELETE FROM messages WHERE broadcast_id = {}", world.id(id.0))).await;
    let organization = world.id(world.org.actor().organization.0);
    for (at, (who, state)) in people.iter().enumerate() {
        let planned = *state != "skipped";
        let reason = if planned { "" } else { "no_phone" };
        world
            .run(format!(
                "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, name, recipient, planned, content,
                                       state, reason, reason_text, attempt, next_attempt_at, changed_at)
                 VALUES ({}, {}, {organization}, {}, '', '{}', {planned}, '{{}}', '{state}', '{reason}', '', 0, 0, 0)",
                world.id(id.0),
                at + 1,
                world.id(who.id.0),
                who.phone
            ))
            .await;
    }
    id
}

fn link() -> Purpose {
    Purpose::parse("link").unwrap()
}

both! {
    async fn each_person_counts_once_by_the_best_of_their_messages(world) {
        let id = world.workshop("Excel").await;
        let empty = world.workshop("Canva").await;
        let rows = vec![
            person("Asha", "90000 00001", ""),
            person("Ravi", "90000 00002", ""),
            person("Neha", "90000 00003", ""),
            person("Imran", "90000 00004", ""),
            person("Suresh", "", "suresh@example.com"),
            person("Kavya", "90000 00006", ""),
            person("Asha's brother", "90000 00001", ""),
            person("Zoya", "90000 00008", ""),
        ];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        let who = all(&world, id).await;
        let (asha, ravi, neha, imran, suresh, kavya) = (&who[0], &who[1], &who[2], &who[3], &who[4], &who[5]);
        world.org.set_registrant_status(id, kavya.id, RegistrantStatus::Cancelled, NOW).await.unwrap();
        let first = [(asha, "read"), (ravi, "failed"), (neha, "sent"), (kavya, "read"), (suresh, "skipped")];
        let first = broadcast(&world, id, ("link", "completed"), &first).await;
        let second =
            broadcast(&world, id, ("link", "completed"), &[(ravi, "delivered"), (asha, "failed")]).await;
        broadcast(&world, id, ("link", "cancelled"), &[(imran, "waiting")]).await;
        broadcast(&world, id, ("reminder", "in_progress"), &[(imran, "waiting"), (asha, "unknown")]).await;
        let figures = world.org.reached(&[id, empty], &link(), NOW.plus(-1)).await.unwrap();
        // Asha and her brother share the number that read the message. Imran, Suresh and Zoya have no message, and
        // Suresh has no number.
        let expected = ReachCounts {
            registered: 7, new: 7, not_told: 3, can_be_told: 2, read: 2, delivered: 1, handed_over: 1,
            ..ReachCounts::default()
        };
        assert_eq!(figures, [(id, expected)]);
        assert_eq!((expected.told(), expected.reached(), expected.not_reached()), (4, 3, 0));
        let reminder = world.org.reached(&[id], &Purpose::default(), NOW.plus(60_000)).await.unwrap();
        let expected = ReachCounts {
            registered: 7, not_told: 4, can_be_told: 3, unknown: 2, under_way: 1, ..ReachCounts::default()
        };
        assert_eq!(reminder, [(id, expected)]);
        assert!(world.other.reached(&[id], &link(), NOW).await.unwrap().is_empty());

        let asked: Vec<(RegistrantId, String)> = who.iter().map(|one| (one.id, one.phone.clone())).collect();
        let places = world.org.told_people(id, &asked[..5]).await.unwrap();
        let of = |person: &Registrant| -> Vec<(BroadcastId, MessageState)> {
            let own = |place: &&store::reached::RegistrantMessage| match place.left_out {
                Some(who) => who == person.id,
                None => place.phone == person.phone && place.purpose == link(),
            };
            places.iter().filter(own).map(|place| (place.message.broadcast, place.state)).collect()
        };
        // Both broadcasts have the same millisecond, so the greater id is the newer one.
        let mut expected = [(first, MessageState::Failed), (second, MessageState::Delivered)];
        expected.sort_by_key(|(id, _)| std::cmp::Reverse(id.0));
        assert_eq!(of(ravi), expected);
        assert_eq!(of(suresh), [(first, MessageState::Skipped)], "somebody without a number is found as well");
        assert!(places.iter().any(|place| place.message.broadcast == first));
        assert!(world.other.told_people(id, &asked).await.unwrap().is_empty());
        let planned = world.org.planned(&[id, empty]).await.unwrap();
        assert_eq!(planned.len(), 4);
        assert!(world.other.planned(&[id]).await.unwrap().is_empty());
    }
}
