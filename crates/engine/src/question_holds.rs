//! Accounts that are asked nothing for the moment, because their pace has no room. Their questions stay as they are: put
//! off one by one, thousands of them would be written anew every second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    ids::IntegrationId,
    time::{Millis, SECOND},
};

/// Until when accounts are asked nothing. Each process knows its own: another one finds out with one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuestionHolds(Arc<Mutex<HashMap<IntegrationId, Millis>>>);

impl QuestionHolds {
    /// The pace of an account has no room for so long; until when it is asked nothing.
    pub(crate) fn hold(&self, account: IntegrationId, now: Millis, wait_ms: i64) -> Millis {
        let until = now.plus(wait_ms.max(SECOND));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, until);
        until
    }

    /// Until when that account is asked nothing; `None` where it may be asked now.
    pub(crate) fn until(&self, account: IntegrationId, now: Millis) -> Option<Millis> {
        let holds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        holds.get(&account).copied().filter(|until| *until > now)
    }

    /// The accounts that are asked nothing now.
    pub(crate) fn all(&self, now: Millis) -> Vec<IntegrationId> {
        let mut holds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        holds.retain(|_, until| *until > now);
        holds.keys().copied().collect()
    }
}
