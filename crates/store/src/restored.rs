//! What has to be done to a database that came out of a backup, before anything sends from it.

use domain::time::Millis;

use crate::{Store, db::args, error::StoreError};

impl Store {
    /// Stops every account by which an open broadcast would go on; how many. The backup does not know what was sent
    /// after it: going on by itself, the program would send that a second time. A person looks and releases them.
    pub async fn stop_accounts_in_use(&self, by: &str, now: Millis) -> Result<u64, StoreError> {
        self.db
            .run(
                "UPDATE integrations SET stopped_at = $1, stopped_by = $2
                 WHERE stopped_at IS NULL AND removed_at IS NULL AND id IN (
                     SELECT integration_id FROM broadcasts WHERE status IN ('planning', 'scheduled', 'in_progress'))",
                args![now, by],
            )
            .await
    }
}
