//! Blocks: which stretches behind the index a search need not read.
//!
//! A transaction that registers many people writes a [`Filter`] for every thousand of them. A search that finds nobody
//! of a block passes over it: right behind an import of a million, one for a word that nobody has took 1.7 s without
//! them. A block goes when its registrations have their entries, or when one of them is corrected or erased.

use domain::search::{Filter, FilterMaker};
use tracing::warn;
use uuid::Uuid;

use super::Search;
use crate::{
    db::{Batch, Db, Tx, args},
    error::StoreError,
};

/// Registrations of one block: some 15 KB of filter.
const ROWS: usize = 1_000;

/// A registration about to be written: its id, name, address and number.
pub(crate) type Person = (Uuid, String, String, String);

/// A stretch of registrations and its filter.
pub(crate) struct Block {
    after: Uuid,
    last: Uuid,
    filter: Filter,
}

/// What was registered: people whose ids follow on `after`, the newest registration before them.
pub(crate) struct Blocks(tokio::task::JoinHandle<Vec<Block>>);

impl Blocks {
    /// Makes the blocks of these people, in the order of their ids, beside the statements that register them.
    pub(crate) fn of(people: Vec<Person>, after: Uuid) -> Blocks {
        Blocks(tokio::task::spawn_blocking(move || make(&people, after)))
    }

    /// Writes them.
    pub(crate) async fn write(
        self,
        tx: &mut Tx,
        organization: Uuid,
        workshop: Uuid,
    ) -> Result<(), StoreError> {
        let blocks = match self.0.await {
            Ok(blocks) => blocks,
            // Without them a search reads the rows.
            Err(error) => {
                warn!("the filters of people behind the index were not made: {error}");
                return Ok(());
            }
        };
        if blocks.is_empty() {
            return Ok(());
        }
        let batch = Batch::new()
            .uuids("after_id", blocks.iter().map(|block| block.after))
            .uuids("last_id", blocks.iter().map(|block| block.last))
            .texts("lowest", blocks.iter().map(|block| block.filter.lowest.clone()))
            .texts("highest", blocks.iter().map(|block| block.filter.highest.clone()))
            .bytes("bits", blocks.into_iter().map(|block| block.filter.bits));
        tx.run_batch(
            "INSERT INTO search_blocks (organization_id, workshop_id, after_id, last_id, lowest, highest, bits)
             SELECT $1, $2, b.after_id, b.last_id, b.lowest, b.highest, b.bits FROM @batch",
            args![organization, workshop],
            batch,
        )
        .await?;
        Ok(())
    }
}

fn make(people: &[Person], mut after: Uuid) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(people.len().div_ceil(ROWS));
    for chunk in people.chunks(ROWS) {
        let mut maker = FilterMaker::default();
        for (_, name, email, phone) in chunk {
            maker.add(name, email, phone);
        }
        if let Some((last, ..)) = chunk.last() {
            blocks.push(Block { after, last: *last, filter: maker.made() });
            after = *last;
        }
    }
    blocks
}

/// Registrations after the first id and before the second.
pub(crate) type Stretch = (Uuid, Uuid);

/// The stretches of a workshop after `to` and before `before` that a search has to read, the newest first.
pub(crate) async fn to_read(
    db: &Db,
    search: &Search,
    workshop: Uuid,
    (to, before): Stretch,
) -> Result<Vec<Stretch>, StoreError> {
    let rows: Vec<(Uuid, Uuid, String, String, Vec<u8>)> = db
        .by_index()
        .all(
            "SELECT after_id, last_id, lowest, highest, bits FROM search_blocks
             WHERE workshop_id = $1 AND last_id > $2 ORDER BY last_id",
            args![workshop, to],
        )
        .await?;
    let blocks = rows.into_iter().map(|(after, last, lowest, highest, bits)| {
        let may = Filter { bits, lowest, highest }.may_find(&search.query);
        (after, last, may)
    });
    Ok(uncovered(blocks.collect(), (to, before)))
}

/// What no block covers, and what those cover that may find somebody. A block covers its ids after the first, up to the last; they
/// come in the order of the last.
fn uncovered(blocks: Vec<(Uuid, Uuid, bool)>, (to, before): Stretch) -> Vec<Stretch> {
    let behind = |id: Uuid| Uuid::from_u128(id.as_u128().saturating_add(1));
    let mut stretches: Vec<Stretch> = vec![];
    let mut covered_to = to;
    let mut add = |after: Uuid, before: Uuid| match stretches.last_mut() {
        Some((_, end)) if *end >= behind(after) => *end = (*end).max(before),
        _ => stretches.push((after, before)),
    };
    for (after, last, may_find) in blocks {
        let after = after.max(to);
        if after > covered_to {
            add(covered_to, behind(after));
        }
        if may_find && last > after {
            add(after, behind(last));
        }
        covered_to = covered_to.max(last);
    }
    add(covered_to, before);
    stretches.retain_mut(|(after, end)| {
        *end = (*end).min(before);
        *after < *end
    });
    stretches.reverse();
    stretches
}

/// Takes away the blocks whose registrations have their entries.
pub(super) async fn forget_to(tx: &mut Tx, workshop: Uuid, indexed_to: Uuid) -> Result<(), StoreError> {
    tx.run("DELETE FROM search_blocks WHERE workshop_id = $1 AND last_id <= $2", args![workshop, indexed_to])
        .await?;
    Ok(())
}

/// Takes away the blocks that stand for registrations between two: what they say of these does not hold any more.
pub(super) async fn forget_between(
    tx: &mut Tx,
    workshop: Uuid,
    (first, last): (Uuid, Uuid),
) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM search_blocks WHERE workshop_id = $1 AND last_id >= $2 AND after_id < $3",
        args![workshop, first, last],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[track_caller]
    fn check(blocks: &[(u128, u128, bool)], within: (u128, u128), expected: &[u128]) {
        let given = blocks.iter().map(|(after, last, may)| (id(*after), id(*last), *may)).collect();
        let stretches = uncovered(given, (id(within.0), id(within.1)));
        assert!(stretches.is_sorted_by(|a, b| a.0 >= b.1), "the newest first, none twice: {stretches:?}");
        let mut read: Vec<u128> =
            stretches.iter().flat_map(|(after, before)| after.as_u128() + 1..before.as_u128()).collect();
        read.sort_unstable();
        assert_eq!(read, expected, "of {blocks:?}");
    }

    #[test]
    fn a_search_reads_what_no_block_denies() {
        check(&[], (0, 5), &[1, 2, 3, 4]);
        check(&[(0, 3, false)], (0, 6), &[4, 5]);
        check(&[(0, 3, true)], (0, 6), &[1, 2, 3, 4, 5]);
        check(&[(2, 4, false), (4, 6, false)], (0, 9), &[1, 2, 7, 8]);
        check(&[(2, 4, true), (4, 6, false), (6, 7, true)], (2, 8), &[3, 4, 7]);
        check(&[(0, 5, true)], (3, 9), &[4, 5, 6, 7, 8]);
        check(&[(0, 5, false)], (3, 5), &[]);
        check(&[(0, 9, true)], (0, 4), &[1, 2, 3]);
        // Rows that an undo removed left a block behind, and other rows came in its place.
        check(&[(0, 4, true), (2, 6, false)], (0, 8), &[1, 2, 3, 4, 7]);
        check(&[(2, 5, true), (0, 6, false)], (0, 8), &[1, 2, 3, 4, 5, 7]);
    }
}
