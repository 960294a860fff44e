//! The told ledger: who was told what, by which broadcast, and what became of it. Its entries are the messages
//! themselves: a message belongs to a number, its broadcast to a workshop, a purpose and a round. Nothing is written
//! beside them, so sending costs nothing more, and the ledger equals the messages at every moment.
//!
//! Two members cannot tell a purpose twice, because plans are made one after the other. [`crate::Org::confirm_telling`]
//! locks the workshop's row. It refuses while another broadcast of the purpose is being planned, and when a broadcast
//! was confirmed that the question did not know. A plan reads the ledger while nothing else is written to it.

use std::time::Instant;

use domain::{
    broadcast::Audience,
    ids::{BroadcastId, OrganizationId, RegistrantId, WorkshopId},
    time::{MINUTE, Millis},
    told::{Purpose, Told},
};
use uuid::Uuid;

use crate::{
    attendance::{not_erased, registered_in_time},
    audience::{AudienceCursor, AudienceReader, Registered},
    db::{Arg, Batch, args},
    error::StoreError,
    figures::{self, Cached, Key},
    membership::{in_a_group, left_a_group, members_known},
    reached::last_id_of,
};

#[macro_use]
mod belonging;
mod tellings;

pub use tellings::LastTelling;

/// Which people of a workshop are meant, and for which purpose.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The workshop whose people are meant.
    pub workshop: WorkshopId,
    /// The purpose that the people were told or not told.
    pub purpose: Purpose,
    /// Which of the workshop's people are meant.
    pub audience: Audience,
    /// The broadcast that is being planned, whose own rows do not count; nil before there is one.
    pub own: BroadcastId,
    /// The present moment, for what was due before it.
    pub now: Millis,
}

impl Selection {
    /// Everyone of a workshop.
    pub fn everyone(workshop: WorkshopId, purpose: Purpose, now: Millis) -> Selection {
        Selection { workshop, purpose, audience: Audience::Registered, own: BroadcastId(Uuid::nil()), now }
    }

    /// The same workshop and purpose with another audience.
    pub fn of(&self, audience: Audience) -> Selection {
        Selection { audience, ..self.clone() }
    }

    /// Whether it is everyone, whom counters know and the plainest statement reads.
    pub fn is_everyone(&self) -> bool {
        self.audience == Audience::Registered
    }

    /// Minutes after which a receipt is due.
    fn receipt_minutes(&self) -> i64 {
        match self.audience {
            Audience::NoReceipt { minutes } => minutes,
            _ => Audience::NO_RECEIPT_MINUTES,
        }
    }

    /// What `best!` is given, `$1` to `$5`.
    fn telling(&self, organization: OrganizationId) -> Vec<Arg> {
        let due = self.now.plus(-self.receipt_minutes().saturating_mul(MINUTE));
        args![self.workshop.0, self.purpose.word(), self.own.0, due, organization.0]
    }

    /// What `belongs!` is given, `$1` to `$20`.
    fn belonging(&self, organization: OrganizationId) -> Vec<Arg> {
        let (mut since, mut named_id, mut state, mut reason, mut source) =
            (Uuid::nil(), Uuid::nil(), "", "", "");
        let (mut channel, mut proven_since) = ("", Millis(0));
        let (step, whom) = match &self.audience {
            Audience::Step(people) => (Some(&**people), &people.of),
            whom => (None, whom),
        };
        let word = match whom {
            Audience::Registered => "registered",
            Audience::NotTold => "not_told",
            Audience::Failed => "failed",
            Audience::NoReceipt { .. } => "no_receipt",
            Audience::NotRead => "not_read",
            Audience::Since(at) => {
                since = last_id_of(*at);
                "since"
            }
            Audience::Of { broadcast: of, state: stands, reason: why } => {
                (named_id, state, reason) = (of.0, stands.word(), why.code());
                "of"
            }
            Audience::Source(named) => {
                source = named;
                "source"
            }
            Audience::Tagged(tag) => {
                named_id = tag.0;
                "tag"
            }
            Audience::Attended => "attended",
            Audience::LeftEarly => "left_early",
            Audience::Absent => "absent",
            Audience::AnotherDate => "another_date",
            Audience::NoGroup => "no_group",
            Audience::LeftGroup => "left_group",
            Audience::NotReached { channel: on, since } => {
                (channel, proven_since) = (on.word(), *since);
                "not_reached"
            }
            Audience::Opened(opened) => {
                if *opened {
                    "opened"
                } else {
                    "not_opened"
                }
            }
            // The first is read by its ids; a step's people are never another step's.
            Audience::Chosen(_) | Audience::Step(_) => "chosen",
        };
        let mut args = self.telling(organization);
        args.extend(args![word, since, named_id, state, reason, source, step.is_some()]);
        args.extend(match step {
            None => args![Uuid::nil(), Millis::MAX, Uuid::nil(), Uuid::max()],
            Some(step) => {
                // Nobody is left out before the first instant, whatever the random part of an id.
                let after = if step.registered_after.0 <= 0 {
                    Uuid::nil()
                } else {
                    last_id_of(step.registered_after)
                };
                let until = if step.registered_until == Millis::MAX {
                    Uuid::max()
                } else {
                    last_id_of(step.registered_until)
                };
                args![step.row.0, step.untold_since, after, until]
            }
        });
        args.extend(args![channel, proven_since]);
        match step.and_then(|step| step.unproven.as_ref()) {
            None => args.extend(args!["", Millis::MAX]),
            Some(unproven) => args.extend(args![unproven.ladder.as_str(), unproven.since]),
        }
        args
    }
}

impl AudienceReader {
    /// The next people of a selection after a place, in order of number and identity; fewer than `limit` when there are
    /// no more.
    pub async fn selected(
        &self,
        of: &Selection,
        after: &AudienceCursor,
        limit: i64,
    ) -> Result<Vec<Registered>, StoreError> {
        if of.is_everyone() {
            return self.stretch(of.workshop, after, limit).await;
        }
        if let Audience::Chosen(people) = &of.audience {
            let batch = Batch::new().uuids("id", people.iter().map(|person| person.0));
            return self
                .db
                .by_index()
                .all_batch(
                    "SELECT r.id, r.name, r.email, r.phone, r.phone_typed, r.identity, r.mark = 'duplicate' AS duplicate
                     FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.id = b.id AND r.organization_id = $5
                       AND (r.phone, r.identity) > ($2, $3)
                     WHERE COALESCE(r.status, '') = 'registered'
                     ORDER BY r.phone, r.identity LIMIT $4",
                    args![of.workshop.0, &after.0, &after.1, limit, self.organization.0],
                    batch,
                )
                .await;
        }
        let mut args = of.belonging(self.organization);
        args.extend(args![&after.0, &after.1, limit]);
        self.db
            .by_index()
            .all(
                concat!(
                    "SELECT r.id, r.name, r.email, r.phone, r.phone_typed, r.identity, r.mark = 'duplicate' AS duplicate
                     FROM @registrants r
                     WHERE r.workshop_id = $1 AND (r.phone, r.identity) > ($21, $22) AND r.status = 'registered'
                       AND r.organization_id = $5 AND ",
                    belongs!(),
                    " ORDER BY r.phone, r.identity LIMIT $23"
                ),
                args,
            )
            .await
    }

    /// Where the people of a workshop came from, in the words of their files, with how many: those with most people
    /// first.
    pub async fn sources(&self, workshop: WorkshopId, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
        self.db
            .all(
                "SELECT r.came_from, COUNT(*) AS n FROM @registrants r
                 WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.status = 'registered' AND r.came_from <> ''
                 GROUP BY r.came_from ORDER BY n DESC, r.came_from LIMIT $3",
                args![workshop.0, self.organization.0, limit],
            )
            .await
    }

    /// How many people a selection holds, whether a message can reach them or not.
    pub async fn count(&self, of: &Selection) -> Result<i64, StoreError> {
        if let Audience::Chosen(people) = &of.audience {
            return Ok(i64::try_from(people.len()).unwrap_or(i64::MAX));
        }
        if let Audience::Since(at) = of.audience {
            return self.count_since(of, at).await;
        }
        let (n,): (i64,) = self
            .db
            .one(
                concat!(
                    "SELECT COUNT(*) FROM @registrants r
                     WHERE r.workshop_id = $1 AND r.status = 'registered' AND r.organization_id = $5 AND ",
                    belongs!()
                ),
                of.belonging(self.organization),
            )
            .await?;
        Ok(n)
    }

    /// Only people who registered after an instant: the key of a workshop's registrations is in the order in which they
    /// came.
    async fn count_since(&self, of: &Selection, at: Millis) -> Result<i64, StoreError> {
        let after = last_id_of(at);
        let (came,): (i64,) = self
            .db
            .one(
                "SELECT COUNT(*) FROM @registrants r
                 WHERE r.workshop_id = $1 AND r.id > $3 AND r.status = 'registered' AND r.organization_id = $2",
                args![of.workshop.0, self.organization.0, after],
            )
            .await?;
        let mut args = of.telling(self.organization);
        args.extend(args![after]);
        let (came_back,): (i64,) = self
            .db
            .one(
                concat!(
                    "SELECT COUNT(*) FROM @registrants r
                     WHERE r.workshop_id = $1 AND r.back_id > $6 AND r.id <= $6 AND r.status = 'registered' AND r.organization_id = $5
                       AND COALESCE(",
                    best!(),
                    ", 0) = 0"
                ),
                args,
            )
            .await?;
        Ok(came + came_back)
    }

    /// The registrations of a workshop with these numbers (E.164) or these e-mail addresses (lower case), for people
    /// chosen one by one.
    pub async fn find_chosen(
        &self,
        workshop: WorkshopId,
        phones: Vec<String>,
        emails: Vec<String>,
    ) -> Result<Vec<FoundRegistration>, StoreError> {
        let mut found: Vec<FoundRegistration> = self
            .db
            .all_batch(
                "SELECT r.id, r.phone, lower(r.email) AS email FROM @batch
                 LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.phone = b.phone AND r.organization_id = $2
                 WHERE COALESCE(r.status, '') = 'registered'",
                args![workshop.0, self.organization.0],
                Batch::new().texts("phone", phones),
            )
            .await?;
        if !emails.is_empty() {
            let by_mail: Vec<FoundRegistration> = self
                .db
                .all_batch(
                    "SELECT r.id, r.phone, lower(r.email) AS email FROM @registrants r
                     WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.status = 'registered' AND r.email <> ''
                       AND lower(r.email) IN (SELECT b.email FROM @batch)",
                    args![workshop.0, self.organization.0],
                    Batch::new().texts("email", emails),
                )
                .await?;
            found.extend(by_mail);
        }
        Ok(found)
    }

    /// How many of a selection were told its purpose, or are being told it: those who would get it again.
    pub async fn told_among(&self, of: &Selection) -> Result<i64, StoreError> {
        if of.is_everyone() {
            return Ok(self.looked(of).await?.again);
        }
        if let Audience::Chosen(people) = &of.audience {
            return self.told_among_chosen(of, people).await;
        }
        let (n,): (i64,) = self
            .db
            .one(
                concat!(
                    "SELECT COUNT(*) FROM @registrants r
                     WHERE r.workshop_id = $1 AND r.status = 'registered' AND r.organization_id = $5 AND r.mark = '' AND ",
                    belongs!(),
                    " AND COALESCE(",
                    best!(),
                    ", 0) > 1"
                ),
                of.belonging(self.organization),
            )
            .await?;
        Ok(n)
    }

    async fn told_among_chosen(&self, of: &Selection, people: &[RegistrantId]) -> Result<i64, StoreError> {
        let batch = Batch::new().uuids("id", people.iter().map(|person| person.0));
        let rows: Vec<(i64,)> = self
            .db
            .all_batch(
                concat!(
                    "SELECT COUNT(*) FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.id = b.id AND r.organization_id = $5
                     WHERE COALESCE(r.status, '') = 'registered' AND COALESCE(r.mark, 'none') = '' AND COALESCE(",
                    best!(),
                    ", 0) > 1"
                ),
                of.telling(self.organization),
                batch,
            )
            .await?;
        Ok(rows.first().map_or(0, |(n,)| *n))
    }

    /// The people of a workshop by what they were told.
    pub async fn told(&self, of: &Selection) -> Result<Told, StoreError> {
        Ok(self.looked(of).await?.told)
    }

    /// One look at each registration; of a large workshop the last look serves until something moves.
    async fn looked(&self, of: &Selection) -> Result<Looked, StoreError> {
        let Some(figures) = &self.figures else { return self.look(of, EVERYBODY).await };
        let people = figures::people(&self.db, self.organization.0, &[of.workshop]).await?;
        let Some(people) = people.first().filter(|one| !one.are_few()) else {
            return self.look(of, EVERYBODY).await;
        };
        let fingerprint = figures::fingerprint(&self.db, self.organization.0, *people, &of.purpose).await?;
        let key = Key {
            organization: self.organization.0,
            workshop: of.workshop.0,
            purpose: of.purpose.word().to_owned(),
            asked: (of.own.0, of.receipt_minutes()),
        };
        if let Cached::Valid(looked) = figures.told.get(&key, fingerprint) {
            return Ok(looked);
        }
        let start = Instant::now();
        let looked = self.look_at_many(of, people.registrants).await?;
        figures.told.put(key, fingerprint, looked, start.elapsed());
        Ok(looked)
    }

    /// Looks at both halves of a large workshop at once, on a connection each: 60 ms instead of 110 among 20,000.
    async fn look_at_many(&self, of: &Selection, registrants: i64) -> Result<Looked, StoreError> {
        let middle: Option<(Uuid,)> = self
            .db
            .by_index()
            .optional(
                "SELECT r.id FROM @registrants r
                 WHERE r.workshop_id = $1 AND r.status = 'registered' AND r.organization_id = $2 ORDER BY r.id LIMIT 1 OFFSET $3",
                args![of.workshop.0, self.organization.0, registrants / 2],
            )
            .await?;
        let Some((middle,)) = middle else { return self.look(of, EVERYBODY).await };
        let (first, second) =
            tokio::try_join!(self.look(of, (Uuid::nil(), middle)), self.look(of, (middle, Uuid::max())))?;
        Ok(first.and(second))
    }

    /// Looks at the registrations after one id and up to another.
    async fn look(&self, of: &Selection, (after, up_to): (Uuid, Uuid)) -> Result<Looked, StoreError> {
        let (everyone, not_told, failed, no_receipt, not_read, told, going, again): Counts = self
            .db
            .one(
                concat!(
                    "WITH each_one AS MATERIALIZED (SELECT r.mark, COALESCE(",
                    best!(),
                    ", 0) AS best FROM @registrants r
                         WHERE r.workshop_id = $1 AND r.id > $6 AND r.id <= $7 AND r.status = 'registered' AND r.organization_id = $5)
                     SELECT COUNT(*),
                            CAST(COALESCE(SUM(CASE WHEN best = 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best = 1 THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best = 2 THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best IN (2, 4) THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best BETWEEN 2 AND 8 THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best = 9 THEN 1 ELSE 0 END), 0) AS BIGINT),
                            CAST(COALESCE(SUM(CASE WHEN best > 1 AND mark = '' THEN 1 ELSE 0 END), 0) AS BIGINT)
                     FROM each_one"
                ),
                of.telling(self.organization).into_iter().chain(args![after, up_to]).collect(),
            )
            .await?;
        Ok(Looked { told: Told { everyone, not_told, failed, no_receipt, not_read, told, going }, again })
    }
}

/// What a look at every registration of a workshop tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    told: Told,
    /// Those who would get it again.
    again: i64,
}

impl Looked {
    /// Of both halves of a workshop.
    fn and(self, other: Looked) -> Looked {
        Looked { told: self.told.and(other.told), again: self.again + other.again }
    }
}

/// The ids of all registrations.
const EVERYBODY: (Uuid, Uuid) = (Uuid::nil(), Uuid::max());

/// As the statement counts them.
type Counts = (i64, i64, i64, i64, i64, i64, i64, i64);

/// A registration that was found by number or e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FoundRegistration {
    /// Id of the registration.
    id: Uuid,
    /// Phone number in E.164 form; empty without one.
    pub phone: String,
    /// Its e-mail address in lower case.
    pub email: String,
}

impl FoundRegistration {
    /// Id of the registration.
    pub fn registrant(&self) -> RegistrantId {
        RegistrantId(self.id)
    }
}
