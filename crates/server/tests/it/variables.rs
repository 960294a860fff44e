//! Values that messages name and that each workshop is asked for.

use axum::http::StatusCode;
use domain::{
    channel::Channel,
    ids::WorkshopId,
    template::{Message, Source},
    variable::VariableName,
};
use store::on_both;

use crate::home::{CONFIRM, Scene, fields, post};

/// Makes the scene's template take its link from a value that the workshop is asked for.
async fn name_a_value(scene: &Scene) {
    let template = scene.org.templates(Channel::WhatsappPersonal).await.unwrap().remove(0);
    let mut message = Message::from_json(Channel::WhatsappPersonal, &template.body).unwrap();
    message.map(3, Source::Variable(VariableName::parse("zoom_link").unwrap()), None);
    let now = scene.world.clock_now();
    scene.org.update_template(template.id, &template.name, &message.to_json(), now).await.unwrap();
}

fn value_of(workshop: &store::workshops::Workshop, name: &str) -> String {
    workshop.variables.get(&VariableName::parse(name).unwrap()).cloned().unwrap_or_default()
}

on_both! {
    async fn a_value_that_nobody_entered_is_asked_for_and_keeps_the_message_from_being_sent(db: TestStore) {
        let scene = Scene::new(db).await;
        name_a_value(&scene).await;
        let mut manager = scene.manager().await;
        let address = format!("/?{}", scene.query());
        let asked = manager.get(&address).await;
        assert!(asked.body.contains("{zoom_link} is not entered"), "{}", asked.body);
        assert!(asked.body.contains(r#"name="value-of-zoom_link""#), "it is asked for on the composer");
        let refused = manager.get(&format!("{CONFIRM}?{}", scene.query())).await;
        assert!(!refused.body.contains("Send to 3 people<"), "{}", refused.body);
        let page = format!("/workshops/{}/variables", scene.workshop);
        let mut form = fields(&asked, &page);
        let back = form.iter().find(|(name, _)| name == "back").unwrap().1.clone();
        form.retain(|(name, _)| name != "value-of-zoom_link");
        form.push(("value-of-zoom_link".into(), " https://zoom.example/j/7 ".into()));
        let saved = post(&mut manager, &page, &form).await;
        assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, back.as_str()), "{}", saved.body);
        let workshop = scene.org.workshop(scene.workshop).await.unwrap();
        assert_eq!(value_of(&workshop, "zoom_link"), "https://zoom.example/j/7");
        let composer = manager.get(&address).await.body;
        assert!(!composer.contains("is not entered") && composer.contains("https://zoom.example/j/7"), "{composer}");
        let question = manager.get(&format!("{CONFIRM}?{}", scene.query())).await;
        let sent = post(&mut manager, CONFIRM, &fields(&question, CONFIRM)).await;
        let id = sent.location().strip_prefix("/broadcasts/").unwrap_or_else(|| panic!("{}", sent.body)).parse().unwrap();
        scene.world.app.engine.plan().await.unwrap();
        let written = manager.get(&format!("/broadcasts/{id}/messages/1", id = domain::ids::BroadcastId::to_string(&id))).await.body;
        assert!(written.contains("https://zoom.example/j/7"), "the planner writes it too: {written}");
    }

    async fn values_that_the_steps_of_a_plan_lack_are_asked_for_before_and_while_it_runs(db: TestStore) {
        let scene = Scene::new(db).await;
        name_a_value(&scene).await;
        let mut manager = scene.manager().await;
        let id = crate::sequences::sequence(&scene, &mut manager).await;
        let sequence = scene.org.sequence(id).await.unwrap();
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let page = format!("/workshops/{}/variables", scene.workshop);
        let proposed = manager.get(&format!("{plan}?sequence={id}")).await.body.replace('\u{a0}', " ");
        for words in [
            "The plan needs a value",
            "Join link. Needed by the steps “Two hours”, “Half an hour”.",
            "{zoom_link} is not entered",
            "2 of 2 planned steps would not go as things stand.",
            "₹0.00 planned without steps that would not go, estimate",
        ] {
            assert!(proposed.contains(words), "{words}: {proposed}");
        }
        assert_eq!(proposed.matches(r#"name="value-of-zoom_link""#).count(), 1, "one field: {proposed}");
        let (first, second) = (&sequence.steps[0].key, &sequence.steps[1].key);
        let question = format!("{plan}/run?sequence={id}&version={}&leave_out={second}", sequence.version);
        let asked = manager.get(&question).await;
        for words in ["Needed by the step “Two hours”.", "1 step is planned", "1 of them would not go as things stand."] {
            assert!(asked.body.contains(words), "{words}: {}", asked.body);
        }
        // Saving leads back to the same question, its choices kept.
        let mut form = fields(&asked, &page);
        form.retain(|(name, _)| name != "value-of-zoom_link");
        let saved = post(&mut manager, &page, &form).await;
        assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, question.as_str()), "{}", saved.body);
        // Run all the same: the reason names the value on the plan and under what needs somebody, with the way there.
        let now = scene.world.clock_now();
        scene.org.write_plan(scene.workshop, id, sequence.version, &Default::default(), now).await.unwrap();
        while scene.world.app.engine.schedule().await.unwrap() {}
        let running = manager.get(&plan).await;
        for words in [
            "{zoom_link} is not entered",
            "Step “Two hours” will not go: {zoom_link} is not entered.",
            "/plan#values-missing",
            r##"href="#values-missing""##,
        ] {
            assert!(running.body.contains(words), "{words}: {}", running.body);
        }
        let filled = crate::home::with(&fields(&running, &page), "value-of-zoom_link", "https://zoom.example/j/7");
        let saved = post(&mut manager, &page, &filled).await;
        assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, plan.as_str()), "{}", saved.body);
        let at_once = manager.get(&plan).await.body;
        assert!(!at_once.contains(r#"name="value-of-zoom_link""#) && at_once.contains("2 of 2"), "{at_once}");
        while scene.world.app.engine.schedule().await.unwrap() {}
        let after = manager.get(&plan).await.body;
        assert!(!after.contains("is not entered"), "nothing is left of {first}: {after}");
    }

    async fn a_post_asks_beside_its_text_and_keeps_what_was_typed(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let groups = format!("/workshops/{}/groups/name", scene.workshop);
        let named = manager.post(&groups, &[("subject", "Batch 7"), ("invite", "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"), ("members", "9")]).await;
        assert_eq!(named.status, StatusCode::SEE_OTHER, "{}", named.body);
        let workshop = scene.workshop.to_string();
        let text = "Watch {recording} before {start_time}";
        let typed = [("workshop", workshop.as_str()), ("made-for", &workshop), ("form", "text"), ("text", text), ("when", "now")];
        let asked = manager.post("/compose/posts", &typed).await.body;
        assert!(asked.contains("{recording} is not entered") && asked.contains(r#"name="value-of-recording""#), "{asked}");
        let with = |value: &'static str| [&typed[..], &[("value-of-recording", value), ("do", "save-values")]].concat();
        let wrong = manager.post("/compose/posts", &with("{x}")).await.body;
        assert!(wrong.contains("The values are not saved.") && wrong.contains(text), "{wrong}");
        let filled = manager.post("/compose/posts", &with("https://v.example/1")).await.body;
        assert!(filled.contains("Watch <mark>https://v.example/1</mark>") && !filled.contains("is not entered"), "{filled}");
        assert!(filled.contains(text), "what was typed stays");
    }

    async fn values_are_listed_changed_taken_away_and_go_along_with_a_copy(db: TestStore) {
        let scene = Scene::new(db).await;
        name_a_value(&scene).await;
        let mut manager = scene.manager().await;
        let page = format!("/workshops/{}/variables", scene.workshop);
        let listed = manager.get(&page).await.body;
        assert!(listed.contains("{zoom_link}") && listed.contains("In 1-hour reminder."), "a template names it: {listed}");
        let wrong = manager.post(&page, &[("value-of-zoom_link", "https://a.example"), ("new-name", "first_name"), ("new-value", "x")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("has a meaning of its own") && wrong.body.contains("https://a.example"), "{}", wrong.body);
        assert!(scene.org.workshop(scene.workshop).await.unwrap().variables.is_empty(), "all or nothing");
        let both = [("value-of-zoom_link", "https://a.example"), ("new-name", "Coupon Code"), ("new-value", "EXCEL20")];
        assert_eq!(manager.post(&page, &both).await.status, StatusCode::SEE_OTHER);
        let shown = manager.get(&format!("/workshops/{}?tab=set-up", scene.workshop)).await.body;
        assert!(shown.contains("{coupon_code}") && shown.contains("EXCEL20") && shown.contains("in 1-hour reminder"), "{shown}");
        let form = manager.get(&format!("/workshops/new?from={}", scene.workshop)).await;
        assert!(form.body.contains("A copy: its link, tag and values go along"), "{}", form.body);
        let mut copy = fields(&form, "/workshops/new");
        copy.retain(|(name, _)| name != "title");
        copy.push(("title".into(), "The same again".into()));
        let added = post(&mut manager, "/workshops/new", &copy).await;
        let id: WorkshopId = added.location().strip_prefix("/workshops/").unwrap_or_else(|| panic!("{}", added.body)).parse().unwrap();
        let (copied, original) = (scene.org.workshop(id).await.unwrap(), scene.org.workshop(scene.workshop).await.unwrap());
        assert_eq!((copied.variables.clone(), copied.registrants), (original.variables, 0));
        assert_eq!(copied.starts_at, original.starts_at.plus(7 * domain::time::DAY));
        assert_eq!(manager.post(&page, &[("value-of-coupon_code", "")]).await.status, StatusCode::SEE_OTHER);
        let left = scene.org.workshop(scene.workshop).await.unwrap().variables;
        assert_eq!(left.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["zoom_link"]);
        assert_eq!(value_of(&copied, "coupon_code"), "EXCEL20", "the copy keeps its own");
    }

    async fn values_and_copies_stay_within_their_organisation_and_with_those_who_may(db: TestStore) {
        let scene = Scene::new(db).await;
        let page = format!("/workshops/{}/variables", scene.workshop);
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        assert_eq!(stranger.get(&format!("/workshops/new?from={}", scene.workshop)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get(&page).await.status, StatusCode::NOT_FOUND);
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        assert_eq!(viewer.get(&page).await.status, StatusCode::FORBIDDEN);
        let workshop = scene.workshop.to_string();
        let token = viewer.token().await;
        let sly = [("workshop", workshop.as_str()), ("text", "{x}"), ("value-of-x", "y"), ("do", "save-values"), ("csrf", &token)];
        assert_eq!(viewer.post_as_is("/compose/posts", &sly).await.status, StatusCode::FORBIDDEN);
        assert!(scene.org.workshop(scene.workshop).await.unwrap().variables.is_empty());
    }
}
