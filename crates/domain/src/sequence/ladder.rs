//! The reach ladder: one purpose on one channel after the other until everybody is reached. Each rung is a step of its
//! own: a further round to the people whom no receipt proves to be reached. The cost of all rungs together is bounded.
//!
//! Nothing here names a channel: a rung is on any that is sent on. What proof is, each channel says by its receipts.

use serde::{Deserialize, Serialize};

use super::{Anchor, Plan, Step, StepError, StepKey, Timing};
use crate::{
    channel::Channel,
    ids::{IntegrationId, PlanRowId, TemplateId},
    money::Money,
    time::Millis,
    told::{LadderProof, StepPeople},
};

/// Most rungs of a ladder.
pub const RUNGS_MAX: usize = 6;
/// Longest wait for a receipt between two rungs, in minutes: a week.
pub const RUNG_WAIT_MAX: i64 = 7 * 1_440;

/// What a ladder may cost. Each attempt of a message counts with its charge where that is known, otherwise with its
/// estimated price. One that was refused before the provider took it counts nothing, and a call that nobody picked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostCaps {
    /// At most so much for one person on all rungs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_person: Option<Money>,
    /// At most so much for everybody on all rungs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_all: Option<Money>,
}

/// Marks a step as a rung of a reach ladder. All rungs of one ladder say the same here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// The key by which the ladder's steps name it.
    pub ladder: StepKey,
    /// The largest cost of the ladder, for one person and in all.
    #[serde(flatten)]
    pub caps: CostCaps,
}

/// The parts of a ladder that are frozen when one of its rungs is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungRun {
    /// The key by which the ladder's steps name it.
    pub ladder: StepKey,
    /// The largest cost of the ladder, for one person and in all.
    pub caps: CostCaps,
    /// How long this rung waits for the proof of the rung before, in milliseconds after that went to the person; 0
    /// for the first rung.
    pub wait_ms: i64,
    /// Messages that were sent by hand after this moment count as proof, too.
    pub since: Millis,
}

/// One rung as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderRung {
    /// The key of the rung's step.
    pub key: StepKey,
    /// The channel of the rung.
    pub channel: Channel,
    /// The template that the rung sends.
    pub template: TemplateId,
    /// The account that sends it; `None` for the workshop's, else the channel's default.
    pub account: Option<IntegrationId>,
    /// The minutes without a receipt after the rung before; 0 for the first rung.
    pub wait_minutes: i64,
}

/// A ladder as a person writes it: what its rungs share, and the rungs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// What all rungs share: words, purpose, moment of the first, end, audience and late rule. Channel, template and
    /// account in it are those of the first rung.
    pub shared: Step,
    /// The key by which its steps name it.
    pub key: StepKey,
    /// The largest cost of the ladder, for one person and in all.
    pub caps: CostCaps,
    /// The rungs, the first one first.
    pub rungs: Vec<LadderRung>,
}

/// The same timing so many minutes later.
fn later(timing: Timing, minutes: i64) -> Timing {
    match timing {
        Timing::Offset { days, minutes: before } => Timing::Offset { days, minutes: before + minutes },
        Timing::At { days, minute } => {
            let all = days * 1_440 + minute + minutes;
            Timing::At { days: all.div_euclid(1_440), minute: all.rem_euclid(1_440) }
        }
    }
}

impl Ladder {
    /// The steps that it is made of.
    pub fn steps(&self) -> Vec<Step> {
        let mut waited = 0;
        let rung = Rung { ladder: self.key.clone(), caps: self.caps };
        let step = |own: &LadderRung| {
            waited += own.wait_minutes;
            Step {
                key: own.key.clone(),
                channel: own.channel,
                template: own.template,
                account: own.account,
                timing: later(self.shared.timing, waited),
                rung: Some(rung.clone()),
                ..self.shared.clone()
            }
        };
        self.rungs.iter().map(step).collect()
    }

    /// The ladder of that key among the steps of a sequence.
    pub fn of(steps: &[Step], key: &StepKey) -> Option<Ladder> {
        let mut own = rungs_of(steps, key);
        own.sort_by_key(|step| step.timing.minutes());
        let first = *own.first()?;
        let mut before = first.timing.minutes();
        let rungs = own.iter().map(|step| {
            let at = step.timing.minutes();
            let wait_minutes = at - std::mem::replace(&mut before, at);
            LadderRung {
                key: step.key.clone(),
                channel: step.channel,
                template: step.template,
                account: step.account,
                wait_minutes,
            }
        });
        let caps = first.rung.as_ref().map(|rung| rung.caps).unwrap_or_default();
        Some(Ladder {
            rungs: rungs.collect(),
            shared: Step { rung: None, ..first.clone() },
            key: key.clone(),
            caps,
        })
    }
}

/// The steps of a ladder, in the order of the sequence.
pub fn rungs_of<'a>(steps: &'a [Step], ladder: &StepKey) -> Vec<&'a Step> {
    steps.iter().filter(|step| step.rung.as_ref().is_some_and(|rung| rung.ladder == *ladder)).collect()
}

/// The keys of the ladders of a sequence, each once, in its order.
pub fn ladders(steps: &[Step]) -> Vec<StepKey> {
    let mut keys: Vec<StepKey> = Vec::new();
    for rung in steps.iter().filter_map(|step| step.rung.as_ref()) {
        if !keys.contains(&rung.ladder) {
            keys.push(rung.ladder.clone());
        }
    }
    keys
}

/// Whether the rungs of each ladder make one; the place of the first step that does not fit, and why.
pub(super) fn check(steps: &[Step]) -> Result<(), (usize, StepError)> {
    for key in ladders(steps) {
        let own = rungs_of(steps, &key);
        let place = |step: &Step| steps.iter().position(|one| one.key == step.key).unwrap_or(0);
        let first = own[0];
        for (nth, step) in own.iter().enumerate() {
            let at = place(step);
            if nth >= RUNGS_MAX {
                return Err((at, StepError::TooManyRungs));
            }
            if step.anchor == Anchor::Registration {
                return Err((at, StepError::RungPerPerson));
            }
            let caps = step.rung.as_ref().map(|rung| rung.caps).unwrap_or_default();
            if [caps.per_person, caps.in_all].into_iter().flatten().any(|cap| cap.0 <= 0) {
                return Err((at, StepError::Cap));
            }
            let shares = |one: &Step| {
                (one.rung.clone(), one.purpose(), one.anchor, one.until, one.audience.clone(), one.late)
            };
            let same_kind = std::mem::discriminant(&step.timing) == std::mem::discriminant(&first.timing);
            if shares(step) != shares(first) || !same_kind {
                return Err((at, StepError::RungsDiffer(key)));
            }
            if own[..nth].iter().any(|other| other.timing.minutes() == step.timing.minutes()) {
                return Err((at, StepError::RungsAtOnce));
            }
        }
    }
    Ok(())
}

impl Plan {
    /// The people of a step, in the terms of a broadcast: of every rung but the first one only those whom nothing
    /// proves to have been reached.
    pub fn people(&self, steps: &[Step], step: &Step, row: PlanRowId) -> StepPeople {
        let since = self.before(steps, &step.key);
        let mut people = step.audience.people(row, since);
        if let Some(run) = self.rung(steps, step).filter(|run| run.wait_ms > 0) {
            people.untold_since = Millis::MAX;
            people.unproven = Some(LadderProof { ladder: run.ladder, since });
        }
        people
    }

    /// The frozen parts of a step's ladder when the step runs; `None` for a step that is no rung.
    pub fn rung(&self, steps: &[Step], step: &Step) -> Option<RungRun> {
        let rung = step.rung.as_ref()?;
        let due = |step: &Step| self.step(&step.key).and_then(|planned| planned.due);
        let own = due(step)?;
        let before = rungs_of(steps, &rung.ladder).into_iter().filter_map(due).filter(|at| *at < own).max();
        Some(RungRun {
            ladder: rung.ladder.clone(),
            caps: rung.caps,
            wait_ms: before.map_or(0, |before| own.since(before)),
            since: self.before(steps, &step.key),
        })
    }
}

/// Somebody whom a rung is about to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// What the message would cost.
    pub price: Money,
    /// What the ladder cost for this person so far.
    pub spent: Money,
    /// Something proves that they were reached.
    pub proven: bool,
    /// When the ladder's last message to them left.
    pub last_sent: Option<Millis>,
}

/// Whether a rung may go to a person now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The rung goes to the person.
    Go,
    /// The person was reached already.
    Reached,
    /// The rung before has until this moment to be proven.
    Later(Millis),
    /// The rung would make the ladder cost more for this person than it may.
    OverPerson,
    /// The rung would make the ladder cost more in all than it may.
    OverAll,
}

/// Decides about each of the people whom a rung is about to go to, in their order: what those before them cost is
/// spent. No other code decides this. `spent` is what the ladder cost in all before them.
pub fn admit(caps: CostCaps, spent: Money, wait_ms: i64, people: &[Claimant], now: Millis) -> Vec<Admission> {
    let mut spent = spent;
    let decide = |one: &Claimant| {
        if one.proven {
            return Admission::Reached;
        }
        if let Some(free) = one.last_sent.map(|at| at.plus(wait_ms)).filter(|free| *free > now) {
            return Admission::Later(free);
        }
        let over = |cap: Option<Money>, so_far: Money| cap.is_some_and(|cap| so_far + one.price > cap);
        if over(caps.per_person, one.spent) {
            return Admission::OverPerson;
        }
        if over(caps.in_all, spent) {
            return Admission::OverAll;
        }
        spent = spent + one.price;
        Admission::Go
    };
    people.iter().map(decide).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            LateRule, StepState, Until, check_steps, plan,
            plan::tests::{evening, step},
        },
        *,
    };
    use crate::time::{HOUR, MINUTE};

    fn rung(key: &str, channel: Channel, wait_minutes: i64) -> LadderRung {
        let key = StepKey::stored(key.to_owned());
        LadderRung { key, channel, template: TemplateId(uuid::Uuid::nil()), account: None, wait_minutes }
    }

    /// A ladder of three channels, a quarter of an hour apart, from an hour before the start until five minutes
    /// before it.
    fn ladder() -> Ladder {
        let mut shared = step("reach-1", "reminder", Anchor::Start, Timing::before(60));
        shared.channel = Channel::WhatsappGroup;
        shared.until = Until::At(Anchor::Start, Timing::before(5));
        Ladder {
            shared,
            key: StepKey::stored("reach".into()),
            caps: CostCaps { per_person: Some(Money::rupees(1)), in_all: Some(Money::rupees(200)) },
            rungs: vec![
                rung("reach-1", Channel::WhatsappGroup, 0),
                rung("reach-2", Channel::WhatsappPersonal, 15),
                rung("reach-3", Channel::Sms, 20),
            ],
        }
    }

    fn all() -> Vec<Step> {
        let mut steps = vec![step("day", "reminder", Anchor::Start, Timing::before(24 * 60))];
        steps.extend(ladder().steps());
        steps
    }

    #[test]
    fn a_ladder_is_the_steps_that_it_makes_and_back() {
        let steps = all();
        assert_eq!(check_steps(&steps), Ok(()));
        assert_eq!(Ladder::of(&steps, &StepKey::stored("reach".into())), Some(ladder()));
        assert_eq!(Ladder::of(&steps, &StepKey::stored("day".into())), None);
        let text = serde_json::to_string(&steps).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&text).unwrap(), steps, "{text}");
        // The ladder is timed by the clock and runs over midnight.
        let mut late = ladder();
        late.shared.timing = Timing::At { days: 0, minute: 23 * 60 + 50 };
        let timings: Vec<Timing> = late.steps().iter().map(|step| step.timing).collect();
        assert_eq!(timings[1], Timing::At { days: 1, minute: 5 });
        assert_eq!(Ladder::of(&late.steps(), &late.key), Some(late));
    }

    #[test]
    fn a_rung_ends_where_the_next_begins_and_the_last_with_the_ladder() {
        let (times, zone) = evening();
        let plan = plan(&all(), times, &zone, times.starts_at.plus(-10 * HOUR));
        let before = |minutes: i64| times.starts_at.plus(-minutes * MINUTE);
        let windows: Vec<_> = plan.steps.iter().map(|step| (step.due.unwrap(), step.until)).collect();
        assert_eq!(
            windows,
            [
                (before(24 * 60), before(60)),
                (before(60), before(45)),
                (before(45), before(25)),
                (before(25), before(5)),
            ]
        );
    }

    #[test]
    fn every_rung_counts_proof_from_the_step_before_the_ladder() {
        let (times, zone) = evening();
        let steps = all();
        let plan = plan(&steps, times, &zone, times.starts_at.plus(-10 * HOUR));
        let day_before = times.starts_at.plus(-24 * HOUR);
        let row = PlanRowId(uuid::Uuid::from_u128(7));
        let first = plan.people(&steps, &steps[1], row);
        assert_eq!((first.unproven, first.untold_since), (None, day_before));
        for (at, wait_ms) in [(1, 0), (2, 15 * MINUTE), (3, 20 * MINUTE)] {
            let run = plan.rung(&steps, &steps[at]).unwrap();
            assert_eq!((run.wait_ms, run.since), (wait_ms, day_before), "{at}");
            let people = plan.people(&steps, &steps[at], row);
            assert_eq!(people.unproven.is_some(), wait_ms > 0);
        }
        assert_eq!(plan.rung(&steps, &steps[0]), None);
    }

    #[test]
    fn rungs_that_do_not_make_one_ladder_are_refused() {
        let wrong = |change: &dyn Fn(&mut Vec<Step>)| {
            let mut steps = all();
            change(&mut steps);
            check_steps(&steps)
        };
        let key = StepKey::stored("reach".into());
        let differ = |at| Err((at, StepError::RungsDiffer(key.clone())));
        assert_eq!(wrong(&|steps| steps[2].purpose = "link".into()), differ(2));
        assert_eq!(wrong(&|steps| steps[3].late = LateRule::Always), differ(3));
        assert_eq!(wrong(&|steps| steps[2].timing = Timing::At { days: 0, minute: 9 }), differ(2));
        assert_eq!(wrong(&|steps| steps[3].timing = steps[2].timing), Err((3, StepError::RungsAtOnce)));
        let zero = CostCaps { per_person: None, in_all: Some(Money(0)) };
        assert_eq!(
            wrong(&|steps| steps[1].rung.as_mut().unwrap().caps = zero),
            Err((1, StepError::Cap)),
            "a ladder that may cost nothing would be silent"
        );
        let many = |steps: &mut Vec<Step>| {
            for n in 0..RUNGS_MAX {
                let mut more = steps[3].clone();
                more.key = StepKey::stored(format!("more-{n}"));
                more.timing = Timing::before(20 - i64::try_from(n).unwrap());
                steps.push(more);
            }
        };
        assert!(matches!(wrong(&many), Err((_, StepError::TooManyRungs))));
    }

    proptest! {
        #[test]
        fn nothing_beyond_a_cap_goes_and_nobody_who_was_reached(
            in_all in prop::option::of(1_i64..20_000),
            per_person in prop::option::of(1_i64..5_000),
            spent in 0_i64..10_000,
            wait_ms in 0_i64..10_000,
            people in prop::collection::vec((0_i64..3_000, 0_i64..4_000, any::<bool>(), prop::option::of(0_i64..20_000)), 0..60),
        ) {
            let caps = CostCaps { per_person: per_person.map(Money), in_all: in_all.map(Money) };
            let people: Vec<Claimant> = people
                .into_iter()
                .map(|(price, spent, proven, last)| Claimant {
                    price: Money(price),
                    spent: Money(spent),
                    proven,
                    last_sent: last.map(Millis),
                })
                .collect();
            let now = Millis(10_000);
            let verdicts = admit(caps, Money(spent), wait_ms, &people, now);
            prop_assert_eq!(verdicts.len(), people.len());
            let mut total = spent;
            for (one, verdict) in people.iter().zip(&verdicts) {
                let waits = one.last_sent.is_some_and(|at| at.0 + wait_ms > now.0);
                match verdict {
                    Admission::Go => {
                        prop_assert!(!one.proven && !waits);
                        total += one.price.0;
                        prop_assert!(per_person.is_none_or(|cap| one.spent.0 + one.price.0 <= cap));
                        prop_assert!(in_all.is_none_or(|cap| total <= cap));
                    }
                    Admission::Reached => prop_assert!(one.proven),
                    Admission::Later(until) => prop_assert!(*until > now && !one.proven),
                    // A person is left out for cost only where the money is really not there.
                    Admission::OverPerson => prop_assert!(per_person.is_some_and(|cap| one.spent.0 + one.price.0 > cap)),
                    Admission::OverAll => prop_assert!(in_all.is_some_and(|cap| total + one.price.0 > cap)),
                }
            }
        }

        #[test]
        fn a_ladder_keeps_its_order_wherever_the_workshop_lies(
            first in 1_i64..5_000,
            waits in prop::collection::vec(1_i64..400, 1..5),
            now in -6_000_i64..100,
        ) {
            let mut ladder = ladder();
            ladder.shared.timing = Timing::before(first);
            ladder.shared.until = Until::At(Anchor::Start, Timing::before(0));
            ladder.rungs.truncate(1);
            for (n, wait) in waits.iter().enumerate() {
                ladder.rungs.push(rung(&format!("more-{n}"), Channel::Sms, *wait));
            }
            let steps = ladder.steps();
            prop_assert_eq!(check_steps(&steps), Ok(()));
            prop_assert_eq!(Ladder::of(&steps, &ladder.key), Some(ladder.clone()));
            let (times, zone) = evening();
            let plan = plan(&steps, times, &zone, times.starts_at.plus(now * MINUTE));
            for pair in plan.steps.windows(2) {
                prop_assert!(pair[0].due < pair[1].due);
                prop_assert!(pair[0].until <= pair[1].due.unwrap(), "no two rungs at once");
            }
            let of_use = plan.steps.iter().filter(|step| step.state == StepState::Due).count();
            prop_assert!(of_use <= 1);
        }
    }
}
