//! The page of a broadcast, the story of a message, what may be done to it, its export and its stream; the operator's
//! page.

use axum::http::StatusCode;
use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::{Category, Channel},
    ids::{BroadcastId, IntegrationId, MessageRef},
    message::{MessageState, Next},
    money::Money,
    outcome::ProviderAnswer,
    pace::Pace,
    quiet_hours::QuietHours,
    sending_hours::{AfterHours, SendingHours},
    sms::{SmsRoute, SmsTemplate, Tag, Variable},
    template::{Message, Source},
    time::{HOUR, Zone},
};
use munadi::accounts::seal_binding;
use providers::Secrets;
use serde_json::json;
use store::{
    Actor, Org,
    broadcasts::{Broadcast, NewBroadcast},
    integrations::NewIntegration,
    messages::MessageFilter,
    on_both,
    work::{Endings, Record, Want},
};

use crate::world::{API_KEY, Answer, Browser, People, World};

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

/// A broadcast of the first organisation whose recipients are written down.
pub(crate) async fn planned(world: &World, people: &People) -> BroadcastId {
    let org = org(world, people);
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    let now = world.clock_now();
    let new = NewBroadcast {
        integration: people.integration,
        workshop: workshop.parse().unwrap(),
        channel: Channel::WhatsappPersonal,
        title: "1-hour reminder".to_owned(),
        template_id: None,
        template: org.template(people.template).await.unwrap().body,
        category: Category::Utility,
        audience: Audience::Registered,
        telling: store::broadcasts::Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::any(),
        unit_price: Money(1_450),
    };
    let id = org.confirm_broadcast(new, now).await.unwrap();
    world.app.engine.plan().await.unwrap();
    id
}

/// A broadcast of one SMS text to the people of the first organisation, at this price for a segment.
pub(crate) async fn planned_sms(world: &World, people: &People, unit_price: Money) -> BroadcastId {
    let org = org(world, people);
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    let now = world.clock_now();
    let template = serde_json::json!({
        "route": "dlt", "message_id": "111112", "category": "utility", "variables": [],
        "text": "Rust for Beginners starts at 7 PM today. -Example Academy",
    });
    let new = NewBroadcast {
        integration: people.integration,
        workshop: workshop.parse().unwrap(),
        channel: Channel::Sms,
        title: "Same day".to_owned(),
        template_id: None,
        template,
        category: Category::Utility,
        audience: Audience::Registered,
        telling: store::broadcasts::Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::any(),
        unit_price,
    };
    let id = org.confirm_broadcast(new, now).await.unwrap();
    world.app.engine.plan().await.unwrap();
    id
}

/// A broadcast with one message of each ending: unknown, failed for a while, failed for good, handed over and
/// skipped; and one that waits.
async fn seeded(world: &World, people: &People) -> BroadcastId {
    let mut manager = world.signed_in(&people.manager).await;
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    let names = ["=A1+1", "@meera", "-Farhan", "Ananya", "Priya"];
    for (at, name) in names.into_iter().enumerate() {
        let phone = format!("90000 0001{at}");
        let form = [("name", name), ("phone", phone.as_str()), ("email", "")];
        let answer = manager.post(&format!("/workshops/{workshop}/registrants"), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{name}");
    }
    let none = [("name", "Thomas"), ("phone", ""), ("email", "thomas@udaan.example")];
    manager.post(&format!("/workshops/{workshop}/registrants"), &none).await;
    let id = planned(world, people).await;
    let work = world.app.engine.work();
    let now = world.clock_now();
    let mut claimed = vec![];
    while claimed.len() < 4 {
        let rows = 4 - i64::try_from(claimed.len()).unwrap();
        let turn = work
            .turn(&Endings::default(), &[Want::rows(id, rows)], &world.app.phone_key, world.clock_now())
            .await
            .unwrap();
        claimed.extend(turn.claimed);
        world.clock.advance(1_000);
    }
    let endings = [
        Next::Unknown(ProviderAnswer::new("silence", "no answer")),
        Next::Failed(ProviderAnswer::new("http_503", "busy")),
        Next::Failed(ProviderAnswer::new("131026", "undeliverable")),
        Next::Sent { provider_id: Some("p-1".to_owned()), cost: Some(Money(1_450)) },
    ];
    let records: Vec<_> = claimed
        .into_iter()
        .zip(endings)
        .map(|(row, next)| Record { message: row.message, attempt: row.attempt, next, at: now })
        .collect();
    work.turn(&records.into(), &[], &world.app.phone_key, world.clock_now()).await.unwrap();
    let broadcast = org(world, people).broadcast(id).await.unwrap();
    for state in [MessageState::Unknown, MessageState::Sent, MessageState::Skipped] {
        assert_eq!(broadcast.in_state(state), 1, "needs one that is {state}");
    }
    assert_eq!(broadcast.in_state(MessageState::Failed), 2);
    assert!(broadcast.in_state(MessageState::Waiting) > 0, "needs somebody who waits");
    id
}

/// A text that is one segment in plain letters and two in Unicode.
fn sms_template() -> SmsTemplate {
    let variable = |label: &str, source| Variable {
        label: label.to_owned(),
        tag: Tag::Var,
        source,
        fallback: "there".to_owned(),
    };
    SmsTemplate {
        limits: domain::sms::ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: None,
        message_id: Some("111111".parse().unwrap()),
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: "Hi {#var#}, {#var#} begins soon. Keep a laptop ready and join ten minutes early. -Example Academy"
            .to_owned(),
        variables: vec![
            variable("first name", Source::RegistrantFirstName),
            variable("workshop", Source::WorkshopTitle),
        ], extra: Default::default() }
}

/// An SMS broadcast in promotion's hours with four people: one message of one segment, one of two, one refused at
/// once, and one number on a list. Everybody else waits.
async fn sms_seeded(world: &World, people: &People) -> BroadcastId {
    sms_refused(world, people, "f2s_411").await
}

/// The same broadcast, refused with this code.
async fn sms_refused(world: &World, people: &People, code: &str) -> BroadcastId {
    // Noon in India: within the hours.
    world.clock.advance(13 * HOUR / 2);
    let mut manager = world.signed_in(&people.manager).await;
    let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
    for (at, name) in ["Asha Test", "राजलक्ष्मी", "Ravi Test", "Meena Test"].into_iter().enumerate()
    {
        let phone = format!("90000 0002{at}");
        let form = [("name", name), ("phone", phone.as_str()), ("email", "")];
        let answer = manager.post(&format!("/workshops/{workshop}/registrants"), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{name}");
    }
    let (org, now) = (org(world, people), world.clock_now());
    let integration = IntegrationId::new(now);
    let secrets = Secrets::default().with("api_key", API_KEY);
    let account = NewIntegration {
        id: integration,
        kind: "fast2sms".to_owned(),
        name: "Udaan SMS".to_owned(),
        settings: json!({ "default_sender": "WRKSHP" }),
        sealed: world.app.keys.seal(&secrets.to_json(), &seal_binding(people.first, integration)),
        hints: json!({ "api_key": "9f2c" }),
        callback_key: world.app.keys.callback_key(integration),
        pace: Pace { per_second: 10, per_day: 0 },
    };
    org.add_integration(account, now).await.unwrap();
    let new = NewBroadcast {
        integration,
        workshop: workshop.parse().unwrap(),
        channel: Channel::Sms,
        title: "Begins soon".to_owned(),
        template_id: None,
        template: Message::from(sms_template()).to_json(),
        category: Category::Utility,
        audience: Audience::Registered,
        telling: store::broadcasts::Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::of(
            Category::Marketing,
            QuietHours::default(),
            &Zone::india(),
            AfterHours::Cancel,
        ),
        unit_price: Money(2_500),
    };
    let id = org.confirm_broadcast(new, now).await.unwrap();
    world.app.engine.plan().await.unwrap();
    let work = world.app.engine.work();
    let mut claimed = vec![];
    for _ in 0..20 {
        world.clock.advance(1_000);
        let wants = [Want::rows(id, 20)];
        let key = &world.app.phone_key;
        claimed.extend(work.turn(&Endings::default(), &wants, key, world.clock_now()).await.unwrap().claimed);
    }
    let took = |cost| Next::Sent { provider_id: Some("drq71qf4z3kdm2p".to_owned()), cost: Some(Money(cost)) };
    let endings = [
        ("+919000000020", took(2_500)),
        ("+919000000021", took(5_000)),
        ("+919000000022", Next::Failed(ProviderAnswer::new(code, "Refused"))),
        ("+919000000023", Next::Failed(ProviderAnswer::new("blocked", "Blocked"))),
    ];
    let at = world.clock_now();
    let record = |(phone, next): (&str, Next)| {
        let row = claimed.iter().find(|row| row.recipient == phone).unwrap();
        Record { message: row.message, attempt: row.attempt, next, at }
    };
    let records: Vec<_> = endings.into_iter().map(record).collect();
    work.turn(&records.into(), &[], &world.app.phone_key, at).await.unwrap();
    id
}

async fn status(world: &World, people: &People, id: BroadcastId) -> Broadcast {
    org(world, people).broadcast(id).await.unwrap()
}

fn rows(answer: &Answer) -> i64 {
    i64::try_from(answer.body.matches("data-live-id=\"message-").count()).unwrap()
}

/// Where the stream of a page comes from.
fn live_of(page: &Answer) -> &str {
    page.body.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// The markup of a stream's first event.
async fn streamed(browser: &mut Browser<'_>, address: &str) -> Vec<String> {
    let event = browser.get(&address.replace("&amp;", "&")).await;
    assert_eq!(event.status, StatusCode::OK, "{address}");
    serde_json::from_str(event.body.strip_prefix("data: ").unwrap().trim_end()).unwrap()
}

on_both! {
    async fn the_cells_sum_to_the_total_and_each_leads_to_as_many_rows(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        let page = viewer.get(&format!("/broadcasts/{id}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let broadcast = status(&world, &people, id).await;
        let total = broadcast.planned;
        assert!(page.body.contains(&format!(r#"m-truth__total">{total}<"#)), "{}", page.body);
        assert_eq!(rows(&page), total);
        let mut sum = 0;
        for state in MessageState::ALL {
            let word = state.word();
            assert!(page.body.contains(&format!("/broadcasts/{id}?state={word}\"")), "no cell for {word}");
            let n = rows(&viewer.get(&format!("/broadcasts/{id}?state={word}")).await);
            assert_eq!(n, broadcast.in_state(*state), "{word}");
            sum += n;
        }
        assert_eq!(sum, total);
        assert_eq!(page.body.matches("n/a").count(), 2, "delivered and read are not known without receipts");
        assert!(!page.body.to_lowercase().contains("sent successfully"));
        let found = viewer.get(&format!("/broadcasts/{id}?q=Ananya")).await;
        assert_eq!(rows(&found), 1);
        assert!(viewer.get("/broadcasts").await.body.contains("1-hour reminder"));
    }

    async fn only_who_may_send_sees_and_presses_the_buttons(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let page = format!("/broadcasts/{id}");
        let mut viewer = world.signed_in(&people.viewer).await;
        let shown = viewer.get(&page).await.body;
        assert!(!shown.contains("/pause") && !shown.contains("/cancel") && !shown.contains("/retry"), "{shown}");
        for action in ["pause", "resume", "cancel", "retry"] {
            let answer = viewer.post(&format!("{page}/{action}"), &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
        }
        let mut manager = world.signed_in(&people.manager).await;
        assert_eq!(manager.post(&format!("{page}/pause"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(status(&world, &people, id).await.status, BroadcastStatus::Paused);
        let waiting = status(&world, &people, id).await.in_state(MessageState::Waiting);
        let paused = manager.get(&page).await.body;
        assert!(paused.contains("Paused by Manager") && paused.contains(&format!("Resume ({waiting})")), "{paused}");
        assert_eq!(manager.post(&format!("{page}/resume"), &[]).await.status, StatusCode::SEE_OTHER);
        let ask = manager.get(&format!("{page}/cancel")).await.body;
        assert!(ask.contains(&format!("Cancel remaining ({waiting})")), "{ask}");
        assert_eq!(manager.post(&format!("{page}/cancel"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(status(&world, &people, id).await.status, BroadcastStatus::Cancelled);
    }

    async fn a_retry_takes_only_what_it_can_change_and_a_doubt_only_by_decision(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let retry = format!("/broadcasts/{id}/retry");
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get(&format!("/broadcasts/{id}")).await.body.contains("Retry failed (1)"));
        assert_eq!(manager.post(&retry, &[("state", "failed")]).await.status, StatusCode::SEE_OTHER);
        let left = org(&world, &people)
            .messages(id, &MessageFilter { state: Some(MessageState::Failed), ..MessageFilter::default() }, 0, 10)
            .await
            .unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].reason, "131026", "not on WhatsApp stays failed");
        let refused = manager.post(&retry, &[("state", "unknown")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status(&world, &people, id).await.in_state(MessageState::Unknown), 1);
        world.clock.advance(2 * HOUR);
        let late = manager.post(&retry, &[("state", "unknown"), ("twice", "yes")]).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "the old deadline has passed: a new one is asked");
        let zone = domain::time::Zone::india();
        let deadline = zone.local_form(world.clock_now().plus(HOUR));
        let form = [("state", "unknown"), ("twice", "yes"), ("deadline", deadline.as_str())];
        assert_eq!(manager.post(&retry, &form).await.status, StatusCode::SEE_OTHER);
        assert_eq!(status(&world, &people, id).await.in_state(MessageState::Unknown), 0);
        for state in ["sent", "delivered", "skipped", "nonsense", ""] {
            assert_eq!(manager.post(&retry, &[("state", state)]).await.status, StatusCode::BAD_REQUEST, "{state:?}");
        }
    }

    async fn a_message_tells_its_story_and_a_person_settles_a_doubt_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let filter = MessageFilter { state: Some(MessageState::Unknown), ..MessageFilter::default() };
        let MessageRef { position, .. } = org(&world, &people).messages(id, &filter, 0, 1).await.unwrap()[0].message;
        let href = format!("/broadcasts/{id}/messages/{position}");
        let mut manager = world.signed_in(&people.manager).await;
        let story = manager.get(&href).await;
        assert!(story.body.contains("data-drawer-content") && story.body.contains("Planned"), "{}", story.body);
        assert!(story.body.contains("It did not go out"), "{}", story.body);
        let decide = format!("{href}/decide");
        assert_eq!(manager.post(&decide, &[("went_out", "maybe")]).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(manager.post(&decide, &[("went_out", "yes")]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(manager.post(&decide, &[("went_out", "yes")]).await.status, StatusCode::CONFLICT);
        assert!(manager.get(&href).await.body.contains("Decided by a person"));
        for none in ["0", "-1", "9999", "9223372036854775807", "x"] {
            let answer = manager.get(&format!("/broadcasts/{id}/messages/{none}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{none}");
        }
    }

    async fn a_retry_is_told_as_one_and_an_ending_is_told_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = planned(&world, &people).await;
        let work = world.app.engine.work();
        let next = async |next: Next| {
            let now = world.clock_now();
            let turn = work.turn(&Endings::default(), &[Want::rows(id, 1)], &world.app.phone_key, now).await.unwrap();
            let row = &turn.claimed[0];
            let record = Record { message: row.message, attempt: row.attempt, next, at: now };
            work.turn(&vec![record].into(), &[], &world.app.phone_key, now).await.unwrap();
            world.clock.advance(2_000);
            row.message
        };
        let busy = || ProviderAnswer::new("http_503", "Busy, try later");
        let message = next(Next::Waiting { from: world.clock_now().plus(1), said: busy() }).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        let path = format!("/broadcasts/{id}/messages/{}", message.position);
        let page = viewer.get(&path).await.body;
        assert!(page.contains("Will be tried again") && page.contains("Busy, try later"), "{page}");
        assert!(!page.contains("Noted"), "{page}");
        for _ in 0..6 {
            next(Next::Waiting { from: world.clock_now().plus(1), said: busy() }).await;
        }
        let page = viewer.get(&path).await.body;
        assert_eq!(page.matches("Will be tried again").count(), 1, "an outage is one line: {page}");
        assert!(page.contains("(7 times, last "), "{page}");
        assert_eq!(next(Next::Failed(busy())).await, message);
        let page = viewer.get(&path).await.body;
        assert!(page.contains("Will be tried again"), "{page}");
        assert_eq!(page.matches("Busy, try later").count(), 2, "the try and the ending, each once: {page}");
    }

    async fn an_export_runs_no_formula_and_keeps_numbers_usable(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        let answer = manager.get(&format!("/broadcasts/{id}/export")).await;
        assert_eq!(answer.status, StatusCode::OK);
        // The export of every number at once is for people who may send.
        let mut viewer = world.signed_in(&people.viewer).await;
        assert_eq!(viewer.get(&format!("/broadcasts/{id}/export")).await.status, StatusCode::FORBIDDEN);
        assert!(!viewer.get(&format!("/broadcasts/{id}")).await.body.contains(">Export<"));
        let total = status(&world, &people, id).await.planned;
        assert_eq!(i64::try_from(answer.body.lines().count()).unwrap(), total + 1, "{}", answer.body);
        // The cleaning of names has removed the equals sign already.
        for cell in ["\"'@meera\"", "\"'-Farhan\"", "\"+919000000013\""] {
            assert!(answer.body.contains(cell), "{cell} in {}", answer.body);
        }
        for start in ["\"=", "\"@", "\"-", "\"\t"] {
            assert!(!answer.body.contains(start), "{start} begins a cell of {}", answer.body);
        }
        let failed = manager.get(&format!("/broadcasts/{id}/export?state=failed")).await;
        assert_eq!(failed.body.lines().count(), 3, "{}", failed.body);
    }

    async fn the_first_event_of_the_stream_is_the_markup_of_the_page(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        for user in [&people.viewer, &people.manager] {
            let mut browser = world.signed_in(user).await;
            for query in ["", "?state=failed", "?state=skipped", "?q=Ananya", "?after=2", "?state=read"] {
                let page = browser.get(&format!("/broadcasts/{id}{query}")).await;
                let parts = streamed(&mut browser, live_of(&page)).await;
                for wanted in ["truth-strip", "pace", "reasons", "recipients-filters", "recipients-list", "recipients-foot", "running"] {
                    assert!(parts.iter().any(|part| part.contains(&format!("data-live-id=\"{wanted}\""))), "{query}: no {wanted}");
                }
                for part in parts {
                    assert!(page.body.contains(&part), "{query}: {part}\nis not in\n{}", page.body);
                }
            }
            let page = browser.get(&format!("/broadcasts/{id}/messages/2")).await;
            let parts = streamed(&mut browser, live_of(&page)).await;
            assert!(page.body.contains(&parts[0]) && parts[0].contains("drawer-title"), "{parts:?}");
        }
        let mut stranger = world.signed_in(&people.stranger).await;
        for path in ["", "/messages/1"] {
            let answer = stranger.get(&format!("/live/broadcasts/{id}{path}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }

    async fn lists_of_broadcasts_follow_them_with_the_markup_of_their_page(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = planned(&world, &people).await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let home = format!("/?workshop={workshop}&channel=personal");
        for path in ["/broadcasts", "/broadcasts?channel=personal", &home] {
            let page = manager.get(path).await;
            let parts = streamed(&mut manager, live_of(&page)).await;
            assert!(parts.iter().any(|part| part.contains("data-live-id=\"history\"") && part.contains(&id.to_string())), "{path}: {parts:?}");
            for part in parts {
                assert!(page.body.contains(&part), "{path}: {part}\nis not in\n{}", page.body);
            }
        }
        // A changed broadcast comes as one row; a new broadcast comes with the whole list.
        let before = manager.get("/broadcasts").await;
        let row = format!("data-live-id=\"broadcast-{id}\"");
        manager.post(&format!("/broadcasts/{id}/cancel"), &[]).await;
        world.app.engine.settle().await.unwrap();
        world.clock.advance(1);
        let other = planned(&world, &people).await;
        for address in [live_of(&before), live_of(&manager.get(&home).await)] {
            let now = streamed(&mut manager, address).await.concat();
            assert!(now.contains(&row) && now.contains("Cancelled") && now.contains(&other.to_string()), "{now}");
        }
        let mut stranger = world.signed_in(&people.stranger).await;
        for address in [format!("/live/history?channel=personal&workshop={workshop}"), "/live/broadcasts".to_owned()] {
            let theirs = streamed(&mut stranger, &address).await.concat();
            assert!(!theirs.contains(&id.to_string()) && !theirs.contains(&other.to_string()), "{theirs}");
        }
    }

    async fn a_stream_follows_the_rows_of_its_page_and_says_who_moved_on(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(&format!("/broadcasts/{id}?state=unknown")).await;
        assert_eq!(rows(&page), 1);
        let live = live_of(&page).to_owned();
        let position = page.body.split("data-live-id=\"message-").nth(1).unwrap().split('"').next().unwrap();
        let decide = format!("/broadcasts/{id}/messages/{position}/decide");
        let empty = manager.get(&format!("/broadcasts/{id}?state=read")).await;
        assert_eq!(manager.post(&decide, &[("went_out", "yes")]).await.status, StatusCode::SEE_OTHER);
        let now = streamed(&mut manager, &format!("{live}&message={position}")).await.concat();
        assert!(now.contains(&format!("data-live-id=\"message-{position}\"")) && now.contains("1 moved on"), "{now}");
        assert!(now.contains("drawer-title") && now.contains("Decided by a person"), "the drawer follows: {now}");
        let other = streamed(&mut manager, live_of(&empty)).await.concat();
        assert!(other.contains("Nobody is in this state.") && !other.contains("moved on"), "{other}");
        // Nobody can have a million rows searched every second by writing the stream's address by hand.
        let all = streamed(&mut manager, &format!("/live/broadcasts/{id}?q=a&rows=x.0.-1.99")).await.concat();
        assert!(!all.contains("data-live-id=\"message-"), "{all}");
    }

    async fn an_sms_broadcast_claims_no_reading_and_tells_codes_hours_and_cost(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = sms_seeded(&world, &people).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        let page = viewer.get(&format!("/broadcasts/{id}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("?state=read\""), "reading cannot be proven by SMS: {}", page.body);
        assert!(page.body.contains("?state=delivered\""));
        assert_eq!(page.body.matches("n/a").count(), 1, "delivered is not known without receipts");
        assert!(page.body.contains("10:00\u{a0}AM–9:00\u{a0}PM; the rest is cancelled then"), "{}", page.body);
        let broadcast = status(&world, &people, id).await;
        // The name in Devanagari takes two segments.
        assert!(broadcast.units > broadcast.planned - broadcast.in_state(MessageState::Skipped));
        let expected = broadcast.expected_cost();
        assert_eq!(expected, Money(2_500 * broadcast.units));
        let costs = format!("₹0.75 so far, {} estimate", munadi::ui::format::rupees(expected.0));
        assert!(page.body.contains(&costs), "{costs} in {}", page.body);
        for words in ["Number refused", "411 · ", "Blocked at Fast2SMS"] {
            assert!(page.body.contains(words), "{words} in {}", page.body);
        }
        assert!(!page.body.contains("f2s_4</"), "our own name of a code is for addresses only");
        let mut sum = 0;
        for state in MessageState::ALL {
            sum += rows(&viewer.get(&format!("/broadcasts/{id}?state={}", state.word())).await);
        }
        assert_eq!(sum, broadcast.planned);
    }

    async fn a_reason_that_asks_for_another_template_leads_to_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let (org, now) = (org(&world, &people), world.clock_now());
        let body = Message::from(sms_template()).to_json();
        let other = SmsTemplate { message_id: Some("111113".parse().unwrap()), ..sms_template() };
        org.add_template(Channel::Sms, "Another", &Message::from(other).to_json(), now).await.unwrap();
        // The template was renamed since, and is found by its message id.
        let template = org.add_template(Channel::Sms, "Begins very soon", &body, now).await.unwrap();
        let id = sms_refused(&world, &people, "f2s_425").await;
        let mut viewer = world.signed_in(&people.viewer).await;
        let page = viewer.get(&format!("/broadcasts/{id}")).await;
        assert!(page.body.contains("Fix template (1)"), "{}", page.body);
        let path = format!("/settings/templates/sms/{template}");
        assert!(page.body.contains(&format!(r#"href="{path}""#)), "{}", page.body);
        assert_eq!(viewer.get(&path).await.status, StatusCode::OK);
        // A removed template leaves the list.
        org.remove_template(template, now).await.unwrap();
        let page = viewer.get(&format!("/broadcasts/{id}")).await;
        assert!(page.body.contains(r#"href="/settings/templates/sms""#), "{}", page.body);
    }

    async fn an_sms_shows_its_final_text_and_what_it_is_charged_as(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = sms_seeded(&world, &people).await;
        let rows = org(&world, &people).messages(id, &MessageFilter::default(), 0, 100).await.unwrap();
        let position =
            |phone: &str| rows.iter().find(|row| row.recipient == phone).unwrap().message.position;
        let mut viewer = world.signed_in(&people.viewer).await;
        let unicode = viewer.get(&format!("/broadcasts/{id}/messages/{}", position("+919000000021"))).await;
        assert_eq!(unicode.status, StatusCode::OK);
        for words in
            ["<mark>राजलक्ष्मी</mark>", "WRKSHP", "drq71qf4z3kdm2p", "Unicode", "because of “र”", "₹0.50"]
        {
            assert!(unicode.body.contains(words), "{words} in {}", unicode.body);
        }
        let plain = viewer.get(&format!("/broadcasts/{id}/messages/{}", position("+919000000020"))).await;
        for words in ["<mark>Asha</mark>", "Plain (GSM-7)", "₹0.25", "-Example Academy"] {
            assert!(plain.body.contains(words), "{words} in {}", plain.body);
        }
        let refused = viewer.get(&format!("/broadcasts/{id}/messages/{}", position("+919000000022"))).await;
        assert!(refused.body.contains("411 · Refused"), "{}", refused.body);
        let mut manager = world.signed_in(&people.manager).await;
        let export = manager.get(&format!("/broadcasts/{id}/export")).await;
        let line = |phone: &str| export.body.lines().find(|line| line.contains(phone)).unwrap().to_owned();
        assert!(export.body.lines().next().unwrap().ends_with("\"Segments\",\"Cost in rupees\",\"Key pressed\",\"Seconds on the line\""), "{}", export.body);
        assert!(line("+919000000021").contains("\"2\",\"0.50\","), "{}", line("+919000000021"));
        assert!(line("+919000000020").contains("\"1\",\"0.25\","), "{}", line("+919000000020"));
    }

    async fn no_query_is_a_fault(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        for query in [
            "state=", "state=%00", "reason=%27%3B--", "reason=%00", "q=%25%5C_", "q=%00", "q=%F0%9F%98%80", "after=-5", "after=x",
            "after=99999999999999999999", "state=failed&reason=131026&q=a&after=1", "q=%FF",
        ] {
            for path in ["", "/export", "/retry"] {
                let answer = manager.get(&format!("/broadcasts/{id}{path}?{query}")).await;
                assert!(!answer.status.is_server_error(), "{path}?{query}: {}", answer.status);
            }
        }
        for query in ["before=x", "channel=pigeon", "before=%00&channel=sms"] {
            assert_eq!(manager.get(&format!("/broadcasts?{query}")).await.status, StatusCode::OK, "{query}");
        }
    }

    async fn the_operator_stops_and_releases_with_the_number_that_waits(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let id = seeded(&world, &people).await;
        let waiting = status(&world, &people, id).await.in_state(MessageState::Waiting);
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get("/operator/stop").await.body.contains(&format!("Stop all sending ({waiting})")));
        assert_eq!(manager.post("/operator/stop", &[]).await.status, StatusCode::SEE_OTHER);
        let page = manager.get("/operator").await.body;
        assert!(page.contains("All sending is stopped.") && page.contains("1-hour reminder"), "{page}");
        let want = [Want::rows(id, 1)];
        let due = world.app.engine.work().due(world.clock_now()).await.unwrap();
        assert!(due.is_empty(), "nothing of a stopped organisation is due, not even {want:?}");
        assert_eq!(manager.post("/operator/release", &[]).await.status, StatusCode::SEE_OTHER);
        let account = format!("/operator/integrations/{}", people.integration);
        assert!(manager.get(&format!("{account}/stop")).await.body.contains(&format!("Stop this account ({waiting})")));
        assert_eq!(manager.post(&format!("{account}/stop"), &[]).await.status, StatusCode::SEE_OTHER);
        assert!(manager.get(&format!("/broadcasts/{id}")).await.body.contains("Udaan main is stopped."));
    }
}

on_both! {
    async fn a_workshop_counts_what_has_no_receipt_beside_its_figures_and_says_whose_number_stands_twice(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        seeded(&world, &people).await;
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get(&format!("/workshops/{workshop}")).await;
        for words in ["1 more without a receipt", "2 failed, 1 unknown<"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains("1 without a receipt"), "{}", page.body);
        assert!(!page.body.contains("the number of another one"), "{}", page.body);
        let twin = [("name", "Twin"), ("phone", "90000 00010"), ("email", "twin@udaan.example")];
        manager.post(&format!("/workshops/{workshop}/registrants"), &twin).await;
        let page = manager.get(&format!("/workshops/{workshop}")).await;
        let words = "1 registration has the number of another one.";
        assert!(page.body.contains(words), "{}", page.body);
    }
}
