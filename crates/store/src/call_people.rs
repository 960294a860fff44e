//! The people of a broadcast of calls: who stands where, and what came of each key.

use std::collections::HashMap;

use domain::{
    call::{CallStage, Digit},
    ids::{BroadcastId, RegistrantId},
    time::Millis,
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// A person of a broadcast of calls, with their last call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPerson {
    /// The position of the person's message in the plan.
    pub position: i64,
    /// The person's registration; `None` once it was erased.
    pub registrant: Option<RegistrantId>,
    /// Full name; may be empty.
    pub name: String,
    /// Number in E.164 form; empty once it was erased.
    pub phone: String,
    /// The number of calls to the person.
    pub attempts: i64,
    /// When the last call was placed; `None` before the first.
    pub placed_at: Option<Millis>,
    /// How long the last call lasted, in seconds; `None` where that is not known.
    pub talk_s: Option<i64>,
    /// The word of what the pressed key does; empty where no key was pressed.
    pub action: String,
    /// When the key's work was done; `None` where nothing was done.
    pub acted_at: Option<Millis>,
    /// What prevented the key's work; empty where nothing did.
    pub note: String,
}

/// The number of people who pressed one key, and what was done for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyResult {
    /// The key that was pressed, from 0 to 9.
    pub digit: i64,
    /// People who pressed this key.
    pub pressed: i64,
    /// People for whom the key's work was done.
    pub done: i64,
    /// People among them for whom something prevented it.
    pub in_the_way: i64,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    position: i64,
    registrant_id: Uuid,
    name: String,
    recipient: String,
    attempt: i64,
    placed_at: Option<i64>,
    talk_s: Option<i64>,
    action: Option<String>,
    acted_at: Option<i64>,
    note: Option<String>,
}

impl From<PersonRow> for CallPerson {
    fn from(row: PersonRow) -> CallPerson {
        CallPerson {
            position: row.position,
            registrant: (!row.recipient.is_empty()).then_some(RegistrantId(row.registrant_id)),
            name: row.name,
            phone: row.recipient,
            attempts: row.attempt,
            placed_at: row.placed_at.map(Millis),
            talk_s: row.talk_s,
            action: row.action.unwrap_or_default(),
            acted_at: row.acted_at.map(Millis),
            note: row.note.unwrap_or_default(),
        }
    }
}

impl Org {
    /// People of a broadcast of calls who stand at that stage, in order of the plan, behind a position. They are those
    /// that [`Org::call_counts`] counts there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn call_people(
        &self,
        broadcast: BroadcastId,
        stage: CallStage,
        after: i64,
        limit: i64,
    ) -> Result<Vec<CallPerson>, StoreError> {
        let digit = match stage {
            CallStage::Pressed(digit) => Some(i64::from(digit.get())),
            _ => None,
        };
        let rows: Vec<PersonRow> = self
            .db
            .all(
                "SELECT m.position, m.registrant_id, m.name, m.recipient, m.attempt, c.placed_at, c.talk_s, c.action, c.acted_at, c.note
                 FROM messages m
                 LEFT JOIN calls c ON c.broadcast_id = m.broadcast_id AND c.position = m.position AND c.attempt = m.attempt
                 WHERE m.broadcast_id = $1 AND m.organization_id = $2 AND m.planned AND m.state <> 'skipped' AND m.position > $3
                   AND CASE m.state WHEN 'waiting' THEN 'waiting'
                                    WHEN 'expired' THEN 'expired'
                                    WHEN 'cancelled' THEN 'expired'
                                    WHEN 'failed' THEN COALESCE(NULLIF(c.stage, 'calling'), 'failed')
                                    ELSE COALESCE(c.stage, 'calling') END = $4
                   AND ($5 < 0 OR c.digit = $5)
                 ORDER BY m.position LIMIT $6",
                args![broadcast.0, self.id(), after, stage.word(), digit.unwrap_or(-1), limit],
            )
            .await?;
        Ok(rows.into_iter().map(CallPerson::from).collect())
    }

    /// What came of each key of a broadcast, by key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn key_results(&self, broadcast: BroadcastId) -> Result<Vec<KeyResult>, StoreError> {
        let rows: Vec<(i64, i64, i64, i64)> = self
            .db
            .all(
                "SELECT digit, COUNT(*), COUNT(acted_at), CAST(COALESCE(SUM(CASE WHEN note <> '' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM calls
                 WHERE broadcast_id = $1 AND organization_id = $2 AND stage = 'pressed' AND digit IS NOT NULL
                 GROUP BY digit ORDER BY digit",
                args![broadcast.0, self.id()],
            )
            .await?;
        let result = |(digit, pressed, done, in_the_way)| KeyResult { digit, pressed, done, in_the_way };
        Ok(rows.into_iter().map(result).collect())
    }

    /// What the last calls of a stretch of a broadcast brought: of each position behind `after` up to `last`, the key
    /// and the seconds on the line, as far as they are known.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn call_endings(
        &self,
        broadcast: BroadcastId,
        after: i64,
        last: i64,
    ) -> Result<HashMap<i64, (Option<i64>, Option<i64>)>, StoreError> {
        let rows: Vec<(i64, Option<i64>, Option<i64>)> = self
            .db
            .all(
                "SELECT position, digit, talk_s FROM calls
                 WHERE broadcast_id = $1 AND organization_id = $2 AND position > $3 AND position <= $4 ORDER BY position, attempt",
                args![broadcast.0, self.id(), after, last],
            )
            .await?;
        Ok(rows.into_iter().map(|(position, digit, talk_s)| (position, (digit, talk_s))).collect())
    }

    /// How many calls of a broadcast were picked up, and how long somebody was on the line on average, in seconds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn call_talk(&self, broadcast: BroadcastId) -> Result<(i64, i64), StoreError> {
        self.db
            .one(
                "SELECT COUNT(talk_s), CAST(COALESCE(AVG(talk_s), 0) AS BIGINT) FROM calls
                 WHERE broadcast_id = $1 AND organization_id = $2 AND talk_s > 0",
                args![broadcast.0, self.id()],
            )
            .await
    }
}

impl KeyResult {
    /// The key; `None` for a digit that is none.
    pub fn key(&self) -> Option<Digit> {
        u8::try_from(self.digit).ok().and_then(Digit::new)
    }
}
