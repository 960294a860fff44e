//! Findings about posts before they are confirmed, as data.

use crate::{post::PostProblem, post_media::MediaProblem, template::ValueError, variable::VariableName};

/// Something that was found about posts before they are confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostFinding {
    /// All sending of the organisation is stopped.
    SendingStopped {
        /// The member who paused sending, by name.
        by: String,
    },
    /// No group is chosen for the post.
    NoGroup,
    /// A chosen group is gone, or the account may not write there.
    NoPlace(String),
    /// Groups of several accounts are chosen.
    SeveralAccounts,
    /// Nobody is asked to post.
    NobodyAsked,
    /// What is written cannot be posted.
    Post(PostProblem),
    /// The file cannot be posted as it is.
    Media(MediaProblem),
    /// A value of the post is missing or would be refused.
    Value(ValueError),
    /// Values of the workshop are named that nobody entered.
    VariablesMissing(Vec<VariableName>),
    /// The typed time cannot be read, or has passed.
    TimeUnreadable,
    /// The last useful moment lies before the beginning.
    EndsBeforeStart,
    /// The workshop is cancelled or over.
    WorkshopOver,
    /// It falls into the quiet hours.
    QuietHours,
    /// It may be posted after the workshop has begun.
    AfterStart,
    /// Two chosen groups have the same name.
    SameName(String),
    /// The post makes everybody's phone ring.
    MentionsAll,
    /// The account that posts is not ready: the posts wait for it.
    NotReady,
    /// Its pace lets only some of the posts out by the last useful moment.
    NotInTime {
        /// The number of posts that are expected to be out by then.
        posted: usize,
        /// The number of all posts.
        of: usize,
    },
}

impl PostFinding {
    /// Whether it keeps the posts from being confirmed.
    pub fn is_error(&self) -> bool {
        match self {
            PostFinding::SendingStopped { .. }
            | PostFinding::NoGroup
            | PostFinding::NoPlace(_)
            | PostFinding::SeveralAccounts
            | PostFinding::NobodyAsked
            | PostFinding::Post(_)
            | PostFinding::Media(_)
            | PostFinding::Value(_)
            | PostFinding::VariablesMissing(_)
            | PostFinding::TimeUnreadable
            | PostFinding::EndsBeforeStart => true,
            PostFinding::WorkshopOver
            | PostFinding::QuietHours
            | PostFinding::AfterStart
            | PostFinding::SameName(_)
            | PostFinding::MentionsAll
            | PostFinding::NotReady
            | PostFinding::NotInTime { .. } => false,
        }
    }
}
