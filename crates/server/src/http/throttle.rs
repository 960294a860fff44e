//! Counts what somebody does within a minute, in memory: for doors that need no account.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::time::{MINUTE, Millis};

/// Callers that are remembered; beyond that, everybody starts anew. Bounds memory when somebody comes from everywhere.
const CALLERS_MAX: usize = 20_000;

/// So many times a minute.
#[derive(Debug)]
pub struct Throttle {
    per_minute: u32,
    counts: Mutex<(i64, HashMap<String, u32>)>,
}

impl Throttle {
    /// Allows each caller so many a minute.
    pub fn new(per_minute: u32) -> Throttle {
        Throttle { per_minute, counts: Mutex::default() }
    }

    /// Counts one; milliseconds to wait when it is one too many.
    pub fn count(&self, caller: &str, now: Millis) -> Result<(), i64> {
        let minute = now.0.div_euclid(MINUTE);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != minute || counts.1.len() >= CALLERS_MAX {
            *counts = (minute, HashMap::new());
        }
        let count = counts.1.entry(caller.to_owned()).or_default();
        *count += 1;
        if *count > self.per_minute { Err((minute + 1) * MINUTE - now.0) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_waits_for_the_next_minute_and_others_do_not() {
        let throttle = Throttle::new(2);
        let now = Millis(10 * MINUTE + 15_000);
        assert_eq!((throttle.count("a", now), throttle.count("a", now)), (Ok(()), Ok(())));
        assert_eq!(throttle.count("a", now), Err(45_000));
        assert_eq!(throttle.count("b", now), Ok(()));
        assert_eq!(throttle.count("a", now.plus(45_000)), Ok(()));
    }
}
