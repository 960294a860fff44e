//! What due broadcasts need before anything of them is claimed: their account opened, their template read, the provider asked once.

use std::sync::Arc;

use domain::{
    ids::BroadcastId,
    outcome::ProviderAnswer,
    post::PostMedia,
    reason::OwnReason,
    template::{Content, Message},
    time::{Millis, SECOND},
};
use store::StoreError;

use super::Sender;
use crate::{Accounts, send::Ready};

/// The list of due broadcasts is read anew after this time, and at once when something new was announced or became due.
pub(super) const LOOK_AGAIN_MS: i64 = 100;
/// What a broadcast needs is read anew after this, so that a replaced key or a changed deadline is heeded.
const READY_KEEP_MS: i64 = 2 * SECOND;

impl Sender {
    pub(super) async fn look(&mut self, now: Millis) -> Result<(), StoreError> {
        let became_due = self.next_due.is_some_and(|next| next <= now);
        if became_due || self.due_at.is_none_or(|at| now.since(at) >= LOOK_AGAIN_MS) {
            self.next_due = None;
            self.due = self.engine.work.due(now).await?;
            let wall = self.engine.clock.wall_clock();
            if wall > now && !self.due.is_empty() {
                // Set forward, and not believed yet: what would be too late by the new time waits, and so does what is due by it alone.
                let then = self.engine.work.due(wall).await?;
                self.due.retain(|due| then.iter().any(|also| also.broadcast == due.broadcast));
            }
            self.due_at = Some(now);
            self.ready.retain(|id, _| self.due.iter().any(|due| due.broadcast == *id));
        }
        Ok(())
    }

    /// Reads what due broadcasts need, and asks the provider about those that it was not asked about.
    pub(super) async fn prepare(&mut self, now: Millis) -> Result<(), StoreError> {
        let unread: Vec<BroadcastId> = self
            .due
            .iter()
            .map(|due| due.broadcast)
            .filter(|id| !self.probed_now.contains(id))
            .filter(|id| self.ready.get(id).is_none_or(|ready| now.since(ready.read_at) >= READY_KEEP_MS))
            .collect();
        for id in unread {
            match self.open(id, now).await? {
                Ok((ready, true)) => {
                    self.ready.insert(id, Arc::new(ready));
                }
                Ok((ready, false)) => self.start_probe(id, ready),
                // Whatever is wrong with it must not keep others from being sent.
                Err(said) => {
                    self.ready.remove(&id);
                    self.engine.work.pause(id, &said, now).await?;
                    self.engine.tell([id]);
                }
            }
        }
        Ok(())
    }

    /// What all messages of a broadcast share, and whether the provider was asked about it; or why it cannot be sent.
    async fn open(
        &mut self,
        id: BroadcastId,
        now: Millis,
    ) -> Result<Result<(Ready, bool), ProviderAnswer>, StoreError> {
        let job = match self.engine.work.job(id).await {
            Ok(job) => job,
            Err(error @ StoreError::Corrupt { .. }) => {
                return Ok(Err(ProviderAnswer::new(OwnReason::Template, error.to_string())));
            }
            Err(error) => return Err(error),
        };
        let engine = &self.engine;
        let opened = self.accounts.get(job.integration, &engine.work, engine.accounts.as_ref(), now).await?;
        let account = match opened {
            Ok(account) => account,
            Err(words) => return Ok(Err(ProviderAnswer::new(OwnReason::Account, words))),
        };
        let mut template = match Message::from_json(account.channel(), &job.template) {
            Ok(template) => template,
            Err(error) => return Ok(Err(ProviderAnswer::new(OwnReason::Template, error.to_string()))),
        };
        let shared = job.content.as_deref();
        let content = shared.and_then(|text| Content::from_json(template.channel(), text).ok());
        let own_file = whole_address(&mut template, engine.accounts.as_ref());
        let ready = Ready {
            integration: job.integration,
            account,
            template,
            own_file: own_file.map(|file| (job.organization, file)),
            deadline: job.deadline,
            hours: job.hours,
            content,
            callback: engine.accounts.callback(&job.callback_key),
            read_at: now,
        };
        Ok(Ok((ready, job.probed)))
    }

    /// Asks the provider about a broadcast, beside the loop; nothing of it is claimed until the answer is written.
    fn start_probe(&mut self, id: BroadcastId, ready: Ready) {
        self.probed_now.insert(id);
        self.ready.remove(&id);
        let engine = Arc::clone(&self.engine);
        let ask = async move {
            engine.probe(id, &ready).await;
            id
        };
        self.probing.spawn_on(ask, &self.calls_on);
    }
}

/// Gives a file that is kept here the address at which gateways fetch it; as it was before.
fn whole_address(template: &mut Message, accounts: &dyn Accounts) -> Option<PostMedia> {
    let Message::Group(post) = template else { return None };
    let media = post.media.as_mut().filter(|media| media.own().is_some())?;
    let own = media.clone();
    media.url = accounts.whole(&own.url);
    Some(own)
}
