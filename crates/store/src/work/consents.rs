//! Who agreed to promotion: asked while planning, and again right before the call.

use std::collections::HashSet;

use domain::ids::OrganizationId;

use super::Work;
use crate::{
    db::{Batch, args},
    error::StoreError,
};

/// Which keys of a batch agreed: `$1` organisation, `$2` channel, `$3` category, `@batch` with `phone_key`. For [`Work::consenting`], and
/// within a claim's transaction. An agreement counts while it stands. The person's own later opt-out ends it for good, also when a member lifts that entry;
/// an entry that stands is the business of the suppressions.
pub(crate) const CONSENTING: &str = "SELECT DISTINCT c.phone_key FROM @batch CROSS JOIN consents c
     WHERE c.organization_id = $1 AND c.phone_key = b.phone_key AND c.withdrawn_at IS NULL AND c.channel IN ('all', $2)
       AND c.category = $3
       AND NOT EXISTS (SELECT 1 FROM suppressions_lifted l
                       WHERE l.organization_id = $1 AND l.phone_key = c.phone_key AND l.channel IN ('all', $2)
                         AND l.category IN ('all', $3) AND l.source IN ('person', 'link') AND l.lifted_by <> ''
                         AND l.created_at >= c.given_at)";

impl Work {
    /// Which of these keys agreed to that category on that channel. For promotions: whoever is missing gets
    /// [`domain::message::SkipReason::NoConsent`].
    pub async fn consenting(
        &self,
        organization: OrganizationId,
        channel: &str,
        category: &str,
        keys: Vec<String>,
    ) -> Result<HashSet<String>, StoreError> {
        let batch = Batch::new().texts("phone_key", keys);
        let found: Vec<(String,)> =
            self.db.by_index().all_batch(CONSENTING, args![organization.0, channel, category], batch).await?;
        Ok(found.into_iter().map(|(key,)| key).collect())
    }
}
