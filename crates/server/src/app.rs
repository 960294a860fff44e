//! What every handler shares, and the life of a running program.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use anyhow::Context;
use compose::{Composer, OwnLinks};
use domain::{
    ids::{RehearsalId, WorkerId},
    time::{DAY, HOUR, SharedClock},
};
use engine::{Engine, Limits};
use intake::importer::Jobs;
use providers::{Http, HttpSettings};
use sandbox::Sandbox;
use store::{PhoneKey, SessionLife, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::{AccountChanges, OpenAccounts},
    config::Config,
    health::Health,
    live::Live,
    opt_out_links::{OptOutLinks, OptOutPageState},
    outbound::Outbound,
    password::Passwords,
    private,
    seal::{KeyRing, SealError},
    secrets,
    short_links::{SAMPLE_CODE, ShortLinkState, ShortLinks},
    token::Token,
};

/// A session ends after two days without use, and after thirty in any case.
pub const SESSION_LIFE: SessionLife = SessionLife { idle_ms: 2 * DAY, total_ms: 30 * DAY };
/// Alerts that are being sent when the program is to stop get so long to end.
const ALERTS_STOP_WAIT: Duration = Duration::from_secs(10);
/// An invitation can be used for seven days.
pub const INVITATION_MS: i64 = 7 * DAY;
/// A sign-in link can be used for one day.
pub const SIGN_IN_LINK_MS: i64 = DAY;
/// A set-up link can be used for one day; each start prints a new one while nobody can sign in.
pub const SET_UP_LINK_MS: i64 = 24 * HOUR;

/// The running program, as handlers see it. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`], which all clones of it share.
pub struct Parts {
    /// The database, for everything that belongs to no single organisation.
    pub store: Store,
    /// The clock that gives the present moment.
    pub clock: SharedClock,
    /// Settings known before the database opened.
    pub config: Config,
    /// Keys that seal secrets and sign forms.
    pub keys: KeyRing,
    /// Makes and checks the hashes of passwords.
    pub passwords: Passwords,
    /// The engine that plans, sends and receives. It does nothing until it is run.
    pub engine: Engine,
    /// Opens provider accounts with their secrets.
    pub accounts: OpenAccounts,
    /// Counts how often this process replaced an account's secrets or removed an account.
    pub account_changes: AccountChanges,
    /// The client through which providers are called.
    pub out: Http,
    /// The ways by which alerts leave the installation.
    pub alerts: Outbound,
    /// The imports that are under way in this process.
    pub jobs: Jobs,
    /// Makes the keyed hashes under which suppressions are found.
    pub phone_key: PhoneKey,
    /// The state of the page on which people stop messages by a link.
    pub opt_out: OptOutPageState,
    /// The state of the addresses behind short links.
    pub links: ShortLinkState,
    /// Whether database, disk and engine work.
    pub health: Health,
    /// The live streams that browsers have open.
    pub live: Live,
    /// Reviews and confirms broadcasts, for pages, API and scheduler alike.
    pub composer: Composer,
    /// The providers' stand-ins of a demonstration, where this process runs them: set once, by `munadi demo`.
    pub stand_ins: OnceLock<Weak<Sandbox>>,
    /// The databases of rehearsals that this process has open.
    pub copies: Mutex<HashMap<RehearsalId, Store>>,
    /// Cancelled when the program is to stop: long answers (live streams) and loops end then.
    pub stopping: CancellationToken,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// An app on an open store; needs no socket and no file.
    pub fn new(store: Store, clock: SharedClock, config: Config, keys: KeyRing) -> anyhow::Result<App> {
        let passwords = Passwords::new(config.password_cost);
        let accounts = OpenAccounts::new(keys.clone(), config.providers.clone(), config.callbacks_at());
        let out = Http::new(HttpSettings {
            local_targets: !config.providers.local().is_empty(),
            this_machine_only: config.rehearses_at.is_some(),
            allowed_hosts: config.providers.listed_hosts(),
            idle_per_host_max: config.calls_at_once,
            ..HttpSettings::default()
        })?;
        let alerts = Outbound::new(&config.outgoing)?;
        let phone_key = PhoneKey::new(&keys.phone_key());
        let engine = Engine::new(engine::Parts {
            work: store.work(WorkerId::new(clock.now())),
            store: store.clone(),
            http: out.clone(),
            clock: clock.clone(),
            key: phone_key.clone(),
            accounts: Arc::new(accounts.clone()),
            limits: Limits {
                lease_ms: config.lease_ms,
                calls_in_flight_max: config.calls_at_once,
                ..Limits::default()
            },
            alone: !store.is_shared(),
        });
        let links = OptOutLinks::new(keys.opt_out_key(), &config.public_url);
        let engine = engine.with_opt_out_link({
            let links = links.clone();
            Arc::new(move |message| links.link(message))
        });
        let short = ShortLinks::new(keys.join_link_key(), &config.public_url);
        let engine = engine.with_join_link({
            let short = short.clone();
            Arc::new(move |registrant| {
                let code = short.code(registrant);
                (short.own(&code), code)
            })
        });
        let door = ShortLinkState::new(short.clone(), store.links(), clock.clone());
        let engine = engine.with_files(config.data.clone());
        let composer = Composer::new(
            out.clone(),
            clock.clone(),
            phone_key.clone(),
            Arc::new(accounts.clone()),
            Arc::new({
                let (links, short) = (links.clone(), short.clone());
                move |organization| OwnLinks {
                    opt_out: links.sample(organization),
                    join: short.own(SAMPLE_CODE),
                }
            }),
        );
        let engine = engine.with_composer(composer.clone());
        let health = Health::new(engine.clone(), clock.clone(), config.clone());
        let stopping = CancellationToken::new();
        Ok(App(Arc::new(Parts {
            store,
            clock,
            config,
            keys,
            passwords,
            engine,
            accounts,
            account_changes: AccountChanges::default(),
            out,
            alerts,
            phone_key,
            opt_out: OptOutPageState::new(links),
            links: door,
            composer,
            jobs: Jobs::default(),
            health,
            live: Live::default(),
            stand_ins: OnceLock::new(),
            copies: Mutex::default(),
            stopping,
        })))
    }

    /// Starts the engine's loops. On SQLite only one process may send: [`Sending`] holds the lock while it lives.
    pub async fn start_sending(&self, role: &str) -> anyhow::Result<Sending> {
        let lock = if self.store.is_shared() { None } else { Some(self.lock_sending()?) };
        let name = format!("{} {role} {}", host_name(), std::process::id());
        let seed = u64::from_le_bytes(crate::seal::random_bytes());
        let running = self.engine.run(&name, seed).await?;
        let app = self.clone();
        tokio::spawn(async move { app.health.keep_looking(&app.stopping).await });
        Ok(Sending { running, beside: None, _lock: lock })
    }

    /// Takes the lock that a process holds while it sends from a SQLite database; refused while another has it.
    pub fn lock_sending(&self) -> anyhow::Result<std::fs::File> {
        let path = self.config.data.join("sending.lock");
        let file = std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        if file.try_lock().is_err() {
            anyhow::bail!(
                "another Munadi process sends from {}. SQLite serves one process; use PostgreSQL to share the work",
                self.config.data.display()
            );
        }
        Ok(file)
    }

    /// Opens an installation that is there, for what has nothing to do in a new one: a folder that is missing is a mistyped one, and none
    /// is made.
    ///
    /// # Errors
    /// As [`App::open`], and when there is no key file.
    pub async fn open_existing(config: Config, clock: SharedClock) -> anyhow::Result<App> {
        if !KeyRing::exists(&config.key_file) {
            anyhow::bail!(
                "there is no installation in {} (no key file {}); is --data right? `munadi serve` makes a new one",
                config.data.display(),
                config.key_file.display()
            );
        }
        App::open(config, clock).await
    }

    /// Creates what is missing in the data folder, then opens keys and database.
    ///
    /// Refused when the database holds what only other keys open: a key made up here would open no account, and find nobody
    /// who opted out.
    pub async fn open(config: Config, clock: SharedClock) -> anyhow::Result<App> {
        config.create_data_folder()?;
        private::take_back(&config)?;
        let known = KeyRing::exists(&config.key_file).then(|| KeyRing::open(&config.key_file)).transpose()?;
        let store = Store::open(config.database_address()).await.with_context(|| {
            // A PostgreSQL address may hold a password: only the scheme is told.
            let scheme = config.database.split(':').next().unwrap_or_default();
            if scheme == "sqlite" {
                format!("cannot open the database {}", config.database)
            } else {
                format!("cannot open the {scheme} database")
            }
        })?;
        // The first one may have been made just now, by root perhaps.
        private::hand_over(&config);
        match own_keys(&store, &config, known).await {
            Ok(keys) => App::new(store, clock, config, keys),
            Err(refusal) => {
                store.close().await;
                Err(refusal)
            }
        }
    }

    /// Makes a one-time set-up link when nobody can sign in yet; its whole address. Earlier set-up links end.
    pub async fn set_up_link(&self) -> anyhow::Result<Option<String>> {
        let access = self.store.access();
        if access.has_users().await? {
            return Ok(None);
        }
        let token = Token::new();
        let now = self.clock.now();
        access.create_set_up_link(&token.hash(), now.plus(SET_UP_LINK_MS), now).await?;
        Ok(Some(self.config.url(&format!("/set-up/{}", token.text()))))
    }

    /// Makes a one-time link that signs a user in; its whole address.
    pub async fn sign_in_link(&self, user: domain::ids::UserId, by: &str) -> anyhow::Result<String> {
        let token = Token::new();
        let now = self.clock.now();
        let expires_at = now.plus(SIGN_IN_LINK_MS);
        self.store.access().create_sign_in_link(user, &token.hash(), expires_at, by, now).await?;
        Ok(self.config.url(&format!("/sign-in/{}", token.text())))
    }
}

/// A running engine, and the lock that keeps other processes from sending from the same SQLite database.
pub struct Sending {
    running: engine::Running,
    /// Ends once the program is to stop and what it was sending has ended.
    beside: Option<JoinHandle<()>>,
    _lock: Option<std::fs::File>,
}

impl Sending {
    /// With alerts going out beside the messages. Their task ends by itself when the program is to stop.
    pub fn with_alerts(mut self, alerts: impl Future<Output = ()> + Send + 'static) -> Sending {
        self.beside = Some(tokio::spawn(alerts));
        self
    }

    /// Ends when only a fresh process can go on sending, with the reason; otherwise never.
    pub async fn until_unrecoverable(&self) -> anyhow::Error {
        self.running.until_unrecoverable().await;
        anyhow::anyhow!(
            "the sending loop fails although the database takes writes; start munadi again (a supervisor does)"
        )
    }

    /// Takes no more work, lets the calls under way end, writes how they ended.
    pub async fn stop(mut self) {
        self.running.stop().await;
        // Calls that are cut off here are unknown, as after a crash.
        if let Some(alerts) = &mut self.beside {
            let _ = tokio::time::timeout(ALERTS_STOP_WAIT, &mut *alerts).await;
            alerts.abort();
        }
    }
}

/// The keys of the key file, made now at a first start, if they are those of this database.
async fn own_keys(store: &Store, config: &Config, known: Option<KeyRing>) -> anyhow::Result<KeyRing> {
    let file = config.key_file.display();
    let Some(keys) = known else {
        if store.depends_on_keys().await? {
            anyhow::bail!(
                "there is no key file {file}, and this database was set up with one: copy it from the machine that was set up \
                 first or from a backup, or name it with --key-file; if it is lost for good, see munadi new-keys"
            );
        }
        return KeyRing::open(&config.key_file);
    };
    let opened = secrets::try_all(store, &keys).await?;
    // A damaged secret costs one account; a foreign key file costs them all.
    if opened.unopened.iter().any(|one| matches!(one.error, SealError::Key(_))) {
        anyhow::bail!(opened.refusal(&config.key_file));
    }
    Ok(keys)
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "host".to_owned(), |name| name.trim().to_owned())
}
