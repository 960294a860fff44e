//! Opening accounts: from sealed secrets and settings to something that can be called.

use std::{collections::HashMap, sync::Arc};

use domain::{
    ids::IntegrationId,
    time::{Millis, SECOND},
};
use providers::Account;
use store::{StoreError, work::Work};

/// Opens an account's sealed secrets and says where its provider is. The server knows keys and addresses; the engine does not.
pub trait Accounts: Send + Sync + 'static {
    /// The account, ready to be called; or why it is not, in words for people.
    fn open(&self, account: &store::integrations::Account) -> Result<Box<dyn Account>, String>;
}

/// Opened accounts are looked at again after this, so that a replaced key is used soon.
const KEEP_MS: i64 = 2 * SECOND;

/// An account that can be called, or why it cannot.
type Opened = Result<Arc<dyn Account>, String>;

/// Accounts that were opened lately.
#[derive(Default)]
pub(crate) struct OpenAccounts {
    open: HashMap<IntegrationId, (Millis, Opened)>,
}

impl OpenAccounts {
    /// The account, opened now or lately.
    pub(crate) async fn get(
        &mut self,
        id: IntegrationId,
        work: &Work,
        accounts: &dyn Accounts,
        now: Millis,
    ) -> Result<Opened, StoreError> {
        if let Some((at, account)) = self.open.get(&id)
            && now.since(*at) < KEEP_MS
        {
            return Ok(account.clone());
        }
        let account = accounts.open(&work.account(id).await?).map(Arc::from);
        self.open.insert(id, (now, account.clone()));
        Ok(account)
    }
}
