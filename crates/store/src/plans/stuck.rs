//! Steps to come in whose way something stands. They are tried again every minute, and at once when somebody changed what may have mended it.

use domain::time::{MINUTE, Millis, SECOND};

use crate::{
    db::{Tx, args},
    error::StoreError,
    org::Org,
};

/// A step in whose way something stands is tried again after this.
pub(super) const STUCK_MS: i64 = MINUTE;
/// A step is claimed for its trial for longer than this, and tried within it.
pub(super) const LEASE_LEAST_MS: i64 = 10 * SECOND;

/// What the actions are about, by the first word of their name, that may take something out of a step's way.
const MAY_MEND: [&str; 14] = [
    "account",
    "attendance",
    "group",
    "groups",
    "integration",
    "link",
    "organisation",
    "plan",
    "price",
    "recording",
    "sequence",
    "tag",
    "template",
    "workshop",
];

impl Org {
    /// Lets the steps in whose way something stood be tried with the next look: somebody saw that it is mended.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn try_stuck_again(&self, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        self.try_stuck_steps(&mut tx, "plan", now).await?;
        tx.commit().await
    }

    /// Lets the steps of the organisation in whose way something stands be tried with the next look, where that action may have mended it. They
    /// are all due within [`STUCK_MS`], so that the index finds them. A row that another transaction holds is being decided about at this moment,
    /// and is not waited for.
    pub(crate) async fn try_stuck_steps(
        &self,
        tx: &mut Tx,
        action: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        if !MAY_MEND.contains(&action.split('.').next().unwrap_or_default()) {
            return Ok(());
        }
        tx.run(
            "UPDATE plan_rows SET rehearse_at = $2
             WHERE id IN (SELECT id FROM plan_rows
                          WHERE state = 'planned' AND rehearse_at > $2 AND rehearse_at <= $3 AND organization_id = $1 AND obstacle <> ''
                          FOR UPDATE SKIP LOCKED)",
            args![self.id(), now, now.plus(STUCK_MS)],
        )
        .await?;
        Ok(())
    }
}
