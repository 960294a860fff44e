//! Groups through a gateway, from the linked phone to what each group got.

use axum::http::StatusCode;
use domain::{
    broadcast::UNDO_MS,
    group::AccountState,
    ids::IntegrationId,
    message::MessageState,
    pace::Pace,
    time::{HOUR, MINUTE, SECOND},
};
use providers::registry;
use store::on_both;

use crate::home::Scene;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";

/// An account at WAHA's stand-in, whose phone is linked there already.
async fn connect(scene: &Scene) -> IntegrationId {
    let (world, org) = (&scene.world, &scene.org);
    let id = IntegrationId::new(world.clock_now());
    let sample = sandbox::registry::FACES.iter().find(|face| face.kind() == "waha").unwrap().account();
    let secrets = sample
        .secrets
        .iter()
        .fold(providers::Secrets::default(), |secrets, (key, value)| secrets.with(key, value))
        .with("webhook_key", "TEST-webhook-key");
    let binding = munadi::accounts::seal_binding(org.actor().organization, id);
    let new = store::integrations::NewIntegration {
        id,
        kind: "waha".into(),
        name: "Events".into(),
        settings: sample.settings,
        sealed: world.app.keys.seal(&secrets.to_json(), &binding),
        hints: serde_json::json!({}),
        callback_key: world.app.keys.callback_key(id),
        pace: Pace { per_second: 1, per_day: 0 },
    };
    org.add_integration(new, world.clock_now()).await.unwrap();
    id
}

on_both! {
    async fn a_post_goes_once_to_each_group_one_after_the_other(db: TestStore) {
        let scene = Scene::new(db).await;
        assert!(registry::vendor("waha").is_some());
        let account = connect(&scene).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("/settings/accounts/{account}")).await;
        assert!(page.body.contains("It posts."), "{}", page.body);
        let linked = scene.org.linked_account(account).await.unwrap().unwrap();
        assert_eq!(linked.state, AccountState::Ready);
        assert!(!linked.phone.is_empty());
        let synced = browser.post(&format!("/settings/accounts/{account}/sync"), &[]).await;
        let told = browser.get(synced.location()).await;
        assert!(told.body.contains("read."), "{}", told.body);
        let groups: Vec<_> =
            scene.org.groups().await.unwrap().into_iter().filter(|group| group.takes_posts()).collect();
        assert!(groups.len() >= 2, "needs two groups to post to: {groups:?}");
        let two = [groups[0].id, groups[1].id];
        scene.org.set_workshop_groups(scene.workshop, &two, scene.world.clock_now()).await.unwrap();
        let workshop = scene.workshop.to_string();
        let form = [("workshop", workshop.as_str()), ("text", "Join: {join_link}"), ("form", "text"), ("when", "now")];
        let asked = browser.post("/compose/posts/review", &form).await;
        assert!(asked.body.contains("Post to 2 groups"), "{}", asked.body);
        let once = asked.body.split(r#"name="once" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let confirmed = [form[0], form[1], form[2], form[3], ("once", once.as_str())];
        let made = browser.post("/compose/posts/confirm", &confirmed).await;
        assert!(made.location().starts_with("/broadcasts/"), "{}", made.body);
        let id = scene.org.broadcasts(&Default::default(), 1).await.unwrap().remove(0).id;
        let network = || scene.sandbox.waha().network().all_posts();
        let mut sender = engine::Sender::new(scene.world.app.engine.clone(), 1);
        sender.turn_until_idle().await.unwrap();
        assert!(network().is_empty(), "for ten seconds it can be taken back");
        scene.world.clock.advance(UNDO_MS);
        sender.turn_until_idle().await.unwrap();
        assert_eq!(network().len(), 1, "the second waits for its pause");
        scene.world.clock.advance(10 * SECOND);
        sender.turn_until_idle().await.unwrap();
        assert_eq!(network().len(), 1, "a new account pauses at least 20 seconds");
        scene.world.clock.advance(MINUTE);
        sender.turn_until_idle().await.unwrap();
        scene.world.clock.advance(HOUR);
        sender.turn_until_idle().await.unwrap();
        let posts = network();
        let mut places: Vec<&str> = posts.iter().map(|post| post.group.as_str()).collect();
        places.sort_unstable();
        let mut expected = [groups[0].jid.as_str(), groups[1].jid.as_str()];
        expected.sort_unstable();
        assert_eq!(places, expected, "each group once");
        assert!(posts.iter().all(|post| post.text == "Join: https://meet.example/rust"), "{posts:?}");
        let broadcast = scene.org.broadcast(id).await.unwrap();
        assert_eq!(broadcast.in_state(MessageState::Sent), 2, "{:?}", broadcast.counts);
    }

    async fn the_tab_says_when_posts_are_done_and_what_is_wrong_with_a_file_before_anything_is_posted(db: TestStore) {
        let scene = Scene::new(db).await;
        let account = connect(&scene).await;
        let mut browser = scene.manager().await;
        browser.get(&format!("/settings/accounts/{account}")).await;
        let workshop = scene.workshop.to_string();
        browser.post(&format!("/settings/accounts/{account}/sync"), &[]).await;
        // The groups are read again from the picker, and what was typed stays.
        let typed = [("workshop", workshop.as_str()), ("text", "Bring a laptop"), ("form", "text"), ("pick", "sync")];
        let read = browser.post("/compose/posts", &typed).await.body;
        assert!(read.contains("Events: 5 groups read.") && read.contains("Bring a laptop"), "{read}");
        assert!(read.contains("Community: Udaan learners"), "a community is a heading: {read}");
        let groups: Vec<_> =
            scene.org.groups().await.unwrap().into_iter().filter(|group| group.takes_posts()).collect();
        let own: Vec<_> = groups.iter().map(|group| group.id).collect();
        scene.org.set_workshop_groups(scene.workshop, &own, scene.world.clock_now()).await.unwrap();
        let tab = browser.get(&format!("/?channel=group&workshop={workshop}")).await.body;
        // A new account makes three posts, with pauses of 20 to 45 seconds.
        for words in ["Done by", "longer pauses while the account is new", "3 of 10", "1 min"] {
            assert!(tab.contains(words), "{words}: {tab}");
        }
        let file = [
            ("workshop", workshop.as_str()), ("form", "media"), ("text", "Tonight"), ("media-kind", "image"),
            ("media-url", "https://127.0.0.1:1/tonight.jpg"), ("when", "now"),
        ];
        let looked = browser.post("/compose/posts", &[&file[..], &[("do", "look")]].concat()).await;
        assert!(looked.body.contains("The file cannot be fetched"), "{}", looked.body);
        let asked = browser.post("/compose/posts/review", &file).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.body);
        assert!(asked.body.contains("The file cannot be fetched"), "{}", asked.body);
        // Nor can it be kept as a template.
        let kept = [
            ("name", "Tonight"), ("text", "Tonight"), ("media-kind", "image"),
            ("media-url", "https://127.0.0.1:1/tonight.jpg"), ("do", "save"),
        ];
        let saved = browser.post("/settings/templates/group/new", &kept).await;
        assert_eq!(saved.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", saved.body);
        assert!(saved.body.contains("The file cannot be fetched"), "{}", saved.body);
        assert!(scene.org.templates(domain::channel::Channel::WhatsappGroup).await.unwrap().is_empty());
        assert!(scene.org.broadcasts(&Default::default(), 1).await.unwrap().is_empty());
        // The invite link of a group is read where it is missing.
        let page = format!("/groups/{}", groups[0].id);
        let read = browser.post(&format!("{page}/invite"), &[]).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.body);
        let told = browser.get(&page).await.body;
        assert!(told.contains("https://chat.whatsapp.com/TESTinvite"), "{told}");
    }

    async fn a_file_is_brought_into_a_template_and_posted_from_it(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        const NEW: &str = "/settings/templates/group/new";
        let fields = [("name", "Tonight"), ("text", "Bring a laptop"), ("media-kind", "image"), ("media-url", "")];
        let save = [&fields[..], &[("do", "save")]].concat();
        let form = browser.get(NEW).await.body;
        assert!(form.contains(r#"enctype="multipart/form-data""#) && form.contains("Upload a file"), "{form}");
        // What cannot be posted is said beside the field, and nothing is kept.
        let page = browser.upload(NEW, &save, "tonight.jpg", b"<!doctype html><title>Sign in").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.body);
        assert!(page.body.contains("web page") && page.body.contains("Bring a laptop"), "{}", page.body);
        let large = browser.upload(NEW, &save, "tonight.jpg", &[JPEG, &[0; 17 << 20]].concat()).await;
        assert!(large.body.contains("17.1 MB; 16 MB is the most"), "{}", large.body);
        let group = domain::channel::Channel::WhatsappGroup;
        assert!(scene.org.templates(group).await.unwrap().is_empty());
        // With script the file comes first and is shown; without, in one press with the rest.
        let shown = browser.upload(NEW, &fields, "Excel tonight.jpg", JPEG).await.body;
        let own = |page: &str| page.split(r#"name="own-file" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let kept = own(&shown);
        assert!(kept.starts_with("/files/") && shown.contains(r#"<img class="m-bubble__img""#), "{shown}");
        let saved = browser.post(NEW, &[&save[..], &[("own-file", &kept)]].concat()).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let at_once = [("name", "At once"), ("text", "Hi"), ("media-kind", "image"), ("do", "save")];
        let saved = browser.upload(NEW, &at_once, "Excel tonight.jpg", JPEG).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        for template in scene.org.templates(group).await.unwrap() {
            assert!(template.body.to_string().contains(&kept), "the same bytes have one address: {:?}", template.body);
        }
        // The composer takes it over, and a file that is taken away is gone.
        let address = saved.location().to_owned();
        let page = browser.get(&address).await.body;
        assert_eq!(own(&page), kept);
        let without = browser.post(&address, &[&at_once[..3], &[("own-file", &kept), ("drop-file", "yes")]].concat()).await;
        assert!(!without.body.contains("own-file"), "{}", without.body);
        let id = address.rsplit('/').next().unwrap();
        let account = connect(&scene).await;
        browser.get(&format!("/settings/accounts/{account}")).await;
        browser.post(&format!("/settings/accounts/{account}/sync"), &[]).await;
        let workshop = scene.workshop.to_string();
        let tab = browser.post("/compose/posts", &[("workshop", &workshop), ("template", id)]).await.body;
        assert_eq!(own(&tab), kept);
        // Whoever may only look sees it and keeps nothing.
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        let seen = viewer.get(&address).await.body;
        assert!(seen.contains("Excel tonight.jpg") && !seen.contains("Remove file") && !seen.contains("Upload a file"), "{seen}");
        let refused = viewer.upload(&address, &at_once, "other.jpg", JPEG).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }

    async fn a_brought_file_is_kept_and_posted_in_the_chosen_order_with_the_chosen_gap(db: TestStore) {
        let scene = Scene::new(db).await;
        let account = connect(&scene).await;
        let mut browser = scene.manager().await;
        browser.get(&format!("/settings/accounts/{account}")).await;
        browser.post(&format!("/settings/accounts/{account}/sync"), &[]).await;
        let mut groups: Vec<_> =
            scene.org.groups().await.unwrap().into_iter().filter(|group| group.takes_posts()).collect();
        let own: Vec<_> = groups.iter().map(|group| group.id).collect();
        scene.org.set_workshop_groups(scene.workshop, &own, scene.world.clock_now()).await.unwrap();
        let workshop = scene.workshop.to_string();
        let fields = [
            ("workshop", workshop.as_str()), ("form", "media"), ("text", "Tonight"), ("media-kind", "image"), ("when", "now"),
            ("gap", "60"), ("order", "largest"),
        ];
        // A file that cannot be posted is not kept, and what was typed stays.
        for (name, file, words) in [
            ("tonight.jpg", b"<!doctype html><title>Sign in".to_vec(), "web page"),
            ("tonight.heic", b"\0\0\0\x18ftypheic".to_vec(), "no picture that every phone shows"),
            ("tonight.jpg", [JPEG, &[0; 17 << 20]].concat(), "17.1 MB; 16 MB is the most"),
        ] {
            let refused = browser.upload("/compose/posts", &fields, name, &file).await;
            assert_eq!(refused.status, StatusCode::OK, "{name}");
            assert!(refused.body.contains(words) && refused.body.contains("Tonight"), "{words}: {}", refused.body);
            let asked = browser.upload("/compose/posts/review", &fields, name, &file[..file.len().min(20)]).await;
            assert_eq!(asked.status == StatusCode::OK, file.len() > 1_000, "{name}: only its size was wrong");
        }
        let shown = browser.upload("/compose/posts", &fields, "Excel tonight (1).jpg", JPEG).await.body;
        assert!(shown.contains("Excel tonight (1).jpg") && shown.contains(r#"<img class="m-bubble__img""#), "{shown}");
        let kept = shown.split(r#"name="own-file" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(kept.starts_with("/files/") && kept.ends_with("/Excel-tonight--1-.jpg"), "{kept}");
        // Whoever knows the address gets the file, as the gateway does.
        let served = scene.world.browser().get(&kept).await;
        assert_eq!(served.status, StatusCode::OK);
        let header = |name: &str| served.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!((header("content-type").as_str(), header("content-disposition").as_str()), ("image/jpeg", "inline"));
        assert_eq!(scene.world.browser().get(&kept.replace("/files/", "/files/0")).await.status, StatusCode::NOT_FOUND);
        // A page that is uploaded as a document is never shown as one of ours.
        let picture = [&fields[..3], &[("media-kind", "document")], &fields[4..]].concat();
        let drawn = browser.upload("/compose/posts", &picture, "a.svg", b"<svg onload='alert(1)'>").await.body;
        let drawn = drawn.split(r#"name="own-file" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let served = scene.world.browser().get(&drawn).await;
        assert_eq!(served.headers["content-type"], "application/octet-stream");
        assert_eq!(served.headers["content-disposition"], "attachment");
        // A viewer cannot keep files here.
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        let looked = viewer.upload("/compose/posts", &fields, "tonight.jpg", JPEG).await;
        assert!(!looked.body.contains("/files/"), "{}", looked.body);

        // The form is reviewed with its file, as a page without script sends it. The same file has the same address.
        let asked = browser.upload("/compose/posts/review", &fields, "Excel tonight (1).jpg", JPEG).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        for words in ["Largest group first", "at least 1 min apart", kept.as_str()] {
            assert!(asked.body.contains(words), "{words}: {}", asked.body);
        }
        let once = asked.body.split(r#"name="once" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let media = [("media-url", kept.as_str()), ("media-name", "Excel tonight (1).jpg"), ("once", once.as_str())];
        let made = browser.post("/compose/posts/confirm", &[&fields[..], &media].concat()).await;
        assert!(made.location().starts_with("/broadcasts/"), "{}", made.body);
        let mut sender = engine::Sender::new(scene.world.app.engine.clone(), 1);
        for _ in 0..60 {
            scene.world.clock.advance(10 * SECOND);
            sender.turn_until_idle().await.unwrap();
        }
        let mut posts = scene.sandbox.waha().network().all_posts();
        posts.sort_by_key(|post| post.at);
        groups.sort_by_key(|group| std::cmp::Reverse(group.members));
        let places: Vec<&str> = posts.iter().map(|post| post.group.as_str()).collect();
        let expected: Vec<&str> = groups.iter().map(|group| group.jid.as_str()).collect();
        assert_eq!(places, expected, "{groups:?}");
        let whole = format!("{}{kept}", scene.world.app.config.public_url);
        assert!(posts.iter().all(|post| post.media.as_deref() == Some(whole.as_str())), "{posts:?}");
        let id = scene.org.broadcasts(&Default::default(), 1).await.unwrap().remove(0).id;
        let rows = scene.org.messages(id, &Default::default(), 0, 9).await.unwrap();
        let begun: Vec<i64> = rows.iter().filter_map(|row| row.started_at).map(|at| at.0).collect();
        assert_eq!(begun.len(), groups.len());
        assert!(begun.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE), "{begun:?}");
    }
}
