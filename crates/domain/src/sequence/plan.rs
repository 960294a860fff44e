//! The plan of a workshop: every step of its sequence with its moment, as long as it is of use, and what becomes of it.

use super::{Anchor, Rung, Step, StepKey, Until, rungs_of};
use crate::time::{DAY, MINUTE, Millis, Zone};

/// A workshop's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkshopTimes {
    /// When the workshop begins.
    pub starts_at: Millis,
    /// When the workshop ends.
    pub ends_at: Millis,
}

impl WorkshopTimes {
    fn of(&self, anchor: Anchor) -> Option<Millis> {
        match anchor {
            Anchor::Start => Some(self.starts_at),
            Anchor::End => Some(self.ends_at),
            Anchor::Registration => None,
        }
    }
}

/// The state of a step in a plan, as of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// The step is still to come.
    Planned,
    /// The step's moment has come, and the step is of use.
    Due,
    /// The step is no longer of use. It is shown and never sent.
    Missed,
    /// The step goes to each person at a moment after their registration.
    PerPerson,
}

/// A step in the plan of one workshop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// The key of the step in its sequence.
    pub key: StepKey,
    /// When it is due; `None` where each person has a moment of their own.
    pub due: Option<Millis>,
    /// The first moment at which the step is no longer of use.
    pub until: Millis,
    /// The state of the step as of the plan's moment.
    pub state: StepState,
}

/// The plan of a workshop, in order of moments; steps that follow a registration stand last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, each with its moment.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// The step with that key.
    pub fn step(&self, key: &StepKey) -> Option<&PlannedStep> {
        self.steps.iter().find(|step| step.key == *key)
    }

    /// When the newest step of the same purpose before this one is due; 0 where this is the first. Messages by hand
    /// from then on count as told by this step.
    pub fn before(&self, steps: &[Step], key: &StepKey) -> Millis {
        let of = |key: &StepKey| steps.iter().find(|step| step.key == *key);
        let (Some(step), Some(own)) = (of(key), self.step(key).and_then(|planned| planned.due)) else {
            return Millis(0);
        };
        // The rungs of a ladder tell once more what its first rung told.
        let first = |rung: &Rung| {
            let rungs = rungs_of(steps, &rung.ladder).into_iter();
            rungs.filter_map(|step| self.step(&step.key)?.due).min()
        };
        let due = step.rung.as_ref().and_then(first).unwrap_or(own);
        let same =
            |planned: &&PlannedStep| of(&planned.key).is_some_and(|other| other.purpose == step.purpose);
        let earlier = self.steps.iter().filter(same).filter_map(|planned| planned.due).filter(|at| *at < due);
        earlier.max().unwrap_or(Millis(0))
    }

    /// Whether a newer step of the same purpose is due already: whoever registers now gets that one.
    pub fn has_newer(&self, steps: &[Step], key: &StepKey, now: Millis) -> bool {
        let of = |key: &StepKey| steps.iter().find(|step| step.key == *key);
        let (Some(step), Some(due)) = (of(key), self.step(key).and_then(|planned| planned.due)) else {
            return false;
        };
        self.steps.iter().any(|planned| {
            let same = of(&planned.key).is_some_and(|other| other.purpose == step.purpose);
            same && planned.due.is_some_and(|at| at > due && at <= now)
        })
    }
}

/// So long a step after the workshop's end is of use, where nothing else is said.
const AFTERWARDS_MS: i64 = 2 * DAY;

/// The plan that follows from a sequence for a workshop, as of `now`. It depends on nothing else: computed twice, it is
/// the same.
pub fn plan(steps: &[Step], times: WorkshopTimes, zone: &Zone, now: Millis) -> Plan {
    let dues: Vec<Option<Millis>> =
        steps.iter().map(|step| times.of(step.anchor).map(|anchor| step.timing.due(anchor, zone))).collect();
    let mut planned: Vec<PlannedStep> = steps
        .iter()
        .zip(&dues)
        .map(|(step, due)| {
            let until = until(step, *due, (steps, &dues), times, zone);
            let until = next_rung(step, *due, steps, &dues).map_or(until, |next| next.min(until));
            let state = match due {
                None if now >= until => StepState::Missed,
                None => StepState::PerPerson,
                Some(_) if now >= until => StepState::Missed,
                Some(due) if now >= *due => StepState::Due,
                Some(_) => StepState::Planned,
            };
            PlannedStep { key: step.key.clone(), due: *due, until, state }
        })
        .collect();
    planned.sort_by_key(|step| (step.due.is_none(), step.due));
    Plan { steps: planned }
}

/// When the next rung of a step's ladder is due: one ends where the next begins, so that nobody gets two at once.
fn next_rung(step: &Step, due: Option<Millis>, steps: &[Step], dues: &[Option<Millis>]) -> Option<Millis> {
    let rung = step.rung.as_ref()?;
    let same = |other: &Step| other.rung.as_ref().is_some_and(|other| other.ladder == rung.ladder);
    let rungs = steps.iter().zip(dues).filter(|(other, _)| same(other));
    rungs.filter_map(|(_, at)| *at).filter(|at| Some(*at) > due).min()
}

/// The first moment at which a step is of no use any more.
fn until(
    step: &Step,
    due: Option<Millis>,
    (steps, dues): (&[Step], &[Option<Millis>]),
    times: WorkshopTimes,
    zone: &Zone,
) -> Millis {
    match step.until {
        Until::Minutes(minutes) => due.unwrap_or(times.ends_at).plus(minutes * MINUTE),
        Until::At(anchor, timing) => timing.due(times.of(anchor).unwrap_or(times.starts_at), zone),
        Until::NextOfPurpose => {
            let Some(due) = due else { return times.ends_at };
            let newer = steps
                .iter()
                .zip(dues)
                .filter(|(other, at)| other.purpose == step.purpose && at.is_some_and(|at| at > due))
                .filter_map(|(_, at)| *at)
                .min();
            let stop = match () {
                () if due < times.starts_at => times.starts_at,
                () if due < times.ends_at => times.ends_at,
                () => due.plus(AFTERWARDS_MS),
            };
            newer.map_or(stop, |newer| newer.min(stop))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{super::*, *};
    use crate::{channel::Channel, ids::TemplateId, time::HOUR};

    pub(in super::super) fn step(key: &str, purpose: &str, anchor: Anchor, timing: Timing) -> Step {
        Step {
            key: StepKey::stored(key.to_owned()),
            label: String::new(),
            channel: Channel::WhatsappPersonal,
            template: TemplateId(uuid::Uuid::nil()),
            account: None,
            anchor,
            timing,
            purpose: purpose.to_owned(),
            until: Until::default(),
            audience: StepAudience::default(),
            late: LateRule::default(),
            wait_out_quiet: false,
            rung: None,
        }
    }

    /// Seven in the evening in India, two hours.
    pub(in super::super) fn evening() -> (WorkshopTimes, Zone) {
        let zone = Zone::india();
        let starts_at = zone.parse_local("2026-12-05T19:00").unwrap();
        (WorkshopTimes { starts_at, ends_at: starts_at.plus(2 * HOUR) }, zone)
    }

    pub(in super::super) fn usual() -> Vec<Step> {
        vec![
            step("welcome", "welcome", Anchor::Registration, Timing::after(1)),
            step("day", "reminder", Anchor::Start, Timing::Offset { days: -1, minutes: 0 }),
            step("morning", "reminder", Anchor::Start, Timing::At { days: 0, minute: 9 * 60 }),
            step("five", "link", Anchor::Start, Timing::before(5)),
            step("thanks", "thanks", Anchor::End, Timing::after(60)),
        ]
    }

    #[test]
    fn a_step_is_of_use_until_the_next_of_its_purpose_and_never_beyond_what_it_is_about() {
        let (times, zone) = evening();
        let plan = plan(&usual(), times, &zone, times.starts_at.plus(-3 * DAY));
        let at = |text: &str| zone.parse_local(text).unwrap();
        let windows: Vec<_> =
            plan.steps.iter().map(|step| (step.key.as_str(), step.due, step.until)).collect();
        assert_eq!(
            windows,
            [
                ("day", Some(at("2026-12-04T19:00")), at("2026-12-05T09:00")),
                ("morning", Some(at("2026-12-05T09:00")), at("2026-12-05T19:00")),
                ("five", Some(at("2026-12-05T18:55")), at("2026-12-05T19:00")),
                ("thanks", Some(at("2026-12-05T22:00")), at("2026-12-07T22:00")),
                ("welcome", None, at("2026-12-05T21:00")),
            ]
        );
        assert!(plan.steps[..4].iter().all(|step| step.state == StepState::Planned));
    }

    #[test]
    fn an_outage_leaves_steps_missed_and_never_late() {
        let (times, zone) = evening();
        // Nothing ran from the eve until ten in the morning.
        let plan = plan(&usual(), times, &zone, zone.parse_local("2026-12-05T10:00").unwrap());
        let states: Vec<_> = plan.steps.iter().map(|step| step.state).collect();
        assert_eq!(
            states,
            [StepState::Missed, StepState::Due, StepState::Planned, StepState::Planned, StepState::PerPerson]
        );
    }

    #[test]
    fn what_is_told_by_hand_counts_from_the_step_of_the_same_purpose_before() {
        let (times, zone) = evening();
        let steps = usual();
        let plan = plan(&steps, times, &zone, times.starts_at.plus(-3 * DAY));
        let key = |key: &str| StepKey::stored(key.to_owned());
        let at = |text: &str| zone.parse_local(text).unwrap();
        assert_eq!(plan.before(&steps, &key("morning")), at("2026-12-04T19:00"));
        for first in ["day", "five", "thanks", "welcome"] {
            assert_eq!(plan.before(&steps, &key(first)), Millis(0), "{first}");
        }
        assert!(plan.has_newer(&steps, &key("day"), at("2026-12-05T09:00")));
        assert!(!plan.has_newer(&steps, &key("day"), at("2026-12-05T08:59")));
        assert!(
            !plan.has_newer(&steps, &key("morning"), at("2026-12-05T18:59")),
            "the link is another purpose"
        );
    }

    proptest! {
        #[test]
        fn at_most_one_step_of_a_purpose_before_the_start_is_of_use_at_a_time(
            minutes in prop::collection::vec(1_i64..20_000, 1..12),
            now in -20_000_i64..200,
        ) {
            let (times, zone) = evening();
            let steps: Vec<Step> = minutes
                .iter()
                .enumerate()
                .map(|(at, minutes)| step(&format!("s{at}"), "reminder", Anchor::Start, Timing::before(*minutes)))
                .collect();
            let now = times.starts_at.plus(now * MINUTE);
            let plan = plan(&steps, times, &zone, now);
            let due: Vec<_> = plan.steps.iter().filter(|step| step.state == StepState::Due).collect();
            // Two that are due at the same minute are of use together.
            let moments: std::collections::HashSet<_> = due.iter().map(|step| step.due).collect();
            prop_assert!(moments.len() <= 1);
            prop_assert!(now < times.starts_at || due.is_empty(), "nobody is reminded of what has begun");
        }
    }
}
