//! When a broadcast goes out, as it was typed.

use ::compose::{Timing, default_deadline, default_later};
use domain::time::{MINUTE, Millis};
use store::{templates::Template, workshops::Workshop};

use super::compose::Compose;
use crate::http::extract::Member;

/// When a broadcast begins and until when it is of use, as chosen, and what could not be read of it.
pub(super) struct Typed {
    pub(super) timing: Timing,
    pub(super) at_error: Option<String>,
    pub(super) until_error: Option<String>,
}

/// Reads what was typed.
pub(super) fn read(member: &Member, state: &Compose, workshop: &Workshop, template: &Template) -> Typed {
    let (zone, now) = (&member.organization.zone, member.now);
    let soon = now.plus(domain::broadcast::UNDO_MS);
    let (start, at_error) = match (state.later, state.at.trim()) {
        (false, _) => (soon, None),
        (true, "") => (usual_later(now, workshop, template), None),
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
    let unreadable = at_error.is_some() || until_error.is_some();
    Typed { timing: Timing { start, deadline, unreadable }, at_error, until_error }
}

/// When something goes that is to go later: as long before the start as its template usually does, where that still lies ahead.
fn usual_later(now: Millis, workshop: &Workshop, template: &Template) -> Millis {
    let usual = workshop.starts_at.plus(-template.lead_minutes.saturating_mul(MINUTE));
    if template.lead_minutes > 0 && usual > now.plus(5 * MINUTE) {
        usual
    } else {
        default_later(now, workshop.starts_at)
    }
}

/// Whether a reminder waits for the morning before anybody said so: where it would ring people in the quiet hours, and still comes in time
/// after them.
pub(super) fn waits_out_quiet(
    member: &Member,
    timing: &Timing,
    done_at: Millis,
    workshop: &Workshop,
) -> bool {
    let (quiet, zone) = (member.organization.quiet_hours, &member.organization.zone);
    let rings = [timing.start, done_at].into_iter().find(|at| quiet.covers(zone, *at));
    rings.is_some_and(|at| quiet.end(zone, at) < Millis(timing.deadline.0.min(workshop.starts_at.0)))
}
