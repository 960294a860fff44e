//! One call: the last checks, then the provider, then what it proved.

use std::sync::Arc;

use domain::{
    ids::IntegrationId, message::Next, outcome::Outcome, outcome::Said, template::Content, time::Millis,
};
use providers::{Account, Call, Wire};
use store::work::Claimed;

use crate::Engine;

/// What all messages of one broadcast share.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) integration: IntegrationId,
    pub(crate) account: Arc<Account>,
    pub(crate) wire: Wire,
    pub(crate) deadline: Millis,
    pub(crate) read_at: Millis,
}

/// How a claimed row ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The call was made.
    Called(Outcome),
    /// The call was not made: the row goes here.
    Untried(Next),
}

impl Engine {
    /// Sends one claimed row. Its intent is committed; nothing here writes.
    pub(crate) async fn send(&self, ready: &Ready, claimed: &Claimed) -> Ended {
        let now = self.clock.now();
        if now >= ready.deadline {
            return Ended::Untried(Next::Expired(Said::new("deadline", "Its last useful moment passed.")));
        }
        // Another process may already have given up on this one, and a person may have sent the row again.
        if !self.may_call() {
            return Ended::Untried(Next::Unknown(Said::new(
                "worker_late",
                "The program was held up before this call.",
            )));
        }
        let content: Content = match serde_json::from_str(&claimed.content) {
            Ok(content) => content,
            Err(_) => {
                return Ended::Untried(Next::Failed(Said::new(
                    "content",
                    "Its planned values cannot be read.",
                )));
            }
        };
        let call = Call { wire: &ready.wire, content: &content, to: &[&claimed.recipient], span: None, now };
        Ended::Called(ready.account.send(&self.http, &call).await)
    }
}
