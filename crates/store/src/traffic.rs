//! Whether messages go out now. What reads or writes much gives way to them: it rests in proportion to what it worked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Messages are taken to go out for so long after a turn that had calls under way.
const LASTS: Duration = Duration::from_secs(2);
/// Beside messages that go out, long work rests so many times as long as it worked: two exports and an undo at once then take less than a
/// fifth of one processor, a tenth of what two have. With 8 it was twice that, and everything else of a busy hour came on top.
const RESTS_BESIDE_SENDING: u32 = 16;
/// Longest rest at once: somebody waits for an export.
const REST_LONGEST: Duration = Duration::from_secs(4);

/// What the engine of this process said last; shared by all handles of a store.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    opened: Instant,
    /// Milliseconds after `opened` until which messages are taken to go out.
    until_ms: Arc<AtomicU64>,
}

impl Traffic {
    pub(crate) fn new() -> Traffic {
        Traffic { opened: Instant::now(), until_ms: Arc::default() }
    }

    /// Calls are under way.
    pub(crate) fn goes_out(&self) {
        self.until_ms.store(millis(self.opened.elapsed() + LASTS), Ordering::Relaxed);
    }

    pub(crate) fn is_out(&self) -> bool {
        millis(self.opened.elapsed()) < self.until_ms.load(Ordering::Relaxed)
    }

    /// How long to rest after so much work: a quarter of it, and many times as long while messages go out.
    pub(crate) fn rest_after(&self, worked: Duration) -> Duration {
        if self.is_out() { (worked * RESTS_BESIDE_SENDING).min(REST_LONGEST.max(worked)) } else { worked / 4 }
    }
}

/// The calling thread takes a processor only when nobody else wants it: the system's own way to let others go first, beside rests.
/// Also for a whole process that calls this before it begins threads. Elsewhere than on Linux it would mean all threads, and does nothing.
pub fn lower_thread_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(STEPS_BACK) {
        tracing::debug!("long work goes on as everything else: {error}");
    }
}

/// On the scale of the system, where 19 is last: a sixtieth of what others get. With 10, a tenth, a backup took a quarter of the sending.
#[cfg(target_os = "linux")]
const STEPS_BACK: i32 = 19;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_rests_longer_while_messages_go_out() {
        let traffic = Traffic::new();
        let worked = Duration::from_millis(10);
        assert_eq!(traffic.rest_after(worked), worked / 4);
        traffic.goes_out();
        assert_eq!(traffic.rest_after(worked), Duration::from_millis(160));
        assert_eq!(traffic.rest_after(Duration::from_secs(1)), REST_LONGEST);
    }
}
