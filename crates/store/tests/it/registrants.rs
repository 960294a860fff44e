use domain::{
    channel::{Category, Channel},
    ids::{ImportId, WorkshopId},
    message::SkipReason,
    phone::{Country, Phone},
    role::Role,
    workshop::RegistrantStatus,
};
use store::{
    StoreError,
    registrants::{NewRegistrant, Registrant, RegistrantCounts, RegistrantFilter, Which},
    suppressions::NewSuppression,
};

use crate::on_both::{NOW, World, person};

/// A number that can be called and gets no text.
const LANDLINE: &str = "+912224567890";

/// All people of a workshop in the order of registration.
async fn all(world: &World, workshop: WorkshopId) -> Vec<Registrant> {
    let mut everyone = world
        .org
        .registrants(workshop, &RegistrantFilter { limit: 10_000, ..Default::default() })
        .await
        .unwrap();
    everyone.reverse();
    everyone
}

/// Checks that the counters say what counting the rows says.
async fn assert_counters_agree(world: &World, workshop: WorkshopId) {
    let everyone = all(world, workshop).await;
    let registered: Vec<_> = everyone.iter().filter(|r| r.status == RegistrantStatus::Registered).collect();
    let count = |is: &dyn Fn(&Registrant) -> bool| {
        i64::try_from(registered.iter().filter(|r| is(r)).count()).unwrap()
    };
    let with_status = |status| i64::try_from(everyone.iter().filter(|r| r.status == status).count()).unwrap();
    let mut numbers: Vec<_> = registered.iter().map(|r| &r.phone).filter(|phone| !phone.is_empty()).collect();
    let with_number = numbers.len();
    numbers.sort();
    numbers.dedup();
    let counted = RegistrantCounts {
        registered: count(&|_| true),
        cancelled: with_status(RegistrantStatus::Cancelled),
        refunded: with_status(RegistrantStatus::Refunded),
        no_phone: count(&|r| r.phone.is_empty() && r.phone_typed.is_empty()),
        invalid_phone: count(&|r| r.phone.is_empty() && !r.phone_typed.is_empty()),
        landline: count(&|r| r.phone == LANDLINE && r.mark != Some(SkipReason::Duplicate)),
        duplicate: i64::try_from(with_number - numbers.len()).unwrap(),
        with_email: count(&|r| !r.email.is_empty()),
        without_name: count(&|r| r.name.is_empty() && r.mark.is_none()),
    };
    assert_eq!(world.org.registrant_counts(workshop).await.unwrap(), counted);
    assert_eq!(world.org.workshop(workshop).await.unwrap().registrants, counted.registered);
    // Of each number, the person who registered first is told.
    for row in &everyone {
        let earlier = registered.iter().any(|r| r.phone == row.phone && r.id < row.id);
        let expected = row.status == RegistrantStatus::Registered && !row.phone.is_empty() && earlier;
        assert_eq!(row.mark == Some(SkipReason::Duplicate), expected, "{row:?}");
        let landline = row.phone == LANDLINE && row.status == RegistrantStatus::Registered && !earlier;
        assert_eq!(row.mark == Some(SkipReason::Landline), landline, "{row:?}");
    }
}

fn crowd() -> Vec<NewRegistrant> {
    vec![
        person("Asha Rao", "90000 00001", "asha@example.com"),
        person("Brother of Asha", "+91 90000 00001", ""),
        person("", "90000 00002", ""),
        person("No Number", "", "none@example.com"),
        person("Bad Number", "12 34", ""),
        person("ASHA RAO", "9000000001", "Asha@example.com"),
        person("No Number", "", "none@example.com"),
    ]
}

both! {
    async fn the_same_person_twice_is_one_registration(world) {
        let id = world.workshop("Excel").await;
        let import = ImportId::new(NOW);
        let added = world.org.add_registrants(id, import, crowd(), NOW).await.unwrap();
        assert_eq!((added.new, added.already, added.lead_new), (5, 2, 2));
        let again = world.org.add_registrants(id, import, crowd(), NOW).await.unwrap();
        assert_eq!((again.new, again.already, again.lead_new), (0, 7, 0));
        let names: Vec<_> = all(&world, id).await.into_iter().map(|r| r.name).collect();
        assert_eq!(names, ["Asha Rao", "Brother of Asha", "", "No Number", "Bad Number"]);
        assert_counters_agree(&world, id).await;
    }

    async fn a_status_in_the_file_is_kept_and_takes_no_number_from_others(world) {
        let id = world.workshop("Excel").await;
        let refunded = NewRegistrant { status: Some(RegistrantStatus::Refunded), ..person("Gone", "90000 00001", "") };
        let rows = vec![refunded, person("Stays", "90000 00001", "")];
        assert_eq!(world.org.count_registered(id, rows.clone(), NOW).await.unwrap(), 0);
        world.org.add_registrants(id, ImportId::new(NOW), rows.clone(), NOW).await.unwrap();
        assert_eq!(world.org.count_registered(id, rows.clone(), NOW).await.unwrap(), 2);
        assert_eq!(world.other.count_registered(id, rows, NOW).await.unwrap(), 0);
        let everyone = all(&world, id).await;
        assert_eq!(everyone.iter().map(|r| (r.status, r.mark)).collect::<Vec<_>>(), [
            (RegistrantStatus::Refunded, None),
            (RegistrantStatus::Registered, None),
        ]);
        assert_counters_agree(&world, id).await;
    }

    async fn a_landline_is_counted_and_marked_as_one_whatever_happens_around_it(world) {
        let id = world.workshop("Excel").await;
        let import = ImportId::new(NOW);
        let mut rows = crowd();
        rows.extend([person("Office", LANDLINE, ""), person("", LANDLINE, "")]);
        world.org.add_registrants(id, import, rows, NOW).await.unwrap();
        assert_eq!(world.org.registrant_counts(id).await.unwrap().landline, 1);
        let of = |which| RegistrantFilter { which, limit: 10, ..Default::default() };
        let listed = world.org.registrants(id, &of(Which::Landline)).await.unwrap();
        assert_eq!(listed.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["Office"]);
        assert_counters_agree(&world, id).await;
        for channel in [Channel::WhatsappPersonal, Channel::Sms] {
            let audience = world.org.audience(id, channel, Category::Utility).await.unwrap();
            assert_eq!((audience.landline, audience.reachable), (1, 2), "{channel}");
        }
        let called = world.org.audience(id, Channel::IvrCall, Category::Utility).await.unwrap();
        assert_eq!((called.landline, called.reachable), (0, 3), "a call reaches it");
        // The person who is told leaves. The next person with the number counts as a landline's, not as nobody's.
        world.org.set_registrant_status(id, listed[0].id, RegistrantStatus::Refunded, NOW).await.unwrap();
        assert_eq!(world.org.registrant_counts(id).await.unwrap().landline, 1);
        assert_counters_agree(&world, id).await;
        world.org.set_registrant_status(id, listed[0].id, RegistrantStatus::Registered, NOW).await.unwrap();
        assert_counters_agree(&world, id).await;
    }

    async fn a_second_import_marks_the_numbers_that_the_first_brought(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let more = vec![person("Another", "90000 00002", ""), person("New", "90000 00003", "")];
        let added = world.org.add_registrants(id, ImportId::new(NOW), more, NOW.plus(1)).await.unwrap();
        assert_eq!((added.new, added.lead_new), (2, 1));
        assert_counters_agree(&world, id).await;
    }

    async fn many_rows_keep_their_order_and_their_count_across_statements(world) {
        let id = world.workshop("Excel").await;
        // Every number stands twice, far apart, and thousands of rows have none.
        let rows: Vec<_> = (0..6_000)
            .map(|n| {
                let phone = if n % 3 == 0 { String::new() } else { format!("90000 {:05}", n % 2_000) };
                person(&format!("Person {n}"), &phone, "")
            })
            .collect();
        let added = world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        assert_eq!(added.new, 6_000);
        let names: Vec<_> = all(&world, id).await.into_iter().map(|r| r.name).collect();
        assert_eq!(names, (0..6_000).map(|n| format!("Person {n}")).collect::<Vec<_>>());
        assert_counters_agree(&world, id).await;
    }

    async fn r23_seventy_thousand_people_are_registered_in_one_call(world) {
        let id = world.workshop("Excel").await;
        // More rows than the 65,535 values that PostgreSQL binds to a statement.
        let rows: Vec<_> = (0..70_000).map(|n| person(&format!("Person {n}"), &format!("90000{n:05}"), "")).collect();
        let added = world.org.add_registrants(id, ImportId::new(NOW), rows.clone(), NOW).await.unwrap();
        assert_eq!((added.new, added.already, added.lead_new), (70_000, 0, 70_000));
        let again = world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        assert_eq!((again.new, again.already), (0, 70_000));
        assert_eq!(world.org.registrant_counts(id).await.unwrap().registered, 70_000);
        assert_eq!(world.number(format!("SELECT COUNT(*) FROM registrants WHERE workshop_id = {}", world.id(id.0))).await, 70_000);
    }

    async fn who_is_entered_first_stays_first_within_one_instant_and_when_a_clock_goes_back(world) {
        let id = world.workshop("Excel").await;
        for n in 0..30 {
            let more = vec![person(&format!("Person {n}"), "90000 00001", "")];
            world.org.add_registrants(id, ImportId::new(NOW), more, NOW.plus(-n)).await.unwrap();
        }
        let names: Vec<_> = all(&world, id).await.into_iter().map(|r| r.name).collect();
        assert_eq!(names, (0..30).map(|n| format!("Person {n}")).collect::<Vec<_>>());
        assert_counters_agree(&world, id).await;
    }

    async fn each_number_on_the_screen_leads_to_its_people(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        suppress(&world, "90000 00002", Some(Channel::Sms)).await;
        for (which, expected) in [
            (Which::All, &["Bad Number", "No Number", "", "Brother of Asha", "Asha Rao"][..]),
            (Which::NoPhone, &["No Number"]),
            (Which::InvalidPhone, &["Bad Number"]),
            (Which::Duplicate, &["Brother of Asha"]),
            (Which::Suppressed, &[""]),
            (Which::NoName, &[""]),
            (Which::Status(RegistrantStatus::Registered), &["Bad Number", "No Number", "", "Brother of Asha", "Asha Rao"]),
            (Which::Status(RegistrantStatus::Refunded), &[]),
        ] {
            let filter = RegistrantFilter { which, limit: 10, ..Default::default() };
            let names: Vec<_> = world.org.registrants(id, &filter).await.unwrap().into_iter().map(|r| r.name).collect();
            assert_eq!(names, expected, "{which:?}");
        }
    }

    async fn a_search_finds_names_numbers_and_addresses(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        for (search, expected) in [
            ("asha", &["Brother of Asha", "Asha Rao"][..]),
            ("00002", &[""]),
            ("+91 90000 00001", &["Brother of Asha", "Asha Rao"]),
            ("none@", &["No Number"]),
            ("%", &[]),
            ("zz", &[]),
        ] {
            let filter = RegistrantFilter { search: search.into(), limit: 10, ..Default::default() };
            let names: Vec<_> = world.org.registrants(id, &filter).await.unwrap().into_iter().map(|r| r.name).collect();
            assert_eq!(names, expected, "{search:?}");
        }
    }

    async fn a_list_turns_its_pages_without_passing_over_anyone(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let mut filter = RegistrantFilter { limit: 2, ..Default::default() };
        let mut seen = 0;
        loop {
            let page = world.org.registrants(id, &filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some(last.id);
            seen += page.len();
        }
        assert_eq!(seen, 5);
    }

    async fn the_audience_counts_each_person_once(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        suppress(&world, "90000 00002", Some(Channel::Sms)).await;
        suppress(&world, "90000 00002", None).await;
        suppress(&world, "90000 00009", None).await;
        let a = world.org.audience(id, Channel::Sms, Category::Utility).await.unwrap();
        assert_eq!((a.total, a.reachable, a.missing_phone, a.invalid, a.duplicate, a.suppressed), (5, 1, 1, 1, 1, 1));
        assert_eq!((a.with_email, a.without_name), (2, 0));
        assert_eq!(a.total, a.reachable + a.missing_phone + a.invalid + a.duplicate + a.suppressed + a.bad_value);
    }

    async fn a_suppression_for_one_channel_or_category_leaves_the_others(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let entry = NewSuppression { category: Some(Category::Marketing), ..entry("90000 00001", Some(Channel::Sms)) };
        world.org.suppress(entry, NOW).await.unwrap();
        let suppressed = |channel, category| {
            let world = world.clone();
            async move { world.org.audience(id, channel, category).await.unwrap().suppressed }
        };
        assert_eq!(suppressed(Channel::Sms, Category::Marketing).await, 1);
        assert_eq!(suppressed(Channel::Sms, Category::Utility).await, 0);
        assert_eq!(suppressed(Channel::WhatsappPersonal, Category::Marketing).await, 0);
    }

    async fn who_gives_the_place_back_hands_the_number_to_the_next(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let asha = all(&world, id).await[0].id;
        for status in [RegistrantStatus::Cancelled, RegistrantStatus::Refunded, RegistrantStatus::Registered] {
            world.org.set_registrant_status(id, asha, status, NOW).await.unwrap();
            assert_counters_agree(&world, id).await;
            let brother = all(&world, id).await.swap_remove(1);
            assert_eq!(brother.mark.is_none(), status != RegistrantStatus::Registered, "{status}");
        }
        let no_number = all(&world, id).await[3].id;
        world.org.set_registrant_status(id, no_number, RegistrantStatus::Cancelled, NOW).await.unwrap();
        assert_counters_agree(&world, id).await;
    }

    async fn who_gives_the_place_back_is_not_told_what_still_waits(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let asha = all(&world, id).await[0].id;
        let open = world.broadcast(id, "paused", (asha, "+919000000001")).await;
        let ended = world.broadcast(id, "cancelled", (asha, "+919000000001")).await;
        let changed = world.org.set_registrant_status(id, asha, RegistrantStatus::Refunded, NOW).await.unwrap();
        assert_eq!(changed.messages_skipped, 1);
        let told = |id: domain::ids::BroadcastId| world.text(format!(
            "SELECT state || ' ' || reason FROM messages WHERE broadcast_id = {}", world.id(id.0)
        ));
        assert_eq!(told(open).await, "skipped not_registered");
        assert_eq!(told(ended).await, "waiting ");
        let n = |state: &'static str| world.number(format!(
            "SELECT n FROM broadcast_counts WHERE broadcast_id = {} AND state = '{state}'", world.id(open.0)
        ));
        assert_eq!((n("waiting").await, n("skipped").await), (0, 1));
        let again = world.org.set_registrant_status(id, asha, RegistrantStatus::Refunded, NOW).await.unwrap();
        assert_eq!(again.messages_skipped, 0);
    }

    async fn another_organisation_adds_and_sees_nobody(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), crowd(), NOW).await.unwrap();
        let asha = all(&world, id).await[0].id;
        let added = world.other.add_registrant(id, person("x", "90000 00009", ""), NOW).await;
        assert!(matches!(added, Err(StoreError::Missing)));
        let filter = RegistrantFilter { limit: 10, ..Default::default() };
        assert_eq!(world.other.registrants(id, &filter).await.unwrap(), []);
        assert!(matches!(world.other.registrant(id, asha).await, Err(StoreError::Missing)));
        let set = world.other.set_registrant_status(id, asha, RegistrantStatus::Cancelled, NOW).await;
        assert!(matches!(set, Err(StoreError::Missing)));
        assert_eq!(world.other.registrant_counts(id).await.unwrap(), RegistrantCounts::default());
        let audience = world.other.audience(id, Channel::Sms, Category::Utility).await.unwrap();
        assert_eq!((audience.total, audience.suppressed), (0, 0));
    }

    async fn an_agent_adds_people_and_a_viewer_does_not(world) {
        let id = world.workshop("Excel").await;
        let agent = world.as_role(Role::Agent);
        agent.add_registrant(id, person("Asha", "90000 00001", ""), NOW).await.unwrap();
        let asha = all(&world, id).await[0].id;
        let set = agent.set_registrant_status(id, asha, RegistrantStatus::Cancelled, NOW).await;
        assert!(matches!(set, Err(StoreError::Forbidden)));
        let added = world.as_role(Role::Viewer).add_registrant(id, person("B", "90000 00002", ""), NOW).await;
        assert!(matches!(added, Err(StoreError::Forbidden)));
    }
}

fn entry(phone: &str, channel: Option<Channel>) -> NewSuppression {
    let phone = Phone::parse(phone, Country::INDIA).unwrap();
    NewSuppression {
        phone_key: format!("key of {}", phone.as_str()),
        phone,
        channel,
        category: None,
        reason: "asked".into(),
    }
}

async fn suppress(world: &World, phone: &str, channel: Option<Channel>) {
    world.org.suppress(entry(phone, channel), NOW).await.unwrap();
}
