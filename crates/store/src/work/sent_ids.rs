//! Which message an id of the provider's belongs to, for providers that do not send back what we sent along.
//!
//! Ids are random: put into an index one by one they cost a page of the database each. A turn leaves one row for all of its ids, and
//! [`Work::index_sent_ids`] puts many of those rows into the index at once and in its order. Measured on SQLite with 200,000 messages in
//! turns of 256: the transaction that records took 38 µs per message without ids, 38 µs with a row per turn, and 90 to 120 µs with a row
//! per id, whatever the form of the table.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use domain::{
    ids::{BroadcastId, IntegrationId, MessageRef, ReceiptId},
    time::{DAY, Millis},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Work;
use crate::{
    db::{Batch, Db, args},
    error::StoreError,
    hot::StatementBatch,
};

/// So long after it was handed over a message is found by the provider's id: receipts may come for 30 days.
pub const IDS_KEPT_MS: i64 = 30 * DAY;
/// What is dropped goes by the week.
const WEEK_MS: i64 = 7 * DAY;
/// Weeks that a receipt may look back over, the present one included.
const WEEKS: i64 = IDS_KEPT_MS / WEEK_MS + 2;
/// Rows of turns that go into the index in one transaction.
const TOGETHER: i64 = 256;
/// Fewer rows than [`TOGETHER`] wait this long for company.
const COMPANY_MS: i64 = 60_000;
/// Ids that are dropped in one transaction: short enough that sending does not notice.
const DROPPED: i64 = 5_000;

/// The first eight bytes of the id's SHA-256.
fn hash(id: &str) -> i64 {
    let digest = Sha256::digest(id.as_bytes());
    digest[..8].iter().fold(0_i64, |hash, byte| (hash << 8) | i64::from(*byte))
}

fn week(at: i64) -> i64 {
    at.div_euclid(WEEK_MS)
}

/// The ids of a turn, a text per broadcast: `hash:position` in hexadecimal digits, with spaces between.
#[derive(Default)]
pub(super) struct SentIds(BTreeMap<Uuid, String>);

impl SentIds {
    pub(super) fn note(&mut self, message: MessageRef, provider_id: &str) {
        let text = self.0.entry(message.broadcast.0).or_default();
        if !text.is_empty() {
            text.push(' ');
        }
        write!(text, "{:x}:{:x}", hash(provider_id), message.position).expect("a text takes everything");
    }

    pub(super) fn write(&self, statements: &mut StatementBatch, now: Millis) {
        if self.0.is_empty() {
            return;
        }
        statements.run_batch(WRITE, args![now], self.batch(now));
    }

    /// Writes the ids in a transaction of its own, outside a turn.
    pub(super) async fn write_alone(&self, db: &Db, now: Millis) -> Result<(), StoreError> {
        let mut tx = db.by_index().begin().await?;
        tx.run_batch(WRITE, args![now], self.batch(now)).await?;
        tx.commit().await
    }

    fn batch(&self, now: Millis) -> Batch {
        Batch::new()
            .uuids("id", self.0.iter().map(|_| ReceiptId::new(now).0))
            .uuids("broadcast_id", self.0.keys().copied())
            .texts("ids", self.0.values().cloned())
    }
}

/// A row for the ids of each broadcast.
const WRITE: &str = "INSERT INTO sent_fresh (id, organization_id, integration_id, broadcast_id, at, ids)
             SELECT b.id, c.organization_id, c.integration_id, c.id, $1, b.ids
             FROM @batch CROSS JOIN broadcasts c WHERE c.id = b.broadcast_id";

/// Hashes and positions of a turn's text. What cannot be read is left out: the message is found by its number.
fn entries(text: &str) -> impl Iterator<Item = (i64, i64)> + '_ {
    text.split(' ').filter_map(|entry| {
        let (hash, position) = entry.split_once(':')?;
        let hash = u64::from_str_radix(hash, 16).ok()?;
        Some((hash.cast_signed(), i64::from_str_radix(position, 16).ok()?))
    })
}

impl Work {
    /// The messages that these ids of the provider were given for within the last 30 days. A reader compares the id
    /// that the message itself keeps, because eight bytes of a digest are no proof.
    pub async fn messages_of_ids(
        &self,
        integration: IntegrationId,
        ids: Vec<String>,
        now: Millis,
    ) -> Result<HashMap<String, MessageRef>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut wanted: HashMap<i64, String> = ids.into_iter().map(|id| (hash(&id), id)).collect();
        let mut found = HashMap::new();
        // What waits for the index first: what goes into it meanwhile is seen twice rather than never.
        let fresh: Vec<(Uuid, String)> = self
            .db
            .by_index()
            .all("SELECT broadcast_id, ids FROM sent_fresh WHERE integration_id = $1", args![integration.0])
            .await?;
        for (broadcast, text) in &fresh {
            for (hash, position) in entries(text) {
                if let Some(id) = wanted.remove(&hash) {
                    found.insert(id, MessageRef { broadcast: BroadcastId(*broadcast), position });
                }
            }
        }
        let this = week(now.0);
        // Most are of this week or the last.
        for weeks in [this - 1..this + 2, this - WEEKS + 1..this - 1] {
            if wanted.is_empty() {
                break;
            }
            let keys: Vec<(i64, i64)> =
                weeks.flat_map(|week| wanted.keys().map(move |hash| (week, *hash))).collect();
            let rows: Vec<(i64, Uuid, i64)> = self
                .db
                .by_index()
                .all_batch(
                    "SELECT s.hash, s.broadcast_id, s.position FROM @batch CROSS JOIN sent_ids s
                     WHERE s.integration_id = b.integration_id AND s.week = b.week AND s.hash = b.hash",
                    args![],
                    Batch::new()
                        .uuids("integration_id", keys.iter().map(|_| integration.0))
                        .ints("week", keys.iter().map(|(week, _)| *week))
                        .ints("hash", keys.iter().map(|(_, hash)| *hash)),
                )
                .await?;
            for (hash, broadcast, position) in rows {
                if let Some(id) = wanted.remove(&hash) {
                    found.insert(id, MessageRef { broadcast: BroadcastId(broadcast), position });
                }
            }
        }
        Ok(found)
    }

    /// Puts ids of turns into the index, once there are many or they have waited for a while; how many. Zero when there is nothing
    /// to do now. Of several processes each takes others.
    pub async fn index_sent_ids(&self, now: Millis) -> Result<usize, StoreError> {
        let (n, oldest): (i64, Option<i64>) = self
            .db
            .by_index()
            .one(
                "SELECT COUNT(*), MIN(at) FROM (SELECT at FROM sent_fresh ORDER BY id LIMIT $1) AS oldest",
                args![TOGETHER],
            )
            .await?;
        if n < TOGETHER && oldest.is_none_or(|at| at > now.0 - COMPANY_MS) {
            return Ok(0);
        }
        let mut tx = self.db.by_index().begin().await?;
        let rows: Vec<(Uuid, Uuid, Uuid, i64, String)> = tx
            .all(
                "SELECT id, integration_id, broadcast_id, at, ids FROM sent_fresh ORDER BY id LIMIT $1
                 FOR UPDATE SKIP LOCKED",
                args![TOGETHER],
            )
            .await?;
        let mut sorted: Vec<(Uuid, i64, i64, Uuid, i64)> = rows
            .iter()
            .flat_map(|(_, integration, broadcast, at, text)| {
                entries(text).map(|(hash, position)| (*integration, week(*at), hash, *broadcast, position))
            })
            .collect();
        sorted.sort_unstable();
        tx.run_batch(
            "INSERT INTO sent_ids (integration_id, week, hash, broadcast_id, position)
             SELECT b.integration_id, b.week, b.hash, b.broadcast_id, b.position FROM @batch WHERE TRUE
             ON CONFLICT DO NOTHING",
            args![],
            Batch::new()
                .uuids("integration_id", sorted.iter().map(|id| id.0))
                .ints("week", sorted.iter().map(|id| id.1))
                .ints("hash", sorted.iter().map(|id| id.2))
                .uuids("broadcast_id", sorted.iter().map(|id| id.3))
                .ints("position", sorted.iter().map(|id| id.4)),
        )
        .await?;
        tx.run_batch(
            "DELETE FROM sent_fresh WHERE id IN (SELECT b.id FROM @batch)",
            args![],
            Batch::new().uuids("id", rows.iter().map(|row| row.0)),
        )
        .await?;
        tx.commit().await?;
        Ok(sorted.len())
    }

    /// Drops the weeks that no receipt looks back to; how many ids.
    pub async fn drop_sent_ids(&self, now: Millis) -> Result<u64, StoreError> {
        let oldest = week(now.0 - IDS_KEPT_MS);
        let mut dropped = 0;
        loop {
            let passed: Option<(Uuid, i64)> = self
                .db
                .by_index()
                .optional(
                    "SELECT s.integration_id, s.week FROM integrations i
                     JOIN sent_ids s ON s.integration_id = i.id AND s.week < $1 LIMIT 1",
                    args![oldest],
                )
                .await?;
            let Some((integration, week)) = passed else { return Ok(dropped) };
            dropped += self
                .db
                .by_index()
                .run(
                    "DELETE FROM sent_ids WHERE integration_id = $1 AND week = $2
                       AND hash <= (SELECT MAX(hash) FROM (SELECT hash FROM sent_ids WHERE integration_id = $1 AND week = $2
                                                           ORDER BY hash LIMIT $3) AS first)",
                    args![integration, week, DROPPED],
                )
                .await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_turn_leaves_is_read_as_it_was_written() {
        let broadcast = BroadcastId::new(Millis(0));
        let ids = ["a", "00000000-0000-4000-8000-000000000001", "wamid.TEST"];
        let mut sent = SentIds::default();
        for (position, id) in (1..).zip(ids) {
            sent.note(MessageRef { broadcast, position }, id);
        }
        let text = &sent.0[&broadcast.0];
        let read: Vec<(i64, i64)> = entries(text).collect();
        let expected: Vec<(i64, i64)> = (1..).zip(ids).map(|(position, id)| (hash(id), position)).collect();
        assert_eq!(read, expected);
        // The first eight bytes of SHA-256("a"), as `sha256sum` prints them.
        assert_eq!(hash("a").cast_unsigned(), 0xca97_8112_ca1b_bdca);
        assert_eq!(entries("zz:1 1:zz nonsense").count(), 0);
    }
}
