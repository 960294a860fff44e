//! What a reach ladder is expected to do, and at worst, before it runs.

use super::CostCaps;
use crate::money::Money;

/// The facts of a rung before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RungForecast {
    /// What one message costs; zero for posts.
    pub price: Money,
    /// Of a hundred people so many were proven to be reached on its channel lately; `None` where nothing is known.
    pub share: Option<i64>,
}

/// What a rung is expected to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RungExpectation {
    /// The people to whom the rung is expected to go.
    pub tried: i64,
    /// People among them who are proven to be reached.
    pub reached: i64,
    /// The expected cost of the rung.
    pub cost: Money,
    /// The cost of the rung where no rung before it reaches anybody.
    pub worst: Money,
}

/// What the rungs of a ladder are expected to do with so many people, after so much was spent; and at worst. A channel of which nothing is known
/// is expected to reach nobody: the cost is then rather too high than too low.
pub fn forecast_rungs(
    people: i64,
    caps: CostCaps,
    spent: Money,
    rungs: &[RungForecast],
) -> Vec<RungExpectation> {
    let (mut left, mut for_each) = (people.max(0), Money(0));
    let (mut budget, mut worst_budget) =
        (caps.in_all.map(|cap| cap.0 - spent.0), caps.in_all.map(|cap| cap.0 - spent.0));
    let affordable = |budget: Option<i64>, price: Money, people: i64| match budget {
        Some(budget) if price.0 > 0 => people.min(budget.max(0) / price.0),
        _ => people,
    };
    let one = |rung: &RungForecast| {
        let allowed = caps.per_person.is_none_or(|cap| for_each + rung.price <= cap);
        let (mut tried, mut at_worst) = (0, 0);
        if allowed {
            for_each = for_each + rung.price;
            tried = affordable(budget, rung.price, left);
            at_worst = affordable(worst_budget, rung.price, people.max(0));
        }
        let (cost, worst) = (rung.price.times(tried), rung.price.times(at_worst));
        budget = budget.map(|budget| budget - cost.0);
        worst_budget = worst_budget.map(|budget| budget - worst.0);
        let reached = tried * rung.share.unwrap_or(0).clamp(0, 100) / 100;
        left -= reached;
        RungExpectation { tried, reached, cost, worst }
    };
    rungs.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_expected_falls_from_rung_to_rung_and_the_worst_does_not() {
        let outlook = |price, share| RungForecast { price: Money(price), share };
        let rungs = [outlook(0, Some(50)), outlook(1_000, Some(80)), outlook(2_000, None)];
        let free = forecast_rungs(100, CostCaps::default(), Money(0), &rungs);
        let tried: Vec<i64> = free.iter().map(|one| one.tried).collect();
        assert_eq!(tried, [100, 50, 10]);
        let costs: Vec<(i64, i64)> = free.iter().map(|one| (one.cost.0, one.worst.0)).collect();
        assert_eq!(costs, [(0, 0), (50_000, 100_000), (20_000, 200_000)]);
        // The ladder may cost ₹ 20 in all. At worst the second rung takes half of it, and the third goes to as many
        // people as the rest pays for.
        let caps = CostCaps { per_person: None, in_all: Some(Money(200_000)) };
        assert_eq!(forecast_rungs(100, caps, Money(0), &rungs)[2].worst, Money(100_000));
        // The ladder may cost ₹ 0.10 for a person, so the third rung never goes.
        let caps = CostCaps { per_person: Some(Money(1_000)), in_all: None };
        assert_eq!(forecast_rungs(100, caps, Money(0), &rungs)[2], RungExpectation::default());
    }

    proptest! {
        #[test]
        fn what_is_expected_never_costs_more_than_the_worst_or_the_caps(
            people in 0_i64..5_000,
            in_all in prop::option::of(1_i64..10_000_000),
            per_person in prop::option::of(1_i64..50_000),
            rungs in prop::collection::vec((0_i64..20_000, prop::option::of(0_i64..=100)), 1..6),
        ) {
            let caps = CostCaps { per_person: per_person.map(Money), in_all: in_all.map(Money) };
            let rungs: Vec<RungForecast> =
                rungs.into_iter().map(|(price, share)| RungForecast { price: Money(price), share }).collect();
            let expected = forecast_rungs(people, caps, Money(0), &rungs);
            let cost: i64 = expected.iter().map(|one| one.cost.0).sum();
            let worst: i64 = expected.iter().map(|one| one.worst.0).sum();
            prop_assert!(in_all.is_none_or(|cap| cost <= cap && worst <= cap));
            let reached: i64 = expected.iter().map(|one| one.reached).sum();
            prop_assert!(reached <= people);
            let each: i64 = expected.iter().zip(&rungs).filter(|(one, _)| one.tried > 0).map(|(_, rung)| rung.price.0).sum();
            prop_assert!(per_person.is_none_or(|cap| each <= cap));
        }
    }
}
