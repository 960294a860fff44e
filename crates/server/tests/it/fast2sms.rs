//! Accounts of Fast2SMS against the stand-in: the form, the key that is never shown, the test by the wallet,
//! receipts.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use domain::{
    money::Money,
    sending_hours::OpenHours,
    sms::{SmsRoute, ValueLimits},
};
use munadi::{accounts::seal_binding, pages::settings::integrations::Health};
use providers::{AccountStanding, Status, fast2sms::Fast2smsSettings};
use sandbox::{
    Sandbox,
    fast2sms::{DEFAULT_ACCOUNT, DEFAULT_ENTITY, DEFAULT_KEY, DEFAULT_SENDER},
};
use store::{Actor, Org, integrations::Integration, on_both, testing::TestStore};
use tower::ServiceExt;

use crate::world::{Browser, People, World};

const NEW: &str = "/settings/integrations/new/fast2sms";

/// A program whose Fast2SMS is the stand-in, with this account there.
async fn set_up(
    db: &TestStore,
    change: impl FnOnce(&mut sandbox::fast2sms::Account),
) -> (World, People, Sandbox) {
    let mut config = sandbox::Config::default();
    change(&mut config.vendors.fast2sms.accounts[0]);
    let vendor = Sandbox::start(config).await.unwrap();
    let world =
        World::with(db, |config| config.providers.set("fast2sms_url", &format!("{}/dev", vendor.url())))
            .await;
    let people = world.people().await;
    (world, people, vendor)
}

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

const GOOD: &[(&str, &str)] = &[
    ("name", "Udaan SMS"),
    ("api_key", DEFAULT_KEY),
    ("sender", DEFAULT_SENDER),
    ("entity_id", DEFAULT_ENTITY),
    ("route", "dlt"),
    ("numbers_per_request", "100"),
    ("per_second", "5"),
    ("per_day", "20,000"),
];

/// The fields with one changed.
fn but<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut changed: Vec<_> = GOOD.iter().copied().filter(|(other, _)| *other != name).collect();
    changed.push((name, value));
    changed
}

async fn stored(world: &World, people: &People) -> Option<Integration> {
    let all = org(world, people).integrations().await.unwrap();
    all.into_iter().find(|one| one.kind == "fast2sms")
}

/// Adds the account of the stand-in.
pub(crate) async fn added(world: &World, people: &People, admin: &mut Browser<'_>) -> Integration {
    let answer = admin.post(NEW, GOOD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    stored(world, people).await.unwrap()
}

fn of(account: &Integration, end: &str) -> String {
    format!("/settings/integrations/{}{end}", account.id)
}

/// Tests the connection; what is kept of it, and the page afterwards.
async fn tested(
    world: &World,
    people: &People,
    admin: &mut Browser<'_>,
    account: &Integration,
) -> (Status, String) {
    let answer = admin.post(&of(account, "/test"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let health = Health::of(&stored(world, people).await.unwrap());
    assert_eq!(health.tested_at, Some(world.clock_now()));
    (health.status, admin.get(&of(account, "")).await.body)
}

on_both! {
    async fn an_account_is_added_and_its_key_never_comes_out(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        assert!(admin.get("/settings/integrations").await.body.contains(NEW), "the list offers it");
        let account = added(&world, &people, &mut admin).await;
        assert_eq!((account.pace.per_second, account.pace.per_day), (5, 20_000));
        let settings: Fast2smsSettings = serde_json::from_value(account.settings.clone()).unwrap();
        assert_eq!(settings.default_sender.unwrap().as_str(), DEFAULT_SENDER);
        assert_eq!(settings.entity_id.unwrap().as_str(), DEFAULT_ENTITY);
        assert_eq!((settings.default_route, settings.numbers_per_request), (SmsRoute::Dlt, 100));
        assert!(account.settings.get("base_url").is_none(), "addresses are this server's business");
        let mut seen = String::new();
        for path in ["", "/edit", "/remove"].map(|end| of(&account, end)).into_iter().chain(["/settings/integrations".into(), "/settings/audit".into()]) {
            let page = admin.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            seen.push_str(&page.body);
        }
        let refused = admin.post(NEW, &but("name", "")).await;
        seen.push_str(&refused.body);
        for text in [&seen, &account.sealed, &account.settings.to_string(), &account.hints.to_string()] {
            assert!(!text.contains(DEFAULT_KEY));
        }
        assert!(seen.contains("•••• REAL"), "the hint");
        assert_eq!(admin.get(&of(&account, "/keys")).await.location(), of(&account, "/edit#api_key"));
    }

    async fn each_wrong_field_is_named_and_what_was_typed_is_kept(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let cases = [
            ("name", "", "needs a name"),
            ("api_key", "", "Paste the API key"),
            ("api_key", "two words", "a space"),
            ("sender", "WRKSHP1", "3 to 6 letters"),
            ("sender", "AB", "3 to 6 letters"),
            ("entity_id", "123", "has 19 digits; this has 3"),
            ("entity_id", "1.1E+18", "copy it from the portal"),
            ("route", "v3", "one of the routes"),
            ("numbers_per_request", "0", "from 1 to 1,000"),
            ("numbers_per_request", "1001", "from 1 to 1,000"),
            ("per_second", "0", "from 1 to 100"),
            ("per_second", "ten", "from 1 to 100"),
            ("per_day", "-1", "empty for no ceiling"),
        ];
        for (name, value, words) in cases {
            let answer = admin.post(NEW, &but(name, value)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
            assert!(answer.body.contains(&format!(r#"id="{name}-error""#)), "{name}={value} is not named");
            assert!(answer.body.contains(words), "{name}={value}: {words}");
            let (kept, text) = if name == "name" { ("sender", DEFAULT_SENDER) } else { ("name", "Udaan SMS") };
            assert!(answer.body.contains(&format!(r#"name="{kept}" id="{kept}" value="{text}""#)), "{kept} is lost");
        }
        assert!(stored(&world, &people).await.is_none());
    }

    async fn an_account_has_hours_of_its_own_and_wrong_ones_are_named(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let with = |from, until| [GOOD, &[("hours_from", from), ("hours_until", until)]].concat();
        let cases = [
            ("09:00", "", "hours_until", "Until when? Or leave both empty."),
            ("", "18:00", "hours_from", "From when? Or leave both empty."),
            ("25:00", "18:00", "hours_from", "A time such as 09:00."),
            ("09:00", "late", "hours_until", "A time such as 09:00."),
            ("09:00", "09:00", "hours_until", "The same time twice"),
        ];
        for (from, until, field, words) in cases {
            let answer = admin.post(NEW, &with(from, until)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{from}–{until}");
            assert!(answer.body.contains(&format!(r#"id="{field}-error""#)) && answer.body.contains(words), "{from}–{until}: {words}");
        }
        assert!(stored(&world, &people).await.is_none());
        let account = added(&world, &people, &mut admin).await;
        let hours = |account: &Integration| serde_json::from_value::<Fast2smsSettings>(account.settings.clone()).unwrap().hours;
        assert_eq!(hours(&account), None, "empty is any hour");
        assert_eq!(admin.post(&of(&account, "/edit"), &with("09:00", "18:30")).await.status, StatusCode::SEE_OTHER);
        assert_eq!(hours(&stored(&world, &people).await.unwrap()), OpenHours::new(540, 1_110));
        assert!(admin.get(&of(&account, "")).await.body.contains("9:00 AM to 6:30 PM"));
        let form = admin.get(&of(&account, "/edit")).await.body;
        assert!(form.contains(r#"value="09:00""#) && form.contains(r#"value="18:30""#), "{form}");
        assert_eq!(admin.post(&of(&account, "/edit"), &with("", "")).await.status, StatusCode::SEE_OTHER);
        assert_eq!(hours(&stored(&world, &people).await.unwrap()), None);
    }

    async fn the_longest_values_are_a_setting_of_the_account_and_wrong_ones_are_named(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let limits = |account: &Integration| serde_json::from_value::<Fast2smsSettings>(account.settings.clone()).unwrap().limits;
        for field in ["text_chars", "alphanumeric_chars", "link_chars"] {
            for value in ["0", "161", "many"] {
                let answer = admin.post(NEW, &but(field, value)).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}={value}");
                assert!(answer.body.contains(&format!(r#"id="{field}-error""#)) && answer.body.contains("from 1 to 160"), "{field}={value}");
            }
        }
        // An empty field takes the limits of docs/facts/india.md §1.3.
        let account = added(&world, &people, &mut admin).await;
        assert_eq!(limits(&account), ValueLimits { text: 30, alphanumeric: 40, link: 30 });
        let typed = [GOOD, &[("text_chars", "25"), ("alphanumeric_chars", "30"), ("link_chars", "60")]].concat();
        assert_eq!(admin.post(&of(&account, "/edit"), &typed).await.status, StatusCode::SEE_OTHER);
        assert_eq!(limits(&stored(&world, &people).await.unwrap()), ValueLimits { text: 25, alphanumeric: 30, link: 60 });
        let page = admin.get(&of(&account, "")).await.body;
        assert!(page.contains("Up to 25 characters") && page.contains("Up to 60 characters"), "{page}");
    }

    async fn editing_keeps_the_key_unless_a_new_one_is_typed(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        let path = of(&account, "/edit");
        let mut fields = but("api_key", "");
        fields.retain(|(name, _)| !["sender", "entity_id", "per_day", "name"].contains(name));
        fields.push(("name", "Renamed"));
        let answer = admin.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let changed = stored(&world, &people).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.pace.per_day), ("Renamed", 0));
        assert_eq!(changed.sealed, account.sealed);
        let settings: Fast2smsSettings = serde_json::from_value(changed.settings).unwrap();
        assert_eq!((settings.default_sender, settings.entity_id), (None, None));
        admin.post(&path, &but("api_key", "ANOTHER-KEY-NOT-REAL-77aa")).await;
        let changed = stored(&world, &people).await.unwrap();
        assert_eq!(changed.hints["api_key"], "77aa");
        let plain = world.app.keys.open_sealed(&changed.sealed, &seal_binding(people.first, account.id)).unwrap();
        assert!(plain.contains("ANOTHER-KEY-NOT-REAL-77aa") && !plain.contains(DEFAULT_KEY));
    }
}

on_both! {
    async fn a_test_proves_the_key_and_shows_the_wallet(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |account| account.wallet = 12_505_000).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        assert!(admin.get(&of(&account, "")).await.body.contains("never tested"));
        let (status, page) = tested(&world, &people, &mut admin, &account).await;
        assert_eq!(status.balance, Some(Money(12_505_000)));
        assert!(page.contains("₹1,250.50") && page.contains("By Admin"), "{page}");
        assert!(page.contains(&format!("/settings/charges?account={}", account.id)));
        let list = admin.get("/settings/integrations").await.body;
        assert!(list.contains("₹1,250.50") && list.contains("Asked Today") && list.contains(DEFAULT_SENDER), "{list}");
    }

    async fn an_empty_wallet_is_said(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |account| account.wallet = 0).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        let (status, page) = tested(&world, &people, &mut admin, &account).await;
        assert_eq!(status.balance, Some(Money(0)));
        assert!(page.contains("The wallet is empty.") && page.contains("Top up"), "{page}");
    }

    async fn a_refused_test_says_what_to_do(db: TestStore) {
        // The refusals are 412 to 415 of providers/src/fast2sms/NOTES.md §2.5.
        type Change = fn(&mut sandbox::fast2sms::Account);
        let cases: [(Change, &str, &str, &str); 4] = [
            (|account| account.enabled = false, "f2s_415", "Account disabled", "support"),
            (|account| account.address_allowed = false, "f2s_414", "Address not allowed", "allow-list"),
            (|account| account.keys[0].disabled = true, "f2s_413", "Key disabled", "Enable the key"),
            (|account| account.keys.clear(), "f2s_412", "Key refused", "Copy the key"),
        ];
        let (world, people, vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        for (change, code, title, way_out) in cases {
            vendor.fast2sms().change_account(DEFAULT_ACCOUNT, change).unwrap();
            let (status, page) = tested(&world, &people, &mut admin, &account).await;
            assert_eq!((status.code.as_str(), status.standing, status.balance), (code, AccountStanding::Refused, None));
            assert!(page.contains(title) && page.contains(way_out), "{code}: {page}");
            assert!(!page.contains(DEFAULT_KEY));
        }
    }

    async fn a_vendor_that_does_not_answer_refuses_nothing(db: TestStore) {
        let (world, people, vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        vendor.stop().await;
        let (status, page) = tested(&world, &people, &mut admin, &account).await;
        assert!(status.standing == AccountStanding::Silent && status.balance.is_none());
        assert!(page.contains("No answer") && page.contains("gave no usable answer"), "{page}");
    }
}

const CUSTOM: &str = r#"{"request_id":"abc0123456789xy","route":"dlt","sender_id":"WRKSHP","mobile":"9000000001","status":"delivered","amount_debited":"0.2000","delivery_timestamp":1767243605,"udf1":"msg_00000001"}"#;
const FORM: &str = "request_id=abc0123456789xy&mobile=9000000002&status=failed&failure_reason=Absent&delivery_timestamp=1767243605";

async fn ask(world: &World, request: Request<Body>) -> StatusCode {
    world.router().oneshot(request).await.unwrap().status()
}

on_both! {
    async fn receipts_come_as_json_as_a_form_and_in_the_query(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let mut admin = world.signed_in(&people.admin).await;
        let account = added(&world, &people, &mut admin).await;
        let address = format!("/callbacks/{}", account.callback_key);
        assert!(admin.get(&of(&account, "")).await.body.contains(&format!("https://notify.example{address}")));
        let post = |kind: &str, body: &str| {
            Request::post(&address).header(header::CONTENT_TYPE, kind).body(Body::from(body.to_owned())).unwrap()
        };
        let get = |query: &str| Request::get(format!("{address}{query}")).body(Body::empty()).unwrap();
        let in_query = FORM.replace("9000000002", "9000000003");
        for _ in 0..2 {
            assert_eq!(ask(&world, post("application/json", CUSTOM)).await, StatusCode::OK);
            assert_eq!(ask(&world, post("application/x-www-form-urlencoded", FORM)).await, StatusCode::OK);
            assert_eq!(ask(&world, get(&format!("?{in_query}"))).await, StatusCode::OK);
        }
        // The same report by PUT counts as the same.
        let put = Request::put(&address).body(Body::from(CUSTOM)).unwrap();
        assert_eq!(ask(&world, put).await, StatusCode::OK);
        // A request that only checks whether the address answers leaves nothing behind.
        assert_eq!(ask(&world, get("")).await, StatusCode::OK);
        let kept = world.app.engine.work().pending_receipts(world.clock_now(), 10).await.unwrap();
        let mut bodies: Vec<_> = kept.iter().map(|one| one.body.as_str()).collect();
        bodies.sort_unstable();
        let mut wanted = [CUSTOM, FORM, &in_query];
        wanted.sort_unstable();
        assert_eq!(bodies, wanted, "each once, as it came");
        assert!(kept.iter().all(|one| one.integration == account.id));
        // The address is the secret: one letter off, it belongs to nobody.
        let other = address.replace(&account.callback_key, &"0".repeat(account.callback_key.len()));
        let stray = Request::get(format!("{other}?{FORM}")).body(Body::empty()).unwrap();
        assert_eq!(ask(&world, stray).await, StatusCode::NOT_FOUND);
    }

    async fn who_may_not_change_accounts_sees_no_address_and_no_hint(db: TestStore) {
        let (world, people, _vendor) = set_up(db, |_| {}).await;
        let account = added(&world, &people, &mut world.signed_in(&people.admin).await).await;
        for user in [&people.viewer, &people.agent, &people.manager] {
            let mut browser = world.signed_in(user).await;
            assert_eq!(browser.get(NEW).await.status, StatusCode::FORBIDDEN);
            assert_eq!(browser.post(NEW, GOOD).await.status, StatusCode::FORBIDDEN);
            assert_eq!(browser.post(&of(&account, "/edit"), GOOD).await.status, StatusCode::FORBIDDEN);
            let page = browser.get(&of(&account, "")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(!page.body.contains("REAL") && !page.body.contains(&account.callback_key), "as {}", user.name);
        }
        let mut stranger = world.signed_in(&people.stranger).await;
        assert_eq!(stranger.get(&of(&account, "")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.post(&of(&account, "/test"), &[]).await.status, StatusCode::NOT_FOUND);
    }
}
