//! The one way from an intention to a broadcast. A [`Draft`] says what goes to whom, and when. A [`Review`] holds every
//! finding, the cost and the forecast. Confirming the review makes the broadcast. The page, the command line and the
//! scheduler go this way, and nothing else confirms a broadcast.
//!
//! [`Audience`] is the walker: it reads registrations in stretches and asks [`domain::audience::decide`] about each. The planner walks with
//! it too, so that what was reviewed is what is planned.

mod account;
mod answer_cache;
mod attention;
mod caller;
mod calls;
mod confirm;
mod draft;
mod excluded;
mod offers;
mod posts;
mod preview;
mod review;
mod sequence;
mod test_message;
mod timing;
mod walk;

use std::{fmt, sync::Arc};

use domain::{ids::OrganizationId, time::SharedClock};
use providers::Http;
use store::PhoneKey;

pub use account::{AccountState, Accounts, Opened};
pub use answer_cache::{AnswerCache, Wait};
pub use attention::Attention;
pub use caller::Caller;
pub use confirm::{Confirmation, Confirmed, Refusal};
pub use draft::Draft;
pub use excluded::ExcludedPerson;
pub use offers::PeopleOffers;
pub use posts::{PostDraft, PostReview};
pub use preview::PreviewedPerson;
pub use review::{EarlierTellings, Review};
pub use sequence::{
    MissingValue, Obstacle, PlanChange, PlanDifference, RungPreview, StepEnd, StepPreview, ahead, difference,
    is_to_come, keeps_late, later_rounds, plan_cost, standing, why_not,
};
pub use test_message::{TestRecipient, TestRefusal};
pub use timing::{Timing, default_deadline, default_later, hours, proposed_after};
pub use walk::{Audience, DecidedPerson, OwnLinks};

/// Makes the links of previews and tests, as long as real ones; they stop nothing and count nothing.
pub type SampleLinks = Arc<dyn Fn(OrganizationId) -> OwnLinks + Send + Sync>;

/// Reviews and confirms drafts. Cheap to clone.
#[derive(Clone)]
pub struct Composer {
    pub(crate) http: Http,
    pub(crate) clock: SharedClock,
    pub(crate) key: PhoneKey,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sample_links: SampleLinks,
    pub(crate) lately: Arc<AnswerCache>,
    pub(crate) noticed: Arc<attention::Noticed>,
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").finish_non_exhaustive()
    }
}

impl Composer {
    /// A composer that calls providers by `http`, opens accounts with `accounts` and finds opt-outs by `key`.
    pub fn new(
        http: Http,
        clock: SharedClock,
        key: PhoneKey,
        accounts: Arc<dyn Accounts>,
        sample_links: SampleLinks,
    ) -> Composer {
        Composer { http, clock, key, accounts, sample_links, lately: Arc::default(), noticed: Arc::default() }
    }

    /// The links of previews and tests of that organisation.
    pub fn sample_links(&self, organization: OrganizationId) -> OwnLinks {
        (self.sample_links)(organization)
    }
}
