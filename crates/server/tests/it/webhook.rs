//! A form or a shop posts registrations to a workshop's address.

use axum::http::StatusCode;
use domain::ids::WorkshopId;
use serde_json::Value;
use store::{Actor, on_both};

use crate::world::{Answer, People, World};

fn workshop(people: &People) -> WorkshopId {
    people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1.parse().unwrap()
}

/// Makes the webhook's address on the page; returns its path.
async fn make(world: &World, people: &People) -> String {
    let page = world
        .signed_in(&people.manager)
        .await
        .post(&format!("/workshops/{}/webhook", workshop(people)), &[])
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let at = page.body.find("/in/").expect("the address is shown once");
    page.body[at..at + 4 + 64].to_owned()
}

async fn post(world: &World, path: &str, kind: &str, body: &str) -> Answer {
    world.browser().post_body(path, kind, body).await
}

fn result(answer: &Answer) -> String {
    let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    format!("{} {}", answer.status.as_u16(), value["result"].as_str().unwrap_or_default())
}

on_both! {
    async fn a_post_registers_once_and_its_status_decides_as_in_a_file(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let path = make(&world, &people).await;
        let before = org.registrant_counts(workshop(&people)).await.unwrap();
        let json = "application/json";
        let paid = r#"{"attendee":{"name":"Tara Sen","phone":"90000 00881","email":"tara@post.example"},"order":{"phone":"9000000899"},"payment status":"captured"}"#;
        assert_eq!(result(&post(&world, &path, json, paid).await), "201 registered");
        assert_eq!(result(&post(&world, &path, json, paid).await), "200 already_registered");
        let form = "Name=Omar+Khan&WhatsApp+Number=%2B919000000882";
        assert_eq!(result(&post(&world, &path, "application/x-www-form-urlencoded", form).await), "201 registered");
        let counts = org.registrant_counts(workshop(&people)).await.unwrap();
        assert_eq!(counts.registered, before.registered + 2);
        // A person who did not pay gets no place, and a person who had one loses it.
        let failed = r#"{"name":"Lata Bose","phone":"9000000883","status":"failed"}"#;
        assert_eq!(result(&post(&world, &path, json, failed).await), "200 left_out");
        let refunded = paid.replace("captured", "refunded");
        assert_eq!(result(&post(&world, &path, json, &refunded).await), "200 ended");
        let counts = org.registrant_counts(workshop(&people)).await.unwrap();
        assert_eq!((counts.registered, counts.refunded), (before.registered + 1, before.refunded + 1));
        // The person is registered again by a member, and refunded again by the shop.
        let filter = store::registrants::RegistrantFilter { search: "Tara".into(), limit: 9, ..Default::default() };
        let tara = org.registrants(workshop(&people), &filter).await.unwrap()[0].id;
        let now = world.clock_now();
        org.set_registrant_status(workshop(&people), tara, domain::workshop::RegistrantStatus::Registered, now).await.unwrap();
        assert_eq!(result(&post(&world, &path, json, &refunded).await), "200 ended");
        assert_eq!(org.registrant_counts(workshop(&people)).await.unwrap().refunded, before.refunded + 1);
    }

    async fn what_cannot_be_taken_is_kept_for_a_person_and_never_an_error(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let path = make(&world, &people).await;
        let before = org.registrant_counts(workshop(&people)).await.unwrap().registered;
        let json = "application/json";
        for body in [
            r#"{"name":"Short","phone":"90000"}"#,
            r#"{"name":"Odd","phone":"9000000884","status":"in limbo"}"#,
            r#"{"field_1":"x","field_2":"y"}"#,
        ] {
            assert_eq!(result(&post(&world, &path, json, body).await), "202 kept_for_a_person", "{body}");
        }
        for body in ["", "{", "[]", "[{},{}]", "\"x\"", "{}"] {
            assert_eq!(post(&world, &path, json, body).await.status, StatusCode::BAD_REQUEST, "{body}");
        }
        let webhook = org.webhook(workshop(&people)).await.unwrap().unwrap();
        assert_eq!(webhook.posts, 3);
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(&format!("/imports/{}", webhook.import)).await;
        assert!(page.body.contains("Short") && page.body.contains("in limbo"), "{}", page.body);
        // A person may have paid and is told nothing: every page says so until somebody has looked.
        let told = manager.get("/people").await.body;
        assert!(told.contains("3 registrations could not be read.") && told.contains("Look at them (3)"), "{told}");
        manager.post(&format!("/imports/{}/rows", webhook.import), &[("c1.1", "90000 00885")]).await;
        assert_eq!(org.registrant_counts(workshop(&people)).await.unwrap().registered, before + 1);
        world.clock.advance(domain::time::MINUTE);
        world.app.composer.attention_changed(people.first);
        let told = manager.get("/people").await.body;
        assert!(told.contains("2 registrations could not be read."), "{told}");
    }

    async fn an_old_address_a_wrong_one_and_a_flood_are_refused(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let json = "application/json";
        let person = r#"{"name":"Tara Sen","phone":"9000000886"}"#;
        let old = make(&world, &people).await;
        let new = make(&world, &people).await;
        assert_ne!(old, new);
        assert_eq!(post(&world, &old, json, person).await.status, StatusCode::NOT_FOUND, "another one was made");
        assert_eq!(post(&world, &format!("/in/{}", "0".repeat(64)), json, person).await.status, StatusCode::NOT_FOUND);
        assert_eq!(post(&world, "/in/short", json, person).await.status, StatusCode::NOT_FOUND);
        assert_eq!(result(&post(&world, &new, json, person).await), "201 registered");
        let mut statuses = Vec::new();
        for _ in 0..310 {
            statuses.push(post(&world, &new, json, person).await.status);
        }
        assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(statuses.first(), Some(&StatusCode::OK));
        let mut manager = world.signed_in(&people.manager).await;
        let shown = manager.get(&format!("/workshops/{}/webhook", workshop(&people))).await;
        assert!(!shown.body.contains("/in/"), "shown once: {}", shown.body);
        manager.post(&format!("/workshops/{}/webhook/remove", workshop(&people)), &[]).await;
        world.clock.advance(domain::time::MINUTE);
        assert_eq!(post(&world, &new, json, person).await.status, StatusCode::NOT_FOUND);
    }
}
