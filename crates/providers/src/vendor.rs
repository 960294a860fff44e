//! The description of a vendor, given once. Settings pages, cards, the doctor, configuration keys and their
//! documentation are made from it.

use std::collections::BTreeMap;

use domain::{
    call::CallAbilities,
    channel::{Channel, Tariff},
    money::Money,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    account::Account,
    codes::Meaning,
    field::{Field, FieldError},
    secret::Secret,
};

/// What a vendor is, in constants.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its word in the database, in configuration and in addresses.
    pub kind: &'static str,
    /// Its name, as people see it.
    pub name: &'static str,
    /// How it is introduced to people.
    pub introduction: Introduction,
    /// The channels that its accounts serve; never none.
    pub channels: &'static [Channel],
    /// Where it is. A member can never type an address: it would be a way into this server's network.
    pub base_urls: &'static [BaseUrl],
    /// What an account of it is set up with, in the order of the form.
    pub settings: &'static [Field],
    /// The fields of a template that only this vendor wants, besides those of the channel.
    pub template_fields: &'static [Field],
    /// An account of it with every credential can be asked which templates it has.
    pub lists_templates: bool,
    /// What has to be done once on its own pages.
    pub steps: &'static [SetUpStep],
    /// How it tells what became of messages.
    pub callback: CallbackSpec,
    /// Its codes: what each means and what comes next.
    pub meanings: &'static [Meaning],
    /// What a test of an account asks about; `None` asks for the account alone.
    pub question: Option<&'static Field>,
    /// The page of its own on which credit is bought; `None` where it has none, or none is known.
    pub top_up: Option<&'static str>,
}

/// A vendor: everything that the program knows of it before an account is opened.
pub trait Vendor: Sync {
    /// Its constants.
    fn about(&self) -> &'static About;
    /// [`About::kind`].
    fn kind(&self) -> &'static str {
        self.about().kind
    }
    /// [`About::name`].
    fn name(&self) -> &'static str {
        self.about().name
    }
    /// [`About::introduction`].
    fn introduction(&self) -> &'static Introduction {
        &self.about().introduction
    }
    /// [`About::channels`].
    fn channels(&self) -> &'static [Channel] {
        self.about().channels
    }
    /// [`About::base_urls`].
    fn base_urls(&self) -> &'static [BaseUrl] {
        self.about().base_urls
    }
    /// [`About::settings`].
    fn settings(&self) -> &'static [Field] {
        self.about().settings
    }
    /// [`About::template_fields`].
    fn template_fields(&self) -> &'static [Field] {
        self.about().template_fields
    }
    /// [`About::steps`].
    fn steps(&self) -> &'static [SetUpStep] {
        self.about().steps
    }
    /// [`About::callback`].
    fn callback(&self) -> &'static CallbackSpec {
        &self.about().callback
    }
    /// [`About::meanings`].
    fn meanings(&self) -> &'static [Meaning] {
        self.about().meanings
    }
    /// [`About::question`].
    fn question(&self) -> Option<&'static Field> {
        self.about().question
    }
    /// What stands before its own codes in ours, because its numbers would mean something else; empty for nothing.
    fn code_prefix(&self) -> &'static str {
        ""
    }
    /// [`About::top_up`], where its addresses are its own: a clone, or a stand-in, sells credit elsewhere.
    fn top_up(&self, urls: &Urls) -> Option<&'static str> {
        let own = self.base_urls().iter().all(|url| urls.get_or(url) == url.default);
        self.about().top_up.filter(|_| own)
    }
    /// What it can do with a call; `None` for a vendor that places none.
    fn calls(&self) -> Option<&'static CallAbilities> {
        None
    }
    /// Its usual price of one message or segment, before tax, in force until an organisation sets its own.
    fn list_price(&self, tariff: Tariff) -> Money;
    /// What no single field shows to be wrong.
    fn check(&self, _settings: &Value, _secrets: &Secrets) -> Vec<FieldError> {
        Vec::new()
    }
    /// An account that can be called.
    ///
    /// # Errors
    /// What is stored cannot be used, in words for people.
    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError>;
}

impl std::fmt::Debug for dyn Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

/// How a vendor is introduced to people.
#[derive(Clone, Copy, Debug)]
pub struct Introduction {
    /// Two letters that stand for it.
    pub letters: &'static str,
    /// The colour behind the letters.
    pub colour: Colour,
    /// One sentence for somebody who has no account yet.
    pub invitation: &'static str,
    /// The text above the form of a new account.
    pub about: &'static str,
    /// A name that an account could have.
    pub example: &'static str,
    /// The text under the button that tests an account; empty where a field says it.
    pub test: &'static str,
}

/// The colour behind a vendor's two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Violet.
    Violet,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Amber.
    Amber,
}

/// An address of a vendor, or the addresses of the operator's own servers, as this server's configuration has it.
#[derive(Clone, Copy, Debug)]
pub struct BaseUrl {
    /// The name in the configuration file; the flag and the environment variable are made from it.
    pub key: &'static str,
    /// The vendor's own; empty where [`BaseUrl::listed`].
    pub default: &'static str,
    /// What it is, for `--help` and the documentation.
    pub about: &'static str,
    /// The host lists the addresses of their own servers, with commas between them, and an account picks one
    /// ([`FieldKind::Base`](crate::field::FieldKind::Base)). None are listed at first. They may be called by plain `http` and
    /// inside the own network.
    pub listed: bool,
}

/// Something to do once on the vendor's own pages.
#[derive(Clone, Copy, Debug)]
pub struct SetUpStep {
    /// The step in a few words.
    pub title: &'static str,
    /// Where and how it is done.
    pub text: &'static str,
}

/// How a vendor reports what became of messages.
#[derive(Clone, Copy, Debug)]
pub struct CallbackSpec {
    /// What proves that a post comes from the vendor.
    pub proof: CallbackProof,
    /// Whether the vendor can be set to send everything in the query of a GET.
    pub takes_query: bool,
    /// Whether its reports say what a message cost.
    pub tells_cost: bool,
    /// What the reports are good for, and what happens without them.
    pub about: &'static [&'static str],
    /// Where the callback's address is entered at the vendor.
    pub enter: &'static str,
    /// What is chosen beside it: name, value, and a quiet word that may be empty.
    pub choose: &'static [(&'static str, &'static str, &'static str)],
    /// The topics that are ticked there.
    pub topics: &'static [&'static str],
}

/// What proves that a post comes from a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackProof {
    /// A signature, made with the secret of that key.
    Signed {
        /// The key of the secret among the account's fields.
        secret: &'static str,
        /// The header that carries the signature, in lower case.
        header: &'static str,
    },
    /// Nothing but the unguessable address.
    Address,
}

/// Why an account cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The secrets lack one that no call can do without, or cannot be read.
    #[error("The stored key cannot be read. Enter it again under Settings, Integrations.")]
    Secrets,
    /// The settings are not those of this vendor.
    #[error("The account's settings cannot be read: {0}")]
    Settings(String),
    /// The account picked an address that whoever runs this server does not list, or not any more; or there are
    /// several, and it picked none.
    #[error("The gateway of this account is not in the list of this server’s configuration ({0}).")]
    NotListed(&'static str),
    /// The configured address is none.
    #[error(transparent)]
    Address(#[from] crate::http::EndpointError),
}

/// An account's settings as its vendor reads them.
///
/// # Errors
/// When they are not the vendor's.
pub(crate) fn settings_of<T: DeserializeOwned>(settings: &Value) -> Result<T, OpenError> {
    serde_json::from_value(settings.clone()).map_err(|error| OpenError::Settings(error.to_string()))
}

/// The secrets of an account, by the keys of its fields.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Reads what [`to_json`](Secrets::to_json) wrote. A member that is null or empty is none.
    ///
    /// # Errors
    /// When it is no object of texts.
    pub fn from_json(plain: &str) -> Result<Secrets, OpenError> {
        let read: BTreeMap<String, Option<Secret>> =
            serde_json::from_str(plain).map_err(|_| OpenError::Secrets)?;
        let there = read.into_iter().filter_map(|(key, secret)| Some((key, secret?)));
        Ok(Secrets(there.filter(|(_, secret)| !secret.is_empty()).collect()))
    }

    /// The secrets in clear, to be sealed at once.
    pub fn to_json(&self) -> String {
        let clear = self.0.iter().map(|(key, secret)| (key.clone(), Value::from(secret.expose())));
        Value::Object(clear.collect()).to_string()
    }

    /// The secret of that key.
    pub fn get(&self, key: &str) -> Option<&Secret> {
        self.0.get(key)
    }

    /// The secret of that key, without which the account does not open.
    ///
    /// # Errors
    /// When there is none.
    pub fn required(&self, key: &str) -> Result<Secret, OpenError> {
        self.get(key).cloned().ok_or(OpenError::Secrets)
    }

    /// Puts a secret in place of another; an empty one takes it out.
    pub fn set(&mut self, key: &str, secret: Secret) {
        if secret.is_empty() {
            self.0.remove(key);
        } else {
            self.0.insert(key.to_owned(), secret);
        }
    }

    /// With this secret.
    #[must_use]
    pub fn with(mut self, key: &str, secret: &str) -> Secrets {
        self.set(key, Secret::new(secret));
        self
    }

    /// Takes a secret out.
    pub fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Last characters of each secret that is there, for recognition; a short one shows none.
    pub fn hints(&self) -> Value {
        let hints: Map<String, Value> =
            self.0.iter().map(|(key, secret)| (key.clone(), Value::from(secret.hint()))).collect();
        Value::Object(hints)
    }
}

/// Where vendors are, by the keys of their addresses. One that is not set is the vendor's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urls(BTreeMap<String, String>);

impl Urls {
    /// The address of that key; the vendor's own where no other was set.
    pub fn get(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(url) => url,
            None => crate::registry::base_url(key).map_or("", |url| url.default),
        }
    }

    /// The address that a vendor describes; its own where no other was set.
    pub fn get_or<'u>(&'u self, url: &BaseUrl) -> &'u str {
        self.0.get(url.key).map_or(url.default, String::as_str)
    }

    /// The addresses that are listed under that key, in their order.
    pub fn listed(&self, key: &str) -> Vec<&str> {
        let each = self.get(key).split(',').map(|url| url.trim().trim_end_matches('/'));
        each.filter(|url| !url.is_empty()).collect()
    }

    /// The listed address that an account picked; the only one where it picked none.
    ///
    /// # Errors
    /// [`OpenError::NotListed`]
    pub fn picked(&self, key: &'static str, picked: &str) -> Result<&str, OpenError> {
        let listed = self.listed(key);
        let found = match (picked.trim().trim_end_matches('/'), listed.as_slice()) {
            ("", [only]) => Some(*only),
            ("", _) => None,
            (picked, all) => all.iter().copied().find(|url| *url == picked),
        };
        found.ok_or(OpenError::NotListed(key))
    }

    /// Hosts of all that is listed, in lower case: they may be called wherever they lie.
    pub fn listed_hosts(&self) -> Vec<String> {
        let keys = crate::registry::base_urls().filter(|url| url.listed);
        let listed = keys.flat_map(|url| self.listed(url.key));
        listed.filter_map(|url| Some(crate::http::Endpoint::parse(url).ok()?.host().to_owned())).collect()
    }

    /// Sets an address. The vendor's own is the same as none.
    pub fn set(&mut self, key: &str, url: &str) {
        let url = url.trim_end_matches('/');
        if crate::registry::base_url(key).is_some_and(|known| known.default == url) {
            self.0.remove(key);
        } else {
            self.0.insert(key.to_owned(), url.to_owned());
        }
    }

    /// With that address.
    #[must_use]
    pub fn with(mut self, key: &str, url: &str) -> Urls {
        self.set(key, url);
        self
    }

    /// Every address at this one: for a stand-in that answers everything alike.
    pub fn all_at(url: &str) -> Urls {
        let keys = crate::registry::base_urls();
        Urls(keys.map(|known| (known.key.to_owned(), url.to_owned())).collect())
    }

    /// Keys and addresses, all of them.
    pub fn all(&self) -> Vec<(&'static str, &str)> {
        crate::registry::base_urls().map(|known| (known.key, self.get(known.key))).collect()
    }

    /// Keys of the vendors' addresses that stand on this machine: a stand-in, which may be called without TLS. A server
    /// of the operator's own that is listed is none.
    pub fn local(&self) -> Vec<&'static str> {
        let hosts = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let is_local = |url: &str| hosts.iter().any(|host| url.starts_with(host));
        let own = |key: &str| crate::registry::base_url(key).is_some_and(|url| url.listed);
        self.all().into_iter().filter(|(key, url)| is_local(url) && !own(key)).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_called_without_tls() {
        assert_eq!(Urls::default().local(), [""; 0]);
        let local = Urls::all_at("http://127.0.0.1:9/x");
        assert_eq!(local.local().len(), crate::registry::base_urls().filter(|url| !url.listed).count());
        for (key, url) in Urls::default().all() {
            let evil = Urls::default().with(key, "http://127.0.0.1.evil.example/");
            assert!(evil.local().is_empty(), "{key}");
            assert_eq!(
                Urls::default().with(key, &format!("{url}/")),
                Urls::default(),
                "the vendor's own is none"
            );
        }
    }
}
