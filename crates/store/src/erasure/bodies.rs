//! Bodies of posts, which hold numbers and texts, are not kept for ever.

use domain::time::Millis;
use uuid::Uuid;

use crate::{db::args, error::StoreError, work::Work};

/// Rows that one transaction looks at: short enough that sending does not notice.
const ROWS: i64 = 2_000;
/// The chore's name in `chores`.
const CHORE: &str = "receipt_bodies";

impl Work {
    /// Takes the bodies out of receipts that came before `before`, whatever became of them; how many rows were walked over. What an earlier
    /// call walked over is not looked at again.
    pub async fn forget_bodies(&self, before: Millis) -> Result<i64, StoreError> {
        // Ids are in the order of their time.
        let id_at = |at: i64| Uuid::from_u128(u128::try_from(at).unwrap_or(0) << 80);
        let done: Option<(i64,)> =
            self.db.optional("SELECT done_to FROM chores WHERE name = $1", args![CHORE]).await?;
        let (mut after, until) = (id_at(done.map_or(0, |(to,)| to)), id_at(before.0));
        let mut walked = 0;
        loop {
            let rows: Vec<(Uuid,)> = self
                .db
                .all(
                    "SELECT id FROM receipts WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3",
                    args![after, until, ROWS],
                )
                .await?;
            let Some((last,)) = rows.last().copied() else { break };
            self.db
                .run(
                    "UPDATE receipts SET body = '' WHERE id > $1 AND id <= $2 AND body <> '' AND state <> 'pending'",
                    args![after, last],
                )
                .await?;
            walked += i64::try_from(rows.len()).unwrap_or(0);
            after = last;
        }
        self.db
            .run(
                "INSERT INTO chores (name, done_to) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET done_to = excluded.done_to",
                args![CHORE, before],
            )
            .await?;
        Ok(walked)
    }
}
