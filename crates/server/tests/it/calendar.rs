//! The calendar of a week.

use axum::http::StatusCode;
use domain::time::{DAY, HOUR, MINUTE};
use store::on_both;

use crate::{home::Scene, rehearsals::plan};

on_both! {
    async fn the_week_shows_workshops_and_steps_at_their_day_and_hour_and_nothing_of_others(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 30]).await;
        let mut manager = scene.manager().await;
        // It is Friday 4 October 2024, 5:30 AM in India: the week began on Monday, 30 September.
        let page = manager.get("/calendar").await;
        assert_eq!(page.status, StatusCode::OK);
        let body = page.body.replace('\u{a0}', " ");
        let day = |words: &str| body.find(&format!("m-cal__head\">{words}")).or_else(|| body.find(&format!(">{words}<")));
        let (monday, friday, sunday) = (day("Mon 30 Sep"), day("Fri 4 Oct"), day("Sun 6 Oct"));
        assert!(monday.is_some() && monday < friday && friday < sunday, "{body}");
        // The steps lie two hours and half an hour before 8:30 AM, and the workshop itself at that time, in this
        // order.
        let places = ["6:30 AM", "Step 120", "8:00 AM", "Step 30", "8:30 AM", "3 registrants"].map(|words| body.find(words));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {body}");
        assert!(body.contains("2 steps") && !body.contains("Nothing is planned"), "{body}");
        let next = manager.get("/calendar?week=1").await.body;
        assert!(next.contains("Nothing is planned in this week") && !next.contains("Step 120"), "{next}");
        for odd in ["-1", "x", "99999999999999999999", "%00", "-520"] {
            assert_eq!(manager.get(&format!("/calendar?week={odd}")).await.status, StatusCode::OK, "{odd}");
        }
        let stranger = scene.world.signed_in(&scene.people.stranger).await.get("/calendar").await.body;
        assert!(!stranger.contains("Step 120") && !stranger.contains("friends"), "{stranger}");
    }

    async fn a_step_that_somebody_took_out_or_of_a_cancelled_workshop_is_not_in_the_week(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 30]).await;
        let now = scene.world.clock_now();
        let org = &scene.org;
        let all = org.steps_between(now, now.plus(DAY), 10).await.unwrap();
        let dues: Vec<_> = all.iter().map(|step| (step.label.as_str(), step.due.since(now))).collect();
        assert_eq!(dues, [("Step 120", HOUR), ("Step 30", 2 * HOUR + 30 * MINUTE)]);
        org.cancel_row(all[0].row, now).await.unwrap();
        assert_eq!(org.steps_between(now, now.plus(DAY), 10).await.unwrap().len(), 1);
        // The end of a week belongs to the next week.
        assert_eq!(org.steps_between(now, all[1].due, 10).await.unwrap().len(), 0);
        org.cancel_workshop(scene.workshop, now).await.unwrap();
        assert!(org.steps_between(now, now.plus(DAY), 10).await.unwrap().is_empty());
    }

    async fn the_operator_sees_which_step_comes_next_and_how_long_one_waits(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 30]).await;
        let mut manager = scene.manager().await;
        let page = manager.get("/operator").await.body.replace('\u{a0}', " ");
        let (_, card) = page.split_once("Next steps due").expect("a card");
        assert!(card.find("Step 120").is_some_and(|first| Some(first) < card.find("Step 30")), "{card}");
        assert!(card.contains("in 1 h"), "{card}");
        // Nobody looks at the plans for a while.
        scene.world.clock.advance(HOUR + 10 * MINUTE);
        let page = manager.get("/operator").await.body.replace('\u{a0}', " ");
        assert!(page.contains("due for 10 min") || page.contains("due for 10 m"), "{page}");
        scene.world.app.engine.schedule().await.unwrap();
        let page = manager.get("/operator").await.body;
        assert!(page.contains("Plans looked at"), "{page}");
        let stranger = scene.world.signed_in(&scene.people.stranger).await.get("/operator").await.body;
        assert!(!stranger.contains("Step 120"), "{stranger}");
    }

    async fn one_person_is_drawn_on_the_axis_with_their_own_moments(db: TestStore) {
        let scene = Scene::new(db).await;
        plan(&scene, &[120, 30]).await;
        let mut manager = scene.manager().await;
        let filter = store::registrants::RegistrantFilter { limit: 10, ..Default::default() };
        let people = scene.org.registrants(scene.workshop, &filter).await.unwrap();
        let asha = people.iter().find(|one| one.name == "Asha Rao").unwrap().id;
        let page = manager.get(&format!("/workshops/{}/plan?person={asha}", scene.workshop)).await.body;
        let axis = page.find("What does Asha Rao get?").expect("the axis");
        let table = page.find("What Asha Rao gets").expect("the table");
        assert!(axis < table, "the axis stands above the table");
        for key in ["m120", "m30"] {
            let row = format!("id=\"step-{key}\"");
            assert!(page.contains(&format!("href=\"#step-{key}\"")) && page.matches(&row).count() == 1, "{page}");
        }
        assert!(page[axis..table].matches("Gets it").count() >= 2, "{page}");
    }
}
