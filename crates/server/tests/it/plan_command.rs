//! Sequences and plans from the command line.

use domain::{
    channel::Channel,
    sequence::{Step, StepKey},
    template::Message,
    time::{HOUR, SECOND},
};
use munadi::{
    commands::{plan, sequence},
    rehearsal::sms_templates,
};
use serde_json::{Value, json};
use store::{on_both, plans::PlanChoice, sequences::SequenceDraft};

use crate::{
    home::Scene,
    ops::{Installation, NOW},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_is_a_file_and_a_plan_says_what_it_would_do_before_it_does() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    here.connect("main").await;
    here.register(0).await;
    let body = json!({
        "campaign": "today", "category": "utility", "language": "en", "header": "", "body": "See you soon.", "footer": "",
        "parameters": [], "media": null, "buttons": []
    });
    here.org.add_template(Channel::WhatsappPersonal, "Reminder", &body, NOW).await.unwrap();
    let step = |key: &str, minutes: i64| {
        json!({
            "key": key, "channel": "personal", "template": "Reminder", "anchor": "start", "purpose": "reminder",
            "timing": { "offset": { "days": 0, "minutes": minutes } }
        })
    };
    let file =
        json!({ "description": "", "steps": [step("early", -420), step("five", -300), step("hour", -60)] });
    let save = async |text: String| sequence::save(&here.org, "Usual", &text, NOW).await;
    assert_eq!(save(file.to_string()).await.unwrap(), 1);
    let wrong = save(file.to_string().replace("timing", "timming")).await.unwrap_err();
    assert!(format!("{wrong:#}").contains("“timming” is no word"), "{wrong:#}");
    let gone = save(file.to_string().replace("Reminder", "Welcome")).await.unwrap_err();
    assert!(format!("{gone:#}").contains("there is no template"), "{gone:#}");

    let look = plan::PlanCommand {
        workshop: "Rust".to_owned(),
        organisation: None,
        sequence: Some("usual".to_owned()),
        run: false,
        follow: false,
        include: vec![],
        leave_out: vec![],
        cancel: None,
        cancel_all: false,
        try_again: None,
        json: false,
    };
    // The workshop begins at 7:30 PM in India, and it is 1:30 PM.
    let said = plan::obey(&here.app, &look).await.unwrap();
    assert!(said.contains("It does not run") && said.contains("five · 2:30 PM"), "{said}");
    assert!(said.contains("10 people as of now"), "{said}");
    assert!(said.contains("early · 12:30 PM") && said.contains("--include early"), "{said}");
    assert_eq!(here.org.plan_of(here.workshop).await.unwrap(), None, "looking writes nothing");

    let unknown = plan::PlanCommand { run: true, include: vec!["erly".to_owned()], ..look.clone() };
    assert!(plan::obey(&here.app, &unknown).await.unwrap_err().to_string().contains("has no step “erly”"));
    let run = plan::PlanCommand { run: true, json: true, ..look.clone() };
    let said: Value = serde_json::from_str(&plan::obey(&here.app, &run).await.unwrap()).unwrap();
    let states: Vec<_> =
        said["steps"].as_array().unwrap().iter().map(|step| (&step["key"], &step["state"])).collect();
    assert_eq!(
        format!("{states:?}").replace("String(", "").replace(')', ""),
        r#"[("early", "skipped", ("five", "planned", ("hour", "planned"]"#
    );
    assert_eq!(said["steps"][1]["due"], "2026-10-13T14:30:00+05:30");
    let again = plan::obey(&here.app, &run).await.unwrap_err();
    assert!(again.to_string().contains("nothing was done"), "{again}");
    let cancel = plan::PlanCommand { cancel: Some("hour".to_owned()), ..look.clone() };
    let said = plan::obey(&here.app, &cancel).await.unwrap();
    assert!(said.contains("Step “hour” is cancelled.") && said.contains("Somebody cancelled it"), "{said}");
    let log = here.org.audit_log(None, 10).await.unwrap();
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    // All entries have one instant, so their order is random.
    for done in ["sequence.added", "plan.written", "plan.step_cancelled"] {
        assert!(actions.contains(&done), "{done} in {actions:?}");
    }
    // A new step that is due already concerns only who registers from now on, unless it is included.
    let mut later = file;
    for word in ["quarter", "half"] {
        let own = json!({
            "key": word, "channel": "personal", "template": "Reminder", "anchor": "start", "purpose": word,
            "timing": { "offset": { "days": 0, "minutes": -390 } }
        });
        later["steps"].as_array_mut().unwrap().push(own);
    }
    assert_eq!(save(later.to_string()).await.unwrap(), 2);
    let follow = plan::PlanCommand { follow: true, include: vec!["half".to_owned()], ..look };
    let said = plan::obey(&here.app, &follow).await.unwrap();
    assert!(
        said.contains("quarter is new, due already, 1:00 PM, and does not concern those already there"),
        "{said}"
    );
    assert!(said.contains("half is new, 1:00 PM"), "{said}");
}

on_both! {
    async fn the_command_says_of_each_step_what_the_page_says_and_counts_the_cost_as_it_does(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120, 60]).await;
        let (now, running) = (scene.world.clock_now(), scene.org.plan_of(scene.workshop).await.unwrap().unwrap());
        let text = Message::from(sms_templates().unwrap().swap_remove(0).1).to_json();
        let text = scene.org.add_template(Channel::Sms, "A text", &text, now).await.unwrap();
        let sms = Step {
            key: StepKey::stored("text".to_owned()),
            channel: Channel::Sms,
            template: text,
            account: None,
            purpose: "a text".to_owned(),
            ..running.steps[1].clone()
        };
        let steps = running.steps.iter().cloned().chain([sms]).collect();
        let draft = SequenceDraft { name: "Evening".into(), description: String::new(), steps };
        let version = scene.org.change_sequence(running.sequence, 1, &draft, now).await.unwrap();
        scene.org.follow(scene.workshop, version, running.revision, &PlanChoice::default(), now).await.unwrap();
        let command = plan::PlanCommand {
            workshop: "Rust".to_owned(),
            organisation: Some(crate::world::FIRST.to_owned()),
            sequence: None,
            run: false,
            follow: false,
            include: vec![],
            leave_out: vec![],
            cancel: None,
            cancel_all: false,
            try_again: None,
            json: false,
        };
        let said = plan::obey(&scene.world.app, &command).await.unwrap();
        let mut manager = scene.manager().await;
        let page = manager.get(&format!("/workshops/{}/plan", scene.workshop)).await.body;
        let of = |key: &str| said.lines().find(|line| line.starts_with(key)).unwrap();
        for words in ["Would not go", "No account serves its channel"] {
            assert!(of("text").contains(words) && page.contains(words), "{words}: {said} {page}");
        }
        assert!(of("m60").contains("Planned · 3 people as of now, about ₹0.44 (estimate)"), "{said}");
        let cost = said.lines().last().unwrap();
        assert_eq!(cost, "₹0.00 so far + ₹0.87 planned = ₹0.87, estimate");
        assert!(page.contains(cost), "{page}");
        // What was found ahead is mended since, and the command goes by what it sees.
        scene.org.stop_integration(scene.account, true, now).await.unwrap();
        scene.world.app.engine.schedule().await.unwrap();
        let found = scene.org.plan_of(scene.workshop).await.unwrap().unwrap();
        assert!(found.rows.iter().all(|row| row.obstacle.needs_somebody()), "needs obstacles: {found:?}");
        scene.org.stop_integration(scene.account, false, now).await.unwrap();
        let json = plan::PlanCommand { json: true, ..command };
        let said: Value = serde_json::from_str(&plan::obey(&scene.world.app, &json).await.unwrap()).unwrap();
        let step = |key: &str| said["steps"].as_array().unwrap().iter().find(|step| step["key"] == key).unwrap();
        assert_eq!((&step("text")["would_go"], &step("text")["obstacle"]), (&json!(false), &json!("no_account")));
        assert_eq!((&step("m60")["would_go"], &step("m60")["reason"]), (&json!(true), &json!("")));
    }

    async fn a_step_that_was_confirmed_ahead_is_scheduled_and_did_not_go_out(db: TestStore) {
        let scene = Scene::new(db).await;
        crate::rehearsals::plan(&scene, &[120, 60]).await;
        scene.world.clock.advance(HOUR - 30 * SECOND);
        let engine = &scene.world.app.engine;
        while engine.schedule().await.unwrap() {}
        engine.plan().await.unwrap();
        let command = plan::PlanCommand {
            workshop: "Rust".to_owned(),
            organisation: Some(crate::world::FIRST.to_owned()),
            sequence: None,
            run: false,
            follow: false,
            include: vec![],
            leave_out: vec![],
            cancel: None,
            cancel_all: false,
            try_again: None,
            json: false,
        };
        let said = plan::obey(&scene.world.app, &command).await.unwrap();
        let ahead = said.lines().find(|line| line.starts_with("m120")).unwrap();
        assert!(ahead.contains("Scheduled") && !ahead.contains("Went out"), "{said}");
    }
}
