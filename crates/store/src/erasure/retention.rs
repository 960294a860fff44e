//! Erases everybody of workshops that an organisation has kept for long enough, a stretch at a time. Claiming an
//! organisation is a compare-and-set on `organizations.retention_next_at`. States and reasons do not change, so
//! `broadcast_counts` is not touched; `workshop_counts` moves with the rows.

use domain::{
    ids::{BroadcastId, OrganizationId, WorkshopId},
    role::Permission,
    time::{DAY, HOUR, Millis},
};
use uuid::Uuid;

use super::blank_receipts;
use crate::{
    changes::Change,
    db::{Batch, args},
    error::StoreError,
    org::Org,
    registrants::forget_rows,
    search::renew,
    work::Work,
};

/// Shortest time that an organisation can choose, in days: receipts, refunds and questions come in the first week.
pub const KEEP_DAYS_MIN: i64 = 7;
/// Longest; whoever wants more keeps everything.
pub const KEEP_DAYS_MAX: i64 = 3_650;
/// Rows that one transaction of the retention looks at: short enough that sending does not notice.
const ROWS: i64 = 2_000;
/// How often an organisation is looked at.
const LOOK_EVERY_MS: i64 = HOUR;
/// So long a provider may still tell something about a number that was erased.
const LATE_NEWS_MS: i64 = 30 * DAY;

/// What an organisation's retention erased in one look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionResult {
    /// Workshops whose people were erased.
    pub workshops: i64,
    /// Registrations that were erased.
    pub people: i64,
    /// Messages whose texts and numbers were erased.
    pub messages: i64,
    /// Receipts without a message that were erased.
    pub receipts: i64,
}

impl RetentionResult {
    /// Whether it did anything.
    pub fn is_any(&self) -> bool {
        *self != RetentionResult::default()
    }
}

/// How long an organisation keeps people's data, and what the last looks erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The days after a workshop's end for which data is kept; `None` for ever.
    pub keep_days: Option<i64>,
    /// When the last look was made; `None` before the first.
    pub ran_at: Option<Millis>,
    /// The last look that found something, and what it erased.
    pub erased: Option<(Millis, RetentionResult)>,
}

#[derive(sqlx::FromRow)]
struct RetentionRow {
    keep_days: Option<i64>,
    retention_ran_at: Option<i64>,
    retention_erased_at: Option<i64>,
    retention_workshops: i64,
    retention_people: i64,
    retention_messages: i64,
    retention_receipts: i64,
}

/// An organisation whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionDue {
    /// The organisation whose retention is due.
    pub organization: OrganizationId,
    /// What ended before is erased.
    pub before: Millis,
    /// Receipts before this one were dealt with by an earlier look.
    receipts_from: Millis,
}

impl Org {
    /// How personal data is kept, and what the last looks did.
    pub async fn retention(&self) -> Result<Retention, StoreError> {
        let row: RetentionRow = self
            .db
            .one(
                "SELECT keep_days, retention_ran_at, retention_erased_at, retention_workshops, retention_people,
                        retention_messages, retention_receipts
                 FROM organizations WHERE id = $1",
                args![self.id()],
            )
            .await?;
        let did = RetentionResult {
            workshops: row.retention_workshops,
            people: row.retention_people,
            messages: row.retention_messages,
            receipts: row.retention_receipts,
        };
        Ok(Retention {
            keep_days: row.keep_days,
            ran_at: row.retention_ran_at.map(Millis),
            erased: row.retention_erased_at.map(|at| (Millis(at), did)),
        })
    }

    /// Sets for how many days after a workshop its people are kept; `None` for ever. The next look begins at once.
    pub async fn keep_for(&self, days: Option<i64>, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Erase)?;
        if days.is_some_and(|days| !(KEEP_DAYS_MIN..=KEEP_DAYS_MAX).contains(&days)) {
            return Err(StoreError::Stale);
        }
        let mut tx = self.db.by_index().begin().await?;
        tx.run(
            "UPDATE organizations SET keep_days = $2, retention_next_at = 0 WHERE id = $1",
            args![self.id(), days],
        )
        .await?;
        let detail = days.map_or("for ever".to_owned(), |days| format!("days={days}"));
        self.note(&mut tx, "retention.changed", self.id(), &detail, now).await?;
        tx.commit().await
    }

    /// Workshops that a retention of so many days would erase at once.
    pub async fn past_retention(&self, days: i64, now: Millis) -> Result<i64, StoreError> {
        let (n,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM workshops
                 WHERE organization_id = $1 AND erased_at IS NULL AND ends_at <= $2 AND registrants > 0",
                args![self.id(), now.plus(-days.saturating_mul(DAY))],
            )
            .await?;
        Ok(n)
    }
}

impl Work {
    /// The next organisation to look at; of several processes one gets it.
    pub async fn retention_due(&self, now: Millis) -> Result<Option<RetentionDue>, StoreError> {
        let due: Option<(Uuid, i64, i64, i64)> = self
            .db
            .optional(
                "SELECT id, keep_days, retention_next_at, retention_receipts_to FROM organizations
                 WHERE keep_days IS NOT NULL AND retention_next_at <= $1 ORDER BY retention_next_at, id LIMIT 1",
                args![now],
            )
            .await?;
        let Some((id, keep_days, next_at, receipts_from)) = due else { return Ok(None) };
        let taken = self
            .db
            .run(
                "UPDATE organizations SET retention_next_at = $2 WHERE id = $1 AND retention_next_at = $3 AND keep_days = $4",
                args![id, now.plus(LOOK_EVERY_MS), next_at, keep_days],
            )
            .await?;
        let before = now.plus(-keep_days.saturating_mul(DAY));
        Ok((taken > 0).then_some(RetentionDue {
            organization: OrganizationId(id),
            before,
            receipts_from: Millis(receipts_from),
        }))
    }

    /// A workshop whose people were kept long enough, the oldest first. One with a broadcast that is not done yet
    /// waits.
    pub async fn workshop_to_forget(&self, due: &RetentionDue) -> Result<Option<WorkshopId>, StoreError> {
        let found: Option<(Uuid,)> = self
            .db
            .optional(
                "SELECT w.id FROM workshops w
                 WHERE w.organization_id = $1 AND w.erased_at IS NULL AND w.ends_at <= $2
                   AND NOT EXISTS (SELECT 1 FROM broadcasts o WHERE o.workshop_id = w.id
                                   AND (o.status IN ('planning', 'scheduled', 'in_progress', 'paused')
                                        OR EXISTS (SELECT 1 FROM broadcast_counts c WHERE c.broadcast_id = o.id AND c.n > 0
                                                   AND c.state IN ('waiting', 'in_flight'))))
                 ORDER BY w.ends_at, w.id LIMIT 1",
                args![due.organization.0, due.before],
            )
            .await?;
        Ok(found.map(|(id,)| WorkshopId(id)))
    }

    /// Erases all people of a workshop, a few thousand rows per transaction. Cut off, it can be called again.
    pub async fn forget_workshop(
        &self,
        due: &RetentionDue,
        workshop: WorkshopId,
        now: Millis,
    ) -> Result<RetentionResult, StoreError> {
        let mut did = RetentionResult { workshops: 1, ..RetentionResult::default() };
        let mut after = Some(Uuid::nil());
        while let Some(from) = after {
            let (people, next) = self.forget_people(due, workshop, from).await?;
            did.people += people;
            after = next;
        }
        let broadcasts: Vec<(Uuid,)> = self
            .db
            .all("SELECT id FROM broadcasts WHERE workshop_id = $1 ORDER BY id", args![workshop.0])
            .await?;
        for (broadcast,) in broadcasts {
            let mut after = Some(0);
            while let Some(from) = after {
                let (messages, next) = self.forget_stretch(broadcast, from).await?;
                did.messages += messages;
                after = next;
            }
        }
        let mut tx = self.db.by_index().begin().await?;
        // How many members got a post stays; who they were goes. The moment keeps names of two looks apart.
        tx.run(
            "UPDATE member_receipts SET person = 'erased-' || CAST(CAST($2 AS BIGINT) AS TEXT) || '-' || CAST(x.n AS TEXT)
             FROM (SELECT m.broadcast_id, m.position, m.person, ROW_NUMBER() OVER (ORDER BY m.broadcast_id, m.position, m.person) AS n
                   FROM broadcasts o JOIN member_receipts m ON m.broadcast_id = o.id
                   WHERE o.workshop_id = $1 AND m.person NOT LIKE 'erased-%') AS x
             WHERE member_receipts.broadcast_id = x.broadcast_id AND member_receipts.position = x.position
               AND member_receipts.person = x.person",
            args![workshop.0, now],
        )
        .await?;
        for sql in [
            "DELETE FROM import_rows WHERE import_id IN (SELECT id FROM imports WHERE workshop_id = $1)",
            // Members of a group that another workshop uses are kept for that workshop.
            "DELETE FROM group_members WHERE group_id IN (
                 SELECT w.group_id FROM workshop_groups w WHERE w.workshop_id = $1 AND NOT EXISTS (
                     SELECT 1 FROM workshop_groups o JOIN workshops x ON x.id = o.workshop_id
                     WHERE o.group_id = w.group_id AND o.workshop_id <> $1 AND x.erased_at IS NULL))",
            "DELETE FROM import_differences WHERE import_id IN (SELECT id FROM imports WHERE workshop_id = $1)",
            // The copy of its people goes when its row is gone.
            "DELETE FROM rehearsals WHERE workshop_id = $1",
            "UPDATE broadcasts SET plan_phone = '', plan_identity = '' WHERE workshop_id = $1 AND plan_phone <> ''",
        ] {
            tx.run(sql, args![workshop.0]).await?;
        }
        tx.run(
            // Not when somebody registered since.
            "UPDATE workshops SET erased_at = $2 WHERE id = $1
               AND NOT EXISTS (SELECT 1 FROM registrants r WHERE r.workshop_id = $1 AND r.identity NOT LIKE 'erased-%')",
            args![workshop.0, now],
        )
        .await?;
        let detail = format!("registrations={} messages={}", did.people, did.messages);
        tx.run(
            "INSERT INTO audit_log (id, organization_id, actor, action, subject, detail, at)
             VALUES ($1, $2, 'Munadi', 'retention.erased', $3, $4, $5)",
            args![domain::ids::AuditId::new(now).0, due.organization.0, workshop.to_string(), detail, now],
        )
        .await?;
        tx.commit().await?;
        Ok(did)
    }

    /// The next registrants behind `after`, and whoever is nobody's registrant any more.
    async fn forget_people(
        &self,
        due: &RetentionDue,
        workshop: WorkshopId,
        after: Uuid,
    ) -> Result<(i64, Option<Uuid>), StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        tx.run("SELECT 1 FROM workshops WHERE id = $1 FOR UPDATE", args![workshop.0]).await?;
        let rows: Vec<(Uuid, String, String)> = tx
            .all(
                "SELECT id, phone, identity FROM registrants WHERE workshop_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                args![workshop.0, after, ROWS],
            )
            .await?;
        let next = rows.last().map(|row| row.0).filter(|_| i64::try_from(rows.len()) == Ok(ROWS));
        let fresh = rows.iter().filter(|row| !row.2.starts_with("erased-"));
        let people: Vec<Uuid> = fresh.map(|row| row.0).collect();
        let mut phones: Vec<String> =
            rows.iter().map(|row| row.1.clone()).filter(|phone| !phone.is_empty()).collect();
        let former: Vec<(String,)> = tx
            .all_batch(
                "SELECT DISTINCT c.phone_before FROM @batch CROSS JOIN corrections c
                 WHERE c.workshop_id = $1 AND c.registrant_id = b.id AND c.phone_before <> ''",
                args![workshop.0],
                Batch::new().uuids("id", people.iter().copied()),
            )
            .await?;
        phones.extend(former.into_iter().map(|(phone,)| phone));
        phones.sort_unstable();
        phones.dedup();
        let n = forget_rows(&mut tx, workshop, people).await?;
        let numbers = || Batch::new().texts("phone", phones.iter().cloned());
        tx.run_batch(
            "DELETE FROM leads WHERE organization_id = $1 AND phone IN (SELECT b.phone FROM @batch)
               AND NOT EXISTS (SELECT 1 FROM workshops w JOIN registrants r ON r.workshop_id = w.id
                               WHERE w.organization_id = $1 AND r.phone = leads.phone)",
            args![due.organization.0],
            numbers(),
        )
        .await?;
        // A person who is no lead any more is known by the keyed hash alone.
        for sql in [
            "UPDATE suppressions SET phone = '' WHERE organization_id = $1 AND phone IN (SELECT b.phone FROM @batch)
               AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.organization_id = $1 AND l.phone = suppressions.phone)",
            "UPDATE suppressions_lifted SET phone = '' WHERE organization_id = $1 AND phone IN (SELECT b.phone FROM @batch)
               AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.organization_id = $1 AND l.phone = suppressions_lifted.phone)",
            "UPDATE consents SET phone = '' WHERE organization_id = $1 AND phone <> '' AND phone IN (SELECT b.phone FROM @batch)
               AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.organization_id = $1 AND l.phone = consents.phone)",
            "DELETE FROM user_ids WHERE organization_id = $1 AND phone <> '' AND phone IN (SELECT b.phone FROM @batch)
               AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.organization_id = $1 AND l.phone = user_ids.phone)",
        ] {
            tx.run_batch(sql, args![due.organization.0], numbers()).await?;
        }
        renew(&mut tx, due.organization.0, &phones).await?;
        tx.commit().await?;
        Ok((i64::try_from(n).unwrap_or(0), next))
    }

    /// The next rows of a broadcast behind `after`, with what happened to them and what providers said about them.
    async fn forget_stretch(&self, broadcast: Uuid, after: i64) -> Result<(i64, Option<i64>), StoreError> {
        let until = after + ROWS;
        let mut tx = self.db.by_index().begin().await?;
        let n = tx
            .run(
                "UPDATE messages SET name = '', recipient = '', planned = FALSE, content = '', reason_text = '',
                        provider_id = NULL, network_id = NULL
                 WHERE broadcast_id = $1 AND position > $2 AND position <= $3 AND state NOT IN ('waiting', 'in_flight')
                   AND (name <> '' OR recipient <> '' OR content <> '' OR planned)",
                args![broadcast, after, until],
            )
            .await?;
        tx.run(
            "UPDATE message_events SET detail = ''
             WHERE broadcast_id = $1 AND position > $2 AND position <= $3 AND kind <> 'decision' AND detail <> ''",
            args![broadcast, after, until],
        )
        .await?;
        tx.run(
            "UPDATE receipts SET body = '' WHERE broadcast_id = $1 AND position > $2 AND position <= $3 AND body <> ''",
            args![broadcast, after, until],
        )
        .await?;
        let (more,): (bool,) = tx
            .one(
                "SELECT EXISTS (SELECT 1 FROM messages WHERE broadcast_id = $1 AND position > $2)",
                args![broadcast, until],
            )
            .await?;
        tx.tell(Change::Rows(BroadcastId(broadcast)));
        tx.commit().await?;
        Ok((i64::try_from(n).unwrap_or(0), more.then_some(until)))
    }

    /// Takes the bodies out of receipts that fit no message and came before `due.before`.
    pub async fn forget_receipts(&self, due: &RetentionDue) -> Result<i64, StoreError> {
        let id_at = |at: Millis| Uuid::from_u128(u128::try_from(at.0).unwrap_or(0) << 80);
        let (mut from, until) = (id_at(due.receipts_from), id_at(due.before));
        let mut total = 0;
        loop {
            let rows: Vec<(Uuid,)> = self
                .db
                .all(
                    "SELECT id FROM receipts
                     WHERE organization_id = $1 AND id >= $2 AND id < $3 AND state IN ('unmatched', 'not_understood', 'ignored') AND body <> ''
                     ORDER BY id LIMIT $4",
                    args![due.organization.0, from, until, ROWS],
                )
                .await?;
            let Some((last,)) = rows.last().copied() else { return Ok(total) };
            let mut tx = self.db.by_index().begin().await?;
            total += i64::try_from(rows.len()).unwrap_or(0);
            blank_receipts(&mut tx, rows.into_iter().map(|(id,)| id).collect()).await?;
            tx.commit().await?;
            from = last;
        }
    }

    /// Writes down what a look did, for the settings page.
    pub async fn retention_done(
        &self,
        due: &RetentionDue,
        did: &RetentionResult,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.by_index().begin().await?;
        tx.run(
            "UPDATE organizations SET retention_ran_at = $2, retention_receipts_to = $3 WHERE id = $1",
            args![due.organization.0, now, due.before],
        )
        .await?;
        if did.is_any() {
            tx.run(
                "UPDATE organizations SET retention_erased_at = $2, retention_workshops = $3, retention_people = $4,
                        retention_messages = $5, retention_receipts = $6
                 WHERE id = $1",
                args![due.organization.0, now, did.workshops, did.people, did.messages, did.receipts],
            )
            .await?;
        }
        tx.run("DELETE FROM erased_numbers WHERE erased_at < $1", args![now.plus(-LATE_NEWS_MS)]).await?;
        tx.commit().await
    }

    /// Files of imports into erased workshops, below the data folder; each process removes those that it has.
    pub async fn files_to_forget(&self) -> Result<Vec<String>, StoreError> {
        let files: Vec<(String,)> = self
            .db
            .all(
                "SELECT i.file_path FROM imports i JOIN workshops w ON w.id = i.workshop_id
                 WHERE w.erased_at IS NOT NULL AND i.file_path <> ''",
                args![],
            )
            .await?;
        Ok(files.into_iter().map(|(path,)| path).collect())
    }
}
