//! The account that would send: opened, with what it tells about itself.

use std::sync::Arc;

use domain::{money::Money, template::Message, time::Millis};
use providers::{Account, AccountStanding, Status, registry};
use store::integrations::{Account as Stored, Integration};

use crate::{
    Composer,
    answer_cache::{self, Wait},
};

/// Opens an account's sealed secrets and says where its provider is. The server knows keys and addresses; who calls
/// this does not.
pub trait Accounts: Send + Sync + 'static {
    /// The account, ready to be called; or why it is not, in words for people.
    fn open(&self, account: &Stored) -> Result<Box<dyn Account>, String>;

    /// The whole address at which the account with that key is told and asked; empty where nobody can reach this
    /// program.
    fn callback(&self, _key: &str) -> String {
        String::new()
    }

    /// The whole address of a path of this program.
    fn whole(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// An account, opened, with what it tells about itself.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Ready to be called; or why it is not, in words for people.
    pub account: Result<Arc<dyn Account>, String>,
    /// `None` when it has not answered yet.
    pub status: Option<Status>,
}

impl Composer {
    /// Opens an account, and asks nobody.
    pub(crate) fn unseal(&self, of: &Integration) -> Result<Arc<dyn Account>, String> {
        let stored = Stored {
            id: of.id,
            organization: of.organization,
            kind: of.kind.clone(),
            settings: of.settings.clone(),
            sealed: of.sealed.clone(),
        };
        self.accounts.open(&stored).map(Arc::from)
    }

    /// Opens an account and asks it about itself, as far as `wait` allows.
    pub async fn open(&self, of: &Integration, wait: Wait) -> Opened {
        let account = self.unseal(of);
        let status = match &account {
            Ok(account) => answer_cache::status(self, of, account, wait).await,
            Err(_) => None,
        };
        Opened { account, status }
    }
}

/// The state of an account, the same wherever the account is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// The secrets cannot be opened: the installation has other keys.
    KeyNeeded,
    /// A member stopped the account.
    Stopped {
        /// The member who stopped it, by name.
        by: String,
        /// The moment at which it was stopped.
        at: Millis,
    },
    /// The vendor or the circuit breaker holds the account back.
    HeldBack {
        /// The moment until which it is held back.
        until: Millis,
    },
    /// The vendor was never asked about the account.
    NotTested,
    /// The wallet holds less than what is planned will cost.
    LowBalance,
    /// The vendor's own answer about the account.
    Told(AccountStanding),
}

impl AccountState {
    /// The state of an account. A decision of a person or of the breaker comes before the vendor's answer.
    pub fn of(account: &Integration, known: Option<&Status>, low: bool, now: Millis) -> AccountState {
        if account.sealed.is_empty() {
            return AccountState::KeyNeeded;
        }
        if let Some(at) = account.stopped_at {
            return AccountState::Stopped { by: account.stopped_by.clone().unwrap_or_default(), at };
        }
        if account.held_until > now {
            return AccountState::HeldBack { until: account.held_until };
        }
        match known.map(|status| status.standing) {
            None => AccountState::NotTested,
            Some(AccountStanding::Ready | AccountStanding::NotProven) if low => AccountState::LowBalance,
            Some(standing) => AccountState::Told(standing),
        }
    }

    /// Whether it holds too little for what is planned, or nothing.
    pub fn wants_credit(&self) -> bool {
        matches!(self, AccountState::LowBalance | AccountState::Told(AccountStanding::NoMoney))
    }

    /// Whether the vendor would refuse whatever is sent.
    pub fn is_refused(&self) -> bool {
        matches!(self, AccountState::Told(AccountStanding::Refused | AccountStanding::NotActive))
    }
}

impl Opened {
    /// What is left, where the provider tells.
    pub fn credit(&self) -> Option<Money> {
        self.status.as_ref()?.balance
    }

    /// People that may be written to in 24 hours, where the provider tells.
    pub fn people_a_day(&self) -> Option<i64> {
        self.status.as_ref()?.people_a_day
    }

    /// Whether posts about messages are taken.
    pub fn takes_receipts(&self) -> bool {
        self.account.as_ref().is_ok_and(|account| account.can().takes_receipts)
    }
}

/// The provider's usual price of one message or segment.
pub(crate) fn list_price(message: &Message, account: &Integration) -> Money {
    registry::vendor(&account.kind).map_or(Money(0), |vendor| vendor.list_price(message.tariff()))
}

/// A template with what the account adds where it names nothing.
pub(crate) fn complete(message: Message, account: Option<&Arc<dyn Account>>) -> Message {
    match account {
        Some(account) => account.complete(message),
        None => message,
    }
}
