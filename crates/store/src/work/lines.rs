//! The channels of an account that calls hold, and how many may begin now.
//!
//! A call holds a channel from its claim until it is over, or until the longest that it may last has passed. Both limits of an account, its
//! channels and its new calls a minute, are counted under the lock of its pace, so that all processes keep them together.

use std::collections::HashSet;

use domain::{
    call::{Ring, poll_after},
    ids::MessageRef,
    message::Next,
    time::{MINUTE, Millis, SECOND},
};
use uuid::Uuid;

use super::{Endings, ReceiptChange, TurnResult, claim::ClaimedRow};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    hot::StatementBatch,
};

/// The limits of an account of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// The largest number of calls at the same time.
    pub at_once: i64,
    /// The largest number of new calls in a minute.
    pub per_minute: i64,
    /// The time limits of one call.
    pub ring: Ring,
}

/// A minute of the account with what a request may be late: a claim and the request behind it are not the same moment.
const WINDOW_MS: i64 = MINUTE + SECOND;
/// While all channels are held, it is looked again after this.
const FULL_MS: i64 = SECOND;

#[derive(sqlx::FromRow)]
struct HeldRow {
    held: i64,
    lately: i64,
    oldest: Option<i64>,
}

/// How many calls the account may begin now. Its pace is locked.
pub(super) async fn room(
    tx: &mut Tx,
    integration: Uuid,
    limits: &CallLimits,
    turn: &mut TurnResult,
    now: Millis,
) -> Result<i64, StoreError> {
    let held: HeldRow = tx
        .one(
            "SELECT (SELECT COUNT(*) FROM calls c WHERE c.integration_id = $1 AND c.holds_until > $2 AND c.holds_until > 0) AS held,
                    (SELECT COUNT(*) FROM calls c WHERE c.integration_id = $1 AND c.placed_at > $3) AS lately,
                    (SELECT MIN(c.placed_at) FROM calls c WHERE c.integration_id = $1 AND c.placed_at > $3) AS oldest",
            args![integration, now, now.plus(-WINDOW_MS)],
        )
        .await?;
    let lines = limits.at_once - held.held;
    let pace = limits.per_minute - held.lately;
    let room = lines.min(pace).max(0);
    if room == 0 {
        let leaves = held.oldest.map_or(FULL_MS, |oldest| (oldest + WINDOW_MS - now.0).max(1));
        let wait = if pace <= 0 { leaves } else { FULL_MS };
        turn.wait_ms = Some(turn.wait_ms.map_or(wait, |known| known.min(wait)));
    }
    Ok(room)
}

/// Whose channels claimed rows hold.
pub(super) struct Holder {
    pub(super) broadcast: Uuid,
    pub(super) organization: Uuid,
    pub(super) integration: Uuid,
}

/// Writes down that claimed rows hold channels. An attempt that was handed back untried has the same number again.
pub(super) fn hold(
    statements: &mut StatementBatch,
    of: &Holder,
    rows: &[ClaimedRow],
    limits: &CallLimits,
    now: Millis,
) {
    let until = now.plus((limits.ring.ring_s + limits.ring.longest_s) * SECOND);
    statements.run_batch(
        "INSERT INTO calls (broadcast_id, position, attempt, organization_id, integration_id, provider_id, record, stage, placed_at,
                            holds_until, ask_at, asked, action, note, weighed)
         SELECT b.broadcast_id, b.position, b.attempt, $1, $2, '', '{}', 'calling', $3, $4, $5, 0, '', '', FALSE FROM @batch WHERE TRUE
         ON CONFLICT (broadcast_id, position, attempt)
         DO UPDATE SET record = '{}', stage = 'calling', provider_id = '', placed_at = excluded.placed_at,
                       holds_until = excluded.holds_until, ask_at = excluded.ask_at, asked = 0",
        args![of.organization, of.integration, now, until, poll_after(now, limits.ring)],
        Batch::new()
            .uuids("broadcast_id", rows.iter().map(|_| of.broadcast))
            .ints("position", rows.iter().map(|row| row.position))
            .ints("attempt", rows.iter().map(|row| row.attempt)),
    );
}

/// How an attempt ended that held a channel.
struct Attempted<'a> {
    message: MessageRef,
    attempt: i64,
    /// It may ring: the provider took it, or nobody knows.
    rings: bool,
    provider_id: Option<&'a str>,
}

/// The attempts of calls among what ended; those of others are not this worker's to end.
fn attempted<'a>(endings: &'a Endings, stale: &HashSet<(Uuid, i64)>) -> Vec<Attempted<'a>> {
    let of_calls = endings.rows.iter().filter(|row| endings.rings.contains(&row.message.broadcast));
    let own = of_calls.filter(|row| !stale.contains(&(row.message.broadcast.0, row.message.position)));
    own.map(|row| Attempted {
        message: row.message,
        attempt: row.attempt,
        rings: matches!(row.next, Next::Sent { .. } | Next::Unknown(_)),
        provider_id: match &row.next {
            Next::Sent { provider_id, .. } => provider_id.as_deref(),
            _ => None,
        },
    })
    .collect()
}

/// Frees the channels of attempts that never rang, and keeps the provider's ids of the others.
pub(super) fn ended(statements: &mut StatementBatch, endings: &Endings, stale: &HashSet<(Uuid, i64)>) {
    let all = attempted(endings, stale);
    if all.is_empty() {
        return;
    }
    statements.run_batch(
        "UPDATE calls SET provider_id = CASE WHEN calls.provider_id = '' THEN b.provider_id ELSE calls.provider_id END,
                holds_until = CASE WHEN b.rings = 1 THEN calls.holds_until ELSE 0 END,
                ask_at = CASE WHEN b.rings = 1 THEN calls.ask_at END,
                placed_at = CASE WHEN b.rings = 1 THEN calls.placed_at ELSE 0 END,
                stage = CASE WHEN b.rings = 1 THEN calls.stage ELSE 'not_placed' END
         FROM @batch
         WHERE calls.broadcast_id = b.broadcast_id AND calls.position = b.position AND calls.attempt = b.attempt",
        args![],
        Batch::new()
            .uuids("broadcast_id", all.iter().map(|one| one.message.broadcast.0))
            .ints("position", all.iter().map(|one| one.message.position))
            .ints("attempt", all.iter().map(|one| one.attempt))
            .ints("rings", all.iter().map(|one| i64::from(one.rings)))
            .texts("provider_id", all.iter().map(|one| one.provider_id.unwrap_or("").to_owned())),
    );
}

/// A broadcast that was done goes on when somebody of it is called again: the report of a call may come after all others.
pub(super) async fn reopen(tx: &mut Tx, changes: &[ReceiptChange], now: Millis) -> Result<(), StoreError> {
    let mut again: Vec<Uuid> =
        changes.iter().filter(|change| change.again_at.is_some()).map(|c| c.message.broadcast.0).collect();
    if again.is_empty() {
        return Ok(());
    }
    again.sort_unstable();
    again.dedup();
    // The state is written so that no index of it fits: SQLite would walk over all that are done.
    tx.run_batch(
        "UPDATE broadcasts SET status = 'in_progress', finished_at = NULL FROM @batch
         WHERE broadcasts.id = b.id AND broadcasts.status || '' = 'completed' AND broadcasts.deadline > $1
           AND EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = b.id AND m.state = 'waiting' AND m.next_attempt_at > 0)",
        args![now],
        Batch::new().uuids("id", again),
    )
    .await?;
    Ok(())
}
