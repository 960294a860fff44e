//! When a broadcast goes out, and what the hours make of it.

use domain::{
    channel::{Category, Channel},
    sending_hours::{AfterHours, OpenHours, SendingHours},
    time::{HOUR, MINUTE, Millis, Zone},
};

use crate::Caller;

/// A reminder is of no use when its workshop has been running for so long.
const AFTER_START_MS: i64 = 10 * MINUTE;
/// The last useful moment of a message without a start to wait for, after it begins to go out.
const WITHOUT_START_MS: i64 = 2 * HOUR;

/// When a broadcast begins and until when it is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The start: nothing is sent before.
    pub start: Millis,
    /// The last useful moment: nothing is sent afterwards.
    pub deadline: Millis,
    /// Whether a typed time could not be read, or has passed.
    pub unreadable: bool,
}

/// When something is sent that is to go later: an hour before the workshop while that lies ahead, else in an hour.
pub fn default_later(now: Millis, workshop_starts: Millis) -> Millis {
    let before = workshop_starts.plus(-HOUR);
    if before > now.plus(5 * MINUTE) { before } else { now.plus(HOUR) }
}

/// The last useful moment unless somebody chooses one: ten minutes into the workshop, or two hours after the start of what goes out later.
pub fn default_deadline(start: Millis, workshop_starts: Millis, now: Millis) -> Millis {
    let useful = workshop_starts.plus(AFTER_START_MS);
    if workshop_starts > now && useful > start { useful } else { start.plus(WITHOUT_START_MS) }
}

/// When a broadcast may send. Promotion keeps the law's hours. A reminder keeps out of the quiet hours where somebody
/// wants that. Both keep the account's own hours, and calls the hours of calls besides.
pub fn hours(
    caller: &Caller,
    (channel, category): (Channel, Category),
    wait_out_quiet: bool,
    after: AfterHours,
    own: Option<OpenHours>,
) -> SendingHours {
    let (quiet, zone) = (caller.organization.quiet_hours, &caller.organization.zone);
    let hours = match category {
        Category::Utility | Category::Authentication if wait_out_quiet => {
            SendingHours::outside(quiet, zone, AfterHours::Wait)
        }
        _ => SendingHours::of(category, quiet, zone, after),
    };
    with_own(hours, channel, own, zone)
}

/// What is proposed for people who have not got it when the hours end. A broadcast that may not even begin at its start
/// waits for the hours, as long as they open while it is of use; any other takes the usual. The hours of promotion are
/// the law's: of them nobody is offered to wait for.
pub fn proposed_after(
    caller: &Caller,
    (channel, category): (Channel, Category),
    own: Option<OpenHours>,
    timing: &Timing,
    workshop_starts: Millis,
) -> AfterHours {
    if category == Category::Marketing {
        return AfterHours::USUAL;
    }
    let hours = hours(caller, (channel, category), false, AfterHours::USUAL, own);
    match hours.closed_until(timing.start) {
        Some(opens) if opens < timing.deadline.min(workshop_starts) => AfterHours::Wait,
        Some(_) | None => AfterHours::USUAL,
    }
}

/// Narrows hours to those of the channel and of the account. The hours of an account of calls are read in India's
/// zone, like the law's.
pub(crate) fn with_own(
    hours: SendingHours,
    channel: Channel,
    own: Option<OpenHours>,
    zone: &Zone,
) -> SendingHours {
    let india = Zone::india();
    let zone = if channel.rules().closed.is_some() { &india } else { zone };
    hours.on(channel).within(own, zone)
}

/// When the first message goes out: at the start, or when the hours open where it waits for them.
pub(crate) fn begins(hours: &SendingHours, start: Millis) -> Millis {
    match hours.then() {
        AfterHours::Wait => hours.closed_until(start).unwrap_or(start),
        AfterHours::Cancel => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_useful_until_ten_minutes_after_the_start_or_for_two_hours() {
        let now = Millis(0);
        assert_eq!(default_deadline(now, Millis(HOUR), now), Millis(HOUR + 10 * MINUTE));
        assert_eq!(default_deadline(now, Millis(-HOUR), now), Millis(2 * HOUR));
        assert_eq!(
            default_deadline(Millis(3 * HOUR), Millis(HOUR), now),
            Millis(5 * HOUR),
            "after it has begun"
        );
    }
}
