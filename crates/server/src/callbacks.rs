//! Takes the posts of providers. A post is proven genuine over its raw bytes, stored with many others in one commit,
//! and answered. The engine reads and applies it afterwards.

mod calls;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{IntegrationId, OrganizationId},
    time::{MINUTE, Millis, SECOND, SharedClock},
};
use engine::{Accounts, Engine};
use providers::{Account, account::Post as Sent, registry, vendor::CallbackProof};
use sha2::{Digest, Sha256};
use store::{
    StoreError,
    work::{OnLine, RawReceipt},
};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::calls::LiveCalls;
pub use self::calls::receive_below;
use crate::{
    app::App,
    http::{error::Problem, extract::Path},
    seal::hmac_sha256,
};

/// Most bytes of a post. A receipt has less than two thousand; a carousel's, with its template, stays below this.
pub const POST_BYTES_MAX: usize = 256 * 1024;
/// A provider gives up after five seconds; a second later nobody waits for the answer.
pub const TIMEOUT: Duration = Duration::from_secs(6);
/// An opened account is read again after this time, so that a replaced secret or a removed account soon takes effect.
const KEEP_MS: i64 = 3 * SECOND;
/// Accounts kept open at once; more of them take turns.
const KEPT_MAX: usize = 1_000;
/// Posts that one commit takes. At 10,000 a second that is ten commits a second.
const BATCH_MAX: usize = 1_000;
/// Posts that wait for the next commit; with more, new ones wait at the door.
const QUEUE_MAX: usize = 4_000;
/// Posts of one account that are kept within a minute: a thousandfold of what a busy one brings, and bytes of them. A minute that is full is no
/// loss: the provider is asked to come again.
const POSTS_PER_MINUTE: u64 = 300_000;
const BYTES_PER_MINUTE: u64 = 128 * 1024 * 1024;
/// Addresses looked up in the database at once: a flood of forged ones takes no more connections than that.
const LOOK_UPS_AT_ONCE: usize = 3;
/// Bytes of a dedupe key. PostgreSQL indexes less than 2,700; a provider's id has 40.
const KEY_BYTES_MAX: usize = 200;
/// Characters of the unguessable part of an address: ours have 40; nothing longer is looked up.
const ADDRESS_CHARS_MAX: usize = 80;

/// An account that posts can come from.
struct Known {
    id: IntegrationId,
    organization: OrganizationId,
    account: Box<dyn Account>,
    /// It can be set to put everything into the query of a GET.
    takes_query: bool,
    /// The header without which no post of it can be genuine.
    signed_in: Option<&'static str>,
}

/// Accounts opened lately and since when, by the MAC of their address.
type Kept = HashMap<[u8; 32], (Millis, Arc<Known>)>;

/// A genuine post, and who waits for it to be safe.
struct Post {
    receipt: RawReceipt,
    /// How far the call has come that it is a step of.
    line: Option<OnLine>,
    stored: oneshot::Sender<bool>,
}

/// The door of all callbacks: accounts opened lately, and the one task that stores what came.
pub struct Callbacks {
    clock: SharedClock,
    engine: Engine,
    /// Of this process alone: addresses are kept as their MAC, so that looking one up tells nothing about another.
    salt: [u8; 32],
    kept: Mutex<Kept>,
    /// The count of changed accounts up to which `kept` is good.
    kept_at: AtomicU64,
    taken: Mutex<HashMap<IntegrationId, Taken>>,
    looking_up: Semaphore,
    queue: OnceLock<mpsc::Sender<Post>>,
    live: LiveCalls,
    /// Other processes may be asked for the next words of a call.
    is_shared: bool,
    /// Below which address providers fetch recordings.
    sounds: String,
}

/// What an account brought within a minute.
#[derive(Clone, Copy, Default)]
struct Taken {
    minute: i64,
    posts: u64,
    bytes: u64,
}

impl Taken {
    /// Counts a post of that minute; `false` when the minute is full.
    fn has_room(&mut self, minute: i64, bytes: u64) -> bool {
        if self.minute != minute {
            *self = Taken { minute, ..Taken::default() };
        }
        self.posts += 1;
        self.bytes += bytes;
        self.posts <= POSTS_PER_MINUTE && self.bytes <= BYTES_PER_MINUTE
    }
}

impl Callbacks {
    /// A door that keeps nothing yet, of a program that is reached at that address.
    pub fn new(engine: Engine, clock: SharedClock, public_url: &str) -> Callbacks {
        Callbacks {
            clock,
            is_shared: engine.store().is_shared(),
            engine,
            salt: crate::seal::random_bytes(),
            kept: Mutex::default(),
            kept_at: AtomicU64::default(),
            taken: Mutex::default(),
            looking_up: Semaphore::new(LOOK_UPS_AT_ONCE),
            queue: OnceLock::new(),
            live: LiveCalls::default(),
            sounds: format!("{}/recordings/", public_url.trim_end_matches('/')),
        }
    }

    /// Forgets opened accounts when a secret was replaced, or an account removed, here.
    fn forget_changed(&self, changes: u64) {
        if self.kept_at.swap(changes, Ordering::AcqRel) != changes {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// The account behind an address.
    async fn known(&self, app: &App, address: &str) -> Result<Arc<Known>, Problem> {
        self.forget_changed(app.account_changes.so_far());
        if address.len() > ADDRESS_CHARS_MAX || !address.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Problem::not_found());
        }
        let now = self.clock.now();
        let mac = hmac_sha256(&self.salt, &[address.as_bytes()]);
        if let Some(known) = self.kept(&mac, now) {
            return Ok(known);
        }
        let _turn = self.looking_up.acquire().await.map_err(|_| not_now())?;
        // Somebody who waited for the same may have found it.
        if let Some(known) = self.kept(&mac, now) {
            return Ok(known);
        }
        let stored = self.engine.work().account_of_callback(address).await.map_err(Lookup)?;
        let account = app.accounts.open(&stored).map_err(|why| {
            tracing::error!(integration.id = %stored.id, "posts for integration {} cannot be checked: {why}", stored.id);
            not_now()
        })?;
        let callback = registry::vendor(&stored.kind).map(|vendor| vendor.callback());
        let known = Arc::new(Known {
            id: stored.id,
            organization: stored.organization,
            account,
            takes_query: callback.is_some_and(|callback| callback.takes_query),
            signed_in: callback.and_then(|callback| match callback.proof {
                CallbackProof::Signed { header, .. } => Some(header),
                CallbackProof::Address => None,
            }),
        });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(mac, (now, known.clone()));
        Ok(known)
    }

    fn kept(&self, mac: &[u8; 32], now: Millis) -> Option<Arc<Known>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(mac).filter(|(at, _)| now.since(*at) < KEEP_MS).map(|(_, known)| known.clone())
    }

    /// Counts a post of an account; refused when its minute is full.
    fn count(&self, account: IntegrationId, bytes: usize) -> Result<(), Problem> {
        let now = self.clock.now();
        let minute = now.0.div_euclid(MINUTE);
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.entry(account).or_default();
        if taken.has_room(minute, bytes as u64) {
            return Ok(());
        }
        if taken.posts == POSTS_PER_MINUTE + 1 || taken.bytes - (bytes as u64) <= BYTES_PER_MINUTE {
            tracing::warn!(integration.id = %account, "more posts of integration {account} than can be meant; they may come again in a minute");
        }
        let seconds = ((minute + 1) * MINUTE - now.0 + SECOND - 1) / SECOND;
        Err(Problem { retry_after_s: Some(seconds), ..not_now() })
    }

    fn queue(&self) -> &mpsc::Sender<Post> {
        self.queue.get_or_init(|| {
            let (queue, posts) = mpsc::channel(QUEUE_MAX);
            tokio::spawn(store_all(self.engine.clone(), self.clock.clone(), posts));
            queue
        })
    }

    /// Puts a receipt on its way to the next commit. One for which there is no room is as one that never came: somebody waits for the answer.
    fn store_soon(&self, receipt: RawReceipt, line: Option<OnLine>) -> Result<(), Problem> {
        self.count(receipt.integration, receipt.body.len())?;
        let (stored, _) = oneshot::channel();
        let id = receipt.integration;
        if self.queue().try_send(Post { receipt, line, stored }).is_err() {
            tracing::warn!(integration.id = %id, "more is told to integration {id} than can be stored; a step of a call was not");
        }
        Ok(())
    }

    /// Returns once the receipt is committed, together with those that came meanwhile.
    async fn store(&self, receipt: RawReceipt) -> Result<(), Problem> {
        self.store_step(receipt, None).await
    }

    /// Returns once a post is committed that may be a step of a call, together with those that came meanwhile.
    async fn store_step(&self, receipt: RawReceipt, line: Option<OnLine>) -> Result<(), Problem> {
        self.count(receipt.integration, receipt.body.len())?;
        let (stored, answer) = oneshot::channel();
        self.queue().send(Post { receipt, line, stored }).await.map_err(|_| not_now())?;
        if answer.await == Ok(true) { Ok(()) } else { Err(not_now()) }
    }
}

/// Stores what came, all that came during one commit with the next. Ends with the door.
async fn store_all(engine: Engine, clock: SharedClock, mut posts: mpsc::Receiver<Post>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while posts.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let lines = batch.iter().filter_map(|post: &Post| post.line).collect();
        let (receipts, waiting): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|post| (post.receipt, post.stored)).unzip();
        let count = receipts.len();
        let written = engine.work().store_posts(receipts, lines, clock.now()).await;
        match &written {
            Ok(new) => tracing::debug!(count, new, "stored {new} new receipts of {count} posts"),
            Err(error) => tracing::error!(
                count,
                "{count} posts could not be stored; their senders are asked to repeat them: {error}"
            ),
        }
        for stored in waiting {
            // Whoever has gone will post again.
            let _ = stored.send(written.is_ok());
        }
        if matches!(written, Ok(new) if new > 0) {
            engine.wake_receipts();
        }
    }
}

/// `POST /callbacks/{callback_key}`. The answer is 200 once the post is stored, whether or not it fits a message; 404
/// for an unknown address; 401 for a post that its provider did not sign, before a byte of it is parsed; 503, and never
/// 410, when it should come again.
///
/// `PUT` is the same: some providers can be set to it. A provider of calls that asks what to say is answered first ([`receive_below`]).
pub async fn receive(
    State(app): State<App>,
    Extension(callbacks): Extension<Arc<Callbacks>>,
    Path(address): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let known = callbacks.known(&app, &address).await?;
    let (parts, body) = request.into_parts();
    // A post without the header of its signature is refused before its body is read.
    if known.signed_in.is_some_and(|header| !parts.headers.contains_key(header)) {
        return Err(not_signed());
    }
    let declared =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > POST_BYTES_MAX) {
        return Err(Problem::too_large());
    }
    let raw = axum::body::to_bytes(body, POST_BYTES_MAX).await.map_err(|_| Problem::too_large())?;
    if known.account.voice().is_some() {
        return calls::take(&callbacks, &known, (&parts, &raw), "").await;
    }
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
    let post = Sent { raw: &raw, header: &header };
    let received = known.account.receive(&post).map_err(|_| not_signed())?;
    callbacks.store(receipt(&known, &raw, &received.dedupe_key)).await?;
    Ok(taken())
}

/// `GET /callbacks/{callback_key}`: some providers can be set to put the members into the query. The query is stored as
/// it came. The answer is 405 for providers that post.
pub async fn receive_query(
    State(app): State<App>,
    Extension(callbacks): Extension<Arc<Callbacks>>,
    Path(address): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let known = callbacks.known(&app, &address).await?;
    if known.account.voice().is_some() {
        let (parts, _) = request.into_parts();
        return calls::take(&callbacks, &known, (&parts, &Bytes::new()), "").await;
    }
    if !known.takes_query {
        let words = "Receipts are posted to this address.";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Not with GET", words));
    }
    // Without a query somebody only looks whether the address answers.
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let raw = Bytes::from(query);
        let post = Sent { raw: &raw, header: &|_| None };
        let received = known.account.receive(&post).map_err(|_| not_signed())?;
        callbacks.store(receipt(&known, &raw, &received.dedupe_key)).await?;
    }
    Ok(taken())
}

fn taken() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], r#"{"ok":true}"#).into_response()
}

/// What is stored. PostgreSQL keeps no zero character and no long key, and one post must not spoil a commit of many.
fn receipt(known: &Known, raw: &Bytes, dedupe_key: &str) -> RawReceipt {
    let key = dedupe_key.replace('\0', "\u{fffd}");
    let dedupe_key =
        if key.len() > KEY_BYTES_MAX { format!("sha256:{}", hex::encode(Sha256::digest(&key))) } else { key };
    RawReceipt {
        organization: known.organization,
        integration: known.id,
        dedupe_key,
        body: String::from_utf8_lossy(raw).replace('\0', "\u{fffd}"),
    }
}

fn not_signed() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not_signed",
        "Not signed",
        "The signature is missing or wrong. Enter the webhook's shared secret under Settings, Integrations.",
    )
}

fn not_now() -> Problem {
    let words = "This could not be stored now. Post it again.";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_stored", "Not stored", words);
    Problem { retry_after_s: Some(5), ..problem }
}

/// An address that cannot be looked up is not one that nobody has.
impl From<Lookup> for Problem {
    fn from(Lookup(error): Lookup) -> Problem {
        match error {
            StoreError::Missing => Problem::not_found(),
            other => {
                tracing::error!("a callback's account could not be looked up: {other}");
                not_now()
            }
        }
    }
}

/// A look-up that failed.
struct Lookup(StoreError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_a_ceiling_of_posts_for_each_minute() {
        let mut taken = Taken::default();
        for n in 0..POSTS_PER_MINUTE {
            assert!(taken.has_room(1, 100), "post {n}");
        }
        assert!(!taken.has_room(1, 100), "however small they are");
        assert!(taken.has_room(2, 100), "a new minute begins anew");
        assert!(!taken.has_room(2, BYTES_PER_MINUTE));
    }
}
