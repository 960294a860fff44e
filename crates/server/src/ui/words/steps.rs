//! Steps of a sequence and of a workshop's plan, in words.

use domain::{
    checks::CheckId,
    sequence::{Anchor, OwnWhyNot, RowState, Standing, Step, Timing, WhyNot},
};

use super::reasons::Words;
use crate::ui::format::{capital, counted};

/// The state of a step that is still to go and that something stands in the way of.
pub const WOULD_NOT_GO: &str = "Would not go";
/// Whom a step goes to whose people the report of who attended says.
pub const KNOWN_AFTERWARDS: &str = "Known after the end";

/// Where a step of a plan stands.
pub fn state(state: RowState) -> &'static str {
    match state {
        RowState::Planned => "Planned",
        RowState::Broadcast => "Went out",
        RowState::Skipped => "Skipped",
        RowState::Cancelled => "Cancelled",
        RowState::Missed => "Missed",
    }
}

/// The same, once it is seen what its broadcasts came to.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Scheduled => "Scheduled",
        Standing::Sending => "Sending",
        Standing::GoesOn => "Goes on",
        Standing::WouldNotGo => WOULD_NOT_GO,
        Standing::LateOnly => "Late ones only",
        Standing::Row(row) => state(row),
    }
}

/// How often a step went to people who registered later; `None` where it did not.
pub fn later_rounds(n: i64) -> Option<String> {
    (n > 0).then(|| counted(n, "later round", "later rounds"))
}

/// Why a step that went to people who registered later did not go to the others.
pub fn not_to_the_others(why: WhyNot, said: &str) -> String {
    format!("not to the others: {}", cause(why, said))
}

/// What keeps those who register now from a step whose moment has come.
pub fn reaches_nobody(found: WhyNot, said: &str) -> String {
    format!("reaches nobody who registers now: {}", why(found, said))
}

/// Why a step does not go: a few words, and what helps.
pub fn why_not(why: WhyNot) -> Words {
    let (title, note) = match why {
        WhyNot::Nothing => ("nothing stands in its way", ""),
        WhyNot::Own(own) => own_cause(own),
        WhyNot::Check(check) => check_failed(check),
    };
    Words { title, note }
}

/// Why a step does not go, as a clause of its own; `said` are the words of whoever refused. Empty for nothing.
pub fn why(why: WhyNot, said: &str) -> String {
    if why == WhyNot::Nothing {
        return String::new();
    }
    let words = capital(&cause(why, said));
    if said.is_empty() || why == VALUE_MISSING { words } else { format!("{words}: {said}") }
}

/// Why a step does not go, in a few words. Of values that are missing, `said` holds their names.
pub fn cause(why: WhyNot, said: &str) -> String {
    if why == VALUE_MISSING && !said.is_empty() {
        let are = if said.contains(',') { "are" } else { "is" };
        return format!("{said} {are} not entered");
    }
    why_not(why).title.to_owned()
}

/// The workshop lacks a value that the step's message names.
pub const VALUE_MISSING: WhyNot = WhyNot::Check(CheckId::Variables);

fn own_cause(own: OwnWhyNot) -> (&'static str, &'static str) {
    match own {
        OwnWhyNot::PastAtRun => (
            "it was due before the sequence was run",
            "Whoever registers from then on still gets it while it is of use.",
        ),
        OwnWhyNot::NoAccount => {
            ("no account serves its channel", "Connect one under Settings, Integrations.")
        }
        OwnWhyNot::WhichAccount => (
            "several accounts serve its channel",
            "Choose one at the step, for this workshop, or for the channel under Settings, Integrations.",
        ),
        OwnWhyNot::NoTemplate => {
            ("its template is gone or cannot be read", "Choose another one in the sequence.")
        }
        OwnWhyNot::NoGroup => ("the workshop has no group", "Choose the workshop’s groups."),
        OwnWhyNot::Post => ("its post cannot be made", "Look at the template and at the workshop’s groups."),
        OwnWhyNot::NoReport => (
            "it waits for the report of who attended",
            "Import the report on the workshop’s page, under Attendance.",
        ),
        OwnWhyNot::ByPerson => ("somebody cancelled it", ""),
        OwnWhyNot::Removed => ("the sequence has it no more", ""),
        OwnWhyNot::WorkshopCancelled => ("the workshop was cancelled", ""),
    }
}

fn check_failed(check: CheckId) -> (&'static str, &'static str) {
    match check {
        CheckId::Recipients => (
            "nobody is left to be told",
            "Whoever registers from then on still gets it while it is of use, unless its late rule says otherwise.",
        ),
        CheckId::Stopped => ("sending is stopped", "Release it, then try the step again."),
        CheckId::Account => ("the account cannot be opened", "Enter its keys again."),
        CheckId::Wallet => ("the wallet holds too little", "Top it up, then try the step again."),
        CheckId::Provider | CheckId::Values | CheckId::Media => {
            ("the provider would refuse it", "Look at the template and at its campaign.")
        }
        CheckId::Hours | CheckId::QuietHours => {
            ("it may not be sent at that hour", "Move the step, or let it wait for the hours.")
        }
        CheckId::InTime => {
            ("it would go after its last useful moment", "Move the step, or let it be of use longer.")
        }
        CheckId::JoinLink => ("the workshop’s join link is missing", "Enter it at the workshop."),
        CheckId::Variables => {
            ("the workshop lacks a value that it names", "Enter it on the workshop’s plan.")
        }
        CheckId::Workshop => ("the workshop is over or cancelled", ""),
        CheckId::Sources | CheckId::Whole | CheckId::Template | CheckId::Refused => {
            ("the template lacks a value", "Look at the template.")
        }
        CheckId::Script => ("the script of the call cannot be spoken so", "Look at the script."),
        CheckId::Excluded
        | CheckId::WithoutName
        | CheckId::OutOfReach
        | CheckId::ValueWarning
        | CheckId::Unicode
        | CheckId::Link
        | CheckId::Segments
        | CheckId::Price
        | CheckId::Times
        | CheckId::Day
        | CheckId::Gap
        | CheckId::Tier
        | CheckId::Ceiling
        | CheckId::Repeat => ("a check before sending blocks it", "Look at the template and at the account."),
    }
}

/// When a step is due: “1 day before the start”, “9:00 AM on the day of the start”.
pub fn when(step: &Step) -> String {
    let anchor = match step.anchor {
        Anchor::Start => "the start",
        Anchor::End => "the end",
        Anchor::Registration => "the registration",
    };
    match step.timing {
        Timing::Offset { days: 0, minutes: 0 } => format!("at {anchor}"),
        Timing::Offset { days, minutes } => {
            let before = days < 0 || (days == 0 && minutes < 0);
            let side = if before { "before" } else { "after" };
            let sign = if before { -1 } else { 1 };
            let parts = [length(days * sign, 1_440), length(minutes * sign, 1)];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("{} {side} {anchor}", parts.join(" "))
        }
        Timing::At { days, minute } => {
            let hour = minute / 60;
            let (half, shown) =
                (if hour < 12 { "AM" } else { "PM" }, if hour % 12 == 0 { 12 } else { hour % 12 });
            let clock = format!("{shown}:{:02} {half}", minute % 60);
            match days {
                0 => format!("{clock} on the day of {anchor}"),
                -1 => format!("{clock} on the day before {anchor}"),
                1 => format!("{clock} on the day after {anchor}"),
                days if days < 0 => format!("{clock}, {} before {anchor}", counted(-days, "day", "days")),
                days => format!("{clock}, {} after {anchor}", counted(days, "day", "days")),
            }
        }
    }
}

/// So many of a unit of `minutes` in the largest unit that divides it; `None` for nothing.
fn length(n: i64, minutes: i64) -> Option<String> {
    let all = n.saturating_mul(minutes);
    match all {
        0 => None,
        all if all % 1_440 == 0 => Some(counted(all / 1_440, "day", "days")),
        all if all % 60 == 0 => Some(counted(all / 60, "hour", "hours")),
        all => Some(counted(all, "minute", "minutes")),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        channel::Channel,
        ids::TemplateId,
        sequence::{LateRule, StepAudience, StepKey, Until},
    };

    use super::*;

    #[test]
    fn a_step_says_when_it_goes() {
        let step = |anchor, timing| Step {
            key: StepKey::stored("a".into()),
            label: String::new(),
            channel: Channel::Sms,
            template: TemplateId::NIL,
            account: None,
            anchor,
            timing,
            purpose: "reminder".into(),
            until: Until::default(),
            audience: StepAudience::default(),
            late: LateRule::default(),
            wait_out_quiet: false,
            rung: None,
        };
        for (anchor, timing, expected) in [
            (Anchor::Start, Timing::before(5), "5 minutes before the start"),
            (Anchor::Start, Timing::before(120), "2 hours before the start"),
            (Anchor::Start, Timing::Offset { days: -1, minutes: 0 }, "1 day before the start"),
            (Anchor::Start, Timing::Offset { days: -1, minutes: -90 }, "1 day 90 minutes before the start"),
            (Anchor::Start, Timing::Offset { days: 0, minutes: 0 }, "at the start"),
            (Anchor::End, Timing::after(60), "1 hour after the end"),
            (Anchor::Registration, Timing::after(1), "1 minute after the registration"),
            (Anchor::Start, Timing::At { days: 0, minute: 9 * 60 }, "9:00 AM on the day of the start"),
            (
                Anchor::Start,
                Timing::At { days: -1, minute: 12 * 60 + 5 },
                "12:05 PM on the day before the start",
            ),
            (Anchor::End, Timing::At { days: 2, minute: 0 }, "12:00 AM, 2 days after the end"),
        ] {
            assert_eq!(when(&step(anchor, timing)), expected);
        }
    }
}
