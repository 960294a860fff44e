//! How posts to groups keep apart: one under way per account, a drawn pause between two, so many an hour and a day, fewer while an account is
//! new. It is looked at and written down under the lock of the account's pace, in the transaction that claims: several processes keep it
//! together.

use domain::{
    group::{AccountState, PostPace, days_of_use, slot},
    time::{DAY, HOUR, Millis},
};
use uuid::Uuid;

use super::TurnResult;
use crate::{
    db::{Tx, args},
    error::{StoreError, json},
    hot::StatementBatch,
};

/// The limits of an account that posts, and how long it pauses after the next post.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PostLimits {
    /// The pace of the account itself.
    pub pace: PostPace,
    /// How far the pause after this post lies from the shortest to the longest, drawn from 0 to 1.
    pub share: f64,
}

#[derive(sqlx::FromRow)]
struct SpentRow {
    under_way: bool,
    hour: i64,
    day: i64,
    linked_at: Option<i64>,
    warned_until: Option<i64>,
    state: Option<String>,
}

/// How long the account pauses after a post that begins now, in milliseconds. `None` where no post may begin: the phone
/// is not linked or rests, another post is under way, or the posts of the hour or the day are used up.
pub(super) async fn pause_after(
    tx: &mut Tx,
    integration: Uuid,
    limits: &PostLimits,
    turn: &mut TurnResult,
    now: Millis,
) -> Result<Option<i64>, StoreError> {
    let spent: SpentRow = tx
        .one(
            "SELECT EXISTS (SELECT 1 FROM broadcasts o JOIN broadcast_counts c ON c.broadcast_id = o.id
                            WHERE o.integration_id = $1 AND c.state = 'in_flight' AND c.n > 0) AS under_way,
                    CAST(COALESCE((SELECT SUM(q.n) FROM integration_people q WHERE q.integration_id = $1 AND q.slot >= $2), 0) AS BIGINT) AS hour,
                    CAST(COALESCE((SELECT SUM(q.n) FROM integration_people q WHERE q.integration_id = $1 AND q.slot >= $3), 0) AS BIGINT) AS day,
                    l.linked_at, l.warned_until, l.state
             FROM integrations i LEFT JOIN linked_accounts l ON l.integration_id = i.id WHERE i.id = $1",
            args![integration, slot(now.plus(-HOUR)), slot(now.plus(-DAY))],
        )
        .await?;
    let in_use = days_of_use(spent.linked_at.map(Millis), now);
    let per_day = limits.pace.per_day(in_use);
    let full = spent.hour >= limits.pace.per_hour || spent.day >= per_day;
    let rests = spent.warned_until.is_some_and(|until| until > now.0);
    let linked = match &spent.state {
        // One that cannot be read stops its own posts and nobody else's; the gateway's next answer is written over it.
        Some(state) => {
            json::<AccountState>("linked_accounts", "state", state).is_ok_and(|state| state.posts())
        }
        // Nobody ever asked: the gateway says what it thinks of the post.
        None => true,
    };
    if spent.under_way || full || rests || !linked {
        let wait = if spent.under_way { 1_000 } else { 10_000 };
        turn.wait_ms = Some(turn.wait_ms.map_or(wait, |known| known.min(wait)));
        return Ok(None);
    }
    let warming_up = in_use < PostPace::WARM_UP.len();
    Ok(Some((limits.pace.gap_s(limits.share, warming_up) * 1_000.0) as i64))
}

/// Writes the post and the pause after it down.
pub(super) fn spend(
    statements: &mut StatementBatch,
    integration: Uuid,
    posts: i64,
    pause_ms: i64,
    now: Millis,
) {
    statements.run(
        "INSERT INTO integration_people (integration_id, slot, n) VALUES ($1, $2, $3)
         ON CONFLICT (integration_id, slot) DO UPDATE SET n = integration_people.n + excluded.n",
        args![integration, slot(now), posts],
    );
    statements.run(
        "UPDATE integration_pace SET held_until = $2 WHERE integration_id = $1 AND held_until < $2",
        args![integration, now.plus(pause_ms)],
    );
}
