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
mod member_receipts;
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
mod sent_ids;
mod settle;
mod standings;
mod status_polls;
mod user_ids;
mod workers;

use domain::ids::WorkerId;

use crate::db::Db;

pub(crate) use calls::digit_of;
pub use calls::{Call, CallChange, EarlierCall, OnLine};
pub use ceiling::Ceiling;
pub(crate) use ceiling::count_from_now;
pub use claim::{Claimed, TurnResult, Want};
pub(crate) use consents::{CONSENTING, SUPPRESSED};
pub(crate) use due::sending_hours;
pub use due::{DueBroadcast, Job};
pub use lines::CallLimits;
pub use links::{JoinTarget, Links, Opened};
pub use member_receipts::{MemberReacted, MemberReceipt, PostReach};
pub use open_posts::{OpenPost, asked_post};
pub use opt_out::{LinkHolder, LinkState, OptOut, OptOuts};
pub use plan::{PlannedRow, Planning, StretchSums};
pub use posts::PostLimits;
pub use proofs::{BroadcastToCount, CountMismatch};
pub use receipts::{Applied, Candidate, PendingReceipt, RawReceipt, ReceiptChange};
pub use record::{Endings, Record, SentRequest};
pub(crate) use rungs::{counted, spent, uncharged};
pub use script::SentScript;
pub use sent_ids::IDS_KEPT_MS;
pub(crate) use settle::SETTLE_ROWS;
pub use settle::Settled;
pub use standings::{GroupToRead, LinkedStanding};
pub use status_polls::{DueStatusPoll, NewStatusPoll, StatusPollTarget};
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
