//! One call: the last checks, then the provider, then what it proved.

use std::{sync::Arc, time::Duration};

use domain::{
    ids::{BroadcastId, IntegrationId, MessageSpan, OrganizationId},
    message::Next,
    outcome::{Outcome, ProviderAnswer},
    post::PostMedia,
    reason::OwnReason,
    sending_hours::SendingHours,
    template::{Content, Message},
    time::{Millis, SECOND},
};
use providers::{Account, Call, UNRECOGNISED, account::Ringing, codes::STRIKES_MAX};
use store::work::Claimed;
use tracing::warn;

use crate::Engine;

/// What all messages of one broadcast share.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) integration: IntegrationId,
    pub(crate) account: Arc<dyn Account>,
    /// With the whole address of its file.
    pub(crate) template: Message,
    /// The file that its posts show, where it is kept here: its address without the program's, and whose it is.
    pub(crate) own_file: Option<(OrganizationId, PostMedia)>,
    pub(crate) deadline: Millis,
    pub(crate) hours: SendingHours,
    /// Final values of every message, when they are the same for all.
    pub(crate) content: Option<Content>,
    /// The address at which a provider of calls asks and tells.
    pub(crate) callback: String,
    pub(crate) read_at: Millis,
}

impl Ready {
    /// Rows that go into one call.
    pub(crate) fn batch(&self) -> usize {
        if self.content.is_some() { self.account.batch(&self.template).max(1) } else { 1 }
    }
}

/// How the attempt at claimed rows ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The provider was called, with this outcome.
    Called(Outcome),
    /// The provider was not called, and the rows go on like this.
    Untried(Next),
}

/// Rows that shared a call, and how it ended.
pub(crate) type Part = (Vec<Claimed>, Ended);

impl Engine {
    /// Sends claimed rows of one broadcast in one call. Their intent is committed; nothing here writes.
    ///
    /// When the provider refuses a whole call because of one of its numbers, or in unknown words, nothing of it went
    /// out. Its rows then go in two smaller calls, until the refused number is alone. When several numbers that stand
    /// alone are refused in unknown words and none is taken, it is not about them: what is left is not called.
    pub(crate) async fn send(&self, ready: &Ready, rows: Vec<Claimed>) -> Vec<Part> {
        let mut ended = Vec::new();
        let mut left = vec![rows];
        let mut first = true;
        // Numbers that stood alone and were refused in unknown words, since a call was taken.
        let mut refused_alone = 0;
        while let Some(rows) = left.pop() {
            let allowed = if std::mem::take(&mut first) {
                self.still_useful(ready)
            } else {
                self.allowed_one_more(ready).await
            };
            if let Err(next) = allowed {
                ended.push((rows, Ended::Untried(next)));
                continue;
            }
            let end = self.call(ready, &rows).await;
            if let Ended::Called(outcome) = &end {
                if rows.len() > 1 && may_be_about_one(ready, outcome) {
                    let mut head = rows;
                    let tail = head.split_off(head.len() / 2);
                    left.extend([tail, head]);
                    continue;
                }
                match outcome {
                    Outcome::Accepted { .. } => refused_alone = 0,
                    Outcome::Refused(said) if said.code == UNRECOGNISED => refused_alone += 1,
                    _ => {}
                }
                if let Outcome::Refused(said) = outcome
                    && refused_alone >= STRIKES_MAX
                {
                    let pause = |rows| (rows, Ended::Untried(Next::Pause(said.clone())));
                    ended.extend(std::mem::take(&mut left).into_iter().map(pause));
                }
            }
            ended.push((rows, end));
        }
        ended
    }

    async fn call(&self, ready: &Ready, rows: &[Claimed]) -> Ended {
        let Some((first, last)) = rows.first().zip(rows.last()) else {
            return Ended::Called(Outcome::Unknown(ProviderAnswer::default()));
        };
        let own: Content;
        let content = match &ready.content {
            Some(shared) if first.content.is_empty() => shared,
            _ => match Content::from_json(ready.template.channel(), &first.content) {
                Ok(content) => {
                    own = content;
                    &own
                }
                Err(_) => {
                    let said = ProviderAnswer::new(OwnReason::Content, "Its planned values cannot be read.");
                    return Ended::Untried(Next::Failed(said));
                }
            },
        };
        let to: Vec<&str> = rows.iter().map(|row| row.recipient.as_str()).collect();
        let span = Some(span(first.message.broadcast, first.message.position, last.message.position));
        let now = self.clock.now();
        let closes = ready.hours.open_around(now).map_or(ready.deadline, |(_, closes)| closes);
        let until = closes.min(ready.deadline);
        let ring = Some(Ringing { callback: &ready.callback, attempt: first.attempt, until });
        let call = Call { template: &ready.template, content, to: &to, span, ring, now };
        Ended::Called(ready.account.send(&self.http, &call).await)
    }

    /// Whether a call may start at this instant; else where its rows go.
    fn still_useful(&self, ready: &Ready) -> Result<(), Next> {
        let now = self.clock.now();
        if now >= ready.deadline {
            return Err(Next::Expired(ProviderAnswer::new(
                OwnReason::Deadline,
                "Its last useful moment passed.",
            )));
        }
        if let Some(from) = ready.hours.closed_until(now) {
            let said = ProviderAnswer::new(OwnReason::AfterHours, "The hours in which it may be sent ended.");
            return Err(Next::HandBack { from, said });
        }
        let wall = self.clock.wall_clock();
        if wall > now && (wall >= ready.deadline || ready.hours.closed_until(wall).is_some()) {
            let said = ProviderAnswer::new(
                "clock_set",
                "The computer's clock was set forward; it waits until that is believed.",
            );
            return Err(Next::HandBack { from: now.plus(SECOND), said });
        }
        // Another process may already have given up on this one, and a person may have sent the row again.
        if !self.may_call() {
            return Err(Next::Unknown(ProviderAnswer::new(
                OwnReason::WorkerLate,
                "The program was held up before this call.",
            )));
        }
        Ok(())
    }

    /// As [`Engine::still_useful`], for a call that no claim has paid for: it waits for its place in the pace.
    async fn allowed_one_more(&self, ready: &Ready) -> Result<(), Next> {
        loop {
            self.still_useful(ready)?;
            match self.work.reserve_call(ready.integration, self.clock.now()).await {
                Ok(None) => return Ok(()),
                Ok(Some(wait_ms)) => {
                    tokio::time::sleep(Duration::from_millis(
                        u64::try_from(wait_ms.clamp(1, 1_000)).unwrap_or(1),
                    ))
                    .await;
                }
                Err(error) => {
                    warn!("the pace could not be asked: {error}");
                    let said = ProviderAnswer::new(OwnReason::HandedBack, "Handed back untried.");
                    return Err(Next::HandBack { from: self.clock.now(), said });
                }
            }
        }
    }
}

/// Whether a refusal speaks of a number, or in words that nobody knows: not surely of the account or of the broadcast.
fn may_be_about_one(ready: &Ready, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused(said) if said.code == UNRECOGNISED => true,
        Outcome::Refused(said) | Outcome::NotNow { said, once: true, .. } => ready.account.blames_one(said),
        _ => false,
    }
}

fn span(broadcast: BroadcastId, first: i64, last: i64) -> MessageSpan {
    MessageSpan { broadcast, first, last }
}
