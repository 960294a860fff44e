//! Short links: where they lead, for whom, and which openings count.

use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::{RegistrantId, WorkshopId},
    money::Money,
    phone::{Country, Phone},
    sending_hours::SendingHours,
    time::{DAY, HOUR},
};
use serde_json::json;
use store::{
    Actor, Org,
    broadcasts::{BroadcastFilter, NewBroadcast},
    links::OwnLinkUse,
    messages::MessageFilter,
    on_both,
    workshops::WorkshopDraft,
};
use tower::ServiceExt;

use crate::world::{People, World};

const PHONE: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

fn record(people: &People, name: &str) -> String {
    people.records.iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

/// Opens a link as the program of that name.
async fn open(world: &World, path: &str, agent: &str) -> Response<Body> {
    let request = Request::get(path).header(header::USER_AGENT, agent).body(Body::empty()).unwrap();
    world.router().oneshot(request).await.unwrap()
}

fn led_to(answer: &Response<Body>) -> Option<&str> {
    answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap())
}

async fn body(answer: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Plans a broadcast whose text ends with everybody's own link; the path of the link in the first message.
async fn planned_with_link(world: &World, people: &People) -> String {
    let org = org(world, people);
    let now = world.clock_now();
    let new = NewBroadcast {
        integration: people.integration,
        workshop: record(people, "{workshop}").parse().unwrap(),
        channel: Channel::WhatsappPersonal,
        title: "Link".to_owned(),
        template_id: None,
        template: json!({
            "campaign": "link", "category": "utility", "language": "en", "body": "Join: {{1}}",
            "parameters": [{ "label": "link", "source": { "from": "registrant_join_link" }, "fallback": "" }],
            "buttons": [{ "label": "Join", "value": { "from": "registrant_join_link" } }],
        }),
        category: Category::Utility,
        audience: Audience::Registered,
        telling: store::broadcasts::Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::any(),
        unit_price: Money(1_450),
    };
    let broadcast = org.confirm_broadcast(new, now).await.unwrap();
    world.app.engine.plan().await.unwrap();
    let row = org.messages(broadcast, &MessageFilter::default(), 0, 1).await.unwrap().remove(0);
    let content: serde_json::Value =
        serde_json::from_str(&org.message(row.message).await.unwrap().content).unwrap();
    let link = content["p"][0].as_str().expect("the planner put a link in");
    assert!(link.len() <= 45, "{link} is short enough for an SMS");
    let path = link.strip_prefix("https://notify.example").unwrap().to_owned();
    assert_eq!(content["b"][0], path.strip_prefix("/j/").unwrap(), "a button takes the end of the address");
    path
}

async fn set_join_link(org: &Org, world: &World, workshop: WorkshopId, link: &str) {
    let now = world.clock_now();
    let draft = WorkshopDraft {
        title: "Excel".to_owned(),
        starts_at: now.plus(DAY),
        ends_at: now.plus(2 * DAY),
        join_link: link.to_owned(),
        tag: None,
    };
    org.edit_workshop(workshop, &draft, now).await.unwrap();
}

/// The use of the link, once so many openings were counted.
async fn used(org: &Org, workshop: WorkshopId, registrant: RegistrantId, opens: i64) -> OwnLinkUse {
    for _ in 0..400 {
        let used = org.own_link(workshop, registrant).await.unwrap().expect("has a link");
        if used.opens >= opens {
            return used;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    org.own_link(workshop, registrant).await.unwrap().unwrap()
}

on_both! {
    async fn a_persons_own_link_leads_to_the_join_link_of_the_moment_it_is_opened(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = org(&world, &people);
        let workshop: WorkshopId = record(&people, "{workshop}").parse().unwrap();
        let path = planned_with_link(&world, &people).await;
        assert_eq!(planned_with_link(&world, &people).await, path, "every message of a person carries the same link");

        let answer = open(&world, &path, PHONE).await;
        assert_eq!((answer.status(), led_to(&answer)), (StatusCode::OK, None));
        assert!(body(answer).await.contains("The link is not ready yet"));

        set_join_link(&org, &world, workshop, "https://meet.example/one").await;
        let answer = open(&world, &path, PHONE).await;
        assert_eq!((answer.status(), led_to(&answer)), (StatusCode::FOUND, Some("https://meet.example/one")));
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "same-origin", "the place it leads to is not told this address");
        set_join_link(&org, &world, workshop, "https://meet.example/two?a=ü").await;
        let answer = open(&world, &path, PHONE).await;
        assert_eq!(led_to(&answer), Some("https://meet.example/two?a=%C3%BC"), "also in messages that went out");

        org.cancel_workshop(workshop, world.clock_now()).await.unwrap();
        let answer = open(&world, &path, PHONE).await;
        assert_eq!(led_to(&answer), None);
        assert!(body(answer).await.contains("This workshop was cancelled"));
    }

    async fn a_click_of_a_person_marks_the_link_opened_and_a_preview_does_not(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = org(&world, &people);
        let workshop: WorkshopId = record(&people, "{workshop}").parse().unwrap();
        let registrant: RegistrantId = record(&people, "{registrant}").parse().unwrap();
        let path = planned_with_link(&world, &people).await;
        set_join_link(&org, &world, workshop, "https://meet.example/one").await;
        for program in ["WhatsApp/2.23.20.0 A", "facebookexternalhit/1.1", "curl/8.5.0"] {
            let answer = open(&world, &path, program).await;
            assert_eq!(led_to(&answer), Some("https://meet.example/one"), "{program} is led on all the same");
        }
        let head = Request::head(&path).header(header::USER_AGENT, PHONE).body(Body::empty()).unwrap();
        world.router().oneshot(head).await.unwrap();
        open(&world, &path, PHONE).await;
        open(&world, &path, PHONE).await;
        let used = used(&org, workshop, registrant, 2).await;
        assert_eq!((used.opens, used.opened_at), (2, Some(world.clock_now())), "the two of a person");
        assert_eq!(org.own_links(workshop).await.unwrap(), (1, 1));
    }

    async fn nobody_is_led_on_who_is_registered_no_more_or_guesses(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = org(&world, &people);
        let workshop: WorkshopId = record(&people, "{workshop}").parse().unwrap();
        let path = planned_with_link(&world, &people).await;
        set_join_link(&org, &world, workshop, "https://meet.example/one").await;
        let mut guessed = path.clone();
        guessed.replace_range(5..6, if path.as_bytes()[5] == b'A' { "B" } else { "A" });
        for nowhere in [guessed.as_str(), "/j/", "/j/short", "/j/%2e%2e%2fx", "/l/none-such", "/l/A", "/j/00000000000"] {
            let answer = open(&world, nowhere, PHONE).await;
            assert_eq!((answer.status(), led_to(&answer)), (StatusCode::NOT_FOUND, None), "{nowhere}");
        }
        for broadcast in org.broadcasts(&BroadcastFilter::default(), 9).await.unwrap() {
            org.cancel_broadcast(broadcast.id, world.clock_now()).await.unwrap();
        }
        world.app.engine.settle().await.unwrap();
        let phone = Phone::parse("90000 00001", Country::INDIA).unwrap();
        org.forget_number(&phone, &world.app.phone_key, world.clock_now()).await.unwrap();
        let answer = open(&world, &path, PHONE).await;
        assert_eq!((answer.status(), led_to(&answer)), (StatusCode::NOT_FOUND, None), "an erased person's link is gone");
        // A caller who tries many codes has to wait, and nobody else does.
        let mut last = StatusCode::OK;
        for _ in 0..40 {
            last = open(&world, "/j/00000000000", PHONE).await.status();
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn a_named_link_leads_where_it_was_last_told_to_and_nobody_else_gets_its_name(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let wrong = manager.post("/settings/links", &[("name", "a/b"), ("target", "javascript:alert(1)")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Use the letters a to z") && wrong.body.contains("A link begins with https://"), "{}", wrong.body);
        manager.post("/settings/links", &[("name", "Zoom"), ("target", "meet.example/one")]).await;
        let links = org(&world, &people).named_links().await.unwrap();
        let link = links.into_iter().find(|link| link.name.as_str().ends_with("-zoom")).unwrap();
        let path = format!("/l/{}", link.name.as_str());
        assert_eq!(led_to(&open(&world, &path, PHONE).await), Some("https://meet.example/one"));

        let page = format!("/settings/links/{}", link.id);
        manager.post(&page, &[("target", "https://meet.example/two")]).await;
        assert_eq!(led_to(&open(&world, &path, PHONE).await), Some("https://meet.example/two"));
        let twice = manager.post("/settings/links", &[("name", "zoom"), ("target", "https://meet.example/three")]).await;
        assert!(twice.body.contains("This name is taken"), "{}", twice.body);

        manager.post(&format!("{page}/remove"), &[]).await;
        assert_eq!(open(&world, &path, PHONE).await.status(), StatusCode::NOT_FOUND);
        let other = world.app.store.org(Actor::command_line(people.second));
        let taken = other.add_named_link(&link.name, "https://evil.example", world.clock_now()).await.unwrap();
        assert_eq!(taken, None, "a name that stands in messages is nobody else's");
        manager.post("/settings/links", &[("name", "zoom"), ("target", "https://meet.example/four")]).await;
        assert_eq!(led_to(&open(&world, &path, PHONE).await), Some("https://meet.example/four"), "it can come back");
        assert!(manager.get("/settings/audit").await.body.contains("-zoom"));
    }
}
