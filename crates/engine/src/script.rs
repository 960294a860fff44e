//! The stored message that a conversation follows: a provider asks what to do next, and its answer is made from it.

use domain::{
    ids::{IntegrationId, MessageSpan},
    template::{Content, Message},
};
use providers::account::Script;
use store::StoreError;

use crate::Engine;

impl Engine {
    /// The message that an account sent under that name; `None` for one that it never sent, or that this version cannot read.
    pub async fn script(
        &self,
        integration: IntegrationId,
        message: MessageSpan,
    ) -> Result<Option<Script>, StoreError> {
        let Some(sent) = self.work.script(integration, message).await? else { return Ok(None) };
        let template = Message::from_text(sent.channel, &sent.template);
        let content = Content::from_json(sent.channel, &sent.content);
        Ok(template.ok().zip(content.ok()).map(|(template, content)| Script { template, content }))
    }
}
