//! Looks for posts of which nobody knows whether they are in their group. The gateway is asked at the same steps as a
//! provider about a message. A post that it finds is proven; that it finds none proves nothing, and a person decides.

use domain::{
    channel::Channel,
    group::Jid,
    ids::MessageRef,
    template::{Content, Message},
    time::{Millis, SECOND},
};
use providers::Account;
use store::{
    StoreError,
    work::{DueStatusPoll, OpenPost, asked_post},
};
use tracing::warn;

use crate::{Engine, accounts::OpenAccounts, status_poll::next_step};

/// The clock of a gateway may be behind ours by so much.
const CLOCKS_DIFFER_MS: i64 = 5 * SECOND;

impl Engine {
    /// Takes the questions about posts out of those that are due, and asks the gateways.
    pub(crate) async fn find_posts(
        &self,
        due: Vec<DueStatusPoll>,
        now: Millis,
    ) -> Result<Vec<DueStatusPoll>, StoreError> {
        let (posts, others): (Vec<DueStatusPoll>, Vec<DueStatusPoll>) =
            due.into_iter().partition(|asked| asked_post(&asked.key).is_some());
        let mut accounts = OpenAccounts::default();
        for asked in posts {
            let position = asked_post(&asked.key).unwrap_or_default();
            let message = MessageRef { broadcast: asked.broadcast, position };
            let Some(post) = self.work.unknown_post(message).await? else {
                self.work.poll_again(&asked, None).await?;
                continue;
            };
            match accounts.get(asked.integration, &self.work, self.accounts.as_ref(), now).await {
                Ok(Ok(account)) => self.find_post(account.as_ref(), &asked, &post, now).await?,
                // It is asked again at the next step, should the account be there then.
                Ok(Err(_)) | Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
            self.work.poll_again(&asked, next_step(&asked, now)).await?;
        }
        Ok(others)
    }

    async fn find_post(
        &self,
        account: &dyn Account,
        asked: &DueStatusPoll,
        post: &OpenPost,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (Some(gateway), Ok(group)) = (account.gateway(), post.group.parse::<Jid>()) else {
            return Ok(());
        };
        let Some(script) = self.work.script(asked.integration, post.message.into()).await? else {
            return Ok(());
        };
        let template = serde_json::from_str(&script.template).unwrap_or_default();
        let filled = match (
            Message::from_json(Channel::WhatsappGroup, &template),
            Content::from_json(Channel::WhatsappGroup, &script.content),
        ) {
            (Ok(Message::Group(template)), Ok(content)) => template.filled(&content),
            _ => return Ok(()),
        };
        let since = post.started_at.plus(-CLOCKS_DIFFER_MS);
        match gateway.find(&self.http, &group, &filled, since).await {
            Ok(Some(found)) => {
                // One that is known already is another post.
                let known = self.work.messages_of_ids(asked.integration, vec![found.id.clone()], now).await?;
                if known.get(&found.id).is_none_or(|message| *message == post.message) {
                    let touched = self.work.prove_post(post, &found.id, found.at, now).await?;
                    self.tell(touched);
                }
            }
            Ok(None) => {}
            Err(silence) => {
                let words = silence.words();
                warn!(integration.id = %asked.integration, "{} was not told about a post: {words}", asked.integration);
            }
        }
        Ok(())
    }
}
