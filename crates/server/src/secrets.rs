//! All sealed secrets of the installation together: which of them open, and sealing them anew under the newest key.

use std::path::Path;

use store::{Store, StoreError, integrations::Account};

use crate::{
    accounts::seal_binding,
    seal::{KeyRing, SealError},
};

/// An account whose secrets do not open with this key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// What people know it by: kind and id.
    pub account: String,
    /// Why its secrets do not open.
    pub error: SealError,
}

impl std::fmt::Display for Unopened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.account, self.error)
    }
}

/// Accounts with secrets, and those of them that do not open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedSecrets {
    /// The number of accounts that hold secrets.
    pub accounts: usize,
    /// The accounts whose secrets cannot be opened.
    pub unopened: Vec<Unopened>,
}

impl OpenedSecrets {
    /// Why a process does not start with this key file.
    pub fn refusal(&self, key_file: &Path) -> String {
        let first = self.unopened.first().map(ToString::to_string).unwrap_or_default();
        format!(
            "{} of {} accounts do not open with the key file {} ({first}); \
             use the key file of the machine that was set up first, or the one of a backup; if it is lost for good, see munadi new-keys",
            self.unopened.len(),
            self.accounts,
            key_file.display()
        )
    }
}

/// Tries every account's secrets.
pub async fn try_all(store: &Store, keys: &KeyRing) -> Result<OpenedSecrets, StoreError> {
    let mut opened = OpenedSecrets::default();
    for account in sealed(store).await? {
        opened.accounts += 1;
        if let Err(error) = keys.open_sealed(&account.sealed, &binding(&account)) {
            opened.unopened.push(Unopened { account: name(&account), error });
        }
    }
    Ok(opened)
}

/// What sealing anew did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Accounts that are now under the newest key and were not before.
    pub changed: usize,
    /// Accounts that were under it already.
    pub kept: usize,
    /// Accounts that no key opens; left as they were.
    pub unopened: Vec<Unopened>,
}

/// Whether an account is sealed under another key than the newest: a rotation began and did not end.
pub async fn any_under_an_older_key(store: &Store, keys: &KeyRing) -> Result<bool, StoreError> {
    Ok(sealed(store).await?.iter().any(|account| !is_newest(account, keys)))
}

/// Seals every account's secrets under the newest key. May be repeated after a crash: what is done stays done.
pub async fn reseal_all(store: &Store, keys: &KeyRing) -> Result<Resealed, StoreError> {
    let mut done = Resealed::default();
    for account in sealed(store).await? {
        if is_newest(&account, keys) {
            done.kept += 1;
            continue;
        }
        let binding = binding(&account);
        match keys.open_sealed(&account.sealed, &binding) {
            Ok(plain) => {
                store.reseal(account.id, &account.sealed, &keys.seal(&plain, &binding)).await?;
                done.changed += 1;
            }
            Err(error) => done.unopened.push(Unopened { account: name(&account), error }),
        }
    }
    Ok(done)
}

async fn sealed(store: &Store) -> Result<Vec<Account>, StoreError> {
    let accounts = store.sealed_secrets().await?;
    Ok(accounts.into_iter().filter(|account| !account.sealed.is_empty()).collect())
}

fn is_newest(account: &Account, keys: &KeyRing) -> bool {
    KeyRing::sealed_under(&account.sealed) == Some(keys.newest())
}

fn binding(account: &Account) -> String {
    seal_binding(account.organization, account.id)
}

fn name(account: &Account) -> String {
    format!("{} account {}", account.kind, account.id)
}
