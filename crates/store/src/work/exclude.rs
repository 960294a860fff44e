//! The last check of claimed rows, within the transaction that claims them: who has opted out meanwhile, and who had a
//! message just now.

use std::collections::{HashMap, HashSet};

use domain::{
    channel::Category,
    ids::BroadcastId,
    message::{MessageState, SkipReason},
    reason::OwnReason,
    time::Millis,
};

use super::{
    Work,
    claim::{BroadcastHead, ClaimedRow},
    consents::{CONSENTING, SUPPRESSED},
};
use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    hot::StatementBatch,
    messages::CountMoves,
    phone_key::PhoneKey,
};

impl Work {
    /// Takes rows out of a claim that may not go now. Checked at the moment of sending, because people opt out after
    /// the plan is written.
    #[expect(clippy::too_many_arguments, reason = "one step of a claim, with the claim's own state")]
    pub(super) async fn exclude(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        broadcast: BroadcastId,
        head: &BroadcastHead,
        rows: &mut Vec<ClaimedRow>,
        key: &PhoneKey,
        moves: &mut CountMoves,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut skipped: HashMap<i64, SkipReason> = HashMap::new();
        let promotes = head.category == Category::Marketing.word();
        if head.suppressing || promotes {
            let keys: Vec<String> = rows.iter().map(|row| key.of(&row.recipient)).collect();
            let keyed = || rows.iter().map(|row| row.position).zip(&keys);
            if promotes {
                let agreed = listed(tx, CONSENTING, head, keys.clone()).await?;
                let out = keyed().filter(|(_, key)| !agreed.contains(*key));
                skipped.extend(out.map(|(position, _)| (position, SkipReason::NoConsent)));
            }
            let suppressed = listed(tx, SUPPRESSED, head, keys.clone()).await?;
            let out = keyed().filter(|(_, key)| suppressed.contains(*key));
            skipped.extend(out.map(|(position, _)| (position, SkipReason::Suppressed)));
        }
        self.skip(tx, statements, broadcast, rows, &skipped, moves, now).await?;
        self.keep_gap(tx, statements, broadcast, head, rows, moves, now).await
    }

    #[expect(clippy::too_many_arguments, reason = "as above")]
    pub(super) async fn skip(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        broadcast: BroadcastId,
        rows: &mut Vec<ClaimedRow>,
        skipped: &HashMap<i64, SkipReason>,
        moves: &mut CountMoves,
        now: Millis,
    ) -> Result<(), StoreError> {
        if skipped.is_empty() {
            return Ok(());
        }
        rows.retain(|row| !skipped.contains_key(&row.position));
        for reason in skipped.values() {
            moves.add(broadcast.0, MessageState::InFlight, "", -1, 0);
            moves.add(broadcast.0, MessageState::Skipped, reason.word(), 1, 0);
        }
        // The claim of these rows comes first.
        statements.send(tx).await?;
        tx.run_batch(
            "UPDATE messages SET state = 'skipped', reason = b.reason, attempt = attempt - 1, worker_id = NULL, started_at = NULL,
                    changed_at = $1
             FROM @batch WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position",
            args![now],
            Batch::new()
                .uuids("broadcast_id", skipped.iter().map(|_| broadcast.0))
                .ints("position", skipped.keys().copied())
                .texts("reason", skipped.values().map(|reason| reason.word().to_owned())),
        )
        .await?;
        Ok(())
    }

    /// Two messages to one number keep their distance on channels that want it: the later one waits.
    #[expect(clippy::too_many_arguments, reason = "as above")]
    async fn keep_gap(
        &self,
        tx: &mut Tx,
        statements: &mut StatementBatch,
        broadcast: BroadcastId,
        head: &BroadcastHead,
        rows: &mut Vec<ClaimedRow>,
        moves: &mut CountMoves,
        now: Millis,
    ) -> Result<(), StoreError> {
        let gap = head.gap_ms()?;
        if gap == 0 || rows.is_empty() {
            return Ok(());
        }
        let recent: Vec<(String, i64)> = tx
            .all_batch(
                "SELECT m.recipient, m.started_at
                 FROM (SELECT t.id FROM integrations i CROSS JOIN broadcasts t
                       WHERE i.organization_id = $1 AND t.integration_id = i.id AND t.served_at > $4 AND t.channel = $2 AND t.id <> $3) t
                 CROSS JOIN @batch CROSS JOIN messages m
                 WHERE m.broadcast_id = t.id AND m.recipient = b.recipient AND m.planned AND m.started_at > $4 AND m.state <> 'skipped'",
                args![head.organization_id, &head.channel, broadcast.0, now.plus(-gap)],
                Batch::new().texts("recipient", rows.iter().map(|row| row.recipient.clone())),
            )
            .await?;
        let mut free_at: HashMap<String, i64> = HashMap::new();
        for (recipient, started) in recent {
            let free = free_at.entry(recipient).or_default();
            *free = (*free).max(started + gap);
        }
        let held: Vec<(i64, i64)> =
            rows.iter().filter_map(|row| Some((row.position, *free_at.get(&row.recipient)?))).collect();
        if held.is_empty() {
            return Ok(());
        }
        rows.retain(|row| !free_at.contains_key(&row.recipient));
        let n = i64::try_from(held.len()).unwrap_or(0);
        moves.add(broadcast.0, MessageState::InFlight, "", -n, 0);
        moves.add(broadcast.0, MessageState::Waiting, "", n, 0);
        statements.send(tx).await?;
        tx.run_batch(
            "UPDATE messages SET state = 'waiting', attempt = attempt - 1, worker_id = NULL, started_at = NULL,
                    next_attempt_at = b.free_at, changed_at = $1, reason = $2,
                    reason_text = 'This number had another message less than two minutes before.'
             FROM @batch WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position",
            args![now, OwnReason::Gap.word()],
            Batch::new()
                .uuids("broadcast_id", held.iter().map(|_| broadcast.0))
                .ints("position", held.iter().map(|(position, _)| *position))
                .ints("free_at", held.iter().map(|(_, free)| *free)),
        )
        .await?;
        Ok(())
    }
}

/// The keys that a list holds for this broadcast's channel and category.
async fn listed(
    tx: &mut Tx,
    list: &'static str,
    head: &BroadcastHead,
    keys: Vec<String>,
) -> Result<HashSet<String>, StoreError> {
    let found: Vec<(String,)> = tx
        .all_batch(
            list,
            args![head.organization_id, &head.channel, &head.category],
            Batch::new().texts("phone_key", keys),
        )
        .await?;
    Ok(found.into_iter().map(|(key,)| key).collect())
}
