//! How the turns of this process's sending loop end: what health checks ask instead of whether a process lives.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::time::{ClockStep, MINUTE, Millis, SECOND, SharedClock};
use store::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{Engine, run::DOWN_LONGEST};

/// A turn waits 20 seconds for a connection at most; one that takes longer than this hangs.
const HANGS_AFTER: Duration = Duration::from_secs(30);
/// A hold that was written before the clock was set back lasts this long at most: a provider's wish and the breaker's longest hold.
const HOLD_LONGEST_MS: i64 = 15 * MINUTE;
/// Looks at whether this process is beyond help, within the time after which it gives up: one every five seconds.
const LOOKS: u32 = 12;
/// A database that does not take a test write within this is away.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// The state of the sending loop of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendingHealth {
    /// This process does not send.
    Off,
    /// The last turn ended well, at this instant.
    Well(Millis),
    /// The last turns failed.
    Failing {
        /// When the last good turn ended, or when the loop began.
        since: Millis,
        /// The time since then, by a clock that nobody can set.
        lasting: Duration,
        /// The store's words for the failure.
        words: String,
    },
}

/// What is known of the turns of one process.
#[derive(Debug)]
pub(crate) struct Turns {
    clock: SharedClock,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// When a turn last ended well; wall clock and steady clock.
    well: (Millis, Duration),
    /// Why the last turn failed.
    error: Option<String>,
}

impl Turns {
    pub(crate) fn new(clock: SharedClock) -> Turns {
        Turns { clock, seen: Mutex::new(None) }
    }

    fn set(&self, seen: Option<Seen>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// A turn ended well, or the loop begins.
    pub(crate) fn well(&self) {
        self.set(Some(Seen { well: (self.clock.now(), self.clock.steady()), error: None }));
    }

    pub(crate) fn failed(&self, error: &StoreError) {
        if let Some(seen) = &mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            seen.error = Some(error.to_string());
        }
    }

    /// The loop has ended.
    pub(crate) fn over(&self) {
        self.set(None);
    }

    /// When a turn last ended well.
    pub(crate) fn last(&self) -> Option<Millis> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|seen| seen.well.0)
    }

    fn standing(&self) -> SendingHealth {
        let Some(seen) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return SendingHealth::Off;
        };
        let (since, lasting) = (seen.well.0, self.clock.steady().saturating_sub(seen.well.1));
        match seen.error {
            Some(words) => SendingHealth::Failing { since, lasting, words },
            None if lasting > HANGS_AFTER => SendingHealth::Failing {
                since,
                lasting,
                words: "no turn of the sending loop has ended since".to_owned(),
            },
            None => SendingHealth::Well(since),
        }
    }
}

impl Engine {
    /// How the sending loop of this process fares.
    pub fn standing(&self) -> SendingHealth {
        self.turns.standing()
    }

    /// Cancels `beyond_help` when turns have failed for [`crate::Limits::give_up_after_ms`] although the database takes
    /// writes on a fresh connection: only a new process can help then. A database that is full or away never ends this
    /// one.
    pub(crate) async fn watching(self, stop: CancellationToken, beyond_help: CancellationToken) {
        let mut said = None;
        loop {
            if self.say_step(&mut said)
                && let Err(error) = self.work.shorten_holds(self.clock.now(), HOLD_LONGEST_MS).await
            {
                warn!("holds from before the clock was set back could not be shortened: {error}");
            }
            tokio::select! {
                () = tokio::time::sleep(self.limits.give_up_after() / LOOKS) => {}
                () = stop.cancelled() => return,
            }
            if let Some(words) = self.is_beyond_help().await {
                error!(
                    "this process ends, to be started again: the database takes writes, and turns fail all the same: {words}"
                );
                beyond_help.cancel();
                return;
            }
        }
    }

    /// Says once that the clock was set, and once that the new time is believed; whether that was just now and the clock was set back.
    fn say_step(&self, said: &mut Option<(i64, bool)>) -> bool {
        let step = self.clock.step();
        let now = step.map(|step| (step.by_ms / SECOND, step.believed));
        if *said == now {
            return false;
        }
        *said = now;
        let Some(ClockStep { by_ms, believed, .. }) = step else { return false };
        let (seconds, way) = (by_ms.abs() / SECOND, if by_ms < 0 { "back" } else { "forward" });
        if believed {
            warn!(
                by_ms,
                "the clock was set {way} by {seconds} s a minute ago; the new time is believed from now on"
            );
        } else {
            warn!(
                by_ms,
                "the clock was set {way} by {seconds} s; it is believed in a minute, until then nothing expires and nothing new becomes due by it"
            );
        }
        believed && by_ms < 0
    }

    /// Why turns fail here and nowhere else; `None` while they do not, or while a fresh connection fares no better.
    async fn is_beyond_help(&self) -> Option<String> {
        let since = self.failing_too_long()?.0;
        let wrote = tokio::time::timeout(WRITE_WAIT, self.store.try_fresh_write(self.clock.now())).await;
        match wrote {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!("turns fail, and a fresh connection does not write either; it is tried again: {error}");
                return None;
            }
            Err(_) => return None,
        }
        // It may have come back this moment: a turn is tried at least once meanwhile.
        tokio::time::sleep((self.limits.give_up_after() / LOOKS * 2).min(DOWN_LONGEST * 2)).await;
        let (still, words) = self.failing_too_long()?;
        (still == since).then_some(words)
    }

    fn failing_too_long(&self) -> Option<(Millis, String)> {
        match self.standing() {
            SendingHealth::Failing { since, lasting, words } if lasting >= self.limits.give_up_after() => {
                Some((since, words))
            }
            _ => None,
        }
    }
}
