//! A message to a group goes the same way as every other, and no group gets two.

use domain::{
    broadcast::Addressee,
    ids::{GroupId, RegistrantId, WorkerId},
    message::{MessageState, Next},
    time::{HOUR, MINUTE},
};
use store::{
    PhoneKey, StoreError,
    messages::MessageFilter,
    work::{Endings, PlannedRow, Record, StretchSums, Want},
};

use crate::on_both::NOW;

fn to(addressee: Addressee, recipient: &str) -> PlannedRow {
    PlannedRow {
        addressee,
        name: "Rust for Beginners".into(),
        recipient: recipient.into(),
        skip: None,
        content: r#"{"p":[]}"#.into(),
        units: 1,
    }
}

both! {
    async fn a_message_to_a_group_is_planned_claimed_sent_and_found_again_like_any_other(world) {
        let workshop = world.workshop("Rust for Beginners").await;
        let id = world.broadcast(workshop, "planning", (RegistrantId::new(NOW), "+919000000001")).await;
        // One message is there already, as an earlier stretch has left it.
        world.run(format!("UPDATE broadcasts SET deadline = {}", NOW.plus(HOUR).0)).await;
        world.run("INSERT INTO integration_pace SELECT id, 0, 0, 0, 0 FROM integrations".into()).await;
        world.run("UPDATE integrations SET per_second = 1000, per_day = 0".into()).await;
        let work = world.store.work(WorkerId::new(NOW));
        work.register("test", NOW, NOW.plus(HOUR)).await.unwrap();
        let mut planning = work.planning().await.unwrap().remove(0);
        let (first, second) = (GroupId::new(NOW), GroupId::new(NOW));
        let rows = vec![
            to(Addressee::Group(first), "120363000000000001@g.us"),
            to(Addressee::Group(second), "120363000000000002@g.us"),
        ];
        let mark = (String::new(), String::new());
        work.plan_write(&planning, rows, &StretchSums::default(), &mark, false, NOW).await.unwrap();
        planning.planned += 2;
        // The same group under another address is the same addressee.
        let again = vec![to(Addressee::Group(first), "120363000000000009@g.us")];
        let twice = work.plan_write(&planning, again, &StretchSums::default(), &mark, false, NOW).await;
        assert!(twice.is_err() && !matches!(twice, Err(StoreError::Stale)), "{twice:?}");
        work.plan_write(&planning, vec![], &StretchSums::default(), &mark, true, NOW).await.unwrap();

        let key = PhoneKey::new(&[7; 32]);
        let turn = work.turn(&Endings::default(), &[Want::rows(id, 10)], &key, NOW.plus(MINUTE)).await.unwrap();
        let claimed: Vec<&str> = turn.claimed.iter().map(|row| row.recipient.as_str()).collect();
        assert_eq!(claimed, ["+919000000001", "120363000000000001@g.us", "120363000000000002@g.us"]);
        let records: Vec<Record> = turn
            .claimed
            .iter()
            .map(|row| Record {
                message: row.message,
                attempt: row.attempt,
                next: Next::Sent { provider_id: Some(format!("id-{}", row.message.position)), cost: None },
                at: NOW.plus(MINUTE),
            })
            .collect();
        let endings = Endings { found_by_id: [id].into(), ..records.into() };
        work.turn(&endings, &[], &key, NOW.plus(MINUTE)).await.unwrap();
        assert!(work.differences().await.unwrap().is_empty());
        let rows = world.org.messages(id, &MessageFilter::default(), 0, 10).await.unwrap();
        assert!(rows.iter().all(|row| row.state == MessageState::Sent));
        let groups: Vec<_> = rows.iter().filter_map(|row| row.addressee.group()).collect();
        assert_eq!(groups, [first, second]);
        assert!(rows[0].addressee.registrant().is_some());
        // A receipt that names the message finds the group's message.
        let account = world.org.broadcast(id).await.unwrap().integration;
        let found = work.messages_of_ids(account, vec!["id-3".into()], NOW.plus(MINUTE)).await.unwrap();
        assert_eq!(found["id-3"], rows[2].message);
        let named = work.candidates(account, vec![], vec![], vec![rows[2].message], NOW).await.unwrap();
        assert_eq!(named.len(), 1);
    }
}
