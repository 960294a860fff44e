//! Evolution API v2 (`providers/src/evolution/NOTES.md`): instances, groups, posts, and webhooks that never tell who got a post.

mod control;
mod face;
mod groups;
mod hooks;
mod instances;
mod messages;

use serde::{Deserialize, Serialize};

use crate::devices::{Device, Devices};
use crate::faults::Amount;
use crate::network::{Group, Network};
use crate::samples;

pub use face::FACE;

/// The key of the whole server.
pub const DEFAULT_KEY: &str = "TEST-EVOLUTION-KEY-NOT-REAL-0001";
/// The instance that it starts with.
pub const DEFAULT_INSTANCE: &str = "munadi";

/// The configuration of the gateway's stand-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The key of the whole server.
    pub key: String,
    /// The instances, one for each account.
    pub instances: Vec<Device>,
    /// The groups that exist on WhatsApp.
    pub groups: Vec<Group>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            key: DEFAULT_KEY.to_owned(),
            instances: vec![Device::linked(DEFAULT_INSTANCE, samples::ACCOUNT)],
            groups: samples::sample_groups(),
        }
    }
}

/// Its habits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// WhatsApp wants a passkey, which it cannot do: linking stays as it is and ends as `refused`.
    pub wants_passkey: bool,
    /// Questions about groups are refused with `rate-overlimit`.
    pub overlimit: Amount,
    /// A post is refused with these words and 400.
    pub refuses: Amount,
    /// Those words; `Error: Connection Closed` when absent.
    pub refuses_with: Option<String>,
    /// Share of refusals that are told before the gateway stored the message, and so are lost.
    pub loses_refusals: f64,
}

impl Habits {
    pub(crate) fn lifelike() -> Habits {
        Habits::default()
    }
}

/// What it remembers.
#[derive(Debug)]
pub struct Evolution {
    key: String,
    devices: Devices,
    network: Network,
}

impl Evolution {
    pub(crate) fn new(config: Config) -> Evolution {
        Evolution {
            key: config.key,
            devices: Devices::new(config.instances),
            network: Network::new(config.groups),
        }
    }

    pub(crate) fn reset(&self) {
        self.devices.reset();
        self.network.reset();
    }

    /// Its instances.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// The groups and what was posted there.
    pub fn network(&self) -> &Network {
        &self.network
    }
}
