//! When a broadcast goes out: what was typed, and what the hours make of it.

use domain::{
    channel::Category,
    sending_hours::{AfterHours, OpenHours, SendingHours},
    time::{HOUR, MINUTE, Millis},
};
use store::workshops::Workshop;

use super::compose::Compose;
use crate::http::extract::Member;

/// A reminder is of no use when its workshop has been running for so long.
const AFTER_START_MS: i64 = 10 * MINUTE;
/// The last useful moment of a message without a start to wait for, after it begins to go out.
const WITHOUT_START_MS: i64 = 2 * HOUR;

/// When a broadcast begins and until when it is of use, as chosen, and what could not be read of it.
pub(super) struct Timing {
    pub(super) start: Millis,
    pub(super) deadline: Millis,
    pub(super) at_error: Option<String>,
    pub(super) until_error: Option<String>,
}

impl Timing {
    pub(super) fn read(member: &Member, state: &Compose, workshop: &Workshop) -> Timing {
        let (zone, now) = (&member.organization.zone, member.now);
        let soon = now.plus(domain::broadcast::UNDO_MS);
        let (start, at_error) = match (state.later, state.at.trim()) {
            (false, _) => (soon, None),
            (true, "") => (default_later(member, workshop), None),
            (true, typed) => match zone.parse_local(typed) {
                Ok(at) if at < now => {
                    (at, Some("This time has passed. Choose one that is still to come.".to_owned()))
                }
                // Without the ten seconds in which it can be taken back nothing goes out.
                Ok(at) => (Millis(at.0.max(soon.0)), None),
                Err(error) => (soon, Some(error.to_string())),
            },
        };
        let usual = default_deadline(start, workshop.starts_at, now);
        let (deadline, until_error) = match state.until.trim() {
            "" => (usual, None),
            typed => match zone.parse_local(typed) {
                Ok(at) => (at, None),
                Err(error) => (usual, Some(error.to_string())),
            },
        };
        Timing { start, deadline, at_error, until_error }
    }
}

/// An hour before the workshop while that lies ahead, else in an hour.
fn default_later(member: &Member, workshop: &Workshop) -> Millis {
    let before = workshop.starts_at.plus(-HOUR);
    if before > member.now.plus(5 * MINUTE) { before } else { member.now.plus(HOUR) }
}

fn default_deadline(start: Millis, workshop_starts: Millis, now: Millis) -> Millis {
    let useful = workshop_starts.plus(AFTER_START_MS);
    if workshop_starts > now && useful > start { useful } else { start.plus(WITHOUT_START_MS) }
}

/// When it may send: promotion as the law says, a reminder outside the quiet hours when somebody wants that, both within the
/// account's own hours.
pub(super) fn hours(
    member: &Member,
    state: &Compose,
    category: Category,
    own: Option<OpenHours>,
) -> SendingHours {
    let (quiet, zone) = (member.organization.quiet_hours, &member.organization.zone);
    let hours = match category {
        Category::Utility | Category::Authentication if state.wait_out_quiet => {
            SendingHours::outside(quiet, zone, AfterHours::Wait)
        }
        _ => SendingHours::of(category, quiet, zone, state.after),
    };
    hours.within(own, zone)
}

/// When the first message goes out: at the start, or when the hours open where it waits for them.
pub(super) fn begins(hours: &SendingHours, start: Millis) -> Millis {
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
