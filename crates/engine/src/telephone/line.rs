//! What is said to whoever is on the line: made from the call that was stored before it was placed.

use domain::{
    call::{CallRecord, CallRef, CallScript, FilledScript, QuestionRounds},
    ids::{BroadcastId, IntegrationId, MessageRef},
    template::{Content, Message},
    time::Millis,
};
use providers::voice::Step;
use store::StoreError;

use super::{KnownCall, NUMBER_WITHIN_MS};
use crate::Engine;

/// A call that somebody is on the line of, with all that decides its next words.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Our own reference of the call. Of a test call nothing else is kept.
    pub call: CallRef,
    /// The script, before values are put in.
    pub script: CallScript,
    /// The script with this person's values.
    pub said: FilledScript,
    /// What is proven so far, with the key that any process was told.
    pub record: CallRecord,
    /// How often the question was asked, by any process.
    pub rounds: QuestionRounds,
}

impl Engine {
    /// The conversation that a step is of: the call that it names, or the newest one to its number. `None` where that account called
    /// nobody so.
    pub async fn conversation(
        &self,
        integration: IntegrationId,
        step: &Step,
        now: Millis,
    ) -> Result<Option<Conversation>, StoreError> {
        let since = now.plus(-NUMBER_WITHIN_MS);
        let (found, test) = match (step.call, &step.digits) {
            (Some(call), _) => (self.work.calls_named(integration, &[call]).await?, None),
            (None, Some(digits)) => {
                let to = format!("+{digits}");
                let test = self.work.test_call_to(integration, &self.key.of(&to), since).await?;
                (self.work.calls_to(integration, vec![to], since).await?, test)
            }
            (None, None) => (Vec::new(), None),
        };
        let told = found.into_iter().find_map(KnownCall::of);
        let told = told.filter(|told| test.is_none_or(|(_, placed)| placed <= told.call.placed_at));
        if let Some(KnownCall { call, script, said, mut record, .. }) = told {
            record.key = record.key.or(call.line_key.map(|key| (now, key)));
            return Ok(Some(Conversation { call: call.call, script, said, record, rounds: call.rounds }));
        }
        let named = test.map(|(id, _)| test_call(id));
        match step.call.or(named) {
            Some(call) => self.test_conversation(integration, call).await,
            None => Ok(None),
        }
    }

    async fn test_conversation(
        &self,
        integration: IntegrationId,
        call: CallRef,
    ) -> Result<Option<Conversation>, StoreError> {
        let Some(kept) = self.work.test_script(integration, call.message.broadcast).await? else {
            return Ok(None);
        };
        let Ok(Message::Call(script)) = Message::from_text(kept.channel, &kept.template) else {
            return Ok(None);
        };
        let Ok(content) = Content::from_json(kept.channel, &kept.content) else { return Ok(None) };
        let said = script.said(&content);
        let (record, rounds) = (CallRecord::default(), QuestionRounds::default());
        Ok(Some(Conversation { call, script, said, record, rounds }))
    }
}

/// How the one call of a test is named.
fn test_call(id: BroadcastId) -> CallRef {
    CallRef { message: MessageRef { broadcast: id, position: 1 }, attempt: 1 }
}
