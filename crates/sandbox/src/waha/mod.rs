//! WAHA (`providers/src/waha/NOTES.md`): sessions, groups, posts, and the webhooks that tell of them.
//!
//! It starts with one linked session and the groups of [`sample_groups`](crate::samples::sample_groups). What WhatsApp does
//! afterwards is drawn from the general faults: `outcomes.failed` refuses a post with one of `outcomes.codes` (420, 429, 463, 479);
//! `outcomes.delivered` and `outcomes.read` are shares of members.

mod control;
mod face;
mod groups;
mod hooks;
mod messages;
mod sessions;

use serde::{Deserialize, Serialize};

use crate::devices::{Device, Devices};
use crate::faults::Amount;
use crate::network::{Group, Network};
use crate::samples;

pub use face::FACE;

/// The key that it is called with.
pub const DEFAULT_KEY: &str = "TEST-WAHA-KEY-NOT-REAL-000000001";
/// The session that it starts with.
pub const DEFAULT_SESSION: &str = "munadi";

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
}

impl Default for Config {
    fn default() -> Self {
        Config {
            key: DEFAULT_KEY.to_owned(),
            sessions: vec![Device::linked(DEFAULT_SESSION, samples::ACCOUNT)],
            groups: samples::sample_groups(),
        }
    }
}

/// Its habits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// WhatsApp wants a passkey of every phone that is linked.
    pub wants_passkey: bool,
    /// Share of members whose number WhatsApp hides, besides those that are marked.
    pub hidden: f64,
    /// It refuses to tell numbers of hidden ids.
    pub no_lids: bool,
    /// A send is refused at once with this code of WhatsApp's, in the words of WAHA.
    pub refuses: Amount,
    /// That code; 463 when absent.
    pub refuses_with: Option<u32>,
    /// The list of groups breaks off after its first page with `rate-overlimit`.
    pub list_overlimit: Amount,
    /// The list of groups leaves the last group out, without saying so.
    pub list_short: Amount,
    /// Ids of sent messages come as: 0 an object, 1 a text, 2 within `key`, as its engines differ.
    pub id_form: u8,
    /// A member's receipt of delivery says `SERVER`, as an older build did.
    pub server_for_device: bool,
}

impl Habits {
    pub(crate) fn lifelike() -> Habits {
        Habits::default()
    }
}

/// What it remembers.
#[derive(Debug)]
pub struct Waha {
    key: String,
    devices: Devices,
    network: Network,
}

impl Waha {
    pub(crate) fn new(config: Config) -> Waha {
        Waha { key: config.key, devices: Devices::new(config.sessions), network: Network::new(config.groups) }
    }

    pub(crate) fn reset(&self) {
        self.devices.reset();
        self.network.reset();
    }

    /// Its sessions.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// The groups and what was posted there.
    pub fn network(&self) -> &Network {
        &self.network
    }
}
