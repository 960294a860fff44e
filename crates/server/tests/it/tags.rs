//! Tags from a new installation on: added, changed, chosen for a workshop, in the list's filter, and as a way to
//! choose people; and people who are ticked.

use axum::http::StatusCode;
use domain::{broadcast::Audience, time::HOUR, workshop::TagColour};
use store::{on_both, workshops::WorkshopDraft};

use crate::home::{CONFIRM, Scene, register};

/// An organisation as it is on its first day.
async fn without_tags(scene: &Scene) {
    for tag in scene.org.tags().await.unwrap() {
        scene.org.remove_tag(tag.id, scene.world.clock_now()).await.unwrap();
    }
    assert_eq!(scene.org.tags().await.unwrap(), []);
}

on_both! {
    async fn a_fresh_installation_gets_its_first_tag_with_its_first_workshop(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        without_tags(&scene).await;
        let form = [
            ("title", "Canva Masterclass"),
            ("starts", "2026-10-14T19:00"),
            ("ends", "2026-10-14T21:00"),
            ("new_tag", "  Masterclass "),
        ];
        let added = manager.post("/workshops/new", &form).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
        let tags = scene.org.tags().await.unwrap();
        assert_eq!(tags.len(), 1);
        assert!(tags[0].name == "Masterclass" && tags[0].is_default, "{tags:?}");
        let page = manager.get(added.location()).await;
        assert!(page.body.contains("Masterclass</span>"), "the workshop has it");
        // The same word in other letters is the same tag.
        let again = [("title", "Second"), ("starts", "2026-10-15T19:00"), ("ends", "2026-10-15T21:00"), ("new_tag", "MASTERCLASS")];
        assert_eq!(manager.post("/workshops/new", &again).await.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.org.tags().await.unwrap().len(), 1);
        let filtered = manager.get(&format!("/workshops?when=all&tag={}", tags[0].id)).await.body;
        assert!(filtered.contains("Canva Masterclass") && filtered.contains("Second"), "{filtered}");
        assert!(!filtered.contains("Rust &amp;"), "the one without a tag is not listed");
        let long = "x".repeat(31);
        let wrong = [("title", "Third"), ("starts", "2026-10-16T19:00"), ("ends", "2026-10-16T21:00"), ("new_tag", long.as_str())];
        let refused = manager.post("/workshops/new", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("31 of 30 characters") && refused.body.contains("Third"), "what was typed stays");
    }

    async fn a_tag_is_changed_and_removed_and_its_workshops_stay(db: TestStore) {
        let scene = Scene::new(db).await;
        without_tags(&scene).await;
        let mut manager = scene.manager().await;
        for name in ["Beginners", "Weekend"] {
            let added = manager.post("/settings/tags", &[("name", name), ("colour", "teal")]).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{name}");
        }
        let taken = manager.post("/settings/tags", &[("name", "Weekend"), ("colour", "rose")]).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.body.contains("There is a tag “Weekend” already."));
        let other_letters = manager.post("/settings/tags", &[("name", " week END"), ("colour", "rose")]).await;
        assert_eq!(other_letters.status, StatusCode::UNPROCESSABLE_ENTITY, "the same tag to people");
        let tags = scene.org.tags().await.unwrap();
        let id = tags.iter().find(|tag| tag.name == "Beginners").unwrap().id;
        let now = scene.world.clock_now();
        let draft = WorkshopDraft {
            title: "Tagged".into(),
            starts_at: now.plus(5 * HOUR),
            ends_at: now.plus(6 * HOUR),
            join_link: String::new(),
            tag: Some(id),
        };
        let workshop = scene.org.add_workshop(&draft, now).await.unwrap();
        let saved = manager.post(&format!("/settings/tags/{id}"), &[("name", "Starters"), ("colour", "rose")]).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER);
        let tag = scene.org.workshop(workshop).await.unwrap().tag.unwrap();
        assert!(tag.name == "Starters" && tag.colour == TagColour::Rose && tag.is_default, "{tag:?}");
        let ask = manager.get(&format!("/settings/tags/{id}/remove")).await.body;
        assert!(ask.contains("1 workshop has it and loses it"), "{ask}");
        assert_eq!(manager.post(&format!("/settings/tags/{id}/remove"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.org.workshop(workshop).await.unwrap().tag, None);
        let left = scene.org.tags().await.unwrap();
        assert!(left.len() == 1 && left[0].is_default, "the other one is the default now: {left:?}");
        assert_eq!(manager.get(&format!("/settings/tags/{id}")).await.status, StatusCode::NOT_FOUND);
    }

    async fn people_are_chosen_by_the_tag_of_another_workshop_and_counted_as_the_walk_decides(db: TestStore) {
        let scene = Scene::new(db).await;
        let now = scene.world.clock_now();
        let tag = scene.org.add_tag("Masterclass", TagColour::Violet, now).await.unwrap();
        let draft = WorkshopDraft {
            title: "Canva Masterclass".into(),
            starts_at: now.plus(50 * HOUR),
            ends_at: now.plus(52 * HOUR),
            join_link: String::new(),
            tag: Some(tag),
        };
        let other = scene.org.add_workshop(&draft, now).await.unwrap();
        // Two of the three people are registered there, too, by their numbers.
        register(&scene.world, &scene.org, other, &["Asha Rao", "Second"]).await;
        let mut manager = scene.manager().await;
        let offered = manager.get(&format!("/?{}", scene.query())).await.body;
        assert!(offered.contains("Tag Masterclass"), "offered");
        let chosen = manager.get(&format!("{CONFIRM}?{}&who={}", scene.query(), Audience::Tagged(tag))).await.body;
        assert!(chosen.contains("Send to 2 people"), "{chosen}");
        let nobody = manager.get(&format!("/?{}&who=tag:nonsense", scene.query())).await;
        assert_eq!(nobody.status, StatusCode::OK, "a link that cannot be read is no error");
    }

    async fn ticked_people_are_written_to_and_stay_ticked_beside_a_pasted_list(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let people = scene
            .org
            .registrants(scene.workshop, &store::registrants::RegistrantFilter { limit: 9, ..Default::default() })
            .await
            .unwrap();
        assert_eq!(people.len(), 3);
        let list = manager.get(&format!("/workshops/{}", scene.workshop)).await.body;
        assert_eq!(list.matches(r#"type="checkbox" name="who""#).count(), 3, "{list}");
        let to = format!("/workshops/{}/tell?who={}&who=nonsense&who={}", scene.workshop, people[0].id, people[1].id);
        let composer = manager.get(&to).await;
        assert_eq!(composer.status, StatusCode::SEE_OTHER);
        let page = manager.get(composer.location().trim_end_matches("#compose")).await.body;
        assert!(page.contains("2 people ticked"), "{page}");
        let nobody = manager.get(&format!("/workshops/{}/tell", scene.workshop)).await;
        assert!(nobody.location().ends_with("#registrants"), "back to the list");
        // The people who are pasted are added, and the confirmation keeps both.
        let who = Audience::Chosen(vec![people[0].id, people[1].id]);
        let third = people[2].phone.trim_start_matches("+91").to_owned();
        let asked = manager.get(&format!("{CONFIRM}?{}&who={who}&pick={third}", scene.query())).await;
        assert!(asked.body.contains("Send to 3 people"), "{}", asked.body);
        let fields = crate::home::fields(&asked, CONFIRM);
        let sent = crate::home::post(&mut manager, CONFIRM, &fields).await;
        let id = sent.location().strip_prefix("/broadcasts/").unwrap_or_else(|| panic!("{}", sent.body)).parse().unwrap();
        scene.world.app.engine.plan().await.unwrap();
        assert_eq!(scene.org.broadcast(id).await.unwrap().planned, 3, "ticked and pasted");
    }
}
