//! Accounts, templates, prices and the audit log: secrets stay inside, mistakes are named, and roles and
//! organisations are kept apart.

use std::{
    io,
    sync::{
        Mutex, Once,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::http::StatusCode;
use domain::{
    broadcast::Audience,
    channel::{Category, Channel, Tariff},
    ids::IntegrationId,
    message::Next,
    money::Money,
    sending_hours::SendingHours,
    template::Source,
    time::{DAY, HOUR, Zone},
    whatsapp::WhatsappTemplate,
};
use engine::Accounts;
use munadi::{accounts::seal_binding, pages::settings::integrations::Health};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use providers::AccountStanding;
use sandbox::{
    Sandbox,
    aisensy::{DEFAULT_PASSWORD, DEFAULT_PROJECT, key_of},
};
use store::{
    Actor, Org,
    broadcasts::NewBroadcast,
    integrations::Integration,
    on_both,
    registrants::RegistrantFilter,
    testing::TestStore,
    work::{Claimed, Endings, Record, Want},
    workshops::WorkshopDraft,
};

use crate::world::{API_KEY, Browser, FIRST, People, WEBHOOK_SECRET, World};

const LIST: &str = "/settings/integrations";
const SECRET: &str = "NEW-KEY-THAT-NOBODY-SEES-41d0";
const PASSWORD: &str = "PROJECT-PASSWORD-THAT-NOBODY-SEES-77aa";

async fn set_up(db: &TestStore) -> (World, People) {
    let world = World::new(db).await;
    let people = world.people().await;
    (world, people)
}

/// A program whose provider is the stand-in.
async fn with_vendor(db: &TestStore) -> (World, People, Sandbox) {
    let vendor = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let world = World::with(db, |config| {
        config.providers = munadi::commands::demo::stand_in(&vendor);
    })
    .await;
    let people = world.people().await;
    (world, people, vendor)
}

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

async fn account(world: &World, people: &People, name: &str) -> Integration {
    let all = org(world, people).integrations().await.unwrap();
    all.into_iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no account {name}"))
}

/// Adds an account of the stand-in, with project credentials.
async fn vendor_account(world: &World, people: &People) -> IntegrationId {
    let mut admin = world.signed_in(&people.admin).await;
    let key = key_of(DEFAULT_PROJECT);
    let fields = [
        ("name", "Stand-in"),
        ("api_key", &key),
        ("project_password", DEFAULT_PASSWORD),
        ("per_second", "10"),
    ];
    let answer = admin.post("/settings/integrations/new/aisensy", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    account(world, people, "Stand-in").await.id
}

const GOOD: &[(&str, &str)] = &[
    ("name", "Second number"),
    ("api_key", SECRET),
    ("project_id", "000000000000000000000ccc"),
    ("project_password", PASSWORD),
    ("webhook_secret", WEBHOOK_SECRET),
    ("source", "munadi"),
    ("per_second", "20"),
    ("per_day", "2,000"),
];

/// The fields with one changed.
fn but<'a>(fields: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut changed: Vec<_> = fields.iter().copied().filter(|(other, _)| *other != name).collect();
    changed.push((name, value));
    changed
}

const TEMPLATE: &[(&str, &str)] = &[
    ("do", "save"),
    ("name", "One hour before"),
    ("campaign", "workshop_reminder_1h"),
    ("category", "utility"),
    ("language", "en"),
    ("body", "Hi {{1}}, {{2}} starts at {{3}}."),
    ("label_1", "first name"),
    ("source_1", "registrant_first_name"),
    ("fallback_1", "there"),
    ("source_2", "workshop_title"),
    ("source_3", "fixed"),
    ("fixed_3", "seven"),
    ("button_label_1", "Join"),
    ("button_source_1", "workshop_join_link"),
];

/// Looks at every line that any test of this program logs: which lines hold a secret, and whether there are lines at
/// all.
///
/// There is one subscriber for all threads: the subscriber of one thread misses what another thread was first to log.
struct Watch;

static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HEARD: AtomicBool = AtomicBool::new(false);

impl io::Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if [SECRET, PASSWORD, WEBHOOK_SECRET, API_KEY].iter().any(|secret| line.contains(secret)) {
            LEAKS.lock().unwrap().push(line.clone().into_owned());
        }
        if line.contains("POST /settings") {
            HEARD.store(true, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn watch_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Watch);
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    });
}

/// Every page of the settings that this browser may open.
async fn every_page(browser: &mut Browser<'_>, id: IntegrationId) -> String {
    let mut all = String::new();
    let own = format!("{LIST}/{id}");
    let below = ["", "/edit", "/keys", "/remove"].map(|end| format!("{own}{end}"));
    let others = [LIST, "/settings/templates", "/settings/prices", "/settings/audit"].map(str::to_owned);
    for path in below.into_iter().chain(others) {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        all.push_str(&answer.body);
    }
    all
}

on_both! {
    async fn a_secret_goes_in_and_never_comes_out(db: TestStore) {
        let (world, people) = set_up(db).await;
        watch_the_log();
        let mut admin = world.signed_in(&people.admin).await;
        let refused = admin.post("/settings/integrations/new/aisensy", &but(GOOD, "name", "")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let added = admin.post("/settings/integrations/new/aisensy", GOOD).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
        let stored = account(&world, &people, "Second number").await;
        let tested = admin.post(&format!("{LIST}/{}/test", stored.id), &[("campaign", "any")]).await;
        let mut seen = every_page(&mut admin, stored.id).await;
        seen.push_str(&refused.body);
        seen.push_str(&tested.body);
        assert!(HEARD.load(Ordering::Relaxed), "needs a log");
        let leaks = LEAKS.lock().unwrap().clone();
        assert!(leaks.is_empty(), "{leaks:?}");
        for secret in [SECRET, PASSWORD, WEBHOOK_SECRET] {
            for (place, text) in [("a page", &seen), ("a hint", &stored.hints.to_string()), ("the row", &stored.sealed), ("the settings", &stored.settings.to_string())] {
                assert!(!text.contains(secret), "{secret} is in {place}");
            }
        }
        assert!(seen.contains("•••• 41d0") && seen.contains("by Admin"), "the hint, and who set it");
    }

    async fn a_sealed_text_opens_for_its_own_account_only(db: TestStore) {
        let (world, people) = set_up(db).await;
        let other = world.integration(people.first, "Other", Some(WEBHOOK_SECRET)).await;
        let org = org(&world, &people);
        let (first, second) = (org.integration(people.integration).await.unwrap(), org.integration(other).await.unwrap());
        assert!(world.app.accounts.open_integration(&first).is_ok());
        // Somebody who can write to the database moves a row's secrets to an account of their own.
        org.replace_secrets(other, &first.sealed, &second.hints, world.clock_now()).await.unwrap();
        let moved = org.integration(other).await.unwrap();
        assert!(world.app.accounts.open_integration(&moved).is_err());
        assert!(world.app.accounts.open(&world.app.engine.work().account(other).await.unwrap()).is_err());
        // The page says that the secrets do not open, and offers the way out.
        let mut admin = world.signed_in(&people.admin).await;
        let answer = admin.post(&format!("{LIST}/{other}/test"), &[("campaign", "any")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Enter it again"), "{}", answer.body);
    }

    async fn several_accounts_stand_side_by_side(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        admin.post("/settings/integrations/new/aisensy", GOOD).await;
        let page = admin.get(LIST).await.body;
        assert!(page.contains("Udaan main") && page.contains("Second number"));
        let added = account(&world, &people, "Second number").await;
        assert_eq!((added.pace.per_second, added.pace.per_day), (20, 2_000));
        let path = format!("{LIST}/{}/edit", added.id);
        let fields = [("name", "Renamed"), ("per_second", "80"), ("project_id", "000000000000000000000ccc")];
        // Its key names no project, so the project password would be of no use without the id.
        let refused = admin.post(&path, &but(&fields, "project_id", "")).await;
        assert!(refused.body.contains(r#"id="project_id-error""#), "{}", refused.body);
        let saved = admin.post(&path, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let changed = account(&world, &people, "Renamed").await;
        assert_eq!((changed.pace.per_second, changed.pace.per_day), (80, 0));
        assert_eq!(changed.sealed, added.sealed, "editing leaves the keys alone");
    }

    async fn each_wrong_field_of_an_account_is_named_and_what_was_typed_is_kept(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        let cases = [
            ("name", ""), ("project_id", "ccc"), ("per_second", "0"), ("per_second", "81"), ("per_second", "ten"),
            ("per_day", "-1"), ("api_key", ""), ("api_key", "two words"),
        ];
        for (name, value) in cases {
            let answer = admin.post("/settings/integrations/new/aisensy", &but(GOOD, name, value)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
            assert!(answer.body.contains(&format!(r#"id="{name}-error""#)), "{name}={value} is not named");
            let (kept, text) = if name == "name" { ("source", "munadi") } else { ("name", "Second number") };
            assert!(answer.body.contains(&format!(r#"name="{kept}" id="{kept}" value="{text}""#)), "{kept} is lost");
        }
        let none = admin.post("/settings/integrations/new/aisensy", &[]).await;
        for name in ["name", "per_second", "api_key"] {
            assert!(none.body.contains(&format!(r#"id="{name}-error""#)), "{name}: all at once");
        }
        assert_eq!(org(&world, &people).integrations().await.unwrap().len(), 1);
    }

    async fn replacing_one_key_keeps_the_others(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("{LIST}/{}/keys", people.integration);
        let answer = admin.post(&path, &[("api_key", SECRET)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let stored = account(&world, &people, "Udaan main").await;
        let binding = seal_binding(people.first, people.integration);
        let plain = world.app.keys.open_sealed(&stored.sealed, &binding).unwrap();
        assert!(plain.contains(SECRET) && plain.contains(WEBHOOK_SECRET) && !plain.contains(API_KEY));
        admin.post(&path, &[("drop_webhook_secret", "on")]).await;
        let stored = account(&world, &people, "Udaan main").await;
        assert!(stored.hints["webhook_secret"].is_null());
        assert!(!world.app.keys.open_sealed(&stored.sealed, &binding).unwrap().contains(WEBHOOK_SECRET));
    }

    async fn only_an_admin_changes_accounts(db: TestStore) {
        let (world, people) = set_up(db).await;
        let own = format!("{LIST}/{}", people.integration);
        let before = account(&world, &people, "Udaan main").await;
        for user in [&people.viewer, &people.agent, &people.manager] {
            let mut browser = world.signed_in(user).await;
            for path in ["/settings/integrations/new/aisensy".to_owned(), format!("{own}/edit"), format!("{own}/keys"), format!("{own}/remove")] {
                assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN, "{path} as {}", user.name);
                assert_eq!(browser.post(&path, GOOD).await.status, StatusCode::FORBIDDEN, "{path} as {}", user.name);
            }
            // Such members see that the account exists, and neither hints nor the address of its webhook.
            let page = browser.get(&own).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(!page.body.contains("9f2c") && !page.body.contains(&before.callback_key), "as {}", user.name);
        }
        let after = account(&world, &people, "Udaan main").await;
        assert_eq!((after.sealed, after.pace, after.callback_key), (before.sealed, before.pace, before.callback_key));
    }

    async fn another_organisation_sees_and_touches_nothing(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut stranger = world.signed_in(&people.stranger).await;
        let (own, template) = (format!("{LIST}/{}", people.integration), format!("/settings/templates/{}", people.template));
        for path in [own.clone(), format!("{own}/edit"), format!("{own}/keys"), format!("{own}/remove"), template.clone(), format!("{template}/remove"), format!("/settings/templates/new?from={}", people.template)] {
            let answer = stranger.get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!answer.body.contains(FIRST));
        }
        for path in [format!("{own}/edit"), format!("{own}/keys"), format!("{own}/test"), format!("{own}/stop"), format!("{own}/release"), format!("{own}/remove"), template.clone(), format!("{template}/remove")] {
            assert_eq!(stranger.post(&path, GOOD).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert!(!stranger.get(LIST).await.body.contains("Udaan main"));
        assert!(account(&world, &people, "Udaan main").await.stopped_at.is_none());
    }

    async fn a_manager_stops_and_releases_an_account_at_once(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let own = format!("{LIST}/{}", people.integration);
        manager.post(&format!("{own}/stop"), &[]).await;
        let stopped = account(&world, &people, "Udaan main").await;
        assert_eq!(stopped.stopped_by.as_deref(), Some("Manager"));
        assert!(manager.get(&own).await.body.contains("Nothing goes out"));
        manager.post(&format!("{own}/release"), &[]).await;
        assert!(account(&world, &people, "Udaan main").await.stopped_at.is_none());
    }

    async fn removing_takes_the_keys_away(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("{LIST}/{}/remove", people.integration);
        assert!(admin.get(&path).await.body.contains("Remove Udaan main?"));
        assert_eq!(admin.post(&path, &[]).await.location(), LIST);
        assert!(org(&world, &people).integrations().await.unwrap().is_empty());
        assert!(world.app.engine.work().account(people.integration).await.is_err());
        assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND);
    }

    async fn an_account_that_a_broadcast_needs_is_not_removed(db: TestStore) {
        let (world, people) = set_up(db).await;
        let (org, now) = (org(&world, &people), world.clock_now());
        let draft = WorkshopDraft {
            title: "Rust for Beginners".into(),
            starts_at: now.plus(DAY),
            ends_at: now.plus(DAY + HOUR),
            join_link: String::new(),
            tag: None,
        };
        let new = NewBroadcast {
            integration: people.integration,
            workshop: org.add_workshop(&draft, now).await.unwrap(),
            channel: Channel::WhatsappPersonal,
            title: "Reminder".into(),
            template_id: None,
            template: org.template(people.template).await.unwrap().body,
            category: Category::Utility,
            audience: Audience::Registered,
            telling: store::broadcasts::Telling::default(),
            starts_at: now.plus(HOUR),
            deadline: now.plus(DAY),
            hours: SendingHours::any(),
            unit_price: Money(1_450),
        };
        org.confirm_broadcast(new, now).await.unwrap();
        let mut admin = world.signed_in(&people.admin).await;
        let answer = admin.post(&format!("{LIST}/{}/remove", people.integration), &[]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("It is still needed."), "{}", answer.body);
        assert!(world.app.accounts.open_integration(&account(&world, &people, "Udaan main").await).is_ok());
    }

    async fn a_test_keeps_what_the_provider_proved(db: TestStore) {
        let (world, people, _vendor) = with_vendor(db).await;
        let id = vendor_account(&world, &people).await;
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("{LIST}/{id}/test");
        admin.post(&path, &[("campaign", "workshop_today")]).await;
        let health = Health::of(&account(&world, &people, "Stand-in").await);
        assert_eq!((health.status.standing, health.status.said.as_str()), (AccountStanding::Ready, "Live, 3 values, no media"));
        let status = health.status;
        // 10,000 rupees in the stand-in's wallet (providers/src/aisensy/NOTES.md §3, `credit`).
        assert_eq!((status.balance, status.people_a_day), (Some(Money::rupees(10_000)), Some(100_000)));
        let page = admin.get(&format!("{LIST}/{id}")).await.body;
        for shown in ["Live, 3 values", "₹10,000.00", "TIER_100K", "1,00,000 people", "+91 90000 00000", "Ready"] {
            assert!(page.contains(shown), "{shown} is not shown");
        }
        admin.post(&path, &[("campaign", "no_such_campaign")]).await;
        let health = Health::of(&account(&world, &people, "Stand-in").await);
        // The key is not at fault: the campaign's error stands at the test.
        assert_eq!(health.status.standing, AccountStanding::NotProven);
        assert!(admin.get(&format!("{LIST}/{id}")).await.body.contains("Campaign does not exist"));
    }

    async fn r24_an_account_is_ready_only_after_a_proof_and_no_longer_than_it_holds(db: TestStore) {
        let (world, people, _vendor) = with_vendor(db).await;
        let id = vendor_account(&world, &people).await;
        let mut admin = world.signed_in(&people.admin).await;
        let page = format!("{LIST}/{id}");
        assert!(admin.get(&page).await.body.contains("Not tested"), "stored is not connected");
        assert!(!admin.get(&page).await.body.contains(">Ready<"));
        admin.post(&format!("{page}/test"), &[("campaign", "workshop_today")]).await;
        assert!(admin.get(&page).await.body.contains(">Ready<"), "{}", admin.get(&page).await.body);
        // Another key was never proven.
        let foreign = key_of("0000000000000000000000ff");
        let replaced = admin.post(&format!("{page}/keys"), &[("api_key", &foreign)]).await;
        assert_eq!(replaced.status, StatusCode::SEE_OTHER, "{}", replaced.body);
        assert!(!admin.get(&page).await.body.contains(">Ready<"));
        assert_eq!(Health::of(&account(&world, &people, "Stand-in").await), Health::default());
        admin.post(&format!("{page}/test"), &[("campaign", "workshop_today")]).await;
        assert!(!admin.get(&page).await.body.contains(">Ready<"), "and these are wrong");
    }

    async fn a_provider_that_cannot_be_reached_is_said_so(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let answer = manager.post(&format!("{LIST}/{}/test", people.integration), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let health = Health::of(&account(&world, &people, "Udaan main").await);
        assert_eq!(health.status.standing, AccountStanding::Silent);
        assert_eq!(health.status.about, "workshop_reminder_1h", "asked about the first template's campaign");
        assert!(manager.get(LIST).await.body.contains("No answer"));
    }

    async fn a_template_is_saved_as_it_was_typed(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let saved = manager.post("/settings/templates/new", TEMPLATE).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let templates = org(&world, &people).templates(Channel::WhatsappPersonal).await.unwrap();
        let stored = templates.iter().find(|one| one.name == "One hour before").unwrap();
        let body: WhatsappTemplate = serde_json::from_value(stored.body.clone()).unwrap();
        assert_eq!(body.parameters.len(), 3);
        assert_eq!(body.parameters[2].source, Source::Fixed("seven".into()));
        assert_eq!(body.buttons[0].value, Some(Source::WorkshopJoinLink));
        let page = manager.get(saved.location()).await.body;
        assert!(page.contains("<mark>Ananya</mark>"), "the preview marks what is filled in");
        // A second template with the same name is refused with the reason, and what was typed stays.
        let again = manager.post("/settings/templates/new", TEMPLATE).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains(r#"id="name-error""#) && again.body.contains("value=\"workshop_reminder_1h\""));
        let copy = manager.get(&format!("/settings/templates/new?from={}", stored.id)).await.body;
        assert!(copy.contains("One hour before copy") && copy.contains("starts at {{3}}"));
        manager.post(&format!("/settings/templates/{}/remove", stored.id), &[]).await;
        assert_eq!(manager.get(saved.location()).await.status, StatusCode::NOT_FOUND);
    }

    async fn rows_follow_the_text_and_nothing_is_saved_by_looking(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let fields = but(&but(TEMPLATE, "do", "update"), "body", "Hi {{1}} {{2}} {{3}} {{4}}");
        let page = manager.post("/settings/templates/new", &fields).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(r#"name="source_4""#) && !page.body.contains(r#"name="source_5""#));
        assert!(page.body.contains(r#"value="first name""#), "what was typed stays");
        assert_eq!(org(&world, &people).templates(Channel::WhatsappPersonal).await.unwrap().len(), 1);
        let saved = manager.post("/settings/templates/new", &but(&fields, "do", "save")).await;
        assert_eq!(saved.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(saved.body.contains(r#"id="source_4-error""#));
    }

    async fn the_preview_is_what_a_real_registrant_will_read(db: TestStore) {
        let (world, people) = set_up(db).await;
        let (org, now) = (org(&world, &people), world.clock_now());
        let draft = WorkshopDraft {
            title: "Excel at work".into(),
            // The workshop begins before the fixture's, because the next workshop with people is taken.
            starts_at: now.plus(HOUR),
            ends_at: now.plus(2 * HOUR),
            join_link: String::new(),
            tag: None,
        };
        let workshop = org.add_workshop(&draft, now).await.unwrap();
        let mut manager = world.signed_in(&people.manager).await;
        let added = manager
            .post(&format!("/workshops/{workshop}/registrants"), &[("name", "Ravi Test"), ("phone", "90000 00001")])
            .await;
        assert!(added.status.is_redirection(), "{}", added.body);
        let filter = RegistrantFilter { limit: 1, ..RegistrantFilter::default() };
        let ravi = org.registrants(workshop, &filter).await.unwrap()[0].id.to_string();
        let fields = but(&but(TEMPLATE, "do", "update"), "preview_as", &ravi);
        let page = manager.post("/settings/templates/new", &fields).await.body;
        assert!(page.contains("<mark>Ravi</mark>") && page.contains("<mark>Excel at work</mark>"), "{page}");
        assert!(page.contains("Ravi Test · +91 90000 00001"));
    }

    async fn whoever_only_reads_sees_a_template_and_no_button(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut viewer = world.signed_in(&people.viewer).await;
        let page = viewer.get(&format!("/settings/templates/{}", people.template)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("workshop_reminder_1h") && page.body.contains("<mark>Ananya</mark>"));
        for button in ["Save template", "Check with AiSensy", "Remove", "Duplicate", "Preview for"] {
            assert!(!page.body.contains(button), "{button}");
        }
    }

    async fn a_check_compares_the_template_with_the_campaign(db: TestStore) {
        let (world, people, _vendor) = with_vendor(db).await;
        vendor_account(&world, &people).await;
        let id = account(&world, &people, "Stand-in").await.id.to_string();
        let mut manager = world.signed_in(&people.manager).await;
        let check = but(&but(TEMPLATE, "do", "check"), "account", &id);
        // workshop_reminder_1h wants four values in the stand-in, workshop_today three.
        let page = manager.post("/settings/templates/new", &check).await;
        assert!(page.body.contains("AiSensy wants 4, this template has 3"), "{}", page.body);
        let page = manager.post("/settings/templates/new", &but(&check, "campaign", "workshop_today")).await;
        assert!(page.body.contains("The campaign is live."));
        let page = manager.post("/settings/templates/new", &but(&check, "campaign", "nowhere")).await;
        assert!(page.body.contains("Campaign does not exist"));
    }

    async fn templates_come_over_from_the_project_and_known_ones_are_skipped(db: TestStore) {
        let (world, people, _vendor) = with_vendor(db).await;
        vendor_account(&world, &people).await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get("/settings/templates/import").await;
        assert_eq!(page.status, StatusCode::OK);
        let fields = page.body.split(r#"name="take-"#).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let ids: Vec<String> = fields.collect();
        assert!(!ids.is_empty(), "needs something to import: {}", page.body);
        let take = format!("take-{}", ids[0]);
        let campaign = format!("campaign-{}", ids[0]);
        let refused = manager.post("/settings/templates/import", &[(&take, "on"), (&campaign, "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        assert_eq!(org(&world, &people).templates(Channel::WhatsappPersonal).await.unwrap().len(), 1);
        let taken = manager.post("/settings/templates/import", &[(&take, "on"), (&campaign, "workshop_today")]).await;
        assert_eq!(taken.location(), "/settings/templates", "{}", taken.body);
        assert_eq!(org(&world, &people).templates(Channel::WhatsappPersonal).await.unwrap().len(), 2);
        let page = manager.get("/settings/templates/import").await.body;
        assert!(page.contains("Here already") && !page.contains(&format!(r#"name="{take}""#)));
    }

    async fn a_price_is_in_force_from_its_day_on(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get("/settings/prices").await.body;
        // AiSensy's list prices since January 2026 (providers/src/aisensy/NOTES.md §7).
        assert!(page.contains("₹1.09") && page.contains("₹0.145"));
        let today = Zone::india().local_form(world.clock_now())[..10].to_owned();
        let set = [("category", "personal/utility"), ("price", "0.1325"), ("from", today.as_str())];
        assert_eq!(manager.post("/settings/prices", &set).await.location(), "/settings/prices");
        let price = org(&world, &people).price(Channel::WhatsappPersonal, Tariff::Utility, world.clock_now()).await.unwrap();
        assert_eq!(price, Some(Money(1_325)));
        assert!(manager.get("/settings/prices").await.body.contains("₹0.1325"));
        // The same category has its own price for SMS, by the segment.
        let sms = [("category", "sms/utility"), ("price", "0.20"), ("from", today.as_str())];
        manager.post("/settings/prices", &sms).await;
        let price = org(&world, &people).price(Channel::Sms, Tariff::Utility, world.clock_now()).await.unwrap();
        assert_eq!(price, Some(Money(2_000)));
        let page = manager.get("/settings/prices").await.body;
        assert!(page.contains("₹0.1325") && page.contains("SMS · Service") && page.contains("₹0.25"), "promotional has the list price");
        // The Quick route has its own price whatever the text is about: that of providers/src/fast2sms/NOTES.md §8
        // unless another is set.
        assert!(page.contains("Quick route") && page.contains("₹5.00"), "{page}");
        let quick = [("category", "sms/quick"), ("price", "4.75"), ("from", today.as_str())];
        assert_eq!(manager.post("/settings/prices", &quick).await.location(), "/settings/prices");
        let price = org(&world, &people).price(Channel::Sms, Tariff::Quick, world.clock_now()).await.unwrap();
        assert_eq!(price, Some(Money(47_500)));
        assert!(manager.get("/settings/prices").await.body.contains("SMS · Quick route"));
        // A price for the future is logged as an act of today.
        manager.post("/settings/prices", &but(&set, "from", "2099-01-01")).await;
        manager.get("/settings/prices").await; // says the notice
        assert!(!manager.get("/settings/audit").await.body.contains("2099"));
        for (name, value) in [("category", "gold"), ("category", "utility"), ("category", "sms/authentication"), ("category", "personal/quick"), ("price", "-1"), ("price", "0.12345"), ("price", "1090"), ("from", "soon"), ("from", "")] {
            let answer = manager.post("/settings/prices", &but(&set, name, value)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
            assert!(answer.body.contains(&format!(r#"id="{name}-error""#)), "{name}={value}");
        }
    }

    async fn what_was_charged_stands_beside_the_estimate(db: TestStore) {
        let (world, people) = set_up(db).await;
        let (id, now) = (crate::broadcast::planned_sms(&world, &people, Money(2_500)).await, world.clock_now());
        let mut viewer = world.signed_in(&people.viewer).await;
        assert!(viewer.get("/settings/charges").await.body.contains("No SMS was sent yet."), "nothing has begun");
        let work = world.app.engine.work();
        let turn = work.turn(&Endings::default(), &[Want::rows(id, 10)], &world.app.phone_key, now).await.unwrap();
        // The provider counted two segments where one was estimated.
        let sent = |row: &Claimed| Record {
            message: row.message,
            attempt: row.attempt,
            next: Next::Sent { provider_id: Some("abc0123456789xy".to_owned()), cost: Some(Money(5_000)) },
            at: now,
        };
        let records: Vec<_> = turn.claimed.iter().map(sent).collect();
        assert_eq!(records.len(), 1, "needs one person");
        work.turn(&records.into(), &[], &world.app.phone_key, now).await.unwrap();
        let page = viewer.get("/settings/charges").await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["₹0.50", "₹0.25", "1 broadcast", "Still sending", &format!("/broadcasts/{id}")] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        world.clock.advance(1_000);
        work.settle(world.clock_now()).await.unwrap();
        assert!(viewer.get("/settings/charges").await.body.contains("₹0.25 more"));
        // An account id that names none shows all charges; another organisation sees none of them.
        assert!(viewer.get("/settings/charges?account=x").await.body.contains("₹0.50"));
        assert!(!world.signed_in(&people.stranger).await.get("/settings/charges").await.body.contains("₹0.50"));
    }

    async fn the_audit_log_tells_who_did_what_page_by_page(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let own = format!("{LIST}/{}", people.integration);
        for _ in 0..30 {
            world.clock.advance(1); // the log is sorted by time
            manager.post(&format!("{own}/stop"), &[]).await;
            manager.post(&format!("{own}/release"), &[]).await;
        }
        let first = manager.get("/settings/audit").await.body;
        assert!(first.contains("Stopped an account") && first.contains("Manager"));
        assert_eq!(first.matches("data-row").count(), 50);
        let (_, rest) = first.split_once("/settings/audit?after=").unwrap();
        let older = manager.get(&format!("/settings/audit?after={}", rest.split('"').next().unwrap())).await.body;
        assert!(first.contains("Udaan main"), "an account is called by its name");
        assert!(older.matches("data-row").count() >= 10 && older.contains("Connected an account"));
        assert_eq!(manager.get("/settings/audit?after=nonsense").await.status, StatusCode::OK);
    }
}

/// Whatever is typed, the answer is a page or a redirect, never a fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_typed_into_the_settings_is_a_fault() {
    let db = store::testing::sqlite().await;
    let (world, people) = set_up(&db).await;
    let own = format!("{LIST}/{}", people.integration);
    let paths = [
        "/settings/integrations/new/aisensy".to_owned(),
        format!("{own}/edit"),
        format!("{own}/keys"),
        "/settings/templates/new".to_owned(),
        format!("/settings/templates/{}", people.template),
        "/settings/prices".to_owned(),
    ];
    let names = [
        "name",
        "api_key",
        "project_password",
        "webhook_secret",
        "project_id",
        "source",
        "per_second",
        "per_day",
        "do",
        "campaign",
        "category",
        "language",
        "header",
        "body",
        "footer",
        "media_url",
        "source_1",
        "fixed_1",
        "button_label_1",
        "button_source_1",
        "preview_as",
        "account",
        "price",
        "from",
    ];
    let values = prop_oneof![
        "\\PC{0,30}",
        Just("save".to_owned()),
        Just("utility".to_owned()),
        Just("fixed".to_owned()),
        Just("a\0b".to_owned()),
        Just("{{1}} {{2}}".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("2026-13-45".to_owned())
    ];
    let form = prop::collection::vec((prop::sample::select(names.to_vec()), values), 0..14);
    let mut runner = TestRunner::default();
    let mut admin = world.signed_in(&people.admin).await;
    for round in 0..120 {
        let fields = form.new_tree(&mut runner).unwrap().current();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = &paths[round % paths.len()];
        let answer = admin.post(path, &fields).await;
        assert!(!answer.status.is_server_error(), "{path} {fields:?}: {}", answer.body);
    }
    db.remove().await;
}

on_both! {
    async fn an_account_whose_secrets_were_lost_says_so_and_leads_to_the_form(db: TestStore) {
        let (world, people) = set_up(db).await;
        let now = world.clock_now();
        world.app.store.forget_secrets(&[people.integration], "new keys", now).await.unwrap();
        let keys = format!("{LIST}/{}/keys", people.integration);
        let mut manager = world.signed_in(&people.manager).await;
        let seen = manager.get(LIST).await.body;
        assert!(
            seen.contains("The secrets of AiSensy are lost.") && !seen.contains("Enter again"),
            "an admin's to do: {seen}"
        );
        let mut admin = world.signed_in(&people.admin).await;
        for page in [LIST.to_owned(), format!("{LIST}/{}", people.integration)] {
            let page = admin.get(&page).await.body;
            assert!(
                page.contains("The secrets of AiSensy are lost.") && page.contains("Key needed"),
                "{page}"
            );
        }
        let card = admin.get(LIST).await.body;
        assert!(card.contains("Enter again") && card.contains(&format!("href=\"{keys}\"")), "{card}");
        assert_eq!(admin.get(&keys).await.status, StatusCode::OK);
        let empty = admin.post(&keys, &[("api_key", "")]).await;
        assert_eq!(
            empty.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "there is nothing to keep: {}",
            empty.body
        );
        let entered = admin.post(&keys, &[("api_key", &format!("{API_KEY}-again"))]).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
        assert!(!admin.get(LIST).await.body.contains("are lost"));
    }
}
