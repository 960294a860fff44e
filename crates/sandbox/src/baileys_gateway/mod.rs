//! The gateway of the former application (`providers/src/baileys_gateway/NOTES.md`): twelve calls, six callbacks, and on demand the
//! faults that its users suffered from.

mod calls;
mod control;
mod face;
mod hooks;

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::devices::{Device, Devices};
use crate::faults::Amount;
use crate::network::{Group, Network};
use crate::samples;

pub use face::FACE;

/// The key that it is called with.
pub const DEFAULT_KEY: &str = "TEST-VPS-KEY-NOT-REAL-0000000001";
/// The session that it starts with.
pub const DEFAULT_SESSION: &str = "wa_munadi";

/// The configuration of the gateway's stand-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The key of the whole server.
    pub key: String,
    /// The sessions, one for each account.
    pub sessions: Vec<Device>,
    /// The groups that exist on WhatsApp.
    pub groups: Vec<Group>,
    /// The addresses that its callbacks go to.
    pub callbacks: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            key: DEFAULT_KEY.to_owned(),
            sessions: vec![Device::linked(DEFAULT_SESSION, samples::ACCOUNT)],
            groups: samples::sample_groups(),
            callbacks: Vec::new(),
        }
    }
}

/// Its habits, the old faults among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// `/send` answers in the older, synchronous form with the message's id.
    pub sync_answers: bool,
    /// `/send` says `accepted` although the session is down, and nothing is posted: “sent though not”.
    pub accepts_when_down: bool,
    /// Share of results of posts that are never told.
    pub loses_results: f64,
    /// Share of receipts that carry no number.
    pub nameless: f64,
    /// Share of receipts that carry a hidden id in the place of the number.
    pub by_lid: f64,
    /// A join is told twice, as two linked accounts in one group would.
    pub tells_joins_twice: bool,
    /// The list of groups fails.
    pub list_fails: Amount,
    /// The list of groups is empty, without an error.
    pub list_empty: Amount,
}

impl Habits {
    pub(crate) fn lifelike() -> Habits {
        Habits::default()
    }
}

/// What it remembers.
#[derive(Debug)]
pub struct BaileysGateway {
    key: String,
    devices: Devices,
    network: Network,
    callbacks: Mutex<Vec<String>>,
    /// Posts before this one are forgotten: the last restart, in milliseconds UTC.
    restarted_at: Mutex<i64>,
}

impl BaileysGateway {
    pub(crate) fn new(config: Config) -> BaileysGateway {
        BaileysGateway {
            key: config.key,
            devices: Devices::new(config.sessions),
            network: Network::new(config.groups),
            callbacks: Mutex::new(config.callbacks),
            restarted_at: Mutex::new(i64::MIN),
        }
    }

    pub(crate) fn reset(&self) {
        self.devices.reset();
        self.network.reset();
        *self.restarted_at.lock().unwrap_or_else(PoisonError::into_inner) = i64::MIN;
    }

    /// Its sessions.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// The groups and what was posted there.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where its callbacks go.
    pub fn set_callbacks(&self, urls: Vec<String>) {
        *self.callbacks.lock().unwrap_or_else(PoisonError::into_inner) = urls;
    }

    fn callbacks(&self) -> Vec<String> {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn restarted_at(&self) -> i64 {
        *self.restarted_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is started anew and forgets which message went to which group last.
    pub fn restart(&self, now: i64) {
        *self.restarted_at.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
