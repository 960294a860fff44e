//! What members' phones did with a post: each person counts once, in any order, by number or by hidden id.

use domain::{
    group::{Lid, MemberReceiptKind, Person},
    ids::{BroadcastId, MessageRef, WorkerId},
    phone::Phone,
    time::{MINUTE, SECOND},
};
use store::work::{MemberReacted, MemberReceipt, PostReach};

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
        let saw = |person: Person, seen, after| MemberReceipt { message, person, seen, at: NOW.plus(after) };
        let all = [
            saw(number("01"), MemberReceiptKind::Read, MINUTE),
            saw(number("01"), MemberReceiptKind::Delivered, SECOND),
            saw(number("02"), MemberReceiptKind::Delivered, SECOND),
            // A second device of the same person.
            saw(number("02"), MemberReceiptKind::Delivered, MINUTE),
            saw(hidden("03"), MemberReceiptKind::Read, SECOND),
        ];
        for _ in 0..2 {
            for one in &all {
                work.record_member_receipts(organization, std::slice::from_ref(one), &[]).await.unwrap();
            }
            work.record_member_receipts(organization, &all, &[]).await.unwrap();
        }
        let seen = world.org.seen_by(id).await.unwrap();
        assert_eq!(seen.get(&1), Some(&PostReach { delivered: 3, read: 2, reacted: 0 }));
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
            let one = MemberReceipt { message, person, seen: MemberReceiptKind::Delivered, at: NOW };
            work.record_member_receipts(organization, &[one], &[]).await.unwrap();
        }
        assert_eq!(world.org.seen_by(id).await.unwrap()[&1], PostReach { delivered: 1, read: 0, reacted: 0 });
    }

    // Reactions come and go in any order, and from whoever told nothing before.
    async fn whoever_reacted_has_the_post_and_the_last_reaction_of_each_counts(world) {
        let work = world.store.work(WorkerId::new(NOW));
        let organization = world.org.actor().organization;
        let id = BroadcastId::new(NOW);
        let message = MessageRef { broadcast: id, position: 1 };
        let reacts = |person: Person, emoji: Option<&str>, after| MemberReacted {
            message, person, emoji: emoji.map(str::to_owned), at: NOW.plus(after),
        };
        let all = [
            reacts(number("01"), Some("👍"), SECOND),
            reacts(number("02"), Some("👍"), SECOND),
            reacts(number("02"), Some("❤️"), MINUTE),
            reacts(number("03"), Some("👍"), SECOND),
            reacts(number("03"), None, MINUTE),
            reacts(hidden("04"), Some("🙏"), SECOND),
        ];
        for _ in 0..2 {
            for one in all.iter().rev() {
                work.record_member_receipts(organization, &[], std::slice::from_ref(one)).await.unwrap();
            }
            work.record_member_receipts(organization, &[], &all).await.unwrap();
        }
        assert_eq!(world.org.seen_by(id).await.unwrap()[&1], PostReach { delivered: 4, read: 4, reacted: 3 });
        let each = [("❤️", 1), ("👍", 1), ("🙏", 1)];
        let mut told = world.org.reactions(message).await.unwrap();
        told.sort();
        let mut each = each.map(|(emoji, n)| (emoji.to_owned(), n)).to_vec();
        each.sort();
        assert_eq!(told, each);
        assert!(world.other.reactions(message).await.unwrap().is_empty());
    }

    // The kept sums are the rows, whatever came twice, late, under another id or by two processes at once.
    async fn the_sums_of_a_post_are_its_rows_also_when_two_processes_hear_of_the_same_phones(world) {
        let organization = world.org.actor().organization;
        let id = BroadcastId::new(NOW);
        let person = |n: i64| match n % 3 {
            0 => Person::Hidden(Lid::parse(&format!("10000000000{n:04}@lid")).unwrap()),
            1 => Person::Number(Phone::from_stored(&format!("+91900000{n:04}")).unwrap()),
            _ => Person::Both(
                Phone::from_stored(&format!("+91900000{n:04}")).unwrap(),
                Lid::parse(&format!("10000000000{n:04}@lid")).unwrap(),
            ),
        };
        let batch = |from: i64, seen| (from..from + 60).map(|n| MemberReceipt {
            message: MessageRef { broadcast: id, position: n % 4 + 1 }, person: person(n), seen, at: NOW.plus(n),
        }).collect::<Vec<_>>();
        let halves = [batch(0, MemberReceiptKind::Delivered), batch(30, MemberReceiptKind::Read), batch(20, MemberReceiptKind::Delivered), batch(0, MemberReceiptKind::Read)];
        let mut tasks = tokio::task::JoinSet::new();
        for half in halves {
            let store = world.store.clone();
            tasks.spawn(async move {
                let work = store.work(WorkerId::new(NOW));
                for some in half.chunks(20) {
                    work.record_member_receipts(organization, some, &[]).await.unwrap();
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        // The number of a hidden member becomes known.
        let work = world.store.work(WorkerId::new(NOW));
        for n in (0..90).filter(|n| n % 3 == 0) {
            let both = Person::Both(
                Phone::from_stored(&format!("+91900000{n:04}")).unwrap(),
                Lid::parse(&format!("10000000000{n:04}@lid")).unwrap(),
            );
            let one = MemberReceipt { message: MessageRef { broadcast: id, position: n % 4 + 1 }, person: both, seen: MemberReceiptKind::Read, at: NOW };
            work.record_member_receipts(organization, &[one], &[]).await.unwrap();
        }
        let counted = |of: &str| format!("SELECT COUNT({of}) FROM member_receipts WHERE broadcast_id = {}", world.id(id.0));
        let rows = (world.number(counted("delivered_at")).await, world.number(counted("read_at")).await);
        let sums: Vec<PostReach> = world.org.seen_by(id).await.unwrap().into_values().collect();
        let kept = (sums.iter().map(|one| one.delivered).sum::<i64>(), sums.iter().map(|one| one.read).sum::<i64>());
        assert_eq!((rows, kept), ((90, 90), (90, 90)));
    }
}
