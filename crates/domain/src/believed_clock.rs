//! A clock that was set: not believed at once.
//!
//! A virtual machine that was suspended, a wrong hand or a bad time server moves the wall clock by minutes or years in one step. What
//! expires by such a step cannot be brought back, and what becomes due by it may go out at night. So the step is believed when it has stood
//! for a minute; until then time goes on as before it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::time::{Clock, ClockStep, MINUTE, Millis, SECOND};

/// Wall clock and steady clock that part by more than this between two looks: the wall clock was set.
const STEP_MS: i64 = 30 * SECOND;
/// A step that has stood for so long is believed.
const BELIEVED_AFTER_MS: i64 = MINUTE;

/// A wall clock whose steps are believed after a minute.
#[derive(Debug)]
pub struct BelievedClock<C> {
    inner: C,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Believed time, and the steady clock at that moment.
    at: (Millis, i64),
    step: Option<Step>,
    /// The last step that came to be believed.
    last: Option<ClockStep>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Wall clock minus believed time.
    by_ms: i64,
    /// When it was first seen, by the steady clock.
    seen: i64,
}

impl<C: Clock> BelievedClock<C> {
    /// Believes that clock as it stands.
    pub fn new(inner: C) -> BelievedClock<C> {
        let at = (inner.now(), steady_ms(&inner));
        BelievedClock { inner, state: Mutex::new(State { at, step: None, last: None }) }
    }

    /// Looks at both clocks; the believed time, and the step that is in doubt.
    fn look(&self) -> (Millis, Option<ClockStep>, Option<ClockStep>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, steady) = (self.inner.now(), steady_ms(&self.inner));
        let expected = state.at.0.plus(steady - state.at.1);
        let by_ms = wall.since(expected);
        if by_ms.abs() <= STEP_MS {
            state.at = (wall, steady);
            state.step = None;
            return (wall, None, state.last);
        }
        // A step that is followed by another one begins anew.
        let step = match state.step {
            Some(step) if (step.by_ms - by_ms).abs() <= STEP_MS => step,
            _ => Step { by_ms, seen: steady },
        };
        state.step = Some(step);
        if steady - step.seen < BELIEVED_AFTER_MS {
            let doubted = ClockStep { by_ms, at: expected, believed: false };
            return (expected, Some(doubted), state.last);
        }
        let believed = ClockStep { by_ms, at: wall, believed: true };
        *state = State { at: (wall, steady), step: None, last: Some(believed) };
        (wall, None, state.last)
    }
}

impl<C: Clock> Clock for BelievedClock<C> {
    fn now(&self) -> Millis {
        self.look().0
    }

    fn wall_clock(&self) -> Millis {
        self.inner.now()
    }

    fn steady(&self) -> Duration {
        self.inner.steady()
    }

    fn step(&self) -> Option<ClockStep> {
        let (_, doubted, last) = self.look();
        doubted.or(last)
    }
}

fn steady_ms(clock: &impl Clock) -> i64 {
    i64::try_from(clock.steady().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::time::{HOUR, ManualClock};

    const START: Millis = Millis(1_791_878_400_000);

    fn clocks() -> (Arc<ManualClock>, BelievedClock<Arc<ManualClock>>) {
        let wall = Arc::new(ManualClock::at(START));
        (Arc::clone(&wall), BelievedClock::new(wall))
    }

    #[test]
    fn time_that_passes_is_believed_however_much_of_it() {
        let (wall, clock) = clocks();
        wall.advance(40 * HOUR);
        assert_eq!((clock.now(), clock.step()), (START.plus(40 * HOUR), None));
        // A small correction by a time server is no reason for doubt.
        wall.set_by(-20 * SECOND);
        assert_eq!((clock.now(), clock.step()), (START.plus(40 * HOUR - 20 * SECOND), None));
    }

    #[test]
    fn a_step_is_believed_when_it_has_stood_for_a_minute() {
        for by in [-HOUR, HOUR] {
            let (wall, clock) = clocks();
            wall.set_by(by);
            assert_eq!(clock.now(), START, "not at once");
            assert_eq!(clock.wall_clock(), START.plus(by));
            wall.advance(59 * SECOND);
            assert_eq!(clock.now(), START.plus(59 * SECOND), "time goes on as before");
            assert_eq!(clock.step().map(|step| (step.by_ms, step.believed)), Some((by, false)));
            wall.advance(SECOND);
            assert_eq!(clock.now(), START.plus(by + MINUTE));
            assert_eq!(clock.step().map(|step| (step.by_ms, step.believed)), Some((by, true)));
        }
    }

    #[test]
    fn a_step_that_is_taken_back_within_the_minute_was_none() {
        let (wall, clock) = clocks();
        wall.set_by(HOUR);
        assert_eq!(clock.now(), START);
        wall.advance(10 * SECOND);
        wall.set_by(-HOUR);
        assert_eq!((clock.now(), clock.step()), (START.plus(10 * SECOND), None));
    }

    #[test]
    fn a_second_step_is_doubted_for_a_minute_of_its_own() {
        let (wall, clock) = clocks();
        wall.set_by(HOUR);
        assert_eq!(clock.now(), START);
        wall.advance(50 * SECOND);
        wall.set_by(HOUR);
        assert_eq!(clock.now(), START.plus(50 * SECOND));
        wall.advance(50 * SECOND);
        assert_eq!(clock.now(), START.plus(100 * SECOND));
        wall.advance(10 * SECOND);
        assert_eq!(clock.now(), START.plus(2 * HOUR + 110 * SECOND));
    }
}
