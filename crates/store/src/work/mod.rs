//! The engine's handle: what a process that may send does with the store. It has no actor. It has a worker, whose id
//! fences its claims.

mod calls;
mod ceiling;
mod claim;
mod consents;
mod due;
mod exclude;
mod landlines;
mod late_proof;
mod lines;
mod links;
mod look_ups;
mod members;
mod open_posts;
mod opt_out;
mod pace;
mod plan;
mod posts;
mod proofs;
mod receipts;
mod record;
mod rungs;
mod script;
mod seen;
mod sent_ids;
mod settle;
mod standings;
mod user_ids;
mod workers;

use domain::ids::WorkerId;

use crate::db::Db;

pub(crate) use calls::digit_of;
pub use calls::{Call, CallChange, OnLine};
pub use ceiling::Ceiling;
pub(crate) use ceiling::count_from_now;
pub use claim::{Claimed, Turn, Want};
pub(crate) use consents::{CONSENTING, SUPPRESSED};
pub(crate) use due::sending_hours;
pub use due::{DueBroadcast, Job};
pub use lines::CallLimits;
pub use links::{JoinTarget, Links, Opened};
pub use look_ups::{DueLookUp, LookUpTarget, NewLookUp};
pub use open_posts::{OpenPost, asked_post};
pub use opt_out::{LinkHolder, LinkState, OptOut, OptOuts};
pub use plan::{PlannedRow, Planning, StretchSums};
pub use posts::PostLimits;
pub use proofs::{Difference, Unproven};
pub use receipts::{Applied, Candidate, PendingReceipt, RawReceipt, ReceiptChange};
pub use record::{Endings, Record, SentRequest};
pub(crate) use rungs::{left, spent};
pub use script::SentScript;
pub use seen::{MemberReacted, MemberSeen, SeenBy};
pub use sent_ids::IDS_KEPT_MS;
pub(crate) use settle::SETTLE_ROWS;
pub use settle::Settled;
pub use standings::{GroupToRead, LinkedStanding};
pub use workers::WorkerBeat;

/// Store calls of one run of one process.
#[derive(Clone, Debug)]
pub struct Work {
    pub(crate) db: Db,
    pub(crate) worker: WorkerId,
}

impl Work {
    /// The run that this handle is bound to.
    pub fn worker(&self) -> WorkerId {
        self.worker
    }
}
