//! A test message: one real message outside every broadcast, to a number that a person typed.

use domain::{
    audience::{Candidate, Decision, Excluded, decide},
    ids::{BroadcastId, MessageSpan},
    outcome::Outcome,
    phone::Phone,
    sending_hours::SendingHours,
    template::Content,
    time::{MINUTE, Millis},
};
use providers::{Call, account::Ringing};
use store::StoreError;

use crate::{Caller, Composer, Opened, OwnLinks, Review, timing::with_own};

/// The person whose name a test message holds, and the number that it goes to.
#[derive(Clone, Copy, Debug)]
pub struct TestRecipient<'a> {
    /// The full name that the test message holds.
    pub name: &'a str,
    /// E-mail address; may be empty.
    pub email: &'a str,
    /// The number that the test message goes to.
    pub phone: &'a Phone,
}

/// Why no test message was sent.
#[derive(Debug, thiserror::Error)]
pub enum TestRefusal {
    /// The organisation or the account is stopped.
    #[error("sending is stopped")]
    Stopped,
    /// A rule excludes the person, as it would in a broadcast.
    #[error("the person is excluded")]
    Excluded(Excluded),
    /// It may not be sent at this hour.
    #[error("it may not be sent at this hour")]
    Closed {
        /// When it may; `None` when the hours leave no moment.
        opens: Option<Millis>,
    },
    /// The account cannot be opened or the template not be read; words for people.
    #[error("{0}")]
    Unsendable(String),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Composer {
    /// Sends one message. A test is a real message: whoever must not be contacted is not, what is stopped stays
    /// stopped, and the hours of the law and of the account hold. The wish to spare people at night is nothing to
    /// somebody who asks for a message of their own, and they need not have agreed to promotion.
    ///
    /// # Errors
    /// A [`TestRefusal`]; then nothing was sent.
    pub async fn trial(
        &self,
        caller: &Caller,
        review: &Review,
        opened: &Opened,
        to: &TestRecipient<'_>,
    ) -> Result<Outcome, TestRefusal> {
        let draft = &review.draft;
        if caller.organization.stopped.is_some() || draft.account.stopped_at.is_some() {
            return Err(TestRefusal::Stopped);
        }
        let content = self.content(caller, review, to).await?;
        let law = SendingHours::by_law(draft.message.category());
        let zone = &caller.organization.zone;
        let hours = with_own(law, draft.message.channel(), review.own_hours, zone);
        if let Some(opens) = hours.closed_until(caller.now) {
            let opens = (!hours.never_open(caller.now)).then_some(opens);
            return Err(TestRefusal::Closed { opens });
        }
        let account = opened.account.as_ref().map_err(|words| TestRefusal::Unsendable(words.clone()))?;
        let to = [to.phone.as_str()];
        let callback = self.accounts.callback(&draft.account.callback_key);
        // A provider may begin some minutes after it was asked, and at a whole one.
        let delay = account.voice().map_or(0, |voice| voice.abilities().start_delay_ms);
        let until = caller.now.plus(delay + 2 * MINUTE);
        let ring = Some(Ringing { callback: &callback, attempt: 1, until });
        let now = caller.now;
        let mut span = None;
        if account.voice().is_some() {
            // The provider asks for the words while the phone is at the ear.
            let id = BroadcastId::new(now);
            let said =
                (draft.message.to_json().to_string(), serde_json::to_string(&content).unwrap_or_default());
            let key = self.key.of(to[0]);
            caller.org.keep_test_call(id, draft.account.id, &key, (&said.0, &said.1), now).await?;
            span = Some(MessageSpan { broadcast: id, first: 1, last: 1 });
        }
        let call = Call { template: &draft.message, content: &content, to: &to, span, ring, now };
        let outcome = account.send(&self.http, &call).await;
        caller.org.note_test_message(draft.account.id, ended(&outcome), self.clock.now()).await?;
        Ok(outcome)
    }

    /// The final values of a test message, decided about like everybody's.
    async fn content(
        &self,
        caller: &Caller,
        review: &Review,
        to: &TestRecipient<'_>,
    ) -> Result<Content, TestRefusal> {
        let message = &review.draft.message;
        let (channel, category) = (message.channel(), message.category());
        let keys = vec![self.key.of(to.phone.as_str())];
        let suppressed = caller.org.audience_reader().suppressed(channel, category, keys).await?;
        let mut rules = review.rules().clone();
        let links = OwnLinks::sample(&rules);
        let candidate = Candidate {
            name: to.name,
            email: to.email,
            phone: to.phone.as_str(),
            suppressed: !suppressed.is_empty(),
            agreed: true,
            opt_out_link: &links.opt_out,
            own_join_link: &links.join,
            ..Candidate::default()
        };
        match decide(&candidate, &mut rules) {
            Decision::Recipient(recipient) => {
                let content = rules.content(&recipient).cloned();
                content.ok_or_else(|| TestRefusal::Unsendable("The message has no values.".to_owned()))
            }
            Decision::Excluded(excluded) => Err(TestRefusal::Excluded(excluded)),
        }
    }
}

/// The word in the audit log.
fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Refused(_) => "refused",
        Outcome::AccountStopped(_) => "account_stopped",
        Outcome::Misconfigured(_) => "misconfigured",
        Outcome::NotNow { .. } => "not_now",
        Outcome::Unknown(_) => "unknown",
    }
}
