//! When a broadcast goes out, as it was typed.

use ::compose::{Timing, default_deadline, default_later};
use domain::time::Millis;
use store::workshops::Workshop;

use super::compose::Compose;
use crate::http::extract::Member;

/// When a broadcast begins and until when it is of use, as chosen, and what could not be read of it.
pub(super) struct Typed {
    pub(super) timing: Timing,
    pub(super) at_error: Option<String>,
    pub(super) until_error: Option<String>,
}

/// Reads what was typed.
pub(super) fn read(member: &Member, state: &Compose, workshop: &Workshop) -> Typed {
    let (zone, now) = (&member.organization.zone, member.now);
    let soon = now.plus(domain::broadcast::UNDO_MS);
    let (start, at_error) = match (state.later, state.at.trim()) {
        (false, _) => (soon, None),
        (true, "") => (default_later(now, workshop.starts_at), None),
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
