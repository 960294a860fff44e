//! Counts what somebody does within a minute, in memory: for doors that need no account.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::time::{MINUTE, Millis};

/// Callers that are remembered; beyond that, everybody starts anew. Bounds memory when somebody comes from everywhere.
const CALLERS_MAX: usize = 20_000;

/// A wider network may do so many times what one customer's network may.
const WIDER_TIMES: u32 = 8;

/// The /48 around the /64 of an IPv6 customer, as [`address`](crate::http::gate::address) writes it: whoever rents a server often has all 65,536
/// of them. `None` for whatever is no such network.
pub fn wider(address: &str) -> Option<String> {
    let mut parts = address.strip_suffix("::/64")?.split(':');
    Some(format!("{}:{}:{}::/48", parts.next()?, parts.next()?, parts.next()?))
}

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
        let mut is_too_many = |caller: String, most: u32| {
            let count = counts.1.entry(caller).or_default();
            *count += 1;
            *count > most
        };
        let alone = is_too_many(caller.to_owned(), self.per_minute);
        let around = wider(caller).is_some_and(|all| is_too_many(all, self.per_minute * WIDER_TIMES));
        if alone || around { Err((minute + 1) * MINUTE - now.0) } else { Ok(()) }
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

    #[test]
    fn changing_the_network_within_a_larger_one_does_not_help_for_ever() {
        let throttle = Throttle::new(2);
        let at = |network: usize, larger: &str| {
            throttle.count(&format!("2001:db8:{larger}:{network:x}::/64"), Millis(0))
        };
        let refused = (0..100).filter(|network| at(*network, "1").is_err()).count();
        assert_eq!(refused, 100 - 16);
        assert!(at(0, "2").is_ok());
    }
}
