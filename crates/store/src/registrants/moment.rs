//! The present time in the middle of a long piece of work, in a store that has no clock of its own.

use std::time::Instant;

use domain::time::Millis;

/// The time at which a piece of work began, and how long ago that is. What is given back one by one takes its time, and
/// each of them comes late by the moment at which it is given back.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    began: Millis,
    since: Instant,
}

impl Moment {
    /// Work that begins at `now`.
    pub(crate) fn beginning(now: Millis) -> Moment {
        Moment { began: now, since: Instant::now() }
    }

    /// The present time.
    pub(crate) fn now(self) -> Millis {
        self.began.plus(i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
