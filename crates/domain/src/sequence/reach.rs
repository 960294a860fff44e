//! What a reach ladder did: whom each rung reached, when, and what that cost.

use std::collections::BTreeMap;

use crate::{
    message::{MessageState, SkipReason},
    money::Money,
    reason::Reason,
    time::Millis,
};

/// One message of a ladder to one person, or the receipt of a post by their phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderMessage {
    /// The number of the rung, from 0.
    pub rung: usize,
    /// The person's telephone number, by which people are counted.
    pub phone: String,
    /// The state of the message.
    pub state: MessageState,
    /// The reason for that state.
    pub reason: Reason,
    /// When the message was handed over.
    pub sent_at: Option<Millis>,
    /// When the message was first proven to have arrived.
    pub proven_at: Option<Millis>,
    /// What was charged for all its attempts, as far as that is known.
    pub charged: Option<Money>,
    /// The estimated price of one attempt.
    pub price: Money,
    /// How many of its attempts may be charged and are not yet, as far as is known.
    pub uncharged: i64,
}

impl LadderMessage {
    /// Whether it left, or may have.
    pub fn left(&self) -> bool {
        match self.state {
            MessageState::InFlight
            | MessageState::Sent
            | MessageState::Delivered
            | MessageState::Read
            | MessageState::Unknown => true,
            // A call that is placed again, or was to be, left before.
            MessageState::Failed
            | MessageState::Waiting
            | MessageState::Skipped
            | MessageState::Expired
            | MessageState::Cancelled => self.sent_at.is_some(),
        }
    }

    /// What it counts towards the caps: its charges, and its price for each attempt that may be charged still.
    pub fn cost(&self) -> Money {
        self.charged.unwrap_or(Money(0)) + self.price.times(self.uncharged)
    }
}

/// What one rung achieved, and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RungReport {
    /// The people to whom it went. For posts, the people whose phone got one.
    pub tried: i64,
    /// The people whom this rung was the first to reach.
    pub reached: i64,
    /// People whose proof from this rung came after a later one had gone to them.
    pub late: i64,
    /// The people whose message of this rung failed.
    pub failed: i64,
    /// The people who were proven to be reached before this rung went to them.
    pub spared: i64,
    /// The people who got nothing because the ladder would have cost more than it may.
    pub over_cap: i64,
    /// What its messages cost so far.
    pub cost: Money,
    /// What is still to go would cost, an estimate.
    pub to_come: Money,
    /// Whether the cost of every message is known and not estimated.
    pub cost_known: bool,
    /// When the first of its messages was handed over.
    pub first_sent: Option<Millis>,
    /// When the last of its messages was handed over.
    pub last_sent: Option<Millis>,
    /// The time within which half of the proofs came, in milliseconds.
    pub half_ms: Option<i64>,
    /// The time within which nine in ten of the proofs came, in milliseconds.
    pub most_ms: Option<i64>,
}

/// What a whole ladder achieved, and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LadderReport {
    /// The people whom the ladder was for.
    pub people: i64,
    /// People who are proven to be reached.
    pub reached: i64,
    /// The report of each rung, the first one first.
    pub rungs: Vec<RungReport>,
    /// What all rungs cost so far.
    pub cost: Money,
    /// What is still to go of rungs that have begun would cost, an estimate.
    pub to_come: Money,
    /// The people who were not reached, by the reason of their last message. Those without any message come last,
    /// without a reason.
    pub not_reached: Vec<(Option<(MessageState, Reason)>, i64)>,
}

impl RungReport {
    /// What it costs by the rule of every page: what its messages cost so far, and what is still to go.
    pub fn likely_cost(&self) -> Money {
        self.cost + self.to_come
    }
}

impl LadderReport {
    /// What it costs by the rule of every page: what its rungs cost so far, and what of them is still to go.
    pub fn likely_cost(&self) -> Money {
        self.cost + self.to_come
    }

    /// Of a thousand people so many are reached, cut off.
    pub fn per_mille(&self) -> i64 {
        if self.people == 0 { 0 } else { self.reached * 1_000 / self.people }
    }
}

/// The value below which that share of sorted values lies.
fn share_of(sorted: &[i64], percent: usize) -> Option<i64> {
    let at = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(at).copied()
}

/// What a ladder of so many rungs did for so many people, from its messages. A person whom two rungs reached counts for
/// the rung whose proof came first.
pub fn report(people: i64, rungs: usize, tellings: &[LadderMessage]) -> LadderReport {
    let mut report =
        LadderReport { people, rungs: vec![RungReport::default(); rungs], ..LadderReport::default() };
    let mut each: BTreeMap<&str, Vec<&LadderMessage>> = BTreeMap::new();
    let mut waits: Vec<Vec<i64>> = vec![Vec::new(); rungs];
    for rung in &mut report.rungs {
        rung.cost_known = true;
    }
    for one in tellings.iter().filter(|one| one.rung < rungs) {
        each.entry(&one.phone).or_default().push(one);
        let rung = &mut report.rungs[one.rung];
        rung.tried += i64::from(one.left());
        rung.failed += i64::from(one.state == MessageState::Failed);
        rung.cost = rung.cost + one.cost();
        let is_to_come = one.state == MessageState::Waiting;
        if is_to_come {
            rung.to_come = rung.to_come + one.price;
        }
        rung.cost_known &= (one.uncharged == 0 && !is_to_come) || one.price.0 == 0;
        match one.reason {
            Reason::Excluded(SkipReason::ReachedBefore) => rung.spared += 1,
            Reason::Excluded(SkipReason::PersonCap | SkipReason::LadderCap) => rung.over_cap += 1,
            _ => {}
        }
        if let Some(sent) = one.sent_at {
            rung.first_sent = Some(rung.first_sent.map_or(sent, |known| known.min(sent)));
            rung.last_sent = Some(rung.last_sent.map_or(sent, |known| known.max(sent)));
            waits[one.rung].extend(one.proven_at.map(|proven| proven.since(sent).max(0)));
        }
    }
    let mut open: BTreeMap<Option<(MessageState, Reason)>, i64> = BTreeMap::new();
    for own in each.values() {
        match own.iter().filter_map(|one| Some((one.proven_at?, one.rung))).min() {
            Some((_, rung)) => {
                report.rungs[rung].reached += 1;
                report.reached += 1;
            }
            None => {
                let last = own.iter().max_by_key(|one| one.rung).map(|one| (one.state, one.reason.clone()));
                *open.entry(last).or_default() += 1;
            }
        }
        for one in own {
            let after = |later: &&&LadderMessage| {
                later.rung > one.rung && later.sent_at.is_some() && later.sent_at < one.proven_at
            };
            report.rungs[one.rung].late +=
                i64::from(one.proven_at.is_some() && own.iter().any(|later| after(&later)));
        }
    }
    for (rung, waits) in report.rungs.iter_mut().zip(&mut waits) {
        waits.sort_unstable();
        (rung.half_ms, rung.most_ms) = (share_of(waits, 50), share_of(waits, 90));
    }
    report.cost = report.rungs.iter().map(|rung| rung.cost).sum();
    report.to_come = report.rungs.iter().map(|rung| rung.to_come).sum();
    report.people = report.people.max(i64::try_from(each.len()).unwrap_or(0));
    let without = report.people - i64::try_from(each.len()).unwrap_or(0);
    report.not_reached = open.into_iter().collect();
    report.not_reached.sort_by_key(|(_, n)| -n);
    if without > 0 {
        report.not_reached.push((None, without));
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(
        rung: usize,
        phone: &str,
        state: MessageState,
        sent: i64,
        proven: Option<i64>,
    ) -> LadderMessage {
        LadderMessage {
            rung,
            phone: phone.to_owned(),
            state,
            reason: Reason::None,
            sent_at: (sent > 0).then_some(Millis(sent)),
            proven_at: proven.map(Millis),
            charged: None,
            price: Money(1_000),
            uncharged: i64::from(sent > 0),
        }
    }

    #[test]
    fn a_person_counts_once_for_the_rung_whose_proof_came_first() {
        use MessageState::{Delivered, Failed, Sent, Skipped};
        let over = LadderMessage {
            reason: Reason::Excluded(SkipReason::LadderCap),
            ..telling(1, "d", Skipped, 0, None)
        };
        let charged = LadderMessage {
            charged: Some(Money(1_500)),
            uncharged: 0,
            ..telling(0, "a", Delivered, 10, Some(40))
        };
        let refused = LadderMessage { sent_at: None, ..telling(0, "d", Failed, 0, None) };
        let report = report(
            6,
            2,
            &[
                charged,
                // The proof is late: the second rung went out at 100, and the proof of the first came at 150.
                telling(0, "b", Delivered, 10, Some(150)),
                telling(1, "b", Sent, 100, None),
                telling(0, "c", Sent, 10, None),
                telling(1, "c", Delivered, 110, Some(120)),
                refused,
                over,
                telling(0, "e", Sent, 12, None),
                telling(1, "e", Sent, 115, None),
            ],
        );
        assert_eq!((report.people, report.reached, report.per_mille()), (6, 3, 500));
        let first = &report.rungs[0];
        assert_eq!((first.tried, first.reached, first.late, first.failed), (4, 2, 1, 1));
        assert_eq!(
            (first.cost, first.cost_known),
            (Money(4_500), false),
            "one was charged, three are estimated"
        );
        assert_eq!((first.half_ms, first.most_ms), (Some(30), Some(140)));
        assert_eq!((first.first_sent, first.last_sent), (Some(Millis(10)), Some(Millis(12))));
        let second = &report.rungs[1];
        assert_eq!((second.tried, second.reached, second.over_cap), (3, 1, 1));
        assert_eq!(report.cost, Money(7_500));
        let capped = Some((Skipped, Reason::Excluded(SkipReason::LadderCap)));
        assert_eq!(report.not_reached, [(Some((Sent, Reason::None)), 1), (capped, 1), (None, 1)]);
    }

    #[test]
    fn a_ladder_without_messages_says_so() {
        let empty = report(0, 1, &[]);
        assert_eq!((empty.per_mille(), empty.rungs[0].half_ms), (0, None));
        assert_eq!(report(3, 1, &[]).not_reached, [(None, 3)]);
    }
}
