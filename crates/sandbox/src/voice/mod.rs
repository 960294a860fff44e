//! Providers of calls, and the phones that they ring. One network of telephones serves all providers. Whether somebody
//! picks up, presses a key or hangs up is a habit of the phone; what a provider asks and tells is in the provider's
//! module.

mod alarm;
mod control;
pub mod exotel;
mod faces;
pub mod knowlarity;
pub mod kookoo;
pub mod myoperator;
mod network;
mod talk;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use serde::{Deserialize, Serialize};

use crate::Shared;

pub use exotel::Exotel;
pub use faces::{EXOTEL, KNOWLARITY, MYOPERATOR, OZONETEL};
pub use knowlarity::Knowlarity;
pub use kookoo::KooKoo;
pub use myoperator::MyOperator;
pub use network::{Ended, Placed};

/// The configuration of the telephones and of the providers' accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What a phone does when it rings.
    pub callee: Callee,
    /// What the phones with this ending of the number do instead.
    pub by_ending: BTreeMap<String, Callee>,
    /// Numbers with one of these endings are on the do-not-disturb register.
    pub dnd_endings: BTreeSet<String>,
    /// What goes wrong with the providers' requests and reports.
    pub chaos: Chaos,
    /// Exotel's account.
    pub exotel: Exotel,
    /// KooKoo's account.
    pub kookoo: KooKoo,
    /// MyOperator's account.
    pub myoperator: MyOperator,
    /// Knowlarity's account.
    pub knowlarity: Knowlarity,
}

/// What somebody does whose phone rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Callee {
    /// Seconds until the call is picked up; without meaning where it is not.
    pub answers_after_s: u32,
    /// What they do with the call.
    pub does: Does,
}

impl Default for Callee {
    fn default() -> Callee {
        Callee { answers_after_s: 8, does: Does::Presses { key: '1', after_s: 2 } }
    }
}

impl Callee {
    /// Somebody who does that after eight seconds of ringing.
    pub fn who(does: Does) -> Callee {
        Callee { does, ..Callee::default() }
    }
}

/// What somebody does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Picks up and presses a key some seconds after the question, if it is waited for so long.
    Presses {
        /// The key that is pressed.
        key: char,
        /// The seconds between the question and the key.
        after_s: u32,
    },
    /// Picks up, presses nothing and listens to the end.
    Listens,
    /// Picks up and hangs up so many seconds later.
    HangsUp {
        /// The seconds between picking up and hanging up.
        after_s: u32,
    },
    /// The line is busy.
    Busy,
    /// Nobody picks up.
    NoAnswer,
    /// The phone is off or out of reach.
    Unreachable,
    /// A voicemail picks up and listens to the end.
    Voicemail,
}

/// What goes wrong with what providers ask and tell. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Share of reports that never come.
    pub lose_reports: f64,
    /// Share of reports that come twice.
    pub repeat_reports: f64,
    /// Share of reports that come after all others.
    pub late_reports: f64,
    /// How late these reports come, in milliseconds.
    pub late_ms: i64,
    /// Share of requests for the next words that are made twice.
    pub repeat_steps: f64,
    /// Share of requests that tell a key and never come; the call goes on without.
    pub lose_keys: f64,
    /// Share of heard calls that are reported as missed, where a provider is known for it.
    pub call_heard_missed: f64,
    /// How the bodies of reports are written; `None` leaves it to the provider.
    pub body: Option<BodyForm>,
    /// Times of what did not happen are written as the beginning of 1970.
    pub times_of_1970: bool,
    /// Reports carry only the members that are always there.
    pub bare_reports: bool,
    /// Share of reports that are broken JSON.
    pub broken_reports: f64,
}

impl Default for Chaos {
    fn default() -> Chaos {
        Chaos {
            lose_reports: 0.0,
            repeat_reports: 0.0,
            late_reports: 0.0,
            late_ms: 60_000,
            repeat_steps: 0.0,
            lose_keys: 0.0,
            call_heard_missed: 0.0,
            body: None,
            times_of_1970: true,
            bare_reports: false,
            broken_reports: 0.0,
        }
    }
}

/// The form of a report's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyForm {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// In the query of a GET.
    Query,
}

/// All providers of calls and the phones behind them.
pub struct Telephones {
    start: Config,
    config: Mutex<Arc<Config>>,
    network: network::Network,
    alarm: alarm::Alarm,
    client: reqwest::Client,
    orders: Mutex<Vec<knowlarity::Order>>,
    references: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Telephones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telephones").finish_non_exhaustive()
    }
}

impl Telephones {
    pub(crate) fn new(config: Config, by_hand: bool) -> Result<Telephones, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(talk::PATIENCE).no_proxy().build()?;
        Ok(Telephones {
            config: Mutex::new(Arc::new(config.clone())),
            start: config,
            network: network::Network::default(),
            alarm: alarm::Alarm::new(by_hand),
            client,
            orders: Mutex::default(),
            references: Mutex::default(),
        })
    }

    pub(crate) fn reset(&self) {
        self.set(self.start.clone());
        self.network.reset();
        lock(&self.orders).clear();
        lock(&self.references).clear();
    }

    /// What is in force.
    pub fn get(&self) -> Arc<Config> {
        lock(&self.config).clone()
    }

    /// Puts another in force; calls under way go by it too.
    pub fn set(&self, config: Config) {
        *lock(&self.config) = Arc::new(config);
    }

    /// Changes some of it.
    pub fn change(&self, change: impl FnOnce(&mut Config)) {
        let mut config = (*self.get()).clone();
        change(&mut config);
        self.set(config);
    }

    /// Every call that was placed, in order.
    pub fn calls(&self) -> Vec<Placed> {
        self.network.all()
    }

    /// The calls to one phone, digits with country code, in order.
    pub fn calls_to(&self, phone: u64) -> Vec<Placed> {
        self.network.all().into_iter().filter(|call| call.phone == phone).collect()
    }

    /// Calls that are not over.
    pub fn under_way(&self) -> usize {
        self.network.under_way()
    }

    /// Most calls that rang or talked at once.
    pub fn most_at_once(&self) -> usize {
        self.network.most_at_once()
    }

    /// Most calls that were placed within one minute of the clock.
    pub fn busiest_minute(&self) -> usize {
        self.network.busiest_minute()
    }

    /// The longest that we were waited for by somebody at the ear, in real milliseconds.
    pub fn longest_wait_ms(&self) -> u64 {
        self.network.waits_ms().into_iter().max().unwrap_or(0)
    }

    /// How long somebody at the ear waited for each of the program's answers, in the order in which they came,
    /// milliseconds.
    pub fn waits_ms(&self) -> Vec<u64> {
        self.network.waits_ms()
    }

    /// Lets calls go on to the present instant; how many of them had something to do.
    pub(crate) async fn catch_up(&self, shared: &Shared) -> usize {
        self.alarm.catch_up(shared).await
    }

    /// When the next call has something to do.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.alarm.next_due()
    }

    /// What that phone does when it rings.
    fn callee(&self, phone: u64) -> Callee {
        let (config, digits) = (self.get(), phone.to_string());
        let own = config.by_ending.iter().filter(|(ending, _)| digits.ends_with(ending.as_str()));
        own.max_by_key(|(ending, _)| ending.len()).map_or(config.callee, |(_, callee)| *callee)
    }

    /// Whether that number is on the register.
    fn is_dnd(&self, phone: u64) -> bool {
        let digits = phone.to_string();
        self.get().dnd_endings.iter().any(|ending| digits.ends_with(ending.as_str()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The corner of the telephones under `/sandbox`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    control::routes()
}
