//! Broadcasts: confirmed, watched, stopped, resumed.

mod decisions;
mod lists;

use domain::{
    broadcast::{Audience, BroadcastStatus},
    channel::{Category, Channel},
    ids::{BroadcastId, IntegrationId, TemplateId, UserId, WorkshopId},
    message::{MessageState, SkipReason},
    money::Money,
    reason::Reason,
    role::Permission,
    sending_hours::SendingHours,
    time::Millis,
    told::Purpose,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    changes::Change,
    db::{Tx, args},
    error::{StoreError, json, word},
    org::Org,
    plans::StepRun,
    posts::Assignee,
    templates::batch_name,
    work::sending_hours,
};

/// What is fixed when a broadcast is confirmed.
#[derive(Clone, Debug)]
pub struct NewBroadcast {
    /// The account that sends it.
    pub integration: IntegrationId,
    /// The workshop whose people get it.
    pub workshop: WorkshopId,
    /// The channel of the broadcast.
    pub channel: Channel,
    /// The title of the broadcast in lists.
    pub title: String,
    /// The template that it is made of; `None` where it is not one of the organisation's.
    pub template_id: Option<TemplateId>,
    /// The template as it stands now; later edits change nothing here.
    pub template: Value,
    /// The category of the messages. It decides their price and who is suppressed.
    pub category: Category,
    /// Which of the workshop's people get it.
    pub audience: Audience,
    /// The purpose that it tells, and what is known of earlier tellings.
    pub telling: Telling,
    /// The start: nothing is sent before.
    pub starts_at: Millis,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// The hours in which it may send.
    pub hours: SendingHours,
    /// Estimated price of one message, or of one segment where messages are charged by segment.
    pub unit_price: Money,
}

/// What a broadcast tells, and what its question knew of the tellings before it.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// The purpose of the broadcast.
    pub purpose: Purpose,
    /// Why these people are told again, in a further round; `None` for the first telling of each of them.
    pub further: Option<String>,
    /// What the person who confirms it knew of earlier tellings.
    pub known: KnownTelling,
    /// The step of the workshop's plan that it is a run of; `None` where a person sends.
    pub run: Option<StepRun>,
    /// The broadcast of calls whose pressed keys send it; `None` for every other one.
    pub keys_of: Option<BroadcastId>,
}

/// What whoever confirms a broadcast knew of earlier ones with its purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownTelling {
    /// Nothing is compared: tests and invented data.
    #[default]
    Anything,
    /// The newest broadcast of that purpose to that workshop was this one; `None` when there was none.
    Newest(Option<BroadcastId>),
}

/// What became of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The broadcast is there; made now, or by the same confirmation before.
    Made(BroadcastId),
    /// Another broadcast of the same purpose was confirmed since the question: the numbers are others now.
    ToldMeanwhile,
    /// Another one of the same purpose is still being planned: who is told by it is known in a moment.
    BeingPrepared(BroadcastId),
}

/// The messages of a broadcast in one state for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The state of these messages.
    pub state: MessageState,
    /// The reason for their state; [`Reason::None`] where nothing needs explaining.
    pub reason: Reason,
    /// The number of these messages.
    pub n: i64,
    /// The sum of the charges that the provider reported for them.
    pub cost: Money,
}

/// A broadcast with the counts of its messages.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// Id of the broadcast.
    pub id: BroadcastId,
    /// The account that sends it.
    pub integration: IntegrationId,
    /// The workshop whose people get it.
    pub workshop: WorkshopId,
    /// The workshop's title.
    pub workshop_title: String,
    /// The workshop's start.
    pub workshop_starts_at: Millis,
    /// The channel of the broadcast.
    pub channel: Channel,
    /// The category of the messages. It decides their price and who is suppressed.
    pub category: Category,
    /// The title of the broadcast in lists.
    pub title: String,
    /// The template that it was made of, where that is known.
    pub template_id: Option<TemplateId>,
    /// The template as it was frozen when it was confirmed, as JSON.
    pub template: Value,
    /// The status of the broadcast.
    pub status: BroadcastStatus,
    /// The member who confirmed it, by name.
    pub created_by: String,
    /// When it was confirmed.
    pub created_at: Millis,
    /// The start: nothing is sent before.
    pub starts_at: Millis,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// When its first message was claimed; `None` before.
    pub started_at: Option<Millis>,
    /// When its last message ended; `None` before.
    pub finished_at: Option<Millis>,
    /// When it was paused or cancelled; `None` where it was neither.
    pub stopped_at: Option<Millis>,
    /// Who paused or cancelled it; empty for the engine, and where it was neither.
    pub stopped_by: String,
    /// The reason for the pause or the cancellation.
    pub stop_code: Reason,
    /// The reason for the pause or the cancellation, in words.
    pub stop_text: String,
    /// The hours in which it may send.
    pub hours: SendingHours,
    /// Estimated price of one message, or of one segment where messages are charged by segment.
    pub unit_price: Money,
    /// The number of recipients written down so far.
    pub planned: i64,
    /// The units that are charged for its recipients: messages, or segments of them.
    pub units: i64,
    /// The purpose of the broadcast.
    pub purpose: Purpose,
    /// The member who is asked to post by hand; `None` where the program sends.
    pub asked: Option<Assignee>,
    /// The number of messages in each state for each reason. The numbers add up to `planned`.
    pub counts: Vec<Count>,
    /// What the provider said it charged so far, also for messages that have left the state in which they were charged.
    pub charged: Money,
}

impl Broadcast {
    /// Rows in that state, whatever the reason.
    pub fn in_state(&self, state: MessageState) -> i64 {
        self.counts.iter().filter(|count| count.state == state).map(|count| count.n).sum()
    }

    /// What it is expected to cost: for those who were to be written to when it was planned.
    pub fn expected_cost(&self) -> Money {
        Money(self.unit_price.0.saturating_mul(self.units))
    }

    /// What it costs by the rule of [`crate::costs`], from its counts: what was charged, and the estimated price of what was handed over or is
    /// still to go and is not charged. Of a rung of a ladder the ladder's report is more exact.
    pub fn likely_cost(&self) -> Money {
        let (whole, owed) = (self.expected_cost(), self.owed());
        let most = self.planned - self.left_out(&SkipReason::BY_PLANNING);
        let surely = most - self.left_out(&SkipReason::MOSTLY_BY_PLANNING);
        let has_segments = matches!(self.channel, Channel::Sms | Channel::IvrCall);
        let share = match self.units <= most && (self.units <= surely || !has_segments) {
            true => i128::from(self.unit_price.0) * i128::from(owed),
            false => {
                let people = surely.max(1);
                i128::from(whole.0) * i128::from(owed) / i128::from(people)
            }
        };
        Money(i64::try_from(i128::from(self.charged.0) + share).unwrap_or(i64::MAX))
    }

    /// Messages that were handed over or are still to go, of states and reasons in which nothing was charged.
    fn owed(&self) -> i64 {
        let is_owed = |count: &&Count| match count.state {
            MessageState::Waiting
            | MessageState::InFlight
            | MessageState::Sent
            | MessageState::Delivered
            | MessageState::Read
            | MessageState::Unknown => count.cost == Money(0),
            MessageState::Failed
            | MessageState::Skipped
            | MessageState::Expired
            | MessageState::Cancelled => false,
        };
        self.counts.iter().filter(is_owed).map(|count| count.n).sum()
    }

    fn left_out(&self, reasons: &[SkipReason]) -> i64 {
        let is_one =
            |count: &&Count| matches!(count.reason, Reason::Excluded(reason) if reasons.contains(&reason));
        self.counts.iter().filter(is_one).map(|count| count.n).sum()
    }

    /// What the provider said it charged so far.
    pub fn actual_cost(&self) -> Money {
        self.charged
    }
}

#[derive(sqlx::FromRow)]
struct BroadcastRow {
    id: Uuid,
    integration_id: Uuid,
    workshop_id: Uuid,
    workshop_title: String,
    workshop_starts_at: i64,
    channel: String,
    category: String,
    title: String,
    template_id: Option<Uuid>,
    template: String,
    status: String,
    created_by: String,
    created_at: i64,
    starts_at: i64,
    deadline: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    stopped_at: Option<i64>,
    stopped_by: Option<String>,
    stop_code: Option<String>,
    stop_text: Option<String>,
    hours: String,
    unit_price: i64,
    planned: i64,
    units: i64,
    purpose: String,
    assignee_id: Option<Uuid>,
    assignee: String,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    broadcast_id: Uuid,
    state: String,
    reason: String,
    n: i64,
    cost: i64,
}

fn assemble(rows: Vec<BroadcastRow>, counts: Vec<CountRow>) -> Result<Vec<Broadcast>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let own = || counts.iter().filter(|count| count.broadcast_id == row.id);
            let charged = own().map(|count| Money(count.cost)).sum();
            let counts = own()
                .filter(|count| count.n != 0)
                .map(|count| {
                    Ok(Count {
                        state: word("broadcast_counts", "state", &count.state)?,
                        reason: Reason::from(count.reason.as_str()),
                        n: count.n,
                        cost: Money(count.cost),
                    })
                })
                .collect::<Result<Vec<_>, StoreError>>()?;
            Ok(Broadcast {
                id: BroadcastId(row.id),
                integration: IntegrationId(row.integration_id),
                workshop: WorkshopId(row.workshop_id),
                workshop_title: row.workshop_title,
                workshop_starts_at: Millis(row.workshop_starts_at),
                channel: word("broadcasts", "channel", &row.channel)?,
                category: word("broadcasts", "category", &row.category)?,
                title: row.title,
                template_id: row.template_id.map(TemplateId),
                template: json("broadcasts", "template", &row.template)?,
                status: word("broadcasts", "status", &row.status)?,
                created_by: row.created_by,
                created_at: Millis(row.created_at),
                starts_at: Millis(row.starts_at),
                deadline: Millis(row.deadline),
                started_at: row.started_at.map(Millis),
                finished_at: row.finished_at.map(Millis),
                stopped_at: row.stopped_at.map(Millis),
                stopped_by: row.stopped_by.unwrap_or_default(),
                stop_code: Reason::from(row.stop_code.as_deref().unwrap_or_default()),
                stop_text: row.stop_text.unwrap_or_default(),
                hours: sending_hours(&row.hours)?,
                unit_price: Money(row.unit_price),
                planned: row.planned,
                units: row.units,
                purpose: Purpose::stored(row.purpose),
                asked: row.assignee_id.map(|id| Assignee { user: UserId(id), name: row.assignee }),
                counts,
                charged,
            })
        })
        .collect()
}

/// Which broadcasts a list shows.
#[derive(Clone, Debug, Default)]
pub struct BroadcastFilter {
    /// Only broadcasts on this channel.
    pub channel: Option<Channel>,
    /// Only broadcasts of this workshop.
    pub workshop: Option<WorkshopId>,
    /// Only broadcasts in this status.
    pub status: Option<BroadcastStatus>,
    /// A part of the broadcast's title or of its workshop's; empty for all.
    pub title: String,
    /// Only broadcasts before this one, which is the last of the page before.
    pub before: Option<BroadcastId>,
    /// Whether broadcasts are listed that pressed keys of calls sent.
    pub by_keys: KeyBroadcasts,
}

/// How a list treats broadcasts that pressed keys of calls sent, each to one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyBroadcasts {
    /// Lists them among the others.
    #[default]
    Included,
    /// Leaves them out: one for each person would hide what people confirmed.
    LeftOut,
    /// Lists only those that this broadcast of calls sent.
    Of(BroadcastId),
}

/// Hours as a broadcast keeps them; empty for any hour.
pub(crate) fn stored_hours(hours: &SendingHours) -> String {
    match hours.are_limited() {
        true => serde_json::to_string(hours).expect("hours are always JSON"),
        false => String::new(),
    }
}

impl Org {
    /// Confirms a broadcast: from the planner's first stretch on, every recipient has a row. Refused
    /// ([`StoreError::Missing`]) when workshop or account belong to somebody else.
    pub async fn confirm_broadcast(&self, new: NewBroadcast, now: Millis) -> Result<BroadcastId, StoreError> {
        self.confirm_broadcast_once(BroadcastId::new(now), new, now).await
    }

    /// Confirms a broadcast under an id made before: a second confirmation with the same id, as of a double click or a
    /// reload, changes nothing and gives the same answer.
    pub async fn confirm_broadcast_once(
        &self,
        id: BroadcastId,
        new: NewBroadcast,
        now: Millis,
    ) -> Result<BroadcastId, StoreError> {
        match self.confirm_telling(id, new, now).await? {
            Confirmed::Made(id) => Ok(id),
            Confirmed::ToldMeanwhile | Confirmed::BeingPrepared(_) => Err(StoreError::Stale),
        }
    }

    /// Confirms a broadcast unless its question is out of date. The workshop's row is locked from the comparison to the
    /// commit. Of two confirmations that knew the same, one is therefore refused, in whichever process they are made.
    pub async fn confirm_telling(
        &self,
        id: BroadcastId,
        new: NewBroadcast,
        now: Millis,
    ) -> Result<Confirmed, StoreError> {
        self.allow(Permission::Send)?;
        let hours = stored_hours(&new.hours);
        let mut tx = self.db.begin().await?;
        let round = match self.round(&mut tx, id, &new).await? {
            Ok(round) => round,
            Err(refused) => return Ok(refused),
        };
        let added = tx
            .run(
                "INSERT INTO broadcasts (id, organization_id, integration_id, workshop_id, channel, title, template, template_id,
                                         batch_name, audience, category, status, created_by, created_at, starts_at, deadline, probed,
                                         hours, content, unit_price, planned, units, plan_phone, plan_identity, cursor, served_at,
                                         purpose, round, round_why, plan_row_id, keys_of)
                 SELECT $1, $2, i.id, w.id, $5, $6, $7, $19, $20, $8, $9, 'planning', $10, $11, $12, $13, FALSE, $15, '', $14, 0, 0, '', '',
                        0, 0, $16, $17, $18, $21, $22
                 FROM integrations i JOIN workshops w ON w.organization_id = i.organization_id
                 WHERE i.id = $3 AND i.removed_at IS NULL AND w.id = $4 AND i.organization_id = $2
                 ON CONFLICT (id) DO NOTHING",
                args![
                    id.0,
                    self.id(),
                    new.integration.0,
                    new.workshop.0,
                    new.channel.word(),
                    &new.title,
                    new.template.to_string(),
                    new.audience.to_string(),
                    new.category.word(),
                    &self.actor.name,
                    now,
                    new.starts_at,
                    new.deadline,
                    new.unit_price,
                    hours,
                    new.telling.purpose.word(),
                    round,
                    new.telling.further.as_deref().unwrap_or_default(),
                    new.template_id.map(|id| id.0),
                    batch_name(new.channel, &new.template),
                    new.telling.run.as_ref().map(|run| run.row().0),
                    new.telling.keys_of.map(|id| id.0)
                ],
            )
            .await?;
        if added == 0 {
            // Confirmed before, or not theirs.
            self.status(&mut tx, id).await?;
            return Ok(Confirmed::Made(id));
        }
        if let Some(run) = &new.telling.run {
            self.run_row(&mut tx, run, id, now).await?;
        }
        self.follow_round(&mut tx, new.workshop, &new.telling.purpose, round).await?;
        self.note(&mut tx, "broadcast.confirmed", id, new.channel.word(), now).await?;
        tx.tell(Change::Work(id));
        tx.commit().await?;
        Ok(Confirmed::Made(id))
    }

    /// The round of a telling, with the workshop's row locked; or why it may not be confirmed.
    async fn round(
        &self,
        tx: &mut Tx,
        id: BroadcastId,
        new: &NewBroadcast,
    ) -> Result<Result<i64, Confirmed>, StoreError> {
        let _held: Option<(Uuid,)> = tx
            .optional(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![new.workshop.0, self.id()],
            )
            .await?;
        let earlier: Vec<(Uuid, String, i64)> = tx
            .all(
                "SELECT id, status, round FROM broadcasts
                 WHERE workshop_id = $1 AND purpose = $2 AND organization_id = $3 ORDER BY id DESC",
                args![new.workshop.0, new.telling.purpose.word(), self.id()],
            )
            .await?;
        let newest = earlier.iter().map(|(id, ..)| *id).max();
        let further = earlier.iter().map(|(.., round)| round + 1).max().unwrap_or(0);
        let round = if new.telling.further.is_some() { further } else { 0 };
        let KnownTelling::Newest(known) = new.telling.known else { return Ok(Ok(round)) };
        if earlier.iter().any(|(earlier, ..)| *earlier == id.0) {
            // The same confirmation once more.
            return Ok(Ok(round));
        }
        if newest != known.map(|known| known.0) {
            return Ok(Err(Confirmed::ToldMeanwhile));
        }
        let planning = BroadcastStatus::Planning.word();
        let under_way = earlier.iter().find(|(_, status, _)| status == planning);
        Ok(under_way.map_or(Ok(round), |(id, ..)| Err(Confirmed::BeingPrepared(BroadcastId(*id)))))
    }

    /// One broadcast with its sum.
    pub async fn broadcast(&self, id: BroadcastId) -> Result<Broadcast, StoreError> {
        let rows: Vec<BroadcastRow> = self
            .db
            .all(
                "SELECT b.id, b.integration_id, b.workshop_id, w.title AS workshop_title, w.starts_at AS workshop_starts_at,
                        b.channel, b.category, b.title, b.template_id, b.template, b.status, b.created_by, b.created_at, b.starts_at, b.deadline,
                        b.started_at, b.finished_at, b.stopped_at, b.stopped_by, b.stop_code, b.stop_text, b.hours, b.unit_price, b.planned,
                        b.units, b.purpose, b.assignee_id, b.assignee
                 FROM broadcasts b JOIN workshops w ON w.id = b.workshop_id WHERE b.id = $1 AND b.organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        let counts = self
            .db
            .all(
                "SELECT broadcast_id, state, reason, n, cost FROM broadcast_counts WHERE broadcast_id = $1",
                args![id.0],
            )
            .await?;
        assemble(rows, counts)?.pop().ok_or(StoreError::Missing)
    }

    /// Whom a broadcast is for.
    pub async fn broadcast_audience(&self, id: BroadcastId) -> Result<Audience, StoreError> {
        let (audience,): (String,) = self
            .db
            .one(
                "SELECT audience FROM broadcasts WHERE id = $1 AND organization_id = $2",
                args![id.0, self.id()],
            )
            .await?;
        word("broadcasts", "audience", &audience)
    }

    /// Rows of other broadcasts that wait on the same account: what a new one stands behind.
    pub async fn booked(&self, integration: IntegrationId) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT CAST(COALESCE(SUM(c.n), 0) AS BIGINT) FROM broadcasts b JOIN broadcast_counts c ON c.broadcast_id = b.id
                 WHERE b.integration_id = $1 AND b.organization_id = $2 AND b.status IN ('scheduled', 'in_progress')
                   AND c.state = 'waiting'",
                args![integration.0, self.id()],
            )
            .await?;
        Ok(n)
    }

    /// Answers per ten seconds since the start: slot (instant divided by 10,000) and rows.
    pub async fn broadcast_pace(&self, id: BroadcastId) -> Result<Vec<(i64, i64)>, StoreError> {
        self.db
            .all(
                "SELECT p.slot, p.n FROM broadcast_pace p JOIN broadcasts b ON b.id = p.broadcast_id
                 WHERE p.broadcast_id = $1 AND b.organization_id = $2 ORDER BY p.slot",
                args![id.0, self.id()],
            )
            .await
    }
}
