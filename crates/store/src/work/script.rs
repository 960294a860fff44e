//! What a message said, for a provider that asks while a conversation about it is under way.

use domain::{
    channel::Channel,
    ids::{BroadcastId, IntegrationId, MessageSpan},
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    db::args,
    error::{StoreError, word},
};

/// A message that was tried: what its broadcast sends, and the values of its person.
#[derive(Clone, Debug)]
pub struct SentScript {
    /// The channel of the message.
    pub channel: Channel,
    /// The frozen template, as JSON.
    pub template: String,
    /// The final values, as JSON.
    pub content: String,
}

impl Work {
    /// What a test call says; `None` where none of that name was made lately.
    pub async fn test_script(
        &self,
        integration: IntegrationId,
        call: BroadcastId,
    ) -> Result<Option<SentScript>, StoreError> {
        let row: Option<(String, String)> = self
            .db
            .optional(
                "SELECT template, content FROM test_calls WHERE id = $1 AND integration_id = $2",
                args![call.0, integration.0],
            )
            .await?;
        Ok(row.map(|(template, content)| SentScript { channel: Channel::IvrCall, template, content }))
    }

    /// The newest test call of an account to the number with that key since then: which, and when it was placed.
    pub async fn test_call_to(
        &self,
        integration: IntegrationId,
        phone_key: &str,
        since: Millis,
    ) -> Result<Option<(BroadcastId, Millis)>, StoreError> {
        let row: Option<(Uuid, i64)> = self
            .db
            .optional(
                "SELECT id, placed_at FROM test_calls WHERE integration_id = $1 AND phone_key = $2 AND placed_at > $3
                 ORDER BY placed_at DESC LIMIT 1",
                args![integration.0, phone_key, since],
            )
            .await?;
        Ok(row.map(|(id, placed)| (BroadcastId(id), Millis(placed))))
    }

    /// The first message of the span; `None` where this account never tried it.
    pub async fn script(
        &self,
        integration: IntegrationId,
        message: MessageSpan,
    ) -> Result<Option<SentScript>, StoreError> {
        let row: Option<(String, String, String)> = self
            .db
            .optional(
                "SELECT b.channel, b.template, CASE WHEN m.content = '' THEN b.content ELSE m.content END
                 FROM broadcasts b JOIN messages m ON m.broadcast_id = b.id AND m.position = $3
                 WHERE b.id = $1 AND b.integration_id = $2 AND m.attempt > 0",
                args![message.broadcast.0, integration.0, message.first],
            )
            .await?;
        let Some((channel, template, content)) = row else { return Ok(None) };
        Ok(Some(SentScript { channel: word("broadcasts", "channel", &channel)?, template, content }))
    }
}
