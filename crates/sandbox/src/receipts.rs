//! The courier: keeps what will become of each message, and posts the receipts about it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::Shared;
use crate::faults::ReceiptMode;

/// The vendor waits at most this long for an answer to a receipt.
const POST_TIMEOUT: Duration = Duration::from_secs(10);
/// Failures are counted over this time for the suspension.
const SUSPENSION_WINDOW_MS: i64 = 20 * 60 * 1000;
/// With a clock that is moved by hand, the queue is looked at this often.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// Where receipts go that are signed, and the secret they are signed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// The address that receipts are posted to.
    pub url: String,
    /// The secret that the subscription signs receipts with.
    pub secret: String,
}

/// The receipts that were posted so far, by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptStats {
    /// Posts that were tried, to all addresses together.
    pub posted: u64,
    /// Posts that were answered with 2xx.
    pub taken: u64,
    /// Posts that were answered with another status.
    pub refused: u64,
    /// Posts that reached no server.
    pub unreachable: u64,
    /// Posts that were not the vendor's: with a wrong signature, or to a guessed address.
    pub forged: u64,
    /// Forged posts that were answered with 2xx.
    pub forged_taken: u64,
    /// Receipts that are still to be posted.
    pub queued: usize,
    /// Whether a vendor gave up on the address. It stays so until the address is set again.
    pub suspended: bool,
}

/// One request to a webhook, the same for every vendor.
pub(crate) struct Post {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request to a webhook that waits for whoever makes it in the stand-in's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The HTTP method, `POST` or `GET`.
    pub method: String,
    /// The address of the webhook.
    pub url: String,
    /// The names and values of the headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body of the request.
    pub body: Vec<u8>,
}

/// What a vendor has yet to do about a message.
pub(crate) trait Job: std::fmt::Debug + Send + Sync {
    /// Makes it true in the world.
    fn happen(&self, shared: &Shared);

    /// Whether somebody else than the vendor says it.
    fn is_forged(&self) -> bool;

    /// Whether too many refusals end the subscription.
    fn can_be_suspended(&self) -> bool {
        false
    }

    /// The requests that tell of it, one for each webhook.
    fn posts(&self, shared: &Shared, attempt: u32) -> Vec<Post>;
}

/// A job as the courier keeps it.
pub(crate) fn queued(job: impl Job + 'static) -> Arc<dyn Job> {
    Arc::new(job)
}

#[derive(Clone, Debug)]
struct Queued {
    due: i64,
    order: u64,
    attempt: u32,
    job: Arc<dyn Job>,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

#[derive(Default)]
struct State {
    queue: BinaryHeap<Reverse<Queued>>,
    next_order: u64,
    stats: ReceiptStats,
    failures: VecDeque<i64>,
    webhooks: Vec<Webhook>,
}

/// Keeps and posts receipts.
pub(crate) struct Courier {
    state: Mutex<State>,
    wake: Notify,
    client: reqwest::Client,
}

impl Courier {
    pub(crate) fn new(webhooks: Vec<Webhook>) -> Result<Courier, reqwest::Error> {
        // Only the first call in a process has an effect; the client needs some provider to exist
        // even though it never leaves this machine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(POST_TIMEOUT).no_proxy().build()?;
        let state = Mutex::new(State { webhooks, ..State::default() });
        Ok(Courier { state, wake: Notify::new(), client })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn webhooks(&self) -> Vec<Webhook> {
        self.lock().webhooks.clone()
    }

    pub(crate) fn set_webhooks(&self, webhooks: Vec<Webhook>) {
        let mut state = self.lock();
        state.webhooks = webhooks;
        state.failures.clear();
        state.stats.suspended = false;
    }

    pub(crate) fn stats(&self) -> ReceiptStats {
        let state = self.lock();
        ReceiptStats { queued: state.queue.len(), ..state.stats.clone() }
    }

    /// Looks at the queue again, because what may leave has changed.
    pub(crate) fn look(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.failures.clear();
        state.stats = ReceiptStats::default();
    }

    /// Adds jobs with the instants at which they fall due.
    pub(crate) fn add(&self, jobs: impl IntoIterator<Item = (i64, Arc<dyn Job>)>) {
        let mut state = self.lock();
        for (due, job) in jobs {
            state.push(Queued { due, order: 0, attempt: 1, job });
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Does everything that waits now, due or not, and returns when all of it was answered.
    /// Repeats that this causes are left for their own time.
    pub(crate) async fn flush(&self, shared: &Arc<Shared>) -> ReceiptStats {
        let all = std::mem::take(&mut self.lock().queue);
        self.perform(shared, all.into_sorted_vec().into_iter().rev().map(|Reverse(queued)| queued)).await;
        self.stats()
    }

    /// Lets everything become true that waits, due or not, and returns the requests that would tell of it: they are not made here.
    pub(crate) fn take_posts(&self, shared: &Shared) -> Vec<Waiting> {
        let all = std::mem::take(&mut self.lock().queue).into_sorted_vec();
        let posts = all.into_iter().rev().flat_map(|Reverse(queued)| {
            queued.job.happen(shared);
            queued.job.posts(shared, queued.attempt)
        });
        let waiting =
            |Post { method, url, headers, body }| Waiting { method: method.to_string(), url, headers, body };
        posts.map(waiting).collect()
    }

    /// Does what is due, and returns when all of it was answered; how many there were.
    pub(crate) async fn catch_up(&self, shared: &Arc<Shared>) -> usize {
        let due = self.take_due(shared);
        let count = due.len();
        self.perform(shared, due.into_iter()).await;
        count
    }

    /// When the first of those that wait is due.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.lock().queue.peek().map(|Reverse(first)| first.due)
    }

    /// Does what falls due, for ever.
    pub(crate) async fn run(&self, shared: Arc<Shared>) {
        loop {
            let woken = self.wake.notified();
            let due = self.take_due(&shared);
            if !due.is_empty() {
                self.perform(&shared, due.into_iter()).await;
                continue;
            }
            let wait = self.wait(&shared);
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn take_due(&self, shared: &Shared) -> Vec<Queued> {
        if shared.faults.get().receipts.mode == ReceiptMode::Held {
            return Vec::new();
        }
        let now = shared.now();
        let mut state = self.lock();
        let mut due = Vec::new();
        while state.queue.peek().is_some_and(|Reverse(first)| first.due <= now) {
            due.extend(state.queue.pop().map(|Reverse(first)| first));
        }
        due
    }

    fn wait(&self, shared: &Shared) -> Duration {
        let now = shared.now();
        let first = self.lock().queue.peek().map(|Reverse(first)| first.due);
        let wait = first.map_or(LOOK_MAX, |due| Duration::from_millis((due - now).max(1).unsigned_abs()));
        wait.min(LOOK_MAX)
    }

    async fn perform(&self, shared: &Arc<Shared>, jobs: impl Iterator<Item = Queued>) {
        let at_once = Arc::new(Semaphore::new(shared.faults.get().receipts.at_once.max(1)));
        let mut posts = JoinSet::new();
        for queued in jobs {
            let Ok(permit) = at_once.clone().acquire_owned().await else { return };
            let shared = shared.clone();
            posts.spawn(async move {
                shared.courier.do_one(&shared, queued).await;
                drop(permit);
            });
            while posts.try_join_next().is_some() {}
        }
        while posts.join_next().await.is_some() {}
    }

    async fn do_one(&self, shared: &Shared, queued: Queued) {
        // First the world, then the report: whoever hears of it can already look it up.
        queued.job.happen(shared);
        let settings = shared.faults.get();
        let suspended = queued.job.can_be_suspended() && self.lock().stats.suspended;
        if settings.receipts.mode == ReceiptMode::Off || suspended {
            return;
        }
        let forged = queued.job.is_forged();
        let mut refused = false;
        for post in queued.job.posts(shared, queued.attempt) {
            refused |= !self.post(shared, queued.job.as_ref(), post).await;
        }
        if refused && !forged && queued.attempt <= settings.receipts.retries {
            let due = shared.now().saturating_add_unsigned(settings.receipts.retry_after_ms);
            self.lock().push(Queued { due, attempt: queued.attempt + 1, ..queued });
        }
    }

    /// Posts once and says whether it was taken.
    async fn post(&self, shared: &Shared, job: &dyn Job, post: Post) -> bool {
        let forged = job.is_forged();
        let mut request = self.client.request(post.method, &post.url).body(post.body);
        for (name, value) in post.headers {
            request = request.header(name, value);
        }
        let status = request.send().await.map(|answer| answer.status().as_u16());
        let mut state = self.lock();
        let taken = matches!(status, Ok(200..=299));
        state.stats.posted += 1;
        state.stats.taken += u64::from(taken);
        state.stats.refused += u64::from(status.is_ok() && !taken);
        state.stats.unreachable += u64::from(status.is_err());
        state.stats.forged += u64::from(forged);
        state.stats.forged_taken += u64::from(forged && taken);
        if !taken && !forged && job.can_be_suspended() {
            let limit = shared.faults.get().receipts.suspend_after;
            state.count_failure(shared.now(), limit, matches!(status, Ok(410)));
        }
        taken
    }
}

impl State {
    fn push(&mut self, queued: Queued) {
        let order = self.next_order;
        self.next_order += 1;
        self.queue.push(Reverse(Queued { order, ..queued }));
    }

    fn count_failure(&mut self, now: i64, limit: usize, gone: bool) {
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|first| *first < now - SUSPENSION_WINDOW_MS) {
            self.failures.pop_front();
        }
        self.stats.suspended |= gone || (limit > 0 && self.failures.len() > limit);
    }
}

/// Lowercase hex HMAC-SHA256 of `body`.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
