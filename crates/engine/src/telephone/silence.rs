//! Calls of which nothing final was told in time: they are asked about, and never placed again.

use domain::{
    message::MessageState,
    time::{HOUR, MINUTE, Millis},
};
use providers::voice::{CallQuery, CallStatus, Voice};
use store::{
    StoreError,
    work::{Call, ReceiptChange},
};
use tracing::warn;

use super::KnownCall;
use crate::{Engine, accounts::OpenAccounts};

/// A call that is being asked about is given to nobody else for so long.
const HOLD_MS: i64 = 2 * MINUTE;
/// Calls taken at once.
const TAKEN_MOST: i64 = 32;
/// When a call is asked about again, in milliseconds after the time before.
const NEXT_MS: [i64; 4] = [15 * MINUTE, HOUR, 6 * HOUR, 17 * HOUR];
/// The code of a call of which nothing was told.
const NO_REPORT: &str = "no_report";

impl Engine {
    /// Asks about calls that are due; how many were dealt with.
    pub(crate) async fn ask_about_calls(&self, now: Millis) -> Result<usize, StoreError> {
        let held = self.questions.all(now);
        let due = self.work.silent_calls(now, now.plus(HOLD_MS), TAKEN_MOST, &held).await?;
        let count = due.len();
        let mut accounts = OpenAccounts::default();
        for call in due {
            match accounts.get(call.integration, &self.work, self.accounts.as_ref(), now).await {
                Ok(Ok(account)) => match account.voice() {
                    Some(voice) => self.ask_about_call(voice, call, now).await?,
                    None => self.work.ask_again(call.call, None).await?,
                },
                Ok(Err(words)) => {
                    warn!(integration.id = %call.integration, "calls of {} cannot be asked about: {words}", call.integration);
                }
                Err(StoreError::Missing) => self.work.ask_again(call.call, None).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    async fn ask_about_call(&self, voice: &dyn Voice, call: Call, now: Millis) -> Result<(), StoreError> {
        let (named, asked) = (call.call, call.asked);
        if !voice.abilities().looks_up {
            self.work.ask_again(named, None).await?;
            return self.nobody_knows(&call, now).await;
        }
        if let Some(moment) = self.asked_at(call.integration, now).await? {
            return self.work.postpone_question(named, moment).await;
        }
        let provider_id = Some(call.provider_id.as_str()).filter(|id| !id.is_empty());
        let about = CallQuery { call: named, provider_id, to: &call.recipient, placed: call.placed_at, now };
        let next = usize::try_from(asked).ok().and_then(|at| NEXT_MS.get(at)).map(|after| now.plus(*after));
        match voice.poll_status(&self.http, &about).await {
            Ok(CallStatus::Call(news, pressed)) => {
                let is_over =
                    news.iter().any(|one| matches!(one.kind, domain::call::CallReportKind::Ended(_)));
                if !is_over {
                    self.nobody_knows(&call, now).await?;
                    self.work.ask_again(named, next).await?;
                }
                self.take_in(voice, call, news, pressed, now).await
            }
            // What it never heard of it may still hear of: nobody calls again by itself.
            Ok(CallStatus::Absent | CallStatus::NotYet) => {
                self.nobody_knows(&call, now).await?;
                self.work.ask_again(named, next).await
            }
            Err(not_told) => {
                let words = not_told.words();
                warn!(integration.id = %call.integration, "a question about a call of {} was not answered: {words}", call.integration);
                self.nobody_knows(&call, now).await?;
                self.work.ask_again(named, next).await
            }
        }
    }

    /// Nothing final was told of a call that nobody is known to have picked up.
    async fn nobody_knows(&self, call: &Call, now: Millis) -> Result<(), StoreError> {
        let newest = call.call.attempt == call.newest;
        if call.state != MessageState::Sent || !newest {
            return Ok(());
        }
        let unmoved = ReceiptChange::none(call.call.message, call.state, &call.reason, call.cost);
        let change = if !call.record.was_picked_up() {
            ReceiptChange {
                to: MessageState::Unknown,
                reason: NO_REPORT.to_owned(),
                reason_text: "The provider did not tell how the call ended.".to_owned(),
                ..unmoved
            }
        } else if was_heard(call) {
            // The provider had its time to mark a voicemail.
            ReceiptChange { to: MessageState::Delivered, delivered_at: Some(now), ..unmoved }
        } else {
            return Ok(());
        };
        let touched = self.work.apply_receipts(Vec::new(), vec![change], now).await?;
        self.tell(touched);
        Ok(())
    }
}

/// Whether the text was spoken to its end.
fn was_heard(call: &Call) -> bool {
    KnownCall::of(call.clone()).is_some_and(|told| told.record.hearing(told.said.text_s()).is_told())
}
