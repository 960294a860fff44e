//! Long lists: *Next* leads on, and *Previous* leads back to the page before.

use axum::http::StatusCode;
use domain::{
    ids::{ImportId, WorkshopId},
    name::PersonName,
    phone::{Country, Phone},
    time::HOUR,
};
use store::{
    Actor, on_both, registrants::NewRegistrant, suppressions::NewSuppression, workshops::WorkshopDraft,
};

use crate::world::{Browser, People, World};

fn workshop(people: &People) -> WorkshopId {
    people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1.parse().unwrap()
}

/// The middle of a page, without what differs each time it is loaded.
fn middle(page: &str) -> String {
    let (_, rest) = page.split_once("<main").unwrap();
    let (middle, _) = rest.split_once("</main>").unwrap();
    let mut parts = middle.split("name=\"csrf\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('"').unwrap().1)
}

fn link(page: &str, rel: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!("rel=\"{rel}\""))?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(href.split_once('"')?.0.replace("&amp;", "&").split('#').next().unwrap_or_default().to_owned())
}

/// Walks a list to its end and back to its beginning; returns the number of pages.
async fn walk(browser: &mut Browser<'_>, path: &str) -> usize {
    let mut pages = vec![];
    let mut next = Some(path.to_owned());
    while let Some(href) = next {
        let page = browser.get(&href).await;
        assert_eq!(page.status, StatusCode::OK, "{href}");
        next = link(&page.body, "next");
        pages.push(page.body);
        assert!(pages.len() < 20, "{path} has an end");
    }
    let mut here = pages.last().cloned().unwrap();
    for expected in pages.iter().rev().skip(1) {
        let href = link(&here, "prev").expect("there is a page above");
        here = browser.get(&href).await.body;
        assert_eq!(middle(&here), middle(expected), "{href}");
    }
    assert_eq!(link(&here, "prev"), None, "the first page of {path}");
    pages.len()
}

on_both! {
    async fn previous_goes_one_page_back_on_every_list(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let now = world.clock_now();
        let numbers = || (100..230).map(|n| format!("+9190000{n:05}"));
        let phone = |number: &str| Phone::parse(number, Country::INDIA).unwrap();
        let crowd = numbers().map(|number| NewRegistrant {
            name: PersonName::parse("Kavya Test"),
            phone: Some(phone(&number)),
            phone_typed: number.clone(),
            ..NewRegistrant::default()
        });
        org.add_registrants(workshop(&people), ImportId::new(now), crowd.collect(), now).await.unwrap();
        let entries = numbers().map(|number| NewSuppression {
            phone_key: world.app.phone_key.of(&number), phone: phone(&number), channel: None, category: None, reason: "asked".into(),
        });
        org.suppress_all(entries.collect(), None, now).await.unwrap();
        for n in 0..130 {
            let draft = WorkshopDraft {
                title: format!("Excel {n}"), starts_at: now.plus(HOUR), ends_at: now.plus(2 * HOUR), join_link: String::new(), tag: None,
            };
            org.add_workshop(&draft, now.plus(n)).await.unwrap();
        }
        let mut broadcast = crate::broadcast::planned(&world, &people).await;
        for _ in 0..60 {
            world.clock.advance(1);
            broadcast = crate::broadcast::planned(&world, &people).await;
        }
        let mut admin = world.signed_in(&people.admin).await;
        let mut file = "Name,Phone\n".to_owned();
        (0..130).for_each(|n| file.push_str(&format!("Wrong {n},12\n")));
        let id = workshop(&people).to_string();
        let uploaded = admin.upload("/imports", &[("workshop", &id)], "people.csv", file.as_bytes()).await;
        let import = uploaded.location().trim_end_matches("/columns").to_owned();
        admin.post(&format!("{import}/columns"), &[("name", "0"), ("phone", "1")]).await;
        while admin.get(&import).await.headers.contains_key("refresh") {
            tokio::task::yield_now().await;
        }
        for path in [
            format!("/workshops/{id}"),
            format!("/workshops/{id}?which=suppressed"),
            format!("/workshops/{id}?which=&q=Kavya"),
            "/people/opted-out".to_owned(),
            "/people/opted-out?q=900000".to_owned(),
            "/workshops".to_owned(),
            "/workshops?when=all&q=Excel".to_owned(),
            "/broadcasts".to_owned(),
            "/broadcasts?channel=personal".to_owned(),
            "/settings/audit".to_owned(),
            format!("/broadcasts/{broadcast}"),
            format!("/broadcasts/{broadcast}?state=skipped"),
            format!("/broadcasts/{broadcast}?q=Kavya"),
            import,
        ] {
            let pages = walk(&mut admin, &path).await;
            assert!(pages >= 3, "{path} needs three pages, has {pages}");
        }
    }
}
