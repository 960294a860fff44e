//! The audit log says what was done in words, with a link to what it was done to, and never shows an id where there
//! is a name.

use domain::{time::HOUR, workshop::TagColour};
use store::{on_both, workshops::WorkshopDraft};

use crate::home::{CONFIRM, Scene, fields, post};

/// Whether a text holds something that looks like an id of ours outside an address.
fn shows_an_id(html: &str) -> bool {
    let text: String =
        html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    let is_id = |word: &str| {
        word.len() == 36
            && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
            && word.matches('-').count() == 4
    };
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(is_id)
}

on_both! {
    async fn every_entry_names_what_it_is_about_and_leads_there(db: TestStore) {
        let scene = Scene::new(db).await;
        let (org, now) = (&scene.org, scene.world.clock_now());
        let tag = org.add_tag("Masterclass", TagColour::Rose, now).await.unwrap();
        let mut manager = scene.manager().await;
        let question = manager.get(&format!("{CONFIRM}?{}", scene.query())).await;
        let sent = post(&mut manager, CONFIRM, &fields(&question, CONFIRM)).await;
        let broadcast = sent.location().to_owned();
        assert!(broadcast.starts_with("/broadcasts/"), "{}", sent.body);
        scene.world.app.engine.plan().await.unwrap();
        let workshop = org.workshop(scene.workshop).await.unwrap();
        let draft = WorkshopDraft {
            title: workshop.title,
            starts_at: workshop.starts_at.plus(HOUR),
            ends_at: workshop.ends_at.plus(HOUR),
            join_link: workshop.join_link,
            tag: Some(tag),
        };
        org.edit_workshop(scene.workshop, &draft, now).await.unwrap();
        let log = manager.get("/settings/audit").await.body;
        let (_, table) = log.split_once("<tbody>").expect("a table");
        for (words, href) in [
            ("Masterclass", format!("/settings/tags/{tag}")),
            ("1-hour reminder", broadcast),
            ("Rust &amp; &lt;b&gt;friends&lt;/b&gt;", format!("/workshops/{}", scene.workshop)),
        ] {
            assert!(table.contains(&format!(r#"href="{href}">{words}</a>"#)), "{words}: {table}");
        }
        assert!(table.contains("1 broadcast stopped"), "numbers in words: {table}");
        assert!(!table.contains("starts_at="), "{table}");
        assert!(!shows_an_id(table), "{table}");
        org.remove_tag(tag, now).await.unwrap();
        let log = manager.get("/settings/audit").await.body;
        assert!(log.contains("Removed a tag") && log.contains("1 workshop had it") && log.contains("Not there any more"));
    }
}
