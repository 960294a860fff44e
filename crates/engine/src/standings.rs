//! Asks how linked accounts stand: every five minutes, and every minute from half an hour before their posts are due,
//! so that somebody is told in time. An account that is connected also reads who is in the groups of workshops to come.

use domain::{group::Jid, ids::IntegrationId, time::Millis};
use providers::gateway::Gateway;
use store::{Actor, StoreError, work::GroupToRead};
use tracing::warn;

use crate::{Engine, accounts::OpenAccounts};

/// Accounts asked in one look: each answer takes a gateway a moment.
const ASKED_AT_ONCE: i64 = 16;
/// Lists of members read of one account in one look: WhatsApp does not like many at once.
const LISTS_AT_ONCE: usize = 2;

impl Engine {
    /// Asks the accounts whose turn it is how they stand; how many.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn ask_accounts(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.work.accounts_to_ask(now, ASKED_AT_ONCE).await?;
        let mut accounts = OpenAccounts::default();
        for integration in &due {
            match accounts.get(*integration, &self.work, self.accounts.as_ref(), now).await {
                Ok(Ok(account)) => {
                    if let Some(gateway) = account.gateway() {
                        self.ask_one(*integration, gateway).await?;
                    }
                }
                Ok(Err(words)) => {
                    warn!(integration.id = %integration, "{integration} cannot be asked: {words}")
                }
                Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(due.len())
    }

    async fn ask_one(&self, integration: IntegrationId, gateway: &dyn Gateway) -> Result<(), StoreError> {
        let asked = gateway.session(&self.http, self.clock.now()).await;
        let now = self.clock.now();
        let session = match asked {
            Ok(session) => session,
            Err(silence) => {
                let words = silence.words();
                warn!(integration.id = %integration, "the gateway of {integration} did not answer: {words}");
                return self.work.account_is_silent(integration, now).await;
            }
        };
        self.work.account_news(integration, &session.state, session.phone.as_ref(), now).await?;
        if !session.state.is_connected() {
            return Ok(());
        }
        for _ in 0..LISTS_AT_ONCE {
            match self.work.members_to_read(integration, now).await? {
                Some(group) => {
                    if !self.read_members(integration, gateway, &group, now).await? {
                        break;
                    }
                }
                None => break,
            }
        }
        Ok(())
    }

    /// Reads who is in a group: all of them, or nothing is changed. Whether the gateway told.
    async fn read_members(
        &self,
        integration: IntegrationId,
        gateway: &dyn Gateway,
        of: &GroupToRead,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let Ok(jid) = of.jid.parse::<Jid>() else { return Ok(false) };
        let members = match gateway.members(&self.http, &jid).await {
            Ok(members) => members,
            Err(silence) => {
                let words = silence.words();
                warn!(integration.id = %integration, "the members of a group of {integration} were not told: {words}");
                return Ok(false);
            }
        };
        let org = self.store.org(Actor::program(of.organization));
        match org.sync_members(of.group, &members, &self.key, now).await {
            Ok(_) => Ok(true),
            // It vanished meanwhile, or nobody was named: it is asked again when the account is.
            Err(StoreError::Missing | StoreError::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
