//! Findings about the people: who gets the message, and who is excluded for which reason.

use super::{Among, CheckInput, Finding, NoRecipients};
use crate::{message::SkipReason, template::Message};

pub(super) fn check(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    let a = &what.audience;
    all.push(if a.reachable > 0 {
        Finding::SomebodyReached
    } else if a.no_consent > 0 {
        Finding::NobodyReached(NoRecipients::Agreed)
    } else if a.bad_value > 0 {
        Finding::NobodyReached(NoRecipients::Filled)
    } else if a.total > 0 {
        Finding::NobodyReached(NoRecipients::Reached)
    } else {
        Finding::NobodyReached(NoRecipients::Registered)
    });
    // Values that are wrong for some people are reported value by value, and valid numbers out of reach apart from
    // invalid ones.
    let apart = what.tally.map_or(0, |tally| tally.out_of_reach.min(a.invalid));
    let bad_value = if what.tally.is_some() { 0 } else { a.bad_value };
    for (reason, n) in [
        (SkipReason::BadValue, bad_value),
        (SkipReason::InvalidPhone, a.invalid - apart),
        (SkipReason::Landline, a.landline),
        (SkipReason::NoPhone, a.missing_phone),
        (SkipReason::Duplicate, a.duplicate),
        (SkipReason::Suppressed, a.suppressed),
        (SkipReason::NoConsent, a.no_consent),
    ] {
        // Nobody is asked for consent but for promotion, and few lists have landlines.
        if n > 0 || !matches!(reason, SkipReason::NoConsent | SkipReason::Landline) {
            all.push(Finding::Excluded { reason, n });
        }
    }
    // A call greets them without one, and nobody hears that something is missing.
    let greets = matches!(what.rules.message(), Message::Call(_));
    if what.rules.uses_name() && !greets && a.without_name > 0 {
        all.push(Finding::WithoutName { n: a.without_name });
    }
    let Some(tally) = what.tally else { return };
    let among = if tally.whole { Among::All } else { Among::First(tally.looked_at) };
    for refused in &tally.refused_by {
        all.push(Finding::ValueRefused {
            error: refused.error.clone(),
            n: refused.n,
            names: refused.names.clone(),
            listed: a.bad_value > 0,
            among,
        });
    }
    if tally.out_of_reach > 0 {
        all.push(Finding::OutOfReach { n: tally.out_of_reach, among });
    }
}
