//! Names and numbers corrected where they are seen, and what follows from it.

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
    messages::MessageFilter,
    registrants::{Corrected, Correction, NewRegistrant, Registrant, RegistrantCounts, RegistrantFilter},
};

use crate::on_both::{NOW, World, person};

const OLD: &str = "+919000000001";
const NEW: &str = "+919000000009";

fn says(name: &str, phone: &str, email: &str) -> Correction {
    Correction {
        name: PersonName::parse(name),
        email: Email::parse(email).ok(),
        phone: Phone::parse(phone, Country::INDIA).ok(),
        phone_typed: phone.into(),
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

/// Asha and Ravi in a workshop, both to be found; the workshop and Asha's registration.
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
            let past = world.org.corrections_of(phone).await.unwrap();
            assert_eq!(past.len(), 1);
            assert_eq!((past[0].by.as_str(), past[0].at), ("Meera", NOW.plus(5)));
            assert_eq!(past[0].phone, (OLD.to_owned(), NEW.to_owned()));
            assert_eq!((past[0].workshop, past[0].registrant, &past[0].file_name), (id, asha, &None));
        }
        assert!(world.other.corrections_of(NEW).await.unwrap().is_empty());
        let logged = world.org.audit_log(None, 50).await.unwrap();
        let entry = logged.iter().find(|entry| entry.action == "registrant.corrected").unwrap();
        assert_eq!((entry.subject.as_str(), entry.detail.as_str()), (asha.to_string().as_str(), "number"));
    }

    async fn whoever_shares_a_number_before_or_after_a_correction_is_marked_and_counted_anew(world) {
        let (id, asha) = two(&world).await;
        let second = vec![person("Asha's brother", OLD, "")];
        world.org.add_registrants(id, ImportId::new(NOW), second, NOW.plus(1)).await.unwrap();
        assert_eq!(world.org.registrant_counts(id).await.unwrap().duplicate, 1);
        // Away: the brother is the one of the old number now. She has Ravi's number: his is the earlier registration by entry, not by number.
        world.org.correct_registrant(id, asha, &says("Asha Rao", "90000 00002", ""), NOW).await.unwrap();
        let marks: Vec<_> = all(&world, id).await.into_iter().map(|r| (r.name, r.mark)).collect();
        assert_eq!(marks, [
            ("Asha Rao".to_owned(), None),
            ("Ravi".to_owned(), Some(SkipReason::Duplicate)),
            ("Asha's brother".to_owned(), None),
        ]);
        let counts = RegistrantCounts { registered: 3, duplicate: 1, ..Default::default() };
        assert_eq!(world.org.registrant_counts(id).await.unwrap(), counts);
        // To nothing that is a number, and to nothing.
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
        // Cancelled: the message to the old number is hers, too.
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
        assert_eq!(world.org.corrections_of(NEW).await.unwrap()[0].file_name.as_deref(), Some("newer.csv"));
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
}
