//! Opening accounts: from sealed secrets and settings to something that can be called.

use std::{collections::HashMap, sync::Arc};

use compose::Accounts;
use domain::{
    ids::IntegrationId,
    time::{Millis, SECOND},
};
use providers::Account;
use store::{StoreError, work::Work};

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
