//! When people whom the provider refused for a while are tried again.

use domain::{
    message::MessageState,
    reason::Reason,
    time::{HOUR, MINUTE, Millis, Zone},
};
use store::broadcasts::Broadcast;

use super::why;

/// Minutes after midnight at which a planned try goes out: within the hours of every law and organisation.
const AT_MINUTE: i64 = 10 * HOUR / MINUTE;

/// When a further try can change an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Now.
    Now,
    /// Not before that moment, which is planned.
    At(Millis),
    /// The workshop starts first.
    TooLate,
}

/// When rows of that state and reason can go again: so many hours after the broadcast ended, at ten in the morning.
pub(super) fn when(
    broadcast: &Broadcast,
    state: MessageState,
    reason: &Reason,
    zone: &Zone,
    now: Millis,
) -> When {
    let Some(hours) = why::wait_hours(state, reason) else { return When::Now };
    let free = broadcast.finished_at.unwrap_or(now).plus(hours * HOUR);
    if free <= now {
        return When::Now;
    }
    let at = zone.next_at_minute(free.plus(-1), AT_MINUTE);
    let starts = broadcast.workshop_starts_at;
    if starts > now && at >= starts { When::TooLate } else { When::At(at) }
}

/// Whether sending again can change anything, and at once.
pub(super) fn can_go_now(
    broadcast: &Broadcast,
    state: MessageState,
    reason: &Reason,
    zone: &Zone,
    now: Millis,
) -> bool {
    why::can_retry(state, reason) && when(broadcast, state, reason, zone, now) == When::Now
}

/// `tomorrow 10:00 AM`, `Tue 13 Oct, 10:00 AM`.
pub(super) fn in_words(zone: &Zone, at: Millis, now: Millis) -> String {
    let (_, tomorrow) = zone.day(now);
    let (from, to) = zone.day(tomorrow);
    if (from..to).contains(&at) { format!("tomorrow {}", zone.time(at)) } else { zone.moment(at, now) }
}
