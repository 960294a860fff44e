//! A step in the plan of one workshop as it is kept: where it stands, why it does not go, and where a new plan takes it.

use std::fmt;

use super::{Anchor, PlannedStep, StepState};
use crate::{channel::Channel, checks::CheckId};

crate::text_enum! {
    /// To whom a step of a plan goes. With workshop and step it names the row, of which there is one run.
    PlanTarget, "target of a step" {
        /// The registrants of the workshop.
        Registrants = "registrants",
        /// The WhatsApp groups of the workshop.
        Groups = "groups",
    }
}

impl PlanTarget {
    /// To whom a step on that channel goes.
    pub fn of(channel: Channel) -> PlanTarget {
        if channel == Channel::WhatsappGroup { PlanTarget::Groups } else { PlanTarget::Registrants }
    }
}

crate::text_enum! {
    /// Where a step of a plan stands.
    RowState, "state of a step" {
        /// Its moment comes, or has come and it is about to go.
        Planned = "planned",
        /// It is a broadcast, which says the rest.
        Broadcast = "broadcast",
        /// Something stood in the way at its moment.
        Skipped = "skipped",
        /// A person took it out, or what it belonged to is gone.
        Cancelled = "cancelled",
        /// Its last useful moment passed before it could go.
        Missed = "missed",
    }
}

crate::text_enum! {
    /// A cause of the plan's own why a step does not go.
    OwnWhyNot, "cause of a step that does not go" {
        /// It was due when the plan was written, and nobody said that it concerns those already there.
        PastAtRun = "past_at_run",
        /// There is no account that serves its channel.
        NoAccount = "no_account",
        /// Several accounts serve its channel, and nobody said which.
        WhichAccount = "which_account",
        /// Its template is gone or cannot be read.
        NoTemplate = "no_template",
        /// The workshop has no group, or none that takes posts.
        NoGroup = "no_group",
        /// Something stands in the way of its posts.
        Post = "post",
        /// It is for people who attended in some way, and the report that says who did is not there yet.
        NoReport = "no_report",
        /// A person cancelled the step.
        ByPerson = "by_person",
        /// The step is no longer in the sequence.
        Removed = "removed",
        /// The workshop was cancelled, so its steps do not go out.
        WorkshopCancelled = "workshop_cancelled",
    }
}

/// Where a step of a plan stands, once it is seen what its broadcasts came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was confirmed ahead of its moment, and nothing of it has gone.
    Scheduled,
    /// Some of it has still to go out.
    Sending,
    /// It follows each registration, and went to somebody already.
    GoesOn,
    /// It is still to come, and something stands in its way.
    WouldNotGo,
    /// It did not go to everybody at its moment, and went to people who registered later.
    LateOnly,
    /// What its row says.
    Row(RowState),
}

/// Why a step does not go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhyNot {
    /// Nothing stands in the way.
    #[default]
    Nothing,
    /// A check before sending blocks it.
    Check(CheckId),
    /// A cause of the plan's own.
    Own(OwnWhyNot),
}

impl WhyNot {
    /// The stored word; empty for [`WhyNot::Nothing`].
    pub fn code(self) -> &'static str {
        match self {
            WhyNot::Nothing => "",
            WhyNot::Check(check) => check.word(),
            WhyNot::Own(own) => own.word(),
        }
    }

    /// Whether a person can do something about it: that nobody is left to be told needs nobody.
    pub fn needs_somebody(self) -> bool {
        match self {
            WhyNot::Nothing | WhyNot::Check(CheckId::Recipients) => false,
            WhyNot::Check(_) => true,
            WhyNot::Own(own) => match own {
                OwnWhyNot::NoAccount
                | OwnWhyNot::WhichAccount
                | OwnWhyNot::NoTemplate
                | OwnWhyNot::NoGroup
                | OwnWhyNot::Post
                | OwnWhyNot::NoReport => true,
                OwnWhyNot::PastAtRun
                | OwnWhyNot::ByPerson
                | OwnWhyNot::Removed
                | OwnWhyNot::WorkshopCancelled => false,
            },
        }
    }
}

impl std::str::FromStr for WhyNot {
    type Err = crate::UnknownWord;
    fn from_str(code: &str) -> Result<WhyNot, crate::UnknownWord> {
        if code.is_empty() {
            return Ok(WhyNot::Nothing);
        }
        code.parse().map(WhyNot::Own).or_else(|_| code.parse().map(WhyNot::Check))
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for WhyNot {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

/// Where a new plan takes a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replanned {
    /// It stays as it is: it ran, or a person decided about it.
    Kept,
    /// It stands there now, for that reason.
    Stands(RowState, WhyNot),
}

/// Where a plan takes a step. `was` is the state of its row, `None` for a new step. With `include`, a step that is due
/// already or that follows each registration also concerns people who are registered already. No other code decides
/// this.
pub fn replan(was: Option<(RowState, WhyNot)>, to: &PlannedStep, anchor: Anchor, include: bool) -> Replanned {
    let missed = Replanned::Stands(RowState::Missed, WhyNot::Nothing);
    let planned = Replanned::Stands(RowState::Planned, WhyNot::Nothing);
    let comes = to.state == StepState::Planned || anchor == Anchor::Registration;
    match was {
        Some((RowState::Broadcast, _) | (RowState::Cancelled, WhyNot::Own(OwnWhyNot::ByPerson))) => {
            Replanned::Kept
        }
        _ if to.state == StepState::Missed => missed,
        Some((RowState::Planned | RowState::Missed, _)) => planned,
        // What stood in its way stood there at its moment: it comes again with another one.
        Some((RowState::Skipped, _)) if !comes && !include => Replanned::Kept,
        Some((RowState::Skipped, _)) => planned,
        Some((RowState::Cancelled, _)) | None if comes || include => planned,
        Some((RowState::Cancelled, _)) | None => {
            Replanned::Stands(RowState::Skipped, WhyNot::Own(OwnWhyNot::PastAtRun))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sequence::StepKey, time::Millis};

    #[test]
    fn a_cause_is_read_back_as_it_was_written() {
        let own = OwnWhyNot::ALL.iter().map(|own| WhyNot::Own(*own));
        let checks = CheckId::ALL.iter().map(|check| WhyNot::Check(*check));
        for why in own.chain(checks).chain([WhyNot::Nothing]) {
            assert_eq!(why.code().parse(), Ok(why));
        }
        assert!("moonlight".parse::<WhyNot>().is_err());
    }

    #[test]
    fn what_ran_and_what_a_person_took_out_stays_and_what_is_due_already_asks_first() {
        use OwnWhyNot::{ByPerson, PastAtRun, Removed, WorkshopCancelled};
        use RowState::{Broadcast, Cancelled, Missed, Planned, Skipped};
        let nothing = WhyNot::Nothing;
        let stands = |state, why| Replanned::Stands(state, why);
        for (was, state, include, expected) in [
            (Some((Broadcast, nothing)), StepState::Planned, false, Replanned::Kept),
            (Some((Broadcast, nothing)), StepState::Missed, false, Replanned::Kept),
            (Some((Cancelled, WhyNot::Own(ByPerson))), StepState::Planned, true, Replanned::Kept),
            (Some((Cancelled, WhyNot::Own(Removed))), StepState::Planned, false, stands(Planned, nothing)),
            (
                Some((Cancelled, WhyNot::Own(WorkshopCancelled))),
                StepState::Due,
                false,
                stands(Skipped, WhyNot::Own(PastAtRun)),
            ),
            (Some((Planned, nothing)), StepState::Due, false, stands(Planned, nothing)),
            (Some((Planned, nothing)), StepState::Missed, false, stands(Missed, nothing)),
            (Some((Missed, nothing)), StepState::Planned, false, stands(Planned, nothing)),
            (Some((Missed, nothing)), StepState::Missed, false, stands(Missed, nothing)),
            (Some((Skipped, WhyNot::Check(CheckId::Wallet))), StepState::Due, false, Replanned::Kept),
            (
                Some((Skipped, WhyNot::Check(CheckId::Wallet))),
                StepState::Planned,
                false,
                stands(Planned, nothing),
            ),
            (None, StepState::Planned, false, stands(Planned, nothing)),
            (None, StepState::Missed, true, stands(Missed, nothing)),
            (None, StepState::Due, false, stands(Skipped, WhyNot::Own(PastAtRun))),
            (None, StepState::Due, true, stands(Planned, nothing)),
        ] {
            let due = if state == StepState::Planned { Millis(2_000) } else { Millis(500) };
            let to =
                PlannedStep { key: StepKey::stored("a".into()), due: Some(due), until: Millis(9_000), state };
            assert_eq!(replan(was, &to, Anchor::Start, include), expected, "{was:?} {state:?} {include}");
        }
    }
}
