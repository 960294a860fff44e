//! Opens provider accounts: secrets from the seal, addresses from this server's configuration only.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::ids::{IntegrationId, OrganizationId};
use engine::Accounts;
use providers::{Account, Secrets, Urls, registry};
use store::integrations::{Account as Stored, Integration};

use crate::seal::KeyRing;

/// What secrets of an integration are bound to: sealed for one, they open for no other.
pub fn seal_binding(organization: OrganizationId, integration: IntegrationId) -> String {
    format!("integration {integration} of {organization}")
}

/// Opens accounts with this installation's keys.
#[derive(Clone, Debug)]
pub struct OpenAccounts {
    keys: KeyRing,
    urls: Urls,
    /// Where this program is reached, without a slash at its end.
    public_url: String,
}

impl OpenAccounts {
    /// With these keys, at these addresses; told and asked at the public address.
    pub fn new(keys: KeyRing, urls: Urls, public_url: &str) -> OpenAccounts {
        OpenAccounts { keys, urls, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// An account as a page has it, ready to be called.
    pub fn open_integration(&self, integration: &Integration) -> Result<Box<dyn Account>, String> {
        self.open(&Stored {
            id: integration.id,
            organization: integration.organization,
            kind: integration.kind.clone(),
            settings: integration.settings.clone(),
            sealed: integration.sealed.clone(),
        })
    }

    /// The secrets of an account; `None` when they cannot be opened, so that each must be entered again.
    pub fn secrets(&self, integration: &Integration) -> Option<Secrets> {
        let binding = seal_binding(integration.organization, integration.id);
        let plain = self.keys.open_sealed(&integration.sealed, &binding).ok()?;
        Secrets::from_json(&plain).ok()
    }
}

impl Accounts for OpenAccounts {
    fn open(&self, account: &Stored) -> Result<Box<dyn Account>, String> {
        let binding = seal_binding(account.organization, account.id);
        let plain = self.keys.open_sealed(&account.sealed, &binding).map_err(|error| {
            format!("The stored key cannot be opened ({error}). Enter it again under Settings, Integrations.")
        })?;
        let vendor = registry::vendor(&account.kind)
            .ok_or_else(|| format!("This version does not know accounts of the kind “{}”.", account.kind))?;
        let secrets = Secrets::from_json(&plain).map_err(|error| error.to_string())?;
        vendor.open(&account.settings, &secrets, &self.urls).map_err(|error| error.to_string())
    }

    fn callback(&self, key: &str) -> String {
        format!("{}/callbacks/{key}", self.public_url)
    }

    fn whole(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Millis;

    #[test]
    fn secrets_sealed_for_one_account_open_for_no_other() {
        let keys = KeyRing::generate();
        let (organization, id) = (OrganizationId::new(Millis(1)), IntegrationId::new(Millis(1)));
        let open =
            OpenAccounts::new(keys.clone(), Urls::all_at("https://vendor.example"), "https://notify.example");
        for vendor in registry::VENDORS {
            let sample = sandbox::registry::face(vendor.kind()).expect("a stand-in").account();
            let secrets = sample
                .secrets
                .iter()
                .fold(Secrets::default(), |secrets, (key, secret)| secrets.with(key, secret.as_str()));
            let sealed = keys.seal(&secrets.to_json(), &seal_binding(organization, id));
            let stored = |id| Stored {
                id,
                organization,
                kind: vendor.kind().into(),
                settings: sample.settings.clone(),
                sealed: sealed.clone(),
            };
            assert!(open.open(&stored(id)).is_ok(), "{}", vendor.kind());
            assert!(open.open(&stored(IntegrationId::new(Millis(2)))).is_err(), "{}", vendor.kind());
        }
    }
}

/// Counts how often an account's secrets were replaced or an account was removed in this process: whoever keeps accounts open for a while
/// lets them go when it has moved.
#[derive(Debug, Default)]
pub struct AccountChanges(AtomicU64);

impl AccountChanges {
    /// An account was changed or removed.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// The number of changes so far.
    pub fn so_far(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}
