//! Erasing people: one on request, and all of a workshop when the organisation has kept them long enough.
//!
//! What is written over: name, number, e-mail, values, and what providers said in their own words. What stays: rows and
//! their states, counts, costs, and keyed hashes of numbers, by which opt-outs go on to hold (docs/facts/india.md §5).
//! A message without its number is no planned row any more: nothing can send it again and no receipt finds it.

mod bodies;
mod former;
mod number;
mod retention;

use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
};

pub use self::{
    number::{Erased, Erasure, holds},
    retention::{KEEP_DAYS_MAX, KEEP_DAYS_MIN, Retention, RetentionDue, RetentionResult},
};

async fn blank_receipts(tx: &mut Tx, ids: Vec<Uuid>) -> Result<(), StoreError> {
    tx.run_batch(
        "UPDATE receipts SET body = '' FROM @batch WHERE receipts.id = b.id AND receipts.state <> 'pending'",
        args![],
        Batch::new().uuids("id", ids),
    )
    .await?;
    Ok(())
}
