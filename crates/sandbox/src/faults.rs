//! What goes wrong, how often, and the dice that decide it.
//!
//! Every decision is drawn from the seed, the name of the fault, the recipient and how often that
//! recipient was asked before. So a run can be repeated with the same seed even when requests
//! arrive in another order, which they do as soon as two are in flight.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::registry::Habits;

/// How often a fault happens: a share of all requests, or an exact run of them.
///
/// In JSON a plain number is a share (`0.1`), an object is a run (`{"after": 10, "next": 5}`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Share of requests, 0 (never) to 1 (always).
    Rate(f64),
    /// The `next` requests once `after` of them have passed untouched. Counted from the moment the
    /// faults were set.
    Run {
        /// The number of requests that pass first.
        #[serde(default)]
        after: u64,
        /// The number of requests that are hit afterwards.
        next: u64,
    },
}

impl Amount {
    /// Never happens.
    pub const NEVER: Amount = Amount::Rate(0.0);
    /// Happens every time.
    pub const ALWAYS: Amount = Amount::Rate(1.0);

    /// A run that starts with the very next request.
    pub fn next(next: u64) -> Amount {
        Amount::Run { after: 0, next }
    }
}

impl Default for Amount {
    fn default() -> Self {
        Amount::NEVER
    }
}

/// Everything that can be made to go wrong. The default is a vendor on a good day: it answers at
/// once, and every message is delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Time every answer takes, in milliseconds.
    pub latency_ms: u64,
    /// Added to `latency_ms`: a drawn time from 0 to this, in milliseconds.
    pub jitter_ms: u64,
    /// Connection cut before anything was recorded: the message does not exist.
    pub reset_before: Amount,
    /// Connection cut after the message was accepted: it exists, the sender does not hear so.
    pub reset_after: Amount,
    /// Accepted, and then silence for `stall_ms` before the answer.
    pub stall: Amount,
    /// Length of that silence, in milliseconds.
    pub stall_ms: u64,
    /// HTTP 429, and the message is not accepted.
    pub too_many: Amount,
    /// `Retry-After` on a 429, in seconds; none when absent.
    pub retry_after_s: Option<u64>,
    /// More calls than this within one second of the clock are answered 429.
    pub rate_per_second_max: Option<u64>,
    /// A JSON server error with `server_error_status`, and the message is not accepted.
    pub server_error: Amount,
    /// Status of a `server_error`; 500 when absent.
    pub server_error_status: Option<u16>,
    /// HTTP 502 with an HTML page, and the message is not accepted.
    pub bad_gateway: Amount,
    /// HTTP 502 with an HTML page although the message was accepted.
    pub bad_gateway_accepted: Amount,
    /// The wallet is emptied once this many messages were accepted. A top-up repairs it.
    pub no_credit_after: Option<u64>,
    /// The campaign in use is paused once this many messages were accepted. Setting it live repairs it.
    /// For SMS: the template in use is blacklisted at DLT.
    pub campaign_paused_after: Option<u64>,
    /// The key in use is disabled once this many messages were accepted.
    pub key_disabled_after: Option<u64>,
    /// What becomes of accepted messages.
    pub outcomes: Outcomes,
    /// How the vendor reports what became of them.
    pub receipts: Receipts,
    /// The habits of each vendor in particular.
    #[serde(flatten)]
    pub habits: Habits,
}

impl Faults {
    /// A vendor on a usual day, for demonstrations: a short delay, most messages delivered, half of
    /// those read, a few failures, receipts over the following seconds.
    pub fn lifelike() -> Faults {
        Faults {
            latency_ms: 40,
            jitter_ms: 80,
            outcomes: Outcomes {
                delivered: 0.95,
                read: 0.55,
                failed: 0.03,
                sent_after_ms: 200,
                delivered_after_ms: 900,
                read_after_ms: 4_000,
                spread_ms: 2_500,
                ..Outcomes::default()
            },
            habits: Habits::lifelike(),
            ..Faults::default()
        }
    }
}

/// What becomes of accepted messages. What is neither delivered nor failed is never heard of again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcomes {
    /// Whether a first report says that the message left the vendor.
    pub sent: bool,
    /// The share of messages that is delivered.
    pub delivered: f64,
    /// The share of the delivered messages that is also read.
    pub read: f64,
    /// The share of messages that fails after acceptance.
    pub failed: f64,
    /// The codes of such failures and their weights. Each vendor draws among the codes that it knows. Where it knows none of them, its
    /// habits decide.
    pub codes: BTreeMap<String, f64>,
    /// Numbers with this ending always fail with this code, whatever the shares say (not for SMS).
    pub code_by_ending: BTreeMap<String, String>,
    /// Time from acceptance to *sent*, in milliseconds.
    pub sent_after_ms: u64,
    /// Time from acceptance to *delivered* or *failed*, in milliseconds.
    pub delivered_after_ms: u64,
    /// Time from *delivered* to *read*, in milliseconds.
    pub read_after_ms: u64,
    /// Each message is later by a drawn time from 0 to this, in milliseconds.
    pub spread_ms: u64,
}

impl Default for Outcomes {
    fn default() -> Self {
        Outcomes {
            sent: true,
            delivered: 1.0,
            read: 0.0,
            failed: 0.0,
            codes: BTreeMap::new(),
            code_by_ending: BTreeMap::new(),
            sent_after_ms: 0,
            delivered_after_ms: 0,
            read_after_ms: 0,
            spread_ms: 0,
        }
    }
}

/// When receipts leave the vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptMode {
    /// Receipts leave as they become due.
    #[default]
    On,
    /// Receipts never leave. Messages still reach their end, and polling shows it.
    Off,
    /// Receipts are kept, and the outcome with them, until a flush asks for all of them.
    Held,
}

/// How the vendor reports outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Receipts {
    /// When receipts leave the vendor.
    pub mode: ReceiptMode,
    /// Every receipt is posted this much after the event it tells of, in milliseconds.
    pub late_ms: u64,
    /// Order is lost: every receipt is moved by a drawn time from 0 to this, in milliseconds.
    pub shuffle_ms: u64,
    /// Share that is posted a second time, with the same envelope id.
    pub duplicated: f64,
    /// Share of messages about which a third party posts a receipt with a wrong signature.
    pub forged: f64,
    /// Share that does not carry the id which the send call answered with.
    pub without_id: f64,
    /// Share of delivered messages that are reported failed afterwards.
    pub failed_after_delivered: f64,
    /// Share of messages that bring a receipt of a topic nobody documented.
    pub unknown_topic: f64,
    /// Share of bodies that are indented although the signature is over the compact form.
    pub indented: f64,
    /// Posts in flight at once. With 1 they keep their order.
    pub at_once: usize,
    /// A refused post is repeated after this time, in milliseconds. The vendor waits five minutes.
    pub retry_after_ms: u64,
    /// How often a refused post is repeated.
    pub retries: u32,
    /// More refused posts than this within twenty minutes suspend the subscription; 0 never does.
    pub suspend_after: usize,
}

impl Default for Receipts {
    fn default() -> Self {
        Receipts {
            mode: ReceiptMode::On,
            late_ms: 0,
            shuffle_ms: 0,
            duplicated: 0.0,
            forged: 0.0,
            without_id: 0.0,
            failed_after_delivered: 0.0,
            unknown_topic: 0.0,
            indented: 0.0,
            at_once: 1,
            retry_after_ms: 300_000,
            retries: 1,
            suspend_after: 100,
        }
    }
}

/// Dice that always fall the same way for the same seed and question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    seed: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance { seed }
    }

    /// All 64 bits for a question.
    pub(crate) fn bits(&self, what: &str, key: &str, nth: u64) -> u64 {
        // FNV-1a over the question, then splitmix64's finish: the standard library's hasher may
        // change between releases, and a seed has to mean the same next year.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ mix(self.seed);
        for byte in what.bytes().chain([0]).chain(key.bytes()).chain(nth.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        mix(hash)
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn unit(&self, what: &str, key: &str, nth: u64) -> f64 {
        (self.bits(what, key, nth) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given share.
    pub(crate) fn hits(&self, share: f64, what: &str, key: &str, nth: u64) -> bool {
        share > 0.0 && self.unit(what, key, nth) < share
    }

    /// A number from 0 to `max`.
    pub(crate) fn up_to(&self, max: u64, what: &str, key: &str, nth: u64) -> u64 {
        if max == 0 { 0 } else { self.bits(what, key, nth) % (max + 1) }
    }
}

/// The finish of splitmix64: every bit of the input moves every bit of the output.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The faults in force. They can be changed while requests are in flight.
#[derive(Debug)]
pub struct FaultBoard {
    now: RwLock<Arc<Faults>>,
    counts: Mutex<HashMap<&'static str, u64>>,
    accepted: AtomicU64,
    this_second: Mutex<(i64, u64)>,
    chance: Chance,
}

impl FaultBoard {
    pub(crate) fn new(faults: Faults, seed: u64) -> FaultBoard {
        FaultBoard {
            now: RwLock::new(Arc::new(faults)),
            counts: Mutex::default(),
            accepted: AtomicU64::new(0),
            this_second: Mutex::default(),
            chance: Chance::new(seed),
        }
    }

    /// The faults in force.
    pub fn get(&self) -> Arc<Faults> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces them. Runs and `…_after` counts start again from zero.
    pub fn set(&self, faults: Faults) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.accepted.store(0, Ordering::SeqCst);
        *now = Arc::new(faults);
    }

    /// Changes some of them; otherwise as [`FaultBoard::set`].
    pub fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = (*self.get()).clone();
        change(&mut faults);
        self.set(faults);
    }

    pub(crate) fn chance(&self) -> Chance {
        self.chance
    }

    /// Messages accepted since the faults were set.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn count_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a call and says whether it is one too many for its second.
    pub(crate) fn over_rate(&self, now: i64) -> bool {
        let Some(max) = self.get().rate_per_second_max else { return false };
        let second = now.div_euclid(1000);
        let mut this_second = self.this_second.lock().unwrap_or_else(PoisonError::into_inner);
        if this_second.0 != second {
            *this_second = (second, 0);
        }
        let over = this_second.1 >= max;
        this_second.1 += u64::from(!over);
        over
    }

    /// True the first time it is asked since the faults were set.
    pub(crate) fn once(&self, what: &'static str) -> bool {
        self.tick(what) == 0
    }

    /// Whether `what` happens to the `nth` request of `key`.
    pub(crate) fn strikes(&self, amount: Amount, what: &'static str, key: &str, nth: u64) -> bool {
        match amount {
            Amount::Rate(share) => self.chance.hits(share, what, key, nth),
            Amount::Run { after, next } => {
                let seen = self.tick(what);
                seen >= after && seen - after < next
            }
        }
    }

    fn tick(&self, what: &'static str) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(what).or_default();
        *count += 1;
        *count - 1
    }
}
