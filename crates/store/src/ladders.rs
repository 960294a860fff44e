//! Reach ladders: the row that their rungs' claims lock, and what a ladder did. The module `work/rungs.rs` decides whom
//! a claim admits.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    ids::{BroadcastId, PlanRowId, WorkshopId},
    message::MessageState,
    money::Money,
    reason::Reason,
    sequence::{LadderMessage, LadderReport, RungRun, StepKey, report},
    time::Millis,
    told::Purpose,
};
use uuid::Uuid;

use crate::{
    db::{Tx, args},
    error::{StoreError, word},
    org::Org,
    told::Selection,
    work::{counted, spent, uncharged},
};

/// Broadcasts of a channel from which it is known how many people it reaches.
const SHARE_BROADCASTS: i64 = 20;
/// With fewer messages than these nothing is known.
const SHARE_MESSAGES_MIN: i64 = 20;

/// One message of a ladder, as it is read.
#[derive(sqlx::FromRow)]
struct TellingRow {
    plan_row_id: Option<Uuid>,
    recipient: String,
    state: String,
    reason: String,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
    cost: Option<i64>,
    price: i64,
    uncharged: i64,
}

/// The receipt of a post by a registrant's phone.
#[derive(sqlx::FromRow)]
struct SeenRow {
    plan_row_id: Option<Uuid>,
    person: String,
    sent_at: Option<i64>,
    seen_at: Option<i64>,
}

impl Org {
    /// Enters a broadcast in its ladder, in the transaction that confirms it. What the ladder may cost is what its newest rung says.
    pub(crate) async fn join_ladder(
        &self,
        tx: &mut Tx,
        rung: &RungRun,
        broadcast: BroadcastId,
    ) -> Result<(), StoreError> {
        let ladder = rung.ladder.as_str();
        tx.run(
            "INSERT INTO ladders (workshop_id, ladder, organization_id, per_person, in_all, proof_since)
             SELECT b.workshop_id, $3, b.organization_id, $4, $5, $6 FROM broadcasts b WHERE b.id = $1 AND b.organization_id = $2
             ON CONFLICT (workshop_id, ladder) DO UPDATE
             SET per_person = excluded.per_person, in_all = excluded.in_all, proof_since = excluded.proof_since",
            args![
                broadcast.0,
                self.id(),
                ladder,
                rung.caps.per_person.map(|cap| cap.0),
                rung.caps.in_all.map(|cap| cap.0),
                rung.since
            ],
        )
        .await?;
        tx.run(
            "UPDATE broadcasts SET ladder = $3, rung_wait_ms = $4 WHERE id = $1 AND organization_id = $2",
            args![broadcast.0, self.id(), ladder, rung.wait_ms],
        )
        .await?;
        Ok(())
    }

    /// What a ladder cost so far: charges where they are known, else estimated prices. Zero before its first rung.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn ladder_spent(&self, workshop: WorkshopId, ladder: &StepKey) -> Result<Money, StoreError> {
        let args = args![workshop.0, ladder.as_str(), self.id()];
        let (spent,): (i64,) = self.db.one(concat!(spent!(), " AND o.organization_id = $3"), args).await?;
        Ok(Money(spent))
    }

    /// What a ladder did, rung by rung in the order of `rungs`, the rows of the plan.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn ladder_report(
        &self,
        workshop: WorkshopId,
        ladder: &StepKey,
        rungs: &[PlanRowId],
        now: Millis,
    ) -> Result<LadderReport, StoreError> {
        let place = |row: Option<Uuid>| rungs.iter().position(|rung| Some(rung.0) == row);
        let mut tellings = Vec::new();
        for row in self.ladder_messages(workshop, ladder).await? {
            let Some(rung) = place(row.plan_row_id) else { continue };
            tellings.push(LadderMessage {
                rung,
                phone: row.recipient,
                state: word("messages", "state", &row.state)?,
                reason: Reason::from(row.reason.as_str()),
                sent_at: row.sent_at.map(Millis),
                proven_at: row.delivered_at.into_iter().chain(row.read_at).min().map(Millis),
                charged: row.cost.map(Money),
                price: Money(row.price),
                uncharged: row.uncharged,
            });
        }
        for row in self.ladder_receipts(workshop, ladder).await? {
            let Some(rung) = place(row.plan_row_id) else { continue };
            tellings.push(LadderMessage {
                rung,
                phone: row.person,
                state: MessageState::Delivered,
                reason: Reason::None,
                sent_at: row.sent_at.map(Millis),
                proven_at: row.seen_at.map(Millis),
                charged: None,
                price: Money(0),
                uncharged: 0,
            });
        }
        let everyone = Selection::everyone(workshop, Purpose::default(), now);
        let people = self.audience_reader().count(&everyone).await?;
        Ok(report(people, rungs.len(), &tellings))
    }

    async fn ladder_messages(
        &self,
        workshop: WorkshopId,
        ladder: &StepKey,
    ) -> Result<Vec<TellingRow>, StoreError> {
        self.db
            .all(
                concat!(
                    "SELECT o.plan_row_id, m.recipient, m.state, m.reason, m.sent_at, m.delivered_at, m.read_at, m.cost,
                        COALESCE(p.price, 0) AS price, CAST(",
                    uncharged!(),
                    " AS BIGINT) AS uncharged
                 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                 LEFT JOIN rung_prices p ON p.broadcast_id = m.broadcast_id AND p.position = m.position
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND o.ladder = $3 AND m.planned AND m.group_id IS NULL
                 ORDER BY m.broadcast_id, m.position"
                ),
                args![workshop.0, self.id(), ladder.as_str()],
            )
            .await
    }

    /// Posts by the phones that got them, of people who are registered; of a person in several groups the earliest.
    async fn ladder_receipts(
        &self,
        workshop: WorkshopId,
        ladder: &StepKey,
    ) -> Result<Vec<SeenRow>, StoreError> {
        self.db
            .all(
                "SELECT o.plan_row_id, s.person, MIN(m.sent_at) AS sent_at, MIN(COALESCE(s.delivered_at, s.read_at)) AS seen_at
                 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id AND m.group_id IS NOT NULL
                 JOIN member_receipts s ON s.broadcast_id = m.broadcast_id AND s.position = m.position
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND o.ladder = $3
                   AND EXISTS (SELECT 1 FROM @registrants r WHERE r.workshop_id = $1 AND r.phone = s.person AND r.status = 'registered')
                 GROUP BY o.plan_row_id, s.person ORDER BY s.person",
                args![workshop.0, self.id(), ladder.as_str()],
            )
            .await
    }

    /// Of a hundred messages that were handed over on each channel lately so many were proven to have arrived. A channel of which too little is
    /// known is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reached_shares(&self) -> Result<BTreeMap<Channel, i64>, StoreError> {
        let mut shares = BTreeMap::new();
        for channel in Channel::to_people() {
            let (left, proven): (i64, i64) = self
                .db
                .one(
                    "SELECT CAST(COALESCE(SUM(c.n), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN c.state IN ('delivered', 'read') THEN c.n ELSE 0 END), 0) AS BIGINT)
                     FROM broadcast_counts c
                     WHERE c.state IN ('sent', 'delivered', 'read', 'failed', 'unknown')
                       AND c.broadcast_id IN (SELECT b.id FROM broadcasts b
                                              WHERE b.organization_id = $1 AND b.channel = $2 AND b.status = 'completed'
                                              ORDER BY b.id DESC LIMIT $3)",
                    args![self.id(), channel.word(), SHARE_BROADCASTS],
                )
                .await?;
            if left >= SHARE_MESSAGES_MIN {
                shares.insert(channel, proven * 100 / left);
            }
        }
        Ok(shares)
    }
}
