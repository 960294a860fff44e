//! What keys do, each once however often it is told: a message on another channel now, no more calls.

use compose::{Caller, Confirmation, Draft, Opened, Refusal, Timing, Wait, default_deadline};
use domain::{
    broadcast::Audience,
    call::{Action, CallRef, opt_outs_stop},
    channel::Channel,
    ids::{BroadcastId, OrganizationId, TemplateId},
    outcome::ProviderAnswer,
    time::Millis,
};
use providers::registry;
use store::{
    Actor, StoreError,
    integrations::Integration,
    work::{Call, OptOut},
};
use tracing::warn;

use super::KnownCall;
use crate::Engine;

/// Keys taken at once.
const TAKEN_MOST: i64 = 64;
/// A batch stops when more of a hundred who picked up want no more calls.
const OPT_OUTS_PERCENT: i64 = 5;
/// The code of a batch that was stopped for that.
const OPT_OUTS: &str = "call_opt_outs";

impl Engine {
    /// Does what keys do that were pressed and not acted on.
    ///
    /// # Errors
    /// When the store cannot be read or written; what was not done is done later.
    pub(crate) async fn act_on_keys(&self) -> Result<(), StoreError> {
        for (named, call) in self.work.keys_to_act_on(TAKEN_MOST).await? {
            let note = match call.map(KnownCall::of) {
                // On the heap: below it lies all that confirms a broadcast.
                Ok(Some(told)) => Box::pin(self.act_on_or_wait(&told)).await?,
                Ok(None) => Some("The script cannot be read.".to_owned()),
                Err(error) => unreadable(named, Err(error))?,
            };
            if let Some(note) = note {
                self.work.acted(named, &note, self.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Does what one key does. Where the message of another key is being planned, it is planned here and now: two people press in the same
    /// second, and both hold the phone.
    async fn act_on_or_wait(&self, told: &KnownCall) -> Result<Option<String>, StoreError> {
        let named = told.call.call;
        let note = unreadable(named, self.act_on(told, self.clock.now()).await)?;
        if note.is_some() {
            return Ok(note);
        }
        self.plan().await?;
        unreadable(named, self.act_on(told, self.clock.now()).await)
    }

    /// Does what one key does: what stood in the way of it, in words, or nothing; `None` where it has to wait.
    async fn act_on(&self, told: &KnownCall, now: Millis) -> Result<Option<String>, StoreError> {
        let Some(key) = told.record.key.and_then(|(_, digit)| told.script.key(digit)) else {
            return Ok(Some(String::new()));
        };
        match key.action {
            Action::Confirm | Action::AnotherDate => Ok(Some(String::new())),
            Action::StopCalls => {
                self.stop_calls(&told.call, now).await?;
                Ok(Some(String::new()))
            }
            Action::Message { channel, template } => self.send_now(&told.call, channel, template, now).await,
        }
    }

    /// The person is not called again.
    async fn stop_calls(&self, call: &Call, now: Millis) -> Result<(), StoreError> {
        let wish = OptOut {
            organization: call.organization,
            phone_key: self.key.of(&call.recipient),
            phone: call.recipient.clone(),
            channel: Channel::IvrCall,
            category: "all",
            reason: "Pressed a key during a call",
        };
        self.work.opt_out(&wish, now).await
    }

    /// Stops a batch that many people leave, until somebody looked at it.
    pub(super) async fn weigh_opt_outs(&self, broadcast: BroadcastId, now: Millis) -> Result<(), StoreError> {
        let (answered, opted_out) = self.work.opted_out_of(broadcast).await?;
        if !opt_outs_stop(answered, opted_out, OPT_OUTS_PERCENT) {
            return Ok(());
        }
        self.work.weighed(broadcast).await?;
        let words = format!("{opted_out} of {answered} who picked up want no more calls.");
        self.work.pause(broadcast, &ProviderAnswer::new(OPT_OUTS, words), now).await?;
        self.tell([broadcast]);
        Ok(())
    }

    /// Sends the person a message at once, confirmed as a person confirms: with the same findings, under an id that the call decides, so
    /// that a second try makes no second one.
    async fn send_now(
        &self,
        call: &Call,
        channel: Channel,
        template: TemplateId,
        now: Millis,
    ) -> Result<Option<String>, StoreError> {
        let told = |words: &str| Ok(Some(words.to_owned()));
        let caller = self.caller_of(call.organization, now).await?;
        let (workshop, registrant) = self.work.person_of(call.call.message).await?;
        let workshop = caller.org.workshop(workshop).await?;
        let template = match caller.org.template(template).await {
            Ok(template) if template.channel == channel => template,
            Ok(_) | Err(StoreError::Missing) => return told("The template is gone."),
            Err(error) => return Err(error),
        };
        let Some(account) = account_of(&caller, channel).await? else {
            return told(&format!("No account sends on {}.", channel.title()));
        };
        let timing = Timing {
            start: now,
            deadline: default_deadline(now, workshop.starts_at, now),
            unreadable: false,
        };
        let after_end = workshop.ends_at <= now;
        let Ok(draft) = Draft::new(workshop, template, account, timing) else {
            return told("The template cannot be read.");
        };
        let draft = Draft {
            audience: Audience::Chosen(vec![registrant]),
            after_end,
            keys_of: Some(call.call.message.broadcast),
            ..draft
        };
        let opened: Opened = self.composer.open(&draft.account, Wait::Decision).await;
        let review = self.composer.review(&caller, draft, &opened, Wait::Decision).await?;
        let id = broadcast_of(call.call, call.placed_at);
        let again = review.sent_before().map(|earlier| earlier.n);
        let confirmation = Confirmation { id, named: None, again, knew: None };
        match review.confirm(&caller, &confirmation).await {
            Ok(confirmed) => {
                self.wake(confirmed.id);
                told("")
            }
            // One of the purpose is planned at a time.
            Err(Refusal::BeingPrepared(_) | Refusal::ToldMeanwhile) => Ok(None),
            Err(Refusal::Store(error)) => Err(error),
            Err(refused) => {
                warn!(broadcast.id = %call.call.message.broadcast, "a key could not send its message: {refused}");
                let first = review
                    .findings
                    .iter()
                    .find(|finding| finding.severity() == domain::checks::Severity::Error);
                told(
                    &first.map_or_else(
                        || refused.to_string(),
                        |finding| format!("{refused} ({})", finding.id()),
                    ),
                )
            }
        }
    }

    async fn caller_of(&self, organization: OrganizationId, now: Millis) -> Result<Caller, StoreError> {
        let org = self.store.org(Actor::program(organization));
        let settings = org.organization().await?;
        Ok(Caller::new(org, settings, now))
    }
}

/// Where something that the key needs is gone or cannot be read, its note says so: the key would fail for ever, and the keys behind it
/// belong to others. Every other error stays one.
fn unreadable(
    call: CallRef,
    acted: Result<Option<String>, StoreError>,
) -> Result<Option<String>, StoreError> {
    match acted {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Missing)) => {
            warn!(broadcast.id = %call.message.broadcast, "a key could not be acted on: {error}");
            Ok(Some("Something that it needs is gone or cannot be read.".to_owned()))
        }
        acted => acted,
    }
}

/// The channel's default, else the first of its accounts; none that somebody stopped. The person waits for the message: there is nobody to ask.
async fn account_of(caller: &Caller, channel: Channel) -> Result<Option<Integration>, StoreError> {
    let mut all = caller.org.integrations().await?;
    all.retain(|one| {
        let serves = registry::vendor(&one.kind).is_some_and(|vendor| vendor.channels().contains(&channel));
        serves && one.stopped_at.is_none()
    });
    let default = caller.org.channel_defaults().await?.get(&channel).copied();
    let at = all.iter().position(|one| Some(one.id) == default).unwrap_or(0);
    Ok((at < all.len()).then(|| all.swap_remove(at)))
}

/// The id of the broadcast that a key of that call makes: of the time of the call, and told apart by the call alone.
fn broadcast_of(call: CallRef, placed: Millis) -> BroadcastId {
    /// The bits of an id that are drawn.
    const DRAWN: u128 = (1 << 62) - 1;
    let number = |n: i64| u128::try_from(n).unwrap_or(0);
    let own = call.message.broadcast.0.as_u128();
    // An odd factor leads every number to another one.
    let each =
        (number(call.message.position) * 64 + number(call.attempt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let drawn = (own ^ each) & DRAWN;
    let id = (number(placed.0) << 80) | (7 << 76) | (own & (0xfff << 64)) | (2 << 62) | drawn;
    format!("{id:032x}").parse().unwrap_or(call.message.broadcast)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::MessageRef;

    #[test]
    fn a_call_makes_one_broadcast_and_every_call_its_own() {
        let broadcast = BroadcastId::new(Millis(1_767_240_000_000));
        let call = |position, attempt| CallRef { message: MessageRef { broadcast, position }, attempt };
        let at = Millis(1_767_240_060_000);
        let all: std::collections::HashSet<BroadcastId> =
            (1..500).flat_map(|n| [broadcast_of(call(n, 1), at), broadcast_of(call(n, 2), at)]).collect();
        assert_eq!(all.len(), 998);
        assert_eq!(broadcast_of(call(1, 1), at), broadcast_of(call(1, 1), at));
        assert!(!all.contains(&broadcast));
        assert_eq!(broadcast_of(call(1, 1), at).0.get_version_num(), 7);
    }
}
