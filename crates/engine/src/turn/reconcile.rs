//! After a turn whose answer was lost: what the database holds for this process, compared with the calls that it knows of.

use std::collections::HashSet;

use domain::{
    ids::MessageRef,
    time::{MINUTE, Millis, SECOND},
};
use store::StoreError;
use tracing::warn;

use super::{CalledRow, Sender};

/// How often claimed rows are looked for after a turn that the store did not answer. After a while they are looked for
/// less often: a commit may still be on its way, and nobody can say for how long.
const RECALL_EVERY_MS: i64 = 5 * SECOND;
const RECALL_OFTEN_MS: i64 = 30 * SECOND;
const RECALL_LATER_MS: i64 = MINUTE;

/// This process may hold rows in flight that it does not know of, because a commit succeeded and its answer was lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct LostCommit {
    /// The earliest moment of the next look for such rows.
    next: Millis,
    /// The moment after which looks become rarer.
    often_until: Millis,
}

impl LostCommit {
    /// A turn failed just now.
    pub(super) fn since(now: Millis) -> LostCommit {
        LostCommit { next: now, often_until: now.plus(RECALL_OFTEN_MS) }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(self, now: Millis) -> bool {
        self.next <= now
    }
}

impl Sender {
    /// Gives back what is in flight by this process without its knowing: no call was made for it.
    pub(super) async fn reconcile(&mut self, now: Millis) -> Result<(), StoreError> {
        let Some(doubt) = self.doubt.filter(|doubt| doubt.is_due(now)) else { return Ok(()) };
        let calls = self.calls.kept().flat_map(|(rows, _)| rows).map(|row| row.message);
        let ended = self.endings.rows.iter().map(|record| record.message);
        let requests = self.endings.requests.iter().flat_map(|request| {
            let broadcast = request.broadcast;
            request.positions.iter().map(move |position| MessageRef { broadcast, position: *position })
        });
        let known: HashSet<MessageRef> = calls.chain(ended).chain(requests).collect();
        let here = self.engine.work.in_flight_here().await?;
        let lost: Vec<_> = here
            .into_iter()
            .filter(|(message, _)| !known.contains(message))
            .map(|(message, attempt)| CalledRow { message, attempt })
            .collect();
        if !lost.is_empty() {
            warn!(rows = lost.len(), "{} messages were claimed without an answer and go back", lost.len());
            self.return_to_waiting(lost);
        }
        let often = now < doubt.often_until;
        let next = now.plus(if often { RECALL_EVERY_MS } else { RECALL_LATER_MS });
        self.doubt = Some(LostCommit { next, ..doubt });
        Ok(())
    }
}
