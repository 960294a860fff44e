//! Opens provider accounts: secrets from the seal, addresses from this server's configuration only.

use domain::ids::{IntegrationId, OrganizationId};
use engine::Accounts;
use providers::{
    Account, AisensyAccount, AisensySecrets, AisensySettings, Fast2smsAccount, Fast2smsSecrets,
    Fast2smsSettings,
};
use serde::de::DeserializeOwned;
use store::integrations::{Account as Stored, Integration};

use crate::seal::KeyRing;

/// An account of AiSensy, as the store knows its kind.
pub const AISENSY: &str = "aisensy";
/// An account of Fast2SMS, as the store knows its kind.
pub const FAST2SMS: &str = "fast2sms";

/// Where providers are. A member can never type an address: it would be a way into this server's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrls {
    /// Base of AiSensy's campaign interface (providers/aisensy.md §1); resellers have others.
    pub aisensy: String,
    /// Base of AiSensy's project interface.
    pub aisensy_project: String,
    /// Base of Fast2SMS's interface (providers/fast2sms.md §1); clones of it have others.
    pub fast2sms: String,
}

impl Default for ProviderUrls {
    fn default() -> Self {
        let settings = AisensySettings::default();
        ProviderUrls {
            aisensy: settings.base_url,
            aisensy_project: settings.project_base_url,
            fast2sms: Fast2smsSettings::default().base_url,
        }
    }
}

impl ProviderUrls {
    /// Whether one of them stands on this machine: a stand-in, which may be called without TLS.
    pub fn any_local(&self) -> bool {
        [&self.aisensy, &self.aisensy_project, &self.fast2sms].iter().any(|url| {
            ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"]
                .iter()
                .any(|host| url.starts_with(host))
        })
    }
}

/// What secrets of an integration are bound to: sealed for one, they open for no other.
pub fn seal_binding(organization: OrganizationId, integration: IntegrationId) -> String {
    format!("integration {integration} of {organization}")
}

/// Opens accounts with this installation's keys.
#[derive(Clone, Debug)]
pub struct OpenAccounts {
    keys: KeyRing,
    urls: ProviderUrls,
}

impl OpenAccounts {
    /// With these keys, at these addresses.
    pub fn new(keys: KeyRing, urls: ProviderUrls) -> OpenAccounts {
        OpenAccounts { keys, urls }
    }

    /// An account as a page has it, ready to be called.
    pub fn open_integration(&self, integration: &Integration) -> Result<Account, String> {
        self.open(&Stored {
            id: integration.id,
            organization: integration.organization,
            kind: integration.kind.clone(),
            settings: integration.settings.clone(),
            sealed: integration.sealed.clone(),
        })
    }
}

impl Accounts for OpenAccounts {
    fn open(&self, account: &Stored) -> Result<Account, String> {
        let binding = seal_binding(account.organization, account.id);
        let plain = self.keys.open_sealed(&account.sealed, &binding).map_err(|error| {
            format!("The stored key cannot be opened ({error}). Enter it again under Settings, Integrations.")
        })?;
        match account.kind.as_str() {
            AISENSY => {
                let secrets: AisensySecrets = read_secrets(&plain)?;
                let settings: AisensySettings = read_settings(account)?;
                let settings = AisensySettings {
                    base_url: self.urls.aisensy.clone(),
                    project_base_url: self.urls.aisensy_project.clone(),
                    ..settings
                };
                AisensyAccount::new(&settings, secrets)
                    .map(Account::Aisensy)
                    .map_err(|error| error.to_string())
            }
            FAST2SMS => {
                let secrets: Fast2smsSecrets = read_secrets(&plain)?;
                let settings: Fast2smsSettings = read_settings(account)?;
                let settings = Fast2smsSettings { base_url: self.urls.fast2sms.clone(), ..settings };
                Fast2smsAccount::new(&settings, secrets)
                    .map(Account::Fast2sms)
                    .map_err(|error| error.to_string())
            }
            other => Err(format!("This version does not know accounts of the kind “{other}”.")),
        }
    }
}

fn read_secrets<T: DeserializeOwned>(plain: &str) -> Result<T, String> {
    serde_json::from_str(plain)
        .map_err(|_| "The stored key cannot be read. Enter it again under Settings, Integrations.".to_owned())
}

fn read_settings<T: DeserializeOwned>(account: &Stored) -> Result<T, String> {
    serde_json::from_value(account.settings.clone())
        .map_err(|error| format!("The account's settings cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Millis;
    use providers::Secret;

    #[test]
    fn secrets_sealed_for_one_account_open_for_no_other() {
        let keys = KeyRing::generate();
        let (organization, id) = (OrganizationId::new(Millis(1)), IntegrationId::new(Millis(1)));
        let secrets =
            AisensySecrets { api_key: Secret::new("TEST"), project_password: None, webhook_secret: None };
        let sealed = keys.seal(&secrets.to_json(), &seal_binding(organization, id));
        let open = OpenAccounts::new(keys, ProviderUrls::default());
        let stored = |id| Stored {
            id,
            organization,
            kind: "aisensy".into(),
            settings: serde_json::json!({}),
            sealed: sealed.clone(),
        };
        assert!(open.open(&stored(id)).is_ok());
        assert!(open.open(&stored(IntegrationId::new(Millis(2)))).is_err());
    }

    #[test]
    fn only_this_machine_may_be_called_without_tls() {
        let local = ProviderUrls {
            aisensy: "http://127.0.0.1:9/x".into(),
            aisensy_project: "http://127.0.0.1:9/y".into(),
            fast2sms: "http://127.0.0.1:9/dev".into(),
        };
        assert!(local.any_local());
        assert!(!ProviderUrls::default().any_local());
        let evil = "http://127.0.0.1.evil.example/".to_owned();
        assert!(!ProviderUrls { aisensy: evil, ..ProviderUrls::default() }.any_local());
    }
}
