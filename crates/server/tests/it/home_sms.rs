//! The SMS tab: the same composer, with what only SMS has.

use axum::http::StatusCode;
use domain::{
    channel::{Category, Channel, Tariff},
    ids::{ImportId, IntegrationId, TemplateId, WorkshopId},
    message::MessageState,
    money::Money,
    name::PersonName,
    pace::Pace,
    phone::{Country, Phone},
    sending_hours::AfterHours,
    sms::{SmsRoute, SmsTemplate, Tag, Variable},
    template::Source,
    time::{HOUR, SECOND},
};
use store::{
    broadcasts::BroadcastFilter, integrations::NewIntegration, on_both, registrants::NewRegistrant,
    testing::TestStore,
};

use crate::{
    home::{Scene, fields, post, with, workshop},
    world::{Answer, World},
};

/// A workshop with people, and an SMS account at the stand-in with a text for each person.
struct Sms {
    scene: Scene,
    workshop: WorkshopId,
    reminder: TemplateId,
}

impl Sms {
    async fn new(db: &TestStore, people: &[(&str, &str)]) -> Sms {
        let scene = Scene::new(db).await;
        let now = scene.world.clock_now();
        let id = IntegrationId::new(now);
        let secrets = providers::Secrets::default().with("api_key", sandbox::fast2sms::DEFAULT_KEY);
        let binding = munadi::accounts::seal_binding(scene.org.actor().organization, id);
        let new = NewIntegration {
            id,
            kind: "fast2sms".into(),
            name: "Texts".into(),
            settings: serde_json::json!({ "default_sender": sandbox::fast2sms::DEFAULT_SENDER }),
            sealed: scene.world.app.keys.seal(&secrets.to_json(), &binding),
            hints: serde_json::json!({}),
            callback_key: scene.world.app.keys.callback_key(id),
            pace: Pace { per_second: 100, per_day: 0 },
        };
        scene.org.add_integration(new, now).await.unwrap();
        let workshop = workshop(&scene.world, &scene.org, "Rust", "https://meet.example/rust").await;
        let rows = people.iter().map(|(phone, name)| NewRegistrant {
            name: PersonName::parse(name),
            phone: Some(Phone::parse(phone, Country::INDIA).unwrap()),
            ..NewRegistrant::default()
        });
        scene.org.add_registrants(workshop, ImportId::new(now), rows.collect(), now).await.unwrap();
        let reminder = template(&scene.world, &scene, "Today", Category::Utility, "111111").await;
        Sms { scene, workshop, reminder }
    }

    /// Changes the settings of the account.
    async fn set(&self, settings: serde_json::Value) {
        let (org, now) = (&self.scene.org, self.scene.world.clock_now());
        let all = org.integrations().await.unwrap();
        let one = all.iter().find(|one| one.kind == "fast2sms").unwrap();
        org.update_integration(one.id, &one.name, &settings, one.pace, now).await.unwrap();
    }

    fn query(&self, template: TemplateId) -> String {
        format!("channel=sms&workshop={}&template={template}", self.workshop)
    }

    async fn page(&self, template: TemplateId, more: &str) -> Answer {
        let mut browser = self.scene.manager().await;
        let page = browser.get(&format!("/?{}{more}", self.query(template))).await;
        assert_eq!(page.status, StatusCode::OK);
        page
    }
}

/// The stand-in's registered text with three places, filled by name or with fixed words.
async fn template(world: &World, scene: &Scene, name: &str, category: Category, id: &str) -> TemplateId {
    let variable = |label: &str, source| Variable {
        label: label.into(),
        tag: Tag::Var,
        source,
        fallback: String::new(),
    };
    let (text, variables) = match category {
        Category::Marketing => (
            "The next batch of {#var#} opens on {#var#}. -Example Academy",
            vec![
                variable("course", Source::Fixed("Rust".into())),
                variable("day", Source::Fixed("1 December".into())),
            ],
        ),
        Category::Utility | Category::Authentication => (
            "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy",
            vec![
                variable("first name", Source::RegistrantFirstName),
                variable("workshop", Source::WorkshopTitle),
                variable("start time", Source::WorkshopTime),
            ],
        ),
    };
    let body = SmsTemplate {
        limits: domain::sms::ValueLimits::default(),
        route: SmsRoute::Dlt,
        sender: None,
        message_id: Some(id.parse().unwrap()),
        template_id: None,
        entity_id: None,
        category,
        text: text.into(),
        variables,
        extra: Default::default(),
    };
    let body = serde_json::to_value(body).unwrap();
    scene.org.add_template(Channel::Sms, name, &body, world.clock_now()).await.unwrap()
}

on_both! {
    async fn a_reminder_at_night_waits_for_the_morning_unless_somebody_says_otherwise(db: TestStore) {
        // It is 5:30 AM, quiet until 8:00 AM, and the workshop begins at 8:30 AM.
        let sms = Sms::new(db, &[("9000100001", "Asha Rao")]).await;
        let mut browser = sms.scene.manager().await;
        let asked = format!("/compose/confirm?{}", sms.query(sms.reminder));
        let question = browser.get(&asked).await;
        assert!(question.body.contains("Outside your quiet hours"), "{}", question.body);
        let fields = fields(&question, "/compose/confirm");
        assert!(fields.contains(&("quiet".to_owned(), "wait".to_owned())), "{fields:?}");
        let done = post(&mut browser, "/compose/confirm", &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let broadcast = &sms.scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        assert!(broadcast.hours.closed_until(broadcast.starts_at).is_some(), "it waits: {broadcast:?}");
        // The message is to be sent all the same: that is said before everything else, with the way to wait.
        let anyway = browser.get(&format!("{asked}&quiet=send&who=registered")).await;
        assert!(anyway.body.contains("m-danger__title") && anyway.body.contains("Wait for the morning"), "{}", anyway.body);
    }

    async fn an_sms_is_composed_checked_confirmed_and_sent_with_the_text_of_the_preview(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha Rao"), ("9000100002", "Ravi Menon")]).await;
        let page = sms.page(sms.reminder, "").await;
        for words in ["Fast2SMS · Texts", "Wallet", "WRKSHP", "Text message", "Service", "1 SMS", "111111"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        // Two people, one SMS each, at the provider's usual ₹0.25 (providers/src/fast2sms/NOTES.md §8).
        assert!(page.body.contains("₹0.50"), "{}", page.body);
        assert!(!page.body.contains("This version of Munadi does not send SMS"));
        let mut browser = sms.scene.manager().await;
        let question = browser.get(&format!("/compose/confirm?{}&quiet=send", sms.query(sms.reminder))).await;
        assert_eq!(question.status, StatusCode::OK, "{}", question.body);
        assert!(question.body.contains("to 2 people now?") && question.body.contains("2 SMS"), "{}", question.body);
        let done = post(&mut browser, "/compose/confirm", &fields(&question, "/compose/confirm")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let (app, clock) = (&sms.scene.world.app, &sms.scene.world);
        app.engine.plan().await.unwrap();
        clock.clock.advance(11 * SECOND);
        app.engine.work().register("test", clock.clock_now(), clock.clock_now().plus(HOUR)).await.unwrap();
        engine::Sender::new(app.engine.clone(), 1).turn_until_idle().await.unwrap();
        let broadcast = &sms.scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        assert_eq!(broadcast.in_state(MessageState::Sent), 2, "{broadcast:?}");
        assert_eq!((broadcast.channel, broadcast.units), (Channel::Sms, 2));
        let told = sms.scene.sandbox.world().of_phone("919000100001");
        assert_eq!(&*told[0].text, "Hi Asha, Rust starts at 8:30 AM. -Example Academy");
        // A person who just got a message waits two minutes for the next, and the page says so. People who got this
        // one are left out.
        let page = sms.page(sms.reminder, "").await;
        for words in ["Two minutes between two SMS to one number", r#"value="not_told" checked"#] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
    }

    async fn people_whose_value_is_refused_are_named_and_left_out(db: TestStore) {
        let long = "Venkatanarasimharajuvaripetachalapathi Rao";
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", long), ("+971 50 123 4567", "Omar"), ("9000100003", "")]).await;
        let page = sms.page(sms.reminder, "").await;
        for words in [
            "1: “first name” is longer than 30 characters",
            "1: “first name” is empty",
            "1 number is outside India",
            "1 person",
            "Venkatanarasimharajuvaripetachalapathi Rao. They are left out",
        ] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        // A fallback includes people without a name, and a fixed text includes everybody.
        let page = sms.page(sms.reminder, "&fallback-1=there").await;
        assert!(!page.body.contains("“first name” is empty") && page.body.contains("2 people"), "{}", page.body);
    }

    async fn what_makes_a_text_dear_or_doubtful_is_said_before_it_is_sent(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", "आशा")]).await;
        let page = sms.page(sms.reminder, "").await;
        for words in ["Unicode for 1 person", "“आ” is outside GSM-7"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        let page = sms.page(sms.reminder, "&source-1=workshop_join_link").await;
        for words in ["“first name”: a link, where the text takes none", "not on the list of your business"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
    }

    async fn promotion_waits_for_its_hours_and_for_those_who_agreed(db: TestStore) {
        // It is half past five in the morning in India.
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", "Ravi")]).await;
        let offer = template(&sms.scene.world, &sms.scene, "Next batch", Category::Marketing, "111113").await;
        let page = sms.page(offer, "").await;
        for words in ["Promotion may not be sent at this hour", "2 have not agreed to promotion", "Promotional"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        let phone = Phone::parse("9000100001", Country::INDIA).unwrap();
        let consent = store::consents::NewConsent {
            phone_key: sms.scene.world.app.phone_key.of(phone.as_str()),
            phone,
            channel: None,
            given_at: sms.scene.world.clock_now(),
            source: "Form".into(),
            wording: "Yes".into(),
            note: String::new(),
        };
        sms.scene.org.record_consent(consent, sms.scene.world.clock_now()).await.unwrap();
        let zone = domain::time::Zone::india();
        let noon = zone.local_form(sms.scene.world.clock_now().plus(7 * HOUR));
        let more = format!("&when=later&at={noon}&after=wait&until={}", zone.local_form(sms.scene.world.clock_now().plus(9 * HOUR)));
        let page = sms.page(offer, &more).await;
        assert!(!page.body.contains("Promotion may not be sent at this hour"), "{}", page.body);
        assert!(page.body.contains("1 has not agreed to promotion"), "{}", page.body);
        let mut browser = sms.scene.manager().await;
        let path = format!("/compose/confirm?{}{more}", sms.query(offer));
        let question = browser.get(&path).await;
        assert!(question.body.contains("what is left then waits"), "{}", question.body);
        let done = post(&mut browser, "/compose/confirm", &fields(&question, "/compose/confirm")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let broadcast = &sms.scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        assert!(broadcast.hours.are_limited() && broadcast.hours.then() == AfterHours::Wait);
    }

    async fn an_account_sends_within_its_own_hours_and_the_broadcast_freezes_them(db: TestStore) {
        // It is half past five in the morning in India.
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", "Ravi")]).await;
        let zone = domain::time::Zone::india();
        let now = sms.scene.world.clock_now();
        let settings = |from, until| serde_json::json!({
            "default_sender": sandbox::fast2sms::DEFAULT_SENDER,
            "hours": { "from_minute": from, "until_minute": until },
        });
        sms.set(settings(540, 1080)).await;
        let page = sms.page(sms.reminder, "").await;
        for words in ["This account may not send at this hour", "Texts may send from 9:00 AM to 6:00 PM only", "This account sends from 9:00 AM to 6:00 PM only"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        let mut browser = sms.scene.manager().await;
        let blocked = browser.get(&format!("/compose/confirm?{}", sms.query(sms.reminder))).await;
        assert_eq!(blocked.status, StatusCode::UNPROCESSABLE_ENTITY);
        // A person who lets it wait is told when it begins, and that the last useful moment has to be later.
        let page = sms.page(sms.reminder, "&after=wait").await;
        for words in ["It waits for the account’s hours", "It begins at 9:00", "It would start after its last useful moment"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        let late = zone.local_form(now.plus(8 * HOUR));
        let path = format!("/compose/confirm?{}&after=wait&until={late}", sms.query(sms.reminder));
        let question = browser.get(&path).await;
        assert_eq!(question.status, StatusCode::OK, "{}", question.body);
        assert!(question.body.contains("9:00 AM to 6:00 PM, the account’s") && question.body.contains("what is left then waits"), "{}", question.body);
        let done = post(&mut browser, "/compose/confirm", &fields(&question, "/compose/confirm")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        // A confirmed broadcast keeps its hours, whatever happens to the account.
        sms.set(settings(0, 1439)).await;
        let broadcast = &sms.scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        let (app, clock) = (&sms.scene.world.app, &sms.scene.world);
        app.engine.plan().await.unwrap();
        clock.clock.advance(HOUR);
        let mut sender = engine::Sender::new(app.engine.clone(), 1);
        app.engine.work().register("test", clock.clock_now(), clock.clock_now().plus(9 * HOUR)).await.unwrap();
        sender.turn_until_idle().await.unwrap();
        assert_eq!(sms.scene.sandbox.world().len(), 0, "not before nine");
        let nine = broadcast.hours.closed_until(now).unwrap();
        assert_eq!(zone.plain_time(nine), "9:00 AM");
        clock.clock.advance(nine.since(clock.clock_now()));
        sender.turn_until_idle().await.unwrap();
        assert_eq!(sms.scene.sandbox.world().len(), 2);
    }

    async fn values_are_as_long_as_the_account_says_also_when_they_are_planned(db: TestStore) {
        // The names have 42 and 33 letters.
        let (longer, long) = ("Venkatanarasimharajuvaripetachalapathiraju", "Venkatanarasimharajuvaripetachala");
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", longer), ("9000100003", long)]).await;
        let page = sms.page(sms.reminder, "").await;
        assert!(page.body.contains("2: “first name” is longer than 30 characters"), "{}", page.body);
        sms.set(serde_json::json!({
            "default_sender": sandbox::fast2sms::DEFAULT_SENDER,
            "limits": { "text": 35 },
        })).await;
        let page = sms.page(sms.reminder, "").await;
        assert!(page.body.contains("1: “first name” is longer than 35 characters") && page.body.contains("2 people"), "{}", page.body);
        let mut browser = sms.scene.manager().await;
        let question = browser.get(&format!("/compose/confirm?{}", sms.query(sms.reminder))).await;
        let done = post(&mut browser, "/compose/confirm", &fields(&question, "/compose/confirm")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        sms.scene.world.app.engine.plan().await.unwrap();
        let broadcast = &sms.scene.org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        assert_eq!((broadcast.in_state(MessageState::Waiting), broadcast.in_state(MessageState::Skipped)), (2, 1), "{broadcast:?}");
    }

    async fn the_quick_route_costs_its_own_price_also_where_service_texts_have_one(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", "Ravi")]).await;
        let (org, now) = (&sms.scene.org, sms.scene.world.clock_now());
        org.set_price(Channel::Sms, Tariff::Utility, now, Money(2_000), now).await.unwrap();
        let body = serde_json::json!({ "route": "quick", "category": "utility", "text": "We start at seven.", "variables": [] });
        let quick = org.add_template(Channel::Sms, "Quick", &body, now).await.unwrap();
        // Two people at ₹5 (providers/src/fast2sms/NOTES.md §8).
        assert!(sms.page(quick, "").await.body.contains("₹10.00"));
        assert!(sms.page(sms.reminder, "").await.body.contains("₹0.40"));
        org.set_price(Channel::Sms, Tariff::Quick, now, Money(47_500), now).await.unwrap();
        assert!(sms.page(quick, "").await.body.contains("₹9.50"));
        let mut browser = sms.scene.manager().await;
        let question = browser.get(&format!("/compose/confirm?{}", sms.query(quick))).await;
        let done = post(&mut browser, "/compose/confirm", &fields(&question, "/compose/confirm")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let broadcast = &org.broadcasts(&BroadcastFilter::default(), 1).await.unwrap()[0];
        assert_eq!(broadcast.unit_price, Money(47_500));
    }

    async fn what_is_reckoned_up_from_some_of_the_people_says_so_and_the_question_is_exact(db: TestStore) {
        // The plan is ordered by number. The last hundred people have names with which the text is charged as two
        // SMS.
        let people: Vec<(String, &str)> = (0..4_100)
            .map(|n| (format!("90001{n:05}"), if n < 4_000 { "Asha" } else { "Venkatanarasimharajuvari" }))
            .collect();
        let people: Vec<(&str, &str)> = people.iter().map(|(phone, name)| (phone.as_str(), *name)).collect();
        let sms = Sms::new(db, &people).await;
        sms.scene.sandbox.fast2sms().set_wallet(sandbox::fast2sms::DEFAULT_ACCOUNT, Money::rupees(100_000).0);
        let (org, now) = (&sms.scene.org, sms.scene.world.clock_now());
        // The text has 145 characters besides the name.
        let text = format!("{}{{#var#}}", "Bring pen, paper and questions. ".repeat(5).split_at(145).0);
        let body = serde_json::json!({
            "route": "quick", "category": "utility", "text": text,
            "variables": [{ "label": "name", "tag": "var", "source": Source::RegistrantFirstName }],
        });
        let quick = org.add_template(Channel::Sms, "Quick", &body, now).await.unwrap();
        // An SMS costs ₹5 (providers/src/fast2sms/NOTES.md §8). The first 4,000 people get one each; all of them
        // together get 4,200.
        let page = sms.page(quick, "").await;
        for words in ["Cost, about", "About 4,100 people", "from the first 4,000 people; exact when you review", "Each message is one SMS among the first 4,000"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        assert!(!page.body.contains(r#"name="once""#), "no question with numbers that are not exact");
        let mut browser = sms.scene.manager().await;
        let question = browser.get(&format!("/compose/confirm?{}", sms.query(quick))).await;
        assert_eq!(question.status, StatusCode::OK, "{}", question.body);
        for words in ["4,200 SMS", "₹21,000.00", "to 4,100 people from 8:00"] {
            assert!(question.body.contains(words), "no “{words}” in {}", question.body);
        }
        assert!(!question.body.contains("about"), "{}", question.body);
    }

    async fn a_template_about_the_workshop_is_offered_before_a_promotion(db: TestStore) {
        // It is half past five in the morning in India. Templates stand in order of their names.
        let sms = Sms::new(db, &[("9000100001", "Asha"), ("9000100002", "")]).await;
        let offer = template(&sms.scene.world, &sms.scene, "A next batch", Category::Marketing, "111113").await;
        let address = format!("/?channel=sms&workshop={}", sms.workshop);
        let chosen = |id: TemplateId| format!(r#"<option value="{id}" selected"#);
        let mut browser = sms.scene.manager().await;
        let page = browser.get(&address).await;
        assert!(page.body.contains(&chosen(sms.reminder)), "{}", page.body);
        // By noon the promotion may go to people who agreed. A person who wants that chooses it.
        sms.scene.world.clock.advance(13 * HOUR / 2);
        let page = browser.get(&address).await;
        assert!(page.body.contains(&chosen(sms.reminder)), "{}", page.body);
        let page = sms.page(offer, "").await;
        assert!(page.body.contains(&chosen(offer)), "{}", page.body);
        assert!(page.body.contains("Nobody here who could get it has agreed to promotion."), "{}", page.body);
        // The template holds no name, so a missing name does not matter.
        assert!(!page.body.contains("name is missing"), "{}", page.body);
    }

    async fn hours_of_an_account_that_leave_promotion_no_moment_block_it(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha")]).await;
        sms.set(serde_json::json!({
            "default_sender": sandbox::fast2sms::DEFAULT_SENDER,
            "hours": { "from_minute": 22 * 60, "until_minute": 8 * 60 },
        })).await;
        let offer = template(&sms.scene.world, &sms.scene, "Next batch", Category::Marketing, "111113").await;
        let page = sms.page(offer, "").await;
        for words in ["The hours leave no moment to send", "Texts sends from 10:00 PM to 8:00 AM only", "and this account sends from 10:00 PM to 8:00 AM"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
        // A reminder goes out now, at half past five.
        assert!(sms.page(sms.reminder, "").await.body.contains("the account’s 10:00 PM to 8:00 AM among them"));
    }

    async fn a_test_message_keeps_to_the_hours_of_law_and_account(db: TestStore) {
        // It is half past five in the morning in India.
        let sms = Sms::new(db, &[("9000100001", "Asha")]).await;
        let offer = template(&sms.scene.world, &sms.scene, "Next batch", Category::Marketing, "111113").await;
        let mut browser = sms.scene.manager().await;
        let calls = || sms.scene.sandbox.world().summary().calls;
        for (template, own, words) in [
            (offer, (0, 1439), "it may go at 10:00\u{a0}AM. Promotion goes out from 10:00 AM to 9:00 PM only"),
            (offer, (22 * 60, 8 * 60), "and these leave no moment. Promotion goes out from 10:00 AM to 9:00 PM only"),
            (sms.reminder, (540, 1080), "it may go at 9:00\u{a0}AM. This account sends from 9:00 AM to 6:00 PM only."),
        ] {
            sms.set(serde_json::json!({
                "default_sender": sandbox::fast2sms::DEFAULT_SENDER,
                "hours": { "from_minute": own.0, "until_minute": own.1 },
            })).await;
            let page = browser.get(&format!("/compose/test?{}", sms.query(template))).await;
            let form = with(&fields(&page, "/compose/test"), "to", "90000 00077");
            let early = post(&mut browser, "/compose/test", &form).await;
            assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", early.body);
            assert!(early.body.contains(words), "no “{words}” in {}", early.body);
        }
        assert_eq!(calls(), 0);
        sms.scene.world.clock.advance(6 * HOUR);
        let mut browser = sms.scene.manager().await;
        let page = browser.get(&format!("/compose/test?{}", sms.query(sms.reminder))).await;
        let form = with(&fields(&page, "/compose/test"), "to", "90000 00077");
        let answer = post(&mut browser, "/compose/test", &form).await;
        assert_eq!((answer.status, calls()), (StatusCode::SEE_OTHER, 1), "{}", answer.body);
    }

    async fn a_template_without_its_ids_cannot_be_sent(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha")]).await;
        let body = serde_json::json!({ "route": "dlt_manual", "category": "utility", "text": "Hi {#var#}", "variables": [] });
        let bare = sms.scene.org.add_template(Channel::Sms, "Bare", &body, sms.scene.world.clock_now()).await.unwrap();
        let page = sms.page(bare, "").await;
        for words in ["The 19-digit DLT content-template id is missing", "The 19-digit entity id is missing", "1 places for values, and 0 are mapped"] {
            assert!(page.body.contains(words), "no “{words}” in {}", page.body);
        }
    }

    async fn an_empty_wallet_stops_the_broadcast_before_it_begins(db: TestStore) {
        let sms = Sms::new(db, &[("9000100001", "Asha")]).await;
        sms.scene.sandbox.fast2sms().set_wallet(sandbox::fast2sms::DEFAULT_ACCOUNT, 100);
        let page = sms.page(sms.reminder, "").await;
        assert!(page.body.contains("The wallet is too low"), "{}", page.body);
    }
}
