//! When it would go out, and until when it is of use.

use super::{CheckInput, Finding, Stage, day_words::wrong_word};
use crate::{
    channel::Category,
    sending_hours::{AfterHours, SendingHours},
    time::HOUR,
};

pub(super) fn check(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    if what.time_unreadable {
        all.push(Finding::TimeUnreadable);
    }
    all.push(match what.stage {
        Stage::Cancelled => Finding::WorkshopCancelled,
        Stage::Over => Finding::WorkshopOver,
        Stage::Open if what.workshop_starts < what.now => Finding::WorkshopBegun,
        Stage::Open => Finding::WorkshopAhead,
    });
    all.push(if what.begins >= what.deadline {
        Finding::StartsTooLate
    } else if what.done_at > what.deadline {
        Finding::EndsTooLate
    } else if what.done_at > what.workshop_starts && what.workshop_starts > what.now {
        Finding::EndsAfterStart
    } else {
        Finding::InTime
    });
    let promotes = what.rules.message().category() == Category::Marketing;
    let (quiet, zone) = what.quiet;
    // Promotion is kept out of them anyhow.
    let touches = !promotes
        && !what.waits_out_quiet
        && (quiet.covers(zone, what.begins) || quiet.covers(zone, what.done_at));
    all.push(if touches { Finding::InQuietHours } else { Finding::OutsideQuietHours });
    if what.begins > what.now.plus(365 * 24 * HOUR) {
        all.push(Finding::FarAhead);
    }
    hours(what, all);
    if let Some(title) = &what.under_way {
        all.push(Finding::Gap { title: title.clone() });
    }
    if let Some(word) =
        wrong_word(&what.rules.message().fixed_text(), what.begins, what.workshop_starts, what.quiet.1)
        && what.workshop_starts > what.begins
    {
        all.push(Finding::WrongDay { word, starts_at: what.workshop_starts });
    }
    if let Some(earlier) = &what.sent_before {
        let (title, by) = (earlier.title.clone(), earlier.by.clone());
        all.push(Finding::SentBefore { title, by, at: earlier.at, n: earlier.n });
    }
}

/// What the hours in which it may send mean for it.
fn hours(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    if !what.hours.are_limited() {
        return;
    }
    let (category, own) = (what.rules.message().category(), what.own_hours);
    all.push(if what.hours.never_open(what.start) {
        Finding::HoursNeverOpen { category, own }
    } else if let Some(opens) = what.hours.closed_until(what.start) {
        closed_at_start(what, category, opens)
    } else if let Some(opens) = what.hours.closed_until(what.done_at) {
        Finding::HoursEnd { then: what.hours.then(), opens }
    } else {
        Finding::WithinHours { own }
    });
}

/// It starts while it may not be sent: by the law, by the account, or by a choice to leave people alone.
fn closed_at_start(what: &CheckInput<'_>, category: Category, opens: crate::time::Millis) -> Finding {
    let (quiet, zone) = what.quiet;
    let promotes = category == Category::Marketing;
    let lawful = SendingHours::of(category, quiet, zone, AfterHours::USUAL);
    if promotes && lawful.closed_until(what.start).is_some() {
        return Finding::PromotionClosed { opens };
    }
    match what.own_hours.filter(|own| !own.covers(zone, what.start)) {
        Some(own) if !promotes && what.hours.then() == AfterHours::Wait => {
            Finding::WaitsForAccount { own, opens }
        }
        Some(own) => Finding::AccountClosed { own, opens, may_wait: !promotes },
        None => Finding::WaitsForQuietHours { opens },
    }
}
