use domain::{
    channel::{Category, Channel},
    ids::{ImportId, RegistrantId},
    phone::{Country, Phone},
    role::Role,
    time::{DAY, HOUR},
};
use store::{
    PhoneKey, StoreError,
    erasure::{Erasure, RetentionResult},
    imports::{Decision, ImportRow},
    registrants::RegistrantFilter,
    suppressions::NewSuppression,
};

use crate::on_both::{NOW, World, draft, person};

const ASHA: &str = "+919000000001";

/// Every column that can hold a person's number, name, address or values.
const PERSONAL: &[(&str, &str)] = &[
    (
        "registrants",
        "name || email || phone || phone_typed || identity || came_from || other_phones || reference",
    ),
    (
        "corrections",
        "name_before || name_after || phone_before || phone_after || typed_before || typed_after",
    ),
    ("import_differences", "name || email || phone"),
    ("leads", "name || email || phone"),
    (
        "messages",
        "name || recipient || content || reason_text || COALESCE(provider_id, '') || COALESCE(network_id, '')",
    ),
    ("message_events", "detail"),
    ("member_receipts", "person"),
    ("group_members", "person"),
    ("receipts", "body"),
    ("import_rows", "cells || typed || problems"),
    ("suppressions", "phone"),
    ("suppressions_lifted", "phone"),
    ("consents", "phone"),
    ("broadcasts", "plan_phone"),
    ("audit_log", "subject || detail"),
];

fn key() -> PhoneKey {
    PhoneKey::new(&[7; 32])
}

fn number(phone: &str) -> Phone {
    Phone::parse(phone, Country::INDIA).unwrap()
}

async fn traces(world: &World, of: &str) -> Vec<&'static str> {
    let mut found = vec![];
    for (table, columns) in PERSONAL {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%{of}%'");
        if world.number(sql).await > 0 {
            found.push(*table);
        }
    }
    found
}

/// Puts Asha and Ravi into a workshop with a broadcast to Asha, a receipt, a kept row of an import, and an opt-out.
async fn told(world: &World, state: &str) -> domain::ids::WorkshopId {
    let id = world.workshop("Excel").await;
    let people = vec![person("Asha", ASHA, "asha@example.com"), person("Ravi", "90000 00002", "")];
    world.org.add_registrants(id, ImportId::new(NOW), people, NOW).await.unwrap();
    let filter = RegistrantFilter { search: "Asha".into(), limit: 9, ..Default::default() };
    let asha = world.org.registrants(id, &filter).await.unwrap()[0].id;
    let broadcast = world.broadcast(id, "completed", (asha, ASHA)).await;
    let b = world.id(broadcast.0);
    world.run(format!("UPDATE messages SET state = '{state}', reason_text = 'no such 9000000001', content = '{{\"p\":[\"Asha\"]}}',
                       provider_id = '9000000001', network_id = 'wamid.9000000001', cost = 1450 WHERE broadcast_id = {b}")).await;
    world
        .run(format!("UPDATE broadcast_counts SET state = '{state}', cost = 1450 WHERE broadcast_id = {b}"))
        .await;
    world.run(format!("UPDATE broadcasts SET plan_phone = '{ASHA}' WHERE id = {b}")).await;
    world
        .run(format!(
            "INSERT INTO message_events (broadcast_id, position, at, kind, detail)
                       VALUES ({b}, 1, 0, 'retry', 'busy 9000000001')"
        ))
        .await;
    let organization = world.id(world.org.actor().organization.0);
    // Both are members of a group that got a post.
    for phone in [ASHA, "+919000000002"] {
        world
            .run(format!(
                "INSERT INTO member_receipts (broadcast_id, position, person, organization_id, delivered_at)
                 VALUES ({b}, 9, '{phone}', {organization}, 0)"
            ))
            .await;
    }
    let named =
        store::groups::NamedGroup { subject: "Batch 7".into(), invite_link: String::new(), members: None };
    let group = world.id(world.org.name_group(&named, Some(id), NOW).await.unwrap().0);
    for phone in [ASHA, "+919000000002"] {
        world
            .run(format!(
                "INSERT INTO group_members VALUES ({group}, '{phone}', {organization}, '', FALSE, NULL, NULL, 0)"
            ))
            .await;
    }
    for (at, place) in [
        ("applied", format!("{b}, 1")),
        ("applied", format!("{b}, 2")),
        ("unmatched", "NULL, NULL".to_owned()),
    ]
    .iter()
    .enumerate()
    {
        let receipt = world.id(domain::ids::ReceiptId::new(NOW).0);
        let integration = world.id(uuid::Uuid::nil());
        world.run(format!("INSERT INTO receipts (id, organization_id, integration_id, dedupe_key, body, state, note, broadcast_id,
                                                 position, received_at, try_at)
                           VALUES ({receipt}, {organization}, {integration}, 'k{at}', '{{\"to\":\"919000000001\",\"name\":\"Asha\"}}', '{}', '',
                                   {}, 0, 0)", place.0, place.1)).await;
    }
    let import = ImportId::new(NOW);
    world.org.add_import(import, id, "people.csv", "imports/1", NOW).await.unwrap();
    let row = |line, phone: &str| ImportRow {
        line,
        cells: vec!["Asha".into(), phone.into()],
        problems: serde_json::json!([]),
        decision: Decision::Open,
    };
    world.org.add_import_rows(import, &[row(2, "0 90000-00001"), row(3, "90000 00002")]).await.unwrap();
    world.run(format!("UPDATE imports SET state = 'committed' WHERE id = {}", world.id(import.0))).await;
    let entry = NewSuppression {
        phone_key: key().of(ASHA),
        phone: number(ASHA),
        channel: None,
        category: None,
        reason: "asked".into(),
    };
    world.org.suppress(entry, NOW).await.unwrap();
    id
}

both! {
    async fn erasing_a_person_leaves_no_trace_of_them_and_every_count_as_it_was(world) {
        let id = told(&world, "delivered").await;
        assert!(traces(&world, "9000000001").await.len() > 6, "needs traces to erase");
        let before = world.org.registrant_counts(id).await.unwrap();
        let Erasure::Done(erased) = world.org.forget_number(&number(ASHA), &key(), NOW).await.unwrap() else { panic!("busy") };
        assert_eq!((erased.registrations, erased.messages), (1, 1));
        assert_eq!(erased.files, ["imports/1"]);
        assert_eq!(traces(&world, "9000000001").await, Vec::<&str>::new());
        // Ravi's row in the import names Asha as well, and has another number.
        assert_eq!(traces(&world, "Asha").await, ["import_rows"]);
        assert_eq!(traces(&world, "asha@example").await, Vec::<&str>::new());
        assert!(!traces(&world, "9000000002").await.is_empty(), "the others stay");

        let after = world.org.registrant_counts(id).await.unwrap();
        assert_eq!((after.registered, after.no_phone, after.with_email), (before.registered, before.no_phone + 1, before.with_email - 1));
        assert_eq!(world.store.work(domain::ids::WorkerId::new(NOW)).differences().await.unwrap(), vec![]);
        assert_eq!(world.number("SELECT CAST(SUM(cost) AS BIGINT) FROM broadcast_counts".into()).await, 1_450);
        assert_eq!(world.number("SELECT CAST(SUM(cost) AS BIGINT) FROM messages".into()).await, 1_450);
        let people = world.org.registrants(id, &RegistrantFilter { limit: 9, ..Default::default() }).await.unwrap();
        assert_eq!(people.iter().filter(|person| person.is_erased).count(), 1);

        // The opt-out holds by its hash, also for a person who registers again.
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        let organization = world.org.actor().organization;
        let keys = vec![key().of(ASHA)];
        assert_eq!(work.audience_reader(organization).suppressed(Channel::Sms, Category::Utility, keys.clone()).await.unwrap().len(), 1);
        assert_eq!(work.erased_numbers(organization, keys.clone()).await.unwrap(), keys);
        let added = world.org.add_registrant(id, person("Asha", ASHA, ""), NOW).await.unwrap();
        assert_eq!((added.new, added.lead_new), (1, 1));
        assert_eq!(world.number("SELECT COUNT(*) FROM member_receipts".into()).await, 2, "how many members got a post stays");
        assert_eq!(world.number("SELECT COUNT(*) FROM group_members".into()).await, 1, "of the group only the other one");
        let notes = world.org.audit_log(None, 50).await.unwrap();
        let note = notes.iter().find(|note| note.action == "person.erased").unwrap();
        assert_eq!(note.detail, "registrations=1 messages=1");
    }

    async fn nobody_is_erased_while_a_message_to_them_waits_or_is_under_way(world) {
        for state in ["waiting", "in_flight"] {
            told(&world, state).await;
            let refused = world.org.forget_number(&number(ASHA), &key(), NOW).await.unwrap();
            let Erasure::Busy(broadcasts) = refused else { panic!("{state}: {refused:?}") };
            assert_eq!(broadcasts[0].1, "Reminder");
            assert!(traces(&world, "9000000001").await.len() > 6, "{state}");
            world.run("UPDATE messages SET state = 'sent'".into()).await;
            world.run("UPDATE broadcast_counts SET state = 'sent'".into()).await;
            world.run("UPDATE suppressions SET source = 'person', phone_key = 'x'".into()).await;
            world.run("DELETE FROM suppressions".into()).await;
            world.run("DELETE FROM receipts".into()).await;
        }
    }

    async fn erasing_is_for_admins_and_within_their_organisation(world) {
        told(&world, "read").await;
        for role in [Role::Manager, Role::Agent, Role::Viewer] {
            let refused = world.as_role(role).forget_number(&number(ASHA), &key(), NOW).await;
            assert!(matches!(refused, Err(StoreError::Forbidden)));
            assert!(matches!(world.as_role(role).keep_for(Some(30), NOW).await, Err(StoreError::Forbidden)));
        }
        let Erasure::Done(erased) = world.other.forget_number(&number(ASHA), &key(), NOW).await.unwrap() else { panic!("busy") };
        assert_eq!((erased.registrations, erased.messages, erased.files.len()), (0, 0, 0));
        assert!(traces(&world, "9000000001").await.len() > 6);
    }

    async fn people_are_erased_so_many_days_after_their_workshop_and_the_sums_hold(world) {
        let id = told(&world, "failed").await; // ends a day and two hours from NOW
        let later = world.org.add_workshop(&draft("Later", NOW.plus(60 * DAY)), NOW).await.unwrap();
        world.org.add_registrant(later, person("Ravi", "90000 00002", ""), NOW).await.unwrap();
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        assert_eq!(work.retention_due(NOW.plus(400 * DAY)).await.unwrap(), None, "kept for ever unless somebody says so");
        assert!(world.org.keep_for(Some(3), NOW).await.is_err());
        world.org.keep_for(Some(30), NOW).await.unwrap();
        let ends = NOW.plus(DAY + 2 * HOUR);
        let due = work.retention_due(NOW).await.unwrap().unwrap();
        assert_eq!(work.workshop_to_forget(&due).await.unwrap(), None);
        assert_eq!(work.retention_due(NOW).await.unwrap(), None, "one look an hour");
        let now = ends.plus(30 * DAY);
        let due = work.retention_due(now).await.unwrap().unwrap();
        assert_eq!(world.org.past_retention(30, now).await.unwrap(), 1);
        assert_eq!(work.workshop_to_forget(&due).await.unwrap(), Some(id));
        let mut did = work.forget_workshop(&due, id, now).await.unwrap();
        did.receipts = work.forget_receipts(&due).await.unwrap();
        assert_eq!(did, RetentionResult { workshops: 1, people: 2, messages: 1, receipts: 1 });
        work.retention_done(&due, &did, now).await.unwrap();
        assert_eq!(work.workshop_to_forget(&due).await.unwrap(), None);
        assert_eq!(work.files_to_forget().await.unwrap(), ["imports/1"]);

        assert_eq!(traces(&world, "9000000001").await, Vec::<&str>::new());
        assert_eq!(traces(&world, "Asha").await, Vec::<&str>::new());
        assert_eq!(traces(&world, "9000000002").await, ["registrants", "leads"], "who comes to a later workshop stays known");
        let counts = world.org.registrant_counts(id).await.unwrap();
        assert_eq!((counts.registered, counts.no_phone, counts.with_email, counts.without_name), (2, 2, 0, 0));
        assert_eq!(work.differences().await.unwrap(), vec![]);
        let told = world.org.retention().await.unwrap();
        assert_eq!((told.keep_days, told.ran_at, told.erased), (Some(30), Some(now), Some((now, did))));
        let keys = vec![key().of(ASHA)];
        let organization = world.org.actor().organization;
        assert_eq!(work.audience_reader(organization).suppressed(Channel::Sms, Category::Utility, keys).await.unwrap().len(), 1);

        // A person who registers late is erased at the next look.
        world.org.add_registrant(id, person("Meena", "90000 00003", ""), now).await.unwrap();
        assert_eq!(work.workshop_to_forget(&due).await.unwrap(), Some(id));
    }

    async fn a_workshop_with_an_open_broadcast_waits_for_it(world) {
        let id = world.workshop("Excel").await;
        world.broadcast(id, "paused", (RegistrantId::new(NOW), ASHA)).await;
        world.org.keep_for(Some(7), NOW).await.unwrap();
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        let due = work.retention_due(NOW.plus(20 * DAY)).await.unwrap().unwrap();
        assert_eq!(work.workshop_to_forget(&due).await.unwrap(), None);
    }

    async fn a_crowd_is_erased_in_stretches_to_the_last_one(world) {
        let id = world.workshop("Excel").await;
        let people = (0..4_500).map(|n| person("P", &format!("90000 {n:05}"), "")).collect();
        world.org.add_registrants(id, ImportId::new(NOW), people, NOW).await.unwrap();
        world.org.keep_for(Some(7), NOW).await.unwrap();
        let work = world.store.work(domain::ids::WorkerId::new(NOW));
        let now = NOW.plus(20 * DAY);
        let due = work.retention_due(now).await.unwrap().unwrap();
        assert_eq!(work.forget_workshop(&due, id, now).await.unwrap().people, 4_500);
        assert_eq!(traces(&world, "+91").await, Vec::<&str>::new());
        assert_eq!(work.forget_workshop(&due, id, now).await.unwrap().people, 0, "a second time finds nobody");
    }
}
