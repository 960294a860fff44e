//! Whether the kept counts of a broadcast are its rows, and what was proven of it before.
//!
//! Every change of a row's state changes the kept counts in the same transaction. So a broadcast whose counts are those
//! it was proven with is proven still, and millions of rows need not be counted again.

use std::collections::BTreeMap;

use domain::{
    ids::BroadcastId,
    time::{HOUR, MINUTE, Millis},
};
use uuid::Uuid;

use super::Work;
use crate::{db::args, error::StoreError};

/// A broadcast that ended so long ago rests: most of its receipts are in.
const RESTS_AFTER_MS: i64 = 10 * MINUTE;
/// One that has changed since it was proven is proven anew after this, while the program runs.
const PROVE_AGAIN_MS: i64 = 6 * HOUR;

/// A stored count that differs from the number of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountMismatch {
    /// The broadcast of the count.
    pub broadcast: BroadcastId,
    /// The word of the message state that is counted.
    pub state: String,
    /// The number that is stored.
    pub kept: i64,
    /// The number of rows that were found.
    pub counted: i64,
}

/// A broadcast whose rows are to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BroadcastToCount {
    /// Id of the broadcast.
    pub broadcast: BroadcastId,
    /// The number of rows, by the stored counts.
    pub rows: i64,
    /// Whether the broadcast has ended, so that what is proven now will stand.
    pub ended: bool,
    /// When its counts were last proven; zero where they never were.
    proven_at: Millis,
    finished_at: Millis,
}

#[derive(sqlx::FromRow)]
struct Kept {
    id: Uuid,
    ended: bool,
    finished_at: i64,
    proven_at: i64,
    proven_counts: String,
    state: String,
    n: i64,
}

/// `3 delivered, 1 failed`: which rows there are, as one text.
fn written(counts: &BTreeMap<String, i64>) -> String {
    let parts: Vec<String> =
        counts.iter().filter(|(_, n)| **n != 0).map(|(state, n)| format!("{n} {state}")).collect();
    parts.join(", ")
}

impl Work {
    /// Every broadcast that has rows or counts, also one that is missing from the list of broadcasts.
    pub async fn counted_broadcasts(&self) -> Result<Vec<BroadcastId>, StoreError> {
        let ids: Vec<(Uuid,)> = self
            .db
            .all(
                "WITH RECURSIVE with_rows(id) AS (
                     SELECT (SELECT broadcast_id FROM messages ORDER BY broadcast_id LIMIT 1)
                     UNION ALL
                     SELECT (SELECT m.broadcast_id FROM messages m WHERE m.broadcast_id > with_rows.id ORDER BY m.broadcast_id LIMIT 1)
                     FROM with_rows WHERE with_rows.id IS NOT NULL
                 )
                 SELECT id FROM with_rows WHERE id IS NOT NULL
                 UNION SELECT broadcast_id FROM broadcast_counts ORDER BY 1",
                args![],
            )
            .await?;
        Ok(ids.into_iter().map(|(id,)| BroadcastId(id)).collect())
    }

    /// Broadcasts whose counts are not those they were proven with, the smallest first.
    pub async fn unproven(&self) -> Result<Vec<BroadcastToCount>, StoreError> {
        let kept: Vec<Kept> = self
            .db
            .all(
                "SELECT b.id, b.status IN ('completed', 'cancelled', 'failed') AS ended, COALESCE(b.finished_at, 0) AS finished_at,
                        b.proven_at, b.proven_counts, c.state, CAST(SUM(c.n) AS BIGINT) AS n
                 FROM broadcasts b JOIN broadcast_counts c ON c.broadcast_id = b.id
                 GROUP BY b.id, b.status, b.finished_at, b.proven_at, b.proven_counts, c.state",
                args![],
            )
            .await?;
        let mut of: BTreeMap<Uuid, (Kept, BTreeMap<String, i64>)> = BTreeMap::new();
        for row in kept {
            let (state, n) = (row.state.clone(), row.n);
            of.entry(row.id).or_insert_with(|| (row, BTreeMap::new())).1.insert(state, n);
        }
        let mut unproven: Vec<BroadcastToCount> = of
            .into_values()
            .filter(|(row, counts)| row.proven_at == 0 || row.proven_counts != written(counts))
            .map(|(row, counts)| BroadcastToCount {
                broadcast: BroadcastId(row.id),
                rows: counts.values().sum(),
                ended: row.ended,
                proven_at: Millis(row.proven_at),
                finished_at: Millis(row.finished_at),
            })
            .collect();
        unproven.sort_by_key(|one| one.rows);
        Ok(unproven)
    }

    /// Counts the rows of a broadcast, and remembers at `now` that its counts are right when they are.
    pub async fn prove(&self, broadcast: BroadcastId, now: Millis) -> Result<Vec<CountMismatch>, StoreError> {
        let states: Vec<(String, i64, i64)> = self
            .db
            .scan_permit()
            .all(
                "SELECT state, CAST(SUM(n) AS BIGINT), CAST(SUM(m) AS BIGINT) FROM (
                     SELECT state, n, 0 AS m FROM broadcast_counts WHERE broadcast_id = $1
                     UNION ALL
                     SELECT state, 0, COUNT(*) FROM messages WHERE broadcast_id = $1 GROUP BY state
                 ) AS both_ways GROUP BY state",
                args![broadcast.0],
            )
            .await?;
        let differences: Vec<CountMismatch> = states
            .iter()
            .filter(|(_, kept, counted)| kept != counted)
            .map(|(state, kept, counted)| CountMismatch {
                broadcast,
                state: state.clone(),
                kept: *kept,
                counted: *counted,
            })
            .collect();
        if differences.is_empty() {
            let counts = states.into_iter().map(|(state, kept, _)| (state, kept)).collect();
            self.db
                .run(
                    "UPDATE broadcasts SET proven_at = $2, proven_counts = $3 WHERE id = $1",
                    args![broadcast.0, now, written(&counts)],
                )
                .await?;
        }
        Ok(differences)
    }

    /// Proves one broadcast that has ended and rests, if there is one to prove.
    pub async fn prove_next(&self, now: Millis) -> Result<Option<Vec<CountMismatch>>, StoreError> {
        let next = self.unproven().await?.into_iter().find(|one| {
            one.ended
                && now.since(one.finished_at) >= RESTS_AFTER_MS
                && now.since(one.proven_at) >= PROVE_AGAIN_MS
        });
        match next {
            Some(one) => Ok(Some(self.prove(one.broadcast, now).await?)),
            None => Ok(None),
        }
    }
}

/// A broadcast's sum, counted anew from its rows: what the kept counts must equal at every moment.
impl Work {
    /// Kept counts and counted rows of every broadcast that differ, as `(broadcast, state, kept, counted)`; empty when
    /// all is well. What its messages cost has to add up as well, whatever their states: then `cost` stands for the state.
    pub async fn differences(&self) -> Result<Vec<(Uuid, String, i64, i64)>, StoreError> {
        self.db
            .all(
                "SELECT k.broadcast_id, k.state, k.n, k.m FROM (
                     SELECT broadcast_id, state, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(m) AS BIGINT) AS m FROM (
                         SELECT broadcast_id, state, n, 0 AS m FROM broadcast_counts
                         UNION ALL
                         SELECT broadcast_id, state, 0, COUNT(*) FROM messages GROUP BY broadcast_id, state
                     ) AS both_ways GROUP BY broadcast_id, state
                 ) AS k WHERE k.n <> k.m
                 UNION ALL
                 SELECT k.broadcast_id, 'cost', k.n, k.m FROM (
                     SELECT broadcast_id, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(m) AS BIGINT) AS m FROM (
                         SELECT broadcast_id, cost AS n, 0 AS m FROM broadcast_counts
                         UNION ALL
                         SELECT broadcast_id, 0, cost FROM messages WHERE cost IS NOT NULL
                     ) AS both_ways GROUP BY broadcast_id
                 ) AS k WHERE k.n <> k.m",
                args![],
            )
            .await
    }
}
