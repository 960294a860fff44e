//! One charge for a call of many messages, divided among them.

use domain::money::Money;

/// Divides a charge among rows so that the sum is exact: the first ones carry one 1/10,000 ₹ more.
pub(super) fn shares(total: Option<Money>, rows: usize) -> impl Iterator<Item = Option<Money>> {
    let n = i64::try_from(rows.max(1)).unwrap_or(i64::MAX);
    (0..n).map(move |at| total.map(|total| Money(total.0 / n + i64::from(at < total.0 % n))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_shares_of_a_charge_are_the_charge_and_differ_by_one_at_most(total in 0_i64..10_000_000, rows in 1_usize..1_001) {
            let shares: Vec<i64> = shares(Some(Money(total)), rows).map(|share| share.unwrap().0).collect();
            prop_assert_eq!(shares.len(), rows);
            prop_assert_eq!(shares.iter().sum::<i64>(), total);
            prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}
