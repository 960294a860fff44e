//! Who is served next: integrations share the free calls evenly, and a small broadcast is never stuck behind a large one.

use std::collections::BTreeMap;

use domain::ids::IntegrationId;
use store::work::{DueBroadcast, Want};

/// In one round of so many the longest unserved goes first, so that a large broadcast moves on however many small ones come.
const OLDEST_FIRST_EVERY: u64 = 4;

/// Divides `free` calls among the due broadcasts. Within an integration the order decides, because its pace may grant less
/// than is wanted: the smallest first, and every fourth round the longest unserved.
pub(crate) fn wants(due: &[DueBroadcast], free: usize, round: u64) -> Vec<Want> {
    let mut by_integration: BTreeMap<IntegrationId, Vec<&DueBroadcast>> = BTreeMap::new();
    for broadcast in due {
        by_integration.entry(broadcast.integration).or_default().push(broadcast);
    }
    let mut wants = Vec::new();
    let mut left = i64::try_from(free).unwrap_or(i64::MAX);
    let mut groups = i64::try_from(by_integration.len()).unwrap_or(1);
    // Another integration is first in each round, for the remainder of the division.
    let mut order: Vec<_> = by_integration.into_values().collect();
    if !order.is_empty() {
        let by = usize::try_from(round % order.len() as u64).unwrap_or(0);
        order.rotate_left(by);
    }
    for mut group in order {
        let mut share = (left + groups - 1) / groups;
        groups -= 1;
        if round.is_multiple_of(OLDEST_FIRST_EVERY) {
            group.sort_by_key(|broadcast| (broadcast.served_at, broadcast.broadcast));
        } else {
            group.sort_by_key(|broadcast| (broadcast.waiting, broadcast.broadcast));
        }
        let mut rest = i64::try_from(group.len()).unwrap_or(1);
        for broadcast in group {
            let rows = ((share + rest - 1) / rest).min(broadcast.waiting);
            rest -= 1;
            if rows > 0 {
                share -= rows;
                left -= rows;
                wants.push(Want { broadcast: broadcast.broadcast, rows });
            }
        }
    }
    wants
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ids::BroadcastId, time::Millis};

    fn due(integration: IntegrationId, waiting: i64, served: i64) -> DueBroadcast {
        DueBroadcast {
            broadcast: BroadcastId::new(Millis(served)),
            integration,
            waiting,
            served_at: Millis(served),
        }
    }

    #[test]
    fn a_small_broadcast_goes_whole_beside_a_million() {
        let account = IntegrationId::new(Millis(0));
        let all = [due(account, 1_000_000, 1), due(account, 10, 2)];
        let got = wants(&all, 256, 1);
        assert_eq!(got[0].broadcast, all[1].broadcast);
        assert_eq!((got[0].rows, got[1].rows), (10, 246));
    }

    #[test]
    fn the_large_one_is_first_every_fourth_round() {
        let account = IntegrationId::new(Millis(0));
        let all = [due(account, 1_000_000, 1), due(account, 10, 2)];
        assert_eq!(wants(&all, 2, 4)[0].broadcast, all[0].broadcast);
    }

    #[test]
    fn integrations_share_evenly() {
        let (one, two) = (IntegrationId::new(Millis(0)), IntegrationId::new(Millis(1)));
        let all = [due(one, 1_000, 1), due(one, 1_000, 2), due(two, 1_000, 3)];
        let got = wants(&all, 100, 1);
        let of = |id| {
            got.iter()
                .filter(|want| all.iter().any(|d| d.broadcast == want.broadcast && d.integration == id))
                .map(|w| w.rows)
                .sum::<i64>()
        };
        assert_eq!((of(one), of(two)), (50, 50));
    }
}
