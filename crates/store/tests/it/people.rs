use domain::{
    ids::ImportId,
    message::{MessageState, SkipReason},
    phone::{Country, Phone},
};
use store::{StoreError, registrants::RegistrantFilter, suppressions::NewSuppression};

use crate::on_both::{NOW, person};

both! {
    async fn a_person_is_found_by_name_address_and_number(world) {
        let id = world.workshop("Excel").await;
        let rows = vec![
            person("Asha Rao", "90000 00001", "asha@example.com"),
            person("आशा", "90000 00002", ""),
            person("Thomas", "+44 7400 123456", ""),
            person("Asha Without", "", "without@example.com"),
        ];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        for (typed, expected) in [
            ("asha", &["Asha Without", "Asha Rao"][..]),
            ("आशा", &["आशा"]),
            ("rao ASHA", &["Asha Rao"]),
            ("90000", &["आशा", "Asha Rao"]),
            ("+91 90000 00002", &["आशा"]),
            ("09000000001", &["Asha Rao"]),
            ("0044 7400", &["Thomas"]),
            ("00001", &["Asha Rao"]),
            ("123456", &["Thomas"]),
            ("nobody", &[]),
            ("%", &[]),
        ] {
            let names: Vec<_> = world.org.find_people(typed, None, 20).await.unwrap().found.into_iter().map(|p| p.name).collect();
            assert_eq!(names, expected, "{typed:?}");
        }
        let phoneless = world.org.find_people("without", None, 20).await.unwrap().found.remove(0);
        assert_eq!(phoneless.registration.map(|(workshop, _, title)| (workshop, title)), Some((id, "Excel".into())));
        assert_eq!(world.org.find_people("", None, 20).await.unwrap().found.len(), 3);
        assert_eq!(world.other.find_people("asha", None, 20).await.unwrap().found, []);
        assert_eq!(world.other.find_people("90000", None, 20).await.unwrap().found, []);
    }

    async fn a_story_tells_registrations_messages_and_suppressions(world) {
        let excel = world.workshop("Excel").await;
        let python = world.workshop("Python").await;
        world.org.add_registrant(excel, person("Asha", "90000 00001", ""), NOW).await.unwrap();
        world.org.add_registrant(python, person("Asha Rao", "90000 00001", ""), NOW).await.unwrap();
        world.org.add_registrant(python, person("Brother", "90000 00001", ""), NOW.plus(5)).await.unwrap();
        let filter = RegistrantFilter { limit: 1, ..Default::default() };
        let asha = world.org.registrants(excel, &filter).await.unwrap()[0].id;
        let sent = world.broadcast(excel, "in_progress", (asha, "+919000000001")).await;
        let phone = Phone::parse("9000000001", Country::INDIA).unwrap();
        let entry = NewSuppression { phone_key: "k".into(), phone, channel: None, category: None, reason: "asked".into() };
        world.org.suppress(entry, NOW).await.unwrap();

        let lead = world.org.lead_by_phone("+919000000001").await.unwrap();
        let story = world.org.story(lead, &store::PhoneKey::new(&[1; 32])).await.unwrap();
        let mut places: Vec<_> = story.registrations.iter().map(|r| (r.title.as_str(), r.name.as_str(), r.mark)).collect();
        places.sort_by_key(|(title, name, _)| (title.to_string(), name.to_string()));
        assert_eq!(places, [
            ("Excel", "Asha", None),
            ("Python", "Asha Rao", None),
            ("Python", "Brother", Some(SkipReason::Duplicate)),
        ]);
        assert_eq!(story.messages.len(), 1);
        assert_eq!((story.messages[0].message.broadcast, story.messages[0].state), (sent, MessageState::Waiting));
        assert_eq!(story.suppressions[0].reason, "asked");
        assert!(matches!(world.other.story(lead, &store::PhoneKey::new(&[1; 32])).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.lead_by_phone("+919000000001").await, Err(StoreError::Missing)));
    }
}
