//! When messages that the provider refused for a while are tried again.

use domain::{
    message::MessageState,
    reason::Reason,
    time::{HOUR, MINUTE, Millis, Zone},
};
use store::broadcasts::Broadcast;

use super::why;

/// The clock time of a planned try, in minutes after midnight. Ten in the morning is within the hours of every law
/// and organisation.
const AT_MINUTE: i64 = 10 * HOUR / MINUTE;

/// When a further try can change a provider's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Another try can succeed now.
    Now,
    /// Another try is planned for this moment and makes no sense before it.
    At(Millis),
    /// The workshop starts before another try can succeed.
    TooLate,
}

/// When messages of this state and reason can go again. A provider's waiting time counts from the broadcast's end;
/// the try is then at the next ten in the morning.
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

/// Whether sending again now can change anything.
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
