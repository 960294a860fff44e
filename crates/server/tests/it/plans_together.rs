//! Running plans that an edited sequence or another time zone concerns: one page shows what changes for each, with a
//! tick for each and one confirmation.

use axum::http::StatusCode;
use domain::{
    ids::{SequenceId, WorkshopId},
    sequence::{Anchor, RowState, Step, StepAudience, StepKey, Timing, Until},
    time::{DAY, HOUR, MINUTE, Millis, Zone},
};
use store::{on_both, plans::WorkshopPlan, sequences::SequenceDraft, workshops::WorkshopDraft};

use crate::home::{Scene, fields, post};

const REVIEW: &str = "/plans/review";

fn a_step(scene: &Scene, key: &str, timing: Timing) -> Step {
    Step {
        key: StepKey::stored(key.to_owned()),
        label: key.to_owned(),
        channel: domain::channel::Channel::WhatsappPersonal,
        template: scene.template,
        account: Some(scene.account),
        anchor: Anchor::Start,
        timing,
        purpose: "reminder".to_owned(),
        until: Until::Minutes(30),
        audience: StepAudience::NotTold,
        late: Default::default(),
        wait_out_quiet: false,
        rung: None,
    }
}

fn draft(steps: Vec<Step>) -> SequenceDraft {
    SequenceDraft { name: "Evening".to_owned(), description: String::new(), steps }
}

/// Three workshops days ahead that follow one sequence: a clock time on the day before, and an hour before the start.
async fn three(scene: &Scene) -> (SequenceId, [WorkshopId; 3]) {
    let now = scene.world.clock_now();
    let steps = vec![
        a_step(scene, "day_before", Timing::At { days: -1, minute: 660 }),
        a_step(scene, "an_hour", Timing::before(60)),
    ];
    let sequence = scene.org.add_sequence(&draft(steps), now).await.unwrap();
    let mut workshops = Vec::new();
    for (n, title) in [(3, "Excel"), (4, "Canva"), (5, "Python")] {
        let starts_at = now.plus(n * DAY);
        let draft = WorkshopDraft {
            title: title.to_owned(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: "https://meet.example/udaan".to_owned(),
            tag: None,
        };
        let id = scene.org.add_workshop(&draft, now).await.unwrap();
        scene.org.write_plan(id, sequence, 1, &Default::default(), now).await.unwrap();
        workshops.push(id);
    }
    (sequence, workshops.try_into().unwrap())
}

/// The sequence goes two hours before the start instead of one, has a new step, and another text for the day before.
async fn edited(scene: &Scene, sequence: SequenceId) {
    let now = scene.world.clock_now();
    let mut steps = scene.org.sequence(sequence).await.unwrap().steps;
    steps[0].audience = StepAudience::Everyone;
    steps[1].timing = Timing::before(120);
    steps.push(a_step(scene, "half_an_hour", Timing::before(30)));
    scene.org.change_sequence(sequence, 1, &draft(steps), now).await.unwrap();
}

async fn plan(scene: &Scene, workshop: WorkshopId) -> WorkshopPlan {
    scene.org.plan_of(workshop).await.unwrap().unwrap()
}

fn dues(plan: &WorkshopPlan) -> Vec<(String, i64)> {
    plan.rows.iter().map(|row| (row.key.to_string(), row.due.unwrap().0)).collect()
}

/// What the form sends when only some of its boxes are ticked.
fn ticked(all: Vec<(String, String)>, workshops: &[WorkshopId]) -> Vec<(String, String)> {
    let is_ticked = |value: &str| workshops.iter().any(|id| value.starts_with(&id.to_string()));
    all.into_iter().filter(|(name, value)| name != "plan" || is_ticked(value)).collect()
}

on_both! {
    async fn an_edited_sequence_is_reviewed_for_all_its_workshops_at_once_and_only_ticked_plans_follow(db: TestStore) {
        let scene = Scene::new(db).await;
        let (sequence, [excel, canva, python]) = three(&scene).await;
        let mut manager = scene.manager().await;
        let own = format!("/settings/sequences/{sequence}");
        assert!(!manager.get(&own).await.body.contains(REVIEW), "nothing is to review");
        edited(&scene, sequence).await;
        let page = manager.get(&own).await.body;
        assert!(page.contains("Review for 3 workshops"), "{page}");

        let asked = manager.get(&format!("{REVIEW}?sequence={sequence}")).await;
        for words in ["Excel", "Canva", "Python", "1 moved", "1 new", "1 replaced", "other people"] {
            assert!(asked.body.contains(words), "{words}: {}", asked.body);
        }
        // The counts together: each of the three plans moves one step and has a new one.
        for sum in [r#"data-sum="moved">3<"#, r#"data-sum="new">3<"#, r#"data-sum="replaced">3<"#, r#"data-sum="soon">0<"#] {
            assert!(asked.body.contains(sum), "{sum}: {}", asked.body);
        }
        let before = plan(&scene, canva).await;
        assert_eq!(before.version, 1, "nothing changes before it is confirmed");

        let sent = ticked(fields(&asked, REVIEW), &[excel, python]);
        assert_eq!(post(&mut manager, REVIEW, &sent).await.location(), own);
        for workshop in [excel, python] {
            let after = plan(&scene, workshop).await;
            assert_eq!((after.version, after.rows.len()), (2, 3));
            let hour = after.rows.iter().find(|row| row.key.as_str() == "an_hour").unwrap();
            assert_eq!(hour.due, Some(after.times.starts_at.plus(-2 * HOUR)));
        }
        assert_eq!(plan(&scene, canva).await, before, "a plan that was not ticked keeps its version");
        let page = manager.get(&own).await.body;
        assert!(page.contains("Review for 1 workshop") && page.contains("keeps version 1 of 2"), "{page}");
    }

    async fn a_plan_that_changed_since_its_page_was_opened_is_left_and_named(db: TestStore) {
        let scene = Scene::new(db).await;
        let (sequence, [excel, canva, python]) = three(&scene).await;
        let mut manager = scene.manager().await;
        edited(&scene, sequence).await;
        let asked = manager.get(&format!("{REVIEW}?sequence={sequence}")).await;
        let sent = fields(&asked, REVIEW);
        // Somebody moves one workshop and lets another follow while the page is open.
        let now = scene.world.clock_now();
        let moved = scene.org.workshop(canva).await.unwrap();
        let later = WorkshopDraft {
            title: moved.title.clone(),
            starts_at: moved.starts_at.plus(HOUR),
            ends_at: moved.ends_at.plus(HOUR),
            join_link: "https://meet.example/udaan".to_owned(),
            tag: None,
        };
        scene.org.edit_workshop(canva, &later, now).await.unwrap();
        let back = post(&mut manager, REVIEW, &sent).await;
        assert!(back.location().starts_with(REVIEW), "{}", back.body);
        let again = manager.get(back.location()).await.body;
        assert!(again.contains("2 plans follow the change") && again.contains("left as they are: Canva"), "{again}");
        let versions = [plan(&scene, excel).await, plan(&scene, canva).await, plan(&scene, python).await].map(|plan| plan.version);
        assert_eq!(versions, [2, 1, 2]);
        // An edit in between makes every plan another one than was shown.
        let steps = scene.org.sequence(sequence).await.unwrap().steps;
        scene.org.change_sequence(sequence, 2, &draft(steps[..2].to_vec()), now).await.unwrap();
        post(&mut manager, REVIEW, &sent).await;
        assert_eq!(plan(&scene, excel).await.version, 2, "nobody saw what version 3 does");
        let none = ticked(sent, &[]);
        let refused = post(&mut manager, REVIEW, &none).await;
        assert!(manager.get(refused.location()).await.body.contains("Tick at least one workshop"));
    }

    async fn another_time_zone_leads_to_the_plans_whose_clock_times_it_would_move(db: TestStore) {
        let scene = Scene::new(db).await;
        let (_, [excel, canva, python]) = three(&scene).await;
        let mut manager = scene.manager().await;
        let before = dues(&plan(&scene, excel).await);
        let form = [
            ("organisation", "Udaan Academy"),
            ("zone", "Asia/Dubai"),
            ("country", "IN"),
            ("quiet_from", "22:00"),
            ("quiet_to", "08:00"),
        ];
        assert_eq!(manager.post("/settings/organisation", &form).await.location(), REVIEW);
        assert_eq!(dues(&plan(&scene, excel).await), before, "a plan keeps its moments until somebody confirms");
        let settings = manager.get("/settings/organisation").await.body;
        // The plan that the scene begins with is the fourth.
        assert!(settings.contains("4 running plans keep another time zone.") && settings.contains(REVIEW), "{settings}");

        let asked = manager.get(REVIEW).await;
        assert!(asked.body.contains("the time zone Asia/Dubai") && asked.body.contains(r#"data-sum="moved">3<"#), "{}", asked.body);
        let sent = ticked(fields(&asked, REVIEW), &[excel, canva]);
        assert_eq!(post(&mut manager, REVIEW, &sent).await.status, StatusCode::SEE_OTHER);
        let dubai = Zone::parse("Asia/Dubai").unwrap();
        for workshop in [excel, canva] {
            let after = plan(&scene, workshop).await;
            let day_before = after.rows.iter().find(|row| row.key.as_str() == "day_before").unwrap();
            // Eleven in Dubai is an hour and a half after eleven in India.
            assert_eq!(dubai.local_form(day_before.due.unwrap()).split_once('T').unwrap().1, "11:00");
            let hour = after.rows.iter().find(|row| row.key.as_str() == "an_hour").unwrap();
            assert_eq!(hour.due, Some(after.times.starts_at.plus(-HOUR)), "an hour is an hour everywhere");
        }
        assert_eq!(plan(&scene, python).await.zone.name(), "Asia/Kolkata");
        assert!(manager.get("/settings/organisation").await.body.contains("2 running plans keep another time zone."));
        // The same form again changes no zone, and leads nowhere else.
        assert_eq!(manager.post("/settings/organisation", &form).await.location(), "/settings/organisation");
    }

    async fn a_plan_that_was_cancelled_as_a_whole_is_not_reviewed_and_follows_nothing(db: TestStore) {
        let scene = Scene::new(db).await;
        let (sequence, [excel, canva, python]) = three(&scene).await;
        let mut manager = scene.manager().await;
        let now = scene.world.clock_now();
        scene.org.cancel_plan(excel, now).await.unwrap();
        edited(&scene, sequence).await;
        let asked = manager.get(&format!("{REVIEW}?sequence={sequence}")).await;
        assert!(!asked.body.contains("Excel") && asked.body.contains("2 running workshops"), "{}", asked.body);
        // One more is cancelled while the page is open.
        scene.org.cancel_plan(canva, now).await.unwrap();
        post(&mut manager, REVIEW, &fields(&asked, REVIEW)).await;
        let versions = [plan(&scene, excel).await, plan(&scene, canva).await, plan(&scene, python).await].map(|plan| plan.version);
        assert_eq!(versions, [1, 1, 2]);
    }

    async fn a_step_that_a_move_brings_back_is_reviewed_with_its_people(db: TestStore) {
        let scene = Scene::new(db).await;
        let now = scene.world.clock_now();
        let steps = vec![a_step(&scene, "week_before", Timing::Offset { days: -7, minutes: 0 })];
        let sequence = scene.org.add_sequence(&draft(steps), now).await.unwrap();
        scene.org.write_plan(scene.workshop, sequence, 1, &Default::default(), now).await.unwrap();
        assert_eq!(plan(&scene, scene.workshop).await.rows[0].state, RowState::Missed);
        let mut manager = scene.manager().await;
        let before = scene.org.workshop(scene.workshop).await.unwrap();
        let local = |at: Millis| Zone::india().local_form(at.plus(14 * DAY));
        let path = format!("/workshops/{}/move", scene.workshop);
        let page = manager.get(&format!("{path}?starts={}&ends={}", local(before.starts_at), local(before.ends_at))).await.body;
        let moved = page.split_once("1 moved").unwrap_or_else(|| panic!("{page}")).1;
        assert!(moved.contains("missed") && moved.contains("3 people, ₹"), "{moved}");
        assert!(page.contains("instead of ₹0.00"), "{page}");
    }

    async fn a_step_that_is_confirmed_ahead_and_has_not_begun_is_part_of_what_changes(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut steps = vec![a_step(&scene, "an_hour", Timing::before(60))];
        let now = scene.world.clock_now();
        let sequence = scene.org.add_sequence(&draft(steps.clone()), now).await.unwrap();
        scene.org.write_plan(scene.workshop, sequence, 1, &Default::default(), now).await.unwrap();
        let due = plan(&scene, scene.workshop).await.rows[0].due.unwrap();
        scene.world.clock.advance(due.since(now) - MINUTE / 2);
        let engine = &scene.world.app.engine;
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        assert_eq!(plan(&scene, scene.workshop).await.rows[0].state, RowState::Broadcast, "it is confirmed up to a minute ahead");
        steps[0].timing = Timing::before(30);
        let now = scene.world.clock_now();
        scene.org.change_sequence(sequence, 1, &draft(steps), now).await.unwrap();
        let mut manager = scene.manager().await;
        let asked = manager.get(&format!("/workshops/{}/plan/follow", scene.workshop)).await.body;
        assert!(asked.contains("Moved 1, newly skipped 0") && !asked.contains("went out already"), "{asked}");
    }

    async fn the_list_of_workshops_says_how_far_each_plan_is_and_leads_to_a_first_one(db: TestStore) {
        let scene = Scene::new(db).await;
        let (_, [excel, ..]) = three(&scene).await;
        let mut manager = scene.manager().await;
        let before = manager.get("/workshops").await.body;
        // The scene begins with a plan of its own.
        assert_eq!(before.matches("0 of 2 steps went").count(), 4, "{before}");
        assert!(!before.contains("for Excel"), "{before}");
        scene.org.cancel_plan(excel, scene.world.clock_now()).await.unwrap();
        let after = manager.get("/workshops").await.body;
        assert_eq!(after.matches("0 of 2 steps went").count(), 3, "{after}");
        let lead = format!(r#"href="/workshops/{excel}/plan">Run sequence<span class="mui-visually-hidden"> for Excel"#);
        assert!(after.contains(&lead), "{after}");
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        assert!(!viewer.get("/workshops").await.body.contains("Run sequence"), "who may not run one is not led there");
    }
}
