//! WhatsApp groups without an account: named by hand, composed, asked for, posted by a person, and marked.

use axum::http::StatusCode;
use domain::{channel::Channel, message::MessageState, time::HOUR};
use store::on_both;

use crate::{home::Scene, world::Answer};

/// What the composer's form sends for these groups.
fn form(scene: &Scene, groups: &[String], text: &str) -> Vec<(String, String)> {
    let workshop = scene.workshop.to_string();
    let mut form = vec![
        ("workshop".to_owned(), workshop.clone()),
        ("made-for".to_owned(), workshop),
        ("chosen".to_owned(), String::new()),
        ("form".to_owned(), "text".to_owned()),
        ("text".to_owned(), text.to_owned()),
        ("when".to_owned(), "now".to_owned()),
    ];
    form.extend(groups.iter().map(|id| ("group".to_owned(), id.clone())));
    form
}

fn refs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The value of a hidden field in a page.
fn hidden(page: &Answer, name: &str) -> String {
    let from = page.body.split(&format!(r#"name="{name}" value=""#)).nth(1).expect("the field is there");
    from.split('"').next().unwrap().to_owned()
}

/// Two groups of the scene's workshop, named on its page.
async fn name_groups(scene: &Scene) -> Vec<String> {
    let mut browser = scene.manager().await;
    let page = format!("/workshops/{}/groups", scene.workshop);
    for (subject, members) in [("Batch 7", "142"), ("एक्सेल शाम", "96")] {
        let invite = "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv";
        let sent = [("subject", subject), ("invite", invite), ("members", members)];
        let answer = browser.post(&format!("{page}/name"), &sent).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
    let listed = browser.get(&page).await;
    assert!(listed.body.contains("Batch 7") && listed.body.contains("142 members"), "{}", listed.body);
    let groups = scene.org.workshop_groups(scene.workshop).await.unwrap();
    groups.iter().map(ToString::to_string).collect()
}

on_both! {
    async fn the_tab_of_groups_says_how_to_begin_without_any_account(db: TestStore) {
        let scene = Scene::new(db).await;
        let page = scene.manager().await.get("/?channel=group").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Name a group") && page.body.contains("No account is linked"), "{}", page.body);
    }

    async fn a_workshops_groups_are_chosen_the_text_is_shown_filled_in_and_what_is_wrong_is_said(db: TestStore) {
        let scene = Scene::new(db).await;
        let groups = name_groups(&scene).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("/?channel=group&workshop={}", scene.workshop)).await;
        assert_eq!(page.body.matches(r#"name="group""#).count(), 2);
        assert!(page.body.contains("<b>2 of 2</b> chosen") && page.body.contains("<b>238</b> members"), "{}", page.body);
        let sent = form(&scene, &groups[..1], "*Hello* {workshop_title}\n- {join_link}\n{first_name}");
        let page = browser.post("/compose/posts", &refs(&sent)).await;
        assert!(page.body.contains("<b>Hello</b> <mark>Rust &amp; &lt;b&gt;friends&lt;/b&gt;</mark>"), "{}", page.body);
        assert!(page.body.contains("“{first_name}” is no value of a workshop"), "{}", page.body);
        assert!(page.body.contains("<b>1 of 2</b> chosen"), "{}", page.body);
        let asked = browser.post("/compose/posts/review", &refs(&sent)).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        // No group is chosen, or another button of the picker is pressed.
        let none = browser.post("/compose/posts", &refs(&form(&scene, &[], "Hello"))).await;
        assert!(none.body.contains("No group is chosen"), "{}", none.body);
        let mut all = form(&scene, &[], "Hello");
        all.extend([("pick".to_owned(), "all".to_owned()), ("find".to_owned(), "batch".to_owned())]);
        let all = browser.post("/compose/posts", &refs(&all)).await;
        assert!(all.body.contains("<b>1 of 2</b> chosen") && all.body.contains("Select all (1 visible)"), "{}", all.body);
    }

    // Of groups that carry the same name the former application did not say which one a message was for.
    async fn two_chosen_groups_of_one_name_are_pointed_out_before_anything_is_posted(db: TestStore) {
        let scene = Scene::new(db).await;
        let groups = name_groups(&scene).await;
        let mut browser = scene.manager().await;
        let quiet = browser.post("/compose/posts", &refs(&form(&scene, &groups, "Hello"))).await;
        assert!(!quiet.body.contains("Two chosen groups are called"), "{}", quiet.body);
        let page = format!("/workshops/{}/groups/name", scene.workshop);
        let third = browser.post(&page, &[("subject", "batch 7"), ("invite", ""), ("members", "75")]).await;
        assert_eq!(third.status, StatusCode::SEE_OTHER, "{}", third.body);
        let groups = scene.org.workshop_groups(scene.workshop).await.unwrap();
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        assert_eq!(groups.len(), 3, "one name makes no group of two");
        let asked = browser.post("/compose/posts/review", &refs(&form(&scene, &groups, "Hello"))).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        let shown = browser.post("/compose/posts", &refs(&form(&scene, &groups, "Hello"))).await;
        assert!(shown.body.contains("Two chosen groups are called “"), "{}", shown.body);
        assert!(shown.body.contains("142") && shown.body.contains("75"), "their members tell them apart: {}", shown.body);
    }

    async fn a_post_is_asked_for_once_posted_by_a_person_and_marked_by_name(db: TestStore) {
        let scene = Scene::new(db).await;
        let groups = name_groups(&scene).await;
        let mut browser = scene.manager().await;
        let sent = form(&scene, &groups, "Join: {join_link}");
        let asked = browser.post("/compose/posts/review", &refs(&sent)).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        assert!(asked.body.contains("in 2 groups?"), "{}", asked.body);
        let mut confirmed = form(&scene, &groups, "Join: {join_link}");
        confirmed.push(("once".to_owned(), hidden(&asked, "once")));
        confirmed.push(("asked".to_owned(), hidden(&asked, "asked")));
        let first = browser.post("/compose/posts/confirm", &refs(&confirmed)).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        let again = browser.post("/compose/posts/confirm", &refs(&confirmed)).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.broadcasts().await, 1, "pressed twice, made once");
        let page = browser.get(first.location()).await;
        assert!(page.body.contains("Join: https://meet.example/rust"), "{}", page.body);
        assert!(page.body.contains("https://wa.me/?text=Join%3A%20https%3A%2F%2Fmeet.example%2Frust"), "{}", page.body);
        assert!(page.body.contains("0 of 2") && page.body.contains("Open the group"), "{}", page.body);
        // None of it is the engine's work.
        let broadcast = scene.org.broadcasts(&Default::default(), 1).await.unwrap().remove(0);
        assert_eq!(broadcast.in_state(MessageState::Waiting), 2);
        let post = format!("/broadcasts/{}/post", broadcast.id);
        assert_eq!(first.location(), post);
        let answer = browser.post(&post, &[("mark", "posted 1")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let broadcast = scene.org.broadcast(broadcast.id).await.unwrap();
        assert_eq!((broadcast.in_state(MessageState::Sent), broadcast.in_state(MessageState::Waiting)), (1, 1));
        let story = browser.get(&format!("/broadcasts/{}/messages/1", broadcast.id)).await;
        assert!(story.body.contains("posted it by hand"), "{}", story.body);
        let watched = browser.get(&format!("/broadcasts/{}", broadcast.id)).await;
        assert!(watched.body.contains("is asked to post in 1 group"), "{}", watched.body);
        let nonsense = browser.post(&post, &[("mark", "posted x")]).await;
        assert_eq!(nonsense.status, StatusCode::BAD_REQUEST);
        scene.world.clock.advance(5 * HOUR);
        let late = browser.post(&post, &[("mark", "posted 2")]).await;
        let told = browser.get(late.location()).await;
        assert!(told.body.contains("Not recorded: its last useful moment had passed"), "{}", told.body);
    }

    async fn two_tabs_that_ask_the_same_post_it_in_no_group_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let groups = name_groups(&scene).await;
        let mut browser = scene.manager().await;
        let sent = form(&scene, &groups, "Join: {join_link}");
        let mut confirmations = Vec::new();
        for _ in 0..2 {
            let asked = browser.post("/compose/posts/review", &refs(&sent)).await;
            assert!(!asked.body.contains("again"), "nothing was posted yet: {}", asked.body);
            let mut confirmed = sent.clone();
            confirmed.push(("once".to_owned(), hidden(&asked, "once")));
            confirmed.push(("asked".to_owned(), hidden(&asked, "asked")));
            confirmations.push(confirmed);
            scene.world.clock.advance(1);
        }
        let first = browser.post("/compose/posts/confirm", &refs(&confirmations[0])).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        let second = browser.post("/compose/posts/confirm", &refs(&confirmations[1])).await;
        assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.body);
        assert!(second.body.contains("2 groups have the same post") && second.body.contains("2 again"), "{}", second.body);
        assert_eq!(scene.broadcasts().await, 1);
        // Another text is another post. The same text goes out again when a person says so.
        let other = browser.post("/compose/posts/review", &refs(&form(&scene, &groups, "We begin now."))).await;
        assert!(!other.body.contains("the same post"), "{}", other.body);
        let mut said = confirmations[1].clone();
        said.push(("again".to_owned(), "2".to_owned()));
        assert_eq!(browser.post("/compose/posts/confirm", &refs(&said)).await.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.broadcasts().await, 2);
    }

    async fn a_post_of_eight_thousand_letters_is_refused_in_words_and_never_cut(db: TestStore) {
        let scene = Scene::new(db).await;
        let groups = name_groups(&scene).await;
        let sent = form(&scene, &groups, &"क".repeat(4_001));
        let page = scene.manager().await.post("/compose/posts", &refs(&sent)).await;
        assert!(page.body.contains("The text has 4001 characters; 4000 is the most"), "{}", page.body);
    }

    async fn a_group_needs_a_name_and_an_invite_link_that_is_one(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let to = format!("/workshops/{}/groups/name", scene.workshop);
        for (sent, words) in [
            ([("subject", " "), ("invite", ""), ("members", "")], "Type the group’s name"),
            ([("subject", "A"), ("invite", "https://evil.example/x"), ("members", "")], "An invite link begins with"),
            ([("subject", "A"), ("invite", "javascript:alert(1)"), ("members", "")], "An invite link begins with"),
            ([("subject", "A"), ("invite", ""), ("members", "many")], "Type a number"),
        ] {
            let answer = browser.post(&to, &sent).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains(words), "{}", answer.body);
        }
        assert!(scene.org.groups().await.unwrap().is_empty());
        assert!(Channel::WhatsappGroup.sends());
    }
}
