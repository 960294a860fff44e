//! Who is served next. Integrations share the free calls evenly. Within one the smallest broadcast comes first, and
//! every fourth round the one that has waited longest, so that a small broadcast is never stuck behind a large one.

use std::collections::BTreeMap;

use domain::ids::IntegrationId;
use store::work::{DueBroadcast, Want};

/// In one round of so many the longest unserved goes first, so that a large broadcast moves on however many small ones come.
const OLDEST_FIRST_EVERY: u64 = 4;

/// How much more a process may have under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free {
    /// The number of further calls.
    pub(crate) calls: usize,
    /// The number of further rows in these calls.
    pub(crate) rows: usize,
}

/// Divides what is free among the due broadcasts, each with the number of rows that go into one of its calls. Within an
/// integration the order decides, because its pace may grant less than is wanted: the smallest first, and every fourth round
/// the longest unserved.
pub(crate) fn wants(due: &[(DueBroadcast, usize)], free: Free, round: u64) -> Vec<Want> {
    let mut by_integration: BTreeMap<IntegrationId, Vec<&(DueBroadcast, usize)>> = BTreeMap::new();
    for entry in due {
        by_integration.entry(entry.0.integration).or_default().push(entry);
    }
    let mut wants = Vec::new();
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (mut calls_left, mut rows_left) = (whole(free.calls), whole(free.rows));
    let mut groups = i64::try_from(by_integration.len()).unwrap_or(1);
    // Another integration is first in each round, for the remainder of the division.
    let mut order: Vec<_> = by_integration.into_values().collect();
    if !order.is_empty() {
        let by = usize::try_from(round % order.len() as u64).unwrap_or(0);
        order.rotate_left(by);
    }
    for mut group in order {
        let mut share = (calls_left + groups - 1) / groups;
        groups -= 1;
        if round.is_multiple_of(OLDEST_FIRST_EVERY) {
            group.sort_by_key(|(due, _)| (due.served_at, due.broadcast));
        } else {
            group.sort_by_key(|(due, _)| (due.waiting, due.broadcast));
        }
        let mut rest = i64::try_from(group.len()).unwrap_or(1);
        for (due, batch) in group {
            let batch = whole((*batch).max(1));
            let calls = (share + rest - 1) / rest;
            let rows = calls.saturating_mul(batch).min(due.waiting).min(rows_left);
            rest -= 1;
            if rows > 0 {
                let calls = (rows + batch - 1) / batch;
                share -= calls;
                calls_left -= calls;
                rows_left -= rows;
                wants.push(Want { batch, ..Want::rows(due.broadcast, rows) });
            }
        }
    }
    wants
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ids::BroadcastId, time::Millis};

    fn due(integration: IntegrationId, waiting: i64, served: i64) -> (DueBroadcast, usize) {
        let broadcast = BroadcastId::new(Millis(served));
        (DueBroadcast { broadcast, integration, waiting, served_at: Millis(served) }, 1)
    }

    fn calls(calls: usize) -> Free {
        Free { calls, rows: 1_000 }
    }

    #[test]
    fn a_small_broadcast_goes_whole_beside_a_million() {
        let account = IntegrationId::new(Millis(0));
        let all = [due(account, 1_000_000, 1), due(account, 10, 2)];
        let got = wants(&all, calls(256), 1);
        assert_eq!(got[0].broadcast, all[1].0.broadcast);
        assert_eq!((got[0].rows, got[1].rows), (10, 246));
    }

    #[test]
    fn the_large_one_is_first_every_fourth_round() {
        let account = IntegrationId::new(Millis(0));
        let all = [due(account, 1_000_000, 1), due(account, 10, 2)];
        assert_eq!(wants(&all, calls(2), 4)[0].broadcast, all[0].0.broadcast);
    }

    #[test]
    fn integrations_share_evenly() {
        let (one, two) = (IntegrationId::new(Millis(0)), IntegrationId::new(Millis(1)));
        let all = [due(one, 1_000, 1), due(one, 1_000, 2), due(two, 1_000, 3)];
        let got = wants(&all, calls(100), 1);
        let of = |id| {
            got.iter()
                .filter(|want| all.iter().any(|(d, _)| d.broadcast == want.broadcast && d.integration == id))
                .map(|w| w.rows)
                .sum::<i64>()
        };
        assert_eq!((of(one), of(two)), (50, 50));
    }

    #[test]
    fn rows_of_shared_calls_stay_within_the_room_for_rows() {
        let account = IntegrationId::new(Millis(0));
        let (mut all, _) = (vec![due(account, 1_000_000, 1)], ());
        all[0].1 = 100;
        let got = wants(&all, Free { calls: 256, rows: 3_200 }, 1);
        assert_eq!((got[0].rows, got[0].batch), (3_200, 100));
        let got = wants(&all, Free { calls: 3, rows: 3_200 }, 1);
        assert_eq!(got[0].rows, 300);
    }
}
