//! The ways out of the installation besides the providers: by e-mail, and by a signed post to an address.

mod mail;
pub mod webhook;

use std::time::Duration;

use providers::{Http, HttpSettings};

pub use mail::{Letter, Mailer};
pub use webhook::{Post, Secret};

use crate::config::Outgoing;

/// A webhook answers within this time.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// The ways out of the installation.
#[derive(Clone)]
pub struct Outbound {
    mailer: Option<Mailer>,
    hooks: Http,
    hosts: Vec<String>,
}

impl Outbound {
    /// The ways that the settings allow.
    ///
    /// # Errors
    /// When they cannot be used as they are.
    pub fn new(outgoing: &Outgoing) -> anyhow::Result<Outbound> {
        let hooks = Http::new(HttpSettings {
            total_timeout: WEBHOOK_TIMEOUT,
            idle_per_host_max: 1,
            allowed_hosts: outgoing.webhook_hosts.clone(),
            ..HttpSettings::default()
        })?;
        let mailer = outgoing.smtp.as_ref().map(Mailer::new).transpose()?;
        Ok(Outbound { mailer, hooks, hosts: outgoing.webhook_hosts.clone() })
    }

    /// The mail server; none where the settings name none.
    pub fn mailer(&self) -> Option<&Mailer> {
        self.mailer.as_ref()
    }

    /// The way of webhooks, which reaches no private address but those that the settings list.
    pub fn hooks(&self) -> &Http {
        &self.hooks
    }

    /// Whether there is a mail server.
    pub fn mails(&self) -> bool {
        self.mailer.is_some()
    }

    /// Whether alerts may be posted to that host by plain `http` and inside the own network.
    pub fn may_post_inside(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known == host)
    }
}
