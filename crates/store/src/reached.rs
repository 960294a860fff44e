//! Which people of workshops were told, and what is proven of it: figures per workshop, and an entry per person. Read
//! from the told ledger, as `told` reads it: a person's best message answers.

use std::time::Instant;

use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::{BroadcastId, MessageRef, RegistrantId, WorkshopId},
    message::MessageState,
    reason::Reason,
    time::Millis,
    told::Purpose,
};
use tracing::debug;
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, word},
    figures::{self, Cached, Fingerprint, Key, People},
    org::Org,
};

/// Broadcasts of a list of workshops that are looked at.
const BROADCASTS_MAX: i64 = 500;
/// Messages that a page of registrants tells of at most.
const TELLINGS_MAX: i64 = 5_000;

/// The people of one workshop by what became of one purpose. Everybody is in one of them: told is the sum of `read` to
/// `failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReachCounts {
    /// Registrations that stand.
    pub registered: i64,
    /// Registrations among them that were entered after the moment that was asked about.
    pub new: i64,
    /// People to whom nothing was sent, and for whom nothing is under way.
    pub not_told: i64,
    /// People among them with a usable number who did not opt out of everything.
    pub can_be_told: i64,
    /// People who read a message of the purpose.
    pub read: i64,
    /// People whose message arrived and is not known to be read.
    pub delivered: i64,
    /// People whose message was handed over, and of which nothing more is known.
    pub handed_over: i64,
    /// People of whom nobody knows whether their message went out.
    pub unknown: i64,
    /// People whose message failed.
    pub failed: i64,
    /// People whose message waits or is going out now.
    pub under_way: i64,
    /// The age of these figures in seconds, where messages moved since; otherwise 0.
    pub seconds_old: i64,
}

impl ReachCounts {
    /// Those to whom something went out. People who are still to be told count as under way; the others of `registered`
    /// are `not_told`.
    pub fn told(&self) -> i64 {
        self.registered - self.not_told - self.under_way
    }

    /// Those of whom it is proven.
    pub fn reached(&self) -> i64 {
        self.read + self.delivered
    }

    /// People to whom nothing arrived for certain, or of whom it is unknown whether anything went out.
    pub fn not_reached(&self) -> i64 {
        self.failed + self.unknown
    }

    /// The figures of two workshops together.
    #[must_use]
    pub fn and(self, other: &ReachCounts) -> ReachCounts {
        ReachCounts {
            registered: self.registered + other.registered,
            new: self.new + other.new,
            not_told: self.not_told + other.not_told,
            can_be_told: self.can_be_told + other.can_be_told,
            read: self.read + other.read,
            delivered: self.delivered + other.delivered,
            handed_over: self.handed_over + other.handed_over,
            unknown: self.unknown + other.unknown,
            failed: self.failed + other.failed,
            under_way: self.under_way + other.under_way,
            seconds_old: self.seconds_old.max(other.seconds_old),
        }
    }
}

#[derive(sqlx::FromRow)]
struct ReachedRow {
    workshop_id: Uuid,
    registered: i64,
    new: i64,
    not_told: i64,
    can_be_told: i64,
    read: i64,
    delivered: i64,
    handed_over: i64,
    unknown: i64,
    failed: i64,
    under_way: i64,
}

/// A message to somebody in a list of registrants, or that they were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrantMessage {
    /// The number that it went to; of somebody who was left out, the number of the registration.
    pub phone: String,
    /// The registration that was excluded; `None` where the message went to a number, whoever has it.
    pub left_out: Option<RegistrantId>,
    /// The message: its broadcast and position.
    pub message: MessageRef,
    /// The title of the broadcast.
    pub title: String,
    /// The purpose of the broadcast.
    pub purpose: Purpose,
    /// The channel of the message.
    pub channel: Channel,
    /// The state of the message.
    pub state: MessageState,
    /// The reason for that state.
    pub reason: Reason,
    /// When its state changed last.
    pub changed_at: Millis,
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    recipient: String,
    registrant_id: Option<Uuid>,
    planned: bool,
    broadcast_id: Uuid,
    position: i64,
    title: String,
    purpose: String,
    channel: String,
    state: String,
    reason: String,
    changed_at: i64,
}

impl TryFrom<PlaceRow> for RegistrantMessage {
    type Error = StoreError;
    fn try_from(row: PlaceRow) -> Result<RegistrantMessage, StoreError> {
        Ok(RegistrantMessage {
            phone: row.recipient,
            left_out: row.registrant_id.filter(|_| !row.planned).map(RegistrantId),
            message: MessageRef { broadcast: BroadcastId(row.broadcast_id), position: row.position },
            title: row.title,
            purpose: Purpose::stored(row.purpose),
            channel: word("broadcasts", "channel", &row.channel)?,
            state: word("messages", "state", &row.state)?,
            reason: Reason::from(row.reason.as_str()),
            changed_at: Millis(row.changed_at),
        })
    }
}

/// A broadcast in short, for a list of workshops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Id of the broadcast.
    pub id: BroadcastId,
    /// Id of the workshop whose people get it.
    pub workshop: WorkshopId,
    /// The title of the broadcast.
    pub title: String,
    /// The purpose of the broadcast.
    pub purpose: Purpose,
    /// The status of the broadcast.
    pub status: BroadcastStatus,
    /// The start of the broadcast: nothing is sent before.
    pub starts_at: Millis,
    /// The messages that still wait.
    pub waiting: i64,
}

#[derive(sqlx::FromRow)]
struct PlannedRow {
    id: Uuid,
    workshop_id: Uuid,
    title: String,
    purpose: String,
    status: String,
    starts_at: i64,
    waiting: i64,
}

impl TryFrom<PlannedRow> for Planned {
    type Error = StoreError;
    fn try_from(row: PlannedRow) -> Result<Planned, StoreError> {
        Ok(Planned {
            id: BroadcastId(row.id),
            workshop: WorkshopId(row.workshop_id),
            title: row.title,
            purpose: Purpose::stored(row.purpose),
            status: word("broadcasts", "status", &row.status)?,
            starts_at: Millis(row.starts_at),
            waiting: row.waiting,
        })
    }
}

/// The greatest id of that millisecond: ids begin with their instant.
pub(crate) fn last_id_of(at: Millis) -> Uuid {
    let ms = u128::try_from(at.0.max(0)).unwrap_or(0);
    Uuid::from_u128((ms << 80) | ((1 << 80) - 1))
}

impl Org {
    /// The broadcasts of these workshops in short, those that go out first before the others.
    pub async fn planned(&self, workshops: &[WorkshopId]) -> Result<Vec<Planned>, StoreError> {
        let rows: Vec<PlannedRow> = self
            .db
            .all_batch(
                "SELECT o.id, o.workshop_id, o.title, o.purpose, o.status, o.starts_at,
                        CAST(COALESCE((SELECT SUM(c.n) FROM broadcast_counts c
                                       WHERE c.broadcast_id = o.id AND c.state = 'waiting'), 0) AS BIGINT) AS waiting
                 FROM @batch CROSS JOIN broadcasts o WHERE o.workshop_id = b.id AND o.organization_id = $1
                 ORDER BY o.starts_at, o.id LIMIT $2",
                args![self.id(), BROADCASTS_MAX],
                Batch::new().uuids("id", workshops.iter().map(|id| id.0)),
            )
            .await?;
        rows.into_iter().map(Planned::try_from).collect()
    }

    /// What became of a purpose in each of these workshops, and how many were entered after `since`; one without people
    /// is left out.
    ///
    /// A small workshop's figures are counted whenever something moved. The figures of a large workshop are counted
    /// when its people change. While only messages move, they are counted beside the answer and may be some seconds old
    /// ([`ReachCounts::seconds_old`]): among 20,000 a count takes 110 ms, and a page 10.
    pub async fn reached(
        &self,
        workshops: &[WorkshopId],
        purpose: &Purpose,
        since: Millis,
    ) -> Result<Vec<(WorkshopId, ReachCounts)>, StoreError> {
        let mut people = figures::people(&self.db, self.id(), workshops).await?;
        people.retain(|one| one.registrants > 0);
        let fingerprints = figures::fingerprints(&self.db, self.id(), &people, purpose).await?;
        let (mut all, mut few) = (Vec::with_capacity(people.len()), vec![]);
        for fingerprint in fingerprints {
            let workshop = fingerprint.people.workshop();
            let key = self.reached_key(workshop, purpose, since);
            match self.figures.reached.get(&key, fingerprint) {
                Cached::Valid(reached) => all.push((workshop, reached)),
                _ if fingerprint.people.are_few() => few.push((key, fingerprint)),
                Cached::Stale { value, age, refresh } => {
                    if refresh {
                        self.refresh_reached(key, fingerprint.people, purpose.clone(), since);
                    }
                    let seconds_old = i64::try_from(age.as_secs()).unwrap_or(0);
                    all.push((workshop, ReachCounts { seconds_old, ..value }));
                }
                Cached::Missing => {
                    all.push((workshop, self.count_and_cache(key, fingerprint, purpose, since).await?))
                }
            }
        }
        all.extend(self.count_few(few, purpose, since).await?);
        Ok(all)
    }

    fn reached_key(&self, workshop: WorkshopId, purpose: &Purpose, since: Millis) -> Key {
        let asked = (last_id_of(since), 0);
        Key { organization: self.id(), workshop: workshop.0, purpose: purpose.word().to_owned(), asked }
    }

    /// Counts small workshops together, and keeps what each has.
    async fn count_few(
        &self,
        few: Vec<(Key, Fingerprint)>,
        purpose: &Purpose,
        since: Millis,
    ) -> Result<Vec<(WorkshopId, ReachCounts)>, StoreError> {
        if few.is_empty() {
            return Ok(vec![]);
        }
        let start = Instant::now();
        let ids: Vec<WorkshopId> = few.iter().map(|(_, of)| of.people.workshop()).collect();
        let counted = self.count_reached(&ids, purpose, since, (Uuid::nil(), Uuid::max())).await?;
        for (key, fingerprint) in few {
            if let Some((_, reached)) = counted.iter().find(|(id, _)| id.0 == key.workshop) {
                self.figures.reached.put(key, fingerprint, *reached, start.elapsed());
            }
        }
        Ok(counted)
    }

    /// Counts anew on the connections of those who read much, which give way to messages that go out.
    fn refresh_reached(&self, key: Key, people: People, purpose: Purpose, since: Millis) {
        let org = self.in_the_background();
        tokio::spawn(async move {
            let counted = async {
                let fingerprint = figures::fingerprint(&org.db, org.id(), people, &purpose).await?;
                org.count_and_cache(key.clone(), fingerprint, &purpose, since).await
            };
            if let Err(error) = counted.await {
                debug!("the figures of a workshop are counted later: {error}");
                org.figures.reached.not_refreshed(&key);
            }
        });
    }

    async fn count_and_cache(
        &self,
        key: Key,
        fingerprint: Fingerprint,
        purpose: &Purpose,
        since: Millis,
    ) -> Result<ReachCounts, StoreError> {
        let start = Instant::now();
        let workshop = fingerprint.people.workshop();
        let mut reached = ReachCounts::default();
        for stretch in self.shown_stretches(workshop.0, (Uuid::nil(), Uuid::max())).await? {
            for (_, part) in self.count_reached(&[workshop], purpose, since, stretch).await? {
                reached = reached.and(&part);
            }
        }
        self.figures.reached.put(key, fingerprint, reached, start.elapsed());
        Ok(reached)
    }

    /// Counts among registrations after one id and before another. One look-up in `messages_recipient` for each of them
    /// and each broadcast of the purpose.
    async fn count_reached(
        &self,
        workshops: &[WorkshopId],
        purpose: &Purpose,
        since: Millis,
        (after, before): (Uuid, Uuid),
    ) -> Result<Vec<(WorkshopId, ReachCounts)>, StoreError> {
        let rows: Vec<ReachedRow> = self
            .db
            .all_batch(
                "WITH each_one AS MATERIALIZED (
                     SELECT r.workshop_id, r.mark, r.phone, r.id > $3 AS new, COALESCE((
                         SELECT MAX(CASE m.state WHEN 'read' THEN 7 WHEN 'delivered' THEN 6 WHEN 'sent' THEN 5 WHEN 'unknown' THEN 4
                                                 WHEN 'failed' THEN 2 ELSE 3 END)
                         FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                         WHERE o.workshop_id = r.workshop_id AND o.purpose = $1 AND o.organization_id = $2 AND m.recipient = r.phone
                           AND m.planned AND r.phone <> '' AND m.state NOT IN ('skipped', 'expired', 'cancelled')
                           AND NOT (o.status = 'cancelled' AND m.state = 'waiting')), 0) AS best
                     FROM @batch CROSS JOIN @registrants r
                     WHERE r.workshop_id = b.id AND r.id > $4 AND r.id < $5 AND r.status = 'registered' AND r.organization_id = $2)
                 SELECT workshop_id, COUNT(*) AS registered,
                        CAST(SUM(CASE WHEN new THEN 1 ELSE 0 END) AS BIGINT) AS new,
                        CAST(SUM(CASE WHEN best = 0 THEN 1 ELSE 0 END) AS BIGINT) AS not_told,
                        CAST(SUM(CASE WHEN best = 0 AND mark = '' AND NOT EXISTS (
                             SELECT 1 FROM suppressions s
                             WHERE s.organization_id = $2 AND s.phone = each_one.phone AND s.phone <> '' AND s.channel = 'all'
                               AND s.category = 'all') THEN 1 ELSE 0 END) AS BIGINT) AS can_be_told,
                        CAST(SUM(CASE WHEN best = 7 THEN 1 ELSE 0 END) AS BIGINT) AS read,
                        CAST(SUM(CASE WHEN best = 6 THEN 1 ELSE 0 END) AS BIGINT) AS delivered,
                        CAST(SUM(CASE WHEN best = 5 THEN 1 ELSE 0 END) AS BIGINT) AS handed_over,
                        CAST(SUM(CASE WHEN best = 4 THEN 1 ELSE 0 END) AS BIGINT) AS unknown,
                        CAST(SUM(CASE WHEN best = 2 THEN 1 ELSE 0 END) AS BIGINT) AS failed,
                        CAST(SUM(CASE WHEN best = 3 THEN 1 ELSE 0 END) AS BIGINT) AS under_way
                 FROM each_one GROUP BY workshop_id",
                args![purpose.word(), self.id(), last_id_of(since), after, before],
                Batch::new().uuids("id", workshops.iter().map(|id| id.0)),
            )
            .await?;
        let figures = |row: ReachedRow| ReachCounts {
            registered: row.registered,
            new: row.new,
            not_told: row.not_told,
            can_be_told: row.can_be_told,
            read: row.read,
            delivered: row.delivered,
            handed_over: row.handed_over,
            unknown: row.unknown,
            failed: row.failed,
            under_way: row.under_way,
            seconds_old: 0,
        };
        Ok(rows.into_iter().map(|row| (WorkshopId(row.workshop_id), figures(row))).collect())
    }

    /// The messages of one workshop to these people, and where they were left out: each with a registration and its
    /// number, which may be empty. The newest broadcasts first.
    pub async fn told_people(
        &self,
        workshop: WorkshopId,
        people: &[(RegistrantId, String)],
    ) -> Result<Vec<RegistrantMessage>, StoreError> {
        let batch = Batch::new()
            .uuids("id", people.iter().map(|(id, _)| id.0))
            .texts("phone", people.iter().map(|(_, phone)| phone.clone()));
        // Every person of the page is looked up in every broadcast. With another join, SQLite read all messages of the
        // broadcasts for a page of 50: a second among three broadcasts of 20,000.
        let rows: Vec<PlaceRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT m.recipient, m.registrant_id, m.planned, o.id AS broadcast_id, m.position, o.title, o.purpose, o.channel,
                        m.state, m.reason, m.changed_at
                 FROM broadcasts o CROSS JOIN @batch LEFT JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone AND m.planned
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND b.phone <> '' AND COALESCE(m.position, 0) > 0
                 UNION ALL
                 SELECT m.recipient, m.registrant_id, m.planned, o.id AS broadcast_id, m.position, o.title, o.purpose, o.channel,
                        m.state, m.reason, m.changed_at
                 FROM broadcasts o CROSS JOIN @batch LEFT JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone
                      AND m.registrant_id = b.id AND NOT m.planned
                 WHERE o.workshop_id = $1 AND o.organization_id = $2 AND COALESCE(m.position, 0) > 0
                 ORDER BY broadcast_id DESC, position LIMIT $3",
                args![workshop.0, self.id(), TELLINGS_MAX],
                batch,
            )
            .await?;
        rows.into_iter().map(RegistrantMessage::try_from).collect()
    }
}
