//! What needs somebody now stands over every page with one button, and is gone when it is settled.

use axum::http::StatusCode;
use domain::{
    broadcast::BroadcastStatus,
    ids::{BroadcastId, WorkshopId},
    message::{MessageState, Next},
    outcome::ProviderAnswer,
    retry::OFTEN,
    time::HOUR,
};
use providers::Urls;
use serde_json::json;
use store::{
    Actor, on_both,
    work::{Endings, Record, Want},
};

use crate::{
    broadcast::planned,
    world::{People, World},
};

/// Pages of every section, and one of a single thing.
const PAGES: &[&str] =
    &["/", "/workshops", "/people", "/broadcasts", "/settings/integrations", "/account", "/attention"];

/// A broadcast of two people whose first call the provider refuses for want of money.
pub(crate) async fn without_credit(world: &World, people: &People) -> BroadcastId {
    let mut manager = world.signed_in(&people.manager).await;
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    for at in 0..3 {
        let phone = format!("90000 0004{at}");
        let form = [("name", "Ananya"), ("phone", phone.as_str()), ("email", "")];
        manager.post(&format!("/workshops/{workshop}/registrants"), &form).await;
    }
    let id = planned(world, people).await;
    run_dry(world, id).await;
    id
}

/// The account refuses the next call of a broadcast for want of credit.
pub(crate) async fn run_dry(world: &World, id: BroadcastId) {
    let work = world.app.engine.work();
    let now = world.clock_now();
    let turn = work.turn(&Endings::default(), &[Want::rows(id, 1)], &world.app.phone_key, now).await.unwrap();
    let claimed = turn.claimed.first().expect("one is claimed");
    let said = ProviderAnswer { code: "http_402".to_owned(), text: "Not enough credit".to_owned() };
    let record =
        Record { message: claimed.message, attempt: claimed.attempt, next: Next::Pause(said), at: now };
    work.turn(&vec![record].into(), &[], &world.app.phone_key, now).await.unwrap();
}

on_both! {
    async fn a_broadcast_without_credit_stands_over_every_page_until_somebody_resumes_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = without_credit(&world, &people).await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let waiting = org.broadcast(id).await.unwrap().in_state(MessageState::Waiting);
        assert!(waiting >= 3, "needs people who wait: {waiting}");
        let sentence = format!("Wallet is empty: {waiting} people wait.");
        let button = format!("Resume ({waiting})");

        let mut manager = world.signed_in(&people.manager).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        for page in PAGES {
            let answer = manager.get(page).await;
            assert_eq!(answer.status, StatusCode::OK, "{page}");
            assert!(answer.body.contains(&sentence), "{page}: {}", answer.body);
            assert!(answer.body.contains(&button), "{page}");
            let seen = viewer.get(page).await;
            assert!(seen.body.contains(&sentence), "{page} of a viewer");
            assert!(!seen.body.contains(&button), "{page}: a viewer cannot resume");
        }
        // On a phone the page of what needs somebody belongs to no section.
        let dock = |body: &str| {
            let (_, dock) = body.split_once(r#"class="m-dock""#).expect("a bar for phones");
            dock.split("</nav>").next().unwrap_or_default().matches("aria-current").count()
        };
        assert_eq!(dock(&manager.get("/attention").await.body), 0);
        assert_eq!(dock(&manager.get("/broadcasts").await.body), 1);
        let stranger = world.signed_in(&people.stranger).await.get("/broadcasts").await;
        assert!(!stranger.body.contains(&sentence), "another organisation's");

        let resumed = manager.post(&format!("/broadcasts/{id}/resume"), &[]).await;
        assert_eq!(resumed.status, StatusCode::SEE_OTHER);
        for page in PAGES {
            assert!(!manager.get(page).await.body.contains(&sentence), "{page}");
        }
    }

    async fn credit_is_bought_at_the_vendor_from_wherever_its_lack_is_shown(db: TestStore) {
        // The vendor has its own addresses, and the way out leads nowhere but to this machine.
        let world = World::with(db, |config| {
            config.providers = Urls::default();
            config.rehearses_at = Some("http://127.0.0.1:9".to_owned());
        })
        .await;
        let people = world.people().await;
        let id = without_credit(&world, &people).await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let empty = json!({ "tested_at": world.clock_now().0, "tested_by": "Admin", "status": { "standing": "no_money" } });
        // Nobody waits for the second account, so it is not asked: the result of its test stands.
        let second = world.integration(people.first, "Second", None).await;
        org.set_health(second, &empty).await.unwrap();
        let link = r#"href="https://www.app.aisensy.com/" target="_blank" rel="noopener noreferrer""#;
        let shown = |body: &str| body.matches(link).count();
        let account = format!("/settings/integrations/{second}");
        let mut manager = world.signed_in(&people.manager).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        // The button stands in the strip, on the paused broadcast, on the account's card and on its page.
        for (page, places) in [
            ("/people", 1),
            ("/attention", 1),
            (&format!("/broadcasts/{id}"), 2),
            ("/settings/integrations", 2),
            (&account, 2),
        ] {
            let body = manager.get(page).await.body;
            assert_eq!(shown(&body), places, "{page}: {body}");
            assert_eq!(shown(&viewer.get(page).await.body), 0, "{page} of a viewer, who can buy nothing");
        }
        // The broadcast is paused for another reason: no credit is missing.
        manager.post(&format!("/broadcasts/{id}/resume"), &[]).await;
        manager.post(&format!("/broadcasts/{id}/pause"), &[]).await;
        assert_eq!(shown(&manager.get("/people").await.body), 0);
    }

    async fn without_a_page_of_the_vendors_top_up_leads_to_the_account(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = without_credit(&world, &people).await;
        let link = format!(r#"href="/settings/integrations/{}#account""#, people.integration);
        let mut manager = world.signed_in(&people.manager).await;
        for page in ["/people".to_owned(), format!("/broadcasts/{id}")] {
            let body = manager.get(&page).await.body;
            assert!(body.contains(&link) && body.contains("Top up"), "{page}: {body}");
            assert!(!body.contains("app.aisensy.com"), "{page}: a stand-in sells credit elsewhere");
        }
    }

    async fn a_provider_that_takes_nothing_is_told_while_its_messages_are_tried_again_and_no_longer(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = planned(&world, &people).await;
        let (work, key) = (world.app.engine.work(), &world.app.phone_key);
        let attempt = async |next: Next| {
            world.clock.advance(2_000);
            let now = world.clock_now();
            let turn = work.turn(&Endings::default(), &[Want::rows(id, 1)], key, now).await.unwrap();
            let claimed = turn.claimed.first().expect("one is claimed");
            let next = match next {
                Next::Waiting { said, .. } => Next::Waiting { from: now.plus(1_000), said },
                next => next,
            };
            let record = Record { message: claimed.message, attempt: claimed.attempt, next, at: now };
            work.turn(&vec![record].into(), &[], key, now).await.unwrap();
            world.app.composer.attention_changed(people.first);
        };
        let said = ProviderAnswer { code: "http_503".to_owned(), text: "Busy".to_owned() };
        let not_now = || Next::Waiting { from: world.clock_now(), said: said.clone() };
        let sentence = "AiSensy takes nothing from Udaan main: 1 message waits.";
        let mut viewer = world.signed_in(&people.viewer).await;
        for _ in 1..OFTEN {
            attempt(not_now()).await;
        }
        assert!(!viewer.get("/people").await.body.contains(sentence), "a moment's trouble needs nobody");
        attempt(not_now()).await;
        for page in PAGES {
            let body = viewer.get(page).await.body;
            assert!(body.contains(sentence), "{page}: {body}");
        }
        let whole = viewer.get("/attention").await.body;
        assert!(whole.contains("They are tried again every few minutes until"), "{whole}");
        attempt(Next::Sent { provider_id: None, cost: None }).await;
        assert!(!viewer.get("/people").await.body.contains(sentence));
    }

    async fn all_sending_stopped_is_said_everywhere_and_released_from_anywhere(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        assert!(!manager.get("/people").await.body.contains("All sending is stopped"));
        manager.post("/operator/stop", &[]).await;
        let answer = manager.get("/people").await;
        assert!(answer.body.contains("All sending is stopped: 0 people wait."), "{}", answer.body);
        assert!(answer.body.contains(r#"formaction="/operator/release""#));
        manager.post("/operator/release", &[]).await;
        assert!(!manager.get("/people").await.body.contains("All sending is stopped"));
    }

    async fn a_moved_workshop_offers_to_write_again_and_not_to_send_the_old_time(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = planned(&world, &people).await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let org = world.app.store.org(Actor::command_line(people.first));
        let known = org.workshop(workshop.parse::<WorkshopId>().unwrap()).await.unwrap();
        let zone = org.organization().await.unwrap().zone;
        let (starts, ends) = (known.starts_at.plus(24 * HOUR), known.ends_at.plus(24 * HOUR));
        let mut manager = world.signed_in(&people.manager).await;
        let form = [
            ("title", known.title.as_str()),
            ("starts", &zone.local_form(starts)),
            ("ends", &zone.local_form(ends)),
            ("join_link", known.join_link.as_str()),
        ];
        let edited = manager.post(&format!("/workshops/{workshop}/edit"), &form).await;
        assert_eq!(edited.status, StatusCode::SEE_OTHER, "{}", edited.body);
        let page = manager.get("/people").await;
        assert!(page.body.contains("Workshop moved: "), "{}", page.body);
        let rewrite = format!("/broadcasts/{id}/rewrite");
        assert!(page.body.contains(&format!(r#"formaction="{rewrite}""#)), "{}", page.body);
        assert!(!page.body.contains(&format!(r#"formaction="/broadcasts/{id}/resume""#)));
        // A press that would resume it is answered with the question, and changes nothing.
        let resume = format!("/broadcasts/{id}/resume");
        let asks = manager.post(&resume, &[]).await;
        assert_eq!(asks.status, StatusCode::CONFLICT, "{}", asks.body);
        assert!(asks.body.contains("as written?") && asks.body.contains(r#"name="as_it_is" value="yes""#), "{}", asks.body);
        assert_eq!(org.broadcast(id).await.unwrap().status, BroadcastStatus::Paused);
        let answer = manager.post(&rewrite, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(answer.location().contains(&format!("workshop={workshop}")), "{}", answer.location());
        assert!(answer.location().contains(&format!("replaces={id}")), "{}", answer.location());
        // A person who leaves the composer is reminded of the broadcast: it is paused until another one replaces it.
        assert_eq!(org.broadcast(id).await.unwrap().status, BroadcastStatus::Paused);
        assert!(manager.get("/people").await.body.contains("Workshop moved: "));
        // Resuming with the old time asks first, and resumes only when the person confirms that.
        let resume = format!("/broadcasts/{id}/resume");
        let asked = manager.post(&resume, &[]).await;
        assert!(asked.status == StatusCode::CONFLICT && asked.body.contains("as written?"), "{}", asked.body);
        assert_eq!(org.broadcast(id).await.unwrap().status, BroadcastStatus::Paused);
        assert_eq!(manager.post(&resume, &[("as_it_is", "yes")]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(org.broadcast(id).await.unwrap().status, BroadcastStatus::Scheduled);
    }
}
