//! Planning: one row per recipient, written in stretches, each stretch whole or not at all.

use domain::{
    broadcast::{Addressee, Audience},
    ids::{BroadcastId, OrganizationId, RegistrantId, WorkshopId},
    message::{MessageState, SkipReason},
    money::Money,
    outcome::ProviderAnswer,
    time::Millis,
    told::Purpose,
};
use uuid::Uuid;

use super::{Work, links};
use crate::{
    changes::Change,
    db::{Batch, Tx, args},
    error::StoreError,
    messages::{CountMoves, move_counts},
    told::Selection,
};

/// A confirmed broadcast whose recipients are being written down, and the progress of that.
#[derive(Clone, Debug)]
pub struct Planning {
    /// Id of the broadcast.
    pub broadcast: BroadcastId,
    /// The organisation that it belongs to.
    pub organization: OrganizationId,
    /// The workshop whose people get it.
    pub workshop: WorkshopId,
    /// Which of the workshop's people get it, and for which purpose.
    pub selection: Selection,
    /// The word of the channel, for the look at suppressions.
    pub channel: String,
    /// The word of the category, for the look at suppressions.
    pub category: String,
    /// The frozen template, JSON; may be unreadable.
    pub template: String,
    /// The number of rows written so far. The next row's position is one more.
    pub planned: i64,
    /// Number and identity of the last registrant who was written down.
    pub after: (String, String),
    /// Final values that every message has, once the first stretch has fixed them; `None` as long as nothing is fixed,
    /// or when they differ from person to person.
    pub shared: Option<String>,
    /// Of a rung of a reach ladder: the estimated price of one unit, which is kept with each message for the ladder's
    /// cost.
    pub rung_price: Option<Money>,
    /// The workshop's revision of its people when this was read: a stretch that was read then is written only while it
    /// holds.
    pub people_revision: i64,
}

/// What a stretch adds to its broadcast besides rows.
#[derive(Clone, Debug, Default)]
pub struct StretchSums {
    /// Units that are charged for the rows that wait.
    pub units: i64,
    /// Final values that every message of the broadcast has; rows carry none then.
    pub shared: Option<String>,
    /// Codes of the short links that its messages carry, with whose they are.
    pub join_codes: Vec<(RegistrantId, String)>,
}

/// A message of the plan that is to be written down.
#[derive(Clone, Debug)]
pub struct PlannedRow {
    /// The person or group that the message goes to.
    pub addressee: Addressee,
    /// The person's name, or the group's.
    pub name: String,
    /// E.164, or the group's id on its messenger; empty where there is none.
    pub recipient: String,
    /// Why the person is left out; `None` where the message waits.
    pub skip: Option<(SkipReason, String)>,
    /// The final values as JSON; empty for a person who is left out.
    pub content: String,
    /// The units that are charged for the message.
    pub units: i64,
}

#[derive(sqlx::FromRow)]
struct PlanningRow {
    id: Uuid,
    organization_id: Uuid,
    workshop_id: Uuid,
    audience: String,
    purpose: String,
    created_at: i64,
    channel: String,
    category: String,
    template: String,
    planned: i64,
    plan_phone: String,
    plan_identity: String,
    content: String,
    rung: bool,
    unit_price: i64,
    people_revision: i64,
}

impl Work {
    /// Confirmed broadcasts whose plan is not finished, oldest first. Broadcasts of a workshop with an unsettled undo
    /// wait for it.
    pub async fn planning(&self) -> Result<Vec<Planning>, StoreError> {
        let rows: Vec<PlanningRow> = self
            .db
            .all(
                "SELECT b.id, b.organization_id, b.workshop_id, b.audience, b.purpose, b.created_at, b.channel, b.category, b.template, b.planned, b.plan_phone,
                        b.plan_identity, b.content, b.ladder IS NOT NULL AS rung, b.unit_price, w.people_revision
                 FROM broadcasts b JOIN workshops w ON w.id = b.workshop_id
                 WHERE b.status = 'planning'
                   AND NOT EXISTS (SELECT 1 FROM undoing u WHERE u.workshop_id = b.workshop_id AND NOT u.settled)
                   AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.workshop_id = b.workshop_id AND i.state = 'undoing')
                 ORDER BY b.id LIMIT 20",
                args![],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| Planning {
                broadcast: BroadcastId(row.id),
                organization: OrganizationId(row.organization_id),
                workshop: WorkshopId(row.workshop_id),
                selection: selection(&row),
                channel: row.channel,
                category: row.category,
                template: row.template,
                planned: row.planned,
                after: (row.plan_phone, row.plan_identity),
                shared: (!row.content.is_empty()).then_some(row.content),
                rung_price: row.rung.then_some(Money(row.unit_price)),
                people_revision: row.people_revision,
            })
            .collect())
    }

    /// Whether somebody with that number is written to in that broadcast already: what a plan that was cut off has to
    /// know.
    pub async fn is_planned(&self, broadcast: BroadcastId, phone: &str) -> Result<bool, StoreError> {
        let (planned,): (bool,) = self.db.by_index().one(
                "SELECT EXISTS (SELECT 1 FROM messages WHERE broadcast_id = $1 AND recipient = $2 AND planned)",
                args![broadcast.0, phone],
            )
            .await?;
        Ok(planned)
    }

    /// Ends a broadcast whose plan cannot be made, with the reason; one that was cancelled meanwhile stays as it is.
    pub async fn abandon_plan(
        &self,
        broadcast: BroadcastId,
        said: &ProviderAnswer,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(
                "UPDATE broadcasts SET status = 'cancelled', stopped_at = $2, finished_at = $2, stopped_by = '', stop_code = $3,
                        stop_text = $4
                 WHERE id = $1 AND status = 'planning'",
                args![broadcast.0, now, &said.code, &said.text],
            )
        .await?;
        tx.tell(Change::Work(broadcast));
        tx.commit().await
    }

    /// Writes a stretch of the plan and moves its mark. It is refused with [`StoreError::Stale`] when another process
    /// wrote the stretch, when the broadcast was cancelled, or when people were removed from the workshop since the
    /// stretch was read. An empty stretch with `last` ends the plan and keeps all of it for good: until then nothing is
    /// sent, and a plan begins again behind the last stretch that was kept.
    pub async fn plan_write(
        &self,
        planning: &Planning,
        rows: Vec<PlannedRow>,
        sums: &StretchSums,
        mark: &(String, String),
        last: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        let count = i64::try_from(rows.len()).unwrap_or(0);
        let mut tx = self.db.by_index().begin().await?;
        if !last {
            tx.is_a_step().await?;
        }
        // A transaction that takes people out of the workshop locks this row too: either it sees these messages, or
        // this stretch sees the change.
        let (people_revision,): (i64,) = tx
            .one(
                "SELECT people_revision FROM workshops WHERE id = $1 AND organization_id = $2 FOR SHARE",
                args![planning.workshop.0, planning.organization.0],
            )
            .await?;
        if people_revision != planning.people_revision {
            return Err(StoreError::Stale);
        }
        let moved = tx
            .run(
                "UPDATE broadcasts SET planned = planned + $2, plan_phone = $3, plan_identity = $4,
                        status = CASE WHEN $5 THEN 'scheduled' ELSE status END, units = units + $7,
                        content = CASE WHEN content = '' THEN $8 ELSE content END
                 WHERE id = $1 AND status = 'planning' AND planned = $6",
                args![
                    planning.broadcast.0,
                    count,
                    &mark.0,
                    &mark.1,
                    last,
                    planning.planned,
                    sums.units,
                    sums.shared.as_deref().unwrap_or("")
                ],
            )
            .await?;
        if moved == 0 {
            return Err(StoreError::Stale);
        }
        let mut moves = CountMoves::default();
        let (mut waiting, mut left_out) = (Vec::with_capacity(rows.len()), Vec::new());
        for (row, position) in rows.into_iter().zip(planning.planned + 1..) {
            match row.skip {
                None => waiting.push((position, row)),
                Some((reason, _)) => {
                    moves.add(planning.broadcast.0, MessageState::Skipped, reason.word(), 1, 0);
                    left_out.push((position, row));
                }
            }
        }
        moves.add(
            planning.broadcast.0,
            MessageState::Waiting,
            "",
            i64::try_from(waiting.len()).unwrap_or(0),
            0,
        );
        write_waiting(&mut tx, planning, waiting, now).await?;
        write_left_out(&mut tx, planning, left_out, now).await?;
        links::keep(&mut tx, planning, &sums.join_codes).await?;
        move_counts(&mut tx, moves).await?;
        let broadcast = planning.broadcast;
        tx.tell(if last { Change::Work(broadcast) } else { Change::Rows(broadcast) });
        tx.commit().await
    }
}

/// Whom the broadcast is for. A word that this version does not know selects nobody: a default would add people.
fn selection(row: &PlanningRow) -> Selection {
    Selection {
        workshop: WorkshopId(row.workshop_id),
        purpose: Purpose::stored(row.purpose.clone()),
        audience: row.audience.parse().unwrap_or(Audience::Chosen(vec![])),
        own: BroadcastId(row.id),
        // The moment of the confirmation: however late it is planned, and in however many parts, it is for the same
        // people.
        now: Millis(row.created_at),
    }
}

/// A group has no registration: 0 stands in its place.
fn registrant(addressee: &Addressee) -> Uuid {
    addressee.registrant().map_or(Uuid::nil(), |id| id.0)
}

fn group(addressee: &Addressee) -> Option<Uuid> {
    addressee.group().map(|id| id.0)
}

/// The many: only what differs from row to row is bound.
async fn write_waiting(
    tx: &mut Tx,
    planning: &Planning,
    rows: Vec<(i64, PlannedRow)>,
    now: Millis,
) -> Result<(), StoreError> {
    let (mut positions, mut addressees) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    let (mut names, mut recipients, mut contents) =
        (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    let mut prices: Vec<i64> = Vec::new();
    for (position, row) in rows {
        if let Some(price) = planning.rung_price {
            prices.push(price.times(row.units).0);
        }
        positions.push(position);
        addressees.push(row.addressee);
        names.push(row.name);
        recipients.push(row.recipient);
        contents.push(row.content);
    }
    if positions.is_empty() {
        return Ok(());
    }
    if planning.rung_price.is_some() {
        let batch = Batch::new().ints("position", positions.iter().copied()).ints("price", prices);
        tx.run_batch(
            "INSERT INTO rung_prices (broadcast_id, position, price) SELECT $1, b.position, b.price FROM @batch",
            args![planning.broadcast.0],
            batch,
        )
        .await?;
    }
    let batch = Batch::new()
        .ints("position", positions)
        .uuids("registrant_id", addressees.iter().map(registrant))
        .uuids("group_id", addressees.iter().map(group))
        .texts("name", names)
        .texts("recipient", recipients)
        .texts("content", contents);
    tx.run_batch(
        "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, group_id, name, recipient, planned, content,
                               state, reason, reason_text, attempt, next_attempt_at, changed_at)
         SELECT $1, b.position, $2, b.registrant_id, b.group_id, b.name, b.recipient, TRUE, b.content, 'waiting', '', '', 0, 0, $3 FROM @batch",
        args![planning.broadcast.0, planning.organization.0, now],
        batch,
    )
    .await?;
    Ok(())
}

/// The few, each with its reason.
async fn write_left_out(
    tx: &mut Tx,
    planning: &Planning,
    rows: Vec<(i64, PlannedRow)>,
    now: Millis,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let reason = |row: &PlannedRow| row.skip.as_ref().map_or("", |(reason, _)| reason.word()).to_owned();
    let text = |row: &PlannedRow| row.skip.as_ref().map_or("", |(_, text)| text).to_owned();
    let batch = Batch::new()
        .ints("position", rows.iter().map(|(position, _)| *position))
        .uuids("registrant_id", rows.iter().map(|(_, row)| registrant(&row.addressee)))
        .uuids("group_id", rows.iter().map(|(_, row)| group(&row.addressee)))
        .texts("name", rows.iter().map(|(_, row)| row.name.clone()))
        .texts("recipient", rows.iter().map(|(_, row)| row.recipient.clone()))
        .texts("reason", rows.iter().map(|(_, row)| reason(row)))
        .texts("reason_text", rows.iter().map(|(_, row)| text(row)));
    tx.run_batch(
        "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, group_id, name, recipient, planned, content,
                               state, reason, reason_text, attempt, next_attempt_at, changed_at)
         SELECT $1, b.position, $2, b.registrant_id, b.group_id, b.name, b.recipient, FALSE, '', 'skipped', b.reason, b.reason_text, 0, 0, $3
         FROM @batch",
        args![planning.broadcast.0, planning.organization.0, now],
        batch,
    )
    .await?;
    Ok(())
}
