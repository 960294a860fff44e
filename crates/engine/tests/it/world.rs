//! A world to test in: a database, a stand-in for AiSensy, an organisation with a workshop, a clock that is turned by hand.

use std::{sync::Arc, time::Duration};

use domain::{
    believed_clock::BelievedClock,
    broadcast::{Audience, UNDO_MS},
    channel::{Category, Channel},
    ids::{BroadcastId, ImportId, IntegrationId, WorkerId, WorkshopId},
    money::Money,
    name::PersonName,
    pace::Pace,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    retry::Retry,
    role::Role,
    sending_hours::SendingHours,
    template::Source,
    time::{Clock, HOUR, ManualClock, Millis, SECOND, Zone},
    whatsapp::{Parameter, WhatsappTemplate},
};
use munadi_engine::{Accounts, Engine, Limits, Parts, Sender};
use providers::{Account, Http, HttpSettings, Secrets, Urls, registry};
use sandbox::Sandbox;
use serde_json::json;
use store::{
    Actor, Org, PhoneKey, Store,
    broadcasts::{Broadcast, NewBroadcast},
    integrations::NewIntegration,
    members::NewOrganization,
    messages::{MessageFilter, MessageView},
    registrants::NewRegistrant,
    testing::TestStore,
    workshops::WorkshopDraft,
};

pub(crate) const WEBHOOK_SECRET: &str = "test-shared-secret";

/// Opens every account at the stand-in, whatever its secrets are sealed with.
struct Standing {
    urls: Urls,
}

impl Accounts for Standing {
    fn open(&self, account: &store::integrations::Account) -> Result<Box<dyn Account>, String> {
        let vendor = registry::vendor(&account.kind).ok_or("unknown")?;
        let secrets = Secrets::from_json(&account.sealed).map_err(|error| error.to_string())?;
        vendor.open(&account.settings, &secrets, &self.urls).map_err(|error| error.to_string())
    }

    fn whole(&self, path: &str) -> String {
        format!("https://munadi.example{path}")
    }
}

/// A server that is listed beside each gateway's stand-in, and where nobody answers.
pub(crate) const AWAY: &str = "http://127.0.0.1:9/away";

/// The addresses of the stand-ins.
fn urls(sandbox: &Sandbox) -> Urls {
    let listed = |key: &str| {
        let all = registry::VENDORS.iter().flat_map(|vendor| vendor.base_urls());
        all.into_iter().any(|url| url.key == key && url.listed)
    };
    sandbox.addresses().iter().fold(Urls::default(), |urls, (key, url)| match listed(key) {
        true => urls.with(key, &format!("{url}, {AWAY}")),
        false => urls.with(key, url),
    })
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) org: Org,
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
    pub(crate) sender: Sender,
    pub(crate) workshop: WorkshopId,
    pub(crate) integration: IntegrationId,
    pub(crate) key: PhoneKey,
    call_timeout: Duration,
}

impl World {
    pub(crate) async fn new(db: &TestStore) -> World {
        World::with(db, sandbox::Config::default()).await
    }

    pub(crate) async fn with(db: &TestStore, mut config: sandbox::Config) -> World {
        config.vendors.aisensy.any_campaign = true;
        let sandbox = Sandbox::start(config).await.expect("the stand-in starts");
        World::beside(db, sandbox, World::clock()).await
    }

    /// A world whose stand-ins have its own clock, so that their reports name its times.
    pub(crate) async fn in_step(db: &TestStore, config: sandbox::Config) -> World {
        let clock = World::clock();
        let theirs = Arc::clone(&clock);
        let sandbox = Sandbox::start_with_clock(config, Arc::new(move || theirs.now().0)).await;
        World::beside(db, sandbox.expect("the stand-in starts"), clock).await
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(Millis(1_791_878_400_000))) // 2026-10-13T08:00:00Z
    }

    async fn beside(db: &TestStore, sandbox: Sandbox, clock: Arc<ManualClock>) -> World {
        let now = clock.now();
        let store = db.store.clone();
        let access = store.access();
        let user = access
            .create_user(
                &store::NewUser {
                    email: "host@example.com".into(),
                    name: "Host".into(),
                    password_hash: None,
                    super_admin: true,
                },
                now,
            )
            .await
            .expect("a first user");
        let (user, _) = access
            .user_by_email("host@example.com")
            .await
            .expect("reads")
            .filter(|(u, _)| u.id == user)
            .expect("is there");
        let organization = access
            .create_organization(
                &NewOrganization {
                    name: "Example Academy".into(),
                    zone: Zone::india(),
                    country: Country::INDIA,
                    quiet_hours: QuietHours::default(),
                },
                &user,
                now,
            )
            .await
            .expect("an organisation");
        let org = store.org(Actor {
            organization,
            user: Some(user.id),
            name: "Meera Test".into(),
            role: Role::Admin,
        });
        let workshop = org
            .add_workshop(
                &WorkshopDraft {
                    title: "Rust for Beginners".into(),
                    starts_at: now.plus(6 * HOUR),
                    ends_at: now.plus(8 * HOUR),
                    join_link: "https://meet.example/rust".into(),
                    tag: None,
                },
                now,
            )
            .await
            .expect("a workshop");
        let integration = IntegrationId::new(now);
        let secrets = Secrets::default()
            .with("api_key", sandbox::aisensy::DEFAULT_KEY)
            .with("project_password", sandbox::aisensy::DEFAULT_PASSWORD)
            .with("webhook_secret", WEBHOOK_SECRET);
        org.add_integration(
            NewIntegration {
                id: integration,
                kind: "aisensy".into(),
                name: "Main".into(),
                settings: json!({}),
                sealed: secrets.to_json(),
                hints: json!({}),
                callback_key: format!("key-{integration}"),
                pace: Pace { per_second: 1_000_000, per_day: 0 },
            },
            now,
        )
        .await
        .expect("an integration");
        let key = PhoneKey::new(&[7; 32]);
        let call_timeout = Duration::from_millis(400);
        let engine = engine(&store, &sandbox, Arc::clone(&clock), &key, call_timeout, limits());
        engine.work().register("test", now, now.plus(15 * SECOND)).await.expect("registers");
        let sender = Sender::new(engine.clone(), 1);
        World { store, org, sandbox, clock, engine, sender, workshop, integration, key, call_timeout }
    }

    /// Another process on the same database.
    pub(crate) async fn second_engine(&self) -> Engine {
        self.engine_with(limits()).await
    }

    /// Another process with its own limits.
    pub(crate) async fn engine_with(&self, limits: Limits) -> Engine {
        let engine = self.engine_to_run(limits);
        let now = self.clock.now();
        engine.work().register("second", now, now.plus(15 * SECOND)).await.expect("registers");
        engine
    }

    /// A process that has not yet entered itself among the workers: `Engine::run` does that.
    pub(crate) fn engine_to_run(&self, limits: Limits) -> Engine {
        let clock = Arc::clone(&self.clock);
        engine(&self.store, &self.sandbox, clock, &self.key, self.call_timeout, limits)
    }

    /// A process with its own connections to the database.
    pub(crate) fn engine_on(&self, store: &Store) -> Engine {
        engine(store, &self.sandbox, Arc::clone(&self.clock), &self.key, self.call_timeout, limits())
    }

    /// Registers people with these numbers and names.
    pub(crate) async fn register(&self, people: &[(&str, &str)]) {
        let rows = people
            .iter()
            .map(|(phone, name)| NewRegistrant {
                name: PersonName::parse(name),
                email: None,
                phone: Phone::parse(phone, Country::INDIA).ok(),
                phone_typed: (*phone).to_owned(),
                registered_at: Some(self.clock.now()),
                status: None,
                ..NewRegistrant::default()
            })
            .collect();
        self.org
            .add_registrants(self.workshop, ImportId::new(self.clock.now()), rows, self.clock.now())
            .await
            .expect("registers");
    }

    /// Registers `n` people with numbers from +91 90000 00000 on.
    pub(crate) async fn crowd(&self, n: usize) {
        let people: Vec<(String, String)> =
            (0..n).map(|i| (format!("90000{i:05}"), format!("Person{i} Test"))).collect();
        let borrowed: Vec<(&str, &str)> =
            people.iter().map(|(phone, name)| (phone.as_str(), name.as_str())).collect();
        self.register(&borrowed).await;
    }

    pub(crate) fn template() -> WhatsappTemplate {
        WhatsappTemplate {
            campaign: "workshop_today".into(),
            category: Category::Utility,
            language: "en".into(),
            header: String::new(),
            body: "Hi {{1}}, {{2}} starts at {{3}}.".into(),
            footer: String::new(),
            parameters: [
                ("first name", Source::RegistrantFirstName),
                ("workshop", Source::WorkshopTitle),
                ("start", Source::WorkshopTime),
            ]
            .map(|(label, source)| Parameter { label: label.into(), source, fallback: String::new() })
            .to_vec(),
            media: None,
            buttons: vec![],
            extra: Default::default(),
        }
    }

    /// Confirms and plans a broadcast, and lets the time to take it back pass.
    pub(crate) async fn broadcast(&self) -> BroadcastId {
        let id = self.confirm(Self::template()).await;
        self.engine.plan().await.expect("plans");
        self.clock.advance(UNDO_MS);
        self.beat().await;
        id
    }

    pub(crate) async fn confirm(&self, template: WhatsappTemplate) -> BroadcastId {
        let new = self.reminder(&template);
        self.org.confirm_broadcast(new, self.now()).await.expect("confirms")
    }

    /// A broadcast with the usual choices.
    pub(crate) fn reminder(&self, template: &WhatsappTemplate) -> NewBroadcast {
        let now = self.now();
        NewBroadcast {
            integration: self.integration,
            workshop: self.workshop,
            channel: Channel::WhatsappPersonal,
            title: "Reminder".into(),
            template_id: None,
            category: template.category,
            template: serde_json::to_value(template).expect("a template is JSON"),
            audience: Audience::Registered,
            telling: store::broadcasts::Telling::default(),
            starts_at: now.plus(UNDO_MS),
            deadline: now.plus(5 * HOUR),
            hours: SendingHours::any(),
            unit_price: Money(1_450),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Sets the account's pace.
    pub(crate) async fn pace(&self, per_second: i64, per_day: i64) {
        let pace = Pace { per_second, per_day };
        let settings = json!({});
        let changed = self.org.update_integration(self.integration, "Main", &settings, pace, self.now());
        changed.await.expect("changes");
    }

    /// Every row of a broadcast, in the order of the plan.
    pub(crate) async fn rows(&self, id: BroadcastId) -> Vec<MessageView> {
        self.org.messages(id, &MessageFilter::default(), 0, 100_000).await.expect("reads")
    }

    /// Lets the lease of every other process end and takes over what they had.
    pub(crate) async fn give_up_others(&self) {
        self.clock.advance(16 * SECOND);
        self.beat().await;
        self.engine.work().reclaim(self.now(), false).await.expect("takes over");
    }

    pub(crate) async fn beat(&self) {
        let now = self.clock.now();
        self.engine.work().beat(now, now.plus(15 * SECOND), None).await.expect("beats");
    }

    /// Turns until nothing more can happen, and moves the clock over retries, holds and waits.
    pub(crate) async fn run_dry(&mut self) {
        for _ in 0..400 {
            self.sender.turn_until_idle().await.expect("turns");
            self.engine.settle().await.expect("settles");
            let now = self.clock.now();
            let Some(next) = self.engine.work().next_due(now).await.expect("reads") else { break };
            if next.since(now) > 4 * HOUR {
                break;
            }
            self.clock.advance(next.since(now).max(1));
            self.beat().await;
        }
        self.engine.settle().await.expect("settles");
        self.assert_sum().await;
    }

    /// Lets that much time go by, from one moment at which something is due to the next.
    pub(crate) async fn pass(&mut self, ms: i64) {
        let end = self.now().plus(ms);
        loop {
            self.sender.turn_until_idle().await.expect("turns");
            self.engine.settle().await.expect("settles");
            let now = self.now();
            if now >= end {
                break;
            }
            let next = self.engine.work().next_due(now).await.expect("reads").unwrap_or(end);
            self.clock.advance(next.min(end).since(now).max(1));
            self.beat().await;
        }
        self.assert_sum().await;
    }

    pub(crate) async fn truth(&self, id: BroadcastId) -> Broadcast {
        self.org.broadcast(id).await.expect("is there")
    }

    /// As in `3 = 2 sent + 1 failed`, in the order of the states.
    pub(crate) async fn sum(&self, id: BroadcastId) -> String {
        let broadcast = self.truth(id).await;
        let parts: Vec<String> = domain::message::MessageState::ALL
            .iter()
            .map(|state| (state, broadcast.in_state(*state)))
            .filter(|(_, n)| *n != 0)
            .map(|(state, n)| format!("{n} {state}"))
            .collect();
        format!("{} = {}", broadcast.planned, parts.join(" + "))
    }

    /// The kept counts equal the counted rows, and nothing is in flight.
    pub(crate) async fn assert_sum(&self) {
        assert_eq!(
            self.engine.work().differences().await.expect("reads"),
            vec![],
            "kept counts differ from counted rows"
        );
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        calls_in_flight_max: 32,
        rows_in_flight_max: 1_000,
        retry: Retry::default(),
        ..Limits::default()
    }
}

fn engine(
    store: &Store,
    sandbox: &Sandbox,
    clock: Arc<ManualClock>,
    key: &PhoneKey,
    timeout: Duration,
    limits: Limits,
) -> Engine {
    let now = clock.now();
    let http =
        Http::new(HttpSettings { total_timeout: timeout, local_targets: true, ..HttpSettings::default() });
    Engine::new(Parts {
        store: store.clone(),
        work: store.work(WorkerId::new(now)),
        http: http.expect("a client"),
        clock: Arc::new(BelievedClock::new(clock)),
        key: key.clone(),
        accounts: Arc::new(Standing { urls: urls(sandbox) }),
        limits,
        alone: false,
    })
}
