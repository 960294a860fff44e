//! Stand-ins for the vendors, written from their documents, with faults on demand.
//!
//! A sandbox is an HTTP server on the loopback address that answers as a vendor would, remembers
//! what every phone really got ([`World`]), goes wrong as it is told to ([`Faults`]) and posts
//! receipts. It knows nothing of the program it is used to test: the two must only agree on the
//! vendor's document. Nothing here ever leaves the machine but posts to the webhooks that were set.
//!
//! One vendor is one module: its accounts and its judgement, a `routes()` for its HTTP face, a
//! `receipt` for its webhooks. What can go wrong on the way is in `exchange`, the same for all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub mod aisensy;
pub mod baileys_gateway;
mod control;
pub mod devices;
pub mod evolution;
mod exchange;
pub mod face;
pub mod fast2sms;
pub mod faults;
pub mod inbox;
mod line;
pub mod network;
pub mod null;
pub mod receipts;
pub mod registry;
mod rupees;
pub mod samples;
pub mod voice;
pub mod waha;
pub mod world;

pub use faults::{Amount, FaultBoard, Faults};
pub use inbox::{Hook, Inbox, InboxHabits, Mail};
pub use receipts::{ReceiptStats, Webhook, signature};
pub use world::{Message, Status, Summary, World};

use faults::Chance;
use receipts::Courier;
use registry::{Configs, Vendors};

/// Largest body read, in bytes: far above any real message.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Connections that are still open this long after a stop are left to end by themselves.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a sandbox starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Port on 127.0.0.1 for e-mails; 0 takes a free one.
    pub mail_port: u16,
    /// Seed of everything that is drawn. The same seed and the same calls bring the same faults.
    pub seed: u64,
    /// Seed of message and receipt ids. Fresh when absent, so that a sandbox started again does not
    /// repeat the ids of an earlier one.
    pub id_seed: Option<u64>,
    /// What the clock shows at the start, in milliseconds UTC. It runs from there.
    pub epoch_ms: i64,
    /// What becomes of messages and calls happens only when [`Sandbox::catch_up`] is called: for whoever moves the clock by hand and wants the same
    /// order each time.
    pub by_hand: bool,
    /// Keep the texts of messages. Large benchmarks can do without them and save the memory.
    pub keep_text: bool,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// Where receipts go that are signed; some vendors' accounts hold addresses of their own.
    pub webhooks: Vec<Webhook>,
    /// What providers of calls and the phones behind them start with.
    pub voice: voice::Config,
    /// What each vendor's stand-in starts with.
    #[serde(flatten)]
    pub vendors: Configs,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            port: 0,
            mail_port: 0,
            seed: 0,
            id_seed: None,
            // 2026-01-01 04:00 UTC, the instant of the vendor document's examples.
            epoch_ms: 1_767_240_000_000,
            by_hand: false,
            keep_text: true,
            faults: Faults::default(),
            webhooks: Vec::new(),
            voice: voice::Config::default(),
            vendors: Configs::default(),
        }
    }
}

/// Says what time it is, in milliseconds UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken or not allowed.
    #[error("cannot listen on 127.0.0.1:{port}: {error}")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The client that posts receipts could not be made.
    #[error("cannot make the client for receipts: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running sandbox. Dropping it closes the port.
pub struct Sandbox {
    address: SocketAddr,
    mail_address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
    posting: JoinHandle<()>,
}

impl Sandbox {
    /// Starts on 127.0.0.1 with a clock that runs from `config.epoch_ms`.
    ///
    /// # Errors
    /// If the port cannot be bound.
    pub async fn start(config: Config) -> Result<Sandbox, StartError> {
        let (epoch, start) = (config.epoch_ms, Instant::now());
        let clock =
            move || epoch.saturating_add(i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX));
        Sandbox::start_with_clock(config, Arc::new(clock)).await
    }

    /// Starts with a clock of the caller's, for tests that move time by hand. Delays of answers stay
    /// real ones; receipts become due by this clock, or when they are flushed.
    ///
    /// # Errors
    /// If the port cannot be bound.
    pub async fn start_with_clock(config: Config, clock: Clock) -> Result<Sandbox, StartError> {
        let port = config.port;
        let at_port = |error| StartError::Port { port, error };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(at_port)?;
        let address = listener.local_addr().map_err(at_port)?;
        let mail_port = config.mail_port;
        let at_port = |error| StartError::Port { port: mail_port, error };
        let (mails, mail_address) = inbox::listen(mail_port).await.map_err(at_port)?;
        let by_hand = config.by_hand;
        let shared = Arc::new(Shared::new(config, clock)?);
        tokio::spawn(inbox::serve(mails, shared.clone()));
        let serving = tokio::spawn(serve(listener, shared.clone()));
        let courier = shared.clone();
        let posting = tokio::spawn(async move {
            if !by_hand {
                courier.courier.run(courier.clone()).await;
            }
        });
        Ok(Sandbox { address, mail_address, shared, serving, posting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it takes e-mails.
    pub fn mail_address(&self) -> SocketAddr {
        self.mail_address
    }

    /// Where notices may be posted.
    pub fn hook_url(&self) -> String {
        format!("{}/sandbox/hook", self.url())
    }

    /// The e-mails and posts that came.
    pub fn inbox(&self) -> &Inbox {
        &self.shared.inbox
    }

    /// What every phone really got.
    pub fn world(&self) -> &World {
        &self.shared.world
    }

    /// What goes wrong.
    pub fn faults(&self) -> &FaultBoard {
        &self.shared.faults
    }

    /// Whether receipts that are signed go anywhere.
    pub fn has_webhooks(&self) -> bool {
        !self.shared.courier.webhooks().is_empty()
    }

    /// Names of the addresses that a program is configured with, and each of them.
    pub fn addresses(&self) -> Vec<(&'static str, String)> {
        let all = registry::FACES.iter().flat_map(|face| face.addresses());
        all.map(|(name, path)| (*name, format!("{}{path}", self.url()))).collect()
    }

    /// Sets where signed receipts go, and lifts a suspension.
    pub fn set_webhooks(&self, webhooks: Vec<Webhook>) {
        self.shared.courier.set_webhooks(webhooks);
    }

    /// What became of the receipts so far.
    pub fn receipts(&self) -> ReceiptStats {
        self.shared.courier.stats()
    }

    /// Lets what is due by the clock become of messages and calls, posts the receipts about it and returns when all were answered; how many
    /// there were.
    pub async fn catch_up(&self) -> usize {
        let calls = self.catch_up_calls().await;
        calls + self.shared.courier.catch_up(&self.shared).await
    }

    /// Lets calls go on to the present instant, and returns when each waits for a later one or is over. What is to be reported of them waits
    /// for [`Sandbox::catch_up`].
    pub async fn catch_up_calls(&self) -> usize {
        self.shared.telephones.catch_up(&self.shared).await
    }

    /// When the next thing becomes of a message or a call, by the clock; `None` when nothing does.
    pub fn next_due(&self) -> Option<i64> {
        [self.shared.courier.next_due(), self.next_call_due()].into_iter().flatten().min()
    }

    /// When the next call has something to do.
    pub fn next_call_due(&self) -> Option<i64> {
        self.shared.telephones.next_due()
    }

    /// Lets everything that is still to become of messages happen now, posts the receipts about it
    /// and returns when all were answered. Repeats of refused posts keep their time.
    pub async fn flush_receipts(&self) -> ReceiptStats {
        self.shared.courier.flush(&self.shared).await
    }

    /// Everything that waits to be posted, due or not, for whoever posts it in its place.
    pub fn take_posts(&self) -> Vec<receipts::Waiting> {
        self.shared.courier.take_posts(&self.shared)
    }

    /// Forgets phones and receipts, and puts accounts back to the start. Faults and webhooks stay.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Closes the port, cuts stalled calls and waits a short while for the others.
    pub async fn stop(mut self) {
        self.shared.stop.send_replace(true);
        self.posting.abort();
        if tokio::time::timeout(STOP_PATIENCE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        self.posting.abort();
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut stopped = shared.stop.subscribe();
    let vendors = registry::FACES.iter().fold(Router::new(), |all, face| all.merge(face.routes()));
    let routes = vendors
        .merge(control::routes())
        .merge(voice::routes())
        .merge(inbox::routes())
        .fallback(exchange::nowhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared);
    let service = routes.into_make_service_with_connect_info::<line::Scissors>();
    let until = async move { stop_of(&mut stopped).await };
    if let Err(error) = axum::serve(line::Lines(listener), service).with_graceful_shutdown(until).await {
        tracing::error!(%error, "the sandbox ended");
    }
}

/// Returns when it is time to stop.
pub(crate) async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    // An error means that the one who could say so is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What all handlers of one sandbox share.
pub struct Shared {
    clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) world: World,
    pub(crate) inbox: Inbox,
    pub(crate) faults: FaultBoard,
    pub(crate) courier: Courier,
    pub(crate) vendors: Vendors,
    pub(crate) telephones: voice::Telephones,
    stop: watch::Sender<bool>,
}

impl Shared {
    fn new(config: Config, clock: Clock) -> Result<Shared, StartError> {
        let id_seed = config.id_seed.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
        Ok(Shared {
            clock,
            ids: Ids { chance: Chance::new(id_seed), next: AtomicU64::new(0) },
            world: World::new(config.keep_text),
            inbox: Inbox::default(),
            faults: FaultBoard::new(config.faults, config.seed),
            courier: Courier::new(config.webhooks)?,
            vendors: Vendors::new(config.vendors),
            telephones: voice::Telephones::new(config.voice, config.by_hand)?,
            stop: watch::Sender::new(false),
        })
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Waits, unless the sandbox is stopped first; says whether it was.
    pub(crate) async fn stopped_within(&self, wait: Duration) -> bool {
        let mut stopped = self.stop.subscribe();
        tokio::time::timeout(wait, stop_of(&mut stopped)).await.is_ok()
    }

    pub(crate) fn reset(&self) {
        self.courier.reset();
        self.world.reset();
        self.inbox.reset();
        self.vendors.reset();
        self.telephones.reset();
    }
}

/// Gives out ids that look random and never repeat within a sandbox.
pub(crate) struct Ids {
    chance: Chance,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn chance(&self) -> Chance {
        self.chance
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let nth = self.next();
        let (high, low) = (self.chance.bits("uuid", "high", nth), self.chance.bits("uuid", "low", nth));
        let random = Uuid::from_u64_pair(high, low).into_bytes();
        // Puts in the marks of a random UUID.
        uuid::Builder::from_random_bytes(random).into_uuid()
    }
}
