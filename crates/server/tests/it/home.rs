//! The home page: errors stop a broadcast, one question makes one broadcast, and nothing of another organisation is
//! taken.

use axum::http::StatusCode;
use domain::{
    broadcast::UNDO_MS,
    channel::{Category, Channel},
    ids::{BroadcastId, ImportId, TemplateId, WorkshopId},
    message::MessageState,
    name::PersonName,
    pace::Pace,
    phone::{Country, Phone},
    template::Source,
    time::HOUR,
    whatsapp::{Parameter, WhatsappTemplate},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config as Runs, TestRunner},
};
use sandbox::Sandbox;
use store::{
    Actor, Org, broadcasts::BroadcastFilter, on_both, registrants::NewRegistrant, testing::TestStore,
    workshops::WorkshopDraft,
};

use crate::world::{Answer, Browser, People, World};

/// An organisation with an account at a stand-in, a template and a workshop in three hours with three people.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) people: People,
    pub(crate) sandbox: Sandbox,
    pub(crate) org: Org,
    pub(crate) workshop: WorkshopId,
    pub(crate) template: TemplateId,
    /// The account that sends. The organisation has a second one, which does not.
    pub(crate) account: domain::ids::IntegrationId,
}

impl Scene {
    pub(crate) async fn new(db: &TestStore) -> Scene {
        let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let urls = munadi::commands::demo::stand_in(&sandbox);
        let world = World::with(db, |config| config.providers = urls).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let account = connect(&world, &org).await;
        let workshop = workshop(&world, &org, "Rust & <b>friends</b>", "https://meet.example/rust").await;
        register(&world, &org, workshop, &["Asha Rao", "R<svg/onload=alert(1)>", ""]).await;
        let template = template(&world, &org, "1-hour reminder").await;
        Scene { world, people, sandbox, org, workshop, template, account }
    }

    pub(crate) fn query(&self) -> String {
        self.query_for(self.template)
    }

    /// The same with another template.
    pub(crate) fn query_for(&self, template: TemplateId) -> String {
        format!("channel=personal&workshop={}&template={template}&account={}", self.workshop, self.account)
    }

    /// A further template with the same text.
    pub(crate) async fn add_template(&self, name: &str) -> TemplateId {
        template(&self.world, &self.org, name).await
    }

    /// When its workshop begins.
    pub(crate) fn starts_at(&self) -> domain::time::Millis {
        self.world.clock_now().plus(3 * HOUR)
    }

    /// Gives the scene's template another purpose.
    pub(crate) async fn set_purpose(&self, word: &str) {
        let purpose = domain::told::Purpose::parse(word).unwrap();
        self.org.set_purpose(self.template, &purpose, 60, self.world.clock_now()).await.unwrap();
    }

    pub(crate) async fn broadcasts(&self) -> usize {
        self.org.broadcasts(&BroadcastFilter::default(), 50).await.unwrap().len()
    }

    pub(crate) async fn manager(&self) -> Browser<'_> {
        self.world.signed_in(&self.people.manager).await
    }
}

async fn connect(world: &World, org: &Org) -> domain::ids::IntegrationId {
    let now = world.clock_now();
    let id = domain::ids::IntegrationId::new(now);
    let secrets = providers::Secrets::default()
        .with("api_key", sandbox::aisensy::DEFAULT_KEY)
        .with("project_password", sandbox::aisensy::DEFAULT_PASSWORD);
    let binding = munadi::accounts::seal_binding(org.actor().organization, id);
    org.add_integration(
        store::integrations::NewIntegration {
            id,
            kind: "aisensy".into(),
            name: "Main".into(),
            settings: serde_json::json!({ "project_id": sandbox::aisensy::DEFAULT_PROJECT }),
            sealed: world.app.keys.seal(&secrets.to_json(), &binding),
            hints: serde_json::json!({}),
            callback_key: world.app.keys.callback_key(id),
            pace: Pace { per_second: 10, per_day: 0 },
        },
        now,
    )
    .await
    .unwrap();
    id
}

pub(crate) async fn workshop(world: &World, org: &Org, title: &str, link: &str) -> WorkshopId {
    let starts_at = world.clock_now().plus(3 * HOUR);
    let draft = WorkshopDraft {
        title: title.into(),
        starts_at,
        ends_at: starts_at.plus(2 * HOUR),
        join_link: link.into(),
        tag: None,
    };
    org.add_workshop(&draft, world.clock_now()).await.unwrap()
}

pub(crate) async fn register(world: &World, org: &Org, workshop: WorkshopId, names: &[&str]) {
    let now = world.clock_now();
    let person = |(at, name): (usize, &&str)| NewRegistrant {
        name: PersonName::parse(name),
        phone: Some(Phone::parse(&format!("90001{:05}", at + 1), Country::INDIA).unwrap()),
        ..NewRegistrant::default()
    };
    let rows = names.iter().enumerate().map(person).collect();
    org.add_registrants(workshop, ImportId::new(now), rows, now).await.unwrap();
}

async fn template(world: &World, org: &Org, name: &str) -> TemplateId {
    let parameter = |label: &str, source, fallback: &str| Parameter {
        label: label.into(),
        source,
        fallback: fallback.into(),
    };
    let body = WhatsappTemplate {
        campaign: "workshop_reminder_1h".into(),
        category: Category::Utility,
        language: "en".into(),
        header: String::new(),
        body: "Hi {{1}}, {{2}} begins at {{3}}. Join: {{4}}".into(),
        footer: String::new(),
        parameters: vec![
            parameter("first name", Source::RegistrantFirstName, "there"),
            parameter("workshop", Source::WorkshopTitle, ""),
            parameter("start time", Source::WorkshopTime, ""),
            parameter("join link", Source::WorkshopJoinLink, ""),
        ],
        media: None,
        buttons: vec![],
        extra: Default::default(),
    };
    let body = serde_json::to_value(body).unwrap();
    org.add_template(Channel::WhatsappPersonal, name, &body, world.clock_now()).await.unwrap()
}

/// The hidden fields of the form that posts to `action`, its token among them.
pub(crate) fn fields(page: &Answer, action: &str) -> Vec<(String, String)> {
    let (_, form) = page
        .body
        .split_once(&format!(r#"action="{action}""#))
        .unwrap_or_else(|| panic!("no form to {action} in {}", page.body));
    let (form, _) = form.split_once("</form>").unwrap();
    form.split("<input ")
        .skip(1)
        .filter_map(|input| {
            let part = |name: &str| Some(input.split_once(&format!(r#"{name}=""#))?.1.split_once('"')?.0);
            Some((part("name")?.to_owned(), plain(part("value").unwrap_or_default())))
        })
        .collect()
}

/// A value of the markup as the browser reads it.
fn plain(value: &str) -> String {
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

pub(crate) async fn post(browser: &mut Browser<'_>, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post_as_is(path, &fields).await
}

pub(crate) fn with(fields: &[(String, String)], name: &str, value: impl ToString) -> Vec<(String, String)> {
    let mut fields: Vec<_> = fields.iter().filter(|(given, _)| given != name).cloned().collect();
    fields.push((name.to_owned(), value.to_string()));
    fields
}

pub(crate) const CONFIRM: &str = "/compose/confirm";

on_both! {
    async fn the_card_of_the_day_says_that_a_broadcast_stands_still_and_what_went_out(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let (_, workshop) = people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap();
        let page = format!("/?workshop={workshop}");
        let id = crate::broadcast::planned(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        assert!(!manager.get(&page).await.body.contains("Paused: "));
        manager.post(&format!("/broadcasts/{id}/pause"), &[]).await;
        let waiting = org.broadcast(id).await.unwrap().in_state(MessageState::Waiting);
        assert!(waiting > 0, "needs somebody who waits");
        let card = manager.get(&page).await.body;
        assert!(card.contains(&format!("Paused: {waiting} message")) && card.contains("Open the broadcast"), "{card}");
        assert!(!card.contains("Nothing is planned for it"), "{card}");
    }

    async fn a_question_answered_twice_makes_one_broadcast_that_waits_ten_seconds(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}", scene.query())).await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["to 3 people from 8:00", "Send to 3 people<", "₹0.44", "estimate"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let fields = fields(&page, CONFIRM);
        let first = post(&mut browser, CONFIRM, &fields).await;
        let second = post(&mut browser, CONFIRM, &fields).await;
        assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        assert_eq!(first.location(), second.location());
        let id: BroadcastId = first.location().strip_prefix("/broadcasts/").unwrap().parse().unwrap();
        assert_eq!(scene.broadcasts().await, 1);
        let broadcast = scene.org.broadcast(id).await.unwrap();
        let now = scene.world.clock_now();
        assert_eq!(broadcast.starts_at, now.plus(UNDO_MS));
        assert_eq!(broadcast.deadline, now.plus(3 * HOUR + 10 * domain::time::MINUTE));
        assert_eq!(broadcast.created_by, "Manager");
        scene.world.app.engine.plan().await.unwrap();
        assert_eq!(scene.org.broadcast(id).await.unwrap().in_state(MessageState::Waiting), 3);
    }

    async fn a_viewer_sees_the_page_and_cannot_confirm(db: TestStore) {
        let scene = Scene::new(db).await;
        let question = scene.manager().await.get(&format!("{CONFIRM}?{}", scene.query())).await;
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        let page = viewer.get(&format!("/?{}", scene.query())).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Your role may look, not send."));
        assert!(!page.body.contains(r#"id="confirm""#) && !page.body.contains(r#"id="test""#), "no dialog");
        let token = viewer.token().await;
        let fields = with(&fields(&question, CONFIRM), "csrf", token);
        assert_eq!(post(&mut viewer, CONFIRM, &fields).await.status, StatusCode::FORBIDDEN);
        assert_eq!(scene.broadcasts().await, 0);
    }

    async fn a_question_put_to_one_person_is_not_answered_by_another(db: TestStore) {
        let scene = Scene::new(db).await;
        let question = scene.manager().await.get(&format!("{CONFIRM}?{}", scene.query())).await;
        let mut admin = scene.world.signed_in(&scene.people.admin).await;
        let token = admin.token().await;
        let fields = with(&fields(&question, CONFIRM), "csrf", token);
        assert_eq!(post(&mut admin, CONFIRM, &fields).await.status, StatusCode::BAD_REQUEST);
        for once in ["", "x", &BroadcastId::new(scene.world.clock_now()).to_string()] {
            let fields = with(&fields, "once", once);
            assert_eq!(post(&mut admin, CONFIRM, &fields).await.status, StatusCode::BAD_REQUEST, "{once}");
        }
        assert_eq!(scene.broadcasts().await, 0);
    }

    async fn what_belongs_to_another_organisation_is_not_taken(db: TestStore) {
        let scene = Scene::new(db).await;
        let world = &scene.world;
        let other = world.app.store.org(Actor::command_line(scene.people.second));
        let theirs = workshop(world, &other, "Their secret plan", "https://meet.example/theirs").await;
        register(world, &other, theirs, &["Their Guest"]).await;
        let their_template = template(world, &other, "Their template").await;
        let their_account = connect(world, &other).await;
        let mut browser = scene.manager().await;
        let page = browser
            .get(&format!("/?workshop={theirs}&template={their_template}&account={their_account}"))
            .await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["Their", "meet.example/theirs"] {
            assert!(!page.body.contains(words), "shows {words}");
        }
        assert!(page.body.contains("The workshop of this link is not here."));
        let question = browser.get(&format!("{CONFIRM}?{}", scene.query())).await;
        let good = fields(&question, CONFIRM);
        for bare in ["workshop", "template"] {
            let fields: Vec<_> = good.iter().filter(|(name, _)| name != bare).cloned().collect();
            assert_eq!(post(&mut browser, CONFIRM, &fields).await.status, StatusCode::BAD_REQUEST, "without {bare}");
        }
        for (name, id) in [
            ("workshop", theirs.to_string()),
            ("template", their_template.to_string()),
            ("account", their_account.to_string()),
        ] {
            let bad = with(&good, name, id);
            assert_eq!(post(&mut browser, CONFIRM, &bad).await.status, StatusCode::NOT_FOUND, "{name}");
        }
        assert_eq!(scene.broadcasts().await, 0);
        assert!(other.broadcasts(&BroadcastFilter::default(), 9).await.unwrap().is_empty());
    }

    async fn an_error_among_the_checks_stops_the_page_and_the_form(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let fine = browser.get(&format!("/?{}", scene.query())).await;
        assert!(fine.body.contains("The campaign is live") && fine.body.contains(r#"id="confirm""#));
        let good = fields(&fine, CONFIRM);
        let linkless = workshop(&scene.world, &scene.org, "No link", "").await;
        register(&scene.world, &scene.org, linkless, &["Asha Rao"]).await;
        let empty = workshop(&scene.world, &scene.org, "Nobody", "https://meet.example/x").await;
        for (change, value, found) in [
            ("workshop", linkless.to_string(), "The workshop has no join link"),
            ("workshop", empty.to_string(), "Nobody would get it"),
            ("until", "2024-01-01T10:00".to_owned(), "It would start after its last useful moment"),
            ("until", "soon".to_owned(), "A time has to be chosen again"),
            // It would go out at once although it was called scheduled.
            ("when=later&at", "2020-01-01T09:00".to_owned(), "A time has to be chosen again"),
        ] {
            let bad = match change.split_once("=later&") {
                Some((when, at)) => with(&with(&good, when, "later"), at, &value),
                None => with(&good, change, &value),
            };
            let answer = post(&mut browser, CONFIRM, &bad).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{found}");
            assert!(answer.body.contains(found), "{found}: {}", answer.body);
            let page = browser.get(&format!("/?{}&{change}={value}", scene.query())).await;
            assert!(page.body.contains(found) && !page.body.contains(r#"id="confirm""#), "{found}");
        }
        let past = browser.get(&format!("/?{}&when=later&at=2020-01-01T09:00", scene.query())).await;
        for words in ["This time has passed. Choose one that is still to come.", r#"value="2020-01-01T09:00""#] {
            assert!(past.body.contains(words), "{words}: {}", past.body);
        }
        assert_eq!(scene.broadcasts().await, 0);
    }

    async fn a_campaign_that_the_provider_does_not_know_stops_it(db: TestStore) {
        let scene = Scene::new(db).await;
        scene.sandbox.aisensy().change(|config| config.projects[0].campaigns.clear());
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}", scene.query())).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains("AiSensy refuses this campaign"), "{}", page.body);
        // The account's key is good, and the page says so: the campaign is refused.
        let home = browser.get(&format!("/?{}", scene.query())).await;
        assert!(home.body.contains("AiSensy refuses this campaign"), "{}", home.body);
        assert!(!home.body.contains(">Refused<"), "{}", home.body);
    }

    async fn a_stopped_account_sends_nothing(db: TestStore) {
        let scene = Scene::new(db).await;
        scene.org.stop_integration(scene.account, true, scene.world.clock_now()).await.unwrap();
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("{CONFIRM}?{}", scene.query())).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains("This account is stopped"));
    }

    async fn names_and_titles_are_shown_as_text(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        for person in 1..=3 {
            let page = browser.get(&format!("/?{}&person={person}", scene.query())).await;
            assert!(page.body.contains("Rust &amp; &lt;b&gt;friends&lt;/b&gt;"));
            assert!(!page.body.contains("<b>friends") && !page.body.contains("<svg/onload"), "person {person}");
        }
        let typed = browser.get(&format!("/?{}&source-1=fixed&fixed-1=%22%3E%3Cscript%3Ealert(2)", scene.query())).await;
        assert_eq!(typed.status, StatusCode::OK);
        assert!(!typed.body.contains("<script>alert"));
    }

    async fn each_person_of_the_preview_reads_their_own_message(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let mut seen = Vec::new();
        for person in 1..=3 {
            let page = browser.get(&format!("/?{}&person={person}", scene.query())).await;
            assert!(page.body.contains(&format!(">{person} of 3<")), "{}", page.body);
            let (_, bubble) = page.body.split_once("m-bubble__text").unwrap();
            seen.push(bubble.split_once("<mark>").unwrap().1.split_once("</mark>").unwrap().0.to_owned());
        }
        seen.sort();
        assert_eq!(seen, ["Asha", "R&lt;svg/onload=alert(1)&gt;", "there"]);
    }

    async fn a_value_chosen_here_is_what_is_sent(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let query = format!("{}&source-3=fixed&fixed-3=half+past+six", scene.query());
        let page = browser.get(&format!("/?{query}")).await;
        assert!(page.body.contains("<mark>half past six</mark>"), "{}", page.body);
        let answer = post(&mut browser, CONFIRM, &fields(&page, CONFIRM)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let sent = &scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        let frozen: WhatsappTemplate = serde_json::from_value(sent.template.clone()).unwrap();
        assert_eq!(frozen.parameters[2].source, Source::Fixed("half past six".into()));
    }

    async fn a_test_message_goes_to_the_typed_number_once_and_makes_no_broadcast(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("/compose/test?{}", scene.query())).await;
        let form = fields(&page, "/compose/test");
        let wrong = post(&mut browser, "/compose/test", &with(&form, "to", "12")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let answer = post(&mut browser, "/compose/test", &with(&form, "to", "90000 00077")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let told = browser.get(answer.location()).await;
        assert!(told.body.contains("AiSensy took the test message for +91 90000 00077"), "{}", told.body);
        assert_eq!(scene.broadcasts().await, 0);
        let summary = scene.sandbox.world().summary();
        assert_eq!((summary.calls, summary.messages), (1, 1), "{summary:?}");
    }

    async fn the_button_test_asks_the_provider_anew_and_sends_nothing(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let page = browser.get(&format!("/?{}", scene.query())).await;
        let form = fields(&page, "/compose/check");
        let live = post(&mut browser, "/compose/check", &form).await;
        let told = browser.get(live.location()).await;
        assert!(told.body.contains("the campaign workshop_reminder_1h is live and takes 4 values."), "{}", told.body);
        assert!(told.body.contains("The wallet holds ₹"), "{}", told.body);
        scene.sandbox.aisensy().change(|config| config.projects[0].campaigns.clear());
        let gone = post(&mut browser, "/compose/check", &form).await;
        let told = browser.get(gone.location()).await;
        assert!(told.body.contains("AiSensy refuses:"), "{}", told.body);
        assert_eq!(scene.sandbox.world().summary().calls, 0);
    }

    async fn other_channels_say_what_they_do_and_have_nothing_dead(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        for channel in Channel::ALL.iter().filter(|channel| !channel.sends()) {
            let page = browser.get(&format!("/?channel={channel}")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains("This version of Munadi does not"), "{channel}");
            assert!(!page.body.contains("disabled") && !page.body.contains(r#"id="compose""#), "{channel}");
        }
    }

    async fn no_query_is_a_fault(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut browser = scene.manager().await;
        let names = ["channel", "workshop", "template", "account", "person", "source-1", "fixed-1", "fallback-2", "when", "at", "until", "for", "until-was", "x"];
        let known = [scene.workshop.to_string(), scene.template.to_string(), scene.account.to_string(), "later".into(), "fixed".into(), "personal".into(), "9999-12-31T23:59".into(), "-9999-01-01T00:00".into()];
        let value = prop_oneof![
            prop::sample::select(known.to_vec()),
            "[ -~\u{900}-\u{97f}]{0,20}",
            "-?[0-9]{1,25}",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}",
        ];
        let pairs = prop::collection::vec((prop::sample::select(names.to_vec()), value), 0..12);
        let mut runner = TestRunner::new(Runs::default());
        for _ in 0..40 {
            let pairs = pairs.new_tree(&mut runner).unwrap().current();
            let query: Vec<String> = pairs
                .iter()
                .map(|(name, value)| {
                    let value: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
                    format!("{name}={value}")
                })
                .collect();
            let query = query.join("&");
            for path in ["/", CONFIRM, "/compose/test"] {
                let answer = browser.get(&format!("{path}?{query}")).await;
                assert!(!answer.status.is_server_error(), "{path} {pairs:?}: {}", answer.body);
            }
        }
        for query in ["%FF%FE=%00", "&&&===", "person=1&person=2", "source-1"] {
            let answer = browser.get(&format!("/?{query}")).await;
            assert!(!answer.status.is_server_error(), "{query}");
        }
    }

    async fn a_fresh_organisation_is_led_to_the_first_step(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let page = world.signed_in(&people.stranger).await.get("/").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Connect AiSensy") && !page.body.contains(r#"id="compose""#));
        let looker = world.user("Looker", false).await;
        let access = world.app.store.access();
        access.put_member(people.second, looker.id, domain::role::Role::Viewer, world.clock_now()).await.unwrap();
        let viewer = world.signed_in(&looker).await.get("/").await;
        assert!(viewer.body.contains("Ask somebody whose role allows it."));
    }
}
