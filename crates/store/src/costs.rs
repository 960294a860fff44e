//! What broadcasts cost, by one rule for every page and command: what was charged, the estimated price of what was handed over and is not
//! charged yet, and that of what is still to go. Nobody pays for people who were left out, for what expired or was cancelled, nor for a failure
//! without a charge.
//!
//! Of a broadcast the rule is applied to its counts, so that no message is read: where messages of one state and reason were charged, the charge
//! stands for all of them. The rungs of a ladder are counted message by message, as their caps are.

use domain::{ids::WorkshopId, money::Money};

use crate::{
    db::args,
    error::StoreError,
    org::Org,
    work::{counted, uncharged},
};

/// The cost of several broadcasts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What they cost, an estimate where a part of it is not charged yet.
    pub likely: Money,
    /// Whether all of it was charged.
    pub known: bool,
}

/// What each broadcast of the table `chosen (id)` costs: `costs (id, cost, estimated)`, where `estimated` is more than 0 if a part of the cost is an
/// estimate. Units were counted for whoever waited after planning. Where each had one unit, as on channels without segments and minutes, their number says how many those were; otherwise who
/// was surely left out by planning, and who is excluded mostly then.
macro_rules! costs {
    () => {
        concat!(
            "sums AS (
                 SELECT b.id, b.ladder, b.channel, b.unit_price, b.units,
                        CAST(COALESCE(SUM(c.cost), 0) AS BIGINT) AS charged,
                        CAST(COALESCE(SUM(CASE WHEN c.cost = 0 AND c.state IN ('waiting', 'in_flight', 'sent', 'delivered', 'read', 'unknown')
                                               THEN c.n ELSE 0 END), 0) AS BIGINT) AS owed,
                        b.planned - CAST(COALESCE(SUM(CASE WHEN c.state = 'skipped'
                              AND c.reason IN ('no_phone', 'invalid_phone', 'landline', 'duplicate', 'bad_value') THEN c.n ELSE 0 END), 0) AS BIGINT) AS most,
                        CAST(COALESCE(SUM(CASE WHEN c.state = 'skipped' AND c.reason IN ('suppressed', 'no_consent')
                                               THEN c.n ELSE 0 END), 0) AS BIGINT) AS excluded
                 FROM chosen k JOIN broadcasts b ON b.id = k.id LEFT JOIN broadcast_counts c ON c.broadcast_id = b.id
                 GROUP BY b.id
             ),
             rungs AS (
                 SELECT o.id, CAST(SUM(",
            counted!(),
            " + CASE WHEN m.state = 'waiting' THEN COALESCE(p.price, 0) ELSE 0 END) AS BIGINT) AS cost,
                        COUNT(CASE WHEN COALESCE(p.price, 0) > 0 AND (m.state = 'waiting' OR ",
            uncharged!(),
            " > 0) THEN 1 END) AS estimated
                 FROM sums s JOIN broadcasts o ON o.id = s.id JOIN messages m ON m.broadcast_id = o.id
                 LEFT JOIN rung_prices p ON p.broadcast_id = m.broadcast_id AND p.position = m.position
                 WHERE s.ladder IS NOT NULL GROUP BY o.id
             ),
             shared AS (
                 SELECT id, charged, owed, unit_price,
                        unit_price * units AS whole, CASE WHEN most > excluded THEN most - excluded ELSE 1 END AS people,
                        CASE WHEN units <= most AND (units <= most - excluded OR channel NOT IN ('sms', 'ivr')) THEN 1 ELSE 0 END AS one_each
                 FROM sums
             ),
             costs AS (
                 SELECT h.id,
                        COALESCE(r.cost, h.charged + CASE WHEN h.one_each = 1 THEN h.unit_price * h.owed
                            ELSE h.whole / h.people * h.owed + h.whole % h.people * h.owed / h.people END) AS cost,
                        COALESCE(r.estimated, CASE WHEN h.unit_price > 0 THEN h.owed ELSE 0 END) AS estimated
                 FROM shared h LEFT JOIN rungs r ON r.id = h.id
             )"
        )
    };
}
pub(crate) use costs;

impl Org {
    /// What all broadcasts of a workshop cost, those of its plan and those by hand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn workshop_cost(&self, workshop: WorkshopId) -> Result<Cost, StoreError> {
        let (cost, estimated): (i64, i64) = self
            .db
            .one(
                concat!(
                    "WITH chosen AS (SELECT id FROM broadcasts WHERE workshop_id = $1 AND organization_id = $2), ",
                    costs!(),
                    " SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT), CAST(COALESCE(SUM(estimated), 0) AS BIGINT) FROM costs"
                ),
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(Cost { likely: Money(cost), known: estimated == 0 })
    }
}
