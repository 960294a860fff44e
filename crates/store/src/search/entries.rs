//! The entries of the index: made in steps behind the registrations, and taken away with them.
//!
//! A transaction that writes entries locks the workshop's row and then the organisation's row of `search_scopes`. A
//! person whom a step has read can therefore not be erased before the entry exists and can be removed with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    ids::WorkshopId,
    search::{ending, index_words, number_of_ending},
};
use tracing::warn;
use uuid::Uuid;

use super::{SCOPE, blocks};
use crate::{
    db::{Batch, Db, Tx, args},
    error::StoreError,
    org::Org,
    work::Work,
};

/// Entries bound to one statement.
const ROWS_PER_STATEMENT: usize = 2_000;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Registrations that can be found by the index now.
    pub rows: u64,
    /// Whether some workshop has others.
    pub more: bool,
    /// Whether an import is being written.
    pub importing: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
    /// Taken back with its import; its row is still to be cleared.
    is_hidden: bool,
}

/// An entry about to be written. `first` is the registration that made it, which gives entries their order.
struct Draft {
    first: Uuid,
    words: BTreeSet<String>,
}

impl Work {
    /// Notes which workshops have registrations behind the index: an earlier version, which knows of none, may have run beside this one.
    pub async fn look_behind_index(&self) -> Result<u64, StoreError> {
        self.db
            .run(
                "UPDATE workshops SET index_behind = TRUE WHERE NOT index_behind AND EXISTS
                     (SELECT 1 FROM registrants r WHERE r.workshop_id = workshops.id AND r.id > COALESCE(workshops.indexed_to, $1))",
                args![Uuid::nil()],
            )
            .await
    }

    /// Whether some workshop has registrations behind the index, and whether an import is being written.
    async fn is_index_behind(&self) -> Result<(bool, bool), StoreError> {
        self.db
            .one(
                "SELECT EXISTS (SELECT 1 FROM workshops WHERE index_behind),
                        EXISTS (SELECT 1 FROM imports WHERE state = 'committing')",
                args![],
            )
            .await
    }

    /// Makes the entries of the next registrations of one workshop, at most `limit`, in one transaction.
    pub async fn index_people(&self, limit: i64) -> Result<Indexed, StoreError> {
        let next: Option<(Uuid, Uuid)> = self
            .db
            .optional("SELECT id, organization_id FROM workshops WHERE index_behind LIMIT 1", args![])
            .await?;
        let Some((workshop, organization)) = next else { return Ok(Indexed::default()) };
        let step = index_workshop(&self.db, organization, workshop, limit).await?;
        let (more, importing) = self.is_index_behind().await?;
        Ok(Indexed { more: step.more || more, importing, ..step })
    }
}

impl Org {
    /// As [`Work::index_people`] for one workshop, behind a transaction that registered a few. What fails is done later by the engine.
    pub(crate) async fn index_registered(&self, workshop: WorkshopId, limit: usize) {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        if let Err(error) = index_workshop(&self.db.as_owner(), self.id(), workshop.0, limit).await {
            warn!("people of workshop {workshop} will be made findable later: {error}");
        }
    }
}

/// Makes the entries of the next registrations of a workshop, at most `limit`, in one transaction.
async fn index_workshop(
    db: &Db,
    organization: Uuid,
    workshop: Uuid,
    limit: i64,
) -> Result<Indexed, StoreError> {
    let mut tx = db.by_index().begin().await?;
    tx.is_a_step().await?;
    let (indexed_to,): (Option<Uuid>,) = tx
        .one(
            "SELECT indexed_to FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
            args![workshop, organization],
        )
        .await?;
    let scope = open_scope(&mut tx, organization).await?;
    let rows: Vec<Row> = tx
        .all(
            "SELECT id, name, email, phone, COALESCE(import_id, id) IN (SELECT import_id FROM undoing) AS is_hidden
             FROM registrants WHERE workshop_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            args![workshop, indexed_to.unwrap_or(Uuid::nil()), limit],
        )
        .await?;
    let (n, last) = (rows.len(), rows.last().map(|row| row.id));
    let shown = rows.into_iter().filter(|row| !row.is_hidden).collect();
    write(&mut tx, organization, scope, workshop, shown).await?;
    let more = i64::try_from(n) == Ok(limit);
    tx.run(
        "UPDATE workshops SET indexed_to = COALESCE($2, indexed_to), index_behind = $3 WHERE id = $1",
        args![workshop, last, more],
    )
    .await?;
    if let Some(last) = last {
        blocks::forget_to(&mut tx, workshop, last).await?;
    }
    tx.commit().await?;
    Ok(Indexed { rows: n as u64, more, importing: false })
}

/// The number of the organisation, whose row is held from here on.
async fn open_scope(tx: &mut Tx, organization: Uuid) -> Result<i64, StoreError> {
    tx.run(
        "INSERT INTO search_scopes (organization_id, no) SELECT $1, COALESCE(MAX(no), 0) + 1 FROM search_scopes WHERE TRUE
         ON CONFLICT (organization_id) DO NOTHING",
        args![organization],
    )
    .await?;
    let (scope,): (i64,) = tx
        .one("SELECT no FROM search_scopes WHERE organization_id = $1 FOR UPDATE", args![organization])
        .await?;
    Ok(scope)
}

/// Holds the organisation's row, where it has entries.
async fn hold_scope(tx: &mut Tx, organization: Uuid) -> Result<bool, StoreError> {
    let scope: Option<(i64,)> = tx
        .optional("SELECT no FROM search_scopes WHERE organization_id = $1 FOR UPDATE", args![organization])
        .await?;
    Ok(scope.is_some())
}

async fn write(
    tx: &mut Tx,
    organization: Uuid,
    scope: i64,
    workshop: Uuid,
    rows: Vec<Row>,
) -> Result<(), StoreError> {
    let mut people: BTreeMap<String, Draft> = BTreeMap::new();
    let mut numberless = vec![];
    for row in rows {
        let words = index_words(&row.name, &row.email);
        if !row.phone.is_empty() {
            let person = people.entry(ending(&row.phone));
            person.or_insert_with(|| Draft { first: row.id, words: BTreeSet::new() }).words.extend(words);
        } else if !words.is_empty() {
            numberless.push(Draft { first: row.id, words });
        }
    }
    let known = entries_of(tx, organization, people.keys().cloned().collect()).await?;
    let mut changed = vec![];
    for (ending, (n, words)) in known {
        let Some(draft) = people.remove(&ending) else { continue };
        let mut all: BTreeSet<String> =
            words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let before = all.len();
        all.extend(draft.words);
        if all.len() > before {
            changed.push((n, joined(&all)));
        }
    }
    set_words(tx, changed).await?;
    let mut fresh: Vec<(String, Draft)> = people.into_iter().collect();
    fresh.extend(numberless.into_iter().map(|draft| (String::new(), draft)));
    fresh.sort_unstable_by_key(|(_, draft)| draft.first);
    insert(tx, organization, scope, workshop, fresh).await
}

/// Adds entries in their order.
async fn insert(
    tx: &mut Tx,
    organization: Uuid,
    scope: i64,
    workshop: Uuid,
    fresh: Vec<(String, Draft)>,
) -> Result<(), StoreError> {
    let last: Option<(i64,)> = tx
        .optional(
            "SELECT n FROM search_entries WHERE n >= $1 AND n < $2 ORDER BY n DESC LIMIT 1",
            args![scope * SCOPE, (scope + 1) * SCOPE],
        )
        .await?;
    let first = last.map_or(scope * SCOPE, |(n,)| n + 1);
    let mut fresh: Vec<(i64, String, Draft)> =
        (first..).zip(fresh).map(|(n, (ending, draft))| (n, ending, draft)).collect();
    while !fresh.is_empty() {
        let rest = fresh.split_off(ROWS_PER_STATEMENT.min(fresh.len()));
        let chunk = std::mem::replace(&mut fresh, rest);
        let numberless = |(_, ending, draft): &(i64, String, Draft)| ending.is_empty().then_some(draft.first);
        let batch = Batch::new()
            .ints("n", chunk.iter().map(|row| row.0))
            .texts("ending", chunk.iter().map(|row| row.1.clone()))
            .uuids("registrant_id", chunk.iter().map(numberless))
            .texts("words", chunk.iter().map(|row| joined(&row.2.words)));
        tx.run_batch(
            "INSERT INTO search_entries (n, organization_id, ending, workshop_id, registrant_id, words)
             SELECT b.n, $1, b.ending, CASE WHEN b.ending = '' THEN $2 END, b.registrant_id, b.words FROM @batch",
            args![organization, workshop],
            batch,
        )
        .await?;
    }
    Ok(())
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Number of the entry and its words, by the [`ending`] of the number.
async fn entries_of(
    tx: &mut Tx,
    organization: Uuid,
    endings: Vec<String>,
) -> Result<HashMap<String, (i64, String)>, StoreError> {
    if endings.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(String, i64, String)> = tx
        .all_batch(
            "SELECT e.ending, e.n, e.words FROM @batch LEFT JOIN search_entries e
             ON e.organization_id = $1 AND e.ending = b.ending AND e.ending <> '' WHERE COALESCE(e.ending, '') <> ''",
            args![organization],
            Batch::new().texts("ending", endings),
        )
        .await?;
    Ok(found.into_iter().map(|(ending, n, words)| (ending, (n, words))).collect())
}

async fn set_words(tx: &mut Tx, changed: Vec<(i64, String)>) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let batch = Batch::new()
        .ints("n", changed.iter().map(|row| row.0))
        .texts("words", changed.into_iter().map(|row| row.1));
    tx.run_batch(
        "UPDATE search_entries SET words = b.words FROM @batch WHERE search_entries.n = b.n",
        args![],
        batch,
    )
    .await?;
    Ok(())
}

/// Brings the entries of these numbers to what is known of them now: after registrations went, in their transaction. Whoever is no lead any
/// more has none.
pub(crate) async fn renew(tx: &mut Tx, organization: Uuid, phones: &[String]) -> Result<(), StoreError> {
    if phones.is_empty() || !hold_scope(tx, organization).await? {
        return Ok(());
    }
    let mut entries =
        entries_of(tx, organization, phones.iter().map(|phone| ending(phone)).collect()).await?;
    let known: Vec<String> = entries.keys().map(|ending| number_of_ending(ending)).collect();
    if known.is_empty() {
        return Ok(());
    }
    let leads: Vec<(String, String, String)> = tx
        .all_batch(
            "SELECT l.phone, l.name, l.email FROM @batch LEFT JOIN @leads l
             ON l.organization_id = $1 AND l.phone = b.phone WHERE COALESCE(l.phone, '') <> ''",
            args![organization],
            Batch::new().texts("phone", known),
        )
        .await?;
    let left: Vec<String> = leads.iter().map(|lead| lead.0.clone()).collect();
    let mut words: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (phone, name, email) in leads.into_iter().chain(registrations_of(tx, organization, left).await?) {
        words.entry(ending(&phone)).or_default().extend(index_words(&name, &email));
    }
    let mut changed = vec![];
    for (ending, words) in words {
        if let Some((n, before)) = entries.remove(&ending) {
            changed.push((n, joined(&words)));
            changed.pop_if(|(_, now)| *now == before);
        }
    }
    set_words(tx, changed).await?;
    tx.run_batch(
        "DELETE FROM search_entries WHERE n IN (SELECT b.n FROM @batch)",
        args![],
        Batch::new().ints("n", entries.into_values().map(|(n, _)| n)),
    )
    .await?;
    Ok(())
}

/// Makes the entry of a registration anew, after its name or number changed and in the transaction that changed it. What the index has not
/// come to yet is left to it. The caller holds the workshop's row.
pub(crate) async fn index_again(
    tx: &mut Tx,
    organization: Uuid,
    workshop: Uuid,
    id: Uuid,
) -> Result<(), StoreError> {
    blocks::forget_between(tx, workshop, (id, id)).await?;
    let scope: Option<(i64,)> = tx
        .optional("SELECT no FROM search_scopes WHERE organization_id = $1 FOR UPDATE", args![organization])
        .await?;
    let Some((scope,)) = scope else { return Ok(()) };
    forget_registrants(tx, workshop, vec![id]).await?;
    let rows: Vec<Row> = tx
        .all(
            "SELECT r.id, r.name, r.email, r.phone, FALSE AS is_hidden
             FROM workshops w JOIN @registrants r ON r.workshop_id = w.id WHERE w.id = $1 AND r.id = $2 AND r.id <= w.indexed_to",
            args![workshop, id],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    write(tx, organization, scope, workshop, rows).await
}

/// Every registration with one of these numbers: number, name, address.
async fn registrations_of(
    tx: &mut Tx,
    organization: Uuid,
    phones: Vec<String>,
) -> Result<Vec<(String, String, String)>, StoreError> {
    if phones.is_empty() {
        return Ok(vec![]);
    }
    tx.all_batch(REGISTRATIONS, args![organization], Batch::new().texts("phone", phones)).await
}

/// Registrations of an organisation with one of some numbers: number, name, address.
pub(crate) const REGISTRATIONS: &str = "SELECT r.phone, r.name, r.email
    FROM @batch CROSS JOIN workshops w LEFT JOIN @registrants r ON r.workshop_id = w.id AND r.phone = b.phone
    WHERE w.organization_id = $1 AND COALESCE(r.phone, '') <> ''";

/// Takes away the entries of registrations without a number, in the transaction that takes these away. The caller holds the workshop's row.
pub(crate) async fn forget_registrants(
    tx: &mut Tx,
    workshop: Uuid,
    ids: Vec<Uuid>,
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(()) };
    blocks::forget_between(tx, workshop, (*first, *last)).await?;
    let (organization,): (Uuid,) =
        tx.one("SELECT organization_id FROM workshops WHERE id = $1", args![workshop]).await?;
    if !hold_scope(tx, organization).await? {
        return Ok(());
    }
    tx.run_batch(
        "DELETE FROM search_entries WHERE workshop_id = $1 AND registrant_id IS NOT NULL
           AND registrant_id IN (SELECT b.id FROM @batch)",
        args![workshop],
        Batch::new().uuids("id", ids),
    )
    .await?;
    Ok(())
}
