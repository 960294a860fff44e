//! Workshops, registrants, people and who opted out, over HTTP.

use axum::http::StatusCode;
use domain::time::{DAY, HOUR, Zone};
use store::{Actor, on_both};

use crate::{
    broadcast::planned,
    retarget::over,
    world::{People, World},
};

fn record(people: &People, name: &str) -> String {
    people.records.iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

on_both! {
    async fn a_workshop_is_entered_changed_and_cancelled(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let form = [("title", "एक्सेल <b>"), ("starts", "2026-10-13T19:00"), ("ends", "2026-10-13T21:00"), ("join_link", "")];
        let answer = browser.post("/workshops/new", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let href = answer.location().to_owned();
        let page = browser.get(&href).await;
        assert!(page.body.contains("एक्सेल &lt;b&gt;"), "{}", page.body);
        assert!(page.body.contains("7:00\u{a0}PM"), "in the zone of the organisation: {}", page.body);
        let edit = browser.get(&format!("{href}/edit")).await;
        assert!(edit.body.contains(r#"value="2026-10-13T19:00""#), "{}", edit.body);
        let cancel = browser.get(&format!("{href}/cancel")).await;
        assert!(cancel.body.contains("No broadcast of this workshop is open."), "{}", cancel.body);
        assert_eq!(browser.post(&format!("{href}/cancel"), &[]).await.status, StatusCode::SEE_OTHER);
        assert!(browser.get(&href).await.body.contains("This workshop is cancelled."));
        assert_eq!(browser.get(&format!("{href}/edit")).await.status, StatusCode::CONFLICT);
    }

    async fn a_form_sent_twice_adds_one_workshop_and_an_old_form_takes_nothing_back(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let page = browser.get("/workshops/new").await;
        let id = page.body.split_once(r#"name="id" value=""#).unwrap().1[..36].to_owned();
        let form = [("id", id.as_str()), ("title", "Once"), ("starts", "2026-10-13T19:00"), ("ends", "2026-10-13T21:00")];
        let first = browser.post("/workshops/new", &form).await;
        let second = browser.post("/workshops/new", &form).await;
        assert_eq!((second.status, second.location()), (StatusCode::SEE_OTHER, first.location()));
        assert_eq!(browser.get("/workshops?q=Once&when=all").await.body.matches(">Once<").count(), 1);

        // Two people have the form open; the one who saves later is told so.
        let edit = format!("{}/edit", first.location());
        let was = "Once\n2026-10-13T19:00\n2026-10-13T21:00\n\n";
        let change = |title| [("was", was), ("title", title), ("starts", "2026-10-13T19:00"), ("ends", "2026-10-13T21:00")];
        assert_eq!(browser.post(&edit, &change("Asha’s")).await.status, StatusCode::SEE_OTHER);
        let late = browser.post(&edit, &change("Ravi’s")).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        for words in ["Somebody changed this workshop meanwhile.", "It is now “Asha’s”", "Ravi’s"] {
            assert!(late.body.contains(words), "{words}: {}", late.body);
        }
        let insists = [("was", "Asha’s\n2026-10-13T19:00\n2026-10-13T21:00\n\n"), ("title", "Ravi’s"), ("starts", "2026-10-13T19:00"), ("ends", "2026-10-13T21:00")];
        assert_eq!(browser.post(&edit, &insists).await.status, StatusCode::SEE_OTHER);
    }

    async fn whoever_was_told_the_old_time_is_named_wherever_it_is_moved_until_they_are_told_the_new_one(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        // One of four people did not get the message.
        over(&world, &people, &["131026"]).await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let id = record(&people, "{workshop}").parse().unwrap();
        let was = org.workshop(id).await.unwrap().starts_at;
        let mut manager = world.signed_in(&people.manager).await;
        let (page, tell) = (format!("/workshops/{id}"), "Tell them the new time (3)");
        assert!(!manager.get(&page).await.body.contains("Tell them the new time"), "nothing was moved");
        let zone = Zone::india();
        let times = |starts: domain::time::Millis| [zone.local_form(starts), zone.local_form(starts.plus(HOUR))];

        // The workshop is moved by its form.
        let [starts, ends] = times(was.plus(2 * DAY));
        let form = [("title", "Excel"), ("starts", starts.as_str()), ("ends", ends.as_str()), ("join_link", "")];
        let saved = manager.post(&format!("{page}/edit"), &form).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let shown = manager.get(&page).await.body;
        assert!(shown.contains("3 people were told") && shown.contains(tell), "{shown}");
        let elsewhere = manager.get("/people").await.body;
        assert!(elsewhere.contains("3 people were told an old time.") && elsewhere.contains("Tell the new time (3)"), "{elsewhere}");
        assert!(!world.signed_in(&people.viewer).await.get(&page).await.body.contains(tell), "a viewer sends nothing");
        assert_eq!(org.told_old_time(id).await.unwrap().map(|old| (old.starts_at, old.people)), Some((was, 3)));

        // It is moved by *Move workshop*. Nobody was told the time in between, so the old time is still the first.
        let [starts, ends] = times(was.plus(3 * DAY));
        let asked = manager.get(&format!("{page}/move?starts={starts}&ends={ends}")).await.body;
        let at = |at: domain::time::Millis| format!("3 people were told {}, {}.", zone.date(at, world.clock_now()), zone.time(at));
        let today = format!("3 people were told Today, {}.", zone.time(was));
        assert!(asked.contains(&at(was)) || asked.contains(&today), "the time that they were told: {asked}");
        // No template here is for a new time, and none for something else stands in for it.
        let composer = manager.get(&format!("/?workshop={id}&purpose=moved")).await.body;
        assert!(composer.contains("No template here is for “New time”") && !composer.contains(r#"id="confirm""#), "{composer}");
        assert!(composer.contains("&amp;template=") && composer.contains("&amp;purpose=moved"), "{composer}");
        let revision = |asked: &str| asked.split_once(r#"name="revision" value=""#).unwrap().1.split('"').next().unwrap().to_owned();
        let rev = revision(&asked);
        let form = [("starts", starts.as_str()), ("ends", ends.as_str()), ("revision", rev.as_str())];
        let moved = manager.post(&format!("{page}/move"), &form).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
        assert_eq!(org.told_old_time(id).await.unwrap().map(|old| (old.starts_at, old.people)), Some((was, 3)));
        let [starts, ends] = times(was);
        let rev = revision(&manager.get(&format!("{page}/move?starts={starts}&ends={ends}")).await.body);
        let form = [("starts", starts.as_str()), ("ends", ends.as_str()), ("revision", rev.as_str())];
        let moved = manager.post(&format!("{page}/move"), &form).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
        assert_eq!(org.told_old_time(id).await.unwrap(), None, "it is back where it was");

        let [starts, ends] = times(was.plus(DAY));
        let rev = revision(&manager.get(&format!("{page}/move?starts={starts}&ends={ends}")).await.body);
        let form = [("starts", starts.as_str()), ("ends", ends.as_str()), ("revision", rev.as_str())];
        let moved = manager.post(&format!("{page}/move"), &form).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
        assert!(manager.get(&page).await.body.contains(tell));
        planned(&world, &people).await;
        assert_eq!(org.told_old_time(id).await.unwrap(), None, "they are being told");
        assert!(!manager.get(&page).await.body.contains("Tell them the new time"));
    }

    async fn who_shares_a_number_is_found_by_their_own_name(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let phone = || Some(domain::phone::Phone::parse("98111 22233", domain::phone::Country::INDIA).unwrap());
        let row = |name: &str| store::registrants::NewRegistrant {
            name: domain::name::PersonName::parse(name),
            phone: phone(),
            ..store::registrants::NewRegistrant::default()
        };
        let workshop = record(&people, "{workshop}").parse().unwrap();
        let rows = vec![row("Sunita Devi"), row("Ravi Devi")];
        org.add_registrants(workshop, domain::ids::ImportId::new(world.clock_now()), rows, world.clock_now()).await.unwrap();
        let mut browser = world.signed_in(&people.viewer).await;
        for (typed, name) in [("sunita", "Sunita Devi"), ("ravi+d", "Ravi Devi")] {
            let found = browser.get(&format!("/people?q={typed}")).await;
            assert!(found.body.contains(name) && found.body.contains("98111 22233"), "{name}: {}", found.body);
        }
        // A search for the number names the person who gets its messages.
        let known = org.find_people("9811122233", None, 10).await.unwrap().found;
        assert_eq!(known[0].name, "Sunita Devi");
    }

    async fn every_wrong_field_of_a_workshop_is_named_at_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        // The titles are empty, hold a character that no database keeps, or hold only invisible ones.
        for title in [" ", "\0", "\u{200B}\u{202E}"] {
            let form = [("title", title), ("starts", "13/10/2026"), ("ends", ""), ("join_link", "javascript:1"), ("tag", "x")];
            let answer = browser.post("/workshops/new", &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(answer.body.matches("class=\"m-error\"").count(), 5, "{title:?}: {}", answer.body);
        }
        let back = [("title", "A"), ("starts", "2026-10-13T19:00"), ("ends", "2026-10-13T18:00")];
        let answer = browser.post("/workshops/new", &back).await;
        assert!(answer.body.contains("The end has to be after the start."), "{}", answer.body);
    }

    async fn the_list_finds_workshops_and_survives_odd_addresses(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.viewer).await;
        assert!(browser.get("/workshops").await.body.contains("Excel"));
        assert!(browser.get("/workshops?q=exc&when=all").await.body.contains("Excel"));
        assert!(browser.get("/workshops?q=%25").await.body.contains("No title has"));
        for odd in ["?after=zzz", "?after=1_x", "?when=never", "?from=-9", "?q=%00%F0%9F%98%80"] {
            let answer = browser.get(&format!("/workshops{odd}")).await;
            assert!(!answer.status.is_server_error(), "{odd}: {}", answer.body);
        }
    }

    async fn a_person_is_added_by_hand_and_found_with_the_whole_story(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let workshop = format!("/workshops/{}", record(&people, "{workshop}"));
        let add = format!("{workshop}/registrants");
        let wrong = browser.post(&add, &[("name", "Meera"), ("phone", "12"), ("email", "x")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("too short") && wrong.body.contains("needs an @"), "{}", wrong.body);
        let form = [("name", "Meera Iyer"), ("phone", "90000 00077"), ("email", "")];
        assert_eq!(browser.post(&add, &form).await.status, StatusCode::SEE_OTHER);
        let page = browser.get(&format!("{workshop}?q=meera")).await;
        assert!(page.body.contains("+91 90000 00077"), "{}", page.body);
        assert!(browser.get("/people?q=00077").await.body.contains("Meera Iyer"));
        let found = browser.get("/people/number/919000000077").await;
        let story = browser.get(found.location()).await;
        assert!(story.body.contains("Excel") && story.body.contains("Meera Iyer"), "{}", story.body);
        for which in ["no_phone", "invalid_phone", "duplicate", "suppressed", "no_name", "cancelled", "refunded", "odd"] {
            assert_eq!(browser.get(&format!("{workshop}?which={which}")).await.status, StatusCode::OK, "{which}");
        }
        assert_eq!(browser.get("/people/number/abc").await.status, StatusCode::NOT_FOUND);
    }

    async fn a_status_is_set_and_an_unknown_one_is_refused(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let (workshop, registrant) = (record(&people, "{workshop}"), record(&people, "{registrant}"));
        let href = format!("/workshops/{workshop}/registrants/{registrant}/status");
        assert_eq!(browser.post(&href, &[("status", "gone")]).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(browser.post(&href, &[("status", "refunded")]).await.status, StatusCode::SEE_OTHER);
        let org = world.app.store.org(Actor::command_line(people.first));
        assert_eq!(org.registrant_counts(workshop.parse().unwrap()).await.unwrap().refunded, 1);
    }

    async fn who_opts_out_is_listed_once_and_can_be_taken_away(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.manager).await;
        let form = [("phone", "90000 00088"), ("channel", "sms"), ("category", "all"), ("reason", "asked on the phone")];
        assert_eq!(browser.post("/people/opted-out", &form).await.status, StatusCode::SEE_OTHER);
        let twice = browser.post("/people/opted-out", &form).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.body.contains("has that entry already"), "{}", twice.body);
        let wrong = browser.post("/people/opted-out", &[("phone", ""), ("channel", "pigeon")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.body.matches("class=\"m-error\"").count(), 4, "{}", wrong.body);
        let page = browser.get("/people/opted-out?q=00088").await;
        assert!(page.body.contains("everything on SMS"), "{}", page.body);
        let remove = format!("/people/opted-out/{}/remove", record(&people, "{entry}"));
        assert_eq!(browser.post(&remove, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.post(&remove, &[]).await.status, StatusCode::NOT_FOUND);
    }
}
