//! Waking calls at instants of the sandbox's clock, which may be a real one, a fast one, or one that a test moves by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

use super::lock;
use crate::Shared;

/// The clock is looked at this often while somebody waits: calls count in seconds.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Waiting {
    next: u64,
    running: bool,
    all: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

/// One look at the clock for all who wait.
#[derive(Default)]
pub(super) struct Alarm(Mutex<Waiting>);

impl Alarm {
    /// Returns when the clock shows `due`.
    pub(super) async fn until(shared: &Arc<Shared>, due: i64) {
        if shared.now() >= due {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let start = {
            let mut waiting = lock(&shared.telephones.alarm.0);
            waiting.next += 1;
            let key = (due, waiting.next);
            waiting.all.insert(key, wake);
            !std::mem::replace(&mut waiting.running, true)
        };
        if start {
            tokio::spawn(look(shared.clone()));
        }
        // An error means that the sandbox ends.
        let _ = woken.await;
    }
}

/// Wakes whoever is due, until nobody waits.
async fn look(shared: Arc<Shared>) {
    loop {
        let now = shared.now();
        let due: Vec<_> = {
            let mut waiting = lock(&shared.telephones.alarm.0);
            let later = waiting.all.split_off(&(now.saturating_add(1), 0));
            let due = std::mem::replace(&mut waiting.all, later);
            if due.is_empty() && waiting.all.is_empty() {
                waiting.running = false;
                return;
            }
            due.into_values().collect()
        };
        for wake in due {
            let _ = wake.send(());
        }
        if shared.stopped_within(LOOK).await {
            lock(&shared.telephones.alarm.0).all.clear();
            return;
        }
    }
}
