//! A transaction that the database undid is run again from its begin.

use std::time::Duration;

use tracing::debug;

use crate::error::StoreError;

/// So often a transaction is run when the database undoes it each time.
const RUNS_MOST: u32 = 4;

/// Before the second run; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs a whole transaction, and again when the database undid it. `run` begins and commits the transaction, and
/// changes nothing outside of it.
pub(crate) async fn again<T, F>(run: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut runs = 1;
    loop {
        match run().await {
            Err(StoreError::Undone(error)) if runs < RUNS_MOST => {
                debug!("the database undid a transaction, which is run again: {error}");
                tokio::time::sleep(PAUSE * 2_u32.pow(runs - 1)).await;
                runs += 1;
            }
            ended => return ended,
        }
    }
}
