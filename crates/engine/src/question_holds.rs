//! Accounts that are asked nothing for the moment, because their pace has no room. What is due of theirs stays as it is,
//! and what was taken already gets a moment of its own, one behind the other: put off together, all of them would come
//! due together again, and thousands would be written anew every second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    ids::IntegrationId,
    time::{Millis, SECOND},
};

/// An account is asked nothing for so long at least. A pace lets what it had no room for meanwhile follow at once.
const LEAST_MS: i64 = 100;

/// How long an account is asked nothing, and the next free moment of those who wait.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: Millis,
    until: Millis,
    next: Millis,
    step_ms: i64,
}

impl Hold {
    /// A clock that was set back ends it: it would last as long as the clock was set back otherwise.
    fn is_on(&self, now: Millis) -> bool {
        self.since <= now && now < self.until
    }

    fn take(&mut self) -> Millis {
        let own = self.next;
        self.next = own.plus(self.step_ms);
        own
    }
}

/// The holds of one process. Another one has its own, and finds out with one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuestionHolds(Arc<Mutex<HashMap<IntegrationId, Hold>>>);

impl QuestionHolds {
    fn lock(&self) -> MutexGuard<'_, HashMap<IntegrationId, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pace of an account has room for one question after so long; when the one is asked that found that out.
    pub(crate) fn hold(&self, account: IntegrationId, now: Millis, wait_ms: i64) -> Millis {
        let until = now.plus(wait_ms.max(LEAST_MS));
        let mut holds = self.lock();
        let before = holds.get(&account).filter(|hold| hold.since <= now);
        let next = before.map_or(until, |hold| Millis(hold.next.0.max(until.0)));
        // A wait that the provider asked for is no distance between two questions.
        let mut hold = Hold { since: now, until, next, step_ms: wait_ms.clamp(1, SECOND) };
        let own = hold.take();
        holds.insert(account, hold);
        own
    }

    /// When a question about that account is asked; `None` where it may be asked now.
    pub(crate) fn moment(&self, account: IntegrationId, now: Millis) -> Option<Millis> {
        let mut holds = self.lock();
        holds.get_mut(&account).filter(|hold| hold.is_on(now)).map(Hold::take)
    }

    /// The accounts that are asked nothing now.
    pub(crate) fn all(&self, now: Millis) -> Vec<IntegrationId> {
        let mut holds = self.lock();
        // Who waits keeps the next free moment beyond the hold.
        holds.retain(|_, hold| hold.since <= now && now < hold.until.max(hold.next));
        holds.iter().filter(|(_, hold)| hold.is_on(now)).map(|(account, _)| *account).collect()
    }

    /// How long until the first of them may be asked again; `None` where none is held.
    pub(crate) fn shortest(&self, now: Millis) -> Option<Duration> {
        let holds = self.lock();
        let on = holds.values().filter(|hold| hold.is_on(now));
        let first = on.map(|hold| hold.until.since(now)).min()?;
        u64::try_from(first).ok().map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_wait_get_moments_at_the_pace_one_behind_the_other() {
        let (holds, account) = (QuestionHolds::default(), IntegrationId::new(Millis(0)));
        assert_eq!(holds.moment(account, Millis(0)), None);
        assert_eq!(holds.hold(account, Millis(0), 200), Millis(200));
        assert_eq!(holds.moment(account, Millis(0)), Some(Millis(400)));
        assert_eq!((holds.all(Millis(199)).len(), holds.all(Millis(200)).len()), (1, 0));
        // The next stretch comes behind those who wait already.
        assert_eq!(holds.moment(account, Millis(200)), None);
        assert_eq!(holds.hold(account, Millis(200), 200), Millis(600));
        assert_eq!(holds.shortest(Millis(250)), Some(Duration::from_millis(150)));
        assert_eq!(holds.hold(account, Millis(5_000), 60_000), Millis(65_000), "the provider said so");
        assert_eq!(holds.moment(account, Millis(5_000)), Some(Millis(66_000)));
        assert_eq!(holds.moment(account, Millis(4_000)), None, "the clock was set back");
        assert_eq!(holds.hold(account, Millis(4_000), 200), Millis(4_200));
    }
}
