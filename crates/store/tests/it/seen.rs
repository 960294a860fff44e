//! What members' phones did with a post: each person once, in any order, by number or by hidden id.

use domain::{
    group::{Lid, Person, Seen},
    ids::{BroadcastId, MessageRef, WorkerId},
    phone::Phone,
    time::{MINUTE, SECOND},
};
use store::work::{MemberSeen, SeenBy};

use crate::on_both::NOW;

fn number(digits: &str) -> Person {
    Person::Number(Phone::from_stored(&format!("+9190000000{digits}")).unwrap())
}

fn hidden(digits: &str) -> Person {
    Person::Hidden(Lid::parse(&format!("1000000000000{digits}@lid")).unwrap())
}

both! {
    async fn each_member_counts_once_in_any_order_and_whoever_read_has_it(world) {
        let work = world.store.work(WorkerId::new(NOW));
        let organization = world.org.actor().organization;
        let id = BroadcastId::new(NOW);
        let message = MessageRef { broadcast: id, position: 1 };
        let saw = |person: Person, seen, after| MemberSeen { message, person, seen, at: NOW.plus(after) };
        let all = [
            saw(number("01"), Seen::Read, MINUTE),
            saw(number("01"), Seen::Delivered, SECOND),
            saw(number("02"), Seen::Delivered, SECOND),
            // A second device of the same person.
            saw(number("02"), Seen::Delivered, MINUTE),
            saw(hidden("03"), Seen::Read, SECOND),
        ];
        for _ in 0..2 {
            for one in &all {
                work.saw_members(organization, std::slice::from_ref(one)).await.unwrap();
            }
            work.saw_members(organization, &all).await.unwrap();
        }
        let seen = world.org.seen_by(id).await.unwrap();
        assert_eq!(seen.get(&1), Some(&SeenBy { delivered: 3, read: 2 }));
        assert!(world.other.seen_by(id).await.unwrap().is_empty());
    }

    async fn who_was_known_by_the_hidden_id_and_is_named_with_both_stays_one_person(world) {
        let work = world.store.work(WorkerId::new(NOW));
        let organization = world.org.actor().organization;
        let id = BroadcastId::new(NOW);
        let message = MessageRef { broadcast: id, position: 1 };
        let lid = Lid::parse("100000000000001@lid").unwrap();
        let phone = Phone::from_stored("+919000000001").unwrap();
        for person in [Person::Hidden(lid.clone()), Person::Both(phone.clone(), lid), Person::Number(phone)] {
            let one = MemberSeen { message, person, seen: Seen::Delivered, at: NOW };
            work.saw_members(organization, &[one]).await.unwrap();
        }
        assert_eq!(world.org.seen_by(id).await.unwrap()[&1], SeenBy { delivered: 1, read: 0 });
    }
}
