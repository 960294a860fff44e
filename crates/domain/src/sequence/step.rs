//! A step of a sequence: what it sends, when, to whom, and as long as it is of use.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Anchor, Timing, timing::TimingError};
use crate::{
    channel::Channel,
    ids::{IntegrationId, TagId, TemplateId},
    told::Purpose,
};

/// What a step is called as long as it exists: it stays when the step is moved or changed, so that a plan knows it again.
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
    /// Until the next step of the same purpose is due, and at the latest until the end of what it is about: the workshop's start for a step
    /// before it, its end for one during it, two days for one after it.
    #[default]
    NextOfPurpose,
    /// So many minutes after it is due.
    Minutes(i64),
    /// Until a moment of its own.
    At(Anchor, Timing),
}

/// Which of a workshop's people a step is for, judged for each of them when it goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAudience {
    /// Everybody who is registered.
    Everyone,
    /// Who was not told this purpose yet, by whatever way.
    #[default]
    NotTold,
    /// Who was told this purpose on that channel, and nothing proves that it arrived.
    NotReached(Channel),
    /// Who is a member of none of the workshop's groups.
    InNoGroup,
    /// Who registered after the step before this one went out.
    RegisteredLate,
    /// Who opened their own link, or did not.
    Opened(bool),
    /// Who attended, or did not.
    Attended(bool),
    /// Who left early.
    LeftEarly,
    /// Who came by that source.
    Source(String),
    /// Whose workshop has that tag; of other workshops nobody.
    Tag(TagId),
}

/// What a person gets of a step who registers after it was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateRule {
    /// Nothing.
    Skip,
    /// It, if no newer step of the same purpose is due already and it is still of use.
    #[default]
    NewestOnly,
    /// It, as long as it is of use.
    Always,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its key.
    pub key: StepKey,
    /// A few words for people; empty for the template's name.
    pub label: String,
    /// On which channel.
    pub channel: Channel,
    /// What is sent.
    pub template: TemplateId,
    /// Through which account; `None` for the channel's default.
    pub account: Option<IntegrationId>,
    /// What it is measured from.
    pub anchor: Anchor,
    /// When it is due.
    pub timing: Timing,
    /// What it is for.
    pub purpose: String,
    /// Until when it is of use.
    pub until: Until,
    /// Who gets it.
    pub audience: StepAudience,
    /// What those get who register later.
    pub late: LateRule,
}

/// Why a step cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// Its moment.
    #[error(transparent)]
    Timing(#[from] TimingError),
    /// It would never be of use.
    #[error("A step has to be of use for at least a minute after it is due.")]
    NeverOfUse,
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
        self.timing.check(self.anchor)?;
        match self.until {
            Until::NextOfPurpose => Ok(()),
            Until::Minutes(minutes) if minutes < 1 => Err(StepError::NeverOfUse),
            Until::Minutes(minutes) => Ok(Timing::after(minutes).check(self.anchor)?),
            Until::At(anchor, timing) => Ok(timing.check(anchor)?),
        }
    }
}
