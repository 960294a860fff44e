//! What a broadcast offers for the people whom it did not reach: for each reason a step with its number, its moment
//! and its price.

use axum::http::StatusCode;
use domain::{
    broadcast::BroadcastStatus,
    ids::BroadcastId,
    message::{MessageState, Next},
    outcome::ProviderAnswer,
    time::{DAY, HOUR, Zone},
};
use store::{
    Actor, Org, on_both,
    work::{Endings, Record, Want},
};

use crate::{
    broadcast::planned,
    world::{People, World},
};

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

/// A broadcast of four people that is over. One message failed with each of these codes, the rest was handed over.
/// The workshop lies some days ahead.
pub(crate) async fn over(world: &World, people: &People, codes: &[&str]) -> BroadcastId {
    let mut manager = world.signed_in(&people.manager).await;
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    for at in 0..3 {
        let phone = format!("90000 0005{at}");
        let form = [("name", "Ananya"), ("phone", phone.as_str()), ("email", "")];
        manager.post(&format!("/workshops/{workshop}/registrants"), &form).await;
    }
    let id = planned(world, people).await;
    let work = world.app.engine.work();
    let mut claimed = vec![];
    let total =
        usize::try_from(org(world, people).broadcast(id).await.unwrap().in_state(MessageState::Waiting))
            .unwrap();
    while claimed.len() < total {
        let wants = [Want::rows(id, 9)];
        let turn =
            work.turn(&Endings::default(), &wants, &world.app.phone_key, world.clock_now()).await.unwrap();
        claimed.extend(turn.claimed);
        world.clock.advance(1_000);
    }
    let at = world.clock_now();
    let ending = |at: usize| match codes.get(at) {
        Some(&"silence") => Next::Unknown(ProviderAnswer::new("silence", "no answer")),
        Some(code) => Next::Failed(ProviderAnswer::new(*code, "no")),
        None => Next::Sent { provider_id: Some(format!("p-{at}")), cost: None },
    };
    let records: Vec<_> = claimed
        .iter()
        .enumerate()
        .map(|(nth, row)| Record { message: row.message, attempt: row.attempt, next: ending(nth), at })
        .collect();
    work.turn(&records.into(), &[], &world.app.phone_key, at).await.unwrap();
    world.app.engine.settle().await.unwrap();
    let broadcast = org(world, people).broadcast(id).await.unwrap();
    assert_eq!(broadcast.status, BroadcastStatus::Completed, "needs one that is over");
    id
}

/// Moves the workshop of the broadcast this far ahead.
async fn starts_in(world: &World, people: &People, id: BroadcastId, ms: i64) {
    let org = org(world, people);
    let workshop = org.workshop(org.broadcast(id).await.unwrap().workshop).await.unwrap();
    let starts_at = world.clock_now().plus(ms);
    let draft = store::workshops::WorkshopDraft {
        title: workshop.title,
        starts_at,
        ends_at: starts_at.plus(HOUR),
        join_link: workshop.join_link,
        tag: None,
    };
    org.edit_workshop(workshop.id, &draft, world.clock_now()).await.unwrap();
}

on_both! {
    async fn whom_whatsapp_does_not_reach_is_offered_an_sms_with_its_price(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = over(&world, &people, &["131026", "131026"]).await;
        let page = world.signed_in(&people.manager).await.get(&format!("/broadcasts/{id}")).await.body;
        // Fast2SMS' usual price of a DLT SMS is ₹0.25: two of them.
        assert!(page.contains("Send by SMS (2) · ₹0.50"), "{page}");
        assert!(page.contains("who=of%3A"), "the link leads to exactly these people");
        let seen = world.signed_in(&people.viewer).await.get(&format!("/broadcasts/{id}")).await.body;
        assert!(!seen.contains("Send by SMS"), "a viewer sends nothing");
    }

    async fn who_was_refused_for_hours_is_tried_again_at_ten_in_the_morning_and_not_before(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = over(&world, &people, &["131049", "131049"]).await;
        starts_in(&world, &people, id, 4 * DAY).await;
        let zone = Zone::india();
        let now = world.clock_now();
        // The retry is twelve hours after the end, and then at the next ten o'clock.
        let expected = zone.next_at_minute(now.plus(12 * HOUR - 1), 600);
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(&format!("/broadcasts/{id}")).await.body;
        assert!(page.contains("Retry ") && page.contains("10:00\u{a0}AM (2)"), "{page}");
        assert!(!page.contains("Retry failed"), "nothing of it can go now");
        let retry = format!("/broadcasts/{id}/retry");
        let deadline = zone.local_form(expected.plus(HOUR));
        let form = [("state", "failed"), ("reason", "131049"), ("deadline", deadline.as_str())];
        let early = zone.local_form(now.plus(HOUR));
        let too_early = [("state", "failed"), ("reason", "131049"), ("deadline", early.as_str())];
        assert_eq!(manager.post(&retry, &too_early).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let planned = manager.post(&retry, &form).await;
        assert_eq!(planned.status, StatusCode::SEE_OTHER, "{}", planned.body);
        let org = org(&world, &people);
        let (n, at) = org.waiting_until(id, now.plus(HOUR)).await.unwrap().expect("they wait");
        assert_eq!((n, at), (2, expected));
        assert!(manager.get(&format!("/broadcasts/{id}")).await.body.contains("2 people are tried again"));
        // A second press changes nothing, and says so.
        let again = manager.post(&retry, &form).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER);
        assert_eq!(org.waiting_until(id, now.plus(HOUR)).await.unwrap(), Some((2, expected)));
        let work = world.app.engine.work();
        let claim = async || {
            let wants = [Want::rows(id, 9)];
            work.turn(&Endings::default(), &wants, &world.app.phone_key, world.clock_now()).await.unwrap().claimed.len()
        };
        world.clock.advance(expected.since(now) - 60_000);
        assert_eq!(claim().await, 0, "a minute too early");
        world.clock.advance(61_000);
        assert_eq!(claim().await, 2, "at ten");
    }

    async fn a_retry_that_would_come_after_the_start_is_an_sms_instead(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = over(&world, &people, &["131049"]).await;
        starts_in(&world, &people, id, 3 * HOUR).await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(&format!("/broadcasts/{id}")).await.body;
        assert!(page.contains("Send by SMS (1) · ₹0.25") && !page.contains("10:00\u{a0}AM (1)"), "{page}");
        let form = [("state", "failed"), ("reason", "131049")];
        manager.post(&format!("/broadcasts/{id}/retry"), &form).await;
        let stays = org(&world, &people).broadcast(id).await.unwrap();
        assert_eq!(stays.in_state(MessageState::Failed), 1, "nothing goes again");
    }

    async fn the_provider_is_asked_at_once_about_what_nobody_knows(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = over(&world, &people, &["silence"]).await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = format!("/broadcasts/{id}");
        assert!(!manager.get(&page).await.body.contains("Look up"), "nothing can be asked yet");
        let now = world.clock_now();
        let ask = store::work::NewStatusPoll {
            broadcast: id,
            asked: store::work::StatusPollTarget::As("reminder".to_owned()),
            first: 1,
            last: i64::MAX,
            since: now,
            due_at: now.plus(6 * HOUR),
        };
        let endings = Endings { look_ups: vec![ask], ..Endings::default() };
        let work = world.app.engine.work();
        work.turn(&endings, &[], &world.app.phone_key, now).await.unwrap();
        assert!(work.take_status_polls(now, now, 9, &[]).await.unwrap().is_empty(), "needs one that is not due");
        assert!(manager.get(&page).await.body.contains("Look up (1)"));
        assert_eq!(manager.post(&format!("{page}/look-up"), &[]).await.status, StatusCode::SEE_OTHER);
        let due = work.take_status_polls(world.clock_now(), now.plus(HOUR), 9, &[]).await.unwrap();
        assert_eq!(due.len(), 1, "it is due now");
        let mut viewer = world.signed_in(&people.viewer).await;
        assert_eq!(viewer.post(&format!("{page}/look-up"), &[]).await.status, StatusCode::FORBIDDEN);
    }
}
