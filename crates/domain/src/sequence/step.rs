//! A step of a sequence: what it sends, when, to whom, and as long as it is of use.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Anchor, Timing,
    ladder::{self, RUNGS_MAX, Rung},
    timing::TimingError,
};
use crate::{
    channel::Channel,
    ids::{IntegrationId, PlanRowId, TagId, TemplateId},
    time::Millis,
    told::{Audience, Purpose, PurposeError, StepPeople},
};

/// What a step is called as long as it exists: it stays when the step is moved or changed, so that a plan knows it
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(String);

impl StepKey {
    /// As the store holds it.
    pub fn stored(key: String) -> StepKey {
        StepKey(key)
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Until when a step is of use. A step that comes later is missed and shown, and never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// Until the next step of the same purpose is due, and no longer than this: until the workshop's start for a step
    /// before it, until its end for a step during it, for two days for a step after it.
    #[default]
    NextOfPurpose,
    /// So many minutes after it is due.
    Minutes(i64),
    /// Until a moment of its own.
    At(Anchor, Timing),
}

/// Which of a workshop's people a step is for, judged for each of them when it goes out. Nobody whom the step told
/// already gets it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAudience {
    /// Everybody who is registered, whatever was sent by hand.
    Everyone,
    /// People who were not told this purpose by hand since the step of the same purpose before this one was due; for
    /// the first step, people who were not told it by hand at all.
    #[default]
    NotTold,
    /// People of whom nothing proves that they were reached on that channel for this purpose since the step before: the
    /// next rung of a ladder.
    NotReached(Channel),
    /// People who registered after the step of the same purpose before this one was due.
    RegisteredLate,
    /// Who opened their own link, or did not.
    Opened(bool),
    /// People who are in none of the workshop's groups, as far as the members are known.
    InNoGroup,
    /// People who were there, left before the end, or were not there. The step waits for the report that says so, as
    /// long as it is of use.
    Attendance(Presence),
    /// Who came by that source.
    Source(String),
    /// People who are also registered for another workshop with that tag.
    Tag(TagId),
}

impl StepAudience {
    /// The people in the terms of a broadcast: a step whose predecessor of the same purpose was due at `before` (0
    /// where it is the first).
    pub fn people(&self, row: PlanRowId, before: Millis) -> StepPeople {
        let of = match self {
            StepAudience::Everyone | StepAudience::NotTold => Audience::Registered,
            StepAudience::NotReached(channel) => Audience::NotReached { channel: *channel, since: before },
            StepAudience::RegisteredLate => Audience::Since(before),
            StepAudience::Opened(opened) => Audience::Opened(*opened),
            StepAudience::InNoGroup => Audience::NoGroup,
            StepAudience::Attendance(Presence::Attended) => Audience::Attended,
            StepAudience::Attendance(Presence::LeftEarly) => Audience::LeftEarly,
            StepAudience::Attendance(Presence::Absent) => Audience::Absent,
            StepAudience::Source(source) => Audience::Source(source.clone()),
            StepAudience::Tag(tag) => Audience::Tagged(*tag),
        };
        let untold_since = match self {
            StepAudience::Everyone | StepAudience::NotReached(_) => Millis::MAX,
            StepAudience::NotTold
            | StepAudience::RegisteredLate
            | StepAudience::Opened(_)
            | StepAudience::InNoGroup
            | StepAudience::Attendance(_)
            | StepAudience::Source(_)
            | StepAudience::Tag(_) => before,
        };
        let (registered_after, registered_until) = (Millis(0), Millis::MAX);
        StepPeople { row, of, untold_since, registered_after, registered_until, unproven: None }
    }
}

crate::text_enum! {
    /// How somebody attended a workshop, as its report says.
    Presence, "attendance" {
        /// The person was there.
        Attended = "attended",
        /// They were there and left before the end.
        LeftEarly = "left_early",
        /// The person was not there.
        Absent = "absent",
    }
}

/// What a person gets of a step, if they register after it was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateRule {
    /// Nothing of the step.
    Skip,
    /// The step, if it is still of use and no newer step of the same purpose is due already.
    #[default]
    NewestOnly,
    /// The step, as long as it is of use.
    Always,
}

/// One step of a sequence: what is sent, on which channel, when, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The key that it keeps when it is moved or changed.
    pub key: StepKey,
    /// A few words for people; empty for the template's name.
    #[serde(default)]
    pub label: String,
    /// The channel on which the step sends.
    pub channel: Channel,
    /// The template that the step sends.
    pub template: TemplateId,
    /// The account that sends it; `None` for the workshop's, else the channel's default.
    #[serde(default)]
    pub account: Option<IntegrationId>,
    /// What the step's moment is measured from.
    pub anchor: Anchor,
    /// When the step is due.
    pub timing: Timing,
    /// The purpose of the message, as a word such as `reminder`.
    pub purpose: String,
    /// Until when the step is of use.
    #[serde(default)]
    pub until: Until,
    /// The people who get the step.
    #[serde(default)]
    pub audience: StepAudience,
    /// What people get of the step who register later.
    #[serde(default)]
    pub late: LateRule,
    /// Whether the step waits until the organisation's quiet hours are over, where it falls into them.
    #[serde(default)]
    pub wait_out_quiet: bool,
    /// The reach ladder that the step is a rung of; `None` for a step on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
}

/// Why a step cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The step's moment cannot be used.
    #[error(transparent)]
    Timing(#[from] TimingError),
    /// It would never be of use.
    #[error("A step has to be of use for at least a minute after it is due.")]
    NeverOfUse,
    /// It would be over at its own moment.
    #[error("It would be over before it is due: let it be of use until after its own moment.")]
    OverBeforeDue,
    /// It is for people of whom nobody knows yet whether they will be there.
    #[error("Who attended is known only afterwards: choose other people, or a moment after the workshop.")]
    AttendanceAhead,
    /// What it is for cannot be read.
    #[error(transparent)]
    Purpose(#[from] PurposeError),
    /// It has no key, or one that is longer than 60 characters.
    #[error("Each step needs a key of its own, at most {KEY_MAX} characters.")]
    Key,
    /// Two steps have one key.
    #[error("Two steps have the key “{0}”. Give one of them another.")]
    SameKey(StepKey),
    /// The sequence has too many steps.
    #[error("A sequence has at most {STEPS_MAX} steps.")]
    TooMany,
    /// Posts in groups cannot follow each registration.
    #[error("A post in groups follows the workshop's start or end, not each registration.")]
    GroupPerPerson,
    /// A ladder cannot follow each registration.
    #[error("A reach ladder follows the workshop's start or end, not each registration.")]
    RungPerPerson,
    /// A ladder has too many rungs.
    #[error("A reach ladder has at most {RUNGS_MAX} rungs.")]
    TooManyRungs,
    /// Rungs of one ladder say different things of it.
    #[error(
        "The rungs of the reach ladder “{0}” need one purpose, audience, end, late rule, cost and kind of moment."
    )]
    RungsDiffer(StepKey),
    /// Two rungs are due at the same moment.
    #[error("The rungs of a reach ladder come one after the other: give each a minute at least.")]
    RungsAtOnce,
    /// A ladder may cost nothing.
    #[error("Say what the reach ladder may cost, more than nothing; or leave it empty.")]
    Cap,
}

/// Longest key in characters.
const KEY_MAX: usize = 60;
/// Most steps of a sequence.
pub const STEPS_MAX: usize = 60;

/// Whether these steps make a sequence. An empty one is a sequence that is not written yet.
///
/// # Errors
/// The place of the first step that cannot be used, and why.
pub fn check_steps(steps: &[Step]) -> Result<(), (usize, StepError)> {
    if steps.len() > STEPS_MAX {
        return Err((STEPS_MAX, StepError::TooMany));
    }
    for (at, step) in steps.iter().enumerate() {
        step.check().map_err(|error| (at, error))?;
        if steps[..at].iter().any(|before| before.key == step.key) {
            return Err((at, StepError::SameKey(step.key.clone())));
        }
    }
    ladder::check(steps)
}

impl Step {
    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        Purpose::stored(self.purpose.clone())
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// When its moments lie too far away or it would never be of use.
    pub fn check(&self) -> Result<(), StepError> {
        if self.key.as_str().trim().is_empty() || self.key.as_str().chars().count() > KEY_MAX {
            return Err(StepError::Key);
        }
        Purpose::parse(&self.purpose)?;
        if self.channel == Channel::WhatsappGroup && self.anchor == Anchor::Registration {
            return Err(StepError::GroupPerPerson);
        }
        self.timing.check(self.anchor)?;
        match self.until {
            Until::NextOfPurpose => Ok(()),
            Until::Minutes(minutes) if minutes < 1 => Err(StepError::NeverOfUse),
            Until::Minutes(minutes) => Ok(Timing::after(minutes).check(self.anchor)?),
            Until::At(anchor, timing) => Ok(timing.check(anchor)?),
        }
    }

    /// Whether it can go out at all, as far as its own moments say it wherever the workshop lies. Asked of a person who writes it: sequences
    /// that were written before keep such steps, which are missed and shown.
    ///
    /// # Errors
    /// When it is over before it is due, or is for people of whom it is not known yet whether they will be there.
    pub fn check_moments(&self) -> Result<(), StepError> {
        if let Until::At(anchor, until) = self.until {
            // A start comes before its end.
            let comparable = anchor == self.anchor || (anchor, self.anchor) == (Anchor::Start, Anchor::End);
            if comparable && until.never_after(self.timing) {
                return Err(StepError::OverBeforeDue);
            }
        }
        let is_ahead = self.anchor != Anchor::Registration && self.timing.is_before();
        match self.audience {
            StepAudience::Attendance(_) if is_ahead => Err(StepError::AttendanceAhead),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::plan::tests::usual, *};

    #[test]
    fn a_sequence_with_two_steps_of_one_key_or_a_post_for_each_registration_is_refused() {
        assert_eq!(check_steps(&usual()), Ok(()));
        assert_eq!(check_steps(&[]), Ok(()));
        let mut twice = usual();
        twice[3].key = twice[1].key.clone();
        assert_eq!(check_steps(&twice), Err((3, StepError::SameKey(twice[1].key.clone()))));
        let mut post = usual();
        post[0].channel = Channel::WhatsappGroup;
        assert_eq!(check_steps(&post), Err((0, StepError::GroupPerPerson)));
        let mut nameless = usual();
        nameless[2].key = StepKey::stored(" ".to_owned());
        assert_eq!(check_steps(&nameless), Err((2, StepError::Key)));
        let mut useless = usual();
        useless[1].until = Until::Minutes(0);
        assert_eq!(check_steps(&useless), Err((1, StepError::NeverOfUse)));
    }

    #[test]
    fn a_step_that_is_over_before_it_is_due_is_refused_wherever_that_is_certain() {
        use Anchor::{End, Registration, Start};
        let clock = |days, minute| Timing::At { days, minute };
        let over = Err(StepError::OverBeforeDue);
        for (anchor, timing, until, expected) in [
            (Start, Timing::before(5), Until::At(Start, Timing::before(10)), over.clone()),
            (Start, Timing::before(5), Until::At(Start, Timing::before(5)), over.clone()),
            (Start, Timing::before(5), Until::At(Start, Timing::before(4)), Ok(())),
            (Start, Timing::before(5), Until::At(End, Timing::before(10)), Ok(())),
            (End, Timing::after(0), Until::At(Start, Timing::before(10)), over.clone()),
            (End, Timing::before(20), Until::At(Start, Timing::after(10)), Ok(())),
            (Start, clock(-1, 600), Until::At(Start, clock(-1, 600)), over.clone()),
            (Start, clock(-1, 600), Until::At(Start, clock(0, 0)), Ok(())),
            // Whether nine o'clock comes before depends on the hour of the workshop.
            (Start, Timing::before(60), Until::At(Start, clock(0, 540)), Ok(())),
            (Start, Timing::before(60), Until::At(Start, clock(-1, 540)), over.clone()),
            (Start, clock(0, 540), Until::At(Start, Timing::before(60)), Ok(())),
            (Start, clock(0, 540), Until::At(Start, Timing::before(900)), over.clone()),
            (Registration, Timing::after(5), Until::At(Start, Timing::before(10)), Ok(())),
            (Start, Timing::before(5), Until::NextOfPurpose, Ok(())),
        ] {
            let step = Step { anchor, timing, until, ..usual()[1].clone() };
            assert_eq!(step.check_moments(), expected, "{anchor:?} {timing:?} {until:?}");
        }
    }

    #[test]
    fn people_are_chosen_by_attendance_only_after_the_workshop() {
        let ahead = Err(StepError::AttendanceAhead);
        for (anchor, timing, expected) in [
            (Anchor::Start, Timing::before(60), ahead.clone()),
            (Anchor::Start, Timing::At { days: -1, minute: 1_200 }, ahead.clone()),
            (Anchor::End, Timing::before(10), ahead),
            (Anchor::Start, Timing::after(180), Ok(())),
            (Anchor::End, Timing::after(30), Ok(())),
            (Anchor::End, Timing::At { days: 1, minute: 600 }, Ok(())),
        ] {
            let audience = StepAudience::Attendance(Presence::Attended);
            let step = Step { anchor, timing, audience, until: Until::NextOfPurpose, ..usual()[1].clone() };
            assert_eq!(step.check_moments(), expected, "{anchor:?} {timing:?}");
        }
    }

    #[test]
    fn a_step_is_read_back_as_it_was_written() {
        for step in usual() {
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step, "{text}");
        }
    }
}
