//! A cache of figures that take a look at every registration of a workshop: the results of a purpose (`reached`), and
//! the counts of the people chooser (`told`). Such a look takes 5 µs for each registration: 110 ms among 20,000,
//! seconds among a million.
//!
//! A figure is valid as long as its [`Fingerprint`] is: two short reads of counters that move in the transactions that move the people and
//! the messages. A small workshop is counted at once when something moved; of a large one somebody may see the last figure first.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{ids::WorkshopId, told::Purpose};
use uuid::Uuid;

use crate::{
    db::{Batch, Db, args},
    error::StoreError,
    reached::ReachCounts,
    told::Looked,
};

/// Registrations up to which a workshop is counted before the answer whenever something moved: some 10 ms.
pub(crate) const SMALL: i64 = 2_000;
/// A valid figure is counted anew after so long: counters that moved there and back again have the fingerprint that they had before.
const VALID_FOR: Duration = Duration::from_secs(60);
/// A figure is counted anew beside whoever looks at the old one not before so many times as long as counting it took.
const RESTS: u32 = 20;
/// A reader waits for a new figure when the cached one is older than this, or than twice that rest.
const STALE_FOR: Duration = Duration::from_secs(30);
/// Figures in the cache; beyond, it is emptied.
const ENTRIES_MAX: usize = 500;

/// What a figure was counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Who is registered, how, and with which marks.
    pub(crate) people: People,
    /// Where the messages of the purpose stand, as a hash.
    pub(crate) messages: u64,
}

/// The counters of a workshop's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct People {
    id: Uuid,
    /// Registrations that stand.
    pub(crate) registrants: i64,
    people_revision: i64,
    /// The sum of all counters, to see whether any of them moved.
    counted: i64,
    /// Whether rows of an undone import are still to be cleared.
    pub(crate) is_undoing: bool,
}

impl People {
    pub(crate) fn workshop(&self) -> WorkshopId {
        WorkshopId(self.id)
    }

    /// Whether they are counted before the answer whenever something moved.
    pub(crate) fn are_few(&self) -> bool {
        self.registrants <= SMALL && !self.is_undoing
    }
}

/// Which figure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) organization: Uuid,
    pub(crate) workshop: Uuid,
    pub(crate) purpose: String,
    /// What else was asked: an id that registrations are compared with, and minutes.
    pub(crate) asked: (Uuid, i64),
}

struct Entry<V> {
    value: V,
    fingerprint: Fingerprint,
    at: Instant,
    took: Duration,
    is_refreshing: bool,
}

/// What the cache holds for a figure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cached<V> {
    /// The value is what a new count would give.
    Valid(V),
    /// Messages moved since the value was counted. With `refresh` the caller counts it anew beside this answer.
    Stale { value: V, age: Duration, refresh: bool },
    /// Nothing is cached: the caller has to count.
    Missing,
}

/// Figures of one kind.
pub(crate) struct Cache<V>(Mutex<HashMap<Key, Entry<V>>>);

impl<V> Default for Cache<V> {
    fn default() -> Cache<V> {
        Cache(Mutex::default())
    }
}

impl<V: Copy> Cache<V> {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Entry<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &Key, fingerprint: Fingerprint) -> Cached<V> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(key) else { return Cached::Missing };
        let (value, age, rest) = (entry.value, entry.at.elapsed(), entry.took * RESTS);
        if entry.fingerprint == fingerprint && age < VALID_FOR {
            return Cached::Valid(value);
        }
        if entry.fingerprint.people != fingerprint.people || age > STALE_FOR.max(rest * 2) {
            return Cached::Missing;
        }
        let refresh = !entry.is_refreshing && age >= rest;
        entry.is_refreshing |= refresh;
        Cached::Stale { value, age, refresh }
    }

    pub(crate) fn put(&self, key: Key, fingerprint: Fingerprint, value: V, took: Duration) {
        let mut entries = self.entries();
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        let at = Instant::now();
        entries.insert(key, Entry { value, fingerprint, at, took, is_refreshing: false });
    }

    /// What was to be counted anew was not.
    pub(crate) fn not_refreshed(&self, key: &Key) {
        if let Some(entry) = self.entries().get_mut(key) {
            entry.is_refreshing = false;
        }
    }
}

/// The caches of one open database.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) reached: Cache<ReachCounts>,
    pub(crate) told: Cache<Looked>,
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Figures")
    }
}

/// The counters of the people of these workshops.
pub(crate) async fn people(
    db: &Db,
    organization: Uuid,
    workshops: &[WorkshopId],
) -> Result<Vec<People>, StoreError> {
    db.all_batch(
        "SELECT w.id, w.registrants, w.people_revision,
                CAST(COALESCE((SELECT SUM(c.n) FROM workshop_counts c WHERE c.workshop_id = w.id), 0) AS BIGINT) AS counted,
                EXISTS (SELECT 1 FROM undoing u WHERE u.workshop_id = w.id) AS is_undoing
         FROM @batch CROSS JOIN workshops w WHERE w.id = b.id AND w.organization_id = $1",
        args![organization],
        Batch::new().uuids("id", workshops.iter().map(|id| id.0)),
    )
    .await
}

/// What a figure of that purpose would be counted from now, for each of these workshops.
pub(crate) async fn fingerprints(
    db: &Db,
    organization: Uuid,
    people: &[People],
    purpose: &Purpose,
) -> Result<Vec<Fingerprint>, StoreError> {
    let rows: Vec<(Uuid, Uuid, String, String, i64)> = db
        .all_batch(
            "SELECT o.workshop_id, o.id, o.status, COALESCE(c.state, ''), COALESCE(c.n, 0)
             FROM @batch CROSS JOIN broadcasts o LEFT JOIN broadcast_counts c ON c.broadcast_id = o.id
             WHERE o.workshop_id = b.id AND o.purpose = $1 AND o.organization_id = $2 ORDER BY o.id, c.state, c.reason",
            args![purpose.word(), organization],
            Batch::new().uuids("id", people.iter().map(|one| one.id)),
        )
        .await?;
    let mut messages: HashMap<Uuid, DefaultHasher> = HashMap::new();
    for (workshop, broadcast, status, state, n) in &rows {
        (broadcast, status, state, n).hash(messages.entry(*workshop).or_default());
    }
    let of = |one: &People| messages.get(&one.id).map_or(0, Hasher::finish);
    Ok(people.iter().map(|one| Fingerprint { people: *one, messages: of(one) }).collect())
}

/// As [`fingerprints`], of one workshop.
pub(crate) async fn fingerprint(
    db: &Db,
    organization: Uuid,
    people: People,
    purpose: &Purpose,
) -> Result<Fingerprint, StoreError> {
    let all = fingerprints(db, organization, &[people], purpose).await?;
    Ok(all.into_iter().next().unwrap_or(Fingerprint { people, messages: 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let id = Uuid::nil();
        Key { organization: id, workshop: id, purpose: "reminder".to_owned(), asked: (id, 0) }
    }

    fn counted_from(registrants: i64, messages: u64) -> Fingerprint {
        let people =
            People { id: Uuid::nil(), registrants, people_revision: 0, counted: 0, is_undoing: false };
        Fingerprint { people, messages }
    }

    #[test]
    fn a_figure_is_valid_while_nothing_moved_and_stale_while_only_messages_did() {
        let cache = Cache::default();
        assert_eq!(cache.get(&key(), counted_from(3_000, 1)), Cached::Missing);
        cache.put(key(), counted_from(3_000, 1), 7, Duration::ZERO);
        assert_eq!(cache.get(&key(), counted_from(3_000, 1)), Cached::Valid(7));
        // A person was added, and the member who added them sees them in the figures.
        assert_eq!(cache.get(&key(), counted_from(3_001, 1)), Cached::Missing);
        let stale = |refresh| matches!(cache.get(&key(), counted_from(3_000, 2)), Cached::Stale { value: 7, refresh: r, .. } if r == refresh);
        assert!(stale(true), "the first who sees an old figure has it counted");
        assert!(stale(false), "and nobody else meanwhile");
        cache.not_refreshed(&key());
        assert!(stale(true), "unless it was not");
        cache.put(key(), counted_from(3_000, 2), 8, Duration::from_secs(1));
        assert_eq!(cache.get(&key(), counted_from(3_000, 2)), Cached::Valid(8));
        let seen = cache.get(&key(), counted_from(3_000, 3));
        assert!(
            matches!(seen, Cached::Stale { refresh: false, .. }),
            "it took a second: it rests first: {seen:?}"
        );
    }
}
