//! The page behind the link of a message: it stops messages, takes that back, and tells nobody anything.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::{MessageRef, OrganizationId},
    money::Money,
    phone::{Country, Phone},
    sending_hours::SendingHours,
    time::{HOUR, MINUTE},
};
use serde_json::json;
use store::{
    Actor, Org,
    broadcasts::NewBroadcast,
    consents::NewConsent,
    messages::MessageFilter,
    on_both,
    suppressions::SuppressionFilter,
    work::{Endings, Want},
};
use tower::ServiceExt;

use crate::world::{FIRST, People, World};

const PHONE: &str = "+919000000001";

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

/// A broadcast to one person whose text ends with the link; its message and the path of the link in it.
async fn sent(world: &World, people: &People, category: Category) -> (MessageRef, String) {
    let org = org(world, people);
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    let now = world.clock_now();
    let new = NewBroadcast {
        integration: people.integration,
        workshop: workshop.parse().unwrap(),
        channel: Channel::WhatsappPersonal,
        title: "Offer".to_owned(),
        template_id: None,
        template: json!({
            "campaign": "offer", "category": category.word(), "language": "en", "body": "Stop: {{1}}",
            "parameters": [{ "label": "stop", "source": { "from": "opt_out_link" }, "fallback": "" }],
            "buttons": [{ "label": "Stop", "value": { "from": "opt_out_link" } }],
        }),
        category,
        audience: Audience::Registered,
        telling: store::broadcasts::Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::any(),
        unit_price: Money(1_450),
    };
    let phone = Phone::parse(PHONE, Country::INDIA).unwrap();
    let agreed = NewConsent {
        phone_key: world.app.phone_key.of(PHONE),
        phone,
        channel: None,
        given_at: now,
        source: "form".into(),
        wording: "Send me offers".into(),
        note: String::new(),
    };
    org.record_consent(agreed, now).await.unwrap();
    let broadcast = org.confirm_broadcast(new, now).await.unwrap();
    world.app.engine.plan().await.unwrap();
    let row = org.messages(broadcast, &MessageFilter::default(), 0, 1).await.unwrap().remove(0);
    let message = MessageRef { broadcast, position: row.message.position };
    let content: serde_json::Value =
        serde_json::from_str(&org.message(message).await.unwrap().content).unwrap_or_default();
    let link = content["p"][0].as_str().expect("the planner put a link in").to_owned();
    let path = link.strip_prefix("https://notify.example").unwrap().to_owned();
    assert_eq!(content["b"][0], path.strip_prefix("/o/").unwrap(), "a button takes the end of the address");
    assert!(!link.contains("9000000001"));
    (message, path)
}

async fn entries(world: &World, people: &People) -> Vec<(Option<Channel>, Option<Category>, String)> {
    let filter = SuppressionFilter { limit: 10, ..Default::default() };
    let all = org(world, people).suppressions(&filter).await.unwrap();
    let own = all.into_iter().filter(|entry| entry.is_own());
    own.map(|entry| (entry.channel, entry.category, entry.phone.unwrap())).collect()
}

on_both! {
    async fn opening_the_link_changes_nothing_and_the_button_stops_at_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (message, path) = sent(&world, &people, Category::Utility).await;
        let mut phone = world.browser();
        let page = phone.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        for words in [FIRST, "on WhatsApp", "Stop these messages · संदेश बंद करें", r#"lang="hi""#] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains("9000000001") && page.csrf().is_none());
        assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
        assert!(!page.headers.contains_key(header::SET_COOKIE), "needs no cookie");
        assert_eq!(entries(&world, &people).await, []);

        for _ in 0..2 {
            let answer = phone.post_as_is(&path, &[("do", "all")]).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, path.as_str()));
        }
        assert_eq!(entries(&world, &people).await, [(Some(Channel::WhatsappPersonal), None, PHONE.to_owned())]);
        let page = phone.get(&path).await;
        assert!(page.body.contains("Messages are stopped") && page.body.contains("Undo"), "{}", page.body);

        // Messages that wait for the person are left out at once.
        let want = Want::rows(message.broadcast, 10);
        world.clock.advance(MINUTE);
        let work = world.app.engine.work();
        let turn = work.turn(&Endings::default(), &[want], &world.app.phone_key, world.clock_now()).await.unwrap();
        assert_eq!(turn.claimed.len(), 0);

        for _ in 0..2 {
            phone.post_as_is(&path, &[("do", "undo")]).await;
        }
        assert_eq!(entries(&world, &people).await, []);
    }

    async fn a_mail_program_stops_with_one_post_and_is_not_redirected(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (_, path) = sent(&world, &people, Category::Utility).await;
        let one_click = Request::post(&path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site")
            .body(Body::from("List-Unsubscribe=One-Click"))
            .unwrap();
        let answer = world.router().oneshot(one_click).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(entries(&world, &people).await.len(), 1);
        let multipart = Request::post(&path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from("--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"))
            .unwrap();
        assert_eq!(world.router().oneshot(multipart).await.unwrap().status(), StatusCode::OK);
        assert_eq!(entries(&world, &people).await.len(), 1, "said twice it is kept once");
    }

    async fn the_link_of_a_promotion_stops_promotions_and_more_only_when_asked(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let promotion = |what| (Some(Channel::WhatsappPersonal), what, PHONE.to_owned());
        let (_, path) = sent(&world, &people, Category::Marketing).await;
        let mut phone = world.browser();
        assert!(phone.get(&path).await.body.contains("Stop promotions on WhatsApp?"));
        phone.post_as_is(&path, &[("do", "promotions")]).await;
        assert_eq!(entries(&world, &people).await, [promotion(Some(Category::Marketing))]);
        assert!(phone.get(&path).await.body.contains("Promotions are stopped"));
        phone.post_as_is(&path, &[("do", "all")]).await;
        assert_eq!(entries(&world, &people).await, [promotion(None)]);
    }

    async fn every_link_that_is_none_gets_the_same_answer_and_too_many_must_wait(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (message, path) = sent(&world, &people, Category::Utility).await;
        let mut phone = world.browser();
        let beyond = MessageRef { position: 9_999, ..message };
        let beyond = world.app.opt_out.links.link(beyond).strip_prefix("https://notify.example").unwrap().to_owned();
        let mut changed = path.clone();
        changed.replace_range(5..6, if &path[5..6] == "A" { "B" } else { "A" });
        let none = phone.get(&format!("/o/{}", "A".repeat(40))).await;
        assert!(none.body.contains("This link does not work") && none.body.contains(r#"lang="hi""#));
        assert!(!none.body.contains("href=\"/\""), "no way to a page that asks them to sign in");
        for path in [beyond.as_str(), &changed, "/o/abc", "/o/%E0%A4%B9"] {
            let page = phone.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(page.body, none.body, "{path}");
            let posted = phone.post_as_is(path, &[("do", "all")]).await;
            assert_eq!(posted.status, StatusCode::NOT_FOUND, "{path}");
        }
        let mut tries = 0;
        while phone.get("/o/abc").await.status == StatusCode::NOT_FOUND {
            tries += 1;
            assert!(tries < 100, "guessing has no end");
        }
        let refused = phone.get("/o/abc").await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.headers.contains_key(header::RETRY_AFTER));
        assert_eq!(phone.get(&path).await.status, StatusCode::OK, "others behind the same address are served");
        world.clock.advance(MINUTE);
        assert_eq!(phone.get("/o/abc").await.status, StatusCode::NOT_FOUND);
    }

    async fn the_link_of_a_preview_stops_nothing(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let link = world.app.opt_out.links.sample(OrganizationId(people.first.0));
        let path = link.strip_prefix("https://notify.example").unwrap();
        let mut phone = world.browser();
        assert!(phone.get(path).await.body.contains("link of a test"));
        phone.post_as_is(path, &[]).await;
        assert_eq!(entries(&world, &people).await, []);
    }
}
