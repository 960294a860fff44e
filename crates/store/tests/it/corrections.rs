//! Names and numbers are corrected where they are seen, and other rows follow.

use domain::{
    channel::{Category, Channel},
    email::Email,
    ids::{ImportId, RegistrantId, WorkerId, WorkshopId},
    message::{MessageState, SkipReason},
    name::PersonName,
    phone::{Country, Phone},
    role::Role,
    workshop::RegistrantStatus,
};
use serde_json::{Value, json};
use store::{
    PhoneKey, StoreError,
    erasure::Erasure,
    imports::{Decision, ImportRow},
    messages::MessageFilter,
    registrants::{Corrected, Correction, NewRegistrant, Registrant, RegistrantCounts, RegistrantFilter},
    suppressions::NewSuppression,
};

use crate::on_both::{NOW, World, person};

const OLD: &str = "+919000000001";
const NEW: &str = "+919000000009";

/// Every column that holds a person's number or name.
const KEPT: &[(&str, &str)] = &[
    ("registrants", "name || email || phone || phone_typed || other_phones || identity"),
    (
        "corrections",
        "name_before || name_after || phone_before || phone_after || typed_before || typed_after",
    ),
    ("leads", "name || email || phone"),
    ("messages", "name || recipient || content || COALESCE(provider_id, '')"),
    ("receipts", "body"),
    ("user_ids", "user_id || phone"),
    ("suppressions", "phone"),
    ("import_rows", "cells || typed"),
    ("broadcasts", "plan_phone"),
    ("search_entries", "words || ending"),
];

fn says(name: &str, phone: &str, email: &str) -> Correction {
    Correction {
        name: PersonName::parse(name),
        email: Email::parse(email).ok(),
        phone: Phone::parse(phone, Country::INDIA).ok(),
        phone_typed: phone.into(),
        may_share: true,
    }
}

async fn all(world: &World, workshop: WorkshopId) -> Vec<Registrant> {
    let filter = RegistrantFilter { limit: 100, ..Default::default() };
    let mut everyone = world.org.registrants(workshop, &filter).await.unwrap();
    everyone.reverse();
    everyone
}

async fn found(world: &World, search: &str) -> Vec<String> {
    let people = world.org.find_people(search, None, 10).await.unwrap().found;
    people.into_iter().map(|person| format!("{} {}", person.name, person.phone)).collect()
}

async fn index(world: &World) {
    while world.store.work(WorkerId::new(NOW)).index_people(100).await.unwrap().more {}
}

/// Puts Asha and Ravi into a workshop, where a search finds both; returns the workshop and Asha's registration.
async fn two(world: &World) -> (WorkshopId, RegistrantId) {
    let id = world.workshop("Excel").await;
    let rows = vec![person("Asha Rao", OLD, "asha@example.com"), person("Ravi", "90000 00002", "")];
    world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
    index(world).await;
    (id, all(world, id).await[0].id)
}

both! {
    async fn a_corrected_number_is_told_found_and_remembered_with_who_changed_it(world) {
        let (id, asha) = two(&world).await;
        let to = says("Asha Rao", NEW, "asha@example.com");
        assert_eq!(world.org.correct_registrant(id, asha, &to, NOW.plus(5)).await.unwrap(), Corrected::Done);
        assert_eq!(world.org.correct_registrant(id, asha, &to, NOW.plus(6)).await.unwrap(), Corrected::Same);
        let row = world.org.registrant(id, asha).await.unwrap();
        assert_eq!((row.name.as_str(), row.phone.as_str(), row.phone_typed.as_str()), ("Asha Rao", NEW, NEW));
        assert_eq!(found(&world, "9000000009").await, [format!("Asha Rao {NEW}")]);
        assert_eq!(found(&world, "asha").await, [format!("Asha Rao {NEW}")]);
        assert!(found(&world, "9000000001").await.is_empty(), "nobody has the old number any more");
        assert!(world.org.lead_by_phone(OLD).await.is_err());
        for phone in [OLD, NEW] {
            let past = world.org.corrections_of(phone, 100).await.unwrap();
            assert_eq!(past.len(), 1);
            assert_eq!((past[0].by.as_str(), past[0].at), ("Meera", NOW.plus(5)));
            assert_eq!(past[0].phone, (OLD.to_owned(), NEW.to_owned()));
            assert_eq!((past[0].workshop, past[0].registrant, &past[0].file_name), (id, asha, &None));
        }
        assert!(world.other.corrections_of(NEW, 100).await.unwrap().is_empty());
        let logged = world.org.audit_log(None, 50).await.unwrap();
        let entry = logged.iter().find(|entry| entry.action == "registrant.corrected").unwrap();
        assert_eq!((entry.subject.as_str(), entry.detail.as_str()), (asha.to_string().as_str(), "number"));
    }

    async fn whoever_shares_a_number_before_or_after_a_correction_is_marked_and_counted_anew(world) {
        let (id, asha) = two(&world).await;
        let second = vec![person("Asha's brother", OLD, "")];
        world.org.add_registrants(id, ImportId::new(NOW), second, NOW.plus(1)).await.unwrap();
        assert_eq!(world.org.registrant_counts(id).await.unwrap().duplicate, 1);
        // Asha has another number now, so her brother is the one of the old number. She has Ravi's number, and his
        // registration was entered earlier.
        world.org.correct_registrant(id, asha, &says("Asha Rao", "90000 00002", ""), NOW).await.unwrap();
        let marks: Vec<_> = all(&world, id).await.into_iter().map(|r| (r.name, r.mark)).collect();
        assert_eq!(marks, [
            ("Asha Rao".to_owned(), None),
            ("Ravi".to_owned(), Some(SkipReason::Duplicate)),
            ("Asha's brother".to_owned(), None),
        ]);
        let counts = RegistrantCounts { registered: 3, duplicate: 1, ..Default::default() };
        assert_eq!(world.org.registrant_counts(id).await.unwrap(), counts);
        // The number is changed to something that is not a number, and to nothing.
        world.org.correct_registrant(id, asha, &says("Asha Rao", "12 34", ""), NOW).await.unwrap();
        let counts = RegistrantCounts { registered: 3, invalid_phone: 1, ..Default::default() };
        assert_eq!(world.org.registrant_counts(id).await.unwrap(), counts);
        index(&world).await;
        assert_eq!(found(&world, "asha rao").await, ["Asha Rao ".to_owned()]);
        world.org.correct_registrant(id, asha, &says("", "+912224567890", "a@example.com"), NOW).await.unwrap();
        let counts = RegistrantCounts { registered: 3, landline: 1, with_email: 1, ..Default::default() };
        assert_eq!(world.org.registrant_counts(id).await.unwrap(), counts);
        let audience = world.org.audience(id, Channel::WhatsappPersonal, Category::Utility).await.unwrap();
        assert_eq!((audience.reachable, audience.landline), (2, 1));
    }

    async fn a_number_that_another_registration_has_is_asked_about_before_it_is_given_to_two(world) {
        let (id, asha) = two(&world).await;
        let ravi = all(&world, id).await[1].clone();
        let before = all(&world, id).await;
        let asking = |name: &str, phone: &str| Correction { may_share: false, ..says(name, phone, "asha@example.com") };
        let asks = asking("Asha Rao", "90000 00002");
        let Corrected::Shared(others) = world.org.correct_registrant(id, asha, &asks, NOW).await.unwrap() else {
            panic!("somebody else has this number");
        };
        assert_eq!(others.iter().map(|one| (one.id, one.name.as_str())).collect::<Vec<_>>(), [(ravi.id, "Ravi")]);
        assert!(!others[0].is_before(asha), "Asha was entered first and is the one who is told");
        assert_eq!(all(&world, id).await, before);
        assert!(world.org.corrections_of_registrant(id, asha).await.unwrap().is_empty());
        // A number of nobody, one's own number and a confirmed number ask no question, nor does a number of another
        // workshop.
        let other = world.workshop("Canva").await;
        world.org.add_registrants(other, ImportId::new(NOW), vec![person("Meena", NEW, "")], NOW).await.unwrap();
        for (to, came) in [(asking("Asha R", OLD), Corrected::Done), (asking("Asha R", NEW), Corrected::Done), (says("Asha R", "90000 00002", ""), Corrected::Done)] {
            assert_eq!(world.org.correct_registrant(id, asha, &to, NOW).await.unwrap(), came);
        }
        // Two people have the number now, and a new name for one of them asks nothing.
        assert_eq!(world.org.correct_registrant(id, asha, &asking("Asha", "90000 00002"), NOW).await.unwrap(), Corrected::Done);
    }

    async fn two_registrations_do_not_become_one_by_a_correction(world) {
        let (id, asha) = two(&world).await;
        let before = all(&world, id).await;
        let taken = says("Ravi", "90000 00002", "");
        assert_eq!(world.org.correct_registrant(id, asha, &taken, NOW).await.unwrap(), Corrected::Taken);
        assert_eq!(all(&world, id).await, before);
        assert!(world.org.corrections_of_registrant(id, asha).await.unwrap().is_empty());
    }

    async fn only_members_of_the_organisation_who_may_manage_correct(world) {
        let (id, asha) = two(&world).await;
        let to = says("Asha", NEW, "");
        for role in [Role::Viewer, Role::Agent] {
            let refused = world.as_role(role).correct_registrant(id, asha, &to, NOW).await;
            assert!(matches!(refused, Err(StoreError::Forbidden)), "{role}");
        }
        assert!(matches!(world.other.correct_registrant(id, asha, &to, NOW).await, Err(StoreError::Missing)));
        assert!(world.as_role(Role::Manager).correct_registrant(id, asha, &to, NOW).await.is_ok());
    }

    async fn a_message_keeps_the_number_it_was_planned_for_and_leaves_with_its_person(world) {
        let (id, asha) = two(&world).await;
        let broadcast = world.broadcast(id, "scheduled", (asha, OLD)).await;
        world.org.correct_registrant(id, asha, &says("Asha Rao", NEW, ""), NOW).await.unwrap();
        let rows = || async { world.org.messages(broadcast, &MessageFilter::default(), 0, 9).await.unwrap() };
        assert_eq!((rows().await[0].recipient.as_str(), rows().await[0].state), (OLD, MessageState::Waiting));
        assert!(world.org.lead_by_phone(OLD).await.is_ok(), "the old number has a message still");
        // The registration was cancelled, and the message to the old number is hers all the same.
        let changed =
            world.org.set_registrant_status(id, asha, RegistrantStatus::Cancelled, NOW).await.unwrap();
        assert_eq!(changed.messages_skipped, 1);
        assert_eq!(rows().await[0].state, MessageState::Skipped);
    }

    async fn an_undo_gives_back_what_a_newer_list_corrected_and_keeps_what_was_corrected_since(world) {
        let (id, asha) = two(&world).await;
        let ravi = all(&world, id).await[1].id;
        let import = ImportId::new(NOW);
        world.org.add_import(import, id, "newer.csv", "imports/newer", NOW).await.unwrap();
        let taken = |who, to: Correction| {
            let world = world.clone();
            async move { world.org.take_over_correction(import, id, who, &to, NOW.plus(1)).await.unwrap() }
        };
        assert_eq!(taken(asha, says("Asha R. Rao", NEW, "asha@example.com")).await, Corrected::Done);
        assert_eq!(taken(ravi, says("Ravi Kumar", "90000 00002", "")).await, Corrected::Done);
        assert_eq!(world.org.corrections_of(NEW, 100).await.unwrap()[0].file_name.as_deref(), Some("newer.csv"));
        world.org.correct_registrant(id, ravi, &says("Ravi Verma", "90000 00002", ""), NOW.plus(2)).await.unwrap();
        world.org.import_checked(import, &json!({}), &Value::Null).await.unwrap();
        world.org.import_committing(import, NOW).await.unwrap();
        world.org.import_committed(import, &json!({}), NOW).await.unwrap();
        world.org.undo_import(import, NOW.plus(3), |_| ()).await.unwrap();
        let now: Vec<_> = all(&world, id).await.into_iter().map(|r| (r.name, r.phone)).collect();
        assert_eq!(now, [
            ("Asha Rao".to_owned(), OLD.to_owned()),
            ("Ravi Verma".to_owned(), "+919000000002".to_owned()),
        ]);
        assert_eq!(world.org.corrections_of_registrant(id, asha).await.unwrap().len(), 2, "both stay in the history");
        assert_eq!(found(&world, "asha").await, [format!("Asha Rao {OLD}")]);
    }

    async fn what_was_corrected_and_other_numbers_go_with_the_person_when_they_are_erased(world) {
        let id = world.workshop("Excel").await;
        let other = Phone::parse("+919000000008", Country::INDIA).unwrap();
        let rows = vec![
            NewRegistrant {
                other_phones: vec![other.clone()],
                reference: "ORD-17".into(),
                ..person("Asha Rao", OLD, "asha@example.com")
            },
            NewRegistrant { other_phones: vec![Phone::parse(NEW, Country::INDIA).unwrap(), other], ..person("Ravi", "90000 00002", "") },
        ];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        let asha = all(&world, id).await[0].id;
        world.org.correct_registrant(id, asha, &says("Asha Menon", NEW, "menon@example.com"), NOW).await.unwrap();
        let key = PhoneKey::new(&[7; 32]);
        world.org.forget_number(&Phone::parse(NEW, Country::INDIA).unwrap(), &key, NOW).await.unwrap();
        for of in ["9000000009", "9000000001", "Asha", "asha@", "menon", "Menon", "ORD-17"] {
            for (table, columns) in [
                ("registrants", "name || email || phone || phone_typed || other_phones || reference || identity"),
                ("corrections", "name_before || name_after || email_before || email_after || phone_before || phone_after || typed_before || typed_after"),
                ("leads", "name || email || phone"),
            ] {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%{of}%'");
                assert_eq!(world.number(sql).await, 0, "{of} in {table}");
            }
        }
        let ravi = all(&world, id).await.into_iter().find(|r| r.name == "Ravi").unwrap();
        assert_eq!(ravi.other_phones, "+919000000008", "what is his own stays");
    }

    async fn a_known_registration_has_the_key_of_the_row_that_made_it(world) {
        let id = world.workshop("Excel").await;
        let rows = vec![
            NewRegistrant { reference: "T-1".into(), ..person("Asha Rao", OLD, "asha@example.com") },
            person("No Number", "", "none@example.com"),
            person("Bad", "12 34", ""),
        ];
        world.org.add_registrants(id, ImportId::new(NOW), rows.clone(), NOW).await.unwrap();
        let known = world.org.known(id, None, 10).await.unwrap();
        let keys: Vec<u64> = known.iter().map(|one| one.key).collect();
        assert_eq!(keys, rows.iter().map(NewRegistrant::key).collect::<Vec<_>>());
        assert_eq!(known[0].reference, "T-1");
        assert_eq!(world.org.known(id, Some(known[1].id), 10).await.unwrap().len(), 1);
        assert!(world.other.known(id, None, 10).await.unwrap().is_empty());
    }

    async fn the_page_tells_what_went_to_a_former_number_and_an_erasure_reaches_it(world) {
        let (id, asha) = two(&world).await;
        let told = world.broadcast(id, "completed", (asha, OLD)).await;
        let b = world.id(told.0);
        world.run(format!(
            "UPDATE messages SET state = 'delivered', content = '{{\"p\":[\"Asha\"]}}', provider_id = '9000000001' WHERE broadcast_id = {b}"
        )).await;
        world.run(format!("UPDATE broadcast_counts SET state = 'delivered' WHERE broadcast_id = {b}")).await;
        world.run(format!("UPDATE broadcasts SET plan_phone = '{OLD}' WHERE id = {b}")).await;
        let organization = world.id(world.org.actor().organization.0);
        for (key, place, state) in [("a", format!("{b}, 1"), "applied"), ("b", "NULL, NULL".into(), "unmatched")] {
            world.run(format!(
                "INSERT INTO receipts (id, organization_id, integration_id, dedupe_key, body, state, note, broadcast_id, position,
                                       received_at, try_at)
                 VALUES ({}, {organization}, {}, '{key}', '{{\"to\":\"919000000001\"}}', '{state}', '', {place}, 0, 0)",
                world.id(domain::ids::ReceiptId::new(NOW).0), world.id(uuid::Uuid::nil())
            )).await;
        }
        world.run(format!(
            "INSERT INTO user_ids (integration_id, user_id, organization_id, phone, receipt_id, seen_at)
             VALUES ({}, 'IN.TEST', {organization}, '{OLD}', NULL, 0)", world.id(uuid::Uuid::nil())
        )).await;
        let key = PhoneKey::new(&[7; 32]);
        let old = Phone::parse(OLD, Country::INDIA).unwrap();
        let entry = NewSuppression {
            phone_key: key.of(OLD), phone: old.clone(), channel: None, category: None, reason: "asked".into(),
        };
        world.org.suppress(entry, NOW).await.unwrap();
        let import = ImportId::new(NOW);
        world.org.add_import(import, id, "people.csv", "imports/1", NOW).await.unwrap();
        let row = |line, cells: [&str; 2]| ImportRow {
            line, cells: cells.map(str::to_owned).to_vec(), problems: json!([]), decision: Decision::Open,
        };
        world.org.add_import_rows(import, &[
            row(2, ["Asha Rao", "0 90000-00001"]), row(3, ["Asha Rao", "12-34"]), row(4, ["Ravi", "12-34"]),
        ]).await.unwrap();

        // First comes a number that is none, then the right one.
        for phone in ["12-34", NEW] {
            let to = says("Asha Rao", phone, "asha@example.com");
            assert_eq!(world.org.correct_registrant(id, asha, &to, NOW.plus(5)).await.unwrap(), Corrected::Done);
        }
        let lead = world.org.lead_by_phone(NEW).await.unwrap();
        let story = world.org.story(lead, &key).await.unwrap();
        assert!(story.messages.is_empty(), "nothing went to the number that is right now");
        let went: Vec<_> = story.to_former.iter().map(|one| (one.number.as_str(), one.message.message.broadcast)).collect();
        assert_eq!(went, [(OLD, told)]);

        let new = Phone::parse(NEW, Country::INDIA).unwrap();
        let Erasure::Done(erased) = world.org.forget_number(&new, &key, NOW).await.unwrap() else { panic!("busy") };
        assert_eq!((erased.registrations, erased.messages), (1, 1));
        assert_eq!(erased.numbers, [new, old]);
        for (table, columns) in KEPT {
            for of in ["9000000001", "9000000009", "Asha", "asha@", "IN.TEST"] {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%{of}%'");
                assert_eq!(world.number(sql).await, 0, "{of} in {table}");
            }
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM import_rows WHERE cells LIKE '%12-34%'".into()).await, 1, "Ravi's row stays");
        assert!(found(&world, "9000000001").await.is_empty());
        let work = world.store.work(WorkerId::new(NOW));
        let (organization, keys) = (world.org.actor().organization, vec![key.of(OLD)]);
        assert_eq!(work.erased_numbers(organization, keys.clone()).await.unwrap(), keys, "late receipts about it are dropped");
        assert_eq!(
            work.audience_reader(organization).suppressed(Channel::Sms, Category::Utility, keys).await.unwrap().len(), 1,
            "the opt-out holds by its hash"
        );
        assert!(work.differences().await.unwrap().is_empty());
    }

    async fn a_former_number_that_somebody_else_has_stays_theirs_when_the_person_is_erased(world) {
        let (id, asha) = two(&world).await;
        let told = world.broadcast(id, "completed", (asha, OLD)).await;
        world.run(format!("UPDATE messages SET state = 'sent' WHERE broadcast_id = {}", world.id(told.0))).await;
        world.run("UPDATE broadcast_counts SET state = 'sent'".into()).await;
        let brother = vec![person("Arun Rao", OLD, "arun@example.com")];
        world.org.add_registrants(id, ImportId::new(NOW), brother, NOW.plus(1)).await.unwrap();
        world.org.correct_registrant(id, asha, &says("Asha Rao", NEW, ""), NOW.plus(5)).await.unwrap();
        let key = PhoneKey::new(&[7; 32]);
        let arun = world.org.lead_by_phone(OLD).await.unwrap();
        let own = Phone::parse(NEW, Country::INDIA).unwrap();
        let Erasure::Done(erased) = world.org.forget_number(&own, &key, NOW).await.unwrap() else { panic!("busy") };
        assert_eq!((erased.registrations, erased.messages, erased.numbers), (1, 1, vec![own]));
        assert_eq!(world.number(format!("SELECT COUNT(*) FROM messages WHERE recipient = '{OLD}'")).await, 0, "what was hers is gone");
        let story = world.org.story(arun, &key).await.unwrap();
        assert_eq!((story.name.as_str(), story.phone.as_str(), story.registrations.len()), ("Arun Rao", OLD, 1));
    }

    async fn nobody_is_erased_while_a_message_to_their_former_number_waits(world) {
        let (id, asha) = two(&world).await;
        let open = world.broadcast(id, "scheduled", (asha, OLD)).await;
        world.org.correct_registrant(id, asha, &says("Asha Rao", NEW, ""), NOW.plus(5)).await.unwrap();
        let new = Phone::parse(NEW, Country::INDIA).unwrap();
        let refused = world.org.forget_number(&new, &PhoneKey::new(&[7; 32]), NOW).await.unwrap();
        assert_eq!(refused, Erasure::Busy(vec![(open, "Reminder".into())]));
        assert_eq!(world.org.registrant(id, asha).await.unwrap().phone, NEW, "nothing changed");
    }

    async fn retention_takes_former_numbers_with_the_people(world) {
        let (id, asha) = two(&world).await;
        world.org.correct_registrant(id, asha, &says("Asha Rao", NEW, ""), NOW.plus(5)).await.unwrap();
        let entry = NewSuppression {
            phone_key: PhoneKey::new(&[7; 32]).of(OLD), phone: Phone::parse(OLD, Country::INDIA).unwrap(),
            channel: None, category: None, reason: "asked".into(),
        };
        world.org.suppress(entry, NOW).await.unwrap();
        world.org.keep_for(Some(7), NOW).await.unwrap();
        let work = world.store.work(WorkerId::new(NOW));
        let later = NOW.plus(20 * domain::time::DAY);
        let due = work.retention_due(later).await.unwrap().unwrap();
        work.forget_workshop(&due, id, later).await.unwrap();
        for (table, columns) in KEPT {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%9000000001%'");
            assert_eq!(world.number(sql).await, 0, "in {table}");
        }
    }

    async fn landlines_of_other_countries_that_were_there_before_the_mark_get_it_once_behind_the_start(world) {
        let id = world.workshop("Excel").await;
        let people = vec![
            person("London", "+442079460123", "a@example.com"),
            person("", "+442079460124", ""),
            person("London's brother", "+442079460123", ""),
            person("Manchester mobile", "+447400123456", ""),
            person("Paris", "+33142345678", ""),
            person("Ravi", "90000 00002", ""),
        ];
        world.org.add_registrants(id, ImportId::new(NOW), people, NOW).await.unwrap();
        let right = (world.org.registrant_counts(id).await.unwrap(), all(&world, id).await);
        assert_eq!((right.0.landline, right.0.duplicate), (3, 1), "needs landlines");
        // A version that did not know the mark left the rows like this.
        world.run("UPDATE registrants SET mark = '' WHERE mark = 'landline'".into()).await;
        world.run("DELETE FROM workshop_counts WHERE what = 'landline'".into()).await;
        world.run("UPDATE workshop_counts SET n = n + 1 WHERE what = 'without_name'".into()).await;
        world.run("INSERT INTO workshop_counts (workshop_id, what, n) SELECT id, 'without_name', 1 FROM workshops WHERE TRUE
                   ON CONFLICT (workshop_id, what) DO NOTHING".into()).await;
        let work = world.store.work(WorkerId::new(NOW));
        assert!(!work.mark_landlines(2).await.unwrap(), "nothing is to be looked at unless an upgrade says so");
        world.run("UPDATE workshops SET marks_to = '' WHERE registrants > 0".into()).await;
        let mut steps = 0;
        while work.mark_landlines(2).await.unwrap() {
            steps += 1;
        }
        assert!(steps > 2, "in pieces: {steps}");
        let counts = world.org.registrant_counts(id).await.unwrap();
        assert_eq!((counts, all(&world, id).await), right);
    }
}
