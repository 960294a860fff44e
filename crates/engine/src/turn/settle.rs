//! What the end of a call means for its rows, for its broadcast and for its account.

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef},
    message::{Next, after_attempt},
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    reason::OwnReason,
    time::Millis,
};
use providers::{StatusPollKey, UNRECOGNISED};
use store::work::{NewStatusPoll, Record, SentRequest, StatusPollTarget};
use tracing::{error, warn};

use super::{CallContext, CalledRow, Done, Sender, cost::shares};
use crate::{
    send::{Ended, Ready},
    status_poll,
    strikes::{self, Fault},
};

impl Sender {
    pub(super) fn take(&mut self, (rows, ready): CallContext, done: Option<Done>, now: Millis) {
        self.rows_under_way -= rows.len();
        let (parts, at) = done.unwrap_or_else(|| {
            // A panic costs the messages of one call, and nobody knows whether they went out.
            error!("a call ended in a panic; its messages are unknown");
            let said = ProviderAnswer::new(
                OwnReason::Panic,
                "The program failed during this call; it may have gone out.",
            );
            (vec![(rows, Ended::Called(Outcome::Unknown(said)))], now)
        });
        if let Some(row) =
            parts.iter().flat_map(|(rows, _)| rows).next().filter(|_| ready.account.voice().is_some())
        {
            self.endings.rings.insert(row.message.broadcast);
        }
        for (rows, ended) in parts {
            match ended {
                Ended::Untried(next) => {
                    self.endings.rows.extend(rows.into_iter().map(|row| Record {
                        message: row.message,
                        attempt: row.attempt,
                        next: next.clone(),
                        at,
                    }));
                }
                Ended::Called(outcome) => self.conclude(rows, &ready, outcome, at),
            }
        }
    }

    /// What the end of one call means for its rows, for its broadcast and for its account.
    fn conclude(&mut self, rows: Vec<CalledRow>, ready: &Ready, outcome: Outcome, at: Millis) {
        let Some(broadcast) = rows.first().map(|row| row.message.broadcast) else { return };
        if let Some(until) = self.breakers.after(ready.integration, &outcome, at) {
            self.hold(ready.integration, until, at);
        }
        if let Outcome::Accepted { provider_id, cost } = outcome {
            self.strikes.taken(broadcast);
            self.accepted(rows, ready, provider_id, cost, at);
            return;
        }
        let instead = self.instead_of_failing(broadcast, &rows, &outcome, at);
        for row in rows {
            let next = instead.clone().unwrap_or_else(|| {
                let retry = &self.engine.limits.retry;
                after_attempt(outcome.clone(), row.attempt, retry, ready.deadline, at, &mut self.rng)
            });
            self.endings.rows.push(Record { message: row.message, attempt: row.attempt, next, at });
        }
    }

    /// Enters a question about one message that others hold for unknown: the answer of its call came too late and brought its id.
    pub(super) fn ask_about(&mut self, message: MessageRef, provider_id: &str, at: Millis) {
        let (broadcast, first, last) = (message.broadcast, message.position, message.position);
        let Some(key) = self.ready.get(&broadcast).and_then(|ready| ready.account.message_key(provider_id))
        else {
            return;
        };
        let (asked, due_at) = (StatusPollTarget::As(key), at.plus(status_poll::FIRST_MS));
        self.endings.ask(NewStatusPoll { broadcast, asked, first, last, since: at, due_at });
    }

    /// Where messages go that were refused in words that nobody knows, as long as it is not proven to be their own fault.
    fn instead_of_failing(
        &mut self,
        broadcast: BroadcastId,
        rows: &[CalledRow],
        outcome: &Outcome,
        at: Millis,
    ) -> Option<Next> {
        let Outcome::Refused(said) = outcome else {
            self.strikes.known(broadcast);
            return None;
        };
        if said.code != UNRECOGNISED {
            self.strikes.known(broadcast);
            return None;
        }
        let positions: Vec<i64> = rows.iter().map(|row| row.message.position).collect();
        match self.strikes.refused(broadcast, &positions) {
            Fault::Person => None,
            Fault::Account => Some(Next::Pause(said.clone())),
            Fault::Unclear => Some(Next::HandBack { from: at.plus(strikes::AGAIN_MS), said: said.clone() }),
        }
    }

    fn accepted(
        &mut self,
        rows: Vec<CalledRow>,
        ready: &Ready,
        provider_id: Option<String>,
        cost: Option<Money>,
        at: Millis,
    ) {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let broadcast = first.message.broadcast;
        if !ready.account.can().echoes {
            self.endings.found_by_id.insert(broadcast);
        }
        if let Some(asked) = ready.account.status_poll_key(&ready.template, provider_id.as_deref()) {
            let (first, last) = (first.message.position, last.message.position);
            let (asked, first, last) = match asked {
                // Personal messages that went out together share a question; those that go again may lie anywhere.
                StatusPollKey::Call(_) if ready.batch() == 1 && rows[0].attempt == 1 => {
                    (StatusPollTarget::Each, first, last)
                }
                StatusPollKey::Call(id) => (StatusPollTarget::As(id), first, last),
                StatusPollKey::Broadcast(name) => (StatusPollTarget::As(name), 1, i64::MAX),
            };
            let due_at = at.plus(status_poll::FIRST_MS);
            self.endings.ask(NewStatusPoll { broadcast, asked, first, last, since: at, due_at });
        }
        // Rows of a first attempt that lie side by side in the plan: one change covers them all and no other.
        let (first, last) = (first.message.position, last.message.position);
        let side_by_side = i64::try_from(rows.len()).is_ok_and(|n| last - first + 1 == n);
        if rows.len() > 1 && side_by_side && rows.iter().all(|row| row.attempt == 1) {
            let positions = rows.iter().map(|row| row.message.position).collect();
            self.endings.requests.push(SentRequest { broadcast, positions, provider_id, cost, at });
            return;
        }
        for (row, cost) in rows.iter().zip(shares(cost, rows.len())) {
            let next = Next::Sent { provider_id: provider_id.clone(), cost };
            self.endings.rows.push(Record { message: row.message, attempt: row.attempt, next, at });
        }
    }

    fn hold(&mut self, integration: IntegrationId, until: Millis, now: Millis) {
        let wait_ms = until.since(now);
        warn!(integration.id = %integration, wait_ms, "integration {integration} is held back for {wait_ms} ms");
        self.due.retain(|due| due.integration != integration);
        let work = self.engine.work.clone();
        self.calls_on.spawn(async move {
            if let Err(error) = work.hold(integration, until).await {
                warn!("the hold of integration {integration} could not be written: {error}");
            }
        });
    }

    /// Rows for which no call is made. They are claimed only for broadcasts that are ready; kept honest all the same.
    pub(super) fn return_to_waiting(&mut self, rows: impl IntoIterator<Item = CalledRow>) {
        let at = self.engine.clock.now();
        let next = Next::HandBack {
            from: at,
            said: ProviderAnswer::new(OwnReason::HandedBack, "Handed back untried."),
        };
        self.endings.rows.extend(rows.into_iter().map(|row| Record {
            message: row.message,
            attempt: row.attempt,
            next: next.clone(),
            at,
        }));
    }
}
