//! In what a plan differs from the one before it: what a moved workshop, an edited sequence or another zone changes, shown before it holds.

use super::{Plan, StepKey, StepState};
use crate::time::{MINUTE, Millis};

/// How a changed plan treats one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The step is due at another moment.
    Moved {
        /// The moment in the plan before.
        from: Millis,
        /// The moment in the changed plan.
        to: Millis,
    },
    /// The step was still to come, and its new moment has passed.
    NewlyMissed {
        /// The moment in the plan before.
        from: Millis,
    },
    /// The step was missed, and is to come again.
    Revived {
        /// The moment in the changed plan.
        to: Millis,
    },
    /// The step is new in the sequence.
    Added {
        /// The moment in the changed plan; `None` where each person has a moment of their own.
        to: Option<Millis>,
    },
    /// The step is no longer in the sequence.
    Removed {
        /// The moment in the plan before; `None` where each person had a moment of their own.
        from: Option<Millis>,
    },
}

/// In what two plans differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Steps that change, in the order of the new plan; those that are gone stand last.
    pub changes: Vec<(StepKey, Change)>,
    /// Steps that are due within ten minutes after it holds: whoever confirms should know.
    pub soon: Vec<StepKey>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// So soon counts as at once, in milliseconds.
const SOON_MS: i64 = 10 * MINUTE;

/// In what a plan differs from the one before. `ran` are the steps that ran already: what is a broadcast keeps its time.
pub fn difference(before: &Plan, after: &Plan, ran: &[StepKey], now: Millis) -> Difference {
    let mut difference = Difference::default();
    for new in after.steps.iter().filter(|step| !ran.contains(&step.key)) {
        let old = before.step(&new.key);
        if let Some(change) = change(old.map(|step| (step.due, step.state)), (new.due, new.state)) {
            difference.changes.push((new.key.clone(), change));
            let soon = new.due.is_some_and(|due| due < now.plus(SOON_MS)) && new.state != StepState::Missed;
            if soon {
                difference.soon.push(new.key.clone());
            }
        }
    }
    for old in before.steps.iter().filter(|step| !ran.contains(&step.key) && after.step(&step.key).is_none())
    {
        difference.changes.push((old.key.clone(), Change::Removed { from: old.due }));
    }
    difference
}

fn change(
    old: Option<(Option<Millis>, StepState)>,
    (due, state): (Option<Millis>, StepState),
) -> Option<Change> {
    let Some((old_due, old_state)) = old else { return Some(Change::Added { to: due }) };
    let (was_missed, is_missed) = (old_state == StepState::Missed, state == StepState::Missed);
    match (old_due, due) {
        (Some(from), Some(_)) if !was_missed && is_missed => Some(Change::NewlyMissed { from }),
        (_, Some(to)) if was_missed && !is_missed => Some(Change::Revived { to }),
        (Some(from), Some(to)) if from != to && !is_missed => Some(Change::Moved { from, to }),
        (None, Some(to)) => Some(Change::Revived { to }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Anchor, Timing, WorkshopTimes, plan,
            plan::tests::{evening, step, usual},
        },
        *,
    };
    use crate::time::{DAY, HOUR};

    fn names(difference: &Difference) -> Vec<(&str, &'static str)> {
        let word = |change: &Change| match change {
            Change::Moved { .. } => "moved",
            Change::NewlyMissed { .. } => "newly missed",
            Change::Revived { .. } => "revived",
            Change::Added { .. } => "added",
            Change::Removed { .. } => "removed",
        };
        difference.changes.iter().map(|(key, change)| (key.as_str(), word(change))).collect()
    }

    #[test]
    fn moving_a_workshop_moves_what_is_not_sent_and_revives_what_was_missed() {
        let (times, zone) = evening();
        let now = zone.parse_local("2026-12-05T08:00").unwrap();
        let before = plan(&usual(), times, &zone, now);
        // The workshop moves to the next day. The day-before reminder went out already, and the morning's comes a day
        // later.
        let later = WorkshopTimes { starts_at: times.starts_at.plus(DAY), ends_at: times.ends_at.plus(DAY) };
        let after = plan(&usual(), later, &zone, now);
        let ran = [crate::sequence::StepKey::stored("day".to_owned())];
        let moved = difference(&before, &after, &ran, now);
        assert_eq!(names(&moved), [("morning", "moved"), ("five", "moved"), ("thanks", "moved")]);
        // Nothing ran, and the day-before step was missed at ten. When the workshop moves by two days, that step
        // comes again.
        let now = zone.parse_local("2026-12-05T10:00").unwrap();
        let far =
            WorkshopTimes { starts_at: times.starts_at.plus(2 * DAY), ends_at: times.ends_at.plus(2 * DAY) };
        let moved =
            difference(&plan(&usual(), times, &zone, now), &plan(&usual(), far, &zone, now), &[], now);
        assert_eq!(names(&moved)[0], ("day", "revived"));
    }

    #[test]
    fn an_earlier_start_says_what_is_missed_and_what_goes_at_once() {
        let (times, zone) = evening();
        let now = times.starts_at.plus(-6 * HOUR);
        let early = WorkshopTimes { starts_at: now.plus(12 * 60_000), ends_at: now.plus(2 * HOUR) };
        let told =
            difference(&plan(&usual(), times, &zone, now), &plan(&usual(), early, &zone, now), &[], now);
        assert!(told.soon.iter().any(|key| key.as_str() == "five"), "{told:?}");
        let none =
            difference(&plan(&usual(), times, &zone, now), &plan(&usual(), times, &zone, now), &[], now);
        assert!(none.is_empty());
    }

    #[test]
    fn an_edited_sequence_adds_and_removes_by_key() {
        let (times, zone) = evening();
        let now = times.starts_at.plus(-3 * DAY);
        let mut steps = usual();
        steps.retain(|step| step.key.as_str() != "morning");
        steps.push(step("hour", "reminder", Anchor::Start, Timing::before(60)));
        let told = difference(&plan(&usual(), times, &zone, now), &plan(&steps, times, &zone, now), &[], now);
        assert_eq!(names(&told), [("hour", "added"), ("morning", "removed")]);
    }
}
