//! Waking calls at instants of the sandbox's clock, which may be a real one, a fast one, or one that is moved by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::lock;
use crate::Shared;

/// The clock is looked at this often while somebody waits: calls count in seconds.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Waiting {
    next: u64,
    running: bool,
    /// Calls that neither wait for a later instant nor are over.
    awake: usize,
    all: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl Waiting {
    /// Wakes whoever is due; how many.
    fn wake(&mut self, now: i64) -> usize {
        let later = self.all.split_off(&(now.saturating_add(1), 0));
        let due = std::mem::replace(&mut self.all, later);
        // An error means that the call was dropped.
        let woken = due.into_values().filter_map(|wake| wake.send(()).ok()).count();
        self.awake += woken;
        woken
    }
}

/// One look at the clock for all who wait.
#[derive(Default)]
pub(super) struct Alarm {
    waiting: Mutex<Waiting>,
    /// Nobody is awake.
    quiet: Notify,
    /// Calls go on only when [`Alarm::catch_up`] is called.
    by_hand: bool,
}

impl Alarm {
    pub(super) fn new(by_hand: bool) -> Alarm {
        Alarm { by_hand, ..Alarm::default() }
    }

    /// Returns when the clock shows `due`. Only a call that [`live`] began may wait.
    pub(super) async fn until(shared: &Arc<Shared>, due: i64) {
        if shared.now() >= due {
            return;
        }
        let alarm = &shared.telephones.alarm;
        let (wake, woken) = oneshot::channel();
        let start = {
            let mut waiting = lock(&alarm.waiting);
            waiting.next += 1;
            let key = (due, waiting.next);
            waiting.all.insert(key, wake);
            !alarm.by_hand && !std::mem::replace(&mut waiting.running, true)
        };
        alarm.rest();
        if start {
            tokio::spawn(look(shared.clone()));
        }
        // An error means that the sandbox ends.
        let _ = woken.await;
    }

    /// One call less is awake.
    fn rest(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.awake = waiting.awake.saturating_sub(1);
        if waiting.awake == 0 {
            self.quiet.notify_waiters();
        }
    }

    /// Wakes whoever is due, again and again, until every call waits for a later instant or is over; how many were
    /// woken.
    pub(super) async fn catch_up(&self, shared: &Shared) -> usize {
        let mut woken = 0;
        loop {
            self.until_quiet().await;
            match lock(&self.waiting).wake(shared.now()) {
                0 => return woken,
                more => woken += more,
            }
        }
    }

    async fn until_quiet(&self) {
        loop {
            let quiet = self.quiet.notified();
            tokio::pin!(quiet);
            quiet.as_mut().enable();
            if lock(&self.waiting).awake == 0 {
                return;
            }
            quiet.await;
        }
    }

    /// The first instant that a call waits for.
    pub(super) fn next_due(&self) -> Option<i64> {
        lock(&self.waiting).all.keys().next().map(|(due, _)| *due)
    }
}

/// Lets a call take its course in a task of its own.
pub(super) fn live(shared: &Arc<Shared>, call: impl Future<Output = ()> + Send + 'static) {
    lock(&shared.telephones.alarm.waiting).awake += 1;
    let awake = Awake(shared.clone());
    tokio::spawn(async move {
        let _awake = awake;
        call.await;
    });
}

/// A call that is not over.
struct Awake(Arc<Shared>);

impl Drop for Awake {
    fn drop(&mut self) {
        self.0.telephones.alarm.rest();
    }
}

/// Wakes whoever is due, until nobody waits.
async fn look(shared: Arc<Shared>) {
    loop {
        {
            let mut waiting = lock(&shared.telephones.alarm.waiting);
            if waiting.wake(shared.now()) == 0 && waiting.all.is_empty() {
                waiting.running = false;
                return;
            }
        }
        if shared.stopped_within(LOOK).await {
            lock(&shared.telephones.alarm.waiting).all.clear();
            return;
        }
    }
}
