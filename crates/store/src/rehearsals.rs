//! Rehearsals of workshops' plans: one at a time in an organisation, one kept for each workshop. The figures stand here
//! and name nobody; people and texts lie in the database of the rehearsal itself, which `copying.rs` fills.

use domain::{
    channel::Channel,
    ids::{BroadcastId, MessageRef, OrganizationId, RehearsalId, WorkshopId},
    message::MessageState,
    money::Money,
    rehearsal::RehearsalState,
    role::Permission,
    time::{DAY, MINUTE, Millis},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, json, word},
    org::Org,
    work::Work,
};

/// A rehearsal that did not say for so long that it goes on has broken off.
const SILENT_MS: i64 = MINUTE;
/// Rehearsals are kept for so long.
const KEPT_MS: i64 = DAY;

/// A rehearsal of a workshop's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// Id of the rehearsal.
    pub id: RehearsalId,
    /// The workshop whose plan is played.
    pub workshop: WorkshopId,
    /// The state of the rehearsal.
    pub state: RehearsalState,
    /// What was to go wrong, as JSON.
    pub script: String,
    /// The beginning of the rehearsal's clock.
    pub from: Millis,
    /// The end of the rehearsal's clock.
    pub until: Millis,
    /// The present moment of the rehearsal's clock.
    pub now: Millis,
    /// What went out so far, as JSON; empty before the first report.
    pub report: String,
    /// Why it failed; empty where it did not, or broke off without a word.
    pub why: String,
    /// The member who began the rehearsal, by name.
    pub run_by: String,
    /// When it began, by the real clock.
    pub started_at: Millis,
    /// When it ended, by the real clock; `None` while it is played.
    pub ended_at: Option<Millis>,
}

#[derive(sqlx::FromRow)]
struct RehearsalRow {
    id: Uuid,
    workshop_id: Uuid,
    state: String,
    script: String,
    from_at: i64,
    until_at: i64,
    now_at: i64,
    report: String,
    why: String,
    run_by: String,
    started_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<RehearsalRow> for Rehearsal {
    type Error = StoreError;
    fn try_from(row: RehearsalRow) -> Result<Rehearsal, StoreError> {
        Ok(Rehearsal {
            id: RehearsalId(row.id),
            workshop: WorkshopId(row.workshop_id),
            state: word("rehearsals", "state", &row.state)?,
            script: row.script,
            from: Millis(row.from_at),
            until: Millis(row.until_at),
            now: Millis(row.now_at),
            report: row.report,
            why: row.why,
            run_by: row.run_by,
            started_at: Millis(row.started_at),
            ended_at: row.ended_at.map(Millis),
        })
    }
}

/// A rehearsal that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRehearsal {
    /// The workshop whose plan is played.
    pub workshop: WorkshopId,
    /// What is to go wrong, as JSON.
    pub script: String,
    /// The beginning of the rehearsal's clock.
    pub from: Millis,
    /// The end of the rehearsal's clock.
    pub until: Millis,
}

/// The progress of a rehearsal, as its process reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The state of the rehearsal.
    pub state: RehearsalState,
    /// The present moment of the rehearsal's clock.
    pub now: Millis,
    /// What went out so far, as JSON.
    pub report: String,
    /// Why it failed; empty where it did not.
    pub why: String,
}

impl Org {
    /// Begins a rehearsal; the one that was kept for the workshop goes. `None` where the organisation plays another
    /// one.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such workshop; [`StoreError::Forbidden`] when the role does not allow
    /// it.
    pub async fn begin_rehearsal(
        &self,
        new: &NewRehearsal,
        now: Millis,
    ) -> Result<Option<RehearsalId>, StoreError> {
        self.allow(Permission::Send)?;
        let id = RehearsalId::new(now);
        let mut tx = self.db.begin().await?;
        tx.run(
            "UPDATE rehearsals SET state = 'failed', ended_at = $2
             WHERE organization_id = $1 AND state = 'running' AND beat_at < $3",
            args![self.id(), now, now.plus(-SILENT_MS)],
        )
        .await?;
        tx.run(
            "DELETE FROM rehearsals WHERE organization_id = $1 AND workshop_id = $2 AND state <> 'running'",
            args![self.id(), new.workshop.0],
        )
        .await?;
        let there: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2",
                args![new.workshop.0, self.id()],
            )
            .await?;
        if there.is_none() {
            return Err(StoreError::Missing);
        }
        let begun = tx
            .run(
                "INSERT INTO rehearsals (id, organization_id, workshop_id, state, script, from_at, until_at, now_at, report, why, run_by,
                                         started_at, beat_at)
                 VALUES ($1, $2, $3, 'running', $4, $5, $6, $5, '', '', $7, $8, $8) ON CONFLICT DO NOTHING",
                args![
                    id.0,
                    self.id(),
                    new.workshop.0,
                    &new.script,
                    new.from,
                    new.until,
                    &self.actor.name,
                    now
                ],
            )
            .await?;
        if begun == 0 {
            return Ok(None);
        }
        self.note(&mut tx, "plan.rehearsed", new.workshop, "", now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Says how far a rehearsal is; whether it is to go on: it is not where somebody ended it or it is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn note_played(
        &self,
        id: RehearsalId,
        played: &Played,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let ended_at = (played.state != RehearsalState::Running).then_some(now);
        let touched = self
            .db
            .run(
                "UPDATE rehearsals SET state = $3, now_at = $4, report = $5, why = $6, beat_at = $7, ended_at = $8
                 WHERE id = $1 AND organization_id = $2 AND state = 'running'",
                args![
                    id.0,
                    self.id(),
                    played.state.word(),
                    played.now,
                    &played.report,
                    &played.why,
                    now,
                    ended_at
                ],
            )
            .await?;
        Ok(touched > 0)
    }

    /// Ends the rehearsal of a workshop where it is; what it did so far is kept. How many were running: none or one.
    ///
    /// # Errors
    /// When the role does not allow it.
    pub async fn stop_rehearsal(&self, workshop: WorkshopId, now: Millis) -> Result<u64, StoreError> {
        self.allow(Permission::Send)?;
        self.db
            .run(
                "UPDATE rehearsals SET state = 'stopped', ended_at = $3
                 WHERE workshop_id = $1 AND organization_id = $2 AND state = 'running'",
                args![workshop.0, self.id(), now],
            )
            .await
    }

    /// The rehearsal that is kept for a workshop, or runs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn rehearsal_of(&self, workshop: WorkshopId) -> Result<Option<Rehearsal>, StoreError> {
        let row: Option<RehearsalRow> = self
            .db
            .optional(
                "SELECT id, workshop_id, state, script, from_at, until_at, now_at, report, why, run_by, started_at, ended_at
                 FROM rehearsals WHERE workshop_id = $1 AND organization_id = $2 ORDER BY id DESC LIMIT 1",
                args![workshop.0, self.id()],
            )
            .await?;
        row.map(Rehearsal::try_from).transpose()
    }

    /// The workshop whose plan is being played; `None` where none is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn rehearsing(&self, now: Millis) -> Result<Option<(WorkshopId, String)>, StoreError> {
        let found: Option<(Uuid, String)> = self
            .db
            .optional(
                "SELECT r.workshop_id, w.title FROM rehearsals r JOIN workshops w ON w.id = r.workshop_id
                 WHERE r.organization_id = $1 AND r.state = 'running' AND r.beat_at >= $2",
                args![self.id(), now.plus(-SILENT_MS)],
            )
            .await?;
        Ok(found.map(|(id, title)| (WorkshopId(id), title)))
    }
}

impl Work {
    /// Drops rehearsals that were kept long enough, and ends those that broke off; which are left.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn rehearsals_kept(&self, now: Millis) -> Result<Vec<RehearsalId>, StoreError> {
        let kept: Vec<(Uuid, i64, String, i64)> =
            self.db.all("SELECT id, started_at, state, beat_at FROM rehearsals", args![]).await?;
        let mut left = Vec::with_capacity(kept.len());
        for (id, started_at, state, beat_at) in kept {
            if started_at < now.0 - KEPT_MS {
                self.db.run("DELETE FROM rehearsals WHERE id = $1", args![id]).await?;
                continue;
            }
            if state == "running" && beat_at < now.0 - SILENT_MS {
                self.db
                    .run(
                        "UPDATE rehearsals SET state = 'failed', ended_at = $2
                         WHERE id = $1 AND state = 'running' AND beat_at = $3",
                        args![id, now, beat_at],
                    )
                    .await?;
            }
            left.push(RehearsalId(id));
        }
        Ok(left)
    }
}

/// Drops every rehearsal of an organisation, with the transaction that erases somebody: the copies hold people, and go
/// when their row is gone.
pub(crate) async fn drop_all(tx: &mut crate::db::Tx, organization: OrganizationId) -> Result<(), StoreError> {
    tx.run("DELETE FROM rehearsals WHERE organization_id = $1", args![organization.0]).await?;
    Ok(())
}

/// A message that went out in a rehearsal, as its own database holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayedMessage {
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The title of the message's broadcast.
    pub title: String,
    /// The channel of the message.
    pub channel: Channel,
    /// The frozen template, as JSON.
    pub template: Value,
    /// The person's name, or the group's; may be empty.
    pub name: String,
    /// E.164; empty for a group.
    pub recipient: String,
    /// The state of the message.
    pub state: MessageState,
    /// When the call to the provider began.
    pub at: Millis,
    /// What the provider charged, where it said so.
    pub cost: Option<Money>,
    /// The estimated price of one unit.
    pub unit_price: Money,
    /// Final values, as JSON of `domain::template::Content`.
    pub content: String,
}

#[derive(sqlx::FromRow)]
struct PlayedRow {
    broadcast_id: Uuid,
    position: i64,
    title: String,
    channel: String,
    template: String,
    name: String,
    recipient: String,
    state: String,
    started_at: i64,
    cost: Option<i64>,
    unit_price: i64,
    content: String,
}

impl TryFrom<PlayedRow> for PlayedMessage {
    type Error = StoreError;
    fn try_from(row: PlayedRow) -> Result<PlayedMessage, StoreError> {
        Ok(PlayedMessage {
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            title: row.title,
            channel: word("broadcasts", "channel", &row.channel)?,
            template: json("broadcasts", "template", &row.template)?,
            name: row.name,
            recipient: row.recipient,
            state: word("messages", "state", &row.state)?,
            at: Millis(row.started_at),
            cost: row.cost.map(Money),
            unit_price: Money(row.unit_price),
            content: row.content,
        })
    }
}

impl Org {
    /// Messages of a workshop whose call began at `from` or later, the newest first; only those in these states, all
    /// where there is none. Meant for the database of a rehearsal, where it reads every message.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn played(
        &self,
        workshop: WorkshopId,
        from: Millis,
        states: &[MessageState],
        (skip, limit): (i64, i64),
    ) -> Result<Vec<PlayedMessage>, StoreError> {
        let states = if states.is_empty() { MessageState::ALL } else { states };
        let rows: Vec<PlayedRow> = self
            .db
            .all_batch(
                "SELECT m.broadcast_id, m.position, o.title, o.channel, o.template,
                        COALESCE(g.subject, m.name) AS name, m.recipient, m.state, m.started_at, m.cost, o.unit_price,
                        CASE WHEN m.content = '' THEN o.content ELSE m.content END AS content
                 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id LEFT JOIN groups g ON g.id = m.group_id
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND m.started_at >= $3 AND m.state IN (SELECT b.state FROM @batch)
                 ORDER BY m.started_at DESC, m.broadcast_id, m.position DESC LIMIT $4 OFFSET $5",
                args![workshop.0, self.id(), from, limit, skip],
                Batch::new().texts("state", states.iter().map(|state| state.word().to_owned())),
            )
            .await?;
        rows.into_iter().map(PlayedMessage::try_from).collect()
    }

    /// How many of them stand in each state.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn played_counts(
        &self,
        workshop: WorkshopId,
        from: Millis,
    ) -> Result<Vec<(MessageState, i64)>, StoreError> {
        let rows: Vec<(String, i64)> = self
            .db
            .all(
                "SELECT m.state, COUNT(*) FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND m.started_at >= $3 GROUP BY m.state",
                args![workshop.0, self.id(), from],
            )
            .await?;
        rows.into_iter().map(|(state, n)| Ok((word("messages", "state", &state)?, n))).collect()
    }
}
