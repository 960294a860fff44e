//! What was written is never lost: after taking back, copying or signing out.

use axum::http::StatusCode;
use domain::{
    broadcast::{Audience, BroadcastStatus},
    ids::BroadcastId,
    message::MessageState,
    time::MINUTE,
    workshop::RegistrantStatus,
};
use store::{on_both, registrants::RegistrantFilter};

use crate::{
    home::{CONFIRM, Scene, fields, post},
    world::Browser,
};

/// Confirms what the composer holds, for a later time, with a fallback of its own.
async fn scheduled(scene: &Scene, browser: &mut Browser<'_>) -> BroadcastId {
    let at = scene.world.clock_now().plus(domain::time::HOUR);
    let at = domain::time::Zone::india().local_form(at);
    let more = format!(
        "&when=later&at={}&source-1=registrant_name&fallback-1=friend&who=registered&quiet=send",
        at.replace(':', "%3A")
    );
    let page = browser.get(&format!("{CONFIRM}?{}{more}", scene.query())).await;
    let answer = post(browser, CONFIRM, &fields(&page, CONFIRM)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().strip_prefix("/broadcasts/").unwrap().parse().unwrap()
}

on_both! {
    async fn what_is_taken_back_opens_in_the_composer_as_it_was_and_tells_nobody(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let id = scheduled(&scene, &mut browser).await;
        let page = browser.get(&format!("/broadcasts/{id}")).await;
        assert!(page.body.contains(&format!("/broadcasts/{id}/change")), "{}", page.body);
        let back = browser.post(&format!("/broadcasts/{id}/change"), &[]).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
        let to = back.location().to_owned();
        for part in ["when=later", "source-1=registrant_name", "fallback-1=friend", "who=registered", "quiet=send"] {
            assert!(to.contains(part), "{part}: {to}");
        }
        let composer = browser.get(to.split('#').next().unwrap()).await;
        assert!(composer.body.contains("Nothing was sent. Change it, and confirm it again."), "{}", composer.body);
        assert!(composer.body.contains(r#"value="friend""#), "{}", composer.body);
        let broadcast = scene.org.broadcast(id).await.unwrap();
        assert_eq!(broadcast.status, BroadcastStatus::Cancelled);
        assert_eq!(scene.org.broadcast_audience(id).await.unwrap(), Audience::Registered);
        // The broadcast was cancelled before anything left: nobody was told, and everyone can be.
        let figures = scene.org.reached(&[scene.workshop], &broadcast.purpose, scene.world.clock_now()).await.unwrap();
        assert_eq!((figures[0].1.registered, figures[0].1.not_told), (3, 3));
    }

    async fn what_is_changed_later_stands_still_until_the_change_is_confirmed_and_tells_nobody_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let id = scheduled(&scene, &mut browser).await;
        scene.world.app.engine.plan().await.unwrap();
        scene.world.clock.advance(2 * MINUTE);
        let back = browser.post(&format!("/broadcasts/{id}/change"), &[]).await;
        assert!(back.location().contains(&format!("replaces={id}")), "{}", back.location());
        assert_eq!(scene.org.broadcast(id).await.unwrap().status, BroadcastStatus::Paused);
        let elsewhere = browser.get("/people").await.body;
        assert!(elsewhere.contains("3 people wait"), "whoever leaves the page is reminded: {elsewhere}");
        // The change is confirmed: the new broadcast tells the same people, once.
        let query = back.location().trim_start_matches("/?").split('#').next().unwrap().to_owned();
        let page = browser.get(&format!("{CONFIRM}?{query}")).await;
        assert!(page.body.contains("Send to 3 people") || page.body.contains("3 people"), "{}", page.body);
        assert!(!page.body.contains("Send again to"), "whoever waits in the old one does not count as told: {}", page.body);
        let answer = post(&mut browser, CONFIRM, &fields(&page, CONFIRM)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let new: BroadcastId = answer.location().strip_prefix("/broadcasts/").unwrap().parse().unwrap();
        scene.world.app.engine.plan().await.unwrap();
        scene.world.app.engine.settle().await.unwrap();
        assert_eq!(scene.org.broadcast(id).await.unwrap().status, BroadcastStatus::Cancelled);
        let waiting = |broadcast: &store::broadcasts::Broadcast| broadcast.in_state(MessageState::Waiting);
        let (old, new) = (scene.org.broadcast(id).await.unwrap(), scene.org.broadcast(new).await.unwrap());
        assert_eq!((waiting(&old), waiting(&new)), (0, 3));
    }

    async fn a_copy_keeps_the_values_and_leaves_the_time_to_choose(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let id = scheduled(&scene, &mut browser).await;
        let copy = browser.get(&format!("/broadcasts/{id}/copy?who=others")).await;
        let to = copy.location();
        assert!(to.contains("fallback-1=friend") && to.contains("who=not_told"), "{to}");
        assert!(!to.contains("when=later") && !to.contains("until="), "{to}");
        let viewer = scene.world.signed_in(&scene.people.viewer).await.get(&format!("/broadcasts/{id}/copy")).await;
        assert_eq!(viewer.status, StatusCode::FORBIDDEN);
    }

    async fn whoever_was_signed_out_comes_back_to_what_they_wrote_and_nothing_was_sent(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}&fallback-1=friend&source-1=registrant_name&quiet=send", scene.query())).await;
        let fields = fields(&page, CONFIRM);
        browser.post("/sign-out", &[]).await;
        let answer = post(&mut browser, CONFIRM, &fields).await;
        let to = answer.location();
        assert!(to.starts_with("/sign-in?next=/%3Fchannel%3Dpersonal"), "{to}");
        assert!(to.contains("fallback-1%3Dfriend") && to.ends_with("unsent%3Dyes"), "{to}");
        assert_eq!(scene.broadcasts().await, 0);
        let mut again = scene.manager().await;
        let composer = again.get(&format!("/?{}&unsent=yes", scene.query())).await;
        assert!(composer.body.contains("You had been signed out before you confirmed."), "{}", composer.body);
    }

    async fn the_page_of_a_workshop_tells_who_was_told_and_who_is_left(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}&who=registered&quiet=send", scene.query())).await;
        post(&mut browser, CONFIRM, &fields(&page, CONFIRM)).await;
        scene.world.app.engine.plan().await.unwrap();
        crate::home::register(&scene.world, &scene.org, scene.workshop, &["a", "b", "c", "Late Comer"]).await;
        let page = browser.get(&format!("/workshops/{}", scene.workshop)).await;
        for words in ["Told: Reminder", "1 not told yet", "Tell those not told (1)", "Waiting", "Not told", "Tell this person now"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let home = browser.get("/").await;
        for words in ["This week", "1 not yet", "1-hour reminder, 3 wait"] {
            assert!(home.body.contains(words), "{words}: {}", home.body);
        }
        // A person whose registration ended counts nowhere.
        let filter = RegistrantFilter { limit: 10, search: "Late".into(), ..Default::default() };
        let late = scene.org.registrants(scene.workshop, &filter).await.unwrap().remove(0);
        scene.org.set_registrant_status(scene.workshop, late.id, RegistrantStatus::Cancelled, scene.world.clock_now()).await.unwrap();
        let page = browser.get(&format!("/workshops/{}", scene.workshop)).await;
        assert!(page.body.contains("6 still to go") && !page.body.contains("Tell those not told"), "{}", page.body);
    }

    async fn the_first_steps_are_ticked_until_something_was_sent(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let home = browser.get("/").await;
        for words in ["Five steps to a message on your own phone", "4 of 5", "Send a test to yourself, to do"] {
            let text = home.body.replace("<span class=\"mui-visually-hidden\">", "");
            assert!(text.contains(words), "{words}: {}", home.body);
        }
        let viewer = scene.world.signed_in(&scene.people.viewer).await.get("/").await;
        assert!(!viewer.body.contains("Five steps"), "{}", viewer.body);
        let page = browser.get(&format!("{CONFIRM}?{}&who=registered&quiet=send", scene.query())).await;
        post(&mut browser, CONFIRM, &fields(&page, CONFIRM)).await;
        assert!(!browser.get("/").await.body.contains("Five steps"));
    }

    async fn a_person_is_found_with_their_last_message_and_stopped_in_one_dialog(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}&who=registered&quiet=send", scene.query())).await;
        post(&mut browser, CONFIRM, &fields(&page, CONFIRM)).await;
        scene.world.app.engine.plan().await.unwrap();
        // The words may come in any order.
        let found = browser.get("/people?q=rao+asha").await;
        for words in ["Asha Rao", "1-hour reminder · Rust", "Waiting"] {
            assert!(found.body.contains(words), "{words}: {}", found.body);
        }
        let lead = scene.org.lead_by_phone("+919000100001").await.unwrap();
        let page = browser.get(&format!("/people/{lead}")).await;
        for words in ["What a colleague gets", "Asha Rao, +91", "Stop messages to Asha Rao?", "What this person was told"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let stop = browser.post(&format!("/people/{lead}/opt-out"), &[("what", "personal all"), ("reason", "")]).await;
        assert_eq!((stop.status, stop.location()), (StatusCode::SEE_OTHER, format!("/people/{lead}").as_str()));
        let page = browser.get(&format!("/people/{lead}")).await;
        for words in ["Opted out of everything on WhatsApp Personal.", "Stopped already", "Allow again"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let unsaid = browser.post(&format!("/people/{lead}/opt-out"), &[("what", "nothing")]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
