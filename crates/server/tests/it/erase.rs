//! Erasing a person, and how long people are kept.

use axum::http::StatusCode;
use domain::{
    message::Next,
    time::{DAY, HOUR},
};
use store::{
    Actor, on_both,
    work::{Endings, Record, Want},
};

use crate::world::{People, World};

const SETTINGS: &str = "/settings/organisation";

fn person(people: &People) -> String {
    let (_, id) = people.records.iter().find(|(name, _)| *name == "{person}").unwrap();
    format!("/people/{id}")
}

on_both! {
    async fn who_asks_what_is_kept_is_told_nothing_of_somebody_with_the_same_number(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get("/people/number/919000000001").await.location().to_owned();
        let export = async |manager: &mut crate::world::Browser<'_>| {
            let answer = manager.post(&format!("{page}/export"), &[]).await;
            serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()
        };
        let alone = export(&mut manager).await;
        assert_eq!((alone["registrations"].as_array().unwrap().len(), &alone["registrations_of_others_with_this_number"]), (1, &0.into()));
        let tara = [("name", "Tara Sen"), ("phone", "90000 00001"), ("email", "tara@list.example")];
        let added = manager.post(&format!("/workshops/{}/registrants", record(&people, "{workshop}")), &tara).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
        let shared = export(&mut manager).await;
        assert_eq!(shared["registrations"], alone["registrations"]);
        assert_eq!(shared["registrations_of_others_with_this_number"], 1);
        let text = shared.to_string();
        assert!(!text.contains("Tara") && !text.contains("tara@list"), "{text}");
    }

    async fn an_admin_erases_a_person_after_a_question_and_the_file_goes_too(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        assert!(!manager.get(&person(&people)).await.body.contains("Erase this person"), "for admins");

        // An imported file is removed at once, because nobody needs it again.
        let file = b"Name,Phone\nMeena,90000 00007\n";
        let uploaded = manager.upload("/imports", &[("workshop", workshop)], "people.csv", file).await;
        let import = uploaded.location().trim_end_matches("/columns").to_owned();
        let folder = world.app.config.data.join("imports").join(people.first.to_string());
        let kept = || std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(kept(), 1);
        manager.post(&format!("{import}/columns"), &[("name", "0"), ("phone", "1")]).await;
        let answer = manager.post(&format!("{import}/commit"), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(kept(), 0);

        let mut admin = world.signed_in(&people.admin).await;
        assert!(admin.get(&person(&people)).await.body.contains("Erase this person"));
        let asked = admin.get(&format!("{}/erase", person(&people))).await;
        assert!(asked.body.contains("Erase everything about +91 90000 00001?"), "{}", asked.body);
        let done = admin.post(&format!("{}/erase", person(&people)), &[]).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/people"));
        assert!(admin.get("/people").await.body.contains("Erased: 1 registration and 0 messages."));
        assert_eq!(admin.get(&person(&people)).await.status, StatusCode::NOT_FOUND);
        let list = admin.get(&format!("/workshops/{workshop}")).await;
        assert!(list.body.contains("Erased person") && !list.body.contains("90000 00001"), "{}", list.body);
        let audit = admin.get("/settings/audit").await;
        assert!(audit.body.contains("Erased a person") && !audit.body.contains("9000000001"), "{}", audit.body);
    }

    async fn erasing_is_refused_with_the_broadcast_that_stands_in_the_way(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let filter = store::suppressions::SuppressionFilter { limit: 9, ..Default::default() };
        for entry in org.suppressions(&filter).await.unwrap() {
            org.unsuppress(entry.id, "", world.clock_now()).await.unwrap();
        }
        let broadcast = crate::broadcast::planned(&world, &people).await;
        let mut admin = world.signed_in(&people.admin).await;
        let refused = admin.post(&format!("{}/erase", person(&people)), &[]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        for words in ["A message to this number is waiting or under way.", "“1-hour reminder”", &format!("/broadcasts/{broadcast}")] {
            assert!(refused.body.contains(words), "{words}: {}", refused.body);
        }
        assert_eq!(admin.get(&person(&people)).await.status, StatusCode::OK, "nothing was erased");

        admin.post(&format!("/broadcasts/{broadcast}/cancel"), &[]).await;
        world.app.engine.settle().await.unwrap();
        let done = admin.post(&format!("{}/erase", person(&people)), &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let page = admin.get(&format!("/broadcasts/{broadcast}")).await;
        assert!(page.body.contains("Erased person") && page.body.contains("Number erased"), "{}", page.body);
        assert!(!page.body.contains("90000 00001"));
        let message = admin.get(&format!("/broadcasts/{broadcast}/messages/1")).await;
        assert_eq!(message.status, StatusCode::OK);
        assert!(message.body.contains("Erased person") && !message.body.contains("Open person"), "{}", message.body);
    }

    async fn people_are_kept_for_as_long_as_an_admin_says_and_the_page_tells_what_was_done(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await; // a workshop that ends in two days
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(SETTINGS).await;
        assert!(page.body.contains("Admins can change this."), "{}", page.body);
        let mut admin = world.signed_in(&people.admin).await;
        let refused = admin.post(&format!("{SETTINGS}/retention"), &[("keep_days", "3")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("7 to 3650 days") && refused.body.contains(r#"value="3""#), "{}", refused.body);
        let saved = admin.post(&format!("{SETTINGS}/retention"), &[("keep_days", "30")]).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "nothing is due yet, so nothing is asked");
        assert_eq!(world.app.engine.forget().await.unwrap(), 1);
        let page = admin.get(SETTINGS).await;
        assert!(page.body.contains("Last looked") && !page.body.contains("Last erased"), "{}", page.body);

        world.clock.advance(32 * DAY);
        let mut admin = world.signed_in(&people.admin).await;
        let asked = admin.post(&format!("{SETTINGS}/retention"), &[("keep_days", "20")]).await;
        assert!(asked.body.contains("Erase the people of 1 workshop now?"), "{}", asked.body);
        let sure = [("keep_days", "20"), ("sure", "yes")];
        assert_eq!(admin.post(&format!("{SETTINGS}/retention"), &sure).await.status, StatusCode::SEE_OTHER);
        world.clock.advance(HOUR);
        assert_eq!(world.app.engine.forget().await.unwrap(), 1);
        let page = admin.get(SETTINGS).await;
        assert!(page.body.contains("Last erased Today") && page.body.contains("1 workshop, 1 registration"), "{}", page.body);
        assert_eq!(world.app.engine.work().differences().await.unwrap(), vec![]);
        assert_eq!(admin.get(&person(&people)).await.status, StatusCode::NOT_FOUND);
        // The opt-out is still there, found by its hash.
        assert!(admin.get("/people/opted-out").await.body.contains("Erased number"));
    }

    async fn erasing_reaches_uploads_that_nobody_imported_yet(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let mut admin = world.signed_in(&people.admin).await;
        let fields = [("workshop", workshop.as_str())];
        let with = admin.upload("/imports", &fields, "a.csv", "Name,Phone\nAsha,90000 00001\n".as_bytes()).await;
        let without = admin.upload("/imports", &fields, "b.csv", "Name,Phone\nRavi,90000 00002\n".as_bytes()).await;
        assert_eq!((with.status, without.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        let chosen = [("channel", "all"), ("category", "all"), ("reason", "Asked for it")];
        let list = admin.upload("/people/opted-out/import", &chosen, "list.csv", b"Phone\n9000000001\n").await;
        assert_eq!(list.status, StatusCode::SEE_OTHER, "{}", list.body);

        let done = admin.post(&format!("{}/erase", person(&people)), &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert!(admin.get("/people").await.body.contains("2 uploads with the number removed."));
        let page = admin.get(with.location()).await;
        assert!(page.body.contains("This file is no longer here"), "{}", page.body);
        assert_eq!(admin.get(list.location()).await.status, StatusCode::NOT_FOUND);
        assert!(!admin.get(without.location()).await.body.contains("no longer here"), "others stay");
    }

    async fn an_upload_that_nobody_finishes_goes_away_and_there_is_room_for_so_many(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let fields = [("workshop", workshop.as_str())];
        let file = b"Name,Phone\nRavi,90000 00002\n";
        for n in 0..50 {
            let taken = manager.upload("/imports", &fields, "a.csv", file).await;
            assert_eq!(taken.status, StatusCode::SEE_OTHER, "{n}: {}", taken.body);
        }
        let refused = manager.upload("/imports", &fields, "a.csv", file).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("50 uploaded files"), "{}", refused.body);
        let folder = world.app.config.data.join("imports").join(people.first.to_string());
        let kept = || std::fs::read_dir(&folder).unwrap().count();
        world.clock.advance(6 * DAY);
        world.app.engine.tidy().await.unwrap();
        assert_eq!(kept(), 50);
        world.clock.advance(2 * DAY);
        world.app.engine.tidy().await.unwrap();
        assert_eq!(kept(), 0);
    }
}

on_both! {
    async fn every_list_taken_away_as_a_file_stands_in_the_audit_log_without_what_was_searched_for(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let broadcast = told(&world, &people).await;
        let workshop = record(&people, "{workshop}");
        let registrants = format!("/workshops/{workshop}/registrants.csv");
        let messages = format!("/broadcasts/{broadcast}/export");
        let opted_out = "/people/opted-out/export".to_owned();
        // A member who may not export leaves no entry in the log.
        let mut viewer = world.signed_in(&people.viewer).await;
        for path in [&registrants, &messages, &opted_out] {
            assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let mut manager = world.signed_in(&people.manager).await;
        for path in [&registrants, &messages, &opted_out] {
            let search = format!("{path}?q=90000+00001");
            assert_eq!(manager.get(path).await.status, StatusCode::OK, "{path}");
            assert_eq!(manager.get(&search).await.status, StatusCode::OK, "{search}");
        }
        let org = world.app.store.org(Actor::command_line(people.first));
        let kept = org.audit_log(None, 100).await.unwrap();
        let mut kept: Vec<_> = kept
            .iter()
            .filter(|entry| entry.action.ends_with(".exported"))
            .map(|entry| (entry.action.as_str(), entry.subject.clone(), entry.detail.as_str()))
            .collect();
        // All entries have one moment, so the log has no order of its own among them.
        kept.sort_unstable();
        assert_eq!(
            kept,
            [
                ("broadcast.exported", broadcast.clone(), "all"),
                ("broadcast.exported", broadcast, "those of a filter"),
                ("registrants.exported", workshop.clone(), "all"),
                ("registrants.exported", workshop.clone(), "those of a filter"),
                ("suppressions.exported", String::new(), "all"),
                ("suppressions.exported", String::new(), "those of a filter"),
            ]
        );
        let log = world.signed_in(&people.admin).await.get("/settings/audit").await.body;
        for words in ["Exported a workshop’s registrants", "Exported a broadcast’s messages", "Exported the opted-out list"] {
            assert!(log.contains(words), "{words}: {log}");
        }
        assert!(!log.contains("00001"), "{log}");
    }
}

on_both! {
    async fn what_is_kept_about_a_person_is_one_file_for_managers_and_stands_in_the_audit_log(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let broadcast = told(&world, &people).await;
        let page = person(&people);
        for viewer in [&people.viewer, &people.agent] {
            let mut viewer = world.signed_in(viewer).await;
            assert!(!viewer.get(&page).await.body.contains("Download what is kept"));
            assert_eq!(viewer.post(&format!("{page}/export"), &[]).await.status, StatusCode::FORBIDDEN);
        }
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get(&page).await.body.contains("Download what is kept"));
        // The number was corrected since, and messages to the old number are about the same person.
        let correct = format!("/workshops/{}/registrants/{}/correct", record(&people, "{workshop}"), record(&people, "{registrant}"));
        manager.post(&correct, &[("name", "Asha Menon"), ("phone", "90000 00778"), ("email", "menon@udaan.example")]).await;
        let now = manager.get("/people/number/919000000778").await;
        let now = now.location().to_owned();
        let shown = manager.get(&now).await;
        for says in ["1 message went to +91 90000 00001, which was this person’s number before.", "to the former number +91 90000 00001"] {
            assert!(shown.body.contains(says), "{says}: {}", shown.body);
        }
        let old = manager.get(&page).await;
        assert!(old.body.contains("This number was corrected to +91 90000 00778."), "{}", old.body);

        let answer = manager.post(&format!("{now}/export"), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let named = answer.headers["content-disposition"].to_str().unwrap();
        assert!(named.starts_with("attachment; filename=\"person-"), "{named}");
        let file: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(file["person"]["number"], "+919000000778");
        assert_eq!(file["registrations"][0]["email"], "menon@udaan.example");
        assert_eq!(file["messages"][0]["to"], "+919000000001");
        assert_eq!(file["messages"][0]["former_number"], true);
        assert_eq!(file["messages"][0]["text"], "Hi there.");
        assert_eq!(file["messages"][0]["state"], "Delivered");
        assert_eq!(file["messages"][0]["receipts"].as_array().unwrap().len(), 1);
        assert_eq!(file["corrections"][0]["number"], serde_json::json!({ "before": "+919000000001", "after": "+919000000778" }));
        assert_eq!(file["whatsapp_user_ids"][0]["id"], "IN.1234567890");
        assert!(!answer.body.contains("9000000009"), "another person of the same post: {}", answer.body);
        let audit = world.signed_in(&people.admin).await.get("/settings/audit").await;
        assert!(audit.body.contains("Downloaded what is kept about a person") && !audit.body.contains("9000000778"), "{}", audit.body);

        // The command line writes the same file, and never overwrites one.
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("asha.json");
        munadi::commands::person::export(&world.app, "90000 00778", None, Some(&to)).await.unwrap_err();
        let first = Some("Udaan Academy");
        munadi::commands::person::export(&world.app, "90000 00778", first, Some(&to)).await.unwrap();
        let written: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&to).unwrap()).unwrap();
        assert_eq!((&written["messages"], &written["registrations"]), (&file["messages"], &file["registrations"]));
        let again = munadi::commands::person::export(&world.app, "90000 00778", first, Some(&to)).await.unwrap_err();
        assert!(again.to_string().contains("is it there already?"), "{again}");
        let nobody = munadi::commands::person::export(&world.app, "90000 99999", first, None).await.unwrap_err();
        assert!(nobody.to_string().contains("nobody with the number +919000099999"), "{nobody}");

        // The person is erased from the page, with WhatsApp's id of them and the messages to the old number.
        let mut admin = world.signed_in(&people.admin).await;
        let asked = admin.get(&format!("{now}/erase")).await;
        assert!(asked.body.contains("of them 1 to a number that was corrected"), "{}", asked.body);
        admin.post(&format!("{now}/erase"), &[]).await;
        assert!(admin.get("/people").await.body.contains("Erased: 1 registration and 1 message."));
        let list = admin.get(&format!("/broadcasts/{broadcast}")).await;
        assert!(!list.body.contains("90000 00001") && list.body.contains("Number erased"), "{}", list.body);
    }
}

fn record(people: &People, wanted: &str) -> String {
    people.records.iter().find(|(name, _)| *name == wanted).unwrap().1.clone()
}

/// A broadcast that sent the person a message. Its receipt carried WhatsApp's id of the person, and named somebody
/// else's number as well.
async fn told(world: &World, people: &People) -> String {
    let org = world.app.store.org(Actor::command_line(people.first));
    let filter = store::suppressions::SuppressionFilter { limit: 9, ..Default::default() };
    for entry in org.suppressions(&filter).await.unwrap() {
        org.unsuppress(entry.id, "", world.clock_now()).await.unwrap();
    }
    let id = crate::broadcast::planned(world, people).await;
    let (work, now) = (world.app.engine.work(), world.clock_now());
    let turn = work.turn(&Endings::default(), &[Want::rows(id, 1)], &world.app.phone_key, now).await.unwrap();
    let row = turn.claimed.first().expect("one is claimed");
    let next = Next::Sent { provider_id: Some("p-1".to_owned()), cost: None };
    let record = Record { message: row.message, attempt: row.attempt, next, at: now };
    work.turn(&vec![record].into(), &[], &world.app.phone_key, now).await.unwrap();
    let post = serde_json::json!({ "id": "ntf_1", "topic": "message.status.updated", "data": { "message": {
        "id": "m1", "status": "DELIVERED", "submitted_message_id": "p-1", "phone_number": "919000000001",
        "user_id": "IN.1234567890", "also": "919000000009",
    } } });
    let address = format!("/callbacks/{}", world.app.keys.callback_key(people.integration));
    assert_eq!(crate::callbacks::post_signed(world, &address, &post.to_string()).await, StatusCode::OK);
    world.app.engine.apply_receipts().await.unwrap();
    id.to_string()
}

/// The test runs on SQLite alone: the files of PostgreSQL are its own.
#[tokio::test]
async fn an_erased_number_is_nowhere_in_the_database_s_files() {
    let db = store::testing::sqlite().await;
    let world = World::new(&db).await;
    let people = world.people().await;
    let holds = || {
        let files = std::fs::read_dir(db.folder()).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap());
        files.into_iter().any(|bytes| bytes.windows(10).any(|window| window == b"9000000001"))
    };
    assert!(holds(), "needs a number to erase");
    let mut admin = world.signed_in(&people.admin).await;
    let done = admin.post(&format!("{}/erase", person(&people)), &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert!(!holds());
}
