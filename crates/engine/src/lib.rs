//! Plans, claims, paces, sends and records. The decisions are made in `domain`; the loops are here, and decide nothing.
//!
//! [`Engine`] holds what all loops share. `run` turns them for ever; tests turn them by hand, through the same functions.

mod accounts;
mod breaker;
mod calls;
mod fair;
mod find_posts;
mod forget;
mod health;
mod loops;
mod plan;
mod probe;
mod question_holds;
mod receipts;
mod run;
mod schedule;
mod send;
mod standings;
mod status_poll;
mod strikes;
mod telephone;
mod turn;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::{BroadcastId, MessageRef, RegistrantId},
    retry::Retry,
    time::{Millis, SharedClock},
};
use providers::{Http, http::CALLS_AT_ONCE};
use store::{
    Change, PhoneKey, Store, StoreError,
    work::{Work, WorkerBeat},
};
use tokio::sync::{Notify, broadcast, watch};

pub use compose::Accounts;
use compose::{Composer, OwnLinks};
pub use forget::REHEARSALS;
pub use health::SendingHealth;
pub use run::Running;
pub use schedule::{AHEAD_MS, Scheduler};
pub use telephone::Conversation;
pub use turn::{Sender, TurnReport};

use question_holds::QuestionHolds;

/// Limits of one process, each with a reason.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most calls under way at once. This is also the most rows that one crash can leave unknown, where each has
    /// a call of its own.
    pub calls_in_flight_max: usize,
    /// The most rows under way at once, where calls carry many.
    pub rows_in_flight_max: usize,
    /// The time without a heartbeat after which a worker is given up, in milliseconds.
    pub lease_ms: i64,
    /// The number of tries of a message, and the waits between them.
    pub retry: Retry,
    /// The number of registrants that are planned in one transaction: large enough to be cheap, small enough that
    /// nobody waits long for the one writer.
    pub stretch: usize,
    /// The longest wait for calls under way when the program is asked to stop, in milliseconds. It is longer than the
    /// time limit of a call.
    pub stop_wait_ms: i64,
    /// The time after which a process ends itself to be started again, because its turns fail while the database
    /// takes writes from others, in milliseconds.
    pub give_up_after_ms: i64,
}

impl Limits {
    pub(crate) fn give_up_after(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.give_up_after_ms).unwrap_or(0))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls_in_flight_max: CALLS_AT_ONCE,
            rows_in_flight_max: 3_200,
            lease_ms: 15_000,
            retry: Retry::default(),
            stretch: 1_000,
            stop_wait_ms: 25_000,
            give_up_after_ms: 60_000,
        }
    }
}

/// Room for changes that a slow screen has not looked at yet; one that falls behind further reads the page anew.
const FEED_ROOM: usize = 1_024;

/// What all loops of a process share.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) work: Work,
    pub(crate) http: Http,
    pub(crate) clock: SharedClock,
    pub(crate) key: PhoneKey,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) limits: Limits,
    /// No other process can be sending from this database.
    pub(crate) alone: bool,
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) feed: broadcast::Sender<BroadcastId>,
    pub(crate) access: Arc<watch::Sender<()>>,
    pub(crate) alive_until: Arc<AtomicI64>,
    pub(crate) turns: Arc<health::Turns>,
    pub(crate) opt_out_link: Option<OptOutLink>,
    pub(crate) join_link: Option<JoinLink>,
    pub(crate) files: Option<PathBuf>,
    pub(crate) composer: Composer,
    pub(crate) looks: Arc<schedule::Looks>,
    pub(crate) questions: QuestionHolds,
}

/// Makes the address of the page where the addressee of a message stops such messages.
pub type OptOutLink = Arc<dyn Fn(MessageRef) -> String + Send + Sync>;

/// Makes a registrant's own short link: its address and its code.
pub type JoinLink = Arc<dyn Fn(RegistrantId) -> (String, String) + Send + Sync>;

/// Hints that there may be something to do. A lost one costs at most a second: every loop also looks by itself.
#[derive(Debug, Default)]
pub struct Wakes {
    pub(crate) send: Notify,
    pub(crate) plan: Notify,
    pub(crate) receipts: Notify,
    pub(crate) steps: Notify,
}

/// What an engine is made of.
pub struct Parts {
    /// The database that all processes share.
    pub store: Store,
    /// The store's handle for this run of the process.
    pub work: Work,
    /// The client through which providers are called.
    pub http: Http,
    /// The clock that gives the present moment.
    pub clock: SharedClock,
    /// Makes the keyed hashes under which suppressions are found.
    pub key: PhoneKey,
    /// Opens accounts with their secrets.
    pub accounts: Arc<dyn Accounts>,
    /// The limits of this process.
    pub limits: Limits,
    /// Whether no other process can be sending from this database. What earlier runs left in flight is then unknown
    /// at once.
    pub alone: bool,
}

impl Engine {
    /// An engine that does nothing until it is turned.
    pub fn new(parts: Parts) -> Engine {
        let Parts { store, work, http, clock, key, accounts, limits, alone } = parts;
        // Without links of its own; who makes links gives the engine their composer.
        let no_links = Arc::new(|_| OwnLinks::default());
        let composer =
            Composer::new(http.clone(), clock.clone(), key.clone(), Arc::clone(&accounts), no_links);
        Engine {
            composer,
            looks: Arc::default(),
            questions: QuestionHolds::default(),
            store,
            work,
            http,
            turns: Arc::new(health::Turns::new(clock.clone())),
            clock,
            key,
            accounts,
            limits,
            alone,
            wakes: Arc::default(),
            feed: broadcast::channel(FEED_ROOM).0,
            access: Arc::new(watch::channel(()).0),
            alive_until: Arc::new(AtomicI64::new(i64::MAX)),
            opt_out_link: None,
            join_link: None,
            files: None,
        }
    }

    /// The same engine with a maker of opt-out links. Without one, a template that wants a link leaves everybody out.
    pub fn with_opt_out_link(mut self, link: OptOutLink) -> Engine {
        self.opt_out_link = Some(link);
        self
    }

    /// The same engine with a maker of registrants' own links. Without one, a template that wants such a link leaves everybody out.
    pub fn with_join_link(mut self, link: JoinLink) -> Engine {
        self.join_link = Some(link);
        self
    }

    /// The same engine with the folder of uploaded files, so that those of erased workshops go as well.
    pub fn with_files(mut self, folder: PathBuf) -> Engine {
        self.files = Some(folder);
        self
    }

    /// The same engine with the composer that pages use: steps are reviewed with the same links and the same answers of providers.
    pub fn with_composer(mut self, composer: Composer) -> Engine {
        self.composer = composer;
        self
    }

    /// The composer by which steps are reviewed.
    pub fn composer(&self) -> &Composer {
        &self.composer
    }

    /// Broadcasts whose rows or status changed, as they change: by this process, and while the engine runs by others on the same
    /// PostgreSQL database.
    pub fn feed(&self) -> broadcast::Receiver<BroadcastId> {
        self.feed.subscribe()
    }

    /// Changes whenever somebody's session or rights may have: here, as [`Engine::access_changed`] says, or in another process.
    pub fn access(&self) -> watch::Receiver<()> {
        self.access.subscribe()
    }

    /// Says that somebody's session ended, or that what they may do changed.
    pub fn access_changed(&self) {
        self.access.send_replace(());
    }

    /// Says that a broadcast was confirmed, resumed or changed by a person.
    pub fn wake(&self, broadcast: BroadcastId) {
        self.wakes.plan.notify_one();
        self.wakes.send.notify_one();
        self.tell([broadcast]);
    }

    /// Says that receipts came in.
    pub fn wake_receipts(&self) {
        self.wakes.receipts.notify_one();
    }

    /// Does what a change in another process asks for; a lost one costs at most a second.
    pub(crate) fn hear(&self, change: Change) {
        let (work, receipts, seen) = match change {
            Change::Work(broadcast) => (true, false, Some(broadcast)),
            Change::Rows(broadcast) => (false, false, Some(broadcast)),
            Change::Receipts => (false, true, None),
            Change::Access => (false, false, None),
            Change::Missed => (true, true, None),
        };
        if matches!(change, Change::Access | Change::Missed) {
            self.access_changed();
        }
        if work {
            self.wakes.steps.notify_one();
            self.wakes.plan.notify_one();
            self.wakes.send.notify_one();
        }
        if receipts {
            self.wakes.receipts.notify_one();
        }
        self.tell(seen);
    }

    /// When a process last said that it is alive; `None` when none ever did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn newest_beat(&self) -> Result<Option<Millis>, StoreError> {
        self.work.newest_beat().await
    }

    /// The processes that may send.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn workers(&self) -> Result<Vec<WorkerBeat>, StoreError> {
        self.work.workers().await
    }

    /// The handle of this run.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn tell(&self, touched: impl IntoIterator<Item = BroadcastId>) {
        for broadcast in touched {
            // Nobody watching is no fault.
            let _ = self.feed.send(broadcast);
        }
    }

    /// Whether this run may still start calls: others have not given up on it, nor are about to.
    pub(crate) fn may_call(&self) -> bool {
        // Others compare with their own clocks, whatever this process believes.
        self.alone
            || self.clock.wall_clock().0 < self.alive_until.load(Ordering::Acquire) - self.limits.lease_ms / 5
    }
}
