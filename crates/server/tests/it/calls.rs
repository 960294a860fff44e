//! Calls from the claim to the last report: the real program with its routes, the stand-ins, and phones that do what
//! their last digit says.

use std::sync::{Arc, OnceLock};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::{
    broadcast::Audience,
    call::{Action, CallRef, CallScript, CallStage, Digit, Language},
    channel::{Category, Channel},
    ids::{BroadcastId, ImportId, IntegrationId, MessageRef, TemplateId, WorkshopId},
    message::MessageState,
    money::Money,
    name::PersonName,
    pace::Pace,
    phone::{Country, Phone},
    sending_hours::SendingHours,
    sms::{SmsRoute, SmsTemplate, ValueLimits},
    template::Message,
    time::{DAY, HOUR, MINUTE, ManualClock, Millis, SECOND},
};
use engine::Sender;
use munadi::accounts::seal_binding;
use providers::{Secrets, registry, voice::Paths};
use sandbox::{
    Sandbox,
    voice::{Callee, Chaos, Does},
};
use serde_json::json;
use store::{
    Actor, Org,
    broadcasts::{BroadcastFilter, KeyBroadcasts, NewBroadcast, Telling},
    integrations::NewIntegration,
    messages::{MessageFilter, MessageView},
    on_both,
    registrants::NewRegistrant,
    suppressions::SuppressionFilter,
    testing::TestStore,
    told::Selection,
    workshops::WorkshopDraft,
};
use tower::ServiceExt;

use crate::world::{People, WEBHOOK_SECRET, World};

pub(crate) const CALLERS: [&str; 4] = ["exotel", "ozonetel", "myoperator", "knowlarity"];

/// A program with an account of calls, and the phones that it rings.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) people: People,
    pub(crate) phones: Sandbox,
    pub(crate) org: Org,
    pub(crate) account: IntegrationId,
    pub(crate) workshop: WorkshopId,
    sender: Sender,
    in_turn: bool,
}

/// Milliseconds of the clock for each round of the program.
const STEP_MS: i64 = 250;
/// A round goes on for so long where no phone has anything to do.
const LONG_STEP_MS: i64 = 1_000;

impl Scene {
    /// Requests, calls and reports are done with their part of a round before the next begins: on a busy machine a
    /// phone would otherwise stay on the line for as long as an answer takes to come.
    pub(crate) async fn new(db: &TestStore, kind: &str, settings: serde_json::Value, chaos: Chaos) -> Scene {
        Scene::build(db, kind, settings, chaos, true, async |url| url).await
    }

    /// A scene in which nobody waits for anybody, and whose program reaches its providers by another address than
    /// their own.
    pub(crate) async fn through(
        db: &TestStore,
        kind: &str,
        settings: serde_json::Value,
        chaos: Chaos,
        line: impl AsyncFnOnce(String) -> String,
    ) -> Scene {
        Scene::build(db, kind, settings, chaos, false, line).await
    }

    async fn build(
        db: &TestStore,
        kind: &str,
        settings: serde_json::Value,
        chaos: Chaos,
        in_turn: bool,
        line: impl AsyncFnOnce(String) -> String,
    ) -> Scene {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let clock: Arc<OnceLock<Arc<ManualClock>>> = Arc::default();
        let theirs = Arc::clone(&clock);
        let now =
            move || theirs.get().map_or(20_000 * DAY, |clock| domain::time::Clock::now(clock.as_ref()).0);
        let mut config = sandbox::Config { seed: 7, by_hand: in_turn, ..sandbox::Config::default() };
        config.voice.chaos = chaos;
        config.voice.dnd_endings = ["99".to_owned()].into();
        config.voice.by_ending = [
            ("1", Does::Presses { key: '1', after_s: 2 }),
            ("2", Does::Presses { key: '9', after_s: 2 }),
            ("3", Does::Listens),
            ("4", Does::HangsUp { after_s: 2 }),
            ("5", Does::Busy),
            ("6", Does::NoAnswer),
            ("7", Does::Voicemail),
            ("8", Does::Presses { key: '2', after_s: 2 }),
        ]
        .map(|(ending, does)| (ending.to_owned(), Callee::who(does)))
        .into();
        let phones = Sandbox::start_with_clock(config, Arc::new(now)).await.unwrap();
        let (theirs, through) = (phones.url(), line(phones.url()).await);
        let world = World::with(db, |config| {
            config.public_url.clone_from(&here);
            for (key, url) in phones.addresses() {
                config.providers.set(key, &url.replace(&theirs, &through));
            }
        })
        .await;
        let _ = clock.set(Arc::clone(&world.clock));
        // Half past ten in the morning in India.
        world.clock.advance(5 * HOUR);
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let router = world.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let account = account(&world, &people, kind, settings).await;
        let callback = format!("{here}/callbacks/{}", world.app.keys.callback_key(account));
        sandbox::registry::face(kind).unwrap().post_to(&phones, &[callback], "");
        let at = world.clock_now();
        let draft = WorkshopDraft {
            title: "Excel".into(),
            starts_at: at.plus(50 * MINUTE),
            ends_at: at.plus(2 * HOUR),
            join_link: "https://meet.example/excel".into(),
            tag: None,
        };
        let workshop = org.add_workshop(&draft, at).await.unwrap();
        let sender = Sender::new(world.app.engine.clone(), 1);
        world.app.engine.work().register("test", at, at.plus(DAY)).await.unwrap();
        Scene { world, people, phones, org, account, workshop, sender, in_turn }
    }

    pub(crate) fn now(&self) -> Millis {
        self.world.clock_now()
    }

    /// Registers people whose numbers have these endings.
    pub(crate) async fn register(&self, numbers: &[String]) {
        let rows = numbers.iter().map(|number| NewRegistrant {
            name: PersonName::parse("Asha Verma"),
            phone: Phone::parse(number, Country::INDIA).ok(),
            phone_typed: number.clone(),
            ..NewRegistrant::default()
        });
        let now = self.now();
        self.org.add_registrants(self.workshop, ImportId::new(now), rows.collect(), now).await.unwrap();
    }

    pub(crate) async fn confirm(&self, script: CallScript) -> BroadcastId {
        self.confirm_within(script, 50 * MINUTE).await
    }

    /// Confirms calls that are of use for so long.
    pub(crate) async fn confirm_within(&self, script: CallScript, useful_ms: i64) -> BroadcastId {
        let now = self.now();
        let new = NewBroadcast {
            integration: self.account,
            workshop: self.workshop,
            channel: Channel::IvrCall,
            title: "Reminder call".into(),
            template_id: None,
            category: Category::Utility,
            template: Message::from(script).to_json(),
            audience: Audience::Registered,
            telling: Telling::default(),
            starts_at: now,
            deadline: now.plus(useful_ms),
            hours: SendingHours::any().on(Channel::IvrCall),
            unit_price: Money(6_000),
        };
        self.org.confirm_broadcast(new, now).await.unwrap()
    }

    /// One round of everything that the program does by itself.
    pub(crate) async fn round(&mut self) {
        self.round_of(STEP_MS).await;
    }

    /// A round after which the clock goes on by so many milliseconds.
    pub(crate) async fn round_of(&mut self, step_ms: i64) {
        let engine = self.world.app.engine.clone();
        engine.plan().await.unwrap();
        match self.in_turn {
            true => _ = self.sender.turn_until_idle().await.unwrap(),
            false => _ = self.sender.turn(true).await.unwrap(),
        }
        engine.receive().await.unwrap();
        engine.settle().await.unwrap();
        engine.poll_status().await.unwrap();
        self.world.clock.advance(step_ms);
        match self.in_turn {
            true => _ = self.phones.catch_up().await,
            false => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
        }
    }

    /// How far the next round goes, so that it ends where a phone has something to do.
    fn step_ms(&self) -> i64 {
        if !self.in_turn {
            return STEP_MS;
        }
        let next = self.phones.next_due().map_or(i64::MAX, |due| due.saturating_sub(self.now().0));
        next.clamp(STEP_MS, LONG_STEP_MS)
    }

    /// Rounds until the broadcast is done and every report was taken in.
    pub(crate) async fn run(&mut self, id: BroadcastId) {
        for _ in 0..12_000 {
            self.round_of(self.step_ms()).await;
            let done = self.org.broadcast(id).await.unwrap().finished_at.is_some();
            if done && self.phones.telephones().under_way() == 0 {
                break;
            }
        }
        self.phones.flush_receipts().await;
        for _ in 0..20 {
            self.round().await;
        }
        let truth = self.org.broadcast(id).await.unwrap();
        assert!(truth.finished_at.is_some(), "the broadcast ends: {truth:?}");
        assert_eq!(self.world.app.engine.work().differences().await.unwrap(), vec![], "the sum holds");
    }

    pub(crate) async fn rows(&self, id: BroadcastId) -> Vec<MessageView> {
        self.org.messages(id, &MessageFilter::default(), 0, 1_000).await.unwrap()
    }

    fn rang(&self, number: &str) -> usize {
        self.phones.telephones().calls_to(number.trim_start_matches('+').parse().unwrap()).len()
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (StatusCode, String) {
        let key = self.world.app.keys.callback_key(self.account);
        let request = Request::builder().method(method).uri(format!("/callbacks/{key}{path}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = self.world.router().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}

pub(crate) async fn account(
    world: &World,
    people: &People,
    kind: &str,
    settings: serde_json::Value,
) -> IntegrationId {
    let sample = sandbox::registry::face(kind).unwrap().account();
    let signed = sample.signed_with.map(|key| (key, WEBHOOK_SECRET.to_owned()));
    let secrets = sample.secrets.iter().chain(&signed);
    let secrets = secrets.fold(Secrets::default(), |all, (key, value)| all.with(key, value));
    let mut own = sample.settings;
    own.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let id = IntegrationId::new(world.clock_now());
    let new = NewIntegration {
        id,
        kind: kind.into(),
        name: "Front desk".into(),
        settings: own,
        sealed: world.app.keys.seal(&secrets.to_json(), &seal_binding(people.first, id)),
        hints: json!({}),
        callback_key: world.app.keys.callback_key(id),
        pace: Pace { per_second: 10, per_day: 0 },
    };
    let org = world.app.store.org(Actor::command_line(people.first));
    org.add_integration(new, world.clock_now()).await.unwrap();
    id
}

/// The usual script whose first key sends nothing.
pub(crate) fn script() -> CallScript {
    let mut script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
    script.keys[0].action = Action::Confirm;
    script
}

/// The usual script whose first key sends a text under that name.
async fn sends(scene: &Scene, name: &str) -> CallScript {
    let sms = SmsTemplate {
        limits: ValueLimits::default(),
        route: SmsRoute::Quick,
        sender: None,
        message_id: None,
        template_id: None,
        entity_id: None,
        category: Category::Utility,
        text: "The workshop is at 7 PM. See you there".into(),
        variables: vec![],
        extra: Default::default(),
    };
    let body = Message::from(sms).to_json();
    let template = scene.org.add_template(Channel::Sms, name, &body, scene.now()).await.unwrap();
    let mut script = script();
    script.keys[0].action = Action::Message { channel: Channel::Sms, template };
    script
}

pub(crate) fn number(ending: usize) -> String {
    format!("+9190000000{ending:02}")
}

pub(crate) fn state(rows: &[MessageView], number: &str) -> (MessageState, String) {
    let row = rows.iter().find(|row| row.recipient == number).unwrap();
    (row.state, row.reason.code().to_owned())
}

on_both! {
    async fn each_call_ends_as_its_phone_did_and_only_busy_and_unanswered_ones_ring_again(db: TestStore) {
        for kind in CALLERS {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            ends_as_its_phone_did(&fresh, kind).await;
            fresh.remove().await;
        }
    }

    async fn a_call_of_which_nothing_is_told_is_looked_up_and_never_placed_again(db: TestStore) {
        let chaos = Chaos { lose_reports: 1.0, ..Chaos::default() };
        let mut scene = Scene::new(db, "exotel", json!({}), chaos).await;
        // A phone that nobody picks up gives the provider nothing to ask; only reports would tell.
        scene.register(&[number(6), number(5)]).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        scene.world.clock.advance(20 * MINUTE);
        for _ in 0..10 {
            scene.round().await;
        }
        let rows = scene.rows(id).await;
        assert_eq!(state(&rows, &number(6)), (MessageState::Failed, "no_answer".into()));
        assert_eq!(state(&rows, &number(5)), (MessageState::Failed, "busy".into()));
        assert_eq!((scene.rang(&number(6)), scene.rang(&number(5))), (1, 1), "nobody is called again by a doubt");
    }

    async fn a_call_of_which_nobody_can_tell_is_unknown_and_never_placed_again(db: TestStore) {
        let chaos = Chaos { lose_reports: 1.0, ..Chaos::default() };
        let mut scene = Scene::new(db, "ozonetel", json!({}), chaos).await;
        scene.register(&[number(6)]).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        scene.world.clock.advance(20 * MINUTE);
        for _ in 0..10 {
            scene.round().await;
        }
        assert_eq!(state(&scene.rows(id).await, &number(6)), (MessageState::Unknown, "no_report".into()));
        assert_eq!(scene.rang(&number(6)), 1);
    }

    async fn a_key_sends_its_message_once_however_often_it_is_told(db: TestStore) {
        let chaos = Chaos { repeat_reports: 1.0, repeat_steps: 1.0, late_reports: 0.5, ..Chaos::default() };
        let mut scene = Scene::new(db, "exotel", json!({}), chaos).await;
        account(&scene.world, &scene.people, "fast2sms", json!({})).await;
        let script = sends(&scene, "Link").await;
        scene.register(&[number(1), number(11), number(3)]).await;
        let id = scene.confirm(script).await;
        scene.run(id).await;
        for _ in 0..200 {
            scene.round().await;
        }
        let sent: Vec<_> = scene.org.broadcasts(&Default::default(), 20).await.unwrap();
        let sms: Vec<_> = sent.iter().filter(|one| one.channel == Channel::Sms).collect();
        let got = |number: &str| {
            let world = scene.phones.world();
            world.messages(0, 1_000).iter().filter(|one| one.vendor == "fast2sms" && format!("+{}", one.phone) == number).count()
        };
        let notes = notes(&scene, id).await;
        assert_eq!(sms.len(), 2, "one for each who pressed 1: {notes:?}");
        assert_eq!((got(&number(1)), got(&number(11)), got(&number(3))), (1, 1, 0), "{notes:?}");
        // These broadcasts hide nothing that a person confirmed, and stand together where they came from.
        let of = async |by_keys| {
            let filter = BroadcastFilter { by_keys, ..BroadcastFilter::default() };
            let all = scene.org.broadcasts(&filter, 20).await.unwrap();
            all.iter().map(|one| one.channel).collect::<Vec<_>>()
        };
        assert_eq!(of(KeyBroadcasts::LeftOut).await, [Channel::IvrCall]);
        assert_eq!(of(KeyBroadcasts::Of(id)).await, [Channel::Sms; 2]);
    }

    async fn a_key_whose_message_cannot_be_read_holds_no_other_key_up(db: TestStore) {
        let mut scene = Scene::new(db, "exotel", json!({}), Chaos::default()).await;
        account(&scene.world, &scene.people, "fast2sms", json!({})).await;
        let (torn, sound) = (sends(&scene, "Torn").await, sends(&scene, "Sound").await);
        db.damage("UPDATE templates SET body = '{' WHERE name = 'Torn'").await;
        scene.register(&[number(1)]).await;
        let first = scene.confirm(torn).await;
        scene.run(first).await;
        let noted = notes(&scene, first).await;
        assert!(noted.iter().any(|note| note.contains("cannot be read")), "{noted:?}");
        let second = scene.confirm(sound).await;
        scene.run(second).await;
        let sent = scene.org.broadcasts(&Default::default(), 20).await.unwrap();
        let texts = sent.iter().filter(|one| one.channel == Channel::Sms).count();
        assert_eq!(texts, 1, "{:?}", notes(&scene, second).await);
        // Of another call nothing can be read at all.
        db.damage("UPDATE calls SET record = '{' WHERE note <> ''").await;
        db.damage("UPDATE calls SET acted_at = NULL WHERE action <> ''").await;
        scene.world.app.engine.receive().await.unwrap();
    }

    async fn whoever_presses_nine_is_not_called_again_and_a_batch_that_many_leave_stops(db: TestStore) {
        let mut scene = Scene::new(db, "exotel", json!({ "lines": 20, "per_minute": 600 }), Chaos::default()).await;
        let mut numbers: Vec<String> = (0..45).map(|n| format!("+91900002{n:02}01")).collect();
        numbers.extend((0..5).map(|n| format!("+91900000{n:02}02")));
        numbers.extend((0..60).map(|n| format!("+91900009{n:02}01")));
        scene.register(&numbers).await;
        let id = scene.confirm(script()).await;
        for _ in 0..2_000 {
            scene.round().await;
            if scene.org.broadcast(id).await.unwrap().stopped_at.is_some() {
                break;
            }
        }
        let truth = scene.org.broadcast(id).await.unwrap();
        assert_eq!(truth.stop_code, "call_opt_outs", "{truth:?}");
        assert_eq!(stopped(&scene).await, 5);
        // A broadcast that a person looked at and resumed is not stopped by the same calls again.
        let at = scene.now();
        scene.org.resume_broadcast(id, at).await.unwrap();
        scene.run(id).await;
    }

    async fn an_address_leads_to_its_own_call_alone_and_takes_every_form(db: TestStore) {
        let mut scene = Scene::new(db, "ozonetel", json!({}), Chaos::default()).await;
        scene.register(&[number(6)]).await;
        let id = scene.confirm(script()).await;
        while scene.phones.telephones().calls().is_empty() {
            scene.round().await;
        }
        for _ in 0..4 {
            scene.round().await;
        }
        let message = MessageRef { broadcast: id, position: 1 };
        let paths = Paths::of(&providers::Secret::new(sandbox::voice::kookoo::KEY));
        let of = |attempt: i64| {
            let call = CallRef { message, attempt };
            format!("/{call}/{}", paths.proof(call))
        };
        let own = of(1);
        let (status, words) = scene.ask(Method::GET, &format!("{own}/step?event=NewCall&sid=s1"), "").await;
        assert_eq!(status, StatusCode::OK);
        assert!(words.contains("Hello Asha. This is Udaan Academy."), "{words}");
        let head = scene.ask(Method::HEAD, &format!("{own}/step?event=NewCall&sid=s1"), "").await;
        assert_eq!(head, (StatusCode::OK, String::new()));
        let (status, words) = scene.ask(Method::POST, &format!("{own}/step"), "event=GotDTMF&data=9&sid=s1").await;
        assert!(status == StatusCode::OK && words.contains("We will not call you again"), "{words}");
        // The requests have the address of another call, a forged proof, and another call on this address.
        let forged = format!("{}/status", own.replace(&CallRef { message, attempt: 1 }.to_string(), &CallRef { message, attempt: 2 }.to_string()));
        for path in [forged.as_str(), "/x/y/status", "/nothing"] {
            assert_eq!(scene.ask(Method::GET, path, "").await.0, StatusCode::FORBIDDEN, "{path}");
        }
        let foreign = scene.ask(Method::POST, &format!("{own}/status"), "status=answered&sid=other").await;
        assert_eq!(foreign.0, StatusCode::FORBIDDEN);
        // The call of an unknown account is answered with the end of the conversation.
        let (status, words) = scene.ask(Method::GET, &format!("{}/step?event=NewCall&sid=s2", of(7)), "").await;
        assert!(status == StatusCode::OK && words.contains("<hangup/>"), "{words}");
        // A key beats a report of a missed call.
        let (status, _) = scene.ask(Method::POST, &format!("{own}/status"), "status=not_answered&sid=s1").await;
        assert_eq!(status, StatusCode::OK);
        for _ in 0..4 {
            scene.round().await;
        }
        assert_eq!(state(&scene.rows(id).await, &number(6)).0, MessageState::Delivered);
    }
}

/// The number of people who are not called any more.
pub(crate) async fn stopped(scene: &Scene) -> usize {
    let everybody = SuppressionFilter { limit: 100, ..SuppressionFilter::default() };
    let all = scene.org.suppressions(&everybody).await.unwrap();
    all.iter().filter(|one| one.channel == Some(Channel::IvrCall)).count()
}

async fn notes(scene: &Scene, id: BroadcastId) -> Vec<String> {
    let mut notes = Vec::new();
    for row in scene.rows(id).await {
        for call in scene.org.calls_of(row.message).await.unwrap() {
            notes.push(format!("{:?} {} {}", call.stage, call.action, call.note));
        }
    }
    notes
}

async fn ends_as_its_phone_did(db: &TestStore, kind: &str) {
    let mut scene = Scene::new(db, kind, json!({}), Chaos::default()).await;
    let abilities = registry::vendor(kind).map(|vendor| vendor.channels()).unwrap();
    assert_eq!(abilities, [Channel::IvrCall]);
    let numbers: Vec<String> = (1..=8).map(number).collect();
    scene.register(&numbers).await;
    let id = scene.confirm(script()).await;
    scene.run(id).await;
    let rows = scene.rows(id).await;
    let delivered = (MessageState::Delivered, String::new());
    for ending in [1, 2, 3, 8] {
        assert_eq!(
            state(&rows, &number(ending)),
            delivered,
            "{kind} {ending}: {:?}",
            notes(&scene, id).await
        );
        assert_eq!(scene.rang(&number(ending)), 1, "{kind} {ending}");
    }
    let tells_busy = kind == "exotel" || kind == "ozonetel";
    let busy = if tells_busy { "busy" } else { "no_answer" };
    assert_eq!(state(&rows, &number(5)), (MessageState::Failed, busy.into()), "{kind}");
    assert_eq!(state(&rows, &number(6)), (MessageState::Failed, "no_answer".into()), "{kind}");
    for ending in [5, 6] {
        assert_eq!(scene.rang(&number(ending)), 2, "{kind} {ending}: once more, and then no more");
    }
    assert!(scene.rang(&number(4)) <= 2, "{kind}: who hung up");
    assert_eq!(scene.rang(&number(7)), 1, "{kind}: a voicemail is called once");
    let counts = scene.org.call_counts(id).await.unwrap();
    assert_eq!(counts.sum(), 8, "{kind}: {counts:?}");
    for (key, n) in [(1, 1), (9, 1), (2, 1)] {
        let digit = Digit::new(key).unwrap();
        assert_eq!(counts.at(CallStage::Pressed(digit)), n, "{kind}: {counts:?}");
        assert_eq!(scene.org.pressed(id, digit).await.unwrap().len(), 1, "{kind}");
    }
    let everyone = Selection::everyone(scene.workshop, Default::default(), scene.now());
    let wanting = everyone.of(Audience::AnotherDate);
    let reader = scene.org.audience_reader();
    let people = reader.selected(&wanting, &Default::default(), 10).await.unwrap();
    assert_eq!(people.iter().map(|one| one.phone.as_str()).collect::<Vec<_>>(), [number(8)], "{kind}");
    assert_eq!(scene.org.want_another_date(scene.workshop).await.unwrap(), 1, "{kind}");
    assert_eq!(stopped(&scene).await, 1, "{kind}: whoever pressed 9");
    let gaps: Vec<i64> = scene
        .phones
        .telephones()
        .calls_to(u64::try_from(919_000_000_006_i64).unwrap())
        .windows(2)
        .map(|pair| pair[1].placed_at - pair[0].placed_at)
        .collect();
    assert!(gaps.iter().all(|gap| *gap >= 3 * MINUTE - SECOND), "{kind}: {gaps:?}");
}
