//! Two people never send the same twice: a confirmation that overlaps with what went out, or is going out, names the
//! number and has to be confirmed.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use compose::{Caller, Confirmation, Draft, Refusal, Timing, Wait};
use domain::{
    broadcast::Audience,
    ids::BroadcastId,
    message::MessageState,
    time::{HOUR, MINUTE},
};
use store::{
    broadcasts::BroadcastFilter,
    messages::{MessageFilter, MessageView},
    on_both,
    work::RawReceipt,
};

use crate::{
    home::{CONFIRM, Scene, fields, post, register, with},
    world::{Answer, Browser},
};

/// Opens the question of the composer as it stands.
async fn question(scene: &Scene, browser: &mut Browser<'_>, more: &str) -> Answer {
    browser.get(&format!("{CONFIRM}?{}{more}", scene.query())).await
}

/// Confirms the question.
async fn answer(browser: &mut Browser<'_>, page: &Answer) -> Answer {
    post(browser, CONFIRM, &fields(page, CONFIRM)).await
}

fn id_of(answer: &Answer) -> BroadcastId {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().strip_prefix("/broadcasts/").unwrap().parse().unwrap()
}

async fn plan(scene: &Scene) {
    scene.world.app.engine.plan().await.unwrap();
}

/// The number of messages that each number has or is to have, over all broadcasts.
async fn told_per_number(scene: &Scene) -> BTreeMap<String, usize> {
    let mut numbers = BTreeMap::new();
    for broadcast in scene.org.broadcasts(&BroadcastFilter::default(), 50).await.unwrap() {
        let filter = MessageFilter::default();
        let rows = scene.org.messages(broadcast.id, &filter, 0, 100).await.unwrap();
        for row in rows {
            if !matches!(row.state, MessageState::Skipped | MessageState::Cancelled | MessageState::Expired) {
                *numbers.entry(row.recipient.clone()).or_default() += 1;
            }
        }
    }
    assert!(!numbers.is_empty(), "needs somebody who is told");
    numbers
}

async fn assert_nobody_twice(scene: &Scene) {
    let numbers = told_per_number(scene).await;
    assert!(numbers.values().all(|times| *times == 1), "{numbers:?}");
}

/// Checks that nobody waits for the same message in two broadcasts.
async fn assert_nobody_twice_waits(scene: &Scene) {
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    for broadcast in scene.org.broadcasts(&BroadcastFilter::default(), 50).await.unwrap() {
        for row in scene.org.messages(broadcast.id, &MessageFilter::default(), 0, 100).await.unwrap() {
            if row.state == MessageState::Waiting {
                *waiting.entry(row.recipient.clone()).or_default() += 1;
            }
        }
    }
    assert!(waiting.len() == 3 && waiting.values().all(|times| *times == 1), "{waiting:?}");
}

/// Sends what is due after eight in the morning, when the quiet hours end.
async fn send_in_the_morning(scene: &Scene) {
    scene.world.clock.advance(2 * HOUR + 31 * MINUTE);
    let now = scene.world.clock_now();
    scene.world.app.engine.work().register("test", now, now.plus(HOUR)).await.unwrap();
    send(scene).await;
}

async fn send(scene: &Scene) {
    let mut sender = engine::Sender::new(scene.world.app.engine.clone(), 1);
    // Some go at once, as far as the account's pace lets them, and the others a second later.
    for _ in 0..3 {
        sender.turn_until_idle().await.unwrap();
        scene.world.clock.advance(1_000);
    }
}

/// Makes the provider report these messages as delivered.
async fn delivered(scene: &Scene, rows: &[MessageView]) {
    let raw = rows.iter().map(|row| {
        let message = serde_json::json!({
            "id": "000000000000000000000ddd", "messageId": format!("wamid.TEST{}", row.message.position),
            "phone_number": row.recipient.trim_start_matches('+'), "status": "DELIVERED",
            "campaign": { "name": "workshop_reminder_1h" }, "delivered_at": scene.world.clock_now().0,
            "submitted_message_id": row.provider_id,
        });
        RawReceipt {
            organization: scene.org.actor().organization,
            integration: scene.account,
            dedupe_key: format!("late {}", row.message.position),
            body: serde_json::json!({
                "id": "late", "created_at": scene.world.clock_now().0.to_string(), "topic": "message.status.updated",
                "data": { "message": message },
            })
            .to_string(),
        }
    });
    let engine = &scene.world.app.engine;
    engine.work().store_receipts(raw.collect(), scene.world.clock_now()).await.unwrap();
    while engine.apply_receipts().await.unwrap() > 0 {}
}

/// Does what the command line does up to the moment of its confirmation.
async fn command_line(scene: &Scene, audience: Audience) -> (Caller, compose::Review) {
    let app = &scene.world.app;
    let organization = scene.org.organization().await.unwrap();
    let now = scene.world.clock_now();
    let caller = Caller::new(scene.org.clone(), organization, now);
    let template = scene.org.templates(domain::channel::Channel::WhatsappPersonal).await.unwrap();
    let template = template.into_iter().find(|template| template.name == "1-hour reminder").unwrap();
    let account = scene.org.integrations().await.unwrap();
    let account = account.into_iter().find(|account| account.name == "Main").unwrap();
    let workshop = scene.org.workshop(scene.workshop).await.unwrap();
    let timing = Timing { start: now, deadline: now.plus(HOUR), unreadable: false };
    let mut draft = Draft::new(workshop, template, account, timing).unwrap();
    draft.audience = audience;
    let opened = app.composer.open(&draft.account, Wait::Decision).await;
    let review = app.composer.review(&caller, draft, &opened, Wait::Decision).await.unwrap();
    (caller, review)
}

fn confirmation(scene: &Scene, again: Option<i64>) -> Confirmation {
    Confirmation { id: BroadcastId::new(scene.world.clock_now()), named: None, again, knew: None }
}

on_both! {
    async fn two_tabs_that_ask_the_same_tell_nobody_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let (one, other) = (question(&scene, &mut browser, "").await, question(&scene, &mut browser, "").await);
        id_of(&answer(&mut browser, &one).await);
        plan(&scene).await;
        let second = answer(&mut browser, &other).await;
        assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.body);
        assert!(second.body.contains("3 of these people got it or are getting it"), "{}", second.body);
        assert!(second.body.contains("Send again to 3 people"), "{}", second.body);
        assert_eq!(scene.broadcasts().await, 1);
        assert_nobody_twice(&scene).await;
    }

    async fn whoever_one_broadcast_did_not_reach_and_another_one_told_is_not_told_again_unasked(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let asked = question(&scene, &mut browser, "").await;
        let first = id_of(&answer(&mut browser, &asked).await);
        plan(&scene).await;
        let retarget = format!("&who=of:{first}:waiting:");
        let alone = question(&scene, &mut browser, &retarget).await.body;
        assert!(alone.contains("Send to 3 people"), "they are chosen because of that broadcast itself: {alone}");
        let everyone = question(&scene, &mut browser, "&who=registered").await;
        let said = with(&fields(&everyone, CONFIRM), "typed", "3");
        id_of(&post(&mut browser, CONFIRM, &said).await);
        plan(&scene).await;
        let beside = question(&scene, &mut browser, &retarget).await.body;
        assert!(beside.contains("Send again to 3 people"), "another one tells them the same: {beside}");
    }

    async fn a_template_whose_purpose_was_changed_is_still_the_same_message(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let asked = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &asked).await);
        plan(&scene).await;
        scene.set_purpose("moved").await;
        let again = question(&scene, &mut browser, "&who=registered").await.body;
        assert!(again.contains("Send again to 3 people"), "{again}");
    }

    async fn two_members_who_send_at_the_same_time_tell_nobody_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let mut admin = scene.world.signed_in(&scene.people.admin).await;
        let of_manager = question(&scene, &mut manager, "").await;
        let of_admin = question(&scene, &mut admin, "").await;
        id_of(&answer(&mut manager, &of_manager).await);
        // The first broadcast is not even planned yet, and the second one is refused all the same.
        let second = answer(&mut admin, &of_admin).await;
        assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.body);
        plan(&scene).await;
        assert_eq!(scene.broadcasts().await, 1);
        assert_nobody_twice(&scene).await;
    }

    async fn the_page_and_the_command_line_at_once_tell_nobody_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let asked = question(&scene, &mut manager, "").await;
        let (caller, review) = command_line(&scene, Audience::Registered).await;
        id_of(&answer(&mut manager, &asked).await);
        let refused = review.confirm(&caller, &confirmation(&scene, None)).await;
        assert!(matches!(refused, Err(Refusal::ToldMeanwhile)), "{refused:?}");
        // `--again` was meant for what the command line knew.
        let again = review.confirm(&caller, &confirmation(&scene, Some(0))).await;
        assert!(matches!(again, Err(Refusal::ToldMeanwhile)), "{again:?}");
        let (caller, review) = command_line(&scene, Audience::Registered).await;
        let preparing = review.confirm(&caller, &confirmation(&scene, Some(3))).await;
        assert!(matches!(preparing, Err(Refusal::BeingPrepared(_))), "{preparing:?}");
        plan(&scene).await;
        let (caller, review) = command_line(&scene, Audience::Registered).await;
        let told = review.confirm(&caller, &confirmation(&scene, None)).await;
        assert!(matches!(&told, Err(Refusal::SentBefore(earlier)) if earlier.n == 3), "{told:?}");
        assert_eq!(scene.broadcasts().await, 1);
        assert_nobody_twice(&scene).await;
    }

    async fn an_answer_that_was_lost_and_is_given_again_tells_nobody_twice(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = question(&scene, &mut browser, "").await;
        let first = id_of(&answer(&mut browser, &page).await);
        plan(&scene).await;
        assert_eq!(id_of(&answer(&mut browser, &page).await), first, "the same broadcast");
        assert_eq!(scene.broadcasts().await, 1);
        assert_nobody_twice(&scene).await;
    }

    async fn more_than_a_thousand_people_are_told_only_by_whoever_types_their_number(db: TestStore) {
        let scene = Scene::new(db).await;
        let names = vec!["Asha Rao"; 1_001];
        register(&scene.world, &scene.org, scene.workshop, &names).await;
        let mut browser = scene.manager().await;
        let asked = question(&scene, &mut browser, "").await;
        assert!(asked.body.contains("More than 1,000 people: type 1001"), "{}", asked.body);
        for typed in ["", "1000", "yes"] {
            let refused = post(&mut browser, CONFIRM, &with(&fields(&asked, CONFIRM), "typed", typed)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}: {}", refused.body);
            assert!(refused.body.contains("Nothing was sent."), "{typed}");
        }
        assert_eq!(scene.broadcasts().await, 0);
        id_of(&post(&mut browser, CONFIRM, &with(&fields(&asked, CONFIRM), "typed", "1,001")).await);
        assert_eq!(scene.broadcasts().await, 1);
    }

    async fn sending_again_names_its_number_and_is_said_in_so_many_words(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let first = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &first).await);
        plan(&scene).await;
        let page = question(&scene, &mut browser, "&who=registered").await;
        for words in ["3 of them got this before, or are going to get it.", "Send again to 3 people", "Sent again: type 3"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let fields = fields(&page, CONFIRM);
        let untyped = post(&mut browser, CONFIRM, &fields).await;
        assert_eq!(untyped.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", untyped.body);
        let unsaid: Vec<_> = fields.iter().filter(|(name, _)| name != "again").cloned().collect();
        let unsaid = post(&mut browser, CONFIRM, &with(&unsaid, "typed", "3")).await;
        assert_eq!(unsaid.status, StatusCode::CONFLICT, "{}", unsaid.body);
        assert_eq!(scene.broadcasts().await, 1);
        id_of(&post(&mut browser, CONFIRM, &with(&fields, "typed", "3")).await);
        plan(&scene).await;
        let numbers = told_per_number(&scene).await;
        assert!(numbers.values().all(|times| *times == 2), "{numbers:?}");
    }

    async fn whoever_registered_since_is_offered_first_and_gets_it_alone(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let first = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &first).await);
        plan(&scene).await;
        scene.world.clock.advance(MINUTE);
        let late = [("name", "Late Test"), ("phone", "90000 00777"), ("email", "")];
        browser.post(&format!("/workshops/{}/registrants", scene.workshop), &late).await;
        let home = browser.get(&format!("/?{}", scene.query())).await;
        let choice = r#"value="not_told" checked"#;
        assert!(home.body.contains(choice), "{}", home.body);
        let page = question(&scene, &mut browser, "").await;
        assert!(page.body.contains("to 1 person from 8:00\u{a0}AM?"), "{}", page.body);
        let second = id_of(&answer(&mut browser, &page).await);
        plan(&scene).await;
        assert_eq!(scene.org.broadcast(second).await.unwrap().planned, 1);
        assert_nobody_twice(&scene).await;
    }

    async fn what_was_cancelled_before_anything_left_counts_for_nothing(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let first = question(&scene, &mut browser, "").await;
        let id = id_of(&answer(&mut browser, &first).await);
        plan(&scene).await;
        browser.post(&format!("/broadcasts/{id}/cancel"), &[]).await;
        let work = scene.world.app.engine.work();
        work.settle(scene.world.clock_now()).await.unwrap();
        let page = question(&scene, &mut browser, "").await;
        assert!(page.body.contains("Send to 3 people<"), "{}", page.body);
        assert!(!page.body.contains("again"), "{}", page.body);
        id_of(&answer(&mut browser, &page).await);
        plan(&scene).await;
        assert_nobody_twice(&scene).await;
    }

    async fn a_page_about_somebody_says_first_whether_they_were_told(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let person = "/people/number/919000100001";
        let to = browser.get(person).await.location().to_owned();
        let before = browser.get(&to).await;
        assert!(before.body.contains("Not told: nothing was sent to Asha about Rust"), "{}", before.body);

        let suppressed = store::suppressions::NewSuppression {
            phone: domain::phone::Phone::from_stored("+919000100001").unwrap(),
            phone_key: scene.world.app.phone_key.of("+919000100001"),
            channel: None,
            category: None,
            reason: "asked on the phone".into(),
        };
        scene.org.suppress(suppressed, scene.world.clock_now()).await.unwrap();
        let page = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &page).await);
        plan(&scene).await;
        let skipped = browser.get(&to).await;
        assert!(skipped.body.contains("Not told: opted out on"), "{}", skipped.body);
        assert!(skipped.body.contains("entered by command line"), "{}", skipped.body);
        // A person who was left out when the broadcast was planned is listed like everybody.
        assert!(skipped.body.contains("Skipped"), "{}", skipped.body);

        let other = browser.get("/people/number/919000100002").await.location().to_owned();
        let waiting = browser.get(&other).await;
        assert!(waiting.body.contains("Not told yet: “1-hour reminder”"), "{}", waiting.body);
        assert!(!waiting.body.contains("has not gone out yet"), "the sentence says it already");

        // One message was told and another waits: the page and the answer to a colleague say both.
        send_in_the_morning(&scene).await;
        let now = scene.world.clock_now();
        let seat = scene.add_template("Seat confirmed").await;
        let purpose = domain::told::Purpose::parse("link").unwrap();
        scene.org.set_purpose(seat, &purpose, 60, now).await.unwrap();
        let second = browser.get(&format!("{CONFIRM}?{}", scene.query_for(seat))).await;
        let second = id_of(&answer(&mut browser, &second).await);
        plan(&scene).await;
        let both = browser.get(&other).await.body;
        let words = "has not gone out yet: it waits to go by WhatsApp Personal.";
        assert_eq!(both.matches(words).count(), 2, "{both}");
        assert!(both.contains(&format!(r#"<a href="/broadcasts/{second}">"#)), "{both}");
    }

    async fn proof_that_comes_after_the_next_round_is_said_on_the_page_of_that_round(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let asked = question(&scene, &mut browser, "").await;
        let first = id_of(&answer(&mut browser, &asked).await);
        plan(&scene).await;
        send_in_the_morning(&scene).await;
        let rows = scene.org.messages(first, &MessageFilter::default(), 0, 10).await.unwrap();
        assert!(rows.iter().all(|row| row.state == MessageState::Sent), "needs people without a receipt: {rows:?}");
        scene.world.clock.advance(10 * MINUTE);
        let silent = format!("&who={}", Audience::NoReceipt { minutes: 5 });
        let further = question(&scene, &mut browser, &silent).await;
        let further = id_of(&post(&mut browser, CONFIRM, &with(&fields(&further, CONFIRM), "typed", "3")).await);
        plan(&scene).await;
        scene.world.clock.advance(MINUTE);
        send(&scene).await;
        let page = format!("/broadcasts/{further}");
        assert!(!browser.get(&page).await.body.contains("Late proof"), "nothing came yet");
        delivered(&scene, &rows[..2]).await;
        let said = browser.get(&page).await.body;
        assert!(said.contains("Late proof: 2 people had the earlier message after all."), "{said}");
        assert!(!browser.get(&format!("/broadcasts/{first}")).await.body.contains("Late proof"));
    }

    async fn the_card_of_an_account_says_how_much_of_its_own_ceiling_is_used(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let account = scene.org.integration(scene.account).await.unwrap();
        let pace = domain::pace::Pace { per_second: 10, per_day: 10_000 };
        let now = scene.world.clock_now();
        scene.org.update_integration(scene.account, "Main", &account.settings, pace, now).await.unwrap();
        let home = format!("/?{}", scene.query());
        let before = browser.get(&home).await.body;
        assert!(before.contains("Used in 24 h") && before.contains("0 of 10,000"), "{before}");
        let asked = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &asked).await);
        plan(&scene).await;
        send_in_the_morning(&scene).await;
        let after = browser.get(&home).await.body;
        assert!(after.contains("3 of 10,000"), "{after}");
    }

    async fn a_template_of_another_purpose_tells_everybody_for_the_first_time(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let first = question(&scene, &mut browser, "").await;
        id_of(&answer(&mut browser, &first).await);
        plan(&scene).await;
        let thanks = scene.add_template("Thank you").await;
        let page = browser.get("/settings/purposes").await;
        assert!(page.body.contains("Thank you"), "{}", page.body);
        let (purpose, lead) = (format!("purpose-{thanks}"), format!("lead-{thanks}"));
        let kept = |templates: Vec<store::templates::Template>| {
            let own = templates.into_iter().find(|one| one.id == thanks).unwrap();
            (own.purpose.word().to_owned(), own.lead_minutes)
        };
        let (_, lead_before) = kept(scene.org.templates(domain::channel::Channel::WhatsappPersonal).await.unwrap());
        let saved = browser.post("/settings/purposes", &[(&purpose, "thanks"), (&lead, "soon")]).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let changed = kept(scene.org.templates(domain::channel::Channel::WhatsappPersonal).await.unwrap());
        assert_eq!(changed, ("thanks".to_owned(), lead_before), "what cannot be read stays");
        let second = browser.get(&format!("{CONFIRM}?{}", scene.query_for(thanks))).await;
        assert!(second.body.contains("Send to 3 people<"), "{}", second.body);
        assert!(!second.body.contains("got this before"), "{}", second.body);
    }

    async fn failed_messages_go_again_only_to_those_whom_nobody_told_meanwhile(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let first = question(&scene, &mut browser, "").await;
        let id = id_of(&answer(&mut browser, &first).await);
        plan(&scene).await;
        let work = scene.world.app.engine.work();
        work.register("test", scene.world.clock_now(), scene.world.clock_now().plus(HOUR)).await.unwrap();
        scene.world.clock.advance(MINUTE);
        let mut claimed = vec![];
        while claimed.len() < 3 {
            scene.world.clock.advance(1_000);
            let wants = [store::work::Want::rows(id, 1)];
            let now = scene.world.clock_now();
            let turn = work
                .turn(&store::work::Endings::default(), &wants, &scene.world.app.phone_key, now)
                .await
                .unwrap();
            assert!(!turn.claimed.is_empty(), "needs messages that fail");
            claimed.extend(turn.claimed);
        }
        let now = scene.world.clock_now();
        let failed = domain::outcome::ProviderAnswer::new("131049", "not now");
        let records: Vec<_> = claimed
            .iter()
            .map(|row| store::work::Record {
                message: row.message,
                attempt: row.attempt,
                next: domain::message::Next::Failed(failed.clone()),
                at: now,
            })
            .collect();
        work.turn(&records.into(), &[], &scene.world.app.phone_key, now).await.unwrap();
        // One of them is told by a further broadcast.
        let retarget = question(&scene, &mut browser, "&who=chosen&pick=90001+00001").await;
        assert!(retarget.body.contains("Send to 1 person"), "{}", retarget.body);
        id_of(&answer(&mut browser, &retarget).await);
        plan(&scene).await;
        let again = scene
            .org
            .send_again(id, MessageState::Failed, &["131049".into()], now.plus(HOUR), now)
            .await
            .unwrap();
        assert_eq!(again, 2, "the third was told meanwhile");
        assert_nobody_twice_waits(&scene).await;
    }
}
