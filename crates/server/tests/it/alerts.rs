//! Alerts: every matter goes out once, by every way that was chosen, against stand-ins for the mail server, the
//! webhook and the vendors.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    alert::{AlertState, Way},
    ids::WorkshopId,
    time::{HOUR, MINUTE, Millis},
};
use hmac::{Hmac, KeyInit, Mac};
use munadi::{
    alerts::{deliver, look},
    commands::demo::{outgoing, stand_in},
    outbound::Secret,
    rehearsal::alert,
};
use sandbox::{InboxHabits, Sandbox, aisensy::ApiKey};
use sha2::Sha256;
use store::{
    Actor, Org,
    alerts::{NewAlert, SentAlert},
    on_both,
    testing::TestStore,
    told::Selection,
};

use crate::{
    attention::{run_dry, without_credit},
    broadcast::planned,
    fast2sms,
    world::{API_KEY, People, World},
};

const HREF: &str = "/settings/alerts";
/// The number of the admin, as the stand-ins write it.
const PHONE: &str = "919000099999";

/// A program whose ways out lead to stand-ins, with an account of each vendor.
async fn set_up(db: &TestStore) -> (World, People, Sandbox) {
    let mut config = sandbox::Config::default();
    // The operators allow the organisation's own address, as they would.
    config.vendors.fast2sms.accounts[0].allowed_links.insert("https://notify.example/".to_owned());
    // Both accounts work, so a message that goes through neither was held back by the program.
    config.vendors.aisensy.any_campaign = true;
    config.vendors.aisensy.projects[0].keys.push(ApiKey::good(API_KEY));
    let vendor = Sandbox::start(config).await.unwrap();
    let world = World::with(db, |config| {
        config.providers = stand_in(&vendor);
        config.outgoing = outgoing(&vendor);
    })
    .await;
    let people = world.people().await;
    let mut admin = world.signed_in(&people.admin).await;
    fast2sms::added(&world, &people, &mut admin).await;
    alert(&world.app, &org(&world, &people), &vendor.hook_url()).await.unwrap();
    (world, people, vendor)
}

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

async fn sent(world: &World, people: &People, way: Way) -> SentAlert {
    let all = org(world, people).alerts_lately(50).await.unwrap();
    all.into_iter().find(|one| one.way == way).unwrap_or_else(|| panic!("nothing by {way}"))
}

/// Alerts go to the admin by e-mail alone.
async fn by_mail_alone(world: &World, people: &People) {
    let org = org(world, people);
    let mut members = org.alert_members().await.unwrap();
    for member in &mut members {
        (member.by_whatsapp, member.by_sms) = (false, false);
    }
    let settings =
        store::alerts::AlertSettings { webhook_url: String::new(), ..org.alert_settings().await.unwrap() };
    org.set_alerts(&settings, &members, world.clock_now()).await.unwrap();
}

fn form(url: &str) -> Vec<(&str, &str)> {
    vec![("from", "08:00"), ("until", "21:00"), ("webhook_url", url)]
}

/// A matter with this key, to be told at once.
fn matter(key: &str, from: Millis) -> NewAlert {
    NewAlert {
        matter: key.to_owned(),
        title: "It stands.".to_owned(),
        why: "Nobody has seen to it.".to_owned(),
        short: "It stands".to_owned(),
        n: 1,
        account: None,
        urgent: true,
        from,
    }
}

/// Lets time pass as it does while the program looks.
async fn pass(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.clock.advance(MINUTE);
        look(&world.app).await.unwrap();
    }
}

on_both! {
    async fn an_empty_wallet_is_told_once_by_every_way_and_never_through_the_account_it_is_about(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        without_credit(&world, &people).await;
        // Two processes look at the same time.
        let (one, other) = tokio::join!(look(&world.app), look(&world.app));
        assert_eq!(one.unwrap() + other.unwrap(), 1, "one of them tells it");
        let (one, other) = tokio::join!(deliver(&world.app), deliver(&world.app));
        assert_eq!(one.unwrap() + other.unwrap(), 4, "e-mail, webhook, WhatsApp, SMS");
        pass(&world, 3).await;
        deliver(&world.app).await.unwrap();

        let mails = vendor.inbox().mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0].to, ["admin@udaan.example"]);
        assert!(mails[0].subject.starts_with("Udaan Academy: Wallet is empty: "), "{}", mails[0].subject);
        assert!(mails[0].text.contains("https://notify.example/attention"), "{}", mails[0].text);

        let hooks = vendor.inbox().hooks();
        assert_eq!(hooks.len(), 1, "{hooks:?}");
        let secret = Secret::of(&world.app.keys, people.first, 1).text();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = |name| hooks[0].header(name).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", signed("webhook-id"), signed("webhook-timestamp"), hooks[0].body).as_bytes());
        assert_eq!(signed("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));

        let phone = vendor.world().of_phone(PHONE);
        assert_eq!(phone.len(), 1, "by SMS alone: {:?}", sent(&world, &people, Way::Sms).await);
        let text = serde_json::to_string(&phone).unwrap();
        assert!(text.contains("Paused: 1-hour reminder"), "{text}");
        assert!(text.contains("https://notify.example/a"), "{text}");
        assert_eq!(vendor.world().len(), 1, "nothing through the account that is empty");
        let waits = sent(&world, &people, Way::Whatsapp).await;
        assert_eq!((waits.state, waits.said.as_str()), (AlertState::Waiting, "No other account can send it"));
        for way in [Way::Mail, Way::Webhook, Way::Sms] {
            assert_eq!(sent(&world, &people, way).await.state, AlertState::Sent, "{way}");
        }
        let log = org(&world, &people).audit_log(None, 100).await.unwrap();
        assert_eq!(log.iter().filter(|entry| entry.action == "alert.sent").count(), 3);
        vendor.stop().await;
    }

    async fn an_alert_on_a_phone_is_no_telling_and_reaches_a_member_who_opted_out(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        let org = org(&world, &people);
        // The admin is registered as well, and opted out of everything.
        let workshop: WorkshopId =
            people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1.parse().unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let number = format!("+{PHONE}");
        let form = [("name", "Admin Test"), ("phone", number.as_str()), ("email", "")];
        manager.post(&format!("/workshops/{workshop}/registrants"), &form).await;
        let opted_out = [("phone", number.as_str()), ("channel", "all"), ("category", "all"), ("reason", "Asked on the phone")];
        assert_eq!(manager.post("/people/opted-out", &opted_out).await.status, StatusCode::SEE_OTHER);
        without_credit(&world, &people).await;
        let everyone = Selection::everyone(workshop, Default::default(), world.clock_now());
        let before = org.audience_reader().told(&everyone).await.unwrap();
        let broadcasts = org.broadcasts(&Default::default(), 9).await.unwrap().len();
        look(&world.app).await.unwrap();
        deliver(&world.app).await.unwrap();
        assert_eq!(vendor.world().of_phone(PHONE).len(), 1, "{:?}", sent(&world, &people, Way::Sms).await);
        assert_eq!(org.audience_reader().told(&everyone).await.unwrap(), before);
        assert_eq!(org.broadcasts(&Default::default(), 9).await.unwrap().len(), broadcasts);
        let to = manager.get(&format!("/people/number/{PHONE}")).await.location().to_owned();
        let page = manager.get(&to).await.body;
        assert!(page.contains("Not told: opted out") && !page.contains("Told: "), "{page}");
        vendor.stop().await;
    }

    async fn the_test_button_sends_one_by_each_way_at_any_hour_to_whoever_asks(db: TestStore) {
        // It is half past five in the morning in India.
        let (world, people, vendor) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        for (way, name) in [(Way::Mail, "E-mail"), (Way::Webhook, "Webhook"), (Way::Whatsapp, "WhatsApp"), (Way::Sms, "SMS")] {
            let answer = admin.post("/settings/alerts/test", &[("way", way.word())]).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, HREF));
            let one = sent(&world, &people, way).await;
            assert_eq!((one.state, one.attempt), (AlertState::Sent, 1), "{way}: {}", one.said);
            let page = admin.get(HREF).await.body;
            assert!(page.contains(&format!("{name}: sent. Look whether it came.")), "{way}: {page}");
        }
        assert_eq!((vendor.inbox().mails().len(), vendor.inbox().hooks().len()), (1, 1));
        assert_eq!(vendor.inbox().mails()[0].to, ["admin@udaan.example"]);
        assert_eq!((vendor.world().of_phone(PHONE).len(), vendor.world().len()), (2, 2));
        let nonsense = admin.post("/settings/alerts/test", &[("way", "pigeon")]).await;
        assert_eq!(nonsense.status, StatusCode::SEE_OTHER);
        assert_eq!(org(&world, &people).alerts_lately(50).await.unwrap().len(), 4, "it sends nothing");
        vendor.stop().await;
    }

    async fn a_matter_that_comes_and_goes_by_the_minute_is_told_once_and_one_of_the_afternoon_again(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        let org = org(&world, &people);
        let standing = [matter("wallet_low", world.clock_now())];
        let told = async |minutes: i64, standing: &[NewAlert]| {
            world.clock.advance(minutes * MINUTE);
            org.raise_alerts(standing, world.clock_now()).await.unwrap()
        };
        assert_eq!(told(0, &standing).await, 1);
        assert_eq!(told(6, &[]).await, 0, "nobody sees it any more: it is settled");
        assert_eq!(told(4, &standing).await, 0, "it is back, and still the same");
        assert_eq!(told(40, &standing).await, 1, "another one, long after the first was settled");
        vendor.stop().await;
    }

    async fn of_many_matters_within_an_hour_eight_ring_and_the_others_wait(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        by_mail_alone(&world, &people).await;
        let org = org(&world, &people);
        let standing: Vec<NewAlert> =
            (0..10).map(|n| matter(&format!("matter {n}"), world.clock_now())).collect();
        let mails = async |minutes: i64| {
            for _ in 0..minutes {
                org.raise_alerts(&standing, world.clock_now()).await.unwrap();
                deliver(&world.app).await.unwrap();
                world.clock.advance(MINUTE);
            }
            vendor.inbox().mails().len()
        };
        // Matters that are sent side by side may learn of each other only afterwards.
        let first = mails(30).await;
        assert!((8..10).contains(&first), "{first} within the hour");
        assert_eq!(mails(60).await, 10, "each once, and none is lost");
        vendor.stop().await;
    }

    async fn a_wallet_that_is_empty_again_right_after_resume_is_the_same_matter(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        let id = without_credit(&world, &people).await;
        assert_eq!(look(&world.app).await.unwrap(), 1);
        deliver(&world.app).await.unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        for _ in 0..3 {
            // A person presses Resume without buying credit.
            manager.post(&format!("/broadcasts/{id}/resume"), &[]).await;
            pass(&world, 1).await;
            run_dry(&world, id).await;
            // What was derived lately is kept for a second of the wall clock.
            world.app.composer.attention_changed(people.first);
            pass(&world, 1).await;
            deliver(&world.app).await.unwrap();
        }
        assert_eq!(vendor.inbox().mails().len(), 1, "told once");
        assert_eq!(vendor.inbox().hooks().len(), 1, "told once");
        // In the evening it is a new matter.
        manager.post(&format!("/broadcasts/{id}/resume"), &[]).await;
        pass(&world, 40).await;
        run_dry(&world, id).await;
        world.app.composer.attention_changed(people.first);
        assert_eq!(look(&world.app).await.unwrap(), 1);
        vendor.stop().await;
    }

    async fn what_a_killed_process_was_sending_is_unknown_and_never_sent_again(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        without_credit(&world, &people).await;
        assert_eq!(look(&world.app).await.unwrap(), 1);
        let now = world.clock_now();
        let mut claimed = 0;
        while world.app.engine.work().claim_alert(now, now.plus(MINUTE)).await.unwrap().is_some() {
            claimed += 1;
        }
        assert_eq!(claimed, 4);
        assert_eq!(deliver(&world.app).await.unwrap(), 0, "they belong to somebody");
        pass(&world, 2).await;
        assert_eq!(deliver(&world.app).await.unwrap(), 0, "nobody knows how far that one came");
        for way in Way::ALL {
            assert_eq!(sent(&world, &people, *way).await.state, AlertState::Unknown, "{way}");
        }
        assert!(vendor.inbox().mails().is_empty() && vendor.inbox().hooks().is_empty());
        assert_eq!(vendor.world().len(), 0);
        let page = world.signed_in(&people.admin).await.get(HREF).await;
        assert!(page.body.contains("The program ended while it was being sent."), "{}", page.body);
        vendor.stop().await;
    }

    async fn a_line_that_is_cut_after_the_text_leaves_a_doubt_and_no_second_e_mail(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        by_mail_alone(&world, &people).await;
        vendor.inbox().set_habits(InboxHabits { mail_drop_after_data: true, ..InboxHabits::default() });
        without_credit(&world, &people).await;
        look(&world.app).await.unwrap();
        assert_eq!(deliver(&world.app).await.unwrap(), 1);
        assert_eq!(sent(&world, &people, Way::Mail).await.state, AlertState::Unknown);
        vendor.inbox().set_habits(InboxHabits::default());
        for _ in 0..5 {
            pass(&world, 20).await;
            deliver(&world.app).await.unwrap();
        }
        assert_eq!(vendor.inbox().mails().len(), 1);
        vendor.stop().await;
    }

    async fn a_mail_server_that_is_busy_is_tried_again_to_an_end_and_a_refusal_ends_it_at_once(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        by_mail_alone(&world, &people).await;
        vendor.inbox().set_habits(InboxHabits { mail_refuse: 451, ..InboxHabits::default() });
        without_credit(&world, &people).await;
        look(&world.app).await.unwrap();
        let mut tries = 0;
        for _ in 0..130 {
            tries += deliver(&world.app).await.unwrap();
            pass(&world, 1).await;
        }
        let ended = sent(&world, &people, Way::Mail).await;
        assert_eq!((tries, ended.state, ended.attempt), (6, AlertState::Failed, 6), "{}", ended.said);
        assert_eq!(ended.said, "The mail server answered 451");

        vendor.inbox().set_habits(InboxHabits { mail_refuse: 550, ..InboxHabits::default() });
        let mut admin = world.signed_in(&people.admin).await;
        admin.post("/settings/alerts/test", &[("way", "mail")]).await;
        let refused = sent(&world, &people, Way::Mail).await;
        assert_eq!((refused.state, refused.attempt), (AlertState::Failed, 1));
        vendor.inbox().set_habits(InboxHabits::default());
        world.clock.advance(MINUTE);
        admin.post("/settings/alerts/test", &[("way", "mail")]).await;
        assert_eq!(sent(&world, &people, Way::Mail).await.state, AlertState::Sent);
        assert_eq!(vendor.inbox().mails().len(), 1);
        vendor.stop().await;
    }

    async fn what_can_wait_waits_for_the_morning_and_is_dropped_when_it_is_settled_before(db: TestStore) {
        let (world, people, vendor) = set_up(db).await;
        let id = planned(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        let workshop = &people.records.iter().find(|(name, _)| *name == "{workshop}").unwrap().1;
        assert!(!workshop.is_empty());
        manager.post(&format!("/broadcasts/{id}/pause"), &[]).await;
        assert_eq!(look(&world.app).await.unwrap(), 0, "whoever paused it knows");
        pass(&world, 14).await;
        assert!(org(&world, &people).alerts_lately(9).await.unwrap().is_empty());
        pass(&world, 2).await;
        // It is half past five in the morning in India.
        let waits = sent(&world, &people, Way::Mail).await;
        assert_eq!(waits.state, AlertState::Waiting);
        assert!(waits.next_at > world.clock_now().plus(HOUR), "until eight");
        assert_eq!(deliver(&world.app).await.unwrap(), 0);
        manager.post(&format!("/broadcasts/{id}/cancel"), &[]).await;
        world.app.engine.settle().await.unwrap();
        pass(&world, 180).await;
        deliver(&world.app).await.unwrap();
        assert_eq!(sent(&world, &people, Way::Mail).await.state, AlertState::Settled);
        assert!(vendor.inbox().mails().is_empty() && vendor.inbox().hooks().is_empty());
        vendor.stop().await;
    }

    async fn alerts_are_posted_to_no_private_address_but_those_the_host_lists(db: TestStore) {
        let vendor = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        for wrong in ["http://10.0.0.5/hook", "ftp://chat.example/x", "chat.example", "https://me:key@chat.example/"] {
            let answer = manager.post(HREF, &form(wrong)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
            assert!(answer.body.contains(wrong), "what was typed stays: {wrong}");
        }
        let hook = vendor.hook_url();
        let inside = hook.replace("http://", "https://");
        let answer = manager.post(HREF, &form(&inside)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "a name may lead anywhere; it is looked at before each call");
        for url in [inside, hook] {
            let org = org(&world, &people);
            let settings = store::alerts::AlertSettings { webhook_url: url, ..org.alert_settings().await.unwrap() };
            org.set_alerts(&settings, &[], world.clock_now()).await.unwrap();
            manager.post("/settings/alerts/test", &[("way", "webhook")]).await;
            let refused = sent(&world, &people, Way::Webhook).await;
            assert_eq!(refused.state, AlertState::Failed, "{}", refused.said);
        }
        assert!(vendor.inbox().hooks().is_empty());
        let phone = format!("sms-{}", people.manager.id);
        let mut ticked = form("");
        ticked.push((phone.as_str(), "on"));
        let answer = manager.post(HREF, &ticked).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Type the number that is to ring."), "{}", answer.body);
        vendor.stop().await;
    }
}
