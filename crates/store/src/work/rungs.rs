//! The rungs of a reach ladder at the moment of their claim: nobody who was reached meanwhile, nobody before the rung before had its time to be
//! proven, and nothing beyond what the ladder may cost.
//!
//! What a ladder cost is counted in the transaction that claims, under the lock of the ladder's row, from the messages themselves. The claim is the
//! intent: a message that may have left is counted from that commit on, whatever is killed afterwards. Counted when a rung is
//! confirmed, the people would not be known yet, and whoever is reached meanwhile would hold money that somebody else needs.

use std::collections::{HashMap, HashSet};

use domain::{
    ids::BroadcastId,
    message::{MessageState, SkipReason},
    money::Money,
    reason::OwnReason,
    sequence::{Admission, Claimant, CostCaps, admit},
    time::Millis,
};
use uuid::Uuid;

use super::{Work, claim::ClaimedRow};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    hot::StatementBatch,
    messages::CountMoves,
};

/// How many attempts of a message `m` of a broadcast `o` may be charged and are not yet, as far as is known. A message of another channel has
/// a further attempt only where it did not leave, or where a person sends it again: then its cost stays that of the earlier ones until the
/// charge of the new one is known. Of a call each attempt has its own record, and one that nobody picked up costs nothing.
macro_rules! uncharged {
    () => {
        "CASE WHEN o.channel = 'ivr' THEN
                  CASE WHEN m.state = 'in_flight' THEN 1 ELSE 0 END
                  + (SELECT COUNT(*) FROM calls k
                     WHERE k.broadcast_id = m.broadcast_id AND k.position = m.position AND k.stage IN ('calling', 'answered', 'pressed')
                       AND (k.record = '{}' OR k.record LIKE '%\"cost\":null%')
                       AND NOT (k.attempt = m.attempt AND (m.state = 'in_flight' OR (m.state = 'failed' AND m.sent_at IS NULL))))
              WHEN m.state IN ('in_flight', 'unknown') THEN 1
              WHEN m.state IN ('sent', 'delivered', 'read') AND (m.cost IS NULL OR m.cost = m.earlier_cost) THEN 1
              WHEN m.state = 'failed' AND m.sent_at IS NOT NULL AND m.cost IS NULL THEN 1
              ELSE 0 END"
    };
}

/// What a message `m` counts towards the caps, whatever its state: all its charges, and the estimated price of each attempt without one.
macro_rules! counted {
    () => {
        concat!("COALESCE(m.cost, 0) + COALESCE(p.price, 0) * (", uncharged!(), ")")
    };
}

/// What a ladder cost so far. Parameters: workshop and ladder.
macro_rules! spent {
    () => {
        concat!(
            "SELECT CAST(COALESCE(SUM(",
            counted!(),
            "), 0) AS BIGINT)
             FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
             LEFT JOIN rung_prices p ON p.broadcast_id = m.broadcast_id AND p.position = m.position
             WHERE o.workshop_id = $1 AND o.ladder = $2"
        )
    };
}

pub(crate) use counted;
pub(crate) use spent;
pub(crate) use uncharged;

/// A ladder whose row is held until the end of the transaction.
#[derive(sqlx::FromRow)]
pub(super) struct Ladder {
    workshop_id: Uuid,
    ladder: String,
    per_person: Option<i64>,
    in_all: Option<i64>,
    proof_since: i64,
    purpose: String,
    rung_wait_ms: i64,
}

/// The facts of a person whom a rung is about to go to.
#[derive(sqlx::FromRow)]
struct Before {
    recipient: String,
    proven: bool,
    spent: i64,
    last_sent: i64,
}

/// Holds the ladder of a rung; `None` when another process claims for one of its rungs at this moment: it looks again soon.
pub(super) async fn hold(tx: &mut Tx, broadcast: BroadcastId) -> Result<Option<Ladder>, StoreError> {
    tx.optional(
        "SELECT l.workshop_id, l.ladder, l.per_person, l.in_all, l.proof_since,
                (SELECT b.purpose FROM broadcasts b WHERE b.id = $1) AS purpose,
                (SELECT b.rung_wait_ms FROM broadcasts b WHERE b.id = $1) AS rung_wait_ms
         FROM ladders l
         WHERE l.workshop_id = (SELECT b.workshop_id FROM broadcasts b WHERE b.id = $1)
           AND l.ladder = (SELECT b.ladder FROM broadcasts b WHERE b.id = $1) FOR UPDATE SKIP LOCKED",
        args![broadcast.0],
    )
    .await
}

impl Ladder {
    fn caps(&self) -> CostCaps {
        CostCaps { per_person: self.per_person.map(Money), in_all: self.in_all.map(Money) }
    }

    /// What the ladder sent to these people, and whether anything proves that they were reached. Of their own row, which is claimed already,
    /// what its earlier attempts cost.
    async fn before(
        &self,
        tx: &mut Tx,
        own: BroadcastId,
        recipients: Vec<String>,
    ) -> Result<HashMap<String, Before>, StoreError> {
        let messages: Vec<Before> = tx
            .all_batch(
                concat!(
                    "SELECT m.recipient, MAX(CASE WHEN m.state IN ('delivered', 'read') THEN 1 ELSE 0 END) = 1 AS proven,
                            CAST(SUM(CASE WHEN o.ladder IS NULL THEN 0 ELSE ",
                    counted!(),
                    " - CASE WHEN o.id = $2 THEN COALESCE(p.price, 0) ELSE 0 END END) AS BIGINT) AS spent,
                            MAX(CASE WHEN o.id = $2 OR m.state = 'failed' THEN 0
                                     -- It may have left at any moment since.
                                     WHEN m.state IN ('in_flight', 'unknown') THEN COALESCE(m.started_at, 0)
                                     ELSE COALESCE(m.sent_at, 0) END) AS last_sent
                     FROM broadcasts o CROSS JOIN @batch CROSS JOIN messages m
                     LEFT JOIN rung_prices p ON p.broadcast_id = m.broadcast_id AND p.position = m.position
                     WHERE o.workshop_id = $1
                       AND (o.ladder = $3 OR (o.plan_row_id IS NULL AND o.purpose = $4 AND o.starts_at >= $5))
                       AND m.broadcast_id = o.id AND m.recipient = b.recipient AND m.planned
                     GROUP BY m.recipient"
                ),
                args![self.workshop_id, own.0, &self.ladder, &self.purpose, self.proof_since],
                Batch::new().texts("recipient", recipients.clone()),
            )
            .await?;
        let mut before: HashMap<String, Before> =
            messages.into_iter().map(|one| (one.recipient.clone(), one)).collect();
        for phone in self.seen(tx, recipients).await? {
            let none = Before { recipient: phone.clone(), proven: true, spent: 0, last_sent: 0 };
            before.entry(phone).or_insert(none).proven = true;
        }
        Ok(before)
    }

    /// Whose phone got a post of the ladder.
    async fn seen(&self, tx: &mut Tx, recipients: Vec<String>) -> Result<HashSet<String>, StoreError> {
        let seen: Vec<(String,)> = tx
            .all_batch(
                "SELECT DISTINCT s.person FROM broadcasts o CROSS JOIN @batch CROSS JOIN messages m CROSS JOIN member_receipts s
                 WHERE o.workshop_id = $1 AND o.ladder = $2 AND m.broadcast_id = o.id AND m.group_id IS NOT NULL
                   AND s.broadcast_id = m.broadcast_id AND s.position = m.position AND s.person = b.recipient",
                args![self.workshop_id, &self.ladder],
                Batch::new().texts("recipient", recipients),
            )
            .await?;
        Ok(seen.into_iter().map(|(phone,)| phone).collect())
    }

    /// What the ladder cost so far, with what this transaction claimed.
    async fn spent(&self, tx: &mut Tx) -> Result<Money, StoreError> {
        if self.in_all.is_none() {
            return Ok(Money(0));
        }
        let (spent,): (i64,) = tx.one(spent!(), args![self.workshop_id, &self.ladder]).await?;
        Ok(Money(spent))
    }
}

/// The estimated prices of these messages, by position.
async fn prices(
    tx: &mut Tx,
    broadcast: BroadcastId,
    positions: Vec<i64>,
) -> Result<HashMap<i64, i64>, StoreError> {
    let prices: Vec<(i64, i64)> = tx
        .all_batch(
            "SELECT p.position, p.price FROM @batch CROSS JOIN rung_prices p WHERE p.broadcast_id = $1 AND p.position = b.position",
            args![broadcast.0],
            Batch::new().ints("position", positions),
        )
        .await?;
    Ok(prices.into_iter().collect())
}

impl Work {
    /// Takes rows out of a rung's claim that may not go, or not yet.
    #[expect(clippy::too_many_arguments, reason = "one step of a claim, with the claim's own state")]
    pub(super) async fn admit_to_rung(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        broadcast: BroadcastId,
        ladder: &Ladder,
        rows: &mut Vec<ClaimedRow>,
        moves: &mut CountMoves,
        now: Millis,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        // Claimed messages count, because the claim comes first.
        statements.send(tx).await?;
        rows.sort_unstable_by_key(|row| row.position);
        let before =
            ladder.before(tx, broadcast, rows.iter().map(|row| row.recipient.clone()).collect()).await?;
        let prices = prices(tx, broadcast, rows.iter().map(|row| row.position).collect()).await?;
        let price = |row: &ClaimedRow| Money(prices.get(&row.position).copied().unwrap_or(0));
        let own: Money = rows.iter().map(price).sum();
        let spent = Money(ladder.spent(tx).await?.0.saturating_sub(own.0));
        let claimant = |row: &ClaimedRow| {
            let known = before.get(&row.recipient);
            Claimant {
                price: price(row),
                spent: Money(known.map_or(0, |known| known.spent)),
                proven: known.is_some_and(|known| known.proven),
                last_sent: known.filter(|known| known.last_sent > 0).map(|known| Millis(known.last_sent)),
            }
        };
        let people: Vec<Claimant> = rows.iter().map(claimant).collect();
        let verdicts = admit(ladder.caps(), spent, ladder.rung_wait_ms, &people, now);
        let (mut skipped, mut held) = (HashMap::new(), Vec::new());
        for (row, verdict) in rows.iter().zip(verdicts) {
            match verdict {
                Admission::Go => {}
                Admission::Reached => drop(skipped.insert(row.position, SkipReason::ReachedBefore)),
                Admission::OverPerson => drop(skipped.insert(row.position, SkipReason::PersonCap)),
                Admission::OverAll => drop(skipped.insert(row.position, SkipReason::LadderCap)),
                Admission::Later(free) => held.push((row.position, free.0)),
            }
        }
        self.skip(tx, statements, broadcast, rows, &skipped, moves, now).await?;
        hold_until(tx, broadcast, rows, &held, moves, now).await
    }
}

/// Puts rows back until their rung before had its time.
async fn hold_until(
    tx: &mut Tx,
    broadcast: BroadcastId,
    rows: &mut Vec<ClaimedRow>,
    held: &[(i64, i64)],
    moves: &mut CountMoves,
    now: Millis,
) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    rows.retain(|row| !held.iter().any(|(position, _)| *position == row.position));
    let n = i64::try_from(held.len()).unwrap_or(0);
    moves.add(broadcast.0, MessageState::InFlight, "", -n, 0);
    moves.add(broadcast.0, MessageState::Waiting, "", n, 0);
    tx.run_batch(
        "UPDATE messages SET state = 'waiting', attempt = attempt - 1, worker_id = NULL, started_at = NULL,
                next_attempt_at = b.free_at, changed_at = $1, reason = $2,
                reason_text = 'The message before has some minutes to be proven.'
         FROM @batch WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position",
        args![now, OwnReason::RungWait.word()],
        Batch::new()
            .uuids("broadcast_id", held.iter().map(|_| broadcast.0))
            .ints("position", held.iter().map(|(position, _)| *position))
            .ints("free_at", held.iter().map(|(_, free)| *free)),
    )
    .await?;
    Ok(())
}
