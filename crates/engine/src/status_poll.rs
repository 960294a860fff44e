//! Asks providers what became of messages whose receipts may not reach us: after 1, 5, 15 and 60 minutes, 6 and 24
//! hours. An account that has nothing to send gives a place of its pace to the question. Messages that ended together
//! share a question; those that have not settled by then get one of their own.
//!
//! What it answers is stored as a receipt and applied like one, so that a state comes about in one way only.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use domain::{
    ids::IntegrationId,
    time::{HOUR, MINUTE, Millis, SECOND},
};
use providers::Account;
use store::{
    StoreError,
    work::{DueStatusPoll, RawReceipt},
};
use tokio::task::{JoinError, JoinSet};
use tracing::warn;

use crate::{Engine, accounts::OpenAccounts};

/// When a message is asked about first, in milliseconds after it was handed over.
pub(crate) const FIRST_MS: i64 = MINUTE;
/// When it is asked about, in milliseconds after it was handed over: operators try for a day.
const STEPS_MS: [i64; 6] = [FIRST_MS, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR];
/// A question that was taken and never answered, because the program ended, is asked again after this.
const HOLD_MS: i64 = 2 * MINUTE;
/// A question about an account that is sending is put off for so long.
const SENDING_MS: i64 = 30 * SECOND;
/// Questions taken at once.
const TAKEN_MOST: i64 = 64;
/// Questions under way at once: sending comes first.
const AT_ONCE: usize = 4;

impl Engine {
    /// Asks what is due; how many questions were dealt with.
    pub async fn poll_status(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let calls = self.ask_about_calls(now).await?;
        self.work.ask_about_posts(now).await?;
        let held = self.questions.all(now);
        let due = self.work.take_status_polls(now, now.plus(HOLD_MS), TAKEN_MOST, &held).await?;
        let count = due.len();
        let due = self.find_posts(due, now).await?;
        let mut by_integration: BTreeMap<IntegrationId, Vec<DueStatusPoll>> = BTreeMap::new();
        // Sending comes first: an account that has something to send is asked nothing, or questions would take its pace.
        let sending: HashSet<IntegrationId> = match due.len() {
            0 => HashSet::new(),
            _ => self.work.due(now).await?.into_iter().map(|due| due.integration).collect(),
        };
        for asked in due {
            if asked.settled {
                self.work.poll_again(&asked, None).await?;
            } else if sending.contains(&asked.integration) {
                let moment = self.questions.moment(asked.integration, now);
                let moment =
                    moment.unwrap_or_else(|| self.questions.hold(asked.integration, now, SENDING_MS));
                self.work.poll_again(&asked, Some((asked.step, moment))).await?;
            } else if asked.each {
                self.work.ask_each(&asked, now).await?;
            } else {
                by_integration.entry(asked.integration).or_default().push(asked);
            }
        }
        let mut accounts = OpenAccounts::default();
        for (integration, asked) in by_integration {
            match accounts.get(integration, &self.work, self.accounts.as_ref(), now).await {
                Ok(Ok(account)) => {
                    let mut asking = JoinSet::new();
                    for asked in asked {
                        if asking.len() >= AT_ONCE {
                            finish(asking.join_next().await)?;
                        }
                        let (engine, account) = (self.clone(), Arc::clone(&account));
                        asking.spawn(async move { engine.ask(account.as_ref(), &asked).await });
                    }
                    while let Some(asked) = asking.join_next().await {
                        finish(Some(asked))?;
                    }
                }
                Ok(Err(words)) => {
                    warn!(integration.id = %integration, "{integration} cannot be asked: {words}")
                }
                Err(StoreError::Missing) => {
                    for asked in &asked {
                        self.work.poll_again(asked, None).await?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if count > 0 {
            self.wake_receipts();
        }
        Ok(count + calls)
    }

    /// Reserves a question in an account's pace; `Some` with its moment where it has to wait.
    pub(crate) async fn asked_at(
        &self,
        account: IntegrationId,
        now: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        if let Some(moment) = self.questions.moment(account, now) {
            return Ok(Some(moment));
        }
        let wait_ms = self.work.reserve_call(account, now).await?;
        Ok(wait_ms.map(|wait_ms| self.questions.hold(account, now, wait_ms)))
    }

    async fn ask(&self, account: &dyn Account, asked: &DueStatusPoll) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(moment) = self.asked_at(asked.integration, now).await? {
            return self.work.poll_again(asked, Some((asked.step, moment))).await;
        }
        match account.poll_status(&self.http, &asked.key).await {
            Ok(posts) => {
                for body in posts {
                    let dedupe_key = account.dedupe_key(body.as_bytes());
                    let receipt = RawReceipt {
                        organization: asked.organization,
                        integration: asked.integration,
                        dedupe_key,
                        body,
                    };
                    self.work.store_receipts(vec![receipt], self.clock.now()).await?;
                }
            }
            // The next step asks again.
            Err(not_told) => {
                let words = not_told.words();
                warn!(integration.id = %asked.integration, "a question of {} was not answered: {words}", asked.integration);
            }
        }
        self.work.poll_again(asked, next_step(asked, now)).await
    }
}

/// A question that ended in a panic is asked again when its hold is over.
fn finish(asked: Option<Result<Result<(), StoreError>, JoinError>>) -> Result<(), StoreError> {
    match asked {
        Some(Ok(ended)) => ended,
        Some(Err(_)) | None => Ok(()),
    }
}

/// When to ask next: the first step that lies ahead; `None` after the last.
pub(crate) fn next_step(asked: &DueStatusPoll, now: Millis) -> Option<(i64, Millis)> {
    let done = usize::try_from(asked.step + 1).unwrap_or(STEPS_MS.len());
    let (at, after) =
        STEPS_MS.iter().enumerate().skip(done).find(|(_, after)| asked.since.plus(**after) > now)?;
    Some((i64::try_from(at).unwrap_or(i64::MAX), asked.since.plus(*after)))
}

#[cfg(test)]
mod tests {
    use domain::ids::{BroadcastId, OrganizationId};

    use super::*;

    fn asked(step: i64) -> DueStatusPoll {
        DueStatusPoll {
            broadcast: BroadcastId::new(Millis(0)),
            organization: OrganizationId::new(Millis(0)),
            integration: IntegrationId::new(Millis(0)),
            key: "abc0123456789xy".into(),
            each: false,
            since: Millis(0),
            step,
            settled: false,
        }
    }

    #[test]
    fn questions_come_at_one_five_fifteen_and_sixty_minutes_six_hours_and_a_day() {
        let mut at = vec![FIRST_MS];
        let mut step = 0;
        while let Some((next, due)) = next_step(&asked(step), Millis(at[at.len() - 1])) {
            at.push(due.0);
            step = next;
        }
        assert_eq!(at, [60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000]);
    }

    #[test]
    fn steps_that_passed_while_the_program_was_off_are_left_out() {
        assert_eq!(next_step(&asked(0), Millis(2 * HOUR)), Some((4, Millis(6 * HOUR))));
        assert_eq!(next_step(&asked(0), Millis(48 * HOUR)), None);
    }
}
