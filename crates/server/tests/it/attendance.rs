//! A report of attendance is looked at before it is taken over, and chooses people afterwards.

use axum::http::StatusCode;
use domain::{
    broadcast::Audience,
    name::PersonName,
    phone::{Country, Phone},
    time::{MINUTE, Zone},
    told::Purpose,
};
use store::{on_both, registrants::NewRegistrant, told::Selection};

use crate::home::{CONFIRM, Scene};

/// The three people of the scene have the numbers 90001 00001 to 90001 00003. The workshop begins at the third hour
/// and takes two.
fn report(scene: &Scene) -> String {
    let zone = Zone::india();
    let at = |minute: i64| {
        let local = zone.local_form(scene.starts_at().plus(minute * MINUTE));
        local.replace('T', " ")
    };
    format!(
        "Attendee Details\nAttended,User Name,Email,Phone,Join Time,Leave Time,Time in Session (minutes)\n\
         Yes,A. Rao,,90001 00001,{},{},120\n\
         Yes,Somebody else,else@example.com,,{},{},40\n\
         Yes,Dev Kumar,,,{},{},60\n\
         No,Nobody,,90001 00002,--,--,--\n",
        at(0),
        at(120),
        at(0),
        at(40),
        at(10),
        at(70),
    )
}

on_both! {
    async fn a_report_is_taken_over_by_those_it_names_and_chooses_people(db: TestStore) {
        let scene = Scene::new(db).await;
        let dev = NewRegistrant {
            name: PersonName::parse("Dev Kumar"),
            phone: Phone::parse("90001 00004", Country::INDIA).ok(),
            ..NewRegistrant::default()
        };
        scene.org.add_registrant(scene.workshop, dev, scene.world.clock_now()).await.unwrap();
        let mut manager = scene.manager().await;
        let home = format!("/workshops/{}/attendance", scene.workshop);
        let before = manager.get(&format!("/?{}", scene.query())).await.body;
        assert!(!before.contains("Registered, not in the report"), "nothing is known of who was there");
        let up = manager.upload(&home, &[], "report.csv", report(&scene).as_bytes()).await;
        assert_eq!(up.status, StatusCode::SEE_OTHER, "{}", up.body);
        let look = manager.get(up.location()).await.body;
        assert!(look.contains("Take over 1 person") && look.contains("Also take 1 person found by name alone"), "{look}");
        assert!(look.contains("Somebody else") && look.contains("1 person that did not come"), "{look}");
        assert!(scene.org.attendance_report(scene.workshop).await.unwrap().is_none(), "looking takes nothing");
        assert!(look.contains("people in the report are registrants") && look.contains("1 of 4 registrants attended"), "{look}");
        let taken = manager.post(up.location(), &[]).await;
        assert_eq!(taken.location(), home, "{}", taken.body);
        assert!(manager.get(&home).await.body.contains("1 of 4 registrants attended."), "it says of how many");
        let said = scene.org.attendance_report(scene.workshop).await.unwrap().unwrap();
        assert_eq!((said.attended, said.left_early, said.absent, said.unknown), (1, 0, 3, 2), "{said:?}");

        // By name one more person is found, who left at the seventieth minute. The second report replaces the first.
        let up = manager.upload(&home, &[], "report.csv", report(&scene).as_bytes()).await;
        manager.post(up.location(), &[("by_name", "on")]).await;
        let said = scene.org.attendance_report(scene.workshop).await.unwrap().unwrap();
        assert_eq!((said.attended, said.left_early, said.absent, said.unknown), (2, 1, 2, 1), "{said:?}");
        let list = manager.get(&format!("/workshops/{}", scene.workshop)).await.body;
        assert!(list.contains("Attended, 120 min") && list.contains("Left early, 60 min"), "{list}");
        assert_eq!(list.matches(">Absent<").count(), 2, "{list}");

        // The people who are chosen are those who are counted.
        for (who, expected) in [(Audience::Attended, "Send to 2 people"), (Audience::LeftEarly, "Send to 1 person"), (Audience::Absent, "Send to 2 people")] {
            let asked = manager.get(&format!("{CONFIRM}?{}&who={who}", scene.query())).await.body;
            assert!(asked.contains(expected), "{who}: {asked}");
        }
        let gone = manager.post(&format!("{home}/remove"), &[]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER);
        let nobody = manager.get(&format!("{CONFIRM}?{}&who={}", scene.query(), Audience::Absent)).await.body;
        assert!(!nobody.contains("Send to"), "without a report nobody is absent: {nobody}");
    }

    async fn a_report_that_says_nothing_is_refused_and_one_of_another_organisation_is_not_there(db: TestStore) {
        let scene = Scene::new(db).await;
        let home = format!("/workshops/{}/attendance", scene.workshop);
        let mut manager = scene.manager().await;
        let refused = manager.upload(&home, &[], "list.csv", b"Name,Mobile\nAsha,90001 00001\n").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("No table of this file says who was there"), "{}", refused.body);
        let up = manager.upload(&home, &[], "report.csv", report(&scene).as_bytes()).await;
        let look = up.location().to_owned();
        drop(manager);
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        assert_eq!(stranger.get(&look).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.post(&look, &[]).await.status, StatusCode::NOT_FOUND);
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        assert_eq!(viewer.get(&home).await.status, StatusCode::OK);
        assert_eq!(viewer.get(&look).await.status, StatusCode::FORBIDDEN);
    }

    async fn a_word_that_is_neither_yes_nor_no_is_named_and_adds_nobody(db: TestStore) {
        let scene = Scene::new(db).await;
        let home = format!("/workshops/{}/attendance", scene.workshop);
        let mut manager = scene.manager().await;
        let list = "Name,Mobile,Attended\nOne,90001 00001,Yes\nTwo,90001 00002,maybe\nThree,90001 00003,\n";
        let up = manager.upload(&home, &[], "list.csv", list.as_bytes()).await;
        let look = manager.get(up.location()).await.body;
        assert!(look.contains("1 row says neither yes nor no under “Attended”") && look.contains("“maybe”"), "{look}");
        assert!(look.contains("Take over 1 person"), "{look}");
        manager.post(up.location(), &[]).await;
        let said = scene.org.attendance_report(scene.workshop).await.unwrap().unwrap();
        assert_eq!((said.attended, said.absent), (1, 2), "{said:?}");
    }

    async fn whoever_is_erased_leaves_the_attendance_too(db: TestStore) {
        let scene = Scene::new(db).await;
        let home = format!("/workshops/{}/attendance", scene.workshop);
        let mut manager = scene.manager().await;
        let up = manager.upload(&home, &[], "report.csv", report(&scene).as_bytes()).await;
        manager.post(up.location(), &[]).await;
        drop(manager);
        let phone = Phone::from_stored("+919000100001").unwrap();
        let now = scene.world.clock_now();
        let before = scene.org.attendance_report(scene.workshop).await.unwrap().unwrap();
        assert_eq!((before.attended, before.absent), (1, 2), "{before:?}");
        scene.org.forget_number(&phone, &scene.world.app.phone_key, now).await.unwrap();
        let said = scene.org.attendance_report(scene.workshop).await.unwrap().unwrap();
        assert_eq!((said.attended, said.absent), (0, 2), "nobody misses whoever was erased: {said:?}");
        let absent = Selection::everyone(scene.workshop, Purpose::default(), now).of(Audience::Absent);
        assert_eq!(scene.org.audience_reader().count(&absent).await.unwrap(), 2);
        let list = scene.manager().await.get(&format!("/workshops/{}", scene.workshop)).await.body;
        assert_eq!(list.matches(">Absent<").count(), 2, "{list}");
    }
}
